"""Products of matrices for Numba, which has those of two arrays of floats with one or two axes each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.core.errors import TypingError
from numba.cpython.unsafe.tuple import tuple_setitem
from numba.extending import overload, register_jitable

from srcgrad.jit import helpers

_SMALL = 64
"""A product with a factor of so many elements costs less than a call of BLAS for it."""


@overload(helpers.multiplied, strict=False)
def _multiplied(a: Any, b: Any) -> Any:
    if not isinstance(a, types.Array) or not isinstance(b, types.Array) or 0 in (a.ndim, b.ndim):
        raise TypingError("a matrix product takes two arrays")
    dtype = np.result_type(_dtype_of(a), _dtype_of(b)).type
    if a.ndim == 1 and b.ndim == 1:
        return lambda a, b: _inner(a.astype(dtype), b.astype(dtype))
    if a.ndim == 1:
        return lambda a, b: helpers.multiplied(np.expand_dims(a, 0), b)[..., 0, :]
    if b.ndim == 1:
        return lambda a, b: helpers.multiplied(a, np.expand_dims(b, 1))[..., 0]
    by_blas = np.dtype(dtype).kind in "fc"
    same = by_blas and _dtype_of(a) == _dtype_of(b) == np.dtype(dtype)
    if a.ndim == 2 and b.ndim == 2:
        if same:
            return lambda a, b: np.dot(a, b)
        if by_blas:
            return lambda a, b: np.dot(a.astype(dtype), b.astype(dtype))
        return lambda a, b: helpers.multiplied(np.expand_dims(a, 0), np.expand_dims(b, 0))[0]
    if b.ndim == 2:
        return _rows_times(a.ndim)
    if a.ndim == 2:
        return lambda a, b: helpers.multiplied(np.expand_dims(a, 0), b)
    return _batched(dtype, max(a.ndim, b.ndim) - 2, a.ndim - 2, b.ndim - 2, same)


def _rows_times(ndim: int) -> Any:
    """A product of all rows of an array with one matrix."""
    last = ndim - 1

    def run(a: Any, b: Any) -> Any:
        inner = a.shape[last]
        rows = 1
        for k in range(last):
            rows *= a.shape[k]
        product = helpers.multiplied(np.ascontiguousarray(a).reshape((rows, inner)), b)
        return product.reshape(tuple_setitem(a.shape, last, b.shape[1]))

    return run


def _dtype_of(x: Any) -> np.dtype:
    return np.dtype("?" if isinstance(x.dtype, types.Boolean) else str(x.dtype))


@register_jitable(error_model="numpy")
def _inner(a: Any, b: Any) -> Any:
    if len(a) != len(b):
        raise ValueError("matmul: Input operand 1 has a mismatch in its core dimension 0")
    return helpers.total(a * b)


def _batched(dtype: Any, count: int, own_a: int, own_b: int, by_blas: bool) -> Any:
    """Products of matrices one by one; axes before the last two are stretched as others are."""
    ones = (1,) * count
    places_a, places_b = (0,) * own_a, (0,) * own_b
    more_a, more_b = count - own_a, count - own_b

    def run(a: Any, b: Any) -> Any:
        n, inner, m = a.shape[own_a], a.shape[own_a + 1], b.shape[own_b + 1]
        if b.shape[own_b] != inner:
            raise ValueError("matmul: Input operand 1 has a mismatch in its core dimension 0")
        lengths = ones
        for k in range(own_a):
            lengths = tuple_setitem(lengths, k + more_a, a.shape[k])
        for k in range(own_b):
            if lengths[k + more_b] == 1:
                lengths = tuple_setitem(lengths, k + more_b, b.shape[k])
            elif b.shape[k] != 1 and b.shape[k] != lengths[k + more_b]:
                raise ValueError("operands could not be broadcast together")
        out = np.zeros((*lengths, n, m), dtype)
        small = inner * m <= _SMALL or n * inner <= _SMALL
        for index in np.ndindex(lengths):
            i, j = places_a, places_b
            for k in range(own_a):
                i = tuple_setitem(i, k, index[k + more_a] if a.shape[k] != 1 else 0)
            for k in range(own_b):
                j = tuple_setitem(j, k, index[k + more_b] if b.shape[k] != 1 else 0)
            if small:
                _by_loops(a[i], b[j], out[index])
            else:
                multiply(a[i], b[j], out[index])
        return out

    multiply = _by_blas if by_blas else _by_loops
    return run


@register_jitable(error_model="numpy")
def _by_blas(a: Any, b: Any, out: Any) -> None:
    np.dot(np.ascontiguousarray(a), np.ascontiguousarray(b), out)


@register_jitable(error_model="numpy")
def _by_loops(a: Any, b: Any, out: Any) -> None:
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            factor = a[i, k]
            for j in range(b.shape[1]):
                out[i, j] += factor * b[k, j]
