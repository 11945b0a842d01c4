"""Text -> functions, with the text where tracebacks, `pdb` and `inspect.getsource` look for it."""

from __future__ import annotations

import itertools
import linecache
import weakref
from collections.abc import Callable, Mapping
from types import CodeType, FunctionType
from typing import Any

from srcgrad.backend.emit import Emitted
from srcgrad.errors import PLACES

_numbers = itertools.count()


def load(
    emitted: Emitted,
    name: str,
    filename_hint: str = "srcgrad",
    captured: Mapping[str, Any] | None = None,
    path: str | None = None,
) -> dict[str, Callable[..., Any]]:
    """Compiles generated code.

    Args:
        emitted: the code.
        name: the module name that the functions report.
        filename_hint: part of the name under which tracebacks show the text.
        captured: the user's names that the code refers to, if it has any.
        path: a file that holds the text, if there is one.

    Returns:
        the functions by name.
    """
    filename = path or f"<{filename_hint}-{next(_numbers)}>"
    text = emitted.source
    scope: dict[str, Any] = {"__name__": name, **emitted.namespace, **(captured or {})}
    before = set(scope)
    code = compile(text, filename, "exec", dont_inherit=True)
    # Without a modification time the entry survives linecache.checkcache.
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    PLACES[filename] = emitted.places
    exec(code, scope)
    functions: dict[str, Callable[..., Any]] = {
        key: value for key, value in scope.items() if key not in before and _code(value, filename) is not None
    }
    if path is None:
        _forget_with(
            filename, [code for function in functions.values() if (code := _code(function, filename)) is not None]
        )
    return functions


def _code(value: Any, filename: str) -> CodeType | None:
    """The code of a function of a file, compiled by Numba or not; None for anything else."""
    function = getattr(value, "py_func", value)
    code = function.__code__ if isinstance(function, FunctionType) else None
    return code if code is not None and code.co_filename == filename else None


def _forget_with(filename: str, codes: list[CodeType]) -> None:
    """Drops the text once none of its functions is left."""
    alive = len(codes)

    def one_less() -> None:
        nonlocal alive
        alive -= 1
        if not alive:
            linecache.cache.pop(filename, None)
            PLACES.pop(filename, None)

    for code in codes:
        weakref.finalize(code, one_less).atexit = False
