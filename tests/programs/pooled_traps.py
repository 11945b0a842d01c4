"""Objects in containers that depend on the run, where one is easily wrong: aliases, branches, None."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from . import program, rand, signed


class Body:
    def __init__(self, pos, vel, mass=1.0):
        self.pos = pos
        self.vel = vel
        self.mass = mass


@dataclass
class Item:
    value: float
    weight: float


@dataclass
class State:
    x: np.ndarray
    v: np.ndarray


@program(lambda: (rand(6),))
def alias_arrays_in_fields(x):
    a = x * 1.0
    bs = [Body(a[k : k + 2], a) for k in range(3)]
    for b in bs:
        b.pos[0] *= 2.0
        b.vel[1] += b.pos[0]
    return np.sum(a * a) + bs[1].pos[1]


@program(lambda: (rand(6), 2))
def alias_between_objects(x, n):
    p = x[:2].copy()
    bs = []
    for k in range(n + 1):
        bs.append(Body(p, x[k : k + 2] * 1.0))
    for b in bs:
        b.pos *= 1.5
        b.vel = b.pos
    bs[0].vel[0] = x[5]
    return sum(np.sum(b.vel * b.pos) for b in bs)


@program(lambda: (rand(3),))
def no_items(x):
    items = [Item(v, v) for v in x if v > 7.0]
    t = 1.0
    for it in items:
        it.value *= 2
        t += it.value
    return t * 2.0 + np.sum(x)


@program(lambda: (rand(5),))
def while_worklist(x):
    items = [Item(v, 1.0) for v in x]
    total = 0.0
    while len(items) > 1:
        a = items.pop()
        b = items.pop()
        items.append(Item(a.value * b.value, a.weight + b.weight))
        total += a.value
    return total * items[0].value * items[0].weight


@program(lambda: (signed(5),))
def breaks_and_continue(x):
    items = [Item(v, 1.0) for v in x]
    total = 0.0
    for it in items:
        if it.value < 0:
            continue
        it.weight += it.value
        if it.weight > 2.0:
            break
        total += it.weight * it.value
    return total + sum(it.weight for it in items)


@program(lambda: (signed(5),))
def try_in_it(x):
    items = [Item(v, v * v) for v in x]
    t = 0.0
    for it in items:
        try:
            if it.value < 0:
                raise ValueError("x")
            it.weight += 1.0
        except ValueError:
            it.weight = it.value
        t += it.weight
    return t


@program(lambda: (signed(5),))
def generator_of_objects(x):
    def make():
        for v in x:
            yield Item(v, v * v)

    items = list(make())
    for it in items:
        it.value += it.weight
    return sum(it.value for it in items)


@program(lambda: (rand(6), 3))
def dict_of_arrays_params(x, n):
    params = [{"w": x[k : k + 2] * 1.0, "b": x[k + 1]} for k in range(n)]
    h = np.ones(2)
    for p in params:
        h = np.tanh(p["w"] * h + p["b"])
    for p in params:
        p["w"] -= 0.1 * p["w"]
        p["b"] -= 0.1 * p["b"]
    for p in params:
        h = np.tanh(p["w"] * h + p["b"])
    return np.sum(h)


@program(lambda: (rand(6), 3))
def nested_dicts(x, n):
    rows = [{"pos": {"a": x[k], "b": 2.0}, "mass": x[k + 1]} for k in range(n)]
    for r in rows:
        r["pos"]["a"] *= r["mass"]
        q = r["pos"]
        q["b"] = q["a"] * q["b"]
    return sum(r["pos"]["b"] * r["mass"] for r in rows)


@program(lambda: (rand(6),))
def dict_written_key_by_key(x):
    rows = []
    for v in x:
        d = {}
        d["v"] = v
        d["sq"] = v * v
        rows.append(d)
    return sum(d["v"] * d["sq"] for d in rows)


@program(lambda: (rand(6),))
def dict_new_key_later(x):
    rows = [{"v": v} for v in x]
    for r in rows:
        r["score"] = r["v"] ** 2
    return sum(r["score"] * r["v"] for r in rows)


@program(lambda: (rand(6),))
def attr_new_later(x):
    rows = [Item(v, 1.0) for v in x]
    for r in rows:
        r.score = r.value**2
    return sum(r.score * r.value for r in rows)


@program(lambda: (rand(6),))
def two_classes_nested(x):
    bodies = []
    for v in x:
        it = Item(v, 1.0)
        bodies.append(Body(it, [v, v * v]))
    for b in bodies:
        b.vel.append(b.pos.value)
        b.pos.value += b.vel[1]
        b.vel[0] = 2 * b.vel[0]
    return sum(b.pos.value * sum(b.vel) for b in bodies)


@program(lambda: (rand(6),))
def swap_lists_of_objects(x):
    a = [Item(v, v * v) for v in x]
    b = [Item(0.0, 1.0) for v in x]
    for _k in range(3):
        for p, q in zip(a, b, strict=False):
            q.value = p.value * q.weight
            q.weight = p.weight + q.value
        a, b = b, a
    return sum(p.value * p.weight for p in a) + sum(p.value for p in b)


@program(lambda: (rand(6), 4))
def list_of_lists_of_objects(x, n):
    grid = [[Item(x[i] * x[j], 1.0) for j in range(n)] for i in range(n)]
    for i in range(1, n):
        for j in range(1, n):
            grid[i][j].value += grid[i - 1][j].value * grid[i][j - 1].weight
            grid[i][j].weight = grid[i][j].value
    return sum(c.value for row in grid for c in row) + grid[-1][-1].weight


@program(lambda: (rand(6), 4))
def same_object_appended(x, n):
    s = State(x[:3] * 1.0, np.zeros(3))
    hist = []
    for _k in range(n):
        s.v = s.v - 0.1 * s.x
        s.x = s.x + 0.1 * s.v
        hist.append(s)
    return sum(np.sum(h.x * h.v) for h in hist)


@program(lambda: (rand(6),))
def double_linked(x):
    nodes = [SimpleNamespace(v=v, prev=None, next=None) for v in x]
    for a, b in itertools.pairwise(nodes):
        a.next = b
        b.prev = a
    t = 0.0
    n = nodes[0]
    while n is not None:
        if n.prev is not None and n.next is not None:
            n.v = 0.5 * (n.prev.v + n.next.v)
        t += n.v**2
        n = n.next
    return t


@program(lambda: (rand(7),))
def bst_insert(x):
    root = None
    for v in x:
        node = SimpleNamespace(v=v, left=None, right=None)
        if root is None:
            root = node
            continue
        cur = root
        while True:
            if v < cur.v:
                if cur.left is None:
                    cur.left = node
                    break
                cur = cur.left
            else:
                if cur.right is None:
                    cur.right = node
                    break
                cur = cur.right

    def depth_sum(n, d):
        if n is None:
            return 0.0
        return d * n.v + depth_sum(n.left, d + 1) + depth_sum(n.right, d + 1)

    return depth_sum(root, 1) ** 2


@program(lambda: (rand(7),))
def recursive_build(x):
    def build(lo, hi):
        if lo >= hi:
            return None
        mid = (lo + hi) // 2
        return SimpleNamespace(v=x[mid], left=build(lo, mid), right=build(mid + 1, hi))

    def total(n, w):
        if n is None:
            return 0.0
        return w * n.v**2 + total(n.left, 2 * w) + total(n.right, 3 * w)

    return total(build(0, len(x)), 1.0)


class Shape:
    scale = 2.0

    def __init__(self, name):
        self.name = name

    def area(self):
        raise NotImplementedError

    def scaled(self):
        return self.scale * self.area()

    @property
    def root(self):
        return math.sqrt(self.area())


class Circle(Shape):
    def __init__(self, r):
        super().__init__("circle")
        self.r = r

    def area(self):
        return math.pi * self.r**2


class Rect(Shape):
    scale = 3.0

    def __init__(self, a, b):
        super().__init__("rect")
        self.a = a
        self.b = b

    def area(self):
        return self.a * self.b

    def __call__(self, t):
        return t * self.a


class Dense:
    def __init__(self, w, b):
        self.w = w
        self.b = b

    def forward(self, x):
        self.x = x
        return self.w * x + self.b

    def backward(self, g):
        self.gw = np.sum(g * self.x)
        self.gb = np.sum(g)
        return g * self.w


class Relu:
    def forward(self, x):
        self.mask = x > 0
        return np.where(self.mask, x, 0.1 * x)

    def backward(self, g):
        return np.where(self.mask, g, 0.1 * g)


@program(lambda: (signed(6),))
def het_methods(x):
    shapes = []
    for k, v in enumerate(x):
        if k % 2:
            shapes.append(Circle(v))
        else:
            shapes.append(Rect(abs(v), 1.0))
    t = 0.0
    for s in shapes:
        t += s.scaled() * s.root
        if isinstance(s, Circle):
            s.r *= 2.0
        elif s.name == "rect":
            s.b += s.a
    return t + sum(s.area() for s in shapes)


@program(lambda: (signed(6), rand(3)), argnums=(0, 1))
def mlp_backward_by_hand(x, h):
    layers = []
    for k in range(len(x) // 2):
        layers.append(Dense(x[2 * k], x[2 * k + 1]))
        layers.append(Relu())
    out = h
    for layer in layers:
        out = layer.forward(out)
    g = 2 * out
    for layer in reversed(layers):
        g = layer.backward(g)
    return np.sum(g * h) + sum(d.gw**2 for d in layers if isinstance(d, Dense))


class Tensor:
    def __init__(self, data, children=(), op=""):
        self.data = data
        self.grad = 0.0
        self.prev = children
        self.op = op

    def __add__(self, o):
        return Tensor(self.data + o.data, (self, o), "+")

    def __mul__(self, o):
        return Tensor(self.data * o.data, (self, o), "*")


@program(lambda: (signed(4),))
def micrograd_like(x):
    nodes = []
    for v in x:
        nodes.append(Tensor(v))
    acc = nodes[0]
    for n in nodes[1:]:
        acc = acc * n + nodes[0]
    return acc.data**2


@program(lambda: (rand(6),))
def object_compare_is_none_and_truth(x):
    items = [SimpleNamespace(v=v, parent=None) for v in x]
    for a, b in zip(items, items[2:], strict=False):
        b.parent = a
    t = 0.0
    for it in items:
        t += it.v * it.parent.v if it.parent else it.v
        p = it
        while p.parent is not None:
            p = p.parent
        t += p.v if p is not items[0] else 3 * p.v
    return t


@program(lambda: (rand(6), 2))
def two_lists_move(x, n):
    left = [Dense(v, 1.0) for v in x]
    right = []
    while len(left) > n:
        d = left.pop(0)
        d.b = d.w * d.b
        right.append(d)
        if len(right) > 2:
            right[0].w += right[-1].b
    return sum(d.w for d in left) + sum(d.w * d.b for d in right)


@program(lambda: (rand(6),))
def extend_and_slices(x):
    a = [Dense(v, v) for v in x]
    b = a[:3] + a[2:]
    a.extend(b[1:3])
    a[0:2] = b[3:5]
    for d in b:
        d.w *= d.b
    a.insert(1, Dense(x[0], 7.0))
    del a[2]
    return sum(k * d.w for k, d in enumerate(a))


@program(lambda: (rand(6),))
def groups_of_objects(x):
    g = {}
    for k, v in enumerate(x):
        g.setdefault(int(v * 4), []).append(Dense(v, k))
    t = 0.0
    for key in g:
        for d in g[key]:
            d.w += d.b
        t += g[key][0].w * len(g[key])
    return t


@program(lambda: (rand(6),))
def any_all_sum_map_filter(x):
    ds = [Dense(v, v * v) for v in x]
    big = list(filter(lambda d: d.w > 0.5, ds))
    ws = list(map(lambda d: d.w * d.b, big))
    if any(d.w > 1.0 for d in ds) and not all(d.b > 0.1 for d in ds):
        return sum(ws)
    return sum(ws) * 2 + np.mean([d.b for d in ds]) * np.array([d.w for d in ds]).max()


@program(lambda: (rand(6), 3))
def simulation_class(x, n):
    world = SimpleNamespace(particles=[], t=0.0)
    for v in x:
        world.particles.append(SimpleNamespace(x=v, v=0.0, alive=True))
    for _ in range(n):
        for p in world.particles:
            if not p.alive:
                continue
            p.v -= 0.3 * p.x
            p.x += 0.3 * p.v
            if p.x < 0.1:
                p.alive = False
        world.t += 0.3
    return sum(p.x**2 for p in world.particles if p.alive) + world.t * sum(p.v for p in world.particles)


@program(lambda: (rand(6),))
def enumerate_zip_with_neighbours(x):
    cells = [{"u": v, "new": 0.0} for v in x]
    for _ in range(3):
        for i, c in enumerate(cells):
            left = cells[i - 1]["u"] if i > 0 else 0.0
            r = cells[i + 1]["u"] if i < len(cells) - 1 else 0.0
            c["new"] = c["u"] + 0.1 * (left - 2 * c["u"] + r)
        for c in cells:
            c["u"], c["new"] = c["new"], c["u"]
    return sum(c["u"] ** 2 for c in cells)


@program(lambda: (rand(6),))
def beam_search(x):
    beams = [{"score": 0.0, "k": 0}]
    for v in x:
        new = []
        for b in beams:
            new.append({"score": b["score"] + v, "k": b["k"]})
            new.append({"score": b["score"] * 0.9 + v * v, "k": b["k"] + 1})
        beams = sorted(new, key=lambda b: b["score"], reverse=True)[:3]
    return beams[0]["score"] * beams[-1]["score"] + beams[0]["k"]


@program(lambda: (rand(4), rand(4, seed=2)), argnums=(0, 1))
def optimiser_states(p, g):
    states = [SimpleNamespace(m=0.0, v=0.0, t=0) for _ in p]
    params = list(p)
    for _ in range(3):
        for i, s in enumerate(states):
            s.t += 1
            s.m = 0.9 * s.m + 0.1 * g[i]
            s.v = 0.99 * s.v + 0.01 * g[i] ** 2
            params[i] = params[i] - 0.1 * (s.m / (1 - 0.9**s.t)) / (math.sqrt(s.v / (1 - 0.99**s.t)) + 1e-3)
    return sum(q * q for q in params)


@dataclass
class Neuron:
    w: list
    b: float

    def __call__(self, xs):
        return math.tanh(sum(wi * xi for wi, xi in zip(self.w, xs, strict=False)) + self.b)


@program(lambda: (rand(3, 3), rand(3, seed=1)), argnums=(0, 1))
def neurons(w, xs):
    layer = [Neuron([w[i, j] for j in range(3)], 0.1) for i in range(len(w))]
    out = [n(xs) for n in layer]
    for n in layer:
        n.w[0] *= 2.0
        n.b += n.w[1]
    return sum(n(out) for n in layer)


@program(lambda: (rand(5),))
def argument_objects_indexed(x):
    items = [Dense(x[0], 1.0), Dense(x[1], 2.0), Dense(x[2], 3.0)]
    k = int(x[3] * 2) % 3
    items[k].w = 5.0 * x[4]
    chosen = items[k]
    chosen.b *= chosen.w
    return sum(d.w * d.b for d in items)


@program(lambda: (signed(6),))
def matched_objects(x):
    shapes = [{"kind": "a", "w": v} if v > 0 else {"kind": "b", "w": 2.0 * v} for v in x]
    items = [Circle(v) if v > 0 else Rect(v, 2.0) for v in x]
    total = 0.0
    for shape, item in zip(shapes, items, strict=True):
        match shape:
            case {"kind": "a", "w": w}:
                total += w * w
            case {"w": w}:
                total += w**3
        match item:
            case Circle(r=r):
                total += r * total
            case Rect(a=a):
                total -= a
    return total


@program(lambda: (signed(4),))
def tuples_of_objects_or_none(x):
    last = None
    items = []
    total = 0.0
    for v in x:
        it = Item(v, 1.0)
        items.append(it)
        if last is not None:
            last[0].value *= 2.0
            total += last[1] * it.value
        if v > -0.5:
            last = (it, v * v)
    return total * sum(it.value for it in items)


@program(lambda: (signed(4),), supported=False)
def attributes_as_a_dict(x):
    items = [Item(v, 1.0) for v in x]
    total = 0.0
    for it in items:
        entries = vars(it)
        it.value *= 2.0
        total += entries["value"]
    return total


@program(lambda: (signed(4),), supported=False)
def dataclasses_compared(x):
    items = [Item(v, 1.0) for v in x]
    return x[0] if items[0] in items[1:] else x[1]


class Number:
    def __init__(self, v):
        self.v = v

    def __float__(self):
        return float(self.v)

    def __index__(self):
        return 1


@program(lambda: (signed(4),), supported=False)
def object_as_an_index(x):
    items = [Number(v) for v in x]
    return x[items[2]] * 2.0


@program(lambda: (signed(4),), supported=False)
def object_as_a_bound(x):
    items = [Number(v) for v in x]
    return sum(v * v for v in x[items[2] :])


@program(lambda: (signed(4),), supported=False)
def object_put_into_an_array(x):
    items = [Number(v) for v in x]
    y = np.zeros(2)
    y[0] = items[3]
    return y[0] * x[0]


@program(lambda: (signed(4),), supported=False)
def objects_made_an_array(x):
    items = [Number(v) for v in x]
    return np.sum(np.array(items, dtype=float)) * x[0]


@program(lambda: (signed(4),), supported=False)
def attribute_given_to_some(x):
    items = [Number(v) for v in x]
    for it in items[1:]:
        it.extra = it.v
    return sum(it.extra if hasattr(it, "extra") else 1.0 for it in items)
