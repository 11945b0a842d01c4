"""Overwritten contents that the reverse sweep needs: undone write by write, or copied where they were read.

Before -> after, for `x[i] = e` whose old contents are needed: the forward sweep saves `old = x[i]`, the reverse sweep
restores `x[i] = old`.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.memory import is_basic_index, only_metadata, written
from srcgrad.analysis.versions import Versions
from srcgrad.frontend.lowering import Lowering
from srcgrad.ir.nodes import Call, Function, Loop, Op, Region, Value, walk
from srcgrad.ir.types import Array, Unknown, is_scalar
from srcgrad.transform.writes import EVERYTHING, Old, undo_point


class Contents:
    """Decides for each class of memory how the reverse sweep gets at its old contents.

    Attributes:
        undone: the classes whose writes are undone, so that the reverse sweep finds them as the forward sweep did.
    """

    def __init__(self, function: Function, aliases: Aliases, versions: Versions, kept: Iterable[Value]):
        self.function = function
        self.aliases = aliases
        self.versions = versions
        self.undone: set[Any] = set()
        self._kept = {aliases.find(v) for v in kept if is_pointer(v.type)}
        self._kept |= {aliases.held(v) for v in kept if is_pointer(v.type)}
        for value in (*function.params, *function.captured):
            if is_pointer(value.type):
                self._kept |= {aliases.find(value), aliases.held(value)}
        self._old: dict[Call, Value] = {}

    def run(self) -> None:
        """Rewrites the reverse sweep so that everything it reads is there to be read."""
        needs = list(self._needs())
        self._decide(needs)
        self._resolve_undo_points()
        self._resolve_old_values()
        snapshots: dict[tuple[Value, Op], Value] = {}
        for op, pointer, mirror, after in needs:
            memory = self.aliases.find(pointer)
            if memory in self.undone or not self._is_stale(pointer, mirror, after):
                continue
            key = (pointer, mirror)
            if key not in snapshots:
                snapshots[key] = self._snapshot(pointer, mirror, after)
            copy = snapshots[key]
            op.replace_inputs(lambda v, pointer=pointer, copy=copy: copy if v is pointer else v)

    def _needs(self) -> Iterable[tuple[Op, Value, Op, bool]]:
        """Reads of contents in the reverse sweep: operation, pointer, mirror, whether it reads the mirror's output."""
        assert self.function.backward_from is not None
        for op in self._reverse_ops():
            if only_metadata(op) or op.mirror is None or (isinstance(op, Call) and op.fn in _HARMLESS):
                continue
            for value in dict.fromkeys(op.inputs):
                if not is_pointer(value.type) or not self.aliases.is_written(value) or not self._is_forward(value):
                    continue
                if isinstance(op, Call) and written(op) is value:
                    continue
                after = value in op.mirror.outputs
                yield op, value, op.mirror, after

    def _reverse_ops(self) -> list[Op]:
        body = self.function.body
        reverse = Region()
        reverse.ops = body.ops[self.function.backward_from :]
        return list(walk(reverse))

    def _is_forward(self, value: Value) -> bool:
        owner = value.owner
        return (isinstance(owner, Op) and self.versions.is_forward(owner)) or (
            isinstance(owner, Region) and owner.mirror is None
        )

    def _is_stale(self, pointer: Value, mirror: Op, after: bool) -> bool:
        return self.versions.stale(self.aliases.find(pointer), mirror, itself=not after)

    # Decisions

    def _decide(self, needs: list[tuple[Op, Value, Op, bool]]) -> None:
        wanted: dict[Any, float] = {}
        counted: set[tuple[Value, Op]] = set()
        for _, pointer, mirror, after in needs:
            memory = self.aliases.find(pointer)
            if (pointer, mirror) in counted or not self._is_stale(pointer, mirror, after):
                continue
            counted.add((pointer, mirror))
            wanted[memory] = wanted.get(memory, 0.0) + _weight(mirror) * _size(pointer)
        for value in self._loads():
            owner = value.owner
            assert isinstance(owner, Call)
            memory = self.aliases.find(owner.args[0])
            if self.versions.stale(memory, owner):
                wanted[memory] = wanted.get(memory, 0.0) + _weight(owner)
        for memory, benefit in wanted.items():
            if memory in self._kept or not all(isinstance(m.type, Array) for m in self.aliases.members.get(memory, ())):
                continue
            writers = self.aliases.writers.get(memory, [])
            if any(not self.versions.is_forward(op) for op in writers):
                continue
            cost = sum(_weight(op) * self._written_size(op) for op in writers)
            if cost <= benefit:
                self.undone.add(memory)

    def _loads(self) -> list[Value]:
        """Elements of written arrays read in a loop of the forward sweep and needed in the reverse sweep."""
        found: dict[Value, None] = {}
        for op in self._reverse_ops():
            for value in op.inputs:
                owner = value.owner
                if (
                    isinstance(owner, Call)
                    and owner.fn is operator.getitem
                    and is_scalar(value.type)
                    and self.versions.is_forward(owner)
                    and self.aliases.is_written(owner.args[0])
                    and _weight(owner) > 1
                ):
                    found.setdefault(value)
        return list(found)

    def _written_size(self, op: Call) -> float:
        if op.fn is operator.setitem or op.fn.__name__.endswith("_item"):
            return 1.0 if _is_element(op.args[0], op.args[1]) else _ARRAY
        return _ARRAY

    # Rewriting

    def _resolve_undo_points(self) -> None:
        for op in self._reverse_ops():
            if not (isinstance(op, Call) and op.fn is undo_point and isinstance(op.mirror, Call)):
                continue
            if self.aliases.find(op.mirror.args[0]) in self.undone:
                self._old_value(op.mirror, op.args[1])
        reverse = [self.function.body, *[r for op in self._reverse_ops() for r in op.regions]]
        for region in reverse:
            kept: list[Op] = []
            for op in region.ops:
                if isinstance(op, Call) and op.fn is undo_point:
                    mirror = op.mirror
                    assert isinstance(mirror, Call)
                    if self.aliases.find(mirror.args[0]) not in self.undone:
                        continue
                    x, index = op.args
                    op = Call(operator.setitem, (x, index, self._old_value(mirror, index)), {}, [], mirror.span)
                    op.mirror = mirror
                    op.parent = region
                kept.append(op)
            region.ops = kept

    def _resolve_old_values(self) -> None:
        mapping: dict[Value, Value] = {}
        for op in self._reverse_ops():
            if isinstance(op, Call) and isinstance(op.fn, Old):
                mapping[op.outputs[0]] = self._old_value(op.fn.op, op.fn.index)
        if mapping:
            for op in self._reverse_ops():
                op.replace_inputs(lambda v: mapping.get(v, v))

    def _old_value(self, write: Call, index: Any) -> Value:
        """What a write overwrites, read before it in the forward sweep."""
        known = self._old.get(write)
        if known is None:
            known = self._old[write] = self._read_before(write, index)
        return known

    def _read_before(self, write: Call, index: Any) -> Value:
        x = write.args[0]
        assert write.parent is not None
        region = write.parent
        place = region.ops.index(write)
        memory = self.aliases.find(x)
        for op in reversed(region.ops[:place]):
            if self.versions.is_forward(op) and self.versions.writes(op, memory):
                break
            same = (
                isinstance(op, Call) and op.fn is operator.getitem and op.args[0] is x and _same_tree(op.args[1], index)
            )
            if same and is_scalar(op.outputs[0].type):
                return op.outputs[0]
        lo = Lowering()
        lo.fixed_span, lo.span = True, write.span
        made = Region()
        with lo.into(made):
            if isinstance(x.type, Unknown) and index is EVERYTHING:
                old = x
            else:
                old = lo.value(lo.emit(operator.getitem, x, lo.symbol(index), hint="old"))
            if not is_scalar(old.type) and is_basic_index(index):
                old.hint = None if old is not x else x.hint
                copy = np.ndarray.copy if isinstance(old.type, Array) else runtime.copied
                old = lo.value(lo.emit_typed(copy, (old,), {}, old.type, "old"))
        self._insert(region, place, made)
        return old

    def _snapshot(self, pointer: Value, mirror: Op, after: bool) -> Value:
        """A copy of what a pointer points to, taken in the forward sweep where it was read."""
        assert mirror.parent is not None
        lo = Lowering()
        lo.fixed_span, lo.span = True, mirror.span
        made = Region()

        with lo.into(made):
            copy_fn = np.ndarray.copy if isinstance(pointer.type, Array) else runtime.copied
            hint = f"{pointer.hint}_then" if pointer.hint else None
            copy = lo.value(lo.emit_typed(copy_fn, (pointer,), {}, pointer.type, hint))
        region = mirror.parent
        self._insert(region, region.ops.index(mirror) + int(after), made)
        return copy

    def _insert(self, region: Region, place: int, made: Region) -> None:
        for op in made.ops:
            op.parent = region
        region.ops[place:place] = made.ops
        if region is self.function.body and self.function.backward_from is not None:
            self.function.backward_from += len(made.ops)


_ARRAY = 10.0
_HARMLESS = frozenset(
    [
        undo_point,
        runtime.shadow_of,
        runtime.cotangent_of,
        runtime.before_update,
        runtime.add_if_copied,
        runtime.zeros_like,
        runtime.check_array,
    ]
)


def _weight(op: Op) -> float:
    """How often an operation runs, at a guess: ten times for each loop around it."""
    weight, region = 1.0, op.parent
    while region is not None and region.parent is not None:
        if isinstance(region.parent, Loop):
            weight *= 10
        region = region.parent.parent
    return weight


def _size(value: Value) -> float:
    return 1.0 if is_scalar(value.type) else _ARRAY


def _is_element(x: Value, index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    whole = isinstance(x.type, Array) and x.type.shape is not None and len(parts) == len(x.type.shape)
    return whole and all(isinstance(p, Value) and is_scalar(p.type) for p in parts)


def _same_tree(a: Any, b: Any) -> bool:
    from srcgrad.transform.simplify import _tree_key

    return _tree_key(a) == _tree_key(b)
