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
from srcgrad.frontend.assignments import assign
from srcgrad.frontend.attempts import attempt, cleaned_up, reraise
from srcgrad.frontend.exits import go_on, is_one_of, restricted
from srcgrad.frontend.expressions import expression
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import NEXT, Outcome, leaves_with
from srcgrad.frontend.statements import block, choose
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import Frame, Reference, Rest, Symbol, constant
from srcgrad.ir.nodes import Const, Enter, Exit, Leave, Value
from srcgrad.ir.types import UNKNOWN, Opaque, Type

Body = Callable[[], Outcome]

_PASSING = (
    *(np.errstate, warnings.catch_warnings, io.IOBase, threading.Semaphore, threading.Condition),
    *(type(threading.Lock()), type(threading.RLock())),
    *(contextlib.redirect_stdout, contextlib.redirect_stderr, contextlib.closing, contextlib.chdir),
)
"""Contexts that let every exception pass."""
_CONTEXT_MANAGER = contextlib.contextmanager(iter).__code__
_OPENERS = (open, threading.Lock, threading.RLock, np.printoptions)


def passes(context: Any) -> bool:
    """Whether a class makes contexts of the library that let every exception pass and change no numbers."""
    return isinstance(context, type) and issubclass(context, (np.errstate, warnings.catch_warnings))


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
            if made in (contextlib.ExitStack, contextlib.AsyncExitStack):
                lo.unsupported(
                    "contextlib.ExitStack is not supported", "write the contexts behind `with`, one after the other"
                )
            if made is contextlib.suppress:
                classes = tuple([constant(expression(lo, arg, frame)) for arg in call.args])
                return attempt(lo, lo.site(item), body, Const(classes), lambda error: NEXT, None, lambda: NEXT)
            if made in _OPENERS or (isinstance(made, type) and issubclass(made, _PASSING)):
                args = tuple([lo.tree(expression(lo, arg, frame)) for arg in call.args])
                kwargs = {str(k.arg): lo.tree(expression(lo, k.value, frame)) for k in call.keywords}
                with lo.trusted(made not in _OPENERS):
                    made_context = lo.value(lo.emit_typed(made, args, kwargs, UNKNOWN))
                return _library(lo, made_context, bind, body, _FILE if made is open else UNKNOWN)
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


_FILE = Opaque(io.TextIOWrapper)


def _library(
    lo: Lowering, context: Value, bind: Callable[[Symbol], None], body: Body, gives: Type = UNKNOWN
) -> Outcome:
    """A context that is entered and left as it stands; what `as` binds is of a kind that is known at times."""
    entered = Value(gives, None, lo.span)
    with lo.trusted():
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
        raised = outcome.codes & {protection.label for protection in lo.protections}
        regular = outcome.codes - raised
        codes.update(regular)

        def resume() -> Outcome:
            lo.store.set(key, outcome.code)
            return NEXT if rest is None else rest()

        if not regular or not raised:
            return resume() if regular else outcome
        here = is_one_of(lo, outcome, raised)
        return choose(lo, here, lambda: restricted(outcome, raised), resume, lambda: NEXT)

    ended = lo.contents(generator)[0].drive(consume)
    left = lo.store.get(key)
    lo.store.set(key, MISSING)
    if isinstance(left, Const):
        return go_on(lo, ended, lambda: leaves_with(left.value))
    return go_on(lo, ended, lambda: Outcome(left, frozenset({*codes, Exit.NEXT})))


def _inlined(lo: Lowering, context: Symbol, site: Any, bind: Callable[[Symbol], None], body: Body) -> Outcome:
    """A context whose methods are the user's."""

    def call(name: str, arguments: tuple[Symbol, ...], then: Callable[[Symbol], Outcome]) -> Outcome:
        """A call of a method, which an exception in it may leave by a label."""
        outcomes: list[Outcome] = []
        lo.escape = outcomes
        result = objects.special(lo, context, name, *arguments)
        lo.escape = None
        if result is None:
            lo.unsupported(f"this object has no {name}", "give its class __enter__ and __exit__")
        return go_on(lo, outcomes[0], lambda: then(result)) if outcomes else then(result)

    def handle(error: Value) -> Outcome:
        def decide(swallows: Symbol) -> Outcome:
            return choose(lo, lo.truth(swallows), lambda: NEXT, lambda: reraise(lo), lambda: NEXT)

        return call("__exit__", (lo.emit(type, error), error, Const(None)), decide)

    def run(entered: Symbol) -> Outcome:
        bind(entered)
        nothing = (Const(None), Const(None), Const(None))
        return cleaned_up(lo, site, body, handle, lambda: call("__exit__", nothing, lambda _: NEXT))

    return call("__enter__", (), run)
