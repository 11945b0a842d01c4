"""Squares with a constant factor, which are differentiated as one product."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from srcgrad.analysis.memory import written
from srcgrad.ir.nodes import Call, Invoke, Op, Region, Value, walk
from srcgrad.ir.types import is_scalar

if TYPE_CHECKING:
    from srcgrad.transform.forward import Forward
    from srcgrad.transform.reverse import Reverse


def square_of(sweep: Reverse | Forward, op: Call) -> tuple[Value, Value] | None:
    """`x` and the number `c` of `c * x * x`, None if that is not what an operation computes."""
    if op.fn is not operator.mul or not all(isinstance(v, Value) for v in op.args):
        return None
    for scaled, x in (op.args, op.args[::-1]):
        inner = scaled.owner
        if not isinstance(inner, Call) or inner.fn is not operator.mul or inner.parent is not op.parent:
            continue
        if x not in inner.args or sweep.uses.count(scaled) != 1 or is_written_between(sweep, x, inner, op):
            continue
        c = inner.args[1] if inner.args[0] is x else inner.args[0]
        if isinstance(c, Value) and is_scalar(c.type) and not sweep.activity.active(c):
            return x, c
    return None


def is_written_between(sweep: Reverse | Forward, x: Value, first: Op, last: Op) -> bool:
    """Whether the memory of a value may be written between two operations of a region."""
    assert first.parent is not None
    between = Region()
    between.ops = first.parent.ops[first.parent.ops.index(first) : first.parent.ops.index(last)]
    memory = sweep.aliases.find(x)
    return sweep.is_buffer(x) and any(
        isinstance(op, Invoke) or (target is not None and sweep.aliases.find(target) is memory)
        for op, target in ((op, written(op)) for op in walk(between))
    )
