"""Values that some paths leave undefined: what a name stands for behind an `if` that may not assign it."""

from __future__ import annotations

from typing import Any

from srcgrad import runtime
from srcgrad.ir.flow import has_turns, sources
from srcgrad.ir.nodes import UNDEFINED, Call, Const, If, Loop, Op, Value
from srcgrad.ir.types import F8, NpScalar, PyScalar, Type


class Filler(Const):
    """What stands for a value on a path that leaves it undefined, and nobody looks at."""

    __slots__ = ()


def may_be_undefined(value: Value) -> bool:
    """Whether a branch leads to a value that leaves it undefined.

    What a loop defines first in its body is taken to be defined: that it runs at all is up to the program.
    """
    return any(isinstance(owner, If) for _, _, owner in _undefined(value))


def define_everywhere(value: Value) -> None:
    """Gives 0 or None to a value on the paths that leave it undefined, so that it can be looked at."""
    for values, k, _ in _undefined(value):
        values[k] = Filler(filler(value.type))


def may_be_missing(value: Value) -> bool:
    """Whether a branch leaves a value undefined, or gives it None in place of that.

    Zeros like something that is missing are the number 0.
    """
    pending, seen = [value], set()
    while pending:
        current = pending.pop()
        if isinstance(current, Const):
            if current.value is None or current.value is UNDEFINED:
                return True
        elif current not in seen:
            seen.add(current)
            pending += [values[k] for values, k in sources(current)]
            if isinstance(current.owner, Call) and current.owner.fn is runtime.zeros_like:
                pending += current.owner.args
    return False


def _undefined(value: Value) -> list[tuple[list[Value], int, Op]]:
    """The places where an undefined value flows into this one: a list of values, the position, and whose they are."""
    found: list[tuple[list[Value], int, Op]] = []
    pending, seen = [value], set()
    while pending:
        current = pending.pop()
        if current in seen or isinstance(current, Const):
            continue
        seen.add(current)
        for values, k in sources(current):
            source = values[k]
            if isinstance(current.owner, Loop) and values is current.owner.inits and has_turns(current.owner):
                continue
            if isinstance(source, Const) and source.value is UNDEFINED:
                owner = current.owner if isinstance(current.owner, Op) else current.owner.parent  # type: ignore
                found.append((values, k, owner))
            else:
                pending.append(source)
    return found


def filler(t: Type) -> Any:
    """What stands for an undefined value: a number where the others are numbers, so that the kind stays known."""
    if isinstance(t, NpScalar) and t.dtype == F8:
        return 0.0
    return {"b": False, "i": 0, "f": 0.0, "c": 0j}[t.kind] if isinstance(t, PyScalar) else None
