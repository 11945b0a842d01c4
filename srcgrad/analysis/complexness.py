"""Which values may be complex: where no type says so, by what they are computed from.

The cotangent of a real number is real. Where a number of unknown kind may be real though it meets complex ones, its
contributions have an imaginary part that counts for nothing, and must not travel on.
"""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np

from srcgrad.analysis.activity import blocks, flows, in_and_out, spread, stored
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import contents_read, written
from srcgrad.ir.nodes import Call, Const, Function, Op, Value
from srcgrad.ir.types import Array, NpScalar, PyScalar, Type, number_of
from srcgrad.rules.registry import hashable

_REAL = frozenset(
    [
        *(abs, np.absolute, np.real, np.imag, np.angle, float, int),
        *(np.fft.irfft, np.fft.irfft2, np.fft.irfftn, np.fft.hfft),
        *(np.linalg.norm, np.linalg.cond, np.linalg.eigvalsh, np.linalg.svdvals),
    ]
)
_COMPLEX = frozenset(
    [
        *(complex, np.linalg.eig, np.linalg.eigvals, np.roots),
        *(np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.ihfft),
        *(np.fft.fft2, np.fft.ifft2, np.fft.rfft2, np.fft.fftn, np.fft.ifftn, np.fft.rfftn),
    ]
)


def is_complex(t: Type) -> bool | None:
    """Whether a number or an array of a type is complex, None if the type does not say."""
    t = number_of(t)
    if isinstance(t, PyScalar):
        return t.kind == "c"
    if isinstance(t, (NpScalar, Array)) and t.dtype is not None:
        return t.dtype.kind == "c"
    return None


class Complexness:
    """The values of some functions that may be complex."""

    def __init__(self, functions: list[Function], aliases: Aliases):
        self._aliases = aliases
        self._found: set[Any] = set()
        ops = [op for function in functions for op in in_and_out(function.body)]
        if any(map(_makes_complex, ops)):
            spread(self._found, ops, self._spread)

    def perhaps(self, value: Value) -> bool:
        """Whether a value may be complex."""
        known = is_complex(value.type)
        return self._key(value) in self._found if known is None else known

    def _key(self, value: Value) -> Any:
        return self._aliases.find(value) if self._aliases.is_written(value) else value

    def _spread(self, op: Op) -> None:
        if not isinstance(op, Call):
            self._found.update(self._key(target) for target, source in flows(op) if self.perhaps(source))
            return
        target = written(op)
        if target is not None and any(map(self.perhaps, stored(op))):
            self._found.add(self._key(target))
        if _is_real(op):
            return
        if _makes_complex(op) or any(map(self.perhaps, contents_read(op))):
            self._found.update(map(self._key, op.outputs))


def _is_real(op: Call) -> bool:
    fn = op.fn
    return blocks(op) or (hashable(fn) and fn in _REAL) or getattr(fn, "__module__", None) == math.__name__


def _makes_complex(op: Op) -> bool:
    """Whether an operation makes complex numbers of real ones."""
    if not isinstance(op, Call):
        return any(is_complex(v.type) for v in op.inputs)
    if (hashable(op.fn) and op.fn in _COMPLEX) or getattr(op.fn, "__module__", None) == cmath.__name__:
        return True
    return any(is_complex(v.type) or (isinstance(v, Const) and _is_complex_dtype(v.value)) for v in op.inputs)


def _is_complex_dtype(value: Any) -> bool:
    if isinstance(value, np.dtype):
        return value.kind == "c"
    return isinstance(value, type) and issubclass(value, (complex, np.complexfloating))
