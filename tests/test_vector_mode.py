"""Vector mode: one sweep for all unit vectors gives what one sweep for each gives, and what differences give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from programs import Program, all_programs, rand, signed
from verified import verified

from srcgrad import hessian, jacfwd, jacrev
from srcgrad.testing import check_same
from srcgrad.transform import jacobian
from srcgrad.tree import flatten

CASES: list[tuple[Callable, Callable[[], tuple], int | tuple[int, ...], str]] = []


def case(args: Callable[[], tuple], argnums: int | tuple[int, ...] = 0, modes: str = "both") -> Callable:
    """Collects a program that has a Jacobian by one sweep: in `both` modes, or in `jacfwd` or `jacrev` alone."""

    def collect(fun: Callable) -> Callable:
        CASES.append((fun, args, argnums, modes))
        return fun

    return collect


# ---------------------------------------------------------------------------------------------- programs


@case(lambda: (signed(3), rand(2, 3)), argnums=(0, 1))
def broadcasts(x, y):
    return x * y + np.sin(x)[None, :] - y[:, :1]


@case(lambda: (rand(2, 3), rand(3)), argnums=(0, 1))
def operands_that_are_smaller(x, w):
    return w * x + w[0] * x[0] - np.sum(w) / (x[:, 1:2] + w)


@case(lambda: (rand(3, 4),))
def sums_along_axes(x):
    a = np.sum(x * x, axis=0)
    b = np.sum(x, axis=(0, 1), keepdims=True)
    c = np.mean(x, axis=-1, keepdims=True)
    return a * b + c * x + np.sum(x**3)


@case(lambda: (rand(3, 4), rand(4, 2), rand(4)), argnums=(0, 1, 2))
def products(a, b, v):
    return a @ b, a @ v, v @ b, np.dot(a, b), np.dot(v, v), np.outer(v, v), np.einsum("ij,jk,j->ki", a, b, v)


@case(lambda: (rand(2, 3, 4), rand(4, 5), rand(2, 4)), argnums=(0, 1, 2))
def products_of_stacks(a, b, c):
    return a @ b, (a @ c[:, :, None])[..., 0], np.tensordot(a, b, 1), np.swapaxes(a, 0, 1) @ c[0]


@case(lambda: (rand(2, 3),))
def permuted_and_joined(x):
    a = np.concatenate([x.T, np.ones((3, 1)), x.T * 2.0], axis=1)
    b = np.stack([x[0], x[1] * x[0], np.zeros(3)])
    c = np.vstack([x[0], b]) + np.hstack([x[0, :2], x[1, 2:]])
    return a * 2.0, np.flip(b, 1), np.roll(c, 1, axis=0), np.moveaxis(x[:, :, None], 0, -1), np.swapaxes(a, 0, 1)


@case(lambda: (rand(6),))
def reshaped_at_first(x):
    y = x.reshape(2, 3)
    return (y.T @ y).reshape(9), y.reshape(-1, 2) * 2.0


@case(lambda: (rand(3),))
def axes_that_come_and_go(x):
    a = np.squeeze(x.reshape(1, 3, 1))
    return a * x[0], np.einsum("i,j", x, x), np.atleast_1d(x[0]) * x, np.einsum("ij,j", np.outer(x, x), x)


@case(lambda: (rand(6),), modes="jacfwd")
def shapes(x):
    a = x.reshape(2, 3)
    b = np.concatenate([a.T, np.ones((3, 1)), a.T * 2.0], axis=1)
    c = np.stack([x[:3], x[3:] * x[0], np.zeros(3)])
    d = np.vstack([x[:3], c]) + np.hstack([x[:2], x[5:]])
    return b * 2.0, np.flip(c, 1), np.roll(d, 1, axis=0), np.moveaxis(a[:, :, None], 0, -1), x.reshape(-1, 2)


@case(lambda: (rand(2, 3),), modes="jacfwd")
def flattened(x):
    y = x.T * 2.0
    return y.ravel(), y.flatten(), y.reshape(-1), x.reshape(3, 2)


@case(lambda: (rand(5),))
def elements(x):
    mask = np.array([True, False, True, True, False])
    places = np.array([3, 0, 0])
    return x[places] * x[1], x[mask] ** 2, x[-1], x[1:4:2], x[::-1], np.take(x, places), x[[4, 2]]


@case(lambda: (rand(3, 4, 5),))
def elements_of_several_axes(x):
    i, j = np.array([0, 2, 1]), np.array([1, 1, 3])
    return x[i, j], x[1, j], x[:, i, j], x[..., 0], x[:, None, i], x[i], x[0, :, 1:3], x[x[:, 0, 0] > 0.5]


@case(lambda: (rand(4), 0.7), argnums=(0, 1))
def writes(x, s):
    y = np.zeros(6)
    y[1:5] = x * s
    y[0] = s
    y[5] += y[1] * y[2]
    y[2:4] *= x[:2]
    y[1] = 2.0
    y -= s
    return y


@case(lambda: (rand(3, 3),))
def views_that_are_written(x):
    y = x * 1.0
    row, column = y[1], y[:, 2]
    row[0] = x[2, 2] ** 2
    column += row
    y[0, 1:] *= column[1]
    return y * 2.0


@case(lambda: (rand(2, 3),), modes="jacfwd")
def views_made_by_asarray(x):
    y = x * 1.0
    a, b = np.asarray(y), np.array(y)
    flat = y.T.copy().ravel()
    a[0] = 2.0 * x[1]
    b[1] = 3.0 * x[0]
    flat[1:3] *= x[0, 0]
    return y * y, b * x, flat


@case(lambda: (rand(2, 3),), modes="jacfwd")
def zeros_that_lie_in_columns_are_viewed(x):
    y = np.zeros_like(x.T)
    y += x.T
    flat = y.T.ravel()
    y *= x[0, 0]
    return flat**2, y


@case(lambda: (rand(6), 5), modes="jacfwd")
def array_of_numbers_is_viewed(x, n):
    found = []
    for k in range(n):
        found.append(x[k] * x[0])
    y = np.array(found) * 2.0
    same = np.ascontiguousarray(y)
    same[1] *= x[0]
    y *= x[1]
    return y, same


@case(lambda: (np.zeros(0),), modes="jacfwd")
def views_of_what_depends_on_no_element(x):
    y = (np.ones((3, 2)) * np.sum(x)).T
    flat = y.T.ravel()
    y *= 2.0
    return flat, y


@case(lambda: (rand(6),))
def reshaped_in_between(x):
    y = (x * x).reshape(2, 3)
    return (y.T @ y).reshape(9), y.reshape(-1, 2) * 2.0


@case(lambda: (rand(5), 4), modes="jacfwd")
def numbers_that_a_list_keeps(x, n):
    y = x * 2.0
    kept = []
    for k in range(n):
        kept.append(y[k])
        y[k] = y[k + 1] * x[0]
    return np.array(kept), y


@case(lambda: (rand(3), rand(3, 3, seed=1)), modes="jacfwd")
def solution_that_is_written_by_another_name(x, a):
    y = np.linalg.solve(a + 3.0 * np.eye(3), x) * 2.0
    v = np.ascontiguousarray(y)
    v[0] *= 3.0 * x[0]
    return y


@case(lambda: (rand(4),))
def numbers_that_are_read_before_they_are_written(x):
    y = x * 2.0
    first = y[0]
    last = y[3]
    y[0] = last * last
    y[3] = first + y[0]
    first, second = y[1], first
    y[1] = 0.0
    return y, first * second


@case(lambda: (rand(4),))
def elements_that_are_swapped(x):
    y = x * x
    for i in range(3):
        y[i], y[i + 1] = y[i + 1], y[i]
        kept = y[i]
        y[i] = 3.0 * y[i]
        y[i + 1] += kept
    return y


@case(lambda: (rand(5), 0.3), argnums=(0, 1))
def loop_over_a_buffer(x, w):
    y = x.copy()
    for _ in range(3):
        for i in range(1, len(y) - 1):
            y[i] += w * (y[i - 1] - 2.0 * y[i] + y[i + 1])
    return y


@case(lambda: (rand(3), 4), argnums=0)
def totals_in_a_loop(x, n):
    total, product = 0.0, 1.0
    for k in range(n):
        total = total + x[k % 3] * product
        product *= x[0]
    return total, product


@case(lambda: (rand(3),))
def total_of_vectors(x):
    total = 0.0 * x
    y = x
    for k in range(3):
        total += y * k
        y = np.sin(y) * x
    return total


@case(lambda: (rand(4),))
def loop_that_is_left(x):
    y = x[0]
    k = 0
    while y < 3.0:
        y = y + x[k % 4]
        k += 1
        if k == 5:
            break
    return y * np.ones(2), k


@case(lambda: (rand(3), True), argnums=0)
def branches(x, flag):
    y = x[0] * x if flag else np.ones(3)
    z = 1.0
    if x[1] > 0.1:
        z = x[2]
        y = y * z
    return y * z + (x[1] if x[0] > 0 else 0.0)


@case(lambda: (signed(5),))
def choices(x):
    return np.where(x > 0, x**2, 3.0 * x[0]), np.maximum(x, 0.0), np.abs(x), np.clip(x, -0.5, 0.5)


@case(lambda: (rand(3), 3), modes="jacfwd")
def product_that_starts_with_a_complex_number(x, n):
    y = 2.0j
    for k in range(n):
        y = y * x[k]
    return np.real(y * (1.0 + 0.5j))


@case(lambda: (rand(4), rand(2, 4)), argnums=(0, 1))
def softmax_of_rows(b, x):
    z = x + b
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


@case(lambda: (rand(3).astype(np.float32), rand(2, 3).astype(np.float32)), argnums=(0, 1))
def single_precision(x, w):
    y = w @ x
    return y * 2.0, np.tanh(x) / 3.0, np.sum(x * x), y[0] * 0.5


@case(lambda: (np.array(0.7), rand(3)), argnums=(0, 1))
def array_without_axes(s, x):
    y = s * x
    return y, s * s, np.sum(y) * s, s * np.ones((2, 2))


@case(lambda: (0.7, np.float64(0.2), rand(3)), argnums=(0, 1, 2))
def numbers_of_many_kinds(a, b, x):
    return a * b, a * x, b * x[0], x * x, float(a)


@case(lambda: (np.zeros(0), rand(2)), argnums=(0, 1))
def no_elements(x, y):
    return np.concatenate([x * 2.0, y]), np.sum(x) * y, x.reshape(0, 3), y[:0], x.reshape(-1), np.sum(x)


@case(lambda: (np.zeros((0, 3)),))
def no_rows(x):
    return x.T @ x, np.sum(x, axis=0), x.ravel(), x.reshape(3, -1), np.concatenate([x, np.ones((2, 3))])


@case(lambda: (rand(1),))
def one_element(x):
    return x * np.ones(3), x[0] * x, np.sum(x)


@case(lambda: (rand(3), 5), modes="jacfwd")
def list_of_numbers(x, n):
    out = []
    y = x[0]
    for _ in range(n):
        y = y * x[1] + x[2]
        out.append(y)
    out[0] = out[0]
    return np.array(out) * sum(out)


@case(lambda: (rand(3), 0), modes="jacfwd")
def list_of_nothing(x, n):
    out = []
    for k in range(n):
        out.append(x[0] * k)
    return np.array(out), sum(out) * x


@case(lambda: (rand(2, 3), 3), modes="jacfwd")
def list_of_vectors(x, n):
    row = x[0].copy()
    rows = [row]
    for k in range(n):
        row = row * x[1]
        row[k] += 1.0
        rows.append(row)
    return np.stack(rows)


@case(lambda: (rand(6),))
def fourier(x):
    z = np.fft.rfft(x)
    return np.real(z) ** 2 + np.imag(z), np.fft.irfft(z * z)


@case(lambda: (rand(3, 3) + 2.0 * np.eye(3), rand(3), rand(3, 2)), argnums=(1, 2))
def solutions(a, b, c):
    return np.linalg.solve(a, b) ** 2, np.linalg.solve(a, c)


@case(lambda: (rand(4),))
def differences_and_paddings(x):
    return np.diff(x), np.cumsum(x * x), np.pad(x, 2), np.tile(x, 2), np.repeat(x, 3), np.diag(x), np.trace(np.diag(x))


@case(lambda: (rand(3), 8), modes="jacrev")
def as_often_as_it_takes(x, n):
    return np.resize(x * x, (n,))


@case(lambda: (rand(4),), modes="jacrev")
def sums_of_polynomials(x):
    return np.polyadd(x * x, x[:3]), np.polysub(x[1:3], x)


@case(lambda: (rand(2, 2),))
def an_argument_that_is_written(x):
    x[0] = x[1] * x[0, 1]
    x += 1.0
    return x, x[0] * 2.0


@case(lambda: (rand(3),))
def one_name_after_the_other(x):
    y = x.copy()
    z = y
    y[0] = z[1] * 2.0
    z[1:] += y[0]
    t = y[1]
    w = z[:2]
    w[1] = t * t
    return y


@case(lambda: (rand(4),))
def the_same_place_twice(x):
    y = np.zeros(3)
    np.add.at(y, np.array([0, 0, 2, 1]), x * x)
    y[np.array([1, 2])] *= x[:2]
    return y


# ---------------------------------------------------------------------------------------------- programs of users


@case(lambda: (rand(2), rand(2, seed=1)), argnums=(0, 1))
def runge_kutta(y, p):
    def slope(y):
        return np.array([p[0] * y[0] - y[0] * y[1], y[0] * y[1] - p[1] * y[1]])

    h = 0.1
    for _ in range(4):
        a = slope(y)
        b = slope(y + 0.5 * h * a)
        c = slope(y + h * b)
        y = y + h / 6.0 * (a + 4.0 * b + c)
    return y


@case(lambda: (rand(3),))
def robot_arm(q):
    frame = np.eye(3)
    for k in range(3):
        c, s = np.cos(q[k]), np.sin(q[k])
        frame = frame @ np.array([[c, -s, c], [s, c, s], [0.0, 0.0, 1.0]])
    return frame[:2, 2]


@case(lambda: (rand(5),))
def tridiagonal_system(d):
    n = len(d)
    c, y, x = np.zeros(n), np.zeros(n), np.zeros(n)
    c[0], y[0] = 0.1, d[0] / 2.0
    for i in range(1, n):
        m = 2.0 - 0.3 * c[i - 1]
        c[i] = 0.2 / m
        y[i] = (d[i] - 0.3 * y[i - 1]) / m
    x[-1] = y[-1]
    for i in range(n - 2, -1, -1):
        x[i] = y[i] - c[i] * x[i + 1]
    return x


@case(lambda: (rand(4, 4),))
def five_point_stencil(u):
    v = u.copy()
    v[1:-1, 1:-1] += 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1])
    return v


@case(lambda: (rand(3, 4),))
def self_attention(x):
    s = x @ x.T / 2.0
    a = np.exp(s - np.max(s, axis=-1, keepdims=True))
    a /= np.sum(a, axis=-1, keepdims=True)
    return a @ x


@case(lambda: ({"w": rand(4, 3), "b": rand(4)}, rand(3)), argnums=1)
def layer_with_parameters(params, x):
    return {"out": np.tanh(params["w"] @ x + params["b"]), "size": 4}


@pytest.mark.parametrize("optimize", [True, False], ids=["optimised", "plain"])
@pytest.mark.parametrize(("fun", "args", "argnums", "modes"), CASES, ids=[fun.__name__ for fun, _, _, _ in CASES])
def test_one_sweep_does(fun: Callable, args: Callable, argnums: Any, modes: str, optimize: bool) -> None:
    found = []
    for name, jac in (("jacfwd", jacfwd), ("jacrev", jacrev)):
        if modes not in ("both", name):
            continue
        for mode in ("at_once", "one_by_one"):
            with pytest.MonkeyPatch.context() as patch:
                known = jacobian.plans
                patch.setattr(jacobian, "plans", lambda p, asked, m=mode, k=known: chosen(k(p, asked), m))
                given = args()
                found.append(jac(fun, argnums=argnums, optimize=optimize)(*given))
                check_same(given, args(), f"{fun.__name__}: an argument was changed")
    for other in found[1:]:
        assert_same(other, found[0])
    if optimize:
        assert_same(found[0], by_differences(fun, args, argnums), 2e-3 if fun is single_precision else 1e-5)


def chosen(plans: list, mode: str) -> list:
    """The best plan, which must be one sweep, or those with many."""
    if mode == "at_once":
        assert plans[0][1].at_once
        return plans[:1]
    return [plan for plan in plans if not plan[1].at_once]


def assert_same(a: Any, b: Any, tolerance: float | None = None) -> None:
    (p, first), (q, second) = flatten(a), flatten(b)
    assert first == second
    for x, y in zip(p, q, strict=True):
        assert (x is None) == (y is None)
        if x is not None:
            assert np.shape(x) == np.shape(y)
            assert tolerance is not None or np.asarray(x).dtype == np.asarray(y).dtype
            loose = tolerance or (1e-6 if np.asarray(x).dtype == np.float32 else 1e-12)
            np.testing.assert_allclose(x, y, rtol=loose, atol=loose)


def by_differences(fun: Callable, args: Callable, argnums: Any, h: float = 1e-6) -> Any:
    """The Jacobian by central differences, in the structure that the public functions give it."""
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    leaves, structure = flatten(fun(*args()))
    parts = [[columns(fun, args, k, place, h) for k in numbers] for place in range(len(leaves))]
    return structure.unflatten(
        [
            None if isinstance(leaf, int) else tuple(p) if isinstance(argnums, tuple) else p[0]
            for leaf, p in zip(leaves, parts, strict=True)
        ]
    )


def columns(fun: Callable, args: Callable, k: int, place: int, h: float) -> np.ndarray:
    x = np.asarray(args()[k])
    h = h if x.dtype != np.float32 else 1e-2
    found = []
    for e in range(x.size):
        moved = []
        for sign in (1, -1):
            given = list(args())
            flat = np.array(given[k], dtype=x.dtype).ravel()
            flat[e] += sign * h
            given[k] = flat.reshape(x.shape) if isinstance(given[k], np.ndarray) else type(given[k])(flat[0])
            moved.append(np.asarray(flatten(fun(*given))[0][place], float))
        found.append((moved[0] - moved[1]) / (2 * h))
    shape = np.shape(flatten(fun(*args()))[0][place])
    return np.reshape(np.stack(found, axis=-1) if found else np.zeros((*shape, 0)), (*shape, *x.shape))


# ---------------------------------------------------------------------------------------------- how it reads


def test_it_reads_as_by_hand() -> None:
    def layer(w: np.ndarray, x: np.ndarray) -> np.ndarray:
        return w @ np.tanh(x)

    jac = jacfwd(layer, argnums=1)
    jac(rand(2, 3), rand(3))
    lines = [line.partition("#")[0].rstrip() for line in jac.source.splitlines()]
    assert lines[-3:] == [
        "    x_dot = np.eye(x.size)",
        "    tanh_x = np.tanh(x)",
        "    return ((1 - tanh_x * tanh_x) * x_dot @ w.T).T",
    ]


def test_what_has_no_batched_form_is_swept_one_by_one() -> None:
    def smoothed(x: np.ndarray) -> np.ndarray:
        y = np.convolve(x, np.array([0.25, 0.5, 0.25]), mode="same")
        return y * y

    x = signed(4)
    expected = by_differences(smoothed, lambda: (x.copy(),), 0)
    for jac in (jacfwd(smoothed), jacrev(smoothed)):
        assert np.allclose(jac(x), expected, atol=1e-6)
        assert "for k in range(" in jac.source


@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
@pytest.mark.parametrize("n", [0, 2])
def test_numbers_that_start_as_constants_have_tangents_in_their_dtype(dtype: type, n: int) -> None:
    def product(x: np.ndarray, n: int) -> Any:
        y = dtype(2.0)
        for k in range(n):
            y = y * x[k]
        return y

    def chosen_product(x: np.ndarray, n: int) -> Any:
        y = dtype(2.0)
        if n:
            y = y * x[0] * x[1]
        return y

    def chosen_array(x: np.ndarray, n: int) -> np.ndarray:
        y = np.ones(3, dtype)
        if n:
            y = dtype(2.0) * x[0] * x
        return y

    x = rand(3).astype(np.float32)
    for fun in (product, chosen_product):
        found = jacfwd(fun)(x, n)
        np.testing.assert_allclose(found, [2.0 * x[1], 2.0 * x[0], 0.0] if n else np.zeros(3), rtol=1e-6)
        assert found.dtype == dtype
    assert jacfwd(chosen_array)(x, n).dtype == dtype


def test_behind_the_loop_over_unit_vectors_the_value_is_asked_for_nothing() -> None:
    def smoothed(x: np.ndarray, n: int) -> np.ndarray:
        return np.convolve(x[0], np.ones(n))

    def smoothed_number(x: np.ndarray, n: int) -> float:
        return np.convolve(x[0], np.ones(n))[1] * x[1, 0]

    x = rand(2, 3)
    for fun in (smoothed, smoothed_number):
        with verified() as counts:
            jac = jacfwd(fun)
            assert np.allclose(jac(x, 2), by_differences(fun, lambda: (x.copy(), 2), 0), atol=1e-6)
        assert counts["simplify_algebra"] and "for k in range(" in jac.source
        # Of a number the shape is known: no column is looked at for it.
        assert ("out_columns[0]" in jac.source) is (fun is smoothed)


@pytest.mark.parametrize(("first", "second"), [(False, False), (False, True), (True, False), (True, True)])
def test_arrays_that_a_path_leaves_undefined(first: bool, second: bool) -> None:
    def chosen_rows(x: np.ndarray, first: bool, second: bool, n: int) -> np.ndarray:
        if first:
            y = np.ones(n)
        if second:
            y = x[0] * np.ones(n)
        if first or second:
            return y * x[1]
        return np.ones(n) * x[0]

    x = rand(3)
    expected = by_differences(chosen_rows, lambda: (x.copy(), first, second, 4), 0)
    for jac in (jacfwd(chosen_rows), jacrev(chosen_rows)):
        assert np.allclose(jac(x, first, second, 4), expected, atol=1e-6)


# ---------------------------------------------------------------------------------------------- the corpus

PROGRAMS = [p for p in all_programs() if p.supported]
ARRAYS = [p for p in PROGRAMS if p.output == "array"]
SCALARS = [p for p in PROGRAMS if p.output != "array"][::40]


def is_complex(program: Program) -> bool:
    return any(np.iscomplexobj(leaf) for leaf in flatten(program.args())[0] if isinstance(leaf, np.ndarray | complex))


@pytest.mark.parametrize("program", [*ARRAYS, *SCALARS], ids=lambda program: program.name)
def test_forward_is_reverse(program: Program) -> None:
    if is_complex(program) or not {"long list", "reverse mode alone"}.isdisjoint(program.tags):
        pytest.skip("no complex argument, custom_vjp or Jacobian for a long list in forward mode")
    forward = jacfwd(program.fun, argnums=program.argnums)(*program.args())
    backward = jacrev(program.fun, argnums=program.argnums)(*program.args())
    (p, first), (q, second) = flatten(forward), flatten(backward)
    assert first == second
    for x, y in zip(p, q, strict=True):
        assert (x is None) == (y is None)
        if x is not None:
            np.testing.assert_allclose(x, y, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("program", SCALARS[::3], ids=lambda program: program.name)
def test_hessians_are_symmetric(program: Program) -> None:
    if is_complex(program) or not isinstance(program.argnums, int):
        pytest.skip("one real argument is enough")
    x = program.args()[program.argnums]
    if not isinstance(x, np.ndarray):
        pytest.skip("an array has a matrix")
    try:
        found = hessian(program.fun, argnums=program.argnums)(*program.args())
    except NotImplementedError:
        pytest.skip("no second derivative")
    matrix = np.reshape(found, (x.size, x.size))
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-6, atol=1e-8)
