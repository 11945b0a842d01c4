"""Calls of gradients: what a call that fits the code used last skips, and what it never skips."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
import weakref

import numpy as np
import pytest

from srcgrad import grad, hvp, rules, value_and_grad
from srcgrad.errors import UnsupportedError

A = 2.0
a0 = v1 = rest = 3.0
range_of_python = range
type = "a name that hides a built-in one"


def with_global(x):
    return A * x * x


def with_names_of_checks(x, y):
    return x * x * a0 + y * v1 * rest


def with_hidden_builtins(x):
    return x * x * len(type)


def of_arrays(x, k):
    return np.sum(x * x) * k


def of_two(x, y):
    return x * x * y


@pytest.fixture(params=[False, True], ids=["plain", "jit"])
def jit(request):
    if request.param:
        pytest.importorskip("numba")
    return request.param


def is_settled(gradient):
    return gradient.__call__.__code__.co_filename == "<srcgrad call>"


def test_globals_are_read_at_each_call(monkeypatch, jit):
    g = grad(with_global, jit=jit)
    assert [g(1.0), g(1.0)] == [4.0, 4.0]
    assert is_settled(g)
    for value in (3.0, 5, np.float64(7.0), 2.0, np.array([1.0, 2.0])[0], True):
        monkeypatch.setitem(globals(), "A", value)
        assert g(1.0) == grad(with_global)(1.0) == 2.0 * float(value)
    monkeypatch.delitem(globals(), "A")
    with pytest.raises(UnsupportedError, match="A"):
        g(1.0)
    monkeypatch.undo()
    assert g(1.0) == 4.0


def test_globals_may_have_the_names_that_checks_use(monkeypatch, jit):
    g = grad(with_names_of_checks, (0, 1), jit=jit)
    assert [g(1.0, 1.0), g(1.0, 1.0)] == [(6.0, 9.0), (6.0, 9.0)]
    for name in ("a0", "v1", "rest"):
        monkeypatch.setitem(globals(), name, 10.0)
    assert g(1.0, 1.0) == (20.0, 100.0)
    monkeypatch.setitem(globals(), "rest", 10)
    assert g(1.0, 1.0) == (20.0, 100.0)


def test_globals_may_hide_builtins(monkeypatch):
    g = grad(with_hidden_builtins)
    assert g(1.0) == g(1.0) == 2.0 * len(type)
    monkeypatch.setitem(globals(), "len", lambda text: 5.0)
    assert g(1.0) == 10.0
    monkeypatch.delitem(globals(), "len")
    assert g(1.0) == 2.0 * len(type)


def of_a_range(x):
    total = 0.0
    for k in range(3):
        total += x * x * k
    return total


def test_a_new_global_hides_what_is_built_in(monkeypatch, jit):
    g = grad(of_a_range, jit=jit)
    assert [g(1.0), g(1.0)] == [6.0, 6.0]
    monkeypatch.setitem(globals(), "range", lambda n: (5.0,) * n)
    assert [g(1.0), g(1.0)] == [30.0, 30.0]
    monkeypatch.setitem(globals(), "range", range_of_python)
    assert [g(1.0), g(1.0)] == [6.0, 6.0]
    monkeypatch.delitem(globals(), "range")
    assert [g(1.0), g(1.0)] == [6.0, 6.0]
    assert is_settled(g)


def test_variables_of_closures_are_read_at_each_call(jit):
    k = 1.0

    def change(value):
        nonlocal k
        k = value

    def forget():
        nonlocal k
        del k

    def loss(x):
        return k * x * x

    g = grad(loss, jit=jit)
    for value in (2.0, 3.0, 4, np.float32(5.0), 6.0):
        change(value)
        assert g(1.0) == g(1.0) == 2.0 * value
    forget()
    with pytest.raises(UnsupportedError, match="'k'"):
        g(1.0)


def test_an_integer_is_taken_as_a_float(jit):
    g = grad(of_two, jit=jit)
    assert [g(3, 2.0), g(3, 2.0), g(3.0, 2.0), g(3, 2.0)] == [12.0] * 4
    assert is_settled(g)
    assert g(3, 2) == 12.0
    for wrong, error in ((10**400, OverflowError), (True, Exception), ("3", Exception)):
        with pytest.raises(error):
            g(wrong, 2.0)
    assert g(3, 2.0) == 12.0


def test_keywords_and_wrong_calls(jit):
    g = grad(of_two, jit=jit)
    for _ in range(2):
        assert g(3.0, 2.0) == g(3.0, y=2.0) == g(y=2.0, x=3.0) == g(y=2.0, x=3) == 12.0
    for args, kwargs in (((), {}), ((1.0,), {}), ((1.0, 2.0, 3.0), {}), ((1.0, 2.0), {"y": 1.0}), ((1.0,), {"z": 1.0})):
        with pytest.raises(TypeError) as raised:
            g(*args, **kwargs)
        with pytest.raises(TypeError) as wanted:
            of_two(*args, **kwargs)
        assert str(raised.value) == str(wanted.value)


def test_keywords_alone(jit):
    def loss(x, *, p=1.0):
        return x * x * p

    def of_many(x, *xs, **named):
        return x * x + sum(xs) + sum(named.values())

    g, many = grad(loss, jit=jit), grad(of_many)
    assert [g(x=2.0), g(x=2.0), g(2.0, p=3.0), g(2.0, p=3.0), g(x=2.0), g(p=3.0, x=2)] == [
        4.0,
        4.0,
        12.0,
        12.0,
        4.0,
        12.0,
    ]
    assert [many(2.0, (1.0)), many(2.0, 1.0, y=3.0), many(x=2.0, y=3.0), many(2.0)] == [4.0] * 4
    for _ in range(2):
        with pytest.raises(TypeError):
            g(2.0, 3.0)


def test_gradients_of_gradients_follow_what_changes(monkeypatch):
    second = grad(grad(with_global))
    third = grad(second)
    assert [second(1.0), second(1.0), third(1.0), third(1.0)] == [4.0, 4.0, 0.0, 0.0]
    assert is_settled(second)
    monkeypatch.setitem(globals(), "A", 5.0)
    assert [second(1.0), second(1), second(x=1.0), second(np.float64(1.0)), third(1.0)] == [10.0] * 4 + [0.0]
    monkeypatch.setitem(globals(), "A", 7)
    assert [second(1.0), second(1.0)] == [14.0, 14.0]
    product = hvp(with_global)
    assert [product(1.0, 2.0), product(1.0, 2.0)] == [28.0, 28.0]
    monkeypatch.setattr(with_global, "__code__", (lambda x: A * x * x * x).__code__)
    assert [second(1.0), product(1.0, 2.0), third(1.0)] == [42.0, 84.0, 42.0]


def test_gradients_of_gradients_of_functions_that_are_made_anew():
    def make(k):
        return lambda x: k * x * x * x

    kept = [grad(grad(make(k))) for k in (1.0, 2.0, 3.0)]
    for _ in range(2):
        assert [second(1.0) for second in kept] == [6.0, 12.0, 18.0]


def test_defaults_that_are_not_given_stay_with_the_function(jit):
    def loss(x, k=2.0, *, p=1.0):
        return x * x * k * p

    g = grad(loss, jit=jit)
    calls = [lambda: g(1.0), lambda: g(1.0, 5.0), lambda: g(1.0, k=5.0), lambda: g(1.0, p=3.0), lambda: g(1.0)]
    for _ in range(2):
        assert [call() for call in calls] == [4.0, 10.0, 10.0, 12.0, 4.0]
    loss.__defaults__ = (7.0,)
    assert g(1.0) == 14.0


def test_code_that_was_swapped_is_called_as_its_own_parameters_say():
    def make():
        def loss(x, y):
            return x * x * y

        return loss

    def other(y, x):
        return x * y * y * y

    def longer(x, y, z):
        return x * y * z

    # From the second one on, functions of the same code share what is compiled.
    for _ in range(3):
        loss = make()
        g = grad(loss)
        assert g(2.0, 3.0) == g(2.0, 3.0) == g(y=3.0, x=2.0) == 12.0
        loss.__code__ = other.__code__
        assert g(y=3.0, x=2.0) == 27.0
        assert g(3.0, 2.0) == 27.0
        loss.__code__ = longer.__code__
        assert g(2.0, 3.0, 4.0) == 12.0


def triple(x):
    return 3.0 * x


def of_triple(x):
    return triple(x) * x


def test_a_new_rule_holds_at_once():
    g = grad(of_triple)
    assert g(1.0) == g(1.0) == 6.0
    assert is_settled(g)
    rules.vjp(triple)(lambda g, z, x: 100.0 * g)
    assert not is_settled(g)
    assert g(1.0) == 103.0


def test_stretched_arrays_in_compiled_code():
    pytest.importorskip("numba")

    def loss(x, y):
        n = len(y) // 2
        return np.sum(x[:n] * y[n:])

    g = grad(loss, jit=True)
    x, y = np.arange(1.0, 5.0), np.arange(8.0)
    for other in (y, y, y[:2], y, y[:2]):
        np.testing.assert_array_equal(g(x, other), grad(loss)(x, other))
    value, gradients = value_and_grad(loss, (0, 1), jit=True)(x, y)
    assert value == loss(x, y)
    np.testing.assert_array_equal(gradients[1][4:], x)


def test_a_tuple_of_one_gradient_stays_one(monkeypatch, jit):
    g = grad(with_global, argnums=(0,), jit=jit)
    assert [g(1.0), g(1.0)] == [(4.0,), (4.0,)]
    assert grad(with_global, argnums=(0,), jit=jit)(np.float64(1.0)) == (4.0,)


def test_one_gradient_for_arrays_of_many_kinds(jit):
    g = grad(lambda x: np.sum(x * x), jit=jit)
    arrays = [np.ones(3), np.ones(1), np.ones((2, 3)), np.ones((1, 3)), np.array(2.0), np.ones(3, np.float32)]
    for _ in range(2):
        for x in [*arrays, np.ones((3, 2)).T, np.ones(6)[::2], 2.0, np.float32(2.0)]:
            got = g(x)
            np.testing.assert_array_equal(got, 2 * x)
            if isinstance(x, (np.ndarray, np.float32)):
                assert got.dtype == x.dtype
                assert np.shape(got) == np.shape(x)


def test_arrays_in_trees_of_many_kinds(jit):
    g = grad(lambda p: np.sum(p[0] * p[0]) + p[1], jit=jit)
    for _ in range(2):
        for x in (np.ones(3), np.ones(3, np.float32), np.ones((2, 3)), np.ones(1), np.ones((2, 1), np.float32)):
            got, one = g((x, 1.0))
            np.testing.assert_array_equal(got, 2 * x)
            assert (got.dtype, got.shape, one) == (x.dtype, x.shape, 1.0)


def test_a_subclass_of_arrays_stays_refused(jit):
    g = grad(of_arrays, jit=jit)
    assert g(np.ones(3), 2)[0] == g(np.ones(3), 2)[0] == 4.0
    for wrong in (np.ma.array(np.ones(3)), np.arange(3), [1.0, 2.0], np.ones(3, ">f8").astype(object)):
        with pytest.raises(Exception):  # noqa: B017
            g(wrong, 2)
    big = g(np.ones(3, ">f8"), 2) if not jit else np.full(3, 4.0)
    np.testing.assert_array_equal(big, np.full(3, 4.0))
    np.testing.assert_array_equal(g(np.ones(3, np.longdouble), 2) if not jit else big, big)
    for k in (2, np.int64(2), np.int32(2), True, 2.0, np.float32(2.0)):
        np.testing.assert_array_equal(g(np.ones(3), k), np.full(3, 2.0 * k))


def test_a_gradient_is_no_garbage_that_must_be_looked_for():
    gc.disable()
    try:
        g = grad(with_global)
        g(1.0)
        g(1.0)
        known = weakref.ref(g)
        call = g.__call__
        del g
        assert known() is None
        assert call(1.0) == call(x=1.0) == 4.0
    finally:
        gc.enable()


def test_copies_and_threads(jit):
    g = grad(of_two, jit=jit)
    g(1.0, 2.0)
    for other in (copy.copy(g), pickle.loads(pickle.dumps(grad(of_two)))):
        assert other(3.0, 2.0) == other(3.0, 2.0) == 12.0
    found = []
    threads = [
        threading.Thread(target=lambda k=k: found.extend([g(float(j), 2.0) - 4.0 * j for j in range(300)]))
        for k in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [0.0] * 1200
