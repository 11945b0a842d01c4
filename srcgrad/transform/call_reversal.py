"""The reverse of calls: the derivative rules of primitives, and what their contributions are added to."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.activity import blocks
from srcgrad.analysis.memory import contents_read, copies_perhaps, is_likeness, is_view, order_of
from srcgrad.analysis.steep import MULTIPLICATIONS, is_mask, meets_steep_slope
from srcgrad.errors import NoRuleError, UnsupportedError
from srcgrad.frontend.access import subscript
from srcgrad.frontend.iteration import known_items
from srcgrad.frontend.values import Reference, Sequence, Symbol
from srcgrad.ir.nodes import Call, Closed, Const, Value, leaves
from srcgrad.ir.types import Array, Dict, List, Opaque, Tuple, Unknown, present, rank
from srcgrad.rules.custom import Primal, fitting
from srcgrad.rules.registry import ACCUMULATE, JVP, PARTIALS, VJP, Rule, display_name, is_of_user
from srcgrad.transform import cotangents
from srcgrad.transform.ambiguous import reverse_read
from srcgrad.transform.closed import reverse_closed
from srcgrad.transform.cotangents import fit, full_like, product, surely_fits
from srcgrad.transform.custom_calls import reverse_by_transpose, reverse_custom
from srcgrad.transform.growing import keeps_shape
from srcgrad.transform.list_reversal import (
    holds_buffers,
    refuse_sequences,
    reverse_display,
    reverse_list_copy,
    reverse_list_operator,
    reverse_list_read,
    reverse_tuple_read,
)
from srcgrad.transform.logistic import exponent_of_logistic, slope_of_logistic
from srcgrad.transform.places import region_of
from srcgrad.transform.rule_calls import inline_rule, refuse
from srcgrad.transform.squares import square_of
from srcgrad.transform.strong_zeros import Zeros, after_fit, passes_on, strong_product, zeros_made_by
from srcgrad.transform.user_rule_calls import is_called, partials_by_call, reverse_by_call
from srcgrad.transform.writes import has_mask

if TYPE_CHECKING:
    from srcgrad.transform.reverse import Reverse


def reverse_call(reverse: Reverse, op: Call) -> None:
    """Emits what a call of a primitive that writes nothing contributes to the cotangents of its arguments."""
    if isinstance(op.fn, Primal):
        reverse_custom(reverse, op, op.fn)
        return
    if blocks(op) or not any(reverse.activity.active(v) for v in contents_read(op)):
        return
    if any(o in reverse.instances for o in op.outputs):
        return
    if is_view(op) and all(map(reverse.is_buffer, op.outputs)) and not _lists_parts(reverse, op):
        if op.fn in (np.broadcast_to, np.broadcast_arrays) and reverse.activity.active(op.outputs[0]):
            raise UnsupportedError(
                "an array that is written in place is broadcast to a view here", op.span, "copy it before: x.copy()"
            )
        if op.fn is np.diag and rank(op.args[0].type) is None and reverse.activity.active(op.outputs[0]):
            raise UnsupportedError(
                "whether np.diag shows a diagonal or makes a matrix is not known here, and what it is given is written",
                op.span,
                "use np.diagonal or np.diagflat",
            )
        if copies_perhaps(op) and reverse.activity.active(op.outputs[0]):
            _reverse_copy_or_view(reverse, op)
        return
    if not any(reverse.activity.active(o) for o in op.outputs):
        return
    if op.fn is operator.getitem and op.outputs[0] in reverse.doubtful:
        reverse_read(reverse, op)
        return
    displayed = op.fn is tuple and type(op.outputs[0].type) is Tuple
    if displayed and op.outputs[0] not in reverse.shadows:
        # Whoever reads a tuple, or takes it out of a list, has handed its cotangents on already.
        return
    gs = [reverse.cotangent_of_output(o) for o in op.outputs]
    if all(g is None for g in gs):
        return
    if isinstance(op.fn, Closed):
        reverse_closed(reverse, op)
        return
    if op.fn is list.copy:
        reverse_list_copy(reverse, op)
        return
    if op.fn in (list, tuple) and op.outputs and isinstance(op.outputs[0].type, (List, Tuple)):
        reverse_display(reverse, op, gs[0])
        return
    if op.fn is operator.getitem and isinstance(op.args[0].type, (List, Tuple)):
        if not op.unpacks:
            reverse_list_read(reverse, op, gs[0])
        else:
            reverse_tuple_read(reverse, op, gs)
        return
    holds = any(isinstance(v.type, (List, Tuple, Dict, Opaque)) for v in op.inputs if reverse.activity.active(v))
    if holds and reverse_list_operator(reverse, op):
        return
    rule = PARTIALS.get(op.fn)
    if rule is not None and not op.unpacks and not op.kwargs:
        refuse_sequences(op)
        _apply_partials(reverse, op, rule, gs[0])
        return
    accumulate = ACCUMULATE.get(op.fn)
    if accumulate is not None and isinstance(op.args[0], Value) and reverse.accumulates(op.args[0]):
        _apply_accumulate(reverse, op, accumulate, gs[0])
        return
    rule = VJP.get(op.fn)
    if rule is None and op.fn in JVP and is_of_user(JVP[op.fn].body):
        g, z = _of_results(reverse, op, gs)
        reverse_by_transpose(reverse, op, JVP[op.fn], reverse.lo.tree(g), reverse.lo.tree(z))
        return
    if rule is None:
        refuse(op)
    _apply_vjp(reverse, op, rule, gs)


def _lists_parts(reverse: Reverse, op: Call) -> bool:
    """Whether a call makes a list of parts of an array that nothing writes: their cotangents are in a list, too."""
    made = op.outputs[0]
    return isinstance(made.type, List) and not op.unpacks and not holds_buffers(reverse, made)


def _reverse_copy_or_view(reverse: Reverse, op: Call) -> None:
    """A copy hands on what came back to it; the shadow of a view is part of that of what it is a view of."""
    x, z = op.args[0], op.outputs[0]
    came_back = (reverse.shadow(z), x, z, *order_of(op))
    if x in reverse.doubtful:
        lo = reverse.lo
        reverse.contribute(x, lo.value(lo.emit_typed(runtime.through_copy, came_back, {}, x.type)))
    else:
        reverse.lo.effect(runtime.add_if_copied, reverse.shadow(x), *came_back)


def _apply_partials(reverse: Reverse, op: Call, rule: Rule, g: Value) -> None:
    z = op.outputs[0]
    whole = g if cotangents.reaches_beyond(g.type, z.type) else z
    if op.fn in (operator.mul, np.multiply) and op.args[0] is op.args[1]:
        _apply_square(reverse, op, op.args[0], None, g, whole)
        return
    square = square_of(reverse, op)
    if square is not None:
        _apply_square(reverse, op, *square, g, whole)
        return
    level = reverse.zeros_of(z, g)
    exponent = exponent_of_logistic(reverse, op)
    if exponent is not None:
        slope = reverse.lo.value(reverse.lo.emit(operator.neg, slope_of_logistic(reverse, op)))
        contribution = fit(reverse.lo, _product(reverse, g, slope, level), exponent, whole)
        reverse.contribute(exponent, reverse.zeros.mark(contribution, after_fit(level, g, contribution)))
    partials = _partials(reverse, op, rule)
    for k, (x, partial) in enumerate(zip(op.args, partials, strict=True)):
        if not isinstance(x, Value) or not reverse.activity.active(x) or (k == 1 and exponent is not None):
            continue
        if isinstance(partial, Const) and partial.value is None:
            continue
        if isinstance(partial, Const) and partial.value is Ellipsis:
            _no_derivative_in(op, rule, k)
        contribution = _product(reverse, _selected(reverse, op, k, g), reverse.lo.value(partial), level)
        as_it_is = _absorbs(reverse, x, op) or (isinstance(x.type, Unknown) and keeps_shape(reverse.activity, x, op))
        fitted = fit(reverse.lo, contribution, x, whole, as_it_is)
        made = max(zeros_made_by(op), reverse.zeros.made_by_overflow(op, k))
        level_of_x = after_fit(max(level, made), contribution, fitted)
        reverse.contribute(x, reverse.zeros.mark(fitted, level_of_x))


def _selected(reverse: Reverse, op: Call, k: int, g: Value) -> Value:
    """The cotangent of a choice without what comes back to elements that another argument was chosen for.

    It is the same product afterwards, unless an infinite slope made an infinity there.
    """
    by_mask = op.fn in MULTIPLICATIONS and is_mask(op.args[1 - k])
    if not (by_mask or op.fn in _CHOICES) or not meets_steep_slope(op.outputs[0], reverse.uses):
        return g
    if by_mask:
        chosen = reverse.lo.value(reverse.symbol(op.args[1 - k]))
    else:
        chosen = reverse.lo.value(reverse.lo.emit(operator.eq, reverse.symbol(op.args[k]), op.outputs[0]))
    if isinstance(g.type, Array) and g.type.shape:
        return reverse.lo.value(reverse.lo.emit(np.where, chosen, g, Const(0)))
    return strong_product(reverse.lo, chosen, g)


def _partials(reverse: Reverse, op: Call, rule: Rule) -> tuple[Symbol, ...]:
    """The local gradients, in the order of the arguments."""
    if is_called(rule):
        active = [k for k, x in enumerate(op.args) if isinstance(x, Value) and reverse.activity.active(x)]
        return partials_by_call(reverse.lo, op, rule, active)
    z = op.outputs[0]
    result = inline_rule(reverse.lo, rule, [*[reverse.symbol(arg) for arg in op.args], z], {}, z)
    return result.items if isinstance(result, Sequence) else (result,)


def _apply_square(reverse: Reverse, op: Call, x: Value, c: Value | None, g: Value, whole: Any) -> None:
    """The derivative of `x * x` or `c * x * x`: one product, not two that are summed."""
    level = reverse.zeros_of(op.outputs[0], g)
    factor = Const(2.0)
    if isinstance(c, Const) and isinstance(c.value, (int, float)):
        factor = Const(2.0 * c.value)
    elif c is not None:
        g = product(reverse.lo, g, c)
    doubled = _product(reverse, product(reverse.lo, g, factor), x, level)
    reverse.contribute(x, reverse.zeros.mark(fit(reverse.lo, doubled, x, whole, _absorbs(reverse, x, op)), level))


def _absorbs(reverse: Reverse, x: Value, op: Call) -> bool:
    """Whether an elementwise operation made `x` for `op` alone: the cotangent of `x` may reach beyond its shape."""
    owner = x.owner
    return (
        isinstance(x.type, Unknown)
        and isinstance(owner, Call)
        and owner.parent is op.parent
        and owner.fn in PARTIALS
        and len(owner.outputs) == 1
        and not owner.kwargs
        and reverse.uses.count(x) == 1
        and not reverse.aliases.is_buffer(x)
        and x not in reverse.accumulators
    )


def _product(reverse: Reverse, g: Value, partial: Value, level: Zeros) -> Value:
    return (strong_product if reverse.zeros.matter(level, partial) else product)(reverse.lo, g, partial)


def _apply_accumulate(reverse: Reverse, op: Call, rule: Rule, g: Value) -> None:
    x = op.args[0]
    _check_keywords(op, rule)
    if op.outputs[0] in reverse.parts:
        return
    whole = op.fn is operator.getitem and isinstance(op.outputs[0].type, Unknown)
    if not whole:
        g = full_like(reverse.lo, g, op.outputs[0])
    fresh = x not in reverse.shadows
    shadow = reverse.shadow(x)
    reverse.zeros.add_part(x, shadow, op, region_of(x), has_mask(op.args[1:]), fresh)
    args = [shadow, g, op.outputs[0], *_symbols(reverse, op.args)]
    region = reverse.lo.region
    mark = len(region.ops)
    if isinstance(x.type, Unknown) and op.fn is operator.getitem and not _holds_numbers(reverse, op):
        reverse.lo.effect(runtime.add_to_item, shadow, args[-1], g)
        return
    if is_called(rule):
        reverse.lo.effect(rule.body, *args)
        return
    inline_rule(reverse.lo, rule, args, _symbols(reverse, op.kwargs))
    if any(made.regions for made in region.ops[mark:]) and not op.kwargs:
        # The kinds do not say which way the rule goes: it decides at run time, as a function.
        del region.ops[mark:]
        reverse.lo.effect(rule.body, *args)
    for k, other in enumerate(op.args[1:], 1):
        if any(reverse.activity.active(v) for v in leaves(other)):
            _no_derivative_in(op, rule, k)


def _holds_numbers(reverse: Reverse, op: Call) -> bool:
    """Whether what was read is a number or an array: all that uses it is arithmetic."""
    value = op.outputs[0]
    users = reverse.uses.users.get(value, ())
    arithmetic = all(isinstance(user, Call) and (user.fn in PARTIALS or user.fn in _PRODUCTS) for user in users)
    return arithmetic and value not in reverse.uses.results and not isinstance(op.args[1], slice)


def _symbols(reverse: Reverse, tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: reverse.symbol(item) for name, item in tree.items()}
    return [reverse.symbol(item) for item in tree]


def _of_results(reverse: Reverse, op: Call, gs: list[Value | None]) -> tuple[Symbol, Symbol]:
    """The cotangent of what a call returns, and what it returns, as its rule takes them."""
    filled: list[Symbol] = [
        Const(None) if g is None else full_like(reverse.lo, g, o) for g, o in zip(gs, op.outputs, strict=True)
    ]
    if not op.unpacks:
        return filled[0], op.outputs[0]
    return Sequence(tuple(filled)), Sequence(tuple(op.outputs))


def _apply_vjp(reverse: Reverse, op: Call, rule: Rule, gs: list[Value | None]) -> None:
    _check_keywords(op, rule)
    outputs = op.outputs
    g, z = _of_results(reverse, op, gs)
    if is_called(rule):
        reverse_by_call(reverse, op, rule, g, z)
        return
    contributions = _contributions(reverse, op, rule, g, z)
    checked = Const(display_name(op.fn).rpartition(".")[2]) if is_of_user(rule.body) else None
    named = dict(zip(rule.parameters, contributions, strict=False))
    arguments = list(zip(rule.parameters, op.args, strict=False))
    if len(op.args) > len(rule.parameters):
        arguments = list(zip([f"*{k}" for k in range(len(op.args))], op.args, strict=True))
        named = dict(zip([f"*{k}" for k in range(len(op.args))], contributions, strict=False))
    arguments += list(op.kwargs.items())
    read = contents_read(op)
    level = zeros_made_by(op)
    if passes_on(op, rule):
        level = max([level, *(reverse.zeros_of(o, g) for o, g in zip(outputs, gs, strict=True))])
    for k, (name, tree) in enumerate(arguments):
        if not any(reverse.activity.active(v) and v in read for v in leaves(tree)):
            continue
        contribution = named.get(name)
        if contribution is None or (isinstance(contribution, Const) and contribution.value is None):
            if is_likeness(op, k):
                continue
            _no_derivative_in(op, rule, k)
        _distribute(reverse, tree, contribution, level, checked)


def _distribute(reverse: Reverse, tree: Any, contribution: Symbol, level: Zeros, checked: Const | None) -> None:
    """Adds a contribution to the cotangents of the leaves of an argument.

    Args:
        reverse: collects the cotangents.
        tree: the argument.
        contribution: what a rule has returned for it.
        level: what the zeros in it stand for.
        checked: the name of the function, if it is checked that the contribution has a shape that fits.
    """
    if isinstance(tree, Value):
        if isinstance(tree.type, List):
            lo = reverse.lo
            if isinstance(contribution, Reference):
                # A list of items that are known one by one.
                items = [lo.value(item) for item in lo.contents(contribution)]
                contribution = lo.emit_typed(list, (items,), {}, present(tree.type))
            reverse.contribute(tree, reverse.zeros.mark(lo.value(contribution), level))
            return
        if not reverse.activity.active(tree):
            return
        value = reverse.lo.value(contribution)
        if checked is not None and not surely_fits(value.type, tree.type):
            value = reverse.lo.value(reverse.lo.emit(fitting, value, tree, checked))
        reverse.contribute(tree, reverse.zeros.mark(fit(reverse.lo, value, tree, None), level))
        return
    items = tree.values() if isinstance(tree, dict) else tree
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    if isinstance(contribution, Value) or isinstance(tree, dict):
        parts: Iterable[Symbol] = [subscript(reverse.lo, contribution, Const(key)) for key in keys]
    else:
        parts = known_items(reverse.lo, contribution)
    for item, part in zip(items, parts, strict=True):
        is_zero = isinstance(part, Const) and part.value is None
        if not is_zero and any(reverse.activity.active(v) for v in leaves(item)):
            _distribute(reverse, item, part, level, checked)


def _contributions(reverse: Reverse, op: Call, rule: Rule, g: Symbol, z: Symbol) -> tuple[Symbol, ...]:
    """What a rule gives for the arguments; `np.clip` gives each what comes back to the elements that are its own."""

    def given_for(g: Symbol) -> tuple[Symbol, ...]:
        result = inline_rule(reverse.lo, rule, [g, z, *_symbols(reverse, op.args)], _symbols(reverse, op.kwargs))
        if isinstance(result, Sequence):
            return result.items
        if rule.variadic is None or rule.parameter(0) != rule.variadic or len(op.args) == 1:
            return (result,)
        # All arguments are alike, and it was not known how many cotangents the rule returns.
        return tuple([subscript(reverse.lo, result, Const(k)) for k in range(len(op.args))])

    if op.fn is not np.clip or not isinstance(g, Value) or not meets_steep_slope(op.outputs[0], reverse.uses):
        return given_for(g)
    active = [isinstance(x, Value) and reverse.activity.active(x) for x in op.args]
    return tuple([given_for(_selected(reverse, op, k, g))[k] if active[k] else Const(None) for k in range(len(active))])


def _check_keywords(op: Call, rule: Rule) -> None:
    for name in op.kwargs:
        if name not in rule.parameters and not any(p in ("kw", "kwargs") for p in rule.parameters):
            raise NoRuleError(
                f"the derivative rule of {getattr(op.fn, '__name__', op.fn)} does not know the argument {name!r}",
                op.span,
                "leave the argument out, or write what it does with other functions",
            )


def _no_derivative_in(op: Call, rule: Rule, k: int) -> None:
    name = rule.parameter(k) if k < len(op.args) else list(op.kwargs)[k - len(op.args)]
    label = k + 1 if name is None else repr(name)
    raise NoRuleError(
        f"{display_name(op.fn)} has no derivative with respect to its argument {label}",
        op.span,
        "wrap that argument in srcgrad.stop_gradient, or give the function a rule",
    )


_PRODUCTS = frozenset([operator.matmul, np.matmul, np.dot])
_CHOICES = frozenset([np.maximum, np.minimum, np.fmax, np.fmin, np.clip])
