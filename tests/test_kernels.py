"""Kernels of linear algebra, on grids, of signal processing: products with the Hessian, forwards and backwards.

First derivatives in both modes are judged with the rest of the corpus, reverse mode twice in `test_second_order.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracle import wanted
from programs import Program, all_programs
from test_second_order import NOT_YET

import srcgrad
from srcgrad.testing import random_like

KERNELS = [program for program in all_programs() if "kernel" in program.tags and program.name not in NOT_YET]


def moved(program: Program, directions: list[Any], step: float) -> tuple:
    """The arguments, a step along a direction."""
    return tuple(a if v is None else a + step * v for a, v in zip(program.args(), directions, strict=True))


def test_there_are_enough_kernels() -> None:
    assert len(KERNELS) >= 30


@pytest.mark.parametrize("program", KERNELS, ids=lambda program: program.name)
def test_products_with_the_hessian(program: Program) -> None:
    numbers, rng = wanted(program), np.random.default_rng(7)
    directions = [random_like(arg, rng) if k in numbers else None for k, arg in enumerate(program.args())]
    gradient = srcgrad.grad(program.fun, argnums=numbers)

    def flat(tree: tuple) -> np.ndarray:
        return np.concatenate([np.ravel(part) for part in tree])

    rows = [
        (flat(gradient(*moved(program, directions, h))) - flat(gradient(*moved(program, directions, -h)))) / (2.0 * h)
        for h in (1e-4, 2e-4)
    ]
    expected = rows[0] + (rows[0] - rows[1]) / 3.0
    scale = max(1.0, float(np.max(np.abs(expected))))
    forward = flat(srcgrad.jvp(gradient, program.args(), directions)[1])
    np.testing.assert_allclose(forward, expected, rtol=1e-5, atol=1e-6 * scale)
    vectors = tuple(v for v in directions if v is not None)
    product = srcgrad.hvp(program.fun, argnums=numbers)(*program.args(), vectors)
    np.testing.assert_allclose(flat(product), forward, rtol=1e-12, atol=1e-12 * scale)
    _, pull = srcgrad.vjp(gradient, *program.args())
    back = flat(tuple(pull(vectors)[k] for k in numbers))
    np.testing.assert_allclose(back, forward, rtol=1e-8, atol=1e-9 * scale)
