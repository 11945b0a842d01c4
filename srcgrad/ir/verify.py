"""Is a graph well-formed? The tests ask after every pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from srcgrad.ir.nodes import (
    UNDEFINED,
    Call,
    Commit,
    Const,
    Enter,
    For,
    Function,
    If,
    Invoke,
    Leave,
    Loop,
    Op,
    Raise,
    Region,
    Try,
    Value,
    While,
    leaves,
)
from srcgrad.ir.printer import format_function
from srcgrad.ir.types import PyScalar

_LINES = 12
"""How many lines of an operation a message shows."""


def verify(
    function: Function,
    allow_cross_references: bool = False,
    *,
    free: Iterable[Value] = (),
    complete: bool = True,
) -> None:
    """Raises AssertionError, with the operation printed, if the graph of a function is malformed.

    Every value is defined once, and before its uses, in the same region or one around it; operations, regions and
    values know what holds them; the arguments, results and outputs of branches and loops match one another; nothing
    computes with an undefined value.

    Args:
        function: the function.
        allow_cross_references: whether the reverse sweep may use values of inner regions of the forward sweep, as it
            does until the tape makes them available.
        free: values that are neither parameters nor captured, and are defined all the same: seeds that become
            parameters later.
        complete: whether the function and those it calls are finished: calls must then match what they call, and
            `result` must be over the results of the body.

    Example:
        >>> import operator
        >>> from srcgrad.ir.nodes import Call, Function, Region, Value
        >>> x, y, z = Value(hint="x"), Value(hint="y"), Value(hint="z")
        >>> body = Region([x])
        >>> _ = body.append(Call(operator.mul, (x, y), {}, [z]))
        >>> body.results = [z]
        >>> verify(Function("f", [x], body))
        Traceback (most recent call last):
            ...
        AssertionError: f: %y is used but defined nowhere before
          in %z: ? = mul(%x, %y)
    """
    _Verifier(function, allow_cross_references, set(free), complete).run()


class _Scope:
    """A region while its operations are visited.

    Attributes:
        defined: the values to forget when it ends.
        position: the index of the current operation, or of the next one.
        op: the current operation, None between operations.
        reverse: whether it is part of the reverse sweep.
        pending: the regions of the current operation that are still to be visited, last one first.
    """

    __slots__ = ("defined", "op", "pending", "position", "region", "reverse")

    def __init__(self, region: Region, reverse: bool):
        self.region = region
        self.reverse = reverse
        self.defined: list[Value] = []
        self.position = 0
        self.op: Op | None = None
        self.pending: list[Region] = []


class _Verifier:
    """Visits a function in program order, with what is defined at each point."""

    def __init__(self, function: Function, crossing: bool, free: set[Value], complete: bool):
        self.function = function
        self.crossing = crossing
        self.complete = complete
        self.visible = {*function.captured, *free}
        self.defined: dict[Value, Op | Region | None] = dict.fromkeys(self.visible)
        self.forward: set[Value] = set()
        self.seen: set[Op | Region] = set()
        self.scopes: list[_Scope] = []
        self.op: Op | None = None

    def fail(self, message: str, op: Op | None = None) -> NoReturn:
        """Raises, with the operation where it happened."""
        op = op or self.op
        place = "" if op is None else f"\n  in {_shown(op)}"
        raise AssertionError(f"{self.function.name}: {message}{place}")

    def run(self) -> None:
        function = self.function
        if function.body.parent is not None:
            self.fail("the body of the function stands in an operation", function.body.parent)
        if not _same(function.params, function.body.args):
            self.fail(f"the parameters {function.params} are not the arguments {function.body.args} of the body")
        for value in function.captured:
            if isinstance(value, Const) or value.owner is not None:
                self.fail(f"the captured value {value} has an owner or is a constant")
        self.enter(function.body, False)
        while self.scopes:
            self.step()
        if self.complete and function.result is not None:
            shown = list(leaves(function.result))
            if not _same(shown, function.body.results):
                self.fail(f"the result is over {shown}, but the body returns {function.body.results}")

    def step(self) -> None:
        """Goes on by one operation, or into or out of a region."""
        scope = self.scopes[-1]
        if scope.op is not None and scope.pending:
            self.enter(scope.pending.pop(), scope.reverse or scope.op.mirror is not None)
        elif scope.op is not None:
            self.leave_op(scope.op, scope)
        elif scope.position < len(scope.region.ops):
            self.enter_op(scope.region.ops[scope.position], scope)
        else:
            self.leave(scope)

    # Regions

    def enter(self, region: Region, reverse: bool) -> None:
        if region in self.seen:
            self.fail("a region stands in two places")
        self.seen.add(region)
        scope = _Scope(region, reverse)
        self.scopes.append(scope)
        for arg in region.args:
            self.define(arg, region, scope)

    def leave(self, scope: _Scope) -> None:
        holder = scope.region.parent
        self.op = holder
        for value in scope.region.results:
            self.use(value, scope.reverse)
        if holder is None and any(_is_undefined(v) for v in scope.region.results):
            self.fail("the function returns an undefined value")
        self.visible.difference_update(scope.defined)
        self.scopes.pop()

    # Operations

    def enter_op(self, op: Op, scope: _Scope) -> None:
        self.op = scope.op = op
        if op in self.seen:
            self.fail("an operation stands in two places")
        self.seen.add(op)
        if op.parent is not scope.region:
            self.fail("the operation has the wrong parent")
        for value in op.inputs:
            self.use(value, scope.reverse or op.mirror is not None)
        self.check_op(op)
        for region in op.regions:
            if region.parent is not op:
                self.fail("a region of the operation has the wrong parent")
        scope.pending = op.regions[::-1]

    def leave_op(self, op: Op, scope: _Scope) -> None:
        self.op = op
        for output in op.outputs:
            self.define(output, op, scope)
        scope.position += 1
        scope.op = self.op = None

    def define(self, value: Value, owner: Op | Region, scope: _Scope) -> None:
        if isinstance(value, Const):
            self.fail(f"the constant {value} is defined as an output or argument")
        if value in self.defined:
            self.fail(f"{_named(value)} is defined twice")
        if value.owner is not owner:
            self.fail(f"{_named(value)} has the wrong owner: {value.owner!r}")
        self.defined[value] = owner
        self.visible.add(value)
        scope.defined.append(value)
        if not (scope.reverse or (isinstance(owner, Op) and owner.mirror is not None)):
            self.forward.add(value)

    def use(self, value: Value, reverse: bool) -> None:
        if not isinstance(value, Value):
            self.fail(f"{value!r} is used as a value")
        if isinstance(value, Const):
            if value.owner is not None:
                self.fail(f"the constant {value} has an owner")
            return
        if value in self.visible:
            return
        if value not in self.defined:
            self.fail(f"{_named(value)} is used but defined nowhere before")
        if not (self.crossing and reverse and value in self.forward):
            self.fail(f"{_named(value)} is used outside of the region it is defined in")

    # What each kind of operation asks for

    def check_op(self, op: Op) -> None:
        if isinstance(op, If):
            self.check_if(op)
        elif isinstance(op, Loop):
            self.check_loop(op)
        elif isinstance(op, Invoke):
            self.check_invoke(op)
        elif isinstance(op, Raise):
            if op.outputs:
                self.fail("a raise has outputs")
        elif isinstance(op, Commit):
            if not isinstance(op.parent, Region) or not isinstance(op.parent.parent, Try):
                self.fail("a commit stands outside of a try")
        elif not isinstance(op, (Call, Enter, Leave)):
            self.fail(f"an operation of unknown kind {type(op).__name__}")
        operands = op.inputs
        if isinstance(op, Loop):  # what it carries may be undefined at first
            operands = [op.start, op.stop, op.step] if isinstance(op, For) else []
        if any(map(_is_undefined, operands)):
            self.fail("an undefined value is used")

    def check_if(self, op: If) -> None:
        if isinstance(op, Try) and len(op.orelse.args) != 1:
            self.fail("a handler has not one argument, the exception")
        for region in op.regions:
            if region.args and not (isinstance(op, Try) and region is op.orelse):
                self.fail("a branch has arguments")
            self.check_count("results of a branch", region.results, "outputs", op.outputs)

    def check_loop(self, op: Loop) -> None:
        exits = int(op.exits)
        first = int(isinstance(op, For))
        if len(op.body.args) < first:
            self.fail("the body of a loop has no index")
        self.check_count("carried arguments", op.carried, "initial values", op.inits)
        self.check_count("results of the body", op.body.results[exits:], "initial values", op.inits)
        self.check_count("outputs, without an exit code,", op.outputs[exits:], "initial values", op.inits)
        if isinstance(op, While):
            self.check_count("arguments of the test", op.test.args, "initial values", op.inits)
            if len(op.test.results) != 1 or _is_undefined(op.test.results[0]):
                self.fail("the test of a loop has not one result")
        if isinstance(op, For) and not _is_integer(op.index):
            self.fail(f"the index of a loop is of type {op.index.type}")
        if op.exits:
            if not op.outputs or not op.body.results:
                self.fail("a loop with exits has no exit code")
            for code in (op.outputs[0], op.body.results[0]):
                self.check_code(code)

    def check_code(self, code: Value) -> None:
        if not _is_integer(code) or (isinstance(code, Const) and code.value < 0):
            self.fail(f"the exit code {code!r} is of type {code.type}")

    def check_invoke(self, op: Invoke) -> None:
        if not self.complete:
            return
        callee = op.callee
        self.check_count("arguments", op.args, f"parameters of {callee.name}", callee.params)
        self.check_count("outputs", op.outputs, f"results of {callee.name}", callee.body.results)

    def check_count(self, what: str, some: list[Value], others: str, other: list[Value]) -> None:
        if len(some) != len(other):
            self.fail(f"there are {len(some)} {what} for {len(other)} {others}")


def _same(a: list[Value], b: list[Value]) -> bool:
    return len(a) == len(b) and all(p is q for p, q in zip(a, b, strict=True))


def _is_undefined(value: Value) -> bool:
    return isinstance(value, Const) and value.value is UNDEFINED


def _is_integer(value: Value) -> bool:
    return isinstance(value.type, PyScalar) and value.type.kind == "i"


def _named(value: Value) -> str:
    return f"%{value.hint}" if value.hint else repr(value)


def _shown(op: Op) -> str:
    """An operation as text, whether it is well-formed or not."""
    region = Region()
    region.ops = [op]
    try:
        lines = format_function(Function("", [], region)).splitlines()[1:-1]
    except (ValueError, IndexError):
        lines = [f"  {type(op).__name__} with outputs {op.outputs} and inputs {op.inputs}"]
    if len(lines) > _LINES:
        lines = [*lines[:_LINES], "  ..."]
    return "\n".join(lines).lstrip()
