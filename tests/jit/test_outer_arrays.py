"""Arrays of gradients are made by the Python function around compiled code, anew for each call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from srcgrad import grad, value_and_grad

SCALE = 3.0


def squares(x):
    total = 0.0
    for i in range(len(x)):
        total += SCALE * x[i] * x[i]
    return total


def neighbours(x):
    return np.sum((x[1:] - x[:-1] ** 2) ** 2)


def of_two(x, w):
    return np.sum(np.sin(x) * w)


def named_like_a_gradient(x, x_bar):
    return np.sum(x * x * x_bar)


def named_like_variables(v1, found, o0):
    return np.sum(v1 * found) + o0 * np.sum(v1 * v1)


def fails(x):
    total = 0.0
    for i in range(len(x)):
        total += x[i + 3] * x[i]
    return total


X = np.linspace(0.1, 1.5, 7)


def judge_all() -> None:
    for fun, args in (
        (squares, (X,)),
        (neighbours, (X,)),
        (of_two, (X, 2.0 * X)),
        (named_like_a_gradient, (X, 2.0 * X)),
        (named_like_variables, (X, X + 1.0, 2.5)),
    ):
        floats = tuple(k for k, arg in enumerate(args) if isinstance(arg, np.ndarray))
        for wanted in (0, floats):
            for make in (grad, value_and_grad):
                judge(make(fun, wanted, jit=True), make(fun, wanted), *args)


def judge(compiled: Any, plain: Any, *args: Any) -> None:
    """The same numbers in the same structure, in new arrays, in the first call and in those that go straight there."""
    before = [np.copy(arg) for arg in args]
    results = []
    for _ in range(3):
        results.append(compiled(*args))
        assert_same(results[-1], plain(*args))
    arrays = [leaf for result in results for leaf in leaves(result)]
    for k, a in enumerate(arrays):
        assert not any(np.shares_memory(a, b) for b in (*arrays[:k], *args))
    assert all(map(np.array_equal, args, before))


def leaves(tree: Any) -> list[np.ndarray]:
    if isinstance(tree, tuple):
        return [leaf for item in tree for leaf in leaves(item)]
    return [tree] if isinstance(tree, np.ndarray) else []


def assert_same(got: Any, want: Any) -> None:
    if isinstance(want, tuple):
        assert type(got) is type(want) and len(got) == len(want)
        for a, b in zip(got, want, strict=True):
            assert_same(a, b)
        return
    assert isinstance(got, np.ndarray) == isinstance(want, np.ndarray)
    if isinstance(want, np.ndarray):
        assert got.dtype == want.dtype and got.shape == want.shape and got.flags.writeable
    np.testing.assert_allclose(got, want, rtol=1e-5 if np.result_type(want) == np.float32 else 1e-10)


def test_same_results_without_numba(without_numba: None) -> None:
    judge_all()


def test_same_results() -> None:
    pytest.importorskip("numba")
    judge_all()


def test_the_kernel_writes_to_what_it_is_given(without_numba: None) -> None:
    for fun in (squares, neighbours):
        gradient = grad(fun, jit=True)
        gradient(X)
        kernel, _, outer = gradient.source.partition(f"\ndef {fun.__name__}_grad(x):")
        assert "(len(x))" in outer and ", x_bar)\n" in outer
        assert "\n    return" not in kernel and "x_bar = np." not in kernel


def test_arguments_of_other_kinds() -> None:
    pytest.importorskip("numba")
    compiled, plain = value_and_grad(of_two, (0, 1), jit=True), value_and_grad(of_two, (0, 1))
    frozen = X.copy()
    frozen.flags.writeable = False
    others = [X[:1], X[:0], np.repeat(X, 2)[::2], X[::-1], X.astype("f4"), np.outer(X, X), frozen, X]
    for x in (*others, *others[::-1]):
        for _ in range(2):
            assert_same(compiled(x, x), plain(x, x))


def test_a_new_value_outside_gives_a_new_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    gradient = grad(squares, jit=True)
    for scale in (3.0, -1.5, 2, 3.0):
        monkeypatch.setitem(globals(), "SCALE", scale)
        for _ in range(2):
            np.testing.assert_allclose(gradient(X), 2.0 * scale * X)


def test_an_error_leaves_the_next_call_alone() -> None:
    pytest.importorskip("numba")
    gradient = grad(fails, jit=True)
    for _ in range(2):
        with pytest.raises(IndexError):
            gradient(X)
    with pytest.raises(TypeError):
        gradient(X, X)
    np.testing.assert_array_equal(gradient(X[:0]), X[:0])


def test_in_compiled_code() -> None:
    numba = pytest.importorskip("numba")
    gradient = grad(neighbours, jit=True)
    gradient(X)

    @numba.njit
    def descend(x, steps):
        for _ in range(steps):
            x = x - 0.01 * gradient(x)
        return x

    expected = X
    for _ in range(5):
        expected = expected - 0.01 * gradient(expected)
    np.testing.assert_allclose(descend(X, 5), expected)


def test_arrays_of_the_caller() -> None:
    pytest.importorskip("numba")
    gradient = grad(neighbours, jit=True)
    expected, out = gradient(X), np.full_like(X, 7.0)
    assert gradient(X, out=out) is out
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(gradient(X), expected)
