"""Hands the reverse sweep what it uses of the forward sweep: kept in a variable, recomputed, or saved on a tape.

A value of the main region is simply kept. A value of a branch is kept under a name that outlives the branch. A value
of a loop body is recomputed where that is cheap, and else pushed in each iteration of the forward loop and popped in
the same iteration of the reversed one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import shape_operand
from srcgrad.analysis.versions import Versions
from srcgrad.analysis.words import word
from srcgrad.ir.nodes import (
    UNDEFINED,
    Call,
    Commit,
    Const,
    For,
    Function,
    If,
    Op,
    Region,
    Try,
    Value,
    map_tree,
    references,
)
from srcgrad.ir.types import F8, Array, Axis, List, Type, Unknown, same_length
from srcgrad.rules.result_types import result_type
from srcgrad.transform.algebra import operands_of_shape
from srcgrad.transform.costs import INTERPRETED, NEVER, Costs
from srcgrad.transform.definedness import define_everywhere
from srcgrad.transform.homes import Homes, in_loop
from srcgrad.transform.plan import Choice, HandedOn, Plan, is_alike
from srcgrad.transform.recompute import Recompute
from srcgrad.transform.undo import Contents

_DEEPEST = 12
_BY_TYPE = frozenset([np.zeros_like, np.empty_like])
"""What needs an array for its shape and dtype alone: any other that has these does."""


class _Level:
    """A region of the reverse sweep while it is rewritten.

    Attributes:
        env: value of the forward sweep -> what stands for it here.
        ops: what has been rewritten so far; what is recomputed goes to its end.
        current: the operation being rewritten.
    """

    __slots__ = ("current", "env", "home", "ops", "region")

    def __init__(self, region: Region, home: Region):
        self.region = region
        self.home = home
        self.env: dict[Value, Value] = {}
        self.ops: list[Op] = []
        self.current: Op | None = None

    @property
    def place(self) -> Op | None:
        """The operation of the forward sweep that is being reversed."""
        return None if self.current is None else self.current.mirror


class Tape:
    """Legalises the reverse sweep of one function.

    Attributes:
        indices: index of a forward loop -> index of its reverse.
        contents: how the reverse sweep gets at what has been overwritten.
    """

    def __init__(
        self,
        function: Function,
        aliases: Aliases,
        versions: Versions,
        indices: dict[Value, Value],
        contents: Contents,
        outputs: Iterable[Value],
        costs: Costs = INTERPRETED,
    ):
        self.function = function
        self.indices = indices
        self._contents = contents
        self._recompute = Recompute(aliases, versions, contents, costs)
        self._outputs = list(outputs)
        self._homes = Homes(function)
        self._choice = Choice()
        self._handed_on: dict[Value, HandedOn] = {}
        self._saved: dict[Region, dict[Value, Value]] = {}
        self._exported: dict[Value, Value] = {}
        self._reverses: dict[Region, list[Region]] = {}
        self._levels: list[_Level] = []
        self._lengths: dict[Value, Value] = {}

    def run(self) -> None:
        body = self.function.body
        start = self.function.backward_from
        assert start is not None
        reverse = Region()
        reverse.ops = body.ops[start:]
        plan = Plan(self.function, self._homes, self.indices, self._recompute, self._outputs)
        self._choice = plan.run(reverse)
        self._contents.restore_only(plan.restored(self._choice))
        reverse.ops = body.ops[self.function.backward_from :]
        plan.make_copies(self._choice, self._contents)
        self._handed_on = plan.handed_on
        self._legalize(reverse, body)
        forward = body.ops[: self.function.backward_from]
        for op in reverse.ops:
            op.parent = body
        body.ops = [*forward, *reverse.ops]
        self._write_tapes()

    def _legalize(self, region: Region, home: Region) -> None:
        """Rewrites a region of the reverse sweep; `home` is the region of the forward sweep that it reverses."""
        # A loop that the reverse sweep makes for itself inside takes nothing off the tape.
        reverses = region.mirror is home and self._level(home) is None
        level = _Level(region, home)
        self._levels.append(level)
        for op in region.ops:
            level.current = op
            if isinstance(op, Call):
                self._choose_shape(op)
            for value in references(op):
                if self._homes.of(value) is home:
                    self._use(value)
            op.replace_inputs(self._use)
            for inner in op.regions:
                self._legalize(inner, home if inner.mirror is None else inner.mirror)
            op.parent = region
            level.ops.append(op)
        level.current = None
        results: list[Value] = []
        while len(results) < len(region.results):
            # What is handed on from turn to turn comes to the end of the list.
            results.append(self._use(region.results[len(results)]))
        region.results = results
        region.ops = level.ops
        self._levels.pop()
        if reverses:
            self._reverses.setdefault(home, []).append(region)

    def _use(self, value: Value) -> Value:
        """What stands for a value of the forward sweep at this point of the reverse sweep."""
        if self._homes.is_kept(value):
            return value
        home = self._home(value)
        index = self.indices.get(value)
        if index is not None:
            return index
        level = self._level(home)
        if level is None:
            return self._save(value, home)
        known = next((seen.env[value] for seen in self._levels if value in seen.env), None)
        if known is None:
            known = self._run_again(value, level) if self._is_cheap(value, level) else self._save(value, home)
            level.env[value] = known
        return known

    def _home(self, value: Value) -> Region:
        home = self._homes.of(value)
        assert home is not None
        return home

    def _is_cheap(self, value: Value, level: _Level) -> bool:
        """Whether to compute a value again, and not to save it."""
        if value in self._choice.again or value in self._choice.saved:
            return value in self._choice.again
        return self._recompute_cost(value, level, 0) < self._save_cost(value, level.home)

    def _level(self, home: Region) -> _Level | None:
        """The outermost level of the reverse sweep, of those being rewritten, that reverses a region."""
        return next((level for level in self._levels if level.home is home), None)

    # Shapes

    def _choose_shape(self, op: Call) -> None:
        """Looks at the shape of whatever has it and is there, or can be there at little cost."""
        place = shape_operand(op)
        x = op.args[place] if place is not None else None
        if not isinstance(x, Value) or not isinstance(x.type, Array):
            return
        candidates, pending = [x], [x]
        while pending:
            found = [v for v in operands_of_shape(pending.pop()) if v not in candidates]
            candidates += found
            pending += found
        best = min(candidates, key=self._cost)
        if self._cost(best) > 0.0 and op.fn in _BY_TYPE:
            best = self._kept_alike(best) or best
        op.args = tuple([best if k == place else arg for k, arg in enumerate(op.args)])
        if op.fn is np.zeros_like and self._cost(best) >= self._recompute.costs.size(best) > 0.0:
            self._allocate_by_lengths(op, best)

    def _kept_alike(self, x: Value) -> Value | None:
        """An array of the main region that has the shape and the dtype of another one, whatever the loop turn."""
        axes = x.type.shape if isinstance(x.type, Array) else None
        if axes is None or x.type.dtype is None or not all(isinstance(a, int) or a.stable for a in axes):
            return None
        ops = self.function.body.ops[: self.function.backward_from]
        kept = [*self.function.params, *[output for op in ops if isinstance(op, Call) for output in op.outputs]]
        return next((v for v in kept if v.hint and _has_axes(v.type, x.type.dtype, axes)), None)

    def _cost(self, value: Value) -> float:
        if self._homes.is_kept(value):
            return 0.0
        home = self._home(value)
        level = self._level(home)
        return self._save_cost(value, home) if level is None else self._least_cost(value, level, 0)

    def _allocate_by_lengths(self, op: Call, x: Value) -> None:
        """`np.zeros_like(x)` -> `np.zeros(len(x))`, so that at most a number is saved, and not the array."""
        assert isinstance(x.type, Array)
        made = x.owner
        if isinstance(made, Call) and made.fn in (np.zeros, np.empty) and all(map(self._homes.is_kept, made.inputs)):
            op.fn, op.args, op.kwargs = np.zeros, made.args, made.kwargs
            return
        axes, region = x.type.shape, self._home(x)
        if axes is None or x.type.dtype is None or not isinstance(x.owner, Call):
            # What a loop carries may be undefined in its first iteration, and has no length then.
            return
        shape: Any
        if all(isinstance(axis, int) for axis in axes):
            shape = Const(axes[0]) if len(axes) == 1 else tuple([Const(axis) for axis in axes])
        elif len(axes) == 1:
            shape = self._length(x, region)
        else:
            return
        op.fn, op.args = np.zeros, (shape,) if x.type.dtype == F8 else (shape, Const(x.type.dtype.type))

    def _length(self, x: Value, region: Region) -> Value:
        if x not in self._lengths:
            length = Value(result_type(len, (x,), {}, "length"), f"n_{x.hint}" if x.hint else None, x.span)
            read = Call(len, (x,), {}, [length], x.span)
            read.parent = region
            region.ops.insert(1 + _position(region, x), read)
            self._lengths[x] = length
        return self._lengths[x]

    # Availability

    def _save_cost(self, value: Value, home: Region) -> float:
        if value in self._saved.get(home, ()) or value in self._choice.saved:
            return 0.0
        costs = self._recompute.costs
        return costs.size(value) + (costs.tape if in_loop(home) else costs.export)

    def _recompute_cost(self, value: Value, level: _Level, depth: int) -> float:
        if value in self.indices or self._homes.is_kept(value) or any(value in seen.env for seen in self._levels):
            return 0.0
        home = self._home(value)
        if home is not level.home:
            outer = self._level(home)
            return self._save_cost(value, home) if outer is None else self._least_cost(value, outer, depth)
        if value in self._saved.get(home, ()) or value in self._choice.saved:
            return 0.0
        owner = value.owner
        if not isinstance(owner, Call) or depth > _DEEPEST:
            return NEVER
        cost = self._recompute.cost(owner, level.place)
        for operand in owner.inputs:
            if cost >= NEVER:
                break
            cost += self._least_cost(self._recompute.operand(operand, owner, level.place), level, depth + 1)
        return cost

    def _least_cost(self, value: Value, level: _Level, depth: int) -> float:
        cost = self._recompute_cost(value, level, depth)
        return cost if self._homes.is_kept(value) else min(cost, self._save_cost(value, self._home(value)))

    def _hand_on(self, value: Value, level: _Level) -> Value:
        """What was taken off the tape in the turn before: the reversed loop carries it."""
        known, backwards = self._handed_on[value], level.region.parent
        assert isinstance(backwards, For)
        init = self._use(known.output)
        arg, output = Value(known.arg.type, value.hint, value.span), Value(known.arg.type, known.arg.hint, value.span)
        arg.owner, output.owner = level.region, backwards
        backwards.inits.append(init)
        backwards.outputs.append(output)
        level.region.args.append(arg)
        level.region.results.append(known.arg)
        return arg

    def _run_again(self, value: Value, level: _Level) -> Value:
        if value in self._handed_on:
            return self._hand_on(value, level)
        owner, place = value.owner, level.place
        assert isinstance(owner, Call)

        def use(operand: Value) -> Value:
            return self._use(self._recompute.operand(operand, owner, place))

        args, kwargs = map_tree(use, owner.args), map_tree(use, owner.kwargs)
        output = Value(value.type, value.hint, value.span)
        op = Call(owner.fn, args, kwargs, [output], owner.span)
        op.mirror = owner if place is None else place
        op.parent = level.region
        level.ops.append(op)
        return output

    # Saving

    def _save(self, value: Value, home: Region) -> Value:
        if not in_loop(home):
            return self._export(value, home)
        slots = self._saved.setdefault(home, {})
        if value not in slots:
            define_everywhere(value)
            value.hint = value.hint or word(value)
            slots[value] = Value(value.type, value.hint, value.span)
        return slots[value]

    def _export(self, value: Value, home: Region) -> Value:
        """Lets a value outlive the branch it is defined in."""
        known = self._exported.get(value)
        if known is not None:
            return known
        current = value
        region: Region | None = home
        while region is not None and region.parent is not None:
            parent = region.parent
            assert isinstance(parent, If)
            same = [o for o, r in zip(parent.outputs, region.results, strict=True) if r is current]
            same = [output for output in same if is_alike(output.type, current.type)]
            if same:
                # Where this side was not taken, nobody asks for the value.
                current, region = same[0], parent.parent
                continue
            output = Value(current.type, current.hint, current.span)
            output.owner = parent
            parent.outputs.append(output)
            for side in (parent.then, parent.orelse):
                side.results.append(current if side is region else Const(UNDEFINED))
            current, region = output, parent.parent
        self._exported[value] = current
        return current

    def _write_tapes(self) -> None:
        """Makes a tape for each region that saves: pushes in the forward sweep, pops where its reverse starts.

        The tape of a loop in a protected part comes first: it is saved like any value of that part.
        """
        while self._saved:
            inner = [home for home in self._saved if _protected_part_around(home) is not None]
            home = max(inner, key=_depth) if inner else min(self._saved, key=_depth)
            slots = self._saved.pop(home)
            regions = self._reverses.get(home)
            if not regions:
                continue
            place = {op: k for k, op in enumerate(home.ops)} | {a: k - len(home.args) for k, a in enumerate(home.args)}
            values = sorted(slots, key=lambda v: place[v if isinstance(v.owner, Region) else v.owner])  # type: ignore[index]
            single = len(values) == 1
            hint = f"{values[0].hint}_tape" if single and values[0].hint else "tape"
            tape = Value(List(values[0].type if single else Unknown()), hint)
            self._push(tape, values, home)
            made_in = self._make(tape, values, home)
            for region in regions:
                source = tape if made_in is None else self._taken(tape, made_in, region)
                pop = Call(list.pop, (source,), {}, [slots[value] for value in values])
                pop.parent = region
                region.ops.insert(0, pop)

    def _push(self, tape: Value, values: list[Value], home: Region) -> None:
        item: Any = values[0] if len(values) == 1 else tuple(values)
        push = Call(list.append, (tape, item), {}, [], values[-1].span)
        place = 1 + max((_position(home, v) for v in values), default=-1)
        if isinstance(home.parent, Try) and home is home.parent.then:
            # A part that does not complete must leave nothing on the tape.
            place = max(place, _end_of_protection(home))
        push.parent = home
        home.ops.insert(place, push)

    def _make(self, tape: Value, values: list[Value], home: Region) -> Region | None:
        """Makes the list: in front of everything (None), or in the protected part around it."""
        make = Call(list, (), {}, [tape], values[-1].span)
        body = self.function.body
        protected = _protected_part_around(home)
        if protected is not None:
            make.parent = protected
            protected.ops.insert(0, make)
            return protected
        make.parent = body
        body.ops.insert(body.ops.index(_top_op(home, body)), make)
        assert self.function.backward_from is not None
        self.function.backward_from += 1
        return None

    def _taken(self, tape: Value, protected: Region, region: Region) -> Value:
        """A copy of a tape that was made in a protected part: a pullback must find it again."""
        saved = self._save(tape, protected)
        around = region
        while around not in self._reverses[protected]:
            assert around.parent is not None and around.parent.parent is not None
            around = around.parent.parent
        copy = Value(tape.type, tape.hint, tape.span)
        taken = Call(list.copy, (saved,), {}, [copy], tape.span)
        taken.parent = around
        around.ops.insert(0, taken)
        return copy


def _protected_part_around(home: Region) -> Region | None:
    """The innermost protected part that a region stands in, at some depth."""
    region = home
    while region.parent is not None:
        inner, parent = region, region.parent
        if isinstance(parent, Try) and inner is parent.then and inner is not home:
            return inner
        assert parent.parent is not None
        region = parent.parent
    return None


def _depth(region: Region) -> int:
    depth = 0
    while region.parent is not None and region.parent.parent is not None:
        region, depth = region.parent.parent, depth + 1
    return depth


def _has_axes(t: Type, dtype: np.dtype, axes: tuple[Axis, ...]) -> bool:
    if not isinstance(t, Array) or t.shape is None or t.dtype != dtype or len(t.shape) != len(axes):
        return False
    return all(map(same_length, t.shape, axes))


def _end_of_protection(region: Region) -> int:
    """Where the protected part of the body of a `Try` ends."""
    return next((k for k, op in enumerate(region.ops) if isinstance(op, Commit)), len(region.ops))


def _position(region: Region, value: Value) -> int:
    owner = value.owner
    return -1 if isinstance(owner, Region) else region.ops.index(owner)  # type: ignore[arg-type]


def _top_op(region: Region, body: Region) -> Op:
    """The operation of the main region that holds a region."""
    parent = region.parent
    while parent is not None and parent.parent is not body:
        assert parent.parent is not None
        parent = parent.parent.parent
    assert parent is not None
    return parent
