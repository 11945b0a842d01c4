# ruff: noqa: B007, B020, E501, B905, UP028 (written as users write, not as linters like it)
"""Generators where it is easy to go wrong: shared state, shared names, one buffer yielded many times, exits of many loops."""

from __future__ import annotations

import functools

import numpy as np

from . import program, rand


def sums(v):
    total = 0.0
    for w in v:
        total = total + w
        yield total


def multiples(x, n):
    while n > 0:
        yield (x * n)
        n -= 1


def two(x):
    yield 1
    yield x[0]
    yield (x[1] * 2)


def bufs(x):
    b = x.copy()
    for k in range(3):
        b *= 1.5
        yield b


def pairs(x):
    yield (x[0], (x[1], x[2]))
    yield (x[1], (x[2], x[0]))


def mixed(x):
    yield (x[0], x[1])
    yield (x[0], x[1], x[2])


def with_default(x, scale=2.0, *more, k=3):
    for m in more:
        yield m
    for j in range(k):
        yield (x[j % 3] * scale)


def total_of(it):
    s = 0.0
    for v in it:
        s = s * 0.5 + v
    return s


def infinite_pair(x):
    a, b = (x[0], x[1])
    while True:
        yield a
        a, b = (b, a * 0.5 + b * 0.3)


def fact(gen, *args):
    return gen(*args)


def rec(it, n):
    if n == 0:
        return sum(it)
    return rec(it, n - 1)


def depth(x, n):
    if n == 0:
        return x
    s = 0.0
    for v in multiples(x, 2):
        s += depth(v * 0.5, n - 1)
    return s


class Tree:
    def __init__(self, v, left=None, right=None):
        self.v, self.left, self.right = (v, left, right)

    def __iter__(self):
        if self.left is not None:
            yield from self.left
        yield self.v
        if self.right is not None:
            yield from self.right


class It:
    def __init__(self, x):
        self.x, self.k = (x, 0)

    def __iter__(self):
        return self

    def __next__(self):
        if self.k > 1:
            raise StopIteration
        self.k += 1
        return self.x[self.k]


def result(x):
    yield x[0]
    return x[1]


def uses_result(x):
    r = yield from result(x)
    yield r


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def helper_takes_a_generator(x):
    return total_of(sums(x)) * total_of(multiples(x[0], 3))


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def yields_of_two_kinds(x):
    s = 0
    for v in two(x):
        s = s * x[2] + v
    return s


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def list_of_one_buffer(x):
    kept = list(bufs(x))
    return kept[0][0] * kept[2][1] + sum(b[2] for b in bufs(x))


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def yields_of_two_lengths(x):
    s = 0.0
    for t in mixed(x):
        s += t[-1] * len(t)
    return s


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def generator_defaults(x):
    return sum(with_default(x)) + sum(with_default(x, x[1], x[2], 1.0, k=2))


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def generators_in_a_list(x):
    s = 1.0
    for g in [sums(x), multiples(x[0], 2)]:
        for v in g:
            s = s * 0.5 + v
    return s


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def generator_functions_as_arguments(x):
    return sum(fact(sums, x)) * sum(functools.partial(multiples, n=2)(x[0]))


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def state_that_swaps(x):
    s = 0.0
    for k, v in zip(range(6), infinite_pair(x)):
        s += v * (k + 1)
    return s


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def generators_in_recursion(x):
    return depth(x[0], 3) * x[1]


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def tree_that_yields_from_its_sides(x):
    t = Tree(x[0], Tree(x[1]), Tree(x[2], None, Tree(x[0] * x[1])))
    s = 1.0
    for v in t:
        s = s * 0.7 + v
    return s


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def generator_sees_what_its_consumer_changes(x):
    c = x[0]

    def g():
        for k in range(3):
            yield (c * x[k])

    s = 0.0
    for v in g():
        s += v
        c = c * 0.5 + v
    return s


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def generator_reads_the_target_of_its_loop(x):
    v = x[0]

    def g():
        for k in range(3):
            yield (v * x[k])

    for v in g():
        pass
    return v


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def one_target_of_two_generator_loops(x):
    s = 0.0
    for v in sums(x):
        for v in multiples(v, 2):
            s += v
        s *= v
    return s


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def generators_in_a_while(x):
    k, s = (0, 0.0)
    while s < 5.0 and k < 5:
        for v in sums(x):
            s += v
            if s > 4.0:
                break
        else:
            k += 1
            continue
        k += 2
    return s * k


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def break_in_the_else_of_a_generator_loop(x):
    s = 0.0
    for i in range(4):
        for v in sums(x):
            s += v
            if s > 100:
                break
        else:
            if s > 3:
                break
            s += 0.1
    return s + i


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def functions_made_in_a_generator_loop(x):
    fs = []
    for v in two(x):
        fs.append(lambda t, v=v: t * v)
    s = x[2]
    for f in fs:
        s = f(s) + 1
    return s


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def any_in_a_generator(x):

    def g():
        for v in x:
            if any(w > 0.9 for w in multiples(v, 2)):
                yield v

    return sum(g()) + x[0]


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def zip_with_a_generator_in_the_middle(x):
    s = 0.0
    for a, b, c in zip(x, sums(x), x[1:]):
        s += a * b * c
    return s


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def generator_counts_by_nonlocal(x):
    n = 0

    def g():
        nonlocal n
        for v in x:
            n += 1
            if n > 2:
                return
            yield v

    return sum(g()) * n


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def generators_four_deep(x):
    g = sums(sums(sums(sums(x))))
    return sum(v * v for v in g)


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def stars_of_generators_of_unknown_length(x):
    a, *b = sums(x)
    return np.sum(np.array([*sums(x), a])) + b[-1] + max(*two(x))


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def rows_changed_in_a_generator(x):
    m = np.outer(x, x)

    def rows():
        for r in m:
            r += 1.0
            yield (r * 2)

    return sum(np.sum(r) for r in rows()) + np.sum(m)


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def generator_of_generators(x):

    def outer():
        for k in range(2):
            yield multiples(x[k], 2)

    s = 0.0
    for g in outer():
        for v in g:
            s = s * 0.5 + v
    return s


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def match_in_a_generator(x):

    def g(mode):
        match mode:
            case "a":
                yield from x
            case "b":
                yield x[0]
                yield x[1]

    return sum(g("a")) * sum(g("b"))


@program(lambda: (rand(3, seed=4),), tags=("generator",), supported=False)
def generator_goes_to_a_recursive_function(x):
    return rec(sums(x), 2)


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def iterator_of_a_class(x):
    return sum(It(x))


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def result_of_yield_from(x):
    return sum(uses_result(x))


@program(lambda: (rand(3, seed=4),), tags=("generator",), supported=False)
def generator_chosen_by_a_branch(x):
    it = sums(x) if x[0] > 0.5 else multiples(x[1], 2)
    return sum(it)


@program(lambda: (rand(3, seed=4),), tags=("generator",))
def membership_in_a_generator(x):
    return x[0] * (1 if 2.0 in multiples(1.0, 3) else 2)
