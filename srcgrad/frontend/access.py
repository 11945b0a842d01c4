"""Access to parts of symbols: items, dict entries, attributes, shapes and lengths."""

from __future__ import annotations

import inspect
import operator
import types
from typing import Any

import numpy as np

from srcgrad.frontend import compact_dicts, joining, kinds, pools
from srcgrad.frontend.compact_dicts import is_compact
from srcgrad.frontend.folding import as_symbol, axis_length
from srcgrad.frontend.handlers import BOUND
from srcgrad.frontend.late_fields import field, has_field, no_attribute
from srcgrad.frontend.list_kinds import Within, is_open
from srcgrad.frontend.lowering import Lowering, Restart, is_undefined
from srcgrad.frontend.named_tuples import generated_method
from srcgrad.frontend.objects import bind, open_owner, special, super_attribute
from srcgrad.frontend.outside import (
    note_absent,
    note_class,
    note_member,
    object_symbol,
    outside_attribute,
    read_assigned,
)
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import (
    CONTAINERS,
    NOT_CONSTANT,
    Bound,
    Closure,
    Conflict,
    Flat,
    Iterator,
    Reference,
    Sequence,
    Sink,
    Stepper,
    Super,
    Symbol,
    constant,
    is_function,
)
from srcgrad.ir.nodes import UNDEFINED, Call, Const, Value
from srcgrad.ir.types import (
    FLOAT,
    INT,
    UNKNOWN,
    Array,
    List,
    NpScalar,
    Opaque,
    Parts,
    PyScalar,
    Record,
    Tuple,
    Type,
    Unknown,
    is_numeric,
    is_scalar,
    join,
    rank,
    unsized,
)
from srcgrad.rules.late import load_rules
from srcgrad.rules.registry import METHODS, STANDS_FOR, has_rule, hashable

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
    if isinstance(value.type, List) and isinstance(key, slice):
        result = lo.value(lo.emit_typed(operator.getitem, (value, lo.tree(key)), {}, value.type))
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
    if value in lo.list_sites and isinstance(result, Value) and type(result.type) is List:
        lo.list_sites[result] = Within(lo.list_sites[value])
    return result


def _part_type(lo: Lowering, parts: Parts, key: Any) -> Any:
    """The type of one part of the shadow of a tuple."""
    if not isinstance(key, int):
        lo.unsupported("which part of the shadow of a tuple is meant depends on the run")
    found = unsized(parts.of.items[key], lo.fresh("r"))
    return FLOAT if isinstance(found, PyScalar) and found.kind in "bi" else found


def _subscript_items(lo: Lowering, base: Sequence | Reference, key: Symbol) -> Symbol:
    items = base.items if isinstance(base, Sequence) else lo.contents(base)
    known = constant(key)
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
                item_type = unsized(item_type, lo.fresh("r"))
            items.append(lo.value(lo.emit_typed(operator.getitem, (value, Const(k)), {}, item_type)))
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


def attribute(lo: Lowering, base: Symbol, name: str) -> Symbol:
    """`base.name`."""
    place = pools.resolved(lo, base)
    if pools.pool_of(place) is not None:
        return _pooled_attribute(lo, place, name, base)
    if isinstance(base, Super):
        return super_attribute(lo, base, name)
    if isinstance(base, Sequence):
        item = base.field(name)
        if item is not None:
            return item
        return _tuple_attribute(lo, base, name)
    if isinstance(base, Reference):
        return _reference_attribute(lo, base, name)
    if isinstance(base, Const):
        return _static_attribute(lo, base, name)
    if isinstance(base, Value):
        return _value_attribute(lo, base, name)
    if isinstance(base, Stepper):
        return _stepper_attribute(lo, base, name)
    if isinstance(base, Sink) and name in ("append", "extend"):
        return Bound(Const(getattr(list, name)), (base,))
    if isinstance(base, slice) and name == "indices":
        return Bound(Const(slice.indices), (base,))
    if isinstance(base, (Closure, Bound)) and name == "__name__":
        return Const(getattr(base, "name", "<bound>"))
    if isinstance(base, Conflict):
        lo.resolve_conflict(base)
    lo.unsupported(f"attribute {name!r} is not supported here")


def _stepper_attribute(lo: Lowering, base: Stepper, name: str) -> Symbol:
    if name == "__next__":
        return Bound(Const(next), (base,))
    if name == "send" and base.send is not None:
        from srcgrad.frontend.stepping import send

        return Bound(Const(send), (base,))
    lo.unsupported(f"the method {name!r} of an iterator is not supported", "loop over it")


def _tuple_attribute(lo: Lowering, base: Sequence, name: str) -> Symbol:
    generated = generated_method(base, base.cls, name)
    if generated is not None:
        return generated
    found = inspect.getattr_static(base.cls, name, None)
    if found is None:
        lo.unsupported(f"{base.cls.__name__} has no attribute {name!r}")
    if isinstance(found, types.MethodDescriptorType):
        return Bound(Const(found), (base,))
    member = bind(lo, base, base.cls, name)
    assert member is not None
    return member


def _reference_attribute(lo: Lowering, base: Reference, name: str) -> Symbol:
    if base.cls in CONTAINERS:
        if not hasattr(base.cls, name):
            way_out = "use d[...]: what a class derived from dict adds to it is not seen" if base.cls is dict else None
            lo.raises(AttributeError, f"a {base.cls.__name__} has no attribute {name!r}", way_out)
        return Bound(Const(getattr(base.cls, name)), (base,))
    if base.cls is types.GeneratorType:
        if name in ("send", "__next__") and base.site is not None:
            lo.marks.stepped.add(base.site)
            raise Restart
        lo.unsupported(f"the method {name!r} of a generator is not supported", "loop over it")
    item = field(lo, base, name)
    if item is not None:
        return item
    return _attribute_of_class(lo, base, base.cls, name)


def _attribute_of_class(lo: Lowering, base: Symbol, cls: type, name: str) -> Symbol:
    """`base.name` where the object has nothing of that name itself."""
    if name == "__class__":
        return Const(cls)
    found = bind(lo, base, cls, name)
    return no_attribute(lo, cls, name) if found is None else found


def _pooled_attribute(lo: Lowering, place: Value, name: str, base: Symbol) -> Symbol:
    """`base.name` for an object that lives in a pool."""
    pool = place.type.pool
    if issubclass(pool.cls, dict):
        return _reference_attribute(lo, pools.opened(lo, place), name)
    classes = [base.cls] if isinstance(base, Reference) and base.cls in pool.owned else pool.classes
    having = [cls for cls in classes if name in pool.owned[cls]]
    if len(having) == len(classes) or (having and not any(hasattr(cls, name) for cls in classes)):
        return pools.read(lo, place, name)
    if len(classes) == 1:
        return _attribute_of_class(lo, base, classes[0], name)
    return pools.by_class(lo, place, lambda view: attribute(lo, view, name))


def _static_attribute(lo: Lowering, base: Const, name: str) -> Symbol:
    obj = base.value
    if obj is UNDEFINED:
        return base
    if isinstance(obj, (str, bytes, float, int, complex)):
        found = lo.known(getattr, obj, name)
        return Bound(Const(getattr(type(obj), name)), (base,)) if callable(found) else Const(found)
    generated = generated_method(base, obj, name)
    if generated is not None:
        return generated
    assigned = read_assigned(lo, obj, name)
    if assigned is not None:
        return assigned
    if not hasattr(obj, name):
        lo.raises(AttributeError, f"{getattr(obj, '__name__', type(obj).__name__)!r} has no attribute {name!r}")
    if kinds.is_static(obj) and _is_library(obj):
        member = getattr(obj, name)
        if kinds.is_static(member) or isinstance(member, (int, float, complex)):
            return Const(member)
    own = {} if kinds.is_static(obj) else getattr(obj, "__dict__", {})
    member = inspect.getattr_static(type(obj), name, None)
    if isinstance(member, property) and not kinds.is_static(obj) and member.fget is not None:
        _note_member(lo, obj, name)
        return lo.call(Const(member.fget), [base], {})
    if name not in own and isinstance(member, (staticmethod, classmethod)):
        _note_member(lo, obj, name)
        if isinstance(member, staticmethod):
            return Const(member.__func__)
        return Bound(Const(member.__func__), (Const(type(obj)),))
    if name not in own and type(member) in BOUND:
        _note_member(lo, obj, name)
        return BOUND[type(member)](lo, member, base)
    if name not in own and not kinds.is_static(obj) and callable(member) and hasattr(member, "__get__"):
        _note_member(lo, obj, name)
        load_rules()
        method = getattr(obj, name)
        if hashable(method) and (has_rule(method) or method in STANDS_FOR):
            return Const(method)
        return Bound(Const(member), (base,))
    outside = outside_attribute(lo, obj, name)
    if outside is not None:
        return outside
    value = getattr(obj, name)
    number = as_symbol(value)
    return number if number is not None else object_symbol(lo, value)


def has_attribute(lo: Lowering, base: Symbol, name: str) -> Value | bool:
    """Whether an object of the program's own has an attribute, or its class."""
    place = pools.resolved(lo, base)
    pool = pools.pool_of(place)
    if pool is not None:
        if pool.lacks(name) and name in pool.fields:
            lo.unsupported(f"which of these objects have an attribute {name!r} depends on the run")
        return name in pool.fields or all(hasattr(cls, name) for cls in pool.classes)
    assert isinstance(base, Reference)
    return hasattr(base.cls, name) or has_field(lo, base, name)


def _note_member(lo: Lowering, obj: Any, name: str) -> None:
    """Records that an object has what its class has under a name, and nothing of its own."""
    note_class(lo, obj)
    note_member(lo, type(obj), name)
    if isinstance(getattr(obj, "__dict__", None), dict):
        note_absent(lo, vars(obj), name)


def _special_method(lo: Lowering, obj: Any, name: str) -> Const:
    """What the class of an object has under the name of a special method."""
    note_class(lo, obj)
    note_member(lo, type(obj), name)
    return Const(getattr(type(obj), name))


def _is_library(obj: Any) -> bool:
    name = getattr(obj, "__name__", "") if not isinstance(obj, type) else obj.__module__
    return str(name).split(".")[0] in ("numpy", "math", "operator", "builtins", "functools", "itertools", "cmath")


_ABOUT_EXCEPTIONS = frozenset(["__class__", "__cause__", "__context__", "__traceback__", "__notes__"])
"""What an exception has besides what it was made of."""


def _value_attribute(lo: Lowering, base: Value, name: str) -> Symbol:
    base_type = base.type
    if isinstance(base_type, Tuple) and base_type.cls is not tuple:
        return attribute(lo, Sequence(tuple_items(lo, base), base_type.cls), name)
    if base in lo.exception_parts:
        held = dict(lo.contents(lo.exception_parts[base]))
        if name in held:
            return held[name]
    if isinstance(base_type, (Array, Unknown)) or is_numeric(base_type):
        if name == "shape":
            return shape(lo, base)
        if name == "ndim":
            return lo.emit(np.ndim, base)
        if name == "size":
            return lo.emit(np.size, base)
        if name == "flat":
            return Flat(base)
        if name in ("data", "base", "ctypes"):
            lo.unsupported(f".{name} is not supported", "use ravel() and reshape()")
        if name == "dtype" and getattr(base_type, "dtype", None) is not None:
            return Const(base_type.dtype)
        if name in ("T", "mT"):
            return lo.emit(METHODS[name], base)
        if name in ("real", "imag"):
            if name == "imag" and _holds_fractional_power(base):
                lo.unsupported(
                    "a negative float raised to a fraction is complex in Python, and counts as real here",
                    "raise a complex number: complex(x) ** y",
                )
            return lo.emit(getattr(np, name), base)
        if name in METHODS:
            return Bound(Const(METHODS[name]), (base,))
        if isinstance(base_type, Array) and callable(getattr(np.ndarray, name, None)):
            return Bound(Const(getattr(np.ndarray, name)), (base,))
        if isinstance(base_type, Unknown) and name in ("append", "pop", "extend", "items", "keys", "values", "get"):
            lo.unsupported(f"whether .{name} belongs to a list or a dict is not known here", "pass a concrete argument")
    if isinstance(base_type, List) and callable(getattr(list, name, None)):
        return Bound(Const(getattr(list, name)), (base,))
    if isinstance(base_type, Opaque) and callable(getattr(base_type.cls, name, None)):
        return Bound(Const(getattr(base_type.cls, name)), (base,))
    cls = class_of_values(base_type)
    if is_numeric(base_type) and cls is not None and isinstance(getattr(cls, name, None), types.MethodDescriptorType):
        return Bound(Const(getattr(cls, name)), (base,))
    error = isinstance(base_type, Unknown) or (
        isinstance(base_type, Opaque) and issubclass(base_type.cls, (BaseException, type(None)))
    )
    if error and name not in _ABOUT_EXCEPTIONS:
        lo.exception_read = lo.span
    if cls is not None and not hasattr(cls, name):
        lo.raises(AttributeError, f"{cls.__name__!r} object has no attribute {name!r}")
    return lo.emit(getattr, base, Const(name))


def _holds_fractional_power(value: Value) -> bool:
    """Whether a float of Python's is computed, by arithmetic, from a power that may be complex."""
    pending, seen = [value], set()
    while pending:
        current = pending.pop()
        op = current.owner
        if current in seen or current.type != FLOAT or not isinstance(op, Call):
            continue
        seen.add(current)
        if op.fn in (operator.pow, pow):
            exponent = op.args[1]
            whole = exponent.type == INT or (isinstance(exponent, Const) and float(exponent.value).is_integer())
            if not whole:
                return True
        pending += op.inputs
    return False


def class_of_values(t: Type) -> type | None:
    """The class that values of a type are of, where that is known."""
    if isinstance(t, Array):
        return np.ndarray
    if isinstance(t, NpScalar):
        return t.dtype.type
    if isinstance(t, PyScalar):
        return {"b": bool, "i": int, "f": float, "c": complex}[t.kind]
    return list if type(t) is List else None


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
