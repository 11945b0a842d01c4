"""Functions of the graph that do the same: the same operations of the same lines, on values of the same types."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from srcgrad.ir.nodes import Call, Const, For, Function, Invoke, Op, Raise, Region, Value
from srcgrad.ir.types import Type


def key_of(function: Function) -> Hashable:
    """A key that two functions share only if they do the same; what they call their values does not count."""
    numbers: dict[Value, int] = {}
    return function.name, _region(function.body, numbers)


def _region(region: Region, numbers: dict[Value, int]) -> tuple:
    args = tuple([_define(v, numbers) for v in region.args])
    ops = tuple([_op(op, numbers) for op in region.ops])
    return args, ops, tuple([_tree(v, numbers) for v in region.results])


def _define(value: Value, numbers: dict[Value, int]) -> tuple[int, Type]:
    numbers[value] = len(numbers)
    return numbers[value], value.type


def _op(op: Op, numbers: dict[Value, int]) -> tuple:
    what: list[Any] = [type(op), op.span]
    if isinstance(op, Call):
        what += [id(op.fn), op.unpacks, _tree(op.args, numbers), _tree(op.kwargs, numbers)]
    else:
        what += [_tree(op.inputs, numbers), getattr(op, "exits", None)]
    if isinstance(op, For):
        what += [op.backwards, op.slots is None]
    elif isinstance(op, Invoke):
        what.append(id(op.callee))
    elif isinstance(op, Raise):
        what += [op.exception is None, op.cause is None]
    inner = tuple([_region(region, numbers) for region in op.regions])
    return (*what, inner, tuple([_define(v, numbers) for v in op.outputs]))


def _tree(tree: Any, numbers: dict[Value, int]) -> Hashable:
    if isinstance(tree, Const):
        value = tree.value
        plain = isinstance(value, (bool, int, float, complex, str, bytes, type(None)))
        return "const", type(value), repr(value) if plain else id(value)
    if isinstance(tree, Value):
        return numbers.get(tree, tree)
    if isinstance(tree, (tuple, list)):
        return (type(tree), *[_tree(item, numbers) for item in tree])
    if isinstance(tree, dict):
        return "dict", *[(name, _tree(item, numbers)) for name, item in tree.items()]
    if isinstance(tree, slice):
        return "slice", *[_tree(part, numbers) for part in (tree.start, tree.stop, tree.step)]
    return type(tree), id(tree)
