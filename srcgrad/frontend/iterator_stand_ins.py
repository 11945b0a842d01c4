"""Generator functions that stand for iterators of the library: they are lowered, not called."""

from __future__ import annotations

from typing import Any


def chained(parts: Any) -> Any:
    """`itertools.chain`."""
    for items in parts:
        yield from items


def taken_while(test: Any, items: Any) -> Any:
    """`itertools.takewhile`."""
    for item in items:
        if not test(item):
            break
        yield item


def kept(test: Any, items: Any) -> Any:
    """`filter`."""
    for item in items:
        if test(item):
            yield item


def true_ones(test: Any, items: Any) -> Any:
    """As `kept`, for items that are their own test."""
    for item in items:
        if item:
            yield item


def dropped(test: Any, items: Any) -> Any:
    """`itertools.filterfalse`."""
    for item in items:
        if not test(item):
            yield item


def false_ones(test: Any, items: Any) -> Any:
    """As `dropped`, for items that are their own test."""
    for item in items:
        if not item:
            yield item


def neighbours(items: Any) -> Any:
    """`itertools.pairwise` of a generator."""
    is_first = True
    for item in items:
        if is_first:
            previous, is_first = item, False
        else:
            yield previous, item
            previous = item


def neighbours_by_number(items: Any) -> Any:
    """`itertools.pairwise` of what has its items by number."""
    if len(items) > 0:
        previous = items[0]
        for k in range(1, len(items)):
            item = items[k]
            yield previous, item
            previous = item


def cycled(items: Any) -> Any:
    """`itertools.cycle`, which gives again what it has found at first."""
    count, found, k = len(items), [], 0
    while count > 0:
        if k < count:
            found.append(items[k])
        yield found[k % count]
        k += 1


def sums(items: Any) -> Any:
    """`itertools.accumulate` of numbers."""
    total = 0
    for item in items:
        total = total + item
        yield total


def totals(items: Any, combine: Any) -> Any:
    """`itertools.accumulate`."""
    is_first = True
    for item in items:
        if is_first:
            total, is_first = item, False
        else:
            total = combine(total, item)
        yield total


def totals_from(items: Any, combine: Any, total: Any) -> Any:
    """As `totals`, with `initial=`."""
    yield total
    for item in items:
        total = combine(total, item)
        yield total
