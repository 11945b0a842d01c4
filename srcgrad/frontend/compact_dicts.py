"""Dicts whose keys depend on the run, laid out as CPython lays out its own: entries in order, and an index into them.

`d[key] = item` appends to the entries and notes the place in the index: `index[key] = len(d); d.append(item)`. What
is overwritten or deleted stays among the entries. So nothing has to be undone in the reverse sweep, copies share
their entries, and to the reverse transform all of this is a list that grows. Of the index it knows that it is passive.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from srcgrad.frontend.list_kinds import new_list, type_of_item
from srcgrad.frontend.list_kinds import place_of as kind_place
from srcgrad.frontend.lowering import Lowering, is_undefined
from srcgrad.frontend.marks import Restart
from srcgrad.frontend.merging import NEXT, Outcome, branch, join_branches
from srcgrad.frontend.pools import place_of
from srcgrad.frontend.values import CompactDict, Reference, Sequence, Symbol
from srcgrad.ir.joins import join
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import BOOL, INT, NONE, STR, Dict, Tuple, Type, is_scalar, widen

INDEX, ENTRIES, FACTORY = "index", "entries", "factory"


def is_compact(symbol: Any) -> bool:
    """Whether a symbol is a dict whose keys depend on the run."""
    return isinstance(symbol, Reference) and symbol.cls is CompactDict


def is_dict(symbol: Any) -> bool:
    """Whether a symbol is a dict."""
    return isinstance(symbol, Reference) and issubclass(symbol.cls, dict)


def new_dict(lo: Lowering, site: Any) -> Reference:
    """An empty dict: one whose keys depend on the run if an earlier attempt found that they do."""
    return empty_dict(lo, site) if site in lo.marks.keyed else lo.new_reference(dict, (), site)


def empty_dict(lo: Lowering, site: Any, factory: Symbol | None = None) -> Reference:
    """An empty dict whose keys depend on the run."""
    made = filled_dict(lo, (), site)
    if factory is not None:
        lo.store.set(made, (*lo.contents(made), (FACTORY, factory)))
    return made


def filled_dict(lo: Lowering, entries: tuple[tuple[Any, Symbol], ...], site: Any) -> Reference:
    """A dict whose keys depend on the run from here on, and that holds these entries to begin with."""
    lo.marks.keyed.setdefault(site, None)
    kind = lo.marks.dynamic.setdefault((site, ENTRIES), None)
    items = [item for _, item in entries]
    for key, _ in entries:
        _note_key(lo, site, Const(key) if type(key) is not tuple else Sequence(tuple(map(Const, key))))
    if kind is None or _is_plain(kind):
        held = [_kept(lo, site, item) for item in items]
        parts = ((INDEX, Value(Dict(kind or INT), None, lo.span)),)
    else:
        held = [Const(k) for k in range(len(items))]
        parts = (
            (INDEX, Value(Dict(INT), None, lo.span)),
            (ENTRIES, new_list(lo, tuple(items), (site, ENTRIES))),
        )
    tree = {key: value for (key, _), value in zip(entries, held, strict=True)}
    lo.append_call(dict, (tree,) if tree else (), [parts[0][1]])
    return lo.new_reference(CompactDict, parts, site)


def _is_plain(kind: Type) -> bool:
    """Whether items of this type are kept in the index itself, since no derivative flows through them."""
    return is_scalar(kind) and not kind.differentiable


def is_unknown(lo: Lowering, reference: Reference) -> bool:
    """Whether nothing is known yet of the items of a dict."""
    return lo.marks.dynamic[reference.site, ENTRIES] is None


def as_value(lo: Lowering, reference: Reference) -> Value:
    """A dict as one value: itself, if its items are passive numbers, else its place among those made where it is."""
    parts = parts_of(lo, reference)
    pooled = (CompactDict, reference.site) in lo.marks.pools
    if FACTORY in parts:
        lo.unsupported("a dict whose keys depend on the run is used as a whole here", "use its items one by one")
    if ENTRIES in parts or is_unknown(lo, reference) or pooled:
        return place_of(lo, reference)
    return parts[INDEX]


def parts_of(lo: Lowering, reference: Reference) -> dict[str, Any]:
    return dict(lo.contents(reference))


def named(lo: Lowering, reference: Reference, name: str) -> None:
    """Calls the parts of a dict after the name that it was given first."""
    parts = parts_of(lo, reference)
    whole = parts.get(ENTRIES, parts[INDEX])
    whole.hint = whole.hint or name
    parts[INDEX].hint = parts[INDEX].hint or f"{whole.hint}_index"


def entry(lo: Lowering, reference: Reference, key: Symbol) -> tuple[Value, Symbol]:
    """What an item is read from, and by which subscript; it is made if there is a factory."""
    parts = parts_of(lo, reference)
    if FACTORY in parts:

        def add() -> Outcome:
            set_item(lo, reference, key, lo.call(parts[FACTORY], [], {}))
            return NEXT

        unless_there(lo, reference, key, add)
    if ENTRIES not in parts:
        return parts[INDEX], key
    return parts[ENTRIES], lo.emit(operator.getitem, parts[INDEX], key)


def unless_there(lo: Lowering, reference: Reference, key: Symbol, action: Callable[[], Outcome]) -> None:
    """Does something where a key is missing."""
    there = lo.value(contains(lo, reference, key))
    join_branches(lo, there, branch(lo, lambda: NEXT), branch(lo, action))


def set_item(lo: Lowering, reference: Reference, key: Symbol, item: Symbol) -> None:
    """`d[key] = item`."""
    parts = parts_of(lo, reference)
    if ENTRIES not in parts:
        element = _kept(lo, reference.site, item)
    with lo.trusted(_is_hashable(key)):
        if ENTRIES not in parts:
            lo.effect(operator.setitem, parts[INDEX], key, element)
            return _note_key(lo, reference.site, key)
        place = lo.emit_typed(len, (parts[ENTRIES],), {}, INT)
        lo.effect(operator.setitem, parts[INDEX], key, place)
        lo.call(Const(list.append), [parts[ENTRIES], item], {})
    _note_key(lo, reference.site, key)


def _kept(lo: Lowering, site: Any, item: Symbol) -> Value:
    """An item that goes into the index itself; starts again if the items turn out to be of another kind."""
    element, known = lo.value(item), lo.marks.dynamic[site, ENTRIES]
    if not is_undefined(element):
        kind = widen(type_of_item(lo, element))
        merged = kind if known is None else join(known, kind, kind_place(lo, (site, ENTRIES)))
        if merged != known:
            lo.marks.dynamic[site, ENTRIES] = merged
            raise Restart
    return element


def _note_key(lo: Lowering, site: Any, key: Symbol) -> None:
    """Notes the kind of a key; starts again if the keys have been read as keys of other kinds."""
    kind, known = _kind(key), lo.marks.keyed[site]
    if kind is None:
        return
    merged = kind if known is None else join(known, kind, kind_place(lo, site))
    if merged != known:
        lo.marks.keyed[site] = merged
        if site in lo.keys_read:
            raise Restart


def _kind(key: Symbol) -> Type | None:
    if isinstance(key, Sequence):
        kinds = [_kind(item) for item in key.items]
        return None if None in kinds else Tuple(tuple([kind for kind in kinds if kind is not None]))
    return widen(key.type) if isinstance(key, Value) and not is_undefined(key) else None


def _is_hashable(key: Symbol) -> bool:
    """Whether a symbol surely can be a key."""
    if isinstance(key, Sequence):
        return all(map(_is_hashable, key.items))
    return isinstance(key, Value) and (is_scalar(key.type) or key.type in (STR, NONE))


def delete_item(lo: Lowering, reference: Reference, key: Symbol) -> None:
    """`del d[key]`."""
    lo.effect(operator.delitem, parts_of(lo, reference)[INDEX], key)


def contains(lo: Lowering, reference: Reference, key: Symbol) -> Symbol:
    """`key in d`."""
    with lo.trusted(_is_hashable(key)):
        return lo.emit_typed(operator.contains, (parts_of(lo, reference)[INDEX], lo.tree(key)), {}, BOOL)


def length(lo: Lowering, reference: Reference) -> Symbol:
    """`len(d)`."""
    return lo.emit_typed(len, (parts_of(lo, reference)[INDEX],), {}, INT)


def for_reading(lo: Lowering, reference: Reference) -> Reference:
    """A dict of constant keys, to be read by a key that depends on the run."""
    if reference.site is not None:
        lo.demote(reference)
    return filled_dict(lo, lo.contents(reference), (*lo.site("read"), lo.span))
