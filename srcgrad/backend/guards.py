"""Guards: whether a compiled variant still says what the program says, tested at every call."""

from __future__ import annotations

import builtins
import types
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from srcgrad.frontend.kinds import is_derived_number, kind_of
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
from srcgrad.tree import attribute_names, flatten

Check = Callable[[tuple], Any]
"""Takes the arguments of a call; returns the generated function if it may be called with them, else None."""


_CONTENT = (set, list, dict)
"""What is not the same any more when its content changes."""


def never(args: tuple) -> None:
    """The check before anything is compiled."""
    return None


def argument_kind(value: Any) -> Any:
    """As `kind_of`, but an object that the compiler looks into only as it is now counts by identity."""
    cls = type(value)
    if cls is float or cls is int or cls is np.ndarray:
        return kind_of(value)
    opaque = opaque_leaves(value)
    return (kind_of(value), *map(id, opaque)) if opaque else kind_of(value)


def opaque_leaves(value: Any) -> list[Any]:
    """The leaves of an argument that are neither plain numbers, arrays, strings nor None."""
    numbers = (bool, int, float, complex, str, np.ndarray, np.generic, type(None))
    return [leaf for leaf in flatten(value)[0] if not isinstance(leaf, numbers) or is_derived_number(leaf)]


def python_function(obj: Any) -> types.FunctionType | None:
    """The Python function in a function or bound method."""
    if type(obj) is types.MethodType:
        obj = obj.__func__
    return obj if type(obj) is types.FunctionType else None


def same_kind(a: Any, b: Any) -> bool:
    """Whether two kinds are equal. (NumPy holds that `np.dtype("f8") == float`, but their hashes differ.)"""
    return hash(a) == hash(b) and bool(a == b)


class Guards:
    """What a variant relies on, outside of its arguments.

    Attributes:
        guards: the facts.
        captured: the outside values that the generated code uses, with the names it uses for them.
        scope: the globals of the generated code, where these names are bound.
    """

    def __init__(
        self,
        guards: Iterable[Guard],
        captured: Iterable[tuple[Source, str]],
        scope: dict[str, Any],
        functions: Iterable[types.FunctionType],
    ):
        self.guards = list({guard.source.key: guard for guard in guards}.values())
        self.captured = list(captured)
        self.scope = scope
        reached = [*functions, *(f for g in self.guards if not g.by_kind and (f := python_function(g.expected)))]
        self.codes = [(fn, fn.__code__) for fn in reached]
        # The keyword defaults of a function are a dict, which may change without becoming another one.
        self.dicts = [(g.expected, dict(g.expected)) for g in self.guards if not g.by_kind and type(g.expected) is dict]

    def hold(self) -> bool:
        """Whether all facts hold; if so, the names in the generated code are bound to the present objects."""
        if any(fn.__code__ is not code for fn, code in self.codes):
            return False
        if any(not _same_items(now, then) for now, then in self.dicts):
            return False
        try:
            if not all(_holds(guard) for guard in self.guards):
                return False
            current = {name: source.read() for source, name in self.captured}
        except Exception:
            # A name is gone, or a property raises: compiling again raises what the user should see.
            return False
        self.scope.update(current)
        return True


def _holds(guard: Guard) -> bool:
    current = guard.source.read()
    return same_kind(kind_of(current), guard.expected) if guard.by_kind else same_object(current, guard.expected)


def _same_items(now: dict, then: dict) -> bool:
    return now.keys() == then.keys() and all(now[key] is then[key] for key in then)


def make_check(
    names: Sequence[str],
    kinds: Mapping[str, Any],
    opaque: Mapping[str, list[Any]],
    written: Container[str],
    guards: Guards,
    entry: Any,
    destinations: Sequence[np.dtype] = (),
) -> Check:
    """A function that tests in the fewest steps whether a call with these positional arguments may run a variant.

    Args:
        names: the parameters.
        kinds: the kind of each.
        opaque: the parameters that hold objects which count by identity, with these objects.
        written: the parameters whose arrays must be read-only, or not, as their kinds say.
        guards: what else must hold.
        entry: the generated function.
        destinations: the dtypes of arrays that follow the arguments; what else they must be, the function finds out.
    """
    writer = _CheckWriter(guards)
    for k, name in enumerate(names):
        writer.tells_flags = name in written
        first = opaque[name][0] if name in opaque else None
        if name not in opaque:
            writer.kind(f"a{k}", kinds[name])
        elif len(opaque[name]) == 1 and not isinstance(first, _CONTENT) and kinds[name] == argument_kind(first):
            writer.require(f"a{k} is {writer.bind(first)}")
        else:
            writer.kind_by(argument_kind, f"a{k}", kinds[name])
    writer.tells_flags = False
    for guard in guards.guards:
        writer.guard(guard)
    for source, name in guards.captured:
        writer.require(f"{writer.read(source)} is {writer.bind(guards.scope)}[{name!r}]")
    for fn, code in guards.codes:
        writer.require(f"{writer.bind(fn)}.__code__ is {writer.bind(code)}")
    for now, then in guards.dicts:
        writer.require(f"{writer.bind(_same_items)}({writer.bind(now)}, {writer.bind(then)})")
    for k, dtype in enumerate(destinations, len(names)):
        writer.refuse(f"type(a{k}) is not {writer.bind(np.ndarray)} or a{k}.dtype is not {writer.bind(dtype)}")
    return writer.function([f"a{k}" for k in range(len(names) + len(destinations))], entry)


class _CheckWriter:
    """Writes the text of a check."""

    def __init__(self, guards: Guards):
        self.lines: list[str] = []
        self.scope: dict[str, Any] = {}
        self.bound: dict[int, str] = {}
        self.reads: dict[tuple, str] = {}
        self.count = 0
        self.tells_flags = False

    def bind(self, value: Any) -> str:
        """A name for an object."""
        name = self.bound.get(id(value))
        if name is None:
            name = self.bound[id(value)] = f"o{len(self.bound)}"
            self.scope[name] = value
        return name

    def require(self, condition: str) -> None:
        self.lines += [f"if not ({condition}):", "    return None"]

    def refuse(self, condition: str) -> None:
        self.lines += [f"if {condition}:", "    return None"]

    def local(self, expression: str) -> str:
        self.count += 1
        self.lines.append(f"v{self.count} = {expression}")
        return f"v{self.count}"

    def read(self, source: Source) -> str:
        """A variable that holds what a source holds now."""
        known = self.reads.get(source.key)
        if known is None:
            known = self.reads[source.key] = self._read(source)
        return known

    def _read(self, source: Source) -> str:
        match source:
            case GlobalSource(namespace, name):
                if name not in namespace:
                    self.require(f"{name!r} not in {self.bind(namespace)}")
                    namespace = vars(builtins)
                return self.local(f"{self.bind(namespace)}[{name!r}]")
            case CellSource(cell, _):
                return self.local(f"{self.bind(cell)}.cell_contents")
            case FixedSource(value, _):
                return self.bind(value)
            case AttributeSource(owner, name):
                return self.local(f"{self.read(owner)}.{name}")
            case NamesSource(owner):
                return self.local(f"{self.bind(attribute_names)}({self.read(owner)})")
            case ItemSource(owner, index):
                return self.local(f"{self.read(owner)}[{self.bind(index)}]")
            case HasAttributeSource(owner, name):
                return self.local(f"{self.bind(hasattr)}({self.read(owner)}, {name!r})")
            case PresenceSource(namespace, name):
                return self.local(f"{name!r} in {self.bind(namespace)}")

    def guard(self, guard: Guard) -> None:
        if guard.by_kind and isinstance(guard.source, FixedSource):
            return
        variable = self.read(guard.source)
        if guard.by_kind:
            self.kind(variable, guard.expected)
        elif is_made_anew(guard.expected):
            self.require(f"{self.bind(same_object)}({variable}, {self.bind(guard.expected)})")
        else:
            self.require(f"{variable} is {self.bind(guard.expected)}")

    def kind(self, variable: str, kind: Any) -> None:
        """Requires a kind, as `kind_of` tells it."""
        if kind is float or kind is int or kind is bool or kind is complex:
            self.refuse(f"type({variable}) is not {self.bind(kind)}")
        elif isinstance(kind, np.dtype) and kind.kind in "biufc":
            self.refuse(f"type({variable}) is not {self.bind(kind.type)}")
        elif isinstance(kind, tuple) and isinstance(kind[0], np.dtype):
            self._array(variable, *kind)
        elif not (isinstance(kind, tuple) and self._container(variable, *kind)):
            self.kind_by(kind_of, variable, kind)

    def kind_by(self, tell: Callable[[Any], Any], variable: str, kind: Any) -> None:
        """Requires a kind, told by a function."""
        self.require(f"{self.bind(same_kind)}({self.bind(tell)}({variable}), {self.bind(kind)})")

    def _array(self, variable: str, dtype: np.dtype, ones: tuple[bool, ...], writeable: bool = True) -> None:
        # A dtype that is equal but not the same object goes the general way.
        self.refuse(f"type({variable}) is not {self.bind(np.ndarray)} or {variable}.dtype is not {self.bind(dtype)}")
        if self.tells_flags:
            self.refuse(f"{variable}.flags.writeable is not {writeable}")
        if not ones:
            self.refuse(f"{variable}.shape")
            return
        shape = self.local(f"{variable}.shape")
        axes = "".join(f" or {shape}[{k}] {'!=' if one else '=='} 1" for k, one in enumerate(ones))
        self.refuse(f"len({shape}) != {len(ones)}{axes}")

    def _container(self, variable: str, cls: Any, *parts: Any) -> bool:
        """Requires a container of known structure; False if it is none."""
        if parts and isinstance(parts[0], str) and parts[0] == "long":
            return False
        if cls is type(None):
            self.refuse(f"{variable} is not None")
        elif cls is str:
            self.refuse(f"type({variable}) is not {self.bind(str)} or {variable} != {parts[0]!r}")
        elif cls is dict:
            keys = tuple(key for key, _ in parts)
            self.refuse(f"type({variable}) is not {self.bind(dict)} or tuple({variable}) != {self.bind(keys)}")
            for key, part in parts:
                self.kind(self.local(f"{variable}[{self.bind(key)}]"), part)
        elif isinstance(cls, type) and issubclass(cls, (tuple, list)):
            self.refuse(f"type({variable}) is not {self.bind(cls)} or len({variable}) != {len(parts)}")
            for k, part in enumerate(parts):
                self.kind(self.local(f"{variable}[{k}]"), part)
        elif hasattr(cls, "__dataclass_fields__") and all(isinstance(part, tuple) for part in parts):
            self.refuse(f"type({variable}) is not {self.bind(cls)}")
            for name, part in parts:
                self.kind(self.local(f"{variable}.{name}"), part)
        else:
            return False
        return True

    def function(self, arguments: list[str], entry: Any) -> Check:
        """The check itself."""
        unpack = [f"{', '.join(arguments)}, = args"] if arguments else ["if args:", "    return None"]
        # Also a call with another number of arguments ends in `except`.
        body = ["try:", *("    " + line for line in (*unpack, *self.lines)), "except Exception:", "    return None"]
        result = self.bind(entry)
        text = "def check(args):\n" + "".join(f"    {line}\n" for line in [*body, f"return {result}"])
        exec(compile(text, "<srcgrad check>", "exec", dont_inherit=True), self.scope)
        check: Check = self.scope["check"]
        return check
