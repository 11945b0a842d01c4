"""Reshapes of arrays in columns, backwards or with gaps: compiled code does as NumPy does, or says that it can't."""

from __future__ import annotations

import numpy as np
import pytest
from oracle import judge
from programs import Program

import srcgrad
from srcgrad.errors import NotJitableError

MATRIX = np.random.default_rng(0).normal(size=(3, 3))
LAYOUTS = {
    "rows": MATRIX,
    "columns": np.asfortranarray(MATRIX),
    "backwards": np.ascontiguousarray(MATRIX[::-1, ::-1])[::-1, ::-1],
    "gaps": np.repeat(np.repeat(MATRIX, 2, 0), 2, 1)[::2, ::2],
}


def ravel_of_computed(x):
    u = np.sin(x)
    r = u.ravel()
    u *= x[0, 0]
    return np.sum(r**3) + np.sum(u * x)


def reshape_of_computed(x):
    u = x * 1.0
    r = u.reshape(9)
    u[0] *= x[1, 1]
    r[1] = x[0, 0] ** 2
    return np.sum(r**3) + np.sum(u * x)


def ravel_of_a_copy(x):
    u = x.copy()
    r = u.ravel()
    u[0] *= x[1, 1]
    r[1] = x[0, 0] ** 2
    return np.sum(r**3) + np.sum(u * x)


def ravel_of_a_product(x):
    u = x @ x
    r = u[1:].ravel()
    r[0] *= 2 * x[0, 0]
    return np.sum(u * x) + np.sum(r**2)


def filled(x):
    u = np.zeros((3, 3))
    for k in range(3):
        u[k] = np.sin(x[k])
    return u


def ravel_of_what_a_helper_returns(x):
    u = filled(x) * x
    r = u.ravel()
    r[2:5] *= x[0, 0]
    return np.sum(u * u)


def ravel_of_an_item(p):
    u = p["w"] * 2.0 + p["b"]
    r = u.ravel()
    r[1:3] *= p["b"][0]
    return np.sum(u * u)


def ravel_of_either(x):
    u = np.tanh(x) if x[0, 0] > 0.0 else x + 1.0
    for _ in range(2):
        u = u * x
    r = u.ravel()
    r[4] *= x[0, 1]
    return np.sum(u * x)


def ravel_of_zeros(x):
    u = np.zeros((3, 3))
    r = u.ravel()
    r[:] = x.ravel() ** 2
    u[1] *= x[0]
    return np.sum(u * r.reshape(3, 3))


def ravel_that_is_read(x):
    u = np.exp(x)
    u *= x
    return np.sum(u.ravel() * np.arange(9.0))


def ravel_of_transposed(x):
    u = np.sin(x.T)
    r = u.ravel()
    u *= x[0, 0]
    return np.sum(r**3) + np.sum(u * x)


def transposed_ravel(x):
    u = x * 2.0
    r = u.T.ravel()
    u[0] *= x[1, 1]
    r[1] = x[0, 0] ** 2
    return np.sum(r**3) + np.sum(u * x)


def ravel_of_picked_columns(x):
    u = x[:, [0, 2, 1]]
    r = u.ravel()
    u[0] *= x[1, 1]
    return np.sum(r**3) + np.sum(u * x)


ASKING = [
    ravel_of_computed,
    reshape_of_computed,
    ravel_of_a_copy,
    ravel_of_a_product,
    ravel_of_what_a_helper_returns,
    ravel_of_either,
    transposed_ravel,
]


def _point(fun, layout):
    x = LAYOUTS[layout].copy(order="K") if layout in ("rows", "columns") else LAYOUTS[layout]
    return ({"w": x, "b": np.array([0.5, 1.5, -0.3])},) if fun is ravel_of_an_item else (x,)


def _judge(fun, layout):
    expected = srcgrad.grad(fun)(*_point(fun, layout))
    got = srcgrad.grad(fun, jit=True)(*_point(fun, layout))
    srcgrad.testing.check_same(got, expected, fun.__name__, exact=False)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("fun", [ravel_of_zeros, ravel_that_is_read])
def test_what_does_not_depend_on_the_layout(fun, layout):
    _judge(fun, layout)


@pytest.mark.parametrize("fun", [*ASKING, ravel_of_an_item])
def test_arrays_in_rows(fun):
    judge(Program(fun, lambda: _point(fun, "rows")))
    _judge(fun, "rows")


@pytest.mark.parametrize("layout", ["columns", "backwards", "gaps"])
@pytest.mark.parametrize("fun", [*ASKING, ravel_of_an_item])
def test_other_layouts_are_refused(fun, layout):
    with pytest.raises(NotJitableError, match="does not lie in rows"):
        srcgrad.grad(fun, jit=True)(*_point(fun, layout))


@pytest.mark.parametrize("fun", [ravel_of_transposed, ravel_of_picked_columns])
def test_an_order_that_numba_may_change(fun):
    with pytest.raises(NotJitableError, match="another order than NumPy"):
        srcgrad.grad(fun, jit=True)(MATRIX)


def test_one_axis_or_element_lies_in_rows():
    gradient = srcgrad.grad(ravel_of_computed, jit=True)
    narrow = np.asfortranarray(MATRIX[:, :1])
    srcgrad.testing.check_same(gradient(narrow), srcgrad.grad(ravel_of_computed)(narrow), "one column", exact=False)
