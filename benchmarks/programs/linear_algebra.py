"""Factorisations and products."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from benchmarks import peers
from benchmarks.compiled import compiled
from benchmarks.programs.making import by_arrays, by_loop, normal, positive


def dominant(n):
    """A matrix that needs no pivots."""
    return normal(n, n) + n * np.eye(n)


def lu(a):
    """Logarithm of the determinant by elimination in place."""
    a = a.copy()
    n = a.shape[0]
    for k in range(n - 1):
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
    total = 0.0
    for k in range(n):
        total += math.log(abs(a[k, k]))
    return total


@compiled(error_model="numpy")
def lu_adjoint(a):
    """No tape: on the way back every step needs rows and columns that are final by then."""
    a = a.copy()
    n = a.shape[0]
    for k in range(n - 1):
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
    a_bar = np.zeros((n, n))
    for k in range(n):
        a_bar[k, k] = 1.0 / a[k, k]
    for k in range(n - 2, -1, -1):
        for i in range(k + 1, n):
            factor_bar = a_bar[i, k]
            for j in range(k + 1, n):
                factor_bar -= a_bar[i, j] * a[k, j]
                a_bar[k, j] -= a_bar[i, j] * a[i, k]
            factor_bar /= a[k, k]
            a_bar[k, k] -= factor_bar * a[i, k]
            a_bar[i, k] = factor_bar
    return a_bar


def _lu_jax(jax, jnp):
    def fun(a):
        index = jnp.arange(len(a))

        def step(k, a):
            column = jnp.where(index > k, a[:, k] / a[k, k], 0.0)
            return a - jnp.outer(column, jnp.where(index > k, a[k], 0.0))

        a = jax.lax.fori_loop(0, len(a) - 1, step, a)
        return jnp.sum(jnp.log(jnp.abs(jnp.diag(a))))

    return fun


def cholesky(a):
    """Sum of a Cholesky factor, row by row."""
    n = a.shape[0]
    lower = np.zeros((n, n))
    total = 0.0
    for i in range(n):
        for j in range(i):
            s = a[i, j]
            for k in range(j):
                s -= lower[i, k] * lower[j, k]
            lower[i, j] = s / lower[j, j]
            total += lower[i, j]
        s = a[i, i]
        for k in range(i):
            s -= lower[i, k] * lower[i, k]
        lower[i, i] = math.sqrt(s)
        total += lower[i, i]
    return total


@compiled(error_model="numpy")
def cholesky_adjoint(a):
    """No tape: every element of the factor is written once."""
    n = a.shape[0]
    lower = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = a[i, j]
            for k in range(j):
                s -= lower[i, k] * lower[j, k]
            lower[i, j] = math.sqrt(s) if i == j else s / lower[j, j]
    a_bar = np.zeros((n, n))
    lower_bar = np.ones((n, n))
    for i in range(n - 1, -1, -1):
        s_bar = 0.5 * lower_bar[i, i] / lower[i, i]
        a_bar[i, i] = s_bar
        for k in range(i):
            lower_bar[i, k] -= 2.0 * s_bar * lower[i, k]
        for j in range(i - 1, -1, -1):
            s_bar = lower_bar[i, j] / lower[j, j]
            lower_bar[j, j] -= s_bar * lower[i, j]
            a_bar[i, j] = s_bar
            for k in range(j):
                lower_bar[j, k] -= s_bar * lower[i, k]
                lower_bar[i, k] -= s_bar * lower[j, k]
    return a_bar


def _cholesky_jax(jax, jnp):
    # Its own derivative is that of both triangles; the program reads one.
    return lambda a: jnp.sum(jnp.linalg.cholesky(jnp.tril(a) + jnp.tril(a, -1).T))


def gram_schmidt(a):
    """A weighted sum of the factors of a QR decomposition by orthogonalisation."""
    m, n = a.shape
    q = np.zeros((m, n))
    total = 0.0
    for k in range(n):
        v = a[:, k].copy()
        for j in range(k):
            r = 0.0
            for i in range(m):
                r += q[i, j] * v[i]
            for i in range(m):
                v[i] -= r * q[i, j]
            total += r
        norm = 0.0
        for i in range(m):
            norm += v[i] * v[i]
        norm = math.sqrt(norm)
        for i in range(m):
            q[i, k] = v[i] / norm
        total += norm
    return total


def _gram_schmidt_jax(jax, jnp):
    def fun(a):
        n = a.shape[1]

        def column(carry, k):
            q, total = carry

            def against(v_total, j):
                v, total = v_total
                r = jnp.where(j < k, q[:, j] @ v, 0.0)
                return (v - r * q[:, j], total + r), None

            (v, total), _ = jax.lax.scan(against, (a[:, k], total), jnp.arange(n))
            norm = jnp.sqrt(v @ v)
            return (q.at[:, k].set(v / norm), total + norm), None

        (_, total), _ = jax.lax.scan(column, (jnp.zeros_like(a), 0.0), jnp.arange(n))
        return total

    return fun


def gemver(a, u, v, y, z):
    """Two outer products added, two products with vectors (PolyBench's gemver)."""
    changed = a + np.outer(u, v) + np.outer(v, u)
    x = 1.2 * (y @ changed) + z
    w = 1.5 * (changed @ x)
    return np.sum(w * w)


def three_products(a, b, c, d):
    """Products of four matrices (PolyBench's 3mm)."""
    return np.sum(((a @ b) @ (c @ d)) ** 2)


def _matrices(*sizes):
    return tuple(normal(m, n, seed=k) / n for k, (m, n) in enumerate(pairwise(sizes)))


def _gemver_arguments(n):
    return (normal(n, n) / n, *(normal(n, seed=k) for k in range(1, 5)))


PROGRAMS = (
    by_loop("lu", lu, lambda n: (dominant(n),), 100, 20, 5, peers.in_jax(_lu_jax), best=lu_adjoint),
    by_loop(
        *("cholesky", cholesky, lambda n: (positive(n),), 100, 20, 5),
        peers.in_jax(_cholesky_jax),
        best=cholesky_adjoint,
    ),
    by_loop("gram_schmidt", gram_schmidt, lambda n: (normal(2 * n, n),), 50, 12, 3, peers.in_jax(_gram_schmidt_jax)),
    by_arrays(
        *("gemver", gemver, "n = 400", lambda: _gemver_arguments(400), lambda: _gemver_arguments(4)),
        argnums=(0, 1, 2, 3, 4),
    ),
    by_arrays(
        *("three_products", three_products, "150 to 250"),
        *(lambda: _matrices(180, 200, 150, 250, 220), lambda: _matrices(3, 2, 4, 3, 2)),
        argnums=(0, 1, 2, 3),
    ),
)
