"""Gradients called in the functions of other people that Numba compiles; imported only where Numba is installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numba import njit, types
from numba.core.errors import TypingError

from srcgrad.errors import SrcgradError
from srcgrad.frontend.kinds import SHORT


class Inside:
    """What stands for a gradient in compiled code: hands over to the function that is compiled for the arguments.

    Attributes:
        find: tells the entry of the gradient for example arguments, and whether it relies on what may be rebound.
        name: what it is called.
    """

    def __init__(self, find: Callable[[tuple], tuple[Any, bool]], name: str):
        self.find = find
        self.name = name
        self.is_compiling = False
        self._made: dict[tuple, Any] = {}
        self._by_signature: dict[tuple, Any] = {}

    def get_call_template(self, args: tuple, kws: dict[str, Any]) -> Any:
        """What Numba asks for when it finds types: the signatures of a call."""
        if kws:
            raise TypingError(f"{self.name} takes its arguments by position in compiled code")
        found = self._compiled(args)
        template = found.get_call_template(args, kws)
        self._by_signature[args] = found
        return template

    def get_overload(self, args: Any) -> Any:
        """What Numba asks for when it generates code: the function for a signature."""
        given = args.args if hasattr(args, "args") else tuple(args)
        return self._compiled(given).get_overload(args)

    def get_call_signatures(self) -> Any:
        """What Numba shows in its messages."""
        return [], True

    def _compiled(self, args: Sequence[Any]) -> Any:
        plain = tuple([_without_literal(t) for t in args])
        if plain not in self._made:
            self._made[plain] = self._make(plain)
        return self._made[plain]

    def _make(self, args: tuple) -> Any:
        try:
            entry, relies = self.find(tuple([_example(t, self.name) for t in args]))
        except SrcgradError as error:
            raise TypingError(f"{self.name} can't be compiled: {error}") from error
        if relies:
            raise TypingError(f"{self.name} uses values from outside, which compiled code would not see change")
        inner = entry if hasattr(entry, "py_func") else njit(error_model="numpy", boundscheck=True)(entry)
        return _checked(inner, args, self.name)


def _checked(inner: Any, args: tuple, name: str) -> Any:
    """The function behind a look at the lengths of the arguments: it is made for axes that do not broadcast."""
    names = [f"a{k}" for k in range(len(args))]
    lines = [f"def {name}({', '.join(names)}):"]
    for own, t in zip(names, args, strict=True):
        if isinstance(t, types.Array):
            for axis in range(t.ndim):
                lines += [f"    if {own}.shape[{axis}] == 1:", f"        raise ValueError({_ONE!r})"]
    lines.append(f"    return inner({', '.join(names)})")
    scope: dict[str, Any] = {"inner": inner}
    exec(compile("\n".join(lines), f"<srcgrad {name}>", "exec", dont_inherit=True), scope)
    return njit(error_model="numpy")(scope[name])


_ONE = "a gradient that compiled code calls takes no array with an axis of length 1, which would broadcast"


def _without_literal(t: Any) -> Any:
    return types.unliteral(t)


def _example(t: Any, name: str) -> Any:
    """An argument of a type of Numba."""
    if isinstance(t, types.Array):
        return np.ones((SHORT + 1,) * t.ndim, str(t.dtype) if not isinstance(t.dtype, types.Boolean) else "bool")
    if isinstance(t, types.Boolean):
        return True
    if isinstance(t, types.Integer):
        return 1
    if t == types.float64:
        return 1.0
    if isinstance(t, (types.Float, types.Complex)):
        return 1j if t == types.complex128 else np.dtype(str(t)).type(1)
    if isinstance(t, types.BaseTuple) and not isinstance(t, types.BaseNamedTuple):
        return tuple([_example(item, name) for item in t])
    raise TypingError(f"{name} can't be called with an argument of the type {t} in compiled code")
