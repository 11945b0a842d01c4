"""The graph as text, one operation a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from srcgrad.ir.nodes import (
    Call,
    Commit,
    Const,
    Enter,
    For,
    Function,
    If,
    Invoke,
    Leave,
    Loop,
    Op,
    Raise,
    Region,
    Try,
    Value,
    While,
)


def format_function(function: Function) -> str:
    """A function of the graph as text.

    Example:
        >>> from srcgrad.ir.nodes import Function, Region, Value
        >>> x = Value(hint="x")
        >>> body = Region([x])
        >>> body.results = [x]
        >>> print(format_function(Function("f", [x], body)))
        f(%x: ?):
          -> %x
    """
    names = _Names()
    params = ", ".join(f"{names(p)}: {p.type}" for p in function.params)
    lines = [f"{function.name}({params}):"]
    for value in function.captured:
        lines.append(f"  captured {names(value)}: {value.type}")
    lines += [f"  {line}" for line in _region(function.body, names)]
    lines.append(f"  -> {', '.join(map(names, function.body.results))}")
    return "\n".join(lines)


class _Names:
    """Short names for values, unique within one printout."""

    def __init__(self) -> None:
        self._of: dict[Value, str] = {}
        self._taken: set[str] = set()

    def __call__(self, value: Value) -> str:
        if isinstance(value, Const):
            return repr(value)
        name = self._of.get(value)
        if name is None:
            stem = value.hint or "t"
            name, k = f"%{stem}", 1
            while name in self._taken:
                name, k = f"%{stem}.{k}", k + 1
            self._taken.add(name)
            self._of[value] = name
        return name


def _region(region: Region, names: _Names) -> Iterator[str]:
    for op in region.ops:
        yield from _op(op, names)


def _op(op: Op, names: _Names) -> Iterator[str]:
    outputs = ", ".join(f"{names(v)}: {v.type}" for v in op.outputs)
    head = f"{outputs} = " if outputs else ""
    if isinstance(op, Call):
        args = [_tree(arg, names) for arg in op.args] + [f"{k}={_tree(v, names)}" for k, v in op.kwargs.items()]
        yield f"{head}{getattr(op.fn, '__name__', op.fn)}({', '.join(args)})"
    elif isinstance(op, Try):
        yield f"{head}try catching {names(op.catches)}:"
        yield from _inner(op.then, names)
        yield "except:"
        yield from _inner(op.orelse, names)
    elif isinstance(op, If):
        yield f"{head}if {names(op.condition)}:"
        yield from _inner(op.then, names)
        yield "else:"
        yield from _inner(op.orelse, names)
    elif isinstance(op, Loop):
        carried = ", ".join(f"{names(a)} := {names(i)}" for a, i in zip(op.carried, op.inits, strict=True))
        if isinstance(op, For):
            way = "reversed " if op.backwards else ""
            bounds = f"{names(op.start)}, {names(op.stop)}, {names(op.step)}"
            yield f"{head}for {names(op.index)} in {way}range({bounds}) with {carried}:"
        else:
            yield f"{head}while with {carried}:"
            assert isinstance(op, While)
            yield from _inner(op.test, names)
            yield "do:"
        yield from _inner(op.body, names)
    elif isinstance(op, Invoke):
        yield f"{head}{op.callee.name}({', '.join(map(names, op.args))})"
    elif isinstance(op, (Commit, Leave)):
        yield type(op).__name__.lower()
    elif isinstance(op, Enter):
        yield f"{head}enter {names(op.context)}"
    elif isinstance(op, Raise):
        yield f"raise {'' if op.exception is None else names(op.exception)}"


def _inner(region: Region, names: _Names) -> Iterator[str]:
    if region.args:
        yield f"  args {', '.join(f'{names(a)}: {a.type}' for a in region.args)}"
    for line in _region(region, names):
        yield f"  {line}"
    if region.results:
        yield f"  -> {', '.join(map(names, region.results))}"


def _tree(tree: Any, names: _Names) -> str:
    if isinstance(tree, Value):
        return names(tree)
    if isinstance(tree, tuple):
        return f"({', '.join(_tree(t, names) for t in tree)})"
    if isinstance(tree, list):
        return f"[{', '.join(_tree(t, names) for t in tree)}]"
    if isinstance(tree, dict):
        return f"{{{', '.join(f'{k!r}: {_tree(t, names)}' for k, t in tree.items())}}}"
    if isinstance(tree, slice):
        parts = ["" if p is None else _tree(p, names) for p in (tree.start, tree.stop, tree.step)]
        return ":".join(parts)
    return repr(tree)
