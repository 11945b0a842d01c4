"""Functions, methods and attributes that write to arrays, and what is written at or from changes later."""

from __future__ import annotations

import collections

import numpy as np

from . import program, rand


def weigh(v):
    return np.sum(np.sin(v) * np.arange(1, v.size + 1).reshape(v.shape))


@program(lambda: (rand(6),), tags=("write", "mask"))
def mask_that_changes_after_it_was_used(x):
    y = x * 1.0
    total = weigh(y)
    mask = y > 0.6
    y[mask] += 0.7
    mask[...] = True
    return total + y[0]


@program(lambda: (rand(6),), tags=("write", "index"))
def index_array_that_changes_after_it_was_used(x):
    y = x * 1.0
    places = np.array([0, 1, 2])
    total = weigh(y)
    y[places] = 2 * y[places] ** 2
    places[0] = 5
    places[1:] += 2
    return total + weigh(y * y)


@program(lambda: (rand(6),), tags=("write", "index", "loop"))
def permutation_that_permutes_itself(x):
    p = np.array([2, 0, 1])
    y = x * 1.0
    for _ in range(3):
        y[p] = y[p] * y[:3]
        p[p] = p[::-1]
        p[0], p[1] = p[1], p[0]
    return weigh(y)


@program(lambda: (rand(6),), tags=("write", "flat"))
def flat_takes_the_values_again_from_the_start(x):
    y = x * 1.0
    y.flat[1:4] = x[:3] * 2
    y.flat[::2] = [x[0], x[5]]
    y.flat[[5, 1]] *= x[1:3]
    y.flat[y > 0.9] = x[3]
    return weigh(y)


@program(lambda: (rand(2, 3),), tags=("write", "flat"))
def flat_of_a_matrix_is_assigned(m):
    y = m * 2.0
    y.flat = m[:, ::-1]
    y.flat[-2:] = y[0, 0] * m[1, 1:]
    y.flat[...] += m.ravel()[::-1]
    z = np.zeros((3, 2))
    z.flat[:] = m[0]
    z.T.flat[[0, 0, 3]] = m[1]
    return weigh(y) + weigh(z)


@program(lambda: (rand(5),), tags=("write", "flat", "alias"), supported=False)
def flat_is_written_from_the_same_memory(x):
    y = x * 1.0
    y.flat[1:4] = y[0:3]
    return weigh(y)


@program(lambda: (rand(5),), tags=("write", "flat", "alias"))
def flat_is_written_from_an_element_of_its_own(x):
    y = x * 1.0
    y.flat[1:4] = y[0]
    y.flat[2:] = y[:3] * y[1:4]
    return weigh(y)


@program(lambda: (rand(6),), tags=("write", "put"))
def put_in_all_its_modes(x):
    y = x * 1.0
    y.put([0, 3, 5], x[:2])
    y.put(indices=[1, 8], values=x[3], mode="wrap")
    np.put(y, [2, 9], [x[0], x[1]], "clip")
    np.put(y, [4, 4], y[:2])
    return weigh(y)


@program(lambda: (rand(6),), tags=("write", "at"))
def ufuncs_at_indices_that_repeat(x):
    y = x * 1.0
    np.multiply.at(y, [0, 2, 0], x[:3])
    np.subtract.at(y, [1, 1], x[1])
    np.divide.at(y, np.array([3, 3]), 2.0 + x[0])
    np.maximum.at(y, [4, 5, 4], y[1:4])
    np.multiply.at(y, [1, 0, 1], y[0:3])
    return weigh(y)


@program(lambda: (rand(2, 3),), tags=("write", "at"))
def ufuncs_at_rows(m):
    y = m * 1.0
    np.multiply.at(y, [1, 0, 1], m[0])
    np.add.at(y, (np.array([0, 0]), np.array([1, 1])), m[1, :2])
    return weigh(y)


@program(lambda: (rand(6),), tags=("write", "place"))
def place_takes_the_values_again_from_the_start(x):
    y = x * 1.0
    np.place(y, y > 0.5, [x[0], x[1]])
    np.place(y, [1, 0, 1, 0, 0, 1], x[1:3])
    np.copyto(y, 2 * x, where=np.array([True, False, True, False, False, False]))
    return weigh(y)


@program(lambda: (rand(2, 3),), tags=("write", "along axis"))
def put_along_an_axis(m):
    y = m * 1.0
    np.put_along_axis(y, np.argmax(y, axis=1)[:, None], m[:, :1] * 3, 1)
    np.put_along_axis(y, np.array([[0, 1, 0]]), 7.0 * m[0, 0], axis=0)
    np.put_along_axis(y, np.array([0, 3]), m[0, :2], axis=None)
    return weigh(y)


@program(lambda: (rand(3), rand(3, seed=1)), argnums=(0, 1), tags=("write", "diagonal"))
def diagonals_filled_with_several_values(x, y):
    a = np.outer(x, y)
    np.fill_diagonal(a, y)
    np.fill_diagonal(a[:, 1:], x[:1] * y[:1])
    cube = np.zeros((3, 3, 3)) + x
    np.fill_diagonal(cube, [x[0], y[1]])
    return weigh(a) + weigh(cube)


@program(lambda: (rand(3),), tags=("write", "diagonal", "alias"), supported=False)
def diagonal_filled_from_its_own_row(x):
    a = np.outer(x, x)
    np.fill_diagonal(a, a[0])
    return weigh(a)


@program(lambda: (rand(6),), tags=("write", "sort"))
def partitioned_in_place(x):
    y = x[::-1] * 1.0
    y.partition(2)
    return np.sum(y[:3]) * y[2] + np.prod(y[3:])


@program(lambda: (rand(2, 3),), tags=("write", "view"))
def written_through_real_and_view(m):
    y = m * 1.0
    v = y.view()
    v[0] *= 2
    y.real[1] = m[0] * y[1]
    y.real = y * y[0, 0]
    return weigh(y) + weigh(v)


@program(lambda: (rand(2, 3),), tags=("write", "out"))
def out_of_products_and_reductions(m):
    y, z = np.zeros((2, 2)), np.zeros(2)
    np.einsum("ij,kj->ik", m, m, out=y)
    np.dot(y, m[:, 0], out=z)
    np.add.reduce(m, 1, None, z[::-1])
    np.add.accumulate(y, out=y)
    np.cumsum(y, axis=1, out=y)
    return weigh(y) + weigh(z) + np.multiply.reduce(z) + np.sum(np.subtract.outer(z, z) ** 3 * m[0, 0])


@program(lambda: (rand(6),), tags=("write", "out"))
def joined_into_an_array(x):
    y = x * 1.0
    np.concatenate([x[3:] * x[0], x[:3]], out=y)
    np.stack([x[:3], x[3:]], axis=1, out=y.reshape(3, 2)[:, ::-1])
    return weigh(y)


@program(lambda: (rand(6),), tags=("write", "out", "alias"), supported=False)
def halves_exchanged_by_joining_them(x):
    y = x * 1.0
    np.concatenate([y[3:], y[:3]], out=y)
    return weigh(y)


@program(lambda: (rand(4),), tags=("view", "broadcast"))
def broadcast_view_is_used_up_before_the_write(x):
    y = x * 1.0
    t = np.broadcast_to(y, (2, 4))
    total = np.sum(np.sin(t) * np.arange(8.0).reshape(2, 4))
    y[0] = 2 * y[1]
    return total + weigh(y)


@program(lambda: (rand(4),), tags=("view", "broadcast", "loop"))
def broadcast_view_shows_later_writes(x):
    y = x * 1.0
    t = np.broadcast_to(y, (2, 4))
    total = 0.0
    for k in range(3):
        y[k] = 2 * y[k + 1] ** 2
        total += t[0, 1] * t[1, k] + np.sum(t[:, ::2] ** 2)
    return total + weigh(t)


@program(lambda: (rand(4),), tags=("view", "broadcast", "reshape"))
def flattened_broadcast_is_written(x):
    y = np.broadcast_to(x, (2, 4)).reshape(-1)
    y[[1, 0]] = [x[2], 2.0]
    y *= x[0]
    return weigh(y) + weigh(x)


@program(lambda: (rand(4),), tags=("view", "broadcast", "reshape"), supported=False)
def flattened_broadcast_of_an_array_that_is_written(x):
    y = x * 1.0
    z = np.broadcast_to(y, (2, 4)).ravel()
    y += y
    return weigh(z)


@program(lambda: (rand(3, 4),), tags=("view", "ravel"))
def flattened_in_the_order_of_memory(m):
    columns = m[:, ::2].T
    return weigh(m.ravel("K")) + weigh(columns.ravel("K") ** 2) + weigh(m.T.ravel("K") ** 3)


@program(lambda: (rand(6),), tags=("view", "stack"))
def stack_of_slices_is_written(x):
    a = np.stack([x[:2], x[2:4], x[4:]])
    flat = a.reshape(-1)
    flat[1:] *= flat[:-1]
    a[0] = np.vstack([x[:3], x[3:]])[:, 1]
    return weigh(a) + np.sum(np.stack([a, a * a], axis=1)[1] ** 2)


@program(lambda: (0.7,), tags=("view",))
def points_between_numbers(s):
    y = np.linspace(0.2, s, 6)
    z = y[::2]
    z *= s
    return weigh(y)


@program(lambda: (rand(4),), tags=("write", "index"))
def slices_made_beforehand(x):
    y = np.outer(x, x)
    part = np.s_[1:, ::2]
    y[part] *= x[0]
    y[(slice(None), 0)] = x
    first = (0, 1)
    y[first] += x[2]
    return weigh(y[np.index_exp[1:]] * y[part][0, 1])


@program(lambda: (rand(4),), tags=("write", "out"))
def out_of_functions_with_several_results(x):
    y = x * 3.0
    whole, part = np.empty(4), np.empty(4)
    np.modf(y, part, whole)
    _, rest = np.divmod(y, 0.4, out=(None, whole))
    return np.sum(part * y) + np.sum(rest * whole * x)


@program(lambda: (rand(2, 3),), tags=("write", "for"))
def enumerated_elements_are_written(m):
    y = m * 1.0
    for (i, j), v in np.ndenumerate(y):
        y[i, j] = v * y[i - 1, j]
    for k, v in np.ndenumerate(y[0]):
        y[1][k] += v * v
    return weigh(y)


@program(lambda: (rand(4),), tags=("write",), supported=False)
def what_a_shuffle_returns(x):
    y = x * 1.0
    nothing = np.random.default_rng(0).shuffle(y)
    return weigh(y) if nothing is None else 0.0


@program(lambda: (rand(4),), tags=("write", "list"))
def heap_made_of_a_list(x):
    import heapq

    heap = [x[0], x[1], x[2]]
    heapq.heapify(heap)
    return heap[0] ** 2 * heap[1]


@program(lambda: (rand(4), collections.deque([2.0])), tags=("argument",), supported=False)
def deque_from_outside_is_changed(x, q):
    q.append(3.0)
    return weigh(x) * q[0]


@program(lambda: (rand(4), {2.0}), tags=("argument",), supported=False)
def set_from_outside_is_changed(x, s):
    s.add(3.0)
    return weigh(x) * len(s)
