"""Variables that get another kind in a loop: see also `tests/programs/kinds_in_loops.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad.errors import NotJitableError

pytest.importorskip("numba")

X = np.array([0.5, 1.5, 2.0])


def powers(x: Any, n: Any) -> Any:
    total = 0.0
    for k in range(n):
        total = total + x ** (k + 1)
    return np.sum(total)


def powers_counted(x: Any, n: Any) -> Any:
    total = 0.0
    k = 0
    while k < n:
        k += 1
        total = total + x**k
    return np.sum(total)


@pytest.mark.parametrize("fun", [powers, powers_counted])
def test_loops_without_turns_are_refused_when_they_run(fun: Any) -> None:
    gradient = srcgrad.grad(fun, jit=True)
    for n in (1, 2, 4):
        np.testing.assert_allclose(gradient(X, n), srcgrad.grad(fun)(X, n), rtol=1e-14)
    with pytest.raises(NotJitableError, match="total is of one kind before a loop"):
        gradient(X, 0)
    np.testing.assert_array_equal(srcgrad.grad(fun)(X, 0), np.zeros(3))


def test_every_mode() -> None:
    def cubes(x: Any) -> Any:
        total = 0.0
        for k in range(3):
            total = total + (k + 1) * x**3
        return np.sum(total)

    np.testing.assert_allclose(srcgrad.hessian(cubes, jit=True)(X), np.diag(36 * X), rtol=1e-13)
    np.testing.assert_allclose(srcgrad.jvp(cubes, (X,), (np.ones(3),), jit=True)[1], np.sum(18 * X**2), rtol=1e-13)
    pullback = srcgrad.vjp(cubes, X, jit=True)[1]
    np.testing.assert_allclose(pullback(1.0)[0], 18 * X**2, rtol=1e-13)


def test_what_depends_on_the_run_is_refused_with_the_name() -> None:
    def chosen(x: Any, n: Any) -> Any:
        total = 0.0
        for k in range(n):
            if x[k] > 1.0:
                total = total + x * k
        return np.sum(total)

    with pytest.raises(NotJitableError, match="'total' is not of one kind") as caught:
        srcgrad.grad(chosen, jit=True)(X, 3)
    assert "np.zeros" in str(caught.value.help)
    assert "for k in range(n)" in (caught.value.text or "")


# Numbers that are perhaps None


def first_above(x: Any, limit: Any) -> Any:
    found = None
    for v in x:
        if v > limit:
            found = v * v
            break
    return np.sum(x) if found is None else 3.0 * found


def sum_with_what_was_found(x: Any, limit: Any) -> Any:
    found = None
    for v in x:
        if v > limit:
            found = v
    return np.sum(x) + found  # type: ignore[operator]


def nearest_so_far(x: Any, limit: Any) -> Any:
    best = None
    for v in x:
        apart = (v - limit) ** 2
        if best is None or apart < best:
            best = apart
    return best


@pytest.mark.parametrize("fun", [first_above, nearest_so_far])
def test_numbers_or_none(fun: Any) -> None:
    gradient = srcgrad.value_and_grad(fun, jit=True)
    for limit in (0.0, 1.0, 1.7, 5.0):
        value, bar = gradient(X, limit)
        expected, expected_bar = srcgrad.value_and_grad(fun)(X, limit)
        assert value == pytest.approx(expected, rel=1e-15)
        np.testing.assert_allclose(bar, expected_bar, rtol=1e-15)


def test_arithmetic_with_none_raises() -> None:
    gradient = srcgrad.value_and_grad(sum_with_what_was_found, jit=True)
    np.testing.assert_array_equal(gradient(X, 1.0)[1], [1.0, 1.0, 2.0])
    with pytest.raises(TypeError):
        gradient(X, 5.0)
