"""Long lines of generated code on several lines, as a person would break them."""

from __future__ import annotations

import ast

from srcgrad.backend.text import same_tree

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
    same = len(pieces) > 1 and _same("\n".join(result) + suffix, text + suffix)
    return result if same else [text]


def _same(text: str, other: str) -> bool:
    try:
        return same_tree(ast.parse(text), ast.parse(other))
    except SyntaxError:
        return False


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
