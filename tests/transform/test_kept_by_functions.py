"""What a function with a rule of its own keeps of its arguments stays as it was: no temporary array is used again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from srcgrad import custom_vjp, grad

SEEN: list[np.ndarray] = []


@custom_vjp
def energy(a: np.ndarray) -> Any:
    SEEN.append(a)
    return np.sum(a * a)


@custom_vjp
def squares(a: np.ndarray) -> Any:
    SEEN.append(a)
    return a * a


for square in (energy, squares):
    square.defvjp(lambda a, square=square: (square(a), a), lambda a, g: (2.0 * a * g,))


def number_of_a_temporary(x: np.ndarray, c: np.ndarray) -> Any:
    t = c * 2.0
    s = energy(t)
    t = t * c
    return s * np.sum(x) + np.sum(t * x)


def array_of_a_temporary(x: np.ndarray, c: np.ndarray) -> Any:
    t = c * 2.0
    s = squares(t)
    t = t * c
    return np.sum(s * x) + np.sum(t * x)


@pytest.mark.parametrize("fun", [number_of_a_temporary, array_of_a_temporary])
def test_what_a_custom_function_keeps(fun: Callable[..., Any]) -> None:
    x, c = np.full((2, 3), 0.5), np.arange(6.0).reshape(2, 3)
    SEEN.clear()
    found = grad(fun)(x, c)
    assert_allclose(found, 2.0 * c**2 + 4.0 * (c**2 if fun is array_of_a_temporary else np.sum(c**2)))
    assert len(SEEN) == 1
    assert np.array_equal(SEEN[0], 2.0 * c)
