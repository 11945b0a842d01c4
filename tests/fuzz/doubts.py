"""Whether a gradient that differences contradict is wrong, or the differences, or the precision of the numbers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any

import numpy as np
import oracle
from programs import Program

import srcgrad
from srcgrad.errors import SrcgradError
from srcgrad.testing import (
    CannotJudge,
    Tolerance,
    check_close,
    directional_derivative,
    is_active,
    numerical_gradient,
    pairing,
    random_like,
)
from srcgrad.tree import flatten

from .programs import Point

COARSE = 0.02
"""How far from double precision single precision may be where rounding matters."""
FINE = 1e-7
"""A step so short that a function with many jumps has none in between, most of the time."""
NEARLY = Tolerance(1e-4, 1e-4)
"""How far from the truth differences with such steps may be."""
_ERRORS = (AssertionError, CannotJudge, SrcgradError, ArithmeticError, LookupError, ValueError, TypeError)


def doubt(
    program: Program,
    point: Point,
    order: int,
    gradients: oracle.Gradients,
    judge: Callable[[Program, int, oracle.Gradients], None],
) -> str:
    """Why a program whose gradient seems to be wrong can't be judged; empty if it is wrong indeed.

    Args:
        program: the program, at a point where its gradient and differences do not agree.
        point: that point.
        order: 2 if the gradient of the generated code was judged.
        gradients: what was compiled for it.
        judge: raises unless the gradient of a program is right.
    """
    if point.kind == "single" and _is_right_in_double(program, point, order, gradients, judge):
        return "single precision is too coarse"
    if order == 1 and _is_contradicted(program):
        if _overflows(program):
            return "a value in it is too large for a float"
        if _agrees_with_itself(program, gradients) and _is_right_nearby(program):
            return "it jumps too often for differences"
        if _agrees_with_itself(program, gradients) and _cancels(program):
            return "its cotangents are so large that rounding decides"
    return ""


def judge_along_a_direction(program: Program) -> None:
    """The dot-product test: the cotangents paired with a direction, and the seed with what moves along it."""
    args, rng = program.args(), np.random.default_rng(2)
    floats = [random_like(arg, rng) if k in oracle.wanted(program) else None for k, arg in enumerate(args)]
    out, pull = srcgrad.vjp(program.fun, *args)
    seed = random_like(out, rng)
    moved = directional_derivative(program.fun, args, floats)
    got = sum(pairing(c, d) for c, d in zip(pull(seed), floats, strict=True) if d is not None)
    check_close(got, pairing(seed, moved), program.name, "a random direction", oracle.tolerance_for(program, out))


def _is_right_in_double(
    program: Program,
    point: Point,
    order: int,
    gradients: oracle.Gradients,
    judge: Callable[[Program, int, oracle.Gradients], None],
) -> bool:
    """Whether a program that is wrong in single precision is right in double, and not far from that in single."""
    double = replace(program, args=replace(point, kind="plain").args)
    try:
        judge(double, order, gradients)
        for got, expected in zip(
            _derivatives(program, order, gradients), _derivatives(double, order, gradients), strict=True
        ):
            check_close(got, expected, program.name, "all", Tolerance(COARSE, COARSE))
        if order == 1:
            oracle.judge_exactly(program, gradients)
    except _ERRORS:
        return False
    return True


def _derivatives(program: Program, order: int, gradients: oracle.Gradients) -> list[Any]:
    """Values and derivatives of a program, or of its gradient, as far as a few ways to compute them give them."""
    fun = program.fun if order == 1 else oracle.generated_gradient(program)
    value, pull = srcgrad.vjp(fun, *program.args())
    found = [value, *pull(random_like(value, np.random.default_rng(0)))[: len(oracle.wanted(program))]]
    if order == 1 and program.output == "scalar":
        for options in ({}, {"optimize": False}):
            found += gradients.of(srcgrad.grad, program, **options)(*program.args())
    return found


def _is_contradicted(program: Program) -> bool:
    """Whether it is differences that say that the gradient is wrong, and nothing else."""
    try:
        out, seed, expected = oracle.numerical(program)
        cotangents = srcgrad.vjp(program.fun, *program.args())[1](seed)
        for argnum, near in zip(oracle.wanted(program), expected, strict=True):
            check_close(cotangents[argnum], near, program.name, "all", oracle.tolerance_for(program, out))
        judge_along_a_direction(program)
    except AssertionError:
        return True
    except _ERRORS:
        return False
    return False


def _agrees_with_itself(program: Program, gradients: oracle.Gradients) -> bool:
    """Whether all that can be judged without differences is as it should be, `optimize=False` included."""
    try:
        oracle.judge_exactly(program, gradients)
        if program.output == "scalar":
            plain = gradients.of(srcgrad.grad, program, optimize=False)(*program.args())
            check_close(gradients.of(srcgrad.grad, program)(*program.args()), plain, program.name, "all", NEARLY)
    except _ERRORS:
        return False
    return True


def _is_right_nearby(program: Program) -> bool:
    """Whether differences with very short steps agree with the gradient, and the tangents with both."""
    wanted = oracle.wanted(program)
    try:
        value, pull = srcgrad.vjp(program.fun, *program.args())
        seed = random_like(value, np.random.default_rng(0))
        expected = numerical_gradient(_weighted(program, seed), program.args(), wanted, FINE)
        cotangents = pull(seed)
        for argnum, near in zip(wanted, expected, strict=True):
            check_close(cotangents[argnum], near, program.name, "all", NEARLY)
        args, rng = program.args(), np.random.default_rng(1)
        tangents = tuple(random_like(arg, rng) if k in wanted else None for k, arg in enumerate(args))
        moved = srcgrad.jvp(program.fun, args, tangents)[1]
        paired = sum(pairing(c, t) for c, t in zip(cotangents, tangents, strict=True) if t is not None)
        check_close(pairing(seed, moved), paired, program.name, "a random direction", NEARLY)
    except _ERRORS:
        return False
    return True


def _weighted(program: Program, seed: Any) -> Callable[..., float]:
    """The outputs of a program in one number."""
    return lambda *args: pairing(seed, program.fun(*args))


def _cancels(program: Program) -> bool:
    """Whether the sweep meets numbers whose rounding is more than a gradient may be wrong by."""
    try:
        _, seed, expected = oracle.numerical(program)
        pull = srcgrad.vjp(program.fun, *program.args())[1]
        cotangents: list[Any] = []
        rounding = float(np.finfo(float).eps) * _largest(lambda: cotangents.extend(pull(seed)))
        wanted = [cotangents[argnum] for argnum in oracle.wanted(program)]
    except _ERRORS:
        return False
    apart = [
        float(np.max(np.abs(np.asarray(got) - near), initial=0.0))
        for got, near in zip(flatten(wanted)[0], flatten(list(expected))[0], strict=True)
        if got is not None and near is not None
    ]
    return max(apart, default=np.inf) <= rounding


def _overflows(program: Program) -> bool:
    """Whether all that is wrong with a gradient is NaN, where a value that the program computes is infinite."""
    wanted = oracle.wanted(program)
    try:
        out, seed, expected = oracle.numerical(program)
        cotangents = srcgrad.vjp(program.fun, *program.args())[1](seed)
        found = [cotangents[argnum] for argnum in wanted]
        if not any(np.any(np.isnan(leaf)) for leaf in flatten(found)[0] if leaf is not None):
            return False
        for got, near in zip(found, expected, strict=True):
            check_close(_known(got, near), near, program.name, "all", oracle.tolerance_for(program, out))
    except (AssertionError, *_ERRORS):
        return False
    return _largest(lambda: program.fun(*program.args()), infinite=True) == np.inf


def _known(got: Any, near: Any) -> Any:
    """A tree of numbers with those of another tree in place of NaN."""
    leaves, structure = flatten(got)
    others, _ = flatten(near)
    return structure.unflatten(
        [a if a is None else np.where(np.isnan(a), b, a) for a, b in zip(leaves, others, strict=True)]
    )


def _largest(compute: Callable[[], Any], infinite: bool = False) -> float:
    """The largest number that a variable of generated code holds at a line of it while something is computed.

    Args:
        compute: runs the code.
        infinite: whether infinities count.
    """
    largest = 0.0

    def watch(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal largest
        if not frame.f_code.co_filename.startswith("<"):
            return None
        for value in (*frame.f_locals.values(), argument):
            if is_active(value):
                sizes = np.abs(value)
                counted = ~np.isnan(sizes) if infinite else np.isfinite(sizes)
                largest = max(largest, float(np.max(sizes, initial=0.0, where=counted)))
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        compute()
    finally:
        sys.settrace(before)
    return largest
