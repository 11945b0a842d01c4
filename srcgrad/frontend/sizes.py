"""Dicts and lists that are looped over and get longer or shorter meanwhile.

With a dict Python raises at the next turn; over a list the loop goes on to where the list ends then.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.marks import Restart
from srcgrad.frontend.merging import NEVER, NEXT, Outcome, branch, join_branches
from srcgrad.frontend.values import Iterator
from srcgrad.ir.nodes import Call, Const, For, Invoke, Op, Raise, Value, walk
from srcgrad.ir.types import INT, Dict, List, Opaque

_CHANGES = frozenset([operator.setitem, operator.delitem, dict.pop, dict.popitem, dict.clear, dict.setdefault])
_MAKES = frozenset([dict, dict.copy, list, list.copy])
_LIST_CHANGES = frozenset([list.append, list.extend, list.insert, list.pop, list.remove, list.clear, operator.delitem])


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
    """Starts again if the loop that was just lowered may change what it goes over.

    The sizes of dicts are checked then, and the ends of lists looked for at each turn.
    """
    for sources, may_change, known in (
        (_dicts(iterator), _may_change, lo.marks.sized),
        (_lists(iterator), functools.partial(_may_change_list, lo), lo.marks.stepped),
    ):
        if site in known or not sources:
            continue
        loop = next(op for op in reversed(lo.region.ops) if isinstance(op, For))
        if any(may_change(op, source) for source in sources for op in walk(loop.regions[-1])):
            known.add(site)
            raise Restart


def _dicts(iterator: Iterator) -> list[Value]:
    return [s for s in iterator.sources if isinstance(s, Value) and isinstance(s.type, Dict)]


def _lists(iterator: Iterator) -> list[Value]:
    return [s for s in iterator.sources if isinstance(s, Value) and isinstance(s.type, List)]


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


def _may_change_list(lo: Lowering, op: Op, source: Value) -> bool:
    """Whether an operation may make a list longer or shorter."""
    if isinstance(op, Invoke):
        return any(_may_be_one(lo, value, source) for value in op.inputs if isinstance(value.type, List))
    if not isinstance(op, Call) or not op.args or type(op.fn).__hash__ is None:
        return False
    changes = op.fn in _LIST_CHANGES or (op.fn is operator.setitem and isinstance(op.args[1], slice))
    written = op.args[0]
    return changes and isinstance(written, Value) and _may_be_one(lo, written, source)


def _may_be_one(lo: Lowering, a: Value, b: Value) -> bool:
    """Whether two lists of the run may be one and the same."""
    if a is b:
        return True
    assert isinstance(b.type, List)
    if not isinstance(a.type, List) or a.type.item != b.type.item or (_is_made(a) and _is_made(b)):
        return False
    return not any(_is_made(value) and not _is_kept(lo, value) for value in (a, b))


def _is_kept(lo: Lowering, made: Value) -> bool:
    """Whether another value may stand for a list that is made here, so far."""
    for op in (op for region in lo.regions for op in walk(region)):
        is_own = isinstance(op, Call) and op.args and op.args[0] is made and made not in op.args[1:]
        if (made in op.inputs and not is_own) or any(made in region.results for region in op.regions):
            return True
    return False


def _is_key_of(key: Any, index: Value) -> bool:
    """Whether a value is one of the keys that a loop over a dict finds there."""
    read = key.owner if isinstance(key, Value) else None
    listed = read.args[0].owner if isinstance(read, Call) and read.fn is operator.getitem else None
    return isinstance(listed, Call) and listed.fn is list and listed.args == (index,)


def _is_made(index: Value) -> bool:
    """Whether a value is a dict or list where it is made, and so no other one."""
    return isinstance(index.owner, Call) and index.owner.fn in _MAKES
