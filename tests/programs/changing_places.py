"""Indices that are arrays without axes, and are written: where a program was once is not where it is now."""

from __future__ import annotations

import numpy as np

from . import program, signed


@program(lambda: (signed(4),), tags=("index without axes",))
def elements_at_a_place_that_moves(x):
    k = np.array(0)
    y = x.copy()
    y[0] = x[1] * x[2]
    a = y[k] * y[k]
    k += 1
    b = y[k] * y[k]
    k[...] = 3
    c = y[k]
    y[k] = a
    k -= 3
    return a + b * c + y[k] * y[3]


@program(lambda: (signed(4), np.array(0)), tags=("index without axes",))
def element_at_an_argument_that_moves(x, k):
    y = x**2
    a = y[k]
    k += 1
    b = y[k]
    y[k] = a * a
    k -= 1
    return a * b * np.sum(y)


@program(lambda: (signed(5),), tags=("index without axes", "view"))
def views_from_a_place_that_moves(x):
    k = np.array(1)
    y = x**2
    v = y[k:]
    k += 1
    w = y[:k]
    u = y[k : k + 2]
    k[()] = 0
    v *= 2
    w += x[:2]
    u[0] *= x[4]
    y[k] *= 3
    return np.sum(v * v) + np.sum(w * u) + y[k]


@program(lambda: (signed(6), np.array(1)), tags=("index without axes", "view"))
def slices_between_places_that_move(x, k):
    y = x**2
    for _ in range(4):
        y[k : k + 2] *= x[k]
        k += 1
        y[:k] = y[:k] * 2
    return np.sum(y**2)


@program(lambda: (signed(4),), tags=("index without axes", "view"))
def slice_object_over_a_place_that_moves(x):
    k = np.array(1)
    part = slice(k, None)
    y = x**2
    a = y[part]
    k += 1
    b = y[part]
    a *= 2
    b *= x[0]
    return np.sum(a**2) + np.sum(b**3)


@program(lambda: (signed(3, 4),), tags=("index without axes", "copy"))
def row_at_an_index_without_axes_is_a_copy(x):
    k = np.array(1)
    a = x * 2
    row = a[k]
    row *= 3
    column = a[:, k]
    column += 1
    rest = a[k:, :]
    rest *= 2
    a[k] = column[0]
    return np.sum(row * row) + np.sum(a**2) + np.sum(column * rest[0, 0])


@program(lambda: (signed(3, 4), np.array(1)), tags=("index without axes",))
def rows_at_a_place_that_moves(x, k):
    s = 0.0
    for i in range(3):
        v = x[k]
        s += np.sum(v * v) * (i + 1)
        k += 1
        k %= 3
        s += np.sum(x[:k] ** 3)
        s += np.sum(x[..., k]) * np.sum(v)
    return s


@program(lambda: (signed(5),), tags=("index without axes", "view"))
def parts_of_rows_at_a_place_that_moves(x):
    k = np.array(1)
    a = np.outer(x, x)
    v = a[k]
    k += 1
    w = a[:, k]
    k -= 2
    q = a[k, k:]
    k += 4
    v *= 2
    w += x
    q[1:] *= x[k]
    return np.sum(v * v) + np.sum(w * a[k]) + a[k, k] * a[k - 1, 0]


@program(lambda: (signed(3, 4), np.array(1)), tags=("index without axes", "list"))
def items_at_a_place_that_moves(x, k):
    rows = [x[0] * 1, x[1] * 2, x[2] * 3]
    v = rows[k]
    k -= 1
    v *= 2
    w = rows[k]
    w *= x[2]
    k += 2
    rows[k] *= v
    return sum(np.sum(row**2) for row in rows)


@program(lambda: (signed(3, 4), np.array(1)), tags=("index without axes", "list"))
def items_replaced_at_a_place_that_moves(x, k):
    rows = [x[0] * 1, x[1] * 2, x[2] * 3]
    v = rows[k]
    k -= 1
    w = rows[k] * v
    k += 2
    rows[k] = w * 2
    k -= 1
    return sum(np.sum(row**2) for row in rows) + np.sum(rows[k] ** 3)


@program(lambda: (signed(4), np.array(1)), tags=("index without axes", "list"))
def items_put_in_and_taken_out_at_a_place_that_moves(x, k):
    items = [v * 2 for v in x]
    v = items[k]
    k -= 1
    items[k] = v * 3
    rest = items[k:]
    k += 1
    rest[k] = rest[k] * items[k]
    rest.insert(k, v)
    k += 1
    q = rest.pop(k)
    del items[k]
    return sum(a**2 for a in items) + sum(a**3 for a in rest) * q


@program(lambda: (signed(4), np.array(2)), tags=("index without axes", "view"))
def shapes_and_places_that_change(x, k):
    y = x**2
    a = y.reshape(k, -1)
    k += 2
    b = y.reshape(k)
    k -= 2
    c = np.expand_dims(y, k - 1)
    a[0] *= 2
    b[0] += 1
    c[2] *= x[1]
    k -= 2
    return np.sum(a**2) + np.sum(b) + np.sum(c**3)


@program(lambda: (signed(2, 3, 4),), tags=("view",))
def axes_of_views_in_a_list_that_changes(x):
    y = x**2
    axes = [2, 0, 1]
    a = np.transpose(y, axes)
    axes[0], axes[1] = 0, 2
    a *= 2
    b = np.transpose(y, axes)
    axes[1], axes[2] = 1, 2
    b[0] += x[1].T
    pair = np.array([0, 2])
    c = np.moveaxis(y, pair[0], pair[1])
    pair[0] = 1
    d = np.swapaxes(y, *pair)
    pair -= 1
    c *= 1.5
    d[0] = d[1]
    return np.sum(a**2)
