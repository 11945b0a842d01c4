"""What is added to several parts of an array is gathered by each element instead, as in the code of a stencil.

Before -> after, for `y` of two elements less than `x_bar`, with a table that is made before the loops around:

    x_bar[:-2] += y                      table[2:-2] = y
    x_bar[1:-1] += y           ->        x_bar += table[2:] + table[1:-1] + table[:-2]
    x_bar[2:] += y

Each element is read and written once, and `y` need not be kept beside the table, whose rim stays zero. `gathers.py`
does the same for what loops over elements add.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import is_view, only_metadata, written
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, Const, For, Function, Op, Region, Value, walk
from srcgrad.ir.types import F8, INT, Array, Axis, Dim, same_length
from srcgrad.jit.lengths import length_of
from srcgrad.jit.places import full_index
from srcgrad.jit.pointwise import Writer
from srcgrad.rules.registry import hashable
from srcgrad.rules.result_types import result_type

_FEWEST = 3
"""With two parts a table saves no memory traffic."""


@dataclass(frozen=True, slots=True)
class _Part:
    """An operation that adds to a part of an array, with how many elements it leaves out at both ends of each axis."""

    op: Call
    ends: tuple[tuple[int, int], ...]

    @property
    def array(self) -> Value:
        return self.op.args[0]

    @property
    def value(self) -> Value:
        return self.op.args[2]


def gather_parts(functions: list[Function]) -> None:
    """Lets elements gather what operations of the reverse sweep add to several parts of an array.

    Args:
        functions: all functions of a module, before their array operations become loops; they are changed.
    """
    aliases: Aliases | None = None
    for function in functions:
        for loop in [op for op in walk(function.body) if isinstance(op, For) and op.mirror is not None]:
            if sum(_part(op) is not None for op in loop.body.ops) < _FEWEST:
                continue
            aliases = aliases or Aliases(functions)
            for parts in _runs(loop.body, aliases):
                around = _outermost(loop, parts[0].array)
                if around is not None:
                    _gather(parts, around)


def _part(op: Op) -> _Part | None:
    """An operation as one that adds to a part of an array of known place, None if it is none."""
    if not isinstance(op, Call) or op.fn is not runtime.add_item or len(op.args) != 3:
        return None
    x, index, value = op.args
    if not _is_plain(x) or not _is_plain(value) or len(value.type.shape) != len(x.type.shape):
        return None
    slices = full_index(index, len(x.type.shape))
    if slices is None or any(s is None or s.step not in (None, 1) for s in slices):
        return None
    ends = tuple([(s.start or 0, -(s.stop or 0)) for s in slices if s is not None])
    # An end of 0 elements is one that is not given; `x[:0]` has no elements.
    if any(low < 0 or high < 0 for low, high in ends) or any(s is not None and s.stop == 0 for s in slices):
        return None
    part = result_type(operator.getitem, (x, index), {}, "part")
    same = isinstance(part, Array) and part.shape and all(map(same_length, part.shape, value.type.shape))
    return _Part(op, ends) if same else None


def _is_plain(v: Any) -> bool:
    return isinstance(v, Value) and isinstance(v.type, Array) and bool(v.type.shape) and v.type.dtype == F8


def _runs(region: Region, aliases: Aliases) -> list[list[_Part]]:
    """Operations that add the same to parts of the same array, while nothing else touches both."""
    found: list[list[_Part]] = []
    open_: list[list[_Part]] = []
    for op in region.ops:
        part = _part(op)
        own = None if part is None else next((run for run in open_ if _continues(run[0], part)), None)
        open_ = [run for run in open_ if run is own or not _touches(op, run[0], aliases)]
        if part is None:
            continue
        if own is None:
            if aliases.find(part.array) != aliases.find(part.value):
                open_.append([part])
                found.append(open_[-1])
        else:
            own.append(part)
    return [run for run in found if len(run) >= _FEWEST]


def _continues(first: _Part, other: _Part) -> bool:
    """Whether two operations add the same array to parts of one array, each of the same shape."""
    same = first.array is other.array and first.value is other.value
    return same and all(sum(a) == sum(b) for a, b in zip(first.ends, other.ends, strict=True))


def _touches(op: Op, first: _Part, aliases: Aliases) -> bool:
    """Whether an operation may read or write the array that is added to, or write what is added."""
    if not isinstance(op, Call) or not hashable(op.fn) or op.regions:
        return True
    memory = aliases.find(first.array)
    target = written(op)
    if target is not None and aliases.find(target) in (memory, aliases.find(first.value)):
        return True
    if only_metadata(op) or is_view(op):
        return False
    if target is None and not op.outputs:
        return True
    return any(isinstance(v.type, Array) and aliases.find(v) == memory for v in op.inputs)


def _outermost(loop: For, array: Value) -> For | None:
    """The outermost loop of the reverse sweep around an operation that an array is there before, if there is one."""
    found: For | None = None
    around: Any = loop
    while isinstance(around, For) and around.mirror is not None:
        if array.owner is around.body or is_inside(array.owner, around.body):
            break
        found = around
        around = around.parent.parent if around.parent is not None else None
    return found


def _gather(parts: list[_Part], around: For) -> None:
    """Writes to a table in place of adding to the parts, and adds up what the elements gather."""
    ends = [[part.ends[k] for part in parts] for k in range(len(parts[0].ends))]
    least = [min(low for low, _ in own) for own in ends]
    most = [max(low for low, _ in own) for own in ends]
    table = _table(parts[0].array, [b - a for a, b in zip(least, most, strict=True)], around)
    region = parts[0].op.parent
    assert region is not None
    made = Region()
    writer = Writer(made, parts[0].op)
    inner = [(b, sum(own[0]) - a) for a, b, own in zip(least, most, ends, strict=True)]
    writer.effect(operator.setitem, table, _index(inner), parts[0].value)
    total: Value | None = None
    for part in parts:
        places = [(b - low, low - a) for a, b, (low, _) in zip(least, most, part.ends, strict=True)]
        gathered = writer.call(operator.getitem, table, _index(places), type=parts[0].array.type)
        total = gathered if total is None else writer.call(operator.add, total, gathered, type=gathered.type)
    assert total is not None
    writer.effect(operator.iadd, parts[0].array, total)
    at = region.ops.index(parts[-1].op)
    region.ops[at:at] = made.ops
    gone = {part.op for part in parts}
    region.ops = [op for op in region.ops if op not in gone]
    for op in made.ops:
        op.parent = region


def _index(ends: list[tuple[int, int]]) -> Any:
    """The index of a part that leaves out so many elements at both ends of each axis."""
    slices = [Const(slice(low or None, -high if high else None)) for low, high in ends]
    return slices[0] if len(slices) == 1 else tuple(slices)


def _table(array: Value, more: list[int], around: For) -> Value:
    """Zeros before a loop, by so much longer than an array along each axis."""
    before = Region()
    writer = Writer(before, around)
    lengths, axes = [], []
    for k, by in enumerate(more):
        own = length_of(writer, array, k)
        if by > 0:
            own = (
                Const(own.value + by) if isinstance(own, Const) else writer.call(operator.add, own, Const(by), type=INT)
            )
        lengths.append(own)
        axes.append(_longer(array.type.shape[k], by))  # type: ignore[attr-defined]
    table = Value(Array(F8, tuple(axes)), "table", around.span)
    writer.add(Call(np.zeros, (lengths[0] if len(lengths) == 1 else tuple(lengths),), {}, [table]))
    region = around.parent
    assert region is not None
    at = region.ops.index(around)
    region.ops[at:at] = before.ops
    for op in before.ops:
        op.parent = region
    return table


def _longer(axis: Axis, by: int) -> Axis:
    return axis.shifted(by) if isinstance(axis, Dim) else axis + by
