"""Guards: whether a compiled variant still says what the program says, tested at every call."""

from __future__ import annotations

import types
from collections.abc import Iterable
from typing import Any

import numpy as np

from srcgrad.frontend.kinds import array_kind, is_derived_number, kind_of
from srcgrad.frontend.sources import Guard, Source, same_object
from srcgrad.tree import flatten


def argument_kind(value: Any, short: bool = False) -> Any:
    """As `kind_of`, but an object that the compiler looks into only as it is now counts by identity.

    Args:
        value: the argument.
        short: whether arrays with short last axes are kinds of their own.
    """
    cls = type(value)
    if cls is np.ndarray:
        return array_kind(value, short)
    if cls is float or cls is int:
        return cls
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
        if any(not same_items(now, then) for now, then in self.dicts):
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


def same_items(now: dict, then: dict) -> bool:
    return now.keys() == then.keys() and all(now[key] is then[key] for key in then)
