"""Chooses which values of the forward sweep are saved, and which are computed again from those, by minimum cuts.

A value that the reverse sweep needs is saved, or computed again from operands that it then needs, too. Each choice has
its cost, times how often its region runs; the cheapest choices that belong together are a minimum cut of a network in
which a value is two nodes:

    source -> needed(v)                 where the reverse sweep uses v                          (infinite)
    needed(v) -> run(v)                 cut where v is saved                                    (what that costs)
    run(v) -> sink                      cut where v is computed again                           (what that costs)
    run(v) -> needed(operand)           what it is computed from is needed then                 (infinite)

What a network cannot say is tried: a tape that is not made at all spares its first push, too, and what the forward
sweep would compute for it alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from srcgrad.analysis.memory import only_metadata, shape_operand
from srcgrad.ir.nodes import Call, For, Function, Loop, Op, Region, Try, Value
from srcgrad.ir.types import Array, Type, rank
from srcgrad.transform.costs import NEVER
from srcgrad.transform.forward_work import ForwardWork
from srcgrad.transform.homes import Homes, ancestor, in_loop, owners, weight
from srcgrad.transform.min_cut import INFINITE, Network
from srcgrad.transform.recompute import Recompute
from srcgrad.transform.undo import Contents

_BANNED = 1e15
_NAMED, _NAMELESS = 1e-3, 2e-3
"""What it costs more to save: of equal choices, the shorter tape; of equal tapes, that of what the user named."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of an array for the reverse sweep, which can be made before an operation in place of a save per element.

    Attributes:
        pointer: the array.
        anchor: the operation; up to its end the array is not written.
        following: the next operation that writes the array: copies with the same one are alike.
    """

    pointer: Value
    anchor: Op = field(compare=False)
    following: Op | None

    @property
    def home(self) -> Region:
        assert self.anchor.parent is not None
        return self.anchor.parent


@dataclass(frozen=True, slots=True)
class Undoing:
    """That the writes to a class of memory are undone, so that what was read of it can be read again."""

    memory: Any


Node = Value | Copy | Undoing


@dataclass(frozen=True, slots=True)
class HandedOn:
    """What one turn of a loop carries into the next: the reverse sweep had it there under another name.

    Attributes:
        loop: the loop of the forward sweep.
        arg: what it is in the next turn: an argument of its body, which is needed, too.
        output: what it is after the last turn.
    """

    loop: Loop
    arg: Value
    output: Value


@dataclass(slots=True)
class _Way:
    """How a value may be computed again.

    Attributes:
        cost: what that costs, once.
        operands: what is needed for it.
    """

    cost: float = NEVER
    operands: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Choice:
    """What is saved, and what is computed again.

    Attributes:
        saved: the values that are saved, and the arrays that are copied.
        again: the values that are computed again.
    """

    saved: set[Node] = field(default_factory=set)
    again: set[Node] = field(default_factory=set)


class Plan:
    """Plans the tapes of one function.

    Args:
        function: it has both sweeps.
        homes: where its values are at home.
        indices: index of a forward loop -> index of its reverse.
        recompute: what may be run again.
        outputs: the results of the function that somebody asks for.
    """

    def __init__(
        self,
        function: Function,
        homes: Homes,
        indices: dict[Value, Value],
        recompute: Recompute,
        outputs: Iterable[Value],
    ):
        self._function = function
        self._homes = homes
        self._indices = indices
        self._recompute = recompute
        self._costs = recompute.costs
        self._required: set[Node] = set()
        self._forced: set[Value] = set()
        self._last: dict[Value, float] = {}
        self._points: dict[Value, Op | None] = {}
        self._ways: dict[Node, _Way] = {}
        self._reverses: dict[Region, list[Region]] = {}
        self._handed_on: dict[Value, HandedOn] | None = None
        self._undone: dict[Any, _Way] = {}
        self._outputs = list(outputs)
        self._weights: dict[Region, float] = {}

    def run(self, reverse: Region) -> Choice:
        """The choice for a reverse sweep that refers to values of the forward sweep wherever they were defined."""
        kept: set[Value] = set(self._outputs)
        self._collect(reverse, self._function.body, {}, kept)
        undoing = {Undoing(memory): way for memory, way in self._undone.items()}
        needed = {node for node in undoing if node.memory in self._recompute.contents.needed}
        if not self._required and not needed:
            return Choice()
        self._ways.update(undoing)
        self._explore([*self._required, *[v for way in undoing.values() for v in way.operands]])
        self._required |= needed
        work = ForwardWork(self._function, kept | self._forced, self._costs)
        choices = [self._solve(frozenset(), work if spare else None) for spare in (False, True)]
        best = min(choices, key=lambda choice: self._total(choice, work))
        return self._without_tapes(best, work)

    def restored(self, choice: Choice) -> set[Any]:
        """The classes of memory whose writes are to be undone."""
        return {node.memory for node in choice.again if isinstance(node, Undoing)}

    def _is_restored(self, pointer: Value, op: Call) -> bool:
        """Whether what an operation read is there again because the writes to it have been undone."""
        aliases, versions = self._recompute.aliases, self._recompute.versions
        memory = aliases.find(pointer)
        found = memory in self._undone and versions.is_forward(op) and not only_metadata(op)
        return found and versions.overwritten(pointer, op)

    def make_copies(self, choice: Choice, contents: Contents) -> None:
        """Makes the copies that are chosen, and lets what is computed again read them."""
        for node in choice.again:
            for operand in self._ways[node].operands:
                if isinstance(operand, Copy):
                    assert isinstance(node, Value) and isinstance(node.owner, Call)
                    copy = contents.copy_before(operand.pointer, operand.anchor)
                    self._recompute.copies[operand.pointer, node.owner] = copy

    def _without_tapes(self, best: Choice, work: ForwardWork) -> Choice:
        """Tries to do without one tape after the other, those that are pushed most often first."""
        banned: frozenset[Region] = frozenset()
        least = self._total(best, work)
        for home in sorted(self._tapes(best), key=self._weight, reverse=True):
            choice = self._solve(banned | {home}, None)
            total = self._total(choice, work)
            if home not in self._tapes(choice) and total <= least:
                best, least, banned = choice, total, banned | {home}
        return best

    # What is needed, where

    def _collect(self, region: Region, home: Region, points: dict[Region, Op | None], kept: set[Value]) -> None:
        """Finds what a region of the reverse sweep uses; `home` is the region of the forward sweep that it reverses."""
        outermost = home not in points
        if outermost and region.mirror is home:
            self._reverses.setdefault(home, []).append(region)
        for op in region.ops:
            if outermost:
                points[home] = op.mirror
            if op in self._recompute.contents.undoing:
                self._add_undoing(op, points)
                continue
            looks = shape_operand(op)
            outside = op.args[looks] if looks is not None and isinstance(op, Call) else None
            for value in op.inputs:
                if value is not outside or not isinstance(value.type, Array):
                    self._require(value, points, kept)
            for inner in op.regions:
                self._collect(inner, home if inner.mirror is None else inner.mirror, points, kept)
        if outermost:
            points[home] = None
        for value in region.results:
            self._require(value, points, kept)
        if outermost:
            del points[home]

    def _require(self, value: Value, points: dict[Region, Op | None], kept: set[Value]) -> None:
        if value in self._indices:
            return
        if self._homes.is_kept(value):
            if self._homes.of(value) is not None:
                kept.add(value)
            return
        home = self._homes.of(value)
        assert home is not None
        if home in points:
            self._required.add(value)
            self._is_later(value, points[home])
        else:
            self._forced.add(value)

    def _add_undoing(self, op: Op, points: dict[Region, Op | None]) -> None:
        """Notes what it takes to undo a write."""
        assert isinstance(op, Call) and op.mirror is not None and op.mirror.parent is not None
        way = self._undone.setdefault(self._recompute.aliases.find(op.args[0]), _Way(0.0))
        way.cost += self._costs.of_store(op) * self._weight(op.mirror.parent)
        for value in op.inputs:
            home = self._homes.of(value)
            if value in self._indices or self._homes.is_kept(value) or home is None:
                continue
            way.operands.append(value)
            # Where it stands in a loop that the reverse sweep makes for itself, it is saved.
            self._is_later(value, points.get(home))

    def _is_later(self, value: Value, point: Op | None) -> bool:
        """Notes that a value is needed at a point; whether that is before the others in the reverse sweep."""
        place = self._recompute.versions.place(point)
        if value in self._last and place <= self._last[value]:
            return False
        self._last[value], self._points[value] = place, point
        return True

    def _explore(self, required: Iterable[Any]) -> None:
        """Finds the ways to compute values again, and what they need."""
        pending = list(required)
        while pending:
            value = pending.pop()
            way, points = self._way(value)
            self._ways[value] = way
            for operand in way.operands:
                if isinstance(operand, Copy):
                    self._ways.setdefault(operand, _Way())
                elif isinstance(operand, Undoing):
                    continue
                elif self._is_later(operand, points[operand]) or operand not in self._ways:
                    pending.append(operand)

    def _way(self, value: Value) -> tuple[_Way, dict[Node, Op | None]]:
        op, point, home = value.owner, self._points[value], self._homes.of(value)
        never: tuple[_Way, dict[Node, Op | None]] = (_Way(), {})
        if value in self.handed_on:
            known = self.handed_on[value]
            handed: dict[Node, Op | None] = {known.arg: None}
            if not self._homes.is_kept(known.output):
                handed[known.output] = known.loop
            return _Way(self._costs.carry, list(handed)), handed
        if not isinstance(op, Call) or home is None:
            return never
        cost = self._recompute.cost(op, point, reads=False)
        if cost == NEVER:
            return never
        points: dict[Node, Op | None] = {}
        for read in dict.fromkeys(op.inputs):
            if self._is_restored(read, op):
                points[Undoing(self._recompute.aliases.find(read))] = None
            operand: Node | None = self._recompute.operand(read, op, point)
            if self._recompute.is_lost(read, op, point):
                operand = self._copy(read, op)
            if operand is None:
                return never
            if isinstance(operand, Copy):
                points[operand] = None
                continue
            if operand in self._indices or self._homes.is_kept(operand):
                continue
            there = self._homes.of(operand)
            assert there is not None
            outer = point if there is home else ancestor(home, there)
            if there is not home and outer is None:
                return never
            points[operand] = outer
        return _Way(cost, list(points)), points

    @property
    def handed_on(self) -> dict[Value, HandedOn]:
        """What the reverse of a loop need not take off a tape, as it had it in the turn before under another name."""
        if self._handed_on is None:
            self._handed_on = {}
            for home, regions in self._reverses.items():
                loop = home.parent
                backwards = regions[0].parent
                if isinstance(loop, Loop) and home is loop.body and isinstance(backwards, For) and len(regions) == 1:
                    self._add_handed_on(loop)
        return self._handed_on

    def _add_handed_on(self, loop: Loop) -> None:
        assert self._handed_on is not None
        for arg, result, output in zip(loop.carried, loop.carried_results, loop.carried_outputs, strict=True):
            own = self._homes.of(result) is loop.body and result is not arg and result not in self._indices
            if own and result not in self._handed_on and is_alike(arg.type, result.type):
                self._handed_on[result] = HandedOn(loop, arg, output)

    def _copy(self, pointer: Value, op: Call) -> Copy | None:
        """A copy of what an operation reads, made outside of a loop around it that does not write it."""
        aliases, versions = self._recompute.aliases, self._recompute.versions
        if not isinstance(pointer.type, Array) or not versions.is_forward(op):
            return None
        memory, anchor, left = aliases.find(pointer), op, False
        around = [op, *owners(op.parent)] if op.parent is not None else [op]
        for inner, outer in pairwise(around):
            home = self._homes.of(pointer)
            if isinstance(outer, Try) or versions.writes(outer, memory) or home is inner.parent:
                break
            anchor, left = outer, left or isinstance(outer, Loop)
        return Copy(pointer, anchor, versions.next_write(memory, anchor)) if left else None

    # What is chosen

    def _solve(self, banned: frozenset[Region], work: ForwardWork | None) -> Choice:
        network = Network()
        for node, way in self._ways.items():
            if node in self._forced:
                continue
            times = self._weight(self._home(node))
            save = INFINITE if isinstance(node, Undoing) else self._save_cost(node, banned, work) * times
            network.connect(("needed", node), ("run", node), save)
            network.connect(("run", node), "sink", way.cost * times if way.cost < NEVER else INFINITE)
            for operand in way.operands:
                if operand not in self._forced:
                    network.connect(("run", node), ("needed", operand), INFINITE)
        for value in self._required - self._forced:
            network.connect("source", ("needed", value), INFINITE)
        reached = network.cut("source", "sink") if self._required - self._forced else set()
        choice = Choice()
        for node in self._ways:
            if ("run", node) in reached:
                choice.again.add(node)
            elif ("needed", node) in reached:
                choice.saved.add(node)
        return choice

    def _save_cost(self, node: Value | Copy, banned: frozenset[Region], work: ForwardWork | None) -> float:
        costs = self._costs
        if isinstance(node, Copy):
            return costs.copying(node.pointer) + (costs.size(node.pointer) + costs.slot if in_loop(node.home) else 0.0)
        home = self._home(node)
        array = costs.size(node)
        if not in_loop(home):
            return costs.export + array
        more = 0.0 if work is None else costs.tape + work.more_for(node) / self._weight(home)
        return costs.slot + array + more + (_BANNED if home in banned else 0.0) + (_NAMED if node.hint else _NAMELESS)

    def _total(self, choice: Choice, work: ForwardWork) -> float:
        """What a choice costs altogether."""
        costs = self._costs
        total = sum(self._ways[node].cost * self._weight(self._home(node)) for node in choice.again)
        total += sum(self._save_cost(n, frozenset(), None) * self._weight(self._home(n)) for n in choice.saved)
        for home, slots in self._tapes(choice).items():
            total += (costs.tape + (costs.pack if slots > 1 else -costs.slot)) * self._weight(home)
        return total + work.more(n for n in choice.saved if not isinstance(n, Copy))

    def _tapes(self, choice: Choice) -> dict[Region, int]:
        """The regions that push values in each of their turns, with how many."""
        found: dict[Region, int] = {}
        for node in (*choice.saved, *self._forced):
            home = self._home(node)
            if in_loop(home):
                found[home] = found.get(home, 0) + 1
        return found

    def _home(self, node: Node) -> Region:
        if isinstance(node, Copy):
            return node.home
        home = self._homes.body if isinstance(node, Undoing) else self._homes.of(node)
        assert home is not None
        return home

    def _weight(self, region: Region) -> float:
        if region not in self._weights:
            self._weights[region] = weight(region)
        return self._weights[region]


def is_alike(a: Type, b: Type) -> bool:
    """Whether two types differ at most in what they know of lengths."""
    if isinstance(a, Array) and isinstance(b, Array):
        return a.dtype == b.dtype and rank(a) == rank(b) is not None
    return a == b
