"""Linear regression with one weight: a loss, its gradient, gradient descent."""

from __future__ import annotations

import numpy as np

from srcgrad import grad


def loss(w, x, y):
    """Mean squared error of the line ``w * x``."""
    err = w * x - y
    return np.mean(err**2)


loss_grad = grad(loss)


def main():
    x = np.array([1.0, 2.0, 3.0, 4.0])
    y = 2.0 * x
    w = 0.0
    rate = 0.01

    print(f"w = {w}: loss {loss(w, x, y):.1f}, gradient {loss_grad(w, x, y):.1f}")

    # The gradient is an ordinary Python function, and this is its code.
    print()
    print(loss_grad.source)

    w -= rate * loss_grad(w, x, y)
    print(f"after 1 step: w = {w:.3f}, loss {loss(w, x, y):.3f}")

    steps = 1
    while abs(slope := loss_grad(w, x, y)) > 1e-9:
        w -= rate * slope
        steps += 1
    print(f"after {steps} steps: w = {w:.6f}, loss {loss(w, x, y):.6f}")


if __name__ == "__main__":
    main()
