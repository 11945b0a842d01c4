"""Finance and physics."""

from __future__ import annotations

import math

import numpy as np

from benchmarks import peers
from benchmarks.compiled import compiled
from benchmarks.problem import Problem, Size
from benchmarks.programs.making import normal


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


@compiled(error_model="numpy")
def lennard_jones_adjoint(position, epsilon, sigma):
    """Forwards and backwards in one loop: nothing is carried from pair to pair."""
    n = position.shape[0]
    position_bar = np.zeros_like(position)
    shape_bar = 0.0
    epsilon_bar = 0.0
    for i in range(n):
        for j in range(i + 1, n):
            r2 = 0.0
            for c in range(3):
                d = position[i, c] - position[j, c]
                r2 += d * d
            if r2 < 9.0:
                inverse = 1.0 / r2
                s2 = sigma * sigma * inverse
                s6 = s2 * s2 * s2
                epsilon_bar += s6 * s6 - s6
                slope = 12.0 * s6 * s6 - 6.0 * s6
                shape_bar += slope
                factor = -4.0 * epsilon * slope * inverse
                for c in range(3):
                    d_bar = factor * (position[i, c] - position[j, c])
                    position_bar[i, c] += d_bar
                    position_bar[j, c] -= d_bar
    return position_bar, 4.0 * epsilon_bar, 4.0 * epsilon * shape_bar / sigma


def _lennard_jones_jax(jax, jnp):
    def fun(position, epsilon, sigma):
        i, j = np.triu_indices(len(position), 1)
        r2 = jnp.sum((position[i] - position[j]) ** 2, axis=1)
        s6 = (sigma * sigma / r2) ** 3
        return jnp.sum(jnp.where(r2 < 9.0, 4.0 * epsilon * (s6 * s6 - s6), 0.0))

    return fun


def _options(n):
    rng = np.random.default_rng(0)
    return 80.0 + 40.0 * rng.random(n), 80.0 + 40.0 * rng.random(n), 0.2 + rng.random(n), 0.1 + rng.random(n), 0.03


def _particles(side):
    grid = np.stack(np.meshgrid(*[np.arange(float(side))] * 3), axis=-1).reshape(-1, 3)
    return 1.2 * grid + 0.1 * normal(side**3, 3), 1.0, 1.0


PROGRAMS = (
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
        best={"one loop": lennard_jones_adjoint},
        peers={"jax": peers.in_jax(_lennard_jones_jax, (0, 1, 2))},
    ),
)
