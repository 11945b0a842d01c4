"""Copies of containers and objects, objects that are made from others, and arguments that are spread."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from . import program, rand, signed


@dataclass
class Settings:
    rate: float
    weights: np.ndarray
    log: list = field(default_factory=list)
    norm: float = field(init=False, default=0.0)

    def __post_init__(self):
        self.norm = np.sum(self.weights**2)


@program(lambda: (0.3, signed(3)), argnums=(0, 1), tags=("dataclass",))
def replaced_and_copied(rate, w):
    first = Settings(rate, w)
    second = replace(first, rate=rate * 2)
    third, fourth = copy.copy(second), copy.deepcopy(second)
    third.weights *= 2.0
    fourth.weights *= third.norm
    fourth.log.append(rate)
    third.log.append(rate * fourth.log[0])
    second.rate = 5.0
    return third.rate * np.sum(w) + np.sum(fourth.weights) * len(fourth.log) + first.log[0] + second.rate * first.rate


@program(lambda: ({"a": signed(3), "b": [signed(2), 0.5]},), tags=("dict",))
def deep_copy_of_a_tree(tree):
    kept = copy.deepcopy(tree)
    tree["a"][0] = 2.0 * kept["b"][1]
    kept["b"][0] += kept["a"][:2]
    return np.sum(tree["a"] * kept["a"]) + np.sum(tree["b"][0] * kept["b"][0])


class Model(NamedTuple):
    a: float
    b: float
    c: float


def integrate(f, y, steps, args=()):
    if not isinstance(args, tuple):
        args = (args,)
    for k in range(steps):
        y = y + 0.1 * f(y, k * 0.1, *args)
    return y


@program(lambda: (signed(3), signed(2, seed=1)), argnums=(0, 1), tags=("star",))
def parameters_spread(theta, y):
    def slope(y, t, a, b, c):
        return np.array([a * y[0] - b * y[1], c * t + y[0]])

    def any_number(y, t, *args):
        return slope(y, t, *args)

    end = integrate(slope, y, 3, args=tuple(theta))
    kept = tuple(theta)
    theta[0] = 5.0
    model = Model(*theta)._replace(b=kept[0])
    return np.sum(integrate(any_number, end, 2, args=kept) ** 2) + model.a * model.b * model.c + len(kept)


@program(lambda: (signed(4), 0.7), argnums=(0, 1), tags=("star",))
def spread_arguments_are_a_tuple(x, s):
    def repeated(*args):
        return len(args) * args[0] * args[1]

    kept = []
    for v in x:
        if v > -0.9:
            kept.append(v * s)

    def after_a_change(*args):
        kept.append(5.0)
        return len(args) * args[-1] + len(kept)

    chosen = x[x > -0.9]
    return repeated(*chosen) * s + after_a_change(*kept) + isinstance((lambda *a: a)(*chosen), tuple)


@program(lambda: (signed(4),), tags=("star", "generator"))
def generators_are_spread(x):
    def large():
        for v in x:
            if v > 0.0:
                yield v * v

    def total(first, *others):
        return first * sum(v * v for v in others) + len(others)

    def product(a, b, c, d):
        return a * b * c * d

    return product(*(v * 2.0 for v in x)) + total(1.5, *large())


@program(lambda: (rand(4),), tags=("star",))
def tuple_of_unknown_length_is_used_as_a_whole(x):
    kept = tuple(x[x > 0.3])
    return np.sum(np.array(kept) * 2)


@program(lambda: (rand(4),), tags=("star",))
def tuple_of_unknown_length_is_repeated(x):
    return (tuple(x[x > 0.3]) * 2)[1]


@program(lambda: (rand(4),), tags=("star", "loop"), supported=False)
def tuples_of_unknown_length_in_turn(x):
    kept, total = tuple(x), 0.0
    for k in range(3):
        total += kept[0] * kept[1]
        kept = tuple(x[x > 0.1 * k])
    return total


class Shape(ABC):
    @abstractmethod
    def area(self): ...

    def double(self):
        return 2 * self.area()


class Square(Shape):
    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side**2


T = TypeVar("T")


class Box(Generic[T]):
    def __init__(self, item):
        self.item = item


@program(lambda: (0.4, rand(2)), argnums=(0, 1), tags=("class",))
def abstract_and_generic_classes(side, sides):
    return sum(shape.double() for shape in [Square(side), Square(sides[1])]) + Box(sides).item[0] * side


@program(lambda: (rand(3), 3), tags=("identity", "loop"))
def array_that_is_the_last_one_or_another(x, n):
    last = x
    total = 0.0
    for k in range(n):
        y = x * (k + 1.0)
        if k % 2 == 0:
            last = y
        if last is y:
            total += np.sum(y**2)
        else:
            total += np.sum(last * y * y)
    return total


@program(lambda: (rand(3), 3), tags=("identity", "loop"))
def arrays_beside_themselves_and_others(x, n):
    total = 0.0
    for i in range(n):
        a = x * (i + 1.0)
        for j in range(n):
            b = a if i == j else x * (j + 2.0)
            if a is not b:
                total += np.sum(np.sin(a) * b)
            else:
                total += np.sum(np.exp(-a))
    return total
