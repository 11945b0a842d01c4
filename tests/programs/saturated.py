"""Functions that level off: quotients by exponentials, whose derivative is taken straight to the exponent."""

from __future__ import annotations

import math

import numpy as np

from . import program, rand, signed


@program(lambda: (signed(3),), tags=("logistic", "write"))
def logistic_of_an_overwritten_exponent(x):
    u = x.copy()
    e = np.exp(u)
    u[:] = 0.5 * x
    z = 1 / (1 + e)
    return np.sum(z * np.arange(1.0, 4.0)) + np.sum(u)


@program(lambda: (signed(3),), tags=("logistic", "write", "for"))
def logistic_that_feeds_its_exponent(x):
    u = x * 1.0
    for k in range(3):
        z = 1 / (1 + np.exp(u))
        u[k] = z[k] * 2.0
    return np.sum(u * u) + np.sum(z)


@program(lambda: (signed(4),), tags=("logistic", "view", "write"))
def logistic_of_a_view(x):
    u = x * 1.0
    v = u[1:]
    z = 1 / (1 + np.exp(v))
    u[2] = 5.0
    z[0] *= 2.0
    return np.sum(z * z) + u[1] * u[2]


@program(lambda: (signed(3), rand(3, 1), 0.7), argnums=(0, 1, 2), tags=("logistic", "broadcast"))
def growth_curves(t, height, rate):
    z = height / (3.0 + np.exp(-rate * t))
    return np.sum(z**2)


@program(lambda: (signed(3),), tags=("logistic",))
def logistic_with_an_offset_that_varies(x):
    return np.sum(x / (2.0 + x[0] + np.exp(x)))


@program(lambda: (signed(3),), tags=("logistic", "while"))
def logistic_of_numbers_in_a_loop(x):
    s = 0.0
    for v in x:
        for _ in range(2):
            s = s + 1 / (2 + math.exp(-v * s))
    return s


@program(lambda: (rand(4).astype(np.float32),), tags=("logistic", "float32", "aliases"))
def logistic_added_to_in_place(x):
    z = 1 / (1 + np.exp(-x))
    y = z
    y += x
    return np.sum(1 / (1 + np.exp(-z)))


@program(lambda: (signed(3),), tags=("saturation",))
def exponentials_used_more_than_once(x):
    e = np.exp(x)
    y = 1 + e
    return np.sum(1 / y + np.log(y) + np.tanh(e) + np.exp(-e) + 1 / np.cosh(x) ** 2)


@program(lambda: (signed(5),), tags=("max", "min", "write"))
def built_in_extremes_of_arrays(x):
    y = x.copy()
    y[0] = max(x) * min(y)
    largest = max(y)
    y[:] = 0.0
    return largest * min(x[1:]) + np.sum(y)


@program(lambda: (signed(2, 3),), tags=("clip",))
def limits_of_the_clip_method(x):
    return np.sum(x.clip(-0.5) * x.clip(max=0.5)) + np.sum(x.clip(-0.1, 0.9) ** 2)


@program(lambda: (signed(6), 0.5, 0.8), argnums=(0, 1, 2), tags=("clip", "poles"))
def roots_between_limits(v, low, high):
    shares = np.clip(v, 0.0, high) ** 0.5
    return np.sum(shares * np.arange(6.0)) + np.sum(np.sqrt(np.clip(np.abs(v), low, high)))


@program(lambda: (signed(2, 3), 0.5, rand(3, low=0.7)), argnums=(0, 1, 2), tags=("clip", "keywords"))
def limits_by_their_names(x, low, high):
    total = np.sum(np.clip(x, min=-low, max=high) * x) + np.sum(np.clip(x, a_min=-low, a_max=high) ** 2)
    return total * np.sum(np.clip(x, max=low)) + np.sum(np.clip(x, -low, a_max=None))


@program(lambda: (signed(3), 0.7), argnums=(0, 1), tags=("logistic",))
def shares_of_what_is_added(x, s):
    kept = 2 / (2 + math.exp(s)) + 3.0 / (math.exp(s) + 2.0)
    return np.sum(0.5 / (np.exp(2 * x) + 0.5)) + np.sum(2 / (2.0 + np.exp(x))) * kept


@program(lambda: (np.array([0.8, 1.2]), 2.0), argnums=(0, 1), tags=("branch", "poles"))
def surface_tension(ratios, a):
    total = 0.0
    for ratio in ratios:
        tau = 1.0 - float(ratio) if ratio < 1.0 else 0.0
        total += a * tau**0.35
    return total


@program(lambda: (0.8, 2.0, 1.2), argnums=(0, 1, 2), tags=("branch", "poles"))
def surface_tensions_of_numbers(ratio, a, other):
    tau = 1.0 - ratio if ratio < 1.0 else 0.0
    gone = 1.0 - other if other < 1.0 else 0.0
    return a * tau**0.35 + a * gone**0.35 * other
