"""The reverse transform: appends to a function the sweep that computes its cotangents.

The reverse sweep refers to values of the forward sweep wherever they were defined, in loop bodies too; `tape` makes
that legal afterwards. Values that are never written in place have SSA cotangents; what is written, or read element by
element, has a shadow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from srcgrad import runtime
from srcgrad.analysis.activity import Activity
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import written
from srcgrad.analysis.reads import Uses
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Symbol
from srcgrad.ir.nodes import Call, Commit, Enter, Function, If, Invoke, Leave, Loop, Op, Raise, Value
from srcgrad.ir.types import F8, Array, NpScalar, Opaque, PyScalar, Unknown
from srcgrad.transform import cotangents
from srcgrad.transform.call_reversal import reverse_call
from srcgrad.transform.control_reversal import reverse_if, reverse_loop
from srcgrad.transform.cotangent_store import CotangentStore
from srcgrad.transform.cotangents import ZERO, full_like, zero_of
from srcgrad.transform.places import instances, mirror
from srcgrad.transform.writes import reverse_write


class Reverse(CotangentStore):
    """Builds the reverse sweep of one function.

    Attributes:
        pairs: how calls of other functions of the graph are reversed.
        indices: for the index of each loop of the forward sweep, that of its reverse.
        uses: what uses the values of the forward sweep.
        instances: instances of classes that are only made to be returned.
    """

    def __init__(self, activity: Activity, aliases: Aliases, pairs: Any):
        lo = Lowering()
        lo.fixed_span = True
        lo.fresh_prefix = "b"
        super().__init__(lo, activity, aliases)
        self.pairs = pairs
        self.indices: dict[Value, Value] = {}
        self.uses = Uses([])
        self.instances: set[Value] = set()

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
            bars = [self._final(value) for value in inputs]
        for op in body.ops[len(forward) :]:
            mirror(op, forward[-1] if forward else op)
        return bars

    def _final(self, value: Value) -> Value:
        known = self.bar(value) if self.activity.active(value) else None
        if isinstance(value.type, Unknown):
            return self._like(known, value)
        if known is None:
            return self._of_kind(zero_of(self.lo, value), value)
        return self._of_kind(cotangents.cast(self.lo, full_like(self.lo, known, value), value), value)

    def _like(self, cotangent: Value | None, value: Value) -> Value:
        """The cotangent of an argument of unknown kind in its structure, shape and dtype."""
        owner = None if cotangent is None else cotangent.owner
        fitted = isinstance(owner, Call) and owner.fn is runtime.unbroadcast and owner.args[1] is value
        if cotangent is not None and fitted:
            return cotangent
        given = ZERO if cotangent is None else cotangent
        return self.lo.value(self.lo.emit_typed(runtime.like, (given, value), {}, value.type))

    def _of_kind(self, cotangent: Value, value: Value) -> Value:
        """The cotangent of a number as a number of its kind: a Python float, a NumPy scalar of its dtype."""
        kind, target = cotangent.type, value.type
        if isinstance(target, Array) and target.shape == () and isinstance(kind, PyScalar) and target.dtype is not None:
            return self.lo.value(self.lo.emit_typed(target.dtype.type, (cotangent,), {}, NpScalar(target.dtype)))
        if isinstance(target, NpScalar) and (
            (isinstance(kind, PyScalar) and target.dtype != F8) or isinstance(kind, Unknown)
        ):
            return self.lo.value(self.lo.emit_typed(target.dtype.type, (cotangent,), {}, target))
        if isinstance(target, PyScalar) and isinstance(kind, Unknown):
            return self.lo.value(self.lo.emit_typed(float, (cotangent,), {}, target))
        if isinstance(target, PyScalar) and isinstance(kind, NpScalar) and kind.dtype != F8 and kind.dtype.kind == "f":
            return self.lo.value(self.lo.emit_typed(float, (cotangent,), {}, target))
        return cotangent

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
