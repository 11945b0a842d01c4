"""`parallel=True`: loops whose turns need nothing of each other run on all cores, the others as before."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

import srcgrad
from srcgrad.errors import ArgumentError
from srcgrad.testing import check_same

RNG = np.random.default_rng(0)
LONG = RNG.normal(size=1003)
OTHER = RNG.normal(size=1003)
TABLE = RNG.normal(size=(37, 29))


def chain(x: Any) -> Any:
    return np.sum(np.sin(x) * np.exp(-x * x))


def difference(x: Any) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def quotient(x: Any, y: Any) -> Any:
    return np.sum(x / y)


def matrix(x: Any) -> Any:
    h = np.tanh(x + x[::-1])
    return np.sum(h * h)


def stencil(u: Any, steps: Any) -> Any:
    for _ in range(steps):
        middle = u[1:-1, 1:-1]
        u[1:-1, 1:-1] = middle + 0.1 * np.tanh(u[2:, 1:-1] - 4 * middle + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2])
    return np.sum(u * u)


def dot(x: Any, y: Any) -> Any:
    total = 0.0
    for i in numba.prange(len(x)):
        total += np.sin(x[i]) * y[i]
    return total


def smoothed(x: Any) -> Any:
    y = np.zeros(len(x))
    for i in numba.prange(1, len(x) - 1):
        y[i] = x[i - 1] + x[i] * x[i + 1]
    return np.sum(y**2)


def scattered(x: Any, k: Any) -> Any:
    y = np.zeros(5)
    for i in range(len(x)):
        y[k[i]] += x[i] ** 2
    return np.sum(y**2)


def recurrence(x: Any) -> Any:
    s = 0.0
    for i in range(len(x)):
        s = np.tanh(s + x[i])
    return s


def may_fail(x: Any) -> Any:
    total = 0.0
    for i in range(len(x)):
        total += math.sqrt(x[i])
    return total


def neighbours(x: Any) -> Any:
    for i in range(1, len(x)):
        x[i] += 0.5 * x[i - 1]
    return np.sum(x**2)


PARALLEL = [
    (chain, (LONG,)),
    (chain, (LONG[:1],)),
    (chain, (LONG[::-1],)),
    (chain, (LONG.astype(np.float32),)),
    (difference, (LONG,)),
    (quotient, (LONG, np.zeros(1003))),
    (matrix, (TABLE,)),
    (matrix, (TABLE.T,)),
    (stencil, (TABLE, 3)),
    (dot, (LONG, OTHER)),
    (smoothed, (LONG,)),
]


@pytest.mark.parametrize(("fun", "args"), PARALLEL)
def test_on_all_cores(fun: Callable, args: tuple) -> None:
    gradient = srcgrad.value_and_grad(fun, jit=True, parallel=True)
    given = [np.copy(a) if isinstance(a, np.ndarray) else a for a in args]
    got = gradient(*given)
    with np.errstate(all="ignore"):
        check_same(got, srcgrad.value_and_grad(fun)(*args), fun.__name__, exact=False, given=args)
    check_same(given, list(args), "the arguments")
    check_same(gradient(*given), got, "a second call", exact=False)


@pytest.mark.parametrize(("fun", "args"), [case for case in PARALLEL if np.size(case[1][0]) > 1])
def test_which_loops(fun: Callable, args: tuple) -> None:
    source = srcgrad.value_and_grad(fun, jit=True, parallel=True).source_for(*args)
    assert "in prange(" in source, source
    assert "prange" not in srcgrad.value_and_grad(fun, jit=True).source_for(*args).partition("\n\n\n")[0]


@pytest.mark.parametrize(
    ("fun", "args"),
    [
        (scattered, (LONG, np.arange(1003) % 5)),
        (recurrence, (LONG,)),
        (neighbours, (LONG,)),
        (may_fail, (np.abs(LONG),)),
    ],
)
def test_loops_that_stay(fun: Callable, args: tuple) -> None:
    gradient = srcgrad.value_and_grad(fun, jit=True, parallel=True)
    check_same(gradient(*args), srcgrad.value_and_grad(fun)(*args), fun.__name__, exact=False, given=args)
    carried = gradient.source_for(*args).partition("# backward")[0]
    assert "prange(" not in carried, carried


def test_errors_are_not_lost() -> None:
    negative = np.abs(LONG)
    negative[-1] = -1.0
    with pytest.raises(ValueError, match="math domain error"):
        srcgrad.grad(may_fail, jit=True, parallel=True)(negative)
    with pytest.raises(ValueError, match="broadcast"):
        srcgrad.grad(quotient, jit=True, parallel=True)(LONG, LONG[1:])
    with pytest.raises(IndexError):
        srcgrad.grad(dot, jit=True, parallel=True)(LONG, LONG[1:])


def test_the_source_says_that_prange_is_serial() -> None:
    serial = "Loops over prange run one turn after the other."
    assert serial in srcgrad.grad(dot, jit=True).source_for(LONG, OTHER)
    assert serial not in srcgrad.grad(dot, jit=True, parallel=True).source_for(LONG, OTHER)
    assert serial not in srcgrad.grad(chain, jit=True).source_for(LONG)


def test_parallel_needs_jit() -> None:
    with pytest.raises(ArgumentError, match="parallel=True"):
        srcgrad.grad(chain, parallel=True)
