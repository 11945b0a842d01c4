"""Checkpointed functions and loops: what they keep and run again is nobody else's business."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from srcgrad import checkpoint, checkpointed

from . import program, rand, signed


@checkpoint
def layer(x, w, *, scale=1.0):
    return np.tanh(x @ w) * scale


@program(lambda: (rand(3), rand(3, 3, seed=1)), argnums=(0, 1), tags=("checkpoint",))
def layers_run_again(x, w):
    y = layer(x, w)
    y = layer(y, w.T, scale=2.0) + x
    return np.sum(y * layer(y, w))


@program(lambda: (rand(3), 0.7), argnums=(0, 1), tags=("checkpoint",))
def lambda_run_again(x, a):
    f = checkpoint(lambda v: np.sin(v * a) * v)
    return np.sum(f(x) * f(x * a)) + checkpoint(np.sin)(a)


@program(lambda: (rand(4), rand(4, seed=1)), argnums=(0, 1), tags=("checkpoint", "write"))
def argument_is_written_by_what_is_run_again(x, w):
    @checkpoint
    def smooth(y, w):
        y[1:-1] = 0.5 * (y[2:] + y[:-2]) * w[1:-1]
        y[0] *= y[1]
        return np.sum(y * w)

    y = x * 1.0
    total = smooth(y, w)
    y *= w
    total = total * smooth(y, y[:2].repeat(2))
    return total + np.sum(y * y)


@program(lambda: (rand(4), 0.3), argnums=(0, 1), tags=("checkpoint", "write"))
def argument_is_written_later(x, a):
    y = x * a
    t = checkpoint(lambda v: np.sum(np.exp(v) * v))(y)
    y[1:] = t * x[:-1]
    u = checkpoint(lambda v: np.cumprod(v * a))(y)
    y[0] = 7.0
    u[1] *= a
    return np.sum(u * u) + np.sum(y)


class State(NamedTuple):
    at: np.ndarray
    speed: np.ndarray
    energy: float


class Oscillator:
    def __init__(self, stiffness, damping):
        self.stiffness, self.damping = stiffness, damping
        self.steps = 0

    @checkpoint
    def step(self, state, dt):
        self.steps += 1
        speed = state.speed - dt * (self.stiffness * np.sin(state.at) + self.damping * state.speed)
        return State(state.at + dt * speed, speed, state.energy + np.sum(speed**2))


@program(lambda: (rand(2), 1.3, 0.1, 4), argnums=(0, 1, 2), tags=("checkpoint", "class", "loop"))
def method_run_again(x, stiffness, damping, n):
    model = Oscillator(stiffness, damping)
    state = State(x, x * 0.0, 0.0)
    for _ in range(n):
        state = model.step(state, 0.1)
    return np.sum(state.at * x) + state.energy * model.steps


@program(lambda: (0.6, rand(3)), argnums=(0, 1), tags=("checkpoint", "try", "return"))
def raises_and_returns_early(a, x):
    @checkpoint
    def guarded(v, k):
        if v < 0.5:
            return v * a, 1
        if k > 2:
            raise ValueError("too far")
        return np.sin(v) * a, k

    total = 0.0
    for k in range(5):
        try:
            value, times = guarded(x[k % 3] * a, k)
            total += value * times
        except ValueError:
            total = total * a
    return total


@program(lambda: (rand(3), 0.8), argnums=(0, 1), tags=("checkpoint", "nested"))
def nested_in_each_other(x, a):
    inner = checkpoint(lambda v: np.sin(v) * a)

    @checkpoint
    def outer(v):
        t = inner(v)
        for k in checkpointed(range(3), 1):
            t = t * inner(t + k)
        return {"t": t, "s": [np.sum(t), a * 2.0]}

    found = outer(x)
    return np.sum(found["t"]) * found["s"][0] + found["s"][1]


@program(lambda: (rand(5), 7), tags=("checkpointed", "loop"))
def largest_eigenvalue_by_powers(x, n):
    m = np.outer(x, x) + np.diag(x)
    v = np.ones(5)
    for _ in checkpointed(range(n), slots=2):
        v = m @ v
        v = v / np.sqrt(np.sum(v * v))
    return v @ m @ v + v[0]


@program(lambda: (signed(6), 0.2, 9), argnums=(0, 1), tags=("checkpointed", "write", "view", "loop"))
def heat_in_place(u0, kappa, n):
    u = u0.copy()
    inner, left, right = u[1:-1], u[:-2], u[2:]
    for _ in checkpointed(range(n), slots=3):
        inner += kappa * (left + right - 2.0 * inner)
        u[0] = u[-1] * 0.5
    return np.sum(u**2) + inner[0]


@program(lambda: (signed(5), rand(5, seed=1), 6), argnums=(0, 1), tags=("checkpointed", "write", "loop"))
def two_buffers_swapped(x, c, n):
    now, new = x.copy(), np.zeros(5)
    for k in checkpointed(range(n), slots=2):
        new[1:] = now[:-1] * c[1:] + 0.1 * k
        new[0] = np.sin(now[-1])
        now, new = new, now
    return np.sum(now * c) + np.sum(new**2)


@program(lambda: (signed(3), 5), tags=("checkpointed", "list", "loop"))
def trajectory_in_a_list(x, n):
    points = [x[0]]
    s = x * 1.0
    for _ in checkpointed(range(n), slots=2):
        s = np.sin(s) + x * points[-1]
        points.append(s[0] * s[1])
    return sum(points) + points[1] * points[-1] + np.sum(s)


@program(lambda: (signed(3), 5), tags=("checkpointed", "write", "loop"))
def trajectory_in_an_array(x, n):
    out = np.zeros((n + 1, 3))
    out[0] = x
    for k in checkpointed(range(n), slots=2):
        out[k + 1] = np.sin(out[k]) + x * 0.5
        out[k] *= x
    return np.sum(out**2)


@program(lambda: (signed(4), rand(8, seed=2)), argnums=(0, 1), tags=("checkpointed", "enumerate", "loop"))
def driven_by_data(x, forces):
    s, total = x[0], 0.0
    for k, force in checkpointed(enumerate(forces), slots=2):
        s = s * np.cos(force) + x[k % 4]
        total += s * force
    return total + s


@program(lambda: (signed(4), 12, 2), tags=("checkpointed", "break", "loop"))
def left_by_break_and_return(x, n, m):
    s = x.copy()
    for k in checkpointed(range(n, 0, -1), slots=m):
        s[k % 4] = s[k % 4] * np.sin(s[0]) + x[1]
        if k == 3:
            return np.sum(s * s) * k
        if s[2] > 5.0:
            break
    return np.sum(s) * 2.0


@program(lambda: (signed(3), 4), tags=("checkpointed", "else", "loop"))
def slots_by_default_in_a_plain_loop(x, n):
    s = x * 1.0
    total = 0.0
    for j in range(3):
        for k in checkpointed(range(j, n)):
            s = s * np.sin(x) + k
            last = s[0] * j
        else:
            total += last
        s[j] *= 0.5
    return np.sum(s) + total


@program(lambda: (signed(3).astype(np.float32), 5), tags=("checkpointed", "float32", "loop"))
def checkpointed_in_single_precision(x, n):
    s = x * 1
    t = np.float32(0)
    for _ in checkpointed(range(n), slots=2):
        s = np.sin(s) * x + x
        t += s[1]
        s[0] *= t
    return np.sum(s) * t


@program(lambda: (rand(3, low=0.5), 4), tags=("checkpointed", "try", "loop"))
def checkpointed_with_handlers(x, n):
    s, caught = x * 1.0, 0
    for k in checkpointed(range(n), slots=2):
        try:
            s[k] *= np.sin(s[0] + s[k])
        except IndexError:
            caught += 1
            s = s * x
    return np.sum(s) * caught + s[0]


@program(lambda: (rand(3), 5), output="array", tags=("checkpointed", "array"))
def array_that_grows(x, n):
    y = x[:2] * 1.0
    for _ in checkpointed(range(n), slots=2):
        y = np.append(y, np.sin(y[-1] * x[0]))
    return y * y


@program(lambda: (0.7, 5), tags=("checkpointed", "recursion"))
def recursion_in_a_checkpointed_loop(a, n):
    def power(v, k):
        return v if k == 0 else v * power(v, k - 1)

    s = a
    for k in checkpointed(range(n), slots=2):
        s = np.sin(s) * power(a, k) + s
    return s + checkpoint(power)(s, 2)


@program(lambda: (np.array([0.3, 0.8, 0.5]), 7), tags=("checkpoint",))
def sums_by_key_in_a_checkpointed_loop(x: np.ndarray, n: int) -> float:
    sums: dict[int, float] = {}
    for k in checkpointed(range(n), 2):
        key = (k * k) % 5
        if key in sums:
            sums[key] = sums[key] * x[k % 3] + np.sin(x[0])
        else:
            sums[key] = x[k % 3] * (k + 1.0)
        if len(sums) > 3:
            sums.pop(key)
    return sum(sums.values()) * len(sums)


@program(lambda: (np.array([0.3, 0.8, 0.5]), 4), tags=("checkpoint",))
def table_filled_by_nested_checkpointed_loops(x: np.ndarray, n: int) -> float:
    table = {(0, 0): x[0]}
    for i in checkpointed(range(1, n), 2):
        for j in checkpointed(range(i + 1)):
            table[i, j] = table.get((i - 1, j), x[1]) * x[2] + table.get((i, j - 1), 0.5)
    total = 0.0
    for (i, j), value in table.items():
        total += value * (i - 0.5 * j)
    return total


@program(lambda: (np.array([0.3, 0.8, 0.5]), 3), tags=("checkpoint",))
def dict_that_a_checkpointed_function_fills(x: np.ndarray, n: int) -> float:
    def fill(table: dict, k: int) -> float:
        for j in range(k + 1):
            table[j] = table.get(j, 1.0) * x[j % 3] + k
        return table[k] * x[0]

    table: dict[int, float] = {}
    total = 0.0
    for k in range(n):
        total += checkpoint(fill)(table, k) * table[0]
    return total + sum(table.values())


@program(lambda: (rand(4), rand(4, seed=1)), argnums=(0, 1), tags=("checkpoint", "masks", "lists"))
def roots_of_a_checkpointed_function_are_masked_later(x, y):
    @checkpoint
    def roots(x, y):
        found = []
        for k in range(len(y)):
            found.append(np.sqrt(x - 0.68) * y[k])
        return found

    total = 0.0
    for root in roots(x, y):
        total += np.sum(np.where(x > 0.78, root, y))
    return total


@program(lambda: (rand(4), rand(4, seed=1)), argnums=(0, 1), tags=("checkpoint", "masks", "lists"))
def roots_are_masked_in_a_checkpointed_loop(x, y):
    found = []
    for k in range(len(y)):
        found.append(np.sqrt(x - 0.68) * y[k])
    total = 0.0
    for root in checkpointed(found):
        total += np.sum(np.where(x > 0.78, root, y))
    return total


@program(lambda: (rand(6), rand(6, seed=1), 5), argnums=(0, 1), tags=("checkpoint", "write"))
def wave_that_begins_with_two_copies_of_one_array(u, c, n):
    old, now = u.copy(), u.copy()
    for _ in checkpointed(range(n), 2):
        new = np.zeros_like(now)
        new[1:-1] = 2.0 * now[1:-1] - old[1:-1] + c[1:-1] ** 2 * (now[2:] - 2.0 * now[1:-1] + now[:-2])
        old, now = now, new
    return np.sum(now**2) + old[2]


@program(lambda: (rand(6), 0.5), argnums=(0, 1), tags=("checkpoint", "write"))
def wave_in_three_buffers(u, c):
    n = len(u)
    old, now, new = u.copy(), u.copy(), np.zeros(n)
    for _ in checkpointed(range(5), 3):
        for i in range(1, n - 1):
            new[i] = 2 * now[i] - old[i] + c**2 * (now[i + 1] - 2 * now[i] + now[i - 1])
        old, now, new = now, new, old
    return np.sum(now**2) + np.sum(old)


@checkpoint
def sum_over_rows(rows):
    total = 0.0
    for row in rows:
        total += np.sum(np.sin(row) * row)
    return total


@program(lambda: (rand(3),), tags=("checkpoint", "lists", "in-place"))
def list_that_grows_and_its_arrays_are_written(x):
    rows = []
    for k in range(3):
        rows.append(x * (k + 1))
    s = 0.0
    for k in range(3):
        s += sum_over_rows(rows)
        rows[k][1] = np.sin(s)
        rows.append(x)
    return s + np.sum(rows[0])


class Layer:
    def __init__(self, u):
        self.u = u


@checkpoint
def sum_over_layers(layers):
    total = 0.0
    for one in layers:
        total += np.sum(np.sin(one.u) * one.u)
    return total


@program(lambda: (rand(3),), tags=("checkpoint", "objects", "lists", "in-place"))
def layers_grow_and_their_arrays_are_written(x):
    layers = []
    for k in range(3):
        layers.append(Layer(x * (k + 1)))
    s = 0.0
    for k in range(3):
        s += sum_over_layers(layers)
        layers[k].u[1] = np.sin(s)
        layers.append(Layer(x))
    return s


@program(lambda: (rand(3),), tags=("lists", "in-place"))
def product_of_a_list_that_grows_and_is_written(x):
    mats = []
    for k in range(3):
        mats.append(np.outer(x, x) + k)
    s = 0.0
    for k in range(3):
        s += np.sum(np.linalg.multi_dot(mats)) * 1e-3
        mats[k][1] = np.sin(s)
        mats.append(np.outer(x, x) + 1.0)
        if k == 1:
            mats.pop(0)
    return s


@program(lambda: (rand(4),), tags=("checkpoint", "view", "write"))
def reversed_views_are_written_in_turns(x):
    def mirrored(y):
        return y[::-1]

    y = x * 1.0
    for k in range(3):
        y = checkpoint(mirrored)(y)
        y[k] *= 2.0
    return np.sum(y**3)


@program(lambda: (rand(3), 3), tags=("checkpoint", "random"))
def noise_by_the_number_of_the_turn(x, seed):
    y = x * 1.0
    for k in checkpointed(range(4), 2):
        rng = np.random.default_rng(seed + k)
        y = y * rng.uniform(0.5, 1.5, 3) + np.sin(y)
    return np.sum(y)


@program(lambda: (rand(3), 3), tags=("checkpoint", "view", "write"))
def view_is_made_between_two_checkpointed_loops(x, n):
    y = x * 1.0
    for k in checkpointed(range(n)):
        y *= 1.0 + 0.1 * x[k % 3]
    w = y[1:]
    for _ in checkpointed(range(n)):
        w *= 1.0 + x[0] * 0.1
        y[0] += w[1] * w[0] * 0.2
    return np.sum(y**2)


@program(lambda: (rand(3),), tags=("checkpoint", "view", "write"))
def array_and_its_view_are_written_by_what_is_run_again(x):
    @checkpoint
    def grow(y, w):
        w *= 1.1
        y[0] += w[1] * w[0] * 0.2
        y += 0.1 * y[1]

    y = x * 1.0
    grow(y, x * 1.0)
    w = y[1:]
    grow(y, w)
    y[2] *= 2.0
    grow(y, w)
    return np.sum(y**2)
