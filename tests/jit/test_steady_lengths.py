"""Arrays that are as long in each turn as in the one before: their tapes are arrays, and their buffers stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from srcgrad import grad, value_and_grad


def carried(x, w, steps):
    h = x * 2.0
    for t in range(steps):
        h = np.tanh(h * w + x[t])
    return np.sum(h * w)


def carried_as_it_came(x, w, steps):
    h = x
    total = 0.0
    for _ in range(steps):
        total = total + np.sum(h * h * w)
        h = np.sin(h)
    return total


def in_a_list(x, w, steps):
    states = [w[k] * x for k in range(len(w))]
    y = x
    for _ in range(steps):
        for k in range(len(w)):
            y = np.tanh(y * states[k] + 0.1)
            states[k] = y * states[k]
    return np.sum(states[0] * states[1] + states[2])


def two_that_trade_places(x, w, steps):
    a, b = np.sin(x), x * w
    for _ in range(steps):
        c = a * b - b
        a, b = b, np.cos(c)
    return np.sum(a * b)


def of_a_branch(x, w, steps):
    h = x
    for t in range(steps):
        if t % 2 == 0:
            h = np.exp(-h * h)
        else:
            g = h * w
            h = g * h
    return np.sum(h)


def until_it_is_small(x, w, steps):
    h = x
    while np.sum(h * h) > 0.5:
        h = 0.7 * np.sin(h) * w
        steps -= 1
        if steps < 0:
            break
    return np.sum(h * h * h)


def of_rows(x, w, steps):
    table = np.outer(x, w)
    for _ in range(steps):
        table = np.sin(table) * w + table * table
    return np.sum(table)


def through_a_product(x, w, steps):
    weights = np.outer(x, w)
    h = x
    for _ in range(steps):
        h = np.tanh(weights @ h + 0.3 * h)
    return np.sum(h * h)


def shorter_each_turn(x, w, steps):
    h = x * w
    for _ in range(steps):
        h = np.sin(h[1:]) * h[:-1]
    return np.sum(h)


def longer_each_turn(x, w, steps):
    h = x * w
    for _ in range(steps):
        h = np.sin(np.concatenate((h, x))) * 2.0
    return np.sum(h * h)


def long_and_short_in_a_list(x, w, steps):
    states = [x, w[:2]]
    for t in range(steps):
        states[t % 2] = np.sin(states[t % 2]) * 2.0
    return np.sum(states[0]) + np.sum(states[1] ** 2)


def written_later(x, w, steps):
    h = x * 1.0
    kept = []
    for t in range(steps):
        kept.append(h)
        g = np.sin(h * w)
        h[t] = h[t] * g[0]
        h = h if t % 2 else g
    total = 0.0
    for h in kept:
        total = total + np.sum(h * h * w)
    return total


def written_while_it_is_kept(x, w, steps):
    h = x * 1.0
    total = 0.0
    for t in range(steps):
        g = h * h
        h[t] = 2.0 * np.sum(g * w)
        total = total + np.sum(np.sin(h) * g)
        h = np.cos(h) if t % 2 else h
    return total


def returned_by_a_helper(x, w, steps):
    def step(h, k):
        return np.tanh(h * w[k] + x)

    h = x
    for k in range(steps):
        h = step(h, k)
    return np.sum(h * x)


FUNCTIONS = [
    *(carried, carried_as_it_came, in_a_list, two_that_trade_places, of_a_branch, until_it_is_small, of_rows),
    *(through_a_product, shorter_each_turn, longer_each_turn, long_and_short_in_a_list, written_later),
    *(written_while_it_is_kept, returned_by_a_helper),
]


def judge(fun: Callable[..., Any], *args: Any) -> None:
    """Compiled code gives what the same code gives without, the same twice, and leaves arguments alone."""
    floats = tuple(k for k, arg in enumerate(args) if isinstance(arg, np.ndarray))
    compiled, plain = value_and_grad(fun, floats, jit=True), value_and_grad(fun, floats)
    judge_same(compiled, plain, *args)


def judge_same(compiled: Callable[..., Any], plain: Callable[..., Any], *args: Any) -> None:
    before = [np.copy(arg) for arg in args]
    value, gradients = plain(*args)
    for _ in range(2):
        own, found = compiled(*args)
        np.testing.assert_allclose(own, value, rtol=1e-5)
        for p, q in zip(found, gradients, strict=True):
            near = 1e-3 if q.dtype == np.float32 else 1e-9
            assert p.dtype == q.dtype and p.shape == q.shape
            np.testing.assert_allclose(p, q, rtol=near, atol=near)
    assert all(map(np.array_equal, args, before))


def arguments(n: int, dtype: str = "f8") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    return rng.uniform(0.2, 0.9, n).astype(dtype), rng.uniform(0.2, 0.9, n).astype(dtype)


@pytest.mark.parametrize("fun", FUNCTIONS)
def test_same_numbers_without_numba(fun: Callable[..., Any], without_numba: None) -> None:
    for dtype in ("f8", "f4"):
        for steps in (4, 0):
            judge(fun, *arguments(6, dtype), steps)


@pytest.mark.parametrize("fun", FUNCTIONS)
def test_same_numbers(fun: Callable[..., Any]) -> None:
    pytest.importorskip("numba")
    judge(fun, *arguments(6), 4)


def source(fun: Callable[..., Any], *args: Any) -> str:
    gradient = grad(fun, jit=True)
    gradient(*args)
    return gradient.source


@pytest.mark.parametrize("fun", [carried, carried_as_it_came, two_that_trade_places, of_a_branch, through_a_product])
def test_tapes_are_arrays(fun: Callable[..., Any], without_numba: None) -> None:
    text = source(fun, *arguments(6), 4)
    assert "_tape = np.empty((" in text and ".append(" not in text


def test_tapes_of_what_lists_hold_are_arrays(without_numba: None) -> None:
    text = source(in_a_list, *arguments(6), 4)
    assert text.count(".append(") == 1 and "_tape = np.empty((" in text


@pytest.mark.parametrize("fun", [shorter_each_turn, longer_each_turn])
def test_tapes_of_changing_lengths_are_lists(fun: Callable[..., Any], without_numba: None) -> None:
    text = source(fun, *arguments(6), 2)
    assert ".append(" in text and "from turn to turn" not in text


def test_buffers_stay(without_numba: None) -> None:
    backward = source(carried, *arguments(6), 4).partition("# backward")[2]
    loop = backward.partition("    for t in")[2]
    assert loop and loop.count("np.empty") <= 1


def stretched_in_the_first_turn(x, w, m):
    h = x[:m] * 3.0
    for k in range(4):
        h = np.sin(h * w + x[k])
    return np.sum(h * w)


def stretched_in_a_list(x, w, m):
    states = [x[:m], w * 1.0]
    total = 0.0
    for _ in range(3):
        y = states[0] * states[1]
        total = total + np.sum(np.sin(y) * y)
        states[0] = np.cos(states[0])
    return total


@pytest.mark.parametrize("fun", [stretched_in_the_first_turn, stretched_in_a_list])
def test_what_was_taken_for_granted_does_not_hold(fun: Callable[..., Any], without_numba: None) -> None:
    judge_stretched(fun)


@pytest.mark.parametrize("fun", [stretched_in_the_first_turn, stretched_in_a_list])
def test_what_was_taken_for_granted_does_not_hold_compiled(fun: Callable[..., Any]) -> None:
    pytest.importorskip("numba")
    judge_stretched(fun)


def judge_stretched(fun: Callable[..., Any]) -> None:
    compiled, plain = value_and_grad(fun, (0, 1), jit=True), value_and_grad(fun, (0, 1))
    x, w = arguments(6)
    for m in (6, 1, 6, 1):
        judge_same(compiled, plain, x, w, m)
    for m in (3, 0):
        with pytest.raises(ValueError):
            compiled(x, w, m)


def test_arrays_of_length_one_and_none(without_numba: None) -> None:
    for fun in (carried_as_it_came, two_that_trade_places, of_a_branch, of_rows):
        compiled, plain = value_and_grad(fun, (0, 1), jit=True), value_and_grad(fun, (0, 1))
        long, short, empty = arguments(6)[0], arguments(1)[0], arguments(0)[0]
        for x, w in ((short, short), (long, short), (empty, empty), (long, long)):
            judge_same(compiled, plain, x, w, 3)


def test_what_is_returned_is_no_row_of_a_tape(without_numba: None) -> None:
    def last_state(x, w, steps):
        h = x
        for _ in range(steps):
            h = np.tanh(h * w)
        return np.sum(h * h), h

    gradient = value_and_grad(last_state, has_aux=True, jit=True)
    x, w = arguments(6)
    (_, state), _ = gradient(x, w, 3)
    np.testing.assert_allclose(state, last_state(x, w, 3)[1])
    assert state.base is None
