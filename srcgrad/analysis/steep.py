"""Slopes that are infinite where the value itself is finite: of a root at 0, of the arc cosine at 1.

What `np.maximum(v, 0)` did not select hands back nothing, whatever comes back to it; but the root of what it gave sends
an infinity there, and `0 * inf` is NaN. Such places are rare, so that they are looked for.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.finite import is_positive
from srcgrad.analysis.reads import Uses
from srcgrad.ir.flow import sources
from srcgrad.ir.nodes import Call, Const, If, Loop, Op, Region, Value
from srcgrad.ir.types import Array, NpScalar, PyScalar, Unknown
from srcgrad.rules.registry import hashable

_ROOTS = frozenset(
    (
        *(np.sqrt, math.sqrt, np.cbrt, math.cbrt, np.arcsin, np.arccos, np.arccosh),
        *(math.asin, math.acos, math.acosh),
    )
)
_POWERS = frozenset((operator.pow, pow, math.pow, np.power, np.float_power))
_UPDATED_POWERS = frozenset(("ipow", "pow_item"))
_MIXING = frozenset(("matmul", "dot", "vdot", "inner", "einsum", "tensordot", "solve", "inv", "imatmul"))
"""An infinity in one element is one in many behind these, and makes NaN of all."""
_SELECTING = frozenset((np.maximum, np.minimum, np.fmax, np.fmin, np.clip, np.ndarray.clip, np.where))
_COMPARISONS = frozenset((operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne))
MULTIPLICATIONS = frozenset((operator.mul, np.multiply))
_FAR = 200


def is_steep(op: Call) -> bool:
    """Whether the slope of a function with respect to its first argument may be infinite where it is finite."""
    if not hashable(op.fn):
        return False
    if op.fn in _ROOTS:
        return not is_positive(op.args[0])
    if op.fn in _POWERS or getattr(op.fn, "__name__", "") in _UPDATED_POWERS:
        by = op.args[-1]
        if isinstance(by, Const) and isinstance(by.value, (int, float)):
            return 0 < by.value < 1 and not is_positive(op.args[0])
        t = by.type if isinstance(by, Value) else None
        whole = (isinstance(t, PyScalar) and t.kind in "bi") or (
            isinstance(t, (Array, NpScalar)) and t.dtype is not None and t.dtype.kind in "biu"
        )
        return not whole
    return False


def is_mask(value: Any) -> bool:
    """Whether a value is of booleans: a product with it chooses."""
    t = value.type if isinstance(value, Value) else None
    if isinstance(t, Unknown):
        return isinstance(value.owner, Call) and hashable(value.owner.fn) and value.owner.fn in _COMPARISONS
    return (isinstance(t, PyScalar) and t.kind == "b") or (
        isinstance(t, (Array, NpScalar)) and t.dtype is not None and t.dtype.kind == "b"
    )


def meets_steep_slope(value: Value, uses: Uses) -> bool:
    """Whether what is computed from the elements of a value may have an infinite slope where they are finite.

    Args:
        value: the value.
        uses: what uses the values of its function.
    """
    pending, seen = [value], {value}
    while pending and len(seen) < _FAR:
        current = pending.pop()
        for op in uses.users.get(current, ()):
            if isinstance(op, Call) and is_steep(op) and op.args[0] is current:
                return True
        for reached in _reached(current, uses):
            if reached not in seen and not isinstance(reached, Const):
                seen.add(reached)
                pending.append(reached)
    return False


def _reached(value: Value, uses: Uses) -> list[Value]:
    """What a value goes into, element by element."""
    found: list[Value] = []
    for op in uses.users.get(value, ()):
        if isinstance(op, Call):
            found += _results(op, value)
        elif isinstance(op, Loop):
            found += [own for own, start in zip(op.carried, op.inits, strict=True) if start is value]
    for region in uses.results.get(value, ()):
        found += _taken(region, value)
    return found


def _results(op: Call, value: Value) -> list[Value]:
    if getattr(op.fn, "__name__", "") in _MIXING:
        return []
    made = [v for v in op.outputs if v.type.differentiable]
    written = op.args[0] if op.args and isinstance(op.args[0], Value) and op.args[0] is not value else None
    return made if made or written is None else [written]


def _taken(region: Region, value: Value) -> list[Value]:
    """The values of a branch or loop that stand for what a region ends with."""
    owner: Op | None = region.parent
    places = [k for k, v in enumerate(region.results) if v is value]
    if isinstance(owner, If):
        return [owner.outputs[k] for k in places]
    if isinstance(owner, Loop) and region is owner.body:
        exits = int(owner.exits)
        return [v for k in places if k >= exits for v in (owner.carried[k - exits], owner.outputs[k])]
    return []


def comes_from_selection(value: Any, aliases: Aliases) -> bool:
    """Whether elements of a value may be chosen, so that others have a tangent that is exactly 0.

    Args:
        value: the value.
        aliases: which memory is written.
    """
    pending, seen = [value], set()
    while pending and len(seen) < _FAR:
        current = pending.pop()
        if current in seen or not isinstance(current, Value) or isinstance(current, Const):
            continue
        seen.add(current)
        if aliases.is_written(current):
            written = [op.args[-1] for op in aliases.writers[aliases.find(current)] if isinstance(op, Call) and op.args]
            if any(isinstance(v, Const) for v in written):
                return True
            pending += written
        op = current.owner
        if isinstance(op, Call):
            if hashable(op.fn) and (op.fn in _SELECTING or (op.fn in MULTIPLICATIONS and any(map(is_mask, op.args)))):
                return True
            if getattr(op.fn, "__name__", "") not in _MIXING:
                pending += [v for v in op.args if isinstance(v, Value) and v.type.differentiable]
        else:
            taken = [values[k] for values, k in sources(current)]
            if isinstance(op, If) and any(isinstance(v, Const) for v in taken):
                return True
            pending += taken
    return False
