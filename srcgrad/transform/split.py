"""Splits a function with both sweeps into two: the forward function returns what the reverse function needs."""

from __future__ import annotations

import operator
from typing import Any

from srcgrad.analysis.words import word
from srcgrad.ir.nodes import Call, Const, Function, Op, Region, Value, leaves, map_tree, references
from srcgrad.ir.types import List, Opaque
from srcgrad.transform.definedness import define_everywhere
from srcgrad.transform.simplify import replace_values

TAPE = Opaque(object)
"""The type of a tuple of kept values that one call hands to another."""


def first_of_reverse(function: Function) -> int:
    """Where the reverse sweep starts, after passes have moved and removed operations."""
    ops = function.body.ops
    return next((k for k, op in enumerate(ops) if op.mirror is not None), len(ops))


def _cut(function: Function, seeds: list[Value]) -> int:
    """Where the reverse sweep starts, or what is made of cotangents alone if there is none."""
    known = set(seeds)
    ops = function.body.ops[: first_of_reverse(function)]
    return next((k for k, op in enumerate(ops) if not known.isdisjoint(references(op))), len(ops))


def split(
    function: Function, gradients: Any, seeds: list[Value], packed: bool
) -> tuple[Function, Function, list[Value]]:
    """Cuts a function where its reverse sweep starts.

    Args:
        function: holds both sweeps; it becomes the forward function, its result tree followed by what is kept.
        gradients: the argument tree that the reverse function returns.
        seeds: the parameters of the reverse function that follow what is kept.
        packed: whether what is kept travels as one tuple.

    Returns:
        The two functions and the kept values.
    """
    body = function.body
    cut = _cut(function, seeds)
    forward, reverse = body.ops[:cut], body.ops[cut:]
    available = {o for op in forward for o in op.outputs} | set(function.params)
    if not packed:
        # A pullback outlives the call: it remembers what the names outside stood for.
        available |= set(function.captured)
    used = [v for op in reverse for v in references(op)] + list(leaves(gradients))
    kept = [v for v in dict.fromkeys(used) if v in available and not isinstance(v, Const)]
    kept.sort(key=lambda v: v.uid)
    for value in kept:
        define_everywhere(value)
    cut = _cut(function, seeds)
    forward, reverse = body.ops[:cut], body.ops[cut:]
    body.ops = forward
    region = Region()
    params = [Value(v.type, v.hint or (word(v) if len(kept) > 1 or not packed else None), v.span) for v in kept]
    mapping: dict[Value, Value] = {}
    ops: list[Op] = []
    if packed:
        tape = Value(TAPE, "tape")
        region.args = [tape, *seeds]
        if len(params) == 1:
            ops.append(Call(operator.getitem, (tape, Const(0)), {}, params))
        elif params:
            ops.append(Call(tuple, (tape,), {}, params))
    else:
        region.args = [*params, *seeds]
    for value, param in zip(kept, params, strict=True):
        mapping[value] = param
        if isinstance(value.type, List) and _is_popped(value, reverse):
            copy = Value(value.type, value.hint)
            ops.append(Call(list.copy, (param,), {}, [copy]))
            mapping[value] = copy
    _name_apart(region.args, {v.hint for v in function.captured if v.hint})
    for arg in region.args:
        arg.owner = region
    region.ops = [*ops, *reverse]
    for op in region.ops:
        op.parent = region
    replace_values(region, mapping)
    gradients = map_tree(lambda v: mapping.get(v, v), gradients)
    region.results = list(leaves(gradients))
    backward = Function(f"{function.name}_rev", list(region.args), region, gradients)
    backward.captured = function.captured if packed else []
    function.name = f"{function.name}_fwd"
    function.backward_from = None
    return function, backward, kept


def _name_apart(params: list[Value], taken: set[str]) -> None:
    """Gives every parameter a name of its own."""
    for param in reversed(params):
        stem = param.hint or "value"
        name, k = stem, 1
        while name in taken:
            name, k = f"{stem}_{k}", k + 1
        taken.add(name)
        param.hint = name


def _is_popped(value: Value, ops: list[Op]) -> bool:
    pending = list(ops)
    while pending:
        op = pending.pop()
        if isinstance(op, Call) and op.fn is list.pop and op.args[0] is value:
            return True
        for region in op.regions:
            pending.extend(region.ops)
    return False
