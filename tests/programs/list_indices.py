"""Lists of the run as indices: what they select has as many axes as with an array of the same numbers."""

from __future__ import annotations

import numpy as np

from programs import program, signed


@program(lambda: (signed(5),), tags=("index", "list"))
def forward_substitution_in_sorted_order(x):
    b = np.arange(5.0)[list(np.argsort(x))]
    for i in range(5):
        b[i] = b[i] - x[:i] @ b[:i]
    return np.sum(b**2)


@program(lambda: (signed(4, 4) + 2 * np.eye(4), signed(4)), argnums=(0, 1), output="array", tags=("index", "list"))
def rows_exchanged_by_a_list_of_pivots(a, b):
    a = a.copy()
    n = len(b)
    pivots = list(range(n))
    for k in range(n):
        p = k + int(np.argmax(np.abs(a[k:, k])))
        pivots[k], pivots[p] = pivots[p], pivots[k]
        a[[k, p]] = a[[p, k]]
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            a[i, k + 1 :] -= a[i, k] * a[k, k + 1 :]
    y = b[pivots]
    for i in range(n):
        y[i] -= a[i, :i] @ y[:i]
    return y


@program(lambda: (signed(3, 4),), tags=("index", "list", "view"))
def columns_and_elements_by_lists(m):
    chosen, rows = [], []
    for j in range(4):
        if m[0, j] != 0.0:
            chosen.append(j)
            rows.append(j % 3)
    columns = m[:, chosen]
    columns *= 2.0
    elements = m[rows, chosen]
    elements[0] += 1.0
    return np.sum(columns**2) + np.sum(elements**3)


@program(lambda: (signed(6),), output="array", tags=("index", "list", "write"))
def writes_by_lists(x):
    even, odd = [], []
    for k in range(len(x)):
        (even if k % 2 == 0 else odd).append(k)
    y = np.zeros(6)
    y[even] = x[odd] * x[even]
    y[odd] += x[even] ** 2
    y[even] -= y[odd]
    return y * x


@program(lambda: (signed(4),), tags=("index", "list", "empty"))
def nothing_is_chosen_by_a_list(x):
    chosen = []
    for k in range(len(x)):
        if x[k] > 100.0:
            chosen.append(k)
    return np.sum(x[chosen]) + np.sum(x**2)
