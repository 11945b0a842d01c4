"""The pattern that each function has by its rule, against the Jacobian that its tangents give, at every row."""

from __future__ import annotations

import importlib
import linecache
from typing import Any

import numpy as np
import pytest
from harness import Row

from srcgrad import jacobian_pattern, jvp
from srcgrad.errors import SrcgradError
from srcgrad.rules.dependence import DEPENDENCE, MOVES
from srcgrad.sparse.leaves import Vector, as_vector, positions

ROWS = [
    row
    for name in ("elementwise", "fft", "helpers", "index", "linalg", "math", "polynomial", "reduce", "shape")
    for row in importlib.import_module(f"rows_{name}").ROWS
]
EXACT = frozenset(
    [
        *(np.add, np.where, np.matmul, np.dot, np.inner, np.outer, np.tensordot, np.einsum, np.kron, np.vecdot),
        *(np.cumsum, np.diff, np.trace, np.convolve, np.concatenate, np.transpose, np.reshape, np.pad, np.bincount),
        *(np.sum, np.mean, np.stack, np.roll, np.repeat, np.take, np.diag, np.tril, np.correlate, np.vdot),
    ]
)
"""Functions whose pattern is that of their Jacobian: where no number is special, nothing more is in it."""


def called(row: Row, k: int) -> Any:
    """A function that calls that of a row, with source for the compiler to read."""
    names = [f"a{k}" for k in range(len(row.args))]
    given = [*names, *[f"{name}=given_{name}" for name in row.kwargs]]
    text = f"def call({', '.join(names)}):\n    return fn({', '.join(given)})\n"
    filename = f"<dependence-{k}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    scope: dict[str, Any] = {"fn": row.fn, **{f"given_{name}": value for name, value in row.kwargs.items()}}
    exec(compile(text, filename, "exec"), scope)
    return scope["call"]


def jacobian(fun: Any, args: tuple, argnums: tuple[int, ...]) -> np.ndarray:
    """The Jacobian by tangents, one for each column."""
    wanted = positions(argnums, len(args), "call")
    primals = Vector([args[k] for k in wanted], "an argument")
    columns = []
    for unit in np.eye(primals.size):
        tangents: list[Any] = [None] * len(args)
        for k, tree in zip(wanted, primals.trees(unit, lambda leaf, part: part), strict=True):
            tangents[k] = tree
        columns.append(as_vector(jvp(fun, args, tuple(tangents))[1]))
    return np.array(columns).T


def is_real(row: Row) -> bool:
    given = [np.asarray(leaf) for k in row.argnums for leaf in np.atleast_1d(np.array(row.args[k], object)).ravel()]
    return all(leaf.dtype.kind != "c" for leaf in given) and any(leaf.size for leaf in given)


@pytest.mark.parametrize("k", range(0, len(ROWS), 40))
def test_nothing_is_missing(k: int) -> None:
    judged = 0
    for place, row in enumerate(ROWS[k : k + 40], k):
        fun = called(row, place)
        try:
            with np.errstate(all="ignore"):
                found = jacobian_pattern(fun, row.argnums)(*row.args).toarray()
                expected = jacobian(fun, row.args, row.argnums)
        except (SrcgradError, IndexError):
            # Complex numbers, and what `jvp` refuses: see test_forward.py.
            continue
        if not expected.size:
            continue
        judged += 1
        assert found.shape == expected.shape, row.id
        assert not np.any(np.isfinite(expected) & (expected != 0) & ~found), row.id
        if row.fn in EXACT and not row.name and row.kwargs.keys() <= {"axis", "mode"}:
            surplus = found & (expected == 0)
            zeros = any(np.any(np.asarray(leaf) == 0) for leaf in row.args if isinstance(leaf, np.ndarray))
            assert zeros or not np.any(surplus), row.id
    assert judged or all(not is_real(row) for row in ROWS[k : k + 40])


def test_most_rows_are_judged() -> None:
    assert len(ROWS) > 1800
    assert len(MOVES) > 50 and len(DEPENDENCE) > 40
