"""What the turn that leaves a loop leaves behind, and no turn hands to another: results, finds, last states."""

from __future__ import annotations

import numpy as np

from programs import program, rand
from srcgrad import grad, jvp


@program(lambda: (rand(3), 0.4))
def returned_from_an_endless_loop(x, c):
    def halved(y):
        while True:
            y = y - c * y * y
            if np.sum(y * y) < 0.3:
                return y

    return np.sum(halved(x) ** 3)


@program(lambda: (rand(4), 0.4), argnums=(0, 1))
def returned_from_two_places_of_a_loop(x, c):
    def settled(y):
        k = 0
        while True:
            if k == 10:
                return y * c
            z = y - 0.1 * c * y**3
            if np.max(np.abs(z - y)) < 1e-3:
                return z
            if k % 3 == 1:
                y, k = z * x, k + 1
                continue
            y, k = z, k + 1

    return np.sum(settled(x) * x)


@program(lambda: (rand(5),))
def found_before_a_break(x):
    found = None
    for k in range(len(x)):
        y = np.sin(x) * x[k]
        if k == 3:
            found = y * x
            break
    return np.sum(found * x)


@program(lambda: (rand(5),))
def found_or_what_it_was_before(x):
    found = x * x
    for v in x:
        if v > 2.0:
            found = x * v
            break
    return np.sum(found * x)


@program(lambda: (rand(5),))
def found_in_place_of_what_it_was_before(x):
    found = x * x
    for v in x:
        if v < 0.9:
            found = found * v
            break
    return np.sum(found * x)


@program(lambda: (rand(5),))
def found_in_place_of_a_constant(x):
    found, place = np.zeros(5), -1.0
    for k, v in enumerate(x):
        if v < 0.9:
            found, place = x * v, v * k
            break
    found += x
    return np.sum(found * found) + place


@program(lambda: (rand(5),))
def found_nothing(x):
    found, total = 0.0, 0.0
    for v in x:
        if v > 5.0:
            found = v * v
            break
        total += v * v
    else:
        total *= x[0]
    return found + total


@program(lambda: (rand(5),))
def found_is_written_behind_the_loop(x):
    result = None
    y = x
    while True:
        y = y * 0.7
        if y[0] < 0.2:
            result = y
            break
    result[1:] *= x[:-1]
    result += y * x
    return np.sum(result**2)


@program(lambda: (rand(3, 3),))
def returned_from_the_inner_of_two_loops(x):
    def first(rows):
        total = 0.0
        for row in rows:
            for v in row:
                total += v * v
                if total > 1.0:
                    return row * v, total
        return rows[0], total

    row, total = first(x)
    return np.sum(row**2) * total


@program(lambda: (rand(4), 0.3), argnums=(0, 1))
def descent_that_is_returned_by_a_descent(x, c):
    def descended(f, p):
        slope = grad(f)
        for _ in range(50):
            step = slope(p)
            if np.sum(step * step) < 0.05:
                return p
            p = p - 0.2 * step
        return p

    def least(p):
        q = descended(lambda q: np.sum((q - p * c) ** 2), x)
        return np.sum((p - 0.5) ** 2) + np.sum(p * q)

    return np.sum(descended(least, x) * x)


@program(lambda: (0.8,))
def forward_descent_in_a_descent(c):
    def slope(f, p):
        return jvp(f, (p,), (1.0,))[1]

    def descended(f, p):
        while True:
            step = slope(f, p)
            if abs(step) < 0.05:
                return p
            p = p - 0.2 * step

    def least(p):
        q = descended(lambda q: (q - p * c) ** 2, 1.0)
        return (p - 0.5) ** 2 + 0.1 * p * q

    return descended(least, 1.0) * c


@program(lambda: (rand(3),))
def flag_and_value_left_together(x):
    done = False
    while not done:
        x = x * 0.8
        if np.sum(x) < 0.5:
            y, done = x * x, True
    return np.sum(y * x)


@program(lambda: (rand(4),))
def found_is_read_in_the_loop(x):
    found = None
    total = 0.0
    for k in range(4):
        if found is not None:
            total += found
        if x[k] * (k + 1) > 1.0:
            found = x[k] ** 2
            if k > 2:
                break
        total += x[k] * 0.5
    return total if found is None else total * found
