"""Iterators that are asked for one item at a time, in several places: what `iter` gives, and what is consumed once."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable
from types import GeneratorType
from typing import Any

from srcgrad.frontend import objects
from srcgrad.frontend.attempts import attempt
from srcgrad.frontend.exits import caught, go_on, new_label, settled, stays
from srcgrad.frontend.handlers import handles
from srcgrad.frontend.iteration import item_getter, iterate, iterator_length, shifted
from srcgrad.frontend.loops import endless, over
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.marks import Restart
from srcgrad.frontend.merging import NEVER, NEXT, Outcome, leaves_with
from srcgrad.frontend.operators import compare
from srcgrad.frontend.statements import choose
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import (
    Consumer,
    Iterator,
    Reference,
    Rest,
    Sequence,
    Step,
    Stepper,
    Suspended,
    Symbol,
    constant,
    is_iterator,
)
from srcgrad.ir.nodes import Const, Exit, Raise, Value
from srcgrad.ir.types import Opaque

Found = Callable[[Symbol], Outcome]
Ended = Callable[[], Outcome]


def once(lo: Lowering, symbol: Symbol) -> Symbol:
    """What a name stands for that is given an iterator: what has been taken from it is gone."""
    if not isinstance(symbol, Iterator) or not is_iterator(symbol):
        return symbol
    if symbol.drive is None:
        return by_index(lo, symbol)
    if symbol.step is not None:
        return Stepper(symbol.step, symbol.drive)
    return lo.new_reference(GeneratorType, (Suspended(symbol.drive),), None)


def iterator_of(lo: Lowering, symbol: Symbol) -> Symbol:
    """`iter(symbol)`."""
    if isinstance(symbol, Stepper) or (isinstance(symbol, Reference) and symbol.cls is GeneratorType):
        return symbol
    iterator = iterate(lo, symbol)
    return once(lo, iterator) if iterator.drive is not None else by_index(lo, iterator)


def by_index(lo: Lowering, iterator: Iterator, in_steps: bool = False) -> Stepper:
    """An iterator over what has an item at each index; in steps, it looks at each of them where the end is."""
    key = ("position", lo.fresh("at"))
    lo.store.set(key, Const(0))
    site = (*lo.site("iterator"), lo.span)
    size = len(iterator.items or ()) if iterator.sized else None
    taken: list[bool] = []

    def rest() -> Iterator | None:
        place = constant(lo.store.get(key))
        if not isinstance(place, int):
            return None
        taken.append(True)
        return shifted(lo, iterator, place) if place else iterator

    def check() -> None:
        if taken:
            lo.unsupported("this iterator has been consumed before, at least in part", "collect it: list(...)")

    def take(k: Value, found: Found) -> Outcome:
        # An item that raises as it is made is gone as well.
        lo.store.set(key, lo.emit(operator.add, k, Const(1)))
        return found(item_at(lo, iterator, k))

    def step(found: Found, ended: Ended) -> Outcome:
        check()
        if lo.store.get(key) is MISSING:
            # No path leads here: the iterator does not exist yet.
            lo.missing_reads.add(key)
            return NEVER
        k = lo.value(lo.store.get(key))
        if size is not None and len(iterator.items or ()) != size:
            lo.raises(RuntimeError, "a container changed its size during iteration")
        if iterator.endless:
            return take(k, found)
        more = lo.emit(operator.lt, k, iterator_length(lo, iterator))
        return choose(lo, lo.truth(more), lambda: take(k, found), ended, lambda: NEXT)

    def drive(body: Consumer) -> Outcome:
        check()
        start = lo.value(lo.store.get(key))
        if iterator.endless or in_steps or site in lo.marks.stepped:
            return repeated(lo, step, body, site)
        length = iterator_length(lo, iterator)
        left = Iterator(bounds=(start, length, Const(1)), sources=iterator.sources)
        if isinstance(start, Const) and iterator.items is not None:
            left = Iterator(live=lambda: tuple([Const(k) for k in range(start.value, len(iterator.items or ()))]))
            left.sources, left.sized = iterator.sources, iterator.sized

        def each(k: Symbol, rest: Rest | None) -> Outcome:
            return take(lo.value(k), lambda item: consumed(item, rest))

        def consumed(item: Symbol, rest: Rest | None) -> Outcome:
            before = lo.store.get(key)
            outcome = body(item, rest)
            if lo.store.get(key) is not before:
                # The body takes items as well.
                lo.marks.stepped.add(site)
                raise Restart
            return outcome

        return over(lo, left, each, site)

    return Stepper(step, drive, rest=None if iterator.endless else rest, made=lo.fresh_counter)


def item_at(lo: Lowering, iterator: Iterator, k: Value) -> Symbol:
    """The item at an index that is in range."""
    if iterator.items is None:
        return item_getter(lo, iterator)(k)
    if isinstance(k, Const):
        return iterator.items[k.value]
    with lo.trusted():
        return item_getter(lo, iterator)(k)


def repeated(lo: Lowering, step: Step, body: Consumer, site: Any, runners: Iterable[Any] = ()) -> Outcome:
    """Gives all items to a consumer, one step after the other.

    Args:
        lo: the lowering.
        step: gives the next item.
        body: what is done with an item.
        site: what the loop is known by.
        runners: the generators that are asked for items; if some begin otherwise than they go on, the first step is
            taken out of the loop.
    """
    with new_label(lo) as done:

        def one() -> Outcome:
            return step(lambda item: settled(lo, body(item, None), _CONTINUE), lambda: leaves_with(done))

        # All of them, not only up to the first that does not.
        steady = all([runner.prime() for runner in runners])
        first = NEXT if steady else one()
        outcome = go_on(lo, first, lambda: endless(lo, one, site))
        return settled(lo, outcome, frozenset([done]))


_CONTINUE = frozenset([Exit.CONTINUE])


def from_step(lo: Lowering, step: Step) -> Stepper:
    """An iterator that is known by its steps."""
    site = (*lo.site("steps"), lo.span)
    return Stepper(step, lambda body: repeated(lo, step, body, site))


def step_of(lo: Lowering, symbol: Symbol) -> Step:
    """How to ask for one item after the other."""
    iterator = iterate(lo, symbol)
    if iterator.drive is None:
        return by_index(lo, iterator).step
    if iterator.step is None:
        lo.unsupported("these items can't be asked for one by one", "collect them: list(...)")
    return iterator.step


def next_item(lo: Lowering, symbol: Symbol, *default: Symbol) -> Symbol:
    """`next(symbol)`."""
    if not isinstance(symbol, (Stepper, Iterator)) and not in_steps(lo, symbol):
        lo.unsupported("next(...) of anything but an iterator is not supported", "index it, or make it one: iter(...)")
    return ask(lo, step_of(lo, symbol), *default)


def ask(lo: Lowering, step: Step, *default: Symbol) -> Symbol:
    """One item, or the default if there is none."""
    key = ("next", lo.fresh("i"))

    def found(item: Symbol) -> Outcome:
        lo.store.set(key, item)
        return NEXT

    def ended() -> Outcome:
        if default:
            return found(default[0])
        error = lo.value(lo.emit_typed(StopIteration, (), {}, Opaque(StopIteration)))
        lo.append(Raise(error, None, lo.span))
        return NEVER

    stays(lo, step(found, ended))
    result = lo.store.get(key)
    lo.store.set(key, MISSING)
    return Const(None) if result is MISSING else result


def in_steps(lo: Lowering, symbol: Symbol) -> bool:
    """Whether a symbol can be asked for items; a generator that was to be inlined is made such an iterator."""
    if isinstance(symbol, Reference) and symbol.cls is GeneratorType:
        give_in_steps(lo, symbol)
    return objects.class_of_object(symbol) is not None


def give_in_steps(lo: Lowering, generator: Reference) -> None:
    """Starts again with a generator that gives its items one by one, wherever it is asked for them."""
    if generator.site is not None and generator.site not in lo.marks.stepped:
        lo.marks.stepped.add(generator.site)
        raise Restart


def of_object(lo: Lowering, iterator: Symbol) -> Stepper:
    """An object of a user class that has a `__next__`."""
    site = (*lo.site("__next__"), lo.span)

    def step(found: Found, ended: Ended) -> Outcome:
        key = ("next", lo.fresh("i"))
        with new_label(lo) as over:

            def body() -> Outcome:
                outcomes: list[Outcome] = []
                lo.escape = outcomes
                item = objects.special(lo, iterator, "__next__")
                lo.escape = None
                lo.store.set(key, item)
                return outcomes[0] if outcomes else NEXT

            def given() -> Outcome:
                item = lo.store.get(key)
                lo.store.set(key, MISSING)
                return found(item)

            caught_at = (*site, *lo.calls)
            outcome = attempt(
                lo, caught_at, body, Const(StopIteration), lambda error: leaves_with(over), None, lambda: NEXT
            )
            return caught(lo, go_on(lo, outcome, given), over, ended)

    return from_step(lo, step)


def until(lo: Lowering, fn: Symbol, sentinel: Symbol) -> Stepper:
    """`iter(fn, sentinel)`."""

    def step(found: Found, ended: Ended) -> Outcome:
        item = lo.call(fn, [], {})
        same = lo.truth(compare(lo, ast.Eq(), item, sentinel))
        return choose(lo, same, ended, lambda: found(item), lambda: NEXT)

    return from_step(lo, step)


def send(generator: Any, value: Any) -> Any:
    """Stands for `generator.send(value)`; its handler lowers that."""
    raise NotImplementedError


@handles(send)
def _send(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    generator, symbol = args
    assert isinstance(generator, Stepper) and generator.send is not None
    generator.send(symbol)
    return ask(lo, generator.step)


def in_step(lo: Lowering, symbols: list[Symbol]) -> Stepper:
    """`zip` of iterators, each of which is asked for its next item in turn."""
    steps = [step_of(lo, symbol) for symbol in symbols]
    site = (*lo.site("zip"), lo.span)

    def step(found: Found, ended: Ended) -> Outcome:
        def row(k: int, items: tuple[Symbol, ...]) -> Outcome:
            if k == len(steps):
                return found(Sequence(items))
            return steps[k](lambda item: row(k + 1, (*items, item)), ended)

        return row(0, ())

    def drive(body: Consumer) -> Outcome:
        runners = [symbol.runner for symbol in symbols if isinstance(symbol, Stepper) and symbol.runner is not None]
        return repeated(lo, step, body, site, runners)

    return Stepper(step, drive)
