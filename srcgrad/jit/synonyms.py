"""Functions that do what another one does that Numba knows, or that has a definition; like `definitions`."""

from __future__ import annotations

import numpy as np

from srcgrad.ir.types import rank
from srcgrad.jit.defining import Definitions

DEFINITIONS = Definitions()
_defines = DEFINITIONS.of


@_defines(np.linalg.trace)
def trace(x, *, offset=0):
    return np.trace(x, offset) if np.ndim(x) == 2 else np.trace(x, offset, -2, -1)


@_defines(np.linalg.diagonal)
def diagonal(x, *, offset=0):
    return np.diagonal(x, offset) if np.ndim(x) == 2 else np.diagonal(x, offset, -2, -1)


@_defines(np.linalg.outer)
def outer(a, b):
    return np.outer(a, b)


@_defines(np.linalg.matmul)
def matmul(a, b):
    return a @ b


@_defines(np.linalg.matrix_transpose, np.matrix_transpose)
def matrix_transpose(x):
    return np.swapaxes(x, -1, -2)


@_defines(np.linalg.vecdot, np.vecdot)
def vecdot(a, b, *, axis=-1):
    if np.iscomplexobj(a):
        a = np.conj(a)
    return np.sum(a * b, axis=axis)


@_defines(np.linalg.cross)
def cross(a, b, *, axis=-1):
    if axis != -1:
        raise NotImplementedError("np.linalg.cross along another axis")
    return np.cross(a, b)


@_defines(np.linalg.svdvals)
def svdvals(x):
    return np.linalg.svd(x, compute_uv=False)


@_defines(np.linalg.vector_norm)
def vector_norm(x, *, axis=None, ord=2):
    return np.linalg.norm(np.ravel(x), ord) if axis is None else np.linalg.norm(x, ord, axis)


@_defines(np.linalg.matrix_norm)
def matrix_norm(x, *, ord="fro"):
    if np.ndim(x) != 2:
        raise NotImplementedError("np.linalg.matrix_norm of several matrices")
    return np.linalg.norm(x, ord)


def _is_one_product(op):
    return {rank(arg.type) for arg in op.args[:2]} == {1, 2}


if hasattr(np, "matvec"):

    @_defines(np.matvec, when=_is_one_product)
    def matvec(a, x):
        return a @ x

    @_defines(np.vecmat, when=_is_one_product)
    def vecmat(x, a):
        if np.iscomplexobj(x):
            x = np.conj(x)
        return x @ a


@_defines(np.asanyarray)
def asanyarray(a):
    return np.asarray(a)


@_defines(np.atleast_1d, when=lambda op: rank(op.args[0].type) == 0)
def atleast_1d(x):
    return np.reshape(x, (1,))


if hasattr(np, "cumulative_sum"):

    @_defines(np.cumulative_sum)
    def cumulative_sum(x, *, axis=None):
        return np.cumsum(x, axis=axis)

    @_defines(np.cumulative_prod)
    def cumulative_prod(x, *, axis=None):
        return np.cumprod(x, axis=axis)


# Methods of ufuncs


@_defines(np.add.reduce)
def add_reduce(x, axis=0):
    return np.sum(x, axis=axis)


@_defines(np.multiply.reduce)
def multiply_reduce(x, axis=0):
    return np.prod(x, axis=axis)


@_defines(np.maximum.reduce)
def maximum_reduce(x, axis=0):
    return np.max(x, axis=axis)


@_defines(np.minimum.reduce)
def minimum_reduce(x, axis=0):
    return np.min(x, axis=axis)


@_defines(np.add.accumulate)
def add_accumulate(x, axis=0):
    return np.cumsum(x, axis=axis)


@_defines(np.multiply.accumulate)
def multiply_accumulate(x, axis=0):
    return np.cumprod(x, axis=axis)


def _has_two_vectors(op):
    return all(rank(arg.type) == 1 for arg in op.args[:2])


@_defines(np.add.outer, when=_has_two_vectors)
def add_outer(a, b):
    return a[:, None] + b[None, :]


@_defines(np.subtract.outer, when=_has_two_vectors)
def subtract_outer(a, b):
    return a[:, None] - b[None, :]


@_defines(np.multiply.outer, when=_has_two_vectors)
def multiply_outer(a, b):
    return a[:, None] * b[None, :]


# Elementwise


@_defines(np.heaviside)
def heaviside(x, at_zero):
    return np.where(np.isnan(x), x, np.where(x == 0, at_zero, np.where(x < 0, 0.0, 1.0)))


@_defines(np.modf)
def modf(x):
    whole = np.trunc(x)
    return np.copysign(np.where(np.isinf(x), 0.0, x - whole), x), whole


# Polynomials


def _padded(p, length):
    out = np.zeros(length, p.dtype)
    out[length - len(p) :] = p
    return out


@_defines(np.polyadd, when=_has_two_vectors)
def polyadd(a, b):
    length = max(len(a), len(b))
    return _padded(a, length) + _padded(b, length)


@_defines(np.polysub, when=_has_two_vectors)
def polysub(a, b):
    length = max(len(a), len(b))
    return _padded(a, length) - _padded(b, length)


@_defines(np.polyder, when=lambda op: rank(op.args[0].type) == 1)
def polyder(p, m=1):
    for _ in range(m):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p
