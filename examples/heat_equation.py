"""Running the heat equation backwards: which initial temperature led to this final one?

The solver overwrites its array in every time step, as numerical code does. The gradient
function runs these writes and undoes them; the caller's array stays as it is.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from srcgrad import grad, value_and_grad


def solve(u, rate, n_steps):
    """Explicit time steps on a rod whose ends are held at their temperature."""
    for _ in range(n_steps):
        u[1:-1] += rate * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return u


def loss(u, measured, rate, n_steps):
    """How far the solution that starts at ``u`` ends from the measured temperature."""
    misfit = solve(u, rate, n_steps) - measured
    return np.sum(misfit**2)


def main():
    x = np.linspace(0.0, 1.0, 51)
    rate, n_steps = 0.4, 60
    true = np.sin(np.pi * x) + 0.5 * np.sin(3.0 * np.pi * x)
    measured = solve(true.copy(), rate, n_steps)

    # Start from the measurement itself: the truth, but blurred.
    guess = measured.copy()
    before = guess.copy()
    slope = grad(loss)(guess, measured, rate, n_steps)
    print(f"largest gradient entry {np.max(np.abs(slope)):.4f}, guess unchanged: {np.array_equal(guess, before)}")

    fit = minimize(
        value_and_grad(loss),
        guess,
        args=(measured, rate, n_steps),
        jac=True,
        method="L-BFGS-B",
        options={"ftol": 1e-16, "gtol": 1e-10},
    )
    print(f"misfit of the final state: {np.sqrt(fit.fun):.1e} after {fit.nit} iterations")
    print(f"error of the initial state: {np.max(np.abs(guess - true)):.4f} -> {np.max(np.abs(fit.x - true)):.4f}")


if __name__ == "__main__":
    main()
