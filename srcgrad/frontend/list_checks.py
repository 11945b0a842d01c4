"""What the program raises where it uses a list that may be None, and that is None."""

from __future__ import annotations

import operator
from typing import Any

from srcgrad.frontend.lowering import Lowering, RaisesAlways
from srcgrad.frontend.merging import NEXT, Outcome, branch, join_branches
from srcgrad.frontend.presence import may_be_missing
from srcgrad.frontend.values import Symbol
from srcgrad.ir.nodes import Const

_OF_ITS_OWN = frozenset(["append", "count", "index", "insert", "pop", "reverse"])
"""The methods that stand in the generated code as they are."""


def require_list(lo: Lowering, symbol: Symbol, cls: type[Exception], message: str) -> None:
    """Raises what Python raises, if a list that may be None is None."""
    if not may_be_missing(lo, symbol):
        return

    def missing() -> Outcome:
        raise RaisesAlways(cls, message)

    is_none = lo.value(lo.emit(operator.is_, symbol, Const(None)))
    join_branches(lo, is_none, branch(lo, missing), branch(lo, lambda: NEXT))


def require_items(lo: Lowering, symbol: Symbol) -> None:
    """Raises what `list(None)` raises, if a list is None."""
    require_list(lo, symbol, TypeError, "'NoneType' object is not iterable")


def require_operand(lo: Lowering, sign: str, left: Any, right: Any) -> None:
    """Raises what `None + [...]` raises, if one of two lists is None."""
    for side, message in ((left, f"{sign}: 'NoneType' and 'list'"), (right, f"{sign}: 'list' and 'NoneType'")):
        require_list(lo, side, TypeError, f"unsupported operand type(s) for {message}")


def require_number(lo: Lowering, symbol: Any) -> None:
    """Raises what NumPy raises where it computes with None, if a list is None."""
    require_list(lo, symbol, TypeError, "unsupported operand type: 'NoneType'")


def require_method(lo: Lowering, symbol: Symbol, name: str) -> None:
    """Raises what `None.extend` raises, if a list is None whose method is taken apart."""
    if name not in _OF_ITS_OWN:
        require_list(lo, symbol, AttributeError, f"'NoneType' object has no attribute {name!r}")
