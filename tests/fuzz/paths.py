"""Statements that bind names on some paths alone: in a loop that may make no turn, on one side of a branch."""

from __future__ import annotations

from .statements import deep, loop_variable
from .writer import Var, Writer, construct


@construct("statement", "names-first-bound-in-loops", 1.5)
def bound_in_loop(w: Writer) -> bool:
    deep(w)
    i = loop_variable(w)
    bound = _names(w)
    with w.block(f"for {i.name} in range({w.pick('2', '3', 'n - 2')}):", loop=True):
        w.bind(i)
        for v in bound:
            _assign(w, v)
        w.statements(0, 1)
    for v in bound:
        w.bind(v)
    if w.chance(0.6):
        _change(w, bound[0])
    return True


@construct("statement", "names-bound-on-some-paths", 2)
def bound_somewhere(w: Writer) -> bool:
    deep(w)
    taken = w.fresh("other", (), "taken").name
    i = loop_variable(w)
    bound = _names(w)
    w.emit(f"{taken} = {w.condition()}")
    head = w.pick(
        f"if {taken}:", f"for {i.name} in range(2 if {taken} else 0):", f"for {i.name} in range(3 * {taken}):"
    )
    with w.block(head, loop=head.startswith("for")):
        for v in bound:
            _assign(w, v)
        w.statements(0, 1)
    w.statements(0, 1)
    with w.block(f"if {taken}:"):
        for v in bound:
            w.bind(v)
        if w.chance(0.6):
            _change(w, bound[0])
        w.statements(0, 1)
        total = w.some("scalar").name
        for v in bound:
            w.emit(f"{total} = {total} + {_number(v)} * {w.number()}")
    return True


def _names(w: Writer) -> list[Var]:
    array = w.fresh("array", w.dims())
    return [array, w.fresh("scalar")] if w.chance(0.5) else [array]


def _assign(w: Writer, v: Var) -> None:
    w.emit(f"{v.name} = {w.array(v.dims, 1) if v.kind == 'array' else w.scalar(1)}")
    w.bind(v)


def _change(w: Writer, array: Var) -> None:
    w.emit(f"{array.name} {w.pick('+=', '*=')} {w.pick(w.scalar(2), w.array(array.dims, 2))}")


def _number(v: Var) -> str:
    return f"np.mean({v.name})" if v.kind == "array" else v.name
