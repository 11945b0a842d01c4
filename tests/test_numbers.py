"""Numbers at their limits: ties, poles, overflow, empty arrays, the kinds and dtypes of what comes back."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from srcgrad import grad, hessian, jvp, value_and_grad, vjp
from srcgrad.errors import UnsupportedError

INF, NAN = math.inf, math.nan
CASES: list[Any] = []


def case(name: str, fun: Callable[..., Any], x: Any, expected: Any, *others: Any) -> None:
    """Collects a function, where it is differentiated with respect to its first argument, and what should come out."""
    CASES.append(pytest.param(fun, (x, *others), expected, id=name))


A = np.array
ZERO = np.zeros(2)
FAR = A([-1000.0, -800.0, 0.0, 800.0, 1000.0])
BELL = [0.0, 0.0, 0.25, 0.0, 0.0]
TIED = A([1.0, 3.0, 3.0, 2.0])

# ---- saturation ----


def logistic_by_parts(x):
    out = np.empty_like(x)
    positive = x >= 0
    out[positive] = 1 / (1 + np.exp(-x[positive]))
    e = np.exp(x[~positive])
    out[~positive] = e / (1 + e)
    return np.sum(out)


def log_sum_exp(x):
    top = x.max()
    return top + np.log(np.sum(np.exp(x - top)))


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


case("logistic", lambda x: np.sum(1 / (1 + np.exp(-x))), FAR, BELL)
case("logistic-of-a-number", lambda x: 1 / (1 + np.exp(-x)), -1000.0, 0.0)
case("logistic-float32", lambda x: np.sum(1 / (1 + np.exp(-x))), FAR.astype(np.float32), BELL)
case("logistic-scaled", lambda x, k, c: np.sum(c / (1 + np.exp(-k * x))), FAR, 6.0 * A(BELL), 2.0, 3.0)
case("logistic-in-its-height", lambda c, x: np.sum(c / (1 + np.exp(-x))), 2.0, 2.5, FAR)
case("logistic-with-a-factor", lambda x: np.sum(1 / (1 + 2 * np.exp(-x))), FAR, [0.0, 0.0, 2 / 9, 0.0, 0.0])
case("logistic-in-the-factor", lambda b, x: np.sum(1 / (1 + b * np.exp(-x))), 1.0, -0.25, FAR)
case("logistic-where", lambda x: np.sum(np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))), FAR, BELL)
case("logistic-by-parts", logistic_by_parts, FAR, BELL)
case("logistic-power", lambda x: np.sum((1 + np.exp(-x)) ** -1.0), FAR, BELL)
case("logistic-squared", lambda x: np.sum(1 / (1 + np.exp(-x)) ** 2), FAR, BELL)
case("logistic-math", lambda x: 1 / (1 + math.exp(-x)), -700.0, math.exp(-700.0))
case("swish", lambda x: np.sum(x / (1 + np.exp(-x))), A([-1000.0, 0.0, 1000.0]), [0.0, 0.5, 1.0])
case("log-of-logistic", lambda x: np.sum(np.log(1 / (1 + np.exp(-x)))), A([-700.0, 0.0, 700.0]), [1.0, 0.5, 0.0])
case("log-of-logistic-float32", lambda x: np.log(1 / (1 + np.exp(-x))), np.float32(-80.0), 1.0)
case("gompertz", lambda x: np.sum(np.exp(-np.exp(-x))), A([-1000.0, 0.0]), [0.0, math.exp(-1.0)])
case("secant-squared", lambda x: np.sum(1 / np.cosh(x) ** 2), A([-1000.0, 0.0, 1000.0]), 0.0)
case("tanh-of-exp", lambda x: np.sum(np.tanh(np.exp(x))), A([1000.0, -1000.0]), 0.0)
case("gudermann", lambda x: np.sum(np.arctan(np.exp(x))), A([1000.0, 0.0]), [0.0, 0.5])
case("softplus", lambda x: np.sum(np.logaddexp(0, x)), FAR, [0.0, 0.0, 0.5, 1.0, 1.0])
case("softplus-cut", lambda x: np.sum(np.where(x > 30, x, np.log1p(np.exp(x)))), FAR, [0.0, 0.0, 0.5, 1.0, 1.0])
case("log-sum-exp", log_sum_exp, A([1000.0, 1000.0, -1000.0]), [0.5, 0.5, 0.0])
case("log-sum-exp-float16", log_sum_exp, A([11.0, 11.0], np.float16), 0.5)
case("softmax", lambda x: softmax(x)[0], A([1000.0, 1000.0, -1000.0]), [0.25, -0.25, 0.0])


def logistic_of_what_is_overwritten(x):
    u = x.copy()
    e = np.exp(u)
    u[:] = 0.0
    return np.sum(1 / (1 + e)) + np.sum(u)


def logistic_overwritten(x):
    z = 1 / (1 + np.exp(-x))
    z *= 2.0
    z[0] = 0.0
    return np.sum(z)


case("logistic-of-what-is-overwritten", logistic_of_what_is_overwritten, ZERO, -0.25)
case("logistic-overwritten", logistic_overwritten, ZERO, [0.0, 0.5])

# ---- norms, powers, products ----

case("norm", np.linalg.norm, ZERO, 0.0)
case(
    "norm-of-a-row", lambda x: np.sum(np.linalg.norm(x, axis=1)), A([[3.0, 4.0], [0.0, 0.0]]), [[0.6, 0.8], [0.0, 0.0]]
)
case("hypot", lambda x: np.hypot(x[0], x[1]), ZERO, 0.0)
case("hypot-of-large", lambda x: np.hypot(x[0], x[1]), A([3e300, 4e300]), [0.6, 0.8])
case("angle-of-tiny", lambda x: np.arctan2(x[0], x[1]), A([1e-200, 1e-200]), [0.5e200, -0.5e200])
case("prod-one-zero", np.prod, A([2.0, 0.0, 3.0]), [0.0, 6.0, 0.0])
case("prod-two-zeros", np.prod, A([2.0, 0.0, 0.0]), 0.0)
case("cumprod", lambda x: np.sum(np.cumprod(x)), A([2.0, 0.0, 3.0, 0.0]), [1.0, 8.0, 0.0, 0.0])
case("std-of-equal", np.std, A([3.0, 3.0, 3.0]), 0.0)
case("var-of-one", np.var, A([3.0]), 0.0)
case("var-of-one-with-ddof", lambda x: np.var(x, ddof=1), A([3.0]), NAN)
for power, slope in ((0, 0.0), (0.0, 0.0), (1, 1.0), (1.0, 1.0), (2, 0.0), (2.0, 0.0), (1.5, 0.0), (0.5, INF)):
    for x in (0.0, np.float64(0.0), np.float32(0.0), A([0.0, 0.0])):
        case(f"{x}**{power}", lambda x, p=power: np.sum(x**p), x, slope)
        case(f"{x}**p={power}", lambda x, p: np.sum(x**p), x, slope, power)
case("0**y", lambda y: np.sum(A([0.0, 0.0, 2.0]) ** y), 2.0, 4 * math.log(2.0))
case("negative-base", lambda x, p: np.sum(x**p), A([-2.0, -3.0]), [12.0, 27.0], 3)

# ---- poles: what NumPy does not raise for, the derivative does not ----

for name, fun, x, expected in (
    ("log", np.log, 0.0, INF),
    ("log2", np.log2, 0.0, INF),
    ("log10", np.log10, 0.0, INF),
    ("log1p", np.log1p, -1.0, INF),
    ("arctanh", np.arctanh, 1.0, INF),
    ("sqrt", np.sqrt, 0.0, INF),
    ("divide", lambda x: np.divide(1.0, x), 0.0, -INF),
):
    case(f"pole-{name}", lambda x, fun=fun: fun(x), x, expected)
case("divided-by-zero", lambda x, y: np.sum(x / y), A([1.0, 2.0]), INF, 0.0)
case("divided-by-no-items", lambda x, n: np.sum(x) / n, A([1.0, 2.0]), INF, 0)
case("scaled-and-divided-by-zero", lambda x, y: 2.0 * np.sum(x) / y, A([1.0, 2.0]), INF, 0.0)
case("float32-divided-by-zero", lambda x: x / 0.0, np.float32(1.0), INF)

# ---- nothing at all ----

for name, fun in (
    ("mean", np.mean),
    ("mean-of-squares", lambda x: np.mean((x - 1.0) ** 2)),
    ("method", lambda x: (x * x).mean()),
    ("average", np.average),
    ("var", np.var),
    ("std", np.std),
    ("nanmean", np.nanmean),
    ("sum-by-len", lambda x: np.sum(x * x) / len(x)),
    ("sum-by-size", lambda x: np.sum(x) / x.size),
    ("prod", np.prod),
    ("max-with-start", lambda x: np.max(x, initial=0.0)),
    ("norm", np.linalg.norm),
    ("rows", lambda x: np.sum(np.mean(x.reshape(3, 0), axis=1))),
):
    case(f"empty-{name}", lambda x, fun=fun: fun(x), A([]), [])
case("mean-of-none-selected", lambda x: np.mean(x[x > 5.0] ** 2), A([1.0, 2.0]), 0.0)

# ---- ties: NumPy's functions share, the built-in ones and those that pick take the first ----

case("max", np.max, TIED, [0.0, 0.5, 0.5, 0.0])
case("built-in-max", lambda x: max(x), TIED, [0.0, 1.0, 0.0, 0.0])
case("built-in-max-of-a-list", lambda x: max(list(x)), TIED, [0.0, 1.0, 0.0, 0.0])
case("built-in-max-of-items", lambda x: max(x[0], x[1], x[2]), TIED, [0.0, 1.0, 0.0, 0.0])
case("built-in-min", lambda x: min(-x), TIED, [0.0, -1.0, 0.0, 0.0])
case("built-in-max-and-nan", lambda x: max(x), A([1.0, NAN, 3.0]), [0.0, 0.0, 1.0])
case("built-in-max-nan-first", lambda x: max(x), A([NAN, 3.0]), [1.0, 0.0])
case("built-in-min-and-nan", lambda x: min(x), A([3.0, NAN, 1.0]), [0.0, 0.0, 1.0])
case("built-in-max-of-two", lambda x: max(x, 3.0), 3.0, 1.0)
case("built-in-max-of-two-turned", lambda x: max(3.0, x), 3.0, 0.0)
case("maximum", lambda x: np.sum(np.maximum(x, 3.0)), TIED, [0.0, 0.5, 0.5, 0.0])
case("clip", lambda x: np.sum(np.clip(x, 1.0, 2.0)), A([0.0, 1.0, 1.5, 2.0, 3.0]), [0.0, 0.5, 1.0, 0.5, 0.0])
case("clip-method-lower", lambda x: np.sum(x.clip(0.0)), A([-1.0, 0.0, 1.0]), [0.0, 0.5, 1.0])
case("clip-method-keyword", lambda x: np.sum(x.clip(0.0, max=0.5)), A([-1.0, 0.2, 1.0]), [0.0, 1.0, 0.0])
case("clip-method-upper", lambda x: np.sum(x.clip(max=0.5)), A([-1.0, 0.2, 1.0]), [1.0, 1.0, 0.0])
case("abs", lambda x: np.sum(np.abs(x)), ZERO, 0.0)
case("abs-of-a-number", lambda x: abs(x), 0.0, 0.0)
case("relu-by-maximum", lambda x: np.sum(np.maximum(x, 0)), A([-1.0, 0.0, 1.0]), [0.0, 0.5, 1.0])
case("relu-by-mask", lambda x: np.sum(x * (x > 0)), A([-1.0, 0.0, INF]), [0.0, 0.0, 1.0])
case("sort", lambda x: np.sum(np.sort(x) * A([1.0, 2.0, 3.0, 4.0])), TIED, [1.0, 3.0, 4.0, 2.0])
case("sorted", lambda x: sum(a * b for a, b in zip(sorted(x), [1.0, 2.0, 3.0, 4.0], strict=True)), TIED, [1, 3, 4, 2])
case("median", np.median, A([3.0, 3.0, 3.0]), [0.0, 1.0, 0.0])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("fun", "args", "expected"), CASES)
def test_slope(fun, args, expected):
    x = args[0]
    function = fun if hasattr(fun, "__code__") and "lambda" in fun.__name__ else lambda *given: fun(*given)
    value = fun(*args)
    for optimize in (True, False):
        got_value, got = value_and_grad(function, optimize=optimize)(*args)
        np.testing.assert_allclose(got_value, value, rtol=1e-6)
        np.testing.assert_allclose(got, np.broadcast_to(expected, np.shape(x)), rtol=1e-4, atol=1e-300)
        assert np.asarray(got).dtype == np.asarray(x).dtype
    pulled = vjp(function, *args)[1](1.0)[0]
    np.testing.assert_allclose(pulled, np.broadcast_to(expected, np.shape(x)), rtol=1e-4, atol=1e-300)


# ---- kinds ----

SCALAR_FUNCTIONS = [
    lambda x: np.cumsum(x)[0],
    lambda x: np.tile(x, 2).sum(),
    lambda x: np.maximum(x, 0.0),
    lambda x: np.where(x > 0, x, 2.0) * 1.0,
    lambda x: np.clip(x, 0.0, 1.0) * x,
    lambda x: np.ravel(x)[0],
    lambda x: np.array([x, x]).sum(),
    lambda x: np.atleast_1d(x).sum(),
    lambda x: np.repeat(x, 3).sum(),
    lambda x: np.broadcast_to(x, (3,)).sum(),
    lambda x: np.outer(x, np.arange(2.0)).sum(),
    lambda x: np.expand_dims(x, 0).sum(),
    lambda x: np.nansum(x),
    lambda x: np.fmax(x, 3.0),
    lambda x: np.linspace(0.0, x, 3).sum(),
    lambda x: np.meshgrid(x, np.arange(2.0))[0].sum(),
    lambda x: np.kron(x, np.arange(2.0)).sum(),
]


@pytest.mark.parametrize("fun", SCALAR_FUNCTIONS)
@pytest.mark.parametrize("x", [0.5, np.float64(0.5), np.float32(0.5)], ids=lambda x: type(x).__name__)
def test_the_gradient_of_a_number_is_a_number(fun, x):
    slope = (fun(np.float64(0.5 + 1e-6)) - fun(np.float64(0.5 - 1e-6))) / 2e-6
    for optimize in (True, False):
        got = grad(fun, optimize=optimize)(x)
        assert isinstance(got, float if isinstance(x, float) else np.float32), type(got)
        assert got == pytest.approx(slope, rel=1e-4, abs=1e-6)


LAYOUTS = [
    lambda x: x,
    np.asfortranarray,
    lambda x: np.repeat(x, 2, axis=0)[::2],
    lambda x: x[::-1],
    lambda x: x.T.copy().T,
    lambda x: np.broadcast_to(x[:1], x.shape),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(4,), (2, 3), (1, 3), (2, 1, 2), (0,), (0, 3)])
def test_layouts_and_dtypes(dtype, layout, shape):
    def loss(x):
        y = x.copy()
        y[y > 0.7] *= 2.0
        flat = x.ravel() * 3.0
        total = np.sum(y * x.T.T) + np.sum(flat**2)
        for v in x.flat:
            total = total + v * v
        return total + np.sum(np.where(x > 0.5, x, -x))

    x = layout(np.random.default_rng(0).uniform(0.1, 1.0, shape).astype(dtype))
    before = x.copy()
    expected = np.where(x > 0.7, 4.0, 2.0) * x + 20.0 * x + np.where(x > 0.5, 1.0, -1.0)
    for optimize in (True, False):
        got = grad(loss, optimize=optimize)(x)
        assert got.dtype == dtype
        assert got.shape == shape
        assert got.flags.writeable
        np.testing.assert_allclose(got, expected, rtol={8: 1e-12, 4: 1e-5, 2: 1e-2}[x.dtype.itemsize])
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize(
    ("fun", "x"),
    [
        (lambda x: np.sum(1 / (1 + np.exp(-x))), np.array([-5.0, 0.0, 9.0], np.float16)),
        (lambda x: np.mean(x * x), np.full(100, 200.0, np.float32)),
        (lambda x: np.mean(x), np.ones(70000, np.float16)),
        (lambda x: np.linalg.norm(x), np.full(4, 100.0, np.float16)),
        (lambda x: np.prod(x), np.array([200.0, 200.0, 0.001], np.float16)),
        (log_sum_exp, np.array([11.0, 11.0], np.float16)),
        (lambda x: np.log1p(np.exp(-np.abs(x))).sum(), np.array([-1e4, 0.5, 1e4])),
    ],
)
def test_no_warnings_that_the_function_does_not_give(fun, x):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fun(x)
        assert np.all(np.isfinite(grad(fun)(x)))


def test_the_built_in_max_of_rows_is_refused():
    with pytest.raises(UnsupportedError, match="compares whole rows"):
        grad(lambda x: max(x))(np.ones((2, 2)))


def test_the_built_in_max_of_nothing_is_its_default():
    gradient = grad(lambda x, y: max(x, default=y), argnums=(0, 1))
    assert [list(gradient(np.ones(2), 3.0)[0]), gradient(np.ones(2), 3.0)[1]] == [[1.0, 0.0], 0.0]
    assert gradient(np.ones(0), 3.0)[1] == 1.0


@pytest.mark.parametrize("fun", [np.asarray, lambda x: np.squeeze(np.array([x * x]))])
@pytest.mark.parametrize("x", [0.7, np.float64(0.7)])
def test_slopes_of_arrays_without_axes_are_numbers(fun: Callable, x: float) -> None:
    assert type(jvp(fun, (x,), (1.0,))[1]) is np.float64
    assert isinstance(hessian(fun)(x), float)


def test_a_number_of_numpy_is_read_with_a_new_axis() -> None:
    def fun(x: Any) -> Any:
        s, total = x[0] * x[1], np.sum(x * x)
        return np.sum(s[None] * x) + np.sum(np.take(s, [0, 0]) * x) + np.sum(total[None, None] * x)

    x = A([0.5, 1.5])
    expected = np.array([(fun(x + e) - fun(x - e)) / 2e-6 for e in 1e-6 * np.eye(2)])
    np.testing.assert_allclose(grad(fun)(x), expected, rtol=1e-8)
