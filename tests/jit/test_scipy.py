"""Functions of SciPy in compiled code."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad.errors import NotJitableError

pytest.importorskip("numba")
special = pytest.importorskip("scipy.special")
linalg = pytest.importorskip("scipy.linalg")
stats = pytest.importorskip("scipy.stats")

A = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, -0.2], [0.1, -0.2, 1.8]])
X = np.array([0.5, 1.1, 2.0])


def of_arrays(a: Any, x: Any) -> Any:
    total = np.sum(special.gammaln(x) + special.erf(x) * special.ndtr(a)) + np.sum(special.xlogy(x, x))
    return total + np.sum(special.expit(a[::-1, :2].T)) + np.sum(special.exprel(x) * special.ellipk(x / 4.0))


def of_numbers(a: Any, x: Any) -> Any:
    total = 0.0
    for i in range(len(x)):
        total += special.gammainc(2.5, x[i]) * a[i, i] + special.log_ndtr(-x[i]) + special.jv(2, x[i])
        total += special.spence(x[i] + 0.2) + special.hyp2f1(0.5, 1.5, 2.0, 0.1 * x[i])
    return total


def along_axes(a: Any, x: Any) -> Any:
    total = special.logsumexp(x) + np.sum(special.logsumexp(a, axis=1) * x) + np.sum(special.softmax(a, axis=0)[0])
    return total + np.sum(special.logsumexp(a, 0, keepdims=True) ** 2) + special.log_softmax(x) @ x


def densities(a: Any, x: Any) -> Any:
    total = np.sum(stats.norm.logcdf(x, 0.1, 2.0)) + np.sum(stats.gamma.logpdf(x, 2.5))
    return total + np.sum(stats.t.logpdf(a, 3.0)) + np.sum(stats.poisson.logpmf(np.array([1, 0, 3]), x))


def systems(a: Any, x: Any) -> Any:
    total = np.sum(linalg.solve(a, x) ** 2) + linalg.det(a) + np.sum(linalg.inv(a) ** 2)
    total += linalg.solve(a, np.outer(x, x), transposed=True)[0, 1]
    return total + linalg.norm(a) * linalg.norm(x, 1) + np.sum(linalg.svdvals(a) ** 3)


def factors(a: Any, x: Any) -> Any:
    lower, upper = linalg.cholesky(a @ a.T, lower=True), linalg.cholesky(a @ a.T)
    z, w = linalg.solve_triangular(lower, x, lower=True), linalg.solve_triangular(upper, x, trans="T")
    both = linalg.solve_triangular(upper, np.outer(x, x)), linalg.solve_triangular(lower, x, 1, True)
    return z @ w + np.sum(np.log(np.diag(lower))) + np.sum(both[0] ** 2) + np.sum(both[1] ** 3)


@pytest.mark.parametrize("fun", [of_arrays, of_numbers, along_axes, densities, systems, factors])
def test_as_without_compiling(fun: Callable) -> None:
    value, gradients = srcgrad.value_and_grad(fun, argnums=(0, 1))(A, X)
    got, bars = srcgrad.value_and_grad(fun, argnums=(0, 1), jit=True)(A, X)
    assert got == pytest.approx(value, rel=1e-13)
    for bar, expected in zip(bars, gradients, strict=True):
        np.testing.assert_allclose(bar, expected, rtol=1e-11, atol=1e-13)


def special_of(x: Any) -> Any:
    return special.erf(x) * 2.0 + special.gammaln(x)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_kinds_of_numbers(dtype: str) -> None:
    x = np.array([1, 2, 3], dtype)
    value = srcgrad.vjp(special_of, x, jit=True)[0]
    assert value.dtype == special_of(x).dtype
    np.testing.assert_allclose(value, special_of(x), rtol=1e-6)
    if dtype != "int64":
        bar = srcgrad.grad(lambda x: np.sum(special.erf(x)), jit=True)(x)
        assert bar.dtype == x.dtype


def test_values_at_the_edges_are_those_of_scipy() -> None:
    x = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, -1.0, 171.7])
    np.testing.assert_array_equal(srcgrad.vjp(special_of, x, jit=True)[0], special_of(x))


def test_complex_numbers_are_refused() -> None:
    def of_complex(x: Any) -> Any:
        return np.abs(np.sum(special.erf(x + 1j * x)))

    with pytest.raises(NotJitableError):
        srcgrad.grad(of_complex, jit=True)(X)


def test_polygamma() -> None:
    def total(x: Any) -> Any:
        return np.sum(special.digamma(x) * x) + np.sum(special.polygamma(2, x[0]) ** 2)

    for x in (A[:2] + 0.5, X):
        np.testing.assert_allclose(srcgrad.grad(total, jit=True)(x), srcgrad.grad(total)(x), rtol=1e-12)


def test_what_scipy_does_not_offer_to_compilers_is_refused() -> None:
    with pytest.raises(NotJitableError, match="lambertw"):
        srcgrad.grad(lambda x: special.lambertw(x).real, jit=True)(1.5)


def test_singular_and_broken_matrices_raise() -> None:
    for fun in (linalg.inv, lambda a: linalg.solve(a, X), lambda a: linalg.solve_triangular(a, X)):
        gradient = srcgrad.grad(lambda a, fun=fun: np.sum(fun(a)), jit=True)
        with pytest.raises(np.linalg.LinAlgError):
            gradient(np.zeros((3, 3)))
        with pytest.raises(ValueError, match="infs or NaNs"):
            gradient(np.full((3, 3), np.nan))


def test_another_process_reads_the_machine_code(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            """
            import numpy as np
            from scipy.special import gammaln
            import srcgrad

            def total(x):
                return np.sum(gammaln(x))

            if __name__ == "__main__":
                print(srcgrad.grad(total, jit=True)(np.array([0.5, 1.5, 2.5])).sum())
            """
        )
    )
    command = [sys.executable, str(program)]
    environment = {"SRCGRAD_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(Path(srcgrad.__file__).parents[1])}
    runs = [subprocess.run(command, capture_output=True, text=True, check=True, env=environment) for _ in range(2)]
    assert float(runs[0].stdout) == pytest.approx(float(special.digamma(np.array([0.5, 1.5, 2.5])).sum()))
    assert runs[0].stdout == runs[1].stdout
    assert list((tmp_path / "cache").glob("**/*.nbc"))
