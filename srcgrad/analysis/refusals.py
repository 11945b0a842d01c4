"""Where generated code may refuse to go on: no handler of the user's may take that for an exception of the program."""

from __future__ import annotations

from collections.abc import Iterable

from srcgrad.errors import REFUSING, SrcgradError, UnsupportedError
from srcgrad.ir.nodes import Call, Closed, Const, Function, Invoke, Op, Raise, Value, within
from srcgrad.rules.registry import hashable


def takes_refusals(catches: Value) -> bool:
    """Whether a handler for these classes of exceptions would take a refusal."""
    if not isinstance(catches, Const):
        return True
    classes = catches.value if isinstance(catches.value, tuple) else (catches.value,)
    return any(issubclass(refusal, cls) for refusal in SrcgradError.__subclasses__() for cls in classes)


def may_refuse(ops: Iterable[Op], known: dict[Function, bool] | None = None) -> bool:
    """Whether one of these operations, or one that they run, is a helper that may refuse to go on."""
    seen = {} if known is None else known
    return any(_refuses(inner, seen) for inner in within(ops))


def _refuses(op: Op, seen: dict[Function, bool]) -> bool:
    if isinstance(op, Raise):
        made = op.exception.owner if op.exception is not None else None
        return isinstance(made, Call) and made.fn is UnsupportedError
    called = op.callee if isinstance(op, Invoke) else None
    if isinstance(op, Call):
        if hashable(op.fn) and op.fn in REFUSING:
            return True
        called = op.fn.function if isinstance(op.fn, Closed) else None
    if called is None:
        return False
    if called not in seen:
        # A function that calls itself does so by what else is in it.
        seen[called] = False
        seen[called] = may_refuse(called.body.ops, seen)
    return seen[called]
