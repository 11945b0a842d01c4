"""What the forward sweep of a pullback hands to the reverse sweep: lists go as arrays.

Between the sweeps there is Python, to which Numba hands a list item by item, and from which it takes none of arrays.

    return y, s_tape                             return y, packed_numbers(s_tape)

    def f_rev(s_tape, y_bar):                    def f_rev(s_tape_numbers, y_bar):
        ...                                          s_tape = unpacked_numbers(s_tape_numbers)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.analysis.alias import is_pointer
from srcgrad.errors import NotJitableError
from srcgrad.ir.nodes import Call, Const, Function, Invoke, Value, leaves, walk
from srcgrad.ir.types import Array, Dim, List, Opaque, is_scalar
from srcgrad.jit import helpers
from srcgrad.jit.types import is_dtype, kind_of
from srcgrad.transform.definedness import may_be_missing
from srcgrad.transform.simplify import replace_values

_I8 = np.dtype(np.int64)


def hand_over_lists(forward: Function, backward: Function, kept: int) -> int:
    """Makes arrays of the lists that one sweep keeps for the other one.

    Args:
        forward: its last results are what is kept; it is changed.
        backward: its first parameters are what is kept; it is changed.
        kept: how many values that are.

    Returns:
        How many there are now.

    Raises:
        NotJitableError: for a list of something else than numbers, arrays and lists of numbers.
    """
    assert isinstance(forward.result, tuple)
    results = list(forward.result)
    first = len(results) - kept
    handed: list[Any] = []
    taken: list[Value] = []
    unpacked: list[Call] = []
    for value, param in zip(results[first:], backward.params[:kept], strict=True):
        if not isinstance(param.type, List):
            handed.append(value)
            taken.append(param)
            continue
        _check_in_no_tape(forward, value, results[first:])
        _check_no_gaps(forward, value)
        pack, unpack, more, dtypes = _way(param)
        outputs = [Value(Array(t, _axes(ndim, param, k)), _hint(param, k)) for k, (t, ndim) in enumerate(dtypes)]
        call = Call(pack, (value, *more), {}, outputs, value.span, unpacks=len(outputs) > 1)
        call.parent = forward.body
        forward.body.ops.append(call)
        handed += outputs
        own = [Value(v.type, v.hint, v.span) for v in outputs]
        taken += own
        made = Value(param.type, param.hint, param.span)
        unpacked.append(Call(unpack, (*own, *more), {}, [made], param.span))
        replace_values(backward.body, {param: made})
        unpacked[-1].args = (*own, *more)
    forward.result = (*results[:first], *handed)
    forward.body.results = list(leaves(forward.result))
    backward.params = [*taken, *backward.params[kept:]]
    backward.body.args = list(backward.params)
    for param in backward.params:
        param.owner = backward.body
    for op in unpacked:
        op.parent = backward.body
    backward.body.ops = [*unpacked, *backward.body.ops]
    return len(handed)


def _check_in_no_tape(forward: Function, value: Value, kept: list[Any]) -> None:
    """Refuses a list that a function called here may keep as well: unpacked, it would not be that one any more."""
    for op in walk(forward.body):
        if not isinstance(op, Invoke) or not any(v in kept and isinstance(v.type, Opaque) for v in op.outputs):
            continue
        if any(isinstance(arg.type, List) for arg in op.args):
            raise NotJitableError(
                f"{value.hint or 'a list'} is kept for the pullback, and perhaps by {op.callee.name} as well", op.span
            )


def _check_no_gaps(forward: Function, value: Value) -> None:
    """Refuses a list of arrays or lists with places where a name had no value yet: there is nothing to pack."""
    for op in walk(forward.body):
        if not isinstance(op, Call) or op.fn is not list.append or op.args[0].type != value.type:
            continue
        item = op.args[1]
        if isinstance(item, Value) and is_pointer(item.type) and may_be_missing(item):
            what, kept = item.hint or "what is put into it", value.hint or "a list"
            message = f"{kept} is kept for the pullback, and {what} has no value in some turns"
            raise NotJitableError(message, op.span, "give it a value before the loop")


def _hint(param: Value, k: int) -> str:
    return f"{param.hint or 'kept'}_{('numbers', 'shapes')[k]}"


def _axes(ndim: int, param: Value, k: int) -> tuple[Dim, ...]:
    return tuple([Dim(f"%{param.uid}.{k}.{axis}") for axis in range(ndim)])


def _way(param: Value) -> tuple[Callable[..., Any], Callable[..., Any], tuple, list[tuple[np.dtype, int]]]:
    """What packs a list and what unpacks it, what else both take, and the arrays that it becomes."""
    assert isinstance(param.type, List)
    item = param.type.item
    dtype = kind_of(item)
    if dtype is not None and is_scalar(item):
        return helpers.packed_numbers, helpers.unpacked_numbers, (Const(dtype.type),), [(dtype, 1)]
    if isinstance(item, Array) and is_dtype(dtype) and item.shape:
        assert dtype is not None
        more = (Const(dtype.type), Const(len(item.shape)))
        return helpers.packed_arrays, helpers.unpacked_arrays, more, [(dtype, 1), (_I8, 2)]
    inner = kind_of(item.item) if isinstance(item, List) and is_scalar(item.item) else None
    if inner is not None:
        return helpers.packed_lists, helpers.unpacked_lists, (Const(inner.type),), [(inner, 1), (_I8, 1)]
    raise NotJitableError(
        f"the pullback keeps {param.hint or 'a list'}, a list that compiled code can't be handed", param.span
    )
