"""Generator functions that stand for iterators of the library: they are lowered, not called."""

from __future__ import annotations

from typing import Any

_NOTHING: Any = object()


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
    previous = _NOTHING
    for item in items:
        if previous is not _NOTHING:
            yield previous, item
        previous = item


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
