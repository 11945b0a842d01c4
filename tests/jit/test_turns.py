"""In which order compiled loops of the reverse sweep turn, and what elements gather there."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from programs import Program, all_programs, turn_order

from jit.judging import judge_jitted
from srcgrad import grad
from srcgrad.errors import NotJitableError

PROGRAMS = [p for p in all_programs() if p.fun.__module__ == turn_order.__name__]


@pytest.mark.parametrize("program", PROGRAMS, ids=[p.name for p in PROGRAMS])
def test_any_order_gives_the_same_without_numba(program: Program, without_numba: None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        judge(program)


@pytest.mark.parametrize("program", PROGRAMS, ids=[p.name for p in PROGRAMS])
def test_any_order_gives_the_same(program: Program) -> None:
    pytest.importorskip("numba")
    judge(program)


def judge(program: Program) -> None:
    """Judges a program that can be compiled."""
    try:
        judge_jitted(program)
    except NotJitableError as error:
        assert program.name in ("halves_of_one_buffer", "buffers_in_a_list")
        pytest.skip(f"refused: {error.msg}")


def backward(fun: Any, *args: Any) -> str:
    """The reverse sweep of a compiled gradient."""
    gradient = grad(fun, jit=True)
    gradient(*args)
    return gradient.source.partition("# backward")[2]


def test_turns_that_only_add_run_upwards(without_numba: None) -> None:
    def slopes(x):
        total = 0.0
        for i in range(len(x) - 2):
            total += (x[i + 2] - x[i] ** 2) ** 2
        return total

    text = backward(slopes, np.ones(5))
    assert "range(len(x) - 2)" in text and "-1, -1)" not in text
    # The farther neighbour first: no turn waits for what the one before has stored last.
    assert text.index("x_bar[index] +=") < text.index("x_bar[i] ")


def test_turns_that_need_each_other_run_backwards(without_numba: None) -> None:
    text = backward(turn_order.each_needs_the_last, np.ones(5))
    assert ", -1)" in text


def test_buffers_that_trade_places_are_two(without_numba: None) -> None:
    def waves(u, steps):
        n = len(u)
        u, new = u.copy(), u.copy()
        for _ in range(steps):
            for i in range(1, n - 1):
                for j in range(1, n - 1):
                    new[i, j] = u[i, j] * (u[i, j - 1] + u[i, j + 1] - u[i + 1, j] * u[i - 1, j])
            u, new = new, u
        return np.sum(u * u)

    text = backward(waves, np.ones((5, 5)), 2)
    # The steps go backwards, the loops over the grid do not.
    assert text.count(", -1):") == 1 and "table[" in text


def test_one_buffer_by_two_names_is_one(without_numba: None) -> None:
    for fun, args in ((turn_order.one_buffer_for_both, (2,)), (turn_order.perhaps_the_same_buffer, (False,))):
        assert "table[" not in backward(fun, np.ones(5), *args)


def test_what_may_stand_before_the_first_element_is_not_gathered(without_numba: None) -> None:
    assert "table[" not in backward(turn_order.neighbours_around_the_corner, np.ones(5))
