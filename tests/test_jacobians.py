"""Jacobians, Hessians, products with them: against sweeps one by one, differences, and what is known in closed form."""

from __future__ import annotations

import functools
import linecache
import re
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srcgrad import elementwise_grad, grad, hessian, hvp, jacfwd, jacobian, jacrev, jvp, rules, vjp
from srcgrad.errors import ArgumentError, NotScalarError, ShapeError, UnsupportedError

both = pytest.mark.parametrize("jac", [jacfwd, jacrev])
Pair = namedtuple("Pair", "left right")
A = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
X = np.array([0.3, -0.7])


@dataclass
class Layer:
    w: np.ndarray
    b: float
    name: str = "layer"


def by_differences(fun: Callable[..., Any], x: Any, h: float = 1e-6) -> np.ndarray:
    """The Jacobian with respect to an array, by central differences."""
    x = np.asarray(x, float)
    columns = []
    for k in range(x.size):
        step = np.zeros(x.size)
        step[k] = h
        up, down = (np.asarray(fun(x + s * step.reshape(x.shape))) for s in (1, -1))
        columns.append((up - down) / (2 * h))
    return np.stack(columns, axis=-1).reshape(*columns[0].shape, *x.shape)


# ---------------------------------------------------------------------------------------------- closed forms


@both
def test_a_linear_function(jac: Callable) -> None:
    assert np.array_equal(jac(lambda x: A @ x)(X), A)


@both
def test_an_elementwise_function_has_a_diagonal_one(jac: Callable) -> None:
    assert np.allclose(jac(lambda x: np.tanh(x))(X), np.diag(1 - np.tanh(X) ** 2))


@both
def test_shapes_follow_one_another(jac: Callable) -> None:
    x = np.arange(6.0).reshape(2, 3) + 1.0

    def fun(x: np.ndarray) -> np.ndarray:
        return (x.T @ x)[:, :, None] * np.ones(2)

    found = jac(fun)(x)
    assert found.shape == (3, 3, 2, 2, 3)
    assert np.allclose(found, by_differences(fun, x), atol=1e-6)


@both
def test_numbers(jac: Callable) -> None:
    assert jac(lambda x: x**3)(2.0) == 12.0
    assert type(jac(lambda x: x**3)(2.0)) is float
    assert type(jac(lambda x: x**3)(2)) is float
    assert np.array_equal(jac(lambda x: x**3 * np.ones(2))(2.0), [12.0, 12.0])
    assert np.array_equal(jac(lambda x: np.sum(x**2))(X), 2 * X)
    assert isinstance(jac(lambda x: x**3)(np.float32(2.0)), np.float32)


@both
def test_arrays_without_axes(jac: Callable) -> None:
    found = jac(lambda x: x * np.ones(2))(np.array(2.0))
    assert np.array_equal(found, [1.0, 1.0])
    assert np.array_equal(jac(lambda x: x[0] * x[1:])(np.array([2.0, 3.0])), [[3.0, 2.0]])
    assert np.shape(jac(lambda x: x * x)(np.array(2.0))) == ()


@both
@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3)])
def test_empty_arrays(jac: Callable, shape: tuple) -> None:
    x = np.zeros(shape)
    assert jac(lambda x: x * 2)(x).shape == shape + shape
    assert jac(lambda x: np.sum(x))(x).shape == shape
    assert jac(lambda x: np.ones(2) * np.sum(x))(x).shape == (2, *shape)
    assert jac(lambda x, y: y[:0], argnums=1)(x, np.ones(3)).shape == (0, 3)


@both
def test_single_precision_stays(jac: Callable) -> None:
    x = X.astype(np.float32)
    assert jac(lambda x: np.sin(x) * 2.0)(x).dtype == np.float32
    assert jac(lambda x: np.sum(x * x))(x).dtype == np.float32
    assert jac(lambda x: x * 3.0, argnums=0)(np.float32(2.0)).dtype == np.float32


# ---------------------------------------------------------------------------------------------- trees


@both
def test_several_arguments(jac: Callable) -> None:
    def fun(x: np.ndarray, s: float, n: int) -> np.ndarray:
        return s * x**n

    dx, ds = jac(fun, argnums=(0, 1))(X, 2.0, 3)
    assert np.allclose(dx, np.diag(6.0 * X**2))
    assert np.allclose(ds, X**3)
    (again,) = jac(fun, argnums=(-2,))(X, 2.0, 3)
    assert np.allclose(again, ds)
    assert np.allclose(jac(fun, argnames="s")(X, 2.0, 3), ds)
    assert np.allclose(jac(fun, argnames="s")(X, n=3, s=2.0), ds)


@both
def test_trees_of_arguments_and_values(jac: Callable) -> None:
    def fun(p: dict[str, Any], x: np.ndarray) -> Any:
        y = p["layer"].w @ x + p["layer"].b
        return {"y": y, "pair": Pair(np.sum(y), 7), "rest": [p["k"] * x, "text"]}

    p = {"layer": Layer(A, 0.5), "k": 2.0, "n": 3}
    found = jac(fun)(p, X)
    assert found["y"]["layer"].w.shape == (3, 3, 2)
    assert np.array_equal(found["y"]["layer"].b, np.ones(3))
    assert found["y"]["layer"].name is None
    assert found["y"]["n"] is None
    assert np.array_equal(found["pair"].left["layer"].w, np.tile(X, (3, 1)))
    assert isinstance(found["pair"], Pair)
    assert found["pair"].right is None
    assert np.array_equal(found["rest"][0]["k"], X)
    assert np.array_equal(found["rest"][0]["layer"].w, np.zeros((2, 3, 2)))
    assert found["rest"][1] is None
    first, second = jac(fun, argnums=(0, 1))(p, X)["y"]
    assert np.array_equal(second, A)
    assert np.array_equal(first["layer"].b, np.ones(3))


@both
def test_aux_passes_through(jac: Callable) -> None:
    found, aux = jac(lambda x: (x * x, {"note": "kept", "x": x}), has_aux=True)(X)
    assert np.allclose(found, np.diag(2 * X))
    assert aux["note"] == "kept"
    assert np.array_equal(aux["x"], X)
    assert aux["x"] is not X


@both
def test_a_value_that_does_not_depend_on_the_argument(jac: Callable) -> None:
    assert np.array_equal(jac(lambda x: np.ones(3))(X), np.zeros((3, 2)))
    assert np.array_equal(jac(lambda x, y: (x, y))(X, 2.0)[1], np.zeros(2))


@both
def test_constant_values(jac: Callable) -> None:
    assert np.array_equal(jac(lambda x: 3.0)(X), np.zeros(2))
    first, second = jac(lambda x: (x, 3.0))(X)
    assert np.array_equal(first, np.eye(2))
    assert np.array_equal(second, np.zeros(2))
    assert jac(lambda x: 3.0)(2.0) == 0.0
    for nothing in (lambda x: 3, lambda x: None, lambda x: "text", lambda x: len(x)):
        with pytest.raises(UnsupportedError, match="nothing that has a derivative"):
            jac(nothing)(X)


@both
def test_variadic_arguments(jac: Callable) -> None:
    assert np.array_equal(jac(lambda *xs: xs[0] * xs[1], argnums=1)(X, np.ones(2)), np.diag(X))


# ---------------------------------------------------------------------------------------------- how it is used


def test_jacobian_is_jacrev() -> None:
    assert jacobian is jacrev


@both
def test_decorators(jac: Callable) -> None:
    @jac
    def squares(x: np.ndarray) -> np.ndarray:
        """All of them."""
        return x * x

    @jac(argnums=1, optimize=False)
    def scaled(x: np.ndarray, s: float) -> np.ndarray:
        return s * x

    assert np.array_equal(squares(X), np.diag(2 * X))
    assert np.array_equal(scaled(X, 2.0), X)
    assert squares.__name__ == f"squares_{jac.__name__}"
    assert squares.__doc__.startswith("Jacobian of squares with respect to x.")
    assert np.array_equal(squares.fun(X), X * X)
    assert f"def squares_{jac.__name__}(x):" in squares.source


@both
def test_methods(jac: Callable) -> None:
    class Model:
        def __init__(self, w: np.ndarray):
            self.w = w

        @jac
        def jacobian_of(self, x: np.ndarray) -> np.ndarray:
            return self.w @ np.sin(x)

        def value(self, x: np.ndarray) -> np.ndarray:
            return self.w @ np.sin(x)

    model = Model(A)
    assert np.allclose(model.jacobian_of(X), A * np.cos(X))
    assert np.allclose(jac(model.value)(X), A * np.cos(X))
    assert np.allclose(jac(functools.partial(Model.value, model))(X), A * np.cos(X))


@both
def test_arguments_stay_and_nothing_is_shared(jac: Callable) -> None:
    def fun(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        x[0] = x[1] * y[0]
        y += x
        return np.concatenate([x, y])

    x, y = X.copy(), np.array([2.0, 5.0])
    found = jac(fun, argnums=(0, 1))(x, y)
    assert np.array_equal(x, X)
    assert np.array_equal(y, [2.0, 5.0])
    assert not any(np.shares_memory(part, given) for part in found for given in (x, y))
    assert not np.shares_memory(*found)
    assert np.array_equal(found[0], [[0.0, 2.0], [0.0, 1.0], [0.0, 2.0], [0.0, 1.0]])


@both
def test_results_can_be_written(jac: Callable) -> None:
    for fun in (
        lambda x: np.ones((2, 3)),
        lambda x: np.broadcast_to(x[0], (2, 3)),
        lambda x: np.broadcast_to(x, (3, 2)).T,
        lambda x: np.diag(x),
        lambda x: np.diagonal(np.outer(x, x)),
    ):
        found = jac(fun)(X)
        before = found.copy()
        found[(0,) * found.ndim] += 1.0
        before[(0,) * found.ndim] += 1.0
        assert np.array_equal(found, before)


@both
def test_random_numbers_are_drawn_once(jac: Callable) -> None:
    rng = np.random.default_rng(3)

    def noisy(x: np.ndarray) -> np.ndarray:
        noise = rng.normal()
        return noise * x

    expected = np.random.default_rng(3).normal() * np.eye(2)
    assert np.allclose(jac(noisy)(X), expected)


@both
def test_effects_happen_once(jac: Callable) -> None:
    seen: list[str] = []

    def noting(x: np.ndarray) -> np.ndarray:
        seen.append("called")
        return 2.0 * x

    assert np.array_equal(jac(noting)(X), 2.0 * np.eye(2))
    assert seen == ["called"]


# ---------------------------------------------------------------------------------------------- errors


@both
def test_what_has_no_jacobian_is_refused(jac: Callable) -> None:
    with pytest.raises(ArgumentError, match="array of integers"):
        jac(lambda x: x * 2)(np.arange(3))
    with pytest.raises(ArgumentError, match="long list"):
        jac(lambda xs: np.array(xs) * 2)([0.5] * 100)
    with pytest.raises(ArgumentError, match="out of range"):
        jac(lambda x: x, argnums=2)
    with pytest.raises(ArgumentError, match="None"):
        jac(lambda x: x)(None)


def test_complex_numbers() -> None:
    z = np.array([1.0 + 2.0j, 0.5j])
    with pytest.raises(ArgumentError, match="complex"):
        jacfwd(lambda z: z * z)(z)
    with pytest.raises(UnsupportedError, match="complex"):
        jacrev(lambda x: x * 1j)(X)
    assert np.allclose(jacfwd(lambda x: np.exp(1j * x))(X), np.diag(1j * np.exp(1j * X)))
    # As for a gradient: the derivative with respect to the real part, less i times that to the imaginary part.
    found = jacrev(lambda z: np.real(z * z))(z)
    assert np.allclose(found, np.diag(grad(lambda z: np.sum(np.real(z * z)))(z)))


# ---------------------------------------------------------------------------------------------- Hessians


def rosenbrock(x: np.ndarray) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_loop(x: np.ndarray) -> Any:
    total = 0.0
    for i in range(len(x) - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def rosenbrock_hessian(x: np.ndarray) -> np.ndarray:
    """In closed form."""
    n = len(x)
    found = np.zeros((n, n))
    for i in range(n - 1):
        found[i, i] += 1200.0 * x[i] ** 2 - 400.0 * x[i + 1] + 2.0
        found[i, i + 1] = found[i + 1, i] = -400.0 * x[i]
        found[i + 1, i + 1] += 200.0
    return found


@pytest.mark.parametrize("fun", [rosenbrock, rosenbrock_loop])
def test_rosenbrock(fun: Callable) -> None:
    x = np.random.default_rng(0).uniform(-1.0, 1.0, 50)
    found = hessian(fun)(x)
    assert np.allclose(found, rosenbrock_hessian(x))
    assert np.allclose(found, found.T)
    v = np.random.default_rng(1).normal(size=50)
    assert np.allclose(hvp(fun)(x, v), found @ v)


def test_hessian_of_several_arguments() -> None:
    def fun(x: np.ndarray, s: float) -> Any:
        return s**2 * np.sum(x**3)

    (xx, xs), (sx, ss) = hessian(fun, argnums=(0, 1))(X, 2.0)
    assert np.allclose(xx, np.diag(24.0 * X))
    assert np.allclose(xs, 12.0 * X**2)
    assert np.allclose(sx, xs)
    assert np.isclose(ss, 2.0 * np.sum(X**3))


def test_hessian_of_trees_and_of_arrays() -> None:
    p = {"a": X, "b": 3.0}
    found = hessian(lambda p: p["b"] * np.sum(p["a"] ** 2))(p)
    assert np.allclose(found["a"]["a"], 6.0 * np.eye(2))
    assert np.allclose(found["a"]["b"], 2.0 * X)
    assert np.allclose(found["b"]["a"], 2.0 * X)
    assert found["b"]["b"] == 0.0
    cubes = hessian(lambda x: x**3)(X)
    assert cubes.shape == (2, 2, 2)
    assert np.allclose(cubes, by_differences(jacrev(lambda x: x**3), X), atol=1e-6)


def test_hessian_as_a_decorator() -> None:
    @hessian
    def quadratic(x: np.ndarray) -> Any:
        return x @ (A.T @ A) @ x

    assert np.allclose(quadratic(X), 2.0 * A.T @ A)
    assert quadratic.__name__ == "quadratic_hessian"
    assert "def quadratic_hessian(x):" in quadratic.source
    assert np.isclose(quadratic.fun(X), np.sum((A @ X) ** 2))
    found, aux = hessian(lambda x: (x @ x, "note"), has_aux=True)(X)
    assert np.allclose(found, 2.0 * np.eye(2))
    assert aux == "note"


def test_they_compose() -> None:
    def fun(x: np.ndarray) -> Any:
        return np.sum(np.sin(x)) * x[0]

    expected = by_differences(grad(fun), X)
    for second in (
        jacfwd(jacrev(fun)),
        jacrev(jacfwd(fun)),
        jacfwd(jacfwd(fun)),
        jacobian(grad(fun)),
        jacrev(jacrev(fun)),
    ):
        assert np.allclose(second(X), expected, atol=1e-6)
    third = by_differences(hessian(fun), X)
    assert np.allclose(jacfwd(hessian(fun))(X), third, atol=1e-6)
    assert np.allclose(jvp(hessian(fun), (X,), (np.ones(2),))[1], third @ np.ones(2), atol=1e-6)
    _, pull = vjp(jacfwd(fun), X)
    assert np.allclose(pull(np.array([1.0, 0.0]))[0], expected[0], atol=1e-6)


# ---------------------------------------------------------------------------------------------- products


def test_hvp() -> None:
    def fun(x: np.ndarray, y: float, *, power: int = 2) -> Any:
        return y * np.sum(x**power)

    v = np.array([1.0, -2.0])
    assert np.allclose(hvp(fun)(X, 2.0, v), 4.0 * v)
    assert np.allclose(hvp(fun)(X, 2.0, v, power=3), 12.0 * X * v)
    assert np.isclose(hvp(fun, argnums=1)(X, 2.0, 1.0), 0.0)
    vx, vy = hvp(fun, argnums=(0, 1))(X, 2.0, (v, 3.0))
    assert np.allclose(vx, 4.0 * v + 6.0 * X)
    assert np.isclose(vy, 2.0 * X @ v)
    p = {"w": X, "n": 3}
    found = hvp(lambda p: np.sum(p["w"] ** 3))(p, {"w": v, "n": None})
    assert np.allclose(found["w"], 6.0 * X * v)
    assert found["n"] is None
    assert hvp(lambda x: x**3)(2, 1.0) == 12.0
    assert hvp(fun).__name__ == "fun_hvp"
    with pytest.raises(TypeError) as caught:
        hvp(lambda x: np.sum(x**3))(X)
    assert "behind them the vector" in caught.value.__notes__[0]


def test_hvp_of_methods_and_its_code() -> None:
    class Well:
        def __init__(self, k: float):
            self.k = k

        @hvp
        def energy(self, x: np.ndarray) -> Any:
            return self.k * np.sum(x**3)

        @hessian
        def curvature(self, x: np.ndarray) -> Any:
            return self.k * np.sum(x**3)

    v = np.array([1.0, -2.0])
    well = Well(2.0)
    assert np.allclose(well.energy(X, v), 12.0 * X * v)
    assert np.allclose(well.curvature(X), np.diag(12.0 * X))
    assert well.energy is well.energy
    product = hvp(lambda x: np.sum(x**3))
    assert "_hvp(x, x_dot):" in product.source
    product(X, v)
    assert product.source.count("x_dot") == 2


def test_hvp_changes_and_shares_nothing() -> None:
    x, v = X.copy(), np.array([1.0, 2.0])
    found = hvp(lambda x: x @ x * 0.5)(x, v)
    assert np.array_equal(found, v)
    assert not np.shares_memory(found, v)
    found[:] = 7.0
    assert np.array_equal(v, [1.0, 2.0])
    product, aux = hvp(lambda x: (x @ x, "note"), has_aux=True)(x, v)
    assert np.array_equal(product, 2.0 * v)
    assert aux == "note"


def test_hvp_refuses() -> None:
    with pytest.raises(NotScalarError):
        hvp(lambda x: x * x)(X, X)
    with pytest.raises(ShapeError):
        hvp(lambda x: x @ x)(X, np.ones(3))
    with pytest.raises(ArgumentError, match="tuple"):
        hvp(lambda x, y: x @ y, argnums=(0, 1))(X, X, X)
    with pytest.raises(ArgumentError):
        hvp(lambda x: x @ x)()
    with pytest.raises(TypeError, match="missing"):
        hvp(lambda x: x @ x)(X)
    with pytest.raises(ArgumentError, match="can't be differentiated"):
        grad(hvp(lambda x: x @ x))
    product = hvp(lambda x: x @ x)
    assert np.allclose(grad(lambda x: np.sum(product(x, x)))(X), 2.0)


def test_elementwise_grad() -> None:
    assert np.allclose(elementwise_grad(lambda x: np.tanh(x))(X), 1 - np.tanh(X) ** 2)
    assert elementwise_grad(lambda x: x**3)(2.0) == 12.0
    second = elementwise_grad(elementwise_grad(lambda x: x**3))
    assert np.allclose(second(X), 6.0 * X)
    # What is not elementwise: the sum over the rows of the Jacobian.
    assert np.allclose(elementwise_grad(lambda x: A @ x)(X), np.sum(A, axis=0))
    assert np.allclose(elementwise_grad(lambda x, s: s * x, argnums=1)(X, 2.0), np.sum(X))
    dx, ds = elementwise_grad(lambda x, s: s * x, argnums=(0, 1))(X, np.ones(2))
    assert np.allclose(dx, 1.0)
    assert np.allclose(ds, X)

    @elementwise_grad(has_aux=True)
    def logistic(x: np.ndarray) -> Any:
        return 1 / (1 + np.exp(-x)), len(x)

    dx, ds = elementwise_grad(lambda x, s: {"a": x, "b": (s, np.full(4, s))}, argnums=(0, 1))(X, 2.0)
    assert np.array_equal(dx, np.ones(2))
    assert ds == 5.0
    found, aux = logistic(X)
    y = 1 / (1 + np.exp(-X))
    assert np.allclose(found, y * (1 - y))
    assert aux == 2
    assert logistic.__doc__.startswith("Elementwise gradient of logistic")
    with pytest.raises(UnsupportedError, match="complex"):
        elementwise_grad(lambda x: x * 1j)(X)


def test_the_page_about_them_is_true() -> None:
    page = (Path(__file__).parents[1] / "docs" / "jacobians.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    assert len(blocks) == 3
    name = "<docs/jacobians.md>"
    text = "\n".join(blocks)
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), {"__name__": "jacobians"})


def test_products_of_functions_made_of_the_same_code_do_not_meet():
    x = np.array([1.0, 2.0])

    def run_others(depth):
        if depth:
            np.testing.assert_allclose(hvp(made(depth + 4.0, depth - 1))(x, np.ones(2)), 6.0 * x * (depth + 4.0))
            found = jvp(made(depth + 5.0, depth - 1), (x,), (x,))[1]
            np.testing.assert_allclose(found, 3.0 * np.sum(x**3) * (depth + 5.0))
        return 1.0

    # Without source, so that it is called at run time.
    look = rules.nondifferentiable(eval("lambda depth: run_others(depth)", {"run_others": run_others}))

    def made(a, depth):
        weights = np.array([a, a])

        def f(x):
            one = float(look(depth))
            return np.sum(x**3 * weights) * one

        return f

    for _ in range(2):
        for a in (1.0, 2.0, 3.0):
            np.testing.assert_allclose(hvp(made(a, 2))(x, np.ones(2)), 6.0 * x * a)


OUTSIDE = np.zeros(3)


def product_of(x: np.ndarray, n: int) -> np.ndarray:
    return x if n < 1 else np.sin(product_of(x, n - 1)) * x


def test_what_writes_an_array_outside_runs_once() -> None:
    """A recursive function can't be swept for all unit vectors at once, and must not run again for each."""

    def remembered(x):
        for i in range(3):
            OUTSIDE[i] += x[i] * (1.0 + OUTSIDE[i - 1])
        return OUTSIDE[:3] * product_of(x, 2)

    def energy(x):
        return np.sum(remembered(x) ** 2)

    def fresh(fun, x):
        OUTSIDE[:] = 0.0
        return fun(x)

    x = np.array([0.7, 0.4, 0.9])
    expected = by_differences(lambda x: fresh(remembered, x), x)
    for jac in (jacfwd, jacrev):
        np.testing.assert_allclose(fresh(jac(remembered), x), expected, rtol=1e-7)
        assert np.allclose(OUTSIDE, [0.7, 0.68, 1.512])
    slopes = by_differences(lambda x: fresh(grad(energy), x), x)
    np.testing.assert_allclose(fresh(hessian(energy), x), slopes, rtol=1e-6)
