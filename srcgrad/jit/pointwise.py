"""Which operations work element by element, and what each of them does with one element.

What an operation computes of numbers has to be of the dtype that it has of arrays: NumPy is asked for both, and where
the answers differ, the operation stays as it is.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.ir.nodes import Call, Const, If, Op, Region, Value
from srcgrad.ir.types import Array, NpScalar, PyScalar, Type, is_scalar
from srcgrad.rules.late import scipy_home
from srcgrad.rules.registry import IN_PLACE
from srcgrad.rules.result_types import result_type

_DTYPES = frozenset(np.dtype(code) for code in ("f8", "f4", "i8", "i4", "?"))
_OPERATORS = frozenset(
    getattr(operator, name)
    for name in [
        *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "neg", "pos", "abs"),
        *("lt", "le", "eq", "ne", "gt", "ge", "and_", "or_", "xor", "invert"),
    ]
)
_UFUNCS = frozenset(
    getattr(np, name)
    for name in [
        *("add", "subtract", "multiply", "divide", "true_divide", "floor_divide", "mod", "remainder", "power"),
        *("negative", "positive", "absolute", "fabs", "sign", "square", "sqrt", "reciprocal", "maximum", "minimum"),
        *("fmax", "fmin", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin"),
        *("arccos", "arctan", "arctan2", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "hypot", "cbrt"),
        *("floor", "ceil", "trunc", "rint", "isnan", "isinf", "isfinite", "logical_and", "logical_or", "logical_not"),
        *("logical_xor", "less", "less_equal", "equal", "not_equal", "greater", "greater_equal", "deg2rad", "rad2deg"),
        *("logaddexp", "copysign", "bitwise_and", "bitwise_or", "bitwise_xor", "invert", "fmod", "cbrt"),
    ]
)
_COPIES = frozenset([np.ndarray.copy, np.copy])
_POWERS = (operator.pow, np.power)


class Writer:
    """Writes operations on numbers.

    Attributes:
        region: where to.
        model: the operation that they stand for: of its line, and of its sweep.
    """

    def __init__(self, region: Region, model: Op):
        self.region = region
        self.model = model

    def add(self, op: Op) -> Op:
        """Appends an operation in place of the one that is written."""
        op.span, op.mirror = self.model.span, self.model.mirror
        return self.region.append(op)

    def call(self, fn: Callable, *args: Any, type: Type | None = None, **kwargs: Any) -> Value:
        """Appends a call; its result, of the type that it has for these arguments unless another is given."""
        output = Value(result_type(fn, args, kwargs, "element") if type is None else type, span=self.model.span)
        self.add(Call(fn, args, kwargs, [output], self.model.span))
        return output

    def effect(self, fn: Callable, *args: Any) -> None:
        """Appends a call without a result."""
        self.add(Call(fn, args, {}, []))

    def choice(self, condition: Value, yes: Value, no: Value, type: Type) -> Value:
        """Appends a choice between two numbers that are there."""
        output = Value(type, span=self.model.span)
        then, orelse = Region(), Region()
        then.results, orelse.results = [yes], [no]
        self.add(If(condition, then, orelse, [output]))
        return output

    def number(self, value: Value, dtype: np.dtype) -> Value:
        """A number as one of a dtype."""
        if value.type == NpScalar(dtype):
            return value
        if isinstance(value, Const):
            return Const(dtype.type(value.value))
        return self.call(dtype.type, value, type=NpScalar(dtype))


Element = Callable[..., Value]
"""Writes what is done with one element: from a `Writer` and a number for each operand."""


@dataclass(frozen=True, slots=True)
class Pointwise:
    """What an operation does with each element.

    Attributes:
        operands: its operands: arrays that broadcast to the shape of the result, and numbers.
        element: writes the element of the result.
        reads: of so many operands elements are read; of the others it is the shape that counts.
        outer: whether the first operand runs along the first axis only, and the second along the second.
    """

    operands: tuple[Value, ...]
    element: Element
    reads: int | None = None
    outer: bool = False


def is_plain_array(t: Type) -> bool:
    """Whether arrays of a type may be gone through by loops: of a known number of axes, at least one, and dtype."""
    return isinstance(t, Array) and bool(t.shape) and t.dtype is not None and t.dtype in _DTYPES


def is_plain_number(t: Type) -> bool:
    """Whether a number of a type may be used by loops."""
    return (isinstance(t, PyScalar) and type(t) is PyScalar and t.kind in "bif") or (
        isinstance(t, NpScalar) and t.dtype in _DTYPES
    )


def stand_in(value: Value) -> Value:
    """A number for an element of an array; a number for itself."""
    return Value(NpScalar(value.type.dtype)) if isinstance(value.type, Array) and value.type.dtype else value


def pointwise(op: Call) -> Pointwise | None:
    """What an operation with one new array as its result does with each element, None if it is of another kind."""
    if len(op.outputs) != 1 or op.unpacks or not is_plain_array(op.outputs[0].type):
        return None
    try:
        found = _described(op)
    except TypeError:
        # A callable without a hash is none of these.
        return None
    if found is None or not all(is_plain_array(v.type) or is_plain_number(v.type) for v in found.operands):
        return None
    return found if _has_dtype(found, op.outputs[0].type.dtype) else None  # type: ignore[attr-defined]


def _has_dtype(found: Pointwise, dtype: np.dtype) -> bool:
    trial = Writer(Region(), Call(operator.pos, ()))
    return found.element(trial, *map(stand_in, found.operands[: found.reads])).type == NpScalar(dtype)


def _described(op: Call) -> Pointwise | None:
    fn, args = op.fn, op.args
    plain = not op.kwargs and all(isinstance(arg, Value) for arg in args)
    if fn in _COPIES and plain and len(args) == 1:
        return Pointwise(args, lambda writer, x: x)
    if not plain:
        return None
    if fn in _POWERS and len(args) == 2 and isinstance(args[1], Const) and _is_float(args[0]):
        return Pointwise(args, _power_of(fn, args[1].value))
    if fn in _OPERATORS or (_is_elementwise(fn) and len(args) == fn.nin):  # type: ignore[attr-defined]
        return Pointwise(args, lambda writer, *numbers: writer.call(fn, *numbers))
    dtype = op.outputs[0].type.dtype  # type: ignore[attr-defined]
    if fn is np.where and len(args) == 3:
        return Pointwise(args, _choice_of(dtype))
    if fn in (np.clip, np.ndarray.clip) and len(args) == 3 and not any(_is_none(a) for a in args):
        return Pointwise(args, _clipped)
    if fn is np.outer and len(args) == 2 and all(isinstance(a.type, Array) and a.type.ndim == 1 for a in args):
        return Pointwise(args, lambda writer, x, y: writer.call(operator.mul, x, y), outer=True)
    if fn is runtime.unbroadcast and len(args) == 2 and all(_is_of(a, op.outputs[0].type) for a in args):
        return Pointwise(args, lambda writer, g: g, reads=1)
    if fn is runtime.masked_product and len(args) == 2 and _same_float(args, dtype):
        return Pointwise(args, _masked_product)
    return None


def _is_elementwise(fn: Callable) -> bool:
    return fn in _UFUNCS or (isinstance(fn, np.ufunc) and scipy_home(fn) == "scipy.special")


def _is_of(value: Value, t: Type) -> bool:
    """Whether an array is of the dtype and the number of axes of a type."""
    assert isinstance(t, Array)
    return isinstance(value.type, Array) and value.type.dtype == t.dtype and value.type.ndim == t.ndim


def _is_none(value: Value) -> bool:
    return isinstance(value, Const) and value.value is None


def _is_float(value: Value) -> bool:
    return isinstance(value.type, Array) and value.type.dtype is not None and value.type.dtype.kind == "f"


def _same_float(operands: tuple[Value, ...], dtype: np.dtype) -> bool:
    """Whether the operands are floats of this dtype, or plain numbers."""
    return all(
        (is_scalar(v.type) and isinstance(v.type, PyScalar)) or getattr(v.type, "dtype", None) == dtype
        for v in operands
    )


def _power_of(fn: Callable, exponent: Any) -> Element:
    """Powers as NumPy computes those of arrays: squares, roots and reciprocals are not powers."""

    def element(writer: Writer, x: Value, by: Value) -> Value:
        if exponent == 2:
            return writer.call(operator.mul, x, x)
        if exponent == 1:
            return writer.call(operator.pos, x)
        if exponent == 0.5:
            return writer.call(np.sqrt, x)
        if exponent == -1:
            return writer.call(operator.truediv, Const(1.0), x)
        return writer.call(fn, x, by)

    return element


def _choice_of(dtype: np.dtype) -> Element:
    def element(writer: Writer, condition: Value, x: Value, y: Value) -> Value:
        return writer.choice(condition, writer.number(x, dtype), writer.number(y, dtype), NpScalar(dtype))

    return element


def _clipped(writer: Writer, x: Value, low: Value, high: Value) -> Value:
    return writer.call(np.minimum, writer.call(np.maximum, x, low), high)


def _masked_product(writer: Writer, g: Value, partial: Value) -> Value:
    product = writer.call(operator.mul, g, partial)
    is_zero = writer.call(operator.eq, g, Const(0.0))
    dtype = product.type.dtype if isinstance(product.type, NpScalar) else np.dtype(float)
    return writer.choice(is_zero, writer.number(Const(0.0), dtype), product, NpScalar(dtype))


_UPDATES: dict[Callable, Callable] = {
    **{getattr(operator, f"i{name}"): getattr(operator, name) for name in ("add", "sub", "mul", "truediv")},
    **{getattr(runtime, f"{name}_item"): getattr(operator, name) for name in ("add", "sub", "mul", "truediv")},
}
_ITEM_UPDATES: dict[Callable, Callable] = {
    getattr(operator, name): getattr(runtime, f"{name}_item") for name in ("add", "sub", "mul", "truediv")
}


def update_of(fn: Callable) -> Callable | None:
    """For `x += v` and `x[i] += v`: the operator."""
    return _UPDATES.get(fn) if type(fn).__hash__ is not None else None


def in_place_of(fn: Callable) -> Callable | None:
    """For `x[i] += v`: the operator of `part += v`."""
    return next((f for f, own in _UPDATES.items() if own is _UPDATES.get(fn) and f in IN_PLACE), None)


def item_update_of(fn: Callable) -> Callable:
    """The call for `x[i] += v`, from the operator."""
    return _ITEM_UPDATES[fn]


def fits_into(fn: Callable | None, target: Array, value: Value) -> bool:
    """Whether NumPy writes a number into an array, or updates an element with it."""
    assert target.dtype is not None
    number = stand_in(value)
    if fn is not None:
        t = result_type(fn, (Value(NpScalar(target.dtype)), number), {}, "element")
        return isinstance(t, NpScalar) and np.can_cast(t.dtype, target.dtype, "same_kind")
    t = number.type
    kind = t.kind if isinstance(t, PyScalar) else t.dtype.kind if isinstance(t, NpScalar) else "O"
    return "bif".find(kind) <= "bif".find(target.dtype.kind) and kind in "bif"
