"""Syntax trees as text: simple statements, each on one line, checked against its tree."""

from __future__ import annotations

import ast
import contextlib
import re
import warnings
from collections.abc import Iterator
from typing import Any

with warnings.catch_warnings():
    # astor touches deprecated names of `ast` when it is imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    import astor


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silences what astor's use of deprecated names would report; entered once, as entering it is slow."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _unwrapped(pieces: list[str]) -> str:
    return "".join(pieces)


def _plain_string(text: str, *_args: Any, **_options: Any) -> str:
    text = repr(text)
    return f'"{text[1:-1]}"' if text.startswith("'") and '"' not in text else text


def statement_texts(nodes: list[ast.stmt]) -> list[str]:
    """Simple statements, each as a line of Python: printed, parsed and checked all at once, because that is fast."""
    try:
        printed = _astor(ast.Module(nodes, [])).split("\n")
        lines = [_trimmed(node, text) for node, text in zip(nodes, printed, strict=True)]
        parsed = ast.parse("\n".join(lines)).body
        pairs = list(zip(nodes, parsed, strict=True))
    except Exception:
        # Where there is one that astor cannot print, or prints wrongly, each is printed on its own.
        return [statement_text(node) for node in nodes]
    return [
        line if same_tree(node, found) else statement_text(node)
        for line, (node, found) in zip(lines, pairs, strict=True)
    ]


def statement_text(node: ast.stmt) -> str:
    """One simple statement as a line of Python.

    Example:
        >>> statement_text(ast.parse("y = ((a) + b)").body[0])
        'y = a + b'
        >>> statement_text(ast.parse("d = {1: a, -2.5: '(3): b'}").body[0])
        "d = {1: a, -2.5: '(3): b'}"
    """
    try:
        text = _astor(node)
        for candidate in (_without_parentheses(node, text), text):
            if candidate is not None and "\n" not in candidate and _says(candidate, node):
                return candidate
    except Exception:
        # Whatever astor cannot print, Python's own printer can.
        return ast.unparse(ast.fix_missing_locations(node))
    return ast.unparse(ast.fix_missing_locations(node))


def expression_text(node: ast.expr) -> str:
    """One expression as Python."""
    return node.id if isinstance(node, ast.Name) else statement_text(ast.Expr(node))


def _astor(node: ast.AST) -> str:
    text: str = astor.to_source(node, pretty_source=_unwrapped, pretty_string=_plain_string).strip()
    # It puts numbers that are keys of a display in parentheses. A string that looks like one is told by the check.
    return re.sub(r"\((-?[\d.]+)\): ", r"\1: ", text)


def _says(text: str, node: ast.stmt) -> bool:
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return False
    return len(body) == 1 and same_tree(node, body[0])


def same_tree(a: Any, b: Any) -> bool:
    """Whether two syntax trees are equal, positions aside: of one class, with equal fields; 1, 1.0 and True are not."""
    kind = type(a)
    if kind is not type(b):
        return False
    if kind is list:
        return len(a) == len(b) and all(map(same_tree, a, b))
    if not isinstance(a, ast.AST):
        return a is b or (a == b if kind is str else repr(a) == repr(b))
    for name in kind._fields:
        p, q = getattr(a, name, None), getattr(b, name, None)
        if p is not q and not same_tree(p, q):
            return False
    return True


def _trimmed(node: ast.stmt, text: str) -> str:
    """A line without the parentheses around all of what it says; `pass` if it takes a parser to tell them."""
    shorter = _without_parentheses(node, text)
    if shorter is None or text.endswith("= ()") or text == "return ()":
        return text
    if "'" in text or '"' in text:
        return "pass"
    # `a, (b)` was `(a, (b))`, but `a) * (b` was `(a) * (b)`.
    depth = 0
    for character in shorter:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return text
    return shorter


def _without_parentheses(node: ast.stmt, text: str) -> str | None:
    if not text.endswith(")"):
        return None
    head, rest = "", text
    if isinstance(node, ast.Return):
        head, rest = "return ", text.removeprefix("return ")
    elif isinstance(node, (ast.Assign, ast.AugAssign)):
        head, found, rest = text.partition("= ")
        head += found
    elif not isinstance(node, ast.Expr):
        return None
    return head + rest[1:-1] if rest.startswith("(") else None
