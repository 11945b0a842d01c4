"""Entries of compiled code that do no more than to call it: a call may go there at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from srcgrad.frontend.sources import Source
from srcgrad.ir.nodes import Function, Invoke, Value
from srcgrad.jit.lengths import Stretched


@dataclass(frozen=True, slots=True)
class Forwarding:
    """An entry that does no more than to call compiled code.

    Attributes:
        kernel: the compiled code.
        names: of its arguments: parameters of the entry, and names for what is captured.
        error: what it raises where another code has to be made.
        again: that makes the other code, and calls it; it takes the arguments of the entry.
    """

    kernel: Callable[..., Any]
    names: tuple[str, ...]
    error: type[Exception] | None = None
    again: Callable[..., Any] | None = None


def restarting(compiled: Callable[..., Any], again: Callable[..., Any]) -> Callable[..., Any]:
    """What calls compiled code and, if an array is stretched that should not be, code that allows for it."""

    def run(*values: Any) -> Any:
        try:
            return compiled(*values)
        except Stretched:
            pass
        return again(*values)

    run.compiled = compiled  # type: ignore[attr-defined]
    return run


def forwarding(
    entry: Function,
    params: tuple[str, ...],
    captured: list[tuple[Source, Value]],
    loaded: dict[str, Callable[..., Any]],
    again: Callable[..., Any] | None,
) -> Forwarding | None:
    """What an entry calls, if it passes on its parameters and what is captured alone, and returns what it gets."""
    error = None if again is None else Stretched
    if hasattr(loaded[entry.name], "py_func"):
        return Forwarding(loaded[entry.name], params, error, again) if len(entry.params) == len(params) else None
    ops = entry.body.ops
    if len(ops) != 1 or not isinstance(ops[0], Invoke):
        return None
    call = ops[0]
    known = [*entry.params, *[value for _, value in captured]]
    returned = tuple(call.outputs) if len(call.outputs) != 1 else call.outputs[0]
    if not all(arg in known for arg in call.args) or len(entry.params) != len(params) or entry.result != returned:
        return None
    return Forwarding(loaded[call.callee.name], tuple([arg.hint or "" for arg in call.args]), error, again)
