"""What generated code refuses while it runs: the error points at the user's line, and passes his handlers."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcgrad
from srcgrad import checks, grad, hessian, jacfwd, runtime
from srcgrad.analysis.refusals import takes_refusals
from srcgrad.errors import REFUSING, SrcgradError, UnsupportedError
from srcgrad.ir.nodes import Const
from srcgrad.rules import shape
from srcgrad.testing import numerical_gradient

X = np.array([0.7, 0.35, 0.5, 0.2, 0.9, 0.6])


def table_of(x, count):
    rows = []
    for k in range(count):
        rows.append(x * k)
    return np.sum(np.array(rows)) + np.sum(x**3)


def caught_table(x, count):
    rows = []
    for k in range(count):
        rows.append(x * k)
    try:
        total = np.sum(np.array(rows))
    except Exception:
        total = np.sum(7.0 * x)
    return total + np.sum(x**3)


def caught_table_of_rows(x, count):
    def total(rows):
        return np.sum(np.array(rows))

    found = 0.0
    rows = [x * k for k in range(count)]
    for _ in range(2):
        try:
            found += total(rows)
        except (ValueError, RuntimeError):
            found = found + np.sum(7.0 * x)
        except KeyError:
            pass
    return found + np.sum(x**3)


MODES: dict[str, Callable[..., Any]] = {
    "grad": grad,
    "jacfwd": jacfwd,
    "hessian": hessian,
    "grad of grad": lambda f: grad(lambda x, count: np.sum(grad(f)(x, count))),
    "grad of jacfwd": lambda f: grad(lambda x, count: np.sum(jacfwd(f)(x, count))),
    "optimize=False": lambda f: grad(f, optimize=False),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fun", [table_of, caught_table, caught_table_of_rows])
def test_an_array_of_no_rows(fun: Callable, mode: str) -> None:
    derivative = MODES[mode](fun)
    assert np.all(np.isfinite(derivative(X, 2)))
    for _ in range(2):
        with pytest.raises(UnsupportedError, match="there are none") as caught:
            derivative(X, 0)
        span = caught.value.span
        assert span is not None and span.filename == __file__
        assert "np.array(rows)" in linecache.getline(span.filename, span.line)


def test_an_array_of_rows_is_what_it_was_without_a_refusal() -> None:
    assert np.allclose(grad(table_of)(X, 3), 3.0 + 3 * X**2)
    for caught in (caught_table, caught_table_of_rows):
        factor = 3.0 if caught is caught_table else 6.0
        assert np.allclose(grad(caught)(X, 3), factor + 3 * X**2)


def test_a_dtype_of_rows_is_that_of_floats() -> None:
    def f(x):
        rows = []
        for v in x:
            rows.append([v, v * v, 1])
        table = np.array(rows, dtype=float)
        table[0] *= 2.0
        return np.sum(table**3)

    def slope(x):
        return np.sum(grad(f)(x) * x)

    (expected,) = numerical_gradient(slope, (X,), (0,))
    np.testing.assert_allclose(grad(slope)(X), expected, rtol=1e-6)
    np.testing.assert_allclose(hessian(f)(X), jacfwd(jacfwd(f))(X))


def test_an_array_of_no_rows_in_compiled_code() -> None:
    pytest.importorskip("numba")
    gradient = grad(table_of, jit=True)
    assert np.allclose(gradient(X, 3), 3.0 + 3 * X**2)
    with pytest.raises(UnsupportedError, match="there are none"):
        gradient(X, 0)


def test_a_tangent_that_lies_in_memory_in_another_way() -> None:
    x = np.zeros((2, 3))
    apart = np.asfortranarray(x)
    with pytest.raises(UnsupportedError, match="another layout"):
        runtime.viewed_alike(apart.ravel(), apart, x.ravel(), x)


def test_handlers_stay_as_they_are_where_nothing_is_refused() -> None:
    def f(x, d):
        try:
            y = x / d
        except ZeroDivisionError:
            y = 3.0 * x
        return y

    source = grad(f).source_for(2.0, 0.0)
    assert "except ZeroDivisionError:" in source and "SrcgradError" not in source
    assert grad(f)(2.0, 0.0) == 3.0


def test_only_generated_lines_are_pointed_at() -> None:
    with pytest.raises(UnsupportedError) as caught:
        shape.array_of_rows([])
    assert caught.value.span is None
    assert UnsupportedError("elsewhere").span is None


def _raises_refusals(fn: Callable) -> bool:
    """Whether a helper raises an error of ours itself."""
    for node in ast.walk(ast.parse(inspect.getsource(fn))):
        called = node.exc.func if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) else None
        cls = getattr(srcgrad.errors, called.id, None) if isinstance(called, ast.Name) else None
        if isinstance(cls, type) and issubclass(cls, SrcgradError):
            return True
    return False


@pytest.mark.parametrize("module", [checks, runtime, shape])
def test_what_may_refuse_says_so(module: Any) -> None:
    """All but what is called while nothing of the user's is protected, and what tells the user of his own numbers."""
    apart = {"check_nan", "_array_like"}
    functions = [fn for _, fn in inspect.getmembers(module, inspect.isfunction) if fn.__module__ == module.__name__]
    refusing = {fn.__name__ for fn in functions if _raises_refusals(fn)}
    assert refusing and refusing - apart <= {fn.__name__ for fn in REFUSING}
    assert all(fn in REFUSING for fn in functions if fn.__name__ in refusing - apart)


def test_every_class_of_errors_is_told_from_those_of_the_program() -> None:
    for cls in (Exception, BaseException, SyntaxError, NotImplementedError, RuntimeError, ValueError, TypeError):
        assert takes_refusals(Const(cls)) and takes_refusals(Const((KeyError, cls)))
    assert not takes_refusals(Const((ZeroDivisionError, KeyError)))


def updated_beside_another_name(x, c, n):
    v = c * 2.0 if n else 3.0
    if n:
        x = x * v[0]
    w = None
    for k in range(4):
        if x[k] > 0.1:
            w = v
    before = w
    w += 1.0
    return np.sum(before * x)


def updated_in_a_helper(x, c, n):
    def after(v):
        before = v
        v += 1.0
        return before

    v = c * 2.0 if n else 3.0
    if n:
        x = x * v[0]
    return np.sum(after(v) * x)


@pytest.mark.parametrize("fun", [updated_beside_another_name, updated_in_a_helper])
def test_what_some_path_indexes_may_be_a_number_on_another(fun: Callable) -> None:
    x, c = X[:4], np.array([1.5, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(grad(fun)(x, c, 1), numerical_gradient(fun, (x, c, 1)), rtol=1e-5, atol=1e-9)
    n = 0
    for derivative in (grad(fun), grad(fun, optimize=False), srcgrad.jacfwd(fun)):
        with pytest.raises(UnsupportedError, match="a number is updated here"):
            derivative(x, c, n)
