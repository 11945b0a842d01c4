"""Tapes as arrays: run as plain Python, so without Numba."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from oracle import judge
from programs import Program, all_programs, one_in

import srcgrad
from srcgrad.backend import twins
from srcgrad.ir.verify import verify
from srcgrad.jit.tapes import size_tapes
from srcgrad.transform import gradient
from srcgrad.transform.costs import COMPILED
from srcgrad.transform.gradient import Gradient

MODULES = ("taped", "overwritten", "stencils", "shifts", "for_loops", "loop_exits", "in_place", "nested", "exceptions")
LOOPS = [
    p
    for p in one_in(2, all_programs())
    if p.supported and p.output == "scalar" and p.fun.__module__.rpartition(".")[2] in MODULES
]


@pytest.fixture(params=[False, True], ids=["", "compiled"])
def sized(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes arrays of the tapes of joint gradients, with the costs of either target."""
    joint = gradient.joint_gradient
    own = (COMPILED,) if request.param else ()

    def sized_gradient(*args: Any) -> Gradient:
        *others, _ = args
        made = joint(*others, *own)
        for function in made.functions:
            size_tapes(function)
            verify(function)
        return made

    monkeypatch.setattr(gradient, "joint_gradient", sized_gradient)
    monkeypatch.setattr(twins, "_shared", OrderedDict())
    monkeypatch.setattr(twins, "_pools", OrderedDict())


@pytest.mark.parametrize("program", LOOPS, ids=[p.name for p in LOOPS])
def test_gradient(program: Program, sized: None) -> None:
    judge(program)


def lines(fun: Callable, *args: Any) -> list[str]:
    source = srcgrad.grad(fun).source_for(*args)
    return [line.partition("#")[0].strip() for line in source.splitlines()]


def recurrence(a: float, n: int) -> float:
    x, total = 0.5, 0.0
    for _ in range(n):
        x = math.sin(a * x) + 0.25 * x * x
        total += x * x
    return total


def test_a_loop_numbers_the_entries(sized: None) -> None:
    text = lines(recurrence, 1.1, 5)
    assert "x_tape = np.empty(max(n, 0))" in text
    assert "x_tape[i] = x" in text
    assert srcgrad.grad(recurrence)(1.1, 0) == 0.0
    assert srcgrad.grad(recurrence)(1.1, -2) == 0.0


def nested(a: float, n: int, m: int) -> float:
    x = a
    for _ in range(2, n):
        for _ in range(m, 0, -1):
            x = math.sin(a * x)
    return x


def test_loops_in_loops_make_axes(sized: None) -> None:
    text = lines(nested, 1.1, 5, 3)
    assert any("np.empty((len(range(2, n, 1)), len(range(m, 0, -1))))" in line for line in text)
    assert srcgrad.grad(nested)(1.1, 5, 3) == pytest.approx(slope(nested, 1.1, 5, 3))


def triangular(a: float, n: int) -> float:
    x = a
    for i in range(n):
        for _ in range(i, n + 1):
            x = math.sin(a * x)
    return x


def test_entries_are_counted_where_bounds_depend_on_a_loop(sized: None) -> None:
    text = lines(triangular, 1.1, 4)
    assert "count += 1" in text
    assert "count -= 1" in text
    assert srcgrad.grad(triangular)(1.1, 4) == pytest.approx(slope(triangular, 1.1, 4))


def until(a: float) -> float:
    x, y = a, 1.0
    while x < 3.0:
        x, y = x + math.exp(-x * a), y * math.cos(x * y)
    return y


def test_a_list_each_where_the_number_of_entries_is_open(sized: None) -> None:
    text = lines(until, 0.5)
    assert "x_tape.append(x)" in text
    assert not any("append((" in line for line in text)
    assert srcgrad.grad(until)(0.5) == pytest.approx(slope(until, 0.5))


def heat(u: np.ndarray, steps: int) -> float:
    u = u.copy()
    for _ in range(steps):
        old = u.copy()
        for i in range(1, len(u) - 1):
            u[i] = old[i] + 0.1 * old[i] ** 2 * (old[i - 1] - 2.0 * old[i] + old[i + 1])
    return np.sum(u * u)


def test_a_copy_goes_into_a_row(sized: None) -> None:
    text = lines(heat, np.ones(5), 3)
    assert any(line.startswith("old_tape = np.empty((") for line in text)
    assert not any("old_tape.append" in line for line in text)


def mixed(x: np.ndarray, flags: list[bool]) -> float:
    total = 0.0
    k = 0
    for i in range(4):
        above = x[i] * (k + 1) > 0.7
        if above:
            k += i
            total += total * x[i] ** k
        else:
            total += math.sin(x[i] + total)
    return total


def test_integers_and_truth_keep_their_kinds(sized: None) -> None:
    x = np.array([0.3, 0.9, 1.4, 0.2])
    text = lines(mixed, x, [])
    assert any("dtype=np.int64" in line for line in text)
    gradient_function = srcgrad.grad(mixed)
    step = 1e-6
    for k in range(4):
        e = step * np.eye(4)[k]
        assert gradient_function(x, [])[k] == pytest.approx(
            (mixed(x + e, []) - mixed(x - e, [])) / (2 * step), rel=1e-6
        )


def slope(fun: Callable, a: float, *args: Any) -> float:
    step = 1e-6
    return (fun(a + step, *args) - fun(a - step, *args)) / (2 * step)
