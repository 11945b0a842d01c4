"""Tables of definitions: what functions of NumPy do, said in Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from srcgrad.ir.nodes import Call

OF_RESULT = "of_result"
"""The keyword under which a definition gets the dtype of what it returns, if it asks for it."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a function does.

    Attributes:
        body: a function that does the same, for some arguments; it raises NotImplementedError for others.
        when: tells the calls that it is for.
    """

    body: Any
    when: Callable[[Call], bool]


class Definitions(dict[Any, Definition]):
    """A table of definitions by function."""

    def of(self, *fns: Any, when: Callable[[Call], bool] = lambda op: True) -> Callable[[Any], Any]:
        """Declares that a body says what functions do."""

        def register(body: Any) -> Any:
            self.update(dict.fromkeys(fns, Definition(body, when)))
            return body

        return register
