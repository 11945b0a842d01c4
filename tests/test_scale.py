"""Large programs compile, and their gradients are right: long functions and expressions, many calls, deep nests."""

from __future__ import annotations

import importlib.util
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import srcgrad

SECONDS = 120.0
"""What one compilation may take on any machine: a pass of quadratic cost takes far longer."""


@pytest.fixture
def imported(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Any]]:
    """Writes source text to a module file and imports it."""
    name = f"scale_{request.node.originalname}"

    def load(text: str) -> Any:
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    yield load
    sys.modules.pop(name, None)


@pytest.fixture
def gradient(record_property: Callable[[str, object], None]) -> Callable[..., Any]:
    """The gradient of a function at a point, compiled in reasonable time."""

    def compute(fun: Callable, *args: Any) -> Any:
        limit = sys.getrecursionlimit()
        start = time.perf_counter()
        result = srcgrad.grad(fun)(*args)
        seconds = time.perf_counter() - start
        record_property("seconds", round(seconds, 2))
        assert seconds < SECONDS, f"compiling {fun.__name__} took {seconds:.0f} seconds"
        assert sys.getrecursionlimit() == limit
        return result

    return compute


def difference(fun: Callable[[float], float], x: float, step: float = 1e-5) -> float:
    """The derivative by a central difference of fourth order."""
    near, far = fun(x + step) - fun(x - step), fun(x + 2 * step) - fun(x - 2 * step)
    return (8 * near - far) / (12 * step)


def test_function_of_5000_statements(imported: Any, gradient: Any) -> None:
    lines = ["def f(x):", "    a, b = x, 0.5 * x"]
    for k in range(2500):
        lines += [f"    a = 0.999 * a + {0.001 * (k % 7)} * b", "    b = 0.998 * b + 0.001 * a"]
    module = imported("\n".join([*lines, "    return a * b"]))
    # a and b are linear in x, and so a * b is quadratic.
    assert gradient(module.f, 1.3) == pytest.approx(2 * module.f(1.0) * 1.3, rel=1e-9)


def test_5000_assignments_of_names_of_their_own(imported: Any, gradient: Any) -> None:
    lines = ["import numpy as np", "def f(x):", "    v0 = x"]
    lines += [f"    v{k} = np.sin(v{k - 1}) + x" for k in range(1, 5001)]
    module = imported("\n".join([*lines, "    return v5000"]))
    value, slope = 0.7, 1.0
    for _ in range(5000):
        value, slope = math.sin(value) + 0.7, math.cos(value) * slope + 1.0
    assert gradient(module.f, 0.7) == pytest.approx(slope, rel=1e-9)


def test_expression_of_1000_terms(imported: Any, gradient: Any) -> None:
    terms = " + ".join(f"{k % 9 + 1} * x ** {k % 4 + 1}" for k in range(1000))
    module = imported(f"def f(x):\n    return {terms}\n")
    expected = sum((k % 9 + 1) * (k % 4 + 1) * 0.9 ** (k % 4) for k in range(1000))
    assert gradient(module.f, 0.9) == pytest.approx(expected, rel=1e-12)


def test_sum_of_1000_parenthesised_elements(imported: Any, gradient: Any) -> None:
    terms = " + ".join(f"x[{k}] * x[{(k + 1) % 1000}]" for k in range(1000))
    module = imported(f"def f(x):\n    return {terms}\n")
    x = np.random.default_rng(0).uniform(0.5, 1.5, 1000)
    np.testing.assert_allclose(gradient(module.f, x), np.roll(x, 1) + np.roll(x, -1), rtol=1e-12)


def test_80_nested_parentheses(imported: Any, gradient: Any) -> None:
    module = imported(f"def f(x):\n    return {'(1.0 + 0.9 * ' * 80}x{')' * 80}\n")
    assert gradient(module.f, 0.3) == pytest.approx(0.9**80, rel=1e-12)


def test_one_function_nested_in_100_calls(imported: Any, gradient: Any) -> None:
    # CPython's own parser gives up at 100 nested parentheses or soon after: the calls are nested in two rows.
    inner, outer = "g(" * 50 + "x" + ")" * 50, "g(" * 50 + "y" + ")" * 50
    module = imported(f"def g(x):\n    return x + 0.01 * x * x\n\ndef f(x):\n    y = {inner}\n    return {outer}\n")
    value, slope = 0.4, 1.0
    for _ in range(100):
        value, slope = value + 0.01 * value * value, slope * (1 + 0.02 * value)
    assert gradient(module.f, 0.4) == pytest.approx(slope, rel=1e-12)


def test_chain_of_100_helpers(imported: Any, gradient: Any) -> None:
    lines = ["import numpy as np", "def h0(x):", "    return np.sin(x)"]
    for k in range(1, 100):
        lines += [f"def h{k}(x):", f"    y = 0.9 * h{k - 1}(x)", "    return y + 0.1 * x"]
    module = imported("\n".join(lines))
    slope = math.cos(0.8)
    for _ in range(99):
        slope = 0.9 * slope + 0.1
    assert gradient(module.h99, 0.8) == pytest.approx(slope, rel=1e-12)


def test_chain_of_300_elifs(imported: Any, gradient: Any) -> None:
    lines = ["def f(x):", "    if x < 0:", "        y = -x"]
    for k in range(300):
        lines += [f"    elif x < {k + 1}:", f"        y = {k + 1} * x * x"]
    module = imported("\n".join([*lines, "    else:", "        y = x * x * x", "    return y"]))
    function = srcgrad.grad(module.f)
    assert gradient(module.f, 150.5) == pytest.approx(2 * 151 * 150.5)
    assert function(-2.0) == pytest.approx(-1.0)
    assert function(0.5) == pytest.approx(1.0)
    assert function(299.5) == pytest.approx(2 * 300 * 299.5)
    assert function(301.0) == pytest.approx(3 * 301.0**2)


def test_80_early_returns(imported: Any, gradient: Any) -> None:
    # Each return nests what follows it by a level, and CPython reads 100 levels of indentation.
    lines = ["def f(x):", "    y = x"]
    for k in range(80):
        lines += [f"    if y > {k + 50}:", f"        return y * {k + 1}", "    y = 1.01 * y + 0.1"]
    module = imported("\n".join([*lines, "    return y * y"]))
    assert gradient(module.f, 40.0) == pytest.approx(difference(module.f, 40.0), rel=1e-7)


@pytest.mark.parametrize("loops", ["if", "for", "mixed"])
def test_40_nests_of_depth_12(imported: Any, gradient: Any, loops: str) -> None:
    lines = ["def f(x):", "    y = x"]
    for k in range(40):
        for depth in range(12):
            indent = "    " * (depth + 1)
            is_loop = loops == "for" or (loops == "mixed" and depth % 4 == 3)
            repeats = 2 if depth % 6 == 3 else 1
            lines.append(
                f"{indent}for i{depth} in range({repeats}):" if is_loop else f"{indent}if y > {-k - depth - 1}.5:"
            )
        lines.append(f"{'    ' * 13}y = 0.98 * y + 0.01 * x * {k % 5}")
    module = imported("\n".join([*lines, "    return y * y"]))
    # y is linear in x as long as no branch changes.
    assert gradient(module.f, 1.1) == pytest.approx(2 * module.f(1.0) * 1.1, rel=1e-9)
