"""From the unions that a run has made to the pattern: which elements of the inputs each output depends on.

The unions are a graph without cycles, in which an edge leads from a set to each set that it is a union of. A set of one
other is that one; a set that is used once is part of its user. Both are left out first, which takes away most of a
program: sums that are built up term by term, products of products. What is left is swept in the order of the longest
way to the start, many sets at a time; where there are long chains of few, one at a time.

The sets are either those of the inputs below, or those of the outputs above: whichever are fewer.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from srcgrad.errors import UnsupportedError
from srcgrad.rules.index_sets import Unions, distinct

_ROUNDS = 8
_NARROW = 32
_PATIENCE = 64
_MOST = 200_000_000
_SINGLE = 8
"""An element of a Python set takes as much memory as so many in an array."""


def check_size(elements: int) -> None:
    """Refuses a pattern that memory would not hold.

    Raises:
        UnsupportedError: if it has too many elements.
    """
    if elements > _MOST:
        raise UnsupportedError(
            "the Jacobian is not sparse: on the way to its pattern there are sets of more than "
            f"{_MOST:,} elements together",
            help="use products with it: srcgrad.vjp, srcgrad.jvp",
        )


def pattern_of(unions: Unions, outputs: np.ndarray) -> Any:
    """The pattern as a sparse matrix of booleans, a row for each output and a column for each input."""
    from scipy.sparse import csr_array

    count, inputs = unions.size + 1, unions.inputs
    owners, members, ends = _simplified(*unions.edges(), outputs, inputs, count)
    different, rows = np.unique(ends, return_inverse=True)
    nodes = np.flatnonzero(different)
    used = np.zeros(count, bool)
    for found in (slice(1, inputs + 1), different[nodes], owners, members):
        used[found] = True
    numbers = np.cumsum(used) - 1
    owners, members, ends = numbers[owners], numbers[members], numbers[different[nodes]]
    count = int(np.count_nonzero(used))
    sources = np.arange(inputs)
    if len(nodes) < inputs:
        matrix = csr_array(_Sets(members, owners, count, backwards=True).of(sources, ends).T)
    else:
        matrix = _Sets(owners, members, count, backwards=False).of(ends, sources)
    place = np.full(len(different), len(nodes))
    place[nodes] = np.arange(len(nodes))
    indptr = np.append(matrix.indptr, matrix.indptr[-1])
    padded = csr_array((matrix.data, matrix.indices, indptr), shape=(len(nodes) + 1, inputs))
    check_size(int(np.diff(padded.indptr)[place[rows.ravel()]].sum()))
    result = csr_array(padded[place[rows.ravel()]]) if len(outputs) else csr_array((0, inputs), dtype=bool)
    result.sort_indices()
    return result.astype(bool)


def _simplified(
    owners: np.ndarray, members: np.ndarray, outputs: np.ndarray, inputs: int, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The edges without sets that are another one, and without those that are used once; the outputs in their terms."""
    for _ in range(_ROUNDS):
        before = len(owners)
        # A set of one other.
        least, most = np.full(count, count), np.zeros(count, np.int64)
        np.minimum.at(least, owners, members)
        np.maximum.at(most, owners, members)
        same = np.where(least == most, most, np.arange(count))
        same = _ends(same)
        alone = least == most
        kept = ~alone[owners]
        owners, members, outputs = owners[kept], same[members[kept]], same[outputs]
        # A set that is used once.
        least, most = np.full(count, count), np.zeros(count, np.int64)
        np.minimum.at(least, members, owners)
        np.maximum.at(most, members, owners)
        inner = np.ones(count, bool)
        inner[: inputs + 1] = False
        inner[outputs] = False
        within = inner & (least == most)
        into = _ends(np.where(within, most, np.arange(count)))
        unused = inner & (most == 0)
        kept = ~within[members] & ~unused[into[owners]]
        owners, members = into[owners[kept]], members[kept]
        if 10 * len(owners) > 9 * before:
            break
        owners, members = _each_once(owners, members, (count, count))
    return owners, members, outputs


def _ends(step: np.ndarray) -> np.ndarray:
    """Where steps lead in the end."""
    while True:
        further = step[step]
        if np.array_equal(further, step):
            return step
        step = further


def _each_once(owners: np.ndarray, members: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Pairs in order, each once."""
    from scipy.sparse import coo_array

    rows = coo_array((np.ones(len(owners), bool), (owners, members)), shape=shape).tocsr()
    return np.repeat(np.arange(shape[0]), np.diff(rows.indptr)), rows.indices.astype(np.int64)


class _Sets:
    """Sets that flow along edges.

    Args:
        into, out_of: the ends of the edges.
        count: the number of nodes, whose order is one in which they can be computed; the other way round if backwards.
    """

    def __init__(self, into: np.ndarray, out_of: np.ndarray, count: int, backwards: bool):
        self._before = _rows(into, out_of, count)
        self._after = _rows(out_of, into, count)
        self._count = count
        self._backwards = backwards
        self._start = np.zeros(count, np.int64)
        self._length = np.zeros(count, np.int64)
        self._pool = np.zeros(1024, np.int64)
        self._used = 0
        self._width = 0

    def of(self, wanted: np.ndarray, sources: np.ndarray) -> Any:
        """For each wanted node the places in `sources` of those that it is reached from, as a sparse matrix."""
        from scipy.sparse import csr_array

        label = np.full(self._count, -1)
        label[sources] = np.arange(len(sources))
        self._width = len(sources)
        missing = np.diff(self._before[0])
        ready = np.flatnonzero(missing == 0)
        done = np.zeros(self._count, bool)
        rounds = narrow = 0
        while len(ready) and narrow < _PATIENCE:
            self._compute(ready, label)
            done[ready] = True
            following, _ = _gather(self._after, ready)
            np.subtract.at(missing, following, 1)
            following = distinct(following)
            ready = following[missing[following] == 0]
            rounds += 1
            narrow = narrow + 1 if len(ready) < _NARROW else 0
        if len(ready):
            self._compute_singly(np.flatnonzero(~done), label, wanted)
        indices, _ = _ragged(self._pool, self._start[wanted], self._length[wanted])
        indptr = np.concatenate([[0], np.cumsum(self._length[wanted])])
        data = np.ones(len(indices), bool)
        return csr_array((data, indices, indptr), shape=(len(wanted), len(sources)))

    def _compute(self, nodes: np.ndarray, label: np.ndarray) -> None:
        """Computes the sets of nodes before which all is computed."""
        before, counts = _gather(self._before, nodes)
        check_size(self._used + int(self._length[before].sum()))
        found, lengths = _ragged(self._pool, self._start[before], self._length[before])
        rows = np.repeat(np.repeat(np.arange(len(nodes)), counts), lengths)
        own = np.flatnonzero(label[nodes] >= 0)
        rows = np.concatenate([rows, own])
        found = np.concatenate([found, label[nodes[own]]])
        rows, found = _each_once(rows, found, (len(nodes), self._width))
        lengths = np.bincount(rows, minlength=len(nodes))
        self._length[nodes] = lengths
        self._start[nodes] = self._used + np.cumsum(lengths) - lengths
        self._put(found)

    def _compute_singly(self, nodes: np.ndarray, label: np.ndarray, wanted: np.ndarray) -> None:
        """Computes the sets of nodes one after the other."""
        indptr, indices = self._before
        sets: dict[int, set[int]] = {}

        def known(node: int) -> Any:
            if node not in sets:
                start = self._start[node]
                sets[node] = set(self._pool[start : start + self._length[node]].tolist())
            return sets[node]

        order = nodes[::-1] if self._backwards else nodes
        total = 0
        for node in order.tolist():
            before = indices[indptr[node] : indptr[node + 1]].tolist()
            found: set[int] = set().union(*[known(other) for other in before])
            if label[node] >= 0:
                found.add(int(label[node]))
            sets[node] = found
            total += len(found)
            check_size(_SINGLE * total)
        for node in np.intersect1d(nodes, wanted).tolist():
            found = sets[node]
            self._start[node], self._length[node] = self._used, len(found)
            self._put(np.fromiter(found, np.int64, len(found)))

    def _put(self, found: np.ndarray) -> None:
        if self._used + len(found) > len(self._pool):
            larger = np.zeros(2 * (self._used + len(found)), np.int64)
            larger[: self._used] = self._pool[: self._used]
            self._pool = larger
        self._pool[self._used : self._used + len(found)] = found
        self._used += len(found)


def _rows(keys: np.ndarray, values: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The values of each key: where they begin, and all of them."""
    from scipy.sparse import coo_array

    places = np.arange(len(keys))
    rows = coo_array((values, (keys, places)), shape=(count, max(len(keys), 1))).tocsr()
    return rows.indptr.astype(np.int64), rows.data


def _gather(rows: tuple[np.ndarray, np.ndarray], keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    indptr, values = rows
    return _ragged(values, indptr[keys], indptr[keys + 1] - indptr[keys])


def _ragged(values: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Stretches of an array, one after the other, and their lengths."""
    total = int(lengths.sum())
    offsets = np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    return values[offsets + np.arange(total)], lengths
