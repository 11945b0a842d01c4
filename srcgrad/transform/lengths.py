"""Lengths that writes prove equal: what is written to `x[i]` broadcasts to its shape.

Before -> after, for `t = a * b; x[1:-1] = t`, where `a` is as long as `x[1:-1]` and `b` of a length of its own: the
result of a broadcast that fits where one of its operands fits has the length of that operand, so that `t` is known to
be as long as `x[1:-1]`, and no cotangent that reaches it needs to be summed.
"""

from __future__ import annotations

import operator

from srcgrad.analysis.memory import IN_PLACE, ITEM_UPDATES, written
from srcgrad.ir.nodes import Call, Function, Region, Value, walk
from srcgrad.ir.types import Array, Axis, Dim, may_be_one, shape_of
from srcgrad.rules.dims import alternatives, shift, token
from srcgrad.rules.result_types import result_type


def refine_lengths(function: Function) -> None:
    """Gives the values of each region the lengths that the writes of that region require."""
    for region in [function.body, *[r for op in walk(function.body) for r in op.regions]]:
        facts: dict[str, Axis] = {}
        for op in region.ops:
            if isinstance(op, Call) and written(op) is not None:
                _learn(op, facts)
        if facts:
            _apply(region, facts)


def _learn(op: Call, facts: dict[str, Axis]) -> None:
    if op.fn is operator.setitem or op.fn in ITEM_UPDATES:
        x, index, value = op.args
        target = result_type(operator.getitem, (x, index), {}, "length")
    elif op.fn in IN_PLACE:
        value, target = op.args[1], op.args[0].type
    else:
        return
    source = shape_of(value.type) if isinstance(value, Value) else None
    whole = shape_of(target)
    if not source or whole is None or len(source) > len(whole):
        return
    for axis, required in zip(source, whole[len(whole) - len(source) :], strict=True):
        if not isinstance(axis, Dim) or axis.offset or axis.name in facts:
            continue
        parts = alternatives(axis)
        if len(parts) > 1 and token(required) in parts:
            facts[axis.name] = required


def _apply(region: Region, facts: dict[str, Axis]) -> None:
    values = [*region.args, *[o for op in region.ops for o in op.outputs]]
    for op in walk(region):
        values += op.outputs
        values += [arg for inner in op.regions for arg in inner.args]
    for value in values:
        if isinstance(value.type, Array) and value.type.shape is not None:
            shape = tuple([_refined(axis, facts) for axis in value.type.shape])
            if shape != value.type.shape:
                value.type = Array(value.type.dtype, shape)


def _refined(axis: Axis, facts: dict[str, Axis]) -> Axis:
    known = facts.get(axis.name) if isinstance(axis, Dim) else None
    if known is None:
        return axis
    assert isinstance(axis, Dim)
    found = shift(known, axis.offset)
    if found is None:
        return axis
    if axis.offset == 0 and isinstance(found, Dim) and may_be_one(found) and not may_be_one(axis):
        return Dim(found.name, found.offset, True)
    return found
