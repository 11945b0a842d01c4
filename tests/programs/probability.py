# ruff: noqa: B905 (written as users write, not as linters like it)
"""Statistics, time series, finance, and dynamic programming."""

from __future__ import annotations

import math

import numpy as np

from . import program, rand, signed

SERIES = signed(8, seed=31)
SAMPLES = np.random.default_rng(7).standard_normal((6, 3))


@program(
    lambda: (signed(2, 2), rand(2, 2, seed=1), signed(2, seed=2), signed(5, 2, seed=3)),
    argnums=(0, 1, 2),
    tags=("gmm",),
)
def gaussian_mixture(means, scales, logits, x):
    log_w = logits - np.log(np.sum(np.exp(logits)))
    z = (x[:, None, :] - means) / scales
    logs = log_w - 0.5 * np.sum(z**2, axis=2) - np.sum(np.log(scales), axis=1)
    top = np.max(logs, axis=1, keepdims=True)
    return np.sum(top[:, 0] + np.log(np.sum(np.exp(logs - top), axis=1)))


@program(lambda: (np.array([0.4, 0.6]), signed(2, seed=1), SERIES), argnums=(0, 1), tags=("gmm", "for"))
def mixture_likelihood_in_loops(weights, means, x):
    total = 0.0
    for v in x:
        density = 0.0
        for w, m in zip(weights, means):
            density += w * math.exp(-0.5 * (v - m) ** 2) / math.sqrt(2.0 * math.pi)
        total -= math.log(density)
    return total


@program(lambda: (0.9, 0.3, 0.5, SERIES), argnums=(0, 1, 2, 3), tags=("kalman", "scalars"))
def kalman_filter_in_one_dimension(a, q, r, ys):
    m, p, loglik = 0.0, 1.0, 0.0
    for y in ys:
        m, p = a * m, a * a * p + q
        s = p + r
        k = p / s
        e = y - m
        loglik -= 0.5 * (np.log(2.0 * np.pi * s) + e * e / s)
        m, p = m + k * e, (1.0 - k) * p
    return loglik


@program(lambda: (0.2, rand(2, 2), SERIES[:4]), argnums=(0, 1), tags=("kalman", "matrices"))
def kalman_filter_with_matrices(dt, q, ys):
    f = np.array([[1.0, dt], [0.0, 1.0]])
    h = np.array([[1.0, 0.0]])
    x, p = np.zeros(2), np.eye(2)
    loss = 0.0
    for y in ys:
        x = f @ x
        p = f @ p @ f.T + q @ q.T
        s = (h @ p @ h.T)[0, 0] + 0.5
        k = (p @ h.T)[:, 0] / s
        e = y - x[0]
        x = x + k * e
        p = p - np.outer(k, h @ p)
        loss += 0.5 * (e * e / s + np.log(s))
    return loss


@program(lambda: (signed(2, 2), signed(2, 3, seed=1), np.array([0, 2, 1, 1, 0])), argnums=(0, 1), tags=("hmm",))
def hidden_markov_forward(transition_logits, emission_logits, observed):
    a = np.exp(transition_logits) / np.sum(np.exp(transition_logits), axis=1, keepdims=True)
    b = np.exp(emission_logits) / np.sum(np.exp(emission_logits), axis=1, keepdims=True)
    alpha = np.array([0.5, 0.5]) * b[:, observed[0]]
    loglik = 0.0
    for o in observed[1:]:
        scale = alpha.sum()
        loglik += np.log(scale)
        alpha = (alpha / scale) @ a * b[:, o]
    return loglik + np.log(alpha.sum())


@program(lambda: (signed(2, 2), signed(4, 2, seed=1)), argnums=(0, 1), tags=("viterbi", "max"))
def viterbi_score(transition, emission):
    best = [emission[0, s] for s in range(2)]
    for t in range(1, len(emission)):
        best = [max(best[r] + transition[r, s] for r in range(2)) + emission[t, s] for s in range(2)]
    return max(best)


@program(lambda: (signed(2, 2), signed(4, 2, seed=1)), argnums=(0, 1), tags=("crf", "write"))
def chain_partition_function(transition, emission):
    n, k = emission.shape
    alpha = np.zeros((n, k))
    alpha[0] = emission[0]
    for t in range(1, n):
        for s in range(k):
            alpha[t, s] = emission[t, s] + np.log(np.sum(np.exp(alpha[t - 1] + transition[:, s])))
    return np.log(np.sum(np.exp(alpha[-1])))


@program(lambda: (0.1, 0.5, 0.3, SERIES), argnums=(0, 1, 2), tags=("arma", "write"))
def arma_likelihood(c, phi, theta, y):
    e = np.zeros(len(y))
    for t in range(1, len(y)):
        e[t] = y[t] - c - phi * y[t - 1] - theta * e[t - 1]
    sigma2 = np.mean(e**2)
    return 0.5 * len(y) * np.log(sigma2)


@program(lambda: (0.1, 0.15, 0.7, SERIES), argnums=(0, 1, 2), tags=("garch",))
def garch_likelihood(omega, alpha, beta, returns):
    h = omega / (1.0 - alpha - beta)
    nll = 0.0
    for r in returns:
        nll += 0.5 * (math.log(2 * math.pi * h) + r * r / h)
        h = omega + alpha * r * r + beta * h
    return nll


@program(lambda: (0.3, 0.2, SERIES), argnums=(0, 1), tags=("smoothing", "list"))
def holt_smoothing(alpha, beta, y):
    level, trend = y[0], y[1] - y[0]
    errors = []
    for v in y[1:]:
        forecast = level + trend
        errors.append(v - forecast)
        old, level = level, alpha * v + (1.0 - alpha) * forecast
        trend = beta * (level - old) + (1.0 - beta) * trend
    return sum(e * e for e in errors) / len(errors)


def normal_cdf(z):
    return 0.5 * (1.0 + np.tanh(0.7978845608 * (z + 0.044715 * z**3)))


@program(lambda: (1.0, 1.1, 0.03, 0.25, 1.5), argnums=(0, 1, 2, 3, 4), tags=("finance",))
def black_scholes(s, k, r, sigma, t):
    d1 = (np.log(s / k) + (r + 0.5 * sigma**2) * t) / (sigma * np.sqrt(t))
    d2 = d1 - sigma * np.sqrt(t)
    return s * normal_cdf(d1) - k * np.exp(-r * t) * normal_cdf(d2)


@program(lambda: (1.03, 1.0, 0.03, 0.25), argnums=(0, 1, 2, 3), tags=("finance", "write"))
def binomial_option(s, k, r, sigma):
    n = 6
    dt = 1.0 / n
    u = math.exp(sigma * math.sqrt(dt))
    p = (math.exp(r * dt) - 1.0 / u) / (u - 1.0 / u)
    values = np.zeros(n + 1)
    for j in range(n + 1):
        values[j] = max(s * u ** (2 * j - n) - k, 0.0)
    for step in range(n, 0, -1):
        for j in range(step):
            values[j] = math.exp(-r * dt) * (p * values[j + 1] + (1.0 - p) * values[j])
    return values[0]


@program(lambda: (1.0, 1.12, 0.03, 0.3), argnums=(0, 1, 3), tags=("finance", "list", "max"))
def american_put_on_a_tree(s, k, r, sigma):
    n = 5
    up = np.exp(sigma * np.sqrt(1.0 / n))
    q = (np.exp(r / n) - 1.0 / up) / (up - 1.0 / up)
    values = [max(k - s * up ** (n - 2 * i), 0.0) for i in range(n + 1)]
    for level in range(n - 1, -1, -1):
        hold = [np.exp(-r / n) * (q * values[i] + (1.0 - q) * values[i + 1]) for i in range(level + 1)]
        values = [max(h, k - s * up ** (level - 2 * i)) for i, h in enumerate(hold)]
    return values[0]


@program(lambda: (1.0, 0.2, 0.05, SAMPLES), argnums=(0, 1, 2), tags=("finance", "monte carlo"))
def monte_carlo_asian_option(s0, sigma, r, normals):
    dt = 1.0 / normals.shape[1]
    total = 0.0
    for path in normals:
        s, mean = s0, 0.0
        for z in path:
            s *= math.exp((r - 0.5 * sigma**2) * dt + sigma * math.sqrt(dt) * z)
            mean += s / len(path)
        payoff = mean - 0.9
        if payoff > 0:
            total += payoff
    return math.exp(-r) * total / len(normals)


@program(lambda: (np.array([0.2, 0.5, 0.3]), rand(3, 3, seed=1)), argnums=(0, 1), tags=("finance",))
def portfolio_sharpe(w, factors):
    cov = factors @ factors.T + 0.1 * np.eye(3)
    mean = np.array([0.05, 0.08, 0.03])
    weights = w / np.sum(w)
    return (weights @ mean) / np.sqrt(weights @ cov @ weights)


@program(lambda: (0.05, [1.0, 2.0, 3.0], [5.0, 5.0, 105.0]), argnums=(0, 1, 2), tags=("finance", "newton"))
def bond_duration(rate, times, flows):
    price = sum(c * math.exp(-rate * t) for t, c in zip(times, flows))
    weighted = sum(t * c * math.exp(-rate * t) for t, c in zip(times, flows))
    return weighted / price


@program(lambda: (0.3, np.array([0.1, 0.5]), SAMPLES), argnums=(0, 1), tags=("monte carlo",))
def reparameterised_expectation(log_scale, mean, eps):
    z = mean[0] + np.exp(log_scale) * eps
    energy = np.mean(np.cos(z) + mean[1] * z**2)
    return energy - log_scale


@program(lambda: (signed(4), signed(5, seed=1)), argnums=(0, 1), tags=("dtw", "write", "smooth"))
def soft_dynamic_time_warping(a, b):
    n, m = len(a), len(b)
    d = np.full((n + 1, m + 1), 30.0)
    d[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            x, y, z = d[i - 1, j], d[i, j - 1], d[i - 1, j - 1]
            low = -np.log(np.exp(-x) + np.exp(-y) + np.exp(-z))
            d[i, j] = (a[i - 1] - b[j - 1]) ** 2 + low
    return d[n, m]


@program(lambda: (rand(4, 3),), tags=("dynamic programming", "min", "write"))
def cheapest_path(cost):
    n, m = cost.shape
    best = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            if i == 0 and j == 0:
                best[i, j] = cost[0, 0]
            elif i == 0:
                best[i, j] = best[i, j - 1] + cost[i, j]
            elif j == 0:
                best[i, j] = best[i - 1, j] + cost[i, j]
            else:
                best[i, j] = min(best[i - 1, j], best[i, j - 1]) + cost[i, j] ** 2
    return best[-1, -1]


@program(lambda: ([1.5, 0.7, 2.2, 0.9], [2, 1, 3, 2], 5), tags=("dynamic programming", "list"))
def knapsack_value(values, weights, capacity):
    best = [0.0] * (capacity + 1)
    for v, w in zip(values, weights):
        for c in range(capacity, w - 1, -1):
            best[c] = max(best[c], best[c - w] + v)
    return best[capacity]


@program(lambda: (rand(4),), tags=("dynamic programming", "recursion", "dict"))
def matrix_chain_cost(dims):
    memo = {}

    def cost(i, j):
        if j - i < 2:
            return 0.0
        if (i, j) not in memo:
            memo[i, j] = min(cost(i, k) + cost(k, j) + dims[i] * dims[k] * dims[j] for k in range(i + 1, j))
        return memo[i, j]

    return cost(0, 3)


@program(lambda: (rand(4, 4),), tags=("shortest path", "write", "if"))
def floyd_warshall(lengths):
    d = lengths.copy()
    for k in range(4):
        for i in range(4):
            for j in range(4):
                through = d[i, k] + d[k, j]
                if through < d[i, j]:
                    d[i, j] = through
    return np.sum(d)


@program(lambda: (rand(3, 3), 0.85), argnums=(0, 1), tags=("markov",))
def page_rank(links, damping):
    p = links / links.sum(axis=0)
    rank = np.ones(3) / 3
    for _ in range(40):
        rank = damping * p @ rank + (1.0 - damping) / 3
    return rank[0] * rank[1] - rank[2]


@program(lambda: (2.5, 1.5, rand(5)), argnums=(0, 1, 2), tags=("likelihood", "stirling"))
def gamma_log_likelihood(shape, rate, x):
    z = shape + 5.0
    log_gamma = 0.5 * np.log(2 * np.pi / z) + z * (np.log(z + 1.0 / (12.0 * z)) - 1.0)
    for k in range(5):
        log_gamma -= np.log(shape + k)
    return np.sum((shape - 1.0) * np.log(x) - rate * x) + len(x) * (shape * np.log(rate) - log_gamma)


@program(lambda: (0.5, 1.2, [3.0, 7.0, 2.0], [True, False, True]), argnums=(0, 1), tags=("survival",))
def weibull_survival_likelihood(log_scale, k, times, died):
    scale = np.exp(log_scale) * 3.0
    total = 0.0
    for t, dead in zip(times, died):
        z = (t / scale) ** k
        total -= z
        if dead:
            total += np.log(k / scale) + (k - 1.0) * np.log(t / scale)
    return total


@program(lambda: (signed(3), signed(5, 3, seed=1)), argnums=(0, 1), tags=("ranking",))
def pairwise_ranking_loss(w, x):
    scores = x @ w
    loss = 0.0
    for i in range(len(scores)):
        for j in range(i + 1, len(scores)):
            loss += np.log1p(np.exp(scores[j] - scores[i]))
    return loss


@program(lambda: (rand(4), rand(4, seed=5)), argnums=(0, 1), tags=("divergence",))
def divergences_between_distributions(a, b):
    p, q = a / a.sum(), b / b.sum()
    m = 0.5 * (p + q)
    js = 0.5 * np.sum(p * np.log(p / m)) + 0.5 * np.sum(q * np.log(q / m))
    return js + np.sum(np.sqrt(p * q)) + np.sum(np.abs(p - q))


@program(lambda: (rand(3, 3), 0.5), argnums=(0, 1), tags=("transport", "for"))
def sinkhorn_distance(cost, epsilon):
    k = np.exp(-cost / epsilon)
    u = np.ones(3)
    for _ in range(10):
        v = (1.0 / 3.0) / (k.T @ u)
        u = (1.0 / 3.0) / (k @ v)
    plan = u[:, None] * k * v
    return np.sum(plan * cost)


@program(lambda: (np.array([0.2, 0.5, 0.3]), 0.1), argnums=(0, 1), tags=("epidemic", "array out"), output="array")
def epidemic_curve(state, beta):
    s, i, r = state
    curve = []
    for _ in range(5):
        new, gone = beta * s * i, 0.2 * i
        s, i, r = s - new, i + new - gone, r + gone
        curve.append(i)
    return np.array(curve)


@program(lambda: (SERIES,), tags=("statistics", "sort"))
def trimmed_mean_and_skewness(x):
    kept = np.sort(x)[1:-1]
    d = kept - kept.mean()
    return np.mean(d**3) / np.mean(d**2) ** 1.5 + np.median(x)
