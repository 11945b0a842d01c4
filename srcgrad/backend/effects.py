"""What an operation does besides computing its outputs: may it write, read memory that others write, or raise?

The answers decide what may move when temporaries are nested back into expressions, so they err on the safe side.
"""

from __future__ import annotations

import builtins
import math
import operator
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.backend.lookup import numpy_names
from srcgrad.ir.nodes import Call, Closed, Const, If, Loop, Op, Try, Value
from srcgrad.ir.types import PyScalar, Unknown, is_mutable

WRITES, READS, RAISES = 1, 2, 4
ALL = WRITES | READS | RAISES


def _words(text: str) -> list[str]:
    return text.split()


def _operators(names: str) -> set[Any]:
    return {getattr(operator, name) for name in _words(names)}


_TOTAL_OPERATORS = _operators(
    "add sub mul matmul neg pos invert not_ and_ or_ xor lt le eq ne gt ge is_ is_not truth abs"
)
_PARTIAL_OPERATORS = _operators("truediv floordiv mod pow lshift rshift contains")
_METADATA = {"shape", "ndim", "size", "dtype", "T", "real", "imag", "itemsize", "nbytes"}
_BUILTINS_TOTAL = {len, abs, isinstance, issubclass, type, range, slice, bool, tuple, list, dict, set, id, callable}
_BUILTINS_PARTIAL = {float, int, complex, min, max, sum, round, divmod, sorted, pow, str, repr, all, any, hash}
_NUMPY_WRITERS = set(
    _words(
        "copyto put put_along_axis place putmask fill_diagonal save savez savetxt seterr errstate set_printoptions "
        "apply_along_axis apply_over_axes vectorize frompyfunc fromfunction piecewise nditer"
    )
)
_NUMPY_TOTAL = set(
    _words(
        "sum mean prod zeros ones full empty zeros_like ones_like full_like empty_like where transpose array "
        "asarray copy shape ndim size result_type real imag arange eye outer conj float64 float32 int64 bool_ "
        "isscalar count_nonzero cumsum swapaxes linspace dot"
    )
)
_PURE_METHODS = {
    np.ndarray: "all any argmax argmin argsort astype clip conj conjugate copy cumprod cumsum diagonal dot flatten "
    "item max mean min nonzero prod ravel repeat reshape round searchsorted squeeze std sum swapaxes take tolist "
    "trace transpose var view",
    list: "copy count index",
    tuple: "count index",
    dict: "copy get items keys values",
    str: "format join lower upper strip split startswith endswith replace",
    float: "is_integer conjugate",
    int: "bit_length conjugate",
}
_PURE_DESCRIPTORS = {getattr(cls, name) for cls, names in _PURE_METHODS.items() for name in names.split()}
_MATH = {f for f in vars(math).values() if callable(f)}
_PURE_HELPERS = frozenset(["unbroadcast", "expanded", "like"])


def operands(op: Op) -> list[Value]:
    """The values an operation uses itself, in the order in which Python evaluates them in the generated statement."""
    if isinstance(op, Call) and len(op.args) > 1:
        if op.fn is operator.contains:
            return [*Call(op.fn, (op.args[1],)).inputs, *Call(op.fn, (op.args[0],)).inputs]
        if op.fn in (operator.setitem, runtime.outside_item, setattr) and len(op.args) == 3:
            return [*Call(op.fn, (op.args[2],)).inputs, *Call(op.fn, op.args[:2]).inputs]
    return op.inputs


def effects(op: Op, known: dict[Op, int]) -> int:
    """The flags of an operation; those of the operations in its regions must be in `known`."""
    if isinstance(op, (If, Loop)) and not isinstance(op, Try):
        flags = 0
        for region in op.regions:
            for inner in region.ops:
                flags |= known[inner]
        return flags
    if not isinstance(op, Call) or not op.outputs:
        return ALL
    flags = _call_effects(op)
    if flags & READS and not any(is_mutable(v.type) for v in op.inputs if not isinstance(v, Const)):
        flags &= ~READS
    return flags


def _call_effects(op: Call) -> int:
    fn = op.fn
    try:
        hash(fn)
    except TypeError:
        return ALL
    if fn in _TOTAL_OPERATORS:
        return READS
    if fn in _PARTIAL_OPERATORS:
        scalar = any(isinstance(v.type, (PyScalar, Unknown)) for v in op.inputs)
        return READS | (RAISES if scalar else 0)
    if fn is operator.getitem:
        return READS | RAISES
    if fn is getattr:
        attribute = op.args[1] if len(op.args) > 1 else None
        return 0 if isinstance(attribute, Const) and attribute.value in _METADATA else READS | RAISES
    if fn in _BUILTINS_TOTAL:
        return READS
    if fn in _BUILTINS_PARTIAL or fn in _PURE_DESCRIPTORS:
        return READS | RAISES
    if fn in _MATH:
        return RAISES
    return _library_effects(op)


def _library_effects(op: Call) -> int:
    fn = op.fn
    if isinstance(fn, Closed):
        return READS | RAISES
    module = getattr(fn, "__module__", None) or ""
    if module == "srcgrad.jit.helpers":
        return ALL if fn.__name__ == "taken_out" else READS | RAISES
    if module == "srcgrad.runtime" and getattr(fn, "__name__", "") in _PURE_HELPERS:
        return READS
    if module == "srcgrad.runtime" and getattr(fn, "__name__", "") == "shadow_of":
        # It looks up or allocates memory that no other name reaches before: whatever happens around it may move across.
        return 0
    if module.startswith("srcgrad.rules"):
        return READS | RAISES
    owner = getattr(fn, "__self__", None)
    if isinstance(owner, np.ufunc):
        return ALL if fn.__name__ == "at" or "out" in op.kwargs else READS | RAISES
    dotted = numpy_names().get(id(fn))
    if dotted is None:
        return READS if isinstance(fn, np.ufunc) and "out" not in op.kwargs else ALL
    name = dotted.rpartition(".")[2]
    if "out" in op.kwargs or name in _NUMPY_WRITERS or dotted.startswith("np.random.") or callable_argument(op):
        return ALL
    if isinstance(fn, np.ufunc):
        # More positional arguments than inputs are outputs to write into.
        return ALL if len(op.args) > fn.nin else READS
    return READS if name in _NUMPY_TOTAL else READS | RAISES


def callable_argument(op: Call) -> bool:
    """Whether a function is passed on, which may do anything."""
    return any(
        isinstance(v, Const)
        and callable(v.value)
        and not isinstance(v.value, type)
        and not hasattr(builtins, str(v.value))
        for v in op.inputs
    )
