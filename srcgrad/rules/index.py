"""Rules of reading elements: subscripts, `take` and its relatives, sorting, counting, interpolation.

A read has two rules. The accumulating one adds the cotangent into the shadow of the array that was read, so that
reading one element costs one element. The functional one makes a new array with `scatter`, whose own transpose is a
subscript.
"""

from __future__ import annotations

import operator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from srcgrad.rules.registry import accumulate, jvp, linear, linear_in, methods, nondifferentiable, views, vjp
from srcgrad.rules.tangents import as_array, times, total


def scatter(g, i, shape):
    """The transpose of `x[i]`: zeros of the given shape with `g` added at `i`; what falls on one element is summed.

    Example:
        >>> scatter(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 0]), (3,))
        array([5., 0., 2.])
    """
    out = np.zeros(shape, np.asarray(g).dtype)
    if _has_integer_array(i):
        np.add.at(out, i, g)
    else:
        out[i] = g
    return out


@linear(scatter)
def _scatter(g, z, h, i, shape):
    return g[i]


def _is_integer_array(p):
    return isinstance(p, (list, tuple, range, np.ndarray)) and np.ndim(p) > 0 and np.asarray(p).dtype != np.bool_


def _has_integer_array(i):
    """Whether an index may select one element twice: the integer-array ones, not slices, integers and masks."""
    if isinstance(i, tuple):
        return any([_is_integer_array(p) for p in i])
    return _is_integer_array(i)


def gathered(g, source, a):
    """The cotangent of `a`, when its elements, numbered in C order, were read as `source` says."""
    return np.reshape(scatter(g, source, (np.size(a),)), np.shape(a))


def numbered(a):
    """The positions of the elements of `a` in C order, in its shape."""
    return np.reshape(np.arange(np.size(a)), np.shape(a))


# Subscripts


@linear(operator.getitem)
def getitem(g, z, x, i):
    return scatter(g, i, np.shape(x))


@accumulate(operator.getitem)
def getitem_into(x_bar, g, z, x, i):
    if _has_integer_array(i):
        np.add.at(x_bar, i, g)
    else:
        x_bar[i] += g


# take, take_along_axis, compress, extract


def _in_range(indices, n, mode):
    if mode == "clip":
        return np.clip(indices, 0, n - 1)
    if mode == "wrap" and n > 0:
        return np.mod(indices, n)
    return indices


def _before(axis, ndim):
    """Full slices of the axes before `axis`."""
    return (slice(None),) * (axis % ndim)


def _flat_index(indices, a, mode):
    """The subscript that reads the elements of `a` with these numbers in C order."""
    return np.unravel_index(np.mod(_in_range(indices, np.size(a), mode), max(np.size(a), 1)), np.shape(a))


def _take_index(indices, a, axis, mode):
    if isinstance(indices, (list, tuple)):
        indices = np.asarray(indices, np.intp)
    if axis is None:
        return _flat_index(indices, a, mode)
    return (*_before(axis, np.ndim(a)), _in_range(indices, np.shape(a)[axis], mode))


@linear(np.take)
def take(g, z, a, indices, axis=None, out=None, mode="raise"):
    if np.ndim(a) == 0:
        return np.sum(g)
    return scatter(g, _take_index(indices, a, axis, mode), np.shape(a))


@accumulate(np.take)
def take_into(a_bar, g, z, a, indices, axis=None, out=None, mode="raise"):
    if np.ndim(a) == 0:
        a_bar[()] += np.sum(g)
    elif np.ndim(indices) == 0:
        a_bar[_take_index(indices, a, axis, mode)] += g
    else:
        np.add.at(a_bar, _take_index(indices, a, axis, mode), g)


def _along(indices, axis, shape):
    """The subscript that `take_along_axis` reads."""
    n = len(shape)
    axis = axis % n
    own = [np.reshape(np.arange(shape[k]), (1,) * k + (-1,) + (1,) * (n - 1 - k)) for k in range(n)]
    return tuple([indices if k == axis else own[k] for k in range(n)])


@linear(np.take_along_axis)
def take_along_axis(g, z, arr, indices, axis=-1):
    if axis is None:
        return gathered(g, np.mod(indices, np.size(arr)), arr)
    return scatter(g, _along(indices, axis, np.shape(arr)), np.shape(arr))


@accumulate(np.take_along_axis)
def take_along_axis_into(arr_bar, g, z, arr, indices, axis=-1):
    if axis is None:
        np.add.at(arr_bar, _flat_index(indices, arr, "raise"), g)
    else:
        np.add.at(arr_bar, _along(indices, axis, np.shape(arr)), g)


@vjp(np.compress)
def compress(g, z, condition, a, axis=None, out=None):
    return None, _compressed(g, condition, a, axis)


linear_in("a")(np.compress)


@linear(np.ndarray.compress)
def compress_method(g, z, a, condition, axis=None, out=None):
    return _compressed(g, condition, a, axis)


def _compressed(g, condition, a, axis):
    kept = np.flatnonzero(condition)
    if axis is None:
        return gathered(g, kept, a)
    return scatter(g, (*_before(axis, np.ndim(a)), kept), np.shape(a))


@vjp(np.extract)
def extract(g, z, condition, arr):
    return None, gathered(g, np.flatnonzero(condition), arr)


linear_in("arr")(np.extract)


@linear(np.ndarray.item)
def item(g, z, a, *args):
    if len(args) == 0:
        return g
    if len(args) == 1 and not isinstance(args[0], tuple):
        return scatter(g, _flat_index(args[0], a, "raise"), np.shape(a))
    return scatter(g, args[0] if len(args) == 1 else args, np.shape(a))


# Sorting: the cotangent goes back along the permutation, the tangent along with the elements


@vjp(np.sort)
def sort(g, z, a, axis=-1, kind=None, order=None, *, stable=None):
    if axis is None:
        return np.reshape(np.ravel(g)[_ranks(np.ravel(a), 0)], np.shape(a))
    return np.take_along_axis(g, _ranks(a, axis), axis)


@jvp(np.sort)
def sort_jvp(a_dot, z, a, axis=-1, kind=None, order=None, *, stable=None):
    return _along_sorted(a_dot, a, axis)


def _along_sorted(a_dot, a, axis):
    """The tangents of the elements in their sorted order; of equal ones, the earlier first."""
    if axis is None:
        return np.ravel(a_dot)[np.argsort(np.ravel(a), kind="stable")]
    return np.take_along_axis(a_dot, np.argsort(a, axis, kind="stable"), axis)


def _ranks(a, axis):
    """Where each element of `a` stands once it is sorted; of equal ones, the earlier first."""
    return np.argsort(np.argsort(a, axis, kind="stable"), axis, kind="stable")


@vjp(np.partition)
def partition(g, z, a, kth, axis=-1, kind="introselect", order=None):
    # The order within the parts is unspecified, and `argpartition` need not choose the same: go through sorted order.
    if axis is None:
        return np.reshape(g[np.argsort(z, kind="stable")][_ranks(np.ravel(a), 0)], np.shape(a))
    in_order = np.take_along_axis(g, np.argsort(z, axis, kind="stable"), axis)
    return np.take_along_axis(in_order, _ranks(a, axis), axis)


@jvp(np.partition)
def partition_jvp(a_dot, z, a, kth, axis=-1, kind="introselect", order=None):
    in_order = _along_sorted(a_dot, a, axis)
    if axis is None:
        return in_order[_ranks(z, 0)]
    return np.take_along_axis(in_order, _ranks(z, axis), axis)


@vjp(np.unique)
def unique(g, z, ar, return_index=False, return_inverse=False, return_counts=False, axis=None):
    """Of equal elements, the first gets the cotangent."""
    if axis is not None:
        raise NotImplementedError("the derivative of np.unique along an axis")
    values_bar = g[0] if return_index or return_inverse or return_counts else g
    return gathered(values_bar, np.unique(ar, return_index=True)[1], ar)


@jvp(np.unique)
def unique_jvp(ar_dot, z, ar, return_index=False, return_inverse=False, return_counts=False, axis=None):
    if axis is not None:
        raise NotImplementedError("the derivative of np.unique along an axis")
    values_dot = np.ravel(ar_dot)[np.unique(ar, return_index=True)[1]]
    if return_index or return_inverse or return_counts:
        return (values_dot, *[None for _ in range(return_index + return_inverse + return_counts)])
    return values_dot


# Selection among arrays


@vjp(np.select)
def select(g, z, condlist, choicelist, default=0):
    choices_bar = []
    left = np.ones(np.shape(z), np.bool_)
    for condition in condlist:
        choices_bar.append(np.where(left & condition, g, 0.0))
        left = left & np.logical_not(condition)
    return None, choices_bar, np.where(left, g, 0.0)


linear_in("choicelist", "default")(np.select)


@vjp(np.choose, np.ndarray.choose)
def choose(g, z, a, choices, out=None, mode="raise"):
    chosen = _in_range(a, len(choices), mode)
    if isinstance(choices, (list, tuple)):
        return None, [np.where(np.equal(chosen, k), g, 0.0) for k in range(len(choices))]
    return None, np.stack([np.where(np.equal(chosen, k), g, 0.0) for k in range(len(choices))])


linear_in("choices")(np.choose, np.ndarray.choose)


# Inserting and deleting


@vjp(np.append)
def append(g, z, arr, values, axis=None):
    if axis is None:
        n = np.size(arr)
        return np.reshape(g[:n], np.shape(arr)), np.reshape(g[n:], np.shape(values))
    before = _before(axis, np.ndim(arr))
    n = np.shape(arr)[axis]
    return g[(*before, slice(None, n))], g[(*before, slice(n, None))]


linear_in("arr", "values")(np.append)


@linear(sliding_window_view)
def windows(g, z, x, window_shape, axis=None, subok=False, writeable=False):
    return gathered(g, sliding_window_view(numbered(x), window_shape, axis), x)


@linear(np.delete)
def delete(g, z, arr, obj, axis=None):
    return gathered(g, np.delete(numbered(arr), obj, axis), arr)


@vjp(np.insert)
def insert(g, z, arr, obj, values, axis=None):
    # What NumPy does with the numbers of the inserted elements among -1s says where each came from.
    origin = np.insert(np.full(np.shape(arr), -1), obj, numbered(values), axis)
    inserted = origin >= 0
    arr_bar = np.reshape(g[np.logical_not(inserted)], np.shape(arr))
    return arr_bar, None, gathered(g[inserted], origin[inserted], values)


linear_in("arr", "values")(np.insert)


# Counting and interpolation


@vjp(np.bincount)
def bincount(g, z, x, weights=None, minlength=0):
    return None, g[x]


linear_in("weights")(np.bincount)


@vjp(np.interp)
def interp(g, z, x, xp, fp, left=None, right=None, period=None):
    """At a knot the derivative is that of the interval to its right, outside the knots that of a constant."""
    lower, upper, t, slope, below, above = _intervals(x, xp, fp, period)
    kept = g
    left_bar = np.where(below, g, 0.0)
    right_bar = np.where(above, g, 0.0)
    if left is not None:
        kept = np.where(below, 0.0, kept)
    if right is not None:
        kept = np.where(above, 0.0, kept)
    xp_bar = scatter(-g * slope * (1 - t), lower, np.shape(xp)) - scatter(g * slope * t, upper, np.shape(xp))
    fp_bar = scatter(kept * (1 - t), lower, np.shape(fp)) + scatter(kept * t, upper, np.shape(fp))
    return g * slope, xp_bar, fp_bar, left_bar, right_bar


def _intervals(x, xp, fp, period):
    """The knots to both sides of each `x`, how far between them it lies, the slope, and where it lies outside."""
    if period is not None:
        raise NotImplementedError("the derivative of np.interp with a period")
    xp, fp = np.asarray(xp), np.asarray(fp)
    last = np.size(fp) - 1
    lower = np.clip(np.searchsorted(xp, x, "right") - 1, 0, max(last - 1, 0))
    upper = np.minimum(lower + 1, last)
    width = xp[upper] - xp[lower]
    width = np.where(width == 0, 1.0, width)
    below, above = np.less(x, xp[0]), np.greater(x, xp[last])
    outside = below | above
    slope = np.where(outside, 0.0, (fp[upper] - fp[lower]) / width)
    t = np.clip((x - xp[lower]) / width, 0.0, 1.0)
    return lower, upper, t, slope, below, above


@jvp(np.interp)
def interp_jvp(x_dot, xp_dot, fp_dot, left_dot, right_dot, z, x, xp, fp, left=None, right=None, period=None):
    lower, upper, t, slope, below, above = _intervals(x, xp, fp, period)
    z_dot = total(times(x_dot, slope), times(_between(xp_dot, lower, upper, t), -slope))
    from_fp = _between(fp_dot, lower, upper, t)
    if from_fp is not None and left is not None:
        from_fp = np.where(below, 0.0, from_fp)
    if from_fp is not None and right is not None:
        from_fp = np.where(above, 0.0, from_fp)
    z_dot = total(z_dot, from_fp)
    z_dot = total(z_dot, None if left_dot is None else np.where(below, left_dot, 0.0))
    return total(z_dot, None if right_dot is None else np.where(above, right_dot, 0.0))


def _between(dot, lower, upper, t):
    """The tangents of knots, interpolated."""
    if dot is None:
        return None
    dot = as_array(dot)
    return (1 - t) * dot[lower] + t * dot[upper]


nondifferentiable(
    *(np.argmax, np.argmin, np.argsort, np.argpartition, np.argwhere, np.nonzero, np.flatnonzero, np.count_nonzero),
    *(np.searchsorted, np.digitize, np.lexsort, np.isin, np.ix_, np.unravel_index, np.ravel_multi_index),
    *(np.diag_indices, np.diag_indices_from, np.tril_indices, np.tril_indices_from, np.triu_indices),
    *(np.triu_indices_from, np.mask_indices, np.ndindex, np.indices),
)

views(operator.getitem)

methods(
    take=np.take,
    compress=np.ndarray.compress,
    choose=np.ndarray.choose,
    item=np.ndarray.item,
    argmax=np.argmax,
    argmin=np.argmin,
    argsort=np.argsort,
    argpartition=np.argpartition,
    nonzero=np.nonzero,
    searchsorted=np.searchsorted,
)
