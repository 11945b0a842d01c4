"""Whole numbers in lists that get floats later: compiled lists have floats from the start, and cut nothing."""

from __future__ import annotations

import numpy as np
import pytest

import srcgrad
from srcgrad.testing import check_same

X = np.array([0.7, 1.4, 1.1])


def repeated(x):
    y = [0] * len(x)
    for i in range(len(x)):
        y[i] = x[i] * 2.5
    s = 0.0
    for i in range(len(x)):
        s += y[i] * y[i]
    return s


def by_comprehension(x):
    y = [0 for _ in range(len(x))]
    for i in range(len(x)):
        y[i] = x[i] * 2.5
    s = 0.0
    for v in y:
        s += v * v
    return s


def appended(x):
    y = []
    y.append(0)
    for i in range(len(x)):
        y.append(x[i] * 2.5)
    s = 0.0
    for v in y:
        s += v * v
    return s


def displayed(x):
    y = [0, 1, 2]
    for i in range(3):
        y[i] = x[i] * y[i] + 0.5
    return y[0] * y[1] + y[2] ** 2


def recurrence(x, n):
    y = [0] * n
    y[0] = 1.5 * x[0]
    for i in range(1, n):
        y[i] = y[i - 1] * x[i]
    return y[n - 1]


def product_in_place(x):
    y = [1]
    for i in range(len(x)):
        y[0] = y[0] * x[i]
    return y[0]


def in_a_dict(x):
    d = {0: 0}
    for i in range(len(x)):
        d[0] = d[0] + x[i] * 1.5
    return d[0] ** 2


def indices_beside_floats(x):
    k = [2]
    y = [x[0] * 1.0]
    for i in range(3):
        k.append(i)
        y.append(x[i] * x[k[i]])
    return sum(y)


def nested(x):
    y = [[0] * 3 for _ in range(2)]
    for i in range(2):
        for j in range(3):
            y[i][j] = x[j] * 1.5 * (i + 1)
    return y[0][1] * y[1][2]


def of_a_range(x):
    y = list(range(3))
    for i in range(len(x)):
        y[i] = x[i] * 2.5 * y[i]
    return y[0] + y[1] * y[2]


def of_a_copy(x):
    a = [0, 0, 0]
    y = a.copy()
    for i in range(len(x)):
        y[i] = x[i] * 2.5
    return y[0] + y[1] * y[2]


def joined(x):
    a = [0] * 2
    y = a + [1]  # noqa: RUF005
    for i in range(len(x)):
        y[i] = x[i] * 2.5 + y[i]
    return y[0] + y[1] * y[2]


def of_a_slice(x):
    y = [0] * 4
    z = y[1:]
    for i in range(len(x)):
        z[i] = x[i] * 2.5
    return z[0] + z[1] * z[2]


def a_slice_is_written(x):
    y = [0] * 3
    y[1:] = [x[0] * 1.5, x[1]]
    return y[1] * y[2]


def extended(x):
    y = [1, 2, 3]
    y.extend([x[0] * 1.5])
    return y[3] * y[1]


def best_so_far(x):
    best = [0, 0]
    for v in x:
        if v > best[0]:
            best[0] = v * 1.0
        best[1] += v
    return best[0] * best[1]


def counts_stay_whole(x):
    c = [0] * 3
    y = 0.0
    for i in range(3):
        c[i % 2] += 1
        y += x[c[0]] * x[i]
    return y * c[0]


def numbers_made_whole(x):
    y = [int(v) for v in x]
    for i in range(3):
        y[i] = y[i] + x[i]
    return y[0] * y[1]


def in_a_helper(x):
    def h(y, v):
        y[0] = v * 1.5

    y = [0]
    h(y, x[0])
    return y[0] ** 2


def of_a_tuple(x):
    t = (0, 0)
    y = [t[0], 1]
    y[0] = x[0] / 2
    return y[0] * y[1]


PROGRAMS = [
    repeated,
    by_comprehension,
    appended,
    displayed,
    recurrence,
    product_in_place,
    in_a_dict,
    indices_beside_floats,
    nested,
    of_a_range,
    of_a_copy,
    joined,
    of_a_slice,
    a_slice_is_written,
    extended,
    best_so_far,
    counts_stay_whole,
    numbers_made_whole,
    in_a_helper,
    of_a_tuple,
]


@pytest.mark.parametrize("fun", PROGRAMS)
def test_the_same_numbers(fun):
    args = (X, 3) if fun is recurrence else (X,)
    expected = srcgrad.value_and_grad(fun)(*args)
    check_same(srcgrad.value_and_grad(fun, jit=True)(*args), expected, fun.__name__, exact=False)


def test_the_source_shows_floats():
    assert "[0.0] * " in srcgrad.grad(repeated, jit=True).source_for(X)
