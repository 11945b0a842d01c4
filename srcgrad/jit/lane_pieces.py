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
from srcgrad.ir.nodes import Call, Op, Value, references, walk
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
    pieces = [Piece()]
    for k, op in enumerate(ops):
        if pieces[-1].ops and _questions([*pieces[-1].ops, op], k, last, plan) > _MOST:
            pieces.append(Piece())
        pieces[-1].ops.append(op)
    return pieces


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


def _questions(ops: list[Op], k: int, last: dict[Value, int], plan: Plan) -> int:
    """How many pairs of rows some operations use of which one is written, were they a piece of their own."""
    reads: set[tuple] = set()
    writes: set[tuple] = set()
    own = {v for op in ops for v in op.outputs}
    for op in ops:
        for inner in (op, *[i for region in op.regions for i in walk(region)]):
            if isinstance(inner, Call) and is_element(inner):
                place = (inner.args[0], *[_key(part) for part in places(inner)])
                if inner.fn is operator.getitem:
                    reads.add(place)
                elif any(map(plan.differs, places(inner))) or inner.fn not in ADDS:
                    writes.add(place)
        kept = [v for v in map(plan.resolve, references(op)) if v not in own and plan.differs(v)]
        reads |= {(v,) for v in kept if not plan.is_cheap(v) and v.owner is not plan.loop.body}
        writes |= {(v,) for v in op.outputs if last.get(v, 0) > k and not plan.is_cheap(v)}
    reads -= writes
    return len(writes) * (len(writes) - 1) // 2 + len(writes) * len(reads)


def _key(part: Value) -> object:
    return getattr(part, "value", part)
