"""Arrays that loops fill from what they hold: what is written once is read again, what is overwritten is saved."""

from __future__ import annotations

import numpy as np

from . import program, rand


@program(lambda: (rand(5), rand(5)), (0, 1), tags=("loop", "recurrence"))
def from_the_element_before(d, c):
    x = np.zeros(len(d))
    x[0] = d[0]
    for i in range(1, len(d)):
        x[i] = d[i] - c[i] * np.sin(x[i - 1])
    return np.sum(x**2)


@program(lambda: (rand(5), rand(5)), (0, 1), tags=("loop", "recurrence"))
def from_the_element_behind(d, c):
    n = len(d)
    x = np.zeros(n)
    x[n - 1] = d[n - 1]
    for i in range(n - 2, -1, -1):
        x[i] = d[i] - c[i] * x[i + 1] ** 2
    return np.sum(x**2)


@program(lambda: (rand(5), rand(5)), (0, 1), tags=("loop", "recurrence"))
def down_a_reversed_range(d, c):
    x = d * 1.0
    for i in reversed(range(1, len(d))):
        x[i - 1] = x[i - 1] * np.cos(x[i]) + c[i]
    return np.sum(x**2)


@program(lambda: (rand(5), rand(5)), (0, 1), tags=("loop", "recurrence", "undo"))
def from_the_last_element_at_first(d, c):
    x = d * 1.0
    for i in range(len(d)):
        x[i] = c[i] * np.sin(x[i - 1])
    return np.sum(x**2)


@program(lambda: (rand(5), rand(5)), (0, 1), tags=("loop", "recurrence", "undo"))
def from_an_element_that_comes_later(d, c):
    x = d * 1.0
    for i in range(len(d) - 1):
        x[i] = c[i] * np.sin(x[i + 1]) + x[i] ** 2
    return np.sum(x**2)


@program(lambda: (rand(5), rand(5)), (0, 1), tags=("loop", "recurrence", "undo"))
def up_a_reversed_range(d, c):
    x = d * 1.0
    for i in reversed(range(len(d) - 1)):
        x[i + 1] = x[i + 1] * np.cos(x[i]) + c[i]
    return np.sum(x**2)


@program(lambda: (rand(7), 0.4), (0, 1), tags=("loop", "recurrence"))
def even_places_from_odd_ones(d, s):
    x = d * 1.0
    for i in range(0, 6, 2):
        x[i] = x[i] + s * np.sin(x[i + 1])
    for k in range(3):
        x[2 * k] = np.sin(x[2 * k + 1]) * x[2 * k]
    return np.sum(x**2)


@program(lambda: (rand(7), 0.4), (0, 1), tags=("loop", "recurrence", "undo"))
def even_places_from_even_ones(d, s):
    x = d * 1.0
    for i in range(0, 5, 2):
        x[i] = x[i] + s * np.sin(x[i + 2])
    return np.sum(x**2)


@program(lambda: (rand(4), 0.4), (0, 1), tags=("loop", "recurrence", "undo"))
def sweep_after_sweep(d, s):
    x = d * 1.0
    for _ in range(3):
        for i in range(1, len(d)):
            x[i] = np.sin(x[i - 1]) * x[i] + s
    return np.sum(x**2)


@program(lambda: (rand(4), 0.4), (0, 1), tags=("loop", "recurrence"))
def anew_in_each_sweep(d, s):
    total = 0.0
    for k in range(3):
        x = np.zeros(len(d))
        x[0] = d[k]
        for i in range(1, len(d)):
            x[i] = np.sin(x[i - 1]) * d[i] + s
        total += x[-1] * x[1]
    return total


@program(lambda: (rand(4), rand(5)), (0, 1), tags=("loop", "recurrence", "table"))
def table_of_alignments(a, b):
    table = np.zeros((len(a) + 1, len(b) + 1))
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            up, left, both = table[i - 1, j], table[i, j - 1], table[i - 1, j - 1]
            table[i, j] = (a[i - 1] - b[j - 1]) ** 2 - np.log(np.exp(-up) + np.exp(-left) + np.exp(-both))
    return table[len(a), len(b)]


@program(lambda: (rand(4), rand(5)), (0, 1), tags=("loop", "recurrence", "table", "undo"))
def table_in_one_row(a, b):
    row = b * 1.0
    for i in range(len(a)):
        for j in range(1, len(b)):
            row[j] = np.sin(row[j]) * a[i] + row[j - 1] * row[j]
    return np.sum(row)


@program(lambda: (rand(4, 4) + 3.0 * np.eye(4),), tags=("loop", "recurrence", "triangle"))
def cholesky_by_elements(m):
    n = m.shape[0]
    low = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = m[i, j] + m[j, i]
            for k in range(j):
                s -= low[i, k] * low[j, k]
            low[i, j] = np.sqrt(s) if i == j else s / low[j, j]
    return np.sum(low**2) + low[2, 1]


@program(lambda: (rand(4, 4) + 3.0 * np.eye(4),), tags=("loop", "recurrence", "triangle", "slices"))
def cholesky_by_rows(m):
    n = m.shape[0]
    low = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            low[i, j] = (m[i, j] + m[j, i] - low[i, :j] @ low[j, :j]) / low[j, j]
        low[i, i] = np.sqrt(m[i, i] - np.sum(low[i, :i] ** 2))
    return np.sum(np.sin(low))


@program(lambda: (rand(4, 4) + 3.0 * np.eye(4),), tags=("loop", "recurrence", "triangle"))
def elimination_in_place(m):
    a = m * 1.0
    n = len(a)
    for k in range(n):
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
    return np.sum(np.log(np.abs(np.diag(a)))) + a[2, 1] ** 2


@program(lambda: (rand(4, 4) + np.eye(4), rand(4)), (0, 1), tags=("loop", "recurrence", "slices"))
def forward_substitution(low, b):
    x = np.zeros(len(b))
    for i in range(len(b)):
        x[i] = (b[i] - np.dot(low[i, :i], x[:i])) / low[i, i]
    return np.sum(x**2)


@program(lambda: (rand(4, 4) + np.eye(4), rand(4)), (0, 1), tags=("loop", "recurrence", "slices"))
def back_substitution(up, b):
    n = len(b)
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        x[i] = (b[i] - up[i, i + 1 :] @ x[i + 1 :]) / up[i, i]
    return np.sum(x**2)


@program(lambda: (rand(5), 0.3), (0, 1), tags=("loop", "recurrence", "slices", "undo"))
def from_one_element_too_many(d, s):
    x = d * 1.0
    for i in range(len(d)):
        x[i] = s * np.sum(x[: i + 1] ** 2)
    return np.sum(x)


@program(lambda: (rand(3), 0.2), (0, 1), tags=("loop", "recurrence", "rows"))
def trajectory_by_rows(start, h):
    path = np.zeros((6, 3))
    path[0] = start
    for k in range(5):
        path[k + 1] = path[k] + h * np.sin(path[k]) * path[k][::-1]
    return np.sum(path**2)


@program(lambda: (rand(3), 0.2), (0, 1), tags=("loop", "recurrence", "columns"))
def trajectory_by_columns(start, h):
    path = np.zeros((3, 6))
    path[:, 0] = start
    for k in range(5):
        slope = np.sin(path[:, k]) * path[:, k]
        path[:, k + 1] = path[:, k] + h * slope
    return np.sum(path[:, -1] ** 3) + path[1, 2] ** 2


@program(lambda: (rand(3), 0.2), (0, 1), tags=("loop", "recurrence", "rows", "undo"))
def rows_that_are_scaled_later(start, h):
    path = np.zeros((5, 3))
    path[0] = start
    for k in range(4):
        path[k + 1] = path[k] + h * np.sin(path[k])
        row = path[k]
        row *= row
    return np.sum(path)


@program(lambda: (rand(6), rand(6)), (0, 1), tags=("loop", "recurrence", "swap", "undo"))
def arrays_that_trade_places(u, v):
    u, v = u * 1.0, v * 1.0
    for _ in range(3):
        for i in range(1, 6):
            u[i] = np.sin(u[i - 1]) * v[i]
        u, v = v, u
    return np.sum(u * v)


@program(lambda: (rand(5), 0.3), (0, 1), tags=("loop", "recurrence", "branch", "break"))
def with_a_way_out(d, s):
    x = np.zeros(len(d))
    x[0] = s
    for i in range(1, len(d)):
        if d[i] > 5.0:
            break
        if i == 2:
            x[i] = x[i - 1] ** 2
            continue
        x[i] = d[i] * np.sin(x[i - 1])
    return np.sum(x)


@program(lambda: (rand(5), 0.3), (0, 1), tags=("loop", "recurrence", "undo"))
def first_element_rewritten_at_last(d, s):
    x = d * 1.0
    for i in range(1, len(d)):
        x[i] = x[i] * np.sin(x[0])
    x[0] = s * x[1]
    return np.sum(x**2)


@program(lambda: (rand(5), 0.3), (0, 1), tags=("loop", "recurrence", "undo"))
def first_element_among_the_others(d, s):
    x = d * 1.0
    for i in range(len(d)):
        x[i] = x[i] * np.sin(x[0]) + s
    return np.sum(x**2)


@program(lambda: (rand(5), np.array([0, 2, 1, 4, 3]), 0.3), (0, 2), tags=("loop", "recurrence", "undo"))
def places_from_a_table(d, order, s):
    x = d * 1.0
    for i in range(1, len(d)):
        x[order[i]] = np.sin(x[order[i - 1]]) * x[i - 1] + s
    return np.sum(x**2)


@program(lambda: (rand(5), 0.3), (0, 1), tags=("loop", "recurrence", "view", "undo"))
def through_a_shifted_view(d, s):
    x = d * 1.0
    rest = x[1:]
    for i in range(1, 4):
        rest[i - 1] = np.sin(x[i]) * x[i - 1] + s
    return np.sum(x**2)


@program(lambda: (rand(5), 0.3), (0, 1), tags=("while", "recurrence", "undo"))
def counted_by_hand(d, s):
    x = d * 1.0
    i = 1
    while i < len(d):
        x[i] = np.sin(x[i - 1]) * s + x[i] ** 2
        i += 1
    return np.sum(x**2)


@program(lambda: (rand(6), 0.3), (0, 1), tags=("loop", "recurrence", "undo"))
def windows_that_overlap(d, s):
    x = np.lib.stride_tricks.sliding_window_view(d * 1.0, 3) * 1.0
    for i in range(1, len(x)):
        x[i, 0] = np.sin(x[i - 1, 2]) * x[i, 1] + s
        x[i - 1, 1] = x[i, 0] * x[i - 1, 1]
    return np.sum(x**2)


@program(lambda: (rand(5), 0.3), (0, 1), tags=("loop", "recurrence"))
def two_recurrences_in_one_loop(d, s):
    a, b = np.zeros(5), np.ones(5)
    for i in range(1, 5):
        a[i] = np.sin(a[i - 1]) * b[i - 1] + d[i]
        b[i] = a[i] * a[i - 1] + s * b[i - 1] ** 2
    return np.sum(a * b)


@program(lambda: (rand(4), 0.3), (0, 1), tags=("loop", "recurrence", "triangle"))
def triangle_of_coefficients(d, s):
    table = np.zeros((4, 4))
    for i in range(4):
        table[i, i] = d[i]
    for length in range(1, 4):
        for i in range(4 - length):
            j = i + length
            table[i, j] = s * np.sin(table[i + 1, j]) * table[i, j - 1] + table[i, j - 1]
    return table[0, 3]


@program(lambda: (rand(5), 0.3), (0, 1), tags=("loop", "recurrence", "undo"))
def middle_of_a_stencil(d, s):
    x = d * 1.0
    for i in range(1, 4):
        x[i] = s * (x[i - 1] * x[i] + np.sin(x[i + 1]))
    return np.sum(x**3)
