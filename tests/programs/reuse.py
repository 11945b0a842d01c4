"""Arrays whose memory the gradient may take for itself when they die, and those that only seem to die."""

from __future__ import annotations

import numpy as np

from . import program, rand, signed


@program(lambda: (signed(4), signed(4, seed=1)), (0, 1), tags=("reuse",))
def dies_in_a_product(a, b):
    y = a * b
    return np.sum(y * y) + np.sum(b)


@program(lambda: (signed(4), signed(4, seed=1)), (0, 1), tags=("reuse",))
def square_of_a_view(a, b):
    y = a * b
    tail = y[1:]
    return np.sum(y * y) + np.sum(tail**3)


@program(lambda: (signed(3, 3), signed(3, 3, seed=1)), (0, 1), tags=("reuse",))
def square_of_a_transpose(a, b):
    y = np.exp(a * b)
    return np.sum(y.T * y * a) + np.sum(np.sin(y))


@program(lambda: (signed(3, 3), signed(3, 3, seed=1)), (0, 1), tags=("reuse",))
def turned_by_einsum(a, b):
    y = a * b
    turned = np.einsum("ij->ji", y)
    return np.sum(y * y) + np.sum(turned @ turned)


@program(lambda: (signed(3, 3), signed(3, 3, seed=1)), (0, 1), tags=("reuse",))
def kept_in_a_list(a, b):
    ys = []
    for k in range(3):
        y = a * b + k
        ys.append(y)
        a = np.sin(y * y)
    return np.sum(ys[0] * ys[2]) + np.sum(a)


@program(lambda: (signed(3, 3),), output="array", tags=("reuse",))
def returned_as_it_is(a):
    y = np.exp(a)
    return y, np.sum(y * y)


@program(lambda: (signed(3, 3),), output="array", tags=("reuse",))
def returned_as_a_view(a):
    y = np.exp(a)
    return y[0], np.sum(y * y * a)


@program(lambda: (signed(4),), tags=("reuse",))
def chosen_by_a_branch(a):
    y = np.exp(a)
    z = y if y[0] > 1.0 else np.sin(a)
    return np.sum(z * z) + np.sum(y * y * y)


@program(lambda: (signed(3, 1), signed(1, 4)), (0, 1), tags=("reuse",))
def too_small_for_the_result(a, b):
    y = np.exp(a)
    z = np.exp(b)
    return np.sum((y * z) ** 2 + y + z)


@program(lambda: (signed(4).astype(np.float32), signed(4, seed=1)), (0, 1), tags=("reuse",))
def too_narrow_for_the_result(a, b):
    y = a * np.float32(2.0)
    return np.sum(y * y * b) + np.sum(b * b)


@program(lambda: (signed(4), 3), tags=("reuse",))
def read_again_by_the_reverse_sweep(a, n):
    y = np.exp(0.1 * a)
    total = 0.0
    for k in range(n):
        total = total + np.sum(np.sin(y * k) * y)
    return total + np.sum(y * y)


@program(lambda: (signed(4),), tags=("reuse",))
def carried_by_a_loop(a):
    y = np.exp(a)
    for _ in range(3):
        y = y * y / np.sum(y)
    return np.sum(y * y)


@program(lambda: (rand(6),), tags=("reuse",))
def temporary_read_twice(a):
    return np.sum(np.sin((a * a) + 1.0) * ((t := a * 2.0) + np.max(t)))


@program(lambda: (signed(5), signed(5, seed=1)), (0, 1), tags=("reuse",))
def seen_by_a_reversed_view(a, b):
    y = a * b
    back = y[::-1]
    z = y * back
    return np.sum(z * z) + np.sum(back)


@program(lambda: (signed(5), signed(5, seed=1)), (0, 1), tags=("reuse",))
def written_before_it_dies(a, b):
    y = a * b
    y[1:3] = np.sin(y[2:4])
    z = y * y
    y[0] = 2.0 * z[0]
    return np.sum(z * y)


@program(lambda: ({"w": signed(3, 3), "b": signed(3)}, signed(4, 3, seed=1)), 0, tags=("reuse",))
def two_layers_with_one_name(p, x):
    h = np.tanh(x @ p["w"] + p["b"])
    h = h * h + x
    return np.sum(h * np.exp(-h))


@program(lambda: (signed(3, 4), signed(4, seed=1)), (0, 1), tags=("reuse", "factors"))
def constants_that_meet(a, b):
    e = b - 0.5 * np.sum(0.25 * (a * a), axis=0)
    return -2.0 * np.sum(4.0 * np.exp(-(0.125 * e)) / 3.0)


@program(lambda: (signed(4, 3),), tags=("reuse", "factors"))
def signs_that_meet(a):
    return -np.sum(np.log1p(np.exp(-a)) * (-2.0 / (1.0 + a * a)) - (-a) / 7.0)


@program(lambda: (1e-160 * rand(3),), tags=("reuse", "factors"))
def factors_that_overflow_together(a):
    return np.sum(1e155 * ((1e155 * (a * 1e10)) * 1e-160))


@program(lambda: (signed(3, 3), signed(3, 3, seed=1)), (0, 1), tags=("factors",))
def signs_that_cancel(a, b):
    return np.sum((-(b - a)) ** 2)
