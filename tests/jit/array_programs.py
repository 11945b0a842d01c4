"""Programs on arrays as scientists write them, with what Numba lacks: each must be compiled, and be right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from jit.array_data import (
    CORNERS,
    FIRST,
    LABELS,
    NEGATIVE,
    PICKED,
    SECOND,
    SEGMENTS,
    normal,
)


@dataclass(frozen=True, slots=True)
class ArrayProgram:
    """A function, what it is called with, and whether Numba has to compile it in the tests, which takes seconds."""

    fun: Callable
    args: tuple
    argnums: int | tuple[int, ...]
    compiled: bool


PROGRAMS: list[ArrayProgram] = []


def arrays(*args: Any, argnums: int | tuple[int, ...] = 0, compiled: bool = False) -> Callable[[Callable], Callable]:
    """Declares a program."""

    def register(fun: Callable) -> Callable:
        PROGRAMS.append(ArrayProgram(fun, args, argnums, compiled))
        return fun

    return register


# Learning


@arrays(normal(5, 3), normal(20, 5), LABELS)
def softmax_of_chosen(w, x, labels):
    z = x @ w
    top = z.max(axis=1)
    norm = np.log(np.exp(z - top[:, None]).sum(axis=1)) + top
    return np.mean(norm - z[np.arange(len(labels)), labels])


@arrays(normal(2, 3, 6, 4), normal(2, 3, 6, 4), normal(2, 3, 6, 4), argnums=(0, 1, 2))
def attention_of_several_heads(q, k, v):
    s = q @ k.transpose(0, 1, 3, 2) / 2.0
    a = np.exp(s - np.max(s, axis=-1, keepdims=True))
    a = a / np.sum(a, axis=-1, keepdims=True)
    return np.sum((a @ v) ** 2)


@arrays(normal(16, 4), normal(4), normal(4), argnums=(0, 1, 2))
def batch_norm(x, g, b):
    y = g * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5) + b
    return np.sum(np.sin(y))


@arrays(normal(16, 4), normal(4), argnums=(0, 1), compiled=True)
def layer_norm(x, g):
    mean, deviation = np.mean(x, axis=-1, keepdims=True), np.std(x, axis=-1, keepdims=True)
    return np.sum(np.tanh((x - mean) / (deviation + 1e-5) * g))


@arrays(np.array([0.3, 0.5]), normal(10, 2), normal(10))
def gaussian_process(theta, x, y):
    scale, size = np.exp(theta)
    squares = np.sum((x[:, None, :] - x[None, :, :]) ** 2, axis=-1)
    k = size * np.exp(-0.5 * squares / scale**2) + 0.01 * np.eye(len(x))
    factor = np.linalg.cholesky(k)
    return 0.5 * y @ np.linalg.solve(k, y) + np.sum(np.log(np.diag(factor)))


@arrays(normal(3, 2), normal(3, 2), normal(3, 3), normal(30, 2), argnums=(0, 1, 2))
def mixture(means, scales, factors, x):
    k = len(means)
    cols, rows = np.triu_indices(2, 1)
    lower = np.zeros((k, 2, 2))
    lower[:, rows, cols] = factors[:, :1]
    centred = x[None] - means[:, None]
    y = np.exp(scales)[:, None] * centred + centred @ lower.transpose(0, 2, 1)
    terms = np.sum(scales, axis=1)[:, None] - 0.5 * np.sum(y * y, axis=2)
    top = np.max(terms, axis=0)
    return np.sum(np.log(np.sum(np.exp(terms - top), axis=0)) + top) + 0.5 * np.sum(factors[:, 1:] ** 2)


@arrays(normal(2, 8), normal(6, 2), argnums=0, compiled=True)
def states_in_a_list(weights, xs):
    states = [xs[0], xs[1]]
    total = 0.0
    for t in range(2, len(xs)):
        x = xs[t]
        for k in range(2):
            x = np.tanh(x * weights[k, :2] + states[k] * weights[k, 2:4])
            states[k] = x
        total += np.sum(x**2)
    return total


# Linear algebra


@arrays(normal(4, 5), normal(5, 6), normal(4, 6), normal(5), argnums=(0, 1, 2, 3))
def einsums(a, b, c, d):
    products = np.sum(np.einsum("ij,jk->ik", a, b) ** 2) + np.einsum("ij,jk,ik->", a, b, c)
    rows = np.einsum("ij,ij->i", a, a) + np.einsum("ij,j->i", a, d)
    return (
        products
        + np.sum(rows**2)
        + np.sum(np.einsum("...j,j", a, d) ** 2)
        + np.sum(np.einsum("ij,kl->ijkl", a, b) ** 2)
    )


@arrays(normal(2, 4, 3), normal(2, 3, 5), normal(4, 4), argnums=(0, 1, 2))
def einsums_of_stacks(a, b, c):
    products = np.sum(np.sin(np.einsum("bij,bjk->bik", a, b)))
    return (
        products
        + np.sum(np.einsum("bij,bij->b", a, a) ** 2)
        + np.einsum("ii", c) ** 2
        + np.sum(np.einsum("ii->i", c) ** 3)
    )


@arrays(normal(2, 3, 4), normal(2, 4, 5), normal(4, 5), normal(4), argnums=(0, 1, 2, 3))
def products_of_stacks(a, b, c, d):
    whole = np.sum((a @ b) ** 2) + np.sum((a @ c) ** 3) + np.sum((a @ d) ** 2) + np.sum((d @ b) ** 2)
    return whole + np.sum((c.T @ a.swapaxes(1, 2)) ** 2) + np.sum(np.matmul(a[:1], b) ** 2)


@arrays(normal(4, 3), np.arange(6).reshape(3, 2), compiled=True)
def products_of_integers(x, k):
    return np.sum(x @ k) + np.sum(x * np.sum(k @ k.T, axis=0))


@arrays(normal(3, 4, 4), normal(3, 4, 2), argnums=(0, 1))
def stacked_systems(a, b):
    s = a @ a.transpose(0, 2, 1) + 4 * np.eye(4)
    solved = np.sum(np.linalg.solve(s, b) ** 2) + np.sum(np.linalg.inv(s))
    return solved + np.sum(np.log(np.linalg.det(s))) + np.sum(np.linalg.cholesky(s))


@arrays(normal(5, 5) + 5 * np.eye(5))
def inverse_and_determinants(a):
    return np.sum(np.linalg.inv(a) ** 2) + np.log(np.linalg.det(a)) + np.linalg.slogdet(a)[1]


@arrays(normal(3, 4), normal(4), argnums=(0, 1))
def products_of_tensors(x, y):
    kron = np.sum(np.kron(x, x)) + np.sum(np.kron(y, y) ** 2)
    inner = np.sum(np.inner(x, x)) + np.vdot(x, x) + np.inner(y, y)
    return kron + inner + np.sum(np.tensordot(x, x, 0)) + np.tensordot(x, x) + np.sum(np.tensordot(x, y, 1))


@arrays(normal(4, 4))
def diagonals(a):
    parts = np.sum(np.diag(a) ** 2) + np.sum(np.diagonal(a, 1) ** 2) + np.sum(np.diag(a, -2) ** 3)
    return parts + np.trace(a @ a) + np.sum(np.tril(a) ** 2) + np.sum(np.diag(a[0]) @ a)


@arrays(normal(5, 3))
def norms(x):
    rows = np.sum(np.linalg.norm(x, axis=1)) + np.sum(np.linalg.norm(x, np.inf, axis=1, keepdims=True))
    return rows + np.linalg.norm(x[0]) + np.linalg.norm(x, "fro") + np.sum(np.linalg.norm(x, 1, axis=0))


@arrays(normal(5, 3))
def singular_values(x):
    return np.sum(np.linalg.svd(x, compute_uv=False))


# Indices and masks


@arrays(normal(6, 4), FIRST, SECOND, compiled=True)
def pairs_of_indices(x, i, j):
    return np.sum(x[i, j] ** 2) + np.sum(x[i] * x[j]) + np.sum(x[i, 1] ** 3) + np.sum(x[1:, j] ** 2)


@arrays(normal(5, 3), CORNERS)
def tables_of_indices(x, i):
    return np.sum(x[i] ** 2) + np.sum(x[i, 1] ** 3) + np.sum(x[i, i % 3]) + np.sum(x[i[:, :1], i[:1] % 3] ** 2)


@arrays(normal(6, 2), FIRST, SECOND)
def springs(p, a, b):
    d = p[b] - p[a]
    lengths = np.sqrt(np.sum(d**2, axis=1) + 0.1)
    f = np.zeros_like(p)
    np.add.at(f, a, d / lengths[:, None])
    np.add.at(f, b, -d / lengths[:, None])
    return np.sum(f**2) + np.sum((lengths - 1) ** 2)


@arrays(normal(20, 3), SEGMENTS)
def sums_of_segments(x, segments):
    out = np.zeros((5, 3))
    np.add.at(out, segments, x)
    np.add.at(out, (segments, 1), x[:, 0] ** 2)
    np.add.at(out, (slice(1, 3), [0, 2]), 1.0)
    return np.sum(out**2)


@arrays(normal(5, 3), NEGATIVE, compiled=True)
def written_at_indices(x, i):
    y = np.zeros((5, 3))
    y[i] = x[1:]
    y[i, 0] += x[:4, 1]
    y[i, [0, 1, 2, 0]] = x[:4, 2]
    y[2, i[i < 3]] = 4.0
    return np.sum(y**2 * np.arange(15.0).reshape(5, 3))


@arrays(normal(5, 3), NEGATIVE)
def rows_that_change_places(x, i):
    y = x.copy()
    y[i] = y[1:]
    y[[0, 1]] = y[[1, 0]]
    y[1:, i[:2]] = y[:4, i[:2]]
    return np.sum(y**2 * np.arange(15.0).reshape(5, 3))


@arrays(normal(5, 3))
def masks(x):
    y = x.copy()
    y[x > 0] = np.arange(float(np.sum(x > 0)))
    y[x < -1] *= 3
    y[np.abs(x) < 0.3] = x[np.abs(x) < 0.3] ** 2
    rows = x[:, 0] > 0
    y[rows] += x[rows]
    y[rows, 1] = 0.5
    return np.sum(y**2) + np.sum(x[rows, 1]) + np.sum(x[x > 0.1])


@arrays(normal(4, 6))
def taken(x):
    y = x * 2
    row = np.take(y, 1, axis=0)
    y[1] = 0
    best = x[np.arange(4), np.argmax(x, axis=1)]
    along = np.take_along_axis(x, np.argsort(x, axis=0), axis=0)[0]
    return np.sum(row**2) + np.sum(y**2) + np.sum(np.take(x, PICKED, axis=1) ** 2) + np.sum(best**2) + np.sum(along)


# Shapes


@arrays(normal(3, 4), normal(2, 4), argnums=(0, 1))
def joined(a, b):
    rows = np.concatenate([a, b])
    more = np.sum(np.concatenate((a, a), axis=1) ** 3) + np.sum(np.stack([a[0], b[1], a[1] * b[0]]) ** 2)
    stacks = (
        np.sum(np.vstack([a[0], b]) ** 2) + np.sum(np.hstack([a[0], b[1]]) ** 3) + np.sum(np.column_stack([a[0], b[0]]))
    )
    return np.sum(rows**2) + more + stacks + np.sum(np.append(a, b, axis=0)[1:] ** 2) + np.sum(np.append(a[0], b) ** 2)


@arrays(normal(3, 4), 2)
def rolled(x, k):
    around = np.roll(x, 1, 0) + np.roll(x, -1, 0) + np.roll(x, 1, axis=1) + np.roll(x, -1, axis=1) - 4 * x
    more = np.sum(np.roll(x, (1, 2), axis=(0, 1)) * x) + np.sum(np.roll(x, 5) * x) + np.sum(np.roll(x, -7, 1) * x**2)
    return np.sum(around**2) + more + np.sum(np.roll(x, k, axis=1) * x)


@arrays(normal(3, 4))
def padded_and_differences(x):
    p = np.pad(x, 1)
    pads = np.sum((p[1:-1, 1:-1] - p[:-2, 1:-1]) ** 2) + np.sum(np.pad(x, ((1, 0), (0, 2)), constant_values=3.0) ** 2)
    return pads + np.sum(np.diff(x, axis=0) ** 2) + np.sum(np.diff(x, n=2) ** 3)


@arrays(normal(3, 4))
def repeated(x):
    tiles = np.sum(np.tile(x, 2) * 1.5) + np.sum(np.tile(x[0], (2, 3)) ** 2)
    return tiles + np.sum(np.repeat(x, 3) ** 2) + np.sum(np.repeat(x, 2, axis=0) ** 3)


@arrays(normal(3, 4, 5))
def axes(x):
    moved = (
        np.sum(np.swapaxes(x, 0, 1)[1] ** 2) + np.sum(np.moveaxis(x, 0, -1)[0] ** 2) + np.sum(np.flip(x, 1)[0] * x[0])
    )
    dots = (
        np.sum(x[..., 0] ** 2) + np.sum(x[:, 1, ...] ** 3) + np.sum(x[..., None, :] ** 2) + np.sum(x[0, ..., 1:] ** 2)
    )
    return moved + dots + np.sum(x.sum(axis=(0, 2)) ** 2) + np.sum(np.squeeze(x[:1], 0) ** 2)


@arrays(normal(6, 3), normal(3), argnums=(0, 1))
def grids(x, c):
    i, j = np.meshgrid(np.arange(3.0), np.arange(6.0))
    return np.sum(x * np.sin(i * c[0] + j * c[1]))


@arrays(normal(5, 1), normal(5, 4), argnums=(0, 1), compiled=True)
def stretched(a, b):
    return np.sum(a * b) + np.sum(a[:, None] * b[:, :, None] ** 2) + np.sum((b[:, :1] * b[:, :2]) ** 2)


# Statistics and running totals


@arrays(normal(4, 6))
def statistics(x):
    spread = (
        np.var(x)
        + np.std(x)
        + np.sum(np.var(x, axis=0))
        + np.sum(np.std(x, axis=1, ddof=1))
        + np.sum(np.ptp(x, axis=0))
    )
    return spread + np.average(x[0], weights=x[1] ** 2) + np.sum(np.average(x, axis=1, weights=np.arange(1.0, 7.0)))


@arrays(normal(4, 6), compiled=True)
def running_totals(x):
    sums = np.sum(np.cumsum(x, axis=1) ** 2) + np.sum(np.cumsum(x, axis=0) ** 3) + np.sum(np.cumsum(x) ** 2)
    return sums + np.sum(np.cumprod(x[0]) ** 2)


@arrays(normal(3, 4))
def products_along_axes(x):
    return np.prod(x[0]) + np.sum(np.prod(x, axis=1)) + np.sum(np.prod(x, axis=0)) + np.sum(np.cumprod(x, axis=1))


@arrays(normal(3, 4))
def sorted_along_axes(x):
    along = np.sum(np.sort(x, axis=0) * np.arange(4.0)) + np.sum(np.sort(x)[:, -1])
    return along + np.sum(np.argsort(x, axis=1) * x) + np.sum(np.sort(x[0]) * np.arange(4))


@arrays(normal(5, 3).astype(np.float32), compiled=True)
def in_single_precision(x):
    spread = np.sum(np.var(x, axis=0)) + np.sum(np.cumsum(x, axis=0) ** 2)
    return spread + np.sum(np.concatenate([x, 2 * x]) ** 2) + np.sum(np.einsum("ij,kj->ik", x, x))


@arrays(normal(3, 0))
def of_nothing(x):
    sums = np.sum(np.roll(x, 1, axis=1)) + np.sum(np.concatenate([x, x])) + np.sum(np.cumsum(x, axis=1))
    return sums + np.sum(np.diff(x, axis=0)) + np.sum(np.einsum("ij,kj->ik", x, x)) + np.sum(x[x > 0])


# Stencils: updates at several distances


@arrays(normal(7, 9), 3, compiled=True)
def heat(u, steps):
    u = u.copy()
    for _ in range(steps):
        c = u[1:-1, 1:-1]
        u[1:-1, 1:-1] = c + 0.1 * (u[1:-1, :-2] + u[1:-1, 2:] + u[2:, 1:-1] + u[:-2, 1:-1] - 4.0 * c + c * (1.0 - c))
    return np.sum(u * u)


@arrays(normal(7, 9), normal(7, 9), 3, argnums=(0, 1))
def two_states(a, b, steps):
    a, b = a.copy(), b.copy()
    for _ in range(steps):
        b[1:-1, 1:-1] = 0.2 * (a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[2:, 1:-1] + a[:-2, 1:-1])
        a[1:-1, 1:-1] = 0.2 * (b[1:-1, 1:-1] ** 2 + b[1:-1, :-2] + b[2:, 1:-1] * a[1:-1, 1:-1])
    return np.sum(a * a)


@arrays(normal(6, 7), normal(6, 7), argnums=(0, 1), compiled=True)
def rows_of_one_array(a, b):
    y = a.copy()
    y[1:] += b[:-1] * 2.0
    y[:-1] -= b[1:]
    y[:-2] += y[2:] * b[2:]
    y *= y
    y[2:] = y[:-2] + b[2:]
    y += 3.0 * b
    return np.sum(y**3)


@arrays(normal(4, 5).astype(np.float32), normal(4, 5), compiled=True)
def written_more_than_once(a, b):
    y = a.copy()
    y += b
    y *= 2.0
    y -= a * b
    y[:] = y + 1.0
    y += y
    return np.sum(y**2)


@arrays(normal(4), np.array(0.5), argnums=(0, 1), compiled=True)
def an_array_without_axes_is_kept_and_overwritten(y, s):
    price = s
    for last in y:
        s += 0.1 * last * np.sin(price)
    return np.sum(y) / 0.7 + s * s


def _product_of_ends(a, k):
    return a[0] * a[-1] if k == 0 else _product_of_ends(a, k - 1) * 0.9


@arrays(normal(4), normal(2, 3), argnums=(0, 1))
def a_recursion_knows_one_of_two_kinds_of_shadows(y, m):
    np.multiply(m - np.mean(m, axis=0), m, out=m)
    return _product_of_ends(y, 2) + np.sum(m * m) * y[1]
