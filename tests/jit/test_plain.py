"""What is made for Numba runs as plain Python too, and gives the same: so it is tested without Numba, on the corpus."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
from programs import Program, all_programs, one_in

from jit.judging import judge_jitted, judge_products
from jit.plain import without_numba
from srcgrad.errors import NotJitableError

PROGRAMS = one_in(12, [p for p in all_programs() if p.supported and p.output == "scalar"])
"""`python -m tests.jit` compiles all of them."""


PULLED = one_in(24, [p for p in all_programs() if p.supported and "reverse mode alone" not in p.tags])


@pytest.mark.parametrize("program", PROGRAMS, ids=[p.name for p in PROGRAMS])
def test_runs_without_numba(program: Program) -> None:
    _judge(judge_jitted, program)


@pytest.mark.parametrize("program", PULLED, ids=[p.name for p in PULLED])
def test_products_run_without_numba(program: Program) -> None:
    _judge(judge_products, program)


def _judge(judge: Callable[[Program], None], program: Program) -> None:
    with warnings.catch_warnings(), without_numba():
        warnings.simplefilter("ignore")
        try:
            judge(program)
        except NotJitableError as error:
            pytest.skip(f"refused: {error.msg}")
