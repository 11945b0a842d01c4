"""What loops leave on tapes: values that are computed again, from copies too, or handed on from turn to turn."""

from __future__ import annotations

import math

import numpy as np

from . import program, rand, signed


def numbers() -> tuple[np.ndarray]:
    return (rand(5, seed=7),)


def pairs() -> tuple[np.ndarray, np.ndarray, int]:
    return rand(4, 2, seed=1) * 3.0, signed(4, 2, seed=2), 3


@program(pairs, argnums=(0, 1), tags=("kernel",))
def forces_between_all_pairs(pos: np.ndarray, vel: np.ndarray, steps: int) -> float:
    n = len(pos)
    p, v = pos.copy(), vel.copy()
    for _ in range(steps):
        acc = np.zeros((n, 2))
        for i in range(n):
            for j in range(n):
                if i != j:
                    dx = p[j, 0] - p[i, 0]
                    dy = p[j, 1] - p[i, 1]
                    r2 = dx * dx + dy * dy + 0.5
                    f = 1.0 / (r2 * math.sqrt(r2))
                    acc[i, 0] += f * dx
                    acc[i, 1] += f * dy
        for i in range(n):
            for k in range(2):
                v[i, k] += 0.1 * acc[i, k]
                p[i, k] += 0.1 * v[i, k]
    return np.sum(p * p)


@program(pairs, argnums=(0, 1))
def rows_of_what_moves(pos: np.ndarray, vel: np.ndarray, steps: int) -> float:
    p, v = pos.copy(), vel.copy()
    energy = 0.0
    for _ in range(steps):
        for i in range(len(p)):
            for j in range(i):
                d = p[j] - p[i]
                energy += np.sin(d[0] * d[1]) + d @ d
        p += 0.1 * v
        v[1:] -= 0.2 * p[:-1]
    return energy


@program(lambda: (rand(6, seed=3), 0.3), argnums=(0, 1))
def written_between_two_nests(x: np.ndarray, k: float) -> float:
    y = x * 1.0
    view = y[1:]
    total = 0.0
    for _ in range(3):
        for i in range(5):
            total += math.sin(k * y[i]) * y[i + 1]
        view *= 1.0 + k
        for i in range(len(view)):
            total += math.exp(-view[i]) * k * view[i]
        y[0] = total * 0.1
    return total


@program(lambda: (rand(5, seed=4), 0.4), argnums=(0, 1))
def read_and_written_in_one_nest(x: np.ndarray, k: float) -> float:
    y = x * 1.0
    total = 0.0
    for _ in range(2):
        for i in range(1, 5):
            total += math.sin(k * y[i - 1]) * math.cos(y[i])
            y[i] = y[i] * y[i - 1] + k
        for i in range(4):
            total += y[i] * y[i] * y[i + 1]
    return total


@program(lambda: (rand(4, seed=5), rand(4, seed=6)), argnums=(0, 1))
def nests_over_swapped_buffers(a: np.ndarray, b: np.ndarray) -> float:
    u, v = a.copy(), b.copy()
    total = 0.0
    for _ in range(3):
        for i in range(1, 3):
            v[i] = math.sin(u[i - 1]) * u[i + 1] + v[i] * u[i]
            total += v[i] * u[i]
        u, v = v, u
    return total + np.sum(u * u)


@program(lambda: (rand(4, seed=5),))
def swapped_where_a_condition_holds(a: np.ndarray) -> float:
    u, v = a.copy(), np.ones(4)
    for k in range(4):
        for i in range(4):
            v[i] = u[i] * u[i] * 0.5 + 0.1 * v[i]
        if k % 2 == 0:
            u, v = v, u
    return np.sum(u * v)


@program(lambda: (rand(4, seed=8),))
def three_buffers_in_turn(a: np.ndarray) -> float:
    u, v, w = a.copy(), a * 2.0, np.zeros(4)
    for _ in range(4):
        for i in range(4):
            w[i] = u[i] * v[i] + 0.1
        u, v, w = v, w, u
    return np.sum(u) + np.sum(v * w)


@program(lambda: (1.1, 7))
def next_value_read_in_the_same_turn(a: float, n: int) -> float:
    x, total = 0.5, 0.0
    for _ in range(n):
        x = math.sin(a * x) + 0.25 * x * x
        total += x * x
    return total


@program(lambda: (1.1, 4))
def next_value_in_an_inner_loop(a: float, n: int) -> float:
    total = 0.0
    for k in range(n):
        x = 0.5 + 0.1 * k * a
        for _ in range(k):
            x = math.sin(a * x) + 0.25 * x * x
            total += x * x * x
        total *= 1.0 + 0.1 * x
    return total


@program(lambda: (1.3,))
def next_value_where_a_break_leaves(a: float) -> float:
    x, total = 0.2, 0.0
    for _ in range(20):
        x = x + 0.3 * math.sin(a * x)
        total += x**2
        if total > 2.0:
            break
        total += 0.1 * x * a
    return total * x


@program(lambda: (1.3,))
def next_value_of_a_while_loop(a: float) -> float:
    x, y = 0.2, 1.0
    while x < 2.0:
        x = x + 0.3 * math.exp(-a * x)
        y = y * math.cos(x) + x * x
    return y + x


@program(lambda: (1.3, 0.7), argnums=(0, 1))
def two_values_take_turns(a: float, b: float) -> float:
    x, y = a, b
    total = 0.0
    for _ in range(5):
        x, y = y, math.sin(x * y) + x * x
        total += x * y * y
    return total


@program(lambda: (rand(3, 3, seed=2), rand(3, seed=3)), argnums=(0, 1))
def next_state_read_and_then_written(w: np.ndarray, x: np.ndarray) -> float:
    h = x
    total = 0.0
    for k in range(4):
        h = np.tanh(w @ h)
        total += np.sum(h * h * h)
        if k == 2:
            h = h.copy()
            h[0] *= 2.0
    return total + np.sum(h)


@program(lambda: (rand(3, seed=3).astype(np.float32), np.float32(0.6)), argnums=(0, 1))
def next_value_in_single_precision(x: np.ndarray, a: np.float32) -> float:
    s = a
    total = a * 0
    for i in range(len(x)):
        s = s * x[i] + np.sin(s)
        total += s * s
    return total


@program(numbers)
def neighbours_on_a_ring(x: np.ndarray) -> float:
    n, total = len(x), 0.0
    for i in range(n):
        total += math.sin(x[(i + 1) % n] * x[i]) + x[i - 1] ** 3
    return total


@program(numbers)
def downwards_and_in_strides(x: np.ndarray) -> float:
    n, total = len(x), 0.0
    for i in range(n - 1, 0, -1):
        total += x[i] ** 2 * x[i - 1]
    for i in range(0, n - 2, 2):
        total += math.exp(x[i] * x[i + 2])
    for i in range(-n, 0):
        total += x[i] ** 3
    return total


@program(numbers)
def used_by_the_reverse_sweep_alone(x: np.ndarray) -> float:
    total = 0.0
    for i in range(1, len(x) - 1):
        d = x[i + 1] - 2.0 * x[i] + x[i - 1]
        e = math.exp(-d * d) * math.sqrt(x[i])
        total += e * e / (1.0 + x[i])
    return total


@program(lambda: (rand(4, 3, seed=9),))
def rows_used_by_the_reverse_sweep_alone(x: np.ndarray) -> float:
    total = 0.0
    for row in x:
        total += np.sum(np.exp(row) * np.sin(row))
    return total


@program(numbers)
def draws_are_not_repeated(x: np.ndarray) -> float:
    rng = np.random.default_rng(3)
    total = 0.0
    for i in range(len(x)):
        noise = rng.uniform()
        total += (x[i] * noise) ** 2
    return total


@program(numbers)
def handler_around_what_is_read(x: np.ndarray) -> float:
    y = x * 1.0
    total = 0.0
    for k in range(3):
        for i in range(6):
            try:
                total += math.sin(y[i]) * y[i + 1]
            except IndexError:
                total += y[0] ** 2
        y[k] *= 0.5
    return total


@program(lambda: (0.7, rand(4, seed=1)), argnums=(0, 1))
def only_one_side_saves(a: float, x: np.ndarray) -> float:
    s = 1.0
    for i in range(4):
        if x[i] > 0.6:
            t = math.sin(s * a)
            s = t * t * x[i] + s
        else:
            s = s * a
    return s


@program(lambda: (rand(4, seed=1),))
def list_of_what_loops_leave(x: np.ndarray) -> float:
    kept: list[float] = []
    for i in range(len(x)):
        kept.append(x[i] * x[i])
    total = 0.0
    for v in kept:
        total += v * math.sin(v)
    return total


@program(lambda: (rand(2, 2, seed=1), 3), output="array")
def copies_for_a_pullback(a: np.ndarray, n: int) -> np.ndarray:
    y = a.copy()
    out = np.zeros(2)
    for k in range(n):
        for i in range(2):
            for j in range(2):
                out[i] += math.sin(y[i, j] * y[j, i]) * (k + 1)
        y *= 1.0 + 0.1 * y
    return out


@program(lambda: (rand(3),), tags=("for", "write"))
def rows_are_filled_with_a_number_that_is_used(x):
    y = np.zeros((3, 4))
    total = 0.0
    for i in range(3):
        v = np.sin(x[i] * 2.0 + total)
        y[i, :] = v
        total += np.exp(v) * x[i] * v
    return total + np.sum(y)


@program(lambda: (rand(3),), tags=("for", "write"))
def number_that_is_stored_in_an_array_of_the_turn(x):
    total = 0.0
    for k in range(3):
        y = np.zeros(3)
        v = np.sin(x[k] * (k + 1.0) + total)
        y[k] = v
        total += v * v * x[k] + np.sum(y)
    return total
