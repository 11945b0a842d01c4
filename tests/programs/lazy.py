# ruff: noqa: B905, RUF007 (written as users write, not as linters like it)
"""Generator expressions and iterators of the library: what is asked for late sees what was written before."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np

from programs import program

X = np.array([0.7, 1.3, 0.4, 1.1])
M = np.array([[0.7, 1.3, 0.4], [1.1, 0.2, 0.9]])


@program(lambda: (X.copy(),), tags=("lazy",))
def a_generator_expression_reads_late(x):
    y = x * 1.0
    g = (v for v in y)
    y[1] = 10 * x[0]
    return sum(g)


@program(lambda: (X.copy(),), tags=("lazy",))
def a_generator_expression_sees_rebound_names(x):
    y = x * 1.0
    t = 2.0
    g = (v * t for v in y)
    t = x[3]
    return sum(g)


@program(lambda: (X.copy(),), tags=("lazy",))
def a_generator_expression_asked_in_turns(x):
    y = [v for v in x]
    g = (v * v for v in y)
    a = next(g)
    y[1] = a * x[2]
    b = next(g)
    return a * b + sum(g)


@program(lambda: (X.copy(),), tags=("lazy",))
def numbered_items_of_a_generator_expression(x):
    s = 0.0
    y = x * 1.0
    for k, v in enumerate(v * v for v in y):
        s += k * v
        y[2] = s
    return s


@program(lambda: (X.copy(),), tags=("lazy",))
def two_generator_expressions_in_step(x):
    y = x * 1.0
    s = 0.0
    for a, b in zip((v * v for v in y), (v + 1 for v in y)):
        s += a * b
        y[3] = s
    return s


@program(lambda: (X.copy(),), tags=("lazy",))
def any_stops_before_it_divides_by_zero(x):
    return 1.0 * x[0] * any(1 / (v - 0.4) > 0.5 for v in x)


@program(lambda: (X.copy(),), tags=("lazy",))
def any_calls_no_more_than_it_needs(x):
    y = [0.0]

    def f(v):
        y[0] += v
        return v > 1

    r = any(f(v) for v in x)
    return y[0] * 2 + r


@program(lambda: (X.copy(),), tags=("lazy",))
def all_of_a_map_calls_no_more_than_it_needs(x):
    y = [0.0]

    def f(v):
        y[0] += v
        return v < 1

    r = all(map(f, x))
    return y[0] * 2 + r


@program(lambda: (X.copy(),), tags=("lazy",))
def conditions_in_a_generator_expression(x):
    g = (v * w for v in x for w in x if w > v)
    return max(g) * math.prod(v for v in x) + sum(sorted(v * v for v in x)[:2])


@program(lambda: (X.copy(),), tags=("lazy",))
def generator_expressions_given_to_a_function(x):

    def total(it):
        s = 0.0
        for v in it:
            s = s * 0.5 + v
        return s

    return total(v * v for v in x) + total(itertools.chain((v for v in x), (v * 2 for v in x)))


@program(lambda: (X.copy(),), tags=("lazy",))
def a_generator_expression_is_unpacked(x):
    a, b, c, d = (v * v for v in x)
    return a * b + c * d


@program(lambda: (X.copy(),), tags=("lazy",))
def reduce_over_a_generator_expression(x):
    g = (v for v in x if v > 0.5)
    return functools.reduce(lambda p, q: p * q + 1, g)


@program(lambda: (X.copy(),), tags=("lazy",))
def generator_expressions_in_a_list(x):
    gs = []
    for k in range(3):
        gs.append(v * k for v in x)
    return sum(sum(g) for g in gs)


@program(lambda: (X.copy(),), tags=("lazy",))
def next_of_a_generator_expression(x):
    best = next((v for v in x if v > 1.0), 0.0)
    return best * x[0]


@program(lambda: (X.copy(),), tags=("lazy",))
def next_of_a_filtered_range(x):
    f = (i for i in range(10) if x[i % 4] > 1)
    return x[next(f)] * x[next(f) % 4]


@program(lambda: (X.copy(),), tags=("lazy",))
def is_in_a_generator_expression(x):
    return (x[0] * 2 in (v * 2 for v in x)) * x[1] + x[2]


def squares_of_leaves(t):
    if isinstance(t, list):
        yield from (u for s in t for u in squares_of_leaves(s))
    else:
        yield (t * t)


@program(lambda: (X.copy(),), tags=("lazy",))
def a_generator_that_calls_itself_in_an_expression(x):
    return sum(squares_of_leaves([x[0], [x[1], [x[2]]], x[3]]))


@program(lambda: (X.copy(),), tags=("lazy",))
def generator_expressions_of_generator_expressions(x):
    m = [[x[0], x[1]], [x[2], x[3]]]
    g = ((r[0] * c for c in r) for r in m)
    s = 0.0
    for row in g:
        for v in row:
            s = s * 0.3 + v
    return s


@program(lambda: (X.copy(),), tags=("lazy",))
def collected_by_methods(x):
    d = dict(((k, v * v) for k, v in enumerate(x)))
    found = [1.0]
    found.extend(v for v in x)
    found += (v * v for v in x)
    return d[2] + sum(found) + len(", ".join(str(k) for k in range(3))) * x[0]


@program(lambda: (X.copy(),), tags=("lazy",))
def next_with_a_default_until_none_is_left(x):
    g = (v * v for v in x)
    s = 0.0
    while True:
        v = next(g, None)
        if v is None:
            break
        s = s * 0.5 + v
    return s


@program(lambda: (X.copy(),), tags=("lazy",))
def displays_of_generator_expressions(x):
    h = tuple(v * v for v in x)
    p = [*(v for v in x)]
    return h[0] + h[2] + p[1] + np.sum(np.array([*(v * v for v in x)]))


@program(lambda: (X.copy(),), tags=("lazy",))
def generator_expressions_in_one_another(x):
    return (
        sum(map(lambda v: v * v, (v for v in x)))
        + sum((a * b for a, b in zip(x, (v for v in x))))
        + sum(v for v in (w * w for w in x) if v > 0.5)
    )


@program(lambda: (X.copy(),), tags=("lazy",))
def two_generator_expressions_take_turns(x):
    g = (v for v in x)
    h = (w * w for w in g)
    return next(g) * sum(h)


@program(lambda: (X.copy(),), tags=("lazy",))
def a_generator_expression_made_in_each_turn(x):
    acc = 0.0
    n = int(np.sum(x > 0.5))
    for i in range(n):
        g = (x[j] * i for j in range(i + 1))
        acc += sum(g)
    return acc


@program(lambda: (X.copy(),), tags=("lazy",))
def running_sums(x):
    s = 0.0
    for t in itertools.accumulate(x):
        s += t * t
    return s


@program(lambda: (X.copy(),), tags=("lazy",))
def running_products_read_late(x):
    y = x * 1.0
    it = itertools.accumulate(y, lambda p, q: p * q + 0.5)
    y[2] = x[0]
    return sum(it) + sum(itertools.accumulate(x, initial=2.0))


@program(lambda: (X.copy(),), tags=("lazy",))
def a_chain_reads_late(x):
    y = x * 1.0
    z = [v for v in x]
    it = itertools.chain(y, z)
    y[0] = x[3] * 2
    z[1] = x[2] ** 2
    s = 0.0
    for v in it:
        s = s * 0.7 + v
    return s


@program(lambda: (X.copy(),), tags=("lazy",))
def slices_of_iterators_read_late(x):
    y = x * 1.0
    it = itertools.islice(y, 1, None, 2)
    y[3] = x[0] ** 2
    return sum(it) * next(itertools.islice(x, 2, 3))


@program(lambda: (X.copy(),), tags=("lazy",))
def the_longest_zip_reads_late(x):
    y = x * 1.0
    s = 0.0
    for a, b in itertools.zip_longest(y, [v * v for v in x[:2]], fillvalue=0.5):
        s += a * b
        y[3] = s
    return s


@program(lambda: (X.copy(),), tags=("lazy",))
def a_product_keeps_what_it_is_given(x):
    y = x * 1.0
    p = itertools.product(y, [v for v in x])
    y[0] = 5 * x[1]
    s = 0.0
    for a, b in p:
        s = s * 0.9 + a * b * b
    return s


@program(lambda: (X.copy(),), tags=("lazy",))
def filters_read_late(x):
    y = x * 1.0
    f = filter(lambda v: v > 0.6, y)
    y[2] = 3 * x[0]
    a = next(f)
    return a * sum(f) + sum(filter(None, [v for v in x])) + sum(itertools.filterfalse(lambda v: v > 1, x))


@program(lambda: (X.copy(),), tags=("lazy",))
def iterators_in_loops_with_others(x):
    s = 0.0
    for a, b in itertools.pairwise(v * v for v in x):
        s += a * b * b
    for a, b in zip(x, itertools.cycle([x[0], 2.0])):
        s += a * b
    for a, b in zip(x, itertools.accumulate(x)):
        s += a * b
    for i, v in enumerate(itertools.chain(x, [x[1], x[2]])):
        s += i * v
    return s


@program(lambda: (X.copy(),), tags=("lazy",))
def while_and_until(x):
    s = 0.0
    for v in itertools.takewhile(lambda v: v < 1.2, x):
        s += v * v
    for v in itertools.dropwhile(lambda v: v < 1.2, x):
        s += v**3
    n = int(np.sum(x > 0.5))
    for v in itertools.islice(x, n):
        s += v * s
    for v in itertools.islice([w * w for w in x], 1, n):
        s += v * s
    return s


@program(lambda: (X.copy(),), tags=("lazy",))
def weights_and_biases_in_one_chain(x):
    W = [np.outer(x, x), np.outer(x, x**2)]
    B = [x, x * 2]
    h = x
    for w, b in zip(W, itertools.chain([B[0]], [B[1]])):
        h = np.tanh(w @ h + b)
    s = 0.0
    for p in itertools.chain(W, B):
        s += np.sum(p**2)
    return s + np.sum(h)


@program(lambda: (X.copy(),), tags=("lazy",))
def running_sums_of_arrays(x):
    n = int(np.sum(x > 0.0))
    W = [x * k for k in range(n)]
    B = [x**2 for k in range(n - 1)]
    s = 0.0
    for p in itertools.chain(W, B):
        s += np.sum(p**2) * p[0]
    t = list(itertools.accumulate(W, lambda a, b: a + b * 2))
    return s + np.sum(t[-1])


@program(lambda: (X.copy(),), tags=("lazy",))
def built_in_iterators_read_late(x):
    y = x * 1.0
    e = enumerate(y)
    z = zip(y, y[1:])
    r = reversed(y)
    m = map(lambda v: v * v, y)
    y[1] = x[0] * 3
    return sum((i * v for i, v in e)) + sum((a * b for a, b in z)) + next(r) * sum(r) + sum(m)


@program(lambda: (X.copy(),), tags=("lazy",))
def an_iterator_over_a_list_that_grows(x):
    found = [v for v in x if v > 0.1]
    it = iter(found)
    a = next(it)
    found[1] = a * 3
    found.append(x[0] ** 2)
    return sum(it)


@program(lambda: (X.copy(),), tags=("lazy",))
def two_of_one_generator_expression(x):
    a, b = itertools.tee(v * v for v in x)
    next(b)
    return sum((p * q for p, q in zip(a, b)))


@program(lambda: (X.copy(),), tags=("lazy",))
def the_else_of_a_loop_over_a_generator_expression(x):
    s = 0.0
    for v in (x[i] * x[j] for i in range(4) for j in range(i)):
        if v > 1.2:
            break
        s += v
    else:
        s += 100
    return s


@program(lambda: (M.copy(),), tags=("lazy",))
def columns_are_read_late(m):
    s = 0.0
    for p, q in zip(*m):
        s = s * 0.5 + p * q
        m[1, 2] = s
    return s


@program(lambda: (M.copy(),), tags=("lazy",))
def columns_are_unpacked(m):
    z = list(zip(*m))
    a, b, c = zip(*m)
    return z[0][1] * z[2][0] + a[0] * b[1] * c[0]


@program(lambda: (M.copy(),), tags=("lazy",))
def columns_of_lists_of_lists(m):
    rows = [[v for v in r] for r in m]
    t = [sum(c) for c in zip(*rows)]
    u = list(map(list, zip(*rows)))
    return t[0] * t[1] + u[2][1]


@program(lambda: (X.copy(),), tags=("lazy",))
def pairs_of_an_array_that_changes(x):
    y = x * 1.0
    s = 0.0
    for a, b in itertools.pairwise(y):
        s = s * 0.4 + a * b
        y[1] = s
        y[2] = s * s
    return s


@program(lambda: (X.copy(),), tags=("lazy",))
def pairs_of_a_list_that_changes(x):
    y = [v for v in x]
    s = 0.0
    for a, b in itertools.pairwise(y):
        s = s * 0.4 + a * b
        y[1] = s
        y[2] = s * s
    return s


@program(lambda: (X.copy(),), tags=("lazy",))
def pairs_of_a_list_of_the_run_that_changes(x):
    y = [v for v in x if v > 0]
    s = 0.0
    for a, b in itertools.pairwise(y):
        s = s * 0.4 + a * b
        y[1] = s
        y[2] = s * s
    return s


@program(lambda: (X.copy(),), tags=("lazy",))
def pairs_in_sums(x):
    total = sum(a * b for a, b in itertools.pairwise(x))
    return total + sum((b - a) ** 2 for a, b in itertools.pairwise(sorted(x)))


@program(lambda: (X.copy(),), tags=("lazy",))
def pairs_of_rows_that_change(x):
    m = np.outer(x, x)
    s = 0.0
    for p, q in itertools.pairwise(m):
        s += p @ q
        q[0] = s
    return s


@program(lambda: (X.copy(),), tags=("lazy",))
def an_array_that_changes_comes_around(x):
    y = x * 1.0
    s = 0.0
    for k, a in enumerate(itertools.islice(itertools.cycle(y), 6)):
        y[(k + 1) % 4] += a * a
        s += a * a
    return s + np.sum(y)


@program(lambda: (X.copy(),), tags=("lazy",))
def a_list_that_changes_comes_around(x):
    y = [v for v in x]
    s = 0.0
    for k, a in enumerate(itertools.islice(itertools.cycle(y), 6)):
        y[(k + 1) % 4] += a * a
        s += a * a
    return s + sum(y)


@program(lambda: (X.copy(),), tags=("lazy",))
def weights_in_turn(x):
    s = 0.0
    for a, b in zip(x, itertools.cycle([x[0], 2.0])):
        s += a * b
    c = itertools.cycle((1.0, x[1]))
    for v in x:
        s = s * 0.5 + v * next(c)
    return s


@program(lambda: (X.copy(),), tags=("lazy",))
def weights_of_the_run_in_turn(x):
    w = [v for v in x if v > 0.5]
    s = 0.0
    for k, (a, b) in enumerate(zip(np.concatenate([x, x]), itertools.cycle(w))):
        s = s * 0.5 + a * b * k
    return s


@program(lambda: (X.copy(),), tags=("lazy",))
def parts_of_iterators_are_unpacked(x):
    a, b = itertools.islice(x, 2)
    c, d = itertools.islice(x, 2, None)
    e, *f = itertools.chain(x, [x[0]])
    it = iter(x)
    p, q = itertools.islice(it, 2)
    r = next(it)
    return a * b + c * d + e * f[0] * f[-1] + p * q * r


@program(lambda: (X.copy(),), tags=("lazy",))
def iterators_are_unpacked(x):
    a, b, c, d = map(lambda v: v * v, x)
    e, f, g, h = reversed(x)
    i = dict(zip("ab", x))
    (_, k), *_ = enumerate(x)
    return a * b + c * d + e * f * g + h + i["a"] * i["b"] + k


@program(lambda: (X.copy(),), tags=("lazy",))
def iterators_are_spread(x):
    def f(*a):
        return a[0] * a[-1]

    squares = f(*map(lambda v: v * v, x)) + f(*itertools.chain(x, x))
    return squares + max(*x) + max(itertools.chain(x, [2.0])) + sorted(itertools.islice(x, 3))[0]


@program(lambda: (X.copy(),), tags=("lazy",))
def iterators_are_collected(x):
    found = list(itertools.chain(x, x * 2))
    t = tuple(itertools.islice(x, 1, 3))
    a = np.array(list(itertools.accumulate(x)))
    s = set(itertools.islice(range(10), 3))
    return (
        sum(found) + t[0] * t[1] + a @ a + len(s) * x[0] + functools.reduce(lambda p, q: p * q, itertools.chain(x, x))
    )
