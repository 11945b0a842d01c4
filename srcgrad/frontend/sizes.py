"""Dicts that get or lose keys while they are looped over: Python raises then, at the next turn."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.marks import Restart
from srcgrad.frontend.merging import NEVER, NEXT, Outcome, branch, join_branches
from srcgrad.frontend.values import Iterator
from srcgrad.ir.nodes import Call, Const, For, Invoke, Op, Raise, Value, walk
from srcgrad.ir.types import INT, Dict, Opaque

_CHANGES = frozenset([operator.setitem, operator.delitem, dict.pop, dict.popitem, dict.clear, dict.setdefault])
_MAKES = frozenset([dict, dict.copy])


def size_check(lo: Lowering, iterator: Iterator, site: Any) -> Callable[[], None]:
    """What raises where a loop goes on over dicts that have got or lost keys since now.

    Args:
        lo: the lowering.
        iterator: what is looped over.
        site: the name of the loop.
    """
    if site not in lo.marks.sized:
        return lambda: None
    sizes = [(index, _size(lo, index)) for index in _dicts(iterator)]

    def fail() -> Outcome:
        message = Const("dictionary changed size during iteration")
        error = lo.value(lo.emit_typed(RuntimeError, (message,), {}, Opaque(RuntimeError)))
        lo.append(Raise(error, None, lo.span))
        return NEVER

    def check() -> None:
        for index, before in sizes:
            changed = lo.value(lo.emit(operator.ne, _size(lo, index), before))
            join_branches(lo, changed, branch(lo, fail), branch(lo, lambda: NEXT))

    return check


def note_changes(lo: Lowering, iterator: Iterator, site: Any) -> None:
    """Starts again with the sizes checked, if the loop that was just lowered may change the dicts it goes over."""
    if site in lo.marks.sized or not _dicts(iterator):
        return
    loop = next(op for op in reversed(lo.region.ops) if isinstance(op, For))
    if any(_may_change(op, index) for index in _dicts(iterator) for op in walk(loop.regions[-1])):
        lo.marks.sized.add(site)
        raise Restart


def _dicts(iterator: Iterator) -> list[Value]:
    return [s for s in iterator.sources if isinstance(s, Value) and isinstance(s.type, Dict)]


def _size(lo: Lowering, index: Value) -> Value:
    return lo.value(lo.emit_typed(len, (index,), {}, INT))


def _may_change(op: Op, index: Value) -> bool:
    """Whether an operation may add keys to a dict, or remove some."""
    if isinstance(op, Invoke):
        return index in op.args
    if not isinstance(op, Call) or not op.args or type(op.fn).__hash__ is None or op.fn not in _CHANGES:
        return False
    written = op.args[0]
    if not isinstance(written, Value) or not isinstance(written.type, Dict):
        return False
    if op.fn is operator.setitem and _is_key_of(op.args[1], index):
        return False
    return written is index or not (_is_made(written) and _is_made(index))


def _is_key_of(key: Any, index: Value) -> bool:
    """Whether a value is one of the keys that a loop over a dict finds there."""
    read = key.owner if isinstance(key, Value) else None
    listed = read.args[0].owner if isinstance(read, Call) and read.fn is operator.getitem else None
    return isinstance(listed, Call) and listed.fn is list and listed.args == (index,)


def _is_made(index: Value) -> bool:
    """Whether a value is a dict where it is made, and so no other one."""
    return isinstance(index.owner, Call) and index.owner.fn in _MAKES
