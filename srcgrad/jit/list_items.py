"""Whole numbers in lists that get other numbers later: compiled lists have items of one kind, that of the first one.

Before -> after: `y = [0] * n; y[i] = 2.5 * x[i]` -> `y = [0.0] * n; y[i] = 2.5 * x[i]`. Where it is not known what else
a list gets, an item of another kind is refused: compiled code would cut it to a whole number.
"""

from __future__ import annotations

import operator
from typing import Any

from srcgrad.analysis.alias import Aliases
from srcgrad.ir.nodes import Call, Const, Function, Invoke, Op, Region, Value, map_tree, walk
from srcgrad.ir.types import List, NpScalar, Pointer, PyScalar, Type
from srcgrad.jit import helpers
from srcgrad.jit.kernel import not_jitable
from srcgrad.jit.types import is_compilable, kind_of
from srcgrad.rules.registry import hashable

_PUTS: dict[Any, int] = {list.append: 1, list.insert: 2, operator.setitem: 2}
"""What puts an item into its first argument -> which argument that is."""


def cast_items(functions: list[Function]) -> None:
    """Makes floats of whole numbers in lists of floats.

    Args:
        functions: they are changed.

    Raises:
        NotJitableError: if a list of which no kind is known gets numbers of several kinds.
    """
    for function in functions:
        for region in [function.body, *[r for op in walk(function.body) for r in op.regions]]:
            region.ops = [new for op in region.ops for new in _with_casts(op, region)]
    _refuse_mixtures(functions)


def type_empty_lists(function: Function) -> None:
    """Says what lists are for that begin without items, and get them in other functions.

    Args:
        function: it is changed.
    """
    ops = list(walk(function.body))
    given = {v for op in ops if isinstance(op, Invoke) for v in op.args}
    for op in ops:
        if not isinstance(op, Call) or op.fn is not list or op.args or op.outputs[0] not in given:
            continue
        item = op.outputs[0].type.item if isinstance(op.outputs[0].type, List) else None
        may_be_none = isinstance(item, Pointer) and item.or_none
        if isinstance(item, (PyScalar, NpScalar)) and not may_be_none and is_compilable(item):
            kind = kind_of(item)
            assert kind is not None
            op.fn, op.args = helpers.no_items, (Const(kind.type), Const(None), Const(False))


def _with_casts(op: Op, region: Region) -> list[Op]:
    if not isinstance(op, Call) or not hashable(op.fn):
        return [op]
    before: list[Op] = []

    def cast(value: Value) -> Value:
        if not _is_whole(value.type):
            return value
        if isinstance(value, Const):
            return Const(float(value.value))
        made = Value(PyScalar("f"), value.hint, value.span)
        call = Call(float, (value,), {}, [made], op.span)
        call.mirror, call.parent = op.mirror, region
        before.append(call)
        return made

    if op.fn is list and op.args and isinstance(op.args[0], (list, tuple)) and _holds_floats(op.outputs[0].type):
        op.args = (map_tree(cast, op.args[0]), *op.args[1:])
    elif op.fn in _PUTS and not op.kwargs and _holds_floats(getattr(op.args[0], "type", None)):
        place = _PUTS[op.fn]
        if isinstance(op.args[place], Value):
            op.args = (*op.args[:place], cast(op.args[place]), *op.args[place + 1 :])
    return [*before, op]


def _is_whole(t: Type) -> bool:
    return isinstance(t, PyScalar) and t.kind in "bi"


def _is_float(t: Type | None) -> bool:
    return (isinstance(t, PyScalar) and t.kind == "f") or (isinstance(t, NpScalar) and t.dtype.kind == "f")


def _holds_floats(t: Type | None) -> bool:
    return isinstance(t, List) and _is_float(t.item)


def _refuse_mixtures(functions: list[Function]) -> None:
    """Refuses lists that are made of whole numbers and get floats, where types do not say so."""
    puts = [(op, v) for f in functions for op in walk(f.body) for v in _items(op)]
    if not any(_is_whole(v.type) for _, v in puts) or not any(_is_float(v.type) for _, v in puts):
        return
    aliases = Aliases(functions)
    whole = {aliases.find(_holder(op)) for op, v in puts if _is_whole(v.type)}
    for op, v in puts:
        if _is_float(v.type) and aliases.find(_holder(op)) in whole:
            raise not_jitable(op, "a list of whole numbers gets a float here, which can't be compiled: begin with 0.0")


def _items(op: Op) -> list[Value]:
    """What an operation puts into a list."""
    if not isinstance(op, Call) or not hashable(op.fn) or op.kwargs:
        return []
    if op.fn is list and op.args and isinstance(op.args[0], (list, tuple)):
        return [v for v in op.args[0] if isinstance(v, Value)]
    if op.fn in _PUTS and isinstance(getattr(op.args[0], "type", None), List):
        item = op.args[_PUTS[op.fn]]
        return [item] if isinstance(item, Value) else []
    return []


def _holder(op: Op) -> Value:
    assert isinstance(op, Call)
    return op.outputs[0] if op.fn is list else op.args[0]
