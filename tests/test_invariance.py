"""Shifts and scales that cancel: which are found, and that the gradient is what it is without the proof."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from programs import PROGRAMS, all_programs

import srcgrad
from srcgrad.analysis.activity import Activity
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.invariance import without_influence
from srcgrad.frontend.program import lower_program
from srcgrad.transform.gradient import prepare

all_programs()

CANCEL = {
    "shift_kept": {"m"},
    "shift_expanded": {"m"},
    "shift_squeezed": {"m"},
    "shift_reshaped": {"m", None},
    "shift_of_softmax_transposed": {"m"},
    "shift_by_number": {"m"},
    "shift_of_two_numbers": {"result"},
    "shift_with_ties": {"m"},
    "shift_masked_by_factor": {"m"},
    "shift_masked_by_where": {"m"},
    "shift_with_minus_infinity": set(),
    "shift_in_single_precision": {"m"},
    "shift_is_an_argument": {"m"},
    "shift_of_the_other_name": {"m"},
    "scale_that_is_an_argument": {"s"},
    "scale_that_a_loop_ends_with": {"m"},
    "shift_at_a_temperature": {"m"},
    "shift_of_mixture": {"m"},
    "shift_in_late_normalised_attention": {None},
    "shift_in_cross_entropy": {None},
    "shift_of_one_sample": {None},
    "shift_in_a_loop": {"m"},
    "shift_of_length_one": {"m"},
    "scale_of_norm": {"s"},
    "scale_of_direction": {None},
    "scale_of_cosine": {None},
}
"""Program -> the names of the values without influence; None for one without a name. All other programs: none."""


def found(fun: Callable, args: tuple, argnums: int | tuple[int, ...]) -> set[str | None]:
    """The names of the values of a function that have no influence on its result."""
    names = list(inspect.signature(fun).parameters)
    lowered = lower_program(fun, dict(zip(names, args, strict=True)))
    wanted = (argnums,) if isinstance(argnums, int) else argnums
    prepare(lowered)
    result = lowered.function.result
    outputs = list(result) if isinstance(result, tuple) else [result]
    functions = [*lowered.functions, lowered.function]
    inputs: list[Any] = [lowered.arguments[names[k]] for k in wanted]
    activity = Activity(functions, Aliases(functions), inputs, outputs)
    return {v.hint for v in without_influence(functions, activity, outputs)}


@pytest.mark.parametrize("name", [n for n, p in PROGRAMS.items() if p.fun.__module__ == "programs.shifts"])
def test_what_is_found(name: str) -> None:
    program = PROGRAMS[name]
    assert found(program.fun, program.args(), program.argnums) == CANCEL.get(name, set())


def softmax_weighted(a, w):
    e = np.exp(a - np.max(a, axis=1, keepdims=True))
    return np.sum(e / np.sum(e, axis=1, keepdims=True) * w)


def test_no_derivative_of_the_maximum_is_left() -> None:
    a = np.array([[1.0, 3.0, 3.0], [0.0, -1.0, 2.0]])
    sources = [srcgrad.grad(softmax_weighted, optimize=o).source_for(a, a) for o in (True, False)]
    proven, plain = ("".join(line.partition("#")[0] for line in source.splitlines()) for source in sources)
    assert "==" in plain
    assert "==" not in proven


def through_stop_gradient(a):
    m = np.max(a)
    return np.log(np.sum(np.exp(a - srcgrad.stop_gradient(m)))) + m


def test_a_stopped_shift_does_not_cancel() -> None:
    a = np.array([0.5, 2.0, 1.0])
    p = np.exp(a) / np.sum(np.exp(a))
    np.testing.assert_allclose(srcgrad.grad(through_stop_gradient)(a), p + np.array([0.0, 1.0, 0.0]))


def log_sum_exp(a, m):
    return np.log(np.sum(np.exp(a - m), axis=0)) + m


def total(a, m):
    return np.sum(log_sum_exp(a, m))


def test_the_gradient_of_a_shift_is_exactly_zero() -> None:
    a = np.array([[0.5, 2.0], [1.0, -1.0]])
    assert np.array_equal(srcgrad.grad(total, argnums=1)(a, np.array([0.3, 0.7])), [0.0, 0.0])
    assert srcgrad.grad(total, argnums=1)(a, 0.3) == 0.0
    _, pull = srcgrad.vjp(log_sum_exp, a, np.array([0.3, 0.7]))
    assert np.array_equal(pull(np.array([1.0, 2.0]))[1], [0.0, 0.0])


def shifted_by_the_maximum(a):
    m = np.max(a, axis=1, keepdims=True)
    return np.sum(m[:, 0] + np.log(np.sum(np.exp(a - m), axis=1)))


@pytest.mark.parametrize("fill", [[np.inf, 0.0], [-np.inf, -np.inf], [np.nan, 1.0]])
def test_what_is_not_finite_stays_so(fill: list[float]) -> None:
    a = np.array([fill, [1.0, 2.0]])
    with np.errstate(invalid="ignore"):
        got, plain = (srcgrad.grad(shifted_by_the_maximum, optimize=o)(a) for o in (True, False))
    assert np.all(np.isfinite(got) | ~np.isfinite(plain))
    np.testing.assert_allclose(got[1], plain[1])
    assert not np.all(np.isfinite(got[0]))


def test_no_rows() -> None:
    assert srcgrad.grad(shifted_by_the_maximum)(np.ones((0, 3))).shape == (0, 3)


def infinite_slope(a, s):
    m = np.sqrt(s)
    return np.log(np.sum(np.exp(a - m))) + m


def test_zero_times_infinity_is_zero_now() -> None:
    a = np.array([0.5, 2.0])
    assert srcgrad.grad(infinite_slope, argnums=1)(a, 0.0) == 0.0
    np.testing.assert_allclose(srcgrad.grad(infinite_slope)(a, 0.0), np.exp(a) / np.sum(np.exp(a)))
