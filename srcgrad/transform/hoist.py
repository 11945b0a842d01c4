"""Integers that are the same in every turn of a loop are computed before it: bounds, places, lengths.

for t in range(steps):                      stop = n - 1
    for i in range(1, n - 1): ...     ->    for t in range(steps):
                                                for i in range(1, stop): ...
"""

from __future__ import annotations

import operator

from srcgrad.analysis.alias import is_pointer
from srcgrad.analysis.memory import only_metadata
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, Const, Function, Loop, Op, Region, Value, walk
from srcgrad.ir.types import Array, Dim, PyScalar
from srcgrad.transform.simplify import is_removable, is_removable_purely


def hoist_integers(function: Function) -> None:
    """Moves what is computed of integers and shapes alone out of all loops, where it depends on none of them."""
    _measure_parameters(function)
    _hoist(function.body)


def _measure_parameters(function: Function) -> None:
    """Reads lengths off parameters where loops read them off arrays that are as long as these.

    Before -> after, where `u` and `new` are copies of the parameter `x`:

        for t in range(steps):                      for t in range(steps):
            for i in range(len(u)): ...      ->         for i in range(len(x)): ...
            u, new = new, u                             u, new = new, u
    """
    known = {
        (axis.name, axis.offset): (param, k)
        for param in reversed(function.params)
        if isinstance(param.type, Array)
        for k, axis in reversed(list(enumerate(param.type.shape or ())))
        if isinstance(axis, Dim) and axis.stable
    }
    if not known:
        return
    outer = [op for op in function.body.ops if isinstance(op, Loop)]
    for op in [inner for loop in outer for inner in walk(loop.body)]:
        x = _measured(op)
        if x is None or not any(is_inside(x.owner, loop.body) for loop in outer):
            continue
        dim = op.outputs[0].type.dim  # type: ignore[attr-defined]
        found = known.get((dim.name, dim.offset)) if isinstance(dim, Dim) and dim.stable else None
        if found is not None:
            _measure(op, *found)


def _measured(op: Op) -> Value | None:
    """The array whose length an operation gives: `len(x)` or `x.shape[k]`."""
    if not isinstance(op, Call) or len(op.outputs) != 1 or not isinstance(op.outputs[0].type, PyScalar):
        return None
    if op.fn is len:
        return op.args[0] if isinstance(op.args[0].type, Array) else None
    shape = op.args[0].owner if op.fn is operator.getitem and isinstance(op.args[0], Value) else None
    return shape.args[0] if isinstance(shape, Call) and _is_shape(shape) and isinstance(op.args[1], Const) else None


def _is_shape(op: Call) -> bool:
    """Whether a call gives the shape of an array."""
    if op.fn is not getattr or getattr(op.args[1], "value", None) != "shape":
        return False
    return isinstance(op.args[0], Value) and isinstance(op.args[0].type, Array)


def _measure(op: Op, x: Value, axis: int) -> None:
    """Makes of an operation the length of an axis of another array."""
    assert isinstance(op, Call) and op.parent is not None
    shape = Value(span=op.span)
    read = Call(getattr, (x, Const("shape")), {}, [shape], op.span)
    read.mirror, read.parent = op.mirror, op.parent
    op.parent.ops.insert(op.parent.ops.index(op), read)
    op.fn, op.args = operator.getitem, (shape, Const(axis))


def _hoist(region: Region) -> None:
    ops: list[Op] = []
    for op in region.ops:
        if isinstance(op, Loop):
            moved = _taken_out(op.body, op.body, set())
            for inner in moved:
                inner.parent = region
            ops += moved
        else:
            for inner_region in op.regions:
                _hoist(inner_region)
        ops.append(op)
    region.ops = ops


def _taken_out(body: Region, outermost: Region, outputs: set[Value]) -> list[Op]:
    """Removes what the outermost loop need not compute from the body of a loop, and from those of the loops in it."""
    moved: list[Op] = []
    kept: list[Op] = []
    for op in body.ops:
        if is_of_integers(op) and all(v in outputs or not _is_made_in(v, outermost) for v in op.inputs):
            moved.append(op)
            outputs.update(op.outputs)
            continue
        if isinstance(op, Loop):
            moved += _taken_out(op.body, outermost, outputs)
        kept.append(op)
    body.ops = kept
    return moved


def _is_made_in(value: Value, body: Region) -> bool:
    return not isinstance(value, Const) and is_inside(value.owner, body)


def is_of_integers(op: Op) -> bool:
    """Whether a call gives an integer, or a shape, and does nothing else: it can't even raise."""
    if not isinstance(op, Call) or op.unpacks or len(op.outputs) != 1 or not op.inputs:
        return False
    t = op.outputs[0].type
    if _is_shape(op) or _measured(op) is not None:
        return True
    if not isinstance(t, PyScalar) or t.kind != "i" or not is_removable(op) or not is_removable_purely(op):
        return False
    return only_metadata(op) or all(isinstance(v.type, PyScalar) and not is_pointer(v.type) for v in op.inputs)
