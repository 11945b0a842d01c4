"""What may raise, and what it has changed by then that others see: what `try` has to know about operations."""

from __future__ import annotations

import functools
import heapq
import itertools
import operator
from types import ModuleType
from typing import Any, TypeGuard

import numpy as np

from srcgrad.frontend.presence import misses_list
from srcgrad.ir.flow import is_inside, sources
from srcgrad.ir.nodes import (
    Call,
    Commit,
    Const,
    Function,
    If,
    Invoke,
    Leave,
    Loop,
    Op,
    Raise,
    Region,
    Value,
    leaves,
    walk,
)
from srcgrad.ir.types import (
    Array,
    Axis,
    NpScalar,
    PyScalar,
    Type,
    Unknown,
    is_mutable,
    is_numeric,
    is_scalar,
    same_length,
    shape_of,
)
from srcgrad.rules.registry import IN_PLACE, PARTIALS, hashable

_ARITHMETIC = frozenset(
    getattr(operator, name) for name in ["add", "sub", "mul", "neg", "pos", "lt", "le", "gt", "ge", "eq", "ne"]
)
"""What never raises on numbers of Python's."""
_TOTAL = frozenset(
    [operator.is_, operator.is_not, len, isinstance, type, tuple, list, dict, list.append, list.copy, list.reverse]
)
_TRUTHS = frozenset([operator.not_, operator.truth, bool, abs, operator.abs])
"""What never raises on numbers."""
_WHOLE = frozenset([np.sum, np.mean, np.copy, np.ndarray.copy, np.zeros_like, np.ones_like, np.empty_like, np.ravel])
"""What never raises on an array, without further arguments."""
_METADATA = frozenset(["shape", "ndim", "size", "dtype", "T"])
_NEW = frozenset(
    [
        *(getattr(operator, name) for name in ["add", "sub", "mul", "truediv", "pow", "neg", "matmul", "abs"]),
        *(np.zeros, np.ones, np.empty, np.full, np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.eye),
        *(np.array, np.copy, np.ndarray.copy, np.arange, np.linspace, np.sum, np.dot, np.where, list, list.copy),
    ]
)
"""What makes memory of its own."""


class Raising:
    """Tells what may raise.

    Attributes:
        sure: operations that are known not to raise, whatever they look like.
        strict: whether NumPy may be told to raise for overflows, divisions by zero and the like.
    """

    def __init__(self, strict: bool):
        self.sure: set[Op] = set()
        self.strict = strict

    def may_raise(self, op: Op) -> bool:
        """Whether an operation may raise, on some values of the kinds it is given."""
        if isinstance(op, (If, Loop)):
            if type(op) is If and isinstance(op.condition.type, (Array, Unknown)):
                # An array has a truth value if it has one element.
                return True
            return any(self.may_raise(inner) for region in op.regions for inner in region.ops)
        if isinstance(op, (Commit, Leave)) or op in self.sure:
            return False
        if not isinstance(op, Call) or not hashable(op.fn) or lacks_loop(op):
            return True
        if op.fn in _ARITHMETIC and all(isinstance(v.type, PyScalar) for v in op.inputs):
            return False
        if op.fn in (min, max) and len(op.args) > 1 and all(isinstance(v.type, PyScalar) for v in op.inputs):
            return False
        if op.fn in _TRUTHS and all(is_scalar(v.type) for v in op.inputs):
            return False
        if op.fn is getattr:
            name = op.args[1]
            return not (isinstance(name, Const) and name.value in _METADATA)
        if op.fn is operator.getitem:
            return not _only_slices(op)
        if not self.strict and _is_elementwise(op):
            return bool(unproven_axes(op))
        if op.fn in _WHOLE and len(op.inputs) == 1:
            return self.strict or not isinstance(op.inputs[0].type, Array)
        return op.fn not in _TOTAL or misses_list(op)

    def leaves_traces(self, region: Region) -> bool:
        """Whether something in a region may raise after a write that is seen from outside of the region."""
        return self._scan(region.ops, region, False) is None

    def _scan(self, ops: list[Op], whole: Region, dirty: bool) -> bool | None:
        """Whether there have been such writes by the end of these operations; None if something may raise after one."""
        for op in ops:
            if isinstance(op, Commit) and op.parent is whole:
                return False
            if isinstance(op, If):
                sides = [self._scan(region.ops, whole, dirty) for region in op.regions]
                if None in sides:
                    return None
                dirty = any(sides)
            elif isinstance(op, Loop):
                after = dirty
                for region in op.regions:
                    found = self._scan(region.ops, whole, after)
                    if found is None or (found and not dirty and self.may_raise(op)):
                        return None
                    after = found or after
                dirty = after
            else:
                if (dirty and self.may_raise(op)) or (isinstance(op, Invoke) and _writes(op, set())):
                    return None
                dirty = dirty or _writes_outside(op, whole)
        return dirty


def _is_elementwise(op: Call) -> bool:
    """Whether an operation works element by element on arrays of known rank."""
    if op.kwargs or getattr(op.fn, "__module__", "") == "math":
        return False
    if op.fn in (operator.pow, np.power) and not any(t.differentiable for t in (v.type for v in op.inputs)):
        # Integers have no negative powers.
        return False
    if not (isinstance(op.fn, np.ufunc) or op.fn in PARTIALS or op.fn in _OTHERS):
        return False
    kinds = [v.type for v in op.inputs]
    return any(isinstance(t, (Array, NpScalar)) for t in kinds) and all(
        isinstance(t, (NpScalar, PyScalar)) or (isinstance(t, Array) and t.shape is not None) for t in kinds
    )


def _only_slices(op: Call) -> bool:
    """Whether an array is indexed by no more slices than it has axes."""
    x, index = op.args
    if not isinstance(x, Value) or not isinstance(x.type, Array) or x.type.shape is None:
        return False
    parts = index if isinstance(index, tuple) else (index,)
    return len(parts) <= len(x.type.shape) and all(isinstance(part, slice) for part in parts)


def carries_floats(op: Raise) -> bool:
    """Whether an exception is made of numbers that derivatives might flow through."""
    made = op.exception.owner if op.exception is not None else None
    return isinstance(made, Call) and any(v.type.differentiable and not isinstance(v, Const) for v in made.inputs)


def asks_for_float_errors(op: Op) -> bool:
    """Whether an operation enters a context in which NumPy raises for overflows and the like."""
    if not isinstance(op, Call) or op.fn not in (np.errstate, np.seterr):
        return False
    return any(not isinstance(v, Const) or v.value == "raise" for v in op.inputs)


_OF_WHOLE_PARTS = frozenset([operator.mod, operator.floordiv, operator.imod, operator.ifloordiv, divmod, round])
"""What nobody does with complex numbers."""
_OF_ORDER = frozenset([operator.lt, operator.le, operator.gt, operator.ge, min, max, int, float])
"""What NumPy does with complex numbers, and Python does not."""
_OF_BITS = frozenset(
    getattr(operator, name) for bare in ("and", "or", "xor", "lshift", "rshift") for name in (f"__{bare}__", f"i{bare}")
)


_OF_NUMBERS = (
    _ARITHMETIC - {operator.eq, operator.ne}
    | frozenset(getattr(operator, name) for name in ["truediv", "floordiv", "mod", "pow", "matmul"])
    | {abs, int, float, round}
)


def lacks_loop(op: Call) -> bool:
    """Whether an operation raises on kinds like these: functions that are multiplied, complex numbers without order."""
    if op.fn in _OF_NUMBERS or isinstance(op.fn, np.ufunc):
        operands = op.args[: op.fn.nin if isinstance(op.fn, np.ufunc) else None]
        if any(_is_no_number(v, op.fn, operands) for v in operands):
            return True
    letters = {_letter(v.type) for v in op.inputs}
    if op.fn in _OF_BITS:
        return not letters.isdisjoint("fc")
    if "c" not in letters:
        return False
    if op.fn in _OF_ORDER:
        return all(isinstance(v.type, PyScalar) for v in op.inputs)
    return op.fn in _OF_WHOLE_PARTS or (isinstance(op.fn, np.ufunc) and not _takes_complex(op.fn))


def _is_no_number(v: Any, fn: Any, operands: tuple) -> bool:
    """Whether nothing can be computed with an operand: a function, a module, None, a text beside numbers."""
    if not isinstance(v, Const):
        return False
    if isinstance(v.value, str):
        # What can be said of texts alone is computed when the program is read: if it is still there, it raises.
        alone = all(isinstance(other, Const) for other in operands)
        beside = any(isinstance(other, Value) and is_numeric(other.type) for other in operands)
        return alone or (beside and fn not in (operator.mod, operator.mul))
    return v.value is None or callable(v.value) or isinstance(v.value, ModuleType)


def _letter(t: Type) -> str:
    """The letter of a number's or an array's dtype; none for other kinds."""
    if isinstance(t, PyScalar):
        return t.kind
    dtype = t.dtype if isinstance(t, (Array, NpScalar)) else None
    return "" if dtype is None else dtype.kind


@functools.cache
def _takes_complex(ufunc: np.ufunc) -> bool:
    return any("D" in signature.partition("->")[0] for signature in ufunc.types)


_OTHERS = frozenset(
    getattr(operator, name) for name in ["eq", "ne", "lt", "le", "gt", "ge", "and_", "or_", "xor", "floordiv"]
) | {np.where}


def unproven_axes(op: Op) -> list[tuple[Axis, Axis]]:
    """The pairs of axes of an elementwise operation that have to broadcast, and that dimensions do not say it of."""
    if not isinstance(op, Call) or not hashable(op.fn):
        return []
    is_ufunc = isinstance(op.fn, np.ufunc) and op.fn.signature is None
    if not (is_ufunc or op.fn in PARTIALS or op.fn in _OTHERS):
        return []
    return unproven_pairs(op.args)


def unproven_pairs(operands: tuple) -> list[tuple[Axis, Axis]]:
    """The pairs of axes of operands that have to broadcast, and that dimensions do not say it of."""
    shapes = [shape_of(v.type) for v in operands if isinstance(v, Value)]
    found: list[tuple[Axis, Axis]] = []
    for s, t in itertools.combinations([s for s in shapes if s], 2):
        for a, b in zip(reversed(s), reversed(t), strict=False):
            if a != 1 and b != 1 and not same_length(a, b):
                found.append((a, b))
    return found


_TAKEN_OUT = frozenset([list.pop, dict.pop, heapq.heappop, heapq.heapreplace, heapq.heappushpop])
"""What changes its first argument and returns something."""


def _writes(call: Invoke, seen: set[Function]) -> bool:
    """Whether a function of the graph may write what others see, as far as it has been lowered."""
    callee = call.callee
    if callee in seen:
        return False
    seen.add(callee)
    ops = list(walk(callee.body))
    return any(_writes_outside(op, callee.body) or (isinstance(op, Invoke) and _writes(op, seen)) for op in ops)


def _writes_outside(op: Op, whole: Region) -> bool:
    if not is_write(op):
        return False
    return not all(_is_local(v, whole) for v in list(leaves(op.args[0]))[:1])


def is_write(op: Op) -> TypeGuard[Call]:
    """Whether an operation changes its first argument."""
    if not isinstance(op, Call) or not op.args:
        return False
    return not op.outputs or (hashable(op.fn) and (op.fn in IN_PLACE or op.fn in _TAKEN_OUT))


def _is_local(value: Value, whole: Region) -> bool:
    """Whether a pointer points to memory that was made in a region."""
    pending, seen = [value], set()
    while pending:
        current = pending.pop()
        if current in seen or isinstance(current, Const) or not is_mutable(current.type):
            continue
        seen.add(current)
        owner = current.owner
        if owner is None or owner is whole or not is_inside(owner, whole):
            # An argument of a function comes from outside as well.
            return False
        if isinstance(owner, Call):
            if owner.fn in (operator.getitem, list.pop) and not isinstance(owner.args[0].type, Array):
                # What a list holds may have been made anywhere.
                return False
            if not (hashable(owner.fn) and (owner.fn in _NEW or isinstance(owner.fn, np.ufunc))):
                pending.extend(owner.inputs)
        elif isinstance(owner, (If, Loop, Region)):
            pending.extend(values[k] for values, k in sources(current))
        else:
            return False
    return True


def truncates(args: tuple[Any, ...]) -> bool:
    """Whether a write puts numbers that count into an array of integers, as far as is known of it."""
    target, *given = args
    if not isinstance(target, Value) or not isinstance(target.type, Array) or target.type.dtype is None:
        return False
    numbers = [value for value in given if isinstance(value, Value) and not isinstance(value, Const)]
    return target.type.dtype.kind in "iub" and any(value.type.differentiable for value in numbers)
