"""Descents in descents, the inner one left where the data says so, in each combination of modes.

The two problems of Siskind and Pearlmutter, Using Polyvariant Union-Free Flow Analysis to Compile a Higher-Order
Functional-Programming Language with a First-Class Derivative Operator to Efficient Fortran-like Code (2008), with the
answers that their programs give: the saddle point of `(x1**2 + y1**2) - (x2**2 + y2**2)`, and a particle that two
charges keep off, one of which is moved so that it lands where it should.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from srcgrad import grad, jvp


def forward(f):
    def gradient(x):
        found = np.zeros(len(x))
        for k in range(len(x)):
            direction = np.zeros(len(x))
            direction[k] = 1.0
            found[k] = jvp(f, (x,), (direction,))[1]
        return found

    return gradient


def reverse(f):
    return grad(f)


def magnitude(x):
    return np.sqrt(np.sum(x * x))


def argmin(f, x, gradient):
    slope = gradient(f)
    value, g, step, k = f(x), slope(x), 1e-5, 0
    while True:
        if magnitude(g) <= 1e-5:
            return x
        if k == 10:
            step, k = 2 * step, 0
            continue
        moved = x - step * g
        if magnitude(x - moved) <= 1e-5:
            return x
        lower = f(moved)
        if lower < value:
            x, value, g, k = moved, lower, slope(moved), k + 1
        else:
            step, k = step / 2, 0


def argmax(f, x, gradient):
    return argmin(lambda y: -f(y), x, gradient)


START = np.array([1.0, 1.0])


def saddle_point(f, outer, inner):
    def worst(p):
        return f(p, argmax(lambda q: f(p, q), START, inner))

    best = argmin(worst, START, outer)
    return best, argmax(lambda q: f(best, q), START, inner)


def lands_at(w, gradient):
    charges = [np.array([10.0, 10.0 - w[0]]), np.array([10.0, 0.0])]
    push = gradient(lambda p: sum(1.0 / magnitude(p - charge) for charge in charges))
    x, v = np.array([0.0, 8.0]), np.array([0.75, 0.0])
    while True:
        moved = x + 0.1 * v
        if moved[1] <= 0.0:
            return (x - x[1] / v[1] * v)[0] ** 2
        v = v - 0.1 * push(x)
        x = moved


MODES = [forward, reverse]


@pytest.mark.parametrize("inner", MODES)
@pytest.mark.parametrize("outer", MODES)
def test_saddle_point(outer: Callable, inner: Callable) -> None:
    found = saddle_point(lambda p, q: np.sum(p**2) - np.sum(q**2), outer, inner)
    assert np.allclose(found, 8.246324826140356e-06, rtol=1e-9, atol=0.0)


@pytest.mark.parametrize("inner", MODES)
@pytest.mark.parametrize("outer", MODES)
def test_particle(outer: Callable, inner: Callable) -> None:
    found = argmin(lambda w: lands_at(w, inner), np.array([0.0]), outer)
    assert np.allclose(found, 0.20719187464861194, rtol=1e-9, atol=0.0)


def test_a_saddle_point_is_differentiated_once_more() -> None:
    def moved(c):
        def f(p, q):
            return np.sum((p - c) ** 2) - np.sum((q - p * c) ** 2)

        best, other = saddle_point(f, reverse, forward)
        return np.sum(best) + np.sum(other)

    h = 1e-4
    expected = (moved(0.3 + h) - moved(0.3 - h)) / (2 * h)
    assert np.isclose(grad(moved)(0.3), expected, rtol=1e-7)
    assert np.isclose(jvp(moved, (0.3,), (1.0,))[1], expected, rtol=1e-7)
