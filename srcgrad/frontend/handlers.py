"""The register of built-in callables that the frontend lowers itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Symbol

Handler = Callable[[Lowering, list[Symbol], dict[str, Symbol]], Symbol]
BUILTINS: dict[Any, Handler] = {}
"""Built-in callable -> what lowers a call of it; `handles` registers."""
CALLED: dict[type, Handler] = {}
"""Class -> what lowers a call of an instance of it; `handles_calls_of` registers."""
BOUND: dict[type, Callable[[Lowering, Any, Symbol], Symbol]] = {}
"""Class -> what an instance of it, found in a class, gives for an object of that class: a method, most often."""


def handles_calls_of(cls: type) -> Callable[[Handler], Handler]:
    """Declares what lowers a call of an instance of a class, which comes as the first argument."""

    def decorate(handler: Handler) -> Handler:
        CALLED[cls] = handler
        return handler

    return decorate


def handles(*objects: Any) -> Callable[[Handler], Handler]:
    """Declares the handler of built-in callables."""

    def decorate(handler: Handler) -> Handler:
        for obj in objects:
            BUILTINS[obj] = handler
        return handler

    return decorate
