"""Reads an element once where it is read twice and nothing writes in between.

    s += y[i] * y[i] * y[i + 1]     ->     y_i = y[i]; s += y_i * y_i * y[i + 1]

What is read of memory that nobody ever writes is a common subexpression like any other; this is for the rest.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.memory import written
from srcgrad.ir.nodes import Call, Closed, Function, Loop, Op, Region, Try, Value, within
from srcgrad.ir.types import Array, is_scalar
from srcgrad.rules.registry import has_rule, hashable
from srcgrad.transform.simplify import is_removable_purely, replace_values, tree_key

_Table = dict[Any, dict[Any, Value]]
"""Class of memory -> what was read of it, and where -> what was found."""


def share_loads(function: Function) -> None:
    """Shares elements of arrays between the reads of one region, and those in branches and loops in it."""
    _Loads(function).run()


class _Loads:
    def __init__(self, function: Function):
        self._function = function
        self._aliases = Aliases([function])
        self._mapping: dict[Value, Value] = {}
        self._clobbers: dict[Op, set[Any] | None] = {}

    def run(self) -> None:
        self._visit(self._function.body, {})
        replace_values(self._function.body, self._mapping)

    def _visit(self, region: Region, table: _Table) -> None:
        kept: list[Op] = []
        for op in region.ops:
            if self._mapping:
                op.replace_inputs(lambda v: self._mapping.get(v, v))
            if self._is_load(op):
                assert isinstance(op, Call)
                known = table.setdefault(self._aliases.find(op.args[0]), {})
                first = known.setdefault((op.args[0], tree_key(op.args[1])), op.outputs[0])
                if first is not op.outputs[0]:
                    first.hint = first.hint or op.outputs[0].hint
                    self._mapping[op.outputs[0]] = first
                    continue
            kept.append(op)
            if op.regions:
                self._visit_inside(op, table)
            self._forget(table, self._written_by(op))
        region.ops = kept

    def _visit_inside(self, op: Op, table: _Table) -> None:
        for region in op.regions:
            inner = {memory: dict(known) for memory, known in table.items()} if not isinstance(op, Try) else {}
            if isinstance(op, Loop):
                self._forget(inner, self._written_by(op))
            self._visit(region, inner)

    def _is_load(self, op: Op) -> bool:
        if not isinstance(op, Call) or op.fn is not operator.getitem or op.unpacks or len(op.outputs) != 1:
            return False
        x = op.args[0]
        if not isinstance(x, Value) or not isinstance(x.type, Array) or not is_scalar(op.outputs[0].type):
            return False
        # An index may be an array without axes, which is another place once it is written.
        return not any(is_pointer(v.type) and self._aliases.is_written(v) for v in op.inputs if v is not x)

    def _forget(self, table: _Table, classes: set[Any] | None) -> None:
        if classes is None:
            table.clear()
        else:
            for memory in classes:
                table.pop(memory, None)

    def _written_by(self, op: Op) -> set[Any] | None:
        """The classes of memory that an operation writes, or one in it; None if that may be any."""
        if op not in self._clobbers:
            found: set[Any] | None = set()
            for inner in within([op]):
                target = written(inner)
                if target is not None:
                    assert found is not None
                    found.add(self._aliases.find(target))
                elif not _writes_nothing(inner):
                    found = None
                    break
            self._clobbers[op] = found
        return self._clobbers[op]


def _writes_nothing(op: Op) -> bool:
    """Whether an operation that is no write of known memory certainly writes no array."""
    if not isinstance(op, Call):
        return bool(op.regions)
    if not op.inputs or not any(is_pointer(v.type) for v in op.inputs):
        return True
    if isinstance(op.fn, Closed) or is_removable_purely(op):
        return True
    return hashable(op.fn) and (has_rule(op.fn) or isinstance(op.fn, np.ufunc))
