"""Arrays of the caller that derivatives are written to: `gradient(x, out=x_bar)`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from srcgrad.errors import ArgumentError, ShapeError
from srcgrad.tree import Structure, flatten

_WORK = 10_000
"""How hard it is tried to find out whether arrays that lie in one range of memory have an element in common."""


def placed(found: Any, out: Any, given: Any) -> Any:
    """A derivative whose arrays are those of the caller.

    Args:
        found: the derivative.
        out: a tree of the same structure; None, for all of a part, stands for arrays that are new.
        given: the arguments, which no array of `out` may share memory with.

    Raises:
        ArgumentError: if an array does not fit.
        ShapeError: if its shape does not.
    """
    leaves, structure = flatten(found)
    buffers = fitting(leaves, structure, out, given)
    for leaf, buffer in zip(leaves, buffers, strict=True):
        if buffer is not None:
            buffer[...] = leaf
    pairs = zip(leaves, buffers, strict=True)
    return structure.unflatten([leaf if buffer is None else buffer for leaf, buffer in pairs])


def fitting(leaves: list[Any], structure: Structure, out: Any, given: Any) -> list[Any]:
    """The arrays of `out` for the leaves of a derivative, None where there is none.

    Args:
        leaves: those of the derivative, or others of the same shapes and dtypes.
        structure: of the derivative.
        out, given: as for `placed`.

    Raises:
        ArgumentError: if an array does not fit.
        ShapeError: if its shape does not.
    """
    buffers = structure.flatten(out, "out", partly=True)
    paths = structure.paths("out")
    for k, (leaf, buffer) in enumerate(zip(leaves, buffers, strict=True)):
        if buffer is not None:
            _check(buffer, leaf, paths[k])
    taken: list[tuple[Any, str]] = [(array, "an argument") for array in arrays_in(given)]
    for buffer, path in zip(buffers, paths, strict=True):
        if buffer is None:
            continue
        for other, what in taken:
            if overlap(buffer, other):
                raise ArgumentError(f"{path} shares memory with {what}", help="pass an array of its own")
        taken.append((buffer, path))
    return buffers


def _check(buffer: Any, leaf: Any, path: str) -> None:
    if not isinstance(leaf, np.ndarray):
        raise ArgumentError(
            f"{path} is of type {type(buffer).__name__}, but no array is computed there", help="pass None"
        )
    if type(buffer) is not np.ndarray:
        raise ArgumentError(f"{path} is of type {type(buffer).__name__}, not an array")
    if buffer.dtype != leaf.dtype:
        raise ArgumentError(f"{path} is an array of {buffer.dtype}, and one of {leaf.dtype} is computed")
    if buffer.shape != leaf.shape:
        raise ShapeError(f"{path} has shape {buffer.shape}, and an array of shape {leaf.shape} is computed")
    if not buffer.flags.writeable:
        raise ArgumentError(f"{path} is read-only")


def arrays_in(trees: Iterable[Any]) -> Iterator[np.ndarray]:
    """All arrays in trees."""
    for tree in trees:
        for leaf in (tree,) if type(tree) is np.ndarray else flatten(tree)[0]:
            if isinstance(leaf, np.ndarray):
                yield leaf


def overlap(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays have an element in common, as far as that can be found out."""
    if not np.may_share_memory(a, b):
        return False
    try:
        return np.shares_memory(a, b, max_work=_WORK)  # type: ignore[arg-type]
    except (np.exceptions.TooHardError, RuntimeError):
        return True
