"""`itertools`: iterators over known items are worked out at compile time, all others by index."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.frontend import driven, iterator_stand_ins, library_stand_ins, stand_ins
from srcgrad.frontend.attributes import attribute
from srcgrad.frontend.builtin_calls import collect, make_list
from srcgrad.frontend.functions import literal_of
from srcgrad.frontend.handlers import BUILTINS, handles, handles_calls_of
from srcgrad.frontend.iteration import collected, item_getter, iterate, iterator_length, known_items, listed
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import select
from srcgrad.frontend.values import NOT_CONSTANT, Bound, Iterator, Reference, Sequence, Symbol, constant, sources_of
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import Array, List, NpScalar, PyScalar, Unknown, rank


def _known(iterators: list[Iterator]) -> list[tuple[Symbol, ...]] | None:
    """The items of all the iterators, None unless all are known."""
    columns = [iterator.items for iterator in iterators]
    return None if any(items is None for items in columns) else [items for items in columns if items is not None]


def _tuples(rows: Any) -> Iterator:
    return Iterator(tuple([Sequence(tuple(row)) for row in rows]))


def _rows(rows: Callable[[], Any], iterators: list[Iterator]) -> Iterator:
    """Rows of what iterators have when they are asked for."""
    return Iterator(live=lambda: tuple([Sequence(tuple(row)) for row in rows()]), sources=sources_of(iterators))


@handles(itertools.product)
def _product(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    repeat = constant(kwargs.get("repeat", Const(1)))
    if not isinstance(repeat, int):
        lo.unsupported("the repeat= of itertools.product depends on the run")
    iterators = [listed(iterate(lo, _copied(lo, arg))) for arg in args] * repeat
    columns = _known(iterators)
    if columns is not None:
        return _tuples(itertools.product(*columns))
    lengths = [iterator_length(lo, iterator) for iterator in iterators]
    getters = [item_getter(lo, iterator) for iterator in iterators]
    total: Symbol = Const(1)
    for n in lengths:
        total = lo.emit(operator.mul, total, n)

    def item(k: Value) -> Symbol:
        parts: list[Symbol] = []
        rest: Symbol = k
        for n, get in zip(reversed(lengths), reversed(getters), strict=True):
            with lo.trusted():  # if there are no items, there is no product either
                place = lo.value(lo.emit(operator.mod, rest, n))
                rest = lo.emit(operator.floordiv, rest, n)
            parts.append(get(place))
        return Sequence(tuple(parts[::-1]))

    return Iterator(length=lambda: lo.value(total), item=item)


def _copied(lo: Lowering, symbol: Symbol) -> Symbol:
    """The items as they are now, where they may be others later."""
    symbol = collected(lo, symbol)
    if not isinstance(symbol, Value) or not isinstance(symbol.type, (Array, List, Unknown)):
        return symbol
    if isinstance(symbol.type, Array) and rank(symbol.type) == 1:
        return lo.emit(np.copy, symbol)
    return make_list(lo, [symbol], {})


@handles(itertools.chain)
def _chain(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    iterators = [listed(iterate(lo, arg)) for arg in args]
    if all(iterator.items is not None for iterator in iterators):
        return Iterator(
            live=lambda: tuple([item for iterator in iterators for item in iterator.items or ()]),
            sources=sources_of(iterators),
        )
    if any(iterator.drive is not None or iterator.endless for iterator in iterators):
        return _by_generator(lo, iterator_stand_ins.chained, [Sequence(tuple(args))])
    lengths = [functools.partial(iterator_length, lo, iterator) for iterator in iterators]
    getters = [item_getter(lo, iterator) for iterator in iterators]

    def total() -> Value:
        return lo.value(functools.reduce(lambda n, m: lo.emit(operator.add, n, m), [length() for length in lengths]))

    def item(k: Value, part: int = 0) -> Symbol:
        if part == len(getters) - 1:
            return getters[part](k)
        n = lengths[part]()
        here = lo.emit(operator.lt, k, n)
        return select(lo, here, lambda: getters[part](k), lambda: item(lo.value(lo.emit(operator.sub, k, n)), part + 1))

    return Iterator(length=total, item=item, sources=sources_of(iterators))


@handles(itertools.chain.from_iterable)
def _chain_from_iterable(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    iterator = iterate(lo, args[0])
    if iterator.drive is not None:
        return _by_generator(lo, iterator_stand_ins.chained, [args[0]])
    return _chain(lo, list(known_items(lo, iterator)), {})


@handles(itertools.pairwise)
def _pairwise(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    iterator = listed(iterate(lo, args[0]))
    if iterator.items is not None and isinstance(args[0], (Sequence, Iterator)):
        return _rows(lambda: itertools.pairwise(iterator.items or ()), [iterator])
    by_number = isinstance(args[0], (Value, Reference)) and iterator.drive is None
    return _by_generator(
        lo, iterator_stand_ins.neighbours_by_number if by_number else iterator_stand_ins.neighbours, args
    )


@handles(itertools.islice)
def _islice(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    iterator = listed(iterate(lo, args[0]))
    bounds = [constant(arg) for arg in args[1:]]
    is_known = all(b is None or isinstance(b, int) for b in bounds)
    if iterator.items is not None and is_known:
        lo.known(itertools.islice, (), *bounds)
        return Iterator(live=lambda: tuple(itertools.islice(iterator.items or (), *bounds)), sources=iterator.sources)
    if iterator.endless and is_known:
        places = lo.known(itertools.islice, range(10**6), *bounds)
        return Iterator(tuple([iterator.item(Const(k)) for k in places]))  # type: ignore[misc]
    if iterator.endless and len(args) == 2:
        return _first(lo, iterator, args[1])
    if iterator.drive is not None or iterator.endless:
        return driven.sliced(lo, iterator, args[1:])
    return _part(lo, iterator, args[1:])


def _part(lo: Lowering, iterator: Iterator, bounds: list[Symbol]) -> Iterator:
    """The items of an iterator from a start to a stop, by a step: those that are there when they are asked for."""
    start, end, step = {1: (Const(0), *bounds, Const(1)), 2: (*bounds, Const(1)), 3: tuple(bounds)}[len(bounds)]
    start, step = (d if constant(v) is None else v for v, d in ((start, Const(0)), (step, Const(1))))
    get = item_getter(lo, iterator)
    for bound, least in ((start, 0), (end, 0), (step, 1)):
        if constant(bound) is not None:
            _check_bound(lo, bound, least)

    def length() -> Value:
        stop = iterator_length(lo, iterator)
        if constant(end) is not None:
            stop = lo.value(lo.emit(min, stop, end))
        return iterator_length(lo, Iterator(bounds=(lo.value(start), stop, lo.value(step))))

    def item(k: Value) -> Symbol:
        scaled = k if constant(step) == 1 else lo.emit(operator.mul, k, step)
        return get(lo.value(scaled if constant(start) == 0 else lo.emit(operator.add, start, scaled)))

    return Iterator(length=length, item=item, sources=iterator.sources)


def _check_bound(lo: Lowering, bound: Symbol, least: int) -> None:
    """Raises what `itertools.islice` raises for a bound that is too small."""
    from srcgrad.frontend.helper_calls import inline

    if not isinstance(constant(bound), int) or constant(bound) < least:
        inline(lo, raise_if_less, [bound, Const(least)], {})


def raise_if_less(bound: Any, least: Any) -> None:
    """What stands in the program for the check of a bound."""
    if bound < least:
        raise ValueError("Indices and step for islice() must be None or integers, none of them negative")


def _first(lo: Lowering, iterator: Iterator, count: Symbol) -> Iterator:
    """The first items of an iterator without an end."""
    get = item_getter(lo, iterator)
    known = constant(count)
    if isinstance(known, int):
        return Iterator(tuple([get(Const(k)) for k in range(known)]))
    return Iterator(length=lambda: lo.value(lo.emit(max, count, Const(0))), item=get)


@handles(itertools.repeat)
def _repeat(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    times_given = args[1] if len(args) > 1 else kwargs.get("times")
    if times_given is None:
        return Iterator(item=lambda k: args[0], endless=True)
    times = constant(times_given)
    if isinstance(times, int):
        return Iterator((args[0],) * times)
    return Iterator(length=lambda: lo.value(lo.emit(max, times_given, Const(0))), item=lambda k: args[0])


@handles(itertools.count)
def _count(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    start = args[0] if args else kwargs.get("start", Const(0))
    step = args[1] if len(args) > 1 else kwargs.get("step", Const(1))

    def item(k: Value) -> Symbol:
        scaled = k if constant(step) == 1 else lo.emit(operator.mul, k, step)
        return scaled if type(constant(start)) is int and constant(start) == 0 else lo.emit(operator.add, start, scaled)

    return Iterator(item=item, endless=True)


@handles(itertools.cycle)
def _cycle(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    symbol = collected(lo, args[0])
    iterator = listed(iterate(lo, symbol))
    if iterator.items == ():
        return Iterator(())
    if isinstance(symbol, Value) and isinstance(symbol.type, (Array, List, Unknown)):
        return _by_generator(lo, iterator_stand_ins.cycled, [symbol])
    get = item_getter(lo, iterator)
    return Iterator(item=lambda k: get(lo.value(lo.emit(operator.mod, k, iterator_length(lo, iterator)))), endless=True)


@handles(itertools.tee)
def _tee(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    from srcgrad.frontend.stepping import iterator_of

    times = constant(args[1]) if len(args) > 1 else 2
    if not isinstance(times, int):
        lo.unsupported("how many iterators itertools.tee makes depends on the run")
    items = make_list(lo, [args[0]], {})
    return Sequence(tuple([iterator_of(lo, items) for _ in range(times)]))


@handles(itertools.groupby)
def _groupby(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    key = args[1] if len(args) > 1 else kwargs.get("key", Const(None))
    items = known_items(lo, args[0])
    keys = [item if constant(key) is None else lo.call(key, [item], {}) for item in items]
    if NOT_CONSTANT in map(constant, keys):
        lo.unsupported("which items itertools.groupby puts together depends on the run", "write a loop")
    groups = []
    for _, places in itertools.groupby(range(len(items)), key=lambda k: constant(keys[k])):
        group = [*places]
        groups.append(Sequence((keys[group[0]], lo.new_reference(list, tuple([items[k] for k in group]), None))))
    return Iterator(tuple(groups))


@handles(itertools.starmap)
def _starmap(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    fn, iterator = args[0], listed(iterate(lo, args[1]))
    if iterator.items is not None:

        def work_out(k: int) -> Symbol:
            return lo.call(fn, list(known_items(lo, (iterator.items or ())[k])), {})

        return Iterator(sources=iterator.sources, count=lambda: len(iterator.items or ()), work_out=work_out)
    if iterator.drive is not None:
        return driven.mapped(iterator, lambda item: lo.call(fn, list(known_items(lo, item)), {}))
    get = item_getter(lo, iterator)
    return Iterator(
        length=lambda: iterator_length(lo, iterator), item=lambda k: lo.call(fn, list(known_items(lo, get(k))), {})
    )


@handles(itertools.takewhile)
def _takewhile(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return _by_generator(lo, iterator_stand_ins.taken_while, args)


@handles(itertools.dropwhile)
def _dropwhile(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return driven.dropped_while(lo, args[0], iterate(lo, args[1]))


@handles(filter)
def _filter(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return _by_generator(
        lo,
        iterator_stand_ins.true_ones if constant(args[0]) is None else iterator_stand_ins.kept,
        args,
    )


@handles(itertools.filterfalse)
def _filterfalse(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return _by_generator(
        lo,
        iterator_stand_ins.false_ones if constant(args[0]) is None else iterator_stand_ins.dropped,
        args,
    )


def _selection(name: str) -> Callable[[Lowering, list[Symbol], dict[str, Symbol]], Symbol]:
    """Combinations, permutations and the like, of items that are known."""
    choose = getattr(itertools, name)

    def handler(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
        iterator = listed(iterate(lo, args[0]))
        counts = [constant(arg) for arg in (*args[1:], *kwargs.values())]
        if iterator.items is not None and all(isinstance(count, int) for count in counts):
            return _tuples(choose(iterator.items, *counts))
        by_index = library_stand_ins.CHOICES.get((choose, *counts)) if NOT_CONSTANT not in counts else None
        if by_index is None:
            lo.unsupported(f"itertools.{name} of a sequence of unknown length is not supported", "write nested loops")
        return _by_generator(lo, by_index, [collect(lo, iterator)])

    return handler


for _name in ("combinations", "permutations", "combinations_with_replacement"):
    handles(getattr(itertools, _name))(_selection(_name))


@handles(itertools.zip_longest)
def _zip_longest(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    fill = kwargs.get("fillvalue", Const(None))
    iterators = [listed(iterate(lo, collected(lo, arg))) for arg in args]
    if all(iterator.items is not None for iterator in iterators):
        return _rows(
            lambda: itertools.zip_longest(*[iterator.items or () for iterator in iterators], fillvalue=fill), iterators
        )
    lengths = [functools.partial(iterator_length, lo, iterator) for iterator in iterators]
    getters = [item_getter(lo, iterator) for iterator in iterators]

    def item(k: Value) -> Symbol:
        return Sequence(tuple([part(k, length, get) for length, get in zip(lengths, getters, strict=True)]))

    def part(k: Value, length: Callable[[], Value], get: Callable[[Value], Symbol]) -> Symbol:
        return select(lo, lo.emit(operator.lt, k, length()), lambda: get(k), lambda: fill)

    return Iterator(
        length=lambda: lo.value(lo.emit(max, *[length() for length in lengths])),
        item=item,
        sources=sources_of(iterators),
    )


def _by_generator(lo: Lowering, fn: Callable[..., Any], args: list[Symbol]) -> Symbol:
    from srcgrad.frontend.helper_calls import inline

    return inline(lo, fn, args, {})  # type: ignore[arg-type]


@handles(itertools.accumulate)
def _accumulate(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    fn = args[1] if len(args) > 1 else kwargs.get("func", Const(None))
    combine = Const(operator.add) if constant(fn) is None else fn
    initial = kwargs.get("initial", Const(None))
    if constant(initial) is None:
        is_sum = constant(fn) is None and _has_numbers(args[0])
        return _by_generator(
            lo,
            *((iterator_stand_ins.sums, [args[0]]) if is_sum else (iterator_stand_ins.totals, [args[0], combine])),
        )
    return _by_generator(lo, iterator_stand_ins.totals_from, [args[0], combine, initial])


def _has_numbers(symbol: Symbol) -> bool:
    """Whether it is known to hold nothing but numbers."""
    if not isinstance(symbol, Value):
        return False
    t = symbol.type
    return isinstance(t.item, (PyScalar, NpScalar)) if isinstance(t, List) else isinstance(t, Array) and rank(t) == 1


# `operator`


@handles(operator.itemgetter)
def _itemgetter(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return Bound(Const(stand_ins.item_of), (Sequence(tuple(args)),))


@handles(operator.attrgetter)
def _attrgetter(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return Bound(Const(_attributes_of), (Sequence(tuple(args)),))


def _attributes_of(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    names, owner = constant(args[0]), args[1]
    found = []
    for name in names:
        if not isinstance(name, str):
            lo.raises(TypeError, "attribute name must be a string")
        part = owner
        for step in name.split("."):
            part = attribute(lo, part, step)
        found.append(part)
    return found[0] if len(found) == 1 else Sequence(tuple(found))


@handles(operator.methodcaller)
def _methodcaller(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return Bound(Const(_method_of), (args[0], Sequence(tuple(args[1:]))), kwargs)


def _method_of(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    name, given, owner = constant(args[0]), args[1], args[2]
    if not isinstance(name, str) or not isinstance(given, Sequence):
        lo.raises(TypeError, "method name must be a string")
    return lo.call(attribute(lo, owner, name), list(given.items), kwargs)


# What these functions return has no object of its own: it is known by what lowers a call of it.
BUILTINS.update({handler: handler for handler in (_attributes_of, _method_of)})


@handles_calls_of(operator.itemgetter)
@handles_calls_of(operator.attrgetter)
@handles_calls_of(operator.methodcaller)
def _made_outside(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """A call of one that was made outside of the program: as of one that is made in it."""
    made = constant(args[0])
    fn, given = made.__reduce__()
    named: dict[str, Any] = {}
    if isinstance(fn, functools.partial):
        fn, given, named = fn.func, (*fn.args, *given), fn.keywords
    items = [_unchanging(lo, made, item) for item in given]
    inside = lo.call(Const(fn), items, {name: _unchanging(lo, made, item) for name, item in named.items()})
    return lo.call(inside, args[1:], kwargs)


def _unchanging(lo: Lowering, made: Any, item: Any) -> Symbol:
    """The constant of what `made` holds."""
    if type(item) is tuple:
        return Sequence(tuple([_unchanging(lo, made, part) for part in item]))
    parts = (item.start, item.stop, item.step) if isinstance(item, slice) else (item,)
    if any(literal_of(part) is None and not isinstance(part, np.generic) for part in parts):
        lo.unsupported(f"{made!r}, which holds something that may change, was made outside", "make it where it is used")
    return Const(item)
