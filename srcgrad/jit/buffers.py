"""Arrays that each turn of a loop fills anew are allocated once, before the loop.

Before -> after, where nothing keeps `t` beyond a turn:

    for k in range(n):              t = np.empty_like(x)
        t = np.empty_like(x)        for k in range(n):
        for i in range(len(x)):         for i in range(len(x)):
            t[i] = ...                      t[i] = ...
"""

from __future__ import annotations

import operator
from collections.abc import Iterable

import numpy as np

from srcgrad.analysis.memory import ITEM_UPDATES, is_view, only_metadata
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, Const, Function, Loop, Op, Region, Value, references, walk
from srcgrad.ir.types import Array, Axis, Dim, is_scalar
from srcgrad.jit.lengths import Facts, Lengths
from srcgrad.jit.pointwise import Writer
from srcgrad.rules.registry import IN_PLACE, hashable
from srcgrad.transform.cotangents import is_fresh


def hoist_buffers(function: Function) -> None:
    """Allocates arrays before the loops that fill them."""
    users: dict[Value, list[Op | None]] = {}
    regions = [function.body, *(r for op in walk(function.body) for r in op.regions)]
    for region in regions:
        for value in region.results:
            users.setdefault(value, []).append(None)
    for op in walk(function.body):
        for value in op.inputs:
            users.setdefault(value, []).append(op)
    # Inner loops first, so that an array may leave several.
    for region in reversed(regions):
        made: list[Op] = []
        for op in region.ops:
            if isinstance(op, Loop):
                made += _taken_out(op, users)
            made.append(op)
        region.ops = made
        for op in made:
            op.parent = region


def _taken_out(loop: Loop, users: dict[Value, list[Op | None]]) -> list[Op]:
    """The allocations that can stand before a loop, and what they need."""
    before = Region()
    arrays: list[Value] | None = None
    for op in list(loop.body.ops):
        if not isinstance(op, Call) or not _is_allocation(op) or _is_kept(op.outputs[0], users):
            continue
        if arrays is None:
            arrays = [v for v in references(loop) if _is_outside(v, loop)]
        if not (op.fn is np.empty_like and op.args[0] in arrays) and not _measure_outside(op, arrays, before):
            continue
        loop.body.ops.remove(op)
        before.append(op)
    return before.ops


def _is_outside(value: Value, loop: Loop) -> bool:
    known = isinstance(value.type, Array) and value.type.shape is not None
    return known and not isinstance(value, Const) and not any(is_inside(value.owner, r) for r in loop.regions)


def _measure_outside(op: Call, arrays: list[Value], before: Region) -> bool:
    """Makes an allocation one by lengths that are known before a loop; whether it can be."""
    t = op.outputs[0].type
    assert isinstance(t, Array) and t.shape is not None and t.dtype is not None
    lengths = Lengths(Facts(), arrays)
    if (len(t.shape) > 1 and op.fn is np.empty_like) or not all(map(_is_fixed, t.shape)):
        # What is like an array of the loop is in its order.
        return False
    if None in map(lengths.measured, t.shape):
        return False
    writer = Writer(before, op)
    sizes = tuple([lengths.exact(writer, axis) for axis in t.shape])
    dtype = () if t.dtype == np.dtype(float) else (Const(t.dtype.type),)
    op.fn, op.args = np.empty, (sizes[0] if len(sizes) == 1 else sizes, *dtype)
    return True


def _is_allocation(op: Op) -> bool:
    return isinstance(op, Call) and hashable(op.fn) and op.fn in (np.empty, np.empty_like) and not op.kwargs


def _is_fixed(axis: Axis) -> bool:
    """Whether a length is the same in each turn."""
    return not isinstance(axis, Dim) or axis.stable


def _is_kept(value: Value, users: dict[Value, list[Op | None]]) -> bool:
    """Whether anything but the operations that use it now may see an array later."""
    pending = [value]
    for name in pending:
        for user in users.get(name, ()):
            if not isinstance(user, Call) or not hashable(user.fn):
                return True
            if only_metadata(user) or _writes_elements(user, name) or _only_computes(user.outputs):
                continue
            if not is_view(user) or user.args[0] is not name:
                return True
            pending += [o for o in user.outputs if o not in pending]
    return False


def _writes_elements(op: Call, value: Value) -> bool:
    """Whether an operation writes elements of an array, or copies those of another one into it."""
    writes = op.fn is operator.setitem or op.fn in ITEM_UPDATES or op.fn in IN_PLACE
    return writes and not op.outputs and bool(op.args) and isinstance(getattr(op.args[0], "type", None), Array)


def _only_computes(outputs: Iterable[Value]) -> bool:
    found = list(outputs)
    return bool(found) and all(is_scalar(o.type) or is_fresh(o) for o in found)
