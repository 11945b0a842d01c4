"""Cotangents of arrays that are subtracted, and whose shadow has changed by the time they are summed."""

import numpy as np

from . import program, rand

_STEPS = np.array([1.0, 2.0, 3.0])


@program(lambda: (rand(3),), tags=("in-place", "broadcast"))
def shifted_steps_subtracted_from_what_was_scaled(x):
    z = x.copy()
    y = x[0] + _STEPS
    z *= x
    z -= y
    return np.sum(z * z)


@program(lambda: (rand(3),), tags=("in-place", "broadcast"))
def shifted_steps_subtracted_after_one_element_changed(x):
    z = x.copy()
    y = x[0] * 2.0 + _STEPS
    z[0] = z[0] * z[1] * 2.0
    z -= y
    return np.sum(z * z)


@program(lambda: (rand(3),), tags=("in-place", "broadcast"))
def row_subtracted_from_all_rows(x):
    z = np.outer(x, x)
    y = x + np.ones((3, 3))
    z[0] = z[0] * z[1] * 2.0
    z -= y
    return np.sum(z * z)


@program(lambda: (rand(3), rand(1, seed=1)), argnums=(0, 1), tags=("in-place", "broadcast"))
def column_subtracted_from_a_matrix(x, c):
    z = np.outer(x, x)
    y = c[:, None] - np.ones((3, 3))
    z[:, 1] *= z[:, 0]
    z -= y
    return np.sum(z * z)


@program(lambda: (rand(3),), tags=("in-place", "broadcast", "loops"))
def number_subtracted_from_a_matrix_in_a_loop(x):
    z = np.outer(x, x)
    s = 0.0
    for k in range(2):
        y = x[k] - np.ones((3, 3))
        z[0] *= z[1] * 2.0
        z[:] -= y
        s += z[0, 1]
    return np.sum(z * z) + s


@program(lambda: (rand(3),), tags=("in-place", "broadcast", "loops"))
def shifted_steps_subtracted_in_a_loop(x):
    z = np.zeros(3)
    for k in range(3):
        y = x[k] + _STEPS
        z *= x
        z -= y
    return np.sum(z * z)


@program(lambda: (rand(3), 2.7), argnums=(0, 1), tags=("in-place", "slices"))
def element_subtracted_while_the_rest_changes(x, y):
    w = x[1:].copy()
    w[0] = w[0] * w[1] * 2.0
    p = x[0] * y
    s = np.sum(w * w)
    return s - p


@program(lambda: (rand(3),), tags=("in-place", "broadcast"))
def reshaped_broadcast_of_what_is_written_before_and_after(x):
    y = x * 1.0
    y[0] = x[1] * 2.0
    rows = np.broadcast_to(y, (2, 3))
    s = np.sum(rows.reshape(6) * np.arange(6.0))
    y[1] = 5.0
    return s + np.sum(y * x)


@program(lambda: (rand(3),), tags=("in-place", "views"), output="array")
def transposed_by_einsum_after_the_last_write(x):
    y = np.outer(x, x)
    y[0] *= 2.0
    return np.einsum("ij->ji", y)


@program(lambda: (rand(4), rand(4, seed=1)), argnums=(0, 1), tags=("sum",))
def parts_of_a_sum_have_other_uses(a, b):
    x, y = np.sin(a), np.cos(b)
    scaled = x * b
    both = x + y
    return np.sum(both * scaled) + np.sum(np.sin(both))
