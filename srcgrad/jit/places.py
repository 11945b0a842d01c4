"""Where the elements of an array lie: a view is an array that it is of, and an index for each of its axes.

`u[1:-1].T` of a two-dimensional `u` has its element `[i, j]` at `u[j + 1, i]`. What a view is of is looked for as long
as each index is a constant distance from where the axis starts or ends; any other view is an array of its own.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.ir.nodes import Call, Const, Value
from srcgrad.ir.types import Array, may_be_one, same_length


@dataclass(frozen=True, slots=True)
class Along:
    """An index that runs with an axis.

    Element k is at `offset + step * k`; with a negative step, so far from the last element.

    Attributes:
        axis: the axis; None if the index stands still.
        offset: where it starts, never negative.
        step: how far it goes for each element.
    """

    axis: int | None
    offset: int = 0
    step: int = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where the elements of an array lie.

    Attributes:
        base: the array that holds them.
        indices: an index for each axis of it.
    """

    base: Value
    indices: tuple[Along, ...]

    def moved(self, axes: dict[int, int | None]) -> Place:
        """The same place, with other names for the axes."""
        indices = [a if a.axis is None else Along(axes[a.axis], a.offset, a.step) for a in self.indices]
        return Place(self.base, tuple(indices))


def place_of(value: Value) -> Place:
    """Where the elements of an array of known rank lie."""
    assert isinstance(value.type, Array) and value.type.shape is not None
    owner = value.owner
    if isinstance(owner, Call) and len(owner.outputs) == 1:
        found = _of_view(owner)
        if found is not None:
            return found
    return Place(value, tuple(Along(k) for k in range(len(value.type.shape))))


def _of_view(op: Call) -> Place | None:
    x = op.args[0] if op.args else None
    if op.kwargs or not isinstance(x, Value) or not isinstance(x.type, Array) or not x.type.shape:
        return None
    if op.fn is operator.getitem:
        return part_of(x, op.args[1])
    if op.fn in (np.transpose, np.ndarray.transpose) and len(op.args) == 1:
        last = len(x.type.shape) - 1
        return place_of(x).moved({k: last - k for k in range(last + 1)})
    if op.fn in (np.broadcast_to, runtime.expanded):
        return _spread(x, op.outputs[0])
    return None


def part_of(x: Value, index: Any) -> Place | None:
    """Where the elements of `x[index]` lie; None if that is not known as distances from the ends of axes."""
    assert isinstance(x.type, Array) and x.type.shape is not None
    parts = full_index(index, len(x.type.shape))
    if parts is None:
        return None
    place = place_of(x)
    base = place.base.type.shape  # type: ignore[attr-defined]
    by_axis = {a.axis: k for k, a in enumerate(place.indices) if a.axis is not None}
    indices = list(place.indices)
    axis = new = 0
    for part in parts:
        if part is None:
            new += 1
            continue
        k = by_axis.get(axis)
        shifted = Along(new) if k is None else _shifted(place.indices[k], part, new)
        if k is not None and (part.step or 1) < 0 and not same_length(x.type.shape[axis], base[k]):
            # It would have to be known where the part of the base ends.
            return None
        if shifted is None or (k is None and part != slice(None)):
            return None
        if k is not None:
            indices[k] = shifted
        axis, new = axis + 1, new + 1
    return Place(place.base, tuple(indices))


def full_index(index: Any, rank: int) -> list[slice | None] | None:
    """An index as slices with constant ends, one for each axis, and None for each new axis; None for any other."""
    given = index if isinstance(index, tuple) else (index,)
    parts = [p.value if isinstance(p, Const) else p for p in given]
    taken = sum(isinstance(p, slice) for p in parts)
    if sum(p is Ellipsis for p in parts) > 1:
        return None
    found: list[slice | None] = []
    for part in parts:
        if part is Ellipsis:
            found += [slice(None)] * (rank - taken)
        elif isinstance(part, slice):
            ends = [e.value if isinstance(e, Const) else e for e in (part.start, part.stop, part.step)]
            if not all(e is None or type(e) is int for e in ends):
                return None
            found.append(slice(*ends))
        elif part is None:
            found.append(None)
        else:
            return None
    missing = rank - sum(p is not None for p in found)
    return None if missing < 0 else found + [slice(None)] * missing


def _shifted(along: Along, part: slice, axis: int) -> Along | None:
    """The index along an axis of `x[part]`, where this one is that of `x`."""
    step = 1 if part.step is None else part.step
    if along.step < 0 or step == 0:
        return Along(axis, along.offset, along.step) if part == slice(None) else None
    if step > 0:
        start = part.start or 0
        return None if start < 0 else Along(axis, along.offset + along.step * start, along.step * step)
    if along != Along(along.axis):
        return None
    start = -1 if part.start is None else part.start
    return None if start >= 0 else Along(axis, -1 - start, step)


def _spread(x: Value, output: Value) -> Place | None:
    """Where the elements of an array lie that is stretched to a shape."""
    if not isinstance(output.type, Array) or output.type.shape is None:
        return None
    assert isinstance(x.type, Array) and x.type.shape is not None
    extra = len(output.type.shape) - len(x.type.shape)
    if extra < 0:
        return None
    axes: dict[int, int | None] = {}
    for k, (own, wanted) in enumerate(zip(x.type.shape, output.type.shape[extra:], strict=True)):
        if not same_length(own, wanted) and own != 1 and may_be_one(own):
            return None
        axes[k] = None if own == 1 and wanted != 1 else k + extra
    return place_of(x).moved(axes)
