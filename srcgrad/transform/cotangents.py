"""Arithmetic of cotangents: products with local gradients, sums over broadcast axes, accumulation.

A cotangent may be smaller than its primal: it stands for its broadcast, which is made only where it is needed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.memory import passed_on
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Sequence, Symbol
from srcgrad.ir.nodes import Call, Const, Region, Value
from srcgrad.ir.types import (
    F8,
    Array,
    Kept,
    List,
    NpScalar,
    PyScalar,
    Type,
    Unknown,
    broadcasts_to,
    extent_of,
    is_scalar,
    may_be_one,
    rank,
    same_length,
    shape_of,
)
from srcgrad.rules.extents import is_elementwise, is_fresh_number
from srcgrad.rules.registry import VIEWS, hashable
from srcgrad.transform.definedness import define_everywhere, may_be_missing, may_be_undefined

ZERO = Const(0.0)


def copier(value: Value) -> Callable:
    """What copies a value: the method of arrays, if it is surely one."""
    return np.ndarray.copy if isinstance(value.type, Array) else runtime.copied


def is_number(value: Value, number: float) -> bool:
    """Whether a value is this constant."""
    return isinstance(value, Const) and isinstance(value.value, (int, float)) and value.value == number


def product(lo: Lowering, g: Value, partial: Value) -> Value:
    """`g * partial`, without what a person would not write."""
    if is_number(partial, 1):
        return g
    if is_number(g, 1) and not isinstance(partial.type, PyScalar | NpScalar) and partial.type.differentiable:
        return partial
    if is_number(g, 1) and isinstance(partial.type, PyScalar | NpScalar) and partial.type.differentiable:
        return partial
    if is_number(partial, -1):
        return lo.value(lo.emit(operator.neg, g))
    if is_number(g, -1) and partial.type.differentiable:
        return lo.value(lo.emit(operator.neg, partial))
    source = g.owner
    if isinstance(source, Call) and source.fn is operator.neg and g.hint is None and _are_numbers(g, partial):
        # The sign goes to the front, where it becomes a subtraction.
        return _opposite(lo, product(lo, source.args[0], partial))
    if isinstance(source, Call) and source.fn is operator.truediv and isinstance(partial, Const) and is_scalar(g.type):
        top = source.args[0]
        if isinstance(top, Const) and isinstance(top.value, float) and isinstance(partial.value, (int, float)):
            return lo.value(lo.emit(operator.truediv, Const(top.value * partial.value), source.args[1]))
    owner = _just_made(lo, partial)
    if isinstance(owner, Call) and owner.fn is operator.truediv and is_number(owner.args[0], 1):
        return lo.value(lo.emit(operator.truediv, g, owner.args[1]))
    if isinstance(owner, Call) and owner.fn is np.divide and is_number(owner.args[0], 1):
        # Written so where Python would raise: of NumPy's own numbers and arrays the quotient never does.
        divide = np.divide if isinstance(g.type, (PyScalar, Unknown)) else operator.truediv
        return lo.value(lo.emit(divide, g, owner.args[1]))
    if isinstance(owner, Call) and owner.fn is operator.neg and not isinstance(g, Const) and _are_numbers(g, partial):
        return _opposite(lo, product(lo, g, owner.args[0]))
    if isinstance(owner, Call) and owner.fn is operator.neg and isinstance(g, Const) and isinstance(g.value, float):
        return product(lo, Const(-g.value), owner.args[0])
    if isinstance(owner, Call) and owner.fn is operator.mul and is_scalar(g.type) and extent_of(partial.type):
        first, second = owner.args
        if is_scalar(first.type) and not is_scalar(second.type):
            return lo.value(lo.emit(operator.mul, product(lo, g, first), second))
    return lo.value(lo.emit(operator.mul, g, partial))


def _opposite(lo: Lowering, number: Value) -> Value:
    owner = number.owner
    if isinstance(owner, Call) and owner.fn is operator.neg and number.hint is None:
        return owner.args[0]
    return lo.value(lo.emit(operator.neg, number))


def _are_numbers(*values: Value) -> bool:
    return all(is_scalar(v.type) and v.type.differentiable for v in values)


def _just_made(lo: Lowering, value: Value) -> Call | None:
    """The call that made a value for the operation now reversed: only then are its operands still as it read them."""
    owner = value.owner
    recent = lo.newest is not None and value.uid > lo.newest
    return owner if recent and isinstance(owner, Call) and owner.parent is lo.region else None


def add(lo: Lowering, a: Value, b: Value) -> Value:
    """`a + b`."""
    if is_number(a, 0):
        return b
    if is_number(b, 0):
        return a
    owner = _just_made(lo, b)
    if owner is not None and owner.fn is operator.neg and a is not b:
        return lo.value(lo.emit(operator.sub, a, owner.args[0]))
    return lo.value(lo.emit(operator.add, a, b))


def full_like(lo: Lowering, g: Value, x: Value) -> Value:
    """The cotangent `g` of `x` in the full shape of `x`."""
    if has_shape_of(g.type, x.type):
        return g
    if is_scalar(x.type):
        return g
    if isinstance(x.type, Array) and x.type.shape is not None and not may_be_missing(x):
        return lo.value(lo.emit(np.broadcast_to, g, _shape(lo, x)))
    return lo.value(lo.emit(runtime.expanded, g, x))


def _shape(lo: Lowering, x: Value) -> Symbol:
    from srcgrad.frontend.access import shape

    return shape(lo, x)


def has_shape_of(g: Type, x: Type) -> bool:
    """Whether a cotangent of type `g`, which broadcasts to its primal of type `x`, surely has its full shape."""
    if isinstance(g, List) and isinstance(x, List):
        # The shadow of a list has an item for each of its items.
        return True
    a, b = shape_of(g), shape_of(x)
    if a is not None and b is not None:
        return _equal(a, b)
    extent = extent_of(g)
    return extent is not None and extent == extent_of(x)


def reaches_beyond(g: Type, x: Type) -> bool:
    """Whether a cotangent of type `g` belongs to more elements than its primal of type `x` has: its sum is meant."""
    a, b = extent_of(g), extent_of(x)
    return isinstance(x, Unknown) and a is not None and b is not None and a != b and broadcasts_to(b, a)


def merged_type(cotangent: Value, x: Value) -> Type:
    """The type of what a branch gives as the cotangent of `x`: whatever its shape, it broadcasts to that of `x`."""
    extent = extent_of(x.type)
    if not isinstance(cotangent.type, Unknown) or not extent or extent_of(cotangent.type) == extent:
        return cotangent.type
    return Unknown(frozenset([Kept(extent, f"%{cotangent.uid}", True)]))


def surely_fits(c: Type, x: Type) -> bool:
    """Whether what is of type `c` has the shape of `x`, as far as can be told, or broadcasts to it."""
    if is_scalar(c):
        return True
    a, b = shape_of(c), shape_of(x)
    if a is not None and b is not None:
        pairs = zip(a[::-1], b[::-1], strict=False)
        return len(a) <= len(b) and all(p == 1 or same_length(p, q) for p, q in pairs)
    known, whole = extent_of(c), extent_of(x)
    return known is not None and whole is not None and broadcasts_to(known, whole)


def fit(lo: Lowering, c: Value, x: Value, z: Value | None, lazy: bool = False) -> Value:
    """Sums a contribution over the axes along which `x` was broadcast.

    Args:
        c: the contribution, in the shape of `z` or smaller.
        x: the primal input it belongs to.
        z: the primal output, None if `c` itself has its full shape.
        lazy: whether the sum may be left to the reverse of the elementwise operation that made `x`.
    """
    c = real_part(lo, c, x, z)
    target = shape_of(x.type)
    own = shape_of(c.type)
    whole = None if z is None else shape_of(z.type)
    complete = z is None or (own is not None and whole is not None and _equal(own, whole))
    if complete and target is not None and own is not None and _equal(target, own):
        return cast(lo, c, x)
    if target is None or own is None or (z is not None and whole is None):
        return _fit_extents(lo, c, x, z, lazy)
    whole = own if whole is None else whole
    drop = len(whole) - len(target)
    if drop < 0:
        return cast(lo, c, x)
    summed, unsure = list(range(drop)), False
    for k, axis in enumerate(target):
        other = whole[k + drop]
        if same_length(axis, other) or not may_be_one(axis):
            continue
        if axis == 1:
            summed.append(k + drop)
        else:
            unsure = True
    if not summed and not unsure:
        return cast(lo, c, x)
    if is_number(c, 0):
        return c
    if z is not None and len(own) <= len(whole) and not _equal(own, whole):
        c = full_like(lo, c, z)
    if unsure:
        return cast(lo, lo.value(lo.emit_typed(runtime.unbroadcast, (c, x), {}, _cotangent_type(x.type))), x)
    return cast(lo, _sum(lo, c, x, summed, drop), x)


def _fit_extents(lo: Lowering, c: Value, x: Value, z: Value | None, lazy: bool) -> Value:
    """As `fit`, where a rank is not known."""
    if is_number(c, 0):
        return c
    target, own = extent_of(x.type), extent_of(c.type)
    if target is not None and own is not None:
        if z is None:
            if broadcasts_to(own, target):
                return c
        elif target == extent_of(z.type) or (lazy and own == extent_of(z.type)):
            return c
    if z is not None and not has_shape_of(c.type, z.type):
        c = full_like(lo, c, z)
    if is_scalar(x.type) and own is not None:
        return lo.value(lo.emit(np.sum, c))
    return lo.value(lo.emit_typed(runtime.unbroadcast, (c, x), {}, _cotangent_type(x.type)))


def _equal(a: tuple, b: tuple) -> bool:
    """Whether a shape that broadcasts to `b` is `b`: an axis not of length 1 is as long as its counterpart."""
    return len(a) == len(b) and all(same_length(p, q) or not may_be_one(p) for p, q in zip(a, b, strict=True))


def _sum(lo: Lowering, c: Value, x: Value, summed: list[int], drop: int) -> Value:
    """`c` summed over these axes; the first `drop` of them vanish, the others stay with length 1."""
    if not shape_of(x.type):
        return lo.value(lo.emit(np.sum, c))
    leading = [k for k in summed if k < drop]
    kept = [k for k in summed if k >= drop]
    if kept:
        c = lo.value(lo.emit(np.sum, c, axis=_axes(kept), keepdims=Const(True)))
    if leading:
        c = lo.value(lo.emit(np.sum, c, axis=_axes(leading)))
    return c


def is_plain_sum(op: Call) -> bool:
    """Whether a call of `np.sum` only adds up elements: a rule of a user may give it a number to start from."""
    return len(op.args) <= 2 and op.kwargs.keys() <= {"axis", "keepdims"}


def _axes(axes: list[int]) -> Symbol:
    return Const(axes[0]) if len(axes) == 1 else Sequence(tuple(Const(k) for k in axes))


def _dtype(t: Type) -> np.dtype | None:
    return t.dtype if isinstance(t, (Array, NpScalar)) else None


def real_part(lo: Lowering, c: Value, x: Value, z: Value | None) -> Value:
    """The contribution to a real primal `x`: the real part, if it is complex."""
    kind = _dtype(c.type)
    if kind is None and z is not None and isinstance(c.type, (Array, Unknown)):
        kind = _dtype(z.type)
    is_complex = (kind is not None and kind.kind == "c") or (isinstance(c.type, PyScalar) and c.type.kind == "c")
    wants = _dtype(x.type)
    real = (wants is not None and wants.kind == "f") or (isinstance(x.type, PyScalar) and x.type.kind == "f")
    # What is of unknown kind may be complex.
    unknown = kind is None and isinstance(c.type, (Array, Unknown))
    return lo.value(lo.emit(np.real, c)) if (is_complex or unknown) and real else c


def cast(lo: Lowering, c: Value, x: Value) -> Value:
    """The contribution in the dtype of its primal."""
    if is_scalar(x.type) and isinstance(c.type, Array) and c.type.shape == ():
        # An array without axes is a number for arithmetic alone.
        c = lo.value(lo.emit(operator.getitem, c, Sequence(())))
    own, target = _dtype(c.type), _dtype(x.type)
    if own is None or target is None or own == target or target.kind not in "fc":
        return c
    if own.kind not in "biufc" or (own.kind == "c" and target.kind == "f"):
        return c
    if is_scalar(c.type):
        return lo.value(lo.emit_typed(target.type, (c,), {}, NpScalar(target)))
    assert isinstance(c.type, Array)
    return lo.value(lo.emit_typed(np.ndarray.astype, (c, Const(target.type)), {}, Array(target, c.type.shape)))


def _cotangent_type(t: Type) -> Type:
    if isinstance(t, PyScalar):
        return NpScalar(F8)
    return t


def zero_of(lo: Lowering, x: Value) -> Value:
    """A zero cotangent in the structure of `x`."""
    return ZERO if is_scalar(x.type) or isinstance(x.type, Unknown) else zeros(lo, x)


def zeros(lo: Lowering, x: Value, hint: str | None = None) -> Value:
    """A shadow of `x`: zeros of its shape and dtype, newly allocated."""
    sometimes = may_be_undefined(x)
    # What a turn of a loop is handed has the shape of what it hands on, if there is any.
    if sometimes or not isinstance(x.owner, Region):
        # Nobody adds to it where there is no such value.
        define_everywhere(x)
    if not sometimes and isinstance(x.type, Array) and x.type.dtype is not None and x.type.dtype.kind in "fc":
        return lo.value(lo.emit_typed(np.zeros_like, (x,), {}, x.type, hint))
    shadow = Value(x.type, hint, lo.span)
    lo.append_call(runtime.zeros_like, (x,), [shadow])
    return shadow


def is_fresh(value: Value) -> bool:
    """Whether a value is a newly allocated array that nothing else refers to."""
    owner = value.owner
    if not isinstance(owner, Call) or not isinstance(value.type, Array):
        return False
    # What arithmetic makes of arrays without axes is a number.
    is_array = bool(rank(value.type)) or (hashable(owner.fn) and owner.fn in _MAKES_ARRAYS)
    return is_array and not _passes_on(owner) and not passed_on(owner)


def may_be_memory(value: Value) -> bool:
    """Whether what stands for a number may be an array without axes, which arithmetic never makes."""
    if not isinstance(value.type, Unknown):
        return isinstance(value.type, Array) and value.type.shape == ()
    owner = value.owner
    is_fresh = isinstance(owner, Call) and is_elementwise(owner.fn) and is_fresh_number(owner.fn)
    return not is_fresh and value.type.extent != frozenset()


_COPIES = frozenset([np.ndarray.copy, np.ndarray.astype])
_MAKES_ARRAYS = _COPIES | frozenset([np.zeros_like, np.zeros, np.ones, np.full, np.empty, np.array, np.copy])


def _passes_on(op: Call) -> bool:
    """Whether a call may return something that exists already: arithmetic and NumPy's functions never do."""
    fn = op.fn
    try:
        if fn is operator.getitem or fn in VIEWS:
            return True
        if fn in _COPIES or isinstance(fn, np.ufunc):
            return False
    except TypeError:
        return True
    return (getattr(fn, "__module__", None) or "").split(".")[0] not in ("numpy", "_operator")
