"""Code that is made for the length of a short last axis: calls with other lengths never run it."""

import numpy as np
import pytest

from srcgrad import grad, hessian, jacobian, value_and_grad, vjp

pytest.importorskip("numba")
SHAPES = ((5, 3), (5, 4), (5, 5), (5, 9), (5, 1), (3, 3), (1, 3), (7, 3), (0, 3), (5, 0), (5, 3))


def attraction(p, m):
    d = p[None] - p[:, None]
    r2 = np.sum(d * d, axis=2) + 0.5
    pull = np.sum((m / r2)[:, :, None] * d, axis=1)
    return np.sum(pull * pull) + np.sum(np.mean(p, axis=1) ** 2)


def by_components(p):
    total = 0.0
    for i in range(len(p)):
        for c in range(p.shape[1]):
            total += np.sin(p[i, c]) * (c + 1.0)
    return total


def in_place(p):
    q = np.zeros_like(p)
    for c in range(p.shape[-1]):
        q[:, c] = p[:, c] * (c + 2)
        q[:, 0] += q[:, c] ** 2
    return np.sum(q * p)


def products(p, a):
    return np.sum(np.tanh(p @ a) * p) + np.sum((p.T @ p) ** 2)


def data(shape, dtype=float):
    return np.random.default_rng(7).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("fun", [by_components, in_place])
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_each_length_has_its_code(fun, dtype):
    compiled, plain = grad(fun, jit=True), grad(fun)
    for shape in SHAPES if fun is by_components else [s for s in SHAPES if s[1]]:
        p = data(shape, dtype)
        before = p.copy()
        for _ in range(2):
            np.testing.assert_allclose(compiled(p), plain(p), rtol=1e-9 if dtype == "f8" else 2e-5)
        assert np.array_equal(p, before)


def test_sums_of_rows():
    compiled, plain = value_and_grad(attraction, argnums=(0, 1), jit=True), value_and_grad(attraction, argnums=(0, 1))
    for n, d in ((4, 3), (4, 6), (1, 3), (4, 3), (9, 3)):
        got, want = compiled(data((n, d)), data((n, n))), plain(data((n, d)), data((n, n)))
        np.testing.assert_allclose(got[0], want[0], rtol=1e-12)
        for a, b in zip(got[1], want[1], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_the_code_of_a_short_axis_has_its_length():
    gradient = grad(by_components, jit=True)
    assert "in range(3)" in gradient.source_for(data((5, 3)))
    assert "in range(3)" not in gradient.source_for(data((5, 5)))
    assert gradient.source_for(data((5, 5))) == gradient.source_for(data((6, 7)))
    assert gradient.source_for(data((3, 5))) == gradient.source_for(data((6, 7)))
    assert "range(3)" not in grad(by_components).source_for(data((5, 3)))


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda x: x[::2, ::-1]])
def test_layouts(layout):
    p, a = layout(data((6, 3))), data((3, 3))
    for got, want in zip(
        grad(products, argnums=(0, 1), jit=True)(p, a), grad(products, argnums=(0, 1))(p, a), strict=True
    ):
        np.testing.assert_allclose(got, want, rtol=1e-9)


def test_lengths_that_do_not_match():
    def difference(p, q):
        return np.sum((p - q) ** 2)

    compiled, plain = grad(difference, jit=True), grad(difference)
    pairs = [((5, 3), (5, 2)), ((5, 3), (5, 7)), ((5, 7), (5, 3)), ((5, 3), (4, 3))]
    for first, second in [*pairs, ((5, 3), (5, 3)), *pairs]:
        p, q = data(first), data(second)
        if first == second:
            np.testing.assert_allclose(compiled(p, q), plain(p, q))
            continue
        with pytest.raises(ValueError):
            compiled(p, q)


def test_stretched():
    def difference(p, q):
        return np.sum((p - q) ** 2 * p)

    compiled, plain = grad(difference, argnums=(0, 1), jit=True), grad(difference, argnums=(0, 1))
    for first, second in (((5, 3), (1, 3)), ((5, 3), (5, 1)), ((5, 1), (5, 3)), ((5, 3), (3,)), ((5, 3), (1,))):
        for a, b in zip(compiled(data(first), data(second)), plain(data(first), data(second)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)


def test_places_beyond_a_short_axis():
    def fourth(p):
        return p[0, 3] * p[1, -4]

    compiled = grad(fourth, jit=True)
    for length in (3, 2, 5, 4, 3):
        if length < 4:
            with pytest.raises(IndexError):
                compiled(data((5, length)))
        else:
            np.testing.assert_allclose(compiled(data((5, length))), grad(fourth)(data((5, length))))


def test_other_derivatives():
    def norms(p):
        return np.sqrt(np.sum(p * p, axis=1) + 1.0)

    for shape in ((4, 3), (2, 6), (4, 3)):
        p = data(shape)
        np.testing.assert_allclose(jacobian(norms, jit=True)(p), jacobian(norms)(p), rtol=1e-10)
        pull = vjp(norms, p, jit=True)[1]
        np.testing.assert_allclose(pull(np.ones(shape[0]))[0], vjp(norms, p)[1](np.ones(shape[0]))[0], rtol=1e-10)

    def total(p):
        return np.sum(norms(p) ** 3)

    for shape in ((3, 2), (2, 5)):
        np.testing.assert_allclose(hessian(total, jit=True)(data(shape)), hessian(total)(data(shape)), rtol=1e-9)


def test_arrays_of_the_caller():
    gradient = grad(by_components, jit=True)
    for shape in ((5, 3), (5, 2), (5, 6), (5, 3)):
        out = np.empty(shape)
        assert gradient(data(shape), out=out) is out
        np.testing.assert_allclose(out, grad(by_components)(data(shape)))


def test_in_compiled_code_of_others():
    from numba import njit

    gradient = grad(by_components, jit=True)
    gradient(data((5, 3)))

    @njit
    def call(p):
        return gradient(p)

    for shape in ((5, 3), (5, 2), (5, 6)):
        np.testing.assert_allclose(call(data(shape)), grad(by_components)(data(shape)))


def test_saved_code_takes_any_length():
    gradient = grad(by_components, jit=True)
    gradient(data((5, 3)))
    assert "in range(3)" not in gradient.saved_source("f8[:,:]")
    assert "in range(2)" not in gradient.saved_source("f8[:,:]")
