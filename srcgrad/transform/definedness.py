"""Values that some paths leave undefined: what a name stands for behind an `if` that may not assign it."""

from __future__ import annotations

from typing import Any

from srcgrad.ir.flow import sources
from srcgrad.ir.nodes import UNDEFINED, Const, If, Value
from srcgrad.ir.types import F8, NpScalar, PyScalar, Type


def may_be_undefined(value: Value) -> bool:
    """Whether a branch leads to a value that leaves it undefined.

    What a loop defines first in its body is taken to be defined: that it runs at all is up to the program.
    """
    return any(branch for _, _, branch in _undefined(value))


def define_everywhere(value: Value) -> None:
    """Gives 0 or None to a value on the paths that leave it undefined, so that it can be looked at."""
    number = filler(value.type)
    for values, k, _ in _undefined(value):
        values[k] = Const(number)


def may_be_missing(value: Value) -> bool:
    """Whether a branch leaves a value undefined, or gives it None in place of that."""
    pending, seen = [value], set()
    while pending:
        current = pending.pop()
        if isinstance(current, Const):
            if current.value is None or current.value is UNDEFINED:
                return True
        elif current not in seen:
            seen.add(current)
            pending += [values[k] for values, k in sources(current)]
    return False


def _undefined(value: Value) -> list[tuple[list[Value], int, bool]]:
    """The places where an undefined value flows into this one: a list of values, the position, if it is a branch's."""
    found: list[tuple[list[Value], int, bool]] = []
    pending, seen = [value], set()
    while pending:
        current = pending.pop()
        if current in seen or isinstance(current, Const):
            continue
        seen.add(current)
        for values, k in sources(current):
            source = values[k]
            if isinstance(source, Const) and source.value is UNDEFINED:
                found.append((values, k, isinstance(current.owner, If)))
            else:
                pending.append(source)
    return found


def filler(t: Type) -> Any:
    """What stands for an undefined value: a number where the others are numbers, so that the kind stays known."""
    if isinstance(t, NpScalar) and t.dtype == F8:
        return 0.0
    return {"b": False, "i": 0, "f": 0.0, "c": 0j}[t.kind] if isinstance(t, PyScalar) else None
