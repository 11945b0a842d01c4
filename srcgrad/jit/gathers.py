"""What loops add to several neighbours is gathered by each element instead, as in the code of a stencil.

Before -> after:

    for i in range(1, n - 1):                    for i in range(1, n - 1):
        y = ...                                      y = ...
        x_bar[i - 1] += y                            y_table[i + 1] = y
        x_bar[i + 1] += y                        if 1 < n - 1:
                                                     for i in range(n):
                                                         x_bar[i] += y_table[i] + y_table[i + 2]

Turns that add to elements that others add to as well can't be run at the same time; those of these loops can, and each
element is written once. The table has a rim of zeros, for the elements that have fewer neighbours.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.commuting import ADDS, offset_from
from srcgrad.analysis.memory import only_metadata
from srcgrad.analysis.origins import Origins
from srcgrad.analysis.ranges import range_of
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, Const, For, Function, If, Op, Region, Value, references, walk
from srcgrad.ir.types import BOOL, F8, FLOAT, INT, Array, Dim, NpScalar, is_scalar
from srcgrad.jit import helpers
from srcgrad.jit.neighbours import carry_to_next, is_alone
from srcgrad.jit.order import tells_apart
from srcgrad.jit.pointwise import Writer
from srcgrad.jit.vector_functions import C_NAMES
from srcgrad.rules.registry import hashable

_NUMBERS = (FLOAT, NpScalar(F8))
_MOST_TABLES = 3
_ARITHMETIC = frozenset([operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.pos])
_PLAIN = frozenset([*_ARITHMETIC, operator.getitem, operator.setitem, np.divide, np.sqrt, np.square, *ADDS, *C_NAMES])
"""What turns do that can be done for several of them at a time."""


def gather_sums(function: Function, functions: list[Function], parallel: bool = False) -> None:
    """Lets elements gather what loops of the reverse sweep add to neighbours.

    Args:
        function: it is changed.
        functions: all functions that are compiled with it, the one that Python calls last.
        parallel: whether the loops may run on all cores, so that no turn should hand anything on to the next one.
    """
    loops = [op for op in walk(function.body) if isinstance(op, For) and op.mirror is not None]
    aliases: Aliases | None = None
    for loop in loops:
        if not any(isinstance(op, Call) and op.fn in ADDS for op in loop.body.ops) or not _is_plain(loop):
            continue
        if aliases is None:
            aliases = Aliases(functions)
            origins = Origins(aliases)
            if not tells_apart(functions, aliases):
                return
        nest = _nest(loop)
        for sums in _neighbours(nest):
            if not is_alone(sums.array, list(sums.ops), [nest[0]], aliases, origins):
                continue
            if _is_worthwhile(sums, parallel):
                _gather(sums)
            elif _is_next(sums) and not parallel:
                _hand_on(sums)


@dataclass(slots=True)
class _Sums:
    """What a nest of loops adds to one array.

    Attributes:
        nest: the loops, the outermost first.
        ops: what adds.
        array: what is added to.
        parts: for each axis of it the loop that its index follows, or the index.
        offsets: for each operation, by loop: how much more the index is than the number of the turn.
    """

    nest: list[For]
    ops: list[Call]
    array: Value
    parts: list[Any]
    offsets: list[dict[For, int]]

    @property
    def home(self) -> dict[For, int]:
        """Where elements need not be gathered: what is added once is added there most often."""
        values = [op.args[2] for op in self.ops]
        once = [o for op, o in zip(self.ops, self.offsets, strict=True) if values.count(op.args[2]) == 1]
        return max(once, key=once.count) if once else {}

    @property
    def gathered(self) -> list[tuple[Call, dict[For, int]]]:
        """The operations that are replaced."""
        values = [op.args[2] for op in self.ops]
        pairs = zip(self.ops, self.offsets, strict=True)
        return [(op, o) for op, o in pairs if o != self.home or values.count(op.args[2]) > 1]


def _is_plain(loop: For) -> bool:
    """Whether the turns of an innermost loop have no branches, and nothing slow to do."""
    if loop.exits or loop.backwards or not _is_one(loop.step):
        return False
    return all(isinstance(op, Call) and hashable(op.fn) and (op.fn in _PLAIN or _is_square(op)) for op in loop.body.ops)


def _is_square(op: Call) -> bool:
    power = op.args[1] if op.fn in (operator.pow, np.power) else None
    return isinstance(power, Const) and power.value in (2, 3)


def _is_one(v: Value) -> bool:
    return isinstance(v, Const) and v.value == 1


def _nest(loop: For) -> list[For]:
    """A loop and those around it that do nothing but to run it, and to compute and check indices."""
    nest = [loop]
    while True:
        region = nest[0].parent
        around = region.parent if region is not None else None
        if not isinstance(around, For) or around.exits or around.backwards or not _is_one(around.step):
            return nest
        if around.mirror is None or any(is_inside(v.owner, around.body) for v in (nest[0].start, nest[0].stop)):
            return nest
        others = [op for op in around.body.ops if op is not nest[0]]
        if not all(isinstance(op, Call) and hashable(op.fn) and _only_counts(op) for op in others):
            return nest
        nest.insert(0, around)


def _only_counts(op: Call) -> bool:
    if op.fn is helpers.check_indices or only_metadata(op):
        return True
    return op.fn in _ARITHMETIC and all(is_scalar(v.type) for v in (*op.inputs, *op.outputs))


def _neighbours(nest: list[For]) -> list[_Sums]:
    """What each turn adds to elements at fixed distances from its own, by array."""
    found: dict[Value, list[Call]] = {}
    for op in nest[-1].body.ops:
        if isinstance(op, Call) and op.fn in ADDS:
            found.setdefault(op.args[0], []).append(op)
    made = [_sums(nest, array, ops) for array, ops in found.items() if not is_inside(array.owner, nest[0].body)]
    return [sums for sums in made if sums is not None]


def _sums(nest: list[For], array: Value, ops: list[Call]) -> _Sums | None:
    if not isinstance(array.type, Array) or array.type.dtype != F8 or array.type.shape is None:
        return None
    parts: list[Any] | None = None
    offsets: list[dict[For, int]] = []
    for op in ops:
        index = op.args[1] if isinstance(op.args[1], tuple) else (op.args[1],)
        if len(index) != len(array.type.shape) or op.args[2].type not in _NUMBERS or isinstance(op.args[2], Const):
            return None
        found: list[Any] = []
        distances: dict[For, int] = {}
        for part in index:
            loop = next((loop for loop in nest if offset_from(part, loop) is not None), None)
            offset = None if loop is None else offset_from(part, loop)
            if loop is not None and offset is not None:
                low = range_of(part).low
                if loop in distances or low is None or low < 0:
                    return None
                distances[loop] = offset
            elif not isinstance(part, Value) or is_inside(part.owner, nest[0].body):
                return None
            found.append(part if loop is None else loop)
        if len(distances) < len(nest) or (parts is not None and not _agree(found, parts)):
            return None
        parts = found
        offsets.append(distances)
    assert parts is not None
    return _Sums(nest, ops, array, parts, offsets)


def _agree(a: list[Any], b: list[Any]) -> bool:
    return all(
        p is q or (isinstance(p, Const) and isinstance(q, Const) and p.value == q.value)
        for p, q in zip(a, b, strict=True)
    )


def _is_worthwhile(sums: _Sums, parallel: bool) -> bool:
    """Whether some elements are too far apart for the loop to be vectorised as it is, and few tables are enough."""
    if parallel and any(offsets != sums.offsets[0] for offsets in sums.offsets):
        return len({op.args[2] for op, _ in sums.gathered}) <= _MOST_TABLES
    inner = sums.nest[-1]
    rows = [{**o, inner: 0} for o in sums.offsets]
    reach = [o[inner] for o in sums.offsets]
    if all(row == rows[0] for row in rows) and max(reach) - min(reach) <= 1:
        return False
    return 0 < len({op.args[2] for op, _ in sums.gathered}) <= _MOST_TABLES


def _is_next(sums: _Sums) -> bool:
    """Whether each turn of the innermost loop adds to one element and to the next one."""
    inner = sums.nest[-1]
    rows = [{**o, inner: 0} for o in sums.offsets]
    reach = [o[inner] for o in sums.offsets]
    return len(reach) == 2 and rows[0] == rows[1] and abs(reach[0] - reach[1]) == 1


def _hand_on(sums: _Sums) -> None:
    """Adds to each element once."""
    inner = sums.nest[-1]
    (first, a), (second, b) = zip(sums.ops, sums.offsets, strict=True)
    (here, _), (ahead, offsets) = sorted([(first, a), (second, b)], key=lambda pair: pair[1][inner])
    before = _Inserted(inner)
    parts = [
        part
        if not isinstance(part, For)
        else _more(inner.stop if part is inner else part.index, offsets[part] - (part is inner), before.writer)
        for part in sums.parts
    ]
    before.insert()
    carry_to_next(inner, here, ahead, parts[0] if len(parts) == 1 else tuple(parts))


def _gather(sums: _Sums) -> None:
    """Rewrites a nest, and adds the one that gathers behind it."""
    nest, first = sums.nest, sums.nest[0]
    low = {loop: min(o[loop] for _, o in sums.gathered) for loop in nest}
    high = {loop: max(o[loop] for _, o in sums.gathered) for loop in nest}
    place = _outermost(first, [v for loop in nest for v in (loop.start, loop.stop)])
    before = _Inserted(place)
    turns = _all_turns(nest, before.writer)
    terms: list[tuple[Any, Value, dict[For, int]]] = []
    for value in dict.fromkeys(op.args[2] for op, _ in sums.gathered):
        uses = [(op, o) for op, o in sums.gathered if op.args[2] is value]
        most = {loop: max(o[loop] for _, o in uses) for loop in nest}
        least = {loop: min(o[loop] for _, o in uses) for loop in nest}
        rims = {loop: (most[loop] - low[loop], high[loop] - least[loop]) for loop in nest}
        table = _table(value, [_more(turns[loop], sum(rims[loop]), before.writer) for loop in nest], before.writer)
        _fill_table(uses, table, {loop: rims[loop][0] for loop in nest})
        terms += [(op.fn, table, {loop: most[loop] - o[loop] for loop in nest}) for op, o in uses]
    before.insert()
    region = first.parent
    assert region is not None
    behind = Region()
    body = _guarded(Writer(behind, first), nest)
    spans = [_more(turns[loop], high[loop] - low[loop], body) for loop in nest]
    indices = {}
    for loop, span in zip(nest, spans, strict=True):
        index = Value(INT, loop.index.hint, loop.index.span)
        made = For(Const(0), span, Const(1), [], Region([index]), False, [], first.span)
        body.add(made)
        body, indices[loop] = Writer(made.body, first), index
    _write_sum(sums, terms, indices, low, body)
    at = region.ops.index(first) + 1
    region.ops[at:at] = behind.ops
    for op in behind.ops:
        op.parent = region


class _Inserted:
    """Operations that go before another one."""

    def __init__(self, place: Op):
        self._place = place
        self._region = Region()
        self.writer = Writer(self._region, place)

    def insert(self) -> None:
        """Puts them there."""
        region = self._place.parent
        assert region is not None
        at = region.ops.index(self._place)
        region.ops[at:at] = self._region.ops
        for op in self._region.ops:
            op.parent = region


def _outermost(loop: For, needed: Iterable[Value]) -> Op:
    """The outermost loop around one before which values are known."""
    found: Op = loop
    while True:
        region = found.parent
        around = region.parent if region is not None else None
        if not isinstance(around, For) or around.mirror is None:
            return found
        if any(is_inside(v.owner, around.body) for v in needed):
            return found
        found = around


def _all_turns(nest: list[For], writer: Writer) -> dict[For, Value]:
    """How often each loop turns."""
    known: dict[Any, Value] = {}
    for loop in nest:
        if _bounds(loop) not in known:
            known[_bounds(loop)] = _turns(loop, writer)
    return {loop: known[_bounds(loop)] for loop in nest}


def _bounds(loop: For) -> tuple[Any, ...]:
    return tuple(v.value if isinstance(v, Const) else v for v in (loop.start, loop.stop))


def _turns(loop: For, writer: Writer) -> Value:
    """How often a loop turns."""
    if isinstance(loop.start, Const) and loop.start.value == 0:
        low = range_of(loop.stop).low
        return loop.stop if low is not None and low >= 0 else writer.call(max, loop.stop, Const(0), type=INT)
    return writer.call(max, writer.call(operator.sub, loop.stop, loop.start, type=INT), Const(0), type=INT)


def _more(value: Value, by: int, writer: Writer) -> Value:
    if by == 0:
        return value
    if isinstance(value, Const):
        return Const(value.value + by)
    return writer.call(operator.add if by > 0 else operator.sub, value, Const(abs(by)), type=INT)


def _table(value: Value, lengths: list[Value], writer: Writer) -> Value:
    """Zeros, as many as there are turns and more around them."""
    table = Value(None, f"{value.hint}_table" if value.hint else "table", value.span)  # type: ignore[arg-type]
    axes = [n.value if isinstance(n, Const) else Dim(f"%{table.uid}.{k}") for k, n in enumerate(lengths)]
    table.type = Array(F8, tuple(axes))
    writer.add(Call(np.zeros, (lengths[0] if len(lengths) == 1 else tuple(lengths),), {}, [table]))
    return table


def _fill_table(uses: list[tuple[Call, dict[For, int]]], table: Value, rims: dict[For, int]) -> None:
    """Writes into the table in place of what is added."""
    first = uses[0][0]
    region = first.parent
    assert region is not None
    written_there = Region()
    writer = Writer(written_there, first)
    index = []
    for loop, rim in rims.items():
        if isinstance(loop.start, Const):
            index.append(_more(loop.index, rim - loop.start.value, writer))
        else:
            index.append(_more(writer.call(operator.sub, loop.index, loop.start, type=INT), rim, writer))
    writer.effect(operator.setitem, table, index[0] if len(index) == 1 else tuple(index), first.args[2])
    at = region.ops.index(first)
    region.ops[at:at] = written_there.ops
    for op in written_there.ops:
        op.parent = region
    for op, _ in uses:
        region.ops.remove(op)
    _drop_unused([v for op, _ in uses for v in op.inputs])


def _drop_unused(candidates: list[Value]) -> None:
    """Removes the indices that nothing else uses."""
    for value in dict.fromkeys(candidates):
        op = value.owner
        if not isinstance(op, Call) or op.parent is None or op.fn not in (operator.add, operator.sub):
            continue
        region = op.parent
        if value not in region.results and not any(value in references(other) for other in region.ops):
            region.ops.remove(op)


def _guarded(writer: Writer, nest: list[For]) -> Writer:
    """Goes on where all loops have turns: only then is it known that the elements are there."""
    known: list[tuple[Any, ...]] = []
    for loop in nest:
        bounds = _bounds(loop)
        if bounds in known or (all(type(b) is int for b in bounds) and bounds[0] < bounds[1]):
            continue
        known.append(bounds)
        then = Region()
        writer.add(If(writer.call(operator.lt, loop.start, loop.stop, type=BOOL), then, Region(), []))
        writer = Writer(then, nest[0])
    return writer


def _write_sum(
    sums: _Sums, terms: list[tuple[Any, Value, dict[For, int]]], indices: dict, low: dict[For, int], writer: Writer
) -> None:
    """Writes `array[...] += table[...] + table[...]`."""
    plus = [t for t in terms if t[0] is runtime.add_item]
    minus = [t for t in terms if t[0] is not runtime.add_item]

    def element(term: tuple[Any, Value, dict[For, int]]) -> Value:
        _, table, shift = term
        index = tuple(_more(indices[loop], shift[loop], writer) for loop in sums.nest)
        return writer.call(operator.getitem, table, index[0] if len(index) == 1 else index, type=NpScalar(F8))

    leading, rest = (plus, minus) if plus else (minus, [])
    total = element(leading[0])
    for term in leading[1:]:
        total = writer.call(operator.add, total, element(term), type=NpScalar(F8))
    for term in rest:
        total = writer.call(operator.sub, total, element(term), type=NpScalar(F8))
    index = []
    for part in sums.parts:
        if not isinstance(part, For):
            index.append(part)
        elif isinstance(part.start, Const):
            index.append(_more(indices[part], part.start.value + low[part], writer))
        else:
            index.append(_more(writer.call(operator.add, indices[part], part.start, type=INT), low[part], writer))
    writer.effect(leading[0][0], sums.array, index[0] if len(index) == 1 else tuple(index), total)
