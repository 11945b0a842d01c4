"""Rules of functions that take any number of arguments, and return as many cotangents as there are arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from srcgrad import grad, rules

X = np.array([0.5, 1.5, 2.1, 0.7])
WEIGHTS = [3.0, 1.0, 2.0, 5.0]


def doubled(*arrays: Any) -> tuple:
    return tuple([2.0 * np.frombuffer(np.asarray(a, float).tobytes()) for a in arrays])


def total(*arrays: Any) -> float:
    return float(np.frombuffer(np.asarray(sum([np.sum(a) for a in arrays])).tobytes())[0])


@pytest.fixture(autouse=True)
def with_rules() -> Any:
    rules.vjp(doubled)(lambda g, z, *arrays: tuple([2.0 * part for part in g]))
    rules.vjp(total)(lambda g, z, *arrays: [g * np.ones_like(a) for a in arrays])


def product_of_what_is_indexed(x: Any, weights: Any) -> Any:
    made = doubled(x, weights)
    return np.sum(made[0] * made[1])


def product_of_what_is_unpacked(x: Any, weights: Any) -> Any:
    a, b = doubled(x, x * weights)
    return np.sum(a * b)


def one_of_two(x: Any, weights: Any) -> Any:
    return np.sum(doubled(x, x * x)[1])


def list_behind_an_array(x: Any, weights: Any) -> Any:
    return total(x, weights) * x[0]


def list_before_an_array(x: Any, weights: Any) -> Any:
    return total(weights, x * x) * x[0]


def broadcast_beside_a_list(x: Any, weights: Any) -> Any:
    a, b = np.broadcast_arrays(x, weights)
    return np.sum(a**2 * b)


def second_of_the_broadcast(x: Any, weights: Any) -> Any:
    return np.sum(np.broadcast_arrays(x, x * x)[1] ** 2) + np.sum(np.broadcast_arrays(x, weights)[1] * x)


FUNCTIONS = [
    *(product_of_what_is_indexed, product_of_what_is_unpacked, one_of_two, list_behind_an_array, list_before_an_array),
    *(broadcast_beside_a_list, second_of_the_broadcast),
]


@pytest.mark.parametrize("fun", FUNCTIONS)
def test_each_argument_gets_its_own_cotangent(fun: Callable) -> None:
    expected = np.array([(fun(X + e, WEIGHTS) - fun(X - e, WEIGHTS)) / 2e-6 for e in 1e-6 * np.eye(4)])
    np.testing.assert_allclose(grad(fun)(X, WEIGHTS), expected, rtol=1e-7)
