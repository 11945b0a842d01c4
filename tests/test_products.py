"""`jvp`, `linearize` and their errors; every program of the corpus is pushed forward where its gradient is judged."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from programs import Program, all_programs

import srcgrad
from srcgrad import grad, jvp, linearize, vjp
from srcgrad.errors import ArgumentError, ShapeError, SrcgradError
from srcgrad.testing import check_same, pairing, random_like
from srcgrad.tree import flatten

Pair = namedtuple("Pair", "left right")


@dataclass
class Layer:
    w: np.ndarray
    b: float
    name: str = "layer"


def test_value_and_tangent() -> None:
    out, dot = jvp(lambda x, y: x * np.sin(y), (2.0, 0.5), (1.0, 3.0))
    assert out == 2.0 * np.sin(0.5)
    assert np.isclose(dot, np.sin(0.5) + 3.0 * 2.0 * np.cos(0.5))


def test_none_is_zero() -> None:
    assert jvp(lambda x, y: x * y, (2.0, 5.0), (1.0, None)) == (10.0, 5.0)
    assert jvp(lambda x, y: x * y, (2.0, 5.0), (None, None)) == (10.0, 0.0)
    out, dot = jvp(lambda p: p["a"] * p["b"], ({"a": 2.0, "b": 5.0},), ({"a": None, "b": 1.0},))
    assert (out, dot) == (10.0, 2.0)


def test_trees_and_classes() -> None:
    def layer(layer: Layer, pair: Any) -> Any:
        y = layer.w * pair.left + layer.b
        return {"y": y, "pair": Pair(y * pair.right, 3.0), "count": 2, "layer": Layer(y, layer.b * 2.0)}

    given = Layer(np.array([1.0, 2.0]), 0.5), Pair(3.0, 4.0)
    along = Layer(np.array([0.1, 0.2]), 1.0, None), Pair(None, 1.0)  # type: ignore[arg-type]
    out, dot = jvp(layer, given, along)
    y, y_dot = np.array([3.5, 6.5]), np.array([1.3, 1.6])
    assert np.allclose(out["y"], y)
    assert np.allclose(dot["y"], y_dot)
    assert isinstance(dot["pair"], Pair)
    assert np.allclose(dot["pair"].left, y_dot * 4.0 + y)
    assert dot["pair"].right == 0.0
    assert dot["count"] is None
    assert isinstance(dot["layer"], Layer)
    assert dot["layer"].b == 2.0
    assert dot["layer"].name is None


def test_has_aux() -> None:
    assert jvp(lambda x: (x * x, "note"), (3.0,), (1.0,), has_aux=True) == (9.0, 6.0, "note")


def test_an_int_with_a_tangent_is_a_float() -> None:
    assert jvp(lambda x, n: x**n, (3, 2), (1.0, None)) == (9.0, 6.0)


def test_variadic_arguments() -> None:
    assert jvp(lambda *xs: xs[0] * xs[1] * xs[2], (2.0, 3.0, 4.0), (None, 1.0, 0.0)) == (24.0, 8.0)


def test_methods() -> None:
    class Scaled:
        factor = 3.0

        def __call__(self, x: float) -> float:
            return self.factor * x * x

        def value(self, x: float) -> float:
            return self(x)

    assert jvp(Scaled().value, (2.0,), (1.0,)) == (12.0, 12.0)


def test_a_tangent_lies_in_memory_as_its_primal_does() -> None:
    def through_a_view(x: np.ndarray) -> Any:
        flat = x.ravel()
        flat[1] = x[0, 0] * x[1, 1]
        return np.sum(x * x)

    rng = np.random.default_rng(0)
    for x in (rng.random((3, 2)), rng.random((3, 4))[:, ::2], np.asfortranarray(rng.random((3, 2)))):
        tangent = rng.random((3, 2))
        expected = np.sum(grad(through_a_view)(x) * tangent)
        before = tangent.copy()
        assert np.isclose(jvp(through_a_view, (x,), (tangent,))[1], expected)
        assert np.array_equal(tangent, before)


def test_nothing_is_shared() -> None:
    x, x_dot = np.arange(3.0), np.ones(3)
    out, dot = jvp(lambda x: (x, x + 0.0, x[1:]), (x,), (x_dot,))
    assert not any(np.shares_memory(a, b) for a in (*out, *dot) for b in (x, x_dot))


def test_single_precision_stays() -> None:
    out, dot = jvp(lambda x: np.sum(x * x), (np.ones(2, np.float32),), (np.ones(2),))
    assert (out.dtype, dot.dtype) == (np.float32, np.float32)


def test_what_raises_is_handled_as_in_the_function() -> None:
    def guarded(x: np.ndarray, s: float) -> Any:
        y = x * s
        try:
            y[0] = s * s
            y[9] = s
        except IndexError:
            y[1] += s**3
        return np.sum(y * y)

    x = np.array([0.5, 1.0])
    expected = grad(guarded, argnums=1)(x, 0.7)
    assert np.isclose(jvp(guarded, (x, 0.7), (None, 1.0))[1], expected)


def test_a_slope_that_is_infinite_leads_to_no_handler() -> None:
    import math

    def root(x: float) -> float:
        try:
            y = math.sqrt(x)
        except ZeroDivisionError:
            y = -1.0
        return y

    assert jvp(root, (0.0,), (1.0,)) == (0.0, np.inf)


def test_the_jacobian_column_by_column() -> None:
    a = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    out, push = linearize(lambda x: a @ np.tanh(x), np.array([0.1, 0.2]))
    columns = [push(e) for e in np.eye(2)]
    assert np.allclose(np.stack(columns, axis=1), a * (1 - np.tanh([0.1, 0.2]) ** 2))
    assert np.allclose(out, a @ np.tanh([0.1, 0.2]))


def halves(push) -> tuple[str, str]:
    """The code of what is run once, and of what is run for each tangent."""
    first, second = push.source.split("_push(")
    return first, second


def waves(x, w):
    y = x.copy()
    y[1:] *= w * y[:-1]
    s = np.sin(y)
    y += s
    y[0] = 2.0 * w
    return np.sum(y * s), {"y": y, "n": 3}


def repeated(x, w):
    y = np.exp(x)
    for _ in range(3):
        y = np.sin(y) * w
    if y[0] > 0.0:
        y = y * x
    return y


def filled_by_a_loop(x, w):
    y = np.zeros_like(x)
    for k in range(len(x)):
        y[k] = x[k] * np.sin(y[k - 1] + w)
    return y * w


def test_linearize_computes_once_what_needs_no_tangents() -> None:
    x, w = np.array([0.5, 1.0, 1.5]), 0.7
    for fun, once, twice in [
        (waves, ["sin", "cos"], []),
        (repeated, ["exp"], ["sin"]),
        (filled_by_a_loop, [], ["sin"]),
    ]:
        out, push = linearize(fun, x, w)
        for dots in [(np.ones(3), 1.0), (x, None), (None, 2.0), (np.ones(3), 1.0)]:
            value, expected = jvp(fun, (x, w), dots)
            check_same((out, push(*dots)), (value, expected), f"{fun.__name__} with {dots}", exact=False)
        if once:
            first, second = halves(push)
            assert all(f"np.{name}(" in first and f"np.{name}(" not in second for name in once)
            assert all(f"np.{name}(" in second for name in twice)
        else:
            # The loop writes what the function returns: who runs it twice needs all of the function.
            assert "_push(" not in push.source


def test_what_linearize_returns_is_the_users() -> None:
    x = np.array([0.5, 1.0, 1.5])
    (_, aux), push = linearize(waves, x, 0.7)
    before = push(np.ones(3), 1.0)
    aux["y"][:] = 7.0
    push(np.ones(3), 1.0)[1]["y"][:] = 5.0
    push.out[1]["y"][:] = 3.0
    x[:] = 9.0
    check_same(push(np.ones(3), 1.0), before, "the tangent after writes to all that was returned")


def has_tangent(leaf: Any) -> bool:
    return isinstance(leaf, (float, complex)) or (isinstance(leaf, np.ndarray) and leaf.dtype.kind in "fc")


@pytest.mark.parametrize("program", [p for p in all_programs() if p.supported][::6], ids=lambda p: p.name)
def test_linearize_is_jvp(program: Program) -> None:
    args, rng = program.args(), np.random.default_rng(3)
    dots = [random_like(arg, rng) if any(map(has_tangent, flatten(arg)[0])) else None for arg in args]
    try:
        value, expected = jvp(program.fun, program.args(), dots)
    except SrcgradError as error:
        with pytest.raises(type(error)):
            linearize(program.fun, *args)
        return
    out, push = linearize(program.fun, *args)
    for _ in range(2):
        check_same((out, push(*dots)), (value, expected), f"linearize of {program.name}", exact=False)
    check_same(args, program.args(), f"linearize changes an argument of {program.name}")


def by_number(x, n, pairs):
    slope, offset = pairs[n]
    return slope * x * x + offset * slope


def test_a_tangent_leaves_nothing_behind_for_the_next() -> None:
    args, gradient = (0.4, 1, [(1.0, 0.5), (0.2, 0.3)]), grad(by_number, (0, 2))
    _, push = linearize(gradient, *args)
    directions = [(0.0, [(0.0, 0.0), (0.0, 1.0)]), (1.0, [(0.0, 0.0), (0.0, 0.0)]), (0.5, [(1.0, 2.0), (3.0, 4.0)])]
    for x_dot, pairs_dot in (*directions, *directions):
        dots = (x_dot, None, pairs_dot)
        check_same(push(*dots), jvp(gradient, args, dots)[1], "a tangent after others", exact=False)


def test_linearize_does_not_see_later_writes() -> None:
    x = np.array([1.0, 2.0])
    out, push = linearize(lambda x: x * x, x)
    x[:] = 0.0
    assert np.array_equal(out, [1.0, 4.0])
    assert np.array_equal(push(np.ones(2)), [2.0, 4.0])
    assert np.array_equal(push(None), [0.0, 0.0])


def test_the_code_is_there_to_read() -> None:
    def square(x: float) -> float:
        return x * x

    _, push = linearize(square, 3.0)
    assert "def square_push(product, x_dot):" in push.source
    assert "return product * x_dot" in push.source
    _, pull = srcgrad.vjp(square, 3.0)
    assert "def square_rev" in pull.source


def test_forward_over_reverse() -> None:
    def rosenbrock(x: np.ndarray) -> Any:
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    x, v = np.array([0.3, -0.2, 0.7]), np.array([1.0, 0.5, -2.0])
    _, product = jvp(grad(rosenbrock), (x,), (v,))
    step = 1e-5
    expected = (grad(rosenbrock)(x + step * v) - grad(rosenbrock)(x - step * v)) / (2 * step)
    assert np.allclose(product, expected, rtol=1e-7)


def test_a_rebound_helper_is_noticed() -> None:
    scope: dict[str, Any] = {"factor": 2.0}
    exec("def scaled(x):\n    return factor * x", scope)
    import linecache

    linecache.cache["<string>"] = (0, None, ["def scaled(x):\n", "    return factor * x"], "<string>")
    assert jvp(scope["scaled"], (3.0,), (1.0,)) == (6.0, 2.0)
    scope["factor"] = 5.0
    assert jvp(scope["scaled"], (3.0,), (1.0,)) == (15.0, 5.0)


@pytest.mark.parametrize(
    ("primals", "tangents", "error", "text"),
    [
        (3.0, (1.0,), ArgumentError, "primals of jvp must be a tuple"),
        ((3.0,), 1.0, ArgumentError, "tangents of jvp must be a tuple"),
        ((3.0,), (1.0, 2.0), ArgumentError, "1 primals and 2 tangents"),
        ((np.ones(2),), (np.ones(3),), ShapeError, r"tangent has shape \(3,\)"),
        ((np.ones(2),), ("text",), ArgumentError, "tangent is of type str"),
        ((np.ones(2),), ([1.0, 2.0],), ArgumentError, "tangent"),
        ((np.arange(2),), (np.ones(2),), ArgumentError, "integers"),
        (("text",), (1.0,), ArgumentError, "no gradient"),
    ],
)
def test_errors(primals: Any, tangents: Any, error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        jvp(lambda x: x, primals, tangents)


def test_errors_of_linearize() -> None:
    _, push = linearize(lambda x: x * x, 3.0)
    with pytest.raises(ArgumentError, match="takes 1 tangents, not 2"):
        push(1.0, 2.0)
    with pytest.raises(ShapeError, match="tangent has shape"):
        push(np.ones(3))


def test_a_selection_is_broadcast_to_what_it_selects_from() -> None:
    def chosen(s: float, m: np.ndarray) -> Any:
        return np.sum(np.where(np.array([True, False, True]), s, m))

    assert jvp(chosen, (2.0, np.ones((2, 3))), (1.0, None)) == (10.0, 4.0)


WEIGHTS = np.array([1.0, 2.0])
SCALES = [1.0, 2.0]
SCALE = 3.0


def weighted(x):
    return np.sum(WEIGHTS * x**2) * SCALE * SCALES[1]


def test_products_do_not_see_what_changes_outside_later():
    global SCALE
    x = np.array([1.0, 2.0])
    _, pull = vjp(weighted, x)
    out, push = linearize(weighted, x)
    before = pull(1.0)[0].copy(), push(x)
    WEIGHTS[0], SCALES[1], SCALE = 100.0, 7.0, 5.0
    try:
        assert out == 54.0
        assert before[1] == push(x) == 108.0
        np.testing.assert_array_equal(pull(1.0)[0], before[0])
        assert jvp(weighted, (x,), (x,))[1] == 2.0 * weighted(x) == linearize(weighted, x)[1](x)
    finally:
        WEIGHTS[0], SCALES[1], SCALE = 1.0, 2.0, 3.0


def test_how_many_arrays_there_are_may_depend_on_the_run() -> None:
    def parts(x: Any, n: int, axis: int) -> Any:
        return np.split(x, n, axis=axis)

    with pytest.raises(SrcgradError, match="how many arrays parts returns depends on the run"):
        vjp(parts, np.ones((4, 2)), 2, 0)


@pytest.mark.parametrize(
    "fun",
    [
        lambda x: np.split(x, 2),
        lambda x: np.array_split(np.sin(x), 3),
        lambda x: {"parts": np.hsplit(x * x, [1])},
        lambda x: (np.vsplit(x, 2), [x[0]]),
    ],
)
def test_parts_are_returned_in_a_list(fun: Callable) -> None:
    x = np.arange(12.0).reshape(4, 3)
    out, pull = srcgrad.vjp(fun, x)
    check_same(out, fun(x), "vjp has another value")
    seed = random_like(out, np.random.default_rng(0))
    dot = np.cos(x)
    pushed = srcgrad.jvp(fun, (x,), (dot,))[1]
    assert type(pushed) is type(out)
    np.testing.assert_allclose(np.vdot(pull(seed)[0], dot), pairing(seed, pushed))


# ---------------------------------------------------------------------------------------------- what is done once

HISTORY = np.zeros(4)
NOTES: list[float] = []


def remembered(x: np.ndarray) -> Any:
    """Writes an array outside, in a loop that computes value and tangent."""
    for i in range(3):
        HISTORY[i] += x[i] * (1.0 + HISTORY[i - 1])
    return HISTORY[:3] * x[1]


def jolted(x: np.ndarray, generator: np.random.Generator) -> Any:
    """Draws in a loop, of complex numbers, and returns a tree."""
    z = x + 0.5j * x[0]
    for _ in range(3):
        z = z * z + generator.normal() * z
    return Pair(z, {"name": "z", "square": float(np.real(z[0])) ** 2, "single": np.real(z).astype(np.float32)})


def noted(x: np.ndarray) -> Any:
    """Adds to a list outside, in a loop."""
    for i in range(2):
        x = x * np.sin(x) * (i + 1.0)
        NOTES.append(float(x[0]))
    return x


def cleared(fun: Callable[..., Any]) -> tuple[Any, ...]:
    """The other arguments of a function, with the world outside as it is at first."""
    HISTORY[:] = [0.0, 0.0, 0.0, 0.5]
    NOTES.clear()
    return (np.random.default_rng(4),) if fun is jolted else ()


@pytest.mark.parametrize("fun", [remembered, jolted, noted], ids=lambda f: f.__name__)
def test_what_push_cannot_do_again_is_done_once(fun: Callable[..., Any]) -> None:
    x, dots = np.array([0.7, 0.4, 0.9]), np.array([1.0, -0.5, 2.0])
    others = cleared(fun)
    expected = jvp(fun, (x, *others), (dots, *[None for _ in others]))
    left = HISTORY.copy(), list(NOTES)
    others = cleared(fun)
    out, push = linearize(fun, x, *others)
    for factor in (1.0, 1.0, -3.0):
        scaled = srcgrad.tree.map_leaves(lambda leaf, by=factor: None if leaf is None else leaf * by, expected[1])
        got = push(factor * dots, *[None for _ in others])
        check_same((out, got), (expected[0], scaled), f"linearize of {fun.__name__}", exact=False)
    check_same((HISTORY, NOTES), left, f"linearize of {fun.__name__} leaves something else behind", exact=False)


def test_what_is_taken_apart_writes_arrays_outside() -> None:
    def kept(x):
        HISTORY[:3] = x * x
        return np.sum(HISTORY[:3] * x)

    cleared(kept)
    x = np.array([0.7, 0.4, 0.9])
    _, push = linearize(kept, x)
    assert "push" in push.source
    assert np.array_equal(HISTORY, [*(x * x), 0.5])
    HISTORY[:] = 7.0
    assert np.isclose(push(np.ones(3)), np.sum(3.0 * x**2)) and np.all(HISTORY == 7.0)


def test_a_nested_linearize_is_refused_what_it_would_do_again() -> None:
    generator = np.random.default_rng(0)

    def drawn(x):
        out, push = linearize(lambda y: np.sum(y * generator.normal()), x)
        return push(x) - out

    with pytest.raises(SrcgradError, match="linearize would run this function again"):
        grad(drawn)(np.ones(3))
