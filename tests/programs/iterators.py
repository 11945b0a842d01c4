"""Programs with iterators and functions of `itertools`, `functools` and `operator`."""

from __future__ import annotations

import functools
import itertools
import operator

import numpy as np

from programs import program, rand


@program(lambda: (rand(6),))
def operator_module(x):
    s = functools.reduce(operator.mul, x, 1.0)
    getter = operator.itemgetter(1, 3)
    a, b = getter(x)
    c = operator.itemgetter("k")({"k": x[2]})
    d = operator.methodcaller("sum")(x)
    return s + a * b + c * d + operator.add(x[0], x[1]) + operator.truediv(x[4], x[5])


second_and_fourth = operator.itemgetter(1, 3)
without_first = operator.itemgetter(slice(1, None))
corner = operator.itemgetter((0, 1))
transposed = operator.attrgetter("T")
sum_of_columns = operator.methodcaller("sum", axis=0)
first_of = operator.itemgetter(np.int64(0))
first_column = operator.itemgetter((slice(None, np.int64(4)), 0))


@program(lambda: (rand(6),))
def operators_made_outside(x):
    a, b = second_and_fourth(x)
    m = np.outer(x, without_first(x) ** 2)
    pairs = sorted([(x[4] + 2.0, x[0]), (x[1], x[2])], key=first_of)
    a = a + np.sum(first_column(m))
    return a * b * corner(m) + np.sum(sum_of_columns(transposed(m)) * x) + pairs[0][1] * sum(map(first_of, [x, 2 * x]))


@program(lambda: (rand(3, 3),))
def operator_getitem(x):
    s = operator.getitem(x, (0, 1)) * np.sum(operator.getitem(x, (slice(None), 2)))
    t = functools.reduce(operator.getitem, ("a", 1), {"a": [x[0, 0], x[1, 1] ** 2]})
    return s + t + sum(map(operator.getitem, x, (0, 1, 1))) + np.sum(operator.getitem(x, [2, 2]) ** 2)


@program(lambda: (rand(6),))
def accumulate_funcs(x):
    a = list(itertools.accumulate(x, lambda s, v: 0.9 * s + v, initial=1.0))
    b = list(itertools.accumulate([x[0], x[1], x[2]], operator.mul))
    c = list(itertools.accumulate(x, max))
    return a[-1] * b[-1] + c[-1] + sum(a)


@program(lambda: (rand(6),))
def cycle_islice(x):
    s = 0.0
    for w, v in zip(itertools.cycle([1.0, -2.0, 3.0]), x):
        s += w * v**2
    for w in itertools.islice(itertools.cycle([x[0], x[1]]), 5):
        s *= w
    return s


@program(lambda: (rand(6),))
def repeat_count(x):
    s = 0.0
    for k, v in zip(itertools.count(1), x):
        s += k * v
    for a, b in zip(itertools.repeat(2.0), x):
        s += a * b**2
    return s + sum(map(operator.mul, x, itertools.count(1, 2)))


@program(lambda: (rand(6),))
def with_tee(x):
    a, b = itertools.tee(x)
    next(b)
    return sum(p * q for p, q in zip(a, b, strict=False))


@program(lambda: (rand(6),))
def zip_longest(x):
    return sum(a * b for a, b in itertools.zip_longest(x, [1.0, 2.0], fillvalue=0.5))
