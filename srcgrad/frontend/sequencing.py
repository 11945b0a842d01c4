"""A statement as a sequence of calls: what Python evaluates first gets a place of its own first."""

from __future__ import annotations

import ast
import copy
from typing import Any

from srcgrad.frontend.expressions import Held
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.values import Frame

_WHOLE = (ast.Lambda, ast.BoolOp, ast.IfExp, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.NamedExpr)
"""What evaluates its parts under a condition, more than once, later, or with an effect: it stays in one piece."""

Steps = list[tuple[Held, ast.expr]]


def calls_of(lo: Lowering, statement: ast.stmt, frame: Frame) -> tuple[Steps, ast.stmt]:
    """What a statement evaluates, in order, each with the place for its result, and what is left to do with it.

    Every call has a place of its own, and so has whatever is evaluated before a call, as the call may change it.
    """
    steps: Steps = []
    field = next((name for name in ("value", "exc", "test") if getattr(statement, name, None) is not None), None)
    reads_first = isinstance(statement, ast.AugAssign) and _is_rebound(statement.target, frame)
    if field is None or reads_first:
        return [], statement
    rest = copy.copy(statement)
    setattr(rest, field, _taken_apart(lo, getattr(statement, field), steps, False))
    return steps, rest


def _is_rebound(target: ast.expr, frame: Frame) -> bool:
    """Whether functions inside of this one may change what a target reads."""
    names = {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
    return bool(names & frame.scope.rebound_by_nested)


def _taken_apart(lo: Lowering, node: Any, steps: Steps, before_call: bool) -> Any:
    """An expression, or a part of one, with places where its calls were; as a whole too if a call follows it."""
    if node is None or isinstance(node, (ast.Constant, Held)):
        return node
    whole = isinstance(node, (ast.JoinedStr, ast.Dict, *_WHOLE)) or (
        isinstance(node, ast.Compare) and len(node.ops) > 1
    )
    made = node if whole else _with_parts(lo, node, steps, before_call)
    if not isinstance(node, ast.expr) or isinstance(node, (ast.Slice, ast.Starred)):
        return made
    if not (isinstance(node, ast.Call) or before_call):
        return made
    held = ast.copy_location(Held(), node)
    held.key = ("held", lo.fresh("h"))
    steps.append((held, made))
    return held


def _with_parts(lo: Lowering, node: Any, steps: Steps, before_call: bool) -> Any:
    """A copy of a node whose parts have been taken apart, in the order in which they are evaluated."""
    made = copy.copy(node)
    places = []
    for name, part in ast.iter_fields(node):
        if isinstance(part, list):
            setattr(made, name, list(part))
            places += [(getattr(made, name), k, item) for k, item in enumerate(part)]
        else:
            places.append((made, name, part))
    places = [place for place in places if isinstance(place[2], (ast.expr, ast.keyword))]
    # A part that has no place of its own is evaluated where the whole is: behind whatever is called before that.
    passes_on = before_call and isinstance(node, (ast.Slice, ast.Starred, ast.keyword))
    for position, (holder, key, part) in enumerate(places):
        # The arguments of a call, which may itself be taken apart, come before all that it does.
        argument = isinstance(node, ast.Call) and key != "func"
        follows = passes_on or argument or any(_calls(later) for _, _, later in places[position + 1 :])
        taken = _taken_apart(lo, part, steps, follows)
        if isinstance(holder, list):
            holder[key] = taken
        else:
            setattr(holder, key, taken)
    return made


def _calls(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Call) for part in ast.walk(node))
