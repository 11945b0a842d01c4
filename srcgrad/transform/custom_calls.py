"""Both sweeps of calls of functions whose derivatives are given as functions.

Before -> after, for a `custom_vjp`: `y = f(x)` -> `y, residuals = f_fwd(x)`, and in the reverse sweep
`x_bar = f_bwd(residuals, y_bar)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.errors import NoRuleError, UnsupportedError
from srcgrad.frontend.custom_calls import CustomCall, step_of
from srcgrad.frontend.program import Program
from srcgrad.ir.nodes import Call, Const, Value, leaves
from srcgrad.rules.custom import Custom, Form, ForwardSweep, Primal, ReverseSweep, TangentSweep, transpose_of
from srcgrad.rules.registry import Rule, display_name
from srcgrad.transform.rule_calls import refuse
from srcgrad.transform.split import TAPE
from srcgrad.tree import flatten

if TYPE_CHECKING:
    from srcgrad.transform.forward import Forward
    from srcgrad.transform.reverse import Reverse


def settle_custom_calls(program: Program) -> None:
    """Notes which results of custom functions may be memory of their arguments, as far as their bodies say so.

    Raises:
        UnsupportedError: if one writes to its arguments.
    """
    whole = Aliases([*program.functions, program.function]) if program.customs else None
    for call in program.customs:
        op, given = call.op, list(leaves(call.op.args))
        if not isinstance(op.fn, Primal):
            _check_fresh(call, whole)
            continue
        shared: dict[tuple[int, int], None] = {}
        for body in call.bodies:
            aliases = Aliases([body])
            for k, value in enumerate(given):
                if isinstance(value, Const) or not is_pointer(value.type):
                    continue
                if aliases.is_written(value):
                    raise UnsupportedError(
                        f"{op.fn.__name__} is called here, and {body.name} writes to its argument in place",
                        op.span,
                        "let it write to a copy: .copy()",
                    )
                results = [body.body.results[place] for place in op.fn.form.kept]
                same = [
                    j for j, v in enumerate(results) if is_pointer(v.type) and aliases.find(v) is aliases.find(value)
                ]
                shared.update(dict.fromkeys([(j, k) for j in same]))
        form, custom = op.fn.form, op.fn.custom
        if not call.bodies and not custom.returns_new and whole is not None:
            form = replace(form, is_watched=any(whole.is_written(v) for v in (*given, *op.outputs)))
        op.fn = step_of(Primal, custom, form, tuple(shared))


def _check_fresh(call: CustomCall, whole: Aliases | None) -> None:
    """Refuses a function with a rule that returns memory of an argument, where one of the two is written.

    Raises:
        UnsupportedError: if so.
    """
    (body,) = call.bodies
    aliases = Aliases([body])
    given = [v for v in leaves((call.op.args, call.op.kwargs)) if not isinstance(v, Const) and is_pointer(v.type)]
    returned = {aliases.find(v) for v in body.body.results if is_pointer(v.type)}
    shared = [v for v in given if aliases.find(v) in returned]
    if shared and whole is not None and any(map(whole.is_written, (*shared, *call.op.outputs))):
        raise UnsupportedError(
            f"what {display_name(call.op.fn)} returns here is memory of its argument, and one of the two is written",
            call.op.span,
            "let it return a copy: .copy()",
        )


def reverse_custom(reverse: Reverse, op: Call, step: Primal) -> None:
    """Has the forward sweep keep what the reverse sweep needs, which finds the cotangents of the arguments."""
    given = list(leaves(op.args))
    wanted = _movable(op, step.custom, lambda v: reverse.activity.active(v))
    if not wanted or not any(map(reverse.activity.active, op.outputs)):
        return
    custom, form = step.custom, step.form
    _check(op, custom, "reverse")
    custom = custom.within(reverse.transposed)
    lo = reverse.lo
    seen = tuple([k for k, o in enumerate(op.outputs) if o.type.differentiable])
    bars = [reverse.full_cotangent(reverse.cotangent_of_output(op.outputs[k]), op.outputs[k]) for k in seen]
    copies = reverse.outlives or any(reverse.aliases.is_written(v) for v in (*given, *op.outputs))
    op.fn = step_of(ForwardSweep, custom, form, copies)
    kept = Value(TAPE, "residuals", op.span)
    kept.owner = op
    op.outputs = [*op.outputs, kept]
    op.unpacks = True
    found = [Value(given[k].type, None, op.span) for k in wanted]
    lo.append(Call(step_of(ReverseSweep, custom, form, wanted, seen), (kept, *bars), {}, found, op.span))
    for k, bar in zip(wanted, found, strict=True):
        reverse.contribute(given[k], bar)


def reverse_by_transpose(reverse: Reverse, op: Call, rule: Rule, g: Any, z: Any) -> None:
    """Finds the cotangents of the arguments with a rule for tangents, which is linear in these."""
    args = [*op.args, *op.kwargs.values()]
    names = (*[rule.parameter(k) or "" for k in range(len(op.args))], *op.kwargs)
    if rule.variadic in names:
        refuse(op)
    for name, tree in zip(names, args, strict=True):
        if name not in rule.tangents and any(map(reverse.activity.active, leaves(tree))):
            raise NoRuleError(
                f"{display_name(op.fn)} has no derivative with respect to its argument {name!r}",
                op.span,
                "wrap that argument in srcgrad.stop_gradient, or give the function a rule",
            )
    given = (*args, z, g)
    items = list(leaves(args))
    returned, structure = flatten(tuple(args))
    wanted = tuple([k for k, v in enumerate(returned) if isinstance(v, Value) and reverse.activity.active(v)])
    form = Form((None,) * len(given), flatten(given)[1], structure, wanted)
    name = display_name(op.fn).rpartition(".")[2]
    found = [Value(items[k].type, None, op.span) for k in wanted]
    transpose = transpose_of(rule, f"{name}_rev", names, len(op.kwargs), (*reverse.transposed, op.fn))
    step = step_of(Primal, transpose, form)
    reverse.lo.append(Call(step, given, {}, found, op.span))
    for k, bar in zip(wanted, found, strict=True):
        reverse.contribute(items[k], bar)


def push_custom(forward: Forward, op: Call, step: Primal) -> None:
    """Computes the value together with its tangent."""
    given = list(leaves(op.args))
    wanted = _movable(op, step.custom, lambda v: v in forward.dots)
    seen = tuple([k for k, o in enumerate(op.outputs) if forward.active(o)])
    if not wanted or not seen:
        forward.lo.region.append(op)
        return
    custom, form = step.custom, step.form
    _check(op, custom, "tangent")
    tangents = [forward.tangent(given[k]) for k in wanted]
    dots = [forward.like(op.outputs[k]) for k in seen]
    made = Call(step_of(TangentSweep, custom, form, wanted, seen), (*op.args, *tangents), {}, [], op.span, unpacks=True)
    made.outputs = [*op.outputs, *dots]
    for output in made.outputs:
        output.owner = made
    forward.lo.append(made)
    for k, dot in zip(seen, dots, strict=True):
        forward.define(op.outputs[k], dot)


def _movable(op: Call, custom: Custom, moves: Callable[[Value], bool]) -> tuple[int, ...]:
    """The leaves of the arguments with a derivative that is not zero.

    Raises:
        NoRuleError: if one of them belongs to an argument that has none.
    """
    found: list[int] = []
    leaf = -1
    for k, arg in enumerate(op.args):
        for value in leaves(arg):
            leaf += 1
            if isinstance(value, Const) or not moves(value):
                continue
            if not custom.is_passive(k, len(op.args)):
                found.append(leaf)
            elif k < len(custom.variables):
                raise NoRuleError(
                    f"{custom.__name__} uses {custom.variables[k]!r}, a variable of this program, and a derivative in "
                    "it is asked for",
                    op.span,
                    f"let {custom.__name__} take it as an argument, or wrap it in srcgrad.stop_gradient",
                )
            elif not custom.is_constant_in_passive:
                raise NoRuleError(
                    f"a derivative in argument {k} of {custom.__name__} is asked for, which has none",
                    op.span,
                    "leave it out of nondiff_argnums, or wrap it in srcgrad.stop_gradient",
                )
    return tuple(found)


def _check(op: Call, custom: Custom, sweep: str) -> None:
    """Raises where there is no derivative."""
    reason = custom.refuse(sweep)
    if reason is not None:
        raise NoRuleError(reason[0], op.span, reason[1])
