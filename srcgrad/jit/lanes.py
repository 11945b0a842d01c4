"""Loops over points run many turns at a time, statement by statement, so that the machine can do several at once.

Before -> after:

    for i in range(n):                               for first in range(0, n, 128):
        s = 0.0                                          count = min(128, n - first)
        for p in range(d):                               for lane in range(count):
            for q in range(p):                               s_lanes[lane] = 0.0
                s += w[p, q] * z[q]                      for p in range(d):
        y[i] = s                                             for q in range(p):
                                                                 for lane in range(count):
                                                                     s_lanes[lane] += w[p, q] * z_lanes[q, lane]
                                                         for lane in range(count):
                                                             y[first + lane] = s_lanes[lane]

Loops that carry a sum of floats can't be vectorised as they are: the sum would be another one. Those over the turns of
a loop around them can, where no turn needs what another one leaves. An array that each turn fills anew becomes one for
each lane; what all turns add to one element is summed up first, in blocks of so few numbers that rounding is no worse.
"""

from __future__ import annotations

import operator
from collections.abc import Container, Iterable
from dataclasses import dataclass

import numpy as np

from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.commuting import ADDS, Turns, adds_up, offset_from
from srcgrad.analysis.origins import Origins
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, Const, For, Function, Loop, Op, Region, Value, map_tree, references, walk
from srcgrad.ir.types import F8, FLOAT, NpScalar, is_scalar
from srcgrad.jit.lane_code import Lanes
from srcgrad.jit.lane_failures import must_note
from srcgrad.jit.lane_loops import is_slow
from srcgrad.jit.lane_memory import (
    Uses,
    ascending,
    is_element,
    is_fresh,
    is_private,
    is_zeroed,
    local_arrays,
    places,
)
from srcgrad.jit.lane_pieces import cut
from srcgrad.jit.lane_plan import Piece, Plan, innermost, is_number
from srcgrad.jit.order import tells_apart
from srcgrad.jit.pointwise import Writer
from srcgrad.jit.promotion import promote_elements
from srcgrad.jit.vector_functions import C_NAMES
from srcgrad.transform.simplify import replace_values

_FEWEST = 16


def run_in_lanes(function: Function, functions: list[Function]) -> None:
    """Runs loops several turns at a time, where that is right and worth it.

    Args:
        function: it is changed.
        functions: all functions that are compiled with it, the one that Python calls last.
    """
    loops = [op for op in walk(function.body) if isinstance(op, For) and _is_candidate(op)]
    if not loops:
        return
    aliases = Aliases(functions)
    if not tells_apart(functions, aliases):
        return
    origins = Origins(aliases)
    turns = Turns(aliases, origins)
    arrays, found = _select(loops, function, turns, aliases)
    if any([promote_elements(chosen.loop, aliases, origins) for chosen in found]):
        # What they do is something else now.
        arrays, found = _select(loops, function, turns, aliases)
    tapes = _settle(found, arrays)
    for tape in tapes:
        _put_turns_last(tape, arrays[tape])
    for chosen in found:
        _rewrite(chosen, function)
    if found:
        _drop_unused(function, [v for c in found for v in (c.loop.start, c.loop.stop, *c.private)])


def _select(
    loops: list[For], function: Function, turns: Turns, aliases: Aliases
) -> tuple[dict[Value, Uses], list[_Chosen]]:
    """The arrays that a function makes for itself, and the loops whose turns are to run side by side."""
    arrays = local_arrays(function, aliases)
    found: list[_Chosen] = []
    others: list[_Chosen] = []
    for loop in loops:
        if not any(is_inside(loop, other.loop.body) for other in found):
            chosen = _choose(loop, turns, arrays)
            if chosen is not None:
                (found if chosen.is_worth_it else others).append(chosen)
    return arrays, found + [chosen for chosen in others if _goes_with(chosen, found, arrays)]


@dataclass(slots=True)
class _Chosen:
    """A loop that is to run several turns at a time.

    Attributes:
        private: the arrays of which each turn has one of its own; whether they begin as zeros.
        notes: whether the lanes have to note their failures.
        is_worth_it: whether its innermost loops can't be vectorised themselves, and use elements that lie side by side.
    """

    loop: For
    plan: Plan
    private: dict[Value, bool]
    notes: bool
    is_worth_it: bool


def _goes_with(chosen: _Chosen, found: list[_Chosen], arrays: dict[Value, Uses]) -> bool:
    """Whether a loop uses what one of others has kept for it, and stands beside all of them."""
    loops = [other.loop for other in found]
    if any(is_inside(loop, chosen.loop.body) or is_inside(chosen.loop, loop.body) for loop in loops):
        return False
    return any(_has_rows_of(uses, chosen) and any(_has_rows_of(uses, c) for c in found) for uses in arrays.values())


def _has_rows_of(uses: Uses, chosen: _Chosen) -> bool:
    """Whether a loop uses a row of an array in each turn."""
    own = [op for op in uses.touching if is_inside(op, chosen.loop.body)]
    return bool(own) and all(_leads(op, chosen.plan) for op in own)


def _is_candidate(loop: For) -> bool:
    """Whether a loop has others in it, runs often enough, and counts by one."""
    if loop.exits or loop.backwards or loop.slots is not None or ascending(loop)[0] is None:
        return False
    bounds = (loop.start, loop.stop)
    if all(isinstance(v, Const) for v in bounds) and abs(bounds[0].value - bounds[1].value) < _FEWEST:  # type: ignore[attr-defined]
        return False
    inner = [op for op in walk(loop.body) if isinstance(op, For)]
    # The sums of array code run in blocks already.
    if inner:
        return all(ascending(op)[0] is not None for op in inner)
    # One that stands in another loop may be short, and has to be worth what it costs to begin with it.
    return sum(map(is_slow, loop.body.ops)) > (0 if _outermost(loop) is loop else 1)


def _choose(loop: For, turns: Turns, arrays: dict[Value, Uses]) -> _Chosen | None:
    sums = [
        k for k, (arg, result) in enumerate(zip(loop.carried, loop.carried_results, strict=True)) if arg is not result
    ]
    if not all(adds_up(loop, k) and loop.carried[k].type in (FLOAT, NpScalar(F8)) for k in sums):
        return None
    tied = turns.tied(loop)
    if tied is None:
        return None
    private: dict[Value, bool] = {}
    for names in tied:
        (array, *others) = names
        uses = arrays.get(array)
        if others or uses is None:
            return None
        zeroed = is_zeroed(array, uses, loop)
        if not zeroed and not is_private(array, uses, loop):
            return None
        private[array] = zeroed
    for array, uses in arrays.items():
        if is_inside(uses.made, loop.body):
            if not is_fresh(array, uses, loop):
                return None
            private[array] = uses.is_zero
    plan = Plan(loop, set(private))
    if plan.steps is None or not all(is_number(v) for v in plan.differing if is_scalar(v.type)):
        return None
    notes = must_note(plan)
    ops = _innermost(plan)
    if notes is None:
        return None
    served = _is_served(plan, ops, private, arrays)
    if any(isinstance(op, For) for op in walk(loop.body)):
        return _Chosen(loop, plan, private, notes, served and any(_needs_help(op, plan) for op in ops))
    return _Chosen(loop, plan, private, notes, True) if served and _cut_flat(plan) else None


def _cut_flat(plan: Plan) -> bool:
    """Cuts the body of a loop without others in it into pieces that can be vectorised; whether it can't as it is."""
    assert plan.steps is not None
    steps = [new for step in plan.steps for new in (cut(step, plan) if isinstance(step, Piece) else [step])]
    checked = any(isinstance(op, Call) and op.fn not in C_NAMES and is_slow(op) for op in walk(plan.loop.body))
    more = len(steps) > len(plan.steps)
    plan.steps = steps
    return checked or more


def _innermost(plan: Plan) -> list[Op]:
    """What the innermost loops do that differs from turn to turn."""
    assert plan.steps is not None
    pieces = list(innermost(plan.steps))
    deepest = max([depth for depth, _ in pieces], default=0)
    return [op for depth, piece in pieces if depth == deepest for op in piece.ops]


def _is_served(plan: Plan, ops: Iterable[Op], private: dict[Value, bool], tapes: Container[Value]) -> bool:
    """Whether innermost loops use elements that lie side by side for neighbouring turns, or the same ones all along.

    Args:
        plan: of the loop.
        ops: what the innermost loops do.
        private: the arrays of which each turn has one of its own.
        tapes: the arrays whose first axis can become the last one.
    """
    ops = list(ops)
    if any(map(is_slow, ops)):
        # What they take is more than what memory does.
        return True
    return not any(_goes_across(op, plan, None, tapes) for op in ops if not private.keys() & op.inputs)


def _goes_across(op: Op, plan: Plan, among: Container[Value] | None, tapes: Container[Value]) -> bool:
    """Whether an operation uses elements of an array, of some if these are given, that are far apart."""
    if not isinstance(op, Call) or not is_element(op) or (among is not None and op.args[0] not in among):
        return False
    across = any(map(plan.differs, places(op))) and not _follows(op, plan)
    return across and not (op.args[0] in tapes and _leads(op, plan)) and not _stays(op)


def _stays(op: Call) -> bool:
    """Whether an operation uses the same element in all turns of the loop around it."""
    region = op.parent
    return region is not None and not any(is_inside(part.owner, region) for part in places(op))


def _follows(op: Call, plan: Plan) -> bool:
    """Whether neighbouring turns use neighbouring elements."""
    *others, last = places(op)
    return _counts(last, plan) and not any(map(plan.differs, others))


def _counts(index: Value, plan: Plan) -> bool:
    """Whether an index is one more in each turn."""
    if index is plan.loop.index:
        return True
    op = index.owner
    if not isinstance(op, Call) or op.fn not in (operator.add, operator.sub):
        return False
    own = [v for v in op.args if plan.differs(v)]
    return len(own) == 1 and _counts(own[0], plan) and (op.fn is operator.add or own[0] is op.args[0])


def _leads(op: Call, plan: Plan) -> bool:
    """Whether the first index alone differs from turn to turn: it can become the last one."""
    first, *others = places(op)
    if not others:
        return False
    return plan.differs(first) and not any(map(plan.differs, others))


def _needs_help(op: Op, plan: Plan) -> bool:
    """Whether an operation keeps the innermost loop around it from being vectorised."""
    region = op.parent
    inner = region.parent if region is not None else None
    if not isinstance(inner, For):
        return False
    if any(plan.differs(v) and v.type in (FLOAT, NpScalar(F8)) for v in inner.carried):
        return True
    return isinstance(op, Call) and op.fn in ADDS and offset_from(places(op)[-1], inner) is None


# Tapes


def _settle(found: list[_Chosen], arrays: dict[Value, Uses]) -> list[Value]:
    """Leaves loops alone that would use a tape across its rows; the tapes whose turns can come last."""
    while True:
        tapes = [array for array, uses in arrays.items() if _can_turn(array, uses, found)]
        kept = [c for c in found if not any(_goes_across(op, c.plan, arrays, tapes) for op in _innermost(c.plan))]
        if len(kept) == len(found):
            return tapes
        found[:] = kept


def _can_turn(array: Value, uses: Uses, found: list[_Chosen]) -> bool:
    """Whether all use an array by the number of a turn first, and then by numbers that are the same for all turns."""
    shape = uses.made.args[0]
    if not isinstance(shape, tuple) or len(shape) < 2 or not uses.touching or uses.is_measured:
        # What looks at the shape would find the axes in another order.
        return False
    for op in uses.touching:
        chosen = next((c for c in found if is_inside(op, c.loop.body)), None)
        if chosen is None or array in chosen.private or not _leads(op, chosen.plan):
            return False
    return True


def _put_turns_last(array: Value, uses: Uses) -> None:
    """Makes the first axis of an array the last one."""
    made, shape = uses.made, uses.made.args[0]
    made.args = ((*shape[1:], shape[0]), *made.args[1:])
    array.type = type(array.type)(array.type.dtype, (*array.type.shape[1:], array.type.shape[0]))  # type: ignore[attr-defined,call-arg]
    for op in uses.touching:
        first, *others = places(op)
        op.args = (op.args[0], (*others, first), *op.args[2:])


# Code


def _rewrite(chosen: _Chosen, function: Function) -> None:
    loop, region = chosen.loop, chosen.loop.parent
    assert region is not None
    first = _outermost(loop)
    before, instead = Region(), Region()
    mapping = Lanes(chosen.plan, Writer(before, first), Writer(instead, loop), chosen.private, chosen.notes).write()
    for op, ops in ((first, before.ops), (loop, instead.ops)):
        home = op.parent
        assert home is not None
        place = home.ops.index(op)
        home.ops[place:place] = ops
        for new in ops:
            new.parent = home
    region.ops.remove(loop)
    if mapping:
        replace_values(function.body, mapping)
        values = iter(function.body.results)
        function.result = map_tree(lambda _: next(values), function.result)


def _outermost(loop: For) -> Op:
    """The outermost loop around one, or the loop itself: what it needs is made before it, once."""
    found: Op = loop
    region = loop.parent
    while region is not None and region.parent is not None:
        if isinstance(region.parent, Loop):
            found = region.parent
        region = region.parent.parent
    return found


def _drop_unused(function: Function, candidates: list[Value]) -> None:
    """Removes what was made for the loops as they were."""
    while candidates:
        used = {*function.body.results, *[v for op in function.body.ops for v in references(op)]}
        unused = [v.owner for v in candidates if v not in used and isinstance(v.owner, Call) and v.owner.parent]
        for op in dict.fromkeys(unused):
            if op.fn in (operator.add, operator.sub, np.empty, np.zeros, np.empty_like, np.zeros_like):
                op.parent.ops.remove(op)
                op.parent = None
        candidates = [v for op in unused if op.parent is None for v in op.inputs]
