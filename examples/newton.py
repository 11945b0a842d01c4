"""Newton's method: each step solves a linear system with the Hessian.

The Hessian of a function of 50 numbers costs about as much as ten gradients, since one sweep
carries all 50 directions along. For very many numbers, ``hvp`` multiplies with the Hessian
without making it, and the system is solved by conjugate gradients.
"""

from __future__ import annotations

import numpy as np

from srcgrad import grad, hessian, hvp


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


gradient = grad(rosenbrock)
curvature = hessian(rosenbrock)
curvature_times = hvp(rosenbrock)


def minimize(x):
    """Newton's method, with steps that are halved until they go down."""
    steps = 0
    while np.max(np.abs(gradient(x))) > 1e-8:
        step = np.linalg.solve(curvature(x), -gradient(x))
        size = 1.0
        while size > 1e-10 and rosenbrock(x + size * step) > rosenbrock(x):
            size /= 2
        x = x + size * step
        steps += 1
    return x, steps


def conjugate_gradients(x, b):
    """The solution of `H s = b`, where only products with the Hessian `H` at `x` are needed."""
    s, rest = np.zeros_like(b), b.copy()
    direction = rest
    while np.sqrt(rest @ rest) > 1e-10 * np.sqrt(b @ b):
        product = curvature_times(x, direction)
        length = (rest @ rest) / (direction @ product)
        s += length * direction
        after = rest - length * product
        direction = after + (after @ after) / (rest @ rest) * direction
        rest = after
    return s


def main():
    x, steps = minimize(np.linspace(0.9, 1.1, 50))
    print(f"after {steps} steps of Newton's method: largest error {np.max(np.abs(x - 1.0)):.1e}")

    x = np.linspace(0.9, 1.1, 50)
    h = curvature(x)
    print("the Hessian is symmetric:", np.allclose(h, h.T))
    solved = np.linalg.solve(h, -gradient(x))
    print("conjugate gradients agree:", np.allclose(conjugate_gradients(x, -gradient(x)), solved))
    print("\nthe Hessian, as srcgrad writes it:")
    print(curvature.source)


if __name__ == "__main__":
    main()
