"""What is looked at before a nest: whether lengths are equal that have to be, and those that a nest takes to be equal.

Lengths that have to be equal are checked, and NumPy's error raised. Where an axis may have length 1, and then be
stretched, code that may be run again relies on it that none is:

    if len(x_part) != len(y):
        raise Stretched("an array of length 1 meets a longer one")

Otherwise the nest stands under the condition that none is, and the operations on whole arrays stand beside it:

    if len(x_part) == len(y):
        ...
    else:
        z = x_part * y
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from srcgrad.ir.nodes import Call, If, Op, Region, Value
from srcgrad.ir.types import BOOL, Array, Axis
from srcgrad.jit.groups import Group
from srcgrad.jit.lengths import MISMATCH, Facts, Lengths, Measured, Stretched, raise_if
from srcgrad.jit.places import place_of
from srcgrad.jit.pointwise import Writer

if TYPE_CHECKING:
    from srcgrad.jit.nests import Nest


def sources_of(group: Group) -> list[Value]:
    """The arrays that a group uses, of which lengths can be asked: those with elements first, views last."""
    found = [v for m in group.members for v in m.operands if isinstance(v.type, Array) and v not in group.made]
    stores = [m.store.place.base for m in group.members if m.store is not None]
    return [*(place_of(v).base for v in found), *stores, *found]


@dataclass(frozen=True, slots=True)
class _Compared:
    """Two axes that are compared, for an operation, and what writes their lengths."""

    op: Op
    a: Axis
    b: Axis
    length_of_a: Measured
    length_of_b: Measured

    def write(self, writer: Writer, fn: Callable) -> Value:
        return writer.call(fn, self.length_of_a(writer), self.length_of_b(writer), type=BOOL)


@dataclass(slots=True)
class Checks:
    """The checks before a nest.

    Attributes:
        facts: what is known of lengths in the nest.
        conditions: pairs of axes that are equal if nothing is stretched.
        needed: pairs of axes that differ only if NumPy raises.
    """

    facts: Facts
    lengths: Lengths
    conditions: list[_Compared] = field(default_factory=list)
    needed: list[_Compared] = field(default_factory=list)

    def note(self, op: Op, a: Axis, b: Axis, needed: bool) -> bool:
        """Has two axes compared, unless they are known to be equal; whether that can be done."""
        if self.facts.equal(a, b):
            return True
        p, q = self.lengths.measured(a), self.lengths.measured(b)
        if p is None or q is None:
            return False
        (self.needed if needed else self.conditions).append(_Compared(op, a, b, p, q))
        self.facts.learn(a, b)
        return True

    def write_needed(self, region: Region) -> None:
        """Writes what raises."""
        for compared in self.conditions if self.facts.relies else ():
            writer = Writer(region, compared.op)
            raise_if(writer, compared.write(writer, operator.ne), Stretched, "an array of length 1 meets a longer one")
        for compared in self.needed:
            writer = Writer(region, compared.op)
            raise_if(writer, compared.write(writer, operator.ne), ValueError, MISMATCH)

    def teach(self, facts: Facts) -> None:
        """Adds what the checks find out to what is known after them."""
        for compared in [*self.conditions, *self.needed]:
            facts.learn(compared.a, compared.b)

    def guarded(self, nest: Nest) -> list[Op]:
        """The nest under its conditions, and the operations on whole arrays beside it."""
        before = Region()
        writer = Writer(before, self.conditions[0].op)
        met = [compared.write(writer, operator.eq) for compared in self.conditions]
        whole = met[0]
        for condition in met[1:]:
            whole = writer.call(operator.and_, whole, condition, type=BOOL)
        whole.hint = "same_lengths" if len(met) > 2 else None
        self.write_needed(nest.regions[0])
        nest.write()
        group = nest.group
        outputs = [v for v in [*nest.kept, *(m.op.outputs[0] for m in nest.members if m.reduction is not None)] if v]
        then, orelse = nest.regions[0], Region()
        for m in group.members:
            op = Call(m.op.fn, m.op.args, m.op.kwargs, list(m.op.outputs), m.op.span, m.op.unpacks)
            op.mirror = m.op.mirror
            orelse.append(op)
        for region in (then, orelse):
            region.results = _renamed(region, outputs)
        writer.add(If(whole, then, orelse, outputs))
        return before.ops


def _renamed(region: Region, outputs: list[Value]) -> list[Value]:
    """Gives what a region defines new values; those of these outputs."""
    made = {v: Value(v.type, v.hint, v.span) for op in region.ops for v in op.outputs}
    for old, new in made.items():
        new.primal = old.primal
    pending = list(region.ops)
    for op in pending:
        op.replace_inputs(lambda v: made.get(v, v))
        for inner in op.regions:
            inner.results = [made.get(v, v) for v in inner.results]
            pending += inner.ops
    for op in region.ops:
        op.outputs = [made[v] for v in op.outputs]
        for output in op.outputs:
            output.owner = op
    return [made[v] for v in outputs]


def plan_checks(group: Group, facts: Facts) -> Checks | None:
    """What has to be looked at before the nest of a group; None if lengths that matter are not to be had."""
    inner = Facts(facts)
    checks = Checks(inner, Lengths(inner, sources_of(group)))
    for needed in (False, True):
        for m in group.members:
            if not all([checks.note(m.op, p.own, p.of, needed) for p in m.pairs if p.needed == needed]):
                return None
            for axis, known in m.defined.items():
                inner.learn(axis, known)
    for m in group.members:
        if not all([checks.note(m.op, a, b, True) for a, b in zip(m.shape, group.shape, strict=True)]):
            return None
    return None if None in map(checks.lengths.measured, group.shape) else checks
