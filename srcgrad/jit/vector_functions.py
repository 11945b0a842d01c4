"""Functions that work on several numbers at a time, where the machine has them: what loops call in place of NumPy's.

In plain Python they are NumPy's functions. `backend/vector_math.py` tells Numba what to compile in their place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.ir.nodes import Call, For, Function, Op, walk
from srcgrad.ir.types import NpScalar
from srcgrad.rules.registry import hashable

_NAMES: dict[str, str] = {
    **{name: name for name in ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan")},
    **{name: name for name in ("sinh", "cosh", "tanh", "cbrt")},
    **{"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh"},
    **{"arctanh": "atanh", "arctan2": "atan2", "hypot": "hypot", "power": "pow"},
}
"""NumPy's names -> those of the C library."""


def _make(name: str) -> Callable[..., Any]:
    ufunc = getattr(np, name)
    text = "x, y" if ufunc.nin == 2 else "x"
    scope: dict[str, Any] = {"ufunc": ufunc}
    exec(f"def {name}({text}):\n    return ufunc({text})\n", scope)
    made: Callable[..., Any] = scope[name]
    made.__doc__ = f"`np.{name}` of a number."
    made.__module__ = __name__
    return made


VECTOR_FUNCTIONS: dict[Any, Callable[..., Any]] = {getattr(np, name): _make(name) for name in _NAMES}
"""NumPy's function -> the one that loops call."""
C_NAMES: dict[Any, str] = {fn: _NAMES[fn.__name__] for fn in VECTOR_FUNCTIONS.values()}
"""The function that loops call -> its name in the C library."""
globals().update({fn.__name__: fn for fn in VECTOR_FUNCTIONS.values()})


def use_vector_functions(function: Function) -> None:
    """Calls functions that work on several numbers at a time in loops over the elements of arrays.

    Before -> after: `y[i] = np.exp(x[i])` -> `y[i] = exp(x[i])`.
    """
    for loop in walk(function.body):
        if isinstance(loop, For) and not any(isinstance(op, For) for op in walk(loop.body)):
            for op in walk(loop.body):
                _use(op)


def _use(op: Op) -> None:
    if not isinstance(op, Call) or not hashable(op.fn) or op.fn not in VECTOR_FUNCTIONS or op.kwargs:
        return
    dtypes = {v.type.dtype for v in [*op.inputs, *op.outputs] if isinstance(v.type, NpScalar)}
    if len(dtypes) == 1 and all(isinstance(v.type, NpScalar) for v in op.inputs) and dtypes.pop() in _DTYPES:
        op.fn = VECTOR_FUNCTIONS[op.fn]


_DTYPES = (np.dtype("f8"), np.dtype("f4"))
