"""Array programs with `jit=True`: as Python, relying on it that nothing is stretched and not, and compiled."""

from __future__ import annotations

import warnings
from importlib.util import find_spec

import numpy as np
import pytest

import srcgrad
from jit.array_programs import PROGRAMS, ArrayProgram
from jit.judging import same_results
from srcgrad.backend import building
from srcgrad.jit.pipeline import jitted

each = pytest.mark.parametrize("program", PROGRAMS, ids=[p.fun.__name__ for p in PROGRAMS])
compiled = [p for p in PROGRAMS if p.compiled]


def judge(program: ArrayProgram) -> None:
    """Raises AssertionError unless a program has the same gradient with `jit=True`, and its arguments are kept."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = [np.copy(arg) for arg in program.args]
        got = srcgrad.value_and_grad(program.fun, argnums=program.argnums, jit=True)(*program.args)
        expected = srcgrad.value_and_grad(program.fun, argnums=program.argnums)(*program.args)
    same_results(got, expected, program.fun.__name__, program.args)
    assert all(map(np.array_equal, before, program.args))


@each
@pytest.mark.parametrize("relies", [True, False], ids=["relies", "careful"])
def test_as_python(program: ArrayProgram, relies: bool, without_numba: None, monkeypatch: pytest.MonkeyPatch) -> None:
    if not relies:
        monkeypatch.setattr(building, "jitted", lambda functions, entries, *_: jitted(functions, entries, False))
    judge(program)


@pytest.mark.skipif(find_spec("numba") is None, reason="Numba is not installed")
@pytest.mark.parametrize("program", compiled, ids=[p.fun.__name__ for p in compiled])
def test_compiled(program: ArrayProgram) -> None:
    judge(program)
