"""Recursive functions that write arrays, called between operations that would be moved if nothing stood in between."""

import numpy as np

from . import program, rand


def _spread_product(z, n):
    if n == 0:
        return z[0] * z[1]
    z[0] = z[0] * z[1]
    return _spread_product(z, n - 1)


@program(lambda: (rand(3), 2.7), argnums=(0, 1), tags=("recursion", "in-place"))
def part_subtracted_before_a_call_that_writes_another(x, y):
    z = x[1:3].copy()
    r = _spread_product(z, 2)
    return r - x[0] * y - z[0] * 3.0


@program(lambda: (rand(3),), tags=("recursion", "in-place"))
def difference_to_what_a_call_has_written(x):
    y = np.sin(x[:2])
    z = x[1:3].copy()
    r = _spread_product(z, 2)
    z -= y
    return r + np.sum(z * z)


@program(lambda: (rand(3),), tags=("recursion", "in-place"))
def twice_the_difference_to_what_a_call_has_written(x):
    y = x[:2] * 2.0
    z = x[1:3].copy()
    r = _spread_product(z, 2)
    z -= y
    return r + np.sum(z * z)


@program(lambda: (rand(3), rand(2, seed=1)), argnums=(0, 1), tags=("recursion", "in-place"))
def difference_to_rows_written_by_calls_in_a_loop(x, y):
    s = 0.0
    z = x[1:3].copy()
    for k in range(3):
        a = y * x[k]
        s += _spread_product(z, k)
        z -= a
        s += z[1] * x[k] - x[0] * y[1]
    return s + np.sum(z * z)


@program(lambda: (rand(4),), tags=("recursion", "in-place", "lists"))
def square_of_what_a_call_writes_through_a_list(x):
    def fill(rows, n):
        if n == 0:
            return rows[0][0] * rows[1][1]
        rows[0][1] = rows[0][0] * rows[1][1]
        rows[1][0] *= rows[0][1]
        return fill(rows, n - 1) * rows[1][0]

    a, b = x[:2].copy(), x[2:] * 2.0
    c = 3.0 * a * a
    v = -a
    r = fill([a, b], 2)
    return r * np.sum(c) + np.sum(a * v) + np.sum(b * a)


@program(lambda: (rand(3),), tags=("recursion", "in-place"))
def element_put_back_after_a_call_that_writes_it(x):
    z = x[1:3].copy()
    q = z[0]
    r = _spread_product(z, 2)
    z[0] = q
    return r + np.sum(z * z)


@program(lambda: (rand(3),), tags=("recursion", "in-place"))
def scaled_element_put_back_after_a_call_that_writes_it(x):
    z = x[1:3].copy()
    q = z[0] * x[0]
    r = _spread_product(z, 2)
    z[0] = q
    return r + np.sum(z * z)


@program(lambda: (rand(3),), tags=("recursion", "in-place", "views"))
def row_put_back_after_a_call_that_writes_it(x):
    z = np.outer(x, x)
    w = z[1]
    q = z[1] * x[0]
    r = _spread_product(w, 2)
    z[1] = q
    return r + np.sum(z * z)


def _rows(x, n):
    if n == 0:
        return []
    rows = _rows(x, n - 1)
    rows.append(x * n)
    return rows


@program(lambda: (rand(3), 3), tags=("recursion", "list", "in-place"))
def row_of_a_list_that_a_recursion_made_is_written(x, n):
    rows = _rows(x, n)
    rows[0][0] = 2.0 * x[1]
    rows[1] += x
    return np.sum(np.stack(rows) ** 2)


def _powers(y, n):
    if n == 0:
        return np.sum(y**3)
    return _powers(y, n - 1) * y[0]


@program(lambda: (rand(3),), tags=("recursion", "in-place"))
def array_that_a_recursion_has_read_is_overwritten(x):
    y = x * 1.0
    total = _powers(y, 2)
    y[:] = x[::-1] * 2.0
    return total + _powers(y, 1)


def _sines(y, n):
    if n == 0:
        return 0.0
    s = np.sum(np.sin(y))
    rest = _sines(y, n - 1)
    return s * y[1] + rest


@program(lambda: (rand(3),), tags=("recursion", "in-place", "for"))
def array_grows_by_what_a_recursion_reads(x):
    y = x * 1.0
    total = 0.0
    for k in range(3):
        total += _sines(y, 2)
        y[k] = total * 0.1
    return total


def _first_powers(y, n):
    if n == 0:
        return np.sum(y * y)
    return _first_powers(y, n - 1) * y[0]


@program(lambda: (rand(2, 3), 3), tags=("recursion", "in-place", "for"))
def recursion_reads_an_array_that_a_loop_made(x, n):
    row = x[0].copy()
    for k in range(n):
        row = row * x[1]
        row[k] *= 2.0
    return _first_powers(row, 2)
