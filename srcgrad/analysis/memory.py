"""Which memory an operation writes, and which operations only look at an array's outside."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.ir.nodes import Call, Op, Region, Value, walk
from srcgrad.ir.types import Array, Unknown, is_scalar, rank
from srcgrad.rules.registry import ACCUMULATING, VIEWS

IN_PLACE = frozenset(
    getattr(operator, name)
    for name in "iadd isub imul itruediv ifloordiv imod ipow imatmul iand ior ixor ilshift irshift".split()
)
ITEM_UPDATES = frozenset(getattr(runtime, f"{name}_item") for name in "add sub mul truediv floordiv mod pow matmul".split())
LIST_WRITERS = frozenset([list.append, list.pop, list.insert, list.extend, list.clear, list.reverse, list.sort, list.remove])
WRITERS = (
    frozenset([operator.setitem, operator.delitem, np.add.at, np.copyto, np.fill_diagonal, np.ndarray.fill])
    | IN_PLACE
    | ITEM_UPDATES
    | LIST_WRITERS
)
_METADATA_FUNCTIONS = frozenset([len, np.shape, np.ndim, np.size, np.zeros_like, np.empty_like, np.ones_like, isinstance, type])
_METADATA_ATTRIBUTES = frozenset(["shape", "ndim", "size", "dtype", "itemsize", "nbytes", "strides"])


def hashable(fn: Any) -> bool:
    """Whether a callable can be looked up in tables."""
    try:
        hash(fn)
    except TypeError:
        return False
    return True


def written(op: Op) -> Value | None:
    """The container an operation writes to, None if it writes to none."""
    if isinstance(op, Call) and hashable(op.fn) and (op.fn in WRITERS or op.fn in ACCUMULATING) and op.args and isinstance(op.args[0], Value):
        return op.args[0]
    return None


def only_metadata(op: Op) -> bool:
    """Whether an operation looks only at shape, dtype and length of its arguments, never at their contents."""
    if not isinstance(op, Call) or not hashable(op.fn):
        return False
    if op.fn is getattr:
        return getattr(op.args[1], "value", None) in _METADATA_ATTRIBUTES
    return op.fn in _METADATA_FUNCTIONS


def is_basic_index(tree: Any) -> bool:
    """Whether indexing with this argument tree gives a view: no array among its parts."""
    if isinstance(tree, (tuple, list)):
        return not isinstance(tree, list) and all(is_basic_index(part) for part in tree)
    if isinstance(tree, Value):
        return rank(tree.type) == 0 or not isinstance(tree.type, (Array, Unknown)) and not hasattr(tree.type, "item")
    return True


def is_view(op: Call) -> bool:
    """Whether the result of a call may share memory with its first argument."""
    if not op.args or not isinstance(op.args[0], Value):
        return False
    if op.fn is operator.getitem:
        return is_basic_index(op.args[1]) and any(not is_scalar(v.type) for v in op.outputs)
    return hashable(op.fn) and (op.fn in VIEWS or op.fn in IN_PLACE) and any(not is_scalar(v.type) for v in op.outputs)


def writes_in(region: Region) -> list[Call]:
    """Every operation of a region, at any depth, that writes to a container."""
    return [op for op in walk(region) if isinstance(op, Call) and written(op) is not None]
