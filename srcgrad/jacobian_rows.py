"""Products with a Jacobian from the right, by its rows: for functions that can't be run once for each tangent."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from srcgrad.tree import flatten


class Rows:
    """The Jacobian as its rows, which are computed when a product is asked for.

    Args:
        out: the value of the function.
        like: for a leaf of the value, what its cotangent must be like; None if it has none.
        pull: the pullback.
    """

    def __init__(self, out: Any, like: Callable[[Any], Any], pull: Callable[[Any], tuple[Any, ...]]):
        leaves, self._structure = flatten(out)
        self._like = [like(leaf) for leaf in leaves]
        self._pull = pull
        self._rows: np.ndarray | None = None

    def times(self, tangents: list[Any]) -> Any:
        """The tangent of the value, for a tangent of each primal."""
        if self._rows is None:
            rows = [self._vector(self._pull(unit), tangents) for unit in self._units()]
            self._rows = np.array(rows) if rows else np.zeros((0, len(self._vector(tangents, tangents))))
        products = np.real(self._rows @ self._vector(tangents, tangents))
        dots: list[Any] = []
        for k, like in enumerate(self._like):
            if like is None:
                dots.append(None)
                continue
            size = math.prod(like.shape)
            parts, products = products[: size * len(like.units)], products[size * len(like.units) :]
            # The pairing of complex numbers is the real part of their product.
            dot = parts[:size] - 1j * parts[size:] if len(like.units) > 1 else parts
            dots.append(like.fitted(dot.reshape(like.shape), functools.partial(str, k), "the value is"))
        return self._structure.unflatten(dots)

    def _units(self) -> Iterator[Any]:
        """A cotangent for each element of the value, for a complex one two of them."""
        floats = [(k, like) for k, like in enumerate(self._like) if like is not None]
        for (k, like), unit in ((item, unit) for item in floats for unit in item[1].units):
            for index in np.ndindex(like.shape):
                bars: list[Any] = [None] * len(self._like)
                bars[k] = np.zeros(like.shape, like.dtype)
                bars[k][index] = unit
                yield self._structure.unflatten(bars)

    @staticmethod
    def _vector(trees: Sequence[Any], tangents: list[Any]) -> np.ndarray:
        """The numbers in a tree for each primal, where tangents have numbers."""
        parts = [
            np.ravel(number)
            for tree, tangent in zip(trees, tangents, strict=True)
            if tangent is not None
            for number, wanted in zip(flatten(tree)[0], flatten(tangent)[0], strict=True)
            if wanted is not None
        ]
        return np.concatenate(parts) if parts else np.zeros(0)
