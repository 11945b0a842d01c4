"""Where values stand in control flow, and where it takes them from."""

from __future__ import annotations

from srcgrad.ir.nodes import Const, For, If, Loop, Op, Region, Value, While, leaves_loop


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
    found = [(loop.inits, k), (loop.body.results, k + int(loop.exits))]
    # A loop that is being transformed gets its results last.
    return [(values, place) for values, place in found if place < len(values)]


def has_turns(op: Loop) -> bool:
    """Whether a loop surely runs at least once."""
    if not isinstance(op, For) or not all(isinstance(v, Const) for v in (op.start, op.stop, op.step)):
        return False
    return len(range(op.start.value, op.stop.value, op.step.value)) > 0  # type: ignore[attr-defined]


def rests(loop: Loop, k: int) -> bool:
    """Whether a loop hands a carried value on as it was from turn to turn: the turn alone that leaves it changes it.

    That is what becomes of a `return` in a loop, and of `found = x; break`.
    """
    return loop.exits and all(
        code is not None and (leaves_loop(code) or result is loop.carried[k]) for code, result in _ends(loop, k)
    )


def left_with(loop: Loop, k: int) -> list[Value]:
    """What a carried value may be where the body leaves a loop."""
    return [result for code, result in _ends(loop, k) if code is None or leaves_loop(code)]


def _ends(loop: Loop, k: int) -> list[tuple[int | None, Value]]:
    """Exit codes of the body of a loop, None for those that the run decides, each with what is handed on there."""
    found: list[tuple[int | None, Value]] = []
    pending = [(loop.body.results[0], loop.carried_results[k])]
    while pending:
        code, result = pending.pop()
        branch = code.owner
        if isinstance(code, Const) or not isinstance(branch, If):
            found.append((code.value if isinstance(code, Const) else None, result))
            continue
        for region in branch.regions:
            inner = region.results[branch.outputs.index(result)] if result in branch.outputs else result
            pending.append((region.results[branch.outputs.index(code)], inner))
    return found
