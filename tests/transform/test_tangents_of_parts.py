"""Tangents of lists and arrays that are made of numbers with and without tangents, and of what is no number."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from srcgrad import grad, jvp

X = np.array([0.5, 1.5, 2.0])


def array_with_a_length(x: Any) -> Any:
    v = np.array([len(x), x[0] * x[1]])
    return v @ v


def list_with_counts(x: Any) -> Any:
    parts = [len(x), x[0], len(x) + 1, x[1] * x[2]]
    both = parts + parts[:2]
    return sum(p * q for p, q in itertools.pairwise(both))


def stacked_with_whole_numbers(x: Any) -> Any:
    places = np.argsort(x)
    return np.sum(np.stack([places, x * x, places]) ** 2)


def list_with_words(x: Any) -> Any:
    rows = [["first", x[0]], ["second", x[1] * x[2]]]
    copies = [list(row) for row in rows]
    total = 0.0
    for name, value in copies:
        total += len(name) * value**2
    return total


def pairs_with_none(x: Any) -> Any:
    pairs = [(None, x[0]), (1, x[1]), (None, x[2] * x[0])]
    chosen = [pair for pair in pairs if pair[0] is None]
    return sum(value**3 for _, value in chosen)


@pytest.mark.parametrize(
    "fun", [array_with_a_length, list_with_counts, stacked_with_whole_numbers, list_with_words, pairs_with_none]
)
def test_parts_without_tangents(fun: Callable) -> None:
    bars = np.array([(fun(X + e) - fun(X - e)) / 2e-6 for e in 1e-6 * np.eye(3)])
    np.testing.assert_allclose(grad(fun)(X), bars, rtol=1e-8)
    np.testing.assert_allclose(jvp(fun, (X,), (X,))[1], bars @ X, rtol=1e-8)
