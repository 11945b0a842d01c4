"""What an expression stands for while it is lowered.

Most expressions stand for a `Value` of the graph. Structure that is known at compile time never reaches the graph:
tuples, lists and dicts of known shape, records, functions, ranges are the *symbols* below, and only the values inside
them are.
"""

from __future__ import annotations

import ast
import itertools
import re
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Union

from srcgrad.ir.nodes import Const, Exit, Value

Symbol = Union[
    Value, "Sequence", "Reference", "Closure", "Bound", "Iterator", "Flat", "Spread", "Sink", "Stepper", "Super", slice
]


RETURNED = "<return>"
"""The name under which the store has what a call returns."""


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A tuple of known length; `cls` is a namedtuple class or `tuple`."""

    items: tuple[Symbol, ...]
    cls: type = tuple

    def field(self, name: str) -> Symbol | None:
        """The item that a namedtuple calls `name`."""
        fields = getattr(self.cls, "_fields", ())
        return self.items[fields.index(name)] if name in fields else None


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A mutable container of known structure; its contents are kept in the `Store`, under this object.

    Attributes:
        cls: list, dict, set, or the class of a dataclass instance.
        site: where the program created it, so that it can be made a run-time object if its structure varies.
    """

    cls: type
    site: Any


class CompactDict(dict):
    """The class of the `Reference` to a dict whose keys depend on the run: see `compact_dicts`."""


CONTAINERS = (list, dict, set, CompactDict)
"""The classes of references that are no objects with attributes."""


@dataclass(eq=False, slots=True)
class Frame:
    """One activation of a function that is being lowered.

    Attributes:
        source: the function's text and AST.
        globals: the module that its global names live in.
        parent: the frame of the function it was defined in, if that is being lowered too.
        cells: free variables that live in real closure cells.
        quiet: whether its names mean nothing to the user: the body of a derivative rule.
        function: the function of the graph that it belongs to, None for the main one.
        break_code, return_code: the exit codes of `break` and `return` in what is being lowered now.
        on_yield: for a generator, what is done with an item that it yields.
        site: for a generator, where it was made.
        number: orders frames by creation.
        is_context: whether it is a generator that makes a context, and sees what is raised behind `with`.
    """

    source: Any
    scope: Any
    globals: dict[str, Any]
    parent: Frame | None = None
    cells: dict[str, Any] = field(default_factory=dict)
    quiet: bool = False
    function: Any = None
    break_code: int = Exit.BREAK
    return_code: int = Exit.RETURN
    on_yield: Any = None
    site: Any = None
    number: int = field(default_factory=itertools.count().__next__)
    is_context: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A function defined in the program that is being lowered, with the frame its free names live in."""

    node: ast.FunctionDef | ast.Lambda
    frame: Frame
    defaults: dict[str, Symbol]

    @property
    def name(self) -> str:
        return self.node.name if isinstance(self.node, ast.FunctionDef) else "<lambda>"


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A callable with leading arguments and keywords: a bound method, a `functools.partial`."""

    fn: Symbol
    args: tuple[Symbol, ...]
    keywords: dict[str, Symbol] = field(default_factory=dict)


class Iterator:
    """Something to loop over.

    Attributes:
        items: the items, where their number is known at compile time: as they are now, if they may change.
        length: otherwise the number of items,
        item: and the item at an index.
        bounds: for a plain range, its start, stop and step: the index is the item then,
        backwards: from the last one to the first, if so.
        drive: for what gives its items one by one: lowers all of it around what is done with each item.
        sources: the containers that the items are in: what is changed there while they are looped over is seen, if the
            iterator is live, and refused, if it is not.
        live: tells the items as they are now.
        sized: whether the number of items may not change while they are looped over.
        count: for items that are worked out one after the other: how many there are now,
        work_out: and what works out the one at an index, once.
        step: for what can be asked for one item at a time: lowers what gives the next one.
        endless: whether there is an item at every index.
        parts: for `zip` and `enumerate`, the name, and what they were made of.
        view: whether it is no iterator of Python's but the keys or items of a dict, which can be looped over again,
        anew: which finds them as they are then, if the iterator itself does not.
        slots: for what `checkpointed` gives, how many states to keep.
        columns: for `zip(*rows)` of tuples, what it gives where it is taken apart: as many items as a tuple has.
    """

    __slots__ = (
        "_items",
        "anew",
        "backwards",
        "bounds",
        "columns",
        "count",
        "drive",
        "endless",
        "item",
        "length",
        "live",
        "parts",
        "sized",
        "slots",
        "sources",
        "step",
        "view",
        "work_out",
    )

    def __init__(
        self,
        items: tuple[Symbol, ...] | None = None,
        length: Callable[[], Value] | None = None,
        item: Callable[[Value], Symbol] | None = None,
        bounds: tuple[Value, Value, Value] | None = None,
        backwards: bool = False,
        drive: Drive | None = None,
        sources: tuple[Symbol, ...] = (),
        live: Callable[[], tuple[Symbol, ...]] | None = None,
        sized: bool = False,
        count: Callable[[], int] | None = None,
        work_out: Callable[[int], Symbol] | None = None,
        step: Step | None = None,
        endless: bool = False,
        parts: tuple[str, tuple[Symbol, ...]] | None = None,
        view: bool = False,
        anew: Callable[[], Iterator] | None = None,
        columns: Callable[[], tuple[Symbol, ...]] | None = None,
    ):
        self.columns = columns
        self._items = items
        self.length = length
        self.item = item
        self.bounds = bounds
        self.backwards = backwards
        self.drive = drive
        self.sources = sources
        self.live = live
        self.sized = sized
        self.count = count
        self.work_out = work_out
        self.step = step
        self.endless = endless
        self.parts = parts
        self.view = view
        self.anew = anew
        self.slots: Value | None = None

    @property
    def items(self) -> tuple[Symbol, ...] | None:
        if self.work_out is not None and self._items is None:
            assert self.count is not None
            self._items = tuple([self.work_out(k) for k in range(self.count())])
        return self._items if self.live is None else self.live()

    @property
    def known(self) -> bool:
        """Whether the number of items is known at compile time."""
        return self._items is not None or self.live is not None or self.work_out is not None

    @property
    def one_by_one(self) -> bool:
        """Whether the items are still to be worked out."""
        return self.work_out is not None and self._items is None


def sources_of(iterators: Iterable[Iterator]) -> tuple[Symbol, ...]:
    """The containers that the items of several iterators are in."""
    return tuple([source for iterator in iterators for source in iterator.sources])


class Rest:
    """What follows where an item is given: a consumer may lower it at the places where control stays, once at each.

    Attributes:
        used: whether the consumer did.
    """

    def __init__(self, lower: Callable[[], Any]):
        self.lower = lower
        self.used = False

    def __call__(self) -> Any:
        self.used = True
        return self.lower()


Consumer = Callable[[Symbol, Rest | None], Any]
"""Lowers what is done with an item; says how control leaves."""
Drive = Callable[[Consumer], Any]
"""Lowers an iteration around a consumer; says how control leaves."""
Step = Callable[[Callable[[Symbol], Any], Callable[[], Any]], Any]
"""Lowers one step of an iteration: what is done with the next item, or if there is none; says how control leaves."""


@dataclass(frozen=True, slots=True, eq=False)
class Stepper:
    """An iterator of Python's: what it has given is gone. How far it is stands in the store.

    Attributes:
        step: gives the next item.
        drive: gives all that are left.
        send: for a generator, takes what the `yield` that it stands at gives back.
        value: for a generator, what it has returned.
        runner: the activation of a generator.
        rest: for one that was made of what has items by number: those that are left, if it is known how many are gone;
            nobody can ask it for them any more.
        made: for that one, how many names for places there were when it was made.
    """

    step: Step
    drive: Drive
    send: Callable[[Symbol], None] | None = None
    value: Callable[[], Symbol] | None = None
    runner: Any = None
    rest: Callable[[], Iterator | None] | None = None
    made: int = 0


def is_iterator(symbol: Symbol) -> bool:
    """Whether a symbol is what Python calls an iterator: its items are given once, when they are asked for."""
    if isinstance(symbol, Iterator):
        return not symbol.view and (symbol.bounds is None or symbol.backwards)
    return isinstance(symbol, Stepper) or (isinstance(symbol, Reference) and symbol.cls is types.GeneratorType)


class GivenBack(ast.expr):
    """What a `yield` gives back, or the item that `yield from` hands on, in a generator that has been cut."""

    place: ast.expr


@dataclass(frozen=True, slots=True, eq=False)
class Suspended:
    """A generator that has not started: what the `Reference` to it holds."""

    drive: Drive


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """The last positional arguments of a call, `*items`, where their number is not known at compile time."""

    items: Symbol


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """`x.flat`: the elements of an array one after the other, to be read and written."""

    array: Value


@dataclass(frozen=True, slots=True, eq=False)
class Sink:
    """A list from outside of the program that it adds to, and never reads: the `Value` is the list itself."""

    items: Value


@dataclass(frozen=True, slots=True, eq=False)
class Super:
    """`super()`: the instance, seen as an object of the classes that come after `after` in its order of resolution."""

    after: type
    instance: Symbol


def constant(symbol: Any) -> Any:
    """The Python value of a constant symbol, `NOT_CONSTANT` for any other; tuples of constants count."""
    if isinstance(symbol, Const):
        return symbol.value
    if isinstance(symbol, Sequence) and symbol.cls is tuple:
        items = [constant(item) for item in symbol.items]
        return NOT_CONSTANT if any(item is NOT_CONSTANT for item in items) else tuple(items)
    if isinstance(symbol, slice):
        parts = [constant(p) if p is not None else None for p in (symbol.start, symbol.stop, symbol.step)]
        return NOT_CONSTANT if any(p is NOT_CONSTANT for p in parts) else slice(*parts)
    return NOT_CONSTANT


class _NotConstant:
    def __repr__(self) -> str:
        return "NOT_CONSTANT"


NOT_CONSTANT = _NotConstant()


def variable_name(key: Any) -> str | None:
    """The name to show for a key of the store."""
    if isinstance(key, tuple) and isinstance(key[1], str):
        name = key[1].replace(" ", "_")
        return name if name.isidentifier() else "result"
    return None


def part_name(name: str, key: Any) -> str:
    """What to call a part of a container that goes by a name, by its key, attribute or number."""
    return f"{name}_{re.sub(r'[^0-9A-Za-z_]+', '_', str(key)).strip('_')}"


class _Everything:
    """A collection that holds everything."""

    def __contains__(self, item: object) -> bool:
        return True


EVERYTHING = _Everything()


@dataclass(frozen=True, slots=True, eq=False)
class Conflict:
    """What a name stands for after branches gave it symbols of different structure: an error if used as data.

    A function that was chosen by a branch can still be called: the branch is taken again around the call.
    """

    first: Any
    second: Any
    condition: Value | None = None

    @property
    def callable(self) -> bool:
        """Whether it stands for one function or another."""
        return self.condition is not None and is_function(self.first) and is_function(self.second)


@dataclass(frozen=True, slots=True, eq=False)
class Interrupted(Conflict):
    """What a name stands for after something raised behind its assignment, or before it: nobody knows.

    Attributes:
        site: the `try` that caught the exception.
    """

    site: Any = None


@dataclass(slots=True, eq=False)
class Attempt:
    """The protected part of a `try` while it is lowered.

    Attributes:
        depth: how many branches were open where it began.
        interrupted: what was assigned in it before something that may raise.
    """

    depth: int
    interrupted: set[Any] = field(default_factory=set)


@dataclass(frozen=True, slots=True, eq=False)
class Protection:
    """A `try` whose statements are protected one by one.

    Attributes:
        classes: the exceptions it catches.
        label: the exit code by which control leaves for its handler.
        error: the key in the store of what was caught.
        cleans_up: whether it is there for `finally`, or leaves a context, and raises the exception again.
    """

    classes: tuple[type, ...]
    label: int
    error: Any
    cleans_up: bool = False


def is_function(symbol: Any) -> bool:
    if isinstance(symbol, Conflict):
        return symbol.callable
    return isinstance(symbol, (Closure, Bound)) or (isinstance(symbol, Const) and callable(symbol.value))
