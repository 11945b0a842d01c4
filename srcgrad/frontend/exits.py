"""How control leaves blocks: exit codes asked for, turned into others, and the labels that leave loops and calls.

`break`, `continue` and `return` belong to the nearest loop and call. A *label* is an exit code that passes all of them,
up to the place that catches it.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from srcgrad.frontend.expressions import expression
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import NEXT, Outcome, branch, join_branches, leaves_with, select
from srcgrad.frontend.values import Frame, Symbol
from srcgrad.ir.nodes import UNDEFINED, Const, Exit, If, Value, leaves_loop


@contextmanager
def new_label(lo: Lowering) -> Iterator[int]:
    """An exit code of its own, which has to be caught before the block ends: from then on it may be used again."""
    lo.labels += 1
    try:
        yield lo.labels
    finally:
        lo.labels -= 1


def compare(lo: Lowering, a: Value, b: int) -> Value | bool:
    """Whether an exit code equals a constant: the condition that chose it, where two branches gave it."""
    hits = _chosen(a, b)
    if hits is None:
        return lo.truth(lo.emit(operator.eq, a, Const(int(b))))
    if hits[0] == hits[1]:
        return hits[0]
    assert isinstance(a.owner, If)
    return a.owner.condition if hits[0] else lo.truth(lo.emit(operator.not_, a.owner.condition))


def _chosen(a: Value, b: int) -> list[bool] | None:
    """Whether an exit code equals a constant on either side of the branch that chose it; None if that is not known."""
    if not isinstance(a.owner, If):
        return None
    k = a.owner.outputs.index(a)
    codes = [side.results[k] for side in a.owner.regions]
    if not all(isinstance(code, Const) and code.value is not UNDEFINED for code in codes):
        return None
    return [isinstance(code, Const) and code.value == int(b) for code in codes]


def is_one_of(lo: Lowering, outcome: Outcome, codes: frozenset[int]) -> Value | bool:
    """Whether the exit code is one of these."""
    possible = sorted(outcome.codes & codes)
    if len(possible) in (0, len(outcome.codes)):
        return bool(possible)
    others = outcome.codes - codes
    if len(possible) > 1 and possible[0] > max(others):
        return lo.truth(lo.emit(operator.gt, outcome.code, Const(int(max(others)))))
    found: Value | bool = compare(lo, outcome.code, possible[0])
    for code in possible[1:]:
        if isinstance(found, bool):
            found = found or compare(lo, outcome.code, code)
            continue
        first = found
        other = lo.emit(operator.eq, outcome.code, Const(code))
        found = lo.truth(select(lo, first, lambda first=first: first, lambda other=other: other))
    return found


def restricted(outcome: Outcome, codes: frozenset[Exit]) -> Outcome:
    """An outcome of which it is known by now that its code is one of these."""
    return leaves_with(next(iter(codes))) if len(codes) == 1 else Outcome(outcome.code, codes)


def go_on(lo: Lowering, outcome: Outcome, rest: Callable[[], Outcome]) -> Outcome:
    """Lowers what follows under the condition that control gets there."""
    if Exit.NEXT not in outcome.codes:
        return outcome
    if outcome.static == Exit.NEXT:
        return rest()
    left = restricted(outcome, outcome.codes - {Exit.NEXT})
    leaves = None
    if outcome.leaving is not None:
        leaves, left = outcome.leaving
    elif _chosen(outcome.code, Exit.NEXT) == [False, True]:
        assert isinstance(outcome.code.owner, If)
        leaves = outcome.code.owner.condition
    stays = compare(lo, outcome.code, Exit.NEXT) if leaves is None else leaves
    if isinstance(stays, bool):
        return rest() if stays else outcome
    then, leave = branch(lo, rest), branch(lo, lambda: left)
    if then.outcome.static == Exit.NEXT and not then.region.ops and not then.changes:
        return outcome
    return join_branches(lo, stays, then, leave) if leaves is None else join_branches(lo, leaves, leave, then)


def caught(lo: Lowering, outcome: Outcome, label: int, handler: Callable[[], Outcome]) -> Outcome:
    """Goes on with `handler` where control left by a label; else it leaves, or goes on, as before."""
    if label not in outcome.codes:
        return outcome
    here = is_one_of(lo, outcome, frozenset([label]))
    if isinstance(here, bool):
        return handler() if here else outcome
    other = restricted(outcome, outcome.codes - {label})
    return join_branches(lo, here, branch(lo, handler), branch(lo, lambda: other))


def settled(lo: Lowering, outcome: Outcome, codes: frozenset[int]) -> Outcome:
    """The outcome with NEXT in place of these codes: what they leave ends here."""
    codes |= {Exit.NEXT}
    left = outcome.codes - codes
    if not outcome.codes & codes or outcome.codes == left | {Exit.NEXT}:
        return outcome
    if not left:
        return NEXT
    leaves, leaving = is_one_of(lo, outcome, left), restricted(outcome, left)
    if isinstance(leaves, bool):
        return leaving if leaves else NEXT
    joined = join_branches(lo, leaves, branch(lo, lambda: leaving), branch(lo, lambda: NEXT))
    return Outcome(joined.code, joined.codes, (leaves, leaving))


def leaving(outcome: Outcome) -> frozenset[int]:
    """The exit codes among the possible ones that leave a loop."""
    return frozenset([code for code in outcome.codes if leaves_loop(code)])


def unless_left(lo: Lowering, outcome: Outcome, rest: Callable[[], Outcome]) -> Outcome:
    """Goes on in a loop, or after it, unless it was left."""
    left = is_one_of(lo, outcome, leaving(outcome))
    if isinstance(left, bool):
        return outcome if left else rest()
    remaining = restricted(outcome, leaving(outcome))
    return join_branches(lo, left, branch(lo, lambda: remaining), branch(lo, rest))


def evaluated(lo: Lowering, node: ast.expr, frame: Frame, then: Callable[[Symbol], Outcome]) -> Outcome:
    """Lowers the expression of a statement, and what is done with it.

    A call that is the whole expression may be left by a label.
    """
    if not isinstance(node, ast.Call):
        return then(expression(lo, node, frame))
    outcomes: list[Outcome] = []
    outer, lo.whole = lo.whole, (node, outcomes)
    try:
        symbol = expression(lo, node, frame)
    finally:
        lo.whole = outer
    return go_on(lo, outcomes[0], lambda: then(symbol)) if outcomes else then(symbol)


def stays(lo: Lowering, outcome: Outcome) -> None:
    """Refuses what leaves from the middle of an expression."""
    if outcome.codes - {Exit.NEXT}:
        lo.unsupported("control leaves from within an expression here", "give what is called a line of its own")
