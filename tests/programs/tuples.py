"""Tuples and lists of a single item, which are taken apart where others hand on what they are."""

from __future__ import annotations

import numpy as np

from programs import program, rand


@program(lambda: (rand(5),), tags=("tuple",))
def how_many_are_large(x):
    i = np.where(x > 0.5)[0]
    return np.sum(x[i] ** 2) / len(i)


@program(lambda: (rand(5),), tags=("tuple",))
def places_that_are_not_zero(x):
    found = np.nonzero(x > 0.5)
    (i,) = found
    return np.sum(x[i] * (i + 1)) + len(found) * x[0] + len(i) * x[1]


@program(lambda: (rand(4),), tags=("tuple",))
def loop_over_places(x):
    total = 0.0
    for k in np.flatnonzero(x > 0.3):
        total += x[k] * k
    for k in (x > 0.5).nonzero()[0]:
        total += np.sin(x[k])
    return total


@program(lambda: (rand(4),), tags=("tuple",))
def one_piece(x):
    (whole,) = np.split(x, 1)
    parts = np.array_split(x * x, 1)
    return np.sum(whole**2) + np.sum(parts[0][1:] * 3.0)


@program(lambda: (rand(4),), tags=("tuple", "write", "view"))
def one_piece_is_written(x):
    y = x * 2.0
    (whole,) = np.split(y, 1)
    whole[1:] *= y[0]
    return np.sum(y**2)


@program(lambda: (rand(4),), tags=("tuple",))
def grid_of_one_axis(x):
    (a,) = np.meshgrid(x)
    b = np.broadcast_arrays(a * x)[0]
    return np.sum(a**2) + np.sum(b * x)


@program(lambda: (rand(3),), tags=("tuple",))
def one_row_by_itself(x):
    rows = np.unstack(x[None]) if hasattr(np, "unstack") else [x]
    return np.sum(rows[0] ** 2) * len(rows)


@program(lambda: (rand(4),), tags=("tuple",))
def shapes_with_one_axis(x):
    shape = np.broadcast_shapes(x.shape, (1,))
    where = np.unravel_index(2, x.shape)
    rows = np.ix_(np.arange(2))
    return np.sum(np.zeros(shape) + x**2) + where[0] * x[where] + np.sum(x[rows[0]] ** 3)


@program(lambda: (rand(3),), tags=("tuple", "list"))
def stack_of_tuples_of_one(x):
    stack = []
    for k in range(3):
        stack.append((x * k,))
    (top,) = stack.pop()
    return np.sum(top * x)


@program(lambda: (rand(3),), tags=("tuple", "list"))
def list_of_tuples_of_one(x):
    rows = []
    for k in range(len(x)):
        rows.append((x * k,))
    total = len(rows[1]) * np.sum(rows[2][0] ** 2)
    for (a,) in rows:
        total += np.sum(a**3)
    return total


@program(lambda: (rand(3),), tags=("tuple", "list"))
def numbers_in_tuples_of_one(x):
    rows = []
    for k in range(len(x)):
        rows.append((x[k] ** 2,))
    (b,) = rows[1]
    last = rows.pop()
    return b * b + sum(q[0] for q in rows) + len(last) * last[0]


@program(lambda: (rand(3),), tags=("tuple", "list", "write"))
def written_arrays_in_tuples_of_one(x):
    rows = []
    for k in range(3):
        rows.append((x * k,))
    for (a,) in rows:
        a[0] = a[1] * a[2]
    return np.sum(rows[1][0] ** 2) + np.sum(rows[2][0])


@program(lambda: (rand(4),), tags=("tuple", "recursion"))
def recursion_that_returns_a_tuple_of_one(x):
    def halved(a, n):
        return (a * a,) if n == 0 else halved(a * 0.5, n - 1)

    return np.sum(halved(x, len(x))[0])


@program(lambda: (rand(3),), tags=("tuple", "write"))
def adds_zeros_to_themselves(x):
    y = np.zeros_like(x)
    y += y
    y += x
    return np.sum(y * y)


@program(lambda: (rand(5), 3), tags=("write", "loop"))
def taken_from_the_end_before_a_loop(x, n):
    total = 0.0
    for k in range(n):
        total += x[k] ** 2
    return total - np.sum(x[1:])


@program(lambda: (rand(3),), tags=("is",))
def equal_arrays_are_two(x):
    a = np.zeros(3)
    b = np.zeros(3)
    return np.sum(x) * (2.0 if a is b else 3.0) * (5.0 if np.shares_memory(a, b) else 7.0)


def product_of_quaternions(p, q):
    a, b, c, d = p
    w, x, y, z = q
    return a * w - b * x - c * y - d * z, a * x + b * w + c * z - d * y, a * y - b * z + c * w, a * z + d * w


@program(lambda: (rand(3), rand(3, seed=1)), argnums=(0, 1), tags=("tuple", "list"))
def tuples_of_arrays_are_joined(v, u):
    rotated = product_of_quaternions((0.0, *v), (1.0,) + tuple(u))  # noqa: RUF005
    both = tuple(v) + (2.0 * u[0],) + tuple(v * u)  # noqa: RUF005
    both += (sum(both), 3.0)
    return rotated[1] * both[-2] + max(both) * both[3] + len(both) * sum(both[1:3] + (u[2],))  # noqa: RUF005
