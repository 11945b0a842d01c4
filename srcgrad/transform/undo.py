"""Overwritten contents that the reverse sweep needs: undone write by write, or copied before they are overwritten.

Before -> after, for `x[i] = e` whose old contents are needed: the forward sweep saves `old = x[i]`, the reverse sweep
restores `x[i] = old`. Or, where most of `x` is overwritten: the forward sweep saves `old = x.copy()`, and the reverse
sweep reads that.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable
from typing import Any

from srcgrad import checks, runtime
from srcgrad.analysis.alias import Aliases, is_pointer, may_be_basic
from srcgrad.analysis.memory import LOOKUPS, reads_contents, written
from srcgrad.analysis.versions import Versions
from srcgrad.frontend.lowering import Lowering
from srcgrad.ir.nodes import Call, Closed, Const, Function, Loop, Op, Region, Value, leaves, walk
from srcgrad.ir.types import Array, List, Maybe, Unknown, is_scalar
from srcgrad.rules.registry import IN_PLACE
from srcgrad.transform.cotangents import copier, is_fresh
from srcgrad.transform.simplify import tree_key
from srcgrad.transform.writes import EVERYTHING, Old, has_mask, undo_point


class Contents:
    """Decides for each class of memory how the reverse sweep gets at its old contents.

    Attributes:
        undone: the classes whose writes are undone, so that the reverse sweep finds them as the forward sweep did.
        undoing: the operations of the reverse sweep that undo them.
        needed: those of the classes that the reverse sweep itself reads as they were.
        originals: copy -> the pointer to what was copied.
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
        self.undoing: list[Call] = []
        self._reads: list[Op] = []
        self.needed: set[Any] = set()
        self.originals: dict[Value, Value] = {}
        self._old: dict[Call, Value] = {}
        self._single: set[tuple] = set()
        self._copies: dict[tuple[Value, Region, Op | None], Value] = {}
        self._views: dict[tuple[Value, Value], Value] = {}

    def run(self) -> None:
        """Rewrites the reverse sweep so that everything it reads is there to be read."""
        needs = list(self._needs())
        self._decide(needs)
        undone: set[Any] = set()
        while undone != self.undone:
            # What is undone is written at its old places: where the forward sweep found the indices, if they change.
            latest, undone = self.undone - undone, set(self.undone)
            indices = list(self._needs_of_undoing(latest))
            self._decide(indices)
            needs += indices
        self._resolve_undo_points()
        self._resolve_old_values()
        stale = [need for need in needs if self._is_stale(*need[1:])]
        self.needed = {self.aliases.find(need[1]) for need in stale} & self.undone
        stale = [need for need in stale if self.aliases.find(need[1]) not in self.undone]
        self._count_views(stale)
        for op, pointer, mirror, after in stale:
            copy = self._copy(pointer, mirror, after)
            op.replace_inputs(lambda v, pointer=pointer, copy=copy: copy if v is pointer else v)

    def _count_views(self, needs: list[tuple[Op, Value, Op, bool]]) -> None:
        """Notes which states are needed through one view alone: only what it shows is copied."""
        shown: dict[tuple, set[Any]] = {}
        for _, pointer, mirror, after in needs:
            base = pointer if after else self._base(pointer, mirror)
            path = tree_key([v.args[1:] for v in _views(pointer, base)])
            shown.setdefault((base, *self._version(base, mirror, after)), set()).add(path)
        readers = [
            (base, *self._version(base, reader, False))
            for reader, base in [
                (reader, self._base(pointer, reader))
                for memory in {self.aliases.find(need[1]) for need in needs}
                for reader, pointer in self._readers(memory)
            ]
        ]
        self._single = {state for state, paths in shown.items() if len(paths) == 1 and state not in readers}

    def restore_only(self, classes: set[Any]) -> None:
        """Leaves the writes to all other classes of memory as they are."""
        left = [op for op in self.undoing if self.aliases.find(op.args[0]) not in classes]
        for op in left:
            assert op.parent is not None
            op.parent.ops.remove(op)
        self.undone &= classes
        self.undoing = [op for op in self.undoing if op not in left]
        self._remove_unused_reads()

    def _remove_unused_reads(self) -> None:
        """Removes what was read before writes that nobody undoes any more."""
        uses = Counter(v for op in walk(self.function.body) for v in _used_by(op))
        uses.update(self.function.body.results)
        for read in self._reads:
            region = read.parent
            assert region is not None
            if not any(uses[output] for output in read.outputs):
                region.ops.remove(read)
                uses.subtract(read.inputs)
                if region is self.function.body and self.function.backward_from is not None:
                    self.function.backward_from -= 1

    def copied(self, pointer: Value, op: Op) -> Value | None:
        """A copy of what a pointer points to at an operation of the forward sweep, None if there is none."""
        for base in dict.fromkeys((self._base(pointer, op), pointer)):
            copy = self._copies.get((base, *self._version(base, op, False)))
            if copy is not None:
                return self._view_of_copy(pointer, base, copy)
        return None

    def copy_before(self, pointer: Value, op: Op) -> Value:
        """A copy of what a pointer points to before an operation of the forward sweep that does not write it."""
        return self._copy(pointer, op, False)

    def _needs(self) -> Iterable[tuple[Op, Value, Op, bool]]:
        """Reads of contents in the reverse sweep: operation, pointer, mirror, whether it reads the mirror's output."""
        assert self.function.backward_from is not None
        for op in self._reverse_ops():
            if op.mirror is None or (isinstance(op, Call) and op.fn in HARMLESS):
                continue
            for value in dict.fromkeys(op.inputs):
                # Values of the reverse sweep are unknown to the aliases.
                if not is_pointer(value.type) or not self.aliases.is_written(value):
                    continue
                if not reads_contents(op, value) or (isinstance(op, Call) and written(op) is value):
                    continue
                after = value in op.mirror.outputs
                yield op, value, op.mirror, after

    def _needs_of_undoing(self, classes: set[Any]) -> Iterable[tuple[Op, Value, Op, bool]]:
        """As `_needs`, for the indices that writes to some classes are undone at."""
        for op in self._reverse_ops():
            if not (isinstance(op, Call) and op.fn is undo_point and isinstance(op.mirror, Call)):
                continue
            if self.aliases.find(op.mirror.args[0]) not in classes:
                continue
            for value in dict.fromkeys(leaves(op.args[1])):
                if self.aliases.is_written(value):
                    yield op, value, op.mirror, False

    def _reverse_ops(self) -> list[Op]:
        body = self.function.body
        reverse = Region()
        reverse.ops = body.ops[self.function.backward_from :]
        return list(walk(reverse))

    def _is_stale(self, pointer: Value, mirror: Op, after: bool) -> bool:
        return self.versions.overwritten(pointer, mirror, itself=not after)

    # Decisions

    def _benefits(self, needs: list[tuple[Op, Value, Op, bool]]) -> dict[Any, float]:
        """What it saves to undo the writes to each class of memory."""
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
            if self.versions.overwritten(owner.args[0], owner):
                wanted[memory] = wanted.get(memory, 0.0) + _weight(owner)
        return wanted

    def _decide(self, needs: list[tuple[Op, Value, Op, bool]]) -> None:
        for memory, benefit in self._benefits(needs).items():
            if memory in self._kept or not all(isinstance(m.type, Array) for m in self.aliases.members.get(memory, ())):
                continue
            writers = self.aliases.writers.get(memory, [])
            if any(not self.versions.is_forward(op) or self._is_its_own_index(op) for op in writers):
                continue
            cost = sum(_weight(op) * self._written_size(op) for op in writers)
            if cost <= benefit and not self._is_better_copied(memory, writers, needs):
                self.undone.add(memory)

    def _is_its_own_index(self, write: Call) -> bool:
        """Whether memory is written at places that it says itself: they are not known once it is written."""
        if write.fn in IN_PLACE or len(write.args) < 2:
            return False
        memory = self.aliases.find(write.args[0])
        return any(is_pointer(v.type) and self.aliases.find(v) is memory for v in leaves(write.args[1]))

    def _is_better_copied(self, memory: Any, writers: list[Call], needs: list[tuple[Op, Value, Op, bool]]) -> bool:
        """Whether to copy each state that is needed costs less than to save and to restore what each write changes."""
        if any(self.aliases.find(v.owner.args[0]) is memory for v in self._loads()):  # type: ignore[union-attr]
            return False
        return self._cost_of_copies(memory, needs) < sum(2 * _weight(op) * _share(op) for op in writers)

    def _cost_of_copies(self, memory: Any, needs: list[tuple[Op, Value, Op, bool]]) -> float:
        states: set[tuple] = set()
        for _, pointer, mirror, after in needs:
            if self.aliases.find(pointer) is memory and self._is_stale(pointer, mirror, after):
                base = pointer if after else self._base(pointer, mirror)
                states.add((base, *self._version(base, mirror, after)))
        for reader, pointer in self._readers(memory):
            base = self._base(pointer, reader)
            states.add((base, *self._version(base, reader, False)))
        return sum(_region_weight(region) for _, region, _ in states)

    def _readers(self, memory: Any) -> list[tuple[Call, Value]]:
        """What the reverse sweep uses and could compute from the memory alone, with what it reads of it."""
        found: dict[tuple[Call, Value], None] = {}
        for op in self._reverse_ops():
            for value in op.inputs:
                owner = value.owner
                if not isinstance(owner, Call) or not self.versions.is_forward(owner) or not reads_contents(op, value):
                    continue
                if self.aliases.find(value) is memory or any(map(_is_computed, owner.inputs)):
                    continue
                for pointer in owner.inputs:
                    if is_pointer(pointer.type) and self.aliases.find(pointer) is memory:
                        found.setdefault((owner, pointer))
        return list(found)

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
                    op.fn, op.args, op.span = operator.setitem, (x, index, self._old_value(mirror, index)), mirror.span
                    self.undoing.append(op)
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
            if not is_scalar(old.type) and may_be_basic(index):
                old.hint = None if old is not x else x.hint
                old = lo.value(lo.emit_typed(copier(old), (old,), {}, old.type, "old"))
        self._insert(region, place, made)
        self._reads += [op for op in reversed(made.ops) if op.outputs]
        return old

    # Copies

    def _version(self, pointer: Value, mirror: Op, after: bool) -> tuple[Region, Op | None]:
        """Where the contents of a pointer stand as an operation finds or leaves them: a region, up to a write in it."""
        memory = self.aliases.find(pointer)
        assert mirror.parent is not None
        itself = not after and self.versions.writes(mirror, memory)
        return mirror.parent, self.versions.next_write(memory, mirror, itself)

    def _base(self, pointer: Value, mirror: Op) -> Value:
        """The array that a pointer is a view of, if the view shows most of it and is as old as what it is read for."""
        owner = pointer.owner
        while isinstance(owner, Call) and owner.fn is operator.getitem and owner.parent is mirror.parent:
            x, index = owner.args
            if not (isinstance(x.type, Array) and self.versions.is_forward(owner) and shows_most(index)):
                break
            if self._version(pointer, owner, True) != self._version(pointer, mirror, False):
                break
            pointer, owner = x, x.owner
        return pointer

    def _copy(self, pointer: Value, mirror: Op, after: bool) -> Value:
        """A copy of what a pointer points to, as an operation of the forward sweep finds or leaves it."""
        base = pointer if after else self._base(pointer, mirror)
        region, write = self._version(base, mirror, after)
        if (base, region, write) in self._single:
            base = pointer
        key = (base, region, write)
        if key not in self._copies:
            self._copies[key] = self._copy_at(base, region, self._start(base, mirror, after), mirror)
        return self._view_of_copy(pointer, base, self._copies[key])

    def _start(self, pointer: Value, mirror: Op, after: bool) -> int:
        """The first place in a region where a pointer shows what an operation finds or leaves: between statements."""
        region, memory = mirror.parent, self.aliases.find(pointer)
        assert region is not None
        end = region.ops.index(mirror) + int(after)
        owners = [k for k in range(end) if pointer in region.ops[k].outputs]
        writes = [k for k in range(end) if self.versions.writes(region.ops[k], memory)]
        return 1 + max(owners + writes, default=-1)

    def _copy_at(self, pointer: Value, region: Region, place: int, mirror: Op) -> Value:
        lo = Lowering()
        lo.fixed_span, lo.span = True, mirror.span
        made = Region()
        with lo.into(made):
            laid_out = isinstance(mirror, Call) and isinstance(mirror.fn, Closed) and mirror.fn.layout
            copy_fn = runtime.copied if laid_out else copier(pointer)
            if isinstance(pointer.type, List):
                # The shadows of what it holds are found by what it holds, not by copies of that; see `held_contents`.
                copy_fn = list.copy
            hint = f"{pointer.hint}_then" if pointer.hint else None
            copy = lo.value(lo.emit_typed(copy_fn, (pointer,), {}, pointer.type, hint))
        self._insert(region, place, made)
        self.originals[copy] = pointer
        return copy

    def _view_of_copy(self, pointer: Value, base: Value, copy: Value) -> Value:
        """The same part of a copy that a pointer shows of the original."""
        for view in _views(pointer, base):
            key = (copy, view.outputs[0])
            if key not in self._views:
                output = Value(view.outputs[0].type, None, view.span)
                op = Call(operator.getitem, (copy, view.args[1]), {}, [output], view.span)
                made = Region()
                made.append(op)
                assert isinstance(copy.owner, Op) and copy.owner.parent is not None
                region = copy.owner.parent
                after = max(region.ops.index(v.owner) for v in op.inputs if _is_in(v, region))
                self._insert(region, after + 1, made)
                self._views[key] = output
            copy = self._views[key]
        return copy

    def _insert(self, region: Region, place: int, made: Region) -> None:
        for op in made.ops:
            op.parent = region
        region.ops[place:place] = made.ops
        if region is self.function.body and self.function.backward_from is not None:
            self.function.backward_from += len(made.ops)


_ARRAY = 10.0
_PART = 0.1
_ELEMENT = 0.01
_MARGIN = 4
HARMLESS = frozenset(
    [
        undo_point,
        *LOOKUPS,
        runtime.before_update,
        runtime.add_if_copied,
        runtime.through_copy,
        runtime.zeros_like,
        checks.check_array,
    ]
)


def _used_by(op: Op) -> list[Value]:
    return [*op.inputs, *[v for region in op.regions for v in region.results]]


def _weight(op: Op) -> float:
    """How often an operation runs, at a guess: ten times for each loop around it."""
    assert op.parent is not None
    return _region_weight(op.parent)


def _region_weight(start: Region) -> float:
    weight = 1.0
    region: Region | None = start
    while region is not None and region.parent is not None:
        if isinstance(region.parent, Loop):
            weight *= 10
        region = region.parent.parent
    return weight


def _share(op: Call) -> float:
    """The part of an array that a write changes, at a guess."""
    if op.fn in IN_PLACE or shows_most(op.args[1]) or has_mask(op.args[1]):
        return 1.0
    return _ELEMENT if _is_element(op.args[0], op.args[1]) else _PART


def shows_most(index: Any) -> bool:
    """Whether an index leaves out only some elements at the ends of the axes."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(isinstance(p, slice) and _is_unit(p.step) and _is_near(p.start) and _is_near(p.stop) for p in parts)


def _is_unit(step: Any) -> bool:
    return step is None or (isinstance(step, Const) and step.value in (None, 1))


def _is_near(bound: Any) -> bool:
    if bound is None:
        return True
    return isinstance(bound, Const) and (bound.value is None or abs(bound.value) <= _MARGIN)


def _views(pointer: Value, base: Value) -> list[Call]:
    """The subscripts that lead from an array to a view of it."""
    chain: list[Call] = []
    while pointer is not base:
        assert isinstance(pointer.owner, Call)
        chain.append(pointer.owner)
        pointer = pointer.owner.args[0]
    return chain[::-1]


def _is_computed(value: Value) -> bool:
    return isinstance(value.owner, Call) and isinstance(value.type, Array) and is_fresh(value)


def _is_in(value: Value, region: Region) -> bool:
    return isinstance(value.owner, Op) and value.owner.parent is region


def _size(value: Value) -> float:
    return 1.0 if is_scalar(value.type) else _ARRAY


def _is_element(x: Value, index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    whole = isinstance(x.type, Array) and x.type.shape is not None and len(parts) == len(x.type.shape)
    # None stands for a new axis.
    return whole and all(isinstance(p, Value) and is_scalar(p.type) and not isinstance(p.type, Maybe) for p in parts)


def _same_tree(a: Any, b: Any) -> bool:
    return tree_key(a) == tree_key(b)
