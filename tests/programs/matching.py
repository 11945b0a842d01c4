"""`match` statements: patterns decided at compile time and at run time, captures, guards, exits inside of cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from . import program, rand


class Mode:
    FAST = 1
    SLOW = 2


@dataclass
class Circle:
    radius: float


@dataclass
class Box:
    width: float
    height: float


class Pair(NamedTuple):
    first: float
    second: float


@program(lambda: (0.7, "square"), tags=("match",))
def match_on_a_string(x, kind):
    match kind:
        case "linear":
            y = 2.0 * x
        case "square" | "quadratic":
            y = x * x
        case _:
            y = 0.0
    return y * 3.0


@program(lambda: (rand(6),), tags=("match", "loop"))
def match_on_a_counter(x):
    total = 0.0
    for k in range(len(x)):
        match k % 4:
            case 0:
                continue
            case 1 | 3:
                total = total + x[k] ** 2
            case n if n * x[k] > 0.5:
                total = total * x[k] + n
            case other:
                total += np.sin(x[k]) * other
    return total


@program(lambda: (rand(8),), tags=("match", "exits"))
def match_with_exits(x):
    total = 1.0
    for k in range(len(x)):
        match int(10.0 * x[k]) % 5:
            case 0:
                total = total * x[k]
            case 1 if total > 1e6:
                return total
            case 4:
                if k > 5:
                    break
                total += x[k] ** 2
            case _:
                total = np.sin(total) + x[k]
    else:
        total = 2.0 * total
    return total


@program(lambda: (0.3, 0.8), argnums=(0, 1), tags=("match", "return"))
def match_that_returns(x, y):
    match (bool(x > 0.5), bool(y > 0.5)):
        case (True, True):
            return x * y
        case (False, True):
            return x**2 + y
        case (True, _):
            return x - y
    return x + y


def area(shape):
    match shape:
        case Circle(radius=r):
            return np.pi * r * r
        case Box(w, h) if w == h:
            return w**2
        case Box(width=w, height=h):
            return w * h
        case Pair(a, b):
            return a / b
        case float(z) | (z, _):
            return 3.0 * z
        case {"side": side, **others}:
            return side * len(others) + others["scale"] ** 2


@program(lambda: (Box(0.4, 0.9),), tags=("match", "dataclass"))
def match_on_a_dataclass(shape):
    return area(shape) ** 2 + area(Circle(shape.width))


@program(lambda: (0.4, Pair(0.5, 0.25)), argnums=(0, 1), tags=("match", "classes"))
def match_on_many_kinds(x, p):
    return area(x) * area(p) + area((x * x, None)) + area({"side": x, "scale": p.first})


@program(lambda: ((0.3, (0.5, 0.2), 0.9),), tags=("match", "sequence"))
def match_on_nested_sequences(t):
    match t:
        case (a, b):
            return a + b
        case [a, (b, *inner), *outer] if a > 0.5:
            return a * b + inner[0] * outer[0]
        case [a, (b, *inner), *outer]:
            return a * b * inner[0] - outer[0] ** 3


@program(lambda: (rand(3), 0), tags=("match", "writes"))
def match_with_writes(x, way):
    y = x.copy()
    for k in range(4):
        match (k, way):
            case (0, 0):
                y[0] = y[1] * y[2]
            case (1, w):
                y[w] *= y[2]
            case (2, _):
                y[1:] = y[:2] ** 2
            case _:
                pass
    return np.sum(y * y)


@program(lambda: (0.6, 2), tags=("match", "values"))
def match_on_dotted_names(x, mode):
    match mode:
        case Mode.FAST:
            return x
        case Mode.SLOW:
            return x**3
    raise ValueError(mode)


@program(lambda: (0.6,), tags=("match", "guard"))
def match_keeps_what_a_refused_guard_captured(x):
    y = 2.0
    match x * x:
        case y if y > 0.9:
            y = 0.0
        case z:
            y = y * z
    return y + x


@program(lambda: (rand(5),), tags=("match", "list"))
def match_on_a_list_of_varying_length(x):
    found = []
    for k in range(len(x)):
        if x[k] > 0.6:
            found.append(x[k] ** 2)
    match found:
        case []:
            return x[0]
        case [a]:
            return a * x[0]
        case [a, b]:
            return a * b
        case [a, b, _]:
            return a - b * x[1]
        case _:
            return 2.0 * x[0] * x[1]


@program(lambda: (0.6, None), tags=("match", "none"))
def match_on_none(x, scale):
    match scale:
        case None:
            return x * x
        case int() | float():
            return x * scale
        case np.ndarray():
            return x * np.sum(scale)


@program(lambda: (rand(4),), tags=("match", "array"))
def match_does_not_take_arrays_for_sequences(x):
    match x:
        case [a, *_]:
            return a
        case np.ndarray(ndim=2):
            return np.sum(x)
        case np.ndarray(ndim=1) as v:
            return np.sum(v * v)


def by_length(out, x):
    match out:
        case []:
            return x[0]
        case [a]:
            return a * a
        case [a, *middle, b] if len(middle) == 1:
            return a * b * middle[0]
        case [a, b, *rest]:
            return a * b + sum(rest) * 2


def larger_than(x, t):
    out = []
    for v in x:
        if v > t:
            out.append(v)
    return out


@program(lambda: (rand(6), 0.5), tags=("match", "list"))
def starred_pattern_with_a_long_rest(x, t):
    return by_length(larger_than(x, t), x)


@program(lambda: (np.array([0.1, 0.9, 0.2, 0.8, 0.7]), 0.5), tags=("match", "list"))
def starred_pattern_with_a_guard(x, t):
    return by_length(larger_than(x, t), x)


@program(lambda: (rand(6), 0.5), tags=("match", "list"))
def starred_pattern_captures_a_list_of_its_own(x, t):
    out = larger_than(x, t)
    match out:
        case [*init, last]:
            init.append(last * 2)
            return sum(init) + sum(out)
    return x[0]


@program(lambda: (rand(6), 0.5), tags=("match", "list"))
def starred_pattern_without_a_name(x, t):
    match larger_than(x, t):
        case [first, *_]:
            return first**2
        case _:
            return x[1]
