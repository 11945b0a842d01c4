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
    checked, whole = set(), _Whole()
    for op in list(walk(function.body)):
        if not isinstance(op, Call) or not among(op.fn, _WRITES) or not _gives_floats(op):
            continue
        target = op.args[0]
        place = _before_loops(op, target)
        if (target, place) in checked or not whole.may_be(target) or place.parent is None:
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


class _Whole:
    """Which numbers may be integers, and which arrays and lists may hold nothing else, though no type says so.

    The least solution: what a loop hands on to itself is no reason.
    """

    def __init__(self) -> None:
        self._known: dict[Value, bool] = {}
        self._visited: set[Value] = set()
        self._depth = 0

    def may_be(self, value: Value) -> bool:
        before = None
        while before != self._known:
            before = dict(self._known)
            self._visited.clear()
            self._visit(value)
        return self._visit(value)

    def _visit(self, value: Value) -> bool:
        if isinstance(value, Const):
            return isinstance(value.value, (bool, int, np.integer, np.bool_))
        if not _is_open(value.type):
            return _is_whole(value.type)
        if value in self._visited or self._known.get(value, False) or self._depth == _DEEPEST:
            return self._known.get(value, False)
        self._visited.add(value)
        self._depth += 1
        if isinstance(value.type, List):
            known = True
        elif isinstance(value.owner, Call):
            known = self._visit_call(value.owner)
        else:
            known = any([self._visit(source) for source in _sources(value)])
        self._depth -= 1
        self._known[value] = known
        return known

    def _visit_call(self, op: Call) -> bool:
        first = op.args[0] if op.args else None
        reads = isinstance(first, Value) and op.fn is operator.getitem
        if reads and isinstance(first.type, (List, Tuple)):
            return is_scalar(op.outputs[0].type)
        if reads or (isinstance(first, Value) and isinstance(first.type, Array) and among(op.fn, VIEWS)):
            return self._visit(first)
        if "dtype" in op.kwargs:
            return not isinstance(op.kwargs["dtype"], Const)
        if not among(op.fn, _KEEPS_WHOLE):
            return False
        given = op.args[1:] if op.fn in (np.full, np.where) else op.args[:1] if among(op.fn, _ALIKE) else op.args
        numbers = [self._visit(v) for v in leaves(given) if isinstance(v.type, _NUMBERS)]
        return any(numbers) if op.fn in (max, min) else bool(numbers) and all(numbers)


_DEEPEST = 200
_NUMBERS = (PyScalar, NpScalar, Array, List, Unknown)


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
