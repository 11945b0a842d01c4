"""Views, views of views, second names, and buffers that are swapped or shared."""

from __future__ import annotations

import numpy as np

from . import program, rand


@program(lambda: (rand(4),), tags=("alias",))
def second_name_is_written(x):
    y = x
    y[0] = 5.0
    return np.sum(x * x)


@program(lambda: (rand(4),), tags=("alias",))
def first_name_is_written_second_is_read(x):
    y = x
    x[1] = x[0] * x[2]
    return np.sum(y**3)


@program(lambda: (rand(5),), tags=("view",))
def view_is_written(x):
    y = x * 1.0
    z = y[0:2]
    z[0] = 7.0 * x[3]
    return np.sum(y * y)


@program(lambda: (rand(5),), tags=("view",))
def base_is_written_view_is_read(x):
    y = x * x
    z = y[1:4]
    y[2] = x[0] * y[1]
    return np.sum(z * np.array([1.0, 2.0, 3.0]))


@program(lambda: (rand(8),), tags=("view",))
def view_of_a_view(x):
    y = x.copy()
    z = y[1:7]
    w = z[::2]
    w[1] *= 3.0
    w += x[:3]
    return np.sum(y**2) + w[0]


@program(lambda: (rand(3, 4),), tags=("view", "2d"))
def row_views_are_written(a):
    b = a * 2.0
    row = b[1]
    row[2] = row[0] * row[1]
    row *= b[0]
    return np.sum(b * a)


@program(lambda: (rand(3, 4),), tags=("view", "2d"))
def column_view_is_written(a):
    b = a + 0.0
    column = b[:, 1]
    column[:] = b[:, 0] ** 2
    column[0] = 2.0
    return np.sum(np.sin(b))


@program(lambda: (rand(3, 4),), tags=("view", "transpose"))
def transposed_view_is_written(a):
    b = a.copy()
    t = b.T
    t[0] = t[1] * t[2]
    t[3, 1] = 9.0
    return np.sum(b * b)


@program(lambda: (rand(6),), tags=("view", "reshape"))
def reshaped_view_is_written(x):
    y = x * x
    m = y.reshape(2, 3)
    m[0, 1] = m[1, 2] * x[0]
    m[1] += m[0]
    return np.sum(y * y)


@program(lambda: (rand(2, 3),), tags=("view", "reshape"))
def reshape_that_copies(a):
    b = a * 2.0
    flat = b.T.reshape(-1)
    flat[0] = 10.0
    flat[3] *= a[0, 0]
    return np.sum(b * b) + np.sum(flat)


@program(lambda: (rand(2, 3),), tags=("view", "ravel"))
def raveled_view_is_written(a):
    b = a * 2.0
    flat = b.ravel()
    for i in range(1, 6):
        flat[i] += 0.5 * flat[i - 1] ** 2
    return np.sum(b[1])


@program(lambda: (rand(6),), tags=("view", "reversed"))
def reversed_view_is_written(x):
    y = x.copy()
    r = y[::-1]
    r[0] = r[5] * 2.0
    r[1:3] *= y[:2]
    return np.sum(y * y * np.arange(6.0))


@program(lambda: (rand(6),), tags=("view", "overlap"))
def overlapping_slices(x):
    y = x.copy()
    y[1:] = y[:-1] * 2.0
    y[:-1] += y[1:]
    return np.sum(y**2)


@program(lambda: (rand(6),), tags=("view", "overlap"))
def two_views_of_one_base(x):
    y = x * 1.0
    left, right = y[:4], y[2:]
    left[3] = right[0] * left[0]
    right[1] += left[1]
    left *= 1.5
    return np.sum(right * right) + np.sum(y)


@program(lambda: (rand(4),), tags=("alias", "if"))
def alias_chosen_by_a_branch(x):
    a = x * 1.0
    b = x * x
    target = a if x[0] > 0.1 else b
    target[1] = 4.0 * x[2]
    target += 1.0
    return np.sum(a * b)


@program(lambda: (rand(4),), tags=("alias", "swap"))
def buffers_swapped_by_name(x):
    a = x + 1.0
    b = np.zeros(4)
    for k in range(3):
        b[:] = a * a * 0.3
        b[k] = a[k + 1]
        a, b = b, a
    return np.sum(a) + np.sum(b * b)


@program(lambda: (rand(4),), tags=("alias", "aug"))
def augmented_assignment_reaches_the_alias(x):
    y = x * 2.0
    z = y
    z += x
    z = z * 3.0
    z += 100.0
    return np.sum(y * y) + np.sum(z)


@program(lambda: (0.7,), tags=("alias", "aug"))
def augmented_assignment_of_a_number_does_not(x):
    y = x * 2.0
    z = y
    z += x
    return y * z


@program(lambda: (rand(3), rand(3, seed=1)), argnums=(0, 1), tags=("alias", "list"))
def arrays_shared_through_a_list(x, y):
    a = x * 1.0
    boxes = [a, y, a]
    boxes[0][1] = 3.0 * y[0]
    boxes[2] *= 2.0
    return np.sum(boxes[0] * boxes[1]) + a[1]


@program(lambda: (rand(3),), tags=("alias", "list"))
def list_with_a_second_name(x):
    values = [x[0]]
    same = values
    same.append(x[1] * x[0])
    values[0] = x[2]
    return same[0] * same[1] * len(values)


@program(lambda: (rand(3),), tags=("alias", "dict"))
def array_shared_through_a_dict(x):
    state = {"u": x.copy(), "t": 0.0}
    u = state["u"]
    for _ in range(3):
        u[0] += u[1] * u[2]
        state["u"][1] *= 0.9
        state["t"] += u[0]
    return state["t"] * np.sum(state["u"])


@program(lambda: (rand(4),), tags=("alias", "helper"))
def helper_writes_its_argument(x):
    buffer = x * 1.0
    scale_in_place(buffer, 2.0)
    scale_in_place(buffer[1:3], x[0])
    return np.sum(buffer * buffer)


def scale_in_place(a, factor):
    a *= factor
    a[0] += factor


@program(lambda: (rand(4),), tags=("alias", "helper"))
def helper_fills_an_output(x):
    out = np.empty(4)
    square_into(x, out)
    square_into(out, out)
    return np.sum(out * x)


def square_into(u, out):
    for i in range(len(u)):
        out[i] = u[i] * u[i] + 0.1


@program(lambda: (rand(4),), tags=("alias", "helper"))
def helper_returns_a_view(x):
    y = x.copy()
    middle = inner(y)
    middle[0] = x[3] ** 2
    inner(y)[1] *= 5.0
    return np.sum(y * y)


def inner(a):
    return a[1:-1]


@program(lambda: (rand(4),), tags=("alias", "helper"))
def helper_may_return_its_argument(x):
    y = x * 3.0
    z = normalised_if_large(y)
    z[0] = x[1]
    return np.sum(y) * np.sum(z * z)


def normalised_if_large(a):
    if np.sum(a) > 1000.0:
        return a / np.sum(a)
    return a


@program(lambda: (rand(4),), tags=("alias", "asarray"))
def asarray_shares_and_array_copies(x):
    y = x * 1.0
    a = np.asarray(y)
    b = np.array(y)
    a[0] = 2.0 * x[1]
    b[1] = 3.0 * x[2]
    return np.sum(y * y) + np.sum(b * x)


@program(lambda: (rand(3, 3),), tags=("alias", "for"))
def rows_of_a_loop_are_views(a):
    b = a.copy()
    for row in b:
        row[0] = row[1] * row[2]
        row /= 1.0 + row[0] ** 2
    return np.sum(b**2)


@program(lambda: (rand(5),), tags=("alias", "for"))
def previous_buffer_is_kept(x):
    old = x
    total = 0.0
    for _ in range(3):
        new = old.copy()
        new[1:] += old[:-1] * old[1:]
        total += np.sum((new - old) ** 2)
        old = new
    return total


@program(lambda: (rand(4),), tags=("alias", "for"))
def snapshot_by_reference_or_by_copy(x):
    u = x * 1.0
    by_name, by_copy = [], []
    for k in range(3):
        u *= 0.5 + x[k]
        by_name.append(u)
        by_copy.append(u.copy())
    return np.sum(by_name[0] * by_copy[0]) + np.sum(by_copy[1])


@program(lambda: (rand(3, 4),), tags=("view", "broadcast"))
def newaxis_view_is_written(a):
    b = a[0] * 1.0
    c = b[:, None]
    c[2, 0] = a[1, 1] * a[2, 2]
    return np.sum(c * a[1]) + np.sum(b)


@program(lambda: (rand(4),), tags=("view", "array out"), output="array")
def returns_a_view_of_its_argument(x):
    return x[1:3]


@program(lambda: (rand(4),), tags=("view", "array out", "tuple out"), output="array")
def returns_a_buffer_and_its_view(x):
    y = x * x
    v = y[::2]
    v[0] = 3.0 * x[1]
    return y, v


@program(lambda: (rand(4),), tags=("alias", "diagonal", "2d"))
def diagonal_is_filled(x):
    m = np.zeros((4, 4))
    for i in range(4):
        m[i, i] = x[i]
        m[i, (i + 1) % 4] = x[i] ** 2
    return np.sum(m @ m) + np.trace(m)


@program(lambda: (np.asfortranarray(np.array([[0.2, 0.9, 0.5], [1.3, 0.4, 0.7]])), 0.7), (0, 1))
def transposed_view_is_scaled_and_raveled(m, s):
    t = m.T
    t *= s
    return np.sum(np.ravel(t) * np.arange(6.0)) + np.sum(np.ravel(m) ** 2)


@program(lambda: (rand(3), rand(3, 3, seed=1)), tags=("alias", "is"))
def array_that_is_told_apart_in_each_turn(x, m):
    total = 0.0
    for k in range(3):
        a = x * m[k]
        b = x * 1.0
        c = a if total < 0.5 else b
        if c is a:
            total += np.sum(np.sin(c) * x)
        else:
            total += 2 * np.sum(c * a)
    return total
