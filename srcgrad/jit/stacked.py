"""Functions of matrices, for several of them in one array, which Numba takes one by one; like `definitions`."""

from __future__ import annotations

import numpy as np

from srcgrad.ir.types import rank
from srcgrad.jit.defining import Definitions

DEFINITIONS = Definitions()
_defines = DEFINITIONS.of


def _is_stacked(op):
    return rank(op.args[0].type) not in (1, 2)


def _one_by_one(fn, a, dtype, ndim):
    """What a function of matrices gives for each of several."""
    stacked = np.reshape(a, (-1, a.shape[-2], a.shape[-1]))
    lengths = [a.shape[k] for k in range(np.ndim(a))]
    out = np.empty((stacked.shape[0], *lengths[np.ndim(a) - ndim :]), dtype)
    for k in range(stacked.shape[0]):
        out[k] = fn(stacked[k])
    return np.reshape(out, (*lengths[:-2], *lengths[np.ndim(a) - ndim :]))


@_defines(np.linalg.det, when=_is_stacked)
def det(a, *, of_result):
    return _one_by_one(np.linalg.det, a, of_result, 0)


@_defines(np.linalg.inv, when=_is_stacked)
def inv(a, *, of_result):
    return _one_by_one(np.linalg.inv, a, of_result, 2)


@_defines(np.linalg.cholesky, when=_is_stacked)
def cholesky(a, *, of_result):
    return _one_by_one(np.linalg.cholesky, a, of_result, 2)


@_defines(np.linalg.slogdet, when=_is_stacked)
def slogdet(a, *, of_result):
    if np.iscomplexobj(a):
        raise NotImplementedError("np.linalg.slogdet of several complex matrices")
    stacked = np.reshape(a, (-1, a.shape[-2], a.shape[-1]))
    signs, logs = np.empty(stacked.shape[0], of_result), np.empty(stacked.shape[0], of_result)
    for k in range(stacked.shape[0]):
        signs[k], logs[k] = np.linalg.slogdet(stacked[k])
    shape = tuple([a.shape[k] for k in range(np.ndim(a) - 2)])
    return np.reshape(signs, shape), np.reshape(logs, shape)


@_defines(np.linalg.solve, when=lambda op: _is_stacked(op) or rank(op.args[1].type) not in (1, 2))
def solve(a, b, *, of_result):
    if np.ndim(a) == 2:
        # One factorisation does for all.
        columns = np.ascontiguousarray(np.moveaxis(b, -2, 0))
        count = columns.size // max(columns.shape[0], 1)
        solved = np.linalg.solve(a, np.reshape(columns, (columns.shape[0], count)))
        return np.moveaxis(np.reshape(solved, columns.shape), 0, -2)
    if np.ndim(a) != np.ndim(b):
        raise NotImplementedError("np.linalg.solve that stretches an axis")
    for k in tuple(range(np.ndim(a) - 2)):
        if a.shape[k] != b.shape[k]:
            raise ValueError("could not be broadcast together")
    left = np.reshape(a, (-1, a.shape[-2], a.shape[-1]))
    right = np.reshape(b, (-1, b.shape[-2], b.shape[-1]))
    out = np.empty(right.shape, of_result)
    for k in range(left.shape[0]):
        out[k] = np.linalg.solve(left[k], right[k])
    return np.reshape(out, b.shape)


@_defines(np.trace, np.ndarray.trace, when=lambda op: rank(op.args[0].type) != 2)
def trace(a, offset=0, axis1=0, axis2=1):
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1)
