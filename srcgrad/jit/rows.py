"""Nests that touch the same memory go along their outer axis together, so that a row is still near when it is needed.

Before -> after:

    for i in range(len(g)):                 for i in range(len(g)):
        for j in range(g.shape[1]):             for j in range(g.shape[1]):
            x_bar[i, j] += g[i, j]                  x_bar[i, j] += g[i, j]
    for i in range(len(g)):                     for j in range(g.shape[1]):
        for j in range(g.shape[1]):                 x_bar[i + 2, j] += g[i, j]
            x_bar[i + 2, j] += g[i, j]

That is the same if all that two nests do with the memory of an array is to add to it, up to rounding, or if both touch
one row of it only in one turn.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import only_metadata
from srcgrad.ir.nodes import Call, Const, For, If, Op, Value, walk
from srcgrad.ir.types import INT, Array, is_scalar
from srcgrad.jit.groups import Group
from srcgrad.jit.lengths import Facts
from srcgrad.jit.places import Along, Place, place_of

_ADDING = (operator.add, operator.sub)


@dataclass(frozen=True, slots=True)
class _Access:
    """How a nest touches memory.

    Attributes:
        kind: `read`, `add` or `write`.
        place: where; None if that is not said by an index for each element of the nest.
    """

    kind: str
    place: Place | None

    @property
    def row(self) -> Any:
        """The memory that a turn of the outer loop touches; None if it touches more than one row."""
        if self.place is None:
            return None
        outer = [(k, a.offset, a.step) for k, a in enumerate(self.place.indices) if a.axis == 0]
        return (self.place.base, *outer) if len(outer) == 1 else None


class Rows:
    """The last nest that has been written, and what it does.

    Attributes:
        loop: its outer loop, the last operation that has been written; None if there is none.
        groups: what it is the nest of.
    """

    def __init__(self, aliases: Aliases):
        self.aliases = aliases
        self.loop: For | None = None
        self.groups: list[Group] = []

    def forget(self) -> None:
        """Something else has been written."""
        self.loop, self.groups = None, []

    def join(self, group: Group, ops: list[Op], facts: Facts, done: list[Op]) -> bool:
        """Puts a nest into the one before it, if that changes nothing; else it is the one that others may join.

        Args:
            group: what the nest does.
            ops: its operations.
            facts: what is known of lengths.
            done: what has been written before.
        """
        loop = ops[-1] if ops else None
        if not isinstance(loop, For) or loop.outputs or not _has_rows(loop) or group.shape[0] == 1:
            self.forget()
            return False
        first = self.loop
        if first is None or done[-1] is not first or not self._may_join(group, ops, facts):
            self.loop, self.groups = loop, [group]
            return False
        done[-1:] = [*ops[:-1], first]
        _append(first, loop)
        self.groups.append(group)
        return True

    def _may_join(self, group: Group, ops: list[Op], facts: Facts) -> bool:
        before = all(_looks_outside(op) for op in ops[:-1])
        same = all(facts.equal(group.shape[0], other.shape[0]) for other in self.groups)
        return before and same and all(self._agree(other, group) for other in self.groups)

    def _agree(self, first: Group, last: Group) -> bool:
        """Whether two groups share memory, and may take turns with it."""
        a, b = self._accesses(first), self._accesses(last)
        shared = a.keys() & b.keys()
        return bool(shared) and all(_take_turns([*a[memory], *b[memory]]) for memory in shared)

    def _accesses(self, group: Group) -> dict[Any, list[_Access]]:
        found: dict[Any, list[_Access]] = {}

        def note(base: Value, kind: str, place: Place | None) -> None:
            found.setdefault(self.aliases.find(base), []).append(_Access(kind, place))

        for m in group.members:
            for k, value in enumerate(m.read):
                if isinstance(value.type, Array) and value not in group.made and not isinstance(value, Const):
                    place = place_of(value).moved(m.axes_of(k))
                    note(place.base, "read", place)
            if m.store is not None:
                note(m.store.place.base, "add" if m.store.update in _ADDING else "write", m.store.place)
            elif m.output is not None and isinstance(m.output.type, Array):
                whole = Place(m.output, tuple(Along(k) for k in range(len(m.shape))))
                note(m.output, "write", whole if m.pointwise is not None else None)
        return found


def _has_rows(loop: For) -> bool:
    return isinstance(loop.start, Const) and any(isinstance(op, For) for op in loop.body.ops)


def _take_turns(accesses: list[_Access]) -> bool:
    kinds = {access.kind for access in accesses}
    if kinds in ({"read"}, {"add"}):
        return True
    rows = {access.row for access in accesses}
    return len(rows) == 1 and None not in rows


def _looks_outside(op: Op) -> bool:
    """Whether an operation reads no elements: it may be done earlier."""
    if isinstance(op, If):
        return not op.outputs and all(_looks_outside(inner) for region in op.regions for inner in region.ops)
    if not isinstance(op, Call):
        return not op.regions
    numbers = all(not isinstance(v.type, Array) for v in op.inputs)
    return numbers or only_metadata(op) or bool(op.outputs and not is_scalar(op.outputs[0].type))


def _append(first: For, last: For) -> None:
    """Appends the body of a loop to that of another one that makes as many turns."""
    index: Value = first.index
    by = last.start.value - first.start.value  # type: ignore[attr-defined]
    if by:
        index = Value(INT, None, last.span)
        fn = operator.add if by > 0 else operator.sub
        shifted = Call(fn, (first.index, Const(abs(by))), {}, [index], last.span)
        shifted.mirror = last.mirror
        first.body.append(shifted)
    for op in walk(last.body):
        op.replace_inputs(lambda v: index if v is last.index else v)
        for region in op.regions:
            region.results = [index if v is last.index else v for v in region.results]
    for op in last.body.ops:
        first.body.append(op)
