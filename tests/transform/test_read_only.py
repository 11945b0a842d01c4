"""A read-only argument that the function writes raises as in the function itself, where the write is executed."""

from __future__ import annotations

import numpy as np
import pytest

from srcgrad import grad, value_and_grad, vjp
from srcgrad.errors import AliasError, UnsupportedError


def read_only(x):
    x = np.array(x)
    x.flags.writeable = False
    return x


def element(x):
    x[0] = 3.0 * x[1]
    return np.sum(x * x)


def augmented(x):
    x *= 2.0
    return np.sum(x * x)


def through_a_view(x):
    v = x[1:]
    v[0] += x[0]
    return np.sum(x * x)


def through_a_reshape(x):
    v = x.reshape(-1, 1)
    v[0, 0] = 2.0 * x[1]
    return np.sum(x * x)


def in_a_helper(x):
    def helper(a):
        a[:] = a * a

    helper(x)
    return np.sum(x)


def in_a_tree(x):
    tree = {"a": [x, 1.0]}
    tree["a"][0][1] = 2.0 * x[0]
    return np.sum(x * x)


def masked(x):
    x[x > 10.0] = 0.0
    return np.sum(x)


def empty_slice(x):
    x[:0] = 1.0
    return np.sum(x * x)


def recursive(x):
    def fill(a, k):
        a[k] = 2.0 * a[k]
        return a[k] if k == 0 else a[k] + fill(a, k - 1)

    return fill(x, 2)


WRITERS = [
    element,
    augmented,
    through_a_view,
    through_a_reshape,
    in_a_helper,
    in_a_tree,
    masked,
    empty_slice,
    recursive,
]


@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize("fun", WRITERS, ids=lambda f: f.__name__)
def test_raises_as_the_primal(fun, optimize):
    x = np.linspace(1.0, 2.0, 4)
    with pytest.raises(ValueError, match="read-only") as primal:
        fun(read_only(x))
    g = grad(fun, optimize=optimize)
    expected = g(x)
    for call in (g, value_and_grad(fun), lambda a: vjp(fun, a)):
        with pytest.raises(ValueError, match="read-only") as ours:
            call(read_only(x))
        assert str(ours.value) == str(primal.value)
    assert np.array_equal(g(x), expected)


def test_only_a_write_that_is_executed_raises():
    def sometimes(x, flag):
        y = x * 2.0
        if flag > 0:
            x[0] = 1.0
        return np.sum(x * y)

    g = grad(sometimes)
    x = np.linspace(1.0, 2.0, 4)
    for _ in range(2):
        assert np.allclose(g(read_only(x), -1.0), 4.0 * x)
        assert np.allclose(g(x, 1.0), [2.0, *4.0 * x[1:]])
        with pytest.raises(ValueError, match="read-only"):
            g(read_only(x), 1.0)
    _, pull = vjp(sometimes, read_only(x), -1.0)
    assert np.allclose(pull(1.0)[0], 4.0 * x)


def test_arrays_in_trees_and_broadcast_ones():
    def first(p):
        p["a"][0] = p["b"]
        return np.sum(p["a"])

    g = grad(first)
    for _ in range(2):
        assert np.array_equal(g({"a": np.ones(2), "b": 2.0})["a"], [0.0, 1.0])
        with pytest.raises(ValueError, match="read-only"):
            g({"a": read_only([1.0, 1.0]), "b": 2.0})
        with pytest.raises(ValueError, match="read-only"):
            g({"a": np.broadcast_to(1.0, 2), "b": 2.0})


def test_a_copy_of_a_read_only_array_may_be_written():
    def copies(x):
        y = x.copy()
        y[0] = x[1] ** 2
        z = np.asarray(x) * 1.0
        z += y
        return np.sum(z)

    x = np.array([1.0, 3.0, 5.0])
    assert np.array_equal(grad(copies)(read_only(x)), grad(copies)(x))


def test_a_written_list_of_many_arrays():
    def first_of(xs):
        xs[0][0] = 2.0 * xs[1][0]
        return xs[0][0] * xs[2][0]

    arrays = [np.full(2, k + 1.0) for k in range(20)]
    for call in (grad(first_of), lambda xs: vjp(first_of, xs)):
        with pytest.raises(UnsupportedError) as caught:
            call(arrays)
        assert caught.value.msg == "the arrays in xs, a list of many, are written in place here"
        assert caught.value.text.strip() == "xs[0][0] = 2.0 * xs[1][0]"
    assert [x[0] for x in arrays] == [k + 1.0 for k in range(20)]


def test_an_array_written_beside_a_list_that_holds_it():
    def both(x, xs):
        x[0] = 2.0
        return xs[0][0] * x[1]

    x = np.ones(2)
    with pytest.raises(AliasError):
        grad(both)(x, [x] * 20)
    with pytest.raises(AliasError):
        grad(both)(x, [x])
