"""The kind of a Python object: what a compiled variant is specialised on, and what its guard tests."""

from __future__ import annotations

import sys
import types as python_types
from typing import Any

import numpy as np

from srcgrad.ir.types import BOOL, COMPLEX, FLOAT, INT, Array, Dim, List, NpScalar, Opaque, Type
from srcgrad.rules.operands import words
from srcgrad.tree import attributes_of, is_structured

_PYTHON_NUMBERS: dict[type, Type] = {bool: BOOL, int: INT, float: FLOAT, complex: COMPLEX}

LONG = 16
"""A list or tuple with more items than this, all of one kind, is a run-time list and not unrolled."""

SHORT = 4
"""Compiled code is made for the length of the last axis of a matrix if it is no more than this: points in space."""


_OPERATORS = frozenset(
    f"__{prefix}{name}__"
    for name in words("add sub mul truediv floordiv mod pow matmul divmod and or xor lshift rshift")
    for prefix in ("", "r", "i")
) | frozenset(
    f"__{name}__"
    for name in words(
        """neg pos abs invert bool int float complex index round trunc floor ceil eq ne lt le gt ge array array_ufunc
        array_function getitem setitem delitem iter len contains missing reversed next call"""
    )
)
_OF_CONTAINERS = _OPERATORS | {"get", "keys", "values", "items", "append", "extend", "index", "count"}


def own_operators(cls: type) -> type | None:
    """The class that gives a class derived from a number, array or container of a library operators of its own."""
    names = _OF_CONTAINERS if issubclass(cls, (list, dict)) else _OPERATORS
    for base in cls.__mro__:
        if base.__module__.partition(".")[0] in sys.stdlib_module_names or base.__module__ == "numpy":
            continue
        if any(isinstance(vars(base)[name], python_types.FunctionType) for name in names.intersection(vars(base))):
            return base
    return None


def is_derived_number(value: Any) -> bool:
    """Whether a number is of a class derived from those of Python or NumPy, which may do anything with it."""
    cls = type(value)
    if cls in _PYTHON_NUMBERS or not isinstance(value, (int, float, complex, np.generic)):
        return False
    return cls.__module__ != "numpy"


def number_type(value: Any, name: str, short: bool = False) -> Type | None:
    """The type of a number or array, None for anything else.

    Args:
        value: the object.
        name: what the symbolic lengths of its axes are called.
        short: whether short last axes have their own lengths.
    """
    known = _PYTHON_NUMBERS.get(type(value))
    if known is not None:
        return known
    if type(value) is np.ndarray:
        if value.dtype.kind not in "biufcSU":
            return None
        lengths = enumerate(_lengths(value.shape, short))
        return Array(value.dtype, tuple([n if n > 0 else Dim(f"{name}.{k}", 0, True) for k, n in lengths]))
    if isinstance(value, np.generic) and value.dtype.kind in "biufc" and not is_derived_number(value):
        return NpScalar(value.dtype)
    return None


def is_long_list(value: Any) -> bool:
    """Whether a list or tuple is kept as a run-time list: many items, all of one kind."""
    if type(value) not in (list, tuple) or len(value) <= LONG:
        return False
    kind = kind_of(value[0])
    return number_type(value[0], "item") is not None and all(kind_of(item) == kind for item in value)


def list_type(value: Any, name: str) -> Type:
    """The type of a long list."""
    item = number_type(value[0], f"{name}[]")
    assert item is not None
    return List(item)


def is_static(value: Any) -> bool:
    """Whether an object is constant as long as it is the same object: a function, module, class, string."""
    return value is None or isinstance(
        value,
        (
            str,
            bytes,
            type,
            python_types.FunctionType,
            python_types.BuiltinFunctionType,
            python_types.MethodType,
            python_types.ModuleType,
            python_types.MethodDescriptorType,
            np.ufunc,
            np.dtype,
            type(Ellipsis),
            range,
            slice,
        ),
    )


def array_kind(value: np.ndarray, short: bool = False) -> tuple:
    """The kind of an array: its dtype, what is known of its lengths, and False if it is read-only.

    Args:
        value: the array.
        short: whether short last axes have kinds of their own.
    """
    kind = (value.dtype, _lengths(value.shape, short))
    return kind if value.flags.writeable else (*kind, False)


def _lengths(shape: tuple[int, ...], short: bool) -> tuple[int, ...]:
    """What code is made for: a length, 0 for any but 1, or -1 for any but short ones."""
    found = tuple([1 if n == 1 else 0 for n in shape])
    if short and len(shape) > 1:
        return (*found[:-1], shape[-1] if 0 < shape[-1] <= SHORT else -1)
    return found


def kind_of(value: Any) -> Any:
    """A hashable key: two objects with equal keys run the same compiled variant."""
    cls = type(value)
    if cls is float or cls is int or cls is bool or cls is complex:
        return cls
    if cls is np.ndarray:
        return array_kind(value)
    if isinstance(value, np.generic):
        return cls if is_derived_number(value) else value.dtype
    if isinstance(value, list) or cls is tuple:
        if is_long_list(value):
            return (cls, "long", kind_of(value[0]))
        return (cls, *map(kind_of, value))
    if isinstance(value, dict):
        return (cls, *((key, kind_of(item)) for key, item in value.items()))
    if cls is set:
        # Which set it is matters where it is read at run time, and what it holds where it is read before.
        return (cls, id(value), frozenset(value))
    if isinstance(value, tuple) and hasattr(cls, "_fields"):
        return (cls, *map(kind_of, value))
    if value is None or cls is str:
        return (cls, value)
    if is_static(value):
        return (cls, id(value))
    if is_structured(cls):
        return (cls, *((name, kind_of(getattr(value, name))) for name in attributes_of(value)))
    return cls


def opaque(value: Any) -> Type:
    """The type of an object that is neither a number nor a container."""
    return Opaque(type(value))
