"""What the forward sweep computes only because the reverse sweep keeps it."""

from __future__ import annotations

from collections.abc import Iterable

from srcgrad.ir.nodes import Call, For, Function, If, Loop, Op, Region, Value, While, walk
from srcgrad.transform.costs import NEVER, Costs
from srcgrad.transform.homes import weight
from srcgrad.transform.simplify import is_removable

_MUCH = 5000.0
"""What an operation costs that is never run twice."""


class ForwardWork:
    """The operations of a forward sweep that are run anyway: for their effects, as they may raise, for what they give.

    Args:
        function: it has both sweeps.
        values: what the forward sweep is asked for anyway.
        costs: what operations cost.
    """

    def __init__(self, function: Function, values: Iterable[Value], costs: Costs):
        self._costs = costs
        self._live: set[Op] = set()
        self._needed: set[Value] = set()
        forward = Region()
        forward.ops = function.body.ops[: function.backward_from]
        self._forward = set(walk(forward))
        ops = [op for op in self._forward if not op.regions and not is_removable(op)]
        self._mark(values, ops, self._needed, self._live)
        self._known: dict[Value, float] = {}

    def more(self, values: Iterable[Value]) -> float:
        """What it costs to compute values besides."""
        return sum(self._cost(op) for op in self._mark(values, [], set(), set()))

    def more_for(self, value: Value) -> float:
        """What it costs to compute one value besides."""
        if value not in self._known:
            self._known[value] = self.more([value])
        return self._known[value]

    def _cost(self, op: Op) -> float:
        if isinstance(op, Loop):
            return self._costs.turn * weight(op.body)
        if not isinstance(op, Call):
            return 0.0
        assert op.parent is not None
        cost = self._costs.of(op)
        return (_MUCH if cost == NEVER else cost) * weight(op.parent)

    def _mark(self, values: Iterable[Value], ops: list[Op], needed: set[Value], live: set[Op]) -> list[Op]:
        """Adds what is run for the sake of values and operations; the operations that were not."""
        pending, added = list(values), []
        for op in ops:
            pending += self._run(op, live, added)
        while pending:
            value = pending.pop()
            if value in needed or value in self._needed:
                continue
            needed.add(value)
            owner = value.owner
            if isinstance(owner, Region):
                parent = owner.parent
                if parent is None or parent not in self._forward:
                    continue
                pending += self._run(parent, live, added)
                if isinstance(parent, Loop):
                    args = parent.test.args if isinstance(parent, While) and owner is parent.test else parent.carried
                    if value in args:
                        pending += _carried(parent, args.index(value))
            elif isinstance(owner, Op) and owner in self._forward:
                pending += self._run(owner, live, added)
                k = owner.outputs.index(value)
                if isinstance(owner, Loop):
                    k -= int(owner.exits)
                    pending += _carried(owner, k) if k >= 0 else [owner.body.results[0]]
                elif isinstance(owner, If):
                    pending += [owner.then.results[k], owner.orelse.results[k]]
        return added

    def _run(self, op: Op, live: set[Op], added: list[Op]) -> list[Value]:
        """Adds an operation, and those around it; the values that they need to run."""
        needs: list[Value] = []
        current: Op | None = op
        while current is not None and current not in live and current not in self._live:
            live.add(current)
            added.append(current)
            if isinstance(current, Loop):
                needs += [current.start, current.stop, current.step] if isinstance(current, For) else []
                needs += current.body.results[: int(current.exits)]
                needs += current.test.results if isinstance(current, While) else []
            else:
                needs += current.inputs
            current = current.parent.parent if current.parent is not None else None
        return needs


def _carried(op: Loop, k: int) -> list[Value]:
    return [op.inits[k], op.carried_results[k]]
