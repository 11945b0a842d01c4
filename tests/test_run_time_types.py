"""What generated code computes has the types that the compiler gave to it.

A number that is an array without axes is changed by `+=`, with all that else holds it: a wrong derivative one order up.
"""

from __future__ import annotations

import numpy as np
import pytest
from programs import Program, all_programs, one_in
from run_time_types import compared_types

import srcgrad
from srcgrad.errors import SrcgradError
from srcgrad.testing import random_like

SUPPORTED = [program for program in all_programs() if program.supported]
PROGRAMS = one_in(3, SUPPORTED)
TWICE = [
    p
    for p in SUPPORTED
    if p.fun.__module__.rpartition(".")[2] in ("masked", "decisions", "probability") and p.output == "scalar"
]


@pytest.mark.parametrize("program", PROGRAMS, ids=[p.name for p in PROGRAMS])
def test_of_pullbacks(program: Program) -> None:
    with compared_types() as found:
        out, pull = srcgrad.vjp(program.fun, *program.args())
        pull(random_like(out, np.random.default_rng(0)))
    assert not found


@pytest.mark.parametrize("program", TWICE, ids=[p.name for p in TWICE])
def test_of_pullbacks_of_gradients(program: Program) -> None:
    gradient = srcgrad.grad(program.fun, argnums=program.argnums)
    gradient(*program.args())
    with compared_types() as found:
        try:
            out, pull = srcgrad.vjp(gradient, *program.args())
        except SrcgradError:
            pytest.skip("not differentiated twice")
        pull(random_like(out, np.random.default_rng(0)))
    assert not found
