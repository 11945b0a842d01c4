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
