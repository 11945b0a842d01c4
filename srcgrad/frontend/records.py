"""Tuples that are made at run time inside of others: values of a kind of their own, which may hold itself."""

from __future__ import annotations

from srcgrad.frontend.kinds import own_operators
from srcgrad.frontend.list_kinds import hold_inner, lists_in, note_inner, type_of_item
from srcgrad.frontend.lowering import Lowering, is_undefined
from srcgrad.frontend.marks import Restart
from srcgrad.frontend.pools import is_poolable, pool_all
from srcgrad.frontend.values import Frame, Reference, Sequence, Symbol
from srcgrad.ir.joins import UnlikeError, hold
from srcgrad.ir.nodes import Call, Region, Value
from srcgrad.ir.types import NONE, NOTHING, List, Parts, Record, unsized


def nested(lo: Lowering, symbol: Symbol) -> Symbol:
    """An item of a tuple that is made at run time: a tuple becomes a value, one kind for each class and length."""
    if not isinstance(symbol, Sequence):
        return symbol
    form = _lengths(symbol) if lo.marks.by_structure else len(symbol.items)
    return _record(lo, symbol, ("tuple", symbol.cls, form), f"tuple_{len(symbol.items)}", symbol.cls)


def _lengths(symbol: Symbol) -> tuple | None:
    """The lengths of tuples in each other."""
    return tuple([_lengths(item) for item in symbol.items]) if isinstance(symbol, Sequence) else None


def boxed(lo: Lowering, symbol: Symbol, frame: Frame) -> Symbol:
    """What a call returns: what is in the tuple that a recursive function returns is made at run time."""
    spec = frame.function
    if spec is None or spec.frame is not frame or spec.boxes is None or not isinstance(symbol, Sequence):
        return symbol
    name = spec.function.name
    if spec.boxes[0] == "whole":
        return _record(lo, symbol, spec.boxes, name)
    items = [as_result(lo, _item(lo, item, (*spec.boxes, k), f"{name}_{k}")) for k, item in enumerate(symbol.items)]
    return Sequence(tuple(items), symbol.cls)


def as_result(lo: Lowering, symbol: Symbol) -> Symbol:
    """What a recursive function returns, or holds in the tuple it returns: lists and objects are made at run time."""
    made = isinstance(symbol, Reference) and (symbol.cls is list or is_poolable(symbol))
    return lo.value(symbol) if made else symbol


def parts(lo: Lowering, container: Value, symbol: Symbol) -> Value | None:
    """A list display that goes into a list of shadows of tuples: such a shadow; None for anything else."""
    kind = container.type.item if isinstance(container.type, List) else None
    if not isinstance(kind, Parts) or not (isinstance(symbol, Reference) and symbol.cls is list):
        return None
    items = [lo.value(item) for item in lo.contents(symbol)]
    if len(items) != len(kind.of.items):
        return None
    output = Value(kind, None, lo.span)
    lo.append(Call(list, (items,), {}, [output], lo.span))
    return output


def perhaps_none(
    lo: Lowering, a: Symbol, b: Symbol, then: Region, orelse: Region, name: str | None
) -> tuple[Symbol, Symbol]:
    """What a name stands for on two paths, None on one and a tuple on the other: the tuple is made at run time."""

    def made(symbol: Symbol, region: Region, other: Symbol) -> Symbol:
        with lo.into(region):
            return or_none(lo, other, symbol, ("merged", lo.span), name)

    return made(a, then, b), made(b, orelse, a)


def or_none(lo: Lowering, other: Symbol, symbol: Symbol, place: tuple, name: str | None) -> Symbol:
    """A tuple where a name may stand for None, or for a tuple made at run time, instead: made at run time, too.

    Args:
        lo: the lowering.
        other: what else the name may stand for.
        symbol: what it stands for; anything but a tuple, or a named one without operators of its own, is given back.
        place: where that is, for a kind of its own.
        name: the name.
    """
    if not isinstance(symbol, Sequence) or own_operators(symbol.cls) is not None:
        return symbol
    if _is_none(other) or (isinstance(other, Value) and isinstance(other.type, Record)):
        pool_all(lo, symbol)
    if isinstance(other, Value) and isinstance(other.type, Record):
        key = next(key for key, kind in lo.marks.records.items() if kind is other.type)
        if len(other.type.items) != len(symbol.items) or other.type.cls is not symbol.cls:
            return symbol
        return _record(lo, symbol, key, other.type.name, symbol.cls)
    if not _is_none(other):
        return symbol
    return _record(lo, symbol, (*place, name, symbol.cls, len(symbol.items)), name or "result", symbol.cls)


def _is_none(symbol: Symbol) -> bool:
    return isinstance(symbol, Value) and symbol.type == NONE


def box_whole(lo: Lowering, frame: Frame) -> None:
    """Starts again with what a recursive function returns, a tuple or something else, made at run time."""
    spec = frame.function
    if spec is not None and spec.frame is frame and (spec.boxes is None or spec.boxes[0] != "whole"):
        lo.marks.boxed[spec.identity] = "whole"
        raise Restart


def _record(lo: Lowering, symbol: Symbol, key: tuple, name: str, cls: type = tuple) -> Symbol:
    """A tuple as a value of the kind that belongs to a key; starts again if that kind turns out to hold more."""
    if not isinstance(symbol, Sequence) or symbol.cls is not cls:
        return symbol
    known = lo.made_tuples.get(id(symbol))
    if known is not None and known[1].owner.parent is lo.region:
        return known[1]
    if known is not None:
        lo.tuples_made_twice = True
    if own_operators(cls) is not None:
        lo.unsupported(
            f"a {cls.__name__}, whose class has operators of its own, is in a tuple here that is made at run time",
            "put its items there",
        )
    items = [lo.value(_item(lo, item, (*key, k), f"{name}_{k}")) for k, item in enumerate(symbol.items)]
    kind = lo.marks.records.setdefault(key, Record((), name, cls=cls))
    if kind.items and len(kind.items) != len(items):
        _tell_apart(lo, key)
        lo.unsupported("a recursive function returns tuples of different lengths", "fill them up to one length")
    held = tuple([NOTHING if is_undefined(item) else unsized(type_of_item(lo, item), name) for item in items])
    try:
        changed = hold(kind, held, name)
    except UnlikeError:
        _tell_apart(lo, key)
        raise
    inner = {path: made for k, item in enumerate(items) for path, made in lists_in(lo, item, (k,))}
    note_inner(lo, kind, inner)
    if hold_inner(lo, kind, inner, sized=False) or changed:
        raise Restart
    output = Value(kind, None, lo.span)
    lo.append(Call(tuple, (tuple(items),), {}, [output], lo.span))
    lo.made_tuples[id(symbol)] = (symbol, output)
    return output


def _tell_apart(lo: Lowering, key: tuple) -> None:
    """Starts again where tuples of one kind, which have nothing to do with each other, may be told apart."""
    if key[0] == "tuple" and not lo.marks.by_structure:
        lo.marks.by_structure = True
        lo.marks.records.clear()
        lo.marks.dynamic.clear()
        raise Restart


def _item(lo: Lowering, symbol: Symbol, key: tuple, name: str) -> Symbol:
    """An item of such a tuple; a named tuple is of a kind for its class."""
    if key[0] == "tuple" and lo.marks.by_structure:
        return nested(lo, symbol)
    if not isinstance(symbol, Sequence) or symbol.cls is tuple:
        return _record(lo, symbol, key, name)
    return _record(lo, symbol, (*key, symbol.cls), name, symbol.cls)
