"""What stands for calls of functions with derivatives of their own, in generated code that is read again.

The sweeps of a `custom_vjp` are calls of the user's functions, which are inlined; those of the others are calls of
functions that have derivatives of their own in turn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.frontend.access import subscript
from srcgrad.frontend.attributes import attribute
from srcgrad.frontend.custom_calls import as_symbol, as_tree, call_custom, is_computed, name_of
from srcgrad.frontend.handlers import handles
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Reference, Sequence, Symbol
from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import Unknown, is_scalar
from srcgrad.rules.custom import Custom, Form, ForwardSweep, Primal, ReverseSweep, Step, TangentSweep, is_surely
from srcgrad.rules.user_rules import RuleCall, contribution_of
from srcgrad.tree import Structure, flatten

_LEAF = flatten(0.0)[1]


def call_step(lo: Lowering, step: Step, args: list[Symbol]) -> Symbol:
    """A call that stands in generated code which is read again."""
    if isinstance(step, Primal):
        result = call_custom(lo, step.custom, _arguments(lo, step.form, args), {})
        items = _parts(lo, step.form.out or _LEAF, result)
        return _unpacked([items[k] for k in step.form.kept])
    if isinstance(step, ForwardSweep):
        return _forward(lo, step, _arguments(lo, step.form, args))
    if isinstance(step, ReverseSweep):
        return _reverse(lo, step, args[0], args[1:])
    assert isinstance(step, TangentSweep)
    return _tangent(lo, step, args)


def _unpacked(items: list[Symbol]) -> Symbol:
    return items[0] if len(items) == 1 else Sequence(tuple(items))


def _arguments(lo: Lowering, form: Form, given: list[Symbol]) -> list[Symbol]:
    return [
        item if part is None else as_symbol(lo, part.unflatten(_items(lo, item)))
        for item, part in zip(given, form.into, strict=True)
    ]


def _forward(lo: Lowering, step: ForwardSweep, args: list[Symbol]) -> Symbol:
    custom = step.custom
    route = custom.source("forward")
    if route is None:
        out = call_custom(lo, custom, args, {})
        residuals: Symbol = out
    else:
        pair = _inlined(lo, custom, route, args)
        out, residuals = _pair(lo, pair, route)
    items = _parts(lo, step.form.out or _LEAF, out)
    given: Symbol = Sequence(tuple(args))
    if step.copies:
        residuals, given = _copied(lo, residuals), _copied(lo, given)
    kept = Sequence((residuals, given))
    return Sequence((*[_copied(lo, items[k]) for k in step.form.kept], kept))


def _inlined(lo: Lowering, custom: Custom, route: Callable, args: list[Symbol]) -> Symbol:
    """What one of the user's functions returns, which may call the custom function itself."""
    lo.reading.append(custom)
    try:
        return lo.call(Const(route), args, {})
    finally:
        lo.reading.pop()


@handles(is_surely)
def _is_surely(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    if isinstance(args[0], Value) and isinstance(args[0].type, Unknown):
        return Const(False)
    return lo.call(Const(isinstance), args, kwargs)


def _pair(lo: Lowering, symbol: Symbol, route: Any) -> tuple[Symbol, Symbol]:
    if not isinstance(symbol, Sequence) or len(symbol.items) != 2:
        lo.unsupported(f"{name_of(route)} has to return a pair")
    return symbol.items[0], symbol.items[1]


def _copied(lo: Lowering, symbol: Symbol) -> Symbol:
    """Arrays in memory of their own."""
    if isinstance(symbol, (Sequence, Reference)):
        return lo.call(Const(runtime.copied), [symbol], {})
    is_known = not isinstance(symbol, Value) or isinstance(symbol, Const) or is_scalar(symbol.type)
    return symbol if is_known else lo.emit(runtime.copied, symbol)


def _reverse(lo: Lowering, step: ReverseSweep, kept: Symbol, bars: list[Symbol]) -> Symbol:
    custom, form = step.custom, step.form
    residuals, given = subscript(lo, kept, Const(0)), subscript(lo, kept, Const(1))
    args = [subscript(lo, given, Const(k)) for k in range(len(form.into))]
    at: list[Symbol] = [Const(None)] * len(form.kept)
    for k, bar in zip(step.given, bars, strict=True):
        at[k] = _copied(lo, bar)
    cotangent = as_symbol(lo, form.whole(at))
    route = custom.source("backward")
    if route is None:
        adjoint = custom.adjoint()
        found = _items(lo, call_custom(lo, adjoint, [*args, residuals, cotangent], {}))
    else:
        result = _inlined(lo, custom, route, custom.backward_arguments(args, residuals, cotangent))
        found = custom.completed(_items(lo, result), Const(None))
    items = _parts(lo, form.taken, Sequence(tuple(found)))
    primals = _parts(lo, form.taken, Sequence(tuple(args)))
    return _unpacked([_or_zeros(lo, items[k], primals[k]) for k in step.wanted])


def _items(lo: Lowering, symbol: Symbol) -> list[Symbol]:
    if isinstance(symbol, Sequence):
        return list(symbol.items)
    if isinstance(symbol, Reference) and symbol.cls is list:
        return list(lo.contents(symbol))
    lo.unsupported("what the reverse sweep of a custom function returns is no tuple here")


def _parts(lo: Lowering, structure: Structure, symbol: Symbol) -> list[Symbol]:
    """The symbols at the leaves of a tree of this structure, in which None may stand for a part."""
    found: list[Symbol] = []
    stack: list[Symbol] = [symbol]
    for node in structure.nodes:
        value = stack.pop()
        if node.is_leaf:
            found.append(value)
        elif isinstance(value, Const) and value.value is None:
            stack.extend([value] * len(node.keys))
        elif node.cls in (tuple, list) or issubclass(node.cls, dict):
            stack.extend([subscript(lo, value, Const(key)) for key in reversed(node.keys)])
        else:
            stack.extend([attribute(lo, value, key) for key in reversed(node.keys)])
    return found


def _or_zeros(lo: Lowering, symbol: Symbol, like: Symbol) -> Symbol:
    """A derivative, or zeros where it is None, in memory of its own."""
    if isinstance(symbol, Const) and symbol.value is None:
        return lo.call(Const(runtime.zeros_like), [like], {})
    return _copied(lo, symbol)


def _tangent(lo: Lowering, step: TangentSweep, values: list[Symbol]) -> Symbol:
    custom, form = step.custom, step.form
    count = len(form.into)
    args = _arguments(lo, form, values[:count])
    dots = dict(zip(step.wanted, values[count:], strict=True))
    primals = _parts(lo, form.taken, Sequence(tuple(args)))
    tangents: list[Symbol] = []
    for k, primal in enumerate(primals):
        known = dots.get(k)
        passive = not is_computed(primal) or not primal.type.differentiable
        absent = Const(None) if passive and not _is_float(primal) else lo.call(Const(runtime.zeros_like), [primal], {})
        tangents.append(absent if known is None else _copied(lo, known))
    tree = as_symbol(lo, form.taken.unflatten(tangents))
    route = custom.source("tangent")
    if route is None:
        out = call_custom(lo, custom, args, {})
        (out_dot,) = _items(lo, call_custom(lo, custom.tangent_map(), [*args, out, *_items(lo, tree)], {}))
    else:
        given = custom.tangent_arguments(args, _items(lo, tree), lambda items: Sequence(tuple(items)))
        out, out_dot = _pair(lo, _inlined(lo, custom, route, given), route)
    items, found = (_parts(lo, form.out or _LEAF, symbol) for symbol in (out, out_dot))
    outs = [_copied(lo, items[k]) for k in form.kept]
    dots_out = [_or_zeros(lo, found[form.kept[k]], outs[k]) for k in step.given]
    return Sequence((*outs, *dots_out))


def _is_float(symbol: Symbol) -> bool:
    return isinstance(symbol, Const) and isinstance(symbol.value, (float, complex, np.inexact))


def call_rule(lo: Lowering, rule_call: RuleCall, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """A call of a rule that stands in generated code which is read again."""
    rule = rule_call.rule
    found = lo.call(Const(rule.body), args, kwargs)
    if rule.kind == "jvp":
        z = args[len(rule.tangents)]
        outs = list(z.items) if isinstance(z, Sequence) else [z]
        dots = list(found.items) if isinstance(found, Sequence) and isinstance(z, Sequence) else [found]
        return _unpacked([_or_zeros(lo, dot, out) for dot, out in zip(dots, outs, strict=True)])
    parts = found.items if isinstance(found, Sequence) else (found,)
    if rule.kind == "partials":
        return _unpacked([parts[k] for k, _ in rule_call.wanted if isinstance(k, int)])
    given = args[2:]
    result = []
    for key, leaf in rule_call.wanted:
        primal = given[key] if isinstance(key, int) else kwargs[key]
        part = contribution_of(rule, parts, key)
        structure = flatten(as_tree(lo, primal, rule_call))[1]
        items = _parts(lo, structure, primal)
        fitted = items if part is None else _parts(lo, structure, part)
        result.append(lo.call(Const(runtime.unbroadcast), [fitted[leaf], items[leaf]], {}))
    return _unpacked(result)
