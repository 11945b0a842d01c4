"""The helpers of compiled code do what Python does, with Numba and without."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from srcgrad import runtime
from srcgrad.jit import helpers

INTEGERS = [0, 1, -1, 2, -2, 3, 7, -7, 62, 2**31, -(2**40), 2**62, 2**63 - 1]
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e200, -1e200, math.inf, -math.inf, math.nan]
LIKE_PYTHON: list[tuple[Callable, Callable, list]] = [
    (helpers.added, operator.add, INTEGERS),
    (helpers.subtracted, operator.sub, INTEGERS),
    (helpers.product, operator.mul, INTEGERS),
    (helpers.shifted_left, operator.lshift, INTEGERS[:9]),
    (helpers.shifted_right, operator.rshift, INTEGERS[:9]),
    (helpers.int_power, operator.pow, INTEGERS[:8]),
    (helpers.divided, operator.truediv, INTEGERS[:9]),
    (helpers.floor_divided, operator.floordiv, INTEGERS[:9]),
    (helpers.remainder, operator.mod, INTEGERS[:9]),
    (helpers.divided, operator.truediv, FLOATS),
    (helpers.float_power, operator.pow, FLOATS),
]


def each() -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("helper", "expected", "numbers"),
        LIKE_PYTHON,
        ids=[f"{h.__name__}-{type(n[0]).__name__}" for h, _, n in LIKE_PYTHON],
    )


def outcome(fn: Callable, *args: Any) -> Any:
    """What a call returns, or the class of what it raises."""
    try:
        return fn(*args)
    except Exception as error:
        return type(error)


def agrees(got: Any, expected: Any) -> bool:
    """Whether an outcome is the expected one, or an error where Python gives what 64 bits can't hold."""
    if isinstance(expected, complex):
        return got is ValueError
    if isinstance(expected, int) and not -(2**63) <= expected < 2**63:
        return got is OverflowError or got == expected
    if isinstance(expected, type) or isinstance(got, type):
        # An integer to a negative power is a float in Python.
        return got is expected or (got is ValueError and isinstance(expected, float))
    return type(got) is type(expected) and (got == expected or (got != got and expected != expected))


@each()
def test_helpers_are_what_python_does(helper: Callable, expected: Callable, numbers: list) -> None:
    for a in numbers:
        for b in numbers:
            got, wanted = outcome(helper, a, b), outcome(expected, a, b)
            assert agrees(got, wanted), f"{helper.__name__}({a}, {b}) is {got}, not {wanted}"


@each()
def test_compiled_helpers_are_what_python_does(helper: Callable, expected: Callable, numbers: list) -> None:
    numba = pytest.importorskip("numba")
    pytest.importorskip("srcgrad.backend.numba_helpers")
    compiled = numba.njit(error_model="numpy")(lambda a, b: helper(a, b))
    for a in numbers:
        for b in numbers:
            got, wanted = outcome(compiled, a, b), outcome(expected, a, b)
            assert agrees(got, wanted), f"{helper.__name__}({a}, {b}) is {got}, not {wanted}"


CONVERSIONS = [(helpers.truncated, int), (helpers.rounded, round)]


@pytest.mark.parametrize(("helper", "expected"), CONVERSIONS)
def test_floats_become_integers_as_in_python(helper: Callable, expected: Callable) -> None:
    functions = [helper]
    numba = pytest.importorskip("numba")
    functions.append(numba.njit(error_model="numpy")(lambda x: helper(x)))
    for x in [*FLOATS, 2.5, 3.5, -0.5, 1e18]:
        wanted = outcome(expected, x)
        for fn in functions:
            got = outcome(fn, x)
            assert got == wanted or (got is OverflowError and abs(x) > 9e18), f"{helper.__name__}({x}) is {got}"


def test_range_ends_where_pythons_does() -> None:
    for start in range(-3, 4):
        for stop in range(-3, 6):
            for step in (-3, -1, 1, 2, 5):
                last = helpers.last_of_range(start, stop, step)
                back = list(range(last, start - step, -step))
                assert back == list(reversed(range(start, stop, step)))


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 127, 128, 129, 1000, 12345])
def test_sums_are_pairwise(n: int) -> None:
    numba = pytest.importorskip("numba")
    pytest.importorskip("srcgrad.backend.numba_helpers")
    compiled = numba.njit(lambda x: helpers.total(x))
    x = np.random.default_rng(n).standard_normal(n)
    assert compiled(x) == pytest.approx(np.sum(x), rel=1e-13, abs=1e-13)
    assert compiled(x.astype(np.float32)) == pytest.approx(np.sum(x), rel=1e-4, abs=1e-4)
    assert compiled(np.arange(n)) == np.arange(n).sum()
    assert compiled(x > 0) == np.sum(x > 0)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((2, 3, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (3, 4, 2)),
        ((2, 3, 4), (4, 5)),
        ((3, 4), (2, 4, 5)),
        ((4,), (2, 4, 5)),
        ((2, 3, 4), (4,)),
        ((2, 30, 40), (1, 40, 50)),
        ((0, 3, 4), (0, 4, 5)),
    ],
)
def test_products_of_stacks(left: tuple, right: tuple) -> None:
    numba = pytest.importorskip("numba")
    pytest.importorskip("srcgrad.backend.numba_products")
    compiled = numba.njit(lambda a, b: helpers.multiplied(a, b))
    random = np.random.default_rng(0)
    a, b = random.standard_normal(left), random.standard_normal(right)
    assert compiled(a, b) == pytest.approx(a @ b, rel=1e-12)
    assert compiled(a, b).shape == (a @ b).shape
    if max(a.ndim, b.ndim) > 2 and left[0] and min(a.ndim, b.ndim) > 1:
        with pytest.raises(ValueError):
            compiled(a, b[..., :-1, :])


def test_products_of_other_numbers() -> None:
    numba = pytest.importorskip("numba")
    pytest.importorskip("srcgrad.backend.numba_products")
    compiled = numba.njit(lambda a, b: helpers.multiplied(a, b))
    a, b = np.arange(6).reshape(2, 3), np.arange(12).reshape(3, 4)
    assert compiled(a, b).tolist() == (a @ b).tolist()
    turned = np.arange(24.0, dtype=np.float32).reshape(2, 3, 4).swapaxes(1, 2)
    assert compiled(turned, b[:, ::2]) == pytest.approx(turned @ b[:, ::2])


@pytest.mark.parametrize(
    ("given", "own"),
    [((5, 1), (5, 3)), ((5, 3), (5, 1)), ((5, 3), (1, 3)), ((2, 5, 1), (1, 3)), ((1, 3), (4, 3)), ((4, 3), (4, 3))],
)
def test_cotangents_get_the_shape_of_their_arrays(given: tuple, own: tuple) -> None:
    numba = pytest.importorskip("numba")
    pytest.importorskip("srcgrad.backend.numba_helpers")
    compiled = numba.njit(lambda g, x: runtime.unbroadcast(g, x))
    g = np.random.default_rng(0).standard_normal(given)
    assert compiled(g, np.zeros(own)) == pytest.approx(runtime.unbroadcast(g, np.zeros(own)))


def test_diagonals_are_views() -> None:
    numba = pytest.importorskip("numba")
    pytest.importorskip("srcgrad.backend.numba_helpers")

    @numba.njit
    def compiled(x: Any, offset: int) -> Any:
        found = runtime.diagonal_view(x, offset, 0, 1)
        x += 1
        return found.copy()

    for offset in range(-4, 6):
        for x in (np.arange(12.0).reshape(3, 4), np.arange(12.0).reshape(4, 3).T, np.arange(24.0).reshape(6, 4)[::2]):
            assert compiled(x.copy(), offset).tolist() == np.diagonal(x + 1, offset).tolist()
            assert runtime.diagonal_view(x, offset, 0, 1).tolist() == np.diagonal(x, offset).tolist()
