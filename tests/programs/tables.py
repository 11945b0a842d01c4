"""Tables: lists of lists and lists of arrays, filled row by row and then used as a whole."""

from __future__ import annotations

import numpy as np

from . import program, signed


@program(lambda: (signed(4), signed(3, seed=1)), argnums=(0, 1), tags=("list", "comprehension"))
def matrix_of_distances(x, y):
    d = np.array([[(a - b) ** 2 for b in y] for a in x])
    return d[0, 1] ** 2 + np.sum(np.min(d, axis=1))


@program(lambda: (signed(4, 2), signed(3, 2, seed=1)), argnums=(0, 1), tags=("list", "comprehension"))
def matrix_of_kernels(x, y):
    k = np.array([[np.exp(-np.sum((a - b) ** 2)) for b in y] for a in x])
    return np.sum(np.linalg.inv(k.T @ k + np.eye(len(y))))


@program(lambda: (signed(4), signed(3, seed=1)), argnums=(0, 1), tags=("list", "append"))
def rows_changed_after_they_are_put(x, y):
    rows = []
    for a in x:
        row = []
        for b in y:
            row.append(a * b)
        rows.append(row)
    twice = list(rows)
    twice.append(rows[0])
    for row in rows:
        row.append(2 * x[1])
    rows[1] = rows[0]
    rows[0][1] += x[2]
    return np.sum(np.array(twice) ** 2) + np.sum(np.stack(rows) ** 3)


@program(lambda: (signed(4), signed(3, seed=1)), argnums=(0, 1), tags=("list", "comprehension"))
def lists_of_lists_of_lists(x, y):
    cube = [[[a * b * c for b in y] for c in x] for a in x]
    pairs = [[(a, a * b) for a in x] for b in y]
    m = np.array(cube)
    return np.sum(m[0] * m[1] ** 2) + np.sum(np.array(pairs)[:, 1] ** 2)


@program(lambda: (signed(4), signed(3, seed=1)), argnums=(0, 1), tags=("list",))
def functions_of_nested_lists(x, y):
    table = [[a * b for b in y] for a in x]
    backwards = [row[::-1] for row in table]
    table[0][0] = 3.0 * x[1]
    bounds = np.max(table) + np.mean(table) + np.linalg.norm(np.asarray(table))
    return bounds + np.sum(np.dot(table, y) ** 2) + np.sum(np.array(table) * np.array(backwards))


@program(lambda: (signed(4), signed(3, seed=1)), argnums=(0, 1), tags=("list", "write"))
def rows_written_in_place(x, y):
    rows = []
    running = np.zeros(3)
    for a in x:
        row = np.zeros(3)
        for k in range(3):
            row[k] = a * y[k]
        rows.append(row)
        running += row
        rows.append(running)
    rows[0] *= 2
    rows.append(rows[0])
    return np.sum(np.array(rows) ** 2) + np.sum(sum(rows) * y)


@program(lambda: (signed(2, 3), 0.4), argnums=(0, 1), tags=("list", "write"), output="array")
def stack_of_rows_that_go_on(x, a):
    row = x[0].copy()
    rows = [row]
    for k in range(3):
        row = row + a * x[1]
        row[k] *= 2.0
        rows.append(row)
    return np.stack(rows) * np.array(rows)


@program(lambda: (signed(8, 2), signed(2, 2, seed=4)), argnums=(0, 1), tags=("list", "for"))
def means_of_the_nearest(x, centres):
    for _ in range(2):
        distances = np.linalg.norm(x[:, np.newaxis] - centres, axis=2)
        labels = np.argmin(distances, axis=1)
        centres = np.array([x[labels == j].mean(axis=0) for j in range(len(centres))])
    return np.sum(centres**2 * x[:2])


@program(lambda: (signed(5), 0.3), argnums=(0, 1), tags=("for", "argmin"))
def shift_that_is_what_is_left(x, m):
    for _ in range(2):
        k = np.argmin((x - m) ** 2)
        m = x[k] * 0.9 + 0.1 * x[k - 1]
    return m**2 * x[0]


@program(lambda: (signed(6, seed=3),), tags=("where",))
def places_that_are_found(x):
    above = np.where(x > 0)[0]
    (below,) = np.nonzero(x < 0)
    total = len(above) * x[above[-1]] + np.sum(x[below] ** 2) + x[np.flatnonzero(x > 0)[0]]
    for k in above:
        total += x[k] ** 3 * len(below)
    return total


COEFFICIENTS = [[1.5, -0.4, 0.2], [0.3, 0.9, -0.7], [2.0, 0.1, 0.6]]
KNOTS = [[0.0, 1.0], [0.5, 1.4], [1.0, 1.1], [1.5, 0.2]]


@program(lambda: (0.7, 1), tags=("list", "global"))
def row_of_a_global_table(x, n):
    total = 0.0
    for c in COEFFICIENTS[n]:
        total = total * x + c
    low, *rest = COEFFICIENTS[n - 1]
    return total * low + sum(rest) * x


@program(lambda: (0.7,), tags=("list", "global", "while"))
def rows_of_a_global_table_by_a_search(x):
    k = 0
    while KNOTS[k + 1][0] < x:
        k += 1
    left, right = KNOTS[k], KNOTS[k + 1]
    share = (x - left[0]) / (right[0] - left[0])
    return (1 - share) * left[1] + share * right[1]


@program(lambda: (0.7,), tags=("list", "global", "break"))
def last_turn_would_be_out_of_range(x):
    for k in range(len(KNOTS)):
        left, right = KNOTS[k], KNOTS[k + 1]
        if left[0] <= x <= right[0]:
            break
    return x * left[1] + x * x * right[1]


@program(lambda: (0.4, 1, [(1.0, 0.5), (0.2, 0.3)]), (0, 2), tags=("tuple", "list"))
def pair_by_a_number_of_the_run(x, n, pairs):
    slope, offset = pairs[n]
    return slope * x * x + offset * slope


@program(lambda: (0.7, True), tags=("branch",))
def option_that_may_be_a_function(x, slope=True):
    if x > 5.0:
        x = slope(x)
    return x * x
