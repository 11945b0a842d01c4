"""Shadows of buffers that loops hand around in a fixed order: known while compiling, and so in no table.

    for _ in range(n):                  for _ in reversed(range(n)):
        step(u, v)                          u_bar, v_bar = v_bar, u_bar
        u, v = v, u                         ...

    for _ in range(n):                  for _ in reversed(range(n)):
        new = u.copy()                      u_bar = np.zeros_like(u)
        ...                                 ...
        u = new                             new_bar = u_bar

In straight-line code each buffer has one name at a time: a loop takes it over under the name of an argument of its
body, and gives it back under that of an output. If the body carries into its next turn buffers that it was given, or
has made, each of them once, and nobody uses a name whose buffer was taken over, then a name always stands for the same
buffer, and the reversed loop can carry the shadows the other way. Of a buffer that is not carried on, the shadow begins
in the turn that has used it last.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import is_view, told_apart
from srcgrad.ir.nodes import Call, Const, For, Function, Invoke, Loop, Op, Region, Value, While, walk
from srcgrad.ir.types import Array
from srcgrad.transform.cotangents import is_fresh
from srcgrad.transform.homes import ancestor
from srcgrad.transform.places import region_of
from srcgrad.transform.simplify import replace_values


def settle_shadows(function: Function, aliases: Aliases, mirrors: dict[Region, Region]) -> None:
    """Replaces the look-ups of shadows in a table where it is clear which shadow is found.

    Args:
        function: it has both sweeps.
        aliases: what the values of the forward sweep point to.
        mirrors: region of the forward sweep -> its reverse.
    """
    start = function.backward_from
    assert start is not None
    reverse = Region()
    reverse.ops = function.body.ops[start:]
    found = [op for op in walk(reverse) if isinstance(op, Call) and op.fn is runtime.shadow_of]
    if not found:
        return
    classes = {aliases.find(op.args[1]): None for op in found}
    uses = _Uses(function, start)
    for memory in classes:
        lookups = [op for op in found if aliases.find(op.args[1]) is memory]
        buffers = _Buffers(aliases, memory, uses)
        if buffers.are_handed_around(mirrors, lookups):
            _replace(function, buffers, lookups, mirrors)


class _Uses:
    """The operations of a forward sweep that use values, and those of the reverse sweep that tell them apart."""

    def __init__(self, function: Function, start: int):
        self.of: dict[Value, list[Op]] = {}
        self.results: dict[Value, list[Region]] = {}
        self.escaping: set[Value] = set()
        forward, backward = Region(), Region()
        forward.ops, backward.ops = function.body.ops[:start], function.body.ops[start:]
        for op in walk(forward):
            for value in op.inputs:
                self.of.setdefault(value, []).append(op)
            for region in op.regions:
                for value in region.results:
                    self.results.setdefault(value, []).append(region)
            if isinstance(op, Invoke):
                self.escaping.update(op.args)
            if isinstance(op, Call):
                self.escaping.update(told_apart(op))
        for op in walk(backward):
            if isinstance(op, Call) and op.fn is not runtime.shadow_of:
                self.escaping.update(told_apart(op))
            if isinstance(op, Invoke):
                self.escaping.update(op.args)
        self.returned = set(function.body.results)


@dataclass(slots=True)
class _Taken:
    """A loop that takes buffers over: for each, the position among what it carries."""

    loop: Loop
    slots: list[int] = field(default_factory=list)


class _Buffers:
    """The names of the buffers of one class of memory.

    Attributes:
        loops: the loops that take some of them over.
        taken: name -> the loop that takes its buffer over, and the position there.
    """

    def __init__(self, aliases: Aliases, memory: Any, uses: _Uses):
        self.aliases = aliases
        self.memory = memory
        self.uses = uses
        self.members: list[Value] = aliases.members.get(memory, [])
        self.loops: list[_Taken] = []
        self.taken: dict[Value, tuple[Loop, int]] = {}
        self._bases: dict[Value, Value] = {}

    def are_handed_around(self, mirrors: dict[Region, Region], lookups: list[Call]) -> bool:
        """Whether each name always stands for one buffer."""
        if self.aliases.is_held(self.memory) or not self.uses.escaping.isdisjoint(self.members):
            return False
        if not all(self._is_plain(value) for value in self.members):
            return False
        loops = {value.owner for value in self.members if isinstance(value.owner, Loop)}
        return (
            bool(loops)
            and all(self._takes_over(loop, mirrors) for loop in loops)
            and all(self._hands_on(taken) for taken in self.loops)
            and all(map(self._ends_in_time, self.taken))
            and all(op.args[1] not in self._bases for op in lookups)
        )

    def _is_plain(self, value: Value) -> bool:
        """Whether a name is that of a new array, a view of one, or of what a loop carries."""
        owner = value.owner
        if not isinstance(value.type, Array):
            return False
        if isinstance(owner, Region):
            return isinstance(owner.parent, Loop)
        if isinstance(owner, Call) and is_view(owner) and owner.args[0] in self.members:
            base = owner.args[0]
            self._bases[value] = self._bases.get(base, base)
            return True
        return isinstance(owner, Loop) or is_fresh(value)

    def _takes_over(self, loop: Loop, mirrors: dict[Region, Region]) -> bool:
        slots = [k for k, arg in enumerate(loop.carried) if self._is_member(arg)]
        self.loops.append(_Taken(loop, slots))
        back = mirrors.get(loop.body)
        if back is None or not isinstance(back.parent, For) or back.parent.exits:
            return False
        for k in slots:
            init = loop.inits[k]
            if not self._is_member(init) or init in self._bases or init in self.taken or init in self.uses.results:
                return False
            if region_of(init) is not loop.parent:
                return False
            self.taken[init] = (loop, k)
            if isinstance(loop, While) and loop.test.args[k] in self.uses.of:
                return False
        return True

    def _is_member(self, value: Value) -> bool:
        return not isinstance(value, Const) and self.aliases.find(value) is self.memory

    def _hands_on(self, taken: _Taken) -> bool:
        """Whether a body carries buffers into the next turn, each of them once and under the last name it has."""
        loop = taken.loop
        results = [loop.carried_results[k] for k in taken.slots]
        if len(set(results)) != len(results):
            return False
        for result in results:
            regions = self.uses.results.get(result, [])
            owner = result.owner
            known = owner is loop.body or (isinstance(owner, (Loop, Call)) and owner.parent is loop.body)
            if not known or len(regions) != 1 or result in self.taken or not self._is_member(result):
                return False
            if result in self._bases:
                # The next turn would have a shadow for a view, and this one another for what it is a view of.
                return False
        return True

    def _ends_in_time(self, value: Value) -> bool:
        """Whether a name, and views of what it stands for, are not used any more once its buffer was taken over."""
        loop, _ = self.taken[value]
        home = loop.parent
        assert home is not None
        names = [value, *[view for view, base in self._bases.items() if base is value]]
        place = home.ops.index(loop)
        for name in names:
            if name in self.uses.returned or (name is not value and name in self.uses.results):
                return False
            for op in self.uses.of.get(name, ()):
                inside = op if op.parent is home else ancestor(op.parent, home) if op.parent is not None else None
                if inside is None or (inside is not loop and home.ops.index(inside) > place):
                    return False
                if inside is loop and op is not loop:
                    return False
        return True


def _replace(function: Function, buffers: _Buffers, lookups: list[Call], mirrors: dict[Region, Region]) -> None:
    """Makes the reversed loops carry shadows, and puts those in place of what was looked up."""
    shadows: dict[Value, Value] = {}
    backs: dict[Loop, For] = {}
    for taken in buffers.loops:
        back = mirrors[taken.loop.body].parent
        assert isinstance(back, For)
        backs[taken.loop] = back
        for k in taken.slots:
            given, got = taken.loop.carried_results[k], taken.loop.inits[k]
            shadows[given] = _shadow(given, back.body)
            shadows[got] = _shadow(got, back)
            back.body.args.append(shadows[given])
            back.outputs.append(shadows[got])
    for op in lookups:
        if op.args[1] not in shadows:
            _allocate(op.args[1], shadows, function, mirrors, op)
    for taken in buffers.loops:
        for k in taken.slots:
            output, arg = taken.loop.carried_outputs[k], taken.loop.carried[k]
            for name in (output, arg):
                if name not in shadows:
                    _allocate(name, shadows, function, mirrors, taken.loop)
            backs[taken.loop].inits.append(shadows[output])
            backs[taken.loop].body.results.append(shadows[arg])
    mapping = {op.outputs[0]: shadows[op.args[1]] for op in lookups}
    for op in lookups:
        assert op.parent is not None
        op.parent.ops.remove(op)
    replace_values(function.body, mapping)


def _shadow(value: Value, owner: Op | Region) -> Value:
    shadow = Value(value.type, f"{value.hint}_bar" if value.hint else None, value.span)
    shadow.owner, shadow.primal = owner, value
    return shadow


def _allocate(
    value: Value, shadows: dict[Value, Value], function: Function, mirrors: dict[Region, Region], near: Op
) -> None:
    """Makes the shadow of a buffer where the reverse sweep begins to know it: under the last name it has."""
    home = mirrors[region_of(value)]
    shadow = _shadow(value, home)
    dtype = value.type.dtype if isinstance(value.type, Array) else None
    # A buffer may begin with integers, and be made of floats in a later turn.
    zeros = np.zeros_like if dtype is not None and dtype.kind in "fc" else runtime.zeros_like
    op = Call(zeros, (value,), {}, [shadow], near.span)
    op.mirror = near.mirror or near
    op.parent = home
    home.ops.insert(function.backward_from or 0 if home is function.body else 0, op)
    shadows[value] = shadow
