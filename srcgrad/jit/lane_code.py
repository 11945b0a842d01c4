"""Writes the code of a loop whose turns run several at a time: what differs from turn to turn has a lane for each.

for first in range(0, n, 128):
    count = min(128, n - first)
    for p in range(d):
        w = weight[p]
        for lane in range(count):
            s_lanes[lane] += w * x[first + lane, p]
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, Const, For, If, Op, Region, Value, references, within
from srcgrad.ir.types import F8, INT, Array, NpScalar, PyScalar
from srcgrad.jit import helpers
from srcgrad.jit.lane_loops import LaneLoop, dtype_of
from srcgrad.jit.lane_memory import ascending
from srcgrad.jit.lane_plan import Inner, Piece, Plan, Same, Step
from srcgrad.jit.lengths import length_of
from srcgrad.jit.pointwise import Writer
from srcgrad.transform.clone import clone_ops

WIDTH = 128
"""How many turns run at a time: what they need stays in the cache, and what loops cost is shared by many."""


class Lanes:
    """Writes one loop anew.

    Args:
        plan: how.
        before: writes what goes before the loop and all loops around it.
        out: writes what takes its place.
        private: the arrays of which each turn has one of its own; whether they begin as zeros.
        notes: whether the lanes note their failures.
    """

    def __init__(self, plan: Plan, before: Writer, out: Writer, private: dict[Value, bool], notes: bool):
        self.plan = plan
        self._before = before
        self._out = out
        self._mapping: dict[Value, Value] = {}
        self.wide: dict[Value, Value] = {}
        self._buffers: dict[Value, Value] = {}
        self.shared: set[Value] = set()
        self.so_far: dict[Value, Value] = {}
        self.failures: Value | None = None
        if notes:
            self.failures = self._buffer(Value(PyScalar("i"), "failure"))
        for array, zero in private.items():
            self.wide[array] = self._widened(array, zero)

    def write(self) -> dict[Value, Value]:
        """Writes all of it; what takes the place of the outputs of the loop."""
        loop, steps = self.plan.loop, self.plan.steps
        assert steps is not None
        self._share(steps)
        direct = [arg for arg in loop.carried if self.plan.sum_of(arg) is not None]
        for arg in loop.carried:
            if arg not in self.plan.alias and arg not in direct:
                self._out.effect(operator.setitem, self.kept_in(arg), Const(slice(None)), Const(0.0))
        low, high = ascending(loop)
        assert low is not None
        if high is None:
            high = self._out.call(operator.add, loop.start, Const(1), type=INT)
        first = Value(INT, "first", loop.span)
        args, outputs = ([Value(NpScalar(F8), arg.hint, arg.span) for arg in direct] for _ in range(2))
        body = Region([first, *args])
        inits = [loop.inits[loop.carried.index(arg)] for arg in direct]
        self._out.add(For(low, high, Const(WIDTH), inits, body, False, outputs, loop.span))
        self.so_far = dict(zip(direct, args, strict=True))
        inner = Writer(body, loop)
        left = inner.call(operator.sub, high, first, type=INT)
        count = inner.call(min, Const(WIDTH), left, type=INT)
        count.hint = "count"
        self.first, self.count = first, count
        if self.failures is not None:
            inner.effect(operator.setitem, self.failures, Const(slice(None)), Const(0))
        ends = zip(loop.carried, loop.carried_results, strict=True)
        self._steps(steps, inner, {arg: result for arg, result in ends if arg not in direct})
        if self.failures is not None:
            inner.effect(helpers.raise_noted, self.failures, count)
        body.results = [self.so_far[arg] for arg in direct]
        return self._totals(dict(zip(direct, outputs, strict=True)))

    def _totals(self, direct: dict[Value, Value]) -> dict[Value, Value]:
        """What the loop carries, after it."""
        loop = self.plan.loop
        found: dict[Value, Value] = {}
        for arg, init, out in zip(loop.carried, loop.inits, loop.carried_outputs, strict=True):
            if arg in self.plan.alias:
                found[out] = init
                continue
            if arg in direct:
                found[out] = direct[arg]
                continue
            part = self._out.call(helpers.total, self._buffers[arg], type=NpScalar(F8))
            total = self._out.call(operator.add, init, part, type=NpScalar(F8))
            total.hint = out.hint
            found[out] = total
        return found

    # What is kept from piece to piece

    def _share(self, steps: list[Step]) -> None:
        """Finds the values that another piece needs than the one that has them."""
        home: dict[Value, Piece] = {}
        used: list[tuple[Any, list[Value]]] = []
        self._visit(steps, self.plan.loop.carried_results, home, used)
        for place, values in used:
            for value in map(self.plan.resolve, values):
                if value in home and home[value] is not place and not self.plan.is_cheap(value):
                    self.shared.add(value)

    def _visit(self, steps: list[Step], results: list[Value], home: dict[Value, Piece], used: list) -> None:
        for k, step in enumerate(steps):
            before = steps[k - 1] if k else None
            if isinstance(step, Piece):
                used += [(step, references(op)) for op in step.ops]
                home.update({v: step for op in step.ops for v in op.outputs})
            elif isinstance(step, Inner):
                place = before if isinstance(before, Piece) else step
                used.append((place, list(self._starts(step).values())))
                for body, region in zip(step.bodies, step.op.regions, strict=True):
                    self._visit(body, region.results, home, used)
        used.append((steps[-1] if steps else None, results))

    def _buffer(self, value: Value) -> Value:
        """An array with one number for each turn."""
        dtype = dtype_of(value)
        kwargs = {} if dtype == F8 else {"dtype": Const(dtype.type)}
        made = Value(Array(dtype, (WIDTH,)), f"{value.hint or 'value'}_lanes", value.span)
        self._before.add(Call(np.empty, (Const(WIDTH),), kwargs, [made]))
        return made

    def kept_in(self, value: Value) -> Value:
        if value not in self._buffers:
            self._buffers[value] = self._buffer(value)
        return self._buffers[value]

    def _widened(self, array: Value, zero: bool) -> Value:
        assert isinstance(array.type, Array) and array.type.shape is not None and array.type.dtype is not None
        made = array.owner
        assert isinstance(made, Call)
        given = made.args[0] if isinstance(made.args[0], tuple) else (made.args[0],)
        around = self._before.model
        known = not any(is_inside(v.owner, region) for region in around.regions for v in given)
        writer = self._before if known else self._out
        if made.fn in (np.empty_like, np.zeros_like):
            given = tuple([length_of(writer, given[0], k) for k in range(len(array.type.shape))])
        dtype = array.type.dtype
        kwargs = {} if dtype == F8 else {"dtype": Const(dtype.type)}
        wide = Value(Array(dtype, (*array.type.shape, WIDTH)), f"{array.hint or 'array'}_lanes", array.span)
        writer.add(Call(np.zeros if zero else np.empty, ((*given, Const(WIDTH)),), kwargs, [wide]))
        return wide

    # Steps

    def _steps(self, steps: list[Step], out: Writer, ends: dict[Value, Value]) -> None:
        """Writes a region; `ends` says what is handed on at its end: what is carried -> what it becomes."""
        ends = self._handed_on(ends)
        if ends and not (steps and isinstance(steps[-1], Piece)):
            steps = [*steps, Piece()]
        for k, step in enumerate(steps):
            if isinstance(step, Same):
                self._same(step.op, out)
            elif isinstance(step, Piece):
                then = steps[k + 1] if k + 1 < len(steps) else None
                self._piece(step, out, self._starts(then) if then is not None else ends)
            elif isinstance(step.op, For):
                starts = self._starts(step)
                if starts and not (k and isinstance(steps[k - 1], Piece)):
                    self._piece(Piece(), out, starts)
                self._loop(step, step.op, out)
            else:
                self._branch(step, step.op, out)

    def _handed_on(self, pairs: dict[Value, Value]) -> dict[Value, Value]:
        """Of what becomes of values those that differ from turn to turn, and change."""
        alias = self.plan.alias
        return {k: self.plan.resolve(v) for k, v in pairs.items() if k not in alias and self.plan.differs(k)}

    def _starts(self, step: Step) -> dict[Value, Value]:
        """What a loop that follows begins with."""
        if not isinstance(step, Inner) or not isinstance(step.op, For):
            return {}
        return self._handed_on(dict(zip(step.op.carried, step.op.inits, strict=True)))

    def _same(self, op: Op, out: Writer) -> None:
        if isinstance(op, Call) and op.outputs and op.outputs[0] in self.wide:
            wide = self.wide[op.outputs[0]]
            if op.fn in (np.zeros, np.zeros_like):
                whole = Const(slice(None))
                assert isinstance(wide.type, Array) and wide.type.shape is not None
                out.effect(operator.setitem, wide, (whole,) * len(wide.type.shape), Const(0.0))
            return
        (made,) = self._cloned([op])
        made.mirror = op.mirror
        made.parent = None
        out.region.append(made)

    def _cloned(self, ops: list[Op]) -> list[Op]:
        """Copies of operations that are the same in all turns."""
        for op in ops:
            for value in references(op):
                found = self.plan.resolve(value)
                if found is not value and value not in self._mapping:
                    self._mapping[value] = self._mapping.get(found, found)
        mapping = {**self.wide, **self._mapping}
        made = clone_ops(ops, mapping)
        for op, copy in zip(ops, made, strict=True):
            _mark(op, copy)
            self._mapping.update({v: mapping[v] for v in _defined(op)})
        return made

    def current(self, value: Value) -> Value:
        value = self.plan.resolve(value)
        return self._mapping.get(value, value)

    def _loop(self, step: Inner, op: For, out: Writer) -> None:
        differing = list(self._starts(step))
        index = Value(op.index.type, op.index.hint, op.index.span)
        kept = [k for k, arg in enumerate(op.carried) if arg not in differing and arg not in self.plan.alias]
        args = [Value(op.carried[k].type, op.carried[k].hint, op.carried[k].span) for k in kept]
        outputs = [Value(op.carried[k].type, op.carried[k].hint, op.carried[k].span) for k in kept]
        inits = [self.current(op.inits[k]) for k in kept]
        body = Region([index, *args])
        bounds = [self.current(v) for v in (op.start, op.stop, op.step)]
        made = For(*bounds, inits, body, False, outputs, op.span)
        made.mirror = op.mirror
        self._mapping[op.index] = index
        self._mapping.update({op.carried[k]: arg for k, arg in zip(kept, args, strict=True)})
        inner = Writer(body, op)
        self._steps(step.bodies[0], inner, dict(zip(op.carried, op.carried_results, strict=True)))
        body.results = [self.current(op.carried_results[k]) for k in kept]
        self._mapping.update({op.carried_outputs[k]: v for k, v in zip(kept, outputs, strict=True)})
        for arg, output in zip(op.carried, op.carried_outputs, strict=True):
            if arg in differing:
                self._buffers[output] = self.kept_in(arg)
        out.region.append(made)

    def _branch(self, step: Inner, op: If, out: Writer) -> None:
        differing = [v for v in op.outputs if self.plan.differs(v)]
        kept = [k for k, v in enumerate(op.outputs) if v not in differing]
        outputs = [Value(op.outputs[k].type, op.outputs[k].hint, op.outputs[k].span) for k in kept]
        regions: list[Region] = []
        for steps, region in zip(step.bodies, op.regions, strict=True):
            written = Region()
            ends = {v: r for v, r in zip(op.outputs, region.results, strict=True) if v in differing}
            self._steps(steps, Writer(written, op), ends)
            written.results = [self.current(region.results[k]) for k in kept]
            regions.append(written)
        made = If(self.current(op.condition), *regions, outputs, op.span)
        made.mirror = op.mirror
        self._mapping.update({op.outputs[k]: v for k, v in zip(kept, outputs, strict=True)})
        out.region.append(made)

    # Pieces

    def _piece(self, piece: Piece, out: Writer, ends: dict[Value, Value]) -> None:
        """Writes a loop over the turns."""
        ends = {k: v for k, v in ends.items() if self.kept_in(k) is not self._buffers.get(v)}
        if not piece.ops and not ends:
            return
        LaneLoop(self, piece, out).write(ends)


def _mark(op: Op, copy: Op) -> None:
    """Gives a copy, and all in it, the sweep of what it is a copy of."""
    copy.mirror = op.mirror
    for region, other in zip(op.regions, copy.regions, strict=True):
        for a, b in zip(region.ops, other.ops, strict=True):
            _mark(a, b)


def _defined(op: Op) -> list[Value]:
    return [v for inner in within([op]) for v in inner.outputs]
