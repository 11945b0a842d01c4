"""What a program that is differentiated inside of another one is given by it: arguments, and variables that it reads.

The inner program is lowered by itself. Everything that it reads of the outer one becomes a parameter of it, variables
that a closure captures and numbers from outside as well: so that the outer derivative flows through them, too.
Structure that is known at compile time is handed on as it is, with parameters in place of the values in it.
"""

from __future__ import annotations

import keyword
import operator
from collections.abc import Callable
from types import GeneratorType
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from srcgrad.errors import UnsupportedError
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.pools import opened, pool_of, resolved
from srcgrad.frontend.values import Bound, Closure, Conflict, Frame, Reference, Sequence, Super, Symbol, part_name
from srcgrad.ir.nodes import Call, Const, If, Loop, Value
from srcgrad.ir.types import Array, List, Pointer
from srcgrad.rules.registry import VIEWS, hashable

_READ_ONLY = frozenset([np.broadcast_to, np.diag, np.diagonal, np.linalg.diagonal, sliding_window_view])
"""What gives views that can't be written."""


def _may_be_read_only(value: Value, read_only: set[Value]) -> bool:
    """Whether an array may be one that can't be written, or a view of one; which of them is seen when it is copied."""
    owner = value.owner
    while value not in read_only and isinstance(owner, Call) and owner.args and hashable(owner.fn):
        if owner.fn in _READ_ONLY:
            return True
        if not (owner.fn is operator.getitem or owner.fn in VIEWS) or not isinstance(owner.args[0], Value):
            return False
        value = owner.args[0]
        owner = value.owner
    return bool(read_only) or isinstance(owner, (If, Loop))


class Handover:
    """What an inner program is given.

    Attributes:
        outer: the state of lowering the program around it.
        given: the values of that one, in the order of the parameters.
        params: the parameters that they are given as.
        captured: those of the parameters that are no arguments: variables, and what is read from outside.
    """

    def __init__(self, outer: Lowering):
        self.outer = outer
        self.given: list[Value] = []
        self.params: list[Value] = []
        self.captured: list[Value] = []
        self._first = Frame(None, None, {}).number
        self._inside: dict[Any, Any] = {}
        self._containers: dict[Reference, list[tuple[Reference, Any]]] = {}
        self._arguments: set[Reference] = set()
        self._names: set[str] = set()
        self._varies = False

    def owns(self, frame: Frame) -> bool:
        """Whether a frame is one of the outer program."""
        return frame.number < self._first

    def argument(self, lo: Lowering, symbol: Symbol, name: str, varies: bool) -> Symbol:
        """What an argument stands for inside: by itself, also where it is given twice, or captured, too.

        Args:
            lo: the state of lowering the inner program.
            symbol: the argument.
            name: what to call it.
            varies: whether the numbers in it are no constants inside, although they are outside.
        """
        captured, self._inside, self._varies = self._inside, {}, varies
        inside = self._handed(lo, symbol, name)
        self._arguments.update(known for known in self._inside.values() if isinstance(known, Reference))
        self._inside, self._varies = captured, False
        return inside

    def read(self, lo: Lowering, key: Any, name: str, read: Callable[[], Symbol]) -> Symbol:
        """What the outer program reads, as the inner one sees it: always the same for the same key."""
        known: Symbol | None = self._inside.get(("read", key))
        if known is None:
            before = len(self.params)
            known = self._inside["read", key] = self._handed(lo, read(), name)
            self.captured += self.params[before:]
        return known

    def check_unchanged(self, lo: Lowering) -> None:
        """Refuses a program that changes a container of the outer one, which would not see it."""
        for made in self._containers.values():
            for reference, contents in made:
                own = reference in self._arguments and len(made) == 1
                if not own and lo.store.get(reference) is not contents:
                    raise UnsupportedError(
                        f"a {reference.cls.__name__} of the enclosing function is changed by a function that is "
                        "differentiated there",
                        lo.changed.get(reference) or lo.span,
                        "return what it is to hold: has_aux=True passes it through",
                    )

    def _handed(self, lo: Lowering, symbol: Symbol, name: str) -> Symbol:
        symbol = resolved(self.outer, symbol)
        if isinstance(symbol, Conflict) and not symbol.callable:
            self.outer.resolve_conflict(symbol)
        known = self._inside.get(symbol) if isinstance(symbol, (Value, Reference)) else None
        if known is not None:
            return known
        if pool_of(symbol) is not None:
            return self._pooled_object(lo, symbol, name)
        if isinstance(symbol, Const) and not (self._varies and isinstance(symbol.value, (float, complex))):
            return symbol
        if isinstance(symbol, Value):
            if isinstance(symbol.type, List) and isinstance(symbol.type.item, Pointer):
                self._refuse("a list of objects that are made in a loop or branch")
            known = self._inside[symbol] = self._parameter(symbol, name)
            if isinstance(symbol.type, Array) and _may_be_read_only(symbol, self.outer.read_only):
                lo.read_only.add(known)
            return known
        if isinstance(symbol, Sequence):
            items = [self._handed(lo, item, f"{name}_{k}") for k, item in enumerate(symbol.items)]
            return Sequence(tuple(items), symbol.cls)
        if isinstance(symbol, Reference):
            return self._container(lo, symbol, name)
        return self._callable(lo, symbol, name)

    def _parameter(self, value: Value, name: str) -> Value:
        stem = name if name.isidentifier() and not keyword.iskeyword(name) else "x"
        unique, k = stem, 1
        while unique in self._names:
            unique, k = f"{stem}_{k}", k + 1
        self._names.add(unique)
        param = Value(value.type, unique, value.span)
        self.given.append(value)
        self.params.append(param)
        return param

    def _container(self, lo: Lowering, symbol: Reference, name: str) -> Reference:
        if symbol.cls is GeneratorType:
            self._refuse("a generator", "collect it: list(...)")
        contents = self.outer.contents(symbol)
        inside = self._inside[symbol] = Reference(symbol.cls, symbol.site)
        if symbol.cls in (list, set):
            own: Any = tuple([self._handed(lo, item, f"{name}_{k}") for k, item in enumerate(contents)])
        else:
            own = tuple([(key, self._handed(lo, item, part_name(name, key))) for key, item in contents])
        lo.store.define(inside, own)
        self._containers.setdefault(symbol, []).append((inside, own))
        return inside

    def _pooled_object(self, lo: Lowering, symbol: Value, name: str) -> Symbol:
        """An object that lives in a pool, with what its attributes are now."""
        view = opened(self.outer, symbol)
        contents = self.outer.contents(view)
        inside = Reference(view.cls, None)
        if any(isinstance(item, Value) and pool_of(item) is not None for _, item in contents):
            self._refuse("an object that refers to others, and is made in a loop or branch")
        own = tuple([(key, self._handed(lo, item, part_name(name, key))) for key, item in contents])
        lo.store.define(inside, own)
        # Which other names stand for it depends on the run.
        self._containers.setdefault(view, []).extend([(inside, own), (inside, own)])
        self._inside[symbol] = inside
        return inside

    def _callable(self, lo: Lowering, symbol: Symbol, name: str) -> Symbol:
        if isinstance(symbol, Closure):
            defaults = {key: self._handed(lo, item, key) for key, item in symbol.defaults.items()}
            return Closure(symbol.node, symbol.frame, defaults)
        if isinstance(symbol, Bound):
            args = tuple([self._handed(lo, item, f"{name}_{k}") for k, item in enumerate(symbol.args)])
            keywords = {key: self._handed(lo, item, key) for key, item in symbol.keywords.items()}
            return Bound(self._handed(lo, symbol.fn, name), args, keywords)
        if isinstance(symbol, Conflict) and symbol.condition is not None:
            first, second = self._handed(lo, symbol.first, name), self._handed(lo, symbol.second, name)
            condition = self._handed(lo, symbol.condition, "is_first")
            assert isinstance(condition, Value)
            return Conflict(first, second, condition)
        if isinstance(symbol, Super):
            return Super(symbol.after, self._handed(lo, symbol.instance, name))
        if isinstance(symbol, slice):
            parts = (symbol.start, symbol.stop, symbol.step)
            return slice(*[None if part is None else self._handed(lo, part, name) for part in parts])
        self._refuse("an iterator", "collect it: list(...)")

    def _refuse(self, what: str, help: str = "pass the numbers and arrays in it") -> Any:
        self.outer.unsupported(f"{what} is used by a function that is differentiated inside of another one", help)
