"""What each turn fills anew is filled again on the way back, in place of being undone element by element.

Before -> after, for an array that each turn of a loop fills before it reads any of it:

    for i in range(n):                           for i in range(n):
        for p in range(d):                           for p in range(d):
            y_tape[i, p] = y[p]                          y_tape[i, p] = ...
            y[p] = ...                                   y[p] = ...
        ... y[p] ...                                 ... y[p] ...
    ...                                          ...
    for i in reversed(range(n)):                 for i in reversed(range(n)):
                                                     for p in range(d):
                                                         y[p] = y_tape[i, p]
        ... y[p] ...                                 ... y[p] ...
        for p in range(d):
            y[p] = y_tape[i, p]

No turn needs what another one left in the array then: the turns may run in any order, or several at a time.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass

from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.commuting import offset_from
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, Const, For, Function, Op, Region, Value, walk
from srcgrad.ir.types import INT
from srcgrad.jit.lane_memory import Uses, covers, local_arrays, nest_of, places
from srcgrad.jit.pointwise import Writer


def refill(function: Function, functions: list[Function]) -> None:
    """Fills arrays again that each turn fills anew.

    Args:
        function: it is changed.
        functions: all functions that are compiled with it.
    """
    if not any(op.mirror is not None for op in function.body.ops):
        return
    arrays = local_arrays(function, Aliases(functions))
    users: dict[Value, int] = {}
    for op in walk(function.body):
        for value in op.inputs:
            users[value] = users.get(value, 0) + 1
        for region in op.regions:
            for value in region.results:
                users[value] = users.get(value, 0) + 1
    for uses in list(arrays.values()):
        undo = _undo(uses, arrays, users)
        if undo is not None and _is_filled_anew(undo, arrays[undo.array]):
            _refill(undo)


@dataclass(slots=True)
class _Undo:
    """How the elements of an array are kept and restored.

    Attributes:
        array: whose.
        read, keep, write: the old element is read and kept, the new one written.
        take, restore: the old element is taken from the tape and written back.
    """

    array: Value
    read: Call
    keep: Call
    write: Call
    take: Call
    restore: Call


def _undo(uses: Uses, arrays: dict[Value, Uses], users: dict[Value, int]) -> _Undo | None:
    """What is done with a tape, if it holds old elements of one array and nothing else needs them."""
    if len(uses.touching) != 2:
        return None
    keep, take = uses.touching
    if keep.fn is not operator.setitem or take.fn is not operator.getitem or keep.mirror is not None:
        return None
    read, old = keep.args[2].owner, take.outputs[0]
    if not isinstance(read, Call) or read.fn is not operator.getitem or users[keep.args[2]] != 1 or users.get(old) != 1:
        return None
    array = read.args[0]
    if array not in arrays:
        return None
    stores = [op for op in arrays[array].touching if op.fn is not operator.getitem]
    if len(stores) != 2 or any(op.fn is not operator.setitem for op in stores):
        return None
    write, restore = stores
    if restore.args[2] is not old or restore.mirror is None or write.mirror is not None:
        return None
    return _Undo(array, read, keep, write, take, restore)


def _is_filled_anew(undo: _Undo, uses: Uses) -> bool:
    """Whether the turns that fill an array correspond to those that restore it, and nobody uses it in others."""
    there, back = _around(undo.write), _around(undo.restore)
    if len(there) != len(back) or len(there) < 2:
        return False
    if undo.read.parent is not undo.write.parent or undo.keep.parent is not undo.write.parent:
        return False
    if undo.take.parent is not undo.restore.parent or not _same(places(undo.read), places(undo.write)):
        return False
    kept, taken = places(undo.keep), places(undo.take)
    if len(kept) != len(there) or len(taken) != len(back):
        return False
    for k, (a, b) in enumerate(zip(there, back, strict=True)):
        distance = offset_from(kept[k], a)
        if distance is None or distance != offset_from(taken[k], b):
            return False
    forward = [op for op in uses.touching if op.mirror is None and op is not undo.read]
    reverse = [op for op in uses.touching if op.mirror is not None]
    return (
        covers(undo.array, undo.write, forward, there[0], first=True)
        and covers(undo.array, undo.restore, reverse, back[0], first=False)
        and _can_go_first(undo, reverse)
    )


def _around(op: Op) -> list[For]:
    """The loops around an operation, the outermost first; none if there is anything else around it."""
    found: list[For] = []
    region = op.parent
    while region is not None and region.parent is not None:
        if not isinstance(region.parent, For) or region.parent.exits:
            return []
        found.insert(0, region.parent)
        region = region.parent.parent
    return found


def _same(a: tuple, b: tuple) -> bool:
    return all(p is q for p, q in zip(a, b, strict=True))


def _can_go_first(undo: _Undo, reverse: list[Call]) -> bool:
    """Whether the loops that restore can run where the reverse turn begins to use the array."""
    nest = _nest(undo)
    region = nest[0].parent
    assert region is not None
    place = _first_use(region, reverse)
    for loop in nest:
        for bound in (loop.start, loop.stop):
            if any(is_inside(bound.owner, inner.body) for inner in nest):
                return False
            owner = bound.owner
            if isinstance(owner, Op) and owner.parent is region and region.ops.index(owner) >= place:
                return False
    return True


def _nest(undo: _Undo) -> list[For]:
    nest = nest_of(undo.restore, _around(undo.restore)[0])
    assert nest is not None
    return nest


def _first_use(region: Region, ops: list[Call]) -> int:
    return next(k for k, op in enumerate(region.ops) if any(op is o or _holds(op, o) for o in ops))


def _holds(op: Op, inner: Op) -> bool:
    return any(is_inside(inner, region) for region in op.regions)


def _refill(undo: _Undo) -> None:
    nest = _nest(undo)
    region = nest[0].parent
    assert region is not None
    value = undo.write.args[2]
    _remove(undo.read)
    _remove(undo.keep)
    home = undo.write.parent
    assert home is not None
    home.ops.insert(home.ops.index(undo.write), undo.keep)
    undo.keep.parent = home
    undo.keep.args = (*undo.keep.args[:2], value)
    tape = undo.keep.args[0]
    tape.hint = f"{undo.array.hint}_tape" if undo.array.hint else None
    written = Region()
    writer, indices = Writer(written, nest[0]), {}
    for loop in nest:
        index = Value(loop.index.type, loop.index.hint, loop.index.span)
        made = For(loop.start, loop.stop, loop.step, [], Region([index]), False, [], loop.span, loop.backwards)
        writer.add(made)
        writer, indices[loop] = Writer(made.body, undo.restore), index
    around = _around(undo.restore)
    parts = [
        _moved(indices[loop], offset_from(part, loop), writer) if loop in indices else part
        for part, loop in zip(places(undo.take), around, strict=True)
    ]
    old = writer.call(operator.getitem, tape, tuple(parts), type=undo.take.outputs[0].type)
    own = {loop.index: index for loop, index in indices.items()}
    where = tuple([own[part] for part in places(undo.restore)])
    writer.effect(operator.setitem, undo.array, where[0] if len(where) == 1 else where, old)
    reverse = [op for op in walk(region) if isinstance(op, Call) and op.args and op.args[0] is undo.array]
    place = _first_use(region, reverse)
    region.ops[place:place] = written.ops
    for op in written.ops:
        op.parent = region
    _remove(undo.take)
    _remove(undo.restore)
    for loop in reversed(nest):
        if not loop.body.ops and not loop.outputs and loop.parent is not None:
            _remove(loop)


def _moved(index: Value, by: int | None, writer: Writer) -> Value:
    if not by:
        return index
    return writer.call(operator.add if by > 0 else operator.sub, index, Const(abs(by)), type=INT)


def _remove(op: Op) -> None:
    assert op.parent is not None
    op.parent.ops.remove(op)
