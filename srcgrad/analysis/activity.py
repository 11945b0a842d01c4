"""Activity: what depends on the inputs (varied) and has an influence on the outputs (useful).

Contents of a buffer are varied or useful as a whole: one fact for each class of pointers that is written.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable
from typing import Any

from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import among, contents_read, only_metadata, written
from srcgrad.ir.flow import rests
from srcgrad.ir.nodes import Call, Const, Function, If, Invoke, Loop, Op, Region, Value, leaves
from srcgrad.rules.registry import NONDIFFERENTIABLE, STEPS


class Activity:
    """The active values of some functions of the graph.

    Args:
        functions, aliases: the functions, and which of their values share memory.
        inputs: what is differentiated with respect to.
        outputs: what is differentiated.
        passive: values, never written, that are known to have no influence on the outputs.
    """

    def __init__(
        self,
        functions: list[Function],
        aliases: Aliases,
        inputs: Iterable[Value],
        outputs: Iterable[Value],
        passive: Collection[Value] = (),
    ):
        self.aliases = aliases
        self._passive = passive
        ops = [op for function in functions for op in in_and_out(function.body)]
        self._varied: set[Any] = {self.key(v) for v in inputs if v not in passive}
        spread(self._varied, ops, self._spread_varied)
        self._useful: set[Any] = {self.key(v) for v in outputs}
        spread(self._useful, ops[::-1], self._spread_useful)
        self._active: dict[Value, bool] = {}

    def key(self, value: Value) -> Any:
        """What activity is recorded for: the value, or the buffer it points into."""
        return self.aliases.find(value) if self.aliases.is_written(value) else value

    def is_passive(self, value: Value) -> bool:
        """Whether a value is known to have no influence on the outputs."""
        return value in self._passive

    def varied(self, value: Value) -> bool:
        return not isinstance(value, Const) and value.type.differentiable and self.key(value) in self._varied

    def active(self, value: Value) -> bool:
        """Whether the derivative with respect to this value matters."""
        # The facts are complete, so that an answer holds for good.
        known = self._active.get(value)
        if known is None:
            known = self._active[value] = self.varied(value) and self.key(value) in self._useful
        return known

    def _spread_varied(self, op: Op) -> None:
        if isinstance(op, Call):
            target = written(op)
            if target is not None:
                if any(self.varied(v) for v in stored(op)) and target.type.differentiable:
                    self._varied.add(self.key(target))
                if op.outputs and self.key(target) in self._varied:
                    self._mark(self._varied, op.outputs)
                return
            if not op.outputs or blocks(op):
                return
            if any(self.varied(v) for v in contents_read(op)):
                self._mark(self._varied, smooth_outputs(op))
            return
        for target, source in _flows(op):
            if self.varied(source):
                self._mark(self._varied, [target])

    def _spread_useful(self, op: Op) -> None:
        if isinstance(op, Call):
            target = written(op)
            if target is not None:
                if self.key(target) in self._useful or any(self._is_useful(v) for v in op.outputs):
                    self._mark(self._useful, [*stored(op), target])
                return
            if not blocks(op) and any(self._is_useful(v) for v in smooth_outputs(op)):
                self._mark(self._useful, contents_read(op))
            return
        for target, source in _flows(op):
            if self._is_useful(target):
                self._mark(self._useful, [source])

    def _is_useful(self, value: Value) -> bool:
        return value.type.differentiable and self.key(value) in self._useful

    def _mark(self, facts: set[Any], values: Iterable[Value]) -> None:
        for value in values:
            if not isinstance(value, Const) and value.type.differentiable and value not in self._passive:
                facts.add(self.key(value))


def spread(facts: set[Any], ops: list[Op], step: Callable[[Op], None]) -> None:
    """Spreads facts until there are no more: a sweep, some more for loops, and one that finds nothing."""
    known = -1
    while len(facts) != known:
        known = len(facts)
        for op in ops:
            step(op)


def in_and_out(region: Region) -> list[Op]:
    """The operations of a region in program order, those with regions twice: where they are entered and left."""
    found: list[Op] = []
    for op in region.ops:
        found.append(op)
        if op.regions:
            for inner in op.regions:
                found += in_and_out(inner)
            found.append(op)
    return found


def stored(op: Call) -> list[Value]:
    """The values whose contents a write puts into the container it writes."""
    if op.fn is operator.setitem or getattr(op.fn, "__name__", "").endswith("_item"):
        return list(leaves(op.args[2:]))
    return contents_read(op)[1:]


def blocks(op: Call) -> bool:
    """Whether no derivative flows through a call."""
    return among(op.fn, NONDIFFERENTIABLE) or only_metadata(op)


def smooth_outputs(op: Call) -> list[Value]:
    """The outputs of a call less one that is constant wherever it does not jump, as the quotient of `divmod` is."""
    step = STEPS[op.fn] if op.unpacks and among(op.fn, STEPS) else None
    return [v for k, v in enumerate(op.outputs) if k != step]


def _flows(op: Op) -> list[tuple[Value, Value]]:
    """Where values flow, without what no turn of a loop sees: what the last one leaves behind."""
    pairs = flows(op)
    if isinstance(op, Loop) and op.exits:
        for k, arg in enumerate(op.carried):
            if rests(op, k):
                result, output = op.carried_results[k], op.carried_outputs[k]
                pairs = [(t, s) for t, s in pairs if not (t is arg and s is result)] + [(output, result)]
    return pairs


def flows(op: Op) -> list[tuple[Value, Value]]:
    """Where values flow through control flow and calls, as pairs of target and source."""
    pairs: list[tuple[Value, Value]] = []
    if isinstance(op, If):
        for output, a, b in zip(op.outputs, op.then.results, op.orelse.results, strict=True):
            pairs += [(output, a), (output, b)]
    elif isinstance(op, Loop):
        rows = zip(op.carried_outputs, op.inits, op.carried, op.carried_results, strict=True)
        for output, init, arg, result in rows:
            pairs += [(arg, init), (arg, result), (output, arg)]
        test = getattr(op, "test", None)
        if test is not None:
            pairs += list(zip(test.args, op.carried, strict=True))
    elif isinstance(op, Invoke):
        pairs += list(zip(op.callee.params, op.args, strict=False))
        pairs += list(zip(op.outputs, op.callee.body.results, strict=False))
    return pairs
