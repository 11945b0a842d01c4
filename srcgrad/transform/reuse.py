"""Temporaries that die are reused: `t = g * x; u = t * y` -> `t = g * x; t *= y`.

Only arrays of the reverse sweep that it has allocated itself, that nothing else refers to, and that have the dtype
and the full shape of the result.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

from srcgrad.analysis.memory import written
from srcgrad.ir.nodes import Call, Function, Op, Region, Value, walk
from srcgrad.ir.types import Array, is_scalar, same_dtype, same_length
from srcgrad.transform.cotangents import is_fresh
from srcgrad.transform.simplify import replace_values

_IN_PLACE: dict[Callable, Callable] = {
    operator.mul: operator.imul,
    operator.add: operator.iadd,
    operator.sub: operator.isub,
    operator.truediv: operator.itruediv,
}
_COMMUTES = (operator.mul, operator.add)


def reuse_temporaries(function: Function) -> None:
    """Turns operations on dying temporaries into augmented assignments."""
    uses: dict[Value, list[Op | None]] = {}
    for op in walk(function.body):
        for value in op.inputs:
            uses.setdefault(value, []).append(op)
        for region in op.regions:
            for value in region.results:
                uses.setdefault(value, []).append(None)
    for value in function.body.results:
        uses.setdefault(value, []).append(None)
    mapping: dict[Value, Value] = {}
    for region in [function.body, *[r for op in walk(function.body) for r in op.regions]]:
        _reuse_in(region, uses, mapping)
    replace_values(function.body, mapping)


def _reuse_in(region: Region, uses: dict[Value, list[Op | None]], mapping: dict[Value, Value]) -> None:
    for op in region.ops:
        if not isinstance(op, Call) or op.mirror is None or len(op.outputs) != 1 or op.fn not in _IN_PLACE or op.kwargs:
            continue
        a, b = op.args
        if a is b:
            continue
        output = op.outputs[0]
        dying = [(a, b)] if _dies_here(a, op, uses) else []
        if op.fn in _COMMUTES and (not dying or a.hint not in (None, output.hint)) and _dies_here(b, op, uses):
            # Memory without a name of its own is reused first: no name then stands for two things.
            dying.append((b, a))
        if not dying:
            continue
        target, other = dying[-1] if len(dying) == 2 and dying[1][0].hint in (None, output.hint) else dying[0]
        root = target
        while root in mapping:
            root = mapping[root]
        mapping[output] = root
        root.hint, root.primal = output.hint or root.hint, output.primal
        op.fn, op.args, op.outputs = _IN_PLACE[op.fn], (root, other), []


def _dies_here(value: Value, op: Call, uses: dict[Value, list[Op | None]]) -> bool:
    """Whether an operand is an array of the sweep's own that only this operation uses, and that can hold its result."""
    if not isinstance(value, Value):
        return False
    owner, output = value.owner, op.outputs[0]
    if not isinstance(owner, Call) or owner.mirror is None or owner.parent is not op.parent or not is_fresh(value):
        return False
    if len(owner.outputs) > 1 or not _is_last_use(value, op, uses.get(value, [])):
        return False
    a, b = value.type, output.type
    if not (isinstance(a, Array) and isinstance(b, Array) and a.shape and b.shape and a.dtype is not None):
        return False
    same = len(a.shape) == len(b.shape) and all(map(same_length, a.shape, b.shape))
    return same and same_dtype(a.dtype, b.dtype)


def _is_last_use(value: Value, op: Call, users: list[Op | None]) -> bool:
    """Whether nothing uses a value after an operation of its region, and nothing before made a view of it."""
    region = op.parent
    assert region is not None
    seen = False
    for user in users:
        if user is op:
            seen = True
        elif user is None or not isinstance(user, Call) or user.parent is not region or seen or not _only_reads(user):
            return False
    return seen and sum(user is op for user in users) == 1


def _only_reads(user: Call) -> bool:
    """Whether a call takes numbers out of an array, or puts some in, and keeps no reference to it."""
    target = written(user)
    if target is not None:
        return isinstance(target.type, Array) and not user.outputs
    return bool(user.outputs) and all(is_scalar(o.type) or is_fresh(o) for o in user.outputs)
