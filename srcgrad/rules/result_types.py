"""The type of what a primitive returns.

Elementwise operations promote as NumPy does, by asking NumPy once per combination of kinds; functions with an analytic
rule (`array_types`, `index_types`, `scalar_types`) compute with dimensions; the rest of NumPy is called on samples
(`by_example`). What none of them can tell is `UNKNOWN`.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Container
from functools import lru_cache
from typing import Any

import numpy as np

from srcgrad.ir.joins import join
from srcgrad.ir.nodes import Const, Tree
from srcgrad.ir.types import (
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    UNKNOWN,
    Array,
    Dim,
    List,
    NpScalar,
    Opaque,
    PyScalar,
    Record,
    Tuple,
    Type,
    any_unknown,
    is_scalar,
    number_of,
    shape_of,
)
from srcgrad.rules import (  # noqa: F401 (they declare rules)
    array_types,
    index_types,
    product_types,
    random_types,
    scalar_types,
)
from srcgrad.rules.by_example import by_example
from srcgrad.rules.dims import broadcast_shapes, shift
from srcgrad.rules.extents import with_extent
from srcgrad.rules.operands import (
    ANALYTIC,
    Site,
    Unsure,
    analytic,
    apply_analytic,
    array_of,
    integer,
    is_none,
    is_opaque,
    known_shape,
    sequence_items,
    type_of,
    words,
)
from srcgrad.rules.registry import hashable


def result_type(
    fn: Callable, args: tuple[Tree, ...], kwargs: dict[str, Tree], fresh: str, written: Container[int] = ()
) -> Type:
    """The type of what `fn` returns for these arguments.

    Args:
        fn: the callable.
        args, kwargs: argument trees; of a value only the type counts, of a constant its value.
        fresh: a name, unique to the call site, for new dimensions.
        written: uids of arrays whose contents may change between two uses; a mask among them does not name the length
            of `x[mask]`.

    Example:
        >>> import numpy as np
        >>> from srcgrad.ir.nodes import Const, Value
        >>> from srcgrad.ir.types import Array, Dim, F8
        >>> x = Value(Array(F8, (Dim("n", not_one=True), 3)))
        >>> print(result_type(np.sum, (x,), {"axis": Const(1)}, "t"))
        float64[n]
    """
    return with_extent(apply(Site(fresh, written), fn, args, kwargs), fn, args, kwargs, fresh)


def apply(site: Site, fn: Callable, args: tuple[Tree, ...], kwargs: dict[str, Tree]) -> Type:
    """As `result_type`, at a site that other calls share."""
    if "out" in kwargs:
        out = type_of(kwargs["out"])
        if not is_none(kwargs["out"]):
            return out.items[0] if isinstance(out, Tuple) and len(out.items) == 1 else out
        kwargs = {key: value for key, value in kwargs.items() if key != "out"}
    try:
        if fn in _OPERATORS:
            return _operator(site, fn, args)
        if isinstance(fn, np.ufunc) and fn.signature is None:
            return _ufunc(site, fn, args, kwargs)
        return apply_analytic(site, fn, args, kwargs)
    except (Unsure, TypeError, LookupError):
        # Arguments that the function itself would refuse end here too.
        return by_example(site, fn, args, kwargs) if hashable(fn) else UNKNOWN


PLAIN = {
    getattr(operator, f"i{name.strip('_')}"): getattr(operator, name)
    for name in words("add sub mul truediv floordiv mod pow matmul and_ or_ xor lshift rshift")
}
"""Operators of augmented assignments -> those that make something new."""
_COMPARISONS = frozenset((operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge))
_UNARY = frozenset((operator.neg, operator.pos, operator.abs, operator.invert, builtins.abs))
_BINARY = frozenset(PLAIN.values()) - {operator.matmul}
_OPERATORS = _COMPARISONS | _UNARY | _BINARY | frozenset(PLAIN) | {operator.matmul, builtins.pow, builtins.divmod}


def _operator(site: Site, fn: Callable, args: tuple[Tree, ...]) -> Type:
    types = [number_of(type_of(arg)) for arg in args]
    if fn in (operator.eq, operator.ne) and not all(isinstance(t, PyScalar) for t in types):
        # None is compared too.
        types = [type_of(arg) for arg in args]
    if fn in PLAIN:
        if isinstance(types[0], Array):
            return types[0]
        fn = PLAIN[fn]
    if any_unknown(types):
        return _unknown(2 if fn is builtins.divmod else 1)
    if fn is operator.matmul:
        if any(is_scalar(t) for t in types):
            return UNKNOWN
        return array_types.inner_product(site, np.matmul, *args)
    if all(isinstance(t, PyScalar) for t in types):
        return _python_scalar(fn, args, types)  # type: ignore[arg-type]
    if not all(isinstance(t, (PyScalar, NpScalar, Array)) for t in types):
        if not any(isinstance(t, (NpScalar, Array)) for t in types):
            return _on_containers(site, fn, args, types)
        if any(isinstance(t, Opaque) for t in types):
            return _with_object(fn, types)
        types = [
            t if isinstance(t, (PyScalar, NpScalar, Array)) else array_of(site, a)
            for t, a in zip(types, args, strict=True)
        ]
    if fn in (operator.pow, builtins.pow) and not isinstance(types[0], PyScalar) and _is_bool(types[0]):
        # NumPy squares booleans in another dtype than it raises them to other powers.
        return Array(None, shape_of(types[0])) if shape_of(types[0]) and isinstance(types[1], PyScalar) else UNKNOWN
    return _elementwise(fn, types)


def _is_bool(t: Type) -> bool:
    return isinstance(t, (NpScalar, Array)) and t.dtype is not None and t.dtype.kind == "b"


def _with_object(fn: Callable, types: list[Type]) -> Type:
    array = next((t for t in types if isinstance(t, Array)), None)
    compared = fn in (operator.eq, operator.ne) and any(is_opaque(t, type(None)) for t in types)
    return Array(np.dtype(bool), array.shape) if compared and array is not None and array.shape != () else UNKNOWN


def _on_containers(site: Site, fn: Callable, args: tuple[Tree, ...], types: list[Type]) -> Type:
    if fn in _COMPARISONS:
        return BOOL if all(map(_is_compared_plainly, types)) else UNKNOWN
    if fn is operator.add:
        return scalar_types.concat(site, fn, *args)
    if fn is operator.mul:
        return scalar_types.repeated(site, *args)
    return UNKNOWN


def _is_compared_plainly(t: Type) -> bool:
    """Whether what a comparison with this gives is a bool, and no array or number of NumPy's."""
    if isinstance(t, Tuple) and not isinstance(t, Record):
        return all(map(_is_compared_plainly, t.items))
    return isinstance(t, PyScalar) or (isinstance(t, Opaque) and t.cls in _PLAIN)


_PLAIN = frozenset((str, bytes, type(None), type, range, slice, type(Ellipsis), np.dtype))


def _python_scalar(fn: Callable, args: tuple[Tree, ...], types: list[PyScalar]) -> Type:
    kinds = [t.kind for t in types]
    if fn in _COMPARISONS:
        return BOOL
    if fn in (operator.pow, builtins.pow):
        return _python_power(args, kinds) if len(args) == 2 else INT
    result = _outcome(fn, tuple(kinds))
    if result == INT and fn in (operator.add, operator.sub):
        by = args[1] if isinstance(args[1], Const) else args[0]
        other, sign = (args[0], 1) if by is args[1] else (args[1], 1)
        if fn is operator.sub:
            if by is args[0]:
                return INT
            sign = -1
        axis = integer(other) if number_of(type_of(other)).dim is not None or isinstance(other, Const) else None  # type: ignore[union-attr]
        if isinstance(by, Const) and axis is not None:
            return _shifted(axis, sign * int(by.value))
    if result == INT and fn in (operator.pos, operator.abs, builtins.abs):
        return types[0] if kinds[0] == "i" and isinstance(types[0].dim, int) else INT
    return UNKNOWN if result is None else result


def _shifted(axis: int | Dim, by: int) -> Type:
    """The integer `axis + by`; a negative constant is no length."""
    if isinstance(axis, int):
        return PyScalar("i", axis + by) if axis + by >= 0 else INT
    moved = shift(axis, by)
    return INT if moved is None else PyScalar("i", moved)


def _python_power(args: tuple[Tree, ...], kinds: list[str]) -> Type:
    if "c" in kinds:
        return COMPLEX
    if "f" in kinds:
        return FLOAT
    exponent, dim = args[1], number_of(type_of(args[1])).dim  # type: ignore[union-attr]
    if kinds[1] == "b" or isinstance(dim, int) or (isinstance(dim, Dim) and dim.offset >= 0):
        return INT
    # An integer to a power that may be negative: a float then, but it carries no derivative either way.
    return FLOAT if isinstance(exponent, Const) and exponent.value < 0 else INT


Kind = str | tuple[np.dtype, int]
"""What decides promotion: the kind of a Python number, or a dtype with 0 (scalar), 1 (0-d array) or 2 (more axes)."""


def _kind(t: Type) -> Kind | None:
    if isinstance(t, PyScalar):
        return t.kind
    if isinstance(t, NpScalar):
        return t.dtype, 0
    assert isinstance(t, Array)
    return None if t.dtype is None else (t.dtype, 1 if t.shape == () else 2)


_ONES = {"b": True, "i": 1, "f": 1.0, "c": 1.0 + 0j}


@lru_cache(16384)
def _outcome(fn: Callable, kinds: tuple[Kind, ...]) -> Type | None:
    """What `fn` returns for ones of these kinds, axes of length one standing for any; None if it refuses them."""
    ones: list[Any] = []
    for kind in kinds:
        if isinstance(kind, str):
            ones.append(_ONES[kind])
        else:
            dtype, level = kind
            ones.append(dtype.type(1) if level == 0 else np.ones((1,) * (level - 1), dtype))
    try:
        with np.errstate(all="ignore"):
            return _type_of_outcome(fn(*ones))
    except (TypeError, ValueError, ArithmeticError):
        return None


def _type_of_outcome(value: Any) -> Type | None:
    if isinstance(value, tuple):
        items = [_type_of_outcome(item) for item in value]
        return None if None in items else Tuple(tuple(items))  # type: ignore[arg-type]
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind not in "biufc":
        return None
    if isinstance(value, np.ndarray):
        return Array(value.dtype, ())
    if isinstance(value, np.generic):
        return NpScalar(value.dtype)
    return {bool: BOOL, int: INT, float: FLOAT, complex: COMPLEX}.get(type(value))


_DTYPES = tuple(np.dtype(name) for name in ("f8", "f4", "i8", "?", "c16"))


def _unknown(count: int) -> Type:
    """So many results, of which nothing is known."""
    return UNKNOWN if count == 1 else Tuple((UNKNOWN,) * count)


def _elementwise(fn: Callable, types: list[Type]) -> Type:
    kinds = [_kind(t) for t in types]
    outcome = _outcome_of_any_dtype(fn, kinds) if None in kinds else _outcome(fn, tuple(kinds))  # type: ignore[arg-type]
    count = fn.nout if isinstance(fn, np.ufunc) else 2 if fn is builtins.divmod else 1
    if outcome is None:
        return _unknown(count)
    shapes = [shape_of(t) for t in types]
    if None in shapes and not any(shapes):
        # Of arrays without axes NumPy makes a number.
        return _unknown(count)
    shape = None if None in shapes else broadcast_shapes(shapes)  # type: ignore[arg-type]
    return _with_shape(outcome, shape)


def _outcome_of_any_dtype(fn: Callable, kinds: list[Kind | None]) -> Type | None:
    found = {_outcome(fn, tuple([(dtype, 2) if kind is None else kind for kind in kinds])) for dtype in _DTYPES} - {
        None
    }
    if len(found) == 1:
        return found.pop()
    return Array(None, ()) if all(isinstance(outcome, Array) for outcome in found) else None


def _with_shape(outcome: Type, shape: tuple[int | Dim, ...] | None) -> Type:
    if isinstance(outcome, Tuple):
        return Tuple(tuple([_with_shape(item, shape) for item in outcome.items]))
    if not isinstance(outcome, Array):
        return outcome
    if shape == () and outcome.dtype is None:
        return UNKNOWN
    return Array(outcome.dtype, shape)


def _ufunc(site: Site, fn: np.ufunc, args: tuple[Tree, ...], kwargs: dict[str, Tree]) -> Type:
    if len(args) > fn.nin and not is_none(args[fn.nin]):
        return type_of(args[fn.nin]) if fn.nout == 1 and len(args) == fn.nin + 1 else UNKNOWN
    types = [number_of(type_of(arg)) for arg in args[: fn.nin]]
    if any_unknown(types):
        return _unknown(fn.nout)
    if kwargs:
        raise Unsure
    types = [
        t if isinstance(t, (PyScalar, NpScalar, Array)) else array_of(site, a)
        for t, a in zip(types, args, strict=False)
    ]
    return _elementwise(fn, types)


@analytic(np.clip, np.ndarray.clip)
def _clip(site: Site, fn: Any, a: Tree, a_min: Tree = None, a_max: Tree = None) -> Type:
    bounds = [type_of(end) for end in (a_min, a_max) if not is_none(end)]
    x = type_of(a)
    if not bounds or not all(isinstance(t, (PyScalar, NpScalar, Array)) for t in (x, *bounds)):
        raise Unsure
    return _elementwise(_CLIPS[len(bounds)], [x, *bounds])


def _clip_from_one_side(x: Any, end: Any) -> Any:
    return np.clip(x, end, None)


_CLIPS: dict[int, Callable] = {1: _clip_from_one_side, 2: np.clip}


def _converted(site: Site, fn: Any, x: Tree = 0) -> Type:
    """Classes such as `np.float32` as functions."""
    t = type_of(x)
    dtype = np.dtype(fn)
    if sequence_items(x) is not None or isinstance(t, List):
        t = array_of(site, x)
    shape = known_shape(t)
    return Array(dtype, shape) if shape else NpScalar(dtype)


analytic(*{np.dtype(code).type for code in "?bhilqBHILQefdFD"})(_converted)


@analytic(math.prod)
def _prod(site: Site, fn: Any, x: Tree, *, start: Tree = Const(1)) -> Type:  # noqa: B008 - a constant is never changed
    items, total = sequence_items(x), type_of(start)
    if items is None:
        t = type_of(x)
        numbers = isinstance(t, List) and isinstance(t.item, (PyScalar, NpScalar)) and isinstance(total, PyScalar)
        return join(total, apply(site, fn, ((t.item,),), {"start": start}), site.fresh()) if numbers else UNKNOWN
    for item in items:
        total = apply(site, operator.mul, (total, type_of(item)), {})
    return total


@analytic(np.nonzero, np.ndarray.nonzero, np.flatnonzero)
def _nonzero(site: Site, fn: Any, a: Tree) -> Type:
    t = array_of(site, a)
    axis = index_types.selected(site, a)
    found = Array(np.dtype(np.intp), (axis,))
    return found if fn is np.flatnonzero else Tuple((found,) * len(known_shape(t)))


def covered(fn: Callable) -> bool:
    """Whether the results of `fn` have a type rule that needs no samples."""
    return fn in _OPERATORS or fn in ANALYTIC or (isinstance(fn, np.ufunc) and fn.signature is None)
