"""Writes one loop over the lanes: a piece of what several turns of a loop do at a time."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from srcgrad.analysis.commuting import ADDS
from srcgrad.analysis.memory import only_metadata
from srcgrad.analysis.ranges import range_of
from srcgrad.ir.nodes import Call, Const, For, If, Op, Region, Value, map_tree, references, walk
from srcgrad.ir.types import BOOL, F8, FLOAT, INT, NpScalar, PyScalar
from srcgrad.jit import helpers
from srcgrad.jit.lane_failures import LATE, is_late
from srcgrad.jit.lane_memory import is_element, is_float_array, places
from srcgrad.jit.lane_plan import Piece
from srcgrad.jit.lengths import raise_if
from srcgrad.jit.pointwise import Writer
from srcgrad.jit.vector_functions import C_NAMES, VECTOR_FUNCTIONS
from srcgrad.rules.registry import hashable

if TYPE_CHECKING:
    from srcgrad.jit.lane_code import Lanes

_MATH: dict[Any, Any] = {
    **{getattr(math, n): VECTOR_FUNCTIONS[getattr(np, n)] for n in ("exp", "exp2", "expm1", "log", "log2", "log10")},
    **{getattr(math, n): VECTOR_FUNCTIONS[getattr(np, n)] for n in ("log1p", "sin", "cos", "tan", "sinh", "cosh")},
    **{math.tanh: VECTOR_FUNCTIONS[np.tanh], math.atan: VECTOR_FUNCTIONS[np.arctan], math.sqrt: np.sqrt},
}
"""Functions of `math` -> those that work on several numbers at a time."""


def is_slow(op: Op) -> bool:
    """Whether an operation is a function of which there is one for several numbers at a time."""
    if not isinstance(op, Call) or not hashable(op.fn) or op.fn is math.sqrt or not all(map(_is_float, op.args)):
        return False
    return op.fn in C_NAMES or (op.fn in _MATH and len(op.args) == 1)


class LaneLoop:
    """Writes a loop over the turns.

    Attributes:
        carried: what it carries: for each its number at the start, its hint and what it is so far.
    """

    def __init__(self, lanes: Lanes, piece: Piece, out: Writer):
        self.lanes = lanes
        self.piece = piece
        self.out = out
        self.model = piece.ops[0] if piece.ops else out.model
        self.lane = Value(INT, "lane", self.model.span)
        self.body = Region([self.lane])
        self.writer = Writer(self.body, self.model)
        self.known: dict[Value, Value] = {}
        self.places: dict[Value, Value] = {}
        self.sums: list[tuple[Call, Value]] = []
        self.failures: dict[Any, Value] = {}
        self.current: dict[Any, Value] = {}
        self.starts: list[Value] = []
        self.keys: list[Any] = []

    def write(self, ends: dict[Value, Value]) -> None:
        """Writes it, and what follows from what it carries."""
        for op in self.piece.ops:
            self.writer.model = op
            self._op(op)
        self.writer.model = self.model
        found = {key: self._value(value) for key, value in ends.items()}
        for key, value in found.items():
            self.writer.effect(operator.setitem, self.lanes.kept_in(key), self.lane, value)
        outputs = [Value(v.type, v.hint) for v in self.body.args[1:]]
        self.body.results = [self.current[key] for key in self.keys]
        Writer(self.out.region, self.model).add(
            For(Const(0), self.lanes.count, Const(1), self.starts, self.body, False, outputs, self.model.span)
        )
        for key, output in zip(self.keys, outputs, strict=True):
            if isinstance(key, Call) and key.outputs:
                arg = key.args[0]
                total = Writer(self.out.region, key).call(key.fn, self.lanes.so_far[arg], output, type=NpScalar(F8))
                total.hint = arg.hint
                self.lanes.so_far[arg] = total
            elif isinstance(key, Call):
                array, index = key.args[0], map_tree(self.lanes.current, key.args[1])
                Writer(self.out.region, key).effect(key.fn, array, index, output)
            else:
                _, cls, message, _ = LATE[key]
                raise_if(Writer(self.out.region, self.model), output, cls, message)

    def _carry(self, key: Any, start: Value, hint: str) -> Value:
        """What a carried number is so far."""
        if key not in self.current:
            arg = Value(start.type, hint)
            arg.owner = self.body
            self.body.args.append(arg)
            self.starts.append(start)
            self.keys.append(key)
            self.current[key] = arg
        return self.current[key]

    def _value(self, value: Value) -> Value:
        """A value in a turn."""
        value = self.lanes.plan.resolve(value)
        if isinstance(value, Const):
            return value
        if value in self.known:
            return self.known[value]
        if not self.lanes.plan.differs(value):
            return self.lanes.current(value)
        lanes = self.lanes
        if value is lanes.plan.loop.index:
            found = self.writer.call(operator.add, lanes.first, self.lane, type=INT)
            found.hint = value.hint
        elif lanes.plan.is_cheap(value):
            assert isinstance(value.owner, Call)
            found = self.writer.call(value.owner.fn, *map(self._value, value.owner.args), type=value.type)
        else:
            found = self.writer.call(operator.getitem, lanes.kept_in(value), self.lane, type=_number(value))
            found.hint = value.hint
        self.known[value] = found
        return found

    def _place(self, part: Value) -> Value:
        """An index in a turn; where it follows the turns, it is said that it is not negative."""
        value = self._value(part)
        if not self.lanes.plan.differs(part) or not self.lanes.plan.is_cheap(part):
            return value
        if not _is_never_negative(part):
            return value
        if part not in self.places:
            self.places[part] = self.writer.call(helpers.not_negative, value, type=INT)
            self.places[part].hint = "place"
        return self.places[part]

    def _op(self, op: Op) -> None:
        if op.outputs and all(map(self.lanes.plan.is_cheap, op.outputs)):
            return
        if isinstance(op, Call):
            self._call(op)
        else:
            assert isinstance(op, If)
            self._branch(op)
        for value in op.outputs:
            if value in self.lanes.shared and value in self.known:
                self.writer.effect(operator.setitem, self.lanes.kept_in(value), self.lane, self.known[value])

    def _call(self, op: Call) -> None:
        direct = bool(op.outputs) and self.lanes.plan.sum_of(op.args[0]) is op
        if direct or self._is_sum(op):
            value = self._value(op.args[-1])
            part = self._carry(op, Const(0.0), "part")
            part.type = NpScalar(F8)
            self.current[op] = self.writer.call(helpers.plus, part, value, type=NpScalar(F8))
            return
        if is_late(op, self.piece):
            self._check_late(op)
            return
        fn = op.fn
        if fn in _MATH and len(op.args) == 1 and _is_float(op.args[0]):
            fn = _MATH[fn]
        args = tuple([map_tree(self._value, arg) for arg in op.args])
        if is_element(op):
            index = tuple(map(self._place, places(op)))
            args = (args[0], index if isinstance(args[1], tuple) else index[0], *args[2:])
        if is_element(op) and op.args[0] in self.lanes.wide:
            index = args[1] if isinstance(args[1], tuple) else (args[1],)
            args = (self.lanes.wide[op.args[0]], (*index, self.lane), *args[2:])
        elif only_metadata(op):
            args = tuple([self.lanes.wide.get(arg, arg) if isinstance(arg, Value) else arg for arg in args])
        outputs = [Value(v.type, v.hint, v.span) for v in op.outputs]
        self.writer.add(Call(fn, args, {}, outputs))
        self.known.update(zip(op.outputs, outputs, strict=True))

    def _is_sum(self, op: Call) -> bool:
        """Whether all turns add to one element, which nobody reads: the sum can be made first."""
        if op.fn not in ADDS or op not in self.piece.ops or op.args[0] in self.lanes.wide:
            return False
        if any(self.lanes.plan.differs(part) for part in places(op)):
            return False
        return is_float_array(op.args[0]) and dtype_of(op.args[2]) == F8

    def _check_late(self, op: Call) -> None:
        """Remembers that a check has failed, in place of raising in the middle of all turns."""
        fails, _, _, number = LATE[op.fn]
        args = tuple([self._value(arg) for arg in op.args])
        looked_at = (args[1], Const(0.0)) if op.fn is helpers.divided else args
        failed = self.writer.call(fails, *looked_at, type=BOOL)
        failures = self.lanes.failures
        if failures is not None:
            so_far = self.writer.call(operator.getitem, failures, self.lane, type=INT)
            now = self.writer.call(helpers.noted, so_far, failed, Const(number), type=INT)
            self.writer.effect(operator.setitem, failures, self.lane, now)
        else:
            so_far = self._carry(op.fn, Const(False), "failed")
            self.current[op.fn] = self.writer.call(operator.or_, so_far, failed, type=BOOL)
        if op.fn is helpers.divided:
            self.known[op.outputs[0]] = self.writer.call(operator.truediv, *args, type=op.outputs[0].type)
        elif op.outputs:
            self.known[op.outputs[0]] = args[0]

    def _branch(self, op: If) -> None:
        """A branch that each turn takes by itself."""
        condition = self._value(op.condition)
        for value in _used_before(op):
            if self.lanes.plan.differs(value):
                self._value(value)
        outer, known, found = self.writer, self.known, self.places
        regions: list[Region] = []
        for region in op.regions:
            written = Region()
            self.writer, self.known, self.places = Writer(written, op), dict(known), dict(found)
            for inner in region.ops:
                self._op(inner)
            written.results = [self._value(v) for v in region.results]
            regions.append(written)
        self.writer, self.known, self.places = outer, known, found
        outputs = [Value(v.type, v.hint, v.span) for v in op.outputs]
        self.writer.add(If(condition, *regions, outputs))
        self.known.update(zip(op.outputs, outputs, strict=True))


def _is_never_negative(index: Value) -> bool:
    low = range_of(index).low
    if low is not None and low >= 0:
        return True
    op = index.owner
    known = isinstance(op, Call) and op.fn in (operator.add, operator.mul) and not op.kwargs
    return known and all(map(_is_never_negative, op.args))  # type: ignore[union-attr]


def _used_before(op: If) -> list[Value]:
    """What a branch uses that is known before it."""
    inside = {v for region in op.regions for inner in walk(region) for v in inner.outputs}
    return [v for v in references(op) if v not in inside and not isinstance(v, Const)]


def _number(value: Value) -> Any:
    """The type of a number that was kept in an array."""
    return value.type if isinstance(value.type, NpScalar) or _is_int(value) else NpScalar(dtype_of(value))


def _is_int(value: Value) -> bool:
    return isinstance(value.type, PyScalar) and value.type.kind == "i"


def _is_float(value: Any) -> bool:
    return isinstance(value, Value) and (value.type == FLOAT or value.type == NpScalar(F8))


def dtype_of(value: Value) -> np.dtype:
    if isinstance(value.type, PyScalar):
        return np.dtype({"b": np.bool_, "i": np.int64, "f": np.float64}[value.type.kind])
    assert isinstance(value.type, NpScalar)
    return value.type.dtype
