"""Recursive functions: called in the graph, not inlined, one function of it for each combination of argument kinds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from srcgrad.errors import UnsupportedError
from srcgrad.frontend.functions import run_body
from srcgrad.frontend.lowering import Lowering, is_undefined
from srcgrad.frontend.marks import Restart
from srcgrad.frontend.parameters import argument_leaves, as_parameters, containers, paired_containers, structure
from srcgrad.frontend.records import as_result
from srcgrad.frontend.snapshots import leaves, with_leaves
from srcgrad.frontend.values import Frame, Reference, Sequence, Symbol
from srcgrad.frontend.variables import encloses, set_variable, variables
from srcgrad.ir.joins import join
from srcgrad.ir.nodes import UNDEFINED, Const, Function, Invoke, Region, Value, walk
from srcgrad.ir.types import unsized

_ROUNDS = 6
_GROWING = 3
"""After so many calls within each other, lists that grow from one to the next are taken to do so without an end."""


@dataclass(eq=False)
class Outlined:
    """A function of the graph for one combination of argument kinds.

    Attributes:
        function: the function; complete once `ready`.
        result: the symbol it returns, over `function.body.results`; None while no round has found it. What the
            variables in `assigned` stand for afterwards comes behind what the user's function returns.
        hidden: variables of enclosing functions that it reads -> their parameters.
        assigned: variables of enclosing functions, or of a module, that it assigns: it is given and returns them.
        pending: calls of it made before its hidden parameters were all known.
        opened: the containers that it is given: its own, what that holds on entry, and the caller's.
        frame, identity: the activation of its body, and what the body belongs to.
        boxes: the key of the tuples in what it returns, if they are made at run time.
        sizes: how many values each parameter consists of.
    """

    function: Function
    result: Symbol | None = None
    ready: bool = False
    used: bool = False
    hidden: dict[Any, tuple[Symbol, list[Value]]] = field(default_factory=dict)
    assigned: tuple[Any, ...] = ()
    pending: list[tuple[Invoke, Any]] = field(default_factory=list)
    opened: list[tuple[Reference, Any, Reference]] = field(default_factory=list)
    caller: Any = None
    frame: Frame | None = None
    identity: Any = None
    boxes: tuple | None = None
    sizes: dict[str, int] = field(default_factory=dict)


def invoke(lo: Lowering, identity: Any, node: Any, frame: Frame, name: str, bound: dict[str, Symbol]) -> Symbol:
    """A call of a recursive function whose parameters are bound."""
    assigned = {
        variable: lo.read_variable(variable) for variable in variables(lo, lo.marks.assigned.get(identity, {}), frame)
    }
    if assigned and (lo.attempts or lo.protections):
        lo.unsupported(
            "a recursive function that assigns to names of enclosing functions is called inside of `try`",
            "let it return the values",
        )
    given = [*bound.values(), *assigned.values()]
    if any(is_undefined(leaf) for symbol in given for leaf in leaves(symbol)):
        return Const(UNDEFINED)
    flat = [leaf for symbol in given for leaf in argument_leaves(lo, symbol)]
    key = (identity, frame.parent, *[(p, structure(lo, s)) for p, s in {**bound, **assigned}.items()])
    spec = lo.functions.get(key)
    if spec is None:
        sizes = {p: len(argument_leaves(lo, symbol)) for p, symbol in bound.items()}
        _demote_growing(lo, identity, bound, sizes)
        spec = lo.functions[key] = Outlined(Function(_function_name(lo, name), [], Region()), sizes=sizes)
        spec.caller, spec.frame, spec.identity = lo.function, frame, identity
        spec.assigned = tuple(assigned)
        if identity in lo.marks.boxed:
            spec.boxes = (lo.marks.boxed[identity], identity, *key[2:])
        try:
            _lower_outlined(lo, spec, identity, node, frame, {**bound, **assigned})
        except Restart:
            del lo.functions[key]
            raise
    elif not spec.ready:
        spec.used = True
    if spec.result is None:
        return Const(UNDEFINED)
    outputs = [Value(unsized(v.type, lo.fresh("r")), None, lo.span) for v in leaves(spec.result)]
    _same_sites(lo, spec.result, outputs)
    op = Invoke(spec.function, flat, outputs, lo.span)
    lo.append(op)
    if spec.ready:
        op.args = [*flat, *_hidden_arguments(lo, spec)]
    else:
        spec.pending.append((op, lo.function))
    result = with_leaves(spec.result, iter(outputs))
    if not assigned:
        return result
    assert isinstance(result, Sequence)
    for variable, symbol in zip(assigned, result.items[1:], strict=True):
        set_variable(lo, variable, symbol)
    return result.items[0]


def _demote_growing(lo: Lowering, identity: Any, bound: dict[str, Symbol], sizes: dict[str, int]) -> None:
    """Starts again with a list made at run time that has more items in each call that a function makes of itself."""
    open_calls = [spec for spec in lo.functions.values() if spec.identity == identity and not spec.ready]
    if len(open_calls) < _GROWING:
        return
    for parameter, symbol in bound.items():
        lists = [reference for reference in containers(lo, symbol) if reference.cls is list]
        if lists and sizes[parameter] > open_calls[-1].sizes[parameter]:
            lo.demote(lists[0])


def hidden_parameter(lo: Lowering, key: tuple[Frame, str], symbol: Symbol) -> Symbol:
    """A parameter of the current function of the graph for a variable of an enclosing function."""
    params: list[Value] = []
    spec = lo.function
    taken = {*spec.frame.scope.locals, *[leaf.hint for _, leaves in spec.hidden.values() for leaf in leaves]}
    name, k = key[1], 1
    while name in taken:
        name, k = f"{key[1]}_{k}", k + 1
    inside = as_parameters(lo, symbol, name, params)
    if params or containers(lo, symbol):
        spec.hidden[key] = (inside, params)
        spec.opened += [(r, lo.store.get(r), o) for r, o in paired_containers(lo, inside, symbol)]
    return inside


def _hidden_arguments(lo: Lowering, spec: Outlined) -> list[Value]:
    return [leaf for owner, name in spec.hidden for leaf in argument_leaves(lo, lo.read_variable((owner, name)))]


def _function_name(lo: Lowering, name: str) -> str:
    taken = {spec.function.name for spec in lo.functions.values()}
    base = name if name.isidentifier() else "inner"
    candidate, k = base, 1
    while candidate in taken:
        candidate, k = f"{base}_{k}", k + 1
    return candidate


def _lower_outlined(
    lo: Lowering, spec: Outlined, identity: Any, node: Any, frame: Frame, bound: dict[str, Symbol]
) -> None:
    """Lowers the body until its return kinds are stable: a recursive call returns what the last round found."""
    saved = (lo.function, lo.calls, lo.constant_loops, lo.active, lo.span, lo.attempts, lo.protections)
    lo.attempts, lo.protections = [], []
    frame.function = spec
    before = set(lo.functions)
    try:
        for _ in range(_ROUNDS):
            lo.function, lo.calls, lo.constant_loops = spec, [identity], []
            lo.active = [*saved[3], (identity, None)]
            spec.used = False
            spec.pending.clear()
            spec.hidden.clear()
            spec.opened.clear()
            for key in [key for key in lo.functions if key not in before]:
                # It may call this function, and has seen what an earlier round took it to return.
                del lo.functions[key]
            result, region = _round(lo, spec, node, frame, bound)
            returned = result.items[0] if spec.assigned and isinstance(result, Sequence) else result
            if spec.used and isinstance(returned, Sequence) and not all(isinstance(i, Value) for i in returned.items):
                lo.marks.boxed[identity] = "parts"
                raise Restart
            if not spec.used or (spec.result is not None and _settled(spec.result, result)):
                break
            spec.result = _joined(spec, result)
            _same_sites(lo, result, leaves(spec.result))
        else:
            lo.unsupported("the kinds of what this recursive function returns do not settle")
    finally:
        lo.function, lo.calls, lo.constant_loops, lo.active, lo.span, lo.attempts, lo.protections = saved
    spec.result = result
    region.results = leaves(result)
    function = spec.function
    function.body = region
    function.params = region.args
    function.result = region.results[0] if isinstance(result, Value) else tuple(region.results)
    used = {v for op in walk(region) for v in (*op.inputs, *[r for inner in op.regions for r in inner.results])}
    function.captured = [v for _, v in lo.captured.values() if v in used or v in region.results]
    spec.ready = True
    for op, caller in spec.pending:
        op.args = [*op.args, *_pending_hidden(lo, spec, caller)]


def _pending_hidden(lo: Lowering, spec: Outlined, caller: Any) -> list[Value]:
    """What a function that was lowered in the meantime hands on to one that called it, and that it calls."""
    for owner, name in spec.hidden:
        if caller is not spec and (owner, name) not in caller.hidden and owner.scope is None:
            lo.marks.handed_on.setdefault(caller.identity, {})[None, name] = owner.source
            raise Restart
        if caller is not spec and (owner, name) not in caller.hidden:
            if not encloses(owner, caller.frame):
                raise UnsupportedError("functions that call each other use variables of an enclosing function", None)
            lo.marks.handed_on.setdefault(caller.identity, {})[owner.scope.node, name] = None
            raise Restart
    return [leaf for key in spec.hidden for leaf in caller.hidden[key][1]]


def _round(lo: Lowering, spec: Outlined, node: Any, frame: Frame, bound: dict[str, Symbol]) -> tuple[Symbol, Region]:
    params: list[Value] = []
    whole: list[Value] = []
    region = Region()
    with lo.store.branch(), lo.into(region):
        for name, symbol in bound.items():
            variable = (frame, name) if isinstance(name, str) else name
            inside = as_parameters(lo, symbol, variable[1], params)
            spec.opened += [(r, lo.store.get(r), o) for r, o in paired_containers(lo, inside, symbol)]
            lo.store.set(variable, inside)
            whole += [inside] if isinstance(inside, Value) else []
        for variable in variables(lo, lo.marks.handed_on.get(spec.identity, {}), frame):
            lo.read_variable(variable)
        result = run_body(lo, node, frame)
        for reference, contents, outer in spec.opened:
            if lo.store.get(reference) is not contents:
                lo.demote(outer)
        result = as_result(lo, result)
        if not isinstance(result, (Value, Sequence)):
            lo.unsupported("a recursive function returns something that is no number, array or tuple of these")
        if spec.assigned:
            result = Sequence((result, *[_assigned_value(lo, variable) for variable in spec.assigned]))
    region.args = [*params, *[leaf for _, leaves in spec.hidden.values() for leaf in leaves]]
    for arg in region.args:
        arg.owner = region
    _name_apart(region.args, whole)
    return result, region


def _name_apart(parameters: list[Value], own: list[Value]) -> None:
    """Gives the parts of parameters names that are not those of others: the user's own parameters keep theirs."""
    taken = {parameter.hint for parameter in own}
    for parameter in parameters:
        if parameter in own:
            continue
        name, k = parameter.hint, 1
        while parameter.hint in taken:
            parameter.hint, k = f"{name}_{k}", k + 1
        taken.add(parameter.hint)


def _assigned_value(lo: Lowering, variable: tuple[Frame, str]) -> Symbol:
    symbol = lo.read_variable(variable)
    if not isinstance(symbol, Value):
        lo.unsupported(
            f"a recursive function assigns something that is no number or array to {variable[1]!r}",
            "return it, or change it in place",
        )
    return symbol


def _same_sites(lo: Lowering, symbol: Symbol, values: list[Value]) -> None:
    """Notes that lists which stand for those in a symbol were made where those were."""
    for known, value in zip(leaves(symbol), values, strict=True):
        if known in lo.list_sites:
            lo.list_sites[value] = lo.list_sites[known]


def _settled(old: Symbol, new: Symbol) -> bool:
    return [unsized(v.type, "r") for v in leaves(old)] == [unsized(v.type, "r") for v in leaves(new)]


def _joined(spec: Outlined, new: Symbol) -> Symbol:
    if spec.result is None:
        return with_leaves(new, iter([Value(unsized(v.type, "r"), v.hint) for v in leaves(new)]))
    pairs: Iterable[tuple[Value, Value]] = zip(leaves(spec.result), leaves(new), strict=True)
    merged = [
        Value(join(unsized(a.type, "r"), unsized(b.type, "r"), f"r.{k}"), b.hint) for k, (a, b) in enumerate(pairs)
    ]
    return with_leaves(new, iter(merged))
