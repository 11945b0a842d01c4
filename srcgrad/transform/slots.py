"""Tapes hold what is used of them: slots that nobody reads any more go, and tapes without any.

tape.append((x, y)) ... x, y = tape.pop(); f(y)     ->     tape.append(y) ... y = tape.pop(); f(y)
"""

from __future__ import annotations

from srcgrad.ir.nodes import Call, Function, Value, walk
from srcgrad.ir.types import List


def prune_slots(function: Function) -> bool:
    """Removes the slots of tapes that are popped for nothing; whether there were any."""
    users: dict[Value, list[Call]] = {}
    used: set[Value] = set(function.body.results)
    for op in walk(function.body):
        for value in op.inputs:
            used.add(value)
            users.setdefault(value, []).append(op)  # type: ignore[arg-type]
        for region in op.regions:
            used.update(region.results)
    changed = False
    for tape in users:
        owner = tape.owner
        if isinstance(tape.type, List) and isinstance(owner, Call) and owner.fn is list and not owner.args:
            changed |= _prune(tape, users[tape], used)
    return changed


def _prune(tape: Value, users: list[Call], used: set[Value]) -> bool:
    pushes = [op for op in users if isinstance(op, Call) and op.fn is list.append and op.args[0] is tape]
    pops = [op for op in users if isinstance(op, Call) and op.fn is list.pop and op.args == (tape,)]
    if len(pushes) + len(pops) != len(users) or len(pushes) != 1 or not pops or pushes[0].args[1] is tape:
        return False
    (push,) = pushes
    item = push.args[1]
    if not isinstance(item, tuple) or any(len(op.outputs) != len(item) for op in pops):
        return False
    kept = [k for k in range(len(item)) if any(op.outputs[k] in used for op in pops)]
    if not kept or len(kept) == len(item):
        return False
    push.args = (tape, tuple(item[k] for k in kept) if len(kept) > 1 else item[kept[0]])
    for op in pops:
        op.outputs = [op.outputs[k] for k in kept]
        op.unpacks = len(kept) > 1
    if len(kept) == 1 and isinstance(item[kept[0]], Value):
        tape.type = List(item[kept[0]].type)
        tape.hint = f"{item[kept[0]].hint}_tape" if item[kept[0]].hint else tape.hint
    return True
