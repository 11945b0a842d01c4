"""The page about the language is true: each example on it runs, and each row of its tables has one."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import itertools
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from oracle import judge
from programs import Program, rand

import srcgrad
from srcgrad.errors import InternalError, SrcgradError
from srcgrad.testing import check_same, is_active

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")

ARGUMENTS: dict[str, Callable[[], Any]] = {
    "x": lambda: rand(4, seed=1),
    "y": lambda: rand(4, seed=2),
    "m": lambda: rand(4, 4, seed=3) + 2.0 * np.eye(4),
    "s": lambda: 0.7,
    "t": lambda: 0.4,
    "n": lambda: 3,
}
"""What the page calls an argument, and what it stands for."""


@dataclass(frozen=True)
class Block:
    """A code block of a page.

    Attributes:
        section: the heading that it stands below.
        line: the line of the page before its first one.
        text: its code.
    """

    section: str
    line: int
    text: str


@dataclass(frozen=True)
class Example:
    """A part of a block that begins with a comment of its own line, which says what it is an example of.

    Attributes:
        block: where it is.
        title: the comment.
        statements: the statements up to the next such comment.
    """

    block: Block
    title: str
    statements: tuple[ast.stmt, ...]

    @property
    def function(self) -> ast.FunctionDef | None:
        """The function that is differentiated: the last one, unless the example shows calls instead."""
        functions = [node for node in self.statements if isinstance(node, ast.FunctionDef)]
        calls = any(isinstance(node, ast.Expr) for node in self.statements)
        return functions[-1] if functions and not calls else None

    @property
    def id(self) -> str:
        """Names the example in reports."""
        return f"{self.block.section}-{self.function.name if self.function else self.title}"


def blocks(page: str = PAGE) -> Iterator[Block]:
    """The blocks of Python code of a page."""
    for found in re.finditer(r"^```python\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE):
        before = page[: found.start(1)]
        section = re.findall(r"^##+ (.*)$", before, flags=re.MULTILINE)[-1]
        yield Block(section, before.count("\n"), found.group(1))


def examples_of(block: Block) -> Iterator[Example]:
    """The examples in a block."""
    lines = block.text.splitlines()
    titles = {k: line[2:] for k, line in enumerate(lines, 1) if line.startswith("# ")}
    statements = ast.parse(block.text).body
    for start, stop in itertools.pairwise([*titles, len(lines) + 1]):
        yield Example(block, titles[start], tuple(s for s in statements if start < s.lineno < stop))


BLOCKS = list(blocks())
EXAMPLES = [example for block in BLOCKS for example in examples_of(block)]


def plain(text: str) -> str:
    """Text of the page without its marks, as comments of examples quote it."""
    return re.sub(r"`|\[([^]]*)\]\([^)]*\)", r"\1", text)


def rows(section: str) -> list[str]:
    """The first cells of all rows of the tables in a section."""
    text = re.search(rf"^##+ {re.escape(section)}$(.*?)(?=^##|\Z)", PAGE, flags=re.DOTALL | re.MULTILINE)
    assert text is not None
    cells = re.findall(r"^\| (.*?) \|", text.group(1), flags=re.MULTILINE)
    return [plain(cell) for cell in cells if cell not in ("construct", "argument")]


def comment(block: Block, node: ast.stmt, mark: str) -> str | None:
    """What follows a mark in the comment at the end of a statement."""
    found = re.search(rf"  # {mark} (.*)$", block.text.splitlines()[(node.end_lineno or 0) - 1])
    return found and found.group(1)


def refusal(example: Example) -> tuple[str, int] | None:
    """The beginning of the error that the function of an example gives, and the line that it names."""
    assert example.function is not None
    for line in range(example.function.lineno, (example.function.end_lineno or 0) + 1):
        found = re.search(r"  # error(?:| at run time): (.*)$", example.block.text.splitlines()[line - 1])
        if found:
            return found.group(1), line
    return None


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Block], ModuleType]]:
    """Runs a block in a module of its own, up to the first call that is refused, and keeps the module."""
    made: dict[Block, ModuleType] = {}
    folder = tmp_path_factory.mktemp("language")

    def module_of(block: Block) -> ModuleType:
        if block not in made:
            made[block] = run_block(block, folder / f"language_{block.line}.py")
        return made[block]

    yield module_of
    for module in made.values():
        del sys.modules[module.__name__]


def run_block(block: Block, path: Path) -> ModuleType:
    """Runs a block from a file, and checks what the comments at the ends of its calls say."""
    path.write_text(block.text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    tree = ast.parse(block.text)
    calls = {node.lineno: node for node in tree.body if isinstance(node, ast.Expr)}
    tree.body = [keeping_its_value(node) if isinstance(node, ast.Expr) else node for node in tree.body]
    given = vars(module)["_given"] = {}
    exec(compile(tree, str(path), "exec", dont_inherit=True), vars(module))
    for line, node in calls.items():
        if message := comment(block, node, "error:"):
            check_refusal(given[line], message)
        else:
            value = comment(block, node, "->")
            if value is None and given[line] is None:
                continue
            assert value, f"the page does not say what line {line} of the block gives:\n{block.text}"
            wanted = eval(value, {"np": np, "array": np.array, "inf": np.inf})
            check_same(given[line], wanted, f"line {line} of the block does not give what it says")
    return module


def keeping_its_value(node: ast.Expr) -> ast.stmt:
    """A statement that notes the value of a call, or its error."""
    (kept,) = ast.parse(
        f"try: _given[{node.lineno}] = 0\nexcept SyntaxError as error: _given[{node.lineno}] = error"
    ).body
    assert isinstance(kept, ast.Try) and isinstance(kept.body[0], ast.Assign)
    kept.body[0].value = node.value
    return kept


def check_refusal(error: SrcgradError, message: str) -> None:
    """An error is one of srcgrad's own, and says what the page says."""
    assert isinstance(error, SrcgradError) and not isinstance(error, InternalError)
    assert str(error).startswith(message)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.section}-{block.line}")
def test_block_runs(block: Block, modules: Callable[[Block], ModuleType]) -> None:
    modules(block)


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.function is not None], ids=lambda example: example.id)
def test_example(example: Example, modules: Callable[[Block], ModuleType]) -> None:
    module = modules(example.block)
    assert example.function is not None
    fun = getattr(module, example.function.name)
    program = program_of(fun)
    stated = refusal(example)
    if stated is None:
        judge(program)
        return
    message, line = stated
    with pytest.raises(SrcgradError) as caught:
        srcgrad.grad(fun, argnums=program.argnums)(*program.args())
    check_refusal(caught.value, message)
    span = caught.value.span
    assert span is not None and (span.filename, span.line) == (module.__file__, line)


def program_of(fun: Callable[..., Any]) -> Program:
    """An example as a program to judge: the names of its parameters say what they stand for."""
    parameters = inspect.signature(fun).parameters.values()
    makers = [ARGUMENTS[p.name] for p in parameters if p.default is p.empty]

    def args() -> tuple[Any, ...]:
        return tuple(maker() for maker in makers)

    floats = tuple(k for k, arg in enumerate(args()) if is_active(arg))
    return Program(fun, args, floats)


def test_every_function_that_has_a_rule_by_name_has_an_example() -> None:
    (paragraph,) = re.findall(r"^Rules exist for .*?(?=^$)", PAGE, flags=re.DOTALL | re.MULTILINE)
    code = "\n".join(block.text for block in BLOCKS if block.section == "NumPy functions")
    named = {name.removeprefix("np.") for name in re.findall(r"`([\w.]+)`", paragraph)}
    assert not {name for name in named if not re.search(rf"\b{re.escape(name)}\b", code)}


def test_the_error_on_the_page_is_what_python_prints(tmp_path: Path) -> None:
    (block,) = [block for block in BLOCKS if block.section == "Examples"]
    (shown,) = re.findall(r"^```text\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    path = tmp_path / "bumps.py"
    module = run_block(block, path)
    del sys.modules[module.__name__]
    (error,) = vars(module)["_given"].values()
    printed = "".join(traceback.format_exception_only(error))
    assert printed.replace(str(path), path.name) == shown


def test_the_page_says_what_the_names_of_arguments_stand_for() -> None:
    introduction = PAGE.partition("## Statements")[0]
    assert set(ARGUMENTS) <= set(re.findall(r"`(\w)`", introduction))


@pytest.mark.parametrize("section", dict.fromkeys(block.section for block in BLOCKS))
def test_every_row_has_an_example(section: str) -> None:
    listed = rows(section)
    if not listed:
        return
    shown = set()
    for example in EXAMPLES:
        if example.block.section == section:
            for title in example.title.split("; "):
                (row,) = [row for row in listed if row.startswith(title)] or [None]
                assert row is not None, f"no row, or more than one, begins with {title!r}"
                shown.add(row)
    missing = [row for row in listed if row not in shown]
    assert not missing
