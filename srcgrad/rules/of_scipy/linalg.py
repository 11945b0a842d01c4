"""Rules of `scipy.linalg`. What overwrites its arguments is refused before.

Sources of the formulas: see `srcgrad.rules.factorisations`; R. Mathias, "A chain rule for matrix functions" (1996), for
matrix functions: the derivative of f at `a` along `e` is the block at the upper right of f([[a, e], [0, a]]).
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from srcgrad.rules import factorisations
from srcgrad.rules.by_example import pure
from srcgrad.rules.linalg import transposed
from srcgrad.rules.registry import jvp, linear, linear_in, vjp
from srcgrad.rules.tangents import less

pure(
    linalg.solve, linalg.solve_triangular, linalg.cho_solve, linalg.inv, linalg.det, linalg.cholesky, linalg.cho_factor
)
pure(linalg.expm, linalg.sqrtm, linalg.solve_sylvester, linalg.solve_continuous_lyapunov)
pure(linalg.circulant, linalg.block_diag)


def refuse_stacks(a):
    """The rules are those of one matrix."""
    if np.ndim(a) > 2:
        raise NotImplementedError("functions of scipy.linalg with stacks of matrices")


def _refuse_complex(a):
    if np.iscomplexobj(a):
        raise NotImplementedError("functions of scipy.linalg with complex matrices")


def _both_halves(a, assume_a, lower):
    """The matrix that is meant: where it is taken to be symmetric, one half of `a` is not read."""
    if assume_a is None or assume_a in ("gen", "general"):
        return a
    if assume_a in ("sym", "symmetric", "pos", "positive definite", "her", "hermitian"):
        half = np.tril(a) if lower else np.triu(a)
        return half + transposed(np.tril(half, -1) if lower else np.triu(half, 1))
    raise NotImplementedError("scipy.linalg.solve with this assume_a")


def _read_half(a_bar, assume_a, lower):
    """The cotangent of the half that is read."""
    if assume_a is None or assume_a in ("gen", "general"):
        return a_bar
    both = a_bar + transposed(a_bar)
    half = np.tril(both) if lower else np.triu(both)
    return half * (1.0 - 0.5 * np.eye(np.shape(a_bar)[-1]))


def _outer(a, b):
    """The product of columns and rows, or of matrices of them."""
    return np.outer(a, b) if np.ndim(a) == 1 else a @ transposed(b)


@vjp(linalg.solve)
def solve(
    g, z, a, b, lower=False, overwrite_a=False, overwrite_b=False, check_finite=True, assume_a=None, transposed=False
):
    refuse_stacks(a)
    _refuse_complex(a)
    whole = _both_halves(a, assume_a, lower)
    b_bar = linalg.solve(whole, g, transposed=not transposed)
    a_bar = -_outer(z, b_bar) if transposed else -_outer(b_bar, z)
    return _read_half(a_bar, assume_a, lower), b_bar


@jvp(linalg.solve)
def solve_jvp(
    a_dot,
    b_dot,
    z,
    a,
    b,
    lower=False,
    overwrite_a=False,
    overwrite_b=False,
    check_finite=True,
    assume_a=None,
    transposed=False,
):
    refuse_stacks(a)
    _refuse_complex(a)
    change = None
    if a_dot is not None:
        whole_dot = _both_halves(a_dot, assume_a, lower)
        change = (np.transpose(whole_dot) if transposed else whole_dot) @ z
    return linalg.solve(_both_halves(a, assume_a, lower), less(b_dot, change), transposed=transposed)


def _turned(trans):
    """Whether a system is solved with the transpose of its matrix."""
    if trans in (0, "N"):
        return False
    if trans in (1, "T"):
        return True
    raise NotImplementedError("scipy.linalg.solve_triangular with this trans")


def _triangle(a, lower, unit_diagonal):
    """The part of a matrix that a triangular solver reads."""
    if unit_diagonal:
        return np.tril(a, -1) if lower else np.triu(a, 1)
    return np.tril(a) if lower else np.triu(a)


@vjp(linalg.solve_triangular)
def solve_triangular(g, z, a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False, check_finite=True):
    refuse_stacks(a)
    _refuse_complex(a)
    turned = _turned(trans)
    b_bar = linalg.solve_triangular(a, g, trans=0 if turned else 1, lower=lower, unit_diagonal=unit_diagonal)
    a_bar = -_outer(z, b_bar) if turned else -_outer(b_bar, z)
    return _triangle(a_bar, lower, unit_diagonal), b_bar


@jvp(linalg.solve_triangular)
def solve_triangular_jvp(
    a_dot, b_dot, z, a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False, check_finite=True
):
    refuse_stacks(a)
    _refuse_complex(a)
    turned = _turned(trans)
    change = None
    if a_dot is not None:
        moved = _triangle(a_dot, lower, unit_diagonal)
        change = (np.transpose(moved) if turned else moved) @ z
    return linalg.solve_triangular(
        a, less(b_dot, change), trans=1 if turned else 0, lower=lower, unit_diagonal=unit_diagonal
    )


def _refuse_assumptions(assume_a):
    if assume_a not in (None, "gen", "general"):
        raise NotImplementedError("scipy.linalg.inv with assume_a")


@vjp(linalg.inv)
def inv(g, z, a, overwrite_a=False, check_finite=True, *, assume_a=None, lower=False):
    _refuse_assumptions(assume_a)
    return factorisations.inv(g, z, a)


@jvp(linalg.inv)
def inv_jvp(a_dot, z, a, overwrite_a=False, check_finite=True, *, assume_a=None, lower=False):
    _refuse_assumptions(assume_a)
    return factorisations.inv_jvp(a_dot, z, a)


@vjp(linalg.det)
def det(g, z, a, overwrite_a=False, check_finite=True):
    return factorisations.det(g, z, a)


@jvp(linalg.det)
def det_jvp(a_dot, z, a, overwrite_a=False, check_finite=True):
    return factorisations.det_jvp(a_dot, z, a)


# Cholesky


def _cholesky_bar(g, factor, lower):
    """The cotangent of the triangle that is read, from that of the factor."""
    low, low_bar = (factor, np.tril(g)) if lower else (np.transpose(factor), np.tril(np.transpose(g)))
    inner = np.tril(np.transpose(low) @ low_bar) * (1.0 - 0.5 * np.eye(np.shape(low)[0]))
    half = linalg.solve_triangular(low, inner, trans=1, lower=True)
    s = np.transpose(linalg.solve_triangular(low, np.transpose(half), trans=1, lower=True))
    return _read_half(0.5 * (s + np.transpose(s)), "pos", lower)


def _cholesky_dot(a_dot, factor, lower):
    low = factor if lower else np.transpose(factor)
    half = linalg.solve_triangular(low, _both_halves(a_dot, "pos", lower), lower=True)
    inner = linalg.solve_triangular(low, np.transpose(half), lower=True)
    dot = low @ (np.tril(inner) * (1.0 - 0.5 * np.eye(np.shape(low)[0])))
    return dot if lower else np.transpose(dot)


@vjp(linalg.cholesky)
def cholesky(g, z, a, lower=False, overwrite_a=False, check_finite=True):
    refuse_stacks(a)
    _refuse_complex(a)
    return _cholesky_bar(g, z, lower)


@jvp(linalg.cholesky)
def cholesky_jvp(a_dot, z, a, lower=False, overwrite_a=False, check_finite=True):
    refuse_stacks(a)
    _refuse_complex(a)
    return _cholesky_dot(a_dot, z, lower)


def _off_triangle(a, lower):
    return np.triu(a, 1) if lower else np.tril(a, -1)


def _kept_off_triangle(g, c, a, lower):
    """Some versions leave in the other triangle what is in the argument there; others clear it."""
    kept = np.all(_off_triangle(c, lower) == _off_triangle(a, lower))
    return np.where(kept, _off_triangle(g, lower), 0.0)


@vjp(linalg.cho_factor)
def cho_factor(g, z, a, lower=False, overwrite_a=False, check_finite=True):
    refuse_stacks(a)
    _refuse_complex(a)
    factor = _triangle(z[0], lower, False)
    return _cholesky_bar(_triangle(g[0], lower, False), factor, lower) + _kept_off_triangle(g[0], z[0], a, lower)


@jvp(linalg.cho_factor)
def cho_factor_jvp(a_dot, z, a, lower=False, overwrite_a=False, check_finite=True):
    refuse_stacks(a)
    _refuse_complex(a)
    dot = _cholesky_dot(a_dot, _triangle(z[0], lower, False), lower)
    return dot + _kept_off_triangle(a_dot, z[0], a, lower), None


@vjp(linalg.cho_solve)
def cho_solve(g, z, c_and_lower, b, overwrite_b=False, check_finite=True):
    c, lower = c_and_lower[0], c_and_lower[1]
    refuse_stacks(c)
    _refuse_complex(c)
    b_bar = linalg.cho_solve((c, lower), g)
    factor = _triangle(c, lower, False)
    a_bar = -(_outer(b_bar, z) + _outer(z, b_bar))
    c_bar = _triangle(a_bar @ factor if lower else factor @ a_bar, lower, False)
    return (c_bar, 0.0), b_bar


@jvp(linalg.cho_solve)
def cho_solve_jvp(c_and_lower_dot, b_dot, z, c_and_lower, b, overwrite_b=False, check_finite=True):
    c, lower = c_and_lower[0], c_and_lower[1]
    refuse_stacks(c)
    _refuse_complex(c)
    change = None
    if c_and_lower_dot is not None and c_and_lower_dot[0] is not None:
        factor, dot = _triangle(c, lower, False), _triangle(c_and_lower_dot[0], lower, False)
        half = dot @ np.transpose(factor) if lower else np.transpose(dot) @ factor
        change = (half + np.transpose(half)) @ z
    if b_dot is None and change is None:
        return np.zeros_like(z)
    return linalg.cho_solve((c, lower), less(b_dot, change))


# Matrix functions


def _block(a, e):
    """[[a, e], [0, a]]."""
    return np.concatenate([np.concatenate([a, e], 1), np.concatenate([np.zeros(np.shape(a)), a], 1)], 0)


@vjp(linalg.expm)
def expm(g, z, A):
    refuse_stacks(A)
    n = np.shape(A)[0]
    return linalg.expm(_block(np.transpose(A), g))[:n, n:]


@jvp(linalg.expm)
def expm_jvp(A_dot, z, A):
    refuse_stacks(A)
    n = np.shape(A)[0]
    return linalg.expm(_block(A, A_dot))[:n, n:]


@vjp(linalg.sqrtm)
def sqrtm(g, z, A):
    refuse_stacks(A)
    return linalg.solve_sylvester(np.transpose(z), np.transpose(z), g)


@jvp(linalg.sqrtm)
def sqrtm_jvp(A_dot, z, A):
    refuse_stacks(A)
    return linalg.solve_sylvester(z, z, A_dot)


# Equations of matrices


@vjp(linalg.solve_sylvester)
def solve_sylvester(g, z, a, b, q):
    q_bar = linalg.solve_sylvester(np.transpose(a), np.transpose(b), g)
    return -(q_bar @ np.transpose(z)), -(np.transpose(z) @ q_bar), q_bar


@jvp(linalg.solve_sylvester)
def solve_sylvester_jvp(a_dot, b_dot, q_dot, z, a, b, q):
    moved = less(q_dot, None if a_dot is None else a_dot @ z)
    return linalg.solve_sylvester(a, b, less(moved, None if b_dot is None else z @ b_dot))


@vjp(linalg.solve_continuous_lyapunov)
def solve_continuous_lyapunov(g, z, a, q):
    _refuse_complex(a)
    q_bar = linalg.solve_continuous_lyapunov(np.transpose(a), g)
    return -(q_bar @ np.transpose(z) + np.transpose(q_bar) @ z), q_bar


@jvp(linalg.solve_continuous_lyapunov)
def solve_continuous_lyapunov_jvp(a_dot, q_dot, z, a, q):
    _refuse_complex(a)
    change = None if a_dot is None else a_dot @ z + z @ np.transpose(a_dot)
    return linalg.solve_continuous_lyapunov(a, less(q_dot, change))


# Matrices with a structure


@linear(linalg.circulant)
def circulant(g, z, c):
    refuse_stacks(z)
    n = np.shape(c)[0]
    return np.sum(np.take_along_axis(g, (np.arange(n)[:, None] + np.arange(n)) % n, 0), 1)


@vjp(linalg.block_diag)
def block_diag(g, z, *arrs):
    bars = []
    top, left = 0, 0
    for x in arrs:
        rows, columns = np.shape(x) if np.ndim(x) == 2 else (1, np.size(x))
        bars.append(np.reshape(g[top : top + rows, left : left + columns], np.shape(x)))
        top, left = top + rows, left + columns
    return tuple(bars)


linear_in("arrs")(linalg.block_diag)
