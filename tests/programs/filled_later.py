"""Lists that are put into another one, perhaps in a tuple, before anything is put into them."""

import heapq
import math
from collections import deque

import numpy as np

from . import program, rand


@program(lambda: (rand(3),), tags=("lists", "tuples"))
def lists_of_lists_in_tuples_that_are_filled_later(x):
    groups = []
    for k in range(3):
        group = []
        t = (group, x[k]) if k % 2 else (group, 2.0)
        groups.append(t)
        group.append([x * k])
        group.append([x[0] * x])
    total = 0.0
    for group, weight in groups:
        for (row,) in group:
            total += (row * row).sum() * weight
    return total


@program(lambda: (rand(3),), tags=("lists", "tuples"))
def pairs_that_hold_lists_are_filled_later(x):
    groups = []
    for k in range(3):
        members = []
        groups.append((members, k))
        for j in range(2):
            members.append((x[j] * k, [x[j] ** 2]))
    total = 0.0
    for members, k in groups:
        for value, (square,) in members:
            total += value * k + square
    return total


@program(lambda: (rand(3),), tags=("lists",))
def lists_four_deep_that_are_filled_later(x):
    a = []
    for i in range(2):
        b = []
        a.append(b)
        for j in range(2):
            c = []
            b.append(c)
            for k in range(2):
                d = []
                c.append(d)
                d.append(x * (i + j * 2 + k * 3))
    total = 0.0
    for b in a:
        for c in b:
            for (row,) in c:
                total += (row * row).sum()
    return total


@program(lambda: (rand(3),), tags=("lists", "tuples", "while"))
def paths_on_a_stack(x):
    stack = []
    stack.append((0, []))
    total = 0.0
    while stack:
        depth, path = stack.pop()
        if depth == 3:
            product = 1.0
            for (v,) in path:
                product = product * v
            total += product
            continue
        for c in range(2):
            stack.append((depth + 1, path + [[x[c] * (depth + 1)]]))  # noqa: RUF005
    return total


@program(lambda: (rand(3),), tags=("lists", "tuples", "branches"))
def lists_of_numbers_and_of_arrays_are_filled_later(x):
    rows = []
    for k in range(3):
        row = []
        rows.append((row, x[0] * k))
        row.append(x * k)
    last = []
    rows.append((last, x[1]))
    last.append(x[0])
    total = 0.0
    for row, weight in rows:
        total += weight * (row[0] * 2.0).sum()
    return total


@program(lambda: (rand(3),), tags=("lists", "tuples"))
def lists_that_are_never_filled(x):
    rows = []
    for k in range(3):
        row = []
        rows.append((row, x[k] * k))
        if k > 7:
            row.append([x])
    total = 0.0
    for row, weight in rows:
        total += weight * weight
        for (v,) in row:
            total += v[0]
    return total


@program(lambda: (rand(3),), tags=("lists", "tuples", "inner functions"))
def lists_in_tuples_that_a_helper_fills(x):
    def fill(items, v):
        for k in range(3):
            items.append((v * k, [v]))

    rows = []
    for i in range(2):
        row = []
        rows.append((i, row))
        fill(row, x[i])
    total = 0.0
    for i, row in rows:
        for v, (w,) in row:
            total += v * v + i * w
    return total


@program(lambda: (rand(6),), tags=("lists", "tuples", "branches"))
def batches_that_are_begun_when_one_is_full(x):
    batches = []
    batch = []
    batches.append((0, batch))
    for k in range(6):
        if len(batch) == 2:
            batch = []
            batches.append((k, batch))
        batch.append((x[k] * (k + 1), x))
    total = 0.0
    for k, batch in batches:
        product = 1.0
        for v, y in batch:
            product = product * v + y[0]
        total += product * (k + 1)
    return total


@program(lambda: (rand(3),), tags=("lists", "tuples"))
def tuples_with_empty_lists_are_put_in_places(x):
    rows = [None] * 3
    for k in range(3):
        row = []
        rows[k] = (row, k)
        row.append([x * k])
    total = 0.0
    for row, k in rows:
        total += (row[0][0] * x).sum() * k
    return total


@program(lambda: (rand(3),), tags=("lists", "tuples"))
def lists_are_taken_out_of_tuples_again(x):
    kept = []
    for k in range(3):
        inner, steps = [], []
        kept.append((steps, inner, k > 0))
        if k != 1:
            old = []
            old.append(x * k)
            inner.append((old, True))
        steps.append(k)
    total = 0.0
    for _ in range(3):
        steps, inner, later = kept.pop()
        if inner and later:
            old, there = inner.pop()
            old = old.copy()
            if there:
                v = old.pop()
                total += (v * v).sum() * len(steps)
    return total


@program(lambda: (rand(2),), tags=("lists", "tuples", "zip"))
def neighbours_of_lists_that_are_filled_later(x):
    groups = []
    for k in range(3):
        group = []
        groups.append((group, k))
        group.append([x * k])
        group.append([x[0] * x])
    total = 0.0
    for (a, i), (b, j) in zip(groups, groups[1:], strict=False):  # noqa: RUF007
        for (p,), (q,) in zip(a, b, strict=True):
            total += (p * q).sum() * (i + j)
    return total


@program(lambda: (rand(2),), tags=("lists", "tuples", "sorting"))
def sorted_by_what_stands_beside_lists_that_are_filled_later(x):
    groups = []
    for k in range(3):
        group = []
        groups.append((k, group))
        group.append([x * k])
    groups = sorted(groups, key=lambda t: -t[0])
    largest = max(groups, key=lambda t: t[0])
    total = (largest[1][0][0] * x).sum()
    for i, (_, group) in enumerate(groups):
        total += (group[0][0] ** 2).sum() * (i + 1)
    return total


@program(lambda: (rand(2),), tags=("lists", "tuples", "slices"))
def slices_and_sums_of_lists_that_are_filled_later(x):
    groups = []
    for k in range(4):
        group = []
        groups.append((k, group))
        group.append([x * k])
    total = 0.0
    for _, group in groups[1::2]:
        total += (group[0][0] ** 2).sum()
    for _, group in groups + groups[:1]:
        total += (group[0][0] * x).sum()
    return total


@program(lambda: (rand(2),), tags=("lists", "tuples", "aliases"))
def lists_in_two_lists_are_filled_through_one(x):
    pairs, groups = [], []
    for k in range(3):
        group = []
        pairs.append((group, 1))
        groups.append(group)
        group.append([x * k])
    for group in groups:
        group.append([x])
    total = 0.0
    for group, _ in pairs:
        for (v,) in group:
            total += (v * v).sum()
    return total


@program(lambda: (rand(2),), tags=("lists", "tuples", "aliases"))
def arrays_of_lists_in_two_lists_are_written_through_one(x):
    pairs, groups = [], []
    for k in range(3):
        group = []
        pairs.append((group, 1))
        groups.append(group)
        group.append((x * k, k))
    for group in groups:
        group[0][0][1] = x[0] ** 2
    total = 0.0
    for group, _ in pairs:
        for v, _ in group:
            total += (v * v).sum()
    return total


@program(lambda: (rand(2),), tags=("lists", "tuples"))
def last_list_is_filled_until_it_is_full(x):
    groups = [(0, [])]
    for k in range(5):
        if len(groups[-1][1]) == 2:
            groups.append((k, []))
        groups[-1][1].append([x * k])
    total = 0.0
    for i, group in groups:
        for (v,) in group:
            total += (v * v).sum() * (i + 1)
    return total


@program(lambda: (rand(2),), tags=("lists", "tuples", "deque"))
def paths_in_a_queue(x):
    queue = deque()
    queue.append((0, []))
    total = 0.0
    while queue:
        depth, path = queue.popleft()
        if depth == 2:
            for v, y in path:
                total += v * y[0]
            continue
        for c in range(2):
            queue.append((depth + 1, [*path, (x[c] * depth, x)]))
    return total


class Member:
    def __init__(self, weight, rows):
        self.weight, self.rows = weight, rows


@program(lambda: (rand(4),), tags=("lists", "objects"))
def lists_of_objects_are_put_into_a_list_of_lists(x):
    members = [Member(x[0], [x, x])]
    for _ in range(3):
        members.append(Member(x[1], [np.cumsum(x), x]))
    groups = [[members[-1].rows[0], x]]
    for _ in range(3):
        if x[1] > 66:
            continue
        groups.append(members[-1].rows)
    groups[0].append(members[0].rows[-1])
    groups.insert(0, [groups[-1][-1], x])
    groups[-1].extend([members[-1].rows[0]])
    return np.mean(np.stack(members[0].rows)) * members[-1].weight + np.mean(np.stack(groups[-1]) ** 2)


@program(lambda: (rand(3),), tags=("lists",))
def lists_whose_kinds_tell_each_other(x):
    cosines, residuals = [], [x[0]]
    for k in range(3):
        column = []
        for v in x:
            column.append(v * v)
        for i in range(k):
            column[i], column[i + 1] = cosines[i] * column[i], column[i + 1] - cosines[i] * column[i]
        cosines.append(column[k] / np.hypot(column[k], x[k]))
        residuals.append(-cosines[k] * residuals[k])
        residuals[k] *= cosines[k]
        if abs(residuals[k + 1]) < 1e-9:
            break
    return sum(residuals) + cosines[-1]


@program(lambda: (rand(9),), tags=("lists", "tuples", "heap"))
def shortest_paths(weights):
    edges = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4), (3, 5), (4, 5)]
    neighbours = [[] for _ in range(6)]
    for k, (i, j) in enumerate(edges):
        neighbours[i].append((j, weights[k]))
        neighbours[j].append((i, weights[k]))
    distances = [math.inf] * 6
    distances[0] = 0.0
    heap = [(0.0, 0)]
    while heap:
        d, i = heapq.heappop(heap)
        if d > distances[i]:
            continue
        for j, weight in neighbours[i]:
            if d + weight < distances[j]:
                distances[j] = d + weight
                heapq.heappush(heap, (distances[j], j))
    return sum([d * (k + 1) for k, d in enumerate(distances)])
