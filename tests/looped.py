"""Compiles gradients with array operations as loops, which run as plain Python."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from srcgrad import products
from srcgrad.backend import building, twins
from srcgrad.backend.compile import load
from srcgrad.backend.emit import Emitted, emit_module
from srcgrad.backend.targets import resolve
from srcgrad.frontend.program import lower_program
from srcgrad.ir.nodes import Function
from srcgrad.ir.verify import verify
from srcgrad.jit.loops import fuse_loops
from srcgrad.jit.retyping import settle_lengths
from srcgrad.transform.gradient import finish, prepare, without_reverse


@contextlib.contextmanager
def loops() -> Iterator[None]:
    """What is compiled meanwhile is compiled to loops."""

    def emit(functions: list[Function], **options: Any) -> Emitted:
        for function in functions:
            settle_lengths(function)
        fuse_loops(functions)
        for function in functions:
            verify(function)
        return emit_module(functions, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "emit_module", emit)
        forget()
        yield
    forget()


def forget() -> None:
    """Has nothing of what was compiled before used again."""
    twins._shared.clear()
    twins._pools.clear()
    products._dispatchers.clear()


def looped(
    fun: Callable[..., Any], *args: Any, then: Callable[[list[Function]], None] | None = None
) -> tuple[Callable[..., Any], str]:
    """A function itself, not its gradient, with loops for array operations; and its text.

    `then` is a pass on the functions with loops.
    """
    target = resolve(fun, "grad")
    bound = target.bind(args, {})
    program = lower_program(fun, bound)
    prepare(program)
    function = program.function
    finish(function, function.result, function.name, optimize=True)
    functions = without_reverse(program)
    for function in functions:
        settle_lengths(function)
    fuse_loops(functions)
    if then is not None:
        then(functions)
    for made in functions:
        verify(made)
    emitted = emit_module(functions)
    return load(emitted, "looped")[function.name], emitted.source
