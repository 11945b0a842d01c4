"""Nests of loops for groups of array operations: checks, new arrays, then one pass over the elements.

Before -> after, for `t = np.tanh(a * x)`, which nobody else needs, and `y = t * b`:

    if len(x) != len(b):
        raise ValueError("operands could not be broadcast together")
    y = np.empty_like(x)
    for i in range(len(x)):
        t = np.tanh(a * x[i])
        y[i] = t * b[i]
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from srcgrad.analysis.words import word
from srcgrad.ir.nodes import Call, Const, For, Op, Region, Value
from srcgrad.ir.types import INT, Array, Axis
from srcgrad.jit.checks import plan_checks, sources_of
from srcgrad.jit.groups import Group, Member, Store
from srcgrad.jit.lengths import Facts, Lengths, length_of
from srcgrad.jit.places import Along, Place, place_of
from srcgrad.jit.pointwise import Writer, item_update_of
from srcgrad.jit.totals import Totals


def write_nest(group: Group, is_used: Callable[[Value, set[Op]], bool], facts: Facts) -> list[Op] | None:
    """The operations that do what a group does; None if the lengths of its axes are not to be had.

    Args:
        group: the group.
        is_used: whether a value is used by other operations than these.
        facts: what is known of lengths; what the checks find out is added.
    """
    checks = plan_checks(group, facts)
    if checks is None:
        return None
    nest = Nest(group, is_used, checks.facts)
    if not checks.conditions or facts.relies:
        checks.write_needed(nest.regions[0])
        nest.write()
        checks.teach(facts)
        return nest.regions[0].ops
    return checks.guarded(nest)


class Nest:
    """A nest while it is written.

    Attributes:
        regions: the operations before the loops, and those of the body of each loop, outer ones first.
        looped: the axes that have a loop: all but those of length 1.
        indices: axis -> the index of its loop.
        stores: how often the elements at a place are written.
        pending: what elements are by now that are written more than once; it goes to memory at the end.
    """

    def __init__(self, group: Group, is_used: Callable[[Value, set[Op]], bool], facts: Facts):
        self.group = group
        self.facts = facts
        self.members = _live(group, is_used)
        ops: set[Op] = {m.op for m in group.members}
        self.kept = [m.output for m in self.members if m.pointwise is not None and m.output and is_used(m.output, ops)]
        self.looped = [k for k, axis in enumerate(group.shape) if axis != 1]
        self.regions = [Region([Value(INT)] if level else []) for level in range(len(self.looped) + 1)]
        self.indices = {k: self.regions[level + 1].args[0] for level, k in enumerate(self.looped)}
        self.lengths = Lengths(facts, sources_of(group))
        self.numbers: dict[Value, Value] = {}
        self.level_of: dict[Value, int] = {}
        self.loaded: dict[Place, Value] = {}
        self.stores = Counter(m.store.place for m in self.members if m.store is not None and self._is_single(m.store))
        self.pending: dict[Place, tuple[Op, Value]] = {}
        self.models = self._models()
        self.shifts = self._shifts()

    def writer(self, level: int, op: Op) -> Writer:
        """What writes at a level: 0 is before the loops."""
        return Writer(self.regions[level], op)

    def _is_single(self, store: Store) -> bool:
        """Whether each element that a write is for is written once."""
        return len({a.axis for a in store.place.indices}) == len(self.group.shape)

    # Where elements are

    def _accesses(self) -> list[Place]:
        found = [self.place(m, k) for m in self.members for k, v in enumerate(m.read) if self._is_read(v)]
        return [*found, *(m.store.place for m in self.members if m.store is not None)]

    def _is_read(self, value: Value) -> bool:
        return isinstance(value.type, Array) and value not in self.group.made

    def place(self, member: Member, k: int) -> Place:
        """Where an operand has the element for an element of the nest."""
        return place_of(member.operands[k]).moved(member.axes_of(k))

    def _shifts(self) -> dict[int, int]:
        """Where the index of each axis starts: so that most of what is touched is at the index itself."""
        counts = {k: Counter({0: len(self.kept)}) for k in self.looped}
        for place in dict.fromkeys(self._accesses()):
            for along in place.indices:
                if along.axis in counts and along.step == 1:
                    counts[along.axis][along.offset] += 1
        return {k: max(found, key=lambda offset: (found[offset], -offset)) for k, found in counts.items()}

    def level(self, place: Place) -> int:
        """The innermost loop that a place depends on."""
        axes = [a.axis for a in place.indices if a.axis in self.indices]
        return max([self.looped.index(k) + 1 for k in axes], default=0)

    def index(self, writer: Writer, place: Place) -> Any:
        """The index of an element of a place."""
        parts = tuple([self._position(writer, place.base, k, along) for k, along in enumerate(place.indices)])
        return parts[0] if len(parts) == 1 else parts

    def _position(self, writer: Writer, base: Value, k: int, along: Along) -> Value:
        shift = self.shifts.get(along.axis, 0) if along.axis is not None else 0
        if along.axis not in self.indices:
            return Const(along.offset) if along.step > 0 else self._from_end(writer, base, k, -along.offset)
        i = self.indices[along.axis]
        if along.step > 0:
            scaled = i if along.step == 1 else writer.call(operator.mul, Const(along.step), i, type=INT)
            return _plus(writer, scaled, along.offset - along.step * shift)
        scaled = i if along.step == -1 else writer.call(operator.mul, Const(-along.step), i, type=INT)
        last = self._from_end(writer, base, k, -along.offset - along.step * shift)
        return writer.call(operator.sub, last, scaled, type=INT)

    def _from_end(self, writer: Writer, base: Value, k: int, by: int) -> Value:
        length = length_of(writer, base, k)
        return Const(length.value - 1 + by) if isinstance(length, Const) else _plus(writer, length, by - 1)

    def new_index(self, writer: Writer, axes: Sequence[int | None]) -> Any:
        """The index of an element of a new array that has these axes of the nest, None for those of length 1."""
        looped = [k if k in self.indices else None for k in axes]
        parts = tuple([Const(0) if k is None else _plus(writer, self.indices[k], -self.shifts[k]) for k in looped])
        return parts[0] if len(parts) == 1 else parts

    # What is done

    def write(self) -> None:
        """Writes it all."""
        first = self.members[0].op if self.members else self.group.members[0].op
        if not self.members:
            return
        for m in self.members:
            if m.output in self.kept:
                self._new_like(m, m.output)
        totals = Totals(self)
        for m in self.members:
            if m.store is not None:
                self._store(m)
            elif m.reduction is not None:
                totals.take_in(m)
            else:
                self._compute(m)
        self._write_pending()
        self._close(totals, first)
        totals.finish()

    def _new_like(self, m: Member, output: Value) -> None:
        """Writes the allocation of an array that lies in memory as NumPy's would, if all it is made of lies alike."""
        model = self.models.get(output)
        if model is None:
            self.new_array(m.op, output, list(output.type.shape))  # type: ignore[attr-defined]
            return
        output.hint = output.hint or _name_of(output)
        dtype = output.type.dtype  # type: ignore[attr-defined]
        more = () if model.type.dtype == dtype else (Const(dtype.type),)  # type: ignore[attr-defined]
        self.writer(0, m.op).add(Call(np.empty_like, (model, *more), {}, [output]))

    def new_array(self, op: Op, output: Value, shape: list[Axis], start: Const | None = None) -> None:
        """Writes the allocation of an array; `start` is what it holds."""
        writer = self.writer(0, op)
        output.hint = output.hint or _name_of(output)
        dtype = output.type.dtype  # type: ignore[attr-defined]
        sizes = tuple([self.lengths.exact(writer, axis) for axis in shape])
        size = sizes[0] if len(sizes) == 1 else sizes
        more = () if dtype == np.dtype(float) else (Const(dtype.type),)
        if start is None or start.value == 0:
            writer.add(Call(np.empty if start is None else np.zeros, (size, *more), {}, [output]))
        else:
            writer.add(Call(np.full, (size, start), {}, [output]))

    def _models(self) -> dict[Value, Value]:
        """For what is computed, an array of the full shape that it is computed from."""
        found: dict[Value, Value] = {}
        rank = len(self.group.shape)
        for m in self.group.members:
            by_rows = rank > 1 and m.op.fn is np.ndarray.copy
            if m.pointwise is None or m.output is None or m.outer or by_rows:
                continue
            given = [found.get(v) if v in self.group.made else v for v in m.operands]
            full = [v for v in given if v is not None and isinstance(v.type, Array) and self._is_full(v.type)]
            whole = [v for v in full if place_of(v).base is v] or full
            if whole:
                found[m.output] = whole[0]
        return found

    def _is_full(self, t: Array) -> bool:
        shape = t.shape
        return shape is not None and self.group.same_shape(shape, self.facts)

    def number(self, op: Op, member: Member, k: int) -> Value:
        """What an operand is for one element."""
        value = member.operands[k]
        if not self._is_read(value):
            return self.numbers.get(value, value)
        place = self.place(member, k)
        known = self.loaded.get(place)
        if known is None:
            level = self.level(place)
            writer = self.writer(level, op)
            known = writer.call(operator.getitem, place.base, self.index(writer, place))
            known.hint = value.hint if value is not place.base else None
            self.loaded[place] = known
            self.level_of[known] = level
        return known

    def _compute(self, m: Member) -> None:
        assert m.pointwise is not None and m.output is not None
        numbers = [self.number(m.op, m, k) for k in range(len(m.read))]
        level = max([self.level_of.get(v, 0) for v in numbers], default=0)
        result = m.pointwise.element(self.writer(level, m.op), *numbers)
        self.numbers[m.output] = result
        if result not in self.level_of:
            self.level_of[result] = level
            if m.output not in self.kept:
                result.hint, result.primal = m.output.hint, m.output.primal
        if m.output in self.kept:
            writer = self.writer(len(self.looped), m.op)
            index = self.new_index(writer, range(len(self.group.shape)))
            writer.effect(operator.setitem, m.output, index, result)

    def _store(self, m: Member) -> None:
        assert m.store is not None
        store = m.store
        number = self.number(m.op, m, 0)
        writer = self.writer(len(self.looped), m.op)
        if self.stores[store.place] > 1:
            number = self._new_element(writer, store, number)
            self.pending[store.place] = m.op, number
        else:
            fn = operator.setitem if store.update is None else item_update_of(store.update)
            writer.effect(fn, store.place.base, self.index(writer, store.place), number)
        base = store.place.base
        self.loaded = {place: v for place, v in self.loaded.items() if place.base is not base}
        if store.place in self.pending:
            self.loaded[store.place] = number
            self.level_of[number] = len(self.looped)

    def _new_element(self, writer: Writer, store: Store, number: Value) -> Value:
        """What an element is after a write, as a number of the dtype of the array."""
        base = store.place.base
        dtype = base.type.dtype  # type: ignore[attr-defined]
        if store.update is not None:
            old = self.loaded.get(store.place)
            if old is None:
                old = writer.call(operator.getitem, base, self.index(writer, store.place))
            nothing = isinstance(old, Const) and old.value == 0 and store.update is operator.add
            number = number if nothing else writer.call(store.update, old, number)
        return writer.number(number, dtype)

    def _write_pending(self) -> None:
        """Writes what elements are in the end that the nest writes more than once."""
        for place, (op, number) in self.pending.items():
            writer = self.writer(len(self.looped), op)
            writer.effect(operator.setitem, place.base, self.index(writer, place), number)

    # Loops

    def _close(self, totals: Totals, first: Op) -> None:
        """Puts each body into its loop, and each loop into the body of the next one."""
        for level in range(len(self.looped), 0, -1):
            k = self.looped[level - 1]
            outer = self.writer(level - 1, first)
            start = self.shifts[k]
            stop = self.lengths.plus(outer, self.group.shape[k], start)
            totals.close(level, outer, Const(start), stop)

    def loop(self, writer: Writer, start: Value, stop: Value, step: int, body: Region, inits: list[Value]) -> For:
        """Appends a loop."""
        outputs = [Value(v.type) for v in body.args[1:]]
        op = For(start, stop, Const(step), inits, body, False, outputs)
        writer.add(op)
        return op


def _name_of(output: Value) -> str | None:
    """The name for a new array: it says how its elements come about, which its allocation does not."""
    return word(output) if output.primal is None else None


def _plus(writer: Writer, value: Value, by: int) -> Value:
    if by == 0:
        return value
    return writer.call(operator.add if by > 0 else operator.sub, value, Const(abs(by)), type=INT)


def _live(group: Group, is_used: Callable[[Value, set[Op]], bool]) -> list[Member]:
    """The operations whose results somebody needs, or that write."""
    ops: set[Op] = {m.op for m in group.members}
    needed: set[Value] = set()
    found: list[Member] = []
    for m in reversed(group.members):
        if m.store is not None or m.output in needed or is_used(m.output, ops):  # type: ignore[arg-type]
            found.append(m)
            needed.update(m.read)
    return found[::-1]
