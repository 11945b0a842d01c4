"""What a symbol hands on to a function of the graph: its structure stays with the compiler, its values are passed."""

from __future__ import annotations

import types
from typing import Any

from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.pools import resolved
from srcgrad.frontend.snapshots import leaves, parts_of
from srcgrad.frontend.values import Bound, Closure, Reference, Sequence, Symbol, part_name
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import unsized


def containers(lo: Lowering, symbol: Symbol, around: tuple[Reference, ...] = ()) -> list[Reference]:
    """The containers of known structure in a symbol, in order; `around` are those that it is found in."""
    symbol = resolved(lo, symbol)
    if isinstance(symbol, Sequence):
        return [r for item in symbol.items for r in containers(lo, item, around)]
    if isinstance(symbol, (Bound, Closure)):
        return [r for part in _given(symbol) for r in containers(lo, part, around)]
    if not isinstance(symbol, Reference) or symbol in around:
        return []
    contents = lo.store.get(symbol)
    known = contents if isinstance(contents, tuple) else ()
    items = [part[1] for part in known] if _is_keyed(symbol) else known
    return [symbol, *[r for item in items for r in containers(lo, item, (*around, symbol))]]


def paired_containers(lo: Lowering, inside: Symbol, outside: Symbol) -> list[tuple[Reference, Reference]]:
    """The containers that a function of the graph makes of those that it is given, with these."""
    return list(zip(containers(lo, inside), containers(lo, outside), strict=True))


def argument_leaves(lo: Lowering, symbol: Symbol, around: tuple[Reference, ...] = ()) -> list[Value]:
    """The values that are handed on for a symbol: those of `as_parameters`, in the same order."""
    symbol = resolved(lo, symbol)
    if isinstance(symbol, Reference):
        if symbol.cls is types.GeneratorType:
            lo.unsupported("a generator is passed to a recursive function", "collect it: list(...)")
        if symbol in around:
            return []
        around = (*around, symbol)
        return [leaf for _, item in _items(lo, symbol) for leaf in argument_leaves(lo, item, around)]
    if isinstance(symbol, Sequence):
        return [leaf for item in symbol.items for leaf in argument_leaves(lo, item, around)]
    if isinstance(symbol, (Bound, Closure)):
        return [leaf for part in _given(symbol) for leaf in argument_leaves(lo, part, around)]
    return [leaf for leaf in leaves(symbol) if not _is_static_leaf(leaf)]


def _given(symbol: Bound | Closure) -> tuple[Symbol, ...]:
    """What a function value carries: what it is applied to and itself calls, or the defaults of its parameters."""
    return tuple(symbol.defaults.values()) if isinstance(symbol, Closure) else tuple(parts_of(symbol))


def _names_of_given(symbol: Bound | Closure, name: str) -> list[str]:
    """What to call the parts of a function value that goes by a name."""
    if isinstance(symbol, Closure):
        return [part_name(name, parameter) for parameter in symbol.defaults]
    return [name, *[part_name(name, key) for key in (*range(len(symbol.args)), *symbol.keywords)]]


def _giving(symbol: Bound | Closure, parts: list[Symbol]) -> Bound | Closure:
    """The same function value with other parts, in the order of `_given`."""
    if isinstance(symbol, Closure):
        return Closure(symbol.node, symbol.frame, dict(zip(symbol.defaults, parts, strict=True)))
    fn, *own = parts
    count = len(symbol.args)
    return Bound(fn, tuple(own[:count]), dict(zip(symbol.keywords, own[count:], strict=True)))


def _items(lo: Lowering, reference: Reference) -> list[tuple[Any, Symbol]]:
    """What a container holds, by key, by the name of the attribute, or by number."""
    contents = lo.contents(reference)
    return list(contents) if _is_keyed(reference) else list(enumerate(contents))


def _is_keyed(reference: Reference) -> bool:
    """Whether the contents of a container go by keys or names."""
    return reference.cls not in (list, set, types.GeneratorType)


def _is_static_leaf(value: Value) -> bool:
    return isinstance(value, Const) and not isinstance(value.value, (int, float, complex))


def structure(lo: Lowering, symbol: Symbol, around: tuple[Reference, ...] = ()) -> Any:
    """A hashable description: calls with equal descriptions share a function."""
    symbol = resolved(lo, symbol)
    if isinstance(symbol, Value):
        return ("const", id(symbol.value)) if _is_static_leaf(symbol) else unsized(symbol.type, "p")
    if isinstance(symbol, Sequence):
        return (symbol.cls, *[structure(lo, item, around) for item in symbol.items])
    if isinstance(symbol, Reference) and symbol in around:
        return ("around", around.index(symbol))
    if isinstance(symbol, Reference):
        around = (*around, symbol)
        return (symbol.cls, *[(key, structure(lo, item, around)) for key, item in _items(lo, symbol)])
    if isinstance(symbol, (Bound, Closure)):
        names = tuple(symbol.keywords if isinstance(symbol, Bound) else symbol.defaults)
        code = (symbol.node, symbol.frame) if isinstance(symbol, Closure) else Bound
        return (code, names, *[structure(lo, part, around) for part in _given(symbol)])
    return symbol


def as_parameters(
    lo: Lowering,
    symbol: Symbol,
    name: str,
    params: list[Value],
    around: tuple[tuple[Reference, Reference], ...] = (),
) -> Symbol:
    """The symbol that a parameter stands for inside of the function, with new values at its leaves.

    Args:
        lo: the state of lowering.
        symbol: what is handed on.
        name: what it is called.
        params: the new values are added to these.
        around: the containers that it is found in, with what they are inside.
    """
    symbol = resolved(lo, symbol)
    if isinstance(symbol, Value):
        if _is_static_leaf(symbol):
            return symbol
        param = Value(unsized(symbol.type, f"{name}"), name, lo.span)
        if symbol in lo.list_sites:
            lo.list_sites[param] = lo.list_sites[symbol]
        params.append(param)
        return param
    if isinstance(symbol, Sequence):
        items = [as_parameters(lo, item, f"{name}_{k}", params, around) for k, item in enumerate(symbol.items)]
        return Sequence(tuple(items), symbol.cls)
    if isinstance(symbol, Reference):
        known = next((inside for outside, inside in around if outside is symbol), None)
        if known is not None:
            return known
        inside = Reference(symbol.cls, symbol.site)
        around = (*around, (symbol, inside))
        parts = [
            (key, as_parameters(lo, item, part_name(name, key), params, around)) for key, item in _items(lo, symbol)
        ]
        lo.store.define(inside, tuple(parts) if _is_keyed(symbol) else tuple([item for _, item in parts]))
        return inside
    if isinstance(symbol, (Bound, Closure)):
        given = zip(_names_of_given(symbol, name), _given(symbol), strict=True)
        return _giving(symbol, [as_parameters(lo, part, own, params, around) for own, part in given])
    return symbol
