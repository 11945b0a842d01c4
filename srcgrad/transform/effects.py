"""What must not be done twice, in what is run again in the reverse sweep."""

from __future__ import annotations

import operator
import random
from collections.abc import Iterable
from typing import Any

import numpy as np

from srcgrad.analysis.alias import reachable
from srcgrad.analysis.memory import written
from srcgrad.errors import UnsupportedError
from srcgrad.frontend.custom_calls import CustomCall
from srcgrad.ir.nodes import Call, Closed, Function, Invoke, Op, walk
from srcgrad.rules.custom import Step
from srcgrad.rules.registry import display_name, has_rule, hashable
from srcgrad.transform.simplify import PURE

_GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)
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
    pending = list(ops)
    while pending:
        op = pending.pop()
        for inner in (op, *(i for region in op.regions for i in walk(region))):
            if isinstance(inner, Call):
                _check(inner, drawing)
            elif isinstance(inner, Invoke) and inner.callee not in seen:
                seen.add(inner.callee)
                pending += inner.callee.body.ops


def _check(op: Call, drawing: set[Call]) -> None:
    fn = op.fn
    if op in drawing:
        raise UnsupportedError(
            f"{display_name(fn)} draws random numbers in what is checkpointed, and would draw others when it is run "
            "again",
            op.span,
            "draw them before, and pass them on",
        )
    if draws(fn):
        raise UnsupportedError(
            "random numbers are drawn in a branch, a loop or a recursive call in what is checkpointed, and would be "
            "others when it is run again",
            op.span,
            "draw them before, and pass them on",
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
    calls = [op for op in walk(function.body) if isinstance(op, Call)]
    return any(draws(op.fn) or not repeatable(op) for op in calls)


def draws(fn: Any) -> bool:
    """Whether a callable draws random numbers."""
    owner = getattr(fn, "__objclass__", None) or type(getattr(fn, "__self__", None))
    module = getattr(fn, "__module__", None) or ""
    return owner in _GENERATORS or module.startswith(("numpy.random", "random"))


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
