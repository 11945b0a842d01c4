"""Whether something is a number, a view or a copy, as NumPy and Python have it: seen by what is updated later."""

from __future__ import annotations

import numpy as np

from . import program, rand


@program(lambda: (rand(3),), tags=("lists", "aliases"))
def list_is_repeated_in_place(x):
    items = [x[0]]
    same = items
    items *= 3
    items.append(x[1])
    return sum(same) * len(same)


@program(lambda: (rand(4), 2), tags=("lists", "aliases", "loop"))
def list_of_the_run_is_repeated_in_place(x, n):
    items = []
    for v in x:
        if v > 0.1:
            items.append(v * v)
    same = items
    items *= n
    none = [x[0]]
    others = none
    none *= 0
    return sum(same) * len(same) + len(others) + x[0]


@program(lambda: (rand(3),), tags=("lists", "helpers"))
def list_is_repeated_by_a_helper(x):
    def twice(items):
        items *= 2

    rows = [[x[0], x[1] * x[2]], [x[2]]]
    twice(rows[0])
    rows[1] *= 3
    return sum(rows[0]) * sum(rows[1]) * len(rows[0])


@program(lambda: (rand(3), True), tags=("indices", "writes"))
def truth_values_pick_copies(x, flag):
    y = x * 1.5
    first, second, third = y[x[0] > 0.0], y[True], y[flag]
    first *= 2.0
    second += y
    third[...] = x[0]
    return np.sum(first * y) + np.sum(second * x) + np.sum(third * y)


@program(lambda: (rand(3), True), tags=("indices", "writes"))
def parts_that_truth_values_pick_are_copies(x, flag):
    m = np.outer(x, x)
    row, rest = m[0, flag], m[flag, 1:]
    row *= 3.0
    rest *= x[0]
    return np.sum(row * m[0]) + np.sum(rest * m[1:])


@program(lambda: (rand(3),), tags=("0-d", "aliases"))
def copies_of_numbers_are_numbers(x):
    best = x[0].copy()
    before = best
    best += x[1]
    total = np.sum(x).copy()
    whole = total
    total *= x[2]
    return before * best + whole * total


@program(lambda: (rand(4),), tags=("dtype", "writes"))
def identity_of_integers_cuts_what_is_written(x):
    d = np.identity(4, dtype=int)
    d[0] = x * 4.0
    return np.sum(d[0] * x) + np.sum(np.identity(4, dtype=float)[1] * x**2)


@program(lambda: (rand(3),), tags=("axes", "writes"))
def applied_along_the_only_axis_is_a_copy(x):
    v = np.apply_along_axis(lambda row: row, 0, x)
    v *= 2.0
    return np.sum(v * x) * np.apply_along_axis(np.sum, 0, x)


@program(lambda: (rand(3),), tags=("0-d", "writes"))
def number_of_an_array_that_is_made_finite(x):
    v = np.array(x[0])
    w = np.nan_to_num(v, copy=False)
    w += 1.0
    return v * w


@program(lambda: (rand(3),), tags=("0-d", "shapes"))
def counts_in_arrays_without_axes(x):
    n = np.array(3)
    return np.sum(np.vander(x, n) ** 2) + np.sum(np.eye(n)[1] * x)


@program(lambda: (rand(3),), tags=("integers", "writes"))
def written_into_integers(x):
    a = np.zeros(3, int)
    a[0] = x[0] * 5
    a += 2
    a[x > 0.5] = x[x > 0.5] * 3
    return np.sum(a * x)


@program(lambda: (rand(4), 2), tags=("integers", "powers"))
def signs_by_powers_of_minus_one(x, n):
    s = (-1) ** n * x[0] + (-1) ** -n * x[1]
    for k in range(len(x)):
        s += (-1) ** k * x[k] ** (2 * k + 1) * 10**-k + 2 ** (k - n) * x[k]
    return s * 2**n


class Weighted:
    """Two numbers that NumPy would take for an array, if they did not say that they come first."""

    __array_priority__ = 1.0

    def __init__(self, a, b):
        self.a, self.b = a, b

    def __len__(self):
        return 2

    def __getitem__(self, k):
        return (self.a, self.b)[k]

    def __rmul__(self, factor):
        return Weighted(self.a * factor + 1.0, self.b * factor)


@program(lambda: (rand(4),), tags=("objects", "operators"))
def sequences_on_the_right_of_numbers(x):
    first = x[0] * Weighted(x[1], x[2])
    second = 2.0 * Weighted(x[2], x[3])
    return first[0] * first[1] + second.a * second[1]


@program(lambda: (rand(4),), tags=("writes", "dtype"))
def arrays_of_floats_are_written(x):
    total, count = 0, 0
    for v in x:
        total += v
        count += 1
    made = [
        np.array([1.0, 2, 3]),
        np.full(2, 3.0),
        np.arange(3) * 0.5,
        np.arange(3) / 2,
        np.linspace(0, 1, 4),
        np.ones(3) * 2,
        np.array([total, count]),
        np.array([v for v in x]),
        np.zeros_like(x),
    ]
    product = 1.0
    for a in made:
        a[1] += x[0] * x[3]
        product += np.sum(a**2)
    a = np.asarray([total, 1])
    a[1] = x[2]
    b = np.array([count * 1.0, 2])
    b[0] = x[1]
    c = np.where(x > 0.5, total, 1)
    c[:2] *= x[2:]
    return product + a @ b + np.sum(c * x)


@program(lambda: (rand(3),), tags=("0-d", "aliases"))
def parts_of_averages_and_dots(x):
    mean = np.average(x, weights=x * x, returned=True)[0]
    weight = np.average(x, weights=x * x, returned=True)[1]
    place = np.array(0.0)
    y = np.dot(x, x, out=place)
    u = y
    y += 1.0
    v = np.tensordot(x, x, 1)
    w = v
    v *= x[0]
    z = x * 1.0
    imaginary = z.imag
    z += 1.0
    return mean * weight * u * y * place + w * v + np.sum(imaginary + z)


@program(lambda: (rand(3, 2),), tags=("views", "tuples"))
def rows_that_are_unstacked_are_written(x):
    m = x * 2.0
    rows = np.unstack(m) if hasattr(np, "unstack") else tuple(m)
    rows[0][0] = x[1, 0] * 3
    m[1] *= rows[0]
    columns = np.unstack(m, axis=1) if hasattr(np, "unstack") else tuple(m.T)
    columns[1][...] *= x[0, 0]
    return np.sum(rows[1] * x[0]) + m[0, 0] * m[2, 1]


@program(lambda: (rand(3),), tags=("writes", "powers"))
def powers_in_place_at_zero(x):
    v = np.zeros(3)
    v **= x[0] + 1.0
    w = np.zeros(3)
    w[1] **= x[1]
    return np.sum(v + w) * x[1] + x[0]
