"""Kinds for numbers that Python leaves open: a name that starts as 0.0 and becomes a np.float32.

What such a name holds depends on whether a loop takes a turn. Compiled code has one kind for each variable: here, that
of NumPy's number, to which Python's is cast where the paths meet.
"""

from __future__ import annotations

import numpy as np

from srcgrad.ir.joins import join
from srcgrad.ir.nodes import UNDEFINED, Call, Const, Function, If, Loop, Op, Region, Value, While, walk
from srcgrad.ir.types import Array, NpScalar, PyScalar, Type, Unknown, is_scalar
from srcgrad.rules.result_types import result_type

_ROUNDS = 8


def settle_kinds(function: Function) -> None:
    """Finds kinds for values whose kind is not known, as far as that can be done.

    Before -> after, for an array `x` of 32 bits: `s = 0.0; for i ...: s = s + x[i]` ->
    `s = np.float32(0.0); for i ...: s = s + x[i]`.
    """
    values = [v for op in walk(function.body) for v in op.outputs]
    # A cotangent or tangent of 32 bits may start as a plain zero, which would widen it.
    settled: set[Value] = {v for v in values if _is_narrow(v.type)}
    settled |= {v for op in walk(function.body) if isinstance(op, Loop) for v in op.carried if _is_narrow(v.type)}
    if not settled and not any(_is_open(v.type) for v in values):
        return
    for _ in range(_ROUNDS):
        before = len(settled)
        _visit(function.body, settled)
        if len(settled) == before:
            break
    _cast(function.body, settled)


def _is_open(t: Type) -> bool:
    return isinstance(t, Unknown) or (isinstance(t, Array) and t.dtype is None)


def _is_narrow(t: Type) -> bool:
    return isinstance(t, NpScalar) and t.dtype.kind in "fc" and t.dtype not in (np.float64, np.complex128)


def _visit(region: Region, settled: set[Value]) -> None:
    for op in region.ops:
        if isinstance(op, Loop):
            for k, (arg, init) in enumerate(zip(op.carried, op.inits, strict=True)):
                if _is_open(arg.type) and is_scalar(arg.type):
                    _settle(arg, [init, op.carried_results[k]], settled)
                    if isinstance(op, While) and not _is_open(arg.type):
                        op.test.args[k].type = arg.type
        for inner in op.regions:
            _visit(inner, settled)
        if isinstance(op, If):
            for k, out in enumerate(op.outputs):
                if _is_open(out.type) and is_scalar(out.type):
                    _settle(out, [op.then.results[k], op.orelse.results[k]], settled)
        elif isinstance(op, Loop):
            for k, (arg, out) in enumerate(zip(op.carried, op.carried_outputs, strict=True)):
                if _is_open(out.type) and not _is_open(arg.type):
                    _settle(arg, [op.inits[k], op.carried_results[k]], settled)
                    out.type = arg.type
                    settled.add(out)
        elif isinstance(op, Call) and len(op.outputs) == 1 and _is_open(op.outputs[0].type):
            found = result_type(op.fn, op.args, op.kwargs, "settled")
            if not _is_open(found):
                op.outputs[0].type = found
                settled.add(op.outputs[0])


def _settle(value: Value, sources: list[Value], settled: set[Value]) -> None:
    """Gives a value the kind of what it may be; of what is still open, nothing is known."""
    types = [s.type for s in sources if not _is_open(s.type) and not (isinstance(s, Const) and s.value is UNDEFINED)]
    if not types:
        return
    found = types[0]
    for t in types[1:]:
        found = _joined(found, t)
    if not _is_open(found) and found != value.type:
        value.type = found
        settled.add(value)


def _joined(a: Type, b: Type) -> Type:
    """The kind of one number or another, Python's among them that of NumPy's."""
    weak, strong = (a, b) if isinstance(a, PyScalar) else (b, a)
    if isinstance(weak, PyScalar) and isinstance(strong, NpScalar):
        order = "bifc"
        kind = strong.dtype.kind if strong.dtype.kind != "u" else "i"
        if kind in order and order.index(weak.kind) <= order.index(kind):
            return strong
    return join(a, b, "settled")


def _cast(region: Region, settled: set[Value]) -> None:
    """Casts Python's numbers where they meet NumPy's."""
    ops: list[Op] = []
    for op in region.ops:
        for inner in op.regions:
            _cast(inner, settled)
        if isinstance(op, If):
            for k, out in enumerate(op.outputs):
                if out in settled:
                    for side in (op.then, op.orelse):
                        side.results[k] = _as(side.results[k], out.type, side.ops, op)
        elif isinstance(op, Loop):
            for k, arg in enumerate(op.carried):
                if arg in settled:
                    place = k + int(op.exits)
                    op.inits[k] = _as(op.inits[k], arg.type, ops, op)
                    op.body.results[place] = _as(op.body.results[place], arg.type, op.body.ops, op)
        ops.append(op)
    region.ops = ops
    for op in ops:
        op.parent = region


def _as(value: Value, t: Type, ops: list[Op], near: Op) -> Value:
    if not isinstance(t, NpScalar) or not isinstance(value.type, PyScalar):
        return value
    if isinstance(value, Const):
        return value if value.value is UNDEFINED else Const(t.dtype.type(value.value))
    out = Value(t, value.hint, value.span)
    cast = Call(t.dtype.type, (value,), {}, [out], near.span)
    cast.mirror = near.mirror
    ops.append(cast)
    return out
