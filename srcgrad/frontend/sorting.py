"""`sorted` and `list.sort`: by NumPy, and by keys where there are some."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcgrad.frontend.access import subscript
from srcgrad.frontend.builtin_calls import collect, make_list
from srcgrad.frontend.expressions import new_list
from srcgrad.frontend.handlers import handles
from srcgrad.frontend.helper_calls import inline
from srcgrad.frontend.iteration import iterate
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Iterator, Reference, Symbol, constant
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import Array, List, NpScalar, PyScalar, is_scalar


@handles(sorted)
def _sorted(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    iterator = iterate(lo, args[0])
    key, reverse = kwargs.get("key", Const(None)), constant(kwargs.get("reverse", Const(False)))
    if not isinstance(reverse, (bool, int)):
        lo.unsupported("whether this is sorted in reverse depends on the run", "write an `if`")
    site = (*lo.site("sorted"), lo.span)
    if constant(key) is not None:
        return _by_keys(lo, args[0], iterator, key, bool(reverse), site)
    if iterator.items is not None and all(isinstance(item, Const) for item in iterator.items):
        ordered = sorted((item.value for item in iterator.items if isinstance(item, Const)), reverse=bool(reverse))
        return new_list(lo, tuple(Const(value) for value in ordered), site)
    numbers = iterator.items is None or all(
        isinstance(item, Value) and not isinstance(item.type, Array) for item in iterator.items
    )
    if not numbers:
        lo.unsupported("sorting anything but numbers needs a key here", "sorted(items, key=...)")
    array = args[0]
    if not (isinstance(array, Value) and isinstance(array.type, Array)):
        items = collect(lo, iterator)
        if isinstance(items, Value) and not (isinstance(items.type, List) and is_scalar(items.type.item)):
            lo.unsupported("sorting anything but numbers needs a key here", "sorted(items, key=...)")
        array = lo.emit(np.array, items)
    ordered_array = lo.emit(np.sort, array)
    if reverse:
        ordered_array = subscript(lo, ordered_array, slice(None, None, Const(-1)))
    if iterator.items is not None:
        items = tuple(subscript(lo, ordered_array, Const(k)) for k in range(len(iterator.items)))
        return new_list(lo, items, site)
    return make_list(lo, [ordered_array], {})


def keys_of(items: Any, key: Any) -> Any:
    """What stands in the program where `sorted` asks for the keys: it is lowered, not called."""
    return [key(item) for item in items]


def in_order(items: Any, keys: Any) -> Any:
    """What stands in the program where `sorted` puts items in the order of their keys."""
    return [items[k] for k in np.argsort(keys, kind="stable")]


def in_reverse_order(items: Any, keys: Any) -> Any:
    """The same in reverse; items with equal keys stay as they are."""
    last = len(keys) - 1
    return [items[last - k] for k in np.argsort(keys[::-1], kind="stable")[::-1]]


def put_back(items: Any, ordered: Any) -> None:
    """What stands in the program where `list.sort` changes the list."""
    for k in range(len(ordered)):
        items[k] = ordered[k]


def _by_keys(lo: Lowering, symbol: Symbol, iterator: Iterator, key: Symbol, reverse: bool, site: Any) -> Symbol:
    if iterator.items is None:
        items = symbol if isinstance(symbol, Value) else collect(lo, iterator)
        keys = inline(lo, keys_of, [items, key], {})
        known = isinstance(keys, Value) and isinstance(keys.type, List) and _is_number(keys.type.item)
    else:
        found = [lo.call(key, [item], {}) for item in iterator.items]
        if all(isinstance(k, Const) for k in found):
            rank = sorted(range(len(found)), key=lambda k: constant(found[k]), reverse=reverse)
            return new_list(lo, tuple(iterator.items[k] for k in rank), site)
        items = new_list(lo, iterator.items, (*site, "items"))
        keys = lo.new_reference(list, tuple(found), None)
        known = all(isinstance(k, Value) and _is_number(k.type) for k in found)
    if not known:
        lo.unsupported("only numbers are known to be keys that can be sorted by", "sort several times, or by a sum")
    return inline(lo, in_reverse_order if reverse else in_order, [items, lo.emit(np.array, keys)], {})


def _is_number(t: Any) -> bool:
    return (isinstance(t, (PyScalar, NpScalar)) and t.differentiable) or (isinstance(t, PyScalar) and t.kind in "ib")


@handles(list.sort)
def _sort(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target = args[0]
    ordered = lo.call(Const(sorted), [target], kwargs)
    if isinstance(target, Reference) and isinstance(ordered, Reference):
        lo.change(target, lo.contents(ordered))
    else:
        if isinstance(target, Reference):
            lo.demote(target)
        inline(lo, put_back, [target, ordered], {})
    return Const(None)
