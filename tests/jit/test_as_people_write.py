"""What compiled code once lacked is compiled now, and gives the same; what NumPy refuses is refused there, too."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from programs import PROGRAMS, Program, all_programs

import srcgrad
from jit.judging import judge_jitted

pytest.importorskip("numba")

all_programs()
COMPILED = [p for p in PROGRAMS.values() if "compiled" in p.tags]


@pytest.mark.parametrize("program", COMPILED, ids=[p.name for p in COMPILED])
def test_is_compiled(program: Program) -> None:
    judge_jitted(program)


def rows_of_unequal_length(x: np.ndarray) -> float:
    return np.sum(np.array([x, x[1:]]) ** 2)


def largest_of_none(x: np.ndarray) -> float:
    return max(x[3:]) * 2.0


def smallest_behind_a_nan(x: np.ndarray) -> float:
    return min(x) * x[1]


@pytest.mark.parametrize("fun", [rows_of_unequal_length, largest_of_none])
def test_raises_as_python_does(fun: Callable) -> None:
    for jit in (False, True):
        with pytest.raises(ValueError):
            srcgrad.grad(fun, jit=jit)(np.arange(3.0))


def test_nan_is_no_extreme_unless_it_stands_first() -> None:
    for x in (np.array([2.0, np.nan, 1.0]), np.array([np.nan, 2.0, 1.0])):
        plain, compiled = (srcgrad.value_and_grad(smallest_behind_a_nan, jit=jit)(x) for jit in (False, True))
        np.testing.assert_equal(compiled, plain)
