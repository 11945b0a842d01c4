"""Compiled pullbacks and pushforwards: what the sweeps hand to each other, what is outside, and lists as arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad.errors import NotJitableError
from srcgrad.jit import helpers
from srcgrad.testing import check_same

numba = pytest.importorskip("numba")

X = np.array([0.5, 1.5, 2.0, 0.25])


def agree(fun: Any, *args: Any) -> srcgrad.products.Pullback:
    """Compares the compiled products of a function that returns an array; returns the compiled pullback."""
    out, pull = srcgrad.vjp(fun, *args)
    got, jitted = srcgrad.vjp(fun, *args, jit=True)
    check_same(got, out, "the value", exact=False)
    for seed in (np.cos(out), np.ones_like(out)):
        check_same(jitted(seed), pull(seed), "the pullback", exact=False)
    along = tuple([np.sin(a) if isinstance(a, np.ndarray) else None for a in args])
    pushed = srcgrad.jvp(fun, args, along)
    check_same(srcgrad.jvp(fun, args, along, jit=True), pushed, "the pushforward", exact=False)
    value, push = srcgrad.linearize(fun, *args, jit=True)
    check_same((value, push(*along)), pushed, "what linearize makes", exact=False)
    return jitted


def test_tapes_of_loops_are_arrays() -> None:
    def relaxed(x, n):
        y = x.copy()
        for _ in range(n):
            for i in range(1, len(y) - 1):
                y[i] = math.sin(y[i - 1]) * y[i + 1]
        return y

    text = agree(relaxed, X, 3).source
    assert ".append(" not in text
    assert text.count("@njit") == 2


@pytest.mark.parametrize("limit", [-1.0, 9.0])
def test_tapes_of_while_loops(limit: float) -> None:
    def grown(x, limit):
        y, k = x.copy(), 0
        while np.sum(y) < limit:
            y = np.sin(y) + y * (1.0 + x[k % len(x)])
            k += 1
        return y * k

    agree(grown, X, limit)


def test_lists_of_the_function_are_handed_over() -> None:
    def running(x):
        found = []
        for i in range(len(x)):
            last = found[-1] if i > 0 else 1.0
            found.append(last * x[i])
        return np.array(found) ** 2

    agree(running, X)
    agree(running, X[:0])


def test_a_pullback_does_not_see_later_writes() -> None:
    def scaled(x, y):
        return x * y

    x, y = X.copy(), X + 1.0
    out, pull = srcgrad.vjp(scaled, x, y, jit=True)
    expected = pull(np.ones(4))
    out[:], x[:], y[:] = 7.0, 8.0, 9.0
    check_same(pull(np.ones(4)), expected, "the pullback")


def test_what_is_outside_stays_as_it_was() -> None:
    weights = X.copy()

    def weighted(x):
        return x * x * weights

    _, pull = srcgrad.vjp(weighted, X, jit=True)
    _, push = srcgrad.linearize(weighted, X, jit=True)
    expected = 2.0 * X * X
    weights[:] = 0.0
    assert pull(np.ones(4))[0] == pytest.approx(expected)
    assert push(np.ones(4)) == pytest.approx(expected)
    weights = X + 1.0
    assert push(np.ones(4)) == pytest.approx(expected)
    assert srcgrad.jvp(weighted, (X,), (np.ones(4),), jit=True)[1] == pytest.approx(2.0 * X * weights)


def test_trees_and_aux() -> None:
    def layered(p, x):
        w, b = p
        return {"y": np.tanh(w * x + b), "sum": np.sum(x)}, "note"

    value, pull, aux = srcgrad.vjp(layered, (2.0, 0.5), X, has_aux=True, jit=True)
    expected, plain, _ = srcgrad.vjp(layered, (2.0, 0.5), X, has_aux=True)
    check_same((value, aux), (expected, "note"), "the value", exact=False)
    seed = {"y": np.cos(X), "sum": 2.0}
    check_same(pull(seed), plain(seed), "the pullback", exact=False)
    pushed = srcgrad.jvp(layered, ((2.0, 0.5), X), ((1.0, None), X), has_aux=True, jit=True)
    check_same(pushed, srcgrad.jvp(layered, ((2.0, 0.5), X), ((1.0, None), X), has_aux=True), "jvp", exact=False)


# Lists as arrays


ITEMS: list[tuple[Any, Any, list, tuple]] = [
    (helpers.packed_numbers, helpers.unpacked_numbers, [1.5, 2.5, -1.0], (np.float64,)),
    (helpers.packed_numbers, helpers.unpacked_numbers, [3, 4], (np.int64,)),
    (helpers.packed_lists, helpers.unpacked_lists, [[1.0, 2.0], [3.0], [4.0, 5.0]], (np.float64,)),
    (helpers.packed_arrays, helpers.unpacked_arrays, [np.eye(2), np.ones((3, 1))], (np.float64, 2)),
    (helpers.packed_arrays, helpers.unpacked_arrays, [np.arange(4.0)[::2], np.ones(0)], (np.float64, 1)),
]


@pytest.mark.parametrize(("pack", "unpack", "items", "more"), ITEMS, ids=[str(k) for k in range(len(ITEMS))])
def test_what_is_packed_is_unpacked(pack: Any, unpack: Any, items: list, more: tuple) -> None:
    def there_and_back(items: list) -> list:
        packed = pack(items, *more)
        return unpack(*(packed if isinstance(packed, tuple) else (packed,)), *more)

    check_same(there_and_back(items), items, "in Python", exact=False)
    first = items[0]

    @numba.njit
    def compiled(count):
        made = []
        for _ in range(count):
            made.append(first)
        return made

    if isinstance(first, (float, int)):
        dtype = more[0]
        run = numba.njit(lambda n: unpack(pack(compiled(n), dtype), dtype))
        assert run(3) == [first] * 3
        assert run(0) == []


def test_an_array_of_a_list_that_a_loop_fills_is_made_behind_the_loop() -> None:
    # Numba would make it an array before the loop, in which `found[-1]` is the last element of all.
    def running(x):
        found = []
        for i in range(len(x)):
            last = found[-1] if i > 0 else 1.0
            found.append(last * x[i])
        return np.array(found)

    assert srcgrad.jvp(running, (X,), (X,), jit=True)[0] == pytest.approx(running(X))


def test_a_tape_has_empty_arrays_where_a_name_had_no_value_yet() -> None:
    def left_together(x):
        done = False
        while not done:
            x = x * 0.8
            if np.sum(x) < 0.5:
                y, done = x * x, True
        return np.sum(y * x)

    x = np.linspace(0.3, 0.9, 4)
    out, pullback = srcgrad.vjp(left_together, x, jit=True)
    assert out == pytest.approx(left_together(x))
    assert pullback(1.0)[0] == pytest.approx(srcgrad.grad(left_together)(x))


def test_a_tape_with_gaps_is_refused() -> None:
    def last_pair(x):
        total = 0.0
        for i in range(4):
            pair = [x[i], x[0] * x[1]] if i > 2 else None
            if i > 2:
                total += sum(pair) * pair[1]
        return total

    with pytest.raises(NotJitableError, match="has no value in some turns"):
        srcgrad.vjp(last_pair, np.linspace(0.3, 0.9, 4), jit=True)


LEFT = np.zeros(3)


def test_arrays_outside_are_written_once() -> None:
    # The compiled function runs again for each tangent, where it writes nothing outside.
    def remembered(x):
        for i in range(3):
            LEFT[i] += x[i] * (1.0 + LEFT[i - 1])
        return LEFT * x[1]

    LEFT[:] = 0.0
    expected, dot = srcgrad.jvp(remembered, (X,), (X,))
    LEFT[:] = 0.0
    out, push = srcgrad.linearize(remembered, X, jit=True)
    for _ in range(2):
        check_same((out, push(X)), (expected, dot), "the pushforward", exact=False)
    assert np.allclose(LEFT * X[1], expected)


def test_views_that_a_loop_hands_on_are_refused() -> None:
    # The tape of the first sweep holds rows of `m`, that of the second one arrays of their own.
    def downwards(m):
        r = m[0]
        for i in range(1, m.shape[0]):
            m[i] += 0.5 * r
            r = m[i]
            r[0] = m[0, 0] * r[1]
        return np.sum(m**2, axis=0) @ m[0]

    m = 0.1 * np.arange(8.0).reshape(4, 2)
    with pytest.raises(NotJitableError, match="a view of another one"):
        srcgrad.vjp(downwards, m, jit=True)
