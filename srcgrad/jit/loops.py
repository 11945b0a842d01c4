"""Array operations as loops over numbers: chains of them, and the reductions they end in, go through memory once.

Before -> after, for `np.sum(np.tanh(a * x) * x)`:

    total = np.float64(0.0)
    for start in range(0, len(x), 128):
        part = np.float64(0.0)
        for i in range(start, min(start + 128, len(x))):
            part += np.tanh(a * x[i]) * x[i]
        total += part

What comes out is IR as before, which prints as Python and runs as it is.

Two operations share a nest if they have the same shape and none writes what the other one reads or writes at another
element; a value that only the nest uses is a number in it. Where the types do not say whether an axis is stretched, the
nest stands under the condition that it is not, and the operations on whole arrays beside it.

It leaves alone: arrays of other dtypes than `float64`, `float32`, `int64`, `int32` and `bool`, of an unknown number of
axes, or without axes; arrays of several axes that are reshaped, as NumPy decides by their order in memory between views
and copies; operations in the protected part of a `try`; products of matrices, and whatever else is neither elementwise
nor one of `sum`, `mean`, `max`, `min`, `prod`, `any` and `all`. A new array lies in memory as NumPy's does unless its
operands lie in different orders. Sums add in another order than NumPy's: in blocks, which are put together in double
precision.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import LOOKUPS, MAY_COPY, among, contents_read, is_view, only_metadata, written
from srcgrad.ir.nodes import Call, Const, Function, Op, Region, Try, Value, walk
from srcgrad.ir.types import Array, NpScalar, Opaque, PyScalar, Tuple
from srcgrad.jit.buffers import hoist_buffers
from srcgrad.jit.copies import read_copies
from srcgrad.jit.group_pieces import pieces
from srcgrad.jit.groups import Group, Member, member, reads_what_it_writes
from srcgrad.jit.lengths import Facts
from srcgrad.jit.nests import write_nest
from srcgrad.jit.part_sums import gather_parts
from srcgrad.jit.places import place_of
from srcgrad.jit.retyping import uncertain_arrays
from srcgrad.jit.rows import Rows
from srcgrad.jit.spread_sums import sum_spread
from srcgrad.jit.tape_copies import copy_to_tapes
from srcgrad.jit.updates import ask_operands, name_parts, settle_updates
from srcgrad.rules.registry import hashable
from srcgrad.transform.effects import draws, repeatable
from srcgrad.transform.split import first_of_reverse


def fuse_loops(functions: list[Function], relies: bool = False) -> None:
    """Turns the array operations of functions into loops.

    Args:
        functions: all functions of a module, with settled lengths; they are changed.
        relies: whether the loops may rely on it that no array of length 1 is stretched, and raise `Stretched` if one
            is: for code that can be run again.
    """
    for function in functions:
        sum_spread(function)
        settle_updates(function)
        ask_operands(function)
        name_parts(function)
    gather_parts(functions)
    read_copies(functions)
    copy_to_tapes(functions)
    aliases = _aliases_of(functions)
    for function in functions:
        reverse = function.backward_from is not None
        _Fusion(function, aliases, relies).run()
        hoist_buffers(function)
        _remove_unused(function)
        function.backward_from = first_of_reverse(function) if reverse else None


def _aliases_of(functions: list[Function]) -> Aliases:
    """Which values may share memory. Of shadows in tables any may: which are views is for those of a caller to know."""
    aliases = Aliases(functions)
    ops = [op for function in functions for op in walk(function.body) if isinstance(op, Call)]
    shadows = [op.outputs[0] for op in ops if among(op.fn, LOOKUPS)]
    for shadow in shadows[1:]:
        aliases.unify(shadows[0], shadow)
    return aliases


def _remove_unused(function: Function) -> None:
    """Removes views and lengths that loops have made useless; what else is unused is there for a reason."""
    regions = [function.body, *(r for op in walk(function.body) for r in op.regions)]
    used: set[Value] = {v for region in regions for v in region.results}
    used.update(v for op in walk(function.body) for v in op.inputs)
    changed = True
    while changed:
        changed = False
        for region in regions:
            kept = [op for op in region.ops if not _is_outside(op) or not used.isdisjoint(op.outputs)]
            if len(kept) != len(region.ops):
                region.ops, changed = kept, True
        if changed:
            used = {v for region in regions for v in region.results}
            used.update(v for op in walk(function.body) for v in op.inputs)


def _is_outside(op: Op) -> bool:
    """Whether an operation looks at an array from outside alone, and can't raise."""
    if not isinstance(op, Call) or not hashable(op.fn) or not op.args or not isinstance(op.args[0], Value):
        return False
    if not isinstance(op.args[0].type, Array):
        return False
    slices = op.fn is operator.getitem and _full_slices(op.args[1])
    return slices or only_metadata(op) or op.fn in (np.transpose, np.ndarray.transpose, runtime.expanded)


def _full_slices(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    values = [p.value if isinstance(p, Const) else p for p in parts]
    return all(isinstance(p, slice) or p is None or p is Ellipsis for p in values)


class _Fusion:
    """Goes through one function."""

    def __init__(self, function: Function, aliases: Aliases, relies: bool):
        self.function = function
        self.aliases = aliases
        self.relies = relies
        self.uncertain = uncertain_arrays(function)
        self.users: dict[Value, list[Op | None]] = {}
        for op in walk(function.body):
            for value in op.inputs:
                self.users.setdefault(value, []).append(op)
            for region in op.regions:
                self._note_results(region)
        self._note_results(function.body)

    def _note_results(self, region: Region) -> None:
        for value in region.results:
            self.users.setdefault(value, []).append(None)

    def run(self) -> None:
        pending = [(self.function.body, Facts(relies=self.relies))]
        while pending:
            region, facts = pending.pop()
            pending += _RegionFusion(self, region, facts).run()

    def is_used(self, value: Value, besides: set[Op]) -> bool:
        """Whether other operations use a value, or a region ends with it."""
        return any(user is None or user not in besides for user in self.users.get(value, ()))


class _RegionFusion:
    """Goes through the operations of one region, with the groups that are still open."""

    def __init__(self, fusion: _Fusion, region: Region, facts: Facts):
        self.fusion = fusion
        self.aliases = fusion.aliases
        self.region = region
        self.facts = facts
        self.assumed = Facts(facts)
        self.groups: list[Group] = []
        self.order: dict[Op, int] = {}
        self.done: list[Op] = []
        self.inner: list[tuple[Region, Facts]] = []

    def run(self) -> list[tuple[Region, Facts]]:
        """Rewrites the region; the regions in it, with what is known there."""
        for op in self.region.ops:
            for part in self._parts(op):
                self.order[part] = len(self.order)
                found = member(part)
                if found is not None and self._is_safe(found):
                    self._join(found)
                else:
                    self._pass(part)
        self._write(len(self.groups))
        self.region.ops = self.done
        for op in self.done:
            op.parent = self.region
        return self.inner

    def _parts(self, op: Op) -> list[Op]:
        """An operation, or two: what it writes is copied first, if that is what it overwrites at other elements."""
        found = member(op)
        if found is None or found.store is None or not reads_what_it_writes(found, self.aliases):
            return [op]
        value = found.store.value
        copied = Value(value.type, None, op.span)
        copy = Call(np.ndarray.copy, (value,), {}, [copied], op.span)
        copy.mirror, copy.parent = op.mirror, self.region
        op.args = (*op.args[:-1], copied)  # type: ignore[attr-defined]
        self.fusion.users.setdefault(value, []).append(copy)
        self.fusion.users[copied] = [op]
        return [copy, op]

    def _is_safe(self, found: Member) -> bool:
        """Whether arrays are arrays, and none is read at other elements than it is written at the same time.

        Where NumPy decides by the order of elements in memory whether it makes a view or a copy, it has to be NumPy's.
        """
        made = found.output
        if made is not None and len(found.shape) > 1 and self.aliases.is_reshaped(made):
            return False
        used = [*found.operands, *([] if found.store is None else [found.store.target, found.store.place.base])]
        bases = [place_of(v).base for v in found.operands if isinstance(v.type, Array)]
        certain = self.fusion.uncertain.isdisjoint([*used, *bases])
        return certain and not reads_what_it_writes(found, self.aliases)

    def _join(self, new: Member) -> None:
        """Puts an operation into the last group that may have it, or into one of its own."""
        new.learn(self.assumed, stretched=False)
        for group in reversed(self.groups):
            if group.admits(new, self.aliases):
                group.add(new, self.aliases)
                break
            if group.comes_before(new, self.aliases):
                group = self._opened(new)
                break
        else:
            group = self._opened(new)
        for other in reversed(self.groups[: self.groups.index(group)]):
            if not other.produced.isdisjoint(new.operands):
                group = self._merged(other, group)

    def _opened(self, new: Member) -> Group:
        group = Group(new.shape, self.assumed)
        group.add(new, self.aliases)
        self.groups.append(group)
        return group

    def _merged(self, first: Group, last: Group) -> Group:
        """One group in place of two, if it may be done when the last one is; else the last one."""
        between = self.groups[self.groups.index(first) + 1 : self.groups.index(last)]
        if any(first.comes_before(m, self.aliases) for group in between for m in group.members):
            return last
        members = sorted([*first.members, *last.members], key=lambda m: self.order[m.op])
        whole = Group(first.shape, self.assumed, members)
        for m in members:
            if whole.members and not whole.admits(m, self.aliases):
                return last
            whole.add(m, self.aliases)
        whole.promised = []
        self.groups.remove(first)
        self.groups[self.groups.index(last)] = whole
        return whole

    def _pass(self, op: Op) -> None:
        """Appends an operation that is in no group, and before it the groups that have to be done by then."""
        if is_simple(op) or _is_push(op):
            assert isinstance(op, Call)
            before = [k for k, group in enumerate(self.groups) if self._hinders(group, op)]
            self._write(before[-1] + 1 if before else 0)
        else:
            self._write(len(self.groups))
        protected = [op.then] if isinstance(op, Try) else []
        self.inner += [(inner, Facts(self.facts)) for inner in op.regions if inner not in protected]
        self.done.append(op)

    def _hinders(self, group: Group, op: Call) -> bool:
        """Whether a group has to be done before an operation."""
        if not group.produced.isdisjoint(op.inputs):
            return True
        target = written(op)
        if target is not None:
            memory = self.aliases.find(target)
            if memory in group.reads or memory in group.writes:
                return True
        if only_metadata(op) or (is_view(op) and op.fn not in MAY_COPY):
            return False
        return any(self.aliases.find(v) in group.writes for v in contents_read(op) if isinstance(v.type, Array))

    def _write(self, count: int) -> None:
        """Closes the first groups."""
        rows = Rows(self.aliases)
        for group in [part for whole in self.groups[:count] for part in pieces(whole, self.fusion.is_used)]:
            ops = None if is_plain(group) else write_nest(group, self.fusion.is_used, self.facts)
            if ops is None:
                rows.forget()
                self.done += [m.op for m in group.members]
            elif not rows.join(group, ops, self.facts, self.done):
                self.done += ops
        del self.groups[:count]


def is_plain(group: Group) -> bool:
    """Whether a group is one operation that copies or fills an array, as NumPy does best."""
    op = group.members[0].op
    if len(group.members) > 1:
        return False
    filled = op.fn is operator.setitem and not isinstance(op.args[2].type, Array)
    return filled or op.fn in (np.ndarray.copy, np.copy, runtime.unbroadcast)


def is_simple(op: Op) -> bool:
    """Whether an operation does nothing but compute with numbers and arrays, or write into an array."""
    if not isinstance(op, Call) or not hashable(op.fn) or draws(op.fn) or not repeatable(op):
        return False
    values: Iterable[Any] = (*op.inputs, *op.outputs)
    return all(isinstance(v, Const) or _is_simple_type(v.type) for v in values)


def _is_push(op: Op) -> bool:
    """Whether an operation puts numbers and arrays into a list: it looks at no element of them."""
    return isinstance(op, Call) and op.fn is list.append and all(_is_simple_type(v.type) for v in op.inputs[1:])


def _is_simple_type(t: Any) -> bool:
    if isinstance(t, Tuple):
        return all(isinstance(item, (PyScalar, NpScalar)) for item in t.items)
    return isinstance(t, (PyScalar, NpScalar, Array)) or (isinstance(t, Opaque) and t.cls is slice)
