"""Bounds of arrays: what an index is not known to respect is checked, so that compiled code need not check the rest.

Before -> after: `x[k]` -> `x[index_in(k, len(x))]`, unless `k` is known to be an index of `x`, as in
`for k in range(len(x))`. What all turns of a loop read is checked once, before it:

    for k in range(n):                           check_indices(0, n, -1, 1, len(x))
        y += x[k - 1] + x[k + 1]                 for k in range(n):
                                                     y += x[k - 1] + x[k + 1]

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
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, Const, For, Function, Op, Region, Value, walk
from srcgrad.ir.types import INT, Array, Axis, NpScalar, PyScalar
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
    before_loops: dict[tuple[For, Axis], _Reads] = {}
    for op in subscripts:
        _check(op, before_loops)
    for (loop, _), reads in before_loops.items():
        offsets = Const(min(reads.offsets)), Const(max(reads.offsets))
        with _before(loop) as writer:
            length = length_of(writer, reads.array, reads.axis)
            writer.effect(helpers.check_indices, loop.start, loop.stop, *offsets, length)
    return True


@dataclass(slots=True)
class _Reads:
    """What a loop reads and writes along an axis: how much more than the number of the turn the indices are."""

    array: Value
    axis: int
    offsets: list[int] = field(default_factory=list)


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
    return isinstance(part, Value) and isinstance(part.type, PyScalar) and part.type.kind == "i"


def _check(op: Call, before_loops: dict[tuple[For, Axis], _Reads]) -> None:
    x, parts = op.args[0], _parts(op)
    checked = list(parts)
    for place, part in enumerate(parts):
        k = place - sum(map(_is_new_axis, parts[:place]))
        if not _is_integer(part) or is_in_axis(part, x.type.shape[k]):
            continue
        found = _affine(part, op, x)
        if found is None:
            with _before(op) as writer:
                checked[place] = writer.call(helpers.index_in, part, length_of(writer, x, k), type=INT)
        else:
            loop, offset = found
            before_loops.setdefault((loop, x.type.shape[k]), _Reads(x, k)).offsets.append(offset)
    if any(a is not b for a, b in zip(checked, parts, strict=True)):
        index = tuple(checked) if isinstance(op.args[1], tuple) else checked[0]
        op.args = (x, index, *op.args[2:])


def _affine(part: Value, op: Call, x: Value) -> tuple[For, int] | None:
    """A loop that runs an operation in each turn, and what an index is more than the number of the turn."""
    offset, owner = 0, part.owner
    if isinstance(owner, Call) and owner.fn in (operator.add, operator.sub) and isinstance(owner.args[1], Const):
        by = owner.args[1].value
        if type(by) is not int:
            return None
        offset = by if owner.fn is operator.add else -by
        part = owner.args[0]
        owner = part.owner
    loop = owner.parent if isinstance(owner, Region) else None
    if not isinstance(loop, For) or part is not loop.index or op.parent is not loop.body or loop.exits:
        return None
    steps = isinstance(loop.step, Const) and loop.step.value == 1
    return (loop, offset) if steps and not is_inside(x.owner, loop.body) else None


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
