"""Which values may be infinite or undefined though all arguments are finite: where a strong zero is worth its price.

Sums, products and their like are taken to stay finite; quotients, logarithms and exponentials are not.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from srcgrad.analysis.alias import Aliases
from srcgrad.ir.flow import sources
from srcgrad.ir.nodes import Call, Const, Invoke, Loop, Op, Region, Value
from srcgrad.ir.types import Array, NpScalar, PyScalar
from srcgrad.rules.registry import hashable

_SINGULAR = frozenset(
    (
        *("truediv", "divide", "reciprocal", "pow", "power", "float_power", "mod", "fmod", "divmod", "log", "log2"),
        *("log10", "log1p", "logaddexp", "logaddexp2", "arctanh", "atanh", "arccosh", "acosh", "arcsin", "asin"),
        *("arccos", "acos", "average", "interp", "gamma", "lgamma", "remainder", "floordiv", "floor_divide"),
    )
)
_SINGULAR_UPDATES = frozenset(("itruediv", "truediv_item", "ipow", "pow_item", "imod", "mod_item"))
_OVERFLOWING = frozenset(("exp", "exp2", "expm1", "sinh", "cosh", "ldexp", "prod", "cumprod"))
_GROWING = frozenset(
    (
        *(
            "add",
            "sub",
            "subtract",
            "mul",
            "multiply",
            "neg",
            "negative",
            "square",
            "sum",
            "mean",
            "getitem",
            "reshape",
        ),
        *("expand_dims", "transpose", "ravel", "copy", "broadcast_to", "matmul", "dot", "max", "cumsum"),
    )
)
"""Functions that are infinite where an operand is."""
_QUOTIENTS = frozenset([operator.truediv, np.divide])
_POWERS = frozenset([operator.pow, pow, np.power])
_OWN = frozenset(["numpy", "_operator", "builtins", "math", "srcgrad"])


_PRODUCTS = frozenset([operator.mul, operator.matmul, np.multiply, np.matmul, np.dot])


def may_overflow(value: Value, in_products: bool = True) -> bool:
    """Whether a value may be infinite because an exponential that it grows with is too large for a float.

    Args:
        value: the value.
        in_products: whether the exponential may be a factor beside others that vary.
    """
    pending, seen = [value], set()
    while pending:
        current = pending.pop()
        if current in seen or isinstance(current, Const):
            continue
        seen.add(current)
        owner = current.owner
        if isinstance(owner, Call) and _name(owner) in _OVERFLOWING:
            return True
        if isinstance(owner, Call) and (owner.fn in _QUOTIENTS or owner.fn in _POWERS):
            pending += [v for v in owner.args[:1] if isinstance(v, Value)]
        elif not isinstance(owner, Call) or _name(owner) in _GROWING:
            varying = [v for v in _sources(current, owner) if not isinstance(v, Const)]
            is_product = isinstance(owner, Call) and hashable(owner.fn) and owner.fn in _PRODUCTS and len(varying) > 1
            pending += [] if is_product and not in_products else varying
    return False


def may_be_infinite(value: Value, aliases: Aliases, overflow: bool = True, before: Op | None = None) -> bool:
    """Whether a value may be infinite or NaN, as far as the operations that it is computed by tell.

    Args:
        value: the value.
        aliases: which memory is written.
        overflow: whether an exponential counts, too, which is infinite only where it is too large for a float.
        before: if given, memory counts as this operation finds it or leaves it, and a square root, too, which is NaN
            of what is negative.
    """
    pending, seen = [value], set()
    while pending:
        current = pending.pop()
        if current in seen or _is_whole(current):
            continue
        seen.add(current)
        if isinstance(current, Const):
            if isinstance(current.value, (float, complex)) and not np.isfinite(current.value):
                return True
            continue
        if aliases.is_written(current):
            writers = aliases.writers[aliases.find(current)]
            if before is not None:
                writers = [op for op in writers if not _follows(op, before)]
                if any(map(_is_singular_update, writers)):
                    return True
            pending += [v for op in writers for v in op.inputs[1:]]
        owner = current.owner
        if isinstance(owner, Call) and (_is_singular(owner) or (overflow and _name(owner) in _OVERFLOWING)):
            return True
        if isinstance(owner, Call) and before is not None and (_name(owner) == "sqrt" or _is_singular_update(owner)):
            return True
        pending += _sources(current, owner)
    return False


def _follows(op: Op, other: Op) -> bool:
    """Whether an operation surely runs after another one."""
    region = op.parent
    if region is None or other.parent is not region:
        return False
    ops = region.ops
    while region is not None and region.parent is not None:
        if isinstance(region.parent, Loop):
            return False
        region = region.parent.parent
    return ops.index(op) > ops.index(other)


def _is_whole(value: Value) -> bool:
    t = value.type
    if isinstance(t, PyScalar):
        return t.kind in "bi" and not isinstance(value, Const)
    return isinstance(t, (Array, NpScalar)) and t.dtype is not None and t.dtype.kind in "biu"


def _is_singular(op: Call) -> bool:
    fn = op.fn
    if not hashable(fn):
        return True
    if fn in _QUOTIENTS:
        divisor = op.args[1]
        # A whole number that something is divided by is a count; Python's numbers raise where they are 0.
        raises = isinstance(divisor.type, PyScalar) and fn is operator.truediv
        return not (_is_whole(divisor) or raises or is_positive(divisor) or _is_guarded(divisor))
    if fn in _POWERS:
        exponent = op.args[1]
        above = isinstance(exponent, Const) and isinstance(exponent.value, (int, float)) and exponent.value >= 0
        raises = isinstance(op.args[0].type, PyScalar) and fn is not np.power
        return not (above or _is_whole(exponent) or raises)
    module = getattr(fn, "__module__", None) or ""
    if isinstance(fn, np.ufunc):
        module = "numpy"
    owner = getattr(fn, "__objclass__", None)
    if owner is not None:
        module = owner.__module__
    if module.startswith("numpy.linalg") or module.split(".")[0] not in _OWN:
        return True
    return _name(op) in _SINGULAR


def _is_singular_update(op: Op) -> bool:
    """Whether an update in place may leave infinities or NaN where there was none."""
    if not isinstance(op, Call) or _name(op) not in _SINGULAR_UPDATES:
        return False
    by = op.args[-1]
    if isinstance(by, Const) and isinstance(by.value, (int, float)):
        return by.value == 0 or ("pow" in _name(op) and not (by.value > 0 and float(by.value).is_integer()))
    return not _is_whole(by)


def _is_guarded(value: Value) -> bool:
    """Whether a value is `x + (x == 0)`, as derivative rules write it where they divide by it."""
    op = value.owner
    if not isinstance(op, Call) or op.fn is not operator.add or not isinstance(op.args[1], Value):
        return False
    test = op.args[1].owner
    return isinstance(test, Call) and test.fn is operator.eq and test.args[0] is op.args[0]


_POSITIVE = frozenset(("exp", "exp2", "cosh"))
_KEEPING = frozenset(("sum", "mean", "max", "min", "amax", "amin", "sqrt", "reshape", "transpose", "broadcast_to"))
_NEVER_NEGATIVE = frozenset(("abs", "square", "sqrt", "fabs", "hypot", "norm", "absolute", "var", "std"))


def is_positive(value: Any, depth: int = 8) -> bool:
    """Whether a value is surely greater than 0, rounding aside."""
    if isinstance(value, Const):
        return isinstance(value.value, (int, float)) and value.value > 0
    op = value.owner if isinstance(value, Value) else None
    if not isinstance(op, Call) or depth == 0 or not hashable(op.fn):
        return False
    if op.fn in (operator.add, np.add):
        signs = [is_positive(v, depth - 1) for v in op.args]
        return any(signs) and all(s or _is_not_negative(v) for s, v in zip(signs, op.args, strict=True))
    if op.fn in (operator.mul, np.multiply, operator.truediv, np.divide) or _name(op) in _KEEPING:
        return all(is_positive(v, depth - 1) for v in op.args[: 1 if _name(op) in _KEEPING else 2])
    return _name(op) in _POSITIVE


def _is_not_negative(value: Any) -> bool:
    op = value.owner if isinstance(value, Value) else None
    if isinstance(value, Const):
        return isinstance(value.value, (int, float)) and value.value >= 0
    if not isinstance(op, Call) or not hashable(op.fn):
        return False
    if op.fn in (operator.mul, np.multiply):
        return op.args[0] is op.args[1]
    if op.fn in _POWERS:
        return isinstance(op.args[1], Const) and op.args[1].value == 2
    return _name(op) in _NEVER_NEGATIVE


def _name(op: Call) -> str:
    return getattr(op.fn, "__name__", "")


def _sources(value: Value, owner: Op | Region | None) -> list[Value]:
    """What a value is computed from, or what comes to it from elsewhere."""
    if isinstance(owner, Call):
        return owner.args[:1] if owner.fn is operator.getitem else owner.inputs
    if isinstance(owner, Invoke):
        k = owner.outputs.index(value)
        return owner.callee.body.results[k : k + 1]
    return [values[k] for values, k in sources(value)]
