"""Rules of what describes a set of numbers: variances, covariances, medians and other quantiles."""

from __future__ import annotations

import numpy as np

from srcgrad.rules.reduce import centred, counted, expanded, gathered, scattered, shared, sum_jvp, valid
from srcgrad.rules.registry import jvp, vjp
from srcgrad.rules.tangents import filled

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


@jvp(np.var)
def var_jvp(a_dot, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=None):
    deviations = centred(a, axis, where)
    products = (np.conj(deviations) if np.iscomplexobj(a) else deviations) * a_dot
    total = sum_jvp(products, z, a, axis, None, None, keepdims, None, where)
    return np.divide(2 * total, counted(a, axis, where, keepdims) - ddof)


@vjp(np.std)
def std(g, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=None):
    return var(g / (2 * (z + (z == 0))), z, a, axis, None, None, ddof, keepdims, where)


@jvp(np.std)
def std_jvp(a_dot, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=None):
    return var_jvp(a_dot, z, a, axis, None, None, ddof, keepdims, where) / (2 * (z + (z == 0)))


@vjp(np.nanvar)
def nanvar(g, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=None):
    return var(g, z, a, axis, None, None, ddof, keepdims, valid(a, where))


@jvp(np.nanvar)
def nanvar_jvp(a_dot, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=None):
    return var_jvp(a_dot, z, a, axis, None, None, ddof, keepdims, valid(a, where))


@vjp(np.nanstd)
def nanstd(g, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=None):
    return std(g, z, a, axis, None, None, ddof, keepdims, valid(a, where))


@jvp(np.nanstd)
def nanstd_jvp(a_dot, z, a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=None):
    return std_jvp(a_dot, z, a, axis, None, None, ddof, keepdims, valid(a, where))


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


def _joined(m, y, rowvar):
    """Two sets of variables as one matrix."""
    rows = _variables(m, rowvar)
    return rows if y is None else np.concatenate([rows, _variables(y, rowvar)])


def _refuse_complex(m, y):
    if np.iscomplexobj(m) or (y is not None and np.iscomplexobj(y)):
        raise NotImplementedError("the derivative of the covariances of complex numbers")


def covariance_vjp(g, m, y, rowvar, lost):
    """The cotangents of two sets of variables, from that of their covariances; `lost` are the degrees of freedom."""
    _refuse_complex(m, y)
    count = np.shape(_variables(m, rowvar))[0]
    x = _joined(m, y, rowvar)
    g = np.reshape(g, (np.shape(x)[0], np.shape(x)[0]))
    x_bar = (g + np.transpose(g)) @ (x - np.mean(x, axis=1, keepdims=True)) / (np.shape(x)[1] - lost)
    if y is None:
        return _observed(x_bar, m, rowvar), None
    return _observed(x_bar[:count], m, rowvar), _observed(x_bar[count:], y, rowvar)


def covariance_jvp(m_dot, y_dot, z, m, y, rowvar, lost):
    """The tangent of the covariances of two sets of variables."""
    _refuse_complex(m, y)
    x = _joined(m, y, rowvar)
    x_dot = _joined(filled(m_dot, m), None if y is None else filled(y_dot, y), rowvar)
    half = x_dot @ np.transpose(x - np.mean(x, axis=1, keepdims=True)) / (np.shape(x)[1] - lost)
    return np.reshape(half + np.transpose(half), np.shape(z))


# Weights are no parameters, so that calls with them are refused.
@vjp(np.cov)
def cov(g, z, m, y=None, rowvar=True, bias=False, ddof=None):
    lost = (0 if bias else 1) if ddof is None else ddof
    return covariance_vjp(g, m, y, rowvar, lost)


@jvp(np.cov)
def cov_jvp(m_dot, y_dot, z, m, y=None, rowvar=True, bias=False, ddof=None):
    lost = (0 if bias else 1) if ddof is None else ddof
    return covariance_jvp(m_dot, y_dot, z, m, y, rowvar, lost)


@vjp(np.corrcoef)
def corrcoef(g, z, x, y=None, rowvar=True):
    if np.ndim(z) == 0:
        return np.zeros_like(x), None
    both = _joined(x, y, rowvar)
    d = np.sum((both - np.mean(both, axis=1, keepdims=True)) ** 2, axis=1)
    own = np.sum(g * z, axis=1) + np.sum(g * z, axis=0)
    s = np.sqrt(d)
    return covariance_vjp(g / (np.expand_dims(s, 1) * s) - np.diag(own / (2 * d)), x, y, rowvar, np.shape(both)[1] - 1)


@jvp(np.corrcoef)
def corrcoef_jvp(x_dot, y_dot, z, x, y=None, rowvar=True):
    if np.ndim(z) == 0:
        return 0.0
    both = _joined(x, y, rowvar)
    d = np.sum((both - np.mean(both, axis=1, keepdims=True)) ** 2, axis=1)
    products_dot = covariance_jvp(x_dot, y_dot, z, x, y, rowvar, np.shape(both)[1] - 1)
    own = np.diagonal(products_dot) / (2 * d)
    s = np.sqrt(d)
    return products_dot / (np.expand_dims(s, 1) * s) - z * (np.expand_dims(own, 1) + own)


# ---- quantiles ----


def order_statistic(g, a, q, axis, lengths):
    """The cotangent of quantiles with linear interpolation, among the `lengths` smallest elements of each slice."""
    x = gathered(a, axis)
    weight = _interpolation(x, q, lengths)
    g_last = np.reshape(g, np.shape(q) + np.shape(x)[:-1] + (1,))
    return scattered(np.sum(g_last * weight, axis=tuple(range(np.ndim(q)))), axis, np.shape(a))


def order_statistic_jvp(a_dot, z, a, q, axis, lengths):
    """The tangent of these quantiles. What none is made of may have an infinite tangent."""
    weight = _interpolation(gathered(a, axis), q, lengths)
    total = np.sum(weight * gathered(a_dot, axis), axis=-1, where=weight > 0)
    return np.reshape(total, np.shape(z))


def _interpolation(x, q, lengths):
    """For each quantile, the weights of the elements along the last axis."""
    ranks = np.argsort(np.argsort(x, axis=-1, kind="stable"), axis=-1, kind="stable")
    position = np.reshape(q, np.shape(q) + (1,) * np.ndim(x)) * (lengths - 1)
    return np.maximum(1 - np.abs(ranks - position), 0)


def present(a, axis):
    """How many elements of each slice are not NaN."""
    return np.sum(np.logical_not(np.isnan(gathered(a, axis))), axis=-1, keepdims=True)


# Interpolation other than linear, and weights, are no parameters here, so that calls with them are refused.
@vjp(np.quantile)
def quantile(g, z, a, q, axis=None, out=None, overwrite_input=False, *, keepdims=False):
    return order_statistic(g, a, q, axis, counted(a, axis, None))


@jvp(np.quantile)
def quantile_jvp(a_dot, z, a, q, axis=None, out=None, overwrite_input=False, *, keepdims=False):
    return order_statistic_jvp(a_dot, z, a, q, axis, counted(a, axis, None))


@vjp(np.percentile)
def percentile(g, z, a, q, axis=None, out=None, overwrite_input=False, *, keepdims=False):
    return order_statistic(g, a, np.divide(q, 100), axis, counted(a, axis, None))


@jvp(np.percentile)
def percentile_jvp(a_dot, z, a, q, axis=None, out=None, overwrite_input=False, *, keepdims=False):
    return order_statistic_jvp(a_dot, z, a, np.divide(q, 100), axis, counted(a, axis, None))


@vjp(np.median)
def median(g, z, a, axis=None, out=None, overwrite_input=False, keepdims=False):
    return order_statistic(g, a, 0.5, axis, counted(a, axis, None))


@jvp(np.median)
def median_jvp(a_dot, z, a, axis=None, out=None, overwrite_input=False, keepdims=False):
    return order_statistic_jvp(a_dot, z, a, 0.5, axis, counted(a, axis, None))


@vjp(np.nanquantile)
def nanquantile(g, z, a, q, axis=None, out=None, overwrite_input=False, *, keepdims=False):
    return order_statistic(g, a, q, axis, present(a, axis))


@jvp(np.nanquantile)
def nanquantile_jvp(a_dot, z, a, q, axis=None, out=None, overwrite_input=False, *, keepdims=False):
    return order_statistic_jvp(a_dot, z, a, q, axis, present(a, axis))


@vjp(np.nanpercentile)
def nanpercentile(g, z, a, q, axis=None, out=None, overwrite_input=False, *, keepdims=False):
    return order_statistic(g, a, np.divide(q, 100), axis, present(a, axis))


@jvp(np.nanpercentile)
def nanpercentile_jvp(a_dot, z, a, q, axis=None, out=None, overwrite_input=False, *, keepdims=False):
    return order_statistic_jvp(a_dot, z, a, np.divide(q, 100), axis, present(a, axis))


@vjp(np.nanmedian)
def nanmedian(g, z, a, axis=None, out=None, overwrite_input=False, keepdims=False):
    return order_statistic(g, a, 0.5, axis, present(a, axis))


@jvp(np.nanmedian)
def nanmedian_jvp(a_dot, z, a, axis=None, out=None, overwrite_input=False, keepdims=False):
    return order_statistic_jvp(a_dot, z, a, 0.5, axis, present(a, axis))
