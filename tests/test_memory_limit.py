"""`memory_limit=`: loops are run again from snapshots of their state, and give what they give with a tape."""

from __future__ import annotations

import tracemalloc
import warnings

import numpy as np
import pytest
from oracle import judge_arguments
from programs import Program, all_programs

import srcgrad
from srcgrad import checkpointed
from srcgrad.errors import AliasError, ArgumentError
from srcgrad.testing import check_same

PROGRAMS = [
    p for p in all_programs() if p.supported and p.output == "scalar" and not {"loop", "for"}.isdisjoint(p.tags)
][::4]


@pytest.mark.parametrize("program", PROGRAMS, ids=[p.name for p in PROGRAMS])
@pytest.mark.parametrize("limit", [1, 10**9])
def test_answers_as_with_a_tape(program: Program, limit: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = srcgrad.value_and_grad(program.fun, argnums=program.argnums)(*program.args())
        args = program.args()
        try:
            got = srcgrad.value_and_grad(program.fun, argnums=program.argnums, memory_limit=limit)(*args)
        except AliasError as error:
            pytest.skip(f"refused when it runs: {error}")
    check_same(got, expected, f"memory_limit changes the gradient of {program.name}", exact=False, given=args)
    judge_arguments(program, args, "memory_limit")


def simulated(u, k, n):
    v = u.copy()
    for _ in range(n):
        v[1:-1] += k * (v[2:] - 2.0 * v[1:-1] + v[:-2]) * (1.0 + 0.1 * v[1:-1] ** 2)
    return np.sum(v**3)


def peak(gradient: srcgrad.GradFunction, *args: object) -> int:
    gradient(*args)
    tracemalloc.start()
    try:
        gradient(*args)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_memory_stays_within_the_limit() -> None:
    u = np.linspace(0.0, 1.0, 1000) ** 2
    taped = peak(srcgrad.grad(simulated), u, 0.1, 300)
    limited = peak(srcgrad.grad(simulated, memory_limit=20 * u.nbytes), u, 0.1, 300)
    assert taped > 300 * u.nbytes
    # The snapshots, and what one turn and its reverse need.
    assert limited < 40 * u.nbytes


def test_loops_without_a_tape_are_left_alone() -> None:
    def total(x):
        found = 0.0
        for k in range(len(x)):
            found += x[k] ** 2
        return found

    assert srcgrad.grad(total, memory_limit=1).source_for(np.ones(3)) == srcgrad.grad(total).source_for(np.ones(3))


def test_loops_that_cannot_be_run_again_keep_their_tapes() -> None:
    def walked(x, n):
        y = x
        for _ in range(n):
            y = y * np.sin(x + y)
        while y < 1.0:
            y = y * 1.5 + x * y
        for _ in range(n):
            y = y + np.sin(y)
            print(end="")
        return y

    gradient = srcgrad.grad(walked, memory_limit=10)
    assert gradient(0.7, 5) == pytest.approx(srcgrad.grad(walked)(0.7, 5), rel=1e-12)
    text = gradient.source_for(0.7, 5)
    assert text.count("slots_within(10") == 1
    assert text.count(".pop()") >= 3


@pytest.mark.parametrize("limit", [0, -5, 1e6, True, "1GB"])
def test_a_limit_is_a_number_of_bytes(limit: object) -> None:
    with pytest.raises(ArgumentError, match="memory_limit is a number of bytes"):
        srcgrad.grad(simulated, memory_limit=limit)  # type: ignore[call-overload]


def test_compiled_code_keeps_the_limit_too() -> None:
    pytest.importorskip("numba")
    u = np.linspace(0.0, 1.0, 30) ** 2
    gradient = srcgrad.grad(simulated, argnums=(0, 1), memory_limit=10 * u.nbytes, jit=True)
    got, expected = gradient(u, 0.1, 40), srcgrad.grad(simulated, argnums=(0, 1))(u, 0.1, 40)
    check_same(got, expected, "compiled", exact=False)
    assert "slots_within(2400" in gradient.source


def test_ranges_backwards() -> None:
    def product(x, step):
        h = 1.0
        for i in reversed(range(1, 4)):
            h = np.sin(h * x[i]) + x[i - 1]
        for i in reversed(range(0, len(x), step)):
            h = np.sin(h * x[i]) + i
        return h

    x = np.linspace(0.5, 1.5, 7)
    for step in (1, 2, 3):
        expected = srcgrad.grad(product)(x, step)
        gradient = srcgrad.grad(product, memory_limit=1)
        np.testing.assert_allclose(gradient(x, step), expected, rtol=1e-12)
        assert gradient.source_for(x, step).count("slots_within(1,") == 2


def becomes_the_other(u, n):
    a = u.copy()
    b = u * 2.0
    for _ in range(n):
        b[3] = b[1] * a[3]
        b = a
    return np.sum(a**2)


def becomes_a_part_of_the_other(u, n):
    a = u.copy()
    b = u * 2.0
    for _ in checkpointed(range(n)):
        b[3] = b[1] * a[3]
        b = a[1:]
    return np.sum(a**2)


def stays_apart(u, n):
    a = u.copy()
    b = u * 2.0
    old = u + 1.0
    for _ in range(n):
        b[3] = b[1] * a[3] + old[0]
        new = b * 0.5
        new[0] *= old[1]
        a, b, old = b, new, a
    return np.sum(a**2) + np.sum(b * old)


@pytest.mark.parametrize(
    "gradient",
    [
        srcgrad.grad(becomes_the_other, memory_limit=100),
        srcgrad.grad(becomes_the_other, memory_limit=10_000),
        srcgrad.grad(becomes_a_part_of_the_other),
    ],
)
def test_parts_of_the_state_that_become_one(gradient):
    with pytest.raises(AliasError, match="b and a share memory, and b is written"):
        gradient(np.array([0.7, -0.4, 1.1, 0.3, -0.8]), 3)


def test_parts_of_the_state_that_stay_apart():
    u = np.array([0.7, -0.4, 1.1, 0.3, -0.8])
    limited = srcgrad.grad(stays_apart, memory_limit=100)
    check_same(limited(u, 5), srcgrad.grad(stays_apart)(u, 5), "memory_limit changes stays_apart", exact=False)
