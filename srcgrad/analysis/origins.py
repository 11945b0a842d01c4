"""Where the memory that a pointer points to was made: finer than the classes of `alias`, which never come apart.

Values are defined once, so that what a pointer may be follows from where it comes from, through views, branches and
loops. What comes out of a container is known by its class alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.analysis.alias import Aliases, is_pointer, makes_new, on_containers
from srcgrad.analysis.memory import among, copies_perhaps, is_view, passed_on, written
from srcgrad.ir.flow import sources
from srcgrad.ir.nodes import Call, Const, Invoke, Op, Value, within
from srcgrad.ir.types import List

_COPIES = frozenset([np.ndarray.copy, np.ndarray.astype, np.copy, np.array, list.copy, runtime.copied])
_DISPLAYS = frozenset([list, tuple, dict, set])


class Origins:
    """The places where the memory behind pointers was made.

    Args:
        aliases: the classes of the values asked for.
        apart: the parameters that are known to share no memory with each other.
    """

    def __init__(self, aliases: Aliases, apart: Iterable[Value] = ()):
        self._aliases = aliases
        self._apart = set(apart)
        self._known: dict[Value, frozenset[Any]] = {}
        # Where one value of a class comes from nobody knows where, it may be memory of any other one.
        self._coarse = {aliases.find(v) for v in aliases.values if self._bases(v) is None}

    def of(self, value: Value) -> frozenset[Any]:
        """The origins of a pointer: values that were new memory, or classes of memory of which no more is known."""
        known = self._known.get(value)
        if known is None:
            known = self._known[value] = self._find(value)
        return known

    def adopt(self, value: Value, like: Value) -> None:
        """Takes a value that was made later for one that points to the same memory as another."""
        self._known[value] = self.of(like)

    def written_by(self, ops: Iterable[Op]) -> set[Any]:
        """The origins of what operations may write, those in their regions included."""
        found: set[Any] = set()
        for inner in within(ops):
            target = written(inner)
            if target is not None and is_pointer(target.type):
                found |= self.of(target)
            elif isinstance(inner, Invoke):
                for arg in inner.args:
                    if self._aliases.is_written(arg):
                        found |= self.of(arg)
        return found

    def meet(self, a: Value, b: Value) -> bool:
        """Whether two pointers may point to the same memory."""
        return is_pointer(a.type) and is_pointer(b.type) and not self.of(a).isdisjoint(self.of(b))

    def _find(self, value: Value) -> frozenset[Any]:
        found: set[Any] = set()
        pending, seen = [value], {value}
        while pending:
            current = pending.pop()
            if isinstance(current, Const) or not is_pointer(current.type):
                continue
            known = self._known.get(current)
            if known is not None:
                found |= known
                continue
            memory = self._aliases.find(current)
            if memory in self._coarse:
                found.add(("class", memory))
                continue
            for base in self._bases(current) or ():
                if base is current:
                    found.add(current)
                elif base not in seen:
                    seen.add(base)
                    pending.append(base)
        return frozenset(found)

    def _bases(self, value: Value) -> list[Value] | None:
        """What a pointer may be a view of; itself, if it may be new; None if that is not known."""
        owner = value.owner
        if isinstance(owner, Call):
            return self._bases_of_call(value, owner)
        flowing = [values[k] for values, k in sources(value)]
        if flowing:
            return flowing
        return [value] if value in self._apart else None

    def _bases_of_call(self, value: Value, op: Call) -> list[Value] | None:
        if makes_new(op.fn) or among(op.fn, _COPIES):
            return [value]
        if is_view(op) and not isinstance(value.type, List):
            return [op.args[0], *([value] if copies_perhaps(op) else [])]
        if on_containers(op):
            made = op.fn in _DISPLAYS or isinstance(op.fn, type) or isinstance(op.args[-1], slice)
            return [value] if made and not op.unpacks else None
        given = [x for z, x in passed_on(op) if z is value]
        same = [v for v in op.inputs if self._aliases.find(v) is self._aliases.find(value) and is_pointer(v.type)]
        return [value, *given, *same]
