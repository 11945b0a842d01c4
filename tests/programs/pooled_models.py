"""Objects in containers as real programs use them; names that stand for None and tuples, objects or dicts in turn."""

from __future__ import annotations

from collections import defaultdict, namedtuple
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from . import program, rand, signed


@dataclass
class It:
    value: float
    weight: float


@dataclass
class Arr:
    w: np.ndarray
    b: np.ndarray


class Node:
    def __init__(self, v):
        self.v = v
        self.next = None
        self.kids = []


P = namedtuple("P", "a b")


@program(lambda: ([It(0.5, 1.0), It(0.7, 2.0)], 3))
def arg_list_grows(items, n):
    for k in range(n):
        items.append(It(items[k].value * items[k + 1].weight, 1.0))
    items[0].value *= 3.0
    return sum(i.value * i.weight for i in items)


@program(lambda: ([{"w": 0.5, "b": 1.0}, {"w": 0.7, "b": 2.0}], 3))
def arg_dicts_grow(items, n):
    for k in range(n):
        items.append({"w": items[k]["w"] * items[k + 1]["b"], "b": items[-1]["w"]})
    items[0]["w"] *= 3.0
    return sum(i["w"] * i["b"] for i in items)


@program(
    lambda: ([Arr(rand(2), rand(2, seed=1)), Arr(rand(2, seed=2), rand(2, seed=3))], rand(2, seed=5), 3), argnums=(0, 1)
)
def arg_arrays_written(layers, x, n):
    for k in range(n):
        layer = layers[k % 2]
        x = np.tanh(layer.w * x + layer.b)
        layer.w *= 0.5
        layer.b[0] += x[1]
    layers.append(Arr(x, x * x))
    extra = []
    for k in range(n):
        extra.append(layers[k % len(layers)])
    for e in extra:
        e.w = e.w + e.b
    return sum(np.sum(e.w * e.b) for e in layers)


@program(lambda: (signed(6),))
def node_and_attr(x):
    head = None
    for v in x:
        n = Node(v)
        n.next = head
        head = n
    t = 0.0
    cur = head
    while cur and cur.v > -1.0:
        t += cur.v**2
        cur = cur.next
    if not head or not head.next:
        return t
    return t * head.v


@program(lambda: (signed(6),))
def function_returns_none_or_object(x):
    def find(items, lim):
        for it in items:
            if it.value > lim:
                return it
        return None

    items = [It(v, 2.0) for v in x]
    a = find(items, 0.3)
    b = find(items, 100.0)
    t = 1.0
    if a is not None:
        a.value *= 2
        t += a.value
    if b is None:
        t *= 3
    else:
        t += b.weight
    return t * sum(i.value for i in items)


@program(lambda: (signed(6),))
def population(x):
    pop = [{"genes": np.array([v, v * v]), "fit": 0.0} for v in x]
    for _gen in range(2):
        for ind in pop:
            ind["fit"] = np.sum(ind["genes"] ** 2)
        pop.sort(key=lambda i: i["fit"], reverse=True)
        parents = pop[:3]
        children = []
        for k in range(len(pop) - len(parents)):
            a, b = parents[k % 3], parents[(k + 1) % 3]
            children.append({"genes": 0.5 * (a["genes"] + b["genes"]), "fit": 0.0})
        pop = parents + children
    return pop[0]["genes"] @ pop[-1]["genes"]


@program(lambda: (signed(6),))
def tuple_pairs_of_objects(x):
    a = [It(v, 1.0) for v in x]
    springs = []
    for k in range(len(a) - 1):
        springs.append((a[k], a[k + 1], 0.3))
    for p, q, rest in springs:
        f = (q.value - p.value) - rest
        p.weight += f
        q.weight -= f
    for p in a:
        p.value += 0.1 * p.weight
    return sum(p.value**2 for p in a)


@dataclass
class Spring:
    a: It
    b: It
    k: float

    def force(self):
        return self.k * (self.b.value - self.a.value)


@program(lambda: (signed(6), 2))
def springs(x, n):
    masses = [It(v, 0.0) for v in x]
    springs = [Spring(masses[i], masses[i + 1], 1.0 + i) for i in range(len(masses) - 1)]
    for _ in range(n):
        for s in springs:
            f = s.force()
            s.a.weight += 0.1 * f
            s.b.weight -= 0.1 * f
        for m in masses:
            m.value += 0.1 * m.weight
    return sum(m.value**2 for m in masses) + springs[0].force()


@program(lambda: (signed(6),))
def operators_of_items(x):
    vs = [_V(v, 1.0) for v in x]
    s = vs[0]
    for v in vs[1:]:
        s = s + v
        s += v
        s = 0.5 * s
    return s.a * s.b + (vs[0] - vs[1]).a


class _V:
    __slots__ = ("a", "b")

    def __init__(self, a, b):
        self.a = a
        self.b = b

    def __add__(self, o):
        return _V(self.a + o.a, self.b * o.b)

    def __iadd__(self, o):
        self.a += o.a
        return self

    def __sub__(self, o):
        return _V(self.a - o.a, self.b - o.b)

    def __rmul__(self, k):
        return _V(k * self.a, self.b)


@program(lambda: (signed(6),))
def early_swap(x):
    a = [It(v, 1.0) for v in x]
    i = 0
    while i < len(a) - 1:
        j = i + 1
        if a[i].value > a[j].value:
            a[i], a[j] = a[j], a[i]
            a[i].weight += 1.0
        i += 1
    return sum(k * p.value * p.weight for k, p in enumerate(a))


@program(lambda: (rand(6),))
def pop_and_clear(x):
    a = [It(v, 1.0) for v in x]
    b = []
    while a:
        p = a.pop(0)
        p.weight *= p.value
        b.append(p)
        if len(b) > 3:
            c = b[:]
            b.clear()
            a.extend(c[1:3])
            a = a[:2]
            if len(c) > 0 and c[0].weight < 1e-9:
                break
            if c[0].weight ** 2 < 0.5:
                break
    return sum(p.value * p.weight for p in a + b + c)


@program(lambda: (rand(6),))
def memo_of_objects(x):
    memo = {}

    def get(k):
        if k not in memo:
            memo[k] = It(x[k], float(k))
        return memo[k]

    t = 0.0
    for k in [0, 1, 1, 2, 0]:
        it = get(k)
        it.value *= 1.5
        t += it.value * it.weight
    return t


@program(lambda: (rand(6),))
def graph_adjacency(x):
    nodes = [Node(v) for v in x]
    for i, n in enumerate(nodes):
        for j in range(i + 1, min(i + 3, len(nodes))):
            n.kids.append((nodes[j], x[i] * x[j]))
    nodes[0].v = 0.0
    for n in nodes:
        for m, w in n.kids:
            if m.v > n.v + w:
                m.v = n.v + w
    return sum(n.v for n in nodes)


@program(lambda: (rand(6),))
def history_of_namedtuples(x):
    h = []
    s = P(x[0], 1.0)
    for v in x:
        s = s._replace(a=s.a * v, b=s.b + v)
        h.append(s)
    last = h[-1]
    for p in h:
        a, b = p
        last = P(last.a + a, b) if a > 0.01 else last
    return last.a * last.b + h[0]._asdict()["b"]


@program(lambda: (rand(6),))
def dict_of_objects_by_name(x):
    d = {}
    for k, v in enumerate(x):
        d[f"n{k}"] = It(v, 1.0)
    for name, it in d.items():
        it.weight += len(name) * it.value
    d["n0"] = d["n1"]
    d["n1"].value = 3.0
    return sum(it.value * it.weight for it in d.values())


@program(lambda: (rand(6),))
def bool_int_fields(x):
    c = [SimpleNamespace(on=False, n=0, v=v) for v in x]
    for k in range(9):
        s = c[k * k % len(c)]
        s.n += 1
        s.on = not s.on
        if s.on:
            s.v *= s.n
    return sum(s.v * s.n for s in c if s.on)


@program(lambda: (rand(6),))
def exceptions_in_methods(x):
    c = [It(v, 1.0) for v in x]
    t = 0.0
    for k in range(8):
        try:
            c[k].value *= 2.0
            t += c[k].value
        except IndexError:
            t *= 1.5
    return t


@program(lambda: (signed(6),))
def last_point_tuple(x):
    last = None
    t = 0.0
    for k in range(len(x) - 1):
        p = (x[k], x[k + 1])
        if last is not None:
            t += (p[0] - last[0]) ** 2 + p[1] * last[1]
        last = p
    return t


@program(lambda: (signed(6),))
def best_tuple_in_branch(x):
    best = None
    for k, v in enumerate(x):
        if best is None or v > best[0]:
            best = (v, k)
    return best[0] ** 2 + best[1]


@program(lambda: (signed(6),))
def best_list(x):
    best = None
    for k in range(3):
        cand = [v * k for v in x]
        if best is None or sum(cand) > sum(best):
            best = cand
    return sum(b * b for b in best)


@program(lambda: (signed(6),))
def helper_none_or_tuple(x):
    def f(v):
        if v < 0:
            return None
        return v, v * v

    t = 0.0
    for v in x:
        r = f(v)
        if r is None:
            continue
        a, b = r
        t += a * b
    return t


@program(lambda: (signed(6),))
def none_or_dict_state(x):
    state = None
    t = 0.0
    for v in x:
        state = {"m": v, "n": 1} if state is None else {"m": state["m"] + v, "n": state["n"] + 1}
        t += state["m"] / state["n"]
    return t


@program(lambda: (signed(6),))
def list_of_none_tuples(x):
    out = [None for _ in x]
    for i in range(len(x)):
        out[i] = (x[i], i)
    return sum(a * b for a, b in out)


@program(lambda: (signed(6),))
def table_2d_tuples(x):
    n = len(x)
    table = [[(0.0, 0) for _ in range(n)] for _ in range(n)]
    for i in range(n):
        for j in range(i):
            best = table[i - 1][j]
            table[i][j] = (best[0] + x[i] * x[j], best[1] + 1)
    return sum(s * c for row in table for s, c in row)


_P = namedtuple("_P", "a b")


@program(lambda: (signed(6),))
def last_namedtuple(x):
    last = None
    t = 0.0
    for k in range(len(x) - 1):
        p = _P(x[k], x[k + 1])
        if last is not None:
            t += (p.a - last.a) ** 2 + p.b * last.b
        last = p
    return t * last.a


@program(lambda: (signed(6),))
def last_pair_with_array(x):
    last = None
    t = 0.0
    for k in range(3):
        if last is None:
            last = (x * k, 1.0)
        else:
            a, n = last
            a = a.copy()
            a[k] *= 2.0
            t += np.sum(a * x) * n
            last = (a + x, n + 1.0)
    return t + np.sum(last[0])


@program(lambda: (signed(6),))
def bracket_in_while(x):
    bracket = None
    k = 0
    while bracket is None and k < len(x) - 1:
        if x[k] * x[k + 1] < 0:
            bracket = (x[k], x[k + 1])
        k += 1
    if bracket is None:
        return x[0] * 2
    a, b = bracket
    return a * b + a


@program(lambda: (signed(6),))
def tuple_then_none_again(x):
    held = None
    t = 0.0
    for k, v in enumerate(x):
        if k % 2 == 0:
            held = (v, t)
        elif held is not None:
            t += held[0] * v + held[1]
            held = None
    return t


@program(lambda: (signed(6), 3))
def list_of_dicts_with_keys_of_the_run(x, n):
    rows = [{} for _ in range(n)]
    for k, v in enumerate(x):
        rows[k % n][int(v * 7) % 2] = v
    for row in rows[1:]:
        row[5] = row.get(0, 0.5) * x[0]
    return sum(v * v * key for row in rows for key, v in row.items())


@program(lambda: (signed(5),))
def dict_of_dicts(x):
    graph = {}
    for i in range(len(x)):
        graph[i] = {}
        for j in range(i):
            graph[i][j] = x[i] * x[j]
    total = 0.0
    for i in graph:
        for j, w in graph[i].items():
            graph[j][i] = 0.5 * w
            total += w * (i + j)
    return total + sum(graph[0].values())


@program(lambda: (signed(6),))
def list_of_defaultdicts(x):
    rows = [defaultdict(float) for _ in range(3)]
    for k, v in enumerate(x):
        rows[k % 3]["a"] += v
        if v > 0:
            rows[k % 3]["b"] += v * v
    first = rows[0]
    first["c"] = x[5]
    return sum(v * len(row) for row in rows for v in row.values())


@program(lambda: (signed(6),))
def dicts_of_counts_in_a_list(x):
    counts = []
    for i in range(3):
        seen = {}
        for j in range(4):
            key = (i * j) % 3
            seen[key] = seen.get(key, 0) + 1
        counts.append(seen)
    return sum(x[k] * c for k, seen in enumerate(counts) for c in seen.values())
