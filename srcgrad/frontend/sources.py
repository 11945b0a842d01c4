"""Where a program reads objects that are not its own: globals, closure cells, attributes and items of those."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass
from types import BuiltinMethodType, CellType, MethodType, ModuleType
from typing import Any

from srcgrad.tree import attribute_names


@dataclass(frozen=True, slots=True, eq=False)
class GlobalSource:
    """A name in a module."""

    namespace: dict[str, Any]
    name: str

    def read(self) -> Any:
        try:
            return self.namespace[self.name]
        except KeyError:
            return getattr(builtins, self.name)

    @property
    def key(self) -> tuple:
        return ("global", id(self.namespace), self.name)

    @property
    def label(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class CellSource:
    """A free variable of a closure."""

    cell: CellType
    name: str

    def read(self) -> Any:
        return self.cell.cell_contents

    @property
    def key(self) -> tuple:
        return ("cell", id(self.cell))

    @property
    def label(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class FixedSource:
    """An object that is bound to the function itself: the `self` of a bound method."""

    value: Any
    name: str

    def read(self) -> Any:
        return self.value

    @property
    def key(self) -> tuple:
        return ("fixed", id(self.value))

    @property
    def label(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class AttributeSource:
    """An attribute of an object that is itself read from somewhere."""

    owner: Source
    name: str

    def read(self) -> Any:
        return getattr(self.owner.read(), self.name)

    @property
    def key(self) -> tuple:
        return ("attribute", self.owner.key, self.name)

    @property
    def label(self) -> str:
        return f"{self.owner.label}_{self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class ItemSource:
    """An item of a container that is itself read from somewhere."""

    owner: Source
    index: Any

    def read(self) -> Any:
        return self.owner.read()[self.index]

    @property
    def key(self) -> tuple:
        return ("item", self.owner.key, self.index)

    @property
    def label(self) -> str:
        text = "".join(c if c.isalnum() else "_" for c in str(self.index))
        return f"{self.owner.label}_{text}"


@dataclass(frozen=True, slots=True, eq=False)
class PresenceSource:
    """Whether a namespace has a name: one that is not there lets a built-in, or what a class has, be seen."""

    namespace: Mapping[str, Any]
    name: str

    def read(self) -> bool:
        return self.name in self.namespace

    @property
    def key(self) -> tuple:
        return ("presence", id(self.namespace), self.name)

    @property
    def label(self) -> str:
        return f"has_{self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class HasAttributeSource:
    """Whether an object that is read from somewhere has an attribute."""

    owner: Source
    name: str

    def read(self) -> bool:
        return hasattr(self.owner.read(), self.name)

    @property
    def key(self) -> tuple:
        return ("has", self.owner.key, self.name)

    @property
    def label(self) -> str:
        return f"{self.owner.label}_has_{self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class NamesSource:
    """The names of the attributes of an object that is itself read from somewhere."""

    owner: Source

    def read(self) -> Any:
        return attribute_names(self.owner.read())

    @property
    def key(self) -> tuple:
        return ("names", self.owner.key)

    @property
    def label(self) -> str:
        return f"{self.owner.label}_names"


@dataclass(frozen=True, slots=True, eq=False)
class DispatchSource:
    """What a `functools.singledispatch` function calls for a class."""

    owner: Source
    cls: type

    def read(self) -> Any:
        return self.owner.read().dispatch(self.cls)

    @property
    def key(self) -> tuple:
        return ("dispatch", self.owner.key, self.cls)

    @property
    def label(self) -> str:
        return f"{self.owner.label}_{self.cls.__name__}"


Source = (
    GlobalSource
    | CellSource
    | FixedSource
    | AttributeSource
    | ItemSource
    | PresenceSource
    | HasAttributeSource
    | NamesSource
    | DispatchSource
)


@dataclass(frozen=True, slots=True)
class Guard:
    """A fact about the world that a compiled variant relies on.

    Attributes:
        source: where the object is read.
        expected: the object itself, or its kind.
        by_kind: whether any object of the kind will do.
    """

    source: Source
    expected: Any
    by_kind: bool


def is_made_anew(obj: Any) -> bool:
    """Whether an object is a method bound to another one, such as `np.add.at`: each access makes a new one."""
    if type(obj) is BuiltinMethodType:
        return not isinstance(obj.__self__, (ModuleType, type(None)))
    return type(obj) is MethodType


def same_object(current: Any, expected: Any) -> bool:
    """Identity; of what is made anew at each access the parts count."""
    if is_made_anew(expected):
        return type(current) is type(expected) and bool(current == expected)
    return current is expected
