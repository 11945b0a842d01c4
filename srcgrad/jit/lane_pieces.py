"""Cuts what a loop does into pieces that use few arrays each, so that each of them can be vectorised.

Before -> after:

    for i in range(n):                               for i in range(n):
        a = exp(x[i])                                    a_lanes[i] = exp(x[i])
        a_tape[i] = a                                    a_tape[i] = a_lanes[i]
        b = exp(y[i])                                for i in range(n):
        b_tape[i] = b                                    b_lanes[i] = exp(y[i])
        z[i] = a * b                                     b_tape[i] = b_lanes[i]
                                                     for i in range(n):
                                                         z[i] = a_lanes[i] * b_lanes[i]

LLVM asks at run time whether what a loop writes and what it reads are apart, and gives up where it had to ask much.
"""

from __future__ import annotations

import operator

from srcgrad.analysis.commuting import ADDS
from srcgrad.ir.nodes import Call, Op, Value, references, within
from srcgrad.jit.lane_memory import is_element, places
from srcgrad.jit.lane_plan import Piece, Plan

_MOST = 8
"""As many questions LLVM asks."""


def cut(piece: Piece, plan: Plan) -> list[Piece]:
    """Cuts a piece in as few as may be, each of which uses few arrays.

    Args:
        piece: what all turns do.
        plan: of the loop.
    """
    ops = _stores_first(piece.ops)
    last: dict[Value, int] = {}
    for k, op in enumerate(ops):
        last.update(dict.fromkeys(map(plan.resolve, references(op)), k))
    pieces: list[Piece] = []
    start = 0
    while start < len(ops):
        asked = _Questions(plan, last)
        fitting = [k for k in range(start, len(ops)) if asked.after(ops[k], k) <= _MOST]
        # What is in between may hold more numbers for a while: it is the ends of a piece that count.
        end = max(fitting, default=start) + 1
        pieces.append(Piece(ops[start:end]))
        start = end
    return pieces or [Piece()]


def _stores_first(ops: list[Op]) -> list[Op]:
    """Writes to an array that nothing else touches go where what is written is known."""
    made: dict[Value, Op] = {v: op for op in ops for v in op.outputs}
    uses: dict[Value, int] = {}
    for op in ops:
        for value in references(op):
            uses[value] = uses.get(value, 0) + 1
    behind: dict[Op, list[Op]] = {}
    for op in ops:
        if isinstance(op, Call) and op.fn is operator.setitem and is_element(op) and uses[op.args[0]] == 1:
            needed = [made[v] for v in op.inputs if v in made]
            if needed:
                behind.setdefault(max(needed, key=ops.index), []).append(op)
    moved = {store for stores in behind.values() for store in stores}
    found: list[Op] = []
    for op in ops:
        if op not in moved:
            found += [op, *behind.get(op, [])]
    return found


class _Questions:
    """How many pairs of rows some operations use of which one is written, were they a piece of their own."""

    def __init__(self, plan: Plan, last: dict[Value, int]):
        self.plan = plan
        self.last = last
        self.reads: set[tuple] = set()
        self.writes: set[tuple] = set()
        self.own: set[Value] = set()
        self.kept: dict[Value, int] = {}

    def after(self, op: Op, k: int) -> int:
        """The number, with one more operation, which is number `k` of all."""
        for inner in within([op]):
            if isinstance(inner, Call) and is_element(inner):
                place = (inner.args[0], *[_key(part) for part in places(inner)])
                if inner.fn is operator.getitem:
                    self.reads.add(place)
                elif any(map(self.plan.differs, places(inner))) or inner.fn not in ADDS:
                    self.writes.add(place)
        self.own.update(op.outputs)
        used = [v for v in map(self.plan.resolve, references(op)) if v not in self.own and self.plan.differs(v)]
        self.reads |= {(v,) for v in used if not self.plan.is_cheap(v) and v.owner is not self.plan.loop.body}
        self.kept |= {v: self.last.get(v, 0) for v in op.outputs if not self.plan.is_cheap(v)}
        self.kept = {v: end for v, end in self.kept.items() if end > k}
        count = len(self.writes) + len(self.kept)
        return count * (count - 1) // 2 + count * len(self.reads - self.writes)


def _key(part: Value) -> object:
    return getattr(part, "value", part)
