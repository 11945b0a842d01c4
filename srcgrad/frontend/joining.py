"""`np.r_[...]` and `np.c_[...]`: arrays, numbers and ranges that are joined by what stands between the brackets.

Before -> after: `np.r_[0.0, x, y]` -> `np.concatenate((np.atleast_1d(0.0), x, y))`; `np.c_[x, m]` ->
`np.concatenate((x[:, None], m), axis=-1)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.frontend.lowering import Lowering, is_undefined
from srcgrad.frontend.values import Sequence, Symbol, constant
from srcgrad.ir.nodes import Const, Value, leaves
from srcgrad.ir.types import Array, NpScalar, PyScalar, rank

COLUMNS, ROWS = type(np.c_), type(np.r_)


def joined(lo: Lowering, joiner: Any, key: Symbol, subscript: Callable[..., Symbol]) -> Symbol | None:
    """What `np.r_` or `np.c_` makes of what stands between the brackets; None if none of it has a derivative."""
    items = key.items if isinstance(key, Sequence) else (key,)
    active = [leaf for item in items if not isinstance(item, slice) for leaf in leaves(lo.tree(item))]
    undefined = next((leaf for leaf in active if is_undefined(leaf)), None)
    if undefined is not None:
        return undefined
    if not any(leaf.type.differentiable and not isinstance(leaf, Const) for leaf in active):
        return None
    if any(isinstance(constant(item), str) for item in items):
        lo.unsupported("np.r_ with a directive is not supported", "use np.concatenate, np.stack or np.column_stack")
    parts = [_part(lo, item) for item in items]
    if any(_is_single(part) for part in parts) and any(isinstance(part.type, PyScalar) for part in parts):
        lo.unsupported(
            "np.r_ and np.c_ of numbers and arrays in single precision are not supported", "make them arrays"
        )
    if any(rank(part.type) is None for part in parts):
        lo.unsupported("how many axes this has is not known here", "use np.concatenate or np.column_stack")
    if isinstance(joiner, COLUMNS):
        columns = [_column(lo, part, subscript) for part in parts]
        return lo.emit(np.concatenate, Sequence(tuple(columns)), axis=Const(-1))
    flat = [lo.emit(np.atleast_1d, part) if rank(part.type) == 0 else part for part in parts]
    return lo.emit(np.concatenate, Sequence(tuple(flat)))


def _part(lo: Lowering, item: Symbol) -> Value:
    """One part as an array or a number: a slice stands for a range."""
    if not isinstance(item, slice):
        made = item if isinstance(item, Value) else lo.call(Const(np.array), [item], {})
        return lo.value(made)
    start, step = (_or(item.start, 0), _or(item.step, 1))
    pace = constant(step)
    if isinstance(pace, complex):
        return lo.value(lo.emit(np.linspace, start, item.stop, Const(int(abs(pace)))))
    return lo.value(lo.emit(np.arange, start, item.stop, step))


def _or(end: Symbol | None, default: int) -> Symbol:
    """An end of a slice, or what it stands for if it is left out."""
    return Const(default) if end is None or constant(end) is None else end


def _column(lo: Lowering, part: Value, subscript: Callable[..., Symbol]) -> Symbol:
    if rank(part.type) == 0:
        return lo.emit(np.reshape, part, Sequence((Const(1), Const(1))))
    return subscript(lo, part, Sequence((slice(None), Const(None)))) if rank(part.type) == 1 else part


def _is_single(part: Value) -> bool:
    t = part.type
    return isinstance(t, (Array, NpScalar)) and (t.dtype is None or (t.dtype.kind in "fc" and t.dtype.itemsize < 8))
