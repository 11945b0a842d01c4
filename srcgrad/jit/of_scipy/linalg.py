"""What functions of `scipy.linalg` do, said by those of NumPy."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from srcgrad.jit.defining import Definitions

DEFINITIONS = Definitions()
_defines = DEFINITIONS.of


def _check(a, check_finite):
    if check_finite and not np.all(np.isfinite(a)):
        raise ValueError("array must not contain infs or NaNs")


@_defines(linalg.inv)
def inv(a, *, check_finite=True):
    _check(a, check_finite)
    return np.linalg.inv(a)


@_defines(linalg.det)
def det(a, *, check_finite=True):
    _check(a, check_finite)
    return np.linalg.det(a)


@_defines(linalg.solve)
def solve(a, b, *, check_finite=True, assume_a=None, transposed=False):
    if assume_a not in (None, "gen", "general"):
        raise NotImplementedError("scipy.linalg.solve by the half of a matrix")
    _check(a, check_finite)
    _check(b, check_finite)
    return np.linalg.solve(np.transpose(a) if transposed else a, b)


@_defines(linalg.cholesky)
def cholesky(a, lower=False, *, check_finite=True):
    _check(a, check_finite)
    return np.linalg.cholesky(a) if lower else np.transpose(np.linalg.cholesky(np.transpose(a)))


@_defines(linalg.norm)
def norm(a, ord=None, axis=None, keepdims=False, check_finite=True):
    _check(a, check_finite)
    return np.linalg.norm(a, ord, axis, keepdims)


@_defines(linalg.svdvals)
def svdvals(a, *, check_finite=True):
    _check(a, check_finite)
    return np.linalg.svd(a, compute_uv=False)


@_defines(linalg.solve_triangular)
def solve_triangular(a, b, trans=0, lower=False, *, check_finite=True):
    if trans not in (0, 1, "N", "T"):
        raise NotImplementedError("scipy.linalg.solve_triangular with this form of the matrix")
    _check(a, check_finite)
    _check(b, check_finite)
    transposed = trans in (1, "T")
    if transposed:
        a = np.transpose(a)
    n = a.shape[0]
    if a.shape[1] != n or b.shape[0] != n:
        raise ValueError("the shapes of a and b are incompatible")
    if np.any(np.diag(a) == 0):
        raise np.linalg.LinAlgError("singular matrix")
    x = np.copy(b)
    if lower != transposed:
        for i in range(n):
            x[i] = (x[i] - a[i, :i] @ x[:i]) / a[i, i]
    else:
        for i in range(n - 1, -1, -1):
            x[i] = (x[i] - a[i, i + 1 :] @ x[i + 1 :]) / a[i, i]
    return x
