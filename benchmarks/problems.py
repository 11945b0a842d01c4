"""The problems of `benchmarks.numpy_target`: a function as a user writes it and its adjoint as an expert does.

The hand-written adjoints compute the gradient alone, sweep the program back statement by statement, write into
memory that is theirs wherever that helps, and skip what a person sees to be zero (the shift inside a softmax).
They do not replace the function by a cheaper algorithm. They must beat HIPS autograd, or they are no yardstick.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Problem:
    """One function with everything needed to differentiate it in different ways.

    Attributes:
        name: the name on the command line.
        title: sizes, for the table.
        primal: the function as a user writes it.
        adjoint: the hand-written gradient, with the structure of the `argnums` of the function.
        args: the arguments, the same for everyone.
        argnums: what to differentiate.
        functional: the same function without in-place writes, for tools that cannot have them.
    """

    name: str
    title: str
    primal: Callable[..., Any]
    adjoint: Callable[..., Any]
    args: tuple[Any, ...]
    argnums: int | tuple[int, ...] = 0
    functional: Callable[..., Any] | None = None


def mlp(params, x, label):
    """Softmax cross-entropy of a network with one hidden layer."""
    hidden = np.tanh(x @ params["w1"] + params["b1"])
    z = hidden @ params["w2"] + params["b2"]
    z = z - np.max(z, axis=1, keepdims=True)
    log_prob = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(log_prob[np.arange(len(label)), label])


def mlp_adjoint(params, x, label):
    """Gradient of `mlp` with respect to all parameters."""
    hidden = x @ params["w1"]
    hidden += params["b1"]
    np.tanh(hidden, out=hidden)
    z_bar = hidden @ params["w2"]
    z_bar += params["b2"]
    z_bar -= np.max(z_bar, axis=1, keepdims=True)
    np.exp(z_bar, out=z_bar)
    z_bar /= np.sum(z_bar, axis=1, keepdims=True)
    z_bar[np.arange(len(label)), label] -= 1.0
    z_bar /= len(label)
    w2_bar = hidden.T @ z_bar
    hidden_bar = z_bar @ params["w2"].T
    np.multiply(hidden, hidden, out=hidden)
    np.subtract(1.0, hidden, out=hidden)
    hidden_bar *= hidden
    return {
        "w1": x.T @ hidden_bar,
        "b1": np.sum(hidden_bar, axis=0),
        "w2": w2_bar,
        "b2": np.sum(z_bar, axis=0),
    }


def gmm(alphas, means, log_diag, lower, x):
    """Log-likelihood of a Gaussian mixture, with a prior on the precision factors; points are columns of `x`."""
    d, n = x.shape
    diag = np.exp(log_diag)
    strict = np.tril(lower, -1)
    q = strict + diag[:, :, None] * np.eye(d)
    y = q @ (x - means[:, :, None])
    weight = alphas + np.sum(log_diag, axis=1)
    exponent = weight[:, None] - 0.5 * np.sum(y * y, axis=1)
    shift = np.max(exponent, axis=0)
    total = np.sum(shift + np.log(np.sum(np.exp(exponent - shift), axis=0)))
    prior = 0.5 * (np.sum(diag**2) + np.sum(strict**2))
    return total - n * np.log(np.sum(np.exp(alphas))) + prior


def gmm_adjoint(alphas, means, log_diag, lower, x):
    """Gradient of `gmm` with respect to all parameters.

    Summing `y_bar` before the product with `q` would save an eighth more; the adjoint of the program, whose
    `x - means` broadcasts before the product, sums after it.
    """
    d, n = x.shape
    diag = np.exp(log_diag)
    strict = np.tril(lower, -1)
    q = strict + diag[:, :, None] * np.eye(d)
    diff = x - means[:, :, None]
    y = q @ diff
    weight = alphas + np.sum(log_diag, axis=1)
    share = np.sum(y * y, axis=1)
    share *= -0.5
    share += weight[:, None]
    share -= np.max(share, axis=0)
    np.exp(share, out=share)
    share /= np.sum(share, axis=0)
    weight_bar = np.sum(share, axis=1)
    y *= share[:, None, :]
    np.negative(y, out=y)
    q_bar = y @ diff.transpose(0, 2, 1)
    means_bar = np.sum(q.transpose(0, 2, 1) @ y, axis=2)
    np.negative(means_bar, out=means_bar)
    diag_bar = np.einsum("kii->ki", q_bar) + diag
    diag_bar *= diag
    diag_bar += weight_bar[:, None]
    q_bar += strict
    e = np.exp(alphas)
    e *= n / np.sum(e)
    weight_bar -= e
    return weight_bar, means_bar, diag_bar, np.tril(q_bar, -1)


def heat(u, target, rate, n_steps):
    """Nonlinear heat equation, explicit in-place steps: distance of the final state from a target."""
    for _ in range(n_steps):
        k = 1.0 + u * u
        flux = 0.5 * (k[1:] + k[:-1]) * (u[1:] - u[:-1])
        u[1:-1] += rate * (flux[1:] - flux[:-1])
    return np.sum((u - target) ** 2)


def heat_functional(u, target, rate, n_steps):
    """`heat` with a new array per step."""
    for _ in range(n_steps):
        k = 1.0 + u * u
        flux = 0.5 * (k[1:] + k[:-1]) * (u[1:] - u[:-1])
        u = np.concatenate((u[:1], u[1:-1] + rate * (flux[1:] - flux[:-1]), u[-1:]))
    return np.sum((u - target) ** 2)


def heat_adjoint(u, target, rate, n_steps):
    """Gradient of `heat` with respect to the initial state: every state is kept, the rest is recomputed."""
    states = np.empty((n_steps + 1, len(u)))
    states[0] = u
    for t in range(n_steps):
        u, new = states[t], states[t + 1]
        k = u * u
        k += 1.0
        mean = k[1:] + k[:-1]
        flux = u[1:] - u[:-1]
        flux *= mean
        flux *= 0.5
        step = np.subtract(flux[1:], flux[:-1], out=new[1:-1])
        step *= rate
        step += u[1:-1]
        new[0] = u[0]
        new[-1] = u[-1]
    u_bar = states[-1] - target
    u_bar *= 2.0
    half = 0.5 * rate
    inner_bar = np.zeros(len(u_bar))
    k_bar = np.empty(len(u_bar))
    for t in range(n_steps - 1, -1, -1):
        u = states[t]
        k = u * u
        k += 1.0
        mean = k[1:] + k[:-1]
        slope = u[1:] - u[:-1]
        np.multiply(u_bar[1:-1], half, out=inner_bar[1:-1])
        flux_bar = inner_bar[:-1] - inner_bar[1:]
        slope *= flux_bar
        mean *= flux_bar
        k_bar[0] = slope[0]
        np.add(slope[1:], slope[:-1], out=k_bar[1:-1])
        k_bar[-1] = slope[-1]
        k_bar *= u
        k_bar *= 2.0
        u_bar += k_bar
        u_bar[1:] += mean
        u_bar[:-1] -= mean
    return u_bar


def logistic(w, b, x, sign, decay):
    """Mean log loss of a linear classifier with labels -1 and +1."""
    margin = sign * (x @ w + b)
    return np.mean(np.log1p(np.exp(-margin))) + decay * np.sum(w**2)


def logistic_adjoint(w, b, x, sign, decay):
    """Gradient of `logistic` with respect to weights and bias."""
    score = x @ w
    score += b
    score *= sign
    e = np.exp(np.negative(score, out=score), out=score)
    score_bar = e + 1.0
    np.divide(e, score_bar, out=score_bar)
    score_bar *= sign
    score_bar *= -1.0 / len(sign)
    w_bar = x.T @ score_bar
    w_bar += 2.0 * decay * w
    return w_bar, np.sum(score_bar)


def problems() -> list[Problem]:
    """All problems, with the same arguments every time."""
    rng = np.random.default_rng(0)
    normal = rng.standard_normal
    params = {"w1": normal((784, 256)) / 28.0, "b1": normal(256), "w2": normal((256, 10)) / 16.0, "b2": normal(10)}
    batch = (rng.random((64, 784)), rng.integers(0, 10, 64))
    k, d, n = 25, 10, 1000
    mixture = (normal(k), normal((k, d)), 0.3 * normal((k, d)), 0.3 * normal((k, d, d)), normal((d, n)))
    grid = np.linspace(0.0, 1.0, 10_000)
    start = np.sin(np.pi * grid) + 0.1 * normal(len(grid))
    rows = 5_000
    sign = np.where(rng.random(rows) < 0.5, -1.0, 1.0)
    data = (0.1 * normal(50), 0.2, normal((rows, 50)), sign, 1e-3)
    return [
        Problem("mlp", "MLP, batch 64, 784-256-10", mlp, mlp_adjoint, (params, *batch)),
        Problem("gmm", "GMM, d 10, k 25, n 1000", gmm, gmm_adjoint, mixture, (0, 1, 2, 3)),
        Problem(
            "stencil", "heat, 10000 points, 50 steps", heat, heat_adjoint, (start, grid, 0.1, 50), 0, heat_functional
        ),
        Problem("logistic", "logistic, 5000 x 50", logistic, logistic_adjoint, data, (0, 1)),
    ]
