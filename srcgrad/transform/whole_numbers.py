"""Arrays that may turn out to be of integers, and are written with floats: NumPy truncates these without a word.

What a name holds may be an integer on one path and a float on another (`total = 0`, then a loop that adds floats), and
an array made of such numbers is of integers where all of them are. The code is for floats. Before -> after:
`v = np.array([total, 1]); v[0] = y` -> `v = np.array([total, 1]); check_floats(v); v[0] = y`.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from srcgrad import checks
from srcgrad.analysis.memory import ITEM_UPDATES, among
from srcgrad.ir.nodes import Call, Const, Function, If, Loop, Op, Region, Value, leaves, walk
from srcgrad.ir.types import Array, List, NpScalar, PyScalar, Tuple, Type, Unknown, is_scalar
from srcgrad.rules.registry import VIEWS

_MAKERS = frozenset([np.array, np.asarray, np.full, np.copy, np.atleast_1d, np.concatenate, np.stack, np.hstack])
_ALIKE = frozenset([np.zeros_like, np.ones_like, np.empty_like, np.full_like])
_KEEPS_WHOLE = frozenset(
    [
        *(operator.add, operator.sub, operator.mul, operator.neg, operator.pos, operator.abs, operator.pow),
        *(operator.floordiv, operator.mod, np.add, np.subtract, np.multiply, np.power, np.maximum, np.minimum),
        *(np.negative, np.abs, abs, sum, max, min, np.where, np.clip, np.cumsum, np.repeat, np.tile),
        *(*_MAKERS, *_ALIKE),
    ]
)
"""What gives integers if all it is given is integers."""
_WRITES = frozenset([operator.setitem, np.add.at, *ITEM_UPDATES])


def check_written(function: Function) -> None:
    """Lets the program refuse arrays of integers where it writes floats to them."""
    checked = set()
    for op in list(walk(function.body)):
        if not isinstance(op, Call) or not among(op.fn, _WRITES) or not _gives_floats(op):
            continue
        target = op.args[0]
        place = _before_loops(op, target)
        if (target, place) in checked or not _may_be_whole(target) or place.parent is None:
            continue
        checked.add((target, place))
        check = Call(checks.check_floats, (target,), {}, [], op.span)
        check.parent = place.parent
        place.parent.ops.insert(place.parent.ops.index(place), check)


def _before_loops(op: Op, target: Value) -> Op:
    """The operation or, if it stands in loops that find the target made, the outermost of these."""
    owner = target.owner
    home = owner if isinstance(owner, Region) else None if owner is None else owner.parent
    found, inner = op, op
    while inner.parent is not None and inner.parent is not home and inner.parent.parent is not None:
        inner = inner.parent.parent
        found = inner if isinstance(inner, Loop) else found
    return found


def _gives_floats(op: Call) -> bool:
    """Whether floats are written to what is not known to be an array of integers."""
    target, *given = op.args
    if not isinstance(target, Value) or not isinstance(target.type, (Array, Unknown)) or _is_whole(target.type):
        return False
    return any(value.type.differentiable for value in leaves(given) if not isinstance(value, Const))


def _may_be_whole(value: Value, path: frozenset[Value] = frozenset()) -> bool:
    """Whether a number, or all numbers of an array or list, may be integers, though the type does not say so."""
    if isinstance(value, Const):
        return isinstance(value.value, (bool, int, np.integer, np.bool_))
    if value in path:
        return False
    if not _is_open(value.type):
        return _is_whole(value.type)
    if isinstance(value.type, List):
        return True
    path |= {value}
    owner: Any = value.owner
    if isinstance(owner, Call):
        return _call_may_be_whole(owner, path)
    return any(_may_be_whole(source, path) for source in _sources(value))


def _sources(value: Value) -> list[Value]:
    """What a value may be that a branch or a loop gives, or that a loop hands on."""
    owner: Any = value.owner
    if isinstance(owner, If):
        k = owner.outputs.index(value)
        return [owner.then.results[k], owner.orelse.results[k]]
    loop, values = (owner, owner.carried_outputs) if isinstance(owner, Loop) else (getattr(owner, "parent", None), None)
    if not isinstance(loop, Loop):
        return []
    values = loop.carried if values is None else values
    return [pair[k] for k in range(len(values)) if values[k] is value for pair in (loop.inits, loop.carried_results)]


def _call_may_be_whole(op: Call, path: frozenset[Value]) -> bool:
    first = op.args[0] if op.args else None
    reads = isinstance(first, Value) and op.fn is operator.getitem
    if reads and isinstance(first.type, (List, Tuple)):
        return is_scalar(op.outputs[0].type)
    if reads or (isinstance(first, Value) and isinstance(first.type, Array) and among(op.fn, VIEWS)):
        return _may_be_whole(first, path)
    if "dtype" in op.kwargs:
        return not isinstance(op.kwargs["dtype"], Const)
    if not among(op.fn, _KEEPS_WHOLE):
        return False
    given = op.args[1:] if op.fn in (np.full, np.where) else op.args[:1] if among(op.fn, _ALIKE) else op.args
    numbers = [value for value in leaves(given) if isinstance(value.type, (PyScalar, NpScalar, Array, List, Unknown))]
    some = any if op.fn in (max, min) else all
    return bool(numbers) and some(_may_be_whole(value, path) for value in numbers)


def _is_open(t: Type) -> bool:
    """Whether a type leaves open whether it is of integers."""
    if isinstance(t, List):
        return _is_open(t.item)
    if isinstance(t, Array):
        return t.dtype is None or t.dtype.kind == "f"
    number = isinstance(t, (PyScalar, NpScalar))
    return isinstance(t, Unknown) or (number and (t.kind if isinstance(t, PyScalar) else t.dtype.kind) == "f")


def _is_whole(t: Type) -> bool:
    if isinstance(t, List):
        return _is_whole(t.item)
    if isinstance(t, (Array, NpScalar)):
        return t.dtype is not None and t.dtype.kind in "iub"
    return isinstance(t, PyScalar) and t.kind in "ib"
