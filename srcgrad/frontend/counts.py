"""How many items there are where names or parameters take them apart: the program raises where Python does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from srcgrad.frontend.access import axis_length
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Symbol
from srcgrad.ir.nodes import Const, Value


def raise_unless_as_many(items: Any, count: int, message: str) -> None:
    """What stands in the program where names take apart as many items as there are: it is lowered, not called."""
    if len(items) != count:
        raise ValueError(message)


def raise_if_fewer(items: Any, count: int, message: str) -> None:
    """As `raise_unless_as_many`, where one name takes what is left."""
    if len(items) < count:
        raise ValueError(message)


def raise_unless_all_taken(items: Any, count: int, message: str) -> None:
    """As `raise_unless_as_many`, where parameters take the items: `f(*items)`."""
    if len(items) != count:
        raise TypeError(message)


def check_count(lo: Lowering, items: Symbol, count: int, check: Callable[..., None], message: str) -> None:
    """Lets the program raise where Python does: how long an array or list is shows when it runs."""
    from srcgrad.frontend.helper_calls import inline

    if not isinstance(items, Value) or axis_length(items, 0) != count:
        inline(lo, check, [items, Const(count), Const(message)], {})
