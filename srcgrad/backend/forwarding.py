"""Entries of compiled code that do no more than to call it: a call may go there at once.

Compiled code looks at the dtypes and the numbers of axes of arrays by itself, to find what was compiled for them. Where
it finds nothing, it is asked here whether it may compile more: so that calls need not look at these twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcgrad.frontend.sources import Source
from srcgrad.ir.nodes import Function, Invoke, Value
from srcgrad.jit.lengths import Stretched


class Unexpected(Exception):
    """Compiled code was called with an array of a dtype or a number of axes that it was not made for."""


@dataclass(frozen=True, slots=True)
class Forwarding:
    """An entry that does no more than to call compiled code.

    Attributes:
        kernel: the compiled code. It raises `Unexpected` for arrays of other dtypes and numbers of axes than those of
            the calls that it was made for.
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
    bound: dict[str, Any],
) -> Forwarding | None:
    """What an entry calls, if it passes on its parameters and what is captured alone, and returns what it gets."""
    if len(entry.params) != len(params):
        return None
    ops = entry.body.ops
    if hasattr(loaded[entry.name], "py_func"):
        kernel, names = loaded[entry.name], params
    elif len(ops) == 1 and isinstance(ops[0], Invoke):
        call = ops[0]
        known = [*entry.params, *[value for _, value in captured]]
        returned = tuple(call.outputs) if len(call.outputs) != 1 else call.outputs[0]
        if not all(arg in known for arg in call.args) or entry.result != returned:
            return None
        kernel, names = loaded[call.callee.name], tuple([arg.hint or "" for arg in call.args])
    else:
        return None
    if not hasattr(kernel, "py_func"):
        return None
    _seal(kernel, [bound.get(name) for name in names])
    return Forwarding(kernel, names, None if again is None else Stretched, again)


def _seal(kernel: Any, examples: list[Any]) -> None:
    """Has compiled code refuse arrays of other dtypes and numbers of axes than these."""
    expected = [(k, value.dtype, value.ndim) for k, value in enumerate(examples) if isinstance(value, np.ndarray)]
    compile_for = kernel._compile_for_args

    def compile_for_args(*args: Any, **kwargs: Any) -> Any:
        for k, dtype, ndim in expected:
            if not isinstance(args[k], np.ndarray) or args[k].dtype != dtype or args[k].ndim != ndim:
                raise Unexpected
        return compile_for(*args, **kwargs)

    kernel._compile_for_args = compile_for_args
