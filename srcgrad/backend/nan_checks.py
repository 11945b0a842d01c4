"""`debug="nan"`: a check after each statement of the generated code.

Before -> after: `y_bar = 0.5 / y` -> `y_bar = 0.5 / y; check_nan(y_bar, "y_bar", line_3)`.
"""

from __future__ import annotations

from srcgrad import runtime
from srcgrad.analysis.memory import written
from srcgrad.backend.nesting import Plan
from srcgrad.ir.nodes import Call, Const, Function, Invoke, Op, Region, Value, walk
from srcgrad.ir.types import Opaque


def add_nan_checks(function: Function, derivative: str) -> None:
    """Adds a check of every number and array that a statement defines or writes, and of those that come and go.

    Args:
        function: complete, ready to be printed.
        derivative: what it computes, for the message.
    """
    regions = [function.body, *(inner for op in walk(function.body) for inner in op.regions)]
    # What leaves a branch or an iteration would be printed where it goes to, and not be seen.
    nested = Plan(function).nested - {value for region in regions for value in region.results}
    checker = _Checker(derivative, nested)
    start = function.backward_from
    first_of_reverse = function.body.ops[start] if start is not None and start < len(function.body.ops) else None
    own = function.body
    for region in regions:
        region.ops = checker.checked(region)
    arguments = [checker.check(param, None) for param in function.params if _is_numeric(param)]
    for op in arguments:
        op.parent = own
    own.ops = [*arguments, *own.ops]
    if start is not None:
        function.backward_from = len(own.ops) if first_of_reverse is None else own.ops.index(first_of_reverse)


class _Checker:
    def __init__(self, derivative: str, nested: set[Value]):
        self._derivative = derivative
        self._nested = nested
        self._places: dict[tuple, runtime.Place] = {}

    def checked(self, region: Region) -> list[Op]:
        """The operations of a region, each followed by the checks of what it made."""
        ops: list[Op] = []
        for op in region.ops:
            ops.append(op)
            for value in self._made(op):
                check = self.check(value, op)
                check.parent = region
                ops.append(check)
        return ops

    def _made(self, op: Op) -> list[Value]:
        if not isinstance(op, (Call, Invoke)):
            return []
        target = written(op)
        made = [*op.outputs, *([target] if target is not None else [])]
        return [v for v in made if v not in self._nested and _is_numeric(v)]

    def check(self, value: Value, op: Op | None) -> Call:
        """The check of a value, after the operation that made it."""
        mirror = None if op is None else op.mirror
        span = value.span if op is None else op.span or (mirror.span if mirror is not None else None)
        key = (span, op is None, mirror is not None)
        if key not in self._places:
            where = "where it is passed to" if op is None else f"in the {'backward' if mirror else 'forward'} sweep of"
            self._places[key] = runtime.Place(span, f"{where} {self._derivative}", mirror is not None)
        made = Call(runtime.check_nan, (value, Const(value.hint or ""), Const(self._places[key])), {}, [], span)
        made.mirror = mirror
        return made


def _is_numeric(value: Value) -> bool:
    return value.type.differentiable and not isinstance(value.type, Opaque)
