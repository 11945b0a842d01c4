"""Arrays without axes beside numbers: the cotangent of a number must be a number, never memory that is added to."""

from __future__ import annotations

import numpy as np

from programs import program, rand

FEW = rand(3) + 0.2


def settled(x):
    u = x[1] * 1.0
    w = x[2] * x[1]
    v = u
    for _ in range(2):
        v = v + 0.5 * np.sin(v)
    return v, w


@program(lambda: (FEW, np.array(0.7)), argnums=(0, 1), tags=("0-d", "kinds", "write"))
def sum_is_added_to_a_number_or_its_argument(x, s):
    q = s if x[0] < 9 else 0
    v, w = settled(x)
    q += v + w
    return s * q + np.sum(x)


@program(lambda: (FEW, np.array(0.7)), argnums=(0, 1), tags=("0-d", "kinds", "mask"))
def sum_is_chosen_without_axes(x, s):
    q = s if x[0] < 9 else 0
    v, w = settled(x)
    q = np.where(q > -9, q + v + w, q)
    return s * q + np.sum(q**2)


@program(lambda: (FEW, np.array(0.7)), argnums=(0, 1), tags=("0-d", "kinds", "write"))
def sum_as_an_array_or_a_number_is_added(x, s):
    q = s if x[0] < 9 else 0
    v, w = settled(x)
    p = np.asarray(v + w) if x[1] < 9 else 1.0
    q += p
    return s * q + np.sum(q**2)


@program(lambda: (FEW, np.array(0.7)), argnums=(0, 1), tags=("0-d", "kinds", "view"))
def view_of_a_number_or_its_argument_is_written(x, s):
    q = s if x[0] < 9 else 0
    v, w = settled(x)
    view = np.asarray(q)
    view += v + w
    return s * q + np.sum(q**2)


@program(lambda: (FEW, np.array(0.7), FEW * 2), argnums=(0, 1, 2), tags=("0-d", "kinds", "alias"))
def array_of_a_sum_takes_another(x, s, r):
    q = s if x[0] < 9 else r
    v, w = settled(x)
    p = np.array(v + w) if x[1] < 9 else 1.0
    p += q
    return np.sum(s * p) + np.sum(p**2)


@program(lambda: (FEW, np.array(0.7)), argnums=(0, 1), tags=("0-d", "kinds", "view"))
def number_of_an_array_without_axes_is_read(x, s):
    v, w = settled(x)
    p = np.asarray(v + w) if x[1] < 9 else 1.0
    q = s + p
    q = q + p[()]
    return s * q + np.sum(q**2)


@program(lambda: (rand(2, 3),), tags=("kinds", "loop"))
def total_from_zero_is_flattened(m):
    total = 0
    for row in m:
        total += row
    r = 1.09
    r += np.ravel(total)
    return np.sum(r**2)


@program(lambda: (rand(3),), tags=("kinds", "zero"))
def types_called_without_an_argument(x):
    total = np.float64()
    y = x * 1.0
    y[0] += total
    total += np.sum(y * y)
    return total + y[np.int64()]


@program(lambda: (rand(5), 0.7), argnums=(0, 1), tags=("0-d", "view", "write"))
def element_made_an_array_before_all_are_scaled(x, s):
    gain = np.atleast_1d(x[0])
    first = gain[0]
    x /= 1.3 + s
    return np.sum(x * x) * first


@program(lambda: (rand(5), 0.7), argnums=(0, 1), tags=("0-d", "view", "write"))
def element_with_an_axis_has_none_again(x, s):
    z = x * 1.0
    v = np.expand_dims(z[1], 0)
    w = v[0]
    w *= s
    return np.sum(z * z) * np.sum(v**2)


@program(lambda: (rand(4),), tags=("0-d", "view", "write"))
def number_reshaped_to_no_axes_is_updated(x):
    v = np.reshape(x[0], ())
    before = v
    v += x[1]
    total = np.sum(x * x).reshape(())
    whole = total
    total *= x[2]
    return before * v + whole * total
