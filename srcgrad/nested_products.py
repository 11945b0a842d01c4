"""Products with Jacobians inside of differentiated functions: what `vjp`, `jvp` and `linearize` stand for there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from types import FunctionType
from typing import Any, cast

import numpy as np

from srcgrad import checks, runtime
from srcgrad.analysis.alias import Aliases, is_pointer
from srcgrad.api import grad
from srcgrad.frontend import stand_ins
from srcgrad.frontend.attributes import attribute
from srcgrad.frontend.functions import call_function
from srcgrad.frontend.handlers import handles, handles_calls_of
from srcgrad.frontend.inner_programs import InnerProgram, lower_inside, marks_inside
from srcgrad.frontend.lowering import Lowering, is_undefined
from srcgrad.frontend.pools import opened
from srcgrad.frontend.program import Program
from srcgrad.frontend.scope import scope_of
from srcgrad.frontend.values import Bound, Closure, Frame, Reference, Sequence, Symbol, constant
from srcgrad.ir.nodes import Call, Const, Function, Value, leaves, walk
from srcgrad.ir.types import (
    COMPLEX,
    FLOAT,
    Array,
    Dict,
    List,
    NpScalar,
    PyScalar,
    Tuple,
    Unknown,
    is_scalar,
    shape_of,
)
from srcgrad.jacobians import HessianProduct, hvp
from srcgrad.nested import (
    Asked,
    check_count,
    check_written,
    compiled,
    derivative,
    derivative_of,
    floated,
    parameters_for,
    wanted_name,
)
from srcgrad.products import jvp, linearize, vjp
from srcgrad.transform.gradient import is_text, pullback, split_result
from srcgrad.transform.jacobian import can_be_repeated
from srcgrad.transform.protection import leaves_of
from srcgrad.transform.pushforward import pushforward
from srcgrad.tree import attributes_of, is_structured


@dataclass(frozen=True, slots=True)
class Pulled:
    """A pullback that a program makes.

    Attributes:
        reverse: the function of the reverse sweep; None if there is nothing to differentiate.
        wanted: for each number or array in the value whether it takes a cotangent.
        active: the primals that it returns cotangents of.
        count: how many primals there are.
    """

    reverse: Any
    wanted: tuple[bool, ...]
    active: tuple[int, ...]
    count: int


@handles(vjp)
def _vjp(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    fun, *primals = _with_function(args, kwargs)
    has_aux = _has_aux(lo, kwargs)
    check_count(lo, primals)
    inner, names, _ = _lowered(lo, fun, tuple(primals), range(len(primals)), "vjp")
    program = inner.program
    active = [k for k, name in enumerate(names) if _is_active(program, name)]
    if not active:
        result = lo.call(fun, primals, {})
        pull = Bound(Const(_pull), (Const(Pulled(None, (), (), len(primals))), Const(None)))
        if not has_aux:
            return Sequence((result, pull))
        value, aux = _items(lo, result, "what a function with aux returns")
        return Sequence((value, pull, aux))
    wanted = [_has_bar(v) for v in leaves(split_result(program, has_aux)[0])]
    gradient = pullback(program, [names[k] for k in active], has_aux)
    forward = gradient.functions[-1]
    functions = compiled(lo, gradient)
    shared = _shared(lo, forward, gradient.kept)
    given = [_copied(lo, value) if k in shared.params else value for k, value in enumerate(inner.given)]
    result = call_function(lo, functions[gradient.functions.index(forward)], given, {})
    items = [result] if not isinstance(result, Sequence) else list(result.items)
    items = [_copied(lo, item) if k in shared.results else item for k, item in enumerate(items)]
    split = len(items) - gradient.kept
    outs, kept = items[:split], items[split:]
    made = Pulled(functions[-1], tuple(wanted), tuple(active), len(primals))
    pull = Bound(Const(_pull), (Const(made), outs[0], *kept))
    return Sequence((outs[0], pull, *outs[1:]))


def _is_active(program: Program, name: str) -> bool:
    return any(v.type.differentiable for v in leaves_of(program, program.arguments[name]))


def _has_bar(value: Value) -> bool:
    return value.type.differentiable and not is_text(value)


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the program could change before the pullback runs, or see changed by it, by position: it is copied.

    Attributes:
        params: the parameters that are held by containers that are kept: copies of these have another identity.
        results: the results that share memory with arguments, and values that share it with other results. What is
            kept finds its shadows by the memory that it shares with what else is kept.
    """

    params: set[int]
    results: set[int]


def _shared(lo: Lowering, forward: Function, kept: int) -> _Shared:
    aliases = Aliases([forward])

    def places(tree: Any) -> set[Any]:
        pointers = [v for v in leaves(tree) if not isinstance(v, Const) and is_pointer(v.type)]
        return {memory for v in pointers for memory in (aliases.find(v), *aliases.within(v))}

    assert isinstance(forward.result, tuple)
    split = len(forward.result) - kept
    results = [places(result) for result in forward.result]
    held = {memory for k in range(split, len(results)) for memory in results[k] if _is_container(forward.result[k])}
    params = {k for k, param in enumerate(forward.params) if places(param) & held}
    if params and any(isinstance(op, Call) and op.fn is checks.check_overlap for op in walk(forward.body)):
        lo.unsupported(
            "a list of what is in the arguments is kept for a pullback here, beside arguments that are written",
            "write to copies of them",
        )
    given = places([param for k, param in enumerate(forward.params) if k not in params])
    others = [set().union(*results[k + 1 :]) if k < split else set() for k in range(len(results))]
    return _Shared(params, {k for k, taken in enumerate(results) if taken & (given | others[k])})


def _is_container(tree: Any) -> bool:
    return any(isinstance(v.type, (List, Tuple, Dict, Unknown)) for v in leaves(tree))


def _pull(*args: Any) -> Any:
    """Stands for the call of a pullback: which, the value it belongs to, what is kept, and the cotangent."""


@handles(_pull)
def _called_pull(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    made, out, *kept, cotangent = [*args, *kwargs.values()]
    assert isinstance(made, Const)
    pulled: Pulled = made.value
    if pulled.reverse is None:
        return Sequence((Const(None),) * pulled.count)
    bars = _bars(lo, cotangent, out, iter(pulled.wanted))
    result = call_function(lo, pulled.reverse, [*kept, *bars], {})
    assert isinstance(result, Sequence)
    found = dict(zip(pulled.active, result.items, strict=True))
    return Sequence(tuple([found.get(k, Const(None)) for k in range(pulled.count)]))


@handles(jvp)
def _jvp(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    fun, *rest = _with_function(args, kwargs)
    has_aux = _has_aux(lo, kwargs)
    given = dict(zip(("primals", "tangents"), rest, strict=False)) | kwargs
    primals, tangents = (_items(lo, given.get(name), name) for name in ("primals", "tangents"))
    if len(primals) != len(tangents):
        lo.unsupported(f"jvp got {len(primals)} primals and {len(tangents)} tangents", "None means zero")
    return _pushed(lo, fun, primals, tangents, has_aux)


@handles(hvp)
def _hvp(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    gradient = derivative(lo, args, kwargs, grad)
    return Bound(Const(_product), (gradient,))


@handles_calls_of(HessianProduct)
def _called_hvp(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    made, *rest = args
    assert isinstance(made, Const)
    fun = lo.call(Const(getattr), [made, Const("fun")], {})
    return lo.call(Const(_product), [derivative_of(fun, "grad", made.value._given), *rest], kwargs)


def _product(*args: Any) -> Any:
    """Stands for the call of what `hvp` makes: the gradient, its arguments, and the vector."""


@handles(_product)
def _called_product(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    gradient, *primals, vector = args
    assert isinstance(gradient, Bound) and isinstance(gradient.args[0], Const)
    check_count(lo, args)
    asked: Asked = gradient.args[0].value
    parameters = parameters_for(lo, gradient.args[1], "hvp")
    named = {parameters.name_of(k): primal for k, primal in enumerate(primals)}
    wanted = [wanted_name(lo, which, parameters, named, {}) for which in asked.wanted]
    vectors = _items(lo, vector, "the vector") if asked.as_tuple else (vector,)
    if len(vectors) != len(wanted):
        lo.unsupported(f"the vector of hvp must be a tuple with a vector for each of {', '.join(wanted)}")
    given = dict(zip(wanted, vectors, strict=True))
    if kwargs:
        gradient = Bound(gradient.fn, gradient.args, kwargs)
    tangents = tuple([given.get(name, Const(None)) for name in named])
    found = _pushed(lo, gradient, tuple(primals), tangents, asked.has_aux)
    return Sequence(found.items[1:]) if asked.has_aux else found.items[1]


@handles(linearize)
def _linearize(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    fun, *primals = _with_function(args, kwargs)
    check_count(lo, primals)
    copies = Sequence(tuple([_copied(lo, primal) for primal in primals]))
    frozen = _frozen(lo, fun, {})
    out = _pushed(lo, fun, copies.items, (Const(None),) * len(primals), False, is_repeated=True)
    return Sequence((out.items[0], Bound(Const(_push), (frozen, copies))))


def _frozen(lo: Lowering, symbol: Symbol, known: dict[int, Symbol]) -> Symbol:
    """A function that finds its variables as they are now, whatever is assigned to them or written there later."""
    if isinstance(symbol, Bound):
        keywords = {name: _frozen(lo, item, known) for name, item in symbol.keywords.items()}
        return Bound(_frozen(lo, symbol.fn, known), tuple([_frozen(lo, item, known) for item in symbol.args]), keywords)
    if not isinstance(symbol, Closure):
        return _copied(lo, symbol)
    if id(symbol) in known:
        return known[id(symbol)]
    frames: list[Frame] = []
    owner: Frame | None = symbol.frame
    while owner is not None:
        frames.append(owner)
        owner = owner.parent
    inner = None
    for owner in reversed(frames):
        inner = replace(owner, parent=inner, number=Frame(None, None, {}).number)
        if owner is symbol.frame:
            known[id(symbol)] = Closure(symbol.node, inner, symbol.defaults)
        for name in scope_of(symbol.node).free & owner.scope.locals:
            found = lo.read_variable((owner, name))
            if not is_undefined(found):
                lo.store.set((inner, name), _frozen(lo, found, known))
    return known[id(symbol)]


def _push(*args: Any) -> Any:
    """Stands for the call of what `linearize` makes: the function, the primals, and their tangents."""


@handles(_push)
def _called_push(lo: Lowering, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    fun, primals, *tangents = args
    assert isinstance(primals, Sequence)
    check_count(lo, tangents)
    if len(primals.items) != len(tangents):
        lo.unsupported(f"what linearize returned takes {len(primals.items)} tangents, not {len(tangents)}")
    return _pushed(lo, fun, primals.items, tuple(tangents), False).items[1]


def _pushed(
    lo: Lowering,
    fun: Symbol,
    primals: tuple[Symbol, ...],
    tangents: tuple[Symbol, ...],
    has_aux: bool,
    is_repeated: bool = False,
) -> Sequence:
    """What `jvp` returns."""
    wanted = [k for k, tangent in enumerate(tangents) if not _is_none(tangent)]
    inner, names, primals = _lowered(lo, fun, primals, wanted, "jvp")
    if is_repeated and not can_be_repeated(inner.program):
        lo.unsupported(
            "linearize would run this function again for each tangent: it draws random numbers, or does something else "
            "that must not be done twice",
            "use jvp for a single tangent, or draw the numbers before, and pass them on",
        )
    gradient = pushforward(inner.program, [names[k] for k in wanted], has_aux)
    dots = []
    for name, path in gradient.tangents:
        k = names.index(name)
        dots.append(_fitted(lo, _part(lo, tangents[k], path), _part(lo, primals[k], path), f"the tangent of {name}"))
    result = call_function(lo, compiled(lo, gradient)[-1], [*inner.given, *dots], {})
    assert isinstance(result, Sequence)
    return result


def _lowered(
    lo: Lowering, fun: Symbol, primals: tuple[Symbol, ...], wanted: Collection[int], mode: str
) -> tuple[InnerProgram, list[str], tuple[Symbol, ...]]:
    """The function by itself, the names of its arguments, and these."""
    parameters = parameters_for(lo, fun, mode)
    names = [parameters.name_of(k) for k in range(len(primals))]
    if mode == "jvp":
        primals = tuple([floated(lo, p) if k in wanted else p for k, p in enumerate(primals)])
    named, chosen = dict(zip(names, primals, strict=True)), [names[k] for k in wanted]
    inner = lower_inside(lo, fun, named, {}, chosen, marks_inside(lo, fun))
    check_written(lo, inner)
    return inner, names, primals


def _with_function(args: list[Symbol], kwargs: dict[str, Symbol]) -> tuple[Symbol, ...]:
    """The function and the other positional arguments of `vjp`, `jvp` or `linearize`."""
    return tuple(args) if "fun" not in kwargs else (kwargs["fun"], *args)


def _has_aux(lo: Lowering, kwargs: dict[str, Symbol]) -> bool:
    has_aux = constant(kwargs.get("has_aux", Const(False)))
    if not isinstance(has_aux, bool):
        lo.unsupported("has_aux depends on the run here", "give it as a constant")
    return has_aux


def _items(lo: Lowering, symbol: Symbol | None, what: str) -> tuple[Symbol, ...]:
    if isinstance(symbol, Sequence):
        return symbol.items
    if isinstance(symbol, Reference) and symbol.cls is list:
        return lo.contents(symbol)
    lo.unsupported(f"{what} must be a tuple here", "one item per argument: (x,)")


def _is_none(symbol: Symbol) -> bool:
    return isinstance(symbol, Const) and symbol.value is None


# Cotangents and tangents in the form that generated code takes


def _bars(lo: Lowering, given: Symbol, like: Symbol, wanted: Iterator[bool]) -> list[Symbol]:
    """A cotangent for each number and array in a value of which one is wanted."""
    like = opened(lo, like)
    if isinstance(like, (Sequence, Reference)):
        pairs = _pairs(lo, given, like)
        return [bar for part, inner in pairs for bar in _bars(lo, part, inner, wanted)]
    return [_fitted(lo, given, like, "a cotangent")] if next(wanted) else []


def _pairs(lo: Lowering, given: Symbol, like: Sequence | Reference) -> list[tuple[Symbol, Symbol]]:
    """The parts of a cotangent, each with the part of the value that it belongs to."""
    parts = _parts(lo, like)
    if _is_none(given):
        return [(given, part) for _, part in parts]
    given = opened(lo, given)
    own = dict(_parts(lo, given)) if _class_of(given) is like.cls else {}
    if own.keys() != {key for key, _ in parts}:
        lo.unsupported("a cotangent has another structure than the value it belongs to", "None means zero")
    return [(own[key], part) for key, part in parts]


def _class_of(symbol: Symbol) -> type | None:
    """The class of a container, or of an object from outside of the program; None for anything else."""
    if isinstance(symbol, (Sequence, Reference)):
        return symbol.cls
    return type(symbol.value) if isinstance(symbol, Const) and is_structured(type(symbol.value)) else None


def _parts(lo: Lowering, symbol: Symbol) -> list[tuple[Any, Symbol]]:
    if isinstance(symbol, Sequence):
        return list(enumerate(symbol.items))
    if isinstance(symbol, Const):
        return [(name, attribute(lo, symbol, name)) for name in attributes_of(symbol.value)]
    assert isinstance(symbol, Reference)
    contents = lo.contents(symbol)
    return list(enumerate(contents)) if symbol.cls is list else list(contents)


def _part(lo: Lowering, symbol: Symbol, path: tuple) -> Symbol:
    """A part of a tree: the names of attributes begin with a point; a part of None is None."""
    for key in path:
        symbol = opened(lo, symbol)
        if _is_none(symbol):
            break
        parts = {} if _class_of(symbol) is None else dict(_parts(lo, symbol))
        name = key[1:] if isinstance(key, str) and key.startswith(".") else key
        if key not in parts and name not in parts:
            lo.unsupported("a tangent has another structure than its primal", "None means zero")
        symbol = parts[key] if key in parts else parts[name]
    return symbol


def _fitted(lo: Lowering, given: Symbol, like: Symbol, what: str) -> Symbol:
    """A cotangent or tangent in the class, shape and dtype of the value it belongs to."""
    kind = lo.value(like).type
    if _is_none(given):
        return Const(0.0) if kind == FLOAT else lo.call(Const(runtime.zeros_like), [like], {})
    if not isinstance(given, Value):
        lo.unsupported(f"{what} has another structure than the value it belongs to", "None means zero")
    if given.type == kind:
        return given
    if isinstance(kind, PyScalar):
        return lo.call(Const(complex if kind == COMPLEX else float), [given], {})
    if isinstance(kind, NpScalar):
        return lo.call(Const(kind.dtype.type), [given], {})
    if not isinstance(kind, Array) or not isinstance(given.type, (Array, PyScalar, NpScalar)):
        return given
    ranks = [shape if shape is None else len(shape) for shape in (shape_of(given.type), kind.shape)]
    if None not in ranks and ranks[0] != ranks[1]:
        lo.unsupported(f"{what} has {ranks[0]} axes, but the value it belongs to has {ranks[1]}")
    if not isinstance(given.type, Array) or given.type.dtype != kind.dtype:
        given = lo.call(Const(np.asarray), [given, Const(kind.dtype)], {})
    call_function(lo, cast(FunctionType, stand_ins.check_shape), [given, like, Const(what)], {})
    return given


def _copied(lo: Lowering, symbol: Symbol) -> Symbol:
    """A symbol with copies of the arrays in it."""
    symbol = opened(lo, symbol)
    if isinstance(symbol, Sequence):
        return Sequence(tuple([_copied(lo, item) for item in symbol.items]), symbol.cls)
    if isinstance(symbol, Reference):
        parts = [(key, _copied(lo, part)) for key, part in _parts(lo, symbol)]
        own = [part for _, part in parts] if symbol.cls is list else parts
        return lo.new_reference(symbol.cls, tuple(own), None)
    if isinstance(symbol, Value) and not isinstance(symbol, Const) and not is_scalar(symbol.type):
        return lo.call(Const(runtime.copied), [symbol], {})
    return symbol
