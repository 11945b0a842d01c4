"""How large integers can get: those that fit into 64 bits on every run need no check for overflow."""

from __future__ import annotations

import operator

from srcgrad.ir.nodes import Call, Const, For, Function, If, Loop, Op, Region, Value
from srcgrad.ir.types import INT, PyScalar
from srcgrad.rules.registry import hashable

ANY = 2**63
"""The bound of what nothing is known of."""
LENGTH = 2**48
"""No array is longer."""
TURNS = 2**50
"""No loop takes more turns: it would run for days."""


class Magnitudes:
    """A bound for the magnitude of each integer of a function, found once."""

    def __init__(self, function: Function):
        self._bounds: dict[Value, int] = {}
        self._region(function.body)

    def of(self, value: Value) -> int:
        """The bound of a value."""
        if isinstance(value, Const):
            return abs(value.value) if isinstance(value.value, int) else ANY
        known = self._bounds.get(value)
        if known is not None:
            return known
        if isinstance(value.type, PyScalar) and (value.type.dim is not None or value.type.kind == "b"):
            return LENGTH
        return ANY

    def fits(self, op: Call) -> bool:
        """Whether what an operation on integers computes surely has less than 64 bits."""
        return self._computed(op) < ANY

    def _region(self, region: Region) -> None:
        for op in region.ops:
            self._op(op)

    def _op(self, op: Op) -> None:
        if isinstance(op, For):
            self._bounds[op.index] = self._index(op)
        if isinstance(op, Loop):
            for arg, init, result in zip(op.carried, op.inits, op.carried_results, strict=True):
                if arg.type == INT and (step := _step(result, arg)) is not None:
                    self._bounds[arg] = min(self.of(init) + step * TURNS, ANY)
        for region in op.regions:
            self._region(region)
        if isinstance(op, If):
            for out, yes, no in zip(op.outputs, op.then.results, op.orelse.results, strict=True):
                self._note(out, max(self.of(yes), self.of(no)))
        elif isinstance(op, Loop):
            for out, arg in zip(op.carried_outputs, op.carried, strict=True):
                self._note(out, self.of(arg))
        elif isinstance(op, Call) and len(op.outputs) == 1:
            self._note(op.outputs[0], self._computed(op))

    def _note(self, value: Value, bound: int) -> None:
        if isinstance(value.type, PyScalar) and value.type.kind in "bi":
            self._bounds[value] = min(bound, self.of(value))

    def _index(self, loop: For) -> int:
        ends = [self.of(loop.start), self.of(loop.stop)]
        if isinstance(loop.step, Const) and isinstance(loop.step.value, int):
            if not (loop.backwards and loop.exits):
                return min(max(ends), ends[0] + TURNS * abs(loop.step.value), ANY - 2)
            return min(max(ends), ANY - 2)
        return max(ends)

    def _computed(self, op: Call) -> int:
        fn, bounds = op.fn, [self.of(a) if isinstance(a, Value) else ANY for a in op.args]
        if not hashable(fn):
            return ANY
        if fn in (operator.add, operator.sub) and len(bounds) == 2:
            return bounds[0] + bounds[1]
        if fn is operator.mul and len(bounds) == 2:
            return bounds[0] * bounds[1]
        if fn in (operator.neg, operator.pos, abs, operator.abs, operator.floordiv) and bounds:
            return bounds[0]
        if fn is operator.mod and len(bounds) == 2:
            return bounds[1]
        if fn in (max, min) and bounds:
            return max(bounds)
        if fn is len:
            return LENGTH
        return ANY


def _step(result: Value, carried: Value) -> int | None:
    """By how much a loop changes an integer at most in one turn, None if that is not known."""
    if result is carried:
        return 0
    op = result.owner
    if isinstance(op, If):
        k = op.outputs.index(result)
        sides = [_step(op.then.results[k], carried), _step(op.orelse.results[k], carried)]
        return None if None in sides else max(s for s in sides if s is not None)
    if not isinstance(op, Call) or op.fn not in (operator.add, operator.sub):
        return None
    left, right = op.args
    if isinstance(right, Const) and type(right.value) is int and abs(right.value) <= 1024:
        inner = _step(left, carried)
        return None if inner is None else inner + abs(right.value)
    return None
