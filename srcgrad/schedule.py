"""When a checkpointed loop keeps its state: binomial checkpointing.

To reverse the turns of a loop one needs the state at the start of each, the last turn first. With room for `slots`
states, the one before the loop among them, each state is computed anew from the closest that was kept, and some of
those on the way are kept in turn. Griewank and Walther's Revolve (Algorithm 799, ACM TOMS 26, 2000) does so with the
fewest turns run again: `fewest_turns` says how many. What a turn draws at random is drawn from a copy of the generator,
so that it draws the same when it is run again.
"""

from __future__ import annotations

import math
import operator
from copy import deepcopy
from typing import Any

import numpy as np

from srcgrad.errors import ArgumentError


def number_of_slots(slots: Any, turns: int) -> int:
    """The number of states that a loop keeps: as the user says, else about twice the logarithm of the turns.

    Raises:
        ArgumentError: if the user asks for none.

    Example:
        >>> number_of_slots(None, 1000), number_of_slots(5, 1000)
        (20, 5)
    """
    if slots is None:
        return max(1, 2 * max(turns, 1).bit_length())
    number = operator.index(slots)
    if number < 1:
        raise ArgumentError(f"a checkpointed loop needs at least one slot, not {slots!r}")
    return number


class Bytes(int):
    """In place of a number of slots: how many bytes the snapshots may take together."""


def slots_within(limit: int, size: int) -> int:
    """The number of states of a size in bytes for which a limit leaves room: one at least.

    Example:
        >>> slots_within(1000, 300), slots_within(1000, 3000)
        (3, 1)
    """
    return max(1, limit // max(size, 1))


def size_of(value: Any) -> int:
    """About how many bytes a part of the state of a loop takes.

    Example:
        >>> size_of([1.0, 2.0])
        64
    """
    if isinstance(value, (list, tuple)):
        return sum(map(size_of, value))
    return value.nbytes if isinstance(value, np.ndarray) else _NUMBER


_NUMBER = 32
"""Bytes of a number of Python with its place in a list."""


def next_snapshot(begin: int, end: int, free: int) -> int:
    """Where to keep the next state on the way to a turn.

    Args:
        begin: the turn before which the last kept state stands.
        end: the turn to be reversed next, after `begin`.
        free: how many more states there is room for.

    Returns:
        the turn before which to keep the next state: `end` itself if there is no room on the way.

    Example:
        >>> next_snapshot(0, 9, 0), next_snapshot(0, 9, 1), next_snapshot(0, 9, 2)
        (9, 6, 4)
    """
    if free <= 0:
        return end
    turns, slots = end - begin + 1, free + 1
    repeats = _repeats(turns, slots)
    # Any split between these two and their counterparts on the other side is optimal: this is the earliest.
    least = math.comb(slots + repeats - 2, slots) if repeats > 1 else 1
    return begin + max(least, turns - math.comb(slots - 1 + repeats, slots - 1), 1)


def fewest_turns(turns: int, slots: int) -> int:
    """How many turns are run again at least to reverse a loop, the one for each turn's own reversal aside.

    Example:
        >>> [fewest_turns(10, slots) for slots in (1, 2, 3, 10)]
        [45, 20, 15, 9]
    """
    if turns < 2:
        return 0
    repeats = _repeats(turns, slots)
    return repeats * turns - math.comb(slots + repeats, slots + 1)


def _repeats(turns: int, slots: int) -> int:
    """How often a turn has to be run again at most: the least `r` for which `turns <= (slots + r)! / (slots! r!)`."""
    repeats = 1
    while math.comb(slots + repeats, slots) < turns:
        repeats += 1
    return repeats


# Random numbers


def copied_generator(generator: Any) -> Any:
    """A generator of random numbers that will draw what `generator` would draw next, and leaves that as it is."""
    return deepcopy(generator)


def advance(generator: Any, other: Any) -> None:
    """Lets a generator of random numbers go on where another one of its class has come to."""
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = other.bit_generator.state
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(other.get_state())
    else:
        generator.setstate(other.getstate())
