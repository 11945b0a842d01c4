"""Rules of reductions and cumulative functions.

A cotangent keeps length 1 on the axes that were reduced: the walker expands it, so that nothing is stored that is
constant along an axis. Elements that share a maximum share its cotangent alike, as in JAX.
"""

from __future__ import annotations

import math

import numpy as np

from srcgrad.rules.index import take_along_axis
from srcgrad.rules.registry import jvp, linear, linear_in, linear_in_each, methods, nondifferentiable, vjp
from srcgrad.rules.tangents import total

# ---- what the rules share ----


def expanded(g, axis, keepdims):
    """A result of a reduction with the reduced axes put back at length 1; a number stays a number."""
    if axis is None or keepdims:
        return g
    return np.expand_dims(g, axis)


def counted(a, axis, where, keepdims=True):
    """How many elements enter each result."""
    if where is not None:
        return np.sum(np.broadcast_to(where, np.shape(a)), axis=axis, keepdims=keepdims)
    if axis is None:
        return np.size(a)
    if isinstance(axis, tuple):
        return math.prod([np.shape(a)[k] for k in axis])
    return np.shape(a)[axis]


def shared(g, a, axis):
    """The part of the cotangent of a mean that each element gets. Where there are none, numbers must not raise."""
    if np.ndim(g) == 0:
        return g / max(counted(a, axis, None), 1)
    return g / counted(a, axis, None)


def centred(a, axis, where):
    """The deviations from the mean."""
    if where is not None:
        return np.where(where, a - np.mean(a, axis=axis, keepdims=True, where=where), 0)
    if axis is None:
        return a - np.mean(a)
    return a - np.mean(a, axis=axis, keepdims=True)


def valid(a, where):
    """Where an element is selected and not NaN."""
    if where is None:
        return np.logical_not(np.isnan(a))
    return np.logical_and(where, np.logical_not(np.isnan(a)))


def gathered(a, axis):
    """The same elements with those of one slice along the last axis."""
    if axis is None:
        return np.reshape(a, (np.size(a),))
    if isinstance(axis, tuple):
        last = tuple(range(-len(axis), 0))
        m = np.moveaxis(a, axis, last)
        kept = np.shape(m)[: np.ndim(a) - len(axis)]
        return np.reshape(m, (*kept, math.prod([np.shape(a)[k] for k in axis])))
    return np.moveaxis(a, axis, -1)


def scattered(b, axis, shape):
    """The inverse of `gathered`."""
    if axis is None:
        return np.reshape(b, shape)
    if isinstance(axis, tuple):
        last = tuple(range(-len(axis), 0))
        m = np.reshape(b, np.shape(b)[:-1] + tuple([shape[k] for k in axis]))
        return np.moveaxis(m, last, axis)
    return np.moveaxis(b, -1, axis)


# ---- sums and means ----


@vjp(np.sum)
def sum_vjp(g, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None):
    if where is not None:
        return np.where(where, expanded(g, axis, keepdims), 0)
    return expanded(g, axis, keepdims)


@jvp(np.sum)
def sum_jvp(a_dot, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None):
    if where is not None:
        return np.sum(a_dot, axis=axis, keepdims=keepdims, where=where)
    if keepdims:
        return np.sum(a_dot, axis=axis, keepdims=True)
    return np.sum(a_dot) if axis is None else np.sum(a_dot, axis=axis)


@vjp(sum)
def builtin_sum(g, z, iterable, start=0):
    if isinstance(iterable, (list, tuple)):
        return [g for _ in iterable], g
    return g, g


linear_in("iterable", "start")(sum)


@vjp(np.nansum)
def nansum(g, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None):
    return np.where(valid(a, where), expanded(g, axis, keepdims), 0)


@jvp(np.nansum)
def nansum_jvp(a_dot, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None):
    return sum_jvp(a_dot, z, a, axis, None, None, keepdims, None, valid(a, where))


@linear(np.mean)
def mean(g, z, a, axis=None, dtype=None, out=None, keepdims=False, where=None):
    if where is not None:
        return np.where(where, expanded(g, axis, keepdims) / counted(a, axis, where), 0)
    return shared(expanded(g, axis, keepdims), a, axis)


@vjp(np.nanmean)
def nanmean(g, z, a, axis=None, dtype=None, out=None, keepdims=False, where=None):
    chosen = valid(a, where)
    return np.where(chosen, expanded(g, axis, keepdims) / np.maximum(counted(a, axis, chosen), 1), 0)


@jvp(np.nanmean)
def nanmean_jvp(a_dot, z, a, axis=None, dtype=None, out=None, keepdims=False, where=None):
    chosen = valid(a, where)
    z_dot = np.sum(a_dot, axis=axis, keepdims=keepdims, where=chosen)
    return z_dot / np.maximum(counted(a, axis, chosen, keepdims), 1)


@vjp(np.average)
def average(g, z, a, axis=None, weights=None, returned=False, *, keepdims=False):
    mean_bar, total_bar = g if returned else (g, None)
    if mean_bar is None:
        mean_bar = np.zeros_like(z[0])
    g_mean = expanded(mean_bar, axis, keepdims)
    if weights is None:
        return shared(g_mean, a, axis)
    if isinstance(weights, (list, tuple)):
        weights = np.array(weights)
    others = _other_axes(a, axis, weights)
    w = np.expand_dims(weights, others) if others else weights
    share = g_mean / np.sum(w, axis=axis, keepdims=True)
    w_bar = share * (a - expanded(z[0] if returned else z, axis, keepdims))
    if total_bar is not None:
        w_bar = w_bar + expanded(total_bar, axis, keepdims)
    return share * w, None, np.sum(w_bar, axis=others) if others else w_bar


def _other_axes(a, axis, weights):
    """The axes of `a` that its weights lack."""
    ndim = np.ndim(a)
    if np.ndim(weights) == ndim:
        return ()
    own = [k % ndim for k in axis] if isinstance(axis, tuple) else [axis % ndim]
    if own != sorted(own):
        raise NotImplementedError("the derivative of np.average with weights whose axes are in another order")
    return tuple([k for k in range(ndim) if k not in own])


@jvp(np.average)
def average_jvp(a_dot, weights_dot, z, a, axis=None, weights=None, returned=False, *, keepdims=False):
    mean = z[0] if returned else z
    mean_dot = None if a_dot is None else np.average(a_dot, axis=axis, weights=weights, keepdims=keepdims)
    weight_dot = np.zeros_like(mean)
    if weights_dot is not None:
        if isinstance(weights, (list, tuple)):
            weights = np.array(weights)
            weights_dot = np.array([0.0 if w is None else w for w in weights_dot])
        others = _other_axes(a, axis, weights)
        w_dot = np.expand_dims(weights_dot, others) if others else weights_dot
        w = np.expand_dims(weights, others) if others else weights
        weight_dot = np.broadcast_to(np.sum(w_dot, axis=axis, keepdims=keepdims), np.shape(mean))
        changed = np.sum(w_dot * (a - expanded(mean, axis, keepdims)), axis=axis, keepdims=keepdims)
        mean_dot = total(mean_dot, changed / np.sum(w, axis=axis, keepdims=keepdims))
    if returned:
        return mean_dot, weight_dot
    return mean_dot


@linear(np.cumsum)
def cumsum(g, z, a, axis=None, dtype=None, out=None):
    if axis is None:
        return np.reshape(np.cumsum(g[::-1])[::-1], np.shape(a))
    return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)


@vjp(np.nancumsum)
def nancumsum(g, z, a, axis=None, dtype=None, out=None):
    return np.where(np.isnan(a), 0, cumsum(g, z, a, axis))


@jvp(np.nancumsum)
def nancumsum_jvp(a_dot, z, a, axis=None, dtype=None, out=None):
    return np.cumsum(np.where(np.isnan(a), 0, a_dot), axis=axis)


# ---- products ----


def products_before(x):
    """For each element, the product of those before it on the last axis."""
    return np.concatenate((np.ones_like(x[..., :1]), np.cumprod(x[..., :-1], axis=-1)), axis=-1)


def products_of_others(a, axis, where):
    """For each element, the product of those that it is multiplied with."""
    x = gathered(a if where is None else np.where(where, a, 1), axis)
    return scattered(products_before(x) * products_before(x[..., ::-1])[..., ::-1], axis, np.shape(a))


@vjp(np.prod)
def prod(g, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None):
    a_bar = expanded(g, axis, keepdims) * products_of_others(a, axis, where)
    if initial is not None:
        a_bar = a_bar * initial
    return a_bar if where is None else np.where(where, a_bar, 0)


@jvp(np.prod)
def prod_jvp(a_dot, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None):
    terms = a_dot * products_of_others(a, axis, where)
    z_dot = sum_jvp(terms, z, a, axis, None, None, keepdims, None, where)
    return z_dot if initial is None else z_dot * initial


@vjp(np.nanprod)
def nanprod(g, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None):
    return prod(g, z, a, axis, None, None, keepdims, initial, valid(a, where))


@jvp(np.nanprod)
def nanprod_jvp(a_dot, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None):
    return prod_jvp(a_dot, z, a, axis, None, None, keepdims, initial, valid(a, where))


def shifted(x, by):
    """The elements moved towards the front of the last axis, zeros behind."""
    return np.concatenate((x[..., by:], np.zeros_like(x[..., :by])), axis=-1)


@vjp(np.cumprod)
def cumprod(g, z, a, axis=None, dtype=None, out=None):
    x = gathered(a, axis)
    return scattered(products_before(x) * carried(gathered(g, axis), shifted(x, 1)), axis, np.shape(a))


def carried(s, factors):
    """Along the last axis, s[j] + factors[j] * (the same of j + 1); without a division, so that zeros do no harm."""
    for k in range(math.ceil(math.log2(max(np.shape(s)[-1], 1)))):
        s = s + factors * shifted(s, 2**k)
        factors = factors * shifted(factors, 2**k)
    return s


@jvp(np.cumprod)
def cumprod_jvp(a_dot, z, a, axis=None, dtype=None, out=None):
    x = gathered(a, axis)
    own = products_before(x) * gathered(a_dot, axis)
    z_dot = carried(own[..., ::-1], x[..., ::-1])[..., ::-1]
    return z_dot if axis is None else scattered(z_dot, axis, np.shape(a))


@vjp(np.nancumprod)
def nancumprod(g, z, a, axis=None, dtype=None, out=None):
    present = np.logical_not(np.isnan(a))
    return np.where(present, cumprod(g, z, np.where(present, a, 1), axis), 0)


@jvp(np.nancumprod)
def nancumprod_jvp(a_dot, z, a, axis=None, dtype=None, out=None):
    present = np.logical_not(np.isnan(a))
    return cumprod_jvp(np.where(present, a_dot, 0), z, np.where(present, a, 1), axis)


# ---- order ----


@vjp(np.max, np.min, np.amax, np.amin)
def extreme(g, z, a, axis=None, out=None, keepdims=False, initial=None, where=None):
    hits = a == expanded(z, axis, keepdims)
    if where is not None:
        hits = np.logical_and(hits, where)
    count = np.sum(hits) if axis is None else np.sum(hits, axis=axis, keepdims=True)
    if initial is not None or where is not None:
        count = np.maximum(count, 1)
    return expanded(g, axis, keepdims) * (hits / count)


@jvp(np.max, np.min, np.amax, np.amin)
def extreme_jvp(a_dot, z, a, axis=None, out=None, keepdims=False, initial=None, where=None):
    # What was not chosen may have an infinite tangent.
    hits = a == expanded(z, axis, keepdims)
    if where is not None:
        hits = np.logical_and(hits, where)
    count = np.sum(hits, axis=axis, keepdims=keepdims)
    if initial is not None or where is not None:
        count = np.maximum(count, 1)
    return np.sum(a_dot, axis=axis, keepdims=keepdims, where=hits) / count


@vjp(np.nanmax, np.nanmin)
def nan_extreme(g, z, a, axis=None, out=None, keepdims=False, initial=None, where=None):
    return extreme(g, z, a, axis, None, keepdims, initial, valid(a, where))


@jvp(np.nanmax, np.nanmin)
def nan_extreme_jvp(a_dot, z, a, axis=None, out=None, keepdims=False, initial=None, where=None):
    return extreme_jvp(a_dot, z, a, axis, None, keepdims, initial, valid(a, where))


@vjp(np.ptp)
def ptp(g, z, a, axis=None, out=None, keepdims=False):
    g_kept = expanded(g, axis, keepdims)
    top = np.max(a, axis=axis, keepdims=True)
    bottom = np.min(a, axis=axis, keepdims=True)
    return extreme(g_kept, top, a, axis, None, True) - extreme(g_kept, bottom, a, axis, None, True)


@jvp(np.ptp)
def ptp_jvp(a_dot, z, a, axis=None, out=None, keepdims=False):
    top = np.max(a, axis=axis, keepdims=keepdims)
    bottom = np.min(a, axis=axis, keepdims=keepdims)
    return extreme_jvp(a_dot, top, a, axis, None, keepdims) - extreme_jvp(a_dot, bottom, a, axis, None, keepdims)


# ---- norms ----


def slope_of_abs(x):
    """The derivative of the absolute value, 0 at 0."""
    if np.iscomplexobj(x):
        return np.conj(x) / (np.abs(x) + (x == 0))
    return np.sign(x)


def vector_norm_vjp(g, z, x, ord, axis):
    """The cotangent of a vector norm; `g` and `z` have the shape of a result with `keepdims`."""
    r = z + (z == 0)
    if ord is None or ord == 2 or ord == "fro":
        return (np.conj(x) if np.iscomplexobj(x) else x) * (g / r)
    if ord == 0:
        return np.zeros_like(x)
    if ord == 1:
        return slope_of_abs(x) * g
    if ord == math.inf or ord == -math.inf:
        return slope_of_abs(x) * extreme(g, z, np.abs(x), axis, None, True)
    return slope_of_abs(x) * ((np.abs(x) + (x == 0)) / r) ** (ord - 1) * g


def matrix_norm_vjp(g, z, x, ord, row_axis, column_axis):
    """The cotangent of a matrix norm; `g` and `z` have the shape of a result with `keepdims`."""
    if ord is None or ord == "fro":
        return vector_norm_vjp(g, z, x, 2, (row_axis, column_axis))
    if ord in (1, -1, math.inf, -math.inf):
        summed, compared = (row_axis, column_axis) if abs(ord) == 1 else (column_axis, row_axis)
        sums = np.sum(np.abs(x), axis=summed, keepdims=True)
        top = np.max(sums, axis=compared, keepdims=True) if ord > 0 else np.min(sums, axis=compared, keepdims=True)
        return slope_of_abs(x) * extreme(g, top, sums, compared, None, True)
    u, _, vh = np.linalg.svd(np.moveaxis(x, (row_axis, column_axis), (-2, -1)), full_matrices=False)
    if ord == "nuc":
        slope = u @ vh
    elif ord == 2:
        slope = u[..., :, :1] @ vh[..., :1, :]
    else:
        slope = u[..., :, -1:] @ vh[..., -1:, :]
    slope = np.moveaxis(slope, (-2, -1), (row_axis, column_axis))
    return g * (np.conj(slope) if np.iscomplexobj(x) else slope)


def norm_vjp(g, z, x, ord, axis):
    """The cotangent of either norm; `g` and `z` have the shape of a result with `keepdims`."""
    if isinstance(axis, tuple) and len(axis) == 2:
        return matrix_norm_vjp(g, z, x, ord, axis[0], axis[1])
    if axis is None and ord is not None and np.ndim(x) == 2:
        return matrix_norm_vjp(g, z, x, ord, 0, 1)
    return vector_norm_vjp(g, z, x, ord, axis)


@vjp(np.linalg.norm)
def norm(g, z, x, ord=None, axis=None, keepdims=False):
    return norm_vjp(expanded(g, axis, keepdims), expanded(z, axis, keepdims), x, ord, axis)


@jvp(np.linalg.norm)
def norm_jvp(x_dot, z, x, ord=None, axis=None, keepdims=False):
    slope = norm_vjp(1.0, expanded(z, axis, keepdims), x, ord, axis)
    return np.sum(slope * x_dot, axis=axis, keepdims=keepdims)


@vjp(np.linalg.vector_norm)
def vector_norm(g, z, x, *, axis=None, keepdims=False, ord=2):
    return vector_norm_vjp(expanded(g, axis, keepdims), expanded(z, axis, keepdims), x, ord, axis)


@jvp(np.linalg.vector_norm)
def vector_norm_jvp(x_dot, z, x, *, axis=None, keepdims=False, ord=2):
    slope = vector_norm_vjp(1.0, expanded(z, axis, keepdims), x, ord, axis)
    return np.sum(slope * x_dot, axis=axis, keepdims=keepdims)


@vjp(np.linalg.matrix_norm)
def matrix_norm(g, z, x, *, keepdims=False, ord="fro"):
    g_kept, z_kept = expanded(g, (-2, -1), keepdims), expanded(z, (-2, -1), keepdims)
    return matrix_norm_vjp(g_kept, z_kept, x, ord, -2, -1)


@jvp(np.linalg.matrix_norm)
def matrix_norm_jvp(x_dot, z, x, *, keepdims=False, ord="fro"):
    slope = matrix_norm_vjp(1.0, expanded(z, (-2, -1), keepdims), x, ord, -2, -1)
    return np.sum(slope * x_dot, axis=(-2, -1), keepdims=keepdims)


# ---- methods of ufuncs: their axis is 0 unless told ----


@vjp(np.add.reduce)
def add_reduce(g, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=None):
    return sum_vjp(g, z, array, axis, None, None, keepdims, initial, where)


@jvp(np.add.reduce)
def add_reduce_jvp(array_dot, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=None):
    return sum_jvp(array_dot, z, array, axis, None, None, keepdims, initial, where)


@vjp(np.multiply.reduce)
def multiply_reduce(g, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=None):
    return prod(g, z, array, axis, None, None, keepdims, initial, where)


@jvp(np.multiply.reduce)
def multiply_reduce_jvp(array_dot, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=None):
    return prod_jvp(array_dot, z, array, axis, None, None, keepdims, initial, where)


@vjp(np.maximum.reduce, np.minimum.reduce)
def extreme_reduce(g, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=None):
    return extreme(g, z, array, axis, None, keepdims, initial, where)


@jvp(np.maximum.reduce, np.minimum.reduce)
def extreme_reduce_jvp(array_dot, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=None):
    return extreme_jvp(array_dot, z, array, axis, None, keepdims, initial, where)


@vjp(np.logaddexp.reduce)
def logaddexp_reduce(g, z, array, axis=0, dtype=None, out=None, keepdims=False):
    return expanded(g, axis, keepdims) * _shares(array, expanded(z, axis, keepdims))


def _shares(array, top):
    """What each element has of the sum of their exponentials, whose logarithm is `top`."""
    return np.exp(array - np.where(top == -math.inf, 0, top))


@jvp(np.logaddexp.reduce)
def logaddexp_reduce_jvp(array_dot, z, array, axis=0, dtype=None, out=None, keepdims=False):
    shares = _shares(array, expanded(z, axis, keepdims))
    return np.sum(shares * array_dot, axis=axis, keepdims=keepdims)


@linear(np.add.accumulate)
def add_accumulate(g, z, array, axis=0, dtype=None, out=None):
    return cumsum(g, z, array, axis)


@vjp(np.multiply.accumulate)
def multiply_accumulate(g, z, array, axis=0, dtype=None, out=None):
    return cumprod(g, z, array, axis)


@jvp(np.multiply.accumulate)
def multiply_accumulate_jvp(array_dot, z, array, axis=0, dtype=None, out=None):
    return cumprod_jvp(array_dot, z, array, axis)


def _reached(array, z, axis):
    """For each element the place along the axis of the first one that is as far out as any up to there."""
    axis = axis % np.ndim(array)
    own = np.reshape(np.arange(np.shape(array)[axis]), (-1,) + (1,) * (np.ndim(array) - 1 - axis))
    return np.maximum.accumulate(np.where(z != np.roll(z, 1, axis), own, 0), axis)


@vjp(np.maximum.accumulate, np.minimum.accumulate)
def extreme_accumulate(g, z, array, axis=0, dtype=None, out=None):
    return take_along_axis(g, z, array, _reached(array, z, axis), axis)


@jvp(np.maximum.accumulate, np.minimum.accumulate)
def extreme_accumulate_jvp(array_dot, z, array, axis=0, dtype=None, out=None):
    return np.take_along_axis(array_dot, _reached(array, z, axis), axis)


def outer_sum(g, a):
    """The sum over the axes that an outer product appends to those of its first argument."""
    return np.sum(g, axis=tuple(range(np.ndim(a), np.ndim(g))))


@vjp(np.add.outer)
def add_outer(g, z, a, b):
    return outer_sum(g, a), g


@vjp(np.subtract.outer)
def subtract_outer(g, z, a, b):
    return outer_sum(g, a), -g


linear_in("a", "b")(np.add.outer, np.subtract.outer)


@vjp(np.multiply.outer)
def multiply_outer(g, z, a, b):
    return outer_sum(g * b, a), g * np.reshape(a, np.shape(a) + (1,) * np.ndim(b))


linear_in_each("a", "b")(np.multiply.outer)


# ---- without a derivative; methods ----

nondifferentiable(np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.count_nonzero, np.any, np.all)
methods(
    sum=np.sum,
    mean=np.mean,
    prod=np.prod,
    max=np.max,
    min=np.min,
    var=np.var,
    std=np.std,
    cumsum=np.cumsum,
    cumprod=np.cumprod,
    argmax=np.argmax,
    argmin=np.argmin,
    any=np.any,
    all=np.all,
)
