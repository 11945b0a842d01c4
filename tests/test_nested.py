"""Derivatives inside of differentiated functions: what is refused, how the code reads, and who sees which write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

import srcgrad
from srcgrad import grad, hessian, hvp, jacobian, jvp, linearize, value_and_grad, vjp
from srcgrad.errors import AliasError, NoRuleError, NotScalarError, UnsupportedError

X = np.array([0.3, 0.4, 0.5])
STATE = {"n": 0}


def writes_captured_array(x):
    buffer = np.zeros(3)

    def f(z):
        buffer[0] = z[0]
        return np.sum(buffer * z)

    return np.sum(grad(f)(x)) + buffer[0]


def appends_to_captured_list(x):
    log = []

    def f(z):
        log.append(z[0])
        return np.sum(z**2)

    return np.sum(grad(f)(x)) + log[0]


def changes_captured_dict(x):
    found = {"a": 1.0}

    def f(z):
        found["a"] = 2.0
        return np.sum(z**2) * found["a"]

    return np.sum(grad(f)(x)) * found["a"]


def assigns_captured_name(x):
    n = 0.0

    def f(z):
        nonlocal n
        n = z[0]
        return np.sum(z**2)

    return np.sum(grad(f)(x)) + n


def counts_outside(x):
    def f(z):
        STATE["n"] = STATE["n"] + 1
        return np.sum(z**2)

    return np.sum(grad(f)(x))


def endless(x):
    def f(z):
        return np.sum(grad(f)(z))

    return f(x)


def number_of_a_parameter_by_the_run(x):
    which = int(x[0] > 0)
    return np.sum(grad(lambda a, b: np.sum(a * b), which)(x, x))


def steps_a_generator(x):
    def each(z):
        yield z

    items = each(x)
    return np.sum(grad(lambda z: np.sum(z * next(items)))(x))


REFUSED: list[tuple[Callable, type[Exception], str]] = [
    (writes_captured_array, UnsupportedError, "buffer, an array of the enclosing function, is written"),
    (appends_to_captured_list, UnsupportedError, "a list of the enclosing function is changed"),
    (changes_captured_dict, UnsupportedError, "a dict of the enclosing function is changed"),
    (assigns_captured_name, UnsupportedError, "assigns to 'n' of the enclosing function"),
    (counts_outside, UnsupportedError, "a dict of the enclosing function is changed"),
    (endless, UnsupportedError, "without an end"),
    (number_of_a_parameter_by_the_run, UnsupportedError, "argnums of grad depends on the run"),
    (steps_a_generator, UnsupportedError, "a generator is used by a function that is differentiated inside"),
    (lambda x: np.sum(grad(lambda z: np.sum(z), 3)(x)), UnsupportedError, "no such argument is passed"),
    (lambda x: np.sum(grad(lambda z: z)(x)), NotScalarError, "not a number"),
    (lambda x: np.sum(grad(x)(x)), UnsupportedError, "grad needs a function"),
    (lambda x: grad(lambda z: np.sum(np.trim_zeros(z)))(x)[0], NoRuleError, "np.trim_zeros"),
    (lambda x: vjp(lambda z: (z, z), x)[1](x)[0][0], UnsupportedError, "another structure"),
    (lambda x: jvp(lambda z: z, (x,), (x, x))[1][0], UnsupportedError, "1 primals and 2 tangents"),
    (lambda x: jvp(lambda z: z, (x,), (x[0],))[1][0], UnsupportedError, "0 axes, but the value it belongs to has 1"),
    (lambda x: linearize(lambda z: z, x)[1](x, x)[0], UnsupportedError, "takes 1 tangents, not 2"),
    (lambda x: grad(lambda z: z, bad=3)(x), UnsupportedError, "unexpected keyword argument 'bad'"),
    (lambda x: hvp(lambda z: np.sum(z), (0,))(x, (x, x))[0][0], UnsupportedError, "must be a tuple with a vector"),
]


@pytest.mark.parametrize(("fun", "error", "text"), REFUSED, ids=[text for _, _, text in REFUSED])
def test_refused(fun: Callable, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        grad(fun)(X)
    with pytest.raises(error, match=text):
        jvp(fun, (X,), (X,))


def test_a_cotangent_of_another_shape() -> None:
    def f(x, n):
        _, pull = vjp(lambda z: z**2, x)
        return np.sum(pull(np.ones(n))[0])

    assert grad(f)(X, 3).shape == (3,)
    with pytest.raises(ValueError, match="a cotangent has another shape"):
        grad(f)(X, 1)


def test_an_argument_that_is_written_and_captured() -> None:
    def f(x):
        def inner(z):
            z[0] = 2.0 * x[1]
            return np.sum(z * x)

        return np.sum(grad(inner)(x))

    with pytest.raises(AliasError, match="z and x share memory"):
        grad(f)(X)


def test_arguments_that_overlap_are_refused_at_second_order_too() -> None:
    def f(z, x):
        z[0] = 2.0 * x[1]
        return np.sum(z * x)

    with pytest.raises(AliasError):
        vjp(grad(f), X, X)
    with pytest.raises(AliasError):
        jvp(grad(f), (X, X), (X, X))


def test_code_says_where_the_user_wrote_it() -> None:
    def energy(x):
        return np.sum(x**4)

    def step(x):
        return np.sum(np.sin(x - 0.1 * grad(energy)(x)))

    # The function, and what it calls.
    first = energy.__code__.co_firstlineno
    source = grad(step).source_for(X)
    assert f"test_nested.py:{first + 1}" in source
    assert f"test_nested.py:{first + 4}" in source
    assert "<srcgrad" not in source
    again = vjp(grad(energy), X)[1].source
    assert f"test_nested.py:{first + 1}" in again and "<srcgrad" not in again


def test_the_enclosing_function_sees_no_write_of_the_inner_one() -> None:
    def f(x):
        def inner(z, parts):
            z[0] = 0.0
            parts["a"] = z
            return np.sum(parts["a"] ** 2)

        parts = {"a": 1.0}
        slope = grad(inner)(x, parts)
        return np.sum(slope) + x[0] * parts["a"]

    np.testing.assert_allclose(grad(f)(X), [1.0, 2.0, 2.0])


PAIRS = [
    (lambda f, x: grad(f)(x), lambda f, x: jvp(f, (x,), (1.0,))[1]),
    (lambda f, x: jvp(f, (x,), (1.0,))[1], lambda f, x: grad(f)(x)),
]


@pytest.mark.parametrize("outer", range(2))
@pytest.mark.parametrize("inner", range(2))
def test_perturbations_are_not_confused(outer: int, inner: int) -> None:
    if inner == 0:

        def f(x):
            return x * grad(lambda y: x + y)(1.0)

        def g(x):
            return x * grad(lambda y: x * y * y)(x)

    else:

        def f(x):
            return x * jvp(lambda y: x + y, (1.0,), (1.0,))[1]

        def g(x):
            return x * jvp(lambda y: x * y * y, (x,), (1.0,))[1]

    derive = PAIRS[outer][0]
    assert derive(f, 2.0) == 1.0
    assert derive(g, 2.0) == 24.0


def test_what_is_asked_of_values_that_cannot_be_known() -> None:
    """An inner loop that stops where the data says so, in the four ways to combine the modes."""

    def descent(w, target):
        def loss(v):
            return np.sum((v**2 - target) ** 2)

        def backwards(v):
            return grad(loss)(v)

        def forwards(v):
            return np.array([jvp(loss, (v,), (e,))[1] for e in np.eye(2)])

        found = []
        for slope_of in (backwards, forwards):
            v, turns = w, 0
            slope = slope_of(v)
            while np.max(np.abs(slope)) > 1e-3 and turns < 100:
                v = v - 0.05 * slope
                slope = slope_of(v)
                turns += 1
            found.append(np.sum(v * w))
        return found[0], found[1]

    w, target = np.array([0.5, 1.4]), np.array([1.0, 2.0])
    np.testing.assert_allclose(jacobian(descent)(w, target)[0], jacobian(descent)(w, target)[1], rtol=1e-10)
    np.testing.assert_allclose(
        jacobian(descent, 1)(w, target)[1],
        [jvp(descent, (w, target), (None, e))[1][0] for e in np.eye(2)],
        rtol=1e-10,
    )
    step = np.array([1e-6, 0.0])
    difference = (descent(w, target + step)[0] - descent(w, target - step)[0]) / 2e-6
    np.testing.assert_allclose(jacobian(descent, 1)(w, target)[0][0], difference, rtol=1e-6)


def test_functions_of_the_module_are_known_by_their_names() -> None:
    def f(x):
        value, slope = srcgrad.value_and_grad(lambda z: np.sum(z**3))(x)
        return value * np.sum(slope) + np.sum(srcgrad.hessian(lambda z: np.sum(z**3))(x))

    def plain(x):
        return np.sum(x**3) * np.sum(3.0 * x**2) + np.sum(6.0 * x)

    np.testing.assert_allclose(grad(f)(X), grad(plain)(X))
    np.testing.assert_allclose(value_and_grad(f)(X)[0], plain(X))
    np.testing.assert_allclose(hessian(f)(X), hessian(plain)(X))


def halved_where_it_can_not_be_written(y, s):
    try:
        y[0] *= s
        s = s * y[1]
    except ValueError:
        return 0.5 * s * np.sum(y)
    return np.sum(y * y) * s


@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("inner", ["jvp", "grad", "vjp"])
def test_what_can_not_be_written_can_not_be_written_in_an_inner_function(inner: str, writeable: bool) -> None:
    f = halved_where_it_can_not_be_written

    def slope(y, s):
        if inner == "jvp":
            return jvp(f, (y, s), (None, 1.0))[1]
        if inner == "vjp":
            return vjp(f, y, s)[1](1.0)[1]
        return grad(f, argnums=1)(y, s)

    y = np.array([0.4, 0.9, 0.3])
    y.flags.writeable = writeable
    expected = (2.0 * 0.49 * 0.16 + 0.49 * 0.16 + 0.9) * 0.9 if writeable else 0.8
    assert slope(y, 0.7) == pytest.approx(expected)
    value, tangent = jvp(slope, (y, 0.7), (None, 1.0))
    assert value == pytest.approx(expected)
    assert tangent == pytest.approx(6.0 * 0.7 * 0.16 * 0.9 if writeable else 0.0)
    assert grad(slope, argnums=1)(y, 0.7) == pytest.approx(tangent)
    assert grad(lambda y: slope(y, 0.7))(y) == pytest.approx(jacobian(lambda y: slope(y, 0.7))(y))


@dataclass
class Weights:
    w: np.ndarray
    b: float
    steps: int = 3


@pytest.mark.parametrize("b", [0.1, None])
def test_tangents_and_cotangents_may_be_objects_from_outside(b: float | None) -> None:
    def loss(p):
        return np.sum(np.sin(p.w) * p.b**2)

    def pair(p):
        return Weights(loss(p) * p.w, loss(p))

    point = Weights(np.array([0.3, 0.7]), 0.5)
    direction = Weights(np.array([1.0, 2.0]), b, None)
    inside = grad(lambda p: jvp(loss, (p,), (direction,))[1])(point)
    given = grad(lambda p, d: jvp(loss, (p,), (d,))[1])(point, direction)
    np.testing.assert_allclose(inside.w, given.w)
    assert inside.b == pytest.approx(given.b)
    pulled = jvp(lambda p: vjp(pair, p)[1](direction)[0].w, (point,), (direction,))[1]
    given = jvp(lambda p, d: vjp(pair, p)[1](d)[0].w, (point, direction), (direction, None))[1]
    np.testing.assert_allclose(pulled, given)


def assigned_or_summed(y):
    try:
        y[0] = 5.0 * y[1]
        total = np.sum(y**3)
    except ValueError:
        total = np.sum(np.sin(y))
    return total


def of_an_argument(x):
    return np.sum(grad(assigned_or_summed)(x) ** 2)


def of_a_view(x):
    return np.sum(grad(assigned_or_summed)(x[:]) ** 2)


def of_a_new_array(x):
    return np.sum(grad(assigned_or_summed)(x * 1.0) ** 2)


def of_an_array_that_is_new_on_one_path(x):
    return np.sum(grad(assigned_or_summed)(x if np.sum(x) < -90.0 else x + 0.0) ** 2)


def of_a_broadcast_one(x):
    return np.sum(grad(assigned_or_summed)(np.broadcast_to(x, (3,))) ** 2)


def of_a_diagonal(x):
    return np.sum(grad(assigned_or_summed)(np.diagonal(np.outer(x, x))) ** 2)


def of_what_a_loop_carries(x):
    total, y = 0.0, x
    for _ in range(2):
        total += np.sum(grad(assigned_or_summed)(y) ** 2)
        y = y[:]
    return total


def of_a_broadcast_one_on_one_path(x):
    y = np.broadcast_to(x, (3,)) if np.sum(x) > -90.0 else x * 2.0
    return np.sum(grad(assigned_or_summed)(y) ** 2)


def two_levels_down(x):
    return np.sum(grad(lambda y: np.sum(grad(assigned_or_summed)(y) ** 2))(x) ** 2)


@pytest.mark.parametrize("order", [(True, False), (False, True)])
@pytest.mark.parametrize(
    "fun",
    [
        *(of_an_argument, of_a_view, of_a_new_array, of_an_array_that_is_new_on_one_path),
        *(of_a_broadcast_one, of_a_diagonal, of_what_a_loop_carries, of_a_broadcast_one_on_one_path, two_levels_down),
    ],
)
def test_whether_it_can_be_written_decides_in_each_call(fun: Callable, order: tuple[bool, bool]) -> None:
    gradients = [grad(fun), jacobian(fun), lambda x: vjp(fun, x)[1](1.0)[0], grad(fun, optimize=False)]
    direction = np.array([0.3, -0.2, 0.5])
    for writeable in order:
        x = np.array([0.4, 0.9, 1.3])
        x.flags.writeable = writeable
        moved = [fun(_as(x + h * direction, writeable)) for h in (1e-6, -1e-6)]
        expected = (moved[0] - moved[1]) / 2e-6
        for gradient in gradients:
            np.testing.assert_allclose(gradient(x) @ direction, expected, rtol=1e-6)
        np.testing.assert_allclose(jvp(fun, (x,), (direction,))[1], expected, rtol=1e-6)


def _as(x: np.ndarray, writeable: bool) -> np.ndarray:
    x.flags.writeable = writeable
    return x
