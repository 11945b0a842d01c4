"""`itertools`: iterators over known items are worked out at compile time, all others by index."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.frontend import driven, library_stand_ins, stand_ins
from srcgrad.frontend.access import subscript
from srcgrad.frontend.attributes import attribute
from srcgrad.frontend.builtin_calls import collect, make_list
from srcgrad.frontend.functions import literal_of
from srcgrad.frontend.handlers import BUILTINS, handles, handles_calls_of
from srcgrad.frontend.iteration import collected, item_getter, iterate, iterator_length, known_items, listed, shifted
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import NEXT, Outcome
from srcgrad.frontend.operators import binary
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import NOT_CONSTANT, Bound, Iterator, Sequence, Symbol, constant, sources_of
from srcgrad.ir.nodes import Const, Value


def _known(iterators: list[Iterator]) -> list[tuple[Symbol, ...]] | None:
    """The items of all the iterators, None unless all are known."""
    columns = [iterator.items for iterator in iterators]
    return None if any(items is None for items in columns) else [items for items in columns if items is not None]


def _tuples(rows: Any, sources: tuple[Symbol, ...] = ()) -> Iterator:
    return Iterator(tuple(Sequence(tuple(row)) for row in rows), sources=sources)


@handles(itertools.product)
def _product(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    repeat = constant(kwargs.get("repeat", Const(1)))
    if not isinstance(repeat, int):
        lo.unsupported("the repeat= of itertools.product depends on the run")
    iterators = [listed(iterate(lo, arg)) for arg in args] * repeat
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


@handles(itertools.chain)
def _chain(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    iterators = [listed(iterate(lo, arg)) for arg in args]
    columns = _known(iterators)
    if columns is not None:
        return Iterator(tuple(itertools.chain(*columns)), sources=sources_of(iterators))
    if any(iterator.drive is not None for iterator in iterators):
        return driven.chained(lo, iterators)
    joined = make_list(lo, [], {})
    for iterator in iterators:
        lo.call(Const(list.extend), [joined, iterator], {})
    return iterate(lo, joined)


@handles(itertools.chain.from_iterable)
def _chain_from_iterable(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    iterator = iterate(lo, args[0])
    if iterator.drive is not None:
        return driven.flattened(lo, iterator)
    return _chain(lo, list(known_items(lo, iterator)), {})


@handles(itertools.pairwise)
def _pairwise(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    iterator = listed(iterate(lo, args[0]))
    if iterator.items is not None:
        return _tuples(itertools.pairwise(iterator.items), iterator.sources)
    if iterator.drive is not None:
        return _by_generator(lo, neighbours, [args[0]])
    get = item_getter(lo, iterator)

    def item(k: Value) -> Symbol:
        return Sequence((get(k), get(lo.value(lo.emit(operator.add, k, Const(1))))))

    return Iterator(length=shifted(lo, iterator, 1).length, item=item)


@handles(itertools.islice)
def _islice(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    iterator = listed(iterate(lo, args[0]))
    bounds = [constant(arg) for arg in args[1:]]
    if iterator.items is not None and all(b is None or isinstance(b, int) for b in bounds):
        return Iterator(tuple(lo.known(itertools.islice, iterator.items, *bounds)), sources=iterator.sources)
    if iterator.endless and all(isinstance(b, int) or b is None for b in bounds):
        places = lo.known(itertools.islice, range(10**6), *bounds)
        return Iterator(tuple([iterator.item(Const(k)) for k in places]))  # type: ignore[misc]
    if iterator.drive is not None:
        return driven.sliced(lo, iterator, args[1:])
    if iterator.endless:
        return driven.sliced(lo, iterator, args[1:]) if len(args) != 2 else _first(lo, iterator, args[1])
    items = make_list(lo, [iterator], {})
    return iterate(lo, subscript(lo, items, slice(*args[1:])))


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
    return driven.taken_while(lo, args[0], iterate(lo, args[1]))


@handles(itertools.dropwhile)
def _dropwhile(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return driven.dropped_while(lo, args[0], iterate(lo, args[1]))


@handles(itertools.filterfalse)
def _filterfalse(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    fn, iterator = args[0], iterate(lo, args[1])
    return driven.filtered(lo, iterator, lambda item: item if constant(fn) is None else lo.call(fn, [item], {}), False)


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
    iterators = [listed(iterate(lo, arg)) for arg in args]
    columns = _known(iterators)
    if columns is None:
        if len(args) != 2:
            lo.unsupported("itertools.zip_longest of more than two sequences of unknown length is not supported")
        lists = [make_list(lo, [arg], {}) for arg in args]
        return iterate(lo, lo.call(Const(stand_ins.longest), [*lists, kwargs.get("fillvalue", Const(None))], {}))
    rows = itertools.zip_longest(*columns, fillvalue=kwargs.get("fillvalue", Const(None)))
    return _tuples(rows, sources_of(iterators))


def _by_generator(lo: Lowering, fn: Callable[..., Any], args: list[Symbol]) -> Symbol:
    from srcgrad.frontend.helper_calls import inline

    return inline(lo, fn, args, {})  # type: ignore[arg-type]


def neighbours(items: Any) -> Any:
    """What `itertools.pairwise` is for a generator: it is lowered, not called."""
    rest = iter(items)
    try:
        previous = next(rest)
    except StopIteration:
        return
    for item in rest:
        yield previous, item
        previous = item


def totals(items: Any, combine: Any) -> Any:
    """As `neighbours`, for `itertools.accumulate`."""
    rest = iter(items)
    try:
        total = next(rest)
    except StopIteration:
        return
    yield total
    for item in rest:
        total = combine(total, item)
        yield total


def totals_from(items: Any, combine: Any, total: Any) -> Any:
    """As `totals`, with `initial=`."""
    yield total
    for item in items:
        total = combine(total, item)
        yield total


@handles(itertools.accumulate)
def _accumulate(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    fn = args[1] if len(args) > 1 else kwargs.get("func", Const(None))
    initial = kwargs.get("initial", Const(None))

    def combine(total: Symbol, item: Symbol) -> Symbol:
        return binary(lo, operator.add, total, item) if constant(fn) is None else lo.call(fn, [total, item], {})

    iterator = listed(iterate(lo, args[0]))
    if iterator.drive is not None:
        add = Const(operator.add) if constant(fn) is None else fn
        start = [] if constant(initial) is None else [initial]
        return _by_generator(lo, totals_from if start else totals, [args[0], add, *start])
    if iterator.items is not None:
        items = iterator.items if constant(initial) is None else (initial, *iterator.items)
        return Iterator(tuple(itertools.accumulate(items, combine)), sources=iterator.sources)
    if constant(initial) is None:
        return _sums_from_first(lo, iterator, combine)
    sums = make_list(lo, [], {})
    _add_sums(lo, sums, iterator, initial, combine)
    return iterate(lo, sums)


def _sums_from_first(lo: Lowering, iterator: Iterator, combine: Callable[[Symbol, Symbol], Symbol]) -> Iterator:
    """The running totals of what the first item starts; of nothing, there are none."""
    from srcgrad.frontend.statements import choose

    sums = make_list(lo, [], {})

    def add() -> Outcome:
        _add_sums(lo, sums, shifted(lo, iterator, 1), item_getter(lo, iterator)(Const(0)), combine)
        return NEXT

    some = lo.emit(operator.gt, iterator_length(lo, iterator), Const(0))
    choose(lo, lo.truth(some), add, lambda: NEXT, lambda: NEXT)
    return iterate(lo, sums)


def _add_sums(
    lo: Lowering, sums: Symbol, iterator: Iterator, start: Symbol, combine: Callable[[Symbol, Symbol], Symbol]
) -> None:
    """Fills a list with the running totals, by a loop."""
    from srcgrad.frontend.loops import for_loop

    site = (*lo.site("accumulate"), lo.span)
    key = (site, "total")
    lo.store.set(key, start)
    lo.call(Const(list.append), [sums, start], {})

    def body(item: Symbol) -> Outcome:
        lo.store.set(key, combine(lo.store.get(key), item))
        lo.call(Const(list.append), [sums, lo.store.get(key)], {})
        return NEXT

    for_loop(lo, iterator, body, {key}, site, None)
    lo.store.set(key, MISSING)


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
