"""Arrays that each turn of a loop makes anew and hands on: time steps, delays, levels that are dropped."""

import numpy as np

from programs import program


def _u():
    return np.array([0.7, -0.4, 1.1, 0.3, -0.8])


def _point():
    return (_u(),)


def _point_and(n):
    return lambda: (_u(), n)


@program(_point)
def diffused(u):
    for _ in range(3):
        new = u.copy()
        new[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2]) * u[1:-1]
        u = new
    return np.sum(u**2)


@program(_point)
def shorter_each_turn(u):
    for _ in range(3):
        new = u[1:].copy()
        new[0] *= u[0]
        u = new
    return np.sum(u**2)


@program(_point)
def longer_each_turn(u):
    for _ in range(3):
        new = np.zeros(len(u) + 1)
        new[1:] = u * u
        new[0] = u[-1]
        u = new
    return np.sum(u**2)


@program(_point)
def first_level_is_kept(u):
    first = u.copy()
    x = first
    for _ in range(3):
        new = x.copy()
        new[1:-1] = x[2:] * x[:-2]
        x = new
    return np.sum(x * first)


@program(_point_and(5))
def four_levels(u, n):
    a = u.copy()
    b = u * 2.0
    c = u + 1.0
    for _ in range(n):
        d = np.zeros(len(u))
        d[1:] = a[:-1] * c[1:]
        d[0] = b[0]
        a = b
        b = c
        c = d
    return np.sum(a * b * c)


@program(_point_and(0))
def four_levels_without_steps(u, n):
    a = u.copy()
    b = u * 2.0
    for _ in range(n):
        c = a.copy()
        c[0] *= b[1]
        a = b
        b = c
    return np.sum(a * b)


@program(_point)
def level_that_nobody_needs(u):
    x = u.copy()
    old = np.zeros(len(u))
    for _ in range(3):
        new = x.copy()
        new[0] *= x[1]
        old = x
        x = new
    return np.sum(x**2) + 0.0 * len(old)


@program(_point)
def swapped_with_a_copy(u):
    v = u.copy()
    w = u * 0.5
    for _ in range(4):
        v[1:] *= w[:-1]
        v, w = w, v.copy()
    return np.sum(v * v) + np.sum(w**3)


@program(_point)
def steps_until(u):
    x = u.copy()
    for k in range(6):
        new = x.copy()
        new[0] = x[1] * x[2] + 0.5
        new[1:] += 0.1 * x[:-1]
        x = new
        if k > 3 and x[0] < 100:
            break
    return np.sum(x**2)


@program(_point)
def levels_of_a_branch(u):
    x = u.copy()
    for k in range(5):
        if k % 2:
            new = x.copy()
            new[0] *= x[1]
        else:
            new = np.ones(len(x))
            new[1:] = x[:-1] * x[1:]
        x = new
    return np.sum(x**2)


@program(_point)
def levels_in_levels(u):
    x = u.copy()
    for _ in range(3):
        new = x.copy()
        for _ in range(2):
            inner = new.copy()
            inner[1:] += new[:-1] * x[1:]
            new = inner
        x = new
    return np.sum(x**2)


@program(_point)
def written_after_it_was_left(u):
    x = u.copy()
    for _ in range(3):
        new = x.copy()
        new[0] = x[1] ** 2
        rest = new[1:]
        rest *= x[0]
        old = x
        x = new
        old[0] = 3.0
    return np.sum(x**2)


@program(_point)
def two_that_trade_places(u):
    x = u.copy()
    y = u * 2.0
    for _ in range(3):
        new_x = x.copy()
        new_y = y.copy()
        new_x[1:] += 0.1 * y[:-1]
        new_y[:-1] -= 0.1 * x[1:] ** 2
        x, y = new_y, new_x
    return np.sum(x * y)


@program(_point)
def levels_and_returns(u):
    x = u.copy()
    for _ in range(5):
        new = x.copy()
        new[0] = x[1] ** 2 + x[0]
        x = new
        if x[0] > 2.0:
            return np.sum(x**2)
    return np.sum(x**3)


@program(_point)
def levels_and_errors(u):
    x = u.copy()
    for k in range(4):
        new = x.copy()
        try:
            new[0] = x[1] ** 2
            new[k] = x[k + 2] * x[0]
        except IndexError:
            new[1] *= x[0]
        x = new
    return np.sum(x**2)


@program(_point)
def part_of_a_new_level(u):
    for _ in range(3):
        new = np.zeros(len(u) + 1)
        new[1:] = u * u
        new[0] = u[0] * 2
        new[2] *= new[0]
        u = new[1:]
    return np.sum(u**2)


@program(_point)
def new_level_in_another_shape(u):
    x = u[:4].copy()
    for _ in range(3):
        new = np.zeros((2, 2))
        new[0] = x[:2] * x[2:]
        new[1] = x[:2]
        new[0, 1] *= new[1, 0]
        x = new.reshape(4)
    return np.sum(x**2)


@program(_point)
def new_level_transposed(u):
    x = u[:4].reshape(2, 2).copy()
    for _ in range(3):
        new = x.copy()
        new[0] *= x[1]
        x = new.T
    return np.sum(x**2 * np.arange(4.0).reshape(2, 2))


@program(_point)
def level_and_a_view_of_it(u):
    x = u.copy()
    y = u * 1.0
    for _ in range(3):
        new = x.copy()
        new[0] *= y[-1]
        y = new[1:]
        x = new
        y *= 0.5
    return np.sum(x**2) + np.sum(y)


@program(_point)
def view_of_the_level_before(u):
    x = u.copy()
    for _ in range(3):
        v = x[1:]
        new = x.copy()
        new[:-1] *= v
        v *= 2.0
        x, y = new, v
        new[0] = y[0]
    return np.sum(x**2)


@program(_point)
def swapped_and_made_anew(u):
    a = u.copy()
    b = np.zeros(len(u))
    for _ in range(2):
        for _ in range(3):
            b[:] = a * a
            b[0] += a[1]
            a, b = b, a
        b = np.ones(len(u))
        b[1:] = a[:-1]
        a, b = b, a
    return np.sum(a * b)


@program(lambda: (_u(),), tags=("recursion", "in-place"))
def buffers_of_each_call_trade_places(x):
    def go(y, depth):
        u = y.copy()
        v = np.zeros_like(y)
        for _ in range(3):
            v[1:-1] = np.sin(u[2:] * u[:-2])
            v[0] = u[1] * 2.0
            v[-1] = u[0] * u[1]
            u, v = v, u
        s = np.sum(u * u)
        if depth == 0:
            return s
        return s * y[0] + go(y * 0.5, depth - 1)

    return go(x, 2)


@program(lambda: (_u(),), tags=("recursion", "in-place"))
def buffers_of_each_call_are_added_to_one(x):
    def go(y, depth, out):
        u = y.copy()
        v = np.zeros_like(y)
        for _ in range(3):
            v[1:-1] = np.sin(u[2:] * u[:-2])
            v[0] = u[1] * 2.0
            v[-1] = u[0] * u[1]
            u, v = v, u
        out += u
        if depth > 0:
            go(y * 0.5, depth - 1, out)

    out = np.zeros_like(x)
    go(x, 2, out)
    return np.sum(out * out)
