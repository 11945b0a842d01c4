"""What `vjp` and the others take: bound arguments, methods, and primals that are one object or share memory."""

from __future__ import annotations

import collections
import copy
import dataclasses
import functools
from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad.testing import check_same


def in_the_star(*factors: Any) -> Any:
    return factors[0] * factors[1] ** 2


def test_what_is_bound_may_be_in_the_star() -> None:
    bound = functools.partial(in_the_star, 2.0)
    assert srcgrad.grad(bound)(3.0) == 12.0
    assert srcgrad.hessian(bound)(3.0) == 4.0
    assert srcgrad.vjp(bound, 3.0)[1](1.0) == (12.0,)
    assert srcgrad.jvp(bound, (3.0,), (1.0,)) == (18.0, 12.0)
    assert srcgrad.linearize(bound, 3.0)[1](2.0) == 24.0


class Scaled:
    factor = 2.0

    @srcgrad.checkpoint
    def total(self, x: Any) -> Any:
        return np.sum(x) * self.factor

    def by_star(*given: Any) -> Any:
        return np.sum(given[1]) * given[0].factor


@pytest.mark.parametrize("method", [Scaled().total, Scaled().by_star])
def test_methods_whose_first_parameter_is_the_star(method: Any) -> None:
    x = np.array([0.3, 0.7, 1.1])
    np.testing.assert_allclose(srcgrad.grad(method)(x), np.full(3, 2.0))
    np.testing.assert_allclose(srcgrad.vjp(method, x)[1](3.0)[0], np.full(3, 6.0))


OUTSIDE = [1.0, 2.0]
SCALES = np.array([1.0, 2.0, 3.0, 4.0])


def written_in_one(p: Any, q: Any) -> Any:
    p[0] = p[0] * 3.0
    return q[0] * q[0]


def written_in_both(pair: Any) -> Any:
    pair[0][0] = pair[0][0] * 3.0
    return pair[1][0] * pair[0][0]


def written_and_read_outside(p: Any) -> Any:
    p[0] = p[0] * 5.0
    return p[0] * OUTSIDE[0]


def written_outside(p: Any) -> Any:
    SCALES[0] = p[0] * 5.0
    return np.sum(p * SCALES)


_shared = [1.5, 2.5]


@pytest.mark.parametrize(
    ("fun", "primals"),
    [
        (written_in_one, (_shared, _shared)),
        (written_in_both, ([_shared, _shared],)),
        (written_and_read_outside, (OUTSIDE,)),
        (written_outside, (SCALES,)),
    ],
)
def test_primals_that_are_one_object_are_found_to_be(fun: Any, primals: Any) -> None:
    before = copy.deepcopy((primals, OUTSIDE, SCALES))
    for derivative in (srcgrad.vjp, srcgrad.linearize):
        with pytest.raises(srcgrad.errors.SrcgradError):
            derivative(fun, *primals)
    check_same((primals, OUTSIDE, SCALES), before, "the primals and what is outside")


def test_primals_that_are_equal_are_not_one_object() -> None:
    assert srcgrad.vjp(written_in_one, {0: 1.5}, {0: 1.5})[0] == 2.25


ROWS = np.array([[1.0, 2.0], [3.0, 4.0], [0.5, 0.7]])
LISTED = [np.array([1.0, 2.0]), np.array([3.0, 0.4])]


def kept_rows(a: Any) -> Any:
    rows = []
    for row in a:
        if row[0] > 0.1:
            rows.append(row)
    total = 0.0
    for row in rows:
        total += np.sum(np.sin(row) * row) * ROWS[0, 1]
    return total


def kept_arrays(arrays: Any) -> Any:
    total = 0.0
    for v in arrays:
        total += np.sum(v**3) * LISTED[1][0]
    return total


@pytest.mark.parametrize(("fun", "primal"), [(kept_rows, ROWS), (kept_arrays, LISTED)])
def test_a_pullback_of_what_is_outside_as_well_sees_no_later_writes(fun: Any, primal: Any) -> None:
    before, expected = copy.deepcopy(primal), srcgrad.grad(fun)(primal)
    try:
        pull = srcgrad.vjp(fun, primal)[1]
        for part in primal:
            part[...] = 9.0
        check_same(pull(1.0)[0], expected, fun.__name__, exact=False)
    finally:
        for part, value in zip(primal, before, strict=True):
            part[...] = value


@dataclasses.dataclass
class Pair:
    a: Any
    b: Any


def test_fields_of_arguments_are_not_handed_out() -> None:
    x, y = np.array([0.3, 0.7, 1.1]), np.array([1.0, 2.0, 0.5])
    pair = Pair(x, y)
    given = srcgrad.grad(lambda d: d.a @ d.b)(pair)
    by_number = srcgrad.grad(lambda q, d: q @ d.a)(x, pair)
    aux = srcgrad.grad(lambda s, d: (s * s, d.a), has_aux=True)(2.0, pair)[1]
    out = srcgrad.jvp(lambda d: d.a, (pair,), (None,))[0]
    column = srcgrad.jacfwd(lambda q, d: q * d.a)(2.0, pair)
    for made in (given.a, given.b, by_number, aux, out, column):
        assert not np.shares_memory(made, x)
        assert not np.shares_memory(made, y)


Point = collections.namedtuple("Point", "a b")


@pytest.mark.parametrize("cls", [Point, Pair])
@pytest.mark.parametrize("fun", [lambda q: q, lambda q: (q.a, q.b), lambda q: Point(q.b, q.a)])
def test_fields_that_are_returned_as_they_are(cls: Any, fun: Any) -> None:
    x, y = np.array([0.3, 0.7, 1.1]), np.array([1.0, 2.0, 0.5])
    out, pull = srcgrad.vjp(fun, cls(x, y))
    check_same(out, fun(cls(x, y)), "the value")
    given = type(out)((y, x)) if type(out) is tuple else type(out)(y, x)
    first, second = (y, x) if fun(cls(1, 2)) in (cls(1, 2), (1, 2)) else (x, y)
    check_same(pull(given)[0], cls(first, second), "the cotangents")


@pytest.mark.parametrize("cls", [Point, Pair])
def test_an_aux_of_a_class_is_passed_through(cls: Any) -> None:
    assert srcgrad.jvp(lambda s: (s * s, cls(s, 2.0)), (2.0,), (1.0,), has_aux=True) == (4.0, 4.0, cls(2.0, 2.0))
    assert srcgrad.hvp(lambda s: (s * s, cls(s, 1.0)), has_aux=True)(2.0, 1.0) == (2.0, cls(2.0, 1.0))
