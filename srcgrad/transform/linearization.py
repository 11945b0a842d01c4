"""The function behind `linearize`: what depends on tangents apart from what does not, which is computed once.

The forward transform puts tangents beside their primals. Here the operations that depend on none of them come first,
and those that do become a second function, which can be called for one tangent after another. A loop or branch that
computes both stands in both. What only the order of writes keeps apart is not taken apart: `NotSeparable`.

Before -> after: `s = sin(x); s_dot = cos(x) * x_dot` -> `s = sin(x); c = cos(x)`, and `s_dot = c * x_dot`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.activity import flows, in_and_out, spread
from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.analysis.memory import LOOKUPS, among, reads_contents, told_apart, written
from srcgrad.errors import UnsupportedError
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.program import Program
from srcgrad.ir.nodes import (
    Call,
    Const,
    Enter,
    For,
    Function,
    If,
    Invoke,
    Loop,
    Op,
    Region,
    Try,
    Value,
    While,
    leaves,
    map_tree,
    references,
    walk,
    within,
)
from srcgrad.ir.types import Array
from srcgrad.transform.clone import clone_ops
from srcgrad.transform.effects import refuse_effects
from srcgrad.transform.function_names import name_apart
from srcgrad.transform.gradient import Gradient, finish, own_results, tidy
from srcgrad.transform.places import mirror
from srcgrad.transform.pushforward import with_tangents
from srcgrad.transform.simplify import remove_dead_code, replace_values
from srcgrad.transform.split import first_of_reverse, split


class NotSeparable(Exception):
    """What depends on tangents can't be told apart from what does not, or not without doing something twice."""


def linearization(program: Program, names: list[str], optimize: bool = True) -> Gradient:
    """The two functions behind `linearize`: one returns the value and what the other needs to make its tangent.

    The entry returns `(out, kept...)`; the other takes what is kept and then a tangent for each float leaf of some
    arguments, and returns the tangent of the value.

    Raises:
        NotSeparable: if there are no two such functions; the program is changed nevertheless.
    """
    function = program.function
    pushed = with_tangents(program, names, False, optimize)
    tangents = list(pushed.tangents.values())
    out_dot = _separate(function, tangents, pushed.out, pushed.out_dot)
    function.body.args = [arg for arg in function.body.args if arg not in tangents]
    function.params = list(function.body.args)
    shown = function.name
    finish(function, (pushed.out, out_dot), shown, optimize, own=False)
    out, out_dot = function.result
    function.result = (out,)
    forward, push, kept = split(function, out_dot, tangents, packed=False)
    forward.result = (out, *kept)
    forward.body.results = list(leaves(forward.result))
    lo = Lowering()
    lo.fixed_span = True
    with lo.into(push.body):
        own_results(push, lo)
    push.name = f"{shown}_push"
    forward.doc = f"Value of {shown}, and what its tangents need."
    push.doc = f"Tangent of the value of {shown} from those of its arguments."
    others = list(program.functions)
    for other in others:
        tidy(other)
    name_apart(others, {forward.name, push.name})
    return Gradient([*others, forward], push, len(kept), pushed.places)


def _separate(function: Function, tangents: list[Value], out: Any, out_dot: Any) -> Any:
    """Moves what depends on tangents behind all else; the tree of the tangent of the value, as it is then."""
    facts = _Dependence(function, tangents)
    if any(map(facts.depends, (*leaves(out), *[p for p in function.params if p not in tangents]))):
        raise NotSeparable
    first: list[Op] = []
    second: list[Op] = []
    mapping: dict[Value, Value] = {}
    ops = list(function.body.ops)
    last_writes = facts.last_writes(ops)
    for k, op in enumerate(ops):
        if not facts.touches(op):
            first.append(op)
            continue
        made = op
        if not isinstance(op, Call):
            facts.check_twice(op)
            if not all(map(facts.depends, op.outputs)):
                first.append(op)
                own: dict[Value, Value] = {}
                (made,) = clone_ops([op], own)
                mapping |= {o: own[o] for o in op.outputs if facts.depends(o)}
        elif not all(map(facts.depends, op.outputs)):
            raise NotSeparable
        copies = [v for v in _looked_at(op) if facts.changes(v, last_writes, k)]
        if not _told_apart(op).isdisjoint(copies):
            raise NotSeparable
        for value in copies:
            first.append(_copy_of(value, op))
        alone = Region()
        alone.ops = [made]
        replace_values(alone, dict(zip(copies, [c.outputs[0] for c in first[len(first) - len(copies) :]], strict=True)))
        second.append(made)
    rest = Region()
    rest.ops = second
    replace_values(rest, mapping)
    for op in within(first):
        op.mirror = None
    for op in second:
        mirror(op, op)
    function.body.ops = [*first, *second]
    for op in function.body.ops:
        op.parent = function.body
    out_dot = map_tree(lambda v: mapping.get(v, v), out_dot)
    function.result = (out, out_dot)
    function.body.results = list(leaves(function.result))
    remove_dead_code([function], settle=False)
    function.backward_from = first_of_reverse(function)
    apart = {v for op in second for v in op.outputs} | set(tangents)
    if any(not apart.isdisjoint(references(op)) for op in function.body.ops[: function.backward_from]):
        raise NotSeparable
    return out_dot


def _looked_at(op: Op) -> list[Value]:
    """The values whose contents an operation depends on, and not their shapes alone, nor which objects they are."""
    if not isinstance(op, Call):
        return list(references(op))
    apart = _told_apart(op)
    return [v for v in references(op) if v not in apart and reads_contents(op, v)]


def _told_apart(op: Op) -> set[Value]:
    """The values of which an operation, or one in its regions, asks which objects they are."""
    return {v for inner in within([op]) if isinstance(inner, Call) for v in told_apart(inner)}


def _copy_of(value: Value, op: Op) -> Call:
    """What keeps the contents of memory as an operation found them."""
    if not isinstance(value.type, Array):
        raise NotSeparable
    copy = runtime.copied if value.type.shape is None else np.ndarray.copy
    return Call(copy, (value,), {}, [Value(value.type, f"{value.hint}_then" if value.hint else None)], op.span)


class _Dependence:
    """What depends on the tangents: values, and memory that something of them is written to."""

    def __init__(self, function: Function, tangents: Iterable[Value]):
        self.aliases = Aliases([function])
        if any(map(self.aliases.is_written, tangents)) or any(isinstance(op, Enter) for op in walk(function.body)):
            raise NotSeparable
        self._found: set[Any] = set(tangents)
        self._memory: set[Any] = set()
        spread(self._found, in_and_out(function.body), self._spread)

    def _key(self, value: Value) -> Any:
        return self.aliases.find(value) if self.aliases.is_written(value) else value

    def depends(self, value: Value) -> bool:
        """Whether a value depends on a tangent, or holds memory that does."""
        if isinstance(value, Const):
            return False
        if self._key(value) in self._found:
            return True
        # What is written in a container by one call, the next one would find there.
        return is_pointer(value.type) and not self._memory.isdisjoint(self.aliases.within(value))

    def _mark(self, values: Iterable[Value]) -> None:
        given = [v for v in values if not isinstance(v, Const)]
        self._memory.update(self.aliases.find(v) for v in given if self.aliases.is_written(v))
        self._found.update(self._key(v) for v in given)

    def _spread(self, op: Op) -> None:
        if isinstance(op, Call):
            target = written(op)
            if among(op.fn, LOOKUPS) and any(map(self.depends, op.outputs)):
                # What is kept in a table by one call, the next one would find there.
                self._mark(op.args[:1])
            if any(map(self.depends, op.inputs)):
                self._mark(op.outputs)
                self._mark([] if target is None else [target])
            return
        decided_by = [op.condition] if isinstance(op, If) else []
        if isinstance(op, For):
            decided_by = [op.start, op.stop, op.step]
        elif isinstance(op, While):
            decided_by = op.test.results
        if isinstance(op, Loop) and op.exits:
            decided_by = [*decided_by, op.body.results[0]]
        if any(map(self.depends, decided_by)):
            self._mark(op.outputs)
        for target, source in flows(op):
            if self.depends(source):
                self._mark([target])

    def touches(self, op: Op) -> bool:
        """Whether an operation has anything to do with tangents."""
        return any(map(self.depends, (*op.outputs, *references(op))))

    def last_writes(self, ops: list[Op]) -> dict[Any, int]:
        """For each class of memory that does not depend on tangents the place of the last write."""
        found: dict[Any, int] = {}
        for k, op in enumerate(ops):
            for inner in within([op]):
                target = written(inner)
                if target is not None and not self.depends(target):
                    found[self.aliases.find(target)] = k
        return found

    def changes(self, value: Value, last_writes: dict[Any, int], k: int) -> bool:
        """Whether memory that the operation at a place looks at is written later."""
        if isinstance(value, Const) or not is_pointer(value.type) or self.depends(value):
            return False
        return last_writes.get(self.aliases.find(value), -1) > k

    def check_twice(self, op: Op) -> None:
        """Refuses what has to be done by both functions and can't be, since somebody would see that."""
        if not isinstance(op, (If, Loop)) or isinstance(op, Try):
            raise NotSeparable
        try:
            refuse_effects([op], set())
        except UnsupportedError as error:
            raise NotSeparable from error
        own = {v for region in op.regions for v in region.args}
        inside = [inner for region in op.regions for inner in walk(region)]
        for inner in inside:
            own.update(inner.outputs, *[region.args for region in inner.regions])
        for inner in inside:
            if isinstance(inner, (Try, Invoke)):
                raise NotSeparable
            target = written(inner)
            members = () if target is None else self.aliases.members.get(self.aliases.find(target), ())
            if target is not None and not self.depends(target) and not own.issuperset(members):
                raise NotSeparable
