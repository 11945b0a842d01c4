"""Markers: functions that tell the compiler something and do next to nothing at run time."""

from __future__ import annotations

from typing import TypeVar

from srcgrad.rules.registry import nondifferentiable

T = TypeVar("T")


def stop_gradient(x: T) -> T:
    """Its argument, which no derivative flows through.

    Args:
        x: a number, an array, or a tree of them.

    Example:
        >>> from srcgrad import grad, stop_gradient
        >>> grad(lambda x: x * stop_gradient(x))(3.0)
        3.0
    """
    return x


nondifferentiable(stop_gradient, reason="stops the derivative on purpose")
