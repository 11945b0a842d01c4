"""Which arrays are certainly two: made in different places, or trading places from turn to turn.

for _ in range(steps):
    ...
    u, new = new, u          # never the same array, if they were not before the loop
"""

from __future__ import annotations

from srcgrad.analysis.alias import is_pointer
from srcgrad.analysis.origins import Origins
from srcgrad.ir.nodes import Loop, Region, Value

_DEEPEST = 8


def are_apart(a: Value, b: Value, origins: Origins, depth: int = 0) -> bool:
    """Whether two pointers that are known at the same time never point to the same memory.

    Args:
        a: one of them.
        b: the other one.
        origins: where memory is made.
        depth: how many loops led to the question.
    """
    if a is b or depth > _DEEPEST:
        return False
    if not origins.meet(a, b):
        return True
    first, second = _place(a), _place(b)
    if first is None or second is None or first[0] is not second[0] or first[2] is not second[2]:
        return False
    loop, j, _ = first
    k = second[1]
    trading = _trading(loop)
    return j in trading and k in trading and are_apart(loop.inits[j], loop.inits[k], origins, depth + 1)


def _place(value: Value) -> tuple[Loop, int, bool] | None:
    """The loop that carries a pointer, at which place, and whether that is what it is behind the loop."""
    owner = value.owner
    if isinstance(owner, Loop) and value in owner.carried_outputs:
        return owner, owner.carried_outputs.index(value), True
    loop = owner.parent if isinstance(owner, Region) else None
    if isinstance(loop, Loop) and owner is loop.body and value in loop.carried:
        return loop, loop.carried.index(value), False
    return None


def _trading(loop: Loop) -> set[int]:
    """The places that carry what one of them carried a turn before, each something else."""
    carried = loop.carried
    taken = {k: carried.index(v) for k, v in enumerate(loop.carried_results) if v in carried and is_pointer(v.type)}
    places = set(taken)
    while not places <= {taken[k] for k in places} or len({taken[k] for k in places}) < len(places):
        sources = [taken[k] for k in places]
        kept = {k for k in places if taken[k] in places and sources.count(taken[k]) == 1}
        kept &= {taken[k] for k in kept}
        if kept == places:
            break
        places = kept
    return places
