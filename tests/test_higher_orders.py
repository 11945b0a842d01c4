"""Second and third derivatives in all combinations of the modes, against differences of first and second ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from srcgrad import checkpoint, grad, hessian, hvp, jvp, vjp
from srcgrad.testing import Tolerance, check_close

X = np.array([1.06, 0.93, 1.32, 1.05])
V = np.array([-0.54, 0.36, 1.30, 0.95])


def view_of_a_copy(x):
    m = np.outer(x, x)[1:].T
    z = m.reshape(4, 3)
    z[1:, 0] *= m[0, 1]
    return np.sum(m**2 * z) + np.sum(z.T.reshape(-1) ** 3)


def view_of_a_view(x):
    m = np.outer(x, x)
    z = m.reshape(2, 8)
    z[0, 1:] *= m[0, 1]
    flat = z.ravel()
    flat[3] = flat[0] ** 2
    return np.sum(m**2 * x)


def slope_of_a_product(x):
    slope = grad(lambda p: np.prod(p))(np.outer(x, x[1:]).T)
    return np.sum(slope * slope) * 1e-2


def tree_of_calls(x):
    def tree(v, depth):
        if depth == 0:
            return np.sum(v**2)
        return tree(v * x, depth - 1) * 0.5 + tree(np.sin(v), depth - 1) * v[0]

    return tree(x, 2)


def halves(x):
    def by_calls(v, depth):
        if depth == 0:
            return v[0] * v[1] * v[2]
        return by_calls(0.5 * v, depth - 1) + by_calls(np.sin(v), depth - 1)

    return by_calls(x, 2)


def tree_of_tuples(x):
    def build(low, high):
        if high - low == 1:
            return (x[low], None, None)
        middle = (low + high) // 2
        return (x[middle] * 2, build(low, middle), build(middle, high))

    def value(tree):
        return 1.0 if tree is None else tree[0] * value(tree[1]) + np.sin(value(tree[2]))

    return value(build(0, 4))


def determinants(x):
    m = np.outer(x, x) + 3.0 * np.eye(4)
    return np.linalg.slogdet(m)[1] * np.linalg.det(m) * 1e-2 + np.linalg.slogdet(m).logabsdet


def writes(x):
    y = x.copy()
    y[1:] *= y[:-1]
    y[[0, 0, 1]] += y[1:4]
    return np.sum(y * y * x)


def returns_from_a_loop(x):
    total, y = 0.0, x
    for k in range(20):
        y = y * 0.7 + np.sin(y) * x[::-1]
        total += y[k % 4] ** 3
        if total > 3.0:
            return total * y[0]
    return total


def descends(x):
    def least(w, target):
        while True:
            slope = grad(lambda p: np.sum((p**2 - target) ** 2))(w)
            if np.sum(slope * slope) < 1e-1:
                return w
            w = w - 0.05 * slope

    return np.sum(least(np.ones(4), x) * x)


def runs_again(x):
    block = checkpoint(lambda y: np.sin(y * x) + y[::-1])
    return np.sum(block(block(x)) ** 2)


FUNCTIONS = [
    *(view_of_a_copy, view_of_a_view, slope_of_a_product, tree_of_calls, tree_of_tuples, halves, determinants),
    *(writes, returns_from_a_loop, descends, runs_again),
]


def along(fun: Callable) -> Callable:
    """The derivative of a function in one direction."""
    return lambda x: jvp(fun, (x,), (V,))[1]


def slope_of(fun: Callable, x: np.ndarray) -> Any:
    """The derivative of what a function returns, in that direction, by differences of the fourth order."""
    h = 1e-3
    return (8 * (fun(x + h * V) - fun(x - h * V)) - (fun(x + 2 * h * V) - fun(x - 2 * h * V))) / (12 * h)


@pytest.mark.parametrize("fun", FUNCTIONS)
def test_second_derivatives(fun: Callable) -> None:
    gradient = grad(fun)
    expected = slope_of(gradient, X)
    tolerance = Tolerance.of((X,), expected)
    for name, found in {
        "forward over reverse": along(gradient)(X),
        "hvp": hvp(fun)(X, V),
        "hessian": hessian(fun)(X) @ V,
        "reverse over forward": grad(along(fun))(X),
        "reverse over reverse": grad(lambda x: gradient(x) @ V)(X),
        "pullback of the gradient": vjp(gradient, X)[1](V)[0],
    }.items():
        check_close(found, expected, f"{fun.__name__}, {name}", "x", tolerance)
    check_close(along(along(fun))(X), V @ expected, f"{fun.__name__}, forward over forward", "x", tolerance)


@pytest.mark.parametrize("fun", FUNCTIONS)
def test_third_derivatives(fun: Callable) -> None:
    second = along(grad(fun))
    expected = slope_of(second, X)
    tolerance = Tolerance.of((X,), expected)
    check_close(along(second)(X), expected, f"{fun.__name__}, twice forward over reverse", "x", tolerance)
    found = grad(lambda x: second(x) @ V)(X)
    check_close(found, expected, f"{fun.__name__}, reverse over forward over reverse", "x", tolerance)
