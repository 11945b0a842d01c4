"""Patterns of Jacobians: which outputs depend on which inputs, found by a run on index sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.backend.building import Variant
from srcgrad.backend.dispatch import Dispatcher
from srcgrad.errors import SrcgradError
from srcgrad.ir.nodes import Call, walk
from srcgrad.products import leaf_at, places_of, pushing, shown
from srcgrad.rules.index_sets import recording
from srcgrad.rules.registry import hashable
from srcgrad.runtime import copy_with_layout
from srcgrad.sparse.closure import pattern_of
from srcgrad.sparse.leaves import Vector, as_vector, positions, require_scipy
from srcgrad.transform.dependence import contents_that_matter
from srcgrad.tree import flatten


class JacobianPattern:
    """Finds the pattern of a Jacobian. Made by `jacobian_pattern`.

    Attributes:
        fun: the function whose Jacobian it is.
        argnums: with respect to which arguments.
    """

    def __init__(self, fun: Callable[..., Any], argnums: int | tuple[int, ...]):
        self.fun = fun
        self.argnums = argnums
        self._last: tuple[Any, Any, Any] | None = None
        self._matter: tuple[Any, Any] = (None, None)

    def __call__(self, *args: Any) -> Any:
        """The pattern for these arguments: a `scipy.sparse.csr_array` of booleans.

        It has a row for each element of the output and a column for each element of the arguments that are meant. It
        is found again where something that it was computed from has changed; that is neither the case of numbers that
        only arithmetic is done with, nor of shapes that are the same.
        """
        return self.kept(args).copy()

    def kept(self, args: tuple) -> Any:
        """The pattern for these arguments, which is kept for the next call: not to be written."""
        require_scipy()
        dispatcher, wanted = self._dispatcher(args)
        variant, values = dispatcher.find(args, {})
        if self._matter[0] is not variant:
            self._matter = variant, _what_matters(variant)
        facts = _facts(variant, values, self._matter[1])
        known = self._last
        if known is not None and facts is not None and known[0] is variant and _same(known[1], facts):
            return known[2]
        pattern = self._find(args, wanted, dispatcher, variant, values)
        self._last = (variant, facts, pattern)
        return pattern

    def _dispatcher(self, args: tuple) -> tuple[Dispatcher, list[int]]:
        wanted = positions(self.argnums, len(args), getattr(self.fun, "__name__", "the function"))
        return pushing(self.fun, [k in wanted for k in range(len(args))], False, "deps"), wanted

    def _find(self, args: tuple, wanted: list[int], dispatcher: Dispatcher, variant: Variant, values: list) -> Any:
        vector = Vector([args[k] for k in wanted], f"an argument of {dispatcher.target.name}")
        trees = vector.trees(np.arange(1, vector.size + 1), _sets_like)
        names = [shown(place) for place in places_of(dispatcher.target, len(args))]
        sets = {names[k]: tree for k, tree in zip(wanted, trees, strict=True)}
        with recording(vector.size) as unions:
            out = variant.entry(*values, *[leaf_at(sets[name], path) for name, path in variant.tangents])
        return pattern_of(unions, as_vector(out, np.int64))

    def source_for(self, *args: Any) -> str:
        """The code that finds the pattern for arguments of these kinds."""
        return self._dispatcher(args)[0].find(args, {})[0].emitted.source

    def __repr__(self) -> str:
        return f"<pattern of the Jacobian of {getattr(self.fun, '__name__', self.fun)}>"


def jacobian_pattern(fun: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> JacobianPattern:
    """A function that finds which elements of the output of `fun` depend on which elements of its arguments.

    The program runs once, on index sets in place of numbers: generated code beside which stands what `.source_for`
    shows. What it finds holds for the branches, loops and indices of this run. An element that happens to be zero
    belongs to the pattern, and so may one that is always zero; none that is not zero is missing.

    Args:
        fun: as for `sparse_jacobian`.
        argnums: as there; for a tuple the columns of all arguments stand side by side.

    Example:
        >>> import numpy as np
        >>> from srcgrad import jacobian_pattern
        >>> jacobian_pattern(lambda x: x[1:] * x[:-1])(np.ones(4)).toarray().astype(int)
        array([[1, 1, 0, 0],
               [0, 1, 1, 0],
               [0, 0, 1, 1]])
    """
    return JacobianPattern(fun, argnums)


def _sets_like(leaf: Any, part: np.ndarray) -> Any:
    """The sets of a leaf; of an array with its layout, so that what is a view of the one is a view of the other."""
    if not isinstance(leaf, np.ndarray):
        return int(part)
    sets = copy_with_layout(leaf, np.int64)
    sets[...] = part
    return sets


_PURE_MODULES = ("numpy", "_operator", "math", "srcgrad", "builtins", "cmath")


def _what_matters(variant: Variant) -> list[bool] | None:
    """For each parameter, whether its contents have an influence on the pattern; None if that is not known."""
    functions = variant.functions
    calls = [op for function in functions for op in walk(function.body) if isinstance(op, Call)]
    if not all(_is_pure(op.fn) for op in calls) or any(function.captured for function in functions[:-1]):
        return None
    params = functions[-1].params
    matter = contents_that_matter(functions, params)
    return [param in matter for param in params]


def _facts(variant: Variant, values: list, matter: list[bool] | None) -> list[Any] | None:
    """What the pattern is computed from: kinds and shapes, and the contents that have an influence. None if unknown."""
    if matter is None:
        return None
    facts = [_fact(content, whole) for content, whole in zip(values, matter, strict=False)]
    facts += [_fact(value.read(), True) for value, _ in variant.captured]
    return None if any(fact is None for fact in facts) else facts


def _is_pure(fn: Any) -> bool:
    owner = getattr(fn, "__objclass__", None) or fn
    return hashable(fn) and (getattr(owner, "__module__", None) or "numpy").split(".")[0] in _PURE_MODULES


def _fact(content: Any, whole: bool) -> Any:
    try:
        leaves, structure = flatten(content)
    except SrcgradError:
        return None
    found: list[tuple] = []
    for leaf in leaves:
        if isinstance(leaf, np.ndarray):
            kept = leaf.copy() if whole else None
            found.append((leaf.shape, leaf.strides, leaf.dtype, kept))
        elif isinstance(leaf, (float, complex, np.inexact)):
            # Bit by bit: a branch may tell 0.0 from -0.0.
            found.append((type(leaf), np.asarray(leaf).tobytes() if whole else None))
        elif isinstance(leaf, (bool, int, np.generic, str, type(None))):
            found.append((type(leaf), leaf))
        elif hashable(leaf) and (isinstance(leaf, type) or callable(leaf)):
            found.append((leaf,))
        else:
            return None
    return structure, found


def _same(a: Any, b: Any) -> bool:
    """Whether facts are the same, numbers bit by bit."""
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, (tuple, list)):
        return type(a) is type(b) and len(a) == len(b) and all(_same(p, q) for p, q in zip(a, b, strict=True))
    return type(a) is type(b) and bool(a == b)
