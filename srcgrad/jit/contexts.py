"""`with` blocks that say what becomes of warnings: compiled code gives none, so that nothing is left of them."""

from __future__ import annotations

import warnings

import numpy as np

from srcgrad.ir.nodes import Call, Const, Enter, Function, Leave, Op, Region, Value, references, walk
from srcgrad.rules.registry import hashable

_QUIET = ("ignore", "warn", "print", "log", "default", "always", "module", "once")
_FILTERS = (warnings.simplefilter, warnings.filterwarnings)


def drop_warning_contexts(function: Function) -> None:
    """Removes contexts that are about warnings alone; those that make errors of them stay, and are refused.

    Before -> after: `with np.errstate(divide="ignore"): y = 1.0 / x` -> `y = 1.0 / x`.
    """
    if not any(isinstance(op, Enter) for op in walk(function.body)):
        return
    regions = [function.body, *[r for op in walk(function.body) for r in op.regions]]
    used = {v for op in walk(function.body) for v in references(op)}
    for region in regions:
        _drop(region, used)
    backward = function.backward_from
    if backward is not None:
        function.backward_from = next((k for k, op in enumerate(function.body.ops) if op.mirror is not None), backward)
    used = {v for op in walk(function.body) for v in references(op)}
    for region in regions:
        region.ops = [op for op in region.ops if not (_is_quiet(op) and used.isdisjoint(op.outputs))]


def _drop(region: Region, used: set[Value]) -> None:
    dropped: set[Op] = set()
    entered: list[Enter] = []
    for op in region.ops:
        if isinstance(op, Enter):
            entered.append(op)
        elif isinstance(op, Leave) and entered:
            enter = entered.pop()
            if _is_quiet(enter.context.owner) and used.isdisjoint(enter.outputs):
                dropped |= {op, enter}
    if dropped and not any(isinstance(op, Enter) and op not in dropped for op in region.ops):
        region.ops = [op for op in region.ops if op not in dropped and not _filters(op)]


def _is_quiet(op: object) -> bool:
    """Whether an operation makes a context in which warnings stay warnings."""
    if not isinstance(op, Call) or not hashable(op.fn) or op.fn not in (np.errstate, warnings.catch_warnings):
        return False
    given = [*op.args, *op.kwargs.values()]
    return all(_is_plain(v) for v in given) and not any(v.value == "raise" for v in given)


def _filters(op: Op) -> bool:
    if not isinstance(op, Call) or not hashable(op.fn) or op.fn not in _FILTERS:
        return False
    action = op.args[0] if op.args else op.kwargs.get("action")
    return isinstance(action, Const) and action.value in _QUIET


def _is_plain(value: Value) -> bool:
    return isinstance(value, Const) and (value.value in _QUIET or value.value is None or value.value is False)
