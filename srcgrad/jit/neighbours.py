"""What turns give to an element and to the next one is put together on the way, so that each element is written once.

Before -> after, for the reverse of `np.diff`, by arrays and by loops:

    for i in range(n):                           before = 0.0
        table[i] = a                             for i in range(n):
        x_bar[i] = b                                 x_bar[i] = b + before
    x_bar[-1:] = 0.0                                 before = a
    for i in range(len(table)):                  x_bar[n:] = before
        x_bar[i + 1] += table[i]

    for i in range(n):                           before = 0.0
        x_bar[i + 1] += a                        for i in range(n):
        x_bar[i] += b                                x_bar[i] += b + before
                                                     before = a
                                                 if 0 < n:
                                                     x_bar[n] += before

A number that goes from turn to turn like this does not keep the machine from doing several turns at a time; an element
that one turn writes and the next one reads does.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.apart import are_apart
from srcgrad.analysis.commuting import ADDS, offset_from
from srcgrad.analysis.memory import is_view, only_metadata, reads_contents, written
from srcgrad.analysis.origins import Origins
from srcgrad.ir.nodes import Call, Const, For, Function, If, Op, Region, Value, references, walk
from srcgrad.ir.types import BOOL, F8, Array, Axis, PyScalar, same_length
from srcgrad.jit.blocks import from_zero, goes_through_blocks, step_of
from srcgrad.jit.carrying import NUMBER, hand_on
from srcgrad.jit.order import tells_apart
from srcgrad.jit.pointwise import Writer
from srcgrad.transform.simplify import replace_values

HINT = "before"


def join_neighbours(function: Function, functions: list[Function]) -> None:
    """Joins two loops of the reverse sweep of which the second one only adds to the next element.

    Args:
        function: it is changed.
        functions: all functions that are compiled with it, the one that Python calls last.
    """
    pairs = [pair for region in _regions(function) for op in region.ops if (pair := _pair(op, region)) is not None]
    if not pairs:
        return
    aliases = Aliases(functions)
    if not tells_apart(functions, aliases):
        return
    origins = Origins(aliases)
    for pair in pairs:
        if _only_uses(function, pair) and is_alone(pair.array, pair.ops, _around(pair), aliases, origins):
            _join(pair, function)


def _regions(function: Function) -> list[Region]:
    return [function.body, *(region for op in walk(function.body) for region in op.regions)]


@dataclass(slots=True)
class _Pair:
    """Two loops, of which the second one adds what the first one has left in a table.

    Attributes:
        first, second: the loops.
        inner: what goes through the elements in the first one: itself, unless that is done in blocks.
        table: what the first one leaves.
        array: what both give something to.
        filled: what writes the table.
        stored: what the first one gives to the array.
        added: what the second one adds.
        rest: what clears the element that the first one leaves out; None if it adds, too.
        is_next: whether the second one adds to the next element; otherwise that is what the first one does.
    """

    first: For
    inner: For
    second: For
    table: Value
    array: Value
    filled: Call
    stored: Call
    added: Call
    rest: Call | None
    is_next: bool

    @property
    def ops(self) -> list[Op]:
        """What touches the array."""
        return [self.stored, self.added, *([] if self.rest is None else [self.rest])]


def _pair(second: Op, region: Region) -> _Pair | None:
    if not isinstance(second, For) or second.mirror is None or not _counts_up(second) or second.inits:
        return None
    adding = [op for op in second.body.ops if isinstance(op, Call) and op.fn in ADDS]
    if len(adding) != 1 or len(second.body.ops) > 3:
        return None
    (added,) = adding
    load = added.args[2].owner
    if not isinstance(load, Call) or load.fn is not operator.getitem or load.args[1] is not second.index:
        return None
    table, array = load.args[0], added.args[0]
    made = table.owner
    if not isinstance(made, Call) or made.fn not in (np.empty, np.empty_like) or made.parent is not region:
        return None
    if made.kwargs or len(made.args) != 1 or not isinstance(made.args[0], Value):
        return None
    found = _filling(table, region)
    offset = offset_from(added.args[1], second)
    if found is None or offset not in (0, 1) or not _is_vector(table) or not _is_vector(array):
        return None
    first, inner, filled = found
    stores = [op for op in inner.body.ops if _is_store(op) and op.args[0] is array]  # type: ignore[attr-defined]
    if len(stores) != 1 or region.ops.index(first) > region.ops.index(second):
        return None
    (stored,) = stores
    assert isinstance(stored, Call)
    if offset_from(stored.args[1], inner) != 1 - offset:
        return None
    length = table.type.shape[0]  # type: ignore[attr-defined]
    if not _has_turns(first, length) or not _has_turns(second, length):
        return None
    if not same_length(array.type.shape[0], length + 1 if isinstance(length, int) else length.shifted(1)):  # type: ignore[attr-defined]
        return None
    rest = _clearing(array, region, first, second, slice(-1, None) if offset == 1 else slice(None, 1))
    if (rest is None) != (stored.fn in ADDS):
        return None
    return _Pair(first, inner, second, table, array, filled, stored, added, rest, offset == 1)


def _counts_up(loop: For) -> bool:
    return from_zero(loop) and step_of(loop) == 1


def _is_vector(v: Value) -> bool:
    return isinstance(v.type, Array) and v.type.dtype == F8 and v.type.shape is not None and len(v.type.shape) == 1


def _is_store(op: Op) -> bool:
    return isinstance(op, Call) and (op.fn is operator.setitem or op.fn in ADDS) and op.args[2].type == NUMBER


def _filling(table: Value, region: Region) -> tuple[For, For, Call] | None:
    """The loop that writes each element of a table in its turn: all of it, what goes through them, and what writes."""
    for loop in region.ops:
        for inner in [loop, *(loop.body.ops if isinstance(loop, For) else [])]:
            if not isinstance(inner, For) or not isinstance(loop, For) or not _goes_through(inner, loop):
                continue
            for op in inner.body.ops:
                if isinstance(op, Call) and op.fn is operator.setitem and op.args[0] is table:
                    found = op.args[1] is inner.index and op.args[2].type == NUMBER
                    return (loop, inner, op) if found else None
    return None


def _goes_through(inner: For, loop: For) -> bool:
    """Whether a loop counts from 0 by one, or by blocks, and what is in it goes through them."""
    return _counts_up(loop) if inner is loop else from_zero(loop) and goes_through_blocks(inner, loop)


def _has_turns(loop: For, length: Axis) -> bool:
    t = loop.stop.type
    if isinstance(loop.stop, Const):
        return same_length(loop.stop.value, length)
    return isinstance(t, PyScalar) and t.dim is not None and same_length(t.dim, length)


def _clearing(array: Value, region: Region, first: For, second: For, place: slice) -> Call | None:
    """What sets a part of an array to zero between two loops."""
    for op in region.ops[region.ops.index(first) + 1 : region.ops.index(second)]:
        if isinstance(op, Call) and op.fn is operator.setitem and op.args[0] is array:
            zero = isinstance(op.args[2], Const) and op.args[2].value == 0
            return op if zero and _is_slice(op.args[1], place) else None
    return None


def _is_slice(index: Any, place: slice) -> bool:
    bounds = index.value if isinstance(index, Const) else index
    if not isinstance(bounds, slice):
        return False
    parts = [v.value if isinstance(v, Const) else v for v in (bounds.start, bounds.stop, bounds.step)]
    return parts == [place.start, place.stop, None]


def _only_uses(function: Function, pair: _Pair) -> bool:
    """Whether nothing else uses the table."""
    load = pair.added.args[2].owner
    users = [op for op in walk(function.body) if pair.table in op.inputs]
    lengths = [op for op in users if isinstance(op, Call) and op.fn is len]
    kept = any(pair.table in region.results for region in _regions(function))
    return not kept and all(op is pair.filled or op is load or op in lengths for op in users)


def _around(pair: _Pair) -> list[Op]:
    region = pair.first.parent
    assert region is not None
    return region.ops[region.ops.index(pair.first) : region.ops.index(pair.second) + 1]


def is_alone(array: Value, known: list[Op], ops: list[Op], aliases: Aliases, origins: Origins) -> bool:
    """Whether, of some operations and those in them, only the ones that are known touch an array."""
    memory = aliases.find(array)
    for op in [inner for outer in ops for inner in (outer, *(x for r in outer.regions for x in walk(r)))]:
        if op in known or only_metadata(op):
            continue
        for value in op.inputs:
            if not is_pointer(value.type) or aliases.find(value) is not memory:
                continue
            touches = written(op) is value or reads_contents(op, value)
            if touches and not are_apart(value, array, origins):
                return False
    return True


def _join(pair: _Pair, function: Function) -> None:
    first, array = pair.first, pair.array
    region = first.parent
    assert region is not None
    own, from_table = pair.stored, pair.filled.args[2]
    inner = pair.inner
    for op in (pair.filled, own):
        inner.body.ops.remove(op)
    writer = Writer(inner.body, own)
    given = {own: own.args[2], pair.added: from_table}
    here, ahead = (own, pair.added) if pair.is_next else (pair.added, own)
    before, _ = hand_on(inner, _signed(ahead, given[ahead], writer), HINT, own.span)
    total = writer.call(operator.add, _signed(here, given[here], writer), before, type=NUMBER)
    # Signs are in the numbers by now.
    writer.effect(operator.setitem if pair.rest is not None else runtime.add_item, array, inner.index, total)
    if inner is not first:
        _carry_through(first, inner)
    behind = Region()
    tail = Writer(behind, own)
    if pair.rest is not None:
        tail.effect(operator.setitem, array, slice(first.stop, None, None), first.outputs[-1])
    else:
        _add_behind(first, tail, array, first.stop)
    place = region.ops.index(first) + 1
    region.ops[place:place] = behind.ops
    for op in behind.ops:
        op.parent = region
    made = pair.table.owner
    assert isinstance(made, Call)
    _measure_otherwise(pair.table, made, function)
    region.ops = [op for op in region.ops if op not in (pair.second, pair.rest, made)]
    _drop_unused(region, function)


def _measure_otherwise(table: Value, made: Call, function: Function) -> None:
    """Takes the length of a table from what it was made by."""
    (given,) = made.args
    lengths = [op for op in walk(function.body) if isinstance(op, Call) and op.fn is len and op.args[0] is table]
    if made.fn is np.empty_like:
        for op in lengths:
            op.args = (given,)
        return
    same = {op.outputs[0]: given for op in lengths}
    replace_values(function.body, same)
    for op in lengths:
        assert op.parent is not None
        op.parent.ops.remove(op)


def carry_to_next(loop: For, here: Call, ahead: Call, behind: Any) -> None:
    """Has a loop that adds to an element and to the next one hand the latter on, and add both at once.

    Args:
        loop: the loop, which runs upwards by one.
        here: what adds to the element.
        ahead: what adds to the next one.
        behind: the subscript of the element behind those of all turns.
    """
    region, ops = loop.parent, loop.body.ops
    assert region is not None
    place = max(ops.index(here), ops.index(ahead)) - 1
    made = Region()
    writer = Writer(made, here)
    before, _ = hand_on(loop, _signed(ahead, ahead.args[2], writer), HINT, here.span)
    if here.fn is runtime.sub_item:
        total = writer.call(operator.sub, before, here.args[2], type=NUMBER)
    else:
        total = writer.call(operator.add, here.args[2], before, type=NUMBER)
    writer.effect(runtime.add_item, *here.args[:2], total)
    loop.body.ops = [op for op in ops if op not in (here, ahead)]
    loop.body.ops[place:place] = made.ops
    tail = Region()
    _add_behind(loop, Writer(tail, ahead), here.args[0], behind)
    at = region.ops.index(loop) + 1
    region.ops[at:at] = tail.ops
    for inserted, home in ((made.ops, loop.body), (tail.ops, region)):
        for op in inserted:
            op.parent = home


def _signed(op: Call, value: Value, writer: Writer) -> Value:
    if op.fn is not runtime.sub_item:
        return value
    return writer.call(operator.neg, value, type=NUMBER)


def _carry_through(loop: For, inner: For) -> None:
    """Hands on between the blocks of a loop what a loop in it hands on last."""
    before = Value(NUMBER, HINT, loop.span)
    last = Value(NUMBER, HINT, loop.span)
    before.owner, last.owner = loop.body, loop
    loop.inits = [*loop.inits, inner.inits[-1]]
    inner.inits = [*inner.inits[:-1], before]
    loop.body.args = [*loop.body.args, before]
    loop.body.results = [*loop.body.results, inner.outputs[-1]]
    loop.outputs = [*loop.outputs, last]


def _add_behind(loop: For, writer: Writer, array: Value, index: Any) -> None:
    """Adds what the last turn has handed on, if there was one."""
    then = Region()
    writer.add(If(writer.call(operator.lt, loop.start, loop.stop, type=BOOL), then, Region(), []))
    Writer(then, writer.model).effect(runtime.add_item, array, index, loop.outputs[-1])


def _drop_unused(region: Region, function: Function) -> None:
    """Removes the lengths and views that nothing uses any more."""
    while True:
        used = {v for op in walk(function.body) for v in references(op)}
        used.update(v for r in _regions(function) for v in r.results)
        idle = [
            op
            for op in region.ops
            if isinstance(op, Call) and (op.fn is len or is_view(op)) and op.outputs and used.isdisjoint(op.outputs)
        ]
        if not idle:
            return
        region.ops = [op for op in region.ops if op not in idle]
