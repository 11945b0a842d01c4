"""Values that some paths leave undefined: what a name stands for behind an `if` that may not assign it."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.ir.flow import sources
from srcgrad.ir.nodes import UNDEFINED, Call, Const, If, Op, Value
from srcgrad.ir.types import F8, Array, List, NpScalar, PyScalar, Type


def may_be_undefined(value: Value) -> bool:
    """Whether a branch leads to a value that leaves it undefined.

    What a loop defines first in its body is taken to be defined: that it runs at all is up to the program.
    """
    return any(isinstance(owner, If) for _, _, owner in _undefined(value))


def define_everywhere(value: Value, with_kind: bool = False) -> None:
    """Gives 0 or None to a value on the paths that leave it undefined, so that it can be looked at.

    Args:
        value: the value.
        with_kind: whether an array gets an empty one, so that its kind stays known where the code is read again.
    """
    number = filler(value.type)
    for values, k, owner in _undefined(value):
        empty = _empty(value.type) if with_kind else None
        values[k] = Const(number) if empty is None else _put(empty, values, owner)


def _empty(t: Type) -> Call | None:
    """What makes an empty array or list of a kind; None if the kind is not known."""
    if type(t) is List:
        return Call(list, (), {}, [Value(t)])
    if not isinstance(t, Array) or t.shape is None or t.dtype is None:
        return None
    shape = (0,) * len(t.shape) if len(t.shape) != 1 else 0
    kwargs = {} if t.dtype == F8 else {"dtype": Const(t.dtype.type)}
    return Call(np.zeros, (Const(shape) if isinstance(shape, int) else tuple(map(Const, shape)),), kwargs, [Value(t)])


def _put(op: Call, values: list[Value], owner: Op) -> Value:
    """Adds an operation where values that flow into an output of a branch or loop are known."""
    regions = [region for region in owner.regions if values is region.results]
    region = regions[0] if regions else owner.parent
    assert region is not None
    op.mirror, op.parent = owner.mirror, region
    region.ops.insert(len(region.ops) if regions else region.ops.index(owner), op)
    return op.outputs[0]


def may_be_missing(value: Value) -> bool:
    """Whether a branch leaves a value undefined, or gives it None in place of that.

    Zeros like something that is missing are the number 0.
    """
    pending, seen = [value], set()
    while pending:
        current = pending.pop()
        if isinstance(current, Const):
            if current.value is None or current.value is UNDEFINED:
                return True
        elif current not in seen:
            seen.add(current)
            pending += [values[k] for values, k in sources(current)]
            if isinstance(current.owner, Call) and current.owner.fn is runtime.zeros_like:
                pending += current.owner.args
    return False


def _undefined(value: Value) -> list[tuple[list[Value], int, Op]]:
    """The places where an undefined value flows into this one: a list of values, the position, and whose they are."""
    found: list[tuple[list[Value], int, Op]] = []
    pending, seen = [value], set()
    while pending:
        current = pending.pop()
        if current in seen or isinstance(current, Const):
            continue
        seen.add(current)
        for values, k in sources(current):
            source = values[k]
            if isinstance(source, Const) and source.value is UNDEFINED:
                owner = current.owner if isinstance(current.owner, Op) else current.owner.parent  # type: ignore
                found.append((values, k, owner))
            else:
                pending.append(source)
    return found


def filler(t: Type) -> Any:
    """What stands for an undefined value: a number where the others are numbers, so that the kind stays known."""
    if isinstance(t, NpScalar) and t.dtype == F8:
        return 0.0
    return {"b": False, "i": 0, "f": 0.0, "c": 0j}[t.kind] if isinstance(t, PyScalar) else None
