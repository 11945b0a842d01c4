"""Bounds of arrays: what an index is not known to respect is checked, so that compiled code need not check the rest.

Before -> after: `x[k]` -> `x[index_in(k, len(x))]`, unless `k` is known to be an index of `x`, as in
`for k in range(len(x))`. What all turns of a loop read is checked once, before it:

    for k in range(n):                           check_indices(0, n, -1, 1, len(x))
        y += x[k - 1] + x[k + 1]                 for k in range(n):
                                                     y += x[k - 1] + x[k + 1]

So is what all turns of several loops read, and an index that is the same in all of them.

The reverse sweep is checked as the forward sweep is: where it reads the same again, the forward sweep may be gone.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from srcgrad.analysis.memory import ITEM_UPDATES
from srcgrad.analysis.ranges import is_in_axis
from srcgrad.ir.flow import has_turns, is_inside
from srcgrad.ir.nodes import Call, Const, For, Function, If, Op, Region, Value, walk
from srcgrad.ir.types import BOOL, INT, Array, NpScalar, PyScalar
from srcgrad.jit import helpers
from srcgrad.jit.lengths import length_of
from srcgrad.jit.pointwise import Writer
from srcgrad.rules.registry import hashable

_SUBSCRIPTED = frozenset([operator.getitem, operator.setitem, *ITEM_UPDATES])


def check_bounds(function: Function) -> bool:
    """Has the indices checked that may lie outside.

    Args:
        function: it is changed.

    Returns:
        Whether no other index can lie outside. If not, all of them have to be checked: there are arrays of indices, or
        arrays of which the number of axes is not known.
    """
    calls = [op for op in walk(function.body) if isinstance(op, Call) and hashable(op.fn) and op.fn in _SUBSCRIPTED]
    subscripts = [op for op in calls if op.args and isinstance(op.args[0].type, Array)]
    if not all(map(_is_simple, subscripts)):
        return False
    before_loops: dict[Any, _Reads] = {}
    for op in subscripts:
        _check(op, before_loops)
    loops: dict[For, list[_Reads]] = {}
    for reads in before_loops.values():
        loops.setdefault(reads.way[0], []).append(reads)
    for loop, found in loops.items():
        _check_before(loop, found)
    return True


@dataclass(slots=True)
class _Reads:
    """What all turns of a loop read and write along an axis.

    Attributes:
        way: the loop, and those in it that lead there.
        array, axis: of what.
        first: the index is as much more than this number, or than the number of the turn if it is None.
        base: what the number of the turn is added to, if there is anything.
        offsets: how much more.
    """

    way: list[For]
    array: Value
    axis: int
    first: Value | None
    base: Value | None = None
    offsets: list[int] = field(default_factory=list)


def _check_before(loop: For, found: list[_Reads]) -> None:
    """Checks all that is read and written in the turns of a loop, where they come to it at all."""
    guarded: dict[tuple, list[_Reads]] = {}
    for reads in found:
        guarded.setdefault(_guards(reads), []).append(reads)
    with _before(loop) as writer:
        for guards, same in guarded.items():
            inner = writer
            for start, stop in guards:
                then = Region()
                condition = inner.call(operator.lt, _number(start), _number(stop), type=BOOL)
                inner.add(If(condition, then, Region(), []))
                inner = Writer(then, loop)
            for reads in same:
                _write_check(reads, inner)


def _guards(reads: _Reads) -> tuple:
    """What has to be less than what, for the loops to have turns; the check itself asks for those that it is of."""
    loop = reads.way[0]
    guards: dict[tuple, None] = {}
    for inner in reads.way:
        if not has_turns(inner) and not (reads.first is None and _has_bounds_of(inner, loop)):
            bounds = (inner.start, inner.stop) if inner.step.value > 0 else (inner.stop, inner.start)  # type: ignore[attr-defined]
            guards[tuple(v.value if isinstance(v, Const) else v for v in bounds)] = None
    return tuple(guards)


def _number(v: Any) -> Value:
    return v if isinstance(v, Value) else Const(v)


def _write_check(reads: _Reads, writer: Writer) -> None:
    if reads.base is not None:
        bounds = tuple(_sum(reads.base, v, writer) for v in (reads.way[0].start, reads.way[0].stop))
    elif reads.first is None:
        bounds = reads.way[0].start, reads.way[0].stop
    elif isinstance(reads.first, Const):
        bounds = reads.first, Const(reads.first.value + 1)
    else:
        bounds = reads.first, writer.call(operator.add, reads.first, Const(1), type=INT)
    length = length_of(writer, reads.array, reads.axis)
    writer.effect(helpers.check_indices, *bounds, Const(min(reads.offsets)), Const(max(reads.offsets)), length)


def _sum(a: Value, b: Value, writer: Writer) -> Value:
    return a if isinstance(b, Const) and b.value == 0 else writer.call(operator.add, a, b, type=INT)


def _parts(op: Call) -> tuple:
    index = op.args[1]
    return index if isinstance(index, tuple) else (index,)


def _is_simple(op: Call) -> bool:
    """Whether a subscript has numbers and slices only, each for an axis that is known, or takes all there is."""
    shape = op.args[0].type.shape
    parts = _parts(op)
    if shape is None or len([part for part in parts if not _is_new_axis(part)]) > len(shape):
        return False
    if len(parts) == 1 and isinstance(parts[0], Const) and parts[0].value is Ellipsis:
        return True
    return all(isinstance(part, slice) or _is_new_axis(part) or _is_slice(part) or _is_integer(part) for part in parts)


def _is_new_axis(part: Any) -> bool:
    return isinstance(part, Const) and part.value is None


def _is_slice(part: Any) -> bool:
    return isinstance(part, Const) and isinstance(part.value, slice)


def _is_integer(part: Any) -> bool:
    if isinstance(part, Const):
        return type(part.value) is int
    if isinstance(part, Value) and isinstance(part.type, NpScalar):
        return part.type.dtype.kind in "iu"
    return _is_python_integer(part)


def _is_python_integer(part: Any) -> bool:
    return isinstance(part, Value) and isinstance(part.type, PyScalar) and part.type.kind == "i"


def _check(op: Call, before_loops: dict[Any, _Reads]) -> None:
    x, parts = op.args[0], _parts(op)
    checked = list(parts)
    for place, part in enumerate(parts):
        k = place - sum(map(_is_new_axis, parts[:place]))
        if not _is_integer(part) or is_in_axis(part, x.type.shape[k]):
            continue
        found = _affine(part, op, x) or _fixed(part, op, x)
        if found is None:
            with _before(op) as writer:
                checked[place] = writer.call(helpers.index_in, part, length_of(writer, x, k), type=INT)
        else:
            way, first, base, offset = found
            start = first.value if isinstance(first, Const) else first
            key = (*way, start, base, x.type.shape[k])
            before_loops.setdefault(key, _Reads(way, x, k, first, base)).offsets.append(offset)
    if any(a is not b for a, b in zip(checked, parts, strict=True)):
        index = tuple(checked) if isinstance(op.args[1], tuple) else checked[0]
        op.args = (x, index, *op.args[2:])


_Found = tuple[list[For], Value | None, Value | None, int]
"""The way through loops, where the indices start if that is no number of a turn, what else is added, and how much."""


def _affine(part: Value, op: Call, x: Value) -> _Found | None:
    """A loop that runs an operation in each turn, and what an index is more than the number of the turn."""
    offset, base, owner = 0, None, part.owner
    if isinstance(owner, Call) and owner.fn in (operator.add, operator.sub) and isinstance(owner.args[1], Const):
        by = owner.args[1].value
        if type(by) is not int:
            return None
        offset = by if owner.fn is operator.add else -by
        part = owner.args[0]
        owner = part.owner
    if isinstance(owner, Call) and owner.fn is operator.add and all(map(_is_python_integer, owner.args)):
        a, b = owner.args
        base, part = (a, b) if _loop_of(b) is not None else (b, a)
    loop = _loop_of(part)
    if loop is None or not _counts_up(loop) or is_inside(x.owner, loop.body):
        return None
    if base is not None and not isinstance(base, Const) and is_inside(base.owner, loop.body):
        return None
    way = _way(op, loop)
    if way is None:
        return None
    return _widened(way, x) if base is None else way, None, base, offset


def _loop_of(part: Value) -> For | None:
    """The loop that an integer is the number of the turn of."""
    loop = part.owner.parent if isinstance(part.owner, Region) else None
    return loop if isinstance(loop, For) and part is loop.index else None


def _widened(way: list[For], x: Value) -> list[For]:
    """With the loops around that have the same bounds: their turns are numbered alike."""
    while True:
        region = way[0].parent
        around = region.parent if region is not None else None
        if not isinstance(around, For) or around.exits:
            return way
        if not _has_bounds_of(way[0], around) or is_inside(x.owner, around.body):
            return way
        way = [around, *way]


def _fixed(part: Value, op: Call, x: Value) -> _Found | None:
    """The outermost loop of those that have the same bounds, run an operation in each turn, and know its index."""
    found: list[For] | None = None
    loop = op.parent.parent if op.parent is not None else None
    while isinstance(loop, For):
        way = None if is_inside(part.owner, loop.body) or is_inside(x.owner, loop.body) else _way(op, loop)
        if way is None or not all(_has_bounds_of(inner, loop) for inner in way):
            break
        found, loop = way, loop.parent.parent if loop.parent is not None else None
    if found is None or not _is_python_integer(part):
        return None
    if isinstance(part, Const):
        # Several constants are checked at once.
        return found, Const(0), None, part.value
    return found, part, None, 0


def _way(op: Call, outermost: For) -> list[For] | None:
    """The loops that lead to an operation; None if some turn of the outermost one may go without it."""
    way: list[For] = []
    region = op.parent
    while True:
        loop = region.parent if region is not None else None
        if not isinstance(loop, For) or loop.exits:
            return None
        way.insert(0, loop)
        if loop is outermost:
            return way
        bounds = (loop.start, loop.stop)
        known = not any(is_inside(v.owner, outermost.body) for v in bounds)
        if not known or not isinstance(loop.step, Const) or type(loop.step.value) is not int:
            return None
        region = loop.parent


def _counts_up(loop: For) -> bool:
    return isinstance(loop.step, Const) and loop.step.value == 1


def _has_bounds_of(loop: For, other: For) -> bool:
    """Whether a loop has turns if another one has."""
    same = [
        a is b or (isinstance(a, Const) and isinstance(b, Const) and a.value == b.value)
        for a, b in zip((loop.start, loop.stop, loop.step), (other.start, other.stop, other.step), strict=True)
    ]
    return all(same)


@contextmanager
def _before(op: Op) -> Iterator[Writer]:
    """Writes operations that go before another one."""
    written, region = Region(), op.parent
    assert region is not None
    yield Writer(written, op)
    place = region.ops.index(op)
    region.ops[place:place] = written.ops
    for new in written.ops:
        new.parent = region
