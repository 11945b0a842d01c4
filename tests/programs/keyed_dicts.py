"""Dicts whose keys depend on the run: memo tables, groups, sparse vectors, worklists."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from . import program

KEYS = np.array([1, 0, 2, 1, 1])


def _x():
    return np.array([0.5, 1.2, -0.7, 0.3, 0.9])


@program(lambda: (_x(), KEYS.copy()))
def sums_by_key(x, keys):
    sums = {}
    for k in keys:
        sums[k] = sums.get(k, 0.0) + x[k] ** 2
    total = 0.0
    for k in keys:
        total += sums[k] * x[k]
    return total


@program(lambda: (0.7, 6))
def memo_of_a_closure(x, n):
    memo = {}

    def term(k):
        if k in memo:
            return memo[k]
        value = x * (k + 1) if k < 2 else term(k - 1) * 0.5 + term(k - 2) * x
        memo[k] = value
        return value

    return term(n) + memo[2] * len(memo)


def _binomial(n, k, x, memo):
    if (n, k) not in memo:
        memo[n, k] = x if k in (0, n) else _binomial(n - 1, k - 1, x, memo) * x + _binomial(n - 1, k, x, memo)
    return memo[n, k]


@program(lambda: (0.8, 5))
def memo_that_is_passed(x, n):
    memo = {}
    return _binomial(n, 2, x, memo) + _binomial(n, 3, x, memo) ** 2


@program(lambda: (_x(), KEYS.copy()))
def lists_by_key(x, keys):
    groups = {}
    for i, k in enumerate(keys):
        groups.setdefault(k, []).append(x[i] * x[0])
    total = 0.0
    for k, members in groups.items():
        total += sum(members) ** 2 * (k + 1)
    return total


@program(lambda: (_x(), KEYS.copy()))
def items_updated_in_place(x, keys):
    products = {}
    for i, k in enumerate(keys):
        if k in products:
            products[k] *= x[i]
        else:
            products[k] = x[i]
    return sum(products.values())


@program(lambda: (0.8, 7))
def pairs_as_keys(x, n):
    c = {}
    for i in range(n):
        for j in range(i + 1):
            if j in (0, i):
                c[i, j] = x
            else:
                c[i, j] = c[i - 1, j - 1] * x + c[i - 1, j]
    total = 0.0
    for (i, j), value in c.items():
        total += value * (i - j)
    return total


@program(lambda: (0.8, "abracadabra"))
def letters_counted(x, text):
    counts = {}
    for letter in text.split("a"):
        counts[letter] = counts.get(letter, 0) + 1
    total = 0.0
    for letter in counts:
        total += x ** counts[letter]
    return total


@program(lambda: (_x(), KEYS.copy()))
def numbers_counted(x, keys):
    counts = {}
    last = {}
    for i, k in enumerate(keys):
        counts[k] = counts.get(k, 0) + 1
        last[k] = i
    total = 0.0
    for k, n in counts.items():
        total += x[k] ** n * x[last[k]]
        counts[k] += 1
    return total + counts.pop(1) * x[0] + max(counts.values()) * x[1]


@program(lambda: (_x(), KEYS.copy()))
def copies_share_nothing(x, keys):
    first = {k: x[k] * 2 for k in keys}
    second = dict(first)
    third = first.copy()
    for k in keys:
        second[k] = second[k] * x[0]
        third.pop(k, 0.0)
    first[0] = x[3]
    del second[keys[0]]
    return sum(first.values()) + sum(second.values()) ** 2 + len(second) * x[1] + len(third)


@program(lambda: (0.7, np.array([0.1, 0.9])))
def key_on_one_path(x, bounds):
    total = 0.0
    for least in bounds:
        d = {"a": x}
        if x > least:
            d["b"] = x * x
        total += d.get("b", 1.0) + sum(v for v in d.values())
    return total


@program(lambda: (_x(), KEYS.copy()))
def missing_keys_in_try(x, keys):
    d = {}
    for k in keys:
        try:
            d[k] = d[k] + x[k]
        except KeyError:
            d[k] = x[k] ** 2
    return sum(d[k] * (k + 1) for k in sorted(d))


@program(lambda: (_x(), KEYS.copy()))
def arrays_by_key(x, keys):
    d = {}
    for k in keys:
        d[k] = np.zeros(3)
    for i, k in enumerate(keys):
        d[k] += x[i] * np.arange(3.0)
        d[k][1] = d[k][1] * x[0]
    return sum(np.sum(v**2) for v in d.values())


@program(lambda: (_x(), KEYS.copy()))
def items_changed_while_iterating(x, keys):
    d = {}
    for i, k in enumerate(keys):
        d[k] = x[i]
    for k, value in d.items():
        d[2] = d[2] * value
        d[k] = value * x[0] + k
    return sum(d.values())


@program(lambda: (_x(), KEYS.copy()))
def one_of_two_dicts(x, keys):
    a, b = {}, {}
    for i, k in enumerate(keys):
        a[k] = x[i]
        b[k] = x[i] ** 2
    chosen = a if x[0] > 0.1 else b
    chosen[1] = chosen[1] * x[2]
    chosen[7] = x[1]
    other = a if x[0] < 0.1 else b
    other[7] = x[4]
    return sum(a.values()) * 2 + sum(b.values()) * 3 + len(a)


class _Cache:
    def __init__(self, scale):
        self.scale = scale
        self.known = {}
        self.hits = 0

    def value(self, k, x):
        if k in self.known:
            self.hits += 1
        else:
            self.known[k] = self.scale * np.sin(x[k])
        return self.known[k]


@program(lambda: (_x(), KEYS.copy()))
def cache_of_an_object(x, keys):
    cache = _Cache(x[0])
    total = 0.0
    for k in keys:
        total += cache.value(k, x) * x[k]
    return total * (1 + cache.hits) + len(cache.known)


def _count(counts, key, by):
    counts[key] = counts.get(key, 0.0) + by


@program(lambda: (_x(), KEYS.copy()))
def helper_writes_a_dict(x, keys):
    counts = {}
    for round_ in range(2):
        for k in keys:
            _count(counts, k - round_, x[k] * (round_ + 1))
    best = 0.0
    for k in counts:
        best = max(best, counts[k] * abs(k))
    return best + counts.get(-1, 0.0) ** 2


@program(lambda: (_x(), KEYS.copy()))
def dict_of_an_iteration(x, keys):
    total = 0.0
    for i in range(len(x)):
        seen = {}
        for k in keys[: i + 1]:
            seen[k] = x[k] * x[i]
        if seen:
            total += sum(seen.values()) / len(seen)
    return total


@program(lambda: (_x(), KEYS.copy()))
def emptied_and_filled_again(x, keys):
    d = {}
    total = 0.0
    for i, k in enumerate(keys):
        d[k] = d.get(k, x[0]) * x[i]
        if len(d) == 2:
            key, value = d.popitem()
            total += value * (key + 2)
        if i == 3:
            total += sum(d.values())
            d.clear()
    return total + sum(d.values())


@program(lambda: (_x(), KEYS.copy()))
def dicts_merged(x, keys):
    base = {0: x[4], 9: x[3]}
    more = {}
    for i, k in enumerate(keys):
        more[k] = x[i]
    base.update(more)
    joined = {**base, 1: x[0] * x[1]}
    more.update({5: x[2]})
    return sum(joined.values()) ** 2 + sum(more.values()) * base[9]


@program(lambda: (_x(), 4))
def strings_made_in_a_loop(x, n):
    layers = {}
    for i in range(n):
        layers[f"w{i}"] = x[i]
    h = x[4]
    for i in range(n):
        h = np.tanh(layers[f"w{i}"] * h)
    return h


@program(lambda: (_x(), KEYS.copy()))
def dict_from_pairs(x, keys):
    d = dict(zip(keys, x, strict=False))
    e = {int(k): v * 2 for k, v in d.items() if k > 0}
    return sum(v * k for k, v in e.items()) + d[0] ** 2


@program(lambda: (_x(), np.array([2, 0, 1])))
def constant_keys_read_by_number(x, order):
    d = {0: x[0], 1: x[1] * x[2], 2: x[3]}
    total = 1.0
    for k in order:
        total = total * (d[k] + 1)
    return total


@program(lambda: (_x(), KEYS.copy()))
def two_dicts_in_step(x, keys):
    a, b = {}, {}
    for i, k in enumerate(keys):
        a[k] = x[i]
        b[k * 2] = x[i] * x[0]
    return sum(p * q for p, q in zip(a.values(), b.values(), strict=False)) + sum(
        i * v for i, v in enumerate(a.values())
    )


@program(lambda: (_x().astype(np.float32), KEYS.copy()))
def float32_by_key(x, keys):
    d = {}
    for i, k in enumerate(keys):
        d[k] = d.get(k, np.float32(1)) * x[i]
    return sum(d.values())


@program(lambda: (0.6, 5))
def tree_in_a_dict(x, n):
    children = {0: [1, 2], 1: [3, 4], 2: [], 3: [], 4: []}
    value = {}
    for node in range(n - 1, -1, -1):
        value[node] = x * (node + 1)
        for child in children[node]:
            value[node] += value[child] ** 2
    return value[0]


@program(lambda: (_x(), KEYS.copy()))
def worklist(x, keys):
    distance = {0: x[0]}
    pending = [0]
    while pending:
        node = pending.pop()
        for step in (1, 2):
            after = (node + step) * 2 % 7
            reached = distance[node] + x[step] ** 2
            if after not in distance or reached < distance[after]:
                distance[after] = reached
                pending.append(after)
    total = 0.0
    for node in sorted(distance):
        total += distance[node] * node
    return total


@program(lambda: (_x(), KEYS.copy()), supported=False)
def float_keys_read(x, keys):
    d = {}
    for i, k in enumerate(keys):
        d[x[i]] = x[k]
    return sum(k * v for k, v in d.items())


@program(lambda: (_x(), KEYS.copy()), output="array", supported=False)
def dict_returned(x, keys):
    d = {}
    for i, k in enumerate(keys):
        d[k] = x[i]
    return d


@program(lambda: (_x(), KEYS.copy()))
def truth_of_a_dict(x, keys):
    d = {}
    total = 0.0
    for j, k in enumerate(keys):
        if d:
            total += x[j] * len(d)
        if not d or x[j] < 0:
            total += x[0]
        d[j, k] = x[k]
    return total + sum(d.values())


@program(lambda: (_x(), KEYS.copy()))
def dicts_swapped_in_a_loop(x, keys):
    even, odd = {}, {}
    total = 0.0
    for j, k in enumerate(keys):
        for key, members in even.items():
            total += sum(members) * (key + 1)
        even, odd = odd, even
        even[k] = [x[j], x[k] * x[0]]
        if len(odd) > 2:
            odd = {}
    return total


@program(lambda: ({0: 0.5, 1: 0.7, 2: 1.1}, KEYS.copy()))
def argument_written_by_number(weights, keys):
    for j, k in enumerate(keys):
        weights[k] = weights[k] * weights[0] + j
    weights[5] = weights[1] ** 2
    return sum(weights.values())


TABLE = {0: 0.5, 1: -0.7, 2: 1.1}


@program(lambda: (_x(), KEYS.copy()))
def table_of_the_module(x, keys):
    total = 0.0
    for j, k in enumerate(keys):
        total += TABLE[k] * x[j] + TABLE.get(j, 2.0) * x[k] ** 2
    return total


@program(lambda: (_x(), KEYS.copy()))
def library_dicts_by_number(x, keys):
    sums, members, counts = defaultdict(float), defaultdict(list), Counter()
    for j, k in enumerate(keys):
        sums[k] += x[j] ** 2
        members[k].append(x[j])
        counts[k] += 1
    total = 0.0
    for k in sorted(counts):
        total += sums[k] * counts[k] + sum(members[k]) ** 2
    return total + sums[77]


@program(lambda: ({"a": {0: 0.5, 1: 0.7, 2: 1.1}, "b": 0.3}, KEYS.copy()))
def dict_in_an_argument_written_by_number(p, keys):
    weights = p["a"]
    for k in keys:
        weights[k] = weights[k] * weights[0] + p["b"]
    return sum(weights.values()) * p["a"][1]


@program(lambda: (_x(), KEYS.copy()))
def views_of_a_dict_that_grows(x, keys):
    d = {}
    for j, k in enumerate(keys):
        d[k] = x[j] ** 2
    ks, vs, items = d.keys(), d.values(), d.items()
    total = 0.0
    for k in ks:
        total += d[k] * k
    d[77] = x[0] * x[1]
    for k in ks:
        total += d[k] * (k + 1)
    for v in vs:
        total += v**2
    return sum(v * (k + 2) for k, v in items) + total * len(ks)
