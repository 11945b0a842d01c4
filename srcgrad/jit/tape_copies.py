"""What a tape keeps of an array that nobody writes is a copy: it has a row of the tape to go to.

Before -> after, where `x` is what a loop carries, and its length is known:

    tape.append(x)                               x_1 = x.copy()
                                                 tape.append(x_1)

The tape becomes one array (`tapes`), in place of a list of as many arrays as there are turns.
"""

from __future__ import annotations

import numpy as np

from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import among
from srcgrad.ir.nodes import Call, Function, Op, Value, leaves, walk
from srcgrad.jit import helpers
from srcgrad.jit.pointwise import pointwise
from srcgrad.jit.tapes import Tape, tapes_of
from srcgrad.transform.definedness import may_be_missing

_LOOKUPS = frozenset([helpers.shadow_in, helpers.shadow_through])


def copy_to_tapes(functions: list[Function]) -> None:
    """Has tapes keep copies of arrays that are not made where they are pushed.

    Args:
        functions: all functions of a module, before their array operations become loops; they are changed.
    """
    found = [(tape, k) for f in functions for tape in tapes_of(f) for k in _candidates(tape, f)]
    if not found:
        return
    aliases = Aliases(functions)
    calls = [op for f in functions for op in walk(f.body) if isinstance(op, Call)]
    # A copy has another shadow.
    shadowed = {aliases.find(v) for op in calls if among(op.fn, _LOOKUPS) for v in leaves(op.args[1:])}
    for tape, k in found:
        value = tape.values[k]
        memory = aliases.find(value)
        if memory not in aliases.written and memory not in aliases.identified and memory not in shadowed:
            _copy(tape.push, k, value)


def _candidates(tape: Tape, function: Function) -> list[int]:
    if not tape.has_fixed_turns():
        return []
    found = [k for k, v in enumerate(tape.values) if not _is_made_there(v, tape.push) and tape.has_row(v, function)]
    return [k for k in found if not may_be_missing(tape.values[k])]


def _is_made_there(value: Value, push: Op) -> bool:
    """Whether loops over elements make the array, beside the push: they can write to the row itself."""
    owner = value.owner
    return isinstance(owner, Call) and owner.parent is push.parent and pointwise(owner) is not None


def _copy(push: Call, k: int, value: Value) -> None:
    copied = Value(value.type, value.hint, push.span)
    copied.primal = value.primal
    copy = Call(np.ndarray.copy, (value,), {}, [copied], push.span)
    region = push.parent
    assert region is not None
    copy.parent, copy.mirror = region, push.mirror
    region.ops.insert(region.ops.index(push), copy)
    item = push.args[1]
    items = tuple([copied if j == k else v for j, v in enumerate(item)]) if isinstance(item, tuple) else copied
    push.args = (push.args[0], items)
