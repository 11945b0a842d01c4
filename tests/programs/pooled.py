"""Objects and dicts in lists whose length depends on the run: changed while they are there, seen from two lists."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import math
from collections import deque, namedtuple
from dataclasses import astuple, dataclass, field
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from . import program, rand, signed


@dataclass
class Item:
    value: float
    weight: float

    def score(self):
        return self.value * self.weight

    def grow(self, by):
        self.value += by


class Body:
    def __init__(self, pos, vel, mass=1.0):
        self.pos = pos
        self.vel = vel
        self.mass = mass

    @property
    def momentum(self):
        return self.mass * self.vel

    def kinetic(self):
        return 0.5 * self.mass * np.sum(self.vel**2)


class Layer:
    def __init__(self, w, b, activation=np.tanh):
        self.w = w
        self.b = b
        self.activation = activation

    def __call__(self, h):
        return self.activation(self.w * h + self.b)


class Network:
    def __init__(self):
        self.layers = []

    def add(self, layer):
        self.layers.append(layer)
        return self

    def forward(self, h):
        for layer in self.layers:
            h = layer(h)
        return h


class Node:
    def __init__(self, value, following=None):
        self.value = value
        self.following = following
        self.children = []


class Vec:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return Vec(self.x + other.x, self.y + other.y)

    def __mul__(self, k):
        return Vec(self.x * k, self.y * k)

    def dot(self, other):
        return self.x * other.x + self.y * other.y


Point = namedtuple("Point", "a b")


class Sample(NamedTuple):
    t: float
    y: float

    def energy(self):
        return self.y**2 * self.t


@dataclass(frozen=True)
class Edge:
    i: int
    j: int
    length: float


@program(lambda: (signed(5),))
def items_read(x):
    items = [Item(v, 2 * v + 1) for v in x]
    return sum(it.value * it.weight for it in items)


@program(lambda: (signed(5),))
def items_changed_while_they_are_there(x):
    items = []
    for v in x:
        items.append(Item(v, v * v))
    total = 0.0
    for k, it in enumerate(items):
        it.value += k * it.weight
        it.weight *= 0.5
        total += it.score()
    return total * items[-1].value


@program(lambda: (signed(5),))
def one_item_in_two_lists(x):
    items = [Item(v, 1.0) for v in x]
    some = [it for it in items if it.value > 0.0]
    for it in some:
        it.grow(3.0 * it.value)
    items[0].weight = x[1]
    return sum(it.score() for it in items) + len(some) * items[0].value


@program(lambda: (signed(5),))
def best_by_key_and_sorted(x):
    items = [Item(v, math.sin(v)) for v in x]
    best = max(items, key=lambda it: it.score())
    best.value *= 2.0
    items.sort(key=lambda it: it.value, reverse=True)
    last = items.pop()
    order = sorted(items, key=Item.score)
    return 2.0 * order[0].value + order[-1].weight * last.value + 3.0 * best.value


@program(lambda: (signed(4),))
def dicts_in_a_list(x):
    rows = [{"w": v, "b": 2.0 * v, "name": "row"} for v in x]
    for row in rows:
        row["w"] += 1.0
        row["b"] = row["w"] * row["b"]
    return sum(row["w"] * row["b"] for row in rows if row["name"] == "row")


@program(lambda: (signed(4),))
def dicts_read_by_methods(x):
    rows = []
    for k in range(len(x)):
        rows.append({"a": x[k], "b": x[k - 1]})
    total = 0.0
    for row in rows:
        for key, v in row.items():
            total += v * v if key == "a" else 3.0 * v
        row.update(a=total)
        total += row.get("c", 1.0) * sum(row.values()) + len(row)
    return total + sum(rows[-1][key] for key in rows[-1])


@program(lambda: (rand(8), 3, 0.1), argnums=(0, 2))
def bodies_that_attract(x, steps, dt):
    n = len(x) // 2
    bodies = [Body(x[2 * k : 2 * k + 2] * 1.0, np.zeros(2), 1.0 + k) for k in range(n)]
    for _ in range(steps):
        for a in bodies:
            for b in bodies:
                if a is not b:
                    d = b.pos - a.pos
                    a.vel += dt * b.mass * d / (np.sum(d * d) + 0.1) ** 1.5
        for a in bodies:
            a.pos = a.pos + dt * a.vel
    return sum(b.kinetic() for b in bodies) + np.sum(bodies[0].momentum)


@program(lambda: (rand(6), 3, 0.1))
def bodies_moved_in_place(x, steps, dt):
    bodies = []
    for k in range(len(x) // 2):
        bodies.append(Body(x[2 * k : 2 * k + 2].copy(), np.ones(2) * 0.3))
    for _ in range(steps):
        for a in bodies:
            a.vel -= dt * a.pos
            a.pos += dt * a.vel
            a.pos[0] *= 0.9
    return sum(np.sum(b.pos * b.vel) for b in bodies)


@program(lambda: (rand(6), rand(3, seed=1)), argnums=(0, 1))
def layers_in_a_network(x, h):
    net = Network()
    for k in range(len(x) // 2):
        net.add(Layer(x[2 * k], x[2 * k + 1]))
    return np.sum(net.forward(h) ** 2)


@program(lambda: (rand(6), rand(3, seed=1)), argnums=(0, 1))
def layers_with_functions_of_their_own(x, h):
    net = Network()
    for k in range(len(x) // 2):
        net.add(Layer(x[2 * k], x[2 * k + 1], np.sin if k % 2 else np.tanh))
    return np.sum(net.forward(h) ** 2)


@program(lambda: (signed(5),))
def linked_list(x):
    head = None
    for v in x:
        head = Node(v, head)
    total, k = 0.0, 1
    while head is not None:
        total += k * head.value**2
        head.value = total
        k += 1
        head = head.following
    return total


@program(lambda: (signed(5),))
def nodes_with_children(x):
    nodes = [Node(v) for v in x]
    for k in range(1, len(nodes)):
        nodes[(k - 1) // 2].children.append(nodes[k])
    for node in reversed(nodes):
        for child in node.children:
            node.value += 0.5 * child.value * node.value
    return nodes[0].value


@program(lambda: (signed(5),))
def tree_summed_by_recursion(x):
    def total(node, depth):
        return node.value**depth + sum(total(child, depth + 1) for child in node.children)

    nodes = [Node(v) for v in x]
    for k in range(1, len(nodes)):
        nodes[(k - 1) // 2].children.append(nodes[k])
    return total(nodes[0], 1)


@program(lambda: (signed(5),))
def tree_changed_by_recursion(x):
    def scale(node, by):
        node.value *= by
        for child in node.children:
            scale(child, by * node.value)

    nodes = [Node(v) for v in x]
    for k in range(1, len(nodes)):
        nodes[(k - 1) // 2].children.append(nodes[k])
    scale(nodes[0], x[0])
    return sum(node.value for node in nodes)


@program(lambda: (signed(5),))
def vectors_added(x):
    vectors = [Vec(v, v * v) for v in x]
    total = Vec(0.0, 0.0)
    for v in vectors:
        total = total + v * 0.5
    vectors.append(total)
    return sum(a.dot(b) for a, b in itertools.pairwise(vectors))


@program(lambda: (signed(5),))
def namedtuples_in_a_list(x):
    points = [Point(v, v * v) for v in x]
    total = 0.0
    for p in points:
        total += p.a * p.b
    a, b = points[1]
    points[0] = points[0]._replace(a=a)
    return total + max(points, key=lambda p: p.b).a + points[0].a * b


@program(lambda: (signed(5),))
def namedtuple_class_with_a_method(x):
    samples = []
    for k, v in enumerate(x):
        samples.append(Sample(t=0.1 * k, y=v))
    samples.sort(key=lambda s: s.y)
    return sum(s.energy() for s in samples) + samples[0].y


@program(lambda: (signed(5),))
def tuples_of_numbers_and_objects(x):
    pairs = [(v * v, Item(v, 1.0)) for v in x]
    pairs.sort(key=lambda pair: pair[0])
    for weight, it in pairs:
        it.weight = weight
    return sum(it.score() * k for k, (_, it) in enumerate(pairs))


@program(lambda: (signed(5),))
def best_of_a_loop(x):
    best = None
    for v in x:
        it = Item(v, v * v)
        if best is None or it.score() > best.score():
            best = it
    best.value *= 2.0
    return best.score()


@program(lambda: (signed(5),))
def best_of_a_list(x):
    items = [Item(v, v * v) for v in x]
    best = items[0]
    for it in items[1:]:
        if it.value < best.value:
            best = it
    best.weight = 7.0
    return sum(it.score() for it in items)


@program(lambda: (signed(4),))
def a_queue_of_nodes(x):
    root = Node(x[0])
    queue = [root]
    k = 1
    total = 0.0
    while queue:
        node = queue.pop(0)
        total += node.value * math.cos(total)
        while k < len(x) and len(node.children) < 2:
            child = Node(x[k] * node.value)
            node.children.append(child)
            queue.append(child)
            k += 1
    return total


@program(lambda: (signed(4),))
def a_deque_of_objects(x):
    queue = deque(Item(v, 1.0) for v in x)
    total = 0.0
    for _ in range(6):
        it = queue.popleft()
        it.value *= 0.7
        it.weight += it.value
        total += it.score()
        queue.append(it)
    return total


@program(lambda: (signed(4),))
def objects_in_a_dict_of_run_time_keys(x):
    groups = {}
    for k in range(len(x)):
        key = int(10 * x[k]) % 3
        if key not in groups:
            groups[key] = Item(0.0, 1.0)
        groups[key].value += x[k]
        groups[key].weight *= x[k]
    return sum(it.score() for it in groups.values())


@program(lambda: (signed(4),))
def objects_made_before_the_loop(x):
    a, b = Item(x[0], 1.0), Item(x[1], 2.0)
    items = [a]
    for v in x:
        items.append(b if v > 0 else Item(v, v))
    a.value = x[2] * x[2]
    b.grow(x[3])
    return sum(it.score() for it in items)


@program(lambda: (signed(4),))
def objects_that_hold_objects(x):
    pairs = []
    for v in x:
        inner = Item(v, v + 1.0)
        pairs.append(Point(inner, Item(inner.value, inner.weight)))
        inner.value *= 2.0
    pairs[1].a.grow(x[0])
    return sum(p.a.score() * p.b.value for p in pairs)


@program(lambda: (signed(4),))
def objects_that_share_one(x):
    shared = Item(x[0], 1.0)
    holders = [SimpleNamespace(item=shared, gain=v) for v in x]
    for h in holders:
        h.item.value += h.gain * h.item.weight
        h.gain = h.item.value
    return shared.value * sum(h.gain for h in holders)


@program(lambda: (signed(4),))
def copies_of_objects(x):
    items = [Item(v, 2.0) for v in x]
    others = [copy.copy(it) for it in items]
    more = [dataclasses.replace(it, weight=it.value) for it in items]
    for it in others:
        it.grow(1.0)
    for it in items:
        it.weight = 5.0 * it.value
    return sum(a.score() * b.score() + c.score() for a, b, c in zip(items, others, more, strict=True))


@program(lambda: (signed(4),))
def frozen_edges(x):
    edges = [Edge(i, j, (x[i] - x[j]) ** 2) for i in range(len(x)) for j in range(i)]
    edges = sorted(edges, key=lambda e: e.length)
    return sum(e.length * (e.i + 2 * e.j) for e in edges[:3])


@dataclass
class Track:
    points: list = field(default_factory=list)
    best: float = 0.0

    def add(self, v):
        self.points.append(v)
        self.best = max(self.best, v)


@program(lambda: (signed(6),))
def lists_in_objects(x):
    tracks = [Track() for _ in range(len(x) // 2)]
    for k, v in enumerate(x):
        tracks[k % len(tracks)].add(v * v)
    return sum(t.best * sum(t.points) for t in tracks)


@program(lambda: (signed(4),))
def objects_removed_and_looked_for(x):
    nodes = [Node(v) for v in x]
    second = nodes[1]
    nodes.remove(second)
    found = second in nodes
    place = nodes.index(nodes[-1])
    return second.value * (2.0 if found else 3.0) + nodes[0].value * place + nodes[place].value


@program(lambda: (signed(4),))
def methods_that_return_objects(x):
    def step(it, v):
        return Item(it.value * 0.9 + v, it.weight + v * v)

    history = [Item(x[0], 1.0)]
    for v in x:
        history.append(step(history[-1], v))
    return sum(it.score() for it in history)


@program(lambda: (signed(4),))
def objects_chosen_by_a_branch(x):
    items = [Item(v, 1.0) for v in x]
    for k in range(len(items) - 1):
        a, b = items[k], items[k + 1]
        larger = a if a.value > b.value else b
        larger.value *= 0.5
    items[0], items[-1] = items[-1], items[0]
    return items[0].value * sum(it.score() for it in items)


@program(lambda: (rand(5),))
def attributes_that_change_their_kind(x):
    items = [Item(0, 1) for _ in x]
    for it, v in zip(items, x, strict=True):
        it.value = v * v
        it.weight = v
    return sum(it.score() for it in items)


@program(lambda: (signed(4), "b"))
def objects_with_names(x, wanted):
    items = []
    for k, v in enumerate(x):
        items.append(SimpleNamespace(v=v, name="a" if k % 2 else "b"))
    return sum(it.v**2 for it in items if it.name == wanted)


@program(lambda: (signed(4),))
def an_object_of_a_list_is_returned(x):
    items = [Item(v, v * v) for v in x]
    items[0].value += x[1]
    return max(items, key=lambda it: it.value).score()


class Pair(NamedTuple):
    first: float
    second: float


class Vector(NamedTuple):
    x: float
    y: float

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def __mul__(self, factor):
        return Vector(self.x * factor, self.y * factor)


class Reversed(NamedTuple):
    x: float
    y: float

    def __len__(self):
        return 7


@program(lambda: (signed(4),))
def named_tuples_in_tuples_in_a_list(x):
    items = []
    for v in x:
        items.append((v, Pair(v, v * v)))
    total = 0.0
    for scale, pair in items:
        total += scale * pair.second
    return total + items[0][1].first


@program(lambda: (signed(4),))
def neighbours_that_are_named_tuples(x):
    pairs = [Pair(v, v * v) for v in x]
    total = 0.0
    for a, b in list(itertools.pairwise(pairs)):
        total += a.first * b.second
    return total


@program(lambda: (signed(4),))
def best_pair_with_a_named_tuple(x):
    best = None
    for v in x:
        if best is None or v > best[0]:
            best = v, Pair(v, v * v)
    return best[0] * best[1].second


@program(lambda: (signed(4),))
def vectors_in_a_list_are_added(x):
    vectors = []
    for v in x:
        if v > 0.0:
            vectors.append(Vector(v, v * v))
    total = Vector(0.0, 1.0)
    for vector in vectors:
        total = total + vector * 2.0
    return total.x * total.y


@program(lambda: (signed(4),), supported=False)
def vectors_in_pairs_in_a_list_are_added(x):
    items = []
    for v in x:
        items.append((v, Vector(v, v * v)))
    total = Vector(0.0, 1.0)
    for scale, vector in items:
        total = total + vector * scale
    return total.x * total.y


@program(lambda: (signed(4),), supported=False)
def best_of_the_vectors(x):
    best = None
    for v in x:
        if best is None or v > best.x:
            best = Vector(v, v * v)
    best = best + Vector(1.0, 2.0)
    return best.x * best.y


@program(lambda: (signed(4),), supported=False)
def named_tuples_of_two_classes_in_a_list(x):
    items = []
    for v in x:
        if v > 0.0:
            items.append(Reversed(v, v))
        else:
            items.append(Pair(v, v))
    return sum(len(item) * item[0] for item in items)


@dataclass
class Reading:
    value: float
    weight: float = 2.0


@dataclass
class Estimate:
    value: float
    error: float = 5.0


@program(lambda: (signed(4),))
def objects_of_two_classes_are_taken_apart(x):
    items = []
    for v in x:
        items.append(Reading(v) if v > 0.0 else Estimate(v))
    return sum(sum(astuple(item)) * item.value for item in items)


class Measured:
    def __init__(self, v):
        self.v = v
        if v > 0.0:
            self.root = v**0.5


@program(lambda: (signed(4),), supported=False)
def object_with_an_attribute_on_one_path_is_in_a_list(x):
    first, items = Measured(x[0]), []
    for v in x:
        items.append(Measured(v))
    return sum(item.v**2 for item in items) + getattr(first, "root", 3.0)


@program(lambda: (signed(4),))
def late_attributes_that_are_objects_in_a_list(x):
    log, items = SimpleNamespace(), []
    for v in x:
        log.last = Reading(v)
        items.append(log.last)
    log.last.value *= 3.0
    return sum(item.value**2 * item.weight for item in items)
