"""Straight-line arithmetic, broadcasting, dtypes and mathematical functions."""

from __future__ import annotations

import math
from math import exp, sqrt

import numpy as np
from numpy import sin, tanh

from . import program, rand, signed


@program(lambda: (0.7, np.array([1.0, 2.0, 3.0]), np.array([0.5, 1.5, 2.0])), argnums=(0, 1, 2), tags=("mean",))
def mean_square_error(w, x, y):
    err = w * x - y
    return np.mean(err**2)


@program(lambda: (1.3, -0.4), argnums=(0, 1))
def arithmetic_of_floats(a, b):
    c = a * b + a / (2.0 - b)
    d = c - a**2 + 3 * b
    e = -d * c + (+a)
    return e / (1.0 + c * c)


@program(lambda: (signed(3, 1), signed(4, seed=1)), argnums=(0, 1), tags=("broadcast",))
def column_times_row(a, b):
    table = a * b + a - b
    return np.sum(table * table)


@program(lambda: (signed(3, 1), rand(4, seed=1)), argnums=(0, 1), tags=("broadcast",))
def column_over_row(a, b):
    ratio = a / b
    return np.sum(np.sin(ratio))


@program(lambda: (rand(3, 1), rand(4, seed=1)), argnums=(0, 1), tags=("broadcast", "power"))
def column_to_the_row(a, b):
    return np.sum(a**b)


@program(lambda: (rand(2, 3), 1.7), argnums=(0, 1), tags=("broadcast", "power"))
def array_to_a_scalar_power(x, p):
    return (x**p).sum() + np.sum(p**x)


@program(lambda: (rand(2, 3), rand(seed=4), rand(3, seed=2)), argnums=(0, 1, 2), tags=("broadcast", "0-d"))
def scalars_vectors_matrices(m, s, v):
    shifted = s * m + v
    scaled = shifted / (1.0 + v * v)
    return np.mean(scaled) - s * np.sum(v)


@program(lambda: (np.array(0.8), np.array(1.5)), argnums=(0, 1), tags=("0-d",))
def zero_dimensional_arrays(a, b):
    c = a * b
    c = np.exp(c) - b
    return c * a


@program(lambda: (rand(2, 1, 3), rand(4, 1, seed=3)), argnums=(0, 1), tags=("broadcast",))
def broadcasts_to_three_axes(a, b):
    return np.sum(np.cos(a + b) * a)


@program(lambda: (rand(1, 3), rand(5, 3, seed=1)), argnums=(0, 1), tags=("broadcast",))
def row_of_length_one(row, table):
    centred = table - row
    return np.sum(centred * centred * centred)


@program(lambda: (rand(4), np.array([3, 1, 2, 4])), tags=("int", "passive"))
def integers_beside_floats(x, counts):
    weights = counts / counts.sum()
    return np.sum(weights * np.log(x)) + np.sum(counts * x) // 1000


@program(lambda: (rand(4), 3, np.arange(4)), tags=("int", "passive", "power"))
def integer_powers(x, n, k):
    return np.sum(x**n) + np.sum(x**k) + (x[0] + 1.0) ** -2


@program(lambda: (rand(3).astype(np.float32), signed(3, seed=1).astype(np.float32)), argnums=(0, 1), tags=("float32",))
def single_precision(x, y):
    z = 2.0 * x * y + 1
    return np.sum(np.tanh(z) / x)


@program(lambda: (rand(3).astype(np.float32), rand(3, seed=1)), argnums=(0, 1), tags=("float32",))
def mixed_precision(x, y):
    return np.sum(x * y - x / y)


@program(lambda: (np.float32(0.5), np.float64(1.5)), argnums=(0, 1), tags=("float32",))
def numpy_scalars(a, b):
    return a * np.sin(b) + b * np.exp(a)


@program(lambda: (3,), tags=("int",))
def an_int_taken_as_float(x):
    return x * x / 2 + math.sin(x)


@program(lambda: (0.3, 0.9), argnums=(0, 1), tags=("math",))
def math_module(x, y):
    a = math.sin(x) * math.cos(y) + math.tan(x * y)
    b = math.exp(-x) + math.log(y) + math.sqrt(x + y)
    c = math.atan(x / y) + math.sinh(x) + math.cosh(y) * math.tanh(x)
    return a * b - c * math.pi


@program(lambda: (0.3, 0.9), argnums=(0, 1), tags=("math",))
def more_of_the_math_module(x, y):
    angle = math.atan2(y, x) + math.asin(x) - math.acos(x)
    length = math.hypot(x, y) + math.pow(x, y)
    return angle * length + math.log1p(x) * math.expm1(y) + math.log(x, 3.0)


@program(lambda: (0.6,), tags=("math",))
def names_imported_from_math(x):
    return exp(-x) * sqrt(x) + sin(x) * tanh(x)


@program(lambda: (rand(5, high=0.9),), tags=("ufunc",))
def trigonometry(x):
    a = np.sin(x) + np.cos(x) * np.tan(x)
    b = np.arcsin(x) - np.arccos(x) * np.arctan(x)
    c = np.sinh(x) + np.cosh(x) - np.tanh(x) + np.arcsinh(x)
    return np.sum(a * b + c)


@program(lambda: (rand(5),), tags=("ufunc",))
def exponentials_and_logarithms(x):
    a = np.exp(x) + np.exp2(x) - np.expm1(x)
    b = np.log(x) + np.log2(x) * np.log10(x) + np.log1p(x)
    return np.sum(a / (1.0 + b * b))


@program(lambda: (rand(5), rand(5, seed=9)), argnums=(0, 1), tags=("ufunc",))
def roots_and_squares(x, y):
    d = np.hypot(x, y) + np.sqrt(x) + np.square(y) + np.cbrt(x)
    return np.sum(np.reciprocal(d) + np.arctan2(y, x) + np.power(x, y))


@program(lambda: (signed(6), signed(6, seed=5)), argnums=(0, 1), tags=("ufunc", "where"))
def piecewise_ufuncs(x, y):
    a = np.abs(x) + np.maximum(x, y) - np.minimum(x, 0.5 * y)
    b = np.where(x > 0.0, x * x, -3.0 * x) + np.clip(y, -0.5, 0.5)
    return np.sum(a * b)


@program(lambda: (np.array([-0.5, 0.0, 2.0]),), tags=("where", "masked"))
def the_side_not_selected(x):
    safe = np.where(x > 0.1, x, 1.0)
    return np.sum(np.where(x > 0.1, np.log(safe) * x, 3.0 * x))


@program(lambda: (rand(3, 4), rand(4, 2, seed=1), rand(2, seed=2)), argnums=(0, 1, 2), tags=("matmul",))
def matrix_products(a, b, c):
    left = a @ b
    right = np.dot(left, c)
    return right @ right + np.sum(np.matmul(b.T, a.T))


@program(lambda: (rand(4), rand(4, seed=1)), argnums=(0, 1), tags=("matmul",))
def products_of_vectors(u, v):
    inner = u @ v
    table = np.outer(u, v)
    return inner * np.sum(table) + np.dot(u, u) / inner


@program(lambda: (rand(2, 3, 4), rand(4, 3, seed=1)), argnums=(0, 1), tags=("matmul",))
def stacked_matrix_product(a, b):
    return np.sum((a @ b) ** 2)


@program(lambda: (rand(3, 4),), tags=("reduce",))
def reductions_along_axes(x):
    rows = x.sum(axis=1)
    columns = np.mean(x, axis=0)
    centred = x - x.mean(axis=1, keepdims=True)
    return np.sum(rows * rows) + np.prod(columns) + np.sum(centred**3)


@program(lambda: (rand(3, 4),), tags=("reduce",))
def spread_of_a_table(x):
    return np.var(x) + np.std(x, axis=0).sum() + x.max() - x.min(axis=1).sum()


@program(lambda: (rand(2, 6),), tags=("shape",))
def changes_of_shape(x):
    y = x.reshape(3, 4).T
    z = y.reshape(-1)
    w = z[None, :] * np.ravel(x)[:, None]
    return np.sum(w.transpose() * np.arange(144.0).reshape(12, 12)) / 100.0


@program(lambda: (rand(3), rand(2, seed=1)), argnums=(0, 1), tags=("shape",))
def joins_and_stacks(x, y):
    joined = np.concatenate([x, y, x])
    stacked = np.stack((x, 2.0 * x))
    return np.sum(joined * np.arange(8.0)) + np.sum(stacked[1] * x) + np.sum(np.hstack((y, y)) ** 2)


@program(lambda: (rand(6),), tags=("cumulative",))
def cumulative_sums(x):
    c = np.cumsum(x)
    return np.sum(c * c) + np.sum(np.diff(x) ** 2) + x[::-1].cumsum()[2]


@program(lambda: (rand(4), 0.4), argnums=(0, 1), tags=("array out",), output="array")
def affine_map(x, s):
    return s * x + x[::-1]


@program(lambda: (rand(3), rand(2, seed=1)), argnums=(0, 1), tags=("array out", "broadcast"), output="array")
def outer_difference(x, y):
    return (x[:, None] - y) ** 2


@program(lambda: (0.5, rand(3)), argnums=(0, 1), tags=("array out", "tuple out"), output="array")
def value_and_vector(a, x):
    y = np.sin(a * x)
    return a * np.sum(y), y


@program(lambda: (rand(3),), tags=("array out",), output="array")
def returns_its_argument(x):
    return x


@program(lambda: (rand(2, 3),), tags=("array out", "view"), output="array")
def returns_a_transpose(x):
    return x.T


@program(lambda: (0.4, 1.1), argnums=(0, 1), tags=("chain",))
def many_reassignments_of_one_name(x, y):
    t = x * y
    t = t + np.sin(t)
    t = t * t - y
    t = np.exp(-t) * x
    t = t / (1.0 + t)
    return t


@program(lambda: (rand(4), rand(4, seed=3)), argnums=(0, 1), tags=("passive",))
def comparisons_as_numbers(x, y):
    mask = (x > 0.5) & (y < 1.1)
    return np.sum(mask * x * y) + (x[0] > 0.0) * y[0]


@program(lambda: (7.3, 2.0), argnums=(0, 1), tags=("mod",))
def remainders(x, y):
    return (x % y) ** 2 + x // y * y


@program(lambda: (rand(3), rand(3, 3, seed=2)), argnums=(0, 1), tags=("einsum",))
def quadratic_form_three_ways(x, m):
    return x @ m @ x + np.einsum("i,ij,j->", x, m, x) + np.trace(m @ m) * np.linalg.norm(x)


@program(lambda: (rand(3), rand(3, 3, seed=2) + 2.0 * np.eye(3)), argnums=(0, 1), tags=("linalg",))
def linear_algebra(b, m):
    x = np.linalg.solve(m, b)
    return np.sum(x * x) + np.log(np.linalg.det(m)) + np.sum(np.linalg.inv(m) @ b)
