"""`vjp` inside of differentiated functions, where what is kept shares memory with arguments, values or itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose

from srcgrad import grad, jvp, vjp
from srcgrad.testing import directional_derivative

X = np.array([0.3, 0.5, 0.7])


class Held:
    def __init__(self, u):
        self.u = u


def two_names(x):
    a = x * 2.0
    b = x * 3.0
    c = a if x[0] > 0 else b
    c += x * x
    return a * b


def buffer_in_a_list(x):
    history, u = [], np.zeros(3)
    for _ in range(2):
        u += x * x
        history.append(u)
    return history[0]


def rows_in_a_list(x):
    m = np.outer(x, x)
    rows = []
    for k in range(len(x)):
        rows.append(m[k])
    rows[1] *= 2
    return rows[0] * rows[1] * m[1]


def object_in_a_list(x):
    held, found = Held(x * 1.0), []
    for k in range(3):
        held.u += x * k
        found.append(held)
    return found[0].u * found[1].u


def list_in_a_list(x):
    outer, inner = [], [x * 1.0, x * 2.0]
    for _ in range(2):
        outer.append(inner)
    outer[0][1] = x**3
    return outer[1][1] * outer[1][0]


def argument_in_a_list(x):
    found = []
    for _ in range(len(x)):
        found.append(x)
    return found[0] * found[1] * x


def views_of_an_argument_in_a_list(x):
    found = []
    for k in range(len(x)):
        found.append(x[k:])
    return sum(np.sum(view**3) for view in found) * x


def argument_or_product(x):
    c = x if x[0] > 0 else x * 2
    return c * x * c


def view_of_what_is_written(x):
    u = x * 1.0
    v = u[::-1]
    u += x * x
    return v * u


def lists_of_arrays_that_are_added(x):
    found = []
    for k in range(3):
        found.append(x * k)
    found[0] += found[1]
    return found[0] * found[1]


FUNCTIONS = (
    *(two_names, buffer_in_a_list, rows_in_a_list, object_in_a_list, list_in_a_list, argument_in_a_list),
    *(views_of_an_argument_in_a_list, argument_or_product, view_of_what_is_written, lists_of_arrays_that_are_added),
)


def plain(f: Callable) -> Callable:
    def pulled(x):
        out, pull = vjp(f, x)
        return np.sum(np.sin(pull(out)[0]))

    return pulled


def with_a_changed_argument(f: Callable) -> Callable:
    def pulled(x):
        x = x * 1.0
        out, pull = vjp(f, x)
        x[0] = 5.0 + x[1]
        return np.sum(np.sin(pull(out)[0])) + np.sum(x)

    return pulled


def with_a_changed_value(f: Callable) -> Callable:
    def pulled(x):
        out, pull = vjp(f, x)
        out[0] = 7.0
        return np.sum(np.sin(pull(np.ones(3))[0])) + np.sum(out)

    return pulled


def pulled_twice(f: Callable) -> Callable:
    def pulled(x):
        out, pull = vjp(f, x)
        return np.sum(pull(out)[0] * pull(pull(x)[0])[0])

    return pulled


def judge(pulled: Callable, x: np.ndarray) -> None:
    direction = 0.5 * x + 1.0
    moved = directional_derivative(pulled, (x,), (direction,))
    value, dot = jvp(pulled, (x,), (direction,))
    assert_allclose(value, pulled(x), rtol=1e-12)
    assert_allclose(dot, moved, rtol=1e-7)
    assert_allclose(np.sum(grad(pulled)(x) * direction), moved, rtol=1e-7)


@pytest.mark.parametrize("use", [plain, with_a_changed_argument, with_a_changed_value, pulled_twice])
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_pullback_of_shared_memory(f: Callable, use: Callable) -> None:
    judge(use(f), X)


def same_list_under_two_names(arrays):
    other = arrays if arrays[0][0] > 0 else arrays[:]
    return sum([a * b * a for a, b in zip(other, arrays, strict=True)])


def list_kept_twice(arrays):
    kept = []
    for _ in range(2):
        kept.append(arrays)
    return kept[0][0] * kept[1][1] * arrays[1]


@pytest.mark.parametrize("f", [same_list_under_two_names, list_kept_twice])
def test_pullback_of_a_list_that_is_changed_later(f: Callable) -> None:
    def pulled(x):
        arrays = []
        for k in range(len(x)):
            arrays.append(x * (k + 1.0))
        out, pull = vjp(f, arrays)
        bars = pull(out)[0]
        arrays[0][1] = 4.0
        return sum([np.sum(np.sin(bar) * bar) for bar in bars]) + np.sum(arrays[0])

    judge(pulled, X)
