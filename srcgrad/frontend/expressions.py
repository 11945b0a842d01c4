"""Expressions: AST -> symbols, appending operations to the current region."""

from __future__ import annotations

import ast
import builtins
import inspect
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad.frontend import kinds
from srcgrad.frontend.folding import as_symbol, axis_length
from srcgrad.frontend.lowering import Lowering, is_undefined
from srcgrad.frontend.sources import CellSource, GlobalSource
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import Bound, Closure, Frame, Iterator, Reference, Sequence, Symbol, constant
from srcgrad.ir.nodes import UNDEFINED, Const, Value
from srcgrad.ir.types import INT, UNKNOWN, Array, Dict, List, NpScalar, Opaque, PyScalar, Tuple, Unknown, is_numeric
from srcgrad.rules.registry import METHODS

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


def expression(lo: Lowering, node: ast.expr, frame: Frame) -> Symbol:
    """Lowers one expression."""
    handler = _HANDLERS.get(type(node))
    with lo.at(node, frame):
        if handler is None:
            lo.unsupported(f"{type(node).__name__} expressions are not supported")
        return handler(lo, node, frame)


def _constant(lo: Lowering, node: ast.Constant, frame: Frame) -> Symbol:
    return Const(node.value)


def _name(lo: Lowering, node: ast.Name, frame: Frame) -> Symbol:
    return read_name(lo, node.id, frame)


def read_name(lo: Lowering, name: str, frame: Frame) -> Symbol:
    """What a name stands for: a variable of the frame or of an enclosing one, a closure cell, a global, a built-in."""
    owner: Frame | None = frame
    if name in frame.scope.globals:
        owner = None
    while owner is not None:
        if name in owner.scope.locals:
            return lo.read_variable((owner, name))
        if name in owner.cells:
            return lo.outside(CellSource(owner.cells[name], name))
        owner = owner.parent
    if name in frame.globals:
        return lo.outside(GlobalSource(frame.globals, name))
    if hasattr(builtins, name):
        return Const(getattr(builtins, name))
    # The helper may be defined later in the file; Python raises NameError when the line runs.
    lo.unsupported(f"name {name!r} is not defined")


def _left_spine(node: ast.expr) -> list[ast.expr]:
    spine = [node]
    while isinstance(spine[-1], ast.BinOp):
        spine.append(spine[-1].left)
    return spine


def _binary(lo: Lowering, node: ast.BinOp, frame: Frame) -> Symbol:
    spine = _left_spine(node)
    result = expression(lo, spine.pop(), frame)
    for part in reversed(spine):
        assert isinstance(part, ast.BinOp)
        right = expression(lo, part.right, frame)
        with lo.at(part, frame):
            result = binary(lo, BINARY[type(part.op)], result, right)
    return result


def binary(lo: Lowering, fn: Callable, a: Symbol, b: Symbol) -> Symbol:
    """A binary operator on two symbols."""
    if fn is operator.pow and lo.fixed_span and constant(b) == 1 and isinstance(a, Value) and a.type.differentiable:
        return a
    if fn is operator.add and isinstance(a, Sequence) and isinstance(b, Sequence):
        return Sequence(a.items + b.items)
    if fn is operator.add and _is_list(a) and _is_list(b):
        return lo.new_reference(list, lo.contents(a) + lo.contents(b), None)
    if _is_list(a) and _is_array_like(b):
        a = lo.emit(np.array, a)
    if _is_list(b) and _is_array_like(a):
        b = lo.emit(np.array, b)
    if isinstance(a, Sequence) and _is_array_like(b):
        a = lo.emit(np.array, a)
    if isinstance(b, Sequence) and _is_array_like(a):
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
    if isinstance(a, Reference) and a.cls is not list or isinstance(b, Reference) and b.cls is not list:
        lo.unsupported("operators on objects of user classes, dicts and sets are not supported")
    if _is_list(a) and isinstance(b, Value) and is_numeric(b.type):
        a = lo.emit(np.array, a)
    if _is_list(b) and isinstance(a, Value) and is_numeric(a.type):
        b = lo.emit(np.array, b)
    for side in (a, b):
        if isinstance(side, Value) and isinstance(side.type, (List, Dict)) and fn is not operator.mod:
            return _list_operator(lo, fn, a, b)
    return lo.emit(fn, a, b)


def _set_operator(lo: Lowering, fn: Callable, a: Reference, b: Reference) -> Symbol:
    first, second = ({constant(item): item for item in lo.contents(side)} for side in (a, b))
    if not all(isinstance(item, Const) for item in (*first.values(), *second.values())):
        lo.unsupported("operators on sets whose items depend on the run are not supported")
    chosen = fn(set(first), set(second))
    return lo.new_reference(set, tuple(item for key, item in {**first, **second}.items() if key in chosen), None)


def _list_operator(lo: Lowering, fn: Callable, a: Symbol, b: Symbol) -> Symbol:
    if fn is operator.mul:
        items, times = (a, b) if isinstance(a, Value) and isinstance(a.type, List) else (b, a)
        value = lo.value(items)
        result = lo.value(lo.emit_typed(fn, (value, lo.value(times)), {}, value.type))
        if value in lo.list_sites:
            lo.list_sites[result] = lo.list_sites[value]
        return result
    if fn is operator.add:
        joined = lo.call(Const(list), [a], {})
        lo.call(Const(list.extend), [joined, b], {})
        return joined
    lo.unsupported("this operator on lists is not supported", "append to a list, or use arrays")


def _is_array_like(symbol: Any) -> bool:
    return isinstance(symbol, Value) and isinstance(symbol.type, (Array, NpScalar))


def _is_list(symbol: Any) -> bool:
    return isinstance(symbol, Reference) and symbol.cls is list


def _unary(lo: Lowering, node: ast.UnaryOp, frame: Frame) -> Symbol:
    operand = expression(lo, node.operand, frame)
    if isinstance(node.op, ast.Not):
        truth = lo.truth(operand)
        return Const(not truth) if isinstance(truth, bool) else lo.emit(operator.not_, truth)
    return lo.emit(UNARY[type(node.op)], operand)


def _boolean(lo: Lowering, node: ast.BoolOp, frame: Frame) -> Symbol:
    def rest(k: int) -> Symbol:
        first = expression(lo, node.values[k], frame)
        if k == len(node.values) - 1:
            return first
        if isinstance(node.op, ast.And):
            return lo.select(first, lambda: rest(k + 1), lambda: first)
        return lo.select(first, lambda: first, lambda: rest(k + 1))

    return rest(0)


def _compare(lo: Lowering, node: ast.Compare, frame: Frame) -> Symbol:
    def rest(left: Symbol, k: int) -> Symbol:
        right = expression(lo, node.comparators[k], frame)
        result = compare(lo, node.ops[k], left, right)
        if k == len(node.ops) - 1:
            return result
        return lo.select(result, lambda: rest(right, k + 1), lambda: result)

    return rest(expression(lo, node.left, frame), 0)


def compare(lo: Lowering, op: ast.cmpop, a: Symbol, b: Symbol) -> Symbol:
    """One comparison."""
    if isinstance(op, (ast.In, ast.NotIn)):
        return _contains(lo, a, b, isinstance(op, ast.NotIn))
    fn = COMPARE[type(op)]
    if isinstance(op, (ast.Is, ast.IsNot)):
        known = _identity(a, b)
        if known is not None:
            return Const(known == isinstance(op, ast.Is))
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
        result = lo.select(previous, lambda equal=equal: equal, lambda previous=previous: previous)
    return lo.emit(operator.not_, result) if fn is operator.ne else result


def _identity(a: Symbol, b: Symbol) -> bool | None:
    """Whether `a is b`, where that is known at compile time."""
    if isinstance(a, Const) and isinstance(b, Const) and UNDEFINED not in (a.value, b.value):
        return a.value is b.value
    for x, y in ((a, b), (b, a)):
        if isinstance(x, Const) and x.value is None:
            if not isinstance(y, Value):
                return False
            if not isinstance(y.type, Unknown):
                return y.type == Opaque(type(None))
    if isinstance(a, (Reference, Sequence, Closure)) or isinstance(b, (Reference, Sequence, Closure)):
        return a is b
    return None


def _contains(lo: Lowering, item: Symbol, container: Symbol, negate: bool) -> Symbol:
    if isinstance(container, Reference) and container.cls is dict:
        keys = [key for key, _ in lo.contents(container)]
        known = constant(item)
        if isinstance(item, Const):
            return Const((known in keys) != negate)
        container = Sequence(tuple(as_symbol(key) or Const(key) for key in keys))
    if isinstance(container, Reference) and container.cls in (list, set):
        container = Sequence(lo.contents(container))
    if isinstance(container, Sequence):
        items = [constant(part) for part in container.items]
        if isinstance(item, Const) and all(isinstance(part, Const) for part in container.items):
            return Const((item.value in items) != negate)
    result = lo.emit(operator.contains, container, item)
    return lo.emit(operator.not_, result) if negate else result


def _conditional(lo: Lowering, node: ast.IfExp, frame: Frame) -> Symbol:
    condition = expression(lo, node.test, frame)
    return lo.select(condition, lambda: expression(lo, node.body, frame), lambda: expression(lo, node.orelse, frame))


def _walrus(lo: Lowering, node: ast.NamedExpr, frame: Frame) -> Symbol:
    from srcgrad.frontend.statements import assign

    symbol = expression(lo, node.value, frame)
    assign(lo, node.target, symbol, frame)
    return symbol


def _tuple(lo: Lowering, node: ast.Tuple, frame: Frame) -> Symbol:
    return Sequence(tuple(display_items(lo, node.elts, frame)))


def _list(lo: Lowering, node: ast.List, frame: Frame) -> Symbol:
    site = lo.site(node)
    if any(isinstance(item, ast.Starred) for item in node.elts):
        return _spread_list(lo, node, frame, site)
    return new_list(lo, tuple(display_items(lo, node.elts, frame)), site)


def _spread_list(lo: Lowering, node: ast.List, frame: Frame, site: Any) -> Symbol:
    """A list display with stars: of known structure if what is spread has known length."""
    from srcgrad.frontend.iteration import iterate

    parts = []
    for item in node.elts:
        starred = isinstance(item, ast.Starred)
        parts.append((starred, expression(lo, item.value if isinstance(item, ast.Starred) else item, frame)))
    if any(starred and iterate(lo, symbol).items is None for starred, symbol in parts):
        lo.marks.dynamic.setdefault(site, None)
    result = new_list(lo, (), site)
    for starred, symbol in parts:
        lo.call(Const(list.extend if starred else list.append), [result, symbol], {})
    return result


def new_list(lo: Lowering, items: tuple[Symbol, ...], site: Any) -> Symbol:
    """A list: of known structure, or made at run time where an earlier attempt found that its structure varies."""
    if site is None or site not in lo.marks.dynamic:
        return lo.new_reference(list, items, site)
    item_type = lo.marks.dynamic[site]
    value = Value(List(item_type or UNKNOWN), None, lo.span)
    lo.list_sites[value] = site
    values = [lo.value(item) for item in items]
    for item in values:
        lo.list_item_type(value, item.type)
    lo.append_call(list, (values,) if values else (), [value])
    return value


def display_items(lo: Lowering, nodes: list[ast.expr], frame: Frame) -> list[Symbol]:
    """The items of a display or of the positional arguments of a call, stars spread."""
    items: list[Symbol] = []
    for node in nodes:
        if isinstance(node, ast.Starred):
            items.extend(known_items(lo, expression(lo, node.value, frame)))
        else:
            items.append(expression(lo, node, frame))
    return items


def _set(lo: Lowering, node: ast.Set, frame: Frame) -> Symbol:
    return lo.new_reference(set, tuple(display_items(lo, node.elts, frame)), None)


def _dict(lo: Lowering, node: ast.Dict, frame: Frame) -> Symbol:
    entries: dict[Any, Symbol] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            spread = expression(lo, value, frame)
            if not (isinstance(spread, Reference) and spread.cls is dict):
                lo.unsupported("only dicts of known keys can be spread with **")
            entries.update(lo.contents(spread))
            continue
        entries[static_key(lo, expression(lo, key, frame))] = expression(lo, value, frame)
    return lo.new_reference(dict, tuple(entries.items()), lo.site(node))


def static_key(lo: Lowering, symbol: Symbol) -> Any:
    """A dict key, which must be known at compile time."""
    key = constant(symbol)
    try:
        hash(key)
    except TypeError:
        lo.unsupported("this dict key is not hashable")
    if not isinstance(symbol, (Const, Sequence)) or isinstance(symbol, Sequence) and not isinstance(key, tuple):
        lo.unsupported("the keys of this dict depend on the run", "use keys that are constants, or a list")
    return key


def known_items(lo: Lowering, symbol: Symbol) -> tuple[Symbol, ...]:
    """The items of a symbol whose length is known at compile time."""
    from srcgrad.frontend.iteration import iterate

    iterator = iterate(lo, symbol)
    if iterator.items is None:
        lo.unsupported("the number of items is not known here", "index it, or loop over it")
    return iterator.items


def _subscript(lo: Lowering, node: ast.Subscript, frame: Frame) -> Symbol:
    base = expression(lo, node.value, frame)
    return subscript(lo, base, index(lo, node.slice, frame))


def index(lo: Lowering, node: ast.expr, frame: Frame) -> Symbol:
    """What stands between brackets."""
    if isinstance(node, ast.Slice):
        parts = [None if p is None else expression(lo, p, frame) for p in (node.lower, node.upper, node.step)]
        return slice(*parts)
    if isinstance(node, ast.Tuple):
        items = []
        for item in node.elts:
            if isinstance(item, ast.Starred):
                items.extend(known_items(lo, expression(lo, item.value, frame)))
            else:
                items.append(index(lo, item, frame))
        return Sequence(tuple(items))
    return expression(lo, node, frame)


def subscript(lo: Lowering, base: Symbol, key: Symbol) -> Symbol:
    """`base[key]`."""
    if is_undefined(base):
        return base
    if isinstance(base, Sequence) or isinstance(base, Reference) and base.cls is list:
        return _subscript_items(lo, base, key)
    if isinstance(base, Reference) and base.cls is dict:
        return dict_item(lo, base, static_key(lo, key))
    if isinstance(base, Const) and isinstance(base.value, type):
        return base
    if isinstance(base, Const) and hasattr(base.value, "__getitem__") and not kinds.is_static(base.value):
        return lo.call(Const(type(base.value).__getitem__), [base, key], {})
    value = lo.value(base)
    if isinstance(value.type, Tuple):
        known = constant(key)
        if isinstance(known, (int, slice)):
            return _subscript_items(lo, Sequence(tuple_items(lo, value)), key)
        lo.unsupported("a tuple of mixed content is indexed by a number that depends on the run")
    if isinstance(value.type, List) and isinstance(key, slice):
        result = lo.value(lo.emit_typed(operator.getitem, (value, lo.tree(key)), {}, value.type))
        if value in lo.list_sites:
            lo.list_sites[result] = lo.list_sites[value]
        return result
    if isinstance(key, Reference) and key.cls is list and is_numeric(value.type):
        key = lo.emit(np.array, key)
    return lo.emit(operator.getitem, value, key)


def _subscript_items(lo: Lowering, base: Sequence | Reference, key: Symbol) -> Symbol:
    items = base.items if isinstance(base, Sequence) else lo.contents(base)
    known = constant(key)
    if isinstance(known, slice):
        part = items[known]
        return Sequence(part) if isinstance(base, Sequence) else lo.new_reference(list, part, base.site)
    if isinstance(known, (int, np.integer)):
        if not -len(items) <= known < len(items):
            lo.unsupported(f"index {known} is out of range: there are {len(items)} items")
        return items[known]
    if isinstance(base, Reference):
        lo.unroll(key)
        if base.site is not None:
            lo.demote(base)
    elif len({item.type if isinstance(item, Value) else None for item in items}) != 1:
        lo.unroll(key)
    if not items:
        lo.unsupported("an empty sequence is indexed here")
    return subscript(lo, runtime_list(lo, items), key)


def runtime_list(lo: Lowering, items: tuple[Symbol, ...]) -> Value:
    """A run-time list of items that all have one kind, so that it can be indexed by a number that depends on the run."""
    values = [lo.value(item) for item in items]
    kinds_seen = {v.type for v in values}
    item_type = values[0].type if len(kinds_seen) == 1 else _common_type(lo, values)
    output = Value(List(item_type), None, lo.span)
    lo.append_call(list, (values,), [output])
    return output


def _common_type(lo: Lowering, values: list[Value]) -> Any:
    from srcgrad.ir.types import join

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
            items.append(lo.value(lo.emit_typed(operator.getitem, (value, Const(k)), {}, item_type)))
    return tuple(items)


def dict_item(lo: Lowering, base: Reference, key: Any) -> Symbol:
    """The entry of a dict of known keys."""
    for name, item in lo.contents(base):
        if name == key:
            return item
    lo.unsupported(f"this dict has no key {key!r}")


def _attribute(lo: Lowering, node: ast.Attribute, frame: Frame) -> Symbol:
    name = node.attr
    if frame.class_name and name.startswith("__") and not name.endswith("__"):
        name = f"_{frame.class_name.lstrip('_')}{name}"
    return attribute(lo, expression(lo, node.value, frame), name)


def attribute(lo: Lowering, base: Symbol, name: str) -> Symbol:
    """`base.name`."""
    if isinstance(base, Sequence):
        item = base.field(name)
        if item is not None:
            return item
        return Bound(Const(getattr(base.cls, name)), (base,))
    if isinstance(base, Reference):
        return _reference_attribute(lo, base, name)
    if isinstance(base, Const):
        return _static_attribute(lo, base, name)
    if isinstance(base, Value):
        return _value_attribute(lo, base, name)
    if isinstance(base, (Closure, Bound)) and name == "__name__":
        return Const(getattr(base, "name", "<bound>"))
    lo.unsupported(f"attribute {name!r} is not supported here")


def _reference_attribute(lo: Lowering, base: Reference, name: str) -> Symbol:
    if base.cls in (list, dict, set):
        return Bound(Const(getattr(base.cls, name)), (base,))
    for field, item in lo.contents(base):
        if field == name:
            return item
    member = getattr(base.cls, name, MISSING)
    if isinstance(member, property):
        return lo.call(Const(member.fget), [base], {})
    if callable(member):
        return Bound(Const(member), (base,))
    if member is not MISSING:
        return Const(member)
    lo.unsupported(f"{base.cls.__name__} has no attribute {name!r}")


def _static_attribute(lo: Lowering, base: Const, name: str) -> Symbol:
    obj = base.value
    if obj is UNDEFINED:
        return base
    if isinstance(obj, (str, bytes, float, int, complex)):
        return (
            Bound(Const(getattr(type(obj), name)), (base,))
            if callable(getattr(obj, name))
            else Const(getattr(obj, name))
        )
    if not hasattr(obj, name):
        lo.unsupported(f"{getattr(obj, '__name__', type(obj).__name__)!r} has no attribute {name!r}")
    if kinds.is_static(obj) and _is_library(obj):
        member = getattr(obj, name)
        if kinds.is_static(member) or isinstance(member, (int, float, complex)):
            return Const(member)
    member = inspect.getattr_static(type(obj), name, None)
    if isinstance(member, staticmethod):
        return Const(member.__func__)
    if isinstance(member, classmethod):
        return Bound(Const(member.__func__), (Const(type(obj)),))
    if not kinds.is_static(obj) and callable(member) and hasattr(member, "__get__"):
        return Bound(Const(member), (base,))
    if isinstance(member, property) and not kinds.is_static(obj) and member.fget is not None:
        return lo.call(Const(member.fget), [base], {})
    outside = lo.outside_attribute(obj, name)
    if outside is not None:
        return outside
    value = getattr(obj, name)
    number = as_symbol(value)
    return number if number is not None else Const(value)


def _is_library(obj: Any) -> bool:
    name = getattr(obj, "__name__", "") if not isinstance(obj, type) else obj.__module__
    return str(name).split(".")[0] in ("numpy", "math", "operator", "builtins", "functools", "itertools", "cmath")


def _value_attribute(lo: Lowering, base: Value, name: str) -> Symbol:
    base_type = base.type
    if isinstance(base_type, (Array, Unknown)) or is_numeric(base_type):
        if name == "shape":
            return shape(lo, base)
        if name == "ndim":
            return lo.emit(np.ndim, base)
        if name == "size":
            return lo.emit(np.size, base)
        if name in ("flat", "data", "base", "ctypes"):
            lo.unsupported(f".{name} is not supported", "use ravel() and reshape()")
        if name == "dtype" and getattr(base_type, "dtype", None) is not None:
            return Const(base_type.dtype)
        if name in ("T", "mT"):
            return lo.emit(METHODS[name], base)
        if name in ("real", "imag"):
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
    return lo.emit(getattr, base, Const(name))


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
    return lo.value(lo.emit_typed(np.shape, (value,), {}, UNKNOWN))


def length(lo: Lowering, symbol: Symbol) -> Symbol:
    """`len(symbol)`."""
    if isinstance(symbol, Sequence):
        return Const(len(symbol.items))
    if isinstance(symbol, Reference) and symbol.cls in (list, dict, set):
        return Const(len(lo.contents(symbol)))
    if isinstance(symbol, Const) and not kinds.is_static(symbol.value) and hasattr(symbol.value, "__len__"):
        return lo.call(Const(type(symbol.value).__len__), [symbol], {})
    value = lo.value(symbol)
    if isinstance(value.type, Tuple):
        return Const(len(value.type.items))
    known = axis_length(value, 0)
    if known is not None:
        return Const(known)
    if isinstance(value.type, Array) and value.type.shape:
        return lo.emit_typed(len, (value,), {}, PyScalar("i", value.type.shape[0]))
    return lo.emit_typed(len, (value,), {}, INT) if not isinstance(value, Const) else Const(len(value.value))


def _lambda(lo: Lowering, node: ast.Lambda, frame: Frame) -> Symbol:
    from srcgrad.frontend.functions import make_closure

    return make_closure(lo, node, frame)


def _call(lo: Lowering, node: ast.Call, frame: Frame) -> Symbol:
    from srcgrad.frontend.calls import call_node

    return call_node(lo, node, frame)


def _comprehension(lo: Lowering, node: Any, frame: Frame) -> Symbol:
    from srcgrad.frontend.comprehensions import comprehension

    return comprehension(lo, node, frame)


def _format(lo: Lowering, node: ast.JoinedStr, frame: Frame) -> Symbol:
    template, values = "", []
    for part in node.values:
        if isinstance(part, ast.Constant):
            template += str(part.value).replace("{", "{{").replace("}", "}}")
            continue
        assert isinstance(part, ast.FormattedValue)
        spec = ""
        if part.format_spec is not None:
            pieces = part.format_spec.values if isinstance(part.format_spec, ast.JoinedStr) else []
            if not all(isinstance(piece, ast.Constant) for piece in pieces):
                lo.unsupported("nested format specifications are not supported in f-strings")
            spec = ":" + "".join(str(piece.value) for piece in pieces if isinstance(piece, ast.Constant))
        conversion = f"!{chr(part.conversion)}" if part.conversion > 0 else ""
        template += "{" + conversion + spec + "}"
        values.append(expression(lo, part.value, frame))
    if not values:
        return Const(template.replace("{{", "{").replace("}}", "}"))
    return lo.emit_typed(str.format, (Const(template), *[lo.tree(v) for v in values]), {}, Opaque(str))


def _starred(lo: Lowering, node: ast.Starred, frame: Frame) -> Symbol:
    lo.unsupported("a starred expression is not supported here")


_HANDLERS: dict[type, Callable[[Lowering, Any, Frame], Symbol]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.NamedExpr: _walrus,
    ast.Tuple: _tuple,
    ast.List: _list,
    ast.Set: _set,
    ast.Dict: _dict,
    ast.Subscript: _subscript,
    ast.Attribute: _attribute,
    ast.Lambda: _lambda,
    ast.Call: _call,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.DictComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.JoinedStr: _format,
    ast.Starred: _starred,
}

__all__ = ["Iterator", "attribute", "binary", "expression", "length", "read_name", "shape", "subscript"]
