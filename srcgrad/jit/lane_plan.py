"""What of a loop's body differs from turn to turn, and in which pieces several turns go through it.

for i in range(n):
    s = 0.0                          # s differs: it is carried by a loop that adds to it what differs
    for p in range(d):               # the same loop in all turns
        w = weight[p]                # the same in all turns: computed once for all of them
        s = s + w * x[i, p]          # a piece: a loop over the turns
    y[i] = exp(s)                    # another piece
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from srcgrad.analysis.commuting import ADDS
from srcgrad.analysis.memory import only_metadata
from srcgrad.ir.nodes import UNDEFINED, Call, Const, For, If, Op, Region, Value, walk, within
from srcgrad.ir.types import NpScalar, PyScalar, is_scalar
from srcgrad.jit import helpers
from srcgrad.jit.lane_memory import is_element
from srcgrad.jit.vector_functions import C_NAMES
from srcgrad.rules.registry import hashable

_OPERATORS = (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "neg", "pos", "abs", "lshift", "rshift"),
    *("lt", "le", "eq", "ne", "gt", "ge", "and_", "or_", "xor", "invert", "not_"),
)
RAISES: dict[Any, frozenset[type[Exception]]] = {
    **dict.fromkeys((helpers.check_indices, helpers.index_in), frozenset([IndexError])),
    **dict.fromkeys((helpers.added, helpers.subtracted, helpers.product), frozenset([OverflowError])),
    **dict.fromkeys((helpers.divided, helpers.floor_divided, helpers.remainder), frozenset([ZeroDivisionError])),
    **dict.fromkeys((helpers.truncated, helpers.rounded, helpers.in_range), frozenset([ValueError, OverflowError])),
    **dict.fromkeys((helpers.shifted_left, helpers.shifted_right), frozenset([ValueError, OverflowError])),
    helpers.in_domain: frozenset([ValueError]),
    helpers.int_power: frozenset([ValueError, OverflowError, ZeroDivisionError]),
    helpers.float_power: frozenset([ValueError, OverflowError, ZeroDivisionError]),
}
"""What may raise -> what it raises."""
_PURE = frozenset(
    [
        *(getattr(operator, name) for name in _OPERATORS),
        *(fn for fn in vars(math).values() if callable(fn)),
        *(abs, min, max, float, int, bool),
        *C_NAMES,
    ]
)
_STORES = frozenset([operator.setitem, *ADDS])


@dataclass(eq=False, slots=True)
class Piece:
    """Operations that differ from turn to turn, with no loop among them: they become a loop over the turns."""

    ops: list[Op] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Same:
    """An operation that is the same in all turns."""

    op: Op


@dataclass(eq=False, slots=True)
class Inner:
    """A loop, or a branch, that all turns take alike, with what differs in it.

    Attributes:
        op: the loop or the branch.
        bodies: what its regions become. Each ends with a piece, which hands on what the region results in.
    """

    op: For | If
    bodies: list[list[Step]]


Step = Piece | Same | Inner


class Plan:
    """How the body of a loop is gone through by several turns at a time.

    Args:
        loop: the loop.
        private: the arrays of which each turn has one of its own.

    Attributes:
        differing: the values that differ from turn to turn.
        steps: the body in pieces; None if it can't be cut so.
        alias: what is carried through loops as it is -> what it is.
    """

    def __init__(self, loop: For, private: set[Value]):
        self.loop = loop
        self._private = private
        self.alias: dict[Value, Value] = {}
        self.differing: set[Value] = {loop.index}
        self._same_through(loop.body)
        self.differing.update(v for v in loop.carried if v not in self.alias)
        self.steps: list[Step] | None = None
        if self._is_plain(loop.body):
            self._spread()
            self.steps = self._cut(loop.body)

    def resolve(self, value: Value) -> Value:
        """What a value is, behind the loops that only hand it on."""
        while value in self.alias:
            value = self.alias[value]
        return value

    def differs(self, value: Value) -> bool:
        """Whether a value differs from turn to turn."""
        return self.resolve(value) in self.differing

    def is_cheap(self, value: Value) -> bool:
        """Whether a number is as quickly computed again: the number of the turn, more or less."""
        if value is self.loop.index:
            return True
        op = value.owner
        if not isinstance(op, Call) or op.fn not in (operator.add, operator.sub):
            return False
        whole = isinstance(value.type, PyScalar) and value.type.kind == "i"
        return whole and all(not self.differs(v) or self.is_cheap(v) for v in op.inputs)

    def sum_of(self, arg: Value) -> Call | None:
        """For what the loop carries: what adds to it, if that is all that a turn does with it."""
        if arg not in self.loop.carried or arg in self.alias:
            return None
        op = self.loop.carried_results[self.loop.carried.index(arg)].owner
        added = isinstance(op, Call) and op.fn in (operator.add, operator.sub) and op.parent is self.loop.body
        return op if added and op.args[0] is arg else None  # type: ignore[union-attr,return-value]

    def _same_through(self, region: Region) -> None:
        """Finds what loops hand on from turn to turn as it is."""
        loops = [self.loop, *[op for op in walk(region) if isinstance(op, For)]]
        for op in loops:
            for arg, init, result, out in zip(
                op.carried, op.inits, op.carried_results, op.carried_outputs, strict=True
            ):
                if arg is result:
                    self.alias[arg] = init
                    if op is not self.loop:
                        self.alias[out] = init

    def _is_plain(self, region: Region) -> bool:
        """Whether there is nothing in a region but numbers, elements of arrays, loops and branches."""
        return all(self._is_known(op) for op in walk(region))

    def _is_known(self, op: Op) -> bool:
        if isinstance(op, For):
            return not op.exits and not op.backwards and op.slots is None
        if type(op) is If:
            results = (*op.then.results, *op.orelse.results)
            return not any(isinstance(v, Const) and v.value is UNDEFINED for v in results)
        if not isinstance(op, Call) or not hashable(op.fn) or op.kwargs:
            return False
        if op.outputs and op.outputs[0] in self._private:
            return True
        if only_metadata(op) or is_element(op):
            return True
        if op.fn is operator.getitem:
            # A length, out of a shape.
            return isinstance(op.args[1], Const) and is_scalar(op.outputs[0].type) and not is_element(op)
        numbers = all(is_scalar(v.type) for v in (*op.inputs, *op.outputs))
        known = op.fn in _PURE or op.fn in RAISES or isinstance(op.fn, np.ufunc) or _is_cast(op)
        return numbers and known and len(op.outputs) <= 1

    # What differs

    def _spread(self) -> None:
        known = -1
        while known != len(self.differing):
            known = len(self.differing)
            self._visit(self.loop.body)

    def _visit(self, region: Region) -> None:
        for op in region.ops:
            for inner in op.regions:
                self._visit(inner)
            if isinstance(op, For):
                for arg, init, result, out in zip(
                    op.carried, op.inits, op.carried_results, op.carried_outputs, strict=True
                ):
                    if arg not in self.alias and (self.differs(init) or self.differs(result)):
                        self.differing |= {arg, out}
            elif isinstance(op, If):
                whole = self.differs(op.condition)
                for out, a, b in zip(op.outputs, op.then.results, op.orelse.results, strict=True):
                    if whole or self.differs(a) or self.differs(b):
                        self.differing.add(out)
            elif self._call_differs(op):
                self.differing.update(op.outputs)

    def _call_differs(self, op: Op) -> bool:
        if only_metadata(op):
            return False
        return any(v in self._private or self.differs(v) for v in op.inputs)

    def _op_differs(self, op: Op) -> bool:
        """Whether an operation, or one in it, does something else from turn to turn."""
        if isinstance(op, Call):
            # What is written is written by each turn.
            return self._call_differs(op) or op.fn in _STORES or not self._private.isdisjoint(op.outputs)
        return any(self.differs(v) for v in (*op.inputs, *op.outputs)) or any(
            self._op_differs(inner) for region in op.regions for inner in region.ops
        )

    # Pieces

    def _cut(self, region: Region) -> list[Step] | None:
        steps: list[Step] = []
        for op in region.ops:
            step = self._step(op)
            if step is None:
                return None
            if not isinstance(step, Piece):
                self._add(steps, step)
            elif steps and isinstance(steps[-1], Piece):
                steps[-1].ops.append(op)
            else:
                steps.append(step)
        return steps

    def _add(self, steps: list[Step], step: Step) -> None:
        """Adds what is no piece: before the last one, where nobody can tell, so that pieces stay whole."""
        last = steps[-1] if steps else None
        early = isinstance(step, Same) and isinstance(last, Piece) and (_is_quiet(step.op) or not _raises(last))
        steps.insert(len(steps) - int(early), step)

    def _step(self, op: Op) -> Step | None:
        if not self._op_differs(op) or (isinstance(op, Call) and not self._private.isdisjoint(op.outputs)):
            return Same(op)
        if isinstance(op, Call):
            return Piece([op])
        if isinstance(op, If) and not any(isinstance(i, For) for r in op.regions for i in walk(r)):
            return Piece([op])
        conditions = (op.start, op.stop, op.step) if isinstance(op, For) else op.inputs
        if any(self.differs(v) for v in conditions):
            return None
        bodies: list[list[Step]] = []
        for region in op.regions:
            steps = self._cut(region)
            if steps is None:
                return None
            if not steps or not isinstance(steps[-1], Piece):
                steps.append(Piece())
            bodies.append(steps)
        assert isinstance(op, (For, If))
        return Inner(op, bodies)


def _is_cast(op: Call) -> bool:
    return isinstance(op.fn, type) and issubclass(op.fn, np.generic)


def _is_quiet(op: Op) -> bool:
    """Whether an operation raises nothing."""
    return isinstance(op, Call) and bool(op.outputs) and op.fn not in RAISES


def _raises(piece: Piece) -> bool:
    return any(isinstance(op, Call) and op.fn in RAISES for op in within(piece.ops))


def innermost(steps: list[Step], depth: int = 0) -> Iterator[tuple[int, Piece]]:
    """The pieces, each with how many loops of the body are around it."""
    for step in steps:
        if isinstance(step, Piece):
            yield depth, step
        elif isinstance(step, Inner):
            for body in step.bodies:
                yield from innermost(body, depth + isinstance(step.op, For))


def is_number(value: Value) -> bool:
    """Whether a number can stand in an array: of 64-bit floats, of 32-bit ones, of integers or truth values."""
    if isinstance(value.type, PyScalar):
        return value.type.kind in "bif"
    return isinstance(value.type, NpScalar) and value.type.dtype.kind in "bif"
