"""Forward and reverse functions of the graph functions that a program calls (design: the calling convention)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcgrad.analysis.activity import Activity
from srcgrad.analysis.alias import Aliases
from srcgrad.errors import UnsupportedError
from srcgrad.ir.nodes import Function, Invoke

if TYPE_CHECKING:
    from srcgrad.transform.reverse import Reverse


class Pairs:
    """The pairs made so far, one for each function."""

    def __init__(self, functions: list[Function], activity: Activity, aliases: Aliases):
        self._functions = functions

    def functions(self) -> list[Function]:
        """The functions to print, callees first."""
        return list(self._functions)

    def reverse_invoke(self, reverse: Reverse, op: Invoke) -> None:
        """Replaces a call by the call of the forward function, and emits the call of the reverse function."""
        raise UnsupportedError("recursive functions are not supported yet", op.span)
