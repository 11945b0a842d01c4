"""Fitting a Kalman filter: noise levels of a moving vehicle from noisy positions.

The state is (position, velocity); the likelihood of the measurements is a loop over
time, and its gradient with respect to the noise levels is what L-BFGS climbs.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from srcgrad import check_grads, value_and_grad

DT = 1.0  # seconds between measurements


def negative_log_likelihood(log_sigma, positions):
    """Of a track with random acceleration and noisy measurements of its position.

    ``log_sigma`` holds the logarithms of both standard deviations: acceleration, measurement.
    """
    q, r = np.exp(2.0 * log_sigma)
    step = np.array([[1.0, DT], [0.0, 1.0]])
    push = np.array([0.5 * DT**2, DT])
    noise = q * np.outer(push, push)

    mean = np.array([positions[0], 0.0])
    cov = np.diag(np.array([100.0, 100.0]))
    total = 0.0
    for z in positions:
        # update: how surprising is the measurement, and what does it say about the state
        innovation = z - mean[0]
        s = cov[0, 0] + r
        total += 0.5 * (np.log(2.0 * np.pi * s) + innovation**2 / s)
        gain = cov[:, 0] / s
        mean = mean + gain * innovation
        cov = cov - np.outer(gain, cov[0])
        # predict: where will the vehicle be at the next measurement
        mean = step @ mean
        cov = step @ cov @ step.T + noise
    return total


def simulate(rng, n, sigma_acceleration, sigma_measurement):
    """Measured positions of a vehicle that starts at 15 m/s."""
    acceleration = rng.normal(scale=sigma_acceleration, size=n)
    velocity = 15.0 + DT * np.cumsum(acceleration)
    position = np.cumsum(DT * velocity - 0.5 * DT**2 * acceleration)
    return position + rng.normal(scale=sigma_measurement, size=n)


def main():
    true = np.array([0.8, 3.0])
    positions = simulate(np.random.default_rng(0), 400, *true)
    start = np.log(np.array([0.1, 1.0]))

    check_grads(negative_log_likelihood, (start, positions[:20]), modes=("rev",))

    fit = minimize(value_and_grad(negative_log_likelihood), start, args=(positions,), jac=True, method="L-BFGS-B")
    first = negative_log_likelihood(start, positions)
    print(f"negative log likelihood {first:.1f} -> {fit.fun:.1f} in {fit.nit} iterations")
    for name, value, wanted in zip(("acceleration", "measurement"), np.exp(fit.x), true, strict=True):
        print(f"{name}: fitted {value:.2f}, true {wanted:.2f}")


if __name__ == "__main__":
    main()
