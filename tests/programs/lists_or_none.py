"""Names that stand for a list or for None, depending on the run, and for a list or something else."""

from __future__ import annotations

import itertools

import numpy as np

import srcgrad

from . import program

POINT = (0.2, 0.5, 0.9)


def point():
    return (np.array(POINT),)


@program(point, tags=("list", "none"))
def list_or_none_is_popped(x):
    if x[0] > 5:
        t = None
        n = 0
    else:
        t = []
        for k in range(len(x)):
            t.append(x[k])
        n = len(t)
    s = 0.0
    if n > 0:
        for _ in range(n):
            v = t.pop()
            s += v * v
    return s


@program(point, tags=("list", "none"))
def list_or_none_is_copied_and_repeated(x):
    if x[0] > 5:
        t = None
    else:
        t = []
        for k in range(len(x)):
            t.append(x[k])
    u = t.copy() * 2
    return sum(u)


@program(point, tags=("list", "none"))
def rows_or_none_are_repeated(x):
    if x[0] > 5:
        t = None
    else:
        t = []
        for k in range(len(x)):
            t.append([x[k], x[k] * 2])
    u = t.copy() * 2
    return sum([p[0] * p[1] for p in u])


@program(point, tags=("list", "none"))
def list_in_place_of_none_in_a_loop(x):
    t = None
    for k in range(len(x)):
        if x[k] > 0.4:
            if t is None:
                t = []
            t.append(x[k])
    u = t.copy() * 2
    return sum(u)


@program(point, tags=("list", "none"))
def best_row_so_far(x):
    best = None
    for k in range(len(x)):
        row = []
        for j in range(k + 1):
            row.append(x[j] * x[k])
        if best is None or row[-1] > best[-1]:
            best = row
    return sum(best)


@program(point, tags=("list", "none"))
def rows_in_place_of_none(x):
    rows = [None] * len(x)
    for k in range(len(x)):
        r = []
        for j in range(k):
            r.append(x[j] * x[k])
        rows[k] = r
    s = 0.0
    for r in rows:
        if r is not None:
            for v in r:
                s += v * v
    return s


def doubled_or_none(x, k):
    if x[k] > 0.6:
        return None
    out = []
    for j in range(k + 1):
        out.append(x[j] * 2)
    return out


@program(point, tags=("list", "none"))
def helper_gives_a_list_or_none(x):
    s = 0.0
    for k in range(len(x)):
        r = doubled_or_none(x, k)
        if r is None:
            s += x[k]
        else:
            s += sum(r) * x[0]
    return s


@program(point, tags=("list", "none"))
def list_or_an_empty_one(x):
    s = 0.0
    for k in range(len(x)):
        r = doubled_or_none(x, k)
        for v in r or []:
            s += v * v
    return s


@program(point, tags=("list", "none"))
def truth_of_a_list_or_none(x):
    s = 0.0
    for k in range(len(x)):
        r = doubled_or_none(x, k)
        if not r:
            s += x[k] ** 3
        else:
            s += len(r) * r[0] * r[-1]
    return s


@program(point, tags=("list", "none"))
def is_it_a_list_or_none(x):
    s = 0.0
    for k in range(len(x)):
        r = doubled_or_none(x, k)
        if isinstance(r, list):
            s += len(r) * r[0] * r[-1]
        else:
            s += x[k]
    return s


@program(point, tags=("list", "none"))
def list_equals_none(x):
    s = 0.0
    for k in range(len(x)):
        r = doubled_or_none(x, k)
        if r == None:  # noqa: E711 (that is what is tested)
            s += x[k]
        else:
            s += r[0]
    return s


class Cached:
    def __init__(self):
        self.cache = None

    def get(self, x):
        if self.cache is None:
            self.cache = []
            for v in x:
                self.cache.append(v * v)
        return self.cache


@program(point, tags=("list", "none"))
def list_that_an_attribute_caches(x):
    c = Cached()
    s = 0.0
    for k in range(3):
        s += sum(c.get(x)) * x[k]
    return s


@program(point, tags=("list", "none"))
def list_in_place_of_none_in_a_dict(x):
    d = {"h": None, "n": 0}
    for k in range(len(x)):
        if d["h"] is None:
            d["h"] = []
        d["h"].append(x[k] ** 2)
        d["n"] += 1
    return sum(d["h"]) / d["n"]


@program(point, tags=("list", "none"))
def pairs_or_none_in_a_list(x):
    items = []
    for k in range(len(x)):
        if x[k] > 0.6:
            items.append(None)
        else:
            items.append([x[k], x[k] ** 2])
    s = 0.0
    for it in items:
        if it is None:
            s += 1.0
        else:
            s += it[0] * it[1]
    return s


@program(point, tags=("list", "none"))
def previous_row_or_none(x):
    prev = None
    for k in range(len(x)):
        cur = [x[k]]
        if prev is not None:
            cur = prev + [x[k] * prev[-1]]  # noqa: RUF005
        prev = cur
    return sum(prev)


def products_or_none(x, n):
    if n == 0:
        return None
    r = products_or_none(x, n - 1)
    if r is None:
        return [x[n]]
    r.append(x[n] * r[-1])
    return r


@program(point, tags=("list", "none"))
def recursion_gives_a_list_or_none(x):
    return sum(products_or_none(x, 2))


@program(point, tags=("list", "none"))
def two_lists_or_none(x):
    left = None
    right = None
    for k in range(len(x)):
        if x[k] > 0.4:
            if right is None:
                right = []
            right.append(x[k])
        else:
            if left is None:
                left = []
            left.append(x[k] ** 2)
    s = 0.0
    if left is not None:
        s += sum(left)
    if right is not None:
        s += sum(right) ** 2
    return s


@program(point, tags=("list", "none"))
def array_of_a_list_or_none(x):
    t = None
    if x[0] < 5:
        t = []
        for v in x:
            t.append(v)
    a = np.array(t)
    return np.sum(a * a)


@program(point, tags=("list", "none"))
def list_or_none_is_written_and_sorted(x):
    t = None
    if x[0] < 5:
        t = []
        for v in x:
            t.append(v)
    t[1] = t[0] * 3
    t.sort()
    b = list(t)
    b.reverse()
    return b[0] * t[1] + b[-1]


@program(point, tags=("list", "none"))
def names_for_one_list_or_none(x):
    a = b = None
    for k in range(len(x)):
        if k % 2:
            a = [x[k]]
        else:
            b = a
        if a is not None:
            a.append(x[k] * 2)
    s = 0.0
    if b is not None:
        s = s + sum(b) * 2
    return s + sum(a)


@program(point, tags=("list", "none"))
def pair_of_a_list_or_none(x):
    pair = (None, 0.0)
    for k in range(len(x)):
        if pair[0] is None or x[k] > pair[1]:
            path = []
            for j in range(k + 1):
                path.append(x[j])
            pair = (path, x[k])
    return sum(pair[0]) * pair[1]


@program(point, tags=("list", "none"))
def lists_of_a_dict_or_another(x):
    d = {}
    for k in range(len(x)):
        key = "big" if x[k] > 0.4 else "small"
        d.setdefault(key, []).append(x[k])
    return sum(d["big"]) ** 2 + sum(d.get("small", [])) + sum(d.get("none") or [0.0])


@program(point, tags=("list", "none"))
def lists_of_a_dict_by_get(x):
    d = {}
    for k in range(len(x)):
        key = "big" if x[k] > 0.4 else "small"
        old = d.get(key)
        if old is None:
            d[key] = [x[k]]
        else:
            d[key] = old + [x[k] * old[0]]  # noqa: RUF005
    return sum(d["big"]) + sum(d["small"]) * x[2]


@program(point, tags=("list", "none"))
def stack_with_none_below(x):
    stack = [None]
    stack.append([x[0]])
    stack.append([x[1], x[2]])
    s = 0.0
    while stack:
        t = stack.pop()
        if t is None:
            break
        t = t + t
        s += sum(t) * t[0]
    return s


@program(point, tags=("list", "none"))
def names_rotate_from_none(x):
    a, b = None, None
    for k in range(len(x)):
        a, b = b, [x[k]] * 2
    return a[0] * b[1]


@program(point, tags=("list", "none"))
def list_or_another_where_none_is_found(x):
    out = []
    for k in range(len(x)):
        if x[k] > 10:
            out.append(x[k])
    s = 0.0
    for v in out or [x[0] * 2]:
        s += v * v
    return s


def doubled_unless(x, c):
    if c:
        return None
    t = []
    for k in range(len(x)):
        t.append(x[k] * 2)
    return t


@program(point, tags=("list", "none"))
def neighbours_in_a_list_or_none(x):
    t = doubled_unless(x, x[0] > 5)
    s = 0.0
    for i, (p, q) in enumerate(itertools.pairwise(t)):
        s += p * q * i
    return s


@program(point, tags=("list", "none"))
def one_list_or_another_or_none_is_written(x):
    t = doubled_unless(x, x[0] > 5)
    u = doubled_unless(x, x[1] > 0.4)
    r = t if u is None else u
    r[0] *= x[2]
    return sum(t) * 2


@program(point, tags=("list", "none"))
def lists_or_none_in_a_list(x):
    res = []
    for k in range(3):
        t = doubled_unless(x, k == 1)
        res.append(t)
    res[0][1] = x[2] * 10
    s = 0.0
    for t in res[::-1]:
        if t:
            s += sum(t) * t[1]
    return s


@program(point, tags=("list", "none"))
def list_or_none_until_one_is_left(x):
    t = doubled_unless(x, x[0] > 5)
    while t is not None and len(t) > 1:
        v = t.pop()
        t[-1] = t[-1] * v
    return t[0]


@program(point, tags=("list", "none"))
def list_or_none_in_try(x):
    t = None
    try:
        if x[0] > 0.1:
            raise ValueError
        t = doubled_unless(x, False)
    except ValueError:
        if t is None:
            t = [x[0], x[1]]
    return sum(t) * t[0]


@program(point, tags=("list", "none"))
def item_of_a_list_or_none(x):
    t = doubled_unless(x, x[0] > 5)
    return (t[0] if t is not None else 0.0) * (t or [1.0])[2]


@srcgrad.checkpoint
def _mean_of_what_is_there(a, items):
    return a * a if items is None else a * sum(items) / len(items)


@srcgrad.checkpoint
def _with_one_more(a, items):
    if items is None:
        return a * a
    items.append(a)
    return sum(items) * a


@program(point, tags=("list", "none", "checkpoint"))
def list_or_none_is_none_in_a_checkpoint(x):
    items = [v * v for v in x if v > 0.3] if x[0] > 5 else None
    return _mean_of_what_is_there(x[2], items)


@program(point, tags=("list", "none", "checkpoint"))
def list_or_none_is_there_in_a_checkpoint(x):
    items = [v * v for v in x if v > 0.3] if x[0] < 5 else None
    return _mean_of_what_is_there(x[2], items) * x[1]


@program(point, tags=("list", "none", "checkpoint"))
def list_or_none_grows_in_a_checkpoint(x):
    items = None
    total = 0.0
    for v in x:
        total = total + _with_one_more(v, items)
        if v > 0.4:
            items = [v * v]
    return total


@program(point, tags=("list", "none", "checkpoint"))
def rows_or_none_in_a_checkpoint(x):
    rows = [np.sin(x) * k if k != 1 else None for k in range(3)]
    lists = [[v, v * v] if v > 0.3 else None for v in x]
    total = 0.0
    for row, items in zip(rows, lists, strict=True):
        total = total + _mean_of_what_is_there(x[1], items) * (1.0 if row is None else np.sum(row))
    return total


def _sum_or_square(x, items):
    try:
        return sum(items)
    except TypeError:
        return x[0] ** 2


@program(point, tags=("list", "none", "try"))
def sum_of_none_is_caught(x):
    items = [v * v for v in x if v > 0.3]
    return _sum_or_square(x, items if x[0] > 5 else None) + _sum_or_square(x, items if x[0] < 5 else None)


@program(point, tags=("list", "none", "try"))
def loop_over_none_is_caught(x):
    items = [v * v for v in x if v > 0.3] if x[0] > 5 else None
    total = 0.0
    try:
        for v in items:
            total = total + v
    except TypeError:
        total = total + x[0] ** 2
    return total


@program(point, tags=("list", "none", "try"))
def list_joined_to_none_is_caught(x):
    items = [v * v for v in x if v > 0.3] if x[0] > 5 else None
    try:
        total = np.sum(np.array(items + [x[0]]))  # noqa: RUF005
    except TypeError:
        total = x[0] ** 2
    return total


@program(point, tags=("list", "none"))
def list_is_made_where_it_is_none(x):
    items = [v * v for v in x if v > 0.3] if x[0] > 5 else None
    if items is None:
        items = [x[1]]
    items.extend([v for v in x])
    return sum(items.copy()) * items[0]


@program(point, tags=("list",))
def numbers_of_numpy_and_lists(x):
    items = [v * v for v in x if v > 0.3]
    pair = (x[0], x[1])
    try:
        total = np.sum(items + x[0])
    except TypeError:
        total = 3 * x[0]
    return total + np.sum(np.sum(x) / pair) - np.prod(tuple(items) ** x[1])


@program(point, tags=("list", "try"))
def product_of_a_list_and_a_number_is_caught(x):
    items = tuple([v * v for v in x if v > 0.3])
    try:
        total = np.sum(items * x[0])
    except TypeError:
        total = 3 * x[0]
    return total + sum(items * 2) + sum(2 * items)


@program(point, tags=("list",), supported=False)
def number_or_a_list_is_repeated(x):
    if x[0] > 5:
        t = 3.0
    else:
        t = []
        for k in range(len(x)):
            t.append(x[k])
    u = t.copy() * 2
    return sum(u)


@program(point, tags=("list",), supported=False)
def array_or_a_list_is_repeated(x):
    if x[0] > 5:
        t = np.ones(3)
    else:
        t = []
        for k in range(len(x)):
            t.append(x[k])
    u = t.copy() * 2
    return sum(u)


@program(point, tags=("list",), supported=False)
def items_are_numbers_or_lists(x):
    items = []
    for k in range(len(x)):
        if k % 2:
            items.append([x[k], x[k]])
        else:
            items.append(x[k])
    s = 0.0
    for it in items:
        s += np.sum(np.array(it) * 2)
    return s


@program(point, tags=("list",), supported=False)
def number_before_a_loop_and_a_list_after(x):
    t = 0.0
    for k in range(len(x)):
        t = []
        for j in range(k + 1):
            t.append(x[j])
    return sum(t)
