"""`with`: contexts of the library are entered and left around the body, those of the user are inlined."""

from __future__ import annotations

import ast
import contextlib
import io
import tempfile
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.frontend import objects
from srcgrad.frontend.assignments import assign
from srcgrad.frontend.attempts import attempt, cleaned_up, reraise
from srcgrad.frontend.exit_stacks import unstacked
from srcgrad.frontend.exits import go_on, is_one_of, restricted
from srcgrad.frontend.expressions import expression
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import NEXT, Outcome, leaves_with
from srcgrad.frontend.statements import block, choose
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import Frame, Reference, Rest, Sequence, Symbol, constant
from srcgrad.ir.nodes import Const, Enter, Exit, If, Leave, Value
from srcgrad.ir.types import STR, UNKNOWN, Opaque

Body = Callable[[], Outcome]

_MANAGERS = (
    *(np.errstate, warnings.catch_warnings, contextlib.redirect_stdout, contextlib.redirect_stderr),
    *(contextlib.closing, contextlib.chdir, contextlib.nullcontext, tempfile.TemporaryDirectory),
)
_RESOURCES = (*(io.IOBase, threading.Semaphore, threading.Condition, type(threading.Lock()), type(threading.RLock())),)
_PASSING = (*_MANAGERS, *_RESOURCES)
"""Contexts that let every exception pass."""
_CONTEXT_MANAGER = contextlib.contextmanager(iter).__code__
GENERATED = contextlib._GeneratorContextManager
"""The class of what functions made by `@contextmanager` return."""
_OPENERS = (open, threading.Lock, threading.RLock, np.printoptions)


def passes(context: Any) -> bool:
    """Whether a call makes contexts of the library that let every exception pass and change no numbers."""
    return context in _OPENERS or (isinstance(context, type) and issubclass(context, _PASSING))


def with_statement(lo: Lowering, node: ast.With, frame: Frame) -> Outcome:
    """A `with` statement."""

    def items(k: int) -> Outcome:
        if k == len(node.items):
            return block(lo, node.body, frame)
        item = node.items[k]
        if k == len(node.items) - 1 and _is_stack(lo, item, frame):
            return block(lo, unstacked(lo, node, item, frame), frame)
        return _item(lo, item, frame, lambda: items(k + 1))

    return items(0)


def _is_stack(lo: Lowering, item: ast.withitem, frame: Frame) -> bool:
    """Whether a context is `ExitStack()`, under a name."""
    call = item.context_expr
    if not isinstance(call, ast.Call) or call.args or call.keywords or not isinstance(item.optional_vars, ast.Name):
        return False
    return constant(expression(lo, call.func, frame)) is contextlib.ExitStack


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
            if made in _OPENERS or (isinstance(made, type) and issubclass(made, _RESOURCES)):
                args = [expression(lo, arg, frame) for arg in call.args]
                kwargs = {str(k.arg): expression(lo, k.value, frame) for k in call.keywords}
                return _library(lo, library_context(lo, made, args, kwargs), bind, body)
        return _entered(lo, expression(lo, call, frame), lo.site(item), bind, body)


def _entered(lo: Lowering, context: Symbol, site: Any, bind: Callable[[Symbol], None], body: Body) -> Outcome:
    """A context that has been evaluated."""
    if isinstance(context, Reference) and context.cls is GENERATED:
        return _generated(lo, lo.contents(context)[0][1], bind, body)
    if isinstance(context, Reference) and context.cls is contextlib.suppress:
        classes = constant(lo.contents(context)[0][1])
        bind(Const(None))
        return attempt(lo, site, body, Const(classes), lambda error: NEXT, None, lambda: NEXT)
    if isinstance(context, Value) and (isinstance(constant(context), _PASSING) or _surely_passes(context)):
        return _library(lo, context, bind, body)
    if objects.class_of_object(context) is contextlib.ExitStack:
        lo.unsupported("an ExitStack can't be entered like this", "write `with ExitStack() as stack:`")
    if objects.class_of_object(context) is not None:
        return _inlined(lo, context, site, bind, body)
    lo.unsupported(
        "this context may handle exceptions in a way that is not known",
        "use try and except, or write its __enter__ and __exit__ as a class",
    )


def _surely_passes(context: Value) -> bool:
    """Whether a value is a context of the library that lets every exception pass, or one of several."""
    if isinstance(context.type, Opaque):
        return issubclass(context.type.cls, _PASSING)
    if not isinstance(context.owner, If):
        return False
    k = context.owner.outputs.index(context)
    return all(_surely_passes(side.results[k]) for side in context.owner.regions)


def make_context(lo: Lowering, made: Any, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol | None:
    """What a call makes that can stand behind `with`; None for anything else."""
    if getattr(made, "__code__", None) is _CONTEXT_MANAGER:
        lo.makes_context = True
        generator = lo.call(Const(made.__wrapped__), args, kwargs)
        lo.makes_context = False
        return lo.new_reference(GENERATED, (("gen", generator),), None)
    if made is contextlib.suppress:
        return lo.new_reference(contextlib.suppress, (("classes", Sequence(tuple(args))),), None)
    if made is open or (isinstance(made, type) and issubclass(made, (*_MANAGERS, io.IOBase))):
        return library_context(lo, made, args, kwargs)
    return None


def library_context(lo: Lowering, made: Any, args: list[Symbol], kwargs: dict[str, Symbol]) -> Value:
    """A context of the library, made as it stands."""
    trees, named = tuple([lo.tree(arg) for arg in args]), {name: lo.tree(arg) for name, arg in kwargs.items()}
    kind = Opaque(made) if isinstance(made, type) else _FILE if made is open else UNKNOWN
    with lo.trusted(made not in _OPENERS):
        context = lo.value(lo.emit_typed(made, trees, named, kind))
    if made in (contextlib.closing, contextlib.redirect_stdout, contextlib.redirect_stderr, contextlib.nullcontext):
        lo.entered[context] = args[0] if args else Const(None)
    return context


_FILE = Opaque(io.TextIOWrapper)


def _library(lo: Lowering, context: Value, bind: Callable[[Symbol], None], body: Body) -> Outcome:
    """A context that is entered and left as it stands; what `as` binds is of a kind that is known at times."""
    cls = context.type.cls if isinstance(context.type, Opaque) else None
    kind = context.type if cls is not None and issubclass(cls, io.IOBase) else UNKNOWN
    entered = Value(STR if cls is tempfile.TemporaryDirectory else kind, None, lo.span)
    with lo.trusted():
        lo.append(Enter(context, [entered], lo.span))
    bind(lo.entered.get(context, entered))
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
