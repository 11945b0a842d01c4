"""A Python function -> its source: the AST node, at the positions it has in the file, of the code that runs.

A candidate is found in the text and then *compiled and compared* with the function's code. That is what picks the right
one of four lambdas on a line, and what notices a file that was edited after its import.

The text comes from `linecache`, so that cells of notebooks, doctests and generated code are found as files are.
"""

from __future__ import annotations
import __future__

import ast
import dataclasses
import functools
import itertools
import linecache
import operator
import threading
import types
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from srcgrad.errors import PLACES, SourceChangedError, SourceNotFoundError, Span, UnsupportedError
from srcgrad.frontend.samecode import innermost_class, mangled, same_code, same_signature

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_FUTURE = functools.reduce(operator.or_, (getattr(__future__, n).compiler_flag for n in __future__.all_feature_names))

_ATTEMPTS = 6
"""How often a block is parsed, with more lines each time, before the whole file is."""


@dataclass(frozen=True, slots=True, eq=False)
class FunctionSource:
    """The source of one function.

    Nodes may be shared between answers: do not change them.

    Attributes:
        node: its AST. Lines and columns are those of the file; columns count UTF-8 bytes, as `ast` does.
        filename: the file, as `linecache` knows it.
        code: the code object it was compiled to.
        lines: the lines of the file.
    """

    node: FunctionNode
    filename: str
    code: types.CodeType
    lines: Sequence[str] = field(repr=False)

    @property
    def name(self) -> str:
        return self.code.co_name

    @property
    def qualname(self) -> str:
        return self.code.co_qualname

    @property
    def class_name(self) -> str | None:
        """The class around it, whose name is part of private names (`self.__x`); None if there is none."""
        return innermost_class(self.code)

    def mangle(self, name: str) -> str:
        """The name that Python uses for a name in this function: `__x` is `_Class__x` inside a class."""
        return mangled(name, self.class_name)

    def span_of(self, node: ast.AST) -> Span:
        """Where a node comes from: of generated code, where in the user's source."""
        span = self._place_of(node)
        places = PLACES.get(self.filename, ())
        origin = places[span.line - 1] if span.line <= len(places) else None
        if origin is None:
            return span
        return dataclasses.replace(origin, generated=(span.filename, span.line, span.column))

    def _place_of(self, node: ast.AST) -> Span:
        """Where a node stands, in characters; nodes without a position take that of their first part that has one."""
        placed: Any = node
        if not hasattr(node, "lineno"):
            placed = next((n for n in ast.walk(node) if hasattr(n, "lineno")), self.node)
        end_line = placed.end_lineno or placed.lineno
        end_column = placed.col_offset if placed.end_col_offset is None else placed.end_col_offset
        return Span(
            self.filename,
            placed.lineno,
            self._characters(placed.lineno, placed.col_offset),
            end_line,
            self._characters(end_line, end_column),
        )

    def text_of(self, node: ast.AST) -> str:
        """The text of a node, as the user wrote it."""
        span = self._place_of(node)
        lines = list(self.lines[span.line - 1 : span.end_line])
        lines[-1] = lines[-1][: span.end_column]
        lines[0] = lines[0][span.column :]
        return "".join(lines)

    def _characters(self, line: int, column: int) -> int:
        text = self.lines[line - 1]
        return column if text.isascii() else len(text.encode()[:column].decode(errors="ignore"))


def function_source(fn: types.FunctionType) -> FunctionSource:
    """The source of a Python function: a def, a method, a lambda. `__wrapped__` is not followed.

    Raises:
        SourceNotFoundError: if it has none.
        SourceChangedError: if the text found is not what runs.
    """
    if type(fn) is types.MethodType:
        fn = fn.__func__
    if type(fn) is not types.FunctionType:
        name = getattr(fn, "__name__", None) or type(fn).__name__
        raise SourceNotFoundError(
            f"{name} is not written in Python (it is a {type(fn).__name__}), so that it has no source",
            help="give it a derivative with srcgrad.custom_vjp, or write it as a Python function",
        )
    return code_source(fn.__code__, fn.__globals__)


def code_source(code: types.CodeType, module_globals: dict[str, Any] | None = None) -> FunctionSource:
    """The source of a function's code object, for functions that exist as code only, nested in another one.

    Args:
        code: the code of a def or a lambda.
        module_globals: the globals of its module; its loader finds a source that is in no file (but in a zip file).
    """
    if code.co_name.startswith("<") and code.co_name != "<lambda>":
        raise SourceNotFoundError(f"{code.co_qualname} is not a function")
    lines = _lines(code, module_globals)
    node = _find(code, lines)
    if node is None:
        # What linecache holds may be older than the code: after a reload, say.
        linecache.checkcache(code.co_filename)
        fresh = _lines(code, module_globals)
        if fresh != lines:
            lines = fresh
            node = _find(code, lines)
    if node is not None:
        return FunctionSource(node, code.co_filename, code, lines)
    if not lines or code.co_filename == "<string>":
        # From Python 3.13 on, this is where the text given to `python -c` is kept: not that of exec.
        raise _not_found(code)
    raise _changed(code, lines)


def _lines(code: types.CodeType, module_globals: dict[str, Any] | None) -> list[str]:
    # The interactive prompt of newer Pythons keeps its lines by code object.
    by_code = getattr(linecache, "_getlines_from_code", None)
    lines = by_code(code) if by_code is not None else None
    return lines or linecache.getlines(code.co_filename, module_globals)


def _not_found(code: types.CodeType) -> SourceNotFoundError:
    filename = code.co_filename
    if filename == "<stdin>":
        way_out = "this prompt does not keep what is typed: put the function in a file, or use IPython"
    elif filename.startswith("<"):
        way_out = (
            "text given to exec is found if it is compiled under a file name of its own and registered: "
            "linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)"
        )
    else:
        way_out = "the file must be readable where Python imported it from"
    return SourceNotFoundError(f"no source for {code.co_qualname}: nothing to read in {filename!r}", help=way_out)


def _changed(code: types.CodeType, lines: list[str]) -> SourceChangedError:
    index = _index(code, lines)
    named = index.by_name.get(code.co_name, []) if index is not None else []
    line = min((node.lineno for node in named), key=lambda n: abs(n - code.co_firstlineno), default=code.co_firstlineno)
    text = lines[line - 1].rstrip() if line <= len(lines) else ""
    column = len(text) - len(text.lstrip())
    return SourceChangedError(
        f"the source of {code.co_qualname} is not the code that runs: the file was edited after its import",
        Span(code.co_filename, line, column, line, len(text)),
    )


def _find(code: types.CodeType, lines: list[str]) -> FunctionNode | None:
    """The node that the code was compiled from, None if the text has no such node."""
    if not lines:
        return None
    node = _first_match(code, _near(code, lines), lines, _plain_imports(code, lines))
    if node is not None:
        return node
    index = _index(code, lines)
    if index is None:
        return None
    node = _first_match(code, index.by_line.get(code.co_firstlineno, []), lines, index.imports)
    if node is None and not _rewritten_by_pytest(code):
        # Lines were added above an unchanged function: the same code is the same function.
        node = _first_match(code, index.by_name.get(code.co_name, []), lines, index.imports)
    return node


def _first_match(
    code: types.CodeType, nodes: Sequence[FunctionNode], lines: list[str], imports: frozenset[str]
) -> FunctionNode | None:
    nodes = [node for node in nodes if _name(node) == code.co_name]
    if _rewritten_by_pytest(code):
        return next((node for node in nodes if same_signature(code, node)), None)
    if len(nodes) > 1 and code.co_name == "<lambda>":
        extent = _extent(code)
        nodes.sort(key=lambda node: _body_extent(node) != extent)
    return next((node for node in nodes if _is_compiled_from(code, node, lines, imports)), None)


def _name(node: FunctionNode) -> str:
    return "<lambda>" if isinstance(node, ast.Lambda) else node.name


# Where to look: the lines around the code's own, then the whole file.


def _near(code: types.CodeType, lines: list[str]) -> list[FunctionNode]:
    """The candidates in the block that starts at the code's first line; none if it cannot be parsed on its own."""
    first = code.co_firstlineno
    if not 0 < first <= len(lines):
        return []
    is_lambda = code.co_name == "<lambda>"
    indent = _indent(lines[first - 1])
    stop = min(_last_line(code), len(lines))
    for _ in range(_ATTEMPTS):
        # The lines of strings and brackets may be indented less than the block they stand in: try one line more.
        while not is_lambda and stop < len(lines) and _belongs(lines[stop], indent):
            stop += 1
        # The empty lines in front give every node the line it has in the file.
        margin = "\n" * (first - 2) + "if 1:\n" if indent and first > 1 else "\n" * (first - 1)
        tree = _parse(margin + "".join(lines[first - 1 : stop]), code)
        if tree is None:
            stop += 1
            continue
        if is_lambda:
            return [node for node in _functions(tree) if node.lineno == first]
        found: ast.AST | None = next(iter(tree.body), None)
        found = found.body[0] if isinstance(found, ast.If) else found
        return [found] if isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef)) else []
    return []


def _indent(line: str) -> int:
    line = line.expandtabs()
    return len(line) - len(line.lstrip())


def _belongs(line: str, indent: int) -> bool:
    stripped = line.strip()
    return not stripped or stripped.startswith("#") or _indent(line) > indent


def _last_line(code: types.CodeType) -> int:
    """The last line that has code, in it or in the functions inside it."""
    last = code.co_firstlineno
    for inner in _codes(code):
        last = max(last, max((line for _, _, line in inner.co_lines() if line is not None), default=0))
    return last


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    stack = [code]
    while stack:
        inner = stack.pop()
        yield inner
        stack.extend(const for const in inner.co_consts if isinstance(const, types.CodeType))


def _functions(tree: ast.AST) -> list[FunctionNode]:
    return [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))]


def _first_line(node: FunctionNode) -> int:
    """The line that `co_firstlineno` names: that of the first decorator."""
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


@dataclass(frozen=True, slots=True)
class _Index:
    """All functions of one file."""

    lines: list[str]
    by_line: dict[int, list[FunctionNode]]
    by_name: dict[str, list[FunctionNode]]
    imports: frozenset[str]


_indices: OrderedDict[str, _Index] = OrderedDict()
_lock = threading.RLock()
_MAX_FILES = 16


def _index(code: types.CodeType, lines: list[str]) -> _Index | None:
    """All functions of the code's file, None if it cannot be parsed. Remembered for the files used last."""
    filename = code.co_filename
    with _lock:
        known = _indices.get(filename)
        if known is not None and known.lines == lines:
            _indices.move_to_end(filename)
            return known
        tree = _parse("".join(lines), code)
        if tree is None:
            return None
        index = _Index(lines, {}, {}, _module_imports(tree))
        for node in _functions(tree):
            index.by_line.setdefault(_first_line(node), []).append(node)
            index.by_name.setdefault(_name(node), []).append(node)
        _indices[filename] = index
        if len(_indices) > _MAX_FILES:
            _indices.popitem(last=False)
        return index


_imports: OrderedDict[str, tuple[list[str], frozenset[str]]] = OrderedDict()


def _plain_imports(code: types.CodeType, lines: list[str]) -> frozenset[str]:
    """The names that the import statements at the start of a line bind: nearly always all imports of the module."""
    filename = code.co_filename
    with _lock:
        known = _imports.get(filename)
        if known is not None and known[0] == lines:
            return known[1]
        statements = []
        for k, line in enumerate(lines):
            if line.startswith(("import ", "from ")):
                stop = k + 1
                while "(" in line and ")" not in lines[stop - 1] and stop < len(lines):
                    stop += 1
                statements.append("".join(lines[k:stop]))
        tree = _parse("".join(statements), code)
        names = frozenset() if tree is None else _module_imports(tree)
        _imports[filename] = lines, names
        if len(_imports) > _MAX_FILES:
            _imports.popitem(last=False)
        return names


def _module_imports(tree: ast.Module) -> frozenset[str]:
    """The names that import statements of the module itself bind, those inside its functions and classes left out."""
    names: set[str] = set()
    stack: list[ast.AST] = list(tree.body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(alias.asname or alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.stmt) and not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            stack.extend(n for n in ast.iter_child_nodes(node) if not isinstance(n, ast.expr))
        elif isinstance(node, (ast.ExceptHandler, ast.match_case)):
            stack.extend(node.body)
    return frozenset(names - {"*"})


def _parse(text: str, code: types.CodeType) -> ast.Module | None:
    tree: ast.Module | None = _compile(text, code, ast.PyCF_ONLY_AST)
    return tree


def _compile(text: str, code: types.CodeType, flags: int = 0, optimize: int = -1) -> Any:
    """What `compile` makes of the text under the code's own `__future__` features; None if it is not Python."""
    flags |= code.co_flags & _FUTURE
    # What Python warns about here it has warned about at the import. The filters are global to the process.
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return compile(text, code.co_filename, "exec", flags, dont_inherit=True, optimize=optimize)
        except (SyntaxError, ValueError):
            return None
        except (RecursionError, MemoryError):
            raise UnsupportedError(
                f"{code.co_filename} is nested too deeply for Python's own parser",
                Span(code.co_filename, code.co_firstlineno, 0, code.co_firstlineno, 0),
                help="split the expression or the chain of elif, or raise sys.setrecursionlimit",
            ) from None


# Which lambda: positions.

_Extent = tuple[tuple[int, int], tuple[int, int]]


def _extent(code: types.CodeType) -> _Extent | None:
    """From where to where the instructions of a code reach in the source."""
    starts, ends = [], []
    for line, end_line, column, end_column in code.co_positions():
        # The prologue is at column 0 of the first line, with no extent.
        if line is None or end_line is None or column is None or end_column is None or column == end_column == 0:
            continue
        starts.append((line, column))
        ends.append((end_line, end_column))
    return (min(starts), max(ends)) if starts else None


def _body_extent(node: FunctionNode) -> _Extent | None:
    body = node.body
    if isinstance(body, list) or body.end_lineno is None or body.end_col_offset is None:
        return None
    return (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)


# Whether it is the code that runs.


def _rewritten_by_pytest(code: types.CodeType) -> bool:
    """Whether pytest put its own code in place of the assert statements."""
    return any("@pytest_ar" in inner.co_names for inner in _codes(code))


def _is_compiled_from(code: types.CodeType, node: FunctionNode, lines: list[str], imports: frozenset[str]) -> bool:
    names: set[str] = set()
    for inner in _codes(code):
        names.update(inner.co_names, inner.co_varnames, inner.co_cellvars, inner.co_freevars)
    text, first = _standalone(code, node, lines, names)
    if names & imports:
        # Python compiles a call of `np.sin` in another way if the module imports any `np`, be it this one or not.
        text += "\nimport " + ", ".join(f"_ as {name}" for name in sorted(names & imports)) + "\n"
    # It also compiles `super()` in another way if the module itself has the name. And the text may have been
    # compiled with another level of optimisation than the one Python was started with.
    variants = [text, f"{text}\nsuper\n"] if "super" in names else [text]
    for optimize, variant in itertools.product((-1, 0, 1, 2), variants):
        module = _compile(variant, code, optimize=optimize)
        if module is None:
            return False
        candidate = _innermost(module, code.co_name, first)
        if candidate is not None and same_code(code, candidate):
            return True
    return False


def _innermost(module: types.CodeType, name: str, line: int) -> types.CodeType | None:
    """The code of this name and line. It comes last at every level: defaults and annotations are compiled before."""
    code = module
    while True:
        inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
        if not inner:
            return None
        code = inner[-1]
        if code.co_name == name and code.co_firstlineno == line:
            return code


def _standalone(code: types.CodeType, node: FunctionNode, lines: list[str], names: set[str]) -> tuple[str, int]:
    """A program that compiles the node under the names it sees where it stands, and the line it has there.

    Args:
        code, node, lines: the function.
        names: all names that it uses.
    """
    # A text and no tree, because Python refuses to compile some deep trees that it compiles from text.
    headers = []
    own = {"__class__", *(parameter.name for parameter in getattr(node, "type_params", ()))}
    captured = [name for name in code.co_freevars if name not in own and name.isidentifier()]
    if captured:
        headers.append(f"def _({', '.join(captured)}):\n")
    class_name = innermost_class(code)
    if class_name is not None or "__class__" in code.co_freevars:
        # Private names do not depend on underscores in front of the class, and its own name must not be bound here.
        stand_in = f"_{class_name or ''}"
        while stand_in in names:
            stand_in = f"_{stand_in}"
        headers.append(f"class {stand_in}:\n")
    block = list(lines[node.lineno - 1 : node.end_lineno])
    # A form feed sets the indentation back to nothing.
    indent = block[0].encode()[: node.col_offset].decode()
    if not headers and indent.rpartition("\f")[2]:
        headers.append("if 1:\n")
    # The function stands inside at least as many blocks, so that its own indentation is deeper than these.
    wrapper = "".join(" " * depth + header for depth, header in enumerate(headers))
    if isinstance(node, ast.Lambda):
        assert node.end_col_offset is not None
        block[-1] = block[-1].encode()[: node.end_col_offset].decode()
        block[0] = block[0].encode()[node.col_offset :].decode()
        block = [" " * len(headers), "(", *block, ")\n"]
    return wrapper + "".join(block), len(headers) + 1
