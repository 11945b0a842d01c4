"""Powers by half an odd number: a square root and products take a tenth of the time of the library's `pow`."""

from __future__ import annotations

import operator

import numpy as np

from srcgrad.ir.nodes import Call, Const, Function, Op, Value, walk
from srcgrad.ir.types import NpScalar
from srcgrad.jit import helpers
from srcgrad.rules.registry import hashable

_POWERS = (operator.pow, np.power, np.float_power)
_DOUBLE = NpScalar(np.dtype("f8"))
_LARGEST = 7
"""Each product rounds: up to here the result is as close as that of vector math."""


def use_square_roots(function: Function) -> None:
    """Replaces powers of NumPy's numbers by half an odd number.

    Before -> after: `w[i] = r2[i] ** -1.5` -> `w[i] = half_power(r2[i], -3)`, `r2[i] ** 0.5` -> `np.sqrt(r2[i])`, as
    NumPy does it. Powers of Python's floats stay: they raise errors where NumPy gives NaN or infinity.

    Args:
        function: it is changed.
    """
    for op in walk(function.body):
        halves = _halves(op)
        if halves is not None:
            assert isinstance(op, Call)
            base = op.args[0]
            op.fn, op.args = (np.sqrt, (base,)) if halves == 1 else (helpers.half_power, (base, Const(halves)))


def _halves(op: Op) -> int | None:
    """Twice the exponent, if that is odd and small; None if an operation is no such power."""
    if not isinstance(op, Call) or not hashable(op.fn) or op.fn not in _POWERS or len(op.args) != 2 or op.kwargs:
        return None
    base, exponent = op.args
    if not isinstance(exponent, Const) or not isinstance(exponent.value, float) or not isinstance(base, Value):
        return None
    twice = 2.0 * exponent.value
    if base.type != _DOUBLE or op.outputs[0].type != _DOUBLE or twice % 2 != 1 or abs(twice) > _LARGEST:
        return None
    return int(twice)
