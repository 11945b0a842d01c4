"""Which elements an operation reads or writes, and whether what loops write later are certainly others.

for i in range(1, n):
    x[i] = x[i - 1] * r             # what is read is written in no later turn: it stands when the loop is over

A place is told by the leading numbers and slices of a subscript, as linear forms of the indices of loops and of other
integers. Two places are apart if they are along one of their axes.
"""

from __future__ import annotations

import operator
from collections import Counter
from dataclasses import dataclass
from typing import Any

from srcgrad.analysis.memory import ITEM_UPDATES, is_allocation, is_view
from srcgrad.analysis.ranges import range_of
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, Const, For, Loop, Op, Region, Value
from srcgrad.ir.types import Array, Dim, PyScalar

_DEEPEST = 8
_LATER = object()
"""Stands for how many turns later a write is than a read: at least 1."""

Key = tuple[Any, bool]
"""A number, or the name of a length, and whether it is that of the turn of the write, where that is another one."""
Terms = dict[Key, int]


@dataclass(frozen=True, slots=True)
class Form:
    """A sum of multiples of integers."""

    terms: tuple[tuple[Any, int], ...]
    constant: int


@dataclass(frozen=True, slots=True)
class Part:
    """What a subscript takes along an axis: from `low` on, up to but not with `end`; None: up to the end."""

    low: Form
    end: Form | None


@dataclass(frozen=True, slots=True)
class Place:
    """The part of an array that an operation reads or writes: no index counts from the end."""

    base: Value
    parts: tuple[Part | None, ...]


def place_read(pointer: Value, op: Op) -> Place | None:
    """The place that an operation reads through a pointer, None if it may be anywhere."""
    own = op.args[1] if isinstance(op, Call) and op.fn is operator.getitem and op.args[0] is pointer else None
    return place_of(pointer, own)


def place_written(op: Op) -> Place | None:
    """The place that an operation writes, None if it may be anywhere."""
    if not isinstance(op, Call):
        return None
    by_index = op.fn is operator.setitem or op.fn in ITEM_UPDATES
    return place_of(op.args[0], op.args[1] if by_index else None)


def place_of(pointer: Any, index: Any) -> Place | None:
    """The place of a subscript, or the one that a pointer shows; the first subscript of the array itself tells."""
    while isinstance(pointer.owner, Call) and is_view(pointer.owner):
        view = pointer.owner
        if view.fn is not operator.getitem:
            return None
        pointer, index = view.args[0], view.args[1]
    if (
        not isinstance(pointer.type, Array)
        or index is None
        or not (isinstance(pointer.owner, Call) and is_allocation(pointer.owner))
    ):
        return None
    parts: list[Part | None] = []
    for item in index if isinstance(index, tuple) else (index,):
        if not (isinstance(item, slice) or _is_integer(item)):
            break
        parts.append(_part(item))
    return Place(pointer, tuple(parts)) if any(part is not None for part in parts) else None


def _is_integer(item: Any) -> bool:
    if isinstance(item, Const):
        return type(item.value) is int
    return isinstance(item, Value) and isinstance(item.type, PyScalar) and item.type.kind == "i"


def _part(item: Any) -> Part | None:
    """What a number or a slice takes; None if that is not known."""
    if not isinstance(item, slice):
        low = _from_front(item)
        return None if low is None else Part(low, Form(low.terms, low.constant + 1))
    step = item.step.value if isinstance(item.step, Const) else item.step
    start = Const(0) if _is_left_out(item.start) else item.start
    low = _from_front(start)
    if low is None or not (step is None or (type(step) is int and step > 0)):
        return None
    return Part(low, None if _is_left_out(item.stop) else _from_front(item.stop))


def _is_left_out(bound: Any) -> bool:
    return bound is None or (isinstance(bound, Const) and bound.value is None)


def _from_front(item: Any) -> Form | None:
    """An index that is certainly not negative, None for others."""
    if not _is_integer(item):
        return None
    known = range_of(item)
    if known.low is None or known.low < 0 or known.clamped:
        return None
    terms: Counter[Any] = Counter()
    constant = _collect(item, 1, terms, 0)
    return Form(tuple((key, n) for key, n in terms.items() if n), constant)


def _collect(value: Any, factor: int, terms: Counter[Any], depth: int) -> int:
    """Adds a multiple of an integer to the terms of a form; its constant part."""
    if isinstance(value, Const) and type(value.value) is int:
        return factor * value.value
    op = value.owner
    if isinstance(op, Call) and not op.kwargs and depth < _DEEPEST and all(map(_is_integer, op.args)):
        if op.fn in (operator.add, operator.sub):
            first = _collect(op.args[0], factor, terms, depth + 1)
            sign = 1 if op.fn is operator.add else -1
            return first + _collect(op.args[1], sign * factor, terms, depth + 1)
        if op.fn is operator.mul and any(isinstance(a, Const) for a in op.args):
            number, rest = op.args if isinstance(op.args[0], Const) else reversed(op.args)
            return _collect(rest, factor * number.value, terms, depth + 1)
    dim = value.type.dim if isinstance(value.type, PyScalar) else None
    is_length = isinstance(dim, Dim) and dim.offset == 0 and dim.stable
    terms[dim.name if is_length else value] += factor
    return 0


class Turns:
    """When a write comes after a read: in the same turns of all loops around both, or in a later turn of one of them.

    Attributes:
        loop: that loop; None for the same turns.
    """

    def __init__(self, loop: Loop | None):
        self.loop = loop

    def apart(self, read: Place, write: Place) -> bool:
        """Whether two places of one array have no element in common then."""
        if read.base is not write.base or self._differs(read.base):
            return False
        pairs = zip(read.parts, write.parts, strict=False)
        return any(a is not None and b is not None and self._parts_apart(a, b) for a, b in pairs)

    def _parts_apart(self, read: Part, write: Part) -> bool:
        if read.end is not None and self._at_least(write.low, True, read.end, False, 0):
            return True
        if write.end is not None and self._at_least(read.low, False, write.end, True, 0):
            return True
        return _is_number(read) and _is_number(write) and self._never_equal(read.low, write.low)

    def _never_equal(self, read: Form, write: Form) -> bool:
        """Whether a number of the write is another one than that of the read, however many turns later."""
        terms, constant = self._difference(write, True, read, False)
        if not terms:
            return constant != 0
        if list(terms) != [(_LATER, False)]:
            return False
        factor = terms[_LATER, False]
        return constant % factor != 0 or -constant // factor < 1

    def _at_least(self, a: Form, a_written: bool, b: Form, b_written: bool, least: int) -> bool:
        """Whether a form is certainly greater than another one by this, or more."""
        terms, constant = self._difference(a, a_written, b, b_written)
        for _ in range(_DEEPEST):
            if not terms:
                return constant >= least
            key = max(terms, key=_depth)
            bound = self._bound(key, terms.pop(key))
            if bound is None:
                return False
            constant += bound[1]
            for inner, n in bound[0].items():
                terms[inner] = terms.get(inner, 0) + n
            terms = {inner: n for inner, n in terms.items() if n}
        return False

    def _difference(self, a: Form, a_written: bool, b: Form, b_written: bool) -> tuple[Terms, int]:
        terms: Counter[Key] = Counter()
        for form, written, sign in ((a, a_written, 1), (b, b_written, -1)):
            for key, n in form.terms:
                self._add(key, sign * n, written, terms)
        return {key: n for key, n in terms.items() if n}, a.constant - b.constant

    def _add(self, number: Any, n: int, written: bool, terms: Counter[Key]) -> None:
        loop = self.loop
        if written and isinstance(loop, For) and number is loop.index and (step := _step(loop)):
            terms[number, False] += n
            terms[_LATER, False] += n * (-step if loop.backwards else step)
        else:
            terms[number, written and isinstance(number, Value) and self._differs(number)] += n

    def _differs(self, number: Value) -> bool:
        """Whether a value of the turn of the write may be another one than that of the turn of the read."""
        # In the same turns, what both know was there before them.
        return self.loop is not None and any(is_inside(number.owner, region) for region in self.loop.regions)

    def _bound(self, key: Key, n: int) -> tuple[Terms, int] | None:
        """What a multiple of a number is at least; None if that is not known."""
        number, written = key
        if number is _LATER:
            return ({}, n) if n > 0 else None
        if not isinstance(number, Value):
            # Lengths are not negative.
            return ({}, 0) if n > 0 else None
        loop = number.owner.parent if isinstance(number.owner, Region) else None
        if isinstance(loop, For) and number is loop.index and (step := _step(loop)):
            # The index of a loop lies between where it starts and where it stops.
            first = (n > 0) == (step > 0)
            edge: Counter[Any] = Counter()
            constant = _collect(loop.start if first else loop.stop, n, edge, 0)
            terms: Counter[Key] = Counter()
            for inner, m in edge.items():
                self._add(inner, m, written, terms)
            return dict(terms), constant + (0 if first else abs(n))
        low = range_of(number)
        return ({}, n * low.low) if n > 0 and low.low is not None and not low.clamped else None


def _is_number(part: Part) -> bool:
    return part.end is not None and part.end.terms == part.low.terms and part.end.constant == part.low.constant + 1


def _step(loop: For) -> int:
    """The step of a loop, 0 if it is not known."""
    return loop.step.value if isinstance(loop.step, Const) and type(loop.step.value) is int else 0


def _depth(key: Key) -> int:
    """In how many regions a number is defined: those of inner loops are bounded by those of outer ones."""
    number, count = key[0], 0
    owner = number.owner if isinstance(number, Value) else None
    region = owner if isinstance(owner, Region) else getattr(owner, "parent", None)
    while region is not None:
        count += 1
        region = region.parent.parent if region.parent is not None else None
    return count
