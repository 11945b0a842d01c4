"""Names for values: few, the user's own, and never two meanings at once.

Values that are copied into each other (around loops and behind branches), and values with the same hint, get one name
where their live ranges do not overlap; a value that needs a name of its own gets a suffix.
"""

from __future__ import annotations

import bisect
import operator
from typing import Any

from srcgrad.analysis.memory import item_update
from srcgrad.analysis.words import EXITS, LONGEST, adjoint, identifier, word
from srcgrad.backend.liveness import Interval, Liveness
from srcgrad.backend.nesting import Plan
from srcgrad.backend.structure import Copy, Stmt, children
from srcgrad.ir.nodes import Call, Const, For, Function, If, Loop, Op, Value, leaves, walk
from srcgrad.ir.types import Array, NpScalar, PyScalar, Type

NAMELESS = "value"
"""The name of a value of which nothing better is known."""


def unique(base: str, taken: set[str]) -> str:
    """The base itself or, if that is taken, the first of `base_1`, `base_2` ... that is not."""
    name, k = base, 0
    while name in taken:
        k += 1
        name = f"{base}_{k}"
    return name


class _Class:
    """Values that share a name."""

    __slots__ = ("fixed", "hint", "intervals", "members", "weak")

    def __init__(self, value: Value, intervals: list[Interval], hint: str | None, fixed: bool):
        self.members = [value]
        self.intervals = intervals
        self.hint = hint
        self.weak = hint is None
        self.fixed = fixed

    def overlaps(self, other: _Class) -> bool:
        few, many = self.intervals, other.intervals
        if len(few) > len(many):
            few, many = many, few
        for start, end in few:
            k = bisect.bisect_left(many, (start, start))
            if (k < len(many) and many[k][0] < end) or (k and many[k - 1][1] > start):
                return True
        return False

    def absorb(self, other: _Class) -> None:
        self.members += other.members
        self.fixed |= other.fixed
        self.weak &= other.weak
        if self.hint is None or (other.fixed and other.hint is not None):
            self.hint = other.hint
        if len(other.intervals) < 8:
            for interval in other.intervals:
                bisect.insort(self.intervals, interval)
        else:
            self.intervals = sorted(self.intervals + other.intervals)


def merged_hints(function: Function) -> dict[Value, str]:
    """Hints for unnamed values where paths meet: the hint of all that flows into them, if it is one and the same."""
    hints: dict[Value, str] = {}
    pending: list[tuple[Value, list[Value]]] = []
    for op in walk(function.body):
        if isinstance(op, If):
            pending += [(o, [a, b]) for o, a, b in zip(op.outputs, op.then.results, op.orelse.results, strict=True)]
        elif isinstance(op, Loop):
            for arg, init, result, out in zip(
                op.carried, op.inits, op.carried_results, op.carried_outputs, strict=True
            ):
                pending += [(arg, [init, result]), (out, [arg])]
    for value, sources in pending:
        found = {hints.get(s, s.hint) for s in sources if not isinstance(s, Const) and s is not value}
        if value.hint is None and len(found) == 1 and (hint := found.pop()) is not None:
            hints[value] = hint
    return hints


class Namer:
    """Chooses the names of one function.

    Attributes:
        one_kind: whether a name is for values of one kind: Numba has to find one for what a name is behind a branch.
        names: value -> its name.
        unused: a name for what is thrown away.
    """

    def __init__(self, function: Function, block: list[Stmt], plan: Plan, reserved: set[str], one_kind: bool = False):
        self.plan = plan
        self.one_kind = one_kind
        self.function = function
        self.reserved = reserved
        self.hints = merged_hints(function) | {v: EXITS.get(code, "left") for v, code in plan.exit_flags.items()}
        self.users = _users(function)
        self.captured = set(function.captured)
        self.live = Liveness(function, block, plan)
        self.classes: dict[Value, _Class] = {}
        self.names: dict[Value, str] = {v: v.hint or "captured" for v in function.captured}
        self._make_classes()
        self._coalesce_copies(block)
        self._coalesce_hints()
        self._choose()

    def _make_classes(self) -> None:
        params = set(self.function.params)
        for v in self.live.order:
            if v not in self.captured:
                hint = self.hints.get(v, v.hint)
                # A parameter keeps its name as it is; anything else becomes a valid name that shadows nothing in use.
                hint = hint if hint is None or v in params else identifier(hint)
                self.classes[v] = _Class(v, self.live.ranges[v], hint, v in params)
        for v in self.function.params:
            self.classes.setdefault(v, _Class(v, [], v.hint, True))

    def _merge(self, a: _Class, b: _Class) -> None:
        if len(a.members) < len(b.members):
            a, b = b, a
        a.absorb(b)
        for member in b.members:
            self.classes[member] = a

    def _coalesce_copies(self, block: list[Stmt]) -> None:
        pairs: list[tuple[int, int, Value, Value]] = []
        stack = [(block, 0)]
        while stack:
            inner, depth = stack.pop()
            for stmt in inner:
                if isinstance(stmt, Copy):
                    for dst, src in stmt.pairs:
                        if not isinstance(src, Const) and src not in self.captured:
                            pairs.append((-depth, len(pairs), dst, src))
                stack += [(child, depth + 1) for child in children(stmt)]
        for _, _, dst, src in sorted(pairs, key=lambda p: p[:2]):
            a, b = self.classes[dst], self.classes[self.plan.resolve(src)]
            if a is b or (a.fixed and b.fixed) or (a.hint is None and b.hint is not None):
                continue
            if (a.hint == b.hint or b.hint is None) and not a.overlaps(b):
                self._merge(a, b)

    def _coalesce_hints(self) -> None:
        groups: dict[tuple[str, bool, Any], list[_Class]] = {}
        seen: set[int] = set()
        for v in [*self.function.params, *self.live.order]:
            c = self.classes.get(v)
            if c is None or id(c) in seen:
                continue
            seen.add(id(c))
            if c.hint is None:
                c.hint = self._derived(c)
            group = groups.setdefault((c.hint, c.weak, _kind(v.type) if self.one_kind else None), [])
            for other in group:
                if not other.overlaps(c) and not (other.fixed and c.fixed):
                    self._merge(other, c)
                    kept = self.classes[v]
                    group[group.index(other)] = kept
                    break
            else:
                group.append(c)
        self.groups = groups

    def _choose(self) -> None:
        taken = (
            set(self.reserved)
            | {v.hint for v in self.captured if v.hint}
            | {p.hint or "" for p in self.function.params}
        )
        later: list[tuple[str, _Class]] = []
        for (hint, *_), group in self.groups.items():
            for c in group:
                if c.fixed:
                    self._assign(c, hint)
                elif hint not in taken:
                    taken.add(hint)
                    self._assign(c, hint)
                else:
                    later.append((hint, c))
        for hint, c in later:
            name = unique(hint, taken)
            taken.add(name)
            self._assign(c, name)
        self.unused = unique("_", taken)

    def _assign(self, c: _Class, name: str) -> None:
        for member in c.members:
            self.names[member] = name

    def _derived(self, c: _Class) -> str:
        """A short name for values without a hint: what they belong to as cotangents, are for, or are."""
        value = c.members[0]
        primal = next((m.primal for m in c.members if m.primal is not None), None)
        if primal is not None:
            name = word(primal, self.hints)
            if name is not None and len(name) <= LONGEST:
                return identifier(adjoint(name))
        users = [op for m in c.members for op in self.users.get(m, ())]
        updates = [op for op in users if _updates(op, c.members)]
        if updates:
            return _role(users[-1], c.members) or _OUTCOMES.get(updates[-1].fn, NAMELESS)
        if isinstance(value.type, PyScalar) and value.type.kind == "i" and isinstance(value.owner, Call):
            role = _bound_or_index(users, c.members)
            if role is not None and value.owner.fn in _ARITHMETIC:
                return role
        return identifier(word(value, self.hints) or _role(users[-1] if users else None, c.members) or NAMELESS)


def _kind(t: Type) -> Any:
    """What Numba tells from other kinds."""
    if isinstance(t, Array):
        return t.dtype, t.ndim
    if isinstance(t, (PyScalar, NpScalar)):
        return t.kind if isinstance(t, PyScalar) else t.dtype.kind
    return type(t)


def _users(function: Function) -> dict[Value, list[Op]]:
    """The operations that use each value that has no hint, in program order."""
    found: dict[Value, list[Op]] = {}
    for op in walk(function.body):
        for v in op.inputs:
            if v.hint is None:
                found.setdefault(v, []).append(op)
    return found


def _updates(op: Op, members: list[Value]) -> bool:
    """Whether an operation changes one of these values in place."""
    if not isinstance(op, Call) or op.outputs or not op.args or op.args[0] not in members:
        return False
    return op.fn in _OUTCOMES


def _role(op: Op | None, members: list[Value]) -> str | None:
    """What an operation needs a value for."""
    if not isinstance(op, Call) or op.outputs or not op.args or op.args[-1] not in members:
        return None
    return _ROLES.get(op.fn) or ("term" if item_update(op.fn) in ("add", "sub") else None)


def _bound_or_index(users: list[Op], members: list[Value]) -> str | None:
    for op in users:
        if isinstance(op, For):
            return "stop" if op.stop in members else "start" if op.start in members else "step"
        reads = isinstance(op, Call) and len(op.args) > 1 and (op.fn in _ITEMS or item_update(op.fn) is not None)
        if reads and op.args[0] not in members and any(v in members for v in leaves(op.args[1])):
            return "index"
    return None


_OUTCOMES: dict[Any, str] = {
    operator.imul: "product",
    operator.iadd: "total",
    operator.isub: "difference",
    operator.itruediv: "ratio",
}
_ROLES: dict[Any, str] = {
    operator.imul: "factor",
    operator.iadd: "term",
    operator.isub: "term",
    operator.itruediv: "divisor",
}
_ITEMS = (operator.getitem, operator.setitem, operator.delitem)
_ARITHMETIC = {operator.add, operator.sub, operator.mul, operator.floordiv}
