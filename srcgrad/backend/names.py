"""Names for values: few, the user's own, and never two meanings at once.

Values that are copied into each other (around loops and behind branches), and values with the same hint, get one name
where their live ranges do not overlap; a value that needs a name of its own gets a suffix.
"""

from __future__ import annotations

import bisect
import builtins
import keyword
import operator
import re

from srcgrad.backend.liveness import Interval, Liveness
from srcgrad.backend.nesting import Plan
from srcgrad.backend.structure import Copy, Stmt, children
from srcgrad.ir.nodes import Call, Const, For, Function, If, Loop, Region, Value, walk


def identifier(text: str) -> str:
    """A valid Python name that resembles the text."""
    name = re.sub(r"\W", "_", text)
    if not name or name[0].isdigit():
        name = f"_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


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
        names: value -> its name.
        unused: a name for what is thrown away.
    """

    def __init__(self, function: Function, block: list[Stmt], plan: Plan, reserved: set[str]):
        self.plan = plan
        self.function = function
        self.reserved = reserved
        self.hints = merged_hints(function)
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
        groups: dict[tuple[str, bool], list[_Class]] = {}
        seen: set[int] = set()
        for v in [*self.function.params, *self.live.order]:
            c = self.classes.get(v)
            if c is None or id(c) in seen:
                continue
            seen.add(id(c))
            if c.hint is None:
                c.hint = self._derived(c)
            group = groups.setdefault((c.hint, c.weak), [])
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
        for (hint, _), group in self.groups.items():
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
        """A short name for a value without a hint, from what computes it."""
        owner = c.members[0].owner
        if isinstance(owner, Region):
            return "i" if isinstance(owner.parent, For) and owner.parent.index is c.members[0] else "t"
        if isinstance(owner, Loop):
            return "exited" if owner.exits and owner.outputs[0] is c.members[0] else "t"
        return self._derived_from_call(owner) if isinstance(owner, Call) else "t"

    def _derived_from_call(self, op: Call) -> str:
        first = op.args[0] if op.args else None
        if not isinstance(first, Value) or isinstance(first, Const):
            return "t"
        subject = self.hints.get(first, first.hint)
        if subject is None:
            return "t"
        if op.fn is getattr and len(op.args) == 2 and isinstance(op.args[1], Const):
            return identifier(f"{subject}_{op.args[1].value}")
        if op.fn is len:
            return identifier(f"n_{subject}")
        name = getattr(op.fn, "__name__", "")
        named = (
            name.isidentifier()
            and getattr(operator, name, None) is not op.fn
            and getattr(builtins, name, None) is not op.fn
        )
        return (
            identifier(f"{name}_{subject}") if named and len(op.args) == 1 and not op.kwargs and len(name) < 8 else "t"
        )
