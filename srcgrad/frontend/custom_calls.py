"""Calls of functions whose derivatives are given as functions: one operation, of which the types are found by reading.

So are calls of Python functions that have a rule.
"""

from __future__ import annotations

import inspect
import itertools
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from srcgrad.errors import SourceChangedError, SourceNotFoundError, UnsupportedError
from srcgrad.frontend.access import tuple_items
from srcgrad.frontend.functions import call_function, python_defaults
from srcgrad.frontend.lowering import Lowering, RaisesAlways
from srcgrad.frontend.pools import opened
from srcgrad.frontend.real_functions import real_function
from srcgrad.frontend.values import CONTAINERS, Bound, Closure, Reference, Sequence, Symbol
from srcgrad.ir.joins import join
from srcgrad.ir.nodes import UNDEFINED, Call, Const, Function, Region, Value
from srcgrad.ir.types import UNKNOWN, Array, List, NpScalar, Opaque, Tuple, Type, is_numeric, is_scalar
from srcgrad.rules.custom import Custom, Form, Primal
from srcgrad.rules.registry import IN_PLACE, JVP, PARTIALS, VJP
from srcgrad.rules.shape import array_of_rows
from srcgrad.tree import attributes_of, flatten, instance_of, is_structured


@dataclass(frozen=True, slots=True)
class CustomCall:
    """A call of a custom function, or of one that has a rule, in a program.

    Attributes:
        op: the call.
        bodies: what was read of the functions that may compute the value, with the arguments as parameters.
    """

    op: Call
    bodies: list[Function]


def call_custom(lo: Lowering, custom: Custom, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """A call of a custom function: one operation."""
    place = place_in_transpose(lo, custom)
    if is_by_body(lo, custom, place):
        return by_body(lo, custom, lambda: lo.call(Const(custom.fun), args, kwargs))
    args = _positional(lo, custom, args, kwargs)
    trees = [as_tree(lo, arg, custom, lists=True) for arg in args]
    given, into = [], []
    for tree in trees:
        structure = None if _is_plain(tree) else flatten(tree)[1]
        given.append(tree if structure is None else tuple(flatten(tree)[0]))
        into.append(structure)
    leaves, taken = flatten(tuple(trees))
    found, bodies = _read(lo, custom, args, [leaf for leaf in leaves if is_computed(leaf)])
    if found is None:
        outputs = [Value(UNKNOWN, None, lo.span)]
        form, result = Form(tuple(into), taken, None, (0,)), outputs
    else:
        items, structure = flatten(found)
        result = [Value(item.type, None, lo.span) if is_computed(item) else item for item in items]
        kept = tuple([k for k, item in enumerate(items) if is_computed(item)])
        outputs = [result[k] for k in kept]
        form = Form(tuple(into), taken, structure, kept, likes=_likes(custom, trees))
    op = Call(step_of(Primal, custom, form), tuple(given), {}, outputs, lo.span)
    lo.append(op)
    lo.customs.append(CustomCall(op, bodies))
    if place is not None:
        lo.transposing.calls[op] = place
    return outputs[0] if form.out is None else as_symbol(lo, form.out.unflatten(result))


def _likes(custom: Custom, trees: list[Any]) -> tuple[int, ...]:
    """For each leaf of the result the leaf of the arguments that it is like, -1 for none; empty if it is like none."""
    places = custom.outputs_like(len(trees))
    ends = list(itertools.accumulate([len(flatten(tree)[0]) for tree in trees]))
    found: list[int] = []
    for k in places or ():
        start = ends[k - 1] if k else 0
        found += [-1] if custom.returns_none(k, len(trees)) else range(start, ends[k])
    return tuple(found)


def place_in_transpose(lo: Lowering, fn: Any) -> Any:
    """The place of a call of a function whose rule is being transposed; None if that is not so."""
    return lo.site((fn, lo.span)) if any(fn is other for other in lo.marks.transposed) else None


def is_by_body(lo: Lowering, fn: Any, place: Any) -> bool:
    """Whether a call has the derivative of the function's body: with its rule it would be transposed without end."""
    return place is not None and (place in lo.marks.by_body or any(fn is own for own in lo.transposing.inside))


def by_body(lo: Lowering, fn: Any, call: Callable[[], Symbol]) -> Symbol:
    """A call of a function as if it had no rule."""
    lo.transposing.inside.append(fn)
    try:
        return call()
    finally:
        lo.transposing.inside.pop()


def call_by_rule(lo: Lowering, fn: Any, call: Callable[[], Symbol], body: Callable[[], Symbol]) -> Symbol:
    """A call of a function that has a rule, or of its body where the rule is being transposed."""
    place = place_in_transpose(lo, fn)
    if is_by_body(lo, fn, place):
        return by_body(lo, fn, body)
    result = call()
    first = result.items[0] if isinstance(result, Sequence) and result.items else result
    if place is not None and isinstance(first, Value) and isinstance(first.owner, Call):
        lo.transposing.calls[first.owner] = place
    return result


def step_of(cls: Any, custom: Custom, *parts: Any) -> Any:
    """What stands for a call in generated code: the same object for all calls that are handed over alike."""
    known = custom.__dict__.setdefault("_steps", {})
    key = (cls, *parts)
    if key not in known:
        known[key] = cls(custom, *parts)
    return known[key]


def is_computed(leaf: Any) -> bool:
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
    names = [name for name, p in signature.parameters.items() if p.kind is not p.KEYWORD_ONLY]
    last = max([k for k, name in enumerate(names) if name in bound.arguments], default=-1)
    for name in names if custom.fills_defaults else names[:last]:
        value = signature.parameters[name].default
        if value is not inspect.Parameter.empty:
            bound.arguments.setdefault(name, value if isinstance(value, Value) else Const(value))
    bound.arguments = {name: bound.arguments[name] for name in signature.parameters if name in bound.arguments}
    if bound.kwargs:
        lo.unsupported(
            f"{custom.__name__} takes {next(iter(bound.kwargs))!r} by keyword alone", "make it a positional parameter"
        )
    return list(bound.args)


def as_tree(lo: Lowering, symbol: Symbol, custom: Any, lists: bool = False) -> Any:
    """An argument or result as a tree of Python's with values at its leaves.

    Args:
        lo: where what is no tree is refused.
        symbol: the argument or result.
        custom: whose it is.
        lists: whether a list whose length depends on the run may be a leaf.
    """
    if isinstance(symbol, (Closure, Bound)):
        return Const(real_function(lo, symbol, custom.__name__))
    symbol = opened(lo, symbol)
    if isinstance(symbol, Value) and isinstance(symbol.type, Tuple) and not isinstance(symbol, Const):
        symbol = Sequence(tuple_items(lo, symbol), symbol.type.cls)
    if isinstance(symbol, Value):
        if isinstance(symbol.type, List) and not (lists and is_numeric(symbol.type.item)):
            lo.unsupported(
                f"a list whose length depends on the run is handed to {custom.__name__}, or returned by it",
                "make it an array: np.array(...)",
            )
        return symbol
    if isinstance(symbol, Sequence):
        items = [as_tree(lo, item, custom, lists) for item in symbol.items]
        return tuple(items) if symbol.cls is tuple else symbol.cls(*items)
    if isinstance(symbol, Reference) and symbol.cls in (list, dict):
        contents = lo.contents(symbol)
        if symbol.cls is list:
            return [as_tree(lo, item, custom, lists) for item in contents]
        return {key: as_tree(lo, item, custom, lists) for key, item in contents}
    if isinstance(symbol, Reference) and symbol.cls not in CONTAINERS and is_structured(symbol.cls):
        return instance_of(symbol.cls, {name: as_tree(lo, item, custom, lists) for name, item in lo.contents(symbol)})
    if isinstance(symbol, Reference) and symbol.cls not in CONTAINERS:
        lo.unsupported(
            f"a {symbol.cls.__name__} that this program makes or changes is passed to {custom.__name__}, "
            "which is called at run time",
            f"make {symbol.cls.__name__} a dataclass, or register it: srcgrad.tree.register",
        )
    return lo.value(symbol)


def as_symbol(lo: Lowering, tree: Any) -> Symbol:
    """The symbol of a tree of Python's with symbols at its leaves; None is itself."""
    if tree is None:
        return Const(None)
    if isinstance(tree, tuple):
        return Sequence(tuple([as_symbol(lo, item) for item in tree]), type(tree))
    if isinstance(tree, list):
        return lo.new_reference(list, tuple([as_symbol(lo, item) for item in tree]), None)
    if isinstance(tree, dict):
        return lo.new_reference(dict, tuple([(key, as_symbol(lo, item)) for key, item in tree.items()]), None)
    if not isinstance(tree, (Value, Sequence, Reference, slice)) and is_structured(type(tree)):
        parts = tuple([(name, as_symbol(lo, getattr(tree, name))) for name in attributes_of(tree)])
        return lo.new_reference(type(tree), parts, None)
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
        return tuple(
            [
                absent if custom.returns_none(k, len(args)) else _alike(as_tree(lo, args[k], custom, lists=True))
                for k in places
            ]
        ), []
    found: Any = None
    bodies: list[Function] = []
    twins = [_twin(as_tree(lo, arg, custom, lists=True)) for arg in args]
    # The functions for the sweeps may call the function itself.
    routes = custom.routes()[: 1 if custom in lo.reading else None]
    for k, (route, paired) in enumerate(routes):
        read = _scratch(lo, _Reading(custom, route, twins, paired, args, leaves))
        if read is None:
            if k == 0:
                return None, []
            items, structure = flatten(found)
            found = structure.unflatten([Value(UNKNOWN) if is_computed(item) else item for item in items])
            continue
        tree, body = read
        bodies.append(body)
        found = tree if k == 0 else _united(lo, custom, route, found, tree)
    return found, bodies


def _twin(tree: Any) -> Any:
    """A tree of other values of the same kinds."""
    items, structure = flatten(tree)
    return structure.unflatten([Value(item.type) if is_computed(item) else item for item in items])


def _alike(tree: Any) -> Any:
    """A tree of cotangents: its leaves are of the kinds of those of another one; None where that has no derivative."""
    items, structure = flatten(tree)
    return structure.unflatten([Value(v.type) if _has_derivative(v) else Const(None) for v in items])


def _has_derivative(leaf: Any) -> bool:
    return leaf.type.differentiable if is_computed(leaf) else _kind_of_float(leaf) is not None


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is read of a function that is called at run time.

    Attributes:
        owner: what it belongs to, which has a name.
        route: the function.
        twins: trees of other values of the kinds of the arguments.
        paired: whether it returns a pair, of which the first counts.
        args, leaves: what the owner takes, and the values in it.
    """

    owner: Any
    route: Callable
    twins: list[Any]
    paired: bool
    args: list[Symbol]
    leaves: list[Value]


def _scratch(lo: Lowering, reading: _Reading, kwargs: dict[str, Symbol] | None = None) -> tuple[Any, Function] | None:
    """What a function returns for these arguments, read in a region that is thrown away; None if it can't be read."""
    owner, route = reading.owner, reading.route
    if (owner, route) in lo.reading:
        return None
    outer = lo.attempts, lo.protections, lo.captured, lo.capture_names, lo.functions, lo.active
    lo.attempts, lo.protections, lo.active = [], [], []
    lo.captured, lo.capture_names, lo.functions = {}, set(lo.capture_names), dict(lo.functions)
    places = lo.kept_outside, lo.container_sources
    lo.kept_outside, lo.container_sources = dict(lo.kept_outside), dict(lo.container_sources)
    lo.reading += [owner, (owner, route)]
    before = dict(lo.changed)
    region = Region()
    try:
        with lo.store.branch(), lo.into(region):
            if route is owner:
                result = call_function(lo, route, reading.args, kwargs or {})
            else:
                # What is made here is not there for the program.
                twins = [as_symbol(lo, twin) for twin in reading.twins]
                given = owner.routes_arguments(route, reading.args, twins, lambda items: Sequence(tuple(items)))
                result = lo.call(Const(route), given, {})
            if isinstance(result, Const) and result.value is UNDEFINED:
                return None
            is_pair = isinstance(result, Sequence) and len(result.items) == 2
            tree = _computed(as_tree(lo, result.items[0] if reading.paired and is_pair else result, owner))
    except (UnsupportedError, SourceNotFoundError, SourceChangedError, RaisesAlways):
        return None
    finally:
        captured = lo.captured
        lo.attempts, lo.protections, lo.captured, lo.capture_names, lo.functions, lo.active = outer
        lo.kept_outside, lo.container_sources = places
        del lo.reading[-2:]
        changed, lo.changed = lo.changed.keys() - before.keys(), before
        for key in captured:
            lo.read_at_run_time.setdefault(key, lo.span)
    if reading.paired and not is_pair:
        lo.unsupported(f"{name_of(route)} has to return a pair, the value of {owner.__name__} first")
    if not changed.isdisjoint(_references(lo, reading.args)):
        lo.unsupported(f"{name_of(route)} changes a container among its arguments", "let it return what is new")
    if any(isinstance(leaf, Value) and not _is_number(leaf) for leaf in flatten(tree)[0]):
        return None
    body = Function(name_of(route), list(dict.fromkeys(reading.leaves)), region)
    body.captured = [v for _, v in captured.values()]
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


def name_of(route: Any) -> str:
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
            f"{name_of(route)} returns something of another structure than {name_of(custom.fun)} does: "
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


# Functions with a rule of the user's


def with_defaults(
    lo: Lowering, fn: Any, args: list[Symbol], kwargs: dict[str, Symbol]
) -> tuple[list[Symbol], dict[str, Symbol]]:
    """The arguments of a call of a function with rules, with the defaults that a rule does not have itself."""
    rules = [table[fn] for table in (PARTIALS, VJP, JVP) if fn in table]
    needed: set[str] = set()
    for rule in rules:
        parameters = inspect.signature(rule.body).parameters
        needed |= {name for name in rule.parameters if parameters[name].default is inspect.Parameter.empty}
    names = list(inspect.signature(fn).parameters)
    missing = [name for name in names[len(args) :] if name in needed and name not in kwargs]
    if not missing:
        return args, kwargs
    known = python_defaults(lo, getattr(fn, "py_func", fn))
    args, kwargs = list(args), dict(kwargs)
    for name in missing:
        if name in known and names[len(args)] == name and fn in PARTIALS:
            args.append(known[name])
        elif name in known:
            kwargs[name] = known[name]
    return args, kwargs


def call_with_rule(
    lo: Lowering, fn: Any, args: list[Symbol], kwargs: dict[str, Symbol], primitive: Callable[..., Symbol]
) -> Symbol:
    """A call of a Python function that has a rule: an operation, whose result is of the kind that reading it tells."""
    given = [v for arg in (*args, *kwargs.values()) for v in flatten(as_tree(lo, arg, fn, lists=True))[0]]
    leaves = [v for v in given if is_computed(v)]
    body = getattr(fn, "py_func", fn)
    read = _scratch(lo, _Reading(body, body, [], False, args, leaves), kwargs)
    if read is None:
        return primitive(lo, fn, args, kwargs)
    tree, body = read
    items = list(tree) if isinstance(tree, tuple) else [tree]
    returned = (*items, *body.body.results)
    is_new = all(
        isinstance(item, Value) and _is_new(item) and (is_scalar(item.type) or item not in leaves) for item in returned
    )
    if not items or not is_new:
        result = primitive(lo, fn, args, kwargs)
    else:
        trees = tuple([lo.tree(arg) for arg in args])
        kind = Tuple(tuple([v.type for v in items]), cls=type(tree)) if isinstance(tree, tuple) else tree.type
        result = lo.emit_typed(fn, trees, {name: lo.tree(arg) for name, arg in kwargs.items()}, kind)
    if isinstance(result, Value) and isinstance(result.owner, Call):
        lo.customs.append(CustomCall(result.owner, [body]))
    return result


def _is_new(value: Value) -> bool:
    """Whether what a function returns is a number, or memory of its own."""
    if is_scalar(value.type):
        return not isinstance(value, Const) or isinstance(value.value, (int, float, complex))
    owner = value.owner
    fn = owner.fn if isinstance(owner, Call) else None
    arithmetic = getattr(fn, "__module__", None) == "_operator" and fn is not operator.getitem and fn not in IN_PLACE
    return isinstance(value.type, Array) and (type(fn) is np.ufunc or arithmetic or fn in _MAKING)


_MAKING = frozenset(
    [
        *(np.zeros, np.ones, np.full, np.empty, np.array, np.ndarray.copy, np.zeros_like, np.ones_like, np.empty_like),
        *(np.sum, np.mean, np.dot, np.matmul, np.concatenate, np.stack, np.where, np.outer, np.cumsum, array_of_rows),
        *(np.linalg.solve, np.linalg.inv),
    ]
)
