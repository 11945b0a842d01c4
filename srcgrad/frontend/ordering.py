"""`sorted`, `list.sort`, and `min` and `max` of what a key rates: which item goes where is told by the run."""

from __future__ import annotations

import bisect
import functools
import heapq
import random
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.frontend import library_stand_ins, stand_ins
from srcgrad.frontend.access import length, runtime_list, subscript
from srcgrad.frontend.builtin_calls import collect, make_list
from srcgrad.frontend.folding import as_symbol
from srcgrad.frontend.handlers import BUILTINS, handles
from srcgrad.frontend.iteration import item_getter, iterate, iterator_length
from srcgrad.frontend.list_kinds import is_open, new_list
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.snapshots import leaf_names, leaves, restored, same_structure, share, snapshot, with_leaves
from srcgrad.frontend.values import NOT_CONSTANT, Iterator, Reference, Sequence, Symbol, constant
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import FLOAT, INT, STR, Array, List, Tuple, Type, is_scalar


@handles(sorted)
def _sorted(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    source = args[0]
    iterator = iterate(lo, source)
    if iterator.drive is not None or (iterator.items is None and not isinstance(source, Value)):
        source = collect(lo, iterator)
        iterator = iterate(lo, source)
    if isinstance(source, Value) and is_open(lo, lo.list_sites.get(source)):
        return lo.not_known_yet()
    key, reverse = kwargs.get("key", Const(None)), kwargs.get("reverse", Const(False))
    site = (*lo.site("sorted"), lo.span)
    if constant(key) is None and constant(reverse) is not NOT_CONSTANT and _are_numbers(lo, source, iterator):
        return _sorted_numbers(lo, source, iterator, bool(constant(reverse)))
    if iterator.items is not None:
        return new_list(lo, _in_order(lo, iterator.items, key, reverse), site)
    items = source if isinstance(source, Value) else lo.value(collect(lo, iterator))
    keys: Symbol = items
    if constant(key) is not None:
        get = item_getter(lo, iterate(lo, items))
        rate = Iterator(length=lambda: lo.value(length(lo, items)), item=lambda k: lo.call(key, [get(k)], {}))
        keys = collect(lo, rate, "keys")
    order = _order(lo, keys, reverse)
    chosen = Iterator(
        length=lambda: lo.value(length(lo, order)), item=lambda k: subscript(lo, items, subscript(lo, order, k))
    )
    return collect(lo, chosen, "ordered")


def _are_numbers(lo: Lowering, source: Symbol, iterator: Iterator) -> bool:
    """Whether NumPy sorts the items as Python does."""
    if iterator.items is not None:
        return bool(iterator.items) and all(
            isinstance(item, Value) and not isinstance(item, Const) and is_scalar(item.type) for item in iterator.items
        )
    assert isinstance(source, Value)
    if isinstance(source.type, Array):
        return source.type.shape is not None and len(source.type.shape) == 1
    return not isinstance(source.type, List) or is_scalar(source.type.item)


def _sorted_numbers(lo: Lowering, source: Symbol, iterator: Iterator, reverse: bool) -> Symbol:
    array = source
    if not (isinstance(array, Value) and isinstance(array.type, Array)):
        items = collect(lo, iterator)
        if isinstance(items, Value) and is_open(lo, lo.list_sites.get(items)):
            return lo.not_known_yet()
        if isinstance(items, Value) and isinstance(items.type, List) and _is_passive(items.type.item):
            return lo.emit_typed(sorted, (items,), {"reverse": Const(True)} if reverse else {}, items.type)
        if isinstance(items, Value) and not (isinstance(items.type, List) and is_scalar(items.type.item)):
            lo.unsupported("sorting anything but numbers is not supported yet", "give sorted(...) a key")
        # NumPy would sort complex numbers, which powers of Python's negative numbers are.
        array = lo.emit(np.array, items, **({"dtype": Const(float)} if _are_floats(lo, items) else {}))
    ordered = lo.emit(np.sort, array)
    if reverse:
        ordered = subscript(lo, ordered, slice(None, None, Const(-1)))
    if iterator.items is not None:
        found = tuple(subscript(lo, ordered, Const(k)) for k in range(len(iterator.items)))
        return new_list(lo, found, (*lo.site("sorted"), lo.span))
    return make_list(lo, [ordered], {})


def _are_floats(lo: Lowering, items: Symbol) -> bool:
    """Whether a list holds Python's floats alone."""
    found = iterate(lo, items)
    if found.items is not None:
        return all(isinstance(item, Value) and item.type == FLOAT for item in found.items)
    return isinstance(items, Value) and isinstance(items.type, List) and items.type.item == FLOAT


def _is_passive(t: Type) -> bool:
    """Whether nothing differentiable is in values of a type."""
    return all(map(_is_passive, t.items)) if isinstance(t, Tuple) else t == STR or not t.differentiable


def _in_order(lo: Lowering, items: tuple[Symbol, ...], key: Symbol, reverse: Symbol) -> tuple[Symbol, ...]:
    """The items of a list of known length, sorted."""
    keys = list(items) if constant(key) is None else [lo.call(key, [item], {}) for item in items]
    if len(items) < 2:
        return items
    known = [_decisive(k) for k in keys]
    backwards = constant(reverse)
    if NOT_CONSTANT not in known and backwards is not NOT_CONSTANT and _all_differ(known, keys):
        places = range(len(items))
        order = lo.known(functools.partial(sorted, key=known.__getitem__, reverse=bool(backwards)), places)
        return tuple([items[k] for k in order])
    for k in keys:
        if isinstance(k, Reference) and k.cls not in (list,):
            lo.unsupported(f"sorting objects of {k.cls.__name__} by their own order is not supported", "give a key")
    order = _order(lo, Sequence(tuple(keys)), reverse)
    choose = chooser(lo, items)
    return tuple([choose(lo.value(subscript(lo, order, Const(k)))) for k in range(len(items))])


def _decisive(key: Symbol) -> Any:
    """What is known of a key of sorting: all of it, or the first item of a tuple."""
    whole = constant(key)
    if whole is NOT_CONSTANT and isinstance(key, Sequence) and key.items:
        return constant(key.items[0])
    return whole


def _all_differ(known: list[Any], keys: list[Symbol]) -> bool:
    """Whether what is known of the keys decides their order."""
    return all(constant(key) is not NOT_CONSTANT for key in keys) or all(
        a != b for k, a in enumerate(known) for b in known[:k]
    )


def _order(lo: Lowering, keys: Symbol, reverse: Symbol) -> Value:
    """The places of the items with these keys, from the first to the last: a run-time list of integers."""
    tree = lo.tree(keys)
    arguments = (tree,) if constant(reverse) is False else (tree, lo.value(reverse))
    return lo.value(lo.emit_typed(runtime.order_of, arguments, {}, List(INT)))


@handles(runtime.order_of)
def _order_of(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return _order(lo, args[0], args[1] if len(args) > 1 else Const(False))


def chooser(lo: Lowering, items: tuple[Symbol, ...]) -> Any:
    """What gives one of several items of one structure, by an index that depends on the run."""
    shots = [snapshot(lo, item, {}) for item in items]
    if not all(same_structure(shots[0], other) for other in shots[1:]):
        lo.unsupported(
            "which of several things of different structure this is depends on the run",
            "give all of them the same keys, fields and lengths",
        )
    share(lo, tuple(shots))
    columns = list(zip(*[leaves(shot) for shot in shots], strict=True))
    names = leaf_names(shots[0], None)
    lists: dict[int, Value] = {}

    def choose(index: Value) -> Symbol:
        chosen: list[Value] = []
        for k, column in enumerate(columns):
            if all(value is column[0] or _same_constant(value, column[0]) for value in column):
                chosen.append(column[0])
                continue
            if k not in lists:
                lists[k] = runtime_list(lo, column)
            with lo.trusted():
                chosen.append(lo.value(subscript(lo, lists[k], index), names[k]))
        return restored(lo, with_leaves(shots[0], iter(chosen)))

    return choose


def _same_constant(a: Value, b: Value) -> bool:
    return isinstance(a, Const) and isinstance(b, Const) and type(a.value) is type(b.value) and bool(a.value == b.value)


@handles(list.sort)
def _list_sort(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target = args[0]
    ordered = lo.call(Const(sorted), [target], kwargs)
    if isinstance(target, Reference) and isinstance(ordered, Reference):
        lo.change(target, lo.contents(ordered))
        return Const(None)
    with lo.trusted():
        return lo.call(Const(stand_ins.sort), [target, ordered], {})


def extreme_by_key(lo: Lowering, fn: Any, iterator: Iterator, key: Symbol) -> Symbol:
    """`min` or `max` of items whose number depends on the run: the first one that the key rates best."""
    items = collect(lo, iterator)
    get = item_getter(lo, iterate(lo, items))
    count = iterator_length(lo, iterate(lo, items))
    rate = Iterator(length=lambda: count, item=lambda k: lo.call(key, [get(k)], {}))
    keys = lo.value(collect(lo, rate, "keys"))
    assert isinstance(keys.type, List)
    best = lo.value(lo.emit_typed(fn, (keys,), {}, keys.type.item))
    return subscript(lo, items, lo.value(lo.emit_typed(list.index, (keys, best), {}, INT)))


# What keeps lists in order


def _reorder(fn: Any) -> Any:
    """A function that changes the order of a list: of one whose items are known, when the program is compiled."""

    def handler(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
        target = args[0]
        given = [constant(arg) for arg in args[1:]]
        is_list = isinstance(target, Reference) and target.cls is list
        items = [constant(item) for item in lo.contents(target)] if isinstance(target, Reference) and is_list else []
        known = is_list and not kwargs and NOT_CONSTANT not in (*items, *given)
        if not known and fn in library_stand_ins.ON_LISTS and not kwargs and len(args) <= 2:
            return lo.call(Const(library_stand_ins.ON_LISTS[fn]), args, {})
        if not known or fn is random.shuffle:
            lo.unsupported(f"{fn.__name__} changes the order of a list, which is not supported", "use sorted(...)")
        result = lo.known(fn, items, *given)
        lo.change(target, tuple([_symbol(item) for item in items]))  # type: ignore[arg-type]
        return _symbol(result)

    return handler


def _symbol(value: Any) -> Symbol:
    found = as_symbol(value)
    return Const(value) if found is None else found


for _fn in (
    *(bisect.insort, bisect.insort_left, bisect.insort_right, random.shuffle),
    *(heapq.heappush, heapq.heappop, heapq.heapify, heapq.heappushpop, heapq.heapreplace),
):
    BUILTINS[_fn] = _reorder(_fn)
