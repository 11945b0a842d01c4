# ruff: noqa: B007, B905 (written as users write)
"""Iterators that are asked for items in several places, and generators that are consumed in pieces or in step."""

from __future__ import annotations

import itertools

import numpy as np

from . import program, rand


def gen(x):
    for v in x:
        yield v * v


def pairs(x):
    a = 1.0
    for v in x:
        a = a * 0.9 + v
        yield a, v


@program(lambda: (rand(4),), tags=("iterator",))
def first_item_then_the_others(x):
    it = gen(x)
    s = next(it)
    for v in it:
        s = s * 0.5 + v
    return s


@program(lambda: (rand(4),), tags=("iterator",))
def two_generators_in_step(x):
    s = 0.0
    for a, b in zip(gen(x), gen(x[::-1])):
        s += a * b
    return s


@program(lambda: (rand(4),), tags=("iterator",))
def generators_of_pairs_in_step(x):
    s = 0.0
    for (a, v), b in zip(pairs(x), gen(x)):
        s += a * b + v
    return s


@program(lambda: (rand(4),), tags=("iterator",))
def accumulate_over_a_generator(x):
    s = 0.0
    for v in itertools.accumulate(gen(x)):
        s += v * v
    return s


@program(lambda: (rand(4),), tags=("iterator",))
def pairwise_over_a_generator(x):
    return sum((b - a) ** 2 for a, b in itertools.pairwise(gen(x)))


@program(lambda: (rand(4),), tags=("iterator",))
def iterator_over_a_list(x):
    it = iter([x[0], x[1], x[2]])
    a = next(it)
    b = next(it)
    return a * b + sum(v * v for v in it)


@program(lambda: (rand(4),), tags=("iterator",))
def iterator_over_an_array(x):
    it = iter(x)
    prev = next(it)
    s = 0.0
    for v in it:
        s += (v - prev) ** 2
        prev = v
    return s


@program(lambda: (rand(4),), tags=("iterator",))
def next_in_try_until_it_stops(x):
    it = iter(x)
    s = 0.0
    while True:
        try:
            v = next(it)
        except StopIteration:
            break
        s += v**3
    return s


@program(lambda: (rand(4),), tags=("iterator",))
def next_with_a_default_in_a_walrus(x):
    it = iter(x)
    s = 0.0
    while (v := next(it, None)) is not None:
        s += v**3
    return s


class Countdown:
    def __init__(self, v, n):
        self.v = v
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n <= 0:
            raise StopIteration
        self.n -= 1
        self.v = self.v * 0.8
        return self.v


@program(lambda: (0.7, 4), tags=("iterator",))
def class_with_next(x, n):
    s = 0.0
    for v in Countdown(x, n):
        s += v * v
    return s


@program(lambda: (0.7, 4), tags=("iterator",))
def class_with_next_asked_by_hand(x, n):
    it = Countdown(x, n)
    a = next(it)
    b = next(it)
    return a * b + sum(it)


@program(lambda: (0.7,), tags=("iterator",))
def iter_with_a_sentinel(x):
    k = 0

    def step():
        nonlocal k
        k += 1
        return k

    s = 0.0
    for i in iter(step, 4):
        s += x**i
    return s


def averager():
    total, n = 0.0, 0
    avg = None
    while True:
        v = yield avg
        total += v
        n += 1
        avg = total / n


@program(lambda: (rand(4),), tags=("iterator",))
def running_mean_by_send(x):
    a = averager()
    next(a)
    s = 0.0
    for v in x:
        s = a.send(v**2)
    return s


def with_gen(x):
    with np.errstate(all="ignore"):
        for v in x:
            yield v * v


@program(lambda: (rand(4),), tags=("iterator",))
def yield_under_errstate(x):
    return sum(with_gen(x))


def tqdm(it, desc=""):
    n = 0
    for v in it:
        yield v
        n += 1
    print(desc, n)


@program(lambda: (rand(4),), tags=("iterator",))
def progress_around_a_range(x):
    s = 0.0
    for i in tqdm(range(4), desc="a"):
        s += x[i] * i
    return s


def ret_gen(x):
    s = 0.0
    for v in x:
        s += v * v
        yield v
    return s


def outer_gen(x):
    s = yield from ret_gen(x)
    yield s


@program(lambda: (rand(4),), tags=("iterator",))
def value_of_yield_from(x):
    return sum(v * v for v in outer_gen(x))


@program(lambda: (rand(6),), tags=("iterator",))
def loop_that_takes_two_at_a_time(x):
    it = iter(x)
    s = 0.0
    for a in it:
        b = next(it)
        s += a * b
    return s


@program(lambda: (rand(6),), tags=("iterator",))
def zip_of_one_iterator_twice(x):
    args = [iter(x)] * 2
    return sum(a * b for a, b in zip(*args))


@program(lambda: (rand(6),), tags=("iterator",))
def islice_and_then_the_rest(x):
    it = gen(x)
    head = list(itertools.islice(it, 2))
    tail = list(it)
    return head[0] * head[1] + sum(tail)


@program(lambda: (rand(4),), tags=("iterator",))
def tee_and_step(x):
    a, b = itertools.tee(x)
    next(b)
    return sum((v - u) ** 2 for u, v in zip(a, b))


@program(lambda: (rand(4),), tags=("iterator",))
def first_of_a_generator_expression(x):
    it = (v * v for v in x)
    first = next(it)
    return first * sum(it)


@program(lambda: (rand(4),), tags=("iterator",))
def zip_with_count(x):
    s = 0.0
    for k, v in zip(itertools.count(1), x):
        s += k * v * v
    return s


@program(lambda: (rand(4),), tags=("iterator",))
def zip_with_cycle(x):
    s = 0.0
    for w, v in zip(itertools.cycle([0.5, 2.0]), x):
        s += w * v * v
    return s


@program(lambda: (rand(4),), tags=("iterator",))
def takewhile_over_count(x):
    return sum(x[0] ** k for k in itertools.takewhile(lambda k: k < 4, itertools.count(1)))


def fibs(a, b):
    while True:
        yield a
        a, b = b, a * 0.5 + b * 0.5


def evens(x):
    for k, v in enumerate(x):
        if k % 2 == 0:
            yield v * v


def positive(x, t):
    for v in x:
        if v < t:
            continue
        yield v
    yield t * 10


def nested(x):
    for i in range(len(x)):
        for j in range(i):
            yield x[i] * x[j]
        yield x[i]


def chain_of(x):
    yield x[0]
    yield from evens(x)
    yield x[1] * 2
    for v in fibs(x[2], x[3]):
        if v > 2:
            break
        yield v
        if len(x) > 0:
            return


def writes(y):
    for i in range(len(y)):
        y[i] = y[i] * 2
        yield y[i]
        y[i] += 1.0


@program(lambda: (rand(4),), tags=("iterator",))
def endless_generator_in_pieces(x):
    it = fibs(x[0], x[1])
    a = [next(it) for _ in range(3)]
    b = list(itertools.islice(it, 3))
    return sum(a) * b[2] + x[2]


@program(lambda: (rand(6), 3), tags=("iterator",))
def next_in_a_loop(x, n):
    it = fibs(x[0], x[1])
    s = 0.0
    for i in range(n):
        s += next(it) * x[i]
    return s


@program(lambda: (rand(7),), tags=("iterator",))
def generator_with_a_condition_in_pieces(x):
    it = evens(x)
    first = next(it)
    s = 0.0
    for v in it:
        s += v * first
        if v > 0.9:
            break
    rest = sum(it)
    return s + 2 * rest


@program(lambda: (rand(7),), tags=("iterator",))
def generators_with_continue_in_step(x):
    s = 0.0
    for a, b in zip(positive(x, 0.4), positive(x[::-1], 0.5)):
        s += a * b * b
    return s


@program(lambda: (rand(4),), tags=("iterator",))
def generator_with_two_loops_in_pieces(x):
    it = nested(x)
    a = next(it)
    b = next(it)
    s = a * b
    for v in it:
        s = s * 0.9 + v
    return s


@program(lambda: (rand(6),), tags=("iterator",))
def yield_from_in_pieces(x):
    it = chain_of(x)
    s = next(it)
    for v in it:
        s = s * 0.7 + v * v
    return s


@program(lambda: (rand(5),), tags=("iterator",))
def generator_that_writes_in_pieces(x):
    y = x * 1.0
    it = writes(y)
    a = next(it)
    b = next(it)
    s = a * b + y[0] * y[1]
    for v in it:
        s += v * y[0]
    return s + np.sum(y**2)


@program(lambda: (rand(5),), tags=("iterator",))
def generator_expression_is_gone_after_its_sum(x):
    g = (v * v for v in x)
    a = sum(g)
    b = sum(g)
    return a * 2 + b


@program(lambda: (rand(5),), tags=("iterator",))
def map_is_gone_after_its_sum(x):
    m = map(lambda v: v * v, x)
    a = next(m)
    b = sum(m)
    c = sum(m)
    return a * b + c


@program(lambda: (rand(5),), tags=("iterator",))
def zip_is_gone_after_its_loop(x):
    z = zip(x, x[1:])  # noqa: RUF007
    s = sum(a * b for a, b in z)
    t = sum(a for a, b in z)
    return s + 10 * t


@program(lambda: (rand(5),), tags=("iterator",))
def enumerate_goes_on_where_it_was_left(x):
    def both(items):
        s = 0.0
        for k, v in items:
            s += k * v
            if k == 2:
                break
        for k, v in items:
            s += v * v
        return s

    return both(enumerate(x))


@program(lambda: (rand(5),), tags=("iterator",))
def next_in_a_branch(x):
    it = iter(x)
    s = 0.0
    if x[0] > 0.1:
        s += next(it)
    if x[1] > 100:
        s += next(it) * 50
    for v in it:
        s = s * v
    return s


@program(lambda: (rand(6),), tags=("iterator",))
def next_in_a_while(x):
    it = iter(x)
    s = next(it)
    while s < 1.5:
        s += next(it) * 0.9
    return s * sum(it)


@program(lambda: (rand(6),), tags=("iterator",))
def two_iterators_by_hand(x):
    a, b = iter(x), iter(x[::-1])
    next(b)
    s = 0.0
    for u in a:
        v = next(b, 0.0)
        s += u * v
    return s


class Window:
    def __init__(self, x, w):
        self.x = x
        self.w = w
        self.i = 0

    def __iter__(self):
        self.i = 0
        return self

    def __next__(self):
        if self.i + self.w > len(self.x):
            raise StopIteration
        out = np.sum(self.x[self.i : self.i + self.w])
        self.i += 1
        return out


@program(lambda: (rand(6), 2), tags=("iterator",))
def object_that_is_its_own_iterator(x, w):
    win = Window(x, w)
    s = 0.0
    for v in win:
        s += v * v
    for v in win:
        s += v
    return s + sum(a * b for a, b in zip(Window(x, w), x))


class Newton:
    def __init__(self, f, df, v, tol):
        self.f, self.df, self.v, self.tol = f, df, v, tol
        self.done = False

    def __iter__(self):
        return self

    def __next__(self):
        if self.done:
            raise StopIteration
        new = self.v - self.f(self.v) / self.df(self.v)
        if abs(new - self.v) < self.tol:
            self.done = True
        self.v = new
        return new


@program(lambda: (0.7,), tags=("iterator",))
def newton_as_an_iterator(x):
    last = 1.0
    for last in Newton(lambda v: v * v - x, lambda v: 2 * v, 1.0, 1e-8):
        pass
    return last


def running():
    total = 0.0
    while True:
        x = yield total
        if x is None:
            continue
        total += x * x


@program(lambda: (rand(5),), tags=("iterator",))
def send_in_a_loop(x):
    r = running()
    next(r)
    out = 0.0
    for v in x:
        out = r.send(v) * 0.9 + out
    return out


def lookahead(x):
    it = iter(x)
    try:
        prev = next(it)
    except StopIteration:
        return
    for v in it:
        yield prev, v
        prev = v


@program(lambda: (rand(5),), tags=("iterator",))
def generator_that_looks_ahead(x):
    return sum((b - a) ** 2 for a, b in lookahead(x))


@program(lambda: (rand(5),), tags=("iterator",))
def islice_of_cycle(x):
    return sum(v ** (k + 1) for k, v in enumerate(itertools.islice(itertools.cycle(x), 12)))


@program(lambda: (rand(5),), tags=("iterator",))
def generator_with_count_in_step(x):
    s = 0.0
    for k, v in zip(itertools.count(2), evens(x)):
        s += k * v
    return s


@program(lambda: (rand(5),), tags=("iterator",))
def zip_of_one_iterator_three_times(x):
    it = iter([x[0], x[1], x[2], x[3], x[4], x[0] * x[1]])
    return sum(a * b * c for a, b, c in zip(it, it, it))


@program(lambda: (rand(5), 2), tags=("iterator",))
def generators_kept_in_a_list(x, n):
    gens = [fibs(x[0], x[1]), fibs(x[2], x[3])]
    s = 0.0
    for k in range(n):
        s += next(gens[0]) * next(gens[1])
    return s


@program(lambda: (rand(5),), tags=("iterator",))
def generators_made_at_one_place(x):
    gens = [fibs(v, 1.0) for v in (x[0], x[1])]
    a = next(gens[0]) + next(gens[0])
    b = next(gens[1])
    return a * b + next(gens[0])


@program(lambda: (rand(6),), tags=("iterator",))
def helper_that_takes_items(x):
    def take(it, k):
        out = []
        for _ in range(k):
            out.append(next(it))
        return out

    it = fibs(x[0], x[1])
    a = take(it, 2)
    b = take(it, 3)
    return sum(a) * sum(b)


@program(lambda: (rand(6),), tags=("iterator",))
def generator_until_its_default(x):
    it = evens(x)
    s = 0.0
    v = next(it, None)
    while v is not None:
        s += v
        v = next(it, None)
    return s


@program(lambda: (rand(6), 2), tags=("iterator", "loop"))
def name_first_assigned_in_an_inner_loop(x, n):
    total = 0.0
    fresh = True
    for _ in range(n):
        for k in range(3):
            if fresh:
                last = x[k] * 2.0
                fresh = False
            else:
                last = last * x[k] + x[k + 3]
        total += last
    return total


def squares_of(x):
    return (v * v for v in x)


@program(lambda: (rand(5),), tags=("iterator",))
def generator_expression_returned_and_consumed_twice(x):
    q = squares_of(x)
    return sum(q) + 2 * sum(q)


@program(lambda: (rand(5),), tags=("iterator",))
def generator_expressions_in_a_tuple(x):
    a, b = (v for v in x), (v * 2 for v in x)
    return next(a) * next(b) + sum(a) * 0 + next(b)


@program(lambda: (rand(5),), tags=("iterator",))
def iterators_in_a_list(x):
    pairs = [zip(x, x[1:]), enumerate(x)]  # noqa: RUF007
    s = sum(a * b for a, b in pairs[0])
    s += sum(a for a, b in pairs[0]) * 7
    return s + sum(k * v for k, v in pairs[1])


@program(lambda: (rand(5),), tags=("iterator",))
def loop_over_a_generator_expression_that_breaks(x):
    total = 0.0
    for v in (w * 2 for w in x):
        total += v * v
        if total > 2:
            break
    return total


buffer_outside = np.zeros(3)
other_name = None


@program(lambda: (rand(3),), tags=("global", "writes", "alias"), supported=False)
def array_outside_gets_another_name(x):
    global other_name
    other_name = buffer_outside
    buffer_outside[0] = x[0]
    return np.sum(buffer_outside * x)


class Ahead:
    """Gives all but its first item."""

    def __init__(self, items):
        self.items = items

    def __iter__(self):
        it = iter(self.items)
        next(it)
        return it


@program(lambda: (rand(4),), tags=("iterator", "object"))
def object_that_skips_its_first_item(x):
    total = np.sum(np.array(list(Ahead([x[0], x[1] * 2, x[2]]))) ** 2)
    for a, b in zip(Ahead(x), Ahead(x * 2)):
        total = total * 0.5 + a * b * b
    return total


@program(lambda: (rand(3),), tags=("iterator", "list"))
def list_that_grows_behind_its_iterator(x):
    queue = [x[0], x[1]]
    it = iter(queue)
    total = next(it) ** 2
    queue.append(total * x[2])
    for v in it:
        total = total * 0.5 + v
        if len(queue) < 6:
            queue.append(v * x[2])
    return total


@program(lambda: (rand(4),), tags=("iterator", "dict", "try"))
def dict_that_grows_behind_its_iterator(x):
    d = {"a": x[0], "b": x[1]}
    it = iter(d)
    total = d[next(it)]
    d["c"] = x[2]
    try:
        total += d[next(it)]
    except RuntimeError:
        total += x[3] * 5
    return total * d["a"]


@program(lambda: (rand(5),), tags=("iterator", "zip"))
def items_in_pairs_and_what_is_left(x):
    named = iter([("a", x[0]), ("b", x[1]), ("c", x[2])])
    total = 0.0
    for p, q in zip(named, named):
        total += p[1] * q[1] * (2 if p[0] == "a" else 3)
    numbers = iter([x[0], x[1], x[2], x[3]])
    for a, b, c in zip(numbers, numbers, numbers):
        total = total * a + b * c
    return total + sum(numbers) * 7 + sum(numbers)


@program(lambda: (rand(3),), tags=("iterator", "zip", "itertools"))
def zip_of_endless_iterators(x):
    total = 0.0
    for a, (b, c) in zip(x, zip(itertools.repeat(x[1]), itertools.count(2))):
        total += a * b * c
    turns = itertools.cycle([x[0], x[2]])
    total += next(turns) + 2 * next(turns) + 3 * next(turns)
    for v in itertools.cycle([]):
        total += v
    return total
