"""A chain of elementwise functions and a sum."""

from __future__ import annotations

import math

import numpy as np

from benchmarks import peers
from benchmarks.compiled import compiled
from benchmarks.problem import Problem, Size
from benchmarks.vector_math import exp, tanh

A, B, C = 0.7, 0.1, 1.3


def chain(x):
    """Sum of sigmoid(C tanh(A x + B)) x."""
    y = np.tanh(A * x + B)
    z = 1.0 / (1.0 + np.exp(-C * y))
    return np.sum(z * x)


@compiled(error_model="numpy")
def chain_loop(x):
    """The same, element by element."""
    total = 0.0
    for i in range(x.shape[0]):
        total += x[i] / (1.0 + math.exp(-C * math.tanh(A * x[i] + B)))
    return total


def numpy_adjoint(x):
    """Gradient, with four temporaries."""
    y = A * x
    y += B
    np.tanh(y, out=y)
    z = -C * y
    np.exp(z, out=z)
    z += 1.0
    np.divide(1.0, z, out=z)
    x_bar = 1.0 - z
    x_bar *= z
    x_bar *= x
    np.multiply(y, y, out=y)
    np.subtract(1.0, y, out=y)
    y *= C * A
    x_bar *= y
    x_bar += z
    return x_bar


@compiled(error_model="numpy")
def adjoint(x):
    """One loop."""
    x_bar = np.empty_like(x)
    for i in range(x.shape[0]):
        y = math.tanh(A * x[i] + B)
        z = 1.0 / (1.0 + math.exp(-C * y))
        x_bar[i] = z + x[i] * z * (1 - z) * C * (1 - y * y) * A
    return x_bar


@compiled(error_model="numpy")
def adjoint_vector(x):
    """One loop that is vectorised."""
    x_bar = np.empty_like(x)
    for i in range(x.shape[0]):
        y = tanh(A * x[i] + B)
        z = 1.0 / (1.0 + exp(-C * y))
        x_bar[i] = z + x[i] * z * (1.0 - z) * (C * A) * (1.0 - y * y)
    return x_bar


@compiled(error_model="numpy")
def adjoint_vector_by_exp(x):
    """tanh by one more exp, which costs less where tanh is slow; both are exact to about 1e-16, absolutely."""
    x_bar = np.empty_like(x)
    for i in range(x.shape[0]):
        y = 1.0 - 2.0 / (exp(2.0 * (A * x[i] + B)) + 1.0)
        z = 1.0 / (1.0 + exp(-C * y))
        x_bar[i] = z + x[i] * z * (1.0 - z) * (C * A) * (1.0 - y * y)
    return x_bar


def with_torch(x):
    """Eager."""
    torch = peers.torch_module()
    return peers.by_torch(peers.rebound(chain, np=torch), (x,))


ENZYME = """
extern "C" double tanh(double);
extern "C" double exp(double);
template <std::size_t N>
void fun(enzyme::tensor<double, 1>& out, const enzyme::tensor<double, N>& in) {
  double total = 0;
  for (long i = 0; i < N; i++) { double x = in[i]; total += x / (1.0 + exp(-1.3 * tanh(0.7 * x + 0.1))); }
  out[0] = total;
}
"""


def with_casadi(x):
    """Matrix expressions."""
    ca = peers.casadi_module()
    given = ca.MX.sym("x", x.size)
    z = 1 / (1 + ca.exp(-C * ca.tanh(A * given + B)))
    gradient = ca.Function("gradient", [given], [ca.gradient(ca.dot(z, given), given)])
    return lambda: np.array(gradient(x)).ravel()


def with_pytensor(x):
    """The same array code."""
    _, pt = peers.pytensor_modules()
    given = pt.dvector("x")
    return peers.by_pytensor(peers.rebound(chain, np=pt)(given), [given], [x])


def with_warp(x):
    """A thread for each element."""
    wp = peers.warp_module()
    f64 = wp.float64

    @wp.kernel
    def add_up(x: wp.array(dtype=wp.float64), out: wp.array(dtype=wp.float64)):
        i = wp.tid()
        v = x[i]
        wp.atomic_add(out, 0, v / (f64(1.0) + wp.exp(-f64(C) * wp.tanh(f64(A) * v + f64(B)))))

    given = wp.array(x, dtype=f64, requires_grad=True, device="cpu")
    out = wp.zeros(1, dtype=f64, requires_grad=True, device="cpu")
    return peers.by_warp(
        lambda wp: wp.launch(add_up, dim=x.size, inputs=[given], outputs=[out], device="cpu"), [given], out
    )


def arguments(n):
    """Normal numbers."""
    return (np.random.default_rng(0).standard_normal(n),)


PROBLEM = Problem(
    name="chain",
    title="elementwise chain",
    forms={"array": chain},
    sizes=(
        Size("n = 10", lambda: arguments(10), plain=("array",)),
        Size("n = 1e3", lambda: arguments(1000), plain=("array",)),
        Size("n = 1e6", lambda: arguments(1_000_000), plain=("array",)),
    ),
    tiny=lambda: arguments(13),
    yardstick=chain_loop,
    numpy_adjoint=numpy_adjoint,
    frozen_adjoint=adjoint,
    best={"vector math": adjoint_vector, "vector math, tanh by exp": adjoint_vector_by_exp},
    peers={
        "autograd": peers.array_form_by_autograd(chain),
        "jax": peers.array_form_by_jax(chain),
        "torch": with_torch,
        "enzyme": lambda x: peers.by_enzyme(ENZYME, (x,)),
        "casadi": with_casadi,
        "pytensor": with_pytensor,
        "warp": with_warp,
    },
    scaled=arguments,
)
