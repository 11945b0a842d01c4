"""The extent of what a primitive returns: what is known of a shape when the ranks of the operands are not.

Elementwise functions broadcast the shapes of their operands, so that the bases of the result are those of all of them;
reductions of everything yield a number; what keeps the shape of an operand keeps its bases. Any other result of unknown
shape is a base of its own, named by the call.
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.ir.nodes import Const, Tree, Value
from srcgrad.ir.types import Array, Extent, Kept, Record, Tuple, Type, Unknown, broadcast_extents, extent_of
from srcgrad.rules.operands import is_none, type_of, words

_REDUCTIONS = frozenset(
    getattr(np, name)
    for name in words(
        "sum prod mean var std max min all any argmax argmin nansum nanprod nanmax nanmin nanmean nanvar nanstd median "
        "average ptp count_nonzero nanargmax nanargmin vdot"
    )
) | {np.linalg.norm, np.linalg.vector_norm}
_KEEPING = frozenset(
    getattr(np, name)
    for name in words("flip fliplr flipud roll nan_to_num round around real imag conj copy angle nancumsum")
) | {np.ndarray.copy, np.ndarray.astype, runtime.copied, runtime.protected, runtime.laid_out_as, runtime.zeros_like}
_LIKE_SECOND = frozenset([runtime.expanded, runtime.unbroadcast, runtime.like])
_CUMULATIVE = frozenset([np.cumsum, np.cumprod, np.sort, np.argsort])
_BROADCASTING = frozenset([np.where, np.clip, runtime.masked_product])


def with_extent(result: Type, fn: Callable, args: tuple[Tree, ...], kwargs: dict[str, Tree], fresh: str) -> Type:
    """The type of a result with what is known of its shape, where that has no rank.

    Example:
        >>> x, y = Unknown(frozenset("x")), Unknown(frozenset("y"))
        >>> print(with_extent(Unknown(), operator.mul, (x, y), {}, "t"))
        ?[x y]
        >>> print(with_extent(Unknown(), np.dot, (x, y), {}, "t"))
        ?[t]
    """
    if isinstance(result, Tuple) and not isinstance(result, Record):
        items = (with_extent(item, np.dot, (), {}, f"{fresh}.{k}") for k, item in enumerate(result.items))
        return result.with_items(items)
    if isinstance(result, Unknown) and result.extent is None:
        return Unknown(_extent(fn, args, kwargs, fresh))
    if isinstance(result, Array) and result.shape is None and result.extent is None:
        return Array(result.dtype, None, _extent(fn, args, kwargs, fresh) or frozenset([fresh]))
    return result


def _extent(fn: Callable, args: tuple[Tree, ...], kwargs: dict[str, Tree], fresh: str) -> Extent:
    found: Extent | None = None
    if is_elementwise(fn) and not kwargs:
        found = _joint(args)
    elif _is_one_of(fn, _REDUCTIONS):
        found = _reduced(fn, args, kwargs)
    elif fn is np.expand_dims and len(args) == 2:
        found = _put_back(extent_of(type_of(args[0])), args[1])
    elif _is_one_of(fn, _KEEPING) and args and "axis" not in kwargs:
        found = extent_of(type_of(args[0]))
    elif _is_one_of(fn, _LIKE_SECOND):
        found = extent_of(type_of(args[1]))
    elif _is_one_of(fn, _CUMULATIVE) and len(args) + len(kwargs) == 2 and not is_none([*args, *kwargs.values()][1]):
        found = extent_of(type_of(args[0])) or None
    if found is not None and not found and not is_fresh_number(fn):
        return frozenset([()])
    return frozenset([fresh]) if found is None else found


def is_elementwise(fn: Callable) -> bool:
    """Whether the shape of a result is what the shapes of the arguments broadcast to."""
    if isinstance(fn, np.ufunc):
        return fn.signature is None and fn.nout == 1
    return _is_one_of(fn, _OPERATORS) or _is_one_of(fn, _BROADCASTING)


def _reduced(fn: Callable, args: tuple[Tree, ...], kwargs: dict[str, Tree]) -> Extent | None:
    """The extent of a reduction: of everything, or along an axis."""
    words_given = {name: value for name, value in kwargs.items() if not is_none(value)}
    if not words_given and len(args) == (2 if fn is np.vdot else 1):
        return frozenset()
    within, axis = extent_of(type_of(args[0])), words_given.get("axis")
    keepdims = words_given.get("keepdims", Const(False))
    if not (words_given.keys() <= {"axis", "keepdims"} and len(args) == 1 and within):
        return None
    known = isinstance(axis, Const) and isinstance(keepdims, Const) and type(axis.value) is int
    return frozenset([Kept(within, axis.value, bool(keepdims.value))]) if known else None


def _put_back(extent: Extent | None, axis: Tree) -> Extent | None:
    """The extent of a reduction with the axis that it took put back."""
    base = next(iter(extent)) if extent is not None and len(extent) == 1 else None
    if isinstance(base, Kept) and not base.keepdims and isinstance(axis, Const) and axis.value == base.axis:
        return frozenset([Kept(base.within, base.axis, True)])
    return None


def is_fresh_number(fn: Callable) -> bool:
    """Whether an elementwise result without axes is a number, and no array without axes that can be written."""
    name = getattr(fn, "__name__", "")
    return fn not in (np.where, np.real, np.imag) and not (name.startswith("i") and name[1:] in _AUGMENTED)


_AUGMENTED = words("add sub mul truediv floordiv mod pow and or xor lshift rshift and_ or_")
_OPERATORS = frozenset(
    getattr(operator, name)
    for name in words(
        "add sub mul truediv floordiv mod pow neg pos abs eq ne lt le gt ge and_ or_ xor invert lshift rshift "
        "iadd isub imul itruediv ifloordiv imod ipow iand ior ixor ilshift irshift"
    )
) | {builtins.abs, builtins.pow}


def _is_one_of(fn: Any, known: frozenset[Any]) -> bool:
    try:
        return fn in known
    except TypeError:
        return False


def _joint(args: tuple[Tree, ...]) -> Extent | None:
    """The extent that the arguments broadcast to."""
    found: list[Extent] = []
    for arg in args:
        if is_none(arg):
            continue
        extent = extent_of(type_of(arg)) if isinstance(arg, (Value, Type)) or np.isscalar(arg) else None
        if extent is None:
            return None
        found.append(extent)
    return broadcast_extents(found)
