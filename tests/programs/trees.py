# ruff: noqa: B905, RUF007 (written as users write, not as linters like it)
"""Trees of arguments, helper objects, globals, and statements that do nothing to the value."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from . import program, rand, signed

GRAVITY = 9.81
WEIGHTS = np.array([0.5, 1.5, -1.0])
TABLE = {"a": 2.0, "b": 0.25}
POWERS = (1, 2, 3)

Point = namedtuple("Point", ["x", "y"])


class Normal(NamedTuple):
    mean: float
    scale: float = 1.0


@dataclass
class Layer:
    weight: np.ndarray
    bias: np.ndarray
    name: str = "layer"


@dataclass
class Model:
    layers: list
    scale: float = 1.0
    tags: dict = field(default_factory=dict)


@program(lambda: ((0.5, 1.5),), tags=("tuple",))
def tuple_argument(p):
    a, b = p
    return a * b + p[0] ** 2


@program(lambda: ([0.5, 1.5, 2.5],), tags=("list",))
def list_argument(p):
    return sum(v * v for v in p) * p[1] + p[-1]


@program(lambda: ({"w": rand(2, 3), "b": rand(2, seed=1)}, rand(3, seed=2)), argnums=(0, 1), tags=("dict",))
def dict_of_parameters(params, x):
    return np.sum(np.tanh(params["w"] @ x + params["b"]))


@program(lambda: (Point(0.5, 1.5), Point(2.0, 0.1)), argnums=(0, 1), tags=("namedtuple",))
def named_tuples(p, q):
    dx, dy = p.x - q.x, p[1] - q.y
    return np.sqrt(dx * dx + dy * dy) * p.x


@program(lambda: (Normal(0.5, 2.0), rand(4)), argnums=(0, 1), tags=("namedtuple",))
def typed_named_tuple(prior, x):
    z = (x - prior.mean) / prior.scale
    return -0.5 * np.sum(z * z) - len(x) * np.log(prior.scale)


@program(lambda: (Layer(rand(2, 3), rand(2, seed=1)), rand(3, seed=2)), argnums=(0, 1), tags=("dataclass",))
def dataclass_argument(layer, x):
    return np.sum((layer.weight @ x + layer.bias) ** 2) * (2.0 if layer.name == "layer" else 1.0)


@program(
    lambda: (Model([Layer(rand(3, 2), rand(3, seed=1)), Layer(rand(1, 3), rand(1, seed=2))], 0.5), rand(2, seed=3)),
    tags=("dataclass", "nested"),
)
def dataclass_of_dataclasses(model, x):
    for layer in model.layers:
        x = np.tanh(layer.weight @ x + layer.bias)
    return model.scale * np.sum(x)


@program(lambda: ({"a": (0.5, [1.5, rand(2)]), "n": 3, "b": {"c": 0.7}},), tags=("nested",))
def deeply_nested_tree(t):
    first, (second, array) = t["a"]
    return first * second * np.sum(array) ** t["n"] + t["b"]["c"] * first


@program(lambda: ((0.5, None, "name", 3, True),), tags=("passive",))
def passive_leaves(t):
    x, nothing, name, n, flag = t
    if nothing is None and flag and name == "name":
        return x**n
    return x


@program(lambda: ([rand(2), rand(3, seed=1)],), tags=("list", "for"))
def list_of_arrays(arrays):
    total = 0.0
    for a in arrays:
        total += np.sum(a * a) * len(a)
    return total


@program(lambda: ((rand(2), rand(2, seed=1)),), tags=("tuple", "write", "argument"))
def writes_an_array_inside_a_tuple(arrays):
    arrays[0][1] = arrays[1][0] * 2.0
    return np.sum(arrays[0] * arrays[1])


@program(lambda: ([rand(2), rand(2, seed=1)],), tags=("list", "write", "argument"))
def writes_an_array_inside_a_list(arrays):
    arrays[0][1] = arrays[1][0] * 2.0
    arrays[1] *= arrays[0]
    return np.sum(arrays[0] * arrays[1])


@program(lambda: ({"x": 0.5, "y": 1.5},), tags=("dict", "write", "argument"))
def writes_a_dict_argument(d):
    d["x"] = d["x"] * d["y"]
    d["z"] = d["x"] + 1.0
    return d["x"] * d["z"]


@program(lambda: ({"x": rand(2), "unused": rand(3, seed=1)},), tags=("dict", "unused"))
def leaf_without_influence(d):
    return np.sum(d["x"] ** 2)


@program(lambda: (0.5, 1.5), argnums=(0, 1), tags=("unused",))
def argument_without_influence(x, y):
    z = y * 0.0
    del z
    return x * x


class Spring:
    rest = 0.3

    def __init__(self, stiffness):
        self.stiffness = stiffness

    def energy(self, length):
        return 0.5 * self.stiffness * (length - self.rest) ** 2

    def chain(self, points):
        return sum(self.energy(b - a) for a, b in zip(points, points[1:]))


SPRING = Spring(4.0)


@program(lambda: (rand(4),), tags=("object", "method"))
def methods_of_a_global_object(x):
    return SPRING.energy(x[0]) * SPRING.chain(x) + SPRING.stiffness * x[1]


@program(lambda: (rand(3), SPRING), tags=("object", "argument", "method"))
def methods_of_an_argument(x, spring):
    f = spring.energy
    return f(x[0]) + spring.energy(length=x[1]) * x[2]


@program(lambda: (0.7,), tags=("object", "construct"))
def objects_made_inside(x):
    soft = Spring(x)
    soft.stiffness = soft.stiffness * 2.0 + 1.0
    p = Point(x * x, y=soft.energy(x))
    return p.x * p.y


class Polynomial:
    def __init__(self, *coefficients):
        self.coefficients = coefficients

    def __call__(self, x):
        value = 0.0
        for c in reversed(self.coefficients):
            value = value * x + c
        return value

    def __len__(self):
        return len(self.coefficients)

    def __getitem__(self, k):
        return self.coefficients[k]

    @property
    def leading(self):
        return self.coefficients[-1]

    @staticmethod
    def square(v):
        return v * v

    @classmethod
    def constant(cls, c):
        return cls(c)


CUBIC = Polynomial(1.0, -2.0, 0.5, 0.25)


@program(lambda: (0.7,), tags=("object", "special methods"))
def callable_object(x):
    return CUBIC(x) * CUBIC.leading + CUBIC.square(x) * len(CUBIC) + CUBIC[1] * x


@program(lambda: (0.7, 1.3), argnums=(0, 1), tags=("object", "construct", "classmethod"))
def callable_object_made_inside(x, y):
    p = Polynomial(x, y, x * y)
    return p(0.5) * p[2] + Polynomial.constant(y)(3.0)


@program(lambda: (rand(3), 2.0), argnums=(0, 1), tags=("global",))
def global_constants(x, t):
    fall = 0.5 * GRAVITY * t**2
    return fall * np.sum(WEIGHTS * x) + TABLE["a"] * x[0] ** POWERS[1] + np.pi * t


@program(lambda: (rand(3),), tags=("global", "for"))
def loop_over_a_global(x):
    total = 0.0
    for p, w in zip(POWERS, WEIGHTS):
        total += w * x[p - 1] ** p
    for name, value in TABLE.items():
        total += value * x[0] if name == "a" else 0.0
    return total


@program(lambda: (rand(3),), tags=("global", "copy"))
def global_array_is_copied_then_written(x):
    w = WEIGHTS.copy()
    w[0] = x[0] * x[1]
    w *= x
    return np.sum(w * WEIGHTS)


@program(lambda: (0.7, 0.2), argnums=(0, 1), tags=("assert", "raise"))
def checks_that_hold(x, y):
    assert x > y, f"x={x} must be above y={y}"
    if y < 0:
        raise ValueError(f"negative y: {y:.3f}")
    if not isinstance(x, float):
        raise TypeError("x must be a float")
    return np.log(x - y) * x


@program(lambda: (0.7, False), tags=("print", "f-string"))
def prints_when_asked(x, verbose):
    y = x * x
    if verbose:
        print(f"y = {y:.3f}", "x =", x)
    label = f"step {1 + 2}"
    return y * len(label)


@program(lambda: (0.7,), tags=("annotation", "pass", "del", "docstring"))
def statements_without_effect(x: float) -> float:
    """Docstrings, annotations, pass and del change nothing."""
    y: float = x * x
    z: float
    pass
    z = y + 1.0
    unused = y
    del unused
    ...
    "a string on its own"
    return z * y


@program(lambda: (0.7,), tags=("try",))
def try_that_succeeds(x):
    try:
        y = x / (1.0 + x)
    except ZeroDivisionError:
        y = 0.0
    finally:
        z = x * x
    return y * z


@program(lambda: (0.7,), tags=("with",))
def with_errstate(x):
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.log(x) / x
    return y * y


@program(lambda: (rand(2, 3), rand(3, seed=1)), argnums=(0, 1), tags=("method",))
def methods_of_arrays(a, v):
    b = (a @ v).sum() + a.T.dot(a.mean(axis=1)).max()
    c = a.reshape(-1).cumsum()[-1] * a.ravel()[0] + v.prod()
    d = a.flatten().copy().clip(0.0, 5.0).std()
    return b * c + d + a.size * v.item(0) + float(v[1])


@program(lambda: (rand(3),), tags=("import",))
def import_inside(x):
    import math

    from numpy import exp as e

    return math.sqrt(x[0]) * np.sum(e(x)) + math.prod([2, 3]) * x[1]


@program(lambda: (signed(3), 0.5), argnums=(0, 1), tags=("tree", "array out"), output="array")
def returns_a_named_tuple(x, s):
    return Point(s * x, np.sum(x * x) * s)


@program(lambda: (0.5, {"y": 1.5}), argnums=(0, 1), tags=("tree", "array out"), output="array")
def returns_the_tree_it_got(x, d):
    return {"x": x * d["y"], "d": d["y"]}


class State(NamedTuple):
    """A subclass with members of its own."""

    at: np.ndarray
    speed: float = 1.0

    @property
    def energy(self):
        return np.sum(self.at**2) + self.speed**2

    @classmethod
    def resting(cls, at):
        return cls(at, 0.5)

    @staticmethod
    def friction(speed):
        return 0.1 * speed * speed

    def moved(self, dt):
        return self._replace(at=self.at + dt * self.speed, speed=self.speed - dt * self.friction(self.speed))


@program(lambda: (Point(0.5, 1.5), 0.7), argnums=(0, 1), tags=("namedtuple",))
def named_tuple_with_a_field_replaced(p, s):
    q = p._replace(y=s * p.x)
    p = q._replace(x=q.y * q.y, y=p.y)
    return p.x * q.y + p.y * q.x


@program(lambda: (rand(2), 0.7), argnums=(0, 1), tags=("namedtuple",))
def named_tuple_made_of_an_iterable(x, s):
    p = Point._make([s * x[0], x[1]])
    q = p._make(v * v for v in p)
    fields = q._asdict()
    return sum(fields.values()) * fields["x"] + p.x * q.y


@program(lambda: (rand(3), 0.7), argnums=(0, 1), tags=("namedtuple", "loop"))
def named_tuple_is_the_state_of_a_loop(x, speed):
    state = State.resting(x)._replace(speed=speed)
    for _ in range(4):
        state = state.moved(0.1)
        if state.energy > 50.0:
            state = state._replace(speed=0.0)
    return state.energy


@program(lambda: (State(rand(3), 0.7),), tags=("namedtuple", "tree"))
def named_tuple_argument_with_members(state):
    first = state.moved(0.2)
    return (first.energy - state.energy) * first.friction(state.speed)
