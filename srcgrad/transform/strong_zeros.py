"""Cotangents that are zero because nothing was selected: there a local gradient must not matter, infinite or not.

`np.where(x > 0, np.log(x), 0.0)`, `np.maximum(np.log(x), -9.0)` and `if x[i] > 0: s += y[i]` send nothing back where
they did not choose; `0 * inf` would make NaN of it. Levels say how much is known of such zeros.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.finite import may_be_infinite, may_overflow
from srcgrad.analysis.memory import is_view
from srcgrad.frontend.lowering import Lowering
from srcgrad.ir.nodes import Call, Const, For, Op, Region, Value
from srcgrad.ir.types import Array, Axis, Dim, is_scalar, shape_of
from srcgrad.rules.registry import Rule
from srcgrad.rules.result_types import result_type
from srcgrad.transform.cotangents import is_number

_Place = tuple[int, int]
"""A place on an axis: `(0, k)` elements from its start, or `(1, -k)` from its end."""
_Interval = tuple[int, _Place, _Place]
"""An axis, and from where to where; axis -1 for all there is."""
_START: _Place = (0, 0)


class Zeros(IntEnum):
    """What a cotangent holds."""

    NONE = 0
    SATURATED = 1
    """Zeros where the program divided by what is too large for a float: it may be so because of an exponential."""
    UNUSED = 2
    """Zeros where the program read nothing: the value there is a number, its local gradient may be a division by 0."""
    UNSELECTED = 3
    """Zeros where the program chose something else, perhaps because the value there is too large."""
    MASKED = 4
    """Zeros where the program masks: the value there, and all it was computed from, may be NaN."""


_MASKING: frozenset[Callable] = frozenset(
    (
        *(np.where, np.select, np.choose, np.ndarray.choose, np.compress, np.ndarray.compress, np.extract),
        *(np.nansum, np.nanmean, np.nanvar, np.nanstd, np.nanprod, np.nancumsum, np.nancumprod, np.nanmax, np.nanmin),
        *(np.nanmedian, np.nanquantile, np.nanpercentile, np.fmax, np.fmin, np.nan_to_num, runtime.masked_product),
    )
)
_SELECTING: frozenset[Callable] = frozenset(
    (
        *(np.maximum, np.minimum, np.clip, np.max, np.min, np.amax, np.amin, np.ptp, np.maximum.reduce),
        *(np.minimum.reduce, np.median, np.quantile, np.percentile, np.unique),
    )
)
_PICKING: frozenset[Callable] = frozenset(
    (
        *(operator.getitem, np.ndarray.item, np.take, np.take_along_axis, np.delete, np.split, np.array_split),
        *(np.hsplit, np.vsplit, np.dsplit, np.tril, np.triu, np.diag, np.diagonal, np.linalg.diagonal, np.trace),
        *(np.linalg.trace, runtime.diagonal_view),
    )
)
_QUOTIENTS: frozenset[Callable] = frozenset((operator.truediv, np.divide))
_POWERS: frozenset[Callable] = frozenset((operator.pow, pow, np.power, np.float_power))
_BOUNDED: frozenset[Callable] = frozenset((np.reciprocal, np.exp, np.exp2, np.tanh, np.arctan))
"""Functions whose slope goes to zero, where they do not grow, faster than their operand grows."""
_PASSING: frozenset[Callable] = frozenset([np.sum, np.add.reduce])
"""Functions whose cotangent goes back unchanged, beside those with a linear rule."""


def zeros_made_by(op: Call) -> Zeros:
    """The zeros that the reverse of a call puts into cotangents itself."""
    where = op.kwargs.get("where")
    if op.fn in _MASKING or (where is not None and not (isinstance(where, Const) and where.value in (None, True))):
        return Zeros.MASKED
    if op.fn in _PICKING:
        return Zeros.UNUSED
    return Zeros.UNSELECTED if op.fn in _SELECTING else Zeros.NONE


def after_fit(level: Zeros, contribution: Value, fitted: Value) -> Zeros:
    """The level of a contribution that was summed perhaps: a sum over some zeros is hardly zero itself."""
    whole = shape_of(contribution.type) == shape_of(fitted.type)
    return level if whole or level is Zeros.MASKED else Zeros.NONE


def passes_on(op: Call, rule: Rule) -> bool:
    """Whether the reverse of a call only moves the elements of the cotangent, or adds them up."""
    return rule.kind == "linear" or op.fn in _PASSING


class StrongZeros:
    """The levels of the cotangents of one reverse sweep."""

    def __init__(self, aliases: Aliases):
        self._aliases = aliases
        self._levels: dict[Value, Zeros] = {}
        self._complete: set[Value] = set()
        self._read: dict[Value, set[_Interval]] = {}
        self._cleared: set[Any] = set()
        self._items: dict[Any, Zeros] = {}
        self._masked: set[Any] = set()

    def of(self, cotangent: Value | None) -> Zeros:
        """The level of a cotangent that is no shadow."""
        return Zeros.NONE if cotangent is None else self._levels.get(cotangent, Zeros.NONE)

    def mark(self, cotangent: Value, level: Zeros) -> Value:
        """Notes the level of a cotangent; the cotangent itself."""
        if level and not isinstance(cotangent, Const):
            self._levels[cotangent] = max(level, self.of(cotangent))
        return cotangent

    def add(self, total: Value, a: Value, b: Value) -> None:
        """Notes the level of the sum of two cotangents: an element is zero only where both are."""
        if self.of(a) and self.of(b):
            self.mark(total, max(self.of(a), self.of(b)))

    def add_to(self, known: Value, contribution: Value) -> None:
        """Notes that a contribution was added to a cotangent in place."""
        if not self.of(contribution):
            self._levels.pop(known, None)

    # Lists

    def put_in(self, items: Value, level: Zeros) -> None:
        """Notes that a cotangent of this level was added to that of an item of a list."""
        memory = self._aliases.find(items)
        self._items[memory] = max(level, self._items.get(memory, Zeros.NONE))

    def of_items(self, items: Value) -> Zeros:
        """The level of what the shadow of a list holds, whichever item it belongs to: one that nobody reads is zero."""
        return max(Zeros.UNUSED, self._items.get(self._aliases.find(items), Zeros.NONE))

    # Shadows

    def of_shadow(self, value: Value, shadow: Value) -> Zeros:
        """The level of the shadow of a value, which was zero before anything was added to parts of it."""
        if self.is_masked(value, shadow):
            return Zeros.MASKED
        whole = self._is_complete(value) and self._aliases.find(value) not in self._cleared
        return Zeros.NONE if whole else max(Zeros.UNUSED, self.of(shadow))

    def is_masked(self, value: Value, shadow: Value) -> bool:
        """Whether elements of a value are masked later, perhaps by another name or through a view."""
        return self.of(shadow) is Zeros.MASKED or self._aliases.find(value) in self._masked

    def _is_complete(self, value: Value) -> bool:
        while value not in self._complete:
            owner = value.owner
            if not isinstance(owner, Call) or not is_view(owner):
                return False
            value = owner.args[0]
        return True

    def add_all(self, value: Value, shadow: Value, contribution: Value, certain: bool, fresh: bool = False) -> None:
        """Notes that a contribution was added to a whole shadow.

        Args:
            value: whose shadow it is.
            shadow: the shadow.
            contribution: what was added.
            certain: whether it is whenever the value exists.
            fresh: whether nothing was added to it before.
        """
        if fresh and self.of(contribution) is Zeros.MASKED:
            self._levels[shadow] = Zeros.MASKED
        if not self.of(contribution):
            self._levels.pop(shadow, None)
            if not (isinstance(value.owner, Call) and is_view(value.owner)):
                self._masked.discard(self._aliases.find(value))
            if certain:
                self._complete.add(value)
        elif self.of(contribution) is Zeros.MASKED and self.of_shadow(value, shadow):
            self._mark_masked(value, shadow)

    def _mark_masked(self, value: Value, shadow: Value) -> None:
        self._masked.add(self._aliases.find(value))
        self.mark(shadow, Zeros.MASKED)

    def add_part(self, value: Value, shadow: Value, op: Call, home: Region, masked: bool, fresh: bool) -> None:
        """Notes that the cotangent of a read was added to the elements it read."""
        if masked and (fresh or self.of(shadow) is Zeros.MASKED):
            self._levels[shadow] = Zeros.MASKED
            return
        self._levels.pop(shadow, None)
        if op.fn is operator.getitem and _is_certain(op, home):
            intervals = self._read.setdefault(value, set())
            intervals.update(_intervals(op, value))
            if intervals and _cover(intervals, value):
                self._complete.add(value)

    def clear(self, value: Value, shadow: Value, masked: bool) -> None:
        """Notes that elements of a shadow were set to zero, because they were overwritten."""
        self._cleared.add(self._aliases.find(value))
        if masked:
            self._mark_masked(value, shadow)

    # Products

    def matter(self, level: Zeros, partial: Value) -> bool:
        """Whether a product with a local gradient has to keep the zeros of a cotangent."""
        if not level or isinstance(partial, Const):
            return False
        if level is Zeros.SATURATED:
            # A factor beside an exponential is where a strong zero costs most, and an infinity is rarest.
            return may_overflow(partial, in_products=False)
        return level is Zeros.MASKED or may_be_infinite(partial, self._aliases, overflow=level is Zeros.UNSELECTED)

    def matter_in_place(self, level: Zeros, partial: Value, update: Call, operands: tuple) -> bool:
        """As `matter`, for the local gradients of an update: what is masked later is taken to be numbers up to there.

        Args:
            level: of the cotangent.
            partial: the local gradient.
            update: the operation of the forward sweep.
            operands: what it reads; they tell whether what it finds may be NaN all the same.
        """
        if level is Zeros.MASKED and not isinstance(partial, Const):
            found = [v for v in operands if isinstance(v, Value)]
            if any(may_be_infinite(v, self._aliases, before=update) for v in found):
                return True
        return self.matter(min(Zeros.UNSELECTED, level), partial)

    @staticmethod
    def made_by_overflow(op: Call, k: int) -> Zeros:
        """The zeros of a function that is constant at infinity, where its operand got there by an exponential."""
        x = op.args[k]
        bounded = op.fn in _BOUNDED or (op.fn in _QUOTIENTS and k == 1)
        if op.fn in _POWERS and k == 0:
            exponent = op.args[1]
            bounded = isinstance(exponent, Const) and isinstance(exponent.value, (int, float)) and exponent.value < 0
        overflows = bounded and isinstance(x, Value) and may_overflow(x)
        return Zeros.SATURATED if overflows else Zeros.NONE


def _is_certain(op: Op, home: Region) -> bool:
    """Whether an operation runs whenever a region does: at least once, where it stands in loops."""
    region = op.parent
    while region is not None and region is not home:
        loop = region.parent
        if not isinstance(loop, For) or loop.exits:
            return False
        region = loop.parent
    return region is home


def _intervals(op: Call, value: Value) -> list[_Interval]:
    """What a subscript reads of the one axis that it does not read all of; an empty list if it is not known."""
    index = op.args[1]
    parts = index if isinstance(index, tuple) else (index,)
    shape = value.type.shape if isinstance(value.type, Array) else None
    if shape is None or len(parts) > len(shape):
        return []
    found = [(axis, _interval(part, length)) for axis, (part, length) in enumerate(zip(parts, shape, strict=False))]
    partial = [(axis, interval) for axis, interval in found if interval != (_START, _end(shape[axis]))]
    if not partial:
        return [(-1, _START, _START)]
    axis, interval = partial[0]
    return [(axis, *interval)] if len(partial) == 1 and interval is not None else []


def _end(length: Axis) -> _Place:
    return (0, length) if isinstance(length, int) else (1, 0)


def _place(k: int, length: Axis) -> _Place:
    """Where a Python index points, as a number of elements from the start or, negative, from the end."""
    if k >= 0:
        return (0, k)
    return (0, max(0, length + k)) if isinstance(length, int) else (1, k)


def _interval(part: Any, length: Axis) -> tuple[_Place, _Place] | None:
    if isinstance(part, slice):
        bounds = [bound.value if isinstance(bound, Const) else bound for bound in (part.start, part.stop, part.step)]
        if bounds[2] not in (None, 1) or not all(bound is None or isinstance(bound, int) for bound in bounds):
            return None
        start, stop, _ = bounds
        first = _START if start is None else _place(start, length)
        return first, _end(length) if stop is None else _place(stop, length)
    if isinstance(part, Const) and isinstance(part.value, int):
        at = _place(part.value, length)
        return at, (at[0], at[1] + 1)
    index, offset = _offset(part)
    owner = index.owner if isinstance(index, Value) and is_scalar(index.type) else None
    loop = owner.parent if isinstance(owner, Region) else None
    if not isinstance(loop, For) or index is not loop.index or not is_number(loop.step, 1):
        return None
    if not isinstance(loop.start, Const) or loop.start.value + offset < 0:
        return None
    first = (0, loop.start.value + offset)
    stop = loop.stop.value if isinstance(loop.stop, Const) else getattr(loop.stop.type, "dim", None)
    if isinstance(stop, int):
        return first, (0, stop + offset)
    if isinstance(stop, Dim) and isinstance(length, Dim) and stop.name == length.name:
        return first, (1, stop.offset + offset - length.offset)
    return None


def _cover(intervals: set[_Interval], value: Value) -> bool:
    """Whether intervals leave nothing out of the axis that they are of, for all but a few lengths."""
    assert isinstance(value.type, Array) and value.type.shape is not None
    for axis in {axis for axis, _, _ in intervals}:
        reached = _START
        for own, start, stop in sorted(intervals):
            if own == axis and start <= reached:
                reached = max(reached, stop)
        if axis < 0 or reached >= _end(value.type.shape[axis]):
            return True
    return False


def _offset(index: Any) -> tuple[Any, int]:
    """An index as a value and a constant that is added to it."""
    owner = index.owner if isinstance(index, Value) else None
    if isinstance(owner, Call) and owner.fn in (operator.add, operator.sub):
        base, by = owner.args
        if isinstance(by, Const) and isinstance(by.value, int):
            return base, by.value if owner.fn is operator.add else -by.value
    return index, 0


def strong_product(lo: Lowering, g: Value, partial: Value) -> Value:
    """`g * partial`, and 0 where `g` is 0."""
    t = result_type(operator.mul, (g, partial), {}, lo.fresh("n"))
    return lo.value(lo.emit_typed(runtime.masked_product, (g, partial), {}, t))
