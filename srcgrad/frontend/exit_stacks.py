"""`with ExitStack() as stack:` as the `with` statements that it stands for.

What follows `stack.enter_context(c)` in the body is inside of `with c:`, and what follows `stack.callback(f)` is inside
of a `try` whose `finally` calls `f`: the stack itself need not exist.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from srcgrad.frontend.attempts import cleaned_up, guard, reraise
from srcgrad.frontend.calls import is_user_function
from srcgrad.frontend.exits import go_on
from srcgrad.frontend.expressions import display_items, expression
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import NEXT, Outcome
from srcgrad.frontend.statements import HANDLERS, block
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import Frame, Sequence, Symbol


class Callback(ast.stmt):
    """`stack.callback(f, ...)`, and the statements that follow it."""

    _fields = ("call", "body")
    call: ast.Call
    body: list[ast.stmt]


def unstacked(lo: Lowering, node: ast.With, item: ast.withitem, frame: Frame) -> list[ast.stmt]:
    """The body of `with ExitStack() as stack:`, with the contexts that it enters as statements of their own."""
    made: list[ast.stmt] | None = getattr(node, "unstacked", None)
    assert isinstance(item.optional_vars, ast.Name)
    if made is None:
        made = _nested(item.optional_vars.id, node.body)
        node.unstacked = made  # type: ignore[attr-defined]
    for part in [part for statement in made for part in ast.walk(statement)]:
        if isinstance(part, ast.Name) and part.id == item.optional_vars.id:
            with lo.at(part, frame):
                lo.unsupported(
                    "of an ExitStack, enter_context and callback are supported, as statements of the `with` itself",
                    "write the contexts behind `with`, one after the other",
                )
    return made


def _nested(stack: str, statements: list[ast.stmt]) -> list[ast.stmt]:
    for k, statement in enumerate(statements):
        call = getattr(statement, "value", None) if isinstance(statement, (ast.Expr, ast.Assign)) else None
        method = _method(call, stack)
        if method is None or not isinstance(call, ast.Call):
            continue
        rest = _nested(stack, statements[k + 1 :]) or [ast.copy_location(ast.Pass(), statement)]
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if method == "enter_context" and len(call.args) == 1 and len(targets) < 2:
            item = ast.withitem(call.args[0], targets[0] if targets else None)
            return [*statements[:k], ast.copy_location(ast.With([item], rest), statement)]
        if method == "callback" and call.args and not targets:
            of_function = ast.copy_location(ast.Call(call.args[0], call.args[1:], call.keywords), call)
            return [*statements[:k], ast.copy_location(Callback(of_function, rest), statement)]
    return statements


def _method(call: ast.expr | None, stack: str) -> str | None:
    """The method of a stack that an expression calls."""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    owner = call.func.value
    return call.func.attr if isinstance(owner, ast.Name) and owner.id == stack else None


def _callback(lo: Lowering, node: Callback, frame: Frame) -> Outcome:
    function, key = expression(lo, node.call.func, frame), ("arguments", lo.fresh("c"))

    def evaluate() -> Outcome:
        args = display_items(lo, node.call.args, frame)
        lo.store.set(key, Sequence((*args, *[expression(lo, k.value, frame) for k in node.call.keywords])))
        return NEXT

    def go_further() -> Outcome:
        symbol = lo.store.get(key)
        lo.store.set(key, MISSING)
        assert isinstance(symbol, Sequence)
        return _followed(lo, node, function, symbol.items, frame)

    return guarded(lo, (*lo.site(node), "arguments"), evaluate, go_further)


def guarded(lo: Lowering, site: object, body: Callable[[], Outcome], rest: Callable[[], Outcome]) -> Outcome:
    """Something that may raise, and what follows it."""
    return guard(lo, site, body, rest) if lo.protections else go_on(lo, body(), rest)


def _followed(lo: Lowering, node: Callback, function: Symbol, given: tuple[Symbol, ...], frame: Frame) -> Outcome:
    """What stands behind the statement, and the call when that is left."""
    names = [str(keyword.arg) for keyword in node.call.keywords]
    args = list(given[: len(given) - len(names)])
    kwargs = dict(zip(names, given[len(args) :], strict=True))

    def call_back() -> Outcome:
        outcomes: list[Outcome] = []
        lo.escape = outcomes if is_user_function(function) else None
        lo.call(function, args, kwargs)
        lo.escape = None
        return outcomes[0] if outcomes else NEXT

    def leave() -> Outcome:
        if is_user_function(function):
            return call_back()
        return guarded(lo, (*lo.site(node), "call"), call_back, lambda: NEXT)

    def failed(error: object) -> Outcome:
        return go_on(lo, leave(), lambda: reraise(lo))

    return cleaned_up(lo, lo.site(node), lambda: block(lo, node.body, frame), failed, leave)


HANDLERS[Callback] = _callback
