"""Rules of solvers, determinants and factorisations of matrices.

Sources of the formulas: M. Giles, "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008); M. Seeger et al., "Auto-differentiating linear algebra" (2017); J. Townsend,
"Differentiating the singular value decomposition" (2016); I. Murray, "Differentiation of the Cholesky decomposition"
(2016); G. Golub and V. Pereyra (1973) for the pseudo-inverse.

`cholesky`, `eigh` and `eigvalsh` read one triangle of their argument, and only that triangle gets a cotangent: an
off-diagonal entry stands for two of the symmetric matrix. Where eigenvalues or singular values repeat, the vectors have
no derivative; the terms in question are left out, which is right for what does not depend on the choice of vectors.
"""

from __future__ import annotations

import numpy as np

from srcgrad.rules.linalg import column, row, transposed
from srcgrad.rules.registry import nondifferentiable, vjp


def _refuse_complex(a):
    if np.iscomplexobj(a):
        raise NotImplementedError("the derivative of a factorisation of a complex matrix")


# Inverses and determinants


@vjp(np.linalg.solve)
def solve(g, z, a, b):
    if np.ndim(b) == 1:
        b_bar = np.linalg.solve(transposed(a), column(g))[..., 0]
        return -column(b_bar) * row(z), b_bar
    b_bar = np.linalg.solve(transposed(a), g)
    return -(b_bar @ transposed(z)), b_bar


@vjp(np.linalg.inv)
def inv(g, z, a):
    return -(transposed(z) @ g @ transposed(z))


@vjp(np.linalg.lstsq)
def lstsq(g, z, a, b, rcond=None):
    _refuse_complex(a)
    x, r = z[0], b - a @ z[0]
    inverse = np.linalg.pinv(a)
    a_bar, b_bar = 0.0, 0.0
    if g[0] is not None:
        b_bar = transposed(inverse) @ g[0]
        beyond = g[0] - transposed(a) @ b_bar
        a_bar = _product(r, inverse @ b_bar) + _product(transposed(inverse) @ x, beyond) - _product(b_bar, x)
    if g[1] is not None and np.size(g[1]) > 0:
        doubled = 2 * r * g[1]
        a_bar = a_bar - _product(doubled, x)
        b_bar = b_bar + doubled
    if g[3] is not None:
        u, _, vh = np.linalg.svd(a, full_matrices=False)
        a_bar = a_bar + (u * g[3]) @ vh
    return a_bar, b_bar


def _product(a, b):
    """The sum of the outer products of the columns."""
    return np.outer(a, b) if np.ndim(a) == 1 else a @ transposed(b)


@vjp(np.linalg.cond)
def cond(g, z, x, p=None):
    if p is not None and p != 2:
        raise NotImplementedError("the derivative of a condition number but that of the 2-norm")
    _refuse_complex(x)
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    first = u[..., :, :1] * vh[..., :1, :] / s[..., -1:, None]
    last = u[..., :, -1:] * vh[..., -1:, :] * np.expand_dims(z, (-2, -1)) / s[..., -1:, None]
    return np.expand_dims(g, (-2, -1)) * (first - last)


@vjp(np.linalg.pinv)
def pinv(g, z, a, rcond=None, hermitian=False, *, rtol=None):
    """Golub and Pereyra (1973), for matrices whose rank does not change."""
    _refuse_complex(a)
    if hermitian:
        raise NotImplementedError("the derivative of np.linalg.pinv with hermitian=True")
    off_range = np.eye(np.shape(a)[-2]) - a @ z
    off_kernel = np.eye(np.shape(a)[-1]) - z @ a
    back = -(transposed(z) @ g @ transposed(z)) + off_range @ transposed(g) @ z @ transposed(z)
    return back + transposed(z) @ z @ transposed(g) @ off_kernel


def _cofactors(a):
    """The matrix of cofactors of singular matrices, from the determinants of their minors."""
    n = np.shape(a)[-1]
    kept = np.reshape(np.array([j for k in range(n) for j in range(n) if j != k], np.intp), (n, max(n - 1, 0)))
    minors = a[..., kept[:, None, :, None], kept[None, :, None, :]]
    signs = 1.0 - 2.0 * ((np.arange(n)[:, None] + np.arange(n)) % 2)
    return signs * np.linalg.det(minors)


@vjp(np.linalg.det)
def det(g, z, a):
    g = column(column(g))
    if np.all(z != 0):
        return g * column(column(z)) * transposed(np.linalg.inv(a))
    return g * _cofactors(a)


@vjp(np.linalg.slogdet)
def slogdet(g, z, a):
    if np.iscomplexobj(a) and g[0] is not None:
        raise NotImplementedError("the derivative of the sign of a complex determinant")
    log_bar = column(column(g[1]))
    if np.all(z[0] != 0):
        return log_bar * transposed(np.linalg.inv(a))
    cofactors = _cofactors(a)
    inverse = cofactors * column(column(np.where(z[0] == 0, 1.0, z[0]) * np.exp(-z[1])))
    return log_bar * np.where(cofactors == 0, 0.0, inverse)


# Factorisations


def _fold(s, triangle):
    """The cotangent of the triangle that was read, from that of the whole symmetric matrix."""
    if triangle == "L":
        return np.tril(s) + np.tril(transposed(s), -1)
    return np.triu(s) + np.triu(transposed(s), 1)


@vjp(np.linalg.cholesky)
def cholesky(g, z, a, /, *, upper=False):
    """Murray (2016), in the closed form with two triangular solves."""
    _refuse_complex(a)
    factor_t = z if upper else transposed(z)
    inner = factor_t @ (transposed(g) if upper else g)
    inner = np.tril(inner) * (1.0 - 0.5 * np.eye(np.shape(a)[-1]))
    s = np.linalg.solve(factor_t, transposed(np.linalg.solve(factor_t, transposed(inner))))
    return _fold(s, "U" if upper else "L")


def _reciprocal(x):
    """1 / x, and exactly 0 where x is 0."""
    zero = x == 0
    return np.where(zero, 0.0, 1.0 / np.where(zero, 1.0, x))


@vjp(np.linalg.eigh)
def eigh(g, z, a, UPLO="L"):
    _refuse_complex(a)
    w_bar, v_bar, w, v = g[0], g[1], z[0], z[1]
    s = 0.0
    if w_bar is not None:
        s = (v * row(w_bar)) @ transposed(v)
    if v_bar is not None:
        s = s + v @ (_reciprocal(row(w) - column(w)) * (transposed(v) @ v_bar)) @ transposed(v)
    return _fold(s, UPLO.upper())


@vjp(np.linalg.eigvalsh)
def eigvalsh(g, z, a, UPLO="L"):
    _refuse_complex(a)
    v = np.linalg.eigh(a, UPLO)[1]
    return _fold((v * row(g)) @ transposed(v), UPLO.upper())


@vjp(np.linalg.svd)
def svd(g, z, a, full_matrices=True, compute_uv=True, hermitian=False):
    """Townsend (2016), for the thin decomposition."""
    _refuse_complex(a)
    if not compute_uv:
        return _svdvals_bar(g, a)
    if hermitian or (full_matrices and np.shape(a)[-1] != np.shape(a)[-2]):
        raise NotImplementedError("the derivative of np.linalg.svd: give full_matrices=False, and no hermitian=True")
    u, s, v = z[0], z[1], transposed(z[2])
    gaps = _reciprocal((row(s) - column(s)) * (row(s) + column(s)))
    inverse = row(_reciprocal(s))
    middle = 0.0
    a_bar = 0.0
    if g[1] is not None:
        middle = row(g[1]) * np.eye(np.shape(s)[-1])
    if g[0] is not None:
        own = transposed(u) @ g[0]
        middle = middle + gaps * (own - transposed(own)) * row(s)
        a_bar = a_bar + ((g[0] - u @ own) * inverse) @ transposed(v)
    if g[2] is not None:
        own = transposed(v) @ transposed(g[2])
        middle = middle + column(s) * (gaps * (own - transposed(own)))
        a_bar = a_bar + (u * inverse) @ transposed(transposed(g[2]) - v @ own)
    return a_bar + u @ (middle + np.zeros(np.shape(gaps))) @ transposed(v)


def _svdvals_bar(g, a):
    factors = np.linalg.svd(a, full_matrices=False)
    return (factors[0] * row(g)) @ factors[2]


@vjp(np.linalg.svdvals)
def svdvals(g, z, x):
    _refuse_complex(x)
    return _svdvals_bar(g, x)


@vjp(np.linalg.qr)
def qr(g, z, a, mode="reduced"):
    """Seeger et al. (2017); a wide matrix is [x y] with x square: x = q u and y = q v."""
    _refuse_complex(a)
    m, n = np.shape(a)[-2], np.shape(a)[-1]
    if mode not in ("reduced", "r") and not (mode == "complete" and m == n):
        raise NotImplementedError("the derivative of np.linalg.qr: give mode='reduced' or mode='r'")
    q_bar, r_bar = (None, g) if mode == "r" else (g[0], g[1])
    q, r = (np.linalg.qr(a)[0], z) if mode == "r" else (z[0], z[1])
    q_bar = np.zeros(np.shape(q)) if q_bar is None else q_bar
    r_bar = np.zeros(np.shape(r)) if r_bar is None else r_bar
    if m >= n:
        return _qr_bar(q_bar, np.triu(r_bar), q, r)
    y, v_bar = a[..., :, m:], r_bar[..., :, m:]
    x_bar = _qr_bar(q_bar + y @ transposed(v_bar), np.triu(r_bar[..., :, :m]), q, r[..., :, :m])
    return np.concatenate([x_bar, q @ v_bar], -1)


def _qr_bar(q_bar, r_bar, q, r):
    inner = r @ transposed(r_bar) - transposed(q_bar) @ q
    symmetric = np.tril(inner) + transposed(np.tril(inner, -1))
    return transposed(np.linalg.solve(r, transposed(q_bar + q @ symmetric)))


nondifferentiable(np.linalg.matrix_rank)
