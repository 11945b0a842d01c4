"""Integers that are the same in every turn of a loop are computed before it: bounds, places, lengths.

for t in range(steps):                      stop = n - 1
    for i in range(1, n - 1): ...     ->    for t in range(steps):
                                                for i in range(1, stop): ...
"""

from __future__ import annotations

from srcgrad.analysis.alias import is_pointer
from srcgrad.analysis.memory import only_metadata
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, Const, Function, Loop, Op, Region, Value
from srcgrad.ir.types import PyScalar
from srcgrad.transform.simplify import is_removable, is_removable_purely


def hoist_integers(function: Function) -> None:
    """Moves what is computed of integers and shapes alone out of all loops, where it depends on none of them."""
    _hoist(function.body)


def _hoist(region: Region) -> None:
    ops: list[Op] = []
    for op in region.ops:
        if isinstance(op, Loop):
            moved = _taken_out(op.body, op.body, set())
            for inner in moved:
                inner.parent = region
            ops += moved
        else:
            for inner_region in op.regions:
                _hoist(inner_region)
        ops.append(op)
    region.ops = ops


def _taken_out(body: Region, outermost: Region, outputs: set[Value]) -> list[Op]:
    """Removes what the outermost loop need not compute from the body of a loop, and from those of the loops in it."""
    moved: list[Op] = []
    kept: list[Op] = []
    for op in body.ops:
        if _is_of_integers(op) and all(v in outputs or not _is_made_in(v, outermost) for v in op.inputs):
            moved.append(op)
            outputs.update(op.outputs)
            continue
        if isinstance(op, Loop):
            moved += _taken_out(op.body, outermost, outputs)
        kept.append(op)
    body.ops = kept
    return moved


def _is_made_in(value: Value, body: Region) -> bool:
    return not isinstance(value, Const) and is_inside(value.owner, body)


def _is_of_integers(op: Op) -> bool:
    """Whether a call gives an integer, and does nothing else: it can't even raise."""
    if not isinstance(op, Call) or op.unpacks or len(op.outputs) != 1 or not op.inputs:
        return False
    t = op.outputs[0].type
    if not isinstance(t, PyScalar) or t.kind != "i" or not is_removable(op) or not is_removable_purely(op):
        return False
    return only_metadata(op) or all(isinstance(v.type, PyScalar) and not is_pointer(v.type) for v in op.inputs)
