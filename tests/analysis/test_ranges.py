"""Whether an index is proven to be one of an axis shows in what is left of the forward sweep: what may raise stays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import srcgrad


def at_all(x: np.ndarray) -> float:
    total = 0.0
    for i in range(len(x)):
        total += x[i] ** 2
    return total


def at_neighbours(x: np.ndarray) -> float:
    total = 0.0
    n = x.shape[0]
    for i in range(1, n - 1):
        total += x[i + 1] * x[i - 1]
    return total


def on_a_ring(x: np.ndarray) -> float:
    total = 0.0
    n = len(x)
    for i in range(n):
        total += x[(i + 1) % n] * x[i - 1]
    return total


def backwards(x: np.ndarray) -> float:
    total = 0.0
    for i in range(len(x) - 1, -1, -1):
        total += x[i] ** 2
    return total


def along_a_part(x: np.ndarray) -> float:
    total = 0.0
    for i in range(len(x[1:])):
        total += x[i + 1] ** 2
    return total


def one_too_far(x: np.ndarray) -> float:
    total = 0.0
    for i in range(len(x)):
        total += x[i + 1] ** 2
    return total


def one_too_far_on_the_left(x: np.ndarray) -> float:
    total = 0.0
    for i in range(len(x)):
        total += x[i - 2] ** 2
    return total


def backwards_along_a_part(x: np.ndarray) -> float:
    """Of an empty array, what is left of it is empty too, and its length 0 and not -1."""
    total = 0.0
    for i in range(len(x[1:]), -1, -1):
        total += x[i] ** 2
    return total


def from_below_zero(x: np.ndarray) -> float:
    total = 0.0
    for i in range(-2, len(x[3:])):
        total += x[i + 2] ** 2
    return total


def modulo_an_index(x: np.ndarray) -> float:
    total = 0.0
    n = len(x)
    for i in range(n):
        for j in range(n):
            total += x[i % j] ** 2
    return total


def as_often_as_asked(x: np.ndarray, n: int = 3) -> float:
    total = 0.0
    for i in range(n):
        total += x[i] ** 2
    return total


@pytest.mark.parametrize("fun", [at_all, at_neighbours, on_a_ring, backwards, along_a_part])
def test_nothing_can_raise(fun: Callable) -> None:
    source = srcgrad.grad(fun).source_for(np.arange(1.0, 5.0))
    assert "may raise" not in source
    assert sum(line.strip().startswith("for ") for line in source.splitlines()) == 1, (
        "the forward loop is needed for nothing"
    )


def test_the_reverse_loop_alone_may_raise() -> None:
    source = srcgrad.grad(as_often_as_asked).source_for(np.ones(3), 3)
    assert sum(line.strip().startswith("for ") for line in source.splitlines()) == 1, source


def warned(x: np.ndarray, n: int) -> float:
    total = 0.0
    for i in range(n):
        total += x[i] ** 2
    if n > 100:
        raise ValueError("too many")
    return total


def test_errors_keep_their_order() -> None:
    with pytest.raises(IndexError):
        srcgrad.grad(warned)(np.ones(3), 200)
    with pytest.raises(ValueError, match="too many"):
        srcgrad.grad(warned)(np.ones(300), 200)


@pytest.mark.parametrize(
    ("fun", "length", "error"),
    [
        (one_too_far, 4, IndexError),
        (one_too_far_on_the_left, 1, IndexError),
        (backwards_along_a_part, 0, IndexError),
        (from_below_zero, 1, IndexError),
        (modulo_an_index, 2, ZeroDivisionError),
        (as_often_as_asked, 2, IndexError),
    ],
)
def test_what_raises_goes_on_raising(fun: Callable, length: int, error: type[Exception]) -> None:
    x = np.arange(1.0, 1.0 + length)
    with pytest.raises(error):
        fun(x)
    with pytest.raises(error):
        srcgrad.grad(fun)(x)
    with pytest.raises(error):
        srcgrad.vjp(fun, x)
