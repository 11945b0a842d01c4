"""Built-in functions, which mostly work on structure known at compile time."""

from __future__ import annotations

import functools
import math
import operator
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad import checks
from srcgrad.frontend import compact_dict_calls, compact_dicts, driven, pools, stand_ins
from srcgrad.frontend.access import length, set_dict_item, subscript
from srcgrad.frontend.access import shape as shape_symbol
from srcgrad.frontend.attributes import attribute, class_of_values, has_attribute
from srcgrad.frontend.exits import go_on
from srcgrad.frontend.folding import as_symbol
from srcgrad.frontend.handlers import handles
from srcgrad.frontend.iteration import (
    enumerate_iterator,
    iterate,
    iterator_length,
    known_items,
    listed,
    range_iterator,
    reversed_iterator,
    transposed,
    zip_iterator,
)
from srcgrad.frontend.late_fields import fields
from srcgrad.frontend.list_checks import require_items
from srcgrad.frontend.list_kinds import new_list
from srcgrad.frontend.loops import for_each, over
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.merging import NEXT, Outcome, select
from srcgrad.frontend.objects import class_of_object
from srcgrad.frontend.outside import has_outside, note_class
from srcgrad.frontend.stand_in_classes import ORIGINALS
from srcgrad.frontend.values import (
    CONTAINERS,
    NOT_CONSTANT,
    Bound,
    Closure,
    Consumer,
    Iterator,
    Reference,
    Rest,
    Sequence,
    Spread,
    Symbol,
    constant,
)
from srcgrad.ir.nodes import Call, Const, Value
from srcgrad.ir.types import (
    BOOL,
    INT,
    Array,
    Dict,
    List,
    Maybe,
    Opaque,
    PyScalar,
    Tuple,
    Unknown,
    present,
    rank,
    same_length,
    shape_of,
)

_VALUES = (int, float, complex, str, bytes, tuple, list, dict, set, frozenset, np.generic, np.ndarray, BaseException)


@handles(len)
def _len(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if isinstance(args[0], Iterator) and (args[0].bounds is not None or args[0].view):
        return iterator_length(lo, iterate(lo, args[0]))
    return length(lo, args[0])


@handles(np.shape)
def _np_shape(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    known = _static_shape(lo, args[0])
    if known is not None:
        return Sequence(tuple(Const(n) for n in known))
    return shape_symbol(lo, lo.value(args[0])) if isinstance(args[0], Value) else lo.emit(np.shape, args[0])


def _static_shape(lo: Lowering, symbol: Symbol) -> tuple[int, ...] | None:
    """The shape of nested sequences of numbers, of arrays of known shape."""
    if isinstance(symbol, Value):
        axes = shape_of(symbol.type)
        return axes if axes is not None and all(isinstance(axis, int) for axis in axes) else None
    if isinstance(symbol, Sequence) or (isinstance(symbol, Reference) and symbol.cls is list):
        items = symbol.items if isinstance(symbol, Sequence) else lo.contents(symbol)
        shapes = {_static_shape(lo, item) for item in items}
        if len(shapes) == 1 and None not in shapes:
            return (len(items), *shapes.pop())
        return (0,) if not items else None
    return None


@handles(range)
def _range(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return range_iterator(lo, args)


@handles(enumerate)
def _enumerate(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    start = args[1] if len(args) > 1 else kwargs.get("start", Const(0))
    iterator = iterate(lo, args[0])
    if iterator.drive is not None:
        return driven.enumerated(lo, iterator, start)
    return enumerate_iterator(lo, args[0], start)


@handles(np.nditer)
def _nditer(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    lo.unsupported("np.nditer is not supported", "loop over the indices, or over x.ravel()")


@handles(zip)
def _zip(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if len(args) == 1 and isinstance(args[0], Spread):
        rows = args[0].items
        if isinstance(rows, Value) and type(rows.type) is List and type(rows.type.item) is Tuple:
            return transposed(lo, rows, len(rows.type.item.items))
        return Iterator(
            length=lambda: lo.value(lo.call(Const(stand_ins.shortest), [rows], {})),
            item=lambda k: lo.call(Const(stand_ins.column), [rows, k], {}),
        )
    if constant(kwargs.get("strict", Const(False))) is False or lo.fixed_span:
        return _zipped(lo, args)
    iterators = [iterate(lo, arg) for arg in args]
    if any(iterator.drive is not None or iterator.endless for iterator in iterators):
        lo.unsupported("generators can't be zipped with strict=True yet", "make lists of them before")
    rows = _zipped(lo, args)
    seen = lo.attempts or lo.protections or lo.function is not None or lo.marks.changes_outside
    if not seen:
        _check_lengths(lo, iterators)
        return rows
    site = (*lo.site("zip"), lo.span)

    def drive(body: Consumer) -> Outcome:
        """Behind the last item: what was done with those before it can be seen."""

        def check() -> Outcome:
            _check_lengths(lo, iterators)
            return NEXT

        return go_on(lo, over(lo, rows, body, site), check)

    return Iterator(drive=drive)


def raise_unless_equal(first: int, other: int) -> None:
    """What stands in the program where `zip(..., strict=True)` does: it is lowered, not called."""
    if first != other:
        raise ValueError("zip() has arguments of different lengths")


def _check_lengths(lo: Lowering, iterators: list[Iterator]) -> None:
    """Raises if lengths differ."""
    from srcgrad.frontend.helper_calls import inline

    lengths = [iterator_length(lo, iterator) for iterator in iterators]
    for other in lengths[1:]:
        dims = [getattr(n.type, "dim", None) for n in (lengths[0], other)]
        if None in dims or not same_length(*dims):
            inline(lo, raise_unless_equal, [lengths[0], other], {})


def _zipped(lo: Lowering, inners: list[Symbol]) -> Iterator:
    iterators = [iterate(lo, inner) for inner in inners]
    one_by_one = [k for k, iterator in enumerate(iterators) if iterator.drive is not None]
    if len(one_by_one) > 1:
        from srcgrad.frontend import stepping

        for k in one_by_one:
            stepping.in_steps(lo, inners[k])
        return iterate(lo, stepping.in_step(lo, inners))
    if one_by_one:
        return driven.zipped(lo, iterators)
    return zip_iterator(lo, inners)


@handles(reversed)
def _reversed(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return reversed_iterator(lo, args[0])


@handles(map)
def _map(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    fn, *inners = args
    rows = _zipped(lo, inners)
    if rows.drive is not None:
        return driven.mapped(rows, lambda row: lo.call(fn, list(known_items(lo, row)), {}))
    if rows.items is not None:

        def work_out(k: int) -> Symbol:
            row = (rows.items or ())[k]
            assert isinstance(row, Sequence)
            return lo.call(fn, list(row.items), {})

        return Iterator(sources=rows.sources, sized=rows.sized, count=lambda: len(rows.items or ()), work_out=work_out)

    def item(k: Value) -> Symbol:
        assert rows.item is not None
        row = rows.item(k)
        assert isinstance(row, Sequence)
        return lo.call(fn, list(row.items), {})

    given = inners[0].columns if len(inners) == 1 and isinstance(inners[0], Iterator) else None
    columns = None if given is None else lambda: tuple([lo.call(fn, [column], {}) for column in given()])
    return Iterator(length=rows.length, item=item, sources=rows.sources, columns=columns)


def collect(lo: Lowering, iterator: Iterator, name: str = "collected") -> Symbol:
    """A list of the items of an iterator; a place of the program has one for each name."""
    if iterator.items is not None:
        return lo.new_reference(list, iterator.items, lo.site(name))
    site = (*lo.site(name), lo.span)
    collected = new_list(lo, (), site)

    def body(item: Symbol, rest: Rest | None = None) -> Outcome:
        lo.call(Const(list.append), [collected, item], {})
        return NEXT

    for_each(lo, iterator, body, site)
    return collected


@handles(list)
def make_list(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """`list(...)`: a list of its own, of what the argument holds."""
    site = (*lo.site("list"), lo.span)
    if not args:
        return new_list(lo, (), site)
    source = args[0]
    if isinstance(source, Value) and isinstance(source.type, List):
        require_items(lo, source)
        copied = lo.value(lo.emit_typed(list.copy, (source,), {}, present(source.type)))
        if source in lo.list_sites:
            lo.list_sites[copied] = lo.list_sites[source]
        return copied
    iterator = listed(iterate(lo, source))
    if iterator.items is not None:
        return new_list(lo, iterator.items, site)
    return collect(lo, iterator)


@handles(tuple)
def _tuple(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if not args:
        return Sequence(())
    iterator = listed(iterate(lo, args[0]))
    if iterator.items is not None:
        return Sequence(iterator.items)
    source = args[0]
    if isinstance(source, Value) and rank(source.type) == 1 and isinstance(source.type, Array):
        items: Symbol = lo.emit(np.ndarray.copy, source)
    else:
        items = make_list(lo, args, {}) if isinstance(source, Value) else collect(lo, iterator)
        if isinstance(items, Reference):
            return Sequence(lo.contents(items))
    made = lo.value(lo.emit_typed(tuple, (lo.value(items),), {}, Unknown()))
    lo.tuple_items[made] = lo.value(items)
    return made


@handles(set, frozenset)
def _set(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return lo.new_reference(set, as_set(lo, known_items(lo, args[0]) if args else ()), None)


def as_set(lo: Lowering, items: tuple[Symbol, ...]) -> tuple[Symbol, ...]:
    """What a set of these items holds, each once, in the order in which Python gives them."""
    for item in items:
        check_hashable(lo, item)
    known = [constant(item) for item in items]
    if NOT_CONSTANT not in known:
        return tuple([as_symbol(item) or Const(item) for item in set(known)])
    kept: list[Symbol] = []
    for item in items:
        cls = class_of_object(item)
        if cls is None or cls.__eq__ is not object.__eq__:
            lo.unsupported("a set is made here of items that depend on the run", "use a list, or np.unique for numbers")
        if not any(item is other or _same_object(item, other) for other in kept):
            kept.append(item)
    return tuple(kept)


def _same_object(a: Symbol, b: Symbol) -> bool:
    return isinstance(a, Const) and isinstance(b, Const) and a.value is b.value


def check_hashable(lo: Lowering, item: Symbol) -> None:
    """Raises what Python raises for a list, dict or set in a set."""
    if isinstance(item, Reference) and item.cls in (list, dict, set):
        lo.raises(TypeError, f"unhashable type: {item.cls.__name__!r}")


@handles(dict)
def _dict(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    site = (*lo.site("dict"), lo.span)
    if args and compact_dicts.is_compact(args[0]):
        made = compact_dict_calls.copy(lo, args[0])
    else:
        made = compact_dicts.new_dict(lo, site)
        if args:
            lo.call(Const(dict.update), [made, args[0]], {})
    for name, item in kwargs.items():
        set_dict_item(lo, made, Const(name), item)
    return made


@handles(isinstance)
def _isinstance(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    classes = constant(args[1])
    if pools.pool_of(args[0]) is not None:
        return pools.is_instance(lo, args[0], classes)
    known = class_of(lo, args[0])
    or_none = _class_unless_none(args[0])
    if or_none is not None and classes is not NOT_CONSTANT:
        found = {lo.known(issubclass, cls, classes) for cls in (type(None), or_none)}
        if len(found) == 1:
            return Const(found.pop())
    if known is None and lo.calls_rules and classes == (list, tuple):
        # What a rule asks so is an item of a display or a sum, which is taken for a number or an array.
        return Const(False)
    if known is None:
        return _isinstance_at_run_time(lo, args[0], args[1])
    return Const(lo.known(issubclass, known, classes))


def _class_unless_none(symbol: Symbol) -> type | None:
    """The class of what is either None or of this class; None if it is anything else."""
    kind = symbol.type if isinstance(symbol, Value) else None
    if isinstance(kind, Maybe):
        return class_of_values(kind.item)
    return list if isinstance(kind, List) and kind.or_none else None


def _isinstance_at_run_time(lo: Lowering, symbol: Symbol, classes: Symbol) -> Symbol:
    """`isinstance` of what may be a number, an array or None: objects of the user's classes are told apart before."""
    value, given = lo.value(symbol), constant(classes)
    named = given if isinstance(given, tuple) else (given,)
    own = [cls for cls in named if _is_plain_class(cls)]
    if not own or lo.generic or not isinstance(value.type, Unknown):
        return lo.emit_typed(isinstance, (value, lo.tree(classes)), {}, BOOL)
    lo.effect(checks.check_no_object, value, Const(tuple(own) if len(own) > 1 else own[0]))
    rest = tuple([cls for cls in named if cls not in own])
    return lo.emit_typed(isinstance, (value, Const(rest)), {}, BOOL) if rest else Const(False)


def _is_plain_class(cls: Any) -> bool:
    """Whether a class is written in Python, and its instances are no numbers, arrays, containers or exceptions."""
    return type(cls) is type and "__module__" in vars(cls) and not issubclass(cls, _VALUES)


@handles(issubclass)
def _issubclass(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    cls, classes = constant(args[0]), constant(args[1])
    if cls is NOT_CONSTANT or classes is NOT_CONSTANT:
        return lo.emit_typed(issubclass, (lo.value(args[0]), lo.tree(args[1])), {}, BOOL)
    return Const(lo.known(issubclass, cls, classes))


@handles(type)
def _type(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    known = class_of(lo, args[0])
    if known is None and isinstance(args[0], Value) and isinstance(args[0].type, Opaque):
        return lo.emit_typed(type, (args[0],), {}, Opaque(type))
    if known is None:
        lo.unsupported("the type of this value is not known at compile time", "use isinstance")
    return Const(known)


def class_of(lo: Lowering, symbol: Symbol) -> type | None:
    if isinstance(symbol, Sequence):
        return symbol.cls
    if isinstance(symbol, Reference):
        return ORIGINALS.get(symbol.cls, symbol.cls)
    pool = pools.pool_of(symbol)
    if pool is not None:
        return None if symbol.type.or_none or len(pool.classes) > 1 else ORIGINALS.get(pool.cls, pool.cls)
    if isinstance(symbol, Const):
        if class_of_object(symbol) is not None:
            note_class(lo, symbol.value)
        return type(symbol.value)
    if isinstance(symbol, Iterator):
        return range
    if isinstance(symbol, slice):
        return slice
    if isinstance(symbol, Value) and symbol in lo.tuple_items:
        return tuple
    if isinstance(symbol, Value):
        t = symbol.type
        if isinstance(t, Opaque):
            # What was caught may be of any class derived from those that the handler is for.
            return None if issubclass(t.cls, BaseException) else t.cls
        return {Dict: dict, Tuple: tuple}.get(type(t)) or class_of_values(t)
    return None


@handles(hasattr)
def _hasattr(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    name = constant(args[1])
    found = _has_attribute(lo, args[0], name) if isinstance(name, str) else None
    if found is None:
        lo.unsupported("hasattr of this value is not known at compile time")
    return found if isinstance(found, Value) else Const(found)


def _has_attribute(lo: Lowering, symbol: Symbol, name: str) -> Value | bool | None:
    """Whether a value has an attribute, None where that is not known at compile time."""
    if isinstance(symbol, Const):
        return has_outside(lo, symbol.value, name)
    if class_of_object(symbol) is not None:
        return has_attribute(lo, symbol, name)
    or_none = _class_unless_none(symbol)
    if or_none is not None and hasattr(or_none, name) == hasattr(None, name):
        return hasattr(None, name)
    known = class_of(lo, symbol)
    return None if known is None else hasattr(known, name)


@handles(getattr)
def _getattr(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    name = constant(args[1])
    if not isinstance(name, str):
        lo.unroll(args[1])
        lo.unsupported("the name of this attribute depends on the run")
    if len(args) > 2:
        found = _has_attribute(lo, args[0], name)
        if found is None:
            lo.unsupported("whether this value has the attribute is not known at compile time")
        if isinstance(found, Value):
            return select(lo, found, lambda: attribute(lo, args[0], name), lambda: args[2])
        if not found:
            return args[2]
    return attribute(lo, args[0], name)


@handles(np.ndindex)
def _ndindex(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    lengths = list(known_items(lo, args[0])) if len(args) == 1 and not is_integer(args[0]) else args
    return _multi_indices(lo, lengths, lambda index: index)


@handles(np.ndenumerate)
def _ndenumerate(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    array = lo.value(args[0])
    if not isinstance(array.type, Array) or array.type.shape is None:
        lo.unsupported("np.ndenumerate of anything but an array of known rank is not supported", "use np.ndindex")
    lengths = list(known_items(lo, shape_symbol(lo, array)))
    return _multi_indices(lo, lengths, lambda index: Sequence((index, subscript(lo, array, index))))


def _multi_indices(lo: Lowering, lengths: list[Symbol], give: Callable[[Sequence], Symbol]) -> Iterator:
    """The indices of an array with these lengths one after the other, and what is given for each."""
    total: Symbol = Const(1)
    for n in lengths:
        total = lo.emit(operator.mul, total, n)

    def item(k: Value) -> Symbol:
        parts: list[Symbol] = []
        rest: Symbol = k
        # There is no index if one of the lengths is zero.
        with lo.trusted():
            for n in reversed(lengths[1:]):
                parts.append(lo.emit(operator.mod, rest, n))
                rest = lo.emit(operator.floordiv, rest, n)
            return give(Sequence(tuple([*([rest] if lengths else []), *parts[::-1]])))

    return Iterator(length=lambda: lo.value(total), item=item)


def is_integer(symbol: Symbol) -> bool:
    """Whether a symbol is a Python integer."""
    return isinstance(symbol, Value) and isinstance(symbol.type, PyScalar) and symbol.type.kind == "i"


@handles(list.__getitem__, dict.__getitem__)
def _getitem(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return subscript(lo, *args)


@handles(list.__len__, dict.__len__)
def _len(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return length(lo, args[0])


@handles(complex)
def _complex(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    parts = [*args, *kwargs.values()]
    if all(isinstance(part, Const) for part in parts):
        return Const(lo.known(lambda: complex(*map(constant, args), **{k: constant(p) for k, p in kwargs.items()})))
    given = {**dict(zip(("real", "imag"), args, strict=False)), **kwargs}
    if any(not isinstance(part, Value) or isinstance(part.type, (List, Dict, Opaque)) for part in given.values()):
        lo.unsupported("complex(...) is supported for numbers", "use a + 1j * b")
    if "imag" not in given:
        return lo.emit(complex, given["real"])
    return lo.emit(complex, given.get("real", Const(0.0)), given["imag"])


@handles(math.log)
def _log(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if len(args) == 1:
        return lo.emit(math.log, args[0])
    return lo.emit(operator.truediv, lo.emit(math.log, args[0]), lo.emit(math.log, args[1]))


@handles(eval, exec, compile, globals, locals, delattr, open, input, __import__)
def _not_here(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    lo.unsupported("this built-in function is not supported in a differentiated function")


@handles(iter)
def _iter(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    from srcgrad.frontend import stepping

    return stepping.iterator_of(lo, args[0]) if len(args) == 1 else stepping.until(lo, *args)


@handles(next)
def _next(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    from srcgrad.frontend import stepping

    symbol = args[0]
    if isinstance(symbol, Reference) and symbol.cls in CONTAINERS:
        lo.raises(TypeError, f"{symbol.cls.__name__!r} object is not an iterator")
    if isinstance(symbol, Iterator) and (symbol.view or symbol.bounds is not None) and not symbol.backwards:
        lo.raises(TypeError, "this object is not an iterator", "make one of it: iter(...)")
    if isinstance(symbol, Reference) and symbol.cls is types.GeneratorType and lo.contents(symbol):
        # Taken at its word: most often nobody asks for a second item.
        return driven.first(lo, iterate(lo, symbol), *args[1:])
    if isinstance(symbol, Iterator) and symbol.drive is not None and symbol.step is None:
        return driven.first(lo, symbol, *args[1:])
    return stepping.next_item(lo, symbol, *args[1:])


@handles(types.SimpleNamespace)
def _namespace(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if args:
        lo.unsupported("SimpleNamespace(...) is supported with keyword arguments only")
    made = lo.new_reference(types.SimpleNamespace, tuple(kwargs.items()), (*lo.site("namespace"), lo.span))
    return pools.settled(lo, made)


@handles(vars)
def _vars(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    owner = args[0] if args else None
    if not isinstance(owner, Reference) or class_of_object(owner) is None:
        lo.unsupported("vars(...) is supported for objects that the function makes or takes", "name the attributes")
    copied = lo.new_reference(dict, fields(lo, owner), None)
    # What is written there is written to the object, and the other way round: neither is carried over.
    lo.shared.update([copied, owner])
    return copied


@handles(print)
def _print(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    trees = tuple([lo.tree(arg) for arg in args])
    lo.append(Call(print, trees, {name: lo.tree(arg) for name, arg in kwargs.items()}, [], lo.span))
    return Const(None)


@handles(functools.partial)
def _partial(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return Bound(args[0], tuple(args[1:]), kwargs)


def undecorated(fn: Any) -> Any:
    """What decorators do that leave a function what it computes: its handler gives the function itself."""
    return fn


@handles(undecorated, functools.cache, functools.update_wrapper)
def _undecorated(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return args[0]


@handles(functools.wraps)
def _wraps(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return Const(undecorated)


@handles(functools.lru_cache)
def _lru_cache(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    is_function = bool(args) and (isinstance(args[0], (Closure, Bound)) or callable(constant(args[0])))
    return args[0] if is_function else Const(undecorated)


@handles(callable)
def _callable(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    called = args[0]
    if isinstance(called, Reference) and called.cls not in (list, dict, set):
        return Const(hasattr(called.cls, "__call__"))  # noqa: B004 (of the class, not of the object)
    return Const(isinstance(called, (Closure, Bound)) or (isinstance(called, Const) and callable(called.value)))


@handles(slice.indices)
def _indices(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return lo.emit_typed(slice.indices, tuple(map(lo.value, args)), {}, Tuple((INT, INT, INT)))


@handles(slice)
def _slice(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    parts = [None if constant(a) is None else a for a in args]
    return slice(*parts)
