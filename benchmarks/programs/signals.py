"""Signals and statistics."""

from __future__ import annotations

import math

import numpy as np

from benchmarks import peers
from benchmarks.problem import Problem, Size
from benchmarks.programs.making import normal


def convolution(image, kernel):
    """A convolution without padding as a sum of shifted images, and a smooth rectifier."""
    m, n = kernel.shape
    height = image.shape[0] - m + 1
    width = image.shape[1] - n + 1
    out = np.zeros((height, width))
    for i in range(m):
        for j in range(n):
            out = out + kernel[i, j] * image[i : i + height, j : j + width]
    return np.sum(np.log1p(np.exp(out)))


def convolution_adjoint(image, kernel):
    """Gradient of image and kernel, a shift after another."""
    m, n = kernel.shape
    height, width = image.shape[0] - m + 1, image.shape[1] - n + 1
    out = np.zeros((height, width))
    for i in range(m):
        for j in range(n):
            out += kernel[i, j] * image[i : i + height, j : j + width]
    np.negative(out, out=out)
    np.exp(out, out=out)
    out += 1.0
    out_bar = np.divide(1.0, out, out=out)
    kernel_bar = np.empty_like(kernel)
    image_bar = np.zeros_like(image)
    for i in range(m):
        for j in range(n):
            kernel_bar[i, j] = np.einsum("ij,ij", out_bar, image[i : i + height, j : j + width])
            image_bar[i : i + height, j : j + width] += kernel[i, j] * out_bar
    return image_bar, kernel_bar


def recursive_filter(a1, a2, b0, b1, x):
    """Energy of a signal after a recursive filter of order two."""
    y1 = 0.0
    y2 = 0.0
    before = 0.0
    total = 0.0
    for i in range(len(x)):
        y = b0 * x[i] + b1 * before - a1 * y1 - a2 * y2
        before = x[i]
        y2 = y1
        y1 = y
        total += y * y
    return total


def _recursive_filter_jax(jax, jnp):
    def fun(a1, a2, b0, b1, x):
        def step(carry, value):
            y1, y2, before, total = carry
            y = b0 * value + b1 * before - a1 * y1 - a2 * y2
            return (y, y1, value, total + y * y), None

        return jax.lax.scan(step, (0.0, 0.0, 0.0, 0.0), x)[0][3]

    return fun


def soft_dtw(x, y):
    """Soft dynamic time warping: the cost of the best alignment, with a smooth minimum."""
    n = len(x)
    m = len(y)
    cost = np.full((n + 1, m + 1), 1e6)
    cost[0, 0] = 0.0
    for i in range(n):
        for j in range(m):
            a = cost[i, j]
            b = cost[i, j + 1]
            c = cost[i + 1, j]
            low = min(a, b, c)
            soft = low - 0.5 * math.log(
                math.exp((low - a) / 0.5) + math.exp((low - b) / 0.5) + math.exp((low - c) / 0.5)
            )
            d = x[i] - y[j]
            cost[i + 1, j + 1] = d * d + soft
    return cost[n, m]


def _soft_dtw_jax(jax, jnp):
    def fun(x, y):
        def row(above, value):
            def cell(left, given):
                diagonal, top, other = given
                choice = jnp.stack([diagonal, top, left])
                soft = -0.5 * jax.scipy.special.logsumexp(-choice / 0.5)
                new = (value - other) ** 2 + soft
                return new, new

            _, cells = jax.lax.scan(cell, 1e6, (above[:-1], above[1:], y))
            return jnp.concatenate([jnp.full(1, 1e6), cells]), None

        start = jnp.full(len(y) + 1, 1e6).at[0].set(0.0)
        return jax.lax.scan(row, start, x)[0][-1]

    return fun


def kalman(f, q, h, r, observed):
    """Log-likelihood of observations of one number by a Kalman filter."""
    d = len(h)
    state = np.zeros(d)
    cov = np.eye(d)
    total = 0.0
    for t in range(len(observed)):
        state = f @ state
        cov = f @ cov @ f.T + q
        seen = cov @ h
        s = h @ seen + r
        error = observed[t] - h @ state
        gain = seen / s
        state = state + gain * error
        cov = cov - np.outer(gain, seen)
        total -= 0.5 * (np.log(s) + error * error / s)
    return total


def kalman_adjoint(f, q, h, r, observed):
    """Gradient of the model: states are kept, what is a sum over time is one product of matrices."""
    steps, d = len(observed), len(h)
    states, after = np.empty((steps + 1, d)), np.empty((steps, d))
    covs, seens = np.empty((steps + 1, d, d)), np.empty((steps, d))
    forwards, scales, errors = np.empty((steps, d, d)), np.empty(steps), np.empty(steps)
    states[0], covs[0] = 0.0, np.eye(d)
    for t in range(steps):
        state = np.matmul(f, states[t], out=after[t])
        forward = np.matmul(f, covs[t], out=forwards[t])
        cov = forward @ f.T
        cov += q
        seen = np.matmul(cov, h, out=seens[t])
        s = h @ seen + r
        error = observed[t] - h @ state
        scales[t], errors[t] = s, error
        gain = seen / s
        np.add(state, gain * error, out=states[t + 1])
        np.subtract(cov, gain[:, None] * seen, out=covs[t + 1])
    f_bar, q_bar = np.zeros_like(f), np.zeros_like(q)
    state_bars, s_bars, error_bars = np.empty((steps, d)), np.empty(steps), np.empty(steps)
    seen_bars = np.empty((steps, d))
    state_bar, cov_bar = np.zeros(d), np.zeros((d, d))
    for t in range(steps - 1, -1, -1):
        s, error, seen = scales[t], errors[t], seens[t]
        # cov -= seen seen' / s;  state += seen error / s
        on_seen = cov_bar @ seen
        seen_bar = state_bar * error - on_seen - seen @ cov_bar
        seen_bar /= s
        along = seen @ state_bar
        s_bar = (0.5 * error * error - error * along + seen @ on_seen) / (s * s) - 0.5 / s
        error_bar = (along - error) / s
        seen_bar += s_bar * h
        state_bar = np.subtract(state_bar, error_bar * h, out=state_bars[t])
        seen_bars[t], s_bars[t], error_bars[t] = seen_bar, s_bar, error_bar
        cov_bar = cov_bar + seen_bar[:, None] * h
        q_bar += cov_bar
        forward_bar = cov_bar @ f
        f_bar += cov_bar.T @ forwards[t]
        f_bar += forward_bar @ covs[t].T
        cov_bar = f.T @ forward_bar
        state_bar = f.T @ state_bar
    f_bar += state_bars.T @ states[:-1]
    h_bar = s_bars @ seens - error_bars @ after
    # cov h = seen: the covariance before the update is symmetric only where q is.
    for t in range(steps):
        h_bar += (forwards[t] @ f.T + q).T @ seen_bars[t]
    return f_bar, q_bar, h_bar, np.sum(s_bars)


def _kalman_jax(jax, jnp):
    def fun(f, q, h, r, observed):
        def step(carry, value):
            state, cov, total = carry
            state = f @ state
            cov = f @ cov @ f.T + q
            seen = cov @ h
            s = h @ seen + r
            error = value - h @ state
            gain = seen / s
            total = total - 0.5 * (jnp.log(s) + error * error / s)
            return (state + gain * error, cov - jnp.outer(gain, seen), total), None

        return jax.lax.scan(step, (jnp.zeros(len(h)), jnp.eye(len(h)), 0.0), observed)[0][2]

    return fun


def hidden_markov(start, transition, emission, symbols):
    """Log-likelihood of a hidden Markov model by the scaled forward algorithm."""
    alpha = start * emission[:, symbols[0]]
    norm = np.sum(alpha)
    alpha = alpha / norm
    total = np.log(norm)
    for t in range(1, len(symbols)):
        alpha = (alpha @ transition) * emission[:, symbols[t]]
        norm = np.sum(alpha)
        alpha = alpha / norm
        total += np.log(norm)
    return total


def hidden_markov_adjoint(start, transition, emission, symbols):
    """Gradient of the three tables: the backward algorithm, sums over time as one product of matrices."""
    steps, states = len(symbols), len(start)
    alphas, products = np.empty((steps, states)), np.empty((steps, states))
    norms = np.empty(steps)
    emitted = emission.T[symbols]
    products[0] = start
    for t in range(steps):
        if t > 0:
            np.matmul(alphas[t - 1], transition, out=products[t])
        alpha = np.multiply(products[t], emitted[t], out=alphas[t])
        norms[t] = norm = alpha.sum()
        alpha /= norm
    product_bars = np.empty((steps, states))
    betas = np.empty((steps, states))
    beta = np.ones(states)
    for t in range(steps - 1, -1, -1):
        # The derivative of the logarithm of the total with respect to alpha before it is normalised.
        np.divide(beta, norms[t], out=betas[t])
        np.multiply(betas[t], emitted[t], out=product_bars[t])
        beta = transition @ product_bars[t]
    emission_bar = np.zeros_like(emission)
    betas *= products
    np.add.at(emission_bar.T, symbols, betas)
    return product_bars[0], alphas[:-1].T @ product_bars[1:], emission_bar


def _hidden_markov_jax(jax, jnp):
    def fun(start, transition, emission, symbols):
        def step(carry, symbol):
            alpha, total = carry
            alpha = (alpha @ transition) * emission[:, symbol]
            norm = jnp.sum(alpha)
            return (alpha / norm, total + jnp.log(norm)), None

        alpha = start * emission[:, symbols[0]]
        norm = jnp.sum(alpha)
        return jax.lax.scan(step, (alpha / norm, jnp.log(norm)), symbols[1:])[0][1]

    return fun


def correlation(data):
    """Sum of squared correlations of columns (PolyBench's correlation)."""
    n = data.shape[0]
    centred = data - np.sum(data, axis=0) / n
    deviation = np.sqrt(np.sum(centred * centred, axis=0) / n) + 0.1
    scaled = centred / deviation
    return np.sum((scaled.T @ scaled / n) ** 2)


def correlation_adjoint(data):
    """Gradient of the data; the matrix of correlations is symmetric."""
    n = len(data)
    scaled = data - np.sum(data, axis=0) / n
    root = np.sqrt(np.einsum("ij,ij->j", scaled, scaled) / n)
    deviation = root + 0.1
    scaled /= deviation
    product_bar = scaled.T @ scaled
    product_bar *= 4.0 / (n * n)
    data_bar = scaled @ product_bar
    inner = np.einsum("ij,ij->j", data_bar, scaled)
    inner /= n * root
    scaled *= inner * deviation
    data_bar -= scaled
    data_bar /= deviation
    data_bar -= np.sum(data_bar, axis=0) / n
    return data_bar


def _motion(steps, d):
    f = np.eye(d) + 0.1 * np.diag(np.ones(d - 1), 1)
    return 0.95 * f, 0.1 * np.eye(d), 1.0 / (1.0 + np.arange(d)), 0.5, normal(steps)


def _chain(steps, states, symbols):
    rng = np.random.default_rng(0)
    tables = [rng.random(shape) + 0.1 for shape in ((states,), (states, states), (states, symbols))]
    return (*(t / np.sum(t, axis=-1, keepdims=True) for t in tables), rng.integers(0, symbols, steps))


def _series(n):
    return np.sin(np.linspace(0.0, 6.0, n)) + 0.1 * normal(n), np.sin(np.linspace(0.3, 6.0, n))


PROGRAMS = (
    Problem(
        *("convolution", "convolution", {"array": convolution}),
        (Size("128 x 128, 5 x 5", lambda: (normal(128, 128), 0.2 * normal(5, 5, seed=1)), plain=("array",)),),
        lambda: (normal(5, 6), normal(2, 3, seed=1)),
        (0, 1),
        numpy_adjoint=convolution_adjoint,
        peers={"jax": peers.array_form_by_jax(convolution, (0, 1))},
    ),
    Problem(
        *("recursive_filter", "recursive filter", {"loop": recursive_filter}),
        (
            Size("n = 1e5", lambda: (-1.2, 0.5, 0.4, 0.3, normal(100_000))),
            Size("n = 1e3", lambda: (-1.2, 0.5, 0.4, 0.3, normal(1000)), plain=("loop",), jit=False),
        ),
        lambda: (-1.2, 0.5, 0.4, 0.3, normal(6)),
        (0, 1, 2, 3, 4),
        peers={"jax": peers.in_jax(_recursive_filter_jax, (0, 1, 2, 3, 4))},
    ),
    Problem(
        *("soft_dtw", "soft DTW", {"loop": soft_dtw}),
        (
            Size("200 x 200", lambda: _series(200)),
            Size("20 x 20", lambda: _series(20), plain=("loop",), jit=False),
        ),
        lambda: _series(5),
        (0, 1),
        peers={"jax": peers.in_jax(_soft_dtw_jax, (0, 1))},
    ),
    Problem(
        *("kalman", "Kalman filter", {"array": kalman}),
        (Size("200 steps, 6 states", lambda: _motion(200, 6), plain=("array",)),),
        lambda: _motion(4, 3),
        (0, 1, 2, 3),
        numpy_adjoint=kalman_adjoint,
        peers={"jax": peers.in_jax(_kalman_jax, (0, 1, 2, 3))},
    ),
    Problem(
        *("hidden_markov", "hidden Markov model", {"array": hidden_markov}),
        (Size("500 steps, 20 states", lambda: _chain(500, 20, 10), plain=("array",)),),
        lambda: _chain(5, 3, 4),
        (0, 1, 2),
        numpy_adjoint=hidden_markov_adjoint,
        peers={"jax": peers.in_jax(_hidden_markov_jax, (0, 1, 2))},
    ),
    Problem(
        *("correlation", "correlation", {"array": correlation}),
        (Size("500 x 100", lambda: (normal(500, 100),), plain=("array",)),),
        lambda: (normal(5, 3),),
        numpy_adjoint=correlation_adjoint,
        peers={"jax": peers.array_form_by_jax(correlation)},
    ),
)
