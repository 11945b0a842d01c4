"""Copies of what a pullback or a pushforward remembers of the arguments, which the user may write to later."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from srcgrad.runtime import protected
from srcgrad.tree import map_leaves


class Twins:
    """Copies of trees: what is one container in them, or one piece of memory, is one in the copies."""

    def __init__(self) -> None:
        self._memory: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._containers: dict[int, tuple[Any, Any]] = {}

    def of(self, tree: Any) -> Any:
        """The copy of a tree."""
        if isinstance(tree, np.ndarray):
            return self._array(tree)
        known = self._containers.get(id(tree))
        if known is not None:
            return known[1]
        if type(tree) in (list, tuple):
            made: Any = type(tree)([self.of(item) for item in tree])
        elif type(tree) is dict:
            made = {key: self.of(item) for key, item in tree.items()}
        elif type(tree) is deque:
            made = deque([self.of(item) for item in tree], tree.maxlen)
        else:
            made = map_leaves(lambda leaf: self._array(leaf) if isinstance(leaf, np.ndarray) else leaf, tree)
        if made is not tree:
            self._containers[id(tree)] = tree, made
        return made

    def _array(self, leaf: np.ndarray) -> np.ndarray:
        """A copy of an array; arrays that share memory have copies that share memory."""
        root = leaf
        while isinstance(root.base, np.ndarray):
            root = root.base
        if id(root) not in self._memory:
            self._memory[id(root)] = root, protected(root)
        copy = self._memory[id(root)][1]
        if leaf is root:
            return copy
        memory = copy if copy.base is None else copy.base
        offset = _address(copy) - _address(memory) + _address(leaf) - _address(root)
        twin = np.ndarray(leaf.shape, leaf.dtype, memory, offset, leaf.strides)
        twin.flags.writeable = leaf.flags.writeable
        return twin


def _address(x: np.ndarray) -> int:
    address: int = x.__array_interface__["data"][0]
    return address
