"""Out of regions: the graph as statements with assignments, jumps and returns, before the values have names.

What a region hands to its surroundings becomes a `Copy` at its end (all pairs at once); exit codes become `break`,
`continue` and `return`. Most copies vanish when both sides get the same name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from srcgrad.backend.nesting import Jump, Plan, jump_at, only_in_results
from srcgrad.ir.nodes import (
    Const,
    Enter,
    Exit,
    For,
    Function,
    If,
    Leave,
    Loop,
    Op,
    Raise,
    Region,
    Try,
    Value,
    While,
    leaves,
    leaves_loop,
    map_tree,
)

MAX_INLINED = 3


@dataclass(slots=True, eq=False)
class Stmt:
    """Base of the statements. `op` is the operation it comes from, for comments."""

    op: Op | None


@dataclass(slots=True, eq=False)
class Simple(Stmt):
    """An operation printed as one statement, with what nests in it."""


@dataclass(slots=True, eq=False)
class Copy(Stmt):
    """Simultaneous assignments. A source in `inlined` is printed as its expression."""

    pairs: list[tuple[Value, Value]]
    inlined: set[Value] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Branch(Stmt):
    """`if`. With `leaves_loop` the test is whether the exit code `test` leaves the loop."""

    test: Value
    then: list[Stmt]
    orelse: list[Stmt]
    negated: bool = False
    leaves_loop: bool = False


@dataclass(slots=True, eq=False)
class TryBlock(Branch):
    """`try`: `then` is the body, up to its `Commit` protected, and `orelse` the handler; `test` is what it catches."""


@dataclass(slots=True, eq=False)
class WithBlock(Stmt):
    """`with`."""

    body: list[Stmt]


@dataclass(slots=True, eq=False)
class ForLoop(Stmt):
    body: list[Stmt]


@dataclass(slots=True, eq=False)
class WhileLoop(Stmt):
    """`while`; without a test it is `while True`."""

    test: Value | None
    body: list[Stmt]


@dataclass(slots=True, eq=False)
class Break(Stmt):
    pass


@dataclass(slots=True, eq=False)
class Continue(Stmt):
    pass


@dataclass(slots=True, eq=False)
class Return(Stmt):
    """`return`; `inlined` is a value printed as its expression."""

    tree: Any
    inlined: set[Value] = field(default_factory=set)


Resolved = list[Value]


class _Tail:
    """What happens where a region ends."""

    jumps = False

    def finish(self, results: Resolved) -> list[Stmt]:
        raise NotImplementedError

    def dissolves(self, results: Resolved, op: If) -> bool:
        """Whether the two sides of the last `If` of the region should each end in a jump of its own."""
        return False

    def leaves(self, results: Resolved) -> bool:
        """Whether control never goes on behind a region with these results."""
        return self.jumps


class _Join(_Tail):
    """The outputs of an operation get the results; control goes on behind it."""

    def __init__(self, outputs: list[Value], op: Op, plan: Plan):
        self.outputs, self.op, self.plan = outputs, op, plan

    def finish(self, results: Resolved) -> list[Stmt]:
        pairs = [(out, r) for out, r in zip(self.outputs, results, strict=True) if self.plan.uses.get(out)]
        return [Copy(self.op, pairs)] if pairs else []


class _Chain(_Tail):
    """The end of a side of the last `If` of a region: what happens at the end of that region."""

    jumps = True

    def __init__(self, op: If, region: Region, outer: _Tail, known: dict[Value, Value] | None = None):
        self.op, self.region, self.outer, self.known = op, region, outer, known or {}

    def _outer_results(self, results: Resolved) -> Resolved:
        known = self.known
        path = dict(zip(self.op.outputs, (known.get(r, r) for r in results), strict=True))
        return [path.get(r, known.get(r, r)) for r in self.region.results]

    def finish(self, results: Resolved) -> list[Stmt]:
        return self.outer.finish(self._outer_results(results))

    def dissolves(self, results: Resolved, op: If) -> bool:
        return self.outer.dissolves(self._outer_results(results), op)

    def leaves(self, results: Resolved) -> bool:
        return self.outer.leaves(self._outer_results(results))


class _Return(_Tail):
    jumps = True

    def __init__(self, function: Function):
        self.function = function
        backward = function.backward_from
        self.backward = set() if backward is None else set(function.body.ops[backward:])

    def finish(self, results: Resolved) -> list[Stmt]:
        if self.function.result is None:
            return [Return(None, None)]
        path = dict(zip(self.function.body.results, results, strict=True))
        return [Return(None, map_tree(lambda v: path.get(v, v), self.function.result))]

    def dissolves(self, results: Resolved, op: If) -> bool:
        if op in self.backward or not op.outputs:
            return False
        own = all(isinstance(r, Const) or r in op.outputs for r in results)
        return own and all(out.hint is None for out in op.outputs)


class _NextIteration(_Tail):
    """The end of a loop's body: the carried values move on, and the exit code says where to."""

    def __init__(self, loop: Loop, plan: Plan):
        self.loop, self.plan = loop, plan
        self.jumps = loop.exits
        self.code = loop.outputs[0] if loop.exits and plan.uses.get(loop.outputs[0]) else None

    def finish(self, results: Resolved) -> list[Stmt]:
        loop = self.loop
        moves = zip(loop.carried, results[int(loop.exits) :], strict=True)
        pairs = [(a, r) for a, r in moves if a is not r and needed(loop, a, self.plan)]
        if not loop.exits:
            return [Copy(loop, pairs), Continue(loop)]
        code = results[0]
        if isinstance(code, Const):
            if not leaves_loop(code.value):
                return [Copy(loop, pairs), Continue(loop)]
            return [Copy(loop, pairs + self.left_with(code)), Break(loop)]
        leave: list[Stmt] = [Copy(loop, self.left_with(code))] if self.code else []
        return [Copy(loop, pairs), Branch(loop, code, [*leave, Break(loop)], [], leaves_loop=True), Continue(loop)]

    def left_with(self, code: Value) -> list[tuple[Value, Value]]:
        """The assignment that says how the loop was left, if anybody asks."""
        if self.code is None:
            return []
        return [(self.code, Const(True) if self.code in self.plan.exit_flags else code)]

    def dissolves(self, results: Resolved, op: If) -> bool:
        return self.loop.exits and results[0] in op.outputs


class _Threaded(_Tail):
    """The end of a side of a `Jump`'s first `If`: on to the rest, or out."""

    jumps = True

    def __init__(self, jump: Jump, region: Region, outer: _Tail, plan: Plan):
        self.jump, self.region, self.outer = jump, region, outer
        self.join = _Join(jump.first.outputs, jump.first, plan)
        self.slot = jump.slot

    def finish(self, results: Resolved) -> list[Stmt]:
        jump = self.jump
        if jump.goes_on[int(results[self.slot].value)]:  # type: ignore[attr-defined]
            return self.join.finish(results)
        return self._way_out(results).finish(jump.through.results)

    def _way_out(self, results: Resolved) -> _Chain:
        known = dict(zip(self.jump.first.outputs, results, strict=True))
        return _Chain(self.jump.second, self.region, self.outer, known)

    def dissolves(self, results: Resolved, op: If) -> bool:
        return results[self.slot] in op.outputs

    def leaves(self, results: Resolved) -> bool:
        code = results[self.slot]
        goes_on = not isinstance(code, Const) or self.jump.goes_on[int(code.value)]
        return not goes_on and self._way_out(results).leaves(self.jump.through.results)


def needed(loop: Loop, carried: Value, plan: Plan) -> bool:
    """Whether a carried value is looked at, in the loop or after it."""
    k = loop.carried.index(carried)
    test_use = isinstance(loop, While) and plan.uses.get(loop.test.args[k], 0) > 0
    return bool(test_use or plan.uses.get(carried) or plan.uses.get(loop.carried_outputs[k]))


class Structure:
    """Turns the regions of one function into statements."""

    def __init__(self, function: Function, plan: Plan):
        self.plan = plan
        self.function = function

    def build(self) -> list[Stmt]:
        return self._region(self.function.body, _Return(self.function))

    def _printed_elsewhere(self, op: Op) -> bool:
        return self.plan.is_alias(op) or (len(op.outputs) == 1 and op.outputs[0] in self.plan.nested)

    def _region(self, region: Region, tail: _Tail) -> list[Stmt]:
        out: list[Stmt] = []
        around: list[list[Stmt]] = []
        for k, op in enumerate(region.ops):
            if self._printed_elsewhere(op):
                continue
            if isinstance(op, Enter):
                around.append(out)
                out.append(WithBlock(op, out := []))
                continue
            if isinstance(op, Leave):
                out = around.pop()
                continue
            if type(op) is If and isinstance(op.condition, Const):
                out += self._region(op.then if op.condition.value else op.orelse, _Join(op.outputs, op, self.plan))
            elif isinstance(op, If) and op not in self.plan.conditionals:
                jump = jump_at(region, k, self.plan.uses) if tail.jumps else None
                if jump is not None and self._jumps(jump, region, tail):
                    return out + self._jump(jump, region, tail)
                if self._dissolves(op, region, tail):
                    return [*out, self._branch(op, _Chain(op, region, tail))]
                out.append(self._branch(op, _Join(op.outputs, op, self.plan)))
            elif isinstance(op, Loop):
                out += self._loop(op)
            else:
                out.append(Simple(op))
                if isinstance(op, Raise):
                    return around[0] if around else out
        return self._end(out, tail.finish(region.results))

    def _dissolves(self, op: If, region: Region, tail: _Tail) -> bool:
        return (
            tail.jumps
            and op is region.ops[-1]
            and only_in_results(op, region, self.plan.uses)
            and tail.dissolves(region.results, op)
        )

    def _branch(self, op: If, tail: _Tail) -> Branch:
        if isinstance(op, Try):
            return TryBlock(op, op.catches, self._region(op.then, tail), self._region(op.orelse, tail))
        return Branch(op, op.condition, self._region(op.then, tail), self._region(op.orelse, tail))

    def _jumps(self, jump: Jump, region: Region, tail: _Tail) -> bool:
        """Whether some codes lead past the rest, and all of these to somewhere else than behind the region."""
        past = [code for code, goes_on in jump.goes_on.items() if not goes_on]
        code_of = jump.first.outputs[jump.slot]
        chains = [_Chain(jump.second, region, tail, {code_of: Const(code)}) for code in past]
        return bool(past) and all(chain.leaves(jump.through.results) for chain in chains)

    def _jump(self, jump: Jump, region: Region, tail: _Tail) -> list[Stmt]:
        first = self._branch(jump.first, _Threaded(jump, region, tail, self.plan))
        if not any(jump.goes_on.values()):
            return [first]
        return [first, *self._region(jump.rest, _Chain(jump.second, region, tail))]

    def _end(self, out: list[Stmt], finish: list[Stmt]) -> list[Stmt]:
        """Appends the end of a region; temporaries at its end that are only returned move into the `return`."""
        if len(finish) != 1 or not isinstance(finish[0], Return):
            return out + finish
        returned = list(leaves(finish[0].tree))
        before = len(returned)
        while out and isinstance(last := out[-1], Simple) and len(finish[0].inlined) < MAX_INLINED:
            value = last.op.outputs[0] if last.op is not None and len(last.op.outputs) == 1 else None
            if value is None or value.hint is not None or returned.count(value) != 1 or returned.index(value) >= before:
                break
            if self.plan.uses.get(value, 0) > 1:
                # What else is returned is computed from it.
                break
            before = returned.index(value)
            finish[0].inlined.add(value)
            finish[0].op = last.op
            out.pop()
        return out + finish

    def _loop(self, op: Loop) -> list[Stmt]:
        plan = self.plan
        tail = _NextIteration(op, plan)
        entry = [(a, v) for a, v in zip(op.carried, op.inits, strict=True) if needed(op, a, plan)]
        if tail.code is not None:
            entry.append((tail.code, Const(False) if tail.code in plan.exit_flags else Const(int(Exit.NEXT))))
        body = self._region(op.body, tail)
        loop: Stmt = ForLoop(op, body) if isinstance(op, For) else self._while(op, body)
        leaving = [(out, a) for a, out in zip(op.carried, op.carried_outputs, strict=True) if plan.uses.get(out)]
        return [Copy(op, entry), loop, Copy(op, leaving)]

    def _while(self, op: Loop, body: list[Stmt]) -> WhileLoop:
        assert isinstance(op, While)
        test = self._region(op.test, _Nothing())
        condition = op.test.results[0]
        if isinstance(condition, Const) and condition.value is True and not test:
            return WhileLoop(op, None, body)
        if not test:
            return WhileLoop(op, condition, body)
        return WhileLoop(op, None, [*test, Branch(op, condition, [Break(op)], [], negated=True), *body])


class _Nothing(_Tail):
    def finish(self, results: Resolved) -> list[Stmt]:
        return []


def terminates(block: list[Stmt]) -> bool:
    """Whether control never reaches the end of a block."""
    if not block:
        return False
    last = block[-1]
    if isinstance(last, Branch):
        return terminates(last.then) and terminates(last.orelse)
    if isinstance(last, WithBlock):
        return terminates(last.body)
    return isinstance(last, (Break, Continue, Return)) or (isinstance(last, Simple) and isinstance(last.op, Raise))


def children(stmt: Stmt) -> list[list[Stmt]]:
    """The blocks inside a statement."""
    if isinstance(stmt, Branch):
        return [stmt.then, stmt.orelse]
    return [stmt.body] if isinstance(stmt, (ForLoop, WhileLoop, WithBlock)) else []


def operands_of(stmt: Stmt) -> tuple[list[Value], set[Value]]:
    """The values that a statement itself uses, and those that it prints as expressions though they aren't nested."""
    if isinstance(stmt, Simple):
        assert stmt.op is not None
        if isinstance(stmt.op, If):
            return [stmt.op.condition, stmt.op.then.results[0], stmt.op.orelse.results[0]], set()
        return stmt.op.inputs, set()
    if isinstance(stmt, Branch):
        return [stmt.test], set()
    if isinstance(stmt, WithBlock):
        assert stmt.op is not None
        return stmt.op.inputs, set()
    if isinstance(stmt, ForLoop):
        assert isinstance(stmt.op, For)
        return [stmt.op.start, stmt.op.stop, stmt.op.step], set()
    if isinstance(stmt, WhileLoop):
        return [] if stmt.test is None else [stmt.test], set()
    if isinstance(stmt, Return):
        return list(leaves(stmt.tree)), stmt.inlined
    if isinstance(stmt, Copy):
        return [src for _, src in stmt.pairs], stmt.inlined
    return [], set()


def expand(values: list[Value], plan: Plan, inlined: set[Value] | frozenset = frozenset()) -> list[Value]:
    """The values that appear by name in the expressions for `values`."""
    found: list[Value] = []
    stack = list(values)
    while stack:
        v = plan.resolve(stack.pop())
        if isinstance(v, Const):
            continue
        op = v.owner
        if (v in plan.nested or v in inlined) and isinstance(op, Op):
            stack.extend(op.inputs)
            if isinstance(op, If):
                for region in op.regions:
                    result = region.results[0]
                    if result is not op.condition:
                        stack.append(result)
        else:
            found.append(v)
    return found


def defined_by(op: Op, plan: Plan) -> list[Value]:
    """The outputs of a simple statement that get a name."""
    return [out for out in op.outputs if plan.uses.get(out) and out not in plan.nested]
