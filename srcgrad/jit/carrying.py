"""Numbers that a loop is made to hand on from turn to turn."""

from __future__ import annotations

import numpy as np

from srcgrad.errors import Span
from srcgrad.ir.nodes import Const, For, Value
from srcgrad.ir.types import F8, NpScalar

NUMBER = NpScalar(F8)


def hand_on(loop: For, value: Value, hint: str, span: Span | None) -> tuple[Value, Value]:
    """Lets a loop hand a number on to the next turn, 0 to the first one.

    Args:
        loop: it is changed.
        value: what a turn hands on; an operation of its body is to make it.
        hint: what it is called.
        span: where it comes from.

    Returns:
        What a turn is given, and what the last one leaves.
    """
    before, after = Value(NUMBER, hint, span), Value(NUMBER, hint, span)
    before.owner, after.owner = loop.body, loop
    loop.inits = [*loop.inits, Const(np.float64(0.0))]
    loop.body.args = [*loop.body.args, before]
    loop.body.results = [*loop.body.results, value]
    loop.outputs = [*loop.outputs, after]
    return before, after
