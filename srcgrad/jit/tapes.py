"""Tapes as arrays of the size that is needed, one for each value that is saved, where the size is known beforehand.

    x_tape = []                                  x_tape = np.empty(n)
    for i in range(n):                           for i in range(n):
        x_tape.append(x)                             x_tape[i] = x
    ...                                          ...
    for i in reversed(range(n)):                 for i in reversed(range(n)):
        x = x_tape.pop()                             x = x_tape[i]

Loops in loops give a tape as many axes. Where the turns of an inner loop depend on the outer one, or the reversed loops
count otherwise, the entries are numbered, and there is room for as many as there can be. A copy of an array goes right
into a row of its tape, and an array that loops fill is a row from the start. What a `while` loop or a `break` leaves
open stays a list, but one of its own for each value.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcgrad.analysis.memory import is_view
from srcgrad.analysis.ranges import range_of
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, Const, For, Function, If, Loop, Op, Region, Try, Value, walk
from srcgrad.ir.types import F8, INT, Array, Dim, List, NpScalar, Pointer, PyScalar, Type, is_scalar, same_length
from srcgrad.rules.registry import hashable
from srcgrad.transform.simplify import replace_values

_KINDS = {"f": np.dtype(np.float64), "i": np.dtype(np.int64), "b": np.dtype(np.bool_), "c": np.dtype(np.complex128)}


def size_tapes(function: Function) -> None:
    """Makes arrays of the tapes of a function, and lists of one value each of the others.

    Args:
        function: it has both sweeps; it is changed.
    """
    for tape in tapes_of(function):
        tape.rewrite(function)


def tapes_of(function: Function) -> list[Tape]:
    """The lists of a function with one push and one pop."""
    users: dict[Value, list[Op]] = {}
    for op in walk(function.body):
        for value in dict.fromkeys([*op.inputs, *[v for region in op.regions for v in region.results]]):
            users.setdefault(value, []).append(op)
    made = [op for op in walk(function.body) if isinstance(op, Call) and op.fn is list and not op.args]
    inner = [op for op in made if op.outputs[0] not in function.body.results]
    returned = _returned(function) if inner else set()
    found = [_tape(op, users.get(op.outputs[0], []), users, returned) for op in inner]
    return [tape for tape in found if tape is not None]


def _returned(function: Function) -> set[Value]:
    """What a function may return: a row would keep the whole tape alive."""
    pending = list(function.body.results)
    found: set[Value] = set()
    while pending:
        value = pending.pop()
        if value in found or not isinstance(value.type, Array):
            continue
        found.add(value)
        owner = value.owner
        op = owner.parent if isinstance(owner, Region) else owner
        if isinstance(op, Loop):
            rows = zip(op.carried, op.carried_outputs, op.inits, op.carried_results, strict=True)
            pending += [v for arg, out, *sources in rows if value in (arg, out) for v in sources]
        elif isinstance(op, If):
            pending += [region.results[op.outputs.index(value)] for region in op.regions]
        elif isinstance(op, Call) and is_view(op):
            pending.append(op.args[0])
    return found


def _tape(make: Call, uses: list[Op], users: dict[Value, list[Op]], returned: set[Value]) -> Tape | None:
    (tape,) = make.outputs
    pushes = [op for op in uses if isinstance(op, Call) and op.fn is list.append and op.args[0] is tape]
    pops = [op for op in uses if isinstance(op, Call) and op.fn is list.pop and op.args == (tape,)]
    if len(uses) != 2 or len(pushes) != 1 or len(pops) != 1:
        return None
    item = pushes[0].args[1]
    values = list(item) if isinstance(item, tuple) else [item]
    if len(values) != len(pops[0].outputs) or not all(isinstance(v, Value) for v in values):
        return None
    if any(isinstance(v.owner, Op) and v.owner.parent is not pushes[0].parent for v in values if _copied(v)):
        return None
    return Tape(make, pushes[0], pops[0], values, users, returned)


@dataclass(slots=True)
class _Way:
    """How one leads from where a tape is made to where it is used: through loops and branches, the outermost first."""

    ops: list[Op]

    @property
    def loops(self) -> list[For]:
        return [op for op in self.ops if isinstance(op, For)]


def _way(use: Op, outer: Region) -> _Way | None:
    """None if it leads through anything else than loops that run to their end, and branches."""
    ops: list[Op] = []
    region = use.parent
    while region is not outer:
        if region is None or region.parent is None:
            return None
        op = region.parent
        if isinstance(op, Try) or not (isinstance(op, If) or (isinstance(op, For) and not op.exits)):
            return None
        ops.append(op)
        region = op.parent
    return _Way(ops[::-1])


class Tape:
    """A tape: where it is made, pushed to and popped from."""

    def __init__(
        self,
        make: Call,
        push: Call,
        pop: Call,
        values: list[Value],
        users: dict[Value, list[Op]],
        returned: set[Value],
    ):
        self.make = make
        self.push = push
        self.pop = pop
        self.values = values
        self._users = users
        self._returned = returned
        self._ops: list[Op] = []

    def rewrite(self, function: Function) -> None:
        """Replaces the tape by one for each value."""
        assert self.make.parent is not None
        home = self.make.parent
        there, back = _way(self.push, home), _way(self.pop, home)
        index: tuple[Any, Any] | None = None
        lengths: list[Value] = []
        if there is not None and back is not None and there.loops:
            lengths, index = self._layout(there, back)
        mapping: dict[Value, Value] = {}
        for value, output in zip(self.values, self.pop.outputs, strict=True):
            row = self._row(value, function) if index is not None else None
            dtype = _dtype(value.type)
            if index is None or dtype is None or row is None:
                self._keep_list(value, output)
            else:
                self._keep_array(value, output, dtype, lengths, row, index, mapping)
        home.ops[home.ops.index(self.make) : home.ops.index(self.make) + 1] = self._ops
        for op in self._ops:
            op.parent, op.mirror = home, self.make.mirror
        for op in (self.push, self.pop):
            assert op.parent is not None
            op.parent.ops.remove(op)
        replace_values(function.body, mapping)
        if home is function.body and function.backward_from is not None:
            function.backward_from += len(self._ops) - 1

    # Where the entries are

    def _layout(self, there: _Way, back: _Way) -> tuple[list[Value], tuple[Any, Any] | None]:
        """The lengths of the axes, and the places of an entry where it is pushed and where it is popped."""
        outermost = there.ops[0]
        if all(_is_known(loop, outermost) for loop in there.loops) and _correspond(there, back):
            lengths = [self._turns(loop.start, loop.stop, loop.step) for loop in there.loops]
            pushed = _index([self._place(loop, self._first()) for loop in there.loops])
            return lengths, (pushed, _index([self._place(loop, self.pop) for loop in back.loops]))
        bounds = [self._most(loop, outermost) for loop in there.loops]
        if any(bound is None for bound in bounds):
            return [], None
        total: Value = Const(1)
        for bound in bounds:
            assert bound is not None
            total = self._emit(operator.mul, total, bound) if not _is_one(total) else bound
        return [total], self._number(there, back)

    def _first(self) -> Op:
        """The first operation that needs the place of the entry: a copy that goes right there, or the push."""
        region = self.push.parent
        assert region is not None
        owners = [v.owner for v in self.values if _copied(v) is not None or self._is_allocated(v)]
        return min([op for op in (*owners, self.push) if isinstance(op, Op)], key=region.ops.index)

    def _turns(self, start: Value, stop: Value, step: Value) -> Value:
        """How often a loop turns."""
        assert isinstance(step, Const)
        if _is_zero(start) and step.value == 1:
            low = range_of(stop).low
            return stop if low is not None and low >= 0 else self._emit(max, stop, Const(0))
        everything = Value(INT)
        self._ops.append(Call(range, (start, stop, step), {}, [everything]))
        return self._emit(len, everything)

    def _most(self, loop: For, outermost: Op) -> Value | None:
        """How often a loop turns at most, whatever the turns of those around it."""
        if not isinstance(loop.step, Const) or type(loop.step.value) is not int or loop.step.value == 0:
            return None
        up = loop.step.value > 0
        start, stop = self._extreme(loop.start, outermost, not up), self._extreme(loop.stop, outermost, up)
        return None if start is None or stop is None else self._turns(start, stop, loop.step)

    def _extreme(self, value: Value, outermost: Op, largest: bool) -> Value | None:
        """The largest or smallest number that an integer is in any turn, known before the outermost loop."""
        if not _is_made_in(value, outermost):
            return value if _is_integer(value) else None
        owner = value.owner
        if isinstance(owner, Region):
            loop = owner.parent
            if not isinstance(loop, For) or value is not loop.index or not isinstance(loop.step, Const):
                return None
            if loop.step.value not in (1, -1):
                return None
            first = (loop.step.value > 0) is not largest
            end = self._extreme(loop.start if first else loop.stop, outermost, largest)
            return end if end is None or first else self._emit(operator.sub, end, loop.step)
        if isinstance(owner, Call) and owner.fn in (operator.add, operator.sub) and not owner.kwargs:
            a, b = owner.args
            other = largest if owner.fn is operator.add else not largest
            p, q = self._extreme(a, outermost, largest), self._extreme(b, outermost, other)
            return None if p is None or q is None else self._emit(owner.fn, p, q)
        return None

    def _emit(self, fn: Any, *args: Any, hint: str | None = None) -> Value:
        output = Value(INT, hint, self.make.span)
        self._ops.append(Call(fn, args, {}, [output], self.make.span))
        return output

    def _place(self, loop: For, use: Op) -> Value:
        """Which turn of a loop it is, counted from 0."""
        assert isinstance(loop.step, Const) and use.parent is not None
        if loop.index.hint == "_":
            loop.index.hint = None
        if loop.step.value == 1 and _is_zero(loop.start):
            return loop.index
        a, b = (loop.start, loop.index) if loop.step.value == -1 else (loop.index, loop.start)
        place = a if _is_zero(b) else _before(use, operator.sub, (a, b))
        return place if abs(loop.step.value) == 1 else _before(use, operator.floordiv, (place, loop.step))

    def _number(self, there: _Way, back: _Way) -> tuple[Value, Value]:
        """Makes the loops number the entries, upwards where they are pushed and downwards where they are popped."""
        assert self.push.parent is not None and self.pop.parent is not None
        top, count = _carry(there.ops, Const(0), self.push.span)
        more = _before(self.push, operator.add, (count, Const(1)), "count")
        # The entry is written first, so that the number can change where it stands.
        leaf = self.push.parent
        leaf.ops.remove(self.push)
        leaf.ops.insert(leaf.ops.index(more.owner), self.push)  # type: ignore[arg-type]
        _settle(there.ops, leaf, more)
        _, count_left = _carry(back.ops, top, self.pop.span)
        place = _before(self.pop, operator.sub, (count_left, Const(1)), "count")
        _settle(back.ops, self.pop.parent, place)
        return count, place

    # What the entries are

    def _row(self, value: Value, function: Function) -> list[Value] | None:
        """The lengths of the axes of what is saved, None if they are not known beforehand."""
        if is_scalar(value.type):
            return []
        if _copied(value) is None and not self._is_allocated(value):
            return None
        found = self._axes(value, function)
        return None if found is None else [n if isinstance(n, Const) else self._length(*n) for n in found]

    def has_row(self, value: Value, function: Function) -> bool:
        """Whether a value is an array of which the lengths are known before the tape is made."""
        return not is_scalar(value.type) and _copied(value) is None and self._axes(value, function) is not None

    def has_fixed_turns(self) -> bool:
        """Whether it is known beforehand where each entry goes to."""
        assert self.make.parent is not None
        there, back = _way(self.push, self.make.parent), _way(self.pop, self.make.parent)
        if there is None or back is None or not there.loops:
            return False
        return all(_is_known(loop, there.ops[0]) for loop in there.loops) and _correspond(there, back)

    def _is_allocated(self, value: Value) -> bool:
        """Whether an array is allocated beside the push, in the order of C: it may be a row from the start."""
        owner = value.owner
        made = isinstance(owner, Call) and owner.parent is self.push.parent and not owner.kwargs
        if not made or not hashable(owner.fn) or not isinstance(value.type, Array):  # type: ignore[union-attr]
            return False
        if value in self._returned:
            return False
        return owner.fn is np.empty or (owner.fn is np.empty_like and value.type.ndim == 1)  # type: ignore[union-attr]

    def _axes(self, value: Value, function: Function) -> list[Any] | None:
        """For each axis its length, or an array and an axis of it; None if they are not known beforehand."""
        if not isinstance(value.type, Array) or not value.type.shape:
            # What stands at one place of an array is a number, and not an array without axes, which can be written.
            return None
        assert self.make.parent is not None
        place = self.make.parent.ops.index(self.make)
        known = [*function.params, *[o for op in self.make.parent.ops[:place] for o in op.outputs]]
        axes: list[Any] = []
        for axis in value.type.shape:
            if isinstance(axis, int):
                axes.append(Const(axis))
                continue
            found = next((f for x in known if (f := _axis_of(x, axis)) is not None), None) if axis.stable else None
            if found is None:
                return None
            axes.append(found)
        return axes

    def _length(self, x: Value, k: int) -> Value:
        shape = Value(INT)
        self._ops.append(Call(getattr, (x, Const("shape")), {}, [shape]))
        return self._emit(operator.getitem, shape, Const(k))

    def _keep_list(self, value: Value, output: Value) -> None:
        tape = Value(List(value.type), _name(value), self.make.span)
        self._ops.append(Call(list, (), {}, [tape], self.make.span))
        _put(self.push, Call(list.append, (tape, value), {}, [], self.push.span))
        _put(self.pop, Call(list.pop, (tape,), {}, [output], self.pop.span))

    def _keep_array(
        self,
        value: Value,
        output: Value,
        dtype: np.dtype,
        lengths: list[Value],
        row: list[Value],
        index: tuple[Any, Any],
        mapping: dict[Value, Value],
    ) -> None:
        lengths = [*lengths, *row]
        tape = Value(None, _name(value), self.make.span)  # type: ignore[arg-type]
        axes = [n.value if isinstance(n, Const) else Dim(f"%{tape.uid}.{k}") for k, n in enumerate(lengths)]
        tape.type = Array(dtype, tuple(axes))
        kwargs = {} if dtype == F8 else {"dtype": Const(dtype.type)}
        shape = lengths[0] if len(lengths) == 1 else tuple(lengths)
        self._ops.append(Call(np.empty, (shape,), kwargs, [tape], self.make.span))
        source = None if is_scalar(value.type) else _copied(value)
        if source is None and not is_scalar(value.type):
            allocation = value.owner
            assert isinstance(allocation, Call) and allocation.parent is not None
            allocation.fn, allocation.args = operator.getitem, (tape, index[0])
        elif source is None:
            _put(self.push, Call(operator.setitem, (tape, index[0], value), {}, [], self.push.span))
        else:
            # The copy is the row itself.
            made = value.owner
            assert isinstance(made, Call) and made.parent is not None
            _fill(made, tape, index[0], source, row)
            if len(self._users[value]) > 1:
                mapping[value] = Value(value.type, value.hint, value.span)
                _put(made, Call(operator.getitem, (tape, index[0]), {}, [mapping[value]], value.span))
            made.parent.ops.remove(made)
        _put(self.pop, Call(operator.getitem, (tape, index[1]), {}, [output], self.pop.span))


def _name(value: Value) -> str:
    return f"{value.hint}_tape" if value.hint else "tape"


def _index(places: list[Value]) -> Any:
    return places[0] if len(places) == 1 else tuple(places)


def _put(place: Op, op: Call) -> None:
    """Inserts an operation before another one."""
    region = place.parent
    assert region is not None
    op.parent, op.mirror = region, place.mirror
    region.ops.insert(region.ops.index(place), op)


def _before(place: Op, fn: Any, args: tuple, hint: str | None = None) -> Value:
    output = Value(INT, hint, place.span)
    _put(place, Call(fn, args, {}, [output], place.span))
    return output


def _fill(place: Op, tape: Value, index: Any, source: Value, lengths: list[Value]) -> None:
    """Copies an array into a row of a tape, element by element: that compiles fast, too."""
    region = place.parent
    assert region is not None
    at = region.ops.index(place)
    indices: list[Value] = []
    for length in lengths:
        body = Region([Value(INT)])
        loop = For(Const(0), length, Const(1), [], body, False, [], place.span)
        loop.mirror, loop.parent = place.mirror, region
        region.ops.insert(at, loop)
        indices += body.args
        region, at = body, 0
    assert isinstance(source.type, Array) and source.type.dtype is not None
    element = Value(NpScalar(source.type.dtype))
    where = (*index, *indices) if isinstance(index, tuple) else (index, *indices)
    read = Call(operator.getitem, (source, _index(indices)), {}, [element], place.span)
    write = Call(operator.setitem, (tape, where, element), {}, [], place.span)
    for k, op in enumerate((read, write)):
        op.parent, op.mirror = region, place.mirror
        region.ops.insert(at + k, op)


def _copied(value: Value) -> Value | None:
    """What an array is a copy of."""
    owner = value.owner
    if isinstance(owner, Call) and owner.fn is np.ndarray.copy and len(owner.args) == 1 and not owner.kwargs:
        return owner.args[0] if isinstance(owner.args[0], Value) else None
    return None


def _axis_of(x: Value, axis: Any) -> tuple[Value, int] | None:
    axes = x.type.shape if isinstance(x.type, Array) else None
    return next(((x, k) for k, a in enumerate(axes or ()) if same_length(a, axis)), None)


def _dtype(t: Type) -> np.dtype | None:
    if isinstance(t, PyScalar):
        return None if isinstance(t, Pointer) and t.or_none else _KINDS.get(t.kind)
    return t.dtype if isinstance(t, (NpScalar, Array)) else None


def _is_integer(value: Value) -> bool:
    t = value.type
    return (isinstance(t, PyScalar) and t.kind == "i") or (isinstance(t, NpScalar) and t.dtype.kind in "iu")


def _is_zero(value: Value) -> bool:
    return isinstance(value, Const) and type(value.value) is int and value.value == 0


def _is_one(value: Value) -> bool:
    return isinstance(value, Const) and type(value.value) is int and value.value == 1


def _is_made_in(value: Value, op: Op) -> bool:
    return not isinstance(value, Const) and any(is_inside(value.owner, region) for region in op.regions)


def _is_known(loop: For, outermost: Op) -> bool:
    """Whether it is known before the outermost loop how often a loop turns."""
    bounds = (loop.start, loop.stop)
    known = all(_is_integer(v) and not _is_made_in(v, outermost) for v in bounds)
    return known and isinstance(loop.step, Const) and type(loop.step.value) is int and loop.step.value != 0


def _correspond(there: _Way, back: _Way) -> bool:
    """Whether the loops of one way are those of the other, backwards."""
    if len(there.loops) != len(back.loops):
        return False
    return all(
        a.backwards is not b.backwards
        and all(_is_same(p, q) for p, q in ((a.start, b.start), (a.stop, b.stop), (a.step, b.step)))
        for a, b in zip(there.loops, back.loops, strict=True)
    )


def _is_same(a: Value, b: Value) -> bool:
    if isinstance(a, Const) and isinstance(b, Const):
        return type(a.value) is type(b.value) is int and a.value == b.value
    return a is b


def _carry(ops: list[Op], init: Value, span: Any) -> tuple[Value, Value]:
    """Carries an integer into loops and branches, which `_settle` completes; what it is behind all, and inside."""
    current = init
    for op in ops:
        output = Value(INT, "count", span)
        output.owner = op
        op.outputs.append(output)
        if isinstance(op, For):
            op.inits.append(current)
            current = Value(INT, "count", span)
            current.owner = op.body
            op.body.args.append(current)
        else:
            for side in op.regions:
                side.results.append(current)
    return ops[0].outputs[-1], current


def _settle(ops: list[Op], leaf: Region, end: Value) -> None:
    """Completes what `_carry` began: `end` is what the integer is at the end of the innermost region."""
    for k in range(len(ops) - 1, -1, -1):
        op = ops[k]
        region = leaf if k == len(ops) - 1 else ops[k + 1].parent
        assert region is not None
        if isinstance(op, For):
            op.body.results.append(end)
        else:
            region.results[-1] = end
        end = op.outputs[-1]
