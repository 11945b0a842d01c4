"""The first turn of a loop in front of it, where a variable gets another kind in there.

    t = 0.0                             t = 0.0
    for k in range(n):                  if not n > 0: raise ...
        t = t + x**k                    t = t + x**0
                                        for k in range(1, n):
                                            t = t + x**k

Compiled code has to know of each variable what it is: behind its first turn, this loop carries nothing but arrays.
"""

from __future__ import annotations

from collections.abc import Callable

from srcgrad.errors import NotJitableError
from srcgrad.frontend.carried import KindChanges
from srcgrad.frontend.exits import unless_left
from srcgrad.frontend.lowering import Lowering, RaisesAlways
from srcgrad.frontend.merging import NEXT, Outcome, branch, join_branches
from srcgrad.frontend.values import Symbol


def peeled_if_need_be(
    lo: Lowering,
    site: object,
    whole: Callable[[], Outcome],
    makes_turns: Callable[[], Symbol],
    turn: Callable[[], Outcome],
    rest: Callable[[], Outcome],
) -> Outcome:
    """A loop, or its first turn and the others; how it was left.

    Args:
        lo: emits the operations.
        site: the name of the place.
        whole: all of the loop.
        makes_turns: tells whether it makes a turn at all.
        turn: its first turn.
        rest: the loop behind that turn.
    """
    span = lo.span
    try:
        return whole()
    except KindChanges as changes:
        lo.span = span
        variable = changes.args[0]
    lo.loop_memory.pop(site, None)
    lo.marks.peels = True
    lo.peeled.append(site)
    try:
        truth = lo.truth(makes_turns())
        if truth is False:
            return whole()
        if truth is not True:
            join_branches(lo, truth, branch(lo, lambda: NEXT), branch(lo, lambda: _refuse(variable)))
        outcome = turn()
        return unless_left(lo, outcome, rest) if outcome.codes else outcome
    finally:
        lo.peeled.pop()


def _refuse(variable: str) -> Outcome:
    raise RaisesAlways(
        NotJitableError,
        f"{variable} is of one kind before a loop and of another in it, and the loop makes too few turns for that: "
        "compiled code can't tell which one it is",
    )
