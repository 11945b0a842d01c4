"""Rules of reductions and cumulative functions.

A cotangent keeps length 1 on the axes that were reduced: the walker expands it, so that nothing is stored that is
constant along an axis. Elements that share a maximum share its cotangent alike, as in JAX.
"""

from __future__ import annotations

import math

import numpy as np

from srcgrad.rules.registry import jvp, linear, methods, nondifferentiable, vjp

# ---- what the rules share ----


def expanded(g, axis, keepdims):
    """A result of a reduction with the reduced axes put back at length 1; a number stays a number."""
    if axis is None or keepdims:
        return g
    return np.expand_dims(g, axis)


def counted(a, axis, where):
    """How many elements enter each result."""
    if where is not None:
        return np.sum(np.broadcast_to(where, np.shape(a)), axis=axis, keepdims=True)
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
    return np.sum(a_dot, axis=axis, keepdims=keepdims)


@vjp(sum)
def builtin_sum(g, z, iterable, start=0):
    if isinstance(iterable, (list, tuple)):
        return [g for _ in iterable], g
    return g, g


@vjp(np.nansum)
def nansum(g, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None):
    return np.where(valid(a, where), expanded(g, axis, keepdims), 0)


@linear(np.mean)
def mean(g, z, a, axis=None, dtype=None, out=None, keepdims=False, where=None):
    if where is not None:
        return np.where(where, expanded(g, axis, keepdims) / counted(a, axis, where), 0)
    return shared(expanded(g, axis, keepdims), a, axis)


@vjp(np.nanmean)
def nanmean(g, z, a, axis=None, dtype=None, out=None, keepdims=False, where=None):
    chosen = valid(a, where)
    return np.where(chosen, expanded(g, axis, keepdims) / np.maximum(counted(a, axis, chosen), 1), 0)


@vjp(np.average)
def average(g, z, a, axis=None, weights=None, returned=False, *, keepdims=False):
    g_mean = expanded(g[0] if returned else g, axis, keepdims)
    if weights is None:
        return shared(g_mean, a, axis)
    if np.ndim(weights) == np.ndim(a):
        w, others = weights, ()
    else:
        others = tuple([k for k in range(np.ndim(a)) if k != axis % np.ndim(a)])
        w = np.expand_dims(weights, others)
    share = g_mean / np.sum(w, axis=axis, keepdims=True)
    w_bar = share * (a - expanded(z[0] if returned else z, axis, keepdims))
    if returned:
        w_bar = w_bar + expanded(g[1], axis, keepdims)
    return share * w, None, np.sum(w_bar, axis=others) if others else w_bar


@linear(np.cumsum)
def cumsum(g, z, a, axis=None, dtype=None, out=None):
    if axis is None:
        return np.reshape(np.cumsum(g[::-1])[::-1], np.shape(a))
    return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)


@vjp(np.nancumsum)
def nancumsum(g, z, a, axis=None, dtype=None, out=None):
    return np.where(np.isnan(a), 0, cumsum(g, z, a, axis))


# ---- spread ----


@vjp(np.var)
def var(g, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=None):
    doubled = expanded(g, axis, keepdims) * 2
    if where is None and ddof == 0:
        scale = shared(doubled, a, axis)
    else:
        scale = np.divide(doubled, counted(a, axis, where) - ddof)
    deviations = centred(a, axis, where)
    return scale * (np.conj(deviations) if np.iscomplexobj(a) else deviations)


@vjp(np.std)
def std(g, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=None):
    return var(g / (2 * (z + (z == 0))), z, a, axis, None, None, ddof, keepdims, where)


@vjp(np.nanvar)
def nanvar(g, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=None):
    return var(g, z, a, axis, None, None, ddof, keepdims, valid(a, where))


@vjp(np.nanstd)
def nanstd(g, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=None):
    return std(g, z, a, axis, None, None, ddof, keepdims, valid(a, where))


def _variables(x, rowvar):
    """Observations as a matrix with a row for each variable."""
    if np.ndim(x) < 2:
        return np.reshape(x, (1, np.size(x)))
    return x if rowvar or np.shape(x)[0] == 1 else np.transpose(x)


def _observed(x_bar, x, rowvar):
    """The inverse of `_variables`, for a cotangent."""
    if np.ndim(x) < 2:
        return np.reshape(x_bar, np.shape(x))
    return x_bar if rowvar or np.shape(x)[0] == 1 else np.transpose(x_bar)


def covariance_vjp(g, m, y, rowvar, lost):
    """The cotangents of two sets of variables, from that of their covariances; `lost` are the degrees of freedom."""
    rows = _variables(m, rowvar)
    count = np.shape(rows)[0]
    x = rows if y is None else np.concatenate([rows, _variables(y, rowvar)])
    g = np.reshape(g, (np.shape(x)[0], np.shape(x)[0]))
    x_bar = (g + np.transpose(g)) @ (x - np.mean(x, axis=1, keepdims=True)) / (np.shape(x)[1] - lost)
    if y is None:
        return _observed(x_bar, m, rowvar), None
    return _observed(x_bar[:count], m, rowvar), _observed(x_bar[count:], y, rowvar)


# Weights are no parameters, so that calls with them are refused.
@vjp(np.cov)
def cov(g, z, m, y=None, rowvar=True, bias=False, ddof=None):
    lost = (0 if bias else 1) if ddof is None else ddof
    return covariance_vjp(g, m, y, rowvar, lost)


@vjp(np.corrcoef)
def corrcoef(g, z, x, y=None, rowvar=True):
    if np.ndim(z) == 0:
        return np.zeros_like(x), None
    rows = _variables(x, rowvar)
    both = rows if y is None else np.concatenate([rows, _variables(y, rowvar)])
    d = np.sum((both - np.mean(both, axis=1, keepdims=True)) ** 2, axis=1)
    own = np.sum(g * z, axis=1) + np.sum(g * z, axis=0)
    s = np.sqrt(d)
    return covariance_vjp(g / (np.expand_dims(s, 1) * s) - np.diag(own / (2 * d)), x, y, rowvar, np.shape(both)[1] - 1)


# ---- products ----


def products_before(x):
    """For each element, the product of those before it on the last axis."""
    return np.concatenate((np.ones_like(x[..., :1]), np.cumprod(x[..., :-1], axis=-1)), axis=-1)


@vjp(np.prod)
def prod(g, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None):
    x = gathered(a if where is None else np.where(where, a, 1), axis)
    others = products_before(x) * products_before(x[..., ::-1])[..., ::-1]
    a_bar = expanded(g, axis, keepdims) * scattered(others, axis, np.shape(a))
    if initial is not None:
        a_bar = a_bar * initial
    return a_bar if where is None else np.where(where, a_bar, 0)


@vjp(np.nanprod)
def nanprod(g, z, a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None):
    return prod(g, z, a, axis, None, None, keepdims, initial, valid(a, where))


def shifted(x, by):
    """The elements moved towards the front of the last axis, zeros behind."""
    return np.concatenate((x[..., by:], np.zeros_like(x[..., :by])), axis=-1)


@vjp(np.cumprod)
def cumprod(g, z, a, axis=None, dtype=None, out=None):
    # s[j] = g[j] + x[j + 1] * s[j + 1], by doubling: no division, so zeros do no harm
    x = gathered(a, axis)
    s = gathered(g, axis)
    factors = shifted(x, 1)
    for k in range(math.ceil(math.log2(max(np.shape(x)[-1], 1)))):
        s = s + factors * shifted(s, 2**k)
        factors = factors * shifted(factors, 2**k)
    return scattered(products_before(x) * s, axis, np.shape(a))


@vjp(np.nancumprod)
def nancumprod(g, z, a, axis=None, dtype=None, out=None):
    present = np.logical_not(np.isnan(a))
    return np.where(present, cumprod(g, z, np.where(present, a, 1), axis), 0)


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


@vjp(np.nanmax, np.nanmin)
def nan_extreme(g, z, a, axis=None, out=None, keepdims=False, initial=None, where=None):
    return extreme(g, z, a, axis, None, keepdims, initial, valid(a, where))


@vjp(np.ptp)
def ptp(g, z, a, axis=None, out=None, keepdims=False):
    g_kept = expanded(g, axis, keepdims)
    top = np.max(a, axis=axis, keepdims=True)
    bottom = np.min(a, axis=axis, keepdims=True)
    return extreme(g_kept, top, a, axis, None, True) - extreme(g_kept, bottom, a, axis, None, True)


def order_statistic(g, a, q, axis, lengths):
    """The cotangent of quantiles with linear interpolation, among the `lengths` smallest elements of each slice."""
    x = gathered(a, axis)
    ranks = np.argsort(np.argsort(x, axis=-1, kind="stable"), axis=-1, kind="stable")
    position = np.reshape(q, np.shape(q) + (1,) * np.ndim(x)) * (lengths - 1)
    weight = np.maximum(1 - np.abs(ranks - position), 0)
    g_last = np.reshape(g, np.shape(q) + np.shape(x)[:-1] + (1,))
    return scattered(np.sum(g_last * weight, axis=tuple(range(np.ndim(q)))), axis, np.shape(a))


def present(a, axis):
    """How many elements of each slice are not NaN."""
    return np.sum(np.logical_not(np.isnan(gathered(a, axis))), axis=-1, keepdims=True)


# Interpolation other than linear, and weights, are no parameters here, so that calls with them are refused.
@vjp(np.quantile)
def quantile(g, z, a, q, axis=None, out=None, overwrite_input=False, *, keepdims=False):
    return order_statistic(g, a, q, axis, counted(a, axis, None))


@vjp(np.percentile)
def percentile(g, z, a, q, axis=None, out=None, overwrite_input=False, *, keepdims=False):
    return order_statistic(g, a, np.divide(q, 100), axis, counted(a, axis, None))


@vjp(np.median)
def median(g, z, a, axis=None, out=None, overwrite_input=False, keepdims=False):
    return order_statistic(g, a, 0.5, axis, counted(a, axis, None))


@vjp(np.nanquantile)
def nanquantile(g, z, a, q, axis=None, out=None, overwrite_input=False, *, keepdims=False):
    return order_statistic(g, a, q, axis, present(a, axis))


@vjp(np.nanpercentile)
def nanpercentile(g, z, a, q, axis=None, out=None, overwrite_input=False, *, keepdims=False):
    return order_statistic(g, a, np.divide(q, 100), axis, present(a, axis))


@vjp(np.nanmedian)
def nanmedian(g, z, a, axis=None, out=None, overwrite_input=False, keepdims=False):
    return order_statistic(g, a, 0.5, axis, present(a, axis))


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


@vjp(np.linalg.norm)
def norm(g, z, x, ord=None, axis=None, keepdims=False):
    g_kept, z_kept = expanded(g, axis, keepdims), expanded(z, axis, keepdims)
    if isinstance(axis, tuple) and len(axis) == 2:
        return matrix_norm_vjp(g_kept, z_kept, x, ord, axis[0], axis[1])
    if axis is None and ord is not None and np.ndim(x) == 2:
        return matrix_norm_vjp(g_kept, z_kept, x, ord, 0, 1)
    return vector_norm_vjp(g_kept, z_kept, x, ord, axis)


@vjp(np.linalg.vector_norm)
def vector_norm(g, z, x, *, axis=None, keepdims=False, ord=2):
    return vector_norm_vjp(expanded(g, axis, keepdims), expanded(z, axis, keepdims), x, ord, axis)


@vjp(np.linalg.matrix_norm)
def matrix_norm(g, z, x, *, keepdims=False, ord="fro"):
    g_kept, z_kept = expanded(g, (-2, -1), keepdims), expanded(z, (-2, -1), keepdims)
    return matrix_norm_vjp(g_kept, z_kept, x, ord, -2, -1)


# ---- methods of ufuncs: their axis is 0 unless told ----


@vjp(np.add.reduce)
def add_reduce(g, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=None):
    return sum_vjp(g, z, array, axis, None, None, keepdims, initial, where)


@vjp(np.multiply.reduce)
def multiply_reduce(g, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=None):
    return prod(g, z, array, axis, None, None, keepdims, initial, where)


@vjp(np.maximum.reduce, np.minimum.reduce)
def extreme_reduce(g, z, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=None):
    return extreme(g, z, array, axis, None, keepdims, initial, where)


@vjp(np.logaddexp.reduce)
def logaddexp_reduce(g, z, array, axis=0, dtype=None, out=None, keepdims=False):
    top = expanded(z, axis, keepdims)
    return expanded(g, axis, keepdims) * np.exp(array - np.where(top == -math.inf, 0, top))


@linear(np.add.accumulate)
def add_accumulate(g, z, array, axis=0, dtype=None, out=None):
    return cumsum(g, z, array, axis)


@vjp(np.multiply.accumulate)
def multiply_accumulate(g, z, array, axis=0, dtype=None, out=None):
    return cumprod(g, z, array, axis)


def outer_sum(g, a):
    """The sum over the axes that an outer product appends to those of its first argument."""
    return np.sum(g, axis=tuple(range(np.ndim(a), np.ndim(g))))


@vjp(np.add.outer)
def add_outer(g, z, a, b):
    return outer_sum(g, a), g


@vjp(np.subtract.outer)
def subtract_outer(g, z, a, b):
    return outer_sum(g, a), -g


@vjp(np.multiply.outer)
def multiply_outer(g, z, a, b):
    return outer_sum(g * b, a), g * np.reshape(a, np.shape(a) + (1,) * np.ndim(b))


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
