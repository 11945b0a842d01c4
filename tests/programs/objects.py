"""Programs that make and change objects of classes of their own."""

from __future__ import annotations

import dataclasses

import numpy as np

from programs import program, rand


class Counter:
    def __init__(self, start):
        self.total = start
        self.calls = 0

    def add(self, q):
        self.total += q
        self.calls += 1
        return self

    @property
    def double(self):
        return 2 * self.total

    @double.setter
    def double(self, value):
        self.total = value / 2


@program(lambda: (rand(5),), tags=("objects",))
def attributes_and_properties(x):
    c = Counter(x[0])
    c.add(x[1]).add(x[2])
    c.double = c.double * c.total
    return c.total * x[3] * c.calls


@program(lambda: (rand(5),), tags=("objects", "loops"))
def object_changed_in_a_loop(x):
    c = Counter(0.0)
    for v in x:
        c.add(v * v)
    return c.total**2


@program(lambda: (rand(5),), tags=("objects", "branches"))
def object_changed_in_a_branch(x):
    c = Counter(x[0])
    other = c
    if x[1] > 0.5:
        c.total = c.total * x[2]
    else:
        other.add(x[1])
    return other.total * x[3]


class Vec:
    def __init__(self, u, v):
        self.u, self.v = u, v

    def __add__(self, other):
        if not isinstance(other, Vec):
            return NotImplemented
        return Vec(self.u + other.u, self.v + other.v)

    def __mul__(self, k):
        return Vec(self.u * k, self.v * k)

    __rmul__ = __mul__

    def __neg__(self):
        return Vec(-self.u, -self.v)

    def __getitem__(self, k):
        return (self.u, self.v)[k]

    def __setitem__(self, k, value):
        if k == 0:
            self.u = value
        else:
            self.v = value

    def __len__(self):
        return 2

    def __lt__(self, other):
        return self.u < other.u

    def __eq__(self, other):
        return self.u == other.u and self.v == other.v

    def __contains__(self, value):
        return value == self.u

    def __call__(self, q):
        return self.u * q + self.v

    def __iadd__(self, other):
        self.u += other.u
        self.v += other.v
        return self

    def dot(self, other):
        return self.u * other.u + self.v * other.v


@program(lambda: (rand(5),), tags=("objects", "operators"))
def operators_of_a_class(x):
    a = Vec(x[0], x[1]) + Vec(x[2], 0.5) * x[3]
    b = 2.0 * a + (-a) * 0.3
    same = a
    a += b
    same[1] = same[1] * x[4]
    r = a.dot(b) + a[0] * len(a) + b(x[4])
    if b < a and a == same and 7.0 not in a:
        r = r * 2
    return r


UNIT = Vec(1.5, 2.5)


@program(lambda: (rand(5),), tags=("objects", "operators"))
def object_from_outside(x):
    a = UNIT * x[0] + Vec(x[1], x[2])
    return a.dot(UNIT) + UNIT[1] * x[0]


class Base:
    def __init__(self, rate):
        self.rate = rate

    def value(self, q):
        return q * self.factor()

    def factor(self):
        return 1.5 * self.rate


class Special(Base):
    def __init__(self, rate, extra):
        super().__init__(rate * 2)
        self.extra = extra

    def factor(self):
        return super().factor() * self.extra


SPECIAL = Special(1.2, 0.4)


@program(lambda: (rand(5),), tags=("objects",))
def inherited_methods(x):
    o = Special(x[0], x[1])
    return o.value(x[2]) + o.rate + SPECIAL.value(x[3]) * x[4]


class Layer:
    def __init__(self, w, b):
        self.w = w
        self.b = b

    def __call__(self, h):
        return np.tanh(self.w @ h + self.b)


class Network:
    def __init__(self, params):
        self.layers = [Layer(w, b) for w, b in params]

    def __call__(self, h):
        for layer in self.layers:
            h = layer(h)
        return h


@program(lambda: (rand(3),), tags=("objects", "learning"))
def network_of_layers(x):
    network = Network([(np.outer(x, x), x), (np.outer(x, x[::-1]), x * 2)])
    return np.sum(network(x))


@dataclasses.dataclass
class Particle:
    position: float
    velocity: float

    def step(self, dt):
        self.position += self.velocity * dt
        self.velocity -= self.position * dt


@program(lambda: (rand(5),), tags=("objects", "physics"))
def particle_in_a_loop(x):
    p = Particle(x[0], x[1])
    for _ in range(4):
        p.step(0.1)
        if p.position > 100:
            p.velocity = -p.velocity
    return p.position * p.velocity


class Buffer:
    def __init__(self, n):
        self.data = np.zeros(n)
        self.view = self.data[1:]
        self.k = 0

    def push(self, value):
        self.data[self.k] = value
        self.k += 1


@program(lambda: (rand(5),), tags=("objects", "writes"))
def buffer_in_an_object(x):
    b = Buffer(5)
    for v in x:
        b.push(v * v)
    b.view *= 2
    return np.sum(b.data * x)


@program(lambda: (rand(3),), output="array", supported=False, tags=("objects",))
def object_returned(x):
    return Counter(x[0])


class Guarded:
    def __setattr__(self, name, value):
        object.__setattr__(self, name, 2 * value)


@program(lambda: (rand(3),), supported=False, tags=("objects",))
def attributes_with_a_hook(x):
    g = Guarded()
    g.total = x[0]
    return g.total


class Swinging:
    def __init__(self, pos, vel):
        self.pos, self.vel = pos, vel

    def move(self, dt):
        self.vel = self.vel - 0.7 * self.pos * dt
        self.pos = self.pos + self.vel * dt


@program(lambda: (rand(3), rand(3, seed=1)), (0, 1), tags=("objects", "loop", "break"))
def objects_moved_until_a_break(x, y):
    bodies = [Swinging(x[0], y[0]), Swinging(x[1], 0.5), Swinging(y[1], x[2])]
    for _ in range(2):
        for body in bodies:
            body.move(y[2])
            if body.pos > 0.9:
                break
    first = 0.0
    for body in bodies:
        if body.vel > 0.1:
            first = body.vel
            break
        body.pos *= 2.0
    bodies[0].pos *= 3.0
    return sum(b.pos * b.vel for b in bodies) + first
