"""Design by the solution of an equation: which springs let a chain hang as it should?

Weights hang on a chain of springs between two walls. Newton's method finds where they come to rest; `implicit` knows
the derivative of that from the equation alone, whatever the solver does: here it stops at a tolerance, changes its
mind about steps, and could as well be a program in C. The stiffnesses are then fitted to a shape, by L-BFGS.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize, root

from srcgrad import check_grads, implicit, value_and_grad

N = 9  # weights
WALLS = np.array([0.0, 0.0]), np.array([1.0, 0.0])
REST = 0.08  # length of a spring at rest


def forces(points, stiffness, weight):
    """On each weight: the pull of both springs, and gravity."""
    chain = np.concatenate([WALLS[0][None], points, WALLS[1][None]])
    along = chain[1:] - chain[:-1]
    length = np.sqrt(np.sum(along**2, axis=1))
    pull = (stiffness * (length - REST) / length)[:, None] * along
    return pull[1:] - pull[:-1] - np.array([0.0, weight])


def hang(stiffness, weight):
    """Where the weights come to rest: found by a solver of SciPy's, started from a sagging line."""
    t = np.linspace(0.0, 1.0, N + 2)[1:-1]
    start = np.stack([t, -0.5 * t * (1.0 - t)], axis=1)
    found = root(lambda p: forces(p.reshape(N, 2), stiffness, weight).ravel(), start.ravel(), tol=1e-12)
    assert found.success, found.message
    return found.x.reshape(N, 2)


rest = implicit(hang, forces)


def misfit(log_stiffness, target):
    """How far the chain is from a shape, with a weak wish for even springs."""
    points = rest(np.exp(log_stiffness), 0.5)
    return np.sum((points - target) ** 2) + 1e-6 * np.sum(log_stiffness**2)


def main():
    true = np.array([4.0, 5.0, 6.0, 7.0, 8.0, 8.0, 7.0, 6.0, 5.0, 4.0])
    target = hang(true, 0.5)
    start = np.log(np.full(N + 1, 6.0))

    check_grads(misfit, (start, target), modes=("fwd", "rev"))
    fit = minimize(value_and_grad(misfit), start, args=(target,), jac=True, method="L-BFGS-B", tol=1e-14)

    away = np.max(np.abs(rest(np.exp(fit.x), 0.5) - target))
    print(f"misfit {misfit(start, target):.2e} -> {fit.fun:.2e} in {fit.nfev} calls, {away:.1e} away at most")
    print("stiffness:", " ".join(f"{k:.1f}" for k in np.exp(fit.x)))
    print()
    print(value_and_grad(misfit).source_for(start, target))


if __name__ == "__main__":
    main()
