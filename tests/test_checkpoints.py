"""Checkpointed functions and loops: the same gradients in less memory, with no more turns run again than needed."""

from __future__ import annotations

import ast
import functools
import importlib.util
import math
import re
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import checkpointed_functions
import numpy as np
import pytest
from checkpoint_corpus import compare, rewritten
from programs import all_programs

import srcgrad
from srcgrad import (
    check_grads,
    checkpoint,
    checkpointed,
    custom_jvp,
    custom_vjp,
    errors,
    grad,
    hessian,
    implicit,
    jacrev,
    jvp,
    rules,
    schedule,
    value_and_grad,
    vjp,
)

X = np.array([0.3, 0.5, 0.7, 0.9])
PAGE = Path(__file__).parents[1] / "docs" / "checkpointing.md"


def imported(path: Path) -> ModuleType:
    """A module from a file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


# The schedule


@functools.cache
def least(turns: int, slots: int) -> int:
    """The fewest turns that have to be run again, found by trying every place for the next snapshot."""
    if turns < 2:
        return 0
    if slots == 1:
        return turns * (turns - 1) // 2
    return min(k + least(turns - k, slots - 1) + least(k, slots) for k in range(1, turns))


@pytest.mark.parametrize("slots", range(1, 12))
def test_schedule_is_optimal(slots: int) -> None:
    for turns in range(1, 50):
        again = most = 0
        kept = [0]
        for turn in reversed(range(turns)):
            while kept[-1] < turn:
                end = schedule.next_snapshot(kept[-1], turn, slots - len(kept))
                assert kept[-1] < end <= turn
                again += end - kept[-1]
                kept.append(end)
                most = max(most, len(kept))
            assert kept.pop() == turn
        assert again == least(turns, slots) == schedule.fewest_turns(turns, slots)
        # One more than the slots: the state from which a turn is reversed.
        assert most <= slots + 1


def test_turns_run_again_grow_slowly() -> None:
    for turns in (10**3, 10**6, 10**9):
        slots = schedule.number_of_slots(None, turns)
        assert slots <= 2 * math.log2(turns) + 2
        assert schedule.fewest_turns(turns, slots) <= 8 * turns


@pytest.mark.parametrize(("turns", "slots"), [(1, 1), (2, 1), (9, 3), (50, 4), (200, 1), (200, 300)])
def test_gradient_follows_the_schedule(turns: int, slots: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def f(x, n, slots):
        y = x
        for _ in checkpointed(range(n), slots):
            y = np.sin(y)
        return y

    gradient = grad(f)
    expected = gradient(0.7, turns, slots)
    found = []

    def counted(begin: int, end: int, free: int) -> int:
        place = schedule.next_snapshot(begin, end, free)
        found.append((place - begin, free))
        return place

    monkeypatch.setitem(gradient._dispatcher.last.entry.__globals__, "next_snapshot", counted)
    assert gradient(0.7, turns, slots) == expected
    assert sum(length for length, _ in found) == schedule.fewest_turns(turns, slots)
    assert all(free < slots for _, free in found)


# The same gradients


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The functions of `checkpointed_functions` without checkpoints."""
    tree = ast.parse(Path(checkpointed_functions.__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.For) and isinstance(node.iter, ast.Call) and node.iter.func.id == "checkpointed":
            node.iter = node.iter.args[0]
    path = tmp_path_factory.mktemp("plain") / "plain_functions.py"
    path.write_text(ast.unparse(tree), encoding="utf-8")
    return imported(path)


@pytest.mark.parametrize("fun", checkpointed_functions.FUNCTIONS, ids=lambda f: f.__name__)
def test_same_gradient(fun: Callable[..., Any], plain: ModuleType) -> None:
    gradients = {optimize: value_and_grad(fun, optimize=optimize) for optimize in (True, False)}
    for n in (0, 1, 2, 7):
        expected = value_and_grad(getattr(plain, fun.__name__))(X, n, None)
        for optimize in (True, False):
            gradient = gradients[optimize]
            for slots in (1, 2, 50, None):
                x = X.copy()
                for _ in range(2):
                    for got, want in zip(gradient(x, n, slots), expected, strict=True):
                        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)
                np.testing.assert_array_equal(x, X)
        if n != 7:
            continue
        pulls = [vjp(fun, X, n, slots)[1] for slots in (2, 3)]
        first, other, again = pulls[0](1.0)[0], pulls[1](-3.0)[0], pulls[0](1.0)[0]
        np.testing.assert_array_equal(first, again)
        np.testing.assert_allclose(first, expected[1], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(other, -3.0 * expected[1], rtol=1e-12, atol=1e-14)


SAMPLE = [p for p in all_programs() if p.supported and "loop" in p.tags][::20]
# What is masked, or replaced, is known on the other side of a checkpoint.
SAMPLE += [p for p in all_programs() if p.fun.__module__.endswith(".masked") and p not in SAMPLE]


@pytest.mark.parametrize("what", ["loops", "functions"])
@pytest.mark.parametrize("program", SAMPLE, ids=[p.name for p in SAMPLE])
def test_program_of_the_corpus(program: Any, what: str, tmp_path: Path) -> None:
    # The whole corpus: python -m tests.checkpoint_corpus
    compare(program, rewritten(sys.modules[program.fun.__module__], what, 2, tmp_path)[program.name])


# Memory


def chain(x, n, slots):
    y = x
    for _ in checkpointed(range(n), slots):
        y = np.sin(y) * y
    return np.sum(y)


def plain_chain(x, n):
    y = x
    for _ in range(n):
        y = np.sin(y) * y
    return np.sum(y)


def peak(gradient: Callable[..., Any], x: np.ndarray, *args: Any) -> float:
    """The most memory that a gradient takes, in states."""
    gradient(x[:3], *args)
    tracemalloc.start()
    try:
        gradient(x, *args)
        return tracemalloc.get_traced_memory()[1] / x.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("slots", [1, 4, 16])
def test_memory_is_that_of_the_slots(slots: int) -> None:
    x = np.linspace(0.1, 0.9, 20_000)
    assert peak(grad(plain_chain), x, 60) > 60
    # Some states are in use in a turn, forward or backward, beside those that are kept.
    assert peak(grad(chain), x, 60, slots) < slots + 8
    pull = vjp(chain, x, 60, slots)[1]
    assert sum(v.nbytes for v in pull._kept if isinstance(v, np.ndarray)) <= 3 * x.nbytes


def test_checkpointed_function_keeps_its_arguments_alone() -> None:
    def body(x):
        for _ in range(40):
            x = np.sin(x) * x
        return x

    def twice(f):
        return lambda x: np.sum(f(f(x)))

    x = np.linspace(0.1, 0.9, 20_000)
    kept = [sum(v.nbytes for v in _arrays(vjp(f, x)[1]._kept)) for f in (twice(body), twice(checkpoint(body)))]
    assert kept[0] > 70 * x.nbytes
    assert kept[1] <= 3 * x.nbytes


def _arrays(kept: Any) -> list[np.ndarray]:
    """The arrays in what a pullback keeps."""
    found = []
    for value in kept:
        found += (
            [value] if isinstance(value, np.ndarray) else _arrays(value) if isinstance(value, (list, tuple)) else []
        )
    return found


# Outside of a derivative, and in forward mode


def test_outside_of_a_derivative() -> None:
    @checkpoint
    def f(x, *, k=2):
        """Does something."""
        return x * k

    assert f(3.0) == 6.0 and f(3.0, k=3) == 9.0
    assert f.__name__ == "f" and f.__doc__ == "Does something."
    assert list(checkpointed(range(3))) == [0, 1, 2]
    items = [1.0, 2.0]
    assert checkpointed(items, slots=2) is items
    with pytest.raises(errors.ArgumentError, match="at least one slot"):
        checkpointed(range(3), slots=0)
    with pytest.raises(errors.ArgumentError, match="needs a function"):
        checkpoint(3.0)


def test_forward_mode_runs_it_once() -> None:
    value, push = srcgrad.linearize(lambda x: chain(x, 5, 2), X)
    assert "schedule" not in push.source
    tangent = srcgrad.jvp(lambda x: plain_chain(x, 5), (X,), (np.ones(4),))
    assert (value, push(np.ones(4))) == tangent
    hessian = srcgrad.jvp(grad(lambda x: chain(x, 5, 2)), (X,), (np.ones(4),))[1]
    np.testing.assert_allclose(hessian, srcgrad.jvp(grad(lambda x: plain_chain(x, 5)), (X,), (np.ones(4),))[1])


def test_code_is_never_stale() -> None:
    scale = 2.0

    @checkpoint
    def f(x):
        return x * x * scale

    gradient = grad(lambda x: f(x))
    assert gradient(3.0) == 12.0
    scale = 3.0
    assert gradient(3.0) == 18.0


# Random numbers


def dropout(x, w, rng):
    h = np.tanh(x * w)
    return h * (rng.random(h.shape) < 0.5) + rng.normal() * w


def network(x, w, rng, slots, again):
    layer = checkpoint(dropout) if again else dropout
    y = layer(x, w, rng)
    return np.sum(layer(y, w, rng) * x)


def step(s, k, w, rng):
    s = s + 0.1 * np.sin(s) + rng.standard_normal(4) * w * s
    return s * (1 + 0.1 * rng.normal()) + k


def diffusion(x, w, rng, slots, again):
    s = x * w
    if again:
        for k in checkpointed(range(9, 1, -2), slots):
            s = step(s, k, w, rng)
    else:
        for k in range(9, 1, -2):
            s = step(s, k, w, rng)
    return np.sum(s)


@pytest.mark.parametrize("fun", [network, diffusion])
def test_random_numbers_are_drawn_once(fun: Callable[..., Any]) -> None:
    def run(again: bool, *, slots: int = 2, **options: Any) -> tuple:
        rng = np.random.default_rng(3)
        made = fun  # bound to this generator, which the code is compiled for
        gradient = value_and_grad(lambda x, w: made(x, w, rng, slots, again), argnums=(0, 1), **options)
        found = gradient(X, 0.8), rng.normal()
        value, pull = vjp(lambda x, w: made(x, w, rng, slots, again), X, 0.8)
        np.testing.assert_array_equal(pull(1.0)[0], pull(1.0)[0])
        return (*found, value, pull(1.0)[0], rng.normal())

    expected = run(again=False)
    for slots in (1, 2, 9):
        for optimize in (True, False):
            np.testing.assert_equal(_rounded(run(again=True, slots=slots, optimize=optimize)), _rounded(expected))


def sometimes(s, k, w, rng):
    if k % 2 == 0:
        s = s * (1.0 + 0.1 * rng.normal())
    j = 0
    while rng.uniform() < 0.4 and j < 3:
        s, j = s + 0.1 * rng.normal(size=4) * w, j + 1
    return s


def kicks(x, w, rng, slots):
    s = x * w
    for k in checkpointed(range(7), slots):
        s = np.sin(s) + sometimes(s, k, w, rng)
    return np.sum(s * x)


def accepted(x, w, rng, slots):
    """A walk that is left early, with moves that are taken or not."""
    at = x * w
    for _ in checkpointed(range(50), slots):
        tried = at + 0.3 * rng.normal(size=4) * np.cos(x)
        if np.sum(tried**2) < np.sum(at**2) or rng.uniform() < 0.3:
            at = tried
        elif rng.uniform() < 0.1:
            break
    return np.sum(at * x)


def noisy_layers(x, w, rng, slots):
    """A checkpointed function that draws in a branch, in a loop."""

    def layer(h):
        return h * w * rng.normal(size=4) if h[0] > -0.5 else h * w

    for _ in range(4):
        x = x + np.tanh(checkpoint(layer)(x))
    return np.sum(x)


def rounds_of_turns(x, w, rng, slots):
    s = x * w
    for _ in checkpointed(range(3), slots):
        for k in checkpointed(range(4), 2):
            if k != 1:
                s = s + 0.1 * rng.normal() * np.sin(s)
        s = s * rng.uniform(0.5, 1.5)
    return np.sum(s * x)


def by_the_module(x, w, rng, slots):
    np.random.seed(7)
    s = x * w
    for k in checkpointed(range(5), slots):
        s = np.tanh(s) + 0.1 * np.random.normal() if k > 1 else s * 1.1
    return np.sum(s) * np.random.normal()


def noise(x, w, rng):
    return x * rng.normal() + np.sin(x) * w * rng.normal()


noise_again = checkpoint(noise)


@checkpoint
def noise_twice_again(x, w, rng):
    return noise_again(noise_again(x, w, rng) + rng.normal(), w, rng)


def nested_functions(x, w, rng, slots):
    return np.sum(np.cos(noise_twice_again(noise_twice_again(x, w, rng), w, rng)))


def functions_in_turns(x, w, rng, slots):
    for k in checkpointed(range(5), slots):
        x = x + 0.1 * noise_again(x, w * k, rng) * rng.uniform()
    return np.sum(x)


def turns_in_a_function(x, w, rng, slots):
    @checkpoint
    def layer(h):
        for _ in checkpointed(range(3), slots):
            h = np.sin(h) + noise_again(h, w, rng)
        return h * rng.normal()

    return np.sum(layer(layer(x)))


def own_generators(x, w, rng, slots):
    """Each turn has a generator of its own, and draws from it in a branch, and in a checkpointed function."""
    for k in checkpointed(range(4), slots):
        own = np.random.default_rng(k)
        if k % 2:
            x = x + own.normal(size=4) * w
        x = np.sin(noise_again(x, w, own)) + own.normal()
    return np.sum(x)


def own_generator_of_a_function(x, w, rng, slots):
    @checkpoint
    def layer(h, seed):
        own = np.random.default_rng(seed=seed)
        while own.uniform() < 0.7:
            h = h + 0.1 * own.normal() * np.sin(h * w)
        return noise_again(h, w, own) * own.normal()

    return np.sum(layer(layer(x, 3), 5) * rng.normal())


@pytest.mark.parametrize(
    "fun",
    [
        kicks,
        accepted,
        noisy_layers,
        rounds_of_turns,
        by_the_module,
        nested_functions,
        functions_in_turns,
        turns_in_a_function,
        own_generators,
        own_generator_of_a_function,
    ],
)
def test_draws_in_branches_are_the_same_when_they_are_run_again(fun: Callable[..., Any]) -> None:
    found = []
    for slots in (1, 2, 9):

        def of(x, w, slots=slots):
            return fun(x, w, np.random.default_rng(5), slots)

        value, pull = vjp(of, X, 0.8)
        assert value == of(X, 0.8)
        np.testing.assert_array_equal(pull(1.0)[0], pull(1.0)[0])
        for options in ({}, {"optimize": False}, {"memory_limit": 300}):
            found.append(value_and_grad(of, argnums=(0, 1), **options)(X, 0.8))
        check_grads(of, (X, 0.8), order=2)
    for other in found:
        np.testing.assert_equal(_rounded(other), _rounded(found[0]))


def test_the_generator_goes_on_where_the_loop_has_left_it() -> None:
    first, second = np.random.default_rng(3), np.random.default_rng(3)
    grad(lambda x: accepted(x, 0.8, first, 2))(X)
    accepted(X, 0.8, second, 2)
    assert first.normal() == second.normal()


# Functions with derivatives of their own


@custom_vjp
def product(x, w):
    return x * w


product.defvjp(lambda x, w: (x * w, (x, w)), lambda kept, g: (2.0 * g * kept[1], np.sum(g * kept[0])))


@custom_jvp
def pair(x, w):
    return {"y": x * w, "z": (x + w, x)}


@pair.defjvp
def pair_jvp(primals, tangents):
    (x, w), (x_dot, w_dot) = primals, tangents
    return pair(x, w), {"y": x_dot * w + x * w_dot, "z": (x_dot + w_dot, x_dot)}


cosine = implicit(lambda a: _iterated(a), fixed_point=lambda x, a: 0.3 * np.cos(a * x))


def _iterated(a):
    x = np.ones_like(a)
    for _ in range(300):
        x = 0.3 * np.cos(a * x)
    return x


def ruled(x, w):
    return np.sin(x) * w


rules.vjp(ruled)(lambda g, z, x, w: (g * np.cos(x) * w, np.sum(g * np.sin(x))))


def turned(x, w):
    y = x.copy()
    y[1:] = product(y[:-1], w) + y[1:]
    parts = pair(y, w)
    y *= np.sin(parts["z"][0])
    if w > 0.5:
        y[0] = cosine(y[1:2])[0]
    return ruled(y + parts["y"] * 0.1, w)


def rules_in_functions(x, w, slots, again):
    turn = checkpoint(turned) if again else turned
    return np.sum(turn(turn(x, w), w) * x)


def rules_in_loops(x, w, slots, again):
    y = x
    if again:
        for k in checkpointed(range(5), slots):
            y = turned(y, w - 0.1 * k)
    else:
        for k in range(5):
            y = turned(y, w - 0.1 * k)
    return np.sum(y * x)


@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize("fun", [rules_in_functions, rules_in_loops])
def test_functions_with_rules(fun: Callable[..., Any], optimize: bool) -> None:
    gradient = value_and_grad(fun, argnums=(0, 1), optimize=optimize)
    expected = gradient(X, 0.8, 1, False)
    for slots in (1, 2, 9):
        found = gradient(X, 0.8, slots, True)
        np.testing.assert_equal(_rounded(found), _rounded(expected))
        _, pull = vjp(lambda x, w, slots=slots: fun(x, w, slots, True), X, 0.8)
        for seed in (2.0, 1.0):
            np.testing.assert_allclose(pull(seed)[0], seed * np.asarray(expected[1][0]), rtol=1e-11)


def test_second_derivatives_of_functions_with_rules() -> None:
    def turn(x, w):
        return np.tanh(pair(x, w)["y"]) + cosine(x)

    def f(x, w):
        for _ in checkpointed(range(3), 2):
            x = checkpoint(turn)(x, w)
        return np.sum(x**2)

    def plain(x, w):
        for _ in range(3):
            x = turn(x, w)
        return np.sum(x**2)

    np.testing.assert_allclose(hessian(f)(X, 0.8), hessian(plain)(X, 0.8), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(jacrev(grad(f))(X, 0.8), hessian(plain)(X, 0.8), rtol=1e-9, atol=1e-12)


def test_the_rule_runs_its_forward_sweep_again() -> None:
    calls = []

    def counted(x):
        calls.append("fun")
        return x * x

    def forward(x):
        calls.append("fwd")
        return x * x, x

    square = custom_vjp(counted)
    square.defvjp(forward, lambda x, g: (2.0 * g * x,))
    assert value_and_grad(lambda x: checkpoint(square)(checkpoint(square)(x)))(2.0) == (16.0, 32.0)
    # As without checkpoints, the function itself is never called where its derivative is wanted.
    assert calls == ["fwd"] * 4
    assert grad(grad(lambda x: checkpoint(square)(x) * x))(2.0) == 12.0
    assert jvp(grad(lambda x: checkpoint(square)(x) * x), (2.0,), (1.0,))[1] == 12.0
    assert "fun" not in calls


def _rounded(found: Any) -> Any:
    return tuple(map(_rounded, found)) if isinstance(found, tuple) else np.round(found, 11)


# Refusals


def prints(x):
    print(x)
    return x * x


def draws_from_two_in_a_branch(x, first=np.random.default_rng(1), second=np.random.default_rng(2)):  # noqa: B008
    if x > 1.0:
        x = x * first.normal() + second.normal()
    return x


def appends_outside(x, found=[]):  # noqa: B006
    found.append(x)
    return x * x


def draws_in_recursion(x, n=2):
    return x if n == 0 else draws_in_recursion(x, n - 1) * np.random.normal()


def appends_in_recursion(x, n=2):
    FOUND.append(n)
    return x * x if n == 0 else appends_in_recursion(x, n - 1)


FOUND: list = []


@custom_vjp
def noisy(x):
    return x * np.random.normal()


def noisy_fwd(x):
    r = np.random.normal()
    return x * r, r


noisy.defvjp(noisy_fwd, lambda r, g: (g * r,))


def draws_by_a_rule(x):
    return noisy(x) * x


def noisy_and_ruled(x):
    return x * np.random.normal()


rules.vjp(noisy_and_ruled)(lambda g, z, x: g * z / x)


def draws_in_a_ruled_function(x):
    return noisy_and_ruled(x) * x


def draws_from_two_in_another(x, first=np.random.default_rng(1), second=np.random.default_rng(2)):  # noqa: B008
    return checkpoint(lambda y: y * first.normal() + second.normal())(x) * x


@pytest.mark.parametrize(
    ("fun", "message"),
    [
        (prints, "print is called"),
        (draws_from_two_in_a_branch, "random numbers are drawn"),
        (draws_from_two_in_another, "random numbers are drawn"),
        (appends_outside, "list from outside is changed"),
        (draws_in_recursion, "random numbers are drawn"),
        (appends_in_recursion, "list from outside is changed"),
        (draws_by_a_rule, "noisy draws random numbers"),
        (draws_in_a_ruled_function, "noisy_and_ruled draws random numbers"),
    ],
)
def test_effects_are_refused(fun: Callable[..., Any], message: str) -> None:
    with pytest.raises(errors.UnsupportedError, match=message) as caught:
        grad(lambda x: checkpoint(fun)(x))(2.0)
    assert caught.value.lineno in range(fun.__code__.co_firstlineno, fun.__code__.co_firstlineno + 4)


class Cell:
    def __init__(self, u: Any):
        self.u = u


@checkpoint
def updated_in_a_list(x: Any) -> Any:
    cell, cells = Cell(x.copy()), []
    for k in range(3):
        cell.u += x * k
        cells.append(cell)
    return cells[0].u * cells[1].u


@checkpoint
def all_updated(x: Any) -> Any:
    cells = []
    for k in range(3):
        cells.append(Cell(x * k))
    for cell in cells:
        cell.u *= x
    total = 0.0
    for cell in cells:
        total = total + cell.u
    return total


@checkpoint
def replaced_in_a_list(x: Any) -> Any:
    cell, cells = Cell(x.copy()), []
    for k in range(3):
        cell.u = cell.u + x * k
        cells.append(cell)
    return cells[0].u * cells[1].u


def in_a_branch(x: Any) -> Any:
    return np.sum(updated_in_a_list(x) if x[0] > 0.0 else x)


def replaced_in_turns(x: Any) -> Any:
    for _ in range(3):
        x = 0.5 * replaced_in_a_list(x)
    return np.sum(x)


@pytest.mark.parametrize(
    "fun",
    [
        *(lambda x: np.sum(updated_in_a_list(x) * x), lambda x: np.sum(all_updated(x) * x)),
        *(in_a_branch, replaced_in_turns),
    ],
    ids=["updated", "all updated", "in a branch", "replaced in turns"],
)
def test_objects_in_lists_of_a_checkpointed_function(fun: Callable[..., Any]) -> None:
    x = np.array([0.3, 0.5, 0.8])
    check_grads(fun, (x,), order=1)
    np.testing.assert_array_equal(grad(fun)(x), grad(fun, optimize=False)(x))
    np.testing.assert_array_equal(x, [0.3, 0.5, 0.8])


def test_objects_in_lists_of_a_checkpointed_function_that_is_called_again() -> None:
    def twice(x: Any) -> Any:
        return np.sum(updated_in_a_list(x) * updated_in_a_list(2.0 * x))

    with pytest.raises(errors.UnsupportedError, match="an array that belongs to an object in a list, or is in one"):
        grad(twice)(np.ones(3))


def test_iterators_of_unknown_length_are_refused() -> None:
    def f(x):
        for v in checkpointed(v * 2 for v in x if v > 0.4):
            x = x * v
        return np.sum(x)

    with pytest.raises(errors.UnsupportedError, match="must know how many turns"):
        grad(f)(X)


def test_arrays_that_share_memory_are_refused() -> None:
    def f(x, n):
        a = b = x * 1.0
        for k in checkpointed(range(n), 2):
            a[0] += b[1] * k
            if a[0] > 100.0:
                a, b = b, a * 2.0
        return np.sum(a * b)

    with pytest.raises(errors.AliasError, match="share memory"):
        grad(f)(X, 3)


# The page


def test_examples_of_the_page(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    path = tmp_path / "page_of_checkpoints.py"
    path.write_text("\n".join(blocks), encoding="utf-8")
    module = imported(path)
    answers = [line.partition("  # -> ") for line in path.read_text(encoding="utf-8").splitlines() if "  # -> " in line]
    assert len(answers) >= 4
    for code, _, answer in answers:
        assert repr(eval(code, vars(module))) == answer, code
