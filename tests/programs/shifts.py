"""Shifts and scales that cancel, and those that only seem to."""

from __future__ import annotations

import math

import numpy as np

from . import program, rand, signed

SQUARE = lambda: (signed(4, 4),)  # noqa: E731
TABLE = lambda: (signed(3, 4),)  # noqa: E731
VECTOR = lambda: (signed(5),)  # noqa: E731

# ---- they cancel ----


@program(TABLE, tags=("shift",))
def shift_kept(a):
    m = np.max(a, axis=1, keepdims=True)
    return np.sum(np.cos(np.log(np.sum(np.exp(a - m), axis=1, keepdims=True)) + m))


@program(TABLE, tags=("shift",))
def shift_expanded(a):
    m = a.max(axis=0)
    total = np.exp(a - m[None, :]).sum(axis=0)
    return np.sum((np.log(total) + m) ** 2)


@program(TABLE, tags=("shift",))
def shift_squeezed(a):
    m = np.max(a, axis=-1, keepdims=True)
    m = np.where(np.isfinite(m), m, 0.0)
    return np.prod(np.squeeze(m, axis=-1) + np.log(np.sum(np.exp(a - m), axis=-1)))


@program(TABLE, tags=("shift",))
def shift_reshaped(a):
    m = np.max(a, axis=1)
    e = np.exp(a - m.reshape(-1, 1))
    return np.sum(np.sin(e / np.sum(e, axis=1)[:, np.newaxis]))


@program(TABLE, tags=("shift",))
def shift_of_softmax_transposed(a):
    m = np.max(a, axis=1)
    e = np.exp(a.T - m)
    return np.sum((e / e.sum(axis=0)) ** 2)


@program(VECTOR, tags=("shift",))
def shift_by_number(a):
    m = np.max(a)
    e = np.exp(a - m)
    p = e / np.sum(e)
    return np.sum(p * a) + np.log(np.sum(e)) + m


@program(lambda: (0.7, 1.9), (0, 1), tags=("shift",))
def shift_of_two_numbers(a, b):
    m = max(a, b)
    return (m + math.log(math.exp(a - m) + math.exp(b - m))) ** 2


@program(lambda: (np.array([2.0, 2.0, 1.0, 2.0]),), tags=("shift",))
def shift_with_ties(a):
    m = np.max(a)
    return (np.log(np.sum(np.exp(a - m))) + m) * a[0]


@program(lambda: (signed(3, 4), np.array([[1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 1.0]])))
def shift_masked_by_factor(a, mask):
    m = np.max(a, axis=1, keepdims=True)
    e = mask * np.exp(a - m)
    return np.sum(np.sin(e / np.sum(e, axis=1, keepdims=True)) * a)


@program(lambda: (signed(3, 4), np.arange(12).reshape(3, 4) % 3 > 0))
def shift_masked_by_where(a, keep):
    m = np.max(np.where(keep, a, -np.inf), axis=1, keepdims=True)
    e = np.where(keep, np.exp(a - m), 0.0)
    return np.sum(np.log(np.sum(e, axis=1)) + m[:, 0])


@program(lambda: (signed(2, 3), np.array([[-np.inf, 0.0, 0.7], [-0.7, -np.inf, -1.6]])), tags=("shift",))
def shift_with_minus_infinity(a, bias):
    a = a + bias
    m = np.max(a, axis=1, keepdims=True)
    e = np.exp(a - m)
    return np.sum((e / np.sum(e, axis=1, keepdims=True))[:, 1] ** 2) + np.sum(np.log(np.sum(e, axis=1)))


@program(lambda: (signed(3, 4).astype(np.float32),))
def shift_in_single_precision(a):
    m = np.max(a, axis=1, keepdims=True)
    return np.sum(np.log(np.sum(np.exp(a - m), axis=1, keepdims=True)) + m) ** 2


@program(lambda: (signed(4), np.array(0.3)), (0, 1))
def shift_from_outside(a, m):
    return np.sum(a) * (np.log(np.sum(np.exp(a - m))) + m) + np.sum(m * m)


@program(lambda: (signed(4), np.array(0.3)), (0, 1))
def shift_is_an_argument(a, m):
    return np.sum(a) * (np.log(np.sum(np.exp(a - m))) + m)


@program(lambda: (signed(4), 0.6), (0, 1), tags=("shift",))
def shift_at_a_temperature(a, t):
    m = np.max(a)
    return t * np.log(np.mean(np.exp((a - m) / t))) + m


@program(lambda: (signed(2, 3, 4), rand(2, 3, seed=1)), (0, 1), tags=("shift",))
def shift_of_mixture(a, w):
    z = a + np.log(w)[:, :, None]
    m = np.max(z, axis=1)
    return np.sum((m + np.log(np.sum(np.exp(z - m[:, None, :]), axis=1))) * np.arange(8.0).reshape(2, 4))


@program(lambda: (signed(4, 3), signed(5, 3, seed=1), signed(5, 2, seed=2)), (0, 1, 2))
def shift_in_late_normalised_attention(q, k, v):
    s = q @ k.T
    e = np.exp(s - np.max(s, axis=1, keepdims=True))
    return np.sum(((e @ v) / np.sum(e, axis=1, keepdims=True)) ** 2)


@program(lambda: (signed(6, 4), np.array([0, 3, 1, 1, 2, 0])))
def shift_in_cross_entropy(z, label):
    z = z - np.max(z, axis=1, keepdims=True)
    log_prob = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(log_prob[np.arange(len(label)), label])


@program(lambda: (signed(4), 2))
def shift_of_one_sample(z, label):
    z = z - z.max()
    return z[label] - np.log(np.exp(z).sum())


@program(lambda: (signed(3, 5),))
def shift_in_a_loop(a):
    total = 0.0
    for row in a:
        m = np.max(row)
        total = total + np.sin(np.log(np.sum(np.exp(row - m))) + m)
    return total


@program(VECTOR, tags=("scale",))
def scale_of_norm(x):
    s = np.max(np.abs(x))
    return s * np.sqrt(np.sum((x / s) ** 2)) * x[0]


@program(VECTOR, tags=("scale",))
def scale_of_direction(x):
    u = x / np.max(np.abs(x))
    u = u / np.linalg.norm(u)
    return np.sum(u**3)


@program(lambda: (signed(3, 4), signed(3, 4, seed=1)), (0, 1), tags=("scale",))
def scale_of_cosine(x, y):
    x = x / np.sum(np.abs(x), axis=1, keepdims=True)
    y = y / np.sum(np.abs(y), axis=1, keepdims=True)
    dots = np.sum(x * y, axis=1)
    return np.sum(np.sin(dots / (np.sqrt(np.sum(x * x, axis=1)) * np.sqrt(np.sum(y * y, axis=1)))))


# ---- they do not ----


@program(TABLE, tags=("shift",))
def shift_read_elsewhere(a):
    m = np.max(a, axis=1, keepdims=True)
    return np.sum(np.log(np.sum(np.exp(a - m), axis=1, keepdims=True)) + m) + np.sum(m**2)


@program(TABLE, tags=("shift",))
def shift_forgotten(a):
    m = np.max(a, axis=1, keepdims=True)
    return np.sum(np.log(np.sum(np.exp(a - m), axis=1, keepdims=True)))


@program(SQUARE, tags=("shift",))
def shift_along_the_other_axis(a):
    m = np.max(a, axis=1)
    return np.sum(np.log(np.sum(np.exp(a - m[:, None]), axis=0)) + m)


@program(SQUARE, tags=("shift",))
def shift_added_across(a):
    m = np.max(a, axis=1, keepdims=True)
    return np.sum((np.log(np.sum(np.exp(a - m), axis=1)) + m) * np.arange(16.0).reshape(4, 4))


@program(SQUARE, tags=("shift",))
def shift_turned(a):
    m = np.max(a, axis=1, keepdims=True)
    e = np.exp(a - m) + np.exp(a - m.T)
    return np.sum(e / np.sum(e, axis=1, keepdims=True) * a)


@program(TABLE, tags=("shift",))
def shift_summed_over_its_own_axis(a):
    e = np.exp(a - np.max(a, axis=1, keepdims=True))
    return np.sum(e / np.sum(e) * a)


@program(TABLE, tags=("shift",))
def shift_added_twice(a):
    m = np.max(a, axis=1)
    return np.sum(2 * m + np.log(np.sum(np.exp(a - m[:, None]), axis=1)))


@program(TABLE, tags=("shift",))
def shift_of_two_kinds(a):
    high, low = np.max(a, axis=1, keepdims=True), np.min(a, axis=1, keepdims=True)
    return np.sum(np.log(np.sum(np.exp(a - high), axis=1, keepdims=True)) + low)


@program(TABLE, tags=("shift",))
def shift_with_floor(a):
    e = np.exp(a - np.max(a, axis=1, keepdims=True))
    return np.sum((e / (1e-1 + np.sum(e, axis=1, keepdims=True))) ** 2)


@program(TABLE, tags=("shift",))
def shift_clipped(a):
    e = np.maximum(np.exp(a - np.max(a, axis=1, keepdims=True)), 0.3)
    return np.sum((e / np.sum(e, axis=1, keepdims=True)) ** 2)


@program(TABLE, tags=("shift",))
def shift_summed_without_exponential(a):
    m = np.max(a, axis=1)
    return np.sum((np.sum(a - m[:, None], axis=1) + m) ** 2)


@program(TABLE, tags=("shift",))
def shift_returned_by_a_branch(a):
    m = np.max(a)
    shifted = a - m if m > 0.5 else a
    return np.log(np.sum(np.exp(shifted))) + m


@program(lambda: (signed(4), 3))
def shift_carried_by_a_loop(a, n):
    m = np.max(a)
    total = np.sum(np.exp(a - m))
    for _ in range(n):
        total = total * 1.5 + np.exp(-m)
    return np.log(total) + m


@program(TABLE, tags=("shift",))
def shift_written(a):
    m = np.max(a, axis=1, keepdims=True)
    e = np.exp(a - m)
    m[0] = 2 * m[0]
    return np.sum(np.log(np.sum(e, axis=1, keepdims=True)) + m)


@program(TABLE, tags=("shift",))
def shift_subtracted_in_place(a):
    z = a.copy()
    m = np.max(a, axis=1, keepdims=True)
    z -= m
    return np.sum((np.log(np.sum(np.exp(z), axis=1, keepdims=True)) + m) ** 2)


@program(lambda: (signed(4), 0.6, 0.8), (0, 1, 2), tags=("shift",))
def shift_at_two_temperatures(a, t, r):
    m = np.max(a)
    return t * np.log(np.mean(np.exp((a - m) / r))) + m


@program(VECTOR, output="array", tags=("shift",))
def shift_returned_too(a):
    m = np.max(a)
    return np.log(np.sum(np.exp(a - m))) + m, m


@program(VECTOR, tags=("scale",))
def scale_of_another_degree(x):
    s = np.max(np.abs(x))
    return s * np.sum((x / s) ** 2)


@program(VECTOR, tags=("scale",))
def scale_in_a_sum(x):
    s = np.max(np.abs(x))
    return np.sum((x / s + 1.0) * s)


@program(lambda: (rand(4),), tags=("scale",))
def scale_of_exponential(x):
    s = np.max(x)
    return np.sum(np.exp(x / s)) * s


@program(lambda: (signed(4, 3), np.array([0.5, -0.2, 1.0])), (0, 1), tags=("shift",))
def shift_by_a_row_of_one(a, b):
    m = np.max(a, axis=0, keepdims=True)
    return np.sum(np.sum(np.exp(a - m), axis=1) / np.sum(np.exp(b - m), axis=1))


@program(lambda: (signed(1, 4), signed(3, 4, seed=1)), (0, 1), tags=("shift",))
def shift_of_length_one(a, b):
    m = np.max(a, axis=1, keepdims=True)
    e = np.exp(b - m)
    return np.sum((e / np.sum(e, axis=0)) ** 2) + np.sum(np.log(np.sum(np.exp(a - m), axis=0)) + m)


@program(lambda: (signed(5),), tags=("shift",))
def negated_shift_is_taken_off_twice(x):
    m = np.max(x)
    return np.log(np.sum(np.exp(x + (-m)))) - m


@program(lambda: (signed(5),), tags=("shift",))
def shift_of_the_other_name(x):
    m = -np.amax(x)
    return (np.log(np.sum(np.exp(x + m))) - m) ** 2


@program(lambda: (signed(3), -0.7), argnums=(0, 1), tags=("scale",))
def scale_that_is_an_argument(x, s):
    return np.max(x * s) / s + np.sum(np.log((x * s) ** 2) - np.log(s * s))


@program(lambda: (signed(4), 0.4), argnums=(0, 1), tags=("scale", "loop"))
def scale_that_a_loop_ends_with(x, s):
    m, t, k = s, 1.0, 0
    while k < 3:
        m = m * x[k] + s
        t *= m
        k += 1
    return np.max(x * m) / m + np.sum(np.log((x * m) ** 2) - np.log(m * m)) + t
