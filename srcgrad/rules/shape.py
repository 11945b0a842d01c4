"""Rules of functions that arrange elements: reshape, transpose, join, split, repeat, pad."""

from __future__ import annotations

import numpy as np

from srcgrad.errors import UnsupportedError, refuses
from srcgrad.rules.index import gathered, numbered, scatter
from srcgrad.rules.registry import jvp, linear, linear_in, methods, nondifferentiable, views, vjp

# Reshaping


def _order(a, order):
    """The order, C or F, that an order which depends on the layout of `a` stands for."""
    if order == "A":
        return "F" if np.isfortran(np.asarray(a)) else "C"
    if order == "K" and np.ndim(a) == 2:
        along = np.asarray(a).strides
        return "F" if 0 < abs(along[0]) < abs(along[1]) else "C"
    if order == "K" and np.ndim(a) > 2:
        raise NotImplementedError("the derivative of flattening in order 'K' with more than two axes")
    return "C" if order == "K" else order


@linear(np.reshape)
def reshape(g, z, a, shape, order="C", *, copy=None):
    return np.reshape(g, np.shape(a), order=_order(a, order))


@linear(np.ravel, np.ndarray.flatten)
def ravel(g, z, a, order="C"):
    return np.reshape(g, np.shape(a), order=_order(a, order))


@jvp(np.ndarray.flatten)
def flatten_jvp(a_dot, z, a, order="C"):
    # A tangent need not lie in memory as its primal does.
    return a_dot.flatten(order=_order(a, order))


@linear(np.squeeze)
def squeeze(g, z, a, axis=None):
    return np.reshape(g, np.shape(a))


@linear(np.expand_dims)
def expand_dims(g, z, a, axis):
    return np.reshape(g, np.shape(a))


@vjp(np.atleast_1d, np.atleast_2d, np.atleast_3d)
def atleast(g, z, *arys):
    if len(arys) == 1:
        return np.reshape(g, np.shape(arys[0]))
    return tuple([None if g[k] is None else np.reshape(g[k], np.shape(arys[k])) for k in range(len(arys))])


linear_in("arys")(np.atleast_1d, np.atleast_2d, np.atleast_3d)


@linear(np.broadcast_to)
def broadcast_to(g, z, array, shape, subok=False):
    return g


@vjp(np.broadcast_arrays)
def broadcast_arrays(g, z, *args, subok=False):
    # Nothing comes back for an argument whose array nobody uses.
    return tuple([np.zeros_like(args[k]) if g[k] is None else g[k] for k in range(len(args))])


@jvp(np.broadcast_arrays)
def broadcast_arrays_jvp(args_dot, z, *args, subok=False):
    return tuple([_whole(args_dot[k], z[k]) for k in range(len(args))])


def _whole(x_dot, z):
    return None if x_dot is None else np.broadcast_to(x_dot, np.shape(z))


# Permuting


@linear(np.transpose)
def transpose(g, z, a, axes=None):
    if axes is None:
        return np.transpose(g)
    n = np.ndim(a)
    return np.transpose(g, tuple([j for k in range(n) for j in range(n) if axes[j] % n == k]))


@linear(np.swapaxes)
def swapaxes(g, z, a, axis1, axis2):
    return np.swapaxes(g, axis1, axis2)


@linear(np.moveaxis)
def moveaxis(g, z, a, source, destination):
    return np.moveaxis(g, destination, source)


@linear(np.rollaxis)
def rollaxis(g, z, a, axis, start=0):
    n = np.ndim(a)
    axis = axis % n
    start = start + n if start < 0 else start
    return np.moveaxis(g, start - 1 if axis < start else start, axis)


@linear(np.flip)
def flip(g, z, m, axis=None):
    return np.flip(g, axis)


@linear(np.fliplr)
def fliplr(g, z, m):
    return np.fliplr(g)


@linear(np.flipud)
def flipud(g, z, m):
    return np.flipud(g)


@linear(np.rot90)
def rot90(g, z, m, k=1, axes=(0, 1)):
    return np.rot90(g, -k, axes)


@linear(np.roll)
def roll(g, z, a, shift, axis=None):
    if isinstance(shift, (tuple, list)):
        return np.roll(g, tuple([-s for s in shift]), axis)
    return np.roll(g, -shift, axis)


# Joining: the argument is a sequence, and so is its cotangent, or an array of the cotangents


def _as_sequence(parts, arrays):
    """The cotangents of the parts as that of their sequence, which may be an array itself."""
    return parts if isinstance(arrays, (list, tuple)) else np.stack(parts)


def _cut(g, arrays, lengths, axis):
    """Cuts `g` along an axis into pieces of the given lengths, each reshaped as the array it came from."""
    before = (slice(None),) * (axis if axis >= 0 else axis % np.ndim(g))
    parts = []
    start = 0
    for k in range(len(arrays)):
        stop = start + lengths[k]
        parts.append(np.reshape(g[(*before, slice(start, stop))], np.shape(arrays[k])))
        start = stop
    return _as_sequence(parts, arrays)


def _length(a, axis, least_ndim):
    """The length of `a` along an axis, or 1 if it has fewer axes than it needs and is given one."""
    return np.shape(a)[axis] if np.ndim(a) >= least_ndim else 1


@linear(np.concatenate)
def concatenate(g, z, arrays, axis=0, out=None, *, dtype=None, casting="same_kind"):
    if axis is None:
        return _cut(g, arrays, [np.size(a) for a in arrays], 0)
    return _cut(g, arrays, [np.shape(a)[axis] for a in arrays], axis)


@linear(np.stack)
def stack(g, z, arrays, axis=0, out=None, *, dtype=None, casting="same_kind"):
    return g if axis == 0 else np.moveaxis(g, axis, 0)


@refuses
def array_of_rows(rows, dtype=None, *, axis=0):
    """`np.array(rows, dtype)`, for a list of arrays or of lists of numbers; the axis of the rows may be another.

    Raises:
        UnsupportedError: if there is no row: the array would have fewer axes than the code is for.

    Example:
        >>> array_of_rows([[1.0, 2.0], [3.0, 4.0]])
        array([[1., 2.],
               [3., 4.]])
    """
    if len(rows) == 0:
        raise UnsupportedError(NO_ROWS, None, "leave the function before that if there are none")
    return np.stack(rows, axis, dtype=dtype)


NO_ROWS = "an array is made of a list of rows, and there are none: how many axes it has depends on that"


@linear(array_of_rows)
def _array_of_rows(g, z, rows, dtype=None, *, axis=0):
    return g if axis == 0 else np.moveaxis(g, axis, 0)


@linear(np.vstack)
def vstack(g, z, tup, *, dtype=None, casting="same_kind"):
    return _cut(g, tup, [_length(a, 0, 2) for a in tup], 0)


@linear(np.hstack)
def hstack(g, z, tup, *, dtype=None, casting="same_kind"):
    if np.ndim(g) == 1:
        return _cut(g, tup, [np.size(a) for a in tup], 0)
    return _cut(g, tup, [np.shape(a)[1] for a in tup], 1)


@linear(np.dstack)
def dstack(g, z, tup):
    return _cut(g, tup, [_length(a, 2, 3) for a in tup], 2)


@linear(np.column_stack)
def column_stack(g, z, tup):
    return _cut(g, tup, [_length(a, 1, 2) for a in tup], 1)


@linear(np.block)
def block(g, z, arrays):
    return _unblock(g, arrays, -_depth(arrays))


def _depth(arrays):
    return 1 + _depth(arrays[0]) if isinstance(arrays, list) else 0


def _extent(arrays, axis):
    if isinstance(arrays, list):
        return _extent(arrays[0], axis)
    return np.shape(arrays)[axis] if np.ndim(arrays) >= -axis else 1


def _unblock(g, arrays, axis):
    """Cuts `g` as nested lists were joined: the innermost along the last axis, each level out along the one before."""
    if not isinstance(arrays, list):
        return np.reshape(g, np.shape(arrays))
    after = (slice(None),) * (-axis - 1)
    parts = []
    start = 0
    for inner in arrays:
        stop = start + _extent(inner, axis)
        parts.append(_unblock(g[(..., slice(start, stop), *after)], inner, axis + 1))
        start = stop
    return parts


# Splitting: the output is a sequence, and so is its cotangent


def _joined(g, z, axis):
    return np.concatenate([np.zeros(np.shape(z[k])) if g[k] is None else g[k] for k in range(len(z))], axis)


@linear(np.split, np.array_split)
def split(g, z, ary, indices_or_sections, axis=0):
    return _joined(g, z, axis)


@linear(np.vsplit)
def vsplit(g, z, ary, indices_or_sections):
    return _joined(g, z, 0)


@linear(np.hsplit)
def hsplit(g, z, ary, indices_or_sections):
    return _joined(g, z, 0 if np.ndim(ary) == 1 else 1)


@linear(np.dsplit)
def dsplit(g, z, ary, indices_or_sections):
    return _joined(g, z, 2)


# Repeating


@linear(np.repeat)
def repeat(g, z, a, repeats, axis=None):
    if axis is None:
        return np.reshape(_unrepeat(g, (np.size(a),), repeats, 0), np.shape(a))
    return _unrepeat(g, np.shape(a), repeats, axis % np.ndim(a))


def _unrepeat(g, shape, repeats, axis):
    if np.ndim(repeats) == 0:
        return np.sum(np.reshape(g, (*shape[: axis + 1], repeats, *shape[axis + 1 :])), axis + 1)
    return scatter(g, (*(slice(None),) * axis, np.repeat(np.arange(shape[axis]), repeats)), shape)


@linear(np.tile)
def tile(g, z, A, reps):
    counts = reps if isinstance(reps, (tuple, list)) else (reps,)
    n = max(np.ndim(A), len(counts))
    counts = (1,) * (n - len(counts)) + tuple(counts)
    lengths = (1,) * (n - np.ndim(A)) + np.shape(A)
    pairs = np.reshape(g, tuple([length for k in range(n) for length in (counts[k], lengths[k])]))
    return np.reshape(np.sum(pairs, tuple(range(0, 2 * n, 2))), np.shape(A))


@linear(np.resize)
def resize(g, z, a, new_shape):
    n = np.size(a)
    rounds = -(-np.size(g) // max(n, 1))
    whole = np.concatenate([np.ravel(g), np.zeros(rounds * n - np.size(g), g.dtype)])
    return np.reshape(np.sum(np.reshape(whole, (rounds, n)), 0), np.shape(a))


@vjp(np.pad)
def pad(
    g, z, array, pad_width, mode="constant", *, constant_values=0, reflect_type="even", stat_length=None, end_values=0
):
    """Only the modes that copy elements have a derivative here; the padding of mode `constant` is passive."""
    _refuse_computing(pad_width, mode, reflect_type)
    if mode == "constant":
        shape = np.shape(array)
        before = np.broadcast_to(pad_width, (np.ndim(array), 2))[:, 0]
        return g[tuple([slice(before[k], before[k] + shape[k]) for k in range(np.ndim(array))])]
    return gathered(g, np.pad(numbered(array), pad_width, mode), array)


def _refuse_computing(pad_width, mode, reflect_type):
    if isinstance(pad_width, dict):
        raise NotImplementedError("the derivative of np.pad with a dictionary of widths")
    copies = mode in ("edge", "reflect", "symmetric", "wrap") and reflect_type == "even"
    if mode != "constant" and not copies:
        raise NotImplementedError("the derivative of np.pad in a mode that computes with the elements")


@jvp(np.pad)
def pad_jvp(
    array_dot,
    z,
    array,
    pad_width,
    mode="constant",
    *,
    constant_values=0,
    reflect_type="even",
    stat_length=None,
    end_values=0,
):
    _refuse_computing(pad_width, mode, reflect_type)
    return np.pad(array_dot, pad_width, mode=mode)


nondifferentiable(
    *(np.shape, np.ndim, np.size, np.broadcast_shapes, np.isfortran, np.shares_memory, np.may_share_memory, len),
)

views(
    *(np.reshape, np.ravel, np.squeeze, np.expand_dims, np.atleast_1d, np.atleast_2d, np.atleast_3d),
    *(np.broadcast_to, np.broadcast_arrays, np.transpose, np.swapaxes, np.moveaxis, np.rollaxis),
    *(np.flip, np.fliplr, np.flipud, np.rot90, np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit),
    *(np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.real, np.imag),
)

methods(
    reshape=np.reshape,
    ravel=np.ravel,
    flatten=np.ndarray.flatten,
    squeeze=np.squeeze,
    transpose=np.transpose,
    T=np.transpose,
    swapaxes=np.swapaxes,
    repeat=np.repeat,
    copy=np.ndarray.copy,
    astype=np.ndarray.astype,
    shape=np.shape,
    ndim=np.ndim,
    size=np.size,
)
