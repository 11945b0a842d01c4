"""What may raise, and what it has changed by then that others see: what `try` has to know about operations."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from srcgrad.ir.nodes import (
    Call,
    Commit,
    Const,
    Function,
    If,
    Invoke,
    Leave,
    Loop,
    Op,
    Region,
    Value,
    leaves,
    walk,
)
from srcgrad.ir.types import PyScalar, is_mutable
from srcgrad.rules.registry import hashable

_ARITHMETIC = frozenset(
    getattr(operator, name) for name in ["add", "sub", "mul", "neg", "pos", "lt", "le", "gt", "ge", "eq", "ne"]
)
"""What never raises on numbers of Python's."""
_TOTAL = frozenset(
    [operator.is_, operator.is_not, operator.not_, operator.truth, len, isinstance, type, tuple, list, dict, abs, bool]
)
_METADATA = frozenset(["shape", "ndim", "size", "dtype", "T"])
_IN_PLACE = frozenset(
    getattr(operator, f"i{name}")
    for name in ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor"]
)
_NEW = frozenset(
    [
        *(getattr(operator, name) for name in ["add", "sub", "mul", "truediv", "pow", "neg", "matmul", "abs"]),
        *(np.zeros, np.ones, np.empty, np.full, np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.eye),
        *(np.array, np.copy, np.ndarray.copy, np.arange, np.linspace, np.sum, np.dot, np.where, list, list.copy),
    ]
)
"""What makes memory of its own."""


def may_raise(op: Op) -> bool:
    """Whether an operation may raise, on some values of the kinds it is given."""
    if isinstance(op, (If, Loop)):
        return any(may_raise(inner) for region in op.regions for inner in region.ops)
    if isinstance(op, (Commit, Leave)):
        return False
    if not isinstance(op, Call) or not hashable(op.fn):
        return True
    if op.fn in _ARITHMETIC:
        return not all(isinstance(v.type, PyScalar) for v in op.inputs)
    if op.fn is getattr:
        name = op.args[1]
        return not (isinstance(name, Const) and name.value in _METADATA)
    return op.fn not in _TOTAL


def leaves_traces(region: Region) -> bool:
    """Whether something in a region may raise after a write that is seen from outside of the region."""
    return _scan(region.ops, region, False) is None


def _scan(ops: list[Op], whole: Region, dirty: bool) -> bool | None:
    """Whether there have been such writes by the end of these operations; None if something may raise after one."""
    for op in ops:
        if isinstance(op, Commit):
            return False
        if isinstance(op, If):
            sides = [_scan(region.ops, whole, dirty) for region in op.regions]
            if None in sides:
                return None
            dirty = any(sides)
        elif isinstance(op, Loop):
            after = dirty
            for region in op.regions:
                found = _scan(region.ops, whole, after)
                if found is None or (found and not dirty and may_raise(op)):
                    return None
                after = found or after
            dirty = after
        else:
            if (dirty and may_raise(op)) or (isinstance(op, Invoke) and _writes(op, set())):
                return None
            dirty = dirty or _writes_outside(op, whole)
    return dirty


def _writes(call: Invoke, seen: set[Function]) -> bool:
    """Whether a function of the graph may write what others see, as far as it has been lowered."""
    callee = call.callee
    if callee in seen:
        return False
    seen.add(callee)
    ops = list(walk(callee.body))
    return any(_writes_outside(op, callee.body) or (isinstance(op, Invoke) and _writes(op, seen)) for op in ops)


def _writes_outside(op: Op, whole: Region) -> bool:
    if not isinstance(op, Call) or not op.args:
        return False
    writes = not op.outputs or (hashable(op.fn) and (op.fn in _IN_PLACE or op.fn is list.pop))
    return writes and not all(_is_local(v, whole) for v in list(leaves(op.args[0]))[:1])


def _is_local(value: Value, whole: Region) -> bool:
    """Whether a pointer points to memory that was made in a region."""
    pending, seen = [value], set()
    while pending:
        current = pending.pop()
        if current in seen or isinstance(current, Const) or not is_mutable(current.type):
            continue
        seen.add(current)
        owner = current.owner
        if owner is None or not _is_inside(owner, whole):
            return False
        if isinstance(owner, Call):
            if not (hashable(owner.fn) and (owner.fn in _NEW or isinstance(owner.fn, np.ufunc))):
                pending.extend(owner.inputs)
        else:
            pending.extend(_sources(owner, current))
    return True


def _sources(owner: Any, value: Value) -> list[Value]:
    """Where control flow takes a value from."""
    if isinstance(owner, If):
        k = owner.outputs.index(value)
        return [owner.then.results[k], owner.orelse.results[k]]
    loop = owner.parent if isinstance(owner, Region) else owner
    if isinstance(loop, Loop):
        return [*loop.inits, *loop.body.results]
    return [value for value in owner.inputs] if isinstance(owner, Op) else []


def _is_inside(owner: Op | Region, whole: Region) -> bool:
    region = owner if isinstance(owner, Region) else owner.parent
    while region is not None:
        if region is whole:
            return True
        region = region.parent.parent if region.parent is not None else None
    return False
