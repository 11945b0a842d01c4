"""Shadows that start with what is put there first, not with zeros that are added to.

Before -> after: `x_bar = np.zeros_like(x); x_bar[1:] += t` -> `x_bar = np.empty_like(x); x_bar[1:] = t;
x_bar[:1] = 0.0`; `x_bar[i] = 0.0; x_bar[i] += t` -> `x_bar[i] = t`, and nothing where `t` has been taken from there.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, TypeGuard

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.memory import is_basic_index, written
from srcgrad.ir.nodes import Call, Const, Function, Invoke, Op, Region, Value, references, walk, within
from srcgrad.ir.types import Array, is_scalar
from srcgrad.rules.registry import hashable
from srcgrad.transform.cotangents import is_number
from srcgrad.transform.simplify import replace_values, tree_key


def define_shadows(function: Function) -> None:
    """Lets the first contribution to a part of a shadow define it."""
    aliases = Aliases([function])
    for region in [function.body, *[r for op in walk(function.body) for r in op.regions]]:
        users = _users(region)
        for op in list(region.ops):
            if not isinstance(op, Call) or op.mirror is None or op.parent is not region:
                continue
            if hashable(op.fn) and op.fn in _EMPTY and isinstance(op.outputs[0].type, Array):
                _merge_factors(op.outputs[0], region, users, aliases)
                _define_part(op, region, users, aliases)
            elif op.fn is operator.setitem and is_number(op.args[2], 0):
                _put_in_place_of_zero(op, region, aliases)


def _users(region: Region) -> dict[Value, list[Op | None]]:
    """The operations of a region that use a value, in order; None stands for its results."""
    found: dict[Value, list[Op | None]] = {}
    for op in region.ops:
        for value in references(op):
            found.setdefault(value, []).append(op)
    for value in region.results:
        found.setdefault(value, []).append(None)
    return found


# Zeros that are allocated

_EMPTY: dict[Callable, Callable] = {np.zeros_like: np.empty_like, np.zeros: np.empty}


def _merge_factors(shadow: Value, region: Region, users: dict[Value, list[Op | None]], aliases: Aliases) -> None:
    """`t = g * 0.5; x_bar[1:] += t; y_bar = x_bar * 2.0` -> `x_bar[1:] += g; y_bar = x_bar`."""
    *updates, last = users.get(shadow) or [None]
    if not isinstance(last, Call) or last.fn is not operator.mul or not updates:
        return
    if None in users.get(last.outputs[0], [None]):
        return
    factor = _constant_factor(last, shadow)
    terms = {op.args[-1] if isinstance(op, Call) and _adds_to_part(op, shadow, aliases) else None for op in updates}
    if factor is None or None in terms or last.mirror is None:
        return
    scalings: dict[Call, tuple[Value, float]] = {}
    for term in terms:
        owner = term.owner
        if not isinstance(owner, Call) or owner.parent is not region or owner.mirror is None:
            return
        x = next((v for v in owner.args if isinstance(v, Value) and not isinstance(v, Const)), None)
        own = None if x is None or owner.fn is not operator.mul else _constant_factor(owner, x)
        if own is None or aliases.is_written(x) or any(user not in updates for user in users[term]):
            return
        scalings[owner] = (x, own * factor)
    for owner, (x, scale) in scalings.items():
        if scale == 1:
            _replace(owner.outputs[0], x, users)
            region.ops.remove(owner)
        else:
            owner.args = (x, Const(scale))
    users[shadow].remove(last)
    _replace(last.outputs[0], shadow, users)
    region.ops.remove(last)


def _replace(old: Value, new: Value, users: dict[Value, list[Op | None]]) -> None:
    """Lets a value stand for another in all its users, which are operations."""
    moved = Region()
    moved.ops = [op for op in users.pop(old) if op is not None]
    replace_values(moved, {old: new})
    users.setdefault(new, []).extend(moved.ops)


def _constant_factor(op: Call, x: Value) -> float | None:
    """The `c` of `c * x`, None if that is not a constant."""
    a, b = op.args
    c = b if a is x else a
    return c.value if isinstance(c, Const) and isinstance(c.value, float) and (a is x or b is x) else None


def _define_part(zeros: Call, region: Region, users_of: dict[Value, list[Op | None]], aliases: Aliases) -> None:
    shadow = zeros.outputs[0]
    users = [op for op in users_of.get(shadow, ()) if op is not None]
    if not users or not _adds_to_part(users[0], shadow, aliases):
        return
    first = users[0]
    second = users[1] if len(users) > 1 else first
    positive = _adds_to_part(second, shadow, aliases) and second.fn is runtime.add_item
    if first.fn is runtime.sub_item and positive and _can_go_before(second, first, region, aliases):
        region.ops.remove(second)
        region.ops.insert(region.ops.index(first), second)
        first = second
    index = first.args[1]
    rest = _complement(index, shadow)
    _assign(first, region)
    if rest is not None:
        zeros.fn = _EMPTY[zeros.fn]
        clear = [_clearing(first, shadow, part) for part in rest]
        place = region.ops.index(first) + 1
        region.ops[place:place] = clear
    region.ops.remove(zeros)
    region.ops.insert(_start_of(first, region), zeros)


def _adds_to_part(op: Op, shadow: Value, aliases: Aliases) -> TypeGuard[Call]:
    """Whether an operation adds numbers to a part of a shadow that a basic index selects."""
    if not isinstance(op, Call) or op.fn not in (runtime.add_item, runtime.sub_item) or op.args[0] is not shadow:
        return False
    e = op.args[2]
    if not isinstance(e, Value) or not (is_scalar(e.type) or isinstance(e.type, Array)):
        return False
    return is_basic_index(op.args[1]) and (is_scalar(e.type) or aliases.find(e) is not aliases.find(shadow))


def _can_go_before(op: Call, first: Op, region: Region, aliases: Aliases) -> bool:
    """Whether an operation can be moved up: what it reads exists there, and is the same."""
    place = region.ops.index(first)
    between = region.ops[place : region.ops.index(op)]
    made = {o for other in between for o in other.outputs}
    if any(v in made for v in op.inputs):
        return False
    read = {aliases.find(v) for v in op.inputs if is_pointer(v.type) and v is not op.args[0]}
    return not any(_touches(other, read, aliases, writes=True) for other in between)


def _assign(update: Call, region: Region) -> None:
    """Turns an addition to zeros into an assignment."""
    shadow, index, e = update.args
    if update.fn is runtime.sub_item:
        negated = Value(e.type, None, update.span)
        negation = Call(operator.neg, (e,), {}, [negated], update.span)
        negation.mirror, negation.parent = update.mirror, region
        region.ops.insert(region.ops.index(update), negation)
        e = negated
    update.fn, update.args = operator.setitem, (shadow, index, e)


def _start_of(update: Call, region: Region) -> int:
    """The place just before an assignment, and before the negation made for it."""
    place = region.ops.index(update)
    value = update.args[2]
    before = region.ops[place - 1] if place else None
    return place - 1 if before is not None and value in before.outputs else place


def _clearing(update: Call, shadow: Value, index: Any) -> Call:
    op = Call(operator.setitem, (shadow, index, Const(0.0)), {}, [], update.span)
    op.mirror, op.parent = update.mirror, update.parent
    return op


def _complement(index: Any, shadow: Value) -> list[Any] | None:
    """What is left of an array beside one slice of it along one axis; None if that cannot be said in this way.

    `x[:a]` and `x[b:]` are the rest of `x[a:b]` for all `a` and `b`, in an array of any length.
    """
    parts = index if isinstance(index, tuple) else (index,)
    assert isinstance(shadow.type, Array)
    shape = shadow.type.shape
    if shape is None or len(parts) > len(shape) or not all(isinstance(p, slice) for p in parts):
        return None
    cut = [k for k, part in enumerate(parts) if not _is_whole(part)]
    if len(cut) > 1:
        return None
    if not cut:
        return []
    k = cut[0]
    part = parts[k]
    if not (_is_none(part.step) or is_number(part.step, 1)):
        return None
    found = []
    if not _is_none(part.start) and not is_number(part.start, 0):
        found.append(slice(None, part.start))
    if not _is_none(part.stop):
        found.append(slice(part.stop, None))
    return [(*parts[:k], rest) if k else rest for rest in found]


def _is_none(part: Any) -> bool:
    return part is None or (isinstance(part, Const) and part.value is None)


def _is_whole(part: slice) -> bool:
    return _is_none(part.start) and _is_none(part.stop) and (_is_none(part.step) or is_number(part.step, 1))


# Zeros that are written


def _put_in_place_of_zero(clear: Call, region: Region, aliases: Aliases) -> None:
    shadow, index = clear.args[0], clear.args[1]
    memory = {aliases.find(shadow)}
    place = region.ops.index(clear)
    update = next((op for op in region.ops[place + 1 :] if _touches(op, memory, aliases)), None)
    if update is None or not _adds_to_part(update, shadow, aliases) or update.fn is not runtime.add_item:
        return
    if tree_key(update.args[1]) != tree_key(index):
        return
    e = update.args[2]
    region.ops.remove(clear)
    if _was_taken(e, clear, place, region, aliases):
        region.ops.remove(update)
    else:
        update.fn = operator.setitem


def _was_taken(e: Value, clear: Call, place: int, region: Region, aliases: Aliases) -> bool:
    """Whether a value is what a part of a shadow held when it was cleared."""
    shadow, index = clear.args[0], clear.args[1]
    owner = e.owner
    if not isinstance(owner, Call) or owner.parent is not region or aliases.is_written(e):
        return False
    taken = owner
    if taken.fn is np.ndarray.copy and isinstance(taken.args[0].owner, Call):
        taken = taken.args[0].owner
    elif not is_scalar(e.type):
        return False
    if taken.fn is not operator.getitem or taken.args[0] is not shadow or tree_key(taken.args[1]) != tree_key(index):
        return False
    memory = {aliases.find(shadow)}
    between = region.ops[region.ops.index(owner) + 1 : place]
    return not any(_touches(op, memory, aliases, writes=True) for op in between)


def _touches(op: Op, memory: set[Any], aliases: Aliases, writes: bool = False) -> bool:
    """Whether an operation, or one inside of it, uses these classes of memory, or writes them.

    A call of a function may do both with any: it finds shadows in the table that it is given.
    """
    inside = within([op])
    if memory and any(isinstance(inner, Invoke) for inner in inside):
        return True
    if not writes:
        return any(is_pointer(v.type) and aliases.find(v) in memory for v in references(op))
    return any(target is not None and aliases.find(target) in memory for target in map(written, inside))
