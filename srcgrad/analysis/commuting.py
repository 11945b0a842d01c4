"""Loops whose turns may run in any order: none needs what another one leaves, but for sums.

for i in range(n):
    x_bar[i] += 2.0 * y_bar[i]       # each turn has elements of its own
    y_bar[i] = 0.0
    w_bar[k[i]] += x[i]              # or adds to what no turn reads
    total_bar += x[i]
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.apart import are_apart
from srcgrad.analysis.memory import contents_read, is_view, only_metadata, written
from srcgrad.analysis.origins import Origins
from srcgrad.analysis.ranges import range_of
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, Const, For, If, Loop, Op, Raise, Region, Try, Value, walk
from srcgrad.ir.types import NpScalar, PyScalar, is_scalar
from srcgrad.rules.registry import hashable

ADDS = frozenset([runtime.add_item, runtime.sub_item])
"""What adds to an element, and so does not care what else is added before."""
_ALLOCATORS: frozenset[Any] = frozenset(
    [np.empty, np.zeros, np.ones, np.empty_like, np.zeros_like, np.ndarray.copy, np.copy]
)


def offset_from(index: Any, loop: For) -> int | None:
    """How much more an index is than the number of the turn, None if it is anything else."""
    if index is loop.index:
        return 0
    owner = index.owner if isinstance(index, Value) else None
    if not isinstance(owner, Call) or owner.fn not in (operator.add, operator.sub) or owner.kwargs:
        return None
    a, b = owner.args
    if a is loop.index and isinstance(b, Const) and type(b.value) is int:
        return b.value if owner.fn is operator.add else -b.value
    return None


@dataclass(slots=True)
class _Memory:
    """How the turns of a loop touch one array.

    Attributes:
        adds: whether all that they do is to add to its elements.
        writes: whether they write it.
        indices: where they touch it; None where that may be anywhere.
    """

    adds: bool = True
    writes: bool = False
    indices: list[tuple | None] = field(default_factory=list)


class Turns:
    """What is known about the turns of loops.

    Args:
        aliases: what may share memory.
        origins: where memory is made.
    """

    def __init__(self, aliases: Aliases, origins: Origins):
        self._aliases = aliases
        self._origins = origins

    def commute(self, loop: For) -> bool:
        """Whether the turns of a loop may run in any order, for all but the rounding of sums."""
        if loop.exits or any(isinstance(op, (Try, Raise)) for op in walk(loop.body)):
            return False
        if not all(adds_up(loop, k) for k in range(len(loop.carried))):
            return False
        return self.tied(loop) == []

    def may_race(self, loop: For, own: Iterable[For]) -> bool:
        """Whether two turns of a loop may touch one element at the same time, and one of them write it.

        Args:
            loop: the loop.
            own: the loops whose indices are others in each of its turns, it and those in it that go through its parts.
        """
        touched = self._touched(loop)
        return touched is None or not all(self._is_private(memory, list(own)) for memory in touched)

    def _is_private(self, memory: dict[Value, _Memory], own: list[For]) -> bool:
        if not any(m.writes for m in memory.values()):
            return True
        names = list(memory)
        for j, a in enumerate(names):
            if not all(are_apart(a, b, self._origins) for b in names[:j]):
                return False
        return all(not m.writes or any(_has_own_elements(m, loop) for loop in own) for m in memory.values())

    def tied(self, loop: For) -> list[list[Value]] | None:
        """The arrays of which turns may need what other turns leave, by memory; None if that can't be told."""
        touched = self._touched(loop)
        return None if touched is None else [list(memory) for memory in touched if not self._is_free(memory, loop)]

    def _is_free(self, memory: dict[Value, _Memory], loop: For) -> bool:
        """Whether no turn touches what another one writes, of arrays that may share memory."""
        if not any(m.writes for m in memory.values()) or all(m.adds for m in memory.values()):
            return True
        names = list(memory)
        for j, a in enumerate(names):
            if not all(are_apart(a, b, self._origins) for b in names[:j]):
                return False
        return all(not m.writes or m.adds or _has_own_elements(m, loop) for m in memory.values())

    def _touched(self, loop: For) -> list[dict[Value, _Memory]] | None:
        """For each class of memory the arrays that the turns touch; None if that can't be told."""
        found: dict[Any, dict[Value, _Memory]] = {}
        for op in walk(loop.body):
            if not isinstance(op, (Call, If, Loop)):
                return None
            if not isinstance(op, Call):
                continue
            target = written(op)
            if not hashable(op.fn) or (target is not None and op.outputs):
                return None
            for value in dict.fromkeys(v for v in contents_read(op) if is_pointer(v.type)):
                if only_metadata(op) or (value is not target and is_view(op) and value is op.args[0]):
                    continue
                base, exact = _base(value, loop)
                if base is None:
                    continue
                memory = found.setdefault(self._aliases.find(value), {}).setdefault(base, _Memory())
                element = op.args[1] if value is op.args[0] and (_is_load(op) or _is_store(op)) and exact else None
                memory.indices.append(element if element is None or isinstance(element, tuple) else (element,))
                if value is target:
                    memory.writes = True
                    memory.adds &= op.fn in ADDS
                else:
                    memory.adds = False
        return list(found.values())


def _is_load(op: Call) -> bool:
    return op.fn is operator.getitem and len(op.outputs) == 1 and is_scalar(op.outputs[0].type)


def _is_store(op: Call) -> bool:
    parts = op.args[1] if len(op.args) == 3 and isinstance(op.args[1], tuple) else op.args[1:2]
    numbers = all(isinstance(p, Value) and isinstance(p.type, (PyScalar, NpScalar)) for p in parts)
    return (op.fn is operator.setitem or op.fn in ADDS) and numbers


def _base(value: Value, loop: For) -> tuple[Value | None, bool]:
    """The array from before a loop that a name stands for, None if the turn has made it; whether all of it."""
    exact = True
    while isinstance(value.owner, Call) and is_view(value.owner) and is_inside(value.owner, loop.body):
        value, exact = value.owner.args[0], False
    if not is_inside(value.owner, loop.body):
        return value, exact
    return (None, False) if isinstance(value.owner, Call) and _makes(value.owner) else (value, False)


def _makes(op: Call) -> bool:
    return hashable(op.fn) and op.fn in _ALLOCATORS


def _has_own_elements(memory: _Memory, loop: For) -> bool:
    """Whether the index of one axis is another number in each turn."""
    if None in memory.indices:
        return False
    first = memory.indices[0]
    assert first is not None
    for k, part in enumerate(first):
        offset = offset_from(part, loop)
        low = range_of(part).low if offset is not None else None
        if low is None or low < 0:
            continue
        if all(len(other) > k and offset_from(other[k], loop) == offset for other in memory.indices if other):
            return True
    return False


def adds_up(loop: Loop, k: int) -> bool:
    """Whether what a loop carries is a sum, which the turns add to and nothing looks at."""
    current, result = loop.carried[k], loop.carried_results[k]
    if current is result:
        return True
    if not is_scalar(current.type):
        return False
    return _end_of_sum(current, loop.body, _users(loop.body)) is result


def _end_of_sum(current: Value, region: Region, users: dict[Value, list[Op | Region]]) -> Value | None:
    """The result of a region that a number becomes which is only added to on the way; None if it is used otherwise."""
    while True:
        found = [u for u in users.get(current, []) if u is region or is_inside(_place_of(u), region)]
        branch = _branch_of(found, region)
        if branch is not None:
            ends = [_end_of_sum(current, side, users) for side in branch.regions]
            places = {k for side, end in zip(branch.regions, ends, strict=True) for k in _places_of(end, side)}
            if None in ends or len(places) != 1:
                return None
            current = branch.outputs[places.pop()]
            continue
        if len(found) != 1:
            return None
        (user,) = found
        if user is region:
            return current
        if isinstance(user, For) and not user.exits and current in user.inits:
            j = user.inits.index(current)
            if not adds_up(user, j):
                return None
            current = user.carried_outputs[j]
        elif isinstance(user, Call) and user.fn in (operator.add, operator.sub) and user.args[0] is current:
            current = user.outputs[0]
        else:
            return None


def _place_of(user: Op | Region) -> Op | None:
    return user.parent if isinstance(user, Region) else user


def _places_of(value: Value | None, region: Region) -> list[int]:
    return [k for k, result in enumerate(region.results) if result is value]


def _branch_of(users: list[Op | Region], region: Region) -> If | None:
    """The branch of a region whose two sides hold all users of a number."""
    for op in region.ops:
        if (
            type(op) is If
            and users
            and all(any(u is s or is_inside(_place_of(u), s) for s in op.regions) for u in users)
        ):
            return op
    return None


def _users(body: Region) -> dict[Value, list[Op | Region]]:
    found: dict[Value, list[Op | Region]] = {}
    for op in walk(body):
        for value in op.inputs:
            found.setdefault(value, []).append(op)
        for region in op.regions:
            for value in region.results:
                found.setdefault(value, []).append(region)
    for value in body.results:
        found.setdefault(value, []).append(body)
    return found
