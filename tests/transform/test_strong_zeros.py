"""What is not selected contributes exactly 0, also where its own derivative is infinite or NaN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from srcgrad import grad, vjp

CASES: list[Any] = []
X = np.array([0.0, 0.25, 1.0, 4.0])
NAN = float("nan")


def case(expected: Any, *args: Any) -> Callable:
    """Collects a function with arguments and its gradient with respect to the first."""

    def collect(fun: Callable) -> Callable:
        CASES.append(pytest.param(fun, args or (X,), expected, id=fun.__name__))
        return fun

    return collect


ROOT = [0.0, 1.0, 0.5, 0.25]  # the slope of a square root at X, if nothing comes back from the first element


@case(ROOT)
def where(x):
    return np.sum(np.where(x > 0, np.sqrt(x), 0.0))


@case(ROOT)
def where_behind_a_reshape_and_a_scale(x):
    y = (3.0 * np.sqrt(x)).reshape(2, 2).T
    return np.sum(np.where(y > 0, y, 0.0)) / 3.0


@case(ROOT)
def where_behind_a_concatenation(x):
    y = np.concatenate([np.sqrt(x[:2]), np.sqrt(x[2:])])
    return np.sum(np.where(x > 0, y, 0.0))


@case([0.0, 1.0, 0.5], np.array([NAN, 0.25, 1.0]))
def nansum(x):
    return np.nansum(np.sqrt(x))


@case([0.0, 4.0, 1.0], np.array([-1.0, 0.25, 1.0]))
def nansum_of_a_logarithm(x):
    with_nan = np.log(x)
    return np.nansum(with_nan)


@case([0.0, 2.0, 0.5], np.array([-1.0, 0.25, 1.0]))
def nanmean(x):
    return np.nanmean(np.log(x))


@case([0.0, 0.0, 1.0], np.array([-1.0, 0.25, 1.0]))
def nanmax(x):
    return np.nanmax(np.log(x))


@case([0.0, 4.0, 1.0, 0.25])
def sum_with_where(x):
    return np.sum(np.log(x), where=x > 0)


@case([0.0, 4.0, 1.0, 0.25])
def maximum(x):
    return np.sum(np.maximum(np.log(x), -9.0))


@case([0.0, 4.0, 1.0, 0.25])
def clip(x):
    return np.sum(np.clip(2.0 * np.log(x), -9.0, 9.0)) / 2.0


@case([1.0, np.exp(1.0), 0.0], np.array([0.0, 1.0, 1000.0]))
def minimum_of_an_overflow(x):
    return np.sum(np.minimum(np.exp(x), 100.0))


@case([0.0, -0.25, -0.0625], np.array([-1.0, 1.0, 3.0]))
def quotient_by_a_sum_that_may_be_zero(x):
    return np.sum((1.0 / (1.0 + x))[1:])


@case([-0.125 * np.sqrt(2.0), 0.0, 0.0], np.array([0.0, 900.0, 1000.0]))
def inverse_root_of_a_sum_with_an_exponential(x):
    return np.sum((1.0 + np.exp(x)) ** -0.5)


@case([1.0 / (1.0 + np.pi**2 / 4.0), 0.0], np.array([np.log(np.pi / 2.0), 900.0]))
def arctangent_of_an_exponential(x):
    return np.sum(2.0 * np.arctan(np.exp(x))) / np.pi


@case([0.0, 0.0, 0.0, 0.25])
def max_of_roots(x):
    return np.max(np.sqrt(x))


@case([0.0, 0.5, 0.25, 0.0])
def median(x):
    return np.median(np.sqrt(x))


@case([0.0, 4.0, 1.0, 0.25])
def select(x):
    return np.sum(np.select([x > 0], [np.log(x)], -1.0))


@case([0.0, 4.0, 1.0, 0.25])
def choose(x):
    return np.sum(np.choose((x > 0).astype(int), [np.zeros(4), np.log(x)]))


@case(ROOT)
def mask_index(x):
    return np.sum(np.sqrt(x)[x > 0])


@case(ROOT)
def integer_indices(x):
    return np.sum(np.sqrt(x)[np.array([1, 2, 3])])


@case(ROOT)
def indices_by_take(x):
    return np.sum(np.take(np.sqrt(x), np.flatnonzero(x)))


@case(ROOT)
def slice_without_the_first(x):
    return np.sum(np.sqrt(x)[1:])


@case(ROOT)
def compressed(x):
    return np.sum(np.compress(x > 0, np.sqrt(x)))


@case([0.0, 1.0, 0.5, 0.0], np.array([[0.0, 0.25], [1.0, 0.0]]).reshape(4))
def off_the_diagonal(x):
    return np.sum(np.triu(np.sqrt(x.reshape(2, 2)), 1)) + np.sum(np.tril(np.sqrt(x.reshape(2, 2)), -1))


@case(ROOT)
def elements_in_a_branch(x):
    y = np.sqrt(x)
    s = 0.0
    for i in range(len(x)):
        if x[i] > 0:
            s += y[i]
    return s


@case(ROOT)
def elements_behind_a_continue(x):
    y = np.sqrt(x)
    s = 0.0
    for i in range(len(x)):
        if x[i] == 0:
            continue
        s += 2.0 * y[i]
    return s / 2.0


@case(ROOT)
def rows_in_a_branch(x):
    y = 1.0 * np.sqrt(np.reshape(x, (4, 1)))
    s = 0.0
    for i in range(4):
        if x[i] > 0:
            s += np.sum(y[i])
    return s


@case(ROOT)
def loop_from_one(x):
    y = np.sqrt(x)
    s = 0.0
    for i in range(1, len(x)):
        s += y[i]
    return s


@case(0.0, 0.0)
def number_used_in_a_branch(x):
    r = np.sqrt(x)
    s = 3.0 * x * x
    if x > 0.5:
        s = s + r
    return s


@case(0.0, 0.0)
def number_used_in_a_conditional_expression(x):
    r = np.sqrt(x)
    return r * 2.0 if x > 0.5 else 3.0 * x * x


@case(0.0, 0.0)
def number_used_in_a_branch_of_a_loop(x):
    r = np.sqrt(x)
    s = 3.0 * x * x
    for k in range(3):
        if x > k + 0.5:
            s += r
    return s


@case(np.zeros(2), np.zeros(2))
def distance_used_within_a_cutoff(x):
    r = np.sqrt(np.sum(x * x))
    e = 0.0
    if r > 1.0:
        e += 1.0 / r
    return e


@case(ROOT)
def mask_written(x):
    y = np.sqrt(x)
    y[x == 0] = 0.0
    return np.sum(y)


@case(ROOT)
def first_element_overwritten(x):
    y = np.sqrt(x)
    y[0] = 1.0
    return np.sum(y)


@case(ROOT)
def elements_written_and_masked(x):
    y = np.zeros(4)
    for i in range(4):
        y[i] = np.sqrt(x[i])
    y[x == 0] = 0.0
    return np.sum(y)


@case([0.0, -16.0, -1.0, -0.0625])
def divided_in_place_and_masked(x):
    y = np.ones(4)
    y /= x
    y[x == 0] = 0.0
    return np.sum(y)


LOGS = np.array([0.0, 1.0, 2.0])


@case([0.0, 1.0, 0.5], LOGS)
def one_element_written_and_all_masked(x):
    y = x.copy()
    y[0] = np.log(x[0])
    y[1:] = np.log(x[1:])
    return np.sum(np.where(x > 0, y, 0.0))


@case([1.0, 1.0, np.log(2.0) + 1.0], LOGS)
def elements_written_and_products_masked(x):
    y = np.zeros(3)
    for i in range(3):
        y[i] = np.log(x[i])
    return np.sum(np.where(x > 0, y * x, x))


@case([1.0, 1.0, np.log(2.0) + 1.0], LOGS)
def elements_written_and_products_taken_by_a_mask(x):
    y = np.zeros(3)
    y[:] = np.log(x)
    return np.sum((y * x)[x > 0]) + np.sum(x[x <= 0])


@case([1.0, 2.0, 1.0], LOGS)
def written_through_a_view_and_masked(x):
    y = x.copy()
    v = y[1:]
    v[-1] = np.log(x[2])
    w = y[:1]
    w[0] = np.log(x[0])
    return np.sum(np.where(x > 0, 2.0 * y, x))


@case([1.0, 2.0, 1.0], LOGS)
def the_view_that_was_written_is_masked(x):
    y = x.copy()
    v = y[:2]
    v[0] = np.log(x[0])
    return np.sum(np.where(x[:2] > 0, 2.0 * v, x[:2])) + x[2]


@case([1.0, 8.0, 16.0], LOGS)
def updated_before_all_is_masked(x):
    y = x.copy()
    y[0] = np.log(x[0])
    y += x
    return np.sum(np.where(x > 0, y * y, x))


@case([1.0, 2.0, 4.0], LOGS)
def one_element_divided_in_place_and_all_masked(x):
    y = x.copy()
    y[0] /= x[0]
    return np.sum(np.where(x > 0, y * x, x))


@case([1.0, 2.0], np.array([NAN, 2.0]))
def missing_data_written_and_masked(w):
    y = np.zeros(2)
    for i in range(2):
        y[i] = w[i] * w[i]
    return np.sum(np.where(np.isnan(w), w, 0.5 * y))


@case([2.5, 0.0, -2.5], np.array([0.0, 1.0, 2.0]))
def distances_of_all_pairs_used_off_the_diagonal(x):
    n = len(x)
    d = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            d[i, j] = np.sqrt((x[i] - x[j]) ** 2)
    e = 0.0
    for i in range(n):
        for j in range(n):
            if i != j:
                e += 1.0 / d[i, j]
    return e


@case(ROOT)
def roots_written_and_used_in_a_branch(x):
    y = np.zeros(4)
    for i in range(4):
        y[i] = np.sqrt(x[i])
    s = 0.0
    for i in range(4):
        if x[i] > 0:
            s += y[i]
    return s


@case(ROOT)
def roots_written_and_replaced_one_by_one(x):
    y = np.zeros(4)
    for i in range(4):
        y[i] = np.sqrt(x[i])
    for i in range(4):
        if x[i] == 0:
            y[i] = 0.0
    return np.sum(y)


@case(ROOT)
def roots_taken_in_place_and_used_in_a_branch(x):
    y = np.zeros(4)
    for i in range(4):
        y[i] = x[i]
        y[i] **= 0.5
    s = 0.0
    for i in range(4):
        if x[i] > 0:
            s += y[i]
    return s


@case(ROOT)
def roots_added_in_place_and_cut(x):
    y = np.zeros(4)
    y += np.sqrt(x)
    return np.sum(y[1:])


@case(ROOT)
def roots_added_to_a_part_and_cut(x):
    y = np.zeros(4)
    y[:2] += np.sqrt(x[:2])
    np.add.at(y, np.array([2, 3]), np.sqrt(x[2:]))
    return np.sum(y[1:])


@case([0.0, 1.0, 0.5], X[:3])
def roots_added_at_indices_and_cut(x):
    y = np.zeros(3)
    np.add.at(y, np.array([0, 1, 2]), np.sqrt(x))
    return np.sum(y[1:])


def _inverse_by_recursion(x, k):
    if k == 0:
        return 1.0 / x
    return _inverse_by_recursion(x, k - 1)


@case([0.0, 0.5], np.array([1.5, 0.7]))
def products_with_what_a_recursive_function_divides(w):
    z = w * _inverse_by_recursion(np.array([0.0, 2.0]), 2)
    return np.sum(z[1:])


MEASURED = np.array([NAN, 2.0])


@case([1.4, 3.0], np.array([1.5, 0.7]))
def missing_data_in_tuples_in_a_list(w):
    rows = []
    for i in range(2):
        rows.append((w[0] * MEASURED[i], w[1]))
    s = 0.0
    for a, b in rows:
        s = s + np.where(np.isnan(a), 0.0, a * b)
    return np.sum(s)


@case([[0.0], [0.25]], np.array([[0.0], [4.0]]))
def second_part_of_a_vertical_split(x):
    return np.sum(np.vsplit(np.sqrt(x), 2)[1])


@case([0.0, 0.0], np.array([1.0, 0.5]))
def minimum_of_what_is_scaled_too_far(x):
    return np.sum(np.minimum(np.ldexp(x, 2000) * x, 1.0))


@case(ROOT)
def masked_in_every_iteration(x):
    y = x
    for _ in range(1):
        y = np.where(x > 0, np.sqrt(y), 0.0)
    return np.sum(y)


@case(ROOT)
def root_carried_into_a_mask(x):
    y = x
    for _ in range(1):
        y = np.sqrt(y)
    return np.sum(np.where(x > 0, y, 0.0))


@case([0.0, np.log(0.25) + 1.0, 1.0, np.log(4.0) + 1.0])
def entropy(x):
    return np.sum(np.where(x > 0, x * np.log(x), 0.0))


@case([0.0, np.log(0.25) + 1.0, 1.0, np.log(4.0) + 1.0])
def entropy_by_nansum(x):
    return np.nansum(x * np.log(x))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("fun", "args", "expected"), CASES)
def test_exactly_zero(fun, args, expected):
    for optimize in (True, False):
        got = grad(fun, optimize=optimize)(*args)
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=0.0)
    np.testing.assert_allclose(vjp(fun, *args)[1](1.0)[0], expected, rtol=1e-12, atol=0.0)


SINGULAR: dict[str, tuple[Callable, float]] = {
    **{f.__name__: (f, 0.0) for f in (np.log, np.log2, np.log10, np.reciprocal)},
    **{f.__name__: (f, 2.0) for f in (np.arcsin, np.arccos, np.arctanh)},
    **{"log1p": (np.log1p, -1.0), "arccosh": (np.arccosh, 0.5)},
    **{f.__name__: (lambda c, f=f: f(1.0, c), 0.0) for f in (np.mod, np.fmod, np.divide, np.floor_divide)},
    "negative power": (lambda c: np.power(c, -1.0), 0.0),
    "built-in negative power": (lambda c: pow(c, -1.0), 0.0),
    "float_power": (lambda c: np.float_power(c, -0.5), 0.0),
}
"""Functions that are infinite or undefined somewhere, and where."""


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", SINGULAR)
def test_factors_that_are_infinite_where_nothing_is_read(name):
    factor, singular = SINGULAR[name]
    c = np.array([singular, 0.25 if name != "arccosh" else 1.5])
    assert not np.isfinite(factor(c)[0]) and np.isfinite(factor(c)[1])
    assert grad(lambda w: np.sum((w * factor(c))[1:]))(np.ones(2)).tolist() == [0.0, factor(c)[1]]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("fun", [where, nansum, maximum, choose, compressed, mask_index, mask_written])
def test_in_single_precision(fun):
    got = grad(fun)(X.astype(np.float32))
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, grad(fun)(X), rtol=1e-5, atol=0.0)


def exponents_summed(x):
    y = np.exp(x)
    s = 0.0
    for i in range(len(x)):
        s += y[i]
    return s


def all_elements_of_a_quotient(x):
    y = 1.0 / x
    s = 0.0
    for i in range(1, len(x)):
        s += y[i] * y[i - 1]
    return s


def differences(x):
    y = np.log(x)
    return np.sum((y[1:] - y[:-1]) ** 2)


def rectified(x):
    return np.sum(np.maximum(3.0 * x + np.sin(x), 0.0))


def quotient_in_a_loop(x):
    y = 1.0 / x
    s = 0.0
    for k in range(3):
        s += np.sum(y * k)
    return s


def divided_by_absolutes(x):
    return np.sum(np.maximum(3.0 * x / (1.0 + np.abs(x)), 0.0))


def divided_by_powers(x):
    return np.sum(np.maximum(3.0 * x / (1.0 + x**2), 0.0))


def divided_by_absolutes_of_floats(x):
    return np.sum(np.maximum(3.0 * x / (1.0 + np.fabs(x)), 0.0))


def divided_by_built_in_powers(x):
    return np.sum(np.maximum(3.0 * x / (1.0 + pow(x, 2.0)), 0.0))


def factors_of_built_in_powers(x):
    return np.sum((x * pow(np.array([0.5, 0.6, 0.7, 0.8]), 3.0))[1:])


PLAIN = [
    exponents_summed,
    all_elements_of_a_quotient,
    differences,
    rectified,
    quotient_in_a_loop,
    factors_of_built_in_powers,
]
PLAIN_QUOTIENTS = [
    *(divided_by_absolutes, divided_by_powers, divided_by_absolutes_of_floats, divided_by_built_in_powers)
]


@pytest.mark.parametrize("fun", [*PLAIN, *PLAIN_QUOTIENTS], ids=lambda f: f.__name__)
def test_plain_products_where_no_zero_can_meet_an_infinity(fun):
    assert "masked_product" not in grad(fun).source_for(np.linspace(0.5, 1.0, 4))
