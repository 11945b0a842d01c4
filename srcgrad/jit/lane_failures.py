"""What may raise in a loop whose turns run several at a time, and how the error stays the one that Python raises.

Python raises in the first turn that fails, at the first place of that turn. Where all that may fail is of one class, it
makes no difference which of them is found first. Otherwise each lane notes its first failure, and the first lane that
has one raises when all are through:

    for lane in range(count):
        e = exp(x[first + lane])
        failure_lanes[lane] = noted(failure_lanes[lane], is_beyond_range(e, x[first + lane]), 1)
    ...
    raise_noted(failure_lanes, count)
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, For, Op, Value, within
from srcgrad.ir.types import F8, FLOAT, NpScalar, PyScalar
from srcgrad.jit import helpers
from srcgrad.jit.lane_plan import RAISES, Inner, Piece, Plan, Step

_GROWING = frozenset([math.exp, math.exp2, math.expm1, math.cosh, math.sinh])
"""What gives no NaN of a number."""
LATE: dict[Any, tuple[Any, type[Exception], str, int]] = {
    helpers.in_range: (helpers.is_beyond_range, OverflowError, "math range error", 1),
    helpers.in_domain: (helpers.is_outside_domain, ValueError, "math domain error", 2),
    helpers.divided: (operator.eq, ZeroDivisionError, "division by zero", 3),
}
"""Checks -> what tells that one fails, what is raised then, and the number that `raise_noted` knows it by."""


def is_late(op: Op, piece: Piece) -> bool:
    """Whether a check can be looked at behind all turns: nothing that follows minds that it failed."""
    if not isinstance(op, Call) or op.fn not in LATE or op not in piece.ops:
        return False
    if op.fn is helpers.in_range:
        made = op.args[0].owner
        return isinstance(made, Call) and made.fn in _GROWING
    return op.fn is not helpers.divided or all(_is_number(v) for v in op.args)


def _is_number(value: Any) -> bool:
    known = isinstance(value, Value) and (value.type == FLOAT or value.type == NpScalar(F8))
    return known or (isinstance(value, Value) and isinstance(value.type, PyScalar) and value.type.kind == "i")


@dataclass(slots=True)
class _Failure:
    """What may raise.

    Attributes:
        classes: what is raised.
        differs: whether it may be raised in one turn and not in another.
        late: whether it can be raised behind all turns.
        loops: the loops around it.
        op: what raises.
    """

    classes: frozenset[type[Exception]]
    differs: bool
    late: bool
    loops: tuple[For, ...]
    op: Call


def must_note(plan: Plan) -> bool | None:
    """Whether the lanes have to note their failures; None if that would not be enough."""
    assert plan.steps is not None
    found = list(_failures(plan.steps, ()))
    own = [k for k, failure in enumerate(found) if failure.differs]
    behind = [f for k, f in enumerate(found) if not f.differs and any(_is_behind(k, j, found) for j in own)]
    classes = {cls for f in [*[found[k] for k in own], *behind] for cls in f.classes}
    if len(classes) <= 1:
        return False
    return None if behind or not all(found[k].late for k in own) else True


def _is_behind(k: int, j: int, found: list[_Failure]) -> bool:
    """Whether one place may be the first to fail after another one, in the same turn."""
    shared = [loop for loop in found[k].loops if loop in found[j].loops]
    return k > j or (bool(shared) and not all(_is_fixed(v, shared[0]) for v in found[k].op.inputs))


def _is_fixed(value: Value, loop: For) -> bool:
    """Whether a number is the same in all turns of a loop."""
    op = value.owner
    if op is None or not is_inside(op, loop.body):
        return True
    return isinstance(op, Call) and op.fn is not operator.getitem and all(_is_fixed(v, loop) for v in op.inputs)


def _failures(steps: list[Step], loops: tuple[For, ...]) -> Iterator[_Failure]:
    for step in steps:
        if isinstance(step, Inner):
            inner = (*loops, step.op) if isinstance(step.op, For) else loops
            for body in step.bodies:
                yield from _failures(body, inner)
            continue
        piece = step if isinstance(step, Piece) else None
        for op in step.ops if isinstance(step, Piece) else [step.op]:
            for inner_op in within([op]):
                if isinstance(inner_op, Call) and inner_op.fn in RAISES:
                    late = piece is not None and is_late(inner_op, piece)
                    classes = frozenset([LATE[inner_op.fn][1]]) if late else RAISES[inner_op.fn]
                    yield _Failure(classes, piece is not None, late, loops, inner_op)
