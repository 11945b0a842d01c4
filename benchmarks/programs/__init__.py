"""Loop and array programs from numerical practice, beside JAX."""

from __future__ import annotations

from benchmarks.problem import Problem
from benchmarks.programs import grids, learning, linear_algebra, models, signals, solvers

PROGRAMS: tuple[Problem, ...] = tuple(
    problem for module in (linear_algebra, solvers, grids, learning, signals, models) for problem in module.PROGRAMS
)
