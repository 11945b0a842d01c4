"""Calls of checkpointed functions, and iterables of checkpointed loops: the graph is marked, and lowered as ever."""

from __future__ import annotations

import copy

from srcgrad import schedule
from srcgrad.errors import ArgumentError
from srcgrad.frontend.handlers import handles
from srcgrad.frontend.iteration import iterate
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Bound, Closure, Symbol
from srcgrad.ir.nodes import Call, Const
from srcgrad.rules.intrinsics import begin_checkpoint, call_checkpointed, checkpoint, checkpointed, end_checkpoint


@handles(checkpoint)
def _checkpoint(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    given = [*args, *kwargs.values()]
    if len(given) != 1 or not kwargs.keys() <= {"fun"}:
        lo.unsupported("checkpoint takes one argument, a function")
    return Bound(Const(call_checkpointed), (given[0],))


@handles(call_checkpointed)
def _call(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    fun, *rest = args
    with lo.trusted():
        lo.append(Call(begin_checkpoint, (Const(_name(fun)),), {}, [], lo.span))
    result = lo.call(fun, rest, kwargs)
    with lo.trusted():
        lo.append(Call(end_checkpoint, (), {}, [], lo.span))
    return result


def _name(fun: Symbol) -> str:
    while isinstance(fun, Bound):
        fun = fun.fn
    name = fun.name if isinstance(fun, Closure) else getattr(getattr(fun, "value", None), "__name__", "")
    return name if name.isidentifier() else "checkpointed"


@handles(checkpointed)
def _checkpointed(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    given = dict(zip(("iterable", "slots"), args, strict=False)) | kwargs
    if len(given) != len(args) + len(kwargs) or not {"iterable"} <= given.keys() <= {"iterable", "slots"}:
        lo.unsupported("checkpointed takes an iterable and the number of slots")
    slots = lo.value(given.get("slots", Const(None)))
    if isinstance(slots, Const) and slots.value is not None:
        try:
            schedule.number_of_slots(slots.value, 0)
        except (ArgumentError, TypeError) as error:
            lo.unsupported(str(error))
    iterator = iterate(lo, given["iterable"])
    if iterator.drive is not None or iterator.endless or iterator.one_by_one:
        lo.unsupported(
            "a checkpointed loop must know how many turns it makes", "loop over a list of the items: list(...)"
        )
    marked = copy.copy(iterator)
    marked.slots = slots
    return marked
