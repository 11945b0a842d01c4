"""Calls of functions whose derivatives are given as functions: one operation, of which the types are found by reading.

What stands for such calls in generated code is read again as what it does: the sweeps of a `custom_vjp` are calls of
the user's functions, which are inlined, and those of the others are calls of functions with derivatives of their own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.errors import SourceChangedError, SourceNotFoundError, UnsupportedError
from srcgrad.frontend.access import attribute, subscript, tuple_items
from srcgrad.frontend.lowering import Lowering, RaisesAlways
from srcgrad.frontend.pools import opened
from srcgrad.frontend.values import CONTAINERS, Bound, Closure, Reference, Sequence, Symbol
from srcgrad.ir.nodes import UNDEFINED, Call, Const, Function, Region, Value
from srcgrad.ir.types import UNKNOWN, List, NpScalar, Opaque, Tuple, Type, is_scalar, join
from srcgrad.rules.custom import Custom, Form, ForwardSweep, Primal, ReverseSweep, Step, TangentSweep
from srcgrad.rules.user_rules import RuleCall, contribution_of
from srcgrad.tree import Structure, flatten, instance_of, is_structured


@dataclass(frozen=True, slots=True)
class CustomCall:
    """A call of a custom function in a program.

    Attributes:
        op: the call.
        bodies: what was read of the functions that may compute the value, with the arguments as parameters.
    """

    op: Call
    bodies: list[Function]


def call_custom(lo: Lowering, custom: Custom, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """A call of a custom function: one operation."""
    args = _positional(lo, custom, args, kwargs)
    trees = [_as_tree(lo, arg, custom) for arg in args]
    given, into = [], []
    for tree in trees:
        structure = None if _is_plain(tree) else flatten(tree)[1]
        given.append(tree if structure is None else tuple(flatten(tree)[0]))
        into.append(structure)
    leaves, taken = flatten(tuple(trees))
    found, bodies = _read(lo, custom, args, [leaf for leaf in leaves if _is_computed(leaf)])
    if found is None:
        outputs = [Value(UNKNOWN, None, lo.span)]
        form, result = Form(tuple(into), taken, None, (0,)), outputs
    else:
        items, structure = flatten(found)
        result = [Value(item.type, None, lo.span) if _is_computed(item) else item for item in items]
        kept = tuple([k for k, item in enumerate(items) if _is_computed(item)])
        outputs = [result[k] for k in kept]
        form = Form(tuple(into), taken, structure, kept)
    op = Call(step_of(Primal, custom, form), tuple(given), {}, outputs, lo.span)
    lo.append(op)
    lo.customs.append(CustomCall(op, bodies))
    return outputs[0] if form.out is None else _as_symbol(lo, form.out.unflatten(result))


def step_of(cls: Any, custom: Custom, *parts: Any) -> Any:
    """What stands for a call in generated code: the same object for all calls that are handed over alike."""
    known = custom.__dict__.setdefault("_steps", {})
    key = (cls, *parts)
    if key not in known:
        known[key] = cls(custom, *parts)
    return known[key]


_LEAF = flatten(0.0)[1]


def _is_computed(leaf: Any) -> bool:
    return isinstance(leaf, Value) and not isinstance(leaf, Const)


def _positional(lo: Lowering, custom: Custom, args: list[Symbol], kwargs: dict[str, Symbol]) -> list[Symbol]:
    """The arguments by position, with the defaults of the function."""
    try:
        signature = inspect.signature(custom.fun)
    except (TypeError, ValueError):
        if kwargs:
            lo.unsupported(f"{custom.__name__} has no signature, and is called by keyword", "pass all by position")
        return args
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        lo.raises(TypeError, f"{custom.__name__}(): {error}")
    defaults = {name: p.default for name, p in signature.parameters.items() if p.default is not p.empty}
    for name, value in defaults.items():
        bound.arguments.setdefault(name, value if isinstance(value, Value) else Const(value))
    bound.arguments = {name: bound.arguments[name] for name in signature.parameters if name in bound.arguments}
    if bound.kwargs:
        lo.unsupported(
            f"{custom.__name__} takes {next(iter(bound.kwargs))!r} by keyword alone", "make it a positional parameter"
        )
    return list(bound.args)


def _as_tree(lo: Lowering, symbol: Symbol, custom: Custom | RuleCall) -> Any:
    """An argument or result as a tree of Python's with values at its leaves."""
    if isinstance(symbol, (Closure, Bound)):
        lo.unsupported(
            f"a function of this program is passed to {custom.__name__}, which is called at run time",
            "define it outside of the differentiated function",
        )
    symbol = opened(lo, symbol)
    if isinstance(symbol, Value) and isinstance(symbol.type, Tuple) and not isinstance(symbol, Const):
        symbol = Sequence(tuple_items(lo, symbol), symbol.type.cls)
    if isinstance(symbol, Value):
        if isinstance(symbol.type, List):
            lo.unsupported(
                f"a list whose length depends on the run goes into {custom.__name__}, or comes out of it",
                "make it an array: np.array(...)",
            )
        return symbol
    if isinstance(symbol, Sequence):
        items = [_as_tree(lo, item, custom) for item in symbol.items]
        return tuple(items) if symbol.cls is tuple else symbol.cls(*items)
    if isinstance(symbol, Reference) and symbol.cls in (list, dict):
        contents = lo.contents(symbol)
        if symbol.cls is list:
            return [_as_tree(lo, item, custom) for item in contents]
        return {key: _as_tree(lo, item, custom) for key, item in contents}
    if isinstance(symbol, Reference) and symbol.cls not in CONTAINERS and is_structured(symbol.cls):
        return instance_of(symbol.cls, {name: _as_tree(lo, item, custom) for name, item in lo.contents(symbol)})
    return lo.value(symbol)


def _as_symbol(lo: Lowering, tree: Any) -> Symbol:
    """The symbol of a tree of Python's with symbols at its leaves; None is itself."""
    if tree is None:
        return Const(None)
    if isinstance(tree, tuple):
        return Sequence(tuple([_as_symbol(lo, item) for item in tree]), type(tree))
    if isinstance(tree, list):
        return lo.new_reference(list, tuple([_as_symbol(lo, item) for item in tree]), None)
    if isinstance(tree, dict):
        return lo.new_reference(dict, tuple([(key, _as_symbol(lo, item)) for key, item in tree.items()]), None)
    if not isinstance(tree, (Value, Sequence, Reference, slice)) and is_structured(type(tree)):
        return lo.new_reference(type(tree), tuple([(k, _as_symbol(lo, item)) for k, item in vars(tree).items()]), None)
    return tree


def _is_plain(tree: Any) -> bool:
    """Whether an argument can be handed over as it is."""
    if isinstance(tree, Value):
        return True
    if type(tree) in (tuple, list):
        return all(map(_is_plain, tree))
    return type(tree) is dict and all(map(_is_plain, tree.values())) and all(isinstance(key, str) for key in tree)


# What the functions of the user compute


def _read(lo: Lowering, custom: Custom, args: list[Symbol], leaves: list[Value]) -> tuple[Any, list[Function]]:
    """The result as a tree of values of the right kinds, None if it is not known, and the bodies of what computes it.

    The functions are called at run time: of what is read here nothing stays but what it says of kinds, and the guards
    that go with it.
    """
    places = custom.outputs_like(len(args))
    if places is not None:
        absent = Const(None)
        return tuple([absent if k in custom.passive else _alike(_as_tree(lo, args[k], custom)) for k in places]), []
    found: Any = None
    bodies: list[Function] = []
    # The functions for the sweeps may call the function itself.
    routes = custom.routes()[: 1 if custom in lo.reading else None]
    for k, (route, paired) in enumerate(routes):
        read = _scratch(lo, custom, route, paired, args, leaves)
        if read is None:
            if k == 0:
                return None, []
            items, structure = flatten(found)
            found = structure.unflatten([Value(UNKNOWN) if _is_computed(item) else item for item in items])
            continue
        tree, body = read
        bodies.append(body)
        found = tree if k == 0 else _united(lo, custom, route, found, tree)
    return found, bodies


def _alike(tree: Any) -> Any:
    """A tree of cotangents: its leaves are of the kinds of those of another one; None where that has no derivative."""
    items, structure = flatten(tree)
    return structure.unflatten(
        [Value(v.type) if _is_computed(v) and v.type.differentiable else Const(None) for v in items]
    )


def _scratch(
    lo: Lowering, custom: Custom, route: Callable, paired: bool, args: list[Symbol], leaves: list[Value]
) -> tuple[Any, Function] | None:
    """What a function returns for these arguments, read in a region that is thrown away; None if it can't be read."""
    given = custom.routes_arguments(route, args, lambda items: Sequence(tuple(items)))
    if (custom, route) in lo.reading:
        return None
    outer = lo.attempts, lo.protections, lo.captured, lo.capture_names, lo.functions, lo.active
    lo.attempts, lo.protections, lo.active = [], [], []
    lo.captured, lo.capture_names, lo.functions = dict(lo.captured), set(lo.capture_names), dict(lo.functions)
    lo.reading += [custom, (custom, route)]
    before = dict(lo.changed)
    region = Region()
    try:
        with lo.store.branch(), lo.into(region):
            result = lo.call(Const(route), given, {})
            if isinstance(result, Const) and result.value is UNDEFINED:
                return None
            is_pair = isinstance(result, Sequence) and len(result.items) == 2
            tree = _computed(_as_tree(lo, result.items[0] if paired and is_pair else result, custom))
    except (UnsupportedError, SourceNotFoundError, SourceChangedError, RaisesAlways):
        return None
    finally:
        read = lo.captured
        lo.attempts, lo.protections, lo.captured, lo.capture_names, lo.functions, lo.active = outer
        del lo.reading[-2:]
    if paired and not is_pair:
        lo.unsupported(f"{_name(route)} has to return a pair, the value of {custom.__name__} first")
    changed, lo.changed = lo.changed.keys() - before.keys(), before
    if not changed.isdisjoint(_references(lo, args)):
        lo.unsupported(f"{_name(route)} changes a container among its arguments", "let it return what is new")
    for key in read.keys() - outer[2].keys():
        lo.read_at_run_time.setdefault(key, lo.span)
    if any(isinstance(leaf, Value) and not _is_number(leaf) for leaf in flatten(tree)[0]):
        return None
    body = Function(_name(route), list(dict.fromkeys(leaves)), region)
    body.captured = [v for key, (_, v) in read.items() if key not in outer[2]]
    region.results = [leaf for leaf in flatten(tree)[0] if isinstance(leaf, Value)]
    return tree, body


def _computed(tree: Any) -> Any:
    """A result in which no float is a constant: it has the derivative that is given, whatever it is computed from."""
    items, structure = flatten(tree)
    return structure.unflatten([Value(kind) if (kind := _kind_of_float(item)) is not None else item for item in items])


def _kind_of_float(leaf: Any) -> Type | None:
    if not isinstance(leaf, Const):
        return None
    if isinstance(leaf.value, np.inexact):
        return NpScalar(leaf.value.dtype)
    return leaf.type if isinstance(leaf.value, (float, complex)) else None


def _is_number(leaf: Value) -> bool:
    return isinstance(leaf, Const) or not isinstance(leaf.type, Opaque)


def _name(route: Any) -> str:
    return getattr(route, "__name__", type(route).__name__)


def _entries(lo: Lowering, reference: Reference) -> list[tuple[Any, Symbol]]:
    contents = lo.contents(reference)
    return list(contents) if reference.cls not in (list, set) else list(enumerate(contents))


def _references(lo: Lowering, args: list[Symbol]) -> set[Reference]:
    found: set[Reference] = set()
    pending = list(args)
    while pending:
        symbol = pending.pop()
        if isinstance(symbol, Sequence):
            pending += symbol.items
        elif isinstance(symbol, Reference):
            found.add(symbol)
            pending += [item for _, item in _entries(lo, symbol)]
    return found


def _united(lo: Lowering, custom: Custom, route: Callable, first: Any, second: Any) -> Any:
    """A result whose kinds are those of two functions that may compute it."""
    items, structure = flatten(first)
    others, other = flatten(second)
    if structure != other:
        lo.unsupported(
            f"{_name(route)} returns something of another structure than {_name(custom.fun)} does: "
            f"{other.paths('out')}, not {structure.paths('out')}",
            f"return the value that {custom.__name__} has, and then the rest",
        )
    return structure.unflatten([_joined(lo, a, b) for a, b in zip(items, others, strict=True)])


def _joined(lo: Lowering, a: Value, b: Value) -> Value:
    if (
        isinstance(a, Const)
        and isinstance(b, Const)
        and type(a.value) is type(b.value)
        and repr(a.value) == repr(b.value)
    ):
        return a
    kind: Type = a.type if a.type == b.type else join(a.type, b.type, lo.fresh("r"))
    return Value(kind)


# What stands for calls in generated code


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
        item if part is None else _as_symbol(lo, part.unflatten(_items(lo, item)))
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
    if step.copies:
        residuals = _copied(lo, residuals)
    kept = Sequence((residuals, Sequence(tuple(args))))
    return Sequence((*[_copied(lo, items[k]) for k in step.form.kept], kept))


def _inlined(lo: Lowering, custom: Custom, route: Callable, args: list[Symbol]) -> Symbol:
    """What one of the user's functions returns, which may call the custom function itself."""
    lo.reading.append(custom)
    try:
        return lo.call(Const(route), args, {})
    finally:
        lo.reading.pop()


def _pair(lo: Lowering, symbol: Symbol, route: Any) -> tuple[Symbol, Symbol]:
    if not isinstance(symbol, Sequence) or len(symbol.items) != 2:
        lo.unsupported(f"{_name(route)} has to return a pair")
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
    cotangent = _as_symbol(lo, form.whole(at))
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
        passive = not _is_computed(primal) or not primal.type.differentiable
        absent = Const(None) if passive and not _is_float(primal) else lo.call(Const(runtime.zeros_like), [primal], {})
        tangents.append(absent if known is None else _copied(lo, known))
    tree = _as_symbol(lo, form.taken.unflatten(tangents))
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
        structure = flatten(_as_tree(lo, primal, rule_call))[1]
        items = _parts(lo, structure, primal)
        fitted = items if part is None else _parts(lo, structure, part)
        result.append(lo.call(Const(runtime.unbroadcast), [fitted[leaf], items[leaf]], {}))
    return _unpacked(result)
