"""A nonlinear heat equation on a square: reaction and diffusion, explicit steps."""

from __future__ import annotations

import numpy as np

from benchmarks import peers
from benchmarks.compiled import compiled
from benchmarks.problem import Problem, Size

RATE = 0.1


def heat_loop(u, steps):
    """By loops, two buffers that swap."""
    n = u.shape[0]
    u = u.copy()
    new = u.copy()
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                c = u[i, j]
                new[i, j] = c + RATE * (u[i, j - 1] + u[i, j + 1] + u[i + 1, j] + u[i - 1, j] - 4.0 * c + c * (1.0 - c))
        u, new = new, u
    return np.sum(u * u)


def heat(u, steps):
    """With arrays, in place."""
    u = u.copy()
    for _ in range(steps):
        c = u[1:-1, 1:-1]
        u[1:-1, 1:-1] = c + RATE * (u[1:-1, :-2] + u[1:-1, 2:] + u[2:, 1:-1] + u[:-2, 1:-1] - 4.0 * c + c * (1.0 - c))
    return np.sum(u * u)


def numpy_adjoint(u, steps):
    """Every state is kept; the cotangent of the inner points is one buffer with a rim of zeros."""
    n = len(u)
    states = np.empty((steps + 1, n, n))
    states[0] = u
    for t in range(steps):
        u, new = states[t], states[t + 1]
        new[:] = u
        c, step = u[1:-1, 1:-1], u[1:-1, :-2] + u[1:-1, 2:]
        step += u[2:, 1:-1]
        step += u[:-2, 1:-1]
        factor = -3.0 - c
        factor *= c
        step += factor
        step *= RATE
        new[1:-1, 1:-1] += step
    u_bar = 2.0 * states[steps]
    for t in range(steps - 1, -1, -1):
        inner_bar = u_bar[1:-1, 1:-1]
        step_bar = RATE * inner_bar
        factor = states[t][1:-1, 1:-1] * -2.0
        factor -= 3.0
        factor *= step_bar
        inner_bar += factor
        u_bar[1:-1, :-2] += step_bar
        u_bar[1:-1, 2:] += step_bar
        u_bar[2:, 1:-1] += step_bar
        u_bar[:-2, 1:-1] += step_bar
    return u_bar


@compiled
def adjoint(u, steps):
    """Every state is kept; the way back gathers, from a copy with a rim of zeros."""
    n = u.shape[0]
    states = np.empty((steps + 1, n, n))
    states[0] = u
    for t in range(steps):
        u = states[t]
        new = states[t + 1]
        for j in range(n):
            new[0, j] = u[0, j]
            new[n - 1, j] = u[n - 1, j]
        for i in range(1, n - 1):
            new[i, 0] = u[i, 0]
            new[i, n - 1] = u[i, n - 1]
            for j in range(1, n - 1):
                c = u[i, j]
                new[i, j] = c + RATE * (u[i, j - 1] + u[i, j + 1] + u[i + 1, j] + u[i - 1, j] - 4.0 * c + c * (1.0 - c))
    new_bar = 2.0 * states[steps]
    u_bar = np.empty_like(new_bar)
    inner = np.zeros((n + 2, n + 2))
    for t in range(steps - 1, -1, -1):
        u = states[t]
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                inner[i + 1, j + 1] = new_bar[i, j]
        for i in range(n):
            for j in range(n):
                u_bar[i, j] = new_bar[i, j] + RATE * (
                    inner[i + 1, j]
                    + inner[i + 1, j + 2]
                    + inner[i, j + 1]
                    + inner[i + 2, j + 1]
                    + inner[i + 1, j + 1] * (-3.0 - 2.0 * u[i, j])
                )
        u_bar, new_bar = new_bar, u_bar
    return new_bar


@compiled
def adjoint_no_copy(u, steps):
    """Only inner points are kept and copied: the rim of the state never changes, that of the cotangent gets sums."""
    n = u.shape[0]
    rim_bar = 2.0 * u
    states = np.empty((steps + 1, n, n))
    states[0] = u
    for t in range(1, steps + 1):
        for j in range(n):
            states[t, 0, j] = u[0, j]
            states[t, n - 1, j] = u[n - 1, j]
            states[t, j, 0] = u[j, 0]
            states[t, j, n - 1] = u[j, n - 1]
    for t in range(steps):
        now, new = states[t], states[t + 1]
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                c = now[i, j]
                new[i, j] = c + RATE * (
                    now[i, j - 1] + now[i, j + 1] + now[i + 1, j] + now[i - 1, j] - 4.0 * c + c * (1.0 - c)
                )
    new_bar = np.zeros((n, n))
    u_bar = np.zeros((n, n))
    for i in range(1, n - 1):
        for j in range(1, n - 1):
            new_bar[i, j] = 2.0 * states[steps, i, j]
    for t in range(steps - 1, -1, -1):
        now = states[t]
        for k in range(1, n - 1):
            rim_bar[0, k] += RATE * new_bar[1, k]
            rim_bar[n - 1, k] += RATE * new_bar[n - 2, k]
            rim_bar[k, 0] += RATE * new_bar[k, 1]
            rim_bar[k, n - 1] += RATE * new_bar[k, n - 2]
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                around = new_bar[i, j - 1] + new_bar[i, j + 1] + new_bar[i - 1, j] + new_bar[i + 1, j]
                c = new_bar[i, j]
                u_bar[i, j] = c + RATE * (around + c * (-3.0 - 2.0 * now[i, j]))
        u_bar, new_bar = new_bar, u_bar
    for i in range(1, n - 1):
        for j in range(1, n - 1):
            rim_bar[i, j] = new_bar[i, j]
    return rim_bar


def _step(u):
    """What the inner points become."""
    c = u[1:-1, 1:-1]
    return c + RATE * (u[1:-1, :-2] + u[1:-1, 2:] + u[2:, 1:-1] + u[:-2, 1:-1] - 4.0 * c + c * (1.0 - c))


def _functional(u, steps):
    """With a new array for each step."""
    for _ in range(steps):
        rows = np.concatenate((u[1:-1, :1], _step(u), u[1:-1, -1:]), axis=1)
        u = np.concatenate((u[:1], rows, u[-1:]), axis=0)
    return np.sum(u * u)


def with_jax(u, steps):
    """`scan`."""
    jax, jnp = peers.jax_numpy()

    def fun(u):
        end, _ = jax.lax.scan(lambda u, _: (u.at[1:-1, 1:-1].set(_step(u)), None), u, None, length=steps)
        return jnp.sum(end * end)

    return peers.by_jax(fun, (u,))


def with_torch(u, steps):
    """Eager."""
    torch = peers.torch_module()

    def fun(u):
        for _ in range(steps):
            new = u.clone()
            new[1:-1, 1:-1] = _step(u)
            u = new
        return torch.sum(u * u)

    return peers.by_torch(fun, (u,))


ENZYME = """
template <std::size_t N>
void fun(enzyme::tensor<double, 1>& out, const enzyme::tensor<double, N, N>& in) {
  double A[N][N], B[N][N];
  for (long i = 0; i < N; i++) for (long j = 0; j < N; j++) { A[i][j] = in[i][j]; B[i][j] = in[i][j]; }
  for (long t = 0; t < %d; t++) {
    for (long i = 1; i < N - 1; i++) for (long j = 1; j < N - 1; j++) {
      double c = A[i][j];
      B[i][j] = c + 0.1 * (A[i][j-1] + A[i][j+1] + A[i+1][j] + A[i-1][j] - 4.0 * c + c * (1.0 - c));
    }
    for (long i = 0; i < N; i++) for (long j = 0; j < N; j++) A[i][j] = B[i][j];
  }
  double total = 0;
  for (long i = 0; i < N; i++) for (long j = 0; j < N; j++) total += A[i][j] * A[i][j];
  out[0] = total;
}
"""


def with_pytensor(u, steps):
    """`scan`."""
    pytensor, pt = peers.pytensor_modules()
    start = pt.dmatrix("u")
    states = pytensor.scan(
        lambda u: pt.set_subtensor(u[1:-1, 1:-1], _step(u)), outputs_info=[start], n_steps=steps, return_updates=False
    )
    return peers.by_pytensor((states[-1] ** 2).sum(), [start], [u])


def with_warp(u, steps):
    """A launch for each step, a thread for each point."""
    wp = peers.warp_module()
    f64, n = wp.float64, len(u)

    @wp.kernel
    def advance(u: wp.array2d(dtype=wp.float64), after: wp.array2d(dtype=wp.float64), n: int):
        i, j = wp.tid()
        c = u[i, j]
        if i > 0 and j > 0 and i < n - 1 and j < n - 1:
            around = u[i, j - 1] + u[i, j + 1] + u[i + 1, j] + u[i - 1, j]
            after[i, j] = c + f64(0.1) * (around - f64(4.0) * c + c * (f64(1.0) - c))
        else:
            after[i, j] = c

    @wp.kernel
    def add_up(u: wp.array2d(dtype=wp.float64), out: wp.array(dtype=wp.float64)):
        i, j = wp.tid()
        wp.atomic_add(out, 0, u[i, j] * u[i, j])

    states = [wp.array(u, dtype=f64, requires_grad=True, device="cpu")]
    states += [wp.zeros((n, n), dtype=f64, requires_grad=True, device="cpu") for _ in range(steps)]
    out = wp.zeros(1, dtype=f64, requires_grad=True, device="cpu")

    def launch(wp):
        for t in range(steps):
            wp.launch(advance, dim=(n, n), inputs=[states[t]], outputs=[states[t + 1], n], device="cpu")
        wp.launch(add_up, dim=(n, n), inputs=[states[steps]], outputs=[out], device="cpu")

    return peers.by_warp(launch, states[:1], out, states[1:])


def arguments(n, steps):
    """A random field."""
    return np.random.default_rng(0).random((n, n)), steps


PROBLEM = Problem(
    name="heat",
    title="heat, nonlinear",
    forms={"loop": heat_loop, "array": heat},
    sizes=(
        Size("128 x 128, 50 steps", lambda: arguments(128, 50), plain=("array",)),
        Size("24 x 24, 10 steps", lambda: arguments(24, 10), plain=("loop",), jit=False),
    ),
    tiny=lambda: arguments(6, 3),
    numpy_adjoint=numpy_adjoint,
    frozen_adjoint=adjoint,
    best={"no copy of the cotangent": adjoint_no_copy},
    peers={
        "autograd": peers.array_form_by_autograd(_functional),
        "jax": with_jax,
        "torch": with_torch,
        "enzyme": lambda u, steps: peers.by_enzyme(ENZYME % steps, (u,)),
        "pytensor": with_pytensor,
        "warp": with_warp,
    },
    no_peers={"casadi": "one symbol for each point: the graph gets too large"},
)
