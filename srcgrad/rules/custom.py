"""Functions whose derivatives are given as functions, and what stands for the calls of them in generated code.

A `Custom` says how its value, its pullback and its tangent are computed, each by a call at run time. In the graph a
call of it is one operation, a call of a `Primal`. The transforms put a `ForwardSweep` in its place, which also returns
what a `ReverseSweep` needs later, or a `TangentSweep`. These take and return numbers and arrays one by one, the leaves
of trees, and hold the functions of users to what is taken for granted elsewhere: kinds and shapes that fit, and memory
that nobody else has.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcgrad.errors import ArgumentError, ShapeError, UnsupportedError
from srcgrad.rules.callers import function_that_calls
from srcgrad.tree import Structure, flatten, map_leaves


class Custom:
    """A function whose derivative somebody else knows: the base of `custom_vjp`, `custom_jvp` and `implicit`.

    Attributes:
        fun: computes its value.
        passive: the positions of arguments that have no derivative.
        is_constant_in_passive: whether that is zero; otherwise nobody may ask for it.
        writes_cotangents: whether `backward` may write to the cotangent that it is given.
        returns_new: whether what it returns is a value of its own, also where that is memory of an argument.
        fills_defaults: whether defaults of the function count as arguments that are given.
        variables: the names of its first arguments that are variables of the program it is made in.
    """

    fun: Callable[..., Any]
    passive: frozenset[int] = frozenset()
    is_constant_in_passive = False
    fills_defaults = True
    writes_cotangents = False
    returns_new = False
    variables: tuple[str, ...] = ()
    __name__: str

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.fun(*args, **kwargs)

    def is_passive(self, place: int, count: int) -> bool:
        """Whether an argument, one of so many, has no derivative."""
        return place in self.passive

    def routes(self) -> list[tuple[Callable[..., Any], bool]]:
        """The functions that may compute its value: each with whether that is the first of two things it returns."""
        return [(self.fun, False)]

    def routes_arguments(
        self, route: Callable[..., Any], args: list[Any], twins: list[Any], pack: Callable[[list], Any]
    ) -> list[Any]:
        """What one of these functions takes when the function itself takes `args`.

        Args:
            route: one of them.
            args: the arguments.
            twins: others of the same kinds.
            pack: makes a tuple.
        """
        return args

    def returns_none(self, place: int, count: int) -> bool:
        """Whether what is like the argument at a place, among so many, is None: see `outputs_like`."""
        return self.is_passive(place, count)

    def outputs_like(self, count: int) -> Sequence[int] | None:
        """For one that returns a tuple: which of so many arguments the items are like. None if that is not known."""
        return None

    def forward(self, args: tuple) -> tuple[Any, Any]:
        """The value, and what `backward` needs."""
        raise NotImplementedError

    def backward(self, residuals: Any, cotangent: Any) -> tuple:
        """A cotangent for each argument, of its structure; None for one without."""
        raise NotImplementedError

    def tangent(self, args: tuple, tangents: tuple) -> tuple[Any, Any]:
        """The value and its tangent; an argument without a derivative has None for a tangent."""
        raise NotImplementedError

    def source(self, sweep: str) -> Callable[..., Any] | None:
        """The user's function for `forward`, `backward` or `tangent`, if generated code that is read again inlines it.

        Where there is none, `adjoint` and `tangent_map` stand for the sweeps.
        """
        return None

    def backward_arguments(self, args: list[Any], residuals: Any, cotangent: Any) -> list[Any]:
        """What the user's function for the reverse sweep takes."""
        raise NotImplementedError

    def tangent_arguments(self, args: list[Any], tangents: list[Any], pack: Callable[[list], Any]) -> list[Any]:
        """What the user's function for tangents takes."""
        raise NotImplementedError

    def completed(self, cotangents: list[Any], none: Any) -> list[Any]:
        """What the user's function for the reverse sweep returns, with a place for each argument."""
        return cotangents

    def adjoint(self) -> Custom:
        """The function of the arguments, the value and its cotangent that returns the cotangents of the arguments."""
        raise UnsupportedError(
            f"a derivative of {self.__name__} of an order for which there is no rule is asked for",
            help="make it a srcgrad.custom_vjp",
        )

    def tangent_map(self) -> Custom:
        """The function of the arguments, the value and the tangents of the arguments that returns that of the value.

        As a tuple of one.
        """
        return self.adjoint()

    @property
    def names(self) -> tuple[str, str, str]:
        """What the forward sweep, the reverse sweep and the one with tangents are called in generated code."""
        return f"{self.__name__}_fwd", f"{self.__name__}_rev", f"{self.__name__}_jvp"

    def refuse(self, sweep: str) -> tuple[str, str] | None:
        """Why there is no `reverse` or no `tangent` sweep, and the way out; None if there is one."""
        return None

    def within(self, transposed: tuple[Any, ...]) -> Custom:
        """What stands for it in the transposes of rules for tangents, each of which has asked for the next."""
        return self

    def as_function(self) -> types.FunctionType:
        """A Python function that calls it, with its parameters, for those who differentiate it by itself."""
        known: types.FunctionType | None = self.__dict__.get("_function")
        if known is None:
            known = self.__dict__["_function"] = _calling(self)
        return known


@dataclass(frozen=True, slots=True)
class Form:
    """How the arguments and results of a call are handed over.

    Attributes:
        into: for each argument, its structure if its leaves are handed over as a tuple, None if it is given as it is.
        taken: the structure of the tuple of all arguments.
        out: the structure of the result; None if only the run tells, and it has to be one number or array.
        kept: the leaves of the result that are asked for: the others are known.
        is_watched: whether a result that is memory of an argument is refused, as one of the two is written.
        likes: for each leaf of the result, the leaf of the arguments that it is the cotangent of; empty if it is none.
    """

    into: tuple[Structure | None, ...]
    taken: Structure
    out: Structure | None
    kept: tuple[int, ...]
    is_watched: bool = False
    likes: tuple[int, ...] = ()

    @property
    def takes_leaves(self) -> bool:
        """Whether each argument is a leaf."""
        return len(self.taken.nodes) == len(self.into) + 1

    @property
    def is_leaf(self) -> bool:
        """Whether the result is."""
        return self.out is None or (self.out.is_leaf and len(self.kept) == 1)

    def arguments(self, given: Sequence[Any]) -> tuple:
        """The arguments, in the structures that the user's functions take."""
        if self.takes_leaves:
            return tuple(given)
        return tuple(
            [item if part is None else part.unflatten(item) for item, part in zip(given, self.into, strict=True)]
        )

    def results(self, value: Any, args: Any, name: str) -> list[Any]:
        """The leaves of a result that are asked for, in memory of their own."""
        if self.is_leaf and isinstance(value, (int, float, complex, np.ndarray, np.generic)):
            leaves = [value]
        elif self.out is not None:
            leaves = self.out.flatten(value, name, partly=True)
            for k in self.kept:
                if leaves[k] is None:
                    if not self.likes or like_of(self.leaves(args)[self.likes[k]]) is not None:
                        raise ArgumentError(f"{name} returned None for {self.out.paths('out')[k]}")
                    leaves[k] = 0.0
        else:
            raise UnsupportedError(
                f"{name} returned a {type(value).__name__}, which could not be told from its source beforehand",
                help="let it return one number or array, or a tree of these whose structure does not depend on the run",
            )
        arrays = [leaf for leaf in self.leaves(args) if isinstance(leaf, np.ndarray)]
        found = [_apart(leaves[k], arrays) for k in self.kept]
        if self.is_watched and any(leaves[k] is not item for k, item in zip(self.kept, found, strict=True)):
            raise UnsupportedError(
                f"what {name} returned is memory of its argument, and one of the two is written",
                help="let it return a copy: .copy()",
            )
        return found

    def leaves(self, args: tuple) -> Sequence[Any]:
        """The leaves of the arguments."""
        return args if self.takes_leaves else self.taken.flatten(args, partly=True)

    def whole(self, leaves: Sequence[Any]) -> Any:
        """A tree of the structure of the result with something at the leaves that are asked for, None at the others."""
        if self.is_leaf:
            return leaves[0]
        assert self.out is not None
        at = dict(zip(self.kept, leaves, strict=True))
        return self.out.unflatten([at.get(k) for k in range(self.out.leaf_count)])

    def cotangents(self, found: Any, likes: list[Like | Likes | None], wanted: Sequence[int], name: str) -> list[Any]:
        """Those of the arguments that are wanted, out of what a reverse sweep returned."""
        if not isinstance(found, (tuple, list)) or len(found) != len(self.into):
            what = f"{len(found)} things" if isinstance(found, (tuple, list)) else f"a {type(found).__name__}"
            count = len(self.into)
            raise ArgumentError(
                f"{name} returned {what}, and not a tuple of {count} cotangents, one for each argument",
                help="None stands for a cotangent of zero" + (", and (x_bar,) is a tuple of one" if count == 1 else ""),
            )
        if self.takes_leaves:
            ours = [is_ours(found, k) for k in range(len(found))]
            leaves: Sequence[Any] = found
        else:
            leaves = self.taken.flatten(tuple(found), f"what {name} returned", partly=True)
            ours = [False] * len(leaves)
        what = f"the cotangent that {name} returned"
        return [_fitted(likes[k], leaves[k], what, self.taken, k, ours[k]) for k in wanted]


def is_ours(found: Sequence[Any], k: int) -> bool:
    """Whether an item is an array that nobody else holds, and no view."""
    item = found[k]
    return type(item) is np.ndarray and item.base is None and sys.getrefcount(item) == _NOBODY_ELSE


_NOBODY_ELSE = 0


def _calibrate() -> int:
    """What `sys.getrefcount` says in `is_ours` of an array that a tuple holds, and nobody else."""
    found = (np.zeros(1),)
    counts = []

    def probe(items: Sequence[Any], k: int) -> None:
        item = items[k]
        counts.append(sys.getrefcount(item))

    probe(found, 0)
    return counts[0]


_NOBODY_ELSE = _calibrate()


class Like:
    """The class, shape and dtype of a number or array that has a derivative."""

    __slots__ = ("cls", "dtype", "shape")

    def __init__(self, cls: type, shape: tuple[int, ...], dtype: np.dtype):
        self.cls = cls
        self.shape = shape
        self.dtype = dtype

    @staticmethod
    def of(leaf: Any) -> Like | None:
        if isinstance(leaf, (np.ndarray, np.generic)):
            return Like(type(leaf), leaf.shape, leaf.dtype) if leaf.dtype.kind in "fc" else None
        return Like(type(leaf), (), np.dtype(type(leaf))) if isinstance(leaf, (float, complex)) else None

    def fitted(self, given: Any, what: str, ours: bool = False) -> Any:
        """A derivative of this class, shape and dtype; None stands for zeros.

        Args:
            given: the derivative.
            what: what it is called.
            ours: whether it may be returned as it is; else what is returned is memory of its own.

        Raises:
            ArgumentError: if it is no number or array, or complex where this is real.
            ShapeError: if it has another shape.
        """
        if (
            ours
            and type(given) is self.cls
            and (self.cls in (float, complex) or (given.shape == self.shape and given.dtype == self.dtype))
        ):
            return given
        if given is None:
            value: Any = np.zeros(self.shape, self.dtype)
        else:
            value = np.asarray(given)
            if value.dtype.kind not in ("biufc" if self.dtype.kind == "c" else "biuf"):
                kind = f"of dtype {value.dtype}" if isinstance(given, np.ndarray) else f"a {type(given).__name__}"
                raise ArgumentError(f"{what} is {kind}, and should be of dtype {self.dtype}")
            if value.shape != self.shape:
                raise ShapeError(f"{what} has shape {value.shape}, and should have shape {self.shape}")
            value = np.array(value, self.dtype)
        if self.cls is np.ndarray:
            return value
        return self.cls(value[()]) if issubclass(self.cls, (float, complex)) else value[()]


def is_surely(x: Any, classes: type | tuple[type, ...]) -> bool:
    """`isinstance`; where the compiler reads it, what is of unknown kind is an instance of none of these classes."""
    return isinstance(x, classes)


def fitting(c, x, name):
    """A contribution to the cotangent of `x`, if it broadcasts to it, or may be summed to what was broadcast.

    Args:
        c: the contribution.
        x: an argument of a function.
        name: the function, whose rule has returned the contribution.

    Raises:
        ShapeError: if it has a shape that can't be meant.

    Example:
        >>> float(fitting(1.0, np.zeros(3), "fun"))
        1.0
    """
    try:
        np.broadcast_shapes(np.shape(c), np.shape(x))
    except ValueError:
        text = f"a cotangent of shape {np.shape(c)} for an argument of shape {np.shape(x)}"
        raise ShapeError(f"the rule of {name} returned {text}") from None
    return c


def like_of(leaf: Any) -> Like | Likes | None:
    """What the derivative of a leaf is like, which may be a list of any length."""
    return Likes([Like.of(item) for item in leaf]) if type(leaf) is list else Like.of(leaf)


class Likes:
    """What the items of a list whose length depends on the run are like."""

    def __init__(self, items: list[Like | None]):
        self.items = items

    def fitted(self, given: Any, what: str, ours: bool = False) -> list[Any]:
        """A list of derivatives; None stands for zeros."""
        if given is not None and (not isinstance(given, (list, tuple, np.ndarray)) or len(given) != len(self.items)):
            raise ShapeError(f"{what} is no list of {len(self.items)} numbers or arrays")
        parts = [None] * len(self.items) if given is None else given
        return [None if like is None else like.fitted(part, what) for like, part in zip(self.items, parts, strict=True)]


def _fitted(like: Like | Likes | None, given: Any, what: str, structure: Structure, k: int, ours: bool) -> Any:
    if like is None:
        raise UnsupportedError(
            f"{what} belongs to an argument that is no number or array",
            help="call the gradient itself: this is code for arguments of any kind, and takes code for known kinds",
        )
    try:
        return like.fitted(given, what, ours)
    except (ArgumentError, ShapeError) as error:
        if structure.leaf_count == 1:
            raise
        place = structure.paths("")[k]
        raise type(error)(f"{what}, {place} of it,{error.msg.removeprefix(what)}", help=error.help) from None


def _apart(leaf: Any, arrays: list[np.ndarray]) -> Any:
    if not isinstance(leaf, np.ndarray):
        return leaf
    return leaf.copy() if any(np.may_share_memory(leaf, other) for other in arrays) else leaf


def _read_only(tree: Any) -> Any:
    """A tree with arrays that can't be written."""
    if type(tree) is np.ndarray:
        view = tree.view()
        view.flags.writeable = False
        return view
    if tree is None or isinstance(tree, (int, float, np.generic)):
        return tree
    if type(tree) is tuple:
        return tuple([_read_only(item) for item in tree])
    return map_leaves(lambda leaf: _read_only(leaf) if isinstance(leaf, np.ndarray) else leaf, tree)


class Step:
    """A call of a `Custom` in generated code.

    Attributes:
        custom: the function.
        form: how its arguments and results are handed over.
    """

    def __init__(self, custom: Custom, form: Form, name: str):
        self.custom = custom
        self.form = form
        self.__name__ = name
        self.__module__ = getattr(custom, "__module__", None) or "builtins"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.custom.__name__}>"


class Primal(Step):
    """Returns the value.

    Attributes:
        shared: which of the leaves of the result may be memory of which leaves of the arguments.
    """

    def __init__(self, custom: Custom, form: Form, shared: tuple[tuple[int, int], ...] = ()):
        super().__init__(custom, form, custom.__name__)
        self.shared = shared

    def __call__(self, *given: Any) -> Any:
        args = self.form.arguments(given)
        return _unpacked(self.form.results(self.custom.fun(*args), args, self.__name__))


class ForwardSweep(Step):
    """Returns the value, and behind it what the reverse sweep needs.

    Attributes:
        copies: whether what is kept has to be copied, as somebody may write to it before the reverse sweep runs.
    """

    def __init__(self, custom: Custom, form: Form, copies: bool):
        super().__init__(custom, form, custom.names[0])
        self.copies = copies

    def __call__(self, *given: Any) -> tuple:
        args = self.form.arguments(given)
        out, residuals = self.custom.forward(args)
        leaves = self.form.results(out, args, self.__name__)
        if self.copies:
            residuals = map_leaves(lambda leaf: leaf.copy() if isinstance(leaf, np.ndarray) else leaf, residuals)
        likes = [like_of(leaf) for leaf in self.form.leaves(args)]
        return (*leaves, (residuals, likes, [Like.of(leaf) for leaf in leaves]))


class ReverseSweep(Step):
    """Returns the cotangents of some leaves of the arguments, from what was kept and the cotangents of the results.

    Attributes:
        wanted: these leaves.
        given: the leaves of the result, among those that are asked for, that have a cotangent.
    """

    def __init__(self, custom: Custom, form: Form, wanted: tuple[int, ...], given: tuple[int, ...]):
        super().__init__(custom, form, custom.names[1])
        self.wanted = wanted
        self.given = given

    def __call__(self, kept: tuple, *bars: Any) -> Any:
        residuals, likes, out_likes = kept
        leaves: list[Any] = [None] * len(out_likes)
        for k, bar in zip(self.given, bars, strict=True):
            like = out_likes[k]
            if like is not None:
                ours = not self.custom.writes_cotangents
                leaves[k] = like.fitted(_read_only(bar) if ours else bar, self.custom.__name__, ours)
        try:
            found = self.custom.backward(_read_only(residuals), self.form.whole(leaves))
        except ValueError as error:
            if "read-only" in str(error):
                error.add_note("help: what was kept for the reverse sweep may be the caller's array: write to a copy")
            raise
        return _unpacked(self.form.cotangents(found, likes, self.wanted, self.__name__))


class TangentSweep(Step):
    """Returns the value and its tangent, from the arguments and the tangents of some of their leaves.

    Attributes:
        wanted: these leaves.
        given: the leaves of the result, among those that are asked for, of which the tangents are returned.
    """

    def __init__(self, custom: Custom, form: Form, wanted: tuple[int, ...], given: tuple[int, ...]):
        super().__init__(custom, form, custom.names[2])
        self.wanted = wanted
        self.given = given

    def __call__(self, *values: Any) -> tuple:
        form, count = self.form, len(self.form.into)
        args = form.arguments(values[:count])
        dots = dict(zip(self.wanted, values[count:], strict=True))
        likes = [like_of(leaf) for leaf in form.leaves(args)]
        # The function may write to tangents, and return them.
        tangents = [
            None if like is None else like.fitted(dots.get(k), f"the tangent of {self.custom.__name__}")
            for k, like in enumerate(likes)
        ]
        out, out_dot = self.custom.tangent(args, form.taken.unflatten(tangents))
        leaves = form.results(out, args, self.__name__)
        what = f"the tangent that {self.__name__} returned"
        structure = form.out or flatten(leaves[0])[1]
        found = structure.flatten(out_dot, what, partly=True)
        return (*leaves, *[self._tangent(leaves[k], found, what, structure, k) for k in self.given])

    def _tangent(self, leaf: Any, found: list[Any], what: str, structure: Structure, k: int) -> Any:
        like = Like.of(leaf)
        place = self.form.kept[k] if self.form.out is not None else 0
        return 0.0 if like is None else _fitted(like, found[place], what, structure, place, False)


def _calling(custom: Custom) -> types.FunctionType:
    """A function with source that calls a custom function."""
    try:
        parameters = list(inspect.signature(custom.fun).parameters.values())
    except (TypeError, ValueError):
        parameters = [inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)]
    doc = custom.__doc__ if custom.__doc__ is not type(custom).__doc__ else None
    return function_that_calls(custom, parameters, custom.__name__, doc, getattr(custom, "__module__", None))


def _unpacked(leaves: list[Any]) -> Any:
    return leaves[0] if len(leaves) == 1 else tuple(leaves)


TRANSPOSED = "__srcgrad_transposed__"
"""The attribute of a function that computes a tangent to be transposed: whose tangent that is."""


@dataclass(frozen=True, slots=True)
class Transposed:
    """A tangent that is linear in one parameter of the function that computes it, and is transposed.

    Attributes:
        parameter: the name of that parameter.
        functions: the function that it is the tangent of, last; before it those whose rules have asked for this.
    """

    parameter: str
    functions: tuple[Any, ...]


_transposing: list[Callable[[Any, str, tuple[str, ...], int, tuple[Any, ...]], Custom]] = []


def transposed_by(make: Callable[[Any, str, tuple[str, ...], int, tuple[Any, ...]], Custom]) -> None:
    """Declares what makes the transpose of a rule for tangents: it takes what `transpose_of` does."""
    _transposing[:] = [make]


@functools.lru_cache(maxsize=256)
def transpose_of(rule: Any, name: str, names: tuple[str, ...], keywords: int, functions: tuple[Any, ...]) -> Custom:
    """The function of the arguments, the value and its cotangent that returns the cotangents of the arguments.

    Args:
        rule: a rule for tangents.
        name: what the function is called.
        names: what the rule calls the arguments that are given; others have their defaults.
        keywords: how many of these, the last ones, are given by name.
        functions: whose rule that is, last: see `Transposed`.
    """
    return _transposing[0](rule, name, names, keywords, functions)
