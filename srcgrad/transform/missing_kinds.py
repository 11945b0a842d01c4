"""Arrays and lists in place of the None that stands for them on the paths that leave them undefined.

Before -> after: `w = None; for ...: w = np.exp(x)` -> `w = np.zeros_like(x); for ...: w = np.exp(x)`. Then its kind is
known where the code is compiled or read again. If nothing that is there before is as long, the array is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.memory import among
from srcgrad.ir.flow import sources
from srcgrad.ir.nodes import Call, Const, Function, If, Loop, Op, Region, Value, While, leaves, walk
from srcgrad.ir.types import F8, NONE, Array, Dim, List, Type, same_length
from srcgrad.transform.definedness import Filler
from srcgrad.transform.split import first_of_reverse

_LIKE = frozenset([runtime.shadow_of, np.ndarray.copy, runtime.copied, np.zeros_like])
"""What makes arrays as long as their last argument, to which nothing is added where that is not there."""


def keep_kinds(function: Function) -> None:
    """Makes what `define_everywhere` has put in place of an array or list an array or list.

    It comes last: while a function is built, its operations are walked and counted, and no others may come between.
    """
    slots = [
        (output.type, values, k, op)
        for op in walk(function.body)
        for output in (op.outputs if isinstance(op, (If, Loop)) else ())
        for values, k in sources(output)
        if isinstance(values[k], Filler) and values[k].type == NONE
    ]
    if not slots:
        return
    targets = _targets(function)
    passed_on = {value for names in targets.values() for value in names}
    for t, values, k, op in slots:
        made = _as_long_as_another(t, [v for v in _known_before(function, values, op) if v not in passed_on])
        if made is None:
            made = _empty(t)
            if made is None:
                continue
            _forget_lengths(_reached(targets[values[k]], targets))
        values[k] = _put(made, values, op)
    if function.backward_from is not None:
        function.backward_from = first_of_reverse(function)


def _as_long_as_another(t: Type, others: Iterable[Value]) -> Call | None:
    """What makes an array of a kind and of its lengths, where another one has them."""
    if not isinstance(t, Array) or t.shape is None or t.dtype is None:
        return None
    for other in others:
        own = other.type.shape if isinstance(other.type, Array) and other.type.dtype == t.dtype else None
        if own is not None and len(own) == len(t.shape) and all(map(same_length, own, t.shape)):
            return Call(np.zeros_like, (other,), {}, [Value(t)])
    return None


def _known_before(function: Function, values: list[Value], op: Op) -> Iterator[Value]:
    """What is there for certain where values that flow into an output of a branch or loop are known."""
    yield from function.params
    yield from function.captured
    region, place = _place(values, op)
    found: list[Value] = []
    while True:
        found += [v for before in region.ops[:place] if isinstance(before, Call) for v in before.outputs]
        around = region.parent
        if around is None or around.parent is None:
            break
        region, place = around.parent, around.parent.ops.index(around)
    yield from found


def _forget_lengths(values: Iterable[Value]) -> None:
    """Gives values that may be empty lengths of their own: compiled code relies on those of types."""
    for value in values:
        t = value.type
        if isinstance(t, Array) and t.shape is not None:
            value.type = Array(t.dtype, tuple([Dim(f"%{value.uid}.{k}") for k in range(len(t.shape))]))


def _reached(values: Iterable[Value], targets: dict[Value, list[Value]]) -> set[Value]:
    """Values and all that they flow into."""
    pending, found = list(values), set(values)
    while pending:
        fresh = [v for v in targets.get(pending.pop(), ()) if v not in found]
        found.update(fresh)
        pending += fresh
    return found


def _targets(function: Function) -> dict[Value, list[Value]]:
    """What each value flows into as it is, by itself or by way of a tape, and what is made as long as it is."""
    found: dict[Value, list[Value]] = {}
    puts: dict[Value, list[Value]] = {}
    for op in walk(function.body):
        names: list[list[Value]] = [[output] for output in op.outputs] if isinstance(op, If) else []
        if isinstance(op, Loop):
            tests = op.test.args if isinstance(op, While) else op.carried
            names = [list(slot) for slot in zip(op.carried, tests, op.carried_outputs, strict=True)]
        for slot in names:
            for values, k in sources(slot[-1]):
                found.setdefault(values[k], []).extend(slot)
        if isinstance(op, Call) and among(op.fn, _LIKE) and isinstance(op.args[-1], Value):
            found.setdefault(op.args[-1], []).extend(op.outputs)
        elif isinstance(op, Call) and op.fn is list.append:
            puts[op.args[0]] = list(leaves(op.args[1]))
        elif isinstance(op, Call) and op.fn is list.pop and len(puts.get(op.args[0], ())) == len(op.outputs):
            for value, output in zip(puts[op.args[0]], op.outputs, strict=True):
                found.setdefault(value, []).append(output)
    return found


def _empty(t: Type) -> Call | None:
    """What makes an empty array or list of a kind; None if the kind is not known."""
    if type(t) is List:
        return Call(list, (), {}, [Value(t)])
    if not isinstance(t, Array) or t.shape is None or t.dtype is None:
        return None
    shape = (0,) * len(t.shape) if len(t.shape) != 1 else 0
    kwargs = {} if t.dtype == F8 else {"dtype": Const(t.dtype.type)}
    made = Value(Array(t.dtype, (0,) * len(t.shape)))
    return Call(np.zeros, (Const(shape) if isinstance(shape, int) else tuple(map(Const, shape)),), kwargs, [made])


def _place(values: list[Value], owner: Op) -> tuple[Region, int]:
    """Where values that flow into an output of a branch or loop are known."""
    inner = next((region for region in owner.regions if values is region.results), None)
    if inner is not None:
        return inner, len(inner.ops)
    assert owner.parent is not None
    return owner.parent, owner.parent.ops.index(owner)


def _put(op: Call, values: list[Value], owner: Op) -> Value:
    """Adds an operation there."""
    region, place = _place(values, owner)
    op.mirror, op.parent = owner.mirror, region
    region.ops.insert(place, op)
    return op.outputs[0]
