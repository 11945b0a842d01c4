"""Temporaries that die are reused: `t = g * x; u = t * y` -> `t = g * x; t *= y`.

Only arrays that the function has allocated itself, that nothing refers to afterwards, not even through a view, and that
have the dtype and the full shape of the result. The reverse sweep may also take arrays that the forward sweep leaves to
it, except in a pullback, which must find them again: `y_bar = s * y` -> `y *= s; y_bar = y`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np

from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import is_view, only_metadata, written
from srcgrad.frontend.calls import is_library
from srcgrad.ir.flow import is_inside
from srcgrad.ir.nodes import Call, Function, Op, Region, Value, in_loop, walk
from srcgrad.ir.types import Array, is_scalar, same_dtype, shape_of
from srcgrad.rules.registry import hashable
from srcgrad.rules.shape import array_of_rows
from srcgrad.transform.cotangents import has_shape_of, is_fresh
from srcgrad.transform.simplify import replace_values

_IN_PLACE: dict[Callable, Callable] = {
    operator.mul: operator.imul,
    operator.add: operator.iadd,
    operator.sub: operator.isub,
    operator.truediv: operator.itruediv,
}
_COMMUTES = (operator.mul, operator.add)
_NEW = frozenset(
    [
        *(getattr(operator, name) for name in ["add", "sub", "mul", "truediv", "pow", "neg", "matmul", "abs"]),
        *(getattr(operator, name) for name in ["lt", "le", "eq", "ne", "gt", "ge", "mod", "floordiv"]),
        *(np.sum, np.mean, np.prod, np.max, np.min, np.amax, np.amin, np.var, np.std, np.cumsum, np.cumprod, np.dot),
        *(np.argmax, np.argmin, np.argsort, np.sort, np.where, np.outer, np.tril, np.triu, np.clip, np.concatenate),
        *(np.ndarray.copy, np.linalg.norm, np.linalg.solve, np.linalg.inv, np.stack, array_of_rows),
    ]
)
"""Functions of a user's program, besides the ufuncs, whose result shares no memory with their arguments."""


def reuse_temporaries(function: Function, across: bool) -> None:
    """Turns operations on dying temporaries into augmented assignments.

    Args:
        function: a complete function; it is changed.
        across: whether the reverse sweep may write into arrays of the forward sweep.
    """
    finder = _Finder(function, across)
    mapping: dict[Value, Value] = {}
    for region in [function.body, *[r for op in walk(function.body) for r in op.regions]]:
        _reuse_in(region, finder, mapping)
    replace_values(function.body, mapping)


def _reuse_in(region: Region, finder: _Finder, mapping: dict[Value, Value]) -> None:
    for op in region.ops:
        if not isinstance(op, Call) or len(op.outputs) != 1 or op.fn not in _IN_PLACE or op.kwargs:
            continue
        output, (a, b) = op.outputs[0], op.args
        # What is joined may be tuples of the program, which are no values.
        operands = [v for v in ((a, b) if op.fn in _COMMUTES else (a,)) if isinstance(v, Value)]
        if len(operands) > 1 and isinstance(b, Value) and b.hint is not None and b.hint == output.hint:
            operands.reverse()
        roots = [_root(target, mapping) for target in operands]
        for target, root in sorted(zip(operands, roots, strict=True), key=lambda pair: _is_renamed(pair[1], op)):
            if finder.dies_at(target, op) and finder.is_worth_it(target, root, op):
                break
        else:
            continue
        other = b if target is a else a
        op.fn, op.args = _IN_PLACE[op.fn], (root, other)
        if _is_renamed(root, op):
            continue
        op.outputs = []
        mapping[output] = root
        root.hint, root.primal = output.hint or root.hint, output.primal


def _root(value: Value, mapping: dict[Value, Value]) -> Value:
    while value in mapping:
        value = mapping[value]
    return value


def _is_forward(value: Value) -> bool:
    return isinstance(value.owner, Op) and value.owner.mirror is None


def _is_renamed(root: Value, op: Call) -> bool:
    """Whether memory takes another meaning, and so another name."""
    hint = op.outputs[0].hint
    return hint is not None and ((_is_forward(root) and op.mirror is not None) or root.hint not in (None, hint))


class _Finder:
    """Finds arrays that an operation may overwrite."""

    def __init__(self, function: Function, across: bool):
        self.across = across
        self.aliases = Aliases([function])
        self.users: dict[Value, list[Op | None]] = {}
        self.place: dict[Op, int] = {}
        for op in walk(function.body):
            self.place[op] = len(self.place)
            for value in dict.fromkeys(op.inputs):
                self.users.setdefault(value, []).append(op)
            for region in op.regions:
                for value in region.results:
                    self.users.setdefault(value, []).append(None)
        for value in function.body.results:
            self.users.setdefault(value, []).append(None)

    def dies_at(self, value: Value, op: Call) -> bool:
        """Whether an operand is memory of the function's own that ends here, and that can hold the result."""
        if not isinstance(value, Value) or sum(v is value for v in op.inputs) != 1:
            return False
        owner, output = value.owner, op.outputs[0]
        if not isinstance(owner, Call) or owner.parent is not op.parent or owner.unpacks:
            return False
        if not is_fresh(value) or not _holds(value, output):
            return False
        if owner.mirror is None and (not _makes_new(owner) or (op.mirror is not None and not self.across)):
            return False
        memory = self.aliases.find(value)
        if memory in self.aliases.merged or (
            # What is kept in lists or carried by loops stays as unwritten as it was: its shadows are simpler.
            owner.mirror is None and self.aliases.find(output) in self.aliases.merged
        ):
            return False
        return all(self._is_over(v, op) for v in self.aliases.members.get(memory, [value]) if v is not value) and all(
            user is op or self._precedes(user, op) for user in self.users[value]
        )

    def is_worth_it(self, value: Value, root: Value, op: Call) -> bool:
        """Whether the program reads as well: outside of loops no statement is taken apart to save memory."""
        output = op.outputs[0]
        named = root.hint is not None or self._is_named(value), self._is_named(output)
        repeated = op.mirror is not None and in_loop(op.parent)
        if not (any(named) if repeated else all(named)):
            return False
        if _is_renamed(root, op):
            # Two lines in place of one: outside of loops a vector is not worth it.
            return repeated or len(shape_of(value.type) or ()) > 1
        return not _is_forward(root) or op.mirror is None

    def _is_named(self, value: Value) -> bool:
        """Whether a value gets a statement of its own; what nests in an expression NumPy reuses by itself."""
        return value.hint is not None or len(self.users.get(value, ())) > 1

    def _is_over(self, view: Value, op: Call) -> bool:
        return all(self._precedes(user, op) for user in self.users.get(view, ()))

    def _precedes(self, user: Op | None, op: Call) -> bool:
        """Whether a user is done before an operation, and has kept no reference that is not known as a view."""
        if not isinstance(user, Call) or self.place[user] >= self.place[op] or not is_inside(user, op.parent):
            return False
        target = written(user)
        if target is not None:
            return isinstance(target.type, Array) and not user.outputs
        if user.mirror is None and not _makes_new(user) and not self._is_known_view(user):
            return False
        return bool(user.outputs) and all(
            is_scalar(o.type) or is_fresh(o) or self._is_known_view(user) for o in user.outputs
        )

    def _is_known_view(self, user: Call) -> bool:
        first = user.args[0] if user.args else None
        views = [o for o in user.outputs if not is_scalar(o.type)]
        # A function of the user's that returns a number may have put what it was given somewhere.
        certain = bool(views) or is_library(user.fn)
        return (
            certain
            and isinstance(first, Value)
            and all(self.aliases.find(o) is self.aliases.find(first) for o in views)
        )


def _makes_new(op: Call) -> bool:
    """Whether the result of a call is certainly no view of what it was given."""
    if not hashable(op.fn):
        return False
    by_array = op.fn is operator.getitem and not is_view(op)
    return by_array or isinstance(op.fn, np.ufunc) or op.fn in _NEW or only_metadata(op)


def _holds(value: Value, output: Value) -> bool:
    a, b = value.type, output.type
    if not (isinstance(a, Array) and isinstance(b, Array) and a.shape and b.shape and a.dtype is not None):
        return False
    return has_shape_of(a, b) and same_dtype(a.dtype, b.dtype)
