"""Arrays that are taken out of the front or the middle of lists: compiled code keeps the memory that is in use."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad.jit import helpers
from srcgrad.testing import check_same

X = np.array([0.5, 0.9, 0.7])


def goes_round(x: Any, n: Any) -> Any:
    queue = deque()
    total = 0.0
    for k in range(n):
        queue.append(x * (1.0 + k))
        a = queue.popleft()
        a += x * total
        total += np.sum(np.cos(a))
        queue.append(a)
    return total


def first_is_deleted(x: Any, n: Any) -> Any:
    rows = []
    total = 0.0
    for k in range(n):
        rows.append(x * (1.0 + k))
        rows.append(x * x)
        del rows[0]
        rows.append(x * total)
        total += np.sum(np.sin(rows[0] * rows[1]))
    return total


def last_but_one_comes_last(x: Any, n: Any) -> Any:
    rows = []
    total = 0.0
    for k in range(n):
        rows.append(x * (1.0 + k))
        rows.insert(0, x * total)
        a = rows.pop(-2)
        total += np.sum(np.sin(rows[0] * a))
        rows.append(a)
    return total


@pytest.mark.parametrize("fun", [goes_round, first_is_deleted, last_but_one_comes_last])
def test_the_same_numbers(fun: Callable) -> None:
    expected = srcgrad.grad(fun)(X, 4)
    compiled = srcgrad.grad(fun, jit=True)
    for _ in range(20):
        check_same(compiled(X, 4), expected, fun.__name__, exact=False, given=(X, 4))
    code = [line.partition("#")[0] for line in compiled.source_for(X, 4).splitlines()]
    assert any("taken_out(" in line for line in code)
    assert not any(text in line for line in code for text in (".pop(0)", ".pop(-2)", "del "))


def numbers(x: Any) -> Any:
    items = [v * v for v in x]
    first = items.pop(0)
    return first * items[0]


def test_lists_of_numbers_stay_as_they_are() -> None:
    compiled = srcgrad.grad(numbers, jit=True)
    check_same(compiled(X), srcgrad.grad(numbers)(X), "numbers", exact=False, given=(X,))
    assert "taken_out" not in compiled.source_for(X)


@pytest.mark.parametrize("place", [0, 1, 2, -1, -3])
def test_an_item_is_taken_out(place: int) -> None:
    items, expected = ["a", "b", "c"], ["a", "b", "c"]
    assert helpers.taken_out(items, place) == expected.pop(place)
    assert items == expected


@pytest.mark.parametrize(("items", "place"), [([], 0), (["a"], 1), (["a"], -2)])
def test_there_is_no_such_item(items: list, place: int) -> None:
    with pytest.raises(IndexError):
        helpers.taken_out(items, place)
