"""What generated code may not leave out though nobody uses it: what raises in the program raises in its gradient."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from srcgrad import grad, jvp

X = np.array([0.5, 1.5, 2.0])


def write_outside(x: Any, i: Any) -> Any:
    unused = np.zeros(3)
    unused[i] = x[0]
    return np.sum(x * x)


def read_outside(x: Any, i: Any) -> Any:
    items = [x[0], 2.0 * x[1], x[2]]
    for k in range(len(items)):
        items[k + i]
    return np.sum(x * x)


def read_from_a_list_that_shrinks(x: Any, i: Any) -> Any:
    items = [v * v for v in x]
    total = 0.0
    for k in range(len(items)):
        if k == i:
            items.pop()
        items[k]
        total += x[k]
    return total


def least_of_an_empty_list(x: Any, i: Any) -> Any:
    places = []
    for k in range(i - 3):
        places.append(k)
    max(places)
    return np.sum(x * x)


def search_without_success(x: Any, i: Any) -> Any:
    places = []
    for k in range(i):
        places.append(k)
    places.index(i)
    return np.sum(x * x)


def updates_of_a_list_that_shrinks(x: Any, i: Any) -> Any:
    items = [v * v for v in x]
    total = 0.0
    for k in range(len(items)):
        total += items[k]
        while len(items) > i:
            items.pop()
    return total


RAISING = [
    (write_outside, 3),
    (write_outside, -4),
    (read_outside, 1),
    (read_from_a_list_that_shrinks, 1),
    (updates_of_a_list_that_shrinks, 1),
    (least_of_an_empty_list, 3),
    (search_without_success, 2),
]


@pytest.mark.parametrize(("fun", "i"), RAISING)
def test_errors_of_what_nobody_uses(fun: Callable, i: int) -> None:
    for call in (lambda: fun(X, i), lambda: grad(fun)(X, i), lambda: jvp(fun, (X, i), (X, None))):
        with pytest.raises((IndexError, ValueError)):
            call()


def inverse_power(x: Any, k: Any) -> Any:
    x**-1.0
    return 3.0 * x + k


def inverse_power_by_math(x: Any, k: Any) -> Any:
    math.pow(x, -1.0)
    return 3.0 * x + k


def remainder_by_an_argument(x: Any, k: Any) -> Any:
    5 % k
    return 3.0 * x


def quotients_by_a_length(x: Any, k: Any) -> Any:
    y = np.ones(k + 2) * x
    part = y[2:]
    for i in range(3):
        i // len(part)
    return np.sum(y)


@pytest.mark.parametrize(
    ("fun", "error"),
    [
        (inverse_power, ZeroDivisionError),
        (inverse_power_by_math, ValueError),
        (remainder_by_an_argument, ZeroDivisionError),
        (quotients_by_a_length, ZeroDivisionError),
    ],
)
def test_quotients_and_powers_that_nobody_uses(fun: Callable, error: type[Exception]) -> None:
    assert grad(fun)(0.5, 1) == pytest.approx((fun(0.5 + 1e-6, 1) - fun(0.5 - 1e-6, 1)) / 2e-6)
    with pytest.raises(error):
        fun(0.0, 0)
    with pytest.raises(error):
        grad(fun)(0.0, 0)
    with pytest.raises(error):
        jvp(fun, (0.0, 0), (1.0, None))


def read_in_a_try(x: Any, i: Any) -> Any:
    try:
        x[i]
    except IndexError:
        return 3.0 * x[0]
    return x[0] * x[1]


def root_in_a_try(x: Any, i: Any) -> Any:
    total = 0.0
    try:
        for v in x:
            total += v * v
            [1.0, 2.0, 3.0][i]
    except IndexError:
        total = total * 5.0
    return total


def sum_in_a_try(x: Any, i: Any) -> Any:
    ones = np.ones(i + 3)
    try:
        x + ones
    except ValueError:
        return 3.0 * x[0]
    return x[0] * x[1]


def least_in_a_try(x: Any, i: Any) -> Any:
    places = []
    for k in range(i):
        places.append(k)
    try:
        min(places)
    except ValueError:
        return 3.0 * x[0]
    return x[0] * x[1]


def search_in_a_try(x: Any, i: Any) -> Any:
    places = []
    for k in range(i):
        places.append(k)
    try:
        places.index(3)
    except ValueError:
        return 3.0 * x[0]
    return x[0] * x[1]


def reshaped_in_a_try(x: Any, i: Any) -> Any:
    try:
        x.reshape(i + 3)
    except ValueError:
        return 3.0 * x[0]
    return x[0] * x[1]


def quotient_in_a_try(x: Any, i: Any) -> Any:
    try:
        with np.errstate(all="raise"):
            x / (x * i)
    except FloatingPointError:
        return 3.0 * x[0]
    return x[0] * x[1]


IN_A_TRY = [
    *(read_in_a_try, root_in_a_try, sum_in_a_try, least_in_a_try, search_in_a_try, reshaped_in_a_try),
    quotient_in_a_try,
]


@pytest.mark.parametrize("fun", IN_A_TRY)
@pytest.mark.parametrize("i", [0, 7])
def test_what_may_lead_to_a_handler(fun: Callable, i: int) -> None:
    bars = np.array([(fun(X + e, i) - fun(X - e, i)) / 2e-6 for e in 1e-6 * np.eye(3)])
    np.testing.assert_allclose(grad(fun)(X, i), bars, rtol=1e-8, atol=1e-9)


def product_with_what_was_there_before(x: Any) -> Any:
    y = x * 1.0
    scaled = 3.0 * y
    y[0] = 5.0 * x[1]
    return np.sum(scaled * y)


def logistic_of_what_was_there_before(x: Any) -> Any:
    y = x * 1.0
    e = np.exp(y)
    y[1] = x[0] * x[2]
    return np.sum(1.0 / (1.0 + e)) + np.sum(y)


@pytest.mark.parametrize("fun", [product_with_what_was_there_before, logistic_of_what_was_there_before])
def test_squares_and_quotients_of_arrays_that_are_written_in_between(fun: Callable) -> None:
    bars = np.array([(fun(X + e) - fun(X - e)) / 2e-6 for e in 1e-6 * np.eye(3)])
    np.testing.assert_allclose(grad(fun)(X), bars, rtol=1e-8)
    np.testing.assert_allclose(jvp(fun, (X,), (X,))[1], bars @ X, rtol=1e-8)


def what_has_no_rule_before_it_raises(x: Any) -> Any:
    y = x * 1.0
    if x[0] < 0:
        y[1:] = np.trim_zeros(x[1:])
        raise ValueError(y)
    return np.sum(y * y)


def test_what_leads_to_an_error_needs_no_derivative() -> None:
    np.testing.assert_array_equal(grad(what_has_no_rule_before_it_raises)(X), 2.0 * X)
    with pytest.raises(ValueError, match="2"):
        grad(what_has_no_rule_before_it_raises)(-X)
