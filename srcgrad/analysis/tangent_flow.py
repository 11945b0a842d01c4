"""What depends on the tangents of a function: values, and memory that something of them is written to.

Shapes, kinds and lengths do not count, nor does what `stop_gradient` hides; truth values and indices computed from
tangents do, which carry no derivative.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from srcgrad.analysis.activity import flows, in_and_out, spread, stored
from srcgrad.analysis.alias import Aliases
from srcgrad.analysis.memory import among, contents_read, only_metadata, told_apart, written
from srcgrad.ir.nodes import Call, Const, Function, Op, Value
from srcgrad.ir.types import Dict, List, Opaque, Tuple
from srcgrad.rules.registry import NONDIFFERENTIABLE

_OF_NUMBERS = frozenset(["piecewise constant", "yields truth values", "acts on integers"])
"""Why a function has no derivative, where what it returns depends on numbers all the same."""

_OF_KINDS = frozenset([np.iscomplexobj, np.isrealobj, np.isfortran, operator.is_, operator.is_not])
"""Functions that tell of an array or object something else than the numbers in it."""
_OF_CONTAINERS = frozenset([len, operator.truth, operator.not_, bool])
"""Functions that tell of a container how many things are in it."""


class TangentFlow:
    """The values of some functions of the graph that depend on tangents.

    Attributes:
        aliases: which of the values share memory.
        given: the tangents.
        ops: the operations of the functions, those with regions twice.
    """

    def __init__(self, functions: list[Function], tangents: Iterable[Value]):
        self.aliases = Aliases(functions)
        self.ops = [op for function in functions for op in in_and_out(function.body)]
        self.given = frozenset(tangents)
        self._found = self.spread_from(self.given)

    def key(self, value: Value) -> Any:
        """What a fact is recorded for: the value, or the memory it points into."""
        return self.aliases.find(value) if self.aliases.is_written(value) else value

    def depends(self, value: Value) -> bool:
        """Whether a value may depend on a tangent."""
        return not isinstance(value, Const) and self.key(value) in self._found

    def spread_from(self, values: Iterable[Value], apart: frozenset[Any] = frozenset()) -> set[Any]:
        """What depends on some values, as far as it is not read from memory that is set apart."""
        found = {self.key(v) for v in values}
        spread(found, self.ops, lambda op: self._spread(found, apart, op))
        return found

    def _spread(self, found: set[Any], apart: frozenset[Any], op: Op) -> None:
        if isinstance(op, Call):
            target = written(op)
            read = depending(op, lambda v: not isinstance(v, Const) and self.key(v) in found)
            marked = list(op.outputs) if read else []
            if target is not None:
                holds = self.key(target) in found or any(v in read for v in stored(op))
                marked = [target, *op.outputs] if holds else marked
        else:
            marked = [t for t, s in flows(op) if not isinstance(s, Const) and self.key(s) in found]
        found.update(key for v in marked if not isinstance(v, Const) and (key := self.key(v)) not in apart)


def depending(op: Call, depends: Callable[[Value], bool]) -> list[Value]:
    """The arguments of a call that depend on something, of which what it returns depends on the numbers in them."""
    if only_metadata(op) or _tells_no_number(op):
        return []
    if among(op.fn, _OF_CONTAINERS) and all(isinstance(v.type, (List, Dict, Tuple, Opaque)) for v in op.inputs):
        return []
    apart = told_apart(op)
    return [v for v in contents_read(op) if depends(v) and not any(v is other for other in apart)]


def _tells_no_number(op: Call) -> bool:
    return among(op.fn, _OF_KINDS) or (among(op.fn, NONDIFFERENTIABLE) and NONDIFFERENTIABLE[op.fn] not in _OF_NUMBERS)
