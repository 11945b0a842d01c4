"""Partial differential equations on grids."""

from __future__ import annotations

import numpy as np

from benchmarks import peers
from benchmarks.compiled import compiled
from benchmarks.problem import Problem, Size
from benchmarks.programs.making import normal


def adi(u, steps):
    """Alternating directions for the heat equation (PolyBench's adi): tridiagonal systems along rows, then columns."""
    n = u.shape[0]
    u = u.copy()
    v = u.copy()
    p = np.zeros((n, n))
    q = np.zeros((n, n))
    half = 0.3
    full = 1.0 + 2.0 * half
    for _ in range(steps):
        for i in range(1, n - 1):
            v[0, i] = 1.0
            p[i, 0] = 0.0
            q[i, 0] = v[0, i]
            for j in range(1, n - 1):
                p[i, j] = half / (full - half * p[i, j - 1])
                right = half * u[j, i - 1] + (1.0 - 2.0 * half) * u[j, i] + half * u[j, i + 1]
                q[i, j] = (right + half * q[i, j - 1]) / (full - half * p[i, j - 1])
            v[n - 1, i] = 1.0
            for j in range(n - 2, 0, -1):
                v[j, i] = p[i, j] * v[j + 1, i] + q[i, j]
        for i in range(1, n - 1):
            u[i, 0] = 1.0
            p[i, 0] = 0.0
            q[i, 0] = u[i, 0]
            for j in range(1, n - 1):
                p[i, j] = half / (full - half * p[i, j - 1])
                right = half * v[i - 1, j] + (1.0 - 2.0 * half) * v[i, j] + half * v[i + 1, j]
                q[i, j] = (right + half * q[i, j - 1]) / (full - half * p[i, j - 1])
            u[i, n - 1] = 1.0
            for j in range(n - 2, 0, -1):
                u[i, j] = p[i, j] * u[i, j + 1] + q[i, j]
    return np.sum(u * u)


def _adi_jax(jax, jnp):
    half = 0.3
    full = 1.0 + 2.0 * half

    def solved(right):
        """The tridiagonal systems of all rows, with ones at both ends."""

        def forward(carry, column):
            below = full - half * carry[0]
            new = half / below, (column + half * carry[1]) / below
            return new, new

        def backward(x, row):
            x = row[0] * x + row[1]
            return x, x

        ones = jnp.ones(right.shape[0])
        _, rows = jax.lax.scan(forward, (0.0 * ones, ones), right.T)
        return jax.lax.scan(backward, ones, rows, reverse=True)[1].T

    def weighted(u):
        return half * u[:-2] + (1.0 - 2.0 * half) * u[1:-1] + half * u[2:]

    def fun(u, steps):
        def step(u, _):
            v = u.at[0, 1:-1].set(1.0).at[-1, 1:-1].set(1.0)
            v = v.at[1:-1, 1:-1].set(solved(weighted(u.T)[:, 1:-1]).T)
            u = u.at[1:-1, 0].set(1.0).at[1:-1, -1].set(1.0)
            return u.at[1:-1, 1:-1].set(solved(weighted(v)[:, 1:-1])), None

        u, _ = jax.lax.scan(step, u, None, length=steps)
        return jnp.sum(u * u)

    return fun


def fdtd(ex, ey, hz, steps):
    """Maxwell's equations in the plane (PolyBench's fdtd-2d)."""
    ex = ex.copy()
    ey = ey.copy()
    hz = hz.copy()
    for t in range(steps):
        ey[0] = 0.1 * t
        ey[1:] -= 0.5 * (hz[1:] - hz[:-1])
        ex[:, 1:] -= 0.5 * (hz[:, 1:] - hz[:, :-1])
        hz[:-1, :-1] -= 0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1])
    return np.sum(hz * hz)


def _fdtd_jax(jax, jnp):
    def fun(ex, ey, hz, steps):
        def step(fields, t):
            ex, ey, hz = fields
            ey = ey.at[0].set(0.1 * t).at[1:].add(-0.5 * (hz[1:] - hz[:-1]))
            ex = ex.at[:, 1:].add(-0.5 * (hz[:, 1:] - hz[:, :-1]))
            curl = ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1]
            return (ex, ey, hz.at[:-1, :-1].add(-0.7 * curl)), None

        (_, _, hz), _ = jax.lax.scan(step, (ex, ey, hz), jnp.arange(steps))
        return jnp.sum(hz * hz)

    return fun


def heat_3d(u, steps):
    """Heat in a cube (PolyBench's heat-3d, one buffer)."""
    u = u.copy()
    for _ in range(steps):
        c = u[1:-1, 1:-1, 1:-1]
        u[1:-1, 1:-1, 1:-1] = (
            0.125 * (u[2:, 1:-1, 1:-1] - 2.0 * c + u[:-2, 1:-1, 1:-1])
            + 0.125 * (u[1:-1, 2:, 1:-1] - 2.0 * c + u[1:-1, :-2, 1:-1])
            + 0.125 * (u[1:-1, 1:-1, 2:] - 2.0 * c + u[1:-1, 1:-1, :-2])
            + c
        )
    return np.sum(u * u)


def _heat_3d_jax(jax, jnp):
    def fun(u, steps):
        def step(u, _):
            c = u[1:-1, 1:-1, 1:-1]
            along = (
                u[2:, 1:-1, 1:-1] + u[:-2, 1:-1, 1:-1],
                u[1:-1, 2:, 1:-1] + u[1:-1, :-2, 1:-1],
                u[1:-1, 1:-1, 2:] + u[1:-1, 1:-1, :-2],
            )
            return u.at[1:-1, 1:-1, 1:-1].set(c + 0.125 * (sum(along) - 6.0 * c)), None

        u, _ = jax.lax.scan(step, u, None, length=steps)
        return jnp.sum(u * u)

    return fun


def burgers(u, steps):
    """Burgers' equation on a circle, Lax-Friedrichs steps."""
    for _ in range(steps):
        left = np.roll(u, 1)
        right = np.roll(u, -1)
        u = 0.5 * (left + right) - 0.1 * (right * right - left * left)
    return np.sum(u * u)


def _burgers_jax(jax, jnp):
    def fun(u, steps):
        def step(u, _):
            left, right = jnp.roll(u, 1), jnp.roll(u, -1)
            return 0.5 * (left + right) - 0.1 * (right * right - left * left), None

        return jnp.sum(jax.lax.scan(step, u, None, length=steps)[0] ** 2)

    return fun


def wave(u, speed, steps):
    """The wave equation on a string with a speed at each point, by loops over three time levels."""
    n = u.shape[0]
    before = u.copy()
    now = u.copy()
    for _ in range(steps):
        after = np.zeros(n)
        for i in range(1, n - 1):
            bend = now[i - 1] - 2.0 * now[i] + now[i + 1]
            after[i] = 2.0 * now[i] - before[i] + speed[i] * speed[i] * bend
        before = now
        now = after
    return np.sum(now * now)


def _wave_jax(jax, jnp):
    def fun(u, speed, steps):
        def step(levels, _):
            before, now = levels
            bend = now[:-2] - 2.0 * now[1:-1] + now[2:]
            inner = 2.0 * now[1:-1] - before[1:-1] + speed[1:-1] ** 2 * bend
            return (now, jnp.zeros_like(now).at[1:-1].set(inner)), None

        (_, now), _ = jax.lax.scan(step, (u, u), None, length=steps)
        return jnp.sum(now * now)

    return fun


def rod(u, rate, steps):
    """Heat in a rod that conducts better where it is warm, by loops: the example of docs/performance.md."""
    u = u.copy()
    new = u.copy()
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            new[i] = u[i] + rate * u[i] * (u[i - 1] - 2.0 * u[i] + u[i + 1])
        u, new = new, u
    return np.sum(u * u)


@compiled
def rod_adjoint(u, rate, steps):
    """Every state is kept; each turn adds to three elements."""
    n = len(u)
    states = np.empty((steps + 1, n))
    states[0] = u
    for t in range(steps):
        states[t + 1, 0] = states[t, 0]
        states[t + 1, n - 1] = states[t, n - 1]
        for i in range(1, n - 1):
            c = states[t, i]
            states[t + 1, i] = c + rate * c * (states[t, i - 1] - 2.0 * c + states[t, i + 1])
    u_bar = 2.0 * states[steps]
    for t in range(steps - 1, -1, -1):
        new_bar = u_bar.copy()
        for i in range(1, n - 1):
            c, g = states[t, i], new_bar[i]
            k_bar = g * rate * c
            u_bar[i] += g * rate * (states[t, i - 1] - 2.0 * c + states[t, i + 1]) - 2.0 * k_bar
            u_bar[i - 1] += k_bar
            u_bar[i + 1] += k_bar
    return u_bar


def _rod_jax(jax, jnp):
    def fun(u, rate, steps):
        def step(u, _):
            return u.at[1:-1].add(rate * u[1:-1] * (u[:-2] - 2.0 * u[1:-1] + u[2:])), None

        return jnp.sum(jax.lax.scan(step, u, None, length=steps)[0] ** 2)

    return fun


def _rod_arguments(n, steps):
    return 1.0 + 0.1 * normal(n), 0.1, steps


def heat_1d(u, target, rate, steps):
    """Nonlinear heat equation on a line, in place: distance of the final state from a target."""
    u = u.copy()
    for _ in range(steps):
        k = 1.0 + u * u
        flux = 0.5 * (k[1:] + k[:-1]) * (u[1:] - u[:-1])
        u[1:-1] += rate * (flux[1:] - flux[:-1])
    return np.sum((u - target) ** 2)


def _heat_1d_jax(jax, jnp):
    def fun(u, target, rate, steps):
        def step(u, _):
            k = 1.0 + u * u
            flux = 0.5 * (k[1:] + k[:-1]) * (u[1:] - u[:-1])
            return u.at[1:-1].add(rate * (flux[1:] - flux[:-1])), None

        return jnp.sum((jax.lax.scan(step, u, None, length=steps)[0] - target) ** 2)

    return fun


def heat_1d_adjoint(u, target, rate, steps):
    """Gradient of `heat_1d` with respect to the initial state: every state is kept, the rest is recomputed."""
    states = np.empty((steps + 1, len(u)))
    states[0] = u
    for t in range(steps):
        u, new = states[t], states[t + 1]
        k = u * u
        k += 1.0
        mean = k[1:] + k[:-1]
        flux = u[1:] - u[:-1]
        flux *= mean
        flux *= 0.5
        step = np.subtract(flux[1:], flux[:-1], out=new[1:-1])
        step *= rate
        step += u[1:-1]
        new[0] = u[0]
        new[-1] = u[-1]
    u_bar = states[-1] - target
    u_bar *= 2.0
    half = 0.5 * rate
    inner_bar = np.zeros(len(u_bar))
    k_bar = np.empty(len(u_bar))
    for t in range(steps - 1, -1, -1):
        u = states[t]
        k = u * u
        k += 1.0
        mean = k[1:] + k[:-1]
        slope = u[1:] - u[:-1]
        np.multiply(u_bar[1:-1], half, out=inner_bar[1:-1])
        flux_bar = inner_bar[:-1] - inner_bar[1:]
        slope *= flux_bar
        mean *= flux_bar
        k_bar[0] = slope[0]
        np.add(slope[1:], slope[:-1], out=k_bar[1:-1])
        k_bar[-1] = slope[-1]
        k_bar *= u
        k_bar *= 2.0
        u_bar += k_bar
        u_bar[1:] += mean
        u_bar[:-1] -= mean
    return u_bar


def _heat_1d_arguments(n, steps):
    grid = np.linspace(0.0, 1.0, n)
    return np.sin(np.pi * grid) + 0.1 * normal(n), grid, 0.1, steps


def _fields(n, steps):
    return normal(n, n), normal(n, n, seed=1), normal(n, n, seed=2), steps


def _string(n, steps):
    return np.sin(np.linspace(0.0, 3.0, n)), 0.5 + 0.1 * normal(n), steps


PROGRAMS = (
    Problem(
        *("adi", "adi", {"loop": adi}),
        (
            Size("60 x 60, 10 steps", lambda: (normal(60, 60), 10)),
            Size("12 x 12, 4 steps", lambda: (normal(12, 12), 4), plain=("loop",), jit=False),
        ),
        lambda: (normal(5, 5), 2),
        peers={"jax": peers.in_jax(_adi_jax)},
    ),
    Problem(
        *("fdtd", "fdtd", {"array": fdtd}),
        (Size("100 x 100, 30 steps", lambda: _fields(100, 30), plain=("array",)),),
        lambda: _fields(4, 3),
        (0, 1, 2),
        peers={"jax": peers.in_jax(_fdtd_jax, (0, 1, 2))},
    ),
    Problem(
        *("heat_3d", "heat 3d", {"array": heat_3d}),
        (Size("24 x 24 x 24, 20 steps", lambda: (normal(24, 24, 24), 20), plain=("array",)),),
        lambda: (normal(4, 4, 4), 2),
        peers={"jax": peers.in_jax(_heat_3d_jax)},
    ),
    Problem(
        *("burgers", "burgers", {"array": burgers}),
        (Size("n = 1000, 100 steps", lambda: (0.5 * normal(1000), 100), plain=("array",)),),
        lambda: (0.5 * normal(6), 3),
        peers={"jax": peers.in_jax(_burgers_jax)},
    ),
    Problem(
        *("wave", "wave", {"loop": wave}),
        (
            Size("n = 1000, 100 steps", lambda: _string(1000, 100)),
            Size("n = 50, 10 steps", lambda: _string(50, 10), plain=("loop",), jit=False),
        ),
        lambda: _string(6, 4),
        (0, 1),
        peers={"jax": peers.in_jax(_wave_jax, (0, 1))},
    ),
    Problem(
        *("heat_1d", "heat 1d, nonlinear", {"array": heat_1d}),
        (Size("n = 10,000, 50 steps", lambda: _heat_1d_arguments(10_000, 50), plain=("array",)),),
        lambda: _heat_1d_arguments(6, 3),
        numpy_adjoint=heat_1d_adjoint,
        peers={"jax": peers.in_jax(_heat_1d_jax)},
    ),
    Problem(
        *("rod", "rod", {"loop": rod}),
        (
            Size("n = 10,000, 50 steps", lambda: _rod_arguments(10_000, 50)),
            Size("n = 50, 10 steps", lambda: _rod_arguments(50, 10), plain=("loop",), jit=False),
        ),
        lambda: _rod_arguments(6, 3),
        best={"states kept": rod_adjoint},
        peers={"jax": peers.in_jax(_rod_jax)},
    ),
)
