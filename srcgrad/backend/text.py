"""Syntax trees as text: one simple statement or expression at a time, on one line, checked against its tree."""

from __future__ import annotations

import ast
import contextlib
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
    return repr(text)


def statement_text(node: ast.stmt) -> str:
    """One simple statement as a line of Python.

    Example:
        >>> statement_text(ast.parse("y = ((a) + b)").body[0])
        'y = a + b'
    """
    return _render(node, ast.dump(node), lambda text: ast.parse(text).body[0])


def expression_text(node: ast.expr) -> str:
    """One expression as Python."""
    if isinstance(node, ast.Name):
        return node.id
    return _render(node, ast.dump(node), lambda text: ast.parse(text, mode="eval").body)


def _render(node: ast.AST, wanted: str, parse: Any) -> str:
    try:
        text = astor.to_source(node, pretty_source=_unwrapped, pretty_string=_plain_string).strip()
        for candidate in (_without_parentheses(node, text), text):
            if candidate is not None and "\n" not in candidate and _same(candidate, wanted, parse):
                return candidate
    except Exception:
        # Whatever astor cannot print, Python's own printer can.
        return ast.unparse(ast.fix_missing_locations(node))
    return ast.unparse(ast.fix_missing_locations(node))


def _same(text: str, wanted: str, parse: Any) -> bool:
    try:
        return ast.dump(parse(text)) == wanted
    except SyntaxError:
        return False


def _without_parentheses(node: ast.AST, text: str) -> str | None:
    if not text.endswith(")"):
        return None
    if isinstance(node, ast.Return):
        head, rest = "return ", text.removeprefix("return ")
    elif isinstance(node, (ast.Assign, ast.AugAssign)):
        head, found, rest = text.partition("= ")
        head += found
    elif isinstance(node, ast.expr):
        head, rest = "", text
    else:
        return None
    return head + rest[1:-1] if rest.startswith("(") else None
