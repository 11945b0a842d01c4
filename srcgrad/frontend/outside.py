"""Objects outside of the program: what they stand for in it, and the facts about them that it relies on."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Mapping
from typing import Any

from srcgrad.frontend import kinds
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.sources import (
    AttributeSource,
    FixedSource,
    Guard,
    HasAttributeSource,
    ItemSource,
    NamesSource,
    PresenceSource,
    Source,
    same_object,
)
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import Reference, Sequence, Sink, Symbol
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import Opaque
from srcgrad.tree import attribute_names


def outside(lo: Lowering, source: Source) -> Symbol:
    """What an object outside of the program stands for; the guard that goes with it is recorded."""
    key = source.key
    if lo.handover is not None:
        return from_outer(lo, key, source.label, lambda: outside(lo.handover.outer, source), source)
    known = lo.captured.get(key)
    if known is not None:
        return known[1]
    obj = source.read()
    if id(obj) in lo.marks.sinks and type(obj) is list:
        return _sink(lo, source, obj)
    if id(obj) in lo.kept_outside and type(obj) in (list, dict):
        if lo.function is not None:
            lo.unsupported(
                f"a {type(obj).__name__} from outside that is changed is used in a recursive function", "pass its items"
            )
        _note_same(lo, source, obj)
        return lo.kept_outside[id(obj)]
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


def from_outer(
    lo: Lowering, key: tuple, label: str, read: Callable[[], Symbol], source: Source | None = None
) -> Symbol:
    """What the program around this one reads from outside: a variable of that program, to this one."""
    if key not in lo.marks.taken:
        names = {name for name, _ in lo.marks.taken.values()}
        numbered = (f"{label}_{k}" for k in itertools.count(1))
        lo.marks.taken[key] = (next(name for name in itertools.chain([label], numbered) if name not in names), source)
    variable = (lo.holder_frame(lo.marks.taken), lo.marks.taken[key][0])
    if lo.store.get(variable) is MISSING:
        lo.store.define(variable, lo.handover.read(lo, key, label, read))
    return lo.read_variable(variable)


def refuse_inside(lo: Lowering, name: str) -> None:
    """Refuses effects on what is outside, in a program that is differentiated inside of another one."""
    if lo.handover is not None:
        lo.unsupported(
            f"a function that is differentiated inside of another one changes {name!r}, which is outside of both",
            "return the value: has_aux=True passes it through",
        )


def _static_object(lo: Lowering, source: Source, obj: Any) -> Symbol:
    is_set = type(obj) is set
    lo.guards[source.key] = Guard(source, kinds.kind_of(obj) if is_set else obj, is_set)
    lo.object_sources.setdefault(id(obj), source)
    return object_symbol(lo, obj)


def object_symbol(lo: Lowering, obj: Any) -> Symbol:
    """An object that is known at compile time: one whose attributes are written is one of the program's own."""
    if lo.handover is not None:
        symbol = object_symbol(lo.handover.outer, obj)
        if isinstance(symbol, Const):
            return symbol
        return from_outer(lo, ("object", id(obj)), type(obj).__name__.lower(), lambda: symbol)
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


def check_plain(lo: Lowering, obj: Any) -> None:
    """Refuses a list, tuple or dict of a class that reads its items in a way of its own."""
    cls = type(obj)
    if cls in (tuple, list, dict) or hasattr(cls, "_fields") or kinds.own_operators(cls) is None:
        return
    kind = next(base.__name__ for base in (tuple, list, dict) if isinstance(obj, base))
    lo.unsupported(
        f"a {cls.__name__} is used here, which is derived from {kind} and has operators of its own",
        f"make it a plain {kind}, or a class that holds one and is not derived from it",
    )


def _outside_container(lo: Lowering, source: Source, obj: Any) -> Symbol:
    check_plain(lo, obj)
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
        lo.container_sources[own] = [source]
        return own
    reference = lo.new_reference(cls, contents, None)
    lo.outside_references[reference] = source
    lo.container_sources[reference] = [source]
    if id(obj) in lo.marks.kept:
        # Whatever else it is found in, it is this one there.
        lo.kept_outside[id(obj)] = reference
    return reference


def _note_same(lo: Lowering, source: Source, obj: Any) -> None:
    """Records that a container that is changed is found in one more place."""
    places = lo.container_sources.setdefault(lo.kept_outside[id(obj)], [])
    if source.key in [place.key for place in places]:
        return
    places.append(source)
    for place in places if len(places) > 1 else ():
        lo.guards["same", place.key] = Guard(place, obj, False)


def _sink(lo: Lowering, source: Source, obj: list) -> Sink:
    """A list that the program adds to."""
    known = lo.kept_outside.get(id(obj))
    if isinstance(known, Sink):
        _note_same(lo, source, obj)
        return known
    if isinstance(source, ItemSource) and not is_default(source):
        lo.unsupported("a list in a container from outside is added to here", "give it a name of its own")
    made = lo.kept_outside[id(obj)] = Sink(captured_object(lo, source))
    lo.container_sources[made] = [source]
    return made


def is_default(source: Source) -> bool:
    """Whether something is read as the default of a parameter."""
    return (
        isinstance(source, ItemSource)
        and isinstance(source.owner, AttributeSource)
        and source.owner.name in ("__defaults__", "__kwdefaults__")
    )


def captured_object(lo: Lowering, source: Source) -> Value:
    """An object from outside, by its own name in the generated code."""
    refuse_inside(lo, source.label)
    key = ("object", *source.key)
    if key not in lo.captured:
        lo.captured[key] = (source, Value(Opaque(type(source.read())), _capture_name(lo, source.label)))
    return lo.captured[key][1]


def _capture_name(lo: Lowering, label: str) -> str:
    name = label
    k = 1
    while name in lo.capture_names:
        name, k = f"{label}_{k}", k + 1
    lo.capture_names.add(name)
    return name


def source_of_object(lo: Lowering, obj: Any) -> Source | None:
    """Where an object is read; where nobody knows, the object itself. None for what derivative rules refer to."""
    known = lo.object_sources.get(id(obj))
    if known is not None or lo.fixed_span:
        return known
    name = getattr(obj, "__name__", None)
    text = name if isinstance(name, str) else type(obj).__name__.lower()
    return FixedSource(obj, "".join(c if c.isalnum() else "_" for c in text))


def outside_attribute(lo: Lowering, owner: Any, name: str) -> Symbol | None:
    """An attribute of an object from outside; None if it is of no concern where it comes from."""
    assigned = read_assigned(lo, owner, name)
    if assigned is not None:
        return assigned
    source = source_of_object(lo, owner)
    return None if source is None else outside(lo, AttributeSource(source, name))


def note_absent(lo: Lowering, namespace: Mapping[str, Any], name: str) -> None:
    """Records that the program relies on a name not being there: it would hide what the name stands for now."""
    if not lo.fixed_span:
        source = PresenceSource(namespace, name)
        lo.guards[source.key] = Guard(source, False, False)


def has_outside(lo: Lowering, obj: Any, name: str) -> bool:
    """Whether an object from outside has an attribute, which may change."""
    source = source_of_object(lo, obj)
    if source is not None:
        source = HasAttributeSource(source, name)
        lo.guards[source.key] = Guard(source, hasattr(obj, name), False)
    return hasattr(obj, name)


def note_member(lo: Lowering, cls: type, name: str) -> None:
    """Records that the program relies on what a class has under a name: a method, a property."""
    source = AttributeSource(FixedSource(cls, cls.__name__), name)
    found = getattr(cls, name)
    if any((id(place), name) in lo.marks.rebound for place in cls.__mro__):
        return
    # Some descriptors make a new object at every access.
    if not lo.fixed_span and same_object(source.read(), found):
        lo.guards[source.key] = Guard(source, found, False)


def note_class(lo: Lowering, obj: Any) -> None:
    """Records that the program relies on the class of an object."""
    source = source_of_object(lo, obj)
    if source is not None:
        source = AttributeSource(source, "__class__")
        lo.guards[source.key] = Guard(source, type(obj), False)


def module_of(namespace: dict[str, Any]) -> Any:
    """The module that global names belong to; the names themselves if there is none, as for code that was executed."""
    module = sys.modules.get(namespace.get("__name__", ""))
    return module if module is not None and vars(module) is namespace else namespace


def read_assigned(lo: Lowering, holder: Any, name: str) -> Symbol | None:
    """A name of a module, or an attribute of an object from outside, if the program assigns it somewhere; else None."""
    if lo.handover is not None:
        found = read_assigned(lo.handover.outer, holder, name)
        if found is None:
            return None
        return from_outer(lo, ("assigned", id(holder), name), name, lambda: found)
    if not lo.marks.rebound:
        return None
    classes = holder.__mro__ if isinstance(holder, type) else (holder, *type(holder).__mro__)
    for place in classes:
        if (id(place), name) in lo.marks.rebound:
            return lo.read_variable((lo.holder_frame(place), name))
        if name in getattr(place, "__dict__", ()):
            break
    return None
