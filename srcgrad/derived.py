"""Functions that are derivatives of others, and have derivatives of every order in turn.

Their first derivatives are computed when the program runs. Where generated code that calls those is read again, the
derivative of a formula stands in their place: of Python that says the same.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.products import jvp, vjp
from srcgrad.rules.custom import Custom, Like, is_surely
from srcgrad.tree import flatten, map_leaves


class Derived(Custom):
    """A function that is a derivative."""

    @functools.cached_property
    def formula(self) -> Callable[..., Any]:
        """A function of the same arguments that returns the same, and that the compiler can read."""
        raise NotImplementedError

    @functools.cached_property
    def _sources(self) -> dict[str, Callable[..., Any]]:
        return {"backward": _pulled(self.formula), "tangent": _pushed(self.formula)}

    def source(self, sweep: str) -> Callable[..., Any] | None:
        return self._sources.get(sweep)

    def backward_arguments(self, args: list[Any], residuals: Any, cotangent: Any) -> list[Any]:
        return [*args, cotangent]

    def tangent_arguments(self, args: list[Any], tangents: list[Any], pack: Callable[[list], Any]) -> list[Any]:
        return [pack(args), pack(tangents)]


def _pulled(formula: Callable[..., Any]) -> Callable[..., Any]:
    def pulled(*given):  # type: ignore[no-untyped-def]
        *args, cotangent = given
        return vjp(formula, *args)[1](cotangent)

    return pulled


def _pushed(formula: Callable[..., Any]) -> Callable[..., Any]:
    def pushed(args, tangents):  # type: ignore[no-untyped-def]
        return jvp(formula, args, tangents)

    return pushed


# Trees of derivatives


def inner(a, b):  # type: ignore[no-untyped-def]
    """The sum of the products of the numbers in two trees of one structure; None is zero.

    Example:
        >>> float(inner((2.0, {"w": 3.0}), (1.0, {"w": 0.5})))
        3.5
    """
    if a is None or b is None:
        return 0.0
    if is_surely(a, dict):
        return sum([inner(a[key], b[key]) for key in a])
    if is_surely(a, (tuple, list)):
        return sum([inner(p, q) for p, q in zip(a, b, strict=True)])
    return np.real(np.sum(a * b))


def zeros_like(tree: Any) -> Any:
    """A tree of zeros; None for what carries no derivative."""
    return map_leaves(lambda leaf: None if (like := Like.of(leaf)) is None else like.fitted(None, ""), tree)


def filled(derivative: Any, primal: Any) -> Any:
    """A derivative, in which None may stand for zeros, with zeros there."""
    leaves, structure = flatten(primal)
    given = structure.flatten(derivative, "derivative", partly=True)
    pairs = zip(given, leaves, strict=True)
    return structure.unflatten([zeros_like(leaf) if dot is None else dot for dot, leaf in pairs])
