"""Totals that start from a plain number and become arrays: which shape they have wherever it matters.

Before -> after, for `total = 0; for row in m: total = total + row`: in the reverse sweep the cotangent of `total` was
fitted to `total`, which is a number in the first turn and was kept on a tape for that; as nobody asks for the cotangent
of that number, it is handed on as it is.
"""

from __future__ import annotations

import operator

from srcgrad.analysis.activity import Activity
from srcgrad.ir.nodes import Call, If, Loop, Region, Value
from srcgrad.ir.types import Array, Axis, extent_of, is_scalar, same_length, shape_of
from srcgrad.rules.registry import hashable

_SUMS = frozenset([operator.add, operator.sub, operator.iadd, operator.isub])
_SCALED = frozenset([operator.neg, operator.mul, operator.truediv])


def is_active_array(activity: Activity, value: Value) -> bool:
    """Whether a value is an array wherever it is active: a plain number that arrays are added to, for example."""
    pending, seen = [value], {value}
    while pending:
        current = pending.pop()
        if not activity.active(current) or _added_shape(current):
            continue
        sources = _handed_on(current)
        if not sources:
            return False
        pending += [v for v in sources if v not in seen]
        seen.update(sources)
    return True


def grown_shape(activity: Activity, value: Value) -> tuple[Axis, ...] | None:
    """The one shape that a value has wherever it is active, and where it has axes at all; None if that is not known."""
    found: tuple[Axis, ...] | None = None
    pending, seen = [value], {value}
    while pending:
        current = pending.pop()
        if is_scalar(current.type):
            if activity.active(current):
                return None
            continue
        shape, sources = _added_shape(current), _handed_on(current)
        if not shape and not sources:
            return None
        if shape and found is not None and not _is_same(shape, found):
            return None
        found = shape or found
        pending += [v for v in sources if v not in seen]
        seen.update(sources)
    return found if found and all(isinstance(axis, int) or axis.stable for axis in found) else None


def keeps_shape(activity: Activity, value: Value, op: Call) -> bool:
    """Whether the sum of a value and something else has the shape of the value wherever that is active."""
    if not _is_call(op, _SUMS):
        return False
    shape = grown_shape(activity, value)
    return shape is not None and all(v is value or _is_same(shape_of(v.type), shape) for v in op.inputs)


def has_grown_to(activity: Activity, cotangent: Value, value: Value) -> bool:
    """Whether a cotangent has the full shape that a value has wherever it is active."""
    shape = grown_shape(activity, value)
    return shape is not None and (
        _is_same(shape_of(cotangent.type), shape) or shape in (extent_of(cotangent.type) or ())
    )


def _added_shape(value: Value) -> tuple[Axis, ...] | None:
    """The shape of an array with axes, or of one that something else is added to."""
    operands = value.owner.inputs if _is_call(value.owner, _SUMS) else []
    return next((v.type.shape for v in (value, *operands) if isinstance(v.type, Array) and v.type.shape), None)


def _handed_on(value: Value) -> list[Value]:
    """What a branch, a loop or arithmetic makes a value of, without numbers and arrays; nothing for anything else."""
    op = value.owner.parent if isinstance(value.owner, Region) else value.owner
    if isinstance(op, If):
        return [region.results[op.outputs.index(value)] for region in op.regions]
    if isinstance(op, Loop):
        places = [k for k, v in enumerate(op.carried) if v is value]
        places += [k for k, v in enumerate(op.carried_outputs) if v is value]
        return [v for k in places for v in (op.inits[k], op.carried_results[k])]
    others = [v for v in op.inputs if not is_scalar(v.type)] if _is_call(op, _SUMS | _SCALED) else []
    if _is_call(op, _SUMS):
        return [v for v in others if not isinstance(v.type, Array)]
    return others if len(others) == 1 else []


def _is_call(op: object, fns: frozenset) -> bool:
    return isinstance(op, Call) and hashable(op.fn) and op.fn in fns


def _is_same(a: tuple[Axis, ...] | None, b: tuple[Axis, ...]) -> bool:
    return a is not None and len(a) == len(b) and all(map(same_length, a, b))
