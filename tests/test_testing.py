"""The judge is judged: it knows derivatives, refuses to judge where there is none, and catches wrong ones."""

from __future__ import annotations

import math
import sys
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from srcgrad.errors import ArgumentError, NotScalarError
from srcgrad.testing import (
    CannotJudge,
    Tolerance,
    check_close,
    check_grads,
    check_same,
    directional_derivative,
    numerical_gradient,
    pairing,
    random_like,
    same_bits,
)

Pair = namedtuple("Pair", ["a", "b"])


@dataclass
class Params:
    weight: np.ndarray
    name: str


# ---------------------------------------------------------------------------------------------- differences


def test_directional_derivative_of_a_number() -> None:
    got = directional_derivative(lambda x, y: math.sin(x) * y, (0.3, 2.0), (1.5, -1.0))
    assert got == pytest.approx(1.5 * 2.0 * math.cos(0.3) - math.sin(0.3), rel=1e-11)


def test_directional_derivative_agrees_with_the_complex_step() -> None:
    x, d = np.array([0.3, 0.8, 1.7]), np.array([1.0, -2.0, 0.5])

    def f(x: np.ndarray) -> Any:
        return np.exp(np.sin(x)) / (1.0 + x * x) - np.cumsum(x) ** 3

    expected = f(x + 1e-30j * d).imag / 1e-30
    np.testing.assert_allclose(directional_derivative(f, (x,), (d,)), expected, rtol=1e-10)


def test_directional_derivative_of_trees() -> None:
    def f(p: dict, n: int, s: float) -> dict:
        return {"y": p["x"] ** n * s, "n": n}

    got = directional_derivative(f, ({"x": np.array([1.0, 2.0])}, 3, 0.5), ({"x": np.array([1.0, 1.0])}, None, None))
    assert got["n"] is None
    np.testing.assert_allclose(got["y"], [1.5, 6.0], rtol=1e-11)


def test_gradient_has_the_structure_of_the_argument() -> None:
    def f(p: Pair, q: Params) -> float:
        return p.a[0] ** 2 * p.b["n"] * np.sum(q.weight**3)

    weight = np.array([1.0, 2.0], np.float32)
    p, q = numerical_gradient(f, (Pair([3.0, True], {"n": 2, "s": None}), Params(weight, "w")), (0, 1))
    assert p.a[0] == pytest.approx(2 * 3.0 * 2 * 9.0, rel=1e-10)
    assert p.a[1] is None and p.b == {"n": None, "s": None} and q.name is None
    assert q.weight.dtype == np.float64
    np.testing.assert_allclose(q.weight, 18.0 * 3.0 * np.array([1.0, 4.0]), rtol=1e-10)


def test_gradient_for_scalars_of_all_kinds() -> None:
    args = (np.array(2.0), np.float32(3.0), 4, 5.0)
    got = numerical_gradient(lambda a, b, c, d: a * b * c * d, args, (3, 2, 1, 0))
    np.testing.assert_allclose(got, [24.0, 30.0, 40.0, 60.0], rtol=1e-10)
    assert got[3].shape == () and isinstance(got[3], np.ndarray)


def test_gradient_for_a_complex_argument_is_conjugated() -> None:
    z = np.array([0.3 + 0.4j, -1.0 + 2.0j])
    np.testing.assert_allclose(numerical_gradient(lambda z: np.sum(np.abs(z) ** 2), (z,)), 2 * z.conj(), rtol=1e-10)


def test_gradient_of_an_empty_array_is_empty() -> None:
    assert numerical_gradient(lambda x, s: np.sum(x) + s, (np.zeros((0, 3)), 1.0)).shape == (0, 3)


def test_arguments_that_are_written_stay_what_they_were() -> None:
    def f(x: np.ndarray, d: dict) -> float:
        x *= d["s"]
        d["s"] = x[0]
        return np.sum(x * d["s"])

    x, d = np.array([1.0, 2.0]), {"s": 3.0}
    numerical_gradient(f, (x, d))
    directional_derivative(f, (x, d), (np.ones(2), {"s": 1.0}))
    assert x.tolist() == [1.0, 2.0] and d == {"s": 3.0}


def test_steps_shrink_near_the_edge_of_the_domain() -> None:
    for f in (np.log, math.log, np.sqrt, lambda x: 1.0 / x):
        x = 2e-3
        expected = {np.sqrt: 0.5 / math.sqrt(x)}.get(f, 1 / x if f in (np.log, math.log) else -1 / x**2)
        assert numerical_gradient(f, (x,)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (abs, 0.0),
        (lambda x: max(x, 2.0 * x), 0.0),
        (lambda x: x + 0.01 * abs(x), 0.0),
        (lambda x: x if x > 1e-6 else 2.0 * x, 0.0),
        (lambda x: x**2 + (x > 1.0), 1.0),
        (math.floor, 1.0),
        (np.sqrt, 0.0),
        (np.cbrt, 0.0),
        (lambda x: np.sin(1e9 * x), 0.3),
        (lambda x: np.float64(np.float16(x)), 0.3),
        (lambda x: x * np.nan, 1.0),
        (lambda x: x * np.random.default_rng().random(), 1.0),
        (lambda x: 3, 1.0),
    ],
)
def test_what_can_not_be_judged(f: Callable, x: float) -> None:
    with pytest.raises(CannotJudge):
        numerical_gradient(f, (x,))


def test_a_shape_that_changes_can_not_be_judged() -> None:
    with pytest.raises(CannotJudge, match="shape"):
        directional_derivative(lambda x: np.zeros(2 if x > 0 else 3), (0.0,), (1.0,))


def test_only_a_number_has_a_gradient() -> None:
    for out in (np.zeros(1), (1.0, 2.0), [1.0]):
        with pytest.raises(NotScalarError):
            numerical_gradient(lambda x, out=out: out, (1.0,))


def test_errors_of_the_function_itself_are_its_own() -> None:
    with pytest.raises(ValueError, match="math domain"):
        numerical_gradient(math.log, (-1.0,))


def test_a_given_step_is_the_only_one_tried() -> None:
    def f(x: float) -> float:
        return x * x if abs(x - 1.0) < 1e-3 else -x

    assert numerical_gradient(f, (1.0,), eps=1e-4) == pytest.approx(2.0)
    with pytest.raises(CannotJudge, match=r"1\.0e-02"):
        numerical_gradient(f, (1.0,), eps=1e-2)


# ---------------------------------------------------------------------------------------------- comparisons


def test_bits_are_compared_not_values() -> None:
    assert same_bits(np.nan, np.nan) and not same_bits(0.0, -0.0) and not same_bits(1.0, 1)
    assert not same_bits(np.zeros(2), np.zeros(2, np.float32)) and same_bits(np.zeros(2), np.zeros(2))
    assert not same_bits(np.float64(1.0), 2.0)


def test_pairing_is_real_and_skips_none() -> None:
    assert pairing((1 + 2j, None), (3 - 1j, 5.0)) == pytest.approx(5.0)
    seed = random_like({"x": np.float32(1.0), "n": 3, "a": np.zeros((2, 2))}, np.random.default_rng(0))
    assert seed["n"] is None and seed["x"].dtype == np.float32 and np.all(seed["a"] != 0)


def test_a_nan_is_never_close() -> None:
    for got, expected in ((np.nan, 1.0), (np.array([1.0, np.nan]), np.array([1.0, 2.0]))):
        with pytest.raises(AssertionError, match="nan"):
            check_close(got, expected, "f", "x", Tolerance(1.0, 1.0))


def test_trees_of_different_structure_are_not_the_same() -> None:
    check_same((1.0, [2.0]), (1.0, [2.0]), "same")
    for other in ((1.0, (2.0,)), (1.0, [2.0, 3.0]), (1.0, [2.1])):
        with pytest.raises(AssertionError, match="changed"):
            check_same(other, (1.0, [2.0]), "changed", exact=False)


# ---------------------------------------------------------------------------------------------- check_grads


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts derivatives written by hand in the place of the compiler's."""

    def install(vjps: dict[Callable, Callable], grads: dict[Callable, Callable] | None = None) -> None:
        api: Any = ModuleType("srcgrad.api")
        products: Any = ModuleType("srcgrad.products")
        products.vjp = lambda f, *args: vjps[f](*args)
        api.grad = lambda f, argnums: (grads or {})[f]
        monkeypatch.setitem(sys.modules, "srcgrad.api", api)
        monkeypatch.setitem(sys.modules, "srcgrad.products", products)

    return install


check_reverse = partial(check_grads, modes=("rev",))


def energy(params: dict, x: np.ndarray, n: int) -> float:
    return np.sum(np.sin(params["W1"] @ x)) * n + params["b"] ** 2


def energy_vjp(params: dict, x: np.ndarray, n: int, factor: float = 1.0, at: tuple = (0, 1)) -> tuple:
    inner = np.cos(params["W1"] @ x) * n

    def pull(g: float) -> tuple:
        w = g * np.outer(inner, x)
        w[at] *= factor
        return {"W1": w, "b": 2.0 * params["b"] * g}, g * (inner @ params["W1"]), None

    return energy(params, x, n), pull


ARGS = ({"W1": np.array([[0.5, 1.0], [1.5, -0.3]]), "b": 0.7}, np.array([0.4, 0.9]), 3)


def test_right_derivatives_pass(by_hand: Callable) -> None:
    by_hand({energy: energy_vjp})
    check_reverse(energy, ARGS)
    check_grads(energy, ARGS, modes=("rev",), rtol=1e-8, atol=1e-9)


def test_wrong_derivatives_are_shown_beside_the_right_ones(by_hand: Callable) -> None:
    by_hand({energy: lambda *args: energy_vjp(*args, factor=1.0 + 1e-4)})
    with pytest.raises(AssertionError) as caught:
        check_reverse(energy, ARGS)
    message = str(caught.value)
    assert "gradient of energy with respect to params['W1'] differs at 1 of 4 elements" in message
    assert "[0, 1]" in message and "srcgrad" in message and "differences" in message
    check_reverse(energy, ARGS, rtol=1e-3)


def test_wrong_derivatives_of_large_arrays_are_found(by_hand: Callable) -> None:
    args = ({"W1": np.random.default_rng(0).uniform(-0.1, 0.1, (20, 30)), "b": 0.7}, np.linspace(0.1, 1.0, 30), 3)
    by_hand({energy: energy_vjp})
    check_reverse(energy, args)
    by_hand({energy: lambda *args: energy_vjp(*args, factor=0.0, at=(7, 29))})
    with pytest.raises(AssertionError, match=r"params\['W1'\] along a random direction"):
        check_reverse(energy, args)


def spoilt(kind: str) -> Callable:
    """A right vjp of `energy` with one vice."""

    def vjp(params: dict, x: np.ndarray, n: int) -> tuple:
        out, right = energy_vjp(params, x, n)
        pulls = 0

        def pull(g: float) -> tuple:
            nonlocal pulls
            pulls += 1
            p, v, none = right(g)
            if kind == "pull changes an argument":
                x[0] += 1e-15
            if kind == "second pull":
                v = v * pulls
            if kind == "nan":
                v[0] = np.nan
            if kind == "leaf":
                p["b"] = None
            if kind == "none":
                v = None
            if kind == "shape":
                v = v[:, None]
            return p, v, none

        if kind == "call changes an argument":
            params["b"] += 1e-15
        return out + 1e-6 * (kind == "value"), pull

    return vjp


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("value", "changes the value"),
        ("call changes an argument", "changes an argument"),
        ("pull changes an argument", "changes an argument"),
        ("second pull", "pulling twice"),
        ("nan", "nan"),
        ("leaf", r"params\['b'\] is None"),
        ("none", "no gradient for x"),
        ("shape", r"shape \(2, 1\), not \(2,\)"),
    ],
)
def test_vices_are_found(by_hand: Callable, kind: str, message: str) -> None:
    by_hand({energy: spoilt(kind)})
    with pytest.raises(AssertionError, match=message):
        check_reverse(energy, ARGS)


def test_outputs_may_be_trees(by_hand: Callable) -> None:
    def f(x: np.ndarray) -> dict:
        return {"y": x * x, "n": 3, "s": np.sum(x)}

    def vjp(x: np.ndarray, factor: float = 2.0) -> tuple:
        return f(x), lambda g: (g["y"] * factor * x + g["s"],)

    by_hand({f: vjp})
    check_reverse(f, (np.array([1.0, 2.0]),))
    by_hand({f: lambda x: vjp(x, 3.0)})
    with pytest.raises(AssertionError, match="with respect to x differs"):
        check_reverse(f, (np.array([1.0, 2.0]),))


def test_single_precision_is_judged_by_its_own_measure(by_hand: Callable) -> None:
    def f(x: np.ndarray) -> Any:
        return np.sum(x * x)

    def vjp(x: np.ndarray, error: float = 1e-5) -> tuple:
        return f(x), lambda g: (np.float32(2.0 + error) * x * np.float32(g),)

    x = np.array([1.0, 2.0], np.float32)
    by_hand({f: vjp})
    check_reverse(f, (x,))
    with pytest.raises(AssertionError):
        check_reverse(f, (x,), rtol=1e-6, atol=0.0)
    by_hand({f: lambda x: vjp(x, 0.01)})
    with pytest.raises(AssertionError):
        check_reverse(f, (x,))


@pytest.mark.parametrize("factor", [1.0, 1.001])
def test_second_order(by_hand: Callable, factor: float) -> None:
    def f(x: np.ndarray) -> Any:
        return np.sum(x**3)

    def gradient(x: np.ndarray) -> tuple:
        return (3.0 * x**2,)

    by_hand(
        {
            f: lambda x: (f(x), lambda g: (3.0 * x**2 * g,)),
            gradient: lambda x: (gradient(x), lambda g: (6.0 * x * g[0] * factor,)),
        },
        {f: gradient},
    )
    if factor == 1.0:
        check_reverse(f, (np.array([0.5, 2.0]),), order=2)
    else:
        check_reverse(f, (np.array([0.5, 2.0]),))
        with pytest.raises(AssertionError, match="gradient of gradient of f with respect to x differs"):
            check_reverse(f, (np.array([0.5, 2.0]),), order=2)


def test_it_never_passes_what_it_can_not_judge(by_hand: Callable) -> None:
    by_hand({abs: lambda x: (abs(x), lambda g: (0.0,))})
    with pytest.raises(CannotJudge):
        check_reverse(abs, (0.0,))


@pytest.mark.parametrize(
    ("args", "options"),
    [(ARGS, {"modes": ("sideways",)}), (ARGS, {"order": 3}), (ARGS, {"order": 0}), ((3, "s"), {})],
)
def test_requests_that_make_no_sense(args: tuple, options: dict) -> None:
    with pytest.raises(ArgumentError):
        check_grads(energy, args, **options)


def test_second_order_needs_one_array() -> None:
    from srcgrad.testing import _gradient_function

    with pytest.raises(ArgumentError, match="order=2"):
        _gradient_function(lambda x: (x, x), (1.0,))


def test_read_only_arguments_stay_so_in_differences() -> None:
    def first_or_last(x):
        try:
            x[0] = 0.0
        except ValueError:
            return x[0] * 2.0
        return x[1] * 3.0

    x = np.array([1.0, 2.0])
    assert np.allclose(numerical_gradient(first_or_last, (x,)), [0.0, 3.0])
    x.flags.writeable = False
    assert np.allclose(numerical_gradient(first_or_last, (x,)), [2.0, 0.0])
    assert np.allclose(directional_derivative(first_or_last, (x,), (np.ones(2),)), 2.0)
    check_grads(first_or_last, (x,))


def test_differences_of_python_numbers_are_taken_between_python_numbers() -> None:
    def signed(x: float) -> float:
        return -(x < 1.0) * x  # NumPy's booleans have no sign

    assert np.isclose(numerical_gradient(signed, (0.5,)), -1.0)
    assert np.isclose(directional_derivative(signed, (0.5,), (2.0,)), -2.0)


def test_another_value_in_double_precision_is_not_judged() -> None:
    def widened(x: np.ndarray) -> float:
        wide = np.asarray(x, dtype=np.float64)
        wide[0] = 0.0
        return np.sum(x)

    with pytest.raises(CannotJudge, match="double precision"):
        numerical_gradient(widened, (np.ones(2, np.float32),))
