"""Calls of functions that Numba lacks become what `definitions` says they do.

Before -> after: `y = np.roll(x, 1)` -> `y = np.empty_like(x); y[1:] = x[:-1]; y[:1] = x[-1:]`.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from srcgrad.analysis.memory import ITEM_UPDATES
from srcgrad.errors import SrcgradError
from srcgrad.frontend.lowering import Lowering
from srcgrad.frontend.marks import Marks
from srcgrad.frontend.program import lowered
from srcgrad.frontend.values import Sequence, Symbol
from srcgrad.ir.nodes import Call, Const, Function, Op, Raise, Region, Value, map_tree, walk
from srcgrad.ir.types import Array, NpScalar, Type, rank
from srcgrad.jit import decompositions, definitions, indexed, of_math, stacked, synonyms, tables
from srcgrad.jit.defining import OF_RESULT, Definition
from srcgrad.jit.types import is_compilable
from srcgrad.rules.late import scipy_home
from srcgrad.rules.registry import hashable
from srcgrad.transform.cotangents import is_fresh
from srcgrad.transform.simplify import remove_dead_code, replace_values

_SUBSCRIPTED = frozenset([operator.getitem, operator.setitem, *ITEM_UPDATES])
_DEFINITIONS = {
    **definitions.DEFINITIONS,
    **decompositions.DEFINITIONS,
    **indexed.DEFINITIONS,
    **of_math.DEFINITIONS,
    **stacked.DEFINITIONS,
    **synonyms.DEFINITIONS,
    **tables.DEFINITIONS,
}


_OF_SCIPY = {f"scipy.{name}": f"srcgrad.jit.of_scipy.{name}" for name in ("linalg", "special")}
"""Packages -> the modules with the definitions of their functions."""


def _definition_of(fn: Any) -> Definition | None:
    home = scipy_home(fn)
    if home in _OF_SCIPY:
        found: Definition | None = import_module(_OF_SCIPY[home]).DEFINITIONS.get(fn)
        return found
    return _DEFINITIONS.get(fn)


def define_calls(function: Function) -> None:
    """Puts definitions in place of calls, where there are some that take their arguments.

    Args:
        function: it is changed.
    """
    same: dict[Value, Value] = {}
    _Definer(same).region(function.body, frozenset())
    if not same:
        return
    replace_values(function.body, same)
    values = iter(function.body.results)
    function.result = map_tree(lambda _: next(values), function.result)
    remove_dead_code([function])


class _Definer:
    """Goes through one function; `same` is what values are to be replaced by."""

    def __init__(self, same: dict[Value, Value]):
        self.same = same

    def region(self, region: Region, inside: frozenset[Callable]) -> None:
        """Rewrites a region; `inside` are the functions whose definitions it is part of."""
        ops: list[Op] = []
        for op in region.ops:
            if isinstance(op, Call):
                _spell_out(op)
            made = self._defined(op, inside) if isinstance(op, Call) and hashable(op.fn) else None
            if made is not None:
                ops += made
                continue
            for inner in op.regions:
                self.region(inner, inside)
            ops.append(op)
        region.ops = ops
        for op in ops:
            op.parent = region

    def _defined(self, op: Call, inside: frozenset[Callable]) -> list[Op] | None:
        """What stands in place of a call; None if it stays."""
        found = _definition_of(op.fn)
        if found is None or op.fn in inside or not found.when(op) or not _takes(found.body, op):
            return None
        op.replace_inputs(lambda v: self.same.get(v, v))
        lowered_call = _lowered(op, found.body)
        if lowered_call is None:
            return None
        made, results = lowered_call
        for inner in walk(made):
            inner.mirror = op.mirror
        for old, new in zip(op.outputs, results, strict=True):
            if not isinstance(new, Const) and new.owner in made.ops:
                new.hint, new.primal = old.hint or new.hint, old.primal or new.primal
            self.same[old] = new
        self.region(made, inside | {op.fn})
        return made.ops


def _spell_out(op: Call) -> None:
    """`x[..., 0]` as `x[:, 0]`, where the number of axes is known: loops know slices, but no ellipsis."""
    if not hashable(op.fn) or op.fn not in _SUBSCRIPTED or not isinstance(op.args[1], tuple):
        return
    x, parts, *value = op.args
    dots = [k for k, part in enumerate(parts) if isinstance(part, Const) and part.value is Ellipsis]
    ndim = rank(x.type) if isinstance(x, Value) and isinstance(x.type, Array) else None
    if len(dots) != 1 or not ndim:
        return
    taken = sum(_axes_taken(part) for part in parts)
    whole = (Const(slice(None)),) * (ndim - taken)
    index = (*parts[: dots[0]], *whole, *parts[dots[0] + 1 :])
    op.args = (x, index if len(index) > 1 else index[0] if index else Const(slice(None)), *value)


def _axes_taken(part: Any) -> int:
    """How many axes of an array a part of an index is for."""
    if isinstance(part, Const):
        return 0 if part.value is None or part.value is Ellipsis else 1
    masks = isinstance(part, Value) and isinstance(part.type, Array) and part.type.dtype == np.dtype(bool)
    return (rank(part.type) or 0) if masks else 1


def _takes(body: Callable, op: Call) -> bool:
    """Whether a definition has the parameters that a call gives, and all that is given is known well enough."""
    signature = inspect.signature(body)
    try:
        signature.bind(*op.args, **op.kwargs, **({OF_RESULT: None} if OF_RESULT in signature.parameters else {}))
    except TypeError:
        return False
    return all(isinstance(v, Const) or is_compilable(v.type) for v in op.inputs)


def _lowered(op: Call, body: Callable) -> tuple[Region, list[Value]] | None:
    """What a definition does with the arguments of a call; None if it can't be said or is of another type."""
    more = {}
    if OF_RESULT in inspect.signature(body).parameters:
        dtype = getattr(op.outputs[0].type, "dtype", None)
        if dtype is None:
            return None
        more[OF_RESULT] = Const(dtype)

    def attempt(marks: Marks) -> tuple[Region, list[Value] | None]:
        lo, made = Lowering(marks), Region()
        lo.fixed_span, lo.span, lo.divides_by_zero = True, op.span, True
        with lo.into(made):
            args = [lo.symbol(arg) for arg in _with_copy(lo, op)]
            kwargs = {name: lo.symbol(arg) for name, arg in op.kwargs.items()}
            return made, _values(lo, lo.call(Const(body), args, {**kwargs, **more}), op)

    try:
        made, values = lowered(attempt, Marks(), body.__name__)
    except SrcgradError:
        return None
    if any(isinstance(inner, Raise) and _is_given_up(inner) for inner in walk(made)):
        return None
    if values is None or not all(_agrees(v.type, o.type) for v, o in zip(values, op.outputs, strict=True)):
        return None
    return made, values


def _is_given_up(op: Raise) -> bool:
    made = op.exception.owner if op.exception is not None else None
    return isinstance(made, Call) and made.fn is NotImplementedError


def _with_copy(lo: Lowering, op: Call) -> list[Any]:
    """The arguments; what is written is copied first if it may be part of what it is written to."""
    *others, last = op.args
    if op.outputs or not isinstance(getattr(last, "type", None), Array) or is_fresh(last):
        return list(op.args)
    return [*others, lo.emit(np.ndarray.copy, last)]


def _values(lo: Lowering, result: Symbol, op: Call) -> list[Value] | None:
    if not op.outputs:
        return []
    if not op.unpacks:
        return [lo.value(result)] if len(op.outputs) == 1 else None
    if not isinstance(result, Sequence) or len(result.items) != len(op.outputs):
        return None
    return [lo.value(item) for item in result.items]


def _agrees(found: Type, expected: Type) -> bool:
    """Whether something of one type can stand for what a call is said to give."""
    if not is_compilable(found):
        return False
    if not is_compilable(expected):
        return True
    return bool(_kind(found) == _kind(expected))


def _kind(t: Type) -> Any:
    if isinstance(t, Array):
        return ("array", t.dtype, len(t.shape or ()))
    return ("number", t.dtype) if isinstance(t, NpScalar) else t
