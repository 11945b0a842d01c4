"""`try`: the body, as far as it gets, and what handles the exceptions it raises.

A body in which nothing that others see is written or assigned before something that may raise becomes one `Try`. In any
other, each statement is protected by itself, and what was done before the one that raised is known where the handler
begins.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from srcgrad.errors import UnsupportedError
from srcgrad.frontend.assignments import assign, forget_name, set_name, unpacked
from srcgrad.frontend.exits import caught, evaluated, go_on, new_label
from srcgrad.frontend.expressions import expression
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.marks import Restart
from srcgrad.frontend.merging import (
    NEVER,
    NEXT,
    Branch,
    Outcome,
    branch,
    is_bound_key,
    join_branches,
    leaves_with,
    resume,
)
from srcgrad.frontend.raising import carries_floats
from srcgrad.frontend.sequencing import calls_of
from srcgrad.frontend.statements import block, choose, meet, statement
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import Attempt, Frame, Interrupted, Protection, Reference, Symbol, constant
from srcgrad.ir.nodes import Call, Commit, Const, Exit, Invoke, Raise, Region, Try, Value, walk
from srcgrad.ir.types import Opaque

_PATTERNS = (ast.Tuple, ast.List)

Block = Callable[[], Outcome]
Handle = Callable[[Value], Outcome]


def try_statement(lo: Lowering, node: ast.Try, frame: Frame, rest: Block) -> Outcome:
    """A `try` statement and what follows it."""
    if not node.finalbody:
        return _handled(lo, node, frame, rest)

    def inner() -> Outcome:
        return _handled(lo, node, frame, lambda: NEXT) if node.handlers else block(lo, node.body, frame)

    def clean_up(error: Value) -> Outcome:
        return go_on(lo, block(lo, node.finalbody, frame), lambda: reraise(lo))

    parts = [part for s in node.finalbody for part in ast.walk(s)]
    visible = any(isinstance(part, (ast.Call, ast.Return, ast.Break, ast.Continue, ast.Raise)) for part in parts)
    if visible or lo.attempts or lo.protections or lo.function is not None:
        # Somebody may see what is done here before the exception goes on.
        site = (*lo.site(node), "finally")
        return go_on(lo, cleaned_up(lo, site, inner, clean_up, lambda: block(lo, node.finalbody, frame)), rest)
    outcome = inner()
    left = block(lo, node.finalbody, frame)
    return go_on(lo, left, lambda: go_on(lo, outcome, rest))


def cleaned_up(lo: Lowering, site: Any, body: Block, failed: Handle, left: Block) -> Outcome:
    """A protected block, what is done if it raises, and what is done wherever else control leaves it."""
    leaves = ("leaves", lo.fresh("c"))
    lo.store.set(leaves, Const(True))

    def handle(error: Value) -> Outcome:
        lo.store.set(leaves, Const(False))
        return failed(error)

    outcome = attempt(lo, site, body, Const(BaseException), handle, None, lambda: NEXT, cleans_up=True)
    regularly = lo.truth(lo.store.get(leaves))
    lo.store.set(leaves, MISSING)
    done = choose(lo, regularly, left, lambda: NEXT, lambda: NEXT)
    return go_on(lo, done, lambda: outcome)


@contextmanager
def handling(lo: Lowering, error: Value, natively: bool) -> Iterator[None]:
    """A handler: `raise` raises this exception again; `natively` if Python knows which one."""
    lo.handled.append((error, natively))
    try:
        yield
    finally:
        lo.handled.pop()


def reraise(lo: Lowering) -> Outcome:
    """`raise` in a handler."""
    error, natively = lo.handled[-1] if lo.handled else (None, True)
    if error is not None and lo.protections:
        return throw(lo, error)
    lo.append(Raise(None if natively else error, None, lo.span))
    return NEVER


def throw(lo: Lowering, error: Value, cause: Value | None = None, certain: bool = False) -> Outcome:
    """Raises an exception where the `try` statements around are taken apart: control leaves for the handler.

    Args:
        lo: the lowering.
        error: the exception.
        cause: what it is raised from.
        certain: whether one of these statements certainly handles it.
    """
    raised = error.type.cls if isinstance(error.type, Opaque) else BaseException

    def on(k: int) -> Outcome:
        if k < 0:
            lo.region.append(Raise(error, cause, lo.span))
            return NEVER
        protection = lo.protections[k]
        classes = protection.classes
        if issubclass(raised, classes) or (certain and k == 0):
            return _leave(lo, protection, error)
        matches = lo.truth(lo.emit(isinstance, error, _any_of(classes)))
        return choose(lo, matches, lambda: _leave(lo, protection, error), lambda: on(k - 1), lambda: NEXT)

    return on(len(lo.protections) - 1)


def _leave(lo: Lowering, protection: Protection, error: Value) -> Outcome:
    """Leaves for the handler of a `try` that is taken apart."""
    for key in lo.held:
        lo.store.set(key, MISSING)
    lo.store.set(protection.error, error)
    lo.store.set(_parts_key(protection), lo.exception_parts.get(error, _UNKNOWN))
    return leaves_with(protection.label)


_UNKNOWN = Const("unknown")


def _parts_key(protection: Protection) -> tuple[str, str]:
    return (protection.error[0], f"{protection.error[1]} parts")


def settle_attempts(lo: Lowering) -> None:
    """Looks again at bodies that call functions which had not been lowered to the end."""
    for site, region in lo.unsettled:
        if lo.raising.leaves_traces(region):
            lo.split(site)
    if lo.floats_raised and lo.exception_read is not None and not lo.marks.numbers_raised:
        lo.marks.numbers_raised = True
        raise Restart
    if lo.floats_raised and lo.exception_read is not None:
        raise UnsupportedError(
            "numbers that an exception carries are read here, and their derivative is not known",
            lo.exception_read,
            "assign them to a name before the exception is raised",
        )


def _handled(lo: Lowering, node: ast.Try, frame: Frame, rest: Block) -> Outcome:
    if frame.on_yield is not None and not frame.is_context and _yields(node.body):
        # What the consumer raises is not for these handlers.
        lo.marks.split.add(lo.site(node))
    classes = [_classes(lo, handler, frame) for handler in node.handlers]
    every = _distinct(cls for group in classes for cls in group)

    def handle(error: Value, k: int = 0) -> Outcome:
        if k == len(node.handlers) - 1:
            return _handler(lo, node.handlers[k], error, frame)
        matches = lo.truth(lo.emit(isinstance, error, _any_of(classes[k])))
        return choose(
            lo,
            matches,
            lambda: _handler(lo, node.handlers[k], error, frame),
            lambda: handle(error, k + 1),
            lambda: NEXT,
        )

    return attempt(
        lo,
        lo.site(node),
        lambda: block(lo, node.body, frame),
        _any_of(every),
        handle,
        (lambda: block(lo, node.orelse, frame)) if node.orelse else None,
        rest,
    )


def _yields(statements: list[ast.stmt]) -> bool:
    return any(isinstance(part, (ast.Yield, ast.YieldFrom)) for s in statements for part in ast.walk(s))


def _classes(lo: Lowering, handler: ast.ExceptHandler, frame: Frame) -> tuple[type, ...]:
    """The classes of exceptions that a handler is for."""
    if handler.type is None:
        return (BaseException,)
    with lo.at(handler.type, frame):
        symbol = expression(lo, handler.type, frame)
        found = constant(symbol)
        classes = found if isinstance(found, tuple) else (found,)
        if not all(isinstance(cls, type) and issubclass(cls, BaseException) for cls in classes):
            lo.unsupported("only exceptions of known classes can be caught here", "name the classes after `except`")
    return classes


def _handler(lo: Lowering, handler: ast.ExceptHandler, error: Value, frame: Frame) -> Outcome:
    if handler.name is None:
        return block(lo, handler.body, frame)
    error.hint = handler.name
    set_name(lo, handler.name, error, frame)
    outcome = block(lo, handler.body, frame)
    forget_name(lo, handler.name, frame)
    return outcome


@contextmanager
def _protected(lo: Lowering) -> Iterator[Attempt]:
    made = Attempt(lo.store.depth)
    lo.attempts.append(made)
    try:
        yield made
    finally:
        lo.attempts.pop()


def attempt(
    lo: Lowering,
    site: Any,
    body: Block,
    catches: Value,
    handle: Handle,
    otherwise: Block | None,
    rest: Block,
    cleans_up: bool = False,
) -> Outcome:
    """A protected block, what handles its exceptions, what is done if there are none, and what follows.

    Args:
        lo: the lowering.
        site: what the statement is known by from one attempt at lowering to the next.
        body: lowers what is protected.
        catches: the classes of exceptions that are handled.
        handle: lowers the handler, given the exception.
        otherwise: lowers what is done after a body that completed, unprotected; None if there is nothing.
        rest: lowers what follows the statement.
        cleans_up: whether the handler raises every exception again.
    """
    if site in lo.marks.split:
        return _one_by_one(lo, body, catches, handle, otherwise, rest, cleans_up)
    outer, lo.protections = lo.protections, []
    try:
        with _protected(lo) as made:
            then = branch(lo, body)
    finally:
        lo.protections = outer
    if not any(lo.raising.may_raise(op) for op in then.region.ops) or _cannot_match(lo, catches, then.region):
        return _unprotected(lo, then, otherwise, rest)
    if lo.raising.leaves_traces(then.region):
        lo.split(site)
    if lo.marks.numbers_raised and any(isinstance(op, Raise) and carries_floats(op) for op in walk(then.region)):
        # What it carries is known where control leaves for the handler by itself.
        lo.split(site)
    if any(isinstance(op, Invoke) for op in walk(then.region)):
        # What it calls may not have been lowered to the end yet.
        lo.unsettled.append((site, then.region))

    def handler() -> Outcome:
        error = Value(Opaque(BaseException), "error", lo.span)
        error.owner = lo.region
        lo.region.args.append(error)
        for key in made.interrupted:
            # Whether a name is bound goes with what it stands for.
            lo.store.set(key, MISSING if is_bound_key(key) else Interrupted(None, None, None, site))
        with handling(lo, error, natively=True):
            return handle(error)

    orelse = branch(lo, handler)
    if otherwise is not None and Exit.NEXT in then.outcome.codes:
        then = _commit(lo, then, otherwise)
    return meet(lo, then, orelse, rest, lambda then, orelse: join_branches(lo, catches, then, orelse, Try), _commit)


# Statement by statement


def _one_by_one(
    lo: Lowering,
    body: Block,
    catches: Value,
    handle: Handle,
    otherwise: Block | None,
    rest: Block,
    cleans_up: bool,
) -> Outcome:
    """`attempt` for a body whose statements are protected one by one."""
    assert isinstance(catches, Const)
    classes = catches.value if isinstance(catches.value, tuple) else (catches.value,)
    with new_label(lo) as label:
        protection = Protection(classes, label, ("error", lo.fresh("e")), cleans_up)
        lo.protections = [*lo.protections, protection]
        try:
            outcome = body()
        finally:
            lo.protections = lo.protections[:-1]
        if otherwise is not None:
            outcome = go_on(lo, outcome, otherwise)

        def handler() -> Outcome:
            error = lo.value(lo.store.get(protection.error))
            parts = lo.store.get(_parts_key(protection))
            if isinstance(parts, Reference):
                lo.exception_parts[error] = parts
            with handling(lo, error, natively=False):
                return handle(error)

        outcome = caught(lo, outcome, label, handler)
        lo.store.set(protection.error, MISSING)
        lo.store.set(_parts_key(protection), MISSING)
    return go_on(lo, outcome, rest)


def guarded(lo: Lowering, node: ast.stmt, frame: Frame, rest: Block) -> Outcome:
    """A statement that is protected by itself, and what follows it.

    It is taken apart if it has changed something before it may raise.
    """
    if isinstance(node, ast.Expr) and isinstance(node.value, (ast.Yield, ast.YieldFrom)):
        return _guarded_yield(lo, node.value, frame, rest)
    site = lo.site(node)
    if site not in lo.marks.split:
        return guard(lo, site, lambda: statement(lo, node, frame), rest)
    if isinstance(node, ast.If):
        return guarded_test(
            lo, node.test, frame, lambda: block(lo, node.body, frame), lambda: block(lo, node.orelse, frame), rest
        )
    if isinstance(node, ast.For):
        return _guarded_for(lo, node, frame, rest)
    return _sequence(lo, node, frame, rest)


def _guarded_for(lo: Lowering, node: ast.For, frame: Frame, rest: Block) -> Outcome:
    """A loop: what it goes over comes first, and its body consists of statements that are protected themselves."""
    from srcgrad.frontend.loops import for_over

    site, items = lo.site(node.iter), ("items", lo.fresh("i"))

    def hold(symbol: Symbol) -> Outcome:
        lo.store.set(items, symbol)
        return NEXT

    def loop() -> Outcome:
        symbol = lo.store.get(items)
        lo.store.set(items, MISSING)
        return go_on(lo, for_over(lo, node, symbol, frame), rest)

    if site in lo.marks.split:
        return go_on(lo, evaluated(lo, node.iter, frame, hold), loop)
    return guard(lo, site, lambda: hold(expression(lo, node.iter, frame)), loop)


def guarded_test(
    lo: Lowering, test: ast.expr, frame: Frame, body: Block, otherwise: Block, rest: Block = lambda: NEXT
) -> Outcome:
    """The test of a branch or a loop, protected by itself, and what follows it."""
    key = ("test", lo.fresh("t"))

    def evaluate() -> Outcome:
        lo.store.set(key, expression(lo, test, frame))
        return NEXT

    def decide() -> Outcome:
        truth = lo.truth(lo.store.get(key))
        lo.store.set(key, MISSING)
        return choose(lo, truth, body, otherwise, rest)

    return guard(lo, lo.site(test), evaluate, decide)


def _guarded_yield(lo: Lowering, node: ast.Yield | ast.YieldFrom, frame: Frame, rest: Block) -> Outcome:
    """A `yield`: what the consumer does with the item consists of statements that are protected themselves."""
    from srcgrad.frontend.generators import give, yielded

    site, item = lo.site(node), ("item", lo.fresh("y"))
    if site in lo.marks.split:
        lo.unsupported(
            "what is yielded here may raise after it has changed something, inside of `try`",
            "assign it to a name before the yield",
        )

    def evaluate() -> Outcome:
        lo.store.set(item, yielded(lo, node, frame))
        return NEXT

    def go_further() -> Outcome:
        symbol = lo.store.get(item)
        lo.store.set(item, MISSING)
        return go_on(lo, give(lo, node, symbol, frame), rest)

    return guard(lo, site, evaluate, go_further)


def _sequence(lo: Lowering, node: ast.stmt, frame: Frame, rest: Block) -> Outcome:
    """A statement call by call."""
    steps, final = calls_of(lo, node, frame)

    def step(k: int) -> Outcome:
        if k == len(steps):
            if isinstance(final, ast.Assign) and (len(final.targets) > 1 or isinstance(final.targets[0], _PATTERNS)):
                return _guarded_targets(lo, lo.site(node), final, frame, lambda: go_on(lo, drop_held(), rest))
            if not steps:
                return go_on(lo, statement(lo, node, frame), rest)
            return guard(lo, (*lo.site(node), "final"), finish, rest)
        held, part = steps[k]

        def hold(symbol: Symbol) -> Outcome:
            lo.store.set(held.key, symbol)
            lo.held.append(held.key)
            return NEXT

        if isinstance(part, ast.Name):
            hold(expression(lo, part, frame))
            return step(k + 1)
        with lo.at(held, frame):
            site = (*lo.site(node), "call", k)
            if site in lo.marks.split:
                return go_on(lo, evaluated(lo, part, frame, hold), lambda: step(k + 1))
            return guard(lo, site, lambda: hold(expression(lo, part, frame)), lambda: step(k + 1))

    def drop_held() -> Outcome:
        for held, _ in steps:
            lo.store.set(held.key, MISSING)
            lo.held.remove(held.key)
        return NEXT

    def finish() -> Outcome:
        outcome = statement(lo, final, frame)
        drop_held()
        return outcome

    return step(0)


def _guarded_targets(lo: Lowering, site: Any, node: ast.Assign, frame: Frame, rest: Block) -> Outcome:
    """An assignment to several targets: one of them may raise after others have been written."""
    keys: list[Any] = []

    def hold(symbol: Symbol) -> Any:
        key = ("part", lo.fresh("p"))
        lo.store.set(key, symbol)
        lo.held.append(key)
        keys.append(key)
        return key

    def evaluate() -> Outcome:
        hold(expression(lo, node.value, frame))
        return NEXT

    def place(pairs: list[tuple[ast.expr, Any]], k: int = 0) -> Outcome:
        if not pairs:
            for key in keys:
                lo.store.set(key, MISSING)
                lo.held.remove(key)
            return rest()
        (target, source), *more = pairs
        parts: list[tuple[ast.expr, Any]] = []

        def write() -> Outcome:
            symbol = lo.store.get(source)
            if isinstance(target, _PATTERNS):
                parts.extend((part, hold(item)) for part, item in unpacked(lo, target.elts, symbol))
            else:
                assign(lo, target, symbol, frame)
            return NEXT

        return guard(lo, (*site, "target", k), write, lambda: place([*parts, *more], k + 1))

    return guard(lo, (*site, "value"), evaluate, lambda: place([(target, keys[0]) for target in node.targets]))


def guard(lo: Lowering, site: Any, body: Block, rest: Block) -> Outcome:
    """Something that leaves for the handlers of the `try` statements around it if it raises."""
    classes = _distinct(cls for protection in lo.protections for cls in protection.classes)

    def handle(error: Value) -> Outcome:
        return throw(lo, error, certain=True)

    return attempt(lo, site, body, _any_of(classes), handle, None, rest)


# Pieces


def _any_of(classes: tuple[type, ...]) -> Const:
    """Classes of exceptions as they stand behind `except` and in `isinstance`."""
    return Const(classes[0] if len(classes) == 1 else classes)


def _cannot_match(lo: Lowering, catches: Value, region: Region) -> bool:
    """Whether only the user's own code raises what is caught, and there is none of it in a region."""
    classes = catches.value if isinstance(catches, Const) else BaseException
    own = [
        cls.__module__.split(".")[0] not in _LIBRARIES
        for cls in (classes if isinstance(classes, tuple) else (classes,))
    ]
    return all(own) and not any(
        isinstance(op, (Invoke, Raise, Try))
        or (isinstance(op, Call) and op not in lo.raising.sure and not _is_library(op))
        for op in walk(region)
    )


_LIBRARIES = frozenset(["builtins", "numpy", "math", "json", "contextlib", "warnings", "io", "os"])


def _is_library(op: Call) -> bool:
    module = getattr(op.fn, "__module__", None) or getattr(type(op.fn), "__module__", "")
    return module.split(".")[0] in (*_LIBRARIES, "_operator", "srcgrad")


def _distinct(classes: Iterable[type]) -> tuple[type, ...]:
    """Classes of exceptions, less those that are covered by others."""
    found = list(dict.fromkeys(classes))
    return tuple([c for c in found if not any(c is not other and issubclass(c, other) for other in found)])


def _commit(lo: Lowering, side: Branch, rest: Block) -> Branch:
    """Goes on behind the protected part."""
    outcome = side.outcome

    def follow() -> Outcome:
        if not any(isinstance(op, Commit) for op in lo.region.ops):
            lo.append(Commit(lo.span))
        return go_on(lo, outcome, rest)

    side = resume(lo, side, follow)
    if isinstance(side.region.ops[-1], Commit):
        side.region.ops.pop()
    return side


def _unprotected(lo: Lowering, body: Branch, otherwise: Block | None, rest: Block) -> Outcome:
    """A body that cannot raise needs no protection."""
    for op in body.region.ops:
        lo.region.append(op)
    for key, symbol in body.changes.items():
        lo.store.set(key, symbol)
    outcome = body.outcome if otherwise is None else go_on(lo, body.outcome, otherwise)
    return go_on(lo, outcome, rest)
