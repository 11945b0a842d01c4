"""Values that the result is computed from and yet does not depend on: the shift in a log-sum-exp, the scale of a norm.

`m = np.max(a); np.log(np.sum(np.exp(a - m))) + m` is the same number for every `m`, so the cotangent of `m` is zero by
algebra, whatever `m` is computed from. That is proven here by following `m` through the program. A value `v` that
depends on it is, along the axes that `m` varies along,

- a *shift*, `v = v0 + c * m`, or
- a *scale*, `v = v0 * exp(c * m)`,

where `v0` does not depend on `m`, and `c` is a product of a number and of scalars of the program. The exponential of a
shift is a scale and the logarithm of a scale is a shift; sums over axes that `m` is constant along keep a scale what
it is; shifts of equal form cancel in differences, and scales in quotients. If `c` becomes 0 wherever something that
matters is computed, the result does not depend on `m`. For a divisor `s` the same holds with `s = exp(m)`.

Real arithmetic is assumed, as in every derivative: where the cotangent of `m` would be finite it would be 0 up to
rounding, and where it would be NaN (0 times infinity) it is now 0.
"""

from __future__ import annotations

import heapq
import math
import operator
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from srcgrad.analysis.activity import Activity, blocks
from srcgrad.analysis.memory import written
from srcgrad.ir.nodes import Call, Const, Function, Op, Region, Value, walk
from srcgrad.ir.types import Array, Axis, NpScalar, PyScalar, Type, is_scalar, may_be_one, same_length, shape_of

MAX_STEPS = 64
"""After so many operations that depend on a value it is taken to matter."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a value depends on the one that is followed.

    Attributes:
        scale: whether it is multiplied by `exp(c * m)`; otherwise `c * m` is added.
        number: the numerical factor of `c`.
        factors: the scalars whose product is the other factor of `c`, each with its exponent.
        axes: for each axis of the value, the axis of `m` that goes along it; None where `m` is constant.
    """

    scale: bool
    number: Fraction
    factors: frozenset[tuple[Value, int]]
    axes: tuple[int | None, ...]


class _Matters(Exception):
    """What is followed may have an influence."""


def without_influence(functions: list[Function], activity: Activity, outputs: Collection[Value]) -> set[Value]:
    """The active values that have none on the outputs, though these are computed from them.

    Args:
        functions: the functions of the graph, the differentiated one last.
        activity: what is active in them.
        outputs: the results that are differentiated.
    """
    uses = _Uses(functions, outputs)
    return {v for v, scale in _candidates(functions, activity) if _cancels(v, scale, uses, activity)}


class _Uses:
    """Who uses a value.

    Attributes:
        users: value -> the operations that take it.
        order: operation -> its place in the text, so that what it depends on comes before it.
        escaping: values that are results of a region, or of a function, and so go where they are not followed.
    """

    def __init__(self, functions: list[Function], outputs: Collection[Value]):
        self.users: dict[Value, list[Op]] = {}
        self.order: dict[Op, int] = {}
        self.escaping: set[Value] = set(outputs)
        for function in functions:
            if function is not functions[-1]:
                self.escaping.update(function.body.results)
            for op in walk(function.body):
                self.order[op] = len(self.order)
                for value in dict.fromkeys(op.inputs):
                    self.users.setdefault(value, []).append(op)
                for region in op.regions:
                    self.escaping.update(region.results)


def _candidates(functions: list[Function], activity: Activity) -> Iterator[tuple[Value, bool]]:
    """What is subtracted or divided by, and whether it is divided by."""
    seen: set[tuple[Value, bool]] = set()
    for function in functions:
        for op in walk(function.body):
            if not isinstance(op, Call) or op.fn not in _DIFFERENCES + _QUOTIENTS or op.kwargs:
                continue
            scale = op.fn in _QUOTIENTS
            for value in op.args[1:] if scale else op.args:
                while isinstance(value, Value) and (value, scale) not in seen:
                    seen.add((value, scale))
                    if activity.active(value):
                        yield value, scale
                    owner = value.owner
                    value = owner.args[0] if isinstance(owner, Call) and owner.fn in _RESHAPES else None


def _cancels(start: Value, scale: bool, uses: _Uses, activity: Activity) -> bool:
    shape = shape_of(start.type)
    if shape is None or not _is_real(start.type) or start in uses.escaping or activity.aliases.is_written(start):
        return False
    if isinstance(start.owner, Region) and start.owner.parent is not None:
        # What a loop carries is also what it ends with, which nobody followed.
        return False
    axes = tuple(None if axis == 1 else k for k, axis in enumerate(shape))
    forms = {start: Form(scale, Fraction(1), frozenset(), axes)}
    queue = [(uses.order[op], op) for op in uses.users.get(start, ())]
    heapq.heapify(queue)
    done: set[Op] = set()
    try:
        while queue:
            _, op = heapq.heappop(queue)
            if op in done:
                continue
            done.add(op)
            for output, form in _follow(op, forms, activity):
                if output in uses.escaping or len(done) > MAX_STEPS:
                    return False
                forms[output] = form
                for user in uses.users.get(output, ()):
                    heapq.heappush(queue, (uses.order[user], user))
    except _Matters:
        return False
    return True


def _follow(op: Op, forms: dict[Value, Form], activity: Activity) -> Iterable[tuple[Value, Form]]:
    """The output of an operation that still depends on what is followed, with its form."""
    if not isinstance(op, Call) or written(op) is not None:
        raise _Matters
    if blocks(op) or not any(activity.active(o) for o in op.outputs):
        return ()
    rule = _RULES.get(op.fn)
    if rule is None or op.unpacks or not op.outputs:
        raise _Matters
    output = op.outputs[0]
    if shape_of(output.type) is None or not _is_real(output.type) or activity.aliases.is_written(output):
        raise _Matters
    form = rule(op, forms)
    return ((output, form),) if form.number else ()


def _is_real(t: Type) -> bool:
    if isinstance(t, PyScalar):
        return t.kind == "f"
    return isinstance(t, (Array, NpScalar)) and t.dtype is not None and t.dtype.kind == "f"


def _shape(value: Value) -> tuple[Axis, ...]:
    shape = shape_of(value.type)
    if shape is None:
        raise _Matters
    return shape


def _require(condition: bool) -> None:
    if not condition:
        raise _Matters


# Shapes


def _spread(axes: tuple[int | None, ...], own: tuple[Axis, ...], whole: tuple[Axis, ...]) -> tuple[int | None, ...]:
    """The axes of a value after broadcasting from one shape to another."""
    drop = len(whole) - len(own)
    _require(drop >= 0)
    for entry, a, b in zip(axes, own, whole[drop:], strict=True):
        _require(entry is None or same_length(a, b) or not may_be_one(a))
    return (None,) * drop + axes


def _without_ones(shape: tuple[Axis, ...]) -> list[int]:
    return [k for k, axis in enumerate(shape) if axis != 1]


def _reshaped(op: Call, forms: dict[Value, Form]) -> Form:
    """Axes of length 1 that come or go; of what is constant, anything."""
    x, output = op.args[0], op.outputs[0]
    _require(isinstance(x, Value) and x in forms and not any(v in forms for v in op.inputs if v is not x))
    form, own, whole = forms[x], _shape(x), _shape(output)
    if all(entry is None for entry in form.axes):
        return replace(form, axes=(None,) * len(whole))
    if op.fn is operator.getitem:
        return replace(form, axes=_subscripted(form.axes, own, op.args[1], len(whole)))
    if op.fn is np.transpose:
        _require(len(op.args) == 1 and not op.kwargs)
        return replace(form, axes=form.axes[::-1])
    if op.fn is np.broadcast_to:
        return replace(form, axes=_spread(form.axes, own, whole))
    a, b = _without_ones(own), _without_ones(whole)
    _require("order" not in op.kwargs and len(a) == len(b))
    _require(all(same_length(own[p], whole[q]) for p, q in zip(a, b, strict=True)))
    axes: list[int | None] = [None] * len(whole)
    for p, q in zip(a, b, strict=True):
        axes[q] = form.axes[p]
    return replace(form, axes=tuple(axes))


def _subscripted(axes: tuple[int | None, ...], own: tuple[Axis, ...], index: Any, ndim: int) -> tuple[int | None, ...]:
    """The axes of a view by integers, slices, `None` and one ellipsis; what is cut must be constant."""
    parts = list(index) if isinstance(index, tuple) else [index]
    values = [p.value if isinstance(p, Const) else p for p in parts]
    wide = sum(p is not None and p is not Ellipsis for p in values)
    place = next((k for k, p in enumerate(values) if p is Ellipsis), len(values))
    values[place : place + 1] = [slice(None)] * (len(own) - wide)
    left = list(axes)
    found: list[int | None] = []
    for part in values:
        if part is None:
            found.append(None)
            continue
        _require(bool(left))
        entry = left.pop(0)
        if isinstance(part, slice):
            _require(entry is None or all(_is_none(p) for p in (part.start, part.stop, part.step)))
            found.append(entry)
        else:
            number = isinstance(part, int) or (isinstance(part, Value) and is_scalar(part.type))
            _require(entry is None and number and not isinstance(part, bool))
    _require(not left and len(found) == ndim)
    return tuple(found)


def _is_none(part: Any) -> bool:
    return part is None or (isinstance(part, Const) and part.value is None)


def _reduced(op: Call, forms: dict[Value, Form]) -> Form:
    """Sums of a scale, means of either, and their extremes: over axes that what is followed is constant along."""
    x = op.args[0]
    _require(isinstance(x, Value) and x in forms and len(op.args) <= 2 and op.kwargs.keys() <= {"axis", "keepdims"})
    form, ndim = forms[x], len(_shape(op.outputs[0]))
    _require(form.scale or op.fn not in _SUMS)
    _require(op.fn is not np.linalg.norm or len(op.args) == 1)
    axis = op.args[1] if len(op.args) == 2 else op.kwargs.get("axis", Const(None))
    if isinstance(axis, Const) and axis.value is None:
        _require(all(entry is None for entry in form.axes))
        return replace(form, axes=(None,) * ndim)
    numbers = [p.value if isinstance(p, Const) else p for p in (axis if isinstance(axis, tuple) else (axis,))]
    _require(all(type(k) is int for k in numbers))
    gone = {k % len(form.axes) for k in numbers}
    _require(all(form.axes[k] is None for k in gone))
    kept = tuple(entry for k, entry in enumerate(form.axes) if k not in gone)
    axes = form.axes if len(form.axes) == ndim else kept
    _require(len(axes) == ndim)
    return replace(form, axes=axes)


# Arithmetic


def _operands(op: Call, forms: dict[Value, Form]) -> list[tuple[Value, Form | None]]:
    """The operands of an elementwise operation, each with its form on the shape of the result."""
    _require(not op.kwargs and all(isinstance(a, Value) for a in op.args))
    whole = _shape(op.outputs[0])
    found: list[tuple[Value, Form | None]] = []
    for value in op.args:
        form = forms.get(value)
        if form is not None:
            form = replace(form, axes=_spread(form.axes, _shape(value), whole))
        found.append((value, form))
    return found


def _combined(a: Form, b: Form, sign: int) -> Form:
    """The form of a sum of two shifts or a product of two scales, or a difference or a quotient."""
    _require((a.scale, a.factors, a.axes) == (b.scale, b.factors, b.axes))
    return replace(a, number=a.number + sign * b.number)


def _sum(op: Call, forms: dict[Value, Form]) -> Form:
    (_, a), (_, b) = _operands(op, forms)
    sign = -1 if op.fn in _DIFFERENCES else 1
    if a is not None and b is not None:
        if not a.scale:
            return _combined(a, b, sign)
        _require(a == b)
        return a
    form = a or b
    assert form is not None
    _require(not form.scale)
    return replace(form, number=form.number * (sign if a is None else 1))


def _product(op: Call, forms: dict[Value, Form]) -> Form:
    (x, a), (y, b) = _operands(op, forms)
    sign = -1 if op.fn in _QUOTIENTS else 1
    if a is not None and b is not None:
        _require(a.scale)
        return _combined(a, b, sign)
    form, other = (a, y) if a is not None else (b, x)
    assert form is not None
    if form.scale:
        return replace(form, number=form.number * (sign if a is None else 1))
    _require(a is not None or sign == 1)
    return _times(form, other, sign)


def _times(form: Form, scalar: Value, power: int = 1) -> Form:
    """The form with `c` multiplied by a scalar, or divided by it."""
    if isinstance(scalar, Const):
        _require(isinstance(scalar.value, (int, float)) and math.isfinite(scalar.value) and scalar.value != 0)
        return replace(form, number=form.number * Fraction(scalar.value) ** power)
    # An array without axes might be written between two of its uses.
    _require(is_scalar(scalar.type))
    factors = dict(form.factors)
    factors[scalar] = factors.get(scalar, 0) + power
    return replace(form, factors=frozenset((v, k) for v, k in factors.items() if k))


def _power(op: Call, forms: dict[Value, Form]) -> Form:
    (_, a), (exponent, b) = _operands(op, forms)
    _require(a is not None and a.scale and b is None)
    assert a is not None
    return _times(a, exponent)


def _chosen(op: Call, forms: dict[Value, Form]) -> Form:
    """What takes its elements from its operands, or grows with them, if they all have the same form."""
    operands = _operands(op, forms)
    if op.fn is np.where:
        _require(len(operands) == 3 and operands[0][1] is None)
        operands = operands[1:]
    given = [f for v, f in operands if f is not None or not _is_zero(v)]
    form = given[0]
    _require(form is not None and all(f == form for f in given))
    assert form is not None
    _require(len(given) == len(operands) or form.scale)
    _require(not form.scale or op.fn is not np.logaddexp)
    return form


def _is_zero(value: Value) -> bool:
    return isinstance(value, Const) and value.value == 0


def _contracted(op: Call, forms: dict[Value, Form]) -> Form:
    """A matrix product with one scale in it, or of scales by scalars."""
    a, b = op.args
    ndim, first = len(_shape(op.outputs[0])), forms.get(a)
    found = [f for f in (first, forms.get(b)) if f is not None]
    _require(all(f.scale for f in found) and not op.kwargs)
    if all(entry is None for f in found for entry in f.axes):
        numbers = sum((f.number for f in found), Fraction(0))
        _require(len({f.factors for f in found}) == 1)
        return Form(True, numbers, found[0].factors, (None,) * ndim)
    _require(len(found) == 1 and max(len(_shape(a)), len(_shape(b))) == 2)
    axes = found[0].axes
    inner = len(axes) - 1 if first is not None else 0
    _require(axes[inner] is None)
    kept = axes[:inner] + axes[inner + 1 :]
    other = (None,) * (ndim - len(kept))
    return replace(found[0], axes=kept + other if first is not None else other + kept)


def _unary(change: Callable[[Form], Form]) -> Callable[[Call, dict[Value, Form]], Form]:
    def rule(op: Call, forms: dict[Value, Form]) -> Form:
        _require(len(op.args) == 1)
        ((_, form),) = _operands(op, forms)
        assert form is not None
        return change(form)

    return rule


def _exponential(form: Form) -> Form:
    _require(not form.scale)
    return replace(form, scale=True)


def _logarithm(form: Form) -> Form:
    _require(form.scale)
    return replace(form, scale=False)


def _negative(form: Form) -> Form:
    return form if form.scale else replace(form, number=-form.number)


def _of_degree(degree: Fraction) -> Callable[[Form], Form]:
    def change(form: Form) -> Form:
        _require(form.scale)
        return replace(form, number=form.number * degree)

    return change


_DIFFERENCES = (operator.sub, np.subtract)
_QUOTIENTS = (operator.truediv, np.divide)
_SUMS = (np.sum, np.linalg.norm)
_RESHAPES = (
    operator.getitem,
    np.transpose,
    np.broadcast_to,
    np.reshape,
    np.ravel,
    np.squeeze,
    np.expand_dims,
    np.ndarray.copy,
    np.asarray,
)
_RULES: dict[Callable, Callable[[Call, dict[Value, Form]], Form]] = {
    **dict.fromkeys(_RESHAPES, _reshaped),
    **dict.fromkeys((*_SUMS, np.mean, np.max, np.min, np.amax, np.amin), _reduced),
    **dict.fromkeys((operator.add, np.add, *_DIFFERENCES), _sum),
    **dict.fromkeys((operator.mul, np.multiply, *_QUOTIENTS), _product),
    **dict.fromkeys((operator.pow, np.power), _power),
    **dict.fromkeys((np.where, np.maximum, np.minimum, np.logaddexp), _chosen),
    **dict.fromkeys((operator.matmul, np.matmul, np.dot), _contracted),
    **dict.fromkeys((np.exp, math.exp), _unary(_exponential)),
    **dict.fromkeys((np.log, math.log), _unary(_logarithm)),
    **dict.fromkeys((operator.neg, np.negative), _unary(_negative)),
    **dict.fromkeys((operator.pos, np.positive, float, np.float64, np.float32), _unary(lambda form: form)),
    **dict.fromkeys((abs, np.abs), _unary(_of_degree(Fraction(1)))),
    **dict.fromkeys((np.sqrt, math.sqrt), _unary(_of_degree(Fraction(1, 2)))),
    **dict.fromkeys((np.square,), _unary(_of_degree(Fraction(2)))),
    **dict.fromkeys((np.reciprocal,), _unary(_of_degree(Fraction(-1)))),
}
