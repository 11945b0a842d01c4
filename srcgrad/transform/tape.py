"""Hands the reverse sweep what it uses of the forward sweep: kept in a variable, recomputed, or saved on a tape.

A value of the main region is simply kept. A value of a branch is kept under a name that outlives the branch. A value
of a loop body is recomputed where that is cheap, and else pushed in each iteration of the forward loop and popped in
the same iteration of the reversed one.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.memory import copies_perhaps, is_view, only_metadata, reads_contents, shape_operand, written
from srcgrad.analysis.versions import Versions
from srcgrad.analysis.words import word
from srcgrad.ir.nodes import (
    UNDEFINED,
    Call,
    Commit,
    Const,
    Function,
    If,
    Loop,
    Op,
    Region,
    Try,
    Value,
    map_tree,
    references,
    walk,
)
from srcgrad.ir.types import F8, Array, List, Type, Unknown, is_scalar, rank
from srcgrad.rules.registry import hashable
from srcgrad.rules.result_types import result_type
from srcgrad.transform.algebra import operands_of_shape
from srcgrad.transform.definedness import define_everywhere
from srcgrad.transform.simplify import is_removable_purely
from srcgrad.transform.undo import Contents

_NEVER = float("inf")
_SAVE_SCALAR = 3.0
_SAVE_ARRAY = 1.5
"""Against 1 for a pass over the operands: memory that is kept cannot be used again while it is in the cache."""
_EXPENSIVE = 30.0
_VIEW = 0.2
_ONE_PASS = frozenset([operator.add, operator.sub, operator.mul, operator.neg])
"""On arrays, one pass in the cache: cheaper than writing the result to memory and reading it back later."""
_DEEPEST = 12
_CHEAP = frozenset(
    getattr(operator, name)
    for name in [
        "add",
        "sub",
        "mul",
        "neg",
        "pos",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "is_",
        "is_not",
        "not_",
        "and_",
        "or_",
        "floordiv",
        "mod",
        "truediv",
    ]
)


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
    ):
        self.function = function
        self.aliases = aliases
        self.versions = versions
        self.indices = indices
        self.contents = contents
        self._saved: dict[Region, dict[Value, Value]] = {}
        self._exported: dict[Value, Value] = {}
        self._forward: set[Region] = set()
        self._reverses: dict[Region, list[Region]] = {}
        self._levels: list[_Level] = []
        self._lengths: dict[Value, Value] = {}

    def run(self) -> None:
        body = self.function.body
        start = self.function.backward_from
        assert start is not None
        forward = body.ops[:start]
        self._forward.add(body)
        for op in forward:
            self._collect(op)
        reverse = Region()
        reverse.ops = body.ops[start:]
        self._legalize(reverse, body)
        forward = body.ops[: self.function.backward_from]
        for op in reverse.ops:
            op.parent = body
        body.ops = [*forward, *reverse.ops]
        self._write_tapes()

    def _collect(self, op: Op) -> None:
        for region in op.regions:
            self._forward.add(region)
            for inner in region.ops:
                self._collect(inner)

    def _legalize(self, region: Region, home: Region) -> None:
        """Rewrites a region of the reverse sweep; `home` is the region of the forward sweep that it reverses."""
        # A loop that the reverse sweep makes for itself inside takes nothing off the tape.
        reverses = region.mirror is home and self._level(home) is None
        level = _Level(region, home)
        self._levels.append(level)
        if reverses and _in_loop(home):
            self._save_what_must_be(region, home)
        for op in region.ops:
            level.current = op
            if isinstance(op, Call):
                self._choose_shape(op)
            for value in references(op):
                if self._home(value) is home:
                    self._use(value)
            op.replace_inputs(self._use)
            for inner in op.regions:
                self._legalize(inner, home if inner.mirror is None else inner.mirror)
            op.parent = region
            level.ops.append(op)
        level.current = None
        region.results = [self._use(v) for v in region.results]
        region.ops = level.ops
        self._levels.pop()
        if reverses:
            self._reverses.setdefault(home, []).append(region)

    def _save_what_must_be(self, region: Region, home: Region) -> None:
        """Saves first what cannot be recomputed, so that what follows from it need not be saved."""
        for op in walk(region):
            for value in op.inputs:
                if self._home(value) is home and value not in self.indices and reads_contents(op, value):
                    owner = value.owner
                    if not isinstance(owner, Call) or self._is_expensive(owner):
                        self._save(value, home)

    def _home(self, value: Value) -> Region | None:
        """The region of the forward sweep that a value is defined in, None for values of the reverse sweep."""
        owner = value.owner
        region = owner if isinstance(owner, Region) else owner.parent if owner is not None else None
        return region if region in self._forward else None

    def _use(self, value: Value) -> Value:
        """What stands for a value of the forward sweep at this point of the reverse sweep."""
        if isinstance(value, Const):
            return value
        home = self._home(value)
        if home is None or home is self.function.body:
            return value
        index = self.indices.get(value)
        if index is not None:
            return index
        level = self._level(home)
        if level is None:
            return self._save(value, home)
        known = next((seen.env[value] for seen in self._levels if value in seen.env), None)
        if known is None:
            if self._recompute_cost(value, level, 0) < self._save_cost(value, home):
                known = self._recompute(value, level)
            else:
                known = self._save(value, home)
            level.env[value] = known
        return known

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
        op.args = tuple([best if k == place else arg for k, arg in enumerate(op.args)])
        if op.fn is np.zeros_like and self._cost(best) >= 1.0:
            self._allocate_by_lengths(op, best)

    def _cost(self, value: Value) -> float:
        home = self._home(value)
        if home is None or home is self.function.body:
            return 0.0
        level = self._level(home)
        return self._save_cost(value, home) if level is None else self._least_cost(value, level, 0)

    def _allocate_by_lengths(self, op: Call, x: Value) -> None:
        """`np.zeros_like(x)` -> `np.zeros(len(x))`, so that a number is saved and not the array."""
        assert isinstance(x.type, Array)
        axes, region = x.type.shape, self._home(x)
        if axes is None or x.type.dtype is None or region is None or not isinstance(x.owner, Call):
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
        if value in self._saved.get(home, ()):
            return 0.0
        if not _in_loop(home):
            return 1.5
        return _SAVE_SCALAR if is_scalar(value.type) else _SAVE_ARRAY

    def _recompute_cost(self, value: Value, level: _Level, depth: int) -> float:
        if isinstance(value, Const) or value in self.indices or any(value in seen.env for seen in self._levels):
            return 0.0
        home = self._home(value)
        if home is None or home is self.function.body:
            return 0.0
        if home is not level.home:
            outer = self._level(home)
            return self._save_cost(value, home) if outer is None else self._least_cost(value, outer, depth)
        if value in self._saved.get(home, ()):
            return 0.0
        owner = value.owner
        if not isinstance(owner, Call) or depth > _DEEPEST or owner.unpacks or not owner.outputs:
            return _NEVER
        cost = self._own_cost(owner, level)
        for operand in owner.inputs:
            operand = self._now(operand, owner, level)
            if cost >= _NEVER:
                break
            cost += self._least_cost(operand, level, depth + 1)
        return cost

    def _least_cost(self, value: Value, level: _Level, depth: int) -> float:
        cost = self._recompute_cost(value, level, depth)
        home = self._home(value)
        return cost if home is None or home is self.function.body else min(cost, self._save_cost(value, home))

    def _own_cost(self, op: Call, level: _Level) -> float:
        if written(op) is not None or not is_removable_purely(op):
            return _NEVER
        output = op.outputs[0]
        view = is_view(op) and is_pointer(output.type) and not copies_perhaps(op)
        if (self.aliases.is_written(output) or self._is_identified(output)) and not view:
            # A second allocation would not hold what was written to the first, nor have its shadow.
            return _NEVER
        if only_metadata(op):
            return 0.5
        if is_view(op) and is_pointer(output.type):
            kept = isinstance(op.args[0].type, List) or (
                isinstance(output.type, Unknown) and not self._reads_again(op, level)
            )
            return _NEVER if kept else _VIEW
        for pointer in op.inputs:
            if not is_pointer(pointer.type):
                continue
            if isinstance(pointer.type, List):
                return _NEVER
            if self._now(pointer, op, level) is pointer and not self._is_as_read(pointer, op, level):
                return _NEVER
        return _EXPENSIVE if self._is_expensive(op) else 1.0

    def _is_identified(self, value: Value) -> bool:
        return is_pointer(value.type) and self.aliases.find(value) in self.aliases.identified

    def _is_expensive(self, op: Call) -> bool:
        """Whether to compute a result again costs more than to keep it, wherever its operands come from."""
        if op.unpacks or not op.outputs:
            return True
        output = op.outputs[0]
        if is_view(op) and is_pointer(output.type):
            return False
        if self.aliases.is_written(output):
            return True
        if only_metadata(op):
            return False
        if is_scalar(output.type) and op.fn is operator.getitem:
            return False
        return not (hashable(op.fn) and op.fn in _CHEAP and (is_scalar(output.type) or op.fn in _ONE_PASS))

    def _now(self, pointer: Value, op: Call, level: _Level) -> Value:
        """What holds in the reverse sweep what an operation of the forward sweep read: a copy, if there is one."""
        if not self.aliases.is_written(pointer) or is_view(op) or self._is_as_read(pointer, op, level):
            return pointer
        copy = self.contents.copied(pointer, op) if self.versions.is_forward(op) else None
        return pointer if copy is None else copy

    def _is_as_read(self, pointer: Value, op: Call, level: _Level) -> bool:
        return not self.aliases.is_written(pointer) or self._stands(pointer, op, level)

    def _reads_again(self, op: Call, level: _Level) -> bool:
        """Whether what may be a number would be read again as it was."""
        return not self.aliases.is_written(op.args[0]) or self._stands(op.args[0], op, level)

    def _stands(self, pointer: Value, op: Call, level: _Level) -> bool:
        """Whether memory holds now, in the reverse sweep, what it held when the operation read it."""
        memory = self.aliases.find(pointer)
        if not self.versions.is_forward(op):
            return False
        if memory not in self.contents.undone:
            return not self.versions.stale(memory, op)
        last = level.current.mirror if level.current is not None else None
        return (
            last is not None and self.versions.is_forward(last) and not self.versions.written_between(memory, op, last)
        )

    def _recompute(self, value: Value, level: _Level) -> Value:
        owner = value.owner
        assert isinstance(owner, Call)

        def use(operand: Value) -> Value:
            return self._use(self._now(operand, owner, level))

        args, kwargs = map_tree(use, owner.args), map_tree(use, owner.kwargs)
        output = Value(value.type, value.hint, value.span)
        op = Call(owner.fn, args, kwargs, [output], owner.span)
        op.mirror = owner if level.current is None else level.current.mirror
        op.parent = level.region
        level.ops.append(op)
        return output

    # Saving

    def _save(self, value: Value, home: Region) -> Value:
        if not _in_loop(home):
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
            same = [output for output in same if _is_alike(output.type, current.type)]
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
            home = max(inner, key=_depth) if inner else next(iter(self._saved))
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


def _is_alike(a: Type, b: Type) -> bool:
    """Whether two types differ at most in what they know of lengths."""
    if isinstance(a, Array) and isinstance(b, Array):
        return a.dtype == b.dtype and rank(a) == rank(b) is not None
    return a == b


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


def _in_loop(region: Region) -> bool:
    current: Region | None = region
    while current is not None and current.parent is not None:
        if isinstance(current.parent, Loop):
            return True
        current = current.parent.parent
    return False
