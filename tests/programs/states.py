# ruff: noqa: UP031, UP032 (written as users write, not as linters like it)
"""States: dicts, objects and lists of known structure that a loop or a branch replaces by others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from . import program, rand, signed


def layers():
    return {"W1": signed(3, 4), "b1": np.zeros(4), "W2": signed(4, 2, seed=1), "b2": np.ones(2)}


@program(lambda: (layers(), signed(5, 3), 0.1), argnums=(0, 1, 2), tags=("dict", "for"))
def descent_on_a_dict(params, x, rate):
    for _ in range(3):
        h = np.tanh(x @ params["W1"] + params["b1"])
        d_out = (h @ params["W2"] + params["b2"]) / len(x)
        d_h = d_out @ params["W2"].T * (1 - h**2)
        grads = {"W2": h.T @ d_out, "b2": d_out.sum(axis=0), "W1": x.T @ d_h, "b1": d_h.sum(0)}
        params = {k: params[k] - rate * grads[k] for k in params}
    return np.mean((np.tanh(x @ params["W1"] + params["b1"]) @ params["W2"] + params["b2"]) ** 2)


@program(lambda: (layers(), signed(5, 3)), argnums=(0, 1), tags=("dict", "string"))
def keys_that_are_made_of_numbers(params, x):
    cache = {"A0": x}
    for i in range(1, 3):
        cache[f"A{i}"] = np.tanh(cache["A" + str(i - 1)] @ params[f"W{i}"] + params["b%d" % i])
    return sum((v**2).sum() for name, v in cache.items() if name != "A{}".format(0))


@program(lambda: ([signed(3, 4), signed(4, 2, seed=1)], signed(5, 3), 0.1), argnums=(0, 1, 2), tags=("list", "for"))
def descent_on_a_list(weights, x, rate):
    first = weights
    for _ in range(3):
        grads = [2 * w for w in weights]
        weights = [w - rate * g for w, g in zip(weights, grads, strict=True)]
        weights[0] = weights[0] + 0.1 * first[0]
    return np.sum(x @ weights[0] @ weights[1])


@dataclass
class State:
    x: np.ndarray
    v: np.ndarray
    t: float = 0.0
    label: str = "free"
    parent: object = None


@program(lambda: (signed(3), signed(3, seed=1), 0.1), argnums=(0, 1, 2), tags=("dataclass", "for"))
def steps_of_a_state(x, v, dt):
    def step(s):
        return State(x=s.x + dt * s.v, v=s.v - dt * (s.x + 0.1 * s.v), t=s.t + dt)

    state = start = State(x, v)
    speeds = []
    for _ in range(5):
        state = step(state)
        speeds.append(np.sum(state.v**2))
    return state.x @ state.v + state.t + speeds[-1] - max(speeds) + start.x[0] * len(state.label)


@program(lambda: (signed(3), 0.1), argnums=(0, 1), tags=("dict", "if"))
def best_of_several(x, rate):
    best = {"x": x, "f": 1e9}
    for k in range(6):
        y = x * (1 - rate) ** k
        f = np.sum((y - 0.1) ** 2)
        if f < best["f"]:
            best = {"x": y, "f": f}
    other = {"x": x * 2.0, "f": 1.0} if best["f"] > 0.01 else best
    return best["f"] + best["x"][0] * other["x"][1] * other["f"]


@program(lambda: (signed(3), 0.1), argnums=(0, 1), tags=("dict", "while"))
def states_swapped(x, rate):
    old, new = {"x": x, "n": 0.0}, {"x": -x, "n": 1.0}
    while old["n"] + new["n"] < 9.0:
        old, new = new, {"x": old["x"] * rate + new["x"], "n": old["n"] + new["n"]}
        if np.sum(new["x"]) > 100.0:
            break
    return np.sum(old["x"] * new["x"]) + new["n"] * rate


class Point(NamedTuple):
    x: float
    speed: dict


@program(lambda: (0.3, signed(2)), argnums=(0, 1), tags=("namedtuple", "dict"))
def containers_in_containers(x, v):
    point, trace = Point(x, {"v": v, "w": {"a": x}}), (x, {"v": v, "w": {"a": x}})
    for k in range(3):
        point = Point(point.x * 0.9, {"v": point.speed["v"] * x, "w": {"a": point.speed["w"]["a"] + k * point.x}})
        trace = (point.x, point.speed)
    return trace[0] + np.sum(trace[1]["v"]) + point.speed["w"]["a"]


class Walker:
    def __init__(self, x):
        self.state = {"x": x, "n": 0}

    def advance(self, rate):
        self.state = {"x": self.state["x"] * rate, "n": self.state["n"] + 1}


@program(lambda: (signed(3), 0.7), argnums=(0, 1), tags=("object", "for"))
def attribute_that_is_replaced(x, rate):
    walker = Walker(x)
    for _ in range(4):
        walker.advance(rate)
        if walker.state["n"] == 3:
            break
    return np.sum(walker.state["x"]) * walker.state["n"]


@program(lambda: (rand(4), 0.5), argnums=(0, 1), tags=("dict", "return"), output="array")
def returned_from_a_loop(x, limit):
    state = {"total": 0.0, "last": x[0]}
    for v in x:
        state = {"total": state["total"] + v, "last": v * limit}
        if state["total"] > limit:
            return state
    return state


@program(lambda: (signed(3), 0.1), argnums=(0, 1), tags=("dict",))
def changed_after_it_was_merged(x, rate):
    state = first = {"x": x, "f": 0.0}
    for _ in range(3):
        state = {"x": state["x"] * rate, "f": state["f"] + 1.0}
    first["f"] = rate
    return np.sum(state["x"]) + state["f"]


@program(lambda: (signed(3), 0.1), argnums=(0, 1), tags=("dict",))
def changed_before_it_is_merged(x, rate):
    counter, seen = {"n": rate}, {"n": 0.0}
    total = 0.0
    for v in x:
        counter["n"] += v
        total += seen["n"]
        seen = counter
    return total


@program(lambda: (signed(3), 0.1), argnums=(0, 1), tags=("dict",))
def changed_while_it_is_merged(x, rate):
    state = first = {"x": x, "f": 0.0}
    for _ in range(3):
        state["f"] += rate
        state = {"x": state["x"] * rate, "f": state["f"] * 2.0}
    return np.sum(state["x"]) + first["f"]
