"""Programs whose arguments are objects: of registered classes, and dataclasses with an `__init__` that does more."""

from __future__ import annotations

import itertools
from dataclasses import InitVar, dataclass, field
from typing import ClassVar

import numpy as np

from programs import program, rand
from srcgrad.tree import register


@register
class Dense:
    def __init__(self, n, m, seed, act=np.tanh):
        self.w = rand(n, m, seed=seed)
        self.b = rand(m, seed=seed + 1)
        self.act = act
        self.calls = 0

    def __call__(self, h):
        self.calls += 1
        return self.act(h @ self.w + self.b)


@register
class Net:
    def __init__(self, *sizes):
        self.layers = [Dense(n, m, k) for k, (n, m) in enumerate(itertools.pairwise(sizes))]
        self.scale = 0.7
        self.name = "net"
        self.history = None

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x * self.scale

    def loss(self, x, y):
        err = self.forward(x) - y
        self.history = np.mean(err**2)
        return self.history + 0.01 * self.penalty

    @property
    def penalty(self):
        return sum(np.sum(layer.w**2) for layer in self.layers)


class WideNet(Net):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.gain = rand(sizes[-1], seed=9)

    def forward(self, x):
        return super().forward(x) * self.gain


@program(lambda: (Net(3, 4, 2), rand(5, 3), rand(5, 2)), tags=("objects", "learning"))
def loss_of_a_model(net, x, y):
    return net.loss(x, y)


@program(lambda: (WideNet(3, 2), rand(4, 3), rand(4, 2)), argnums=(0, 1), tags=("objects", "learning"))
def loss_of_a_derived_model(net, x, y):
    return net.loss(x, y) + net.layers[0].calls * net.scale


@program(lambda: (Net(2, 2), rand(2), 3), tags=("objects", "learning"))
def model_trained_by_hand(net, x, n):
    total = 0.0
    for _ in range(n):
        total = total + np.sum(net.forward(x) ** 2)
        net.scale = net.scale * 0.9
        net.layers[0].b = net.layers[0].b - 0.1 * x
    return total + net.scale


@register
class Slotted:
    __slots__ = ("__secret", "kind", "pos", "vel")

    def __init__(self, pos, vel):
        self.pos, self.vel, self.kind, self.__secret = pos, vel, "slot", 2.0

    def energy(self):
        return 0.5 * self.vel @ self.vel + self.__secret * self.pos @ self.pos


@program(lambda: (Slotted(rand(2), rand(2, seed=1)),), tags=("objects",))
def object_with_slots(p):
    p.vel = p.vel - 0.1 * p.pos
    return p.energy() if p.kind == "slot" else 0.0


@program(lambda: (Slotted(rand(2), rand(2, seed=1)), 0.1), argnums=(0, 1), output="array", tags=("objects",))
def object_returned_by_a_step(p, h):
    return Slotted(p.pos + h * p.vel, p.vel - h * p.pos)


@dataclass
class Checked:
    scale: float
    kinds: ClassVar[int] = 3
    start: InitVar[float] = 1.5
    weights: np.ndarray = field(default_factory=lambda: rand(3))
    doubled: float = field(init=False, default=0.0)

    def __post_init__(self, start):
        if self.scale is None or self.scale < 0:
            raise ValueError("scale must not be negative")
        self.doubled = self.scale * start
        self.scale = self.scale * 2


@program(lambda: (Checked(0.4), rand(3)), argnums=(0, 1), tags=("dataclasses",))
def dataclass_that_checks_its_fields(p, x):
    return -np.sum(p.weights * x) * p.scale - p.doubled * p.kinds


@program(lambda: (rand(3),), output="array", tags=("dataclasses",))
def dataclass_that_changes_its_fields_returned(x):
    made = Checked(x[0], x[1], x * 2)
    made.scale = made.scale + 1.0
    return made


@program(lambda: (rand(3), [1.0, 2.0]), argnums=(0, 1), tags=("lists",))
def list_argument_that_grows(x, history):
    for v in x:
        history.append(v * v)
    return sum(history) * history[0]


@program(lambda: (rand(3), {"inner": [[1.0, 2.0], [1.0, 2.0, 3.0]]}), argnums=(0, 1), tags=("lists",))
def lists_in_an_argument_that_grow_and_shrink(x, held):
    first, second = held["inner"]
    for v in x:
        if v > 0.6:
            first.append(v * v)
            second.pop()
    return sum(held["inner"][0]) * sum(second)
