"""`sum`, `any`, `all`, `min`, `max` and `functools.reduce`: unrolled over known items, loops over all else."""

from __future__ import annotations

import ast
import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.frontend import driven
from srcgrad.frontend.access import subscript
from srcgrad.frontend.builtin_calls import collect
from srcgrad.frontend.exits import stays
from srcgrad.frontend.expressions import expression
from srcgrad.frontend.handlers import handles
from srcgrad.frontend.iteration import item_getter, iterate, shifted
from srcgrad.frontend.list_checks import require_items
from srcgrad.frontend.loops import for_each
from srcgrad.frontend.lowering import Lowering, is_undefined
from srcgrad.frontend.merging import NEXT, Outcome, select
from srcgrad.frontend.operators import binary, compare
from srcgrad.frontend.scope import comprehension_scope
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import Frame, Iterator, Reference, Rest, Sequence, Spread, Symbol, constant
from srcgrad.ir.nodes import UNDEFINED, Const, Value
from srcgrad.ir.types import INT, Array, List, PyScalar, is_scalar, rank


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
    return isinstance(symbol, Value) and is_scalar(symbol.type) and symbol.type.differentiable


def _reduce(lo: Lowering, iterator: Iterator, start: Symbol, combine: Callable[[Symbol, Symbol], Symbol]) -> Symbol:
    if iterator.items is not None:
        total = start
        for item in iterator.items:
            total = combine(total, item)
        return total
    site: tuple = (*lo.site("reduce"), lo.span)
    while lo.store.get((site, "total")) is not MISSING:
        # One sum in another, of the same place: `sum(map(sum, rows))`.
        site = ("inner", site)
    key = (site, "total")
    lo.store.set(key, start)

    def body(item: Symbol, rest: Rest | None = None) -> Outcome:
        lo.store.set(key, combine(lo.store.get(key), item))
        return NEXT

    for_each(lo, iterator, body, site, {key})
    total = lo.store.get(key)
    lo.store.set(key, MISSING)
    return total


def _fold_sum(lo: Lowering, total: Symbol, item: Symbol) -> Symbol:
    return _plus(lo, total, item)


def _fold_any(lo: Lowering, total: Symbol, item: Symbol) -> Symbol:
    return select(lo, total, lambda: Const(True), lambda: _as_bool(lo, item))


def _fold_all(lo: Lowering, total: Symbol, item: Symbol) -> Symbol:
    return select(lo, total, lambda: _as_bool(lo, item), lambda: Const(False))


def _as_bool(lo: Lowering, symbol: Symbol) -> Symbol:
    truth = lo.truth(symbol)
    return Const(truth) if isinstance(truth, bool) else lo.emit(bool, truth)


FOLDS: dict[Any, tuple[Any, Callable[[Lowering, Symbol, Symbol], Symbol]]] = {
    sum: (0, _fold_sum),
    any: (False, _fold_any),
    all: (True, _fold_all),
}


def fold_call(lo: Lowering, fn: Any, node: Any, frame: Frame) -> Symbol:
    """`sum`, `any` or `all` over all that a comprehension gives: nothing is collected."""
    from srcgrad.frontend.comprehensions import fold_into, forget

    start, combine = FOLDS[fn]
    inner = Frame(frame.source, comprehension_scope(node, frame.scope), frame.globals, frame)
    inner.quiet, inner.function = frame.quiet, frame.function
    key = (lo.site(node), "total")
    lo.store.set(key, Const(start))

    def add() -> Outcome:
        lo.store.set(key, combine(lo, lo.store.get(key), expression(lo, node.elt, inner)))
        return NEXT

    stays(lo, fold_into(lo, node, inner, frame, add, {key}))
    forget(lo, inner)
    total = lo.store.get(key)
    lo.store.set(key, MISSING)
    return total


@handles(any)
def _any(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return _any_or_all(lo, args[0], any)


@handles(all)
def _all(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return _any_or_all(lo, args[0], all)


def _any_or_all(lo: Lowering, symbol: Symbol, fn: Any) -> Symbol:
    iterator = iterate(lo, symbol)
    if iterator is symbol or iterator.drive is not None:
        # An iterator is asked for no more than is needed.
        return driven.any_or_all(lo, iterator, fn)
    start, combine = FOLDS[fn]
    return _reduce(lo, iterator, Const(start), lambda total, item: combine(lo, total, item))


@handles(min)
def _min(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return _extreme(lo, min, ast.Lt(), args, kwargs)


@handles(max)
def _max(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return _extreme(lo, max, ast.Gt(), args, kwargs)


def _extreme(lo: Lowering, fn: Callable, better: ast.cmpop, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """Built-in `min` and `max` choose one of their arguments, by a branch."""
    key = kwargs.get("key")
    items: list[Symbol] | tuple[Symbol, ...] = args
    if len(args) == 1:
        symbol = _spread_numbers(lo, args[0].items) if isinstance(args[0], Spread) else args[0]
        symbol = lo.tuple_items.get(symbol, symbol) if isinstance(symbol, Value) else symbol
        if isinstance(symbol, Value) and isinstance(symbol.type, Array) and key is None:
            array = symbol
            return _or_default(lo, array, kwargs, lambda: _extreme_of_array(lo, fn, array))
        iterator = iterate(lo, symbol)
        if iterator.drive is not None:
            symbol = collect(lo, iterator)
            iterator = iterate(lo, symbol)
        if iterator.items is None:
            several = symbol if isinstance(symbol, Value) else collect(lo, iterator)
            return _or_default(lo, several, kwargs, lambda: _extreme_of_list(lo, fn, several, key))
        items = iterator.items
        if not items and "default" in kwargs:
            return kwargs["default"]
    if not items:
        lo.raises(ValueError, f"{fn.__name__}() arg is an empty sequence")
    if any(map(is_undefined, items)):
        return Const(UNDEFINED)
    if key is None and all(isinstance(i, Const) for i in items):
        return Const(lo.known(fn, [i.value for i in items if isinstance(i, Const)]))
    if key is None and all(isinstance(i, Value) and _is_whole(i.type) for i in items):
        return lo.emit(fn, *items)
    best = items[0]
    rating = best if key is None else lo.call(key, [best], {})
    for item in items[1:]:
        candidate = item if key is None else lo.call(key, [item], {})
        test = compare(lo, better, candidate, rating)
        pair = select(
            lo,
            test,
            lambda item=item, candidate=candidate: Sequence((item, candidate)),
            lambda best=best, rating=rating: Sequence((best, rating)),
        )
        assert isinstance(pair, Sequence)
        best, rating = pair.items
    return best


def _or_default(lo: Lowering, items: Symbol, kwargs: dict[str, Symbol], extreme: Callable[[], Symbol]) -> Symbol:
    """The extreme of what has a length that depends on the run, or what the call gives for nothing at all."""
    if "default" not in kwargs:
        return extreme()
    return select(lo, lo.call(Const(len), [items], {}), extreme, lambda: kwargs["default"])


def _is_whole(t: Any) -> bool:
    return isinstance(t, PyScalar) and t.kind == "i"


def _spread_numbers(lo: Lowering, symbol: Symbol) -> Symbol:
    """The argument that says the same as `*symbol`, which has to be two numbers at least."""
    from srcgrad.frontend.helper_calls import inline

    t = symbol.type if isinstance(symbol, Value) else None
    if not (isinstance(t, Array) and rank(t) == 1) and not (isinstance(t, List) and is_scalar(t.item)):
        lo.unsupported("the number of items is not known here", "leave out the star")
    inline(lo, raise_if_single, [symbol], {})
    return symbol


def raise_if_single(items: Any) -> None:
    """What stands in the program where `max` or `min` is called with a star."""
    if len(items) == 1:
        raise TypeError("a number is not iterable")


def _extreme_of_array(lo: Lowering, fn: Callable, array: Value) -> Symbol:
    """Of an array of one axis: other than `np.max`, the built-in takes the first of equal ones and skips NaN."""
    if rank(array.type) != 1:
        lo.unsupported(
            f"{fn.__name__}() of an array that has not one axis compares whole rows", f"use np.{fn.__name__}"
        )
    if not array.type.differentiable:
        return lo.emit(np.max if fn is max else np.min, array)
    find = runtime.first_largest if fn is max else runtime.first_smallest
    return subscript(lo, array, lo.emit_typed(find, (array,), {}, INT))


def _extreme_of_list(lo: Lowering, fn: Callable, items: Symbol, key: Symbol | None) -> Symbol:
    if key is not None:
        from srcgrad.frontend.ordering import extreme_by_key

        return extreme_by_key(lo, fn, iterate(lo, items), key)
    if isinstance(items, Reference):
        lo.demote(items)
    if not (isinstance(items, Value) and isinstance(items.type, List)):
        lo.unsupported(
            f"whether {fn.__name__}(...) is of a list or of an array is not known here", "use np.max or np.min"
        )
    require_items(lo, items)
    best = lo.emit_typed(fn, (lo.value(items),), {}, _item_type(items))
    place = lo.emit_typed(list.index, (lo.value(items), lo.value(best)), {}, INT)
    return subscript(lo, items, place)


def _item_type(symbol: Symbol) -> Any:
    assert isinstance(symbol, Value) and isinstance(symbol.type, List)
    return symbol.type.item


@handles(functools.reduce)
def _functools_reduce(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    fn, symbol, *initial = args
    iterator = iterate(lo, symbol)
    if iterator.drive is not None and not initial:
        iterator = iterate(lo, collect(lo, iterator))
    if iterator.items is not None:
        items = list(initial) + list(iterator.items)
        if not items:
            lo.raises(TypeError, "reduce() of empty iterable with no initial value")
        total = items[0]
        for item in items[1:]:
            total = lo.call(fn, [total, item], {})
        return total
    if not initial:
        initial, iterator = [item_getter(lo, iterator)(Const(0))], shifted(lo, iterator, 1)
    return _reduce(lo, iterator, initial[0], lambda total, item: lo.call(fn, [total, item], {}))
