"""Compiled code does what Python and NumPy do, where Numba alone would not."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import srcgrad
from jit.judging import same_results
from jit.points import POINTS, Point
from srcgrad.errors import NotJitableError
from srcgrad.testing import check_same

pytest.importorskip("numba")


MAY_BE_REFUSED = ("view_of_what_is_written", "parts_of_an_array_are_written")
"""What must not be wrong, but may be refused."""


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("point", POINTS, ids=[p.name for p in POINTS])
def test_does_what_python_does(point: Point) -> None:
    expected = outcome(point, jit=False)
    got = outcome(point, jit=True)
    if isinstance(expected, Exception):
        assert type(got) is type(expected), f"{got!r}, where Python says {expected!r}"
        if point.fun.__name__.startswith("raises"):
            assert str(got) == str(expected)
    else:
        assert not isinstance(got, Exception), got
        same_results(got, expected, point.name, point.args)


def outcome(point: Point, jit: bool) -> Any:
    """What the value and gradient at a point are, or the exception that comes of asking."""
    args = [a.copy(order="K") if isinstance(a, np.ndarray) and a.base is None else copy.copy(a) for a in point.args]
    before = copy.deepcopy(args)
    try:
        result = srcgrad.value_and_grad(point.fun, argnums=point.argnums, jit=jit)(*args)
    except NotJitableError as error:
        if point.fun.__name__ in MAY_BE_REFUSED:
            pytest.skip(f"refused: {error.msg}")
        raise
    except Exception as error:
        result = error
    check_same(args, before, f"the arguments of {point.name} have changed")
    return result


# Integers have an end


@pytest.mark.parametrize("n", [3037000500, 2**40, -(2**62)])
def test_integers_of_more_than_64_bits_are_an_error(n: int) -> None:
    for fun in (lambda x, n: x * (n * n), lambda x, n: x * (n * 4611686018427387904 + 1)):
        with pytest.raises(OverflowError):
            srcgrad.grad(fun, jit=True)(2.0, n)
    assert srcgrad.grad(lambda x, n: x * (n * n), jit=True)(2.0, 3) == 9.0


def test_powers_that_are_no_integer_are_an_error() -> None:
    power = srcgrad.grad(lambda x, n: x * 2**n, jit=True)
    assert power(2.0, 5) == 32.0
    for n in (-1, 70):
        with pytest.raises((ValueError, OverflowError)):
            power(2.0, n)


def test_sums_of_single_precision_are_as_accurate_as_numpys() -> None:
    x = np.full(1_000_003, 0.1, np.float32)

    def loss(x):
        return np.sum(x) + np.mean(x)

    value, _ = srcgrad.value_and_grad(loss, jit=True)(x)
    assert type(value) is np.float32
    assert value == pytest.approx(100_000.4, rel=1e-5)
