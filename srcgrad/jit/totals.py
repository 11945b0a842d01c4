"""Reductions in nests: what is carried from element to element, and how it is put together.

A reduction along the inner axes is a number that the inner loops carry. Along others it is an array that is added to.
Sums of floats are made of sums of short blocks, added in double precision, so that rounding errors do not pile up.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from srcgrad.analysis.words import word
from srcgrad.ir.nodes import Const, Op, Region, Value
from srcgrad.ir.types import BOOL, INT, Array, NpScalar
from srcgrad.jit import helpers
from srcgrad.jit.group_pieces import is_slow
from srcgrad.jit.groups import Member
from srcgrad.jit.lengths import raise_if
from srcgrad.jit.pointwise import Writer, item_update_of
from srcgrad.jit.reductions import Reduction

if TYPE_CHECKING:
    from srcgrad.jit.nests import Nest

BLOCK = 128
"""So many numbers are added one after the other, as NumPy does."""
_EXTREMES = {"max": "maximum", "min": "minimum"}


@dataclass(slots=True)
class _Total:
    """A reduction that loops carry.

    Attributes:
        member: the operation.
        level: how many loops are around it.
        now: what it is, at the level that is being written.
        args: loop -> what it carries.
    """

    member: Member
    level: int
    now: Value | None = None
    args: dict[int, Value] = field(default_factory=dict)

    @property
    def reduction(self) -> Reduction:
        assert self.member.reduction is not None
        return self.member.reduction


class Totals:
    """The reductions of a nest."""

    def __init__(self, nest: Nest):
        self.nest = nest
        self.carried: list[_Total] = []
        self.arrays: list[Member] = []
        self._is_vectorised = any(map(is_slow, nest.members))
        for m in nest.members:
            if m.reduction is not None:
                self._begin(m)

    def _begin(self, m: Member) -> None:
        nest, reduction = self.nest, m.reduction
        assert reduction is not None
        if reduction.name in _EXTREMES:
            self._check_empty(m)
        gone = [k for k in nest.looped if k in reduction.axes]
        level = len(nest.looped) - len(gone)
        output = m.op.outputs[0]
        trailing = nest.looped[level:] == gone
        if isinstance(output.type, Array):
            assert output.type.shape is not None
            shape = [axis for k, axis in enumerate(m.shape) if k not in reduction.axes]
            shape = list(output.type.shape) if reduction.keepdims else shape
            nest.new_array(m.op, output, shape, None if trailing else reduction.start())
        if not trailing:
            self.arrays.append(m)
            return
        total = _Total(m, level)
        self.carried.append(total)
        for inner in range(level + 1, len(nest.looped) + 1):
            in_blocks = inner == len(nest.looped) and reduction.adds and not self._is_short(inner)
            whole = inner == level + 1 and not in_blocks
            dtype = reduction.dtype if inner == len(nest.looped) else reduction.wide
            arg = total.args[inner] = Value(NpScalar(dtype), _name_of(m) if whole else "part")
            arg.owner = nest.regions[inner]
            nest.regions[inner].args.append(arg)
        total.now = total.args.get(len(nest.looped), reduction.start())

    def _is_short(self, level: int) -> bool:
        if not level:
            return True
        axis = self.nest.group.shape[self.nest.looped[level - 1]]
        return isinstance(axis, int) and axis <= BLOCK

    def _check_empty(self, m: Member) -> None:
        """Raises what NumPy raises where the largest of nothing is asked for."""
        nest, reduction = self.nest, m.reduction
        assert reduction is not None
        writer = nest.writer(0, m.op)
        gone = [nest.group.shape[k] for k in nest.looped if k in reduction.axes]
        count = _product(writer, [nest.lengths.exact(writer, axis) for axis in gone])
        if isinstance(count, Const) and count.value > 0:
            return
        is_empty = writer.call(operator.eq, count, Const(0), type=BOOL)
        name = _EXTREMES[reduction.name]
        message = f"zero-size array to reduction operation {name} which has no identity"
        raise_if(writer, is_empty, ValueError, message)

    def take_in(self, m: Member) -> None:
        """Writes how one more element is taken in."""
        nest, reduction = self.nest, m.reduction
        assert reduction is not None
        number = nest.number(m.op, m, 0)
        writer = nest.writer(len(nest.looped), m.op)
        number = reduction.element(writer, number)
        total = next((t for t in self.carried if t.member is m), None)
        if total is not None:
            assert total.now is not None
            total.now = self._added(writer, reduction, total.now, number)
            return
        output = m.op.outputs[0]
        if reduction.name in ("sum", "mean", "prod"):
            update = operator.mul if reduction.name == "prod" else operator.add
            writer.effect(item_update_of(update), output, self._index(writer, m), number)
            return
        old = writer.call(operator.getitem, output, self._index(writer, m))
        writer.effect(operator.setitem, output, self._index(writer, m), reduction.taken_in(writer, old, number))

    def _added(self, writer: Writer, reduction: Reduction, so_far: Value, number: Value) -> Value:
        """What a total is with one more number; one behind a function that several numbers are computed with at once.

        A loop that adds in order can't be vectorised. Rows may be so short that this costs more than it gives.
        """
        inner, dtype = len(self.nest.looped), reduction.dtype
        in_order = not self._is_vectorised or not reduction.adds or inner > 1 or self._is_short(inner)
        if in_order or dtype not in (np.dtype("f8"), np.dtype("f4")):
            return reduction.taken_in(writer, so_far, number)
        return writer.call(helpers.plus, so_far, writer.number(number, dtype), type=NpScalar(dtype))

    def _index(self, writer: Writer, m: Member) -> Any:
        """The index of the result that an element belongs to."""
        assert m.reduction is not None
        gone = m.reduction.axes
        axes = [None if k in gone else k for k in range(len(m.shape)) if m.reduction.keepdims or k not in gone]
        return self.nest.new_index(writer, axes)

    def close(self, level: int, outer: Writer, start: Value, stop: Value) -> None:
        """Makes the loop of a level, of the body that has been written."""
        alive = [t for t in self.carried if t.level < level]
        body = self.nest.regions[level]
        body.results = [t.now for t in alive]  # type: ignore[misc]
        innermost = level == len(self.nest.looped)
        blocks = innermost and any(t.reduction.adds for t in alive) and not self._is_short(level)
        if blocks:
            outputs = self._in_blocks(alive, body, outer, start, stop)
        else:
            inits = [self._init(t, level) for t in alive]
            outputs = self.nest.loop(outer, start, stop, 1, body, inits).outputs
        for t, output in zip(alive, outputs, strict=True):
            if level - 1 == t.level:
                self._finished(t, output)
            elif t.reduction.adds:
                t.now = t.reduction.taken_in(outer, t.args[level - 1], output, wide=True)
            else:
                t.now = output

    def _init(self, t: _Total, level: int) -> Value:
        carried_through = level - 1 > t.level and not t.reduction.adds
        innermost = level == len(self.nest.looped) and self._is_short(level)
        return t.args[level - 1] if carried_through else t.reduction.start(wide=not innermost)

    def _in_blocks(self, alive: list[_Total], body: Region, outer: Writer, start: Value, stop: Value) -> list[Value]:
        """A loop over blocks around the loop over the elements of one."""
        block = Region([Value(INT, "start"), *(Value(NpScalar(t.reduction.wide), _name_of(t.member)) for t in alive)])
        inner = Writer(block, outer.model)
        first, args = block.args[0], block.args[1:]
        end = inner.call(operator.add, first, Const(BLOCK), type=INT)
        end = inner.call(min, end, stop, type=INT)
        inits = [t.reduction.start() if t.reduction.adds else a for t, a in zip(alive, args, strict=True)]
        parts = self.nest.loop(inner, first, end, 1, body, inits).outputs
        rows = zip(alive, args, parts, strict=True)
        block.results = [t.reduction.taken_in(inner, a, p, wide=True) if t.reduction.adds else p for t, a, p in rows]
        level = len(self.nest.looped)
        return self.nest.loop(outer, start, stop, BLOCK, block, [self._init(t, level) for t in alive]).outputs

    def _finished(self, t: _Total, result: Value) -> None:
        """What is done with the number that the loops end with."""
        m, nest = t.member, self.nest
        writer = nest.writer(t.level, m.op)
        output = m.op.outputs[0]
        if t.reduction.name == "mean":
            count = self._count(writer, m)
            result = writer.call(operator.truediv, result, count, type=result.type)
        result = writer.number(result, t.reduction.dtype)
        if isinstance(output.type, Array):
            writer.effect(operator.setitem, output, self._index(writer, m), result)
            return
        _rename(result, output, writer)

    def _count(self, writer: Writer, m: Member) -> Value:
        assert m.reduction is not None
        nest = self.nest
        axes = [nest.group.shape[k] for k in sorted(m.reduction.axes) if nest.group.shape[k] != 1]
        return _product(writer, [nest.lengths.exact(writer, axis) for axis in axes])

    def finish(self) -> None:
        """Writes what follows the loops."""
        nest = self.nest
        for t in self.carried:
            if t.level == len(nest.looped):
                # All that is reduced along has length 1.
                assert t.now is not None
                self._finished(t, t.now)
        for m in self.arrays:
            if m.reduction is not None and m.reduction.name == "mean":
                writer = nest.writer(0, m.op)
                writer.effect(operator.itruediv, m.op.outputs[0], self._count(writer, m))


def _rename(result: Value, output: Value, writer: Writer) -> None:
    """Has what defines a number define the output of the operation in its place."""
    owner = result.owner
    assert isinstance(owner, Op)
    owner.outputs[owner.outputs.index(result)] = output
    output.owner = owner


def _name_of(m: Member) -> str:
    """What a number is called that becomes the result of a reduction."""
    output = m.op.outputs[0]
    assert m.reduction is not None
    return output.hint or (word(output) if isinstance(output.type, NpScalar) else None) or m.reduction.name


def _product(writer: Writer, counts: list[Value]) -> Value:
    total: Value = Const(1)
    for count in counts:
        if isinstance(total, Const) and isinstance(count, Const):
            total = Const(total.value * count.value)
        elif isinstance(total, Const) and total.value == 1:
            total = count
        else:
            total = writer.call(operator.mul, total, count, type=INT)
    return total
