"""Linearized functions: what asks which objects two arrays are is not given copies of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from srcgrad import jvp, linearize

X = np.array([0.3, 0.5, 0.8])
DIRECTION = np.array([1.0, 2.0, 3.0])


def compared(x: np.ndarray, a: np.ndarray, sign: float) -> Any:
    y = np.sin(x)
    b = a * 1.0
    c = b if sign > 0 else b * 1.0
    for _ in range(3):
        y = y * (y * 2.0 if b is c else y * 3.0)
    b[0] += 1.0
    return y * b


def asked_for_shared_memory(x: np.ndarray, a: np.ndarray, sign: float) -> Any:
    y = x * 3.0
    b = a * 1.0
    c = b if sign > 0 else b * 1.0
    for _ in range(3):
        y = y * (2.0 if np.shares_memory(b, c) else 3.0)
    b[0] += 1.0
    return y * b


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("fun", [compared, asked_for_shared_memory])
def test_arrays_that_are_told_apart_and_written_later(fun: Callable, sign: float) -> None:
    def of_x(x: np.ndarray) -> Any:
        return fun(x, np.ones(3), sign)

    h = 1e-6
    differences = (of_x(X + h * DIRECTION) - of_x(X - h * DIRECTION)) / (2 * h)
    value, push = linearize(of_x, X)
    np.testing.assert_allclose(value, of_x(X))
    np.testing.assert_allclose(jvp(of_x, (X,), (DIRECTION,))[1], differences, rtol=1e-6)
    for _ in range(2):
        np.testing.assert_allclose(push(DIRECTION), differences, rtol=1e-6)
