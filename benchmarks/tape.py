"""What a gradient has to hold at once: what its forward sweep leaves for the reverse sweep, by the code itself.

The code is cut where the reverse sweep begins, and run up to there: what was computed before and is used after is the
tape, the tables of each turn among it.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

_MARK = "    # backward"


class _Reached(Exception):
    """The reverse sweep begins here."""

    def __init__(self, kept: tuple[Any, ...]):
        self.kept = kept


def bytes_held(gradient: Any, args: tuple[Any, ...]) -> int:
    """The bytes of the tape, the arguments and the gradient of a call, each array once.

    Args:
        gradient: a `GradFunction`.
        args: what it is called with.
    """
    return _size([args, _kept(gradient, args), gradient(*args)])


def _kept(gradient: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """What the forward sweep leaves; nothing where there is no such sweep."""
    source = gradient.source_for(*args)
    tree = ast.parse(source)
    lines = source.split("\n")
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    marks = {f: k for f in functions for k in range(f.lineno, f.end_lineno or 0) if lines[k].startswith(_MARK)}
    if not marks:
        return ()
    (swept, mark), *_ = marks.items()
    _cut(swept, mark)
    for function in functions[functions.index(swept) + 1 :]:
        # Python calls what was compiled, so that it gets to what was kept.
        function.decorator_list = []
    module = _loaded(ast.unparse(ast.fix_missing_locations(tree)))
    variant, _ = gradient.__srcgrad_dispatcher__.find(args, {})
    vars(module).update({value.hint: source.read() for source, value in variant.captured})
    compiled = getattr(module, swept.name)
    if functions[-1] is swept:
        return tuple(compiled(*args))

    def reach(*given: Any) -> None:
        raise _Reached(tuple(compiled(*given)))

    setattr(module, swept.name, reach)
    entry: Callable[..., Any] = getattr(module, functions[-1].name)
    try:
        entry(*args)
    except _Reached as reached:
        return reached.kept
    raise RuntimeError(f"{functions[-1].name} does not call {swept.name}")


def _cut(function: ast.FunctionDef, mark: int) -> None:
    """Lets a function return what it holds where the reverse sweep begins."""
    before = [stmt for stmt in function.body if stmt.lineno <= mark]
    after = [stmt for stmt in function.body if stmt.lineno > mark]
    params = [arg.arg for arg in function.args.args]
    stored = dict.fromkeys(_names(before, ast.Store))
    used = set(_names(after, ast.Load))
    kept: list[ast.expr] = [ast.Name(name, ast.Load()) for name in dict.fromkeys([*params, *stored]) if name in used]
    function.body = [*before, ast.Return(ast.Tuple(kept, ast.Load()))]


def _names(statements: Iterable[ast.stmt], context: type) -> Iterable[str]:
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, context):
                yield node.id


def _loaded(text: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "srcgrad_cut.py"
        path.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("srcgrad_cut", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module


def _size(tree: Any) -> int:
    """The bytes of the arrays in a tree, each piece of memory once."""
    sizes: dict[int, int] = {}
    pending = [tree]
    while pending:
        item = pending.pop()
        if isinstance(item, np.ndarray):
            base = item
            while isinstance(base.base, np.ndarray):
                base = base.base
            start = np.lib.array_utils.byte_bounds(base)[0]
            sizes[start] = max(sizes.get(start, 0), base.nbytes)
        elif isinstance(item, (list, tuple)):
            pending += item
        elif isinstance(item, dict):
            pending += item.values()
    return sum(sizes.values())
