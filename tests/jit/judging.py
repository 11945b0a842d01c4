"""Compiled code gives what the same code gives without Numba: numbers, types, errors, and arguments left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from oracle import Gradients, judge_arguments, judge_memory, wanted
from programs import Program

import srcgrad
from jit.plain import is_exact
from srcgrad.errors import SrcgradError
from srcgrad.testing import check_same, random_like
from srcgrad.tree import flatten


def judge_jitted(program: Program, gradients: Gradients | None = None) -> None:
    """Raises AssertionError unless the compiled gradient of a program is what the plain one is, exceptions included.

    Args:
        program: what to judge, and where.
        gradients: those of the same function at other points.

    Raises:
        NotJitableError: if Numba can't compile it.
    """
    gradients = gradients or Gradients()
    plain = gradients.of(srcgrad.value_and_grad, program)
    jitted = gradients.of(srcgrad.value_and_grad, program, jit=True)
    args = program.args()
    try:
        expected = plain(*program.args())
    except SrcgradError:
        raise
    except Exception as error:
        judge_exception(program, jitted, error)
        return
    got = jitted(*args)
    same_results(got, expected, program.name, args)
    judge_arguments(program, args, "jit=True")
    judge_memory(program, gradients_in(program, got), args, "jit=True")
    again, message = jitted(*program.args()), f"a second call of compiled {program.name} answers otherwise"
    check_same(again, got, message, exact=is_exact())


def judge_exception(program: Program, jitted: srcgrad.GradFunction, raised: Exception) -> None:
    """Where the plain gradient raises, the compiled one raises the same, and leaves the arguments as they are."""
    args = program.args()
    try:
        got = jitted(*args)
    except SrcgradError:
        raise
    except Exception as error:
        assert type(error) is type(raised), f"compiled {program.name} raises {error!r}, and not {raised!r}"
        judge_arguments(program, args, "jit=True")
    else:
        raise AssertionError(f"compiled {program.name} answers {got!r} in place of {raised!r}")


def judge_products(program: Program) -> None:
    """Raises AssertionError unless the compiled `vjp`, `jvp` and `linearize` of a program are what the plain ones are.

    Raises:
        NotJitableError: if Numba can't compile one of them.
    """
    args, rng = program.args(), np.random.default_rng(7)
    out, pull = srcgrad.vjp(program.fun, *program.args())
    got, jitted_pull = srcgrad.vjp(program.fun, *args, jit=True)
    same_results(got, out, program.name, args)
    first, second = random_like(out, rng), random_like(out, rng)
    pulled = jitted_pull(first)
    same_results(pulled, pull(first), f"pullback of {program.name}", args)
    same_results(jitted_pull(second), pull(second), f"pullback of {program.name}", args)
    again, message = jitted_pull(first), f"compiled pullback of {program.name} answers otherwise when pulled again"
    check_same(again, pulled, message, exact=is_exact())
    chosen = wanted(program)
    along = tuple([random_like(a, rng) if k in chosen and type(a) is not int else None for k, a in enumerate(args)])
    pushed = srcgrad.jvp(program.fun, args, along, jit=True)
    same_results(pushed, srcgrad.jvp(program.fun, program.args(), along), f"jvp of {program.name}", args)
    value, push = srcgrad.linearize(program.fun, *args, jit=True)
    check_same((value, push(*along)), pushed, f"compiled linearize of {program.name} answers otherwise", exact=False)
    judge_arguments(program, args, "a product with jit=True")


def gradients_in(program: Program, got: Any) -> tuple:
    """The gradients in what `value_and_grad` returned."""
    return got[1] if isinstance(program.argnums, tuple) else (got[1],)


def same_results(got: Any, expected: Any, name: str, given: Any = ()) -> None:
    """Raises AssertionError unless two results are equal up to rounding, and of the same types."""
    check_same(got, expected, f"compiled {name} answers otherwise", exact=False, given=given)
    for a, b in zip(flatten(got)[0], flatten(expected)[0], strict=True):
        # Whether a number is a float or a np.float64 depends on the run in Python, on the types in compiled code.
        same = type(a) is type(b) or {type(a), type(b)} == {float, np.float64}
        assert same, f"compiled {name} returns a {type(a).__name__}, not a {type(b).__name__}"
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype, f"compiled {name} returns {a.dtype}, not {b.dtype}"
            assert a.flags.writeable == b.flags.writeable, f"compiled {name} returns a read-only array"
