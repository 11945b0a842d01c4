"""Recursive functions that return objects, dicts and tuples of them, or hand lists on that grow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from . import program, rand


@dataclass(frozen=True)
class _Point:
    x: float
    y: float

    def __add__(self, other):
        return _Point(self.x + other.x, self.y + other.y)

    def __mul__(self, other):
        if isinstance(other, _Point):
            return _Point(self.x * other.x, self.y * other.y)
        return _Point(self.x * other, self.y * other)


class _Node:
    def __init__(self, value, left=None, right=None):
        self.value, self.left, self.right = value, left, right


def _depth_sum(node, depth):
    if node is None:
        return 0.0
    return node.value**depth + _depth_sum(node.left, depth + 1) + _depth_sum(node.right, depth + 1)


@program(lambda: (1.3, 0.7, 3), argnums=(0, 1), tags=("recursion", "objects"))
def point_by_recursion(s, t, n):
    def walk(k, point):
        return point if k <= 0 else walk(k - 1, point * s) + _Point(t, k * s)

    end = walk(n, _Point(s, t))
    return end.x * end.y


@program(lambda: (1.3, 0.7, 3), argnums=(0, 1), tags=("recursion", "dicts"))
def dict_by_recursion_that_is_changed(s, t, n):
    def state(k):
        if k == 0:
            return {"a": s, "b": t}
        known = state(k - 1)
        known["a"] *= t
        return known

    last = state(n)
    last["b"] += 1.0
    return last["a"] * last["b"]


@program(lambda: (rand(5),), tags=("recursion", "objects"))
def search_tree(x):
    def insert(node, v):
        if node is None:
            return _Node(v)
        if v < node.value:
            node.left = insert(node.left, v)
        else:
            node.right = insert(node.right, v)
        return node

    root = None
    for v in x:
        root = insert(root, v)
    return _depth_sum(root, 1)


@program(lambda: (1.3, 0.7, 3), argnums=(0, 1), tags=("recursion", "objects"))
def argument_returned_and_changed(s, t, n):
    def held(k, node):
        return _Node(t, node) if k <= 0 else held(k - 1, node)

    first = _Node(t)
    second = held(n, first)
    first.value = s * s
    return second.left.value * second.value


@program(lambda: (1.3, 0.7, 3), argnums=(0, 1), tags=("recursion", "objects"))
def one_object_under_two_names(s, t, n):
    def pair(k):
        if k <= 0:
            shared = _Node(s)
            return _Node(t, shared, shared)
        return pair(k - 1)

    found = pair(n)
    found.left.value *= t
    return found.right.value * found.value


@program(lambda: (1.3, 0.7, 3), argnums=(0, 1), tags=("recursion", "tuples"))
def tuple_of_an_object_and_a_number(s, t, n):
    def walk(k):
        if k == 0:
            return _Point(s, t), 1.0
        point, weight = walk(k - 1)
        return point * s, weight * t + point.x

    point, weight = walk(n)
    return point.y * weight


@program(lambda: (1.3, 0.7, 3), argnums=(0, 1), tags=("recursion", "tuples", "lists"))
def tuple_of_a_list_and_a_number(s, t, n):
    def walk(k):
        if k == 0:
            return [s], t
        values, weight = walk(k - 1)
        return [*values, weight * s], weight * t

    values, weight = walk(n)
    return sum(v * weight for v in values) * values[1]


@program(lambda: (rand(5), 0.7, 4), argnums=(0, 1), tags=("recursion", "lists"))
def list_of_arrays_that_a_recursion_fills(x, t, n):
    parts = []

    def fill(k, found):
        found.append(x[:k] * t)
        if k > 0:
            fill(k - 1, found)

    fill(n, parts)
    return sum(np.sum(part) ** 2 for part in parts)


@program(lambda: (rand(5), 0.7, 4), argnums=(0, 1), tags=("recursion", "lists"))
def list_of_arrays_outside_that_a_recursion_fills(x, t, n):
    parts = [x]

    def fill(k):
        parts.append(x[:k] * t)
        if k > 0:
            fill(k - 1)

    fill(n)
    return sum(np.sum(part) ** 2 for part in parts)


@dataclass
class _Sphere:
    centre: float
    radius: float
    shine: float = 0.3

    def hit(self, origin, slope):
        offset = origin - self.centre
        inside = (offset * slope) ** 2 - offset * offset + self.radius**2
        return None if inside < 0.0 else -offset * slope - math.sqrt(inside)


def _colour(origin, slope, scene, depth):
    nearest, found = math.inf, None
    for sphere in scene:
        t = sphere.hit(origin, slope)
        if t is not None and t < nearest:
            nearest, found = t, sphere
    if found is None:
        return _Point(0.1, 0.1 * slope)
    colour = _Point(slope, origin) * nearest
    if depth < 2 and found.shine > 0.0:
        colour = colour + _colour(origin + 0.1 * slope, slope, scene, depth + 1) * found.shine
    return colour * _Point(0.5, 0.7)


@program(lambda: (0.9, 1.3, 0.95), argnums=(0, 1, 2), tags=("recursion", "objects", "None"))
def rays(centre, radius, slope):
    scene = [_Sphere(centre, radius), _Sphere(4.0, 1.0, shine=0.5)]
    colour = _colour(0.0, slope, scene, 0)
    return colour.x * colour.y


@program(lambda: (1.3, 0.7, 3), argnums=(0, 1), tags=("recursion", "objects"))
def object_by_recursion_that_is_changed(s, t, n):
    def node(k):
        if k == 0:
            return _Node(s)
        known = node(k - 1)
        known.value *= t
        return known

    last = node(n)
    last.value += s
    return last.value * last.value


@program(lambda: (1.3, 0.7, 3), argnums=(0, 1), tags=("recursion", "lists"))
def loop_over_what_a_recursion_returns(s, t, n):
    def scaled(k):
        if k == 0:
            return [s]
        found = [t]
        for v in scaled(k - 1):
            found.append(v * s)
        return found

    def starred(k):
        return [s] if k == 0 else [*starred(k - 1), s * t]

    def extended(k):
        if k == 0:
            return [t]
        found = extended(k - 1)
        found.append(s * k)
        return found

    return sum(scaled(n)) * sum(starred(n)) + sum(v * v for v in extended(n))


@program(lambda: (rand(3), 0.7), argnums=(0, 1), tags=("recursion", "lists"))
def permutations_and_subsets(x, t):
    def permutations(items):
        if len(items) <= 1:
            return [items]
        found = []
        for i in range(len(items)):
            for rest in permutations(items[:i] + items[i + 1 :]):
                found.append([items[i], *rest])
        return found

    def subsets(k):
        if k == 0:
            return [[]]
        fewer = subsets(k - 1)
        return fewer + [[*chosen, x[k - 1]] for chosen in fewer]

    ordered = sum(p[0] * p[1] ** 2 * t for p in permutations([x[0], x[1], t]))
    return ordered + sum(math.prod(chosen) * t for chosen in subsets(3))


@program(lambda: (rand(4), 3), tags=("recursion", "arrays"))
def arrays_that_a_recursion_joins(x, n):
    def haar(a):
        if len(a) == 1:
            return a
        return np.r_[haar((a[::2] + a[1::2]) / 2), (a[::2] - a[1::2]) * len(a)]

    def shifted(k):
        if k == 0:
            return x
        total = np.zeros(len(x))
        for i, v in enumerate(shifted(k - 1)):
            total[i - 1] += v * x[i]
        return total

    return np.sum(haar(x) ** 2) * np.sum(shifted(n))
