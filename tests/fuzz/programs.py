"""Whole random programs, and the points at which they are judged."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import numpy as np

# The modules register their constructs when they are imported.
from . import containers, functions, generators, memory, statements, values  # noqa: F401
from .writer import CONSTRUCTS, Var, Writer

HEADER = """\
import collections
import contextlib
import dataclasses
import functools
import itertools
import math
import operator

import numpy as np

from srcgrad import stop_gradient


def weigh(v):
    v = np.ravel(v)
    return np.sum(v * np.arange(1, len(v) + 1)) / len(v) ** 2

"""

SIGNATURE = "x, y, s, m, mode='fast'"

ARGUMENT_KINDS = ("plain", "plain", "plain", "single", "fortran", "strided", "scalar-array")


@dataclass(frozen=True)
class Point:
    """Where a program is judged: lengths, a seed for the values, and the kind of its arrays."""

    n: int
    rows: int
    cols: int
    seed: int
    kind: str = "plain"

    def args(self) -> tuple:
        """The arguments x (n), y (n), s, m (rows, cols), afresh."""
        rng = np.random.default_rng(self.seed)
        x, y = rng.uniform(0.3, 1.2, self.n), rng.uniform(0.3, 1.2, self.n)
        s, m = float(rng.uniform(0.4, 1.1)), rng.uniform(0.3, 1.2, (self.rows, self.cols))
        if self.kind == "single":
            return x.astype(np.float32), y.astype(np.float32), np.float32(s), m.astype(np.float32)
        if self.kind == "fortran":
            m = np.asfortranarray(m)
        if self.kind == "strided":
            x, m = np.repeat(x, 2)[::2], np.repeat(m, 2, axis=1)[:, ::2]
        if self.kind == "scalar-array":
            return x, y, np.array(s), m
        return x, y, s, m


@dataclass(frozen=True)
class RandomProgram:
    """The text of a program, what it is made of, and where to judge it."""

    seed: int
    text: str
    tags: Counter[str]
    points: tuple[Point, ...]
    output: str


def random_program(seed: int) -> RandomProgram:
    """The program of a seed: 8 to 40 lines, the same at every call."""
    rng = random.Random(seed)
    w = Writer(rng, focus=frozenset(rng.sample(sorted(CONSTRUCTS), 12)), budget=rng.randint(3, 9))
    w.taken |= {"x", "y", "s", "m", "n", "r", "c", "a", "b", "np", "math", "f", "program", "mode", "result", "weigh"}
    w.scope = [Var("x", "array", ("n",)), Var("y", "array", ("n",)), Var("s", "scalar"), Var("m", "array", ("r", "c"))]
    w.emit("n = len(x)")
    w.emit("r, c = m.shape")
    w.define("scalar", (), w.scalar(1))
    while w.budget > 0:
        w.statement()
    output = "array" if w.chance(0.15) and w.vars("array", ("n",)) else "scalar"
    terms = [f"{w.number()} * {text}" for text in alive(w)]
    for k in range(0, len(terms), 4):
        w.emit(f"result {'+=' if k else '='} {' + '.join(terms[k : k + 4])}")
    w.emit(f"return {w.some('array', ('n',)).name} * result" if output == "array" else "return result")
    kind = rng.choice(ARGUMENT_KINDS)
    points = (
        Point(5, 2, 3, seed, kind),
        Point(rng.choice((4, 6)), rng.choice((2, 3)), 2, seed + 1, kind),
    )
    text = HEADER + "\n" + "\n".join([*w.module, f"def program({SIGNATURE}):", *w.lines]) + "\n"
    return RandomProgram(seed, text, w.used, points, output)


def alive(w: Writer) -> list[str]:
    """A scalar for everything that is in scope, so that no error stays unseen."""
    texts = []
    for v in w.scope:
        if v.kind == "scalar":
            texts.append(v.name)
        elif v.kind == "array":
            texts.append(f"weigh({v.name})")
        elif v.kind == "floats":
            texts.append(f"sum((k + 1) * e for k, e in enumerate({v.name})) / 5")
        elif v.kind == "arrays":
            texts.append(f"sum(np.sum(e * e) for e in {v.name}) / n")
        elif v.kind == "dict":
            texts.append(f"np.sum({v.name}['a']) * {v.name}['b'] / n")
    return texts
