"""Calls of the run-time helpers, which stand in generated code that is read again.

A helper with a derivative rule is a primitive; the others are Python functions like a user's, and inlined.
"""

from __future__ import annotations

import operator
import types
from typing import Any, cast

from srcgrad import checks, runtime, schedule
from srcgrad.frontend import stand_ins
from srcgrad.frontend.functions import call_function
from srcgrad.frontend.handlers import Handler, handles
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.marks import Restart
from srcgrad.frontend.merging import select
from srcgrad.frontend.objects import class_of_object
from srcgrad.frontend.presence import may_be_missing
from srcgrad.frontend.records import nested
from srcgrad.frontend.values import Reference, Sequence, Symbol
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import UNKNOWN, Array, List, Tuple, Unknown, is_numeric, shadow_type

_CHECKS = frozenset(
    [
        *(checks.check_overlap, checks.check_apart, checks.check_no_container_twice, checks.check_float),
        *(checks.check_no_object, checks.check_truncates, checks.check_floats),
    ]
)

HELPERS = (runtime.__name__, checks.__name__)
"""The modules of what generated code calls."""


def is_inlined(fn: Any) -> bool:
    """Whether a helper without a derivative rule is read as the Python function that it is."""
    return isinstance(fn, types.FunctionType) and fn.__module__ in HELPERS and fn not in _CHECKS


def inline(lo: Lowering, fn: types.FunctionType, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """The body of a helper, whose names and lines mean nothing to the user."""
    outer, lo.fixed_span = lo.fixed_span, True
    try:
        return call_function(lo, fn, args, kwargs)
    finally:
        lo.fixed_span = outer


@handles(runtime.instance)
def _instance(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    (cls,) = args
    assert isinstance(cls, Const)
    return lo.new_reference(cls.value, tuple(kwargs.items()), None)


@handles(checks.check_overlap)
def _overlap(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    # Without a result, it stays where nobody uses one.
    lo.effect(checks.check_overlap, *args)
    return Const(None)


@handles(schedule.copied_generator)
def _copied_generator(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    return lo.emit(schedule.copied_generator, *args)


@handles(schedule.advance)
def _advance(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    lo.effect(schedule.advance, *args)
    return Const(None)


def _check(fn: Any) -> Handler:
    def handler(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
        lo.effect(fn, *args)
        return Const(None)

    return handler


for _fn in (checks.check_float, checks.check_truncates, checks.check_floats):
    handles(_fn)(_check(_fn))


@handles(checks.check_no_object)
def _no_object(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    lo.effect(checks.check_no_object, *args)
    return Const(None)


@handles(checks.check_no_container_twice)
def _no_container_twice(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    # The program that is made of generated code checks what it changes itself.
    return Const(None)


@handles(runtime.shadow_of)
def _shadow_of(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    table, x = _looked_up(lo, args)
    lo.tuple_shadows |= isinstance(x, Sequence) or (isinstance(x, Value) and isinstance(x.type, Tuple))
    # A tuple that is only known as its items would be made anew here, as one that nobody has seen before.
    lo.tuples_made_twice |= isinstance(x, Sequence) and id(x) not in lo.made_tuples
    return _likeness(lo, runtime.shadow_of, [table, lo.value(nested(lo, x))])


@handles(runtime.cotangent_of)
def _cotangent_of(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    table, x = _looked_up(lo, args)
    if isinstance(x, Value) and isinstance(x.type, Unknown):
        return lo.emit(runtime.cotangent_of, table, x)
    return inline(lo, runtime.cotangent_of, args, kwargs)


def _looked_up(lo: Lowering, args: list[Symbol]) -> list[Symbol]:
    """A table of shadows, which is one of the run, and what is looked for in it."""
    table = args[0]
    if isinstance(table, Reference):
        lo.marks.tables.add(table.site)
        raise Restart
    return args


@handles(runtime.zeros_like)
def _zeros_like(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if isinstance(args[0], (Sequence, Reference)):
        return inline(lo, runtime.zeros_like, args, kwargs)
    return _likeness(lo, runtime.zeros_like, [lo.value(args[0])])


def _likeness(lo: Lowering, fn: Any, args: list[Symbol]) -> Symbol:
    """A shadow has its primal's type; that of a list may come to hold items of other kinds."""
    x = args[-1]
    assert isinstance(x, Value)
    if isinstance(x.type, Tuple):
        return lo.emit_typed(fn, tuple(args), {}, shadow_type(x.type))
    if type(x.type) is not List:
        return lo.emit(fn, *args)
    site = (*lo.site(fn), lo.span)
    item = lo.marks.dynamic.setdefault(site, shadow_type(x.type.item))
    or_none = may_be_missing(lo, x)
    shadow = lo.value(lo.emit_typed(fn, tuple(args), {}, List(UNKNOWN if item is None else item, or_none=or_none)))
    lo.list_sites[shadow] = site
    return shadow


def _handles_shadow(helper: types.FunctionType, of_unknown: types.FunctionType) -> None:
    """Lowers a helper that adds to a shadow, its first argument; another one where nothing is known of that."""

    @handles(helper)
    def lowered(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
        shadow = args[0]
        is_unknown = isinstance(shadow, Value) and isinstance(shadow.type, Unknown)
        return inline(lo, of_unknown if is_unknown else helper, args, kwargs)


_handles_shadow(cast(types.FunctionType, runtime.add_into), cast(types.FunctionType, stand_ins.add_into))
_handles_shadow(cast(types.FunctionType, runtime.add_unless_view), cast(types.FunctionType, stand_ins.add_unless_view))


@handles(runtime._plus)
def _plus(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if all(isinstance(arg, Value) and is_numeric(arg.type) for arg in args):
        return lo.emit(operator.add, *args)
    if any(isinstance(arg, Value) and isinstance(arg.type, Unknown) for arg in args):
        return lo.emit(runtime.plain_sum, *args)
    return inline(lo, runtime._plus, args, kwargs)


@handles(runtime.protected)
def _protected(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    # What a write to a read-only array raises may be caught by the code that is read again here.
    if isinstance(args[0], Value) and isinstance(args[0].type, Array):
        return lo.emit(runtime.protected, args[0])
    return _copied(lo, args, kwargs)


@handles(runtime.copied)
def _copied(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if isinstance(args[0], Const) and runtime.copied(args[0].value) is args[0].value:
        return args[0]
    if isinstance(args[0], Value) and not isinstance(args[0], Const) and not isinstance(args[0].type, List):
        return lo.emit(runtime.copied, args[0])
    if isinstance(args[0], Reference) and class_of_object(args[0]) is not None:
        parts = [(name, lo.call(Const(runtime.copied), [item], {})) for name, item in lo.contents(args[0])]
        return lo.new_reference(args[0].cls, tuple(parts), None)
    if isinstance(args[0], Value) and isinstance(args[0].type, List) and args[0].type.or_none:
        there = lo.emit(operator.is_not, args[0], Const(None))

        def deep() -> Symbol:
            return inline(lo, runtime.copied, [lo.call(Const(list.copy), args, {})], {})

        return select(lo, there, deep, lambda: Const(None))
    return inline(lo, runtime.copied, args, kwargs)
