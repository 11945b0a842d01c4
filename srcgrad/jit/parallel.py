"""Loops that run on all cores: those whose turns touch nothing in common but sums of numbers, and can't raise.

    for i in range(n):                         for i in prange(n):
        x_bar[i] = 2.0 * x[i]                      x_bar[i] = 2.0 * x[i]

    for start in range(0, n, 128):             for block in prange((n + 127) // 128):
        part = 0.0                                 start = 128 * block
        for i in range(start, ...):                part = 0.0
            part += x[i]                           for i in range(start, ...):
        total += part                                  part += x[i]
                                                   total += part

Of loops in loops it is the outermost that can; in a loop that can't, such as one over time steps, a loop must have
others in it, so that its turns are worth the start of it each time. An exception that is raised on another core is
lost, so that loops in which something may raise run as before.
"""

from __future__ import annotations

import operator

from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.commuting import Turns
from srcgrad.analysis.memory import only_metadata
from srcgrad.analysis.origins import Origins
from srcgrad.ir.nodes import Call, Const, For, Function, If, Loop, Op, Region, Value, walk
from srcgrad.ir.types import F8, FLOAT, INT, NpScalar
from srcgrad.jit.blocks import from_zero, goes_through_blocks, step_of
from srcgrad.jit.late_checks import is_quiet
from srcgrad.jit.order import tells_apart

_ADDING = frozenset([operator.add, operator.sub])


def run_in_parallel(function: Function, functions: list[Function]) -> None:
    """Marks the loops whose turns may run at the same time.

    Args:
        function: it is changed; nothing checks the bounds of arrays in it.
        functions: all functions that are compiled with it, the one that Python calls last.
    """
    aliases = Aliases(functions)
    if not tells_apart(functions, aliases):
        return
    turns = Turns(aliases, Origins(aliases))
    pending = [(function.body, False)]
    while pending:
        region, repeated = pending.pop()
        for op in list(region.ops):
            if isinstance(op, For) and (_has_loops(op) or not repeated) and _is_free(op, turns):
                _run(op, region)
            else:
                pending += [(inner, repeated or isinstance(op, Loop)) for inner in op.regions]


def _has_loops(loop: For) -> bool:
    return any(isinstance(op, Loop) and not goes_through_blocks(op, loop) for op in walk(loop.body))


def _is_free(loop: For, turns: Turns) -> bool:
    """Whether the turns of a loop may run at the same time."""
    if loop.exits or loop.slots is not None or (step_of(loop) != 1 and not from_zero(loop)):
        return False
    sums = [k for k, result in enumerate(loop.carried_results) if result is not loop.carried[k]]
    if not all(_is_sum(loop, k) for k in sums) or not all(map(_is_harmless, walk(loop.body))):
        return False
    blocks = [op for op in loop.body.ops if isinstance(op, For) and goes_through_blocks(op, loop)]
    return not turns.may_race(loop, [loop, *blocks])


def _is_sum(loop: For, k: int) -> bool:
    """Whether each turn adds to a number that is carried, and nothing else looks at it."""
    current, made = loop.carried[k], loop.carried_results[k].owner
    if current.type not in (FLOAT, NpScalar(F8)) or not isinstance(made, Call) or made.parent is not loop.body:
        return False
    users = [op for op in walk(loop.body) if current in op.inputs or any(current in r.results for r in op.regions)]
    return made.fn in _ADDING and users == [made] and made.args[0] is current and made.args[1] is not current


def _is_harmless(op: Op) -> bool:
    """Whether an operation surely raises nothing."""
    if isinstance(op, (For, If)):
        return not isinstance(op, For) or not op.exits
    return is_quiet(op) or (isinstance(op, Call) and only_metadata(op))


def _run(loop: For, region: Region) -> None:
    """Marks a loop; one over blocks counts them, as only what counts by one can run on all cores."""
    step = step_of(loop)
    assert step is not None
    loop.parallel = True
    if step == 1:
        return
    more, count = Value(INT), Value(INT, "blocks")
    before: list[Op] = [
        Call(operator.add, (loop.stop, Const(step - 1)), {}, [more], loop.span),
        Call(operator.floordiv, (more, Const(step)), {}, [count], loop.span),
    ]
    start, block = loop.index, Value(INT, "block")
    scaled = Call(operator.mul, (Const(step), block), {}, [start], loop.span)
    loop.body.args = [block, *loop.body.args[1:]]
    block.owner, start.owner = loop.body, scaled
    loop.body.ops.insert(0, scaled)
    scaled.parent, scaled.mirror = loop.body, loop.mirror
    loop.stop, loop.step = count, Const(1)
    place = region.ops.index(loop)
    region.ops[place:place] = before
    for op in before:
        op.parent, op.mirror = region, loop.mirror
