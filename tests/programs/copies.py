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
