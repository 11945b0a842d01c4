"""Constructs of Python that Numba lacks or has in another form: dicts whose keys depend on the run, contexts."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad.errors import NotJitableError
from srcgrad.testing import check_same

numba = pytest.importorskip("numba")

X = np.array([0.5, 1.5, 2.0, 0.25, 1.25])


def agree(fun: Callable, *args: Any) -> None:
    """Compares the compiled gradient of a function with the interpreted one: numbers, or the error."""
    try:
        expected: Any = srcgrad.value_and_grad(fun)(*args)
    except Exception as error:
        with pytest.raises(type(error)):
            srcgrad.value_and_grad(fun, jit=True)(*args)
        return
    check_same(srcgrad.value_and_grad(fun, jit=True)(*args), expected, fun.__name__, exact=False)


# Dicts


def grouped(x, k):
    groups = {}
    for i in range(len(x)):
        if i % k not in groups:
            groups[i % k] = 1.0
        groups[i % k] *= x[i]
    total = 0.0
    for key in groups:
        total += groups[key] ** 1.5
    return total


def counted(x, k):
    counts = {}
    for v in x:
        counts[int(v * 3)] = counts.get(int(v * 3), 0) + 1
    return sum(v * counts[int(v * 3)] for v in x) * k


def keyed_by_pairs(x, k):
    table = {(0, 0): x[0]}
    for i in range(len(x)):
        for j in range(i):
            table[(i, j)] = x[i] * x[j]
    return sum(v * i for (i, j), v in table.items()) + table[(k, 1)]


def keyed_by_words(x, k):
    names = ["a", "b", "a"]
    sums = {}
    for i in range(3):
        sums[names[i]] = sums.get(names[i], 0.0) + x[i]
    return sums["a"] * sums["b"]


def emptied(x, k):
    table = {}
    for i in range(len(x)):
        table[i] = x[i] ** 2
    del table[1]
    taken = table.pop(2)
    return sum(i * v for i, v in table.items()) * len(table) + taken


def missed(x, k):
    table = {}
    for i in range(k):
        table[i] = x[i]
    return table[k] * x[0]


def of_arrays(x, k):
    table = {}
    for i in range(len(x)):
        table[i % k] = x * (i + 1.0)
    return np.sum(table[0] * table[1])


@pytest.mark.parametrize("fun", [grouped, counted, keyed_by_pairs, keyed_by_words, emptied, missed, of_arrays])
def test_dicts_whose_keys_depend_on_the_run(fun: Callable) -> None:
    agree(fun, X, 2)


# Contexts


def within_errstate(x):
    total = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.where(x > 0.3, np.log(x - 0.3), 0.0)
        for i in range(len(x)):
            with np.errstate(all="warn"):
                total += x[i] ** 2
    return np.sum(y) + total


def within_filters(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = np.sqrt(x)
    return np.sum(y * x)


def raising(x):
    with np.errstate(divide="raise"):
        y = 1.0 / x
    return np.sum(y)


def test_contexts_of_warnings() -> None:
    agree(within_errstate, X)
    agree(within_filters, X)


def test_contexts_that_make_errors_of_warnings_are_refused() -> None:
    with pytest.raises(NotJitableError, match="with"):
        srcgrad.grad(raising, jit=True)(X)


# Arrays that are read-only


def writes_element(x, t, n):
    for i in range(n):
        t[i] += x[i]
    return np.sum(t * x)


def writes_whole(x, t, n):
    t *= 2.0
    return np.sum(t * x) * n


def writes_view(x, t, n):
    part = t[1:]
    if n > 0:
        part[0] = x[0] * n
    return np.sum(t * x)


def fills(x, t, n):
    if n > 0:
        t.fill(2.0)
    return np.sum(t * x)


@pytest.mark.parametrize("fun", [writes_element, writes_whole, writes_view, fills])
def test_writes_to_read_only_arrays_raise_as_in_numpy(fun: Callable) -> None:
    fixed = X.copy()
    fixed.flags.writeable = False
    agree(fun, X, fixed, 2)
    agree(fun, X, X.copy(), 2)
    with pytest.raises(ValueError, match="read-only"):
        srcgrad.grad(fun, jit=True)(X, fixed, 2)
    if fun is not writes_whole:
        agree(fun, X, fixed, 0)
    assert np.array_equal(fixed, X)


def test_which_array_is_written_may_not_depend_on_the_run_if_one_is_read_only() -> None:
    def either(x, t, n):
        u = t if n > 0 else np.zeros(5)
        u[0] = x[0] * 2.0
        return np.sum(u * x)

    fixed = X.copy()
    fixed.flags.writeable = False
    with pytest.raises(NotJitableError, match="which is read-only"):
        srcgrad.grad(either, jit=True)(X, fixed, 2)


# Functions that Numba compiles


@numba.njit(parallel=True)
def parallel(x):
    total = 0.0
    for i in numba.prange(len(x)):
        total += np.sin(x[i]) * x[i]
    return total


def in_parallel(x):
    y = np.zeros(len(x))
    for i in numba.prange(1, len(x)):
        y[i] = x[i] * x[i - 1]
    return np.sum(y**2)


@pytest.mark.parametrize("fun", [parallel, in_parallel])
def test_parallel_ranges_are_ranges(fun: Callable) -> None:
    serial = srcgrad.grad(getattr(fun, "py_func", fun))(X)
    assert srcgrad.grad(fun)(X) == pytest.approx(serial)
    agree(fun, X)


@numba.njit
def bent(v, scale=3.0):
    return v * v * scale


@srcgrad.rules.partials(bent)
def bent_partials(v, scale, out):
    return 20.0 * v * scale, v * v


def bends(x):
    total = 0.0
    for v in x:
        total += bent(v) * v + bent(v, 2.0)
    return total


def stretched(v):
    return v * v


@srcgrad.rules.partials(stretched)
def stretched_partials(v, out):
    return 2.0 * v


def test_rules_of_functions_that_numba_compiles() -> None:
    # The rule tells another slope than the function has.
    expected = 60.0 * X * X + 3.0 * X**2 + 40.0 * X
    assert srcgrad.grad(bends)(X) == pytest.approx(expected)
    agree(bends, X)


def test_rules_of_functions_that_numba_does_not_compile_are_refused() -> None:
    with pytest.raises(NotJitableError, match="decorate it with numba"):
        srcgrad.grad(lambda x: stretched(x[0]) * x[1], jit=True)(X)


# Markers, and derivatives in the program


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: np.sum(x * srcgrad.stop_gradient(x * x)),
        lambda x: sum(srcgrad.stop_gradient(v) * v for v in x),
        lambda x: np.sum(srcgrad.stop_gradient({"a": [x * x, 2.0]})["a"][0] * x),
        lambda x: srcgrad.grad(lambda w: np.sum(w * srcgrad.stop_gradient(w)))(x) @ x,
    ],
)
def test_stop_gradient_is_compiled(fun):
    agree(fun, X)


def detached_is_written(x):
    y = x * 1.0
    detached = srcgrad.stop_gradient(y)
    y[0], detached[1] = 5.0, 2.0
    return np.sum(x * detached * y)


def test_what_is_written_to_a_detached_array_stays_there():
    agree(detached_is_written, X)


def pushed(x):
    out, push = srcgrad.linearize(lambda w: np.tanh(w) * w, x)
    return np.sum(push(out) ** 2)


def pulled_in_turn(x):
    pulls, h = [], x
    for _ in range(3):
        h, pull = srcgrad.vjp(lambda w: np.tanh(w) * x, h)
        pulls.append(pull)
    g = np.ones(len(x))
    for pull in reversed(pulls):
        (g,) = pull(g)
    return np.sum(g * x)


def solved_by_products(x):
    gradient, product = srcgrad.linearize(srcgrad.grad(lambda w: np.sum(np.cosh(w)) + np.sum(w) ** 2), x)
    s, r = np.zeros(len(x)), -gradient
    p, rr = r, r @ r
    for _ in range(4):
        moved = product(p)
        step = rr / (p @ moved)
        s, r = s + step * p, r - step * moved
        before, rr = rr, r @ r
        p = r + rr / before * p
    return np.sum(s**2)


@pytest.mark.parametrize("fun", [pushed, pulled_in_turn, solved_by_products])
def test_sweeps_inside_of_a_compiled_program(fun):
    agree(fun, X)


@srcgrad.custom_vjp
def cube(x):
    return x**3


cube.defvjp(lambda x: (x**3, x), lambda x, g: (3 * x**2 * g,))


def test_a_derivative_of_its_own_is_refused_by_name():
    with pytest.raises(NotJitableError, match="cube has a derivative of its own, which is not compiled"):
        srcgrad.grad(lambda x: np.sum(cube(x)), jit=True)(X)


# Dtypes


def as_python_names_them(x, k):
    y = np.array([x[0], 2.0, k], dtype=float) + x[:3].astype(float) + np.asarray(x, dtype=float)[1]
    z = np.zeros_like(x, dtype=float) + np.arange(len(x), dtype=float) * x
    counts = (x > 1.0).astype(int) * np.ones(len(x), dtype=int)
    flags = np.zeros(len(x), bool)
    flags[k] = True
    return np.sum(y * y) + np.sum(z, dtype=float) * x[1] + np.sum(counts * x) + np.sum(x[flags])


def as_texts_name_them(x, k):
    narrow = x.astype("float32") * np.ones(len(x), dtype="float32")
    return np.sum(narrow.astype("float64") * x) + np.sum(np.zeros(k, dtype=x.dtype) + x[0])


def of_complex_numbers(x, k):
    z = x.astype(complex) * 1j
    return abs(z[k]) * x[0]


def of_sums(x, k):
    narrow = x.astype(np.float32)
    rows = np.sum(np.outer(narrow, narrow), axis=0, dtype=np.float64)
    return np.sum(narrow * narrow, dtype=float) + rows[k] * np.sum(x > 1.0, dtype=int) + np.mean(x, dtype=np.float64)


@pytest.mark.parametrize("fun", [as_python_names_them, as_texts_name_them, of_complex_numbers, of_sums])
def test_dtypes_by_other_names(fun):
    agree(fun, X, 3)


def test_what_stands_in_front_of_the_only_break_of_an_endless_loop() -> None:
    # Numba by itself goes round this loop for ever: see `_always` of the emitter.
    def grown(x):
        k = 0
        while True:
            y = x * (k + 1)
            y[k] = x[0] * x[1]
            k += 1
            if np.sum(y) > 1.5:
                break
        y *= x
        return np.sum(y**2)

    x = np.array([0.4, 0.7, 0.5])
    assert srcgrad.grad(grown, jit=True)(x) == pytest.approx(srcgrad.grad(grown)(x))


def test_a_tape_keeps_what_has_a_shadow_and_no_copy_of_it() -> None:
    def changed_behind_the_loop(x):
        for _ in range(2):
            w = x * x
        w *= x
        return np.sum(w)

    def length_of_the_gradient(x):
        return np.sum(srcgrad.grad(changed_behind_the_loop)(x) ** 2)

    x = np.array([0.4, 0.7, 0.5])
    assert srcgrad.grad(length_of_the_gradient, jit=True)(x) == pytest.approx(36.0 * x**3)


def test_vdot_conjugates() -> None:
    def overlap(a: Any, b: Any) -> Any:
        return np.abs(np.vdot(a, b)) ** 2

    a, b = np.array([1.0 + 2.0j, 3.0 - 1.0j]), np.array([0.5 + 0.0j, -1.0j])
    value, gradient = srcgrad.value_and_grad(overlap, argnums=(0, 1), jit=True)(a, b)
    expected, other = srcgrad.value_and_grad(overlap, argnums=(0, 1))(a, b)
    assert value == pytest.approx(expected)
    assert np.allclose(gradient, other)


# Diagonals


def test_diagonals_can_not_be_written() -> None:
    def set_first(x: Any) -> Any:
        a = np.outer(x, x)
        np.diag(a)[0] = 2.0
        return np.sum(a)

    def added(x: Any) -> Any:
        a = np.outer(x, x)
        d = a.diagonal()[1:]
        d += 2.0
        return np.sum(a)

    for fun in (set_first, added):
        for jit in (False, True):
            with pytest.raises(ValueError, match="read-only"):
                srcgrad.grad(fun, jit=jit)(X)


def test_passive_diagonals_of_stacks_show_what_is_written() -> None:
    def scaled(x: Any) -> Any:
        a = np.ones((2, 3, 3))
        shown = np.diagonal(a, 0, 1, 2)
        a[0] = 2.0
        return np.sum(shown) * x[0]

    np.testing.assert_array_equal(srcgrad.grad(scaled, jit=True)(X), [9.0, 0, 0, 0, 0])
