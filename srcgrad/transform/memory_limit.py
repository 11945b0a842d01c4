"""Loops that are checkpointed because their tapes may need more memory than the user wants to spend.

A gradient is made as always first. The outermost loops with a tape in it are then marked as if the user had written
`checkpointed(...)` around what they iterate over, with as many slots as snapshots of their state fit into the limit.
"""

from __future__ import annotations

from collections.abc import Iterable

from srcgrad.errors import Span
from srcgrad.frontend.iteration import descending
from srcgrad.frontend.lowering import Lowering
from srcgrad.ir.nodes import Call, Const, For, Function, Loop, Op, Region, Value, walk
from srcgrad.schedule import Bytes


def taped_loops(functions: Iterable[Function]) -> list[Span]:
    """Where the outermost `for` loops of the program stand whose turns leave something on a tape.

    Args:
        functions: those of a gradient.
    """
    found: dict[Span, None] = {}
    for function in functions:
        swept = [] if function.backward_from is None else function.body.ops[function.backward_from :]
        swept += [op for outer in swept for region in outer.regions for op in walk(region)]
        popped = {op.args[0] for op in swept if isinstance(op, Call) and op.fn is list.pop}
        for op in walk(function.body):
            if isinstance(op, Call) and op.fn is list.append and op.args[0] in popped:
                loop = _outermost_loop(op, op.args[0])
                if isinstance(loop, For) and loop.span is not None:
                    found[loop.span] = None
    return list(found)


def limit_loops(function: Function, where: Iterable[Span], limit: int) -> None:
    """Marks loops as checkpointed.

    Args:
        function: a program; it is changed.
        where: where these loops stand.
        limit: how many bytes the snapshots of one loop may take.
    """
    spans = set(where)
    for op in list(walk(function.body)):
        if isinstance(op, For) and op.span in spans and op.slots is None and _outermost_loop(op) is None:
            op.slots = Const(Bytes(limit))
            if op.backwards:
                _turn_round(op)


def _turn_round(loop: For) -> None:
    """Makes a loop through a range backwards one through the range that counts down."""
    assert loop.parent is not None
    lo = Lowering()
    lo.fixed_span, lo.fresh_prefix, lo.span = True, "m", loop.span
    before = Region()
    with lo.into(before):
        loop.start, loop.stop, loop.step = descending(lo, (loop.start, loop.stop, loop.step))
    loop.backwards = False
    place = loop.parent.ops.index(loop)
    loop.parent.ops[place:place] = before.ops
    for op in before.ops:
        op.parent = loop.parent


def _outermost_loop(op: Op, tape: Value | None = None) -> Loop | None:
    """The outermost loop around an operation, inside of the region that a tape is made in."""
    home = tape.owner.parent if tape is not None and isinstance(tape.owner, Op) else None
    found = None
    region = op.parent
    while region is not None and region is not home:
        if isinstance(region.parent, Loop):
            found = region.parent
        region = region.parent.parent if region.parent is not None else None
    return found
