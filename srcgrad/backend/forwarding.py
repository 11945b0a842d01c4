"""Entries of compiled code that do no more than to call it: a call may go there at once.

Compiled code looks at the dtypes and the numbers of axes of arrays by itself, to find what was compiled for them. Where
it finds nothing, it is asked here whether it may compile more: so that calls need not look at these twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcgrad.frontend.sources import Source
from srcgrad.ir.nodes import Call, Function, Invoke, Value
from srcgrad.jit.lengths import Stretched


class Unexpected(Exception):
    """Compiled code was called with an array of a dtype or a number of axes that it was not made for."""


@dataclass(frozen=True, slots=True)
class Forwarding:
    """An entry that does no more than to call compiled code, with new arrays for what it computes.

    Attributes:
        kernel: the compiled code. It raises `Unexpected` for arrays of other dtypes and numbers of axes than those of
            the calls that it was made for.
        names: of its arguments: parameters of the entry, names for what is captured, and for new arrays.
        made: the names for new arrays -> what makes them, and the name of the array that they are as long as.
        result: what the entry returns: names for new arrays, and numbers of what the compiled code returns, in tuples;
            None if it returns just that.
        error: what it raises where another code has to be made.
        again: that makes the other code, and calls it; it takes the arguments of the entry.
    """

    kernel: Callable[..., Any]
    names: tuple[str, ...]
    made: Mapping[str, tuple[Callable[[int], Any], str]]
    result: Any = None
    error: type[Exception] | None = None
    again: Callable[..., Any] | None = None


def called_from_python(compiled: Callable[..., Any], entry: Function) -> Callable[..., Any]:
    """What Python calls of an entry: where all that it does is to make arrays for compiled code, that is no code."""
    if not _made(entry) or not hasattr(compiled, "py_func"):
        return compiled
    plain = compiled.py_func
    plain.compiled = compiled
    return plain  # type: ignore[no-any-return]


def restarting(compiled: Callable[..., Any], again: Callable[..., Any]) -> Callable[..., Any]:
    """What calls compiled code and, if an array is stretched that should not be, code that allows for it."""

    def run(*values: Any) -> Any:
        try:
            return compiled(*values)
        except Stretched:
            pass
        return again(*values)

    run.compiled = getattr(compiled, "compiled", compiled)  # type: ignore[attr-defined]
    return run


def forwarding(
    entry: Function,
    params: tuple[str, ...],
    captured: list[tuple[Source, Value]],
    loaded: dict[str, Callable[..., Any]],
    again: Callable[..., Any] | None,
    bound: dict[str, Any],
) -> Forwarding | None:
    """What an entry calls, if it passes on its parameters, what is captured and new arrays alone."""
    if len(entry.params) != len(params):
        return None
    made = _made(entry)
    if not made and hasattr(loaded[entry.name], "py_func"):
        kernel, names = loaded[entry.name], params
        _seal(kernel, [bound.get(name) for name in names])
        return Forwarding(kernel, names, {}, None, None if again is None else Stretched, again)
    calls = [op for op in entry.body.ops if isinstance(op, Invoke)]
    if made is None or len(calls) != 1 or len(entry.body.ops) != 1 + 2 * len(made):
        return None
    (call,) = calls
    kernel = loaded[call.callee.name]
    if not hasattr(kernel, "py_func"):
        return None
    known = {v: v.hint or "" for v in (*entry.params, *[value for _, value in captured])}
    own = {value: f"{k} made" for k, value in enumerate(made)}
    if not all(arg in known or arg in own for arg in call.args) or any(like not in known for _, like in made.values()):
        return None
    result = _returned(entry.result, call, own)
    if result is None or sorted(places_of(result)) != list(range(len(call.outputs))):
        return None
    if not made:
        if entry.result != (tuple(call.outputs) if len(call.outputs) != 1 else call.outputs[0]):
            return None
        result = None
    names = tuple([own.get(arg) or known[arg] for arg in call.args])
    _seal(kernel, [bound.get(name) for name in names])
    found = {own[value]: (fn, known[like]) for value, (fn, like) in made.items()}
    return Forwarding(kernel, names, found, result, None if again is None else Stretched, again)


def places_of(result: Any) -> list[int]:
    """Which of the values that compiled code returns are in a result."""
    if isinstance(result, tuple):
        return [place for item in result for place in places_of(item)]
    return [result] if isinstance(result, int) else []


def _made(entry: Function) -> dict[Value, tuple[Callable[[int], Any], Value]] | None:
    """The new arrays of an entry that has nothing else beside its call: what makes them, and how long they are."""
    lengths: dict[Value, Value] = {}
    found: dict[Value, tuple[Callable[[int], Any], Value]] = {}
    for op in entry.body.ops:
        if isinstance(op, Invoke):
            continue
        if not isinstance(op, Call) or len(op.args) != 1 or op.kwargs or len(op.outputs) != 1:
            return None
        if op.fn is len:
            lengths[op.outputs[0]] = op.args[0]
        elif op.fn in (np.empty, np.zeros) and op.args[0] in lengths:
            found[op.outputs[0]] = op.fn, lengths[op.args[0]]
        else:
            return None
    return found


def _returned(tree: Any, call: Invoke, own: dict[Value, str]) -> Any:
    """A result in terms of what the call returns and of new arrays; None if there is something else in it."""
    if isinstance(tree, Value):
        return own[tree] if tree in own else call.outputs.index(tree) if tree in call.outputs else None
    if type(tree) is not tuple:
        return None
    items = tuple([_returned(item, call, own) for item in tree])
    return None if None in items else items


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
