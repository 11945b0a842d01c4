"""Signals, statistics, finance and physics."""

from __future__ import annotations

import math

import numpy as np

from benchmarks import peers
from benchmarks.problem import Problem, Size
from benchmarks.programs.linear_algebra import normal


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


def black_scholes(spot, strike, years, volatility, rate):
    """Total of the prices of European calls, by a loop."""
    total = 0.0
    for i in range(len(spot)):
        root = volatility[i] * math.sqrt(years[i])
        d1 = (math.log(spot[i] / strike[i]) + (rate + 0.5 * volatility[i] ** 2) * years[i]) / root
        d2 = d1 - root
        n1 = 0.5 * (1.0 + math.erf(d1 / math.sqrt(2.0)))
        n2 = 0.5 * (1.0 + math.erf(d2 / math.sqrt(2.0)))
        total += spot[i] * n1 - strike[i] * math.exp(-rate * years[i]) * n2
    return total


def _black_scholes_jax(jax, jnp):
    def fun(spot, strike, years, volatility, rate):
        root = volatility * jnp.sqrt(years)
        d1 = (jnp.log(spot / strike) + (rate + 0.5 * volatility**2) * years) / root
        n1, n2 = (0.5 * (1.0 + jax.scipy.special.erf(d / math.sqrt(2.0))) for d in (d1, d1 - root))
        return jnp.sum(spot * n1 - strike * jnp.exp(-rate * years) * n2)

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


def predators(alpha, beta, gamma, delta, steps):
    """Predators and prey by Runge-Kutta steps of order four, scalars only."""
    x = 1.0
    y = 0.5
    dt = 0.01
    total = 0.0
    for _ in range(steps):
        x1 = alpha * x - beta * x * y
        y1 = delta * x * y - gamma * y
        xa = x + 0.5 * dt * x1
        ya = y + 0.5 * dt * y1
        x2 = alpha * xa - beta * xa * ya
        y2 = delta * xa * ya - gamma * ya
        xb = x + 0.5 * dt * x2
        yb = y + 0.5 * dt * y2
        x3 = alpha * xb - beta * xb * yb
        y3 = delta * xb * yb - gamma * yb
        xc = x + dt * x3
        yc = y + dt * y3
        x4 = alpha * xc - beta * xc * yc
        y4 = delta * xc * yc - gamma * yc
        x += dt * (x1 + 2.0 * x2 + 2.0 * x3 + x4) / 6.0
        y += dt * (y1 + 2.0 * y2 + 2.0 * y3 + y4) / 6.0
        total += dt * (x - y) ** 2
    return total


def _predators_jax(jax, jnp):
    def fun(alpha, beta, gamma, delta, steps):
        dt = 0.01

        def slope(x, y):
            return alpha * x - beta * x * y, delta * x * y - gamma * y

        def step(carry, _):
            x, y, total = carry
            x1, y1 = slope(x, y)
            x2, y2 = slope(x + 0.5 * dt * x1, y + 0.5 * dt * y1)
            x3, y3 = slope(x + 0.5 * dt * x2, y + 0.5 * dt * y2)
            x4, y4 = slope(x + dt * x3, y + dt * y3)
            x = x + dt * (x1 + 2.0 * x2 + 2.0 * x3 + x4) / 6.0
            y = y + dt * (y1 + 2.0 * y2 + 2.0 * y3 + y4) / 6.0
            return (x, y, total + dt * (x - y) ** 2), None

        return jax.lax.scan(step, (1.0, 0.5, 0.0), None, length=steps)[0][2]

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


def asian_option(spot, rate, volatility, strike, draws):
    """Price of an option on an average, by Monte Carlo; the draws are given."""
    paths, days = draws.shape
    dt = 1.0 / days
    total = 0.0
    for i in range(paths):
        price = spot
        mean = 0.0
        for j in range(days):
            price *= math.exp((rate - 0.5 * volatility * volatility) * dt + volatility * math.sqrt(dt) * draws[i, j])
            mean += price
        payoff = mean / days - strike
        if payoff > 0.0:
            total += payoff
    return math.exp(-rate) * total / paths


def _asian_option_jax(jax, jnp):
    def fun(spot, rate, volatility, strike, draws):
        paths, days = draws.shape
        dt = 1.0 / days
        steps = (rate - 0.5 * volatility * volatility) * dt + volatility * math.sqrt(dt) * draws
        mean = jnp.mean(spot * jnp.exp(jnp.cumsum(steps, axis=1)), axis=1)
        return jnp.exp(-rate) * jnp.sum(jnp.maximum(mean - strike, 0.0)) / paths

    return fun


def lennard_jones(position, epsilon, sigma):
    """Energy of particles that do not see each other beyond a distance; a loop over pairs."""
    n = position.shape[0]
    energy = 0.0
    for i in range(n):
        for j in range(i + 1, n):
            r2 = 0.0
            for c in range(3):
                d = position[i, c] - position[j, c]
                r2 += d * d
            if r2 < 9.0:
                s2 = sigma * sigma / r2
                s6 = s2 * s2 * s2
                energy += 4.0 * epsilon * (s6 * s6 - s6)
    return energy


def _lennard_jones_jax(jax, jnp):
    def fun(position, epsilon, sigma):
        i, j = np.triu_indices(len(position), 1)
        r2 = jnp.sum((position[i] - position[j]) ** 2, axis=1)
        s6 = (sigma * sigma / r2) ** 3
        return jnp.sum(jnp.where(r2 < 9.0, 4.0 * epsilon * (s6 * s6 - s6), 0.0))

    return fun


def correlation(data):
    """Sum of squared correlations of columns (PolyBench's correlation)."""
    n = data.shape[0]
    centred = data - np.sum(data, axis=0) / n
    deviation = np.sqrt(np.sum(centred * centred, axis=0) / n) + 0.1
    scaled = centred / deviation
    return np.sum((scaled.T @ scaled / n) ** 2)


def _options(n):
    rng = np.random.default_rng(0)
    return 80.0 + 40.0 * rng.random(n), 80.0 + 40.0 * rng.random(n), 0.2 + rng.random(n), 0.1 + rng.random(n), 0.03


def _motion(steps, d):
    f = np.eye(d) + 0.1 * np.diag(np.ones(d - 1), 1)
    return 0.95 * f, 0.1 * np.eye(d), 1.0 / (1.0 + np.arange(d)), 0.5, normal(steps)


def _chain(steps, states, symbols):
    rng = np.random.default_rng(0)
    tables = [rng.random(shape) + 0.1 for shape in ((states,), (states, states), (states, symbols))]
    return (*(t / np.sum(t, axis=-1, keepdims=True) for t in tables), rng.integers(0, symbols, steps))


def _particles(side):
    grid = np.stack(np.meshgrid(*[np.arange(float(side))] * 3), axis=-1).reshape(-1, 3)
    return 1.2 * grid + 0.1 * normal(side**3, 3), 1.0, 1.0


def _series(n):
    return np.sin(np.linspace(0.0, 6.0, n)) + 0.1 * normal(n), np.sin(np.linspace(0.3, 6.0, n))


PROGRAMS = (
    Problem(
        *("convolution", "convolution", {"array": convolution}),
        (Size("128 x 128, 5 x 5", lambda: (normal(128, 128), 0.2 * normal(5, 5, seed=1)), plain=("array",)),),
        lambda: (normal(5, 6), normal(2, 3, seed=1)),
        (0, 1),
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
        *("black_scholes", "Black-Scholes", {"loop": black_scholes}),
        (
            Size("n = 1e4", lambda: _options(10_000)),
            Size("n = 300", lambda: _options(300), plain=("loop",), jit=False),
        ),
        lambda: _options(4),
        (0, 1, 2, 3, 4),
        peers={"jax": peers.in_jax(_black_scholes_jax, (0, 1, 2, 3, 4))},
    ),
    Problem(
        *("kalman", "Kalman filter", {"array": kalman}),
        (Size("200 steps, 6 states", lambda: _motion(200, 6), plain=("array",)),),
        lambda: _motion(4, 3),
        (0, 1, 2, 3),
        peers={"jax": peers.in_jax(_kalman_jax, (0, 1, 2, 3))},
    ),
    Problem(
        *("predators", "Runge-Kutta", {"loop": predators}),
        (
            Size("1e4 steps", lambda: (1.1, 0.4, 0.4, 0.1, 10_000)),
            Size("200 steps", lambda: (1.1, 0.4, 0.4, 0.1, 200), plain=("loop",), jit=False),
        ),
        lambda: (1.1, 0.4, 0.4, 0.1, 3),
        (0, 1, 2, 3),
        peers={"jax": peers.in_jax(_predators_jax, (0, 1, 2, 3))},
    ),
    Problem(
        *("hidden_markov", "hidden Markov model", {"array": hidden_markov}),
        (Size("500 steps, 20 states", lambda: _chain(500, 20, 10), plain=("array",)),),
        lambda: _chain(5, 3, 4),
        (0, 1, 2),
        peers={"jax": peers.in_jax(_hidden_markov_jax, (0, 1, 2))},
    ),
    Problem(
        *("asian_option", "Asian option", {"loop": asian_option}),
        (
            Size("1000 paths, 50 days", lambda: (100.0, 0.05, 0.2, 95.0, normal(1000, 50))),
            Size("20 paths, 10 days", lambda: (100.0, 0.05, 0.2, 95.0, normal(20, 10)), plain=("loop",), jit=False),
        ),
        lambda: (100.0, 0.05, 0.2, 95.0, normal(4, 3)),
        (0, 1, 2, 3),
        peers={"jax": peers.in_jax(_asian_option_jax, (0, 1, 2, 3))},
    ),
    Problem(
        *("lennard_jones", "Lennard-Jones", {"loop": lennard_jones}),
        (
            Size("216 particles", lambda: _particles(6)),
            Size("27 particles", lambda: _particles(3), plain=("loop",), jit=False),
        ),
        lambda: _particles(2),
        (0, 1, 2),
        peers={"jax": peers.in_jax(_lennard_jones_jax, (0, 1, 2))},
    ),
    Problem(
        *("correlation", "correlation", {"array": correlation}),
        (Size("500 x 100", lambda: (normal(500, 100),), plain=("array",)),),
        lambda: (normal(5, 3),),
        peers={"jax": peers.array_form_by_jax(correlation)},
    ),
)
