"""Rules of functions that arrange elements: reshape, transpose, join, split, repeat, pad, create."""

from __future__ import annotations

import numpy as np

from srcgrad.rules.index import gathered, numbered, scatter
from srcgrad.rules.registry import jvp, linear, linear_in, methods, nondifferentiable, views, vjp
from srcgrad.rules.tangents import filled, times, total

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
    return tuple(g)


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


def _unstack(g, z, x, /, *, axis=0):
    return np.stack([np.zeros(np.shape(z[k])) if g[k] is None else g[k] for k in range(len(z))], axis)


if hasattr(np, "unstack"):  # NumPy 2.1
    linear(np.unstack)(_unstack)


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


# Differences


def _undiff(g, axis):
    """The transpose of the difference of neighbours along an axis."""
    edge = [(0, 0)] * (axis % np.ndim(g)) + [(1, 1)] + [(0, 0)] * (np.ndim(g) - 1 - axis % np.ndim(g))
    return -np.diff(np.pad(g, edge), axis=axis)


@vjp(np.diff)
def diff(g, z, a, n=1, axis=-1, prepend=np._NoValue, append=np._NoValue):
    if prepend is np._NoValue and append is np._NoValue:
        return _undiff_times(g, np.shape(a), n, axis)
    length = np.shape(a)[axis]
    first = 0 if prepend is np._NoValue else (1 if np.ndim(prepend) == 0 else np.shape(prepend)[axis])
    last = 0 if append is np._NoValue else (1 if np.ndim(append) == 0 else np.shape(append)[axis])
    before = (slice(None),) * (axis % np.ndim(a))
    after = np.shape(a)[axis % np.ndim(a) + 1 :]
    shape = (*np.shape(a)[: axis % np.ndim(a)], first + length + last, *after)
    joined_bar = _undiff_times(g, shape, n, axis)
    a_bar = joined_bar[(*before, slice(first, first + length))]
    prepend_bar = None if prepend is np._NoValue else joined_bar[(*before, slice(None, first))]
    append_bar = None if append is np._NoValue else joined_bar[(*before, slice(first + length, None))]
    return a_bar, None, None, prepend_bar, append_bar


linear_in("a", "prepend", "append")(np.diff)


def _undiff_times(g, shape, n, axis):
    if shape[axis] <= n:
        return g if n == 0 else np.zeros(shape)
    for _ in range(n):
        g = _undiff(g, axis)
    return g


@vjp(np.ediff1d)
def ediff1d(g, z, ary, to_end=None, to_begin=None):
    first = 0 if to_begin is None else np.size(to_begin)
    stop = first + max(np.size(ary) - 1, 0)
    ary_bar = np.reshape(_undiff(g[first:stop], 0), np.shape(ary)) if np.size(ary) > 0 else np.zeros(np.shape(ary))
    end_bar = None if to_end is None else np.reshape(g[stop:], np.shape(to_end))
    begin_bar = None if to_begin is None else np.reshape(g[:first], np.shape(to_begin))
    return ary_bar, end_bar, begin_bar


linear_in("ary", "to_end", "to_begin")(np.ediff1d)


@vjp(np.gradient)
def gradient(g, z, f, *varargs, axis=None, edge_order=1):
    """Uniform spacing only."""
    axes = _differentiated(f, axis)
    steps = varargs * len(axes) if len(varargs) == 1 else (varargs if varargs else (1.0,) * len(axes))
    slopes_bar, slopes = (g, z) if len(axes) > 1 else ((g,), (z,))
    f_bar = 0.0
    steps_bar = []
    for k, own, slope, step in zip(axes, slopes_bar, slopes, steps, strict=True):
        if np.ndim(step) > 0:
            raise NotImplementedError("the derivative of np.gradient with coordinates instead of a spacing")
        if own is not None:
            turned = _ungradient(own if k == 0 else np.moveaxis(own, k, 0), step, edge_order)
            f_bar = f_bar + (turned if k == 0 else np.moveaxis(turned, 0, k))
            steps_bar.append(np.sum(-own * slope / step))
        else:
            steps_bar.append(0.0)
    if len(varargs) == 1:
        return f_bar, sum(steps_bar)
    return (f_bar, *steps_bar) if varargs else f_bar


def _differentiated(f, axis):
    """The axes along which `np.gradient` goes."""
    n = np.ndim(f)
    chosen = axis if isinstance(axis, tuple) else (axis,)
    return tuple(range(n)) if axis is None else tuple([k % n for k in chosen])


@jvp(np.gradient)
def gradient_jvp(f_dot, varargs_dot, z, f, *varargs, axis=None, edge_order=1):
    n = len(_differentiated(f, axis))
    steps, steps_dot = _repeated(varargs, n), _repeated(varargs_dot, n)
    through_steps = [_of_spacing(steps_dot[k], steps[k], z[k] if n > 1 else z) for k in range(n)]
    if f_dot is None:
        return tuple(through_steps) if n > 1 else through_steps[0]
    through_f = np.gradient(f_dot, *varargs, axis=axis, edge_order=edge_order)
    if n == 1:
        return total(through_f, through_steps[0])
    return tuple([total(through_f[k], through_steps[k]) for k in range(n)])


def _of_spacing(step_dot, step, slope):
    """What the tangent of a spacing adds to that of a slope."""
    if step_dot is None:
        return None
    if np.ndim(step) > 0:
        raise NotImplementedError("the derivative of np.gradient with coordinates instead of a spacing")
    return -slope * (step_dot / step)


def _repeated(varargs, n):
    """What is given for each of `n` axes, or for all of them at once; None if nothing is."""
    if varargs is None or len(varargs) == 0:
        return (None,) * n
    return tuple(varargs) * n if len(varargs) == 1 else tuple(varargs)


def _ungradient(g, h, edge_order):
    """The transpose of the central differences along axis 0, one-sided at the ends."""
    n = np.shape(g)[0]
    inner, first, last = g[1:-1] / (2 * h), g[:1] / h, g[-1:] / h
    two, rest = np.zeros((2, *np.shape(g)[1:])), np.zeros((n - 2, *np.shape(g)[1:]))
    g_bar = np.concatenate([two, inner]) - np.concatenate([inner, two])
    if edge_order == 1:
        return g_bar + np.concatenate([-first, first, rest]) + np.concatenate([rest, -last, last])
    begin = np.concatenate([-1.5 * first, 2.0 * first, -0.5 * first, rest[1:]])
    return g_bar + begin + np.concatenate([rest[1:], 0.5 * last, -2.0 * last, 1.5 * last])


@vjp(np.trapezoid)
def trapezoid(g, z, y, x=None, dx=1.0, axis=-1):
    n = np.ndim(y)
    before = (slice(None),) * (axis % n)
    means = 0.5 * (y[(*before, slice(1, None))] + y[(*before, slice(None, -1))])
    if x is None:
        widths = dx
    elif np.ndim(x) == 1:
        widths = np.reshape(np.diff(x), (1,) * (axis % n) + (-1,) + (1,) * (n - 1 - axis % n))
    else:
        widths = np.diff(x, axis=axis)
    g = np.expand_dims(g, axis)
    halves = np.broadcast_to(0.5 * g * widths, np.shape(means))
    edge = np.zeros((*np.shape(y)[: axis % n], 1, *np.shape(y)[axis % n + 1 :]))
    y_bar = np.concatenate([halves, edge], axis) + np.concatenate([edge, halves], axis)
    widths_bar = g * means
    if x is None:
        return y_bar, None, widths_bar
    if np.ndim(x) == 1:
        return y_bar, _undiff(np.sum(widths_bar, tuple([k for k in range(n) if k != axis % n])), 0)
    return y_bar, _undiff(widths_bar, axis)


@jvp(np.trapezoid)
def trapezoid_jvp(y_dot, x_dot, dx_dot, z, y, x=None, dx=1.0, axis=-1):
    through_y = None if y_dot is None else np.trapezoid(y_dot, x=x, dx=dx, axis=axis)
    if x is None:
        return total(through_y, None if dx_dot is None else np.trapezoid(y, dx=dx_dot, axis=axis))
    return total(through_y, None if x_dot is None else np.trapezoid(y, x=x_dot, axis=axis))


# Copying and creating


@linear(np.array, np.asarray, np.asanyarray)
def array(g, z, object, dtype=None, order=None, *, copy=None, subok=False, ndmin=0, device=None, like=None):
    return np.reshape(g, np.shape(object)) if ndmin > 0 else g


@linear(np.ascontiguousarray, np.asfortranarray)
def ascontiguousarray(g, z, a, dtype=None, *, like=None):
    return g


@linear(np.copy)
def copy(g, z, a, order="K", subok=False):
    return g


@linear(np.ndarray.copy)
def copy_method(g, z, a, order="C"):
    return g


@linear(np.ndarray.astype)
def astype(g, z, a, dtype, order="K", casting="unsafe", subok=True, copy=True):
    return g


@vjp(np.full)
def full(g, z, shape, fill_value, dtype=None, order="C"):
    return None, g


@vjp(np.full_like)
def full_like(g, z, a, fill_value, dtype=None, order="K", subok=True, shape=None):
    return None, g


linear_in("fill_value")(np.full, np.full_like)


@vjp(np.arange)
def arange(g, z, start, stop=None, step=1, *, dtype=None, device=None, like=None):
    return None if stop is None else g, None, g * np.arange(np.size(z))


@jvp(np.arange)
def arange_jvp(start_dot, step_dot, z, start, stop=None, step=1, *, dtype=None, device=None, like=None):
    numbers = np.arange(np.size(z))
    begun = None if start_dot is None or stop is None else np.full(np.shape(z), start_dot)
    return total(begun, times(step_dot, numbers))


@vjp(np.linspace)
def linspace(g, z, start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    if retstep:
        raise NotImplementedError("the derivative of np.linspace with retstep")
    t = np.linspace(0.0, 1.0, num, endpoint)
    return np.tensordot(1.0 - t, g, (0, axis)), np.tensordot(t, g, (0, axis))


linear_in("start", "stop")(np.linspace)


@vjp(np.logspace)
def logspace(g, z, start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    t = np.linspace(0.0, 1.0, num, endpoint)
    slope = g * z * np.log(base)
    return np.tensordot(1.0 - t, slope, (0, axis)), np.tensordot(t, slope, (0, axis))


@jvp(np.logspace)
def logspace_jvp(start_dot, stop_dot, z, start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    exponents_dot = np.linspace(filled(start_dot, start), filled(stop_dot, stop), num, endpoint, axis=axis)
    return exponents_dot * z * np.log(base)


@vjp(np.geomspace)
def geomspace(g, z, start, stop, num=50, endpoint=True, dtype=None, axis=0):
    t = np.linspace(0.0, 1.0, num, endpoint)
    return np.tensordot(1.0 - t, g * z, (0, axis)) / start, np.tensordot(t, g * z, (0, axis)) / stop


@jvp(np.geomspace)
def geomspace_jvp(start_dot, stop_dot, z, start, stop, num=50, endpoint=True, dtype=None, axis=0):
    first, last = filled(start_dot, start) / start, filled(stop_dot, stop) / stop
    return np.linspace(first, last, num, endpoint, axis=axis) * z


@vjp(np.meshgrid)
def meshgrid(g, z, *xi, copy=True, sparse=False, indexing="xy"):
    n = len(xi)
    axes = _axes_of_grid(n, indexing)
    # Nothing comes back for an argument whose grid nobody uses.
    parts = [None if g[k] is None else _off_axis_sum(g[k], axes[k], np.shape(xi[k])) for k in range(n)]
    return tuple([np.zeros_like(x) if part is None else part for x, part in zip(xi, parts, strict=True)])


def _axes_of_grid(n, indexing):
    """The axis along which each argument varies: with xy indexing the first two are swapped."""
    return (1, 0, *range(2, n)) if indexing == "xy" and n > 1 else tuple(range(n))


@jvp(np.meshgrid)
def meshgrid_jvp(xi_dot, z, *xi, copy=True, sparse=False, indexing="xy"):
    n = len(xi)
    axes = _axes_of_grid(n, indexing)
    return tuple([None if xi_dot[k] is None else _along_axis(xi_dot[k], axes[k], z[k]) for k in range(n)])


def _along_axis(x_dot, axis, z):
    lengths = [-1 if k == axis else 1 for k in range(np.ndim(z))]
    return np.broadcast_to(np.reshape(x_dot, tuple(lengths)), np.shape(z))


def _off_axis_sum(g, axis, shape):
    return np.reshape(np.sum(g, tuple([k for k in range(np.ndim(g)) if k != axis])), shape)


nondifferentiable(
    *(np.zeros, np.ones, np.empty, np.zeros_like, np.ones_like, np.empty_like, np.eye, np.identity, np.tri),
    *(np.shape, np.ndim, np.size, np.broadcast_shapes, np.isfortran, np.shares_memory, np.may_share_memory, len),
)

views(
    *(np.reshape, np.ravel, np.squeeze, np.expand_dims, np.atleast_1d, np.atleast_2d, np.atleast_3d),
    *(np.broadcast_to, np.broadcast_arrays, np.transpose, np.swapaxes, np.moveaxis, np.rollaxis),
    *(np.flip, np.fliplr, np.flipud, np.rot90, np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit),
    *(np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.real, np.imag),
    *((np.unstack,) if hasattr(np, "unstack") else ()),
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
