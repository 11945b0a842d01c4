"""Integers that do not change in a loop are computed before it, loop by loop: places in rows, bounds.

    for i in range(n):                       for i in range(n):
        for j in range(m):                       place = 2 * i
            y += x[2 * i, j]          ->         for j in range(m):
                                                     y += x[place, j]

Where an index is known before a loop, it can be checked before it.
"""

from __future__ import annotations

from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Const, For, Function, Op, walk
from srcgrad.transform.hoist import is_of_integers


def hoist_places(function: Function) -> None:
    """Moves what is computed of integers out of the loops that it is the same in.

    Args:
        function: it is changed.
    """
    loops = [op for op in walk(function.body) if isinstance(op, For)]
    # Inner loops first, so that an integer may leave several.
    for loop in reversed(loops):
        moved: list[Op] = []
        for op in list(loop.body.ops):
            if is_of_integers(op) and not any(is_inside(v.owner, loop.body) for v in op.inputs if _varies(v)):
                loop.body.ops.remove(op)
                moved.append(op)
                region = loop.parent
                assert region is not None
                op.parent = region
                region.ops.insert(region.ops.index(loop), op)


def _varies(value: object) -> bool:
    return not isinstance(value, Const)
