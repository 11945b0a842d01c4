"""Access to parts of symbols: items, dict entries, shapes and lengths."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from srcgrad.frontend import compact_dicts, joining, kinds, pools
from srcgrad.frontend.compact_dicts import is_compact
from srcgrad.frontend.folding import axis_length
from srcgrad.frontend.list_kinds import is_open, note_item, note_part, so_far
from srcgrad.frontend.lowering import Lowering, is_undefined
from srcgrad.frontend.objects import open_owner, special
from srcgrad.frontend.outside import (
    note_class,
    note_member,
)
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import (
    CONTAINERS,
    NOT_CONSTANT,
    Conflict,
    Flat,
    Iterator,
    Reference,
    Sequence,
    Symbol,
    constant,
    is_function,
)
from srcgrad.ir.joins import join
from srcgrad.ir.nodes import UNDEFINED, Const, Value
from srcgrad.ir.types import (
    FLOAT,
    INT,
    UNKNOWN,
    Array,
    List,
    Parts,
    PyScalar,
    Record,
    Tuple,
    is_numeric,
    is_scalar,
    present,
    rank,
    unsized,
)

_LONGEST = 64
"""Loops up to this length are unrolled for the keys of a dict."""


def static_key(lo: Lowering, symbol: Symbol, reference: Reference) -> Any:
    """A key of a dict that is changed; if it depends on the run, lowering starts again with a dict for such keys."""
    source = lo.outside_references.get(reference)
    if source is not None:
        open_owner(lo, source)
    key = known_key(lo, symbol)
    if key is NOT_CONSTANT and source is not None:
        lo.unsupported("a dict that is not an argument is changed at a key that depends on the run", "pass it as one")
    return lo.demote(reference) if key is NOT_CONSTANT else key


def known_key(lo: Lowering, symbol: Symbol) -> Any:
    """A key of a dict, `NOT_CONSTANT` if it depends on the run."""
    key = constant(symbol)
    try:
        hash(key)
    except TypeError:
        lo.unsupported("this dict key is not hashable")
    if not isinstance(symbol, (Const, Sequence)) or (isinstance(symbol, Sequence) and not isinstance(key, tuple)):
        for part in symbol.items if isinstance(symbol, Sequence) else (symbol,):
            lo.unroll(part, _LONGEST)
        return NOT_CONSTANT
    return key


def subscript(lo: Lowering, base: Symbol, key: Symbol) -> Symbol:
    """`base[key]`."""
    if is_undefined(base):
        return base
    base = pools.opened(lo, base)
    if isinstance(base, Sequence):
        item = special(lo, base, "__getitem__", key)
        return _subscript_items(lo, base, key) if item is None else item
    if isinstance(base, Reference) and base.cls is list:
        return _subscript_items(lo, base, key)
    if isinstance(base, Reference) and base.cls is dict:
        known = known_key(lo, key)
        place = pools.resolved(lo, base)
        if known is not NOT_CONSTANT and isinstance(place, Value):
            item = pools.read(lo, place, known)
            return lo.raises(KeyError, f"this dict has no key {known!r}") if item is MISSING else item
        if known is not NOT_CONSTANT:
            return dict_item(lo, base, known)
        base = compact_dicts.for_reading(lo, base)
    if is_compact(base):
        unknown = compact_dicts.is_unknown(lo, base)
        base, key = compact_dicts.entry(lo, base, key)
        if unknown:
            lo.emit(operator.getitem, base, key)
            return lo.not_known_yet()
    if isinstance(base, Reference):
        item = special(lo, base, "__getitem__", key)
        return item if item is not None else lo.unsupported(f"a {base.cls.__name__} can't be indexed")
    if isinstance(base, Flat):
        item = lo.emit(operator.getitem, base.array, flat_index(lo, base, key))
        return item if rank(lo.value(item).type) == 0 else lo.emit(np.copy, item)
    if isinstance(base, Const) and isinstance(base.value, type):
        return base
    if isinstance(base, Const) and isinstance(base.value, (joining.COLUMNS, joining.ROWS)):
        joined = joining.joined(lo, base.value, key, subscript)
        return lo.emit(operator.getitem, base, key) if joined is None else joined
    if isinstance(base, Const) and isinstance(base.value, type(np.s_)):
        return Sequence((key,)) if base.value.maketuple and not isinstance(key, Sequence) else key
    if isinstance(base, Const) and hasattr(base.value, "__getitem__") and not kinds.is_static(base.value):
        return lo.call(_special_method(lo, base.value, "__getitem__"), [base, key], {})
    if isinstance(key, slice) and isinstance(constant(key), slice):
        lo.known(constant(key).indices, 0)
    value = lo.value(base)
    if isinstance(key, slice) and value in lo.tuple_items:
        return lo.call(Const(tuple), [subscript(lo, lo.tuple_items[value], key)], {})
    value = lo.tuple_items.get(value, value)
    if isinstance(value.type, Tuple):
        known = constant(key)
        if isinstance(known, (int, slice)):
            return _subscript_items(lo, Sequence(tuple_items(lo, value)), key)
        if not isinstance(key, slice) and all(isinstance(t, PyScalar) and t.kind == "i" for t in value.type.items):
            return lo.emit_typed(operator.getitem, (value, lo.tree(key)), {}, INT)
        lo.unsupported("a tuple of mixed content is indexed by a number that depends on the run")
    if isinstance(value.type, Parts):
        return lo.emit_typed(operator.getitem, (value, lo.tree(key)), {}, _part_type(lo, value.type, constant(key)))
    if type(value.type) is List:
        check_index(lo, key)
    if isinstance(value.type, List) and isinstance(key, slice):
        result = lo.value(lo.emit_typed(operator.getitem, (value, lo.tree(key)), {}, present(value.type)))
        if value in lo.list_sites:
            lo.list_sites[result] = lo.list_sites[value]
        return result
    if lo.fixed_span and isinstance(key, Sequence) and len(key.items) == 1 and isinstance(value.type, Array):
        # Rules make tuples of as many parts as it takes.
        key = key.items[0]
    if isinstance(key, Reference) and key.cls is list and is_numeric(value.type):
        # An empty list has no numbers that would say that they are integers.
        dtype = () if lo.contents(key) else (Const(np.dtype(int)),)
        key = lo.emit(np.array, key, *dtype)
    result = lo.emit(operator.getitem, value, key)
    if type(value.type) is List and not lo.marks.settled and is_open(lo, lo.list_sites.get(value)):
        return lo.not_known_yet()
    if type(value.type) is List:
        note_item(lo, value, result)
    return result


def _part_type(lo: Lowering, parts: Parts, key: Any) -> Any:
    """The type of one part of the shadow of a tuple."""
    if not isinstance(key, int):
        lo.unsupported("which part of the shadow of a tuple is meant depends on the run")
    found = unsized(parts.of.items[key], lo.fresh("r"))
    return FLOAT if isinstance(found, PyScalar) and found.kind in "bi" else found


def check_index(lo: Lowering, key: Any) -> None:
    """Raises what a list or a tuple raises for an index that is a list or a tuple."""
    is_list = isinstance(key, Reference) and key.cls is list
    if is_list or isinstance(key, (tuple, Sequence)) or isinstance(constant(key), tuple):
        lo.raises(TypeError, "lists and tuples take integers and slices as indices")


def _subscript_items(lo: Lowering, base: Sequence | Reference, key: Symbol) -> Symbol:
    items = base.items if isinstance(base, Sequence) else lo.contents(base)
    known = constant(key)
    check_index(lo, key)
    if isinstance(known, slice):
        part = lo.known(operator.getitem, items, known)
        return Sequence(part) if isinstance(base, Sequence) else lo.new_reference(list, part, base.site)
    if isinstance(known, (int, np.integer)):
        if not -len(items) <= known < len(items):
            if isinstance(base, Reference) and base.site is not None and not lo.attempts:
                lo.demote(base)
            lo.raises(IndexError, f"index {known} is out of range: there are {len(items)} items")
        return items[known]
    if isinstance(base, Reference):
        lo.unroll(key)
        if base.site is not None and not (items and all(map(is_function, items))):
            lo.demote(base)
    elif len({item.type if isinstance(item, Value) else None for item in items}) != 1:
        lo.unroll(key)
    if not items:
        lo.unsupported("an empty sequence is indexed here")
    if all(map(is_function, items)):
        return chosen_function(lo, items, key)
    if isinstance(base, Reference) and base.site is None:
        items = _rows(lo, items)
    return subscript(lo, runtime_list(lo, items), key)


def _rows(lo: Lowering, items: tuple[Symbol, ...]) -> tuple[Symbol, ...]:
    """The rows of a table from outside, to be read by a number that depends on the run: tuples of numbers for lists.

    None of them may be changed from then on.
    """
    lists = [item for item in items if isinstance(item, Reference) and item.cls is list and item.site is None]
    if len(lists) != len(items) or not all(item in lo.outside_references for item in lists):
        return items
    rows = [Sequence(lo.contents(item)) for item in lists]
    numbers = [x for row in rows for x in row.items if isinstance(x, Value) and is_scalar(x.type)]
    if len({len(row.items) for row in rows}) != 1 or len(numbers) != sum(len(row.items) for row in rows):
        return items
    lo.shared.update(lists)
    return tuple(rows)


def chosen_function(lo: Lowering, items: tuple[Symbol, ...], key: Symbol) -> Symbol:
    """One of several functions, by a number that depends on the run: a call of it is a branch."""
    place = subscript(lo, runtime_list(lo, tuple([Const(k) for k in range(len(items))])), key)
    chosen: Any = items[-1]
    for k in range(len(items) - 2, -1, -1):
        here = lo.emit(operator.eq, place, Const(k))
        chosen = Conflict(items[k], chosen, lo.value(here))
    return chosen


def runtime_list(lo: Lowering, items: tuple[Symbol, ...]) -> Value:
    """A run-time list of items of one kind, to be indexed by a number that depends on the run."""
    values = [lo.value(item) for item in items]
    kinds_seen = {v.type for v in values}
    item_type = values[0].type if len(kinds_seen) == 1 else _common_type(lo, values)
    output = Value(List(item_type), None, lo.span)
    lo.append_call(list, (values,), [output])
    return output


def _common_type(lo: Lowering, values: list[Value]) -> Any:
    place = lo.fresh("items")
    merged = values[0].type
    for value in values[1:]:
        merged = join(merged, value.type, place)
    return merged


def tuple_items(lo: Lowering, value: Value) -> tuple[Symbol, ...]:
    """The items of a run-time tuple: those of `x.shape` are known where the type says so."""
    assert isinstance(value.type, Tuple)
    items: list[Symbol] = []
    for k, item_type in enumerate(value.type.items):
        if isinstance(item_type, PyScalar) and isinstance(item_type.dim, int):
            items.append(Const(item_type.dim))
        else:
            if isinstance(value.type, Record):
                item_type = so_far(unsized(item_type, lo.fresh("r")))
            items.append(lo.value(lo.emit_typed(operator.getitem, (value, Const(k)), {}, item_type)))
            note_part(lo, value, k, items[-1])
    return tuple(items)


def dict_item(lo: Lowering, base: Reference, key: Any) -> Symbol:
    """The entry of a dict of known keys."""
    for name, item in lo.contents(base):
        if name == key:
            return item
    lo.raises(KeyError, f"this dict has no key {key!r}")


def set_dict_item(lo: Lowering, base: Reference, key: Symbol, item: Symbol) -> None:
    """`base[key] = item` for a dict."""
    if is_compact(base):
        compact_dicts.set_item(lo, base, key, item)
        return
    name = static_key(lo, key, base)
    place = pools.resolved(lo, base)
    if isinstance(place, Value):
        return pools.write(lo, place, name, item)
    lo.change(base, tuple({**dict(lo.contents(base)), name: item}.items()))


def _special_method(lo: Lowering, obj: Any, name: str) -> Const:
    """What the class of an object has under the name of a special method."""
    note_class(lo, obj)
    note_member(lo, type(obj), name)
    return Const(getattr(type(obj), name))


def shape(lo: Lowering, value: Value) -> Symbol:
    """The shape of an array: constants where the type knows them."""
    t = value.type
    if isinstance(t, Array) and t.shape is not None:
        if all(isinstance(axis, int) for axis in t.shape):
            return Sequence(tuple(Const(axis) for axis in t.shape))
        items = tuple(PyScalar("i", axis) for axis in t.shape)
        output = Value(Tuple(items), None, lo.span)
        lo.append_call(getattr, (value, Const("shape")), [output])
        return output
    if is_numeric(t) and not isinstance(t, Array):
        return Sequence(())
    if isinstance(t, List) and is_scalar(t.item):
        return Sequence((length(lo, value),))
    return lo.value(lo.emit_typed(np.shape, (value,), {}, UNKNOWN))


def flat_index(lo: Lowering, flat: Flat, key: Symbol) -> Symbol:
    """What `x[...]` is to be indexed with for `x.flat[key]`."""
    if rank(flat.array.type) == 1:
        return key
    places = lo.emit(np.arange, lo.emit(np.size, flat.array))
    return lo.emit(np.unravel_index, lo.emit(operator.getitem, places, key), shape(lo, flat.array))


def length(lo: Lowering, symbol: Symbol) -> Symbol:
    """`len(symbol)`."""
    if is_undefined(symbol):
        return symbol
    symbol = pools.opened(lo, symbol)
    if isinstance(symbol, Flat):
        return lo.emit(np.size, symbol.array)
    if isinstance(symbol, Iterator) and symbol.items is not None:
        return Const(len(symbol.items))
    if isinstance(symbol, Reference) and symbol.cls not in CONTAINERS:
        number = special(lo, symbol, "__len__")
        return number if number is not None else lo.unsupported(f"a {symbol.cls.__name__} has no length")
    if isinstance(symbol, Sequence):
        number = special(lo, symbol, "__len__")
        return Const(len(symbol.items)) if number is None else number
    if is_compact(symbol):
        return compact_dicts.length(lo, symbol)
    if isinstance(symbol, Reference) and symbol.cls in CONTAINERS:
        return Const(len(lo.contents(symbol)))
    if isinstance(symbol, Const) and not kinds.is_static(symbol.value) and hasattr(symbol.value, "__len__"):
        return lo.call(_special_method(lo, symbol.value, "__len__"), [symbol], {})
    value = lo.value(symbol)
    value = lo.tuple_items.get(value, value)
    if isinstance(value.type, Tuple):
        return Const(len(value.type.items))
    known = axis_length(value, 0)
    if known is not None:
        return Const(known)
    if isinstance(value, Const) and value.value is not UNDEFINED:
        return Const(lo.known(len, value.value))
    if not lo.fixed_span and (is_scalar(value.type) or rank(value.type) == 0):
        lo.raises(TypeError, "a number has no len()")
    if isinstance(value.type, Array) and value.type.shape:
        return lo.emit_typed(len, (value,), {}, PyScalar("i", value.type.shape[0]))
    return lo.emit_typed(len, (value,), {}, INT)
