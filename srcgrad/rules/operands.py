"""What the type rules read off the arguments of a call: constants, types, dtypes, lengths and shapes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Container, Sequence
from functools import reduce
from inspect import Parameter, signature
from typing import Any, TypeVar

import numpy as np

from srcgrad.ir.joins import join
from srcgrad.ir.nodes import Call, Const, Tree, Value, type_of_constant
from srcgrad.ir.types import (
    INT,
    NONE,
    UNKNOWN,
    Array,
    Axis,
    Dict,
    Dim,
    List,
    NpScalar,
    Opaque,
    PyScalar,
    Record,
    Tuple,
    Type,
    Unknown,
    shape_of,
    widen,
)
from srcgrad.rules.dims import Bound, token, unify


class Unsure(Exception):
    """The analytic rule does not cover this call."""


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


class Site:
    """A call site, the source of names for its new dimensions.

    Attributes:
        written: uids of arrays whose contents may change; a mask among them does not name a length.
    """

    __slots__ = ("_count", "name", "written")

    def __init__(self, name: str, written: Container[int] = ()):
        self.name = name
        self.written = written
        self._count = -1

    def fresh(self) -> str:
        """A new name."""
        self._count += 1
        return f"{self.name}.{self._count}"


Rule = Callable[..., Type]
ANALYTIC: dict[Callable, tuple[Rule, int, int, frozenset[str]]] = {}
"""Callable -> its rule, the least and greatest number of positional arguments, and the keywords it takes."""
R = TypeVar("R", bound=Rule)


def analytic(*fns: Callable) -> Callable[[R], R]:
    """Declares the type rule of these functions: it takes the call site, the function, and then its arguments."""

    def decorate(rule: R) -> R:
        parameters = list(signature(rule).parameters.values())[2:]
        variadic = any(p.kind is Parameter.VAR_POSITIONAL for p in parameters)
        positional = [p for p in parameters if p.kind is Parameter.POSITIONAL_OR_KEYWORD]
        least = sum(p.default is Parameter.empty for p in positional)
        names = frozenset(p.name for p in parameters if p.kind is not Parameter.VAR_POSITIONAL)
        for fn in fns:
            ANALYTIC[fn] = (rule, least, 10**9 if variadic else len(positional), names)
        return rule

    return decorate


def apply_analytic(site: Site, fn: Callable, args: tuple[Tree, ...], kwargs: dict[str, Tree]) -> Type:
    """The result of the analytic rule of `fn`.

    Raises:
        Unsure: if it has none, or the rule does not cover these arguments.
    """
    entry = ANALYTIC.get(fn)
    if entry is None:
        raise Unsure
    rule, least, most, names = entry
    if len(args) > most or not names.issuperset(kwargs) or len(args) + len(kwargs) < least:
        raise Unsure
    return rule(site, fn, *args, **kwargs)


def constant(tree: Any) -> Any:
    """The value of an argument that is known at compile time.

    Raises:
        Unsure: if it is not.
    """
    if isinstance(tree, Const):
        return tree.value
    if isinstance(tree, tuple):
        return tuple([constant(item) for item in tree])
    if isinstance(tree, list):
        return [constant(item) for item in tree]
    t = tree.type if isinstance(tree, Value) else tree
    if isinstance(t, PyScalar) and isinstance(t.dim, int):
        return t.dim
    if t == NONE:
        return None
    if isinstance(t, Tuple) and not isinstance(t, Record):
        return tuple([constant(item) for item in t.items])
    if isinstance(t, Type):
        raise Unsure
    return tree


def is_none(tree: Any) -> bool:
    """Whether an argument is certainly None."""
    return tree is None or type_of(tree) == NONE


def type_of(tree: Any) -> Type:
    """The type of an argument tree."""
    if isinstance(tree, Const):
        return _type_of_object(tree.value)
    if isinstance(tree, Value):
        return tree.type
    if isinstance(tree, Type):
        return tree
    if isinstance(tree, tuple):
        return Tuple(tuple([type_of(item) for item in tree]))
    if isinstance(tree, list):
        types = [type_of(item) for item in tree]
        return List(reduce(lambda a, b: join(a, b, "item"), types)) if types else List(UNKNOWN)
    if isinstance(tree, dict):
        types = [type_of(item) for item in tree.values()]
        return Dict(reduce(lambda a, b: join(a, b, "item"), types)) if types else Dict(UNKNOWN)
    return _type_of_object(tree)


def _type_of_object(value: Any) -> Type:
    if type(value) is int and value >= 0:
        return PyScalar("i", value)
    if isinstance(value, np.generic):
        return NpScalar(value.dtype)
    if type(value) is np.ndarray:
        return Array(value.dtype, value.shape)
    if type(value) is tuple:
        return Tuple(tuple([_type_of_object(item) for item in value]))
    return type_of_constant(value)


_PYTHON_DTYPES = {kind: np.dtype(cls) for kind, cls in zip("bifc", (bool, int, float, complex), strict=True)}


def array_of(site: Site, tree: Any) -> Array:
    """The type of `np.asarray(tree)`.

    Raises:
        Unsure: if it is not an array of numbers for certain.
    """
    if isinstance(tree, Const) and isinstance(tree.value, (list, tuple)):
        tree = tree.value
    if isinstance(tree, (tuple, list)):
        return _stacked([array_of(site, item) for item in tree])
    t = type_of(tree)
    if isinstance(t, Array):
        return t
    if isinstance(t, NpScalar):
        return Array(t.dtype, ())
    if isinstance(t, PyScalar):
        return Array(_PYTHON_DTYPES[t.kind], ())
    if isinstance(t, Tuple) and not isinstance(t, Record):
        return _stacked([array_of(site, item) for item in t.items])
    if isinstance(t, List):
        item = array_of(site, refresh(site, t.item))
        if item.shape != ():
            return Array(None, None)
        # An empty list makes an array of floats, whatever would have been in it.
        return Array(item.dtype if item.dtype is not None and item.dtype == np.float64 else None, (Dim(site.fresh()),))
    raise Unsure


def _stacked(items: list[Array]) -> Array:
    if not items:
        return Array(np.dtype(float), (0,))
    dtypes = [item.dtype for item in items]
    dtype = promoted(dtypes)
    shapes = [item.shape for item in items]
    if any(shape is None or len(shape) != len(shapes[0] or ()) for shape in shapes):
        return Array(dtype, None)
    axes = [reduce(unify, axes) for axes in zip(*shapes, strict=True)]  # type: ignore[arg-type]
    return Array(dtype, (len(items), *axes))


def promoted(dtypes: Sequence[np.dtype | None]) -> np.dtype | None:
    """The dtype that holds values of all these; None if one is unknown."""
    # `None in dtypes` will not do: NumPy takes None for float64 when it compares dtypes.
    known = [dtype for dtype in dtypes if dtype is not None]
    return reduce(np.promote_types, known) if known and len(known) == len(dtypes) else None


def refresh(site: Site, t: Type) -> Type:
    """The type of one item of a container whose items share a type but not their lengths."""
    names: dict[str, str] = {}

    def axis(a: Axis) -> Axis:
        if isinstance(a, int):
            return a
        if a.name not in names:
            names[a.name] = site.fresh()
        return Dim(names[a.name], a.offset, a.not_one)

    def renamed(t: Type) -> Type:
        if isinstance(t, Array) and t.shape is not None:
            return Array(t.dtype, tuple([axis(a) for a in t.shape]))
        if isinstance(t, PyScalar):
            return widen(t)
        if isinstance(t, Tuple) and not isinstance(t, Record):
            return t.with_items([renamed(item) for item in t.items])
        return t

    return renamed(t)


def known_shape(t: Type) -> tuple[Axis, ...]:
    """The shape of a number or an array of known rank.

    Raises:
        Unsure: for anything else.
    """
    shape = shape_of(t)
    if shape is None:
        raise Unsure
    return shape


def numeric(site: Site, tree: Any) -> Type:
    """The type of an operand of an array function: a number or an array, sequences taken as arrays."""
    t = type_of(tree)
    return t if isinstance(t, (PyScalar, NpScalar, Array)) else array_of(site, tree)


def dtype_of(site: Site, tree: Any) -> np.dtype | None:
    """The dtype an operand has as an array."""
    return array_of(site, tree).dtype


def dtype_argument(tree: Any, default: np.dtype | None) -> np.dtype | None:
    """The dtype that a `dtype` argument names; None if it is not known."""
    if is_none(tree):
        return default
    if isinstance(tree, Value) and not isinstance(tree, Const):
        owner = tree.owner
        if isinstance(owner, Call) and owner.fn is getattr and constant(owner.args[1]) == "dtype":
            source = type_of(owner.args[0])
            return source.dtype if isinstance(source, (Array, NpScalar)) else None
        return None
    try:
        return np.dtype(constant(tree))
    except TypeError:
        raise Unsure from None


def integer(tree: Any) -> Axis | None:
    """The length that an integer argument is known to be: `max(0, argument)` equals it."""
    t = type_of(tree)
    if not (isinstance(t, PyScalar) and t.kind in "ib") and not (isinstance(t, NpScalar) and t.dtype.kind in "iu"):
        raise Unsure
    if isinstance(tree, Const):
        return int(tree.value) if tree.value >= 0 else None
    if isinstance(t, PyScalar) and t.dim is not None:
        return t.dim
    return Dim(f"%{tree.uid}") if isinstance(tree, Value) else None


def length(site: Site, tree: Any) -> Axis:
    """The length that an integer argument asks for."""
    known = integer(tree)
    return Dim(site.fresh()) if known is None else known


def shape_argument(site: Site, tree: Any) -> tuple[Axis, ...] | None:
    """The shape that a `shape` argument asks for; None if its rank is unknown."""
    items = sequence_items(tree)
    if items is not None:
        return tuple([length(site, item) for item in items])
    t = type_of(tree)
    if isinstance(t, (PyScalar, NpScalar)):
        return (length(site, tree),)
    if isinstance(t, (Unknown, List, Array)):
        return None
    raise Unsure


def sequence_items(tree: Any) -> list[Any] | None:
    """The items of a tuple or list of known length, as trees or types."""
    if isinstance(tree, Const) and isinstance(tree.value, (tuple, list)):
        tree = tree.value
    if isinstance(tree, (tuple, list)):
        return list(tree)
    t = type_of(tree)
    return list(t.items) if isinstance(t, Tuple) else None


def bound(tree: Any) -> Bound:
    """One end of a slice."""
    if is_none(tree):
        return None, None, ""
    if isinstance(tree, Const) or not isinstance(tree, (Value, Type)):
        try:
            value = operator.index(tree.value if isinstance(tree, Const) else tree)
        except TypeError:
            raise Unsure from None
        return value, None, str(value)
    t = type_of(tree)
    if isinstance(t, PyScalar) and isinstance(t.dim, int):
        return t.dim, None, str(t.dim)
    if isinstance(t, PyScalar) and isinstance(t.dim, Dim) and t.dim.offset >= 0:
        return None, t.dim, token(t.dim)
    if isinstance(tree, Value) and not isinstance(t, Unknown):
        return None, t.dim if isinstance(t, PyScalar) else None, f"%{tree.uid}"
    raise Unsure


def counted(axis: Axis | None) -> PyScalar:
    """The type of the integer that says how long an axis is."""
    return INT if axis is None else PyScalar("i", axis)


def is_opaque(t: Type, cls: type) -> bool:
    """Whether a value of this type is a passive object of the class."""
    return isinstance(t, Opaque) and issubclass(t.cls, cls)
