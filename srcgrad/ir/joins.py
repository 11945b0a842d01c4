"""The type of what may be one thing or another: where paths meet, and from one turn of a loop to the next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from srcgrad.errors import UnsupportedError
from srcgrad.ir.types import (
    F8,
    NONE,
    NOTHING,
    NUMBER,
    UNKNOWN,
    Array,
    Axis,
    Dict,
    Dim,
    Extent,
    List,
    Maybe,
    NpScalar,
    Pointer,
    PyScalar,
    Record,
    Tuple,
    Type,
    Unknown,
    extent_of,
    is_scalar,
    may_be_one,
    number_of,
    same_dtype,
    same_length,
    widen,
)


def join(a: Type, b: Type, fresh: str) -> Type:
    """The least type that covers both.

    Args:
        a, b: the types.
        fresh: a name, unique to the place of the merge, for axes whose lengths differ. The same place must
            pass the same name again, so that joining in a loop reaches a fixed point.
    """
    if a == b:
        return a
    a, b = widen(a), widen(b)
    if a == b:
        return a
    if isinstance(a, Pointer) or isinstance(b, Pointer):
        return _join_pointers(a, b)
    if (_may_be_none(a) or _may_be_none(b)) and all(_may_be_none(t) or isinstance(t, _NUMBERS) for t in (a, b)):
        numbers = [number_of(t) for t in (a, b) if t != NONE]
        found = join(numbers[0], numbers[-1], fresh)
        return Maybe(item=found) if isinstance(found, _NUMBERS) else NUMBER
    if isinstance(a, PyScalar) and isinstance(b, PyScalar):
        kinds = "bifc"
        if a.kind in kinds[1:] and b.kind in kinds[1:]:
            return PyScalar(max(a.kind, b.kind, key=kinds.index))
    if isinstance(a, Array) and isinstance(b, Array):
        dtype = a.dtype if same_dtype(a.dtype, b.dtype) else None
        if a.shape is None or b.shape is None or len(a.shape) != len(b.shape):
            return Array(dtype, None, _join_extents(a, b, fresh))
        axes = (_join_axis(p, q, f"{fresh}.{k}") for k, (p, q) in enumerate(zip(a.shape, b.shape, strict=True)))
        return Array(dtype, tuple(axes))
    if {type(a), type(b)} == {PyScalar, NpScalar}:
        scalar, weak = (a, b) if isinstance(a, NpScalar) else (b, a)
        assert isinstance(scalar, NpScalar) and isinstance(weak, PyScalar)
        if (scalar.dtype == F8 and weak.kind in "if") or (scalar.dtype.kind == "i" and weak.kind == "i"):
            return scalar
    if isinstance(a, NpScalar) and isinstance(b, NpScalar):
        return NpScalar(np.promote_types(a.dtype, b.dtype))
    if isinstance(a, Record) or isinstance(b, Record):
        if NONE in (a, b):
            return a if b == NONE else b
        raise UnlikeError("a tuple in a tuple")
    if isinstance(a, Tuple) and isinstance(b, Tuple) and len(a.items) == len(b.items):
        pairs = zip(a.items, b.items, strict=True)
        joined = tuple([join(p, q, f"{fresh}.{k}") for k, (p, q) in enumerate(pairs)])
        return Tuple(joined, cls=_joined_class(a.cls, b.cls))
    if isinstance(a, List) or isinstance(b, List):
        return _join_lists(a, b, fresh)
    if isinstance(a, Dict) and isinstance(b, Dict):
        return Dict(join(a.item, b.item, fresh))
    return Unknown(_join_extents(a, b, fresh))


def _join_lists(a: Type, b: Type, fresh: str) -> Type:
    """The type of one list or another, or of none."""
    if NONE in (a, b):
        known = b if a == NONE else a
        assert isinstance(known, List)
        return replace(known, or_none=True)
    if isinstance(a, Unknown) or isinstance(b, Unknown) or NOTHING in (a, b):
        return UNKNOWN
    if not isinstance(a, List) or not isinstance(b, List):
        raise UnlikeError("a list")
    or_none = a.or_none or b.or_none
    if NOTHING in (a.item, b.item):
        return replace(b if a.item == NOTHING else a, or_none=or_none)
    for list_, other in ((a, b), (b, a)):
        if isinstance(list_.item, Pointer) and other.item == UNKNOWN:
            # Nothing has been put into the other so far.
            return replace(list_, or_none=or_none)
    return List(join(a.item, b.item, fresh), or_none=or_none)


def _joined_class(a: type, b: type) -> type:
    """What one tuple or another is: a plain one, unless a class of either says something else of what all tuples do."""
    if a is b:
        return a
    for cls in (a, b):
        if any(getattr(cls, name, None) is not getattr(tuple, name, None) for name in _OF_TUPLES):
            raise UnsupportedError(f"a {cls.__name__} meets a tuple of another class in one name or list", None)
    return tuple


_OF_TUPLES = (
    *("__add__", "__radd__", "__mul__", "__rmul__", "__getitem__", "__iter__", "__contains__", "__len__", "__bool__"),
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__", "index", "count"),
)
"""What is done with tuples of any class."""


def _may_be_none(t: Type) -> bool:
    return isinstance(t, Maybe) or t == NONE


_NUMBERS = (PyScalar, NpScalar)


class UnlikeError(UnsupportedError):
    """One name or list stands for things that no type covers."""

    def __init__(self, what: str):
        message = f"{what} meets something of another kind in one name or list"
        super().__init__(message, None, "use another name for one of them")


class MeetingError(UnsupportedError):
    """One name or list stands for objects that are in different pools so far.

    Attributes:
        pools: these.
    """

    def __init__(self, *pools: Any):
        super().__init__(f"{' and '.join([pool.what for pool in pools])} meet in one name or list", None)
        self.pools = pools


def _join_pointers(a: Type, b: Type) -> Type:
    """The type of one place or another, or of none."""
    place, other = (a, b) if isinstance(a, Pointer) else (b, a)
    assert isinstance(place, Pointer)
    if other == NONE or (isinstance(other, Pointer) and other.pool is place.pool):
        return replace(place, or_none=place.or_none or getattr(other, "or_none", True))
    if isinstance(other, Pointer):
        raise MeetingError(place.pool, other.pool)
    raise UnlikeError("an object")


def _join_extents(a: Type, b: Type, fresh: str) -> Extent:
    """The extent of one or the other; that of a number only where neither can be written in place."""
    extent = extent_of(a)
    if extent is None or extent != extent_of(b):
        return frozenset([fresh])
    return extent if extent or (is_scalar(a) and is_scalar(b)) else frozenset([()])


def _join_axis(a: Axis, b: Axis, fresh: str) -> Axis:
    if same_length(a, b):
        return Dim(a.name, a.offset, a.not_one and b.not_one) if isinstance(a, Dim) and isinstance(b, Dim) else a
    return Dim(fresh, 0, not (may_be_one(a) or may_be_one(b)))


def hold(record: Record, items: tuple[Type, ...], fresh: str) -> bool:
    """Makes the items of a tuple cover these types too; whether that changed anything."""
    known = record.items or items
    joined = tuple(
        [
            a if b == NOTHING else b if a == NOTHING else join(a, b, f"{fresh}.{k}")
            for k, (a, b) in enumerate(zip(known, items, strict=True))
        ]
    )
    changed = joined != record.items
    object.__setattr__(record, "items", joined)
    return changed
