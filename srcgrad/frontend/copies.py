"""Copies of containers and objects: `copy.copy`, `copy.deepcopy`, and those that `dataclasses` makes."""

from __future__ import annotations

import copy
import dataclasses
import operator
from collections.abc import Callable
from types import GeneratorType
from typing import Any

import numpy as np

from srcgrad.frontend import pools
from srcgrad.frontend.attributes import attribute
from srcgrad.frontend.handlers import handles
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import select
from srcgrad.frontend.objects import class_of_object
from srcgrad.frontend.presence import may_be_missing
from srcgrad.frontend.values import Reference, Sequence, Symbol
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import Array, List, is_scalar
from srcgrad.rules.intrinsics import stop_gradient


@handles(copy.copy)
def _copy(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return _copied(lo, args[0], None)


@handles(copy.deepcopy)
def _deepcopy(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return _copied(lo, args[0], {})


def _copied(lo: Lowering, symbol: Symbol, known: dict[Symbol, Symbol] | None) -> Symbol:
    """A copy of a symbol; a deep one, if `known` maps the containers copied so far to their copies."""
    if known and pools.pool_of(symbol) is not None:
        lo.unsupported("what this copies is not known at compile time", "make the parts of the copy one by one")
    symbol = pools.opened(lo, symbol)
    if isinstance(symbol, Reference):
        if any(hasattr(symbol.cls, name) for name in ("__copy__", "__deepcopy__")):
            lo.unsupported(f"{symbol.cls.__name__} says itself how it is copied, which is not supported")
        if symbol.cls is GeneratorType:
            lo.unsupported("a generator can't be copied", "collect it: list(...)")
        contents = lo.contents(symbol)
        if known is None:
            return pools.settled(lo, lo.new_reference(symbol.cls, contents, _site(lo, symbol)))
        if symbol not in known:
            known[symbol] = made = lo.new_reference(symbol.cls, contents, _site(lo, symbol))
            keyed = symbol.cls not in (list, set)
            parts = [(p[0], _copied(lo, p[1], known)) if keyed else _copied(lo, p, known) for p in contents]
            lo.change(made, tuple(parts))
            known[symbol] = pools.settled(lo, made)
        return known[symbol]
    if isinstance(symbol, Sequence):
        if known is None:
            return symbol
        return Sequence(tuple([_copied(lo, item, known) for item in symbol.items]), symbol.cls)
    if isinstance(symbol, Value) and isinstance(symbol.type, Array):
        if known is None:
            return lo.emit(np.copy, symbol)
        if symbol not in known:
            known[symbol] = lo.emit(np.copy, symbol)
        return known[symbol]
    if may_be_missing(lo, symbol):
        there = lo.emit(operator.is_not, symbol, Const(None))
        return select(lo, there, lambda: _copied(lo, symbol, known), lambda: Const(None))
    if isinstance(symbol, Value) and isinstance(symbol.type, List) and (known is None or is_scalar(symbol.type.item)):
        return lo.call(Const(list), [symbol], {})
    if isinstance(symbol, Value) and is_scalar(symbol.type):
        return symbol
    if isinstance(symbol, Const):
        return symbol
    lo.unsupported("what this copies is not known at compile time", "copy the arrays in it one by one")


@handles(stop_gradient)
def _stop_gradient(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    (given,) = args or kwargs.values()
    return _detached(lo, given)


def _detached(lo: Lowering, given: Symbol) -> Symbol:
    """What no derivative flows through, part by part, where its parts are known."""
    symbol = given if pools.pool_of(given) is not None else pools.opened(lo, given)
    if isinstance(symbol, Sequence):
        return Sequence(tuple([_detached(lo, item) for item in symbol.items]), symbol.cls)
    if isinstance(symbol, Reference) and (symbol.cls in (list, dict) or dataclasses.is_dataclass(symbol.cls)):
        keyed = symbol.cls is not list
        parts = [(p[0], _detached(lo, p[1])) if keyed else _detached(lo, p) for p in lo.contents(symbol)]
        return pools.settled(lo, lo.new_reference(symbol.cls, tuple(parts), _site(lo, symbol)))
    return lo.emit(stop_gradient, given)


def _site(lo: Lowering, original: Reference) -> Any:
    """Where the copy of a container is made: for a list or dict that counts as the place of the original."""
    return (*lo.site("copy"), lo.span) if class_of_object(original) is not None else original.site


@handles(dataclasses.replace)
def replaced(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """A copy of a dataclass instance with other values in some of its fields."""
    given = pools.opened(lo, args[0])
    if not isinstance(given, Reference) or not dataclasses.is_dataclass(given.cls):
        lo.unsupported("dataclasses.replace is supported for dataclasses that the function makes or takes")
    settable = {f.name for f in dataclasses.fields(given.cls) if f.init}
    known = {name: item for name, item in lo.contents(given) if name in settable}
    return lo.call(Const(given.cls), [], known | kwargs)


@handles(dataclasses.asdict)
def _asdict(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    factory = kwargs.get("dict_factory", Const(dict))

    def make(fields: list[tuple[str, Symbol]]) -> Symbol:
        pairs = tuple([Sequence((Const(name), item)) for name, item in fields])
        return lo.call(factory, [lo.new_reference(list, pairs, None)], {})

    return _instance_taken_apart(lo, args[0], make, "asdict")


@handles(dataclasses.astuple)
def _astuple(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    factory = kwargs.get("tuple_factory", Const(tuple))

    def make(fields: list[tuple[str, Symbol]]) -> Symbol:
        return lo.call(factory, [lo.new_reference(list, tuple([item for _, item in fields]), None)], {})

    return _instance_taken_apart(lo, args[0], make, "astuple")


Maker = Callable[[list[tuple[str, Symbol]]], Symbol]
"""What makes a container of the names and values of fields."""


def _instance_taken_apart(lo: Lowering, symbol: Symbol, make: Maker, asked: str) -> Symbol:
    pool = pools.pool_of(symbol)
    if pool is not None and len(pool.classes) > 1:
        return pools.by_class(lo, lo.value(symbol), lambda view: _instance_taken_apart(lo, view, make, asked))
    cls = class_of_object(symbol)
    if cls is None or not dataclasses.is_dataclass(cls):
        lo.raises(TypeError, f"{asked}() should be called on dataclass instances")
    return _taken_apart(lo, symbol, make)


def _taken_apart(lo: Lowering, symbol: Symbol, make: Maker) -> Symbol:
    """A deep copy with containers in the place of dataclass instances."""
    cls = class_of_object(symbol)
    if cls is not None and dataclasses.is_dataclass(cls):
        fields = [(f.name, attribute(lo, symbol, f.name)) for f in dataclasses.fields(cls)]
        return make([(name, _taken_apart(lo, item, make)) for name, item in fields])
    if isinstance(symbol, Sequence):
        return Sequence(tuple([_taken_apart(lo, item, make) for item in symbol.items]), symbol.cls)
    if isinstance(symbol, Reference) and symbol.cls is list:
        return lo.new_reference(list, tuple([_taken_apart(lo, p, make) for p in lo.contents(symbol)]), symbol.site)
    if isinstance(symbol, Reference) and symbol.cls is dict:
        items = tuple([(key, _taken_apart(lo, p, make)) for key, p in lo.contents(symbol)])
        return lo.new_reference(dict, items, symbol.site)
    return _copied(lo, symbol, {})
