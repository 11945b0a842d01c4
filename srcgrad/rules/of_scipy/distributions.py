"""What stands in the program for the distributions of `scipy.stats`: densities and probabilities written out.

The formulas are those of SciPy, by the same special functions. Where the scale is not positive the result is NaN, as
it is there; outside of the support the density is 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special, stats

from srcgrad.rules.registry import stands_for

_LOG_ROOT = 0.5 * math.log(2.0 * math.pi)


def _is_one(scale: Any) -> bool:
    return isinstance(scale, int) and scale == 1


def _is_zero(loc: Any) -> bool:
    return isinstance(loc, int) and loc == 0


def _standard(x: Any, loc: Any, scale: Any) -> Any:
    """How far from its place, in units of the scale."""
    values = x if np.ndim(x) == 0 or isinstance(x, np.ndarray) else np.asarray(x)
    shifted = values if _is_zero(loc) else values - loc
    if _is_one(scale):
        return shifted
    # Numbers of Python's would raise where the scale is 0.
    return shifted / scale if isinstance(shifted, np.ndarray) else np.divide(shifted, scale)


def _checked(result: Any, scale: Any) -> Any:
    """NaN where the scale is not positive."""
    if _is_one(scale):
        return result
    if np.ndim(scale) == 0:
        return result if scale > 0 else result * np.nan
    return np.where(np.greater(scale, 0), result, np.nan)


def _log_density(log_p: Any, scale: Any) -> Any:
    return log_p if _is_one(scale) else _checked(log_p - np.log(scale), scale)


def _density(p: Any, scale: Any) -> Any:
    return p if _is_one(scale) else _checked(p / scale, scale)


def _quantile(u: Any, loc: Any, scale: Any) -> Any:
    scaled = u if _is_one(scale) else _checked(np.multiply(u, scale), scale)
    return scaled if _is_zero(loc) else np.add(scaled, loc)


# The normal distribution


@stands_for(stats.norm.pdf)
def norm_pdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    return _density(np.exp(-0.5 * u * u) / math.sqrt(2.0 * math.pi), scale)


@stands_for(stats.norm.logpdf)
def norm_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    return _log_density(-0.5 * u * u - _LOG_ROOT, scale)


@stands_for(stats.norm.cdf)
def norm_cdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _checked(special.ndtr(_standard(x, loc, scale)), scale)


@stands_for(stats.norm.logcdf)
def norm_logcdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _checked(special.log_ndtr(_standard(x, loc, scale)), scale)


@stands_for(stats.norm.sf)
def norm_sf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _checked(special.ndtr(-_standard(x, loc, scale)), scale)


@stands_for(stats.norm.logsf)
def norm_logsf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _checked(special.log_ndtr(-_standard(x, loc, scale)), scale)


@stands_for(stats.norm.ppf)
def norm_ppf(q: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _quantile(special.ndtri(q), loc, scale)


@stands_for(stats.norm.isf)
def norm_isf(q: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _quantile(-special.ndtri(q), loc, scale)


# Distributions on the whole line


@stands_for(stats.t.logpdf)
def t_logpdf(x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    constant = special.gammaln(0.5 * (df + 1)) - special.gammaln(0.5 * df) - 0.5 * np.log(df * math.pi)
    return _log_density(constant - 0.5 * (df + 1) * np.log1p(u * u / df), scale)


@stands_for(stats.t.pdf)
def t_pdf(x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return np.exp(t_logpdf(x, df, loc, scale))


@stands_for(stats.cauchy.pdf)
def cauchy_pdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    return _density(1.0 / (math.pi * (1.0 + u * u)), scale)


@stands_for(stats.cauchy.logpdf)
def cauchy_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    return _log_density(-math.log(math.pi) - np.log1p(u * u), scale)


@stands_for(stats.laplace.pdf)
def laplace_pdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _density(0.5 * np.exp(-np.abs(_standard(x, loc, scale))), scale)


@stands_for(stats.laplace.logpdf)
def laplace_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _log_density(-math.log(2.0) - np.abs(_standard(x, loc, scale)), scale)


@stands_for(stats.logistic.cdf)
def logistic_cdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _checked(special.expit(_standard(x, loc, scale)), scale)


@stands_for(stats.logistic.logpdf)
def logistic_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = -np.abs(_standard(x, loc, scale))
    return _log_density(u - 2.0 * np.log1p(np.exp(u)), scale)


# Distributions on a part of the line


def _within(log_p: Any, inside: Any) -> Any:
    """The logarithm of a density that is 0 outside of its support; NaN stays NaN."""
    return np.where(inside | np.isnan(log_p), log_p, -np.inf)


@stands_for(stats.expon.logpdf)
def expon_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    return _log_density(_within(-u, u >= 0), scale)


@stands_for(stats.expon.pdf)
def expon_pdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return np.exp(expon_logpdf(x, loc, scale))


@stands_for(stats.expon.cdf)
def expon_cdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _checked(-np.expm1(-np.maximum(_standard(x, loc, scale), 0.0)), scale)


@stands_for(stats.lognorm.logpdf)
def lognorm_logpdf(x: Any, s: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    inside = u > 0
    log_u = np.log(np.where(inside, u, 1.0))
    return _log_density(_within(-0.5 * np.square(log_u / s) - np.log(s) - _LOG_ROOT - log_u, inside), scale)


@stands_for(stats.lognorm.pdf)
def lognorm_pdf(x: Any, s: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return np.exp(lognorm_logpdf(x, s, loc, scale))


@stands_for(stats.gamma.logpdf)
def gamma_logpdf(x: Any, a: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    inside = u >= 0
    v = np.where(inside, u, 1.0)
    return _log_density(_within(special.xlogy(a - 1.0, v) - v - special.gammaln(a), inside), scale)


@stands_for(stats.gamma.pdf)
def gamma_pdf(x: Any, a: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return np.exp(gamma_logpdf(x, a, loc, scale))


@stands_for(stats.gamma.cdf)
def gamma_cdf(x: Any, a: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    inside = u > 0
    return _checked(
        np.where(inside, special.gammainc(a, np.where(inside, u, 1.0)), np.where(np.isnan(u), u, 0.0)), scale
    )


@stands_for(stats.chi2.logpdf)
def chi2_logpdf(x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    inside = u >= 0
    v = np.where(inside, u, 1.0)
    log_p = special.xlogy(0.5 * df - 1.0, v) - 0.5 * v - special.gammaln(0.5 * df) - 0.5 * math.log(2.0) * df
    return _log_density(_within(log_p, inside), scale)


@stands_for(stats.chi2.pdf)
def chi2_pdf(x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return np.exp(chi2_logpdf(x, df, loc, scale))


@stands_for(stats.beta.logpdf)
def beta_logpdf(x: Any, a: Any, b: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    inside = (u >= 0) & (u <= 1)
    v = np.where(inside, u, 0.5)
    log_p = special.xlog1py(b - 1.0, -v) + special.xlogy(a - 1.0, v) - special.betaln(a, b)
    return _log_density(_within(log_p, inside), scale)


@stands_for(stats.beta.pdf)
def beta_pdf(x: Any, a: Any, b: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return np.exp(beta_logpdf(x, a, b, loc, scale))


# Discrete distributions, at whole numbers


@stands_for(stats.poisson.logpmf)
def poisson_logpmf(k: Any, mu: Any) -> Any:
    inside = np.greater_equal(k, 0) & np.equal(k, np.floor(k))
    n = np.where(inside, k, 0)
    return _within(special.xlogy(n, mu) - special.gammaln(n + 1) - mu, inside)


@stands_for(stats.poisson.pmf)
def poisson_pmf(k: Any, mu: Any) -> Any:
    return np.exp(poisson_logpmf(k, mu))


@stands_for(stats.multivariate_normal.logpdf)
def multivariate_normal_logpdf(x: Any, mean: Any, cov: Any) -> Any:
    """For a positive definite matrix."""
    root = np.linalg.cholesky(cov)
    whitened = np.linalg.solve(root, np.transpose(np.subtract(x, mean)))
    log_volume = np.sum(np.log(np.diagonal(root))) + np.shape(cov)[0] * _LOG_ROOT
    return -0.5 * np.sum(np.square(whitened), axis=0) - log_volume


@stands_for(stats.multivariate_normal.pdf)
def multivariate_normal_pdf(x: Any, mean: Any, cov: Any) -> Any:
    """For a positive definite matrix."""
    return np.exp(multivariate_normal_logpdf(x, mean, cov))
