"""Functions that work on several numbers at a time: which calls become calls of them, and what Numba makes of these."""

from __future__ import annotations

import numpy as np
import pytest
from looped import looped

from srcgrad.ir.nodes import Function
from srcgrad.jit.vector_functions import C_NAMES, VECTOR_FUNCTIONS, use_vector_functions


def test_in_plain_python_they_are_those_of_numpy() -> None:
    for ufunc, fn in VECTOR_FUNCTIONS.items():
        args = (np.float64(0.5),) * ufunc.nin
        with np.errstate(invalid="ignore"):
            np.testing.assert_equal(fn(*args), ufunc(*args))
        assert fn.__name__ == ufunc.__name__


def with_vectors(functions: list[Function]) -> None:
    for function in functions:
        use_vector_functions(function)


def test_loops_over_elements_call_them() -> None:
    x = np.linspace(-1.0, 1.0, 7)
    made, text = looped(lambda x: np.exp(x) * np.sin(x), x, then=with_vectors)
    assert "import exp, sin" in text and "np.exp" not in text
    np.testing.assert_array_equal(made(x), np.exp(x) * np.sin(x))


def test_other_calls_stay() -> None:
    x = np.linspace(-1.0, 1.0, 7)
    _, text = looped(lambda x, s: np.exp(s) * x + np.floor(x), x, 0.5, then=with_vectors)
    assert "np.exp(s)" in text and "np.floor" in text
    _, text = looped(lambda k: np.exp(k), np.arange(3), then=with_vectors)
    assert "np.exp" in text, "of integers there is no vector function"


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_numba_compiles_calls_of_vector_functions(dtype: type) -> None:
    numba = pytest.importorskip("numba")
    vector_math = pytest.importorskip("srcgrad.backend.vector_math")
    available = vector_math.register()
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0.05, 0.95, (2, 67)).astype(dtype)
    ufuncs = list(VECTOR_FUNCTIONS)
    lines = ["def each(x, y, out):"]
    for k, ufunc in enumerate(ufuncs):
        first = "one + x[i]" if ufunc is np.arccosh else "x[i]"
        lines += ["    for i in range(len(x)):", f"        out[{k}, i] = f{k}({first}{', y[i]' * (ufunc.nin - 1)})"]
    scope: dict = {f"f{k}": VECTOR_FUNCTIONS[ufunc] for k, ufunc in enumerate(ufuncs)}
    scope["one"] = dtype(1)
    exec("\n".join(lines), scope)
    compiled = numba.njit(scope["each"])
    out = np.empty((len(ufuncs), len(x)), dtype)
    compiled(x, y, out)
    assembly = "".join(compiled.inspect_asm().values())
    for found, ufunc in zip(out, ufuncs, strict=True):
        first = x + dtype(1) if ufunc is np.arccosh else x
        np.testing.assert_allclose(found, ufunc(*(first, y)[: ufunc.nin]), rtol=16 * np.finfo(dtype).eps)
        name = C_NAMES[VECTOR_FUNCTIONS[ufunc]]
        assert not available or f"_{name}{'f' if dtype is np.float32 else ''}" in assembly, name
