"""Loops of the forward sweep that only show that indices are in range, where the reverse sweep shows it, too.

    for i in range(n):                          for i in reversed(range(n)):
        x[i]                    # may raise         x_bar[i] += 2 * x[i]
    for i in reversed(range(n)):           ->
        x_bar[i] += 2 * x[i]

If nothing that follows in the forward sweep can be noticed, the same error is raised without the first loop.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

from srcgrad.analysis.alias import Aliases
from srcgrad.ir.nodes import Call, Const, For, Function, Op, Value
from srcgrad.ir.types import Array, is_scalar
from srcgrad.transform.simplify import is_removable, is_removable_purely, tree_key
from srcgrad.transform.split import first_of_reverse


def remove_repeated_checks(function: Function) -> None:
    """Removes such loops from the end of the forward sweep."""
    body, start = function.body, first_of_reverse(function)
    forward, backward = body.ops[:start], body.ops[start:]
    used = {v for op in body.ops for v in _used_in(op)} | set(body.results)
    if not any(isinstance(op, For) for op in forward):
        return
    aliases = Aliases([function])
    shown: set[Any] | None = None
    removed: list[Op] = []
    for op in reversed(forward):
        if isinstance(op, For) and not op.exits and used.isdisjoint(op.outputs):
            checks = list(_checks(op, {}, (), aliases))
            if shown is None:
                shown = {key for other in backward if isinstance(other, For) for key in _checks(other, {}, (), aliases)}
            if None in checks or not shown.issuperset(checks):
                break
            removed.append(op)
        elif op.regions or not is_removable(op):
            break
    body.ops = [op for op in body.ops if op not in removed]
    if function.backward_from is not None:
        function.backward_from -= len(removed)


def _used_in(op: Op) -> Iterator[Value]:
    yield from op.inputs
    for region in op.regions:
        yield from region.results
        for inner in region.ops:
            yield from _used_in(inner)


def _checks(loop: For, places: dict[Value, Any], around: tuple, aliases: Aliases) -> Iterator[Any]:
    """Keys of the reads of elements in a loop, and in those in it; None for what else a forward loop is noticed by."""
    if loop.exits:
        yield None
        return
    bounds = tuple(_key(v, places, aliases) for v in (loop.start, loop.stop, loop.step))
    around = (*around, bounds)
    places = {**places, loop.index: ("turn", len(around))}
    for op in loop.body.ops:
        if isinstance(op, For):
            yield from _checks(op, places, around, aliases)
        elif _is_load(op):
            assert isinstance(op, Call)
            yield (around, _key(op.args[0], places, aliases), _key_of_tree(op.args[1], places, aliases))
        elif op.mirror is None and (op.regions or not is_removable(op)):
            yield None


def _is_load(op: Op) -> bool:
    if not isinstance(op, Call) or op.fn is not operator.getitem or len(op.outputs) != 1:
        return False
    x = op.args[0]
    return isinstance(x, Value) and isinstance(x.type, Array) and is_scalar(op.outputs[0].type)


def _key_of_tree(tree: Any, places: dict[Value, Any], aliases: Aliases) -> Any:
    if isinstance(tree, tuple):
        return tuple(_key_of_tree(part, places, aliases) for part in tree)
    return _key(tree, places, aliases) if isinstance(tree, Value) else tree_key(tree)


def _key(value: Value, places: dict[Value, Any], aliases: Aliases) -> Any:
    """A key that two integers share if they are equal in the same turns of two loops."""
    if isinstance(value, Const):
        return tree_key(value)
    if value in places:
        return places[value]
    op = value.owner
    in_loop = isinstance(op, Call) and op.parent is not None and op.parent.parent is not None
    if not in_loop or not is_scalar(value.type) or not is_removable_purely(op) or op.kwargs:
        return value
    if any(aliases.is_written(v) for v in op.inputs):
        return value
    return (op.fn, *[_key_of_tree(arg, places, aliases) for arg in op.args])
