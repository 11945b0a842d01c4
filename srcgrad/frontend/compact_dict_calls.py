"""Methods and iteration of dicts whose keys depend on the run."""

from __future__ import annotations

import operator
from collections.abc import Callable

from srcgrad.frontend.access import subscript
from srcgrad.frontend.compact_dicts import (
    ENTRIES,
    INDEX,
    contains,
    is_unknown,
    parts_of,
    set_item,
    unless_there,
)
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import NEXT, Outcome, select
from srcgrad.frontend.values import CompactDict, Iterator, Reference, Sequence, Symbol
from srcgrad.ir.joins import join
from srcgrad.ir.nodes import Value
from srcgrad.ir.types import INT, STR, UNKNOWN, Dict, List, Type


def keys(lo: Lowering, reference: Reference) -> Iterator:
    """`d.keys()`."""
    return _rows(lo, reference, lambda key: _given(lo, key))


def values(lo: Lowering, reference: Reference) -> Iterator:
    """`d.values()`."""
    return _rows(lo, reference, lambda key: _found(lo, reference, key))


def items(lo: Lowering, reference: Reference) -> Iterator:
    """`d.items()`."""
    return _rows(lo, reference, lambda key: Sequence((_given(lo, key), _found(lo, reference, key))))


def _rows(lo: Lowering, reference: Reference, row: Callable[[Symbol], Symbol]) -> Iterator:
    """What a dict holds, in the order in which its keys were first written; items as they are when they are reached."""
    kind = lo.marks.keyed[reference.site]
    lo.keys_read.add(reference.site)
    index = parts_of(lo, reference)[INDEX]
    hint = f"{index.hint.removesuffix('_index')}_keys" if index.hint else None
    listed = Value(List(UNKNOWN if kind is None else kind), hint, lo.span)
    lo.append_call(list, (index,), [listed])

    def item(k: Value) -> Symbol:
        with lo.trusted():
            return row(lo.not_known_yet() if kind is None else subscript(lo, listed, k))

    return Iterator(
        length=lambda: lo.value(lo.emit_typed(len, (listed,), {}, INT)),
        item=item,
        sources=(index,),
        view=True,
        anew=lambda: _rows(lo, reference, row),
    )


def _given(lo: Lowering, key: Symbol) -> Symbol:
    """A key that the program is given: the index is passive, and so must be what comes out of it."""
    if isinstance(key, Value) and key.type.differentiable and key.type != STR:
        lo.unsupported("the keys of a dict may be floats, and are read here", "keep the numbers in a list beside it")
    return key


def _found(lo: Lowering, reference: Reference, key: Symbol) -> Symbol:
    """The item of a key that is there."""
    parts = parts_of(lo, reference)
    with lo.trusted():
        return _at(lo, reference, lo.emit_typed(operator.getitem, (parts[INDEX], lo.tree(key)), {}, _kind(parts)))


def _at(lo: Lowering, reference: Reference, place: Symbol) -> Symbol:
    """The item of which the index says the place, or which it holds itself."""
    if is_unknown(lo, reference):
        return lo.not_known_yet()
    parts = parts_of(lo, reference)
    if ENTRIES not in parts:
        return place
    with lo.trusted():
        return subscript(lo, parts[ENTRIES], place)


def _kind(parts: dict[str, Value]) -> Type:
    """The type of what the index holds."""
    index = parts[INDEX].type
    assert isinstance(index, Dict)
    return index.item


def get(lo: Lowering, reference: Reference, key: Symbol, default: Symbol) -> Symbol:
    """`d.get(key, default)`, for which no factory is asked."""
    parts = parts_of(lo, reference)
    if ENTRIES not in parts and not is_unknown(lo, reference) and isinstance(default, Value):
        kind = _kind(parts)
        if join(kind, default.type, "got") == kind:
            return lo.emit_typed(dict.get, (parts[INDEX], lo.tree(key), default), {}, kind)
    return select(lo, contains(lo, reference, key), lambda: _found(lo, reference, key), lambda: default)


def pop(lo: Lowering, reference: Reference, key: Symbol, default: Symbol | None) -> Symbol:
    """`d.pop(key)` or `d.pop(key, default)`."""

    def taken() -> Symbol:
        parts = parts_of(lo, reference)
        place = lo.emit_typed(dict.pop, (parts[INDEX], lo.tree(key)), {}, _kind(parts))
        return _at(lo, reference, place)

    if default is None:
        return taken()
    return select(lo, contains(lo, reference, key), taken, lambda: default)


def set_default(lo: Lowering, reference: Reference, key: Symbol, default: Symbol) -> Symbol:
    """`d.setdefault(key, default)`."""

    def add() -> Outcome:
        set_item(lo, reference, key, default)
        return NEXT

    unless_there(lo, reference, key, add)
    return _found(lo, reference, key)


def copy(lo: Lowering, reference: Reference) -> Reference:
    """`d.copy()`: an index of its own, into the same entries."""
    parts = parts_of(lo, reference)
    index = Value(parts[INDEX].type, None, lo.span)
    lo.append_call(dict.copy, (parts[INDEX],), [index])
    return lo.new_reference(CompactDict, tuple({**parts, INDEX: index}.items()), reference.site)


def clear(lo: Lowering, reference: Reference) -> None:
    """`d.clear()`."""
    lo.effect(dict.clear, parts_of(lo, reference)[INDEX])


def pop_item(lo: Lowering, reference: Reference) -> Symbol:
    """`d.popitem()`: the last key and its item."""
    parts = parts_of(lo, reference)
    kind = lo.marks.keyed[reference.site]
    lo.keys_read.add(reference.site)
    key, place = Value(kind or UNKNOWN, None, lo.span), Value(_kind(parts), None, lo.span)
    lo.append_call(dict.popitem, (parts[INDEX],), [key, place])
    return Sequence((lo.not_known_yet() if kind is None else _given(lo, key), _at(lo, reference, place)))
