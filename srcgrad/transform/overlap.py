"""The check that arguments which are written share no memory with others, in the program that is generated."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from srcgrad import checks
from srcgrad.analysis.alias import Aliases
from srcgrad.errors import Span
from srcgrad.ir.nodes import Call, Const, Function, Value
from srcgrad.ir.types import List, Opaque


def overlap_check(written: Iterable[Value], arrays: Iterable[Value], aliases: Aliases) -> Call:
    """The call that refuses arguments which share memory with one that is written.

    Args:
        written: the arguments that are written.
        arrays: all arguments, and what comes in from outside, that may be or hold arrays.
        aliases: which operations write them.
    """
    names = _names([*dict.fromkeys([*written, *arrays])])
    places = {names[v]: Const(_place(v, aliases)) for v in written}
    return Call(checks.check_overlap, (places, {names[v]: v for v in arrays}), {}, [])


def apart_check(changed: dict[str, Span | None], outside: dict[Value, list[Span | None]], function: Function) -> Call:
    """The call that refuses containers that are found in two places, where the program changes one of them.

    Args:
        changed: the arguments in which containers are changed -> where.
        outside: the containers from outside that the program uses -> where it changes them.
        function: the program.
    """
    holders = [p for p in function.params if isinstance(p.type, (Opaque, List))]
    names = _names([*holders, *outside])
    where = {**{p: changed[p.hint] for p in holders if p.hint in changed}, **{v: s[0] for v, s in outside.items() if s}}
    places = {names[v]: Const(_shown(span)) for v, span in where.items()}
    holders = {names[v]: v for v in (*holders, *outside)}
    return Call(checks.check_no_container_twice, (places, holders), {}, [])


def _names(values: list[Value]) -> dict[Value, str]:
    """A name for each value, and for no two of them the same."""
    names: dict[Value, str] = {}
    for value in values:
        stem = name = value.hint or "an argument"
        k = 1
        while name in names.values():
            name, k = f"{stem}_{k}", k + 1
        names[value] = name
    return names


def _place(value: Value, aliases: Aliases) -> str:
    """Where an argument is written first."""
    writers = aliases.writers.get(aliases.find(value)) or aliases.writers.get(aliases.held(value)) or []
    spans = [op.span for op in writers if op.span is not None]
    return _shown(spans[0]) if spans else ""


def _shown(span: Span | None) -> str:
    return f"{Path(span.filename).name}:{span.line}" if span is not None else ""
