"""What is returned beside the value is what Python returns, though the reverse sweep undoes writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from srcgrad import grad, value_and_grad


def array_that_is_undone(x: np.ndarray) -> tuple[float, np.ndarray]:
    y = x * 1.0
    s = 0.0
    for i in range(3):
        t = y[i]
        s += t * t * x[0]
        y[i] = np.sin(t)
    return s, y


def array_in_a_list_that_is_undone(x: np.ndarray) -> tuple[float, list]:
    y = x * 1.0
    kept = []
    s = 0.0
    for i in range(3):
        t = y[i]
        s += t * t * x[0]
        y[i] = np.sin(t)
        if i == 1:
            kept.append(y)
    return s, kept


def view_of_what_is_undone(x: np.ndarray) -> tuple[float, dict]:
    y = x * 1.0
    s = 0.0
    for i in range(3):
        t = y[i]
        s += t * t * x[0]
        y[i] = np.sin(t)
    return s, {"rows": [y[1:], y[:1]]}


@pytest.mark.parametrize("fun", [array_that_is_undone, array_in_a_list_that_is_undone, view_of_what_is_undone])
def test_writes_are_not_undone_in_what_is_returned_beside(fun: Callable[..., Any]) -> None:
    x = np.array([0.2, 0.9, 0.55])
    value, aux = fun(x)
    expected = grad(lambda x: fun(x)[0])(x)
    gradient, kept = grad(fun, has_aux=True)(x)
    (out, again), same = value_and_grad(fun, has_aux=True)(x)
    assert out == value
    for found in (gradient, same):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    for found in (kept, again):
        np.testing.assert_equal(found, aux)


def array_in_a_list(x: np.ndarray, w: np.ndarray) -> tuple[float, list]:
    scale = np.exp(w)
    kept = []
    for k in range(3):
        kept += [scale * k, scale]
    return np.sum(x * scale), kept


def view_in_a_list(x: np.ndarray, w: np.ndarray) -> tuple[float, list]:
    scale = np.exp(w)
    kept = []
    for _ in range(3):
        kept.append(scale[1:])
    return np.sum(x * scale), kept


@pytest.mark.parametrize("fun", [array_in_a_list, view_in_a_list])
def test_a_gradient_shares_no_memory_with_a_list_beside_the_value(fun: Callable[..., Any]) -> None:
    """The array in the list is the gradient, too: one of them has to be a copy."""
    x, w = np.array([0.7, 0.2, 1.1]), np.array([0.3, -0.4, 0.1])
    (_, kept), found = value_and_grad(fun, has_aux=True)(x, w)
    found *= 0.0
    expected = fun(x, w)[1]
    assert len(kept) == len(expected)
    assert all(map(np.array_equal, kept, expected))
