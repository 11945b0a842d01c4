"""The entry of the frontend: a Python function and the kinds of its arguments -> a function of the graph."""

from __future__ import annotations

import operator
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from srcgrad.errors import Span, UnsupportedError
from srcgrad.frontend import kinds
from srcgrad.frontend.attempts import settle_attempts
from srcgrad.frontend.compact_dicts import filled_dict
from srcgrad.frontend.custom_calls import CustomCall
from srcgrad.frontend.functions import identity_of, python_defaults, python_frame, run_body, source_of
from srcgrad.frontend.late_fields import fields
from srcgrad.frontend.list_kinds import new_list, so_far
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.marks import Marks, Restart
from srcgrad.frontend.outside import check_plain, object_symbol, open_objects
from srcgrad.frontend.parameters import containers
from srcgrad.frontend.pools import make_columns, unite
from srcgrad.frontend.sources import FixedSource, Guard, Source
from srcgrad.frontend.values import Reference, Sequence, Symbol
from srcgrad.frontend.variables import belongs_to_argument, held_outside, open_outside
from srcgrad.ir.joins import MeetingError, UnlikeError
from srcgrad.ir.nodes import UNDEFINED, Call, Const, Function, Op, Raise, Region, Value, name_in_code
from srcgrad.ir.types import FLOAT, Opaque, Type, Unknown
from srcgrad.tree import attributes_of, in_order, is_structured

_RESTARTS = 400
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Program:
    """A lowered function.

    Attributes:
        function: the graph; `function.result` is the argument tree of what it returns.
        arguments: parameter name -> the symbol it stands for: a value, or a structure of values read from it.
        result: the symbol of what it returns.
        captured: values read from outside, with where to read them.
        guards: what the graph relies on.
        functions: the functions it calls.
        contents: what each container in `arguments` held on entry.
        result_contents: what each container in `result` holds.
        read_only: the arrays among the arguments that cannot be written.
        writes_inside: whether a function that is differentiated inside of it writes what it is given.
        has_prange: whether it has loops over `numba.prange`.
        fixed: the values from outside that belong to objects among the arguments.
        changed: the parameters that hold containers which the program changes -> where.
        held_outside: the containers from outside that it uses, where it changes some -> where it changes which.
        customs: the calls of functions with derivatives of their own.
        read_at_run_time: what these functions read from outside when they are called, by the key of its source.
        transposed: for the tangent of a function that is transposed, what it is the tangent of: see `Marks`.
        transposed_calls: the calls of these functions -> their places.
        by_body: those of them that have the derivatives of their bodies: see `Marks`.
        written: the parameters that the program writes; known once they are protected.
    """

    function: Function
    arguments: dict[str, Symbol]
    result: Symbol
    captured: list[tuple[Source, Value]]
    guards: list[Guard]
    functions: list[Function]
    contents: dict[Reference, tuple]
    result_contents: dict[Reference, tuple]
    read_only: set[Value]
    writes_inside: bool
    has_prange: bool
    fixed: set[Value]
    changed: dict[str, Span | None]
    held_outside: dict[Value, list[Span | None]]
    customs: list[CustomCall]
    read_at_run_time: dict[tuple, Span | None]
    transposed: tuple[Any, ...]
    transposed_calls: dict[Op, Any]
    by_body: dict[Any, tuple[str, Span | None]]
    written: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class AnyKind:
    """Stands for an argument of any kind: the rank-generic variant of the source is made with it."""


ANY_KIND = AnyKind()


def lower_program(
    fn: types.FunctionType,
    arguments: dict[str, Any],
    floats: frozenset[str] = frozenset(),
    self_object: Any = None,
    short_axes: bool = False,
    marks: Marks | None = None,
) -> Program:
    """Lowers a function for arguments of the kinds of the given ones.

    Args:
        fn: the function.
        arguments: an example for each parameter, in order, whose kind is all that matters; `ANY_KIND` if not known.
        floats: the parameters whose Python integers are taken as floats.
        self_object: what the first parameter is bound to, for a bound method.
        short_axes: whether the program is for the lengths of short last axes.
        marks: what is known of it before.

    Raises:
        UnsupportedError: for what the compiler can't carry.
        SourceNotFoundError: if the function has no source.
        SourceChangedError: if the source has changed since the function was imported.
    """

    def type_of(name: str) -> Type:
        return _parameter_type(arguments[name], name, name in floats, short_axes)

    return lowered(lambda marks: _attempt(fn, arguments, type_of, self_object, marks), marks or Marks(), fn.__name__)


def lowered(attempt: Callable[[Marks], T], marks: Marks, name: str) -> T:
    """What an attempt at lowering a program of this name gives that finds out nothing new for its marks."""
    span: Span | None = None
    for _ in range(_RESTARTS):
        try:
            return attempt(marks)
        except Restart as again:
            span = again.span
        except MeetingError as meeting:
            if not unite(marks, meeting.pools):
                help = "give all of them the same keys or attributes"
                raise UnsupportedError(meeting.msg, meeting.span, help) from None
        except UnlikeError as error:
            raise UnsupportedError(error.msg, error.span, error.help) from None
        except RecursionError:
            raise UnsupportedError(
                f"the calls in {name} nest too deeply: functions call each other as values without an end",
                help="give the recursive function a name: a def that calls itself",
            ) from None
    help = "give each list items of one kind"
    raise UnsupportedError(f"the structure of the lists in {name} does not settle", span, help)


def _attempt(
    fn: types.FunctionType, arguments: dict[str, Any], type_of: Callable[[str], Type], self_object: Any, marks: Marks
) -> Program:
    lo = Lowering(marks)
    try:
        return _lowered_by(lo, fn, arguments, type_of, self_object)
    except Restart as again:
        again.span = lo.span
        raise


def _lowered_by(
    lo: Lowering,
    fn: types.FunctionType,
    arguments: dict[str, Any],
    type_of: Callable[[str], Type],
    self_object: Any,
) -> Program:
    source = source_of(fn)
    frame = python_frame(fn, source)
    lo.generic = any(isinstance(example, AnyKind) for example in arguments.values())
    lo.object_sources[id(fn)] = FixedSource(fn, name_in_code(fn.__name__))
    lo.active.append((identity_of(fn), None))
    lo.span = source.span_of(source.node)
    body = Region()
    symbols: dict[str, Symbol] = {}
    names = list(frame.scope.parameters)
    with lo.into(body):
        if self_object is not None:
            bound_source = FixedSource(self_object, names[0])
            lo.object_sources[id(self_object)] = bound_source
            lo.argument_objects.add(id(self_object))
        open_objects(lo)
        if self_object is not None:
            lo.store.set((frame, names[0]), object_symbol(lo, self_object))
        defaults = python_defaults(lo, fn)
        for name in names:
            if name in arguments:
                symbols[name] = argument(lo, arguments[name], name, type_of(name), body)
                lo.store.set((frame, name), symbols[name])
            elif name in defaults:
                lo.store.set((frame, name), defaults[name])
        _bind_variadic(lo, source.node, frame, arguments)
        open_outside(lo)
        make_columns(lo)
        contents = {r: lo.contents(r) for s in symbols.values() for r in containers(lo, s)}
        for name, symbol in symbols.items():
            lo.store.set((frame, name), _made_at_run_time(lo, symbol))
        result = run_body(lo, source.node, frame)
    program = finished(lo, fn.__name__, symbols, contents, result, body)
    program.function.span = source.span_of(source.node)
    return program


def finished(
    lo: Lowering, name: str, symbols: dict[str, Symbol], contents: dict[Reference, tuple], result: Symbol, body: Region
) -> Program:
    """The program whose body has been lowered.

    Args:
        lo: the state of lowering.
        name: what it is called.
        symbols: parameter name -> what it stands for.
        contents: what each container in these held on entry.
        result: what it returns.
        body: its operations.
    """
    marks = lo.marks
    with lo.into(body):
        if isinstance(result, Const) and result.value is UNDEFINED:
            # If it raises on every run, any number will do.
            result = Const(0.0 if any(isinstance(op, Raise) for op in body.ops) else None)
        settle_attempts(lo)
        if lo.read_too_early is not None and not marks.settled:
            marks.settled = True
            raise Restart
        if lo.read_too_early is not None:
            lo.span = lo.read_too_early
            lo.unsupported("nothing is known of what is in this dict: nothing is put into it")
        tree = lo.tree(result) if not _is_structure(result) else _result_tree(lo, result)
    for kind in marks.records.values():
        object.__setattr__(kind, "items", tuple(map(so_far, kind.items)))
    if lo.tuples_made_twice and lo.tuple_shadows:
        raise UnsupportedError(
            "a gradient that finds the derivatives of a tuple by its identity is differentiated again",
            None,
            "make lists or arrays in place of the tuples",
        )
    function = Function(name_in_code(name), list(body.args), body)
    changed = {name: span for name, symbol in symbols.items() for span in _changes(lo, symbol, contents)[:1]}
    held = held_outside(lo) if changed or lo.changed.keys() & lo.container_sources.keys() else {}
    function.captured = [value for _, value in lo.captured.values()]
    function.result = tree
    body.results = list(_tree_leaves(tree))
    functions = [spec.function for spec in lo.functions.values() if spec.ready]
    results = {r: lo.contents(r) for r in containers(lo, result)}
    captured, guards = list(lo.captured.values()), list(lo.guards.values())
    fixed = {value for source, value in captured if belongs_to_argument(lo, source)}
    return Program(
        function,
        symbols,
        result,
        captured,
        guards,
        functions,
        contents,
        results,
        lo.read_only,
        lo.writes_inside,
        lo.has_prange,
        fixed,
        changed,
        held,
        lo.customs,
        lo.read_at_run_time,
        marks.transposed,
        lo.transposing.calls,
        marks.by_body,
    )


def _changes(lo: Lowering, symbol: Symbol, contents: dict[Reference, tuple]) -> list[Span | None]:
    """Where the containers of an argument are changed."""
    if isinstance(symbol, Sequence):
        return [span for item in symbol.items for span in _changes(lo, item, contents)]
    if not isinstance(symbol, Reference):
        return []
    own = [lo.changed[symbol]] if symbol in lo.changed else []
    if symbol.cls is list and symbol.site in lo.marks.dynamic:
        own.append(lo.span)
    items = [part[1] if isinstance(part, tuple) else part for part in contents[symbol]]
    return [*own, *[span for item in items for span in _changes(lo, item, contents)]]


def _bind_variadic(lo: Lowering, node: Any, frame: Any, arguments: dict[str, Any]) -> None:
    for star, empty in ((node.args.vararg, Sequence(())), (node.args.kwarg, None)):
        if star is not None and star.arg not in arguments:
            lo.store.set((frame, star.arg), empty or lo.new_reference(dict, (), None))


def _is_structure(symbol: Symbol) -> bool:
    return isinstance(symbol, (Sequence, Reference))


def _result_tree(lo: Lowering, symbol: Symbol) -> Any:
    """The argument tree of a result: plain tuples, lists and dicts with values at the leaves."""
    if isinstance(symbol, Sequence):
        return tuple([_result_tree(lo, item) for item in symbol.items])
    if isinstance(symbol, Reference):
        contents = lo.contents(symbol)
        if symbol.cls is list:
            return [_result_tree(lo, item) for item in contents]
        if symbol.cls is set:
            return lo.value(symbol)
        if symbol.cls is not dict and not is_structured(symbol.cls):
            lo.unsupported(
                f"a {symbol.cls.__name__} is returned here",
                "return its attributes, make it a dataclass, or register its class: srcgrad.tree.register",
            )
        if symbol.cls is not dict:
            contents = _ordered(lo, symbol)
        return {key: _result_tree(lo, item) for key, item in contents}
    return lo.value(symbol)


def _ordered(lo: Lowering, symbol: Reference) -> tuple:
    """The attributes of an object that is returned, in the order in which they are parts of it."""
    items = dict(fields(lo, symbol))
    names = in_order(symbol.cls, tuple(items))
    extra = [name for name in items if name not in names]
    if extra:
        lo.unsupported(f"a {symbol.cls.__name__} with an attribute {extra[0]!r} is returned, which is no field of it")
    ordered = tuple([(name, items[name]) for name in names])
    lo.store.set(symbol, ordered)
    return ordered


def _tree_leaves(tree: Any) -> list[Value]:
    from srcgrad.ir.nodes import leaves

    return list(leaves(tree))


def argument(lo: Lowering, example: Any, name: str, type: Type, body: Region) -> Symbol:
    """A parameter, and what it stands for."""
    param = Value(type, name, lo.span)
    param.owner = body
    body.args.append(param)
    _note_read_only(lo, param, example)
    return _opened(lo, param, example, name)


def _parameter_type(example: Any, name: str, as_float: bool, short_axes: bool) -> Type:
    if isinstance(example, AnyKind):
        return Unknown(frozenset([name]))
    if as_float and type(example) is int:
        return FLOAT
    number = kinds.number_type(example, name, short_axes)
    if number is not None:
        return number
    if kinds.is_long_list(example):
        return kinds.list_type(example, name)
    return Opaque(type(example))


def _opened(lo: Lowering, value: Value, example: Any, name: str) -> Symbol:
    """The structure of a container argument, with the values in it read from it."""
    if not isinstance(value.type, Opaque):
        return value
    if example is None or isinstance(example, str) or kinds.is_static(example):
        return Const(example)
    if isinstance(example, (tuple, list, dict)):
        check_plain(lo, example)
    if isinstance(example, dict):
        entries = tuple(
            (key, _part(lo, operator.getitem, value, key, item, _label(name, key))) for key, item in example.items()
        )
        return lo.new_reference(dict, entries, ("argument", name, *lo.site(value.hint)))
    if isinstance(example, (tuple, list)):
        fields = getattr(type(example), "_fields", None)
        parts = tuple(
            _part(lo, getattr, value, fields[k], item, _label(name, fields[k]))
            if fields
            else _part(lo, operator.getitem, value, k, item, _label(name, k))
            for k, item in enumerate(example)
        )
        if isinstance(example, list):
            return lo.new_reference(list, parts, ("argument", name, *lo.site(value.hint)))
        return Sequence(parts, type(example))
    if is_structured(type(example)):
        entries = tuple(
            (part, _part(lo, getattr, value, part, getattr(example, part), _label(name, part)))
            for part in attributes_of(example)
        )
        return lo.new_reference(type(example), entries, None)
    lo.object_sources[id(example)] = FixedSource(example, name)
    lo.argument_objects.add(id(example))
    source = lo.object_sources[id(example)]
    lo.guards[source.key] = Guard(source, type(example), True)
    return object_symbol(lo, example)


def _made_at_run_time(lo: Lowering, symbol: Symbol) -> Symbol:
    """An argument with run-time lists and dicts in place of those in it whose structure varies."""
    if isinstance(symbol, Sequence):
        return Sequence(tuple([_made_at_run_time(lo, item) for item in symbol.items]), symbol.cls)
    if not isinstance(symbol, Reference):
        return symbol
    contents = lo.contents(symbol)
    own = tuple(
        [(p[0], _made_at_run_time(lo, p[1])) if isinstance(p, tuple) else _made_at_run_time(lo, p) for p in contents]
    )
    if symbol.cls is list and symbol.site in lo.marks.dynamic:
        return new_list(lo, own, symbol.site)
    if symbol.cls is dict and symbol.site in lo.marks.keyed:
        return filled_dict(lo, own, symbol.site)
    lo.store.set(symbol, own)
    return symbol


def _label(name: str, key: Any) -> str:
    text = "".join(c if c.isalnum() else "_" for c in str(key))
    if isinstance(key, str) and text.isidentifier():
        return text
    return f"{name}_{text}"


def _part(lo: Lowering, read: Any, owner: Value, key: Any, example: Any, label: str) -> Symbol:
    number = kinds.number_type(example, label)
    if number is None and kinds.is_long_list(example):
        number = kinds.list_type(example, label)
    value = Value(number or Opaque(type(example)), label, lo.span)
    lo.append(Call(read, (owner, Const(key)), {}, [value], lo.span))
    _note_read_only(lo, value, example)
    return _opened(lo, value, example, label)


def _note_read_only(lo: Lowering, value: Value, example: Any) -> None:
    if isinstance(example, np.ndarray) and not example.flags.writeable:
        lo.read_only.add(value)
