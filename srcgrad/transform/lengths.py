"""Lengths that writes prove equal: what is written to `x[i]` broadcasts to its shape.

Before -> after, for `t = a * b; x[1:-1] = t`, where `a` is as long as `x[1:-1]` and `b` of a length of its own: the
result of a broadcast that fits where one of its operands fits has the length of that operand, so that `t` is known to
be as long as `x[1:-1]`, and no cotangent that reaches it needs to be summed.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field

from srcgrad.analysis.memory import ITEM_UPDATES, written
from srcgrad.ir.nodes import Call, Function, Region, Value, walk
from srcgrad.ir.types import Array, Axis, Dim, may_be_one, same_length, shape_of
from srcgrad.rules.dims import alternatives, shift, token
from srcgrad.rules.registry import IN_PLACE
from srcgrad.rules.result_types import result_type


def refine_lengths(function: Function) -> None:
    """Gives the values of each region the lengths that the writes of that region require."""
    for region in [function.body, *[r for op in walk(function.body) for r in op.regions]]:
        facts = _Facts()
        for op in region.ops:
            if isinstance(op, Call) and written(op) is not None:
                _learn(op, facts)
        if facts.equal or facts.fits:
            _apply(region, facts)


@dataclass(slots=True)
class _Facts:
    """What the writes of a region require.

    Attributes:
        equal: the name of a length -> the length it is equal to.
        fits: what has the first length broadcasts to the second: it is as long, or has length 1.
    """

    equal: dict[str, Axis] = field(default_factory=dict)
    fits: dict[tuple[str, str], Axis] = field(default_factory=dict)


def _learn(op: Call, facts: _Facts) -> None:
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
        if same_length(axis, required):
            continue
        facts.fits[token(axis), token(required)] = required
        if isinstance(axis, Dim) and not axis.offset and token(required) in alternatives(axis):
            facts.equal.setdefault(axis.name, required)


def _apply(region: Region, facts: _Facts) -> None:
    values = [*region.args, *[o for op in region.ops for o in op.outputs]]
    for op in walk(region):
        values += op.outputs
        values += [arg for inner in op.regions for arg in inner.args]
    for value in values:
        if isinstance(value.type, Array) and value.type.shape is not None:
            shape = tuple([_refined(axis, facts) for axis in value.type.shape])
            if shape != value.type.shape:
                value.type = Array(value.type.dtype, shape)


def _refined(axis: Axis, facts: _Facts) -> Axis:
    if not isinstance(axis, Dim):
        return axis
    known = facts.equal.get(axis.name) or _of_broadcast(axis, facts)
    if known is None:
        return axis
    found = shift(known, axis.offset)
    if found is None:
        return axis
    if axis.offset == 0 and isinstance(found, Dim) and may_be_one(found) and not may_be_one(axis):
        return Dim(found.name, found.offset, True)
    return found


def _of_broadcast(axis: Dim, facts: _Facts) -> Axis | None:
    """The length of a broadcast of two operands one of which is known to broadcast to the other."""
    parts = alternatives(Dim(axis.name))
    if len(parts) != 2:
        return None
    a, b = parts
    found = facts.fits.get((a, b))
    return facts.fits.get((b, a)) if found is None else found
