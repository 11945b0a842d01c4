"""What becomes of one random program: right, refused, wrong, a crash, or nothing that differences can judge."""

from __future__ import annotations

import linecache
import re
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any

import numpy as np
import oracle
from any_kind import generic, judge_any_kind
from jit.judging import judge_jitted
from jit.plain import without_numba
from programs import Program

import srcgrad
from srcgrad.errors import InternalError, SrcgradError, UnsupportedError
from srcgrad.testing import (
    CannotJudge,
    check_same,
    is_active,
    random_like,
)
from srcgrad.tree import flatten

from .doubts import doubt, judge_along_a_direction
from .programs import LARGEST, Point, RandomProgram

SECONDS = 60
SAVED = 5
"""The generated code of one program in so many is written to a file and fed back to the compiler."""

_TOTAL = "def total(x, y, s, m, order, flags):\n    return np.sum(program(x, y, s, m, order, flags) ** 2)\n"

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


def load(text: str, name: str, function: str = "program") -> FunctionType:
    """A function of a text, which becomes a module; `inspect` finds its lines."""
    filename = f"<{name}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    module = sys.modules[name] = ModuleType(name)
    exec(compile(text, filename, "exec", dont_inherit=True), vars(module))
    fun = getattr(module, function)
    assert isinstance(fun, FunctionType)
    return fun


def judge(random: RandomProgram, order: int = 1, code: str = "") -> Verdict:
    """Judges a program at all of its points; the first that is not right decides."""
    saved = random.seed % SAVED == 0
    return judge_text(random.text, random.points, random.output, f"fuzz_{random.seed}", order, saved, code)


def judge_at(
    text: str,
    point: Point,
    output: str,
    name: str = "random_program",
    order: int = 1,
    saved: bool = False,
    code: str = "",
) -> Verdict:
    """Judges the gradient of a program at one point."""
    return judge_text(text, [point], output, name, order, saved, code)


def judge_text(
    text: str, points: Sequence[Point], output: str, name: str, order: int, saved: bool, code: str = ""
) -> Verdict:
    """Judges the gradient of a program, and that of its generated gradient if `order` is 2.

    Args:
        text: the program.
        points: where to judge it. What was compiled at the first is used at the others where the kinds are the same.
        output: `scalar` or `array`.
        name: under which name tracebacks and errors know the program.
        order: 2 judges the gradient of the generated code instead.
        saved: whether the code generated at the first point is also run from a file, and compiled again.
        code: other code that is judged instead, against the gradient for arguments of these kinds: `any` is that for
            arguments of any kind, `numba` what Numba compiles, `plain` the same run in Python, without Numba.
    """
    verdict, gradients = Verdict(UNJUDGED, "no point"), oracle.Gradients()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if code and output == "array":
                text, output = f"{text}\n{_TOTAL}", "scalar"
                fun = load(text, name, "total")
            else:
                fun = load(text, name)
    except Exception as error:
        return Verdict(UNJUDGED, f"the module raises {error!r}")
    try:
        for k, point in enumerate(points):
            gradients.unoptimised = k == 0
            if code:
                verdict = judge_other_code(fun, point, output, code, gradients)
            else:
                verdict = judge_function(fun, point, output, order, saved and k == 0, gradients)
            if verdict.kind not in (RIGHT, UNJUDGED):
                break
    finally:
        sys.modules.pop(name, None)
    return verdict


def judge_function(
    fun: FunctionType, point: Point, output: str, order: int, saved: bool, gradients: oracle.Gradients
) -> Verdict:
    """Judges the gradient of a function at one point."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        program = Program(fun, point.args, (0, 1, 2, 3), (), output)
        raised = ""
        try:
            with time_limit(SECONDS):
                out, error = outcome(program)
                if error is None:
                    judge_program(program, out, order, saved, gradients)
                else:
                    raised = f" where the program raises {type(error).__name__}"
                    judge_exception(program, error)
        except CannotJudge as error:
            return Verdict(UNJUDGED, first_line(error), signature_of(UNJUDGED, error))
        except InternalError as error:
            return Verdict(CRASH, first_line(error), signature_of(CRASH, error) + raised)
        except SrcgradError as error:
            return Verdict(REFUSED, first_line(error), signature_of(REFUSED, error) + raised)
        except AssertionError as error:
            if reason := doubt(program, point, order, gradients, judge_again):
                return Verdict(UNJUDGED, reason, f"unjudged: {reason}")
            return Verdict(WRONG, first_line(error), signature_of(WRONG, error) + raised)
        except Exception as error:
            return Verdict(CRASH, f"{type(error).__name__}: {first_line(error)}", signature_of(CRASH, error) + raised)
        finally:
            oracle.numerical.cache_clear()
    return Verdict(RIGHT)


def judge_other_code(fun: FunctionType, point: Point, output: str, code: str, gradients: oracle.Gradients) -> Verdict:
    """Judges compiled code, or that for any kind, at one point, against the gradient for arguments of these kinds."""
    program = Program(fun, point.args, (0, 1, 2, 3), (), output)
    with warnings.catch_warnings(), np.errstate(all="ignore"), without_numba() if code == "plain" else nullcontext():
        warnings.simplefilter("ignore")
        try:
            with time_limit(SECONDS):
                if code == "any":
                    judge_code_for_any_kind(program)
                else:
                    judge_jitted(program, gradients)
        except InternalError as error:
            return Verdict(CRASH, first_line(error), signature_of(CRASH, error))
        except SrcgradError as error:
            return Verdict(REFUSED, first_line(error), signature_of(REFUSED, error))
        except AssertionError as error:
            return Verdict(WRONG, first_line(error), signature_of(WRONG, error))
        except Exception as error:
            return Verdict(CRASH, f"{type(error).__name__}: {first_line(error)}", signature_of(CRASH, error))
    return Verdict(RIGHT)


def judge_code_for_any_kind(program: Program) -> None:
    """Judges the code for arguments of any kind, where the program raises nothing and its gradient is there."""
    if outcome(program)[1] is not None:
        return
    try:
        judge_any_kind(program)
    finally:
        generic.cache_clear()


def outcome(program: Program) -> tuple[Any, Exception | None]:
    """What a program returns, or what it raises."""
    try:
        return program.fun(*program.args()), None
    except TookTooLong:
        raise CannotJudge("the program does not come to an end") from None
    except Exception as error:
        return None, error


def judge_program(program: Program, out: Any, order: int, saved: bool, gradients: oracle.Gradients) -> None:
    """Raises unless the gradient of a program that returns `out` is right.

    Raises:
        CannotJudge: if differences can't tell; all else is as it should be.
    """
    leaves = flatten(out)[0]
    if not leaves or not all(is_active(leaf) and np.all(np.abs(leaf) < LARGEST) for leaf in leaves):
        raise CannotJudge("the program overflows, or returns nothing that can be differentiated")
    try:
        if order == 2:
            oracle.judge_over_forward(program)
            oracle.judge_forward_over_reverse(program)
            oracle.judge_second_order(program)
            return
        oracle.judge(program, gradients)
        judge_along_a_direction(program)
    except CannotJudge:
        # What differences can't tell about may still be refused, or end in an error.
        value, pull = srcgrad.vjp(program.fun, *program.args())
        pull(random_like(value, np.random.default_rng(0)))
        raise
    if saved and program.output == "scalar":
        judge_saved(program, gradients)


def judge_again(program: Program, order: int, gradients: oracle.Gradients) -> None:
    """Judges a program in other numbers than those of its point."""
    judge_program(program, program.fun(*program.args()), order, False, gradients)


def judge_exception(program: Program, raised: Exception) -> None:
    """Where a program raises, its gradient raises the same, and leaves the arguments as they are."""
    args = program.args()
    try:
        srcgrad.vjp(program.fun, *args)
    except SrcgradError:
        raise
    except Exception as error:
        assert type(error) is type(raised), f"vjp raises {error!r}, and the program {raised!r}"
        check_same(args, program.args(), "vjp changes an argument of a program that raises")
        return
    raise AssertionError(f"vjp does not raise what the program raises: {raised!r}")


def judge_saved(program: Program, gradients: oracle.Gradients) -> None:
    """The generated code runs from a file of its own, gives the same, and is accepted by the compiler."""
    gradient = gradients.of(srcgrad.grad, program)
    expected = gradient(*program.args())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "saved.py"
        try:
            gradient.save(path)
        except UnsupportedError:  # it uses what no file can import
            return
        text = path.read_text(encoding="utf-8")
    name = f"{program.fun.__module__}_saved"
    again = load(text, name, gradient.__name__)
    sys.modules.pop(name)
    check_same(again(*program.args()), expected, f"the saved gradient of {program.name} answers otherwise")
    try:
        value, _ = srcgrad.vjp(again, *program.args())
    except InternalError:
        raise
    except SrcgradError:  # counted where second derivatives are judged
        return
    check_same(value, expected, f"the saved gradient of {program.name} differs when it is fed back", exact=False)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Ends what computes for too long, where the system has alarms; how busy the machine is does not count."""

    def stop(signum: int, frame: FrameType | None) -> None:
        raise TookTooLong(f"more than {seconds} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


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
