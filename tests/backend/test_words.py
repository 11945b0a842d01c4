"""Names of values that the user's program does not name, and how the text is laid out around them."""

from __future__ import annotations

import ast
import operator

import numpy as np
import pytest

from srcgrad import grad
from srcgrad.analysis.words import word
from srcgrad.backend.wrapping import wrapped
from srcgrad.ir.nodes import Call, Const, Value
from srcgrad.ir.types import F8, FLOAT, INT, Array, List, NpScalar

VECTOR = Array(F8, ("n",))
x, x_bar, y, i = Value(VECTOR, "x"), Value(VECTOR, "x_bar"), Value(VECTOR, "y"), Value(INT, "i")
bodies, series = Value(List(FLOAT), "bodies"), Value(List(FLOAT), "series")
mask = Value(Array(np.dtype(bool), ("n",)), "mask")


def made(fn, *args, type=VECTOR, **kwargs) -> Value:
    """A value without a hint."""
    output = Value(type)
    args = tuple(a if isinstance(a, (Value, tuple, slice)) else Const(a) for a in args)
    Call(fn, args, {k: Const(v) for k, v in kwargs.items()}, [output])
    return output


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (made(operator.mul, x, y), "product"),
        (made(operator.pow, x, 2), "x_squared"),
        (made(operator.pow, x, 5), "power"),
        (made(np.exp, x), "exp_x"),
        (made(np.exp, made(operator.mul, x, y)), "exp"),
        (made(np.sum, x, axis=1), "sum_x"),
        (made(np.sum, made(operator.mul, x, y)), "total"),
        (made(operator.getitem, x, i, type=NpScalar(F8)), "x_i"),
        (made(operator.getitem, bodies, i, type=FLOAT), "body_i"),
        (made(operator.getitem, bodies, slice(1, None), type=List(FLOAT)), "bodies_part"),
        (made(operator.getitem, series, i, type=FLOAT), "series_i"),
        (made(operator.getitem, x, 0, type=NpScalar(F8)), "x_0"),
        (made(operator.getitem, x, -1, type=NpScalar(F8)), "x_last"),
        (made(operator.getitem, x, made(operator.add, i, 1, type=INT), type=NpScalar(F8)), "x_next"),
        (made(operator.getitem, x, made(operator.sub, i, 1, type=INT), type=NpScalar(F8)), "x_prev"),
        (made(operator.getitem, x, made(operator.mul, i, 2, type=INT), type=NpScalar(F8)), "x_entry"),
        (made(operator.getitem, x_bar, i, type=NpScalar(F8)), "x_i_bar"),
        (made(operator.getitem, x, slice(Const(1), Const(-1), Const(None))), "x_part"),
        (made(operator.getitem, x, mask), "x_part"),
        (made(getattr, x, "shape"), "x_shape"),
        (made(len, x, type=INT), "n_x"),
        (made(sum, x, type=FLOAT), "sum_x"),
        (made(max, x, y, type=FLOAT), "largest"),
    ],
)
def test_a_value_is_named_after_what_makes_it(value: Value, name: str):
    assert word(value) == name


@pytest.mark.parametrize(
    "text",
    [
        "tape.append((first_value, second_value, third_value, fourth_value, 'a, (text'))",
        "first_value, second_value, third_value, fourth_value = tape.pop()",
        "result = first_value * second_value + third_value - fourth_value",
        "return first_value * second_value, third_value - fourth_value",
        "if first_value < second_value and third_value < fourth_value:",
        "x[first_index] = function(first_value, second_value) + function(third_value)",
        "return function(first_value, second_value, function(third_value), fourth_value)",
    ],
)
def test_a_long_statement_is_broken_and_stays_what_it_is(text: str):
    lines = wrapped(text, 40)
    assert len(lines) > 1
    assert max(map(len, lines)) <= 48
    body = " pass" if text.endswith(":") else ""
    assert ast.dump(ast.parse("\n".join(lines) + body)) == ast.dump(ast.parse(text + body))


def test_a_statement_that_cannot_be_broken_stays_on_its_line():
    text = "name = 'a string, which is as long as it is'"
    assert wrapped(text, 20) == [text]


def test_a_sign_becomes_a_subtraction_where_the_numbers_are_the_same():
    b, c = np.array([1.0, 2.0]), np.array([0.5, 0.25])

    def energy(b, c):
        return np.sum(np.exp(c + -b * c))

    source = grad(energy, 0).source_for(b, c)
    code = "\n".join(line.partition("#")[0] for line in source.splitlines())
    assert "c - b * c" in code
    assert "+ -" not in code
    np.testing.assert_allclose(grad(energy, 0)(b, c), -c * np.exp(c - b * c))


def test_the_negative_of_an_unsigned_number_stays_what_it_is():
    small = np.array([1, 2], np.uint8)

    def energy(x):
        return np.sum((x + -small) ** 2)

    at = np.array([1.0, 2.0])
    np.testing.assert_allclose(grad(energy)(at), 2 * (at + -small))


def left_early(x, limit):
    total = 0.0
    for v in x:
        total += v * v
        if total > limit:
            break
    else:
        total *= 2.0
    return total


def test_an_exit_that_is_looked_at_later_is_a_boolean():
    text = grad(left_early).source_for(np.ones(3), 2.5)
    assert "broke = False" in text
    assert "broke = True" in text
    assert "exited" not in text
    np.testing.assert_allclose(grad(left_early)(np.ones(3), 2.5), [2.0, 2.0, 2.0])
    np.testing.assert_allclose(grad(left_early)(np.ones(3), 9.0), [4.0, 4.0, 4.0])


def nested_search(a, limit):
    total = 0.0
    for row in range(a.shape[0]):
        for k in range(a.shape[1]):
            total += a[row, k] ** 2
            if total > limit:
                return total * a[row, k]
        total *= 0.5
    return total


def every_exit(a, limit):
    total = 0.0
    k = 0
    while True:
        for j in range(3):
            total += a[j] * a[k]
            if total > limit:
                break
            if total < -1:
                return total * a[0]
        else:
            k += 1
            if k == 3:
                return total**2
            continue
        total *= a[2]
        k += 1
        if k == 3:
            break
    return total + a[k - 1]


@pytest.mark.parametrize("limit", [0.1, 1.0, 2.0, 9.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_loop_that_is_left_in_two_ways_keeps_them_apart(seed: int, limit: float):
    a = np.random.default_rng(seed).uniform(-1.5, 1.8, 3)
    slopes = [(every_exit(a + h, limit) - every_exit(a - h, limit)) / 2e-6 for h in 1e-6 * np.eye(3)]
    np.testing.assert_allclose(grad(every_exit)(a, limit), slopes, rtol=1e-4, atol=1e-6)


def test_an_exit_code_says_what_it_stands_for():
    text = grad(every_exit).source_for(np.ones(3), 1.0)
    assert any("= 1" in line and line.endswith("break") for line in text.splitlines())
    assert any("= 3" in line and line.endswith("return") for line in text.splitlines())


def test_a_return_from_nested_loops_needs_no_codes():
    a = np.arange(1.0, 7.0).reshape(2, 3) / 4
    text = grad(nested_search).source_for(a, 1.0)
    assert "not in (0, 2)" not in text
    assert "== 3" not in text
    step = 1e-6
    for limit in (0.3, 1.0, 50.0):
        found = grad(nested_search)(a, limit)
        for at in np.ndindex(a.shape):
            up, down = a.copy(), a.copy()
            up[at] += step
            down[at] -= step
            slope = (nested_search(up, limit) - nested_search(down, limit)) / (2 * step)
            np.testing.assert_allclose(found[at], slope, rtol=1e-6, atol=1e-8)


def shaped(a):
    rows, columns = a.shape
    return np.sum(a * a) / (rows * columns)


def test_a_shape_needs_no_name():
    text = grad(shaped).source_for(np.ones((2, 3)))
    assert "rows = a.shape[0]" in text
    assert "columns = a.shape[1]" in text


def looks_up(x):
    total = np.sum(x * x)
    return total + x[2]


def test_what_may_raise_says_so():
    text = grad(looks_up).source_for(np.ones(3))
    assert any(line.split()[:1] == ["x[2]"] and line.endswith("may raise") for line in text.splitlines())
    with pytest.raises(IndexError):
        grad(looks_up)(np.ones(2))
