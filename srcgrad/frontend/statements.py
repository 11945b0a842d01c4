"""Statements: AST -> operations.

Exits are structured here: what follows an `if` that may leave goes into the branch that stays.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.frontend import objects
from srcgrad.frontend.assignments import annotated, assignment, augmented, delete, set_name
from srcgrad.frontend.exits import evaluated, go_on
from srcgrad.frontend.expressions import expression, tested
from srcgrad.frontend.handlers import BUILTINS
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import NEVER, NEXT, Branch, Outcome, assuming, branch, join_branches, leaves_with, resume
from srcgrad.frontend.records import boxed
from srcgrad.frontend.scope import has_exit
from srcgrad.frontend.values import RETURNED, Frame, Rest, Symbol
from srcgrad.ir.nodes import Call, Const, Exit, Raise, Value
from srcgrad.ir.types import Array, List, Unknown
from srcgrad.rules.custom import Step
from srcgrad.rules.registry import display_name, has_rule, hashable


def block(
    lo: Lowering,
    statements: list[ast.stmt],
    frame: Frame,
    start: int = 0,
    after: Callable[[], Outcome] = lambda: NEXT,
) -> Outcome:
    """Lowers statements in order, from index `start` on, and what comes after them."""
    for k in range(start, len(statements)):
        node = statements[k]

        def rest(k: int = k) -> Outcome:
            return block(lo, statements, frame, k + 1, after)

        with lo.at(node, frame):
            if lo.protections:
                return _guarded(lo, node, frame, rest)
            # Whether control leaves at a `yield` is up to the consumer.
            may_leave = frame.on_yield is not None or bool(has_exit([node]))
            if isinstance(node, ast.If) and may_leave:
                return _if_with_exits(lo, node, frame, rest)
            if isinstance(node, ast.Match) and may_leave:
                return _match(lo, node, frame, rest)
            if isinstance(node, ast.Try) and may_leave:
                return _try(lo, node, frame, rest)
            later = Rest(rest)
            outcome = statement(lo, node, frame, later)
        if later.used:
            return outcome
        if outcome.static == Exit.NEXT:
            continue
        if outcome.static is not None or not outcome.codes:
            return outcome
        return go_on(lo, outcome, rest)
    return after()


def _guarded(lo: Lowering, node: ast.stmt, frame: Frame, rest: Callable[[], Outcome]) -> Outcome:
    from srcgrad.frontend.attempts import guarded

    return guarded(lo, node, frame, rest)


def _if_with_exits(lo: Lowering, node: ast.If, frame: Frame, rest: Callable[[], Outcome]) -> Outcome:
    truth = lo.truth(tested(lo, node.test, frame))
    if isinstance(truth, bool):
        # What follows finds the place where control stays, however deep in here.
        return block(lo, node.body if truth else node.orelse, frame, 0, rest)
    return choose(lo, truth, lambda: block(lo, node.body, frame), lambda: block(lo, node.orelse, frame), rest)


def choose(
    lo: Lowering,
    truth: Value | bool,
    body: Callable[[], Outcome],
    otherwise: Callable[[], Outcome],
    rest: Callable[[], Outcome],
) -> Outcome:
    """Lowers two alternatives that may leave, and what follows them, into the one that stays."""
    if isinstance(truth, bool):
        return go_on(lo, body() if truth else otherwise(), rest)
    then = branch(lo, assuming(lo, truth, True, body))
    orelse = branch(lo, assuming(lo, truth, False, otherwise))
    return meet(lo, then, orelse, rest, lambda then, orelse: join_branches(lo, truth, then, orelse))


def meet(
    lo: Lowering,
    then: Branch,
    orelse: Branch,
    rest: Callable[[], Outcome],
    join: Callable[[Branch, Branch], Outcome],
    go_further: Callable[[Lowering, Branch, Callable[[], Outcome]], Branch] = resume,
) -> Outcome:
    """Joins two sides, and lowers what follows: into the side that stays where the other one leaves.

    Args:
        lo: the lowering.
        then: the one side.
        orelse: the other one.
        rest: lowers what follows.
        join: joins the sides.
        go_further: goes on where `then` ended.
    """
    stays = [side.outcome.static == Exit.NEXT for side in (then, orelse)]
    leaves = [Exit.NEXT not in side.outcome.codes for side in (then, orelse)]
    if stays[1] and leaves[0]:
        return join(then, resume(lo, orelse, rest))
    if stays[0] and leaves[1]:
        return join(go_further(lo, then, rest), orelse)
    return go_on(lo, join(then, orelse), rest)


def statement(lo: Lowering, node: ast.stmt, frame: Frame, rest: Rest | None = None) -> Outcome:
    """Lowers one statement, and perhaps what follows it."""
    if isinstance(node, ast.Expr) and isinstance(node.value, (ast.Yield, ast.YieldFrom)):
        from srcgrad.frontend.generators import yield_statement

        return yield_statement(lo, node.value, frame, rest)
    handler = HANDLERS.get(type(node))
    if handler is None:
        lo.unsupported(*_REFUSED.get(type(node), (f"{type(node).__name__} statements are not supported",)))
    outcome = handler(lo, node, frame)
    return NEXT if outcome is None else outcome


def _expression_statement(lo: Lowering, node: ast.Expr, frame: Frame) -> Outcome:
    if isinstance(node.value, ast.Constant):
        return NEXT

    def check(symbol: Symbol) -> Outcome:
        op = symbol.owner if isinstance(symbol, Value) else None
        if isinstance(node.value, ast.Call) and isinstance(op, Call) and _may_write(op):
            lo.unsupported(
                f"{display_name(op.fn)} is called for its effect here, and whether it writes to its argument is not"
                " known",
                "write to the array by x[...] = ...",
            )
        return NEXT

    return evaluated(lo, node.value, frame, check)


def _may_write(op: Call) -> bool:
    """Whether a call whose result nobody wants may have been made for what it does to an array or list it is given."""
    module = getattr(op.fn, "__module__", None) or ""
    if not hashable(op.fn) or module.startswith(("numpy.testing", "srcgrad", "builtins", "logging", "warnings", "_io")):
        return False
    if has_rule(op.fn) or op.fn in BUILTINS or op.fn == np.random.set_state or isinstance(op.fn, Step):
        return False
    if isinstance(op.fn, type) and issubclass(op.fn, BaseException) and not inspect.isfunction(op.fn.__init__):
        return False
    if op.fn in (list.index, list.count):
        return False
    if any(isinstance(arg, (list, dict)) for arg in op.args):
        return True
    return any(isinstance(v.type, (Array, List, Unknown)) and not isinstance(v, Const) for v in op.inputs)


def _pass(lo: Lowering, node: ast.stmt, frame: Frame) -> None:
    pass


def _return(lo: Lowering, node: ast.Return, frame: Frame) -> Outcome:
    def leave(symbol: Symbol) -> Outcome:
        lo.store.set((frame, RETURNED), boxed(lo, symbol, frame))
        return leaves_with(frame.return_code)

    return leave(Const(None)) if node.value is None else evaluated(lo, node.value, frame, leave)


def _break(lo: Lowering, node: ast.Break, frame: Frame) -> Outcome:
    return leaves_with(frame.break_code)


def _continue(lo: Lowering, node: ast.Continue, frame: Frame) -> Outcome:
    return leaves_with(Exit.CONTINUE)


def _if(lo: Lowering, node: ast.If, frame: Frame) -> Outcome:
    return _if_with_exits(lo, node, frame, lambda: NEXT)


def _match(lo: Lowering, node: ast.Match, frame: Frame, rest: Callable[[], Outcome] = lambda: NEXT) -> Outcome:
    from srcgrad.frontend.matching import match_statement

    return match_statement(lo, node, frame, rest)


def _try(lo: Lowering, node: ast.Try, frame: Frame, rest: Callable[[], Outcome] = lambda: NEXT) -> Outcome:
    from srcgrad.frontend.attempts import try_statement

    return try_statement(lo, node, frame, rest)


def _with(lo: Lowering, node: ast.With, frame: Frame) -> Outcome:
    from srcgrad.frontend.contexts import with_statement

    return with_statement(lo, node, frame)


def _assert(lo: Lowering, node: ast.Assert, frame: Frame) -> Outcome:
    truth = lo.truth(tested(lo, node.test, frame))
    if truth is True:
        return NEXT

    def fail() -> Outcome:
        message = [] if node.msg is None else [expression(lo, node.msg, frame)]
        lo.append(Raise(objects.make_exception(lo, AssertionError, message, {}), None, lo.span))
        return NEVER

    if truth is False:
        return fail()
    return join_branches(lo, truth, branch(lo, lambda: NEXT), branch(lo, fail))


def _raise(lo: Lowering, node: ast.Raise, frame: Frame) -> Outcome:
    if node.exc is None:
        from srcgrad.frontend.attempts import reraise

        return reraise(lo)
    exception = lo.value(expression(lo, node.exc, frame))
    cause = None if node.cause is None else lo.value(expression(lo, node.cause, frame))
    if lo.protections:
        from srcgrad.frontend.attempts import throw

        return throw(lo, exception, cause)
    lo.append(Raise(exception, cause, lo.span))
    return NEVER


def _definition(lo: Lowering, node: ast.FunctionDef, frame: Frame) -> None:
    from srcgrad.frontend.functions import make_closure

    symbol: Symbol = make_closure(lo, node, frame)
    for decorator in reversed(node.decorator_list):
        symbol = lo.call(expression(lo, decorator, frame), [symbol], {})
    set_name(lo, node.name, symbol, frame)


def _imported(lo: Lowering, name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        lo.raises(type(error), str(error))


def _import(lo: Lowering, node: ast.Import, frame: Frame) -> None:
    for alias in node.names:
        module = _imported(lo, alias.name)
        top = importlib.import_module(alias.name.split(".")[0])
        name = alias.asname or alias.name.split(".")[0]
        set_name(lo, name, Const(module if alias.asname else top), frame)


def _import_from(lo: Lowering, node: ast.ImportFrom, frame: Frame) -> None:
    if node.level:
        lo.unsupported("relative imports inside a function are not supported", "import at the top of the module")
    module = _imported(lo, node.module or "")
    for alias in node.names:
        if not hasattr(module, alias.name):
            lo.raises(ImportError, f"cannot import name {alias.name!r} from {node.module!r}")
        set_name(lo, alias.asname or alias.name, Const(getattr(module, alias.name)), frame)


def _scope_declaration(lo: Lowering, node: ast.stmt, frame: Frame) -> None:
    pass


def _for(lo: Lowering, node: ast.For, frame: Frame) -> Outcome:
    from srcgrad.frontend.loops import for_statement

    return for_statement(lo, node, frame)


def _while(lo: Lowering, node: ast.While, frame: Frame) -> Outcome:
    from srcgrad.frontend.loops import while_statement

    return while_statement(lo, node, frame)


_REFUSED = {
    ast.AsyncFunctionDef: ("`async` is not supported", "write an ordinary function"),
    ast.ClassDef: ("a class inside of a differentiated function is not supported", "define it outside of the function"),
    ast.TryStar: ("`except*` is not supported", "catch the exceptions one by one, with `except`"),
}
HANDLERS: dict[type, Callable[[Lowering, Any, Frame], Outcome | None]] = {
    ast.Expr: _expression_statement,
    ast.Pass: _pass,
    ast.Return: _return,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.Assign: assignment,
    ast.AnnAssign: annotated,
    ast.AugAssign: augmented,
    ast.Delete: delete,
    ast.If: _if,
    ast.Match: _match,
    ast.Try: _try,
    ast.With: _with,
    ast.Assert: _assert,
    ast.Raise: _raise,
    ast.FunctionDef: _definition,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Global: _scope_declaration,
    ast.Nonlocal: _scope_declaration,
    ast.For: _for,
    ast.While: _while,
}
