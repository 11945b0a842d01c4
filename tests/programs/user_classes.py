"""Programs with classes as people write them: layers, optimisers, filters, integrators, vectors, dual numbers."""

from __future__ import annotations

import functools
import math
import operator
from dataclasses import dataclass, field

import numpy as np

from programs import program, rand


class Value:
    """micrograd"""

    def __init__(self, data, _children=(), _op=""):
        self.data = data
        self.grad = 0.0
        self._backward = lambda: None
        self._prev = set(_children)
        self._op = _op

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other), "+")

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other), "*")

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def __pow__(self, k):
        assert isinstance(k, (int, float)), "only int/float powers"
        out = Value(self.data**k, (self,), f"**{k}")

        def _backward():
            self.grad += k * self.data ** (k - 1) * out.grad

        out._backward = _backward
        return out

    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,), "tanh")

        def _backward():
            self.grad += (1 - t * t) * out.grad

        out._backward = _backward
        return out

    def backward(self):
        topo, visited = [], set()

        def build(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            v._backward()

    def __neg__(self):
        return self * -1

    def __radd__(self, other):
        return self + other

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return other + (-self)

    def __rmul__(self, other):
        return self * other

    def __truediv__(self, other):
        return self * other**-1

    def __repr__(self):
        return f"Value({self.data})"


@program(lambda: (rand(4),))
def micrograd_forward(x):
    a, b = Value(x[0]), Value(x[1])
    c = (a * b + 2 * a - b / a).tanh() ** 2
    return (c - 0.5 + (1 - a)).data


@program(lambda: (rand(4),))
def micrograd_backward(x):
    a, b = Value(x[0]), Value(x[1])
    c = a * b + a**2
    c.backward()
    return a.grad * x[2] + b.grad


class Dual:
    __slots__ = ("du", "re")

    def __init__(self, re, du=0.0):
        self.re, self.du = re, du

    @classmethod
    def variable(cls, v):
        return cls(v, 1.0)

    @staticmethod
    def lift(v):
        return v if isinstance(v, Dual) else Dual(v)

    def __add__(self, o):
        o = Dual.lift(o)
        return Dual(self.re + o.re, self.du + o.du)

    __radd__ = __add__

    def __mul__(self, o):
        o = self.lift(o)
        return type(self)(self.re * o.re, self.re * o.du + self.du * o.re)

    __rmul__ = __mul__

    def __pow__(self, n):
        return Dual(self.re**n, n * self.re ** (n - 1) * self.du)

    def sin(self):
        return Dual(np.sin(self.re), np.cos(self.re) * self.du)


@program(lambda: (rand(4),))
def dual_numbers(x):
    t = Dual.variable(x[0])
    y = 3.0 * t**2 + t * x[1] + t.sin() * 2
    return y.du * x[2] + y.re


@program(lambda: (rand(4),))
def dual_in_loop(x):
    t = Dual.variable(x[0])
    y = Dual(1.0)
    for k in range(4):
        y = y * t + x[k]
    return y.du


@program(lambda: (rand(4), 4))
def dual_in_run_loop(x, n):
    t = Dual.variable(x[0])
    y = Dual(1.0, 0.0)
    for k in range(n):
        y = y * t + x[k]
    return y.du


class Vec3:
    def __init__(self, x, y, z):
        self.x, self.y, self.z = x, y, z

    def __add__(self, o):
        return Vec3(self.x + o.x, self.y + o.y, self.z + o.z)

    def __sub__(self, o):
        return self + (-o)

    def __neg__(self):
        return Vec3(-self.x, -self.y, -self.z)

    def __mul__(self, k):
        if isinstance(k, Vec3):
            return Vec3(self.x * k.x, self.y * k.y, self.z * k.z)
        return Vec3(self.x * k, self.y * k, self.z * k)

    def __rmul__(self, k):
        return self * k

    def __truediv__(self, k):
        return self * (1.0 / k)

    def __rsub__(self, k):
        return Vec3(k - self.x, k - self.y, k - self.z)

    def __matmul__(self, o):
        return self.x * o.x + self.y * o.y + self.z * o.z

    def __iter__(self):
        yield self.x
        yield self.y
        yield self.z

    def __getitem__(self, k):
        return (self.x, self.y, self.z)[k]

    def __len__(self):
        return 3

    def __eq__(self, o):
        return isinstance(o, Vec3) and tuple(self) == tuple(o)

    def __hash__(self):
        return hash((self.x, self.y, self.z))

    def __abs__(self):
        return math.sqrt(self @ self)

    def __bool__(self):
        return True

    def __pos__(self):
        return self

    def cross(self, o):
        return Vec3(self.y * o.z - self.z * o.y, self.z * o.x - self.x * o.z, self.x * o.y - self.y * o.x)

    @property
    def norm(self):
        return math.sqrt(self @ self)


@program(lambda: (rand(6),))
def uses_vec3(x):
    a, b = Vec3(*x[:3]), Vec3(*x[3:])
    c = a.cross(b) + 2.0 * a - b / 3.0
    d = 1.0 - c
    s = sum(d)
    u, v, w = c
    return c @ d + s * u + v * w + c.norm * abs(d) + c[1] * len(c) + (0.0 if a == b else 1.0) * a.x


@program(lambda: (rand(6),))
def vec3_sum_reduce(x):
    vs = [Vec3(x[k], x[k + 1], x[k + 2]) for k in range(4)]
    tot = functools.reduce(operator.add, vs)
    tot2 = sum(vs, Vec3(0.0, 0.0, 0.0))
    return tot @ tot2


@program(lambda: (rand(6),))
def vec3_to_array(x):
    a = Vec3(x[0], x[1], x[2])
    arr = np.array(list(a))
    arr2 = np.array([*a]) * 2
    return arr @ arr2 + np.sum(np.array([a.x, a.y]))


class Kalman:
    def __init__(self, F, H, Q, R, x0, P0):
        self.F, self.H, self.Q, self.R = F, H, Q, R
        self.x, self.P = x0, P0
        self.loglik = 0.0
        self.n = 0

    def predict(self):
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q
        return self

    def update(self, z):
        y = z - self.H @ self.x
        S = self.H @ self.P @ self.H.T + self.R
        K = self.P @ self.H.T @ np.linalg.inv(S)
        self.x = self.x + K @ y
        self.P = (np.eye(len(self.x)) - K @ self.H) @ self.P
        self.loglik += -0.5 * (y @ np.linalg.solve(S, y) + np.log(np.linalg.det(S)))
        self.n += 1


@program(lambda: (0.4, 0.3, rand(5, 1)), argnums=(0, 1, 2))
def uses_kalman_class(q, r, zs):
    kf = Kalman(
        np.array([[1.0, 0.1], [0.0, 1.0]]), np.array([[1.0, 0.0]]), q * np.eye(2), r * np.eye(1), np.zeros(2), np.eye(2)
    )
    for z in zs:
        kf.predict().update(z)
    return -kf.loglik / kf.n


class Layer:
    def __init__(self, W, b, act=np.tanh):
        self.W, self.b, self.act = W, b, act

    def __call__(self, h):
        return self.act(h @ self.W + self.b)


class MLP:
    def __init__(self, params):
        self.layers = []
        for k, (W, b) in enumerate(params):
            self.layers.append(Layer(W, b, np.tanh if k < len(params) - 1 else lambda z: z))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    __call__ = forward

    def parameters(self):
        return [p for layer in self.layers for p in (layer.W, layer.b)]


@program(lambda: ([(rand(3, 4), rand(4)), (rand(4, 2), rand(2))], rand(5, 3)))
def uses_mlp(params, X):
    net = MLP(params)
    out = net(X)
    return np.mean(out**2) + 0.01 * sum(np.sum(p**2) for p in net.parameters())


class Adam:
    def __init__(self, lr=0.1, betas=(0.9, 0.99), eps=1e-8):
        self.lr, self.betas, self.eps = lr, betas, eps
        self.state = {"m": None, "v": None, "t": 0}

    def step(self, p, g):
        st = self.state
        b1, b2 = self.betas
        if st["m"] is None:
            st["m"] = np.zeros_like(p)
            st["v"] = np.zeros_like(p)
        st["t"] += 1
        st["m"] = b1 * st["m"] + (1 - b1) * g
        st["v"] = b2 * st["v"] + (1 - b2) * g * g
        mh = st["m"] / (1 - b1 ** st["t"])
        vh = st["v"] / (1 - b2 ** st["t"])
        return p - self.lr * mh / (np.sqrt(vh) + self.eps)


@program(lambda: (rand(3), 0.1), argnums=(0, 1))
def uses_adam(x, lr):
    opt = Adam(lr)
    p = x
    for _ in range(4):
        p = opt.step(p, 2 * (p - 1.0))
    return np.sum(p**2)


@program(lambda: (rand(3), 0.1, 6), argnums=(0, 1))
def adam_run(x, lr, n):
    opt = Adam(lr)
    p = x
    for _ in range(n):
        p = opt.step(p, 2 * (p - 1.0))
    return np.sum(p**2)


class Momentum:
    def __init__(self, params, lr):
        self.params = params
        self.lr = lr
        self.velocity = {k: np.zeros_like(v) for k, v in params.items()}

    def step(self, grads):
        for k in self.params:
            self.velocity[k] = 0.9 * self.velocity[k] - self.lr * grads[k]
            self.params[k] = self.params[k] + self.velocity[k]


@program(lambda: ({"w": rand(3), "b": 0.5}, 4))
def momentum(params, n):
    opt = Momentum(dict(params), 0.1)
    for _ in range(n):
        opt.step({"w": 2 * opt.params["w"], "b": opt.params["b"] * 3})
    return np.sum(opt.params["w"]) ** 2 + opt.params["b"]


@dataclass
class Particle:
    pos: np.ndarray
    vel: np.ndarray
    mass: float = 1.0
    tag: str = "p"

    def kinetic(self):
        return 0.5 * self.mass * self.vel @ self.vel

    def kick(self, f, dt):
        self.vel = self.vel + f / self.mass * dt

    def drift(self, dt):
        self.pos = self.pos + self.vel * dt


@program(lambda: (rand(3, 2), rand(3, 2)), argnums=(0, 1))
def particles(pos, vel):
    ps = [Particle(pos[i], vel[i], 1.0 + i) for i in range(3)]
    for _ in range(3):
        for p in ps:
            f = sum((q.pos - p.pos) * q.mass for q in ps if q is not p)
            p.kick(f, 0.05)
        for p in ps:
            p.drift(0.05)
    return sum(p.kinetic() for p in ps)


@program(lambda: (rand(4, 2), rand(4, 2), 4), argnums=(0, 1))
def particles_run(pos, vel, n):
    ps = [Particle(pos[i], vel[i]) for i in range(n)]
    for _ in range(n):
        for p in ps:
            p.drift(0.05)
            p.kick(-p.pos, 0.1)
    return sum(p.kinetic() for p in ps)


@dataclass(frozen=True, slots=True)
class Params:
    alpha: float
    beta: np.ndarray
    name: str = "model"
    order: int = 2
    extra: object = None


@dataclass
class Inner:
    w: np.ndarray
    b: float


@dataclass
class Outer:
    layers: list
    scale: float
    opts: dict = field(default_factory=dict)
    label: str = "x"
    n: int = 3
    other: Inner | None = None


@program(lambda: (Outer([Inner(rand(3), 0.1), Inner(rand(3, seed=1), 0.2)], 0.7, {"reg": 0.1}), rand(3)))
def nested_params(p, x):
    h = x
    for layer in p.layers:
        h = np.tanh(layer.w * h + layer.b)
    return np.sum(h) * p.scale + p.opts["reg"] * sum(np.sum(layer.w**2) for layer in p.layers) + p.n * p.scale
