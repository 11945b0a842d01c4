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
