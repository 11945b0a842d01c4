"""Kernels of linear algebra, as textbooks write them: loops, in-place updates, triangles and pivots."""

from __future__ import annotations

import numpy as np

from programs import program, rand, signed


def spd(n: int, seed: int = 0) -> np.ndarray:
    """A symmetric matrix with positive eigenvalues."""
    a = signed(n, n, seed=seed)
    return a @ a.T + n * np.eye(n)


def dominant(n: int, seed: int = 0) -> np.ndarray:
    """A matrix that needs no pivots."""
    return signed(n, n, seed=seed) + n * np.eye(n)


@program(lambda: (dominant(4),), tags=("kernel",))
def kernel_lu(a):
    a = a.copy()
    n = len(a)
    for k in range(n - 1):
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
    return np.sum(np.log(np.abs(np.diag(a)))) + a[n - 1, 0] * a[0, n - 1]


@program(lambda: (spd(4),), tags=("kernel",))
def kernel_cholesky_in_place(a):
    a = a.copy()
    n = a.shape[0]
    for j in range(n):
        for k in range(j):
            a[j, j] -= a[j, k] ** 2
        a[j, j] = np.sqrt(a[j, j])
        for i in range(j + 1, n):
            for k in range(j):
                a[i, j] -= a[i, k] * a[j, k]
            a[i, j] /= a[j, j]
    total = 0.0
    for i in range(n):
        for j in range(i + 1):
            total += a[i, j] * (i + 2 * j + 1)
    return total


@program(lambda: (signed(5, 3),), tags=("kernel",))
def kernel_gram_schmidt(a):
    m, n = a.shape
    q = np.zeros((m, n))
    r = np.zeros((n, n))
    for k in range(n):
        v = a[:, k].copy()
        for j in range(k):
            r[j, k] = q[:, j] @ v
            v -= r[j, k] * q[:, j]
        r[k, k] = np.sqrt(np.sum(v * v))
        q[:, k] = v / r[k, k]
    return np.sum(np.triu(r) ** 2 * np.arange(1.0, n + 1.0)) + np.sum(q[0] * q[m - 1])


@program(lambda: (signed(4, 3),), tags=("kernel",))
def kernel_householder(a):
    r = a.copy()
    n = r.shape[1]
    for k in range(n):
        x = r[k:, k]
        v = x.copy()
        sign = 1.0 if x[0] >= 0.0 else -1.0
        v[0] += sign * np.linalg.norm(x)
        v /= np.linalg.norm(v)
        r[k:, k:] -= 2.0 * np.outer(v, v @ r[k:, k:])
    return np.sum(np.abs(np.diag(r))) + np.sum(np.triu(r[:n, :]) ** 3)


@program(lambda: (dominant(4), rand(4, seed=3)), argnums=(0, 1), tags=("kernel",))
def kernel_triangular_solves(a, b):
    x = b.copy()
    n = len(b)
    for i in range(n):
        for j in range(i):
            x[i] -= a[i, j] * x[j]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            x[i] -= a[i, j] * x[j]
        x[i] /= a[i, i]
    return np.sum(x**2)


@program(lambda: (dominant(4), rand(4, seed=3)), argnums=(0, 1), tags=("kernel",))
def kernel_gauss_with_pivots(a, b):
    a, b = a[::-1].copy(), b[::-1].copy()
    n = len(b)
    for k in range(n):
        p = k + int(np.argmax(np.abs(a[k:, k])))
        if p != k:
            a[[k, p]] = a[[p, k]]
            b[[k, p]] = b[[p, k]]
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            a[i, k:] -= factor * a[k, k:]
            b[i] -= factor * b[k]
    x = np.zeros(n)
    for i in reversed(range(n)):
        x[i] = (b[i] - a[i, i + 1 :] @ x[i + 1 :]) / a[i, i]
    return x @ x


@program(lambda: (spd(4), rand(4, seed=2)), argnums=(0, 1), tags=("kernel",))
def kernel_conjugate_gradients(a, b):
    x = np.zeros_like(b)
    r = b - a @ x
    p = r.copy()
    rs = r @ r
    for _ in range(3):
        ap = a @ p
        alpha = rs / (p @ ap)
        x += alpha * p
        r -= alpha * ap
        new = r @ r
        if np.sqrt(new) < 1e-12:
            break
        p *= new / rs
        p += r
        rs = new
    return np.sum(x * b) + np.sum(x**2)


@program(lambda: (spd(4), rand(4, seed=5)), argnums=(0, 1), tags=("kernel",))
def kernel_power_iteration(a, v):
    value = 0.0
    for _ in range(60):
        w = a @ v
        previous, value = value, v @ w / (v @ v)
        v = w / np.linalg.norm(w)
        if abs(value - previous) < 1e-3:
            break
    return value


@program(lambda: (0.3 * rand(5, seed=1),), tags=("kernel",))
def kernel_durbin(r):
    n = len(r)
    y, z = np.zeros(n), np.zeros(n)
    y[0] = -r[0]
    beta, alpha = 1.0, -r[0]
    for k in range(1, n):
        beta = (1.0 - alpha * alpha) * beta
        total = 0.0
        for i in range(k):
            total += r[k - i - 1] * y[i]
        alpha = -(r[k] + total) / beta
        for i in range(k):
            z[i] = y[i] + alpha * y[k - i - 1]
        for i in range(k):
            y[i] = z[i]
        y[k] = alpha
    return np.sum(y**2) + beta


@program(lambda: (spd(3),), tags=("kernel",))
def kernel_jacobi_rotations(a):
    a = a.copy()
    n = len(a)
    for _ in range(2):
        for p in range(n):
            for q in range(p + 1, n):
                theta = 0.5 * np.arctan2(2.0 * a[p, q], a[q, q] - a[p, p])
                c, s = np.cos(theta), np.sin(theta)
                for k in range(n):
                    left, right = a[k, p], a[k, q]
                    a[k, p] = c * left - s * right
                    a[k, q] = s * left + c * right
                for k in range(n):
                    left, right = a[p, k], a[q, k]
                    a[p, k] = c * left - s * right
                    a[q, k] = s * left + c * right
    return np.sum(np.diag(a) ** 3)


@program(lambda: (dominant(3), signed(3, 3, seed=1)), argnums=(0, 1), tags=("kernel",))
def kernel_gemm_then_trmm(a, b):
    n = len(a)
    c = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            c[i, j] *= 0.5
            for k in range(n):
                c[i, j] += 1.5 * a[i, k] * b[k, j]
    for i in range(n):
        for j in range(n):
            for k in range(i + 1, n):
                c[i, j] += a[k, i] * c[k, j]
            c[i, j] = 0.8 * c[i, j]
    return np.sum(c**2)


@program(lambda: (signed(4, 4),), tags=("kernel",))
def kernel_matrix_exponential(a):
    a = a / 4.0
    result = np.eye(4)
    term = np.eye(4)
    for k in range(1, 10):
        term = term @ a / k
        result += term
    for _ in range(2):
        result = result @ result
    return np.trace(result) + result[0, 3] ** 2
