"""Functions and methods that write to an array, and `out=`: each becomes an assignment to its elements."""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np

from srcgrad.frontend.access import shape, subscript
from srcgrad.frontend.assignments import set_item
from srcgrad.frontend.handlers import BUILTINS, handles
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Flat, Reference, Sequence, Symbol, constant
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import Array, Unknown, is_numeric, is_scalar, rank

EVERYTHING = Const(Ellipsis)


def write_out(lo: Lowering, fn: Callable, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """`fn(..., out=target)`: the target is assigned to, and is the result."""
    target = kwargs.pop("out")
    if isinstance(target, Sequence):
        (target,) = target.items if len(target.items) == 1 else lo.unsupported("out= of several arrays")
    if constant(target) is None:
        return lo.call(Const(fn), args, kwargs)
    value = lo.value(target)
    if not isinstance(value.type, (Array, Unknown)):
        lo.unsupported("out= needs an array")
    where = kwargs.pop("where", None) if isinstance(fn, np.ufunc) else None
    result = lo.value(lo.call(Const(fn), args, kwargs))
    _check_cast(lo, result, value)
    if where is not None and constant(where) is not True:
        result = lo.value(lo.emit(np.where, where, result, value))
    set_item(lo, value, EVERYTHING, result)
    return value


def _check_cast(lo: Lowering, result: Value, target: Value) -> None:
    """NumPy writes results only into arrays of their own kind; an assignment would cast without a word."""
    own, other = getattr(result.type, "dtype", None), getattr(target.type, "dtype", None)
    if own is not None and other is not None and not np.can_cast(own, other, "same_kind"):
        lo.unsupported(f"the result is of dtype {own}, which NumPy does not write into an array of {other}")


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
    rest = {name: arg for name, arg in kwargs.items() if name != "copy"}
    set_item(lo, x, EVERYTHING, primitive(lo, np.nan_to_num, [x], rest))
    return x


@handles(np.add.at)
def _add_at(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    lo.effect(np.add.at, *args)
    return Const(None)


@handles(np.subtract.at)
def _subtract_at(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, indices, values = args
    lo.effect(np.add.at, target, indices, lo.emit(operator.neg, values))
    return Const(None)


@handles(np.put)
def _put(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if len(args) != 3 or kwargs:
        lo.unsupported("np.put with a mode is not supported yet")
    target, indices, values = args[0], _as_array(lo, args[1]), _as_array(lo, args[2])
    count, given = _size(indices), _size(values)
    if given != 1 and (count is None or count != given):
        # What np.put does with too few values: it begins again.
        values = lo.emit(np.resize, lo.emit(np.ravel, values), lo.emit(np.size, indices))
    set_item(lo, Flat(lo.value(target)), lo.emit(np.ravel, indices), values)
    return Const(None)


@handles(np.fill_diagonal)
def _fill_diagonal(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, filling = lo.value(args[0]), _as_array(lo, args[1])
    if len(args) != 2 or kwargs or rank(target.type) != 2 or _size(filling) is None:
        lo.unsupported("np.fill_diagonal is supported for matrices and a number", "write to a[i, i]")
    if _size(filling) != 1:
        lo.unsupported("np.fill_diagonal with several values is not supported yet", "write to a[i, i]")
    shortest = lo.emit(min, *(subscript(lo, shape(lo, target), Const(k)) for k in range(2)))
    diagonal = lo.emit(np.arange, shortest)
    set_item(lo, target, Sequence((diagonal, diagonal)), filling)
    return Const(None)


@handles(np.putmask)
def _putmask(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, mask, values = args[0], args[1], lo.value(_as_array(lo, args[2]))
    same = isinstance(values.type, Array) and rank(values.type) == rank(lo.value(target).type)
    if not same and _size(values) != 1:
        lo.unsupported("np.putmask with values of another shape is not supported", "use x[mask] = ...")
    set_item(lo, target, mask, lo.emit(operator.getitem, values, mask) if same else values)
    return Const(None)


@handles(np.place)
def _place(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, mask, values = args[0], args[1], _as_array(lo, args[2])
    if _size(values) != 1:
        lo.unsupported("np.place with several values is not supported yet", "use x[mask] = ...")
    set_item(lo, target, mask, values)
    return Const(None)


def _as_array(lo: Lowering, symbol: Symbol) -> Symbol:
    is_list = isinstance(symbol, Sequence) or (isinstance(symbol, Reference) and symbol.cls is list)
    return lo.emit(np.array, symbol) if is_list else symbol


def _size(symbol: Symbol) -> int | None:
    """The number of elements, None where the type does not say it."""
    if not isinstance(symbol, Value):
        return None
    t = symbol.type
    if is_scalar(t) and is_numeric(t):
        return 1
    lengths = t.shape if isinstance(t, Array) else None
    if lengths is None or not all(isinstance(n, int) for n in lengths):
        return None
    return int(np.prod(lengths, dtype=int))


def _refuse(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    lo.unsupported("this function writes to its argument, which is not supported yet")


for _writer in (np.put_along_axis, np.ndarray.partition, np.ndarray.resize, np.ndarray.byteswap):
    BUILTINS[_writer] = _refuse
