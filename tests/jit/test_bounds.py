"""Compiled code reads nothing that is not there: where Python raises, it raises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import srcgrad

pytest.importorskip("numba")


@dataclass
class Layer:
    w: np.ndarray


class Holder:
    def __init__(self, n: int) -> None:
        self.w = np.ones(n)


SHORT, LONG = Holder(3), Holder(4)


def length_of_another_argument(a, b):
    total = 0.0
    for i in range(len(b.w)):
        total += a.w[i] ** 2
    return total + np.sum(b.w)


def length_of_another_object(layers):
    total = 0.0
    for i in range(len(layers[1].w)):
        total += layers[0].w[i] ** 2
    return total + np.sum(layers[1].w)


def length_of_another_outside(x):
    total = 0.0
    for i in range(len(LONG.w)):
        total += SHORT.w[i] * x
    return total


def more_than_a_slice_holds(x, k):
    part = x[:k]
    total = 0.0
    for i in range(k):
        total += part[i] ** 2
    return total


def length_before_a_write(x, n):
    padded = np.zeros(n)
    padded[1:-1] = x
    total = 0.0
    for i in range(n - 2):
        total += x[i] * padded[i + 1]
    return total


def shorter_in_each_turn(x, n):
    y, total = x, 0.0
    for _ in range(n):
        for i in range(len(x)):
            total += y[i] ** 2
        y = y[1:]
    return total


def neighbours(x, n):
    total = 0.0
    for i in range(n):
        total += x[i - 1] * x[i + 1]
    return total


def square_is_assumed(m, n):
    total = 0.0
    for i in range(n):
        for j in range(n):
            total += m[i, j] ** 2
    return total


def found_in_data(x, places):
    total = 0.0
    for k in range(len(places)):
        total += x[places[k]] ** 2
    return total


def scattered(x, places):
    y = np.zeros(4)
    for k in range(len(places)):
        y[places[k]] += x[k] ** 2
    return np.sum(y * y)


def last_axis(m, k):
    return np.sum(m[..., k] ** 2)


def last_axis_in_a_loop(m, k):
    total = 0.0
    for i in range(2):
        total += m[..., i + k][0] ** 2
    return total


def nothing_in_the_inner_loop(x, n, k):
    total = np.sum(x)
    for i in range(n):
        for j in range(k):
            total += x[i] * x[j + 2] ** 2
    return total


def more_in_some_turns(x, n):
    total = np.sum(x)
    for i in range(n):
        for j in range(i):
            total += x[j] * x[i - 1] ** 2
    return total


def fixed_places(x, m, n):
    total = 0.0
    for i in range(n):
        for j in range(n):
            total += m[i, 0] * m[j, 2] + x[3]
    return total


def fixed_place_in_some_turns(x, n):
    total = 0.0
    for i in range(n):
        if i > 1:
            total += x[7] * x[i]
    return total


def place_that_changes(x, k, n):
    total = 0.0
    for _ in range(n):
        k += 1
        total += x[k] ** 2
    return total


def left_before_it_is_read(x, n):
    total = 0.0
    for i in range(n):
        for j in range(n):
            if i + j > 2:
                break
            total += x[i] * x[j]
    return total


def cells_around(u, steps):
    u, new = u.copy(), u.copy()
    n = u.shape[0]
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                new[i, j] = u[i - 1, j] * u[i + 1, j] + u[i, j - 1] * u[i, j + 1]
        u, new = new, u
    return np.sum(u)


X = np.linspace(0.2, 1.0, 4)
CASES: list[tuple[Callable[..., Any], tuple]] = [
    (length_of_another_argument, (Layer(np.ones(3)), Layer(np.ones(4)))),
    (length_of_another_argument, (Layer(np.ones(4)), Layer(np.ones(4)))),
    (length_of_another_object, ([Layer(np.ones(3)), Layer(np.ones(5))],)),
    (length_of_another_outside, (1.0,)),
    (more_than_a_slice_holds, (X, 6)),
    (more_than_a_slice_holds, (X, 4)),
    (length_before_a_write, (X, 6)),
    (length_before_a_write, (np.ones(1), 6)),
    (shorter_in_each_turn, (X, 1)),
    (shorter_in_each_turn, (X, 2)),
    (neighbours, (X, 3)),
    (neighbours, (X, 4)),
    (neighbours, (X, 0)),
    (neighbours, (np.zeros(0), 0)),
    (square_is_assumed, (np.ones((3, 3)), 3)),
    (square_is_assumed, (np.ones((3, 2)), 3)),
    (square_is_assumed, (np.ones((2, 3)), 3)),
    (found_in_data, (X, np.array([0, -4, 3]))),
    (found_in_data, (X, np.array([0, -5, 3]))),
    (found_in_data, (X, np.array([4]))),
    (scattered, (X, np.array([0, -4, 3]))),
    (scattered, (X, np.array([0, 4]))),
    (scattered, (X, np.array([0, 1, 2, 3, 0]))),
    (nothing_in_the_inner_loop, (X, 9, 0)),
    (nothing_in_the_inner_loop, (X, 0, 9)),
    (nothing_in_the_inner_loop, (X, 4, 2)),
    (nothing_in_the_inner_loop, (X, 5, 2)),
    (nothing_in_the_inner_loop, (X, 4, 3)),
    (more_in_some_turns, (X, 1)),
    (more_in_some_turns, (X, 5)),
    (more_in_some_turns, (X, 6)),
    (fixed_places, (X, np.ones((3, 3)), 3)),
    (fixed_places, (X, np.ones((3, 2)), 3)),
    (fixed_places, (X, np.ones((3, 2)), 0)),
    (fixed_places, (X[:3], np.ones((3, 3)), 3)),
    (fixed_places, (X[:3], np.ones((3, 3)), 0)),
    (fixed_place_in_some_turns, (X, 2)),
    (fixed_place_in_some_turns, (X, 3)),
    (place_that_changes, (X, -1, 4)),
    (place_that_changes, (X, -3, 4)),
    (place_that_changes, (X, 0, 4)),
    (left_before_it_is_read, (X[:3], 3)),
    (left_before_it_is_read, (X[:3], 4)),
    (cells_around, (np.ones((4, 4)), 2)),
    (cells_around, (np.ones((4, 3)), 2)),
    (cells_around, (np.ones((4, 5)), 2)),
    (cells_around, (np.ones((1, 1)), 2)),
    (cells_around, (np.ones((2, 0)), 2)),
    (cells_around, (np.ones((3, 0)), 2)),
    (cells_around, (np.ones((3, 0)), 0)),
    (last_axis, (np.ones((2, 3)), -3)),
    (last_axis, (np.ones((2, 3)), 9)),
    (last_axis_in_a_loop, (np.ones((2, 3)), 1)),
    (last_axis_in_a_loop, (np.ones((2, 3)), 9)),
]


@pytest.mark.parametrize(("fun", "args"), CASES, ids=[f"{fun.__name__}-{k}" for k, (fun, _) in enumerate(CASES)])
def test_raises_where_python_does(fun: Callable[..., Any], args: tuple) -> None:
    compiled = srcgrad.value_and_grad(fun, jit=True)
    try:
        expected = srcgrad.value_and_grad(fun)(*args)
    except IndexError:
        with pytest.raises(IndexError):
            compiled(*args)
        return
    value, gradient = compiled(*args)
    assert value == pytest.approx(expected[0])
    srcgrad.tree.map_leaves(np.testing.assert_allclose, gradient, expected[1])


def test_indices_that_are_known_to_lie_inside_are_not_checked() -> None:
    def slope(x):
        total = 0.0
        for i in range(1, len(x) - 1):
            total += x[i - 1] * x[i] * x[i + 1]
        return total

    gradient = srcgrad.grad(slope, jit=True)
    gradient(X)
    assert "index_in" not in gradient.source and "check_indices" not in gradient.source
    assert "boundscheck" not in gradient.source
