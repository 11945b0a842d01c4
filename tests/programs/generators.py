# ruff: noqa: SIM108 (written as users write, not as linters like it)
"""Generators written by the user, in loops and in what consumes them otherwise."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from . import program, rand, signed


def halves(v):
    while True:
        yield v
        v = v * 0.5


def neighbours(a, c):
    for k in range(len(a) - 1):
        if k % 2:
            continue
        c = c * 0.9
        yield a[k] * a[k + 1] * c


def countdown(v, n):
    while n > 0:
        n -= 1
        v = np.sin(v) + 0.1 * n
        yield n, v


def three(a, b):
    yield a
    c = a * b
    yield c
    if b > 0.5:
        yield c * b
        return
    yield 10.0


def relax(u):
    """Sweeps in place; gives the largest change of every sweep."""
    while True:
        worst = 0.0
        for i in range(1, len(u) - 1):
            old = u[i]
            u[i] = 0.5 * (u[i - 1] + u[i + 1]) + 0.1 * old
            worst = max(worst, abs(u[i] - old))
        yield worst


@program(lambda: (rand(6),), tags=("generator",))
def sum_over_a_generator(x):
    total = 0.0
    for v in neighbours(x, 2.0):
        total += v * v
    return total


@program(lambda: (1.3,), tags=("generator", "break"))
def break_out_of_an_endless_generator(x):
    total = 0.0
    for v in halves(x):
        if v < 0.05:
            break
        total += v * total + v
    return total


@program(lambda: (1.3,), tags=("generator", "return"))
def return_out_of_an_endless_generator(x):
    total = 1.0
    for v in halves(x):
        total = total * (1 + v)
        if total > 3.0:
            return total * v


@program(lambda: (1.3, 0.4), tags=("generator", "return", "break", "continue"))
def all_exits_of_the_body_of_a_generator_loop(x, limit):
    total = 1.0
    for v in halves(x):
        if v > limit:
            continue
        total = total * (1 + v)
        if total > 30.0:
            return v
        if v < 0.01:
            break
        total += v
    return total * x


@program(lambda: (1.3,), tags=("generator", "else"))
def else_of_a_loop_over_a_generator(x):
    total = 0.0
    for _, v in countdown(x, 4):
        total += v
        if total > 100.0:
            break
    else:
        total *= x
    for _, v in countdown(x, 4):
        total += v * v
        if total > 2.0:
            break
    else:
        total = -1.0
    return total


@program(lambda: (0.7, 0.8), argnums=(0, 1), tags=("generator", "several yields"))
def several_yields(x, y):
    total = 0.0
    for v in three(x, y):
        total = total * 0.3 + v * v
    return total


@program(lambda: (0.7, 0.3), argnums=(0, 1), tags=("generator", "several yields", "break"))
def several_yields_and_a_break(x, y):
    total = 0.0
    k = 0
    for v in three(x, y):
        k += 1
        total = total * 0.3 + v * v
        if total > 0.4:
            break
        total = total + k
    return total * v * k


@program(lambda: (rand(7),), tags=("generator", "writes"))
def generator_that_writes_between_yields(x):
    u = x.copy()
    total = 0.0
    for k, worst in enumerate(relax(u)):
        total += worst * u[2]
        u[3] = u[3] * 0.9
        if worst < 0.05 or k > 6:
            break
    return total + np.sum(u)


@program(lambda: (rand(7),), tags=("generator", "writes"))
def generator_that_writes_an_argument(x):
    for worst in relax(x):
        x[2] *= 1.0 + 0.1 * worst
        if worst < 0.1:
            break
    return np.sum(x**2)


def fills(out, v):
    for k in range(len(out)):
        out[k] = out[k] * v + out[k - 1]
        yield out
        v = v + out[k]


@program(lambda: (rand(4), 0.4), argnums=(0, 1), tags=("generator", "writes", "alias"))
def generator_that_yields_its_buffer(x, v):
    buffer = x * 1.0
    total = 0.0
    for part in fills(buffer, v):
        total += part[1] * part[2]
        part[0] = part[0] * 0.5
    return total + buffer[3]


def rows_of(a):
    for row in a:
        if row[0] > 0.3:
            yield row


@program(lambda: (rand(4, 3),), tags=("generator", "views"))
def generator_of_views_that_are_written(x):
    y = x * x
    for row in rows_of(y):
        row *= 2.0
        row[1:] += row[:-1]
    return np.sum(y * y)


def walk(tree):
    if isinstance(tree, tuple):
        for part in tree:
            yield from walk(part)
    else:
        yield tree


@program(lambda: ((0.3, (0.4, 0.5), ((0.6,), 0.7)),), tags=("generator", "yield from", "tree"))
def leaves_of_a_tree(t):
    total = 1.0
    for k, v in enumerate(walk(t)):
        total = total * v + k
    return total


def chained(a, b):
    yield from a
    yield 0.5
    yield from halves_above(b, 0.2)
    yield from (b, a[0])


def halves_above(v, limit):
    for w in halves(v):
        if w < limit:
            return
        yield w


@program(lambda: (rand(3), 0.9), argnums=(0, 1), tags=("generator", "yield from"))
def yields_from_all_kinds(x, y):
    total = 0.0
    for v in chained(x, y):
        total = np.tanh(total + v * v)
    return total


@program(lambda: (rand(3), 0.9), argnums=(0, 1), tags=("generator", "yield from", "break"))
def breaks_out_of_what_is_yielded_from(x, y):
    total = 0.0
    for v in chained(x, y):
        total += v * v
        if total > 2.0:
            break
    return total * total


@program(lambda: (rand(3), 0.9), argnums=(0, 1), tags=("generator", "nested"))
def generators_in_generators(x, y):
    total = 0.0
    for v in halves_above(y, 0.1):
        for w in neighbours(x, v):
            if w > 0.4:
                break
            for _, z in countdown(w, 2):
                total += z * w
                if total > 5.0:
                    return total
        else:
            continue
        total *= 0.9
    return total


@program(lambda: (rand(4),), tags=("generator", "nested"))
def one_generator_twice_over(x):
    total = 0.0
    for v in neighbours(x, 1.0):
        for w in neighbours(x, v):
            total += v * w
    return total


@program(lambda: (rand(5), 0.6), argnums=(0, 1), tags=("generator", "closure"))
def generators_that_are_closures(x, c):
    scale = c
    calls = 0

    def scaled(power):
        nonlocal calls
        for v in x:
            calls += 1
            yield scale * v**power

    total = 0.0
    for v in scaled(2):
        scale = scale * 0.9
        total += v * calls
    for v in scaled(3):
        total -= v
    return total


class Model:
    def __init__(self, weights, bias):
        self.weights, self.bias = weights, bias
        self.calls = 0.0

    def layers(self):
        for w in self.weights:
            self.calls += 1.0
            yield w, self.bias * self.calls

    def __iter__(self):
        yield from self.weights
        yield self.bias


@program(lambda: (rand(4), 0.3), argnums=(0, 1), tags=("generator", "method"))
def generator_methods(x, b):
    model = Model(x, b)
    y = 1.0
    for w, bias in model.layers():
        y = np.tanh(w * y + bias)
    return y * model.calls


@program(lambda: (rand(4), 0.3), argnums=(0, 1), tags=("generator", "method"))
def iter_is_a_generator(x, b):
    y = 1.0
    for w in Model(x, b):
        y = np.tanh(w * y)
    return y + sum(Model(x, b)) + max(Model(x, b))


@dataclass
class Pair:
    a: float
    b: float

    def __iter__(self):
        yield self.a
        yield self.a * self.b


@program(lambda: (0.7, 0.3), argnums=(0, 1), tags=("generator", "method", "unpacking"))
def objects_are_unpacked_by_iter(x, y):
    a, b = Pair(x, y)
    c, *d = Pair(y, a)
    return a * b + c * d[0]


@program(lambda: (rand(6),), tags=("generator", "builtins"))
def builtins_consume_generators(x):
    total = sum(neighbours(x, 1.0)) + max(neighbours(x, 2.0)) * min(neighbours(x, 3.0))
    values = list(neighbours(x, 0.5))
    for v in tuple(three(x[0], x[1])):
        total += v
    return total + len(values) * values[1] + np.sum(np.array(list(neighbours(x, 1.0))) ** 2)


@program(lambda: (rand(6),), tags=("generator", "builtins"))
def any_and_all_stop_early(x):
    seen = [0.0]

    def watched():
        for v in x:
            seen[0] += v * v
            yield v

    total = 0.0
    if any(v > 0.6 for v in watched()):
        total += seen[0]
    if all(v < 1.0 for v in watched()):
        total += seen[0]
    if any(v > 100 for v in halves_above(x[1], 0.1)):
        total += 1000.0
    return total + seen[0] * x[0]


@program(lambda: (rand(6),), tags=("generator", "builtins"))
def any_of_an_endless_generator(x):
    return x[0] * any(v < 0.1 for v in halves(x[1])) + x[2] * all(v > 0.1 for v in halves(x[1]))


@program(lambda: (rand(6),), tags=("generator", "next"))
def first_of_a_generator(x):
    a = next(halves(x[0]))
    b = next(v for v in halves(x[1]) if v < 0.3)
    c = next(neighbours(x[:1], 1.0), x[2])
    d = next((v for v in x if v > 0.5), None)
    return a * b + c * c + (0.0 if d is None else d)


@program(lambda: (rand(6), 0.8), argnums=(0, 1), tags=("generator", "zip"))
def zips_with_a_generator(x, y):
    total = 0.0
    for v, w in zip(x, halves(y)):  # noqa: B905
        total += v * w
    for w, v in zip(halves(y), x[:3]):  # noqa: B905
        total = total * w + v
    for k, (a, (b, c), d) in enumerate(zip(x, countdown(y, 3), (x[1], y, 2.0))):  # noqa: B905
        total += a * b * c * d * k
    return total


@program(lambda: (rand(4),), tags=("generator", "zip", "writes"))
def zip_asks_in_order(x):
    u = x.copy()

    def squares():
        for k in range(4):
            u[k] = u[k] ** 2
            yield u[k]

    total = 0.0
    for v, _ in zip(squares(), range(2)):  # noqa: B905
        total += v
    after_three = np.sum(u)
    for _, v in zip(range(2), squares()):  # noqa: B905
        total += v
    return total * after_three + np.sum(u)


@program(lambda: (rand(6), 0.9), argnums=(0, 1), tags=("generator", "itertools"))
def itertools_of_generators(x, y):
    total = 0.0
    for v in itertools.islice(halves(y), 5):
        total += v * v
    for v in itertools.islice(halves(y), 2, 4):
        total += np.sin(v)
    for v in itertools.takewhile(lambda v: v > 0.1, halves(y)):
        total = total * 0.9 + v
    for v in itertools.dropwhile(lambda v: v > 0.4, halves_above(y, 0.05)):
        total = total * 0.8 + v
    for v in itertools.chain(x[:2], halves_above(y, 0.3), (x[3],)):
        total += v**3
    for v in itertools.takewhile(lambda v: v < 1.0, x):
        total += v
    return total


@program(lambda: (rand(6), 0.9), argnums=(0, 1), tags=("generator", "map"))
def map_and_filter_of_generators(x, y):
    total = 0.0
    for v in map(np.sin, neighbours(x, y)):
        total += v * v
    for v in filter(lambda v: v < 0.5, halves_above(y, 0.05)):
        total = total * 0.9 + v
    for v, w in map(lambda a, b: (a * b, b), x, halves(y)):
        total += v * w
    return total + sum(map(lambda pair: pair[1], countdown(y, 3)))


@program(lambda: (rand(6), 0.9), argnums=(0, 1), tags=("generator", "comprehension"))
def comprehensions_over_generators(x, y):
    squares = [v * v for v in neighbours(x, y)]
    table = {k: v for k, v in zip("abc", three(x[0], y))}  # noqa: B905
    pairs = [a * b for a in three(x[1], y) for b in halves_above(a, 0.2) if b < 0.9]
    lazily = (v * w for w in x[:2] for v in neighbours(x, w))
    total = 0.0
    for v in lazily:
        total += v * v
    return sum(squares) + table["b"] * sum(pairs) + total


def tell(*values, scale=1.0):
    return scale * values[0] * values[-1] + len(values)


@program(lambda: (0.7, 0.8), argnums=(0, 1), tags=("generator", "stars"))
def stars_and_unpacking(x, y):
    a, b, c = three(x, y)
    first, *rest = three(y, x)
    return a * b * c + first * sum(rest) + tell(*three(x, y), scale=y) + sum([*three(x, y), 1.0])


@program(lambda: (rand(5),), tags=("generator", "sorted"))
def sorted_generators(x):
    ordered = sorted(neighbours(x, 1.0))
    values = []
    values.extend(neighbours(x, 2.0))
    values += list(three(x[0], x[1]))
    return ordered[0] * 2 + ordered[-1] + sum(values) * values[0]


def running(values):
    total = 0.0
    for v in values:
        total = total + v
        yield total


@program(lambda: (rand(5),), tags=("generator", "pipeline"))
def pipelines_of_generators(x):
    kept = (v for v in running(neighbours(x, 1.5)) if v > 0.1)
    scaled = map(lambda v: v * x[0], kept)
    result = 0.0
    for v in running(scaled):
        result = result * 0.5 + v * v
    return result


def batches(x, size):
    for start in range(0, len(x), size):
        yield x[start : start + size]


@program(lambda: (rand(3), rand(8, seed=1)), tags=("generator", "training"))
def training_by_batches(w, x):
    velocity = np.zeros(3)
    for epoch in range(2):
        for batch in batches(x, 4):
            slope = np.sum(batch) * w - 0.1 * epoch
            velocity = 0.9 * velocity - 0.01 * slope
            w = w + velocity
    return np.sum(w * w)


@program(lambda: (signed(5),), tags=("generator", "stored"))
def stored_and_consumed_once(x):
    items = running(x)
    x = x * 2.0
    factor = x[0]
    if factor > 0:
        y = factor
    else:
        y = -factor
    for v in items:
        y = y + v * v
    return y


def maker(c):
    scale = c * c

    def produce(x):
        for v in x:
            yield scale * v

    return produce


@program(lambda: (rand(5), 0.5), argnums=(0, 1), tags=("generator", "closure"))
def generators_from_a_factory(x, c):
    f = maker(c)
    return sum(f(x)) * max(f(x[1:]))


def nothing():
    return
    yield


@program(lambda: (0.7,), tags=("generator", "empty"))
def empty_generators(x):
    total = x
    for v in nothing():
        total = total * v
    for v in neighbours(np.zeros(0), x):
        total = total * v
    return total + sum(nothing()) + len(list(nothing())) + max(nothing(), default=x)


def of_either_kind(x, flag):
    if flag:
        for v in x:
            yield v * 2
    else:
        yield from x[1:]


@program(lambda: (rand(5), True), tags=("generator", "branches"))
def yields_in_both_branches(x, flag):
    total = 0.0
    for v in of_either_kind(x, flag):
        total += v * v
    for v in of_either_kind(x, x[0] > 0.5):
        total = total * 0.5 + v
        if total > 1.0:
            break
    return total


@program(lambda: (np.float32(0.7), rand(3).astype(np.float32)), argnums=(0, 1), tags=("generator", "float32"))
def generator_in_single_precision(v, x):
    total = np.float32(0.0)
    for w in halves_above(v, 0.1):
        total = total + w * x[0]
    for w in running(x):
        total = total * w
    return total


@program(lambda: (rand(4),), tags=("generator", "lists"))
def lists_grow_on_both_sides(x):
    seen = []

    def produce():
        for v in x:
            seen.append(v * v)
            yield len(seen) * v

    kept = []
    for v in produce():
        kept.append(v * seen[-1])
    return sum(kept) * sum(seen)


def gaps(n):
    if n == 0:
        return 0.0
    total = 0.0
    for v in halves_above(1.0, 0.3):
        total += v
    return total + gaps(n - 1)


def power(x, n):
    if n == 0:
        return 1.0
    y = 1.0
    for v in halves_above(x, 0.2):
        y = y * v
        if y < 0.3:
            break
    return y * power(x * 1.1, n - 1)


@program(lambda: (0.9, 3), tags=("generator", "recursion"))
def generators_in_recursive_functions(x, n):
    return power(x, n) + gaps(n) * x


@program(lambda: (rand(4),), tags=("generator", "raises"))
def generators_that_may_raise(x):
    def checked():
        for v in x:
            if v < 0:
                raise ValueError("negative")
            assert v < 100
            yield np.sqrt(v)

    return sum(checked()) + [v for v in checked()][1]


def checked(x, limit):
    total = 0.0
    for v in x:
        total += v
        if total > limit:
            raise ValueError("too much")
        yield total * v


@program(lambda: (rand(5), 1.5), tags=("generator", "try"))
def generator_raises_in_a_try(x, limit):
    y = 1.0
    try:
        for v in checked(x, limit):
            y = y + v * x[0]
    except ValueError:
        y = y * x[1]
    try:
        y = y + sum(checked(x, limit))
    except ValueError:
        y = y * x[2]
    try:
        y = y + sum(checked(x, 100.0))
    except ValueError:
        y = y * x[3]
    return y


@program(lambda: (rand(5), 0.6), tags=("generator", "try"))
def body_of_a_generator_loop_raises_in_a_try(x, limit):
    y = 1.0
    u = x.copy()
    try:
        for k, v in enumerate(running(x)):
            u[k] = u[k] * v
            y = y + v * u[k]
            if y > 2.0:
                raise ArithmeticError
            u[k] += 0.1
    except ArithmeticError:
        y = y * u[0]
    return y + np.sum(u)


@program(lambda: (rand(5), 0.6), tags=("generator", "try"))
def try_in_the_body_of_a_generator_loop(x, limit):
    y = 1.0
    for v in halves(x[0]):
        try:
            y = y + v
            if v < limit:
                raise ValueError
            y = y * 1.1
        except ValueError:
            if y > 1.5:
                break
            continue
        y = y * v
    for v in running(x):
        try:
            y = y + x[int(10 * v)]
        except IndexError:
            return y * v
    return y


def mended(x):
    for k in range(6):
        try:
            v = x[k]
        except IndexError:
            v = 0.5
        yield v * k
        try:
            w = np.sqrt(v) / x[k + 1]
        except IndexError:
            return
        yield w


@program(lambda: (rand(4),), tags=("generator", "try"))
def try_between_yields(x):
    y = 0.0
    for v in mended(x):
        y = y * 0.7 + v * v
        if y > 4.0:
            break
    return y + sum(mended(x[:2]))


@program(lambda: (rand(4),), tags=("generator", "try"))
def next_of_nothing_is_caught(x):
    y = x[1]
    try:
        y = y * next(neighbours(x[:1], 1.0))
    except StopIteration:
        y = y * x[0]
    try:
        y = y * next(neighbours(x, 1.0))
    except StopIteration:
        y = 0.0
    return y


def parts(x, seen, counts):
    for n in counts:
        yield x * (4 // n)
        seen[0] = seen[0] + x * n
    yield seen[0] * (1 // len(counts[:0]))


@program(lambda: (0.7, [2, 0, 4]), tags=("generator", "try"))
def a_yielded_expression_raises(x, counts):
    y = 1.0
    seen = np.ones(1)
    try:
        for v in parts(x, seen, counts):
            y = y + v * seen[0]
            seen[0] *= 1.5
    except ZeroDivisionError:
        y = y * 3.0
    try:
        for v in parts(x, seen, counts[:1]):
            y = y + v * seen[0]
            seen[0] *= 1.5
    except ZeroDivisionError:
        y = y * 2.0
    return y + seen[0]


def delegates(x, seen, counts):
    yield from parts(x, seen, counts)


@program(lambda: (0.7, [2, 0, 4]), tags=("generator", "try", "yield from"))
def what_is_yielded_from_raises(x, counts):
    y = 1.0
    seen = np.ones(1)
    for k in range(2):
        try:
            for v in delegates(x, seen, counts):
                y = y + v * seen[0]
        except ZeroDivisionError:
            y = y * seen[0] + k
            continue
        y = 0.0
    return y


# Refused: what would have to be lazy in pieces


@program(lambda: (0.7,), tags=("generator",))
def consumed_in_pieces(x):
    items = halves(x)
    a = next(items)
    for v in items:
        return a * v


@program(lambda: (rand(4),), tags=("generator",))
def consumed_twice(x):
    items = running(x)
    return sum(items) + sum(items)


@program(lambda: (rand(4),), tags=("generator",))
def made_before_a_loop_and_consumed_in_it(x):
    items = running(x)
    total = 0.0
    for _ in range(2):
        total += sum(items)
    return total


@program(lambda: (rand(4),), tags=("generator",))
def zipped_with_another_generator(x):
    total = 0.0
    for v, w in zip(running(x), halves(x[0])):  # noqa: B905
        total += v * w
    return total


@program(lambda: (rand(4),), tags=("generator",))
def sends_to_a_generator(x):
    def echo():
        got = yield x[0]
        yield got

    items = echo()
    return next(items) * items.send(2.0)


@program(lambda: (rand(4),), tags=("generator",))
def yields_where_it_cleans_up(x):
    total = [0.0]

    def guarded():
        try:
            yield x[0]
        finally:
            total[0] += x[1]

    for v in guarded():
        total[0] += v
    return total[0]


@program(lambda: (rand(4),), tags=("generator",), supported=False)
def a_generator_itself(x):
    yield np.sum(x)


@program(lambda: (0.8, 4), tags=("generator", "recursion"), supported=False)
def generator_that_calls_itself(x, n):
    def down(v, k):
        if k > 0:
            yield v
            yield from down(v * x, k - 1)

    return sum(down(x, n))


@program(lambda: (rand(4),), tags=("generator", "zip"))
def generator_is_zipped_with_nothing(x):
    squares = (v * v for v in x)
    for a, b in zip(squares, [], strict=False):
        x = x * a * b
    return next(squares) * x[0]
