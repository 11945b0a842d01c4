"""Loops over blocks of elements, in which another loop goes through those of one block.

for start in range(0, n, 128):
    for i in range(start, min(start + 128, n)):
        ...
"""

from __future__ import annotations

import operator

from srcgrad.ir.nodes import Call, Const, For, Loop, Value


def step_of(loop: For) -> int | None:
    """By how much a loop counts up, None if that is not known."""
    step = loop.step.value if isinstance(loop.step, Const) else None
    return step if isinstance(step, int) and step > 0 and not loop.backwards else None


def from_zero(loop: For) -> bool:
    """Whether a loop counts up from 0, and is not left before its end."""
    starts = isinstance(loop.start, Const) and loop.start.value == 0
    return starts and step_of(loop) is not None and not loop.exits and loop.slots is None


def goes_through_blocks(inner: Loop, loop: For) -> bool:
    """Whether a loop goes through the elements of one block in each turn of another one."""
    if not isinstance(inner, For) or inner.start is not loop.index or step_of(inner) != 1 or step_of(loop) in (None, 1):
        return False
    end = inner.stop.owner
    if inner.exits or not isinstance(end, Call) or end.fn is not min or len(end.args) != 2:
        return False
    return loop.stop in end.args and any(_is_behind(v, loop) for v in end.args)


def _is_behind(value: Value, loop: For) -> bool:
    """Whether a number is where the next block starts."""
    made = value.owner
    if not isinstance(made, Call) or made.fn is not operator.add or made.args[0] is not loop.index:
        return False
    return isinstance(made.args[1], Const) and made.args[1].value == step_of(loop)
