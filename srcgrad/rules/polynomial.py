"""Rules of polynomials: values, the matrix of powers, fits, coefficients, zeros."""

from __future__ import annotations

import numpy as np

from srcgrad.rules.by_example import pure
from srcgrad.rules.registry import jvp, linear, linear_in, vjp
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
    return p_bar, g * slope_of_polynomial(p, x)


def slope_of_polynomial(p, x):
    """The derivative of a polynomial."""
    n = np.size(p)
    return np.polyval(p[:-1] * np.arange(n - 1, 0, -1), x) if n > 1 else 0.0


@jvp(np.polyval)
def polyval_jvp(p_dot, x_dot, z, p, x):
    through_p = None if p_dot is None else np.polyval(p_dot, x)
    return total(through_p, None if x_dot is None else x_dot * slope_of_polynomial(p, x))


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


# Coefficients


def _behind(g, p):
    """The last part of a cotangent, as long as a polynomial, in its shape."""
    return np.reshape(g[np.shape(g)[0] - np.size(p) :], np.shape(p))


@vjp(np.polyadd)
def polyadd(g, z, a1, a2):
    return _behind(g, a1), _behind(g, a2)


@vjp(np.polysub)
def polysub(g, z, a1, a2):
    return _behind(g, a1), -_behind(g, a2)


linear_in("a1", "a2")(np.polyadd, np.polysub)


def _refuse_leading_zeros(kept, given, name):
    """Where leading coefficients that are 0 are cut off, the length of the result jumps as they become others."""
    if kept != given:
        raise NotImplementedError(name + " cuts off leading coefficients that are 0, and has no derivative there")


@vjp(np.polymul)
def polymul(g, z, a1, a2):
    n, m = np.size(a1), np.size(a2)
    _refuse_leading_zeros(np.size(z), n + m - 1, "np.polymul")
    a1_bar = np.reshape(np.convolve(g, np.reshape(a2, (m,))[::-1], "valid"), np.shape(a1))
    return a1_bar, np.reshape(np.convolve(g, np.reshape(a1, (n,))[::-1], "valid"), np.shape(a2))


@jvp(np.polymul)
def polymul_jvp(a1_dot, a2_dot, z, a1, a2):
    n, m = np.size(a1), np.size(a2)
    _refuse_leading_zeros(np.size(z), n + m - 1, "np.polymul")
    through_a1 = None if a1_dot is None else np.convolve(np.reshape(a1_dot, (n,)), np.reshape(a2, (m,)))
    through_a2 = None if a2_dot is None else np.convolve(np.reshape(a1, (n,)), np.reshape(a2_dot, (m,)))
    return total(through_a1, through_a2)


def _refuse_short_remainder(r, n, m):
    if np.size(r) < min(n, m - 1):
        raise NotImplementedError("np.polydiv cuts off coefficients of the remainder that are 0: no derivative there")


@vjp(np.polydiv)
def polydiv(g, z, u, v):
    q, r = z
    n, m = np.size(u), np.size(v)
    if g[1] is not None:
        _refuse_short_remainder(r, n, m)
    rest_bar = np.zeros(n) if g[1] is None else np.concatenate([np.zeros(n - np.size(r)), g[1]])
    if n < m:
        return np.reshape(rest_bar, np.shape(u)), np.zeros(np.shape(v))
    divisor = np.reshape(v, (m,))
    # The remainder is what is left of u behind the product of q and v; q solves the leading equations of that.
    q_bar = -np.convolve(rest_bar, divisor[::-1], "valid")
    q_bar = q_bar if g[0] is None else q_bar + g[0]
    solved = np.polydiv(np.concatenate([q_bar[::-1], np.zeros(m - 1)]), divisor)[0][::-1]
    u_bar = rest_bar + np.concatenate([solved, np.zeros(m - 1)])
    return np.reshape(u_bar, np.shape(u)), np.reshape(-np.convolve(u_bar, q[::-1], "valid"), np.shape(v))


@jvp(np.polydiv)
def polydiv_jvp(u_dot, v_dot, z, u, v):
    q, r = z
    n, m = np.size(u), np.size(v)
    _refuse_short_remainder(r, n, m)
    u_dot = None if u_dot is None else np.reshape(u_dot, (n,))
    if n < m:
        return np.zeros_like(q), np.zeros_like(r) if u_dot is None else u_dot
    divisor = np.reshape(v, (m,))
    moved = less(u_dot, None if v_dot is None else np.convolve(q, np.reshape(v_dot, (m,))))
    q_dot = np.polydiv(np.concatenate([moved[: n - m + 1], np.zeros(m - 1)]), divisor)[0]
    return q_dot, (moved - np.convolve(q_dot, divisor))[n - np.size(r) :]


@linear(np.polyder)
def polyder(g, z, p, m=1):
    kept = np.shape(z)[0]
    exponents = np.arange(kept + m - 1, m - 1, -1)
    for k in range(m):
        g = g * (exponents - k)
    return np.concatenate([g, np.zeros(np.shape(p)[0] - kept)])


@vjp(np.polyint)
def polyint(g, z, p, m=1, k=None):
    n = np.size(p)
    exponents = np.arange(n - 1, -1, -1)
    bar = g[:n]
    for j in range(1, m + 1):
        bar = bar / (exponents + j)
    return np.reshape(bar, np.shape(p))


@jvp(np.polyint)
def polyint_jvp(p_dot, z, p, m=1, k=None):
    return np.polyint(p_dot, m)


# Zeros


def _refuse_matrix(seq_of_zeros):
    if np.ndim(seq_of_zeros) > 1:
        raise NotImplementedError("the derivative of np.poly of a matrix: give it np.linalg.eigvals of the matrix")


@vjp(np.poly)
def poly(g, z, seq_of_zeros):
    _refuse_matrix(seq_of_zeros)
    roots = np.reshape(seq_of_zeros, (np.size(seq_of_zeros),))
    n = np.size(roots)
    product = np.ones(1)
    products = [product]
    for k in range(n - 1):
        product = np.append(product, 0.0) - roots[k] * np.append(0.0, product)
        products.append(product)
    bars = []
    for k in range(n - 1, -1, -1):
        bars.append(-np.sum(g[1:] * products[k]))
        g = g[:-1] - roots[k] * g[1:]
    return np.reshape(np.array(bars)[::-1], np.shape(seq_of_zeros))


@jvp(np.poly)
def poly_jvp(seq_of_zeros_dot, z, seq_of_zeros):
    _refuse_matrix(seq_of_zeros)
    n = np.size(seq_of_zeros)
    roots, roots_dot = np.reshape(seq_of_zeros, (n,)), np.reshape(seq_of_zeros_dot, (n,))
    product = np.ones(1)
    dot = np.zeros(1)
    for k in range(n):
        dot = np.append(dot, 0.0) - roots[k] * np.append(0.0, dot) - roots_dot[k] * np.append(0.0, product)
        product = np.append(product, 0.0) - roots[k] * np.append(0.0, product)
    return dot


@vjp(np.roots)
def roots(g, z, p):
    n = np.size(p)
    _refuse_leading_zeros(np.size(z), n - 1, "np.roots")
    return -(g / slope_of_polynomial(p, z)) @ np.vander(z, n)


@jvp(np.roots)
def roots_jvp(p_dot, z, p):
    _refuse_leading_zeros(np.size(z), np.size(p) - 1, "np.roots")
    return -np.polyval(p_dot, z) / slope_of_polynomial(p, z)


# The newer functions, with coefficients in increasing order

pure(np.polynomial.polynomial.polyval)


def _refuse_no_tensor(c, tensor):
    if np.ndim(c) > 1 and not tensor:
        raise NotImplementedError("the derivative of polyval with tensor=False and coefficients of several axes")


def increasing_slope(x, c, tensor):
    n = np.shape(c)[0]
    if n == 1:
        return 0.0
    exponents = np.reshape(np.arange(1, n), (-1,) + (1,) * (np.ndim(c) - 1))
    return np.polynomial.polynomial.polyval(x, c[1:] * exponents, tensor)


@vjp(np.polynomial.polynomial.polyval)
def polynomial_polyval(g, z, x, c, tensor=True):
    _refuse_no_tensor(c, tensor)
    powers = np.expand_dims(x, -1) ** np.arange(np.shape(c)[0])
    c_bar = np.tensordot(g, powers, np.ndim(x))
    x_bar = g * increasing_slope(x, c, tensor)
    return x_bar, np.moveaxis(c_bar, -1, 0)


@jvp(np.polynomial.polynomial.polyval)
def polynomial_polyval_jvp(x_dot, c_dot, z, x, c, tensor=True):
    _refuse_no_tensor(c, tensor)
    through_c = None if c_dot is None else np.polynomial.polynomial.polyval(x, c_dot, tensor)
    return total(through_c, None if x_dot is None else x_dot * increasing_slope(x, c, tensor))
