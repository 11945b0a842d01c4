"""Classes derived from numbers, tuples, lists, dicts and arrays, with operators of their own."""

from __future__ import annotations

import enum
import math
from typing import NamedTuple

import numpy as np

from . import program, rand


class Vector(NamedTuple):
    x: float
    y: float

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def __mul__(self, factor):
        return Vector(factor * self.x, factor * self.y)

    __rmul__ = __mul__

    def __neg__(self):
        return Vector(-self.x, -self.y)

    def __abs__(self):
        return math.hypot(self.x, self.y)

    def __lt__(self, other):
        return abs(self) < abs(other)

    def __eq__(self, other):
        return self.x == other.x


class Pairs(NamedTuple):
    left: tuple
    right: tuple

    def __len__(self):
        return len(self.left)

    def __getitem__(self, k):
        return self.left[k] * self.right[k]

    def __iter__(self):
        for a, b in zip(self.left, self.right, strict=True):
            yield a - b


class Decibel(float):
    """Adds as powers do, and is a plain number then."""

    def __add__(self, other):
        return 10.0 * math.log10(10.0 ** (float(self) / 10.0) + 10.0 ** (other / 10.0))

    __radd__ = __add__


class Steps(np.float64):
    def __mul__(self, other):
        return other + float(self)


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2

    def __lt__(self, other):
        return int(self) > int(other)


class Reversed(list):
    def __getitem__(self, k):
        return list.__getitem__(self, -1 - k)


class Defaults(dict):
    def __missing__(self, key):
        return 7.0


class Summed(np.ndarray):
    def __mul__(self, other):
        return np.asarray(self) + other


NOISE = Decibel(3.0)
LENGTH = Steps(3.0)
TABLE = Reversed([1.0, 2.0, 4.0])
OPTIONS = Defaults(a=1.0)


@program(lambda: (0.7, 1.2), argnums=(0, 1), tags=("namedtuple", "operators"))
def named_tuple_with_operators(a, b):
    p, q = Vector(a, b * b), Vector(b, 0.5)
    total = 2.0 * (p + q * a) + -p
    larger = p if p < q else q
    return abs(total) * larger.x + (total.y if p == q else total.x)


@program(lambda: (Vector(0.7, 1.2), 0.4), argnums=(0, 1), tags=("namedtuple", "operators"))
def named_tuple_argument_with_operators(v, h):
    for _ in range(3):
        v = v + Vector(-v.y, v.x) * h
    return abs(v) * v[0]


@program(lambda: (rand(3),), tags=("namedtuple", "operators"))
def named_tuple_that_counts_in_its_own_way(x):
    pairs = Pairs((x[0], x[1], x[2]), (x[2], x[0] * x[0], 1.0))
    total = pairs[1] * len(pairs)
    for k, d in enumerate(pairs):
        total += k * d * d
    return total + (pairs.left[0] if pairs else 0.0)


@program(lambda: (4.0,), tags=("float", "operators"))
def float_with_an_addition_of_its_own(x):
    return NOISE + x * x + (NOISE + x) * NOISE


@program(lambda: (rand(3), Level.HIGH), tags=("enum", "operators"))
def enum_with_an_order_of_its_own(x, level):
    return x[0] * x[1] if level < Level.LOW else x[2] * level


@program(lambda: (0.7,), tags=("float", "operators"))
def numpy_float_with_a_product_of_its_own(x):
    return LENGTH * x + x * x + x * LENGTH


@program(lambda: (0.7,), tags=("float", "operators"), supported=False)
def float_with_operators_made_inside(x):
    return Decibel(x) + 1.0


@program(lambda: (Steps(0.7),), tags=("float", "operators"), supported=False)
def argument_of_a_class_derived_from_float64(x):
    return x * x


@program(lambda: (0.7,), tags=("list", "operators"), supported=False)
def list_indexed_in_its_own_way(x):
    return x * TABLE[0]


@program(lambda: (0.7,), tags=("dict", "operators"), supported=False)
def dict_with_a_value_for_what_is_missing(x):
    return x * OPTIONS["a"]


@program(lambda: (rand(3),), tags=("array", "operators"), supported=False)
def array_seen_as_a_class_of_its_own(x):
    return np.sum(np.array([1.0, 2.0, 3.0]).view(Summed) * x)


@program(lambda: (rand(2, 2),), tags=("matrix", "operators"), supported=False)
def product_with_a_matrix(x):
    return np.sum(np.matrix([[1.0, 2.0], [3.0, 4.0]]) * x)


@program(lambda: (rand(2),), tags=("masked array", "operators"), supported=False)
def product_with_a_masked_array(x):
    return np.sum(np.ma.array([1.0, 2.0], mask=[False, True]) * x)
