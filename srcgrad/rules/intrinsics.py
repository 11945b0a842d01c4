"""Markers: functions that tell the compiler something and do next to nothing at run time."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from srcgrad.ir.types import UNKNOWN, Tuple, Type, is_numeric
from srcgrad.rules.operands import Site, Tree, analytic, type_of
from srcgrad.rules.registry import nondifferentiable
from srcgrad.tree import map_leaves

T = TypeVar("T")


def stop_gradient(x: T) -> T:
    """The value of its argument, which no derivative flows through.

    Arrays are copied, so that a later write to the argument does not show in the result, nor the other way round.

    Args:
        x: a number, an array, or a tree of them.

    Example:
        >>> from srcgrad import grad, stop_gradient
        >>> grad(lambda x: x * stop_gradient(x))(3.0)
        3.0
    """
    detached: T = map_leaves(_detached, x)
    return detached


def _detached(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf


nondifferentiable(stop_gradient, reason="stops the derivative on purpose")


@analytic(stop_gradient)
def _same_type(site: Site, fn: Any, x: Tree) -> Type:
    found = type_of(x)
    if isinstance(found, Tuple):
        return found if all(map(is_numeric, found.items)) else UNKNOWN
    return found if is_numeric(found) else UNKNOWN
