"""Where values stand in control flow, and where it takes them from."""

from __future__ import annotations

from srcgrad.ir.nodes import If, Loop, Op, Region, Value, While


def is_inside(owner: Op | Region | None, whole: Region | None) -> bool:
    """Whether an operation, or the region that a value is an argument of, stands in a region, at any depth."""
    region = owner if owner is None or isinstance(owner, Region) else owner.parent
    while region is not None:
        if region is whole:
            return True
        region = region.parent.parent if region.parent is not None else None
    return False


def sources(value: Value) -> list[tuple[list[Value], int]]:
    """The places that branches and loops take a value from: lists of values, and the position in each."""
    owner = value.owner
    if isinstance(owner, If):
        k = owner.outputs.index(value)
        return [(owner.then.results, k), (owner.orelse.results, k)]
    if isinstance(owner, Loop):
        k = owner.outputs.index(value) - int(owner.exits)
        return _carried(owner, k) if k >= 0 else []
    loop = owner.parent if isinstance(owner, Region) else None
    if not isinstance(loop, Loop):
        return []
    args = loop.test.args if isinstance(loop, While) and owner is loop.test else loop.carried
    return _carried(loop, args.index(value)) if value in args else []


def _carried(loop: Loop, k: int) -> list[tuple[list[Value], int]]:
    return [(loop.inits, k), (loop.body.results, k + int(loop.exits))]
