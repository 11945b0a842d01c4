"""`with`: contexts of the library are entered and left around the body, those of the user are inlined."""

from __future__ import annotations

import ast
import contextlib
import io
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.frontend import objects
from srcgrad.frontend.attempts import attempt, reraise
from srcgrad.frontend.exits import go_on
from srcgrad.frontend.expressions import expression
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import NEVER, NEXT, Outcome, leaves_with
from srcgrad.frontend.statements import assign, block, choose
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import Frame, Reference, Rest, Symbol, constant
from srcgrad.ir.nodes import Const, Enter, Exit, Leave, Value
from srcgrad.ir.types import UNKNOWN

Body = Callable[[], Outcome]

_PASSING = (
    *(np.errstate, warnings.catch_warnings, io.IOBase, threading.Semaphore, threading.Condition),
    *(type(threading.Lock()), type(threading.RLock())),
    *(contextlib.redirect_stdout, contextlib.redirect_stderr, contextlib.closing, contextlib.chdir),
)
"""Contexts that let every exception pass."""
_CONTEXT_MANAGER = contextlib.contextmanager(iter).__code__
_OPENERS = (open, threading.Lock, threading.RLock, np.printoptions)


def with_statement(lo: Lowering, node: ast.With, frame: Frame) -> Outcome:
    """A `with` statement."""

    def items(k: int) -> Outcome:
        if k == len(node.items):
            return block(lo, node.body, frame)
        return _item(lo, node.items[k], frame, lambda: items(k + 1))

    return items(0)


def _item(lo: Lowering, item: ast.withitem, frame: Frame, body: Body) -> Outcome:
    call = item.context_expr

    def bind(symbol: Symbol) -> None:
        if item.optional_vars is not None:
            assign(lo, item.optional_vars, symbol, frame)

    with lo.at(call, frame):
        if isinstance(call, ast.Call):
            made = constant(expression(lo, call.func, frame))
            if made is contextlib.nullcontext:
                bind(expression(lo, call.args[0], frame) if call.args else Const(None))
                return body()
            if made is contextlib.suppress:
                classes = tuple([constant(expression(lo, arg, frame)) for arg in call.args])
                return attempt(lo, lo.site(item), body, Const(classes), lambda error: NEXT, None, lambda: NEXT)
            if made in _OPENERS or (isinstance(made, type) and issubclass(made, _PASSING)):
                args = tuple([lo.tree(expression(lo, arg, frame)) for arg in call.args])
                kwargs = {str(k.arg): lo.tree(expression(lo, k.value, frame)) for k in call.keywords}
                return _library(lo, lo.value(lo.emit_typed(made, args, kwargs, UNKNOWN)), bind, body)
            if getattr(made, "__code__", None) is _CONTEXT_MANAGER:
                args = [expression(lo, arg, frame) for arg in call.args]
                kwargs = {str(k.arg): expression(lo, k.value, frame) for k in call.keywords}
                lo.makes_context = True
                return _generated(lo, lo.call(Const(made.__wrapped__), args, kwargs), bind, body)
        context = expression(lo, call, frame)
        if isinstance(constant(context), _PASSING):
            return _library(lo, lo.value(context), bind, body)
        if objects.class_of_object(context) is not None:
            return _inlined(lo, context, lo.site(item), bind, body)
        lo.unsupported(
            "this context may handle exceptions in a way that is not known",
            "use try and except, or write its __enter__ and __exit__ as a class",
        )


def _library(lo: Lowering, context: Value, bind: Callable[[Symbol], None], body: Body) -> Outcome:
    """A context that is entered and left as it stands."""
    entered = Value(UNKNOWN, None, lo.span)
    lo.append(Enter(context, [entered], lo.span))
    bind(entered)
    outcome = body()
    lo.append(Leave(lo.span))
    return outcome


def _generated(lo: Lowering, generator: Symbol, bind: Callable[[Symbol], None], body: Body) -> Outcome:
    """A context written as a generator: the body stands in place of its `yield`, and leaves when it has ended."""
    assert isinstance(generator, Reference)
    key = ("left", lo.fresh("w"))
    codes: set[int] = set()
    lo.store.set(key, NEXT.code)

    def consume(item: Symbol, rest: Rest | None) -> Outcome:
        bind(item)
        outcome = body()
        if not outcome.codes:
            return NEVER
        codes.update(outcome.codes)
        lo.store.set(key, outcome.code)
        return NEXT if rest is None else rest()

    ended = lo.contents(generator)[0].drive(consume)
    left = lo.store.get(key)
    lo.store.set(key, MISSING)
    if isinstance(left, Const):
        return go_on(lo, ended, lambda: leaves_with(left.value))
    return go_on(lo, ended, lambda: Outcome(left, frozenset({*codes, Exit.NEXT})))


def _inlined(lo: Lowering, context: Symbol, site: Any, bind: Callable[[Symbol], None], body: Body) -> Outcome:
    """A context whose methods are the user's."""

    def leave(*arguments: Symbol) -> Symbol:
        left = objects.special(lo, context, "__exit__", *arguments)
        return Const(None) if left is None else left

    entered = objects.special(lo, context, "__enter__")
    if entered is None:
        lo.unsupported("this object has no __enter__", "give its class __enter__ and __exit__")
    bind(entered)

    def handle(error: Value) -> Outcome:
        lo.store.set(completes, Const(False))
        swallows = leave(lo.emit(type, error), error, Const(None))
        return choose(lo, lo.truth(swallows), lambda: NEXT, lambda: reraise(lo), lambda: NEXT)

    def completed() -> Outcome:
        leave(Const(None), Const(None), Const(None))
        return NEXT

    completes = ("completes", lo.fresh("c"))
    lo.store.set(completes, Const(True))
    outcome = attempt(lo, site, body, Const(BaseException), handle, None, lambda: NEXT)
    done = lo.truth(lo.store.get(completes))
    lo.store.set(completes, MISSING)
    choose(lo, done, completed, lambda: NEXT, lambda: NEXT)
    return go_on(lo, outcome, lambda: NEXT)
