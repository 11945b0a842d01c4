"""Programs that call the distributions of `scipy.stats`."""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.stats import multivariate_normal, norm

from . import program, rand, signed


@program(lambda: (100.0, 90.0, 1.0, 0.05, 0.2), argnums=(0, 1, 2, 3, 4), tags=("scipy",))
def price_of_a_call(spot, strike, years, rate, sigma):
    d1 = (np.log(spot / strike) + (rate + sigma**2 / 2) * years) / (sigma * np.sqrt(years))
    d2 = d1 - sigma * np.sqrt(years)
    return spot * norm.cdf(d1) - strike * np.exp(-rate * years) * norm.cdf(d2)


@program(lambda: (signed(5), 0.2, 1.3), argnums=(0, 1, 2), tags=("scipy",))
def normal_likelihoods(x, mu, sigma):
    value = np.sum(norm.logpdf(x, mu, sigma)) + np.sum(norm.pdf(x, scale=sigma) * norm.logcdf(x, loc=mu))
    return value + np.sum(norm.sf(x, mu, sigma) * norm.logsf(x))


@program(lambda: (0.3, 0.1, 1.5), argnums=(0, 1, 2), tags=("scipy",))
def normal_quantiles(q, mu, sigma):
    return norm.ppf(q, mu, sigma) ** 2 * norm.isf(q) + norm.pdf(q)


@program(lambda: (signed(4), rand(4, seed=1) * np.array([1.0, -1.0, 1.0, 1.0])), tags=("scipy",), output="array")
def density_where_some_scale_is_negative(x, sigma):
    return np.nan_to_num(norm.pdf(x, 0.1, sigma)) + norm.cdf(x)


@program(lambda: (signed(4), 3.5, 0.2, 1.4), argnums=(0, 1, 2, 3), tags=("scipy",))
def heavy_tails(x, df, mu, sigma):
    value = np.sum(stats.t.logpdf(x, df, mu, sigma)) + np.sum(stats.t.pdf(x, df))
    value += np.sum(stats.cauchy.logpdf(x, mu, sigma) * stats.cauchy.pdf(x, mu))
    value += np.sum(stats.laplace.logpdf(x, mu, sigma) * stats.laplace.pdf(x, scale=sigma))
    return value + np.sum(stats.logistic.cdf(x, mu, sigma) * stats.logistic.logpdf(x, mu, sigma))


@program(lambda: (rand(4), 2.3, 1.6, 1.2), argnums=(0, 1, 2, 3), tags=("scipy",))
def positive_numbers(x, a, b, sigma):
    value = np.sum(stats.gamma.logpdf(x, a, scale=sigma)) + np.sum(stats.gamma.pdf(x - 0.4, a))
    value += np.sum(stats.lognorm.logpdf(x, b, scale=sigma)) + np.sum(stats.lognorm.pdf(x - 0.4, b))
    value += np.sum(stats.chi2.logpdf(x, a)) + np.sum(stats.chi2.pdf(x - 0.4, a, scale=sigma))
    value += np.sum(stats.beta.logpdf(0.7 * x, a, b)) + np.sum(stats.beta.pdf(x - 0.4, a, b))
    return value + np.sum(stats.expon.logpdf(x, scale=sigma) * stats.expon.pdf(x - 0.4))


@program(lambda: (signed(4), 0.9), argnums=(0, 1), tags=("scipy",))
def waiting_times(x, sigma):
    return np.sum(stats.gamma.cdf(x, 2.0, scale=sigma)) + np.sum(stats.expon.cdf(x, 0.05, sigma) ** 2)


@program(lambda: (np.array([0, 2, 5, 1]), rand(4)), argnums=1, tags=("scipy",))
def counts(k, mu):
    return np.sum(stats.poisson.logpmf(k, mu)) + stats.poisson.pmf(3, mu[0])


@program(lambda: (signed(5, 3), rand(3), rand(3, 3, seed=2)), argnums=(0, 1, 2), tags=("scipy",))
def points_of_a_cloud(x, mean, m):
    cov = m @ m.T + np.eye(3)
    return np.sum(multivariate_normal.logpdf(x, mean, cov)) + multivariate_normal.pdf(x[0], mean=mean, cov=cov)
