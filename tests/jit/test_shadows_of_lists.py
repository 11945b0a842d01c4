"""Compiled lists of arrays, lists and tuples that have shadows; and functions that Numba knows for numbers alone."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad.testing import check_same

pytest.importorskip("numba")

X = np.array([0.7, 1.4, 1.1, 0.3])

State = collections.namedtuple("State", "time place speed")


def history_of_times_and_states(x: Any, h: Any) -> Any:
    t, y = 0.0, x
    history = [(t, y)]
    while t < 1.0 and len(history) < 50:
        y = y + h * np.sin(y)
        t = t + h
        history.append((t, y.copy()))
    total = 0.0
    for (ta, ya), (tb, yb) in zip(history[:-1], history[1:]):  # noqa: B905, RUF007
        total += (tb - ta) * np.sum(ya * yb)
    return total


def named_tuples_of_numbers(x: Any, h: Any) -> Any:
    track = [State(0.0, x[0], x[1])]
    while track[-1].time < 1.0:
        last = track[-1]
        track.append(State(last.time + h, last.place + h * last.speed, last.speed - h * np.sin(last.place)))
    return sum([s.place * s.speed * s.time for s in track])


def least_is_replaced(x: Any, h: Any) -> Any:
    pairs = [(np.sum((x - k) ** 2), k, x * h + k) for k in range(4)]
    for _ in range(3):
        worst = 0
        for k in range(1, 4):
            if pairs[k][0] > pairs[worst][0]:
                worst = k
        moved = 0.5 * pairs[worst][2] + 0.1 * x
        pairs[worst] = (np.sum(moved**2), worst, moved)
    return sum([value * np.sum(place) for value, _, place in pairs])


def lists_of_lists(x: Any, h: Any) -> Any:
    rows = []
    for v in x:
        if v > 0.5:
            rows.append([v, v * h])
    rows[0][1] = rows[-1][0] * h
    copies = [row for row in rows if row[0] < 1.2]
    return sum([row[0] * row[1] for row in rows]) + copies[0][1] ** 2


def lists_of_arrays(x: Any, h: Any) -> Any:
    rows = [x * v for v in x if v > 0.5]
    chosen = rows[1:]
    rows[0] = rows[0] * h
    return sum([np.sum(row**2) for row in rows]) * np.sum(chosen[-1])


def queue(x: Any, h: Any) -> Any:
    waiting = [(v, v * h) for v in x if v > 0.4]
    total = 0.0
    while waiting:
        arrived, needed = waiting.pop()
        total += needed * arrived**2
        if needed > 0.5:
            waiting.append((arrived * 0.5, needed - 0.4))
    return total if not waiting else 0.0


def repeated(x: Any, h: Any) -> Any:
    some = [v * h for v in x if v > 0.5] * 3
    return sum([v * k for k, v in enumerate(some)])


def of_named_tuples_of_arrays(x: Any, h: Any) -> Any:
    states = [State(h * k, x * k, np.outer(x, x)) for k in range(3)]
    states = [s for s in states if s.time < 5.0] + states[:1]
    total = 0.0
    for s in states:
        total += np.sum(s.place @ s.speed) * (1.0 + s.time)
    return total


FUNCTIONS = [
    history_of_times_and_states,
    named_tuples_of_numbers,
    least_is_replaced,
    lists_of_lists,
    lists_of_arrays,
    queue,
    repeated,
    of_named_tuples_of_arrays,
]


@pytest.mark.parametrize("fun", FUNCTIONS)
def test_gradient(fun: Callable[..., Any]) -> None:
    compiled = srcgrad.grad(fun, argnums=(0, 1), jit=True)
    expected = srcgrad.grad(fun, argnums=(0, 1))(X, 0.3)
    given = X.copy()
    for _ in range(2):
        check_same(compiled(given, 0.3), expected, fun.__name__, exact=False)
    check_same(given, X, "the argument")


def straight(x: Any, h: Any, n: int) -> Any:
    return np.sum(np.sin(np.linspace(x[0], h, n))) + np.sum(np.logspace(x[1], h, n) * np.geomspace(x[2], h, n))


def along_an_axis(x: Any, h: Any, n: int) -> Any:
    return np.sum(np.linspace(x, h, n) ** 2) + np.sum(np.linspace(h, x * x, n, axis=1)[:, 1])


def weighted(x: Any, h: Any, n: int) -> Any:
    return np.tensordot(x, x * h, (0, 0)) ** 2 + np.tensordot(x, x, 1) * n


def on_the_diagonal(x: Any, h: Any, n: int) -> Any:
    m = np.outer(x, x)
    m[np.diag_indices(4)] += h
    return np.sum(m[np.diag_indices_from(m)] ** 3) + m[0, 1] * n


@pytest.mark.parametrize("fun", [straight, along_an_axis, weighted, on_the_diagonal])
def test_functions(fun: Callable[..., Any]) -> None:
    compiled = srcgrad.grad(fun, argnums=(0, 1), jit=True)
    check_same(compiled(X, 0.3, 5), srcgrad.grad(fun, argnums=(0, 1))(X, 0.3, 5), fun.__name__, exact=False)
