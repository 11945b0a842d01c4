"""The distributions of `scipy.stats` that are read: the numbers of SciPy, also at its edges, and their derivatives."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import MethodType
from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad.rules.registry import STANDS_FOR
from srcgrad.testing import check_grads

stats = pytest.importorskip("scipy.stats")

srcgrad.grad(lambda x: stats.norm.pdf(x))(0.0)  # The rules are loaded with the first program that calls SciPy.

INTEGERS = np.array([-1, 0, 1, 2, 3, 200], np.int16)
SINGLES = np.array([-0.7, 0.2, 1.1], np.float32)
POINTS = [-1.3, 0.0, 0.4, 1.0, 2.0, np.nan]
SHAPES = [-1.0, 0.0, 0.5, 1.0, 2.0, np.nan]
METHODS = [
    method
    for method in STANDS_FOR
    if isinstance(method, MethodType) and method.__self__ is not stats.multivariate_normal
]


def name_of(method: MethodType) -> str:
    return f"{method.__self__.name}.{method.__name__}"


def test_there_are_many() -> None:
    assert len(METHODS) >= 40


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("method", METHODS, ids=name_of)
def test_gives_what_scipy_gives(method: MethodType) -> None:
    def called(*args: Any) -> Any:
        return method(*args)

    is_discrete = method.__name__.endswith("pmf")
    extra = [()] if is_discrete else [(), (0.3,), (0.3, 2.0), (0.0, -1.0)]
    for shapes, more in itertools.product(itertools.product(SHAPES, repeat=method.__self__.numargs), extra):
        for x in POINTS:
            check(called, (x, *shapes, *more))
        check(called, (np.array(POINTS), *shapes, *more))
        check(called, (INTEGERS, *shapes, *more))
        check(called, (SINGLES, *shapes, *more))
        check(called, (2, *shapes, *more))
    shapes = tuple(np.array(SHAPES) for _ in range(method.__self__.numargs))
    check(called, (np.array(POINTS), *shapes))
    if not is_discrete:
        check(called, (np.array(POINTS), *shapes, 0.1, np.array([1.0, -1.0, 0.0, 2.0, 0.5, 1.0])))


def check(called: Callable[..., Any], args: tuple) -> None:
    expected = called(*args)
    # Probabilities have no derivative with respect to the shapes.
    value, _ = srcgrad.vjp(lambda x: called(x, *args[1:]), args[0])
    assert type(value) is type(expected), (args, type(value))
    assert np.asarray(value).dtype == np.asarray(expected).dtype
    # SciPy computes some of these in single precision, and returns doubles.
    rtol = 1e-6 if args[0] is SINGLES or args[0] is INTEGERS else 1e-12
    np.testing.assert_allclose(value, expected, rtol=rtol, atol=1e-300, err_msg=str(args))


INNER = {
    "norm": ([], 0.4),
    "t": ([3.5], 0.4),
    "cauchy": ([], 0.4),
    "laplace": ([], 0.4),
    "logistic": ([], -0.4),
    "expon": ([], 0.7),
    "uniform": ([], 0.7),
    "lognorm": ([0.8], 0.7),
    "gamma": ([2.3], 0.7),
    "chi2": ([3.3], 0.7),
    "beta": ([2.3, 1.7], 0.35),
}
DISCRETE = {"poisson": ([2.7], 3), "binom": ([7, 0.3], 3), "bernoulli": ([0.3], 1)}


@pytest.mark.parametrize("method", METHODS, ids=name_of)
def test_derivatives(method: MethodType) -> None:
    name = method.__self__.name
    if name in DISCRETE:
        shapes, k = DISCRETE[name]
        check_grads(lambda p: method(k, *shapes[:-1], p), (shapes[-1],))
        check_grads(lambda p: np.sum(method(np.array([k, 0, 1]), *shapes[:-1], p)), (np.full(3, shapes[-1]),))
        return
    shapes, x = INNER[name]
    if "cdf" in method.__name__ or "sf" in method.__name__:
        fixed = tuple(shapes)
        check_grads(lambda x, loc, scale: method(x, *fixed, loc, scale), (x, 0.1, 1.3))
    else:
        check_grads(method, (x, *shapes, 0.1, 1.3))


MEAN = np.array([0.1, -0.4])
COVARIANCE = np.array([[1.3, 0.4], [0.4, 0.9]])
ROWS = np.array([[0.3, 1.0], [0.2, -0.5], [0.0, 0.7]])


@pytest.mark.parametrize(
    "args",
    [
        (ROWS[0], MEAN, COVARIANCE),
        (ROWS, MEAN, COVARIANCE),
        (np.stack([ROWS, ROWS + 0.3]), MEAN, COVARIANCE),
        (ROWS, MEAN, 1.7),
        (ROWS, MEAN, np.array([1.7, 0.6])),
        (ROWS, MEAN),
        (ROWS, None, COVARIANCE),
        (ROWS[:, 0],),
        (0.4,),
        (0.4, 0.3, 1.7),
        (np.array([0.4]), np.array([0.3]), np.array([[1.7]])),
        ([0.4, 0.3], [0.1, 0.2], [[1.7, 0.1], [0.1, 1.0]]),
        (ROWS[:, :1], 0.3, 1.7),
    ],
)
@pytest.mark.parametrize("method", ["pdf", "logpdf"])
def test_normal_distribution_of_vectors(method: str, args: tuple) -> None:
    def called(*args: Any) -> Any:
        return getattr(stats.multivariate_normal, method)(*args)

    expected = called(*args)
    value, _ = srcgrad.vjp(called, *args)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    assert np.shape(value) == np.shape(expected)
    assert type(value) is type(expected)
    wanted = [k for k, arg in enumerate(args) if isinstance(arg, (float, np.ndarray)) and np.ndim(arg) < 2]
    for k in wanted:
        check_grads(lambda v, k=k: np.sum(called(*args[:k], v, *args[k + 1 :])), (args[k],))


def test_covariance_that_is_not_positive_definite() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        srcgrad.grad(lambda x: stats.multivariate_normal.logpdf(x, MEAN, -COVARIANCE))(MEAN)


def with_parameters(x):
    return stats.norm(x[0], x[1]).logpdf(x[2])


def with_named_parameters(x):
    return np.sum(stats.norm(loc=x[0], scale=2.0).pdf(x)) + stats.gamma(2.0, scale=x[1]).logpdf(x[2])


def several_in_a_list(x):
    total = 0.0
    for d in [stats.norm(0.0, 1.0), stats.norm(x[0], 2.0)]:
        total += d.logpdf(x[1])
    return total


def of_vectors(x):
    return stats.multivariate_normal(mean=x[:2], cov=x[2]).logpdf([0.1, 0.2])


def discrete(x):
    return stats.poisson(x[0]).logpmf(3) + stats.binom(5, x[1]).pmf(2)


@pytest.mark.parametrize("fun", [with_parameters, with_named_parameters, several_in_a_list, of_vectors, discrete])
def test_distributions_with_their_parameters(fun: Callable[..., Any]) -> None:
    x = np.array([0.4, 0.5, 0.9])
    check_grads(fun, (x,), order=2)
    np.testing.assert_allclose(srcgrad.vjp(fun, x)[0], fun(x), rtol=1e-13)


def test_distributions_of_the_users_own_are_not_mistaken_for_others() -> None:
    class Cubic(stats.rv_continuous):
        def _pdf(self, x: Any) -> Any:
            return 3.0 * x**2

    own = Cubic(a=0.0, b=1.0, name="norm")()
    assert srcgrad.grad(lambda x: own.pdf(0.5) * x**2)(2.0) == pytest.approx(3.0)
    with pytest.raises(srcgrad.errors.SrcgradError):
        srcgrad.grad(lambda x: own.pdf(x))(0.5)


def test_methods_of_distributions_are_differentiated() -> None:
    assert srcgrad.grad(stats.norm.logpdf)(0.3) == -0.3
    assert srcgrad.grad(stats.norm.logpdf, argnums=(0, 1, 2))(1.0, 0.0, 2.0) == (-0.25, 0.25, -0.375)
