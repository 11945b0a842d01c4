"""Numbers that are real, or complex on some paths only, where they meet complex ones: their cotangents are real."""

from __future__ import annotations

import numpy as np

from . import program, rand


@program(lambda: (0.6,))
def magnitude_of_a_magnitude(s):
    return abs(abs(s + 2j) + 1j)


@program(lambda: (rand(3), np.array([2, 0, 1])), tags=("sum", "write"))
def phase_of_a_sum_by_indices(y, order):
    load = sum(y[k] for k in order)
    y[0] = y[1] * load
    return np.angle(load + 2.5j) * abs(abs(load + 1j) + y[0] * 1j)


@program(lambda: (rand(3), np.array(0.7)), (0, 1), tags=("0-d", "view"))
def wave_with_a_number_that_is_an_array(y, s):
    height = np.floor(s * 0.1 + 0.5) + s
    wave, signal = y[::-1].copy(), s
    wave[1] += signal * np.real(np.exp(1j * height) * (signal + 0.5j))
    inside = wave[1:]
    s += np.sum(inside * inside)
    return s * signal * wave[0]


def on_one_path(x, n):
    w = x[0] if n > 4 else x[0] * 1j
    return abs(w * (1 + 2j) + x[1]) ** 2 * x[1]


@program(lambda: (rand(2), 5), tags=("branch",))
def complex_on_the_other_path(x, n):
    return on_one_path(x, n)


@program(lambda: (rand(2), 3), tags=("branch",))
def complex_on_this_path(x, n):
    return on_one_path(x, n)


@program(lambda: (rand(4),), tags=("loop",))
def complex_from_the_second_round_on(x):
    z = x[0]
    for v in x:
        z = z * (v + 0.3j)
    return abs(z) * abs(abs(z) + 1j * x[1])


@program(lambda: (rand(4), rand(4, seed=1)), (0, 1), tags=("spectrum",))
def total_of_magnitudes(x, y):
    total = 0
    for row in (x, y):
        total += np.abs(np.fft.fft(row * total + y))
    return np.sum(total * np.abs(total + 1j))


@program(lambda: (rand(3), 0.4), (0, 1), tags=("list",))
def complex_numbers_in_a_list(x, s):
    zs = []
    for v in x:
        zs.append(v * np.exp(1j * s))
    return abs(sum(zs)) * s + abs(zs[0] * (s + 1j))


@program(lambda: (rand(4).astype(np.float32), rand(2, 3).astype(np.float32)), (0, 1), tags=("float32", "branch"))
def real_part_of_an_unclear_precision(x, m):
    width = np.cos(x.mean() if m[1, -1] <= 0.0 else sum(v * v for v in x))
    mass = m[0]
    mass += np.real(np.exp(1j * m[1, 0]) * (width + 0.5j))
    return np.sum(mass) * width


@program(lambda: (rand(3),), tags=("complex", "in-place"))
def reals_added_to_complex_numbers_that_were_scaled(x):
    z = x * (1 + 1j)
    y = x * x
    z *= x
    z += y
    return np.sum(np.abs(z) ** 2)


@program(lambda: (rand(3), rand(2, seed=1)), argnums=(0, 1), tags=("complex", "in-place"))
def reals_added_to_a_part_of_complex_numbers(x, c):
    z = x * (1 + 1j)
    y = np.sin(c)
    z[1:] *= x[1:]
    z[1:] += y
    z[:2] -= y * x[0]
    z[0] *= 2j
    return np.sum(np.abs(z) ** 2)


@program(lambda: (0.4, 0.3 + 1.2j), (0, 1), tags=("complex",), output="array")
def a_number_shifts_a_complex_one(x, z):
    return x + z, z - x


@program(lambda: (0.4 + 1.2j, 0), tags=("complex",))
def real_parts_of_a_complex_number(z, n):
    total = z.real
    for _ in range(n):
        total = total * z.imag
    return total


@program(lambda: (0.4 + 1.2j, 2.0, 0), (0, 1), tags=("complex", "for"))
def real_parts_that_no_turn_adds(z, x, n):
    total = x * x + z.real
    for _ in range(n):
        total = total + (z * z).real
    return total


@program(lambda: (rand(3),), tags=("dtype",))
def roots_in_a_complex_dtype(x):
    z = np.exp((0.3 - x).astype(complex) ** 0.5)
    r = abs(z)
    w = z * r * x
    return np.sum(np.imag(w) + np.real(w * z))
