"""Loops that compiled code runs several turns at a time, and those that it must not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad.jit import helpers
from srcgrad.testing import check_same
from srcgrad.tree import flatten

RNG = np.random.default_rng(7)
W = 0.3 * RNG.standard_normal((4, 4))
X = RNG.standard_normal((300, 4))


def transformed(w, x):
    n, d = x.shape
    z = np.empty(d)
    total = 0.0
    for i in range(n):
        for p in range(d):
            z[p] = x[i, p] - w[0, p]
        for p in range(d):
            v = 0.0
            for q in range(p):
                v += w[p, q] * z[q]
            total += v * v
    return total


def polynomial(w, x):
    total = 0.0
    for i in range(len(x)):
        v = 0.0
        for p in range(len(w)):
            v = v * x[i, 0] + w[p, 1]
        total += math.exp(-v * v)
    return total


def branches(w, x):
    total = 0.0
    for i in range(len(x)):
        v = x[i, 1]
        for p in range(len(w)):
            v = v * x[i, 0] + w[p, 1]
            if v > 1.0:
                v = 0.5 * v + w[p, 0]
        if v > 0.0:
            total += v * v
    return total


def extremes(w, x):
    n, d = x.shape
    terms = np.empty(d)
    total = 0.0
    for i in range(n):
        for p in range(d):
            v = 0.0
            for q in range(d):
                v += w[p, q] * w[q, p] * x[i, 0]
            terms[p] = v
        top = terms[0]
        for p in range(1, d):
            top = max(top, terms[p])
        norm = 0.0
        for p in range(d):
            norm += math.exp(terms[p] - top)
        total += math.log(norm) + top
    return total


def own_elements(w, x):
    n, d = x.shape
    y = np.zeros(n)
    for i in range(n):
        v = x[i, 0]
        for p in range(d):
            v = v * w[p, 0] + w[p, 1] * y[i]
        y[i] = v
    return np.sum(y * y)


def fresh_arrays(w, x):
    n, d = x.shape
    total = 0.0
    for i in range(n):
        z = np.zeros(d)
        for p in range(d):
            for q in range(d):
                z[p] += w[p, q] * x[i, 0]
        v = 0.0
        for p in range(d):
            for q in range(d):
                v += z[p] * z[q] * w[q, p]
        total += v
    return total


def counted(w, x):
    total = 0.0
    for i in range(2, len(x) - 1):
        v = 1.0
        for p in range(1, len(w)):
            v = v * w[p, 0] + x[i - 2, 0] * x[i + 1, 1]
        total -= v
    return total


def repeated(w, x):
    n, d = x.shape
    z = np.empty(d)
    total = 0.0
    for turn in range(3):
        for i in range(n):
            for p in range(d):
                z[p] = x[i, p] * w[p, 0] * (turn + 1)
            v = 0.0
            for p in range(d):
                for q in range(d):
                    v += z[p] * w[p, q] * z[q]
            total += v * v
    return total


def measured(w, x):
    n, d = x.shape
    sums = np.zeros((n, d + 2))
    total = 0.0
    for i in range(len(sums)):
        for p in range(d):
            v = 0.0
            for q in range(d):
                v += w[q, 0] * x[i, p] * w[p, 1]
            sums[i, p] = v
    for i in range(len(sums)):
        for p in range(sums.shape[1]):
            v = 0.0
            for q in range(d):
                v += w[q, 1] * sums[i, p]
            total += v * v
    return total


IN_LANES = [transformed, polynomial, branches, extremes, own_elements, counted, repeated, measured]


# Each turn needs what another one leaves, or may.


def recurrence(w, x):
    v = 1.0
    for i in range(len(x)):
        for p in range(len(w)):
            v = 0.5 * v * w[p, 0] + x[i, 0]
    return v


def half_filled(w, x):
    n, d = x.shape
    z = np.ones(d)
    total = 0.0
    for i in range(n):
        for p in range(1, d):
            z[p] = x[i, p] * w[p, 0]
        v = 0.0
        for p in range(d):
            for q in range(d):
                v += w[p, q] * z[q]
        z[0] = 0.1 * v
        total += v * v
    return total


def filled_late(w, x):
    n, d = x.shape
    z = np.ones(d)
    total = 0.0
    for i in range(n):
        v = 0.0
        for p in range(d):
            for q in range(d):
                v += w[p, q] * z[q]
        total += v * v
        for p in range(d):
            z[p] = x[i, p] * w[p, 0]
    return total


def filled_at_times(w, x):
    n, d = x.shape
    z = np.ones(d)
    total = 0.0
    for i in range(n):
        if x[i, 0] > 0.0:
            for p in range(d):
                z[p] = x[i, p] * w[p, 0]
        v = 0.0
        for p in range(d):
            for q in range(d):
                v += w[p, q] * z[q]
        total += v * v
    return total


def read_while_filled(w, x):
    n, d = x.shape
    z = np.ones(d)
    total = 0.0
    for i in range(n):
        v = 0.0
        for p in range(d):
            z[p] = x[i, p] * w[p, 0] + 0.3 * z[d - 1 - p]
        for p in range(d):
            for q in range(d):
                v += w[p, q] * z[q]
        total += v * v
    return total


def scaled_after_it_was_filled(w, x):
    n, d = x.shape
    z = np.ones(d)
    total = 0.0
    for i in range(n):
        for p in range(d):
            z[p] = x[i, p] * w[p, 0]
        z[1] *= z[2]
        v = 0.0
        for p in range(d):
            for q in range(d):
                v += w[p, q] * z[q] * z[p]
        total += v * v
    return total


def filled_twice(w, x):
    n, d = x.shape
    z = np.ones(d)
    total = 0.0
    for i in range(n):
        for p in range(d):
            z[p] = x[i, p] * w[p, 0]
        v = 0.0
        for p in range(d):
            for q in range(d):
                v += w[p, q] * z[q] * z[p]
        for p in range(d):
            z[p] = v * w[0, p]
        for p in range(d):
            total += z[p] * z[p] * x[i, 0]
    return total


def one_of_two(w, x):
    n, d = x.shape
    y, z = np.ones(d), np.zeros(d)
    total = 0.0
    for i in range(n):
        for p in range(d):
            y[p] = x[i, p] * w[p, 0]
        v = 0.0
        for p in range(d):
            for q in range(d):
                v += w[p, q] * y[q] * z[p]
        total += v * v + v
        y, z = z, y
    return total


def filled_through_a_view(w, x):
    n, d = x.shape
    z = np.ones(d)
    part = z[1:]
    total = 0.0
    for i in range(n):
        for p in range(d):
            z[p] = x[i, p] * w[p, 0]
        part[0] = 0.5 * part[1]
        v = 0.0
        for p in range(d):
            for q in range(d):
                v += w[p, q] * z[q]
        total += v * v
    return total


def read_behind(w, x):
    n, d = x.shape
    z = np.ones(d)
    total = 0.0
    for i in range(n):
        for p in range(d):
            z[p] = x[i, p] * w[p, 0]
        v = 0.0
        for p in range(d):
            for q in range(d):
                v += w[p, q] * z[q]
        total += v * v
    return total + z[0] * z[1] * w[2, 2]


def returned_at_once(w, x):
    total = 0.0
    for i in range(len(x)):
        v = 0.0
        for p in range(len(w)):
            v = v * x[i, 0] + w[p, 1]
        total += v * v
        if total > 1.0:
            return total
    return total + w[0, 0]


def neighbours(w, x):
    n, d = x.shape
    y = np.zeros(n + 1)
    for i in range(n):
        v = 0.0
        for p in range(d):
            v = v * w[p, 0] + y[i] + x[i, 0]
        y[i + 1] = 0.3 * v
    return np.sum(y * y)


def triangles(w, x):
    total = 0.0
    for i in range(len(x)):
        v = 0.0
        for p in range(i):
            v = 0.5 * v * x[i, 0] + w[p % 4, 1]
        total += v * v
    return total


def product_of_all(w, x):
    total = 1.0
    for i in range(len(x)):
        v = 0.0
        for p in range(len(w)):
            v = 0.1 * v * x[i, 0] + w[p, 1]
        total *= 1.0 + 0.01 * v
    return total


def looked_at(w, x):
    total = 0.0
    for i in range(len(x)):
        v = 0.0
        for p in range(len(w)):
            v = 0.1 * v * x[i, 0] + w[p, 1]
        if total < 0.5:
            v *= 2.0
        total += v * v
    return total


NOT_IN_LANES = [
    *(recurrence, half_filled, filled_late, filled_at_times, read_while_filled, filled_through_a_view),
    *(one_of_two, returned_at_once, neighbours, triangles, product_of_all, looked_at),
]


EITHER = [fresh_arrays, read_behind, scaled_after_it_was_filled, filled_twice]


@pytest.fixture(params=[0, 1, 3, 127, 128, 129, 300])
def points(request: Any) -> Any:
    """So many points."""
    return X[: request.param]


def judge(fun: Callable[..., Any], x: Any) -> str:
    """Compares the compiled gradient with the plain one; its source."""
    plain = srcgrad.value_and_grad(fun, argnums=(0, 1))
    jitted = srcgrad.value_and_grad(fun, argnums=(0, 1), jit=True)
    args = W.copy(), x.copy()
    expected = plain(W.copy(), x.copy())
    got = jitted(*args)
    for a, b in zip(flatten(got)[0], flatten(expected)[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-11)
    check_same(jitted(*args), got, f"{fun.__name__}, called twice")
    np.testing.assert_array_equal(args[0], W)
    np.testing.assert_array_equal(args[1], x)
    return jitted.source


@pytest.mark.parametrize("fun", IN_LANES, ids=lambda fun: fun.__name__)
def test_runs_in_lanes(fun: Callable[..., Any], points: Any) -> None:
    pytest.importorskip("numba")
    text = judge(fun, points)
    # Of arrays of length 1 that is known, and one turn is no reason.
    assert len(points) == 1 or "for lane in range(count)" in text


@pytest.mark.parametrize("fun", [*NOT_IN_LANES, *EITHER], ids=lambda fun: fun.__name__)
def test_does_not_run_in_lanes(fun: Callable[..., Any], points: Any) -> None:
    pytest.importorskip("numba")
    if fun is neighbours and len(points) == 0:
        pytest.skip("nothing to compare")
    text = judge(fun, points)
    assert fun not in NOT_IN_LANES or "for lane in range(count)" not in text.partition("# backward")[0]


@pytest.mark.parametrize("fun", [*IN_LANES, *NOT_IN_LANES, *EITHER], ids=lambda fun: fun.__name__)
def test_gives_the_same_without_numba(fun: Callable[..., Any], without_numba: None) -> None:
    judge(fun, X[:130])


# What is raised


def overflow_then_domain(w, x, bad):
    total = 0.0
    for i in range(len(x)):
        v = 0.0
        for p in range(len(w)):
            v = v * w[p, 0] + x[i, 0]
        total += math.exp(bad[i] * v) + math.log(1.5 + bad[i])
    return total


def division_then_overflow(w, x, bad):
    total = 0.0
    for i in range(len(x)):
        v = 0.0
        for p in range(len(w)):
            v = v * w[p, 0] + x[i, 0]
        total += v / (bad[i] - 3.0)
        for p in range(len(w)):
            v = v * w[p, 0] + math.exp(bad[i] * w[p, p])
        total += v
    return total


def domain_in_a_branch(w, x, bad):
    total = 0.0
    for i in range(len(x)):
        v = 0.0
        for p in range(len(w)):
            v = v * w[p, 0] + x[i, 0]
        if bad[i] < -1.0:
            v += math.log(bad[i])
        total += v + math.exp(bad[i])
    return total


def index_behind_a_check(w, x, bad):
    total = 0.0
    for i in range(len(x)):
        v = 0.0
        for p in range(len(w)):
            v = v * w[p, 0] + math.exp(bad[i]) * x[i, 0]
            v += w[p * p, 0]
        total += v
    return total


def index_from_data(w, x, bad):
    total = 0.0
    for i in range(len(x)):
        v = 0.0
        for p in range(len(w)):
            v = v * w[p, 0] + w[int(bad[i]), p]
        total += v
    return total


FAILING = [overflow_then_domain, division_then_overflow, domain_in_a_branch, index_behind_a_check, index_from_data]
FAILURES = [{}, {7: 1e5}, {200: -7.0}, {7: 1e5, 9: -7.0}, {9: -7.0, 200: 1e5}, {7: 3.0, 5: 1e5}, {5: 3.0, 7: 1e5}]


@pytest.mark.parametrize("failures", FAILURES, ids=str)
@pytest.mark.parametrize("fun", FAILING, ids=lambda fun: fun.__name__)
def test_raises_what_python_does(fun: Callable[..., Any], failures: dict[int, float]) -> None:
    pytest.importorskip("numba")
    bad = np.zeros(len(X))
    for place, value in failures.items():
        bad[place] = value
    x = np.abs(X) + 0.1
    try:
        expected = fun(np.abs(W), x, bad)
    except (ArithmeticError, ValueError, IndexError) as error:
        with pytest.raises(type(error)):
            srcgrad.value_and_grad(fun, argnums=(0, 1), jit=True)(np.abs(W), x, bad)
        return
    value, gradients = srcgrad.value_and_grad(fun, argnums=(0, 1), jit=True)(np.abs(W), x, bad)
    np.testing.assert_allclose(value, expected)
    wanted = srcgrad.grad(fun, argnums=(0, 1))(np.abs(W), x, bad)
    for a, b in zip(gradients, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10)


# Other numbers


def test_numbers_of_32_bits() -> None:
    pytest.importorskip("numba")
    w, x = W.astype(np.float32), X.astype(np.float32)

    def powers(w, x):
        y = np.zeros(len(x), np.float32)
        for i in range(len(x)):
            v = x[i, 1]
            for p in range(len(w)):
                v = v * x[i, 0] + w[p, 1]
            y[i] = v
        return np.sum(y * y)

    jitted = srcgrad.grad(powers, argnums=(0, 1), jit=True)
    got = jitted(w, x)
    expected = srcgrad.grad(powers, argnums=(0, 1))(w, x)
    for a, b in zip(got, expected, strict=True):
        assert a.dtype == b.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_sums_are_as_accurate_as_before() -> None:
    pytest.importorskip("numba")

    def shifted(w, x):
        total = 0.0
        for i in range(len(x)):
            v = w[0]
            for p in range(1, len(w)):
                v = v * x[i] + w[p]
            total += v
        return total

    x = np.full(10_000, 0.1)
    value, w_bar = srcgrad.value_and_grad(shifted, jit=True)(np.ones(3), x)
    exact = math.fsum([1.0 + 0.1 + 0.1 * 0.1] * len(x))
    assert abs(value - exact) <= 1e-14 * exact
    assert abs(w_bar[1] - math.fsum(x)) <= 1e-14 * math.fsum(x)


@pytest.mark.parametrize(
    ("failures", "error"),
    [([0, 2, 1], ValueError), ([0, 0, 1], OverflowError), ([3, 1, 2], ZeroDivisionError), ([0, 0, 0, 1], None)],
)
def test_the_first_lane_that_failed_raises(failures: list[int], error: type[Exception] | None) -> None:
    if error is None:
        helpers.raise_noted(np.array(failures), 3)
    else:
        with pytest.raises(error):
            helpers.raise_noted(np.array(failures), 3)


def test_a_lane_notes_its_first_failure() -> None:
    assert helpers.noted(0, True, 2) == 2
    assert helpers.noted(1, True, 2) == 1
    assert helpers.noted(1, False, 2) == 1
    assert helpers.noted(0, False, 2) == 0
