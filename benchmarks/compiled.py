"""Numba for hand-written code, where it is installed: without it the same functions run as plain Python, slowly."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

try:
    import numba
except ImportError:
    numba = None

HAS_NUMBA = numba is not None


def compiled(fun: Callable[..., Any] | None = None, **options: Any) -> Any:
    """`numba.njit`, or nothing at all without Numba.

    Args:
        fun: the function; without it a decorator is returned.
        **options: those of `njit`.
    """
    if fun is None:
        return lambda given: compiled(given, **options)
    return fun if numba is None else numba.njit(fun, **options)


def plain(fun: Callable[..., Any]) -> Callable[..., Any]:
    """The Python function that a compiled one was made of, with its compiled helpers made plain; a plain one itself."""
    python = getattr(fun, "py_func", None)
    if not isinstance(python, types.FunctionType):
        # What is not compiled at all, or stands for a function of `math`.
        return python or fun
    scope = dict(python.__globals__)
    for name in python.__code__.co_names:
        if name in scope and hasattr(scope[name], "py_func"):
            scope[name] = plain(scope[name])
    return types.FunctionType(python.__code__, scope, python.__name__, python.__defaults__)
