"""Functions of NumPy that Numba lacks, or knows for some arguments only, by what loops can be made of.

Each body is read by the compiler where the function is called, for the arguments that it is called with: what depends
on their number of axes, or on constants, is decided then.
"""

from __future__ import annotations

import math
import operator

import numpy as np

from srcgrad.errors import UnsupportedError
from srcgrad.jit.defining import Definitions
from srcgrad.rules.intrinsics import stop_gradient
from srcgrad.rules.linalg import _einsum_terms as einsum_terms
from srcgrad.rules.shape import NO_ROWS, array_of_rows

DEFINITIONS = Definitions()
_defines = DEFINITIONS.of


def _axes(axis, ndim):
    if isinstance(axis, (tuple, list)):
        return tuple([k % ndim for k in axis])
    return (axis % ndim,)


def _part(ndim, axis, part):
    """The index that takes a part of one axis, and all of the others."""
    if ndim == 1:
        return part
    return tuple([part if k == axis else slice(None) for k in range(ndim)])


def _all(ndim):
    return tuple([slice(None) for _ in range(ndim)])


# Markers


@_defines(stop_gradient)
def detached(x):
    if isinstance(x, tuple):
        return tuple([detached(item) for item in x])
    return x.copy() if isinstance(x, np.ndarray) else x


# Axes


@_defines(np.expand_dims)
def expand_dims(a, axis):
    ndim = np.ndim(a) + (len(axis) if isinstance(axis, (tuple, list)) else 1)
    axes = _axes(axis, ndim)
    if np.ndim(a) == 0:
        return np.full((1,) * ndim, a)
    return a[tuple([None if k in axes else slice(None) for k in range(ndim)])]


@_defines(np.squeeze, np.ndarray.squeeze)
def squeeze(a, axis):
    axes = _axes(axis, np.ndim(a))
    for k in axes:
        if a.shape[k] != 1:
            raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
    return a[tuple([0 if k in axes else slice(None) for k in range(np.ndim(a))])]


@_defines(np.flip)
def flip(m, axis=None):
    axes = _axes(tuple(range(np.ndim(m))) if axis is None else axis, np.ndim(m))
    return m[tuple([slice(None, None, -1) if k in axes else slice(None) for k in range(np.ndim(m))])]


@_defines(np.flipud)
def flipud(m):
    return m[::-1]


@_defines(np.fliplr)
def fliplr(m):
    return m[:, ::-1]


@_defines(np.swapaxes, np.ndarray.swapaxes)
def swapaxes(a, axis1, axis2):
    n = np.ndim(a)
    first, second = axis1 % n, axis2 % n
    return np.transpose(a, tuple([second if k == first else first if k == second else k for k in range(n)]))


@_defines(np.moveaxis)
def moveaxis(a, source, destination):
    n = np.ndim(a)
    sources, destinations = _axes(source, n), _axes(destination, n)
    others = tuple([k for k in range(n) if k not in sources])
    rest = tuple([k for k in range(n) if k not in destinations])
    moved = tuple([*zip(destinations, sources, strict=True), *zip(rest, others, strict=True)])
    return _transposed(a, tuple([j for k in range(n) for place, j in moved if place == k]))


# Joining


def _check_lengths(arrays, axis):
    for x in arrays[1:]:
        for k in [k for k in range(np.ndim(x)) if k != axis]:
            if x.shape[k] != arrays[0].shape[k]:
                raise ValueError("all the input array dimensions except for the concatenation axis must match exactly")


@_defines(np.concatenate)
def concatenate(arrays, axis=0, *, of_result):
    given = [np.array(x) if isinstance(x, list) else x for x in arrays]
    return _joined([_flat(x) for x in given] if axis is None else given, axis or 0, of_result)


def _flat(x):
    return np.ravel(x) if np.ndim(x) > 0 else np.full((1,), x)


def _joined(arrays, axis, dtype):
    ndim = np.ndim(arrays[0])
    axis = axis % ndim
    _check_lengths(arrays, axis)
    first = arrays[0]
    length = first.shape[axis]
    for x in arrays[1:]:
        length = length + x.shape[axis]
    shape = tuple([length if k == axis else first.shape[k] for k in range(ndim)])
    out = np.empty(shape, dtype)
    stop = first.shape[axis]
    out[_part(ndim, axis, slice(None, stop))] = first
    for x in arrays[1:]:
        start, stop = stop, stop + x.shape[axis]
        out[_part(ndim, axis, slice(start, stop))] = x
    return out


@_defines(np.stack)
def stack(arrays, axis=0, *, of_result):
    arrays = [x for x in arrays]
    ndim = np.ndim(arrays[0]) + 1
    axis = axis % ndim
    if ndim == 1:
        out = np.empty(len(arrays), of_result)
    else:
        for x in arrays[1:]:
            for k in tuple(range(ndim - 1)):
                if x.shape[k] != arrays[0].shape[k]:
                    raise ValueError("all input arrays must have the same shape")
        own = arrays[0].shape
        shape = tuple([len(arrays) if k == axis else own[k - (k > axis)] for k in range(ndim)])
        out = np.empty(shape, of_result)
    for j in range(len(arrays)):
        out[_part(ndim, axis, j)] = arrays[j]
    return out


@_defines(array_of_rows)
def rows_of_array(rows, dtype=None, *, axis=0, of_result):
    if len(rows) == 0:
        raise UnsupportedError(NO_ROWS)
    return stack(rows, axis, of_result=of_result)


@_defines(np.vstack)
def vstack(tup, *, of_result):
    return _joined([x if np.ndim(x) > 1 else x[None] for x in tup], 0, of_result)


@_defines(np.hstack)
def hstack(tup, *, of_result):
    return _joined([x for x in tup], 0 if np.ndim(tup[0]) == 1 else 1, of_result)


@_defines(np.column_stack)
def column_stack(tup, *, of_result):
    return _joined([x if np.ndim(x) > 1 else x[:, None] for x in tup], 1, of_result)


@_defines(np.append)
def append(arr, values, axis=None, *, of_result):
    return _joined([_flat(arr), _flat(values)] if axis is None else [arr, values], axis or 0, of_result)


@_defines(np.meshgrid)
def meshgrid(*xi, indexing="xy"):
    n = len(xi)
    lengths = [x.size for x in xi]
    places = [1 - k if k < 2 and n > 1 and indexing == "xy" else k for k in range(n)]
    shape = tuple([lengths[places.index(k)] for k in range(n)])
    grids = []
    for x, place in zip(xi, places, strict=True):
        out = np.empty(shape, x.dtype)
        out[_all(n)] = x[tuple([slice(None) if k == place else None for k in range(n)])]
        grids.append(out)
    return tuple(grids)


@_defines(np.ix_)
def ix_(*args):
    n = len(args)
    arrays = [np.array(x) if isinstance(x, list) else x for x in args]
    return tuple([arrays[j][tuple([slice(None) if k == j else None for k in range(n)])] for j in range(n)])


# Repeating and moving


@_defines(np.diag_indices)
def diag_indices(n, ndim=2):
    return tuple([np.arange(n) for _ in range(ndim)])


@_defines(np.diag_indices_from)
def diag_indices_from(arr):
    return tuple([np.arange(len(arr)) for _ in range(np.ndim(arr))])


@_defines(np.tile)
def tile(A, reps):
    given = tuple(reps) if isinstance(reps, (tuple, list)) else (reps,)
    if np.ndim(A) == 0:
        return np.full(given, A)
    n = max(np.ndim(A), len(given))
    own = (1,) * (n - np.ndim(A)) + A.shape
    times = (1,) * (n - len(given)) + given
    shape = tuple([times[k // 2] if k % 2 == 0 else own[k // 2] for k in range(2 * n)])
    out = np.empty(shape, A.dtype)
    index = [slice(None) if k % 2 == 1 and k // 2 >= n - np.ndim(A) else None for k in range(2 * n)]
    out[_all(2 * n)] = A[tuple(index)]
    return np.reshape(out, tuple([times[k] * own[k] for k in range(n)]))


@_defines(np.repeat, np.ndarray.repeat)
def repeat(a, repeats, axis=None):
    a = np.ravel(a) if axis is None else a
    n = np.ndim(a)
    axis = 0 if axis is None else axis % n
    if isinstance(repeats, int):
        out = np.empty((*a.shape[: axis + 1], repeats, *a.shape[axis + 1 :]), a.dtype)
        out[_all(n + 1)] = a[tuple([None if k == axis + 1 else slice(None) for k in range(n + 1)])]
        return np.reshape(out, tuple([a.shape[k] * repeats if k == axis else a.shape[k] for k in range(n)]))
    index = np.empty(np.sum(repeats), np.intp)
    place = 0
    for k in range(a.shape[axis]):
        for _ in range(repeats[k]):
            index[place] = k
            place += 1
    return np.take(a, index, axis)


@_defines(np.roll)
def roll(a, shift, axis=None):
    if axis is None:
        return np.reshape(_rolled(np.ravel(a), shift, 0), a.shape) if np.ndim(a) != 1 else _rolled(a, shift, 0)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    if not axes:
        return np.copy(a)
    shifts = shift if isinstance(shift, (tuple, list)) else (shift,) * len(axes)
    for by, k in zip(shifts, axes, strict=True):
        a = _rolled(a, by, k % np.ndim(a))
    return a


def _rolled(a, shift, axis):
    ndim = np.ndim(a)
    out = np.empty_like(a)
    first, last, after, before = [
        _part(ndim, axis, part) for part in (slice(None, 1), slice(-1, None), slice(1, None), slice(None, -1))
    ]
    # By one place it is right for an axis of length 0 or 1, too.
    if isinstance(shift, int) and shift == 1:
        out[after] = a[before]
        out[first] = a[last]
        return out
    if isinstance(shift, int) and shift == -1:
        out[before] = a[after]
        out[last] = a[first]
        return out
    n = a.shape[axis]
    by = shift % max(n, 1)
    out[_part(ndim, axis, slice(by, None))] = a[_part(ndim, axis, slice(None, n - by))]
    out[_part(ndim, axis, slice(None, by))] = a[_part(ndim, axis, slice(n - by, None))]
    return out


@_defines(np.diff)
def diff(a, n=1, axis=-1):
    ndim = np.ndim(a)
    axis = axis % ndim
    after, before = _part(ndim, axis, slice(1, None)), _part(ndim, axis, slice(None, -1))
    for _ in [None] * n:
        a = a[after] - a[before]
    return a


def _widths(pad_width, ndim):
    if isinstance(pad_width, int):
        return [(pad_width, pad_width)] * ndim
    pairs = [tuple(p) if isinstance(p, (tuple, list)) else p for p in pad_width]
    if len(pairs) == 2 and not isinstance(pairs[0], tuple):
        return [(pairs[0], pairs[1])] * ndim
    return [pairs[0]] * ndim if len(pairs) == 1 else pairs


# Statistics


def _count(a, axis):
    return _product([a.shape[k] for k in (range(np.ndim(a)) if axis is None else _axes(axis, np.ndim(a)))])


@_defines(np.sum, when=lambda op: "where" in op.kwargs)
def sum_of_chosen(a, axis=None, keepdims=False, where=True):
    return np.sum(np.where(where, a, 0), axis=axis, keepdims=keepdims)


@_defines(np.var, np.ndarray.var)
def var(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    centred = a - np.mean(a, axis=axis, keepdims=True)
    total = np.sum(centred * centred, axis=axis, keepdims=keepdims)
    return total / max(_count(a, axis) - ddof, 0)


@_defines(np.std, np.ndarray.std)
def std(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    return np.sqrt(var(a, axis, ddof=ddof, keepdims=keepdims))


@_defines(np.average)
def average(a, axis=None, weights=None):
    if weights is None:
        return np.mean(a, axis=axis)
    if np.ndim(weights) < np.ndim(a):
        weights = weights[tuple([slice(None) if k == axis % np.ndim(a) else None for k in range(np.ndim(a))])]
        return np.sum(a * weights, axis=axis) / np.sum(weights)
    return np.sum(a * weights, axis=axis) / np.sum(weights, axis=axis)


@_defines(np.ptp)
def ptp(a, axis=None):
    return np.max(a, axis=axis) - np.min(a, axis=axis)


@_defines(np.linalg.norm)
def norm(x, ord=None, axis=None, keepdims=False):
    of_matrices = np.ndim(x) > 1 if axis is None else isinstance(axis, (tuple, list)) and len(axis) > 1
    if ord == "nuc" and np.ndim(x) == 2 and axis is None and not keepdims:
        return np.sum(np.linalg.svd(x, compute_uv=False))
    if ord not in (None, "fro") and of_matrices:
        raise NotImplementedError("a norm of matrices")
    if ord in (None, "fro", 2):
        return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == np.inf:
        return np.max(np.abs(x), axis=axis, keepdims=keepdims)
    raise NotImplementedError("a norm of this order")


# Running totals


def _running(a, axis, start, step):
    if axis is None:
        a = np.ravel(a)
    axis = 0 if axis is None else axis % np.ndim(a)
    n = a.shape[axis]
    out = np.empty(a.shape, start.dtype)
    if np.ndim(a) == 1:
        so_far = start
        for k in range(n):
            so_far = step(so_far, a[k])
            out[k] = so_far
        return out
    source, target = _front(a, axis), _front(out, axis)
    if n > 0:
        target[0] = source[0]
    for k in range(1, n):
        target[k] = step(target[k - 1], source[k])
    return out


def _front(a, axis):
    return _transposed(a, (axis, *[k for k in range(np.ndim(a)) if k != axis]))


def _back(a, axis):
    return _transposed(a, (*[k for k in range(np.ndim(a)) if k != axis], axis))


def _from_back(a, axis):
    last = np.ndim(a) - 1
    return _transposed(a, tuple([last if k == axis else k - (k > axis) for k in range(last + 1)]))


def _transposed(a, order):
    return a if order == tuple(range(np.ndim(a))) else np.transpose(a, order)


@_defines(np.cumsum, np.ndarray.cumsum)
def cumsum(a, axis=None, *, of_result):
    return _running(a, axis, of_result.type(0), operator.add)


@_defines(np.cumprod, np.ndarray.cumprod)
def cumprod(a, axis=None, *, of_result):
    return _running(a, axis, of_result.type(1), operator.mul)


# Sorting


def _by_rows(a, axis, dtype, arrange):
    """What arranges the elements of an array with one axis, done along an axis of any array."""
    if np.ndim(a) == 1:
        return arrange(a)
    axis = axis % np.ndim(a)
    back = _back(a, axis)
    rows = np.reshape(back, (-1, back.shape[-1]))
    out = np.empty(rows.shape, dtype)
    for k in range(rows.shape[0]):
        out[k] = arrange(rows[k])
    return _from_back(np.reshape(out, back.shape), axis)


@_defines(np.sort)
def sort(a, axis=-1, kind=None, *, of_result):
    return _by_rows(a, axis, of_result, np.sort)


@_defines(np.argsort, np.ndarray.argsort)
def argsort(a, axis=-1, kind=None, *, of_result):
    return _by_rows(a, axis, of_result, lambda row: np.argsort(row, kind="mergesort"))


@_defines(np.take_along_axis)
def take_along_axis(arr, indices, axis=-1, *, of_result):
    if np.ndim(arr) == 1:
        return arr[indices]
    axis = axis % np.ndim(arr)
    values, chosen = _back(arr, axis), _back(indices, axis)
    others = tuple(range(np.ndim(arr) - 1))
    for k in others:
        if values.shape[k] != chosen.shape[k] and values.shape[k] != 1 and chosen.shape[k] != 1:
            raise IndexError("shape mismatch: indexing arrays could not be broadcast together")
    if values.shape[:-1] != chosen.shape[:-1]:
        shape = tuple([chosen.shape[k] if values.shape[k] == 1 else values.shape[k] for k in others])
        values = np.broadcast_to(values, (*shape, values.shape[-1])).copy()
        chosen = np.broadcast_to(chosen, (*shape, chosen.shape[-1])).copy()
    rows = np.reshape(values, (-1, values.shape[-1]))
    places = np.reshape(chosen, (-1, chosen.shape[-1]))
    out = np.empty(places.shape, of_result)
    for k in range(places.shape[0]):
        for j in range(places.shape[1]):
            out[k, j] = rows[k, places[k, j]]
    return _from_back(np.reshape(out, chosen.shape), axis)


# Products


@_defines(np.tensordot, np.linalg.tensordot)
def tensordot(a, b, axes=2):
    n, m = np.ndim(a), np.ndim(b)
    if isinstance(axes, int):
        gone_a, gone_b = tuple(range(n - axes, n)), tuple(range(axes))
    else:
        gone_a, gone_b = _axes(axes[0], n), _axes(axes[1], m)
    for j, k in zip(gone_a, gone_b, strict=True):
        if a.shape[j] != b.shape[k]:
            raise ValueError("shape-mismatch for sum")
    kept_a = tuple([k for k in range(n) if k not in gone_a])
    kept_b = tuple([k for k in range(m) if k not in gone_b])
    inner = _product([a.shape[k] for k in gone_a])
    rows = _product([a.shape[k] for k in kept_a])
    columns = _product([b.shape[k] for k in kept_b])
    left = np.reshape(_transposed(a, (*kept_a, *gone_a)), (rows, inner) if kept_a else (inner,))
    right = np.reshape(_transposed(b, (*gone_b, *kept_b)), (inner, columns) if kept_b else (inner,))
    if not kept_a and not kept_b:
        return np.asarray(left @ right)
    if len(kept_a) <= 1 and len(kept_b) <= 1:
        return left @ right
    return np.reshape(left @ right, (*[a.shape[k] for k in kept_a], *[b.shape[k] for k in kept_b]))


def _product(lengths):
    if len(lengths) == 0:
        return 1
    product = lengths[0]
    for length in lengths[1:]:
        product = product * length
    return product


@_defines(math.prod)
def prod(iterable):
    return _product([x for x in iterable])


@_defines(np.inner)
def inner(a, b):
    if np.ndim(a) == 1 and np.ndim(b) == 1:
        return np.dot(a, b)
    return np.tensordot(a, b, ((-1,), (-1,)))


@_defines(np.vdot)
def vdot(a, b):
    if np.iscomplexobj(a):
        a = np.conj(a)
    return np.dot(np.ravel(a), np.ravel(b))


@_defines(np.kron)
def kron(a, b):
    if np.ndim(a) == 1:
        return np.reshape(a[:, None] * b[None, :], (a.shape[0] * b.shape[0],))
    product = a[:, None, :, None] * b[None, :, None, :]
    return np.reshape(product, (a.shape[0] * b.shape[0], a.shape[1] * b.shape[1]))


# Sums over labelled axes


@_defines(np.einsum)
def einsum(subscripts, *operands, optimize=False):
    terms, result, _ = einsum_terms(subscripts, [np.ndim(x) for x in operands])
    rest = [*terms[1:], result]
    x, x_term = _alone(operands[0], terms[0], "".join(rest))
    for k in [k for k in range(1, len(operands))]:
        y, y_term = _alone(operands[k], terms[k], x_term + "".join(rest[k:]))
        x, x_term = _together(x, x_term, y, y_term, "".join(rest[k:]))
    gone = tuple([k for k in range(len(x_term)) if x_term[k] not in result])
    if gone:
        x = np.sum(x, axis=gone)
    kept = "".join([c for c in x_term if c in result])
    return _transposed(x, tuple([kept.index(c) for c in result]))


def _alone(x, term, others):
    """An operand with each label once, without the labels that nothing else has."""
    for c in [c for c in term if term.count(c) > 1]:
        if term.count(c) > 1:
            first = term.index(c)
            second = term.index(c, first + 1)
            x, term = _diagonal(x, first, second), term[:second] + term[second + 1 :]
    gone = tuple([k for k in range(len(term)) if term[k] not in others])
    return np.sum(x, axis=gone) if gone else x, "".join([c for c in term if c in others])


def _diagonal(x, first, second):
    """The elements of which two axes have the same index, in the place of the first one."""
    n = np.ndim(x)
    length = x.shape[first]
    if x.shape[second] != length:
        raise ValueError("dimensions in operand for collapsing index don't match")
    out = np.empty(tuple([x.shape[k] for k in range(n) if k != second]), x.dtype)
    for i in range(length):
        if n == 2:
            out[i] = x[i, i]
        else:
            part = x[tuple([i if k in (first, second) else slice(None) for k in range(n)])]
            out[tuple([i if k == first else slice(None) for k in range(n - 1)])] = part
    return out


def _together(x, x_term, y, y_term, later):
    """The product of two operands, summed over the labels that come no more."""
    gone = [c for c in x_term if c in y_term and c not in later]
    batch = [c for c in x_term if c in y_term and c in later]
    if gone and not batch:
        axes = (tuple([x_term.index(c) for c in gone]), tuple([y_term.index(c) for c in gone]))
        kept = [c for c in x_term + y_term if c not in gone]
        if not kept:
            y = _transposed(y, tuple([y_term.index(c) for c in x_term]))
            for k in tuple(range(np.ndim(x))):
                if x.shape[k] != y.shape[k]:
                    raise ValueError("operands could not be broadcast together")
            return np.dot(np.ravel(x), np.ravel(y)), ""
        return np.tensordot(x, y, axes), "".join(kept)
    left = [c for c in x_term if c not in y_term]
    right = [c for c in y_term if c not in x_term]
    if gone and left and right:
        return _batched(x, x_term, y, y_term, (batch, left, gone, right))
    order = "".join([*batch, *left, *right, *gone])
    product = _aligned(x, x_term, order) * _aligned(y, y_term, order)
    if gone:
        product = np.sum(product, axis=tuple(range(len(order) - len(gone), len(order))))
    return product, order[: len(order) - len(gone)]


def _aligned(x, term, order):
    if np.ndim(x) == 0:
        return x
    x = _transposed(x, tuple([term.index(c) for c in order if c in term]))
    return x[tuple([slice(None) if c in term else None for c in order])]


def _batched(x, x_term, y, y_term, labels):
    batch, left, gone, right = labels
    x = _transposed(x, tuple([x_term.index(c) for c in (*batch, *left, *gone)]))
    y = _transposed(y, tuple([y_term.index(c) for c in (*batch, *gone, *right)]))
    b, m, n = len(batch), len(left), len(gone)
    lengths = [x.shape[k] for k in range(b + m)]
    columns = [y.shape[k] for k in range(b + n, np.ndim(y))]
    inner = _product([x.shape[k] for k in range(b + m, np.ndim(x))])
    first = np.reshape(x, (*lengths[:b], _product(lengths[b:]), inner))
    second = np.reshape(y, (*lengths[:b], inner, _product(columns)))
    return np.reshape(first @ second, (*lengths, *columns)), "".join([*batch, *left, *right])
