"""Quotients by a number plus an exponential, which are differentiated in terms of their value.

Before -> after, for `z = 1 / (1 + np.exp(u))`: `u_bar = -(z_bar * (z / y) * e)` -> `u_bar = -(z_bar * (z * (1 - z)))`,
which is as right where the exponential overflows and where its square would.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING

import numpy as np

from srcgrad.ir.nodes import Call, Const, Value
from srcgrad.ir.types import is_scalar
from srcgrad.transform.squares import is_written_between

if TYPE_CHECKING:
    from srcgrad.transform.forward import Forward
    from srcgrad.transform.reverse import Reverse

_QUOTIENTS = (operator.truediv, np.divide)
_SUMS = (operator.add, np.add)
_EXPONENTIALS = (np.exp, math.exp)


def exponent_of_logistic(sweep: Reverse | Forward, op: Call) -> Value | None:
    """The exponent `u` of `n / (a + exp(u))` where the divisor is used here alone, None for anything else."""
    total = op.args[1] if op.fn in _QUOTIENTS else None
    y = _only_used_here(sweep, total, op)
    if y is None or y.fn not in _SUMS:
        return None
    for a, e in (y.args, y.args[::-1]):
        exponential = _only_used_here(sweep, e, op)
        if exponential is None or exponential.fn not in _EXPONENTIALS or exponential.kwargs:
            continue
        u = exponential.args[0]
        if isinstance(u, Value) and is_scalar(a.type) and not sweep.activity.active(a):
            # What comes back to the exponent comes back here, and not where the exponential stands.
            stands = sweep.activity.active(u) and not is_written_between(sweep, u, exponential, op)
            return u if stands else None
    return None


def _only_used_here(sweep: Reverse | Forward, value: Value | None, op: Call) -> Call | None:
    """The call that made an unwritten value, if it stands beside an operation, and the value has one use."""
    made = value.owner if isinstance(value, Value) else None
    if not isinstance(made, Call) or made.parent is not op.parent or not made.fn.__hash__ or value is None:
        return None
    return made if sweep.uses.count(value) == 1 and not sweep.aliases.is_written(value) else None


def slope_of_logistic(sweep: Reverse | Forward, op: Call) -> Value:
    """The derivative of `z = n / (a + exp(u))` with respect to `u`, without its sign: `z * (1 - a / y)`."""
    lo = sweep.lo
    n, y = op.args
    z = op.outputs[0]
    made = y.owner
    assert isinstance(made, Call)
    a = made.args[0] if is_scalar(made.args[0].type) and not sweep.activity.active(made.args[0]) else made.args[1]
    same = isinstance(a, Const) and isinstance(n, Const) and a.value == n.value
    share = z if same else lo.value(lo.emit(operator.truediv, a, y))
    return lo.value(lo.emit(operator.mul, z, lo.value(lo.emit(operator.sub, Const(1), share))))
