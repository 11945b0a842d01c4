"""What the reverse transform asks of the graph: where a value is at home, and how its cotangent is collected."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.activity import Activity
from srcgrad.analysis.memory import is_view
from srcgrad.errors import UnsupportedError
from srcgrad.ir.nodes import Call, Const, Function, Loop, Op, Region, Value, walk
from srcgrad.ir.types import Array, Unknown
from srcgrad.rules.registry import ACCUMULATE, IN_PLACE


def region_of(value: Value) -> Region:
    """The region a value is defined in."""
    owner = value.owner
    if isinstance(owner, Region):
        return owner
    assert isinstance(owner, Op) and owner.parent is not None, f"{value} is defined nowhere"
    return owner.parent


def memory_of(cotangent: Value) -> Value:
    """The cotangent that another one is a view of."""
    while isinstance(cotangent.owner, Call) and is_view(cotangent.owner) and cotangent.owner.fn not in IN_PLACE:
        cotangent = cotangent.owner.args[0]
    return cotangent


def instances(results: list[Value], seeded: set[Value]) -> set[Value]:
    """Instances of classes that are only made to be returned: what they consist of has the cotangents."""
    found: set[Value] = set()
    pending = list(results)
    while pending:
        value = pending.pop()
        owner = value.owner
        if value in seeded or not isinstance(owner, Call) or not isinstance(value.type, Unknown):
            continue
        of_class = isinstance(owner.fn, type) and (hasattr(owner.fn, "_fields") or is_dataclass(owner.fn))
        if of_class or owner.fn is runtime.instance:
            found.add(value)
            pending += owner.inputs
    return found


def mirror(made: Op, op: Op) -> None:
    """An operation of the reverse sweep belongs to one of the forward sweep; so does all inside it (rules branch)."""
    for inner in (made, *(nested for region in made.regions for nested in walk(region))):
        if inner.mirror is None:
            inner.mirror = op
        if inner.span is None:
            inner.span = op.span


def accumulators(function: Function, activity: Activity, is_buffer: Any) -> set[Value]:
    """Arrays whose cotangents are collected in place: read by element, or used in loops inside of their region."""
    found: set[Value] = set()
    for op in walk(function.body):
        values = list(op.inputs)
        for region in op.regions:
            values += region.results
        if isinstance(op, Call) and op.fn in ACCUMULATE and op.args and isinstance(op.args[0], Value):
            base = op.args[0]
            if isinstance(base.type, (Array, Unknown)) and activity.active(base) and not is_buffer(base):
                found.add(base)
        for value in values:
            if not isinstance(value.type, Array) or not activity.active(value) or is_buffer(value):
                continue
            if isinstance(value, Const) or value.owner is None:
                continue
            if _crosses_loop(op, region_of(value)):
                found.add(value)
    return found


def _crosses_loop(op: Op, home: Region) -> bool:
    """Whether there is a loop between an operation and a region around it."""
    region = op.parent
    while region is not None and region is not home:
        parent = region.parent
        if isinstance(parent, Loop):
            return True
        region = parent.parent if parent is not None else None
    return False


def check_real(op: Call, base: Value) -> None:
    """Refuses the imaginary part of memory that is written: its cotangent is no view of that of the whole.

    Raises:
        UnsupportedError: if a call takes it.
    """
    known_real = isinstance(base.type, Array) and base.type.dtype is not None and base.type.dtype.kind != "c"
    if op.fn is np.imag and not known_real:
        raise UnsupportedError(
            "the imaginary part of an array that is written in place", op.span, "make a new array: z = z * w"
        )
