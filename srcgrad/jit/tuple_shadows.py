"""Shadows of tuples: lists of parts of several kinds, which compiled code has none of.

Before -> after: `pair_bar = pairs_bar[i]; x_bar += pair_bar[1]` -> `x_bar += part(pairs_bar[i], 1)`. What is compiled
for `zeros_like` of a tuple is a tuple of lists of one item each, or a list of numbers if there is nothing else in it.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator

from srcgrad import runtime
from srcgrad.ir.flow import sources
from srcgrad.ir.nodes import Call, Const, Function, If, Loop, Op, Region, Value, walk
from srcgrad.ir.types import List, Tuple, Type
from srcgrad.jit import helpers

_MAKERS = frozenset([runtime.zeros_like, helpers.shadow_in])
_READERS = frozenset([operator.getitem, list.pop, runtime.take_item])


def read_parts(function: Function) -> None:
    """Has the parts of the shadows of tuples read by a helper that knows how those are compiled.

    Args:
        function: it is changed.
    """
    shadows = _shadows(function)
    if shadows:
        _rewrite(function.body, shadows)


def _holds_tuples(t: Type) -> bool:
    return isinstance(t, Tuple) or (type(t) is List and _holds_tuples(t.item))


def _shadows(function: Function) -> set[Value]:
    """The shadows of tuples, and the lists of such."""
    found: set[Value] = set()
    before = -1
    while len(found) != before:
        before = len(found)
        for op in walk(function.body):
            found.update(v for v in _more(op, found) if _holds_tuples(v.type))
    return found


def _more(op: Op, known: set[Value]) -> Iterator[Value]:
    """What is a shadow since an operation makes it of others, or hands it on."""
    if isinstance(op, Call):
        if op.fn in _MAKERS or (op.fn in _READERS and op.args[0] in known):
            yield from op.outputs
    elif isinstance(op, (If, Loop)):
        inner = op.carried if isinstance(op, Loop) else op.outputs
        for value, output in zip(inner, op.carried_outputs if isinstance(op, Loop) else op.outputs, strict=True):
            if any(values[k] in known for values, k in sources(output)):
                yield from (value, output)


def _rewrite(region: Region, shadows: set[Value]) -> None:
    ops: list[Op] = []
    for op in region.ops:
        for inner in op.regions:
            _rewrite(inner, shadows)
        if isinstance(op, Call) and op.fn is operator.setitem:
            _clear(op, shadows)
        ops += _read(op, shadows) if isinstance(op, Call) and op.fn in _READERS else [op]
    region.ops = ops
    for op in ops:
        op.parent = region


def _read(op: Call, shadows: set[Value]) -> list[Op]:
    whole = op.args[0]
    if whole not in shadows:
        return [op]
    if isinstance(whole.type, Tuple):
        op.fn = helpers.part
        return [op]
    if not op.unpacks:
        return [op]
    item = Value(whole.type.item, None, op.span)
    taken = Call(op.fn, op.args, op.kwargs, [item], op.span)
    parts = [Call(helpers.part, (item, Const(k)), {}, [output], op.span) for k, output in enumerate(op.outputs)]
    for made in (taken, *parts):
        made.mirror = op.mirror
    return [taken, *parts]


def _clear(op: Call, shadows: set[Value]) -> None:
    """`pairs_bar[i] = [0.0, 0.0]`: what stands for zeros of any kind is no list of one kind."""
    whole, key, parts = op.args
    if whole in shadows and isinstance(parts, list) and all(isinstance(v, Const) and v.value == 0.0 for v in parts):
        op.fn, op.args = helpers.clear_item, (whole, key)
