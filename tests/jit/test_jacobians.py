"""Compiled Jacobians: those of plain code, by one sweep where that can be compiled, else by a sweep for each vector."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from srcgrad import hvp, jacfwd, jacrev, jvp
from srcgrad.testing import check_same

numba = pytest.importorskip("numba")

X = np.array([0.5, 1.5, 2.0, 0.25])
M = np.array([[0.3, 0.7, 1.2], [0.5, -0.2, 0.9], [1.1, 0.4, -0.6]])


def in_order(x):
    return np.cumsum(np.sort(x)[::-1]) * np.max(x) - x[np.argmin(x)]


def extremes(m):
    return np.max(m, axis=0) * np.min(m**2, axis=1, keepdims=True) + np.sum(m, axis=0, where=m > 0.4)


def solved(m):
    return np.linalg.solve(m + 3.0 * np.eye(3), m[0])


def solved_for_matrices(m):
    return np.linalg.solve(m + 3.0 * np.eye(3), np.stack([m, m * m]))


def diagonals(m):
    pages = m[:, :, None] * m[None, :, :] + m[0]
    return np.diagonal(pages, 1, 0, 2) * np.trace(pages, -1, 1, 2)[:, None] + np.diag(m)[1]


def contracted(m):
    return np.tensordot(m, m, axes=([0], [1])) + np.kron(m[0], m[1])[:3]


def listed(x):
    found = []
    for v in x:
        found.append(math.sin(v) * x[0])
    return np.array(found)


@pytest.mark.parametrize(
    ("fun", "x"),
    [
        (in_order, X),
        (extremes, M),
        (solved, M),
        (solved_for_matrices, M),
        (diagonals, M),
        (contracted, M),
        (listed, X),
    ],
)
def test_is_that_of_plain_code(fun: Callable, x: np.ndarray) -> None:
    for made in (jacfwd, jacrev):
        compiled = made(fun, jit=True)
        for at in (x, x + 0.125):
            check_same(compiled(at), made(fun)(at), made.__name__, exact=False)
    along = np.cos(x)
    check_same(jvp(fun, (x,), (along,), jit=True), jvp(fun, (x,), (along,)), "the tangent", exact=False)


def test_products_with_the_hessian_of_a_maximum() -> None:
    def loss(m):
        return np.max(m @ m[0]) ** 2 + np.sum(np.max(m, axis=1) ** 3)

    check_same(hvp(loss, jit=True)(M, np.sin(M)), hvp(loss)(M, np.sin(M)), "the product", exact=False)
