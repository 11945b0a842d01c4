"""The chained Rosenbrock function."""

from __future__ import annotations

import numpy as np

from benchmarks import peers
from benchmarks.compiled import compiled
from benchmarks.problem import Problem, Size, Unfit


def rosenbrock_loop(x):
    """Element by element."""
    total = 0.0
    for i in range(x.shape[0] - 1):
        a = x[i + 1] - x[i] * x[i]
        b = 1.0 - x[i]
        total += 100.0 * a * a + b * b
    return total


def rosenbrock(x):
    """With arrays."""
    a = x[1:] - x[:-1] * x[:-1]
    b = 1.0 - x[:-1]
    return np.sum(100.0 * a * a + b * b)


def numpy_adjoint(x):
    """Gradient with three temporaries."""
    x_bar = np.empty_like(x)
    head = x[:-1]
    a = head * head
    np.subtract(x[1:], a, out=a)
    a *= 200.0
    x_bar[0] = 0.0
    x_bar[1:] = a
    a *= head
    a *= -2.0
    b = head * 2.0
    b -= 2.0
    a += b
    x_bar[:-1] += a
    return x_bar


@compiled
def adjoint(x):
    """No tape; each turn adds to two elements."""
    x_bar = np.zeros(x.shape[0])
    for i in range(x.shape[0] - 1):
        a = x[i + 1] - x[i] * x[i]
        b = 1.0 - x[i]
        a_bar = 200.0 * a
        x_bar[i + 1] += a_bar
        x_bar[i] += -2.0 * a_bar * x[i] - 2.0 * b
    return x_bar


@compiled
def adjoint_gather(x):
    """Each element is written once."""
    n = x.shape[0]
    x_bar = np.empty(n)
    x_bar[0] = -400.0 * (x[1] - x[0] * x[0]) * x[0] - 2.0 * (1.0 - x[0])
    for i in range(1, n - 1):
        a = x[i + 1] - x[i] * x[i]
        before = x[i] - x[i - 1] * x[i - 1]
        x_bar[i] = 200.0 * before - 400.0 * a * x[i] - 2.0 * (1.0 - x[i])
    x_bar[n - 1] = 200.0 * (x[n - 1] - x[n - 2] * x[n - 2])
    return x_bar


def with_jax_loop(x):
    """`fori_loop`."""
    jax, _ = peers.jax_numpy()

    def fun(x):
        def body(i, total):
            a, b = x[i + 1] - x[i] * x[i], 1.0 - x[i]
            return total + 100.0 * a * a + b * b

        return jax.lax.fori_loop(0, x.shape[0] - 1, body, 0.0)

    return peers.by_jax(fun, (x,))


def with_torch(x):
    """Eager."""
    return peers.by_torch(peers.rebound(rosenbrock, np=peers.torch_module()), (x,))


ENZYME = """
template <std::size_t N>
void fun(enzyme::tensor<double, 1>& out, const enzyme::tensor<double, N>& x) {
  double total = 0;
  for (long i = 0; i < N - 1; i++) { double a = x[i+1] - x[i] * x[i], b = 1 - x[i]; total += 100 * a * a + b * b; }
  out[0] = total;
}
"""


def with_casadi(x):
    """Matrix expressions."""
    ca = peers.casadi_module()
    given = ca.MX.sym("x", x.size)
    a, b = given[1:] - given[:-1] ** 2, 1 - given[:-1]
    gradient = ca.Function("gradient", [given], [ca.gradient(100 * ca.dot(a, a) + ca.dot(b, b), given)])
    return lambda: np.array(gradient(x)).ravel()


def with_pytensor(x):
    """The same array code."""
    _, pt = peers.pytensor_modules()
    given = pt.dvector("x")
    return peers.by_pytensor(peers.rebound(rosenbrock, np=pt)(given), [given], [x])


def with_warp(x):
    """A thread for each term."""
    if x.size < 2:
        raise Unfit("no terms")
    wp = peers.warp_module()
    f64 = wp.float64

    @wp.kernel
    def add_up(x: wp.array(dtype=wp.float64), out: wp.array(dtype=wp.float64)):
        i = wp.tid()
        a = x[i + 1] - x[i] * x[i]
        b = f64(1.0) - x[i]
        wp.atomic_add(out, 0, f64(100.0) * a * a + b * b)

    given = wp.array(x, dtype=f64, requires_grad=True, device="cpu")
    out = wp.zeros(1, dtype=f64, requires_grad=True, device="cpu")
    return peers.by_warp(
        lambda wp: wp.launch(add_up, dim=x.size - 1, inputs=[given], outputs=[out], device="cpu"), [given], out
    )


def arguments(n):
    """Normal numbers."""
    return (np.random.default_rng(0).standard_normal(n),)


PROBLEM = Problem(
    name="rosenbrock",
    title="Rosenbrock",
    forms={"loop": rosenbrock_loop, "array": rosenbrock},
    sizes=(
        Size("n = 1e3", lambda: arguments(1000), plain=("loop", "array")),
        Size("n = 1e5", lambda: arguments(100_000), plain=("loop", "array")),
    ),
    tiny=lambda: arguments(9),
    numpy_adjoint=numpy_adjoint,
    frozen_adjoint=adjoint,
    best={"gather": adjoint_gather},
    peers={
        "autograd": peers.array_form_by_autograd(rosenbrock),
        "jax": peers.array_form_by_jax(rosenbrock),
        "jax, loop": with_jax_loop,
        "torch": with_torch,
        "enzyme": lambda x: peers.by_enzyme(ENZYME, (x,)),
        "casadi": with_casadi,
        "pytensor": with_pytensor,
        "warp": with_warp,
    },
    scaled=arguments,
)
