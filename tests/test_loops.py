"""Array operations as loops: the same results, raised errors and arguments as with whole arrays."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from looped import loops
from programs import Program, all_programs, one_in

import srcgrad
from srcgrad.testing import check_same, random_like
from srcgrad.tree import flatten

PROGRAMS = [p for p in one_in(3, all_programs()) if p.supported]


def each(programs: list[Program]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("program", programs, ids=[p.name for p in programs])


def outcome(program: Program) -> tuple[Any, tuple]:
    """The gradient of a program, and its arguments afterwards."""
    args = program.args()
    if program.output == "scalar":
        return srcgrad.value_and_grad(program.fun, argnums=program.argnums)(*args), args
    out, pull = srcgrad.vjp(program.fun, *args)
    return (out, pull(random_like(out, np.random.default_rng(0)))), args


def check_outcomes(got: Any, want: Any, name: str) -> None:
    """The same structure, types, dtypes and shapes, and the same numbers but for rounding."""
    a, b = flatten(got), flatten(want)
    assert a[1] == b[1], name
    for p, q in zip(a[0], b[0], strict=True):
        assert type(p) is type(q), f"{name}: {type(p)} is no {type(q)}"
        if isinstance(q, (np.ndarray, np.generic)):
            assert p.dtype == q.dtype, f"{name}: {p.dtype} is no {q.dtype}"
            assert p.shape == q.shape, f"{name}: {p.shape} is no {q.shape}"
        if isinstance(q, (np.ndarray, np.generic, float, complex)) and np.asarray(q).dtype.kind in "fc":
            single = np.asarray(q).dtype.itemsize <= 4
            rtol = 2e-5 if single else 1e-9
            scale = np.max(np.abs(q), initial=0.0, where=np.isfinite(q))
            np.testing.assert_allclose(p, q, rtol=rtol, atol=rtol * scale, err_msg=name)
        else:
            check_same(p, q, name)


@each(PROGRAMS)
def test_same_gradient(program: Program) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        want, before = outcome(program)
        with loops():
            got, after = outcome(program)
    check_outcomes(got, want, program.name)
    check_same(after, before, f"the arguments of {program.name}")
