"""The unit vectors of arguments or values, and how what comes of them takes the shapes of both sides."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from srcgrad.frontend.access import shape
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Sequence, Symbol
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import (
    COMPLEX,
    F8,
    FLOAT,
    UNKNOWN,
    Array,
    NpScalar,
    PyScalar,
    Tuple,
    Type,
    Unknown,
    is_scalar,
    rank,
)


class Units:
    """The unit vectors of some numbers and arrays, numbered one after the other.

    Attributes:
        sides: these numbers and arrays.
        total: how many unit vectors there are.
    """

    def __init__(self, lo: Lowering, sides: list[Value]):
        self.lo = lo
        self.sides = sides
        self._bounds: list[Symbol] = [Const(0)]
        for value in sides:
            size = Const(1) if is_scalar(value.type) else lo.emit(np.size, value)
            first = self._bounds[-1]
            is_zero = isinstance(first, Const) and first.value == 0
            self._bounds.append(size if is_zero else lo.emit(operator.add, first, size))
        self.total = lo.value(self._bounds[-1])

    def of(self, place: Any) -> list[Value]:
        """The parts of the unit vector that is 1 there."""
        lo, single = self.lo, len(self.sides) == 1
        unit = lo.value(lo.emit(np.zeros, self.total))
        unit.hint = f"{self.sides[0].hint or 'out'}_unit" if single else "unit"
        lo.effect(operator.setitem, unit, place, Const(1.0))
        return [self._part(unit, i) for i in range(len(self.sides))]

    def _part(self, unit: Value, i: int) -> Value:
        lo, side = self.lo, self.sides[i]
        if is_scalar(side.type):
            part = lo.value(lo.emit(operator.getitem, unit, self._bounds[i]))
            if isinstance(side.type, NpScalar) and side.type.dtype == F8:
                return part
            made = side.type.dtype.type if isinstance(side.type, NpScalar) else float
            return lo.value(lo.emit_typed(made, (part,), {}, seed_type(side)))
        part = lo.emit(operator.getitem, unit, self._part_of_all(i)) if len(self.sides) > 1 else unit
        if rank(side.type) != 1:
            part = lo.emit(np.reshape, part, shape(lo, side))
        return lo.value(_cast(lo, lo.value(part), side.type))

    def _part_of_all(self, i: int) -> slice:
        return slice(None if i == 0 else self._bounds[i], self._bounds[i + 1], None)

    def all(self, names: list[str | None]) -> list[Value]:
        """The parts of all unit vectors, which stand along a leading axis and are called so."""
        lo = self.lo
        types = [v.type for v in self.sides if isinstance(v.type, (Array, NpScalar))]
        dtype = types[0].dtype if len(types) == len(self.sides) == 1 else None
        options = {} if dtype is None or dtype == F8 else {"dtype": Const(dtype.type)}
        eye = lo.value(lo.emit(np.eye, self.total, **options))
        parts = [self._rows_part(eye, i) for i in range(len(self.sides))]
        for part, name in zip(parts, names, strict=True):
            part.hint = name
        return parts

    def _rows_part(self, eye: Value, i: int) -> Value:
        lo, side = self.lo, self.sides[i]
        every = slice(None, None, None)
        part: Symbol = eye
        if is_scalar(side.type):
            if len(self.sides) > 1:
                part = lo.emit(operator.getitem, eye, Sequence((every, self._bounds[i])))
            else:
                part = lo.emit(operator.getitem, eye, Sequence((every, Const(0))))
        elif len(self.sides) > 1:
            part = lo.emit(operator.getitem, eye, Sequence((every, self._part_of_all(i))))
        if not is_scalar(side.type) and rank(side.type) != 1:
            part = lo.emit(np.reshape, part, joined_shape(lo, Sequence((self.total,)), shape(lo, side)))
        return lo.value(_cast(lo, lo.value(part), side.type))

    def columns(self, dots: Value, value: Value) -> list[Value]:
        """The derivatives of a leaf of the value, from its tangents, which stand along a leading axis."""
        lo, n = self.lo, rank(dots.type)
        stacked = dots
        if n == 2:
            stacked = lo.value(lo.emit(np.transpose, dots))
        elif n != 1:
            stacked = lo.value(lo.emit(np.moveaxis, dots, Const(0), Const(-1)))
        return [self._columns_of(stacked, value, i, True) for i in range(len(self.sides))]

    def listed_columns(self, columns: Value, value: Value) -> list[Value]:
        """The derivatives of a leaf of the value, from the list of its tangents along the unit vectors."""
        lo = self.lo
        if is_scalar(value.type):
            stacked = lo.value(lo.emit(np.array, columns))
        else:
            stacked = lo.value(lo.emit(np.stack, columns, axis=Const(-1)))
        # Behind the loop that fills the list, the value itself is out of reach.
        if not _has_fixed_shape(value) and not all(map(_is_flat, self.sides)):
            value = lo.value(lo.emit(operator.getitem, columns, Const(0)))
        return [self._columns_of(stacked, value, i, False) for i in range(len(self.sides))]

    def _columns_of(self, stacked: Value, value: Value, i: int, complete: bool) -> Value:
        lo, side = self.lo, self.sides[i]
        before: list[Any] = [] if is_scalar(value.type) else [Const(Ellipsis)]
        own = [self._bounds[i] if is_scalar(side.type) else self._part_of_all(i)]
        is_all = complete and len(self.sides) == 1 and not is_scalar(side.type)
        part = stacked if is_all else lo.emit(operator.getitem, stacked, _index((*before, *own)))
        if is_scalar(side.type) and is_scalar(value.type):
            return _number(lo, lo.value(part), value)
        return lo.value(part) if _is_flat(side) else reshaped(lo, part, value, side)

    def store(self, value: Value) -> Value:
        """What takes a cotangent of an input for each unit vector."""
        lo = self.lo
        dtype = value.type.dtype if isinstance(value.type, (Array, NpScalar)) else None
        if dtype is None:
            dtype = np.dtype(complex if value.type == COMPLEX else float)
        whole = self.total if is_scalar(value.type) else joined_shape(lo, Sequence((self.total,)), shape(lo, value))
        options = {} if dtype == F8 else {"dtype": Const(dtype.type)}
        found = lo.value(lo.emit(np.empty, whole, **options))
        found.hint = f"{value.hint or 'x'}_rows"
        return found

    def rows(self, stores: list[Value], inputs: list[Value]) -> dict[Value, list[Value]]:
        """For each leaf of the value, its derivatives with respect to the inputs."""
        return {
            side: [self._rows_of(store, value, i) for store, value in zip(stores, inputs, strict=True)]
            for i, side in enumerate(self.sides)
        }

    def _rows_of(self, store: Value, value: Value, i: int) -> Value:
        lo, side = self.lo, self.sides[i]
        if is_scalar(side.type):
            row = lo.value(lo.emit(operator.getitem, store, self._bounds[i]))
            return _number(lo, row, value) if is_scalar(value.type) else row
        part: Symbol = store
        if len(self.sides) > 1:
            part = lo.emit(operator.getitem, store, self._part_of_all(i))
        return lo.value(part) if rank(side.type) == 1 else reshaped(lo, part, side, value)


def _index(parts: tuple) -> Any:
    return parts[0] if len(parts) == 1 else Sequence(parts)


def _number(lo: Lowering, found: Value, like: Value) -> Value:
    """A number of the kind of another one."""
    kind = complex if like.type == COMPLEX else float
    return lo.value(lo.emit_typed(kind, (found,), {}, like.type)) if isinstance(like.type, PyScalar) else found


def _cast(lo: Lowering, x: Value, like: Type) -> Symbol:
    """An array of floats in the dtype of a type."""
    if not isinstance(like, Array) or like.dtype is None or like.dtype == F8:
        return x
    t = Array(like.dtype, x.type.shape if isinstance(x.type, Array) else None)
    return lo.emit_typed(np.ndarray.astype, (x, Const(like.dtype.type)), {}, t)


def reshaped(lo: Lowering, x: Symbol, first: Value, second: Value) -> Value:
    """An array in the shape of one value followed by that of another."""
    result = lo.emit(np.reshape, x, joined_shape(lo, shape(lo, first), shape(lo, second)))
    if isinstance(first.type, Unknown) or isinstance(second.type, Unknown):
        # Of two numbers it would be an array without axes.
        result = lo.emit(operator.getitem, result, Sequence(()))
    return lo.value(result)


def _is_flat(value: Value) -> bool:
    """Whether the derivatives along one axis need no other shape."""
    return is_scalar(value.type) or rank(value.type) == 1


def _has_fixed_shape(value: Value) -> bool:
    t = value.type
    return is_scalar(t) or (isinstance(t, Array) and t.shape is not None and all(isinstance(n, int) for n in t.shape))


def joined_shape(lo: Lowering, *parts: Symbol) -> Symbol:
    """The lengths in some shapes, one after the other."""
    if all(isinstance(part, Sequence) for part in parts):
        return Sequence(tuple([item for part in parts for item in part.items]))  # type: ignore[union-attr]
    whole: Any = None
    for part in parts:
        if isinstance(part, Sequence) and not part.items:
            continue
        tree = lo.tree(part)
        if whole is None:
            whole = tree
            continue
        types = [_items(whole), _items(tree)]
        known = all(t is not None for t in types)
        output = Value(Tuple((*types[0], *types[1])) if known else UNKNOWN)  # type: ignore[misc]
        lo.append_call(operator.add, (whole, tree), [output])
        whole = output
    return whole  # type: ignore[no-any-return]


def _items(tree: Any) -> tuple[Type, ...] | None:
    if isinstance(tree, tuple):
        return tuple([item.type for item in tree])
    return tree.type.items if isinstance(tree.type, Tuple) else None


def seed_type(value: Value) -> Type:
    """The type of a cotangent or tangent of a value."""
    if not isinstance(value.type, PyScalar):
        return value.type
    return COMPLEX if value.type.kind == "c" else FLOAT
