"""Rules of linear algebra: products, diagonals, solvers, factorisations.

Sources of the formulas: M. Giles, "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008); M. Seeger et al., "Auto-differentiating linear algebra" (2017); J. Townsend,
"Differentiating the singular value decomposition" (2016); I. Murray, "Differentiation of the Cholesky decomposition"
(2016); G. Golub and V. Pereyra (1973) for the pseudo-inverse.

`cholesky`, `eigh` and `eigvalsh` read one triangle of their argument, and only that triangle gets a cotangent: an
off-diagonal entry stands for two of the symmetric matrix. Where eigenvalues or singular values repeat, the vectors have
no derivative; the terms in question are left out, which is right for what does not depend on the choice of vectors.
"""

from __future__ import annotations

import operator

import numpy as np

from srcgrad.rules.index import scatter
from srcgrad.rules.registry import linear, methods, nondifferentiable, views, vjp


def _t(a):
    return np.transpose(a) if np.ndim(a) == 2 else np.swapaxes(a, -1, -2)


def _h(a):
    return np.conj(_t(a)) if np.iscomplexobj(a) else _t(a)


def _column(a):
    return np.expand_dims(a, -1)


def _row(a):
    return np.expand_dims(a, -2)


def _refuse_complex(a):
    if np.iscomplexobj(a):
        raise NotImplementedError("the derivative of a factorisation of a complex matrix")


# Products


@vjp(operator.matmul, np.matmul, np.linalg.matmul)
def matmul(g, z, a, b):
    if np.ndim(a) == 1 and np.ndim(b) == 1:
        return g * b, g * a
    if np.ndim(a) == 1 and np.ndim(b) == 2:
        return b @ g, np.outer(a, g)
    if np.ndim(a) == 1:
        return (b @ _column(g))[..., 0], _column(a) * _row(g)
    if np.ndim(a) == 2 and np.ndim(b) == 1:
        return np.outer(g, b), _t(a) @ g
    if np.ndim(b) == 1:
        return _column(g) * b, np.tensordot(g, a, np.ndim(g))
    if np.ndim(b) == 2 and np.ndim(a) > 2:
        batch = tuple(range(np.ndim(a) - 1))
        return g @ _t(b), np.tensordot(a, g, (batch, batch))
    return g @ _t(b), _t(a) @ g


@vjp(np.dot)
def dot(g, z, a, b, out=None):
    if np.ndim(a) == 0 or np.ndim(b) == 0 or (np.ndim(a) == 1 and np.ndim(b) == 1):
        return g * b, g * a
    if np.ndim(a) == 2 and np.ndim(b) == 2:
        return g @ _t(b), _t(a) @ g
    if np.ndim(a) == 1 and np.ndim(b) == 2:
        return b @ g, np.outer(a, g)
    if np.ndim(a) == 2 and np.ndim(b) == 1:
        return np.outer(g, b), _t(a) @ g
    n = np.ndim(a) - 1
    if np.ndim(b) == 1:
        return _column(g) * b, np.tensordot(g, a, n)
    kept = (*range(np.ndim(b) - 2), np.ndim(b) - 1)
    a_bar = np.tensordot(g, b, (tuple(range(n, np.ndim(g))), kept))
    b_bar = np.tensordot(a, g, (tuple(range(n)), tuple(range(n))))
    return a_bar, np.moveaxis(b_bar, 0, -2)


@vjp(np.vdot)
def vdot(g, z, a, b):
    if np.iscomplexobj(a) or np.iscomplexobj(b):
        return np.conj(g * np.reshape(b, np.shape(a))), g * np.conj(np.reshape(a, np.shape(b)))
    return g * np.reshape(b, np.shape(a)), g * np.reshape(a, np.shape(b))


@vjp(np.inner)
def inner(g, z, a, b):
    if np.ndim(a) == 0 or np.ndim(b) == 0 or (np.ndim(a) == 1 and np.ndim(b) == 1):
        return g * b, g * a
    n, m = np.ndim(a) - 1, np.ndim(b) - 1
    a_bar = np.tensordot(g, b, (tuple(range(n, n + m)), tuple(range(m))))
    return a_bar, np.tensordot(g, a, (tuple(range(n)), tuple(range(n))))


@vjp(np.outer, np.linalg.outer)
def outer(g, z, a, b, out=None):
    return np.reshape(g @ np.ravel(b), np.shape(a)), np.reshape(np.ravel(a) @ g, np.shape(b))


def _axes_of(axes, n):
    return tuple([k % n for k in axes]) if isinstance(axes, (tuple, list)) else (axes % n,)


@vjp(np.tensordot, np.linalg.tensordot)
def tensordot(g, z, a, b, axes=2):
    n, m = np.ndim(a), np.ndim(b)
    summed_a = _axes_of(axes[0], n) if isinstance(axes, (tuple, list)) else tuple(range(n - axes, n))
    summed_b = _axes_of(axes[1], m) if isinstance(axes, (tuple, list)) else tuple(range(axes))
    kept_a = tuple([k for k in range(n) if k not in summed_a])
    kept_b = tuple([k for k in range(m) if k not in summed_b])
    pairs = range(len(summed_a))
    # The axes that a product with the other argument leaves come in the other argument's order.
    order_a = (*kept_a, *[summed_a[j] for k in range(m) for j in pairs if summed_b[j] == k])
    order_b = (*[summed_b[j] for k in range(n) for j in pairs if summed_a[j] == k], *kept_b)
    a_bar = np.tensordot(g, b, (tuple(range(len(kept_a), np.ndim(g))), kept_b))
    b_bar = np.tensordot(a, g, (kept_a, tuple(range(len(kept_a)))))
    return _in_order(a_bar, order_a), _in_order(b_bar, order_b)


def _in_order(x, order):
    """Moves axis k of `x` to the place `order[k]`."""
    n = len(order)
    if order == tuple(range(n)):
        return x
    return np.transpose(x, tuple([j for k in range(n) for j in range(n) if order[j] == k]))


def _einsum_terms(subscripts, ranks):
    """The terms of the operands and of the result, spelled out: an arrow, and a letter for each axis of an ellipsis."""
    subscripts = subscripts.replace(" ", "")
    terms = subscripts.split("->")[0].split(",")
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    free = [c for c in letters if c not in subscripts]
    hidden = [ranks[k] - len(terms[k].replace("...", "")) if "..." in terms[k] else 0 for k in range(len(terms))]
    widest = "".join(free[: max(hidden)])
    if "->" in subscripts:
        result = subscripts.split("->")[1]
    else:
        joined = "".join(terms).replace("...", "")
        result = "..." + "".join([c for c in sorted(letters) if joined.count(c) == 1])
    named = [terms[k].replace("...", widest[len(widest) - hidden[k] :]) for k in range(len(terms))]
    return named, result.replace("...", widest), free[max(hidden) :]


@vjp(np.einsum)
def einsum(g, z, subscripts, *operands, out=None, optimize=False, dtype=None, order="K", casting="safe"):
    if not isinstance(subscripts, str):
        raise NotImplementedError("the derivative of np.einsum with lists of axes instead of a string")
    terms, result, free = _einsum_terms(subscripts, [np.ndim(x) for x in operands])
    how = optimize if isinstance(optimize, (bool, str)) else True
    return (None, *[_einsum_bar(g, k, operands, terms, result, free, how) for k in range(len(operands))])


def _einsum_bar(g, k, operands, terms, result, free, optimize):
    """The cotangent of operand k: an einsum of the cotangent and the other operands.

    An index that occurs twice in the operand's term gets a second letter and an identity matrix that ties the two; one
    that occurs nowhere else was summed alone, and its axis has length 1 in the cotangent.
    """
    others = [j for j in range(len(operands)) if j != k]
    term = terms[k]
    factors = [g, *[operands[j] for j in others]]
    names = [result, *[terms[j] for j in others]]
    for place in range(len(term)):
        first = term.index(term[place])
        if first < place:
            tied = free[place]
            factors.append(np.eye(np.shape(operands[k])[place]))
            names.append(term[first] + tied)
            term = term[:place] + tied + term[place + 1 :]
    given = "".join(names)
    found = "".join([c for c in term if c in given])
    missing = tuple([place for place in range(len(term)) if term[place] not in given])
    x_bar = np.einsum(",".join(names) + "->" + found, *factors, optimize=optimize)
    return np.expand_dims(x_bar, missing) if missing else x_bar


@vjp(np.kron)
def kron(g, z, a, b):
    n = max(np.ndim(a), np.ndim(b))
    p, q = (1,) * (n - np.ndim(a)) + np.shape(a), (1,) * (n - np.ndim(b)) + np.shape(b)
    blocks = np.reshape(g, tuple([length for k in range(n) for length in (p[k], q[k])]))
    a_bar = np.tensordot(blocks, np.reshape(b, q), (tuple(range(1, 2 * n, 2)), tuple(range(n))))
    b_bar = np.tensordot(np.reshape(a, p), blocks, (tuple(range(n)), tuple(range(0, 2 * n, 2))))
    return np.reshape(a_bar, np.shape(a)), np.reshape(b_bar, np.shape(b))


@vjp(np.cross)
def cross(g, z, a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis, axis, axis)
    u, v = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    if np.shape(u)[-1] != np.shape(v)[-1]:
        raise NotImplementedError("the derivative of np.cross of a 2-vector and a 3-vector")
    if np.shape(u)[-1] == 2:
        u_bar = np.stack([g * v[..., 1], -g * v[..., 0]], -1)
        v_bar = np.stack([-g * u[..., 1], g * u[..., 0]], -1)
    else:
        g = np.moveaxis(g, axisc, -1)
        u_bar, v_bar = np.cross(v, g), np.cross(g, u)
    # Counted from the end, for the cotangent may have more leading axes than the argument.
    return (
        np.moveaxis(u_bar, -1, axisa % np.ndim(a) - np.ndim(a)),
        np.moveaxis(v_bar, -1, axisb % np.ndim(b) - np.ndim(b)),
    )


@vjp(np.linalg.cross)
def linalg_cross(g, z, a, b, *, axis=-1):
    return np.linalg.cross(b, g, axis=axis), np.linalg.cross(g, a, axis=axis)


@vjp(np.linalg.vecdot)
def vecdot(g, z, a, b, *, axis=-1):
    g = np.expand_dims(g, axis)
    if np.iscomplexobj(a) or np.iscomplexobj(b):
        return np.conj(g * b), g * np.conj(a)
    return g * b, g * a


vjp(np.vecdot)(vecdot)


@vjp(np.linalg.multi_dot)
def multi_dot(g, z, arrays, *, out=None):
    n = len(arrays)
    ends = [_row(arrays[0]) if np.ndim(arrays[0]) == 1 else arrays[0]]
    ends = ends + [arrays[k] for k in range(1, n - 1)]
    ends = [*ends, _column(arrays[-1]) if np.ndim(arrays[-1]) == 1 else arrays[-1]]
    left = np.reshape(g, (np.shape(ends[0])[0], np.shape(ends[-1])[1]))
    arrays_bar = []
    for k in range(n):
        # `left` is the cotangent of the product of the arrays from k on.
        bar = left
        for j in range(n - 1, k, -1):
            bar = bar @ _t(ends[j])
        arrays_bar.append(np.reshape(bar, np.shape(arrays[k])))
        left = _t(ends[k]) @ left
    return arrays_bar


@vjp(np.linalg.matrix_power)
def matrix_power(g, z, a, n):
    if n == 0:
        return np.zeros(np.shape(a))
    base = _t(np.linalg.inv(a)) if n < 0 else _t(a)
    bar, power = g, base
    for _ in range(abs(n) - 1):
        bar = base @ bar + g @ power
        power = power @ base
    return -(base @ bar @ base) if n < 0 else bar


def _convolved_bar(g, a, v, start):
    """The cotangents of the two factors of a convolution of which the part from `start` on was kept."""
    n, m = np.size(a), np.size(v)
    g = np.pad(g, (start, n + m - 1 - start - np.size(g)))
    a_bar = np.convolve(g, np.ravel(v)[::-1], "valid")
    return np.reshape(a_bar, np.shape(a)), np.reshape(np.convolve(g, np.ravel(a)[::-1], "valid"), np.shape(v))


def _first_kept(mode, shorter, middle):
    if mode == "full":
        return 0
    return middle if mode == "same" else shorter - 1


@vjp(np.convolve)
def convolve(g, z, a, v, mode="full"):
    shorter = min(np.size(a), np.size(v))
    start = _first_kept(mode, shorter, (shorter - 1) // 2)
    return _convolved_bar(g, a, v, start)


@vjp(np.correlate)
def correlate(g, z, a, v, mode="valid"):
    if np.iscomplexobj(v):
        raise NotImplementedError("the derivative of np.correlate with a complex second argument")
    shorter = min(np.size(a), np.size(v))
    # NumPy swaps the two if the second is longer, and reverses the result.
    middle = (shorter - 1) // 2 if np.size(a) >= np.size(v) else shorter // 2
    start = _first_kept(mode, shorter, middle)
    a_bar, v_bar = _convolved_bar(g, a, np.ravel(v)[::-1], start)
    return a_bar, np.reshape(v_bar[::-1], np.shape(v))


# Diagonals and triangles


@linear(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(g, z, x):
    return np.swapaxes(g, -1, -2)


@linear(np.tril)
def tril(g, z, m, k=0):
    return np.tril(g, k)


@linear(np.triu)
def triu(g, z, m, k=0):
    return np.triu(g, k)


def _undiagonal(g, shape, offset, axis1, axis2):
    n = len(shape)
    axis1, axis2 = axis1 % n, axis2 % n
    along = np.arange(np.shape(g)[-1])
    others = [shape[k] for k in range(n) if k not in (axis1, axis2)]
    i = (*(slice(None),) * (n - 2), along + max(-offset, 0), along + max(offset, 0))
    return np.moveaxis(scatter(g, i, (*others, shape[axis1], shape[axis2])), (-2, -1), (axis1, axis2))


@linear(np.diagonal)
def diagonal(g, z, a, offset=0, axis1=0, axis2=1):
    return _undiagonal(g, np.shape(a), offset, axis1, axis2)


@linear(np.linalg.diagonal)
def linalg_diagonal(g, z, x, *, offset=0):
    return _undiagonal(g, np.shape(x), offset, -2, -1)


@linear(np.diag)
def diag(g, z, v, k=0):
    return np.diagonal(g, k) if np.ndim(v) == 1 else _undiagonal(g, np.shape(v), k, 0, 1)


@linear(np.diagflat)
def diagflat(g, z, v, k=0):
    return np.reshape(np.diagonal(g, k), np.shape(v))


def _untrace(g, shape, offset, axis1, axis2):
    n = len(shape)
    axis1, axis2 = axis1 % n, axis2 % n
    eye = np.eye(shape[axis1], shape[axis2], offset)
    if n == 2:
        return g * eye if axis1 < axis2 else g * np.transpose(eye)
    lengths = tuple([shape[k] if k in (axis1, axis2) else 1 for k in range(n)])
    return np.expand_dims(g, (axis1, axis2)) * np.reshape(eye if axis1 < axis2 else np.transpose(eye), lengths)


@linear(np.trace)
def trace(g, z, a, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    return _untrace(g, np.shape(a), offset, axis1, axis2)


@linear(np.linalg.trace)
def linalg_trace(g, z, x, *, offset=0, dtype=None):
    return _untrace(g, np.shape(x), offset, -2, -1)


# Inverses and determinants


@vjp(np.linalg.solve)
def solve(g, z, a, b):
    if np.ndim(b) == 1:
        b_bar = np.linalg.solve(_t(a), _column(g))[..., 0]
        return -_column(b_bar) * _row(z), b_bar
    b_bar = np.linalg.solve(_t(a), g)
    return -(b_bar @ _t(z)), b_bar


@vjp(np.linalg.inv)
def inv(g, z, a):
    return -(_t(z) @ g @ _t(z))


@vjp(np.linalg.lstsq)
def lstsq(g, z, a, b, rcond=None):
    _refuse_complex(a)
    x, r = z[0], b - a @ z[0]
    inverse = np.linalg.pinv(a)
    a_bar, b_bar = 0.0, 0.0
    if g[0] is not None:
        b_bar = _t(inverse) @ g[0]
        beyond = g[0] - _t(a) @ b_bar
        a_bar = _product(r, inverse @ b_bar) + _product(_t(inverse) @ x, beyond) - _product(b_bar, x)
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
    return np.outer(a, b) if np.ndim(a) == 1 else a @ _t(b)


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
    back = -(_t(z) @ g @ _t(z)) + off_range @ _t(g) @ z @ _t(z)
    return back + _t(z) @ z @ _t(g) @ off_kernel


def _cofactors(a):
    """The matrix of cofactors of singular matrices, from the determinants of their minors."""
    n = np.shape(a)[-1]
    kept = np.reshape(np.array([j for k in range(n) for j in range(n) if j != k], np.intp), (n, max(n - 1, 0)))
    minors = a[..., kept[:, None, :, None], kept[None, :, None, :]]
    signs = 1.0 - 2.0 * ((np.arange(n)[:, None] + np.arange(n)) % 2)
    return signs * np.linalg.det(minors)


@vjp(np.linalg.det)
def det(g, z, a):
    g = _column(_column(g))
    if np.all(z != 0):
        return g * _column(_column(z)) * _t(np.linalg.inv(a))
    return g * _cofactors(a)


@vjp(np.linalg.slogdet)
def slogdet(g, z, a):
    if np.iscomplexobj(a) and g[0] is not None:
        raise NotImplementedError("the derivative of the sign of a complex determinant")
    log_bar = _column(_column(g[1]))
    if np.all(z[0] != 0):
        return log_bar * _t(np.linalg.inv(a))
    cofactors = _cofactors(a)
    inverse = cofactors * _column(_column(np.where(z[0] == 0, 1.0, z[0]) * np.exp(-z[1])))
    return log_bar * np.where(cofactors == 0, 0.0, inverse)


# Factorisations


def _fold(s, triangle):
    """The cotangent of the triangle that was read, from that of the whole symmetric or Hermitian matrix."""
    if np.iscomplexobj(s):
        # Of the numbers on the diagonal, only the real parts are read.
        s = s - 1j * np.imag(s) * np.eye(np.shape(s)[-1])
    if triangle == "L":
        return np.tril(s) + np.tril(_h(s), -1)
    return np.triu(s) + np.triu(_h(s), 1)


@vjp(np.linalg.cholesky)
def cholesky(g, z, a, /, *, upper=False):
    """Murray (2016), in the closed form with two triangular solves."""
    factor_t = z if upper else _h(z)
    if np.iscomplexobj(a):
        own = _t(g) if upper else np.conj(g)
        inner = np.tril(factor_t @ own)
        inner = np.tril(inner, -1) + 0.5 * np.real(inner) * np.eye(np.shape(a)[-1])
        s = np.linalg.solve(factor_t, _h(np.linalg.solve(factor_t, _h(inner))))
        return _fold(np.conj(s), "U" if upper else "L")
    inner = factor_t @ (_t(g) if upper else g)
    inner = np.tril(inner) * (1.0 - 0.5 * np.eye(np.shape(a)[-1]))
    s = np.linalg.solve(factor_t, _t(np.linalg.solve(factor_t, _t(inner))))
    return _fold(s, "U" if upper else "L")


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
        s = (v * _row(w_bar)) @ _t(v)
    if v_bar is not None:
        s = s + v @ (_reciprocal(_row(w) - _column(w)) * (_t(v) @ v_bar)) @ _t(v)
    return _fold(s, UPLO.upper())


def _complex_eigh_bar(w_bar, v_bar, w, v, triangle):
    s = np.zeros(np.shape(v)) + 0j
    if w_bar is not None:
        s = s + (v * _row(w_bar)) @ _h(v)
    if v_bar is not None:
        own = _h(v) @ np.conj(v_bar)
        turns = np.abs(np.imag(np.diagonal(own, 0, -2, -1)))
        if np.any(turns > 1e-8 * (1.0 + np.max(np.abs(own)))):
            raise NotImplementedError("a derivative that depends on the arbitrary phases of complex eigenvectors")
        s = s + v @ (_reciprocal(_row(w) - _column(w)) * own) @ _h(v)
    return _fold(np.conj(s), triangle)


@vjp(np.linalg.eigvalsh)
def eigvalsh(g, z, a, UPLO="L"):
    v = np.linalg.eigh(a, UPLO)[1]
    if np.iscomplexobj(a):
        return _fold((np.conj(v) * _row(g)) @ _t(v), UPLO.upper())
    return _fold((v * _row(g)) @ _t(v), UPLO.upper())


@vjp(np.linalg.svd)
def svd(g, z, a, full_matrices=True, compute_uv=True, hermitian=False):
    """Townsend (2016), for the thin decomposition."""
    if not compute_uv:
        return _svdvals_bar(g, a)
    _refuse_complex(a)
    if hermitian or (full_matrices and np.shape(a)[-1] != np.shape(a)[-2]):
        raise NotImplementedError("the derivative of np.linalg.svd: give full_matrices=False, and no hermitian=True")
    u, s, v = z[0], z[1], _t(z[2])
    gaps = _reciprocal((_row(s) - _column(s)) * (_row(s) + _column(s)))
    inverse = _row(_reciprocal(s))
    middle = 0.0
    a_bar = 0.0
    if g[1] is not None:
        middle = _row(g[1]) * np.eye(np.shape(s)[-1])
    if g[0] is not None:
        own = _t(u) @ g[0]
        middle = middle + gaps * (own - _t(own)) * _row(s)
        a_bar = a_bar + ((g[0] - u @ own) * inverse) @ _t(v)
    if g[2] is not None:
        own = _t(v) @ _t(g[2])
        middle = middle + _column(s) * (gaps * (own - _t(own)))
        a_bar = a_bar + (u * inverse) @ _t(_t(g[2]) - v @ own)
    return a_bar + u @ (middle + np.zeros(np.shape(gaps))) @ _t(v)


def _svdvals_bar(g, a):
    factors = np.linalg.svd(a, full_matrices=False)
    a_bar = (factors[0] * _row(g)) @ factors[2]
    return np.conj(a_bar) if np.iscomplexobj(a) else a_bar


@vjp(np.linalg.svdvals)
def svdvals(g, z, x):
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
    x_bar = _qr_bar(q_bar + y @ _t(v_bar), np.triu(r_bar[..., :, :m]), q, r[..., :, :m])
    return np.concatenate([x_bar, q @ v_bar], -1)


def _qr_bar(q_bar, r_bar, q, r):
    inner = r @ _t(r_bar) - _t(q_bar) @ q
    symmetric = np.tril(inner) + _t(np.tril(inner, -1))
    return _t(np.linalg.solve(r, _t(q_bar + q @ symmetric)))


nondifferentiable(np.linalg.matrix_rank)

views(np.diagonal, np.linalg.diagonal, np.diag, np.matrix_transpose, np.linalg.matrix_transpose)

methods(diagonal=np.diagonal, trace=np.trace, dot=np.dot, mT=np.matrix_transpose)
