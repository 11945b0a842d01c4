"""Which arrays of a new shape may be copies: those that nobody writes any more."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from srcgrad.frontend.program import lower_program
from srcgrad.jit.reshapes import unwritten_reshapes


def made_in_each_turn(n):
    total = 0.0
    for k in range(n):
        made = np.zeros((2, 2))
        made[0, 0] = k
        total += np.sum(np.reshape(made, 4))
    return total


def made_before(n):
    total, last = 0.0, np.zeros((2, 2))
    for k in range(n):
        last[0, 0] = k
        total += np.sum(np.reshape(last, 4))
    return total


def handed_to_the_next_turn(n):
    total, last = 0.0, np.zeros((2, 2))
    for k in range(n):
        last[0, 0] = k
        total += np.sum(np.reshape(last, 4))
        last = np.ones((2, 2))
    return total


def kept_in_a_list(n):
    total, arrays = 0.0, []
    for k in range(n):
        made = np.zeros((2, 2))
        arrays.append(made)
        arrays[0][0, 0] = k
        total += np.sum(np.reshape(made, 4))
    return total


def written_later(n):
    total = 0.0
    for k in range(n):
        made = np.zeros((2, 2))
        flat = np.reshape(made, 4)
        made[0, 0] = k
        total += np.sum(flat)
    return total


def made_in_an_outer_loop(n):
    total = 0.0
    for k in range(n):
        made = np.zeros((2, 2))
        for j in range(2):
            made[0, j] = k
            total += np.sum(np.reshape(made, 4))
    return total


@pytest.mark.parametrize(
    ("fun", "count"),
    [
        (made_in_each_turn, 1),
        (made_before, 0),
        (handed_to_the_next_turn, 0),
        (kept_in_a_list, 0),
        (written_later, 0),
        (made_in_an_outer_loop, 0),
    ],
)
def test_what_may_be_copied(fun: Callable, count: int) -> None:
    assert len(unwritten_reshapes([lower_program(fun, {"n": 3}).function])) == count
