"""Minus signs of cotangents move to where they cost nothing.

Before -> after: `t = -g; t = t * 2.0; x_bar += t` -> `t = g * 2.0; x_bar -= t`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.memory import written
from srcgrad.ir.nodes import Call, Const, Function, Invoke, Op, Region, Value, walk
from srcgrad.rules.registry import hashable
from srcgrad.transform.cotangents import is_fresh, is_plain_sum

_BILINEAR = frozenset([operator.mul, operator.truediv, operator.matmul])
_OPPOSITE: dict[Callable, Callable] = {
    operator.iadd: operator.isub,
    operator.isub: operator.iadd,
    runtime.add_item: runtime.sub_item,
    runtime.sub_item: runtime.add_item,
}


def move_signs(function: Function) -> None:
    """Takes negations of the reverse sweep out where a sum, a constant or another negation can absorb the sign."""
    aliases = Aliases([function])
    users = _users(function)
    for op in list(walk(function.body)):
        if isinstance(op, Call) and op.fn is operator.neg and op.mirror is not None and op.outputs[0] in users:
            _move(op, users, aliases)


def _users(function: Function) -> dict[Value, list[Op | None]]:
    found: dict[Value, list[Op | None]] = {}
    for op in walk(function.body):
        for value in op.inputs:
            found.setdefault(value, []).append(op)
        for region in op.regions:
            for value in region.results:
                found.setdefault(value, []).append(None)
    for value in function.body.results:
        found.setdefault(value, []).append(None)
    return found


def _move(negation: Call, users: dict[Value, list[Op | None]], aliases: Aliases) -> None:
    region = negation.parent
    assert region is not None
    plan: dict[Call, Value] = {}
    readers: list[Call] = []
    pending = [(negation.outputs[0], True)]
    while pending:
        value, is_same = pending.pop()
        if aliases.is_written(value) or not users.get(value):
            return
        for user in users[value]:
            if not isinstance(user, Call) or user.parent is not region or user.mirror is None or user in plan:
                return
            if not hashable(user.fn):
                return
            if user.fn is operator.neg and not _may_go(user, negation, users, aliases):
                return
            plan[user] = value
            if is_same:
                readers.append(user)
            if _absorbs(user, value):
                continue
            if not _passes_on(user, value):
                return
            pending.append((user.outputs[0], is_same and not is_fresh(user.outputs[0])))
    g = negation.args[0]
    if not _stands(g, negation, readers, region, aliases):
        return
    for op, value in plan.items():
        if op.fn is operator.neg:
            _skip(op, value, users)
        else:
            _turn(op, value)
    _skip(negation, g, users)


def _may_go(second: Call, first: Call, users: dict[Value, list[Op | None]], aliases: Aliases) -> bool:
    """Whether the negative of a negative can be what was negated first: nobody changes either, or returns it."""
    values = (second.outputs[0], first.args[0])
    return None not in users.get(second.outputs[0], [None]) and not any(map(aliases.is_written, values))


def _skip(op: Call, value: Value, users: dict[Value, list[Op | None]]) -> None:
    """Removes an operation and lets a value stand for its output, whose users are all known."""
    output = op.outputs[0]
    assert op.parent is not None
    op.parent.ops.remove(op)
    users[value] = [user for user in users[value] if user is not op]
    for user in users.pop(output, []):
        if user is not None:
            user.replace_inputs(lambda v: value if v is output else v)
            users.setdefault(value, []).append(user)


def _passes_on(op: Call, value: Value) -> bool:
    """Whether the sign of an operand becomes the sign of the result."""
    if not isinstance(op, Call) or op.unpacks or not op.outputs:
        return False
    if op.fn in _BILINEAR:
        return True
    linear = op.fn in (operator.sub, runtime.unbroadcast) or (op.fn is np.sum and is_plain_sum(op))
    return linear and op.args[0] is value


def _absorbs(op: Call, value: Value) -> bool:
    """Whether the sign of an operand can be had for free."""
    if op.fn in _OPPOSITE:
        return not op.outputs and op.args[-1] is value
    if op.fn is operator.neg or op.fn is operator.add:
        return True
    if op.fn is operator.sub:
        return op.args[1] is value
    if op.fn in _BILINEAR:
        return any(isinstance(v, Const) and isinstance(v.value, float) for v in op.args)
    return False


def _turn(op: Call, value: Value) -> None:
    """Changes an operation so that it does with an operand what it did with its negative, or gives its own negative."""
    if op.fn in _OPPOSITE:
        op.fn = _OPPOSITE[op.fn]
    elif op.fn is operator.add:
        a, b = op.args
        op.fn, op.args = operator.sub, (b, a) if a is value else (a, b)
    elif op.fn is operator.sub:
        op.fn = operator.add
    elif _absorbs(op, value):
        op.args = tuple([Const(-v.value) if isinstance(v, Const) else v for v in op.args])


def _stands(g: Value, negation: Call, readers: list[Call], region: Region, aliases: Aliases) -> bool:
    """Whether what was negated is still the same where it is read instead; a call of a function may change it."""
    if not is_pointer(g.type) or not aliases.is_written(g):
        return True
    memory = aliases.find(g)
    last = max(region.ops.index(op) for op in readers)
    between = Region()
    between.ops = region.ops[region.ops.index(negation) + 1 : last + 1]
    return not any(
        isinstance(op, Invoke) or ((target := written(op)) is not None and aliases.find(target) is memory)
        for op in walk(between)
    )
