"""Assignments: to names, patterns, items and attributes, also augmented ones, and `del`."""

from __future__ import annotations

import ast
import inspect
import operator
import types
from collections.abc import Callable

import numpy as np

from srcgrad import runtime
from srcgrad.frontend import compact_dicts, late_fields, objects, pools, stand_ins
from srcgrad.frontend.access import check_index, flat_index, set_dict_item, static_key, subscript
from srcgrad.frontend.attributes import attribute
from srcgrad.frontend.compact_dicts import is_compact
from srcgrad.frontend.counts import check_count, raise_if_fewer, raise_unless_as_many
from srcgrad.frontend.exits import evaluated
from srcgrad.frontend.expressions import expression, index
from srcgrad.frontend.flat_writes import as_array, flat_assignment
from srcgrad.frontend.handlers import handles
from srcgrad.frontend.iteration import collected, items_if_known, known_items
from srcgrad.frontend.list_checks import require_list, require_operand
from srcgrad.frontend.lowering import Lowering, is_undefined
from srcgrad.frontend.merging import NEXT, Outcome, bound_key
from srcgrad.frontend.operators import BINARY, binary, is_array_like, is_list, may_repeat
from srcgrad.frontend.raising import is_write
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import CONTAINERS, Flat, Frame, Iterator, Reference, Sequence, Symbol, constant
from srcgrad.frontend.variables import set_global, set_outside, set_variable
from srcgrad.ir.nodes import Const, Invoke, Op, Value, walk
from srcgrad.ir.types import Array, Dict, List, Parts, Unknown, is_scalar

IN_PLACE: dict[type, Callable] = {
    ast.Add: operator.iadd,
    ast.Sub: operator.isub,
    ast.Mult: operator.imul,
    ast.Div: operator.itruediv,
    ast.FloorDiv: operator.ifloordiv,
    ast.Mod: operator.imod,
    ast.Pow: operator.ipow,
    ast.MatMult: operator.imatmul,
    ast.BitAnd: operator.iand,
    ast.BitOr: operator.ior,
    ast.BitXor: operator.ixor,
}


ITEM_UPDATES: dict[type, Callable] = {
    ast.Add: runtime.add_item,
    ast.Sub: runtime.sub_item,
    ast.Mult: runtime.mul_item,
    ast.Div: runtime.truediv_item,
    ast.FloorDiv: runtime.floordiv_item,
    ast.Mod: runtime.mod_item,
    ast.Pow: runtime.pow_item,
    ast.MatMult: runtime.matmul_item,
}


def assignment(lo: Lowering, node: ast.Assign, frame: Frame) -> Outcome:
    """`a = b = value`."""
    return evaluated(lo, node.value, frame, lambda symbol: _assign_all(lo, node.targets, symbol, frame))


def annotated(lo: Lowering, node: ast.AnnAssign, frame: Frame) -> Outcome:
    """`name: kind = value`."""
    if node.value is None:
        return NEXT
    return evaluated(lo, node.value, frame, lambda symbol: _assign_all(lo, [node.target], symbol, frame))


def _assign_all(lo: Lowering, targets: list[ast.expr], symbol: Symbol, frame: Frame) -> Outcome:
    for target in targets:
        assign(lo, target, symbol, frame)
    return NEXT


def assign(lo: Lowering, target: ast.expr, symbol: Symbol, frame: Frame) -> None:
    """Assigns a symbol to a name, a pattern of names, an item or an attribute."""
    if isinstance(target, ast.Name):
        set_name(lo, target.id, symbol, frame)
    elif isinstance(target, (ast.Tuple, ast.List)):
        _unpack(lo, target.elts, symbol, frame)
    elif isinstance(target, ast.Subscript):
        with lo.at(target, frame):
            base = expression(lo, target.value, frame)
            set_item(lo, base, index(lo, target.slice, frame), symbol)
    elif isinstance(target, ast.Attribute):
        with lo.at(target, frame):
            set_attribute(lo, expression(lo, target.value, frame), frame.source.mangle(target.attr), symbol)
    else:
        lo.unsupported("this assignment target is not supported")


def set_name(lo: Lowering, name: str, symbol: Symbol, frame: Frame) -> None:
    """Binds a name, in the frame that owns it."""
    if isinstance(symbol, Iterator):
        symbol = _consumable(lo, symbol)
    owner: Frame | None = frame
    if name in frame.scope.globals:
        set_global(lo, frame.globals, name, symbol)
        return
    if name in frame.scope.nonlocals:
        owner = frame.parent
        while owner is not None and name not in owner.scope.locals:
            owner = owner.parent
        if owner is None:
            lo.unsupported(f"assigning to {name!r} of an enclosing function that has returned is not supported yet")
    if isinstance(symbol, Value) and symbol.hint is None and not isinstance(symbol, Const) and not frame.quiet:
        symbol.hint = name
    if is_compact(symbol) and not frame.quiet:
        compact_dicts.named(lo, symbol, name)
    set_variable(lo, (owner, name), symbol)


def _consumable(lo: Lowering, symbol: Symbol) -> Symbol:
    from srcgrad.frontend.stepping import once

    return once(lo, symbol)


def _unpack(lo: Lowering, targets: list[ast.expr], symbol: Symbol, frame: Frame) -> None:
    for target, item in unpacked(lo, targets, symbol):
        assign(lo, target, item, frame)


def unpacked(lo: Lowering, targets: list[ast.expr], symbol: Symbol) -> list[tuple[ast.expr, Symbol]]:
    """What each of several targets is assigned."""
    if is_undefined(symbol):
        return [(target.value if isinstance(target, ast.Starred) else target, symbol) for target in targets]
    if not isinstance(symbol, Value) or any(isinstance(target, ast.Starred) for target in targets):
        symbol = collected(lo, symbol)
        if isinstance(symbol, Iterator) and items_if_known(lo, symbol) is None:
            symbol = lo.call(Const(list), [symbol], {})
    if isinstance(symbol, Value) and isinstance(symbol.type, (Array, List, Unknown)):
        if any(isinstance(t, ast.Starred) for t in targets):
            return _unpacked_starred_value(lo, targets, symbol)
        count = len(targets)
        check_count(lo, symbol, count, raise_unless_as_many, f"the number of values to unpack is not {count}")
        items: tuple[Symbol, ...] = tuple(subscript(lo, symbol, Const(k)) for k in range(len(targets)))
    else:
        items = known_items(lo, symbol)
    stars = [k for k, t in enumerate(targets) if isinstance(t, ast.Starred)]
    if stars:
        k = stars[0]
        after = len(targets) - k - 1
        if len(items) < len(targets) - 1:
            lo.unsupported(f"not enough values to unpack: {len(items)}")
        middle = items[k : len(items) - after]
        starred = targets[k]
        assert isinstance(starred, ast.Starred)
        items = (*items[:k], lo.new_reference(list, middle, lo.site(starred)), *items[len(items) - after :])
        targets = [t.value if isinstance(t, ast.Starred) else t for t in targets]
    if len(items) != len(targets):
        lo.raises(ValueError, f"{len(items)} values can't be unpacked into {len(targets)} names")
    return list(zip(targets, items, strict=True))


def _unpacked_starred_value(lo: Lowering, targets: list[ast.expr], value: Value) -> list[tuple[ast.expr, Symbol]]:
    k = next(k for k, t in enumerate(targets) if isinstance(t, ast.Starred))
    after = len(targets) - k - 1
    count = len(targets) - 1
    check_count(lo, value, count, raise_if_fewer, f"fewer values to unpack than {count}")
    found: list[tuple[ast.expr, Symbol]] = [(targets[j], subscript(lo, value, Const(j))) for j in range(k)]
    starred = targets[k]
    assert isinstance(starred, ast.Starred)
    rest = subscript(lo, value, slice(Const(k), Const(-after) if after else None, None))
    found.append((starred.value, rest if isinstance(value.type, List) else lo.call(Const(list), [rest], {})))
    return found + [(targets[k + 1 + j], subscript(lo, value, Const(j - after))) for j in range(after)]


def set_item(lo: Lowering, base: Symbol, key: Symbol, symbol: Symbol) -> None:
    """`base[key] = symbol`."""
    if is_undefined(base):
        return
    base = pools.opened(lo, base)
    if isinstance(base, Reference) and issubclass(base.cls, dict):
        set_dict_item(lo, base, key, symbol)
        return
    if isinstance(base, Reference) and base.cls is list:
        _set_list_item(lo, base, key, symbol)
        return
    if isinstance(base, Sequence):
        lo.unsupported("a tuple can't be changed")
    if objects.special(lo, base, "__setitem__", key, symbol) is not None:
        return
    if isinstance(base, Flat):
        key, symbol = flat_assignment(lo, base, key, symbol)
        base = base.array
    value = lo.value(base)
    if isinstance(value.type, (Array, List, Dict, Unknown)):
        if type(value.type) is List:
            check_index(lo, key)
            if isinstance(key, slice):
                others = lo.call(Const(list), [symbol], {})
                whole = key.step is None or constant(key.step) in (None, 1)
                replace = stand_ins.replace_slice if whole else stand_ins.replace_extended
                lo.call(Const(replace), [value, key, others], {})
                return
        if isinstance(value.type, Array) and isinstance(symbol, Value) and symbol in lo.tuple_items:
            symbol = lo.emit(np.array, lo.tuple_items[symbol])
        # What is assigned to a part of an array is made one; what may be a list checks that when it is run.
        of_numbers = isinstance(symbol, Reference) and not isinstance(value.type, (List, Dict))
        of_numbers |= isinstance(symbol, Sequence) and isinstance(value.type, Array)
        item = lo.value(lo.emit(np.array, symbol) if of_numbers else symbol)
        if isinstance(value.type, List) and not isinstance(value.type, Parts) and not isinstance(key, slice):
            lo.put_in_list(value, item)
        lo.effect(operator.setitem, value, key, item)
        return
    lo.unsupported("this can't be written by index")


def _set_list_item(lo: Lowering, base: Reference, key: Symbol, symbol: Symbol) -> None:
    contents = lo.contents(base)
    known = constant(key)
    check_index(lo, key)
    if isinstance(known, slice):
        items = list(contents)
        given = items_if_known(lo, collected(lo, symbol))
        if given is None:
            lo.demote(base)
        lo.known(items.__setitem__, known, given)
        lo.change(base, tuple(items))
        return
    if isinstance(known, int) and -len(contents) <= known < len(contents):
        items = list(contents)
        items[known] = symbol
        lo.change(base, tuple(items))
        return
    lo.unroll(key)
    lo.demote(base)


def set_attribute(lo: Lowering, base: Symbol, name: str, symbol: Symbol) -> None:
    """`base.name = symbol`."""
    if is_undefined(base):
        return
    of_pool = pools.pool_of(base)
    if (isinstance(base, Reference) and base.cls not in CONTAINERS) or (
        of_pool is not None and not issubclass(of_pool.cls, dict)
    ):
        objects.write(lo, base, name, symbol)
        return
    if isinstance(base, Value) and isinstance(base.type, (Array, Unknown)) and name in ("flat", "real"):
        target: Symbol = Flat(base) if name == "flat" else attribute(lo, base, name)
        set_item(lo, target, Const(Ellipsis), symbol)
        return
    if isinstance(base, Const) and objects.class_of_object(base) is not None:
        objects.open_argument(lo, base.value)
        setter = inspect.getattr_static(type(base.value), name, None)
        if isinstance(setter, property) and setter.fset is not None:
            lo.call(Const(setter.fset), [base, symbol], {})
            return
        set_outside(lo, base.value, name, symbol)
        return
    if isinstance(base, Const) and isinstance(base.value, (type, types.ModuleType, types.FunctionType)):
        set_outside(lo, base.value, name, symbol)
        return
    lo.unsupported("an attribute of this object can't be written", "return the new value")


@handles(setattr)
def _setattr(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    base, name, symbol = args
    known = constant(name)
    if not isinstance(known, str):
        lo.unroll(name)
        lo.unsupported("the name of this attribute depends on the run")
    set_attribute(lo, base, known, symbol)
    return Const(None)


def augmented(lo: Lowering, node: ast.AugAssign, frame: Frame) -> None:
    op = type(node.op)
    target = node.target
    if isinstance(target, ast.Name):
        current = expression(lo, target, frame)

        def update(right: Symbol) -> Outcome:
            result = augment(lo, op, current, right)
            # What is called on the right may have given the name to something else.
            if result is not current or (_may_rebind(node.value) and expression(lo, target, frame) is not current):
                set_name(lo, target.id, result, frame)
            return NEXT

        return evaluated(lo, node.value, frame, update)
    elif isinstance(target, ast.Subscript):
        base = expression(lo, target.value, frame)
        key = index(lo, target.slice, frame)
        _augment_item(lo, op, base, key, lambda: expression(lo, node.value, frame), _may_rebind(node.value))
    else:
        base = expression(lo, target.value, frame)
        name = frame.source.mangle(target.attr)
        current = attribute(lo, base, name)
        result = augment(lo, op, current, expression(lo, node.value, frame))
        rebound = _may_rebind(node.value) and attribute(lo, base, name) is not current
        if result is not current or rebound or isinstance(base, Sequence) or objects.sets_itself(base, name):
            set_attribute(lo, base, name, result)


def _may_rebind(node: ast.expr) -> bool:
    """Whether an expression may assign names and attributes."""
    return any(isinstance(part, (ast.Call, ast.NamedExpr)) for part in ast.walk(node))


def augment(lo: Lowering, op: type, current: Symbol, right: Symbol) -> Symbol:
    """`current op= right`: what the name stands for afterwards."""
    if op is ast.Add and is_list(current) and not is_array_like(right):
        # An array is not appended: Python leaves `list += array` to NumPy, which adds.
        if isinstance(right, Value) and isinstance(right.type, Unknown):
            lo.unsupported("whether a list grows here or is added to an array is not known", "use extend(...)")
        require_operand(lo, "+=", current, None)
        lo.call(Const(list.extend), [current, right], {})
        return current
    if op is ast.Mult and is_list(current):
        if isinstance(right, Value) and isinstance(right.type, Unknown):
            lo.unsupported("whether this repeats a list or multiplies an array is not known here", "use extend(...)")
        if may_repeat(right):
            lo.call(Const(stand_ins.repeat), [current, right], {})
            return current
    if op is ast.BitOr and isinstance(current, Reference) and current.cls in (dict, set):
        lo.call(Const(current.cls.update), [current, right], {})
        return current
    if isinstance(current, Value) and isinstance(current.type, Array) and op in IN_PLACE:
        lo.effect(IN_PLACE[op], current, as_array(lo, right))
        return current
    unknown = isinstance(current, Value) and isinstance(current.type, Unknown) and not is_scalar(current.type)
    if unknown and op in IN_PLACE and current not in lo.tuple_items:
        return lo.emit(IN_PLACE[op], current, right)
    if op in IN_PLACE:
        changed = objects.special(lo, current, f"__{IN_PLACE[op].__name__}__", right)
        if changed is not None and not (isinstance(changed, Const) and changed.value is NotImplemented):
            return changed
    return binary(lo, BINARY[op], current, right)


def _augment_item(
    lo: Lowering, op: type, base: Symbol, key: Symbol, right: Callable[[], Symbol], may_rebind: bool
) -> None:
    if isinstance(base, Flat) and not (isinstance(key, Const) and key.value is Ellipsis):
        base, key = base.array, flat_index(lo, base, key)
    if isinstance(base, Value) and isinstance(base.type, (Array, Unknown)) and op in ITEM_UPDATES:
        _update_item(lo, op, base, key, right)
        return
    if isinstance(base, Value) and isinstance(base.type, Parts):
        set_item(lo, base, key, binary(lo, BINARY[op], subscript(lo, base, key), right()))
        return
    if isinstance(base, Value) and isinstance(base.type, List) and isinstance(base.type.item, (Array, List)):
        current = subscript(lo, base, key)
        start = len(lo.region.ops)
        operand = right()
        replaced = any(isinstance(made, Invoke) or _changes_list(made) for made in _all_since(lo, start))
        augment(lo, op, current, operand)
        if replaced:
            set_item(lo, base, key, current)
        return
    current = subscript(lo, base, key)
    operand = right()
    # What is called on the right may have put something else there.
    replaced = may_rebind and not isinstance(base, (Flat, Sequence)) and subscript(lo, base, key) is not current
    result = augment(lo, op, current, operand)
    # A tuple refuses its item back, also one that has changed in place.
    of_class = objects.class_of_object(base) is not None
    if result is not current or replaced or of_class or isinstance(base, (Flat, Sequence)):
        set_item(lo, base, key, result)


def _all_since(lo: Lowering, start: int) -> list[Op]:
    """The operations that were emitted since then, with those of their regions."""
    return [inner for op in lo.region.ops[start:] for inner in (op, *[i for part in op.regions for i in walk(part)])]


def _changes_list(op: Op) -> bool:
    """Whether an operation changes which items a list has."""
    return is_write(op) and isinstance(op.args[0], Value) and isinstance(op.args[0].type, List)


def _update_item(lo: Lowering, op: type, base: Value, key: Symbol, right: Callable[[], Symbol]) -> None:
    """`base[key] op= right` for an array: an element is read before what it is changed by is evaluated."""
    start = len(lo.region.ops)
    old = subscript(lo, base, key)
    end = len(lo.region.ops)
    operand = right()
    if isinstance(base.type, Array):
        operand = as_array(lo, operand)
    elif not isinstance(operand, Value):
        lo.unsupported("whether this is a list or an array is not known here", "make what is on the right an array")
    after = _all_since(lo, end)
    written = any(isinstance(made, Invoke) or is_write(made) for made in after)
    if written and isinstance(old, Value) and is_scalar(old.type):
        set_item(lo, base, key, binary(lo, BINARY[op], old, operand))
        return
    if written and isinstance(old, Value) and isinstance(old.type, Unknown):
        lo.unsupported("what is called here may write to the item that is updated", "give the call a line of its own")
    del lo.region.ops[start:end]
    lo.effect(ITEM_UPDATES[op], base, key, operand)


def forget_name(lo: Lowering, name: str, frame: Frame) -> None:
    """`del name`."""
    if name in frame.scope.globals | frame.scope.nonlocals:
        lo.unsupported(f"{name!r} of another scope is deleted here", "assign None to it")
    for key in ((frame, name), bound_key((frame, name))):
        if lo.store.get(key) is not MISSING:
            lo.store.set(key, MISSING)


def delete(lo: Lowering, node: ast.Delete, frame: Frame) -> None:
    """`del targets`."""
    for target in node.targets:
        if isinstance(target, ast.Name):
            expression(lo, ast.copy_location(ast.Name(target.id, ast.Load()), target), frame)
            forget_name(lo, target.id, frame)
        elif isinstance(target, ast.Subscript):
            base = expression(lo, target.value, frame)
            key = index(lo, target.slice, frame)
            if isinstance(base, Reference) and base.cls in (list, dict):
                _delete_item(lo, base, key)
            elif is_compact(base):
                compact_dicts.delete_item(lo, base, key)
            elif isinstance(base, Value) and type(base.type) is List:
                require_list(lo, base, TypeError, "'NoneType' object doesn't support item deletion")
                delete = stand_ins.delete_slice if isinstance(key, slice) else stand_ins.delete_item
                lo.call(Const(delete), [base, key], {})
            elif objects.special(lo, base, "__delitem__", key) is None:
                lo.unsupported("this item can't be deleted")
        elif isinstance(target, ast.Attribute):
            base, name = expression(lo, target.value, frame), frame.source.mangle(target.attr)
            if not isinstance(base, Reference) or objects.class_of_object(base) is None:
                lo.unsupported("this attribute can't be deleted")
            if late_fields.field(lo, base, name) is None:
                lo.raises(AttributeError, f"{base.cls.__name__!r} object has no attribute {name!r}")
            lo.change(base, late_fields.without_field(lo.contents(base), name))
        else:
            lo.unsupported("this can't be deleted")


def _delete_item(lo: Lowering, base: Reference, key: Symbol) -> None:
    if base.cls is dict:
        entries = dict(lo.contents(base))
        lo.known(entries.__delitem__, static_key(lo, key, base))
        lo.change(base, tuple(entries.items()))
        return
    known = constant(key)
    items = list(lo.contents(base))
    if not isinstance(known, (int, slice)) and not isinstance(key, Const):
        lo.demote(base)
    lo.known(items.__delitem__, known)
    lo.change(base, tuple(items))
