"""Runs the verifier after every pass of the compiler."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from srcgrad.backend import building
from srcgrad.frontend.program import Program
from srcgrad.ir.nodes import Function, Value
from srcgrad.ir.verify import verify
from srcgrad.transform import gradient
from srcgrad.transform.gradient import Gradient

PASSES = ["prune_carried", "share_common", "simplify_algebra", "sink_shadows", "polish"]
"""The passes that take a function first."""
STAGES = ["Contents", "Tape"]
"""The passes that are classes with a method `run`; each keeps the function in an attribute."""


class _Watch:
    """What is known about the functions while they are compiled.

    Attributes:
        counts: how often the verifier ran after each pass.
        crossing: the functions whose reverse sweep still refers to inner regions of the forward sweep.
        free: the seeds of the functions that have some, until they become parameters.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.crossing: set[Function] = set()
        self.free: dict[Function, list[Value]] = {}

    def check(self, function: Function, after: str, complete: bool = False) -> None:
        seeds = () if complete else self.free.get(function, ())
        free = [seed for seed in seeds if seed not in function.params]
        self.counts[after] += 1
        try:
            verify(function, function in self.crossing, free=free, complete=complete)
        except AssertionError as error:
            raise AssertionError(f"after {after}: {error}") from None

    def check_program(self, program: Program, after: str, complete: bool = False) -> None:
        for function in (*program.functions, program.function):
            self.check(function, after, complete)

    # What takes the place of the passes

    def of_function(self, name: str, run: Callable) -> Callable:
        def watched(function: Function, *args: Any, **kwargs: Any) -> Any:
            result = run(function, *args, **kwargs)
            self.check(function, name)
            return result

        return watched

    def of_program(self, name: str, run: Callable) -> Callable:
        def watched(program: Program, *args: Any, **kwargs: Any) -> Any:
            result = run(program, *args, **kwargs)
            self.check_program(program, name)
            return result

        return watched

    def of_lowering(self, run: Callable) -> Callable:
        def watched(*args: Any, **kwargs: Any) -> Program:
            program: Program = run(*args, **kwargs)
            self.check_program(program, "lower_program", complete=True)
            return program

        return watched

    def of_dead_code(self, run: Callable) -> Callable:
        def watched(functions: list[Function], *args: Any, **kwargs: Any) -> None:
            run(functions, *args, **kwargs)
            for function in functions:
                self.check(function, "remove_dead_code")

        return watched

    def of_reverse(self, run: Callable) -> Callable:
        def watched(reverse: Any, function: Function, seeds: Any, inputs: Any) -> list[Value]:
            rows = list(seeds)
            self.free[function] = [seed for _, seed in rows]
            bars: list[Value] = run(reverse, function, rows, inputs)
            table = reverse.shadow_table
            if table is not None and table.owner is None:
                self.free[function].append(table)
            self.crossing.add(function)
            self.check(function, "Reverse.run")
            return bars

        return watched

    def of_stage(self, name: str, run: Callable) -> Callable:
        def watched(stage: Any) -> None:
            run(stage)
            if name == "Tape":
                self.crossing.discard(stage.function)
            self.check(stage.function, f"{name}.run")

        return watched

    def of_pipeline(self, name: str, run: Callable) -> Callable:
        def watched(program: Program, *args: Any, **kwargs: Any) -> Gradient:
            result: Gradient = run(program, *args, **kwargs)
            self.free.clear()
            made = dict.fromkeys([*result.functions, *([result.reverse] if result.reverse is not None else [])])
            for function in made:
                self.check(function, name, complete=True)
            return result

        return watched


@contextmanager
def verified() -> Iterator[Counter[str]]:
    """Within it, every pass is followed by `verify` of what it changed; yields how often, by pass.

    What the verifier finds is raised as AssertionError, which says after which pass it was found.
    """
    watch = _Watch()
    with pytest.MonkeyPatch.context() as patch:
        for name in PASSES:
            patch.setattr(gradient, name, watch.of_function(name, getattr(gradient, name)))
        for name in ("protect_arguments", "prepare"):
            patch.setattr(gradient, name, watch.of_program(name, getattr(gradient, name)))
        patch.setattr(gradient, "remove_dead_code", watch.of_dead_code(gradient.remove_dead_code))
        patch.setattr(gradient.Reverse, "run", watch.of_reverse(gradient.Reverse.run))
        for name in STAGES:
            stage = getattr(gradient, name)
            patch.setattr(stage, "run", watch.of_stage(name, stage.run))
        for name in ("joint_gradient", "pullback"):
            patch.setattr(gradient, name, watch.of_pipeline(name, getattr(gradient, name)))
        patch.setattr(building, "lower_program", watch.of_lowering(building.lower_program))
        yield watch.counts
