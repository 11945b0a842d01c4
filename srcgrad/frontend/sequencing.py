"""A statement as a sequence of calls: what Python evaluates first gets a place of its own first."""

from __future__ import annotations

import ast
import copy

from srcgrad.frontend.expressions import Held
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Frame

_LAZY = (ast.Lambda, ast.BoolOp, ast.IfExp, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.NamedExpr)
"""What evaluates its parts under a condition, more than once, or later."""


def calls_of(lo: Lowering, statement: ast.stmt, frame: Frame) -> tuple[list[tuple[Held, ast.expr]], ast.stmt]:
    """The calls that a statement makes, in order, each with the place for its result, and what is left to do with them.

    Names and items that are read before a call are among them, as the call may change them.
    """
    steps: list[tuple[Held, ast.expr]] = []
    field = next((name for name in ("value", "exc", "test") if getattr(statement, name, None) is not None), None)
    reads_first = isinstance(statement, ast.AugAssign) and _is_rebound(statement.target, frame)
    if field is None or reads_first:
        return [], statement
    rest = copy.copy(statement)
    setattr(rest, field, _taken_apart(lo, getattr(statement, field), steps))
    return steps, rest


def _is_rebound(target: ast.expr, frame: Frame) -> bool:
    """Whether functions inside of this one may change what a target reads."""
    names = {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
    return bool(names & frame.scope.rebound_by_nested)


def _taken_apart(lo: Lowering, node: ast.expr, steps: list[tuple[Held, ast.expr]]) -> ast.expr:
    if isinstance(node, (ast.Constant, ast.JoinedStr, ast.Slice, Held, *_LAZY)):
        return node
    made = copy.copy(node)
    for name, part in ast.iter_fields(node):
        if isinstance(part, ast.expr):
            setattr(made, name, _taken_apart(lo, part, steps))
        elif isinstance(part, list):
            setattr(made, name, [_of_item(lo, item, steps) for item in part])
    if not isinstance(node, (ast.Call, ast.Name)):
        return made
    held = ast.copy_location(Held(), node)
    held.key = ("held", lo.fresh("h"))
    steps.append((held, made))
    return held


def _of_item(lo: Lowering, item: object, steps: list[tuple[Held, ast.expr]]) -> object:
    if isinstance(item, ast.keyword):
        made = copy.copy(item)
        made.value = _taken_apart(lo, item.value, steps)
        return made
    if isinstance(item, ast.Starred):
        star = copy.copy(item)
        star.value = _taken_apart(lo, item.value, steps)
        return star
    return _taken_apart(lo, item, steps) if isinstance(item, ast.expr) else item
