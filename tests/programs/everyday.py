"""Python as people write it: effects in subscripts, orders of evaluation, targets, objects with operators, closures."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import reduce, wraps

import numpy as np

from . import program, rand


class Counted:
    def __init__(self, value):
        self.value = value
        self.asked = 0

    def itself(self):
        self.asked += 1
        return self


class Vector:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        return self if isinstance(other, int) and other == 0 else Vector(self.x + other.x, self.y + other.y)

    __radd__ = __add__

    def __neg__(self):
        return Vector(-self.x, -self.y)

    def __sub__(self, other):
        return self + (-other)

    def __mul__(self, factor):
        return (
            self.x * factor.x + self.y * factor.y if isinstance(factor, Vector) else Vector(*(factor * v for v in self))
        )

    __rmul__ = __mul__

    def __matmul__(self, other):
        return self.x * other.y - self.y * other.x

    def __iadd__(self, other):
        self.x += other.x
        self.y += other.y
        return self

    def __pow__(self, n):
        return (self * self) ** (n / 2)

    def __divmod__(self, d):
        return Vector(self.x // d, self.y // d), Vector(self.x % d, self.y % d)

    def __float__(self):
        return float(self.x)

    def __iter__(self):
        yield self.x
        yield self.y

    def __getitem__(self, k):
        return (self.x, self.y)[k]

    def __setitem__(self, k, value):
        if k == 0:
            self.x = value
        else:
            self.y = value

    def __contains__(self, value):
        return value is self.x


class Temperature:
    def __init__(self, celsius):
        self._celsius = celsius

    @property
    def fahrenheit(self):
        return self._celsius * 1.8 + 32.0

    @fahrenheit.setter
    def fahrenheit(self, value):
        self._celsius = (value - 32.0) / 1.8


@dataclass
class Box:
    width: float
    height: float = 0.5
    tags: list = field(default_factory=list)


def doubled(f):
    @wraps(f)
    def wrapper(*args, **kwargs):
        return 2.0 * f(*args, **kwargs)

    return wrapper


def repeated(n):
    def decorate(f):
        def wrapper(v):
            for _ in range(n):
                v = f(v)
            return v

        return wrapper

    return decorate


@doubled
def product(a, b=3.0, /, *rest, scale=1.0, **others):
    return a * b * scale + sum(rest) * len(others) + sum(others.values())


@repeated(3)
def bent(v):
    return math.sin(v) * 1.1


@program(lambda: (rand(5),), tags=("slices",))
def slices_that_run_backwards(x):
    y = x[::-1].copy()
    y[::-2] *= x[::2]
    y[-2::-1] += y[1:]
    return np.sum(y * np.arange(5)) + x[...][-1:-4:-2].sum()


@program(lambda: (rand(5),), tags=("order",))
def subscripts_with_effects(x):
    calls = []

    def place():
        calls.append(1)
        return len(calls)

    y = x.copy()
    y[place()] += x[place()] * y[place()]
    y[place() - 4 : place()] *= place()
    return np.sum(y * np.arange(5)) * len(calls)


@program(lambda: (rand(3),), tags=("order", "attributes"))
def targets_with_effects(x):
    c = Counted(x[0])
    c.itself().value *= x[1]
    c.itself().itself().value += c.asked * x[2]
    return c.value * c.asked


@program(lambda: (rand(4),), tags=("order",))
def order_of_operands(x):
    log = []

    def noted(name, v):
        log.append(name)
        return v

    total = noted(1, x[0]) * noted(2, x[1]) + noted(3, x[2]) ** noted(4, 2)
    total += {noted(5, "a"): noted(6, x[3])}["a"] if noted(7, 0) < noted(8, 1) < noted(9, 0) else 0.0
    weight = 1
    for k in log:
        weight = (weight * 2 + k) % 1000
    return total * weight


@program(lambda: (rand(5),), tags=("targets",))
def several_targets(x):
    y = x.copy()
    y[0], y[1] = y[1], y[0]
    k = 0
    k, y[k] = 2, 9.0
    (y[k], y[3]), z = (y[3], y[2]), y[4]
    a = b = y * 2.0
    a[0] = 5.0
    b += y
    return np.sum(y * np.arange(5)) + z + np.sum(a) + b[1]


@program(lambda: (rand(5),), tags=("operators",))
def vectors_with_operators(x):
    a, b = Vector(x[0], x[1]), Vector(2.0, 0.5)
    c = a
    c += Vector(x[2], x[3])
    total = sum([a, c, b])
    a[0] = x[4]
    a[1] *= 2.0
    _, rest = divmod(total, 0.3)
    inside = 1.0 if c.x in a else 2.0
    return a @ b + (2.0 * total) * (b - a) + total**4 + rest.x + float(a) * inside + c[-1]


@program(lambda: (rand(2),), tags=("property",))
def property_updated_in_place(x):
    t = Temperature(x[0])
    t.fahrenheit = t.fahrenheit * x[1]
    t.fahrenheit += 3.0
    return t._celsius * t.fahrenheit


@program(lambda: (rand(5),), tags=("match",))
def areas_of_many_shapes(x):
    def area(shape):
        match shape:
            case Box(width=a, height=b) if a > b:
                return a * b
            case Box(a, b):
                return a + b
            case (a, b) | [a, b, _]:
                return a - b
            case {"radius": r, **rest}:
                return r**2 * len(rest)
            case _:
                return shape

    total = area(Box(x[0], 0.01)) + area(Box(0.1, x[1])) + area((x[2], x[3])) + area({"radius": x[4], "z": 1})
    return total + area([x[0], x[1], 2]) * area(x[2])


@program(lambda: (rand(5),), tags=("arguments", "decorator"))
def arguments_of_every_kind(x):
    total = product(x[0]) + product(x[1], x[2], scale=x[3]) + bent(x[4])
    return total + product(x[0], x[1], x[2], 2.0, p=x[3], q=x[4]) + product(*(x[1], x[2]), **{"scale": x[3]})


@program(lambda: (rand(3),), tags=("closures",))
def functions_made_of_functions(x):
    def composed(*functions):
        return reduce(lambda f, g: lambda v: g(f(v)), functions)

    late = [lambda v: v * k for k in range(3)]  # noqa: B023
    early = [lambda v, k=k: v * k for k in range(3)]
    total = sum(f(x[1]) for f in late) + sum(f(x[2]) for f in early)
    return composed(np.sin, lambda v: v * 2.0, math.exp)(x[0]) + total


@program(lambda: (rand(6),), tags=("iterators",))
def pairs_from_one_iterator(x):
    items = iter(x)
    total = 0.0
    for v in items:
        total += v * next(items, 1.0)
    k = -1
    while (k := k + 1) < len(x) and x[k] < 0.9:
        total += k * x[k]
    return total


@program(lambda: (rand(5),), tags=("dispatch",))
def sums_by_kind(x):
    def total(v):
        if isinstance(v, (list, tuple)):
            return sum(map(total, v))
        if isinstance(v, dict):
            return sum(total(w) for w in v.values())
        return np.sum(v) * 2.0 if isinstance(v, np.ndarray) else v * 3.0

    chosen = {True: x[0], False: x[1]}[bool(x[2] > 0)] * (x[0], x[1])[int(x[3] > 5)]
    return total([x[0], (x[1], {"a": x[2]}), x]) + chosen - (-x[1]) ** 2 + 2 ** -x[2] + ~3 * x[3] - 7 % -3 * x[1]


@program(lambda: (rand(5),), tags=("buffers",))
def two_buffers_by_number(x):
    buffers = np.zeros((2, 5))
    current, following = 0, 1
    buffers[current] = x
    for _ in range(3):
        buffers[following] = np.roll(buffers[current], 1) * x
        current, following = following, current
    return buffers[current].sum()


@program(lambda: (rand(5),), tags=("lists", "write"))
def lists_and_tuples_change_arrays(x):
    y = x * 1.5
    y[1:3] = [x[0] ** 2, 3.0]
    y[[0, 3]] += [x[1], x[2]]
    y += [1.0, x[0], x[1], x[2], 2.0]
    y *= (1.0, 2.0, 3.0, x[0], 1.0)
    scales = []
    for k in range(5):
        scales.append(x[k] * k + 1.0)
    y -= scales
    y[1:] /= scales[1:]
    return np.sum(y**2)


@program(lambda: (rand(5),), tags=("lists", "write"))
def lists_are_added_at_indices(x):
    bins, weights = np.zeros(4), []
    for k in range(3):
        weights.append(x[k] ** 2)
    np.add.at(bins, [0, 2, 0], weights)
    np.subtract.at(bins, [1, 1], [x[3], 2.0])
    np.add.at(bins, 3, x[0])
    np.multiply.at(bins, np.array([0, 0, 3]), [x[1], x[2], x[3]])
    return np.sum(np.sin(bins))


@program(lambda: (rand(5),), tags=("lists",))
def lists_are_operands(x):
    total = np.einsum("i,i->", [x[0], 2.0], x[1:3]) + np.dot([x[0], x[1], 2.0], x[:3])
    total += np.sum(np.multiply([1.0, x[2]], x[3:])) + np.interp(x[0], [0.0, 0.5, 1.0], [x[1], x[2], 2.0])
    total += np.linalg.solve([[x[0], 0.0], [1.0, x[1]]], [x[2], 3.0])[1] + np.polyval([x[0], 1.0, x[1]], x[2])
    return total + np.linalg.det([[x[3], 1.0], [x[4], 2.0]]) + np.kron([x[0], 1.0], [2.0, x[1]])[0]
