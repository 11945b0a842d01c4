"""Shadows of buffers that loops hand around, or make anew in each turn, are in no table."""

from __future__ import annotations

import pytest
from programs import time_levels

import srcgrad

KNOWN = [
    time_levels.diffused,
    time_levels.shorter_each_turn,
    time_levels.longer_each_turn,
    time_levels.four_levels,
    time_levels.level_that_nobody_needs,
    time_levels.swapped_with_a_copy,
    time_levels.levels_in_levels,
    time_levels.written_after_it_was_left,
    time_levels.two_that_trade_places,
    time_levels.levels_and_returns,
]
LOOKED_UP = [time_levels.first_level_is_kept, time_levels.levels_of_a_branch]


def _source(fun):
    args = (time_levels._u(), 5) if fun is time_levels.four_levels else (time_levels._u(),)
    return srcgrad.grad(fun).source_for(*args)


@pytest.mark.parametrize("fun", KNOWN)
def test_no_table(fun):
    assert "shadow" not in _source(fun)


@pytest.mark.parametrize("fun", LOOKED_UP)
def test_what_the_run_decides_is_looked_up(fun):
    assert "shadow_of" in _source(fun)
