"""Data flows one way through the package, and its files stay readable."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import srcgrad

ROOT = Path(srcgrad.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
ORDER = (
    *("errors", "tree", "ir", "checks", "runtime", "schedule"),
    *("rules", "frontend", "analysis", "transform", "jit", "backend"),
    *(
        "view",
        "buffers",
        "frozen",
        "jacobian_rows",
        "products",
        "api",
        "jacobians",
        "nested",
        "nested_products",
        "derived",
        "transposes",
        "custom",
        "implicit_functions",
        "sparse",
    ),
    *("nested_rules", "testing", "__init__", "__main__"),
)
"""A module imports only from its own package and from those before it."""
LONGEST = 650

each = pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def package_of(path: Path) -> str:
    """The entry of ORDER that a file belongs to."""
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def run_time_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes, at the top level and in functions, but for what only type checkers see."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        if is_for_types_only(node):
            assert isinstance(node, ast.If)
            pending.extend(node.orelse)
        else:
            pending.extend(ast.iter_child_nodes(node))


def imported_modules(tree: ast.AST, package: str = "srcgrad") -> Iterator[tuple[str, int]]:
    """The dotted names that a module imports, with their lines."""
    for node in run_time_nodes(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports in the package are absolute"
            for alias in node.names:
                yield (f"{node.module}.{alias.name}" if node.module == package else node.module or ""), node.lineno
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value, node.lineno


def imported_packages(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The entries of ORDER that a module imports from, with the lines."""
    for name, line in imported_modules(tree):
        top, _, rest = name.partition(".")
        if top == "srcgrad":
            part = rest.split(".")[0]
            yield (part if part in ORDER else "__init__"), line


def backward_imports(tree: ast.AST, package: str) -> list[str]:
    """The imports of a module of this package that go against the order."""
    allowed = ORDER[: ORDER.index(package) + 1]
    return [f"line {line}: {package} imports {part}" for part, line in imported_packages(tree) if part not in allowed]


@each
def test_imports_go_one_way(path: Path) -> None:
    assert package_of(path) in ORDER, "a package that the order does not know"
    assert backward_imports(parsed(path), package_of(path)) == []


@each
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@each
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert (ast.get_docstring(parsed(path)) or "").strip()


@each
def test_no_exception_is_swallowed(path: Path) -> None:
    assert swallowed(parsed(path)) == []


def swallowed(tree: ast.AST) -> list[int]:
    """The lines of handlers that do nothing, and of those that catch everything unnamed."""
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    return [h.lineno for h in handlers if h.type is None or (all(map(does_nothing, h.body)) and is_broad(h.type))]


def does_nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def is_broad(node: ast.expr) -> bool:
    return ast.unparse(node) in ("Exception", "BaseException")


def test_only_one_module_knows_astor() -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for path in FILES
        for name, _ in imported_modules(parsed(path))
        if name.split(".")[0] == "astor"
    }
    assert users == {"backend/text.py"}


# The tests above can fail


def test_sees_imports_that_go_back() -> None:
    source = """
from typing import TYPE_CHECKING
from srcgrad.errors import Span
from srcgrad import runtime, grad
if TYPE_CHECKING:
    from srcgrad.api import grad
def f():
    import srcgrad.transform.reverse
    from srcgrad.rules.result_types import result_type
"""
    tree = ast.parse(source)
    assert sorted(backward_imports(tree, "frontend")) == [
        "line 4: frontend imports __init__",
        "line 8: frontend imports transform",
    ]
    assert len(backward_imports(tree, "ir")) == 4
    assert backward_imports(tree, "__init__") == []


def test_sees_swallowed_exceptions() -> None:
    handlers = "try: f()\nexcept {}: {}\n"
    for bad in (("", "pass"), ("", "g()"), ("Exception", "pass"), ("BaseException", "...")):
        assert swallowed(ast.parse(handlers.format(*bad)))
    for good in (("ValueError", "pass"), ("Exception", "raise")):
        assert not swallowed(ast.parse(handlers.format(*good)))


def test_all_files_are_looked_at() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in FILES}
    assert {"ir/verify.py", "api.py", "__init__.py", "transform/gradient.py"} <= names
