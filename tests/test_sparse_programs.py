"""Programs as people write them: what is in their sparse Jacobians and Hessians, against tangents column by column."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from test_sparse import dense, joined

from srcgrad import grad, sparse_hessian, sparse_jacobian, stop_gradient

CASES: list[Any] = []
rng = np.random.default_rng(0)
X, M = rng.uniform(0.3, 1.5, 8), rng.uniform(0.3, 1.5, (4, 3))
Y = np.linspace(0.5, 1.5, 6)


def case(*args: Any, argnums: Any = 0, hessian: bool = False) -> Callable[[Callable], Callable]:
    def collect(fun: Callable) -> Callable:
        CASES.append(pytest.param(fun, args, argnums, hessian, id=f"{fun.__name__}-{len(CASES)}"))
        return fun

    return collect


@case(X)
def heat(u):
    for _ in range(3):
        u[1:-1] += 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
    return u


@case(X)
def burgers(u):
    f = 0.5 * u**2
    un = u.copy()
    un[1:] -= 0.3 * (f[1:] - f[:-1])
    return un


@case(M)
def lap2d(u):
    v = np.zeros_like(u)
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            v[i, j] = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4 * u[i, j] ** 3
    return v


@case(X)
def lorenz96(x):
    return (np.roll(x, -1) - np.roll(x, 2)) * np.roll(x, 1) - x + 8.0


@case(X)
def brown(x):
    y = x + np.sum(x) - 9
    y[-1] = np.prod(x) - 1
    return y


@case(X)
def tridiag_broyden(x):
    n = len(x)
    f = np.empty(n)
    for i in range(n):
        f[i] = (3 - 2 * x[i]) * x[i] + 1
        if i > 0:
            f[i] -= x[i - 1]
        if i < n - 1:
            f[i] -= 2 * x[i + 1]
    return f


@case(X)
def comprehension(x):
    return np.array([math.sin(x[i]) * x[i - 1] for i in range(len(x))])


@case(X)
def in_sorted_order(x):
    return x[np.argsort(x)][:3]


@case(X)
def maxpool(x):
    return x.reshape(4, 2).max(axis=1)


@case(X)
def softmax_rows(x):
    a = x.reshape(2, 4)
    e = np.exp(a - a.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@case(M)
def batchnorm(x):
    return (x - x.mean(0)) / (x.std(0) + 1e-3)


@case(M)
def layernorm(x):
    mu = x.mean(-1, keepdims=True)
    return (x - mu) / np.sqrt(((x - mu) ** 2).mean(-1, keepdims=True))


@case(X)
def conv_valid(x):
    return np.convolve(x, np.array([1.0, 0.0, -1.0]), "valid")


@case(X, np.array([1.0, 2.0]), argnums=(0, 1))
def conv_both(x, k):
    return np.convolve(x, k, "same")


@case(X)
def chosen(x):
    return np.where(x > 0.8, x**2, x[0])


@case(X)
def running_product(x):
    return np.cumprod(x)[::2]


@case(X)
def inplace_alias(x):
    y = x
    z = y[2:5]
    z *= y[0]
    return y


@case(X)
def swap_views(x):
    a = x[:4]
    b = x[4:]
    t = a.copy()
    a[:] = b
    b[:] = t
    return x


@case(X)
def dictstate(x):
    s = {"p": x[:4], "v": x[4:]}
    for _ in range(2):
        s["v"] = s["v"] - 0.1 * s["p"]
        s["p"] = s["p"] + 0.1 * s["v"]
    return s


@case((X[:4], {"a": X[4:], "b": 2.0}))
def tree(t):
    return [t[0] * t[1]["b"], t[1]["a"][:2]]


@dataclass
class P:
    a: np.ndarray
    b: float


@case(P(X[:3], 1.5))
def dataclass_argument(p):
    return p.a * p.b


@case(X)
def closure(x):
    def f(i):
        return x[i] ** 2

    return np.array([f(i) + f(0) for i in range(3)])


@case(X)
def pairs_in_while(x):
    i = 0
    out = []
    while i < len(x) - 1:
        out.append(x[i] * x[i + 1])
        i += 2
    return np.array(out)


@case(X)
def left_early(x):
    s = 0.0
    for i in range(len(x)):
        s += x[i]
        if s > 2.0:
            break
    return np.array([s, x[-1]])


@case(X)
def outer_product(x):
    return np.outer(x[:2], x[2:4])


@case(M)
def gram(a):
    return a.T @ a


@case(M)
def rows_with_rows(a):
    return np.einsum("ij,kj->ik", a[:2], a[2:])


@case(M)
def diagonal_by_einsum(a):
    return np.einsum("ii->i", a[:3] @ np.diag([1.0, 2.0, 3.0]))


@case(X)
def blockdiag(x):
    A = np.zeros((4, 4))
    A[0, 0] = 1
    A[1, 1] = 2
    A[2, 3] = 1
    A[3, 0] = 1
    return np.kron(np.eye(2), A) @ x


@case(M)
def solution(a):
    return np.linalg.solve(a[:3] + 4 * np.eye(3), a[3])


@case(X)
def padded(x):
    return np.pad(x, 1, mode="wrap")[2:] - np.pad(x, (2, 0))[:8]


@case(X)
def diffs(x):
    return np.diff(x, 2) * x[1:-1]


@case(X)
def gradient_of_a_line(x):
    return np.gradient(x)


@case(X)
def interpolated(x):
    return np.interp(x, [0.0, 0.5, 1.0, 2.0], [0.0, 1.0, 0.5, 3.0])


@case(X)
def addat(x):
    y = np.zeros(3)
    np.add.at(y, np.array([0, 1, 2, 0, 1, 2, 0, 0]), x**2)
    return y


@case(X)
def counted(x):
    return np.bincount([0, 1, 2, 0, 1, 2, 0, 0], weights=x)


@case(X)
def meshg(x):
    a, b = np.meshgrid(x[:2], x[2:5])
    return a * b


@case(X)
def concat(x):
    return np.concatenate([x[::-1][:2], np.zeros(1), x[:1] * x[3]])


@case(X)
def stackv(x):
    return np.stack([x[:3], np.ones(3), x[3:6]], axis=1)


@case(X)
def halves(x):
    a, b = np.split(x, 2)
    return a * b


@case(X)
def triangle(x):
    L = np.zeros((3, 3))
    L[np.tril_indices(3)] = x[:6]
    return L @ x[5:8]


@case(X)
def repeated_norms(x):
    return x / np.linalg.norm(x.reshape(4, 2), axis=1).repeat(2)


@case(X)
def rowsnorm(x):
    a = x.reshape(4, 2)
    return a / np.linalg.norm(a, axis=1, keepdims=True)


@case(X.astype(np.float32))
def single_precision(x):
    return x[1:] * x[:-1]


@case(2.0, 3.0, argnums=(0, 1))
def numbers(a, b):
    return a * b, a, b**2


@case(X)
def with_stop_gradient(x):
    return x * stop_gradient(x[0])


@case(X)
def enumerated(x):
    y = np.zeros(8)
    for i, v in enumerate(x):
        y[7 - i] = v * v
    return y


@case(X)
def zipped(x):
    return np.array([a * b for a, b in zip(x[:-1], x[1:], strict=True)])  # noqa: RUF007


@case(X)
def built_in_extremes(x):
    return np.array([min(x[0], x[1]), max(x[2], x[3], x[4])])


@case(X)
def clipped(x):
    return np.clip(x, 0.5, x[0] + 0.2)


@case(X)
def larger(x):
    return np.maximum(x[:4], x[4:])


@case(X)
def fancy2(x):
    a = x.reshape(2, 4)
    return a[[0, 1, 1], [3, 0, 2]] * a[:, 1][[0, 1, 0]]


@case(X)
def boolmask(x):
    m = np.array([1, 0, 1, 0, 1, 1, 0, 0], bool)
    y = np.zeros(8)
    y[m] = x[~m]
    y[~m] += x[m] ** 2
    return y


@case(X)
def aug_num(x):
    t = 0
    for i in range(3):
        t += x[i : i + 2]
    return t


@case(X)
def list_methods(x):
    items = [x[i] * 1.0 for i in range(4)]
    items.reverse()
    items.insert(1, x[5])
    items.pop()
    items[0] *= x[7]
    return np.array(items)


@case(X)
def nested(x):
    rows = [[x[i * 2 + j] for j in range(2)] for i in range(4)]
    rows[1][0] = rows[0][1] * x[7]
    return np.array(rows)


@case(X)
def fixedpoint(x):
    y = np.ones(4)
    for _ in range(20):
        y = 0.5 * np.cos(y) * x[:4]
    return y


@case(X)
def sum_by_recursion(x):
    def go(lo, hi):
        if hi - lo == 1:
            return x[lo] ** 2
        m = (lo + hi) // 2
        return go(lo, m) + go(m, hi)

    return np.array([go(0, 4), go(4, 8)])


def fib(x, n):
    if n < 2:
        return x[n]
    return fib(x, n - 1) * fib(x, n - 2)


@case(X)
def fibs(x):
    return np.array([fib(x, 4), x[5]])


def fill(y, x, k):
    if k < 0:
        return
    y[k] = x[k] * x[k + 1]
    fill(y, x, k - 1)


@case(X)
def recfill(x):
    y = np.zeros(5)
    fill(y, x, 3)
    return y


@case(X)
def raveled_twice(x):
    y = np.asarray(x, dtype=np.float64)
    y = y.reshape(2, 4)
    z = y.ravel()
    z = z * 2
    return z + y.T.ravel()


@case(X)
def copyto(x):
    y = np.empty(4)
    np.copyto(y, x[:4], where=np.array([1, 1, 0, 1], bool))
    y[2] = x[7]
    return y


@case(np.asfortranarray(M))
def forder(m):
    v = m.ravel(order="F")
    v2 = v * 1.0
    m2 = m.T
    return v2[:4] + m2[0]


@case(X)
def strided(x):
    y = x.copy()
    y[::2] *= y[1::2]
    y[::-1][:2] += y[:2]
    return y


@case(X)
def broadcast_rows(x):
    y = np.ones((3, 8)) * x
    y[1] = x[0]
    return y.sum(axis=0)


@case(X)
def nothing(x):
    return x[3:3] * 2


@case(X)
def there_and_back(x):
    return np.fft.irfft(np.fft.rfft(x))


@case(X)
def complex_inside(x):
    z = x[:4] + 1j * x[4:]
    return np.abs(z) * z.real


@case(X)
def powers(x):
    return x[:4] ** x[4:]


@case(X)
def median_times(x):
    return np.percentile(x, 50) * x[:2]


@case(X)
def polynomial(x):
    return np.polyval([1.0, 2.0, 3.0], x)


@case(X)
def integrals(x):
    return np.array([np.trapezoid(x[:4]), np.trapezoid(x[4:], dx=0.5)])


@case(X)
def powers_of_each(x):
    return np.vander(x[:3], 3)


@case(X, hessian=True)
def softplus_chain(x):
    return np.sum(np.log1p(np.exp(x[1:] * x[:-1])))


@case(X, hessian=True)
def pairwise_gaussians(x):
    a = x.reshape(4, 2)
    d = a[:, None] - a[None]
    return np.sum(np.exp(-np.sum(d**2, -1)))


@case(X, hessian=True)
def sum_with_branches(x):
    s = 0.0
    for i in range(len(x) - 1):
        if x[i] > 0.7:
            s += x[i] ** 3 * x[i + 1]
        else:
            s -= np.cos(x[i])
    return s


@case(X, hessian=True)
def two_steps_in_place(x):
    y = x.copy()
    for _ in range(2):
        y[1:] += 0.1 * y[:-1] ** 2
    return np.sum(y**2)


@case(X, hessian=True)
def items_of_a_list(x):
    items = []
    for i in range(0, 8, 2):
        items.append(x[i] * x[i + 1] ** 2)
    return sum(items)


@case(X, hessian=True)
def maximum_and_largest(x):
    return np.sum(np.maximum(x, 0.8) ** 2) + np.max(x) * x[0]


@case(X, hessian=True)
def norms_of_halves(x):
    return np.linalg.norm(x[:4]) + np.linalg.norm(x[4:]) ** 3


@case(X, hessian=True)
def logaddexp_and_matrix(x):
    return np.logaddexp(x[0], x[1]) + np.sum(x[2:4] @ np.array([[1.0, 2], [0, 1]]) * x[4:6] ** 2)


@case(X, hessian=True)
def chosen_by_size(x):
    return np.sum(np.where(x > 0.8, x**3, x * x[0]))


@case(X, hessian=True)
def second_differences(x):
    return np.sum(np.diff(x, 2) ** 4)


@case(X, hessian=True)
def running_sums(x):
    return np.sum(np.cumsum(x) ** 2)


@case(X, hessian=True)
def gathered_with_duplicates(x):
    return np.sum(x[np.array([0, 1, 0, 2])] ** 3 * x[np.array([3, 3, 4, 5])])


@case(X, hessian=True)
def plain_numbers(x):
    return math.sin(x[0]) * x[1] + math.exp(x[2]) * x[3]


@case(X, hessian=True)
def product_by_recursion(x):
    def f(k):
        return x[k] if k == 0 else f(k - 1) * x[k]

    return f(2) + x[4] ** 2 * x[5]


@case(X, hessian=True)
def quadratic_form(x):
    return np.einsum("i,ij,j", x[:3], np.diag([1.0, 2.0, 3.0]), x[:3] ** 2)


@case(X, hessian=True)
def stacked_halves(x):
    return np.sum(np.stack([x[:4], x[4:]]) ** 3) + np.prod(x[:2])


def div(a, b):
    return a / b


def divr(a, b, n):
    if n == 0:
        return a / b
    return divr(a, b, n - 1)


@case(X, 0.0)
@case(X, 1.0)
def trycall(x, d):
    try:
        y = x[0] * div(1.0, d)
    except ZeroDivisionError:
        y = x[1]
    return np.array([y, x[2]])


@case(X, 0.0)
@case(X, 1.0)
def tryrec(x, d):
    try:
        y = x[0] * divr(1.0, d, 2)
    except ZeroDivisionError:
        y = x[1]
    return np.array([y, x[2]])


@case(X)
def grad2d(x):
    a, b = np.gradient(x.reshape(4, 2))
    return a * b


@case(Y)
def grown_by_lists(x):
    xs = [x[0]]
    for k in range(1, 4):
        xs += [x[k] * x[0]]
    return np.array(xs)


@case(Y)
def exponentials_of_a_list(x):
    xs = []
    for k in range(3):
        xs.append(x[k])
    return np.exp(xs) * x[3]


@case(Y)
def repeated_list(x):
    xs = []
    for k in range(3):
        xs.append(x[k])
    return np.array(xs * 2 + [x[5]])


@case(Y)
def joined_slices(x):
    xs = []
    for k in range(3):
        xs.append(x[k] * 2)
    ys = xs[1:] + xs[:1]
    return np.add(ys, x[3:6])[1:]


@case(Y)
def chosen_items(x):
    xs = [x[k] for k in range(4) if x[k] > 0.6]
    return np.maximum(xs, 0.9)


@case(Y)
def lists_multiplied(x):
    return np.multiply([x[0], x[1]], [x[2], 2.0])


@case(Y)
def rows_in_a_list(x):
    rows = []
    for k in range(2):
        rows.append(x[3 * k : 3 * k + 3])
    return np.stack(rows)[:, 0] * np.concatenate(rows)[:2]


@case(Y)
def lists_by_recursion(x):
    def build(k):
        if k == 0:
            return [x[0]]
        return build(k - 1) + [x[k]]  # noqa: RUF005

    return np.array(build(2))


@case(Y)
def pairs_in_a_list(x):
    xs = []
    for k in range(3):
        xs.append((x[k], x[k + 1] * 2))
    return np.array([a * b for a, b in xs])


@case(Y)
def totals_by_key(x):
    d = {}
    for k in range(4):
        d[k % 2] = d.get(k % 2, 0.0) + x[k]
    return np.array([d[0], d[1]])


@case(Y)
def sorted_list(x):
    xs = list(x)
    xs.sort()
    return np.array(xs[:2])


@case(Y)
def summed_items(x):
    xs = x.tolist() if False else [v for v in x]
    return sum(xs[:3]) * np.array([xs[0], xs[5]])


@case(Y)
def queue(x):
    q = deque()
    for v in x:
        q.append(v)
    q.popleft()
    return np.array([q[0] * q[1], q.pop()])


@case(Y)
def running_maximum(x):
    best = x[0]
    out = []
    for v in x:
        best = max(best, v)
        out.append(best * 1.0)
    return np.array(out)


@case(Y)
def single_and_double(x):
    a = np.array([x[0], 1.0, x[2]], dtype=np.float32)
    b = a.astype(float)
    b[1] = x[3]
    return b * a


@case(Y)
def array_from_zero(x):
    acc = 0
    for k in range(3):
        acc = acc + x[k : k + 2]
    acc += x[4:6]
    return acc


@case(Y)
def written_by_items(x):
    y = np.zeros(3)
    for i, (a, b) in enumerate(zip(x[:3], x[3:], strict=False)):
        y[i] = a
        y[i] *= b
        y[i] -= y[0]
    return y


@case(Y)
def nested_lists_matmul(x):
    return np.array([[x[0], x[1]], [0.0, x[2]]]) @ np.array([x[3], 1.0])


@case(Y)
def added_axes(x):
    return x.reshape(2, 3).swapaxes(0, 1)[..., None] * x[0]


@case(Y)
def rows_and_columns_written(x):
    z = np.empty((2, 3))
    z[0] = x[:3]
    z[1, :] = x[3:]
    z[:, 1] = z[:, 0]
    return z.mean(axis=0)


@case(Y)
def hypotenuses(x):
    return np.hypot(x[:3], x[3:]) + np.square(x[0])


@case(Y)
def divmods(x):
    a, b = divmod(x[:3], 0.4)
    return b + a * x[3]


@case(Y)
def mantissas(x):
    m, _e = np.frexp(x)
    return m * x[0]


@case(Y)
def extremes_by_index(x):
    i = np.argmax(x)
    j = int(np.argmin(x))
    return np.array([x[i], x[j]])


@case(Y)
def selected(x):
    return np.select([x < 0.7, x < 1.2], [x**2, x[0] * x], default=x[5])


@case(Y)
def chosen_by_index(x):
    return np.choose([0, 1, 0], [x[:3], x[3:]])


@case(Y)
def taken_by_matrix(x):
    return np.take(x, [[0, 5], [2, 2]]) * np.take(x, 1)


@case(Y)
def tensor_product(x):
    return np.tensordot(x.reshape(2, 3), np.eye(3)[:, :2], axes=1)


@case(Y)
def inverse_times(x):
    return np.linalg.inv(np.diag(x[:2]) + 0.1) @ x[2:4]


@case(Y)
def cross_product(x):
    return np.cross(x[:3], x[3:])


@case(Y)
def trace_times(x):
    return np.trace(x[:4].reshape(2, 2)) * x[4:]


@case(Y)
def inserted_and_deleted(x):
    return np.insert(np.delete(x, 1), 2, x[1] * 2)


@case(Y)
def appended(x):
    return np.append(x[:2], x[2] * x[3])


@case(Y)
def filled(x):
    return np.full(3, x[0]) + np.full_like(x[:3], x[1]) + np.linspace(x[2], x[3], 3)


@case(Y)
def tiled(x):
    return np.tile(x[:2], 3) * np.repeat(x[2:4], 3)


@case(Y)
def rotated(x):
    return np.rot90(x.reshape(2, 3))[0] * np.flip(x)[:2]


@case(Y)
def fmax_and_range(x):
    return np.fmax(x[:3], x[3:]) + np.ptp(x[:2])


@case(Y)
def cumulated_rows(x):
    return np.cumsum(x.reshape(2, 3), axis=0).ravel()


@case(Y)
def signs(x):
    return np.nan_to_num(x) + np.abs(x) + np.sign(x) * x[0]


@case(Y)
def read_before_and_after_adding_at(x):
    y = x[:2] * 1.0
    before, shifted = y[0] * 1.0, y + 1.0
    np.add.at(y, [0, 0], x[2:4])
    after = y[0] * 1.0
    return np.array([before, after, (y + 1.0)[0] - shifted[0]])


@case(Y)
def views_read_before_and_after_adding_at(x):
    y = x.reshape(2, 3) * 1.0
    row, first = y[1], y[1][0] * 2.0
    np.add.at(row, np.array([0, 2, 0]), x[:3])
    np.add.at(y, (slice(None), [1, 1]), x[3:5].reshape(1, 2))
    return np.array([first, row[0], y[0, 1], y[1, 1], y[1, 0]])


@case(Y)
def accumulated_by_the_ufunc(x):
    return np.add.accumulate(x[:3]) * np.multiply.reduce(x[4:])


# Gradients that look up shadows while they run: two names change places, or a list decides which array is meant.

L = np.array([[1.0, 0, 0, 0], [0.3, 1.5, 0, 0], [0, 0, 0, 2.0], [0, 1.0, 0, 0.5]])
Z, Z0 = np.array([0.3, 0.5, -0.7, 1.1]), np.array([0.0, 0.5, 0.0, 1.1])


@case(Z, hessian=True)
@case(Z0, hessian=True)
@case(Z.astype(np.float32), hessian=True)
def states_change_places(x):
    g = x * x
    for _ in range(2):
        h = x * g
        h += L.astype(x.dtype) @ g
        g = h
    return np.sum(g**2)


@case(Z, hessian=True)
@case(Z0, hessian=True)
@case(Z.astype(np.float32), hessian=True)
def views_of_states(x):
    g = x * x
    for _ in range(2):
        h = x * g
        back, part = h[::-1], h[1:3]
        back += L.astype(x.dtype) @ g
        part *= x[0]
        g = h
    return np.sum((L.astype(x.dtype) @ g) ** 2)


@case(Z, hessian=True)
def matrices_change_places(x):
    m = np.outer(x, x)
    for _ in range(2):
        n = m * m[0]
        t, diagonal = n.T, n.reshape(-1)[::5]
        t += L @ m
        diagonal *= x[1]
        m = n
    return np.sum((L @ m)[0])


@case(Z, hessian=True)
def states_in_lists_of_lists(x):
    g = [[x * x, x + 1], [x * 2, x * 3]]
    for k in range(3):
        row = g[k % 2]
        h = row[0] * x
        h += L @ g[1][1]
        row.append(h)
        row[1] += L @ h
    return np.sum(g[0][-1] * g[1][-1])


@case(Z, hessian=True)
def states_in_tuples(x):
    state = (x * x, x + 1.0)
    for _ in range(2):
        p, q = state
        q = q * x
        q += L @ p
        state = (q, p)
    return np.sum(state[0] * (L @ state[1]))


@case(Z, hessian=True)
def states_of_a_recursion(x):
    def go(y, n):
        if n == 0:
            return y
        z = y * x
        z += L @ y
        return go(z, n - 1)

    return np.sum(L[2] * go(x * x, 2) ** 2)


@case(0.4, 1, [(1.0, 0.5), (0.2, 0.3)], argnums=(0, 2), hessian=True)
def pairs_by_number(x, n, pairs):
    slope, offset = pairs[n]
    return slope * x * x + offset * slope


# Generators that are made in the function, from a number: they draw the same in each sweep.


@case(Z, hessian=True)
def random_weights(x):
    generator = np.random.default_rng(5)
    return np.sum(generator.normal(size=4) * x**3) * x[0]


@case(Z, hessian=True)
@case(Z0, 7, hessian=True)
def random_places_after_random_numbers(x, seed=3):
    generator = np.random.default_rng(seed)
    weights = generator.normal(size=4)
    generator.gamma(2.0 + x[1], size=5)
    places = generator.integers(0, 4, size=4)
    return np.sum(weights * x) ** 2 + np.sum(x[places] * x**2)


@case(Z)
def random_places_in_a_loop(x):
    y = np.zeros(4)
    for k in range(4):
        generator = np.random.RandomState(k)
        if k % 2:
            generator.normal()
        y[k] = x[generator.randint(4)] * x[generator.randint(4)]
    return y


@pytest.mark.parametrize("fun, args, argnums, hessian", CASES)
def test_program(fun: Callable, args: tuple, argnums: Any, hessian: bool) -> None:
    before = repr(args)
    find: Any = sparse_hessian(fun, argnums) if hessian else sparse_jacobian(fun, argnums)
    for _ in range(2):
        blocks = find(*args)
        is_table = hessian and isinstance(blocks, tuple)
        found = np.vstack([joined(row) for row in blocks]) if is_table else joined(blocks)
    assert repr(args) == before
    expected = dense(grad(fun, argnums) if hessian else fun, lambda: args, argnums).reshape(found.shape)
    pattern = find.pattern(*args).toarray()
    assert not np.any((expected != 0) & ~pattern), "an element is missing"
    single = any(getattr(arg, "dtype", None) == np.float32 for arg in args)
    np.testing.assert_allclose(found, expected, rtol=1e-4 if single else 1e-5, atol=1e-4 if single else 1e-9)
