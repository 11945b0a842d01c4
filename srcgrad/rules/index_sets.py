"""Index sets: which elements of the inputs an element depends on, while a program runs on such sets and not on numbers.

A set is known by a number. 0 is the empty set, the elements of the inputs are `1..n`, and a union gets the next number
and remembers of which sets it is. So an array has an array of numbers beside it, of its own shape, and what moves
elements (slices, transposes, writes, lists) moves the numbers in the same way; a union costs the same however large
the sets are. Only when the program is through, and only for the outputs, the unions are followed back to the inputs
(`srcgrad.sparse.closure`).

The functions of this module and of `srcgrad.rules.dependence` are called by generated code, in place of the arithmetic
of the program.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from srcgrad.errors import UnsupportedError


class Unions:
    """The unions that were made in a run, in order.

    Attributes:
        inputs: how many elements the inputs have.
        size: the last number in use.
    """

    def __init__(self, inputs: int):
        self.inputs = inputs
        self.size = inputs
        self._blocks: list[tuple[np.ndarray, np.ndarray]] = []
        self._pairs: list[int] = []

    def pair(self, a: int, b: int) -> int:
        """The union of two sets."""
        pairs = self._pairs
        pairs.append(a)
        pairs.append(b)
        self.size += 1
        return self.size

    def groups(self, owners: np.ndarray, members: np.ndarray, count: int) -> np.ndarray:
        """The unions of the members that belong to each of `count` owners; empty for an owner without members.

        Args:
            owners: for each member, to whom it belongs.
            members: sets.
            count: the number of owners.
        """
        given = members != 0
        # What the program writes later must not be seen here: these are copies.
        owners, members = owners[given], members[given]
        has_any = np.zeros(count, bool)
        has_any[owners] = True
        numbers = np.zeros(count, np.int64)
        made = int(np.count_nonzero(has_any))
        self._flush()
        numbers[has_any] = np.arange(self.size + 1, self.size + 1 + made)
        self.size += made
        self._blocks.append((numbers[owners], members))
        return numbers

    def chains(self, members: np.ndarray) -> np.ndarray:
        """For each row its unions from the first member up to each one."""
        rows, count = members.shape
        self._flush()
        numbers = np.arange(self.size + 1, self.size + 1 + members.size).reshape(rows, count)
        self.size += members.size
        self._blocks.append((numbers.ravel(), members.flatten()))
        self._blocks.append((numbers[:, 1:].ravel(), numbers[:, :-1].ravel()))
        return numbers

    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """All unions and what they are of, in pairs; the empty set is left out."""
        self._flush()
        empty = np.zeros(0, np.int64)
        owners = np.concatenate([empty, *[block[0] for block in self._blocks]])
        members = np.concatenate([empty, *[block[1] for block in self._blocks]])
        given = members != 0
        return (owners, members) if given.all() else (owners[given], members[given])

    def _flush(self) -> None:
        """Makes a block of the unions of pairs made since the last one."""
        if self._pairs:
            members = np.array(self._pairs, np.int64)
            first = self.size - len(members) // 2 + 1
            self._blocks.append((np.repeat(np.arange(first, self.size + 1), 2), members))
            self._pairs = []


_state = threading.local()


@contextmanager
def recording(inputs: int) -> Iterator[Unions]:
    """Collects the unions that are made in this thread."""
    outer = getattr(_state, "unions", None)
    _state.unions = Unions(inputs)
    try:
        yield _state.unions
    finally:
        _state.unions = outer


def unions() -> Unions:
    """What collects the unions now."""
    found: Unions = _state.unions
    return found


def as_sets(a: Any) -> np.ndarray:
    """Sets as an array; those in lists as one array, and the empty set for None."""
    a = np.asarray(0 if a is None else a)
    return a if a.dtype == np.int64 else a.astype(np.int64)


def distinct(numbers: np.ndarray) -> np.ndarray:
    """The numbers in order, each once. (`np.unique` hashes, which is slower for many.)"""
    numbers = np.sort(numbers)
    kept = np.ones(len(numbers), bool)
    np.not_equal(numbers[1:], numbers[:-1], out=kept[1:])
    return numbers[kept]


def union(a: Any, b: Any) -> Any:
    """Element by element the unions of two arrays of sets, which are broadcast."""
    if not isinstance(a, np.ndarray) and not isinstance(b, np.ndarray):
        if not b or a == b:
            return a
        return unions().pair(int(a), int(b)) if a else b
    a, b = as_sets(a), as_sets(b)
    result = np.where(a != 0, a, b)
    both = (a != b) & (a != 0) & (b != 0)
    if both.any():
        first, second = (np.broadcast_to(s, result.shape)[both] for s in (a, b))
        count = len(first)
        owners = np.repeat(np.arange(count), 2)
        result[both] = unions().groups(owners, np.stack([first, second], axis=1).ravel(), count)
    return result[()]


def no_list(sets: Any) -> Any:
    """The sets of a number or an array.

    Raises:
        UnsupportedError: for a list or tuple, which `+` and `*` put together and repeat.
    """
    if isinstance(sets, (list, tuple)):
        raise UnsupportedError(
            "a list whose kind is not known is put together with another, or repeated",
            None,
            "pass the pattern: pattern=",
        )
    return sets


def union_of(*parts: Any) -> Any:
    """The one union of all sets in some numbers, arrays and lists of them."""
    found = distinct(np.concatenate([np.zeros(1, np.int64), *[_flat(part) for part in parts]]))[1:]
    if len(found) < 2:
        return int(found[0]) if len(found) else 0
    return int(unions().groups(np.zeros(len(found), np.int64), found, 1)[0])


def _flat(part: Any) -> np.ndarray:
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, (list, tuple)):
        return np.concatenate([np.zeros(0, np.int64), *[_flat(item) for item in part]])
    if part is None or isinstance(part, str):
        return np.zeros(0, np.int64)
    return as_sets(part).ravel()


def no_sets(x: Any) -> Any:
    """Empty sets in the structure of `x`."""
    return filled_sets(x, 0)


def filled_sets(x: Any, which: int) -> Any:
    """One set in the structure of `x`."""
    if isinstance(x, np.ndarray):
        # In the order in which `x` lies in memory, which decides between views and copies of it.
        sets = np.full_like(x, which, np.int64, subok=False)
        return sets
    if isinstance(x, (list, tuple)):
        return [filled_sets(item, which) for item in x]
    if isinstance(x, dict):
        return {key: filled_sets(item, which) for key, item in x.items()}
    return which


def shadow_sets(tables: dict, x: Any) -> Any:
    """The sets beside the shadow of `x`, found as `srcgrad.runtime.shadow_of` finds the shadow: through the same view.

    Args:
        tables: the sets there are, by the identity of what owns the memory that `x` stands on.
        x: an array, view or container of the forward sweep; a number has no shadow, and the empty set.

    Raises:
        UnsupportedError: if `x` is a view whose elements are not those of its memory.
    """
    if isinstance(x, (list, tuple, dict)):
        if id(x) not in tables:
            # A tuple in a tuple has a shadow of its own.
            apart = tuple if type(x) is tuple else ()
            tables[id(x)] = (x, _sets_of_parts(tables, x, apart))
        return tables[id(x)][1]
    if not isinstance(x, np.ndarray):
        return 0
    root = x
    while isinstance(root.base, np.ndarray):
        root = root.base
    if id(root) not in tables:
        tables[id(root)] = (root, no_sets(root))
    sets = tables[id(root)][1]
    return sets if x is root else _seen_alike(sets, root, x)


def _sets_of_parts(tables: dict, x: Any, apart: Any = ()) -> Any:
    if isinstance(x, (list, tuple)):
        return [None if isinstance(item, apart) else _sets_of_parts(tables, item) for item in x]
    if isinstance(x, dict):
        return {key: _sets_of_parts(tables, item) for key, item in x.items()}
    return shadow_sets(tables, x)


def _seen_alike(sets: np.ndarray, root: np.ndarray, x: np.ndarray) -> np.ndarray:
    """What is to sets as the view `x` is to the array `root` beside them."""
    unit, size = root.itemsize, sets.itemsize
    if any(stride % unit for stride, n in zip(x.strides, x.shape, strict=True) if n > 1):
        raise UnsupportedError("an array is seen with elements of another size", None, "pass the pattern: pattern=")
    # The parts of a complex number have its set: counted in whole elements, both are at its place.
    first = (x.__array_interface__["data"][0] - root.__array_interface__["data"][0]) // unit
    strides = [stride // unit * size for stride in x.strides]
    return np.ndarray(x.shape, sets.dtype, sets.ravel(order="K"), first * size, strides)


def all_of_all(x: Any, *parts: Any) -> Any:
    """Sets for `x` where everything in it may depend on everything in what it was computed from."""
    return filled_sets(x, union_of(*parts))


def union_at(x_deps: np.ndarray, i: Any, v_deps: Any) -> None:
    """`np.add.at(x, i, v)` on sets: adds to each element what is added to it, however often."""
    places = np.arange(x_deps.size).reshape(x_deps.shape)[i]
    members = np.broadcast_to(as_sets(v_deps), places.shape).ravel()
    touched, owners = np.unique(places.ravel(), return_inverse=True)
    count = len(touched)
    before = x_deps.flat[touched]
    owners = np.concatenate([owners.ravel(), np.arange(count)])
    x_deps.flat[touched] = unions().groups(owners, np.concatenate([members, as_sets(before)]), count)
