"""Checkpointed loops: closed as a whole and turn by turn, and reversed by a schedule of snapshots.

The state of a loop is what it carries, and the arrays and lists from before it that it writes. Its reverse goes through
the turns from the last one to the first. It keeps some of the states on a stack, computes the state before a turn from
the one on top, by the loop itself on a part of its range, and reverses the turn, which it runs once more.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from srcgrad import runtime, schedule
from srcgrad.analysis.activity import Activity
from srcgrad.analysis.alias import Aliases, is_pointer, reachable
from srcgrad.analysis.origins import Origins
from srcgrad.errors import UnsupportedError
from srcgrad.frontend.iteration import iterator_length
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Iterator
from srcgrad.ir.nodes import UNDEFINED, Call, Closed, Const, For, Function, Op, Region, Value, While, references
from srcgrad.ir.types import INT, Array, List, Unknown
from srcgrad.transform import cotangents
from srcgrad.transform.clone import clone_ops
from srcgrad.transform.closed import (
    Cut,
    Reversed,
    add_parameters,
    check_kind,
    close_body,
    drop_unused,
    parameters,
    set_result,
)
from srcgrad.transform.control_reversal import count_trips
from srcgrad.transform.definedness import define_everywhere, filler
from srcgrad.transform.overlap import overlap_check
from srcgrad.transform.strong_zeros import Zeros

if TYPE_CHECKING:
    from srcgrad.transform.closed import ClosedPairs


@dataclass(eq=False)
class Turns:
    """How a closed loop is made of turns.

    The parameters of the loop are the bounds, the state, then constants; those of the turn are the index and the same.
    The results of both are the exit code, where there is one, and the state after it.

    Attributes:
        turn: one turn.
        op: the loop in the body of the closed function.
        start: where the index starts, if that is a constant.
        step, slots: these constants, or the parameters that they are.
        state: for each part of the state its parameter, None for what is not defined before the loop, and its result.
        constants: the parameters that are not changed.
        trips: the result that tells how many turns there were, if not the bounds tell.
    """

    turn: Closed
    op: For
    start: Const | None
    step: Const | int
    slots: Const | int
    state: list[tuple[int | None, int]]
    constants: list[int] = field(default_factory=list)
    trips: int | None = None


def close_loop(cut: Cut, views: list[Op], loop: For) -> tuple[Call, list[Value]]:
    """The call of a closed function that a checkpointed loop becomes, and the memory whose contents it returns."""
    if loop.exits:
        count_trips(loop)
    carried = list(loop.carried)
    known = [_has_value(loop, k) for k in range(len(carried))]
    entries = [k for k in range(len(carried)) if known[k]]
    own = {*loop.body.args}
    constants = [v for v in _used(loop, views) if v not in own]
    constants = list(dict.fromkeys([*constants, *[v for v in (loop.step, loop.slots) if not isinstance(v, Const)]]))
    given = [loop.start, loop.stop, *[_initial(loop, k) for k in entries], *constants]
    meaning = [loop.start, loop.stop, *[carried[k] for k in entries], *constants]
    closed, written = _whole(cut, views, loop, entries, constants, meaning)
    first = 2 + len(entries)
    memory = [k for k in written if k >= first]
    for k in written:
        if k < first:
            _check_start(cut, given[k], loop)
    turn, written_in_turn = _turn(cut, views, loop, entries, constants, meaning, [k - 1 for k in memory])
    offset = int(loop.exits)
    state: list[tuple[int | None, int]] = [(None, offset + k) for k in range(len(carried))]
    for place, k in enumerate(entries):
        state[k] = (2 + place, offset + k)
    results = offset + len(carried)
    extra = [k for k in written if k < first]
    state += [(k, results + len(extra) + place) for place, k in enumerate(memory)]
    parts = list(zip(state, range(offset, results + len(memory)), strict=True))
    _check_parts(closed, turn, parts, {k + 1 for k in written_in_turn})
    inner = next(op for op in closed.function.body.ops if isinstance(op, For) and op.slots is not None)
    inner.slots = None
    closed.loop = Turns(
        turn,
        inner,
        loop.start if isinstance(loop.start, Const) else None,
        loop.step if isinstance(loop.step, Const) else first + constants.index(loop.step),
        loop.slots if isinstance(loop.slots, Const) else first + constants.index(loop.slots),
        state,
        [k for k in range(first, len(given)) if k not in memory],
        results - 1 if loop.exits else None,
    )
    call = Call(closed, tuple(given), {}, list(loop.outputs), loop.span)
    return call, [given[k] for k in written]


def _has_value(loop: For, k: int) -> bool:
    """Whether what a loop carries is part of its state: all but what nobody reads that is not defined before."""
    init, arg = loop.inits[k], loop.carried[k]
    if not (isinstance(init, Const) and init.value is UNDEFINED):
        return True
    return any(arg in references(op) for op in loop.body.ops) or any(v is arg for v in loop.body.results)


def _initial(loop: For, k: int) -> Value:
    init = loop.inits[k]
    if not (isinstance(init, Const) and init.value is UNDEFINED):
        return init
    arg = loop.carried[k]
    if filler(arg.type) is None:
        raise UnsupportedError(
            f"{arg.hint or 'an array'} has no value before the first turn of this checkpointed loop",
            loop.span,
            "give it one before the loop",
        )
    return Const(filler(arg.type))


def _used(loop: For, views: list[Op]) -> list[Value]:
    """What the turns of a loop use that is defined before it, and not carried."""
    inside = {v for op in views for v in op.outputs} | {*loop.body.args}
    stack = list(loop.body.ops)
    while stack:
        op = stack.pop()
        inside.update(op.outputs)
        for region in op.regions:
            inside.update(region.args)
            stack += region.ops
    used = dict.fromkeys(v for op in (*views, *loop.body.ops) for v in references(op))
    used.update(dict.fromkeys(loop.body.results))
    return [v for v in used if v not in inside and not isinstance(v, Const)]


def _check_start(cut: Cut, init: Value, loop: For) -> None:
    """Refuses to write what the state starts from, if somebody else looks at it later."""
    shared = not all(isinstance(origin, Value) for origin in cut.origins.of(init))
    if shared or any(cut.origins.meet(init, other) for other in cut.after if other not in loop.outputs):
        raise UnsupportedError(
            f"the array that {init.hint or 'a name'} stands for before this checkpointed loop is written in it, by "
            "another name than later",
            loop.span,
            "start from a copy: .copy()",
        )


def _whole(
    cut: Cut, views: list[Op], loop: For, entries: list[int], constants: list[Value], meaning: list[Value]
) -> tuple[Closed, list[int]]:
    """The loop as a function of its bounds, its state and constants."""
    start = Value(INT, "start", loop.span)
    stop = Value(INT, "stop", loop.span)
    params = parameters([start, stop, *[loop.carried[k] for k in entries], *constants])
    mapping = dict(zip(constants, params[2 + len(entries) :], strict=True))
    body = Region(list(params))
    made = clone_ops([*views, loop], mapping)
    inner = made[-1]
    assert isinstance(inner, For)
    inner.start, inner.stop = params[0], params[1]
    for place, k in enumerate(entries):
        inner.inits[k] = params[2 + place]
    for op in made:
        body.append(op)
    body.results = list(inner.outputs)
    for output in inner.outputs:
        define_everywhere(output)
    return close_body(cut, f"{cut.name}_loop", params, meaning, body)


def _turn(
    cut: Cut,
    views: list[Op],
    loop: For,
    entries: list[int],
    constants: list[Value],
    meaning: list[Value],
    memory: list[int],
) -> tuple[Closed, list[int]]:
    """One turn as a function of the index, the state and constants, and which of these it writes."""
    params = parameters([loop.index, *[loop.carried[k] for k in entries], *constants])
    mapping = dict(zip(constants, params[1 + len(entries) :], strict=True))
    mapping[loop.index] = params[0]
    mapping.update(zip([loop.carried[k] for k in entries], params[1:], strict=False))
    body = Region(list(params))
    for op in clone_ops([*views, *loop.body.ops], mapping):
        body.append(op)
    body.results = [mapping.get(v, v) for v in loop.body.results]
    closed, written = close_body(cut, f"{cut.name}_turn", params, [loop.index, *meaning[2:]], body)
    results = closed.function.body.results
    copies = dict(zip(written, results[len(results) - len(written) :], strict=True))
    # What it writes of the state that it carries is either in what it hands on, or nobody looks at it any more.
    kept = [copies.get(k, closed.function.params[k]) for k in memory]
    closed.function.body.results = [*results[: len(results) - len(written)], *kept]
    closed.made = [*closed.made[: len(results) - len(written)], *kept]
    set_result(closed.function)
    return closed, written


def _check_parts(
    closed: Closed, turn: Closed, parts: list[tuple[tuple[int | None, int], int]], written: set[int]
) -> None:
    """Has a loop refuse a state of which one part has become the memory of another that the next turn writes.

    Each part is kept and handed over by itself: what is written to one would not be seen in the other. If the parts
    are apart before a turn, they are after it unless that turn hands on the memory of one of them twice.

    Args:
        closed: the loop; it is changed.
        turn: one turn of it.
        parts: the parts of the state, each with the result of a turn that it is.
        written: the parameters of the loop that a turn writes.
    """
    origins = Origins(Aliases([turn.function]), turn.function.params)
    handed = [(param, turn.made[k], closed.made[result]) for (param, result), k in parts if param is not None]
    handed = [(param, own, whole) for param, own, whole in handed if is_pointer(own.type)]
    met = [
        (j, k)
        for j, (param, own, _) in enumerate(handed)
        for k, (_, other, _) in enumerate(handed)
        if j != k and param in written and origins.meet(own, other)
    ]
    if not met:
        return
    function = closed.function
    both = [handed[k][2] for k in sorted({k for pair in met for k in pair})]
    known = [handed[j][2] for j in sorted({j for j, _ in met})]
    check = overlap_check(known, both, Aliases([function]))
    check.parent = function.body
    function.body.ops.append(check)


def reverse_turns(pairs: ClosedPairs, closed: Closed, seeds: dict[int, Zeros], inputs: list[int]) -> Reversed:
    """The reverse of a checkpointed loop."""
    made = _Schedule(pairs, closed, seeds, inputs).build()
    closed.swept |= closed.loop.turn.swept
    return made


class _Schedule:
    """Builds the reverse of a checkpointed loop.

    Attributes:
        active: the parts of the state that have cotangents.
        wanted: the constants that cotangents are wanted for.
    """

    def __init__(self, pairs: ClosedPairs, closed: Closed, seeds: dict[int, Zeros], inputs: list[int]):
        self.closed = closed
        self.turns: Turns = closed.loop
        primal = closed.function
        functions = reachable([primal])
        activity = Activity(
            functions, Aliases(functions), [primal.params[k] for k in inputs], [primal.body.results[k] for k in seeds]
        )
        self.active = [part for part in self.turns.state if self._is_active(part, activity)]
        self.inputs = inputs
        self.wanted = [k for k in inputs if k in self.turns.constants]
        for _, result in self.active:
            check_kind(primal.body.results[result], self.turns.op.span)
        self.late = [result for param, result in self.active if param is None]
        self.seeds = [result for _, result in self.active]
        self.rev = self._reversed_turn(pairs, seeds)
        self.lo = Lowering()
        self.lo.fixed_span = True
        self.lo.fresh_prefix = "b"
        self.lo.span = self.turns.op.span
        self.params = [Value(p.type, p.hint, p.span) for p in primal.params]

    def _reversed_turn(self, pairs: ClosedPairs, given: dict[int, Zeros]) -> Reversed:
        """The reverse of one turn: what its cotangents hold after a turn they may hold before the next one."""
        levels = {
            k: max(given.get(k, Zeros.UNUSED), Zeros.UNUSED if k in self.late else Zeros.NONE) for k in self.seeds
        }
        parts = [(param, result) for param, result in self.active if param is not None]
        wanted = [k - 1 for k in (*[param for param, _ in parts], *self.wanted)]
        late = tuple(self._result_of_turn(k) for k in self.late)
        while True:
            made = pairs.reverse_of(
                self.turns.turn, {self._result_of_turn(k): level for k, level in levels.items()}, wanted, late
            )
            grown = {result: max(levels[result], level) for (_, result), level in zip(parts, made.levels, strict=False)}
            if {**levels, **grown} == levels:
                self.levels = levels
                return made
            levels.update(grown)

    def _is_active(self, part: tuple[int | None, int], activity: Activity) -> bool:
        _, result = part
        value = self.closed.function.body.results[result]
        values = [value]
        if isinstance(value.owner, Call) and value.owner.fn in (np.ndarray.copy, runtime.copied):
            values += value.owner.inputs
        k = result - int(self.turns.op.exits)
        if k < len(self.turns.op.carried):
            values.append(self.turns.op.carried[k])
        return any(activity.active(v) for v in values)

    def _result_of_turn(self, k: int) -> int:
        """The result of a turn that is the result `k` of the loop: the loop also returns what its start has become."""
        carried = int(self.turns.op.exits) + len(self.turns.op.carried)
        memory = [result for param, result in self.turns.state if result >= carried]
        return k if k < carried else carried + memory.index(k)

    def build(self) -> Reversed:
        lo, turns, params = self.lo, self.turns, self.params
        body = Region(list(params))
        function = Function(f"{self.closed.function.name}_rev", list(params), body)
        primal = self.closed.function.body.results
        bars = [Value(primal[k].type, f"{primal[k].hint or 'out'}_bar", primal[k].span) for k in self.seeds]
        trips = [] if turns.trips is None else [Value(INT, "trips", turns.op.span)]
        add_parameters(function, [*trips, *bars])
        with lo.into(body):
            start = turns.start if turns.start is not None else params[0]
            step = turns.step if isinstance(turns.step, Const) else params[turns.step]
            count = trips[0] if trips else iterator_length(lo, Iterator(bounds=(start, params[1], step)))
            slots = self._number_of_slots(count)
            self.bounds = start, step
            stacks = self._stacks()
            final, sums = self._sweep(count, slots, stacks, bars)
            gradients = [self._gradient(k, final, sums) for k in self.inputs]
        body.results = gradients
        function.result = gradients[0] if len(gradients) == 1 else tuple(gradients)
        function.doc = f"Reverse sweep of {self.closed.function.name}, whose turns are run again from snapshots."
        needs = drop_unused(function, len(params))
        made = Closed(function)
        levels = dict(zip([k for k, _ in self.active if k is not None] + self.wanted, self.rev.levels, strict=True))
        # Without a turn they are what came in, and zeros for what is constant.
        levels.update({k: max(levels[k], self.levels[result]) for k, result in self.active if k is not None})
        levels.update({k: max(levels[k], Zeros.UNUSED) for k in self.wanted})
        found = [levels.get(k, Zeros.NONE) for k in self.inputs]
        extra = [] if turns.trips is None else [turns.trips]
        return Reversed(made, needs, self.seeds, found, extra, frozenset(self.late))

    def _number_of_slots(self, count: Value) -> Value:
        """How many states are kept: as many as the user says, or as there is room for."""
        lo, slots = self.lo, self.turns.slots
        if isinstance(slots, Const) and isinstance(slots.value, schedule.Bytes):
            state = [self.params[k] for k, _ in self.turns.state if k is not None]
            size: Value = Const(0)
            for part in state:
                own = lo.value(lo.emit(schedule.size_of, part))
                size = own if part is state[0] else lo.value(lo.emit(operator.add, size, own))
            return lo.value(lo.emit(schedule.slots_within, Const(int(slots.value)), size, hint="slots"))
        given = slots if isinstance(slots, Const) else self.params[slots]
        return lo.value(lo.emit(schedule.number_of_slots, given, count, hint="slots"))

    def _stacks(self) -> tuple[Value, list[tuple[int, Value]]]:
        """The lists of the turns before which states are kept, and of these states."""
        lo = self.lo
        at = Value(List(INT), "kept_at", lo.span)
        lo.append_call(list, ([Const(0)],), [at])
        stacks: list[tuple[int, Value]] = []
        for param, _ in self.turns.state:
            if param is None:
                continue
            value = self.params[param]
            stack = Value(List(value.type), f"{value.hint}_kept", lo.span)
            lo.append_call(list, ([value],), [stack])
            stacks.append((param, stack))
        return at, stacks

    def _sweep(self, count: Value, slots: Value, stacks: Any, bars: list[Value]) -> Any:
        """The loop over the turns, from the last one to the first: cotangents of the state, and of constants."""
        lo = self.lo
        at, kept = stacks
        sums = {k: self._zero(self.params[k]) for k in self.wanted}
        carried_sums = [k for k in self.wanted if not isinstance(self.params[k].type, (Array, List))]
        inits = [*bars, *[sums[k] for k in carried_sums]]
        named = self.turns.op.index.hint
        index = Value(INT, "turn" if named in (None, "_") else named, lo.span)
        types = [Unknown() if k in self.late else v.type for k, v in zip(self.seeds, bars, strict=True)]
        args = [Value(t, v.hint, v.span) for t, v in zip(types, bars, strict=True)]
        args += [Value(self.params[k].type, f"{self.params[k].hint}_bar", lo.span) for k in carried_sums]
        region = Region([index, *args])
        with lo.into(region):
            self._advance(index, slots, at, kept)
            state = {k: self._popped(stack) for k, stack in kept}
            lo.append_call(list.pop, (at,), [])
            results = self._reverse_turn(index, state, args[: len(bars)], args[len(bars) :], sums, carried_sums)
        region.results = results
        outputs = [Value(a.type, a.hint, a.span) for a in args]
        lo.append(For(Const(0), count, Const(1), inits, region, False, outputs, lo.span, True))
        final = {result: output for result, output in zip(self.seeds, outputs, strict=False)}
        sums.update(zip(carried_sums, outputs[len(bars) :], strict=True))
        return final, sums

    def _popped(self, stack: Value) -> Value:
        output = Value(stack.type.item, (stack.hint or "").removesuffix("_kept"), self.lo.span)
        self.lo.append_call(list.pop, (stack,), [output])
        return output

    def _advance(self, index: Value, slots: Value, at: Value, kept: list[tuple[int, Value]]) -> None:
        """Brings the state on top of the stacks to the turn that is to be reversed."""
        lo = self.lo
        test, body = Region(), Region()
        with lo.into(test):
            top = Value(INT, None, lo.span)
            lo.append_call(operator.getitem, (at, Const(-1)), [top])
            test.results = [lo.value(lo.emit(operator.lt, top, index))]
        with lo.into(body):
            begin = Value(INT, "begin", lo.span)
            lo.append_call(operator.getitem, (at, Const(-1)), [begin])
            free = lo.emit(operator.sub, slots, lo.emit_typed(len, (at,), {}, INT))
            end = lo.value(lo.emit(schedule.next_snapshot, begin, index, free, hint="end"))
            args = [self.place(begin), self.place(end), *self.params[2:]]
            for k, stack in kept:
                args[k] = Value(stack.type.item, self.params[k].hint, lo.span)
                lo.append_call(operator.getitem, (stack, Const(-1)), [args[k]])
            primal = self.closed.function.body.results
            outputs = [Value(v.type, v.hint, lo.span) for v in primal]
            lo.append(Call(self.closed, tuple(args), {}, outputs, lo.span))
            result_of = {param: result for param, result in self.turns.state if param is not None}
            for k, stack in kept:
                lo.append_call(list.append, (stack, outputs[result_of[k]]), [])
            lo.append_call(list.append, (at, end), [])
        lo.append(While([], test, body, False, [], lo.span))

    def place(self, turn: Value) -> Value:
        """The index of a turn that is known by its number."""
        lo = self.lo
        start, step = self.bounds
        scaled = turn if cotangents.is_number(step, 1) else lo.emit(operator.mul, turn, step)
        return lo.value(scaled if cotangents.is_number(start, 0) else lo.emit(operator.add, start, scaled))

    def _reverse_turn(
        self,
        index: Value,
        state: dict[int, Value],
        bars: list[Value],
        totals: list[Value],
        sums: dict[int, Value],
        carried_sums: list[int],
    ) -> list[Value]:
        """Reverses a turn; the cotangents of the state before it, and sums of those of numbers that are constant."""
        lo = self.lo
        given = [self.place(index), *[state.get(k, self.params[k]) for k in range(2, len(self.params))]]
        by_seed = {self._result_of_turn(k): bar for k, bar in zip(self.seeds, bars, strict=True)}
        args = [given[k] for k in self.rev.needs] + [by_seed[k] for k in self.rev.seeds]
        parts = [param for param, _ in self.active if param is not None]
        outputs = [Value(self.params[k].type, f"{self.params[k].hint}_bar", lo.span) for k in [*parts, *self.wanted]]
        lo.append(Call(self.rev.closed, tuple(args), {}, outputs, lo.span))
        before = dict(zip(parts, outputs, strict=False))
        found = dict(zip(self.wanted, outputs[len(parts) :], strict=True))
        for k in self.wanted:
            kind = self.params[k].type
            if isinstance(kind, Array):
                lo.effect(operator.iadd, sums[k], found[k])
            elif isinstance(kind, List):
                lo.effect(runtime.add_each, sums[k], found[k])
        results = [Const(0.0) if param is None else before[param] for param, _ in self.active]
        for total, k in zip(totals, carried_sums, strict=True):
            results.append(lo.value(lo.emit(operator.add, total, found[k])))
        return results

    def _zero(self, value: Value) -> Value:
        if isinstance(value.type, (Array, List)):
            return cotangents.zeros(self.lo, value, f"{value.hint}_bar")
        return Const(0.0)

    def _gradient(self, k: int, final: dict[int, Value], sums: dict[int, Value]) -> Value:
        if k in sums:
            return sums[k]
        part = next(((param, result) for param, result in self.active if param == k), None)
        return final[part[1]] if part is not None else self._zero(self.params[k])
