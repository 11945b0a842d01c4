"""What becomes of one random program: right, refused, wrong, a crash, or nothing that differences can judge."""

from __future__ import annotations

import linecache
import re
import signal
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType, FunctionType
from typing import Any

import numpy as np
import oracle
from programs import Program

import srcgrad
from srcgrad.errors import InternalError, SrcgradError
from srcgrad.testing import CannotJudge, Tolerance, check_close, is_active, numerical_gradient, pairing, random_like
from srcgrad.tree import flatten

from .programs import Point, RandomProgram

SECONDS = 60
LARGEST = 1e6

RIGHT, REFUSED, WRONG, CRASH, UNJUDGED = "right", "refused", "wrong", "crash", "unjudged"


@dataclass(frozen=True)
class Verdict:
    """What became of a program, and why.

    Attributes:
        kind: one of the five above.
        reason: one line.
        signature: equal for failures that have the same cause, as far as one can tell.
    """

    kind: str
    reason: str = ""
    signature: str = ""

    @property
    def is_failure(self) -> bool:
        return self.kind in (WRONG, CRASH)


class TookTooLong(Exception):
    """A program, or its compilation, did not come to an end."""


def load(text: str, name: str) -> FunctionType:
    """The function `program` of a text, with the text where `inspect` finds it."""
    filename = f"<{name}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    scope: dict[str, Any] = {"__name__": name}
    exec(compile(text, filename, "exec", dont_inherit=True), scope)
    fun = scope["program"]
    assert isinstance(fun, FunctionType)
    return fun


def judge(random: RandomProgram, order: int = 1) -> Verdict:
    """Judges a program at all of its points; the first that is not right decides."""
    verdict = Verdict(UNJUDGED, "no point")
    for point in random.points:
        verdict = judge_at(random.text, point, random.output, f"fuzz_{random.seed}", order)
        if verdict.kind not in (RIGHT, UNJUDGED):
            return verdict
    return verdict


def judge_at(text: str, point: Point, output: str, name: str = "fuzz", order: int = 1) -> Verdict:
    """Judges the gradient of a program at one point, and that of its generated gradient if `order` is 2."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            fun = load(text, name)
            with time_limit(SECONDS):
                out = fun(*point.args())
        except Exception as error:
            return Verdict(UNJUDGED, f"the program raises {error!r}")
        leaves = flatten(out)[0]
        if not leaves or not all(is_active(leaf) and np.all(np.abs(leaf) < LARGEST) for leaf in leaves):
            return Verdict(UNJUDGED, "the program overflows, or returns nothing that can be differentiated")
        program = Program(fun, point.args, (0, 1, 2, 3), (), output)
        try:
            with time_limit(SECONDS):
                (judge_twice if order == 2 else oracle.judge)(program)
        except CannotJudge as error:
            return Verdict(UNJUDGED, first_line(error))
        except InternalError as error:
            return Verdict(CRASH, first_line(error), signature_of(CRASH, error))
        except SrcgradError as error:
            return Verdict(REFUSED, first_line(error), signature_of(REFUSED, error))
        except AssertionError as error:
            return Verdict(WRONG, first_line(error), signature_of(WRONG, error))
        except Exception as error:
            return Verdict(CRASH, f"{type(error).__name__}: {first_line(error)}", signature_of(CRASH, error))
        finally:
            oracle.numerical.cache_clear()
    return Verdict(RIGHT)


def judge_twice(program: Program) -> None:
    """Differentiates the generated gradient once more, and compares with differences of it."""
    out, seed, _ = oracle.numerical(program)

    def weighted(*args: Any) -> float:
        return pairing(seed, program.fun(*args)) if program.output == "array" else program.fun(*args)

    gradient = srcgrad.grad(program.fun, argnums=(0, 1, 2, 3)) if program.output == "scalar" else None
    if gradient is None:
        return
    first = gradient(*program.args())
    direction = random_like(first, np.random.default_rng(1))
    expected = numerical_gradient(lambda *args: pairing(direction, gradient(*args)), program.args(), (0, 1, 2, 3))
    _, pull = srcgrad.vjp(gradient, *program.args())
    got = pull(direction)
    tolerance = Tolerance.of((program.args(), out), out)
    for name, g, e in zip("xysm", got, expected, strict=True):
        check_close(g, e, f"the gradient of {program.name}", name, tolerance)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Ends what takes too long, where the system has alarms."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TookTooLong(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def signature_of(kind: str, error: BaseException) -> str:
    """The kind of a failure, its class, and its message without what differs from program to program."""
    message = re.sub(r"[\d.]+|'[^']*'|`[^`]*`|\"[^\"]*\"|(with respect to|argument) \S+", "#", first_line(error))
    where = ""
    if kind == CRASH:
        frames = traceback.extract_tb(error.__traceback__)
        inside = [frame for frame in frames if "srcgrad" in frame.filename]
        where = f" in {inside[-1].name}" if inside else ""
    return f"{kind}: {type(error).__name__}: {message[:80]}{where}"
