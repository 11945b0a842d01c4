"""Derivatives of the user's own: `custom_vjp`, `custom_jvp` and rules; what they promise, and what is refused."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import pickle
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from test_implicit import THIRD
from test_language import blocks, run_block

import srcgrad
from srcgrad import custom_jvp, custom_vjp, grad, hvp, jvp, rules, value_and_grad, vjp
from srcgrad.errors import ArgumentError, NoRuleError, ShapeError, UnsupportedError
from srcgrad.testing import directional_derivative

X = np.array([1.0, 2.0, 3.0])

# ---------------------------------------------------------------------------------------------- custom_vjp


@custom_vjp
def clipped(x, bound=1.0):
    """The identity."""
    return x


def clipped_fwd(x, bound):
    return x, bound


def clipped_bwd(bound, g):
    return np.clip(g, -bound, bound), None


clipped.defvjp(clipped_fwd, clipped_bwd)


@custom_vjp
def softplus(x):
    return np.log1p(np.exp(x))


softplus.defvjp(lambda x: (softplus(x), x), lambda x, g: (g / (1.0 + np.exp(-x)),))


def test_the_pullback_is_the_users():
    assert grad(lambda x: clipped(x) ** 2)(3.0) == 1.0
    assert grad(lambda x: clipped(x, 100.0) ** 2)(3.0) == 6.0
    assert grad(lambda x: clipped(bound=2.0, x=x) ** 2)(3.0) == 2.0
    assert vjp(clipped, X)[1](np.array([5.0, 0.5, -5.0]))[0].tolist() == [1.0, 0.5, -1.0]


def test_generated_code_calls_the_users_functions_by_name():
    def loss(x):
        return np.sum(clipped(2.0 * x) * x)

    source = grad(loss).source_for(X)
    assert "x_bar, residuals = clipped_fwd(2.0 * x, 1.0)" in source
    assert "x_bar = x_bar + clipped_bwd(residuals, x) * 2.0" in source


def test_a_custom_function_is_called_as_it_is():
    assert clipped(3.0) == 3.0
    assert clipped.__name__ == "clipped"
    assert clipped.__doc__ == "The identity."
    assert repr(clipped) == "<custom_vjp clipped>"
    assert pickle.loads(pickle.dumps(clipped)) is clipped


def test_names_of_parameters_count():
    assert grad(clipped, argnames="x")(0.5) == 1.0
    with pytest.raises(ArgumentError, match="no parameter"):
        grad(clipped, argnames="z")
    with pytest.raises(TypeError, match="bound"):
        grad(clipped)(1.0, bounds=2.0)


def test_what_is_not_differentiated_calls_the_function_itself():
    calls = []

    @custom_vjp
    def noted(x):
        calls.append("fun")
        return 2.0 * x

    def fwd(x):
        calls.append("fwd")
        return 2.0 * x, None

    def bwd(kept, g):
        calls.append("bwd")
        return (2.0 * g,)

    noted.defvjp(fwd, bwd)
    assert grad(lambda x: noted(x) * noted(3.0))(1.0) == 12.0
    assert calls == ["fwd", "fun", "bwd"]


def test_second_derivatives_differentiate_both_sweeps():
    s = 1.0 / (1.0 + np.exp(-0.3))
    assert_allclose(grad(grad(softplus))(0.3), s * (1.0 - s))
    assert_allclose(grad(grad(grad(softplus)))(0.3), s * (1.0 - s) * (1.0 - 2.0 * s))


def test_what_is_passive_at_first_is_not_the_second_time():
    @custom_vjp
    def rounded(x):
        return np.round(x)

    rounded.defvjp(lambda x: (rounded(x), None), lambda kept, g: (g,))

    def product(x, y):
        return x * x * rounded(y) ** 2

    assert grad(grad(product), argnums=1)(3.0, 1.4) == 12.0
    assert grad(grad(product))(3.0, 1.4) == 2.0


def test_there_is_no_forward_mode():
    for forward in (lambda: jvp(clipped, (1.0,), (1.0,)), lambda: srcgrad.linearize(clipped, 1.0)):
        with pytest.raises(NoRuleError, match="clipped is a custom_vjp") as caught:
            forward()
        assert "custom_jvp" in str(caught.value.__notes__)
    # What carries no tangent may go through it.
    assert jvp(lambda x, y: x * clipped(y), (2.0, 3.0), (1.0, None)) == (6.0, 3.0)


def test_arguments_without_a_derivative():
    @functools.partial(custom_vjp, nondiff_argnums=(0, 2))
    def applied(f, x, n):
        for _ in range(n):
            x = f(x)
        return x

    def bwd(f, n, x, g):
        assert f is np.sin
        assert n == 2
        return (g * x,)

    applied.defvjp(lambda f, x, n: (applied(f, x, n), x), bwd)
    assert grad(lambda x: applied(np.sin, x, 2))(3.0) == 3.0
    assert grad(lambda x: applied(np.sin, x, n=2))(3.0) == 3.0
    with pytest.raises(NoRuleError, match="argument 2 of applied"):
        grad(lambda x: applied(np.sin, 1.0, x))(3.0)

    named = custom_vjp(lambda x, mode: x, nondiff_argnames="mode")
    named.defvjp(lambda x, mode: (x, None), lambda mode, kept, g: (g * len(mode),))
    assert grad(lambda x: named(x, "four"))(1.0) == 4.0


def test_a_decorator_with_arguments():
    @custom_vjp(nondiff_argnums=1)
    def power(x, n):
        return x**n

    power.defvjp(lambda x, n: (x**n, x), lambda n, x, g: (g * n * x ** (n - 1),))
    assert grad(power)(2.0, 3) == 12.0


def test_none_is_a_cotangent_of_zero():
    @custom_vjp
    def first(pair, table):
        return pair[0] * table["a"]

    first.defvjp(lambda pair, table: (pair[0] * table["a"], table["a"]), lambda a, g: ((g * a, None), None))
    gradient = grad(lambda p, q, t: first((p, q), t), argnums=(0, 1, 2))(2.0, X, {"a": 3.0, "b": [1.0]})
    assert gradient[0] == 3.0
    assert_array_equal(gradient[1], np.zeros(3))
    assert gradient[2] == {"a": 0.0, "b": [0.0]}


def test_methods():
    class Model:
        def __init__(self):
            self.k = 3.0

        @custom_vjp
        def scaled(self, x):
            return self.k * x

        scaled.defvjp(lambda self, x: (self.k * x, self.k), lambda k, g: (None, 10.0 * k * g))

        def loss(self, x):
            return self.scaled(x) ** 2

    model = Model()
    assert model.scaled(2.0) == 6.0
    assert grad(model.loss)(2.0) == 360.0
    assert grad(model.scaled)(2.0) == 30.0
    assert grad(lambda x: model.scaled(x))(2.0) == 30.0
    model.k = 1.0
    assert grad(model.loss)(2.0) == 40.0


libm = ctypes.CDLL(ctypes.util.find_library("m"))
libm.cosh.restype, libm.cosh.argtypes = ctypes.c_double, [ctypes.c_double]


class Slope:
    """Called as a function, but none."""

    def __call__(self, x, g):
        return (g * np.sinh(x),)


def test_functions_without_source():
    cosh = custom_vjp(libm.cosh)
    cosh.defvjp(lambda x: (libm.cosh(x), x), Slope())
    assert_allclose(grad(lambda x: x * cosh(x))(0.7), np.cosh(0.7) + 0.7 * np.sinh(0.7))
    assert_allclose(grad(cosh)(0.7), np.sinh(0.7))

    total = custom_vjp(sum)
    total.defvjp(lambda xs, start: (sum(xs, start), len(xs)), lambda n, g: ([g] * n, g))
    assert grad(lambda xs: total(xs) ** 2)([1.0, 2.0]) == [6.0, 6.0]


def test_bodies_that_are_not_supported_are_called_all_the_same():
    def order(x):
        class Pair:
            def __init__(self, value):
                self.value = value

        return np.array(sorted([Pair(v).value for v in x.tolist()], key=lambda v: -v))

    descending = custom_vjp(order)
    descending.defvjp(lambda x: (order(x), np.argsort(-x)), lambda places, g: (g[np.argsort(places)],))
    assert_array_equal(grad(lambda x: np.sum(descending(x) * X))(np.array([5.0, 9.0, 7.0])), [3.0, 1.0, 2.0])


def test_new_sweeps_are_used_at_once():
    @custom_vjp
    def same(x):
        return x

    with pytest.raises(NoRuleError, match="without sweeps") as caught:
        grad(same)(1.0)
    assert "same.defvjp(fwd, bwd)" in str(caught.value.__notes__)
    same.defvjp(lambda x: (x, None), lambda kept, g: (2.0 * g,))
    gradient = grad(lambda x: same(x) * x)
    assert gradient(1.0) == 3.0
    same.defvjp(lambda x: (x, None), lambda kept, g: (5.0 * g,))
    assert gradient(1.0) == 6.0


# What the sweeps do with memory


def test_residuals_stay_as_they_were():
    @custom_vjp
    def square(x):
        return x * x

    square.defvjp(lambda x: (x * x, x), lambda x, g: (2.0 * x * g,))

    def loss(x):
        z = 1.0 * x
        y = square(z)
        z[:] = 100.0
        return np.sum(y) + np.sum(z)

    assert_array_equal(grad(loss)(X), 2.0 * X)
    x = X.copy()
    out, pull = vjp(square, x)
    x[:] = 0.0
    out[:] = 0.0
    assert_array_equal(pull(np.ones(3))[0], 2.0 * X)


def test_values_that_are_kept_stay_as_they_were():
    @custom_vjp
    def exp(x):
        return np.exp(x)

    def fwd(x):
        y = np.exp(x)
        return y, y

    exp.defvjp(fwd, lambda y, g: (y * g,))

    def loss(x):
        y = exp(x)
        total = np.sum(y * y)
        y *= 0.0
        y[0] = 1.0
        return total + np.sum(y)

    assert_allclose(grad(loss)(X), 2.0 * np.exp(X) ** 2)


def test_a_pullback_remembers_what_was_kept():
    factors = X.copy()
    scaled = custom_vjp(lambda x: factors * x)
    scaled.defvjp(lambda x: (factors * x, factors), lambda kept, g: (kept * g,))

    def repeated(x, n):
        for _ in range(n):
            x = scaled(x)
        return x

    pull = vjp(scaled, X)[1]
    again = vjp(lambda x: repeated(x, 2), X)[1]
    factors[:] = 0.0
    assert_array_equal(pull(np.ones(3))[0], X)
    assert_array_equal(again(np.ones(3))[0], X**2)


def test_a_sweep_may_write_to_its_cotangent_and_return_it():
    @custom_vjp
    def rectified(x):
        return np.maximum(x, 0.0)

    def bwd(negative, g):
        g[negative] = 0.0
        return (g,)

    rectified.defvjp(lambda x: (np.maximum(x, 0.0), x < 0.0), bwd)
    x, seed = np.array([1.0, -1.0]), np.array([3.0, 4.0])
    pull = vjp(rectified, x)[1]
    for _ in range(2):
        assert_array_equal(pull(seed)[0], [3.0, 0.0])
    assert_array_equal(seed, [3.0, 4.0])
    assert_array_equal(grad(lambda x: np.sum(rectified(x) * X[:2]))(x), [1.0, 0.0])


def test_a_sweep_must_not_write_to_what_was_kept():
    @custom_vjp
    def scaled(x):
        return 2.0 * x

    def bwd(x, g):
        x *= 2.0
        return (g * x,)

    scaled.defvjp(lambda x: (2.0 * x, x), bwd)
    x = X.copy()
    with pytest.raises(ValueError, match="read-only") as caught:
        grad(lambda x: np.sum(scaled(x)))(x)
    assert "copy" in str(caught.value.__notes__)
    assert_array_equal(x, X)


def test_gradients_are_memory_of_their_own():
    @custom_vjp
    def half_square(x, y):
        return 0.5 * np.sum(x * x) + np.sum(y)

    half_square.defvjp(lambda x, y: (half_square(x, y), x), lambda x, g: (x, x))
    x = X.copy()
    a, b = grad(half_square, argnums=(0, 1))(x, X.copy())
    a[0] = 99.0
    assert_array_equal(b, X)
    assert_array_equal(x, X)


def test_writes_to_arguments_are_refused():
    @custom_vjp
    def filled(x):
        x[0] = 1.0
        return 2.0 * x

    filled.defvjp(lambda x: (2.0 * x, None), lambda kept, g: (g,))
    with pytest.raises(UnsupportedError, match="filled writes to its argument in place"):
        grad(lambda x: np.sum(filled(x)))(X)


def test_results_that_are_arguments_and_are_written_are_refused():
    def writes_the_argument(x):
        z = 1.0 * x
        y = clipped(z)
        z[0] = 5.0
        return np.sum(y * y)

    def writes_the_result(x):
        y = clipped(x)
        y[0] = 5.0
        return np.sum(y * y)

    for fun in (writes_the_argument, writes_the_result):
        with pytest.raises(UnsupportedError, match="clipped returns here may be memory of its argument"):
            grad(fun)(X)


def test_what_cannot_be_read_is_watched():
    same = custom_vjp(same_by_text)
    same.defvjp(lambda x: (same_by_text(x), None), lambda kept, g: (g,))

    def writes_the_argument(x):
        z = 1.0 * x
        y = same(z)
        z[0] = 5.0
        return np.sum(y * y)

    with pytest.raises(UnsupportedError, match=r"what .* returned is memory of its argument"):
        grad(writes_the_argument)(X)
    assert_array_equal(grad(lambda x: np.sum(same(1.0 * x) ** 2))(X), 2.0 * X)


def same_by_text(x):
    return eval("x")


STATE = np.ones(2)
TABLE = {"k": 1.0}
LEVEL = 1.0


@custom_vjp
def by_state(x):
    return x * STATE[0] * TABLE["k"] * LEVEL


by_state.defvjp(lambda x: (by_state(x), by_state(1.0)), lambda slope, g: (g * slope,))


def test_what_is_outside_is_as_it_is_when_the_function_is_called(monkeypatch):
    def changes_a_dict(x):
        TABLE["k"] = 4.0
        return by_state(x)

    def assigns_a_global(x):
        global LEVEL
        LEVEL = 3.0
        y = by_state(x)
        LEVEL = 5.0
        return y + by_state(x)

    def writes_an_array(x):
        STATE[0] = 7.0
        return by_state(x)

    monkeypatch.setitem(TABLE, "k", 1.0)
    assert value_and_grad(changes_a_dict)(2.0) == (8.0, 4.0)
    TABLE["k"] = 1.0
    monkeypatch.setattr("test_custom_rules.LEVEL", 1.0)
    assert value_and_grad(assigns_a_global)(2.0) == (16.0, 8.0)
    with pytest.raises(UnsupportedError, match="STATE is written in place, and read by a custom function"):
        grad(writes_an_array)(2.0)


# What is wrong


def broken(fwd: Any = None, bwd: Any = None) -> Any:
    made = custom_vjp(lambda x: np.sum(x * x))
    made.defvjp(fwd or (lambda x: (np.sum(x * x), x)), bwd or (lambda x, g: (2.0 * x * g,)))
    return lambda x: made(x)


@pytest.mark.parametrize(
    ("sweeps", "error", "message"),
    [
        ({"bwd": lambda x, g: (g,)}, ShapeError, r"has shape \(\), and should have shape \(3,\)"),
        ({"bwd": lambda x, g: g * x}, ArgumentError, "a ndarray, and not a tuple of 1 cotangents"),
        ({"bwd": lambda x, g: (g * x, g)}, ArgumentError, "2 things, and not a tuple of 1 cotangents"),
        ({"bwd": lambda x, g: (x > 1.0, )}, ArgumentError, None),
        ({"bwd": lambda x, g: ("x",)}, ArgumentError, "and should be of dtype float64"),
        ({"bwd": lambda x, g: (1j * x,)}, ArgumentError, "of dtype complex128, and should be of dtype float64"),
        ({"fwd": lambda x: np.sum(x * x)}, UnsupportedError, "has to return a pair"),
        ({"fwd": lambda x: ((np.sum(x), 1.0), x)}, UnsupportedError, "another structure"),
    ],
)  # fmt: skip
def test_sweeps_that_return_something_else(sweeps, error, message):
    if message is None:
        assert_array_equal(grad(broken(**sweeps))(X), [0.0, 1.0, 1.0])
        return
    with pytest.raises(error, match=message):
        grad(broken(**sweeps))(X)


def test_the_place_of_a_cotangent_in_a_tree_is_named():
    made = custom_vjp(lambda d: np.sum(d["w"]) * d["b"][0])
    made.defvjp(lambda d: (np.sum(d["w"]) * d["b"][0], None), lambda kept, g: ({"w": np.ones(2), "b": [0.0]},))
    with pytest.raises(ShapeError, match=r"\[0\]\['w'\] of it, has shape \(2,\), and should have shape \(3,\)"):
        grad(lambda d: made(d))({"w": X, "b": [1.0]})
    made.defvjp(lambda d: (np.sum(d["w"]) * d["b"][0], None), lambda kept, g: ([g],))
    with pytest.raises(ArgumentError, match="a list of length 1, but should be a dict with w, b"):
        grad(lambda d: made(d))({"w": X, "b": [1.0]})


def test_definitions_that_are_refused():
    with pytest.raises(ArgumentError, match="bwd of clipped must take 2 arguments, not"):
        clipped.defvjp(clipped_fwd, lambda g: (g,))
    with pytest.raises(ArgumentError, match="fwd of clipped must be a function, not a int"):
        clipped.defvjp(3, clipped_bwd)
    with pytest.raises(ArgumentError, match="custom_vjp needs a function, not a int"):
        custom_vjp(3)
    with pytest.raises(ArgumentError, match="nondiff_argnums: 2 is out of range for clipped"):
        custom_vjp(clipped.fun, nondiff_argnums=2)
    with pytest.raises(ArgumentError, match="no parameter 'z'"):
        custom_vjp(clipped.fun, nondiff_argnames="z")


def test_programs_that_are_refused():
    apply = custom_vjp(lambda f, x: f(x), nondiff_argnums=0)
    apply.defvjp(lambda f, x: (f(x), None), lambda f, kept, g: (g,))

    def list_of_the_run(x, n):
        values = []
        for k in range(n):
            values.append(k * x)
        return clipped(values)[0]

    for fun, args, message in (
        (lambda x: apply(lambda y: x * y, x), (1.0,), "a function that uses variables of this program, 'x', is passed"),
        (lambda x: apply(functools.partial(np.multiply, x), x), (1.0,), "of this program, what is bound to it, is pas"),
        (list_of_the_run, (1.0, 3), "clipped_fwd returned a list, which"),
    ):
        with pytest.raises(UnsupportedError, match=message):
            grad(fun)(*args)


# ---------------------------------------------------------------------------------------------- custom_jvp


@custom_jvp
def product(x, y):
    return np.sin(x) * y


@product.defjvp
def product_jvp(primals, tangents):
    (x, y), (x_dot, y_dot) = primals, tangents
    return product(x, y), np.cos(x) * y * x_dot + np.sin(x) * y_dot


def test_a_rule_for_tangents_gives_both_modes():
    assert_allclose(jvp(product, (1.0, 2.0), (1.0, 0.5))[1], 2.0 * np.cos(1.0) + 0.5 * np.sin(1.0))
    assert_allclose(grad(product, argnums=(0, 1))(1.0, 2.0), (2.0 * np.cos(1.0), np.sin(1.0)))
    assert "product_jvp(x, y, x_dot)" in srcgrad.linearize(product, 1.0, 2.0)[1].source.replace(", y_dot", "")


@pytest.mark.parametrize("fun", [product, lambda x, y: product(x * y, y) ** 2])
def test_second_derivatives_of_a_rule_for_tangents(fun):
    srcgrad.check_grads(lambda x, y: fun(x, y), (0.7, 1.3), order=2)
    x, y, d = 0.7, 1.3, 1e-5
    slope = grad(fun, argnums=(0, 1))
    for k, (dx, dy) in enumerate([(d, 0.0), (0.0, d)]):
        expected = (np.array(slope(x + dx, y + dy)) - np.array(slope(x - dx, y - dy))) / (2.0 * d)
        direction = (float(k == 0), float(k == 1))
        assert_allclose(jvp(slope, (x, y), direction)[1], expected, rtol=1e-6)
        assert_allclose([grad(grad(fun, argnums=j), argnums=k)(x, y) for j in range(2)], expected, rtol=1e-6)


def test_a_straight_through_estimator():
    rounded = custom_jvp(lambda x: np.round(x))
    rounded.defjvps(lambda dot, out, x: dot)
    assert_array_equal(grad(lambda x: np.sum(rounded(x) ** 2))(np.array([1.3, 2.6])), [2.0, 6.0])
    assert jvp(lambda x: rounded(x) ** 2, (1.3,), (1.0,)) == (1.0, 2.0)
    assert grad(grad(lambda x: rounded(x) ** 2))(1.3) == 2.0


def test_one_rule_for_each_argument():
    made = custom_jvp(lambda x, y: x * y)
    made.defjvps(None, lambda dot, out, x, y: x * dot)
    assert grad(lambda x, y: made(x, y), argnums=(0, 1))(2.0, 3.0) == (0.0, 2.0)
    with pytest.raises(ArgumentError, match="must be a function or None"):
        made.defjvps(3)
    with pytest.raises(ArgumentError, match="nondiff_argnums"):
        custom_jvp(lambda x, y: x, nondiff_argnums=1).defjvps(None)


def test_tangents_that_are_something_else():
    made = custom_jvp(lambda x: np.sum(x))
    with pytest.raises(NoRuleError, match="custom_jvp without a rule"):
        jvp(lambda x: made(x), (X,), (X,))
    made.defjvp(lambda primals, tangents: (np.sum(primals[0]), tangents[0]))
    with pytest.raises(ShapeError, match=r"has shape \(3,\), and should have shape \(\)"):
        jvp(lambda x: made(x), (X,), (X,))
    made.defjvp(lambda primals, tangents: (np.sum(primals[0]), None))
    assert jvp(lambda x: made(x), (X,), (X,))[1] == 0.0
    with pytest.raises(ArgumentError, match="must take 2 arguments"):
        made.defjvp(lambda x: x)


def test_a_rule_that_writes_to_its_tangent():
    def rule(primals, tangents):
        (x,), (x_dot,) = primals, tangents
        x_dot *= 2.0
        return 2.0 * x, x_dot

    doubled = custom_jvp(lambda x: 2.0 * x)
    doubled.defjvp(rule)
    direction = np.ones(3)
    assert_array_equal(jvp(lambda x: doubled(x), (X,), (direction,))[1], [2.0, 2.0, 2.0])
    assert_array_equal(direction, np.ones(3))
    assert_array_equal(grad(lambda x: np.sum(doubled(x) * X))(X), 2.0 * X)


# A rule that calls its own function on a tangent


def linear_solver(body):
    """A solver whose rule calls it on a tangent."""
    made = custom_jvp(body)

    @made.defjvp
    def made_jvp(primals, tangents):
        (a, b), (a_dot, b_dot) = primals, tangents
        u = made(a, b)
        return u, made(a, b_dot - a_dot @ u)

    return made


def by_numpy(a, b):
    return np.linalg.solve(a, b)


def by_elimination(a, b):
    a, b = a.copy(), b.copy()
    n = len(b)
    for k in range(n):
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            a[i, k:] -= factor * a[k, k:]
            b[i] -= factor * b[k]
    for k in reversed(range(n)):
        b[k] = (b[k] - a[k, k + 1 :] @ b[k + 1 :]) / a[k, k]
    return b


def first_of_two():
    """A solver whose rule calls another one on a tangent, whose rule calls the first one."""
    first, second = custom_jvp(by_numpy), custom_jvp(lambda a, b: np.linalg.inv(a) @ b)

    @first.defjvp
    def first_jvp(primals, tangents):
        (a, b), (a_dot, b_dot) = primals, tangents
        u = first(a, b)
        return u, second(a, b_dot - a_dot @ u)

    @second.defjvp
    def second_jvp(primals, tangents):
        (a, b), (a_dot, b_dot) = primals, tangents
        u = second(a, b)
        return u, first(a, b_dot) - first(a, a_dot @ u)

    return first


def with_a_rule():
    """A function with a rule for tangents that calls it on one."""

    def ruled(a, b):
        return np.linalg.solve(a, b)

    @rules.jvp(ruled)
    def ruled_jvp(a_dot, b_dot, z, a, b):
        total = 0.0 if b_dot is None else ruled(a, b_dot)
        return total if a_dot is None else total - ruled(a, a_dot @ z)

    return ruled


def with_two_rules():
    """The same for two functions, each of which the other's rule calls."""

    def one(a, b):
        return np.linalg.solve(a, b)

    def other(a, b):
        return np.linalg.inv(a) @ b

    def calling(fn):
        def rule(a_dot, b_dot, z, a, b):
            total = 0.0 if b_dot is None else fn(a, b_dot)
            return total if a_dot is None else total - fn(a, a_dot @ z)

        return rule

    rules.jvp(one)(calling(other))
    rules.jvp(other)(calling(one))
    return one


@pytest.mark.parametrize(
    "make",
    [
        *(lambda: linear_solver(by_numpy), lambda: linear_solver(np.linalg.solve)),
        *(lambda: linear_solver(by_elimination), first_of_two, with_a_rule, with_two_rules),
    ],
    ids=["source", "no source", "loops", "two functions", "rule", "two rules"],
)
def test_a_rule_that_calls_its_function_on_a_tangent_is_transposed(make):
    solver = make()

    def loss(x):
        return np.sum(solver(np.diag(x) + 3.0 * np.eye(3) + 0.1 * np.outer(x, x), x) ** 2)

    def plain(x):
        return np.sum(np.linalg.solve(np.diag(x) + 3.0 * np.eye(3) + 0.1 * np.outer(x, x), x) ** 2)

    x, v = np.array([0.4, 0.7, -0.5]), np.array([0.3, -0.2, 0.9])
    assert_allclose(grad(loss)(x), grad(plain)(x), rtol=1e-12)
    assert_allclose(grad(loss, optimize=False)(x), grad(plain)(x), rtol=1e-12)
    assert_allclose(jvp(loss, (x,), (v,))[1], grad(plain)(x) @ v, rtol=1e-12)
    srcgrad.check_grads(loss, (x,), order=2)
    expected = jvp(grad(plain), (x,), (v,))[1]
    assert_allclose(jvp(grad(loss), (x,), (v,))[1], expected, rtol=1e-9)
    assert_allclose(grad(lambda x: np.sum(grad(loss)(x) * v))(x), expected, rtol=1e-9)
    assert_allclose(srcgrad.hessian(loss)(x) @ v, expected, rtol=1e-9)
    assert_array_equal(x, [0.4, 0.7, -0.5])


def test_a_body_that_can_not_be_differentiated_is_refused_where_it_is_called():
    library = ctypes.CDLL(ctypes.util.find_library("m"))
    library.fabs.restype, library.fabs.argtypes = ctypes.c_double, [ctypes.c_double]
    scaled = custom_jvp(lambda k, x: library.fabs(k) * library.fabs(x))
    scaled.defjvp(lambda primals, tangents: (scaled(*primals), scaled(primals[0], tangents[1])))
    with pytest.raises(UnsupportedError, match="calls <lambda> on a tangent, which in reverse mode takes the") as error:
        grad(lambda x: scaled(2.0, x))(3.0)
    assert error.value.filename == __file__
    assert "make <lambda> a srcgrad.custom_vjp" in "".join(error.value.__notes__)
    assert jvp(lambda x: scaled(2.0, x), (3.0,), (1.0,))[1] == 2.0


def test_where_a_rule_calls_its_function_on_no_tangent_the_rule_counts():
    doubled = custom_jvp(lambda x: x * x)
    doubled.defjvp(lambda primals, tangents: (doubled(primals[0]), 3.0 * doubled(primals[0]) * tangents[0]))
    # Its derivative is said to be 3 x^2, and that of this 6 x * ..., which is 18 x^4 by the rule and 6 x by the body.
    assert grad(lambda x: doubled(x))(2.0) == 12.0
    assert grad(grad(lambda x: doubled(x)))(2.0) == jvp(grad(lambda x: doubled(x)), (2.0,), (1.0,))[1] == 36.0


# Rules that are not linear in the tangents


def ruled(tangent, value=lambda x: x**2):
    """A function with a value, and a rule that takes the argument and its tangent."""
    made = custom_jvp(value)
    made.defjvp(lambda primals, tangents: (value(primals[0]), tangent(primals[0], tangents[0])))
    return made


MATRIX = np.arange(9.0).reshape(3, 3) + 3.0 * np.eye(3)


def until_small(x, d):
    while abs(d[0]) > 1e-3:
        d = d / 2.0
    return d


def left_early(x, d):
    total = 0.0
    for k in range(3):
        total += d[k] * x[k]
        if total > 3.0:
            break
    return total * x


def with_a_shortcut(x, d):
    if not np.any(d):
        return np.zeros(3)
    return d * x


def squared_in_place(x, d):
    both = np.zeros(3)
    both += d
    both **= 2
    return both


def squared_beside_zeros(x, d):
    work = np.empty(3)
    work[0] = 0.0
    work[1:] = d[1:]
    return work * work * x


def moved_in_place(x, d):
    d += x
    return d


def multiplied_from_a_list(x, d):
    parts = []
    for k in range(3):
        parts.append(k * d)
    return parts[0] * parts[1]


NOT_LINEAR = {
    "abs": (lambda x, d: abs(d) * 2.0 * x, "the derivative of abs depends on them"),
    "power": (lambda x, d: d**2 * x, "the derivative of this depends on them"),
    "product": (lambda x, d: d * x * d, "the derivative of this depends on them"),
    "affine": (lambda x, d: 2.0 * x * d + 1.0, "something that does not depend on them is added"),
    "primal added": (lambda x, d: 2.0 * x * d + np.sin(x), "something that does not depend on them is added"),
    "beside": (lambda x, d: np.concatenate([d[:2], np.ones(1)]), "something that does not depend on them is added"),
    "where": (lambda x, d: np.where(x > 0.0, d, 1.0), "something that does not depend on them is added"),
    "test": (lambda x, d: np.where(d > 0.0, d, 0.5 * d), "it depends on a test of them"),
    "mask": (lambda x, d: x * (d == 0.0), "it depends on a test of them"),
    "sign": (lambda x, d: np.sign(d) * x, "np.sign jumps where they change"),
    "index": (lambda x, d: x[int(d[0])] * d, "int jumps where they change"),
    "remainder": (lambda x, d: d % 3.0, "this jumps where they change"),
    "norm": (lambda x, d: d / np.linalg.norm(d), "the derivative of np.linalg.norm depends on them"),
    "einsum": (lambda x, d: np.einsum("i,i,j->j", d, d, x), "the derivative of np.einsum depends on them"),
    "sorted": (lambda x, d: np.sort(d), "the derivative of np.sort depends on them"),
    "until small": (until_small, "the derivative of abs depends on them"),
    "left early": (left_early, "it depends on a test of them"),
    "shortcut": (with_a_shortcut, "np.any jumps where they change"),
    "in place": (squared_in_place, "the derivative of this depends on them"),
    "beside zeros": (squared_beside_zeros, "the derivative of this depends on them"),
    "slope of our own": (lambda x, d: np.i0(d) * x, "the derivative of np.i0 depends on them"),
    "moved": (moved_in_place, "something that does not depend on them is added"),
    "list": (multiplied_from_a_list, "the derivative of this depends on them"),
}


@pytest.mark.parametrize("name", NOT_LINEAR)
def test_a_rule_that_is_not_linear_is_refused_where_it_is_transposed(name):
    tangent, message = NOT_LINEAR[name]
    made = ruled(tangent)
    jvp(lambda x: made(x), (X,), (X,))
    loss = lambda x: np.sum(made(x))  # noqa: E731
    for derivative in (lambda: grad(loss)(X), lambda: vjp(loss, X)[1](1.0), lambda: jvp(grad(loss), (X,), (X,))):
        with pytest.raises(UnsupportedError, match=f"is not linear in the tangents: {re.escape(message)}") as error:
            derivative()
        assert error.value.filename == __file__
        first = tangent.__code__.co_firstlineno
        assert first <= error.value.lineno <= first + 7


def by_conjugate_gradients(a, b):
    x, r = np.zeros(len(b)), b
    p = r
    while np.sqrt(r @ r) > 1e-12:
        step = (r @ r) / (p @ (a @ p))
        x, rest = x + step * p, r - step * (a @ p)
        p, r = rest + (rest @ rest) / (r @ r) * p, rest
    return x


def test_a_body_that_stops_at_tangents_of_zero_is_refused():
    solver = linear_solver(by_conjugate_gradients)
    with pytest.raises(UnsupportedError, match="by_conjugate_gradients is not linear in the tangents"):
        grad(lambda b: np.sum(solver(MATRIX @ MATRIX.T, b)))(X)


def in_a_loop(x, d):
    out = np.zeros(3)
    for k in range(3):
        for j in range(3):
            out[k] += MATRIX[k, j] * d[j] * x[j] ** 2
    return out


def as_a_recurrence(x, d):
    out = np.empty(3)
    out[0] = d[0]
    for k in range(1, 3):
        out[k] = 0.5 * out[k - 1] + d[k] * x[k] ** 2
    return out


def in_memory_used_twice(x, d):
    work = x.copy()
    work *= work
    factor = np.sin(work).copy()
    work[:] = d
    work *= factor
    return work


def added_up_before(x, d):
    work = np.zeros(3)
    work += x
    factor = (work * work).copy()
    work[:] = 0.0
    work += d * factor
    return work


def beside_primals_in_a_list(x, d):
    pairs = []
    for k in range(3):
        pairs.append((x[k], d[k]))
    total = 0.0
    for a, b in pairs:
        total += a * a * b
    return total * x


def doubled(a, n):
    return a if n == 0 else 2.0 * doubled(a, n - 1)


def in_a_recursive_helper(x, d):
    u = doubled(x, 2)
    return u * u * doubled(d, 2)


def with_checks(x, d):
    assert np.all(np.isfinite(d))
    if d is None or d.ndim == 0:
        return d
    if np.any(np.isnan(d)):
        raise ValueError("NaN")
    return d * x


def into_ones(x, d):
    work = np.ones(3)
    work *= d
    return work * x


def with_zeros_put_in(x, d):
    out = 2.0 * x * d
    out[x < 1.5] = 0.0
    return out


def by_length(x, d):
    parts = [d[k] for k in range(3) if x[k] > 1.5]
    return (sum(parts) / len(parts) if parts else 0.0) * x


def with_zeros_from_a_loop(x, d):
    shift = 0.0
    for k in range(3):
        shift = shift * x[k]
    return 2.0 * x * d + shift


def in_turns(x, d):
    a, b = d.copy(), np.zeros(3)
    for _ in range(4):
        b[1:-1] = 0.5 * (a[:-2] + a[2:]) * x[0]
        a, b = b, a
    return a


def by_order_in_memory(x, d):
    m = np.outer(d, x)
    if np.isfortran(m):
        m = m.T
    return m @ x


def scaled_on_the_way(x, d):
    size = srcgrad.stop_gradient(np.max(np.abs(d)) + 1.0)
    return d / size * x * size


LINEAR = {
    **{f.__name__: f for f in (in_a_loop, as_a_recurrence, in_memory_used_twice, added_up_before, in_turns)},
    **{f.__name__: f for f in (beside_primals_in_a_list, in_a_recursive_helper, with_checks, by_length)},
    **{f.__name__: f for f in (into_ones, with_zeros_put_in, with_zeros_from_a_loop, by_order_in_memory)},
    "scaled_on_the_way": scaled_on_the_way,
    "mask": lambda x, d: np.where(x > 1.5, d, 0.0) + np.where(x > 2.5, -2.0 * d, d),
    "masked sum": lambda x, d: d[x > 1.5].sum() * x + np.sum(d, where=x > 2.5),
    "products": lambda x, d: MATRIX @ d + np.einsum("ij,j,i->i", MATRIX, d, x) + np.vdot(x, d) * x,
    "solve": lambda x, d: np.linalg.solve(MATRIX, d) / np.linalg.norm(x) + np.linalg.lstsq(MATRIX, d, rcond=None)[0],
    "slices": lambda x, d: np.concatenate([d[1:], np.zeros(1)]) + np.stack([d, 0.0 * x]).sum(0) + np.pad(d[:2], (0, 1)),
    "chains": lambda x, d: np.linalg.multi_dot([MATRIX, MATRIX, d]) + np.cumsum(d[::-1])[::-1],
    "numbers": lambda x, d: np.array([float(d[0]), float(d[1]), 0.0]) + np.asarray(d) + np.float64(d[2]) * x,
    "complex": lambda x, d: np.real(np.conj(d * (1.0 + 2.0j))) + np.real(np.fft.ifft(np.fft.fft(d) * np.fft.fft(x))),
    "quotient": lambda x, d: d / x + 0.0 * x + np.nan_to_num(d) + d**1,
    "by primals": lambda x, d: np.var(x) * d[np.argsort(x)] + (d if x[0] > 0.0 else -d) * np.max(x),
    "sum": lambda x, d: sum([d * k for k in range(3)]) + sum(d[k] for k in range(3)) * x,
}


@pytest.mark.parametrize("name", LINEAR)
def test_a_rule_that_is_linear_is_not_refused(name):
    made = ruled(LINEAR[name])
    weights = np.array([0.3, 0.9, -0.4])
    columns = [jvp(lambda x: made(x), (X,), (e,))[1] for e in np.eye(3)]
    assert_allclose(grad(lambda x: np.sum(made(x) * weights))(X), np.array(columns) @ weights)


def test_rules_of_kind_jvp_are_linear_too():
    @rules.jvp(area)
    def area_jvp(width_dot, z, width, height=2.0):
        return abs(width_dot) * height

    assert jvp(lambda x: area(x), (2.0,), (-1.0,))[1] == 2.0
    with pytest.raises(UnsupportedError, match="the rule of area is not linear in the tangents"):
        grad(lambda x: area(x))(2.0)


# ---------------------------------------------------------------------------------------------- rules


def area(width, height=2.0):
    return width * height


WEIGHT = 3.0
WEIGHTS = np.ones(3)


def helper(g):
    return g * WEIGHT


@pytest.fixture(autouse=True)
def rules_as_they_were():
    from srcgrad.rules import registry

    tables = [registry.PARTIALS, registry.VJP, registry.JVP, registry.LINEAR, registry.ACCUMULATE]
    tables.append(registry.NONDIFFERENTIABLE)
    before = [dict(table) for table in tables]
    yield
    for table, then in zip(tables, before, strict=True):
        table.clear()
        table.update(then)
    registry.rules_changed()


def test_a_rule_that_is_given_later_is_used_at_once():
    gradient = grad(lambda x: area(x, height=5.0))
    assert gradient(2.0) == 5.0
    rules.vjp(area)(lambda g, z, width, height: (100.0 * g, None))
    assert gradient(2.0) == 100.0
    rules.vjp(area)(lambda g, z, width, height: (200.0 * g, None))
    assert gradient(2.0) == 200.0
    rules.nondifferentiable(area)
    assert gradient(2.0) == 0.0
    push = srcgrad.linearize(lambda x: area(x), 2.0)[1]
    assert push(1.0) == 0.0
    rules.jvp(area)(lambda width_dot, z, width, height: 7.0 * width_dot)
    assert jvp(lambda x: area(x), (2.0,), (1.0,))[1] == srcgrad.linearize(lambda x: area(x), 2.0)[1](1.0) == 7.0
    # What was linearised before stays what it was.
    assert push(1.0) == 0.0


def test_a_sum_in_a_rule_starts_from_what_the_rule_says():
    rules.vjp(area)(lambda g, z, width, height: (2.0 * np.sum(-(g * width), initial=3.0) * width, None))
    gradient = grad(lambda x: np.sum(area(x) * 2.0))
    assert_allclose(gradient(X), 2.0 * np.sum(-2.0 * X, initial=3.0) * X)
    assert_allclose(grad(lambda x: np.sum(-area(x)))(X), 2.0 * np.sum(X, initial=3.0) * X)


def test_a_rule_sees_what_is_outside_as_it_is(monkeypatch):
    rules.vjp(area)(area_vjp)
    gradient = grad(lambda x: np.sum(area(x)))
    assert_array_equal(gradient(X), [3.0, 3.0, 3.0])
    monkeypatch.setattr("test_custom_rules.WEIGHT", 4.0)
    assert_array_equal(gradient(X), [4.0, 4.0, 4.0])
    monkeypatch.setattr("test_custom_rules.WEIGHTS", 2.0 * WEIGHTS)
    assert_array_equal(gradient(X), [8.0, 8.0, 8.0])
    monkeypatch.setattr("test_custom_rules.helper", lambda g: g)
    assert_array_equal(gradient(X), [2.0, 2.0, 2.0])
    assert "x_bar = area_vjp(" in gradient.source


def area_vjp(g, z, width, height):
    return helper(g) * WEIGHTS, None


def test_rules_in_closures_see_their_variables():
    def given(slope):
        def rule(g, z, width, height):
            return g * slope, None

        rules.vjp(area)(rule)

        def change(value):
            nonlocal slope
            slope = value

        return change

    change = given(6.0)
    gradient = grad(lambda x: area(x))
    assert gradient(1.0) == 6.0
    change(8.0)
    assert gradient(1.0) == 8.0


def test_the_last_rule_counts():
    assert_allclose(grad(lambda x: np.tanh(x))(0.5), 1.0 - np.tanh(0.5) ** 2)
    rules.vjp(np.tanh)(lambda g, z, x: 42.0 * g)
    assert grad(lambda x: np.tanh(x))(0.5) == 42.0
    with pytest.raises(NoRuleError, match=r"no rule for the tangent of np.tanh"):
        jvp(lambda x: np.tanh(x), (0.5,), (1.0,))
    rules.partials(np.tanh)(lambda x, y: 2.0)
    assert grad(lambda x: np.tanh(x))(0.5) == 2.0
    assert jvp(lambda x: np.tanh(x), (0.5,), (1.0,))[1] == 2.0


def test_one_half_alone():
    rules.jvp(area)(lambda width_dot, z, width, height: 7.0 * width_dot)
    assert jvp(lambda x: area(x), (2.0,), (1.0,)) == (4.0, 7.0)
    assert grad(lambda x: area(x))(2.0) == 7.0
    rules.vjp(area)(lambda g, z, width, height: (7.0 * g, None))
    assert grad(lambda x: area(x))(2.0) == 7.0
    assert jvp(lambda x: area(x), (2.0,), (1.0,))[1] == 7.0


def test_tangents_are_transposed():
    def rule(width_dot, height_dot, z, width, height):
        total = 0.0 if width_dot is None else height * width_dot
        return total if height_dot is None else total + z / height * height_dot

    rules.jvp(area)(rule)
    srcgrad.check_grads(lambda x, y: np.sum(area(x, y) * area(x, height=y * y)), (X, 0.7), order=2)
    srcgrad.check_grads(lambda x: np.sum(area(x) * area(X, x)), (X,), order=2)
    assert "area_rev(x, area_1, " in grad(lambda x: np.sum(area(x) * x)).source_for(X).replace("X", "x")

    def together(pair, table):
        return pair[0] * table["k"], np.sum(pair[1])

    @rules.jvp(together)
    def together_jvp(pair_dot, table_dot, z, pair, table):
        first, second = (None, None) if pair_dot is None else pair_dot
        slope = 0.0 if table_dot is None or table_dot["k"] is None else pair[0] * table_dot["k"]
        return slope if first is None else slope + first * table["k"], 0.0 if second is None else np.sum(second)

    def loss(a, b, k):
        first, second = together((a, b), {"k": k, "name": "both"})
        return np.sum(first**2) * second

    srcgrad.check_grads(loss, (0.3, X, 0.7), order=2)
    with pytest.raises(NoRuleError, match="no derivative with respect to its argument 'height'"):
        rules.jvp(area)(lambda width_dot, z, width, height: width_dot)
        grad(lambda x: area(1.0, x))(2.0)


def powers(a, b=2.0, *, k=1.0, m=2.0):
    return a * b * k + m * a * a


def powers_jvp(a_dot, b_dot, z, a, b=2.0, *, k=1.0, m=2.0):
    total = 0.0
    if a_dot is not None:
        total = total + a_dot * (b * k + 2.0 * m * a)
    return total if b_dot is None else total + a * k * b_dot


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: powers(x),
        lambda x: powers(x, k=3.0),
        lambda x: powers(x, m=3.0),
        lambda x: powers(b=x * x, a=x, m=3.0),
        lambda x: powers(x, x * x, m=3.0, k=0.5),
        lambda x: powers(np.ones(3), b=np.sin(x), k=0.5),
    ],
)
def test_tangents_of_arguments_by_keyword_are_transposed(fun):
    rules.jvp(powers)(powers_jvp)
    srcgrad.check_grads(lambda x: np.sum(fun(x) * x), (X,), order=2)


def test_any_keywords_of_a_rule_for_tangents_are_transposed():
    def scaled(x, **options):
        return x * x * options.get("k", 1.0)

    rules.jvp(scaled)(lambda x_dot, z, x, **options: 2.0 * x * x_dot * options.get("k", 1.0))
    srcgrad.check_grads(lambda x: np.sum(scaled(x, k=3.0) * scaled(x)), (X,), order=2)

    with pytest.raises(NoRuleError, match="no derivative with respect to its argument 'k'") as raised:
        grad(lambda x: np.sum(scaled(X, k=x)))(X)
    assert raised.value.filename == __file__


def test_cotangents_of_another_shape_are_noticed():
    rules.vjp(area)(lambda g, z, width, height: (np.ones(7), None))
    for fun in (lambda x: np.sum(area(x)), lambda x: np.sum(area(2.0 * x))):
        with pytest.raises(ShapeError, match=r"the rule of area returned a cotangent of shape \(7,\)"):
            grad(fun)(X)
    rules.vjp(area)(lambda g, z, width, height: (WEIGHT * np.ones(7), None))
    with pytest.raises(ShapeError, match=r"the rule of area returned a cotangent of shape \(7,\)"):
        grad(lambda x: np.sum(area(x)))(X)
    rules.vjp(area)(lambda g, z, width, height: (1.0, None))
    assert_array_equal(grad(lambda x: np.sum(area(x)))(X), np.ones(3))


def test_a_derivative_that_a_rule_does_not_give():
    rules.vjp(area)(lambda g, z, width, height: (g, None))
    with pytest.raises(NoRuleError, match="no derivative with respect to its argument 'height'"):
        grad(lambda x: area(1.0, x))(2.0)
    rules.vjp(area)(lambda g, z, width, height: (g * WEIGHT, None))
    with pytest.raises(NoRuleError, match=r"gives no derivative of .*area in its argument 'height'"):
        grad(lambda x: area(1.0, x))(2.0)


def test_a_function_with_a_rule_that_returns_its_argument():
    rules.vjp(passed)(lambda g, z, x: 1.0 * g)

    def written(x):
        y = 1.0 * x
        z = passed(y)
        z[0] = 5.0
        return np.sum(y * z)

    with pytest.raises(UnsupportedError, match=r"what .*passed returns here is memory of its argument"):
        grad(written)(X)
    assert_array_equal(grad(lambda x: np.sum(passed(1.0 * x) * x))(X), 2.0 * X)


def passed(x):
    return x


@pytest.mark.parametrize(
    ("register", "message"),
    [
        (lambda: rules.vjp(area)(lambda g: g), "takes at least 3 arguments, not 1"),
        (lambda: rules.vjp(area)(lambda g, z, q, height: g), r"'q', which is no parameter of .*area\(width, height\)"),
        (lambda: rules.vjp(area)(lambda g, z, width, height, q: g), "it takes width, height, q, and .*area width, hei"),
        (lambda: rules.vjp(WIDE)(lambda g, z, a: g), "does not take 'b'"),
        (lambda: rules.partials(WIDE)(lambda a, z: 1.0), "does not take 'b'"),
        (lambda: rules.jvp(area)(lambda q_dot, z, width, height: 1.0), "it takes q_dot, but no q"),
        (lambda: rules.jvp(area)(lambda z, width, height: 1.0), "it takes no tangent"),
        (lambda: rules.accumulate(area)(lambda shadow, g: None), "takes at least 4 arguments"),
        (lambda: rules.vjp(area)(3), "the rule must be a function, not a int"),
        (lambda: rules.vjp(3)(lambda g, z, x: g), "rules.vjp needs a function, not a int"),
        (lambda: rules.vjp()(lambda g, z, x: g), "needs the function that the rule is for"),
        (lambda: rules.nondifferentiable(3), "rules.nondifferentiable needs a function"),
        (lambda: rules.linear_in("x")(3), "rules.linear_in needs a function"),
        (lambda: rules.partials(libm.cosh)(lambda x, y: 1.0), "has no hash"),
    ],
)
def test_rules_that_do_not_fit(register, message):
    with pytest.raises(ArgumentError, match=message) as caught:
        register()
    if "does not fit" in str(caught.value):
        assert caught.value.filename == __file__
        assert caught.value.lineno > 0


def WIDE(a, b):
    return a * b


CALLS: list[str] = []


@custom_vjp
def noting(x):
    CALLS.append("fun")
    return x * x


def noting_fwd(x):
    CALLS.append("fwd")
    return x * x, x


def noting_bwd(x, g):
    CALLS.append("bwd")
    return (2.0 * g * x,)


noting.defvjp(noting_fwd, noting_bwd)


def test_lists_from_outside_that_functions_add_to():
    # The function is read to learn what it returns, before its sweeps are inlined.
    CALLS.clear()
    assert grad(lambda x: noting(x) * grad(noting)(x))(2.0) == 24.0
    assert CALLS == ["fwd", "fwd", "bwd", "bwd"]


def test_second_order_with_several_trees_that_are_kept():
    @custom_jvp
    def one(x):
        return (x * x, (x, 2.0 * x))

    @one.defjvp
    def one_jvp(primals, tangents):
        ((x,), (x_dot,)) = primals, tangents
        return one(x), (2.0 * x * x_dot, (x_dot, 2.0 * x_dot))

    @custom_jvp
    def other(x, w):
        return x * w

    other.defjvps(lambda x_dot, z, x, w: x_dot * w, lambda w_dot, z, x, w: x * w_dot)

    def f(x):
        for _ in range(2):
            x = one(x)[0] + other(x, x)
        return x

    def plain(x):
        return 2.0 * (2.0 * x * x) ** 2

    assert_allclose(grad(grad(f))(0.7), grad(grad(plain))(0.7))
    assert_allclose(jvp(grad(f), (0.7,), (1.0,))[1], grad(grad(plain))(0.7))


# ------------------------------------------------------------------------------- made in differentiated functions


def made_with_bounds(x, n):
    bounds = {"low": -0.5 * n, "high": 0.25 * n}

    @custom_vjp
    def straight(y):
        return y * 1.0

    def sweep(y):
        return straight(y), y.shape

    def back(shape, g):
        assert shape == (3,)
        return (np.clip(g, bounds["low"], bounds["high"]),)

    straight.defvjp(sweep, back)
    return np.sum(straight(x) ** 2)


def made_with_a_rule_that_calls_it(x, w):
    v = srcgrad.stop_gradient(w) * 2.0

    @custom_jvp
    def scaled(y):
        return y * v

    @scaled.defjvp
    def rule(primals, tangents):
        return scaled(primals[0]), 3.0 * tangents[0] * v

    return np.sum(scaled(x) * w)


def made_twice(x):
    @custom_jvp
    def one(y):
        return y * y

    one.defjvps(lambda y_dot, out, y: 5.0 * y * y_dot)

    @custom_jvp
    def other(y):
        return one(y) * 2.0

    other.defjvps(lambda y_dot, out, y: out * y_dot)
    return np.sum(other(x) + one(x))


def made_with_a_variable_that_changes(x):
    def plus(y):
        return y + s

    s, total = 1.0, 0.0
    f = custom_vjp(lambda y: plus(y) * s)
    f.defvjp(lambda y: (plus(y) * s, s), lambda kept, g: (10.0 * g * kept,))
    for k in range(3):
        s = k + 1.0
        total += np.sum(f(x))

    def plus(y):  # noqa: F811
        return y - s

    return total + np.sum(f(x))


def made_by_a_factory(x, n):
    def factory(bound):
        f = custom_vjp(lambda y: y)
        f.defvjp(lambda y: (y, None), lambda kept, g: (np.clip(g, -bound, bound),))
        return f

    return np.sum(factory(0.5)(x) ** 2) + np.sum(factory(n * 0.1)(x) ** 2)


def made_with_functions_for_arguments(x, n):
    scale = n * 1.0

    @functools.partial(custom_vjp, nondiff_argnums=(0,))
    def apply(f, y):
        return f(y) * scale

    apply.defvjp(lambda f, y: (f(y) * scale, y), lambda f, y, g: (g * f(y + 1.0) * scale,))
    return np.sum(apply(np.sin, x) + apply(lambda z: z * z, x))


@pytest.mark.parametrize(
    ("fun", "args", "value", "slope"),
    [
        (made_with_bounds, (X, 2), 14.0, np.full(3, 0.5)),
        (made_with_a_rule_that_calls_it, (X, 0.7), 1.4 * 0.7 * 6.0, np.full(3, 3.0 * 1.4 * 0.7)),
        (made_twice, (X,), 42.0, 2.0 * X**2 + 5.0 * X),
        (
            made_with_a_variable_that_changes,
            (X,),
            sum(np.sum((X + s) * s) for s in (1.0, 2.0, 3.0)) + np.sum((X - 3.0) * 3.0),
            np.full(3, 90.0),
        ),
        (made_by_a_factory, (X, 3), 28.0, np.full(3, 0.8)),
        (
            made_with_functions_for_arguments,
            (X, 3),
            3.0 * np.sum(np.sin(X) + X * X),
            3.0 * (np.sin(X + 1.0) + (X + 1.0) ** 2),
        ),
    ],
)
def test_made_in_a_differentiated_function(fun, args, value, slope):
    assert_allclose(fun(*args), value)
    for optimize in (True, False):
        found = value_and_grad(fun, optimize=optimize)(*args)
        assert_allclose(found[0], value)
        assert_allclose(found[1], slope)
    out, pull = vjp(fun, *args)
    assert_allclose(out, value)
    assert_allclose(pull(0.0)[0], np.zeros(3))
    assert_allclose(pull(1.0)[0], slope)


def test_second_derivatives_of_what_is_made_in_a_function():
    # The rule of the second function returns a multiple of what that returns, whose derivative is the rule again.
    assert_allclose(srcgrad.jacrev(grad(made_twice))(X), np.diag(2.0 * X**2 + 5.0))
    assert_allclose(
        srcgrad.hessian(lambda x: made_with_a_rule_that_calls_it(x, 0.7) * x[0])(X)[0, 0], 2 * 3 * 1.4 * 0.7
    )
    assert_allclose(jvp(made_twice, (X,), (np.ones(3),))[1], np.sum(2.0 * X**2 + 5.0 * X))


def test_what_is_made_in_a_function_and_refused():
    def of_a_variable(x):
        w = x[0]
        f = custom_vjp(lambda y: y * w)
        f.defvjp(lambda y: (y * w, None), lambda kept, g: (g * w,))
        return np.sum(f(x))

    def said_twice(x, on):
        f = custom_vjp(lambda y: y)
        if on:
            f.defvjp(lambda y: (y, None), lambda kept, g: (2.0 * g,))
        else:
            f.defvjp(lambda y: (y, None), lambda kept, g: (3.0 * g,))
        return np.sum(f(x))

    def without_sweeps(x):
        return np.sum(custom_vjp(lambda y: y)(x))

    def one_by_one(x, n):
        f = custom_jvp(lambda y: y * n)
        f.defjvps(lambda y_dot, out, y: y_dot * n)
        return np.sum(f(x))

    for fun, args, error, message in (
        (one_by_one, (X, 2), UnsupportedError, "defjvps can't be used for <lambda>, which uses 'n'"),
        (of_a_variable, (X,), NoRuleError, "uses 'w', a variable of this program, and a derivative in it is asked for"),
        (said_twice, (X, True), UnsupportedError, "is differentiated is said twice"),
        (without_sweeps, (X,), NoRuleError, "a custom_vjp without sweeps"),
    ):
        with pytest.raises(error, match=message) as caught:
            grad(fun)(*args)
        assert caught.value.filename == __file__


# ---------------------------------------------------------------------------------------------- the page

PAGE = (Path(__file__).parents[1] / "docs" / "custom-rules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("block", list(blocks(PAGE)), ids=lambda block: f"{block.section}-{block.line}")
def test_the_page_is_true(block, tmp_path):
    module = run_block(block, tmp_path / f"custom_{block.line}.py")
    del sys.modules[module.__name__]


def test_the_code_on_the_page_is_what_is_generated(tmp_path):
    (shown,) = re.findall(r"^```text\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    (block,) = [block for block in blocks(PAGE) if "clip_fwd" in block.text]
    module = run_block(block, tmp_path / "clip.py")
    assert grad(module.loss).source_for(X).strip() == shown.strip()
    del sys.modules[module.__name__]


def rule_is_given_again(x):
    return area(x, 2.0)


def test_a_new_rule_holds_for_a_gradient_that_is_made_again():
    rules.partials(area)(lambda width, height, z: (3.0, None))
    assert grad(rule_is_given_again)(1.0) == 3.0
    rules.partials(area)(lambda width, height, z: (4.0, None))
    assert grad(rule_is_given_again)(1.0) == 4.0


class Wave(NamedTuple):
    height: float
    slope: float


def wave(x):
    return Wave(x * x, np.sin(x))


def test_a_rule_of_a_function_that_returns_a_named_tuple():
    def loss(xs):
        total = 0.0
        for x in xs:
            found = wave(x)
            total += found.height * found[1]
            total += found._replace(height=2.0).slope
        return total

    x = np.array([0.7, 0.2])
    plain = grad(loss)(x)
    rules.vjp(wave)(lambda g, out, x: 3.0 * (g[0] * 2.0 * x + g[1] * np.cos(x)))
    assert_allclose(grad(loss)(x), 3.0 * plain)
    assert vjp(wave, 0.7)[0] == wave(0.7)
    assert isinstance(vjp(wave, 0.7)[0], Wave)


# ---------------------------------------------------------------------------------------------- third derivatives


@functools.partial(custom_jvp, nondiff_argnums=(2,))
def scaled_powers(p, q, n):
    return {"a": p["u"] * q**n, "b": np.sum(p["u"])}


@scaled_powers.defjvp
def scaled_powers_jvp(n, primals, tangents):
    (p, q), (p_dot, q_dot) = primals, tangents
    tangent = p_dot["u"] * q**n + p["u"] * n * q ** (n - 1) * q_dot
    return scaled_powers(p, q, n), {"a": tangent, "b": np.sum(p_dot["u"])}


def of_a_custom_jvp(x):
    out = scaled_powers({"u": np.sin(x)}, x[0] * x[1], 3)
    return np.sum(out["a"] * x) * out["b"]


def sinh_times(x, y):
    return np.sinh(x) * y


def sinh_times_jvp(x_dot, y_dot, out, x, y):
    total = 0.0
    if x_dot is not None:
        total = total + np.cosh(x) * y * x_dot
    return total if y_dot is None else total + np.sinh(x) * y_dot


def of_a_rule(x):
    return np.sum(sinh_times(x, x**2) * x) + np.sum(sinh_times(2.0, x) ** 2)


@custom_jvp
def solved(a, b):
    return np.linalg.solve(a, b)


@solved.defjvp
def solved_jvp(primals, tangents):
    (a, b), (a_dot, b_dot) = primals, tangents
    y = solved(a, b)
    return y, solved(a, b_dot - a_dot @ y)


def of_a_solver(x):
    """The rule calls its own function on a tangent."""
    a = np.outer(np.sin(x), x) + 3.0 * np.eye(3)
    return np.sum(solved(a, x**2) ** 2 * x)


def halved(x, y):
    return 0.5 * x * y


def halved_jvp(x_dot, y_dot, out, x, y):
    total = 0.0
    if y_dot is not None:
        total = total + halved(x, y_dot)
    return total if x_dot is None else total + halved(x_dot, y)


def of_a_product(x):
    """The same for `rules.jvp`, with arguments by name, in another order."""
    return np.sum(halved(y=np.sin(x), x=x) ** 2) + np.sum(halved(2.0, x) ** 3)


@pytest.mark.parametrize("fun", [of_a_custom_jvp, of_a_rule, of_a_solver, of_a_product])
@pytest.mark.parametrize("modes", THIRD)
def test_third_derivatives(fun, modes):
    rules.jvp(sinh_times)(sinh_times_jvp)
    rules.jvp(halved)(halved_jvp)
    x, d = np.array([0.4, 0.7, 0.5]), np.array([0.3, -0.5, 0.2])
    expected = directional_derivative(lambda y: hvp(fun)(y, d) @ d, (x,), (d,))
    assert_allclose(THIRD[modes](fun, x, d), expected, rtol=1e-6)


def test_fourth_derivatives_of_a_solver():
    def of_a_number(t):
        return of_a_solver(np.array([0.4, 0.7, 0.5]) + t * np.array([0.3, -0.5, 0.2]))

    def along(f):
        return lambda t: jvp(f, (t,), (1.0,))[1]

    expected = along(along(along(along(of_a_number))))(0.0)
    assert_allclose(grad(grad(grad(grad(of_a_number))))(0.0), expected)
    assert_allclose(along(grad(grad(along(of_a_number))))(0.0), expected)


def made_in_a_loop(x):
    total, k = x[0], 0
    while k < 2:
        power = k + 1.5

        @functools.partial(custom_jvp, nondiff_argnums=(1,))
        def scaled(y, n):
            return power * y**n  # noqa: B023

        @scaled.defjvp
        def scaled_jvp(n, primals, tangents):
            (y,), (y_dot,) = primals, tangents
            return scaled(y, n), power * n * y ** (n - 1) * y_dot  # noqa: B023

        total = scaled(total + x[k], 3)
        k += 1
    return total


def written_out(x):
    total = x[0]
    for k in range(2):
        total = (k + 1.5) * (total + x[k]) ** 3
    return total


@pytest.mark.parametrize("modes", THIRD)
def test_third_derivatives_of_what_is_made_in_a_loop(modes):
    x, d = np.array([0.4, 0.7]), np.array([0.3, -0.5])
    assert_allclose(THIRD[modes](made_in_a_loop, x, d), THIRD[modes](written_out, x, d), rtol=1e-9)


@functools.partial(custom_jvp, nondiff_argnums=(1,))
def scaled_cube(y, factor):
    return factor * y**3


@scaled_cube.defjvp
def scaled_cube_jvp(factor, primals, tangents):
    (y,), (y_dot,) = primals, tangents
    return scaled_cube(y, factor), 3.0 * factor * y**2 * y_dot


def with_constants_in_a_loop(x, factor):
    total, k = x[0], 0
    while k < 2:
        total = scaled_cube(total + x[k], factor * (k + 1.5))
        total = scaled_cube(total, srcgrad.stop_gradient(x[k]) * 0.0 + 1.0) ** (1.0 / 3.0)
        k += 1
    return total


@pytest.mark.parametrize("modes", THIRD)
def test_constants_in_a_loop(modes):
    """A loop keeps them together with numbers that depend on the arguments."""
    x, d = np.array([0.4, 0.7]), np.array([0.3, -0.5])
    found = THIRD[modes](lambda x: with_constants_in_a_loop(x, 1.0), x, d)
    assert_allclose(found, THIRD[modes](written_out, x, d), rtol=1e-9)
    with pytest.raises(NoRuleError, match="argument 1 of scaled_cube"):
        grad(lambda a: with_constants_in_a_loop(x, a))(1.0)
    with pytest.raises(NoRuleError, match="a derivative in argument 1 of scaled_cube"):
        grad(lambda a: grad(with_constants_in_a_loop)(x, a) @ d)(1.0)


@functools.partial(custom_jvp, nondiff_argnums=(0, 2))
def applied(f, y, options):
    return f(y) * options["scale"]


@applied.defjvp
def applied_jvp(f, options, primals, tangents):
    (y,), (y_dot,) = primals, tangents
    return applied(f, y, options), f(y + 1.0) * options["scale"] * y_dot


def with_functions_in_a_loop(x):
    total = x[0]
    for k in range(2):
        total = applied(np.sin, total * x[k], {"scale": k + 1.0}) + applied(lambda z: z * z, x[k], {"scale": 0.5})
    return total


def test_second_derivatives_with_functions_that_are_handed_over_in_a_loop():
    """The rule says something else than the function: the derivative of what it returns counts."""
    x, d = np.array([0.4, 0.7]), np.array([0.3, -0.5])
    expected = hvp(with_functions_in_a_loop)(x, d) @ d
    assert_allclose(jvp(lambda y: jvp(with_functions_in_a_loop, (y,), (d,))[1], (x,), (d,))[1], expected)
    assert_allclose(grad(lambda y: grad(with_functions_in_a_loop)(y) @ d)(x) @ d, expected)


@custom_jvp
def cubed(x):
    return x**3


@cubed.defjvp
def cubed_jvp(primals, tangents):
    slope = 3.0
    for _ in range(2):
        slope = slope * primals[0]
    return cubed(primals[0]), slope * tangents[0]


@custom_jvp
def tripled(x):
    return 3.0 * x


@tripled.defjvp
def tripled_jvp(primals, tangents):
    (x_dot,) = tangents
    x_dot *= 3.0
    return tripled(primals[0]), x_dot


def overwritten(x, cube, triple):
    """Arguments and results are written after the calls."""
    y, total = 2.0 * x, 0.0
    for _ in range(2):
        z = cube(y)
        total = total + np.sum(z) * x[0] + np.sum(triple(np.sin(y)) ** 2)
        y *= 1.1
        z[0] = 5.0
    y[1:] = cube(y[:1])
    return total + np.sum(y**2)


@pytest.mark.parametrize("modes", THIRD)
def test_what_is_written_after_the_call(modes):
    x, d = np.array([0.4, 0.7]), np.array([0.3, -0.5])
    expected = THIRD["forward, forward, forward"](lambda x: overwritten(x, lambda y: y**3, lambda y: 3.0 * y), x, d)
    assert_allclose(THIRD[modes](lambda x: overwritten(x, cubed, tripled), x, d), expected, rtol=1e-9)
    slope = grad(lambda x: overwritten(x, lambda y: y**3, lambda y: 3.0 * y))
    assert_allclose(grad(lambda x: overwritten(x, cubed, tripled))(x), slope(x))
    assert_allclose(srcgrad.hessian(lambda x: overwritten(x, cubed, tripled))(x), srcgrad.jacfwd(slope)(x), rtol=1e-9)


@custom_jvp
def fourth_power(y, k):
    return k * y**4


@fourth_power.defjvp
def fourth_power_jvp(primals, tangents):
    y, k = primals
    return fourth_power(y, k), 4.0 * k * y**3 * tangents[0] + y**4 * tangents[1]


FOURTH_POWER = srcgrad.implicit(lambda y, k: k * y**4, lambda u, y, k: u - k * y**4)


@pytest.mark.parametrize("fun", [fourth_power, FOURTH_POWER])
def test_slope_at_a_literal_in_a_differentiated_function(fun):
    assert_allclose(grad(lambda x: grad(lambda y: fun(y, x))(3.0))(2.0), 108.0)
    assert_allclose(grad(lambda x: vjp(lambda y: fun(y, x), 3.0)[1](1.0)[0])(2.0), 108.0)
    assert_allclose(jvp(lambda x: grad(lambda y: fun(y, x))(3.0) * x, (2.0,), (1.0,))[1], 432.0)
    assert_allclose(grad(lambda x: jvp(lambda y: fun(y, x), (3.0,), (1.0,))[1])(2.0), 108.0)
    assert_allclose(grad(grad(lambda x: x * grad(lambda y: fun(y, x))(3.0)))(2.0), 216.0)


def test_options_in_a_dict_beside_what_is_written_later():
    @functools.partial(custom_jvp, nondiff_argnums=(1,))
    def scaled(y, options):
        return y**3 * options["scale"]

    @scaled.defjvp
    def scaled_jvp(options, primals, tangents):
        return scaled(primals[0], options), 3.0 * primals[0] ** 2 * options["scale"] * tangents[0]

    def fun(x):
        y, total = 2.0 * x, 0.0
        for _ in range(2):
            total = total + np.sum(scaled(y, {"scale": 2.0, "name": "cubic", "none": None, "turns": 3}))
            y *= 1.5
        return total

    x = np.array([0.4, 0.7])
    expected = np.diag(12.0 * 8.0 * (1.0 + 1.5**3) * x)
    assert_allclose(srcgrad.hessian(fun)(x), expected)
    assert_allclose(srcgrad.jacrev(grad(fun))(x), expected)


def test_number_beside_text_in_an_argument_of_a_call_in_a_loop():
    @custom_jvp
    def scaled(named, y):
        return np.sin(y) * named[0]

    @scaled.defjvp
    def scaled_jvp(primals, tangents):
        (factor, _), y = primals
        return scaled(*primals), np.cos(y) * tangents[1] * factor + np.sin(y) * tangents[0][0]

    def fun(x, call):
        y, total = 2.0 * x, 0.0
        for _ in range(2):
            total = total + np.sum(call((y[0], "factor"), y))
            y *= 1.5
        return total

    x = np.array([0.4, 0.7])
    expected = srcgrad.hessian(lambda x: fun(x, lambda named, y: np.sin(y) * named[0]))(x)
    assert_allclose(srcgrad.hessian(lambda x: fun(x, scaled))(x), expected)
    assert_allclose(srcgrad.jacrev(grad(lambda x: fun(x, scaled)))(x), expected)


def test_rule_that_returns_none_for_what_depends_on_the_input():
    @custom_vjp
    def product(x, y):
        return x * y

    @custom_vjp
    def pair(x, y):
        return product(x, y)

    product.defvjp(lambda x, y: (x * y, (x, y)), lambda residuals, g: (g * residuals[1], g * residuals[0]))
    pair.defvjp(lambda x, y: (product(x, y), y), lambda y, g: (g * y, None))
    assert_allclose(grad(pair, argnums=(0, 1))(2.0, 3.0), (3.0, 0.0))
