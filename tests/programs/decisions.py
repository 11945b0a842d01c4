"""Programs of which a single wrong decision of the compiler makes a wrong number, each found by a mutant.

The mutation test forces the conditions of the analyses and transforms and drops their statements one at a time: what no
other program noticed, one of these does.
"""

from __future__ import annotations

import numpy as np

from . import program, rand


@program(lambda: (rand(3, seed=1), rand(3, seed=2), 2), argnums=(0, 1), tags=("lists", "aliases"))
def writes_rows_of_one_of_two_lists(x, y, n):
    """What both lists hold is one class of memory once a branch may have chosen either."""
    a = x * 2.0
    b = y * 3.0
    xs = []
    ys = []
    for _ in range(n):
        xs.append(a)
        ys.append(b)
    chosen = ys if n > 1 else xs
    s = np.sum(np.sin(a)) + np.sum(np.cos(b))
    for row in chosen:
        row[:2] *= s
    return s + np.sum(np.sin(a) * b)


@program(lambda: (np.array([-0.4, 0.5, 0.7, -0.2]),), tags=("strong zeros",))
def roots_of_negatives_are_replaced(x):
    """For arguments of any kind, too, nothing comes back to what a mask overwrote."""
    y = np.sqrt(x)
    y[x < 0.0] = 0.0
    return np.sum(y * y * y)


@program(lambda: (np.array([-0.4, 0.5, 0.7, -0.2]),), tags=("strong zeros",))
def roots_at_known_places_are_replaced(x):
    y = np.sqrt(x)
    y[0] = 1.0
    y[3] = x[1]
    return np.sum(y * y * y)


@program(lambda: (rand(4, seed=1), rand(4, seed=2)), argnums=(0, 1), tags=("writes",))
def adds_at_a_slice_after_scaling(x, w):
    """What `np.add.at` added at a slice keeps its cotangent when the shadow changes."""
    y = x * 1.0
    v = w[:2] * w[2:]
    y *= w
    np.add.at(y, slice(0, 2), v)
    return np.sum(y * y)


@program(lambda: (np.array([-0.5, 0.4, 0.7]), False), tags=("strong zeros",))
def elements_of_roots_in_a_branch_not_taken(x, flag):
    """What a branch adds to a shadow is not certain to be added, though the loop around it runs."""
    y = np.sqrt(x)
    s = np.sum(x)
    for k in range(2):
        if flag:
            s += np.sum(y * y[k])
    return s


@program(lambda: (np.array([-0.5, 0.4, 0.7]), 3), tags=("strong zeros", "tuples"))
def roots_in_pairs_are_masked_later(x, n):
    """What is read from a tuple in a list hands the mask on to what was put there."""
    pairs = []
    for k in range(n):
        pairs.append((np.sqrt(x * (k + 1.0)), 1.0 + k))
    s = 0.0
    for root, weight in pairs:
        s += weight * np.sum(np.where(x > 0.0, root, 0.0))
    return s
