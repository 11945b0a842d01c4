"""Elements that all turns of an inner loop use become numbers, where nothing else changes them on the way."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad.testing import check_same

RNG = np.random.default_rng(0)


def pairs(p: Any) -> Any:
    total = 0.0
    for i in range(p.shape[0]):
        for j in range(p.shape[0]):
            dx = p[j, 0] - p[i, 0]
            dy = p[j, 1] - p[i, 1]
            total += 1.0 / math.sqrt(dx * dx + dy * dy + 0.1)
    return total


def forces(p: Any, steps: Any) -> Any:
    v = np.zeros(p.shape)
    for _ in range(steps):
        for i in range(p.shape[0]):
            ax = 0.0
            ay = 0.0
            for j in range(p.shape[0]):
                dx = p[j, 0] - p[i, 0]
                dy = p[j, 1] - p[i, 1]
                w = 1.0 / (dx * dx + dy * dy + 0.1)
                ax += w * dx
                ay += w * dy
            v[i, 0] += 0.1 * ax
            v[i, 1] += 0.1 * ay
        for i in range(p.shape[0]):
            for c in range(2):
                p[i, c] += 0.1 * v[i, c]
    return np.sum(p * p) + np.sum(v)


def earlier_ones(p: Any) -> Any:
    total = 0.0
    for i in range(p.shape[0]):
        s = 0.0
        for j in range(i):
            d = p[i, 0] - p[j, 1]
            s += np.exp(-d * d) * p[i, 1]
        total += s * s
    return total


def moving(p: Any) -> Any:
    total = 0.0
    for i in range(p.shape[0]):
        for j in range(p.shape[0]):
            p[j, 0] += 0.01 * p[i, 0] * p[i, 1]
            total += np.tanh(p[i, 0])
    return total


def rows(p: Any, w: Any) -> Any:
    y = np.zeros(p.shape[0])
    for i in range(p.shape[0]):
        for j in range(w.shape[0]):
            y[i] += np.sin(w[j] * p[i, 0]) * p[i, 1]
    return np.sum(y**2)


def chosen(p: Any, w: Any) -> Any:
    total = 0.0
    for i in range(p.shape[0]):
        for j in range(w.shape[0]):
            if w[j] > 0.0:
                total += np.sqrt(w[j] + p[i, 1] ** 2) * p[i, 0]
    return total


def through_a_view(x: Any) -> Any:
    y = x * 1.0
    turned = y[::-1]
    for k in range(len(y)):
        for i in range(len(turned)):
            turned[i] += 0.1 * y[k] * x[i] / len(y)
    return np.sum(y * y)


WEIGHTS = RNG.normal(size=7)
PROGRAMS = [
    (pairs, lambda n: (RNG.normal(size=(n, 2)),)),
    (forces, lambda n: (RNG.normal(size=(n, 2)), 3)),
    (earlier_ones, lambda n: (RNG.normal(size=(n, 2)),)),
    (moving, lambda n: (0.1 * RNG.normal(size=(n, 2)),)),
    (rows, lambda n: (RNG.normal(size=(n, 2)), WEIGHTS)),
    (rows, lambda n: (RNG.normal(size=(n, 2)), WEIGHTS[:0])),
    (chosen, lambda n: (RNG.normal(size=(n, 2)), WEIGHTS)),
    (through_a_view, lambda n: (RNG.uniform(0.2, 1.2, size=n),)),
]


@pytest.mark.parametrize("n", [0, 1, 2, 17, 130, 257])
@pytest.mark.parametrize(("fun", "make"), PROGRAMS)
def test_the_same_numbers(fun: Callable, make: Callable, n: int) -> None:
    args = make(n)

    def given() -> list:
        return [a.copy() if isinstance(a, np.ndarray) else a for a in args]

    expected = srcgrad.value_and_grad(fun)(*given())
    got = srcgrad.value_and_grad(fun, jit=True)(*given())
    check_same(got, expected, fun.__name__, exact=False, given=args)


def test_they_lie_side_by_side() -> None:
    source = srcgrad.grad(forces, jit=True).source_for(RNG.normal(size=(17, 2)), 3)
    inner = source.partition("# backward")[2].partition("for lane in range(count):")[2]
    assert "p_bar_part_lanes" in inner
    assert "p_bar[place, 0] -=" not in inner
    assert source.count("p_then[place, 0]") <= 1
