"""When memory changes: whether what was read at one point of the forward sweep still stands later."""

from __future__ import annotations

from typing import Any

from srcgrad.analysis.alias import Aliases, reachable
from srcgrad.analysis.elements import Place, Turns, place_of, place_read, place_written
from srcgrad.analysis.memory import LOOKUPS, among, base_of, is_allocation, written
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, For, Function, Invoke, Loop, Op, Region, Value, walk


class Versions:
    """The writes of a forward sweep, by class of memory and by place.

    Positions are those at the time of construction: operations inserted later must not write.
    """

    def __init__(self, function: Function, aliases: Aliases, end: int, callee: bool = False):
        self._aliases = aliases
        self._position: dict[Op, int] = {}
        self._ops: dict[Region, list[Op]] = {}
        self._writes: dict[Op, frozenset[Any]] = {}
        self._callees: dict[Function, frozenset[Any]] = {}
        self._local: dict[tuple[Any, Loop], bool] = {}
        self._register(function.body, function.body.ops[:end])
        self._is_callee = callee
        self._boundary = {*function.params, *function.body.results}

    def _register(self, region: Region, ops: list[Op]) -> frozenset[Any]:
        self._ops[region] = ops
        total: set[Any] = set()
        for k, op in enumerate(ops):
            self._position[op] = k
            found: set[Any] = set()
            for inner in op.regions:
                found |= self._register(inner, list(inner.ops))
            target = written(op)
            if target is not None:
                found.add(self._aliases.find(target))
            if isinstance(op, Invoke):
                found |= self._written_by(op.callee)
            self._writes[op] = frozenset(found)
            total |= found
        return frozenset(total)

    def _written_by(self, callee: Function) -> frozenset[Any]:
        """The classes of memory that a call writes."""
        known = self._callees.get(callee)
        if known is None:
            ops = [op for function in reachable([callee]) for op in walk(function.body)]
            targets = [target for op in ops if (target := written(op)) is not None]
            known = self._callees[callee] = frozenset(self._aliases.find(target) for target in targets)
        return known

    def is_forward(self, op: Op) -> bool:
        return op in self._position

    def place(self, op: Op | None) -> float:
        """Where an operation stands in its region; behind all others if it is none of the forward sweep."""
        return float("inf") if op is None else self._position.get(op, float("inf"))

    def writes(self, op: Op, memory: Any) -> bool:
        """Whether an operation, or one inside of it, writes a class of memory."""
        return memory in self._writes.get(op, ())

    def stale(self, memory: Any, op: Op, itself: bool = False) -> bool:
        """Whether a class of memory is written after an operation, up to the end of the forward sweep.

        Args:
            memory: the class.
            op: the operation.
            itself: whether a write by the operation itself counts.
        """
        if (itself and self.writes(op, memory)) or self._escapes(memory):
            return True
        while True:
            region = op.parent
            assert region is not None
            if any(memory in self._writes[later] for later in self._ops[region][self._position[op] + 1 :]):
                return True
            parent = region.parent
            if parent is None:
                return False
            if isinstance(parent, Loop) and self.writes(parent, memory) and not self._is_local(memory, parent):
                return True
            op = parent

    def overwritten(self, pointer: Value, op: Op, itself: bool = False) -> bool:
        """Whether what an operation reads through a pointer is written after it, up to the end of the forward sweep.

        Other than with `stale`, writes to other elements of the same array do not count.
        """
        if itself and self.writes(op, self._aliases.find(pointer)):
            return True
        return self._overwritten(pointer, place_read(pointer, op), op)

    def overwritten_at(self, pointer: Value, index: Any, op: Op) -> bool:
        """Whether elements of an array are written after an operation, up to the end of the forward sweep."""
        return self._overwritten(pointer, place_of(pointer, index), op)

    def add_after(self, op: Op, other: Op) -> None:
        """Notes an operation that writes nothing, right after another one."""
        self._position[op] = self._position[other]
        self._writes[op] = frozenset()

    def _overwritten(self, pointer: Value, place: Place | None, op: Op) -> bool:
        memory = self._aliases.find(pointer)
        if not self.stale(memory, op):
            return False
        if place is None or self._escapes(memory):
            return True
        while True:
            region = op.parent
            assert region is not None
            later = self._ops[region][self._position[op] + 1 :]
            if not self._apart(place, later, memory, Turns(None)):
                return True
            parent = region.parent
            if parent is None:
                return False
            if isinstance(parent, Loop) and self.writes(parent, memory) and not self._is_local(memory, parent):
                if isinstance(parent, For) and parent.slots is not None:
                    return True
                inside = [inner for body in parent.regions for inner in self._ops[body]]
                if not self._apart(place, inside, memory, Turns(parent)):
                    return True
            op = parent

    def _apart(self, place: Place, ops: list[Op], memory: Any, turns: Turns) -> bool:
        """Whether operations write none of the elements of a place."""
        for op in ops:
            if memory not in self._writes[op]:
                continue
            if op.regions:
                if not all(self._apart(place, self._ops[region], memory, turns) for region in op.regions):
                    return False
            else:
                write = place_written(op)
                if write is None or not turns.apart(place, write):
                    return False
        return True

    def next_write(self, memory: Any, op: Op, itself: bool = False) -> Op | None:
        """The operation of its region that is the first to write a class of memory after an operation, None if none is.

        Operations of one region between which memory is not written have the same next write.
        """
        assert op.parent is not None
        start = self._position[op] + (0 if itself else 1)
        return next((later for later in self._ops[op.parent][start:] if memory in self._writes[later]), None)

    def written_between(self, memory: Any, first: Op, last: Op) -> bool:
        """Whether memory is written after `first`, up to and with `last`; if that is of another region, perhaps."""
        if last.parent is not first.parent:
            return True
        assert first.parent is not None
        between = self._ops[first.parent][self._position[first] + 1 : self._position[last] + 1]
        return any(memory in self._writes[op] for op in between)

    def _escapes(self, memory: Any) -> bool:
        """Whether others may write the memory when this function is over: it came in by a parameter, or goes out."""
        return (
            self._is_callee
            and memory in self._aliases.written
            and any(v in self._boundary for v in self._aliases.members.get(memory, ()))
        )

    def _is_local(self, memory: Any, loop: Loop) -> bool:
        """Whether what one turn of a loop sees of the memory is written in no later turn: each writes what it made."""
        known = self._local.get((memory, loop))
        if known is None:
            around = (memory, *self._aliases.holders(memory))
            made = all(self._is_made_in(loop, m) for m in around)
            known = self._local[memory, loop] = made or self._writes_new(loop.body, memory, loop)
        return known

    def _is_made_in(self, loop: Loop, memory: Any) -> bool:
        """Whether all that points to the memory is from within a turn of a loop, and from no container or table."""
        members = self._aliases.members.get(memory, ())
        return bool(members) and all(is_inside(v.owner, loop.body) and not _is_looked_up(v) for v in members)

    def _writes_new(self, region: Region, memory: Any, loop: Loop) -> bool:
        """Whether each write of the memory is to an array that the same turn of a loop has allocated."""
        for op in region.ops:
            if memory not in self._writes.get(op, ()):
                continue
            target = written(op)
            if op.regions:
                new = all(self._writes_new(inner, memory, loop) for inner in op.regions)
            else:
                made = None if target is None else base_of(target).owner
                new = isinstance(made, Call) and is_allocation(made) and is_inside(made, loop.body)
            if not new:
                return False
        return True


def _is_looked_up(value: Value) -> bool:
    """Whether a value is found in a table, which may have been there before, as what it finds may."""
    return isinstance(value.owner, Call) and among(value.owner.fn, LOOKUPS)
