"""What NumPy calls by several names is compiled by each of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad.errors import ArgumentError, NotJitableError

pytest.importorskip("numba")

A = np.array([[1.2, 0.4, -0.3], [0.2, 1.5, 0.6], [-0.5, 0.1, 0.9]])
X = np.array([0.7, -1.2, 0.4])


def of_matrices(a: Any, x: Any) -> Any:
    total = np.linalg.trace(a, offset=1) + np.sum(np.linalg.diagonal(a) ** 2) + np.sum(np.linalg.outer(x, x) * a)
    total += np.sum(np.linalg.matmul(a, a)[0]) + np.sum(np.linalg.matrix_transpose(a) * a)
    total += np.linalg.norm(a, "nuc") + np.linalg.matrix_norm(a, ord="nuc") * np.linalg.matrix_norm(a, ord=1)
    return total + np.sum(np.linalg.svdvals(a) ** 3) + np.linalg.matrix_norm(a) * np.linalg.vector_norm(x)


def of_vectors(a: Any, x: Any) -> Any:
    total = np.linalg.vecdot(x, a[0]) + np.sum(np.vecdot(a, a * 2.0) * x) + np.sum(np.linalg.cross(x, a[1]) ** 2)
    return total + np.linalg.vector_norm(a) + np.sum(np.linalg.vector_norm(a, axis=1) * x)


def of_several_vectors(a: Any, x: Any) -> Any:
    return np.sum(np.matvec(a, x) ** 2) + np.sum(np.vecmat(x, a) * x)


def by_ufuncs(a: Any, x: Any) -> Any:
    total = (
        np.sum(np.add.reduce(a) * x) + np.multiply.reduce(x) + np.maximum.reduce(x) * np.minimum.reduce(a, axis=None)
    )
    total += np.sum(np.add.accumulate(a, axis=1) * a) + np.sum(np.multiply.accumulate(x) ** 2)
    return total + np.sum(np.add.outer(x, x) * np.subtract.outer(x, a[0]) * np.multiply.outer(x, x))


def by_elements(a: Any, x: Any) -> Any:
    fraction, whole = np.modf(a * 2.0)
    total = np.sum(fraction**2 * whole) + np.sum(np.heaviside(x, 0.5) * x) + np.sum(np.asanyarray(x) ** 2)
    return total + math.cbrt(x[0]) + np.sum(np.atleast_1d(x[1]) ** 2)


def by_sums(a: Any, x: Any) -> Any:
    return np.sum(np.cumulative_sum(x) ** 2) + np.sum(np.cumulative_prod(a, axis=0) * a)


def of_polynomials(a: Any, x: Any) -> Any:
    p = np.polyadd(x, a[0, :2])
    return np.sum(p**2) + np.sum(np.polysub(a[1], x) ** 3) + np.sum(np.polyder(x) ** 2) + np.sum(np.polyder(x, 2))


FUNS = [of_matrices, of_vectors, of_several_vectors, by_ufuncs, by_elements, by_sums, of_polynomials]
NEW_NAMES = {of_several_vectors: "matvec", by_sums: "cumulative_sum"}


@pytest.mark.parametrize("fun", FUNS)
def test_as_without_compiling(fun: Callable) -> None:
    if not hasattr(np, NEW_NAMES.get(fun, "sum")):
        pytest.skip("this NumPy is older")
    value, gradients = srcgrad.value_and_grad(fun, argnums=(0, 1))(A, X)
    got, bars = srcgrad.value_and_grad(fun, argnums=(0, 1), jit=True)(A, X)
    assert got == pytest.approx(value, rel=1e-14)
    for bar, expected in zip(bars, gradients, strict=True):
        np.testing.assert_allclose(bar, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("x", [np.inf, -np.inf, np.nan, -0.0, 0.0, -2.5, 3.0])
def test_parts_of_numbers_that_are_not_finite(x: float) -> None:
    def parts(x: Any) -> Any:
        fraction, whole = np.modf(x)
        return np.sum(x) * 0.0 + np.array([fraction[0], whole[0], np.heaviside(x, 0.25)[0]])

    value = srcgrad.vjp(parts, np.array([x]), jit=True)[0]
    np.testing.assert_array_equal(value, parts(np.array([x])))


def test_least_squares_in_single_precision_are_refused() -> None:
    def solved(a: Any, b: Any) -> Any:
        return np.sum(np.linalg.lstsq(a, b, rcond=None)[0])

    with pytest.raises(NotJitableError):
        srcgrad.grad(solved, jit=True)(A.astype(np.float32), X.astype(np.float32))


def test_sorting_refuses_what_has_no_order() -> None:
    def largest(x: Any) -> Any:
        return sorted(list(x), key=lambda v: -abs(v))[0] * 2.0

    gradient = srcgrad.grad(largest, jit=True)
    np.testing.assert_array_equal(gradient(X), [0.0, 2.0, 0.0])
    with pytest.raises(ArgumentError, match="NaN"):
        gradient(np.array([1.0, np.nan, 2.0]))
