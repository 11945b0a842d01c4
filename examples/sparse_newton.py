"""Newton's method for 100,000 unknowns: a Hessian of ten billion elements, of which three diagonals are not zero.

`sparse_hessian` finds out which elements can be different from zero, and computes them all in three sweeps.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse.linalg import spsolve

from srcgrad import grad, sparse_hessian


def energy(u, load):
    """A string of hardening springs under a load, held at both ends."""
    stretch = np.diff(u, prepend=0.0, append=0.0)
    return np.sum(stretch**2 + 0.5 * stretch**4) - np.sum(load * u)


def minimise(u, load):
    """Newton steps until the forces are in balance."""
    forces, stiffness = grad(energy), sparse_hessian(energy)
    for step in range(1, 30):
        residual = forces(u, load)
        size = np.max(np.abs(residual))
        print(f"step {step}: largest force {size:.1e}")
        if size < 1e-9:
            break
        u = u - spsolve(stiffness(u, load), residual)
    return u, stiffness


def main():
    n = 100_000
    load = np.full(n, 2.0 / n) * np.sin(np.linspace(0.0, 2.0 * np.pi, n))
    u, stiffness = minimise(np.zeros(n), load)
    matrix = stiffness(u, load)
    print(f"{matrix.nnz} elements of a matrix of {n} x {n} in {stiffness.plan.sweeps} sweeps")
    print(f"largest displacement {np.max(np.abs(u)):.0f}")


if __name__ == "__main__":
    main()
