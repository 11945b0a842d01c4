"""Programs with deques, dicts and sets of the library, passive heaps, namespaces."""

from __future__ import annotations

import functools
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque
from types import SimpleNamespace

from programs import program, rand


@program(lambda: (rand(8),))
def deque_moving_average(x):
    window = deque(maxlen=3)
    total = 0.0
    for v in x:
        window.append(v)
        total += (sum(window) / len(window)) ** 2
    return total


@program(lambda: (rand(6),))
def deque_rotate(x):
    d = deque([x[0], x[1], x[2]])
    d.rotate(1)
    d.appendleft(x[3])
    a = d.popleft()
    d.append(a * x[4])
    return d[0] * 2 + d[-1] * 3 + d[1] * d[2]


@program(lambda: (rand(6),))
def deque_queue(x):
    q = deque()
    for v in x:
        q.append(v)
    s = 1.0
    while q:
        a = q.popleft()
        s = s * 0.5 + a * a
        if q:
            b = q.pop()
            s += a * b
    return s


@program(lambda: (rand(8), 3))
def deque_maxlen_run(x, n):
    buf = deque([0.0] * n, maxlen=n)
    out = []
    for v in x:
        buf.appendleft(v)
        out.append(buf[0] - 0.5 * buf[n - 1])
    return sum(o * o for o in out)


@program(lambda: (rand(6),))
def defaultdict_float(x):
    acc = defaultdict(float)
    acc["p"] += x[0] ** 2
    acc["q"] += x[1]
    acc["p"] += x[2] * acc["q"]
    return acc["p"] * acc["missing"] + acc["p"]


@program(lambda: (rand(6),))
def defaultdict_lambda(x):
    acc = defaultdict(lambda: 1.0)
    for k in ("u", "v", "u"):
        acc[k] *= x[0] + x[1]
    return acc["u"] + acc["v"] * x[2]


@program(lambda: (rand(6),))
def with_counter(x):
    words = ["the", "cat", "sat", "on", "the", "mat", "the", "end"]
    c = Counter(words)
    s = 0.0
    for k, w in enumerate(sorted(c)):
        s += c[w] * x[k % 6] ** 2
    return s + c["nothing"] * x[0]


@program(lambda: (rand(6),))
def counter_update(x):
    c = Counter()
    for ch in "abcab":
        c[ch] += 1
    most = c.most_common(1)[0]
    return most[1] * x[0] ** 2 + len(c) * x[1]


@program(lambda: (rand(6),))
def ordered_dict(x):
    d = OrderedDict()
    d["w"] = x[0] * x[1]
    d["b"] = x[2]
    d.move_to_end("w")
    keys = list(d)
    return d[keys[0]] * 2 + d[keys[1]] * 3


@program(lambda: (rand(6),))
def simple_namespace(x):
    s = SimpleNamespace(mass=x[0], pos=x[1], vel=0.0)
    for _ in range(3):
        s.vel += -s.pos / s.mass * 0.1
        s.pos += s.vel * 0.1
    s.extra = s.pos * 2
    return s.extra**2


@program(lambda: (rand(6),))
def chainmap(x):
    defaults = {"lr": 0.1, "mom": 0.9}
    cfg = ChainMap({"lr": 0.3}, defaults)
    return x[0] * cfg["lr"] + x[1] ** 2 * cfg["mom"]


@program(lambda: (rand(6),))
def with_sets(x):
    fixed = {0, 2}
    free = set(range(6)) - fixed
    s = 0.0
    for k in range(6):
        if k in fixed:
            s += x[k]
        elif k in free:
            s += x[k] ** 2
    fs = frozenset([1, 2]) | {5}
    for k in sorted(fs & free):
        s *= x[k]
    return s


@program(lambda: (rand(6),))
def sets_methods(x):
    seen = set()
    s = 0.0
    for k in [0, 1, 0, 2, 1]:
        if k in seen:
            continue
        seen.add(k)
        s += x[k] ** 2
    seen.discard(0)
    seen.update([4, 5])
    return s * len(seen) + sum(x[k] for k in seen)


@program(lambda: (rand(6),))
def reduce_dicts(x):
    ds = [{"a": x[0], "b": x[1]}, {"a": x[2], "b": x[3]}]
    tot = functools.reduce(lambda p, q: {k: p[k] + q[k] for k in p}, ds)
    return tot["a"] * tot["b"]


@program(lambda: (rand(6),))
def dict_setdefault_pop(x):
    d = {"a": x[0]}
    d.setdefault("l", []).append(x[1])
    d.setdefault("l", []).append(x[2])
    v = d.pop("a")
    k, last = d.popitem()
    return v * sum(last) * len(k)


@program(lambda: (rand(6),))
def dict_fromkeys_union(x):
    d = dict.fromkeys(["a", "b"], x[0]) | {"c": x[1]}
    d |= {"a": x[2]}
    e = {**d, "z": x[3]}
    return sum(v**2 for v in e.values()) + len(e)


@program(lambda: (rand(6),))
def dict_sorted_items(x):
    d = {"b": x[0], "a": x[1]}
    s = 0.0
    for w, (_, v) in enumerate(sorted(d.items())):
        s += (w + 1) * v**2
    for k in sorted(d, key=lambda k: k):
        s *= d[k]
    return s
