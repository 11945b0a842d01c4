"""Methods of lists, dicts and sets."""

from __future__ import annotations

from typing import Any

from srcgrad.frontend import compact_dict_calls as compact
from srcgrad.frontend import stand_ins
from srcgrad.frontend.access import dict_item, known_key, set_dict_item, static_key
from srcgrad.frontend.builtin_calls import as_set, make_list
from srcgrad.frontend.compact_dicts import for_reading, is_compact, is_dict
from srcgrad.frontend.folding import as_symbol
from srcgrad.frontend.handlers import BUILTINS, Handler, handles
from srcgrad.frontend.iteration import items_if_known, iterate, known_items
from srcgrad.frontend.list_kinds import is_open, note_item
from srcgrad.frontend.loops import for_each
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import NEXT, Outcome
from srcgrad.frontend.objects import mapping_as_dict
from srcgrad.frontend.records import parts
from srcgrad.frontend.values import NOT_CONSTANT, Iterator, Reference, Rest, Sequence, Symbol, constant
from srcgrad.frontend.variables import add_outside
from srcgrad.ir.nodes import Const
from srcgrad.ir.types import List

# Methods of lists


@handles(list.append)
def _append(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, item = args
    if add_outside(lo, target, item):
        return Const(None)
    if isinstance(target, Reference):
        lo.change(target, (*lo.contents(target), item))
        return Const(None)
    value = lo.value(target)
    element = parts(lo, value, item)
    if element is not None:
        lo.effect(list.append, value, element)
        return Const(None)
    element = lo.value(item)
    if element.type is not None:
        lo.put_in_list(value, element)
    lo.effect(list.append, value, element)
    return Const(None)


@handles(list.extend)
def _extend(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, more = args
    iterator = iterate(lo, more)
    if isinstance(target, Reference) and iterator.drive is None and target not in lo.outside_references:
        if iterator.items is None:
            lo.demote(target)
        lo.change(target, lo.contents(target) + iterator.items)
        return Const(None)

    def body(item: Symbol, rest: Rest | None = None) -> Outcome:
        _append(lo, [target, item], {})
        return NEXT

    for_each(lo, iterator, body, (*lo.site("extend"), lo.span))
    return Const(None)


@handles(list.pop)
def _pop(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target = args[0]
    place = args[1] if len(args) > 1 else Const(-1)
    if isinstance(target, Reference):
        k = constant(place)
        contents = list(lo.contents(target))
        if isinstance(place, Const) and not isinstance(k, int):
            lo.raises(TypeError, f"{type(k).__name__!r} object cannot be interpreted as an integer")
        if not isinstance(k, int) or (not contents and target.site is not None and not lo.attempts):
            lo.demote(target)
        item = lo.known(contents.pop, k)
        lo.change(target, tuple(contents))
        return item
    value = lo.value(target)
    assert isinstance(value.type, List)
    item = lo.emit_typed(list.pop, (value, *[lo.value(a) for a in args[1:]]), {}, value.type.item)
    if not lo.marks.settled and is_open(lo, lo.list_sites.get(value)):
        return lo.not_known_yet()
    note_item(lo, value, item)
    return item


@handles(list.insert)
def _insert(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, place, item = args
    k = constant(place)
    if not isinstance(target, Reference):
        value, element = lo.value(target), lo.value(item)
        lo.put_in_list(value, element)
        lo.effect(list.insert, value, place, element)
        return Const(None)
    if not isinstance(k, int):
        lo.demote(target)
    contents = list(lo.contents(target))
    contents.insert(k, item)
    lo.change(target, tuple(contents))
    return Const(None)


@handles(list.copy)
def _copy(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return make_list(lo, args, kwargs)


@handles(list.reverse)
def _reverse(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target = args[0]
    if not isinstance(target, Reference):
        lo.effect(list.reverse, target)
        return Const(None)
    lo.change(target, lo.contents(target)[::-1])
    return Const(None)


@handles(list.clear)
def _clear(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if isinstance(args[0], Reference):
        lo.change(args[0], ())
        return Const(None)
    return lo.call(Const(stand_ins.clear), args, {})


@handles(list.remove)
def _remove(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, item = args
    if isinstance(target, Reference):
        contents = [constant(part) for part in lo.contents(target)]
        if constant(item) is NOT_CONSTANT or NOT_CONSTANT in contents:
            if target.site is None:
                lo.unsupported("which item is removed here depends on the run", "delete it by its index")
            lo.demote(target)
        _pop(lo, [target, Const(lo.known(contents.index, constant(item)))], {})
        return Const(None)
    return lo.call(Const(stand_ins.remove), args, {})


# Methods of dicts


def _entries(lo: Lowering, symbol: Symbol) -> tuple:
    if not isinstance(symbol, Reference):
        lo.unsupported("the keys of this dict are not known at compile time")
    return lo.contents(symbol)


@handles(dict.items)
def _items(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if is_compact(args[0]):
        return compact.items(lo, args[0])
    _entries(lo, args[0])
    keys = iterate(lo, args[0])

    def pairs() -> tuple[Symbol, ...]:
        entries = _entries(lo, args[0])
        return tuple([Sequence((key, item)) for key, (_, item) in zip(keys.items or (), entries, strict=True)])

    return Iterator(live=pairs, sources=(args[0],), sized=True, view=True)


@handles(dict.keys)
def _keys(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return iterate(lo, args[0])


@handles(dict.values)
def _values(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if is_compact(args[0]):
        return compact.values(lo, args[0])
    _entries(lo, args[0])
    items = lambda: tuple([item for _, item in _entries(lo, args[0])])  # noqa: E731
    return Iterator(live=items, sources=(args[0],), sized=True, view=True)


@handles(dict.get)
def _get(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    default = args[2] if len(args) > 2 else Const(None)
    if is_compact(args[0]):
        return compact.get(lo, args[0], args[1], default)
    key = known_key(lo, args[1])
    if key is NOT_CONSTANT:
        return compact.get(lo, for_reading(lo, args[0]), args[1], default)
    return dict(_entries(lo, args[0])).get(key, default)


@handles(dict.update)
def _update(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, *sources = args
    for given in sources:
        source = mapping_as_dict(lo, given)
        pairs = lo.call(Const(dict.items), [source], {}) if is_dict(source) else source
        for_each(lo, iterate(lo, pairs), lambda pair, rest=None: _put(lo, target, pair), (*lo.site("update"), lo.span))
    for name, item in kwargs.items():
        set_dict_item(lo, target, Const(name), item)
    return Const(None)


def _put(lo: Lowering, target: Reference, pair: Symbol) -> Outcome:
    parts = known_items(lo, pair)
    if len(parts) != 2:
        lo.raises(ValueError, f"a dict is made of pairs, and {len(parts)} items are given for one of them")
    key, item = parts
    set_dict_item(lo, target, key, item)
    return NEXT


@handles(dict.copy)
def _dict_copy(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return lo.call(Const(dict), args, kwargs)


@handles(dict.pop)
def _dict_pop(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if is_compact(args[0]):
        return compact.pop(lo, args[0], args[1], args[2] if len(args) > 2 else None)
    key = static_key(lo, args[1], args[0])
    entries = dict(_entries(lo, args[0]))
    if key not in entries and len(args) > 2:
        return args[2]
    item = dict_item(lo, args[0], key)
    del entries[key]
    lo.change(args[0], tuple(entries.items()))
    return item


@handles(dict.setdefault)
def _setdefault(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, key, default = (*args, Const(None))[:3]
    if is_compact(target):
        return compact.set_default(lo, target, key, default)
    known = static_key(lo, key, target)
    if all(name != known for name, _ in _entries(lo, target)):
        set_dict_item(lo, target, key, default)
    return dict_item(lo, target, known)


@handles(set.add)
def _set_add(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, item = args
    if not isinstance(target, Reference):
        lo.unsupported("a set that comes from outside is changed here", "use a copy: set(...)")
    lo.change(target, as_set(lo, (*lo.contents(target), item)))
    return Const(None)


@handles(dict.popitem)
def _popitem(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if is_compact(args[0]):
        return compact.pop_item(lo, args[0])
    entries = _entries(lo, args[0])
    if not entries:
        lo.raises(KeyError, "popitem(): dictionary is empty")
    key = (iterate(lo, args[0]).items or ())[-1]
    lo.change(args[0], entries[:-1])  # type: ignore[arg-type]
    return Sequence((key, entries[-1][1]))


@handles(dict.clear, set.clear)
def _clear_keys(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if is_compact(args[0]):
        compact.clear(lo, args[0])
        return Const(None)
    _entries(lo, args[0])
    lo.change(args[0], ())  # type: ignore[arg-type]
    return Const(None)


@handles(dict.fromkeys)
def _from_keys(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    keys, default = (*args, Const(None))[:2]
    made = lo.call(Const(dict), [], {})
    site = (*lo.site("fromkeys"), lo.span)
    for_each(lo, iterate(lo, keys), lambda key, rest=None: _put(lo, made, Sequence((key, default))), site)
    return made


def _set_change(fn: Any, gives: bool) -> Handler:
    """A method of sets whose items are known: it changes the set, and may give something back."""

    def handler(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
        target = args[0]
        known = set_of_constants(lo, target)
        rest = [set_of_constants(lo, arg) if fn not in _OF_ITEMS else constant(arg) for arg in args[1:]]
        if known is None or None in rest or NOT_CONSTANT in rest:
            lo.unsupported("what this set holds depends on the run", "use a list, or an array of booleans")
        changed = known if gives is False else set(known)
        result = lo.known(fn, changed, *rest)
        if gives:
            return lo.new_reference(set, _constants(result), None) if isinstance(result, set) else Const(result)
        lo.change(target, _constants(changed))  # type: ignore[arg-type]
        return Const(None)

    return handler


def set_of_constants(lo: Lowering, symbol: Symbol) -> set | None:
    """The set that a symbol stands for, if all it holds is known; of anything else, the set of its items."""
    items = items_if_known(lo, symbol)
    known = [NOT_CONSTANT] if items is None else [constant(item) for item in items]
    return None if NOT_CONSTANT in known else set(known)


def _constants(items: Any) -> tuple[Symbol, ...]:
    return tuple([as_symbol(item) or Const(item) for item in items])


_OF_ITEMS = frozenset([set.discard, set.remove])
_CHANGE = ("discard", "remove", "update", "difference_update", "intersection_update", "symmetric_difference_update")
_GIVE = ("union", "intersection", "difference", "symmetric_difference", "issubset", "issuperset", "isdisjoint", "copy")
for _name in _CHANGE:
    BUILTINS[getattr(set, _name)] = _set_change(getattr(set, _name), False)
for _name in _GIVE:
    BUILTINS[getattr(set, _name)] = _set_change(getattr(set, _name), True)
