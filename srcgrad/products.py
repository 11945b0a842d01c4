"""Products with the Jacobian: `vjp` from the left, `jvp` and `linearize` from the right."""

from __future__ import annotations

import functools
import inspect
from collections import OrderedDict
from collections.abc import Callable, Sequence
from types import FunctionType, MethodType
from typing import Any, cast

import numpy as np

from srcgrad.backend.arguments import item_of
from srcgrad.backend.building import Options, Variant
from srcgrad.backend.compile import load
from srcgrad.backend.dispatch import Dispatcher
from srcgrad.backend.numba_target import check_installed
from srcgrad.backend.targets import Target, resolve
from srcgrad.backend.twins import dispatcher_of
from srcgrad.errors import ArgumentError, ShapeError, UnsupportedError
from srcgrad.frozen import Twins
from srcgrad.ir.nodes import Call, Value, walk
from srcgrad.ir.types import Array, Opaque
from srcgrad.jacobian_rows import Rows
from srcgrad.runtime import copy_with_layout, outside_item
from srcgrad.tree import Structure, flatten, map_leaves


class Pullback:
    """Takes a cotangent of an output back to cotangents of the primals, any number of times. Made by `vjp`."""

    def __init__(self, variant: Variant, kept: tuple, out: Any, places: list[tuple[str, int | None]], name: str):
        leaves, self._structure = flatten(out)
        self._like = [_like(leaf) for leaf in leaves]
        self._variant = variant
        self._kept = kept
        self._places = places
        self._name = name
        self._check_number_of_floats()

    def _check_number_of_floats(self) -> None:
        """Refuses a result of more parts, or fewer, than the compiled code takes cotangents of."""
        code = getattr(getattr(self._variant.reverse, "py_func", self._variant.reverse), "__code__", None)
        floats = sum(like is not None for like in self._like)
        if code is None or code.co_flags & inspect.CO_VARARGS or code.co_argcount == len(self._kept) + floats:
            return
        raise UnsupportedError(
            f"how many arrays {self._name} returns depends on the run",
            None,
            "give the number of parts, or the axes, as constants, or stack the parts: np.stack(...)",
        )

    def __call__(self, cotangent: Any) -> tuple[Any, ...]:
        """The cotangents of the primals: one for each, None for one that carries no derivative.

        Args:
            cotangent: of the structure of the output; None, for all of it or for a leaf, means zero.

        Raises:
            ArgumentError: if it has another structure.
            ShapeError: if a leaf has another shape.
        """
        bars = self._cotangents(cotangent)
        if self._variant.reverse is None:
            return (None,) * len(self._places)
        # A cotangent that passes through unchanged would be the caller's own array.
        gradients = apart(self._variant.reverse(*self._kept, *bars), bars)
        found = dict(zip(self._variant.names, gradients, strict=True))
        return tuple([_part(found.get(name), place) for name, place in self._places])

    def _cotangents(self, cotangent: Any) -> list[Any]:
        if cotangent is None:
            given: list[Any] = [None] * len(self._like)
        else:
            given = self._structure.flatten(cotangent, "cotangent")
        bars = []
        for k, (like, leaf) in enumerate(zip(self._like, given, strict=True)):
            if like is not None:
                path = functools.partial(_path, self._structure, k, "cotangent")
                bars.append(like.fitted(leaf, path, f"{self._name} returned"))
        return bars

    @property
    def source(self) -> str:
        """The generated code of both sweeps."""
        return self._variant.emitted.source

    def __repr__(self) -> str:
        return f"<pullback of {self._name}>"


class _Like:
    """What the cotangent of a leaf of the output, or the tangent of a leaf of a primal, must be like."""

    def __init__(self, leaf: Any):
        self.cls = type(leaf)
        self.shape: tuple[int, ...] = np.shape(leaf)
        self.dtype = leaf.dtype if isinstance(leaf, (np.ndarray, np.generic)) else np.dtype(type(leaf))
        self.units: tuple[complex, ...] = (1.0, 1j) if self.dtype.kind == "c" else (1.0,)

    def fitted(self, given: Any, path: Callable[[], str], whose: str) -> Any:
        """A cotangent or tangent in the form that the generated code takes: the class, shape and dtype of its leaf."""
        kinds = "biufc" if self.dtype.kind == "c" else "biuf"
        numbers = (int, float, complex, np.ndarray, np.generic)
        if given is None:
            value: Any = np.zeros(self.shape, self.dtype)
        elif not isinstance(given, numbers) or np.asarray(given).dtype.kind not in kinds:
            raise ArgumentError(f"{path()} is of type {type(given).__name__}, but {whose} a {self.cls.__name__} there")
        else:
            value = np.asarray(given, self.dtype)
        if value.shape != self.shape:
            raise ShapeError(f"{path()} has shape {value.shape}, but {whose} shape {self.shape} there")
        if self.cls in (float, complex):
            return self.cls(value)
        return value if self.cls is np.ndarray else value[()]


def _like(leaf: Any) -> _Like | None:
    if isinstance(leaf, (np.ndarray, np.generic)):
        return _Like(leaf) if leaf.dtype.kind in "fc" else None
    return _Like(leaf) if isinstance(leaf, (float, complex)) else None


def _path(structure: Structure, k: int, name: str) -> str:
    return structure.paths(name)[k]


def _part(cotangent: Any, place: int | None) -> Any:
    return cotangent if place is None or cotangent is None else cotangent[place]


_dispatchers: OrderedDict[Any, tuple[Any, Dispatcher]] = OrderedDict()
_DISPATCHERS = 128
"""For so many functions the compiled code is found again."""


def _dispatcher_for(
    fun: Callable[..., Any], mode: str, wanted: tuple[str, ...] | None, has_aux: bool, jit: bool
) -> Dispatcher:
    parts = (fun.__func__, fun.__self__) if type(fun) is MethodType else (fun,)
    key = (mode, wanted, has_aux, jit, *map(id, parts))
    known = _dispatchers.get(key)
    if known is None:
        if jit:
            check_installed()
        dispatcher = dispatcher_of(fun, resolve(fun, mode), Options(mode, wanted, True, has_aux, jit=jit))
        # The parts are kept, so that no other object gets their ids.
        known = _dispatchers[key] = (parts, dispatcher)
        while len(_dispatchers) > _DISPATCHERS:
            _dispatchers.popitem(last=False)
    return known[1]


def vjp(fun: Callable[..., Any], *primals: Any, has_aux: bool = False, jit: bool = False) -> Any:
    """The value of a function and its pullback, which multiplies a cotangent with the Jacobian from the left.

    Args:
        fun: the function; it may return numbers, arrays and trees of them.
        primals: its arguments.
        has_aux: whether it returns a pair `(out, aux)`.
        jit: whether Numba compiles the code.

    Returns:
        `(out, pull)`; with aux `(out, pull, aux)`. `pull(cotangent)` returns one cotangent for each primal, None for a
        primal that carries no derivative. It changes neither `out` nor what it remembers, and does not see later writes
        to `out` or to the primals.

    Example:
        >>> import numpy as np
        >>> from srcgrad import vjp
        >>> out, pull = vjp(lambda x: x * x, np.array([1.0, 2.0]))
        >>> out
        array([1., 4.])
        >>> pull(np.array([1.0, 10.0]))
        (array([ 2., 40.]),)
    """
    result, pull = vjp_of(fun, primals, None, has_aux, bool(jit))
    return (result[0], pull, result[1]) if has_aux else (result, pull)


def vjp_of(
    fun: Callable[..., Any], primals: tuple, wanted: tuple[str, ...] | None, has_aux: bool = False, jit: bool = False
) -> tuple[Any, Pullback]:
    """As `vjp`, with cotangents of these parameters alone; with aux, that comes in a pair with the value."""
    dispatcher = _dispatcher_for(fun, "vjp", wanted, has_aux, jit)
    with dispatcher.held() as own:
        variant, values = own.find(primals, {})
        _check_aliases(variant, values)
        # The pullback remembers copies: the user may write to the primals later.
        twins = Twins()
        values = [twins.of(v) for v in values]
        result = variant.entry(*values)
        outside = [value.read() for value, _ in variant.captured]
    split = len(result) - variant.kept
    kept = tuple([apart(item, outside) if isinstance(item, np.ndarray) else item for item in result[split:]])
    results = map_leaves(lambda leaf: apart(leaf, (kept, primals, outside)), result[:split])
    target = dispatcher.target
    places = places_of(target, len(primals))
    pull = Pullback(variant, kept, results[0], places, target.name)
    return (tuple(results) if has_aux else results[0]), pull


def _check_aliases(variant: Variant, values: Sequence[Any]) -> None:
    """Refuses primals that share memory or containers where the code does, which is going to see copies of them."""
    if not variant.alias_checks:
        return
    known = {v.hint or "": source.read() for source, v in variant.captured}
    known.update(zip(variant.params, values, strict=False))
    for op in variant.alias_checks:
        places, holders = op.args
        given = {name: known[v.hint] for name, v in holders.items() if v.hint in known}
        op.fn({name: place.value for name, place in places.items()}, given)


def places_of(target: Target, count: int) -> list[tuple[str, int | None]]:
    """The parameters that positional arguments belong to, with the place in `*args` where they go there."""
    names, star = target.positional, target.var_positional or ""
    first = target.bound_in_star - len(names)
    return [(names[k], None) if k < len(names) else (star, first + k) for k in range(count)]


def jvp(fun: Callable[..., Any], primals: Any, tangents: Any, *, has_aux: bool = False, jit: bool = False) -> Any:
    """The value of a function and its tangent, which multiplies the Jacobian with tangents of the primals.

    Both are computed in one forward sweep (Griewank and Walther, Evaluating Derivatives, section 3.1), in memory a
    small constant times that of the function. As for `grad`, a Python integer with a tangent is taken as a float.

    Args:
        fun: the function; it may return numbers, arrays and trees of them.
        primals: a tuple of its arguments.
        tangents: a tuple with a tangent for each, of its structure and shapes; None, for an argument or for a leaf of
            one, means zero, and is what a leaf without a derivative has.
        has_aux: whether it returns a pair `(out, aux)`.
        jit: whether Numba compiles the code.

    Returns:
        `(out, out_dot)`; with aux `(out, out_dot, aux)`. `out_dot` has the structure, shapes and dtypes of `out`, with
        None for what carries no derivative. Neither shares memory with the arguments.

    Raises:
        ArgumentError: if primals and tangents do not match.
        ShapeError: if a tangent has another shape than its primal.

    Example:
        >>> import numpy as np
        >>> from srcgrad import jvp
        >>> jvp(lambda x: x * x, (np.array([1.0, 2.0]),), (np.array([1.0, 0.5]),))
        (array([1., 4.]), array([2., 2.]))
    """
    for given, what in ((primals, "primals"), (tangents, "tangents")):
        if not isinstance(given, (tuple, list)):
            raise ArgumentError(
                f"{what} of jvp must be a tuple, not {type(given).__name__}", help=f"one item per argument: ({what},)"
            )
    if len(primals) != len(tangents):
        raise ArgumentError(f"jvp got {len(primals)} primals and {len(tangents)} tangents", help="None means zero")
    wanted = [tangent is not None for tangent in tangents]
    return _push(pushing(fun, wanted, has_aux, jit=bool(jit)), tuple(primals), tangents)[0]


def pushing(
    fun: Callable[..., Any], wanted: list[bool], has_aux: bool, mode: str = "jvp", jit: bool = False
) -> Dispatcher:
    """What compiles the forward sweep with tangents of these arguments, or with the sets of what they depend on."""
    places = places_of(resolve(fun, mode), len(wanted))
    names = [shown(place) for place, is_wanted in zip(places, wanted, strict=True) if is_wanted]
    return _dispatcher_for(fun, mode, tuple(names), has_aux, jit)


def _push(dispatcher: Dispatcher, primals: tuple, tangents: Any) -> tuple[Any, Variant]:
    """What the forward sweep returns, and the code that did it."""
    places = map(shown, places_of(dispatcher.target, len(primals)))
    wanted = dispatcher.options.wanted or ()
    dots = {name: tangent for name, tangent in zip(places, tangents, strict=True) if name in wanted}
    return run_with_tangents(dispatcher, primals, {}, dots)


def run_with_tangents(
    dispatcher: Dispatcher, args: tuple, kwargs: dict[str, Any], tangents: dict[str, Any]
) -> tuple[Any, Variant]:
    """What generated code that takes tangents returns, and that code.

    Args:
        dispatcher: what compiles it.
        args, kwargs: the arguments of the function.
        tangents: for each parameter that has one its tangent, of the structure and the shapes of its argument.

    Raises:
        ArgumentError: if a tangent does not match its argument.
        ShapeError: if a leaf of it has another shape.
    """
    of = dispatcher.target.name
    with dispatcher.held() as own:
        variant, values = own.find(args, kwargs)
        bound = dict(zip(variant.params, values, strict=True))
        dots = {name: aligned(tangent, item_of(bound, name), name, of) for name, tangent in tangents.items()}
        given = [leaf_at(dots[name], path) for name, path in variant.tangents]
        result = variant.entry(*values, *given)
        outside = [value.read() for value, _ in variant.captured]
    return map_leaves(lambda leaf: apart(leaf, (outside, given)), result), variant


def shown(place: tuple[str, int | None]) -> str:
    name, k = place
    return name if k is None else f"{name}[{k}]"


def aligned(tangent: Any, primal: Any, name: str, of: str) -> Any:
    """A tangent in the classes, shapes and dtypes of its primal, laid out in memory as that is; zeros for None."""
    leaves, structure = flatten(float(primal) if type(primal) is int else primal)
    given = [None] * len(leaves) if tangent is None else structure.flatten(tangent, "tangent")
    found: list[Any] = []
    for k, (leaf, dot) in enumerate(zip(leaves, given, strict=True)):
        like = _like(leaf)
        if like is None:
            found.append(None)
            continue
        fitted = like.fitted(dot, functools.partial(_path, structure, k, "tangent"), f"{name} of {of} is")
        if isinstance(leaf, np.ndarray) and fitted.strides != leaf.strides:
            laid_out = copy_with_layout(leaf)
            laid_out[...] = fitted
            fitted = laid_out
        found.append(fitted)
    return structure.unflatten(found)


def leaf_at(tree: Any, path: tuple) -> Any:
    """A part of a tree; the numbers in a list as a list of numbers."""
    for step in path:
        tree = getattr(tree, step[1:]) if isinstance(step, str) and step.startswith(".") else tree[step]
    return tree


class Pushforward:
    """Takes tangents of the primals forward to the tangent of the output, any number of times. Made by `linearize`.

    Args:
        dispatcher: what compiles the code.
        primals: the arguments.
        with_value: whether the value is wanted.
        pulled: gives the value and its pullback; asked where a tangent takes a run that would do something else than
            the first one did, or would do it twice.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        primals: tuple,
        with_value: bool = True,
        pulled: Callable[[], tuple[Any, Pullback]] | None = None,
    ):
        target = dispatcher.target
        self._name = target.name
        self._primals = primals
        self._places = [shown(place) for place in places_of(target, len(primals))]
        with dispatcher.held() as own:
            self._variant, values = own.find(primals, {})
            _check_aliases(self._variant, values)
            twins = Twins()
            # What is outside of the function may change later, as the primals may.
            self._outside = {v.hint or "": _frozen(source.read(), v, twins) for source, v in self._variant.captured}
        self._values = [twins.of(value) for value in values]
        self._entry: Callable[..., Any] = self._variant.entry
        self._push = self._variant.reverse
        if self._outside and dispatcher.options.jit:
            # What is compiled gets what is outside from the entry, which is plain Python then.
            entry = cast(FunctionType, self._entry)
            self._entry = FunctionType(entry.__code__, {**entry.__globals__, **self._outside}, entry.__name__)
        elif self._outside:
            loaded = load(self._variant.emitted, "srcgrad", f"srcgrad {self._entry.__name__}", self._outside)
            self._entry = loaded[self._entry.__name__]
            self._push = None if self._push is None else loaded[self._push.__name__]
        self._kept: tuple = ()
        self._rows: Rows | None = None
        self.out: Any = None
        if self._push is not None:
            self.out = self._run_once()
        elif pulled is not None and not self._variant.is_repeatable:
            self.out, pull = pulled()
            self._rows = Rows(self.out, _like, pull)
        elif with_value:
            self.out = self._pushed((None,) * len(primals))[0]

    def __call__(self, *tangents: Any) -> Any:
        """The tangent of the output.

        Args:
            tangents: one for each primal, of its structure and shapes; None means zero.

        Raises:
            ArgumentError: if they do not match the primals.
            ShapeError: if one has another shape than its primal.
        """
        if len(tangents) != len(self._primals):
            raise ArgumentError(f"{self!r} takes {len(self._primals)} tangents, not {len(tangents)}")
        return self._pushed(tangents)[1]

    def _run_once(self) -> Any:
        """The value; notes what the tangents need."""
        result = self._entry(*self._values)
        self._kept = result[len(result) - self._variant.kept :]
        self._write_outside()
        return map_leaves(lambda leaf: apart(leaf, (self._kept, self._values, self._outside)), result[0])

    def _write_outside(self) -> None:
        """Gives arrays outside what the program wrote to the copies of them."""
        calls = [op for f in self._variant.functions for op in walk(f.body) if isinstance(op, Call)]
        written = {op.args[0] for op in calls if op.fn is outside_item}
        for source, value in self._variant.captured:
            if value in written and isinstance(value.type, Array):
                outside_item(source.read(), ..., self._outside[value.hint or ""])

    def _pushed(self, tangents: tuple) -> tuple[Any, ...]:
        """What `jvp` returns."""
        bound = dict(zip(self._variant.params, self._values, strict=True))
        given = dict(zip(self._places, tangents, strict=True))
        dots = {name: aligned(given[name], item_of(bound, name), name, self._name) for name in self._variant.names}
        if self._rows is not None:
            return self.out, self._rows.times([dots.get(name) for name in self._places])
        leaves = [leaf_at(dots[name], path) for name, path in self._variant.tangents]
        if self._push is not None:
            dot = self._push(*self._kept, *leaves)
            return self.out, map_leaves(lambda leaf: apart(leaf, (self._kept, leaves)), dot)
        kept = (self._outside, leaves)
        return tuple([map_leaves(lambda leaf: apart(leaf, kept), part) for part in self._entry(*self._values, *leaves)])

    @property
    def source(self) -> str:
        """The generated code of the forward sweep."""
        return self._variant.emitted.source

    def __repr__(self) -> str:
        return f"<pushforward of {self._name}>"


def _frozen(outside: Any, value: Value, twins: Twins) -> Any:
    """What a name outside stands for now; what generated code changes is itself."""
    return outside if isinstance(value.type, Opaque) else twins.of(outside)


def linearize(fun: Callable[..., Any], *primals: Any, jit: bool = False) -> tuple[Any, Pushforward]:
    """The value of a function, and its derivative there as a linear function of the tangents.

    Args:
        fun: the function; it may return numbers, arrays and trees of them.
        primals: its arguments.
        jit: whether Numba compiles the code.

    Returns:
        `(out, push)`; `push(*tangents)` is what `jvp` returns as `out_dot`. What does not depend on the tangents is
        computed once, and kept; loops, branches and writes that can't be taken apart run again each time. Where they
        draw random numbers, or change what is outside, they run once, and the first call of `push` computes the
        Jacobian by a reverse sweep for each element of the value. `push` does not see later writes to the primals, nor
        what the names that the function uses stand for later. `push.source` is the generated code of a forward sweep.

    Example:
        >>> from srcgrad import linearize
        >>> out, push = linearize(lambda x: x**3, 2.0)
        >>> out, push(1.0), push(0.5)
        (8.0, 12.0, 6.0)
    """
    wanted = [any(_like(leaf) is not None for leaf in flatten(v)[0]) for v in primals]
    dispatcher = pushing(fun, wanted, False, "jvp" if jit else "linearize", jit=bool(jit))
    push = Pushforward(dispatcher, primals, pulled=lambda: vjp_of(fun, primals, None, jit=bool(jit)))
    return push.out, push


def _arrays(tree: Any) -> list[np.ndarray]:
    return [leaf for leaf in flatten(tree)[0] if isinstance(leaf, np.ndarray)]


def apart(item: Any, others: Any) -> Any:
    """A copy of what shares memory with the others: there nobody but the user writes, which must not be seen."""
    if isinstance(item, np.ndarray):
        return item.copy() if any(np.may_share_memory(item, other) for other in _arrays(others)) else item
    if isinstance(item, (list, tuple, dict)):
        return map_leaves(lambda leaf: apart(leaf, others) if isinstance(leaf, np.ndarray) else leaf, item)
    return item
