"""What follows for shapes from the value of a function being one number: what it was broadcast from are numbers too.

Before -> after, for `return w * x` with arguments of any kind: `w: ?[w]`, `w * x: ?[w x]` -> `w: ?[()]`, `w * x: ?[]`.
"""

from __future__ import annotations

from typing import Any

from srcgrad.ir.nodes import UNDEFINED, Call, Const, Function, If, Loop, Op, Region, Value
from srcgrad.ir.types import NUMBER, Extent, Unknown, broadcasts_to, extent_of
from srcgrad.rules.extents import is_elementwise, is_fresh_number

WITHOUT_AXES = Unknown(frozenset([()]))


def narrow(function: Function, result: Any) -> None:
    """Gives the values of a function that returns one number the types that follow from that."""
    if not isinstance(result, Value) or not extent_of(result.type):
        return
    facts: dict[Region, Extent] = {}
    facts[function.body] = _numbers(result, facts) or frozenset()
    _rewrite(function.body, frozenset(), facts)


def _numbers(value: Value, facts: dict[Region, Extent]) -> Extent | None:
    """The bases that are shapes of numbers where this value is one, None if control never gets there.

    Args:
        value: the number.
        facts: takes what holds in regions on the way to it only.
    """
    if isinstance(value, Const):
        return None if value.value is UNDEFINED else frozenset()
    found = extent_of(value.type) or frozenset()
    owner = value.owner
    if isinstance(owner, If):
        k = owner.outputs.index(value)
        sides = [_numbers(region.results[k], facts) for region in owner.regions]
        for region, side in zip(owner.regions, sides, strict=True):
            facts[region] = facts.get(region, frozenset()) | (side or frozenset())
        known = [side for side in sides if side is not None]
        return found | frozenset.intersection(*known) if known else found
    if isinstance(owner, Loop) and value in owner.carried_outputs:
        k = owner.carried_outputs.index(value)
        arg, end = owner.carried[k], owner.carried_results[k]
        if _spans(end, arg):
            # It only ever grows, so that it was a number from the start.
            facts[owner.body] = facts.get(owner.body, frozenset()) | (_numbers(end, facts) or frozenset())
            return found | (_numbers(owner.inits[k], facts) or frozenset())
    if isinstance(owner, Call) and is_elementwise(owner.fn) and not owner.kwargs:
        for operand in dict.fromkeys(owner.inputs):
            found |= _numbers(operand, facts) or frozenset()
    return found


def _spans(value: Value, part: Value) -> bool:
    """Whether `part` surely broadcasts to the shape of `value`."""
    if value is part:
        return True
    owner = value.owner
    if isinstance(owner, If):
        k = owner.outputs.index(value)
        return all(_spans(region.results[k], part) for region in owner.regions)
    a, b = extent_of(part.type), extent_of(value.type)
    return a is not None and b is not None and broadcasts_to(a, b)


def _rewrite(region: Region, above: Extent, facts: dict[Region, Extent]) -> None:
    numbers = above | facts.get(region, frozenset())
    for value in region.args:
        _narrow(value, None, numbers)
    for op in region.ops:
        for value in op.outputs:
            _narrow(value, op, numbers)
        for inner in op.regions:
            _rewrite(inner, numbers, facts)


def _narrow(value: Value, op: Op | None, numbers: Extent) -> None:
    extent = extent_of(value.type)
    if not isinstance(value.type, Unknown) or not extent or not extent & numbers:
        return
    left = extent - numbers
    fresh = isinstance(op, Call) and is_elementwise(op.fn) and is_fresh_number(op.fn)
    value.type = Unknown(left) if left else NUMBER if fresh else WITHOUT_AXES
