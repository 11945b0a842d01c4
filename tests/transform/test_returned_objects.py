"""Instances of classes that a function returns: their parts have cotangents, also where they hold what is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.testing import assert_allclose

from srcgrad import vjp


@dataclass
class Field:
    values: Any
    total: Any

    def __post_init__(self) -> None:
        assert self.values is not None


def relaxed(x: np.ndarray) -> Field:
    y = x * 1.0
    y[0] *= x[1]
    made = Field(y, np.sum(y))
    y[1] *= x[0]
    return made


def test_an_object_that_holds_a_written_array_is_returned() -> None:
    x = np.array([1.2, 0.7, 0.3])
    weights = np.array([1.0, 2.0, 3.0])

    def weighed(x: np.ndarray) -> float:
        made = relaxed(x)
        return np.sum(made.values * weights) + 2.0 * made.total

    out, pull = vjp(relaxed, x)
    assert repr(out) == repr(relaxed(x))
    h = 1e-6
    expected = [(weighed(x + h * e) - weighed(x - h * e)) / (2.0 * h) for e in np.eye(3)]
    for _ in range(2):
        assert_allclose(pull(Field(weights, 2.0))[0], expected, rtol=1e-7)
