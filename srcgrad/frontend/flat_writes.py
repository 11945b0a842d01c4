"""Writes that count the elements of an array one after the other, and begin with the values again at their end."""

from __future__ import annotations

import operator

import numpy as np

from srcgrad import checks
from srcgrad.frontend.access import flat_index, shape
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Flat, Reference, Sequence, Symbol
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import Array, List, Unknown, is_numeric, is_scalar, rank, same_length, shape_of


def flat_assignment(lo: Lowering, flat: Flat, key: Symbol, symbol: Symbol) -> tuple[Symbol, Symbol]:
    """The key and the value with which `x[key] = value` does what `x.flat[key] = symbol` does."""
    values = as_array(lo, symbol)
    check_apart(lo, flat.array, values)
    whole = isinstance(key, Const) and key.value is Ellipsis
    place = key if whole else flat_index(lo, flat, key)
    if size_of(values) == 1:
        return place, repeated(lo, values, values)
    if isinstance(key, Value) and not whole and is_scalar(key.type):
        # More than one value for one place raises, as it does in NumPy.
        return place, values
    if whole:
        every = repeated(lo, values, flat.array)
        return place, every if rank(flat.array.type) == 1 else lo.emit(np.reshape, every, shape(lo, flat.array))
    return place, repeated(lo, values, lo.emit(operator.getitem, flat.array, place))


def repeated(lo: Lowering, values: Symbol, places: Symbol) -> Symbol:
    """As many values as an array of places has elements, from the start again if there are too few."""
    if rank_of(values) == 0:
        return values
    if size_of(values) == 1:
        return lo.emit(operator.getitem, lo.emit(np.ravel, values), Const(0))
    own, wanted = (shape_of(s.type) if isinstance(s, Value) else None for s in (values, places))
    if own is not None and wanted is not None and len(own) == len(wanted) == 1 and same_length(own[0], wanted[0]):
        return values
    return lo.emit(np.resize, lo.emit(np.ravel, values), lo.emit(np.size, places))


def rank_of(symbol: Symbol) -> int | None:
    """The number of axes, None where it is not known."""
    return rank(symbol.type) if isinstance(symbol, Value) else None


def check_apart(lo: Lowering, target: Value, values: Symbol) -> None:
    """Refuses, when the program runs, values that share memory with the array they are written to one by one."""
    if isinstance(values, Value) and isinstance(values.type, (Array, Unknown)) and not is_scalar(values.type):
        lo.effect(checks.check_apart, target, values)


def as_array(lo: Lowering, symbol: Symbol) -> Symbol:
    """Lists and tuples as arrays."""
    is_list = isinstance(symbol, Sequence) or (isinstance(symbol, Reference) and symbol.cls is list)
    is_list = is_list or (isinstance(symbol, Value) and isinstance(symbol.type, List))
    return lo.emit(np.array, symbol) if is_list else symbol


def size_of(symbol: Symbol) -> int | None:
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
