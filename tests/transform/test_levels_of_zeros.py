"""Which zeros of a cotangent are strong, where several contributions meet: those that the program did not select.

A zero that is one by chance must not hide that a derivative is not finite, or not known: the product is NaN then, or
infinite, and not a number that would be wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from srcgrad import grad, vjp

X = np.array([0.0, 0.25, 1.0, 4.0])
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def selected_twice(x: Any) -> Any:
    y = np.sqrt(x)
    return np.sum(np.where(x > 0, y, 0.0)) + np.sum(np.where(x > 0, 3.0 * y, 0.0))


def selected_three_times(x: Any) -> Any:
    y = np.sqrt(x)
    a = np.where(x > 0, y, 0.0)
    b = np.where(x > 0.5, y, 0.0)
    return np.sum(a * b) + np.sum(np.where(x > 0, y, 1.0)[1:])


def limited_items_of_a_list(x: Any) -> Any:
    items = []
    for v in x:
        items.append(np.exp(1000.0 * v))
    total = 0.0
    for item in items:
        total += np.minimum(item, 5.0)
    return total


def written_items_of_a_list(x: Any) -> Any:
    items = [np.exp(1000.0 * v) for v in x]
    for k in range(len(items)):
        items[k] = np.minimum(items[k], 5.0)
    return items[0] + items[1] + items[2] + items[3]


def read_in_a_branch(x: Any, use: Any = False) -> Any:
    y = np.sqrt(x)
    s = x[1]
    if use:
        s = s + np.sum(y[:])
    return s


def read_in_a_branch_of_a_loop(x: Any, use: Any = 7) -> Any:
    y = np.sqrt(x)
    s = x[1]
    for k in range(3):
        if k == use:
            s = s + np.sum(y[:2]) * np.sum(y[2:])
    return s


def read_in_a_loop_that_is_left(x: Any, use: Any = 0) -> Any:
    y = np.sqrt(x)
    s = x[1]
    for k in range(3):
        if k >= use:
            break
        s = s + np.sum(y[0:])
    return s


ROOTS = np.array([0.0, 1.0, 0.5, 0.25])
ONE = np.array([0.0, 1.0, 0.0, 0.0])
STRONG = [
    (selected_twice, 4.0 * ROOTS),
    (selected_three_times, [0.0, 1.0, 1.5, 1.25]),
    (limited_items_of_a_list, [1000.0, 0.0, 0.0, 0.0]),
    (written_items_of_a_list, [1000.0, 0.0, 0.0, 0.0]),
    (read_in_a_branch, ONE),
    (read_in_a_branch_of_a_loop, ONE),
    (read_in_a_loop_that_is_left, ONE),
]


@pytest.mark.parametrize(("fun", "expected"), STRONG)
def test_strong_zeros_stay(fun: Callable, expected: Any) -> None:
    for optimize in (True, False):
        np.testing.assert_allclose(grad(fun, optimize=optimize)(X), expected, rtol=1e-12, atol=0.0)
    np.testing.assert_allclose(vjp(fun, X)[1](1.0)[0], expected, rtol=1e-12, atol=0.0)


def norm_that_is_chosen(x: Any) -> Any:
    return np.where(x[1] > 0, np.linalg.norm(np.sqrt(x)), 0.0)


def norms_that_are_chosen(x: Any) -> Any:
    norms = np.linalg.norm(np.sqrt(x).reshape(2, 2), axis=1)
    return np.sum(np.where(norms > 0.25, norms, 0.0))


def square_behind_a_choice(x: Any) -> Any:
    y = np.sqrt(x)
    return np.sum(y * y) + np.sum(np.where(x > 0, y, 0.0))


def choice_behind_a_square(x: Any) -> Any:
    y = np.sqrt(x)
    chosen = np.sum(np.where(x > 0, y, 0.0))
    return chosen + np.sum(y * y)


def square_before_two_choices(x: Any) -> Any:
    y = np.sqrt(x)
    total = np.sum(y * y)
    total = total + np.sum(np.where(x > 0, y, 0.0))
    return total + np.sum(np.where(x > 0.5, 2.0 * y, 0.0))


def square_of_an_item_that_is_chosen_too(x: Any) -> Any:
    items = [np.sqrt(x[0]), np.sqrt(x[1])]
    total = 0.0
    for item in items:
        total += item * item
        if item > 0:
            total += item
    return total


WEAK = [
    norm_that_is_chosen,
    norms_that_are_chosen,
    square_behind_a_choice,
    choice_behind_a_square,
    square_before_two_choices,
    square_of_an_item_that_is_chosen_too,
]


@pytest.mark.parametrize("fun", WEAK)
def test_zeros_by_chance_hide_nothing(fun: Callable) -> None:
    """All have a positive slope at 0, but a local gradient that is infinite there."""
    for optimize in (True, False):
        got = grad(fun, optimize=optimize)(X)
        assert not np.isfinite(got[0])
        assert np.all(np.isfinite(got[1:]))
