"""What is made for Numba runs as plain Python too, and gives the same: so it is tested without Numba, on the corpus."""

from __future__ import annotations

import dataclasses
import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from programs import Program, all_programs

from jit.judging import judge_jitted, judge_products
from srcgrad import api, products
from srcgrad.backend import numba_target
from srcgrad.backend.compile import load
from srcgrad.errors import NotJitableError

PROGRAMS = [p for p in all_programs() if p.supported and p.output == "scalar"][::12]
"""`python -m tests.jit` compiles all of them."""


def load_plain(emitted: Any, names: list[str], module: str, hint: str, known: dict[str, Any]) -> dict[str, Any]:
    """Loads generated code without the decorators of Numba."""
    header = re.sub(r"^from numba import .*\n?", "", emitted.header, flags=re.MULTILINE).strip()
    functions = re.sub(r"^@njit\w*\(.*\)\n", "", emitted.functions, flags=re.MULTILINE)
    return load(dataclasses.replace(emitted, header=header, functions=functions, spans=[]), module, hint, known)


PULLED = [p for p in all_programs() if p.supported and "reverse mode alone" not in p.tags][5::24]


@pytest.fixture(autouse=True)
def without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numba is said to be installed, and nothing is compiled."""
    monkeypatch.setattr(numba_target, "load_compiled", load_plain)
    for module in (api, products):
        monkeypatch.setattr(module, "check_installed", lambda: None)


@pytest.mark.parametrize("program", PROGRAMS, ids=[p.name for p in PROGRAMS])
def test_runs_without_numba(program: Program) -> None:
    _judge(judge_jitted, program)


@pytest.mark.parametrize("program", PULLED, ids=[p.name for p in PULLED])
def test_products_run_without_numba(program: Program) -> None:
    _judge(judge_products, program)


def _judge(judge: Callable[[Program], None], program: Program) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            judge(program)
        except NotJitableError as error:
            pytest.skip(f"refused: {error.msg}")
