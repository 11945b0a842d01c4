"""Calls of Python functions: inlined, or, where a function is recursive, called through a function of the graph."""

from __future__ import annotations

import ast
import functools
import types
from dataclasses import dataclass
from typing import Any

from srcgrad.frontend import iterator_stand_ins, library_stand_ins, stand_in_classes, stand_ins
from srcgrad.frontend.access import subscript
from srcgrad.frontend.counts import check_count, raise_unless_all_taken
from srcgrad.frontend.exits import compare, settled
from srcgrad.frontend.expressions import expression
from srcgrad.frontend.folding import as_symbol
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.marks import Restart
from srcgrad.frontend.merging import Outcome, select
from srcgrad.frontend.outside import outside, source_of_object
from srcgrad.frontend.parameters import structure
from srcgrad.frontend.records import box_whole, boxed
from srcgrad.frontend.scope import scope_of
from srcgrad.frontend.snapshots import leaves
from srcgrad.frontend.source import FunctionSource, function_source
from srcgrad.frontend.sources import AttributeSource, Guard, ItemSource, Source
from srcgrad.frontend.statements import block
from srcgrad.frontend.store import MISSING
from srcgrad.frontend.values import (
    RETURNED,
    Closure,
    Conflict,
    Frame,
    Iterator,
    Sequence,
    Spread,
    Symbol,
)
from srcgrad.frontend.variables import forget_locals
from srcgrad.ir.nodes import UNDEFINED, Call, Const, Exit, Op, Value
from srcgrad.rules.intrinsics import CHECKPOINTED
from srcgrad.rules.registry import STAND_IN_MODULES

_DEEPEST = 40
_ENDS = frozenset([Exit.NEXT, Exit.RETURN])
_STAND_INS = frozenset(
    [stand_ins.__name__, stand_in_classes.__name__, library_stand_ins.__name__, iterator_stand_ins.__name__]
)
_SOURCES: dict[types.CodeType, FunctionSource] = {}


def source_of(fn: types.FunctionType) -> FunctionSource:
    """The source of a function, found once for each code object."""
    known = _SOURCES.get(fn.__code__)
    if known is None or known.code is not fn.__code__:
        if len(_SOURCES) > 4096:
            _SOURCES.clear()
        known = _SOURCES[fn.__code__] = function_source(fn)
    return known


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """Which Python function a body is of: those of one text differ by the variables that they have captured.

    A decorator makes such functions, which may call each other.
    """

    code: types.CodeType
    cells: tuple[types.CellType, ...]

    def __eq__(self, other: object) -> bool:
        # Code of different files may be equal, and so may be what cells hold.
        return isinstance(other, Identity) and self._ids() == other._ids()

    def __hash__(self) -> int:
        return hash(self._ids())

    def _ids(self) -> tuple[int, ...]:
        return (id(self.code), *map(id, self.cells))


def identity_of(fn: types.FunctionType) -> Identity:
    return Identity(fn.__code__, fn.__closure__ or ())


def make_closure(lo: Lowering, node: ast.FunctionDef | ast.Lambda, frame: Frame) -> Closure:
    """The function that a `def` or a `lambda` makes."""
    defaults = {}
    args = node.args
    positional = [*args.posonlyargs, *args.args]
    for arg, default in zip(positional[len(positional) - len(args.defaults) :], args.defaults, strict=True):
        defaults[arg.arg] = expression(lo, default, frame)
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        if default is not None:
            defaults[arg.arg] = expression(lo, default, frame)
    capture_frame(lo, frame)
    return Closure(node, frame, defaults)


def capture_frame(lo: Lowering, frame: Frame | None) -> None:
    """Keeps the variables of a call for what may outlive it."""
    while frame is not None:
        lo.frames_captured.add(id(frame))
        frame = frame.parent


def call_closure(lo: Lowering, closure: Closure, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """A call of a function that the program defines."""
    outer = closure.frame
    frame = Frame(outer.source, scope_of(closure.node), outer.globals, outer)
    frame.quiet = outer.quiet
    return _call(lo, closure.node, closure.node, frame, closure.defaults, args, kwargs)


def call_function(lo: Lowering, fn: types.FunctionType, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
    """A call of a Python function that has source."""
    source = source_of(fn)
    stands_in = fn.__module__ in _STAND_INS or fn.__module__ in STAND_IN_MODULES
    quiet = lo.fixed_span or stands_in or fn.__code__ is CHECKPOINTED
    frame = python_frame(fn, source, quiet)
    mark = len(lo.region.ops)
    result = _call(lo, identity_of(fn), source.node, frame, python_defaults(lo, fn), args, kwargs)
    if (
        lo.calls_rules
        and fn.__module__.startswith("srcgrad.rules.")
        and _depends_on_branch(result, lo.region.ops[mark:])
    ):
        return _kept_call(lo, fn, args, kwargs, result, mark)
    return result


def call_body(
    lo: Lowering, fn: types.FunctionType, frame: Frame, args: list[Symbol], kwargs: dict[str, Symbol]
) -> Symbol:
    """A call of a Python function that finds its names from a frame that the caller has made."""
    return _call(lo, identity_of(fn), source_of(fn).node, frame, python_defaults(lo, fn), args, kwargs)


def _depends_on_branch(result: Symbol, ops: list[Op]) -> bool:
    """Whether a result comes out of a branch or loop among these operations."""
    needed = set(leaves(result))
    for op in reversed(ops):
        if not needed.isdisjoint(op.outputs):
            if op.regions:
                return True
            needed.update(op.inputs)
    return False


def _kept_call(
    lo: Lowering, fn: types.FunctionType, args: list[Symbol], kwargs: dict[str, Symbol], result: Symbol, mark: int
) -> Symbol:
    """The call of a rule that decides at run time which way it goes, in place of its body."""
    parts = result.items if isinstance(result, Sequence) else (result,)
    if not all(isinstance(part, Value) for part in parts):
        return result
    del lo.region.ops[mark:]
    outputs = [Value(part.type, None, lo.span) for part in parts if isinstance(part, Value)]
    trees = tuple([lo.tree(arg) for arg in args])
    unpacks = isinstance(result, Sequence)
    keywords = {name: lo.tree(arg) for name, arg in kwargs.items()}
    lo.append(Call(fn, trees, keywords, outputs, lo.span, unpacks))
    return Sequence(tuple(outputs)) if unpacks else outputs[0]


def python_frame(fn: types.FunctionType, source: FunctionSource, quiet: bool = False) -> Frame:
    """A frame for a call of a Python function."""
    cells = dict(zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True))
    return Frame(source, scope_of(source.node), fn.__globals__, None, cells, quiet)


def python_defaults(lo: Lowering, fn: types.FunctionType) -> dict[str, Symbol]:
    """The defaults of a Python function as they are now; that they stay so is guarded."""
    code = fn.__code__
    values: dict[str, tuple[Any, str, Any]] = {}
    positional = code.co_varnames[: code.co_argcount]
    defaults = fn.__defaults__ or ()
    for k, name in enumerate(positional[len(positional) - len(defaults) :]):
        values[name] = (defaults[k], "__defaults__", k)
    for name, value in (fn.__kwdefaults__ or {}).items():
        values[name] = (value, "__kwdefaults__", name)
    result: dict[str, Symbol] = {}
    owner = source_of_object(lo, fn)
    for name, (value, attribute, index) in values.items():
        literal = literal_of(value)
        if literal is None and owner is not None:
            result[name] = outside(lo, ItemSource(AttributeSource(owner, attribute), index))
            continue
        result[name] = Const(value) if literal is None else literal
        if owner is not None:
            source = AttributeSource(owner, attribute)
            lo.guards[source.key] = Guard(source, getattr(fn, attribute), False)
    return result


def literal_of(value: Any) -> Symbol | None:
    """The constant symbol of a value that nobody can change, None for any other."""
    if isinstance(value, list) or (isinstance(value, tuple) and any(literal_of(item) is None for item in value)):
        return None
    return as_symbol(value)


def applied(lo: Lowering, obj: functools.partial) -> tuple[list[Symbol], dict[str, Symbol]]:
    """What `functools.partial` has bound; its keywords may change later."""
    owner = source_of_object(lo, obj)
    if owner is None:
        return [Const(item) for item in obj.args], {name: Const(item) for name, item in obj.keywords.items()}
    keywords = AttributeSource(owner, "keywords")
    lo.guards[keywords.key] = Guard(keywords, obj.keywords, False)

    def read(source: Source) -> Symbol:
        item = source.read()
        literal = literal_of(item)
        return outside(lo, source) if literal is None else literal

    given = [read(ItemSource(AttributeSource(owner, "args"), k)) for k in range(len(obj.args))]
    return given, {name: read(ItemSource(keywords, name)) for name in obj.keywords}


def _call(
    lo: Lowering,
    identity: Any,
    node: ast.FunctionDef | ast.Lambda,
    frame: Frame,
    defaults: dict[str, Symbol],
    args: list[Symbol],
    kwargs: dict[str, Symbol],
) -> Symbol:
    escape, lo.escape = lo.escape, None
    name = node.name if isinstance(node, ast.FunctionDef) else "<lambda>"
    if frame.scope.is_async:
        lo.unsupported(f"{name} is a coroutine, which is not supported yet")
    bound = bind(lo, node.args, name, defaults, args, kwargs)
    if any(isinstance(symbol, Iterator) for symbol in bound.values()):
        from srcgrad.frontend.stepping import once

        bound = {parameter: once(lo, symbol) for parameter, symbol in bound.items()}
    if identity in lo.marks.outlined:
        from srcgrad.frontend.outlined import invoke

        return invoke(lo, identity, node, frame, name, bound)
    # A call for arguments of another structure ends when the structure does; any other recursion ends at run time.
    activation = (identity, tuple([(p, structure(lo, s)) for p, s in bound.items()]))
    if frame.scope.is_generator:
        from srcgrad.frontend.generators import make_generator

        return make_generator(lo, activation, node, frame, bound)
    if activation in lo.active or sum(entry[0] == identity for entry in lo.active) > _DEEPEST:
        lo.marks.outlined.add(identity)
        raise Restart
    frame.function = lo.function
    lo.active.append(activation)
    lo.calls.append((identity, lo.span))
    try:
        for parameter, symbol in bound.items():
            lo.store.set((frame, parameter), symbol)
        result = run_body(lo, node, frame, escape)
    finally:
        lo.active.pop()
        lo.calls.pop()
    forget_locals(lo, frame)
    return result


def run_body(
    lo: Lowering, node: ast.FunctionDef | ast.Lambda, frame: Frame, escape: list[Outcome] | None = None
) -> Symbol:
    """Lowers the body of a function whose parameters are bound; what it returns. What leaves it goes to `escape`."""
    if isinstance(node, ast.Lambda):
        return boxed(lo, expression(lo, node.body, frame), frame)
    outcome = block(lo, node.body, frame)
    if not outcome.codes:
        return Const(UNDEFINED)
    result = _returned(lo, outcome, frame)
    if outcome.codes - _ENDS:
        if escape is None:
            lo.unsupported("control leaves this call from within an expression", "give the call a line of its own")
        escape.append(settled(lo, outcome, _ENDS))
    return result


def _returned(lo: Lowering, outcome: Outcome, frame: Frame) -> Symbol:
    """What a call returns whose body was left like this."""
    result = lo.store.get((frame, RETURNED))
    if outcome.static == Exit.NEXT or result is MISSING:
        return Const(None)
    if Exit.NEXT in outcome.codes:
        stays = compare(lo, outcome.code, Exit.NEXT)
        final = result
        chosen: Symbol = Const(stays) if isinstance(stays, bool) else stays
        result = select(lo, chosen, lambda: Const(None), lambda: final)
    if isinstance(result, Conflict) and not result.callable:
        box_whole(lo, frame)
        lo.resolve_conflict(result)
    return result


def bind(
    lo: Lowering,
    parameters: ast.arguments,
    name: str,
    defaults: dict[str, Symbol],
    args: list[Symbol],
    kwargs: dict[str, Symbol],
) -> dict[str, Symbol]:
    """Binds arguments to parameters as Python does."""
    bound: dict[str, Symbol] = {}
    positional = [a.arg for a in (*parameters.posonlyargs, *parameters.args)]
    if args and isinstance(args[-1], Spread):
        rest = args[-1].items
        missing = [p for p in positional[len(args) - 1 :] if p not in kwargs]
        if parameters.vararg is not None and not missing:
            bound[parameters.vararg.arg] = lo.call(Const(tuple), [rest], {})
            args = args[:-1]
        else:
            required = None if parameters.vararg is not None or any(p in defaults for p in missing) else len(missing)
            args = spread(lo, args, required, name)
    for parameter, symbol in zip(positional, args, strict=False):
        bound[parameter] = symbol
    extra = args[len(positional) :]
    if parameters.vararg is not None:
        bound.setdefault(parameters.vararg.arg, Sequence(tuple(extra)))
    elif extra:
        lo.unsupported(f"{name}() takes {len(positional)} positional arguments but {len(args)} were given")
    positional_only = {a.arg for a in parameters.posonlyargs}
    keyword_names = {a.arg for a in (*parameters.args, *parameters.kwonlyargs)}
    named: dict[str, Symbol] = {}
    for keyword, symbol in kwargs.items():
        if keyword in keyword_names and keyword not in positional_only:
            if keyword in bound:
                lo.unsupported(f"{name}() got multiple values for argument {keyword!r}")
            bound[keyword] = symbol
        elif parameters.kwarg is not None:
            named[keyword] = symbol
        else:
            lo.unsupported(f"{name}() got an unexpected keyword argument {keyword!r}")
    if parameters.kwarg is not None:
        bound[parameters.kwarg.arg] = lo.new_reference(dict, tuple(named.items()), None)
    for parameter in (*positional, *[a.arg for a in parameters.kwonlyargs]):
        if parameter in bound:
            continue
        if parameter not in defaults:
            lo.unsupported(f"{name}() is missing the argument {parameter!r}")
        bound[parameter] = defaults[parameter]
    return bound


def spread(lo: Lowering, args: list[Symbol], count: int | None, name: str) -> list[Symbol]:
    """Positional arguments with the last ones, `*items`, one by one: `count` of them, None if that is not known."""
    *first, last = args
    assert isinstance(last, Spread)
    if count is None:
        lo.unsupported("the number of items is not known here", "index it, or loop over it")
    if not lo.fixed_span:
        message = f"{name}() does not take as many arguments as there are items"
        check_count(lo, last.items, count, raise_unless_all_taken, message)
    return [*first, *[subscript(lo, last.items, Const(k)) for k in range(count)]]
