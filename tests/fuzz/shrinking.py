"""Makes a failing program small: takes statements away, and puts simple expressions in the place of others."""

from __future__ import annotations

import ast
import copy
import time
from collections.abc import Callable, Iterator


def shrink(text: str, fails: Callable[[str], bool], seconds: float = 30.0) -> str:
    """The smallest program found in the time given that still fails in the same way.

    Args:
        text: the program.
        fails: whether a text fails as the program does.
        seconds: when to stop.
    """
    end = time.monotonic() + seconds
    best = text
    progress = True
    while progress and time.monotonic() < end:
        progress = False
        for smaller in candidates(best):
            if time.monotonic() > end:
                break
            if len(smaller) < len(best) and fails(smaller):
                best, progress = smaller, True
                break
    return best


def candidates(text: str) -> Iterator[str]:
    """Texts that are a little smaller: the largest cuts first."""
    tree = ast.parse(text)
    for edit in (without_statements, with_bodies_raised, with_parts_of_expressions):
        for changed in edit(tree):
            try:
                smaller = ast.unparse(ast.fix_missing_locations(changed)) + "\n"
                ast.parse(smaller)
            except (ValueError, SyntaxError):
                continue
            yield smaller


def blocks(tree: ast.AST) -> list[tuple[ast.AST, str]]:
    """Every list of statements: the node that has it, and under which name."""
    return [
        (node, name)
        for node in ast.walk(tree)
        for name, value in ast.iter_fields(node)
        if isinstance(value, list) and value and isinstance(value[0], ast.stmt)
    ]


def without_statements(tree: ast.Module) -> Iterator[ast.Module]:
    """Runs of statements left out, long runs first."""
    for k, (node, name) in enumerate(blocks(tree)):
        statements = getattr(node, name)
        size = len(statements)
        width = size
        while width:
            for start in range(0, size - width + 1, max(1, width // 2)):
                changed = copy.deepcopy(tree)
                other, _ = blocks(changed)[k]
                rest = getattr(other, name)[:start] + getattr(other, name)[start + width :]
                if not rest and name in ("body", "handlers"):
                    rest = [ast.Pass()]
                setattr(other, name, rest)
                yield changed
            width //= 2


def with_bodies_raised(tree: ast.Module) -> Iterator[ast.Module]:
    """The body of an `if`, a loop, a `try` or a `with` in its place."""
    for k, (node, name) in enumerate(blocks(tree)):
        for i, statement in enumerate(getattr(node, name)):
            for part in ("body", "orelse", "finalbody"):
                inner = getattr(statement, part, None)
                if isinstance(statement, (ast.If, ast.For, ast.While, ast.Try, ast.With)) and inner:
                    changed = copy.deepcopy(tree)
                    other, _ = blocks(changed)[k]
                    body = getattr(getattr(other, name)[i], part)
                    getattr(other, name)[i : i + 1] = body
                    yield changed


def with_parts_of_expressions(tree: ast.Module) -> Iterator[ast.Module]:
    """An expression replaced by one of its parts, or by a number."""
    nodes = list(ast.walk(tree))
    for k, node in enumerate(nodes):
        for name, value in ast.iter_fields(node):
            values = value if isinstance(value, list) else [value]
            for i, expression in enumerate(values):
                if not isinstance(expression, (ast.BinOp, ast.Call, ast.IfExp, ast.UnaryOp, ast.Subscript, ast.BoolOp)):
                    continue
                if not isinstance(getattr(expression, "ctx", ast.Load()), ast.Load):
                    continue
                parts = [
                    child for child in ast.walk(expression) if isinstance(child, ast.expr) and child is not expression
                ]
                for part in [*parts[:6], ast.Constant(0.7)]:
                    changed = copy.deepcopy(tree)
                    other = list(ast.walk(changed))[k]
                    if isinstance(value, list):
                        getattr(other, name)[i] = copy.deepcopy(part)
                    else:
                        setattr(other, name, copy.deepcopy(part))
                    yield changed
