"""The reverse transform: appends to a function the sweep that computes its cotangents.

The reverse sweep refers to values of the forward sweep wherever they were defined, in loop bodies too; `tape` makes
that legal afterwards. Values that are never written in place have SSA cotangents; what is written, or read element by
element, has a shadow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from srcgrad.analysis.activity import Activity
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.complexness import Complexness
from srcgrad.analysis.memory import written
from srcgrad.analysis.reads import Uses
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Symbol
from srcgrad.ir.nodes import Call, Commit, Enter, Function, If, Invoke, Leave, Loop, Op, Raise, Value
from srcgrad.ir.types import Opaque
from srcgrad.transform.call_reversal import reverse_call
from srcgrad.transform.control_reversal import reverse_if, reverse_loop
from srcgrad.transform.cotangent_store import CotangentStore
from srcgrad.transform.final_cotangents import final_cotangent, is_mixed
from srcgrad.transform.places import instances, mirror
from srcgrad.transform.writes import reverse_write


class Reverse(CotangentStore):
    """Builds the reverse sweep of one function.

    Attributes:
        pairs: how calls of other functions of the graph are reversed.
        indices: for the index of each loop of the forward sweep, that of its reverse.
        uses: what uses the values of the forward sweep.
        instances: instances of classes that are only made to be returned.
        outlives: whether the reverse sweep may run long after the forward sweep.
        transposed: where the function is a tangent that is transposed, what it is the tangent of: see `Transposed`.
    """

    def __init__(self, activity: Activity, aliases: Aliases, complexness: Complexness, pairs: Any):
        lo = Lowering()
        lo.fixed_span = True
        lo.fresh_prefix = "b"
        super().__init__(lo, activity, aliases, complexness)
        self.pairs = pairs
        self.indices: dict[Value, Value] = {}
        self.uses = Uses([])
        self.instances: set[Value] = set()
        self.outlives = False
        self.transposed: tuple[Any, ...] = ()

    def run(self, function: Function, seeds: Iterable[tuple[Value, Value]], inputs: list[Value]) -> list[Value]:
        """Appends the reverse sweep of a function; returns the cotangents of the inputs."""
        body = function.body
        self.begin(function)
        self.uses = Uses([function])
        seeds = list(seeds)
        self.instances = instances(body.results, {value for value, _ in seeds})
        function.backward_from = len(body.ops)
        forward = list(body.ops)
        with self.lo.into(body):
            if self.shadow_table is None and (self.aliases.needs_table or self.doubtful):
                self.shadow_table = self.lo.value(self.lo.emit_typed(dict, (), {}, Opaque(dict), "shadows"))
            for value, seed in seeds:
                self.contribute(value, seed)
            self.reverse_ops(forward)
            mixed = is_mixed(function)
            bars = [self._final(value, mixed) for value in inputs]
        for op in body.ops[len(forward) :]:
            mirror(op, forward[-1] if forward else op)
        return bars

    def _final(self, value: Value, mixed: bool) -> Value:
        known = self.bar(value) if self.activity.active(value) else None
        return final_cotangent(self.lo, known, value, mixed)

    def symbol(self, tree: Any) -> Symbol:
        """The symbol of an argument tree of the forward sweep."""
        return self.lo.symbol(tree)

    def reverse_ops(self, ops: list[Op]) -> None:
        """Emits the reverse of operations, the last one first."""
        for op in reversed(ops):
            outer, self.mirror, self.lo.span = self.mirror, op, op.span
            mark = len(self.lo.region.ops)
            region = self.lo.region
            self.lo.newest = Value().uid
            self._reverse(op)
            for made in region.ops[mark:]:
                mirror(made, op)
            self.mirror = outer

    def _reverse(self, op: Op) -> None:
        if isinstance(op, Call):
            if written(op) is not None:
                reverse_write(self, op)
            else:
                reverse_call(self, op)
        elif isinstance(op, If):
            reverse_if(self, op)
        elif isinstance(op, Loop):
            reverse_loop(self, op)
        elif isinstance(op, Invoke):
            self.pairs.reverse_invoke(self, op)
        else:
            assert isinstance(op, (Raise, Commit, Enter, Leave))
