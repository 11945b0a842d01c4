"""Loops of the reverse sweep run upwards, as those of the forward sweep do, where the order of their turns is free.

Before -> after:

    for i in reversed(range(n)):         for i in range(n):
        x_bar[i] += y_bar[i + 1]             x_bar[i] += y_bar[i + 1]

An index that counts upwards from a number that is not negative is never negative, and so can be used as it is: most
loops can be vectorised then. Where a turn adds to several neighbours, it begins with the last one, so that no turn
needs what the one before it has stored last:

    for i in range(n - 1):               for i in range(n - 1):
        x_bar[i] += a                        x_bar[i + 1] += b
        x_bar[i + 1] += b                    x_bar[i] += a
"""

from __future__ import annotations

from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.commuting import ADDS, Turns, offset_from
from srcgrad.analysis.memory import only_metadata
from srcgrad.analysis.origins import Origins
from srcgrad.ir.nodes import Call, Const, For, Function, Op, Value, references, walk
from srcgrad.jit import helpers


def run_upwards(function: Function, functions: list[Function]) -> None:
    """Turns round the loops of the reverse sweep whose turns may run in any order.

    Args:
        function: it is changed.
        functions: all functions that are compiled with it, the one that Python calls last.
    """
    loops = [op for op in walk(function.body) if isinstance(op, For) and op.mirror is not None and op.backwards]
    aliases = Aliases(functions) if loops else None
    if aliases is None or not tells_apart(functions, aliases):
        return
    turns = Turns(aliases, Origins(aliases))
    for loop in loops:
        if turns.commute(loop):
            loop.backwards = False
            if isinstance(loop.step, Const) and loop.step.value == 1:
                _begin_with_last(loop, aliases)


def tells_apart(functions: list[Function], aliases: Aliases) -> bool:
    """Whether two arrays that are written are one only if the code says so: none comes from a table, or from Python."""
    if any(isinstance(op, Call) and op.fn is helpers.shadow_in for f in functions for op in walk(f.body)):
        return False
    return not any(aliases.is_written(param) for param in functions[-1].params)


def _begin_with_last(loop: For, aliases: Aliases) -> None:
    """Sorts what each turn adds to neighbours of one array."""
    ops = loop.body.ops
    for op in reversed(list(ops)):
        place = _place(op, loop)
        if place is None:
            continue
        assert isinstance(op, Call)
        start, behind = ops.index(op), None
        for k in range(start + 1, len(ops)):
            other = _place(ops[k], loop)
            if other is not None and ops[k].args[0] is op.args[0]:  # type: ignore[attr-defined]
                if _is_before(place, other):
                    behind = k
            elif _touches(ops[k], op.args[0], aliases):
                break
        if behind is not None:
            ops.insert(behind, ops.pop(start))


def _place(op: Op, loop: For) -> tuple | None:
    """The element that an operation adds to: for each axis how far it is from the turn, or the index."""
    if not isinstance(op, Call) or op.fn not in ADDS:
        return None
    parts = op.args[1] if isinstance(op.args[1], tuple) else (op.args[1],)
    offsets = [offset_from(part, loop) for part in parts]
    return tuple([part if offset is None else offset for part, offset in zip(parts, offsets, strict=True)])


def _is_before(a: tuple, b: tuple) -> bool:
    """Whether an element comes before another one, in the same row."""
    if len(a) != len(b):
        return False
    apart = [(p, q) for p, q in zip(a, b, strict=True) if p is not q and not (type(p) is type(q) is int and p == q)]
    return len(apart) == 1 and type(apart[0][0]) is type(apart[0][1]) is int and apart[0][0] < apart[0][1]


def _touches(op: Op, array: Value, aliases: Aliases) -> bool:
    """Whether an operation, or one in it, may use the contents of an array."""
    if only_metadata(op):
        return False
    memory = aliases.find(array)
    return any(is_pointer(v.type) and aliases.find(v) is memory for v in references(op))
