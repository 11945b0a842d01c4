"""The type of `x[index]`."""

from __future__ import annotations

import operator
from functools import reduce
from typing import Any

from srcgrad.ir.joins import join
from srcgrad.ir.nodes import Const, Tree, Value
from srcgrad.ir.types import (
    BOOL,
    INT,
    NONE,
    NUMBER,
    STR,
    UNKNOWN,
    Array,
    Axis,
    Dict,
    Dim,
    List,
    Maybe,
    NpScalar,
    PyScalar,
    Tuple,
    Type,
    any_unknown,
    number_of,
)
from srcgrad.rules.dims import broadcast_shapes, slice_length
from srcgrad.rules.operands import (
    Site,
    Unsure,
    analytic,
    array_of,
    bound,
    constant,
    is_none,
    is_opaque,
    refresh,
    sequence_items,
    type_of,
)


@analytic(operator.getitem)
def getitem(site: Site, fn: Any, x: Tree, index: Tree) -> Type:
    t = type_of(x)
    if isinstance(t, (Array, NpScalar)):
        return _of_array(site, t, index)
    if isinstance(t, Tuple) or isinstance(x, list):
        return _of_sequence(site, x, index)
    if isinstance(t, List):
        if isinstance(index, slice) or is_opaque(type_of(index), slice):
            return t
        return refresh(site, t.item) if _is_integer(type_of(index)) else UNKNOWN
    if isinstance(t, Dict):
        return refresh(site, t.item)
    if is_opaque(t, str):
        return STR
    if is_opaque(t, range) and _is_integer(type_of(index)):
        return INT
    return UNKNOWN


def _is_integer(t: Type) -> bool:
    """Whether a value of this type is an index of lists and tuples, which take no None."""
    t = number_of(t)
    if isinstance(t, Array):
        # Without axes it is an index of lists and tuples, too.
        return t.shape == () and t.dtype is not None and t.dtype.kind in "iu"
    return (isinstance(t, PyScalar) and t.kind == "i") or (isinstance(t, NpScalar) and t.dtype.kind in "iu")


def _of_sequence(site: Site, x: Tree, index: Tree) -> Type:
    items = sequence_items(x) or []
    if isinstance(index, slice):
        try:
            chosen = items[slice(*(constant(part) for part in (index.start, index.stop, index.step)))]
        except Unsure:
            return UNKNOWN
        return type_of(chosen if isinstance(x, list) else tuple(chosen))
    types = [type_of(item) for item in items]
    try:
        # A bool is an index of a tuple too.
        return types[operator.index(constant(index))]
    except (IndexError, TypeError):
        return UNKNOWN
    except Unsure:
        if not types or not _is_integer(type_of(index)):
            return UNKNOWN
        return reduce(lambda a, b: join(a, b, site.fresh()), types)


def _is_one_integer(t: Type) -> bool:
    """Whether an index of this type may stand for a single integer."""
    return (_is_integer(t) and not isinstance(t, Maybe)) or (isinstance(t, Array) and not t.shape)


def _adds_axes(t: Type) -> bool:
    """Whether an index of this type makes the result an array for certain."""
    if isinstance(t, Array):
        return bool(t.shape) or (t.dtype is not None and t.dtype.kind == "b")
    return t == BOOL or isinstance(t, List) or (isinstance(t, NpScalar) and t.dtype.kind == "b")


class _Plan:
    """What each part of an index does with the axes of the array.

    Attributes:
        parts: per part, an axis of the result (a basic part), or the shape of an advanced index.
        left: the axes not indexed yet.
        advanced: whether an index is an array.
        ellipsis: whether the index has an ellipsis.
    """

    def __init__(self, site: Site, shape: tuple[Axis, ...]):
        self.site = site
        self.parts: list[Axis | tuple[Axis, ...] | None] = []
        self.left = list(shape)
        self.advanced = False
        self.ellipsis = False

    def add(self, part: Any, behind: int) -> None:
        """Takes one part of the index; `behind` axes belong to the parts that follow."""
        if part is Ellipsis:
            self.ellipsis = True
            keep = len(self.left) - behind
            self.parts.extend(self.left[:keep])
            self.parts.append(None)
            self.left = self.left[keep:]
        elif part is None:
            self.parts.append(1)
        elif isinstance(part, slice):
            bounds = [bound(end) for end in (part.start, part.stop, part.step)]
            self.parts.append(slice_length(self.left.pop(0), *bounds))
        elif part is _ANY_SLICE:
            self.left.pop(0)
            self.parts.append(Dim(self.site.fresh()))
        else:
            shape, consumed = part
            del self.left[:consumed]
            self.advanced = self.advanced or shape != ()
            self.parts.append(shape)

    def shape(self) -> tuple[Axis, ...]:
        """The shape of the result, by NumPy's rule for where the axes of the advanced indices go."""
        parts = [*self.parts, *self.left]
        places = [k for k, part in enumerate(parts) if isinstance(part, tuple)]
        basic = [part for part in parts if isinstance(part, (int, Dim))]
        if not self.advanced:
            return tuple(basic)
        joint = broadcast_shapes(part for part in parts if isinstance(part, tuple))
        inner = parts[places[0] : places[-1] + 1]
        together = len(inner) == len(places)
        before = sum(isinstance(part, (int, Dim)) for part in parts[: places[0]]) if together else 0
        return (*basic[:before], *joint, *basic[before:])


_ANY_SLICE = object()


def _consumes(part: Any) -> int:
    if part is None or part is Ellipsis:
        return 0
    return part[1] if isinstance(part, tuple) else 1


def _of_array(site: Site, t: Array | NpScalar, index: Tree) -> Type:
    items = [index] if isinstance(index, (list, slice)) else sequence_items(index)
    if items is None:
        items = [index]
    types = [NONE if isinstance(item, slice) else type_of(item) for item in items]
    if any_unknown(types):
        return UNKNOWN
    shape = t.shape if isinstance(t, Array) else ()
    try:
        parts = [_part(site, item) for item in items]
        if shape is None or sum(map(_consumes, parts)) > len(shape):
            raise Unsure
        plan = _Plan(site, shape)
        for k, part in enumerate(parts):
            plan.add(part, sum(map(_consumes, parts[k + 1 :])))
    except Unsure:
        # An array without axes gives a number for `()`.
        certain = any(map(_adds_axes, types)) or (bool(types) and not any(map(_is_one_integer, types)))
        return Array(t.dtype, None) if certain else UNKNOWN
    result = plan.shape()
    if result or plan.ellipsis:
        return Array(t.dtype, result)
    return NUMBER if t.dtype is None else NpScalar(t.dtype)


def _part(site: Site, item: Any) -> Any:
    """One part of an index: None, Ellipsis, a slice, or the shape of an array and how many axes it takes."""
    if isinstance(item, Const) and isinstance(item.value, slice):
        item = item.value
    if isinstance(item, slice):
        return item
    if item is Ellipsis or (isinstance(item, Const) and item.value is Ellipsis):
        return Ellipsis
    if is_none(item):
        return None
    t = type_of(item)
    if is_opaque(t, slice):
        return _ANY_SLICE
    if isinstance(t, PyScalar) and t.kind == "i":
        return (), 1
    if isinstance(item, Value) and isinstance(t, List) and _is_integer(t.item) and not isinstance(t.item, Maybe):
        return (Dim(site.fresh()),), 1
    array = array_of(site, item)
    if array.shape == (0,) and isinstance(item, list):
        return (0,), 1
    if array.dtype is None or array.shape is None:
        raise Unsure
    if array.dtype.kind in "iu":
        return array.shape, 1
    if array.dtype.kind == "b" and array.shape:
        return (selected(site, item),), len(array.shape)
    raise Unsure


def selected(site: Site, mask: Any) -> Dim:
    """The number of true elements of a mask, named by the mask unless its contents may change."""
    if isinstance(mask, Value) and mask.uid not in site.written:
        return Dim(f"true(%{mask.uid})")
    return Dim(site.fresh())
