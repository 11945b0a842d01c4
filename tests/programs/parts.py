"""Lists of parts of an array, as many as the run says, and lists that are repeated: their items are one memory."""

from __future__ import annotations

import numpy as np

from . import program, rand


@program(lambda: (rand(4, seed=1), rand(4, seed=2), 3))
def writes_an_item_of_a_repeated_list(x, y, n):
    xs = []
    for k in range(n):
        xs.append(x * (k + 1.0))
    zs = xs * 2
    s = np.sum(xs[0] ** 2)
    zs[n][1:] *= s
    return s + np.sum(xs[0] * y)


@program(lambda: (rand(6, seed=1), rand(2, seed=2), 3))
def parts_are_scaled_in_place(x, y, n):
    z = x * 2.0
    zs = np.split(z, n)
    s = np.sum(z**2)
    zs[1] *= s
    zs[0][1:] *= y[0]
    return s + np.sum(zs[n - 1] * y) + np.sum(z**3)


@program(lambda: (rand(4, seed=1), rand(4, seed=2), 3))
def one_row_many_times_is_written(x, y, n):
    xs = [x * 2.0] * n
    s = np.sum(xs[0] ** 2)
    xs[n - 1][1:] *= s
    return s + np.sum(xs[0] * y)


@program(lambda: (rand(6, 6, seed=1), rand(2, seed=2), 3))
def column_parts_are_written_in_a_loop(x, y, n):
    z = x * 2.0
    zs = np.hsplit(z, n)
    for k in range(n):
        part = zs[k]
        part += y
        part *= zs[0]
    return np.sum(z**3)


@program(lambda: (rand(6, 6, seed=1), rand(2, seed=2), 3))
def parts_are_only_read(x, y, n):
    z = x * 2.0
    s = 0.0
    for k, part in enumerate(np.split(z, n)):
        s += np.sum(part * part) * (k + 1.0)
    return s


@program(lambda: (rand(6, seed=1), rand(2, seed=2), 3))
def array_is_written_behind_its_parts(x, y, n):
    z = x * 2.0
    zs = np.split(z, n)
    s = np.sum(zs[0] ** 2)
    z[0] *= s
    return np.sum(zs[0] * y) + s


@program(lambda: (rand(6, seed=1), rand(2, seed=2), 3))
def part_of_an_argument_is_written(x, y, n):
    zs = np.split(x, n)
    s = np.sum(x**2)
    zs[0][0] *= s
    return np.sum(zs[0] * y) + s + np.sum(x**3)


@program(lambda: (rand(6, seed=1), rand(2, seed=2), 3), argnums=(0, 1), tags=("lists",))
def only_the_first_part_is_used(x, y, n):
    z = x * 2.0
    zs = np.split(z, n)
    return np.sum(zs[0] * y)


@program(lambda: (rand(6, seed=1), rand(2, seed=2), 2), argnums=(0, 1), tags=("lists",))
def parts_at_places_of_the_run(x, y, k):
    parts = np.split(x * 2.0, [k, k + 2])
    parts[0][:] = y * parts[1]
    s = 0.0
    for p in parts:
        s += np.sum(p**2)
    return s


@program(lambda: (rand(3, 6, seed=1), rand(2, seed=2), 3), argnums=(0, 1), tags=("lists",))
def means_of_parts(x, y, n):
    means = [np.mean(part) for part in np.array_split(x.ravel(), n)]
    return np.sum(np.array(means) ** 2)


@program(lambda: (rand(6, seed=1).astype(np.float32), rand(2).astype(np.float32), 3), argnums=(0, 1), tags=("lists",))
def parts_of_single_precision(x, y, n):
    parts = np.split(x * np.float32(2), n)
    s = np.float32(0)
    for k in range(n):
        part = parts[k]
        part *= y
        s += np.sum(part**2)
    return s


@program(lambda: (rand(6, seed=1), rand(2, seed=2), 3), argnums=(0, 1), tags=("lists",))
def parts_are_made_anew_in_a_loop(x, y, n):
    z = x * 1.0
    s = 0.0
    for k in range(n):
        parts = np.split(z, n)
        first, part = parts[0], parts[k]
        part *= y
        first += part
        s += np.sum(parts[0] * parts[n - 1])
    return s + np.sum(z * z)


@program(lambda: (rand(6, seed=1), rand(2, seed=2), 3), argnums=(0, 1), tags=("lists",))
def parts_are_written_under_a_name(x, y, n):
    z = x * x
    s = 0.0
    for part in np.split(z, n):
        part *= y
        part[0] = part[1] * y[0]
        s += np.sum(part * part)
    return s + np.sum(z * x)


@program(lambda: (rand(4, 3, seed=1), rand(3, seed=2), 3), argnums=(0, 1), tags=("tuples",))
def row_of_a_repeated_tuple_is_written(x, y, n):
    rows = tuple(x[k] * 2.0 for k in range(n))
    twice = rows * 2
    twice[n][0] = y[0] * rows[1][1]
    return np.sum(rows[0] * rows[1])


@program(lambda: (rand(4, 3, seed=1), rand(3, seed=2), 3), argnums=(0, 1), tags=("tuples",))
def row_of_joined_tuples_is_written(x, y, n):
    rows = tuple(x[k] * 2.0 for k in range(n))
    both = rows + rows
    both[n][0] = y[0] * rows[1][1]
    return np.sum(rows[0] * rows[1])


@program(lambda: (np.array([0.3, 0.8]), 1.2))
def blocks_of_arrays_and_numbers(x: np.ndarray, w: float) -> float:
    square = np.block([[np.outer(x, x), x[:, None] * w], [x[::-1], 0.5 * w]])
    row = np.block([x, w, x[:1] * x])
    square[1] *= w
    return np.sum(square**2) * row[3] + np.sum(row)


@program(lambda: (np.arange(1.0, 13.0).reshape(2, 3, 2) / 7.0, np.arange(1.0, 7.0).reshape(2, 3) / 5.0))
def layers_of_different_depth(x: np.ndarray, y: np.ndarray) -> float:
    layers = np.dstack([x, y, x * y[:, :, None]])
    return np.sum(layers[:, 1:] ** 2) + layers[0, 0, 4]
