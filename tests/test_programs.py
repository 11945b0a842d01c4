"""Every program of the corpus: is it fit to judge by, and is its gradient right?"""

from __future__ import annotations

import numpy as np
import pytest
from oracle import judge, numerical
from programs import Program, all_programs

import srcgrad
from srcgrad.errors import InternalError, SrcgradError
from srcgrad.testing import check_same, is_active
from srcgrad.tree import flatten

PROGRAMS = all_programs()


def each(programs: list[Program]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("program", programs, ids=[p.name for p in programs])


@each([p for p in PROGRAMS if p.supported])
def test_is_fit_to_judge_by(program: Program) -> None:
    out, _, gradients = numerical(program)
    check_same(program.fun(*program.args()), out, f"{program.name} is not deterministic")
    check_same(program.args(), program.args(), f"the arguments of {program.name} are not the same at every use")
    leaves = [leaf for leaf in flatten((out, gradients))[0] if is_active(leaf)]
    assert all(np.all(np.isfinite(leaf)) for leaf in leaves)
    assert any(np.any(leaf != 0) for leaf in flatten(gradients)[0] if leaf is not None), "nothing to check: all is zero"


@each([p for p in PROGRAMS if p.supported])
def test_gradient(program: Program) -> None:
    judge(program)


@each([p for p in PROGRAMS if not p.supported])
def test_is_refused(program: Program) -> None:
    program.fun(*program.args())
    with pytest.raises(SrcgradError) as caught:
        srcgrad.grad(program.fun, argnums=program.argnums)(*program.args())
    assert not isinstance(caught.value, InternalError)


def test_the_corpus_is_large() -> None:
    assert len(PROGRAMS) >= 330
