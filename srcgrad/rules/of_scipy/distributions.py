"""What stands in the program for the distributions of `scipy.stats`: densities and probabilities written out.

The formulas are those of SciPy, by the same special functions. Where the scale or a shape is not positive the result is
NaN, as it is there; outside of the support the density is 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special, stats

from srcgrad.rules.registry import STANDS_FOR, stands_for

_LOG_ROOT = 0.5 * math.log(2.0 * math.pi)


def _is_one(scale: Any) -> bool:
    return isinstance(scale, int) and scale == 1


def _is_zero(loc: Any) -> bool:
    return isinstance(loc, int) and loc == 0


def _double(x: Any) -> Any:
    is_double = isinstance(x, float) or (isinstance(x, np.ndarray) and x.dtype == np.float64)
    return x if is_double else np.asarray(x, dtype=np.float64)[()]


def _standard(x: Any, loc: Any, scale: Any) -> Any:
    """How far from its place, in units of the scale."""
    values = _double(x)
    shifted = values if _is_zero(loc) else values - loc
    if _is_one(scale):
        return shifted
    # Numbers of Python's would raise where the scale is 0.
    return shifted / scale if isinstance(shifted, np.ndarray) else np.divide(shifted, scale)


def _where_positive(result: Any, parameter: Any) -> Any:
    """NaN where a scale or a shape is not positive."""
    if np.ndim(parameter) == 0:
        return result if parameter > 0 else result * np.nan
    return np.where(np.greater(parameter, 0), result, np.nan)


def _checked(result: Any, scale: Any) -> Any:
    return result if _is_one(scale) else _where_positive(result, scale)


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
    return _density(np.exp(-0.5 * np.square(u)) / math.sqrt(2.0 * math.pi), scale)


@stands_for(stats.norm.logpdf)
def norm_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    return _log_density(-0.5 * np.square(u) - _LOG_ROOT, scale)


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
    return _quantile(special.ndtri(_double(q)), loc, scale)


@stands_for(stats.norm.isf)
def norm_isf(q: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _quantile(-special.ndtri(_double(q)), loc, scale)


# Distributions on the whole line


@stands_for(stats.t.logpdf)
def t_logpdf(x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    constant = special.gammaln(0.5 * (df + 1)) - special.gammaln(0.5 * df) - 0.5 * np.log(df * math.pi)
    log_p = constant - 0.5 * (df + 1) * np.log1p(np.divide(u * u, df))
    return _log_density(_where_positive(log_p, df), scale)


@stands_for(stats.t.pdf)
def t_pdf(x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return np.exp(t_logpdf(x, df, loc, scale))


@stands_for(stats.cauchy.pdf)
def cauchy_pdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    return _density(1.0 / (math.pi * (1.0 + np.square(u))), scale)


@stands_for(stats.cauchy.logpdf)
def cauchy_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    return _log_density(-math.log(math.pi) - np.log1p(u * u), scale)


@stands_for(stats.cauchy.cdf)
def cauchy_cdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    # 0.5 + arctan(u) / pi loses all digits far to the left.
    return _checked(np.arctan2(1.0, -_standard(x, loc, scale)) / math.pi, scale)


@stands_for(stats.laplace.pdf)
def laplace_pdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _density(0.5 * np.exp(-np.abs(_standard(x, loc, scale))), scale)


@stands_for(stats.laplace.logpdf)
def laplace_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _log_density(-math.log(2.0) - np.abs(_standard(x, loc, scale)), scale)


@stands_for(stats.logistic.cdf)
def logistic_cdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _checked(special.expit(_standard(x, loc, scale)), scale)


@stands_for(stats.logistic.sf)
def logistic_sf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _checked(special.expit(-_standard(x, loc, scale)), scale)


@stands_for(stats.logistic.logpdf)
def logistic_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = -np.abs(_standard(x, loc, scale))
    return _log_density(u - 2.0 * np.log1p(np.exp(u)), scale)


@stands_for(stats.logistic.pdf)
def logistic_pdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return np.exp(logistic_logpdf(x, loc, scale))


# Distributions on a part of the line


def _within(inside: Any, result: Any, x: Any, outside: float = -math.inf) -> Any:
    """What a distribution gives at `x`, where the result outside of its support is known."""
    return np.where(inside, result, np.where(np.isnan(x), np.nan, outside))[()]


@stands_for(stats.expon.logpdf)
def expon_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    return _log_density(_within(u >= 0, -u, u), scale)


@stands_for(stats.expon.pdf)
def expon_pdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return np.exp(expon_logpdf(x, loc, scale))


@stands_for(stats.expon.cdf)
def expon_cdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _checked(-np.expm1(-np.maximum(_standard(x, loc, scale), 0.0)), scale)


@stands_for(stats.expon.sf)
def expon_sf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _checked(np.exp(-np.maximum(_standard(x, loc, scale), 0.0)), scale)


@stands_for(stats.expon.logsf)
def expon_logsf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return _checked(-np.maximum(_standard(x, loc, scale), 0.0), scale)


@stands_for(stats.uniform.logpdf)
def uniform_logpdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    return _log_density(_within((u >= 0) & (u <= 1), 0.0, u), scale)


@stands_for(stats.uniform.pdf)
def uniform_pdf(x: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return np.exp(uniform_logpdf(x, loc, scale))


@stands_for(stats.lognorm.logpdf)
def lognorm_logpdf(x: Any, s: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    inside = u > 0
    log_u = np.log(np.where(inside, u, 1.0))
    log_p = -0.5 * np.square(np.divide(log_u, s)) - np.log(s) - _LOG_ROOT - log_u
    return _log_density(_where_positive(_within(inside, log_p, u), s), scale)


@stands_for(stats.lognorm.pdf)
def lognorm_pdf(x: Any, s: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return np.exp(lognorm_logpdf(x, s, loc, scale))


@stands_for(stats.lognorm.cdf)
def lognorm_cdf(x: Any, s: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    inside = u > 0
    p = special.ndtr(np.divide(np.log(np.where(inside, u, 1.0)), s))
    return _checked(_where_positive(_within(inside, p, u, 0.0), s), scale)


@stands_for(stats.gamma.logpdf)
def gamma_logpdf(x: Any, a: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    inside = u >= 0
    v = np.where(inside, u, 1.0)
    log_p = special.xlogy(a - 1.0, v) - v - special.gammaln(a)
    return _log_density(_where_positive(_within(inside, log_p, u), a), scale)


@stands_for(stats.gamma.pdf)
def gamma_pdf(x: Any, a: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return np.exp(gamma_logpdf(x, a, loc, scale))


@stands_for(stats.gamma.cdf)
def gamma_cdf(x: Any, a: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    inside = u > 0
    p = special.gammainc(a, np.where(inside, u, 1.0))
    return _checked(_where_positive(_within(inside, p, u, 0.0), a), scale)


@stands_for(stats.gamma.sf)
def gamma_sf(x: Any, a: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    inside = u > 0
    p = special.gammaincc(a, np.where(inside, u, 1.0))
    return _checked(_where_positive(_within(inside, p, u, 1.0), a), scale)


@stands_for(stats.chi2.logpdf)
def chi2_logpdf(x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    inside = u >= 0
    v = np.where(inside, u, 1.0)
    log_p = special.xlogy(0.5 * df - 1.0, v) - 0.5 * v - special.gammaln(0.5 * df) - 0.5 * math.log(2.0) * df
    return _log_density(_where_positive(_within(inside, log_p, u), df), scale)


@stands_for(stats.chi2.pdf)
def chi2_pdf(x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return np.exp(chi2_logpdf(x, df, loc, scale))


@stands_for(stats.chi2.cdf)
def chi2_cdf(x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    return _checked(gamma_cdf(0.5 * u, 0.5 * df), scale)


@stands_for(stats.chi2.sf)
def chi2_sf(x: Any, df: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    return _checked(gamma_sf(0.5 * u, 0.5 * df), scale)


@stands_for(stats.beta.logpdf)
def beta_logpdf(x: Any, a: Any, b: Any, loc: Any = 0, scale: Any = 1) -> Any:
    u = _standard(x, loc, scale)
    inside = (u >= 0) & (u <= 1)
    v = np.where(inside, u, 0.5)
    log_p = special.xlog1py(b - 1.0, -v) + special.xlogy(a - 1.0, v) - special.betaln(a, b)
    return _log_density(_where_positive(_where_positive(_within(inside, log_p, u), a), b), scale)


@stands_for(stats.beta.pdf)
def beta_pdf(x: Any, a: Any, b: Any, loc: Any = 0, scale: Any = 1) -> Any:
    return np.exp(beta_logpdf(x, a, b, loc, scale))


# Discrete distributions, at whole numbers


@stands_for(stats.poisson.logpmf)
def poisson_logpmf(k: Any, mu: Any) -> Any:
    k = _double(k)
    inside = np.greater_equal(k, 0) & np.equal(k, np.floor(k))
    n = np.where(inside, k, 0)
    log_p = _within(inside, special.xlogy(n, mu) - special.gammaln(n + 1) - mu, k)
    return np.where(np.greater_equal(mu, 0), log_p, np.nan)[()]


@stands_for(stats.poisson.pmf)
def poisson_pmf(k: Any, mu: Any) -> Any:
    return np.exp(poisson_logpmf(k, mu))


@stands_for(stats.binom.logpmf)
def binom_logpmf(k: Any, n: Any, p: Any) -> Any:
    k, n = _double(k), _double(n)
    inside = np.greater_equal(k, 0) & np.less_equal(k, n) & np.equal(k, np.floor(k))
    hits = np.where(inside, k, 0)
    ways = special.gammaln(n + 1) - special.gammaln(hits + 1) - special.gammaln(n - hits + 1)
    log_p = _within(inside, ways + special.xlogy(hits, p) + special.xlog1py(n - hits, -p), k)
    allowed = np.greater_equal(n, 0) & np.equal(n, np.floor(n)) & np.greater_equal(p, 0) & np.less_equal(p, 1)
    return np.where(allowed, log_p, np.nan)[()]


@stands_for(stats.binom.pmf)
def binom_pmf(k: Any, n: Any, p: Any) -> Any:
    return np.exp(binom_logpmf(k, n, p))


@stands_for(stats.bernoulli.logpmf)
def bernoulli_logpmf(k: Any, p: Any) -> Any:
    return binom_logpmf(k, 1, p)


@stands_for(stats.bernoulli.pmf)
def bernoulli_pmf(k: Any, p: Any) -> Any:
    return np.exp(binom_logpmf(k, 1, p))


# The normal distribution of vectors


def _mean_and_covariance(mean: Any, cov: Any) -> tuple[Any, Any]:
    """A vector and a matrix: a number stands for a multiple of the identity, a vector for a diagonal."""
    if mean is None:
        mean = np.zeros(np.shape(cov)[0] if np.ndim(cov) > 1 else 1)
    center = np.reshape(np.asarray(mean), (-1,))
    if np.ndim(cov) == 0:
        return center, np.eye(len(center)) * cov
    return center, np.diag(cov) if np.ndim(cov) == 1 else np.asarray(cov)


@stands_for(stats.multivariate_normal.logpdf)
def multivariate_normal_logpdf(x: Any, mean: Any = None, cov: Any = 1) -> Any:
    """For a positive definite matrix."""
    center, matrix = _mean_and_covariance(mean, cov)
    root = np.linalg.cholesky(matrix)
    points = np.asarray(x)
    if np.ndim(points) == 0 or (np.ndim(points) == 1 and len(center) == 1):
        points = points[..., np.newaxis]
    deviations = points - center
    whitened = np.linalg.solve(root, np.transpose(np.reshape(deviations, (-1, len(center)))))
    log_volume = np.sum(np.log(np.diagonal(root))) + len(center) * _LOG_ROOT
    log_p = -0.5 * np.sum(np.square(whitened), axis=0) - log_volume
    return np.squeeze(np.reshape(log_p, np.shape(deviations)[:-1]))[()]


@stands_for(stats.multivariate_normal.pdf)
def multivariate_normal_pdf(x: Any, mean: Any = None, cov: Any = 1) -> Any:
    """For a positive definite matrix."""
    return np.exp(multivariate_normal_logpdf(x, mean, cov))


# Distributions with their parameters


class Frozen:
    """A distribution that is called with its parameters in the program, as in `norm(loc, scale).logpdf(x)`."""

    def __init__(self, dist: Any, args: tuple, kwds: dict[str, Any]):
        self.dist = dist
        self.args = args
        self.kwds = kwds


def _method(name: str) -> Callable[..., Any]:
    def method(self: Any, x: Any) -> Any:
        return getattr(self.dist, name)(x, *self.args, **self.kwds)

    return method


def _freezing(dist: Any) -> Callable[..., Frozen]:
    def freeze(*args: Any, **kwds: Any) -> Frozen:
        return Frozen(dist, args, kwds)

    return freeze


_METHODS = ("pdf", "logpdf", "pmf", "logpmf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf")
for _name in _METHODS:
    setattr(Frozen, _name, _method(_name))
for _dist in {id(method.__self__): method.__self__ for method in STANDS_FOR if hasattr(method, "__self__")}.values():
    stands_for(_dist)(_freezing(_dist))
