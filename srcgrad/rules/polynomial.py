"""Rules of polynomials: values, the matrix of powers, fits."""

from __future__ import annotations

import numpy as np

from srcgrad.rules.registry import vjp


def _exponents(n, increasing):
    return np.arange(n) if increasing else np.arange(n)[::-1]


@vjp(np.vander)
def vander(g, z, x, N=None, increasing=False):
    exponents = _exponents(np.shape(z)[1], increasing)
    lower = exponents - (exponents > 0)
    return np.sum(g * (exponents * np.expand_dims(x, 1) ** lower), 1)


@vjp(np.polyval)
def polyval(g, z, p, x):
    n = np.size(p)
    powers = np.expand_dims(x, -1) ** _exponents(n, False)
    p_bar = np.sum(np.reshape(np.expand_dims(g, -1) * powers, (np.size(x), n)), 0)
    slopes = p[:-1] * np.arange(n - 1, 0, -1)
    return p_bar, g * np.polyval(slopes, x) if n > 1 else 0 * g


# Weights, and what a fit returns beside its coefficients, are no parameters, so that calls with them are refused.
@vjp(np.polyfit)
def polyfit(g, z, x, y, deg):
    v = np.vander(x, deg + 1)
    inverse = np.linalg.pinv(v)
    u = inverse @ (inverse.T @ g)
    y_bar = v @ u
    columns = (np.shape(y)[0], -1)
    rest, fitted = np.reshape(y - v @ z, columns), np.reshape(y_bar, columns)
    v_bar = rest @ np.reshape(u, (deg + 1, -1)).T - fitted @ np.reshape(z, (deg + 1, -1)).T
    return vander(v_bar, v, x, deg + 1), y_bar
