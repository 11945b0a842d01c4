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
    """The bytes of the tape and the gradient of a call, and of copies of its arguments; each array once.

    Args:
        gradient: a `GradFunction`.
        args: what it is called with.
    """
    given = _memory(args)
    held = _memory([_kept(gradient, args), gradient(*args)])
    return sum(size for start, size in held.items() if start not in given)


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
    # What the gradient is written to comes with the result.
    params = [arg.arg for arg in function.args.args if not arg.arg.endswith("_bar")]
    stored = {node.id for stmt in before for node in ast.walk(stmt) if _is_stored(node)}
    used: list[str] = []
    _read_first(after, set(), used)
    kept: list[ast.expr] = [ast.Name(name, ast.Load()) for name in used if name in stored or name in params]
    function.body = [*before, ast.Return(ast.Tuple(kept, ast.Load()))]


def _is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _read_first(statements: Iterable[ast.stmt], written: set[str], found: list[str]) -> None:
    """Collects the names that statements read before they write them."""
    for stmt in statements:
        blocks = [block for field in ("body", "orelse") if (block := getattr(stmt, field, None))]
        parts = [
            node for child in ast.iter_child_nodes(stmt) if not isinstance(child, ast.stmt) for node in ast.walk(child)
        ]
        targets = {node.id for node in parts if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        read = [node.id for node in parts if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
        if isinstance(stmt, ast.AugAssign):
            read += sorted(targets)
        found += [name for name in read if name not in written and name not in found]
        written |= targets
        for block in blocks:
            # Perhaps it does not run.
            _read_first(block, set(written), found)


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


def _memory(tree: Any) -> dict[int, int]:
    """Where the arrays in a tree begin, and how many bytes there are."""
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
    return sizes
