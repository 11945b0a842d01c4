"""Whether a call gives a library function as many arguments, and of such names, as it takes."""

from __future__ import annotations

import functools
import inspect
import itertools
import operator
from typing import Any

import numpy as np

from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import NOT_CONSTANT, Spread, Symbol, constant
from srcgrad.ir.nodes import Const, Value
from srcgrad.rules.registry import hashable

_ANY = 1_000
_COUNTS: dict[Any, tuple[int, int, frozenset[str]]] = {
    range: (1, 3, frozenset()),
    slice: (1, 3, frozenset()),
    zip: (0, _ANY, frozenset(["strict"])),
    map: (2, _ANY, frozenset(["strict"])),
    filter: (2, 2, frozenset()),
    min: (1, _ANY, frozenset(["key", "default"])),
    max: (1, _ANY, frozenset(["key", "default"])),
    iter: (1, 2, frozenset()),
    next: (1, 2, frozenset()),
    type: (1, 1, frozenset()),
    getattr: (2, 3, frozenset()),
    isinstance: (2, 2, frozenset()),
    dict.get: (2, 3, frozenset()),
    dict.pop: (2, 3, frozenset()),
    dict.update: (1, 2, frozenset(["*"])),
    **{getattr(dict, name): (1, 1, frozenset()) for name in ("keys", "values", "items", "copy", "clear")},
    **{getattr(set, name): (2, 2, frozenset()) for name in ("add", "remove", "discard")},
    set: (0, 1, frozenset()),
    frozenset: (0, 1, frozenset()),
    functools.reduce: (2, 3, frozenset(["initial"])),
    functools.partial: (1, _ANY, frozenset(["*"])),
    itertools.islice: (2, 4, frozenset()),
    itertools.repeat: (1, 2, frozenset(["times", "object"])),
    operator.itemgetter: (1, _ANY, frozenset()),
    operator.attrgetter: (1, _ANY, frozenset()),
    operator.methodcaller: (1, _ANY, frozenset(["*"])),
    np.where: (1, 3, frozenset()),
}
"""The least and the greatest number of positional arguments, and the keywords, of what has no signature to ask for."""


def check_arguments(lo: Lowering, fn: Any, args: list[Symbol], kwargs: dict[str, Symbol]) -> None:
    """Raises, as Python does, what a call of a library function with such arguments raises."""
    if lo.fixed_span or (args and isinstance(args[-1], Spread)):
        return
    message = _complaint(fn, len(args), tuple(kwargs))
    if message is not None:
        lo.raises(TypeError, message)


@functools.lru_cache(4096)
def _complaint(fn: Any, count: int, names: tuple[str, ...]) -> str | None:
    """What is wrong with the arguments; None if nothing is known to be."""
    name = getattr(fn, "__name__", "this function")
    if fn in _COUNTS:
        least, most, keywords = _COUNTS[fn]
        unknown = next((key for key in names if key not in keywords and "*" not in keywords), None)
        if unknown is not None:
            return f"{name}() got an unexpected keyword argument {unknown!r}"
        if count > most or count + len(names) < least:
            return f"{name}() takes {least if count < least else most} arguments, but {count} are given"
        return None
    if isinstance(fn, np.ufunc):
        if fn.nin <= count <= fn.nin + fn.nout:
            return None
        return f"{name}() takes from {fn.nin} to {fn.nin + fn.nout} positional arguments, but {count} are given"
    signature = _signature(fn)
    if signature is None:
        return None
    if (getattr(fn, "__module__", None) or "").startswith("numpy"):
        # Methods of arrays come here as functions that are given others: `x.reshape(2, 3)`, `x.put(indices=k)`.
        if not signature.parameters.keys() >= set(names):
            return None
        positional = [p.name for p in signature.parameters.values() if p.kind is p.POSITIONAL_ONLY and p.name in names]
        if positional:
            return f"{name}() got some positional-only arguments passed as keyword arguments: {positional[0]!r}"
        missing = [p.name for p in signature.parameters.values() if p.default is p.empty and p.kind in _REQUIRED]
        if all(parameter in names for parameter in missing[count:]):
            return None
        return f"{name}() is missing the argument {missing[count:][0]!r}"
    try:
        signature.bind(*[None] * count, **dict.fromkeys(names))
    except TypeError as error:
        return f"{name}(): {error}"
    return None


def by_position(
    lo: Lowering, fn: Any, args: list[Symbol], kwargs: dict[str, Symbol]
) -> tuple[list[Symbol], dict[str, Symbol]]:
    """The arguments with those by position that have to be given, or may be differentiated: rules know them by that."""
    if lo.fixed_span or not kwargs or not hashable(fn) or (args and isinstance(args[-1], Spread)):
        return args, kwargs
    moved: list[str] = []
    last = 0
    for name, required in _by_either(fn)[len(args) :]:
        if name not in kwargs or name == "out":
            break
        moved.append(name)
        if required or (fn not in _TAKE_SIZES and _may_be_differentiated(kwargs[name])):
            last = len(moved)
    first = [kwargs[name] for name in moved[:last]]
    return [*args, *first], {name: item for name, item in kwargs.items() if name not in moved[:last]}


_TAKE_SIZES = (np.reshape, np.transpose)
"""What takes any number of sizes or axes by position, as methods."""


def _may_be_differentiated(symbol: Symbol) -> bool:
    if isinstance(symbol, Value):
        return not isinstance(symbol, Const) and symbol.type.differentiable
    return constant(symbol) is NOT_CONSTANT


@functools.lru_cache(4096)
def _by_either(fn: Any) -> tuple[tuple[str, bool], ...]:
    """The positional parameters of a function, each with whether it is required."""
    signature = _signature(fn)
    parameters = signature.parameters.values() if signature is not None else ()
    # The name of one that is given by position alone is no name of an argument.
    name = lambda p: p.name if p.kind is p.POSITIONAL_OR_KEYWORD else ""  # noqa: E731
    return tuple([(name(p), p.default is p.empty) for p in parameters if p.kind in _REQUIRED])


_REQUIRED = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _signature(fn: Any) -> inspect.Signature | None:
    try:
        return inspect.signature(fn)
    except (TypeError, ValueError):
        return None
