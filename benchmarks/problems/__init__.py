"""The eight problems against which srcgrad is measured, one in each module."""

from __future__ import annotations

from benchmarks.problem import Problem
from benchmarks.problems import chain, gmm, heat, jacobi, lstm, mlp, nbody, rosenbrock, scalar, seidel

PROBLEMS: tuple[Problem, ...] = tuple(
    module.PROBLEM for module in (scalar, chain, mlp, gmm, heat, jacobi, seidel, lstm, rosenbrock, nbody)
)
