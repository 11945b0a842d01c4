"""The tangents of writes: what is written to a primal has a tangent, which is written to its tangent.

Before -> after: `y[i] *= w` -> `y_dot[i] = y_dot[i] * w + y[i] * w_dot; y[i] *= w`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.memory import ITEM_UPDATES, LIST_WRITERS, among
from srcgrad.errors import UnsupportedError
from srcgrad.frontend.values import Sequence
from srcgrad.ir.nodes import Call, Const, Value, leaves
from srcgrad.ir.types import Array, List
from srcgrad.rules.registry import ACCUMULATING, IN_PLACE, NONDIFFERENTIABLE, PARTIALS, display_name
from srcgrad.transform.call_tangents import has_tangent, mirror_call, scaled, zero_of
from srcgrad.transform.cotangents import add
from srcgrad.transform.writes import BINARY

if TYPE_CHECKING:
    from srcgrad.transform.forward import Forward
from srcgrad.transform.strong_zeros import strong_product

MIRRORED_WRITES: dict[Any, tuple[int, ...]] = {
    **{operator.setitem: (0, 2), operator.delitem: (0,), np.ndarray.fill: (0, 1), np.copyto: (0, 1)},
    **{np.fill_diagonal: (0, 1), np.add.at: (0, 2)},
    **{list.append: (0, 1), list.extend: (0, 1), list.insert: (0, 2)},
    **dict.fromkeys([list.pop, list.clear, list.reverse], (0,)),
    **{runtime.add_each: (0, 1), runtime.add_slice: (0, 2), runtime.add_to_item: (0, 2), runtime.take_item: (0,)},
    **{
        runtime.add_each_plain: (0, 2),
        runtime.added: (0, 1),
        runtime.before_update: (0, 1),
        runtime.add_unless_view: (0, 2),
    },
    **{runtime.add_into: (0, 1), runtime.add_part: (0, 2), runtime.add_repeats: (0, 1)},
    runtime.add_if_copied: (0, 1),
}
"""What writes -> the places of what has a tangent: it does to tangents what it does to primals."""


def push_write(forward: Forward, op: Call) -> None:
    """Adds the write to the tangent of what an operation writes."""
    target = op.args[0]
    if not forward.active(target):
        forward.lo.region.append(op)
        return
    if op.fn in IN_PLACE or op.fn in ITEM_UPDATES:
        _push_update(forward, op)
        return
    data = (0, 1) if among(op.fn, ACCUMULATING) else MIRRORED_WRITES.get(op.fn)
    if data is None:
        raise UnsupportedError(
            f"{display_name(op.fn)} writes in place, and its tangent is not supported", op.span, "write to a copy"
        )
    with beside(forward, op):
        if op.fn != np.add.at or any(has_tangent(forward, v) for v in leaves(op.args[2])):
            _mirror(forward, op, data)


@contextmanager
def beside(forward: Forward, op: Call) -> Iterator[None]:
    """Puts a write next to that of its tangent: before it, where it may raise and somebody handles that."""
    if forward.protected:
        forward.lo.region.append(op)
        yield
    else:
        yield
        forward.lo.region.append(op)


def _mirror(forward: Forward, op: Call, data: tuple[int, ...]) -> None:
    holds = isinstance(op.args[0].type, List) or among(op.fn, LIST_WRITERS)

    mirror_call(forward, op, data, lambda v: zero_of(forward, v) if holds else forward.zero)


def _push_update(forward: Forward, op: Call) -> None:
    """`x op= v` or `x[i] op= v`: the tangent first, while the old contents are there."""
    lo, binary = forward.lo, BINARY[op.fn]
    in_place = op.fn in IN_PLACE
    x, value = op.args[0], op.args[1] if in_place else op.args[2]
    # The tangent of what is written is memory of its full shape, also where no type says so.
    known = forward.dots.get(x) if isinstance(x.type, Array) and not isinstance(x, Const) else None
    x_dot = forward.tangent(x) if known is None else known
    v_dot = forward.dots.get(value) if not isinstance(value, Const) else None
    place: tuple = () if in_place else (op.args[1],)
    if binary in (operator.add, operator.sub):
        outputs = [forward.like(o) for o in op.outputs]
        with beside(forward, op):
            if v_dot is not None:
                lo.append(Call(op.fn, (x_dot, *place, v_dot), {}, outputs, op.span))
        found = outputs if v_dot is not None else [x_dot] * len(op.outputs)
    elif binary in NONDIFFERENTIABLE:
        with beside(forward, op):
            index = [lo.symbol(place[0])] if place else [Const(Ellipsis)]
            lo.effect(operator.setitem, x_dot, *index, Const(0.0))
        found = [x_dot] * len(op.outputs)
    else:
        found = _push_product(forward, op, binary, x_dot, v_dot, place, value)
    for output, dot in zip(op.outputs, found, strict=True):
        forward.dots[output] = dot


def _push_product(
    forward: Forward, op: Call, binary: Callable, x_dot: Value, v_dot: Value | None, place: tuple, value: Value
) -> list[Value]:
    if binary not in PARTIALS:
        raise UnsupportedError(f"{op.fn.__name__} in place on active data is not supported yet", op.span)
    lo, x = forward.lo, op.args[0]
    index = [lo.symbol(place[0])] if place else []
    before = lo.value(lo.emit(operator.getitem, x, *index)) if place else x
    after = lo.value(lo.emit(binary, before, value))
    partials = lo.call(Const(PARTIALS[binary].body), [before, value, after], {})
    assert isinstance(partials, Sequence)
    if not op.outputs or isinstance(x.type, Array):
        old_dot = lo.value(lo.emit(operator.getitem, x_dot, *index)) if place else x_dot
        slope = lo.value(partials.items[0])
        # The slope of a power may be infinite where nothing moves.
        total = strong_product(lo, old_dot, slope) if binary is operator.pow else scaled(lo, slope, old_dot)
        if v_dot is not None:
            total = add(lo, total, scaled(lo, lo.value(partials.items[1]), v_dot))
        with beside(forward, op):
            lo.effect(operator.setitem, x_dot, *(index or [Const(Ellipsis)]), total)
        return [x_dot] * len(op.outputs)
    # What may be a number is rebound where it is one, and written where it is an array.
    factor = lo.value(partials.items[0])
    if binary is operator.pow:
        factor = lo.value(lo.emit(np.where, lo.emit(operator.eq, x_dot, Const(0.0)), Const(0.0), factor))
    rest = scaled(lo, lo.value(partials.items[1]), v_dot) if v_dot is not None else None
    outputs, totals = ([forward.like(o) for o in op.outputs] for _ in range(2))
    with beside(forward, op):
        lo.append(Call(operator.imul, (x_dot, factor), {}, outputs, op.span))
        if rest is not None:
            lo.append(Call(operator.iadd, (outputs[0], rest), {}, totals, op.span))
    return outputs if rest is None else totals
