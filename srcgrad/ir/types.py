"""Types of the values in the graph: the *kind* of a value, never its contents.

An array type knows its dtype and, per axis, a *dimension*: a literal length, or a symbol with an
offset (`x.0 - 2` is "two less than the length of axis 0 of x"). Two axes with equal dimensions have equal
lengths at run time, which is what lets the compiler leave out every check for broadcasting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Dim:
    """A symbolic length.

    Attributes:
        name: the symbol; equal names mean equal lengths within one function.
        offset: added to the symbol's value, clamped at zero.
        not_one: whether the length is known to differ from 1, so that the axis never broadcasts.
    """

    name: str
    offset: int = 0
    not_one: bool = False

    def shifted(self, by: int) -> Dim:
        """The dimension `by` longer. What was known about being 1 is forgotten."""
        return self if by == 0 else Dim(self.name, self.offset + by)

    @property
    def stable(self) -> bool:
        """Whether the symbol stands for one length throughout the function, not for one of each iteration."""
        return not any(mark in self.name for mark in "#[{%")

    def __str__(self) -> str:
        sign = f"{self.offset:+d}" if self.offset else ""
        return f"{self.name}{sign}{'' if self.not_one else '?'}"


Axis = int | Dim


def may_be_one(axis: Axis) -> bool:
    """Whether an axis of this dimension may have length 1 at run time."""
    return axis == 1 if isinstance(axis, int) else not axis.not_one


def same_length(a: Axis, b: Axis) -> bool:
    """Whether two axes are known to have the same length."""
    if isinstance(a, Dim) and isinstance(b, Dim):
        return a.name == b.name and a.offset == b.offset
    return a is b or (isinstance(a, int) and a == b)


def same_dtype(a: np.dtype | None, b: np.dtype | None) -> bool:
    """Whether two dtypes, None for an unknown one, are the same. (NumPy holds that `np.dtype("f8") == None`.)"""
    return a is b or (a is not None and b is not None and a == b)


@dataclass(frozen=True, slots=True)
class Type:
    """Base of all types."""

    @property
    def differentiable(self) -> bool:
        """Whether a value of this type can carry a derivative."""
        return False


Extent = frozenset[Any]
"""A shape of unknown rank: the one that some bases broadcast to, each a name, a shape or `Kept`; no bases: a number."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The shape of a reduction along an axis; with `keepdims` it stays with length 1 and broadcasts to the original."""

    within: Extent
    axis: Any
    keepdims: bool

    def __str__(self) -> str:
        return f"({' '.join(sorted(map(str, self.within)))})/{self.axis}{'' if self.keepdims else '!'}"


def broadcast_extents(extents: Iterable[Extent]) -> Extent:
    """The extent that values of these extents broadcast to."""
    bases = frozenset().union(*extents)
    return frozenset(b for b in bases if not (isinstance(b, Kept) and b.keepdims and b.within <= bases - {b}))


def broadcasts_to(a: Extent, b: Extent) -> bool:
    """Whether a value of extent `a` surely broadcasts to the shape of one of extent `b`."""
    return broadcast_extents([a, b]) == b


@dataclass(frozen=True, slots=True)
class Unknown(Type):
    """Anything: a number, an array of any rank, a container. The rank-generic kind.

    Attributes:
        extent: its shape, as far as it is that of other values; None if nothing is known of it. Broadcasting is
            associative, commutative and idempotent, so that equal sets of bases mean equal shapes. The one base `()`
            is the shape of a number, or of an array without axes.
    """

    extent: Extent | None = None

    @property
    def differentiable(self) -> bool:
        return True

    def __str__(self) -> str:
        return "?" if self.extent is None else f"?[{' '.join(sorted(map(str, self.extent)))}]"


@dataclass(frozen=True, slots=True)
class Maybe(Unknown):
    """A number of this kind, or None. What computes with it raises where it is None, so that a number is taken there.

    Attributes:
        item: the type of the number.
    """

    extent: Extent | None = frozenset()
    item: Type = field(default_factory=Type)

    @property
    def differentiable(self) -> bool:
        return self.item.differentiable

    def __str__(self) -> str:
        return f"{self.item} or None"


@dataclass(frozen=True, slots=True)
class PyScalar(Type):
    """A Python number (weak in promotion): kind is `b`, `i`, `f` or `c`.

    Attributes:
        dim: for an integer that is known to be a length (`len(x)`, `x.shape[0] - 1`), that dimension.
    """

    kind: str
    dim: Axis | None = None

    @property
    def differentiable(self) -> bool:
        return self.kind in "fc"

    def __str__(self) -> str:
        name = {"b": "bool", "i": "int", "f": "float", "c": "complex"}[self.kind]
        return name if self.dim is None else f"{name}[{self.dim}]"


@dataclass(frozen=True, slots=True)
class Pointer(PyScalar):
    """The place of an object among those whose attributes are held in lists, one for each attribute.

    Attributes:
        pool: what these lists belong to.
        or_none: whether it may be None instead.
    """

    pool: Any = None
    or_none: bool = False

    def __str__(self) -> str:
        return f"place of {self.pool.cls.__name__}{' or None' if self.or_none else ''}"


@dataclass(frozen=True, slots=True)
class NpScalar(Type):
    """A NumPy scalar such as `np.float64`."""

    dtype: np.dtype

    @property
    def differentiable(self) -> bool:
        return self.dtype.kind in "fc"

    def __str__(self) -> str:
        return f"{self.dtype}"


@dataclass(frozen=True, slots=True, eq=False)
class Array(Type):
    """A NumPy array.

    Attributes:
        dtype: its dtype, None if unknown.
        shape: one dimension per axis; None if the rank is unknown.
        extent: what is known of the shape where the rank is unknown.
    """

    dtype: np.dtype | None
    shape: tuple[Axis, ...] | None
    extent: Extent | None = None

    @property
    def differentiable(self) -> bool:
        return self.dtype is None or self.dtype.kind in "fc"

    @property
    def ndim(self) -> int | None:
        return None if self.shape is None else len(self.shape)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Array)
            and same_dtype(self.dtype, other.dtype)
            and self.shape == other.shape
            and self.extent == other.extent
        )

    def __hash__(self) -> int:
        return hash((self.dtype, self.shape))

    def __str__(self) -> str:
        axes = "..." if self.shape is None else ", ".join(map(str, self.shape))
        return f"{'?' if self.dtype is None else self.dtype}[{axes}]"


@dataclass(frozen=True, slots=True)
class Tuple(Type):
    """A run-time tuple whose elements have known types.

    Attributes:
        items: the types of its items.
        cls: the named tuple class that it stands for; at run time, it is a tuple.
    """

    items: tuple[Type, ...]
    cls: type = field(default=tuple, kw_only=True)

    def with_items(self, items: Iterable[Type]) -> Tuple:
        """A tuple of the same class with other items."""
        return Tuple(tuple(items), cls=self.cls)

    @property
    def differentiable(self) -> bool:
        return any(item.differentiable for item in self.items)

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.items))})"


@dataclass(frozen=True, slots=True, eq=False)
class Record(Tuple):
    """A tuple that may hold others of its own kind, or None in place of one: what recursive functions hand on.

    Each kind is one object, known by its identity. Its items are found out while the program is lowered.
    """

    name: str

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @property
    def differentiable(self) -> bool:
        return any(not isinstance(item, Tuple) and item.differentiable for item in _items_within(self))

    def __str__(self) -> str:
        return self.name


def _items_within(record: Record) -> list[Type]:
    """The types of all that a record holds, at any depth."""
    found: list[Type] = list(record.items)
    opened: set[Type] = {record}
    for item in found:
        if isinstance(item, Tuple) and item not in opened:
            opened.add(item)
            found += item.items
    return found


@dataclass(frozen=True, slots=True)
class List(Type):
    """A run-time list of any length whose elements share one type.

    Attributes:
        item: this type.
        or_none: whether it may be None instead.
    """

    item: Type
    or_none: bool = field(default=False, kw_only=True)

    @property
    def differentiable(self) -> bool:
        return self.item.differentiable

    def __str__(self) -> str:
        return f"[{self.item}]{' or None' if self.or_none else ''}"


@dataclass(frozen=True, slots=True)
class Parts(List):
    """A run-time list of known length with items of different types: the shadow of a tuple.

    Attributes:
        of: the tuple.
    """

    of: Tuple

    def __str__(self) -> str:
        return f"[parts of {self.of}]"


@dataclass(frozen=True, slots=True)
class Dict(Type):
    """A run-time dict of any keys whose values share one type."""

    item: Type

    @property
    def differentiable(self) -> bool:
        return self.item.differentiable

    def __str__(self) -> str:
        return f"{{{self.item}}}"


@dataclass(frozen=True, slots=True)
class Opaque(Type):
    """A passive Python object of a known class: None, str, slice, dtype, a random generator."""

    cls: type

    @property
    def differentiable(self) -> bool:
        # A number can travel in a string; that it does must not go unnoticed.
        return self.cls is str

    def __str__(self) -> str:
        return self.cls.__name__


class Undefined:
    """The class of what stands for a name on a path that never assigns it."""

    def __repr__(self) -> str:
        return "undefined"


UNKNOWN = Unknown()
NUMBER = Unknown(frozenset())
"""A single number of which nobody knows the class."""
BOOL = PyScalar("b")
INT = PyScalar("i")
FLOAT = PyScalar("f")
COMPLEX = PyScalar("c")
NONE = Opaque(type(None))
STR = Opaque(str)
NOTHING = Opaque(Undefined)
"""The type of what no path is known to define yet."""
F8 = np.dtype(np.float64)


def is_scalar(t: Type) -> bool:
    """Whether a value of this type is a single number that no operation can change in place."""
    return isinstance(t, (PyScalar, NpScalar)) or (isinstance(t, Unknown) and t.extent is not None and not t.extent)


def is_array(t: Type) -> bool:
    """Whether a value of this type is certainly an array."""
    return isinstance(t, Array)


def is_mutable(t: Type) -> bool:
    """Whether the contents of a value of this type can change in place."""
    return isinstance(t, (Array, List, Dict, Unknown)) and not is_scalar(t)


def is_numeric(t: Type) -> bool:
    """Whether a value of this type is certainly a number or an array."""
    return isinstance(t, (PyScalar, NpScalar, Array))


def rank(t: Type) -> int | None:
    """The number of axes: 0 for numbers, None if unknown."""
    if is_scalar(t):
        return 0
    return t.ndim if isinstance(t, Array) else None


def shape_of(t: Type) -> tuple[Axis, ...] | None:
    """The dimensions of a number or array, None if unknown."""
    if is_scalar(t):
        return ()
    return t.shape if isinstance(t, Array) else None


def extent_of(t: Type) -> Extent | None:
    """The extent of a number or array, None if nothing is known of it."""
    if isinstance(t, Unknown) or (isinstance(t, Array) and t.shape is None):
        return None if t.extent is None else t.extent - {()}
    shape = shape_of(t)
    return None if shape is None else frozenset([shape] if shape else [])


def number_of(t: Type) -> Type:
    """The type of what is computed with: a number that may be None is one there."""
    return t.item if isinstance(t, Maybe) else t


def any_unknown(types: Iterable[Type]) -> bool:
    """Whether a value of unknown kind is among those of these types."""
    return any(isinstance(t, Unknown) for t in types)


def widen(t: Type) -> Type:
    """The type without what a loop would change: an integer's known length."""
    return replace(t, dim=None) if isinstance(t, PyScalar) and t.dim is not None else t


def freshened(t: Type, fresh: str) -> Type:
    """The type with new names for lengths that may differ from one iteration of a loop to the next."""
    if isinstance(t, Array) and t.shape is not None:
        axes = (
            Dim(f"{fresh}.{k}", 0, axis.not_one) if isinstance(axis, Dim) and not axis.stable else axis
            for k, axis in enumerate(t.shape)
        )
        return Array(t.dtype, tuple(axes))
    if isinstance(t, Tuple) and not isinstance(t, Record):
        return t.with_items(freshened(item, f"{fresh}.{k}") for k, item in enumerate(t.items))
    if isinstance(t, List):
        return t if isinstance(t, Parts) else replace(t, item=freshened(t.item, fresh))
    if isinstance(t, Unknown) and extent_of(t) != frozenset():
        return Unknown(frozenset([fresh]))
    return widen(t)


def present(t: List) -> List:
    """The type of a list that is there, where it may have been None."""
    return replace(t, or_none=False)


def shadow_type(t: Type) -> Type:
    """The type of the shadow of a value: its own, but for tuples, whose shadows are lists."""
    if isinstance(t, Tuple):
        return Parts(UNKNOWN, t)
    return List(shadow_type(t.item)) if type(t) is List else number_of(t)


def holds_itself(t: Type, around: tuple[Record, ...] = ()) -> bool:
    """Whether a tuple may hold others of its own kind, at any depth."""
    if t in around:
        return True
    inner = (*around, t) if isinstance(t, Record) else around
    parts = t.items if isinstance(t, Tuple) else (t.item,) if isinstance(t, List) else ()
    return any(holds_itself(part, inner) for part in parts)


def unsized(t: Type, name: str) -> Type:
    """The type without lengths, which change from one call of a recursive function to the next.

    Args:
        t: the type.
        name: what the lengths are called instead.
    """
    if isinstance(t, Array) and t.shape is not None:
        return Array(t.dtype, tuple(Dim(f"{name}.{k}") for k in range(len(t.shape))))
    if isinstance(t, Array):
        return Array(t.dtype, None, frozenset([name]))
    if isinstance(t, List):
        return t if isinstance(t, Parts) else replace(t, item=unsized(t.item, f"{name}[]"))
    if isinstance(t, Tuple) and not isinstance(t, Record):
        return t.with_items(unsized(item, f"{name}.{k}") for k, item in enumerate(t.items))
    if isinstance(t, Unknown) and extent_of(t) != frozenset():
        return Unknown(frozenset([name]))
    return widen(t)
