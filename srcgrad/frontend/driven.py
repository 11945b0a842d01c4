"""What is made of iterators that give their items one by one: nothing is collected, and nothing asked for too early."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from srcgrad.frontend.exits import go_on, new_label, settled, stays
from srcgrad.frontend.iteration import item_getter, iterator_length
from srcgrad.frontend.loops import over
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import NEVER, NEXT, Outcome, leaves_with, select
from srcgrad.frontend.statements import choose
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import Consumer, Iterator, Rest, Sequence, Symbol, constant
from srcgrad.ir.nodes import Const, Raise, Value
from srcgrad.ir.types import Opaque


def _site(lo: Lowering, name: str) -> tuple:
    return (*lo.site(name), lo.span)


def _when(lo: Lowering, condition: Symbol, then: Callable[[], Outcome], orelse: Callable[[], Outcome]) -> Outcome:
    """One thing or another, depending on a condition."""
    return choose(lo, lo.truth(condition), then, orelse, lambda: NEXT)


class _Variable:
    """A variable of the iteration itself, such as a counter."""

    def __init__(self, lo: Lowering, site: tuple, name: str, start: Symbol):
        self.lo, self.key = lo, (site, name)
        lo.store.set(self.key, start)

    def get(self) -> Symbol:
        return self.lo.store.get(self.key)

    def set(self, symbol: Symbol) -> None:
        self.lo.store.set(self.key, symbol)

    def add_one(self) -> None:
        self.set(self.lo.emit(operator.add, self.get(), Const(1)))

    def end(self) -> Symbol:
        last = self.get()
        self.lo.store.set(self.key, MISSING)
        return last


def mapped(iterator: Iterator, fn: Callable[[Symbol], Symbol]) -> Iterator:
    """The results of a function for the items."""
    drive = iterator.drive
    assert drive is not None
    return Iterator(drive=lambda body: drive(lambda item, rest: body(fn(item), rest)))


def enumerated(lo: Lowering, iterator: Iterator, start: Symbol) -> Iterator:
    """`enumerate`."""
    site = _site(lo, "enumerate")

    def drive(body: Consumer) -> Outcome:
        count = _Variable(lo, site, "count", start)

        def visit(item: Symbol, rest: Rest | None) -> Outcome:
            def further() -> Outcome:
                count.add_one()
                return NEXT

            later = None if rest is None else Rest(lambda: go_on(lo, further(), rest))
            outcome = body(Sequence((count.get(), item)), later)
            return outcome if later is not None and later.used else go_on(lo, outcome, further)

        outcome = over(lo, iterator, visit, site)
        count.end()
        return outcome

    return Iterator(drive=drive)


def zipped(lo: Lowering, iterators: list[Iterator]) -> Iterator:
    """`zip` of one generator and sequences: those before it are asked for an item before it is, the others later."""
    place, drive_inner = next((k, iterator.drive) for k, iterator in enumerate(iterators) if iterator.drive is not None)
    getters = [None if k == place else item_getter(lo, iterator) for k, iterator in enumerate(iterators)]
    before, after = (
        [iterator_length(lo, iterator) for iterator in part if not iterator.endless]
        for part in (iterators[:place], iterators[place + 1 :])
    )
    site = _site(lo, "zip")

    def drive(body: Consumer) -> Outcome:
        count = _Variable(lo, site, "count", Const(0))
        with new_label(lo) as done:

            def if_all_have(lengths: list[Value], then: Callable[[], Outcome]) -> Outcome:
                if not lengths:
                    return then()
                more = lo.emit(operator.lt, count.get(), lengths[0])
                return _when(lo, more, lambda: if_all_have(lengths[1:], then), lambda: leaves_with(done))

            def take(item: Symbol) -> Outcome:
                k = lo.value(count.get())
                row = Sequence(tuple([item if get is None else get(k) for get in getters]))
                count.add_one()
                return go_on(lo, body(row, None), lambda: if_all_have(before, lambda: NEXT))

            outcome = if_all_have(
                before, lambda: drive_inner(lambda item, rest: if_all_have(after, lambda: take(item)))
            )
            count.end()
            return settled(lo, outcome, frozenset([done]))

    return Iterator(drive=drive)


def sliced(lo: Lowering, iterator: Iterator, bounds: list[Symbol]) -> Iterator:
    """`itertools.islice`."""
    start, stop, step = {1: (Const(0), *bounds, Const(1)), 2: (*bounds, Const(1)), 3: tuple(bounds)}[len(bounds)]
    first = 0 if constant(start) is None else constant(start)
    if constant(step) not in (None, 1) or not isinstance(first, int):
        lo.unsupported("itertools.islice of a generator takes a constant start, and no step", "collect it: list(...)")
    endless = constant(stop) is None
    if first and not endless:
        stop = lo.emit(max, stop, Const(first))
    site = _site(lo, "islice")

    def drive(body: Consumer) -> Outcome:
        count = _Variable(lo, site, "count", Const(0))
        with new_label(lo) as done:

            def go_further() -> Outcome:
                if endless:
                    return NEXT
                more = lo.emit(operator.lt, count.get(), stop)
                return _when(lo, more, lambda: NEXT, lambda: leaves_with(done))

            def visit(item: Symbol, rest: Rest | None) -> Outcome:
                wanted = Const(True) if not first else lo.emit(operator.ge, count.get(), Const(first))
                count.add_one()
                return go_on(lo, _when(lo, wanted, lambda: body(item, None), lambda: NEXT), go_further)

            outcome = go_on(lo, go_further(), lambda: over(lo, iterator, visit, site))
            count.end()
            return settled(lo, outcome, frozenset([done]))

    return Iterator(drive=drive)


def dropped_while(lo: Lowering, test: Symbol, iterator: Iterator) -> Iterator:
    """`itertools.dropwhile`."""
    site = _site(lo, "dropwhile")

    def drive(body: Consumer) -> Outcome:
        dropping = _Variable(lo, site, "dropping", Const(True))

        def visit(item: Symbol, rest: Rest | None) -> Outcome:
            passes = select(lo, dropping.get(), lambda: lo.call(test, [item], {}), lambda: Const(False))
            truth = lo.truth(passes)
            dropping.set(Const(truth) if isinstance(truth, bool) else lo.emit(bool, truth))
            return _when(lo, dropping.get(), lambda: NEXT, lambda: body(item, None))

        outcome = over(lo, iterator, visit, site)
        dropping.end()
        return outcome

    return Iterator(drive=drive)


def any_or_all(
    lo: Lowering, iterator: Iterator, fn: Any, test: Callable[[Symbol], Symbol] = lambda item: item
) -> Symbol:
    """`any` or `all` of what a test says of each item; they leave the iterator as soon as they know."""
    site = _site(lo, fn.__name__)
    answer = _Variable(lo, site, "found", Const(fn is all))
    with new_label(lo) as known:

        def leave() -> Outcome:
            answer.set(Const(fn is any))
            return leaves_with(known)

        def visit(item: Symbol, rest: Rest | None) -> Outcome:
            sides = (leave, lambda: NEXT) if fn is any else (lambda: NEXT, leave)
            return _when(lo, test(item), *sides)

        stays(lo, settled(lo, over(lo, iterator, visit, site), frozenset([known])))
    return answer.end()


def first(lo: Lowering, iterator: Iterator, *default: Symbol) -> Symbol:
    """`next`: the first item, or the default if there is none."""
    assert iterator.drive is not None
    answer = _Variable(lo, _site(lo, "next"), "item", MISSING)  # type: ignore[arg-type]
    with new_label(lo) as found:

        def visit(item: Symbol, rest: Rest | None) -> Outcome:
            answer.set(item)
            return leaves_with(found)

        def exhausted() -> Outcome:
            if default:
                answer.set(default[0])
                return NEXT
            error = lo.value(lo.emit_typed(StopIteration, (), {}, Opaque(StopIteration)))
            lo.append(Raise(error, None, lo.span))
            return NEVER

        outcome = go_on(lo, iterator.drive(visit), exhausted)
        stays(lo, settled(lo, outcome, frozenset([found])))
    result = answer.end()
    return Const(None) if result is MISSING else result
