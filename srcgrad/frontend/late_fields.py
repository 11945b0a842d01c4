"""Attributes that objects get on some paths only, or in the body of a loop: it is known whether the path taken did it.

Before -> after: `for x in xs: net.seen = x` -> the loop carries `seen`, undefined at first, and whether it is set.
Beside such an attribute the object holds a truth, under a name that is none of Python's.
"""

from __future__ import annotations

import inspect
import types
from typing import Any

from srcgrad.frontend.lowering import UNDEFINED_VALUE, Lowering
from srcgrad.frontend.objects import member
from srcgrad.frontend.snapshots import Snapshot, leaves, snapshot
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import CONTAINERS, Reference, Sequence, Symbol
from srcgrad.ir.nodes import Const, Value

_IS_SET = " is set"
Contents = tuple[tuple[Any, Any], ...]


def flag_of(name: str) -> str:
    """The name under which an object holds whether it has an attribute."""
    return f"{name}{_IS_SET}"


def _truth(name: str, value: bool) -> Const:
    truth = Const(value)
    truth.hint = f"{name}_is_set"
    return truth


def is_flag(name: Any) -> bool:
    """Whether an object holds under this name whether it has an attribute."""
    return isinstance(name, str) and name.endswith(_IS_SET)


def is_object(reference: Any) -> bool:
    """Whether this is an object with attributes."""
    return isinstance(reference, Reference) and reference.cls not in (*CONTAINERS, types.GeneratorType)


def united(lo: Lowering, cls: type, a: Contents, b: Contents) -> tuple[Contents, Contents] | None:
    """The attributes of an object on two paths, made the same ones; None if that is not possible."""
    first, second = dict(a), dict(b)
    names = [*first, *[name for name in second if name not in first]]
    for name in names:
        if is_flag(name) or (name in first and name in second):
            continue
        there, elsewhere = (first, second) if name in first else (second, first)
        added = missing_field(lo, cls, name, there[name])
        if added is None:
            return None
        for key, symbol in added:
            elsewhere[key] = symbol
            if is_flag(key):
                there.setdefault(key, _truth(name, True))
    for name in [*first, *second]:
        for side in (first, second):
            if is_flag(name):
                side.setdefault(name, _truth(name.removesuffix(_IS_SET), True))
    order = list(first)
    if set(order) != set(second):
        return None
    return tuple(first.items()), tuple([(name, second[name]) for name in order])


def missing_field(lo: Lowering, cls: type, name: str, symbol: Any) -> Contents | None:
    """What an object holds in place of an attribute that it does not have here, but elsewhere; None if unknown."""
    found = inspect.getattr_static(cls, name, MISSING)
    if found is not MISSING:
        if callable(found) or hasattr(found, "__get__") or any((id(c), name) in lo.marks.rebound for c in cls.__mro__):
            return None
        return ((name, member(lo, cls, name)),)
    undefined = _undefined(symbol)
    return None if undefined is None else ((name, undefined), (flag_of(name), _truth(name, False)))


def _undefined(symbol: Any) -> Any:
    """A symbol of the same structure that is never read; None if there is none."""
    if isinstance(symbol, Const) and not isinstance(symbol.value, (int, float, complex)):
        return symbol
    if isinstance(symbol, Value):
        return UNDEFINED_VALUE
    if isinstance(symbol, Reference):
        return symbol
    if isinstance(symbol, (Sequence, Snapshot)):
        items = [_undefined(item) for item in symbol.items]
        if any(item is None for item in items):
            return None
        return symbol if isinstance(symbol, Snapshot) else Sequence(tuple(items), symbol.cls)
    return None


def late_fields(lo: Lowering, cls: type, template: Contents, end: Contents, changes: dict[Any, Any]) -> Contents:
    """What an object holds besides, at the start of a loop, if its body gives it attributes: of the structure that they
    have at the end of the body, from there on undefined. Empty if there are none, or not all of them can be carried.
    """
    known = dict(template)
    if not known.keys() <= dict(end).keys():
        return ()
    found: list[tuple[Any, Any]] = []
    for name, symbol in end:
        if name in known or is_flag(name):
            continue
        shape = snapshot(lo, symbol, changes)
        added = None if isinstance(shape, Reference) else missing_field(lo, cls, name, shape)
        if added is None:
            return ()
        found += added if len(added) == 1 else [(name, shape), added[1]]
    return tuple(found)


def initial(late: Contents) -> list[Value]:
    """The values that late attributes have where they are not set yet: those of the class, or undefined ones."""
    names = {name for name, _ in late}
    parts = [(flag_of(name) in names, leaves(shape)) for name, shape in late]
    return [UNDEFINED_VALUE if unset and not isinstance(v, Const) else v for unset, values in parts for v in values]


def field(lo: Lowering, owner: Reference, name: str) -> Symbol | None:
    """An attribute that an object itself has, which raises where Python does; None if it never had it."""
    held = dict(lo.contents(owner))
    if name not in held:
        return None
    flag = held.get(flag_of(name), Const(True))
    if isinstance(flag, Const):
        return held[name] if flag.value else no_attribute(lo, owner.cls, name)
    from srcgrad.frontend.definite import require

    require(lo, flag, AttributeError, _message(owner.cls, name))
    if owner not in lo.shared and lo.function is None:
        lo.store.set(owner, tuple([(key, Const(True) if part is flag else part) for key, part in held.items()]))
    return held[name]


def has_field(lo: Lowering, owner: Reference, name: str) -> Value | bool:
    """Whether an object itself has an attribute."""
    held = dict(lo.contents(owner))
    if name not in held:
        return False
    flag = held.get(flag_of(name), Const(True))
    return bool(flag.value) if isinstance(flag, Const) else flag


def with_field(contents: Contents, name: str, symbol: Symbol) -> Contents:
    """What an object holds after an attribute was set."""
    held = {**dict(contents), name: symbol}
    if flag_of(name) in held:
        held[flag_of(name)] = Const(True)
    return tuple(held.items())


def without_field(contents: Contents, name: str) -> Contents:
    """What an object holds after an attribute was deleted."""
    return tuple([(key, symbol) for key, symbol in contents if key not in (name, flag_of(name))])


def fields(lo: Lowering, owner: Reference) -> Contents:
    """All attributes that an object itself has."""
    held = lo.contents(owner)
    if any(is_flag(name) and not (isinstance(flag, Const) and flag.value) for name, flag in held):
        lo.unsupported(
            f"which attributes this {owner.cls.__name__} has depends on the run", "set all of them in __init__"
        )
    return tuple([(name, symbol) for name, symbol in held if not is_flag(name)])


def no_attribute(lo: Lowering, cls: type, name: str) -> Symbol:
    """An object is asked for an attribute that it does not have."""
    lo.raises(AttributeError, _message(cls, name))


def _message(cls: type, name: str) -> str:
    return f"{cls.__name__!r} object has no attribute {name!r}"
