"""Reads that need not be told from views: nothing writes the memory between the read and the last use of what it gave.

Whether `x[i]` is a number or a view is not known where the rank of `x` is not. It makes a difference only if `x` is
written while what was read is still in use: a number stays what it was, a view changes with its base.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from srcgrad import checks
from srcgrad.ir.nodes import Call, Function, Loop, Op, Region, Value, leaves, walk
from srcgrad.ir.types import Unknown
from srcgrad.rules.registry import PARTIALS, VIEWS, VJP


class Uses:
    """Where values are used, and which operations of a function come after others.

    Attributes:
        users: value -> the operations that use it, those whose regions end with it included.
    """

    def __init__(self, functions: list[Function]):
        self.users: dict[Value, list[Op]] = {}
        self.results: dict[Value, list[Region]] = {}
        self._position: dict[Op, int] = {}
        for function in functions:
            self._enter(function.body)
            for op in walk(function.body):
                for value in dict.fromkeys(op.inputs):
                    self.users.setdefault(value, []).append(op)
                for region in op.regions:
                    self._enter(region)

    def _enter(self, region: Region) -> None:
        for k, op in enumerate(region.ops):
            self._position[op] = k
        for value in region.results:
            self.results.setdefault(value, []).append(region)

    def count(self, value: Value) -> int:
        """How often a value is used."""
        times = sum(v is value for op in self.users.get(value, ()) for v in op.inputs)
        return times + sum(v is value for region in self.results.get(value, ()) for v in region.results)

    def position(self, op: Op) -> int:
        """The index of an operation in its region."""
        return self._position[op]

    def outer(self, op: Op | None, region: Region) -> Op | None:
        """The operation of a region that is, or holds, an operation."""
        while op is not None and op.parent is not region:
            op = op.parent.parent if op.parent is not None else None
        return op

    def live_after(self, value: Value, op: Op) -> bool:
        """Whether a value that exists before an operation may be used after it."""
        region, place = op.parent, self._position[op]
        home = home_of(value)
        while region is not None:
            if region in self.results.get(value, ()) or self._used_in(value, region, place):
                return True
            parent = region.parent
            if isinstance(parent, Loop) and region is not home and self._used_in(value, region, -1):
                return True
            if region is home or parent is None:
                return False
            place, region = self._position[parent], parent.parent
        return False

    def _used_in(self, value: Value, region: Region, after: int) -> bool:
        """Whether a value is used in a region, at any depth, behind a place."""
        ends = [r.parent for r in self.results.get(value, ()) if r is not region]
        for user in (*self.users.get(value, ()), *ends):
            at = self.outer(user, region)
            if at is not None and self._position[at] > after:
                return True
        return False


def home_of(value: Value) -> Region | None:
    """The region that a value is defined in, None for what comes from outside."""
    owner = value.owner
    return owner if isinstance(owner, Region) else owner.parent if owner is not None else None


def plain_reads(uses: Uses, find: Callable[[Any], Any], writes: Callable[[Op, Any], bool], values: Any) -> set[Value]:
    """The values read by subscripts that may be taken for numbers, whether they are numbers or views.

    Args:
        uses: where the values are used.
        find: value -> its class of memory.
        writes: whether an operation, or one in its regions, writes a class of memory.
        values: the candidates.
    """
    found: set[Value] = set()
    for value in sorted(values, key=lambda v: -v.uid):
        if isinstance(value.type, Unknown) and _is_plain(value, uses, find, writes, found):
            found.add(value)
    return found


def _is_plain(value: Value, uses: Uses, find: Any, writes: Any, plain: set[Value]) -> bool:
    owner = value.owner
    if not isinstance(owner, Call) or owner.fn is not operator.getitem or owner.unpacks:
        return False
    if value in uses.results or owner.parent is None:
        return False
    return all(_uses_at_once(value, user, owner, uses, find, writes, plain) for user in uses.users.get(value, ()))


def _uses_at_once(value: Value, user: Op, owner: Call, uses: Uses, find: Any, writes: Any, plain: set[Value]) -> bool:
    region = owner.parent
    assert region is not None
    last = uses.outer(user, region)
    if last is None or not isinstance(user, Call) or not _only_computes(user, value):
        return False
    memory = find(value)
    for output in user.outputs:
        if find(output) is memory and output not in plain:
            return False
    between = region.ops[uses.position(owner) + 1 : uses.position(last) + (last is not user)]
    if any(writes(op, memory) for op in between):
        return False
    inner = [output for output in user.outputs if find(output) is memory]
    return all(
        _uses_at_once(output, later, owner, uses, find, writes, plain)
        for output in inner
        for later in uses.users.get(output, ())
    )


def _only_computes(op: Call, value: Value) -> bool:
    """Whether a call neither keeps a reference to what it is given nor writes to it."""
    fn = op.fn
    try:
        known = fn is checks.check_apart or fn in PARTIALS or (fn in VJP and fn not in VIEWS) or fn is operator.getitem
    except TypeError:
        return False
    if known:
        return True
    written = op.args[0] if op.args else None
    name = getattr(fn, "__name__", "")
    stores = fn is operator.setitem or name.endswith("_item") or (name.startswith("i") and hasattr(operator, name))
    return stores and written is not value and any(v is value for v in leaves(op.args[1:]))
