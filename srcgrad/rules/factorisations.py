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

import math

import numpy as np

from srcgrad.rules.linalg import column, in_order, row, transposed
from srcgrad.rules.registry import jvp, nondifferentiable, vjp
from srcgrad.rules.tangents import less


def _refuse_complex(a):
    if np.iscomplexobj(a):
        raise NotImplementedError("the derivative of a factorisation of a complex matrix")


def _h(a):
    return np.conj(transposed(a)) if np.iscomplexobj(a) else transposed(a)


# Inverses and determinants


@vjp(np.linalg.solve)
def solve(g, z, a, b):
    if np.ndim(b) == 1:
        b_bar = np.linalg.solve(transposed(a), column(g))[..., 0]
        return -column(b_bar) * row(z), b_bar
    b_bar = np.linalg.solve(transposed(a), g)
    return -(b_bar @ transposed(z)), b_bar


@jvp(np.linalg.solve)
def solve_jvp(a_dot, b_dot, z, a, b):
    if np.ndim(b) == 1 and np.ndim(a) > 2:
        moved = None if a_dot is None else a_dot @ column(z)
        return np.linalg.solve(a, less(None if b_dot is None else column(b_dot), moved))[..., 0]
    return np.linalg.solve(a, less(b_dot, None if a_dot is None else a_dot @ z))


def _axis_order(a, axes):
    """The axes of `a` in the order that `tensorsolve` gives them: those that are named come last."""
    n = np.ndim(a)
    kept = [k for k in range(n) if k not in axes]
    return (*kept, *axes)


@vjp(np.linalg.tensorsolve)
def tensorsolve(g, z, a, b, axes=None):
    n = np.size(b)
    moved = a if axes is None else np.transpose(a, _axis_order(a, axes))
    b_bar = np.linalg.solve(np.transpose(np.reshape(moved, (n, n))), np.reshape(g, (n,)))
    moved_bar = np.reshape(-np.outer(b_bar, np.reshape(z, (n,))), np.shape(moved))
    a_bar = moved_bar if axes is None else in_order(moved_bar, _axis_order(a, axes))
    return a_bar, np.reshape(b_bar, np.shape(b))


@jvp(np.linalg.tensorsolve)
def tensorsolve_jvp(a_dot, b_dot, z, a, b, axes=None):
    n = np.size(b)
    change = None
    if a_dot is not None:
        moved_dot = a_dot if axes is None else np.transpose(a_dot, _axis_order(a, axes))
        change = np.reshape(moved_dot, (n, n)) @ np.reshape(z, (n,))
    right = less(None if b_dot is None else np.reshape(b_dot, (n,)), change)
    return np.linalg.tensorsolve(a, np.reshape(right, np.shape(b)), axes)


@vjp(np.linalg.tensorinv)
def tensorinv(g, z, a, ind=2):
    n = math.prod(np.shape(a)[:ind])
    inverse = np.transpose(np.reshape(z, (n, n)))
    return np.reshape(-(inverse @ np.reshape(g, (n, n)) @ inverse), np.shape(a))


@jvp(np.linalg.tensorinv)
def tensorinv_jvp(a_dot, z, a, ind=2):
    n = math.prod(np.shape(a)[:ind])
    inverse = np.reshape(z, (n, n))
    return np.reshape(-(inverse @ np.reshape(a_dot, (n, n)) @ inverse), np.shape(z))


@vjp(np.linalg.inv)
def inv(g, z, a):
    return -(transposed(z) @ g @ transposed(z))


@jvp(np.linalg.inv)
def inv_jvp(a_dot, z, a):
    return -(z @ a_dot @ z)


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


@jvp(np.linalg.lstsq)
def lstsq_jvp(a_dot, b_dot, z, a, b, rcond=None):
    _refuse_complex(a)
    x = z[0]
    inverse = np.linalg.pinv(a)
    moved = less(b_dot, None if a_dot is None else a_dot @ x)
    x_dot = inverse @ moved
    squares_dot = 2 * np.sum((b - a @ x) * moved, axis=0)
    residuals_dot = np.reshape(squares_dot, (np.size(squares_dot),))[: np.size(z[1])]
    if a_dot is None:
        return x_dot, residuals_dot, None, None
    dual = transposed(inverse) @ x
    beyond = transposed(a_dot) @ dual
    x_dot = x_dot + inverse @ (transposed(inverse) @ (transposed(a_dot) @ (b - a @ x)))
    return x_dot + beyond - inverse @ (a @ beyond), residuals_dot, None, _singular_values_dot(a_dot, a)


def _product(a, b):
    """The sum of the outer products of the columns."""
    return np.outer(a, b) if np.ndim(a) == 1 else a @ transposed(b)


def _refuse_other_norms(p):
    if p is not None and p != 2:
        raise NotImplementedError("the derivative of a condition number but that of the 2-norm")


@vjp(np.linalg.cond)
def cond(g, z, x, p=None):
    _refuse_other_norms(p)
    _refuse_complex(x)
    return np.expand_dims(g, (-2, -1)) * _slope_of_cond(z, x)


def _slope_of_cond(z, x):
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    first = u[..., :, :1] * vh[..., :1, :] / s[..., -1:, None]
    last = u[..., :, -1:] * vh[..., -1:, :] * np.expand_dims(z, (-2, -1)) / s[..., -1:, None]
    return first - last


@jvp(np.linalg.cond)
def cond_jvp(x_dot, z, x, p=None):
    _refuse_other_norms(p)
    _refuse_complex(x)
    return np.sum(_slope_of_cond(z, x) * x_dot, (-2, -1))


def _refuse_hermitian(hermitian):
    if hermitian:
        raise NotImplementedError("the derivative of np.linalg.pinv with hermitian=True")


@vjp(np.linalg.pinv)
def pinv(g, z, a, rcond=None, hermitian=False, *, rtol=None):
    """Golub and Pereyra (1973), for matrices whose rank does not change."""
    _refuse_complex(a)
    _refuse_hermitian(hermitian)
    off_range = np.eye(np.shape(a)[-2]) - a @ z
    off_kernel = np.eye(np.shape(a)[-1]) - z @ a
    back = -(transposed(z) @ g @ transposed(z)) + off_range @ transposed(g) @ z @ transposed(z)
    return back + transposed(z) @ z @ transposed(g) @ off_kernel


@jvp(np.linalg.pinv)
def pinv_jvp(a_dot, z, a, rcond=None, hermitian=False, *, rtol=None):
    _refuse_complex(a)
    _refuse_hermitian(hermitian)
    off_range = np.eye(np.shape(a)[-2]) - a @ z
    off_kernel = np.eye(np.shape(a)[-1]) - z @ a
    moved = z @ transposed(z) @ transposed(a_dot) @ off_range - z @ a_dot @ z
    return moved + off_kernel @ transposed(a_dot) @ transposed(z) @ z


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


@jvp(np.linalg.det)
def det_jvp(a_dot, z, a):
    if np.all(z != 0):
        return z * _trace_of_product(np.linalg.inv(a), a_dot)
    return np.sum(_cofactors(a) * a_dot, (-2, -1))


def _trace_of_product(a, b):
    return np.sum(transposed(a) * b, (-2, -1))


@vjp(np.linalg.slogdet)
def slogdet(g, z, a):
    if np.iscomplexobj(a) and g[0] is not None:
        raise NotImplementedError("the derivative of the sign of a complex determinant")
    return column(column(g[1])) * _slope_of_log_det(z, a)


def _slope_of_log_det(z, a):
    if np.all(z[0] != 0):
        return transposed(np.linalg.inv(a))
    cofactors = _cofactors(a)
    inverse = cofactors * column(column(np.where(z[0] == 0, 1.0, z[0]) * np.exp(-z[1])))
    return np.where(cofactors == 0, 0.0, inverse)


@jvp(np.linalg.slogdet)
def slogdet_jvp(a_dot, z, a):
    log_dot = np.sum(_slope_of_log_det(z, a) * a_dot, (-2, -1))
    if np.iscomplexobj(a):
        return z[0] * (log_dot - np.real(log_dot)), np.real(log_dot)
    return None, log_dot


# Factorisations


def _fold(s, triangle):
    """The cotangent of the triangle that was read, from that of the whole symmetric or Hermitian matrix."""
    s = _with_real_diagonal(s)
    if triangle == "L":
        return np.tril(s) + np.tril(_h(s), -1)
    return np.triu(s) + np.triu(_h(s), 1)


def _with_real_diagonal(s):
    """What is read of a Hermitian matrix: of the numbers on the diagonal, only the real parts."""
    return s - 1j * np.imag(s) * np.eye(np.shape(s)[-1]) if np.iscomplexobj(s) else s


def _unfold(s, triangle):
    """The whole symmetric or Hermitian matrix from the triangle that was read; the transpose of `_fold`."""
    s = _with_real_diagonal(s)
    if triangle == "L":
        return np.tril(s) + _h(np.tril(s, -1))
    return np.triu(s) + _h(np.triu(s, 1))


@vjp(np.linalg.cholesky)
def cholesky(g, z, a, /, *, upper=False):
    """Murray (2016), in the closed form with two triangular solves."""
    factor_t = z if upper else _h(z)
    if np.iscomplexobj(a):
        own = transposed(g) if upper else np.conj(g)
        inner = np.tril(factor_t @ own)
        inner = np.tril(inner, -1) + 0.5 * np.real(inner) * np.eye(np.shape(a)[-1])
        s = np.linalg.solve(factor_t, _h(np.linalg.solve(factor_t, _h(inner))))
        return _fold(np.conj(s), "U" if upper else "L")
    inner = factor_t @ (transposed(g) if upper else g)
    inner = _lower_half(inner)
    s = np.linalg.solve(factor_t, transposed(np.linalg.solve(factor_t, transposed(inner))))
    return _fold(s, "U" if upper else "L")


def _lower_half(s):
    return np.tril(s) * (1.0 - 0.5 * np.eye(np.shape(s)[-1]))


@jvp(np.linalg.cholesky)
def cholesky_jvp(a_dot, z, a, /, *, upper=False):
    factor = _h(z) if upper else z
    half = np.linalg.solve(factor, _unfold(a_dot, "U" if upper else "L"))
    dot = factor @ _lower_half(np.linalg.solve(factor, _h(half)))
    return _h(dot) if upper else dot


def _reciprocal(x):
    """1 / x, and exactly 0 where x is 0."""
    zero = x == 0
    return np.where(zero, 0.0, 1.0 / np.where(zero, 1.0, x))


@vjp(np.linalg.eigh)
def eigh(g, z, a, UPLO="L"):
    w_bar, v_bar, w, v = g[0], g[1], z[0], z[1]
    if np.iscomplexobj(a):
        return _complex_eigh_bar(w_bar, v_bar, w, v, UPLO.upper())
    s = 0.0
    if w_bar is not None:
        s = (v * row(w_bar)) @ transposed(v)
    if v_bar is not None:
        s = s + v @ (_reciprocal(row(w) - column(w)) * (transposed(v) @ v_bar)) @ transposed(v)
    return _fold(s, UPLO.upper())


def _complex_eigh_bar(w_bar, v_bar, w, v, triangle):
    s = np.zeros(np.shape(v)) + 0j
    if w_bar is not None:
        s = s + (v * row(w_bar)) @ _h(v)
    if v_bar is not None:
        own = _h(v) @ np.conj(v_bar)
        turns = np.abs(np.imag(np.diagonal(own, 0, -2, -1)))
        if np.any(turns > 1e-8 * (1.0 + np.max(np.abs(own)))):
            raise NotImplementedError("a derivative that depends on the arbitrary phases of complex eigenvectors")
        s = s + v @ (_reciprocal(row(w) - column(w)) * own) @ _h(v)
    return _fold(np.conj(s), triangle)


@jvp(np.linalg.eigh)
def eigh_jvp(a_dot, z, a, UPLO="L"):
    """Complex eigenvectors have phases without a meaning: those of the tangent do not turn."""
    w, v = z[0], z[1]
    inner = _h(v) @ _unfold(a_dot, UPLO.upper()) @ v
    return np.real(np.diagonal(inner, 0, -2, -1)), v @ (_reciprocal(row(w) - column(w)) * inner)


@vjp(np.linalg.eigvalsh)
def eigvalsh(g, z, a, UPLO="L"):
    v = np.linalg.eigh(a, UPLO)[1]
    if np.iscomplexobj(a):
        return _fold((np.conj(v) * row(g)) @ transposed(v), UPLO.upper())
    return _fold((v * row(g)) @ transposed(v), UPLO.upper())


@jvp(np.linalg.eigvalsh)
def eigvalsh_jvp(a_dot, z, a, UPLO="L"):
    v = np.linalg.eigh(a, UPLO)[1]
    dot = np.sum(np.conj(v) * (_unfold(a_dot, UPLO.upper()) @ v), -2)
    return np.real(dot) if np.iscomplexobj(a) else dot


@vjp(np.linalg.svd)
def svd(g, z, a, full_matrices=True, compute_uv=True, hermitian=False):
    """Townsend (2016), for the thin decomposition."""
    if not compute_uv:
        return _svdvals_bar(g, a)
    _refuse_complex(a)
    _refuse_whole(a, full_matrices, hermitian)
    u, s, v = z[0], z[1], transposed(z[2])
    gaps = _gaps(s)
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


def _gaps(s):
    """1 / (s_j^2 - s_i^2), and 0 where singular values are the same."""
    return _reciprocal((row(s) - column(s)) * (row(s) + column(s)))


def _refuse_whole(a, full_matrices, hermitian):
    if hermitian or (full_matrices and np.shape(a)[-1] != np.shape(a)[-2]):
        raise NotImplementedError("the derivative of np.linalg.svd: give full_matrices=False, and no hermitian=True")


@jvp(np.linalg.svd)
def svd_jvp(a_dot, z, a, full_matrices=True, compute_uv=True, hermitian=False):
    if not compute_uv:
        return _singular_values_dot(a_dot, a)
    _refuse_complex(a)
    _refuse_whole(a, full_matrices, hermitian)
    u, s, v = z[0], z[1], transposed(z[2])
    gaps = _gaps(s)
    inverse = row(_reciprocal(s))
    inner = transposed(u) @ a_dot @ v
    turned = transposed(inner)
    u_dot = u @ (gaps * (inner * row(s) + column(s) * turned)) + (a_dot @ v - u @ inner) * inverse
    v_dot = v @ (gaps * (column(s) * inner + turned * row(s))) + (transposed(a_dot) @ u - v @ turned) * inverse
    return u_dot, np.diagonal(inner, 0, -2, -1), transposed(v_dot)


def _svdvals_bar(g, a):
    factors = np.linalg.svd(a, full_matrices=False)
    a_bar = (factors[0] * row(g)) @ factors[2]
    return np.conj(a_bar) if np.iscomplexobj(a) else a_bar


def _singular_values_dot(a_dot, a):
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    dot = np.sum((_h(u) @ a_dot) * np.conj(vh), -1)
    return np.real(dot) if np.iscomplexobj(a) else dot


@vjp(np.linalg.svdvals)
def svdvals(g, z, x):
    return _svdvals_bar(g, x)


@jvp(np.linalg.svdvals)
def svdvals_jvp(x_dot, z, x):
    return _singular_values_dot(x_dot, x)


@vjp(np.linalg.qr)
def qr(g, z, a, mode="reduced"):
    """Seeger et al. (2017); a wide matrix is [x y] with x square: x = q u and y = q v."""
    _refuse_complex(a)
    m, n = np.shape(a)[-2], np.shape(a)[-1]
    _refuse_mode(mode, m, n)
    q_bar, r_bar = (None, g) if mode == "r" else (g[0], g[1])
    q, r = (np.linalg.qr(a)[0], z) if mode == "r" else (z[0], z[1])
    q_bar = np.zeros(np.shape(q)) if q_bar is None else q_bar
    r_bar = np.zeros(np.shape(r)) if r_bar is None else r_bar
    if m >= n:
        return _qr_bar(q_bar, np.triu(r_bar), q, r)
    y, v_bar = a[..., :, m:], r_bar[..., :, m:]
    x_bar = _qr_bar(q_bar + y @ transposed(v_bar), np.triu(r_bar[..., :, :m]), q, r[..., :, :m])
    return np.concatenate([x_bar, q @ v_bar], -1)


def _refuse_mode(mode, m, n):
    if mode not in ("reduced", "r") and not (mode == "complete" and m == n):
        raise NotImplementedError("the derivative of np.linalg.qr: give mode='reduced' or mode='r'")


@jvp(np.linalg.qr)
def qr_jvp(a_dot, z, a, mode="reduced"):
    _refuse_complex(a)
    m, n = np.shape(a)[-2], np.shape(a)[-1]
    _refuse_mode(mode, m, n)
    q, r = (np.linalg.qr(a)[0], z) if mode == "r" else (z[0], z[1])
    k = min(m, n)
    scaled = transposed(np.linalg.solve(transposed(r[..., :, :k]), transposed(a_dot[..., :, :k])))
    inner = transposed(q) @ scaled
    below = np.tril(inner, -1)
    turn = below - transposed(below)
    q_dot = scaled + q @ (turn - inner)
    r_dot = np.triu(inner - turn) @ r[..., :, :k]
    if m < n:
        rest_dot = transposed(q_dot) @ a[..., :, m:] + transposed(q) @ a_dot[..., :, m:]
        r_dot = np.concatenate([r_dot, rest_dot], -1)
    if mode == "r":
        return r_dot
    return q_dot, r_dot


def _qr_bar(q_bar, r_bar, q, r):
    inner = r @ transposed(r_bar) - transposed(q_bar) @ q
    symmetric = np.tril(inner) + transposed(np.tril(inner, -1))
    return transposed(np.linalg.solve(r, transposed(q_bar + q @ symmetric)))


nondifferentiable(np.linalg.matrix_rank)
