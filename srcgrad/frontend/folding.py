"""Constant folding while lowering: what is known at compile time never reaches the graph."""

from __future__ import annotations

import math
import operator
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.frontend.values import NOT_CONSTANT, Sequence, Symbol, constant
from srcgrad.ir.nodes import UNDEFINED, Const, Value
from srcgrad.ir.types import Array, NpScalar, PyScalar, Type, is_scalar, rank

_BUILTINS = {abs, min, max, len, int, float, bool, str, round, divmod, sum, any, all, sorted, ord, chr, repr, hash}
_OPERATORS = {
    getattr(operator, name)
    for name in [
        "add",
        "sub",
        "mul",
        "truediv",
        "floordiv",
        "mod",
        "pow",
        "neg",
        "pos",
        "invert",
        "not_",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "is_",
        "is_not",
        "contains",
        "getitem",
        "and_",
        "or_",
        "xor",
        "lshift",
        "rshift",
    ]
}
_MATH = {fn for fn in vars(math).values() if isinstance(fn, types.BuiltinFunctionType)}
_RANKS = {np.ndim}
_COMPLEX = {np.iscomplexobj, np.isrealobj}
_LARGEST_POWER = 64


def fold(fn: Callable, args: tuple[Symbol, ...], kwargs: dict[str, Symbol]) -> Symbol | None:
    """The result of a call that is known at compile time, None if it is not."""
    if any(_has_undefined(symbol) for symbol in (*args, *kwargs.values())):
        return Const(UNDEFINED)
    if fn in _RANKS and isinstance(args[0], Value):
        known = rank(args[0].type)
        return None if known is None else Const(known)
    if fn in _OPERATORS or fn in _BUILTINS or fn in _MATH or _is_string_method(fn):
        return _evaluate(fn, args, kwargs)
    if fn is np.size and isinstance(args[0], Value) and is_scalar(args[0].type):
        return Const(1)
    if fn in _COMPLEX and isinstance(args[0], Value):
        complex_ = _is_complex(args[0].type)
        return None if complex_ is None else Const(complex_ is (fn is np.iscomplexobj))
    return None


def _is_complex(t: Type) -> bool | None:
    """Whether values of a type are complex; None if that is not known."""
    if isinstance(t, PyScalar):
        return t.kind == "c"
    if isinstance(t, (Array, NpScalar)) and t.dtype is not None and t.dtype.kind in "biufc":
        return t.dtype.kind == "c"
    return None


def _has_undefined(symbol: Any) -> bool:
    if isinstance(symbol, Sequence):
        return any(_has_undefined(item) for item in symbol.items)
    return isinstance(symbol, Const) and symbol.value is UNDEFINED


def _is_string_method(fn: Callable) -> bool:
    return isinstance(fn, types.MethodDescriptorType) and fn.__objclass__ is str


def _evaluate(fn: Callable, args: tuple[Symbol, ...], kwargs: dict[str, Symbol]) -> Symbol | None:
    values = [constant(arg) for arg in args]
    named = {name: constant(arg) for name, arg in kwargs.items()}
    if any(v is NOT_CONSTANT for v in values) or any(v is NOT_CONSTANT for v in named.values()):
        return None
    if fn is operator.pow and isinstance(values[1], int) and abs(values[1]) > _LARGEST_POWER:
        return None
    try:
        return as_symbol(fn(*values, **named))
    except Exception:
        # The program raises here if it gets here; it must do so at run time.
        return None


def as_symbol(value: Any) -> Symbol | None:
    """The constant symbol of a Python value; None for a value that is no literal."""
    if value is None or isinstance(value, (bool, int, float, complex, str, np.dtype, type(Ellipsis))):
        return Const(value)
    if type(value) in (tuple, list):
        items = [as_symbol(item) for item in value]
        return None if any(item is None for item in items) else Sequence(tuple(items))
    return None


def axis_length(value: Value, axis: int) -> int | None:
    """The length of an axis of an array where its type says it."""
    if (
        isinstance(value.type, Array)
        and value.type.shape is not None
        and -len(value.type.shape) <= axis < len(value.type.shape)
    ):
        length = value.type.shape[axis]
        return length if isinstance(length, int) else None
    return None
