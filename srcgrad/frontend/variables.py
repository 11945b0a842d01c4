"""Variables that outlive the function that assigns them: those of enclosing functions, of modules, and of objects.

What is outside of the program is changed where the program changes it, as Python does. In the same call its new value
is known, as that of any variable is, so that what is read back is differentiated.
"""

from __future__ import annotations

import inspect
import types
from typing import Any

from srcgrad import runtime
from srcgrad.errors import Span
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.marks import Restart
from srcgrad.frontend.merging import bound_key
from srcgrad.frontend.objects import open_owner
from srcgrad.frontend.outside import (
    captured_object,
    has_outside,
    module_of,
    note_absent,
    outside,
    refuse_inside,
    source_of_object,
)
from srcgrad.frontend.snapshots import share, snapshot
from srcgrad.frontend.sources import AttributeSource, FixedSource, GlobalSource, ItemSource, Source
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import CONTAINERS, RETURNED, Frame, Reference, Sink, Symbol
from srcgrad.ir.nodes import Call, Const, Value
from srcgrad.ir.types import List


def variables(lo: Lowering, places: dict[tuple[Any, str], Any], frame: Frame) -> list[tuple[Frame, str]]:
    """Variables from outside of a function, seen from an activation of it.

    Args:
        lo: the lowering.
        places: the function that each belongs to, and its name -> None; or the module or object that it belongs to.
        frame: the activation.
    """
    found = []
    for (place, name), holder in places.items():
        owner: Frame | None = lo.holder_frame(holder) if holder is not None else frame.parent
        while owner is not None and holder is None and owner.scope.node is not place:
            owner = owner.parent
        assert owner is not None, "the function that a variable belongs to encloses the one that uses it"
        found.append((owner, name))
    return found


def encloses(owner: Frame, frame: Frame | None) -> bool:
    """Whether a function was made by the activation of another one, or inside of what that made."""
    inner = None if frame is None else frame.parent
    while inner is not None and inner is not owner:
        inner = inner.parent
    return inner is not None


def set_variable(lo: Lowering, variable: tuple[Frame, str], symbol: Symbol) -> None:
    """Assigns to a variable of this or another function, through what the current function of the graph returns."""
    owner, name = variable
    if lo.handover is not None and lo.handover.owns(owner):
        lo.unsupported(
            f"a function that is differentiated here assigns to {name!r} of the enclosing function",
            "return the value: has_aux=True passes it through",
        )
    if owner.function is not lo.function and not lo.has_assigned(variable):
        is_outside = owner.scope is None
        if lo.function is None or not (is_outside or encloses(owner, lo.function.frame)):
            lo.unsupported(
                f"a recursive function assigns to {name!r} of another function here",
                "return the value, or write to an array",
            )
        known = lo.marks.assigned.setdefault(lo.function.identity, {})
        known[id(owner.source) if is_outside else owner.scope.node, name] = owner.source if is_outside else None
        raise Restart
    lo.store.set(variable, symbol)
    if lo.store.get(bound_key(variable)) is not MISSING:
        lo.store.set(bound_key(variable), Const(True))


def forget_locals(lo: Lowering, frame: Frame) -> None:
    """Drops the variables of a call that is over, unless a function that it made may still use them."""
    if id(frame) in lo.frames_captured:
        return
    for name in (*frame.scope.locals, RETURNED):
        for key in ((frame, name), bound_key((frame, name))):
            if lo.store.get(key) is not MISSING:
                lo.store.set(key, MISSING)


def set_global(lo: Lowering, namespace: dict[str, Any], name: str, symbol: Symbol) -> None:
    """Assigns to a global name."""
    set_outside(lo, module_of(namespace), name, symbol)


def set_outside(lo: Lowering, holder: Any, name: str, symbol: Symbol) -> None:
    """Assigns to a name of a module or of code that is in none, or an attribute of an object that was there before."""
    refuse_inside(lo, name)
    if (id(holder), name) not in lo.marks.rebound:
        lo.marks.rebound[id(holder), name] = (holder, _source(lo, holder, name))
        raise Restart
    share(lo, snapshot(lo, symbol, {}))
    if isinstance(holder, dict):
        names = captured_object(lo, FixedSource(holder, "namespace"))
        lo.effect(runtime.outside_item, names, Const(name), lo.value(symbol))
    else:
        lo.append(Call(setattr, (Const(holder), Const(name), lo.value(symbol)), {}, [], lo.span))
    set_variable(lo, (lo.holder_frame(holder), name), symbol)


def _source(lo: Lowering, holder: Any, name: str) -> Source:
    """Where something that is assigned was read before that."""
    if isinstance(holder, (dict, types.ModuleType)):
        return GlobalSource(holder if isinstance(holder, dict) else vars(holder), name)
    owner = source_of_object(lo, holder)
    if owner is None or isinstance(inspect.getattr_static(type(holder), name, None), property):
        lo.unsupported(f"the attribute {name!r} of this object can't be assigned here", "return the value")
    if not isinstance(holder, type):
        _check_no_argument(lo, owner)
    own = holder if isinstance(holder, type) else type(holder)
    if type(own).__setattr__ is not type.__setattr__ or own.__setattr__ is not object.__setattr__:
        lo.unsupported(f"{own.__name__} does not let its attributes be assigned like this", "return the value")
    return AttributeSource(owner, name)


def belongs_to_argument(lo: Lowering, source: Source) -> bool:
    """Whether something is, or is reached through, an object that is an argument."""
    while isinstance(source, (AttributeSource, ItemSource)):
        source = source.owner
    return isinstance(source, FixedSource) and id(source.value) in lo.argument_objects


def _check_no_argument(lo: Lowering, source: Source) -> None:
    """Starts again with an object that is an argument as one of the program's own; refuses to change any other."""
    open_owner(lo, source)
    if belongs_to_argument(lo, source):
        lo.unsupported("something that an argument holds is changed here", "return the new value, or change a copy")


def change_outside(lo: Lowering, reference: Reference, contents: tuple) -> None:
    """Changes the items of a list or dict from outside where the program changes them."""
    source = lo.outside_references[reference]
    holder = source.read()
    if id(holder) not in lo.marks.kept:
        _check_no_argument(lo, source)
        lo.marks.kept[id(holder)] = (holder, source)
        raise Restart
    before = dict(enumerate(lo.contents(reference)) if reference.cls is list else lo.contents(reference))
    after = dict(enumerate(contents) if reference.cls is list else contents)
    if before.keys() - after.keys() or (reference.cls is list and len(after) != len(before)):
        lo.unsupported(
            f"items are removed from a {reference.cls.__name__} that is not an argument, or inserted",
            "pass it as an argument, or change a copy",
        )
    for key, symbol in after.items():
        if key not in before or before[key] is not symbol:
            share(lo, snapshot(lo, symbol, {}))
            lo.effect(runtime.outside_item, captured_object(lo, source), Const(key), lo.value(symbol))


def add_outside(lo: Lowering, target: Symbol, item: Symbol) -> bool:
    """Adds to a list from outside, if it is one."""
    if isinstance(target, Sink):
        lo.changed.setdefault(target, lo.span)
        share(lo, snapshot(lo, item, {}))
        lo.effect(runtime.outside_append, target.items, lo.value(item))
        return True
    source = lo.outside_references.get(target) if isinstance(target, Reference) else None
    if isinstance(target, Value):
        source = next((source for source, value in lo.captured.values() if value is target), None)
    if source is None:
        return False
    _check_no_argument(lo, source)
    lo.marks.sinks[id(source.read())] = source.read()
    raise Restart


def open_outside(lo: Lowering) -> None:
    """Lets the variables from outside that the program assigns stand for what they hold on entry."""
    for (_, name), (holder, source) in lo.marks.rebound.items():
        if isinstance(source, GlobalSource) and name not in source.namespace:
            note_absent(lo, source.namespace, name)
            continue
        if isinstance(source, AttributeSource) and not has_outside(lo, holder, name):
            continue
        lo.store.set((lo.holder_frame(holder), name), outside(lo, source))
    for holder, source in lo.marks.kept.values():
        lo.kept_outside[id(holder)] = outside(lo, source)


def held_outside(lo: Lowering) -> dict[Value, list[Span | None]]:
    """The containers from outside that the program uses, by themselves -> where it changes them."""
    known = {source.key for places in lo.container_sources.values() for source in places}
    return {
        captured_object(lo, places[0]): _changes(lo, symbol)
        for symbol, places in lo.container_sources.items()
        if not any(isinstance(source, ItemSource) and source.owner.key in known for source in places)
    }


def _changes(lo: Lowering, symbol: Symbol) -> list[Span | None]:
    """Where a container from outside is changed, or one in it."""
    own = [lo.changed[symbol]] if symbol in lo.changed else []
    if isinstance(symbol, Reference) and symbol.cls in CONTAINERS:
        parts = [part[1] if isinstance(part, tuple) else part for part in lo.contents(symbol)]
        return [*own, *[span for part in parts for span in _changes(lo, part)]]
    if isinstance(symbol, Value) and isinstance(symbol.type, List) and symbol in lo.container_sources:
        # It was made of the list outside because the program changes it.
        own.append(lo.span)
    return own
