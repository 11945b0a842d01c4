"""Arrays of a new shape: where NumPy makes a view if it can, and a copy does as well."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from srcgrad.analysis.alias import Aliases
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, Function, Loop, Op, Region, walk


def unwritten_reshapes(functions: list[Function]) -> set[Op]:
    """The calls of `np.reshape` whose results nobody writes: they may be copies where NumPy makes views.

    Args:
        functions: all of them, before loops write what operations on arrays have made.
    """
    found: set[Op] = set()
    aliases: Aliases | None = None
    for function in functions:
        order = {op: k for k, op in enumerate(walk(function.body))}
        for op in order:
            if isinstance(op, Call) and op.fn is np.reshape:
                aliases = aliases or Aliases(functions)
                if not may_be_written(op, order, _writers(op, aliases), aliases):
                    found.add(op)
    return found


def may_be_written(op: Call, order: dict[Op, int], writes: Iterable[Op], aliases: Aliases) -> bool:
    """Whether the memory of a result may be written after it is made.

    Args:
        op: what makes it.
        order: the operations of its function, each with its place.
        writes: what writes that memory.
        aliases: which memory is one.
    """
    return not all(write in order and _is_over(write, op, order, aliases) for write in writes)


def _is_over(write: Op, op: Call, order: dict[Op, int], aliases: Aliases) -> bool:
    return order[write] < order[op] and _share_no_loop(write, op, aliases)


def _writers(op: Call, aliases: Aliases) -> Iterable[Op]:
    return aliases.writers.get(aliases.find(op.outputs[0]), ())


def _share_no_loop(write: Op, op: Call, aliases: Aliases) -> bool:
    """Whether no loop has both operations in it, but for those that make the memory anew in each turn."""
    region = op.parent
    while region is not None and region.parent is not None:
        if isinstance(region.parent, Loop) and is_inside(write, region) and not _is_made_in(region, op, aliases):
            return False
        region = region.parent.parent
    return True


def _is_made_in(region: Region, op: Call, aliases: Aliases) -> bool:
    """Whether the memory of a result is made in each turn of a loop, and nothing hands it on to the next one."""
    memory = aliases.find(op.outputs[0])
    inside = all(v.owner is not region and is_inside(v.owner, region) for v in aliases.members.get(memory, ()))
    return inside and not aliases.is_held(memory)
