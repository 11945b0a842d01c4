"""What is saved, and what is computed again, depends on the costs of the target; the gradient does not."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
from oracle import judge
from programs import Program, all_programs

import srcgrad
from srcgrad.backend import twins
from srcgrad.transform import gradient
from srcgrad.transform.costs import COMPILED
from srcgrad.transform.tape import Tape

MODULES = ("taped", "overwritten", "stencils", "shifts", "for_loops", "loop_exits", "in_place", "physics", "numerics")
LOOPS = [p for p in all_programs() if p.supported and p.fun.__module__.rpartition(".")[2] in MODULES]


class CompiledTape(Tape):
    """The tapes of the other target."""

    def __init__(self, *args: Any):
        super().__init__(*args[:-1], COMPILED)


@pytest.fixture
def compiled_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient, "Tape", CompiledTape)
    # What was compiled with other costs is not to be found again.
    monkeypatch.setattr(twins, "_shared", OrderedDict())
    monkeypatch.setattr(twins, "_pools", OrderedDict())


@pytest.mark.parametrize("program", LOOPS, ids=[p.name for p in LOOPS])
def test_gradient_with_the_costs_of_compiled_code(program: Program, compiled_costs: None) -> None:
    judge(program)


def forces(p: np.ndarray, steps: int) -> float:
    p = p.copy()
    for _ in range(steps):
        acc = np.zeros(len(p))
        for i in range(len(p)):
            for j in range(len(p)):
                d = p[j] - p[i]
                acc[i] += d / (d * d + 1.0)
        for i in range(len(p)):
            p[i] += 0.1 * acc[i]
    return np.sum(p * p)


def test_one_copy_in_place_of_many_numbers(compiled_costs: None) -> None:
    source = srcgrad.grad(forces).source_for(np.ones(3), 2)
    assert source.count(".append(") == 1
    assert "_then = p" in source


def rosenbrock(x: np.ndarray) -> float:
    total = 0.0
    for i in range(len(x) - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def test_what_stands_needs_no_tape() -> None:
    source = srcgrad.grad(rosenbrock).source_for(np.ones(3))
    assert ".append(" not in source
    assert sum(line.strip().startswith("for ") for line in source.splitlines()) == 1, "there is no forward loop"
    assert "total_bar" not in source, "it is 1 all along"


def recurrence(a: float, n: int) -> float:
    x, total = 0.5, 0.0
    for _ in range(n):
        x = math.sin(a * x) + 0.25 * x * x
        total += x * x
    return total


def test_the_next_value_is_not_saved_again() -> None:
    source = srcgrad.grad(recurrence).source_for(1.1, 5)
    assert "x_tape.append(x)" in source
    assert sum("math.sin" in line.partition("#")[0] for line in source.splitlines()) == 1


def drawn(x: np.ndarray) -> float:
    rng = np.random.default_rng(1)
    total = 0.0
    for i in range(len(x)):
        noise = rng.uniform()
        total += (x[i] * noise) ** 2
    return total


def test_draws_are_saved(compiled_costs: None) -> None:
    source = srcgrad.grad(drawn).source_for(np.ones(3))
    assert source.count("uniform()") == 1
    assert "noise_tape" in source
