"""The reverse of control flow: branches take the same side again, loops run their iterations backwards."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from srcgrad.analysis.activity import flows
from srcgrad.analysis.memory import written
from srcgrad.frontend.merging import NEXT, Branch, Outcome, join_branches, resume
from srcgrad.frontend.store import MISSING
from srcgrad.ir.flow import has_turns
from srcgrad.ir.nodes import Call, Const, For, If, Invoke, Loop, Op, Raise, Region, Value, While, walk
from srcgrad.ir.types import INT, Unknown
from srcgrad.transform import cotangents
from srcgrad.transform.ambiguous import cotangent, pass_on
from srcgrad.transform.cotangents import zero_of
from srcgrad.transform.definedness import define_everywhere
from srcgrad.transform.strong_zeros import Zeros

if TYPE_CHECKING:
    from srcgrad.transform.reverse import Reverse


def reverse_if(reverse: Reverse, op: If) -> None:
    """Emits the reverse of a branch: an `if` on the same condition, with the reverse of each side."""
    gs = {
        k: reverse.cotangent_of_output(o)
        for k, o in enumerate(op.outputs)
        if reverse.activity.active(o) and not reverse.is_buffer(o)
    }
    if not _worth_reversing(reverse, op):
        return
    branches = [_reverse_region(reverse, op, region, gs) for region in op.regions]
    touched = [key for branch in branches for key in branch.changes if _is_cotangent_key(key)]
    levels = {key: max(_level_after(reverse, branch, key) for branch in branches) for key in touched}
    for k, branch in enumerate(branches):
        missing = [key for key in levels if key not in branch.changes]
        missing = [key for key in missing if reverse.lo.store.get(key) is MISSING]
        if missing:
            branches[k] = resume(reverse.lo, branch, lambda missing=missing: _set_zeros(reverse, missing))
    reverse.lo.span = op.span
    join_branches(reverse.lo, _side_taken(op), *branches)
    for key, level in levels.items():
        merged = reverse.lo.store.get(key)
        if isinstance(merged, Value) and merged.owner is reverse.lo.region.ops[-1]:
            merged.type = cotangents.merged_type(merged, key[1])
            merged.hint = f"{key[1].hint}_bar" if key[1].hint else None
            merged.primal = key[1]
            reverse.zeros.mark(merged, level)


def _side_taken(op: If) -> Value:
    """Which side has to be reversed: after one that raises there is no reverse sweep."""
    for region, other in zip(op.regions, reversed(op.regions), strict=True):
        if _raises(other) and not _raises(region):
            return Const(region is op.then)
    return op.condition


def _raises(region: Region) -> bool:
    """Whether control never reaches the end of a region."""
    last = region.ops[-1] if region.ops else None
    return isinstance(last, Raise) or (isinstance(last, If) and all(map(_raises, last.regions)))


def _level_after(reverse: Reverse, branch: Branch, key: tuple) -> Zeros:
    """The zeros in a cotangent after one side of a branch: on a side that adds nothing it is zero altogether."""
    known = branch.changes.get(key, reverse.lo.store.get(key))
    if known is not MISSING:
        return reverse.zeros.of(known)
    return Zeros.UNUSED if isinstance(key[1].owner, Call) else Zeros.NONE


def _is_cotangent_key(key: Any) -> bool:
    return isinstance(key, tuple) and key[0] == "bar"


def _set_zeros(reverse: Reverse, keys: list[tuple]) -> Outcome:
    for key in keys:
        value = key[1]
        zero = cotangent(reverse, value) if value in reverse.doubtful else zero_of(reverse.lo, value)
        reverse.lo.store.set(key, zero)
    return NEXT


def _reverse_region(reverse: Reverse, op: If, region: Region, gs: dict[int, Value | None]) -> Branch:
    """The reverse of one side of a branch."""
    made = Region()
    made.mirror = region
    reverse.mirrors[region] = made
    reverse.lo.span = reverse.mirror.span if reverse.mirror is not None else None
    with reverse.lo.store.branch() as changes, reverse.lo.into(made):
        for k, g in gs.items():
            if g is not None:
                pass_on(reverse, region.results[k], op.outputs[k], g)
        reverse.reverse_ops([] if _raises(region) else region.ops)
        for inner in _defined_in(region):
            reverse.lo.store.set(reverse.key(inner), MISSING)
    for key in [k for k, v in changes.items() if v is MISSING]:
        del changes[key]
    return Branch(made, changes, NEXT)


def _worth_reversing(reverse: Reverse, op: Op) -> bool:
    """Whether the reverse of an operation with regions does anything: cotangents flow, or memory is written."""
    if any(reverse.activity.active(t) for t, _ in flows(op)):
        return True
    for region in op.regions:
        for inner in walk(region):
            if isinstance(inner, Call) and written(inner) is not None:
                return True
            if isinstance(inner, Invoke) or any(reverse.activity.active(v) for v in (*inner.inputs, *inner.outputs)):
                return True
    return False


def reverse_loop(reverse: Reverse, op: Loop) -> None:
    """Emits the reverse of a loop: a loop over the same iterations backwards, which carries cotangents."""
    if not _worth_reversing(reverse, op):
        return
    zeros = reverse.zeros
    slots = [k for k, arg in enumerate(op.carried) if reverse.activity.active(arg) and not reverse.is_buffer(arg)]
    outside = _outside_values(reverse, op)
    body = Region()
    body.mirror = op.body
    reverse.mirrors[op.body] = body
    bounds, index = _reversed_bounds(op)
    left = _left_behind(reverse, op, slots)
    inits, params, before = [], [], []
    for k in slots:
        g = reverse.cotangent_of_output(op.carried_outputs[k])
        inits.append(reverse.full_cotangent(g, op.carried_outputs[k]))
        params.append(zeros.mark(_cotangent_argument(op.carried[k], op.carried_results[k]), zeros.of(g)))
    for value in outside:
        g = reverse.bar(value)
        inits.append(reverse.full_cotangent(g, value))
        unused = g is None and isinstance(value.owner, Call)
        params.append(zeros.mark(_cotangent_argument(value), Zeros.UNUSED if unused else zeros.of(g)))
        before.append(Zeros.UNUSED if unused and not has_turns(op) else Zeros.NONE)
    body.args = [index, *params]
    for param in body.args:
        param.owner = body
    with reverse.lo.store.branch(), reverse.lo.into(body):
        for value, param in zip(outside, params[len(slots) :], strict=True):
            reverse.lo.store.set(reverse.key(value), param)
        for k in slots:
            reverse.lo.store.set(reverse.key(op.carried[k]), MISSING)
        for k, param in zip(slots, params, strict=False):
            pass_on(reverse, op.carried_results[k], op.carried[k], param)
        for k, g in left:
            pass_on(reverse, op.carried_results[k], op.carried_outputs[k], g)
        _bind_index(reverse, op, index)
        reverse.reverse_ops(op.body.ops)
        unread = [reverse.lo.store.get(reverse.key(op.carried[k])) is MISSING for k in slots]
        ends = [reverse.full_cotangent(reverse.bar(op.carried[k]), op.carried[k]) for k in slots]
        levels = [Zeros.UNUSED if nothing else zeros.of(end) for nothing, end in zip(unread, ends, strict=True)]
        ends += [reverse.lo.value(reverse.lo.store.get(reverse.key(value))) for value in outside]
        levels += [max(level, zeros.of(end)) for level, end in zip(before, ends[len(slots) :], strict=True)]
        body.results = ends
    outputs = [zeros.mark(Value(p.type, p.hint, op.span), level) for p, level in zip(params, levels, strict=True)]
    for output, param in zip(outputs, params, strict=True):
        output.primal = param.primal
    for k, output in zip(slots, outputs, strict=False):
        if isinstance(output.type, Unknown):
            output.type = op.inits[k].type if isinstance(op.inits[k].type, Unknown) else Unknown()
    backwards = not (isinstance(op, For) and op.backwards)
    reverse.lo.append(For(*bounds, inits, body, False, outputs, op.span, backwards))
    for value, output in zip(outside, outputs[len(slots) :], strict=True):
        reverse.lo.store.set(reverse.key(value), output)
    for k, output in zip(slots, outputs, strict=False):
        if not isinstance(op.inits[k], Const):
            pass_on(reverse, op.inits[k], op.carried[k], output)


def _left_behind(reverse: Reverse, op: Loop, slots: list[int]) -> list[tuple[int, Value]]:
    """The cotangents of what no turn hands to another, only the one that leaves the loop to what follows it."""
    found = []
    for k, output in enumerate(op.carried_outputs):
        if k not in slots and not reverse.is_buffer(output):
            g = reverse.cotangent_of_output(output)
            if g is not None:
                if isinstance(output.type, Unknown):
                    define_everywhere(output)
                found.append((k, reverse.zeros.mark(reverse.full_cotangent(g, output), reverse.zeros.of(g))))
    return found


def _cotangent_argument(value: Value, shaped: Value | None = None) -> Value:
    """The cotangent that a reversed loop carries for a value; at the start of the body it has the shape of another."""
    t = value.type
    if shaped is not None and isinstance(t, Unknown):
        t = shaped.type if isinstance(shaped.type, Unknown) else Unknown()
    argument = Value(t, f"{value.hint}_bar" if value.hint else None, value.span)
    argument.primal = value
    return argument


def _outside_values(reverse: Reverse, op: Loop) -> list[Value]:
    """Active values of enclosing regions that the body adds to the SSA cotangents of."""
    inside = set(_defined_in(op.body))
    found: dict[Value, None] = {}
    for region in op.regions[-1:]:
        for inner in walk(region):
            sources = inner.inputs if not inner.regions else []
            sources = [*sources, *[v for r in inner.regions for v in r.results]]
            if isinstance(inner, Loop):
                sources += inner.inits
            for value in sources:
                found.setdefault(value)
        for value in region.results:
            found.setdefault(value)
    return [
        v
        for v in found
        if v not in inside and reverse.activity.active(v) and not reverse.is_buffer(v) and v not in reverse.accumulators
    ]


def _reversed_bounds(op: Loop) -> tuple[tuple[Value, Value, Value], Value]:
    """The range of the reversed loop, and its index."""
    if isinstance(op, For) and not op.exits:
        index = Value(INT, op.index.hint, op.span)
        return (op.start, op.stop, op.step), index
    trips = count_trips(op)
    hint = op.index.hint if isinstance(op, For) and _counts_from_zero(op) else None
    return (Const(0), trips, Const(1)), Value(INT, hint, op.span)


def _bind_index(reverse: Reverse, op: Loop, index: Value) -> None:
    """Makes the index of the forward loop available in the reversed one."""
    if not isinstance(op, For):
        return
    if not op.exits or _counts_from_zero(op):
        reverse.indices[op.index] = index
        return
    scaled = index if cotangents.is_number(op.step, 1) else reverse.lo.emit(operator.mul, index, op.step)
    reverse.indices[op.index] = reverse.lo.value(reverse.lo.emit(operator.add, op.start, scaled, hint=op.index.hint))


def _defined_in(region: Region) -> list[Value]:
    """The values that a region and the regions in it define."""
    found = list(region.args)
    for op in walk(region):
        found += op.outputs
        for inner in op.regions:
            found += inner.args
    return found


def _counts_from_zero(op: For) -> bool:
    return cotangents.is_number(op.start, 0) and cotangents.is_number(op.step, 1)


def count_trips(op: Loop) -> Value:
    """Makes a loop of the forward sweep count its iterations; the number of them."""
    arg = Value(INT, "trips", op.span)
    arg.owner = op.body
    more = Value(INT, "trips", op.span)
    op.body.ops.insert(0, Call(operator.add, (arg, Const(1)), {}, [more], op.span))
    op.body.ops[0].parent = op.body
    op.body.args.append(arg)
    op.body.results.append(more)
    op.inits.append(Const(0))
    if isinstance(op, While):
        own = Value(INT, "trips", op.span)
        own.owner = op.test
        op.test.args.append(own)
    output = Value(INT, "trips", op.span)
    output.owner = op
    op.outputs.append(output)
    return output
