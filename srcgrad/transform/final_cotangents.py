"""What comes back for an argument: its cotangent in its structure, shape and dtype, a number as a number of its kind.

The type of a cotangent says of what dtype it should be. At run time it may be of another: the 0.0 that a loop starts
from is a Python float, and where paths meet one type stands for several. Whether a type can be relied on is asked of
all that flows into the value.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.activity import flows
from srcgrad.analysis.complexness import is_complex
from srcgrad.frontend.lowering import Lowering
from srcgrad.ir.nodes import Call, Const, Function, If, Loop, Region, Value, walk
from srcgrad.ir.types import F8, Array, Dict, List, NpScalar, PyScalar, Tuple, Type, Unknown
from srcgrad.rules.registry import hashable
from srcgrad.transform import cotangents
from srcgrad.transform.cotangents import ZERO, full_like, zero_of


def final_cotangent(lo: Lowering, known: Value | None, value: Value, mixed: bool) -> Value:
    """The cotangent of an argument, to be returned.

    Args:
        lo: emits the operations.
        known: what the sweep has collected for it, None if nothing.
        value: the argument.
        mixed: whether the program computes with floats of more than one size.
    """
    if isinstance(value.type, Unknown):
        return _like(lo, known, value)
    if known is None:
        return _of_kind(lo, zero_of(lo, value), value, mixed)
    return _of_kind(lo, cotangents.cast(lo, full_like(lo, known, value), value), value, mixed)


def is_mixed(function: Function) -> bool:
    """Whether a function computes with floats of a size other than 8, or perhaps does."""
    return any(_is_other_float(v.type) for v in function.body.args) or any(
        _is_other_float(v.type) for op in walk(function.body) for v in op.outputs
    )


def _is_other_float(t: Type) -> bool:
    if isinstance(t, List):
        return _is_other_float(t.item)
    dtype = t.dtype if isinstance(t, (Array, NpScalar)) else None
    return dtype is not None and dtype.kind in "fc" and dtype != F8


def _like(lo: Lowering, cotangent: Value | None, value: Value) -> Value:
    """The cotangent of an argument of unknown kind in its structure, shape and dtype."""
    owner = None if cotangent is None else cotangent.owner
    fitted = isinstance(owner, Call) and owner.fn is runtime.unbroadcast and owner.args[1] is value
    if cotangent is not None and fitted:
        return cotangent
    given = ZERO if cotangent is None else cotangent
    return lo.value(lo.emit_typed(runtime.like, (given, value), {}, value.type))


def _of_kind(lo: Lowering, cotangent: Value, value: Value, mixed: bool) -> Value:
    """The cotangent of a number or array as one of its kind: a Python float, a NumPy scalar or array of its dtype."""
    kind, target = cotangent.type, value.type
    if isinstance(target, PyScalar):
        other = isinstance(kind, Unknown) or _is_other_float(kind) or not _is_number(cotangent)
        other = other or (target.kind == "c" and not _is_complex_number(cotangent))
        if other or (mixed and not is_certain(cotangent)):
            return lo.value(lo.emit_typed(complex if target.kind == "c" else float, (cotangent,), {}, target))
    elif isinstance(target, List):
        if mixed or isinstance(target.item, NpScalar):
            return lo.value(lo.emit_typed(runtime.like, (cotangent, value), {}, target))
    elif isinstance(target, (NpScalar, Array)) and target.dtype is not None and target.dtype.kind in "fc":
        if isinstance(target, NpScalar) or target.shape == ():
            if isinstance(kind, (PyScalar, Unknown)) or not is_certain(cotangent) or not _is_number(cotangent):
                return lo.value(lo.emit_typed(target.dtype.type, (cotangent,), {}, NpScalar(target.dtype)))
        elif mixed and not (_claimed(kind) == target.dtype and is_certain(cotangent)):
            if _claimed(kind) == target.dtype:
                return lo.value(lo.emit_typed(np.ndarray.astype, (cotangent, Const(target.dtype.type)), {}, target))
            return lo.value(lo.emit_typed(runtime.unbroadcast, (cotangent, value), {}, target))
    return cotangent


def _is_number(value: Value) -> bool:
    """Whether a value of the type of a number is surely one: some functions make arrays without axes."""
    pending, seen = [value], {value}
    while pending:
        current = pending.pop()
        owner = current.owner
        if isinstance(owner, Call) and not _gives_number(owner):
            return False
        found: list[Value] = []
        if isinstance(owner, (If, Loop)) or (isinstance(owner, Region) and isinstance(owner.parent, Loop)):
            op = owner if isinstance(owner, (If, Loop)) else owner.parent
            found = [source for target, source in flows(op) if target is current]
        pending += [source for source in found if source not in seen]
        seen.update(found)
    return True


def _is_complex_number(value: Value) -> bool:
    """Whether a number is surely no float that stands for a complex number: arithmetic has had a complex operand."""
    pending = [value]
    while pending:
        current = pending.pop()
        owner = current.owner
        if isinstance(owner, Call):
            pending += [arg for arg in owner.args if isinstance(arg, Value)] if owner.fn in _ARITHMETIC else []
        elif is_complex(current.type):
            # What a branch or a loop gives may be a float, too.
            inner = owner if isinstance(owner, (If, Loop)) or not isinstance(owner, Region) else owner.parent
            if not isinstance(inner, (If, Loop)):
                return True
    return False


def _gives_number(op: Call) -> bool:
    fn = op.fn
    if fn is operator.getitem:
        return isinstance(op.args[0].type, Array)
    if isinstance(fn, (np.ufunc, type)) or (hashable(fn) and fn in _TO_NUMBERS):
        return True
    return (getattr(fn, "__module__", None) or "").split(".")[0] in ("_operator", "math", "builtins")


def is_certain(value: Value) -> bool:
    """Whether a value is certain to be of the dtype that its type claims, and no Python number if it claims one."""
    pending, seen = [value], {value}
    while pending:
        current = pending.pop()
        claimed = _claimed(current.type)
        if claimed is None or isinstance(current, Const):
            continue
        sources = _what_decides(current)
        if sources is None:
            return False
        for source, must_agree in sources:
            if must_agree and _claimed(source.type) != claimed:
                return False
            if source not in seen:
                seen.add(source)
                pending.append(source)
    return True


def _claimed(t: Type) -> Any:
    """What a type says of the dtype: "weak" for a Python number, None if nothing."""
    if isinstance(t, PyScalar):
        return "weak"
    return t.dtype if isinstance(t, (Array, NpScalar)) else None


def _what_decides(value: Value) -> list[tuple[Value, bool]] | None:
    """The values that the dtype of another follows from, and whether it is theirs; None if that is not known."""
    owner = value.owner
    if isinstance(owner, Region):
        loop = owner.parent
        if not isinstance(loop, Loop):
            return []
        return [(source, True) for target, source in flows(loop) if target is value]
    if isinstance(owner, (If, Loop)):
        return [(source, True) for target, source in flows(owner) if target is value]
    if not isinstance(owner, Call):
        return None
    if (hashable(owner.fn) and owner.fn in _CASTS) or (isinstance(owner.fn, type) and issubclass(owner.fn, np.generic)):
        return []
    if owner.fn in (runtime.unbroadcast, runtime.like):
        return [(owner.args[1], True)]
    if owner.fn in (runtime.copied, runtime.laid_out_as):
        return [(owner.args[0], True)]
    held = any(isinstance(v.type, (List, Tuple, Dict)) and v.type.differentiable for v in owner.inputs)
    if held or not _is_arithmetic(owner.fn):
        return None
    return [(v, False) for v in owner.inputs]


_TO_NUMBERS = frozenset([np.sum, np.prod, np.mean, np.max, np.min, np.dot, runtime.unbroadcast, runtime.like])
_ARITHMETIC = frozenset([operator.add, operator.sub, operator.mul, operator.truediv, operator.neg])
_CASTS = frozenset([np.ndarray.astype, float, complex])


def _is_arithmetic(fn: Any) -> bool:
    """Whether NumPy's rules of promotion say what a function gives, so that its type is as certain as its operands."""
    method = getattr(fn, "__objclass__", None) is np.ndarray
    return method or isinstance(fn, np.ufunc) or (getattr(fn, "__module__", None) or "").split(".")[0] in _MODULES


_MODULES = ("_operator", "numpy", "math")
