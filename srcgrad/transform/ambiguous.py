"""Values that may be a number or part of written memory, nobody knows before the program runs.

The cotangent of such a value is a value of the reverse sweep, as that of a number is. Where the primal turns out to be
an array, it is the one shadow of the memory, and the helpers add to it in place.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.activity import Activity, flows
from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.memory import is_view, written
from srcgrad.errors import UnsupportedError
from srcgrad.frontend.values import Sequence
from srcgrad.ir.nodes import Call, Const, Function, Invoke, Op, Value, walk
from srcgrad.ir.types import NONE, Array, Unknown, extent_of
from srcgrad.rules.registry import IN_PLACE, PARTIALS
from srcgrad.transform.cotangents import fit, product
from srcgrad.transform.growing import is_active_array
from srcgrad.transform.strong_zeros import Zeros, strong_product
from srcgrad.transform.writes import EVERYTHING, Old

if TYPE_CHECKING:
    from srcgrad.transform.cotangent_store import CotangentStore
    from srcgrad.transform.reverse import Reverse


_ADDING_AXES = frozenset(
    (np.reshape, np.ravel, np.expand_dims, np.atleast_1d, np.atleast_2d, np.atleast_3d, np.broadcast_to)
)
"""Views that may have an axis where they are made of a number."""
HELP = "call it with arguments, or use a name of its own for each array"


def doubtful_values(function: Function, activity: Activity, aliases: Aliases) -> set[Value]:
    """The active values of unknown kind of which it matters whether they are numbers or arrays.

    Their cotangents are values, as those of numbers are; where the primal is an array, that value is its one shadow.

    Raises:
        UnsupportedError: for what the run-time helpers can't tell.
    """
    ops = list(walk(function.body))
    found = [v for op in ops for v in (*op.outputs, *(a for region in op.regions for a in region.args))]
    found = [v for v in (*function.params, *found) if _doubtful(v, aliases) and activity.active(v)]
    if not found:
        return set()
    certain = containers([function])
    passed = {
        aliases.find(v) for op in ops if isinstance(op, Invoke) for v in (*op.args, *op.outputs) if is_pointer(v.type)
    }
    for value in found:
        _check_copies(value, value in certain, certain)
        held = aliases.is_held(aliases.find(value))
        if value not in certain and (held or aliases.find(value) in passed):
            raise UnsupportedError(
                "whether this is a number or an array that is written elsewhere is not known here", value.span, HELP
            )
    return {value for value in found if value not in certain}


def _check_copies(value: Value, is_certain: bool, certain: set[Value]) -> None:
    """Refuses what may be a view or a copy, and views that only a NumPy function can make."""
    owner = value.owner
    if not isinstance(owner, Call) or not is_view(owner) or owner.fn in IN_PLACE:
        unclear = isinstance(owner, Call) and owner.fn is operator.getitem and is_certain
    else:
        of_number = _shows_an_element(owner) and owner.args[0] not in certain
        unclear = (not is_certain and owner.fn is not operator.getitem) or of_number
    if unclear:
        raise UnsupportedError(
            "whether this is a number, a copy or a view of an array that is written is not known here",
            value.span,
            HELP,
        )


def cotangent(reverse: CotangentStore, value: Value) -> Value:
    """The cotangent of a doubtful value so far: the shadow of an array, 0.0 for a number."""
    known = reverse.lo.store.get(reverse.key(value))
    if isinstance(known, Value):
        return known
    assert reverse.shadow_table is not None
    hint = f"{value.hint}_bar" if value.hint else None
    made = reverse.lo.emit_typed(runtime.cotangent_of, (reverse.shadow_table, value), {}, value.type, hint)
    reverse.lo.store.set(reverse.key(value), made)
    return reverse.lo.value(made)


def accumulate(reverse: CotangentStore, value: Value, contribution: Value) -> None:
    """Adds to the cotangent of a doubtful value."""
    known = cotangent(reverse, value)
    _set(reverse, value, runtime.added, (known, contribution))


def hand_over(reverse: Reverse, value: Value, g: Value) -> None:
    """Takes the cotangent of what is the same number or the same array under another name."""
    known = reverse.lo.store.get(reverse.key(value))
    if isinstance(known, Value):
        _set(reverse, value, runtime.joined, (known, g))
    else:
        reverse.lo.store.set(reverse.key(value), g)


def _set(reverse: CotangentStore, value: Value, fn: Any, args: tuple) -> None:
    hint = f"{value.hint}_bar" if value.hint else None
    reverse.lo.store.set(reverse.key(value), reverse.lo.emit_typed(fn, args, {}, value.type, hint))


def pass_on(reverse: Reverse, target: Value, source: Value, g: Value) -> None:
    """Hands the cotangent of what a branch or loop gave to what it was there."""
    if target in reverse.doubtful:
        hand_over(reverse, target, g)
    elif not (source in reverse.doubtful and reverse.is_buffer(target)):
        # The shadow of an array is the same under each of its names.
        reverse.contribute(target, g)


def reverse_read(reverse: Reverse, op: Call) -> None:
    """Emits the reverse of `x[i]` that gave a number or a view: the shadow of a view is part of that of `x` already."""
    base, index = op.args
    shadow = cotangent(reverse, base) if base in reverse.doubtful else reverse.shadow(base)
    reverse.lo.effect(runtime.add_unless_view, shadow, reverse.symbol(index), cotangent(reverse, op.outputs[0]))


def reverse_update(reverse: Reverse, op: Call, binary: Any) -> None:
    """Emits the reverse of `x += e` and its like, which write an array and rebind a number."""
    x, e = op.args
    z = op.outputs[0]
    lo = reverse.lo
    g = cotangent(reverse, z) if z in reverse.doubtful else reverse.shadow(z)
    level = Zeros.MASKED if reverse.zeros.is_masked(z, g) else reverse.zeros.of(g)

    def times(partial: Value) -> Value:
        return (strong_product if reverse.zeros.matter_in_place(level, partial, op, (x, e)) else product)(
            lo, g, partial
        )

    if binary in (operator.add, operator.sub):
        contribution = None
        if reverse.activity.active(e):
            contribution = fit(lo, lo.value(lo.emit_typed(runtime.copied, (g,), {}, g.type)), e, z)
            if binary is operator.sub:
                contribution = lo.value(lo.emit(operator.neg, contribution))
        scaled = g
    elif binary is operator.floordiv:
        # It is constant wherever it does not jump.
        contribution, scaled = None, lo.value(lo.emit_typed(runtime.zeros_like, (g,), {}, g.type))
    else:
        before = lo.value(lo.emit_typed(Old(op, EVERYTHING), (), {}, x.type))
        result = lo.value(lo.emit(binary, before, e))
        partials = lo.call(Const(PARTIALS[binary].body), [before, e, result], {})
        assert isinstance(partials, Sequence)
        contribution = None
        if reverse.activity.active(e):
            contribution = fit(lo, times(lo.value(partials.items[1])), e, z)
        scaled = times(lo.value(partials.items[0]))
    if reverse.activity.active(x) and not reverse.is_buffer(x):
        made = g
        if scaled is not g or not is_active_array(reverse.activity, x):
            made = lo.value(lo.emit_typed(runtime.before_update, (g, scaled, x), {}, x.type))
        pass_on(reverse, x, z, reverse.zeros.mark(made, level))
    if contribution is not None:
        reverse.contribute(e, reverse.zeros.mark(contribution, level))


def _doubtful(value: Value, aliases: Aliases) -> bool:
    return isinstance(value.type, Unknown) and aliases.is_buffer(value)


def containers(functions: list[Function]) -> set[Value]:
    """The values that are containers where they are updated, if the function is differentiated at all.

    These are arrays by their type, what is indexed somewhere, and what is made of nothing but such, or None. That some
    path indexes a value says nothing of the others: where it is updated, the run checks that it is no number.

    Args:
        functions: those whose values are meant. The first is called from outside, with parameters of any kind.
    """
    ops = [op for function in functions for op in walk(function.body)]
    found = {op.args[0] for op in ops if indexes(op)}
    sources: dict[Value, list[Value]] = {}
    for op in ops:
        for target, source in flows(op):
            if target not in functions[0].params:
                sources.setdefault(target, []).append(source)
    changed = True
    while changed:
        before = len(found)
        found |= _handed_on(sources, found)
        for op in ops:
            if isinstance(op, Call) and is_view(op) and (op.args[0] in found or is_array(op.args[0])):
                whole = op.fn is not operator.getitem or _has_slice(op.args[1])
                found.update(op.outputs if whole else ())
            viewed = isinstance(op, Call) and op.outputs and op.outputs[0] in found and is_view(op)
            if viewed and op.fn not in IN_PLACE and not _shows_an_element(op):
                # A view that is indexed is one of an array, unless it is a copy of a number, which is refused then.
                # `0 + array` is no view: what is indexed after an update need not have been an array before.
                found.add(op.args[0])
        changed = len(found) != before
    # What an update of a number has made an array goes on as what it was.
    updates = [v for op in ops if isinstance(op, Call) and op.fn in IN_PLACE for v in op.outputs]
    return found.union({v for op in ops for v in op.outputs if is_array(v)}.difference(updates))


def _handed_on(sources: dict[Value, list[Value]], found: set[Value]) -> set[Value]:
    """The values that are containers, or None, wherever they come from.

    Nothing is added to the cotangent of what is None.
    """
    made = sources.keys() - found
    while True:
        lost = {
            t for t in made if not all(s in found or s in made or is_array(s) or s.type == NONE for s in sources[t])
        }
        if not lost:
            return made
        made -= lost


def _shows_an_element(op: Call) -> bool:
    """Whether a call makes an array with axes of what is read from somewhere, and perhaps a number."""
    read = op.args[0].owner if op.fn in _ADDING_AXES and isinstance(op.args[0].type, Unknown) else None
    return isinstance(read, Call) and read.fn is operator.getitem and not _has_slice(read.args[1])


def is_array(value: Value) -> bool:
    """Whether a value is an array for certain; what has the shape of one with axes, or more of them, is one."""
    extent = extent_of(value.type)
    return isinstance(value.type, Array) or any(isinstance(base, tuple) and base for base in extent or ())


def indexes(op: Op) -> bool:
    """Whether an operation raises unless its first operand is a container."""
    if not isinstance(op, Call) or not op.args or not isinstance(op.args[0], Value):
        return False
    return op.fn is operator.getitem or (written(op) is not None and op.fn not in IN_PLACE)


def _has_slice(tree: Any) -> bool:
    if isinstance(tree, tuple):
        return any(map(_has_slice, tree))
    return isinstance(tree, slice) or (isinstance(tree, Const) and isinstance(tree.value, (slice, type(Ellipsis))))
