"""Which values become part of the expression that uses them, and which get a statement and a name of their own.

A temporary nests if it has one use, in its own region, and nothing that matters happens in between: operations that may
raise keep their order, and neither a read nor a write crosses a write. What derivative code writes to an array that
the function has allocated does not matter to a read of another one.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import Any

from srcgrad.analysis.memory import is_allocation, is_view, item_update
from srcgrad.backend.effects import RAISES, WRITES, effects, operands
from srcgrad.ir.nodes import (
    UNDEFINED,
    Call,
    Const,
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
    leaves_loop,
    walk,
)
from srcgrad.ir.types import Array, is_mutable
from srcgrad.rules.registry import IN_PLACE

MAX_DEPTH = 8
MAX_SIZE = 40
MAX_CONDITIONAL = 8
MAX_WIDTH = 84
_NAME = 6

_FAR = 1 << 60


@dataclass(slots=True)
class _Tree:
    """An expression that waits for its consumer: its shape, and where the operations in it that matter stand.

    Attributes:
        reads: the arrays that it reads; None for one that may be any.
    """

    region: Region
    depth: int
    size: int
    width: int = 0
    low: int = _FAR
    high: int = -1
    reads: frozenset[Value | None] = frozenset()
    writes: int = 0
    raises: int = 0
    hazards: int = 0

    def absorb(self, other: _Tree) -> None:
        self.depth = max(self.depth, other.depth + 1)
        self.size += other.size
        self.width += other.width - _NAME
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.reads |= other.reads
        self.writes += other.writes
        self.raises += other.raises
        self.hazards += other.hazards


@dataclass(slots=True)
class _Counts:
    """Prefix counts over the operations of a region: how many before position k write, raise, or matter at all.

    Attributes:
        own: the positions of writes that are not counted, and the arrays that they change.
    """

    writes: list[int] = field(default_factory=lambda: [0])
    raises: list[int] = field(default_factory=lambda: [0])
    hazards: list[int] = field(default_factory=lambda: [0])
    own: list[tuple[int, Value]] = field(default_factory=list)

    def add(self, op: Op, flags: int) -> None:
        base = _own_array_written(op)
        if base is not None:
            self.own.append((len(self.writes) - 1, base))
        self.writes.append(self.writes[-1] + bool(flags & WRITES and base is None))
        self.raises.append(self.raises[-1] + bool(flags & RAISES and base is None))
        self.hazards.append(self.hazards[-1] + bool(flags))

    def leave_alone(self, tree: _Tree, end: int) -> bool:
        """Whether what is written to the function's own arrays since a tree began does not matter to it."""
        later = [base for position, base in self.own if tree.low <= position < end]
        return not later or (None not in tree.reads and tree.reads.isdisjoint(later))


class Plan:
    """The decisions for one function.

    Attributes:
        nested: values printed inside the expression that uses them.
        conditionals: `If` operations printed as an expression -> `if`, `and` or `or`.
        uses: how often each value is used, as an operand or as the result of a region.
        alias: arguments of a loop's test -> the loop's carried values.
        flags: the effects of each operation.
        captured: values that are names of the user's module.
        exit_flags: exit codes of loops that are printed as booleans -> the one code that counts as true.
    """

    def __init__(self, function: Function):
        self.nested: set[Value] = set()
        self.conditionals: dict[If, str] = {}
        self.uses: dict[Value, int] = {}
        self.alias: dict[Value, Value] = {}
        self.flags: dict[Op, int] = {}
        self.exit_flags: dict[Value, int] = {}
        self.captured = set(function.captured)
        self._trees: dict[Value, _Tree] = {}
        self._count(function.body, leaves(function.result) if function.result is not None else ())
        self._find_exit_flags(function)
        self._control = control_ifs(function, self.uses)
        self._visit(function.body, None)

    def resolve(self, value: Value) -> Value:
        """The value that stands for `value`: itself, except for the arguments of a test."""
        return self.alias.get(value, value)

    def _is_shape(self, op: Op) -> bool:
        """Whether an operation reads the shape of something with a name: as short, and as quick, as a name for it."""
        if not isinstance(op, Call) or op.fn is not getattr or op.outputs[0].hint is not None:
            return False
        x, attribute = op.args
        named = isinstance(x.type, Array) and x not in self._trees and x not in self.nested
        return named and isinstance(attribute, Const) and attribute.value == "shape" and len(op.outputs) == 1

    def is_alias(self, op: Op) -> bool:
        """Whether an operation has no code of its own, as its result goes by the name of another value."""
        return len(op.outputs) == 1 and op.outputs[0] in self.alias

    def _count(self, body: Region, results: object) -> None:
        uses = self.uses
        stack = [body]
        for v in results:  # type: ignore[attr-defined]
            uses[v] = uses.get(v, 0) + 1
        while stack:
            region = stack.pop()
            for op in region.ops:
                for v in op.inputs:
                    uses[v] = uses.get(v, 0) + 1
                if isinstance(op, While):
                    self.alias.update(zip(op.test.args, op.carried, strict=True))
                for inner in op.regions:
                    for v in inner.results:
                        if not (type(op) is If and len(op.outputs) == 1 and v is op.condition):
                            uses[v] = uses.get(v, 0) + 1
                    stack.append(inner)

    def _find_exit_flags(self, function: Function) -> None:
        """An exit code that is only ever compared with the one code by which its loop can be left is a boolean."""
        tests: dict[Value, list[Call]] = {}
        for op in walk(function.body):
            if isinstance(op, Call) and op.fn is operator.eq and isinstance(op.args[1], Const):
                code = op.args[0]
                if isinstance(code, Value) and is_exit_code(code):
                    tests.setdefault(code, []).append(op)
        for code, calls in tests.items():
            body = code.owner.body  # type: ignore[union-attr]
            leaving = {c for c in leaf_codes(body.results[0], body, self.uses) or () if leaves_loop(c)}
            tested = {call.args[1].value for call in calls}
            if len(leaving) == 1 and tested == leaving and len(calls) == self.uses[code]:
                self.exit_flags[code] = leaving.pop()
                self.alias.update((call.outputs[0], code) for call in calls)
                self.uses[code] = sum(self.uses.get(call.outputs[0], 0) for call in calls)

    def _visit(self, region: Region, results: list[Value] | None) -> _Tree:
        """Decides for one region; `results` are the results to nest, if the region may become an expression."""
        counts = _Counts()
        for position, op in enumerate(region.ops):
            conditional = self._visit_regions(op)
            flags = self.flags[op] = effects(op, self.flags)
            if _reads_again(op):
                flags &= ~RAISES
            counts.add(op, flags)
            inputs = op.inputs
            tree = _Tree(region, 1, 1 + len(inputs), _width(op, inputs))
            if flags:
                tree.low = tree.high = position
                tree.reads = frozenset(_array_of(v) for v in inputs if is_mutable(v.type))
                tree.writes, tree.raises, tree.hazards = bool(flags & WRITES), bool(flags & RAISES), 1
            if conditional is not None:
                tree.size += conditional
            self._absorb(
                tree, _nestable_operands(op), position, counts, isinstance(op, Call) and item_update(op.fn) is not None
            )
            if self._is_shape(op):
                self.nested.add(op.outputs[0])
                continue
            expression = (isinstance(op, (Call, Invoke)) and not self.is_alias(op)) or conditional is not None
            if expression and len(op.outputs) == 1 and op.outputs[0].hint is None and self.uses.get(op.outputs[0]) == 1:
                self._trees[op.outputs[0]] = tree
        whole = _Tree(region, 0, 1)
        if results is not None:
            self._absorb(whole, results, len(region.ops), counts, False)
        return whole

    def _visit_regions(self, op: Op) -> int | None:
        """Decides for the regions of an operation; the size of the expression if it is a conditional one."""
        if isinstance(op, Try):
            for region in op.regions:
                self._visit_body(region)
        elif isinstance(op, If):
            decided = isinstance(op.condition, Const)
            candidate = (
                not decided and len(op.outputs) == 1 and op not in self._control and self.uses.get(op.outputs[0], 0) > 0
            )
            sizes = [self._visit(r, r.results if candidate else None).size for r in op.regions]
            kind = self._conditional_kind(op, sum(sizes)) if candidate else None
            if kind is not None:
                self.conditionals[op] = kind
                return sum(sizes)
            for region in op.regions:
                self.nested.difference_update(region.results)
                # The condition is used a second time, by name, where the other side would have been an expression.
                if len(op.outputs) == 1 and op.condition in region.results:
                    self.uses[op.condition] = self.uses.get(op.condition, 0) + 1
                    self._trees.pop(op.condition, None)
        elif isinstance(op, While):
            self._visit(op.test, op.test.results)
            self._visit_body(op.body)
        elif isinstance(op, Loop):
            self._visit_body(op.body)
        return None

    def _visit_body(self, region: Region) -> None:
        """Decides for a region whose results are assigned to names."""
        self._visit(region, None)
        self.nested.difference_update(region.results)

    def _conditional_kind(self, op: If, size: int) -> str | None:
        for region in op.regions:
            result = region.results[0]
            if isinstance(result, Const) and result.value is UNDEFINED:
                return None
            if not all(self.is_alias(i) or (len(i.outputs) == 1 and i.outputs[0] in self.nested) for i in region.ops):
                return None
        yes, no = op.then.results[0], op.orelse.results[0]
        output = op.outputs[0]
        same = [r for r in (yes, no) if not isinstance(r, Const) and r.hint is not None and r.hint == output.hint]
        if same or size > MAX_CONDITIONAL * 2:
            return None
        if op.condition is no and op.condition is not yes:
            return "and"
        if op.condition is yes and op.condition is not no:
            return "or"
        return None if op.condition is yes else "if"

    def _absorb(self, tree: _Tree, inputs: list[Value], position: int, counts: _Counts, no_writes: bool) -> None:
        """Nests what may be nested of the operands (in order of evaluation) of an operation at a position."""
        later = _Tree(tree.region, 0, 0)
        low_write = low_raise = _FAR
        for value in reversed(inputs):
            part = self._trees.get(value)
            if part is None or part.region is not tree.region or value in self.nested:
                continue
            if part.depth >= MAX_DEPTH or tree.size + part.size > MAX_SIZE or (no_writes and part.writes):
                continue
            if tree.width + part.width > MAX_WIDTH:
                continue
            if part.hazards:
                low = part.low
                ok = counts.writes[position] - counts.writes[low] == part.writes + later.writes
                if part.raises:
                    ok &= counts.raises[position] - counts.raises[low] == part.raises + later.raises
                    ok &= part.high < low_raise
                ok &= part.high < low_write and counts.leave_alone(part, position)
                if part.writes:
                    ok &= counts.hazards[position] - counts.hazards[low] == part.hazards + later.hazards
                    ok &= part.high < later.low
                if not ok:
                    continue
                low_write = min(low_write, low) if part.writes else low_write
                low_raise = min(low_raise, low) if part.raises else low_raise
            self.nested.add(value)
            later.absorb(part)
            tree.absorb(part)


def _reads_again(op: Op) -> bool:
    """Whether derivative code reads an element of an array by this, which the program has read or written before."""
    return (
        isinstance(op, Call)
        and op.mirror is not None
        and op.fn is operator.getitem
        and _array_of(op.args[0]) is not None
    )


def _own_array_written(op: Op) -> Value | None:
    """The array of the function's own that derivative code adds to by this, or clears, if that is all that it does."""
    if not isinstance(op, Call) or op.mirror is None or not (op.fn is operator.setitem or item_update(op.fn)):
        return None
    base = _array_of(op.args[0])
    return base if base is not None and isinstance(base.owner, Call) else None


def _array_of(value: Any) -> Value | None:
    """The array that a value shows a part of: a parameter of the function, or memory that it allocates; else None."""
    while isinstance(value, Value) and isinstance(value.owner, Call) and _is_plain_view(value.owner):
        value = value.owner.args[0]
    if not isinstance(value, Value) or not isinstance(value.type, Array):
        return None
    owner = value.owner
    is_parameter = isinstance(owner, Region) and owner.parent is None
    return value if is_parameter or (isinstance(owner, Call) and is_allocation(owner)) else None


def _is_plain_view(op: Call) -> bool:
    return is_view(op) and op.fn not in IN_PLACE


def _width(op: Op, inputs: list[Value]) -> int:
    """About how many columns an operation takes whose temporaries do not nest."""
    own = 3
    if isinstance(op, Call) and getattr(op.fn, "__module__", None) != "_operator":
        own = 4 + len(getattr(op.fn, "__name__", "")) + 2 * len(inputs)
    for v in inputs:
        own += len(v.hint) if v.hint is not None else 3 if isinstance(v, Const) else _NAME
    return own


def _nestable_operands(op: Op) -> list[Value]:
    """The operands that may be expressions rather than names, in order of evaluation."""
    if isinstance(op, For):
        return [op.start, op.stop, op.step]
    if isinstance(op, While):
        return []
    values = operands(op)
    if isinstance(op, Call) and op.fn in IN_PLACE and values:
        return [v for v in values if v is not values[0]]
    return values


def is_exit_code(value: Value) -> bool:
    """Whether a value says how a loop was left."""
    owner = value.owner
    return isinstance(owner, Loop) and owner.exits and owner.outputs[0] is value


def only_in_results(op: Op, region: Region, uses: dict[Value, int]) -> bool:
    """Whether the outputs of an operation are used by nothing but the results of its region."""
    return all(sum(r is out for r in region.results) == uses.get(out, 0) for out in op.outputs)


def leaf_codes(value: Value, region: Region, uses: dict[Value, int]) -> list[int] | None:
    """The integer constants that a result of a region may be, through the `If`s at the ends of regions.

    None if it may be anything else.
    """
    if isinstance(value, Const):
        return [int(value.value)] if isinstance(value.value, int) and not isinstance(value.value, bool) else None
    last = region.ops[-1] if region.ops else None
    if isinstance(last, If) and value in last.outputs and only_in_results(last, region, uses):
        k = last.outputs.index(value)
        sides = [leaf_codes(side.results[k], side, uses) for side in last.regions]
        return None if None in sides else [code for side in sides for code in side or ()]
    return None


@dataclass(slots=True)
class Jump:
    """A jump out of the middle of a region.

    `first` computes an exit code, `test` looks at it, and `second` goes on or passes through.

    Attributes:
        slot: which output of `first` is the code.
        rest: the region of `second` that goes on.
        through: the region of `second` that passes through.
        goes_on: code -> whether the rest is executed.
    """

    first: If
    test: Call
    second: If
    slot: int
    rest: Region
    through: Region
    goes_on: dict[int, bool]


def jump_at(region: Region, k: int, uses: dict[Value, int]) -> Jump | None:
    """The jump whose first operation is operation `k` of a region, if there is one."""
    if k + 3 != len(region.ops):
        return None
    first, test, second = region.ops[k:]
    if not (isinstance(first, If) and isinstance(test, Call) and type(second) is If):
        return None
    if (
        second.condition is not (test.outputs[0] if len(test.outputs) == 1 else None)
        or uses.get(second.condition, 0) != 1
    ):
        return None
    codes = [v for v in test.inputs if not isinstance(v, Const)]
    if (
        getattr(test.fn, "__module__", None) != "_operator"
        or test.kwargs
        or len(codes) != 1
        or codes[0] not in first.outputs
    ):
        return None
    if not only_in_results(second, region, uses) or any(not isinstance(a, Value) for a in test.args):
        return None
    slot = first.outputs.index(codes[0])
    found = [leaf_codes(side.results[slot], side, uses) for side in first.regions]
    if None in found:
        return None
    goes: dict[int, bool] = {}
    for code in {c for side in found for c in side or ()}:
        goes[code] = bool(test.fn(*[code if a is codes[0] else a.value for a in test.args]))
    empty = [not side.ops for side in second.regions]
    if empty[1]:
        return Jump(first, test, second, slot, second.then, second.orelse, goes)
    if empty[0]:
        return Jump(first, test, second, slot, second.orelse, second.then, {c: not g for c, g in goes.items()})
    return None


def control_ifs(function: Function, uses: dict[Value, int]) -> set[If]:
    """The `If`s that only say where control goes: they are printed as jumps, never as expressions."""
    found: set[If] = set()
    stack: list[tuple[Region, Value | None]] = [(function.body, None)]
    while stack:
        region, code = stack.pop()
        last = region.ops[-1] if region.ops else None
        slot = None
        if code is not None and isinstance(last, If) and code in last.outputs:
            found.add(last)
            slot = last.outputs.index(code)
        jump = jump_at(region, len(region.ops) - 3, uses) if len(region.ops) >= 3 else None
        if jump is not None:
            found.add(jump.first)
        for op in region.ops:
            for inner in op.regions:
                inner_code = None
                if op is last and slot is not None:
                    inner_code = inner.results[slot]
                elif jump is not None and op is jump.first:
                    inner_code = inner.results[jump.slot]
                elif isinstance(op, Loop) and op.exits and inner is op.body:
                    inner_code = inner.results[0]
                stack.append((inner, inner_code))
    return found
