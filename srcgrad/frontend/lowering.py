"""The state of lowering one program: the region being filled, and what names, containers and symbols stand for."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import GeneratorType
from typing import Any, NoReturn

import numpy as np

from srcgrad import checks
from srcgrad.errors import Span, UnsupportedError
from srcgrad.frontend import kinds, pools
from srcgrad.frontend.folding import fold
from srcgrad.frontend.list_kinds import put, type_of_items, unify_dicts
from srcgrad.frontend.marks import Marks, Restart, Transposing
from srcgrad.frontend.place import SAME_PLACE, Place
from srcgrad.frontend.pool_uses import check_use
from srcgrad.frontend.presence import finds_list
from srcgrad.frontend.raising import Raising, asks_for_float_errors, carries_floats, truncates
from srcgrad.frontend.sources import Guard, Source
from srcgrad.frontend.store import MISSING, Store
from srcgrad.frontend.values import (
    EVERYTHING,
    Attempt,
    Bound,
    Closure,
    CompactDict,
    Conflict,
    Flat,
    Frame,
    Interrupted,
    Protection,
    Reference,
    Sequence,
    Sink,
    Stepper,
    Super,
    Symbol,
)
from srcgrad.frontend.values import Iterator as IteratorSymbol
from srcgrad.ir.nodes import UNDEFINED, Call, Const, Exit, Op, Raise, Region, Value
from srcgrad.ir.types import UNKNOWN, Array, Record, Tuple, Type
from srcgrad.rules.registry import hashable
from srcgrad.rules.result_types import result_type

UNDEFINED_VALUE = Const(UNDEFINED)
NOT_KNOWN_YET = Const(UNDEFINED)
"""An item of a container into which nothing has been put so far: what follows tells, or reading it raises."""

_NAMED_RESULTS = {fn: type(fn(np.eye(1))) for fn in (np.linalg.eigh, np.linalg.qr, np.linalg.slogdet, np.linalg.svd)}
"""Functions that return a named tuple, and its class: `np.linalg.svd(a).S`."""


class RaisesAlways(Exception):
    """What is being lowered raises whenever it is reached, inside of a `try` or of a branch."""


class Lowering:
    """Lowers functions into regions.

    Attributes:
        region: the region that operations are appended to.
        regions: those around it that are being filled, from the outside in, and it.
        there: what may be None by its type, and is known not to be, by the region in which that is known.
        store: what names and containers stand for.
        divides_by_zero: whether quotients of numbers are infinite where Python would raise.
        calls_rules: whether functions of rules that decide at run time which way they go are called, not inlined.
        newest: in a reverse sweep, the uid that values made for the operation being reversed exceed.
        opened: objects among the arguments, and containers in them, that the program may change, by identity.
        changed: containers that are changed -> where that is done first.
        shared: containers that are one of several that a name stands for.
        outside_references: containers from outside of the program -> where they are read.
        container_sources: these, and those in objects among the arguments -> where they are read.
        kept_outside: the identity of containers from outside that the program changes -> what they stand for.
        guards: the facts about the outside world that the result relies on.
        captured: values read from outside, by the key of their source.
        tuple_items: tuples of unknown length -> the list, or the array, of their items, which nobody else changes.
        made_tuples: tuples that were made at run time, by the identity of their symbols.
        tuples_made_twice: whether one of them was made in two places, so that its identity means nothing.
        tuple_shadows: whether the shadow of a tuple is looked up by its identity.
        loops: how many loops are being lowered, whose bodies may assign what they have read before.
        unbound_at_first: names that the first turn of a loop finds without a value -> the body, what they stand for.
        restarted: the generator that the next call of its function starts anew.
        runners: the frames of generators that are consumed in pieces -> what runs them.
        cleaning: generators that do something where they are left early.
        entered: contexts of the library -> what `as` binds, where that is something the program has made.
        exception_parts: exceptions that the program made -> what they hold.
        labels: the last exit code in use as a label.
        pool_frame: the frame whose variables are the lists of attributes of objects in pools.
        tests: `and` and `or` of which nothing but the truth is asked.
        made_in: containers -> the region that was being filled when they were made.
        being_pooled: the objects that are on their way there.
        last_read: what was read from those that were read as a whole.
        whole: the call that is a statement's whole expression, and how control leaves it: see `exits.evaluated`.
        escape: where the function that is called next says that control leaves the call by a label.
        customs: the calls of functions with derivatives of their own.
        reading: those of these functions that are being read.
        transposing: the calls of those of them whose rules are being transposed.
        read_at_run_time: what they read from outside when they are called, by the key of its source.
        handover: for a program that is differentiated inside of another one, what that gives it: see `handover`.
    """

    def __init__(self, marks: Marks | None = None):
        self.marks = marks or Marks()
        self.fresh_prefix = ""
        self.generic = False
        self.calls_rules = False
        self.divides_by_zero = False
        self.newest: int | None = None
        self.store = Store()
        self.region = Region()
        self.regions = [self.region]
        self.there: dict[Region, set[Value]] = {}
        self.span: Span | None = None
        self.fixed_span = False
        self.guards: dict[tuple, Guard] = {}
        self.captured: dict[tuple, tuple[Source, Value]] = {}
        self.capture_names: set[str] = set()
        self.object_sources: dict[int, Source] = {}
        self.calls: list[Any] = []
        self.missing_reads: set[Any] = set()
        self.loop_memory: dict[Any, Any] = {}
        self.list_sites: dict[Value, Any] = {}
        self.read_too_early: Span | None = None
        self.keys_read: set[Any] = set()
        self.frames_captured: set[int] = set()
        self.holder_frames: dict[int, Frame] = {}
        self.argument_objects: set[int] = set()
        self.read_only: set[Value] = set()
        self.writes_inside = False
        self.has_prange = False
        self.written_masks: Any = ()
        self.outside_references: dict[Reference, Source] = {}
        self.container_sources: dict[Symbol, list[Source]] = {}
        self.kept_outside: dict[int, Symbol] = {}
        self.changed: dict[Reference, Span | None] = {}
        self.opened: dict[int, Symbol] = {}
        self.opening = False
        self.shared: set[Reference] = set()
        self.functions: dict[Any, Any] = {}
        self.active: list[Any] = []
        self.function: Any = None
        self.constant_loops: list[tuple[Any, Value | None, int]] = []
        self.peeled: list[Any] = []
        self.attempts: list[Attempt] = []
        self.protections: list[Protection] = []
        self.raising = Raising(self.marks.float_errors)
        self.trusting = False
        self.makes_context = False
        self.floats_raised = False
        self.exception_read: Span | None = None
        self.cleaning: set[Reference] = set()
        self.entered: dict[Value, Symbol] = {}
        self.exception_parts: dict[Value, Any] = {}
        self.held: list[Any] = []
        self.handled: list[tuple[Value, bool]] = []
        self.unsettled: list[tuple[Any, Region]] = []
        self.fresh_counter = 0
        self.tuple_items: dict[Value, Value] = {}
        self.made_tuples: dict[int, tuple[Sequence, Value]] = {}
        self.tuples_made_twice = False
        self.tuple_shadows = False
        self.loops = 0
        self.unbound_at_first: dict[Any, tuple[Region, Symbol]] = {}
        self.restarted: Any = None
        self.runners: dict[Frame, Any] = {}
        self.labels = int(Exit.RETURN)
        self.pool_frame = self.holder_frame(self.marks.pools)
        self.tests: set[ast.BoolOp] = set()
        self.made_in: dict[Reference, Region] = {}
        self.being_pooled: set[Reference] = set()
        self.last_read: dict[Reference, dict[Any, Symbol]] = {}
        self.whole: tuple[ast.Call, list[Any]] | None = None
        self.escape: list[Any] | None = None
        self.customs: list[Any] = []
        self.reading: list[Any] = []
        self.transposing = Transposing()
        self.read_at_run_time: dict[tuple, Span | None] = {}
        self.handover: Any = None

    # Emitting operations

    def fresh(self, stem: str) -> str:
        """A name, unique in this program, for a symbolic length."""
        self.fresh_counter += 1
        return f"{stem}#{self.fresh_prefix}{self.fresh_counter}"

    def emit(self, fn: Callable, *args: Symbol, hint: str | None = None, **kwargs: Symbol) -> Symbol:
        """Appends a call of a primitive, or folds it; returns what it evaluates to."""
        folded = fold(fn, tuple([self.known_list(arg) for arg in args]), kwargs)
        if folded is not None:
            return folded
        trees = tuple([self.tree(plain_number(arg)) for arg in args])
        keyword_trees = {name: self.tree(plain_number(arg)) for name, arg in kwargs.items()}
        result = result_type(fn, trees, keyword_trees, self.fresh("n"), self.written_masks)
        return self.emit_typed(fn, trees, keyword_trees, result, hint)

    def known_list(self, symbol: Symbol) -> Symbol:
        """A list of known structure as a tuple, so that calls on constants can be folded."""
        if isinstance(symbol, Reference) and symbol.cls in (list, set):
            return Sequence(self.contents(symbol))
        return symbol

    def emit_typed(self, fn: Callable, args: tuple, kwargs: dict, result: Type, hint: str | None = None) -> Symbol:
        """Appends a call whose result type is known already. A tuple of known length has one output for each item."""
        if isinstance(result, Array) and result.dtype is not None and result.dtype.kind == "O":
            self.unsupported("arrays of objects are not supported", "use a list, or an array of floats")
        if isinstance(result, Tuple) and not isinstance(result, Record):
            outputs = [Value(item, None, self.span) for item in result.items]
            self.append(Call(fn, args, kwargs, outputs, self.span, unpacks=True))
            return Sequence(tuple(outputs), _NAMED_RESULTS.get(fn, result.cls) if hashable(fn) else result.cls)
        output = Value(result, hint, self.span)
        self.append(Call(fn, args, kwargs, [output], self.span))
        return output

    def effect(self, fn: Callable, *args: Symbol) -> None:
        """Appends a call that is made for its effect and has no result."""
        trees = tuple([self.tree(arg) for arg in args])
        if truncates(trees):
            self.effect(checks.check_truncates, trees[0])
        if isinstance(trees[0], Value) and isinstance(trees[0].type, Array) and str(trees[0].type.dtype) == "bool":
            # A mask that has changed selects another number of elements; which masks share its memory is not known yet.
            self.written_masks = EVERYTHING
        self.append(Call(fn, trees, {}, [], self.span))

    def append(self, op: Op) -> Op:
        """Appends an operation; if it may raise, handlers see what was assigned before it."""
        if self.trusting or finds_list(self, op):
            self.raising.sure.add(op)
        if self.marks.pools:
            check_use(self, op)
        if isinstance(op, Raise) and carries_floats(op):
            self.floats_raised = True
        if not self.raising.strict and asks_for_float_errors(op):
            self.marks.float_errors = True
            raise Restart
        if self.attempts and self.raising.may_raise(op):
            self.interrupt(())
        if self.protections and not op.regions and self.raising.may_raise(op):
            self.unsupported(
                "something here may raise after what this statement has changed, inside of `try`",
                "assign it to a name before, in a statement of its own",
            )
        return self.region.append(op)

    @contextmanager
    def trusted(self, sure: bool = True) -> Iterator[None]:
        """What is emitted inside does not raise, if that is sure."""
        outer, self.trusting = self.trusting, self.trusting or sure
        try:
            yield
        finally:
            self.trusting = outer

    def interrupt(self, keys: Iterable[Any]) -> None:
        """Notes that something may raise here: what has been assigned so far, and these keys, are not as before."""
        for attempt in self.attempts:
            attempt.interrupted.update(self.store.changed_since(attempt.depth))
            attempt.interrupted.update(keys)

    def append_call(self, fn: Callable, args: tuple, outputs: list[Value]) -> None:
        """Appends a call with outputs that exist already."""
        self.append(Call(fn, args, {}, outputs, self.span))

    def call(self, fn: Symbol, args: list[Symbol], kwargs: dict[str, Symbol]) -> Symbol:
        """A call of any symbol."""
        from srcgrad.frontend.calls import call

        return call(self, fn, args, kwargs)

    def site(self, node: Any) -> Any:
        """A name for a place in the program that stays the same from one attempt to the next."""
        return (node, *self.calls)

    @contextmanager
    def apart(self, name: Any) -> Iterator[None]:
        """What is made inside has sites of its own, though it stands in the same place."""
        outer, self.calls = self.calls, [*self.calls, name]
        try:
            yield
        finally:
            self.calls = outer

    def unroll(self, index: Any, most: float = math.inf) -> None:
        """Starts again, unrolling the loop whose index this number is computed from, if it has a constant length.

        Longer loops than `most` are left as they are.
        """
        for site, loop_index, length in reversed(self.constant_loops):
            if site not in self.marks.unrolled and length <= most and _computed_from(index, loop_index):
                self.marks.unrolled.add(site)
                raise Restart

    def unroll_innermost(self) -> None:
        """Starts again with the innermost loop of constant length unrolled, if there is one."""
        for site, _, _ in reversed(self.constant_loops):
            if site not in self.marks.unrolled:
                self.marks.unrolled.add(site)
                self.marks.dynamic.clear()
                raise Restart

    @contextmanager
    def into(self, region: Region) -> Iterator[Region]:
        """Appends to another region for a while."""
        outer, self.region = self.region, region
        self.regions.append(region)
        try:
            yield region
        finally:
            self.regions.pop()
            self.region = outer

    def at(self, node: ast.AST, frame: Frame) -> AbstractContextManager[None]:
        """Operations emitted inside come from this place in the user's source."""
        if self.fixed_span or frame.quiet or not hasattr(node, "lineno"):
            return SAME_PLACE
        return Place(self, frame.source.span_of(node))

    def unsupported(self, message: str, help: str | None = None) -> NoReturn:
        raise UnsupportedError(message, self.span, help)

    # Symbols

    def tree(self, symbol: Symbol) -> Any:
        """The argument tree of a symbol: its structure with values at the leaves."""
        if isinstance(symbol, Value):
            return symbol
        if isinstance(symbol, Sequence):
            items = tuple([self.tree(item) for item in symbol.items])
            return items if symbol.cls is tuple else self.value(symbol)
        if isinstance(symbol, Reference):
            contents = self.contents(symbol)
            if symbol.cls is list:
                return [self.tree(item) for item in contents]
            if symbol.cls is dict:
                return {key: self.tree(item) for key, item in contents}
            return self.value(symbol)
        if isinstance(symbol, slice):
            parts = [None if p is None else self.value(p) for p in (symbol.start, symbol.stop, symbol.step)]
            return slice(*parts)
        return self.value(symbol)

    def value(self, symbol: Symbol, hint: str | None = None) -> Value:
        """The symbol as one value of the graph; a tuple is built at run time if need be."""
        if isinstance(symbol, Value):
            return symbol
        if isinstance(symbol, Sequence):
            from srcgrad.frontend.records import nested

            # A container in it is one object with other names that it has, and may be changed by those later.
            items = tuple([self.value(nested(self, item)) for item in symbol.items])
            output = Value(Tuple(tuple([item.type for item in items]), cls=symbol.cls), hint, self.span)
            self.append(Call(tuple, (items,), {}, [output], self.span))
            return output
        if isinstance(symbol, Reference):
            if symbol.cls is list:
                self.demote(symbol)
            if symbol.cls is CompactDict:
                from srcgrad.frontend.compact_dicts import as_value

                return as_value(self, symbol)
            if symbol.cls is set:
                return self.value(self.emit_typed(set, ([self.tree(i) for i in self.contents(symbol)],), {}, UNKNOWN))
            if symbol.cls is GeneratorType:
                self.unroll_innermost()
                self.unsupported("a generator is used as a whole here", "collect it: list(...)")
            return pools.place_of(self, symbol)
        if isinstance(symbol, Conflict):
            self.resolve_conflict(symbol)
        if isinstance(symbol, (IteratorSymbol, Stepper)):
            self.unroll_innermost()
            self.unsupported("an iterator is used as a value here", "wrap it in list(...) or loop over it directly")
        if isinstance(symbol, (Closure, Bound)):
            self.unroll_innermost()
            self.unsupported("a function is used as data here", "call it, or pass it to a function that calls it")
        if isinstance(symbol, slice):
            tree = self.tree(symbol)
            parts = tuple([Const(None) if p is None else p for p in (tree.start, tree.stop, tree.step)])
            return self.value(self.emit_typed(slice, parts, {}, UNKNOWN))
        if isinstance(symbol, Sink):
            self.unsupported(
                "a list from outside of the function is added to, and read in the same function",
                "collect the items in a list of the function, and add that to it",
            )
        if isinstance(symbol, Flat):
            self.unsupported("x.flat is used as a value here", "use x.ravel()")
        if isinstance(symbol, Super):
            self.unsupported("super() is used as a value here", "call a method of it")
        raise AssertionError(f"not a symbol: {symbol!r}")

    def symbol(self, tree: Any) -> Symbol:
        """The symbol of an argument tree."""
        if isinstance(tree, tuple):
            return Sequence(tuple([self.symbol(item) for item in tree]))
        if isinstance(tree, list):
            return self.new_reference(list, tuple([self.symbol(item) for item in tree]), None)
        if isinstance(tree, dict):
            return self.new_reference(dict, tuple([(k, self.symbol(item)) for k, item in tree.items()]), None)
        return tree

    def contents(self, reference: Reference) -> tuple:
        """What a container of known structure holds now."""
        contents = self.store.get(reference)
        assert contents is not MISSING, "a container is used where it does not exist"
        if isinstance(contents, pools.Pooled):
            return pools.contents_of(self, reference, contents.place)
        if isinstance(contents, Interrupted):
            self.resolve_conflict(contents)
        if isinstance(contents, Conflict):
            self.demote(reference)
        return contents

    def change(self, reference: Reference, contents: tuple) -> None:
        """Changes what a container holds: one from outside where the program changes it, too."""
        entry = self.store.get(reference)
        if isinstance(entry, pools.Pooled):
            return pools.change(self, reference, entry.place, contents)
        if reference in self.outside_references:
            from srcgrad.frontend.variables import change_outside

            change_outside(self, reference, contents)
        if reference in self.shared:
            self.refuse_change(reference)
        self.changed.setdefault(reference, self.span)
        self.store.set(reference, contents)

    def refuse_change(self, reference: Reference) -> NoReturn:
        """A container is changed that a loop or branch gave to a name which others were given to as well."""
        if reference.cls is list and reference.site is not None and reference.site not in self.marks.dynamic:
            self.demote(reference, self.store.get(reference))
        if pools.can_pool(self, reference):
            pools.pool_from_start(self, reference)
        self.unsupported(
            f"a {reference.cls.__name__} is changed here that a name stands for, or another one, depending on the run",
            "make a new one instead of changing it",
        )

    def check_identity(self, a: Symbol, b: Symbol) -> None:
        """Refuses to tell whether two symbols are the same container where a name stands for one of several."""
        if isinstance(a, Reference) and isinstance(b, Reference) and a.cls is b.cls and self.shared & {a, b}:
            self.unsupported("which of several containers this name stands for depends on the run", "compare the items")

    def new_reference(self, cls: type, contents: tuple, site: Any) -> Reference:
        reference = Reference(cls, site)
        self.made_in[reference] = self.region
        self.store.set(reference, contents)
        return reference

    def demote(self, reference: Reference, contents: Any = None) -> NoReturn:
        """Starts again with this list, whose structure varies, made at run time; `contents` tell what it holds."""
        if reference.cls is GeneratorType:
            if reference.site is not None and reference.site not in self.marks.stepped:
                self.marks.stepped.add(reference.site)
                raise Restart
            self.unsupported(
                "a generator is made at one place and consumed, perhaps in part, in a loop or branch",
                "make it where it is consumed, or collect it: list(...)",
            )
        entry = self.store.get(reference)
        if reference.cls is dict and isinstance(entry, pools.Pooled):
            pools.key_by_run(self, entry.place.type.pool)
        if reference.cls is dict and reference.site is not None and reference.site not in self.marks.keyed:
            self.marks.keyed[reference.site] = None
            raise Restart
        if reference.cls is not dict and pools.can_pool(self, reference):
            pools.pool_from_start(self, reference)
        if reference.cls is not list or reference.site in self.marks.dynamic or reference.site is None:
            self.unsupported(
                f"the structure of this {reference.cls.__name__} depends on the run",
                "give it the same keys or fields on every path",
            )
        self.marks.dynamic[reference.site] = type_of_items(self, contents)
        raise Restart

    def resolve_conflict(self, conflict: Conflict) -> NoReturn:
        """A name stands for different structures where it is used: lists become run-time lists, else an error."""
        if isinstance(conflict, Interrupted):
            self.split(conflict.site)
        sides = (conflict.first, conflict.second)
        pointed = any(pools.pool_of(side) is not None for side in sides) or pools.have_same_keys(self, *sides)
        for side in (conflict.first, conflict.second):
            if isinstance(side, Conflict):
                self.resolve_conflict(side)
            if isinstance(side, Reference) and side.cls is list and side.site not in self.marks.dynamic:
                self.demote(side)
            if isinstance(side, Reference) and side.cls is dict and side.site is not None and not pointed:
                self.demote(side)
            if pools.can_pool(self, side):
                pools.pool_from_start(self, side)
        self.unsupported(
            "this name stands for things of different structure, depending on the path taken",
            "give both branches values of the same structure",
        )

    def raises(self, cls: type[Exception], message: Any, help: str | None = None) -> NoReturn:
        """Something that raises if it is reached: a refusal, unless the run decides that, or exceptions are handled."""
        # Generated code does not raise by itself: there it is the kinds of the values that are not known well enough.
        decided = self.store.depth and (self.span is None or self.span.generated is None)
        if self.attempts or decided:
            raise RaisesAlways(cls, message)
        self.unsupported(str(message), help)

    def known(self, fn: Callable, *args: Any) -> Any:
        """What a function says of objects that are known at compile time; what it raises, the program raises there."""
        try:
            return fn(*args)
        except Exception as error:
            self.raises(type(error), error.args[0] if error.args else str(error))

    def split(self, site: Any) -> NoReturn:
        """Starts again with a `try` whose statements are protected one by one."""
        if site in self.marks.split:
            self.unsupported(
                "what there is after this statement depends on where in it an exception was raised",
                "take it apart into several statements",
            )
        self.marks.split.add(site)
        raise Restart

    @property
    def another_round(self) -> bool:
        """Whether this is lowered once more, as a recursive function was called of which no result is known yet."""
        return any(spec.used and spec.result is None for spec in self.functions.values())

    def not_known_yet(self) -> Value:
        """What is read from a container into which nothing has been put so far."""
        self.read_too_early = self.read_too_early or self.span
        return NOT_KNOWN_YET

    def unify(self, a: Symbol, b: Symbol) -> None:
        """Starts again if a name stands for one dict or another, and they are not known to be of one kind."""
        dicts = [s for s in (a, b) if isinstance(s, Reference) and issubclass(s.cls, dict) and s.site is not None]
        if len(dicts) < 2 or all(s.cls is dict for s in dicts):
            return
        for side in dicts:
            if side.cls is dict:
                self.demote(side)
        if unify_dicts(self, dicts[0].site, dicts[1].site):
            raise Restart

    def put_in_list(self, value: Value, element: Value) -> None:
        """Makes sure that a run-time list is known to hold such an element; starts again if it was not."""
        if put(self, value, element):
            raise Restart

    # Variables

    def read_variable(self, key: tuple[Frame, str]) -> Symbol:
        """What a variable stands for, through a hidden parameter if it belongs to another function of the graph."""
        if self._function_of(key) is not self.function and not self.has_assigned(key):
            known = self.function.hidden.get(key)
            if known is not None:
                return known[0]
            return self._hide(key)
        symbol = self.store.get(key)
        if symbol is MISSING:
            self.missing_reads.add(key)
            return Const(UNDEFINED)
        if isinstance(symbol, Conflict) and not symbol.callable:
            self.resolve_conflict(symbol)
        return symbol

    def read_bound(self, key: tuple[Frame, str]) -> Symbol:
        """What a variable stands for where the program reads it, which raises if it was never assigned."""
        from srcgrad.frontend.definite import require_bound

        if self.handover is None or not self.handover.owns(key[0]):
            require_bound(self, key)
        return self.read_variable(key)

    def _function_of(self, key: tuple[Frame, str]) -> Any:
        """The function of the graph that a variable belongs to: what is given from outside belongs to the main one."""
        owner = key[0]
        if self.handover is None or not self.handover.owns(owner):
            return owner.function
        if self.store.get(key) is MISSING:
            outer = self.handover.outer
            self.store.define(key, self.handover.read(self, key, key[1], lambda: outer.read_bound(key)))
        return None

    def has_assigned(self, key: tuple[Frame, str]) -> bool:
        """Whether the current function of the graph is given a variable from outside of it, and returns it."""
        return self.function is not None and key in self.function.assigned

    def holder_frame(self, holder: Any) -> Frame:
        """The frame whose variables are what the program assigns of a module, or of an object that was there before."""
        known = self.holder_frames.get(id(holder))
        if known is None:
            known = self.holder_frames[id(holder)] = Frame(holder, None, {})
        return known

    def _hide(self, key: tuple[Frame, str]) -> Symbol:
        from srcgrad.frontend.outlined import hidden_parameter

        symbol = self.store.get(key)
        if symbol is MISSING:
            self.unsupported(f"{key[1]!r} is read before it is assigned")
        return hidden_parameter(self, key, symbol)

    # Conditions

    def truth(self, symbol: Symbol) -> Value | bool:
        """The truth value of a symbol: a Python bool where it is known at compile time."""
        if isinstance(symbol, Const) and symbol.value is UNDEFINED:
            return symbol
        if isinstance(symbol, Sequence) and symbol.cls is tuple:
            return bool(symbol.items)
        if isinstance(symbol, Reference) and symbol.cls in (list, dict, set):
            return bool(self.contents(symbol))
        if isinstance(symbol, Reference) and symbol.cls is CompactDict:
            return self.value(self.call(Const(len), [symbol], {}))
        if isinstance(symbol, (Const, Reference, Sequence)) or pools.pool_of(symbol) is not None:
            from srcgrad.frontend.objects import truth_of_object

            return truth_of_object(self, symbol)
        if isinstance(symbol, (Closure, Bound)):
            return True
        return self.value(symbol)


def plain_number(symbol: Symbol) -> Symbol:
    """The number that a constant of a class derived from numbers is to a function that knows nothing of this class."""
    if isinstance(symbol, Const) and kinds.is_derived_number(symbol.value):
        for cls in (int, float, complex):
            if isinstance(symbol.value, cls):
                return Const(cls.__pos__(symbol.value))
    return symbol


def _computed_from(value: Any, origin: Value | None) -> bool:
    """Whether a number is computed from another by straight-line code."""
    pending, seen = [value], set()
    while pending:
        current = pending.pop()
        if current is origin:
            return True
        if isinstance(current, Value) and current not in seen and isinstance(current.owner, Call):
            seen.add(current)
            pending.extend(current.owner.inputs)
    return False


def is_undefined(symbol: Any) -> bool:
    """Whether a symbol is the value of a name that was never assigned."""
    return isinstance(symbol, Const) and symbol.value is UNDEFINED
