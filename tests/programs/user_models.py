"""Programs with classes as people write them: shapes, enumerations, integrators, polynomials, matrices, trees."""

from __future__ import annotations

import enum
import itertools
import math
from abc import ABC, abstractmethod
from dataclasses import InitVar, asdict, astuple, dataclass, field, fields, replace
from typing import ClassVar, NamedTuple

import numpy as np

from programs import program, rand


class Shape(ABC):
    registry: ClassVar[dict] = {}

    @abstractmethod
    def area(self): ...
    def __lt__(self, o):
        return self.area() < o.area()


class Circle(Shape):
    def __init__(self, r):
        self.r = r

    def area(self):
        return math.pi * self.r**2


class Rect(Shape):
    def __init__(self, w, h):
        self.w, self.h = w, h

    def area(self):
        return self.w * self.h


@program(lambda: (rand(4),))
def shapes(x):
    shapes = [Circle(x[0]), Rect(x[1], x[2]), Circle(x[3])]
    return sum(s.area() for s in shapes) ** 2


@program(lambda: (rand(4),))
def shapes_max(x):
    shapes = [Circle(x[0]), Rect(x[1], x[2]), Circle(x[3])]
    best = max(shapes, key=lambda s: s.area())
    return best.area()


class Mode(enum.Enum):
    LINEAR = 1
    QUAD = "q"
    CUBE = 3


class Flag(enum.IntEnum):
    A = 1
    B = 2


@program(lambda: (rand(4), Mode.QUAD))
def enum_arg(x, mode):
    if mode is Mode.LINEAR:
        return x.sum()
    elif mode == Mode.QUAD:
        return (x**2).sum()
    return (x**3).sum()


@program(lambda: (rand(4),))
def enum_inside(x):
    s = 0.0
    for mode in Mode:
        if mode is Mode.CUBE:
            s += x[0] ** mode.value
        elif mode.name == "QUAD":
            s += x[1] ** 2
        else:
            s += x[2] * Flag.B
    return s


@program(lambda: (rand(4),))
def enum_dict(x):
    table = {Mode.LINEAR: lambda v: v, Mode.QUAD: lambda v: v * v}
    return sum(f(x[0]) for f in table.values()) + table[Mode.QUAD](x[1])


class Integrator:
    def __init__(self, rhs, method="rk4"):
        self.rhs = rhs
        self.step = getattr(self, "_" + method)
        self.calls = 0

    def _f(self, t, y):
        self.calls += 1
        return self.rhs(t, y)

    def _euler(self, t, y, h):
        return y + h * self._f(t, y)

    def _rk4(self, t, y, h):
        k1 = self._f(t, y)
        k2 = self._f(t + h / 2, y + h / 2 * k1)
        k3 = self._f(t + h / 2, y + h / 2 * k2)
        k4 = self._f(t + h, y + h * k3)
        return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    def run(self, y, t0, t1, n):
        h = (t1 - t0) / n
        hist = [y]
        for k in range(n):
            y = self.step(t0 + k * h, y, h)
            hist.append(y)
        return np.array(hist)


@program(lambda: (rand(2), 0.5, 5), argnums=(0, 1))
def integrator(y0, k, n):
    ode = Integrator(lambda t, y: np.array([y[1], -k * y[0]]))
    traj = ode.run(y0, 0.0, 1.0, n)
    return np.sum(traj[:, 0] ** 2) / ode.calls


@program(lambda: (rand(2), 0.5, 5), argnums=(0, 1))
def integrator_euler(y0, k, n):
    ode = Integrator(lambda t, y: np.array([y[1], -k * y[0]]), method="euler")
    return np.sum(ode.run(y0, 0.0, 1.0, n)[-1])


@dataclass
class WithInit:
    a: float
    scale: InitVar[float] = 2.0
    kind: ClassVar[str] = "lin"
    count: ClassVar[int] = 3
    b: float = field(init=False)
    hist: list = field(default_factory=list, repr=False)

    def __post_init__(self, scale):
        self.b = self.a * scale


@program(lambda: (rand(4),))
def initvar(x):
    w = WithInit(x[0], x[1])
    v = WithInit(x[2])
    w.hist.append(v.b)
    return w.b * v.b * w.count + sum(w.hist) * len(WithInit.kind)


@dataclass
class Base:
    a: float
    b: float = 2.0


@dataclass
class Derived(Base):
    c: float = 3.0

    def total(self):
        return self.a + self.b * self.c


@program(lambda: (rand(4),))
def dataclass_inherit(x):
    d = Derived(x[0], c=x[1])
    e = replace(d, b=x[2])
    return d.total() * e.total() + sum(astuple(e)) + asdict(d)["a"] + sum(getattr(e, f.name) for f in fields(e))


@dataclass
class Plant:
    part: Base
    parts: list
    by_name: dict
    pair: tuple = (1.0, 2.0)
    label: str = "p"


@program(lambda: (rand(4),))
def dataclasses_taken_apart(x):
    d = Derived(x[0], c=x[1])
    plant = Plant(d, [d, x[2]], {"r": Base(x[3])})
    whole = asdict(plant)
    whole["part"]["a"] = whole["parts"][0]["c"] * whole["by_name"]["r"]["a"]
    part, parts, by_name, pair, _ = astuple(plant)
    doubled = asdict(d, dict_factory=lambda items: {name: 2.0 * v for name, v in items})
    return whole["part"]["a"] * d.a + parts[0][2] * parts[1] * pair[1] + by_name["r"][0] * doubled["c"] + part[0] ** 3


def norm_of(kind, x):
    if issubclass(kind, (list, tuple)):
        return sum(x)
    return np.sqrt(np.sum(x * x)) if issubclass(kind, np.ndarray) else abs(x)


@program(lambda: (rand(3),))
def classes_that_derive(x):
    return norm_of(type(x), x) * norm_of(type(x[0]), x[0]) + norm_of(list, [x[1], x[2]])


class Model(NamedTuple):
    w: np.ndarray
    b: float

    def predict(self, x):
        return x @ self.w + self.b


@program(lambda: (Model(rand(3), 0.5), rand(4, 3)))
def namedtuple_model(m, X):
    m2 = m._replace(b=m.b * 2)
    return np.mean((m2.predict(X) - m.predict(X) ** 2) ** 2)


class Linear:
    instances = 0

    def __init__(self, w):
        Linear.instances += 1
        self.w = w

    def __call__(self, x):
        return x @ self.w


class Sched:
    def __init__(self, lr):
        self._lr = lr
        self.k = 0

    @property
    def lr(self):
        return self._lr / (1 + self.k)

    @lr.setter
    def lr(self, v):
        self._lr = v

    def __enter__(self):
        return self

    def __exit__(self, *a):
        self.k += 1


@program(lambda: (rand(4),))
def uses_a_property(x):
    s = Sched(x[0])
    tot = 0.0
    for v in x:
        with s as q:
            tot += q.lr * v
    s.lr = tot
    return s.lr**2


class Poly:
    def __init__(self, *coefs):
        self.coefs = list(coefs)

    def __call__(self, t):
        acc = 0.0
        for c in reversed(self.coefs):
            acc = acc * t + c
        return acc

    def deriv(self):
        return Poly(*[k * c for k, c in enumerate(self.coefs)][1:])

    def __add__(self, o):
        return Poly(*(a + b for a, b in itertools.zip_longest(self.coefs, o.coefs, fillvalue=0.0)))

    def __mul__(self, o):
        out = [0.0] * (len(self.coefs) + len(o.coefs) - 1)
        for i, a in enumerate(self.coefs):
            for j, b in enumerate(o.coefs):
                out[i + j] += a * b
        return Poly(*out)

    def __len__(self):
        return len(self.coefs)

    def __setitem__(self, k, v):
        self.coefs[k] = v

    def __getitem__(self, k):
        return self.coefs[k]

    def __contains__(self, v):
        return v in self.coefs


@program(lambda: (rand(5),))
def uses_poly(x):
    p = Poly(*x[:3])
    q = p.deriv() * p + Poly(x[3], 1.0)
    q[0] += x[4]
    return q(x[0]) + q.deriv()(0.5) + len(q) * q[1]


class Matrix:
    def __init__(self, rows):
        self.rows = [list(r) for r in rows]

    @property
    def T(self):
        return Matrix(zip(*self.rows, strict=False))

    def __matmul__(self, o):
        return Matrix(
            [[sum(a * b for a, b in zip(r, c, strict=False)) for c in zip(*o.rows, strict=False)] for r in self.rows]
        )

    def trace(self):
        return sum(self.rows[i][i] for i in range(len(self.rows)))

    def __getitem__(self, ij):
        i, j = ij
        return self.rows[i][j]

    def __setitem__(self, ij, v):
        self.rows[ij[0]][ij[1]] = v

    @staticmethod
    def eye(n):
        return Matrix([[1.0 if i == j else 0.0 for j in range(n)] for i in range(n)])


@program(lambda: (rand(2, 2),))
def matrix_class(x):
    a = Matrix(x)
    b = a @ a.T @ Matrix.eye(2)
    b[0, 1] = b[1, 0] * 2
    return b.trace() + b[0, 1]


class Lin:
    def __init__(self, W):
        self.W = W

    def loss(self, x):
        return np.sum((self.W @ x) ** 2)


LIN = Lin(rand(3, 3))


class Stack:
    def __init__(self):
        self.items = []

    def push(self, v):
        self.items.append(v)

    def pop(self):
        return self.items.pop()

    def __len__(self):
        return len(self.items)


@program(lambda: (rand(4), "3 4 + x *"))
def uses_rpn(x, text):
    st = Stack()
    for tok in text.split():
        if tok == "+":
            st.push(st.pop() + st.pop())
        elif tok == "*":
            st.push(st.pop() * st.pop())
        elif tok == "x":
            st.push(x[0])
        else:
            st.push(float(tok) * x[1])
    return st.pop() * x[2] + len(st)


class Node:
    def __init__(self, value, left=None, right=None):
        self.value, self.left, self.right = value, left, right

    def total(self):
        s = self.value
        if self.left is not None:
            s += self.left.total() * 2
        if self.right is not None:
            s += self.right.total() * 3
        return s


@program(lambda: (rand(4),))
def uses_tree(x):
    t = Node(x[0], Node(x[1], Node(x[2])), Node(x[3]))
    return t.total() ** 2


class RNN:
    def __init__(self, Wh, Wx):
        self.Wh, self.Wx = Wh, Wx
        self.h = None

    def reset(self):
        self.h = np.zeros(self.Wh.shape[0])

    def step(self, x):
        self.h = np.tanh(self.Wh @ self.h + self.Wx @ x)
        return self.h


@program(lambda: (rand(3, 3), rand(3, 2), rand(4, 2)), argnums=(0, 1, 2))
def uses_rnn(Wh, Wx, xs):
    r = RNN(Wh, Wx)
    r.reset()
    outs = [r.step(x) for x in xs]
    return np.sum(np.stack(outs) ** 2)


class Memo:
    def __init__(self, f):
        self.f = f
        self.cache = {}

    def __call__(self, k):
        if k not in self.cache:
            self.cache[k] = self.f(self, k)
        return self.cache[k]
