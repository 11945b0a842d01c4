"""Which operations of the forward sweep the reverse sweep may run again, and on what.

An operation may run again if it has no effect, draws nothing, makes nothing that anybody tells apart or writes, and
finds what it read: memory that stands as it stood, or a copy of that.
"""

from __future__ import annotations

from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.memory import copies_perhaps, is_view, only_metadata, written
from srcgrad.analysis.versions import Versions
from srcgrad.ir.nodes import Call, Op, Value
from srcgrad.ir.types import List, Unknown
from srcgrad.transform.costs import NEVER, Costs
from srcgrad.transform.simplify import is_removable_purely
from srcgrad.transform.undo import Contents


class Recompute:
    """Decides it for the operations of one function.

    Points of the reverse sweep are given as the operation of the forward sweep, in the same region as the one that is
    asked about, that is being reversed there; None where none is.

    Attributes:
        costs: what operations cost.
        copies: pointer, and operation that reads it -> a copy of what it read.
    """

    def __init__(self, aliases: Aliases, versions: Versions, contents: Contents, costs: Costs):
        self.aliases = aliases
        self.versions = versions
        self.contents = contents
        self.costs = costs
        self.copies: dict[tuple[Value, Call], Value] = {}

    def cost(self, op: Call, last: Op | None, reads: bool = True) -> float:
        """What it costs to run an operation again at a point of the reverse sweep, infinity if that may not be.

        Args:
            op: the operation.
            last: the point.
            reads: whether it has to find there what it read.
        """
        if op.unpacks or not op.outputs or written(op) is not None or not is_removable_purely(op):
            return NEVER
        output = op.outputs[0]
        view = is_view(op) and is_pointer(output.type) and not copies_perhaps(op)
        if (self.aliases.is_written(output) or self._is_identified(output)) and not view:
            # A second allocation would not hold what was written to the first, nor have its shadow.
            return NEVER
        if only_metadata(op):
            return self.costs.metadata
        if is_view(op) and is_pointer(output.type):
            kept = isinstance(op.args[0].type, List) or (
                isinstance(output.type, Unknown) and not self._is_as_read(op.args[0], op, last)
            )
            return NEVER if kept else self.costs.view
        if any(isinstance(pointer.type, List) for pointer in op.inputs):
            return NEVER
        if reads and any(self.is_lost(v, op, last) for v in op.inputs):
            return NEVER
        return self.costs.of(op)

    def is_lost(self, pointer: Value, op: Call, last: Op | None) -> bool:
        """Whether what an operation read through a pointer is not there any more."""
        if not is_pointer(pointer.type) or is_view(op) or only_metadata(op):
            return False
        return self.operand(pointer, op, last) is pointer and not self._is_as_read(pointer, op, last)

    def operand(self, pointer: Value, op: Call, last: Op | None) -> Value:
        """What holds in the reverse sweep what an operation of the forward sweep read: a copy, if there is one."""
        if not self.aliases.is_written(pointer) or is_view(op) or self._is_as_read(pointer, op, last):
            return pointer
        known = self.copies.get((pointer, op))
        if known is None and self.versions.is_forward(op):
            known = self.contents.copied(pointer, op)
        return pointer if known is None else known

    def _is_identified(self, value: Value) -> bool:
        return is_pointer(value.type) and self.aliases.find(value) in self.aliases.identified

    def _is_as_read(self, pointer: Value, op: Call, last: Op | None) -> bool:
        """Whether memory holds now, in the reverse sweep, what it held when the operation read it."""
        if not self.aliases.is_written(pointer):
            return True
        if not self.versions.is_forward(op):
            return False
        memory = self.aliases.find(pointer)
        if memory not in self.contents.undone:
            return not self.versions.overwritten(pointer, op)
        return (
            last is not None and self.versions.is_forward(last) and not self.versions.written_between(memory, op, last)
        )
