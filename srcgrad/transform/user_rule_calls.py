"""Rules of the user's that are called at run time: their bodies refer to what may change, and are not inlined.

Before -> after, for `fun_vjp` that reads a global array: `x_bar = fun_vjp(out_bar, out, x)`.
"""

from __future__ import annotations

import types
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from srcgrad.frontend.calls import is_library
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Symbol
from srcgrad.ir.nodes import Call, Const, Value, leaves
from srcgrad.ir.types import UNKNOWN, List
from srcgrad.rules.registry import Rule, display_name, is_of_user
from srcgrad.rules.user_rules import RuleCall

if TYPE_CHECKING:
    from srcgrad.transform.forward import Forward
    from srcgrad.transform.reverse import Reverse


def is_called(rule: Rule) -> bool:
    """Whether a rule is called at run time: it is the user's, and reads more than its arguments and libraries."""
    return is_of_user(rule.body) and _reads_outside(rule.body)


def _reads_outside(body: Callable[..., Any]) -> bool:
    if not isinstance(body, types.FunctionType) or body.__code__.co_freevars:
        return True
    defaults = (*(body.__defaults__ or ()), *(body.__kwdefaults__ or {}).values())
    if not all(default is None or isinstance(default, (int, float, complex, str)) for default in defaults):
        return True
    names = {name for code in _codes(body.__code__) for name in code.co_names}
    found = [body.__globals__[name] for name in names if name in body.__globals__]
    return not all(isinstance(obj, types.ModuleType) or (callable(obj) and is_library(obj)) for obj in found)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from _codes(const)


def reverse_by_call(reverse: Reverse, op: Call, rule: Rule, g: Symbol, z: Symbol) -> None:
    """Calls a rule for the cotangents of the arguments."""
    lo = reverse.lo
    places: list[tuple[int | str, int]] = []
    targets: list[Value] = []
    for key, tree in (*enumerate(op.args), *op.kwargs.items()):
        for k, leaf in enumerate(leaves(tree)):
            if isinstance(leaf.type, List) or not reverse.activity.active(leaf):
                continue
            places.append((key, k))
            targets.append(leaf)
    if not places:
        return
    found = [Value(v.type, None, op.span) for v in targets]
    fn = _rule_call(rule, op, tuple(places))
    lo.append(Call(fn, (lo.tree(g), lo.tree(z), *op.args), dict(op.kwargs), found, op.span))
    for target, bar in zip(targets, found, strict=True):
        reverse.contribute(target, bar)


def partials_by_call(lo: Lowering, op: Call, rule: Rule, wanted: list[int]) -> tuple[Symbol, ...]:
    """Calls a rule for the partial derivatives in some of the arguments; None stands for the others."""
    found = [Value(UNKNOWN, None, op.span) for _ in wanted]
    fn = _rule_call(rule, op, tuple([(k, 0) for k in wanted]))
    lo.append(Call(fn, (*op.args, op.outputs[0]), {}, found, op.span))
    partials: list[Symbol] = [Const(None)] * len(op.args)
    for k, partial in zip(wanted, found, strict=True):
        partials[k] = partial
    return tuple(partials)


def push_by_call(forward: Forward, op: Call, rule: Rule, arguments: list[Symbol]) -> None:
    """Calls a rule for the tangents of what a call returns."""
    lo = forward.lo
    found = [Value(o.type, None, op.span) for o in op.outputs]
    trees = tuple([lo.tree(arg) for arg in arguments])
    lo.append(Call(_rule_call(rule, op, ()), trees, dict(op.kwargs), found, op.span))
    for output, dot in zip(op.outputs, found, strict=True):
        if forward.active(output):
            forward.define(output, dot)


def _rule_call(rule: Rule, op: Call, places: tuple) -> Any:
    key = (rule, display_name(op.fn), places)
    known = _made.get(key)
    if known is None:
        known = _made[key] = RuleCall(*key)
    return known


_made: weakref.WeakValueDictionary[tuple, RuleCall] = weakref.WeakValueDictionary()
"""The same object stands for all calls that are alike, under one name in the generated code."""
