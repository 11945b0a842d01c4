"""What turns give to an element and to the next one: each element is written once, and is what it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad.testing import check_same

RNG = np.random.default_rng(0)
HANDED_ON = "before"


def lengths(x: Any) -> Any:
    return np.sum(np.sqrt((x[1:] - x[:-1]) ** 2 + 1e-3))


def last_first(x: Any) -> Any:
    return np.sum((x[:-1] - x[1:] ** 2) ** 2)


def by_elements(x: Any) -> Any:
    total = 0.0
    for i in range(len(x) - 1):
        total += (x[i + 1] - x[i] ** 2) ** 2
    return total


def from_the_second_on(x: Any) -> Any:
    total = 0.0
    for i in range(1, len(x)):
        total -= np.sin(x[i] * x[i - 1])
    return total


def in_rows(x: Any) -> Any:
    total = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1] - 1):
            total += (x[i, j + 1] - x[i, j]) ** 2 * x[i, j]
    return total


def also_elsewhere(x: Any) -> Any:
    return np.sum(x * x) + np.sum(np.exp(x[1:] * x[:-1])) - x[0] * x[-1]


def in_steps(u: Any) -> Any:
    for _ in range(3):
        d = u[1:] - u[:-1]
        u[:-1] += 0.1 * d * d
        u[1:] -= 0.1 * d
    return np.sum(u**2)


def of_other_rows(x: Any) -> Any:
    total = 0.0
    for i in range(x.shape[0] - 1):
        for j in range(x.shape[1]):
            total += (x[i + 1, j] - x[i, j]) ** 2 * x[i, j]
    return total


def read_between(x: Any) -> Any:
    total = 0.0
    for i in range(len(x) - 1):
        x[i + 1] += 0.5 * x[i]
        total += x[i] * x[i + 1]
    return total


def _vector(n: int) -> Any:
    return RNG.normal(size=n)


def _table(n: int) -> Any:
    return RNG.normal(size=(3, n))


PROGRAMS = [
    (lengths, _vector, True),
    (last_first, _vector, True),
    (by_elements, _vector, True),
    (from_the_second_on, _vector, True),
    (in_rows, _table, True),
    (also_elsewhere, _vector, None),
    (in_steps, _vector, None),
    (of_other_rows, _table, False),
    (read_between, _vector, False),
]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 129, 300])
@pytest.mark.parametrize(("fun", "make", "handed_on"), PROGRAMS)
@pytest.mark.parametrize("of", [srcgrad.grad, srcgrad.value_and_grad])
def test_each_element_once(fun: Callable, make: Callable, handed_on: bool | None, n: int, of: Callable) -> None:
    if n == 0 and fun is also_elsewhere:
        pytest.skip("it has a first element")
    x = make(n)
    compiled = of(fun, jit=True)
    check_same(compiled(x.copy()), of(fun)(x.copy()), fun.__name__, exact=False, given=x)
    if handed_on is not None and n > 2:
        source = compiled.source_for(x)
        assert (HANDED_ON in source) is handed_on, source


def test_an_array_without_elements_is_not_written() -> None:
    assert srcgrad.grad(lengths, jit=True)(np.zeros(0)).shape == (0,)
    assert srcgrad.grad(by_elements, jit=True)(np.zeros(0)).shape == (0,)
