"""Dicts of numbers whose keys depend on the run: compiled code has to know the kinds of their keys from the start.

Before -> after: `index = {}; index[k] = 3` -> `index = empty_dict(0, 0); index[k] = 3`, for an integer `k`.
"""

from __future__ import annotations

import operator
from typing import Any

from srcgrad.analysis.alias import Aliases
from srcgrad.ir.nodes import Call, Const, Function, Op, Value, walk
from srcgrad.ir.types import STR, Dict, PyScalar, Tuple, Type
from srcgrad.jit import helpers
from srcgrad.jit.kernel import not_jitable
from srcgrad.rules.registry import hashable

_KEYED = frozenset([operator.getitem, operator.setitem, operator.delitem, operator.contains, dict.pop, dict.get])
_EXAMPLES = {"b": False, "i": 0, "f": 0.0, "c": 0j}


def type_dicts(functions: list[Function]) -> None:
    """Tells the kinds of keys and values of dicts where these are made.

    Args:
        functions: they are changed.

    Raises:
        NotJitableError: if the keys of one dict are of several kinds, or of one that is not known.
    """
    made = [op for f in functions for op in walk(f.body) if _makes_dict(op)]
    if not made:
        return
    aliases = Aliases(functions)
    keys: dict[Any, dict[Any, Op]] = {}
    for function in functions:
        for op in walk(function.body):
            if isinstance(op, Call) and hashable(op.fn) and op.fn in _KEYED and _is_dict(op.args[0]):
                keys.setdefault(aliases.find(op.args[0]), {})[_example_of(op.args[1], op)] = op
    for op in made:
        _spell_out(op, keys.get(aliases.find(op.outputs[0]), {}))


def _is_dict(value: Any) -> bool:
    return isinstance(value, Value) and isinstance(value.type, Dict)


def _makes_dict(op: Op) -> bool:
    return isinstance(op, Call) and op.fn is dict and len(op.outputs) == 1 and isinstance(op.outputs[0].type, Dict)


def _spell_out(op: Op, keys: dict[Any, Op]) -> None:
    assert isinstance(op, Call) and op.parent is not None
    made = op.outputs[0]
    assert isinstance(made.type, Dict)
    entries: dict[Any, Any] = op.args[0] if op.args else {}
    examples = dict.fromkeys([*keys, *[_example_of(Const(key), op) for key in entries]])
    if len({(type(key), key) for key in examples}) > 1:
        raise not_jitable(op, "the keys of this dict are of several kinds, which can't be compiled by Numba")
    key = next(iter(examples), 0)
    item = made.type.item
    if not isinstance(item, PyScalar):
        raise not_jitable(op, "a dict of other values than numbers can't be compiled by Numba")
    op.fn, op.args = helpers.empty_dict, (Const(key), Const(_EXAMPLES[item.kind]))
    stores: list[Op] = [Call(operator.setitem, (made, Const(k), v), {}, [], op.span) for k, v in entries.items()]
    place = op.parent.ops.index(op) + 1
    op.parent.ops[place:place] = stores
    for store in stores:
        store.parent, store.mirror = op.parent, op.mirror


def _example_of(key: Any, op: Op) -> Any:
    """A key of the same kind."""
    if isinstance(key, tuple):
        return tuple([_example_of(item, op) for item in key])
    if isinstance(key, Const) and isinstance(key.value, tuple):
        return tuple([_example_of(Const(item), op) for item in key.value])
    found = _example_for(key.type) if isinstance(key, Value) else None
    if found is None:
        raise not_jitable(op, "a dict with such keys can't be compiled by Numba")
    return found


def _example_for(t: Type) -> Any:
    if isinstance(t, PyScalar):
        # In Python, True is the key 1, and 1.0 too.
        return _EXAMPLES[t.kind] if t.kind in "if" else None
    if isinstance(t, Tuple):
        items = [_example_for(item) for item in t.items]
        return None if any(item is None for item in items) else tuple(items)
    return "" if t == STR else None
