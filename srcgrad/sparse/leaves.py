"""Trees of floats as one vector, in the order in which the rows and columns of a matrix stand for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.errors import ArgumentError, MissingPackageError
from srcgrad.tree import flatten


class Vector:
    """How a tree lies in a vector: its floats from left to right, the elements of arrays in the order of C.

    Args:
        trees: one or several trees of numbers and arrays.
        name: what they are, for errors.

    Attributes:
        size: the length of the vector.
        parts: for each tree, where its floats begin, and where they end.
    """

    def __init__(self, trees: list[Any], name: str):
        self._structures = []
        self._leaves: list[list[Any]] = []
        self.parts: list[slice] = []
        self.size = 0
        for tree in trees:
            leaves, structure = flatten(float(tree) if type(tree) is int else tree)
            first = self.size
            for leaf in leaves:
                if _kind(leaf) == "c":
                    raise ArgumentError(
                        f"{name} is complex, and a sparse Jacobian is real",
                        help="split it in two real ones",
                    )
                self.size += np.size(leaf) if _kind(leaf) == "f" else 0
            self._structures.append(structure)
            self._leaves.append(leaves)
            self.parts.append(slice(first, self.size))

    @property
    def dtype(self) -> np.dtype:
        """The dtype that holds all of the floats."""
        found = [np.asarray(leaf).dtype for leaves in self._leaves for leaf in leaves if _kind(leaf) == "f"]
        return np.result_type(*found) if found else np.dtype(float)

    def trees(self, vector: np.ndarray, like: Callable[[Any, np.ndarray], Any]) -> list[Any]:
        """Trees of this structure with the numbers of a vector; None for what is no float.

        Args:
            vector: the numbers.
            like: makes the part for a leaf from the leaf and its numbers, in its shape.
        """
        found, first = [], 0
        for structure, leaves in zip(self._structures, self._leaves, strict=True):
            parts: list[Any] = []
            for leaf in leaves:
                if _kind(leaf) != "f":
                    parts.append(None)
                    continue
                part = vector[first : first + np.size(leaf)].reshape(np.shape(leaf))
                first += np.size(leaf)
                parts.append(like(leaf, part))
            found.append(structure.unflatten(parts))
        return found


def _kind(leaf: Any) -> str:
    if isinstance(leaf, (float, complex)):
        return "f" if isinstance(leaf, float) else "c"
    return leaf.dtype.kind if isinstance(leaf, (np.ndarray, np.generic)) else ""


def as_vector(tree: Any, dtype: Any = float) -> np.ndarray:
    """The numbers in a tree one after the other; what is None has none."""
    found = [np.ravel(leaf).astype(dtype, copy=False) for leaf in flatten(tree)[0] if leaf is not None]
    return np.concatenate([np.zeros(0, dtype), *found])


def require_scipy() -> None:
    """Says what to install where SciPy is missing.

    Raises:
        MissingPackageError: if it is.
    """
    try:
        import scipy.sparse  # noqa: F401
    except ImportError as error:
        message = "sparse Jacobians and Hessians are matrices of scipy.sparse, and SciPy is not installed"
        raise MissingPackageError(message, None, 'install it: pip install "srcgrad[sparse]"') from error


def positions(argnums: Any, count: int, name: str) -> list[int]:
    """The positions of the arguments that are meant, from the front.

    Raises:
        ArgumentError: if there is none with such a number, or one is named twice.
    """
    numbers = [argnums] if isinstance(argnums, int) else list(argnums)
    found = []
    for k in numbers:
        if type(k) is not int or not -count <= k < count:
            raise ArgumentError(f"argnums={argnums!r} does not fit: {name} was called with {count} arguments")
        found.append(k % count)
    if len(set(found)) != len(found) or not found:
        raise ArgumentError(f"argnums={argnums!r} must name each argument once, and at least one")
    return found
