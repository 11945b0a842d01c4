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
from dataclasses import dataclass, field
from typing import Any

from srcgrad.analysis.memory import ITEM_UPDATES
from srcgrad.analysis.ranges import is_in_axis
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, Const, For, Function, Op, Region, Value, walk
from srcgrad.ir.types import INT, UNKNOWN, Array, Axis, NpScalar, PyScalar, Type
from srcgrad.jit import helpers
from srcgrad.rules.registry import hashable
from srcgrad.rules.result_types import result_type

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
        bounds = (loop.start, loop.stop, *offsets, _length(loop, reads.array, reads.axis))
        _insert(loop, helpers.check_indices, bounds, None)
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
    """Whether a subscript has numbers and slices only, each for an axis that is known."""
    shape = op.args[0].type.shape
    parts = _parts(op)
    if shape is None or len(parts) > len(shape):
        return False
    return all(isinstance(part, slice) or _is_whole(part) or _is_integer(part) for part in parts)


def _is_whole(part: Any) -> bool:
    return isinstance(part, Const) and (isinstance(part.value, slice) or (part.value is Ellipsis))


def _is_integer(part: Any) -> bool:
    if isinstance(part, Const):
        return type(part.value) is int
    if isinstance(part, Value) and isinstance(part.type, NpScalar):
        return part.type.dtype.kind in "iu"
    return isinstance(part, Value) and isinstance(part.type, PyScalar) and part.type.kind == "i"


def _check(op: Call, before_loops: dict[tuple[For, Axis], _Reads]) -> None:
    x, parts = op.args[0], _parts(op)
    if any(isinstance(part, Const) and part.value is Ellipsis for part in parts):
        return
    checked = list(parts)
    for k, part in enumerate(parts):
        if not _is_integer(part) or is_in_axis(part, x.type.shape[k]):
            continue
        found = _affine(part, op, x)
        if found is None:
            checked[k] = _insert(op, helpers.index_in, (part, _length(op, x, k)), INT)
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


def _length(op: Op, x: Value, k: int) -> Value:
    """The length of an axis, asked for before an operation."""
    assert isinstance(x.type, Array) and x.type.shape is not None
    known = x.type.shape[k]
    if isinstance(known, int):
        return Const(known)
    t = PyScalar("i", known)
    if k == 0:
        return _insert(op, len, (x,), t)
    shape = _insert(op, getattr, (x, Const("shape")), result_type(getattr, (x, Const("shape")), {}, "shape"))
    return _insert(op, operator.getitem, (shape, Const(k)), t)


def _insert(op: Op, fn: Any, args: tuple, t: Type | None) -> Value:
    """Puts a call before an operation; what it gives, if it gives something."""
    region = op.parent
    assert isinstance(region, Region)
    out = Value(t or UNKNOWN, None, op.span)
    call = Call(fn, args, {}, [] if t is None else [out], op.span)
    call.mirror, call.parent = op.mirror, region
    region.ops.insert(region.ops.index(op), call)
    return out
