"""Operators on symbols: arithmetic becomes operations, known structure is worked out at compile time."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.frontend import compact_dicts, pools
from srcgrad.frontend.access import tuple_items
from srcgrad.frontend.compact_dicts import is_compact
from srcgrad.frontend.folding import as_symbol, fold
from srcgrad.frontend.list_checks import require_number, require_operand
from srcgrad.frontend.list_kinds import new_list
from srcgrad.frontend.lowering import Lowering, is_undefined
from srcgrad.frontend.merging import select
from srcgrad.frontend.objects import class_of_object, operator_on_objects, special
from srcgrad.frontend.presence import is_there
from srcgrad.frontend.values import NOT_CONSTANT, Closure, Reference, Sequence, Symbol, constant, is_iterator
from srcgrad.ir.nodes import UNDEFINED, Call, Const, Value
from srcgrad.ir.types import (
    BOOL,
    STR,
    Array,
    Dict,
    List,
    NpScalar,
    Opaque,
    PyScalar,
    Record,
    Tuple,
    Type,
    Unknown,
    is_numeric,
    present,
)
from srcgrad.rules.registry import PARTIALS, VJP, hashable

BINARY: dict[type, Callable] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}


UNARY: dict[type, Callable] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Invert: operator.invert,
}


COMPARE: dict[type, Callable] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}


def binary(lo: Lowering, fn: Callable, a: Symbol, b: Symbol) -> Symbol:
    """A binary operator on two symbols."""
    if is_undefined(a) or is_undefined(b):
        return Const(UNDEFINED)
    of_objects = operator_on_objects(lo, fn, a, b)
    if of_objects is not None:
        return of_objects
    if fn is operator.pow and lo.fixed_span and constant(b) == 1 and isinstance(a, Value) and a.type.differentiable:
        return a
    _check_operands(lo, fn, a, b)
    check_signs(lo, fn, a, b)
    if fn is operator.truediv and lo.divides_by_zero and _may_raise(a, b):
        fn = np.divide
    if fn is operator.mod and _is_text(a) and fold(fn, (a, b), {}) is None:
        return lo.emit_typed(fn, (lo.tree(a), lo.tree(b)), {}, STR)
    if isinstance(a, Sequence) and isinstance(b, Value) and isinstance(b.type, Tuple):
        b = Sequence(tuple_items(lo, b))
    if isinstance(b, Sequence) and isinstance(a, Value) and isinstance(a.type, Tuple):
        a = Sequence(tuple_items(lo, a))
    if fn is operator.add and isinstance(a, Sequence) and isinstance(b, Sequence):
        return Sequence(a.items + b.items)
    if fn is operator.add and all(isinstance(v, Sequence) or v in lo.tuple_items for v in (a, b)):
        joined = lo.call(Const(list), [a], {})
        lo.call(Const(list.extend), [joined, b], {})
        return lo.call(Const(tuple), [joined], {})
    if fn is operator.add and _is_list(a) and _is_list(b):
        return new_list(lo, lo.contents(a) + lo.contents(b), (*lo.site("joined"), lo.span))
    if fn is operator.mul:
        for items, times in ((a, b), (b, a)):
            of_run = isinstance(items, Value) and items in lo.tuple_items
            if (of_run or (constant(times) is NOT_CONSTANT and _holds_numbers(items))) and may_repeat(times):
                repeated = binary(lo, fn, lo.call(Const(list), [items], {}), times)
                return lo.call(Const(tuple), [repeated], {})
    if isinstance(a, Value) and a in lo.tuple_items and is_array_like(b):
        a = lo.emit(np.array, lo.tuple_items[a])
    if isinstance(b, Value) and b in lo.tuple_items and is_array_like(a):
        b = lo.emit(np.array, lo.tuple_items[b])
    repeats = fn is operator.mul and any(isinstance(v, Value) and _is_whole(v.type) for v in (a, b))
    if is_list(a) and is_array_like(b) and not repeats:
        require_number(lo, a)
        a = lo.emit(np.array, a)
    if is_list(b) and is_array_like(a) and not repeats:
        require_number(lo, b)
        b = lo.emit(np.array, b)
    if isinstance(a, Sequence) and is_array_like(b):
        a = lo.emit(np.array, a)
    if isinstance(b, Sequence) and is_array_like(a):
        b = lo.emit(np.array, b)
    if fn is operator.mul:
        for items, times in ((a, b), (b, a)):
            count = constant(times)
            if isinstance(count, int) and isinstance(items, Sequence):
                return Sequence(items.items * count)
            if isinstance(count, int) and _is_list(items):
                return lo.new_reference(list, lo.contents(items) * count, items.site)
        if _is_list(a) or _is_list(b):
            lo.demote(a if _is_list(a) else b)
    if isinstance(a, Reference) and isinstance(b, Reference) and a.cls is set and b.cls is set:
        return _set_operator(lo, fn, a, b)
    if fn is operator.or_ and all(isinstance(v, Reference) and v.cls is dict for v in (a, b)):
        joined = lo.call(Const(dict.copy), [a], {})
        lo.call(Const(dict.update), [joined, b], {})
        return joined
    if (isinstance(a, Reference) and a.cls is not list) or (isinstance(b, Reference) and b.cls is not list):
        lo.unsupported("operators on dicts and sets are not supported")
    if _is_list(a) and isinstance(b, Value) and is_numeric(b.type):
        a = lo.emit(np.array, a)
    if _is_list(b) and isinstance(a, Value) and is_numeric(a.type):
        b = lo.emit(np.array, b)
    for side in (a, b):
        if isinstance(side, Value) and isinstance(side.type, (List, Dict)) and fn is not operator.mod:
            return _list_operator(lo, fn, a, b)
    return lo.emit(fn, a, b)


_SIGNED = frozenset([operator.neg, operator.pos, operator.sub])


def _holds_numbers(symbol: Symbol) -> bool:
    """Whether it is a tuple of numbers and arrays some of which may be differentiated."""
    items = symbol.items if isinstance(symbol, Sequence) and symbol.cls is tuple else ()
    if not all(isinstance(item, Value) and (is_numeric(item.type) or not isinstance(item, Const)) for item in items):
        return False
    return any(not isinstance(item, Const) and item.type.differentiable for item in items)


def check_signs(lo: Lowering, fn: Callable, *operands: Symbol) -> None:
    """Raises what NumPy raises where truth values get a sign."""
    kinds = [_kind_of(v) for v in operands] if fn in _SIGNED else []
    if np.dtype(bool) in kinds and all(kind in (BOOL, np.dtype(bool)) for kind in kinds):
        lo.known(fn, *[np.True_] * len(kinds))


def _kind_of(symbol: Symbol) -> Any:
    """The dtype of what is NumPy's, the type of a number of Python's."""
    if isinstance(symbol, Const):
        return BOOL if isinstance(symbol.value, bool) else getattr(symbol.value, "dtype", None)
    kind = symbol.type if isinstance(symbol, Value) else None
    return kind.dtype if isinstance(kind, (Array, NpScalar)) else kind


def _check_operands(lo: Lowering, fn: Callable, a: Symbol, b: Symbol) -> None:
    """Raises what Python raises where a list or tuple meets what it can't be joined or multiplied with."""
    if fn is operator.mod and _is_text(a):
        return
    left, right = sequence_class(lo, a), sequence_class(lo, b)
    if (left is None and right is None) or lo.fixed_span:
        return
    if fn is operator.mod and left is None and isinstance(a, Value) and a.type == STR:
        return
    if left is not None and right is not None:
        fits = left is right and fn is operator.add
    else:
        other = b if right is None else a
        by_numpy = _is_for_numpy(other) or (fn not in _OF_SEQUENCES and _is_number_of_numpy(other))
        fits = by_numpy or (fn is operator.mul and may_repeat(other)) or not isinstance(other, Value)
    if not fits:
        lo.raises(TypeError, f"unsupported operand types for {fn.__name__}: {_name(lo, a)} and {_name(lo, b)}")


def _is_text(symbol: Symbol) -> bool:
    return isinstance(constant(symbol), str) or (isinstance(symbol, Value) and symbol.type == STR)


def sequence_class(lo: Lowering, symbol: Symbol) -> type | None:
    """Whether a symbol is a list or a tuple, of known structure or made at run time."""
    if is_list(symbol):
        return list
    is_value = isinstance(symbol, Value) and (isinstance(symbol.type, Tuple) or symbol in lo.tuple_items)
    return tuple if is_value or isinstance(symbol, Sequence) else None


def _is_for_numpy(symbol: Symbol) -> bool:
    """Whether NumPy works out an operator between a symbol and a list, or nobody knows."""
    t = symbol.type if isinstance(symbol, Value) and not isinstance(symbol, Const) else None
    return isinstance(t, (Array, Unknown, Opaque, List, Dict))


_OF_SEQUENCES = frozenset([operator.mul, operator.matmul])
"""What NumPy's numbers do not do with lists as arrays do."""


def _is_number_of_numpy(symbol: Symbol) -> bool:
    value = symbol.value if isinstance(symbol, Const) else None
    return isinstance(value, np.generic) or (isinstance(symbol, Value) and isinstance(symbol.type, NpScalar))


def may_repeat(symbol: Symbol) -> bool:
    """Whether a symbol may say how often a list is repeated."""
    t = symbol.type if isinstance(symbol, Value) else None
    return (isinstance(t, NpScalar) and t.dtype.kind in "iu") or (isinstance(t, PyScalar) and t.kind in "ib")


def _name(lo: Lowering, symbol: Symbol) -> str:
    cls = sequence_class(lo, symbol)
    if cls is not None:
        return cls.__name__
    return type(symbol.value).__name__ if isinstance(symbol, Const) else "number"


def _may_raise(a: Symbol, b: Symbol) -> bool:
    """Whether the quotient of two numbers of Python is by one that may be 0."""
    if not isinstance(a, Value) or not isinstance(b, Value):
        return False
    numbers = isinstance(a.type, PyScalar) and isinstance(b.type, PyScalar) and b.type.kind in "bif"
    return numbers and not (isinstance(b, Const) and b.value != 0)


def _set_operator(lo: Lowering, fn: Callable, a: Reference, b: Reference) -> Symbol:
    first, second = ({constant(item): item for item in lo.contents(side)} for side in (a, b))
    if not all(isinstance(item, Const) for item in (*first.values(), *second.values())):
        lo.unsupported("operators on sets whose items depend on the run are not supported")
    chosen = lo.known(fn, set(first), set(second))
    return lo.new_reference(set, tuple(item for key, item in {**first, **second}.items() if key in chosen), None)


def _list_operator(lo: Lowering, fn: Callable, a: Symbol, b: Symbol) -> Symbol:
    if fn is operator.mul:
        items, times = (a, b) if isinstance(a, Value) and isinstance(a.type, List) else (b, a)
        value = lo.value(items)
        if isinstance(times, Value) and isinstance(times.type, Unknown) and not value.type.differentiable:
            lo.unsupported(
                "whether this repeats a list or multiplies an array is not known here",
                "make it an array: np.array([...])",
            )
        result = lo.value(lo.emit_typed(fn, (value, lo.value(times)), {}, present(value.type)))
        if value in lo.list_sites:
            lo.list_sites[result] = lo.list_sites[value]
        return result
    if fn is operator.add:
        require_operand(lo, "+", a, b)
        joined = lo.call(Const(list), [a], {})
        lo.call(Const(list.extend), [joined, b], {})
        return joined
    lo.unsupported("this operator on lists is not supported", "append to a list, or use arrays")


def is_array_like(symbol: Any) -> bool:
    return isinstance(symbol, Value) and isinstance(symbol.type, (Array, NpScalar))


def _is_whole(t: Type) -> bool:
    return isinstance(t, NpScalar) and t.dtype.kind in "iu"


def is_list(symbol: Any) -> bool:
    """Whether a symbol is a list, of known structure or made at run time."""
    return _is_list(symbol) or (isinstance(symbol, Value) and type(symbol.type) is List)


def _is_list(symbol: Any) -> bool:
    return isinstance(symbol, Reference) and symbol.cls is list


def compare(lo: Lowering, op: ast.cmpop, a: Symbol, b: Symbol) -> Symbol:
    """One comparison."""
    if isinstance(op, (ast.In, ast.NotIn)):
        return _contains(lo, a, pools.opened(lo, b), isinstance(op, ast.NotIn))
    fn = COMPARE[type(op)]
    if isinstance(op, (ast.Is, ast.IsNot)):
        known = _identity(lo, a, b)
        if known is not None:
            return Const(known == isinstance(op, ast.Is))
        of_places = pools.same_place(lo, a, b)
        if of_places is not None:
            return of_places if isinstance(op, ast.Is) else lo.emit(operator.not_, of_places)
    of_objects = operator_on_objects(lo, fn, a, b)
    if of_objects is not None:
        return of_objects
    if fn not in (operator.eq, operator.ne) and any(isinstance(v, Reference) and v.cls is dict for v in (a, b)):
        lo.raises(TypeError, "dicts have no order")
    if isinstance(a, Sequence) and isinstance(b, Sequence) and fn in (operator.eq, operator.ne):
        return _compare_sequences(lo, fn, a, b)
    return lo.emit(fn, a, b)


def _compare_sequences(lo: Lowering, fn: Callable, a: Sequence, b: Sequence) -> Symbol:
    if len(a.items) != len(b.items):
        return Const(fn is operator.ne)
    result: Symbol = Const(True)
    for p, q in zip(a.items, b.items, strict=True):
        equal = lo.emit(operator.eq, p, q)
        previous = result
        result = select(lo, previous, lambda equal=equal: equal, lambda previous=previous: previous)
    return lo.emit(operator.not_, result) if fn is operator.ne else result


def _identity(lo: Lowering, a: Symbol, b: Symbol) -> bool | None:
    """Whether `a is b`, where that is known at compile time."""
    if isinstance(a, Const) and isinstance(b, Const) and UNDEFINED not in (a.value, b.value):
        return a.value is b.value
    if pools.pool_of(pools.resolved(lo, a)) is not None or pools.pool_of(pools.resolved(lo, b)) is not None:
        return None
    for x, y in ((a, b), (b, a)):
        if isinstance(x, Const) and x.value is None:
            if not isinstance(y, Value):
                return False
            if not isinstance(y.type, (Unknown, Record)) and not (isinstance(y.type, List) and y.type.or_none):
                return y.type == Opaque(type(None))
            if is_there(lo, y) or (isinstance(y.owner, Call) and _gives_numbers(y.owner.fn)):
                return False
        if _is_marker(x) and isinstance(y, Value) and not isinstance(y, Const) and is_numeric(y.type):
            return False
    if isinstance(a, (Reference, Sequence, Closure)) or isinstance(b, (Reference, Sequence, Closure)):
        lo.check_identity(a, b)
        return a is b
    return None


def _gives_numbers(fn: Any) -> bool:
    """Whether a function never returns None: arithmetic, and what NumPy does with numbers. An item may be None."""
    if not hashable(fn) or fn is operator.getitem:
        return False
    return fn in PARTIALS or (fn in VJP and (getattr(fn, "__module__", None) or "numpy").startswith(("numpy", "_op")))


def _is_marker(symbol: Symbol) -> bool:
    """Whether it is an object that no computation gives: a marker for what was not given, say."""
    numbers = (int, float, complex, np.generic, np.ndarray)
    return isinstance(symbol, Const) and symbol.value is not UNDEFINED and not isinstance(symbol.value, numbers)


def _contains(lo: Lowering, item: Symbol, container: Symbol, negate: bool) -> Symbol:
    by_method = special(lo, container, "__contains__", item)
    if by_method is not None:
        return lo.emit(operator.not_, by_method) if negate else by_method
    if isinstance(container, Reference) and container.cls is not list and is_list(item):
        lo.raises(TypeError, "unhashable type: 'list'")
    if is_iterator(container):
        given = _is_given(lo, item, container)
        return lo.emit(operator.not_, given) if negate else given
    if is_compact(container):
        there = compact_dicts.contains(lo, container, item)
        return lo.emit(operator.not_, there) if negate else there
    if isinstance(container, Reference) and container.cls is dict:
        keys = [key for key, _ in lo.contents(container)]
        known = constant(item)
        if isinstance(item, Const):
            return Const((known in keys) != negate)
        container = Sequence(tuple(as_symbol(key) or Const(key) for key in keys))
    if isinstance(container, Reference) and container.cls in (list, set):
        container = Sequence(lo.contents(container))
    if isinstance(container, Sequence) and _has_objects((item, *container.items)):
        found: Symbol = Const(False)
        for part in container.items:
            found = select(lo, found, lambda: Const(True), lambda part=part: _is_or_equals(lo, part, item))
        return lo.emit(operator.not_, found) if negate else found
    if isinstance(container, Sequence):
        items = [constant(part) for part in container.items]
        if isinstance(item, Const) and all(isinstance(part, Const) for part in container.items):
            return Const((item.value in items) != negate)
    result = lo.emit(operator.contains, container, item)
    return lo.emit(operator.not_, result) if negate else result


def _is_given(lo: Lowering, item: Symbol, iterator: Symbol) -> Symbol:
    """Whether an iterator gives an item; it is asked for no more than is needed."""
    from srcgrad.frontend import driven
    from srcgrad.frontend.iteration import iterate

    return driven.any_or_all(lo, iterate(lo, iterator), any, lambda part: _is_or_equals(lo, part, item))


def _has_objects(symbols: tuple[Symbol, ...]) -> bool:
    return any(class_of_object(symbol) is not None for symbol in symbols)


def _is_or_equals(lo: Lowering, a: Symbol, b: Symbol) -> Symbol:
    """How `in` compares: by identity, then by `==`."""
    if a is b or (isinstance(a, Const) and isinstance(b, Const) and a.value is b.value):
        return Const(True)
    equal = compare(lo, ast.Eq(), a, b)
    truth = lo.truth(equal)
    return Const(truth) if isinstance(truth, bool) else truth
