"""Cuts groups of operations that use many arrays, so that functions are computed for several numbers at once.

Before -> after:

    for i in range(len(x)):                          for i in range(len(x)):
        a = exp(u[i] * x[i])                             y[i] = exp(u[i] * x[i])
        y[i] = a                                     for i in range(len(x)):
        b = exp(v[i] * x[i])                             z[i] = exp(v[i] * x[i])
        z[i] = b                                     for i in range(len(x)):
        w[i] = a * b                                     w[i] = y[i] * z[i]

LLVM asks at run time whether what a loop writes and what it reads are apart, and gives up where it had to ask much. A
cut is made where all that goes on has been written to an array anyway.
"""

from __future__ import annotations

from collections.abc import Callable

from srcgrad.ir.nodes import Call, Const, Op, Value
from srcgrad.ir.types import Array
from srcgrad.jit.groups import Group, Member
from srcgrad.jit.places import place_of
from srcgrad.jit.vector_functions import VECTOR_FUNCTIONS
from srcgrad.rules.registry import hashable

_MOST = 8
"""As many questions LLVM asks."""


def pieces(group: Group, is_used: Callable[[Value, set[Op]], bool]) -> list[Group]:
    """A group, or several one after the other that do the same.

    Args:
        group: what one nest could do.
        is_used: whether a value is used by other operations than these.
    """
    members = group.members
    kept = _kept(group, is_used)
    if not any(map(is_slow, members)) or _questions(members, kept) <= _MOST:
        return [group]
    found: list[list[Member]] = []
    rest = members
    while rest:
        places = [k for k in range(1, len(rest)) if _may_end(rest[:k], rest[k:], kept)] + [len(rest)]
        fitting = [k for k in places if _questions(rest[:k], kept) <= _MOST]
        end = max(fitting, default=places[0])
        found.append(rest[:end])
        rest = rest[end:]
    if any(_questions(part, kept) > _MOST for part in found if any(map(is_slow, part))):
        return [group]
    return [_of(part, group) for part in found]


def _of(members: list[Member], group: Group) -> Group:
    made = {m.output for m in members if m.output is not None}
    pointwise = {m.output for m in members if m.output is not None and m.pointwise is not None}
    return Group(members[0].shape, group.assumed, [], members, pointwise, made)


def is_slow(m: Member) -> bool:
    """Whether an operation is a function that can be computed for several numbers at once."""
    return isinstance(m.op, Call) and hashable(m.op.fn) and m.op.fn in VECTOR_FUNCTIONS


def _kept(group: Group, is_used: Callable[[Value, set[Op]], bool]) -> set[Value]:
    """What is written to new arrays."""
    ops: set[Op] = {m.op for m in group.members}
    return {v for v in group.produced if is_used(v, ops)}


def _may_end(first: list[Member], rest: list[Member], kept: set[Value]) -> bool:
    """Whether all that goes on from some operations to others is in arrays."""
    made = {m.output for m in first}
    return all(v in kept for m in rest for v in m.operands if v in made)


def _questions(members: list[Member], kept: set[Value]) -> int:
    """How many pairs of arrays a loop uses of which one is written."""
    made = {m.output for m in members}
    writes: set[Value | None] = {m.output for m in members if m.output in kept}
    writes |= {m.store.place.base for m in members if m.store is not None}
    reads = {place_of(v).base for m in members for v in m.read if isinstance(v.type, Array) and v not in made}
    others = len([v for v in reads if v not in writes and not isinstance(v, Const)])
    return len(writes) * (len(writes) - 1) // 2 + len(writes) * others
