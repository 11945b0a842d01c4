"""What must not be done twice, in what is run again in the reverse sweep."""

from __future__ import annotations

import operator
import random
from collections.abc import Iterable
from typing import Any

import numpy as np

from srcgrad import schedule
from srcgrad.analysis.alias import reachable
from srcgrad.analysis.memory import written
from srcgrad.errors import UnsupportedError
from srcgrad.frontend.custom_calls import CustomCall
from srcgrad.ir.nodes import Call, Closed, Const, Function, Invoke, Op, Value, walk, within
from srcgrad.ir.types import BOOL, INT
from srcgrad.rules.custom import Step
from srcgrad.rules.registry import display_name, has_rule, hashable
from srcgrad.transform.simplify import PURE

_GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)
_MAKERS = (np.random.default_rng, np.random.RandomState, random.Random)
_MODULES = frozenset(["numpy", "_operator", "operator", "math", "cmath", "scipy", "srcgrad"])
_CLASSES = (np.ndarray, list, tuple, dict, set, str, float, int, complex, bytes, slice, range)
_OUTSIDE = frozenset(
    ["outside_item", "outside_append", "save", "savez", "savetxt", "load", "loadtxt", "fromfile", "seterr"]
)


def drawing_calls(customs: Iterable[CustomCall]) -> set[Call]:
    """The calls of functions with derivatives of their own that draw random numbers, as far as these could be read."""
    return {
        call.op
        for call in customs
        if any(isinstance(op, Call) and draws(op.fn) for f in reachable(call.bodies) for op in walk(f.body))
    }


def refuse_effects(ops: Iterable[Op], drawing: set[Call]) -> None:
    """Refuses operations that change or ask the world outside, or draw random numbers.

    Args:
        ops: the operations.
        drawing: calls of functions with derivatives of their own that draw random numbers.

    Raises:
        UnsupportedError: if there is one.
    """
    seen: set[Function] = set()
    pending = [list(ops)]
    while pending:
        body = pending.pop()
        repeated = repeated_draws(body)
        for inner in within(body):
            if isinstance(inner, Call):
                _check(inner, drawing, inner in repeated)
            elif isinstance(inner, Invoke) and inner.callee not in seen:
                seen.add(inner.callee)
                pending.append(inner.callee.body.ops)


def _check(op: Call, drawing: set[Call], is_repeated: bool) -> None:
    fn = op.fn
    if is_repeated:
        return
    if op in drawing:
        raise UnsupportedError(
            f"{display_name(fn)} draws random numbers in what is checkpointed, and would draw others when it is run "
            "again",
            op.span,
            "draw them before, and pass them on",
        )
    if advances(op):
        raise UnsupportedError(
            "random numbers are drawn in what is checkpointed, and would be others when it is run again",
            op.span,
            "draw all of them in the function itself from one generator, or draw them before, and pass them on",
        )
    if fn is setattr or getattr(fn, "__name__", "") in ("outside_item", "outside_append"):
        raise UnsupportedError(
            "an attribute, a global name or a list from outside is changed in what is checkpointed, which is run again "
            "in the reverse sweep",
            op.span,
            "return what is new, and change it outside of what is checkpointed",
        )
    if not repeatable(op):
        name = display_name(fn)
        raise UnsupportedError(
            f"{name} is called in what is checkpointed, which is run again in the reverse sweep",
            op.span,
            "call it outside of what is checkpointed",
        )


def has_effects(function: Function) -> bool:
    """Whether a function does anything that must not be done twice."""
    repeated = repeated_draws(function.body.ops)
    calls = [op for op in walk(function.body) if isinstance(op, Call) and op not in repeated]
    return any(advances(op) or not repeatable(op) for op in calls)


def draws(fn: Any) -> bool:
    """Whether a callable draws random numbers."""
    owner = getattr(fn, "__objclass__", None) or type(getattr(fn, "__self__", None))
    module = getattr(fn, "__module__", None) or ""
    return owner in _GENERATORS or module.startswith(("numpy.random", "random"))


def advances(op: Op) -> bool:
    """Whether an operation draws random numbers, or sets what a generator draws next."""
    if not isinstance(op, Call):
        return False
    return bool(op.fn.drawn) if isinstance(op.fn, Closed) else draws(op.fn) or op.fn is schedule.advance


def generator_of(op: Call) -> Value | None:
    """What a call draws random numbers from, sets or copies; None if that is not known."""
    if op.fn is schedule.advance or op.fn is schedule.copied_generator:
        return op.args[0]
    own = getattr(op.fn, "__self__", None)
    if isinstance(own, _GENERATORS):
        return Const(own)
    name = getattr(op.fn, "__name__", "")
    is_method = any(getattr(cls, name, None) is op.fn for cls in _GENERATORS)
    return op.args[0] if is_method and op.args and isinstance(op.args[0], Value) else None


def repeated_draws(ops: Iterable[Op]) -> set[Op]:
    """The calls that draw the same each time that some operations are run.

    They draw from a copy of a generator, or from one that is made in these operations, from a number.
    """
    everything = within(ops)
    calls = [op for op in everything if isinstance(op, Call)]
    copies = {v for op in calls if op.fn is schedule.copied_generator for v in op.outputs}
    seeded = {v: op for op in calls if _is_seeded(op) for v in op.outputs}
    for op in everything if seeded else ():
        # What goes by another name may be drawn from by that.
        known = generator_of(op) if isinstance(op, Call) else None
        for value in (*op.inputs, *(v for region in op.regions for v in region.results)):
            if value is not known:
                seeded.pop(value, None)
    drawing = {op for op in calls if advances(op) and generator_of(op) in {*copies, *seeded}}
    return drawing.union(seeded.values())


def _is_seeded(op: Call) -> bool:
    """Whether a call makes a generator that draws what a whole number says."""
    given = (*op.args, *op.kwargs.values())
    made = len(given) == 1 and any(op.fn is maker for maker in _MAKERS)
    return made and isinstance(given[0], Value) and given[0].type in (INT, BOOL)


def repeatable(op: Call) -> bool:
    """Whether a call does nothing but compute what it returns, and write into arrays and lists of the program."""
    fn = op.fn
    if isinstance(fn, (Closed, Step)) or written(op) is not None:
        return True
    if fn is setattr or not hashable(fn) or getattr(fn, "__name__", "") in _OUTSIDE:
        return False
    if fn is not print and (has_rule(fn) or isinstance(fn, (np.ufunc, type)) or fn in PURE or fn is getattr):
        return not isinstance(fn, type) or fn.__module__ in ("builtins", "numpy") or issubclass(fn, BaseException)
    if getattr(fn, "__objclass__", None) in _CLASSES or fn in (operator.setitem,):
        return True
    return (getattr(fn, "__module__", None) or "").partition(".")[0] in _MODULES
