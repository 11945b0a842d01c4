"""Objects outside of the program: what they stand for in it, and the facts about them that it relies on."""

from __future__ import annotations

import sys
from typing import Any

from srcgrad.frontend import kinds
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.sources import AttributeSource, Guard, ItemSource, Source
from srcgrad.frontend.values import Reference, Sequence, Sink, Symbol
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import Opaque


def outside(lo: Lowering, source: Source) -> Symbol:
    """What an object outside of the program stands for; the guard that goes with it is recorded."""
    key = source.key
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


def _static_object(lo: Lowering, source: Source, obj: Any) -> Const:
    lo.guards[source.key] = Guard(source, obj, False)
    lo.object_sources[id(obj)] = source
    return Const(obj)


def _outside_container(lo: Lowering, source: Source, obj: Any) -> Symbol:
    lo.guards[source.key] = Guard(source, kinds.kind_of(obj), True)
    if isinstance(obj, dict):
        items = tuple([(key, outside(lo, ItemSource(source, key))) for key in obj])
        return _outside_reference(lo, dict, items, source)
    parts = tuple([outside(lo, ItemSource(source, k)) for k in range(len(obj))])
    return _outside_reference(lo, list, parts, source) if isinstance(obj, list) else Sequence(parts, type(obj))


def _outside_reference(lo: Lowering, cls: type, contents: tuple, source: Source) -> Reference:
    reference = lo.new_reference(cls, contents, None)
    lo.outside_references[reference] = source
    return reference


def _sink(lo: Lowering, source: Source, obj: list) -> Sink:
    """A list that the program adds to."""
    known = lo.kept_outside.get(id(obj))
    if isinstance(known, Sink):
        return known
    if isinstance(source, ItemSource) and not is_default(source):
        lo.unsupported("a list in a container from outside is added to here", "give it a name of its own")
    made = lo.kept_outside[id(obj)] = Sink(captured_object(lo, source))
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


def outside_attribute(lo: Lowering, owner: Any, name: str) -> Symbol | None:
    """An attribute of an object that was itself read from outside; None if it was not."""
    assigned = read_assigned(lo, owner, name)
    if assigned is not None:
        return assigned
    source = lo.object_sources.get(id(owner))
    return None if source is None else outside(lo, AttributeSource(source, name))


def module_of(namespace: dict[str, Any]) -> Any:
    """The module that global names belong to; the names themselves if there is none, as for code that was executed."""
    module = sys.modules.get(namespace.get("__name__", ""))
    return module if module is not None and vars(module) is namespace else namespace


def read_assigned(lo: Lowering, holder: Any, name: str) -> Symbol | None:
    """A name of a module, or an attribute of an object from outside, if the program assigns it somewhere; else None."""
    if not lo.marks.rebound:
        return None
    classes = holder.__mro__ if isinstance(holder, type) else (holder, *type(holder).__mro__)
    for place in classes:
        if (id(place), name) in lo.marks.rebound:
            return lo.read_variable((lo.holder_frame(place), name))
        if name in getattr(place, "__dict__", ()):
            break
    return None
