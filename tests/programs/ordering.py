"""Programs that sort, and choose, by keys."""

from __future__ import annotations

import bisect
import heapq
import operator
from collections import namedtuple

import numpy as np

from programs import program, rand

P = namedtuple("P", "u v")


@program(lambda: (rand(6), [0.1, 0.4, 0.8]))
def bisect_passive(x, knots):
    s = 0.0
    for v in x:
        k = bisect.bisect_left(knots, v)
        s += (k + 1) * v**2
    return s


@program(lambda: (np.sort(rand(6)),))
def bisect_list(x):
    xs = list(x)
    k = bisect.bisect(xs, 0.6)
    return xs[k] ** 2 + k * xs[0]


@program(lambda: (rand(6),))
def sorted_key_tuples(x):
    pairs = [(x[k], k) for k in range(6)]
    pairs = sorted(pairs, key=lambda p: p[0], reverse=True)
    s = 0.0
    for rank, (v, k) in enumerate(pairs):
        s += v**2 * (rank + 1) * (k + 1)
    return s


@program(lambda: (rand(6),))
def sorted_abs_key(x):
    s = 0.0
    for k, v in enumerate(sorted(x - 0.5, key=abs)):
        s += k * v**3
    return s


@program(lambda: (rand(6),))
def list_sort_key_neg(x):
    xs = [v for v in x]
    xs.sort(key=lambda v: -v)
    return xs[0] * 3 + xs[1] ** 2


@program(lambda: (rand(6),))
def sorted_strings(x):
    names = sorted(["beta", "alpha", "gamma"], key=len)
    s = 0.0
    for k, n in enumerate(names):
        s += x[k] * len(n)
    return s**2


@program(lambda: (rand(6),))
def with_max_key(x):
    cands = [(x[0] * 2, "a"), (x[1] * 3, "b"), (x[2], "c")]
    best = max(cands, key=lambda c: c[0])
    worst = min(cands, key=operator.itemgetter(0))
    return best[0] ** 2 - worst[0]


@program(lambda: (rand(6),))
def min_key_array(x):
    v = min(x, key=lambda t: (t - 0.7) ** 2)
    w = max(range(6), key=lambda k: x[k])
    return v**2 + x[w]


@program(lambda: (rand(6),))
def min_default(x):
    return min([v for v in x if v > 100], default=x[0] * 2) * max((v for v in x if v < 100), default=0.0)


@program(lambda: (rand(6),))
def argmax_key_getitem(x):
    scores = {"a": 1.0, "b": 3.0, "c": 2.0}
    best = max(scores, key=scores.get)
    w = {"a": x[0], "b": x[1], "c": x[2]}
    return w[best] ** 2


@program(lambda: (rand(6),))
def attrgetter(x):
    ps = [P(x[0], x[1]), P(x[2], x[3])]
    ps.sort(key=operator.attrgetter("u"))
    f = operator.attrgetter("v")
    return f(ps[0]) * 2 + sum(map(f, ps)) + ps[0].u * 5


@program(lambda: (rand(6),))
def spanning_tree(weights):
    edges = sorted(zip(weights, [(0, 1), (1, 2), (0, 2), (2, 3), (1, 3), (0, 3)], strict=False))
    parent = list(range(4))

    def find(i):
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    total = 0.0
    for weight, (u, v) in edges:
        if find(u) != find(v):
            parent[find(u)] = find(v)
            total += weight
    return total**2


@program(lambda: (rand(5),))
def pairs_sorted_as_they_are_made(x):
    falling = sorted(zip(x, range(5), strict=False), reverse=True)
    numbered = sorted((v * v, f"n{i}") for i, v in enumerate(x))
    return falling[0][0] * numbered[0][0] + falling[1][1] * x[falling[2][1]] + len(numbered[1][1])


@program(lambda: (rand(6),), tags=("heaps", "strings"))
def huffman_with_codes(weights):
    heap = [(w, str(i)) for i, w in enumerate(weights)]
    heapq.heapify(heap)
    cost = 0.0
    while len(heap) > 1:
        low, first = heapq.heappop(heap)
        high, second = heapq.heappop(heap)
        cost += (low + high) * len(first)
        heapq.heappush(heap, (low + high, first + second))
    return cost**2
