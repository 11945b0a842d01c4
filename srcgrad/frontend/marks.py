"""What one attempt at lowering a program tells the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from srcgrad.errors import Span
from srcgrad.ir.types import Record, Type


class Restart(Exception):
    """Lowering starts again, with something new in its `Marks`; `span` tells where it was."""

    span: Span | None = None


@dataclass
class Transposing:
    """Calls, in a program, of functions whose rules for tangents are being transposed.

    Attributes:
        calls: the calls -> their places.
        inside: the functions whose bodies are being lowered in place of a call.
    """

    calls: dict[Any, Any] = field(default_factory=dict)
    inside: list[Any] = field(default_factory=list)


@dataclass
class Marks:
    """What earlier attempts at lowering this program have found out.

    Attributes:
        dynamic: sites whose lists have no structure known at compile time -> the type of their items.
        inner: sites of lists -> the sites whose lists are put into them.
        mixed: sites of lists, and paths in their items, where there are lists and what may be anything else.
        unrolled: loops over a constant range that index containers of mixed content.
        outlined: the identities of functions that are called, not inlined, because they are recursive.
        boxed: identities of recursive functions that return tuples made at run time: the whole one or those in it.
        records: where tuples are made at run time -> their kind.
        by_structure: whether tuples made at run time are of one kind only if the tuples in them have the same lengths.
        float_errors: whether the program makes NumPy raise for overflows and the like.
        one_kind: whether variables that get another kind in a loop have the first turn in front of it,
        peels: and whether there are any.
        numbers_raised: whether numbers that exceptions carry are read where they are caught.
        stepped: sites of generators that are asked for one item at a time.
        split: `try` statements whose body is protected statement by statement.
        keyed: sites of dicts whose keys depend on the run -> the type of the keys.
        sized: sites of loops over dicts whose keys depend on the run, and that may get or lose some in the loop.
        alike: sites of which a name stands for one or the other -> another one of the same kind.
        settled: whether nothing more is going to be put into lists and dicts of which nothing is known.
        tables: sites of dicts that are tables of shadows, filled at run time.
        opened: objects among the arguments whose attributes are written, by identity -> where they are read.
        assigned: identities of recursive functions -> the variables from outside of them that they assign: the
            function that one belongs to, and its name -> None; or what is given in `rebound` -> the module or object.
        handed_on: identities of recursive functions -> the variables from outside that what they call needs.
        rebound: the names of modules, and attributes of objects from outside, that the program assigns: the identity of
            the module or object, and the name -> that itself, and where the variable is read.
        kept: the identity of containers from outside whose items the program assigns -> the container, and its source.
        pools: classes, and keys of dicts, whose objects are put into run-time containers -> their pool.
        pooled: sites of objects that are put into their pool as soon as they are made.
        taken: for a program that is differentiated inside of another one, the key of what it reads from outside of both
            -> the name of the variable that it is to this one, and where it is read, if it is nothing of the outer one.
        derived: the text of generated code that is part of the program -> its function.
        customs: for each function with a derivative of its own that the program makes, what it is made of -> it.
        functions: for each function of the program that is one of Python's at run time, what it is made of -> it.
        sinks: the identity of lists from outside that the program adds to -> the list.
        within: for each place where another program is differentiated inside of this one, the marks of that.
        transposed: for the tangent of a function that is transposed, what it is the tangent of, and the functions whose
            rules have called for this.
        by_body: the calls of these functions that have the derivative of their body: their place -> their name, and
            where they stand.
    """

    dynamic: dict[Any, Type | None] = field(default_factory=dict)
    inner: dict[Any, dict[Any, None]] = field(default_factory=dict)
    mixed: set[tuple[Any, tuple[int, ...]]] = field(default_factory=set)
    unrolled: set[Any] = field(default_factory=set)
    outlined: set[Any] = field(default_factory=set)
    boxed: dict[Any, str] = field(default_factory=dict)
    records: dict[Any, Record] = field(default_factory=dict)
    by_structure: bool = False
    float_errors: bool = False
    one_kind: bool = False
    peels: bool = False
    numbers_raised: bool = False
    stepped: set[Any] = field(default_factory=set)
    split: set[Any] = field(default_factory=set)
    keyed: dict[Any, Type | None] = field(default_factory=dict)
    sized: set[Any] = field(default_factory=set)
    alike: dict[Any, Any] = field(default_factory=dict)
    settled: bool = False
    tables: set[Any] = field(default_factory=set)
    opened: dict[int, Any] = field(default_factory=dict)
    assigned: dict[Any, dict[tuple[Any, str], Any]] = field(default_factory=dict)
    handed_on: dict[Any, dict[tuple[Any, str], Any]] = field(default_factory=dict)
    rebound: dict[tuple[int, str], tuple[Any, Any]] = field(default_factory=dict)
    kept: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    pools: dict[Any, Any] = field(default_factory=dict)
    pooled: set[Any] = field(default_factory=set)
    sinks: dict[int, Any] = field(default_factory=dict)
    taken: dict[tuple, tuple[str, Any]] = field(default_factory=dict)
    derived: dict[tuple, Any] = field(default_factory=dict)
    customs: dict[tuple, tuple] = field(default_factory=dict)
    functions: dict[tuple, Any] = field(default_factory=dict)
    within: dict[Any, Marks] = field(default_factory=dict)
    transposed: tuple[Any, ...] = ()
    by_body: dict[Any, tuple[str, Any]] = field(default_factory=dict)

    def for_program_at(self, place: Any) -> Marks:
        """The marks of a program that is differentiated inside of this one, with what is known from earlier attempts.

        What concerns things outside of that program is forgotten: they may be others the next time. So are the kinds
        of objects, which pools of the program around it may have to unite.
        """
        marks = self.within.get(place)
        if marks is None or marks.pools:
            marks = self.within[place] = Marks()
        for name in ("opened", "assigned", "handed_on", "rebound", "kept", "taken", "sinks"):
            getattr(marks, name).clear()
        marks.derived, marks.customs, marks.functions = self.derived, self.customs, self.functions
        return marks

    @property
    def changes_outside(self) -> bool:
        """Whether the program is known to change something that was there before."""
        return bool(self.rebound or self.kept or self.sinks)
