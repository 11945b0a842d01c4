"""Rules of polynomials: values, the matrix of powers, fits."""

from __future__ import annotations

import numpy as np

from srcgrad.rules.registry import jvp, vjp
from srcgrad.rules.tangents import less, total


def _exponents(n, increasing):
    return np.arange(n) if increasing else np.arange(n)[::-1]


@vjp(np.vander)
def vander(g, z, x, N=None, increasing=False):
    return np.sum(g * _slopes_of_powers(x, np.shape(z)[1], increasing), 1)


def _slopes_of_powers(x, n, increasing):
    exponents = _exponents(n, increasing)
    lower = exponents - (exponents > 0)
    return exponents * np.expand_dims(x, 1) ** lower


@jvp(np.vander)
def vander_jvp(x_dot, z, x, N=None, increasing=False):
    return np.expand_dims(x_dot, 1) * _slopes_of_powers(x, np.shape(z)[1], increasing)


@vjp(np.polyval)
def polyval(g, z, p, x):
    n = np.size(p)
    powers = np.expand_dims(x, -1) ** _exponents(n, False)
    p_bar = np.sum(np.reshape(np.expand_dims(g, -1) * powers, (np.size(x), n)), 0)
    return p_bar, g * _slope(p, x)


def _slope(p, x):
    """The derivative of a polynomial."""
    n = np.size(p)
    return np.polyval(p[:-1] * np.arange(n - 1, 0, -1), x) if n > 1 else 0.0


@jvp(np.polyval)
def polyval_jvp(p_dot, x_dot, z, p, x):
    through_p = None if p_dot is None else np.polyval(p_dot, x)
    return total(through_p, None if x_dot is None else x_dot * _slope(p, x))


def _refuse_complex(x):
    if np.iscomplexobj(x):
        raise NotImplementedError("the derivative of a polynomial fit at complex points")


# Weights, and what a fit returns beside its coefficients, are no parameters, so that calls with them are refused.
@vjp(np.polyfit)
def polyfit(g, z, x, y, deg):
    _refuse_complex(x)
    v = np.vander(x, deg + 1)
    inverse = np.linalg.pinv(v)
    u = inverse @ (inverse.T @ g)
    y_bar = v @ u
    columns = (np.shape(y)[0], -1)
    rest, fitted = np.reshape(y - v @ z, columns), np.reshape(y_bar, columns)
    v_bar = rest @ np.reshape(u, (deg + 1, -1)).T - fitted @ np.reshape(z, (deg + 1, -1)).T
    return vander(v_bar, v, x, deg + 1), y_bar


@jvp(np.polyfit)
def polyfit_jvp(x_dot, y_dot, z, x, y, deg):
    _refuse_complex(x)
    v = np.vander(x, deg + 1)
    inverse = np.linalg.pinv(v)
    if x_dot is None:
        return inverse @ y_dot
    v_dot = vander_jvp(x_dot, v, x, deg + 1)
    return inverse @ less(y_dot, v_dot @ z) + inverse @ (inverse.T @ (v_dot.T @ (y - v @ z)))
