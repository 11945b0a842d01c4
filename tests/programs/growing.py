"""Totals that start from a plain number, and are arrays once something has been added."""

from __future__ import annotations

import numpy as np

from programs import program, rand, signed


def weighed(v):
    v = np.ravel(v)
    return np.sum(v * np.arange(1, len(v) + 1))


@program(lambda: (rand(3, 4), rand(4, seed=1)), (0, 1), tags=("totals",))
def rows_are_added_to_zero(m, y):
    total = 0
    for row in m:
        total = total + row * y[0]
    return weighed(total) * y[1]


@program(lambda: (np.zeros((0, 4)), rand(4, seed=1)), (0, 1), tags=("totals", "empty"))
def no_rows_are_added_to_zero(m, y):
    total = 0.0
    for row in m:
        total = total + row * y[0]
    return np.sum(total * y**2) + y[1] ** 2


@program(lambda: (rand(3, 4), rand(4, seed=1)), (0, 1), tags=("totals", "in place"))
def rows_are_added_in_place_and_read(m, y):
    total = 0
    for row in m:
        total += row
    values = [total[1] * y[0], y[1]]
    return 0.93 * weighed(total) + sum((k + 1) * e for k, e in enumerate(values))


@program(lambda: (rand(3, 4), rand(4, seed=1), 0.7), (0, 1, 2), tags=("totals",))
def rows_are_added_to_an_active_number(m, y, s):
    total = s * s
    for row in m:
        total = total + row * y
    return weighed(total)


@program(lambda: (rand(4, 3), rand(3, seed=1), 0.7), (0, 1, 2), tags=("totals", "branch"))
def total_starts_anew_from_an_active_number(m, y, s):
    total, kept = 0.0, 0.0
    for k in range(len(m)):
        if k == 2:
            kept = kept + np.sum(total * y)
            total = s * m[k, 0]
        total = total + m[k] * y
    return kept * weighed(total)


@program(lambda: (rand(4, 3), rand(3, seed=1)), (0, 1), tags=("totals", "branch"))
def total_starts_anew_from_zero(m, y):
    total, kept = 0.0, 0.0
    for k in range(len(m)):
        if k % 2 == 0:
            kept = kept + np.sum(total * y)
            total = 0
        if m[k, 0] > 0.0:
            total = total + m[k] * y
    return kept * weighed(total)


@program(lambda: (rand(3, 4), rand(2, 4, seed=1)), (0, 1), tags=("totals", "broadcasting"))
def total_grows_twice(m, n):
    total = 0
    for k in range(len(m)):
        if k == 2:
            total = total + n * 0.5
        total = total + m[k]
    return weighed(total * total)


@program(lambda: (rand(3, 4), rand(4, seed=1)), (0, 1), tags=("totals", "scaled"))
def total_decays(m, y):
    total = 0.0
    for row in m:
        total = -(total * 0.9) / 1.1 + row * y
    return weighed(total * total)


@program(lambda: (rand(3, 4), rand(4, seed=1)), (0, 1), tags=("totals", "scaled"))
def total_is_scaled_by_what_is_active(m, y):
    total = 0.0
    for k in range(len(m)):
        total = total * y[k] + m[k] * y
    return weighed(total * total)


@program(lambda: (rand(5, 4), rand(4, seed=1)), (0, 1), tags=("totals", "loop"))
def totals_change_places(m, y):
    first, second = 0, 0.0
    for row in m:
        first, second = second - row * y, first + row
    return weighed(first) * weighed(second)


@program(lambda: (rand(5, 4), rand(4, seed=1)), (0, 1), tags=("totals", "while"))
def rows_are_added_while_there_is_need(m, y):
    total, k = 0, 0
    while k < len(m) and np.sum(total * y) < 1.5:
        total = total + m[k]
        k += 1
    return weighed(total) * k


@program(lambda: (signed(2, 3, 4), rand(4, seed=1)), (0, 1), tags=("totals", "nest"))
def rows_of_all_tables_are_added(tables, y):
    whole = 0
    for table in tables:
        part = 0
        for row in table:
            part = part + row * y
        whole = whole + np.tanh(part)
    return weighed(whole)


@program(lambda: (rand(3, 4), rand(4, seed=1)), (0, 1), tags=("totals", "complex"))
def complex_rows_are_added(m, y):
    total = 0
    for row in m:
        total = total + row * y * (1 + 0.5j)
    return np.sum(np.abs(total) ** 2)


@program(lambda: (rand(3, 1), rand(3, 4, seed=1)), (0, 1), tags=("totals", "broadcasting"))
def columns_are_added_and_spread(m, n):
    total = 0
    for k in range(len(m)):
        total = total + m[k] + n[k]
    return weighed(total**2)


@program(lambda: (rand(4, 3), rand(3, seed=1), 2), (0, 1), tags=("totals", "branch"))
def total_is_left_out_of_some_turns(m, y, n):
    total, seen = 0, 0.0
    for k in range(len(m)):
        if k == n:
            total = 0.5
        elif k > n:
            seen = seen + np.sum(total * y)
        total = (total + m[k]) * 1.5 if k % 2 else total + m[k] * y
    return seen * weighed(total)


@program(lambda: (rand(2, 3), rand(3, seed=1), 0), (0, 1), tags=("totals", "empty", "branch"))
def array_is_added_behind_the_loop(m, y, n):
    total = 0.0
    for k in range(n):
        total = total + m[k]
    if y[0] > 0.0:
        total = total * 2.0
    total = total + y
    if y[1] > 9.0:
        total = 0.0
    return weighed(total * total)


@program(lambda: (0.7, rand(3, 4)), (0, 1), tags=("totals",))
def numbers_and_rows_are_added(s, m):
    total = 0
    for row in m:
        total = total + row * s
        total = total + np.sum(row) * s
    return np.sum(total)


@program(lambda: (0.7, rand(3, 4)), tags=("totals", "in place", "alias"))
def active_number_keeps_a_name_while_it_grows(s, m):
    total = s
    read = 0.0
    for k in range(3):
        before = total
        total += m[k]
        read += np.sum(before * before) * (k + 1.0)
    return np.sum(total * total) + read
