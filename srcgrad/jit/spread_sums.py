"""What sums a cotangent over the axes along which its array was stretched, where types tell some of these axes.

Before -> after, for `x` with one row: `x_bar = unbroadcast(g, x)` -> `x_bar = np.sum(g, axis=(0,), keepdims=True)`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.ir.nodes import Call, Const, Function, Op, Value, map_tree, walk
from srcgrad.ir.types import Array, same_length
from srcgrad.rules.result_types import result_type
from srcgrad.transform.simplify import replace_values


def sum_spread(function: Function) -> None:
    """Makes sums of calls of `unbroadcast`, as far as it is known along which axes.

    Args:
        function: with settled lengths; it is changed.
    """
    same: dict[Value, Value] = {}
    for region in [function.body, *[r for op in walk(function.body) for r in op.regions]]:
        ops: list[Op] = []
        for op in region.ops:
            if isinstance(op, Call) and op.fn is runtime.unbroadcast and len(op.args) == 2 and not op.kwargs:
                ops += _sums(op)
                if _is_done(op):
                    same[op.outputs[0]] = op.args[0]
                    continue
            ops.append(op)
        region.ops = ops
        for op in ops:
            op.parent = region
    if same:
        replace_values(function.body, same)
        values = iter(function.body.results)
        function.result = map_tree(lambda _: next(values), function.result)


def _sums(op: Call) -> list[Op]:
    """Sums to be done before; the operation is left with the axes of which nothing is known."""
    made: list[Op] = []
    g, x = op.args
    if not _is_known(g.type) or not _is_known(x.type):
        return made
    extra = len(g.type.shape) - len(x.type.shape)
    if extra > 0 and x.type.shape:
        g = _sum(op, made, g, tuple(range(extra)), False)
    if extra >= 0:
        rows = zip(g.type.shape, x.type.shape, strict=True)
        axes = tuple([k for k, (given, own) in enumerate(rows) if own == 1 and given != 1])
        if axes:
            g = _sum(op, made, g, axes, True)
    op.args = (g, x)
    return made


def _is_known(t: Any) -> bool:
    return isinstance(t, Array) and t.shape is not None and t.dtype is not None and t.dtype.kind == "f"


def _sum(op: Call, made: list[Op], g: Value, axes: tuple[int, ...], keepdims: bool) -> Value:
    kwargs: dict[str, Any] = {"axis": tuple([Const(k) for k in axes])}
    if keepdims:
        kwargs["keepdims"] = Const(True)
    t = result_type(np.sum, (g,), kwargs, "sum")
    out = Value(t, None, op.span)
    call = Call(np.sum, (g,), kwargs, [out], op.span)
    call.mirror = op.mirror
    made.append(call)
    return out


def _is_done(op: Call) -> bool:
    """Whether nothing is left to be done: a new array has the shape and the dtype that it has to have."""
    g, x = op.args
    summed = isinstance(g.owner, Call) and g.owner.fn is np.sum and g.owner.parent is None
    if not summed or not _is_known(g.type) or g.type.dtype != x.type.dtype:
        return False
    return len(g.type.shape) == len(x.type.shape) and all(map(same_length, g.type.shape, x.type.shape))
