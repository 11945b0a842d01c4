"""In-place writes: elements, slices, masks, fancy indices, augmented assignment, buffers that are filled."""

from __future__ import annotations

import numpy as np

from . import program, rand, signed


@program(lambda: (rand(4),), tags=("write", "argument"))
def writes_its_argument(x):
    x[0] = 3.0 * x[1]
    return np.sum(x * x)


@program(lambda: (rand(4), 0.7), argnums=(0, 1), tags=("write", "argument"))
def writes_over_a_needed_value(x, a):
    y = x[2] * x[3]
    x[2] = a * x[2] ** 2
    x[3] += x[2] * y
    return x[2] * x[3] + y


@program(lambda: (rand(5),), tags=("write", "copy"))
def writes_a_copy(x):
    y = x.copy()
    y[1] = y[0] * y[2]
    y[0] = np.sin(y[1])
    return np.sum(x * y)


@program(lambda: (rand(5), rand(5, seed=1)), argnums=(0, 1), tags=("write", "aug"))
def augmented_assignments_of_arrays(x, v):
    p = x * 1.0
    p += v
    p *= x
    p -= v * v
    p /= 1.0 + x
    p **= 2
    return np.sum(p * v)


@program(lambda: (rand(5), rand(5, seed=1)), argnums=(0, 1), tags=("write", "aug", "argument"))
def augmented_assignment_of_an_argument(x, v):
    x *= v
    x += 1.0
    return np.sum(x * x * v)


@program(lambda: (rand(4), np.array([0.5, 0.0, 2.0, 1.0])), argnums=(0, 1), tags=("write", "aug", "zero"))
def multiplies_by_a_zero_in_place(x, v):
    p = x + 1.0
    p *= v
    p *= x
    return np.sum(np.cos(p) * x)


@program(lambda: (np.array([0.5, 0.0, 2.0]),), tags=("zero", "for"))
def product_with_a_zero(v):
    p = 1.0
    for k in range(3):
        p *= v[k]
    return p


@program(lambda: (rand(5),), tags=("write", "aug"))
def augmented_elements(x):
    y = np.ones(5)
    y[0] += x[0]
    y[1] -= x[1] * y[0]
    y[2] *= x[2] * y[1]
    y[3] /= x[3] + y[2]
    y[4] **= x[4]
    y[0] *= y[0]
    return np.sum(y * y)


@program(lambda: (rand(6),), tags=("write", "slice"))
def writes_slices(x):
    y = np.zeros(6)
    y[1:-1] = x[2:] * x[:-2]
    y[0] = x[0]
    y[::2] *= 2.0
    y[-1:] = x[-1:] ** 2
    return np.sum(y**2)


@program(lambda: (rand(6), 0.3), argnums=(0, 1), tags=("write", "slice", "broadcast"))
def writes_a_scalar_into_a_slice(x, s):
    y = x * x
    y[1:4] = s
    y[2:] += s * x[0]
    y[:] = y * y
    return np.sum(y * x)


@program(lambda: (signed(6),), tags=("write", "mask"))
def writes_where_a_mask_is_true(x):
    y = x.copy()
    y[y < 0] = 0.0
    y[x > 0.5] *= x[x > 0.5]
    return np.sum(y * x)


@program(lambda: (signed(6), rand(6, seed=2)), argnums=(0, 1), tags=("write", "mask"))
def writes_selected_values(x, v):
    mask = x > 0
    y = np.zeros_like(x)
    y[mask] = x[mask] * v[mask]
    y[~mask] = np.exp(x[~mask])
    return np.sum(y**2)


@program(lambda: (rand(5),), tags=("write", "fancy"))
def writes_with_index_arrays(x):
    idx = np.array([3, 0, 4])
    y = np.zeros(5)
    y[idx] = x[:3] ** 2
    y[[1, 2]] += x[idx[:2]]
    return np.sum(y * x)


@program(lambda: (rand(4),), tags=("write", "fancy", "duplicates"))
def the_last_writer_wins(x):
    y = np.ones(3)
    y[np.array([0, 2, 0])] = x[:3] * x[1:]
    return np.sum(y**3)


@program(lambda: (rand(4),), tags=("write", "fancy", "duplicates"))
def gathers_with_duplicates(x):
    idx = np.array([0, 1, 1, 3, 1])
    y = x[idx]
    y[1] = 5.0
    return np.sum(y * np.arange(5.0)) + np.sum(x[idx] ** 2)


@program(lambda: (rand(5),), tags=("write", "fancy", "duplicates"))
def scatters_with_add_at(x):
    y = np.zeros(3)
    np.add.at(y, np.array([0, 2, 2, 1, 0]), x * x)
    return np.sum(y**3)


@program(lambda: (rand(3, 4), rand(4, seed=1), rand(3, seed=2)), argnums=(0, 1, 2), tags=("write", "2d"))
def writes_rows_and_columns(a, row, column):
    b = a.copy()
    b[1] = row * b[0]
    b[:, 2] = column
    b[2, :] += b[1]
    b[:, 0] *= b[:, 3]
    b[0, 1] = b[2, 2]
    return np.sum(b * b * a)


@program(lambda: (rand(3, 4),), tags=("write", "2d"))
def writes_a_block(a):
    b = np.zeros((4, 4))
    b[1:, :] = a
    b[:2, 1:3] = a[1:, 2:] * b[1:3, :2]
    b[..., -1] = 1.0
    return np.sum(b * b)


@program(lambda: (rand(3, 3),), tags=("write", "2d", "for"))
def swaps_rows(a):
    a = a.copy()
    for i in range(2):
        a[[i, i + 1]] = a[[i + 1, i]]
    w = np.arange(9.0).reshape(3, 3)
    return np.sum(w * a * a)


@program(lambda: (rand(4),), tags=("write", "swap"))
def swaps_elements(x):
    x = x * 1.0
    x[0], x[3] = x[3], x[0] * x[1]
    x[1], x[2] = x[2] + x[0], x[1]
    return np.dot(x, np.array([1.0, 2.0, 3.0, 4.0]) * x)


@program(lambda: (rand(5),), tags=("write", "for", "recurrence"))
def fills_zeros_by_a_recurrence(x):
    y = np.zeros(len(x) + 1)
    for i in range(len(x)):
        y[i + 1] = 0.5 * y[i] + x[i] * (1.0 - y[i])
    return y[-1] + np.sum(y) ** 2


@program(lambda: (rand(5),), tags=("write", "for", "empty"))
def fills_empty_arrays(x):
    n = x.shape[0]
    y = np.empty(n)
    z = np.empty_like(x)
    w = np.ones((n, 2))
    for i in range(n):
        y[i] = x[i] * x[n - 1 - i]
        z[i] = np.sqrt(y[i])
        w[i, 1] = z[i] + w[i, 0]
    return np.sum(y * z) + np.sum(w**2)


@program(lambda: (0.4, 6), tags=("write", "full"))
def fills_full_arrays(x, n):
    y = np.full(n, x)
    y[0] = 1.0
    for i in range(1, n):
        y[i] *= y[i - 1] + i
    z = np.full((2, 3), x * x)
    z[0] += y[:3]
    return np.sum(y) + np.prod(z)


@program(lambda: (rand(6),), tags=("write", "for"))
def prefix_sums_in_place(x):
    s = x.copy()
    for i in range(1, len(s)):
        s[i] += s[i - 1]
    return np.sum(s * s)


@program(lambda: (rand(6),), tags=("write", "for"))
def prefix_products_in_place(x):
    for i in range(1, len(x)):
        x[i] *= x[i - 1] * 1.5
    return np.sum(x)


@program(lambda: (rand(8),), tags=("write", "for", "stencil"))
def stencil_with_two_buffers(x):
    u, v = x.copy(), np.zeros_like(x)
    for _ in range(4):
        for i in range(1, len(x) - 1):
            v[i] = u[i] + 0.2 * (u[i - 1] - 2.0 * u[i] + u[i + 1]) * u[i]
        u, v = v, u
    return np.sum(u * u)


@program(lambda: (rand(8),), tags=("write", "for", "stencil"))
def vectorised_sweeps_in_place(u):
    for _ in range(3):
        u[1:-1] += 0.25 * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(u**3)


@program(lambda: (rand(4, 4),), tags=("write", "for", "stencil", "2d"))
def gauss_seidel_on_a_grid(u):
    for _ in range(2):
        for i in range(1, 3):
            for j in range(1, 3):
                u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]) + 0.05 * u[i, j] ** 2
    return np.sum(u * u)


@program(lambda: (rand(4, 4) + 4.0 * np.eye(4),), tags=("write", "for", "linalg"))
def cholesky_in_place(m):
    a = 0.5 * (m + m.T)
    n = len(a)
    for j in range(n):
        for k in range(j):
            a[j, j] -= a[j, k] * a[j, k]
        a[j, j] = np.sqrt(a[j, j])
        for i in range(j + 1, n):
            for k in range(j):
                a[i, j] -= a[i, k] * a[j, k]
            a[i, j] /= a[j, j]
    logdet = 0.0
    for i in range(n):
        logdet += 2.0 * np.log(a[i, i])
    return logdet + a[3, 0]


@program(lambda: (rand(4, 4) + 3.0 * np.eye(4), rand(4, seed=1)), argnums=(0, 1), tags=("write", "for", "linalg"))
def lu_factorisation_in_place(a, b):
    n = a.shape[0]
    for k in range(n):
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            a[i, k + 1 :] -= a[i, k] * a[k, k + 1 :]
            b[i] -= a[i, k] * b[k]
    for i in range(n - 1, -1, -1):
        b[i] = (b[i] - a[i, i + 1 :] @ b[i + 1 :]) / a[i, i]
    return np.sum(b * b)


@program(lambda: (rand(4),), tags=("write", "if"))
def write_in_a_branch(x):
    y = np.zeros(4)
    for i in range(4):
        if x[i] > 0.6:
            y[i] = x[i] ** 2
        else:
            y[i] += x[i]
            y[0] *= 1.5
    return np.sum(y * x)


@program(lambda: (rand(4),), tags=("write", "overwrite"))
def element_written_many_times(x):
    y = np.zeros(2)
    y[0] = x[0]
    y[0] = y[0] * x[1]
    y[0] = np.exp(y[0]) * x[2]
    y[1] = y[0]
    y[0] = x[3]
    return y[0] * y[1]


@program(lambda: (rand(4),), tags=("write", "dead"))
def writes_that_are_overwritten(x):
    y = np.log(x)
    y[1] = 7.0
    y[:] = x
    y[2] = 2.0
    return np.sum(y**2)


@program(lambda: (rand(6),), tags=("write", "computed index"))
def indices_computed_from_data(x):
    y = np.zeros(4)
    for i in range(6):
        k = int(3.0 * x[i]) % 4
        y[k] += x[i] * (1.0 + y[k])
    return np.sum(y * y)


@program(lambda: (rand(4), np.array([2, 0, 3, 1])), tags=("write", "computed index"))
def indices_from_an_array(x, order):
    y = np.empty(4)
    for i, k in enumerate(order):
        y[k] = x[i] * x[order[k]]
    return np.dot(y, np.arange(4))


@program(lambda: (rand(3).astype(np.float32),), tags=("write", "float32"))
def writes_single_precision(x):
    y = np.zeros(4, dtype=x.dtype)
    y[:3] = x * 2
    y[3] = y[0] * y[1]
    y *= y
    return np.sum(y)


@program(lambda: (rand(5),), tags=("write", "array out"), output="array")
def returns_a_written_buffer(x):
    y = np.zeros(5)
    for i in range(5):
        y[i] = x[i] * x[i - 1]
    y[0] += y[4]
    return y


@program(lambda: (rand(5),), tags=("write", "array out", "argument"), output="array")
def returns_its_written_argument(x):
    x[1:] *= x[:-1].copy()
    x[0] = 0.5
    return x


@program(lambda: (rand(4), 0.3), argnums=(0, 1), tags=("write", "aug"))
def steps_in_place(x, s):
    y = x * 5.0
    t = np.sum(y * s)
    y[1:] //= 0.7
    z = x + 0.0
    z //= 0.4
    return t + np.sum(y * x) + np.sum(z * x)


@program(lambda: (rand(4),), tags=("write",), supported=False)
def effect_of_an_unknown_method(x):
    y = x * 2.0
    y.byteswap(True)
    return np.sum(y * x)


@program(lambda: (rand(4),), tags=("write",), supported=False)
def shuffled_in_place(x):
    y = x * 2.0
    np.random.default_rng(0).shuffle(y)
    return np.sum(y * x)


@program(lambda: (rand(4),), tags=("write",), supported=False)
def products_at_places_that_are_a_mask(x):
    y = x * 2.0
    np.multiply.at(y, y > 1.0, 3.0)
    return np.sum(y * x)


def _settled(a):
    d, k = 1.0, 0
    while d > 0.05 and k < 6:
        old = a.copy()
        a[1:] = 0.5 * (a[1:] + old[:-1])
        d = np.max(np.abs(a - old))
        k += 1
    return d


@program(lambda: (rand(5),), tags=("write", "while", "branch"))
def settles_in_a_branch_of_a_loop(x):
    y = x * 1.0
    total = 0.0
    for i in range(1, 4):
        if y[0] > i:
            total += y[1]
        else:
            total += _settled(y)
    return total + np.sum(y * y) + _settled(x)
