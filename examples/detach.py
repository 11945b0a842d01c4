"""Detaching: ``stop_gradient(x)`` is what ``x.detach()`` is in PyTorch.

The value passes through unchanged; the derivative stops there.
"""

from __future__ import annotations

import numpy as np

from srcgrad import grad, stop_gradient


def cube(x):
    """The square is a factor that depends on ``x``: the derivative is ``3 x^2``."""
    return x * x**2


def cube_detached(x):
    """The square counts as a constant: the derivative is ``x^2``."""
    return x * stop_gradient(x**2)


def td_error(w, features, reward, next_features):
    """One temporal-difference update of a value function ``features @ w``.

    The target is an estimate with the same weights, but must not be pulled
    towards the prediction: it is detached.
    """
    target = reward + 0.9 * stop_gradient(next_features @ w)
    return 0.5 * (features @ w - target) ** 2


def main():
    x = 3.0
    print(f"value:    {cube(x):.1f} and detached {cube_detached(x):.1f}")
    print(f"gradient: {grad(cube)(x):.1f} and detached {grad(cube_detached)(x):.1f}")

    w = np.array([1.0, 2.0])
    now, then = np.array([1.0, 0.5]), np.array([0.0, 1.0])
    # The error times the features of the present state: (2.0 - (0.5 + 0.9 * 2.0)) * now.
    print("temporal difference:", grad(td_error)(w, now, 0.5, then))


if __name__ == "__main__":
    main()
