"""Every batch rule at every row of the tables beside this file: with many arguments at once as with one by one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from harness import Row, is_differentiable, map_leaves, random_like
from test_registry import ROWS

import srcgrad.rules  # noqa: F401  (fills the registry)
from srcgrad.rules.registry import BATCH, display_name

CASES = [
    (fn, over, body, row) for fn, rules in BATCH.items() for over, body in rules.items() for row in ROWS if row.fn == fn
]


def covered(body: Callable, row: Row) -> bool:
    """Whether a rule has the keywords of a row."""
    names = inspect.signature(body).parameters
    return len(row.args) <= len(names) and set(row.kwargs) <= set(names)


def place_of(body: Callable, over: str, row: Row) -> int | None:
    """The position of the argument that gets a leading axis; None if the row does not pass it by position."""
    place = list(inspect.signature(body).parameters).index(over)
    return place if place < len(row.args) else None


def batches(row: Row, place: int, count: int) -> tuple[list[Any], Any]:
    """Random arguments one by one, and all of them along a leading axis."""
    rng = np.random.default_rng(7)
    single = [map_leaves(lambda leaf: random_like(rng, leaf), row.args[place]) for _ in range(max(count, 1))]
    together = map_leaves(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves])[:count], *single)
    return single, together


def check(row: Row, place: int, body: Callable, count: int) -> bool:
    """Compares a rule with the function itself; whether it covers these arguments."""
    single, together = batches(row, place, count)
    args = list(row.args)
    args[place] = together
    found = body(*args, **row.kwargs)
    if found is None:
        return False
    expected = []
    for one in single:
        args[place] = one
        result = row.fn(*args, **row.kwargs)
        expected.append(np.asarray(result))
        if count and isinstance(one, np.ndarray) and isinstance(result, np.ndarray):
            check_memory(one, result, together, found)
    wanted = np.stack(expected)[:count]
    assert np.shape(found) == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
    return True


def check_memory(one: np.ndarray, result: np.ndarray, together: np.ndarray, found: np.ndarray) -> None:
    """What is a view of one argument is a view of all of them, and what is new memory is new."""
    shares = np.shares_memory(one, result)
    if not shares or one.flags.c_contiguous:
        assert np.shares_memory(together, found) == shares


@pytest.mark.parametrize(("fn", "over", "body", "row"), CASES, ids=[f"{o}-{r.id}" for _, o, _, r in CASES])
def test_rule(fn: Callable, over: str, body: Callable, row: Row) -> None:
    place = place_of(body, over, row)
    leaves = [] if place is None else list(leaves_of(row.args[place]))
    if place is None or not covered(body, row) or not leaves or not all(map(is_differentiable, leaves)):
        return
    taken = {check(row, place, body, count) for count in (3, 1, 0)}
    assert len(taken) == 1, "whether a rule covers arguments depends on the number of seeds"


def leaves_of(tree: Any) -> Iterator[Any]:
    if isinstance(tree, (list, tuple)):
        for item in tree:
            yield from leaves_of(item)
    else:
        yield tree


def test_every_rule_covers_a_row() -> None:
    missing = []
    for fn, rules in BATCH.items():
        for over, body in rules.items():
            rows = [row for row in ROWS if row.fn == fn and covered(body, row)]
            places = [(row, place_of(body, over, row)) for row in rows]
            fit = [
                (row, place)
                for row, place in places
                if place is not None and all(map(is_differentiable, leaves_of(row.args[place])))
            ]
            if not any(check(row, place, body, 2) for row, place in fit if list(leaves_of(row.args[place]))):
                missing.append(f"{display_name(fn)} over {over}")
    assert not missing, "batch rules without a row: " + ", ".join(missing)
