"""Checks: functions, written for one variant, that find out in the fewest steps whether a call may run it."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from types import CellType, CodeType, FunctionType
from typing import Any

import numpy as np

from srcgrad.backend.forwarding import Forwarding, Unexpected, places_of
from srcgrad.backend.guards import Guards, argument_kind, same_items, same_kind
from srcgrad.frontend.kinds import SHORT, kind_of
from srcgrad.frontend.sources import (
    AttributeSource,
    CellSource,
    FixedSource,
    GlobalSource,
    Guard,
    HasAttributeSource,
    ItemSource,
    NamesSource,
    PresenceSource,
    Source,
    is_made_anew,
    same_object,
)
from srcgrad.tree import attribute_names

Check = Callable[[tuple], Any]
"""Takes the arguments of a call; returns the generated function if it may be called with them, else None."""
Slow = Callable[[tuple, dict[str, Any]], Any]
"""Answers a call in general: it takes the arguments by position and those by keyword."""
_CONTENT = (set, list, dict)
"""What is not the same any more when its content changes."""
_OWN_NAMES = re.compile(r"[avoc]\d+(_\d+)?|args|rest|keywords|slow|check|call|found|__debug__")
_MISSING = object()
"""Stands for an argument that a call does not give."""


def never(args: tuple) -> None:
    """The check before anything is compiled."""
    return None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a variant.

    Attributes:
        names: the parameters.
        kinds: the kind of each.
        opaque: the parameters that hold objects which count by identity, with these objects.
        written: the parameters whose arrays must be read-only, or not, as their kinds say.
        guards: what else must hold.
        inner: the same of the variants that this one is a gradient of.
        entry: the generated function.
        floated: the parameters that take a Python integer for a float.
        forwarding: what the entry calls, if it does no more.
    """

    names: Sequence[str]
    kinds: Mapping[str, Any]
    opaque: Mapping[str, list[Any]]
    written: Container[str]
    guards: Guards
    entry: Callable[..., Any]
    inner: Sequence[Guards] = ()
    floated: Container[str] = ()
    forwarding: Forwarding | None = None


def make_check(facts: Facts, destinations: Sequence[np.dtype] = ()) -> Check:
    """A function that tests whether a call with positional arguments may run a variant.

    Args:
        facts: what is known of the variant.
        destinations: the dtypes of arrays that follow the arguments; what else they must be, the function finds out.
    """
    writer = _CheckWriter(facts, "return None")
    writer.arguments()
    writer.surroundings()
    for k, dtype in enumerate(destinations, len(facts.names)):
        writer.refuse(f"{writer.bind(type)}(a{k}) is not {writer.bind(np.ndarray)}")
        writer.refuse(f"a{k}.dtype is not {writer.bind(dtype)}")
    given = [f"a{k}" for k in range(len(facts.names) + len(destinations))]
    unpack = [f"{', '.join(given)}, = args"] if given else ["if args:", "    return None"]
    # Also a call with another number of arguments ends in `except`.
    lines = ["try:", *_indented(unpack, writer.lines), f"except {writer.bind(Exception)}:", "    return None"]
    return writer.function("check", "args", [*lines, f"return {writer.bind(facts.entry)}"])()


def make_call(facts: Facts) -> Callable[[Slow], Callable[..., Any]]:
    """What makes, of an answer to calls in general, one that runs a variant at once where a call may."""
    writer = _CheckWriter(facts, "break")
    writer.refuse("rest or keywords")
    known = facts.forwarding
    passed: tuple[str, ...] = () if known is None else known.names
    writer.arguments(passed)
    writer.surroundings(passed)
    given = [f"a{k}" for k in range(len(facts.names))]
    missing = writer.bind(_MISSING)
    if known is None:
        run = [f"return {writer.bind(facts.entry)}({', '.join(given)})"]
    else:
        by_name = {**writer.captured, **dict(zip(facts.names, given, strict=True))}
        for name, (fn, like) in known.made.items():
            by_name[name] = writer.new(fn, by_name[like])
        run = ["try:", *_indented(_called(writer, known, [by_name[name] for name in passed], by_name))]
        if known.error is not None:
            again = f"    return {writer.bind(known.again)}({', '.join(given)})"
            run += [f"except {writer.bind(known.error)}:", again]
        run += [f"except {writer.bind(Unexpected)}:", "    break"]
    tested = ["try:", *_indented(writer.lines), f"except {writer.bind(Exception)}:", "    break"]
    slowly = f"return slow({writer.bind(_given)}(({''.join(f'{a}, ' for a in given)}), rest), keywords)"
    head = "".join(f"{a}={missing}, " for a in given) + ("/, " if given else "")
    return writer.function("call", f"{head}*rest, **keywords", ["while True:", *_indented(tested, run), slowly])


def _called(writer: _CheckWriter, known: Forwarding, args: list[str], by_name: Mapping[str, str]) -> list[str]:
    """The call of compiled code, and what is returned."""
    call = f"{writer.bind(known.kernel)}({', '.join(args)})"
    if known.result is None:
        return [f"return {call}"]
    places = places_of(known.result)
    several = len(places) > 1

    def text(tree: Any) -> str:
        if isinstance(tree, tuple):
            return f"({''.join(f'{text(item)}, ' for item in tree)})"
        if isinstance(tree, str):
            return by_name[tree]
        return f"found[{tree}]" if several else "found"

    return [f"found = {call}" if places else call, f"return {text(known.result)}"]


def _given(values: tuple, rest: tuple) -> tuple:
    return (*(value for value in values if value is not _MISSING), *rest)


def _indented(*parts: Sequence[str]) -> list[str]:
    return [f"    {line}" for part in parts for line in part]


class _CheckWriter:
    """Writes the text of a check.

    Its free variables are the objects that it compares with, and the user's own cells; its globals are those of the
    user's function, so that Python reads all of them in the fastest way there is.

    Attributes:
        captured: what is read from outside: the names that generated code has for it -> variables of the check.
    """

    def __init__(self, facts: Facts, refusal: str):
        self.facts = facts
        self.refusal = refusal
        self.lines: list[str] = []
        self.captured: dict[str, str] = {}
        self._namespace: dict[str, Any] = next((fn.__globals__ for fn, _ in facts.guards.codes), {})
        self._cells: dict[str, CellType] = {}
        self._bound: dict[int, str] = {}
        self._reads: dict[tuple, str] = {}
        self._lengths: dict[str, str] = {}
        self._count = 0
        self._tells_flags = False
        self._tells_dtypes = True

    def bind(self, value: Any) -> str:
        """A name for an object."""
        name = self._bound.get(id(value))
        if name is None:
            name = self._bound[id(value)] = f"o{len(self._bound)}"
            self._cells[name] = CellType(value)
        return name

    def require(self, condition: str) -> None:
        self.lines += [f"if not ({condition}):", f"    {self.refusal}"]

    def refuse(self, condition: str) -> None:
        self.lines += [f"if {condition}:", f"    {self.refusal}"]

    def arguments(self, passed: Container[str] = ()) -> None:
        """Requires that the arguments are of their kinds.

        Args:
            passed: names of those that are passed to compiled code, which looks at the dtypes of arrays.
        """
        facts = self.facts
        for k, name in enumerate(facts.names):
            self._tells_flags = name in facts.written
            self._tells_dtypes = name not in passed or not _is_array(facts.kinds[name])
            first = facts.opaque[name][0] if name in facts.opaque else None
            if name not in facts.opaque:
                if facts.kinds[name] is float and name in facts.floated:
                    self._float(f"a{k}")
                else:
                    self.kind(f"a{k}", facts.kinds[name])
            elif (
                len(facts.opaque[name]) == 1
                and not isinstance(first, _CONTENT)
                and facts.kinds[name] == argument_kind(first)
            ):
                self.require(f"a{k} is {self.bind(first)}")
            else:
                self.kind_by(argument_kind, f"a{k}", facts.kinds[name])
        self._tells_flags, self._tells_dtypes = False, True

    def _float(self, variable: str) -> None:
        """Makes a float of a Python integer; requires one of both."""
        kind, whole = self.bind(type), f"{self.bind(type)}({variable}) is not {self.bind(int)}"
        inner = [f"if {whole}:", f"    {self.refusal}", f"{variable} = {self.bind(float)}({variable})"]
        self.lines += [f"if {kind}({variable}) is not {self.bind(float)}:", *_indented(inner)]

    def surroundings(self, passed: Container[str] = ()) -> None:
        """Requires that what is outside is what the code relies on.

        Args:
            passed: names for what is captured that are passed on, as it is now.
        """
        # The inner ones first: they bind what the code reads that is differentiated again.
        for guards in (*self.facts.inner, self.facts.guards):
            self._surroundings(guards, passed)

    def _surroundings(self, guards: Guards, passed: Container[str]) -> None:
        by_kind = {guard.source.key for guard in guards.guards if guard.by_kind}
        for guard in guards.guards:
            self._guard(guard)
        for source, name in guards.captured:
            variable = self._read(source)
            if guards is self.facts.guards:
                self.captured[name] = variable
            if guards is not self.facts.guards or name not in passed or source.key not in by_kind:
                self.require(f"{variable} is {self.bind(guards.scope)}[{name!r}]")
        for fn, code in guards.codes:
            self.require(f"{self.bind(fn)}.__code__ is {self.bind(code)}")
        for now, then in guards.dicts:
            self.require(f"{self.bind(same_items)}({self.bind(now)}, {self.bind(then)})")

    def new(self, fn: Callable[..., Any], like: str) -> str:
        """A variable that holds a new array, as long as another one."""
        length = self._lengths.get(like) or f"{self.bind(len)}({like})"
        return self._local(f"{self.bind(fn)}({length})")

    def _local(self, expression: str) -> str:
        self._count += 1
        self.lines.append(f"v{self._count} = {expression}")
        return f"v{self._count}"

    def _read(self, source: Source) -> str:
        """A variable that holds what a source holds now."""
        known = self._reads.get(source.key)
        if known is None:
            known = self._reads[source.key] = self._read_anew(source)
        return known

    def _read_anew(self, source: Source) -> str:
        match source:
            case GlobalSource(namespace, name):
                if namespace is self._namespace and _is_readable(name):
                    return self._local(name)
                return self._local(f"{self.bind(source)}.read()" if name not in namespace else self._item(source))
            case CellSource(cell, _):
                return self._local(self._cell(cell))
            case FixedSource(value, _):
                return self.bind(value)
            case AttributeSource(owner, name):
                return self._local(f"{self._read(owner)}.{name}")
            case NamesSource(owner):
                return self._local(f"{self.bind(attribute_names)}({self._read(owner)})")
            case ItemSource(owner, index):
                return self._local(f"{self._read(owner)}[{self.bind(index)}]")
            case HasAttributeSource(owner, name):
                return self._local(f"{self.bind(hasattr)}({self._read(owner)}, {name!r})")
            case PresenceSource(namespace, name):
                return self._local(f"{name!r} in {self.bind(namespace)}")

    def _item(self, source: GlobalSource) -> str:
        return f"{self.bind(source.namespace)}[{source.name!r}]"

    def _cell(self, cell: CellType) -> str:
        """A free variable of which this is the cell."""
        name = next((name for name, own in self._cells.items() if own is cell), f"c{len(self._cells)}")
        self._cells[name] = cell
        return name

    def _guard(self, guard: Guard) -> None:
        if guard.by_kind and isinstance(guard.source, FixedSource):
            return
        if guard.expected is False and isinstance(guard.source, PresenceSource) and self._is_builtin(guard.source):
            # That no global hides what is built in: Python finds that out faster than a look-up does.
            self.refuse(f"{guard.source.name} is not {self.bind(getattr(builtins, guard.source.name))}")
            return
        variable = self._read(guard.source)
        if guard.by_kind:
            self.kind(variable, guard.expected, self._now(guard))
        elif is_made_anew(guard.expected):
            self.require(f"{self.bind(same_object)}({variable}, {self.bind(guard.expected)})")
        else:
            self.require(f"{variable} is {self.bind(guard.expected)}")

    def _is_builtin(self, source: PresenceSource) -> bool:
        """Whether a name means what is built in, as long as the user's module has none like it."""
        known = self._namespace.get("__builtins__", builtins)
        ours = known is builtins or known is vars(builtins)
        own = source.namespace is self._namespace and source.name not in self._namespace
        return ours and own and _is_readable(source.name) and hasattr(builtins, source.name)

    def _now(self, guard: Guard) -> str:
        """A condition that spares the look at the kind: that a number is still the one that it is now."""
        try:
            now = guard.source.read()
        except Exception:
            return ""
        if type(now) not in (float, int, complex) or not same_kind(kind_of(now), guard.expected):
            return ""
        return f"{self._read(guard.source)} is not {self.bind(now)} and "

    def kind(self, variable: str, kind: Any, unless: str = "") -> None:
        """Requires a kind, as `kind_of` tells it.

        Args:
            variable: what must be of it.
            kind: the kind.
            unless: the beginning of a condition without which a number is of it.
        """
        cls = self.bind(type)
        if kind is float or kind is int or kind is bool or kind is complex:
            self.refuse(f"{unless}{cls}({variable}) is not {self.bind(kind)}")
        elif isinstance(kind, np.dtype) and kind.kind in "biufc":
            self.refuse(f"{cls}({variable}) is not {self.bind(kind.type)}")
        elif _is_array(kind):
            self._array(variable, *kind)
        elif not (isinstance(kind, tuple) and self._container(variable, *kind)):
            self.kind_by(kind_of, variable, kind)

    def kind_by(self, tell: Callable[[Any], Any], variable: str, kind: Any) -> None:
        """Requires a kind, told by a function."""
        self.require(f"{self.bind(same_kind)}({self.bind(tell)}({variable}), {self.bind(kind)})")

    def _array(self, variable: str, dtype: np.dtype, lengths: tuple[int, ...], writeable: bool = True) -> None:
        # A dtype that is equal but not the same object goes the general way.
        self.refuse(f"{self.bind(type)}({variable}) is not {self.bind(np.ndarray)}")
        if self._tells_flags:
            self.refuse(f"{variable}.flags.writeable is not {writeable}")
        if not self._tells_dtypes and len(lengths) <= 1:
            # Compiled code looks at the number of axes, too.
            if lengths:
                self._lengths[variable] = self._local(f"{self.bind(len)}({variable})")
                self.refuse(_is_other(self._lengths[variable], lengths[0]))
            return
        if self._tells_dtypes:
            self.refuse(f"{variable}.dtype is not {self.bind(dtype)}")
        if not lengths:
            self.refuse(f"{variable}.shape")
            return
        # With another number of axes this raises, which ends in `except`.
        self._count += 1
        axes = [f"v{self._count}_{k}" for k in range(len(lengths))]
        self.lines.append(f"{', '.join(axes)}, = {variable}.shape")
        self.refuse(" or ".join(map(_is_other, axes, lengths)))

    def _container(self, variable: str, cls: Any, *parts: Any) -> bool:
        """Requires a container of known structure; False if it is none."""
        if parts and isinstance(parts[0], str) and parts[0] == "long":
            return False
        is_other = f"{self.bind(type)}({variable}) is not"
        if cls is type(None):
            self.refuse(f"{variable} is not None")
        elif cls is str:
            self.refuse(f"{is_other} {self.bind(str)} or {variable} != {parts[0]!r}")
        elif cls is dict:
            keys = tuple(key for key, _ in parts)
            same = f"{self.bind(tuple)}({variable}) != {self.bind(keys)}"
            self.refuse(f"{is_other} {self.bind(dict)} or {same}")
            for key, part in parts:
                self.kind(self._local(f"{variable}[{self.bind(key)}]"), part)
        elif isinstance(cls, type) and issubclass(cls, (tuple, list)):
            self.refuse(f"{is_other} {self.bind(cls)} or {self.bind(len)}({variable}) != {len(parts)}")
            for k, part in enumerate(parts):
                self.kind(self._local(f"{variable}[{k}]"), part)
        elif hasattr(cls, "__dataclass_fields__") and all(isinstance(part, tuple) for part in parts):
            self.refuse(f"{is_other} {self.bind(cls)}")
            for name, part in parts:
                self.kind(self._local(f"{variable}.{name}"), part)
        else:
            return False
        return True

    def function(self, name: str, parameters: str, body: list[str]) -> Callable[..., Any]:
        """What makes the function; it takes what the name `slow` stands for, if it needs that."""
        inner = "".join(f"        {line}\n" for line in body)
        text = f"def outer(slow, {', '.join(self._cells)}):\n    def {name}({parameters}):\n{inner}"
        made = compile(text, f"<srcgrad {name}>", "exec", dont_inherit=True)
        outer = next(const for const in made.co_consts if isinstance(const, CodeType))
        code = next(const for const in outer.co_consts if isinstance(const, CodeType))
        cells, namespace = self._cells, self._namespace
        defaults = (_MISSING,) * code.co_posonlyargcount or None

        def make(slow: Any = None) -> Any:
            closure = tuple([CellType(slow) if free == "slow" else cells[free] for free in code.co_freevars])
            return FunctionType(code, namespace, name, defaults, closure)

        return make


def _is_other(length: str, known: int) -> str:
    """A condition under which a length is none that code is made for; `known` is what kinds say of it."""
    if known < 0:
        return f"0 < {length} <= {SHORT}"
    return f"{length} != {known}" if known else f"{length} == 1"


def _is_array(kind: Any) -> bool:
    return isinstance(kind, tuple) and isinstance(kind[0], np.dtype)


def _is_readable(name: str) -> bool:
    """Whether a check can read a global name of the user's as such."""
    return name.isidentifier() and not keyword.iskeyword(name) and _OWN_NAMES.fullmatch(name) is None
