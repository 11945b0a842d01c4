"""What functions gave is looked at where a turn ends, and not in the middle of its arithmetic.

    for i in range(n):                                    for i in range(n):
        y = in_range(math.exp(x[i]), x[i])                    y = math.exp(x[i])
        z = in_range(math.exp(-x[i]), -x[i])      ->          z = math.exp(-x[i])
        total += y * z                                        total += y * z
                                                              in_range(y, x[i])
                                                              in_range(z, -x[i])

Arithmetic without tests in it is compiled to better code. The checks keep their order, and nothing that may raise comes
between, so that the same error is raised; what was written until then, nobody sees.
"""

from __future__ import annotations

import math
import operator

import numpy as np

from srcgrad.analysis.memory import ITEM_UPDATES
from srcgrad.ir.nodes import Call, Function, Loop, Op, Region, Value, walk
from srcgrad.jit import helpers
from srcgrad.jit.vector_functions import C_NAMES
from srcgrad.rules.registry import hashable
from srcgrad.transform.simplify import replace_values

_CHECKS = frozenset([helpers.in_range, helpers.in_domain])
_OPERATORS = ("add", "sub", "mul", "truediv", "neg", "pos", "lt", "le", "gt", "ge", "eq", "ne", "getitem", "setitem")
_QUIET = frozenset(
    [
        *(getattr(operator, name) for name in _OPERATORS),
        *(fn for fn in vars(math).values() if callable(fn)),
        *(abs, min, max, helpers.half_power, helpers.plus),
        *ITEM_UPDATES,
        *C_NAMES,
    ]
)
"""What raises nothing in compiled code."""


def postpone_checks(function: Function) -> None:
    """Moves the checks of what functions gave towards the ends of turns.

    Args:
        function: it is changed.
    """
    mapping: dict[Value, Value] = {}
    for loop in [op for op in walk(function.body) if isinstance(op, Loop)]:
        _postpone(loop.body, mapping)
    if mapping:
        replace_values(function.body, mapping)


def _postpone(region: Region, mapping: dict[Value, Value]) -> None:
    ops = region.ops
    for op in reversed(list(ops)):
        if not isinstance(op, Call) or op.fn not in _CHECKS or not op.outputs:
            continue
        start = ops.index(op)
        end = next((k for k in range(start + 1, len(ops)) if not _may_stand_between(ops[k])), len(ops))
        # Checks that were moved before stay behind this one.
        while end > start + 1 and _is_check(ops[end - 1]):
            end -= 1
        if end > start + 1:
            mapping[op.outputs[0]] = op.args[0]
            op.outputs = []
            ops.insert(end - 1, ops.pop(start))


def _is_check(op: Op) -> bool:
    return isinstance(op, Call) and op.fn in _CHECKS


def _may_stand_between(op: Op) -> bool:
    return is_quiet(op) or (_is_check(op) and not op.outputs)


def is_quiet(op: Op) -> bool:
    """Whether an operation is a call that surely raises nothing in compiled code that does not check bounds."""
    return isinstance(op, Call) and hashable(op.fn) and (op.fn in _QUIET or isinstance(op.fn, np.ufunc))
