"""Functions of `math` that Numba lacks."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad.errors import SrcgradError

pytest.importorskip("numba")

INF, NAN = math.inf, math.nan


def factorial(x: Any, n: Any) -> Any:
    return math.factorial(n) * x


def comb(x: Any, n: Any, k: Any) -> Any:
    return math.comb(n, k) * x


def perm(x: Any, n: Any, k: Any) -> Any:
    return math.perm(n, k) * x


def isqrt(x: Any, n: Any) -> Any:
    return math.isqrt(n) * x


def lcm(x: Any, a: Any, b: Any) -> Any:
    return math.lcm(a, b) * x


def fmod(x: Any, a: Any, b: Any) -> Any:
    return math.fmod(a, b) * x


def remainder(x: Any, a: Any, b: Any) -> Any:
    return math.remainder(a, b) * x


def isclose(x: Any, a: Any, b: Any) -> Any:
    return (2.0 if math.isclose(a, b) else 3.0) * x


def modf(x: Any, a: Any) -> Any:
    fraction, whole = math.modf(a)
    return x, fraction, whole


def hypot(x: Any, a: Any, b: Any, c: Any) -> Any:
    return math.hypot(a, b, c) * x


def dist(x: Any, a: Any, b: Any) -> Any:
    return math.dist([a, 1.0], (b, 13.0)) * x


CASES: list[tuple[Callable, list[tuple]]] = [
    (factorial, [(0,), (1,), (7,), (20,), (-1,)]),
    (comb, [(7, 3), (7, 8), (61, 30), (5, 0), (-1, 2), (3, -1)]),
    (perm, [(7, 3), (7, 8), (20, 20), (-1, 0)]),
    (isqrt, [(0,), (15,), (16,), (17,), (10**18 - 1,), (2**63 - 1,), (-1,)]),
    (lcm, [(12, 18), (0, 3), (-4, 6)]),
    (fmod, [(7.5, 2.0), (-7.5, 2.0), (1.0, 0.0), (INF, 1.0), (NAN, 0.0), (3.0, INF)]),
    (remainder, [(7.5, 2.0), (-7.0, 2.0), (5.0, 2.0), (3.0, 2.0), (1.0, 0.0), (3.0, INF), (-0.0, 1.0)]),
    (isclose, [(1.0, 1.0 + 1e-10), (1.0, 1.1), (INF, INF), (INF, 1.0), (NAN, NAN)]),
    (modf, [(3.7,), (-3.7,), (INF,), (-0.0,), (NAN,)]),
    (hypot, [(3.0, 4.0, 12.0), (2e200, 1e200, 2e200), (INF, NAN, 1.0), (0.0, 0.0, 0.0)]),
    (dist, [(1.0, 7.25), (INF, 1.0)]),
]


def outcome(fun: Callable, args: tuple, jit: bool) -> Any:
    try:
        return repr(srcgrad.vjp(fun, 1.5, *args, jit=jit)[0])
    except SrcgradError:
        raise
    except Exception as error:
        return type(error)


@pytest.mark.parametrize(("fun", "points"), CASES, ids=[fun.__name__ for fun, _ in CASES])
def test_values_and_errors_are_those_of_math(fun: Callable, points: list[tuple]) -> None:
    for args in points:
        assert outcome(fun, args, True) == outcome(fun, args, False), args


@pytest.mark.parametrize(("fun", "args"), [(factorial, (21,)), (comb, (70, 35)), (perm, (25, 25)), (lcm, (2**62, 3))])
def test_what_needs_more_than_64_bits_raises(fun: Callable, args: tuple) -> None:
    with pytest.raises(OverflowError):
        srcgrad.grad(fun, jit=True)(1.5, *args)


def test_gradients() -> None:
    def series(x: Any, n: Any) -> Any:
        total = sum(x**k / math.factorial(k) for k in range(n))
        return total + math.remainder(x, 0.3) * math.fmod(x, 0.3) + math.hypot(x, 2 * x, 3.0) + math.dist([x], [4.0])

    assert srcgrad.grad(series, jit=True)(0.7, 12) == pytest.approx(srcgrad.grad(series)(0.7, 12), rel=1e-14)


def exact(x: Any, values: Any) -> Any:
    return math.fsum(values) * x, math.fsum(list(values)[::-1])


@pytest.mark.parametrize(
    "values",
    [
        [1e16, 1.0, -1e16, 0.1, 1e-17],
        [1e-16, 1.0, 1e16],
        [1.0, 2.0**-53, 2.0**-106],
        [1.0, 2.0**-53, -(2.0**-106)],
        [0.1] * 10,
        [INF, 1.0],
        [NAN, 1.0],
        [-0.0],
        [],
    ],
)
def test_exact_sums(values: list[float]) -> None:
    array = np.array(values)
    assert outcome(exact, (array,), True) == outcome(exact, (array,), False)


def placed(x: Any, values: Any, at: Any) -> Any:
    steps = list(values)
    return bisect.bisect_left(steps, at) * x, bisect.bisect(values, at), bisect.bisect_right(steps, at, 1, 3)


def test_places_in_sorted_lists() -> None:
    values = np.array([0.5, 1.0, 1.0, 2.5, 4.0])
    for at in (0.0, 0.5, 1.0, 3.0, 9.0):
        assert outcome(placed, (values, at), True) == outcome(placed, (values, at), False)


def test_gamma_functions() -> None:
    def likelihood(p: Any, counts: Any) -> Any:
        r, q = p
        total = math.gamma(r + 0.5)
        for k in counts:
            total += math.lgamma(k + r) - math.lgamma(r) + r * math.log(1 - q) + k * math.log(q)
        return total

    point, counts = np.array([2.5, 0.4]), np.array([1, 4, 0, 2])
    expected = srcgrad.grad(likelihood)(point, counts)
    np.testing.assert_allclose(srcgrad.grad(likelihood, jit=True)(point, counts), expected, rtol=1e-13)
    hessian = srcgrad.hessian(likelihood)(point, counts)
    np.testing.assert_allclose(srcgrad.hessian(likelihood, jit=True)(point, counts), hessian, rtol=1e-12)
