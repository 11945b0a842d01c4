"""Methods of lists, dicts and sets."""

from __future__ import annotations

from srcgrad.frontend.access import dict_item, static_key
from srcgrad.frontend.builtin_calls import make_list
from srcgrad.frontend.handlers import BUILTINS, handles
from srcgrad.frontend.iteration import iterate
from srcgrad.frontend.loops import for_each
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import NEXT, Outcome
from srcgrad.frontend.records import parts
from srcgrad.frontend.values import Iterator, Reference, Rest, Sequence, Symbol, constant
from srcgrad.frontend.variables import add_outside
from srcgrad.ir.nodes import UNDEFINED, Const
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
    if element.type is not None and not (isinstance(element, Const) and element.value is UNDEFINED):
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
        if not isinstance(k, int):
            lo.demote(target)
        if not contents:
            lo.demote(target)
        item = contents.pop(k)
        lo.change(target, tuple(contents))
        return item
    value = lo.value(target)
    assert isinstance(value.type, List)
    return lo.emit_typed(list.pop, (value, *[lo.value(a) for a in args[1:]]), {}, value.type.item)


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


@handles(list.sort)
def _sort(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target = args[0]
    ordered = lo.call(Const(sorted), [target], kwargs)
    if not (isinstance(target, Reference) and isinstance(ordered, Reference)):
        lo.unsupported("sorting a list whose length depends on the run is not supported yet", "use sorted(...)")
    lo.change(target, lo.contents(ordered))
    return Const(None)


@handles(list.clear)
def _clear(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if not isinstance(args[0], Reference):
        lo.unsupported("clearing a list whose length depends on the run is not supported yet", "make a new list")
    lo.change(args[0], ())
    return Const(None)


# Methods of dicts


def _entries(lo: Lowering, symbol: Symbol) -> tuple:
    if not isinstance(symbol, Reference):
        lo.unsupported("the keys of this dict are not known at compile time")
    return lo.contents(symbol)


@handles(dict.items)
def _items(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    keys = iterate(lo, args[0]).items or ()
    entries = _entries(lo, args[0])
    return Iterator(tuple(Sequence((key, item)) for key, (_, item) in zip(keys, entries, strict=True)))


@handles(dict.keys)
def _keys(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return iterate(lo, args[0])


@handles(dict.values)
def _values(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return Iterator(tuple(item for _, item in _entries(lo, args[0])))


@handles(dict.get)
def _get(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    key = static_key(lo, args[1])
    if any(name == key for name, _ in _entries(lo, args[0])):
        assert isinstance(args[0], Reference)
        return dict_item(lo, args[0], key)
    return args[2] if len(args) > 2 else Const(None)


@handles(dict.update)
def _update(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    more = dict(_entries(lo, args[1])) if len(args) > 1 else {}
    lo.change(args[0], tuple({**dict(_entries(lo, args[0])), **more, **kwargs}.items()))
    return Const(None)


@handles(dict.copy)
def _dict_copy(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return lo.new_reference(dict, _entries(lo, args[0]), None)


@handles(dict.pop)
def _dict_pop(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    key = static_key(lo, args[1])
    entries = dict(_entries(lo, args[0]))
    if key not in entries and len(args) > 2:
        return args[2]
    item = dict_item(lo, args[0], key)  # type: ignore[arg-type]
    del entries[key]
    lo.change(args[0], tuple(entries.items()))
    return item


@handles(dict.setdefault)
def _setdefault(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    key = static_key(lo, args[1])
    entries = dict(_entries(lo, args[0]))
    entries.setdefault(key, args[2])
    lo.change(args[0], tuple(entries.items()))
    return entries[key]


@handles(set.add)
def _set_add(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    target, item = args
    assert isinstance(target, Reference)
    known = [constant(part) for part in lo.contents(target)]
    if constant(item) not in known:
        lo.change(target, (*lo.contents(target), item))
    return Const(None)


def _refuse(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    lo.unsupported("this function writes to its argument, which is not supported yet")


for _writer in (list.remove, dict.clear, dict.popitem, set.discard, set.remove, set.pop, set.clear, set.update):
    BUILTINS[_writer] = _refuse
