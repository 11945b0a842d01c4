"""A value that nobody needs is not computed, but shapes that do not fit raise as in the program itself."""

# ruff: noqa: F841

from __future__ import annotations

import numpy as np
import pytest

from srcgrad import grad, vjp


def unused_sum(x, y):
    unused = x + y
    return np.sum(x * x)


def linear_tail(x, y):
    return np.sum(3.0 * x - y)


def unused_chain(x, y):
    t = np.exp(x) * 2.0
    u = t > y
    return np.sum(x * x)


def unused_slices_in_a_loop(x, y):
    s = 0.0
    for i in range(2):
        t = x[1:] * y[:-1]
        s += x[i] ** 2
    return s


def rows_scaled(x, y):
    s = 0.0
    for i in range(len(x)):
        s += np.sum(x[i] * y[0])
    return s


def unused_where(x, y):
    np.where(x > 0, x, y)
    return np.sum(x)


def unused_in_a_helper(x, y):
    def helper(a, b):
        gap = a - b
        return a * 2.0

    return np.sum(helper(x, y) ** 2)


def unused_in_a_recursion(x, y):
    def power(a, b, n):
        unused = a + b
        return a if n == 0 else a * power(a, b, n - 1)

    return np.sum(power(x, y, 3))


CASES = [
    unused_sum,
    linear_tail,
    unused_chain,
    unused_slices_in_a_loop,
    unused_where,
    unused_in_a_helper,
    unused_in_a_recursion,
]


@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize("fun", CASES, ids=lambda f: f.__name__)
def test_raises_as_the_primal(fun, optimize):
    x, y = np.linspace(0.5, 1.0, 3), np.linspace(0.1, 1.0, 4)
    with pytest.raises(ValueError, match="broadcast"):
        fun(x, y)
    for argnums in (0, (0, 1)):
        g = grad(fun, argnums=argnums, optimize=optimize)
        g(x, x)
        with pytest.raises(ValueError, match="broadcast"):
            g(x, y)
    with pytest.raises(ValueError, match="broadcast"):
        vjp(fun, x, y)


def test_rows_of_different_lengths():
    g = grad(rows_scaled, argnums=(0, 1))
    g(np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(ValueError, match="broadcast"):
        g(np.ones((2, 3)), np.ones((2, 4)))
    assert np.array_equal(g(np.ones((0, 3)), np.ones((2, 4)))[1], np.zeros((2, 4)))


def test_second_derivatives_raise_too():
    def cube(x, y, z):
        unused = y + z
        return x**3

    second = grad(grad(cube))
    assert second(2.0, np.ones(3), np.ones(3)) == 12.0
    with pytest.raises(ValueError, match="broadcast"):
        second(2.0, np.ones(3), np.ones(4))


def lines_of(fun, *args):
    """The generated statements, without comments."""
    text = grad(fun).source_for(*args)
    return [line.split("  #")[0].strip() for line in text.splitlines()]


def test_a_check_alone_is_left():
    lines = lines_of(unused_sum, np.ones(3), np.ones(3))
    assert "np.broadcast_shapes(x.shape, y.shape)" in lines
    assert not any("x + y" in line for line in lines)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)], ids=str)
def test_nothing_is_left_where_one_operand_has_length_one(shape):
    assert not any("broadcast_shapes" in line for line in lines_of(unused_sum, np.ones(3), np.ones(shape)))


def test_nothing_is_left_where_others_check_the_same():
    def checked(x, y, z):
        a = x * z
        b = y + x
        c = z[1:] - y[1:]
        return np.sum((x * y) ** 2 * z)

    lines = lines_of(checked, np.ones(3), np.ones(3), np.ones(3))
    assert not any("broadcast_shapes" in line or "1:" in line for line in lines)


def test_a_check_in_a_branch_proves_nothing_outside_of_it():
    def branch(x, y, flag):
        unused = x + y
        return np.sum(x * y) if flag > 0 else np.sum(x)

    with pytest.raises(ValueError, match="broadcast"):
        grad(branch)(np.ones(3), np.ones(4), 0.0)


def test_of_two_that_check_the_same_one_stays():
    def twice(x, y):
        a = x + y
        b = y * x
        return np.sum(x)

    lines = lines_of(twice, np.ones(3), np.ones(3))
    assert sum("broadcast_shapes" in line for line in lines) == 1
