"""Recursive functions: their tapes are stacks, which all calls share."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad.errors import NotJitableError
from srcgrad.testing import check_same


def power(x: Any, n: int) -> Any:
    if n == 0:
        return 1.0
    half = power(x, n // 2)
    return half * half * x if n % 2 else half * half


def odd_part(x: Any, n: int) -> Any:
    return x if n == 0 else math.sin(even_part(x * 1.5, n - 1)) + x


def even_part(x: Any, n: int) -> Any:
    return x * x if n == 0 else odd_part(x, n - 1) * even_part(x * 0.5, n // 2)


def product_of_halves(a: Any) -> Any:
    if len(a) == 1:
        return a[0]
    return math.sin(product_of_halves(a[: len(a) // 2]) * product_of_halves(a[len(a) // 2 :]))


def scaled(a: Any, n: int) -> Any:
    return a * a if n == 0 else scaled(a * 0.5, n - 1) * a


def relax(u: Any, n: int) -> float:
    """Writes its argument, and calls itself in a loop and in a branch."""
    if n == 0:
        return u[0] * u[1]
    total = 0.0
    for k in range(1, n + 1):
        u[k % len(u)] *= u[0] + 0.1 * k
        if u[k % len(u)] > 0.0:
            total += relax(u, n - 1) * k
    return total


def settled(x: Any, n: int) -> Any:
    """Calls itself in a `while` loop, before anything is returned."""
    s, k = x, 0
    while s < 20.0 and k < n:
        s = s * 1.3 + settled(x * 0.5, n - 1) * 0.1
        if k % 2 == 0:
            s = s + settled(s * 0.1, n - 2) * x
        k += 1
    return s


def mean_of_three(f: Any, low: Any, high: Any, depth: int) -> Any:
    middle = 0.5 * (low + high)
    if depth == 0:
        return (high - low) * (f(low) + 4.0 * f(middle) + f(high)) / 6.0
    return mean_of_three(f, low, middle, depth - 1) + mean_of_three(f, middle, high, depth - 1)


def of_number(x: Any) -> Any:
    return power(math.sin(x[0]), 7) + power(x[1], 3) * x[2]


def of_each_other(x: Any) -> Any:
    return odd_part(x[0], 5) * x[1]


def of_parts(x: Any) -> Any:
    return product_of_halves(x) * x[0]


def of_arrays(x: Any) -> Any:
    return np.sum(scaled(x, 3) * x) + np.sum(scaled(x[::-1], 2))


def of_columns(x: Any) -> Any:
    table = np.outer(x, x)
    return np.sum(scaled(table.T, 2) * table) + np.sum(scaled(table[:, ::2], 1))


def in_loops(x: Any) -> Any:
    total = 0.0
    for k in range(3):
        part = power(x[k], k + 2)
        if part > 0.2:
            total += part * product_of_halves(x[k:])
    return total


def by_writes(x: Any) -> Any:
    u = x.copy()
    return relax(u, 3) + np.sum(u**2)


def by_quadrature(x: Any) -> Any:
    return mean_of_three(lambda t: math.exp(-x[0] * t * t), x[1], x[2], 3)


def while_it_is_small(x: Any) -> Any:
    return settled(x[0], 4) * x[1]


FUNS = [
    while_it_is_small,
    of_number,
    of_each_other,
    of_parts,
    of_arrays,
    of_columns,
    in_loops,
    by_writes,
    by_quadrature,
]
POINT = np.array([0.7, 1.2, 0.4, 1.9, 0.3])


def agree(fun: Callable) -> Any:
    gradient = srcgrad.value_and_grad(fun, jit=True)
    expected = srcgrad.value_and_grad(fun)(POINT.copy())
    x = POINT.copy()
    check_same(gradient(x), expected, f"compiled {fun.__name__} differs")
    assert np.array_equal(x, POINT)
    check_same(gradient(x), expected, f"compiled {fun.__name__} differs when it is called again")
    return gradient


@pytest.mark.parametrize("fun", FUNS)
def test_as_without_compiling(fun: Callable) -> None:
    pytest.importorskip("numba")
    agree(fun)


@pytest.mark.parametrize("fun", FUNS)
def test_as_plain_python(fun: Callable, without_numba: None) -> None:
    text = agree(fun).source
    assert ".append(" in text and not re.search(r"\btape\b", text)


def test_stacks_are_named_for_what_they_hold(without_numba: None) -> None:
    text = srcgrad.grad(of_number, jit=True).source_for(POINT)
    assert "def power_fwd(x, n, floats, integers, flags, depth):" in text
    assert "floats = no_items(np.float64, None, False)" in text


def of_many_calls(x: Any, n: int) -> Any:
    return x if n == 0 else of_many_calls(math.sin(x), n - 1) * 1.0001 + x


def deep(x: Any, n: int) -> Any:
    return of_many_calls(x, n)


def test_recursion_has_an_end() -> None:
    pytest.importorskip("numba")
    gradient = srcgrad.grad(deep, jit=True)
    assert gradient(0.3, 150) == pytest.approx(srcgrad.grad(deep)(0.3, 150))
    assert gradient(0.3, 1900) > gradient(0.3, 150)
    with pytest.raises(RecursionError, match="2000 calls"):
        gradient(0.3, 10**9)


def test_pullbacks_are_refused_yet() -> None:
    pytest.importorskip("numba")
    with pytest.raises(NotJitableError, match="pullbacks of recursive functions"):
        srcgrad.vjp(of_number, POINT, jit=True)


def test_the_next_process_computes_the_same(tmp_path: Path) -> None:
    """Numba can't read back its machine code of recursive functions."""
    pytest.importorskip("numba")
    script = tmp_path / "halves.py"
    script.write_text(
        textwrap.dedent("""
        import math
        import numpy as np
        import srcgrad

        def product(a):
            if len(a) == 1:
                return a[0]
            return math.sin(product(a[:len(a) // 2]) * product(a[len(a) // 2:]))

        print(srcgrad.grad(product, jit=True)(np.array([0.7, 1.2, 0.4])).tolist())
        """)
    )
    environment = {**os.environ, "SRCGRAD_CACHE_DIR": str(tmp_path / "cache")}
    first, second = (
        subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=environment, check=True)
        for _ in range(2)
    )
    assert first.stdout == second.stdout != ""
