"""Built-in functions and methods of containers, which mostly work on structure known at compile time."""

from __future__ import annotations

import ast
import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.frontend.expressions import (
    attribute,
    binary,
    dict_item,
    expression,
    known_items,
    length,
    new_list,
    static_key,
    subscript,
)
from srcgrad.frontend.expressions import shape as shape_symbol
from srcgrad.frontend.iteration import (
    enumerate_iterator,
    iterate,
    iterator_length,
    range_iterator,
    reversed_iterator,
    zip_iterator,
)
from srcgrad.frontend.lowering import NEXT, Lowering, Outcome
from srcgrad.frontend.statements import set_item
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import Bound, Closure, Frame, Iterator, Reference, Sequence, Symbol, constant
from srcgrad.ir.nodes import UNDEFINED, Const, Value
from srcgrad.ir.types import BOOL, INT, Array, Dict, List, NpScalar, Opaque, PyScalar, Tuple, Unknown, is_scalar, shape_of

Handler = Callable[[Lowering, list[Symbol], dict[str, Symbol]], Symbol]
BUILTINS: dict[Any, Handler] = {}


def handles(*objects: Any) -> Callable[[Handler], Handler]:
    """Declares the handler of built-in callables."""

    def decorate(handler: Handler) -> Handler:
        for obj in objects:
            BUILTINS[obj] = handler
        return handler

    return decorate


@handles(len)
def _len(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return length(lo, args[0])


@handles(np.shape)
def _np_shape(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    known = _static_shape(lo, args[0])
    if known is not None:
        return Sequence(tuple(Const(n) for n in known))
    return shape_symbol(lo, lo.value(args[0])) if isinstance(args[0], Value) else lo.emit(np.shape, args[0])


def _static_shape(lo: Lowering, symbol: Symbol) -> tuple[int, ...] | None:
    """The shape of nested sequences of numbers, of arrays of known shape."""
    if isinstance(symbol, Value):
        axes = shape_of(symbol.type)
        return axes if axes is not None and all(isinstance(axis, int) for axis in axes) else None
    if isinstance(symbol, Sequence) or isinstance(symbol, Reference) and symbol.cls is list:
        items = symbol.items if isinstance(symbol, Sequence) else lo.contents(symbol)
        shapes = {_static_shape(lo, item) for item in items}
        if len(shapes) == 1 and None not in shapes:
            return (len(items), *shapes.pop())
        return (0,) if not items else None
    return None


@handles(range)
def _range(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return range_iterator(lo, args)


@handles(enumerate)
def _enumerate(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    start = args[1] if len(args) > 1 else kwargs.get("start", Const(0))
    return enumerate_iterator(lo, args[0], start)


@handles(zip)
def _zip(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return zip_iterator(lo, args)


@handles(reversed)
def _reversed(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return reversed_iterator(lo, args[0])


@handles(map)
def _map(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    fn, *inners = args
    rows = zip_iterator(lo, inners)
    if rows.items is not None:
        return Iterator(tuple(lo.call(fn, list(row.items), {}) for row in rows.items if isinstance(row, Sequence)))

    def item(k: Value) -> Symbol:
        assert rows.item is not None
        row = rows.item(k)
        assert isinstance(row, Sequence)
        return lo.call(fn, list(row.items), {})

    return Iterator(length=rows.length, item=item)


def collect(lo: Lowering, iterator: Iterator) -> Symbol:
    """A list of the items of an iterator."""
    if iterator.items is not None:
        return lo.new_reference(list, iterator.items, lo.site("collected"))
    from srcgrad.frontend.loops import for_loop

    site = (*lo.site("collected"), lo.span)
    collected = new_list(lo, (), site)

    def body(item: Symbol) -> Outcome:
        lo.call(Const(list.append), [collected, item], {})
        return NEXT

    for_loop(lo, iterator, body, set(), site, None)
    return collected


@handles(list)
def _list(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    site = (*lo.site("list"), lo.span)
    if not args:
        return new_list(lo, (), site)
    source = args[0]
    if isinstance(source, Value) and isinstance(source.type, List):
        copied = lo.value(lo.emit_typed(list.copy, (source,), {}, source.type))
        if source in lo.list_sites:
            lo.list_sites[copied] = lo.list_sites[source]
        return copied
    iterator = iterate(lo, source)
    if iterator.items is not None:
        return new_list(lo, iterator.items, site)
    return collect(lo, iterator)


@handles(tuple)
def _tuple(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if not args:
        return Sequence(())
    iterator = iterate(lo, args[0])
    if iterator.items is None:
        items = args[0] if isinstance(args[0], Value) and isinstance(args[0].type, List) else collect(lo, iterator)
        return lo.emit_typed(tuple, (lo.value(items),), {}, Unknown())
    return Sequence(iterator.items)


@handles(set, frozenset)
def _set(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    items = known_items(lo, args[0]) if args else ()
    return lo.new_reference(set, items, None)


@handles(dict)
def _dict(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    entries: dict[Any, Symbol] = {}
    if args:
        if isinstance(args[0], Reference) and args[0].cls is dict:
            entries.update(lo.contents(args[0]))
        else:
            for pair in known_items(lo, args[0]):
                key, item = known_items(lo, pair)
                entries[static_key(lo, key)] = item
    entries.update(kwargs)
    return lo.new_reference(dict, tuple(entries.items()), None)


@handles(isinstance)
def _isinstance(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    classes = constant(args[1])
    known = _class_of(args[0])
    if known is None:
        return lo.emit_typed(isinstance, (lo.value(args[0]), lo.tree(args[1])), {}, BOOL)
    return Const(issubclass(known, classes))


@handles(type)
def _type(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    known = _class_of(args[0])
    if known is None:
        lo.unsupported("the type of this value is not known at compile time", "use isinstance")
    return Const(known)


def _class_of(symbol: Symbol) -> type | None:
    if isinstance(symbol, Sequence):
        return symbol.cls
    if isinstance(symbol, Reference):
        return symbol.cls
    if isinstance(symbol, Const):
        return type(symbol.value)
    if isinstance(symbol, Iterator):
        return range
    if isinstance(symbol, slice):
        return slice
    if isinstance(symbol, Value):
        t = symbol.type
        if isinstance(t, PyScalar):
            return {"b": bool, "i": int, "f": float, "c": complex}[t.kind]
        if isinstance(t, NpScalar):
            return t.dtype.type
        if isinstance(t, Array):
            return np.ndarray
        if isinstance(t, Opaque):
            return t.cls
        return {List: list, Dict: dict, Tuple: tuple}.get(type(t))
    return None


@handles(hasattr)
def _hasattr(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    known = _class_of(args[0])
    name = constant(args[1])
    if known is None or not isinstance(name, str):
        lo.unsupported("hasattr of this value is not known at compile time")
    if isinstance(args[0], Const):
        return Const(hasattr(args[0].value, name))
    return Const(hasattr(known, name))


@handles(getattr)
def _getattr(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    name = constant(args[1])
    if not isinstance(name, str):
        lo.unsupported("the name of this attribute depends on the run")
    if len(args) > 2 and isinstance(args[0], Const) and not hasattr(args[0].value, name):
        return args[2]
    return attribute(lo, args[0], name)


@handles(sum)
def _sum(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    start = args[1] if len(args) > 1 else kwargs.get("start", Const(0))
    symbol = args[0]
    if isinstance(symbol, Value) and isinstance(symbol.type, Array) and constant(start) == 0:
        return lo.emit(np.sum, symbol, axis=Const(0))
    iterator = iterate(lo, symbol)
    return _reduce(lo, iterator, start, lambda total, item: _plus(lo, total, item))


def _plus(lo: Lowering, total: Symbol, item: Symbol) -> Symbol:
    if isinstance(total, Const) and type(total.value) is int and total.value == 0 and _is_number(item):
        return item
    return binary(lo, operator.add, total, item)


def _is_number(symbol: Symbol) -> bool:
    return isinstance(symbol, Value) and (is_scalar(symbol.type) or isinstance(symbol.type, Array)) and symbol.type.differentiable


def _reduce(
    lo: Lowering, iterator: Iterator, start: Symbol, combine: Callable[[Symbol, Symbol], Symbol]
) -> Symbol:
    if iterator.items is not None:
        total = start
        for item in iterator.items:
            total = combine(total, item)
        return total
    from srcgrad.frontend.loops import for_loop

    site = (*lo.site("reduce"), lo.span)
    key = (site, "total")
    lo.store.set(key, start)

    def body(item: Symbol) -> Outcome:
        lo.store.set(key, combine(lo.store.get(key), item))
        return NEXT

    for_loop(lo, iterator, body, {key}, site, None)
    total = lo.store.get(key)
    lo.store.set(key, MISSING)
    return total


def _fold_sum(lo: Lowering, total: Symbol, item: Symbol) -> Symbol:
    return _plus(lo, total, item)


def _fold_any(lo: Lowering, total: Symbol, item: Symbol) -> Symbol:
    return lo.select(total, lambda: Const(True), lambda: _as_bool(lo, item))


def _fold_all(lo: Lowering, total: Symbol, item: Symbol) -> Symbol:
    return lo.select(total, lambda: _as_bool(lo, item), lambda: Const(False))


def _as_bool(lo: Lowering, symbol: Symbol) -> Symbol:
    truth = lo.truth(symbol)
    return Const(truth) if isinstance(truth, bool) else lo.emit(bool, truth)


FOLDS: dict[Any, tuple[Any, Callable[[Lowering, Symbol, Symbol], Symbol]]] = {
    sum: (0, _fold_sum),
    any: (False, _fold_any),
    all: (True, _fold_all),
}


def fold_call(lo: Lowering, fn: Any, node: Any, frame: Frame) -> Symbol:
    """`sum`, `any` or `all` over a generator expression: nothing is collected."""
    from srcgrad.frontend.comprehensions import fold_into
    from srcgrad.frontend.scope import comprehension_scope

    start, combine = FOLDS[fn]
    inner = Frame(frame.source, comprehension_scope(node, frame.scope), frame.globals, frame, {}, frame.class_name)
    inner.quiet, inner.function = frame.quiet, frame.function
    key = (lo.site(node), "total")
    lo.store.set(key, Const(start))

    def add() -> None:
        lo.store.set(key, combine(lo, lo.store.get(key), expression(lo, node.elt, inner)))

    fold_into(lo, node, inner, frame, add, {key})
    total = lo.store.get(key)
    lo.store.set(key, MISSING)
    return total


@handles(any)
def _any(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return _reduce(lo, iterate(lo, args[0]), Const(False), lambda t, i: _fold_any(lo, t, i))


@handles(all)
def _all(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return _reduce(lo, iterate(lo, args[0]), Const(True), lambda t, i: _fold_all(lo, t, i))


@handles(min)
def _min(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return _extreme(lo, min, operator.lt, args, kwargs)


@handles(max)
def _max(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return _extreme(lo, max, operator.gt, args, kwargs)


def _extreme(
    lo: Lowering, fn: Callable, better: Callable, args: list[Symbol], kwargs: dict[str, Symbol]
) -> Symbol:
    """Built-in `min` and `max` choose one of their arguments, by a branch."""
    key = kwargs.get("key")
    items: list[Symbol] | tuple[Symbol, ...] = args
    if len(args) == 1:
        symbol = args[0]
        if isinstance(symbol, Value) and isinstance(symbol.type, Array) and key is None:
            return lo.emit(np.max if fn is max else np.min, symbol)
        iterator = iterate(lo, symbol)
        if iterator.items is None:
            return _extreme_of_list(lo, fn, symbol, iterator, key)
        items = iterator.items
        if not items and "default" in kwargs:
            return kwargs["default"]
    if not items:
        lo.unsupported(f"{fn.__name__}() of nothing")
    if key is None and all(isinstance(i, Const) for i in items):
        return Const(fn([i.value for i in items if isinstance(i, Const)]))
    if key is None and all(isinstance(i, Value) and i.type == INT for i in items):
        return lo.emit(fn, *items)
    best = items[0]
    rating = best if key is None else lo.call(key, [best], {})
    for item in items[1:]:
        candidate = item if key is None else lo.call(key, [item], {})
        test = lo.emit(better, candidate, rating)
        pair = lo.select(
            test,
            lambda item=item, candidate=candidate: Sequence((item, candidate)),
            lambda best=best, rating=rating: Sequence((best, rating)),
        )
        assert isinstance(pair, Sequence)
        best, rating = pair.items
    return best


def _extreme_of_list(lo: Lowering, fn: Callable, symbol: Symbol, iterator: Iterator, key: Symbol | None) -> Symbol:
    items = symbol if isinstance(symbol, Value) else collect(lo, iterator)
    if key is not None:
        lo.unsupported(f"{fn.__name__}(..., key=) of a list whose length depends on the run is not supported yet")
    if isinstance(items, Reference):
        lo.demote(items)
    best = lo.emit_typed(fn, (lo.value(items),), {}, _item_type(items))
    place = lo.emit_typed(list.index, (lo.value(items), lo.value(best)), {}, INT)
    return subscript(lo, items, place)


def _item_type(symbol: Symbol) -> Any:
    assert isinstance(symbol, Value) and isinstance(symbol.type, List)
    return symbol.type.item


@handles(filter)
def _filter(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    fn, inner = args
    iterator = iterate(lo, inner)
    site = (*lo.site("filter"), lo.span)
    kept = new_list(lo, (), site)

    def visit(item: Symbol) -> Outcome:
        truth = lo.truth(item if constant(fn) is None else lo.call(fn, [item], {}))
        if isinstance(truth, bool):
            return keep(item) if truth else NEXT
        return lo.join_branches(truth, lo.branch(lambda: keep(item)), lo.branch(lambda: NEXT))

    def keep(item: Symbol) -> Outcome:
        lo.call(Const(list.append), [kept, item], {})
        return NEXT

    if iterator.items is not None:
        for item in iterator.items:
            visit(item)
    else:
        from srcgrad.frontend.loops import for_loop

        for_loop(lo, iterator, visit, set(), site, None)
    return kept


@handles(sorted)
def _sorted(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    iterator = iterate(lo, args[0])
    if kwargs:
        lo.unsupported("sorted(...) with a key or reverse is not supported yet", "use np.argsort and index with it")
    if iterator.items is not None and all(isinstance(item, Const) for item in iterator.items):
        ordered = sorted(item.value for item in iterator.items if isinstance(item, Const))
        return new_list(lo, tuple(Const(value) for value in ordered), (*lo.site("sorted"), lo.span))
    if iterator.items is not None and not all(isinstance(item, Value) for item in iterator.items):
        lo.unsupported("sorting anything but numbers is not supported yet")
    array = args[0]
    if not (isinstance(array, Value) and isinstance(array.type, Array)):
        array = lo.emit(np.array, collect(lo, iterator))
    ordered_array = lo.emit(np.sort, array)
    if iterator.items is not None:
        items = tuple(subscript(lo, ordered_array, Const(k)) for k in range(len(iterator.items)))
        return new_list(lo, items, (*lo.site("sorted"), lo.span))
    return _list(lo, [ordered_array], {})


@handles(np.ndindex)
def _ndindex(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    lengths = list(known_items(lo, args[0])) if len(args) == 1 and not is_integer(args[0]) else args
    total: Symbol = Const(1)
    for n in lengths:
        total = lo.emit(operator.mul, total, n)

    def item(k: Value) -> Symbol:
        parts: list[Symbol] = []
        rest: Symbol = k
        for n in reversed(lengths):
            parts.append(lo.emit(operator.mod, rest, n))
            rest = lo.emit(operator.floordiv, rest, n)
        return Sequence(tuple(parts[::-1]))

    return Iterator(length=lambda: lo.value(total), item=item)


def is_integer(symbol: Symbol) -> bool:
    """Whether a symbol is a Python integer."""
    return isinstance(symbol, Value) and isinstance(symbol.type, PyScalar) and symbol.type.kind == "i"


@handles(math.log)
def _log(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if len(args) == 1:
        return lo.emit(math.log, args[0])
    return lo.emit(operator.truediv, lo.emit(math.log, args[0]), lo.emit(math.log, args[1]))


@handles(eval, exec, compile, globals, locals, vars, setattr, delattr, open, input, __import__, iter, next, super)
def _not_here(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    lo.unsupported("this built-in function is not supported in a differentiated function")


@handles(print)
def _print(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    trees = tuple([lo.tree(arg) for arg in args])
    from srcgrad.ir.nodes import Call

    lo.append(Call(print, trees, {name: lo.tree(arg) for name, arg in kwargs.items()}, [], lo.span))
    return Const(None)


@handles(functools.reduce)
def _functools_reduce(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    fn, symbol, *initial = args
    iterator = iterate(lo, symbol)
    if iterator.items is not None:
        items = list(initial) + list(iterator.items)
        total = items[0]
        for item in items[1:]:
            total = lo.call(fn, [total, item], {})
        return total
    if not initial:
        lo.unsupported("functools.reduce over a sequence of unknown length needs an initial value")
    return _reduce(lo, iterator, initial[0], lambda total, item: lo.call(fn, [total, item], {}))


@handles(functools.partial)
def _partial(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return Bound(args[0], tuple(args[1:]), kwargs)


@handles(callable)
def _callable(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return Const(isinstance(args[0], (Closure, Bound)) or isinstance(args[0], Const) and callable(args[0].value))


@handles(slice)
def _slice(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    parts = [None if constant(a) is None else a for a in args]
    return slice(*parts)


# Methods of lists


@handles(list.append)
def _append(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, item = args
    if isinstance(target, Reference):
        lo.change(target, (*lo.contents(target), item))
        return Const(None)
    value = lo.value(target)
    element = lo.value(item)
    if element.type is not None and not (isinstance(element, Const) and element.value is UNDEFINED):
        lo.list_item_type(value, element.type)
    lo.effect(list.append, value, element)
    return Const(None)


@handles(list.extend)
def _extend(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, more = args
    iterator = iterate(lo, more)
    if isinstance(target, Reference):
        if iterator.items is None:
            lo.demote(target)
        lo.change(target, lo.contents(target) + iterator.items)
        return Const(None)
    if iterator.items is not None:
        for item in iterator.items:
            _append(lo, [target, item], {})
        return Const(None)
    from srcgrad.frontend.loops import for_loop

    def body(item: Symbol) -> Outcome:
        _append(lo, [target, item], {})
        return NEXT

    for_loop(lo, iterator, body, set(), (*lo.site("extend"), lo.span), None)
    return Const(None)


@handles(list.pop)
def _pop(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target = args[0]
    place = args[1] if len(args) > 1 else Const(-1)
    if isinstance(target, Reference):
        k = constant(place)
        contents = list(lo.contents(target))
        if not isinstance(k, int):
            lo.demote(target)
        if not contents:
            lo.demote(target)
        item = contents.pop(k)
        lo.change(target, tuple(contents))
        return item
    value = lo.value(target)
    assert isinstance(value.type, List)
    return lo.emit_typed(list.pop, (value, *[lo.value(a) for a in args[1:]]), {}, value.type.item)


@handles(list.insert)
def _insert(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, place, item = args
    k = constant(place)
    if not isinstance(target, Reference):
        value, element = lo.value(target), lo.value(item)
        lo.list_item_type(value, element.type)
        lo.effect(list.insert, value, place, element)
        return Const(None)
    if not isinstance(k, int):
        lo.demote(target)
    contents = list(lo.contents(target))
    contents.insert(k, item)
    lo.change(target, tuple(contents))
    return Const(None)


@handles(list.copy)
def _copy(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return _list(lo, args, kwargs)


@handles(list.reverse)
def _reverse(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target = args[0]
    if not isinstance(target, Reference):
        lo.effect(list.reverse, target)
        return Const(None)
    lo.change(target, lo.contents(target)[::-1])
    return Const(None)


@handles(list.clear)
def _clear(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if not isinstance(args[0], Reference):
        lo.unsupported("clearing a list whose length depends on the run is not supported yet", "make a new list")
    lo.change(args[0], ())
    return Const(None)


# Methods of dicts


def _entries(lo: Lowering, symbol: Symbol) -> tuple:
    if not isinstance(symbol, Reference):
        lo.unsupported("the keys of this dict are not known at compile time")
    return lo.contents(symbol)


@handles(dict.items)
def _items(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    keys = iterate(lo, args[0]).items or ()
    entries = _entries(lo, args[0])
    return Iterator(tuple(Sequence((key, item)) for key, (_, item) in zip(keys, entries, strict=True)))


@handles(dict.keys)
def _keys(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return iterate(lo, args[0])


@handles(dict.values)
def _values(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return Iterator(tuple(item for _, item in _entries(lo, args[0])))


@handles(dict.get)
def _get(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    key = static_key(lo, args[1])
    if any(name == key for name, _ in _entries(lo, args[0])):
        assert isinstance(args[0], Reference)
        return dict_item(lo, args[0], key)
    return args[2] if len(args) > 2 else Const(None)


@handles(dict.update)
def _update(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    more = dict(_entries(lo, args[1])) if len(args) > 1 else {}
    lo.change(args[0], tuple({**dict(_entries(lo, args[0])), **more, **kwargs}.items()))
    return Const(None)


@handles(dict.copy)
def _dict_copy(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return lo.new_reference(dict, _entries(lo, args[0]), None)


@handles(dict.pop)
def _dict_pop(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    key = static_key(lo, args[1])
    entries = dict(_entries(lo, args[0]))
    if key not in entries and len(args) > 2:
        return args[2]
    item = dict_item(lo, args[0], key)  # type: ignore[arg-type]
    del entries[key]
    lo.change(args[0], tuple(entries.items()))
    return item


@handles(dict.setdefault)
def _setdefault(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    key = static_key(lo, args[1])
    entries = dict(_entries(lo, args[0]))
    entries.setdefault(key, args[2])
    lo.change(args[0], tuple(entries.items()))
    return entries[key]


@handles(set.add)
def _set_add(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, item = args
    assert isinstance(target, Reference)
    known = [constant(part) for part in lo.contents(target)]
    if constant(item) not in known:
        lo.change(target, (*lo.contents(target), item))
    return Const(None)


# Methods of arrays that write


@handles(np.ndarray.fill)
def _fill(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    set_item(lo, args[0], Const(Ellipsis), args[1])
    return Const(None)


@handles(np.copyto)
def _copyto(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if len(args) != 2 or kwargs:
        lo.unsupported("np.copyto with more than two arguments is not supported yet")
    set_item(lo, args[0], Const(Ellipsis), args[1])
    return Const(None)


@handles(np.ndarray.sort)
def _sort_in_place(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if len(args) != 1 or kwargs:
        lo.unsupported("sorting in place with options is not supported yet", "use np.sort")
    set_item(lo, args[0], Const(Ellipsis), lo.emit(np.sort, args[0]))
    return Const(None)


@handles(np.add.at)
def _add_at(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    lo.effect(np.add.at, *args)
    return Const(None)


def _refuse(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    lo.unsupported("this function writes to its argument, which is not supported yet")


for _writer in (np.fill_diagonal, np.put, np.place, np.putmask, np.put_along_axis, np.ndarray.partition):
    BUILTINS[_writer] = _refuse

__all__ = ["BUILTINS", "FOLDS", "Dict", "Unknown", "ast", "collect", "fold_call", "iterator_length"]
