"""Comprehensions and generator expressions: loops that collect."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from srcgrad.frontend.access import set_dict_item
from srcgrad.frontend.assignments import assign
from srcgrad.frontend.compact_dicts import new_dict
from srcgrad.frontend.exits import stays
from srcgrad.frontend.expressions import expression, tested
from srcgrad.frontend.iteration import constant_range, iterate
from srcgrad.frontend.list_kinds import new_list
from srcgrad.frontend.loops import over
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.marks import Restart
from srcgrad.frontend.merging import NEXT, Outcome, branch, join_branches
from srcgrad.frontend.scope import comprehension_scope
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import Frame, Iterator, Reference, Rest, Symbol
from srcgrad.ir.nodes import Const

_SMALL = 32


def comprehension(lo: Lowering, node: Any, frame: Frame) -> Symbol:
    """A list, set or dict comprehension, or a generator expression (which is collected into a list)."""
    inner = Frame(frame.source, comprehension_scope(node, frame.scope), frame.globals, frame)
    inner.quiet, inner.function = frame.quiet, frame.function
    if isinstance(node, ast.DictComp):
        return _dict_comprehension(lo, node, inner, frame)
    site = lo.site(node)
    if site in lo.marks.lazy:
        return _lazy(lo, node, inner, frame)
    collected = new_list(lo, (), site)
    lazy = site if isinstance(node, ast.GeneratorExp) else None
    stays(lo, fold_into(lo, node, inner, frame, lambda: _collect(lo, collected, expression(lo, node.elt, inner)), lazy))
    if isinstance(node, ast.SetComp) and isinstance(collected, Reference):
        return lo.new_reference(set, lo.contents(collected), None)
    return collected


def _collect(lo: Lowering, collected: Symbol, item: Symbol) -> Outcome:
    lo.call(Const(list.append), [collected, item], {})
    return NEXT


def _lazy(lo: Lowering, node: ast.GeneratorExp, inner: Frame, frame: Frame) -> Symbol:
    """A generator expression over a generator: one more generator, as what both do interleaves."""
    from srcgrad.frontend.functions import capture_frame
    from srcgrad.frontend.generators import OnYield, suspended

    first = iterate(lo, expression(lo, node.generators[0].iter, frame))
    capture_frame(lo, frame)

    def run(on_yield: OnYield) -> Outcome:
        inner.function = lo.function
        outcome = fold_into(
            lo, node, inner, frame, lambda: on_yield(node, expression(lo, node.elt, inner), None), None, first=first
        )
        forget(lo, inner)
        return outcome

    return suspended(lo, "expression", run)


def _dict_comprehension(lo: Lowering, node: ast.DictComp, inner: Frame, frame: Frame) -> Symbol:
    result = new_dict(lo, lo.site(node))

    def add() -> Outcome:
        set_dict_item(lo, result, expression(lo, node.key, inner), expression(lo, node.value, inner))
        return NEXT

    stays(lo, fold_into(lo, node, inner, frame, add))
    return result


def fold_into(
    lo: Lowering,
    node: Any,
    inner: Frame,
    frame: Frame,
    action: Callable[[], Outcome],
    lazy: Any = None,
    guess: set[Any] = frozenset(),
    first: Iterator | None = None,
) -> Outcome:
    """Runs the loops and conditions of a comprehension around an action.

    Args:
        lo: the lowering.
        node: the comprehension.
        inner: the frame of its names.
        frame: the frame that it stands in.
        action: what is done with each item.
        lazy: if it loops over a generator, lowering starts again with this site among the lazy ones; None for never.
        guess: what the loops are known to carry.
        first: what the first loop goes over, if that is known.
    """

    def generator(k: int) -> Outcome:
        if k == len(node.generators):
            return action()
        clause = node.generators[k]
        if k == 0 and first is not None:
            iterator = first
        else:
            iterator = iterate(lo, expression(lo, clause.iter, frame if k == 0 else inner))
        if iterator.drive is not None and lazy is not None:
            lo.marks.lazy.add(lazy)
            raise Restart
        site = lo.site(clause)
        known = constant_range(iterator)
        if known is not None and (site in lo.marks.unrolled or len(known) <= _SMALL):
            iterator = Iterator(tuple(Const(j) for j in known))

        def body(item: Symbol, rest: Rest | None = None) -> Outcome:
            assign(lo, clause.target, item, inner)
            return conditions(clause.ifs, 0, lambda: generator(k + 1))

        name = clause.target.id if iterator.bounds is not None and isinstance(clause.target, ast.Name) else None
        return over(lo, iterator, body, site, guess, name)

    def conditions(tests: list[ast.expr], k: int, then: Callable[[], Outcome]) -> Outcome:
        if k == len(tests):
            return then()
        truth = lo.truth(tested(lo, tests[k], inner))
        if isinstance(truth, bool):
            return conditions(tests, k + 1, then) if truth else NEXT
        taken = branch(lo, lambda: conditions(tests, k + 1, then))
        return join_branches(lo, truth, taken, branch(lo, lambda: NEXT))

    outcome = generator(0)
    # Its variables end with it: no loop around it carries them.
    forget(lo, inner)
    return outcome


def forget(lo: Lowering, frame: Frame) -> None:
    """Drops the names of a comprehension that is over, unless a function that it made may still use them."""
    if id(frame) in lo.frames_captured:
        return
    for name in frame.scope.locals:
        lo.store.set((frame, name), MISSING)
