"""What is about to be written is read of a copy that there is of it: the new elements then go to their places at once.

Before -> after:

    kept = u.copy()                                  kept = u.copy()
    tape.append(kept)                                tape.append(kept)
    u[1:-1] = 0.5 * (u[:-2] + u[2:])          ->     u[1:-1] = 0.5 * (kept[:-2] + kept[2:])

NumPy reads all of `u` before it writes: loops would have to put the new elements somewhere else first.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field

import numpy as np

from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import MAY_COPY, is_basic_index, is_computed, only_metadata, written
from srcgrad.ir.nodes import Call, Function, Op, Region, Value, walk
from srcgrad.ir.types import Array
from srcgrad.jit.pointwise import is_plain_array, pointwise
from srcgrad.jit.reductions import reduction
from srcgrad.rules.registry import hashable

_COPIES = (np.ndarray.copy, np.copy)


def read_copies(functions: list[Function]) -> None:
    """Lets operations before a write to an array read a copy of it, where there is one.

    Args:
        functions: all functions of a module, before their array operations become loops; they are changed.
    """
    aliases: Aliases | None = None
    order_matters = any(_looks_at_order(op) for function in functions for op in walk(function.body))
    for function in functions:
        for region in [function.body, *[r for op in walk(function.body) for r in op.regions]]:
            if any(_copied(op) for op in region.ops) and any(_stores(op) for op in region.ops):
                aliases = aliases or Aliases(functions)
                _Reading(region, aliases, _users(function), order_matters).run()


@dataclass(slots=True)
class _Copy:
    """An array and a copy that is equal to it, so far."""

    array: Value
    copy: Value
    readers: list[Op] = field(default_factory=list)


class _Reading:
    """Goes through the operations of one region."""

    def __init__(self, region: Region, aliases: Aliases, users: dict[Value, list[Op | None]], order_matters: bool):
        self.region = region
        self.aliases = aliases
        self.users = users
        self.order_matters = order_matters
        self.order = {op: k for k, op in enumerate(region.ops)}
        self.copies: list[_Copy] = []

    def run(self) -> None:
        for op in self.region.ops:
            made = _copied(op)
            if made is not None:
                array, copy = made
                # A copy lies row by row, and so does what is computed of it.
                same_order = not self.order_matters or len(array.type.shape or ()) == 1  # type: ignore[attr-defined]
                if same_order and self.aliases.find(array) != self.aliases.find(copy):
                    self.copies.append(_Copy(array, copy))
                continue
            target = written(op)
            if target is not None and _stores(op):
                self._wrote(op, target)
            elif _only_reads(op):
                for known in self.copies:
                    if known.array in op.inputs and _takes_in(op):
                        known.readers.append(op)
            elif not _keeps(op):
                self.copies = []

    def _wrote(self, op: Op, target: Value) -> None:
        """What was read of the array before a write to it is read of the copy; neither is known to be equal then."""
        memory = self.aliases.find(target)
        for known in list(self.copies):
            if memory == self.aliases.find(known.array):
                for reader in known.readers:
                    if self._is_done(reader, known, self.order[op]):
                        reader.replace_inputs(lambda v, known=known: known.copy if v is known.array else v)
                self.copies.remove(known)
            elif memory == self.aliases.find(known.copy):
                self.copies.remove(known)

    def _is_done(self, reader: Op, known: _Copy, end: int) -> bool:
        """Whether an operation, and all that reads the views that it makes, is done when the array is written."""
        pending = [v for v in reader.outputs if _is_part(reader)]
        while pending:
            view = pending.pop()
            for user in self.users.get(view, ()):
                if user is None or user.parent is not self.region or self.order.get(user, end + 1) > end:
                    return False
                if self.order[user] == end:
                    # It reads what it writes there: all at once, before it writes.
                    if user.inputs[0] is view or user.inputs.count(view) != 1:
                        return False
                elif not (only_metadata(user) or _takes_in(user)):
                    return False
                elif _is_part(user):
                    pending += user.outputs
        return True


def _copied(op: Op) -> tuple[Value, Value] | None:
    """An array and the copy that an operation makes of it."""
    if not isinstance(op, Call) or not hashable(op.fn) or op.fn not in _COPIES or len(op.args) != 1 or op.kwargs:
        return None
    array, copy = op.args[0], op.outputs[0]
    same = isinstance(array, Value) and is_plain_array(array.type) and array.type == copy.type
    return (array, copy) if same else None


def _looks_at_order(op: Op) -> bool:
    """Whether it may matter to an operation in which order the elements of an array lie in memory."""
    if not isinstance(op, Call) or not hashable(op.fn):
        return False
    return op.fn in MAY_COPY or op.fn is np.ndarray.flatten or "order" in op.kwargs


def _stores(op: Op) -> bool:
    """Whether an operation writes elements of an array, and does nothing else."""
    return isinstance(op, Call) and not op.outputs and written(op) is not None and isinstance(op.args[0].type, Array)


def _only_reads(op: Op) -> bool:
    """Whether an operation computes new values of the elements of arrays, or makes a part of one."""
    if not isinstance(op, Call) or written(op) is not None:
        return False
    return only_metadata(op) or _is_part(op) or pointwise(op) is not None or reduction(op) is not None


def _takes_in(op: Op) -> bool:
    """Whether an operation is done with the elements that it reads, or makes a part of an array."""
    return _is_part(op) or (isinstance(op, Call) and is_computed(op))


def _is_part(op: Op) -> bool:
    """Whether an operation makes a view by a basic index."""
    known = isinstance(op, Call) and op.fn is operator.getitem and is_basic_index(op.args[1])
    return known and isinstance(op.outputs[0].type, Array) and is_plain_array(op.outputs[0].type)


def _keeps(op: Op) -> bool:
    """Whether an operation puts something into a list, and changes no array."""
    return isinstance(op, Call) and op.fn is list.append


def _users(function: Function) -> dict[Value, list[Op | None]]:
    found: dict[Value, list[Op | None]] = {}
    for region in [function.body, *[r for op in walk(function.body) for r in op.regions]]:
        for value in region.results:
            found.setdefault(value, []).append(None)
        for op in region.ops:
            for value in op.inputs:
                found.setdefault(value, []).append(op)
    return found
