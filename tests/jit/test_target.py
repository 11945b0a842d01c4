"""Compiled gradients as users meet them: their source, their errors, the cache, and other compiled code."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad.errors import ArgumentError, NotJitableError

numba = pytest.importorskip("numba")


def rosenbrock(x):
    total = 0.0
    for i in range(len(x) - 1):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
    return total


def line(params, x):
    slope, offset = params
    return np.sum((slope * x + offset) ** 2)


X = np.array([0.5, -1.0, 2.0])


def test_source_is_what_runs() -> None:
    gradient = srcgrad.grad(rosenbrock, jit=True)
    expected = srcgrad.grad(rosenbrock)(X)
    assert gradient(X) == pytest.approx(expected)
    text = gradient.source
    assert text.startswith("import numpy as np\nfrom numba import njit\n")
    assert '@njit(error_model="numpy")\ndef rosenbrock_grad(x):' in text
    scope: dict[str, Any] = {}
    exec(compile(text, "<saved>", "exec"), scope)
    assert scope["rosenbrock_grad"](X) == pytest.approx(expected)
    assert scope["rosenbrock_grad"].py_func(X) == pytest.approx(expected)


def test_trees_are_taken_apart_in_python() -> None:
    gradient = srcgrad.grad(line, jit=True)
    slope_bar, offset_bar = gradient((2.0, 1.0), X)
    assert (slope_bar, offset_bar) == pytest.approx(srcgrad.grad(line)((2.0, 1.0), X))
    assert "def line_grad_kernel(" in gradient.source
    assert "def line_grad(params, x):" in gradient.source


def test_saved_code_runs_by_itself(tmp_path: Path) -> None:
    gradient = srcgrad.grad(rosenbrock, jit=True)
    gradient.save(tmp_path / "saved.py", types="f8[:]")
    sys.path.insert(0, str(tmp_path))
    try:
        import saved  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(tmp_path))
    assert saved.rosenbrock_grad(X) == pytest.approx(gradient(X))


def test_gradients_of_compiled_gradients() -> None:
    second = srcgrad.grad(srcgrad.grad(lambda x: x**3, jit=True), jit=True)
    assert second(2.0) == 12.0
    assert srcgrad.hessian(rosenbrock, jit=True)(X) == pytest.approx(srcgrad.hessian(rosenbrock)(X))
    assert srcgrad.jacfwd(np.sin, jit=True)(X) == pytest.approx(np.diag(np.cos(X)))
    assert srcgrad.hvp(rosenbrock, jit=True)(X, X) == pytest.approx(srcgrad.hvp(rosenbrock)(X, X))


@pytest.mark.parametrize("layout", ["C", "F", "strided", "reversed", "read-only"])
def test_layouts_of_arguments(layout: str) -> None:
    x = np.random.default_rng(0).standard_normal((4, 6))
    if layout == "F":
        x = np.asfortranarray(x)
    elif layout == "strided":
        x = x[::2, ::3]
    elif layout == "reversed":
        x = x[::-1, ::-1]
    elif layout == "read-only":
        x.flags.writeable = False

    def loss(x):
        return np.sum(x[0] * x[1]) + np.sum(x.reshape(-1) ** 2) + np.sum(x.T @ x)

    got = srcgrad.grad(loss, jit=True)(x)
    assert got == pytest.approx(srcgrad.grad(loss)(x))
    assert got.flags.writeable


# What is outside


def test_what_is_outside_is_never_frozen() -> None:
    scale = 2.0
    table = np.ones(3)

    def loss(x):
        return np.sum(x * table) * scale

    gradient = srcgrad.grad(loss, jit=True)
    assert gradient(X) == pytest.approx([2.0, 2.0, 2.0])
    scale = 3.0
    table[0] = 5.0
    assert gradient(X) == pytest.approx([15.0, 3.0, 3.0])
    table = np.zeros(3)
    assert gradient(X) == pytest.approx([0.0, 0.0, 0.0])


def test_recursion_passes_on_what_is_outside() -> None:
    weights = np.arange(3.0)

    def total(x):
        s = 0.0
        for i in range(len(x)):
            s += scaled(x[i], i)
        return s

    def scaled(v, i):
        return v * v * weights[i]

    gradient = srcgrad.grad(total, jit=True)
    assert gradient(X) == pytest.approx(2 * X * weights)
    weights[1] = 7.0
    assert gradient(X) == pytest.approx(2 * X * weights)


# Functions that Numba compiles


@numba.njit
def squared(x):
    return x * x + 1.0


@numba.njit
def compiled_loss(x, a):
    s = 0.0
    for i in range(len(x)):
        s += squared(x[i]) * a
    return s


def test_compiled_functions_are_differentiated() -> None:
    for jit in (False, True):
        x_bar, a_bar = srcgrad.grad(compiled_loss, argnums=(0, 1), jit=jit)(X, 2.0)
        assert x_bar == pytest.approx(4.0 * X)
        assert a_bar == pytest.approx(np.sum(X * X + 1.0))


value_and_slope = srcgrad.value_and_grad(compiled_loss, jit=True)
plain_slope = srcgrad.grad(compiled_loss)


@numba.njit
def descended(x, a, n):
    value = 0.0
    for _ in range(n):
        value, slope = value_and_slope(x, a)
        x = x - 0.1 * slope
    return x, value


def test_gradients_are_called_in_compiled_functions() -> None:
    x, value = descended(X, 2.0, 5)
    expected = X
    for _ in range(5):
        expected_value, slope = value_and_slope(expected, 2.0)
        expected = expected - 0.1 * slope
    assert x == pytest.approx(expected)
    assert value == pytest.approx(expected_value)


def test_gradients_in_compiled_functions_refuse_what_would_broadcast() -> None:
    with pytest.raises(ValueError, match="axis of length 1"):
        descended(np.ones(1), 2.0, 1)


def test_gradients_that_are_not_compiled_are_refused_in_compiled_functions() -> None:
    @numba.njit
    def uses(x):
        return plain_slope(x, 1.0)

    with pytest.raises(numba.TypingError, match="is called in compiled code"):
        uses(X)


# Errors


def message_of(fun: Any, *args: Any) -> str:
    """What is said of a function that Numba can't compile."""
    with pytest.raises(NotJitableError) as caught:
        srcgrad.grad(fun, jit=True)(*args)
    return caught.value.render()


def test_what_numba_lacks_is_named() -> None:
    def loss(x):
        y = x * 2.0
        return np.sum(np.fft.fft(y).real)

    said = message_of(loss, X)
    assert "return np.sum(np.fft.fft(y).real)" in said
    assert "jit=True" in said


def test_handlers_of_exceptions_are_refused() -> None:
    def loss(x, n):
        s = 0.0
        for i in range(n):
            try:
                s += 1.0 / x[i]
            except ZeroDivisionError:
                s += x[0]
        return s

    assert "handlers of exceptions" in message_of(loss, [1.0, 0.0, 2.0] * 10, 3)


def test_random_numbers_would_be_others() -> None:
    assert "draws other numbers" in message_of(lambda x: np.sum(x * np.random.rand(3)), X)


def test_debug_takes_plain_code() -> None:
    with pytest.raises(ArgumentError, match="debug"):
        srcgrad.grad(rosenbrock, jit=True, debug="nan")


# The cache


PROGRAM = textwrap.dedent("""
    import sys
    import numpy as np
    import srcgrad

    def loss(x):
        s = 0.0
        for i in range(len(x)):
            s += x[i] ** 3
        return s

    gradient = srcgrad.grad(loss, jit=True)
    print(gradient(np.arange(3.0)).tolist())
    function = gradient._dispatcher.last.forwarding.kernel
    print(sum(function.stats.cache_hits.values()))
""")


def run(tmp_path: Path, folder: str) -> list[str]:
    """What a process prints that compiles a gradient, with this folder for the cache."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    environment = {**os.environ, "SRCGRAD_CACHE_DIR": folder, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=environment, check=True)
    return done.stdout.splitlines()


def test_the_next_process_finds_what_was_compiled(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    assert run(tmp_path, str(folder)) == ["[0.0, 3.0, 12.0]", "0"]
    assert folder.stat().st_mode & 0o077 == 0
    assert run(tmp_path, str(folder)) == ["[0.0, 3.0, 12.0]", "1"]
    assert not [p for p in folder.rglob("*") if p.name.startswith(".srcgrad-")]


def test_any_trouble_with_the_cache_means_that_there_is_none(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    run(tmp_path, str(folder))
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(b"nonsense")
    assert run(tmp_path, str(folder))[0] == "[0.0, 3.0, 12.0]"
    (tmp_path / "file").write_text("")
    for other in ("", str(tmp_path / "file"), "/proc/nowhere"):
        assert run(tmp_path, other) == ["[0.0, 3.0, 12.0]", "0"]


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="permissions of POSIX")
def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir(mode=0o700)
    folder.chmod(0o777)
    assert run(tmp_path, str(folder)) == ["[0.0, 3.0, 12.0]", "0"]
    assert list(folder.iterdir()) == []


def flattened(x, m, n):
    chosen = x * 2.0 if n % 2 == 0 else np.maximum(x, 0.5)
    table = m * 1.0 if n < 9 else np.outer(x, x)
    flat = np.ravel(table)
    for k in range(len(x)):
        flat[k] *= chosen[k]
        chosen[k] = flat[k] * flat[k + 1]
        table[0, 0] += x[k]
    return np.sum(np.ravel(chosen) * x) + np.sum(flat) + np.sum(table * table)


@pytest.mark.parametrize("n", [3, 4, 9])
def test_shadows_of_what_is_perhaps_a_view(n: int) -> None:
    x, m = np.linspace(0.3, 1.0, 3), np.arange(9.0).reshape(3, 3) / 4.0
    plain = srcgrad.value_and_grad(flattened, argnums=(0, 1))(x, m, n)
    value, gradients = srcgrad.value_and_grad(flattened, argnums=(0, 1), jit=True)(x, m, n)
    assert value == pytest.approx(plain[0])
    for got, expected in zip(gradients, plain[1], strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_what_is_perhaps_a_view_needs_arguments_in_rows() -> None:
    x, m = np.linspace(0.3, 1.0, 3), np.asfortranarray(np.arange(9.0).reshape(3, 3) / 4.0)
    with pytest.raises(NotJitableError, match="rows"):
        srcgrad.grad(flattened, argnums=(0, 1), jit=True)(x, m, 4)
