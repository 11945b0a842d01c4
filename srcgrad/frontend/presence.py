"""Lists that may be None: where it is known that they are there, and what is raised where they are not.

What a list of the run does that it is not does not always fail with the same exception as what stands for it in the
generated code: `list(m)` becomes `m.copy()`. Where `m` may be None, the program says so first.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeGuard

from srcgrad.ir.nodes import Call, Const, If, Op, Value
from srcgrad.ir.types import List, Type, present

if TYPE_CHECKING:
    from srcgrad.frontend.lowering import Lowering

_ON_LISTS = frozenset([len, list.append, list.copy, list.reverse])
"""What raises on None, and on no list."""


def may_be_missing(lo: Lowering, symbol: Any) -> TypeGuard[Value]:
    """Whether a symbol is a list, or None, and which of them is not known here."""
    return is_list_or_none(symbol) and not is_there(lo, symbol)


def is_there(lo: Lowering, value: Value) -> bool:
    """Whether what may be None by its type is known not to be here."""
    return any(value in lo.there.get(region, ()) for region in lo.regions)


def note_there(lo: Lowering, values: Iterable[Value]) -> None:
    """Notes what is not None from here on in the region."""
    lo.there.setdefault(lo.region, set()).update(values)


def is_list_or_none(symbol: Any) -> TypeGuard[Value]:
    """Whether a symbol is a list of the run on some paths, and None on others."""
    return isinstance(symbol, Value) and type(symbol.type) is List and symbol.type.or_none


def kind_here(lo: Lowering, value: Value) -> Type:
    """The type of a value, of a list that it is known to be here."""
    return present(value.type) if is_list_or_none(value) and not may_be_missing(lo, value) else value.type


def misses_list(op: Op) -> TypeGuard[Call]:
    """Whether an operation raises on None alone, and its type says that it may be given that."""
    return isinstance(op, Call) and bool(op.args) and is_list_or_none(op.args[0]) and op.fn in _ON_LISTS


def finds_list(lo: Lowering, op: Op) -> bool:
    """Whether such an operation stands where the list is there, so that it does not raise."""
    return misses_list(op) and not may_be_missing(lo, op.args[0])


def assume(lo: Lowering, condition: Value, holds: bool) -> None:
    """Notes the lists that are there from here on in the region, since a condition holds or does not."""
    found = _told_by(condition, holds)
    if found:
        note_there(lo, found)


def _told_by(condition: Value, holds: bool) -> set[Value]:
    """The lists that a condition tells to be there, if it holds or if it does not."""
    if is_list_or_none(condition):
        return {condition} if holds else set()
    op = condition.owner
    if type(op) is If:
        # `a and b` is b where a holds; what holds there, holds of both.
        k = op.outputs.index(condition)
        sides = [(op.then.results[k], True), (op.orelse.results[k], False)]
        agreeing = [side for side in sides if not _contradicts(side[0], op.condition, side[1], holds)]
        if len(agreeing) == 1:
            ((result, taken),) = agreeing
            return _told_by(result, holds) | _told_by(op.condition, taken)
        return set()
    if not isinstance(op, Call):
        return set()
    if op.fn in (operator.not_, operator.truth, bool) and isinstance(op.args[0], Value):
        return _told_by(op.args[0], holds != (op.fn is operator.not_))
    if op.fn in (operator.is_, operator.is_not) and holds == (op.fn is operator.is_not):
        lists = {v for v in op.args if is_list_or_none(v)}
        return lists if any(isinstance(v, Const) and v.value is None for v in op.args) else set()
    return set()


def _contradicts(result: Value, condition: Value, taken: bool, holds: bool) -> bool:
    """Whether what a side of a branch gives is not what is asked for: a constant, or the condition itself."""
    if result is condition:
        return taken != holds
    return isinstance(result, Const) and bool(result.value) != holds
