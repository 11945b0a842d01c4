"""Which arrays the turns of a loop use as their own, so that several turns can each have one.

for i in range(n):
    for p in range(d):
        centred[p] = x[i, p] - mean[p]       # each turn writes all of it before it reads any
    ...
    for p in range(d):
        mean_bar[p] -= centred_bar[p]
        centred_bar[p] = 0.0                 # each turn finds zeros, and leaves zeros
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.commuting import ADDS, offset_from
from srcgrad.analysis.memory import only_metadata
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, Const, For, Function, Op, Region, Value, walk
from srcgrad.ir.types import F8, Array, PyScalar, is_scalar, same_length

_ZEROS = (np.zeros, np.zeros_like)
_NEW = (np.empty, np.empty_like, *_ZEROS)
_STORES = (operator.setitem, *ADDS)


@dataclass(slots=True)
class Uses:
    """How a function uses an array that it makes and that no other name stands for.

    Attributes:
        made: what makes it.
        touching: what reads or writes an element of it.
        is_measured: whether something looks at its shape.
    """

    made: Call
    touching: list[Call] = field(default_factory=list)
    is_measured: bool = False

    @property
    def is_zero(self) -> bool:
        """Whether it is made of zeros."""
        return self.made.fn in _ZEROS


def local_arrays(function: Function, aliases: Aliases) -> dict[Value, Uses]:
    """The arrays of floats that a function makes, of which it uses nothing but elements and lengths."""
    found: dict[Value, Uses] = {}
    for op in walk(function.body):
        if isinstance(op, Call) and op.fn in _NEW and len(op.outputs) == 1:
            (array,) = op.outputs
            if isinstance(array.type, Array) and array.type.shape and array.type.dtype is not None:
                found[array] = Uses(op)
    for array in list(found):
        if any(is_pointer(v.type) and v is not array for v in aliases.members.get(aliases.find(array), ())):
            del found[array]
    _collect(function, found)
    return found


def _collect(function: Function, found: dict[Value, Uses]) -> None:
    for op in walk(function.body):
        for value in dict.fromkeys(op.inputs):
            if value not in found or op is found[value].made:
                continue
            if only_metadata(op):
                found[value].is_measured = True
            elif is_element(op) and op.args[0] is value and value not in op.args[2:]:  # type: ignore[attr-defined]
                found[value].touching.append(op)  # type: ignore[arg-type]
            else:
                del found[value]
        for region in op.regions:
            for value in region.results:
                found.pop(value, None)
    for value in function.body.results:
        found.pop(value, None)


def is_element(op: Op) -> bool:
    """Whether an operation reads, writes or adds to one element of an array."""
    if not isinstance(op, Call) or op.fn not in (operator.getitem, *_STORES) or op.kwargs:
        return False
    array, parts = op.args[0], places(op)
    if not isinstance(array, Value) or not isinstance(array.type, Array) or array.type.shape is None:
        return False
    numbers = all(isinstance(p, Value) and is_scalar(p.type) and not _is_bool(p) for p in parts)
    return numbers and len(parts) == len(array.type.shape)


def _is_bool(part: Value) -> bool:
    return isinstance(part.type, PyScalar) and part.type.kind == "b"


def places(op: Call) -> tuple[Any, ...]:
    """The index of an element, a number for each axis."""
    return op.args[1] if isinstance(op.args[1], tuple) else (op.args[1],)


def is_private(array: Value, uses: Uses, loop: For) -> bool:
    """Whether each turn of a loop writes all of an array before it reads any, and nobody reads it otherwise."""
    inside = [op for op in uses.touching if is_inside(op, loop.body)]
    if not _is_covered(array, inside, loop):
        return False
    others = [op for op in uses.touching if not is_inside(op, loop.body)]
    return all(any(_covers_around(array, uses, other) for other in _around(op)) for op in others)


def _covers_around(array: Value, uses: Uses, loop: For) -> bool:
    return _is_covered(array, [op for op in uses.touching if is_inside(op, loop.body)], loop)


def _around(op: Op) -> Iterator[For]:
    """The loops around an operation."""
    region = op.parent
    while region is not None and region.parent is not None:
        if isinstance(region.parent, For):
            yield region.parent
        region = region.parent.parent


def is_fresh(array: Value, uses: Uses, loop: For) -> bool:
    """Whether each turn of a loop makes an array of its own, of a size that is known before the loop."""
    if not is_inside(uses.made, loop.body):
        return False
    given = [v for v in uses.made.inputs if not isinstance(v, Const)]
    return not any(is_inside(v.owner, loop.body) for v in given)


def _is_covered(array: Value, ops: list[Call], loop: For) -> bool:
    """Whether one of the operations in a loop writes each element of an array in each turn before others use it."""
    return any(covers(array, op, ops, loop, first=True) for op in ops if op.fn is operator.setitem)


def is_zeroed(array: Value, uses: Uses, loop: For) -> bool:
    """Whether each turn of a loop finds zeros in an array and leaves zeros, and nobody uses it otherwise."""
    if not uses.is_zero or not all(is_inside(op, loop.body) for op in uses.touching):
        return False
    zeroing = [op for op in uses.touching if op.fn is operator.setitem and _is_zero(op.args[2])]
    return any(covers(array, op, uses.touching, loop, first=False) for op in zeroing)


def _is_zero(value: Any) -> bool:
    return isinstance(value, Const) and value.value == 0 and not np.signbit(value.value)


def covers(array: Value, store: Call, ops: Iterable[Call], loop: For, first: bool) -> bool:
    """Whether a store goes through all of an array, before, or after, everything else that a turn does with it."""
    nest = nest_of(store, loop)
    if nest is None or not nest or not _goes_through(array, store, nest):
        return False
    outermost = nest[0]
    region = outermost.parent
    assert region is not None
    place = region.ops.index(outermost)
    for op in ops:
        if op is store:
            continue
        if is_inside(op, outermost.body):
            # The same element: before it, or behind it, in the very turn that the store is made.
            if not _same_turn(op, store, first):
                return False
        else:
            at = _place_in(op, region)
            if at is None or (at < place) is first:
                return False
    return True


def nest_of(store: Call, loop: For) -> list[For] | None:
    """The loops that run a store, one for each of its indices, the outermost first, all in each turn of another."""
    nest: list[For] = []
    region = store.parent
    wanted = list(places(store))
    while wanted:
        inner = region.parent if region is not None else None
        if not isinstance(inner, For) or inner.exits or inner is loop or inner.index not in wanted:
            return None
        wanted.remove(inner.index)
        nest.insert(0, inner)
        region = inner.parent
    # Below the loop itself there are loops only: a branch may leave it out.
    while region is not None and region is not loop.body:
        around = region.parent
        if not isinstance(around, For) or around.exits:
            return None
        region = around.parent
    return nest if region is loop.body else None


def _goes_through(array: Value, store: Call, nest: list[For]) -> bool:
    """Whether the indices of a store run through all axes of an array."""
    loops = {loop.index: loop for loop in nest}
    assert isinstance(array.type, Array) and array.type.shape is not None
    return all(_runs_through(loops[part], array, k) for k, part in enumerate(places(store)) if isinstance(part, Value))


def _runs_through(loop: For, array: Value, k: int) -> bool:
    """Whether the index of a loop takes each number of an axis."""
    low, high = ascending(loop)
    return isinstance(low, Const) and low.value == 0 and high is not None and _is_length(high, array, k)


def ascending(loop: For) -> tuple[Value | None, Value | None]:
    """The bounds of a loop of steps of 1, or of -1, as those of a range that counts up; None where that is unknown."""
    step = loop.step.value if isinstance(loop.step, Const) else None
    if step not in (1, -1):
        return None, None
    return (loop.start, loop.stop) if step == 1 else (_one_more(loop.stop), _one_more(loop.start))


def _one_more(value: Value) -> Value | None:
    if isinstance(value, Const):
        return Const(value.value + 1)
    op = value.owner
    if isinstance(op, Call) and op.fn is operator.sub and isinstance(op.args[1], Const) and op.args[1].value == 1:
        first: Value = op.args[0]
        return first
    return None


def _is_length(value: Value, array: Value, k: int) -> bool:
    assert isinstance(array.type, Array) and array.type.shape is not None
    axis = array.type.shape[k]
    if isinstance(value, Const):
        return type(value.value) is int and value.value == axis
    dim = value.type.dim if isinstance(value.type, PyScalar) else None
    if dim is not None and same_length(dim, axis):
        return True
    made = array.owner
    if not isinstance(made, Call) or made.fn not in (np.empty, np.zeros):
        return False
    shape = made.args[0] if isinstance(made.args[0], tuple) else (made.args[0],)
    return len(shape) > k and shape[k] is value


def _same_turn(op: Call, store: Call, first: bool) -> bool:
    """Whether an operation uses the element that a store writes, behind it or before it in the same turn."""
    if any(a is not b for a, b in zip(places(op), places(store), strict=True)):
        return False
    region = store.parent
    assert region is not None
    at = _place_in(op, region)
    return at is not None and (at > region.ops.index(store)) is first


def _place_in(op: Op, region: Region) -> int | None:
    """Where in a region an operation stands, or what it stands in."""
    found: Op | None = op
    while found is not None and found.parent is not region:
        found = found.parent.parent if found.parent is not None else None
    return None if found is None else region.ops.index(found)


def has_own_place(op: Call, loop: For) -> bool:
    """Whether the last index of an element follows the turns, so that those of neighbouring turns are neighbours."""
    return offset_from(places(op)[-1], loop) is not None


def is_float_array(value: Value) -> bool:
    """Whether a value is an array of 64-bit floats."""
    return isinstance(value.type, Array) and value.type.dtype == F8
