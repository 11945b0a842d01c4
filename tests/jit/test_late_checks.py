"""Checks that come later raise what Python raises first."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcgrad


def two_functions(x, n):
    total = 0.0
    for i in range(n):
        a = math.exp(x[i])
        b = math.log(x[i] - 1.0)
        total += a * b + a / (1.0 + a)
    return total


def index_between(x, n):
    total = 0.0
    for i in range(n):
        a = math.exp(x[i])
        b = x[i + i]
        total += a * math.sqrt(b)
    return total


def division_between(x, n):
    total = 0.0
    for i in range(n):
        a = math.exp(x[i])
        total += a / (x[i] - 2.0) + math.sqrt(a)
    return total


def branch_behind(x, n):
    y = np.zeros(n)
    for i in range(n):
        a = math.exp(x[i])
        if a > 1e300:
            raise ValueError("too large")
        y[i] = a
    return np.sum(y * y)


def used_in_the_next_turn(x, n):
    a = 0.5
    for i in range(n):
        a = math.exp(a * x[i])
    return a


def sigmoids(x, n):
    total = 0.0
    for i in range(n):
        total += x[i] / (1.0 + math.exp(-x[i])) + 1.0 / (2.0 + x[i] ** 2 + abs(x[i]))
    return total


def underflow(x, n):
    total = 0.0
    for i in range(n):
        total += 1.0 / math.exp(x[i])
    return total


def zero_after_all(x, n):
    total = 0.0
    for i in range(n):
        total += 1.0 / (x[i] * x[i] + abs(x[i]))
    return total


def inner_place(m, n, k):
    total = 0.0
    for i in range(n):
        for j in range(k):
            total += m[2 * i, j] * m[2 * i + 1, k + j - 1]
    return total


FINE = np.array([1.5, 3.0, 2.5])
CASES: list[tuple[Callable[..., Any], tuple]] = [
    (two_functions, (FINE, 3)),
    (two_functions, (np.array([1.5, 0.5, 800.0]), 3)),
    (two_functions, (np.array([1.5, 800.0, 0.5]), 3)),
    (two_functions, (np.array([1.5, -800.0]), 2)),
    (index_between, (FINE, 2)),
    (index_between, (FINE, 3)),
    (index_between, (np.array([1.0, 800.0, 1.0]), 3)),
    (index_between, (np.array([1.0, 1.0, 800.0]), 3)),
    (division_between, (FINE, 3)),
    (division_between, (np.array([2.0, 800.0]), 2)),
    (division_between, (np.array([800.0, 2.0]), 2)),
    (branch_behind, (FINE, 3)),
    (branch_behind, (np.array([1.0, 695.0]), 2)),
    (branch_behind, (np.array([1.0, 800.0]), 2)),
    (used_in_the_next_turn, (FINE, 2)),
    (used_in_the_next_turn, (np.array([10.0, 100.0, 2.0]), 3)),
    (sigmoids, (FINE, 3)),
    (sigmoids, (np.array([-800.0]), 1)),
    (underflow, (FINE, 3)),
    (underflow, (np.array([-800.0]), 1)),
    (zero_after_all, (FINE, 3)),
    (zero_after_all, (np.array([1.0, 0.0]), 2)),
    (inner_place, (np.ones((4, 4)), 2, 2)),
    (inner_place, (np.ones((4, 3)), 2, 2)),
    (inner_place, (np.ones((3, 4)), 2, 2)),
    (inner_place, (np.ones((3, 4)), 2, 0)),
    (inner_place, (np.ones((0, 4)), 0, 9)),
]
each = pytest.mark.parametrize(("fun", "args"), CASES, ids=[f"{fun.__name__}-{k}" for k, (fun, _) in enumerate(CASES)])


def judge(fun: Callable[..., Any], args: tuple) -> None:
    compiled = srcgrad.value_and_grad(fun, jit=True)
    try:
        expected = srcgrad.value_and_grad(fun)(*args)
    except (ArithmeticError, ValueError, IndexError) as error:
        with pytest.raises(type(error)):
            compiled(*args)
        return
    value, gradient = compiled(*args)
    assert value == pytest.approx(expected[0])
    np.testing.assert_allclose(gradient, expected[1], rtol=1e-12)


@each
def test_raises_the_same(fun: Callable[..., Any], args: tuple) -> None:
    pytest.importorskip("numba")
    judge(fun, args)


@each
def test_raises_the_same_without_numba(fun: Callable[..., Any], args: tuple, without_numba: None) -> None:
    judge(fun, args)


def test_what_is_never_zero_is_divided_by_as_it_is(without_numba: None) -> None:
    sure, unsure = srcgrad.grad(sigmoids, jit=True), srcgrad.grad(underflow, jit=True)
    sure(FINE, 3), unsure(FINE, 3)
    assert "== 0.0" not in sure.source and "== 0.0" in unsure.source
    assert "divided(" not in sure.source + unsure.source
