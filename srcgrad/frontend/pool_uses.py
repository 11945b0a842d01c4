"""What may be done with objects that live in pools: what means the same for their places as for them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING

from srcgrad.frontend.pools import Pool, pool_of, pools_in
from srcgrad.ir.nodes import Call, Op, Raise, Value, leaves
from srcgrad.ir.types import NONE, Dict, List, Pointer, Tuple

if TYPE_CHECKING:
    from srcgrad.frontend.lowering import Lowering


def check_use(lo: Lowering, op: Op) -> None:
    """Refuses an operation on places in pools that means something else than what the program does with the objects."""
    if not isinstance(op, (Call, Raise)):
        return
    pools = [pool for value in op.inputs for pool in pools_in(value.type)]
    if not pools or (isinstance(op, Call) and _is_for_places(lo, op, pools)):
        return
    help = "use its items one by one" if issubclass(pools[0].cls, dict) else "use its attributes one by one"
    lo.unsupported(f"{pools[0].what} is used as a whole here", help)


def _is_for_places(lo: Lowering, op: Call, pools: list[Pool]) -> bool:
    first = op.args[0].type if op.args and isinstance(op.args[0], Value) else None
    keys = [v for v in leaves(op.args[1:2]) if any(pools_in(v.type))] if op.fn in _KEYED else []
    if op.fn is operator.contains and not isinstance(first, Dict):
        keys = []
    if isinstance(first, Dict):
        return op.fn in _OF_DICTS and not keys
    if keys:
        # The lists of a pool are the only ones that its places are indices of.
        column = lo.list_sites.get(op.args[0])
        return op.args[1] is keys[0] and isinstance(column, tuple) and column[0] is pool_of(keys[0])
    if op.fn in (operator.is_, operator.is_not):
        direct = [v for v in op.inputs if isinstance(v.type, Pointer)]
        return not direct or all(v in direct or v.type == NONE for v in op.inputs)
    if op.fn in _COMPARES:
        held = all(any(pools_in(v.type)) for v in op.inputs)
        return held and len(set(pools)) == 1 and pools[0].compares_by_identity
    if op.fn in _GIVES and isinstance(first, List):
        # Where the key may be a slice, nobody knows whether this is an object.
        return any(pool for output in op.outputs for pool in pools_in(output.type))
    if op.fn in _OF_LISTS or op.fn is operator.getitem:
        return isinstance(first, (List, Tuple))
    return op.fn in _MAKES


_MAKES: frozenset[Callable] = frozenset([list, tuple, dict])
"""What makes containers of places."""
_OF_LISTS: frozenset[Callable] = frozenset(
    [
        *(len, list.append, list.insert, list.reverse, list.clear, operator.setitem, operator.delitem),
        *(operator.not_, operator.truth, bool),
    ]
)
"""What is done with lists and tuples of them, and gives none of them."""
_GIVES: frozenset[Callable] = frozenset([list, list.copy, list.pop, operator.getitem, operator.mul])
"""What gives a list, or an item of one."""
_OF_DICTS: frozenset[Callable] = frozenset(
    [
        *(dict, len, list, dict.copy, dict.get, dict.pop, dict.popitem, dict.clear, operator.contains),
        *(operator.getitem, operator.setitem, operator.delitem),
    ]
)
"""The same for dicts that have them as items."""
_COMPARES: frozenset[Callable] = frozenset([operator.eq, operator.ne, operator.contains, list.index, list.count])
"""What compares them."""
_KEYED = frozenset(
    [
        *(operator.getitem, operator.setitem, operator.delitem, operator.contains),
        *(list.pop, list.insert, dict.pop, dict.get),
    ]
)
"""What takes a key, or the place of an item, as its second argument."""
