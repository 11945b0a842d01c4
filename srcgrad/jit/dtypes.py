"""Dtypes by the names that Numba takes: `float` is one to NumPy, and a function to Numba."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcgrad.ir.nodes import Call, Const, Function, map_tree, walk

_SCALARS = {float: np.float64, int: np.int64, bool: np.bool_, complex: np.complex128}


def name_dtypes(function: Function) -> None:
    """Says which of NumPy's kinds of numbers is meant where Python's, or a text, stands for it.

    Before -> after: `x.astype(float)` -> `x.astype(np.float64)`; `np.zeros(n, dtype="float32")` ->
    `np.zeros(n, dtype=np.float32)`.
    """
    for op in walk(function.body):
        if isinstance(op, Call) and _is_numpy(op.fn):
            op.args = map_tree(_named, op.args)
            op.kwargs = {key: map_tree(_named, tree) for key, tree in op.kwargs.items()}
            if "dtype" in op.kwargs:
                op.kwargs["dtype"] = _read(op.kwargs["dtype"])
            if op.fn is np.ndarray.astype and len(op.args) > 1:
                op.args = (op.args[0], _read(op.args[1]), *op.args[2:])


def _is_numpy(fn: Any) -> bool:
    owner = getattr(fn, "__objclass__", None)
    return owner is np.ndarray or (getattr(fn, "__module__", None) or type(fn).__module__).partition(".")[0] == "numpy"


def _named(leaf: Any) -> Any:
    if isinstance(leaf, Const) and isinstance(leaf.value, type) and leaf.value in _SCALARS:
        return Const(_SCALARS[leaf.value])
    return leaf


def _read(leaf: Any) -> Any:
    """A dtype that is given as a text or an object, as the type of its numbers."""
    if isinstance(leaf, Const) and isinstance(leaf.value, (str, np.dtype)):
        dtype = np.dtype(leaf.value)
        return Const(dtype.type) if dtype.isnative else leaf
    return leaf
