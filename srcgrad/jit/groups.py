"""Groups of array operations that one nest of loops can do: of one shape, and no element touched out of turn.

An operation of a group may use what another one computes of the same element. NumPy is done with one operation before
it starts with the next; a nest does all of them for one element before it goes to the next element. That is the same
unless one of them writes memory that another one reads or writes at another element: these two stay apart.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import Any

from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import ITEM_UPDATES, is_basic_index
from srcgrad.ir.nodes import Call, Const, Value
from srcgrad.ir.types import Array, Axis, may_be_one, same_length
from srcgrad.jit.lengths import Facts
from srcgrad.jit.places import Place, part_of, place_of
from srcgrad.jit.pointwise import Pointwise, fits_into, is_plain_array, is_plain_number, pointwise, update_of
from srcgrad.jit.reductions import Reduction, reduction
from srcgrad.rules.registry import IN_PLACE
from srcgrad.rules.result_types import result_type

Shape = tuple[Axis, ...]


@dataclass(slots=True)
class Store:
    """A write into an array: `x[index] = v`, `x[index] += v` or `x += v`.

    Attributes:
        place: where to.
        update: the operator of an update.
        value: what is written.
    """

    target: Value
    index: Any
    place: Place
    update: Any
    value: Value


@dataclass(frozen=True, slots=True)
class Pair:
    """Two axes that have the same length, if an operation is done element by element.

    Attributes:
        own: the axis of an operand.
        of: that of the nest.
        needed: whether NumPy raises where they differ; if not, one of them may be stretched.
    """

    own: Axis
    of: Axis
    needed: bool


@dataclass(slots=True)
class Member:
    """An operation of a group.

    Attributes:
        shape: the axes that its nest goes along.
        operands: what it reads of each element: arrays that broadcast to the shape, and numbers.
        pairs: which axes have to be equal.
        defined: axes of the result, which nothing has before -> those that they are equal to if the pairs are.
    """

    op: Call
    shape: Shape
    operands: tuple[Value, ...]
    pointwise: Pointwise | None = None
    store: Store | None = None
    reduction: Reduction | None = None
    pairs: list[Pair] = field(default_factory=list)
    defined: dict[Axis, Axis] = field(default_factory=dict)

    @property
    def output(self) -> Value | None:
        return self.op.outputs[0] if self.op.outputs else None

    @property
    def outer(self) -> bool:
        return self.pointwise is not None and self.pointwise.outer

    @property
    def read(self) -> tuple[Value, ...]:
        """The operands of which it reads elements."""
        return self.operands[: self.pointwise.reads] if self.pointwise is not None else self.operands

    def learn(self, assumed: Facts, stretched: bool) -> None:
        """Notes which lengths are equal if the operation does not raise; or rather if nothing is stretched either."""
        for pair in self.pairs:
            if pair.needed or stretched:
                assumed.learn(pair.own, pair.of)
        if stretched:
            for axis, known in self.defined.items():
                assumed.learn(axis, known)

    def axes_of(self, k: int) -> dict[int, int | None]:
        """For each axis of operand `k` the axis of the nest that it runs along; None where it has length 1 alone."""
        t = self.operands[k].type
        assert isinstance(t, Array) and t.shape is not None
        if self.outer:
            return {0: k}
        extra = len(self.shape) - len(t.shape)
        return {j: None if own == 1 and self.shape[j + extra] != 1 else j + extra for j, own in enumerate(t.shape)}


def member(op: Any) -> Member | None:
    """The operation as one that a nest can do, None if none can."""
    if not isinstance(op, Call):
        return None
    found = pointwise(op)
    if found is not None:
        return _with_pairs(Member(op, op.outputs[0].type.shape, found.operands, pointwise=found))  # type: ignore[attr-defined]
    reduced = reduction(op)
    if reduced is not None:
        assert isinstance(reduced.operand.type, Array) and reduced.operand.type.shape is not None
        return Member(op, reduced.operand.type.shape, (reduced.operand,), reduction=reduced)
    store = _store(op)
    if store is not None:
        return _with_pairs(Member(op, _shape_at(store), (store.value,), store=store))
    return None


def _with_pairs(found: Member) -> Member | None:
    """The operation with the axes that have to be equal; None if they can't all be."""
    if not found.shape:
        return None
    runs: dict[int, list[Axis]] = {k: [] for k in range(len(found.shape))}
    for k, value in enumerate(found.operands):
        t = value.type
        if not isinstance(t, Array):
            continue
        if t.shape is None or len(t.shape) > len(found.shape):
            return None
        for j, axis in found.axes_of(k).items():
            if axis is not None:
                runs[axis].append(t.shape[j])
    shape = list(found.shape)
    for k, own in runs.items():
        if found.store is None and own and not any(same_length(a, shape[k]) for a in own):
            found.defined[shape[k]] = shape[k] = own[0]
        for a in own:
            if same_length(a, shape[k]):
                continue
            if isinstance(a, int) and isinstance(shape[k], int):
                return None
            needed = not may_be_one(a) and (found.store is not None or not may_be_one(shape[k]))
            found.pairs.append(Pair(a, shape[k], needed))
    found.shape = tuple(shape)
    return found


def _shape_at(store: Store) -> Shape:
    t = store.target.type
    assert isinstance(t, Array) and t.shape is not None
    if store.index is None:
        return t.shape
    part = result_type(operator.getitem, (store.target, store.index), {}, "part")
    return part.shape or () if isinstance(part, Array) else ()


def _store(op: Call) -> Store | None:
    if op.outputs or op.kwargs or not op.args or type(op.fn).__hash__ is None:
        return None
    fn = update_of(op.fn)
    target = op.args[0]
    if not isinstance(target, Value) or not is_plain_array(target.type) or isinstance(target, Const):
        return None
    assert isinstance(target.type, Array)
    if op.fn in IN_PLACE and fn is not None and len(op.args) == 2:
        index, place, value = None, place_of(target), op.args[1]
    elif (fn is not None and op.fn in ITEM_UPDATES) or op.fn is operator.setitem:
        index, value = op.args[1:]
        found = part_of(target, index) if is_basic_index(index) else None
        if found is None:
            return None
        place = found
    else:
        return None
    plain = isinstance(value, Value) and (is_plain_array(value.type) or is_plain_number(value.type))
    if not plain or not fits_into(fn, target.type, value) or any(a.axis is None for a in place.indices):
        return None
    return Store(target, index, place, fn, value)


@dataclass(slots=True, eq=False)
class Group:
    """Operations that one nest does.

    Attributes:
        shape: its axes.
        assumed: the lengths that are equal in the region if what came so far does not raise.
        promised: operations that are going to be members.
        members: in program order.
        made: the new arrays of pointwise operations.
        produced: these, and what reductions result in.
        reads, writes: memory class -> where.
    """

    shape: Shape
    assumed: Facts
    promised: list[Member] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    made: set[Value] = field(default_factory=set)
    produced: set[Value] = field(default_factory=set)
    reads: dict[Any, set[Any]] = field(default_factory=dict)
    writes: dict[Any, set[Any]] = field(default_factory=dict)

    def add(self, new: Member, aliases: Aliases) -> None:
        """Takes in an operation."""
        for memory, where in reads_of(new, self.made, aliases):
            self.reads.setdefault(memory, set()).add(where)
        for memory, where in writes_of(new, aliases):
            self.writes.setdefault(memory, set()).add(where)
        self.members.append(new)
        if new.output is not None:
            self.produced.add(new.output)
            if new.pointwise is not None:
                self.made.add(new.output)

    def facts(self, new: Member | None = None) -> Facts:
        """Which lengths are equal where the nest is done, with another operation in it."""
        found = Facts(self.assumed)
        for m in [*self.members, *self.promised, *([] if new is None else [new])]:
            m.learn(found, stretched=True)
        return found

    def same_shape(self, shape: Shape, facts: Facts) -> bool:
        """Whether a shape is that of the nest."""
        return len(shape) == len(self.shape) and all(map(facts.equal, shape, self.shape))

    def admits(self, new: Member, aliases: Aliases) -> bool:
        """Whether an operation touches memory only where and when the nest does."""
        if len(new.shape) != len(self.shape) or self.touches(new, aliases, same_place=True):
            return False
        if new.store is not None and new.store.place.base in self.produced:
            return False
        facts = self.facts(new)
        if not self.same_shape(new.shape, facts):
            return False
        return not any(v in self.produced and not self._passes(new, v, facts) for v in new.operands)

    def comes_before(self, new: Member, aliases: Aliases) -> bool:
        """Whether the nest has to be done before an operation is."""
        if new.store is not None and new.store.place.base in self.produced:
            return True
        return not self.produced.isdisjoint(new.operands) or self.touches(new, aliases, same_place=False)

    def _passes(self, new: Member, value: Value, facts: Facts) -> bool:
        """Whether a value that the nest computes can be handed on element by element."""
        t = value.type
        same = isinstance(t, Array) and t.shape is not None and self.same_shape(t.shape, facts)
        return value in self.made and same and not new.outer

    def touches(self, new: Member, aliases: Aliases, same_place: bool) -> bool:
        """Whether an operation writes what the nest reads or writes, or reads what it writes.

        Args:
            new: the operation.
            aliases: which values share memory.
            same_place: whether touching the same element at the same time does not count.
        """
        for memory, where in writes_of(new, aliases):
            others = self.reads.get(memory, set()) | self.writes.get(memory, set())
            if others and not (same_place and others == {where}):
                return True
        for memory, where in reads_of(new, self.made, aliases):
            others = self.writes.get(memory, set())
            if others and not (same_place and others == {where}):
                return True
        return False


def reads_of(found: Member, made: set[Value], aliases: Aliases) -> list[tuple[Any, Any]]:
    """The memory that an operation reads, each with where the element lies."""
    rows = []
    for k, value in enumerate(found.read):
        if isinstance(value.type, Array) and value not in made and not isinstance(value, Const):
            place = place_of(value).moved(found.axes_of(k))
            rows.append((aliases.find(place.base), place))
    if found.store is not None and found.store.update is not None:
        rows += writes_of(found, aliases)
    return rows


def reads_what_it_writes(found: Member, aliases: Aliases) -> bool:
    """Whether an operation reads memory at other elements than it writes it at the same time."""
    alone = Group(found.shape, Facts())
    alone.add(found, aliases)
    return any(where | alone.reads.get(memory, where) != where for memory, where in alone.writes.items())


def writes_of(found: Member, aliases: Aliases) -> list[tuple[Any, Any]]:
    """The memory of others that an operation writes, with where the element lies."""
    if found.store is None:
        return []
    place = found.store.place
    runs = [a.axis for a in place.indices]
    # What does not run along each axis is written more than once: no other access is at the same time.
    where = place if len(set(runs)) == len(found.shape) else object()
    return [(aliases.find(place.base), where)]
