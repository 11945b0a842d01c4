"""A scalar recurrence: a loop that carries one number."""

from __future__ import annotations

import math

import numpy as np

from benchmarks import peers
from benchmarks.compiled import compiled
from benchmarks.problem import Problem, Size, Unfit
from benchmarks.vector_math import cos


def recurrence(x, n):
    """Sum of the squares of an orbit. (The last point alone would have a gradient that underflows.)"""
    total = 0.0
    for _ in range(n):
        x = math.sin(x) * 1.1 + 0.1 * x * x
        total += x * x
    return total


def python_adjoint(x, n):
    """The points are kept in a list."""
    points = []
    for _ in range(n):
        points.append(x)
        x = math.sin(x) * 1.1 + 0.1 * x * x
    x_bar = 0.0
    for point in reversed(points):
        x_bar = (x_bar + 2.0 * x) * (1.1 * math.cos(point) + 0.2 * point)
        x = point
    return x_bar


@compiled
def adjoint(x, n):
    """The points are kept."""
    points = np.empty(n)
    for i in range(n):
        points[i] = x
        x = math.sin(x) * 1.1 + 0.1 * x * x
    x_bar = 0.0
    for i in range(n - 1, -1, -1):
        x_bar += 2.0 * x
        x = points[i]
        x_bar = x_bar * (1.1 * math.cos(x) + 0.2 * x)
    return x_bar


@compiled
def adjoint_slopes_between(x, n):
    """The slopes are computed in a loop of their own, whose turns are independent of one another."""
    points = np.empty(n + 1)
    slopes = np.empty(n)
    for i in range(n):
        points[i] = x
        x = math.sin(x) * 1.1 + 0.1 * x * x
    points[n] = x
    for i in range(n):
        slopes[i] = 1.1 * cos(points[i]) + 0.2 * points[i]
    x_bar = 0.0
    for i in range(n - 1, -1, -1):
        x_bar = (x_bar + 2.0 * points[i + 1]) * slopes[i]
    return x_bar


def with_autograd(x, n):
    """Traced anew at every call."""
    if n > 1000:
        raise Unfit("traces every turn")

    def fun(x):
        total = 0.0
        for _ in range(n):
            x = np.sin(x) * 1.1 + 0.1 * x * x
            total = total + x * x
        return total

    return peers.by_autograd(fun, (x,))


def with_jax(x, n):
    """`scan`."""
    jax, jnp = peers.jax_numpy()

    def fun(x):
        def step(carry, _):
            x, total = carry
            x = jnp.sin(x) * 1.1 + 0.1 * x * x
            return (x, total + x * x), None

        return jax.lax.scan(step, (x, 0.0), None, length=n)[0][1]

    return peers.by_jax(fun, (x,))


def with_torch(x, n):
    """Eager."""
    if n > 1000:
        raise Unfit("traces every turn")
    torch = peers.torch_module()

    def fun(x):
        total = 0.0
        for _ in range(n):
            x = torch.sin(x) * 1.1 + 0.1 * x * x
            total = total + x * x
        return total

    return peers.by_torch(fun, (x,))


ENZYME = """
extern "C" double sin(double);
void fun(enzyme::tensor<double, 1>& out, const enzyme::tensor<double, 1>& in) {
  double x = in[0], total = 0;
  for (long i = 0; i < %d; i++) { x = sin(x) * 1.1 + 0.1 * x * x; total += x * x; }
  out[0] = total;
}
"""


def with_enzyme(x, n):
    """C++."""
    gradient = peers.by_enzyme(ENZYME % n, (np.array([x]),))
    return lambda: gradient()[0]


def with_casadi(x, n):
    """`fold`; CasADi's own virtual machine."""
    ca = peers.casadi_module()
    state = ca.SX.sym("state", 2)
    new = ca.sin(state[0]) * 1.1 + 0.1 * state[0] * state[0]
    step = ca.Function("step", [state], [ca.vertcat(new, state[1] + new * new)])
    start = ca.MX.sym("x")
    total = step.fold(n)(ca.vertcat(start, 0))[1]
    gradient = ca.Function("gradient", [start], [ca.gradient(total, start)])
    return lambda: float(gradient(x))


def with_pytensor(x, n):
    """`scan`."""
    pytensor, pt = peers.pytensor_modules()
    start = pt.dscalar("x")

    def step(x, total):
        x = pt.sin(x) * 1.1 + 0.1 * x * x
        return x, total + x * x

    zero = pt.as_tensor(np.float64(0.0))
    _, totals = pytensor.scan(step, outputs_info=[start, zero], n_steps=n, return_updates=False)
    return peers.by_pytensor(totals[-1], [start], [x])


PROBLEM = Problem(
    name="scalar",
    title="scalar recurrence",
    forms={"loop": recurrence},
    sizes=(
        Size("n = 1e3", lambda: (0.5, 1000), plain=("loop",)),
        Size("n = 1e5", lambda: (0.5, 100_000), plain=("loop",)),
    ),
    tiny=lambda: (0.5, 7),
    python_adjoint=python_adjoint,
    frozen_adjoint=adjoint,
    best={"slopes between, vector math": adjoint_slopes_between},
    peers={
        "autograd": with_autograd,
        "jax": with_jax,
        "torch": with_torch,
        "enzyme": with_enzyme,
        "casadi": with_casadi,
        "pytensor": with_pytensor,
    },
    no_peers={"warp": "its gradient of a loop inside of a kernel is wrong, which it documents"},
    scaled=lambda n: (0.5, n),
)
