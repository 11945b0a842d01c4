"""Programs that call functions of SciPy."""

from __future__ import annotations

import math

import numpy as np
from scipy import fft, integrate, linalg, signal, special
from scipy.spatial.distance import cdist

from . import program, rand, signed


@program(lambda: (rand(4, 4), rand(4, seed=1), 0.4), argnums=(0, 1, 2), tags=("scipy",))
def gaussian_process_evidence(x, y, noise):
    squares = np.sum((x[:, None] - x[None, :]) ** 2, axis=-1)
    kernel = np.exp(-0.5 * squares) + noise * np.eye(4)
    factor, lower = linalg.cho_factor(kernel, lower=True)
    weights = linalg.cho_solve((factor, lower), y)
    return 0.5 * y @ weights + np.sum(np.log(np.diag(factor)))


@program(lambda: (rand(3, 3), rand(3, seed=1)), argnums=(0, 1), tags=("scipy", "for"))
def whitened(m, y):
    low = linalg.cholesky(m @ m.T + np.eye(3), lower=True)
    for k in range(2):
        y = linalg.solve_triangular(low, y + k, lower=True)
    steps = linalg.expm(0.1 * m) @ linalg.solve(m + 3 * np.eye(3), y)
    return np.sum(y**2) + steps[0] * linalg.det(linalg.inv(m + 2 * np.eye(3)))


@program(lambda: (signed(5), 0.7), argnums=(0, 1), tags=("scipy", "branch"))
def option_and_mixture(x, sigma):
    total = 0.0
    for value in x:
        d = value / sigma
        total += special.ndtr(d) if value > 0 else 0.5 * special.erfc(-d / math.sqrt(2))
    scores = special.log_softmax(x * sigma)
    return (
        total
        + special.logsumexp(scores, b=np.arange(1.0, 6.0))
        + np.sum(special.expit(x) * special.xlogy(sigma, sigma))
    )


@program(lambda: (rand(4), 1.3), argnums=(0, 1), tags=("scipy",))
def likelihood_of_counts(rates, a):
    counts = np.array([0.0, 2.0, 3.0, 1.0])
    poisson = special.xlogy(counts, rates) - rates - special.gammaln(counts + 1)
    negative = special.betaln(a, counts + 1) + special.digamma(a + counts)
    return np.sum(poisson) + np.sum(negative) + np.sum(special.gammainc(2.0, rates)) + np.sum(special.j0(rates))


@program(lambda: (signed(6), signed(3, seed=1)), argnums=(0, 1), tags=("scipy",))
def filtered_signal(x, kernel):
    smooth = signal.fftconvolve(x, kernel, mode="same") + signal.lfilter([1.0, 0.4], [1.0, -0.2], x)
    power = np.abs(fft.rfft(smooth)) ** 2
    lags = signal.correlate(x, kernel, mode="valid")
    running = integrate.cumulative_trapezoid(smooth**2, dx=0.1, initial=0)
    return np.sum(power) + np.sum(lags**3) + integrate.trapezoid(running) + np.sum(fft.dct(x, norm="ortho") ** 3)


@program(lambda: (rand(4, 2), rand(3, 2, seed=1)), argnums=(0, 1), tags=("scipy",))
def kernel_of_points(x, y):
    return np.sum(np.exp(-cdist(x, y)) * cdist(x, y, "sqeuclidean")) + np.sum(cdist(x, x + 1.0))


@program(lambda: (2.0, 0.4), argnums=(0, 1), tags=("scipy",), supported=False)
def order_of_a_bessel_function(v, x):
    return special.jv(v, x)
