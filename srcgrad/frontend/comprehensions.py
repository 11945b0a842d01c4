"""Comprehensions and generator expressions: loops that collect."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from srcgrad.frontend.access import static_key
from srcgrad.frontend.expressions import expression, new_list
from srcgrad.frontend.iteration import constant_range, iterate
from srcgrad.frontend.loops import for_loop
from srcgrad.frontend.lowering import NEXT, Lowering, Outcome
from srcgrad.frontend.scope import comprehension_scope
from srcgrad.frontend.statements import assign
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import Frame, Iterator, Reference, Symbol
from srcgrad.ir.nodes import Const

_SMALL = 32


def comprehension(lo: Lowering, node: Any, frame: Frame) -> Symbol:
    """A list, set or dict comprehension, or a generator expression (which is collected into a list)."""
    inner = Frame(frame.source, comprehension_scope(node, frame.scope), frame.globals, frame)
    inner.quiet, inner.function = frame.quiet, frame.function
    if isinstance(node, ast.DictComp):
        return _dict_comprehension(lo, node, inner, frame)
    site = lo.site(node)
    collected = new_list(lo, (), site)
    fold_into(lo, node, inner, frame, lambda: _collect(lo, collected, expression(lo, node.elt, inner)))
    forget(lo, inner)
    if isinstance(node, ast.SetComp) and isinstance(collected, Reference):
        return lo.new_reference(set, lo.contents(collected), None)
    return collected


def _collect(lo: Lowering, collected: Symbol, item: Symbol) -> None:
    lo.call(Const(list.append), [collected, item], {})


def _dict_comprehension(lo: Lowering, node: ast.DictComp, inner: Frame, frame: Frame) -> Symbol:
    result = lo.new_reference(dict, (), None)

    def add() -> None:
        key = static_key(lo, expression(lo, node.key, inner))
        entries = dict(lo.contents(result))
        entries[key] = expression(lo, node.value, inner)
        lo.store.set(result, tuple(entries.items()))

    fold_into(lo, node, inner, frame, add)
    forget(lo, inner)
    return result


def fold_into(
    lo: Lowering, node: Any, inner: Frame, frame: Frame, action: Callable[[], None], guess: set[Any] = frozenset()
) -> None:
    """Runs the loops and conditions of a comprehension around an action."""

    def generator(k: int) -> Outcome:
        if k == len(node.generators):
            action()
            return NEXT
        clause = node.generators[k]
        iterator = iterate(lo, expression(lo, clause.iter, frame if k == 0 else inner))
        site = lo.site(clause)
        known = constant_range(iterator)
        if known is not None and (site in lo.marks.unrolled or len(known) <= _SMALL):
            iterator = Iterator(tuple(Const(j) for j in known))

        def body(item: Symbol) -> Outcome:
            assign(lo, clause.target, item, inner)
            return conditions(clause.ifs, 0, lambda: generator(k + 1))

        if iterator.items is not None:
            for item in iterator.items:
                body(item)
            return NEXT
        name = clause.target.id if iterator.bounds is not None and isinstance(clause.target, ast.Name) else None
        for_loop(lo, iterator, body, set(guess), site, name)
        return NEXT

    def conditions(tests: list[ast.expr], k: int, then: Callable[[], Outcome]) -> Outcome:
        if k == len(tests):
            return then()
        truth = lo.truth(expression(lo, tests[k], inner))
        if isinstance(truth, bool):
            return conditions(tests, k + 1, then) if truth else NEXT
        taken = lo.branch(lambda: conditions(tests, k + 1, then))
        return lo.join_branches(truth, taken, lo.branch(lambda: NEXT))

    generator(0)


def forget(lo: Lowering, frame: Frame) -> None:
    """Drops the variables of a comprehension, which are gone after it."""
    for name in frame.scope.locals:
        lo.store.set((frame, name), MISSING)
