"""Augmented assignments that nobody can tell from plain ones.

Before -> after, for a `total` that may be a number or an array: `total += e` -> `total = total + e`, where the object
that the name stood for is not used again under this or another name. What remains does write in place if it meets an
array, and rebinds the name if it meets a number.
"""

from __future__ import annotations

from typing import Any

from srcgrad import checks, runtime
from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.memory import LOOKUPS, among, is_view, written
from srcgrad.analysis.reads import Uses, home_of
from srcgrad.ir.nodes import Call, Function, If, Loop, Op, Region, Value, map_tree, walk
from srcgrad.ir.types import Unknown, extent_of
from srcgrad.rules.registry import IN_PLACE
from srcgrad.rules.result_types import PLAIN
from srcgrad.transform.ambiguous import containers, indexes, is_array
from srcgrad.transform.overlap import overlap_check
from srcgrad.transform.simplify import replace_values


def rebind(function: Function, callees: list[Function]) -> None:
    """Turns augmented assignments to values of unknown kind into plain ones where nobody can tell the difference."""
    functions = [function, *callees]
    updates = [op for f in functions for op in walk(f.body) if _is_update(op)]
    if not updates:
        return
    aliases = Aliases(functions, reads=True)
    uses = Uses(functions)
    outside = {*function.captured, *[p for f in callees for p in (*f.params, *f.captured)]}
    classes: dict[object, list[Call]] = {}
    for op in updates:
        assert isinstance(op, Call)
        classes.setdefault(aliases.find(op.args[0]), []).append(op)
    arguments: list[Value] = []
    numbers: list[Value] = []
    certain = containers(functions)
    for memory, ops in classes.items():
        members = [v for v in aliases.members.get(memory, ()) if v not in aliases.plain]
        if _is_private(memory, members, aliases, outside) and not _is_seen(members, ops, uses):
            arguments += [v for v in members if v in function.params]
        elif all(_is_number(v) for v in members):
            numbers += [v for v in members if not isinstance(v.owner, (If, Loop)) and not _is_update(v.owner)]
            for v in members:
                v.type = Unknown(frozenset())
        else:
            mapping = {op.outputs[0]: op.args[0] for op in ops if op.args[0] in certain}
            for op in ops:
                if op.args[0] in certain:
                    op.outputs = []
                    if not is_array(op.args[0]) and not _is_indexed_before(op, uses):
                        _check_container(op)
            for f in functions:
                replace_values(f.body, mapping)
                f.result = map_tree(lambda v, mapping=mapping: _resolved(v, mapping), f.result)
            continue
        for op in ops:
            op.fn = PLAIN[op.fn]
    for value in numbers:
        _check_number(function, value)
    others = [v for v in (*function.params, *function.captured) if is_pointer(v.type)]
    if arguments and len(others) > 1:
        check = overlap_check(arguments, others, aliases)
        check.parent = function.body
        function.body.ops.insert(0, check)


def _is_update(op: Any) -> bool:
    return isinstance(op, Call) and bool(op.outputs) and written(op) is not None and op.fn in IN_PLACE


def _is_number(value: Value) -> bool:
    """Whether a value of unknown kind has no axes, and is not the shadow that an array without axes would have."""
    is_shadow = isinstance(value.owner, Call) and value.owner.fn in (runtime.cotangent_of, runtime.zeros_like)
    return isinstance(value.type, Unknown) and extent_of(value.type) == frozenset() and not is_shadow


def _resolved(value: Value, mapping: dict[Value, Value]) -> Value:
    while value in mapping:
        value = mapping[value]
    return value


def _check_number(function: Function, value: Value) -> None:
    """Refuses, when the program runs, an array without axes where everything else is a number."""
    owner = value.owner
    if isinstance(owner, Region) and owner is not function.body:
        return
    region = owner if isinstance(owner, Region) else owner.parent if owner is not None else None
    assert region is not None
    check = Call(checks.check_number, (value,), {}, [], value.span)
    check.parent = region
    region.ops.insert(0 if isinstance(owner, Region) else region.ops.index(owner) + 1, check)


def _is_indexed_before(op: Call, uses: Uses) -> bool:
    """Whether what an operation updates has been indexed whenever it gets there."""
    found = [user for user in uses.users.get(op.args[0], ()) if user is not op and indexes(user)]
    for user in found:
        assert user.parent is not None
        at = uses.outer(op, user.parent)
        if user.args[0] is op.args[0] and at is not None and uses.position(user) < uses.position(at):
            return True
    return False


def _check_container(op: Call) -> None:
    """Refuses a number, when the program runs, where an update is seen by other names."""
    assert op.parent is not None
    check = Call(checks.check_container, (op.args[0],), {}, [], op.span)
    check.parent = op.parent
    op.parent.ops.insert(op.parent.ops.index(op), check)


def _is_seen(members: list[Value], ops: list[Call], uses: Uses) -> bool:
    """Whether what an update changes is used again under another name."""
    return any(uses.live_after(v, op) for op in ops for v in members if _before(v, op, uses))


def _is_private(memory: object, members: list[Value], aliases: Aliases, outside: set[Value]) -> bool:
    """Whether all names for a class of memory are known: no container holds it, no view shows a part of it."""
    if not all(_is_update(op) for op in aliases.writers.get(memory, ())) or aliases.is_held(memory):
        return False
    return not any(v in outside or not _is_known(v, memory, aliases) for v in members)


def _is_known(value: Value, memory: object, aliases: Aliases) -> bool:
    owner = value.owner
    if isinstance(owner, (If, Loop, Region)) or owner is None:
        return True
    if not isinstance(owner, Call):
        return False
    if _is_update(owner):
        return aliases.find(owner.args[0]) is memory
    if among(owner.fn, LOOKUPS):
        return False
    return not is_view(owner) and not any(aliases.find(v) is memory for v in owner.inputs)


def _before(value: Value, op: Op, uses: Uses) -> bool:
    """Whether a value exists when an operation runs."""
    home = home_of(value)
    if home is None:
        return True
    at = uses.outer(op, home)
    if at is None:
        return False
    owner = value.owner
    return isinstance(owner, Region) or (isinstance(owner, Op) and uses.position(owner) < uses.position(at))
