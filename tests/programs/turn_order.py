"""Loops whose turns may run in any order in the reverse sweep, and such as look like them."""

import numpy as np

from programs import program, rand, signed


@program(lambda: (rand(6, 5), 3), tags=("loops",))
def waves_trade_places(u, steps):
    u = u.copy()
    new = u.copy()
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                c = u[i, j]
                new[i, j] = c + 0.1 * (u[i, j - 1] + u[i, j + 1] + u[i + 1, j] + u[i - 1, j] - c * c)
        u, new = new, u
    return np.sum(u * u) + np.sum(new)


@program(lambda: (rand(7), 4), tags=("loops",))
def three_levels_rotate(u, steps):
    now, last, free = u.copy(), u * 0.5, np.zeros(len(u))
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            free[i] = 2.0 * now[i] - last[i] + 0.2 * (now[i - 1] * now[i + 1] - now[i])
        last, now, free = now, free, last
    return np.sum(now**2) + np.sum(last * free)


@program(lambda: (rand(7), 5), tags=("loops", "branches"))
def trade_places_at_times(u, steps):
    u = u.copy()
    new = np.sin(u)
    for k in range(steps):
        for i in range(1, len(u) - 1):
            new[i] += 0.3 * u[i - 1] * u[i + 1]
        if k % 2 == 0:
            u, new = new, u
    return np.sum(u * new)


@program(lambda: (rand(6), True), tags=("loops", "aliases"))
def perhaps_the_same_buffer(u, own):
    u = u.copy()
    new = u.copy() if own else u
    for _ in range(2):
        for i in range(1, len(u) - 1):
            new[i] = u[i] + 0.3 * u[i - 1] * u[i + 1]
        u, new = new, u
    return np.sum(u * new)


@program(lambda: (rand(6), False), tags=("loops", "aliases"))
def really_the_same_buffer(u, own):
    u = u.copy()
    new = u.copy() if own else u
    for _ in range(2):
        for i in range(1, len(u) - 1):
            new[i] = u[i] + 0.3 * u[i - 1] * u[i + 1]
        u, new = new, u
    return np.sum(u * new)


@program(lambda: (rand(6), 3), tags=("loops", "aliases"))
def one_buffer_for_both(u, steps):
    a = u.copy()
    b = a
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            a[i] = 0.4 * b[i - 1] + 0.5 * b[i + 1] * b[i]
        a, b = b, a
    return np.sum(a * a)


def _step(a, b):
    for i in range(1, len(a) - 1):
        a[i] = 0.4 * b[i - 1] + 0.5 * b[i + 1] * b[i]


@program(lambda: (rand(6), 3), tags=("loops", "aliases", "calls"))
def one_buffer_for_both_parameters(u, steps):
    a = u.copy()
    for _ in range(steps):
        _step(a, a)
    return np.sum(a * a)


@program(lambda: (rand(6), 3), tags=("loops", "aliases", "calls"))
def two_buffers_for_the_parameters(u, steps):
    a, b = u.copy(), u * u
    for _ in range(steps):
        _step(a, b)
        _step(b, a)
    return np.sum(a * b)


@program(lambda: (rand(6), rand(6, seed=1), 4), argnums=(0, 1), tags=("loops", "aliases", "containers"))
def buffers_in_a_list(u, v, steps):
    buffers = [u.copy(), v.copy()]
    for k in range(steps):
        a, b = buffers[k % 2], buffers[(k // 2) % 2]
        for i in range(1, len(u) - 1):
            a[i] = 0.4 * b[i - 1] + 0.5 * b[i + 1] * b[i]
    return np.sum(buffers[0] * buffers[1])


@program(lambda: (rand(6), 3), argnums=0, tags=("loops", "aliases"))
def arguments_are_written(u, steps):
    v = u
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            u[i] = 0.4 * v[i - 1] + 0.5 * v[i + 1] * v[i]
    return np.sum(u * v)


@program(lambda: (rand(8), 3), tags=("loops", "views"))
def halves_of_one_buffer(u, steps):
    u = u.copy()
    left, right = u[:5], u[3:]
    for _ in range(steps):
        for i in range(1, 4):
            left[i] = left[i] + 0.2 * right[i - 1] * right[i + 1]
        left, right = right, left
    return np.sum(u**2)


@program(lambda: (signed(6),), tags=("loops",))
def neighbours_around_the_corner(x):
    total = 0.0
    for i in range(len(x)):
        total += x[i - 1] * x[i] ** 2
    return total


@program(lambda: (signed(6), 6), tags=("loops",))
def ring_of_places(x, n):
    y = np.zeros(n)
    for i in range(-2, n - 2):
        y[i] = x[i + 1] * x[i] - x[i + 2]
        y[i] *= x[i]
    return np.sum(y * y)


@program(lambda: (signed(9), 4), tags=("loops",))
def from_below_zero_twice(x, n):
    y = np.ones(n)
    for i in range(-n, n):
        y[i] = y[i] * 0.5 + x[i + n] ** 2
    return np.sum(y * y)


@program(lambda: (rand(9), 1, 8), tags=("loops",))
def bounds_from_outside(x, first, last):
    total = 0.0
    for i in range(first, last):
        a = x[i + 1] - x[i - 1]
        total += a * a * x[i]
    return total


@program(lambda: (rand(9), 5, 5), tags=("loops",))
def no_turns_at_all(x, first, last):
    y = x.copy()
    for i in range(first, last):
        y[i] = x[i + 20] * x[i - 20] + x[i + 7]
    return np.sum(y * y)


@program(lambda: (rand(3, 3), 1), tags=("loops",))
def grid_of_one_point(u, steps):
    new = u.copy()
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                new[i, j] = u[i - 1, j - 1] * u[i + 1, j + 1] + u[i, j - 1] * u[i - 1, j + 1]
    return np.sum(new * new)


@program(lambda: (rand(2, 2), 2), tags=("loops",))
def grid_without_points(u, steps):
    new = u.copy()
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                new[i, j] = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]
    return np.sum(new * new)


@program(lambda: (rand(1, 4), 2), tags=("loops",))
def grid_of_one_row(u, steps):
    new = u.copy()
    for _ in range(steps):
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                new[i, j] = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]
    return np.sum(new * new)


@program(lambda: (rand(9),), tags=("loops",))
def every_second_neighbour(x):
    y = x * x
    for i in range(1, len(x) - 1, 2):
        y[i] += x[i - 1] * x[i + 1] - x[i]
    return np.sum(y**2)


@program(lambda: (rand(8),), tags=("loops",))
def neighbours_counted_down(x):
    y = np.zeros(len(x))
    for i in reversed(range(2, len(x) - 2)):
        y[i] = x[i - 2] * x[i] - x[i + 2] + 0.5 * y[i + 1]
    return np.sum(y**2)


@program(lambda: (rand(7),), tags=("loops", "writes"))
def each_needs_the_last(x):
    y = x.copy()
    for i in range(1, len(x)):
        y[i] = y[i] * y[i - 1] + 0.1 * x[i]
    return np.sum(y)


@program(lambda: (rand(7),), tags=("loops", "writes"))
def each_needs_the_next(x):
    y = x.copy()
    for i in range(len(x) - 1):
        y[i] = y[i] * y[i + 1] + 0.1 * x[i]
    return np.sum(y * y)


@program(lambda: (rand(7),), tags=("loops", "writes"))
def same_place_in_every_turn(x):
    y = np.ones(3)
    for i in range(1, len(x) - 1):
        y[1] = x[i - 1] * y[1] + x[i + 1]
        y[0] += y[1]
    return np.sum(y * y)


@program(lambda: (rand(6, 4),), tags=("loops", "writes"))
def rows_one_by_one(a):
    r = a.copy()
    for i in range(1, r.shape[0]):
        for j in range(r.shape[1]):
            r[i, j] = r[i - 1, j] * 0.5 + a[i, j] ** 2
    return np.sum(r * r)


@program(lambda: (rand(5, 5),), tags=("loops", "writes"))
def below_the_diagonal(a):
    total = 0.0
    for i in range(1, a.shape[0]):
        for j in range(i):
            total += a[i, j] * a[j, i] - a[i - 1, j] ** 2
    return total


@program(lambda: (signed(8), 0.3), argnums=(0, 1), tags=("loops", "branches"))
def neighbours_if_positive(x, w):
    y = np.zeros(len(x))
    for i in range(1, len(x) - 1):
        if x[i] > 0.0:
            y[i] = w * x[i - 1] * x[i + 1]
        else:
            y[i] = w * (x[i + 1] - x[i - 1])
    return np.sum(y * y)


@program(lambda: (rand(8).astype(np.float32), 2), tags=("loops", "float32"))
def small_floats_trade_places(u, steps):
    u = u.copy()
    new = u.copy()
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            new[i] = u[i] + np.float32(0.25) * (u[i - 1] - u[i] * u[i] + u[i + 1])
        u, new = new, u
    return np.sum(u * u)


@program(lambda: (rand(5, 5, 4),), tags=("loops",))
def neighbours_in_three_axes(u):
    total = 0.0
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            for k in range(1, u.shape[2] - 1):
                a = u[i + 1, j, k] - u[i - 1, j, k] + u[i, j + 1, k] * u[i, j - 1, k]
                total += a * a * (u[i, j, k + 1] + u[i, j, k - 1])
    return total


@program(lambda: (rand(6, 3), 2), tags=("loops",))
def neighbours_in_one_column(u, k):
    new = np.zeros(len(u))
    for i in range(2, len(u) - 2):
        new[i] = u[i - 2, k] * 0.5 - u[i + 2, k] + u[i, k] ** 2 - u[i, 0]
    return np.sum(new**2)


@program(lambda: (rand(7), rand(7, seed=1)), argnums=(0, 1), tags=("loops",))
def lead_and_lag(x, y):
    total, weight = 0.0, 0.0
    for i in range(2, len(x) - 3):
        lead = x[i + 3] * y[i - 1]
        lag = x[i - 2] * y[i + 1]
        weight += lead
        total += (lead - lag) ** 2
    return total * weight


@program(lambda: (rand(6), np.array([0, 3, 3, 1])), tags=("loops",))
def neighbours_of_given_places(x, places):
    y = x * x
    for k in range(len(places)):
        i = places[k]
        y[i + 1] += x[i] * x[i + 2]
    return np.sum(y * y)


@program(lambda: (rand(6), 3), tags=("loops", "writes"))
def sum_that_is_looked_at(x, n):
    total = 0.0
    y = np.zeros(len(x))
    for i in range(1, len(x) - 1):
        total += x[i - 1] * x[i + 1]
        y[i] = total * x[i]
    return np.sum(y) * n


@program(lambda: (rand(4, 4, low=0.6),), tags=("loops",))
def reciprocals_of_reciprocals(a):
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            w = 1.0 / (a[i, j] * np.sqrt(a[i, j]))
            total += w * a[i, 0] + 1.0 / (1.0 + w)
    return total
