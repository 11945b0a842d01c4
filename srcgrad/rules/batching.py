"""Batch rules: what linear functions do to many arguments at once, which stand along a leading axis.

Tangents and cotangents meet linear functions only, so that only these need rules; elementwise ones need none. Axes that
are counted from the end stay where they are.
"""

from __future__ import annotations

import math
import operator

import numpy as np

from srcgrad import runtime
from srcgrad.rules.registry import batch
from srcgrad.rules.shape import array_of_rows

# ---- what the rules share ----


def behind(axis):
    """An axis, or several, as they are counted behind another one."""
    if isinstance(axis, (tuple, list)):
        return tuple([k + 1 if k >= 0 else k for k in axis])
    return axis + 1 if axis >= 0 else axis


def every_axis(x):
    """All axes but the leading one."""
    return 1 if np.ndim(x) == 2 else tuple(range(1, np.ndim(x)))


def count_of_each(x):
    """How many elements belong to each entry of the leading axis."""
    return np.shape(x)[1] if np.ndim(x) == 2 else math.prod(np.shape(x)[1:])


# ---- sums ----


@batch("a", np.sum)
def batched_sum(a, axis=None, dtype=None, keepdims=False, where=None):
    if np.ndim(a) == 1:
        return a.copy() if where is None else None
    summed = every_axis(a) if axis is None else behind(axis)
    if where is not None:
        return np.sum(a, axis=summed, keepdims=keepdims, where=where)
    return np.sum(a, axis=summed, keepdims=True) if keepdims else np.sum(a, axis=summed)


@batch("a", np.mean)
def batched_mean(a, axis=None, dtype=None, keepdims=False):
    if np.ndim(a) == 1:
        return a.copy()
    summed = every_axis(a) if axis is None else behind(axis)
    return np.mean(a, axis=summed, keepdims=True) if keepdims else np.mean(a, axis=summed)


@batch("iterable", sum)
def batched_builtin_sum(iterable, start=0):
    if isinstance(iterable, np.ndarray):
        return np.sum(iterable, axis=1) + start if np.ndim(start) == 0 else None
    return sum(iterable, start) if same_rank(iterable) and np.ndim(start) == 0 else None


@batch("a", np.cumsum)
def batched_cumsum(a, axis=None, dtype=None):
    if axis is not None:
        return np.cumsum(a, axis=behind(axis))
    if np.ndim(a) == 1:
        return np.cumsum(np.expand_dims(a, 1), axis=1)
    if np.ndim(a) == 2:
        return np.cumsum(a, axis=1)
    return np.cumsum(np.reshape(a, (np.shape(a)[0], count_of_each(a))), axis=1)


def batched_cumulative_sum(x, *, axis=None, dtype=None, include_initial=False):
    if np.ndim(x) == 1:
        return None
    return np.cumulative_sum(x, axis=1 if axis is None else behind(axis), include_initial=include_initial)


if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    batch("x", np.cumulative_sum)(batched_cumulative_sum)


@batch("array", np.add.reduceat)
def batched_reduceat(array, indices, axis=0, dtype=None):
    return np.add.reduceat(array, indices, behind(axis))


@batch("a", np.diff)
def batched_diff(a, n=1, axis=-1):
    return np.diff(a, n, behind(axis))


@batch("a", np.trace)
def batched_trace(a, offset=0, axis1=0, axis2=1):
    return np.trace(a, offset, behind(axis1), behind(axis2))


# ---- shapes ----


@batch("a", np.ascontiguousarray)
def batched_ascontiguousarray(a):
    return np.ascontiguousarray(a) if isinstance(a, np.ndarray) else None


@batch("a", np.ravel)
def batched_ravel(a, order="C"):
    if order != "C":
        return None
    return np.reshape(a, (np.shape(a)[0], count_of_each(a)))


@batch("a", np.ndarray.flatten)
def batched_flatten(a, order="C"):
    if order != "C":
        return None
    return np.reshape(a, (np.shape(a)[0], count_of_each(a))).copy()


@batch("a", np.transpose)
def batched_transpose(a, axes=None):
    n = np.ndim(a) - 1
    if n < 2:
        return a
    if axes is None:
        return np.transpose(a, (0, *[n - k for k in range(n)]))
    return np.transpose(a, (0, *[k % n + 1 for k in axes]))


@batch("a", np.swapaxes)
def batched_swapaxes(a, axis1, axis2):
    return np.swapaxes(a, behind(axis1), behind(axis2))


@batch("a", np.moveaxis)
def batched_moveaxis(a, source, destination):
    return np.moveaxis(a, behind(source), behind(destination))


@batch("a", np.expand_dims)
def batched_expand_dims(a, axis):
    return np.expand_dims(a, behind(axis))


@batch("a", np.squeeze)
def batched_squeeze(a, axis=None):
    if axis is None:
        return None
    return np.squeeze(a, behind(axis))


@batch("arys", np.atleast_1d)
def batched_atleast_1d(*arys):
    if len(arys) != 1:
        return None
    return np.expand_dims(arys[0], 1) if np.ndim(arys[0]) == 1 else arys[0]


@batch("array", np.broadcast_to)
def batched_broadcast_to(array, shape):
    lengths = shape if isinstance(shape, (tuple, list)) else (shape,)
    missing = len(lengths) + 1 - np.ndim(array)
    if missing == 0:
        return np.broadcast_to(array, (np.shape(array)[0], *lengths))
    return np.broadcast_to(np.expand_dims(array, tuple(range(1, 1 + missing))), (np.shape(array)[0], *lengths))


@batch("fill_value", np.full)
def batched_full(shape, fill_value):
    if np.ndim(fill_value) != 1:
        return None
    lengths = shape if isinstance(shape, (tuple, list)) else (shape,)
    column = np.expand_dims(fill_value, tuple(range(1, 1 + len(lengths))))
    return np.broadcast_to(column, (np.shape(fill_value)[0], *lengths)).copy()


@batch("m", np.flip)
def batched_flip(m, axis=None):
    if np.ndim(m) == 1:
        return None
    return np.flip(m, every_axis(m) if axis is None else behind(axis))


@batch("a", np.roll)
def batched_roll(a, shift, axis=None):
    if axis is not None:
        return np.roll(a, shift, behind(axis))
    return np.roll(a, shift, 1) if np.ndim(a) == 2 else None


@batch("a", np.repeat)
def batched_repeat(a, repeats, axis=None):
    if axis is not None:
        return np.repeat(a, repeats, behind(axis))
    return np.repeat(a, repeats, 1) if np.ndim(a) == 2 else None


@batch("A", np.tile)
def batched_tile(A, reps):
    counts = tuple(reps) if isinstance(reps, (tuple, list)) else (reps,)
    missing = np.ndim(A) - 1 - len(counts)
    if missing < 0:
        return np.tile(np.expand_dims(A, tuple(range(1, 1 - missing))), (1, *counts))
    return np.tile(A, (1,) * (1 + missing) + counts)


@batch("array", np.pad)
def batched_pad(array, pad_width, mode="constant"):
    n = np.ndim(array) - 1
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap"):
        return None
    if not isinstance(pad_width, (tuple, list)):
        widths = [(pad_width, pad_width) for _ in range(n)]
    elif isinstance(pad_width[0], (tuple, list)):
        widths = [pad_width[k] if len(pad_width) > 1 else pad_width[0] for k in range(n)]
    elif len(pad_width) == 2:
        widths = [pad_width for _ in range(n)]
    else:
        return None
    return np.pad(array, [(0, 0), *widths], mode)


# ---- joining ----


@batch("arrays", np.concatenate)
def batched_concatenate(arrays, axis=0):
    return None if axis is None or isinstance(arrays, np.ndarray) else np.concatenate(arrays, behind(axis))


@batch("arrays", np.stack)
def batched_stack(arrays, axis=0):
    return None if isinstance(arrays, np.ndarray) else np.stack(arrays, behind(axis))


@batch("rows", array_of_rows)
def batched_array_of_rows(rows, dtype=None, axis=0):
    return array_of_rows(rows, dtype=dtype, axis=behind(axis))


@batch("tup", np.vstack)
def batched_vstack(tup):
    if not isinstance(tup, (tuple, list)):
        return None
    if same_rank(tup) and np.ndim(tup[0]) == 1:
        return np.expand_dims(np.stack(tup, 1), 2)
    if same_rank(tup) and np.ndim(tup[0]) == 2:
        return np.stack(tup, 1)
    return np.concatenate([np.expand_dims(x, 1) if np.ndim(x) == 2 else x for x in tup], 1)


@batch("tup", np.hstack)
def batched_hstack(tup):
    if not same_rank(tup):
        return None
    if np.ndim(tup[0]) == 1:
        return np.stack(tup, 1)
    return np.concatenate(tup, 1 if np.ndim(tup[0]) == 2 else 2)


@batch("tup", np.column_stack)
def batched_column_stack(tup):
    if not same_rank(tup) or np.ndim(tup[0]) < 2:
        return None
    return np.stack(tup, -1) if np.ndim(tup[0]) == 2 else np.concatenate(tup, -1)


def same_rank(arrays):
    """Whether a sequence of known length holds arrays of as many axes each."""
    if not isinstance(arrays, (tuple, list)):
        return False
    return all([np.ndim(x) == np.ndim(arrays[0]) for x in arrays])


@batch("a", np.asarray)
def batched_asarray(a):
    return np.asarray(a) if isinstance(a, np.ndarray) else batched_array(a)


@batch("object", np.array)
def batched_array(object, dtype=None):
    if isinstance(object, np.ndarray):
        return np.array(object)
    if isinstance(object, (tuple, list)) and any([isinstance(x, (tuple, list)) for x in object]):
        return np.stack([batched_array(x) for x in object], 1)
    return np.stack(object, 1)


# ---- elements ----


@batch("a", np.take)
def batched_take(a, indices, axis=None):
    if axis is not None:
        return np.take(a, indices, behind(axis))
    return np.take(a, indices, 1) if np.ndim(a) == 2 else None


@batch("arr", np.take_along_axis)
def batched_take_along_axis(arr, indices, axis=-1):
    return None if axis is None else np.take_along_axis(arr, np.expand_dims(indices, 0), behind(axis))


@batch("a", np.diagonal)
def batched_diagonal(a, offset=0, axis1=0, axis2=1):
    return np.diagonal(a, offset, behind(axis1), behind(axis2))


@batch("a", runtime.diagonal_view)
def batched_diagonal_view(a, offset=0, axis1=0, axis2=1):
    return runtime.diagonal_view(a, offset, behind(axis1), behind(axis2))


@batch("v", np.diag)
def batched_diag(v, k=0):
    if np.ndim(v) == 3:
        return np.diagonal(v, k, 1, 2)
    if k != 0:
        return None
    return np.where(np.eye(np.shape(v)[1]) > 0, np.expand_dims(v, 2), 0.0)


@batch("m", np.tril)
def batched_tril(m, k=0):
    return None if np.ndim(m) == 2 else np.tril(m, k)


@batch("m", np.triu)
def batched_triu(m, k=0):
    return None if np.ndim(m) == 2 else np.triu(m, k)


# ---- products ----


@batch("a", operator.matmul, np.matmul, np.linalg.matmul)
def batched_matmul_a(a, b):
    n, m = np.ndim(a) - 1, np.ndim(b)
    if n == 1 and m > 2:
        rows = np.expand_dims(a, tuple(range(1, m)))
        return (rows @ b)[..., 0, :]
    if n >= 2 and m > n:
        return np.expand_dims(a, tuple(range(1, 1 + m - n))) @ b
    return a @ b


@batch("b", operator.matmul, np.matmul, np.linalg.matmul)
def batched_matmul_b(a, b):
    n, m = np.ndim(a), np.ndim(b) - 1
    if m == 1:
        if n == 1:
            return b @ a
        if n == 2:
            return b @ np.transpose(a)
        columns = np.expand_dims(np.expand_dims(b, -1), tuple(range(1, n - 1)))
        return (a @ columns)[..., 0]
    if n > m:
        return a @ np.expand_dims(b, tuple(range(1, 1 + n - m)))
    return a @ b


def batched_matvec_a(a, b):
    return np.matvec(np.expand_dims(a, tuple(range(1, 1 + max(np.ndim(b) - np.ndim(a) + 2, 0)))), b)


def batched_matvec_b(a, b):
    return np.matvec(a, np.expand_dims(b, tuple(range(1, 1 + max(np.ndim(a) - np.ndim(b), 0)))))


def batched_vecmat_a(a, b):
    return np.vecmat(np.expand_dims(a, tuple(range(1, 1 + max(np.ndim(b) - np.ndim(a), 0)))), b)


def batched_vecmat_b(a, b):
    return np.vecmat(a, np.expand_dims(b, tuple(range(1, 1 + max(np.ndim(a) - np.ndim(b) + 2, 0)))))


if hasattr(np, "matvec"):  # NumPy 2.2
    batch("a", np.matvec)(batched_matvec_a)
    batch("b", np.matvec)(batched_matvec_b)
    batch("a", np.vecmat)(batched_vecmat_a)
    batch("b", np.vecmat)(batched_vecmat_b)


@batch("a", np.dot)
def batched_dot_a(a, b):
    if np.ndim(b) == 0:
        return a * b
    if np.ndim(a) == 1:
        return np.multiply.outer(a, b)
    if np.ndim(b) > 2:
        return None
    return a @ b


@batch("b", np.dot)
def batched_dot_b(a, b):
    if np.ndim(a) == 0:
        return a * b
    if np.ndim(b) == 1:
        return np.expand_dims(b, tuple(range(1, 1 + np.ndim(a)))) * a
    if np.ndim(a) > 2 or np.ndim(b) > 3:
        return None
    return batched_matmul_b(a, b)


@batch("a", np.inner)
def batched_inner_a(a, b):
    return None if np.ndim(a) != 2 or np.ndim(b) != 1 else a @ b


@batch("b", np.inner)
def batched_inner_b(a, b):
    return None if np.ndim(a) != 1 or np.ndim(b) != 2 else b @ a


@batch("a", np.outer, np.linalg.outer)
def batched_outer_a(a, b):
    return None if np.ndim(a) != 2 or np.ndim(b) != 1 else np.expand_dims(a, 2) * b


@batch("b", np.outer, np.linalg.outer)
def batched_outer_b(a, b):
    return None if np.ndim(a) != 1 or np.ndim(b) != 2 else np.expand_dims(a, 1) * np.expand_dims(b, 1)


@batch("a", np.vdot)
def batched_vdot_a(a, b):
    flat = np.reshape(a, (np.shape(a)[0], count_of_each(a)))
    return np.conj(flat) @ np.ravel(b) if np.iscomplexobj(a) else flat @ np.ravel(b)


@batch("b", np.vdot)
def batched_vdot_b(a, b):
    flat = np.reshape(b, (np.shape(b)[0], count_of_each(b)))
    return flat @ np.conj(np.ravel(a)) if np.iscomplexobj(a) else flat @ np.ravel(a)


@batch("a", np.multiply.outer)
def batched_multiply_outer_a(a, b):
    n = np.ndim(a)
    return a * b if np.ndim(b) == 0 else np.expand_dims(a, tuple(range(n, n + np.ndim(b)))) * b


@batch("b", np.multiply.outer)
def batched_multiply_outer_b(a, b):
    n, m = np.ndim(a), np.ndim(b) - 1
    if n == 0:
        return a * b
    factor = a if m == 0 else np.expand_dims(a, tuple(range(n, n + m)))
    return factor * np.expand_dims(b, tuple(range(1, 1 + n)))


@batch("a", np.tensordot, np.linalg.tensordot)
def batched_tensordot_a(a, b, axes=2):
    n = np.ndim(a) - 1
    if isinstance(axes, (tuple, list)):
        return np.tensordot(a, b, (behind(axes[0]), axes[1]))
    return np.tensordot(a, b, (tuple(range(1 + n - axes, 1 + n)), tuple(range(axes))))


@batch("b", np.tensordot, np.linalg.tensordot)
def batched_tensordot_b(a, b, axes=2):
    n = np.ndim(a)
    if isinstance(axes, (tuple, list)):
        summed = (axes[0], behind(axes[1]))
        kept = n - (len(axes[0]) if isinstance(axes[0], (tuple, list)) else 1)
    else:
        summed = (tuple(range(n - axes, n)), tuple(range(1, 1 + axes)))
        kept = n - axes
    return np.moveaxis(np.tensordot(a, b, summed), kept, 0)


@batch("a", np.cross)
def batched_cross_a(a, b):
    missing = np.ndim(b) + 1 - np.ndim(a)
    return np.cross(a, b) if missing <= 0 else np.cross(np.expand_dims(a, tuple(range(1, 1 + missing))), b)


@batch("b", np.cross)
def batched_cross_b(a, b):
    missing = np.ndim(a) + 1 - np.ndim(b)
    return np.cross(a, b) if missing <= 0 else np.cross(a, np.expand_dims(b, tuple(range(1, 1 + missing))))


@batch("p", np.polyval)
def batched_polyval(p, x):
    columns = np.transpose(p)
    return np.polyval(columns if np.ndim(x) == 0 else np.expand_dims(columns, tuple(range(2, 2 + np.ndim(x)))), x)


@batch("b", np.linalg.solve)
def batched_solve(a, b):
    if np.ndim(a) != 2:
        return None
    return np.transpose(np.linalg.solve(a, np.transpose(b))) if np.ndim(b) == 2 else np.linalg.solve(a, b)
