"""Derivatives that are written to arrays of the caller, interpreted and compiled."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad.errors import ArgumentError, ShapeError
from srcgrad.testing import check_same
from srcgrad.tree import flatten

JITS = [
    False,
    pytest.param(True, marks=pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="no Numba")),
]
X = np.array([0.5, -1.0, 2.0])


def loops(x, y, z):
    s = 0.0
    for i in range(len(x)):
        s += x[i] * y[i] * z[i] ** 2
    return s


def arrays(x, y):
    return np.sum(np.tanh(x * y) * x)


def updated(x, y):
    t = x.copy()
    t[1:] *= y[:-1]
    t += y
    return np.sum(t * t)


def tree(p):
    return np.sum(p["w"] * p["b"][0]) * p["s"]


def unused(x, y):
    return np.sum(x) * 2.0


def stretched(x, y):
    return np.sum(x * y)


CASES: list[tuple[Callable, tuple, Any]] = [
    (loops, (X, X + 1.0, X - 1.0), (0, 1, 2)),
    (loops, (X, X + 1.0, X - 1.0), 1),
    (arrays, (X, X + 1.0), (0, 1)),
    (arrays, (X.astype(np.float32), X.astype(np.float32)), (1, 0)),
    (arrays, (np.asfortranarray(np.outer(X, X)), np.outer(X, X + 1.0)), (0, 1)),
    (arrays, (X[:0], X[:0]), 0),
    (updated, (X, X + 1.0), (0, 1)),
    (tree, ({"w": X, "b": [X + 1.0], "s": 2.0},), 0),
    (unused, (X, X + 1.0), (0, 1)),
    (stretched, (np.ones(1), X), (0, 1)),
    (stretched, (np.array(2.0), X), (0, 1)),
]


def empty(found: Any) -> Any:
    """Arrays for a derivative, full of what must not stay."""
    leaves, structure = flatten(found)
    return structure.unflatten([np.full_like(v, np.nan) if isinstance(v, np.ndarray) else None for v in leaves])


@pytest.mark.parametrize("jit", JITS)
@pytest.mark.parametrize(("fun", "args", "argnums"), CASES, ids=[f"{k}-{c[0].__name__}" for k, c in enumerate(CASES)])
def test_arrays_are_filled_and_returned(fun: Callable, args: tuple, argnums: Any, jit: bool) -> None:
    gradient = srcgrad.value_and_grad(fun, argnums=argnums, jit=jit)
    value, expected = gradient(*args)
    out = empty(expected)
    for _ in range(3):
        got_value, got = gradient(*args, out=out)
        check_same((got_value, got), (value, expected), "with out", exact=False)
        pairs = list(zip(flatten(got)[0], flatten(out)[0], strict=True))
        assert all(a is b for a, b in pairs if b is not None)
        assert any(b is not None for _, b in pairs)
        for _, buffer in pairs:
            if buffer is not None:
                buffer[...] = 7.0


@pytest.mark.parametrize("jit", JITS)
def test_a_part_may_be_new(jit: bool) -> None:
    gradient = srcgrad.grad(loops, argnums=(0, 1, 2), jit=jit)
    expected = gradient(X, X + 1.0, X - 1.0)
    out = (None, np.empty(3), None)
    got = gradient(X, X + 1.0, X - 1.0, out=out)
    check_same(got, expected, "with out", exact=False)
    assert got[1] is out[1]
    check_same(gradient(X, X + 1.0, X - 1.0, out=None), expected, "without out")


@pytest.mark.parametrize("jit", JITS)
def test_what_does_not_fit_is_an_error(jit: bool) -> None:
    gradient = srcgrad.grad(stretched, argnums=(0, 1), jit=jit)
    x, y = X.copy(), X + 1.0
    gradient(x, y, out=(np.empty(3), np.empty(3)))
    one = np.empty(3)
    read_only = np.zeros(3)
    read_only.flags.writeable = False
    wrong: list[tuple[Any, Any, str]] = [
        ((np.empty(2), None), ShapeError, r"out\[0\] has shape \(2,\)"),
        ((np.empty((3, 1)), np.empty(3)), ShapeError, r"out\[0\] has shape \(3, 1\)"),
        ((None, np.empty(3, np.float32)), ArgumentError, r"out\[1\] is an array of float32"),
        ((one, one), ArgumentError, r"out\[1\] shares memory with out\[0\]"),
        ((x, one), ArgumentError, r"out\[0\] shares memory with an argument"),
        ((one, x[::-1]), ArgumentError, r"out\[1\] shares memory with an argument"),
        ((one, read_only), ArgumentError, r"out\[1\] is read-only"),
        (([1.0, 2.0, 3.0], None), ArgumentError, r"out\[0\]"),
        (np.empty(3), ArgumentError, "out"),
    ]
    for out, error, message in wrong:
        with pytest.raises(error, match=message):
            gradient(x, y, out=out)
    assert np.array_equal(x, X)
    assert not read_only.any()


@pytest.mark.parametrize("jit", JITS)
def test_columns_of_one_array(jit: bool) -> None:
    both = np.column_stack([X, X])
    gradient = srcgrad.grad(lambda x: np.sum(x**3), jit=jit)
    assert gradient(X, out=np.empty(3)) == pytest.approx(3 * X**2)
    gradient(both[:, 0], out=both[:, 1])
    assert both == pytest.approx(np.column_stack([X, 3 * X**2]))


@pytest.mark.parametrize("jit", JITS)
def test_an_array_outside_is_read_before_it_is_written(jit: bool) -> None:
    weights = X.copy()
    gradient = srcgrad.grad(lambda x: np.sum(x * x * weights), jit=jit)
    gradient(X, out=np.empty(3))
    gradient(X, out=weights)
    assert weights == pytest.approx(2 * X * X)


@pytest.mark.parametrize("jit", JITS)
def test_other_derivatives(jit: bool) -> None:
    def cubes(x):
        return np.sum(x**3)

    matrix = np.empty((3, 3))
    assert srcgrad.hessian(cubes, jit=jit)(X, out=matrix) is matrix
    assert matrix == pytest.approx(np.diag(6 * X))
    row = np.empty(3)
    assert srcgrad.hvp(cubes, jit=jit)(X, np.ones(3), out=row) is row
    assert row == pytest.approx(6 * X)
    slopes, note = srcgrad.grad(lambda x: (np.sum(x**3), "note"), has_aux=True, jit=jit)(X, out=row)
    assert slopes is row
    assert note == "note"
    assert row == pytest.approx(3 * X**2)


@pytest.mark.parametrize("jit", JITS)
def test_a_function_with_a_parameter_of_that_name_gets_it(jit: bool) -> None:
    def scaled(x, out=2.0):
        return np.sum(x * out)

    assert srcgrad.grad(scaled, jit=jit)(X, out=3.0) == pytest.approx([3.0, 3.0, 3.0])


class Model:
    scale = 2.0

    def __init__(self) -> None:
        self.w = X.copy()

    def loss(self, x):
        return np.sum(self.w * x * x)

    @classmethod
    @srcgrad.grad
    def slope(cls, x):
        return np.sum(x * x) * cls.scale


@pytest.mark.parametrize("jit", JITS)
def test_methods(jit: bool) -> None:
    model = Model()
    gradient = srcgrad.grad(model.loss, jit=jit)
    out = np.empty(3)
    assert gradient(X, out=out) is out
    assert out == pytest.approx(2 * X * X)
    # The array that the gradient is written to is one that it reads.
    assert gradient(X, out=model.w) is model.w
    assert model.w == pytest.approx(2 * X * X)


def test_class_methods() -> None:
    out = np.empty(3)
    assert Model.slope(X, out=out) is out
    assert out == pytest.approx(4.0 * X)
