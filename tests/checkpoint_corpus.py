"""The corpus with its loops, or its helper functions, checkpointed: gradients stay the same, or are refused.

`python -m tests.checkpoint_corpus` compares all of it and says what is refused, and why; `--of functions` checkpoints
the calls of functions of the programs' modules, `--of loops` the loops.
"""

from __future__ import annotations

import argparse
import ast
import collections
import importlib
import importlib.util
import sys
import tempfile
from pathlib import Path
from types import ModuleType

if __package__:
    sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import programs
from oracle import as_tuple
from programs import Program

import srcgrad
from srcgrad.errors import InternalError, SrcgradError
from srcgrad.testing import check_same, random_like
from srcgrad.tree import flatten

_OWN_GLOBALS = frozenset(["global_read_through_the_module"])
"""Programs that find their own globals through the module that they are copied from."""
_GOES_OVER = frozenset(["range", "enumerate", "zip", "reversed"])


class _Loops(ast.NodeTransformer):
    """Checkpoints every `for` over a range and its like, or over a name."""

    def __init__(self, slots: int | None):
        self.slots = slots

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        called = isinstance(node.iter, ast.Call) and isinstance(node.iter.func, ast.Name)
        if (called and node.iter.func.id in _GOES_OVER) or isinstance(node.iter, ast.Name):
            given = [node.iter, ast.Constant(self.slots)]
            node.iter = ast.Call(ast.Name("checkpointed", ast.Load()), given, [])
        return node


class _Functions(ast.NodeTransformer):
    """Checkpoints every call of a function that its module defines."""

    def __init__(self, tree: ast.Module):
        self.names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in self.names:
            node.func = ast.Call(ast.Name("checkpoint", ast.Load()), [node.func], [])
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.body = [self.visit(stmt) for stmt in node.body]
        return node


def _is_future(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def rewritten(module: ModuleType, what: str, slots: int | None, folder: Path) -> dict[str, Program]:
    """The programs of a module, checkpointed."""
    tree = ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8"))
    tree = (_Loops(slots) if what == "loops" else _Functions(tree)).visit(tree)
    place = next(
        k for k, node in enumerate(tree.body) if isinstance(node, (ast.Import, ast.ImportFrom)) and not _is_future(node)
    )
    tree.body.insert(place, ast.parse("from srcgrad import checkpoint, checkpointed").body[0])
    name = f"{programs.__name__}.{what}_{slots}_of_{module.__name__.rpartition('.')[2]}"
    path = folder / f"{name.rpartition('.')[2]}.py"
    path.write_text(ast.unparse(ast.fix_missing_locations(tree)), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    known, programs.PROGRAMS = programs.PROGRAMS, {}
    try:
        spec.loader.exec_module(made)
        return programs.PROGRAMS
    finally:
        programs.PROGRAMS = known


def gradients(program: Program) -> tuple:
    """The gradients of a program, by `grad` and by a pullback that is pulled twice."""
    value, pull = srcgrad.vjp(program.fun, *program.args())
    seed = random_like(value, np.random.default_rng(0))
    first = pull(seed)
    check_same(pull(seed), first, f"pulling twice gives two answers for {program.name}")
    if program.output != "scalar":
        return value, first
    args = program.args()
    found = as_tuple(program, srcgrad.grad(program.fun, argnums=program.argnums)(*args))
    check_same(args, program.args(), f"the gradient of {program.name} changes its arguments")
    return value, first, found


def compare(plain: Program, other: Program) -> str:
    """Compares a program with the same one, checkpointed; the reason if that is refused, else nothing."""
    expected = gradients(plain)
    try:
        found = gradients(other)
    except InternalError:
        raise
    except SrcgradError as error:
        return str(error.args[0])
    # The classes of a module and of its copy are not the same.
    numbers, others = ([leaf for leaf in flatten(g)[0] if not isinstance(leaf, str)] for g in (found, expected))
    check_same(numbers, others, f"{plain.name}, checkpointed, has other gradients", exact=False, given=plain.args())
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--of", choices=["loops", "functions"], default="loops")
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, help="compare every so manyth program")
    parser.add_argument("--only", default="", help="names of programs, with commas")
    given = parser.parse_args()
    plain = {p.name: p for p in [p for p in programs.all_programs() if p.supported][:: given.every]}
    modules = dict.fromkeys(p.fun.__module__ for p in plain.values())
    reasons: dict[str, list[str]] = collections.defaultdict(list)
    same = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in modules:
            for key, other in rewritten(sys.modules[name], given.of, given.slots, Path(folder)).items():
                if key not in plain or key in _OWN_GLOBALS or (given.only and key not in given.only.split(",")):
                    continue
                try:
                    reason = compare(plain[key], other)
                except Exception as error:
                    wrong += 1
                    print(f"{key}: {type(error).__name__}: {' '.join(str(error).split())[:300]}", flush=True)
                    continue
                if reason:
                    reasons[reason].append(key)
                else:
                    same += 1
    for reason, names in sorted(reasons.items(), key=lambda item: -len(item[1])):
        print(f"{len(names)} refused: {reason} ({', '.join(names[:4])})")
    print(f"{same} the same, {sum(map(len, reasons.values()))} refused, {wrong} wrong")


if __name__ == "__main__":
    main()
