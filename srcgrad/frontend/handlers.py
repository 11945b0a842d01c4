"""The register of built-in callables that the frontend lowers itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Symbol

Handler = Callable[[Lowering, list[Symbol], dict[str, Symbol]], Symbol]
BUILTINS: dict[Any, Handler] = {}
"""Built-in callable -> what lowers a call of it; `handles` registers."""


def handles(*objects: Any) -> Callable[[Handler], Handler]:
    """Declares the handler of built-in callables."""

    def decorate(handler: Handler) -> Handler:
        for obj in objects:
            BUILTINS[obj] = handler
        return handler

    return decorate
