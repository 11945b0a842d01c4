"""What is taken out of the middle of a list of arrays: Numba leaves the last place behind the end as it was.

Before -> after: `a = items.pop(0)` -> `a = taken_out(items, 0)`; `del items[k]` -> `taken_out(items, k)`.

The next append would give up what it finds at that place, and that stands in the place before, too: memory in use.
"""

from __future__ import annotations

import operator

from srcgrad.ir.nodes import Call, Function, Value, walk
from srcgrad.ir.types import List, is_scalar
from srcgrad.jit import helpers


def close_gaps(function: Function) -> None:
    """Has a helper take out of lists what is not known to be last."""
    for op in walk(function.body):
        if isinstance(op, Call) and op.fn in (list.pop, operator.delitem) and len(op.args) == 2:
            items, index = op.args
            kept = isinstance(items.type, List) and not is_scalar(items.type.item)
            if kept and isinstance(index, Value):
                op.fn = helpers.taken_out
