"""Divisors that are never zero, whatever is computed: a positive number and something that is not negative."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from srcgrad.ir.nodes import Call, Const, Value
from srcgrad.jit import helpers
from srcgrad.rules.registry import hashable

_NEVER_NEGATIVE = frozenset(
    [math.exp, math.cosh, math.sqrt, math.fabs, math.hypot, abs, np.exp, np.sqrt, np.abs, np.square]
)
_DEEPEST = 8


def is_never_zero(value: Value, depth: int = 0) -> bool:
    """Whether a number is certainly not zero (it may be NaN).

    `1.0 + math.exp(x)` is not; `math.exp(x)` is 0.0 where `x` is very small.
    """
    if isinstance(value, Const):
        return isinstance(value.value, (int, float)) and value.value > 0
    op = _computed(value)
    if op is None or depth > _DEEPEST or op.fn is not operator.add or len(op.args) != 2:
        return False
    a, b = op.args
    return any(is_never_zero(p, depth + 1) and _is_never_negative(q, depth + 1) for p, q in ((a, b), (b, a)))


def _is_never_negative(value: Value, depth: int) -> bool:
    if isinstance(value, Const):
        return isinstance(value.value, (int, float)) and value.value >= 0
    op = _computed(value)
    if op is None or depth > _DEEPEST:
        return False
    if op.fn is operator.mul and op.args[0] is op.args[1]:
        return True
    if op.fn is operator.pow and isinstance(op.args[1], Const):
        return op.args[1].value == 2
    if op.fn in (operator.add, operator.mul):
        return all(_is_never_negative(v, depth + 1) for v in op.args)
    return op.fn in _NEVER_NEGATIVE


def _computed(value: Any) -> Call | None:
    """What computes a number, behind checks."""
    op = value.owner
    while isinstance(op, Call) and op.fn in (helpers.in_range, helpers.in_domain):
        op = op.args[0].owner
    return op if isinstance(op, Call) and hashable(op.fn) else None
