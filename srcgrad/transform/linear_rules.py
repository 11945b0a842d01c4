"""Whether what computes a tangent is linear in the tangents it is given, so that it can be transposed.

The transpose is the derivative at tangents of zero: it would be wrong, and nobody would see it, for `abs(x_dot)`, for
`x_dot + 1.0`, and where a branch depends on a tangent. What is certainly not linear is refused here. What can't be
decided passes: calls that nobody has rules for, memory that holds tangents at one time and something else at another.

    u_dot = abs(x_dot) * 2.0    # refused: the derivative of abs depends on x_dot
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.activity import flows, spread, stored
from srcgrad.analysis.memory import among, is_view, item_update, written
from srcgrad.analysis.tangent_flow import TangentFlow, depending
from srcgrad.errors import SrcgradError, UnsupportedError
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.program import Program
from srcgrad.frontend.values import Sequence, Symbol
from srcgrad.ir.nodes import (
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
    walk,
    within,
)
from srcgrad.ir.types import Dict, List, Opaque, Tuple, Unknown, is_scalar
from srcgrad.rules.registry import IN_PLACE, LINEAR, NONDIFFERENTIABLE, PARTIALS, VJP, Rule, display_name
from srcgrad.transform.call_tangents import named
from srcgrad.transform.rule_calls import inline_rule
from srcgrad.transform.user_rule_calls import is_called

_ADDITIONS = frozenset([operator.add, operator.sub, np.add, np.subtract, operator.iadd, operator.isub])
_JUMPING = frozenset([operator.mod, np.remainder, np.fmod])
"""Functions with slopes that do not depend on the number, and that are not linear."""
_POWERS = frozenset([operator.pow, np.power, np.float_power])
_NOT_A_NUMBER_ASIDE = frozenset([np.nan_to_num, np.nansum, np.nanmean, np.nancumsum])
"""Functions that are linear but for NaN, and whose rules look for that."""


def check_linear(program: Program, flow: TangentFlow, tangents: list[Value]) -> None:
    """Refuses a program whose result is certainly not linear in the tangents.

    Raises:
        UnsupportedError: where that is so.
    """
    of = program.transposed[-1]
    name = getattr(of, "__name__", None) or type(of).__name__
    linearity = _Linearity(program, flow, tangents)
    for op in linearity.operations():
        reason = linearity.reason(op)
        if reason is not None:
            raise UnsupportedError(
                f"the rule of {name} is not linear in the tangents: {reason}",
                op.span,
                f"reverse mode transposes the rule, which has to be linear for that; give {name} a srcgrad.custom_vjp",
            )


class _Linearity:
    """What certainly depends on the tangents, what the result depends on, and what is known of all else."""

    def __init__(self, program: Program, flow: TangentFlow, tangents: list[Value]):
        self._flow = flow
        self._functions = [*program.functions, program.function]
        self._constants = _Constants(self._functions, program.function.params, flow)
        self._sure = flow.spread_from(tangents, frozenset(self._mixed()))
        self._useful = {flow.key(v) for v in leaves(program.function.result)}
        spread(self._useful, flow.ops[::-1], self._spread_useful)

    def operations(self) -> Iterator[Call]:
        """The calls that the result depends on."""
        for function in self._functions:
            for op in walk(function.body):
                if isinstance(op, Call) and self._matters(op):
                    yield op

    def reason(self, op: Call) -> str | None:
        """Why a call is not linear in the tangents; None if it is, or that can't be decided."""
        read = depending(op, self._is_sure)
        if not read:
            return None
        shown = "this" if getattr(op.fn, "__module__", None) == "_operator" else display_name(op.fn)
        if among(op.fn, NONDIFFERENTIABLE) and NONDIFFERENTIABLE[op.fn] == "yields truth values":
            return "it depends on a test of them"
        if among(op.fn, NONDIFFERENTIABLE) or among(op.fn, _JUMPING):
            return f"{shown} jumps where they change"
        if op.fn is operator.getitem or op.fn is operator.setitem:
            at = any(self._is_sure(v) for v in leaves(op.args[1]))
            return "an index depends on them" if at else None
        if written(op) is not None and not is_scalar(op.args[0].type):
            return self._reason_of_update(op, shown)
        if among(op.fn, _POWERS) and isinstance(op.args[1], Const) and op.args[1].value == 1:
            return None
        if op.fn is np.linalg.multi_dot:
            return None if len(read) == 1 else f"the derivative of {shown} depends on them"
        rule = PARTIALS.get(op.fn) if not op.kwargs and not op.unpacks else None
        rule = rule or VJP.get(op.fn) if among(op.fn, PARTIALS) or among(op.fn, VJP) else None
        if rule is not None and not among(op.fn, _NOT_A_NUMBER_ASIDE) and self._slope_depends(op, rule, read):
            return f"the derivative of {shown} depends on them"
        return _ADDED if self._is_added(op) else None

    def _is_sure(self, value: Value) -> bool:
        return not isinstance(value, Const) and self._flow.key(value) in self._sure

    def _reason_of_update(self, op: Call, shown: str) -> str | None:
        """Why a write in place is not linear."""
        kind, values = _update(op), list(leaves(op.args[-1]))
        target, value = self._is_sure(op.args[0]), any(map(self._is_sure, values))
        bent = {
            **{"mul": target and value, "matmul": target and value, "truediv": value},
            **dict.fromkeys(["pow", "floordiv", "mod"], True),
        }
        if bent.get(kind or "", False):
            return f"the derivative of {shown} depends on them"
        if kind in ("add", "sub") and target and any(map(self._is_other, values)):
            return _ADDED
        return None

    def _mixed(self) -> set[Any]:
        """What may hold tangents at one time and something else at another: memory, containers, parameters."""
        flow = self._flow
        found: set[Any] = set()
        overwritten: set[Any] = set()
        added: set[Any] = set()
        for op in flow.ops:
            target = written(op)
            if target is not None and not is_scalar(target.type):
                dependent, others = self._apart(stored(op))
                if _update(op) is None:
                    overwritten.update([] if dependent else [flow.key(target)])
                    found.update([flow.key(target)] if others else [])
                elif _update(op) in ("add", "sub") and not dependent:
                    added.add(flow.key(target))
            elif isinstance(op, Call):
                found.update(map(flow.key, self._mixed_by(op)))
        for function in self._functions:
            found |= {flow.key(v) for v in function.params if v not in flow.given and flow.aliases.is_written(v)}
        return found | (added & overwritten) | self._mixed_parameters()

    def _mixed_by(self, op: Call) -> list[Value]:
        """What a call makes of something else, and is written later; and containers of tangents and something else."""
        dependent, others = self._apart(op.inputs)
        if dependent:
            return [v for v in op.outputs if others and isinstance(v.type, _CONTAINERS)]
        if is_view(op) or among(op.fn, _EMPTY) or not op.inputs or self._constants.makes_zero(op):
            return []
        return [v for v in op.outputs if self._flow.aliases.is_written(v)]

    def _mixed_parameters(self) -> set[Any]:
        """The parameters of functions that are called on tangents in one place and on something else in another."""
        flow = self._flow
        calls: dict[Function, list[Invoke]] = {}
        for op in flow.ops:
            if isinstance(op, Invoke):
                calls.setdefault(op.callee, []).append(op)
        found: set[Any] = set()
        for callee, places in calls.items():
            columns = zip(*[op.args for op in places], strict=True)
            if any(all(self._apart(column)) for column in columns):
                found.update(map(flow.key, callee.params))
        return found

    def _apart(self, values: Iterable[Value]) -> tuple[list[Value], list[Value]]:
        """Those that may depend on tangents, and the others, less zeros and what is no number with a derivative."""
        dependent, others = [], []
        for v in values:
            if self._flow.depends(v):
                dependent.append(v)
            elif not self._is_zero(v) and (v.type.differentiable or isinstance(v.type, Unknown)):
                others.append(v)
        return dependent, others

    def _is_zero(self, value: Value) -> bool:
        return self._constants.is_zero(value)

    def _matters(self, op: Op) -> bool:
        target = written(op)
        return any(self._flow.key(v) in self._useful for v in (*op.outputs, *([] if target is None else [target])))

    def _spread_useful(self, op: Op) -> None:
        found: list[Value] = []
        if isinstance(op, Call):
            if self._matters(op):
                found = depending(op, lambda v: True)
                target = written(op)
                found += [] if target is None else [target]
        else:
            found = [s for t, s in flows(op) if self._flow.key(t) in self._useful]
            if any(map(self._matters, within([op]))):
                found += _deciding(op)
        self._useful.update(self._flow.key(v) for v in found if not isinstance(v, Const))

    def _is_added(self, op: Call) -> bool:
        """Whether something else is added to what depends on tangents, or stands beside it."""
        if op.fn in _ADDITIONS:
            parts = list(leaves(op.args))
        elif op.fn is np.where and len(op.args) == 3:
            parts = list(leaves(op.args[1:]))
        elif op.fn in LINEAR and LINEAR[op.fn].jointly and op.fn in VJP:
            parts = _linear_parts(op)
        else:
            return False
        if not any(map(self._is_sure, parts)):
            return False
        return any(map(self._is_other, parts))

    def _is_other(self, value: Value) -> bool:
        """Whether a value does not depend on tangents, and is not zero as far as is known of it."""
        constants = self._constants
        return not self._flow.depends(value) and constants.is_known(value) and not constants.is_zero(value)

    def _slope_depends(self, op: Call, rule: Rule, read: list[Value]) -> bool:
        """Whether what a rule returns for the arguments that depend on tangents does so, too."""
        if is_called(rule) or any(isinstance(v.type, Unknown) for v in (*op.inputs, *op.outputs)):
            return False
        lo = Lowering()
        lo.fixed_span, lo.span = True, op.span
        region = Region()
        try:
            with lo.into(region):
                found = _contributions(lo, op, rule, [self._flow.key(o) in self._useful for o in op.outputs])
        except SrcgradError:
            return False
        sources = [*read, *filter(self._is_sure, op.outputs)]
        inner = TangentFlow([Function("rule", [], region)], sources)
        return any(inner.depends(part) for x, part in found if x in read)


def _linear_parts(op: Call) -> list[Value]:
    """The values that a call is linear in."""
    places = named(op, LINEAR[op.fn])
    return list(leaves([op.args[place] if isinstance(place, int) else op.kwargs[place] for place in places]))


_ADDED = "something that does not depend on them is added to what does"
_CONTAINERS = (List, Tuple, Dict, Opaque)
_EMPTY = frozenset([np.zeros, np.empty, np.zeros_like, np.empty_like, runtime.zeros_like])


def _update(op: Call) -> str | None:
    """The name of the operator of a write that updates what is there; None for one that replaces it."""
    return op.fn.__name__.removeprefix("i") if among(op.fn, IN_PLACE) else item_update(op.fn)


def _deciding(op: Op) -> list[Value]:
    """The values that decide which operations in the regions of one run."""
    found: list[Value] = []
    if isinstance(op, If) and not isinstance(op, Try):
        found.append(op.condition)
    elif isinstance(op, For):
        found += [op.start, op.stop, op.step]
    elif isinstance(op, While):
        found += op.test.results
    if isinstance(op, Loop) and op.exits:
        found.append(op.body.results[0])
    return found


def _contributions(lo: Lowering, op: Call, rule: Rule, useful: list[bool]) -> list[tuple[Value, Value]]:
    """What a rule returns for each value among the arguments of a call, as far as it can be told apart."""
    args = [lo.symbol(arg) for arg in op.args]
    if rule.kind == "partials":
        result = inline_rule(lo, rule, [*args, op.outputs[0]], {}, op.outputs[0])
    else:
        pairs = zip(op.outputs, useful, strict=True)
        bars: list[Symbol] = [Value(o.type, None, op.span) if is_useful else Const(None) for o, is_useful in pairs]
        g: Symbol = Sequence(tuple(bars)) if op.unpacks else bars[0]
        z: Symbol = Sequence(tuple(op.outputs)) if op.unpacks else op.outputs[0]
        result = inline_rule(lo, rule, [g, z, *args], {name: lo.symbol(arg) for name, arg in op.kwargs.items()})
    parts = result.items if isinstance(result, Sequence) else (result,)
    by_name = dict(zip(rule.parameters, parts, strict=False))
    rows = [(arg, parts[k]) for k, arg in enumerate(op.args) if k < len(parts)]
    rows += [(arg, by_name[name]) for name, arg in op.kwargs.items() if name in by_name]
    found = []
    for arg, part in rows:
        values, own = list(leaves(arg)), list(leaves(lo.tree(part)))
        found += list(zip(values, own, strict=True)) if len(values) == len(own) else []
    return found


class _Constants:
    """What is known of values that do not depend on tangents: zeros, and what is computed from the arguments.

    Of what is read from memory that is written, from outside, or comes out of a branch or a loop, nothing is known.
    """

    def __init__(self, functions: list[Function], params: Iterable[Value], flow: TangentFlow):
        self._flow = flow
        self._zeros: set[Value] = set()
        self._known: set[Value] = set(params)
        for function in functions:
            for op in walk(function.body):
                if isinstance(op, Call) and len(op.outputs) == 1 and not flow.aliases.is_written(op.outputs[0]):
                    self._note(op)

    def is_zero(self, value: Value) -> bool:
        """Whether a value is zero, or holds nothing but zeros."""
        if isinstance(value, Const):
            return isinstance(value.value, (int, float, complex, np.generic)) and bool(value.value == 0)
        return value in self._zeros

    def is_known(self, value: Value) -> bool:
        """Whether it is known where a value comes from."""
        if isinstance(value, Const):
            return isinstance(value.value, (int, float, complex, np.generic))
        return value in self._known

    def _note(self, op: Call) -> None:
        output = op.outputs[0]
        if self.makes_zero(op):
            self._zeros.add(output)
            self._known.add(output)
            return
        has_rule = any(among(op.fn, table) for table in (PARTIALS, VJP, LINEAR)) or op.fn in (getattr, np.ones)
        if has_rule and all(map(self.is_known, depending(op, lambda v: not isinstance(v, Const)))):
            self._known.add(output)

    def makes_zero(self, op: Call) -> bool:
        """Whether what a call returns is zero, or holds nothing but zeros."""
        fn, args = op.fn, op.args
        if among(fn, _EMPTY):
            return fn not in (np.empty, np.empty_like)
        if fn in (operator.mul, np.multiply):
            return any(map(self.is_zero, args))
        if fn in (operator.truediv, np.divide, operator.neg, np.negative, operator.pos, np.sum, operator.getitem):
            return isinstance(args[0], Value) and self.is_zero(args[0])
        if fn in (operator.sub, np.subtract) and args[0] is args[1]:
            return True
        if fn in _ADDITIONS:
            return all(map(self.is_zero, args))
        if fn is np.where and len(args) == 3:
            return all(map(self.is_zero, leaves(args[1:])))
        if among(fn, LINEAR) and among(fn, VJP):
            parts = _linear_parts(op)
            return bool(parts) and (all if LINEAR[fn].jointly else any)(map(self.is_zero, parts))
        return False
