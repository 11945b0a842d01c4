"""Where the values of a forward sweep are at home: its regions, and how often they run."""

from __future__ import annotations

from srcgrad.analysis.ranges import range_of
from srcgrad.ir.nodes import Const, For, Function, Loop, Op, Region, Value
from srcgrad.ir.types import Dim
from srcgrad.transform.costs import LENGTH

_TURNS = 10.0
"""How often another loop turns, at a guess."""


class Homes:
    """The regions of the forward sweep of a function that has both sweeps."""

    def __init__(self, function: Function):
        self.body = function.body
        self._forward: set[Region] = {function.body}
        pending = list(function.body.ops[: function.backward_from])
        while pending:
            for region in pending.pop().regions:
                self._forward.add(region)
                pending += region.ops

    def of(self, value: Value) -> Region | None:
        """The region of the forward sweep that a value is defined in, None for values of the reverse sweep."""
        owner = value.owner
        region = owner if isinstance(owner, Region) else owner.parent if owner is not None else None
        return region if region in self._forward else None

    def is_kept(self, value: Value) -> bool:
        """Whether the reverse sweep may use a value as it is: it is its own, or of the main region."""
        home = self.of(value)
        return isinstance(value, Const) or home is None or home is self.body


def in_loop(region: Region) -> bool:
    """Whether a region is, or is in, one that runs several times."""
    return any(isinstance(op, Loop) for op in owners(region))


def owners(region: Region) -> list[Op]:
    """The operations that a region stands in, the innermost one first."""
    found: list[Op] = []
    op = region.parent
    while op is not None:
        found.append(op)
        op = op.parent.parent if op.parent is not None else None
    return found


def weight(region: Region) -> float:
    """How often a region runs, at a guess."""
    times = 1.0
    for op in owners(region):
        if isinstance(op, Loop):
            times *= _turns(op)
    return times


def _turns(op: Loop) -> float:
    """How often a loop turns: as often as its bounds say, or as a loop along an axis does, or a few times."""
    if not isinstance(op, For):
        return _TURNS
    parts = [part.value for part in (op.start, op.stop, op.step) if isinstance(part, Const)]
    if len(parts) == 3 and all(type(part) is int for part in parts) and parts[2] != 0:
        return float(max(1, len(range(*parts))))
    return float(LENGTH) if isinstance(range_of(op.index).end, Dim) else _TURNS


def ancestor(region: Region, outer: Region) -> Op | None:
    """The operation of an outer region that holds a region, None if it is not in there."""
    return next((op for op in owners(region) if op.parent is outer), None)
