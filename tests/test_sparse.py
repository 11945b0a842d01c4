"""Sparse Jacobians and Hessians: nothing is missing in a pattern, and every number is that of the dense matrix."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from oracle import wanted
from programs import Program, all_programs, one_in
from scipy.sparse import csr_array

from srcgrad import grad, jacobian_pattern, jvp, sparse_hessian, sparse_jacobian, vjp
from srcgrad.errors import ArgumentError, MissingPackageError, NoRuleError, SrcgradError, UnsupportedError
from srcgrad.rules.dependence import union_change
from srcgrad.rules.index_sets import Unions, no_list, shadow_sets
from srcgrad.sparse import closure
from srcgrad.sparse.colouring import NONE, _star, colour_columns, colour_symmetric
from srcgrad.sparse.leaves import Vector, as_vector
from srcgrad.tree import flatten

REFUSED = ("complex", "random numbers", "outside of the function is changed", "says nothing of tangents")
MOST = 60
"""So many columns are computed one by one to compare with."""


def dense(fun: Callable, args: Callable[[], tuple], argnums: int | tuple[int, ...] = 0) -> np.ndarray:
    """The Jacobian by tangents, one for each column."""
    places = [argnums] if isinstance(argnums, int) else list(argnums)
    primals = Vector([args()[k] for k in places], "an argument")
    columns = []
    for unit in np.eye(primals.size):
        given = args()
        tangents: list[Any] = [None] * len(given)
        for k, tree in zip(places, primals.trees(unit, lambda leaf, part: part), strict=True):
            tangents[k] = tree
        columns.append(as_vector(jvp(fun, given, tuple(tangents))[1]))
    return np.array(columns).T


def joined(matrix: Any) -> np.ndarray:
    """A matrix, or a row of them, as one array."""
    return np.hstack([part.toarray() for part in matrix]) if isinstance(matrix, tuple) else matrix.toarray()


def columns_of(program: Program) -> int:
    try:
        return Vector([program.args()[k] for k in wanted(program)], "x").size
    except ArgumentError:
        return -1


CORPUS = [p for p in one_in(2, all_programs()) if p.supported and 0 < columns_of(p) <= MOST]


def dense_by_rows(program: Program) -> np.ndarray:
    """The Jacobian by cotangents, one for each row, for functions that have no forward mode."""
    out, pull = vjp(program.fun, *program.args())
    rows = []
    for unit in np.eye(np.size(out)):
        bars = pull(unit.reshape(np.shape(out)))
        leaves = [leaf for k in wanted(program) for leaf in flatten(bars[k])[0] if leaf is not None]
        rows.append(np.concatenate([np.ravel(leaf) for leaf in leaves]))
    return np.array(rows)


@pytest.mark.parametrize("program", CORPUS, ids=lambda p: p.name)
def test_jacobian_of_the_corpus(program: Program) -> None:
    find = sparse_jacobian(program.fun, program.argnums)
    try:
        found = joined(find(*program.args()))
    except (UnsupportedError, NoRuleError) as error:
        assert any(reason in str(error) for reason in REFUSED), error
        return
    try:
        expected = dense(program.fun, program.args, program.argnums)
    except NoRuleError:
        expected = dense_by_rows(program)
    pattern = find.pattern(*program.args()).toarray()
    assert not np.any((expected != 0) & ~pattern), "an element is missing"
    single = any(np.asarray(leaf).dtype.itemsize < 8 for leaf in _floats(program))
    np.testing.assert_allclose(found, expected, rtol=1e-4 if single else 1e-9, atol=1e-5 if single else 1e-11)


def _floats(program: Program) -> list[Any]:
    leaves = [leaf for arg in program.args() for leaf in flatten(arg)[0]]
    return [leaf for leaf in leaves if isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind == "f"]


def test_most_of_the_corpus_is_compared() -> None:
    assert len(CORPUS) > 500


# ---------------------------------------------------------------------------------------------- patterns

SQUARE = np.array([[2.0, 0, 0, 1], [0, 0, 0, 3], [1, 0, 0, 0], [0, 0, 0, 5]])
PICK = np.array([2, 0, 2, 1])


def by_matrix(x):
    return SQUARE @ x**2


def by_row_vector(x):
    return x @ SQUARE


def by_einsum(x):
    return np.einsum("ij,j->i", SQUARE, x)


def loop_with_index_array(x):
    y = np.zeros(3)
    for k in range(len(PICK)):
        y[k % 3] += np.sin(x[PICK[k]])
    return y


def adds_at(x):
    y = np.zeros(3)
    np.add.at(y, [0, 2, 0], x[1:])
    return y


def taken_twice(x):
    return x[PICK] * x[0]


def branches(x):
    y = x.copy()
    if x[0] > 0.5:
        y[1] = x[0] * x[2]
    return y


def masked(x):
    y = x * 2.0
    y[x > 2.5] = x[0]
    return y


def through_views(x):
    y = np.zeros((2, 2))
    top = y[0]
    top[:] = x[:2]
    y.T[1] += x[3]
    return y


def rolled(x):
    return np.roll(x, 1) - x


def zero_here(x):
    return (x - x[0]) * x[0]


def recursive(x, k=3):
    return x[k] if k == 0 else recursive(x, k - 1) * x[k]


def halves(x):
    return np.array([recursive(x, 1), recursive(x[2:], 1)])


def while_loop(x):
    k = 0
    total = 0.0
    while k < len(x) and total < 3.0:
        total += x[k]
        k += 1
    return np.array([total, x[-1]])


def lists(x):
    items = [x[0]]
    for k in range(1, len(x)):
        items.append(items[-1] * x[k] if k < 3 else x[k])
    return np.array(items)


def running(x):
    return np.cumsum(x[::2])


def mean_removed(x):
    return x - np.mean(x)


def swapped(x):
    a, b = x[:2], x[2:]
    for _ in range(3):
        a, b = b, a * b
    return a


def overwritten(x):
    y = x.copy()
    y[0] = 3.0
    y[1:3] = y[0:2]
    return y * x[3]


def single(x):
    return np.float32(x[0]) * x[1:].astype(np.float32)


def as_floats(x):
    return np.asarray(x, dtype=np.float32)[:2] + np.array([x[2], 1.0], dtype=np.float32)


PATTERNS = [
    (by_matrix, "1001 0001 1000 0001"),
    (by_row_vector, "1010 0000 0000 1101"),
    (by_einsum, "1001 0001 1000 0001"),
    (loop_with_index_array, "0110 1000 0010"),
    (adds_at, "0101 0000 0010"),
    (taken_twice, "1010 1000 1010 1100"),
    (branches, "1000 1010 0010 0001"),
    (masked, "1000 0100 1000 1000"),
    (through_views, "1000 0101 0000 0001"),
    (rolled, "1001 1100 0110 0011"),
    (zero_here, "1000 1100 1010 1001"),
    (halves, "1100 0011"),
    (while_loop, "1100 0001"),
    (lists, "1000 1100 1110 0001"),
    (running, "1000 1010"),
    (mean_removed, "1111 1111 1111 1111"),
    (swapped, "1010 0101"),
    (overwritten, "0001 0001 0101 0001"),
    (single, "1100 1010 1001"),
    (as_floats, "1010 0100"),
]


@pytest.mark.parametrize("fun, rows", PATTERNS, ids=lambda x: getattr(x, "__name__", ""))
def test_pattern(fun: Callable, rows: str) -> None:
    x = np.array([1.0, 2.0, 3.0, 4.0])
    found = jacobian_pattern(fun)(x)
    expected = [[c == "1" for c in row] for row in rows.split()]
    if fun is overwritten:
        # What is written to is passed on: y[1:3] = y[0:2] reads the 3.0 that has been written before.
        expected[2] = [False, True, False, True]
    np.testing.assert_array_equal(found.toarray(), expected)
    assert found.dtype == bool and found.has_sorted_indices
    for mode in (None, "fwd", "rev"):
        got = sparse_jacobian(fun, mode=mode)(x)
        np.testing.assert_allclose(got.toarray(), dense(fun, lambda: (x,)), rtol=1e-6)
    np.testing.assert_array_equal(x, [1.0, 2.0, 3.0, 4.0])


def test_arguments_of_every_layout() -> None:
    def fun(a):
        a[1:] *= a[:-1]
        return a.ravel(order="K")[::2] + a.reshape(-1)[1::2]

    base = np.arange(1.0, 25.0).reshape(4, 6)
    for a in (base[:, ::3], np.asfortranarray(base[:, :2]), base.T[:4, ::2], base[::-1, :2]):
        got = sparse_jacobian(fun)(a)
        np.testing.assert_allclose(got.toarray(), dense(fun, lambda a=a: (a,)))


def test_trees_and_several_arguments() -> None:
    def fun(params, x, n):
        return {"y": params["a"] * x[:n], "z": (params["b"] ** 2, n)}

    args = ({"a": np.array([1.0, 2.0]), "b": 3.0}, np.array([4.0, 5.0, 6.0]), 2)
    left, right = sparse_jacobian(fun, (0, 1))(*args)
    assert left.shape == (3, 3) and right.shape == (3, 3)
    np.testing.assert_allclose(left.toarray(), [[4, 0, 0], [0, 5, 0], [0, 0, 6]])
    np.testing.assert_allclose(right.toarray(), [[1, 0, 0], [0, 2, 0], [0, 0, 0]])
    (last,) = sparse_jacobian(fun, (-2,), mode="rev")(*args)
    np.testing.assert_allclose(last.toarray(), right.toarray())


def test_numbers_and_empty_arrays() -> None:
    assert sparse_jacobian(lambda x: x * x)(3).toarray().tolist() == [[6.0]]
    assert sparse_jacobian(lambda x: 2.0 * x)(np.zeros((0, 3))).shape == (0, 0)
    assert sparse_jacobian(lambda x: np.zeros(3))(np.ones(2)).nnz == 0
    assert sparse_hessian(lambda x: 3.0 * x)(2.0).nnz == 0


# ---------------------------------------------------------------------------------------------- what is kept


def gathered(x, places):
    return x[places] ** 2


def test_pattern_follows_what_it_was_computed_from() -> None:
    find, places = sparse_jacobian(gathered), np.array([0, 2])
    x = np.array([1.0, 2.0, 3.0])
    assert find(x, places).toarray().tolist() == [[2, 0, 0], [0, 0, 6]]
    kept = find.plan
    assert find(x + 1, places).toarray().tolist() == [[4, 0, 0], [0, 0, 8]]
    assert find.plan is kept
    places[0] = 1
    assert find(x, places).toarray().tolist() == [[0, 4, 0], [0, 0, 6]]
    assert find(x[:2], np.array([1])).toarray().tolist() == [[0, 4]]


def test_pattern_follows_branches_and_counts() -> None:
    def fun(x, n):
        y = x * 1.0
        for k in range(n):
            y[0] = y[0] * x[k]
        return y if x[0] > 0 else y[::-1]

    find = sparse_jacobian(fun)
    for x in (np.array([1.0, 2.0, 3.0]), np.array([-1.0, 2.0, 3.0])):
        for n in (0, 1, 3):
            np.testing.assert_allclose(find(x, n).toarray(), dense(fun, lambda x=x, n=n: (x, n)))


T = np.array([1.5, 0.5, 2.5])


def while_below(x, t):
    n = 0
    while t < 3:
        t *= 2
        n += 1
    return x[n] * x


DECIDED: list[tuple[Callable, list[tuple]]] = [
    (lambda x, n: np.resize(x, (n,)), [(T, 2), (T, 5)]),
    (lambda x, k: x[int(k)] * np.ones(2), [(T, 0.0), (T, 2.0)]),
    (lambda x, k: x[int(np.floor(k)) :], [(T, 0.2), (T, 1.7)]),
    (lambda x, m: x[m > 0.5], [(T, np.array([1.0, 0.0, 1.0])), (T, np.array([0.0, 1.0, 1.0])), (T, np.zeros(3))]),
    (lambda x, w: np.where(w > 0, x, x[0]), [(T, np.array([1.0, -1.0, 1.0])), (T, np.array([-1.0, 1.0, 1.0]))]),
    (lambda x, w: x * w if np.copysign(1.0, w) > 0 else x[:1] * x, [(T, 1.0), (T, 0.0), (T, -0.0)]),
    (lambda x, p: x**p if p > 1 else np.roll(x, 1), [(T, 2.0), (T, 0.5)]),
    (lambda x, o: x[np.argsort(o)], [(T, np.array([1.0, 2.0, 3.0])), (T, np.array([3.0, 2.0, 1.0]))]),
    (while_below, [(T, 1.0), (T, 2.0), (T, 5.0)]),
    (lambda x, t: x[t["i"]] * x[t["j"][0]], [(T, {"i": 0, "j": [1]}), (T, {"i": 1, "j": [2]})]),
    (lambda x, a: np.einsum("ij,j->i", a, x), [(T, np.eye(3)), (T, np.eye(3)[::-1].copy())]),
    (lambda x: x[x > 1.0] * 2, [(T,), (T[::-1].copy(),), (T + 5,)]),
    (lambda x: x if np.sum(x) > 5 else x[0] * x, [(T,), (T + 3,)]),
    (lambda x, c: x * np.size(np.compress(c, x * c)), [(T, np.ones(3)), (T, np.zeros(3))]),
]


@pytest.mark.parametrize("fun, calls", DECIDED)
def test_pattern_is_never_stale(fun: Callable, calls: list[tuple]) -> None:
    find = jacobian_pattern(fun)
    for args in calls + calls:
        np.testing.assert_array_equal(find(*args).toarray(), jacobian_pattern(fun)(*args).toarray())


ORDER = np.array([2, 1, 0])


def in_an_order(x):
    return x[ORDER] * OPTIONS["scale"]


OPTIONS = {"scale": 2.0}


def test_pattern_follows_what_is_outside() -> None:
    find, x = sparse_jacobian(in_an_order), np.ones(3)
    before = ORDER.copy()
    try:
        np.testing.assert_allclose(find(x).toarray(), 2.0 * np.eye(3)[::-1])
        ORDER[:] = [1, 2, 0]
        np.testing.assert_allclose(find(x).toarray(), 2.0 * np.eye(3)[[1, 2, 0]])
    finally:
        ORDER[:] = before


def test_pattern_does_not_depend_on_numbers_that_only_arithmetic_is_done_with() -> None:
    def fun(x, c):
        return np.exp(x[1:] * c) - np.sum(x[:2])

    find = jacobian_pattern(fun)
    first = find.kept((np.ones(4), 2.0))
    assert find.kept((np.zeros(4), 3.0)) is first
    assert find.kept((np.ones(5), 2.0)) is not first
    matrices = jacobian_pattern(lambda x, a: a @ x)
    assert matrices(np.ones(2), np.eye(2)).nnz == 2
    assert matrices(np.ones(2), np.array([[1.0, 0.0], [1.0, 1.0]])).nnz == 3


def test_what_is_returned_is_the_callers() -> None:
    x = np.array([1.0, 2.0, 3.0])
    jacobian, hessian = sparse_jacobian(rolled_three), sparse_hessian(lambda x: np.sum(rolled_three(x) ** 3))
    pattern = jacobian_pattern(rolled_three)
    calls = [jacobian, jacobian.pattern, hessian, hessian.pattern, pattern]
    for call in calls:
        expected = call(x).toarray()
        for _ in range(2):
            found = call(x)
            np.testing.assert_array_equal(found.toarray(), expected)
            found.data[:], found.indices[:], found.indptr[:] = 0, 0, 0
    np.testing.assert_allclose(jacobian(x).toarray(), [[3.0, 0.0, 1.0], [2.0, 1.0, 0.0], [0.0, 3.0, 2.0]])


def test_pattern_is_readable() -> None:
    def chain(x):
        return x[1:] * x[:-1]

    source = jacobian_pattern(chain).source_for(np.ones(3))
    assert "return union(x_deps[1:], x_deps[:-1])" in source


# ---------------------------------------------------------------------------------------------- patterns by hand


def test_a_given_pattern_stays_as_it_is() -> None:
    given = csr_array((np.array([1.0, 2.0, 3.0]), np.array([2, 0, 1]), np.array([0, 2, 3])), shape=(2, 3))
    before = given.toarray()
    found = sparse_jacobian(lambda x: np.array([x[0] * x[2], x[1] ** 2]), pattern=given)(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(found.toarray(), [[3.0, 0.0, 1.0], [0.0, 4.0, 0.0]])
    np.testing.assert_array_equal(given.toarray(), before)
    np.testing.assert_array_equal(given.indices, [2, 0, 1])


def test_given_pattern() -> None:
    x = np.array([1.0, 2.0, 3.0])
    find = sparse_jacobian(rolled_three, pattern=np.ones((3, 3)))
    np.testing.assert_allclose(find(x).toarray(), dense(rolled_three, lambda: (x,)))
    with pytest.raises(ArgumentError, match="lacks elements"):
        sparse_jacobian(rolled_three, pattern=csr_array(np.eye(3)))(x)
    with pytest.raises(ArgumentError, match="4 columns"):
        sparse_jacobian(rolled_three, pattern=np.ones((3, 4)))(x)
    with pytest.raises(ArgumentError, match="2 rows"):
        sparse_jacobian(rolled_three, pattern=np.ones((2, 3)))(x)
    with pytest.raises(ArgumentError, match="no matrix"):
        sparse_jacobian(rolled_three, pattern=np.ones(3))(x)
    with pytest.raises(ArgumentError, match="lacks elements"):
        sparse_hessian(lambda x: np.prod(x), pattern=np.eye(3))(x)
    full = sparse_hessian(lambda x: np.prod(x), pattern=np.triu(np.ones((3, 3))))(x)
    np.testing.assert_allclose(full.toarray(), [[0, 3, 2], [3, 0, 1], [2, 1, 0]])


def rolled_three(x):
    return np.roll(x, 1) * x


# ---------------------------------------------------------------------------------------------- refusals


CALLS = [0]


def counted(x):
    CALLS[0] += 1
    return x * CALLS[0]


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.ones(3)
    with pytest.raises(ArgumentError, match="complex"):
        sparse_jacobian(lambda x: x * x)(x * 1j)
    with pytest.raises(UnsupportedError, match="complex"):
        sparse_jacobian(lambda x: np.fft.fft(x))(x)
    with pytest.raises(UnsupportedError, match="random"):
        sparse_jacobian(lambda x, rng: x * rng.normal(size=3))(x, np.random.default_rng(0))
    for seeds in ((), (None,)):
        with pytest.raises(UnsupportedError, match="random"):
            sparse_jacobian(lambda x, seeds=seeds: x * np.random.default_rng(*seeds).normal(size=3))(x)
    with pytest.raises(UnsupportedError, match="random"):
        sparse_jacobian(lambda x: x * np.random.normal(size=3))(x)
    with pytest.raises(UnsupportedError, match="outside of the function is changed"):
        sparse_jacobian(counted)(x)
    with pytest.raises(ArgumentError, match="argnums=1"):
        sparse_jacobian(lambda x: x, 1)(x)
    with pytest.raises(ArgumentError, match="once"):
        sparse_jacobian(lambda x: x, (0, 0))(x)
    with pytest.raises(ArgumentError, match="mode"):
        sparse_jacobian(lambda x: x, mode="forward")
    with pytest.raises(ArgumentError, match="integers"):
        sparse_jacobian(lambda x: x)(np.arange(3))
    monkeypatch.setattr(closure, "_MOST", 10)
    with pytest.raises(UnsupportedError, match="not sparse"):
        sparse_jacobian(lambda x: x - np.mean(x))(np.ones(9))
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(MissingPackageError, match="SciPy") as caught:
        sparse_jacobian(lambda x: x)(x)
    assert isinstance(caught.value.__cause__, ImportError) and isinstance(caught.value, SrcgradError)


# ---------------------------------------------------------------------------------------------- sweeps


def arrow(x):
    y = x**2
    y[0] = np.sum(x)
    y[1:] *= x[0]
    return y


def test_dense_rows_and_columns_take_a_sweep_each() -> None:
    x = np.linspace(1.0, 2.0, 80)

    def dense_row(x):
        y = x * 2.0
        y[7] = np.sum(x**2)
        return np.append(y, x[1:] * x[:-1])

    def dense_column(x):
        return x * x[0]

    for fun, most in ((dense_row, 4), (dense_column, 3), (arrow, 4)):
        find = sparse_jacobian(fun)
        np.testing.assert_allclose(find(x).toarray(), dense(fun, lambda: (x,)))
        assert find.plan is not None
        assert sum(find.plan.sweeps) <= most, (fun.__name__, find.plan.sweeps)


def test_grid_takes_few_sweeps() -> None:
    def laplacian(u):
        out = -4.0 * u**3
        out[1:] += u[:-1]
        out[:-1] += u[1:]
        out[:, 1:] += u[:, :-1]
        out[:, :-1] += u[:, 1:]
        return out

    u = np.random.default_rng(0).uniform(size=(7, 6))
    find = sparse_jacobian(laplacian)
    np.testing.assert_allclose(find(u).toarray(), dense(laplacian, lambda: (u,)))
    assert find.plan is not None and sum(find.plan.sweeps) <= 8


# ---------------------------------------------------------------------------------------------- Hessians


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_by_loop(x):
    total = 0.0
    for i in range(len(x) - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def energy(x):
    grid = x.reshape(4, 5)
    return np.sum(np.cosh(grid[1:] - grid[:-1])) + np.sum((grid[:, 1:] * grid[:, :-1]) ** 2)


def with_a_hub(x):
    return np.sum(x[0] * x[1:] ** 2) + np.sum(np.exp(x[1:]))


def least_squares(x):
    return np.sum((SQUARE @ x - np.sin(x)) ** 2)


HESSIANS = [(rosenbrock, 9, 3), (rosenbrock_by_loop, 9, 3), (energy, 20, 9), (with_a_hub, 9, 2), (least_squares, 4, 4)]


@pytest.mark.parametrize("fun, n, most", HESSIANS, ids=lambda x: getattr(x, "__name__", ""))
def test_hessian(fun: Callable, n: int, most: int) -> None:
    x = np.random.default_rng(0).uniform(0.2, 1.2, n)
    find = sparse_hessian(fun)
    found = find(x)
    np.testing.assert_allclose(found.toarray(), dense(grad(fun), lambda: (x,)), rtol=1e-9, atol=1e-11)
    assert (found != found.T).nnz == 0
    assert find.plan is not None and find.plan.sweeps <= most


def test_blocks_of_a_hessian() -> None:
    def fun(a, b):
        return np.sum(a**2 * b[1:] + a * b[0])

    args = np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])
    (aa, ab), (ba, bb) = sparse_hessian(fun, (0, 1))(*args)
    assert aa.toarray().tolist() == [[8, 0], [0, 10]]
    assert ab.toarray().tolist() == ba.toarray().T.tolist() == [[1, 2, 0], [1, 0, 4]]
    assert bb.nnz == 0


SECOND = [p for p in CORPUS if p.output == "scalar" and p.fun.__module__.endswith(("stencils", "learning", "parts"))]


@pytest.mark.parametrize("program", SECOND, ids=lambda p: p.name)
def test_hessian_of_the_corpus(program: Program) -> None:
    gradient = grad(program.fun, program.argnums)
    try:
        expected = dense(gradient, program.args, program.argnums)
    except SrcgradError as error:
        pytest.skip(f"not differentiated twice: {error}")
    found = sparse_hessian(program.fun, program.argnums)(*program.args())
    whole = np.vstack([joined(row) for row in found]) if isinstance(found, tuple) else found.toarray()
    np.testing.assert_allclose(whole, expected, rtol=1e-7, atol=1e-8 * max(1.0, np.max(np.abs(expected))))


# ---------------------------------------------------------------------------------------------- closures


def reached(owners: np.ndarray, members: np.ndarray, outputs: np.ndarray, inputs: int, count: int) -> np.ndarray:
    """The pattern by the transitive closure, node by node."""
    below = np.zeros((count + 1, inputs), bool)
    below[1 : inputs + 1] = np.eye(inputs)
    for node in range(inputs + 1, count + 1):
        below[node] = below[members[owners == node]].any(axis=0)
    return below[outputs]


@pytest.mark.parametrize("seed", range(60))
def test_closure(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    monkeypatch.setattr(closure, "_PATIENCE", int(rng.integers(1, 4)))
    monkeypatch.setattr(closure, "_NARROW", int(rng.choice([0, 4, 100])))
    inputs = int(rng.integers(1, 8))
    unions = Unions(inputs)
    for _ in range(int(rng.integers(0, 25))):
        if rng.random() < 0.5:
            unions.pair(*rng.integers(1, unions.size + 1, 2).tolist())
        else:
            count, size = rng.integers(1, 4), rng.integers(0, 9)
            unions.groups(rng.integers(0, count, size), rng.integers(0, unions.size + 1, size), int(count))
    outputs = rng.integers(0, unions.size + 1, int(rng.integers(0, 10)))
    found = closure.pattern_of(unions, outputs).toarray()
    np.testing.assert_array_equal(found, reached(*unions.edges(), outputs, inputs, unions.size))


def test_sets_of_lists_of_unknown_kind_are_refused() -> None:
    assert no_list(3) == 3
    with pytest.raises(UnsupportedError, match="put together"):
        no_list([1, 2])
    with pytest.raises(UnsupportedError, match="put together"):
        union_change([1], [2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128, np.uint8])
def test_sets_are_seen_through_the_same_views_as_shadows(dtype: Any) -> None:
    root, numbers = np.zeros((4, 6), dtype), np.arange(24).reshape(4, 6) + 2**40
    views: list[Callable] = [lambda a: a, lambda a: a[1:, ::-2], lambda a: a.T[3], lambda a: a.reshape(-1)[5::7]]
    tables: dict = {}
    for view in views:
        shadow_sets(tables, root)[...] = 0
        shadow_sets(tables, view(root))[...] = view(numbers)
        expected = np.zeros((4, 6), int)
        view(expected)[...] = view(numbers)
        assert np.array_equal(shadow_sets(tables, root), expected)
    assert shadow_sets(tables, [root[1], (2.0, None)])[0] is not None
    assert shadow_sets(tables, 3.0) == 0


def test_parts_of_complex_numbers_have_their_sets() -> None:
    z, tables = np.zeros(3, complex), {}
    shadow_sets(tables, z)[...] = [1, 2, 3]
    assert shadow_sets(tables, z.imag[::-1]).tolist() == shadow_sets(tables, z.real[::-1]).tolist() == [3, 2, 1]
    with pytest.raises(UnsupportedError, match="elements of another size"):
        shadow_sets(tables, z.view(float))


def test_long_chains_take_no_quadratic_time() -> None:
    def total(x):
        s = 0.0
        for k in range(len(x)):
            s += x[k] ** 2
        return s

    assert jacobian_pattern(total)(np.ones(20_000)).nnz == 20_000


# ---------------------------------------------------------------------------------------------- colourings


@pytest.mark.parametrize("seed", range(40))
def test_columns_of_one_colour_have_no_row_in_common(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.random(rng.integers(1, 12, 2)) < rng.choice([0.1, 0.3, 0.6])
    colours = colour_columns(csr_array(matrix))
    np.testing.assert_array_equal(colours == NONE, ~matrix.any(axis=0))
    for colour in range(colours.max(initial=NONE) + 1):
        assert matrix[:, colours == colour].sum(axis=1).max() <= 1


@pytest.mark.parametrize("seed", range(60))
def test_star_colouring(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 14))
    matrix = rng.random((n, n)) < rng.uniform(0.05, 0.6)
    matrix |= matrix.T
    colours = _star(csr_array(matrix), rng.permutation(n))
    near = matrix & ~np.eye(n, dtype=bool)
    for b, c in np.argwhere(near):
        assert colours[b] != colours[c]
        for a in np.flatnonzero(near[b]):
            for d in np.flatnonzero(near[c]):
                if len({a, b, c, d}) == 4:
                    assert len({colours[k] for k in (a, b, c, d)}) > 2
    least = colour_symmetric(csr_array(matrix)).max(initial=NONE)
    assert least <= colours.max(initial=NONE) + n // 2
