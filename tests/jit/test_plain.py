"""What is made for Numba runs as plain Python too, and gives the same: so it is tested without Numba, on the corpus."""

from __future__ import annotations

import dataclasses
import re
import warnings
from typing import Any

import pytest
from programs import Program, all_programs

from jit.judging import judge_jitted
from srcgrad import api
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


@pytest.mark.parametrize("program", PROGRAMS, ids=[p.name for p in PROGRAMS])
def test_runs_without_numba(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba_target, "load_compiled", load_plain)
    monkeypatch.setattr(api, "check_installed", lambda: None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            judge_jitted(program)
        except NotJitableError as error:
            pytest.skip(f"refused: {error.msg}")
