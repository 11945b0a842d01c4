"""Programs that write through NumPy's functions, and programs that loop with `itertools`."""

from __future__ import annotations

import functools
import itertools
import operator

import numpy as np

from programs import program, rand


@program(lambda: (rand(5),), tags=("out",))
def out_of_a_ufunc(x):
    y = np.zeros(5)
    np.multiply(x, x, out=y)
    y[0] *= 3
    return np.sum(y * x)


@program(lambda: (rand(5),), tags=("out",))
def positional_out(x):
    np.add(x, x[::-1], x)
    return np.sum(x**2)


@program(lambda: (rand(5),), tags=("out", "masks"))
def out_where(x):
    np.sin(x, out=x, where=x > 0.6)
    return np.sum(x**2)


@program(lambda: (rand(3, 2),), tags=("out",))
def out_of_a_reduction(m):
    r = np.empty(2)
    total = np.sum(m, axis=0, out=r)
    total[0] *= 2
    return r[0] * r[1]


@program(lambda: (rand(5),), tags=("writes",))
def put_values(x):
    np.put(x, [0, 2], [x[1], 3.0])
    return np.sum(x**2)


@program(lambda: (rand(3, 2),), tags=("writes",))
def put_in_a_matrix(m):
    np.put(m, [0, -1], m[1, 0])
    return np.sum(m**3)


@program(lambda: (rand(5),), tags=("writes",))
def put_begins_again(x):
    np.put(x, [0, 2, 3], [x[1], x[4]])
    return np.sum(x**2)


@program(lambda: (rand(3, 2),), tags=("writes",))
def filled_diagonal(m):
    np.fill_diagonal(m, m[2, 0])
    return np.sum(m**2)


@program(lambda: (rand(3, 2),), tags=("writes",))
def flat_elements(m):
    m.flat[0] = m[1, 1]
    m.flat[-1] *= m[0, 1]
    m.flat[1::3] += 2 * m[2, 0]
    part = m.flat[:2]
    part[0] = 5.0
    return np.sum(m**2) + m.flat[3] * part[1]


@program(lambda: (rand(3, 2),), tags=("loops",))
def loop_over_flat(m):
    return sum(v * v for v in m.flat)


@program(lambda: (rand(5), rand(5, seed=1)), argnums=(0, 1), tags=("masks",))
def putmask_and_copyto(x, y):
    np.putmask(x, x > 0.6, y * y)
    np.copyto(y, x * 2, where=y < 0.7)
    np.subtract.at(y, [0, 0, 3], x[:3])
    return np.sum(x * y)


@program(lambda: (rand(4),), tags=("lists",))
def list_sorted_in_place(x):
    v = [x[0], x[3], x[2]]
    v.sort(reverse=True)
    return v[0] * 1 + v[1] * 2 + v[2] * 3 + sorted(x, reverse=True)[0]


@program(lambda: (rand(5),), tags=("itertools",))
def pairs_of_neighbours(x):
    return sum(a * b for a, b in itertools.pairwise(x))


@program(lambda: (rand(5),), tags=("itertools",))
def running_totals(x):
    last = list(itertools.accumulate(x, operator.mul))[-1]
    return sum(itertools.accumulate(x)) + last + list(itertools.accumulate(x, initial=x[0] * 2))[3]


@program(lambda: (rand(5),), tags=("itertools",))
def product_of_ranges(x):
    s = 0.0
    for i, j in itertools.product(range(len(x)), range(3)):
        s += x[i] * x[j] * (i + 2 * j)
    for a, b in itertools.product(x, x[:2]):
        s += a * np.sin(b)
    return s


@program(lambda: (rand(5),), tags=("itertools",))
def chained_iterables(x):
    return sum(q * q for q in itertools.chain(x, x[::-1], [x[0], 2.0])) + sum(itertools.islice(x, 1, 4))


@program(lambda: (rand(3),), tags=("itertools",))
def combinations_of_items(x):
    return sum(a * b for a, b in itertools.combinations([x[0], x[1], x[2]], 2))


@program(lambda: (rand(5),), tags=("itertools",))
def reduced_without_a_start(x):
    return functools.reduce(lambda p, q: p * 0.5 + q * p, x)


@program(lambda: (rand(5),), tags=("itertools", "lists"))
def starmap_and_repeat(x):
    scaled = itertools.starmap(lambda a, b: a * b, zip(x, x[::-1], strict=True))
    return sum(scaled) + sum(v * x[0] for v in itertools.repeat(x[1], 3))


@program(lambda: (rand(4), 0.7), (0, 1), tags=("max", "empty"))
def extremes_of_nothing(x, s):
    above = max(x[x > 9.0], default=s)
    below = min([v for v in x if v < 0.0], default=s * s)
    return (above + below) * max(x[1:], default=0.0)


@program(lambda: (rand(2, 3), rand(3, seed=1)), (0, 1), tags=("masks", "names"))
def masks_that_are_joined(m, y):
    inside = np.where((m > 0.4) & (m < 0.9), m * y, m)
    for _ in range(2):
        inside = inside * np.where((m > 0.6) | (y > 0.8), inside, y)
    return np.sum(inside)


@program(lambda: (rand(4),), tags=("kinds", "loop"))
def total_that_becomes_an_array(x):
    total = 0
    for v in x:
        total = total + v * v
    squares = sum(v * v for v in x)
    return np.atleast_1d(total)[0] * np.asarray(squares)[()] + np.ravel(total)[0]


@program(lambda: (rand(4), 2), tags=("text",))
def text_of_numbers_is_changed_and_read(x, n):
    table, report = {"0_5": 3.0}, ""
    for v in x:
        report += f"{v:.1f}".rjust(6).replace(".", "_")
    key = report.strip().split("_")[0] if n > 5 else f"{n / 4:.1f}".replace(".", "_")
    scale = table[key] if report.upper().count("_") == 4 and report.endswith(report[-1]) else 1.0
    return scale * x[0] * len(report.title()) + x[1] * f"{n}".zfill(3).find("2")


@program(lambda: (rand(3), rand(3, 2, seed=1), 0.7, 2), argnums=(0, 1, 2), tags=("r_", "c_"))
def joined_between_brackets(x, m, s, n):
    y = np.r_[x[0], x, x[-1]]
    for _ in range(n):
        y = np.r_[y[1], 0.5 * (y[2:] + y[:-2]), y[-2]]
    columns = np.c_[x, m, np.ones(3)]
    rows = np.r_[m, np.zeros((1, 2)), [[s, 1.0]]]
    mixed = np.r_[0:3, -1:1:4j, x, [s, 2]]
    same = np.r_[x]
    same[0] = 5.0
    ends = np.c_[s, 2.0]
    return y @ y + np.sum(columns**3) + np.sum(rows**2) + mixed @ np.arange(12) + same @ x + np.sum(ends) * ends[0, 0]


@program(lambda: (rand(4), 3), tags=("max", "key"))
def places_of_extremes(x, n):
    items, table = [v * v for v in x], {"a": x[0], "b": x[1]}
    grown = [x[0]]
    for i in range(n):
        grown.append(grown[-1] * 0.5 + x[i])
    k = max(range(len(grown)), key=grown.__getitem__)
    first = min(range(len(items)), key=items.__getitem__)
    return grown[k] * items[first] * table[max(table, key=table.get)] * grown.__len__()


@program(lambda: (rand(5), rand(2)))
def differences_with_ends(x, y):
    steps = np.diff(x, prepend=y, append=x[0] * y[1])
    return np.sum(steps**3) + np.sum(np.diff(x, n=2, append=y[:1]) ** 2)


@program(lambda: (rand(4),))
def filled_like_an_argument(x):
    weights = np.full_like(x, 2.0)
    weights[1] = x[2]
    return np.sum(np.full_like(x, x[0]) * x**2) + np.sum(weights * x) + np.sum(np.full_like(x * x, fill_value=x[3]))


_NOT_GIVEN = object()


def _scaled(x, factor=_NOT_GIVEN):
    if factor is _NOT_GIVEN:
        return x
    return (x, factor * x)[1]


@program(lambda: (rand(4),))
def marker_for_what_is_not_given(x):
    return np.sum(_scaled(x) * _scaled(x, x[1])) + np.sum(_scaled(x, factor=2.0) ** 2)
