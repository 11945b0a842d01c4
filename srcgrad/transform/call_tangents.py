"""The tangents of calls that write nothing: the forward halves of the derivative rules."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.activity import blocks
from srcgrad.analysis.complexness import is_complex
from srcgrad.analysis.memory import LOOKUPS, among, contents_read, copies_perhaps, has_no_gaps, is_view
from srcgrad.analysis.steep import comes_from_selection, is_steep
from srcgrad.errors import NoRuleError
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.presence import note_there
from srcgrad.frontend.values import Sequence, Symbol
from srcgrad.ir.nodes import Call, Const, Value, leaves, map_tree
from srcgrad.ir.types import Array, List, Opaque, Tuple, is_scalar, rank
from srcgrad.rules.custom import Primal
from srcgrad.rules.extents import is_elementwise
from srcgrad.rules.registry import JVP, LINEAR, PARTIALS, VJP, Linear, Rule, display_name
from srcgrad.transform.cotangents import add, cast, copier, full_like, is_fresh, product
from srcgrad.transform.custom_calls import push_custom
from srcgrad.transform.logistic import exponent_of_logistic, slope_of_logistic
from srcgrad.transform.rule_calls import inline_rule
from srcgrad.transform.strong_zeros import strong_product
from srcgrad.transform.user_rule_calls import is_called, partials_by_call, push_by_call

if TYPE_CHECKING:
    from srcgrad.transform.forward import Forward


def push_call(forward: Forward, op: Call) -> None:
    """Adds the tangents of what a call returns."""
    if isinstance(op.fn, Primal):
        push_custom(forward, op, op.fn)
        return
    forward.lo.region.append(op)
    if among(op.fn, LOOKUPS):
        look_up(forward, op)
        return
    if blocks(op) or not any(map(forward.active, op.outputs)):
        return
    if handles_containers(op):
        _mirror(forward, op, data_of(op))
        return
    if not any(has_tangent(forward, v) for v in contents_read(op)):
        return
    if op.fn is runtime.viewed_alike:
        forward.dots[op.outputs[0]] = forward.dots[op.args[0]]
        check_view(forward, op)
        return
    if is_view(op) and any(map(forward.aliases.is_written, op.outputs)):
        _mirror(forward, op, (0,))
        if copies_perhaps(op):
            check_view(forward, op)
        return
    if op.fn in (runtime.copied, runtime.protected) and _layout_matters(forward, op.outputs[0]):
        forward.define(op.outputs[0], _laid_out(forward, forward.dots[op.args[0]], op.outputs[0]))
        return
    linear = LINEAR.get(op.fn)
    if op.fn in JVP:
        _apply_jvp(forward, op, JVP[op.fn])
    elif op.fn in PARTIALS and linear is None and not op.unpacks and not op.kwargs:
        _apply_partials(forward, op, PARTIALS[op.fn])
    elif linear is None:
        _refuse(op)
    elif linear.jointly and is_elementwise(op.fn):
        _apply_elementwise(forward, op, linear)
    elif linear.jointly:
        _mirror(forward, op, named(op, linear))
    else:
        _apply_in_each(forward, op, linear)


def look_up(forward: Forward, op: Call) -> None:
    """The tangent of a shadow is found as the shadow is, in a table of its own."""
    table, x = op.args
    if forward.active(op.outputs[0]):
        dot = forward.beside(op.outputs[0])
        forward.lo.append(Call(forward.lookup or op.fn, (forward.dots[table], x), {}, [dot], op.span))


def has_tangent(forward: Forward, value: Value) -> bool:
    return not isinstance(value, Const) and value in forward.dots


def dots_of(forward: Forward, tree: Any, absent: Callable[[Value], Any]) -> Any:
    """The tangents of an argument tree."""

    def dot(value: Value) -> Any:
        return forward.tangent(value) if has_tangent(forward, value) else absent(value)

    return map_tree(dot, tree)


def zero_of(forward: Forward, value: Value) -> Value:
    """The tangent of a part of an argument that has none, zeros in its shape; what holds no number stays what it is."""
    if isinstance(value.type, Opaque) and not value.type.differentiable:
        return value
    if isinstance(value, Const) and not isinstance(value.value, (int, float, complex, np.number)):
        return value
    return forward.tangent(value)


# What a call does to primals it does to their tangents


def handles_containers(op: Call) -> bool:
    """Whether a call makes a list or tuple, or takes something out of one."""
    held = (List, Tuple)
    if among(op.fn, _MAKE_LISTS) and any(isinstance(o.type, held) for o in op.outputs):
        return True
    return among(op.fn, _TAKE_ITEMS) and isinstance(op.args[0], Value) and isinstance(op.args[0].type, held)


_MAKE_LISTS = frozenset([list, tuple, operator.add, operator.mul])
_TAKE_ITEMS = frozenset([operator.getitem, list.copy])


def data_of(op: Call) -> Iterator[int | str]:
    for k, arg in enumerate(op.args):
        index = op.fn is operator.getitem and k == 1
        count = op.fn is operator.mul and isinstance(arg, Value) and not isinstance(arg.type, (List, Tuple))
        if not index and not count:
            yield k


def named(op: Call, linear: Linear) -> Iterator[int | str]:
    """The places of the arguments that a function is linear in."""
    rule = VJP[op.fn]
    for k in range(len(op.args)):
        if rule.parameter(k) in linear.arguments:
            yield k
    for name in op.kwargs:
        if name in linear.arguments:
            yield name


def _mirror(forward: Forward, op: Call, data: Iterable[int | str]) -> None:
    mirror_call(forward, op, set(data), lambda v: zero_of(forward, v))


def mirror_call(forward: Forward, op: Call, places: Collection[int | str], absent: Callable[[Value], Any]) -> None:
    """Calls the same function on tangents.

    Args:
        forward: takes the tangents of the outputs.
        op: the call.
        places: the positions and names of the arguments that tangents stand in for.
        absent: gives what stands there for a value without a tangent.
    """

    def tangents(key: int | str, tree: Any) -> Any:
        return dots_of(forward, tree, absent) if key in places else tree

    args = tuple([tangents(k, arg) for k, arg in enumerate(op.args)])
    kwargs = {name: tangents(name, arg) for name, arg in op.kwargs.items()}
    outputs = [forward.like(o) for o in op.outputs]
    forward.lo.append(Call(op.fn, args, kwargs, outputs, op.span, op.unpacks))
    for output, dot in zip(op.outputs, outputs, strict=True):
        if forward.active(output):
            forward.dots[output] = dot


def check_view(forward: Forward, op: Call) -> None:
    """Makes the tangent of what is a view or a copy, as NumPy decides by the layout in memory, the same of the two."""
    x, z = op.args[0], op.outputs[0]
    args = (forward.dots[z], forward.dots[x], z, x)
    forward.lo.append(Call(runtime.viewed_alike, args, {}, [forward.beside(z)], op.span))


# Rules


def _apply_partials(forward: Forward, op: Call, rule: Rule) -> None:
    lo, z = forward.lo, op.outputs[0]
    if op.fn in _QUOTIENTS:
        total = _of_quotient(forward, op)
    elif op.fn in _PRODUCTS and op.args[0] is op.args[1]:
        doubled = lo.value(lo.emit(operator.mul, Const(2), op.args[0]))
        total = lo.value(lo.emit(operator.mul, doubled, forward.dots[op.args[0]]))
    else:
        total = None
        partials = _partials(forward, op, rule)
        for k, (x, partial) in enumerate(zip(op.args, partials, strict=True)):
            dot = forward.dots.get(x) if isinstance(x, Value) and not isinstance(x, Const) else None
            if dot is not None and not _is_none(partial):
                if isinstance(partial, Const) and partial.value is Ellipsis:
                    _no_derivative_in(op, rule.parameter(k) or str(k + 1))
                chosen = is_steep(op) and x is op.args[0] and comes_from_selection(x, forward.aliases)
                term = strong_product(lo, dot, lo.value(partial)) if chosen else scaled(lo, lo.value(partial), dot)
                total = term if total is None else add(lo, total, term)
    if total is not None:
        forward.define(z, settled(forward, op, _fitted(forward, op, total, z), z))


def _partials(forward: Forward, op: Call, rule: Rule) -> tuple[Symbol, ...]:
    """The local gradients, in the order of the arguments."""
    lo, z = forward.lo, op.outputs[0]
    if is_called(rule):
        moving = [k for k, x in enumerate(op.args) if isinstance(x, Value) and has_tangent(forward, x)]
        return partials_by_call(lo, op, rule, moving)
    result = inline_rule(lo, rule, [*[lo.symbol(arg) for arg in op.args], z], {}, z)
    return result.items if isinstance(result, Sequence) else (result,)


_QUOTIENTS = frozenset([operator.truediv, np.divide])
_PRODUCTS = frozenset([operator.mul, np.multiply])


def _of_quotient(forward: Forward, op: Call) -> Value | None:
    """`z = a / b`: `(a_dot - z * b_dot) / b`, and for a logistic function its slope times what comes in."""
    lo, z = forward.lo, op.outputs[0]
    a, b = op.args
    a_dot, b_dot = (None if isinstance(v, Const) else forward.dots.get(v) for v in (a, b))
    exponent = exponent_of_logistic(forward, op)
    if exponent is not None:
        u_dot = forward.dots.get(exponent)
        slope = None if u_dot is None else scaled(lo, slope_of_logistic(forward, op), u_dot)
        part = None if a_dot is None else lo.value(lo.emit(op.fn, a_dot, b))
        if slope is None:
            return part
        return lo.value(lo.emit(operator.neg, slope) if part is None else lo.emit(operator.sub, part, slope))
    if b_dot is None:
        return None if a_dot is None else lo.value(lo.emit(op.fn, a_dot, b))
    change = scaled(lo, z, b_dot)
    top = lo.emit(operator.neg, change) if a_dot is None else lo.emit(operator.sub, a_dot, change)
    return lo.value(lo.emit(op.fn, lo.value(top), b))


def scaled(lo: Lowering, partial: Value, dot: Value) -> Value:
    """A tangent times a local gradient, written in this order."""
    owner = partial.owner
    is_sign = isinstance(partial, Const) and partial.value in (1, -1)
    rewritten = isinstance(owner, Call) and owner.fn in (operator.neg, *_QUOTIENTS) and partial.hint is None
    if is_sign or rewritten:
        return product(lo, dot, partial)
    return lo.value(lo.emit(operator.mul, partial, dot))


def _apply_elementwise(forward: Forward, op: Call, linear: Linear) -> None:
    """A function that is linear in some arguments together, and broadcasts them: a number stands for any zeros."""
    lo, z, places = forward.lo, op.outputs[0], set(named(op, linear))

    def symbol(key: int | str, tree: Any) -> Symbol:
        return lo.symbol(dots_of(forward, tree, lambda v: Const(0.0)) if key in places else tree)

    args = [symbol(k, arg) for k, arg in enumerate(op.args)]
    dot = lo.value(lo.emit(op.fn, *args, **{name: symbol(name, arg) for name, arg in op.kwargs.items()}))
    forward.define(z, settled(forward, op, _fitted(forward, op, dot, z), z))


def _apply_in_each(forward: Forward, op: Call, linear: Linear) -> None:
    z, total = op.outputs[0], None
    for key in named(op, linear):
        tree = op.args[key] if isinstance(key, int) else op.kwargs[key]
        if not any(has_tangent(forward, v) for v in leaves(tree)):
            continue
        args, kwargs = list(op.args), dict(op.kwargs)
        given: Any = args if isinstance(key, int) else kwargs
        given[key] = dots_of(forward, tree, lambda v: zero_of(forward, v))
        lo = forward.lo
        symbols = [lo.symbol(arg) for arg in args]
        term = lo.value(lo.emit(op.fn, *symbols, **{name: lo.symbol(arg) for name, arg in kwargs.items()}))
        total = term if total is None else add(lo, total, term)
    if total is not None:
        forward.define(z, settled(forward, op, _fitted(forward, op, total, z), z))


def _apply_jvp(forward: Forward, op: Call, rule: Rule) -> None:
    lo = forward.lo
    trees = _arguments_by_name(op, rule)
    dots: list[Symbol] = []
    for name in rule.tangents:
        tree = trees.get(name)
        dot = _dots_of_operands(forward, tree) if name == rule.variadic else _dot_of(forward, tree)
        # A rule asks which operands have a tangent: of those of unknown kind it would ask when the program runs.
        note_there(lo, [value for value in leaves(dot) if not isinstance(value, Const)])
        dots.append(lo.symbol(dot))
    for name, tree in trees.items():
        if name not in rule.tangents and any(has_tangent(forward, v) for v in leaves(tree)):
            _no_derivative_in(op, name)
    z: Symbol = Sequence(tuple(op.outputs)) if op.unpacks else op.outputs[0]
    arguments = [*dots, z, *[lo.symbol(arg) for arg in op.args]]
    if is_called(rule):
        push_by_call(forward, op, rule, arguments)
        return
    result = inline_rule(lo, rule, arguments, {name: lo.symbol(arg) for name, arg in op.kwargs.items()})
    if isinstance(result, Sequence) and not op.unpacks:
        # Several outputs in one value: how many there are was not known.
        result = Sequence(tuple([Const(0.0) if _is_none(dot) else dot for dot in result.items]))
    found = result.items if isinstance(result, Sequence) and op.unpacks else (result,)
    for output, dot in zip(op.outputs, found, strict=True):
        if forward.active(output) and not _is_none(dot):
            forward.define(output, settled(forward, op, _fitted(forward, op, lo.value(dot), output), output))


def _dots_of_operands(forward: Forward, operands: Any) -> Any:
    """The tangents of `*operands`, None for one that has none; None in place of all if none has one."""
    found = tuple([_dot_of(forward, operand) for operand in operands or ()])
    return Const(None) if all(map(_is_none, found)) else found


def _dot_of(forward: Forward, tree: Any) -> Any:
    """The tangent of an operand, None if it has none; of a list of numbers and arrays, with zeros for those without."""
    if tree is None or not any(has_tangent(forward, v) for v in leaves(tree)):
        return Const(None)
    return dots_of(forward, tree, lambda v: zero_of(forward, v))


def _is_none(symbol: Symbol) -> bool:
    return isinstance(symbol, Const) and symbol.value is None


def _arguments_by_name(op: Call, rule: Rule) -> dict[str, Any]:
    """The arguments of a call by the names that a rule gives them: those of `*operands` as a tuple."""
    found: dict[Any, Any] = {}
    for k, arg in enumerate(op.args):
        name = rule.parameter(k)
        found[name] = (*found.get(name, ()), arg) if name == rule.variadic else arg
    return found | op.kwargs


def _fitted(forward: Forward, op: Call, dot: Value, z: Value) -> Value:
    """A tangent in the dtype of its primal; real, if that is."""
    lo, perhaps = forward.lo, forward.complexness.perhaps
    if any(map(perhaps, op.inputs)) and not perhaps(z) and is_complex(dot.type) is not False:
        dot = lo.value(lo.emit(np.real, dot))
    return cast(lo, dot, z)


def settled(forward: Forward, op: Call, dot: Value, z: Value) -> Value:
    """A tangent that no later write reaches, and that is memory of its own if its primal is written."""
    if isinstance(dot, Const):
        return dot
    if is_scalar(z.type):
        # An array without axes is memory, and what is made of it a number.
        return dot if is_scalar(dot.type) else forward.lo.value(forward.lo.emit(np.positive, dot))
    is_written = forward.aliases.is_written(z)
    if is_written and _layout_matters(forward, z):
        return _laid_out(forward, dot, z)
    if is_written:
        dot = full_like(forward.lo, dot, z)
    if is_fresh(dot) and dot.owner is not None and dot.uid > (forward.lo.newest or 0):
        return dot
    sources = [v for v in op.inputs if has_tangent(forward, v)]
    if is_written or any(forward.aliases.is_written(v) for v in sources):
        return forward.lo.value(forward.lo.emit_typed(copier(dot), (dot,), {}, dot.type))
    return dot


def _laid_out(forward: Forward, dot: Value, z: Value) -> Value:
    """A tangent that lies in memory as its primal does."""
    whole = full_like(forward.lo, dot, z)
    return forward.lo.value(forward.lo.emit_typed(runtime.laid_out_as, (whole, z), {}, whole.type))


def _layout_matters(forward: Forward, z: Value) -> bool:
    """Whether NumPy may give views of an array or copies, as it lies in memory, which is not known."""
    return isinstance(z.type, Array) and rank(z.type) != 1 and forward.aliases.is_reshaped(z) and not has_no_gaps(z)


def _refuse(op: Call) -> None:
    name = display_name(op.fn)
    raise NoRuleError(
        f"no rule for the tangent of {name}",
        op.span,
        f"give it one with @srcgrad.rules.jvp({name}), or wrap the argument in srcgrad.stop_gradient",
    )


def _no_derivative_in(op: Call, name: str) -> None:
    raise NoRuleError(
        f"{display_name(op.fn)} has no derivative with respect to its argument {name!r}",
        op.span,
        "wrap that argument in srcgrad.stop_gradient, or give the function a rule",
    )
