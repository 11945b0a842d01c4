"""Where each value is needed: exact liveness over statements.

Points of the program are numbered in the order of the text. The live range of a value is a list of half-open intervals
of points; it has holes, such as the side of a branch that does not need it. Two values may share a name if their ranges
do not overlap.
"""

from __future__ import annotations

from collections.abc import Iterable

from srcgrad.backend.nesting import Plan
from srcgrad.backend.structure import (
    Branch,
    Break,
    Continue,
    Copy,
    ForLoop,
    Return,
    Simple,
    Stmt,
    TryBlock,
    WhileLoop,
    WithBlock,
    children,
    defined_by,
    expand,
    operands_of,
)
from srcgrad.ir.nodes import Function, Loop, Op, Raise, Try, Value

Interval = tuple[int, int]
Live = dict[Value, int]
_END = 1 << 60


def _normalize(intervals: list[Interval]) -> None:
    """Sorts intervals and joins those that touch."""
    intervals.sort()
    joined = intervals[:1]
    for start, end in intervals[1:]:
        if start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    intervals[:] = joined


def _place(value: Value) -> int:
    owner = value.owner
    return owner.outputs.index(value) if isinstance(owner, Op) and len(owner.outputs) > 1 else 0


class _Loop:
    """Where `break` and `continue` go: what is live behind the loop and at its head."""

    def __init__(self, after: Iterable[Value], head: Iterable[Value]):
        self.after = list(after)
        self.head = list(head)


class Liveness:
    """The live ranges of one function; assignments that nobody reads are dropped from its `Copy`s.

    Attributes:
        ranges: value -> its intervals, sorted.
        order: the values in the order of their first definition in the text.
    """

    def __init__(self, function: Function, block: list[Stmt], plan: Plan):
        self.plan = plan
        self.ranges: dict[Value, list[Interval]] = {}
        self._points: dict[Stmt, tuple[int, int]] = {}
        self._free: dict[Stmt, set[Value]] = {}
        self._next = 4
        self._number(block)
        self._scan(block)
        live = self._block(block, {}, _END, None)
        for param in function.params:
            self._add(param, 0, live.pop(param, 1))
        for value, end in live.items():
            self._add(value, 0, end)
        for intervals in self.ranges.values():
            _normalize(intervals)
        self.order = sorted(self.ranges, key=lambda v: (self.ranges[v][0][0], _place(v), v.uid))

    def _number(self, block: list[Stmt]) -> None:
        for stmt in block:
            start = self._next
            self._next += 4
            for inner in children(stmt):
                self._number(inner)
                self._next += 4
            self._points[stmt] = (start, self._next)
            self._next += 4

    def _scan(self, block: list[Stmt]) -> tuple[set[Value], set[Value]]:
        """What a block uses and what it defines.

        Notes for each loop which values it needs from outside or from its last iteration.
        """
        used: set[Value] = set()
        defined: set[Value] = set()
        for stmt in block:
            used.update(expand(*self._operands(stmt)))
            if isinstance(stmt, (Simple, WithBlock)):
                assert stmt.op is not None
                defined.update(stmt.op.outputs)
            elif isinstance(stmt, TryBlock):
                defined.update(stmt.op.orelse.args)  # type: ignore[union-attr]
            elif isinstance(stmt, Copy):
                defined.update(dst for dst, _ in stmt.pairs)
            for inner in children(stmt):
                inner_used, inner_defined = self._scan(inner)
                if isinstance(stmt, (ForLoop, WhileLoop)):
                    own = self._own(stmt)
                    if isinstance(stmt, WhileLoop):
                        inner_used.update(expand(*self._operands(stmt)))
                    if isinstance(stmt, ForLoop):
                        inner_defined.add(stmt.op.index)  # type: ignore[union-attr]
                    self._free[stmt] = {v for v in inner_used if v in own or v not in inner_defined}
                used |= inner_used
                defined |= inner_defined
        return used, defined

    def _operands(self, stmt: Stmt) -> tuple[list[Value], Plan, set[Value]]:
        values, inlined = operands_of(stmt)
        return values, self.plan, inlined

    @staticmethod
    def _own(stmt: Stmt) -> set[Value]:
        assert isinstance(stmt.op, Loop)
        return {*stmt.op.carried, *stmt.op.outputs[: int(stmt.op.exits)]}

    def _add(self, value: Value, start: int, end: int) -> None:
        if start < end:
            self.ranges.setdefault(value, []).append((start, end))

    def _define(self, live: Live, value: Value, point: int, limit: int) -> None:
        self._add(value, point + 1, min(live.pop(value, point + 2), limit))

    def _use(self, live: Live, stmt: Stmt, point: int) -> None:
        for v in expand(*self._operands(stmt)):
            live.setdefault(v, point + 1)

    def _block(self, block: list[Stmt], live: Live, limit: int, loop: _Loop | None) -> Live:
        """Goes through a block backwards: from what is live behind it to what is live before it.

        Ranges that end beyond `limit`, because they go on behind a branch, end there.
        """
        for stmt in reversed(block):
            point = self._points[stmt][0]
            if isinstance(stmt, Branch):
                live = self._branch(stmt, live, limit, loop)
            elif isinstance(stmt, (ForLoop, WhileLoop)):
                live = self._loop(stmt, live, limit)
            elif isinstance(stmt, WithBlock):
                assert stmt.op is not None
                live = self._block(stmt.body, live, limit, loop)
                for out in defined_by(stmt.op, self.plan):
                    self._define(live, out, point, limit)
                self._use(live, stmt, point)
            elif isinstance(stmt, Break):
                assert loop is not None
                live = dict.fromkeys(loop.after, point + 1)
            elif isinstance(stmt, Continue):
                assert loop is not None
                live = dict.fromkeys(loop.head, point + 1)
            elif isinstance(stmt, Copy):
                stmt.pairs = [pair for pair in stmt.pairs if pair[0] in live]
                for dst, _ in stmt.pairs:
                    self._define(live, dst, point, limit)
                self._use(live, stmt, point)
            elif isinstance(stmt, Simple):
                assert stmt.op is not None
                if isinstance(stmt.op, Raise):
                    live = {}
                for out in defined_by(stmt.op, self.plan):
                    self._define(live, out, point, limit)
                self._use(live, stmt, point)
            else:
                assert isinstance(stmt, Return)
                live = {}
                self._use(live, stmt, point)
        return live

    def _branch(self, stmt: Branch, after: Live, limit: int, loop: _Loop | None) -> Live:
        point, last = self._points[stmt]
        middle = self._points[stmt.orelse[0]][0] - 1 if stmt.orelse else self._points[stmt][1] - 5
        no = self._block(stmt.orelse, dict(after), limit, loop)
        yes = self._block(stmt.then, dict(after), min(limit, middle), loop)
        if isinstance(stmt, TryBlock):
            self._enter_handler(stmt, no, point, middle, last)
        live: Live = {}
        for v, end in after.items():
            if yes.get(v) == end and no.get(v) == end:
                live[v] = end
            else:
                self._add(v, last, min(end, limit))
        for v in (yes.keys() | no.keys()) - live.keys():
            if v in yes:
                self._add(v, point + 1, min(yes[v], limit, middle))
            if v in no:
                self._add(v, middle, min(no[v], limit))
            live[v] = point + 1
        self._use(live, stmt, point)
        return live

    def _enter_handler(self, stmt: TryBlock, live: Live, point: int, middle: int, last: int) -> None:
        """What a handler needs is needed all through the body; Python forgets the exception where the handler ends."""
        assert isinstance(stmt.op, Try)
        if live.pop(stmt.op.error, None) is not None:
            self._add(stmt.op.error, middle, last)
        for v in live:
            self._add(v, point + 1, middle)

    def _loop(self, stmt: ForLoop | WhileLoop, after: Live, limit: int) -> Live:
        point, end = self._points[stmt]
        head = self._free[stmt] | after.keys()
        body = self._block(stmt.body, dict.fromkeys(head, end), limit, _Loop(after, head))
        if isinstance(stmt, ForLoop) and self.plan.uses.get(stmt.op.index):  # type: ignore[union-attr]
            self._define(body, stmt.op.index, point + 1, limit)  # type: ignore[union-attr]
        for v, until in after.items():
            self._add(v, end, min(until, limit))
        for v, until in body.items():
            self._add(v, point + 2, min(until, limit))
        live = dict.fromkeys(head | body.keys(), point + 2)
        self._use(live, stmt, point)
        return live
