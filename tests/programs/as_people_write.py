# ruff: noqa (written as users write, not as linters like it)
"""What programs of users did that others in this corpus did not, one cause each."""

from __future__ import annotations

import functools
import math

import numpy as np

from . import program, rand, signed

SOME_BELOW = np.array([-1.5, 0.25, 0.8, -0.3])
DRAWS = np.array([[0.3, -1.2, 0.5, 0.9], [-2.0, 0.4, 1.1, -0.7], [0.2, 0.8, -1.4, 0.6]])

# Slopes that are infinite where nothing was selected


@program(lambda: (SOME_BELOW.copy(),), tags=("masked",))
def root_of_what_is_not_negative(v):
    return np.sum(np.sqrt(np.maximum(v, 0))) + np.sum(np.fmax(0.0, v) ** 0.7)


@program(lambda: (SOME_BELOW * 2.0,), tags=("masked",))
def angle_of_a_clipped_cosine(c):
    return np.sum(np.arccos(np.clip(c, -1, 1)) * np.arange(4))


@program(lambda: (SOME_BELOW.copy(),), tags=("masked",))
def root_of_one_number_at_a_time(v):
    total = 0.0
    for a in v:
        total += np.sqrt(np.maximum(a, 0.0)) + np.arcsin(np.minimum(0.5 * a + 0.7, 1.0))
    return total


@program(lambda: (SOME_BELOW.copy(),), tags=("masked",))
def root_of_a_product_with_a_mask(v):
    positive = v * (v > 0)
    return np.sum(positive**0.5)


@program(lambda: (SOME_BELOW.copy(),), tags=("masked",))
def root_of_what_was_set_to_zero(v):
    y = 2.0 * v
    np.maximum(y, 0, out=y)
    z = v.copy()
    z[z < 0] = 0.0
    return np.sum(np.sqrt(y)) + np.sum(np.sqrt(z))


@program(lambda: (SOME_BELOW.copy(), 0.2), tags=("masked", "if"))
def root_of_what_a_branch_has_rectified(v, shift):
    y = v * 2.0
    if shift > 0.0:
        y = np.maximum(y - shift, 0.0)
    return np.sum(np.sqrt(y))


@program(lambda: (SOME_BELOW.copy(), 2), tags=("masked", "loop"))
def root_of_what_a_loop_has_rectified(v, n):
    y = v * 1.0
    while n > 0:
        y = np.maximum(y - 0.1, 0.0)
        n -= 1
    return np.sum(y**0.5)


@program(lambda: (SOME_BELOW + 1.6, 2), tags=("masked", "loop"))
def roots_of_what_turns_before_have_rectified(v, n):
    total = 0.0
    y = v * 1.0
    for _ in range(n):
        total += np.sum(np.sqrt(y))
        y = np.maximum(y - 0.3, 0.0)
    return total


@program(lambda: (1.5, 0.04, 0.9, -0.6), argnums=(0, 1, 2, 3), tags=("masked", "loop"))
def variance_with_full_truncation(kappa, theta, xi, rho):
    v = np.full(4, 0.04)
    s = np.ones(4)
    for z in DRAWS:
        vp = np.maximum(v, 0)
        s *= np.exp(-0.5 * vp * 0.1 + np.sqrt(vp * 0.1) * z)
        v += kappa * (theta - vp) * 0.1 + xi * np.sqrt(vp * 0.1) * rho * z
    return np.mean(np.maximum(s - 0.9, 0.0))


# Text that depends on the run


@program(lambda: (signed(8, seed=3),), tags=("strings",))
def order_of_reversed_bits(x):
    n = len(x)
    levels = n.bit_length() - 1
    by_zfill = np.array([int(bin(k)[2:].zfill(levels)[::-1], 2) for k in range(n)])
    by_format = [int(f"{k:0{levels}b}"[::-1], base=2) for k in range(n)]
    return np.sum(x[by_zfill] ** 2 * np.arange(n)) + np.sum(x[by_format] ** 3)


@program(lambda: (signed(6, seed=3), 0.8), argnums=(0, 1), tags=("strings",))
def power_by_the_digits_of_a_count(x, s):
    p = 1.0
    for bit in map(int, bin(len(x))[2:]):
        p = p * p
        if bit:
            p *= s
    for k, c in enumerate(reversed(hex(len(x)))):
        p += x[k] * s if c == "6" else x[k] ** 2
    return p * bin(len(x)).count("1") + ord(chr(len(x)))


@program(lambda: (rand(7),), tags=("numbers",))
def counts_must_be_whole(x):
    windows = (len(x) - 3) / 2 + 1
    if not windows.is_integer():
        raise ValueError(f"{windows:.{2}f} windows")
    total = 0.0
    for k in range(int(windows)):
        total += np.prod(x[2 * k : 2 * k + 3])
    if float(x[0]).is_integer():
        total = 0.0
    return total


@program(lambda: (rand(3), 7), tags=("strings",))
def formats_within_formats(x, width):
    places = len(x)
    line = f"{x.sum():>{width}.{places}f}|{places!s:*^{width}}|{{}}"
    return np.sum(x**2) * len(line)


# Objects that are taken apart by their `__iter__`


class Colour:
    def __init__(self, r, g, b):
        self.r, self.g, self.b = r, g, b

    def __iter__(self):
        yield self.r
        yield self.g
        yield self.b


def reflected(depth, x):
    if depth == 0:
        return Colour(x[0], x[1], x[2])
    r, g, b = reflected(depth - 1, x)
    return Colour(0.5 * g, b * r, r + math.sin(b))


@program(lambda: (rand(3), 3), tags=("objects", "recursion"))
def colours_from_recursion(x, depth):
    r, g, b = reflected(depth, x)
    return r * g + b * b


# Tuples of unknown length in place of arrays


@program(lambda: (rand(2), rand(2, seed=1)), argnums=(0, 1), tags=("tuples",))
def states_written_as_starred_tuples(q, p):
    history = np.empty((3, 4))
    history[0] = *q, *p
    for k in range(2):
        q = q + 0.1 * p
        history[k + 1] = *q, *(0.9 * p)
    both = tuple(q) + tuple(p)
    return np.sum(history**2) + np.linalg.norm(both) * np.dot(tuple(v * v for v in q), p) + np.sum(p * tuple(q))


@program(lambda: (rand(3), rand(3, seed=1)), argnums=(0, 1), tags=("tuples",))
def rows_joined_as_a_tuple(a, b):
    rows = []
    for k in range(len(a)):
        rows.append(a * b[k])
    return np.sum(np.vstack(tuple(rows)) ** 2) + np.max(np.concatenate(tuple(rows)))


# What a recursive call returns is carried by a loop


def smoothed(u, f):
    for _ in range(2):
        u = u + 0.2 * (f - u)
    return u


def coarse_first(u, f):
    if len(f) <= 3:
        u = u.copy()
        u[1] = f[1] / 4
        return u
    e = coarse_first(np.zeros_like(f[::2]), f[::2])
    fine = np.zeros_like(f)
    fine[::2] = e
    u = u + fine * e[0]
    return smoothed(u, f)


@program(lambda: (rand(9),), tags=("recursion", "loop"))
def smoothed_after_recursion(f):
    u = np.zeros_like(f)
    for _ in range(2):
        u = coarse_first(u, f)
    return np.sum(u**2)


def folded(x, n):
    if n == 0:
        return x[0]
    e = folded(x * 0.5, n - 1)
    for k in range(3):
        if e > 0.9:
            break
        e += x[k]
    else:
        e = e * x[1]
    return e


@program(lambda: (rand(3), 3), tags=("recursion", "loop"))
def loop_ends_by_what_recursion_gave(x, n):
    return folded(x, n)


# `zip(*rows)` of tuples whose parts are of several kinds


@program(lambda: (0.7, 12), tags=("zip",))
def log_of_a_control_loop(k, n):
    y, log = 0.0, []
    for i in range(n):
        u = min(1.0, k * (1 - y))
        y += 0.1 * (u - y)
        log.append((i * 0.1, y, u))
    t, ys, us = zip(*log)
    return sum(a * abs(1 - b) for a, b in zip(t, ys)) + max(us) + np.array(ys).std() + ys[-1] * len(t)


@program(lambda: (rand(3),), tags=("zip",))
def history_of_arrays_numbers_and_counts(x):
    history = []
    for i in range(len(x)):
        history.append((x * i, x[i], i))
    xs, vs, counts = zip(*history)
    pairs = sorted(zip(x, range(len(x))), key=lambda p: p[0])
    values, order = map(list, zip(*pairs))
    return np.sum(np.stack(xs) * np.array(xs)) + sum(v * i for v, i in zip(vs, counts)) + values[order[0]] ** 2


@program(lambda: (rand(5), -1), tags=("zip",))
def nothing_to_be_zipped(x, n):
    rows = []
    for k in range(n):
        rows.append((x[k], k))
    total = np.sum(x)
    for column in zip(*rows):
        total += sum(column)
    try:
        a, b = zip(*rows)
    except ValueError:
        total = total * 2.0
    return total


# Functions that count their calls


def counted(fun):
    @functools.wraps(fun)
    def inner(*args):
        inner.calls += 1
        inner.last = args
        return fun(*args)

    inner.calls = 0
    return inner


@counted
def bent(v, s):
    return v * v + math.sin(s * v)


@program(lambda: (rand(4), 0.7), argnums=(0, 1), tags=("outside", "decorators"))
def calls_are_counted_by_an_attribute(x, s):
    before = bent.calls
    total = sum(bent(v, s) * bent.last[0] for v in x)
    return total / (bent.calls - before)


# The step of a grid


@program(lambda: (rand(5), 0.7), argnums=(0, 1), tags=("grids",))
def grid_with_its_step(u, length):
    x, dx = np.linspace(0, length, len(u), retstep=True)
    y, dy = np.linspace(0.0, 1.0, 5, endpoint=False, retstep=True)
    return np.sum(np.diff(u) ** 2) / dx + np.sum(x * u) + dy * y[1] * length


# What compiled code lacked: each is compiled


@program(lambda: (rand(5),), tags=("compiled",))
def copies_until_all_are_close(u):
    v = np.array(u)
    v[0] = 2 * v[1]
    w, z = map(np.array, (u, v))
    w *= z
    for _ in range(20):
        new = 0.5 * (z + u / z)
        if np.allclose(new, z, rtol=1e-10):
            break
        z = new
    assert not np.array_equal(u, z)
    return np.sum(v * u * w) + np.sum(z) + np.array(w, dtype=float)[1]


@program(lambda: (0.5, rand(3), rand(3, seed=1)), argnums=(0, 1, 2), tags=("compiled",))
def tables_of_several_kinds(f, a, b):
    lens = np.array([[1, 0], [-1 / f, 1]])
    rows = np.array([a, 2 * b, [f, 1, 0.0]])
    nested = np.asarray([[a, b], [b, a * b]])
    return np.sum((lens @ lens)[1]) * rows[1, 2] + np.sum(rows @ rows) + np.sum(nested[1] * nested[0])


@program(lambda: (rand(2, 2), rand(2, 2, seed=1)), argnums=(0, 1), tags=("compiled",))
def matrix_of_blocks(a, b):
    k = np.block([[a, -b], [b.T, a]])
    t = np.matmul(k, np.block([[a @ b], [b]]))
    return np.sum(t**2) + k[0, 3]


@program(lambda: (rand(4, 3),), tags=("compiled",))
def margins_of_a_grid(u):
    p = np.pad(u, 1, mode="edge")
    q = np.pad(u, ((1, 2), (0, 0)), mode="wrap")
    return np.sum((p[2:, 1:-1] - p[:-2, 1:-1]) ** 2) + np.sum(q[1:] * q[:-1] ** 2)


@program(lambda: (rand(6), 0.33), argnums=(0, 1), tags=("compiled",))
def extremes_and_a_table_at_a_number(v, at):
    knots = np.linspace(0, 1, 6)
    return np.interp(at, knots, v) * max(v) - min(v) + np.interp(v, knots, knots**2).sum()


@program(lambda: (rand(3, 3), rand(3, 3, seed=1)), argnums=(0, 1), tags=("compiled",))
def einsum_that_leaves_a_number(a, b):
    return np.einsum("ij,ij->", a, b) * np.einsum("ij,ji->", a, b) + np.einsum("ii", a)


@program(lambda: (rand(7),), tags=("compiled",))
def whole_numbers_of_windows(x):
    windows = (len(x) - 3) / 2 + 1
    assert windows.is_integer()
    total = 0.0
    for k in range(int(windows)):
        total += np.sum(x[2 * k : 2 * k + 3] ** 2)
    return total * len(x).bit_length()
