"""Kernels on grids and in time, and of signal processing, as people write them: stencils, solvers, filters."""

from __future__ import annotations

import numpy as np

from programs import program, rand, signed


@program(lambda: (rand(7), 0.3), argnums=(0, 1), tags=("kernel",))
def kernel_heat(u, r):
    u = u.copy()
    new = np.zeros_like(u)
    for _ in range(4):
        for i in range(1, len(u) - 1):
            new[i] = u[i] + r * (u[i - 1] - 2.0 * u[i] + u[i + 1])
        new[0], new[-1] = u[0], u[-1]
        u, new = new, u
    return np.sum(u**2)


@program(lambda: (rand(7), 0.4), argnums=(0, 1), tags=("kernel",))
def kernel_wave(u, c):
    old, now = u.copy(), u.copy()
    for _ in range(4):
        new = now.copy()
        new[1:-1] = 2.0 * now[1:-1] - old[1:-1] + c * c * (now[2:] - 2.0 * now[1:-1] + now[:-2])
        new[0] = new[-1] = 0.0
        old, now = now, new
    return np.sum(now**2) + np.sum(now * old)


@program(lambda: (rand(8), 0.1), argnums=(0, 1), tags=("kernel",))
def kernel_burgers(u, dt):
    u = u.copy()
    for _ in range(4):
        flux = 0.5 * u**2
        u[1:] -= dt * (flux[1:] - flux[:-1])
        u[1:-1] += 0.05 * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u**3)


@program(lambda: (rand(8), 0.5), argnums=(0, 1), tags=("kernel",))
def kernel_lax_wendroff(u, c):
    u = u.copy()
    for _ in range(3):
        left, right = np.roll(u, 1), np.roll(u, -1)
        u[:] = u - 0.5 * c * (right - left) + 0.5 * c**2 * (right - 2.0 * u + left)
        u *= 1.0 + 0.01 * np.sin(u)
    return np.sum(u * np.arange(8.0))


@program(lambda: (rand(8), rand(8, seed=1)), argnums=(0, 1), tags=("kernel",))
def kernel_fdtd_line(e, eps):
    e, h = e.copy(), np.zeros(len(e))
    for t in range(5):
        h[:-1] += 0.5 * (e[1:] - e[:-1])
        e[1:] += 0.5 * (h[1:] - h[:-1]) / eps[1:]
        e[3] += np.exp(-((t - 2.0) ** 2))
    return np.sum(e**2) + np.sum(h**2)


@program(lambda: (rand(4, 5),), tags=("kernel",))
def kernel_fdtd_plane(hz):
    hz = hz.copy()
    nx, ny = hz.shape
    ex, ey = np.zeros((nx, ny)), np.zeros((nx, ny))
    for t in range(3):
        for j in range(ny):
            ey[0, j] = t
        for i in range(1, nx):
            for j in range(ny):
                ey[i, j] -= 0.5 * (hz[i, j] - hz[i - 1, j])
        for i in range(nx):
            for j in range(1, ny):
                ex[i, j] -= 0.5 * (hz[i, j] - hz[i, j - 1])
        for i in range(nx - 1):
            for j in range(ny - 1):
                hz[i, j] -= 0.7 * (ex[i, j + 1] - ex[i, j] + ey[i + 1, j] - ey[i, j])
    return np.sum(hz**2) + np.sum(ex * ey)


@program(lambda: (rand(5, 5),), tags=("kernel",))
def kernel_adi(u):
    u = u.copy()
    n = len(u)
    v, p, q = np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n))
    for _ in range(2):
        for source, target in ((u, v), (v, u)):
            for i in range(1, n - 1):
                target[0, i] = 1.0
                p[i, 0], q[i, 0] = 0.0, target[0, i]
                for j in range(1, n - 1):
                    p[i, j] = 0.3 / (1.6 - 0.3 * p[i, j - 1])
                    inner = 0.3 * source[j, i - 1] + 0.4 * source[j, i] + 0.3 * source[j, i + 1]
                    q[i, j] = (inner + 0.3 * q[i, j - 1]) / (1.6 - 0.3 * p[i, j - 1])
                target[n - 1, i] = 1.0
                for j in range(n - 2, 0, -1):
                    target[j, i] = p[i, j] * target[j + 1, i] + q[i, j]
    return np.sum(u**2) + np.sum(v)


@program(lambda: (rand(5), rand(5, seed=1), rand(5, seed=2)), argnums=(0, 1, 2), tags=("kernel",))
def kernel_thomas(lower, diagonal, rhs):
    n = len(rhs)
    c, d = np.zeros(n), np.zeros(n)
    b = diagonal + 3.0
    c[0] = lower[0] / b[0]
    d[0] = rhs[0] / b[0]
    for i in range(1, n):
        m = b[i] - lower[i] * c[i - 1]
        c[i] = lower[i] / m
        d[i] = (rhs[i] - lower[i] * d[i - 1]) / m
    x = d.copy()
    for i in range(n - 2, -1, -1):
        x[i] -= c[i] * x[i + 1]
    return np.sum(x**2)


@program(lambda: (rand(4, 4), rand(4, 4, seed=1)), argnums=(0, 1), tags=("kernel",))
def kernel_gauss_seidel(u, f):
    u = u.copy()
    n, m = u.shape
    for _ in range(20):
        change = 0.0
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                old = u[i, j]
                u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - f[i, j] * old)
                change = max(change, abs(u[i, j] - old))
        if change < 1e-2:
            break
    return np.sum(u**2)


def smooth(u, f, sweeps):
    for _ in range(sweeps):
        u[1:-1] += 0.6 * (f[1:-1] - (2.0 * u[1:-1] - u[:-2] - u[2:])) / 2.0
    return u


def v_cycle(u, f):
    n = len(u)
    if n <= 3:
        u[1] = f[1] / 2.0
        return u
    u = smooth(u, f, 2)
    residual = np.zeros(n)
    residual[1:-1] = f[1:-1] - (2.0 * u[1:-1] - u[:-2] - u[2:])
    coarse = np.zeros((n + 1) // 2)
    coarse[1:-1] = residual[1:-3:2] + 2.0 * residual[2:-2:2] + residual[3:-1:2]
    error = v_cycle(np.zeros(len(coarse)), coarse)
    u[::2] += error
    u[1::2] += 0.5 * (error[:-1] + error[1:])
    return smooth(u, f, 2)


@program(lambda: (rand(9), rand(9, seed=1)), argnums=(0, 1), tags=("kernel",))
def kernel_v_cycle(u, f):
    u = u.copy()
    for _ in range(2):
        u = v_cycle(u, f * np.tanh(f))
    return np.sum(u**2)


@program(lambda: (rand(3), rand(2, seed=1)), argnums=(0, 1), tags=("kernel",))
def kernel_runge_kutta(y, k):
    def slope(y):
        out = np.zeros(3)
        out[0] = -k[0] * y[0] + k[1] * y[1] * y[2]
        out[2] = 0.3 * y[1] ** 2
        out[1] = -out[0] - out[2]
        return out

    h = 0.1
    for _ in range(5):
        k1 = slope(y)
        k2 = slope(y + 0.5 * h * k1)
        k3 = slope(y + 0.5 * h * k2)
        k4 = slope(y + h * k3)
        y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return np.sum(y * np.array([1.0, 2.0, 3.0]))


@program(lambda: (rand(2),), tags=("kernel",))
def kernel_newton_system(p):
    x = np.array([1.0, 1.0])
    for _ in range(20):
        f = np.array([x[0] ** 2 + x[1] ** 2 - 2.0 - p[0], x[0] * x[1] - p[1]])
        if np.linalg.norm(f) < 1e-12:
            break
        jac = np.empty((2, 2))
        jac[0, 0], jac[0, 1] = 2.0 * x[0], 2.0 * x[1]
        jac[1, 0], jac[1, 1] = x[1] + 0.5, x[0]
        x = x - np.linalg.solve(jac, f)
    return x[0] ** 2 * x[1]


# Signals


@program(lambda: (rand(8),), tags=("kernel",))
def kernel_fft_in_place(x):
    n = len(x)
    re, im = x.copy(), np.zeros(n)
    j = 0
    for i in range(1, n):
        bit = n >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j |= bit
        if i < j:
            re[i], re[j] = re[j], re[i]
            im[i], im[j] = im[j], im[i]
    size = 2
    while size <= n:
        for start in range(0, n, size):
            for k in range(size // 2):
                angle = -2.0 * np.pi * k / size
                c, s = np.cos(angle), np.sin(angle)
                a, b = start + k, start + k + size // 2
                tr = c * re[b] - s * im[b]
                ti = c * im[b] + s * re[b]
                re[b], im[b] = re[a] - tr, im[a] - ti
                re[a], im[a] = re[a] + tr, im[a] + ti
        size *= 2
    power = re**2 + im**2
    return np.sum(np.sqrt(power[1:4])) + np.sum(np.log1p(power))


@program(lambda: (signed(8), signed(3, seed=1)), argnums=(0, 1), tags=("kernel",))
def kernel_convolution(x, w):
    n, k = len(x), len(w)
    y = np.zeros(n + k - 1)
    for i in range(n):
        for j in range(k):
            y[i + j] += x[i] * w[j]
    return np.sum(np.tanh(y) ** 2)


@program(lambda: (signed(8), 0.4 * signed(3, seed=1), 0.3 * signed(2, seed=2)), argnums=(0, 1, 2), tags=("kernel",))
def kernel_iir_filter(x, b, a):
    y = np.zeros_like(x)
    for n in range(len(x)):
        for k in range(len(b)):
            if n >= k:
                y[n] += b[k] * x[n - k]
        for k in range(len(a)):
            if n > k:
                y[n] -= a[k] * y[n - k - 1]
    return np.sum(y**2)


@program(lambda: (signed(6), 0.3, 0.5), argnums=(0, 1, 2), tags=("kernel",))
def kernel_kalman(z, q, r):
    f = np.array([[1.0, 0.1], [0.0, 1.0]])
    h = np.array([1.0, 0.0])
    x, p = np.zeros(2), np.eye(2)
    loglik = 0.0
    for k in range(len(z)):
        x = f @ x
        p = f @ p @ f.T
        p[1, 1] += q
        s = h @ p @ h + r
        gain = p @ h / s
        innovation = z[k] - h @ x
        x += gain * innovation
        p -= np.outer(gain, h @ p)
        loglik -= 0.5 * (innovation**2 / s + np.log(s))
    return loglik


@program(lambda: (rand(3, 3), rand(3, 2, seed=1)), argnums=(0, 1), tags=("kernel",))
def kernel_hidden_markov(a, b):
    a = a / a.sum(axis=1, keepdims=True)
    b = b / b.sum(axis=1, keepdims=True)
    observed = [0, 1, 1, 0, 1]
    alpha = b[:, observed[0]] / 3.0
    loglik = 0.0
    for t in range(1, len(observed)):
        scale = alpha.sum()
        loglik += np.log(scale)
        new = np.zeros(3)
        for j in range(3):
            for i in range(3):
                new[j] += alpha[i] / scale * a[i, j]
            new[j] *= b[j, observed[t]]
        alpha = new
    return loglik + np.log(alpha.sum())


@program(lambda: (signed(3, 3), signed(5, 3, seed=1)), argnums=(0, 1), tags=("kernel",))
def kernel_soft_viterbi(transitions, emissions):
    score = emissions[0].copy()
    for t in range(1, len(emissions)):
        paths = score[:, None] + transitions
        top = paths.max(axis=0)
        score[:] = top + np.log(np.sum(np.exp(paths - top), axis=0)) + emissions[t]
    top = np.max(score)
    return top + np.log(np.sum(np.exp(score - top)))


@program(lambda: (signed(4, 3), signed(3, 6, seed=1)), argnums=(0, 1), tags=("kernel",))
def kernel_attention(x, w):
    qk = x @ w
    q, k = qk[:, :3], qk[:, 3:]
    n = len(x)
    out = np.zeros_like(x)
    for i in range(n):
        logits = np.full(n, -np.inf)
        for j in range(i + 1):
            logits[j] = q[i] @ k[j] / np.sqrt(3.0)
        weights = np.exp(logits[: i + 1] - np.max(logits[: i + 1]))
        weights /= np.sum(weights)
        out[i] = weights @ x[: i + 1]
    return np.sum(out**2)


@program(lambda: (0.5 * signed(12, 5), 0.5 * signed(4, 2, seed=1)), argnums=(0, 1), tags=("kernel",))
def kernel_lstm(w, xs):
    def sigmoid(t):
        return 1.0 / (1.0 + np.exp(-t))

    h, c = np.zeros(3), np.zeros(3)
    states = np.zeros((len(xs), 3))
    for t in range(len(xs)):
        gates = w @ np.concatenate([xs[t], h])
        i, f, g = sigmoid(gates[:3]), sigmoid(gates[3:6] + 1.0), np.tanh(gates[6:9])
        c = f * c + i * g
        h = sigmoid(gates[9:]) * np.tanh(c)
        states[t] = h
    return np.sum(states**2)
