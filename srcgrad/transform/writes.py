"""The reverse of writes: takes the cotangent of what was written, and gives back what was there before."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from srcgrad import checks, runtime
from srcgrad.analysis.activity import blocks
from srcgrad.analysis.alias import may_be_basic
from srcgrad.analysis.finite import may_be_infinite
from srcgrad.analysis.memory import ITEM_UPDATES, among, is_basic_index, only_metadata
from srcgrad.errors import UnsupportedError
from srcgrad.frontend.values import Sequence
from srcgrad.ir.nodes import Call, Const, Value, references
from srcgrad.ir.types import (
    INT,
    UNKNOWN,
    Array,
    Dict,
    List,
    Parts,
    Record,
    Tuple,
    Type,
    Unknown,
    holds_itself,
    is_scalar,
)
from srcgrad.rules.by_example import LISTING
from srcgrad.rules.registry import IN_PLACE, PARTIALS
from srcgrad.transform.cotangents import ZERO, copier, fit, is_fresh, is_number, product
from srcgrad.transform.list_reversal import add_to_held, hand_on, holds_buffers, holds_shadows
from srcgrad.transform.places import memory_of
from srcgrad.transform.strong_zeros import Zeros, strong_product

if TYPE_CHECKING:
    from srcgrad.transform.reverse import Reverse

BINARY: dict[Callable, Callable] = {
    getattr(operator, f"i{name}"): getattr(operator, name)
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
} | {
    getattr(runtime, f"{name}_item"): getattr(operator, name)
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul")
}

EVERYTHING = Const(Ellipsis)


def undo_point(x: Value, index: Any) -> None:
    """Stands in the reverse sweep where `x[index]` could be given its old contents back; `undo` decides."""


def reverse_write(reverse: Reverse, op: Call) -> None:
    """Emits the reverse of one write."""
    target = op.args[0]
    if isinstance(target.type, Dict) and not target.type.differentiable:
        return
    _check_parts(reverse, op)
    if isinstance(target.type, List):
        _reverse_list_write(reverse, op)
    elif op.fn is operator.setitem:
        _reverse_setitem(reverse, op)
    elif op.fn == np.add.at:
        _reverse_add_at(reverse, op)
    elif op.fn in ITEM_UPDATES or op.fn in IN_PLACE:
        _reverse_update(reverse, op)
    else:
        raise UnsupportedError(f"{op.fn.__name__} writes in place, which is not supported yet", op.span)


def _check_parts(reverse: Reverse, op: Call) -> None:
    """Refuses to write an item of what may be a list of views, of a kind that is not known, as an array's is."""
    target = op.args[0]
    if not isinstance(target.type, Unknown) or not (op.fn is operator.setitem or op.fn in ITEM_UPDATES):
        return
    same = [target] if isinstance(target.owner, Call) else reverse.aliases.members.get(reverse.aliases.find(target), ())
    if any(isinstance(v.type, Unknown) and isinstance(v.owner, Call) and among(v.owner.fn, LISTING) for v in same):
        raise UnsupportedError(
            "an item of a list of parts is written here, which needs code for arguments of known kinds",
            op.span,
            "call it with arguments, or give the part a name of its own first",
        )


def _reverse_setitem(reverse: Reverse, op: Call) -> None:
    x, index, value = op.args
    lo = reverse.lo
    if not reverse.activity.active(x):
        if isinstance(x.type, Unknown) and reverse.activity.active(value) and not is_scalar(value.type):
            lo.effect(checks.check_array, x)
        lo.effect(undo_point, x, reverse.symbol(index))
        return
    x_bar = reverse.shadow(x)
    g = None
    if isinstance(x.type, Unknown):
        _reverse_unknown_setitem(reverse, op, x_bar)
        return
    level = _level_of_written(reverse, x, x_bar, value)
    if reverse.activity.active(value):
        g = _taken(reverse, x_bar, index, x)
    if not _is_first_use(reverse, op):
        lo.effect(operator.setitem, x_bar, reverse.symbol(index), Const(0.0))
    reverse.zeros.clear(x, x_bar, has_mask(index))
    lo.effect(undo_point, x, reverse.symbol(index))
    if g is not None:
        reverse.contribute(value, reverse.zeros.mark(fit(lo, g, value, None), level))


def _is_first_use(reverse: Reverse, op: Call) -> bool:
    """Whether a write is the first thing done to new memory: nobody looks at its shadow once the write is reversed."""
    x, index, _ = op.args
    made = x.owner
    if not isinstance(made, Call) or made.parent is not op.parent or made.parent is None or not is_fresh(x):
        return False
    if not (blocks(made) or not any(map(reverse.activity.active, made.inputs))) or not is_basic_index(index):
        return False
    ops = made.parent.ops
    between = ops[ops.index(made) + 1 : ops.index(op)]
    return all(only_metadata(other) for other in between if x in references(other)) and op.inputs.count(x) == 1


def _reverse_unknown_setitem(reverse: Reverse, op: Call, x_bar: Value) -> None:
    """As `_reverse_setitem`, where `x` may turn out to be no array."""
    x, index, value = op.args
    lo = reverse.lo
    level = _level_of_written(reverse, x, x_bar, value)
    g = Value(UNKNOWN, None, op.span)
    lo.append_call(runtime.take_item, (x_bar, lo.tree(reverse.symbol(index))), [g])
    reverse.zeros.clear(x, x_bar, has_mask(index))
    lo.effect(undo_point, x, reverse.symbol(index))
    if reverse.activity.active(value):
        reverse.contribute(value, reverse.zeros.mark(fit(lo, g, value, None), level))


def _level_of_written(reverse: Reverse, x: Value, x_bar: Value, value: Any) -> Zeros:
    """The zeros in the cotangent of what was written: an element that is masked later brings a zero back to it.

    So does one that nobody reads. That matters where a finite value has an infinite slope, as a square root of 0 has:
    it may be written everywhere and read where it is safe. If the value itself may be infinite, NumPy warns of it.
    """
    if reverse.zeros.is_masked(x, x_bar):
        return Zeros.MASKED
    if not isinstance(value, Value) or may_be_infinite(value, reverse.aliases):
        return Zeros.NONE
    return reverse.zeros.of_shadow(x, x_bar)


def _taken(reverse: Reverse, x_bar: Value, index: Any, x: Value) -> Value:
    """The cotangent of what a write put there, before it is cleared."""
    lo = reverse.lo
    if _may_repeat(index):
        return lo.value(lo.emit_typed(runtime.last_written, (x_bar, index), {}, _item_type(lo, x, index)))
    g = lo.value(lo.emit(operator.getitem, x_bar, reverse.symbol(index)))
    if is_scalar(g.type) or not may_be_basic(index):
        return g
    return lo.value(lo.emit_typed(copier(g), (g,), {}, g.type))


def _item_type(lo: Any, x: Value, index: Any) -> Any:
    from srcgrad.rules.result_types import result_type

    return result_type(operator.getitem, (x, index), {}, lo.fresh("n"))


def _may_repeat(index: Any) -> bool:
    """Whether an index may select one element twice: one with integer arrays may."""
    if isinstance(index, list):
        return not all(isinstance(part, Const) and isinstance(part.value, bool) for part in index)
    if isinstance(index, tuple):
        return any(_may_repeat(part) for part in index)
    if isinstance(index, Value) and not is_scalar(index.type):
        t = index.type
        return not (isinstance(t, Array) and t.dtype is not None and t.dtype.kind == "b") and isinstance(
            t, (Array, Unknown, List)
        )
    return False


def has_mask(index: Any) -> bool:
    """Whether an index may select by a boolean array."""
    if isinstance(index, tuple):
        return any(has_mask(part) for part in index)
    t = index.type if isinstance(index, Value) else None
    if isinstance(t, Unknown) or (isinstance(t, Array) and t.dtype is None):
        return not is_scalar(t)
    return isinstance(t, Array) and t.dtype is not None and t.dtype.kind == "b"


def _reverse_update(reverse: Reverse, op: Call) -> None:
    in_place = op.fn in IN_PLACE
    x = op.args[0]
    index: Any = EVERYTHING if in_place else op.args[1]
    value = op.args[1] if in_place else op.args[2]
    lo = reverse.lo
    binary = BINARY.get(op.fn)
    if op.outputs and not reverse.aliases.find(op.outputs[0]) == reverse.aliases.find(x):
        raise UnsupportedError(
            "whether this name stands for a number or an array is not known here, so what += changes is not either",
            op.span,
            "start it with an array of zeros, or write total = total + ...",
        )
    if op.outputs and isinstance(x.type, Unknown) and (reverse.activity.active(x) or reverse.activity.active(value)):
        from srcgrad.transform.ambiguous import reverse_update

        if binary is None or binary is operator.matmul:
            raise UnsupportedError(f"{op.fn.__name__} on a value of unknown kind is not supported yet", op.span)
        reverse_update(reverse, op, binary)
        return
    if not reverse.activity.active(x):
        lo.effect(undo_point, x, reverse.symbol(index))
        return
    if binary is None or binary is operator.matmul:
        raise UnsupportedError(f"{op.fn.__name__} in place on active data is not supported yet", op.span)
    x_bar = reverse.shadow(x)
    if binary not in PARTIALS:
        # A step function: nothing comes back to what was there, nor to what it was combined with.
        lo.effect(operator.setitem, x_bar, reverse.symbol(index), Const(0.0))
        lo.effect(undo_point, x, reverse.symbol(index))
        return
    if binary in (operator.add, operator.sub):
        _reverse_sum(op, reverse, x_bar, x, index, value, binary)
        lo.effect(undo_point, x, reverse.symbol(index))
        return
    lo.effect(undo_point, x, reverse.symbol(index))
    old = Old(op, index)
    before = lo.value(lo.emit_typed(old, (), {}, _item_type(lo, x, index)))
    result = lo.value(lo.emit(binary, before, value))
    partials = lo.call(Const(PARTIALS[binary].body), [before, value, result], {})
    assert isinstance(partials, Sequence)
    g = _read(lo, x_bar, index, in_place)
    level = reverse.zeros.of_shadow(x, x_bar) if in_place else _level_of_written(reverse, x, x_bar, result)
    contribution = None
    if reverse.activity.active(value):
        taken = _taken(reverse, x_bar, index, x) if _may_repeat(index) else g
        factor = lo.value(partials.items[1])
        matters = reverse.zeros.matter_in_place(level, factor, op, (x, value))
        made = (strong_product if matters else product)(lo, taken, factor)
        contribution = reverse.zeros.mark(fit(lo, made, value, None), level)
    factor = lo.value(partials.items[0])
    if reverse.zeros.matter_in_place(level, factor, op, (x, value)):
        lo.effect(operator.setitem, x_bar, reverse.symbol(index), strong_product(lo, g, factor))
    elif binary in (operator.mul, operator.truediv):
        lo.effect(op.fn, *([x_bar] if in_place else [x_bar, reverse.symbol(index)]), value)
    else:
        lo.effect(operator.setitem, x_bar, reverse.symbol(index), product(lo, g, factor))
    if contribution is not None:
        reverse.contribute(value, contribution)


def _read(lo: Any, x_bar: Value, index: Any, whole: bool) -> Value:
    if whole:
        return x_bar
    return lo.value(lo.emit(operator.getitem, x_bar, lo.symbol(index)))


def _is_consumed_next(reverse: Reverse, op: Call, value: Value) -> bool:
    """Whether the operation reversed next uses up the cotangent of a value, before the shadow it is part of changes."""
    owner = value.owner
    if not isinstance(owner, Call) or owner.fn not in _SCALING or owner.parent is not op.parent or owner.parent is None:
        return False
    active = [v for v in owner.inputs if reverse.activity.active(v)]
    if len(active) > 1 and any(reverse.aliases.find(v) is reverse.aliases.find(op.args[0]) for v in active):
        # The first contribution may change the shadow before the second is computed from it.
        return False
    if owner.kwargs or any(is_number(v, 1) for v in owner.inputs):
        # A factor of one makes no new array: the shadow itself would be handed on.
        return False
    ops = owner.parent.ops
    return ops.index(owner) + 1 == ops.index(op) and sum(value is v for other in ops for v in other.inputs) == 1


_SCALING = frozenset([operator.mul, operator.truediv, np.multiply, np.divide])


def _reverse_sum(
    op: Call, reverse: Reverse, x_bar: Value, x: Value, index: Any, value: Value, binary: Callable
) -> None:
    """`x[i] += v` and `x[i] -= v`: nothing is overwritten that matters."""
    if not reverse.activity.active(value):
        return
    lo = reverse.lo
    whole = index is EVERYTHING
    if _may_repeat(index):
        g = lo.value(lo.emit_typed(runtime.last_written, (x_bar, index), {}, _item_type(lo, x, index)))
    else:
        g = _read(lo, x_bar, index, whole)
        fitted = fit(lo, g, value, None)
        same = memory_of(fitted) is memory_of(g) or (
            isinstance(fitted.owner, Call) and fitted.owner.fn is runtime.unbroadcast
        )
        stays = same and binary is operator.add and not is_scalar(g.type) and not reverse.accumulated(value)
        if stays and not reverse.is_buffer(value) and not _is_consumed_next(reverse, op, value):
            g = lo.value(lo.emit_typed(copier(g), (g,), {}, g.type))
    c = fit(lo, g, value, None)
    if binary is operator.sub:
        c = lo.value(lo.emit(operator.neg, c))
    reverse.contribute(value, reverse.zeros.mark(c, _level_of_written(reverse, x, x_bar, value)))


def _reverse_add_at(reverse: Reverse, op: Call) -> None:
    """`np.add.at(x, i, v)`: every index counts, however often it occurs."""
    x, index, value = op.args
    lo = reverse.lo
    if reverse.activity.active(x) and reverse.activity.active(value):
        x_bar = reverse.shadow(x)
        g = lo.value(lo.emit(operator.getitem, x_bar, reverse.symbol(index)))
        if may_be_basic(index) and not is_scalar(g.type):
            g = lo.value(lo.emit_typed(copier(g), (g,), {}, g.type))
        level = _level_of_written(reverse, x, x_bar, value)
        reverse.contribute(value, reverse.zeros.mark(fit(lo, g, value, None), level))
    lo.effect(undo_point, x, reverse.symbol(index))


class Old:
    """Stands for what `x[index]` held before a write; `undo` replaces it by a value that the forward sweep saves."""

    __name__ = "old"
    __module__ = "srcgrad.transform.writes"

    def __init__(self, op: Call, index: Any):
        self.op = op
        self.index = index


def _reverse_list_write(reverse: Reverse, op: Call) -> None:
    lo = reverse.lo
    target = op.args[0]
    if not reverse.activity.active(target):
        return
    if op.fn is operator.setitem and isinstance(op.args[1], slice):
        _reverse_replacement(reverse, op)
        return
    _refuse_hidden_containers(op, target)
    if not _holds_values(reverse, op):
        return
    shadow = reverse.shadow(target)
    item_type = target.type.item
    level = reverse.zeros.of_items(target)
    if op.fn is list.append and isinstance(op.args[1].type, Tuple):
        _reverse_append_tuple(reverse, op, shadow)
    elif op.fn is list.pop and op.unpacks:
        bars = [reverse.cotangent_of_output(o) if not reverse.is_buffer(o) else None for o in op.outputs]
        parts = [ZERO if g is None else g for g in bars]
        for output, g in zip(op.outputs, bars, strict=True):
            reverse.zeros.put_in(target, reverse.zeros_of(output, g))
        if len(op.args) == 1:
            lo.append(Call(list.append, (shadow, parts), {}, [], op.span))
        else:
            lo.append(Call(list.insert, (shadow, _popped_place(reverse, op, shadow), parts), {}, [], op.span))
    elif op.fn is list.append:
        g = lo.value(lo.emit_typed(list.pop, (shadow,), {}, item_type))
        reverse.contribute(op.args[1], reverse.zeros.mark(_fitted(reverse, g, op.args[1]), level))
    elif op.fn is list.insert:
        place = _inserted_place(reverse, op, shadow)
        if isinstance(op.args[2].type, Tuple):
            _reverse_append_tuple(reverse, op, shadow, place)
            return
        g = lo.value(lo.emit_typed(list.pop, (shadow, place), {}, item_type))
        reverse.contribute(op.args[2], reverse.zeros.mark(_fitted(reverse, g, op.args[2]), level))
    elif op.fn is list.reverse:
        lo.effect(list.reverse, shadow)
    elif op.fn is list.pop and len(op.args) == 1:
        _put_back(reverse, op, shadow)
    elif op.fn is list.pop:
        _put_back(reverse, op, shadow, _popped_place(reverse, op, shadow))
    elif op.fn is operator.setitem and isinstance(op.args[2].type, Tuple) and not isinstance(op.args[1], slice):
        _reverse_set_tuple(reverse, op, shadow)
    elif op.fn is operator.setitem and not isinstance(op.args[1], slice):
        if isinstance(target.type, Parts) and is_scalar(op.args[2].type):
            item_type = op.args[2].type
        g = lo.value(lo.emit_typed(operator.getitem, (shadow, op.args[1]), {}, item_type))
        lo.effect(operator.setitem, shadow, op.args[1], Const(0.0))
        reverse.contribute(op.args[2], reverse.zeros.mark(_fitted(reverse, g, op.args[2]), level))
    else:
        raise UnsupportedError(f"{op.fn.__name__} on a list of active values is not supported yet", op.span)


def _refuse_hidden_containers(op: Call, target: Value) -> None:
    """Refuses lists in lists whose items are of unknown kind: who reads them does not know that they have shadows."""
    put = op.args[-1] if op.fn in (list.append, list.insert, operator.setitem) else None
    if isinstance(put, Value) and _hides(target.type.item, put.type):
        raise UnsupportedError(
            "a list, or a tuple of lists or tuples, is put into a list whose items are of unknown kind",
            op.span,
            "put things of one kind into it, and append them in place of None: items = []; items.append(...)",
        )


def _hides(known: Type, put: Type) -> bool:
    """Whether something of unknown kind, by a type, is or holds what has shadows in it, by another one."""
    if isinstance(known, Unknown):
        return holds_shadows(put)
    if isinstance(known, Tuple) and isinstance(put, Tuple) and not isinstance(known, Record):
        return any(map(_hides, known.items, put.items))
    return isinstance(known, List) and isinstance(put, List) and _hides(known.item, put.item)


def _put_back(reverse: Reverse, op: Call, shadow: Value, *place: Any) -> None:
    """What was taken from a list gives its cotangent back to where it stood; that of a tuple stays in its shadow."""
    item = op.outputs[0] if op.outputs else None
    add = list.insert if place else list.append
    if item is not None and isinstance(item.type, Tuple) and reverse.is_buffer(item):
        parts = [ZERO for _ in item.type.items]
        reverse.lo.append(Call(add, (shadow, *place, parts), {}, [], op.span))
        return
    g = None if item is None else reverse.cotangent_of_output(item)
    reverse.lo.effect(add, shadow, *place, Const(0.0) if g is None else g)
    reverse.zeros.put_in(op.args[0], reverse.zeros.of(g))


def _reverse_replacement(reverse: Reverse, op: Call) -> None:
    """The reverse of `xs[:] = ys`, where another list holds the items that a list is to have."""
    target, _, items = op.args
    lo, shadow = reverse.lo, reverse.shadow(target)
    if holds_buffers(reverse, target):
        raise UnsupportedError("the arrays in a list are written, and all of them replaced here", op.span)
    g = lo.value(lo.emit_typed(list.copy, (shadow,), {}, target.type))
    # As many as there were before.
    zero = Value(target.type, None, op.span)
    lo.append_call(list, ([Const(0.0)],), [zero])
    before = lo.emit_typed(operator.mul, (zero, lo.emit_typed(len, (target,), {}, INT)), {}, target.type)
    lo.append(Call(operator.setitem, (shadow, op.args[1], before), {}, [], op.span))
    reverse.contribute(items, reverse.zeros.mark(g, reverse.zeros.of_items(target)))


def _popped_place(reverse: Reverse, op: Call, shadow: Value) -> Any:
    """Where in the shadow the item is missing that `xs.pop(k)` took."""
    k = op.args[1]
    if isinstance(k, Const) and isinstance(k.value, int) and k.value >= 0:
        return k
    return reverse.lo.value(reverse.lo.emit_typed(runtime.popped_place, (shadow, reverse.symbol(k)), {}, INT))


def _inserted_place(reverse: Reverse, op: Call, shadow: Value) -> Any:
    """Where in the shadow the item stands that `xs.insert(k, item)` put there."""
    k = op.args[1]
    if isinstance(k, Const) and k.value == 0:
        return k
    return reverse.lo.value(reverse.lo.emit_typed(runtime.inserted_place, (shadow, reverse.symbol(k)), {}, INT))


def _reverse_append_tuple(reverse: Reverse, op: Call, shadow: Value, *place: Any) -> None:
    """A tuple that was put into a list hands its cotangents on to what it was made of."""
    part = Value(UNKNOWN, None, op.span)
    reverse.lo.append_call(list.pop, (shadow, *place), [part])
    _hand_on_to_tuple(reverse, op, op.args[-1], part)


def _reverse_set_tuple(reverse: Reverse, op: Call, shadow: Value) -> None:
    """A tuple that took the place of another one in a list: what comes back to it is not for the other one."""
    lo = reverse.lo
    part = Value(UNKNOWN, None, op.span)
    lo.append_call(operator.getitem, (shadow, reverse.symbol(op.args[1])), [part])
    zeros = [ZERO for _ in op.args[2].type.items]
    lo.append(Call(operator.setitem, (shadow, reverse.symbol(op.args[1]), zeros), {}, [], op.span))
    _hand_on_to_tuple(reverse, op, op.args[2], part)


def _hand_on_to_tuple(reverse: Reverse, op: Call, value: Value, part: Value) -> None:
    """What comes back to a tuple is for what it was made of; for its shadow, if that is found by the tuple itself."""
    owner = value.owner
    if isinstance(owner, Call) and owner.fn is tuple:
        hand_on(reverse, owner, part, reverse.zeros.of_items(op.args[0]))
    elif isinstance(value.type, Record) and holds_itself(value.type):
        # No list of these is read as a whole: all that comes back to one is in its own shadow.
        return
    elif reverse.is_buffer(value) and reverse.shadow_table is not None:
        add_to_held(reverse, value, part)
    else:
        raise UnsupportedError("a tuple that comes from elsewhere is put into a list here", op.span)


def _holds_values(reverse: Reverse, op: Call) -> bool:
    """Whether the items of a list have cotangents of their own; buffers in a list have shadows instead."""
    if op.unpacks:
        # The items of a tuple: those that are buffers have no part in its cotangent.
        return True
    items = [v for v in (*op.inputs[1:], *op.outputs) if not isinstance(v, Const)]
    return not any(reverse.is_buffer(v) and not isinstance(v.type, Tuple) for v in items)


def _fitted(reverse: Reverse, g: Value, value: Value) -> Value:
    """An item of a list's shadow may still be the number 0 for an array."""
    if isinstance(value.type, Array):
        return reverse.lo.value(reverse.lo.emit_typed(runtime.expanded, (g, value), {}, value.type))
    return g
