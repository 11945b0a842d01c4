"""Random numbers in what is run again: drawn from copies of their generator, which draw the same ones each time.

Before -> after, for a checkpointed loop: `for k in range(n): if k > 1: x += rng.normal()` ->
`g = copy(rng); for k in range(n): { g = copy(g); if k > 1: x += g.normal() }; advance(rng, g)`.
"""

from __future__ import annotations

from typing import Any

from srcgrad import schedule
from srcgrad.ir.nodes import Call, Const, For, Op, Region, Value, within
from srcgrad.transform.effects import advances, draws, generator_of, repeated_draws


def draw_from_copies(region: Region, ops: list[Op], again: bool) -> list[Op]:
    """Lets operations that are to be run again, one checkpointed loop or others, draw from copies.

    That is for draws in branches and loops, where a loop may be left early, and in what is run again as a part of
    something else, all from one generator: what others return is kept.

    Args:
        region: where they stand; what is to be done before and after them is put there.
        ops: the operations, which are changed.
        again: whether what they are a part of is run again, too.

    Returns:
        the operations, with more of them where they are no loop.
    """
    loop = ops[0] if isinstance(ops[0], For) and ops[0].slots is not None else None
    top = ops if loop is None else loop.body.ops
    everything = within(top)
    found = _drawing(ops, everything)
    generator = _shared(found, everything)
    leaves_early = loop is not None and loop.exits
    at_once = all(op in top and draws(op.fn) for op in found) and not leaves_early
    if generator is None or (at_once and not again):
        return ops
    span = ops[0].span
    first, start, own, last = (_like(generator) for _ in range(4))
    for op in found:
        op.fn, op.args = _unbound(op)
        op.args = (own, *op.args[1:])
    before = Call(schedule.copied_generator, (generator,), {}, [first], span)
    after = Call(schedule.advance, (generator, last if loop is not None else own), {}, [], span)
    if loop is None:
        made = [Call(schedule.copied_generator, (first,), {}, [own], span), *ops]
    else:
        start.owner = loop.body
        loop.inits.append(first)
        loop.body.args.append(start)
        loop.body.ops.insert(0, Call(schedule.copied_generator, (start,), {}, [own], span))
        loop.body.ops[0].parent = loop.body
        loop.body.results.append(own)
        last.owner = loop
        loop.outputs.append(last)
        made = ops
    place = region.ops.index(ops[0])
    region.ops[place : place + len(ops)] = [before, *made, after]
    for op in region.ops:
        op.parent = region
    return made


def _like(generator: Value) -> Value:
    return Value(generator.type, generator.hint, generator.span)


def _drawing(ops: list[Op], everything: list[Op]) -> list[Call]:
    """The calls that draw from generators, or set or copy them, but for those that are made in the operations."""
    made = {v for op in everything for v in (*op.outputs, *(arg for region in op.regions for arg in region.args))}
    made |= {arg for op in ops for region in op.regions for arg in region.args}
    repeated = repeated_draws(everything)
    calls = [op for op in everything if isinstance(op, Call) and op not in repeated]
    calls = [op for op in calls if advances(op) or op.fn is schedule.copied_generator]
    return [op for op in calls if generator_of(op) not in made]


def _shared(found: list[Call], everything: list[Op]) -> Value | None:
    """The one generator that all calls draw from, which is not used in another way; None if there is none."""
    generators = [generator_of(op) for op in found]
    one = generators[0] if generators else None
    if one is None or any(not _is_same(one, other) for other in generators):
        return None
    used = any(one in op.inputs for op in everything if op not in found)
    handed_on = any(one in region.results for op in everything for region in op.regions)
    return None if used or handed_on else one


def _is_same(a: Value, b: Value | None) -> bool:
    return a is b or (isinstance(a, Const) and isinstance(b, Const) and a.value is b.value)


def _unbound(op: Call) -> tuple[Any, tuple]:
    """The method that a call draws with, and its arguments with the generator."""
    own = getattr(op.fn, "__self__", None)
    return (op.fn, op.args) if own is None else (getattr(type(own), op.fn.__name__), (own, *op.args))
