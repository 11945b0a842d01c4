"""Groups of operations with functions that are computed for several numbers at once."""

import numpy as np
import pytest

from srcgrad import value_and_grad

pytest.importorskip("numba")


def gates(w, b, x, h):
    a = np.tanh(x * w[0] + b[0])
    c = np.exp(-((h * w[1] + b[1]) ** 2))
    d = np.sin(x * w[2] + h * b[2])
    cell = a * c + d * h
    return np.sum(cell * np.tanh(cell) + a * d)


def in_steps(w, b, x, h):
    for _ in range(3):
        a = np.tanh(x * w[0] + b[0])
        c = np.exp(-((h * w[1] + b[1]) ** 2))
        d = np.sin(x * w[2] + h * b[2])
        h = a * c + d * h
        x = np.tanh(h) + a
    return np.sum(h * x)


def written_between(w, b, x, h):
    y = x * 2.0
    for k in range(3):
        a = np.tanh(y * w[k])
        y[:] = np.exp(a * b[k] - 1.0) + h
        c = np.sin(y * h)
        y *= c
    return np.sum(y * np.cos(y))


def of_matrices(w, b, x, h):
    t = np.outer(x, h)
    e = np.exp(-t * t)
    s = np.sin(t + e)
    return np.sum(e * s) + np.sum(np.log(9.0 + e * w[0]) * np.tanh(s * b[0]))


def softmax(w, b, x, h):
    e = np.exp(w * x - b)
    return np.log(np.sum(e)) + np.mean(np.tanh(e)) + np.sum(np.log(np.sum(e, axis=1)) * h[:3])


@pytest.mark.parametrize("fun", [gates, in_steps, written_between, of_matrices, softmax])
@pytest.mark.parametrize("n", [14, 300])
def test_same_numbers(fun, n):
    rng = np.random.default_rng(n)
    args = [rng.standard_normal((3, n)), rng.standard_normal((3, n)), rng.standard_normal(n), rng.standard_normal(n)]
    before = [arg.copy() for arg in args]
    which = (0, 1, 2, 3)
    compiled, plain = value_and_grad(fun, argnums=which, jit=True), value_and_grad(fun, argnums=which)
    for dtype, near in (("f8", 1e-9), ("f4", 1e-3)):
        own = [arg.astype(dtype) for arg in args]
        got, want = compiled(*own), plain(*own)
        np.testing.assert_allclose(got[0], want[0], rtol=near)
        for a, b in zip(got[1], want[1], strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=near, atol=near * np.max(np.abs(b)))
    assert all(map(np.array_equal, args, before))


def test_arrays_that_are_stretched_or_the_same():
    rng = np.random.default_rng(3)
    w, b, x = rng.standard_normal((3, 9)), rng.standard_normal((3, 1)), rng.standard_normal(9)
    compiled, plain = value_and_grad(gates, (0, 1, 2, 3), jit=True), value_and_grad(gates, (0, 1, 2, 3))
    for args in ((w, w, x, x), (w, b, x, x[:1]), (w[:, :0], w[:, :0], x[:0], x[:0]), (w, w, x, x[::-1])):
        got, want = compiled(*args), plain(*args)
        np.testing.assert_allclose(got[0], want[0])
        for p, q in zip(got[1], want[1], strict=True):
            np.testing.assert_allclose(p, q, rtol=1e-9, atol=1e-12)


def test_lengths_that_differ():
    w, x = np.ones((3, 9)), np.ones(9)
    compiled = value_and_grad(gates, jit=True)
    for args in ((w, w, x, np.ones(8)), (w, np.ones((3, 8)), x, x), (w, w, np.ones(7), np.ones(7))):
        with pytest.raises(ValueError):
            compiled(*args)


def test_a_loop_writes_few_arrays():
    def all_of_them(w, x):
        return np.tanh(w[0] * x), np.exp(w[1] * x), np.sin(w[2] * x)

    def steps(w, x):
        for _ in range(3):
            a, c, d = all_of_them(w, x)
            x = a * c + d * x
        return np.sum(x)

    source = value_and_grad(steps, (0, 1), jit=True).source_for(np.ones((3, 9)), np.ones(9))
    loops = source.partition("# backward")[0].split("for j in range(")
    assert not any(all(f"{name}(" in part for name in ("tanh", "exp", "sin")) for part in loops[1:])
    assert sum(any(f"{name}(" in part for name in ("tanh", "exp", "sin")) for part in loops[1:]) > 1


def test_sums_of_single_precision():
    x = np.full(1_000_003, 0.1, np.float32)
    value, _ = value_and_grad(lambda x: np.sum(np.tanh(x)), jit=True)(x)
    assert type(value) is np.float32
    # 128 numbers are added in single precision, in as many additions where the loop is not vectorised.
    np.testing.assert_allclose(value, np.sum(np.tanh(x.astype(float))), rtol=128 * np.finfo(np.float32).eps)


def squashed(x, a):
    y = np.tanh(a * x + 0.1)
    return np.sum(x / (1.0 + np.exp(-1.3 * y)))


def test_a_loop_that_uses_few_arrays_is_whole(without_numba):
    # It holds several numbers in between, but hands on none.
    gradient = value_and_grad(squashed, (0, 1), jit=True)
    x = np.linspace(-2.0, 2.0, 300)
    judged = value_and_grad(squashed, (0, 1))(x, 0.7)
    np.testing.assert_allclose(gradient(x, 0.7)[1][0], judged[1][0])
    assert "lane" not in gradient.source
