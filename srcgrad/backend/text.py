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
    text = repr(text)
    return f'"{text[1:-1]}"' if text.startswith("'") and '"' not in text else text


def statement_text(node: ast.stmt) -> str:
    """One simple statement as a line of Python.

    Example:
        >>> statement_text(ast.parse("y = ((a) + b)").body[0])
        'y = a + b'
    """
    return _render(node, lambda text: ast.parse(text).body[0])


def expression_text(node: ast.expr) -> str:
    """One expression as Python."""
    if isinstance(node, ast.Name):
        return node.id
    return _render(node, lambda text: ast.parse(text, mode="eval").body)


def _render(node: ast.AST, parse: Any) -> str:
    try:
        text = astor.to_source(node, pretty_source=_unwrapped, pretty_string=_plain_string).strip()
        for candidate in (_without_parentheses(node, text), text):
            if candidate is not None and "\n" not in candidate and _same(candidate, node, parse):
                return candidate
    except Exception:
        # Whatever astor cannot print, Python's own printer can.
        return ast.unparse(ast.fix_missing_locations(node))
    return ast.unparse(ast.fix_missing_locations(node))


def _same(text: str, wanted: ast.AST, parse: Any) -> bool:
    """Whether a text is read as this tree; `ast.dump` would say so too, in twice the time."""
    try:
        pending = [(parse(text), wanted)]
    except SyntaxError:
        return False
    while pending:
        a, b = pending.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, ast.AST):
            for name in a._fields:
                x, y = getattr(a, name, None), getattr(b, name, None)
                if x is not y:
                    pending.append((x, y))
        elif isinstance(a, list):
            if len(a) != len(b):
                return False
            pending += zip(a, b, strict=True)
        elif a != b or repr(a) != repr(b):
            return False
    return True


_OPEN, _CLOSE = "([{", ")]}"
_BREAKS = ((" and ", " or "), (" + ", " - "), (" * ", " / ", " @ ", " // ", " % "))


def wrapped(text: str, room: int) -> list[str]:
    """A simple statement, or the first line of a compound one, on as many lines as it takes.

    Example:
        >>> wrapped("total = first_term + second_term", 24)
        ['total = (', '    first_term', '    + second_term', ')']
    """
    if len(text) <= room:
        return [text]
    head, body, tail = _frame(text)
    pieces = _pieces(body)
    lines: list[str] = []
    for piece in pieces:
        if lines and len(lines[-1]) + len(piece) < room:
            lines[-1] += f" {piece}"
        else:
            lines.append(f"    {piece}")
    result = [head, *lines, tail]
    suffix = " pass" if text.endswith(":") else ""
    same = len(pieces) > 1 and _same("\n".join(result) + suffix, _first(text + suffix), _first)
    return result if same else [text]


def _first(text: str) -> ast.stmt:
    return ast.parse(text).body[0]


def _frame(text: str) -> tuple[str, str, str]:
    """What stands before, inside and behind the parentheses in which a statement may go over several lines."""
    for word in ("if ", "elif ", "while ", "return "):
        if text.startswith(word):
            colon = ":" if text.endswith(":") else ""
            body = text[len(word) : len(text) - len(colon)]
            head, body, tail = ("(", body, ")") if len(_pieces(body)) > 1 else _frame(body)
            return f"{word}{head}", body, f"{tail}{colon}"
    places = dict(_places(text))
    assign = next((k for k in range(len(text)) if places.get(k) == 0 and text.startswith(" = ", k)), None)
    if assign is not None and assign > len(text) // 2:
        return "(", text[:assign], f"){text[assign:]}"
    start = end = None
    for k, depth in _places(text):
        if text[k] in _OPEN and depth == 0:
            start = k
        elif text[k] in _CLOSE and depth == 1:
            end = k
    if start is not None and end == len(text) - 1 and (assign is None or _is_call(text[assign + 3 : start])):
        while text[start + 1] in _OPEN and text[end - 1] in _CLOSE and (start + 1, end - 1) in _pairs(text):
            start, end = start + 1, end - 1
        return text[: start + 1], text[start + 1 : end], text[end:]
    if assign is not None:
        return f"{text[: assign + 3]}(", text[assign + 3 :], ")"
    return "(", text, ")"


def _is_call(text: str) -> bool:
    return text.replace(".", "_").isidentifier()


def _pairs(text: str) -> set[tuple[int, int]]:
    found, stack = set(), []
    for k, _ in _places(text):
        if text[k] in _OPEN:
            stack.append(k)
        elif text[k] in _CLOSE:
            found.add((stack.pop(), k))
    return found


def _pieces(body: str) -> list[str]:
    """The parts of an expression between which a line may end."""
    top = [k for k, depth in _places(body) if depth == 0]
    cuts = [k + 2 for k in top if body.startswith(", ", k)]
    for group in _BREAKS:
        cuts = cuts or [k + 1 for k in top if body.startswith(group, k)]
    return [body[a:b].strip() for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def _places(text: str) -> list[tuple[int, int]]:
    """The positions outside of string literals, each with the number of brackets around it."""
    found: list[tuple[int, int]] = []
    depth, quote, k = 0, "", 0
    while k < len(text):
        c = text[k]
        if quote:
            k += 2 if c == "\\" else 1
            quote = "" if c == quote else quote
            continue
        depth -= c in _CLOSE
        found.append((k, depth + (c in _CLOSE)))
        depth += c in _OPEN
        quote = c if c in "\"'" else ""
        k += 1
    return found


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
