"""Loops for array operations against NumPy: overlaps, aliases, strides, shapes and dtypes meant to break them."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from looped import looped

NAN, INF = np.nan, np.inf


def check(fun: Callable[..., Any], *args: Any, loops: bool | None = True) -> str:
    """The results, types, dtypes, shapes and raised errors of a function are those of NumPy; returns the loops."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        made, text = looped(fun, *args)
        want, got = attempt(fun, args), attempt(made, args)
    assert type(want) is type(got), f"{got!r} is no {want!r}\n{text}"
    if isinstance(want, Exception):
        return text
    pairs = list(zip(want, got, strict=True)) if isinstance(want, tuple) else [(want, got)]
    for p, q in pairs:
        assert type(p) is type(q), text
        assert np.shape(p) == np.shape(q), text
        assert np.asarray(p).dtype == np.asarray(q).dtype, text
        if isinstance(p, np.ndarray) and fun is not transposed_chain:
            assert p.flags.c_contiguous == q.flags.c_contiguous, text
        tolerance = 1e-5 if np.asarray(p).dtype == np.float32 else 1e-12
        np.testing.assert_allclose(q, p, rtol=tolerance, atol=tolerance, err_msg=text)
    assert loops is None or ("for " in text) == loops, text
    return text


def attempt(fun: Callable[..., Any], args: tuple) -> Any:
    """What a function returns for copies of its arguments, or the exception that it raises."""
    copies = tuple(a.copy(order="K") if isinstance(a, np.ndarray) else a for a in args)
    try:
        return fun(*copies)
    except (ValueError, IndexError) as error:
        return error
    finally:
        for given, own in zip(copies, args, strict=True):
            np.testing.assert_array_equal(given, own)


def line(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(n)


def grid(n: int, m: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, m))


# Overlaps


def shifted_forwards(x):
    u = x.copy()
    u[1:] += u[:-1]
    return u


def shifted_backwards(x):
    u = x.copy()
    u[:-1] += u[1:]
    return u


def shifted_and_scaled(x):
    u = x.copy()
    u[1:] = 2.0 * u[:-1] + u[1:]
    return u


def reversed_in_place(x):
    u = x.copy()
    u[:] = u[::-1] * 3.0
    return u


def adds_its_reverse(x):
    u = x.copy()
    u += u[::-1]
    return u


def every_second(x):
    u = x.copy()
    u[::2] += 1.5 * u[::2]
    u[1::2] *= u[1::2]
    return u


def stencil(x):
    u = x.copy()
    u[1:-1] += 0.1 * (1.0 + u[1:-1] ** 2) * (u[:-2] - 2 * u[1:-1] + u[2:])
    return u


def two_writes_of_one_array(x):
    u = x.copy()
    t = u * 2.0
    u[1:] += t[1:]
    u[:-1] -= t[:-1]
    u *= t
    return u, np.sum(u)


def reads_before_and_after_a_write(x):
    u = x.copy()
    before = u * 2.0
    u += 1.0
    after = u * 2.0
    return before, after, u


def view_sees_later_writes(x):
    u = x.copy()
    v = u[1:-1]
    t = v * 2.0
    u += 1.0
    s = v * 2.0
    v *= t
    return u, t, s


def view_of_a_view(x):
    u = x.copy()
    v = u[1:][::2]
    v += u[1:][::2] * 2.0
    w = u[::-1][1:-1]
    return u, w * 2.0, v[::-1] + 1.0


def reversed_parts(x):
    u = x.copy()
    v = u[0:2]
    v[::-1] += u[-2:] * 2.0
    w = u[:-1]
    w[:] = w[::-1] + w
    return u, w[::-1] * 1.0, u[1:][::-1] - 1.0, u[::2][::-1] * 2.0


def copies_then_writes(x):
    u = x.copy()
    old = u.copy()
    u[1:] = old[:-1] + u[1:]
    return u, old


def temporaries_are_updated(x):
    t = x * 2.0
    t += x
    v = t[1:]
    t *= 3.0
    return t, v * 1.0, np.sum(t)


def scalar_reads_between(x):
    u = x * 2.0
    first = u[0]
    u += 1.0
    second = u[0]
    return u * first, second


def scalar_writes_between(x):
    u = x.copy()
    t = u * 2.0
    u[0] = 5.0
    s = u * 2.0
    return t, s


LINES = [
    *(shifted_forwards, shifted_backwards, shifted_and_scaled, reversed_in_place, adds_its_reverse, every_second),
    *(stencil, two_writes_of_one_array, reads_before_and_after_a_write, view_sees_later_writes, view_of_a_view),
    *(reversed_parts, copies_then_writes, temporaries_are_updated, scalar_reads_between, scalar_writes_between),
]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 300])
@pytest.mark.parametrize("fun", LINES, ids=lambda f: f.__name__)
def test_of_one_axis(fun: Callable, n: int) -> None:
    check(fun, line(n), loops=None)


@pytest.mark.parametrize("fun", LINES, ids=lambda f: f.__name__)
def test_of_strided_arguments(fun: Callable) -> None:
    check(fun, line(20)[::2])
    check(fun, line(20)[::-1])
    check(fun, np.asfortranarray(grid(5, 9))[2])


def adds_its_transpose(a):
    b = a.copy()
    b += b.T
    return b


def transposed_chain(a):
    return (a.T * 2.0 + a).T - a.T


def laplacian(a):
    b = a.copy()
    b[1:-1, 1:-1] = a[:-2, 1:-1] + a[2:, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] - 4.0 * a[1:-1, 1:-1]
    return b, np.sum(b * b)


def rows_and_columns(a):
    row, column = a[0], a[:, 1]
    return a * row, a - column[:, None], row[None, :] * column[:, np.newaxis]


def reductions(a):
    e = np.exp(-a * a)
    return (
        *(np.sum(e), np.sum(e, axis=0), np.sum(e, axis=1), np.sum(e, axis=-1, keepdims=True)),
        *(np.mean(e), np.mean(e, axis=0), np.mean(a, axis=1), np.max(e), np.max(e, axis=0), np.max(e, axis=1)),
        *(np.min(a), np.min(a, axis=1, keepdims=True), np.prod(e, axis=0), np.any(a > 1.0), np.all(a < 9.0, axis=1)),
        *(np.sum(a > 0), np.sum(a > 0, axis=0), np.sum(e, axis=(0, 1)), np.sum(a, axis=0, keepdims=True)),
    )


def outer_products(a):
    row, column = a[0] * 2.0, a[:, 1] * 3.0
    b = a.copy()
    b += np.outer(column, row)
    return b, np.outer(row, row)


def broadcast_with_itself(a):
    row = a[0]
    return row[:, None] * row, row[None] + row[:, None] * a[0, 0]


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (4, 4), (2, 3), (5, 2), (130, 3), (3, 130)])
@pytest.mark.parametrize(
    "fun",
    [transposed_chain, laplacian, rows_and_columns, reductions, outer_products, broadcast_with_itself],
    ids=lambda f: f.__name__,
)
def test_of_two_axes(fun: Callable, shape: tuple[int, int]) -> None:
    for a in (grid(*shape), np.asfortranarray(grid(*shape)), grid(*shape[::-1]).T, grid(2 * shape[0], shape[1])[::-2]):
        check(fun, a)


def test_transpose_in_place() -> None:
    for n in (2, 3, 5):
        check(adds_its_transpose, grid(n, n))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (1, 3), (3, 1), (1, 1)])
def test_reductions_of_degenerate_shapes(shape: tuple[int, int]) -> None:
    for fun in (
        lambda a: np.sum(a * 2.0),
        lambda a: np.sum(a * 2.0, axis=0),
        lambda a: np.sum(a * 2.0, axis=1, keepdims=True),
        lambda a: np.max(a * 2.0),
        lambda a: np.max(a * 2.0, axis=0),
        lambda a: np.min(a * 2.0, axis=1),
        lambda a: np.prod(a * 2.0, axis=0),
        lambda a: np.mean(a * 2.0, axis=1),
        lambda a: np.any(a > 0.0, axis=0),
    ):
        check(fun, np.ones(shape), loops=None)


# Arrays made in loops


def filled_in_each_turn(x, n):
    u = x.copy()
    for _ in range(n):
        t = u * 2.0
        t[0] = 0.0
        s = t[1:-1] + 1.0
        u[1:-1] += s * np.sum(t)
    return u


def kept_in_a_list(x, n):
    kept = []
    u = x.copy()
    for _ in range(n):
        t = u * 2.0
        u += t
        kept.append(t)
    return u, kept[0], kept[-1] - kept[0]


def kept_until_the_next_turn(x, n):
    before = x * 0.0
    total = x.copy()
    for k in range(n):
        t = total * 0.5 + k
        total += before
        before = t
    return total, before


def kept_by_a_view(x, n):
    first = x[1:] * 1.0
    total = x.copy()
    for k in range(n):
        t = total * 0.5 + k
        total[1:] += first
        first = t[1:]
    return total, first * 1.0


def kept_in_a_branch(x, n):
    best = x * 1.0
    for k in range(n):
        t = best * 0.5 + k
        if t[0] > 1.0:
            best = t
    return best


def of_other_lengths_in_each_turn(x, n):
    total = 0.0
    for k in range(n):
        t = x[k:] * 2.0
        total += np.sum(t * t)
    return total, x * total


@pytest.mark.parametrize("n", [1, 2, 4])
@pytest.mark.parametrize(
    "fun",
    [
        *(filled_in_each_turn, kept_in_a_list, kept_until_the_next_turn, kept_by_a_view, kept_in_a_branch),
        of_other_lengths_in_each_turn,
    ],
    ids=lambda f: f.__name__,
)
def test_arrays_made_in_loops(fun: Callable, n: int) -> None:
    for size in (1, 2, 5) if fun is filled_in_each_turn else (5,):
        check(fun, line(size), n)


def test_arrays_that_a_turn_fills_are_allocated_once() -> None:
    text = check(filled_in_each_turn, line(5), 3)
    before, _, body = text.partition("for _ in range(n)")
    assert "t = np.empty" in before and "np.empty" not in body


# Shapes that do not fit, or only perhaps


def test_mismatches_raise() -> None:
    for n, m in [(3, 4), (4, 3), (0, 3), (3, 0)]:
        check(lambda x, y: x * y + x, line(n), line(m))
        check(lambda x, y: np.sum(np.sin(x) * y), line(n), line(m))

        def written(x, y):
            u = x.copy()
            u += 2.0 * y
            return u

        check(written, line(n), line(m))
    check(lambda a, x: a * x, grid(3, 4), line(3))
    check(lambda a, x: a - x[:, None], grid(3, 4), line(3))


@pytest.mark.parametrize("k", [0, 1, 2, 3, 5])
def test_lengths_unknown_until_the_run(k: int) -> None:
    def product(x, y, k):
        return x[:k] * y[1:] + 1.0, np.sum(x[:k] * 2.0)

    check(product, line(5), line(4, 1), k)
    check(product, line(5), line(2, 1), k)


def test_length_one() -> None:
    check(lambda x, y: x * y, line(1), line(5))
    check(lambda x, a: x * a + a[:, :1], line(1), grid(3, 4))
    check(lambda a, b: a + b, grid(3, 1), grid(1, 4))

    def written(x, y):
        u = x.copy()
        u[:] = y * 2.0
        return u

    check(written, line(5), line(1))
    check(written, line(1), line(5), loops=None)


def test_slices_clamp() -> None:
    for n in range(5):
        check(lambda x: (x[3:] * 2.0, x[:9] * 2.0, x[-2:] * 2.0, x[:-3] * 2.0, x[2:1] * 2.0, x[::-2] * 2.0), line(n))
        check(lambda x: (np.sum(x[3:] * 2.0), np.sum(x[1:-1] * x[1:-1]), x[-3:-1] + 1.0), line(n))


# Values


def test_nans_and_infinities() -> None:
    for values in ([1.0, NAN, 2.0], [INF, 1.0, -INF], [-INF, -INF], [INF, INF, 1.0], [NAN], [0.0, -0.0]):
        x = np.array(values)
        check(lambda x: (np.max(x * 1.0), np.min(x * 1.0), np.sum(x * 1.0), np.mean(x * 1.0)), x, loops=None)
        check(
            lambda x: (np.maximum(x, 0.5), np.minimum(0.5, x), np.clip(x, -1.0, 1.0), np.sign(x), abs(x)), x, loops=None
        )
        check(lambda x: (np.where(x > 0, x, -x), np.where(x == x, x, 0.0), np.where(x > 0, 1.0, x) / x), x, loops=None)
        check(lambda x: (1.0 / x, x / 0.0, x**2, x**0.5, x**-1, x**3, x // 2.0, x % 2.0), x, loops=None)


def test_long_sums_are_accurate() -> None:
    x = np.full(100_000, 0.1, np.float32)
    made, _ = looped(lambda x: np.sum(x * np.float32(1.0)), x)
    assert abs(float(made(x)) / 10_000.0 - 1.0) < 2e-6
    rows = np.full((30_000, 3), 0.1, np.float32)
    made, _ = looped(lambda x: np.sum(x * np.float32(1.0)), rows)
    assert abs(float(made(rows)) / 9_000.0 - 1.0) < 2e-6


@pytest.mark.parametrize("a, b", itertools.product(["f8", "f4", "i8", "i4", "?"], repeat=2))
def test_promotion(a: str, b: str) -> None:
    x, y = np.array([1, 0, 1, 1]).astype(a), np.array([1, 1, 0, 1]).astype(b)
    check(lambda x, y: (x * y, x + y, x > y, np.where(x > y, x, y), np.maximum(x, y)), x, y)
    check(lambda x: (x * 2.0, 2 + x, x * True, 1 - x * 1, np.sum(x), np.sum(x * 2, axis=0)), x)
    if a != "?":
        check(lambda x: (-x, abs(x), x / 2, x // 2, x % 2, np.mean(x)), x)
        check(lambda x: (np.max(x), np.min(x), np.prod(x)), x)

    def updated(x, y):
        u = x * 2.0
        u += y
        w = x.copy()
        w[1:] = y[1:] > 0
        return u, w

    check(updated, x, y)


def test_python_numbers_stay_weak() -> None:
    x = line(4).astype(np.float32)
    check(lambda x, s: (x * s, s + x, np.where(x > 0, x, s), np.maximum(x, s), x**2, x**0.5), x, 2.5)
    check(lambda x, s: (x * s, s + x, np.where(x > 0, x, s), np.maximum(x, s)), x, np.float64(2.5))


# Random chains

_BINARY = ["{} + {}", "{} - {}", "{} * {}", "np.maximum({}, {})", "np.where({} > 0, {}, 0.5)", "np.arctan2({}, {})"]
_UNARY = ["np.sin({})", "-{}", "{} ** 2", "abs({})", "np.tanh({})", "{} * 0.5", "1.0 - {}", "{}.copy()"]
_PARTS = ["{}", "{}[1:-1]", "{}[2:]", "{}[:-2]", "{}[::-1][1:-1]", "{}[1:][:-1]", "{}[1:-1][::-1]"]
_ENDS = ["np.sum({})", "np.mean({})", "np.max({})"]


def random_program(rng: np.random.Generator) -> str:
    """A function of two arrays of the same length: a random sequence of chains, writes and reductions."""
    whole, inner = ["x", "y", "u", "v"], ["x[1:-1]"]
    lines = ["def f(x, y):", "    u = x.copy()", "    v = u[1:-1]" if rng.random() < 0.3 else "    v = y * 1.0"]
    if lines[-1].endswith("[1:-1]"):
        whole.remove("v")
        inner.append("v")
    scalars = ["1.5"]

    def operand(small: bool) -> str:
        names = inner if small else whole
        if small and rng.random() < 0.6:
            return str(rng.choice(_PARTS[1:])).format(rng.choice(whole))
        return str(rng.choice(names))

    for k in range(int(rng.integers(3, 11))):
        small = bool(rng.random() < 0.5)
        a, b = operand(small), operand(small) if rng.random() < 0.8 else str(rng.choice(scalars))
        text = str(rng.choice(_BINARY)).format(a, b) if rng.random() < 0.6 else str(rng.choice(_UNARY)).format(a)
        kind = rng.random()
        if kind < 0.4:
            lines.append(f"    t{k} = {text}")
            (inner if small else whole).append(f"t{k}")
        elif kind < 0.75:
            target = operand(small) if not small else str(rng.choice(_PARTS[1:])).format(rng.choice(whole))
            if target in ("x", "y") or target[:2] in ("x[", "y["):
                target = "u[1:-1]" if small else "u"
            way = rng.choice(["+=", "*=", "="])
            target = f"{target}[:]" if way == "=" and "[" not in target else target
            lines.append(f"    {target} {way} {text}")
        else:
            lines.append(f"    s{k} = {str(rng.choice(_ENDS)).format(text)}")
            scalars.append(f"s{k}")
    results = [name for name in [*whole, *inner, *scalars] if name.isidentifier()]
    return "\n".join([*lines, f"    return ({', '.join(results)},)", ""])


@pytest.mark.parametrize("seed", range(150))
def test_random_programs(seed: int, tmp_path: Any) -> None:
    text = random_program(np.random.default_rng(seed))
    path = tmp_path / "program.py"
    path.write_text(text)
    scope: dict[str, Any] = {"np": np}
    exec(compile(text, str(path), "exec"), scope)
    for n in (3, 4, 9, 140):
        check(scope["f"], line(n), line(n, 1))
