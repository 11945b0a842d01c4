"""What it costs to keep a value on a tape, and what to compute it again: in nanoseconds, about as measured.

To keep an array costs more than a pass over it: its memory cannot be used again while it is in the cache.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from srcgrad.analysis.alias import is_pointer
from srcgrad.analysis.memory import is_view, only_metadata
from srcgrad.ir.nodes import Call, Const, Value
from srcgrad.ir.types import PyScalar, is_scalar, rank, shape_of
from srcgrad.rules.registry import PARTIALS, hashable

NEVER = float("inf")
LENGTH = 100
"""Of an axis, and of a loop along it, at a guess."""


@dataclass(frozen=True, slots=True)
class Costs:
    """The costs on one target.

    Attributes:
        tape: one value, pushed and popped.
        pack: more, where there are several.
        slot: and for each of them.
        array: more, if it is an array of unknown size.
        export: a name that outlives its branch.
        carry: what the reverse loop hands on from iteration to iteration.
        copy: a copy of an array.
        turn: an iteration of a loop.
        arithmetic: of two Python numbers.
        integers: of two Python integers.
        numpy: more, if one of them is NumPy's.
        divide: more, for a quotient.
        power: more, for a power with a constant exponent.
        call: a square root, a conversion.
        libm: another function of one number.
        ufunc: more, if it is NumPy's.
        load: an element of an array.
        index: more, for each further index.
        metadata: a shape or length.
        view: a part of an array.
        sweep: simple arithmetic with arrays.
        map: a function of each element.
        least: the part of these that the smallest array costs.
    """

    tape: float
    pack: float
    slot: float
    array: float
    export: float
    carry: float
    copy: float
    turn: float
    arithmetic: float
    integers: float
    numpy: float
    divide: float
    power: float
    call: float
    libm: float
    ufunc: float
    load: float
    index: float
    metadata: float
    view: float
    sweep: float
    map: float
    least: float

    def size(self, value: Value) -> float:
        """What it costs more to save a value than a number."""
        return 0.0 if is_scalar(value.type) else self.array * _scale(value)

    def copying(self, value: Value) -> float:
        """What a copy of an array costs."""
        return self.copy * max(_scale(value), self.least)

    def of_store(self, op: Call) -> float:
        """What it costs to write an element or a part of an array."""
        return self.load if is_scalar(op.args[-1].type) else self.sweep * max(_scale(op.args[-1]), self.least)

    def of(self, op: Call) -> float:
        """What it costs to run an operation again, infinity if that is more than to keep its result."""
        if op.unpacks or len(op.outputs) != 1 or not hashable(op.fn):
            return NEVER
        output = op.outputs[0]
        if only_metadata(op):
            return self.metadata
        if op.fn is operator.getitem and is_scalar(output.type):
            index = op.args[1]
            return self.load + self.index * (len(index) - 1 if isinstance(index, tuple) else 0)
        if is_view(op) and is_pointer(output.type):
            return self.view
        if not is_scalar(output.type):
            return self._of_arrays(op)
        return self._of_numbers(op)

    def _of_arrays(self, op: Call) -> float:
        times = max(_scale(op.outputs[0]), self.least)
        if op.fn in _ONE_PASS or (op.fn in _POWERS and _is_square(op)):
            return self.sweep * times
        return self.map * times if op.fn in PARTIALS and isinstance(op.fn, np.ufunc) else NEVER

    def _of_numbers(self, op: Call) -> float:
        more = 0.0 if all(isinstance(v.type, PyScalar) for v in (*op.inputs, *op.outputs)) else self.numpy
        if op.fn in _COMPARISONS:
            return self.arithmetic
        if op.fn in _SIMPLE:
            whole = all(isinstance(v.type, PyScalar) and v.type.kind == "i" for v in (*op.inputs, *op.outputs))
            return self.integers if whole else self.arithmetic + more
        if op.fn in _QUOTIENTS:
            return self.arithmetic + more + self.divide
        if op.fn in _POWERS:
            return self.arithmetic + more + self.power if _is_square(op) else NEVER
        if op.fn in _CALLS:
            return self.call
        known = getattr(op.fn, "__module__", None) == "math" or isinstance(op.fn, np.ufunc)
        if not known or len(op.args) != 1 or op.fn not in PARTIALS:
            return NEVER
        return self.libm + (self.ufunc if isinstance(op.fn, np.ufunc) else 0.0)


def _scale(value: Value) -> float:
    """How large an array is, against one with one axis of unknown length."""
    axes = shape_of(value.type)
    return 1.0 if axes is None else math.prod(a if isinstance(a, int) else LENGTH for a in axes) / LENGTH


def _is_square(op: Call) -> bool:
    """Whether an exponent is 2, or another for which a few products do."""
    exponent = op.args[1] if len(op.args) == 2 else None
    if not isinstance(exponent, Const) or type(exponent.value) not in (int, float):
        return False
    return exponent.value in ((2,) if rank(op.outputs[0].type) else (1, 2, 3, 4))


_ONE_PASS: frozenset[Callable] = frozenset(
    [operator.add, operator.sub, operator.mul, operator.neg, np.add, np.subtract, np.multiply, np.negative]
)
_COMPARISONS: frozenset[Callable] = frozenset(
    [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge, operator.is_, operator.is_not]
)
_SIMPLE: frozenset[Callable] = frozenset(
    getattr(operator, name) for name in ("add", "sub", "mul", "neg", "pos", "floordiv", "mod", "not_", "and_", "or_")
)
_QUOTIENTS: frozenset[Callable] = frozenset([operator.truediv])
_POWERS: frozenset[Callable] = frozenset([operator.pow, np.power, np.square])
_CALLS: frozenset[Callable] = frozenset([math.sqrt, abs, float, int])

INTERPRETED = Costs(
    tape=40.0,
    pack=30.0,
    slot=35.0,
    array=450.0,
    export=30.0,
    carry=10.0,
    copy=400.0,
    turn=25.0,
    arithmetic=10.0,
    integers=10.0,
    numpy=15.0,
    divide=5.0,
    power=20.0,
    call=20.0,
    libm=25.0,
    ufunc=110.0,
    load=30.0,
    index=4.0,
    metadata=20.0,
    view=60.0,
    sweep=320.0,
    map=2000.0,
    least=0.7,
)
"""CPython and NumPy."""

COMPILED = Costs(
    tape=4.0,
    pack=0.0,
    slot=3.0,
    array=100.0,
    export=0.5,
    carry=0.3,
    copy=100.0,
    turn=0.5,
    arithmetic=0.5,
    integers=0.2,
    numpy=0.0,
    divide=2.0,
    power=1.0,
    call=3.0,
    libm=12.0,
    ufunc=0.0,
    load=0.7,
    index=0.0,
    metadata=0.2,
    view=2.0,
    sweep=30.0,
    map=600.0,
    least=0.1,
)
"""Numba."""
