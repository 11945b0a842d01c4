"""Differences of neighbours, sums of shifted slices, sweeps in place: arrays read and written through slices."""

from __future__ import annotations

import numpy as np

from . import program, rand, signed


def nonlinear_heat(u, n):
    for _ in range(n):
        k = 1.0 + u * u
        flux = 0.5 * (k[1:] + k[:-1]) * (u[1:] - u[:-1])
        u[1:-1] += 0.1 * (flux[1:] - flux[:-1])
    return np.sum(u**3)


@program(lambda: (signed(7), signed(4), 3), argnums=(0, 1), tags=("stencil", "write"))
def nonlinear_heat_on_two_rods(u, v, n):
    return nonlinear_heat(u, n) + nonlinear_heat(v, n)


@program(lambda: (signed(3), signed(2), signed(1), 3), argnums=(0, 1, 2), tags=("stencil", "short", "write"))
def nonlinear_heat_on_short_rods(u, v, w, n):
    return nonlinear_heat(u, n) + nonlinear_heat(v, n) + nonlinear_heat(w, n)


@program(lambda: (rand(0), rand(3), 3), argnums=(0, 1), tags=("stencil", "empty", "write"))
def nonlinear_heat_on_no_rod(u, v, n):
    return nonlinear_heat(u, n) + nonlinear_heat(v, n)


@program(lambda: (rand(4, 5), 0.2, 2), argnums=(0, 1), tags=("stencil", "2-D", "write"))
def heat_on_a_plate(u, rate, n):
    for _ in range(n):
        lap = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1]
        u[1:-1, 1:-1] += rate * lap * u[1:-1, 1:-1]
    return np.sum(u**2)


@program(lambda: (rand(2, 4), 0.2, 2), argnums=(0, 1), tags=("stencil", "2-D", "write"))
def plate_without_interior(u, rate, n):
    for _ in range(n):
        k = np.exp(u)
        u[1:-1, 1:-1] += rate * (k[2:, 1:-1] + k[:-2, 1:-1] - 2.0 * k[1:-1, 1:-1])
    return np.sum(u**2)


@program(lambda: (rand(6), 0.1, 3), argnums=(0, 1), tags=("stencil", "write"))
def burgers(u, dt, n):
    for _ in range(n):
        flux = 0.5 * u * u
        u[1:] -= dt * (flux[1:] - flux[:-1])
    return np.sum(u**2)


@program(lambda: (rand(9), rand(9, seed=1), 2), argnums=(0, 1), tags=("stencil", "strided", "write"))
def red_black_sweeps(u, f, n):
    for _ in range(n):
        u[1:-1:2] = 0.5 * (u[:-2:2] + u[2::2] + f[1:-1:2])
        u[2:-1:2] = 0.5 * (u[1:-2:2] + u[3::2] * u[1:-2:2] + f[2:-1:2])
    return np.sum(u**3)


@program(lambda: (rand(8), rand(3, seed=1), 2), argnums=(0, 1), tags=("stencil", "broadcast", "write"))
def red_black_sweeps_with_one_source(u, f, n):
    for _ in range(n):
        u[1:-1:2] = 0.5 * (u[:-2:2] * u[2::2] + f[1:-1:2])
        u[2:-1:2] = 0.5 * (u[1:-2:2] + u[3::2] + f[1:-1:2] ** 2)
    return np.sum(u**3)


def _shallow(h, u, dt, n):
    for _ in range(n):
        u[1:-1] -= dt * (h[1:] - h[:-1])
        flux = u[1:-1] * 0.5 * (h[1:] + h[:-1])
        h[1:-1] -= dt * (flux[1:] - flux[:-1])
    return np.sum(h**2) + np.sum(u**3)


@program(lambda: (rand(6), rand(7, seed=1), 0.1, 2), argnums=(0, 1, 2), tags=("stencil", "write"))
def shallow_water(h, u, dt, n):
    return _shallow(h, u, dt, n)


@program(lambda: (rand(2), rand(6, seed=1), 0.1, 1), argnums=(0, 1), tags=("stencil", "broadcast", "write"))
def shallow_water_that_broadcasts(h, u, dt, n):
    u[1:-1] -= dt * (h[1:] - h[:-1])
    flux = u[1:-1] * 0.5 * (h[1:] + h[:-1])
    return np.sum(flux**2)


def _wave(u, c, n):
    prev = u.copy()
    cur = u.copy()
    for _ in range(n):
        new = np.zeros_like(cur)
        new[1:-1] = 2.0 * cur[1:-1] - prev[1:-1] + c[1:-1] ** 2 * (cur[2:] - 2.0 * cur[1:-1] + cur[:-2])
        prev, cur = cur, new
    return np.sum(cur**2)


@program(lambda: (rand(6), rand(6, seed=1), 3), argnums=(0, 1), tags=("stencil", "swap", "write"))
def wave(u, c, n):
    return _wave(u, c, n)


@program(lambda: (rand(6), rand(3, seed=1), 3), argnums=(0, 1), tags=("stencil", "swap", "broadcast", "write"))
def wave_at_one_speed(u, c, n):
    return _wave(u, c, n)


@program(lambda: (rand(8), rand(3, seed=1)), argnums=(0, 1), tags=("stencil", "for", "write"))
def convolution_by_slices(x, w):
    m = len(x) - len(w) + 1
    out = np.zeros(m)
    for k in range(len(w)):
        out += w[k] * x[k : k + m]
    return np.sum(np.tanh(out) ** 2)


@program(lambda: (rand(4, 5), rand(4, 5, seed=1)), argnums=(0, 1), tags=("stencil", "2-D"))
def total_variation(im, noisy):
    gx = im[1:, :-1] - im[:-1, :-1]
    gy = im[:-1, 1:] - im[:-1, :-1]
    return np.sum(np.sqrt(gx**2 + gy**2 + 1e-2)) + 0.5 * np.sum((im - noisy) ** 2)


@program(lambda: (rand(4, 5), 3), tags=("stencil", "2-D", "pad"))
def diffusion_with_padding(im, n):
    for _ in range(n):
        p = np.pad(im, 1)
        lap = p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2] - 4.0 * p[1:-1, 1:-1]
        im = im + 0.1 * lap * np.exp(-im)
    return np.sum(im)


@program(lambda: (rand(6), 2), tags=("stencil",))
def shadows_of_odd_slices(x, n):
    total = 0.0
    for _ in range(n):
        y = np.sin(x)
        total = total + np.sum(y[-3:-1] ** 2) + np.sum(y[2:100] * 2.0) - np.sum(y[5:2] ** 2)
        z = np.cos(x)
        total = total - np.sum(z[4:1:-1] ** 3) + np.sum(z[::-1] * x) - np.sum(z[::2] ** 2)
        w = x * x
        total = total - np.sum(w[:-20] ** 2) - np.sum(w[-20:3] ** 2)
        x = x * 0.9
    return total


@program(lambda: (np.float32(rand(5)), np.float32(rand(5, seed=1)), 2), argnums=(0, 1), tags=("stencil", "float32"))
def single_precision_differences(x, y, n):
    for _ in range(n):
        k = x * x
        d = 0.5 * (k[1:] - k[:-1])
        x = x - 0.1 * y
        x[1:] += 0.25 * d
    return np.sum(x)


@program(lambda: (rand(6), 3), tags=("stencil", "constants"))
def constant_factors_around_slices(x, n):
    total = 0.0
    for _ in range(n):
        k = 3.0 * x
        a = 0.5 * (k[1:] + k[:-1])
        m = 2.0 * x
        b = 0.25 * m[1:] - m[:-1]
        q = 4.0 * np.sin(x)
        c = (q[1:] - q[:-1]) * 0.25
        total = total + np.sum(a * a) - np.sum(b**3) + np.sum(c * c) + np.sum(q) * 0.1
        x = x * 0.8
    return total


@program(lambda: (rand(6), rand(6, seed=1), 2), argnums=(0, 1), tags=("stencil", "alias", "write"))
def views_of_overwritten_states(u, w, n):
    total = 0.0
    for _ in range(n):
        inner = u[1:-1]
        total = total + np.sum(u * u * w)
        u[2:] = u[:-2] * w[2:]
        total = total + np.sum(inner * inner * 0.5)
        u[:-1] *= w[1:]
        total = total - np.sum(inner * inner * inner) + np.sum(u[1:] * u[:-1])
    return total


@program(lambda: (rand(5), rand(5, seed=1), 3), argnums=(0, 1), tags=("stencil", "branch", "write"))
def states_copied_in_branches(u, w, n):
    total = 0.0
    for k in range(n):
        if k % 2 == 0:
            total = total + np.sum(u * u * w)
            u[1:] += 0.1 * u[:-1] * u[:-1]
        else:
            total = total + np.sum(u[1:] * u[1:] * u[:-1])
        u[:-1] -= 0.2 * np.sin(u[1:])
        if total > 40.0:
            break
    return total + np.sum(u)


@program(lambda: (rand(4), rand(4, seed=1)), argnums=(0, 1), tags=("write", "alias"))
def first_writes_to_new_memory(x, y):
    a = np.zeros(4)
    a[:] = x * y
    a[1:] = a[:-1] * y[1:]
    b = np.zeros_like(x)
    view = b[1:]
    b[0] = x[0] * y[0]
    view[0] = x[1] * y[1]
    b[1] = b[1] * x[2]
    c = np.empty(4)
    c[:2] = x[:2] * a[2:]
    c[2:] = y[2:] * b[:2]
    d = a
    a = np.zeros(4)
    a[1:-1] = d[1:-1] * c[1:-1]
    return np.sum(a * d) + np.sum(b**2) + np.sum(c**3)


@program(lambda: (rand(4), 3), tags=("write", "loop"))
def first_writes_in_a_loop(x, n):
    outer = np.zeros(4)
    for _ in range(n):
        new = np.zeros(4)
        outer[1:] = x[1:] * x[:-1]
        new[1:] = outer[1:] * x[:-1]
        outer = new
        x = x + 0.1 * outer
    return np.sum(x**2) + np.sum(outer)


@program(lambda: (signed(5), rand(5, seed=1)), argnums=(0, 1), tags=("signs", "write"))
def signs_of_cotangents(x, y):
    a = x - y * y
    b = -(a * 3.0) - x
    c = y - b / x
    d = a.copy()
    d[1:] -= c[:-1] * d[:-1]
    e = -d
    e[0] = -e[1] * y[0]
    return np.sum(-e * a) - np.sum(c - e * b) + np.sum(-(0.0 - x))


@program(lambda: (rand(5), rand(5, seed=1), 2), argnums=(0, 1), tags=("signs", "loop", "write"))
def signs_in_a_sweep(u, w, n):
    for _ in range(n):
        t = -u[1:] * w[1:]
        u[:-1] += t
        u[1:] -= t * 2.0
        w = w - (u - w) * u
    return np.sum(u * w)


@program(lambda: (rand(5), 0.7), argnums=(0, 1), tags=("squares", "write"))
def squares_with_a_factor(u, c):
    a = c * u * u
    t = 0.5 * u
    u[0] = 3.0 * u[1]
    b = t * u
    s = u * 2.0
    d = u * s + s
    e = u * (u * 0.5)
    return np.sum(a) + np.sum(b * d) + np.sum(e)


@program(lambda: (0.6, 1.3), argnums=(0, 1), tags=("squares", "scalars"))
def squares_of_numbers(x, c):
    return 0.5 * x * x + c * x * x - x * (2 * x)


@program(lambda: (rand(3), 0.7), argnums=(0, 1), tags=("regression", "write"))
def factor_of_one_in_a_sum(x, c):
    y = np.sin(x)
    z = np.cos(x)
    out = x.copy()
    out *= 3.0
    t = 1.0 * y
    out += t
    out *= c
    s = z / 1
    out += s
    return np.sum(out * out)


@program(lambda: (rand(5), 3), tags=("tape", "shapes"))
def shapes_of_what_is_not_kept(x, n):
    for _ in range(n):
        t = np.exp(x)
        a = np.sum(t[1:] + t[:-1])
        m = np.outer(x, x)
        b = np.sum(m[0] * m[:, 1])
        v = np.array([a, b, 1.0]) @ np.ones((3, 2))
        x = x * 0.5 + 0.001 * v[0] * v[1]
    return np.sum(x)


@program(lambda: (rand(5), 3), tags=("identity", "write"))
def update_of_itself(u, n):
    for k in range(n):
        u[1:-1] = u[1:-1] + 0.1 * u[2:] * u[:-2]
        u[0] = u[0] + 0.5 * u[1]
        u[k] = u[k] * 1.0
        u[:] = u
    return np.sum(u**2)
