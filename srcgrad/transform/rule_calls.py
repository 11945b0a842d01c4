"""How a derivative rule gets into the reverse sweep: its body is inlined, or it is called where kinds leave it open.

Before -> after, for `z = a @ b` with operands of unknown rank: `a_bar, b_bar = matmul(z_bar, z, a, b)`.
"""

from __future__ import annotations

import ast
from typing import Any, NoReturn

from srcgrad.errors import NoRuleError, UnsupportedError
from srcgrad.frontend.functions import source_of
from srcgrad.frontend.lowering import Lowering, RaisesAlways
from srcgrad.frontend.marks import Restart
from srcgrad.frontend.values import Sequence, Symbol
from srcgrad.ir.nodes import Call, Const, Op, Raise, Value
from srcgrad.ir.types import Array, NpScalar, Unknown
from srcgrad.rules.registry import JVP, Rule, display_name, is_of_user


def inline_rule(
    lo: Lowering, rule: Rule, args: list[Symbol], kwargs: dict[str, Symbol], output: Value | None = None
) -> Symbol:
    """The body of a rule, lowered in place; again if a list in it turns out to vary in structure.

    Args:
        lo: emits the operations.
        rule: the rule.
        args, kwargs: what it takes.
        output: the result of the operation that it is the rule of; where that is a number or array of NumPy, the
            operation does not raise at poles, and neither must its derivative.
    """
    outer = lo.divides_by_zero
    lo.divides_by_zero = outer or (output is not None and isinstance(output.type, (NpScalar, Array)))
    try:
        return _inlined_or_called(lo, rule, args, kwargs)
    finally:
        lo.divides_by_zero = outer


def _inlined_or_called(lo: Lowering, rule: Rule, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    region = lo.region
    mark = len(region.ops)
    lo.calls_rules = any(isinstance(arg, Value) and isinstance(arg.type, Unknown) for arg in args)
    while True:
        try:
            result = _inlined(lo, rule, args, kwargs)
            _refuse_what_raises(region.ops[mark:], rule, lo)
            return result
        except Restart:
            del region.ops[mark:]
        except RaisesAlways as always:
            cls, message = always.args
            lo.unsupported(f"a derivative rule raises {cls.__name__} for these arguments: {message}")
        except UnsupportedError:
            if not lo.calls_rules:
                raise
            del region.ops[mark:]
            return _called(lo, rule, args, kwargs)


def _refuse_what_raises(ops: list[Op], rule: Rule, lo: Lowering) -> None:
    """Refuses what a rule of srcgrad's own surely raises as not implemented: now, and not when the gradient runs."""
    raised = next((op.exception for op in ops if isinstance(op, Raise)), None)
    made = raised.owner if raised is not None else None
    certain = lo.region.parent is None and not is_of_user(rule.body)
    if certain and isinstance(made, Call) and made.fn is NotImplementedError and made.args:
        raise NoRuleError(f"there is no rule for {made.args[0].value}", lo.span, "write it with other functions")


def _inlined(lo: Lowering, rule: Rule, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """The body in place. Where that is given up half-way, nothing of its variables stays behind."""
    with lo.store.branch() as changes:
        result = lo.call(Const(rule.body), args, kwargs)
    for key, symbol in changes.items():
        lo.store.set(key, symbol)
    return result


def _called(lo: Lowering, rule: Rule, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    count = _count_of_cotangents(rule)
    outputs = [Value(Unknown(frozenset([lo.fresh("n")])), None, lo.span) for _ in range(count or 1)]
    trees: tuple[Any, ...] = tuple([lo.tree(arg) for arg in args])
    lo.append(Call(rule.body, trees, {name: lo.tree(arg) for name, arg in kwargs.items()}, outputs, lo.span))
    return outputs[0] if count is None else Sequence(tuple(outputs))


def _count_of_cotangents(rule: Rule) -> int | None:
    """How many cotangents a rule returns as a tuple; None if it returns one by itself."""
    returned = [node.value for node in ast.walk(source_of(rule.body).node) if isinstance(node, ast.Return)]
    counts = {len(value.elts) if isinstance(value, ast.Tuple) else None for value in returned}
    if len(counts) != 1:
        raise UnsupportedError(f"{rule.body.__name__} returns cotangents of more than one kind, depending on the run")
    return counts.pop()


def refuse(op: Call) -> NoReturn:
    """Reports that an operation has no derivative rule."""
    name = display_name(op.fn)
    if op.fn in JVP:
        raise NoRuleError(
            f"no derivative rule for {name} in reverse mode, as its rule is one for tangents alone",
            op.span,
            f"give it the other half with @srcgrad.rules.vjp({name}), or make it a srcgrad.custom_jvp, "
            "of which that is found",
        )
    raise NoRuleError(
        f"no derivative rule for {name}",
        op.span,
        f"give it one with @srcgrad.rules.vjp({name}), or wrap the argument in srcgrad.stop_gradient",
    )
