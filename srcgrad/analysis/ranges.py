"""Between which numbers an integer lies: whether an index is certainly one of an axis.

for i in range(1, len(x) - 1):
    x[i - 1], x[i + 1]              # 0 <= i - 1 and i + 1 < len(x): neither can raise
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from typing import Any

from srcgrad.ir.nodes import Call, Const, For, Region, Value
from srcgrad.ir.types import Axis, Dim, PyScalar

_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers that an integer may be.

    Attributes:
        low: none is smaller; None if that is not known.
        end: all are smaller; None if that is not known.
        clamped: whether that holds only of numbers greater than 0: the length of what a slice left may be 0 where its
            type, "two less than the length of x", says -1.
        least: a symbol, and what it stands for at least where there is such a number: the loop it is the index of runs.
    """

    low: int | None = None
    end: Axis | None = None
    clamped: bool = False
    least: tuple[str, int] | None = None

    def shifted(self, by: int) -> Range:
        """The range of the integer plus another."""
        return replace(self, low=_plus(self.low, by), end=None if self.clamped else _plus(self.end, by))


def is_in_axis(index: Value, axis: Axis) -> bool:
    """Whether an integer is certainly an index of an axis of this length, negative ones included."""
    known = range_of(index)
    if known.low is None or known.end is None or known.clamped or not _at_most(known.end, axis):
        return False
    if known.low >= 0:
        return True
    if isinstance(axis, int):
        return -known.low <= axis
    return known.least is not None and known.least[0] == axis.name and -known.low <= known.least[1] + axis.offset


def is_positive(number: Value, given: Value) -> bool:
    """Whether an integer is certainly greater than 0 where another one is defined."""
    low, place = range_of(number).low, range_of(given)
    if low is not None and low > 0:
        return True
    dim = number.type.dim if isinstance(number.type, PyScalar) else None
    return (
        isinstance(dim, Dim)
        and place.least is not None
        and dim.name == place.least[0]
        and place.least[1] + dim.offset > 0
    )


def range_of(value: Value, depth: int = 0) -> Range:
    """What is known about an integer."""
    if isinstance(value, Const):
        number = value.value
        return Range(number, number + 1) if type(number) is int else Range()
    owner = value.owner
    if depth > _DEEPEST:
        return Range()
    if isinstance(owner, Region):
        loop = owner.parent
        return _index_range(loop, depth) if isinstance(loop, For) and value is loop.index else Range()
    known = Range()
    if isinstance(owner, Call) and not owner.kwargs and len(owner.args) == 2:
        known = _of_call(owner, depth)
        if known.end is not None:
            return known
    dim = value.type.dim if isinstance(value.type, PyScalar) else None
    if dim is None:
        return known
    return Range(0, _plus(dim, 1), clamped=isinstance(dim, Dim) and dim.offset < 0)


def _of_call(op: Call, depth: int) -> Range:
    a, b = op.args
    if op.fn is operator.add and isinstance(a, Const):
        a, b = b, a
    if op.fn in (operator.add, operator.sub) and isinstance(b, Const) and type(b.value) is int:
        return range_of(a, depth + 1).shifted(b.value if op.fn is operator.add else -b.value)
    if op.fn is operator.mod:
        divisor = range_of(b, depth + 1)
        # Of what is not negative and is no zero, which raises.
        if divisor.low is not None and divisor.low >= 0 and divisor.end is not None:
            return Range(0, _plus(divisor.end, -1))
    return Range()


def _index_range(loop: For, depth: int) -> Range:
    if not isinstance(loop.step, Const) or type(loop.step.value) is not int or loop.step.value == 0:
        return Range()
    start, stop = range_of(loop.start, depth + 1), range_of(loop.stop, depth + 1)
    if loop.step.value < 0:
        return _with_least(Range(_plus(stop.low, 1), None if start.clamped else start.end))
    if stop.clamped and (start.low is None or start.low < 0):
        return Range(start.low)
    return _with_least(Range(start.low, _plus(stop.end, -1)))


def _with_least(known: Range) -> Range:
    """With what the length is at least where there is a number in the range."""
    if known.low is None or not isinstance(known.end, Dim):
        return known
    return replace(known, least=(known.end.name, known.low + 1 - known.end.offset))


def _plus(a: Any, by: int) -> Any:
    if a is None:
        return None
    return a + by if isinstance(a, int) else Dim(a.name, a.offset + by)


def _at_most(end: Axis, axis: Axis) -> bool:
    if isinstance(end, Dim) and isinstance(axis, Dim):
        return end.name == axis.name and end.offset <= axis.offset
    return isinstance(end, int) and isinstance(axis, int) and end <= axis
