"""When code is compiled, when it is used again, and that it is never stale."""

from __future__ import annotations

import gc
import sys
import threading
import types
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

from srcgrad import grad, hessian, vjp
from srcgrad.backend import building, dispatch, twins
from srcgrad.errors import UnsupportedError


@pytest.fixture(autouse=True)
def forgotten(monkeypatch):
    """No test finds what another one has compiled."""
    monkeypatch.setattr(twins, "_pools", OrderedDict())
    monkeypatch.setattr(twins, "_shared", OrderedDict())


@pytest.fixture
def compiled(monkeypatch):
    """Collects the names of the functions that are compiled during the test."""
    names: list[str] = []
    original = building.lower_program

    def counting(fn, *args, **kwargs):
        names.append(fn.__name__)
        return original(fn, *args, **kwargs)

    monkeypatch.setattr(building, "lower_program", counting)
    return names


FACTOR: Any = 2.0
TABLE: Any = {"a": 2.0, "b": (3.0, 1)}


def helper(x):
    return x * x


def with_helper(x):
    return helper(x)


def with_factor(x):
    return np.sum(FACTOR * x)


def with_table(x):
    return TABLE["a"] * x * TABLE["b"][1]


# ---------------------------------------------------------------------------------------------- laziness and caching


def test_nothing_is_compiled_at_decoration(compiled):
    g = grad(with_helper)
    assert compiled == []
    assert g.__name__ == "with_helper_grad"
    assert compiled == []


def test_a_helper_may_be_defined_later():
    g = grad(lambda x: later(x))  # noqa: F821
    with pytest.raises(UnsupportedError, match="'later' is not defined"):
        g(3.0)
    globals()["later"] = helper
    try:
        assert g(3.0) == 6.0
    finally:
        del globals()["later"]


def test_compiled_once_per_kinds(compiled):
    g = grad(lambda a, b: np.sum(a * b))
    for _ in range(3):
        g(1.0, 2.0)
        g(2.5, 3.0)
    assert len(compiled) == 1
    for n in (2, 3, 5, 1000):
        g(1.0, np.ones(n))
    assert len(compiled) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1.0, np.float64(1.0)),
        (np.float32(1), np.float64(1)),
        (np.ones(3), np.ones(1)),
        (np.ones(3), np.ones((3, 3))),
        (np.ones((1, 3)), np.ones((3, 1))),
        (np.ones(3), np.ones(3, np.float32)),
        (np.array(1.0), 1.0),
        ([1.0], (1.0,)),
        ([1.0], [1.0, 2.0]),
        ({"a": 1.0}, {"b": 1.0}),
        ((1.0, 2), (1.0, 2.0)),
        ((1.0, "a"), (1.0, "b")),
    ],
    ids=str,
)
def test_kinds_that_have_code_of_their_own(compiled, one, other):
    g = grad(lambda x, tree: np.sum(x * x))
    for _ in range(2):
        g(2.0, one)
        g(2.0, other)
    assert len(compiled) == 2


def test_kinds_that_share_code(compiled):
    g = grad(lambda x, tree: np.sum(x * x))
    g(1.0, {"a": (1.0, [2])})
    g(1.0, {"a": (5.0, [7])})
    g(2, {"a": (5.0, [7])})
    g(1.0, tree={"a": (5.0, [7])})
    assert len(compiled) == 1


def test_the_variant_is_the_same_object():
    g = grad(helper)
    g(1.0)
    first = g._dispatcher.last
    g(np.float64(1.0))
    assert g._dispatcher.last is not first
    g(4.0)
    assert g._dispatcher.last is first


def test_vjp_finds_its_code_again(compiled):
    for k in range(4):
        assert vjp(helper, float(k))[1](1.0) == (2.0 * k,)
    assert len(compiled) == 1


def test_fast_and_general_path_agree(monkeypatch):
    fast, general = grad(with_table), grad(with_table)
    monkeypatch.setattr(general._dispatcher, "_remember", lambda *args: None)
    for x in (1.0, 2, np.float32(3), np.float64(4)):
        for _ in range(2):
            assert fast(x) == general(x)
    assert fast._dispatcher.check((np.float64(1),)) is not None
    assert general._dispatcher.check((np.float64(1),)) is None


@pytest.mark.parametrize(
    ("fits", "others"),
    [
        (1.0, [1, True, np.float64(1), np.array(1.0), None, "1", [1.0]]),
        (np.float32(1), [1.0, np.float64(1), np.array(1, np.float32)]),
        (
            np.ones((2, 1)),
            [np.ones((1, 2)), np.ones((2, 2)), np.ones(2), np.ones((2, 1), np.float32), 1.0, [[1.0], [1.0]]],
        ),
        (np.array(1.0), [np.ones(1), 1.0, np.float64(1)]),
        ((1.0, 2), [[1.0, 2], (1.0, 2.0), (1.0,), (1.0, 2, 3)]),
        ({"a": 1.0, "b": [2]}, [{"a": 1.0}, {"a": 1.0, "b": (2,)}, {"b": [2], "a": 1.0}, {"a": 1.0, "b": [2], "c": 3}]),
        ("one", ["two", None, 1.0]),
        (None, ["None", 0.0]),
        ([1.0] * 20, [[1] * 20, [1.0] * 3, (1.0,) * 20, [1.0] * 19 + [1]]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_the_fast_path_takes_only_what_fits(fits, others):
    g = grad(lambda x, tree: x * x)
    g(1.0, fits)
    check = g._dispatcher.check
    assert check((1.0, fits)) is not None
    for other in others:
        assert check((1.0, other)) is None
    assert check((1.0,)) is None
    assert check((1.0, fits, fits)) is None


def test_the_fast_path_tells_objects_apart():
    class Model:
        def __init__(self, k):
            self.k = k

    g = grad(lambda x, model: model.k * x)
    a, b = Model(2.0), Model(3.0)
    assert [g(1.0, m) for m in (a, a, b, b, a)] == [2.0, 2.0, 3.0, 3.0, 2.0]
    a.k = 5.0
    assert g(1.0, a) == 5.0
    in_a_list = grad(lambda x, models: models[0].k * x)
    assert [in_a_list(1.0, [m]) for m in (a, a, b)] == [5.0, 5.0, 3.0]


def test_functions_as_arguments():
    g = grad(lambda x, f: f(x))
    assert [g(2.0, f) for f in (helper, np.negative, helper, lambda x: x * 7.0)] == [4.0, -1.0, 4.0, 7.0]


# ---------------------------------------------------------------------------------------------- nothing is stale


def test_rebound_helper(monkeypatch):
    g = grad(with_helper)
    assert (g(3.0), g(3.0)) == (6.0, 6.0)
    monkeypatch.setitem(globals(), "helper", lambda x: 5.0 * x)
    assert (g(3.0), g(3.0)) == (5.0, 5.0)
    monkeypatch.undo()
    assert g(3.0) == 6.0


def test_helper_with_new_code(monkeypatch):
    def changing(x):
        return x * x

    def other(x):
        return 4.0 * x

    g = grad(lambda x: changing(x))
    assert g(3.0) == 6.0
    changing.__code__ = other.__code__
    assert g(3.0) == 4.0


def test_the_function_itself_gets_new_code():
    def changing(x):
        return x * x

    def other(x):
        return 4.0 * x

    g = grad(changing)
    assert g(3.0) == 6.0
    changing.__code__ = other.__code__
    assert g(3.0) == 4.0


@pytest.mark.parametrize("value", [3.0, 4, np.float32(5), np.array([1.0, 2.0]), np.ones(1), True])
def test_rebound_global(monkeypatch, value):
    g = grad(with_factor)
    assert (g(1.0), g(1.0)) == (2.0, 2.0)
    monkeypatch.setitem(globals(), "FACTOR", value)
    assert (g(1.0), g(1.0)) == (np.sum(value), np.sum(value))
    monkeypatch.undo()
    assert g(1.0) == 2.0


def test_a_global_of_the_same_kind_is_not_compiled_again(monkeypatch, compiled):
    g = grad(with_factor)
    g(1.0)
    for k in range(5):
        monkeypatch.setitem(globals(), "FACTOR", float(k))
        assert g(1.0) == k
    assert len(compiled) == 1


def test_global_array_written_in_place(monkeypatch, compiled):
    values = np.ones(3)
    monkeypatch.setitem(globals(), "FACTOR", values)
    g = grad(with_factor)
    assert g(1.0) == 3.0
    values[:] = 2.0
    assert g(1.0) == 6.0
    assert len(compiled) == 1


def test_global_container_written_in_place(monkeypatch):
    table = {"a": 2.0, "b": (3.0, 1)}
    monkeypatch.setitem(globals(), "TABLE", table)
    g = grad(with_table)
    assert g(1.0) == 2.0
    table["a"] = 7.0
    assert g(1.0) == 7.0
    table["a"] = np.float64(8.0)
    assert g(1.0) == 8.0
    table["b"] = (0.0, 10)
    assert g(1.0) == 80.0


def test_a_global_that_is_gone(monkeypatch):
    g = grad(with_factor)
    assert g(1.0) == 2.0
    monkeypatch.delitem(globals(), "FACTOR")
    with pytest.raises(UnsupportedError, match="'FACTOR' is not defined"):
        g(1.0)
    monkeypatch.undo()
    assert g(1.0) == 2.0


def test_rebound_closure_variable():
    def make():
        k = 2.0

        def f(x):
            return k * x

        def set_k(value):
            nonlocal k
            k = value

        return grad(f), set_k

    g, set_k = make()
    assert (g(1.0), g(1.0)) == (2.0, 2.0)
    set_k(3.0)
    assert g(1.0) == 3.0
    set_k(np.float64(4.0))
    assert g(1.0) == 4.0


def test_closures_of_the_same_code():
    gradients = [grad(lambda x, k=k: k * x * x) for k in (1.0, 2.0, 3.0)]

    def make(k):
        return grad(lambda x: k * x * x)

    cells = [make(k) for k in (1.0, 2.0, np.float64(3.0))]
    assert [g(1.0) for g in gradients] == [g(1.0) for g in cells] == [2.0, 4.0, 6.0]
    assert [g(1.0) for g in reversed(cells)] == [6.0, 4.0, 2.0]


def test_rebound_defaults():
    def f(x, k=2.0, *, c=1.0):
        return k * x + c * x

    g = grad(f)
    assert (g(1.0), g(1.0)) == (3.0, 3.0)
    f.__defaults__ = (5.0,)
    assert g(1.0) == 6.0
    assert f.__kwdefaults__ is not None
    f.__kwdefaults__["c"] = 10.0
    assert g(1.0) == 15.0
    f.__kwdefaults__ = {"c": 0.0}
    assert g(1.0) == 5.0


def test_rebound_default_of_a_helper():
    def inner(x, k=2.0):
        return k * x

    g = grad(lambda x: inner(x))
    assert (g(1.0), g(1.0)) == (2.0, 2.0)
    inner.__defaults__ = (5.0,)
    assert g(1.0) == 5.0


def test_rebound_attribute_of_a_module(monkeypatch):
    library = types.ModuleType("library")
    library.scale = lambda x: 2.0 * x
    g = grad(lambda x: library.scale(x))
    assert (g(1.0), g(1.0)) == (2.0, 2.0)
    library.scale = lambda x: 3.0 * x
    assert (g(1.0), g(1.0)) == (3.0, 3.0)


def test_a_gradient_of_a_gradient_is_not_stale(monkeypatch):
    g = grad(grad(lambda x: FACTOR * helper(x)))
    assert (g(3.0), g(3.0)) == (4.0, 4.0)
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    assert g(3.0) == 10.0
    monkeypatch.setitem(globals(), "helper", lambda x: x**3)
    assert g(1.0) == 30.0


# ---------------------------------------------------------------------------------------------- threads, recursion


def test_first_call_from_many_threads(compiled):
    g = grad(lambda x: np.sum(np.sin(x) * x))
    x = np.linspace(0.0, 1.0, 50)
    expected = np.cos(x) * x + np.sin(x)
    start = threading.Barrier(8)
    results: list[Any] = []

    def work():
        start.wait()
        results.append(g(x))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(results) == 8
    for result in results:
        np.testing.assert_allclose(result, expected)
    assert len(compiled) == 1


def test_the_recursion_limit_is_restored():
    before = sys.getrecursionlimit()
    grad(lambda x: x * x)(1.0)
    assert sys.getrecursionlimit() == before
    with pytest.raises(UnsupportedError):
        grad(lambda x: undefined_name * x)(1.0)  # noqa: F821
    assert sys.getrecursionlimit() == before
    with dispatch.compiling(before + 100):
        assert sys.getrecursionlimit() == before + 100
        with dispatch.compiling(before + 50):
            assert sys.getrecursionlimit() == before + 100
    assert sys.getrecursionlimit() == before


def test_garbage_collection_goes_on_after_compiling():
    assert gc.isenabled()
    with dispatch.compiling(1000):
        assert not gc.isenabled()
        with dispatch.compiling(1000):
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(UnsupportedError):
        grad(lambda x: undefined_name * x)(1.0)  # noqa: F821
    assert gc.isenabled()
    gc.disable()
    try:
        grad(lambda x: x * x)(1.0)
        assert not gc.isenabled()
    finally:
        gc.enable()


RNG = np.random.default_rng(0)


def test_methods_of_the_library_that_are_made_anew_at_each_access(compiled):
    def histogram(x):
        bins = np.zeros(2)
        np.add.at(bins, [0, 1, 1], x)
        return np.sum(bins * bins) * RNG.uniform(1.0, 1.0)

    gradient = grad(histogram)
    for _ in range(3):
        assert gradient(np.array([1.0, 2.0, 3.0])).tolist() == [2.0, 10.0, 10.0]
    assert gradient(x=np.array([1.0, 2.0, 3.0])).tolist() == [2.0, 10.0, 10.0]
    assert compiled == ["histogram"]


def test_a_method_of_another_object_is_another_one(compiled, monkeypatch):
    lengths = [1.0]

    def scaled(s):
        return s * lengths.count(1.0) + TABLE.get("a") * s

    gradient = grad(scaled)
    assert gradient(1.0) == 3.0
    monkeypatch.setitem(globals(), "TABLE", {"a": 5.0})
    assert gradient(1.0) == 6.0


# ---------------------------------------------------------------------------------------------- functions made anew


def scaled(k, more=None):
    def inner(t):
        return t * k

    def outer(z):
        return inner(z) ** 2 * k + (0.0 if more is None else more(z))

    return outer


def test_functions_made_of_the_same_code_are_compiled_once(compiled):
    found = [grad(scaled(k))(2.0) for k in (1.0, 2.0, 3.0, 4.0)]
    assert found == [4.0, 32.0, 108.0, 256.0]
    # The first of them may be the only one.
    assert len(compiled) == 2


def test_a_function_is_compiled_once_for_all_gradients_of_it(compiled):
    assert [grad(with_helper)(x) for x in (1.0, 2.0)] == [2.0, 4.0]
    assert len(compiled) == 1


def test_functions_of_one_code_beside_each_other(compiled):
    gradients = [grad(scaled(k)) for k in (1.0, 2.0, 3.0)]
    assert [g(2.0) for g in (*gradients, *reversed(gradients))] == [4.0, 32.0, 108.0, 108.0, 32.0, 4.0]


def test_one_code_twice_in_what_a_function_captures():
    def both(a, b):
        f, g = scaled(a), scaled(b)
        return grad(lambda z: f(z) + 10.0 * g(z))(2.0)

    pairs = [(1.0, 2.0), (3.0, 4.0), (2.0, 1.0), (5.0, 2.0)]
    assert [both(a, b) for a, b in pairs] == [4.0 * a**3 + 40.0 * b**3 for a, b in pairs]


def test_captured_values_of_other_kinds(compiled):
    def slope(d):
        return grad(lambda z, s=d.size: np.sum(z * d) + s)(np.ones(np.shape(d)))

    given = [np.ones(3), np.full(3, 2.0), np.ones((2, 2)), np.full(3, 4.0, np.float32)]
    for d in given * 2:
        np.testing.assert_array_equal(slope(d), d)


def test_functions_that_capture_themselves():
    def slope(m):
        def power(z, n):
            return m if n == 0 else z * power(z, n - 1)

        return grad(power)(2.0, 3)

    assert [slope(m) for m in (1.0, 2.0, 3.0)] == [12.0, 24.0, 36.0]


def test_functions_that_assign_what_they_capture_have_no_twin():
    def counting():
        n = 0

        def f(x):
            def count():
                nonlocal n
                n += 1

            return x * x

        return f

    assert not twins._has_twin(counting())
    assert twins._has_twin(scaled(1.0))
    assert not twins._has_twin(with_helper)


def test_functions_of_one_code_in_several_threads():
    gradients = [grad(scaled(float(k))) for k in range(4)]
    wrong = []

    def work(k, made):
        for _ in range(100):
            g = made or grad(scaled(float(k)))
            if g(2.0) != 4.0 * k**3:
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k, made)) for k in range(4) for made in (None, gradients[k])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_hessians_of_functions_of_one_code():
    def second(k):
        return hessian(lambda z: np.sum(z**3) * k)(np.ones(2))

    for k in (1.0, 2.0, 3.0):
        np.testing.assert_allclose(second(k), 6.0 * k * np.eye(2))
