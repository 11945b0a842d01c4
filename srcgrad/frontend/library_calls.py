"""Functions of the library that call a function of the user's or arrange items, by what `library_stand_ins` says."""

from __future__ import annotations

import functools
import heapq
import math
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.frontend import library_stand_ins as stand_ins
from srcgrad.frontend.attributes import attribute
from srcgrad.frontend.builtin_calls import class_of, make_list
from srcgrad.frontend.handlers import BUILTINS, Handler, handles, handles_calls_of
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.sources import DispatchSource, FixedSource, Guard
from srcgrad.frontend.values import Bound, Sequence, Symbol, constant
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import Array, Type, Unknown, is_scalar, rank

SINGLE_DISPATCH = functools.singledispatch(len).__code__  # type: ignore[attr-defined]
"""The code that all functions made by `functools.singledispatch` share."""
_VECTORIZE_DEFAULTS = {"otypes": None, "cache": False, "signature": None, "excluded": set()}


def dispatch(lo: Lowering, fn: Any, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """A call of a function made by `functools.singledispatch`."""
    cls = class_of(lo, args[0]) if args else None
    if cls is None:
        lo.unsupported("the class by which functools.singledispatch chooses is not known here", "choose by isinstance")
    chosen = fn.dispatch(cls)
    source = DispatchSource(FixedSource(fn, fn.__name__), cls)
    lo.guards[source.key] = Guard(source, chosen, False)
    return lo.call(Const(chosen), args, kwargs)


@handles(heapq.nsmallest)
def _nsmallest(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return lo.call(Const(stand_ins.nsmallest), args, kwargs)


@handles(heapq.nlargest)
def _nlargest(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return lo.call(Const(stand_ins.nlargest), args, kwargs)


@handles(np.linspace)
def _linspace(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    from srcgrad.frontend.calls import primitive

    given = {**dict(zip(("start", "stop", "num", "endpoint", "retstep"), args, strict=False)), **kwargs}
    ends = [given.get(name) for name in ("start", "stop")]
    of_numbers = all(isinstance(end, Value) and is_scalar(end.type) for end in ends)
    with_step = constant(given.pop("retstep", Const(False))) is True
    if not with_step or not of_numbers or len(args) > 5 or not given.keys() <= {"start", "stop", "num", "endpoint"}:
        return primitive(lo, np.linspace, args, kwargs)
    rest = [given.get("num", Const(50)), given.get("endpoint", Const(True))]
    return lo.call(Const(stand_ins.linspace_and_step), [given["start"], given["stop"], *rest], {})


@handles(np.gradient)
def _gradient(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    from srcgrad.frontend.calls import primitive

    if all(isinstance(spacing, Value) and rank(spacing.type) in (0, None) for spacing in args[1:]):
        return primitive(lo, np.gradient, args, kwargs)
    return lo.call(Const(stand_ins.gradient_at), args, kwargs)


@handles(np.ndarray.tolist)
def _tolist(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    x = args[0]
    axes = rank(x.type) if isinstance(x, Value) else None
    if axes not in (1, 2) or not isinstance(x, Value) or not _is_real(x.type):
        from srcgrad.frontend.calls import primitive

        return primitive(lo, np.ndarray.tolist, args, kwargs)
    return lo.call(Const(stand_ins.list_of_numbers if axes == 1 else stand_ins.list_of_rows), [x], {})


@handles(np.vectorize)
def _vectorize(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if len(args) != 1 or kwargs:
        lo.unsupported("only np.vectorize(function) without options is supported")
    return Bound(Const(np.vectorize.__call__), (args[0],))


@handles(np.vectorize.__call__)
def _call_vectorized(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if kwargs or len(args) < 2:
        lo.unsupported("a function made by np.vectorize takes arrays by position")
    stand_in = stand_ins.vectorized if len(args) == 2 else stand_ins.vectorized_together
    return lo.call(Const(stand_in), args, {})


@handles_calls_of(np.vectorize)
def _call_vectorize(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    made = constant(args[0])
    for name, default in _VECTORIZE_DEFAULTS.items():
        if getattr(made, name) != default:
            lo.unsupported(f"np.vectorize with {name}= is not supported")
    return _call_vectorized(lo, [attribute(lo, args[0], "pyfunc"), *args[1:]], kwargs)


@handles(np.apply_along_axis)
def _apply_along_axis(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    fn, axis, array, *rest = args
    axes = rank(array.type) if isinstance(array, Value) else None
    if axes not in (1, 2) or constant(axis) not in (0, 1, -1, -2):
        lo.unsupported("np.apply_along_axis is supported for matrices", "write a loop over the rows")
    assert isinstance(array, Value)
    if axes == 1:
        return lo.call(Const(np.array), [lo.call(fn, [array, *rest], kwargs)], {})
    along_columns = constant(axis) in (0, -2)
    rows = lo.emit(np.transpose, array) if along_columns else array
    result = lo.call(Const(stand_ins.along_rows), [fn, rows, *rest], kwargs)
    if not along_columns:
        return result
    # What the function returned of a column stands in front; NumPy puts the axis of the columns last.
    flat = rank(lo.value(result).type) in (1, 2)
    return lo.emit(np.transpose, result) if flat else lo.emit(np.moveaxis, result, Const(0), Const(-1))


@handles(np.piecewise)
def _piecewise(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if len(args) < 3:
        lo.unsupported("np.piecewise takes what it needs by position")
    conditions = args[1]
    if isinstance(conditions, Value) and isinstance(conditions.type, (Array, Unknown)):
        axes = rank(conditions.type)
        if axes is None:
            lo.unsupported("whether this is one condition or several is not known here", "put conditions in a list")
        # One condition may come without a list around it.
        args = [args[0], Sequence((conditions,)) if axes < 2 else conditions, *args[2:]]
    return lo.call(Const(stand_ins.piecewise), args, kwargs)


@handles(np.apply_over_axes)
def _apply_over_axes(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if len(args) != 3 or kwargs:
        lo.unsupported("np.apply_over_axes takes what it needs by position")
    return lo.call(Const(stand_ins.over_axes), args, {})


@handles(np.fromiter)
def _fromiter(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    named = dict(zip(("iter", "dtype", "count"), args, strict=False)) | kwargs
    if not {"iter", "dtype"} <= named.keys() <= {"iter", "dtype", "count"}:
        lo.unsupported("np.fromiter takes an iterable and a dtype")
    if constant(named.get("count", Const(-1))) != -1:
        lo.unsupported("np.fromiter is supported without a count", "take as many items by itertools.islice")
    return lo.call(Const(np.array), [make_list(lo, [named["iter"]], {})], {"dtype": named["dtype"]})


def _of_ufunc(name: str) -> Handler:
    """A method of ufuncs that is called on the class."""

    def handler(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
        ufunc = constant(args[0]) if args else None
        if not isinstance(ufunc, np.ufunc):
            lo.unsupported(f"np.ufunc.{name} takes a ufunc that is known here")
        return lo.call(Const(getattr(ufunc, name)), args[1:], kwargs)

    return handler


for _name in ("reduce", "accumulate", "outer", "reduceat", "at"):
    BUILTINS[getattr(np.ufunc, _name)] = _of_ufunc(_name)


def _in_place_of(name: str, stand_in: Callable[..., Any], refused: tuple[str, ...] = ()) -> Handler:
    """A function of arrays that is put together of others."""

    def handler(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
        for option in refused:
            if constant(kwargs.get(option, Const(False))) is not False:
                lo.unsupported(f"{name} with {option}= is not supported")
        return lo.call(Const(stand_in), args, {key: item for key, item in kwargs.items() if key not in refused})

    return handler


BUILTINS[np.union1d] = _in_place_of("np.union1d", stand_ins.union)
BUILTINS[np.intersect1d] = _in_place_of("np.intersect1d", stand_ins.intersection, ("return_indices",))
BUILTINS[np.setdiff1d] = _in_place_of("np.setdiff1d", stand_ins.difference)
BUILTINS[np.setxor1d] = _in_place_of("np.setxor1d", stand_ins.exclusive)


def _of_data(stand_in: Callable[..., Any], *more: Symbol) -> Handler:
    """A function of `statistics` that takes nothing but data."""

    def handler(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
        if len(args) != 1 or kwargs:
            lo.unsupported("functions of statistics are supported with the data alone")
        return lo.call(Const(stand_in), [make_list(lo, args, {}), *more], {})

    return handler


def _rooted(handler: Handler) -> Handler:
    def rooted(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
        return lo.call(Const(math.sqrt), [handler(lo, args, kwargs)], {})

    return rooted


BUILTINS[statistics.mean] = BUILTINS[statistics.fmean] = _of_data(stand_ins.mean)
BUILTINS[statistics.median] = _of_data(stand_ins.median)
BUILTINS[statistics.variance] = _of_data(stand_ins.variance, Const(1))
BUILTINS[statistics.pvariance] = _of_data(stand_ins.variance, Const(0))
BUILTINS[statistics.stdev] = _rooted(BUILTINS[statistics.variance])
BUILTINS[statistics.pstdev] = _rooted(BUILTINS[statistics.pvariance])


def _is_real(t: Type) -> bool:
    return isinstance(t, Array) and t.dtype is not None and t.dtype.kind == "f"
