"""Patterns of sparse Jacobians: what they are found again for, what is left of the program, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from srcgrad import jacfwd, jacobian_pattern
from srcgrad.errors import UnsupportedError

pytest.importorskip("scipy")

X = np.array([1.5, 0.5, 2.5])


# What a pattern is computed from


def as_many_as_are_chosen(x: np.ndarray, c: np.ndarray) -> np.ndarray:
    return x[: np.size(np.compress(c, c))]


def as_many_as_there_are_repeats(x: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return x[: np.size(np.repeat(np.ones(2), counts))]


@pytest.mark.parametrize(
    ("fun", "given"),
    [
        (as_many_as_are_chosen, [np.ones(3), np.array([1.0, 0.0, 0.0])]),
        (as_many_as_there_are_repeats, [np.array([1, 2]), np.array([0, 1])]),
    ],
)
def test_a_pattern_follows_what_decides_about_a_shape(fun: Callable, given: list[np.ndarray]) -> None:
    find = jacobian_pattern(fun)
    for other in given + given:
        found = find(X, other).toarray()
        np.testing.assert_array_equal(found, jacfwd(fun)(X, other) != 0)


def like_what_is_computed(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    y = np.zeros_like(np.sin(w) * 2.0)
    y[0] = x
    return y


def written_after_it_is_joined(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    y = np.concatenate([w, w * 2.0])
    y[0] = x
    return y * x


@pytest.mark.parametrize("fun", [like_what_is_computed, written_after_it_is_joined])
def test_a_pattern_stays_where_only_the_shape_of_numbers_decides(fun: Callable) -> None:
    find = jacobian_pattern(fun)
    first = find.kept((X, np.ones((2, 3))))
    assert find.kept((X, np.zeros((2, 3)))) is first
    assert find.kept((X, np.ones((4, 3)))) is not first


# What is left of the program


def test_arithmetic_that_may_raise_is_gone_too() -> None:
    def scaled(x: np.ndarray, a: np.ndarray) -> np.ndarray:
        return np.linalg.inv(a)[0, 0] * x

    find = jacobian_pattern(scaled)
    np.testing.assert_array_equal(find(X, np.zeros((2, 2))).toarray(), np.eye(3, dtype=bool))
    assert "inv" not in find.source_for(X, np.zeros((2, 2)))


# Padding moves elements in some modes, and computes with them in others; complex numbers


@pytest.mark.parametrize(
    "options",
    [
        *({"mode": mode} for mode in ("maximum", "minimum", "mean", "linear_ramp", "edge", "wrap")),
        *({"mode": mode, "reflect_type": "odd"} for mode in ("reflect", "symmetric")),
    ],
    ids=lambda options: "-".join(options.values()),
)
def test_padding(options: dict[str, Any]) -> None:
    def padded(x: np.ndarray) -> np.ndarray:
        return np.pad(x, 2, **options)

    changes = [(padded(X + 0.1 * unit) != padded(X)) | (padded(X - 0.1 * unit) != padded(X)) for unit in np.eye(3)]
    found = jacobian_pattern(padded)(X).toarray()
    assert np.all(found | ~np.stack(changes, axis=1))


def test_a_written_part_of_a_complex_array_is_refused() -> None:
    def turned(x: np.ndarray) -> np.ndarray:
        z = x * 1.0j
        part = np.real(z)
        part[0] = x[1]
        return np.imag(z * z)

    with pytest.raises(UnsupportedError, match="a part of a complex array is written"):
        jacobian_pattern(turned)(X)
