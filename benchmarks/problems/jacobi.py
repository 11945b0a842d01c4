"""Jacobi's stencil on a square, two sweeps to a step (PolyBench's jacobi-2d): linear, so that nothing must be kept."""

from __future__ import annotations

import numpy as np

from benchmarks import peers
from benchmarks.compiled import compiled
from benchmarks.problem import Problem, Size


def jacobi_loop(a, b, steps):
    """By loops."""
    n = a.shape[0]
    a = a.copy()
    b = b.copy()
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                b[i, j] = 0.2 * (a[i, j] + a[i, j - 1] + a[i, j + 1] + a[i + 1, j] + a[i - 1, j])
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                a[i, j] = 0.2 * (b[i, j] + b[i, j - 1] + b[i, j + 1] + b[i + 1, j] + b[i - 1, j])
    return np.sum(a * a)


def jacobi(a, b, steps):
    """With arrays."""
    a = a.copy()
    b = b.copy()
    for _ in range(steps):
        b[1:-1, 1:-1] = 0.2 * (a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[2:, 1:-1] + a[:-2, 1:-1])
        a[1:-1, 1:-1] = 0.2 * (b[1:-1, 1:-1] + b[1:-1, :-2] + b[1:-1, 2:] + b[2:, 1:-1] + b[:-2, 1:-1])
    return np.sum(a * a)


def _sweep_arrays(a, b):
    """One sweep; sums in contiguous memory are faster than those in the middle of `b`."""
    inner = a[1:-1, 1:-1] + a[1:-1, :-2]
    inner += a[1:-1, 2:]
    inner += a[2:, 1:-1]
    inner += a[:-2, 1:-1]
    np.multiply(inner, 0.2, out=b[1:-1, 1:-1])


def numpy_adjoint(a, b, steps):
    """Gradient with respect to `a`. Inner cotangents are overwritten by each sweep; the rim's are added to."""
    a, b = a.copy(), b.copy()
    for _ in range(steps):
        _sweep_arrays(a, b)
        _sweep_arrays(b, a)
    rim_bar = 2.0 * a
    a_bar = np.zeros_like(a)
    a_bar[1:-1, 1:-1] = rim_bar[1:-1, 1:-1]
    b_bar = np.zeros_like(a)
    for _ in range(steps):
        _sweep_arrays(a_bar, b_bar)
        rim_bar[0, 1:-1] += 0.2 * b_bar[1, 1:-1]
        rim_bar[-1, 1:-1] += 0.2 * b_bar[-2, 1:-1]
        rim_bar[1:-1, 0] += 0.2 * b_bar[1:-1, 1]
        rim_bar[1:-1, -1] += 0.2 * b_bar[1:-1, -2]
        _sweep_arrays(b_bar, a_bar)
    rim_bar[1:-1, 1:-1] = a_bar[1:-1, 1:-1]
    return rim_bar


@compiled
def _sweep(a, b):
    n = a.shape[0]
    for i in range(1, n - 1):
        for j in range(1, n - 1):
            b[i, j] = 0.2 * (a[i, j] + a[i, j - 1] + a[i, j + 1] + a[i + 1, j] + a[i - 1, j])


@compiled
def _sweep_back(a_bar, b_bar):
    """The cotangent of one sweep, which gathers from a copy with a rim of zeros."""
    n = a_bar.shape[0]
    inner = np.zeros((n + 2, n + 2))
    for i in range(1, n - 1):
        for j in range(1, n - 1):
            inner[i + 1, j + 1] = b_bar[i, j]
            b_bar[i, j] = 0.0
    for i in range(n):
        for j in range(n):
            a_bar[i, j] += 0.2 * (
                inner[i + 1, j + 1] + inner[i + 1, j] + inner[i + 1, j + 2] + inner[i, j + 1] + inner[i + 2, j + 1]
            )


@compiled
def adjoint(a, b, steps):
    """No tape."""
    a = a.copy()
    b = b.copy()
    for _ in range(steps):
        _sweep(a, b)
        _sweep(b, a)
    a_bar = 2.0 * a
    b_bar = np.zeros_like(b)
    for _ in range(steps):
        _sweep_back(b_bar, a_bar)
        _sweep_back(a_bar, b_bar)
    return a_bar


@compiled
def adjoint_no_copy(a, b, steps):
    """A sweep back over inner points is a sweep; the rim gets sums."""
    n = a.shape[0]
    a = a.copy()
    b = b.copy()
    for _ in range(steps):
        _sweep(a, b)
        _sweep(b, a)
    rim_bar = 2.0 * a
    a_bar = np.zeros((n, n))
    b_bar = np.zeros((n, n))
    for i in range(1, n - 1):
        for j in range(1, n - 1):
            a_bar[i, j] = rim_bar[i, j]
    for _ in range(steps):
        _sweep(a_bar, b_bar)
        for k in range(1, n - 1):
            rim_bar[0, k] += 0.2 * b_bar[1, k]
            rim_bar[n - 1, k] += 0.2 * b_bar[n - 2, k]
            rim_bar[k, 0] += 0.2 * b_bar[k, 1]
            rim_bar[k, n - 1] += 0.2 * b_bar[k, n - 2]
        _sweep(b_bar, a_bar)
    for i in range(1, n - 1):
        for j in range(1, n - 1):
            rim_bar[i, j] = a_bar[i, j]
    return rim_bar


def _inner(a):
    """What the inner points become."""
    return 0.2 * (a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[2:, 1:-1] + a[:-2, 1:-1])


def with_jax(a, b, steps):
    """`scan`."""
    jax, jnp = peers.jax_numpy()

    def fun(a, b):
        def step(carry, _):
            a, b = carry
            b = b.at[1:-1, 1:-1].set(_inner(a))
            return (a.at[1:-1, 1:-1].set(_inner(b)), b), None

        (a, _), _ = jax.lax.scan(step, (a, b), None, length=steps)
        return jnp.sum(a * a)

    return peers.by_jax(fun, (a, b))


def with_torch(a, b, steps):
    """Eager."""
    torch = peers.torch_module()

    def fun(a, b):
        for _ in range(steps):
            b = b.clone()
            b[1:-1, 1:-1] = _inner(a)
            a = a.clone()
            a[1:-1, 1:-1] = _inner(b)
        return torch.sum(a * a)

    return peers.by_torch(fun, (a, b))


ENZYME = """
template <std::size_t N>
void fun(enzyme::tensor<double, 1>& out, const enzyme::tensor<double, N, N>& a, const enzyme::tensor<double, N, N>& b) {
  double A[N][N], B[N][N];
  for (long i = 0; i < N; i++) for (long j = 0; j < N; j++) { A[i][j] = a[i][j]; B[i][j] = b[i][j]; }
  for (long t = 0; t < %d; t++) {
    for (long i = 1; i < N - 1; i++) for (long j = 1; j < N - 1; j++)
      B[i][j] = 0.2 * (A[i][j] + A[i][j-1] + A[i][j+1] + A[i+1][j] + A[i-1][j]);
    for (long i = 1; i < N - 1; i++) for (long j = 1; j < N - 1; j++)
      A[i][j] = 0.2 * (B[i][j] + B[i][j-1] + B[i][j+1] + B[i+1][j] + B[i-1][j]);
  }
  double total = 0;
  for (long i = 0; i < N; i++) for (long j = 0; j < N; j++) total += A[i][j] * A[i][j];
  out[0] = total;
}
"""


def arguments(n, steps):
    """Random fields."""
    rng = np.random.default_rng(0)
    return rng.random((n, n)), rng.random((n, n)), steps


PROBLEM = Problem(
    name="jacobi",
    title="jacobi-2d",
    forms={"loop": jacobi_loop, "array": jacobi},
    sizes=(
        Size("128 x 128, 50 steps", lambda: arguments(128, 50), plain=("array",)),
        Size("24 x 24, 10 steps", lambda: arguments(24, 10), plain=("loop",), jit=False),
    ),
    tiny=lambda: arguments(6, 3),
    numpy_adjoint=numpy_adjoint,
    frozen_adjoint=adjoint,
    best={"no copy of the cotangent": adjoint_no_copy},
    peers={
        "jax": with_jax,
        "torch": with_torch,
        "enzyme": lambda a, b, steps: peers.by_enzyme(ENZYME % steps, (a, b)),
    },
    no_peers={
        "autograd": "see heat",
        "casadi": "one symbol for each point: the graph gets too large",
        "pytensor": "see heat",
        "warp": "see heat",
    },
)
