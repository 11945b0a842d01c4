"""Powers by half an odd number in compiled code."""

from __future__ import annotations

import numpy as np
import pytest

from srcgrad import grad, value_and_grad
from srcgrad.jit import helpers

NUMBERS = [0.0, -0.0, 1.0, -1.0, 2.5, 1e-8, 1e200, 1e-200, 5e-324, 1e308, -3.0, np.inf, -np.inf, np.nan]
ODD = [-1, 3, -3, 5, -5, 7, -7]


def same(got: float, x: float, n: int) -> bool:
    """Whether a power is the right one: to a few units in the last place, with the sign of a zero."""
    wanted = np.power(x, n / 2)
    if np.isnan(wanted) or wanted == 0.0 or np.isinf(wanted):
        return (np.isnan(got) and np.isnan(wanted)) or (got == wanted and np.signbit(got) == np.signbit(wanted))
    return abs(got - wanted) <= 8e-16 * abs(wanted) + 1e-308


@pytest.mark.parametrize("n", ODD)
def test_half_powers_are_those_of_numpy(n: int) -> None:
    with np.errstate(all="ignore"):
        for x in map(np.float64, NUMBERS):
            assert same(helpers.half_power(x, n), x, n), (x, n)


@pytest.mark.parametrize("n", [-1, 3, -5, 7])
def test_compiled_half_powers_are_those_of_numpy(n: int) -> None:
    numba = pytest.importorskip("numba")
    pytest.importorskip("srcgrad.backend.numba_helpers")
    scope = {"half_power": helpers.half_power, "np": np}
    lines = ["def each(x):", "y = x.copy()", "for i in range(len(x)):", f"    y[i] = half_power(x[i], {n})", "return y"]
    exec("\n    ".join(lines), scope)
    x = np.array(NUMBERS)
    got = numba.njit(error_model="numpy")(scope["each"])(x)
    with np.errstate(all="ignore"):
        for value, power in zip(x, got, strict=True):
            assert same(power, value, n), (value, n)


def test_gradients_of_half_powers_are_those_of_plain_python() -> None:
    pytest.importorskip("numba")

    def loss(x, y):
        return np.sum(x**-1.5 * y + (x * y) ** 2.5 + x**0.5)

    x, y = np.linspace(0.5, 3.0, 7), np.linspace(1.0, 2.0, 7)
    compiled = value_and_grad(loss, (0, 1), jit=True)
    value, gradients = compiled(x, y)
    wanted, plain = value_and_grad(loss, (0, 1))(x, y)
    assert value == pytest.approx(wanted, rel=1e-13)
    for got, expected in zip(gradients, plain, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-13)
    assert "half_power(" in compiled.source
    assert "np.sqrt(" in compiled.source


def test_other_powers_stay() -> None:
    pytest.importorskip("numba")

    def loss(x, n):
        return np.sum(x**2.2 + x**4.5 + x**n)

    for x, n in ((np.linspace(0.5, 3.0, 7), 1.5), (np.linspace(0.5, 3.0, 7, dtype=np.float32), 2)):
        compiled = grad(loss, jit=True)
        np.testing.assert_allclose(compiled(x, n), grad(loss)(x, n), rtol=1e-5 if x.dtype == np.float32 else 1e-13)
    assert "half_power(" not in compiled.source


def test_powers_of_pythons_floats_go_on_to_raise() -> None:
    pytest.importorskip("numba")

    def loss(x, p):
        return x * p**-1.5

    compiled = grad(loss, jit=True)
    assert compiled(2.0, 4.0) == pytest.approx(0.125)
    with pytest.raises(ZeroDivisionError):
        compiled(2.0, 0.0)
