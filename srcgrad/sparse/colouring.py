"""Colourings: which columns of a sparse matrix can be computed together.

Columns that have no row in common may have one colour: the product of the matrix with the sum of their unit vectors
shows the elements of each (Curtis, Powell and Reid, On the estimation of sparse Jacobian matrices, 1974). Of a
symmetric matrix more is known: each element stands in two places, and it is enough that it shows in one of them. That
is so if neighbours in its graph have different colours, and paths of four nodes have at least three (a star colouring:
Coleman and Moré, Estimation of sparse Hessian matrices and graph coloring problems, 1984; Gebremedhin, Manne and
Pothen, What color is your Jacobian?, SIAM Review 47, 2005).

A band along the diagonal needs as many colours as it is wide, given in turn. Else both colour greedily, one column
after the other. A set of colours is an integer, a bit for each colour, and each row
knows the colours of its columns: so that a column costs as many operations as it has elements.
"""

from __future__ import annotations

from typing import Any

import numpy as np

NONE = -1
"""The colour of what needs none: a column without elements."""


def colour_columns(pattern: Any) -> np.ndarray:
    """Colours for the columns of a sparse matrix, two of the same colour without a row in common.

    Args:
        pattern: a sparse matrix in the format CSR.

    Returns:
        the colour of each column, from 0 on; `NONE` for one without elements.

    Example:
        >>> import numpy as np
        >>> from scipy.sparse import csr_array
        >>> colour_columns(csr_array(np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0]])))
        array([ 0,  1,  0, -1])
    """
    fewest = int(np.diff(pattern.indptr).max(initial=0))
    found = _in_turn(pattern, fewest)
    if found is not None:
        return found
    columns = pattern.tocsc()
    best: np.ndarray | None = None
    for order in (np.arange(pattern.shape[1]), _largest_first(pattern, columns)):
        colours = _greedy(columns, order, pattern.shape[0])
        if best is None or colours.max(initial=0) < best.max(initial=0):
            best = colours
        if best.max(initial=-1) + 1 <= fewest:
            break
    assert best is not None
    return best


def _in_turn(pattern: Any, count: int) -> np.ndarray | None:
    """So many colours given in turn, as fit a band along the diagonal; None if two of a row get the same."""
    rows = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
    colours = np.arange(pattern.shape[1]) % max(count, 1)
    if np.bincount(rows * count + colours[pattern.indices], minlength=1).max() > 1:
        return None
    empty = np.ones(pattern.shape[1], bool)
    empty[pattern.indices] = False
    return np.where(empty, NONE, colours)


def _largest_first(pattern: Any, columns: Any) -> np.ndarray:
    """The columns in the order of how many others they meet, counted with repetition, the most first."""
    degree = columns.T.astype(np.int64) @ np.diff(pattern.indptr)
    order: np.ndarray = np.argsort(-degree, kind="stable")
    return order


def _greedy(columns: Any, order: np.ndarray, rows: int) -> np.ndarray:
    indptr, indices = columns.indptr.tolist(), columns.indices.tolist()
    taken = [0] * rows
    colours = [NONE] * columns.shape[1]
    for j in order.tolist():
        mine = indices[indptr[j] : indptr[j + 1]]
        if not mine:
            continue
        forbidden = 0
        for i in mine:
            forbidden |= taken[i]
        free = ~forbidden & (forbidden + 1)
        colours[j] = free.bit_length() - 1
        for i in mine:
            taken[i] |= free
    return np.array(colours, np.int64)


def colour_symmetric(pattern: Any) -> np.ndarray:
    """A star colouring of a symmetric sparse matrix.

    Args:
        pattern: a sparse matrix in the format CSR, of a symmetric pattern.

    Returns:
        the colour of each column, from 0 on; `NONE` for one without elements.

    Example:
        >>> import numpy as np
        >>> from scipy.sparse import csr_array
        >>> arrow = np.eye(5, dtype=int)
        >>> arrow[0] = arrow[:, 0] = 1
        >>> colour_symmetric(csr_array(arrow))
        array([0, 1, 1, 1, 1])
        >>> colour_columns(csr_array(arrow))
        array([0, 1, 2, 3, 4])
    """
    plain = colour_columns(pattern) if _may_be_few(pattern) else None
    if plain is not None and plain.max(initial=-1) < 3:
        return plain
    found = [colours for colours in (plain, *_stars(pattern)) if colours is not None]
    return min(found, key=lambda colours: int(colours.max(initial=-1)))


def _may_be_few(pattern: Any) -> bool:
    """Whether a plain colouring could do with few colours: it has one for each element of the longest row."""
    return int(np.diff(pattern.indptr).max(initial=0)) <= 64


def _stars(pattern: Any) -> list[np.ndarray]:
    degree = np.diff(pattern.indptr)
    orders = [np.arange(len(degree)), np.argsort(-degree, kind="stable")]
    return [_star(pattern, order) for order in orders]


def _star(pattern: Any, order: np.ndarray) -> np.ndarray:
    """A star colouring, greedily.

    Of each node `one` has the colours of its neighbours, `two` those that more than one of them has, and `hubs` the
    colours of those neighbours that have more than one neighbour of this node's own colour. So what a node must not be
    is known from its neighbours:

    - what one of them is;
    - what a neighbour of theirs is that has a second neighbour of their colour: those four would be a path of two
      colours, with this node at its end;
    - where two of them have one colour, what any other neighbour of these is: such a path goes through this node.
    """
    indptr, indices = pattern.indptr.tolist(), pattern.indices.tolist()
    count = pattern.shape[0]
    colours = [NONE] * count
    one, two, hubs = [0] * count, [0] * count, [0] * count
    for v in order.tolist():
        around = indices[indptr[v] : indptr[v + 1]]
        if not around:
            continue
        forbidden = one[v]
        for w in around:
            if w != v and colours[w] != NONE:
                forbidden |= hubs[w] | (one[w] if two[v] >> colours[w] & 1 else 0)
        bit = ~forbidden & (forbidden + 1)
        colour = colours[v] = bit.bit_length() - 1
        for w in around:
            if w == v:
                continue
            if two[w] & bit:
                if colours[w] != NONE:
                    hubs[v] |= 1 << colours[w]
            elif one[w] & bit:
                two[w] |= bit
                if colours[w] != NONE:
                    for x in indices[indptr[w] : indptr[w + 1]]:
                        if x != w and colours[x] == colour:
                            hubs[x] |= 1 << colours[w]
            else:
                one[w] |= bit
        if two[v]:
            for w in around:
                if w != v and colours[w] != NONE and two[v] >> colours[w] & 1:
                    hubs[w] |= bit
    return np.array(colours, np.int64)
