"""Nothing that the caller has is written: arguments and arrays from outside are copied on entry."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Items
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.memory import base_of, copies_perhaps
from srcgrad.errors import UnsupportedError
from srcgrad.frontend.program import Program
from srcgrad.frontend.values import Reference, Sequence, Symbol
from srcgrad.ir.nodes import Call, Const, Function, Op, Value, map_tree, walk
from srcgrad.ir.types import Array, List, Type, Unknown
from srcgrad.rules.registry import hashable
from srcgrad.transform.overlap import apart_check, overlap_check


def _add_at_heeds() -> bool:
    fixed = np.zeros(1)
    fixed.flags.writeable = False
    try:
        np.add.at(fixed, [0], 1.0)
    except ValueError:
        return True
    return False


_HEEDS = _add_at_heeds()
"""Whether `np.add.at` leaves alone what is read-only, as it does from NumPy 2.5 on."""


def protect_arguments(program: Program) -> None:
    """Copies on entry every argument that the program writes, so that the caller's array never changes.

    So it does with arrays from outside; those that are not in an argument get what was written when the function is
    through.

    Before -> after: `x[0] = 3 * x[1]` -> `x = x.copy(); x[0] = 3 * x[1]`.
    """
    function = program.function
    changes = program.changed or any(program.held_outside.values())
    if changes and len(program.contents) + len(program.held_outside) > 1:
        check = apart_check(program.changed, program.held_outside, function)
        check.parent = function.body
        function.body.ops.insert(0, check)
    aliases = Aliases([function, *program.functions])
    for value in function.captured:
        if aliases.is_written(value) and not _is_local(program, value):
            raise UnsupportedError(
                f"{value.hint}, which is not an argument, is written in place here",
                aliases.writers[aliases.find(value)][0].span,
                "pass it as an argument, or write to a copy",
            )
    for value in argument_leaves(program):
        held = aliases.held(value) if isinstance(value.type, List) else None
        if held in aliases.written:
            raise UnsupportedError(
                f"the arrays in {value.hint}, a list of many, are written in place here",
                aliases.writers[held][0].span,
                "write to copies of them",
            )
    outside = [v for v in argument_leaves(program) if is_pointer(v.type) and aliases.is_written(v)]
    globals_ = [v for v in function.captured if aliases.is_written(v)]
    left = {aliases.find(v) for v in left_outside(function)} | {aliases.held(v) for v in left_outside(function)}
    for source, value in program.captured:
        if value in globals_ and source.key in program.read_at_run_time:
            raise UnsupportedError(
                f"{value.hint} is written in place, and read by a custom function that is called here",
                program.read_at_run_time[source.key],
                "pass it to that function as an argument",
            )
    for value in globals_:
        if aliases.find(value) in left:
            raise UnsupportedError(
                f"{value.hint} is written in place, and gets another name outside of the function",
                aliases.writers[aliases.find(value)][0].span,
                "store a copy: .copy()",
            )
    outside += globals_
    if not outside:
        return
    program.written.update(
        name for name, symbol in program.arguments.items() if not set(outside).isdisjoint(leaves_of(program, symbol))
    )
    others = [v for v in argument_leaves(program) if _holds_arrays(v.type) and v not in outside]
    body = function.body
    place = 1 + max((body.ops.index(v.owner) for v in outside if isinstance(v.owner, Op)), default=-1)
    place = max(place, 1 + max((body.ops.index(v.owner) for v in others if isinstance(v.owner, Op)), default=-1))
    made: list[Op] = []
    arrays = [v for v in (*outside, *others, *function.captured) if _holds_arrays(v.type)]
    if len(arrays) > 1 or any(isinstance(v.type, List) for v in arrays):
        made.append(overlap_check([v for v in arrays if v in outside], arrays, aliases))
    mapping: dict[Value, Value] = {}
    for value in outside:
        copy = Value(value.type, value.hint, value.span)
        fn = _copy_of(value, aliases, program.read_only)
        made.append(Call(fn, (value,), {}, [copy], value.span))
        mapping[value] = copy
    before, after = body.ops[:place], body.ops[place:]
    body.ops = after

    def swap(v: Value) -> Value:
        return mapping.get(v, v)

    for op in walk(body):
        op.replace_inputs(swap)
        for inner in op.regions:
            inner.results = [swap(v) for v in inner.results]
    body.results = [swap(v) for v in body.results]
    function.result = map_tree(swap, function.result)
    written_back = [
        Call(runtime.outside_item, (v, Const(...), mapping[v]), {}, [], v.span)
        for v in globals_
        if v not in program.fixed
    ]
    for op in (*made, *written_back):
        op.parent = body
    body.ops = [*before, *made, *after, *written_back]


def _is_local(program: Program, value: Value) -> bool:
    """Whether an array from outside may be written: only the main function uses it."""
    others = [v for function in program.functions for v in function.captured]
    return isinstance(value.type, Array) and value not in others


def _holds_arrays(t: Type) -> bool:
    return isinstance(t, (Array, Unknown)) or (isinstance(t, List) and is_pointer(t.item))


def _copy_of(value: Value, aliases: Aliases, read_only: set[Value]) -> Any:
    """What copies an argument: with its layout in memory, where that decides between views and copies."""
    if isinstance(value.type, List):
        return list.copy
    memory = aliases.find(value)
    if value in read_only and _raises_where_written(value, aliases.writers.get(memory, ())):
        return runtime.protected
    if not isinstance(value.type, Array):
        return runtime.protected
    views = [v.owner for v in aliases.members.get(memory, ()) if isinstance(v.owner, Call)]
    return runtime.copied if any(copies_perhaps(op) for op in views if op.args) else np.ndarray.copy


def _raises_where_written(value: Value, writers: Items[Op]) -> bool:
    """Whether what writes to a read-only argument raises."""
    heedless = [op for op in writers if not _heeds(op)]
    if heedless and len(heedless) < len(writers):
        raise UnsupportedError(
            f"{value.hint} is read-only, which np.add.at overlooks before NumPy 2.5, and other writes do not",
            heedless[0].span,
            "write to a copy: .copy()",
        )
    return not heedless


def _heeds(op: Op) -> bool:
    """Whether a write raises where an array is read-only; `np.add.at` may do so if it adds a part of that array."""
    if _HEEDS or not isinstance(op, Call) or op.fn != np.add.at:
        return True
    return base_of(op.args[2]) is base_of(op.args[0])


def argument_leaves(program: Program) -> list[Value]:
    """The numbers and arrays that the arguments consist of."""
    found: list[Value] = []
    for symbol in program.arguments.values():
        found += leaves_of(program, symbol)
    return found


def leaves_of(program: Program, symbol: Symbol) -> list[Value]:
    """The numbers and arrays that a symbol consists of."""
    if isinstance(symbol, Value):
        return [] if isinstance(symbol, Const) else [symbol]
    if isinstance(symbol, Sequence):
        return [leaf for item in symbol.items for leaf in leaves_of(program, item)]
    if isinstance(symbol, Reference):
        return [leaf for item in _items(program.contents[symbol]) for leaf in leaves_of(program, item)]
    return []


def _items(contents: tuple) -> list[Symbol]:
    return [part[1] if isinstance(part, tuple) else part for part in contents]


def left_outside(function: Function) -> Iterable[Value]:
    """What the program leaves in a global name, an object or a list: there it stays as the program left it."""
    leaving = (setattr, runtime.outside_item, runtime.outside_append)
    calls = [op for op in walk(function.body) if isinstance(op, Call) and hashable(op.fn) and op.fn in leaving]
    return [op.args[-1] for op in calls]
