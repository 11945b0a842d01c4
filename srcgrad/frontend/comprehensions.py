"""Comprehensions: loops that collect; and generator expressions, which collect nothing."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, TypeVar

from srcgrad.frontend.access import set_dict_item
from srcgrad.frontend.assignments import assign
from srcgrad.frontend.compact_dicts import new_dict
from srcgrad.frontend.exits import stays
from srcgrad.frontend.expressions import expression, tested
from srcgrad.frontend.iteration import constant_range, iterate
from srcgrad.frontend.list_kinds import new_list
from srcgrad.frontend.loops import over
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import NEXT, Outcome, branch, join_branches
from srcgrad.frontend.scope import comprehension_scope, scope_of
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import Frame, Iterator, Reference, Rest, Symbol
from srcgrad.ir.nodes import Const

_SMALL = 32


_ITERABLE = ".0"
"""What Python calls the parameter of the function that a generator expression stands for."""


def comprehension(lo: Lowering, node: Any, frame: Frame) -> Symbol:
    """A list, set or dict comprehension, or a generator expression all of whose items are wanted at once."""
    inner = Frame(frame.source, comprehension_scope(node, frame.scope), frame.globals, frame)
    inner.quiet, inner.function = frame.quiet, frame.function
    if isinstance(node, ast.DictComp):
        return _dict_comprehension(lo, node, inner, frame)
    collected = new_list(lo, (), lo.site(node))
    stays(lo, fold_into(lo, node, inner, frame, lambda: _collect(lo, collected, expression(lo, node.elt, inner))))
    if isinstance(node, ast.SetComp) and isinstance(collected, Reference):
        return lo.new_reference(set, lo.contents(collected), None)
    return collected


def _collect(lo: Lowering, collected: Symbol, item: Symbol) -> Outcome:
    lo.call(Const(list.append), [collected, item], {})
    return NEXT


def generator_expression(lo: Lowering, node: ast.GeneratorExp, frame: Frame) -> Symbol:
    """A generator expression: what a call of the generator function gives that it stands for.

    What it goes over first is evaluated at once; all else when its items are asked for.
    """
    from srcgrad.frontend.functions import capture_frame
    from srcgrad.frontend.generators import make_generator

    first = expression(lo, node.generators[0].iter, frame)
    capture_frame(lo, frame)
    definition = _function_of(node, frame)
    inner = Frame(frame.source, scope_of(definition), frame.globals, frame)
    inner.quiet = frame.quiet
    return make_generator(lo, (definition, id(first)), definition, inner, {_ITERABLE: first})


def _function_of(node: ast.GeneratorExp, frame: Frame) -> ast.FunctionDef:
    """The generator function that a generator expression stands for, made once."""
    known: ast.FunctionDef | None = getattr(node, "_srcgrad_function", None)
    if known is not None:
        return known
    names = comprehension_scope(node, frame.scope)
    body: ast.stmt = _at(node.elt, ast.Expr(_at(node.elt, ast.Yield(node.elt))))
    for clause in reversed(node.generators):
        for test in reversed(clause.ifs):
            body = _at(test, ast.If(test, [body], []))
        iterable = _at(node, ast.Name(_ITERABLE, ast.Load())) if clause is node.generators[0] else clause.iter
        body = _at(clause.target, ast.For(clause.target, iterable, [body], []))
    declared: list[ast.stmt] = []
    if names.globals:
        declared.append(_at(node, ast.Global(sorted(names.globals))))
    if names.nonlocals:
        declared.append(_at(node, ast.Nonlocal(sorted(names.nonlocals))))
    parameters = ast.arguments([], [_at(node, ast.arg(_ITERABLE))], None, [], [], None, [])
    made = _at(node, ast.FunctionDef("<genexpr>", parameters, [*declared, body], []))
    node._srcgrad_function = made  # type: ignore[attr-defined]
    return made


_Node = TypeVar("_Node", bound=ast.AST)


def _at(place: ast.AST, node: _Node) -> _Node:
    return ast.copy_location(node, place)


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
    guess: set[Any] = frozenset(),
) -> Outcome:
    """Runs the loops and conditions of a comprehension around an action.

    Args:
        lo: the lowering.
        node: the comprehension.
        inner: the frame of its names.
        frame: the frame that it stands in.
        action: what is done with each item.
        guess: what the loops are known to carry.
    """

    def generator(k: int) -> Outcome:
        if k == len(node.generators):
            return action()
        clause = node.generators[k]
        iterator = iterate(lo, expression(lo, clause.iter, frame if k == 0 else inner))
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
