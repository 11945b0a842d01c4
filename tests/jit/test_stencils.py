"""Stencils by slices in compiled code: what is gathered from a table, what is read of a copy, and what is not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from srcgrad import value_and_grad

pytest.importorskip("numba")


def smoothed(u, steps):
    u = u.copy()
    for _ in range(steps):
        c = u[1:-1]
        u[1:-1] = c + 0.1 * (u[:-2] - 2.0 * c + u[2:] - c**3)
    return np.sum(u * u)


def of_two_axes(u, steps):
    u = u.copy()
    for _ in range(steps):
        u[1:-2, 2:-1] = 0.3 * u[1:-2, 2:-1] ** 2 + u[:-3, 2:-1] + u[3:, 2:-1] + u[1:-2, :-3] - u[1:-2, 3:]
    return np.sum(u * u)


def by_rows(u, steps):
    u = u.copy()
    for _ in range(steps):
        u[1:-1] = np.sin(u[1:-1]) + u[:-2] + u[2:] + 0.2 * u[1:-1]
    return np.sum(u**2)


def of_parts_of_several_lengths(u, steps):
    u = u.copy()
    w = np.zeros(len(u))
    for _ in range(steps):
        s = np.sum(u[1:-1]) * 0.1
        w[1:-1] += u[:-2] + u[2:] + u[1:-1] * s
        u[:1] += s
        u[:-1] = u[:-1] * w[1:] * 0.1
    return np.sum(u * u) + np.sum(w)


def into_another_array(u, steps):
    u, v = u.copy(), np.ones(len(u))
    for _ in range(steps):
        v[1:-1] = v[1:-1] * (u[:-2] + u[1:-1] + u[2:])
        u[2:] = u[2:] * v[1:-1] * 0.2
    return np.sum(u * v)


def with_a_branch(u, steps):
    u = u.copy()
    for k in range(steps):
        if k % 2 == 0:
            u[1:-1] = u[1:-1] ** 2 * 0.5 + u[:-2] + u[2:]
        else:
            u[2:] = u[2:] * u[:-2]
    return np.sum(u)


def that_grows(u, steps):
    for _ in range(steps):
        v = np.zeros(len(u) + 2)
        v[:-2] += u
        v[1:-1] += u * 0.5
        v[2:] += u * u
        u = v
    return np.sum(u * u)


def read_again_after_the_write(u, steps):
    u = u.copy()
    total = 0.0
    for _ in range(steps):
        old = u.copy()
        c = u[1:-1]
        u[1:-1] = c * c + u[:-2] + u[2:]
        total += np.sum(c * old[1:-1]) * 0.01
    return total + np.sum(u)


def of_which_the_copy_is_written(u, steps):
    u = u.copy()
    for _ in range(steps):
        old = u.copy()
        old[0] = 2.0 * u[1]
        c = u[1:-1]
        u[1:-1] = c * c * 0.3 + u[:-2] + u[2:] + old[1:-1]
        u[:1] += old[:1]
    return np.sum(u)


def written_before_it_is_read(u, steps):
    u = u.copy()
    for _ in range(steps):
        old = u.copy()
        c = u[1:-1]
        u[0] = c[0] * 3.0
        u[1:-1] = c * 0.3 + u[:-2] * old[2:] + u[2:] ** 2
    return np.sum(u)


def through_a_view(u, steps):
    u = u.copy()
    inner = u[1:-1]
    for _ in range(steps):
        old = u.copy()
        c = inner[:-1]
        inner[1:] = c * inner[1:] * 0.5 + old[:-3] * u[2:-1]
        inner[:-1] += old[2:-1]
    return np.sum(u)


def in_a_helper(u, steps):
    u = u.copy()
    for _ in range(steps):
        advance(u)
    return np.sum(u * u)


def advance(u):
    c = u[1:-1]
    u[1:-1] = c + 0.1 * (u[:-2] + u[2:] - c**2)


def whose_order_in_memory_matters(u, steps):
    w = u.T * 1.0
    total = 0.0
    for _ in range(steps):
        old = w.copy()
        z = w * 2.0
        total += z.reshape(-1)[1] + np.sum((z * old).T.reshape(-1)[:2])
        w[1:-1] = 0.5 * (w[:-2] + w[2:]) * old[1:-1]
    return total + np.sum(w)


PROGRAMS: list[Callable] = [
    *(smoothed, of_two_axes, by_rows, of_parts_of_several_lengths, into_another_array, with_a_branch, that_grows),
    *(read_again_after_the_write, of_which_the_copy_is_written, written_before_it_is_read, through_a_view, in_a_helper),
    whose_order_in_memory_matters,
]


def inputs(program: Callable) -> list[np.ndarray]:
    """Arrays of all short lengths, and one that is not laid out row by row."""
    rng = np.random.default_rng(0)
    if program in (of_two_axes, by_rows, whose_order_in_memory_matters):
        return [0.1 + 0.5 * rng.random(shape) for shape in ((7, 8), (4, 5), (3, 3), (4, 3))] + [rng.random((6, 7)).T]
    return [0.1 + 0.5 * rng.random(n) for n in (9, 5, 4, 3)] + [rng.random(20)[::2]]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_stencils_are_those_of_plain_python(program: Callable) -> None:
    compiled, plain = value_and_grad(program, jit=True), value_and_grad(program)
    for u in inputs(program):
        for steps in (0, 1, 4):
            before = u.copy()
            wanted = plain(u, steps)
            for _ in range(2):
                got = compiled(u, steps)
                assert got[0] == pytest.approx(wanted[0], rel=1e-12)
                np.testing.assert_allclose(got[1], wanted[1], rtol=1e-12, atol=1e-13)
                np.testing.assert_array_equal(u, before)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_arrays_that_are_too_short_for_a_stencil(n: int) -> None:
    for program in (smoothed, by_rows):
        u = np.full((n, 3) if program is by_rows else n, 0.5)
        got, wanted = value_and_grad(program, jit=True)(u, 3), value_and_grad(program)(u, 3)
        assert got[0] == wanted[0]
        np.testing.assert_array_equal(got[1], wanted[1])


def test_what_three_parts_are_added_is_gathered() -> None:
    gathered = value_and_grad(of_two_axes, jit=True).source_for(np.ones((7, 8)), 2)
    assert "np.zeros((len(u_bar) + 3, u_bar.shape[1] + 2))" in gathered
    assert "table" not in value_and_grad(with_a_branch, jit=True).source_for(np.ones(7), 2)


def of_a_copy(u, steps):
    u = u.copy()
    for _ in range(steps):
        old = u.copy()
        u[1:-1] = 0.5 * (u[:-2] + u[2:]) + old[1:-1] ** 2
    return np.sum(u * u)


def of_a_late_copy(u, steps):
    u = u.copy()
    for _ in range(steps):
        left, old = u[:-2], u.copy()
        right = u[2:]
        u[0] = 0.25
        u[1:-1] = 0.5 * (left + right) + old[1:-1] ** 2
    return np.sum(u * u)


@pytest.mark.parametrize("program", [of_a_copy, of_a_late_copy], ids=lambda f: f.__name__)
def test_a_write_reads_a_copy_while_it_is_one(program: Callable) -> None:
    compiled = value_and_grad(program, jit=True)
    for u in inputs(program):
        got, wanted = compiled(u, 3), value_and_grad(program)(u, 3)
        assert got[0] == pytest.approx(wanted[0], rel=1e-12)
        np.testing.assert_allclose(got[1], wanted[1], rtol=1e-12)
    forward = compiled.source.partition("# backward")[0]
    put_aside = any(f"{name}[" in forward for name in ("product", "total"))
    assert put_aside == (program is of_a_late_copy), forward
