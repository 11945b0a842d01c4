"""Programs that keep their state in containers of many kinds."""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np

from programs import program, rand
from srcgrad.tree import register


@program(lambda: (rand(6),))
def sorted_arrays_by_norm(x):
    rows = [x[:2], x[2:4] * 2, x[4:]]
    rows = sorted(rows, key=lambda r: np.sum(r**2))
    return rows[0] @ rows[1] + np.sum(rows[2]) * 3


@program(lambda: (rand(6),))
def sorted_arrays_written_after(x):
    rows = [x[:2] * 1, x[2:4] * 2, x[4:] * 3]
    by = sorted(rows, key=lambda r: -np.sum(r))
    by[0][0] = 5.0
    by[1] *= 2
    return sum(np.sum(r**2) for r in rows)


@program(lambda: (rand(6), 6))
def sorted_runtime_rows(x, n):
    rows = []
    for k in range(n):
        rows.append(np.array([x[k], x[k] ** 2]))
    rows.sort(key=lambda r: -r[0])
    return rows[0] @ rows[1] + rows[-1][0]


@program(lambda: (rand(6), 6))
def sort_runtime_key_dict(x, n):
    vals = [x[k] for k in range(n)]
    vals.sort(key=lambda v: (v - 0.6) ** 2, reverse=True)
    other = sorted(vals)
    return vals[0] * other[0] + vals[-1]


@program(lambda: (rand(6), 6))
def sort_pairs_runtime(x, n):
    pairs = [(x[k], k) for k in range(n)]
    pairs.sort(key=lambda p: p[0])
    return pairs[0][0] * pairs[1][0] + pairs[-1][1]


@program(lambda: (rand(6),))
def sort_dicts(x):
    ds = [{"v": x[0], "w": 1.0}, {"v": x[1], "w": x[2]}, {"v": x[3], "w": 3.0}]
    ds = sorted(ds, key=lambda d: d["v"])
    return ds[0]["v"] * ds[1]["w"] + ds[2]["v"] * ds[2]["w"]


@program(lambda: (rand(6),))
def sort_then_change(x):
    ds = [{"v": x[0]}, {"v": x[1]}]
    best = max(ds, key=lambda d: d["v"])
    best["v"] = 10.0 * x[2]
    return ds[0]["v"] + ds[1]["v"] * 2


@dataclass
class Item:
    cost: float
    gain: float
    name: str = "i"

    def rate(self):
        return self.gain / self.cost


@program(lambda: (rand(6),))
def knapsack(x):
    items = [Item(x[0], x[1], "a"), Item(x[2], x[3], "a"), Item(x[4], x[5], "a")]
    room = 1.5
    total = 0.0
    for it in sorted(items, key=Item.rate, reverse=True):
        take = min(1.0, room / it.cost)
        total += take * it.gain
        room -= take * it.cost
        if room <= 0:
            break
    return total


@program(lambda: (rand(6),))
def iter_mutation(x):
    xs = [x[0], x[1], x[2]]
    it = iter(xs)
    a = next(it)
    xs[1] = x[3]
    xs.append(x[4])
    b = next(it)
    s = a * b
    for v in it:
        s += v**2
    return s


@program(lambda: (rand(6), 5))
def iter_next_in_loop(x, n):
    it = iter(x)
    s = 0.0
    for k in range(n):
        s = s * 0.5 + next(it) * (k + 1)
    return s


@program(lambda: (rand(6),))
def iter_pairs(x):
    it = iter([x[0], x[1], x[2], x[3]])
    return sum(a * b for a, b in zip(it, it, strict=False))


@program(lambda: (rand(6),))
def iter_next_default(x):
    it = iter([x[0]])
    return next(it) * next(it, x[1]) + next(it, 2.0)


@program(lambda: (rand(6),))
def iter_break_resume(x):
    it = iter(x)
    s = 0.0
    for v in it:
        s += v
        if s > 0.5:
            break
    for v in it:
        s += v**2
    return s


@program(lambda: (rand(8),))
def deque_alias(x):
    d = deque(maxlen=3)
    e = d
    for v in x:
        d.append(v * 2)
    e[0] = x[0]
    return sum(a * (k + 1) for k, a in enumerate(d)) + len(e)


@program(lambda: (rand(8),))
def deque_of_arrays(x):
    d = deque([np.zeros(2), np.zeros(2)], maxlen=2)
    for k in range(4):
        d.append(x[2 * k : 2 * k + 2] * (k + 1))
    d[0] *= 2.0
    return np.sum(np.array(d) ** 2) + d[-1] @ d[0]


class MovingAverage:
    def __init__(self, n):
        self.buf = deque(maxlen=n)
        self.total = 0.0

    def push(self, v):
        if len(self.buf) == self.buf.maxlen:
            self.total -= self.buf[0]
        self.buf.append(v)
        self.total += v
        return self.total / len(self.buf)


@program(lambda: (rand(8),))
def deque_copy_contains(x):
    d = deque([1, 2, 3])
    e = d.copy()
    e.append(4)
    f = deque(reversed(d))
    return (
        x[0] * len(d)
        + x[1] * len(e)
        + (2 in d) * x[2]
        + f[0] * x[3]
        + (isinstance(d, deque)) * x[4]
        + (1.0 if d else 0.0) * x[5]
    )


@program(lambda: (rand(6), 3))
def deque_rotate_run(x, n):
    d = deque(x)
    s = 0.0
    for _ in range(n):
        d.rotate(-1)
        s += d[0] * d[-1]
    d.extendleft([x[0], x[1]])
    return s + d[0] * d[2]


@program(lambda: (rand(6),))
def defaultdict_grad_accum(x):
    grads = defaultdict(lambda: np.zeros(2))
    for k, (name, w) in enumerate([("a", 1.0), ("b", 2.0), ("a", 3.0)]):
        grads[name] += w * x[2 * k : 2 * k + 2]
    return grads["a"] @ grads["b"] + sum(np.sum(g) for g in grads.values()) + len(grads)


@program(lambda: (rand(6),))
def defaultdict_nested(x):
    t = defaultdict(lambda: defaultdict(list))
    t["u"]["v"].append(x[0])
    t["u"]["w"].append(x[1])
    t["u"]["v"].append(x[2])
    return math.prod(t["u"]["v"]) + sum(sum(v) for v in t["u"].values()) + ("z" in t) * 5.0


@program(lambda: (rand(6),))
def defaultdict_items_dict(x):
    d = defaultdict(float, a=x[0])
    d["b"] += x[1]
    plain = dict(d)
    plain["a"] = plain["a"] * 2
    merged = {**d, "c": x[2]}
    return d["a"] * plain["a"] + sum(merged.values()) + d.get("zz", 3.0) * x[3] + len(d)


@program(lambda: (rand(6),))
def counter_weighted(x):
    c = Counter(a=2, b=1)
    c.update(["a", "c"])
    del c["b"]
    return sum(v * x[k] for k, v in enumerate(c.values())) + c.total() * x[5] + c["b"] * x[4]


@program(lambda: (rand(6),))
def counter_active(x):
    c = Counter()
    c["u"] += x[0] ** 2
    c["v"] += x[1]
    c["u"] += x[2]
    top = c.most_common(1)[0][1]
    return top**2 + c["v"]


@program(lambda: (rand(6),))
def ordereddict_lru(x):
    cache = OrderedDict()
    hits = 0
    s = 0.0
    for k in [0, 1, 0, 2, 3, 1]:
        if k in cache:
            cache.move_to_end(k)
            hits += 1
        else:
            cache[k] = x[k] ** 2
            if len(cache) > 2:
                cache.popitem(last=False)
        s += cache[k] * (hits + 1)
    return s + sum(cache.values())


@program(lambda: (rand(6),))
def namespace_state(x):
    st = SimpleNamespace(u=x[0], hist=[])
    for k in range(3):
        st.u = st.u * x[k]
        st.hist.append(st.u)
        setdefault = getattr(st, "extra", 1.0)
    return sum(st.hist) * setdefault


@program(lambda: (rand(6), 3))
def namespace_loop(x, n):
    st = SimpleNamespace(u=x[0], k=0)
    for k in range(n):
        st.u = st.u * x[1] + k
        st.k += 1
    return st.u * st.k


@program(lambda: (rand(6), {"w": 0.5, "b": 0.7}, 4), argnums=(0, 1))
def uses_momentum(x, params, n):
    vel = {k: 0.0 for k in params}
    p = dict(params)
    for _ in range(n):
        g = {"w": 2 * p["w"] * x[0], "b": p["b"] - x[1]}
        for k in p:
            vel[k] = 0.9 * vel[k] - 0.1 * g[k]
            p[k] = p[k] + vel[k]
    return p["w"] ** 2 + p["b"]


class SGD:
    def __init__(self, params, lr=0.1):
        self.params, self.lr = params, lr
        self.vel = {k: 0.0 for k in params}

    def step(self, g):
        for k, v in self.params.items():
            self.vel[k] = 0.9 * self.vel[k] - self.lr * g[k]
            self.params[k] = v + self.vel[k]


@program(lambda: (rand(6), {"w": 0.5, "b": 0.7}, 4), argnums=(0, 1))
def momentum_class(x, params, n):
    opt = SGD(dict(params))
    for _ in range(n):
        opt.step({"w": 2 * opt.params["w"] * x[0], "b": opt.params["b"] - x[1]})
    return opt.params["w"] ** 2 + opt.params["b"]


@program(lambda: (rand(6), {"w": rand(2), "b": 0.7}, 4), argnums=(0, 1))
def momentum_class_arg(x, params, n):
    opt = SGD(params)
    for _ in range(n):
        opt.step({"w": 2 * opt.params["w"] * x[0], "b": opt.params["b"] - x[1]})
    return np.sum(params["w"]) ** 2 + params["b"]


@program(lambda: (rand(6), 3))
def matrix_zip(x, n):
    m = [[x[i] * x[j] for j in range(n)] for i in range(n)]
    t = [list(r) for r in zip(*m, strict=False)]
    return sum(t[0][j] * m[j][0] for j in range(n)) + sum(map(sum, zip(*m, strict=False)))


@program(lambda: (rand(6), 3))
def matmul_zip(x, n):
    a = [[x[i] + x[j] for j in range(n)] for i in range(n)]
    b = [[sum(p * q for p, q in zip(r, c, strict=False)) for c in zip(*a, strict=False)] for r in a]
    return sum(b[i][i] for i in range(n))


class M2:
    def __init__(self, rows):
        self.rows = [list(r) for r in rows]

    def T(self):
        return M2(zip(*self.rows, strict=False))

    def __matmul__(self, o):
        return M2(
            [[sum(a * b for a, b in zip(r, c, strict=False)) for c in zip(*o.rows, strict=False)] for r in self.rows]
        )


@program(lambda: (rand(2, 2),))
def uses_matrix_class(x):
    a = M2(x)
    b = a @ a.T()
    return b.rows[0][1] * b.rows[1][1]


class Q:
    """units"""

    def __init__(self, v, unit=""):
        self.v, self.unit = v, unit

    def __add__(self, o):
        if not isinstance(o, Q):
            o = Q(o, self.unit)
        if self.unit != o.unit:
            raise ValueError("units differ")
        return Q(self.v + o.v, self.unit)

    def __radd__(self, o):
        return self if isinstance(o, int) and o == 0 else self + o

    def __mul__(self, o):
        return Q(self.v * o.v, self.unit + o.unit) if isinstance(o, Q) else Q(self.v * o, self.unit)

    def __rmul__(self, o):
        return self * o

    def __eq__(self, o):
        return self.v == o.v and self.unit == o.unit

    def __lt__(self, o):
        return self.v < o.v

    def __float__(self):
        return float(self.v)

    def __str__(self):
        return f"{self.v:.2f} {self.unit}"

    def __format__(self, spec):
        return str(self)

    def __abs__(self):
        return Q(abs(self.v), self.unit)

    def __round__(self, n=0):
        return Q(round(self.v, n), self.unit)

    def __hash__(self):
        return hash(self.unit)


@program(lambda: (rand(6),))
def uses_units(x):
    qs = [Q(x[0], "m"), Q(x[1], "m"), Q(x[2], "m")]
    tot = sum(qs)
    big = max(qs)
    small = min(qs, key=lambda q: q.v)
    text = f"{tot} and {big!s}"
    return (tot * 2.0).v + abs(big).v * small.v + (2.0 * tot * qs[0]).v + len(text.split()) * 0.0 + float(tot)


class Graph:
    def __init__(self):
        self.nodes = {}
        self.edges = []

    def add(self, name, v):
        self.nodes[name] = v
        return self

    def connect(self, a, b, w):
        self.edges.append((a, b, w))

    def energy(self):
        return sum(w * (self.nodes[a] - self.nodes[b]) ** 2 for a, b, w in self.edges)


@program(lambda: (rand(6),))
def uses_graph(x):
    g = Graph()
    g.add("a", x[0]).add("b", x[1]).add("c", x[2])
    g.connect("a", "b", x[3])
    g.connect("b", "c", 2.0)
    g.nodes["a"] = g.nodes["a"] * 2
    return g.energy()


class Event:
    def __init__(self):
        self.handlers = defaultdict(list)

    def on(self, name, f):
        self.handlers[name].append(f)

    def fire(self, name, v):
        return [h(v) for h in self.handlers[name]]


@program(lambda: (rand(6),))
def events(x):
    e = Event()
    e.on("a", lambda v: v**2)
    e.on("a", lambda v: v * x[1])
    return sum(e.fire("a", x[0])) + sum(e.fire("none", x[2]))


@program(lambda: (rand(6),))
def registry(x):
    ops = {"add": operator.add, "mul": operator.mul, "sq": lambda a, b: a * a + b}
    acc = x[0]
    for name, v in [("add", x[1]), ("mul", x[2]), ("sq", x[3])]:
        acc = ops[name](acc, v)
    return acc


@program(lambda: (rand(6),))
def pipeline(x):
    stages = [np.sin, functools.partial(np.power, 2.0), lambda v: v * x, operator.methodcaller("cumsum"), np.sum]
    return functools.reduce(lambda acc, f: f(acc), stages, x)


@program(lambda: (rand(6),))
def set_order(x):
    s = 1.0
    for k in {5, 3, 1}:
        s = s * 0.5 + x[k]
    t = {k % 3 for k in range(6)}
    t.add(1)
    u = set([4, 4, 2])
    for k in t | u:
        s = s * x[k] + 0.1
    return s * len(t) * len(u)


@program(lambda: (rand(6),))
def reduce_initial(x):
    return functools.reduce(lambda a, v: (a[0] + v, a[1] * v), x, (0.0, 1.0))[0] * functools.reduce(
        max, [x[0], x[1], x[2]]
    )


@program(lambda: (rand(6),))
def list_index_of_active(x):
    xs = [x[0], x[1], x[2]]
    k = xs.index(max(xs))
    xs.remove(min(xs))
    return xs[0] * xs[1] + k * x[3] + xs.count(x[0])


@program(lambda: (rand(6), 6))
def list_remove_runtime(x, n):
    xs = []
    for k in range(n):
        xs.append(x[k])
    xs.remove(max(xs))
    xs.remove(xs[0])
    del xs[-1]
    del xs[0:1]
    return sum((k + 1) * v**2 for k, v in enumerate(xs)) + len(xs)


@program(lambda: (rand(6), 6))
def list_slice_assign_runtime(x, n):
    xs = [x[k] for k in range(n)]
    xs[::2] = [v * 2 for v in xs[::2]]
    xs[4:1:-1] = [1.0, x[0], 3.0]
    xs[len(xs) :] = [x[1], x[2]]
    del xs[::-2]
    return sum((k + 1) * v**2 for k, v in enumerate(xs))


@program(lambda: (rand(6), 6))
def list_of_arrays_cleared(x, n):
    batch, s = [], 0.0
    for k in range(n):
        batch.append(np.array([x[k], 1.0]))
        if len(batch) == 2:
            s += np.sum(np.stack(batch) ** 2)
            batch.clear()
    return s


@program(lambda: (rand(6),))
def enumerate_start(x):
    return sum(k * v for k, v in enumerate(x, start=3)) + sum(k * v for k, v in enumerate([x[0], x[1]], 1))


@program(lambda: (rand(6),))
def zip_longest_chain(x):
    a, b = [x[0], x[1], x[2]], [x[3]]
    s = sum(p * q for p, q in itertools.zip_longest(a, b, fillvalue=2.0))
    return s + sum(itertools.chain(a, b, (x[4],))) + sum(p * q for p, q in itertools.product(a, repeat=2))


@program(lambda: (rand(6),))
def count_takewhile(x):
    s = 0.0
    for k in itertools.count():
        s += x[k] ** 2
        if k >= 3:
            break
    for k in itertools.takewhile(lambda k: k < 3, itertools.count(1)):
        s *= x[k]
    for c, v in zip(itertools.cycle("ab"), x):
        s += v if c == "a" else -v
    return s


@program(lambda: (rand(6), 7))
def cycle_run(x, n):
    s = 0.0
    for k, v in zip(range(n), itertools.cycle(x)):
        s += (k + 1) * v**2
    return s


@register
class Enc:
    def __init__(self):
        self.w = rand(2)
        self.sub = Item(0.5, 0.6)
        self.fns = [np.sin, np.cos]
        self.meta = {"n": 2, "s": "x"}

    def __call__(self, x):
        return sum(f(x) for f in self.fns) * self.w.sum() + self.sub.rate() * self.meta["n"]


@program(lambda: (Enc(), 0.4), argnums=(0, 1))
def registered_mixed(m, v):
    m.meta["n"] += 1
    m.fns.append(np.tanh)
    m.sub = replace(m.sub, cost=m.sub.cost * 2)
    return m(v) * m.sub.cost


@program(lambda: (Enc(), 0.4, 3), argnums=(0, 1))
def registered_loop(m, v, n):
    for _k in range(n):
        m.w = m.w * 0.9
        m.w[0] += v
        m.sub.gain = m.sub.gain + m.w[1]
    return m(v)


@program(lambda: ([Item(0.5, 0.6), Item(0.7, 0.8), Item(0.4, 0.9)],))
def items_arg_sorted(items):
    items.sort(key=lambda it: it.rate())
    best = items[-1]
    return best.gain**2 + items[0].cost * 3
