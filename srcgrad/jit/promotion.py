"""Elements that all turns of an inner loop read, or add to, become numbers: one for each turn of the outer loop.

Before -> after:

    for i in range(n):                               for i in range(n):
        for j in range(n):                               x_i = x[i, 0]
            d = x[j, 0] - x[i, 0]                        part = 0.0
            x_bar[i, 0] -= d            ->               for j in range(n):
            x_bar[j, 0] += d                                 d = x[j, 0] - x_i
                                                             part -= d
                                                             x_bar[j, 0] += d
                                                         x_bar[i, 0] += part

Where several turns of the outer loop run side by side, such numbers lie side by side, and the elements do not.
"""

from __future__ import annotations

import operator

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.apart import are_apart
from srcgrad.analysis.commuting import ADDS
from srcgrad.analysis.memory import only_metadata
from srcgrad.analysis.origins import Origins
from srcgrad.analysis.ranges import is_in_axis
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, Const, For, If, Value, walk
from srcgrad.ir.types import F8, Array
from srcgrad.jit.carrying import NUMBER, hand_on
from srcgrad.jit.lane_memory import is_element, places

_READS = frozenset([operator.getitem])


def promote_elements(loop: For, aliases: Aliases, origins: Origins) -> bool:
    """Makes numbers of elements in the loops of another one.

    Args:
        loop: the outer loop; what is in it is changed.
        aliases: what may share memory.
        origins: where memory is made.

    Returns:
        Whether there were any.
    """
    found = False
    inner = [op for op in walk(loop.body) if isinstance(op, For) and not op.exits]
    for part in reversed(inner):
        for op in list(part.body.ops):
            if not is_element(op) or not _is_fixed(op, part):  # type: ignore[arg-type]
                continue
            assert isinstance(op, Call)
            if op.fn is operator.getitem and _only(op.args[0], part, _READS, aliases, origins):
                found |= _read_before(op, part)
            elif op.fn in ADDS and _only(op.args[0], part, ADDS, aliases, origins):
                found |= _add_behind(op, part)
    return found


def _is_fixed(op: Call, loop: For) -> bool:
    """Whether an element is the same one in all turns of a loop, is there for certain, and is another one elsewhere."""
    array, parts = op.args[0].type, places(op)
    assert isinstance(array, Array) and array.shape is not None
    if is_inside(op.args[0].owner, loop.body) or any(is_inside(v.owner, loop.body) for v in parts):
        return False
    varying = any(not isinstance(v, Const) for v in parts)
    return varying and all(is_in_axis(v, axis) for v, axis in zip(parts, array.shape, strict=True))


def _only(array: Value, loop: For, fns: frozenset, aliases: Aliases, origins: Origins) -> bool:
    """Whether all that a loop does with the elements of an array is to call some functions on them."""
    memory = aliases.find(array)
    for op in walk(loop.body):
        if not isinstance(op, (Call, For, If)):
            return False
        known = isinstance(op, Call) and (only_metadata(op) or (is_element(op) and op.fn in fns))
        for value in op.inputs if not known else ():
            if is_pointer(value.type) and aliases.find(value) is memory and not are_apart(value, array, origins):
                return False
    return True


def _read_before(op: Call, loop: For) -> bool:
    region = loop.parent
    assert region is not None
    loop.body.ops.remove(op)
    region.ops.insert(region.ops.index(loop), op)
    op.parent = region
    if op.args[0].hint is not None and op.outputs[0].hint is None:
        op.outputs[0].hint = f"{op.args[0].hint}_entry"
    return True


def _add_behind(op: Call, loop: For) -> bool:
    region, array, value = loop.parent, op.args[0], op.args[2]
    if array.type.dtype != F8:
        return False
    assert region is not None
    adding = operator.add if op.fn is runtime.add_item else operator.sub
    hint = f"{array.hint}_part" if array.hint is not None else "part"
    total = Value(NUMBER, hint, op.span)
    before, after = hand_on(loop, total, hint, op.span)
    added = Call(adding, (before, value), {}, [total], op.span)
    behind = Call(runtime.add_item, (array, op.args[1], after), {}, [], op.span)
    added.mirror, behind.mirror = op.mirror, op.mirror
    added.parent, behind.parent = loop.body, region
    loop.body.ops[loop.body.ops.index(op)] = added
    region.ops.insert(region.ops.index(loop) + 1, behind)
    return True
