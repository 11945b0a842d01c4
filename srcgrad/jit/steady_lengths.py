"""Lengths that stay the same from turn to turn: of what loops carry, of what lists hold, and of what is taped.

Types give such arrays lengths of their own, as each turn may make another one. Where a length goes round in elementwise
operations alone, it is taken to be that of a parameter, and looked at where an array goes in:

    for k in range(n):                           for k in range(n):
        y = np.tanh(x * w)                           y = np.tanh(x * w)
        tape.append(x)                               tape.append(x)
        x = y + xs[k]                                x = y + xs[k]
                                                     if len(x) != len(w):
                                                         raise Stretched("the length of an array changes")

Tapes can then be arrays, and buffers be allocated before the loop. Where it turns out to be otherwise, the code is made
again, and takes nothing for granted.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass, field

from srcgrad.ir.nodes import Call, Const, Function, If, Loop, Op, Region, Value, While, walk
from srcgrad.ir.types import BOOL, Array, Axis, Dim, same_length
from srcgrad.jit.groups import member
from srcgrad.jit.lengths import Facts, Lengths, Stretched, raise_if
from srcgrad.jit.pointwise import Writer, is_plain_array
from srcgrad.jit.retyping import uncertain_arrays
from srcgrad.runtime import zeros_like
from srcgrad.transform.split import first_of_reverse

CHANGES = "the length of an array changes from turn to turn"


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where an array goes into a place that holds one array after the other.

    Attributes:
        op: a loop, a branch, or a call that puts something into a list.
        region: of a loop its body, of a branch one of its sides, at the end of which the array is passed on; None for
            what goes in before the operation is done.
        item: which one of those that go in there.
    """

    op: Op
    region: Region | None
    item: int

    @property
    def value(self) -> Value:
        """The array, whatever passes have made of it."""
        if self.region is not None:
            return self.region.results[self.item]
        if isinstance(self.op, Loop):
            return self.op.inits[self.item]
        return _items(self.op)[self.item]

    def check(self, axes: tuple[Axis, ...], arrays: list[Value]) -> None:
        """Writes what raises if the array has other lengths than these."""
        t = self.value.type
        assert isinstance(t, Array) and t.shape is not None
        made = Region()
        writer = Writer(made, self.op)
        for k, axis in enumerate(axes):
            if not same_length(t.shape[k], axis):
                own = Lengths(Facts(), [self.value]).exact(writer, t.shape[k])
                expected = Lengths(Facts(), arrays).exact(writer, axis)
                raise_if(writer, writer.call(operator.ne, own, expected, type=BOOL), Stretched, CHANGES)
        region = self.region or self.op.parent
        assert region is not None
        place = len(region.ops) if self.region is not None else region.ops.index(self.op)
        region.ops[place:place] = made.ops
        for op in made.ops:
            op.parent = region


@dataclass(slots=True)
class Place:
    """What holds one array after the other.

    Attributes:
        entrances: where they go in.
        names: what they are called where they are read.
        axes: their lengths, if they are all alike.
    """

    entrances: list[Entrance]
    names: list[Value]
    axes: tuple[Axis, ...] = field(default=())

    def lengths(self, k: int) -> list[Axis]:
        """Those of axis `k` where arrays are read and, first of all, where they go in."""
        values = [*(e.value for e in self.entrances), *self.names]
        return [v.type.shape[k] for v in values]  # type: ignore[attr-defined]


def assume_lengths(function: Function) -> list[Place]:
    """Takes lengths for granted that stay the same if nothing is stretched.

    Args:
        function: with settled lengths; the types of its arrays are changed.

    Returns:
        What `check_assumed` has to look at.
    """
    doubtful = uncertain_arrays(function)
    places = [place for place in _places(function) if _is_usable(place, doubtful)]
    members = [m for op in walk(function.body) if (m := member(op)) is not None] if places else []
    shifted = _shifted(function) if places else []
    before = -1
    while len(places) != before:
        before = len(places)
        facts = Facts()
        for place in places:
            for k in range(_rank(place)):
                entering, *others = place.lengths(k)[:1] + _own(place, k)
                for other in others:
                    facts.learn(other, entering)
        for m in members:
            m.learn(facts, stretched=True)
        confused = [axis for axis in shifted if facts.equal(axis, Dim(axis.name))]
        places = [place for place in places if _settles(place, facts, _arrays(function), confused)]
    _rename(function, places)
    return places


def check_assumed(function: Function, places: list[Place]) -> None:
    """Writes checks of the lengths that were taken for granted, where types do not tell them by now."""
    arrays = _arrays(function)
    for place in places:
        for entrance in place.entrances:
            entrance.check(place.axes, arrays)
    if function.backward_from is not None:
        function.backward_from = first_of_reverse(function)


# Places


def _places(function: Function) -> list[Place]:
    found: list[Place] = []
    lists: dict[Value, list[Op]] = {}
    for op in walk(function.body):
        if isinstance(op, Loop):
            found += _carried(op)
        elif isinstance(op, If):
            rows = enumerate(op.outputs)
            found += [Place([Entrance(op, region, k) for region in op.regions], [out]) for k, out in rows]
        elif isinstance(op, Call) and op.fn is list and not op.args:
            lists[op.outputs[0]] = []
        for value in (*op.inputs, *(v for region in op.regions for v in region.results)):
            if value in lists:
                lists[value].append(op)
    kept = set(function.body.results)
    return [*found, *(place for x, uses in lists.items() if x not in kept for place in _held(x, uses))]


def _carried(loop: Loop) -> list[Place]:
    tests = loop.test.args if isinstance(loop, While) else loop.carried
    shift = int(loop.exits)
    return [
        Place([Entrance(loop, None, k), Entrance(loop, loop.body, k + shift)], list(dict.fromkeys(names)))
        for k, names in enumerate(zip(loop.carried, tests, loop.carried_outputs, strict=True))
    ]


def _held(x: Value, uses: list[Op]) -> list[Place]:
    """The places for what a list holds: one, or one for each of the values that are put in side by side."""
    puts = [op for op in uses if _is_put(op, x)]
    takes = [op for op in uses if _is_taken(op, x)]
    others = [op for op in uses if op not in puts and op not in takes]
    if not puts or any(not isinstance(op, Call) or op.fn not in (len, zeros_like) for op in others):
        return []
    widths = {len(_items(op)) for op in puts} | {len(op.outputs) for op in takes}
    if len(widths) != 1:
        return []
    (width,) = widths
    return [Place([Entrance(op, None, k) for op in puts], [op.outputs[k] for op in takes]) for k in range(width)]


def _is_put(op: Op, x: Value) -> bool:
    puts = isinstance(op, Call) and op.fn in (list.append, operator.setitem) and op.args[0] is x and not op.kwargs
    return puts and all(v is not x and isinstance(v, Value) for v in _items(op)) and not _has_slice(op)


def _is_taken(op: Op, x: Value) -> bool:
    takes = isinstance(op, Call) and op.fn in (list.pop, operator.getitem) and op.args[0] is x and not op.kwargs
    return takes and not _has_slice(op)


def _has_slice(op: Op) -> bool:
    return op.fn in (operator.getitem, operator.setitem) and not isinstance(op.args[1], Value)  # type: ignore[attr-defined]


def _items(op: Op) -> tuple:
    """What a call puts into a list, side by side."""
    item = op.args[-1]  # type: ignore[attr-defined]
    return item if isinstance(item, tuple) else (item,)


# Lengths


def _is_usable(place: Place, doubtful: set[Value]) -> bool:
    """Whether it holds arrays of one dtype and number of axes, of which not all lengths are known."""
    values = [*(e.value for e in place.entrances), *place.names]
    first = values[0].type
    if not is_plain_array(first) or not doubtful.isdisjoint(values):
        return False
    assert isinstance(first, Array)
    alike = all(isinstance(v.type, Array) and v.type.dtype == first.dtype and v.type.ndim == first.ndim for v in values)
    if any(0 in (e.value.type.shape or ()) for e in place.entrances if isinstance(e.value.type, Array)):
        # What stands for an array that is not there yet is shorter than those that follow.
        return False
    return alike and not any(isinstance(v, Const) for v in values) and any(_own(place, k) for k in range(_rank(place)))


def _rank(place: Place) -> int:
    t = place.entrances[0].value.type
    assert isinstance(t, Array) and t.shape is not None
    return len(t.shape)


def _own(place: Place, k: int) -> list[Axis]:
    """The lengths that arrays that are read have for themselves alone."""
    axes = [(v, v.type.shape[k]) for v in place.names]  # type: ignore[attr-defined]
    return [a for v, a in axes if isinstance(a, Dim) and a.offset == 0 and a.name.startswith(f"%{v.uid}.")]


def _arrays(function: Function) -> list[Value]:
    """The parameters that have lengths."""
    return [x for x in function.params if isinstance(x.type, Array) and x.type.shape is not None]


def _shifted(function: Function) -> list[Dim]:
    """The lengths that are others, and so much more or less."""
    types = [v.type for op in walk(function.body) for v in op.outputs]
    axes = [a for t in types if isinstance(t, Array) for a in t.shape or ()]
    return list(dict.fromkeys([a for a in axes if isinstance(a, Dim) and a.offset]))


def _settles(place: Place, facts: Facts, arrays: Iterable[Value], confused: Iterable[Dim]) -> bool:
    """Whether all lengths of a place are equal, and those of a parameter; notes them.

    Args:
        place: what holds arrays.
        facts: which lengths are equal, if those of each place are.
        arrays: the parameters.
        confused: lengths that would be equal to others that are shorter or longer: nothing follows from them.
    """
    axes: list[Axis] = []
    for k in range(_rank(place)):
        first, *others = place.lengths(k)
        axis = _measured(first, facts, arrays)
        if axis is None or not all(facts.equal(first, other) for other in others):
            return False
        if any(facts.equal(first, other) for other in confused):
            return False
        axes.append(axis)
    place.axes = tuple(axes)
    return True


def _measured(axis: Axis, facts: Facts, arrays: Iterable[Value]) -> Axis | None:
    """An axis of the same length of which it is known how long it is, all the time."""
    if isinstance(axis, int):
        return axis
    known = [own for x in arrays for own in x.type.shape]  # type: ignore[attr-defined]
    return next((own for own in known if facts.equal(own, axis)), None)


def _rename(function: Function, places: list[Place]) -> None:
    """Gives lengths that were taken for granted the names of those that they are."""
    names: dict[str, Axis] = {}
    for place in places:
        for k, axis in enumerate(place.axes):
            names.update({own.name: axis for own in _own(place, k) if isinstance(own, Dim)})
    if not names:
        return
    for op in walk(function.body):
        for value in (*op.outputs, *(arg for region in op.regions for arg in region.args)):
            t = value.type
            if isinstance(t, Array) and t.shape is not None:
                value.type = Array(t.dtype, tuple([_renamed(a, names) for a in t.shape]))


def _renamed(axis: Axis, names: dict[str, Axis]) -> Axis:
    known = names.get(axis.name) if isinstance(axis, Dim) else None
    if known is None or not isinstance(axis, Dim):
        return axis
    return max(known + axis.offset, 0) if isinstance(known, int) else known.shifted(axis.offset)
