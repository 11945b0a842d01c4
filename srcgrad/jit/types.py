"""What Numba can hold: the kinds of values that compiled code may compute with."""

from __future__ import annotations

import numpy as np

from srcgrad.ir.types import (
    NONE,
    STR,
    UNKNOWN,
    Array,
    Dict,
    List,
    Maybe,
    NpScalar,
    Opaque,
    Parts,
    PyScalar,
    Record,
    Tuple,
    Type,
)
from srcgrad.transform.split import TAPE

_DTYPES = frozenset(map(np.dtype, ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c8", "c16"]))


def is_dtype(dtype: np.dtype | None) -> bool:
    """Whether Numba computes with numbers of this dtype."""
    return dtype is not None and dtype.isnative and dtype in _DTYPES


def is_compilable(t: Type) -> bool:
    """Whether a value of this type can be in compiled code, and is known well enough to be computed with there."""
    if isinstance(t, PyScalar):
        return True
    if isinstance(t, NpScalar):
        return is_dtype(t.dtype)
    if isinstance(t, Array):
        return is_dtype(t.dtype) and t.shape is not None
    if isinstance(t, (Record, Parts)):
        return False
    if isinstance(t, Maybe):
        # Numba calls that optional.
        return isinstance(t.item, (PyScalar, NpScalar)) and is_compilable(t.item)
    if isinstance(t, Tuple):
        return all(map(is_compilable, t.items))
    if isinstance(t, List):
        # What a tape holds is known where it is taken from it.
        return not t.or_none and not isinstance(t.item, Maybe) and (t.item == UNKNOWN or is_compilable(t.item))
    if isinstance(t, Dict):
        return isinstance(t.item, PyScalar)
    return t in (NONE, STR, TAPE) or (isinstance(t, Opaque) and issubclass(t.cls, BaseException))


def kind_of(t: Type) -> np.dtype | None:
    """The dtype that values of this type have in compiled code, None if they are neither numbers nor arrays."""
    if isinstance(t, PyScalar):
        return np.dtype({"b": "b1", "i": "i8", "f": "f8", "c": "c16"}[t.kind])
    return t.dtype if isinstance(t, (NpScalar, Array)) else None
