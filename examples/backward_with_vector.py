"""A backward pass from a vector: ``pull(v)`` is what ``y.backward(v)`` is in PyTorch.

A function with an array output has no single gradient. ``vjp`` returns its output and
a function ``pull`` that multiplies a vector ``v`` with the Jacobian: ``v @ J``.
"""

from __future__ import annotations

import numpy as np

from srcgrad import vjp


def double_until_large(x):
    """How often the loop runs depends on the data; the gradient follows the path taken."""
    y = 2.0 * x
    while np.sqrt(np.sum(y * y)) < 1000.0:
        y = 2.0 * y
    return y


def main():
    x = np.array([1.0, -0.5, 0.25])
    y, pull = vjp(double_until_large, x)
    print("y       =", y)

    v = np.array([0.1, 1.0, 0.0001])
    (x_bar,) = pull(v)
    print("pull(v) =", x_bar)

    # Nothing is consumed (no retain_graph) and nothing accumulates (no zero_grad): pull
    # as often as you like. With the unit vectors it gives the Jacobian, row by row.
    jacobian = np.stack([pull(e)[0] for e in np.eye(3)])
    print("J       =", str(jacobian).replace("\n", "\n         "))
    print("v @ J equals pull(v):", np.allclose(v @ jacobian, x_bar))


if __name__ == "__main__":
    main()
