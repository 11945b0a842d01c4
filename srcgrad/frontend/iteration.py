"""What a loop, a comprehension or an unpacking goes over."""

from __future__ import annotations

import enum
import inspect
import io
import operator
import types
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from srcgrad.frontend import compact_dict_calls, pools, stand_ins
from srcgrad.frontend.access import length, runtime_list, subscript, tuple_items
from srcgrad.frontend.compact_dicts import is_compact
from srcgrad.frontend.lowering import NOT_KNOWN_YET, UNDEFINED_VALUE, Lowering, is_undefined
from srcgrad.frontend.marks import Restart
from srcgrad.frontend.objects import class_of_object, special
from srcgrad.frontend.values import Conflict, Flat, Iterator, Reference, Sequence, Stepper, Symbol, constant, sources_of
from srcgrad.ir.nodes import UNDEFINED, Const, Value
from srcgrad.ir.types import INT, NONE, STR, Array, List, NpScalar, Opaque, PyScalar, Tuple, Unknown

_MANY = 256
"""Items are written out one by one up to this number."""


def iterate(lo: Lowering, symbol: Symbol) -> Iterator:
    """The iterator of a symbol."""
    if isinstance(symbol, Iterator):
        return symbol if symbol.anew is None else symbol.anew()
    if isinstance(symbol, Stepper):
        return Iterator(drive=symbol.drive, step=symbol.step)
    if symbol is NOT_KNOWN_YET or (is_undefined(symbol) and lo.another_round):
        return Iterator(())
    if is_undefined(symbol):
        lo.unsupported("what is looped over here is never assigned on this path")
    symbol = pools.opened(lo, symbol)
    if isinstance(symbol, Sequence):
        if class_of_object(symbol) is not None and inspect.getattr_static(symbol.cls, "__iter__") is not tuple.__iter__:
            return _iterate_object(lo, symbol, "")
        return Iterator(symbol.items)
    if isinstance(symbol, Reference):
        if is_compact(symbol):
            return compact_dict_calls.keys(lo, symbol)
        contents = lo.contents(symbol)
        if symbol.cls is dict:
            keys = lambda: tuple([key_symbol(key) for key, _ in lo.contents(symbol)])  # noqa: E731
            return Iterator(sources=(symbol,), live=keys, sized=True, view=True)
        if symbol.cls in (list, set):
            return Iterator(sources=(symbol,), live=lambda: lo.contents(symbol), sized=symbol.cls is set)
        if symbol.cls is types.GeneratorType:
            return Iterator(drive=contents[0].drive) if contents else consumed_before(lo, symbol)
        return _iterate_object(lo, symbol, f"a {symbol.cls.__name__} can't be looped over")
    if isinstance(symbol, Value) and (symbol.type == NONE or type(symbol.type) in (PyScalar, NpScalar)):
        lo.raises(TypeError, f"{'None' if symbol.type == NONE else 'a number'} can't be looped over")
    if isinstance(symbol, Const):
        if isinstance(symbol.value, (str, range, enum.EnumMeta)):
            return Iterator(tuple(Const(item) for item in symbol.value))
        return _iterate_object(lo, symbol, f"{symbol.value!r} can't be looped over")
    if isinstance(symbol, Flat):
        symbol = lo.emit(np.ravel, symbol.array)
    if isinstance(symbol, Value):
        if isinstance(symbol.type, Tuple):
            return Iterator(tuple_items(lo, symbol))
        if isinstance(symbol.type, Opaque) and issubclass(symbol.type.cls, io.TextIOBase):
            symbol = lo.value(lo.emit_typed(list, (symbol,), {}, List(STR)))
        if isinstance(symbol.type, (Array, List, Unknown)) or symbol.type == STR:
            return Iterator(
                length=lambda: lo.value(length(lo, symbol)), item=lambda k: _in_range(lo, symbol, k), sources=(symbol,)
            )
    if isinstance(symbol, Conflict):
        lo.resolve_conflict(symbol)
    lo.unsupported("this can't be looped over")


def _iterate_object(lo: Lowering, symbol: Symbol, otherwise: str) -> Iterator:
    """What the `__iter__` of an object of a user class gives."""
    made_before = lo.fresh_counter
    given = special(lo, symbol, "__iter__")
    if given is None:
        lo.unsupported(otherwise)
    if class_of_object(given) not in (None, types.GeneratorType):
        from srcgrad.frontend.stepping import of_object

        given = of_object(lo, given)
    left = given.rest() if isinstance(given, Stepper) and given.rest is not None and given.made > made_before else None
    return iterate(lo, given) if left is None else left


def consumed_before(lo: Lowering, generator: Reference) -> NoReturn:
    """What goes on with a generator where something else stopped asks it for its items one by one."""
    if generator.site is not None and generator.site not in lo.marks.stepped:
        lo.marks.stepped.add(generator.site)
        raise Restart
    lo.unsupported(
        "this generator has been consumed before, at least in part", "consume it in one place, or collect it: list(...)"
    )


def key_symbol(key: Any) -> Symbol:
    """A key of a dict, known at compile time, as a symbol."""
    return Sequence(tuple(key_symbol(part) for part in key)) if type(key) is tuple else Const(key)


def collected(lo: Lowering, symbol: Symbol) -> Symbol:
    """What gives its items one by one as a list, and anything else as it is."""
    if isinstance(symbol, Value) and not isinstance(symbol, Const) and pools.pool_of(symbol) is None:
        return symbol
    iterator = iterate(lo, symbol)
    if iterator.drive is None:
        return symbol if class_of_object(symbol) is None else iterator
    from srcgrad.frontend.builtin_calls import collect

    return collect(lo, iterator)


def _in_range(lo: Lowering, symbol: Symbol, index: Value) -> Symbol:
    """The item of an array or list at an index that is in range."""
    with lo.trusted():
        return subscript(lo, symbol, index)


def known_items(lo: Lowering, symbol: Symbol) -> tuple[Symbol, ...]:
    """The items of a symbol whose length is known at compile time."""
    items = items_if_known(lo, collected(lo, symbol))
    if items is None:
        lo.unsupported("the number of items is not known here", "index it, or loop over it")
    return items


def items_if_known(lo: Lowering, symbol: Symbol) -> tuple[Symbol, ...] | None:
    """The items of a symbol that does not give them one by one; None if their number depends on the run."""
    iterator = iterate(lo, symbol)
    if iterator.items is not None:
        return iterator.items
    if iterator.columns is not None:
        return iterator.columns()
    count = constant(iterator_length(lo, iterator))
    if not isinstance(count, int) or count > _MANY:
        return None
    item = item_getter(lo, iterator)
    return tuple([item(Const(k)) for k in range(count)])


def range_iterator(lo: Lowering, args: list[Symbol]) -> Iterator:
    """`range(...)`."""
    values = [lo.value(arg) for arg in args]
    for value in values:
        _check_integer(lo, value)
    start, stop, step = Const(0), Const(0), Const(1)
    if len(values) == 1:
        stop = values[0]
    elif len(values) == 2:
        start, stop = values
    elif len(values) == 3:
        start, stop, step = values
    else:
        lo.unsupported("range takes one to three arguments")
    if constant(step) == 0:
        lo.raises(ValueError, "range() arg 3 must not be zero")
    return Iterator(bounds=(start, stop, step))


def _check_integer(lo: Lowering, value: Value) -> None:
    """Raises what Python raises where a bound of a range is known to be no integer."""
    t = value.type
    if pools.pool_of(value) is not None:
        lo.raises(TypeError, "an object cannot be interpreted as an integer", "int(...) makes it one")
    if isinstance(value, Const) and value.value is not UNDEFINED:
        lo.known(operator.index, value.value)
    elif (isinstance(t, PyScalar) and t.kind in "fc") or (isinstance(t, NpScalar) and t.dtype.kind in "fc"):
        lo.raises(TypeError, "'float' object cannot be interpreted as an integer", "int(...) makes it one")


def listed(iterator: Iterator) -> Iterator:
    """The same, with the numbers of a short constant range as items."""
    known = constant_range(iterator)
    return iterator if known is None or len(known) > LONGEST else Iterator(tuple(Const(k) for k in known))


LONGEST = 64


def constant_range(iterator: Iterator) -> range | None:
    """The range of an iterator with constant bounds, None for any other."""
    if iterator.bounds is None:
        return None
    bounds = [constant(b) for b in iterator.bounds]
    if not all(isinstance(b, int) for b in bounds) or bounds[2] == 0:
        return None
    return range(*bounds)[:: -1 if iterator.backwards else 1]


def enumerate_iterator(lo: Lowering, inner: Symbol, start: Symbol) -> Iterator:
    """`enumerate(inner, start)`."""
    iterator = iterate(lo, inner)
    if iterator.one_by_one:
        work_out = iterator.work_out
        assert work_out is not None

        def numbered_item(k: int) -> Symbol:
            return Sequence((lo.emit(operator.add, start, Const(k)), work_out(k)))

        return Iterator(sources=iterator.sources, sized=iterator.sized, count=iterator.count, work_out=numbered_item)
    if iterator.items is not None:

        def numbers_and_items() -> tuple[Symbol, ...]:
            items = iterator.items or ()
            return tuple([Sequence((lo.emit(operator.add, start, Const(k)), item)) for k, item in enumerate(items)])

        return Iterator(live=numbers_and_items, sources=iterator.sources, sized=iterator.sized)
    item = item_getter(lo, iterator)

    def numbered(k: Value) -> Symbol:
        number = k if constant(start) == 0 else lo.emit(operator.add, k, start)
        return Sequence((number, item(k)))

    return Iterator(
        length=lambda: iterator_length(lo, iterator),
        item=numbered,
        sources=iterator.sources,
        endless=iterator.endless,
        parts=("enumerate", (inner, start)),
    )


def transposed(lo: Lowering, rows: Value, count: int) -> Iterator:
    """`zip(*rows)` of tuples of known length: without rows, a loop over it has no turn."""
    found: list[Iterator] = []

    def inner() -> Iterator:
        if not found:
            found.append(iterate(lo, lo.call(Const(stand_ins.transposed), [rows], {})))
        return found[0]

    return Iterator(
        length=lambda: iterator_length(lo, inner()),
        item=lambda k: item_getter(lo, inner())(k),
        sources=(rows,),
        columns=lambda: _columns(lo, rows, count),
    )


def _columns(lo: Lowering, rows: Value, count: int) -> tuple[Symbol, ...]:
    """What `zip(*rows)` gives for tuples of known length: as many tuples, each as long as there are rows."""
    from srcgrad.frontend.helper_calls import inline

    inline(lo, raise_if_none, [rows], {})
    lists = []
    for k in range(count):
        with lo.apart(("column", k)):
            lists.append(lo.call(Const(stand_ins.column), [rows, Const(k)], {}))
    return tuple([lo.call(Const(tuple), [column], {}) for column in lists])


def raise_if_none(rows: list) -> None:
    """What stands in the program where tuples are taken apart by `zip(*rows)`: without any, there are no columns."""
    if len(rows) == 0:
        raise ValueError("zip(*rows) of an empty list has no items")


def zip_iterator(lo: Lowering, inners: list[Symbol]) -> Iterator:
    """`zip(*inners)`."""
    iterators = [iterate(lo, inner) for inner in inners]
    if not iterators or any(not it.one_by_one and it.items == () for it in iterators):
        return Iterator(())
    if any(it.one_by_one for it in iterators) and all(it.known for it in iterators):
        return _rows_worked_out(iterators)
    limits = [len(it.items) for it in iterators if it.items is not None]
    if limits and all(it.items is not None or it.endless for it in iterators):
        iterators = [_first_items(it, min(limits)) if it.items is None else it for it in iterators]
    if all(it.items is not None for it in iterators):
        return Iterator(
            live=lambda: tuple([Sequence(row) for row in zip(*[it.items or () for it in iterators], strict=False)]),
            sources=sources_of(iterators),
            sized=any(it.sized for it in iterators),
        )
    getters = [item_getter(lo, it) for it in iterators]

    def shortest() -> Value:
        lengths: list[Value] = []
        for it in iterators:
            if it.endless:
                continue
            n = iterator_length(lo, it)
            if not any(n is m or (n.type == m.type and getattr(n.type, "dim", None) is not None) for m in lengths):
                lengths.append(n)
        return lengths[0] if len(lengths) == 1 else lo.value(lo.emit(min, *lengths))

    rows = lambda k: Sequence(tuple(get(k) for get in getters))  # noqa: E731
    return Iterator(
        length=shortest,
        item=rows,
        sources=sources_of(iterators),
        endless=all(it.endless for it in iterators),
        parts=("zip", tuple(inners)),
    )


def _rows_worked_out(iterators: list[Iterator]) -> Iterator:
    """`zip(...)` of iterators of known length, some of which work out their items one after the other."""

    def number(it: Iterator) -> int:
        return it.count() if it.one_by_one and it.count is not None else len(it.items or ())

    def part(it: Iterator, k: int) -> Symbol:
        return it.work_out(k) if it.one_by_one and it.work_out is not None else (it.items or ())[k]

    return Iterator(
        sources=sources_of(iterators),
        sized=any(it.sized for it in iterators),
        count=lambda: min(map(number, iterators)),
        work_out=lambda k: Sequence(tuple([part(it, k) for it in iterators])),
    )


def _first_items(iterator: Iterator, count: int) -> Iterator:
    """The first items of one that has an item for every number."""
    assert iterator.item is not None
    return Iterator(tuple([iterator.item(Const(k)) for k in range(count)]))


def shifted(lo: Lowering, iterator: Iterator, by: int) -> Iterator:
    """The same without its first items."""
    if iterator.items is not None:
        return Iterator(live=lambda: (iterator.items or ())[by:], sources=iterator.sources, sized=iterator.sized)
    get = item_getter(lo, iterator)
    n = iterator_length(lo, iterator)

    def rest() -> Value:
        return lo.value(lo.emit(max, lo.emit(operator.sub, n, Const(by)), Const(0)))

    following = lambda k: get(lo.value(lo.emit(operator.add, k, Const(by))))  # noqa: E731
    return Iterator(length=rest, item=following, sources=iterator.sources)


def reversed_iterator(lo: Lowering, inner: Symbol) -> Iterator:
    """`reversed(inner)`."""
    iterator = iterate(lo, inner)
    if iterator.items is not None:
        return Iterator(live=lambda: (iterator.items or ())[::-1], sources=iterator.sources, sized=True)
    if iterator.bounds is not None:
        return Iterator(bounds=iterator.bounds, backwards=not iterator.backwards)
    item = item_getter(lo, iterator)
    n = iterator_length(lo, iterator)

    def from_end(k: Value) -> Symbol:
        return item(lo.value(lo.emit(operator.sub, lo.emit(operator.sub, n, Const(1)), k)))

    return Iterator(length=lambda: n, item=from_end, sources=iterator.sources)


def descending(lo: Lowering, bounds: tuple[Value, Value, Value]) -> tuple[Value, Value, Value]:
    """The bounds of the range that gives the numbers of another one backwards."""
    start, stop, step = bounds
    before = lo.value(lo.emit(operator.sub, start, step))
    if constant(step) == 1:
        return lo.value(lo.emit(operator.sub, stop, Const(1))), before, Const(-1)
    length = iterator_length(lo, Iterator(bounds=bounds))
    last = lo.value(lo.emit(operator.add, before, lo.emit(operator.mul, length, step)))
    return last, before, lo.value(lo.emit(operator.neg, step))


def iterator_length(lo: Lowering, iterator: Iterator) -> Value:
    """The number of items."""
    if iterator.endless:
        lo.unsupported("this iterator has no end", "leave the loop by `break`, or take a part: itertools.islice(...)")
    if iterator.items is not None:
        return Const(len(iterator.items))
    if iterator.bounds is not None:
        start, stop, step = iterator.bounds
        known = constant_range(iterator)
        if known is not None:
            return Const(len(known))
        if constant(start) == 0 and constant(step) == 1:
            return lo.value(lo.emit(max, stop, Const(0)))
        numbers = lo.emit_typed(range, (start, stop, step), {}, Opaque(range))
        return lo.value(lo.emit_typed(len, (numbers,), {}, INT))
    if iterator.length is None:
        _one_by_one(lo)
    return iterator.length()


def _one_by_one(lo: Lowering) -> NoReturn:
    lo.unsupported("the items of a generator are needed by number here", "collect it first: list(...)")


def item_getter(lo: Lowering, iterator: Iterator) -> Callable[[Value], Symbol]:
    """How to get the item at an index."""
    if iterator.items is not None:
        items = iterator.items
        whole = runtime_list(lo, items) if items else None

        def from_list(k: Value) -> Symbol:
            known = constant(k)
            if isinstance(known, int) and known < len(items):
                return items[known]
            if whole is None:
                return UNDEFINED_VALUE
            lo.unroll(k)
            return subscript(lo, whole, k)

        return from_list
    if iterator.bounds is not None:
        start, _, step = descending(lo, iterator.bounds) if iterator.backwards else iterator.bounds

        def from_range(k: Value) -> Symbol:
            scaled = k if constant(step) == 1 else lo.emit(operator.mul, k, step)
            return scaled if constant(start) == 0 else lo.emit(operator.add, scaled, start)

        return from_range
    return iterator.item if iterator.item is not None else _one_by_one(lo)
