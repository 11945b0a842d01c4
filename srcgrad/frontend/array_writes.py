"""Functions and methods that write to an array, and `out=`: each becomes an assignment to its elements."""

from __future__ import annotations

import bisect
import heapq
import operator
import random
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.frontend.access import flat_index, shape, subscript
from srcgrad.frontend.assignments import set_item
from srcgrad.frontend.flat_writes import as_array, check_apart, repeated, size_of
from srcgrad.frontend.handlers import BUILTINS, Handler, handles
from srcgrad.frontend.helper_calls import inline
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Flat, Reference, Sequence, Symbol, constant
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import Array, Unknown, is_scalar, rank
from srcgrad.rules.registry import methods

EVERYTHING = Const(Ellipsis)


def write_out(lo: Lowering, fn: Callable, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """`fn(..., out=target)`: the target is assigned to, and is the result."""
    target = kwargs.pop("out")
    if isinstance(target, Sequence) and len(target.items) > 1:
        return _write_each(lo, fn, args, kwargs, target.items)
    if isinstance(target, Sequence):
        (target,) = target.items
    if constant(target) is None:
        return lo.call(Const(fn), args, kwargs)
    value = lo.value(target)
    if not isinstance(value.type, (Array, Unknown)):
        lo.unsupported("out= needs an array")
    where = kwargs.pop("where", None) if isinstance(fn, np.ufunc) else None
    if not isinstance(fn, np.ufunc) and fn not in _READ_BEFORE_WRITING:
        for given in args:
            for part in _parts(lo, given):
                check_apart(lo, value, part)
    result = lo.value(lo.call(Const(fn), args, kwargs))
    _check_cast(lo, result, value)
    if where is not None and constant(where) is not True:
        result = lo.value(lo.emit(np.where, where, result, value))
    set_item(lo, value, EVERYTHING, result)
    # It is the one that returns a number of its own.
    return lo.emit(operator.getitem, value, Sequence(())) if fn is np.dot and rank(value.type) == 0 else value


def _write_each(
    lo: Lowering, fn: Callable, args: list[Symbol], kwargs: dict[str, Symbol], targets: tuple[Symbol, ...]
) -> Symbol:
    """`fn(..., out=(target, ...))`, for a function with several results."""
    if constant(kwargs.pop("where", Const(True))) is not True:
        lo.unsupported("where= is not supported together with several arrays in out=")
    results = lo.call(Const(fn), args, kwargs)
    if not isinstance(results, Sequence) or len(results.items) != len(targets):
        lo.unsupported("out= of several arrays is supported for functions with as many results")
    given: list[Symbol] = []
    for target, item in zip(targets, results.items, strict=True):
        if constant(target) is not None:
            _check_cast(lo, lo.value(item), lo.value(target))
            set_item(lo, target, EVERYTHING, item)
        given.append(item if constant(target) is None else target)
    return Sequence(tuple(given))


_READ_BEFORE_WRITING = frozenset(
    [
        *(
            np.cumsum,
            np.cumprod,
            np.sum,
            np.prod,
            np.max,
            np.min,
            np.mean,
            np.dot,
            np.take,
            np.clip,
            np.round,
            np.einsum,
        ),
        *(method for ufunc in (np.add, np.multiply) for method in (ufunc.reduce, ufunc.accumulate)),
        *(np.maximum.accumulate, np.minimum.accumulate),
    ]
)
"""Functions with `out=`, besides those that work element by element, of which NumPy says that the array may overlap."""


def _parts(lo: Lowering, given: Symbol) -> tuple[Symbol, ...]:
    if isinstance(given, Reference) and given.cls is list:
        return lo.contents(given)
    return given.items if isinstance(given, Sequence) else (given,)


def _check_cast(lo: Lowering, result: Value, target: Value) -> None:
    """NumPy writes results only into arrays of their own kind; an assignment would cast without a word."""
    own, other = getattr(result.type, "dtype", None), getattr(target.type, "dtype", None)
    if own is not None and other is not None and not np.can_cast(own, other, "same_kind"):
        lo.unsupported(f"the result is of dtype {own}, which NumPy does not write into an array of {other}")


@handles(operator.setitem, np.ndarray.__setitem__)
def _setitem(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    set_item(lo, *args)
    return Const(None)


@handles(np.ndarray.fill)
def _fill(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    set_item(lo, args[0], EVERYTHING, args[1])
    return Const(None)


@handles(np.copyto)
def _copyto(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    where = kwargs.pop("where", Const(True))
    if len(args) != 2 or kwargs:
        lo.unsupported("np.copyto with a casting rule is not supported yet")
    target, source = args
    if source is target:
        # NumPy leaves it alone, also what is read-only.
        return Const(None)
    if constant(where) is not True:
        source = lo.emit(np.where, where, source, target)
    set_item(lo, target, EVERYTHING, source)
    return Const(None)


@handles(np.ndarray.sort)
def _sort_in_place(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    set_item(lo, args[0], EVERYTHING, lo.emit(np.sort, *args, **kwargs))
    return Const(None)


@handles(np.nan_to_num)
def _nan_to_num(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """With `copy=False` it writes to its argument and returns it."""
    from srcgrad.frontend.calls import primitive

    copy = args[1] if len(args) > 1 else kwargs.get("copy", Const(True))
    x = args[0]
    if (isinstance(copy, Const) and copy.value) or not isinstance(x, Value) or is_scalar(x.type):
        return primitive(lo, np.nan_to_num, args, kwargs)
    if len(args) > 2 or not isinstance(copy, Const):
        lo.unsupported("np.nan_to_num that may write to its argument is not supported like this", "leave copy= out")
    if rank(x.type) is None:
        lo.unsupported("whether this returns the array itself or a number is not known here", "leave copy= out")
    rest = {name: arg for name, arg in kwargs.items() if name != "copy"}
    set_item(lo, x, EVERYTHING, primitive(lo, np.nan_to_num, [x], rest))
    return lo.emit(operator.getitem, x, Sequence(())) if rank(x.type) == 0 else x


@handles(np.ndarray.partition)
def _partition_in_place(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    set_item(lo, args[0], EVERYTHING, lo.emit(np.partition, *args, **kwargs))
    return Const(None)


@handles(np.add.at)
def _add_at(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    _three(lo, np.add, args, kwargs)
    lo.effect(np.add.at, *args[:2], as_array(lo, args[2]))
    return Const(None)


@handles(np.subtract.at)
def _subtract_at(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    _three(lo, np.subtract, args, kwargs)
    target, indices, values = args
    lo.effect(np.add.at, target, indices, lo.emit(operator.neg, as_array(lo, values)))
    return Const(None)


def _three(lo: Lowering, fn: Any, args: list[Symbol], kwargs: dict[str, Symbol]) -> None:
    if len(args) != 3 or kwargs:
        lo.unsupported(f"np.{fn.__name__}.at is supported with an array, its indices and a value for each")


def update_one_by_one(fn: Any, x: Any, indices: Any, values: Any) -> None:
    """What `fn.at(x, indices, values)` does with one array of indices: it is lowered, not called."""
    given = np.array(np.broadcast_to(values, np.shape(x[indices])))
    for k in range(len(indices)):
        x[indices[k]] = fn(x[indices[k]], given[k])


def ufunc_at(fn: Any) -> Handler:
    """The handler of `fn.at`, which counts an index as often as it occurs."""

    def handler(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
        _three(lo, fn, args, kwargs)
        indices = as_array(lo, args[1])
        t = indices.type if isinstance(indices, Value) else None
        if not isinstance(t, Array) or rank(t) != 1 or t.dtype is None or t.dtype.kind not in "iu":
            lo.unsupported(f"np.{fn.__name__}.at is supported for one array of integers as indices", "write a loop")
        return inline(lo, update_one_by_one, [Const(fn), args[0], indices, as_array(lo, args[2])], {})

    return handler


for _fn in (np.multiply, np.divide, np.power, np.maximum, np.minimum, np.fmax, np.fmin, np.mod, np.floor_divide):
    BUILTINS[_fn.at] = ufunc_at(_fn)


@handles(np.put, np.ndarray.put)
def _put(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    names = dict(zip(("ind", "v", "mode"), args[1:], strict=False)) | {_PUT.get(k, k): v for k, v in kwargs.items()}
    mode = constant(names.pop("mode", Const("raise")))
    if names.keys() != {"ind", "v"} or mode not in ("raise", "wrap", "clip"):
        lo.unsupported("np.put is supported with an array, indices, values and a known mode")
    target, indices, values = args[0], as_array(lo, names["ind"]), as_array(lo, names["v"])
    size = lo.emit(np.size, target)
    if mode == "wrap":
        indices = lo.emit(operator.mod, indices, size)
    elif mode == "clip":
        indices = lo.emit(np.clip, indices, Const(0), lo.emit(operator.sub, size, Const(1)))
    values = repeated(lo, values, indices)
    set_item(lo, lo.value(target), flat_index(lo, Flat(lo.value(target)), lo.emit(np.ravel, indices)), values)
    return Const(None)


_PUT = {"indices": "ind", "values": "v"}
"""What the method calls its parameters -> what the function calls them."""


@handles(np.fill_diagonal)
def _fill_diagonal(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, filling = lo.value(args[0]), as_array(lo, args[1])
    axes = rank(target.type)
    if len(args) != 2 or kwargs or axes is None or axes < 2:
        lo.unsupported("np.fill_diagonal is supported for arrays of known rank, without wrap", "write to a[i, i]")
    shortest = lo.emit(min, *(subscript(lo, shape(lo, target), Const(k)) for k in range(axes)))
    diagonal = lo.emit(np.arange, shortest)
    check_apart(lo, target, filling)
    set_item(lo, target, Sequence((diagonal,) * axes), repeated(lo, filling, diagonal))
    return Const(None)


@handles(np.putmask)
def _putmask(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, mask, values = args[0], args[1], lo.value(as_array(lo, args[2]))
    same = isinstance(values.type, Array) and rank(values.type) == rank(lo.value(target).type)
    if not same and size_of(values) != 1:
        lo.unsupported("np.putmask with values of another shape is not supported", "use x[mask] = ...")
    set_item(lo, target, mask, lo.emit(operator.getitem, values, mask) if same else values)
    return Const(None)


@handles(np.place)
def _place(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, mask, values = args[0], as_array(lo, args[1]), as_array(lo, args[2])
    dtype = mask.type.dtype if isinstance(mask, Value) and isinstance(mask.type, Array) else None
    if dtype is None or dtype.kind != "b":
        mask = lo.emit(np.not_equal, mask, Const(0))
    check_apart(lo, lo.value(target), values)
    set_item(lo, target, mask, repeated(lo, values, lo.emit(np.flatnonzero, mask)))
    return Const(None)


@handles(np.put_along_axis)
def _put_along_axis(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    names = dict(zip(("arr", "indices", "values", "axis"), args, strict=False)) | kwargs
    target, indices, values = lo.value(names["arr"]), as_array(lo, names["indices"]), as_array(lo, names["values"])
    axis, axes = constant(names["axis"]), rank(target.type)
    if axes is None or not (axis is None or isinstance(axis, int)):
        lo.unsupported("np.put_along_axis is supported for arrays of known rank, along a known axis")
    if axis is None:
        set_item(lo, Flat(target), indices, values)
        return Const(None)
    lengths = [subscript(lo, shape(lo, target), Const(k)) for k in range(axes)]
    places: list[Symbol] = [
        lo.emit(np.reshape, lo.emit(np.arange, n), Sequence(tuple([Const(-1 if j == k else 1) for j in range(axes)])))
        for k, n in enumerate(lengths)
    ]
    places[axis] = indices
    set_item(lo, target, Sequence(tuple(places)), values)
    return Const(None)


_SHUFFLERS = (np.random.shuffle, np.random.Generator.shuffle, np.random.RandomState.shuffle, random.shuffle)
_ON_LISTS = (heapq.heapify, heapq.heappush, heapq.heappop, heapq.heapreplace, heapq.heappushpop, bisect.insort)


def _refuse(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    lo.unsupported("this function writes to its argument, which is not supported yet")


methods(fill=np.ndarray.fill, put=np.put, partition=np.ndarray.partition)
for _writer in (
    np.ndarray.resize,
    np.ndarray.byteswap,
    *_SHUFFLERS,
    *_ON_LISTS,
    bisect.insort_left,
    random.Random.shuffle,
):
    BUILTINS[_writer] = _refuse
