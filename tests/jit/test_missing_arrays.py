"""Compiled: arrays that some runs leave undefined, used under the condition that they are there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from srcgrad import grad


def changed_in_turns(x: np.ndarray, known: bool) -> Any:
    if known:
        w = np.exp(x)
    total = 0.0
    for k in range(3):
        if known:
            w = np.sin(w) * x[k]
            total += np.sum(w)
        else:
            total += x[k] ** 2
    return total


def longer_and_written_in_turns(x: np.ndarray, known: bool) -> Any:
    if known:
        w = np.concatenate([x, x])
    total = 0.0
    for k in range(3):
        if known:
            w *= x[k]
            total += np.sum(w)
        else:
            total += x[k] ** 2
    return total


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("fun", [changed_in_turns, longer_and_written_in_turns])
def test_arrays_under_a_condition(fun: Callable[..., Any], known: bool) -> None:
    x = np.array([0.3, 0.9, 0.5])
    assert_allclose(grad(fun, jit=True)(x, known), grad(fun)(x, known), rtol=1e-12)
