"""Lists of arrays that are used whole, and changed, or whose arrays are written, before or afterwards."""

from __future__ import annotations

import numpy as np

from . import program, rand


@program(lambda: (rand(2, 3),), tags=("list", "alias"))
def list_of_rows_grows_after_it_was_stacked(m):
    a = m * 1.0
    saved = []
    for i in range(len(m)):
        saved.append(a[i])
        a[i, 0] *= 2
    total = np.sum(np.stack(saved) ** 3)
    for i in range(len(m)):
        a[i] *= 1.5
        saved.append(a[i])
    return total + np.sum(np.stack(saved) ** 2)


@program(lambda: (rand(2, 3),), tags=("list", "alias", "loop"))
def list_of_rows_is_stacked_as_it_grows(m):
    a = m * 1.0
    saved = []
    total = 0.0
    for i in range(len(m)):
        saved.append(a[i])
        a[i, 0] *= 2
        total += np.sum(np.array(saved) ** 3)
    return total


@program(lambda: (rand(2, 3),), tags=("list", "alias"))
def list_of_rows_shrinks_after_it_was_joined(m):
    a = m * 1.0
    saved = []
    for i in range(len(m)):
        saved.append(a[i])
        a[i, 0] *= 2
    t = np.concatenate(saved)
    saved.pop()
    a[1] *= t[:3]
    return np.sum(t**2) + np.sum(np.array(saved) ** 3)


@program(lambda: (rand(2, 3),), tags=("list", "alias"))
def mean_and_product_of_rows_that_go_on(m):
    a = m * 1.0
    saved = []
    for i in range(len(m)):
        saved.append(a[i])
        a[i, 0] *= 2
    s = np.mean(saved, axis=0)
    a[0] *= s
    t = np.einsum("ij,kj->ik", saved, saved)
    saved.append(a[1])
    return np.sum(s) * np.sum(t**2)


@program(lambda: (rand(2, 3),), tags=("list", "linalg"))
def factors_of_a_product_are_written_afterwards(m):
    mats = []
    b = np.outer(m[0], m[1])
    for _ in range(len(m)):
        mats.append(b)
        b = b * m[0, 0]
    t = np.linalg.multi_dot(mats)
    mats[0][0] *= 3
    mats[1] += 1.0
    return np.sum(t) + np.sum(b) + np.sum(mats[0] * mats[1])


@program(lambda: (rand(2, 3),), tags=("list", "alias", "nested"))
def lists_of_rows_in_a_list(m):
    a = m * 1.0
    rows = []
    for i in range(len(m)):
        rows.append([a[i], a[i - 1]])
        a[i] *= 2.0
    total = np.sum(np.array(rows) ** 3)
    rows.append([a[0], a[0]])
    a[1, 0] = 4.0
    return total + np.sum(np.array(rows) ** 2)


@program(lambda: (rand(2, 3),), tags=("list", "alias", "nested"))
def one_list_many_times_in_a_list(m):
    a = m * 1.0
    saved = []
    for i in range(len(m)):
        saved.append(a[i])
    t = np.stack(saved) ** 2
    saved[0][:] = m[1]
    saved[1] *= 2
    a[0, 0] = 3.0
    u = np.array(saved) * t
    a *= u
    rows = []
    for _ in range(len(m)):
        rows.append(saved)
    return np.sum(u) + np.sum(a * t) + np.sum(np.array(rows) ** 2)


@program(lambda: (rand(2, 3),), tags=("list", "alias", "loop"))
def window_of_arrays_that_are_written(m):
    a = m * 1.0
    window = []
    total = 0.0
    for i in range(3):
        window.append(a)
        b = np.stack(window)
        a = a * 1.1
        a[0] *= b[0, 0]
        total += np.sum(b**2)
        if i == 1:
            window.pop(0)
    return total


@program(lambda: (rand(2, 3), 0.8), argnums=(0, 1), tags=("alias", "list", "loop"))
def views_saved_in_a_loop_and_stacked(m, s):
    a = m * s
    total = 0.0
    for k in range(2):
        saved = []
        for i in range(3):
            saved.append(a[k])
            a[k, i] = a[k, i - 1] * a[1 - k, i]
        total += np.sum(np.stack(saved) ** 2 * s) + np.sum(np.sin(np.array(saved)[0]))
    return total
