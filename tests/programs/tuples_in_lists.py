"""Tuples in lists whose length depends on the run: put into other lists, and read as a whole."""

from __future__ import annotations

import collections
import dataclasses
import functools
import itertools
import operator

import numpy as np

from . import program, rand

POINT = (0.7, 0.4, 1.3, 0.9)


def point():
    return (np.array(POINT),)


def pairs(x):
    return [(v * v, v) for v in x if v > 0.1]


def segments(x):
    return [((v, 2.0), (v * v, v * x[0])) for v in x if v > 0.1]


def weighted(tuples):
    return sum([t[0] * t[1] * (k + 1) for k, t in enumerate(tuples)])


@program(point, tags=("list", "tuple"))
def array_of_segments(x):
    return np.sum(np.array(segments(x)) ** 2) * x[1]


@program(point, tags=("list", "tuple"))
def array_of_tuples_of_lists(x):
    rows = [([v, 2.0], [v * v, v]) for v in x if v > 0.1]
    return np.sum(np.array(rows) ** 2) * x[1]


@program(point, tags=("list", "tuple"))
def array_of_tuples_of_tuples_of_arrays(x):
    rows = [((x * v, x), (x[0] * x, x)) for v in x if v > 0.1]
    return np.sum(np.array(rows) ** 2) * x[1]


@program(point, tags=("list", "tuple"))
def array_of_a_tuple_of_segments(x):
    return np.sum(np.array(tuple(segments(x))) ** 2)


@program(point, tags=("list", "tuple", "dict"))
def array_of_segments_in_a_dict(x):
    made = {}
    for k in range(len(x)):
        made[k] = ((x[k], 2.0), (x[k] ** 2, 1.0))
    return np.sum(np.array(list(made.values())) ** 2)


@program(point, tags=("list", "tuple"))
def array_of_a_product_of_iterators(x):
    rows = list(itertools.product(enumerate(x), x.reshape(2, 2)))
    return np.sum(np.asarray(rows, dtype=float)) * x[1]


@program(point, tags=("list", "tuple"))
def starts_and_ends_of_segments(x):
    made = segments(x)
    starts, ends = [p for p, q in made], [q for p, q in made]
    return np.sum(np.array(starts) * np.array(ends)) + weighted(starts) * weighted(ends)


@program(point, tags=("list", "tuple", "branch"))
def ends_and_some_starts(x):
    kept = []
    for p, q in segments(x):
        if p[0] > 0.5:
            kept.append(p)
        kept.append(q)
    return weighted(kept)


@program(point, tags=("list", "tuple", "branch"))
def best_so_far_in_a_list(x):
    made = segments(x)
    best, kept = made[0][0], []
    for p, _ in made:
        best = p if p[0] > best[0] else best
        kept.append(best)
    return weighted(kept)


@program(point, tags=("list", "tuple", "none"))
def best_or_none_in_a_list(x):
    best, kept = None, []
    for p, _ in segments(x):
        kept.append(best)
        if best is None or p[0] > best[0]:
            best = p
    return sum([t[0] * t[1] * k for k, t in enumerate(kept) if t is not None])


@program(point, tags=("list", "tuple"))
def current_tuple_is_pushed_and_popped(x):
    stack, kept = [(x[0], 1.0)], []
    current = stack[0]
    for v in x:
        stack.append(current)
        current = stack.pop() if v > 1 else (v, current[0])
        kept.append(current)
    return np.sum(np.array(kept) ** 2) + sum([a * b for a, b in kept]) + sum([s[0] for s in stack])


@program(point, tags=("tuple", "none"))
def tuple_of_tuples_or_none_as_an_array(x):
    box = None
    if x[0] < 5:
        box = ((x[0], x[1]), (x[2], x[3]))
    corners = np.asarray(box)
    return np.sum(corners**2) + np.sum(box) * np.max(box) + np.dot(box[0], box[1]) + corners[0] @ corners[1]


@program(point, tags=("tuple", "none", "loop"))
def best_box_so_far_as_an_array(x):
    best = None
    for k in range(3):
        if best is None or x[k] > best[0][0]:
            best = ([x[k], x[k + 1]], [x[k] * 2, 1.0])
    return np.sum(np.array([best, best]) ** 3) + np.sum(np.dot(best, best))


@program(point, tags=("tuple", "none"))
def norm_of_a_part_of_a_tuple_or_none(x):
    made = None
    if x[0] < 5:
        made = ((x[0], x[1]), x[2])
    a, b = made
    return np.linalg.norm(a) * b


@program(point, tags=("tuple",))
def tuple_times_a_number_of_the_run(x):
    count = 0
    for v in x:
        if v > 0.5:
            count += 1
    return sum((x[0], x[1]) * count) + sum(count * (x[2], x[3]))


@program(lambda: (np.linspace(0.2, 1.4, 18).reshape(2, 3, 3),), tags=("diagonal",))
def diagonals_of_a_stack(x):
    return np.sum(np.diagonal(x, axis1=1, axis2=2) ** 2 * x[0, 0])


@program(point, tags=("squeeze",))
def squeezed_to_a_number(x):
    return np.sum(np.squeeze(x[:1])) * x[1]


@dataclasses.dataclass
class Node:
    pair: tuple
    left: object = None
    right: object = None

    def area(self):
        return self.pair[0] * self.pair[1] + (self.left.area() if self.left is not None else 0.0)


def chain(x):
    node = None
    for k in range(len(x) - 1):
        node = Node((x[k], x[k + 1]), node)
    return node


def tree(x, i, j):
    if i > j:
        return None
    m = (i + j) // 2
    return Node((x[m], x[m] ** 2), tree(x, i, m - 1), tree(x, m + 1, j))


def weight(node):
    if node is None:
        return 0.0
    return node.pair[0] * node.pair[1] + weight(node.left) * weight(node.right) + weight(node.left)


def collected(node, out):
    if node is not None:
        out.append(node.pair)
        collected(node.left, out)


@program(point, tags=("object", "recursion", "tuple"))
def areas_of_linked_nodes(x):
    return chain(x).area()


@program(point, tags=("object", "recursion", "tuple"))
def pairs_of_linked_nodes(x):
    out = []
    collected(chain(x), out)
    return weighted(out)


@program(point, tags=("object", "recursion", "tuple"))
def weight_of_a_tree_of_pairs(x):
    return weight(tree(x, 0, len(x) - 1))


@program(point, tags=("list", "dict"))
def groups_of_rows_in_a_defaultdict(x):
    groups = collections.defaultdict(list)
    for k, v in enumerate(x):
        groups[k % 2].append([v, x[0]])
    return np.sum(np.array(groups[0]) ** 2) + sum([p[0] * p[1] for p in groups[1]]) + len(groups[2])


@program(point, tags=("list", "tuple", "dict"))
def groups_of_segments_in_a_defaultdict(x):
    groups = collections.defaultdict(list)
    for k, v in enumerate(x):
        groups[k % 2].append(((v, x[0]), (v * v, 1.0)))
    total = sum(np.sum(np.array(groups[k]) * (k + 1)) for k in range(2))
    return total + sum([a * d + b * c for (a, b), (c, d) in groups[0]])


@program(point, tags=("list", "tuple", "none"), supported=False)
def tuples_of_tuples_take_the_place_of_none(x):
    kept = [None] * len(x)
    for k, v in enumerate(x):
        kept[k] = (v, (v * x[0], 1.0))
    return sum([p * q[0] * (k + 1) for k, (p, q) in enumerate(kept)])


class Groups:
    def __init__(self, factory):
        self.factory, self.made = factory, {}

    def get(self, key):
        if key not in self.made:
            self.made[key] = self.factory()
        return self.made[key]


@program(point, tags=("list", "dict", "object"))
def groups_that_an_object_makes(x):
    groups = Groups(list)
    for k, v in enumerate(x):
        groups.get(k % 2).append([v, x[0]])
    return sum([p[0] * p[1] for p in groups.get(0)]) + np.sum(np.array(groups.get(1)))


@program(point, tags=("iterators",))
def running_totals_of_nothing(x):
    few = [v for v in x if v > 5]
    return sum(itertools.accumulate(few)) + sum([v * k for k, v in enumerate(itertools.accumulate(x * x))])


@program(point, tags=("keywords",))
def powers_by_keyword(x):
    return pow(base=x[0], exp=3) + pow(x[1], exp=2) + pow(7, 2, mod=5) * np.sum(np.clip(a=x, a_min=x[1], a_max=x[3]))


@program(point, tags=("list", "tuple"))
def segments_turned_round(x):
    turned = [(q, p) for p, q in segments(x)]
    return sum([u[0][0] * u[1][0] * k for k, u in enumerate(turned)])


@program(point, tags=("list", "tuple"))
def tuples_in_another_list_change_places(x):
    made = pairs(x)
    kept = list(made)
    kept[0] = made[-1]
    kept.insert(1, made[2])
    return weighted(kept) + np.sum(np.array(kept) ** 2)


@program(point, tags=("list", "tuple"))
def tuples_filtered_sorted_and_popped(x):
    kept = sorted([t for t in pairs(x) if t[0] > 0.2], key=lambda t: -t[1])
    last = kept.pop()
    return weighted(kept) + last[0]


@program(point, tags=("list", "tuple"))
def one_tuple_in_several_places(x):
    made = pairs(x)
    first = made[0]
    kept = [first, first, made[1]]
    kept.append(first)
    return weighted(kept)


@program(point, tags=("list", "tuple", "while"))
def queue_of_tuples_that_are_kept(x):
    queue, done, total = [(x[0], 0)], [], 0.0
    while queue:
        item = queue.pop(0)
        done.append(item)
        v, k = item
        total = total + v * v
        if k < 3:
            queue.append((v * x[k + 1], k + 1))
    return total * sum([d[0] for d in done])


@program(point, tags=("tuple", "star"))
def tuples_of_unknown_length_are_repeated(x):
    kept = tuple([v * v for v in x if v > 0.3])
    return weighted(list(zip(kept * 2, 2 * kept, strict=True)))


@program(point, tags=("list", "operator"))
def functions_of_operator_on_sequences(x):
    kept = [v * v for v in x if v > 0.3]
    both = operator.concat(kept, operator.mul([x[0], x[1]], 2))
    operator.iadd(both, kept)
    operator.iconcat(both, [x[2]])
    larger = operator.lt(kept, both) + operator.ne(kept, both) + operator.countOf([1, 2, 1], 1)
    folded = functools.reduce(operator.add, [[v] for v in x])
    place = operator.indexOf(["a", "b", "c"], "c")
    return sum([v * k for k, v in enumerate(both)]) * larger + folded[place] * operator.contains([3, 4], 4)


@program(point, tags=("list", "none"))
def containers_are_compared_with_other_things(x):
    table, pair, items = {"a": x[0]}, (x[0], x[1]), [x[0], x[1]]
    found = (table != None) + (pair == None) + (items != "ab") + (pair != 3.0)  # noqa: E711
    return found * x[0] * table["a"] + sum(items) * (operator.is_(items, True) + 2)


@program(point, tags=("list",))
def distance_of_lists_of_two_kinds(x):
    from math import dist

    return dist([x[0], x[1], x[2], x[3]], [v * v for v in x if v > 0.1])


@program(point, tags=("list", "try"))
def greatest_array_is_caught(x):
    try:
        total = np.sum(max([x, x * 2]))
    except ValueError:
        total = x[0] * 3
    return total


@program(lambda: (rand(4),), tags=("lists", "tuples"))
def rows_of_unknown_kind_in_tuples_read_as_a_whole(x):
    pairs, ends = [], []
    for k in range(len(x)):
        pairs.append(([x[k], sum(v * v for v in x if v > 0.5)], [np.tanh(x[k]), x[-k - 1] * 2.0]))
    for _, q in pairs:
        ends.append(q)
    return np.sum(np.array(pairs) ** 2) + np.sum(np.array(ends) ** 3) + sum([a * b for a, b in ends])


@program(lambda: (rand(4),), tags=("lists", "tuples"))
def rows_of_unknown_kind_written_after_they_were_read(x):
    pairs = []
    for k in range(len(x)):
        pairs.append(([x[k], sum(v for v in x if v > 0.5)], k))
    rows = np.array([row for row, k in pairs])
    for row, k in pairs:
        row[1] = row[1] * x[k]
    return np.sum(rows**2) + np.sum(np.array([row for row, k in pairs]) ** 3)


@program(lambda: (rand(4),), tags=("list",))
def displays_are_put_into_places_of_lists_of_lists(x):
    rows, either = [], sum(v for v in x if v > 0.3)
    for k in range(3):
        rows.append([x[k], k * 1.0])
    rows[0] = [x[0], x[1]]
    rows[-1] = [either, x[2] * either]
    twice = rows[0] * 2
    return twice[-1] * len(twice) + rows[1][0] * sum(rows[-1])


Point = collections.namedtuple("Point", "x y")


@program(point, tags=("list", "namedtuple"))
def differences_of_named_tuples(x):
    corners = [Point(v, v * v) for v in x]
    total = 0.0
    for k, j in ((0, 1), (1, 2), (2, 3)):
        d = np.array(corners[k]) - np.array(corners[j])
        total = total + d @ d * (k + 1)
    return total


@program(point, tags=("list", "namedtuple"))
def dots_of_named_tuples(x):
    first, last = Point(x[0], x[1] ** 2), Point(x[2] * x[3], x[1])
    return np.dot(first, last) * np.linalg.norm(first) + np.hypot(*last)


@program(point, tags=("list", "namedtuple"))
def array_of_named_tuples_found(x):
    found = [Point(v, v * v) for v in x if v > 0.5]
    return np.array(found[-1]) @ np.array(found[0]) * np.linalg.norm(found[1])


@program(point, tags=("tuple", "write"))
def tuples_are_written_to_parts_of_arrays(x):
    y = x * x
    y[:2] = (x[1], 2.0)
    m = np.outer(x, x)
    m[1, :2] = (x[1] * x[0], 2.0)
    return np.sum(y * y) * np.sum(m * m)
