"""The reverse of operations on lists and tuples: their shadows are lists too, of the cotangents of their items."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from srcgrad import runtime
from srcgrad.errors import UnsupportedError
from srcgrad.frontend.access import tuple_items
from srcgrad.frontend.presence import is_list_or_none
from srcgrad.frontend.values import Sequence, Symbol
from srcgrad.ir.nodes import Call, Const, For, If, Region, Value, leaves
from srcgrad.ir.types import INT, STR, UNKNOWN, Array, List, Record, Tuple, Type, Unknown, holds_itself, is_scalar
from srcgrad.rules.registry import PARTIALS
from srcgrad.transform.rule_calls import refuse
from srcgrad.transform.strong_zeros import Zeros

if TYPE_CHECKING:
    from srcgrad.frontend.lowering import Lowering
    from srcgrad.transform.cotangent_store import CotangentStore
    from srcgrad.transform.reverse import Reverse


def holds_buffers(reverse: CotangentStore, value: Value) -> bool:
    """Whether the items of a list have shadows of their own: lists do, and arrays that are written."""
    item = value.type.item if type(value.type) is List else None
    return isinstance(item, List) or (isinstance(item, Array) and _holds_written(reverse, value))


def _holds_written(reverse: CotangentStore, value: Value) -> bool:
    return reverse.aliases.find(reverse.aliases.held(value)) in reverse.aliases.written


def add_to_list(reverse: CotangentStore, value: Value, contribution: Value) -> None:
    """Adds to the cotangents of the items of a list, wherever they are.

    Raises:
        UnsupportedError: if they can't be found: those of arrays in tuples, and of what may be an array.
    """
    lo = reverse.lo
    reverse.zeros.put_in(value, reverse.zeros.of(contribution))
    with _where_there(lo, value):
        _add_to_items(reverse, value, contribution)


@contextmanager
def _where_there(lo: Lowering, value: Value) -> Iterator[None]:
    """What is emitted inside is run where a list or tuple that may be None is there."""
    if not is_list_or_none(value) and not isinstance(value.type, Record):
        yield
        return
    there, missing = Region(), Region()
    there.mirror = missing.mirror = lo.region.mirror
    is_there = lo.value(lo.emit(operator.is_not, value, Const(None)))
    with lo.into(there):
        yield
    lo.append(If(is_there, there, missing, [], lo.span))


def _add_to_items(reverse: CotangentStore, value: Value, contribution: Value, shadow: Value | None = None) -> None:
    lo = reverse.lo
    nested = _is_tuple_of_containers(value.type.item)
    if not nested and not holds_buffers(reverse, value):
        if isinstance(value.type.item, (Tuple, Unknown)) and _holds_written(reverse, value):
            _refuse_whole(lo)
        shadow = shadow or reverse.shadow(value)
        if isinstance(value.type.item, Unknown) and _may_hold_containers(reverse, value):
            lo.effect(runtime.add_each_plain, shadow, value, contribution)
        else:
            lo.effect(runtime.add_each, shadow, contribution)
        return
    if nested and not reverse.aliases.written.isdisjoint(reverse.aliases.within(value)):
        _refuse_whole(lo)
    slots = (shadow or reverse.shadow(value)) if nested else None
    index = Value(INT, None, lo.span)
    body = Region([index])
    body.mirror = lo.region.mirror
    with lo.into(body):
        item = lo.emit_typed(operator.getitem, (value, index), {}, value.type.item)
        part = lo.value(lo.emit(operator.getitem, contribution, index))
        if isinstance(item, Sequence):
            assert slots is not None
            slot = Value(UNKNOWN, None, lo.span)
            lo.append_call(operator.getitem, (slots, index), [slot])
            _add_to_parts(reverse, value, item.items, slot, part)
        else:
            reverse.aliases.unify(reverse.aliases.held(value), item)
            add_to_held(reverse, lo.value(item), part)
    lo.append(For(Const(0), lo.value(lo.emit(len, value)), Const(1), [], body, False, [], lo.span))


def _refuse_whole(lo: Lowering) -> NoReturn:
    raise UnsupportedError(
        "a list is used as a whole here, and the arrays in it are written in place",
        lo.span,
        "put copies of the arrays into the list",
    )


def _may_hold_containers(reverse: CotangentStore, value: Value) -> bool:
    """Whether lists, or tuples that hold lists or tuples, were put into a list: these have shadows of their own."""
    held = reverse.aliases.members.get(reverse.aliases.find(reverse.aliases.held(value)), ())
    return any(holds_shadows(v.type) for v in held)


def holds_shadows(t: Type) -> bool:
    """Whether it is a list, or a tuple that holds lists or tuples: these have shadows of their own."""
    return type(t) is List or _is_tuple_of_containers(t)


def _is_tuple_of_containers(t: Type) -> bool:
    return isinstance(t, Tuple) and any(isinstance(part, (List, Tuple)) for part in t.items)


def add_to_held(reverse: CotangentStore, item: Value, contribution: Value) -> None:
    """Adds to the cotangents of what is held by a container: a list, a tuple or an array with a shadow of its own."""
    lo = reverse.lo
    assert reverse.shadow_table is not None
    if isinstance(item.type, Record) and holds_itself(item.type):
        raise UnsupportedError(
            "a list of tuples that hold others of their kind is read as a whole here", lo.span, "read them one by one"
        )
    if isinstance(item.type, List) and holds_buffers(reverse, item):
        add_to_list(reverse, item, contribution)
        return
    shadow = Value(UNKNOWN if isinstance(item.type, Tuple) else item.type, None, lo.span)
    lo.append_call(runtime.shadow_of, (reverse.shadow_table, item), [shadow])
    with _where_there(lo, item):
        if isinstance(item.type, Tuple):
            _add_to_parts(reverse, item, tuple_items(lo, item), shadow, contribution)
        elif isinstance(item.type, List):
            _add_to_items(reverse, item, contribution, shadow)
        else:
            lo.effect(operator.iadd, shadow, contribution)


def _add_to_parts(
    reverse: CotangentStore, value: Value, items: tuple[Symbol, ...], shadow: Value, contribution: Value
) -> None:
    """Adds to the cotangents of the parts of a tuple that a container holds."""
    lo = reverse.lo
    for k, item in enumerate(items):
        if not isinstance(item, Value) or not item.type.differentiable:
            continue
        part = lo.value(lo.emit(operator.getitem, contribution, Const(k)))
        if isinstance(item.type, (List, Tuple)):
            reverse.aliases.unify(reverse.aliases.held(value), item)
            add_to_held(reverse, item, part)
        else:
            lo.effect(runtime.add_part, shadow, Const(k), part)


def reverse_display(reverse: Reverse, op: Call, g: Value | None) -> None:
    """Emits the reverse of a list or tuple made of its items: each takes its part of the cotangent."""
    assert g is not None
    hand_on(reverse, op, g, reverse.zeros.of_items(op.outputs[0]))


def hand_on(reverse: Reverse, display: Call, g: Value, level: Zeros) -> None:
    """Each item of a list or tuple display takes its part of the cotangent; so do the items of a tuple in a list."""
    lo = reverse.lo
    for k, item in enumerate(leaves(display.args)):
        if not reverse.activity.active(item) or isinstance(item.type, Record):
            continue
        owner = item.owner
        if isinstance(item.type, Tuple) and isinstance(owner, Call) and owner.fn is tuple:
            part = Value(UNKNOWN, None, display.span)
            lo.append_call(operator.getitem, (g, Const(k)), [part])
            hand_on(reverse, owner, part, level)
        elif not reverse.is_buffer(item):
            part = lo.value(lo.emit_typed(operator.getitem, (g, Const(k)), {}, item.type))
            if isinstance(item.type, Array):
                part = lo.value(lo.emit_typed(runtime.expanded, (part, item), {}, item.type))
            reverse.contribute(item, reverse.zeros.mark(part, level))


def reverse_tuple_read(reverse: Reverse, op: Call, gs: list[Value | None]) -> None:
    """A tuple read from a list: its cotangents are in a list of their own, in the shadow."""
    container, index = op.args
    part = Value(UNKNOWN, None, op.span)
    reverse.lo.append_call(operator.getitem, (reverse.shadow(container), index), [part])
    for k, (g, output) in enumerate(zip(gs, op.outputs, strict=True)):
        if g is not None and not reverse.is_buffer(output):
            reverse.lo.effect(runtime.add_part, part, Const(k), g)
            reverse.zeros.put_in(container, reverse.zeros_of(output, g))


def reverse_list_copy(reverse: Reverse, op: Call) -> None:
    """Emits the reverse of a copy of a list; arrays that are written have one shadow, whoever holds them."""
    if not holds_buffers(reverse, op.args[0]):
        with _where_there(reverse.lo, op.outputs[0]):
            reverse.lo.effect(runtime.add_each, reverse.shadow(op.args[0]), reverse.shadow(op.outputs[0]))


def reverse_list_operator(reverse: Reverse, op: Call) -> bool:
    """Operators on lists, which are no arithmetic; whether it was one."""
    items = next((v for v in op.inputs if isinstance(v.type, List)), None)
    if op.fn is operator.mul and items is not None:
        if any(reverse.activity.active(v) for v in op.inputs if v is not items):
            refuse_sequences(op)
        if not holds_buffers(reverse, items):
            reverse.lo.effect(runtime.add_repeats, reverse.shadow(items), reverse.shadow(op.outputs[0]))
        return True
    if op.outputs[0].type == STR and all(v.type == STR for v in op.inputs if reverse.activity.active(v)):
        # Where a number is read from a text that may hold one, that is refused.
        return True
    if op.fn in PARTIALS:
        refuse(op)
    return False


def refuse_sequences(op: Call) -> None:
    """Refuses arithmetic of a list or tuple and something of unknown kind, which may be an array or a count."""
    if any(isinstance(arg, (list, tuple)) or isinstance(arg.type, (List, Tuple)) for arg in op.args):
        raise UnsupportedError(
            "whether this repeats a sequence or is arithmetic on its items is not known here",
            op.span,
            "make it an array: np.array([...])",
        )


def reverse_list_read(reverse: Reverse, op: Call, g: Value | None) -> None:
    """Emits the reverse of `xs[i]` and `xs[i:j]`: the shadow of the list takes the cotangent of what was read."""
    container, index = op.args
    output = op.outputs[0]
    if g is None or (reverse.is_buffer(output) and not (isinstance(output.type, List) and isinstance(index, slice))):
        return
    if isinstance(index, slice) and holds_buffers(reverse, container):
        return
    if isinstance(output.type, Unknown) and reverse.aliases.held(container) in reverse.aliases.written:
        raise UnsupportedError(
            "an item of a list is read here that may be a number or an array that is written in place",
            op.span,
            "keep numbers and arrays in lists of their own, or put copies of the arrays into the list",
        )
    shadow = reverse.shadow(container)
    reverse.zeros.put_in(container, reverse.zeros_of(output, g))
    if isinstance(index, slice):
        reverse.lo.effect(runtime.add_slice, shadow, index, g)
    elif is_scalar(output.type):
        reverse.lo.effect(runtime.add_item, shadow, index, g)
    elif isinstance(output.type, Unknown):
        # It may be a tuple, whose cotangents are in a list.
        reverse.lo.effect(runtime.add_to_item, shadow, index, g)
    else:
        current = reverse.lo.emit_typed(operator.getitem, (shadow, index), {}, output.type)
        total = reverse.lo.emit_typed(operator.add, (reverse.lo.value(current), g), {}, output.type)
        reverse.lo.effect(operator.setitem, shadow, index, total)
