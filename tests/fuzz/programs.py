"""Whole random programs, and the points at which they are judged."""

from __future__ import annotations

import random
import warnings
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

# The modules register their constructs when they are imported.
from . import (  # noqa: F401
    combinations,
    containers,
    control,
    functions,
    generators,
    kinds,
    memory,
    objects,
    paths,
    statements,
    structures,
    values,
)
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

SIGNATURE = "x, y, s, m, order, flags, mode='fast'"

TAKEN = {
    "x", "y", "s", "m", "n", "r", "c", "a", "b", "f", "q", "k", "v", "np", "math", "program", "mode", "result", "weigh",
    "order", "flags", "row", "other_z", "same_z",
}  # fmt: skip

LARGEST = 1e6
LONGEST = 40
"""The lines of a program at most, those of its helpers among them; the header does not count."""

ARGUMENT_KINDS = (
    "plain", "plain", "plain", "single", "fortran", "strided", "reversed", "columns", "halves", "scalar-array",
    "read-only",
)  # fmt: skip
"""What the arrays among the arguments are like: their dtype, and where in memory they lie."""


@dataclass(frozen=True)
class Point:
    """Where a program is judged: lengths, a seed for the values, and the kind of its arrays."""

    n: int
    rows: int
    cols: int
    seed: int
    kind: str = "plain"

    def args(self) -> tuple:
        """The arguments x (n), y (n), s, m (rows, cols), and the passive order (n) and flags (n), afresh."""
        rng = np.random.default_rng(self.seed)
        n, kind = self.n, self.kind
        x, y = rng.uniform(0.3, 1.2, n), rng.uniform(0.3, 1.2, n)
        s, m = float(rng.uniform(0.4, 1.1)), rng.uniform(0.3, 1.2, (self.rows, self.cols))
        order, flags = rng.permutation(n), np.arange(n) % 3 != self.seed % 3
        if kind == "single":
            x, y, s, m = x.astype(np.float32), y.astype(np.float32), np.float32(s), m.astype(np.float32)
        elif kind == "fortran":
            m = np.asfortranarray(m)
        elif kind == "strided":
            x, m = np.repeat(x, 2)[::2], np.repeat(m, 2, axis=1)[:, ::2]
        elif kind == "reversed":
            x, m, order = x[::-1], m[::-1, ::-1], order[::-1]
        elif kind == "columns":
            x, m, flags = np.outer(x, [1.0, 0.5])[:, 0], m.T.copy().T, np.repeat(flags, 2)[::2]
        elif kind == "halves":
            both = np.concatenate([x, y])
            x, y = both[:n], both[n:]
        elif kind == "scalar-array":
            s = np.array(s)
        elif kind == "read-only":
            for array in (x, y, m, order, flags):
                array.flags.writeable = False
        return x, y, s, m, order, flags


@dataclass(frozen=True)
class RandomProgram:
    """The text of a program, what it is made of, and where to judge it."""

    seed: int
    text: str
    tags: Counter[str]
    points: tuple[Point, ...]
    output: str


def random_program(seed: int) -> RandomProgram:
    """The program of a seed: 8 to 40 lines, tame at its points, the same at every call."""
    rng = random.Random(seed)
    focus, budget = frozenset(rng.sample(sorted(CONSTRUCTS), 16)), rng.randint(3, 9)
    points = (
        Point(5, 2, 3, seed, rng.choice(ARGUMENT_KINDS)),
        Point(rng.choice((4, 6)), rng.choice((2, 3)), 2, seed + 1, rng.choice(ARGUMENT_KINDS)),
    )
    while True:
        w, output = written(rng, focus, budget)
        text = HEADER + "\n" + "\n".join([*w.module, f"def program({SIGNATURE}):", *w.lines]) + "\n"
        if length(w) <= LONGEST and all(is_tame(text, point) for point in points):
            return RandomProgram(seed, text, w.used, points, output)
        budget = max(1, budget - 1)


def is_tame(text: str, point: Point) -> bool:
    """Whether a program stays small at a point, or raises an exception there."""
    scope: dict[str, Any] = {"__name__": "random_program"}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        exec(compile(text, "<random program>", "exec", dont_inherit=True), scope)
        try:
            out = scope["program"](*point.args())
        except Exception:
            return True
        return bool(np.all(np.abs(out) < LARGEST))


def length(w: Writer) -> int:
    """The lines of a program and its helpers."""
    return 1 + sum(bool(line.strip()) for text in (*w.module, *w.lines) for line in text.splitlines())


def written(rng: random.Random, focus: frozenset[str], budget: int) -> tuple[Writer, str]:
    """A program of so many statements, and what it returns."""
    w = Writer(rng, focus=focus, budget=budget)
    w.taken |= TAKEN
    w.scope = [Var("x", "array", ("n",)), Var("y", "array", ("n",)), Var("s", "scalar"), Var("m", "array", ("r", "c"))]
    w.scope += [Var("order", "ints", ("n",)), Var("flags", "bools", ("n",))]
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
    return w, output


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
