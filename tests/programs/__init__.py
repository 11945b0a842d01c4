"""A corpus of programs, written as users write them, each with a point at which it is smooth.

`tests/oracle.py` judges what the compiler makes of them; a program that an error was found with stays here for good.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

PROGRAMS: dict[str, Program] = {}


class Named(Protocol):
    """What has a name of its own."""

    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=Named)


@dataclass(frozen=True, eq=False, slots=True)
class Program:
    """One function and where to differentiate it.

    Attributes:
        fun: the function.
        args: makes its arguments, afresh at every call.
        argnums: the arguments that gradients are wanted for.
        tags: what the program is an example of.
        output: `scalar`, or `array` for any other output, which is judged through `vjp`.
        supported: whether the compiler is meant to differentiate it; if not, it must refuse it.
    """

    fun: Callable
    args: Callable[[], tuple]
    argnums: int | tuple[int, ...] = 0
    tags: tuple[str, ...] = ()
    output: str = "scalar"
    supported: bool = True

    @property
    def name(self) -> str:
        return self.fun.__name__


def program(
    args: Callable[[], tuple],
    argnums: int | tuple[int, ...] = 0,
    tags: tuple[str, ...] = (),
    output: str = "scalar",
    supported: bool = True,
) -> Callable[[Callable], Callable]:
    """Collects the decorated function; the function itself stays what it is."""

    def collect(fun: Callable) -> Callable:
        if fun.__name__ in PROGRAMS:
            raise ValueError(f"two programs are named {fun.__name__}")
        PROGRAMS[fun.__name__] = Program(fun, args, argnums, tags, output, supported)
        return fun

    return collect


def rand(*shape: int, seed: int = 0, low: float = 0.2, high: float = 1.2) -> np.ndarray:
    """Random numbers that are the same at every call: positive, and away from zero, unless told otherwise."""
    return np.random.default_rng(seed).uniform(low, high, shape)


def signed(*shape: int, seed: int = 0) -> np.ndarray:
    """Random numbers of both signs, away from zero."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.2, 1.2, shape) * rng.choice([-1.0, 1.0], shape)


def all_programs() -> list[Program]:
    """All programs, in the order of their modules."""
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        importlib.import_module(f"{__name__}.{module}")
    return list(PROGRAMS.values())


def one_in(count: int, programs: Iterable[N]) -> list[N]:
    """A part of the programs, always the same one; all of them with SRCGRAD_WHOLE_CORPUS=1 in the environment.

    Every program is judged by one test at least; those that judge the same code in yet another way judge a part.
    """
    if os.environ.get("SRCGRAD_WHOLE_CORPUS") == "1":
        return list(programs)
    # By name, so that a new program moves no other one out of its part.
    return [p for p in programs if zlib.crc32(p.name.encode()) % count == 0]
