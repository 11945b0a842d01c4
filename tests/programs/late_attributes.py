"""Attributes that are set in the body of a loop or on one path only, and names that are None until they are tuples."""

from __future__ import annotations

import copy

import numpy as np

from programs import program, rand, signed


class Empty:
    pass


class Dense:
    """Keeps for the way back what it needs, and makes no mention of it before."""

    def __init__(self, w):
        self.w = w

    def forward(self, x):
        self.shape = x.shape
        self.cache = (x, x @ self.w)
        self.by_name = {"z": self.cache[1]}
        self.steps = [x.sum(), 1.0]
        return np.tanh(self.by_name["z"])

    def backward(self, g):
        x, z = self.cache
        g = g * (1.0 - np.tanh(z) ** 2)
        self.grad = x.T @ g
        return (g @ self.w.T).reshape(self.shape) * self.steps[0]


@program(lambda: (signed(3, 2), signed(2, 3, seed=1), signed(2, 4, 3, seed=2)), argnums=(0, 1, 2))
def layers_that_remember(v, w, batches):
    layers = [Dense(v), Dense(w)]
    total = 0.0
    for x in batches:
        y = x
        for layer in layers:
            y = layer.forward(y)
        g = y
        for layer in reversed(layers):
            g = layer.backward(g)
            layer.w = layer.w - 0.1 * layer.grad
        total += np.sum(g**2)
    return total + np.sum(layers[0].grad * layers[0].cache[1][0]) + layers[1].by_name["z"][0, 0]


class Normalizer:
    def __init__(self, momentum):
        self.momentum = momentum
        self.running = None

    def __call__(self, x):
        mean, var = x.mean(axis=0), x.var(axis=0)
        if self.running is None:
            self.running = (mean, var)
        else:
            m, v = self.running
            self.running = (self.momentum * m + 0.1 * mean, self.momentum * v + 0.1 * var)
        self.cache = (x, mean)
        return (x - mean) / np.sqrt(var + 0.1)


@program(lambda: (0.9, signed(3, 4, 2)), argnums=(0, 1))
def running_statistics(momentum, batches):
    normalizer = Normalizer(momentum)
    total = 0.0
    for x in batches:
        total += np.sum(normalizer(x) ** 3)
    mean, var = normalizer.running
    return total + np.sum(mean * var) + np.sum(normalizer.cache[0] * normalizer.cache[1])


@program(lambda: (signed(3), signed(4, 3, seed=1)), argnums=(0, 1))
def best_so_far(w, rows):
    best = None
    for k, row in enumerate(rows):
        score = np.dot(w, row)
        if best is None or score > best[1]:
            best = k, score, row
    return best[1] * best[2][0] + best[0]


@program(lambda: (rand(5), 3))
def pair_of_the_step_before(x, n):
    previous, total = None, 0.0
    for k in range(n):
        y = x[k:] * 2.0
        if previous is not None:
            a, b = previous
            total += a[1] * b + y[0]
        previous = (y, x[k] ** 2)
        y[1] = x[0]
    return total + np.sum(previous[0])


@program(lambda: (signed(4, 3),))
def made_when_first_needed(rows):
    o = Empty()
    for row in rows:
        if not hasattr(o, "buffer"):
            o.buffer = np.zeros(3)
            o.seen = []
        o.buffer += row * row
        o.buffer[0] *= 0.5
        o.seen.append(o.buffer[1])
        o.count = getattr(o, "count", 0) + 1
    return np.sum(o.buffer**2) / o.count + sum(o.seen)


@program(lambda: (rand(4), 0))
def attribute_of_a_loop_that_never_ran(x, n):
    o = Empty()
    for k in range(n):
        o.last = x[k]
    try:
        found = o.last
    except AttributeError:
        found = x[2] ** 2
    return found * getattr(o, "last", x[1]) + (o.last if hasattr(o, "last") else x[0])


@program(lambda: (rand(4), 3))
def attribute_of_a_loop_that_ran(x, n):
    o = Empty()
    for k in range(n):
        o.last = x[k] * (o.last if k > 0 else 1.0)
    twin = copy.copy(o)
    twin.last = twin.last * 2.0
    return o.last * twin.last + getattr(o, "last", x[3])


class Counted:
    total = 0.0
    kind = "none"

    def add(self, v):
        self.total += v
        if v > 0.3:
            self.kind = "large"
        return self


@program(lambda: (rand(4),))
def attributes_of_the_class_at_first(x):
    c, d = Counted(), Counted()
    for v in x:
        c.add(v * v)
    if x[0] > 0.1:
        d.add(2.0 * x[1])
    return c.total**2 + d.total * (x[2] if c.kind == "large" else x[3])


@program(lambda: (rand(4),))
def attribute_on_one_path_and_deleted(x):
    o = Empty()
    if x[0] > 0.0:
        o.mask = (x > 0.5) * 2.0
    else:
        o.other = x[1]
    y = x * o.mask
    if x[1] > 0.0:
        del o.mask
    return np.sum(y * y) * (1.0 if hasattr(o, "mask") else 3.0)


@program(lambda: (signed(3, 4),))
def view_kept_as_an_attribute(m):
    o, m = Empty(), m.copy()
    for k in range(len(m)):
        o.row = m[k]
        o.row *= 1.5
        if k > 0:
            o.row += o.above
        o.above = o.row
    o.above[0] = m[0, 1] ** 2
    return np.sum(m**2) + np.sum(o.row)


@program(lambda: (signed(3, 4),))
def shape_kept_as_an_attribute(m):
    o = Empty()
    for row in m:
        o.shape = row.shape
        y = row.reshape(2, 2) * 2.0
    return np.sum(y.reshape(o.shape) * m[0])


@program(lambda: (rand(3),))
def attributes_set_by_name(x):
    o = Empty()
    for k, name in enumerate(["a", "b", "c"]):
        setattr(o, name, x[k] ** 2)
    return sum(getattr(o, name) * (k + 1) for k, name in enumerate(("c", "a"))) * o.b


def weight_of(o, depth):
    return o.a if depth == 0 else 2.0 * weight_of(o, depth - 1) + depth * o.b


@program(lambda: (rand(4), 3))
def late_attributes_in_recursion(x, n):
    o = Empty()
    o.b = x[0]
    for v in x:
        o.a = v * v
    return weight_of(o, n)
