"""Objects outside of the program: what they stand for in it, and the facts about them that it relies on."""

from __future__ import annotations

from typing import Any

from srcgrad.frontend import kinds
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.sources import AttributeSource, Guard, ItemSource, NamesSource, PresenceSource, Source
from srcgrad.frontend.values import Reference, Sequence, Symbol
from srcgrad.ir.nodes import Const, Value
from srcgrad.tree import attribute_names


def outside(lo: Lowering, source: Source) -> Symbol:
    """What an object outside of the program stands for; the guard that goes with it is recorded."""
    key = source.key
    known = lo.captured.get(key)
    if known is not None:
        return known[1]
    obj = source.read()
    if kinds.is_static(obj):
        return _static_object(lo, source, obj)
    number = kinds.number_type(obj, source.label)
    if number is None and kinds.is_long_list(obj):
        number = kinds.list_type(obj, source.label)
    if number is not None and lo.fixed_span and isinstance(obj, (int, float)):
        return Const(float(obj) if isinstance(obj, float) else obj)
    if number is not None:
        lo.guards[key] = Guard(source, kinds.kind_of(obj), True)
        value = Value(number, _capture_name(lo, source.label))
        lo.captured[key] = (source, value)
        return value
    if isinstance(obj, (tuple, list, dict)):
        return _outside_container(lo, source, obj)
    return _static_object(lo, source, obj)


def _static_object(lo: Lowering, source: Source, obj: Any) -> Symbol:
    lo.guards[source.key] = Guard(source, obj, False)
    lo.object_sources.setdefault(id(obj), source)
    return object_symbol(lo, obj)


def object_symbol(lo: Lowering, obj: Any) -> Symbol:
    """An object that is known at compile time: one whose attributes are written is one of the program's own."""
    return lo.opened[id(obj)] if id(obj) in lo.opened else Const(obj)


def open_objects(lo: Lowering) -> None:
    """Makes objects of the program's own of those among the arguments that it writes; before anything else is done."""
    lo.opening = True
    sources = list(lo.marks.opened.values())
    for source in sources:
        obj = source.read()
        lo.object_sources[id(obj)] = source
        lo.opened[id(obj)] = Reference(type(obj), None)
    for source in sources:
        obj = source.read()
        names = NamesSource(source)
        lo.guards[names.key] = Guard(names, kinds.kind_of(names.read()), True)
        parts = [(name, outside(lo, AttributeSource(source, name))) for name in attribute_names(obj)]
        lo.store.set(lo.opened[id(obj)], tuple(parts))
    lo.opening = False


def _outside_container(lo: Lowering, source: Source, obj: Any) -> Symbol:
    lo.guards[source.key] = Guard(source, kinds.kind_of(obj), True)
    if id(obj) in lo.opened:
        lo.guards["same", source.key] = Guard(source, obj, False)
        return lo.opened[id(obj)]
    if isinstance(obj, dict):
        items = tuple([(key, outside(lo, ItemSource(source, key))) for key in obj])
        return _outside_reference(lo, source, obj, dict, items)
    parts = tuple([outside(lo, ItemSource(source, k)) for k in range(len(obj))])
    return _outside_reference(lo, source, obj, list, parts) if isinstance(obj, list) else Sequence(parts, type(obj))


def _outside_reference(lo: Lowering, source: Source, obj: Any, cls: type, contents: tuple) -> Symbol:
    if lo.opening:
        from srcgrad.frontend.list_kinds import new_list

        own = new_list(lo, contents, ("opened", id(obj))) if cls is list else lo.new_reference(cls, contents, None)
        lo.opened[id(obj)] = own
        return own
    reference = lo.new_reference(cls, contents, None)
    lo.outside_references[reference] = source
    return reference


def has_outside(lo: Lowering, owner: Any, name: str) -> bool:
    """Whether an object outside of the program has an attribute; that it stays so is guarded."""
    there = hasattr(owner, name)
    source = lo.object_sources.get(id(owner))
    if source is not None:
        presence = PresenceSource(source, name)
        lo.guards[presence.key] = Guard(presence, there, False)
    return there


def _capture_name(lo: Lowering, label: str) -> str:
    name = label
    k = 1
    while name in lo.capture_names:
        name, k = f"{label}_{k}", k + 1
    lo.capture_names.add(name)
    return name


def outside_attribute(lo: Lowering, owner: Any, name: str) -> Symbol | None:
    """An attribute of an object that was itself read from outside; None if it was not."""
    source = lo.object_sources.get(id(owner))
    return None if source is None else outside(lo, AttributeSource(source, name))
