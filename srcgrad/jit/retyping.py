"""Which lengths loops may rely on: types are looked at once more, before memory is touched without NumPy's checks.

Types tell lengths that hold if the program gets to its end: `x[1:-1] = t` makes `t` as long as `x[1:-1]`, before the
write has found out. And names of lengths that change from one turn of a loop to the next are those of the place that
they come from, as are those of attributes, so that two values may have one name for two lengths.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

from srcgrad.ir.nodes import Call, Const, Function, If, Loop, Op, Value, walk
from srcgrad.ir.types import Array, Axis, Dim, List
from srcgrad.rules.registry import hashable
from srcgrad.rules.result_types import covered, result_type


def settle_lengths(function: Function) -> None:
    """Gives the arrays of a function lengths that hold at the place where they are made."""
    doubtful = _doubtful_names(function)
    for value in (*function.params, *function.captured):
        _separate(value, doubtful)
    for op in walk(function.body):
        for region in op.regions:
            for arg in region.args:
                _separate(arg, doubtful)
        for output in op.outputs:
            _settle(op, output, doubtful)


def _doubtful_names(function: Function) -> list[str]:
    """The names of lengths that several values have from different places outside."""
    sources: dict[str, Any] = {}
    found: dict[str, None] = {}

    def note(value: Value, source: Any) -> None:
        shape = value.type.shape if isinstance(value.type, Array) else None
        for axis in shape or ():
            if isinstance(axis, Dim) and sources.setdefault(axis.name, source) != source:
                found[axis.name] = None

    for value in (*function.params, *function.captured):
        note(value, value)
    for op in walk(function.body):
        if isinstance(op, Call) and op.fn in (getattr, operator.getitem) and len(op.args) == 2 and op.outputs:
            x, key = op.args
            if not isinstance(getattr(x, "type", None), Array):
                key = key.value if isinstance(key, Const) else key
                note(op.outputs[0], (x, key) if isinstance(x, Value) and not isinstance(key, slice) else op)
    return list(found)


def _settle(op: Op, output: Value, doubtful: list[str]) -> None:
    own = output.type
    if isinstance(own, Array) and own.shape and isinstance(op, Call) and _is_settled(op):
        t = result_type(op.fn, op.args, op.kwargs, f"%{output.uid}")
        if isinstance(t, Array) and t.shape is not None and len(t.shape) == len(own.shape):
            output.type = Array(own.dtype, t.shape)
    _separate(output, doubtful)


def _is_settled(op: Call) -> bool:
    """Whether the lengths of the result follow from those of arguments alone."""
    single = len(op.outputs) == 1 and not op.unpacks and bool(op.args) and isinstance(op.args[0], Value)
    return single and hashable(op.fn) and covered(op.fn)


def _separate(value: Value, doubtful: list[str]) -> None:
    """Gives lengths that others may have the names of names of their own."""
    t = value.type
    if isinstance(t, Array) and t.shape is not None and any(_is_shared(a, doubtful) for a in t.shape):
        axes = [
            Dim(f"%{value.uid}.own{k}", 0, a.not_one) if _is_shared(a, doubtful) else a for k, a in enumerate(t.shape)
        ]  # type: ignore[union-attr]
        value.type = Array(t.dtype, tuple(axes))


def _is_shared(axis: Axis, doubtful: list[str]) -> bool:
    return isinstance(axis, Dim) and any(mark in axis.name for mark in ("#", "[]", *doubtful))


def uncertain_arrays(function: Function) -> set[Value]:
    """What may be a number though its type is that of an array: in lists of cotangents, a zero may stand for any."""
    found: set[Value] = set()
    flows: list[tuple[Value, Iterable[Value]]] = []
    for op in walk(function.body):
        if isinstance(op, Call):
            lists = [v for v in op.inputs if isinstance(v.type, List)]
            if lists and op.mirror is not None and not (op.fn is list.pop and op.unpacks):
                found.update(op.outputs)
            elif isinstance(getattr(op.args[0] if op.args else None, "type", None), Array) or (
                hashable(op.fn) and op.fn in _ARITHMETIC
            ):
                flows += [(o, [v for v in op.inputs if isinstance(v.type, Array)]) for o in op.outputs]
        elif isinstance(op, If):
            flows += [(o, [a, b]) for o, a, b in zip(op.outputs, op.then.results, op.orelse.results, strict=True)]
        elif isinstance(op, Loop):
            rows = zip(op.carried, op.inits, op.carried_results, op.carried_outputs, strict=True)
            flows += [row for arg, init, result, out in rows for row in ((arg, [init, result]), (out, [arg]))]
    before = -1
    while len(found) != before:
        before = len(found)
        for value, sources in flows:
            given = list(sources)
            doubts = [v in found or _is_number(v) for v in given]
            if not isinstance(value.type, Array):
                continue
            if any(doubts) if not isinstance(value.owner, Call) else given and all(doubts):
                found.add(value)
    return found


def _is_number(value: Value) -> bool:
    return isinstance(value, Const) and isinstance(value.value, (int, float))


_ARITHMETIC = frozenset(
    getattr(operator, name) for name in ("add", "sub", "mul", "truediv", "pow", "neg", "pos", "getitem")
)
