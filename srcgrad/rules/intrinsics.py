"""Markers: functions that tell the compiler something and do next to nothing at run time."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np

from srcgrad import schedule
from srcgrad.errors import ArgumentError
from srcgrad.ir.types import INT, UNKNOWN, Tuple, Type, is_numeric
from srcgrad.rules.operands import Site, Tree, analytic, type_of
from srcgrad.rules.registry import nondifferentiable
from srcgrad.tree import map_leaves

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def stop_gradient(x: T) -> T:
    """The value of its argument, which no derivative flows through.

    Arrays are copied, so that a later write to the argument does not show in the result, nor the other way round.

    Args:
        x: a number, an array, or a tree of them.

    Example:
        >>> from srcgrad import grad, stop_gradient
        >>> grad(lambda x: x * stop_gradient(x))(3.0)
        3.0
    """
    detached: T = map_leaves(_detached, x)
    return detached


def _detached(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) else leaf


nondifferentiable(stop_gradient, reason="stops the derivative on purpose")


@analytic(stop_gradient)
def _same_type(site: Site, fn: Any, x: Tree) -> Type:
    found = type_of(x)
    if isinstance(found, Tuple):
        return found if all(map(is_numeric, found.items)) else UNKNOWN
    return found if is_numeric(found) else UNKNOWN


def checkpoint(fun: F) -> F:
    """A function that is run again in the reverse sweep, and keeps its arguments until then, not what it computed.

    Usable as a function, `checkpoint(f)`, and as a decorator, `@checkpoint`. Outside of a derivative, and in forward
    mode, it is `fun`.

    Args:
        fun: the function. It may return and take anything, and write into its arguments.

    Returns:
        a function with the parameters of `fun`.

    Raises:
        UnsupportedError: when it is differentiated, if `fun` does what must not be done twice: prints, for example.

    Example:
        >>> from srcgrad import checkpoint, grad
        >>> @checkpoint
        ... def layer(x):
        ...     return x * x * x
        >>> grad(lambda x: layer(x) + x)(2.0)
        13.0
    """
    if not callable(fun):
        raise ArgumentError(f"checkpoint needs a function, not {fun!r}")

    @functools.wraps(fun)
    def checkpointed_fun(*args: Any, **kwargs: Any) -> Any:
        return call_checkpointed(fun, *args, **kwargs)

    return checkpointed_fun  # type: ignore[return-value]


CHECKPOINTED = checkpoint(stop_gradient).__code__
"""The code of what `checkpoint` returns."""


def call_checkpointed(fun: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """`fun(*args, **kwargs)`, which the compiler takes as the call of a checkpointed function."""
    return fun(*args, **kwargs)


def checkpointed(iterable: Iterable[T], slots: int | None = None) -> Iterable[T]:
    """What a `for` loop goes over whose turns are run again in the reverse sweep.

    `for k in checkpointed(range(n)): ...` keeps the state of the loop before some of its turns, at most `slots` of
    them, and of a single turn what its reverse needs. The others are computed again from these: by binomial
    checkpointing, which needs the fewest turns (Griewank and Walther, Algorithm 799, ACM TOMS 26, 2000). Outside of a
    derivative, and in forward mode, it is the iterable itself.

    Args:
        iterable: a range, an array, a list, `enumerate` or `zip` of those: something with a length.
        slots: how many states to keep, the one before the loop included. By default about twice the logarithm of the
            number of turns.

    Raises:
        ArgumentError: if there is no slot at all.

    Example:
        >>> from srcgrad import checkpointed, grad
        >>> def power(x):
        ...     y = x
        ...     for k in checkpointed(range(9), slots=3):
        ...         y = y * x
        ...     return y
        >>> grad(power)(1.0)
        10.0
    """
    if slots is not None:
        schedule.number_of_slots(slots, 0)
    return iterable


def begin_checkpoint(name: str) -> None:
    """Stands in the graph where the body of a checkpointed function begins."""


def end_checkpoint() -> None:
    """Stands in the graph where the body of a checkpointed function ends."""


nondifferentiable(begin_checkpoint, end_checkpoint, reason="marks a place")
nondifferentiable(schedule.next_snapshot, schedule.number_of_slots, schedule.slots_within, schedule.size_of)


@analytic(schedule.next_snapshot, schedule.number_of_slots, schedule.slots_within, schedule.size_of)
def _number_of_turns(site: Site, fn: Any, *args: Tree) -> Type:
    return INT
