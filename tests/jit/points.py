"""Programs at which Numba alone would do something else than Python or NumPy, with arguments that show it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Point:
    """A function, and one list of arguments for it.

    Attributes:
        fun: the function.
        args: the arguments; arrays among them are copied before each use.
        argnums: what gradients are asked for.
    """

    fun: Callable
    args: tuple
    argnums: int | tuple[int, ...]

    @property
    def name(self) -> str:
        parts = [f"{a.dtype}{list(a.shape)}" if isinstance(a, (np.ndarray, np.generic)) else str(a) for a in self.args]
        return f"{self.fun.__name__}({', '.join(parts)})".replace(" ", "")


POINTS: list[Point] = []
_rng = np.random.default_rng(0)


def at(*arguments: tuple, argnums: int | tuple[int, ...] = 0) -> Callable[[Callable], Callable]:
    """Adds the decorated function at these arguments."""

    def add(fun: Callable) -> Callable:
        POINTS.extend(Point(fun, args, argnums) for args in arguments)
        return fun

    return add


def doubles(*shape: int) -> np.ndarray:
    """Random numbers of both signs."""
    return _rng.standard_normal(shape)


def singles(*shape: int) -> np.ndarray:
    """Random numbers of 32 bits."""
    return doubles(*shape).astype(np.float32)


# Promotion


@at(
    *((singles(5), 2.0), (doubles(5), 2.0), (singles(5), 3), (singles(5), np.float32(2)), (singles(5), np.float64(2))),
    argnums=(0, 1),
)
def array_meets_number(x, a):
    return np.sum((x * a + 1.5) ** 2 / 3)


@at((np.float32(2), np.float32(3)), (np.float32(2), 3.0), (2.0, 3.0), (np.float64(2), 3.0), argnums=(0, 1))
def number_meets_number(a, b):
    return a * b + a / b + b**2 * 0.1 + a**3


@at(
    (doubles(3), np.arange(3)),
    (doubles(3), np.arange(3, dtype=np.int32)),
    (singles(3), np.arange(3, dtype=np.int32)),
    (singles(3), np.arange(3, dtype=np.int8)),
    (singles(3), np.array([True, False, True])),
)
def floats_meet_integers(x, k):
    return np.sum(x * k + k)


@at((singles(7),), (doubles(7),), (singles(1),))
def sum_in_a_loop(x):
    s = 0.0
    for i in range(len(x)):
        s += x[i] * 0.1 + x[i] ** 2
    return s


# Reductions and shapes


@at((singles(7),), (doubles(1),), (doubles(14)[::2],), (doubles(7)[::-1],), (doubles(300),))
def mean_of_any_stride(x):
    return np.mean(x) + np.mean(x * x) * 2


@at(
    *((doubles(4, 5),), (singles(4, 5),), (doubles(5, 4).T,), (np.asfortranarray(doubles(4, 5)),)),
    *((doubles(8, 10)[::2, ::2],), (doubles(1, 5),), (doubles(4, 1),)),
)
def reductions_along_an_axis(x):
    return (
        np.sum(np.sum(x, axis=0) ** 2)
        + np.sum(np.mean(x, axis=1, keepdims=True) * x)
        + np.max(x)
        + np.sum(np.max(x, axis=1) ** 2)
    )


@at(
    *((doubles(3, 4), doubles(4, 2)), (singles(3, 4), singles(4, 2)), (singles(3, 4), doubles(4, 2))),
    *((doubles(4, 3).T, doubles(4, 2)), (doubles(3, 4), doubles(3, 2))),
    argnums=(0, 1),
)
def product_of_matrices(a, b):
    return np.sum((a @ b) ** 2)


@at(
    *((doubles(5), doubles(5)), (doubles(5), doubles(4)), (doubles(5), doubles(1)), (doubles(1), doubles(5))),
    *((doubles(0), doubles(0)), (doubles(0), doubles(1))),
    argnums=(0, 1),
)
def broadcasting(x, y):
    return np.sum(x * y + y)


@at((np.array(3.0),), (np.array(3.0, np.float32),))
def no_axes(x):
    return x * x + 1.0


# Bounds, division, domains


@at(*[(doubles(3), i) for i in (-4, -3, -1, 2, 3, 5)])
def item(x, i):
    return x[i] ** 2


@at((doubles(4), np.array([0, 2, 2, 1])), (doubles(4), np.array([0, -1])), (doubles(4), np.array([0, 4])))
def items(x, i):
    return np.sum(x[i] ** 2)


@at((1.0, 0.0), (1.0, 2.0), (0.0, 0.0), argnums=(0, 1))
def division_of_floats(a, b):
    return a / b


@at((np.float64(1), np.float64(0)), (np.float64(1), 0.0), (doubles(3), 0.0), (doubles(3), 0), (1.0, np.zeros(2)))
def division_of_numpy(a, b):
    return np.sum(a / b)


@at(*[(2.0, a, b) for a, b in ((7, 2), (7, -2), (-7, 2), (7, 0))])
def division_of_integers(x, a, b):
    return x * (a // b) + x * (a % b) + x * (a / b)


@at((-1.0,), (0.0,), (2.0,), (math.nan,), (math.inf,))
def square_root(x):
    return math.sqrt(x)


@at((-1.0,), (0.0,), (2.0,), (math.nan,))
def logarithm(x):
    return math.log(x)


@at((1000.0,), (2.0,), (math.inf,))
def exponential(x):
    return math.exp(x)


@at((math.inf,), (1.0,))
def sine(x):
    return math.sin(x)


@at((1e200,), (2.0,), (-3.0,))
def square(x):
    return x**2


@at((0.0, -1.0), (2.0, 0.5), (-2.0, 3.0))
def power_of_floats(x, p):
    return x**p


@at((np.float64(-8), 1 / 3), (np.float64(0), -1.0), (np.float64(2), 2))
def power_of_numpy(x, p):
    return x**p


@at((math.nan,), (math.inf,), (1.0,), (-1.3,))
def integer_of_a_float(x):
    return x * int(x * 2.5)


@at((1.5,), (-1.0,))
def raises_with_values(x):
    if x < 0:
        raise ValueError("negative", x)
    return x * x


class TooSmall(ArithmeticError):
    """An exception of the user's own."""


@at((1.5, 2), (-1.0, 2), (2.0, 7), (0.1, 1))
def raises_with_a_message(x, n):
    if x < 0:
        raise ValueError(f"{x} is negative, {{n}} is {n:3d}")
    if n > 5:
        raise ValueError("too many: " + str(n))
    if x < 0.5:
        raise TooSmall(f"{x:.3f}")
    return x * x


# Memory


@at((doubles(6),), (singles(6),))
def updates_that_overlap(x):
    y = x.copy()
    y[1:] += y[:-1]
    y[1:] = y[:-1] * 2
    y[::2] *= 0.5
    y += y[::-1]
    return np.sum(y**2)


@at((doubles(6),), (singles(6),))
def argument_is_shifted(x):
    x[1:] = x[:-1]
    x[0] = 3.0
    return np.sum(x * x)


@at((doubles(3), doubles(3)))
def argument_is_written(x, y):
    x[0] = 2 * y[1]
    return np.sum(x * y)


@at((doubles(4),))
def masked(x):
    return np.sum(x[x > 0] ** 2)


@at((doubles(5),))
def one_side_is_not_selected(x):
    return np.sum(np.where(x > 0, np.sqrt(x), 0.0))


@at((doubles(6), 4))
def buffers_change_places(x, n):
    u, v = x.copy(), x.copy()
    for _ in range(n):
        for i in range(1, len(x) - 1):
            v[i] = 0.5 * (u[i - 1] + u[i + 1])
        u, v = v, u
    return np.sum(u * u)


@at((doubles(4, 4) + 4 * np.eye(4),))
def view_of_what_is_written(a):
    n = len(a)
    for i in range(1, n):
        for j in range(n):
            a[i, j] -= a[i - 1, j] * 0.1
    return np.sum(np.log(np.abs(np.diag(a)))) + a[n - 1, 0] * a[0, n - 1]


@at((doubles(6), 3))
def parts_of_an_array_are_written(x, n):
    z = x * x
    s = 0.0
    for part in np.split(z, n):
        part *= 2.0
        s += np.sum(part * part)
    return s + np.sum(z * x)


# Trees, and what is outside

_WEIGHTS = doubles(3)


@at((doubles(3),))
def array_from_outside(x):
    return np.sum(x * _WEIGHTS)


@at(((doubles(2), [doubles(3), 2.0], {"a": doubles(2, 2), "n": 3, "s": "t"}),))
def tree(t):
    return np.sum(t[0]) * t[1][1] + np.sum(t[1][0]) * t[2]["n"] + np.sum(t[2]["a"] ** 2)


@at((doubles(3), True), (doubles(3), False))
def flag(x, b):
    return np.sum(x * b) if b else np.sum(x)


@at((doubles(5) + 1j,))
def complex_array(x):
    return np.sum(np.abs(x) ** 2)


@at((doubles(3), [1.0, 2.0] * 10))
def long_list(x, items):
    s = 0.0
    for i in range(len(items)):
        s += items[i] * x[0]
    return s


@at((doubles(3), 4.0))
def while_loop_with_a_break(x, tol):
    s, k = 0.0, 0
    while s < tol:
        s += x[k % 3] ** 2 + 0.1
        k += 1
        if k > 50:
            break
    return s
