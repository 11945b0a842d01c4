"""Gauss-Seidel on a square, in place (PolyBench's seidel-2d): every point needs the one before it."""

from __future__ import annotations

import numpy as np

from benchmarks import peers
from benchmarks.compiled import compiled
from benchmarks.problem import Problem, Size, Unfit


def seidel(a, steps):
    """By loops; there is no array form."""
    n = a.shape[0]
    a = a.copy()
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                a[i, j] = (
                    a[i - 1, j - 1]
                    + a[i - 1, j]
                    + a[i - 1, j + 1]
                    + a[i, j - 1]
                    + a[i, j]
                    + a[i, j + 1]
                    + a[i + 1, j - 1]
                    + a[i + 1, j]
                    + a[i + 1, j + 1]
                ) / 9.0
    return np.sum(a * a)


@compiled
def _sweeps(a, steps):
    n = a.shape[0]
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                a[i, j] = (
                    a[i - 1, j - 1]
                    + a[i - 1, j]
                    + a[i - 1, j + 1]
                    + a[i, j - 1]
                    + a[i, j]
                    + a[i, j + 1]
                    + a[i + 1, j - 1]
                    + a[i + 1, j]
                    + a[i + 1, j + 1]
                ) / 9.0


@compiled
def adjoint(a, steps):
    """No tape; each point scatters its cotangent."""
    n = a.shape[0]
    a = a.copy()
    _sweeps(a, steps)
    a_bar = 2.0 * a
    for _ in range(steps):
        for i in range(n - 2, 0, -1):
            for j in range(n - 2, 0, -1):
                c = a_bar[i, j] / 9.0
                a_bar[i, j] = 0.0
                a_bar[i - 1, j - 1] += c
                a_bar[i - 1, j] += c
                a_bar[i - 1, j + 1] += c
                a_bar[i, j - 1] += c
                a_bar[i, j] += c
                a_bar[i, j + 1] += c
                a_bar[i + 1, j - 1] += c
                a_bar[i + 1, j] += c
                a_bar[i + 1, j + 1] += c
    return a_bar


@compiled
def adjoint_by_sweeps(a, steps):
    """Shares of points, instead of their cotangents: a sweep back is then a sweep in the opposite direction.

    `share` is what a point sent to each of its neighbours when it was last swept over. Before a point is reached its
    neighbours have their old shares on one side, and their new ones on the other, as in the sweep itself. In both
    directions all that does not depend on the point before is added up first, a row at a time, and vectorised.
    """
    n = a.shape[0]
    a = a.copy()
    row = np.empty(n)
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                above = a[i - 1, j - 1] + a[i - 1, j] + a[i - 1, j + 1]
                below = a[i + 1, j - 1] + a[i + 1, j] + a[i + 1, j + 1]
                row[j] = (above + below + (a[i, j] + a[i, j + 1])) * (1.0 / 9.0)
            left = a[i, 0]
            for j in range(1, n - 1):
                left = row[j] + left * (1.0 / 9.0)
                a[i, j] = left
    a_bar = 2.0 * a
    share = np.zeros((n, n))
    for t in range(steps):
        for i in range(n - 2, 0, -1):
            if t == 0:
                for j in range(1, n - 1):
                    below = share[i + 1, j - 1] + share[i + 1, j] + share[i + 1, j + 1]
                    row[j] = (a_bar[i, j] + below) * (1.0 / 9.0)
            else:
                for j in range(1, n - 1):
                    above = share[i - 1, j - 1] + share[i - 1, j] + share[i - 1, j + 1]
                    below = share[i + 1, j - 1] + share[i + 1, j] + share[i + 1, j + 1]
                    row[j] = (above + below + (share[i, j] + share[i, j - 1])) * (1.0 / 9.0)
            right = 0.0
            for j in range(n - 2, 0, -1):
                right = row[j] + right * (1.0 / 9.0)
                share[i, j] = right
        _to_the_rim(a_bar, share)
    if steps > 0:
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                above = share[i - 1, j - 1] + share[i - 1, j] + share[i - 1, j + 1]
                a_bar[i, j] = above + share[i, j - 1] + share[i, j]
    return a_bar


@compiled
def _to_the_rim(a_bar, share):
    """What a sweep sends to the points that never change."""
    n = a_bar.shape[0]
    for k in range(n):
        for m in range(max(k - 1, 1), min(k + 2, n - 1)):
            a_bar[0, k] += share[1, m]
            a_bar[n - 1, k] += share[n - 2, m]
    for k in range(1, n - 1):
        for m in range(max(k - 1, 1), min(k + 2, n - 1)):
            a_bar[k, 0] += share[m, 1]
            a_bar[k, n - 1] += share[m, n - 2]


def with_jax(a, steps):
    """`fori_loop` over all points, which keeps the whole field for each of them."""
    jax, jnp = peers.jax_numpy()
    n = len(a)
    if steps * n**4 > 10**8:
        raise Unfit("keeps the whole field for each point: 15 GB")

    def fun(a):
        def point(k, a):
            i, j = (k // (n - 2)) % (n - 2) + 1, k % (n - 2) + 1
            return a.at[i, j].set(jnp.sum(jax.lax.dynamic_slice(a, (i - 1, j - 1), (3, 3))) / 9.0)

        a = jax.lax.fori_loop(0, steps * (n - 2) ** 2, point, a)
        return jnp.sum(a * a)

    return peers.by_jax(fun, (a,))


ENZYME = """
template <std::size_t N>
void fun(enzyme::tensor<double, 1>& out, const enzyme::tensor<double, N, N>& in) {
  double A[N][N];
  for (long i = 0; i < N; i++) for (long j = 0; j < N; j++) A[i][j] = in[i][j];
  for (long t = 0; t < %d; t++) for (long i = 1; i < N - 1; i++) for (long j = 1; j < N - 1; j++)
    A[i][j] = (A[i-1][j-1] + A[i-1][j] + A[i-1][j+1] + A[i][j-1] + A[i][j] + A[i][j+1]
               + A[i+1][j-1] + A[i+1][j] + A[i+1][j+1]) / 9.0;
  double total = 0;
  for (long i = 0; i < N; i++) for (long j = 0; j < N; j++) total += A[i][j] * A[i][j];
  out[0] = total;
}
"""


def arguments(n, steps):
    """A random field."""
    return np.random.default_rng(0).random((n, n)), steps


PROBLEM = Problem(
    name="seidel",
    title="seidel-2d",
    forms={"loop": seidel},
    sizes=(
        Size("100 x 100, 20 steps", lambda: arguments(100, 20)),
        Size("20 x 20, 2 steps", lambda: arguments(20, 2), plain=("loop",)),
    ),
    tiny=lambda: arguments(6, 3),
    frozen_adjoint=adjoint,
    best={"sweeps of shares": adjoint_by_sweeps},
    peers={"jax": with_jax, "enzyme": lambda a, steps: peers.by_enzyme(ENZYME % steps, (a,))},
    no_peers=dict.fromkeys(
        ("autograd", "torch", "casadi", "pytensor", "warp"), "no point-by-point writes in place at this size"
    ),
)
