"""Factorisations and products of matrices with options that Numba lacks; like `definitions`."""

from __future__ import annotations

import numpy as np

from srcgrad.ir.nodes import Const
from srcgrad.ir.types import rank
from srcgrad.jit.defining import Definitions

DEFINITIONS = Definitions()
_defines = DEFINITIONS.of


def _has_no_cutoff(op):
    given = op.args[2] if len(op.args) > 2 else op.kwargs.get("rcond", Const(None))
    return isinstance(given, Const) and given.value is None


@_defines(np.linalg.lstsq, when=_has_no_cutoff)
def lstsq(a, b, rcond=None, *, of_result):
    if of_result not in (np.float64, np.complex128):
        raise NotImplementedError("NumPy computes these in double precision, and Numba does not")
    return np.linalg.lstsq(a, b, 2.0**-52 * max(a.shape[0], a.shape[1]))


def _is_stacked_or_upper(op):
    return rank(op.args[0].type) != 2 or len(op.args) + len(op.kwargs) > 1


@_defines(np.linalg.eigh, when=_is_stacked_or_upper)
def eigh(a, UPLO="L", *, of_result):
    lower = a if UPLO in ("L", "l") else np.conj(np.swapaxes(a, -1, -2))
    if np.ndim(a) == 2:
        return np.linalg.eigh(lower)
    if np.iscomplexobj(a):
        raise NotImplementedError("np.linalg.eigh of several complex matrices")
    stacked = np.reshape(lower, (-1, a.shape[-2], a.shape[-1]))
    values, vectors = np.empty((stacked.shape[0], a.shape[-1]), of_result), np.empty(stacked.shape, of_result)
    for k in range(stacked.shape[0]):
        values[k], vectors[k] = np.linalg.eigh(stacked[k])
    return np.reshape(values, tuple([a.shape[k] for k in range(np.ndim(a) - 1)])), np.reshape(vectors, a.shape)


@_defines(np.linalg.eigvalsh, when=_is_stacked_or_upper)
def eigvalsh(a, UPLO="L", *, of_result):
    lower = a if UPLO in ("L", "l") else np.conj(np.swapaxes(a, -1, -2))
    if np.ndim(a) == 2:
        return np.linalg.eigvalsh(lower)
    stacked = np.reshape(lower, (-1, a.shape[-2], a.shape[-1]))
    values = np.empty((stacked.shape[0], a.shape[-1]), of_result)
    for k in range(stacked.shape[0]):
        values[k] = np.linalg.eigvalsh(stacked[k])
    return np.reshape(values, tuple([a.shape[k] for k in range(np.ndim(a) - 1)]))


@_defines(np.linalg.svd)
def svd(a, full_matrices=True, compute_uv=True):
    if compute_uv:
        raise NotImplementedError("Numba knows it")
    return np.linalg.svd(a, False)[1]


@_defines(np.linalg.multi_dot)
def multi_dot(arrays):
    if len(arrays) == 3 and np.ndim(arrays[0]) == 2 and np.ndim(arrays[2]) == 2:
        a, b, c = arrays
        from_left = a.shape[0] * b.shape[1] * (a.shape[1] + c.shape[1])
        from_right = a.shape[1] * c.shape[1] * (b.shape[1] + a.shape[0])
        return (a @ b) @ c if from_left < from_right else a @ (b @ c)
    if np.ndim(arrays[-1]) == 1:
        product = arrays[-1]
        for k in range(len(arrays) - 2, -1, -1):
            product = arrays[k] @ product
        return product
    product = arrays[0]
    for k in range(1, len(arrays)):
        product = product @ arrays[k]
    return product
