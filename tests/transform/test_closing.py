"""What is checkpointed becomes a function of its own: what is handed to it, drawn in it, and written back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from srcgrad import checkpoint, checkpointed, errors, grad, jacfwd, jvp, vjp
from srcgrad.testing import check_grads

X = np.array([0.3, 0.5, 0.8])
RNG = np.random.default_rng(1)

both = pytest.mark.parametrize("optimize", [True, False])


# What some paths leave undefined


@both
@pytest.mark.parametrize("flag", [True, False])
def test_a_number_that_a_path_leaves_undefined_is_handed_over(flag: bool, optimize: bool) -> None:
    def in_a_function(x: np.ndarray) -> Any:
        if flag:
            factor = x[0] * 2.0

        @checkpoint
        def scaled(z: np.ndarray) -> np.ndarray:
            return z * factor if flag else z * z

        return np.sum(scaled(x))

    def in_a_loop(x: np.ndarray) -> Any:
        if flag:
            factor = x[0] * 2.0
        s = x * 1.0
        for _ in checkpointed(range(4), 2):
            s = s * factor if flag else s * x
        return np.sum(s)

    for fun in (in_a_function, in_a_loop):
        found = grad(fun, optimize=optimize)(X)
        np.testing.assert_allclose(found, jacfwd(fun)(X))
        check_grads(fun, (X,), order=1)


def test_an_array_that_a_path_leaves_undefined_is_refused() -> None:
    def fun(x: np.ndarray, flag: bool) -> Any:
        if flag:
            factor = x * 2.0
        s = x * 1.0
        for _ in checkpointed(range(4), 2):
            s = s * factor if flag else s * x
        return np.sum(s)

    with pytest.raises(errors.UnsupportedError, match="factor is handed to what is checkpointed, and has no value"):
        grad(fun)(X, True)


# Random numbers


@checkpoint
def noise_of_a_function(x: np.ndarray) -> np.ndarray:
    noise = RNG.normal(size=3)
    noise *= x
    return noise


def noise_is_written(x: np.ndarray) -> Any:
    return np.sum(noise_of_a_function(x) * x)


def noise_of_turns_is_written(x: np.ndarray) -> Any:
    s = x * 1.0
    for _ in checkpointed(range(3), 2):
        noise = RNG.normal(size=3)
        noise *= x
        s = s * noise
    return np.sum(s)


@pytest.mark.parametrize("fun", [noise_is_written, noise_of_turns_is_written])
def test_random_numbers_that_are_written_in_place_are_refused(fun: Callable) -> None:
    with pytest.raises(errors.UnsupportedError, match="drawn in what is checkpointed, and written in place") as caught:
        grad(fun)(X)
    assert caught.value.help is not None and ".copy()" in caught.value.help


# What is written


@checkpoint
def scaled_in_place(a: np.ndarray, x: np.ndarray) -> Any:
    a *= np.sin(x) + 1.0
    return a[0] * 1.0


def scaled_on_the_way_down(a: np.ndarray, x: np.ndarray, k: int) -> Any:
    s = scaled_in_place(a, x)
    if k > 0:
        s = s + scaled_on_the_way_down(a, x, k - 1)
    return s


def scaled_on_the_way_up(a: np.ndarray, x: np.ndarray, k: int) -> Any:
    if k > 0:
        scaled_on_the_way_up(a, x, k - 1)
    return scaled_in_place(a, x)


def scaled_by_turns(a: np.ndarray, x: np.ndarray, k: int) -> Any:
    for j in checkpointed(range(3), 2):
        a[j] *= x[j]
    if k > 0:
        scaled_by_turns(a, x, k - 1)
    return a[1]


@both
@pytest.mark.parametrize("recursive", [scaled_on_the_way_down, scaled_on_the_way_up, scaled_by_turns])
def test_callers_see_what_is_written_into_their_arrays(recursive: Callable, optimize: bool) -> None:
    def fun(x: np.ndarray) -> Any:
        a = x * 1.0
        s = recursive(a, x, 3)
        return np.sum(a * a) * s

    np.testing.assert_allclose(grad(fun, optimize=optimize)(X), jacfwd(fun)(X))
    check_grads(fun, (X,), order=1)


@checkpoint
def written_and_viewed(y: np.ndarray, view: np.ndarray, x: np.ndarray) -> Any:
    y *= x[0]
    return np.sum(view[:2] * y[:2])


def test_a_view_is_made_again_of_what_is_written() -> None:
    def fun(x: np.ndarray) -> Any:
        y = x * 1.0
        return written_and_viewed(y, y[1:], x) + np.sum(y)

    np.testing.assert_allclose(grad(fun)(X), jacfwd(fun)(X))
    check_grads(fun, (X,), order=1)


def test_a_view_that_a_branch_decides_about_is_refused() -> None:
    def fun(x: np.ndarray, flag: bool) -> Any:
        y = x * 1.0
        if flag:
            factor, view = x[0] * 2.0, y[1:]
        else:
            factor, view = x[0] * 3.0, y[:2]
        return written_and_viewed(y, view, x) * factor

    with pytest.raises(errors.AliasError, match="y and view share memory"):
        grad(fun)(X, True)


# Parts of arguments


@both
def test_parts_of_arguments_that_are_not_used_have_zeros(optimize: bool) -> None:
    @checkpoint
    def squared(x: np.ndarray) -> np.ndarray:
        return x * x

    def called(p: dict, q: tuple) -> Any:
        return np.sum(squared(p["a"]) * q[0])

    def looped(p: dict, q: tuple) -> Any:
        s = p["a"]
        for _ in checkpointed(range(2), 1):
            s = s * q[0]
        return np.sum(s)

    args = {"a": X, "b": np.ones((2, 2)), "c": [1.0, "text"]}, (2.0, np.ones(2))
    for fun, slope in ((called, 4.0 * X), (looped, np.full(3, 4.0))):
        pullback = vjp(fun, *args)[1]
        for p_bar, q_bar in (grad(fun, argnums=(0, 1), optimize=optimize)(*args), pullback(1.0)):
            np.testing.assert_allclose(p_bar["a"], slope)
            np.testing.assert_array_equal(p_bar["b"], np.zeros((2, 2)))
            assert p_bar["c"] == [0.0, None] and q_bar[0] != 0.0
            np.testing.assert_array_equal(q_bar[1], np.zeros(2))


def test_unused_parts_of_arguments_with_a_limit_for_memory() -> None:
    def looped(p: tuple, n: int) -> Any:
        s = p[0]
        for _ in range(n):
            s = np.sin(s) * s
        return np.sum(s)

    found = grad(looped, memory_limit=1000)((X, np.ones(2)), 30)
    np.testing.assert_allclose(found[0], grad(looped)((X, np.ones(2)), 30)[0])
    np.testing.assert_array_equal(found[1], np.zeros(2))


# Where nothing is kept


def test_forward_mode_knows_no_checkpoints() -> None:
    @checkpoint
    def squared(x: np.ndarray) -> np.ndarray:
        return x * x

    def fun(x: np.ndarray) -> Any:
        for _ in checkpointed(range(3), 2):
            x = np.sin(squared(x)) * x
        return np.sum(x)

    def plain(x: np.ndarray) -> Any:
        for _ in range(3):
            x = np.sin(x * x) * x
        return np.sum(x)

    for found, expected in zip(jvp(fun, (X,), (X,)), jvp(plain, (X,), (X,)), strict=True):
        np.testing.assert_allclose(found, expected)
    source = jacfwd(fun).source_for(X)
    assert "checkpoint" not in source.partition('"""')[2].partition('"""')[2]


@checkpoint
def whole_and_part(x: np.ndarray) -> Any:
    squares = x * x
    return squares, squares[1:]


def whole_is_written_behind(x: np.ndarray) -> Any:
    whole, part = whole_and_part(x)
    whole[1] = 7.0 * x[0]
    return np.sum(whole) * np.sum(part**2)


def view_of_a_part_is_written_behind(x: np.ndarray) -> Any:
    whole, part = whole_and_part(x)
    last = part[1:]
    last[0] = 7.0 * x[0]
    return np.sum(whole**2)


@pytest.mark.parametrize("fun", [whole_is_written_behind, view_of_a_part_is_written_behind])
def test_results_that_share_memory_are_not_written(fun: Callable) -> None:
    with pytest.raises(errors.UnsupportedError, match="also goes by another name"):
        grad(fun)(np.ones(4))


def lists_are_handed_over(x: np.ndarray) -> Any:
    def total(rows: Any) -> Any:
        return sum([row[0] * row[1] for row in rows])

    rows = [[v, v * v] for v in x]
    return checkpoint(total)(rows)


def lists_are_handed_back(x: np.ndarray) -> Any:
    def table(x: Any) -> Any:
        return [[v, v * v] for v in x]

    rows = checkpoint(table)(x)
    return sum([row[0] * row[1] for row in rows])


@pytest.mark.parametrize("fun", [lists_are_handed_over, lists_are_handed_back])
def test_lists_in_lists_are_not_handed_over(fun: Callable) -> None:
    with pytest.raises(errors.UnsupportedError, match="rows is of a kind that can't be handed"):
        grad(fun)(X)


@checkpoint
def refuse_above(x: Any, limit: float) -> None:
    if x[0] > limit:
        raise ValueError(f"more than {limit}")


def refused_the_second_time(x: Any) -> Any:
    refuse_above(x, 1.0)
    refuse_above(x, 0.25)
    return np.sum(x * x)


def test_functions_that_differ_in_a_constant_alone_stay_two() -> None:
    assert grad(refused_the_second_time)(np.array([0.2, 0.5])).tolist() == [0.4, 1.0]
    for x0, limit in ((0.5, 0.25), (1.5, 1.0)):
        with pytest.raises(ValueError, match=f"more than {limit}"):
            grad(refused_the_second_time)(np.array([x0, 0.5]))
    assert "return" not in grad(refused_the_second_time).source_for(X).partition("def refused")[0]


@checkpoint
def scaled(x: Any, factor: float) -> Any:
    return np.sin(x) * factor


def test_reverses_are_called_after_what_they_reverse() -> None:
    def product(x: Any) -> Any:
        return np.sum(scaled(x, 2.0) * scaled(x, 3.0))

    parts = grad(product).source_for(X).split("def ")
    texts = {part.partition("(")[0]: part for part in parts}
    assert {"scaled", "scaled_rev", "scaled_1", "scaled_1_rev"} <= texts.keys()
    for name in ("scaled", "scaled_1"):
        assert ("2.0" in texts[name]) == ("2.0" in texts[f"{name}_rev"])
