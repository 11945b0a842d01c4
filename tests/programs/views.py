"""Functions that return a view, their argument or a copy, each with writes through it and behind its back."""

from __future__ import annotations

import functools
import operator

import numpy as np

from programs import program, signed


def square():
    return (signed(3, 3),)


@program(square, tags=("view", "write"))
def flattened_in_column_order(x):
    y = x * 2.0
    v = y.reshape(-1, order="F")
    y[0, 1] = 3.0 * x[2, 2]
    return np.sum(np.sin(v)) + np.sum(y * x)


@program(square, tags=("view", "write"))
def flattened_in_column_order_is_written(x):
    y = x * 2.0
    v = np.ravel(y, "F")
    v[1] = x[0, 2]
    v *= 1.5
    return np.sum(v * np.arange(9)) + np.sum(y**2)


@program(square, tags=("view", "write"))
def columns_of_zeros_in_column_order(x):
    y = np.zeros((3, 3), order="F")
    v = y.reshape(-1)
    w = y.reshape(9, order="F")
    y += x
    v[1] = x[0, 2]
    w[2] *= x[1, 1]
    return np.sum(v * np.arange(9)) + np.sum(y**2) + np.sum(w**2)


@program(square, tags=("view", "write", "loop"))
def flattened_as_it_is_stored(x):
    y = np.asfortranarray(x * 2.0)
    total = 0.0
    for k in range(3):
        v = y.ravel(order="K")
        v[k] += x[k, 1]
        w = y.ravel(order="A")
        w[k + 1] *= 2.0
        u = y[:, ::2].ravel(order="K")
        u[k] = 3.0
        total += np.sum(v * np.arange(9)) + np.sum(u * u)
    return total + np.sum(y * x)


@program(square, tags=("view", "write"))
def axes_swapped_by_einsum(x):
    y = x * 2.0
    v = np.einsum("ij->ji", y)
    y[0, 1] = 3.0 * x[2, 2]
    v[2] *= x[0]
    return np.sum(v * np.arange(9).reshape(3, 3)) + np.sum(y**2)


@program(square, tags=("view",))
def gradients_that_einsum_only_looks_at(x):
    y = x * 1.5
    z = np.einsum("ij->ji", y) * np.einsum("ii->i", x)
    w = np.einsum("ji", x)
    return np.sum(z * z) + np.sum(w * y) + np.sum(np.einsum("ii->i", y * x) ** 2)


@program(square, tags=("view", "write"))
def diagonal_by_einsum_before_a_write(x):
    y = x * 2.0
    y[0] *= 3.0
    v = np.einsum("ii->i", y).copy()
    y[1, 1] = x[0, 0]
    return np.sum(v**2) + np.sum(y * x)


@program(square, tags=("view", "write"), supported=False)
def diagonal_by_einsum_after_a_write(x):
    y = x * 2.0
    v = np.einsum("ii->i", y)
    y[1, 1] = x[0, 0]
    return np.sum(v**2) + np.sum(y * x)


@program(square, tags=("view", "write"))
def several_made_deep_at_once(x):
    y, w = x * 2.0, x + 1.0
    a, b = np.atleast_2d(w, y)
    y[0] = x[1]
    b[2] *= x[0]
    a[1, 1] = 2.0
    return np.sum(a * w) + np.sum(b**2) + np.sum(y * x)


@program(square, tags=("view", "write"))
def converted_without_a_copy(x):
    y = x * 2.0
    a = y.astype(float, copy=False)
    b = np.array(y, copy=None)
    c = y.astype(float)
    y[0] = x[1] ** 2
    a[1] *= 3.0
    b[2, 2] = 5.0
    return np.sum(a**2) + np.sum(b * x) + np.sum(c**2) + np.sum(y)


@program(square, tags=("view", "write"))
def conjugate_of_real_numbers(x):
    y = x * 2.0
    v = y.conj()
    w = np.conj(y)
    y[0] = x[1] ** 2
    v[1] *= 3.0
    return np.sum(v**2) + np.sum(w**2) + np.sum(y * x)


@program(square, tags=("view", "write"))
def not_a_number_in_place(x):
    y = x * 2.0
    v = np.nan_to_num(y, copy=False)
    w = np.nan_to_num(y)
    y[0] = x[1] ** 2
    v[1] *= 3.0
    return np.sum(v**2) + np.sum(w**2) + np.sum(np.nan_to_num(x, copy=False) * y)


@program(square, tags=("view", "write"))
def sum_of_one_array(x):
    y = x * 2.0
    total = sum([y])
    total[0] = 5.0
    other = sum([y, x])
    other *= x
    return np.sum(y * x) + np.sum(total * x) + np.sum(other)


@program(square, tags=("view", "write", "loop"))
def powers_of_a_changing_matrix(x):
    a = x * 1.0
    p = a * 1.0
    for n in range(3):
        a[1] = a[1] * p[0]
        p = p + np.linalg.matrix_power(a, n)
    return np.sum(p)


@program(square, tags=("view", "write"), supported=False)
def first_power_after_a_write(x):
    a = x * 1.0
    p = np.linalg.matrix_power(a, 1)
    a[0] = 2.0
    return np.sum(p * a)


@program(square, tags=("write", "out"))
def results_written_by_position(x):
    y = np.zeros((3, 3))
    r = np.zeros(3)
    np.dot(x, x, y)
    np.sum(y, 0, None, r)
    np.round(r, 9)
    s = np.zeros((3, 3))
    np.outer(r, x[0], s)
    np.multiply(x, 0.5, y)
    return np.sum(y * x) + np.sum(r**2) + np.sum(s * s)


@program(square, tags=("list",))
def lists_joined_by_an_operator(x):
    rows = functools.reduce(operator.add, [[x[0]], [x[1], x[2]]])
    twice = operator.mul([x[0], x[1]], 2)
    return np.sum(np.stack(rows) ** 2) + len(twice) * np.sum(twice[3] * x[0])


@program(square, tags=("view",))
def broadcast_copies_have_elements_of_their_own(x):
    total = np.broadcast_to(x[0], (3, 3)) * 1.0
    y = np.broadcast_to(x[1, 1], (3,))
    for k in range(2):
        total = total + y
        total[k] *= x[k]
        y = total[k]
    return np.sum(total**2)


@program(square, tags=("view", "write", "if"))
def flattened_lines_of_arithmetic(x):
    y = np.sin(x[0]) if x[0, 0] > 9.0 else np.maximum(x[1], x[2])
    z = np.where(y > 0.0, y, x[0])
    v, w = np.ravel(y), z.ravel()
    v[1] *= x[2, 2]
    w += x[1]
    y *= 2.0
    return np.sum(v * w) + np.sum(y * z)


@program(square, tags=("view", "write"))
def a_line_with_gaps_in_another_shape(x):
    y = np.concatenate((x[0], x[1] * 2.0, x[2], x[0, :3])) * 1.5
    every_other = y[::2]
    block = every_other.reshape(2, 3)
    column = y[::-3].reshape(-1, 1)
    block[1] *= x[2]
    column += 0.5
    every_other[0] = x[1, 1] ** 2
    return np.sum(np.sin(block)) + np.sum(y * np.arange(12.0))


@program(square, tags=("view", "write", "loop", "if"))
def flattened_tables_of_unknown_layout(x):
    y = x.T * 2.0 if np.sum(x) > -90.0 else np.outer(x[0], x[1])
    v = np.ravel(y)
    for k in range(3):
        v[2 * k] *= x[k, 1]
        y[k, 0] += v[k] * 0.5
    w = np.sin(y)[1:].reshape(-1)
    w[1] = v[0] * y[0, 0]
    return np.sum(v * v) + np.sum(w) + np.sum(y)


@program(square, tags=("view", "write"))
def copies_of_what_lies_in_columns(x):
    u = np.sin(x.T)
    v = u.ravel()
    u[0] = 0.0
    w = np.outer(x[0], x[1]).T * 0.7
    z = w.reshape(9)
    w *= x[0, 0]
    return np.sum(v**3) + np.sum(z**2) + np.sum(u * w)


@program(lambda: (np.asfortranarray(np.array([[0.2, 0.9, 0.5], [1.3, 0.4, 0.7]])), 0.7), (0, 1), tags=("view", "write"))
def columns_are_flattened_and_written(m, s):
    t = m.T
    v = t.ravel()
    w = m.reshape(6)
    t *= s
    v[1] += s * s
    w[2] *= v[0]
    return np.sum(v**2 * np.arange(6.0)) + np.sum(np.sin(w)) + np.sum(np.ravel(m, order="F") ** 3)


@program(lambda: (np.arange(12.0).reshape(3, 4)[::-1, ::2] * 1.0 + 0.5,), tags=("view", "write", "try"))
def turned_tables_are_flattened_and_written(m):
    u = np.cos(m.T * 0.3)
    try:
        v = u.T.ravel()
        u *= m[0, 0]
    except ValueError:
        v = m[0] * 3.0
    z = u.reshape(-1)
    z[1] = m[1, 1]
    return np.sum(v**3) + np.sum(u**2 * m[2, 1]) + np.sum(z)


@program(lambda: (np.array([[0.2, 0.9, 0.5], [1.3, 0.4, 0.7], [0.3, 0.8, 1.1]]).T,), tags=("view", "write"))
def zeros_that_lie_in_columns_are_added_to(x):
    v = np.zeros_like(x)
    v += x
    q = v.ravel()
    v *= 2.0
    return np.sum(q**2 * np.arange(9.0)) + np.sum(v)
