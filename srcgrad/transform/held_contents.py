"""Arrays in lists whose contents the reverse sweep reads, though they have been written since.

Before -> after, for `t = np.linalg.multi_dot(mats); mats[1] += 1.0`: the forward sweep keeps a copy, `mats_then`, of
the list and all in it, and the rule of the product reads that. What only looks for shadows goes on to look at the list.
"""

from __future__ import annotations

import operator

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import among, only_metadata, told_apart, written
from srcgrad.analysis.versions import Versions
from srcgrad.frontend.lowering import Lowering
from srcgrad.ir.nodes import Call, Function, Op, Region, Value, walk
from srcgrad.ir.types import List
from srcgrad.transform.undo import HARMLESS, Contents


def copy_held_contents(function: Function, aliases: Aliases, versions: Versions, contents: Contents) -> None:
    """Copies lists, with the arrays in them, where the reverse sweep reads what those held."""
    assert function.backward_from is not None
    reverse = Region()
    reverse.ops = function.body.ops[function.backward_from :]
    ops = list(walk(reverse))
    users: dict[Value, list[Op]] = {}
    for op in ops:
        for value in dict.fromkeys(op.inputs):
            users.setdefault(value, []).append(op)
    copies: dict[tuple[Value, Op], Value] = {}
    for op in ops:
        for value in dict.fromkeys(op.inputs):
            # A list that has been changed since was copied, but not what it holds.
            items = contents.originals.get(value, value)
            owner = items.owner
            if not isinstance(value.type, List) or not isinstance(owner, Op) or not versions.is_forward(owner):
                continue
            if op.mirror is None or not _reads_items(op, value, users):
                continue
            stale = [m for m in aliases.within(items) if m in aliases.written and m not in contents.undone]
            if not any(versions.stale(m, op.mirror) for m in stale):
                continue
            if (value, op.mirror) not in copies:
                copies[value, op.mirror] = _copy_before(function, op.mirror, items)
            op.replace_inputs(lambda v, value=value, copy=copies[value, op.mirror]: copy if v is value else v)


def _reads_items(op: Op, value: Value, users: dict[Value, list[Op]]) -> bool:
    """Whether an operation looks at what is in the items of a list, and not only at which they are."""
    if not isinstance(op, Call):
        return True
    if op.fn is operator.getitem:
        return any(_reads_items(user, item, users) for item in op.outputs for user in users.get(item, ()))
    if among(op.fn, HARMLESS) or op.fn is len or only_metadata(op) or any(v is value for v in told_apart(op)):
        return False
    return written(op) is not value


def _copy_before(function: Function, mirror: Op, value: Value) -> Value:
    """A copy of a list and all in it, made before an operation of the forward sweep."""
    region = mirror.parent
    assert region is not None
    lo = Lowering()
    lo.fixed_span, lo.span = True, mirror.span
    made = Region()
    with lo.into(made):
        hint = f"{value.hint}_then" if value.hint else None
        copy = lo.value(lo.emit_typed(runtime.copied, (value,), {}, value.type, hint))
    for op in made.ops:
        op.parent = region
    place = region.ops.index(mirror)
    region.ops[place:place] = made.ops
    if region is function.body and function.backward_from is not None:
        function.backward_from += len(made.ops)
    return copy
