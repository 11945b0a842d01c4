# ruff: noqa: B007, B023, B905, E731 (written as users write, not as linters like it)
"""Derivatives inside of differentiated functions: meta-learning, solvers that use slopes, physics, and traps."""

from __future__ import annotations

import collections
import dataclasses
import functools

import numpy as np

from programs import program, rand
from srcgrad import grad, jvp, value_and_grad, vjp


# --- confusion
@program(lambda: (3.0,))
def confusion_of_sums(x):
    return x * grad(lambda y: x + y)(1.0)


@program(lambda: (3.0,))
def confusion_of_products(x):
    return x * grad(lambda y: x * y * y)(x)


@program(lambda: (2.0,))
def confusion_forwards(x):
    return x * jvp(lambda y: x * y, (2.0,), (1.0,))[1]


@program(lambda: (2.0,))
def pc4(x):
    return grad(lambda y: grad(lambda z: x * y * z * z)(y) * x)(x)


@program(lambda: (2.0,))
def three_deep(x):
    return grad(lambda y: grad(lambda z: grad(lambda w: w**4 * z**2 * y * x)(z))(y))(x)


@program(lambda: (1.5,))
def amazing_bug(x):
    # closures returned out of a derivative
    def s(u):
        def f(g):
            return lambda x: g(x + u)

        return f

    def D_at0(F):
        def h(u_f):
            return lambda y: jvp(lambda u: F(u)(u_f)(y), (0.0,), (1.0,))[1]

        return h

    Dhat = D_at0(s)
    return Dhat(Dhat(lambda t: np.exp(t * x)))(0.3)


@program(lambda: (1.5,))
def curried(x):
    def df(f):
        return lambda t: grad(f)(t)

    d2 = df(df(lambda t: t**3 * x))
    return d2(x)


# --- MAML
def mse(w, x, y):
    return np.mean((np.tanh(x @ w["W"]) @ w["v"] + w["b"] - y) ** 2)


params = {"W": rand(3, 4), "v": rand(4), "b": 0.3}


@program(
    lambda: (
        params,
        rand(5, 3),
        rand(5),
        rand(4, 3),
        rand(4),
    )
)
def maml_dict(w, x, y, x2, y2):
    g = grad(mse)(w, x, y)
    w2 = {k: w[k] - 0.1 * g[k] for k in w}
    return mse(w2, x2, y2)


@program(
    lambda: (
        params,
        rand(5, 3),
        rand(5),
        rand(4, 3),
        rand(4),
    )
)
def maml_closure(w, x, y, x2, y2):
    def inner(p):
        return mse(p, x, y)

    for _ in range(2):
        v, g = value_and_grad(inner)(w)
        w = {k: w[k] - 0.1 * g[k] * v for k in w}
    return mse(w, x2, y2)


gm = grad(mse)


@program(
    lambda: (
        params,
        rand(5, 3),
        rand(5),
    )
)
def outside_object(w, x, y):
    g = gm(w, x, y)
    return np.sum(g["W"] ** 2) + np.sum(g["v"] * w["v"]) + g["b"]


@dataclasses.dataclass
class Net:
    w: np.ndarray
    b: float


@program(
    lambda: (
        Net(rand(3), 0.2),
        rand(4, 3),
        rand(4),
    )
)
def dataclass_params(net, x, y):
    def loss(n):
        return np.sum((x @ n.w + n.b - y) ** 2)

    g = grad(loss)(net)
    new = Net(net.w - 0.1 * g.w, net.b - 0.1 * g.b)
    return loss(new)


Pt = collections.namedtuple("Pt", "a b")


@program(lambda: (Pt(rand(3), 0.4),))
def namedtuple_params(p):
    g = grad(lambda q: np.sum(q.a**3) * q.b)(p)
    return np.sum(g.a * p.a) * g.b


@program(lambda: ([rand(3), rand(2)],))
def list_params(ps):
    g = grad(lambda q: np.sum(q[0] ** 3) * np.sum(q[1] ** 2))(ps)
    new = [p - 0.1 * d for p, d in zip(ps, g)]
    return np.sum(new[0]) * np.sum(new[1] ** 2)


@program(lambda: ((rand(2), 0.5),))
def tuple_params(ps):
    ga, gb = grad(lambda q: np.sum(q[0] ** 3) * q[1])(ps)
    return np.sum(ga) * gb


@program(
    lambda: (
        rand(3),
        rand(3),
    )
)
def argnums_tuple(a, b):
    ga, gb = grad(lambda x, y: np.sum(x**2 * y**3), argnums=(0, 1))(a, b)
    return np.sum(ga * gb)


@program(
    lambda: (
        rand(3),
        rand(3),
    )
)
def argnums_one(a, b):
    return np.sum(grad(lambda x, y: np.sum(x**2 * y**3), 1)(a, b) ** 2)


@program(
    lambda: (
        rand(3),
        rand(3),
    )
)
def argnums_neg(a, b):
    return np.sum(grad(lambda x, y: np.sum(x**2 * y**3), -1)(a, b) ** 2)


def kwf(x, *, scale=2.0, p=None):
    return np.sum(x**3) * scale


@program(
    lambda: (
        rand(3),
        1.5,
    )
)
def keyword_args(a, s):
    return np.sum(grad(kwf)(a, scale=s) * a)


@program(
    lambda: (
        rand(3),
        1.5,
    )
)
def argnames(a, s):
    return grad(kwf, argnames="scale")(a, scale=s) * s


@program(lambda: (rand(3),))
def default_args(a):
    def f(x, k=3):
        return np.sum(x**k)

    return np.sum(grad(f)(a) * grad(f)(a, 2))


# --- loops
@program(
    lambda: (
        rand(3),
        np.array([1.0, 2.0, 0.5]),
    ),
    argnums=(0, 1),
)
def descent_norm(w, t):
    def loss(v):
        return np.sum((v**2 - t) ** 2)

    g = grad(loss)(w)
    n = 0
    while np.linalg.norm(g) > 1e-2 and n < 50:
        w = w - 0.05 * g
        g = grad(loss)(w)
        n += 1
    return np.sum(w * t)


@program(
    lambda: (
        rand(3),
        np.array([1.0, 2.0, 0.5]),
    )
)
def descent_break(w, t):
    loss = lambda v: np.sum((v**2 - t) ** 2)
    dloss = grad(loss)
    for i in range(100):
        g = dloss(w)
        if np.max(np.abs(g)) < 1e-1:
            break
        w = w - 0.05 * g
    return np.sum(w**2)


@program(lambda: (rand(3),))
def in_place_descent(w):
    w = w.copy()
    dloss = grad(lambda v: np.sum(v**4 - v))
    for i in range(5):
        w -= 0.1 * dloss(w)
    return np.sum(w**2)


@program(
    lambda: (
        rand(4),
        rand(4),
    )
)
def grad_in_elements(w, x):
    out = np.zeros(4)
    for i in range(4):
        out[i] = grad(lambda t: np.sin(t * w[i]) * t)(x[i])
    return np.sum(out**2)


@program(lambda: (rand(3),))
def grads_in_comprehension(x):
    ds = [grad(lambda t, k=k: t**k)(x[0]) for k in range(1, 4)]
    return sum(ds) * x[1]


@program(lambda: (rand(3),))
def fns_in_list(x):
    fs = [np.sin, lambda t: t**3, lambda t: np.exp(-t) * x[1]]
    total = 0.0
    for f in fs:
        total += grad(lambda t: f(t))(x[0])
    return total


@program(lambda: (rand(3),))
def grads_in_dict(x):
    gs = {"a": grad(lambda t: t**3), "b": grad(lambda t: np.sum(t**2 * x))}
    return gs["a"](x[0]) + np.sum(gs["b"](x))


class Model:
    def __init__(self, k):
        self.k = k
        self.g = grad(self.loss)

    def loss(self, w):
        return np.sum(w**self.k)

    @grad
    def decorated(self, w):
        return np.sum(np.sin(w) * self.k)

    def step(self, w):
        return w - 0.1 * grad(self.loss)(w)


model = Model(3.0)


@program(lambda: (rand(3),))
def method_grad(w):
    return np.sum(grad(model.loss)(w) ** 2)


@program(lambda: (rand(3),))
def method_attr(w):
    return np.sum(model.g(w) ** 2)


@program(lambda: (rand(3),))
def method_decorated(w):
    return np.sum(model.decorated(w) ** 2)


@program(lambda: (rand(3),))
def method_step(w):
    return np.sum(model.step(model.step(w)) ** 2)


@program(
    lambda: (
        rand(3),
        2.5,
    )
)
def object_inside(w, k):
    m = Model2(k)
    for _ in range(2):
        w = m.step(w)
    return np.sum(w**2)


class Model2:
    def __init__(self, k):
        self.k = k

    def loss(self, w):
        return np.sum(w**2 * self.k)

    def step(self, w):
        return w - 0.1 * grad(self.loss)(w)


@grad
def decorated(x):
    return np.sum(x**3)


@program(lambda: (rand(3),))
def uses_decorated(x):
    return np.sum(decorated(x) * x)


@program(lambda: (rand(3),))
def inner_decorated(x):
    @grad
    def g(z):
        return np.sum(z**3 * x)

    @value_and_grad
    def h(z):
        return np.sum(z**2)

    v, d = h(x)
    return np.sum(g(x) * d) * v


@program(lambda: (rand(3),))
def slope_of_partial(x):
    f = functools.partial(lambda a, b: np.sum(a**2 * b**3), x)
    return np.sum(grad(f)(x))


@program(lambda: (rand(3),))
def composed(x):
    def compose(f, n):
        return f if n == 0 else compose(lambda t: grad(lambda s: np.sum(f(s)))(t) if False else f(t) * 2.0, n - 1)

    return np.sum(compose(lambda t: t**2, 2)(x))


# --- physics
@program(
    lambda: (
        np.array([0.5, 0.1]),
        np.array([0.0, 0.3]),
    ),
    argnums=(0, 1),
)
def particle(x, v):
    def potential(p):
        return 1.0 / np.linalg.norm(p - np.array([2.0, 1.0])) + 0.5 * np.sum(p**2)

    dt = 0.05
    for _ in range(20):
        v = v - dt * grad(potential)(x)
        x = x + dt * v
    return np.sum(x**2)


@program(
    lambda: (
        np.array([0.5, 0.1]),
        np.array([0.2, 0.3]),
        1.3,
    ),
    argnums=(0, 1),
)
def hamilton(q, p, m):
    def H(q, p):
        return np.sum(p**2) / (2 * m) + np.sum(q**4) / 4 + q[0] * q[1]

    for _ in range(10):
        p = p - 0.05 * grad(H, 0)(q, p)
        q = q + 0.05 * grad(H, 1)(q, p)
    return H(q, p) + np.sum(q)


@program(lambda: (2.0,))
def newton_root(a):
    f = lambda x: x**3 - a
    x = 1.0
    for _ in range(8):
        x = x - f(x) / grad(f)(x)
    return x


@program(lambda: (2.0,))
def newton_min(a):
    f = lambda x: x**4 / 4 - a * x
    df = grad(f)
    d2f = grad(df)
    x = 1.0
    while abs(df(x)) > 1e-10:
        x -= df(x) / d2f(x)
    return x


@program(lambda: (np.array([0.3, -0.2]),))
def saddle(start):
    def f(x, y):
        return x[0] ** 2 + x[1] ** 2 - y[0] ** 2 - y[1] ** 2 + 0.3 * np.dot(x, y)

    def gradient_descent(f, x, n=4):
        for _ in range(n):
            x = x - 0.1 * grad(f)(x)
        return x

    def r(x1):
        x2 = gradient_descent(lambda x2: -f(x1, x2), start)
        return f(x1, x2)

    x1 = gradient_descent(r, start, 3)
    return np.sum(x1**2)


W1, W2 = rand(8), rand(8)


@program(
    lambda: (
        (W1, rand(8), W2),
        np.linspace(0, 1, 5),
    )
)
def pinn(params, xs):
    w, b, v = params

    def u_(x):
        return np.sum(v * np.tanh(w * x + b))

    total = 0.0
    for x in xs:
        uxx = grad(grad(u_))(x)
        total += (uxx + u_(x) - x) ** 2
    return total


@program(
    lambda: (
        rand(3),
        rand(3),
    )
)
def hvp_user(x, v):
    f = lambda z: np.sum(z**4) * z[0]
    return np.sum(grad(lambda z: np.vdot(grad(f)(z), v))(x) ** 2)


@program(
    lambda: (
        rand(3),
        rand(3),
    )
)
def hvp_fwdrev(x, v):
    f = lambda z: np.sum(z**4) * z[0]
    return np.sum(jvp(grad(f), (x,), (v,))[1] ** 2)


@program(
    lambda: (
        rand(3),
        rand(3),
    )
)
def hvp_revfwd(x, v):
    f = lambda z: np.sum(z**4) * z[0]
    return np.sum(grad(lambda z: jvp(f, (z,), (v,))[1])(x) ** 2)


@program(lambda: (rand(3),))
def gauss_newton(x):
    r = lambda z: np.array([z[0] * z[1] - 1.0, z[1] ** 2 - z[2], np.sin(z[2])])
    out, pull = vjp(r, x)
    J = np.stack([pull(e)[0] for e in np.eye(3)])
    step = np.linalg.solve(J.T @ J + 0.1 * np.eye(3), J.T @ out)
    return np.sum((x - step) ** 2)


@program(lambda: (rand(3),))
def grad_penalty(x):
    net = lambda z: np.sum(np.tanh(z * x) ** 2)
    return net(x) + (np.linalg.norm(grad(net)(x)) - 1.0) ** 2


@program(lambda: (rand(3),))
def langevin(x):
    U = lambda z: np.sum(z**4) / 4
    rng = np.random.default_rng(3)
    for _ in range(4):
        x = x - 0.1 * grad(U)(x) + 0.1 * rng.normal(size=3)
    return np.sum(x)


@program(lambda: (rand(3),))
def hmc_step(q):
    logp = lambda q: -0.5 * np.sum(q**2) - np.sum(q**4)
    p = np.array([0.1, 0.3, -0.2])
    p = p + 0.05 * grad(logp)(q)
    for i in range(3):
        q = q + 0.1 * p
        if i != 2:
            p = p + 0.1 * grad(logp)(q)
    p = p + 0.05 * grad(logp)(q)
    return logp(q) - 0.5 * np.sum(p**2)


@program(
    lambda: (
        rand(3),
        0.5,
    ),
    argnums=(0, 1),
)
def hyper_lr(w, lr):
    loss = lambda v: np.sum((v - 1.0) ** 4)
    m = np.zeros(3)
    for t in range(5):
        g = grad(loss)(w)
        m = 0.9 * m + g
        w = w - lr * 0.1 * m
    return loss(w)


def relax(u_, f, n):
    u_ = u_.copy()
    for _ in range(n):
        for i in range(1, len(u_) - 1):
            u_[i] = 0.5 * (u_[i - 1] + u_[i + 1] + f[i] ** 2)
    return u_


@program(
    lambda: (
        rand(6),
        rand(6),
    )
)
def through_writes(a, f):
    def energy(z):
        return np.sum(relax(z, f, 2) ** 2)

    g = grad(energy)(a)
    return np.sum(g * f)


@program(lambda: (0.7,))
def branches_inside(x):
    def f(t):
        if t > 0.5:
            return t**3 * x
        return t**2

    return grad(f)(x) + grad(f)(0.2 * x)


@program(lambda: (0.7,))
def recursion_inside(x):
    def power(t, n):
        return 1.0 if n == 0 else t * power(t, n - 1)

    return grad(lambda t: power(t, 5))(x)


def rec(t, n):
    return t if n <= 0 else rec(np.sin(t) * t + 0.1, n - 1)


@program(
    lambda: (
        0.7,
        3,
    )
)
def runtime_recursion(x, n):
    return grad(lambda t: rec(t, n))(x) * x


@program(lambda: (0.7,))
def recursive_grad(x):
    def nth(f, n):
        return f if n == 0 else nth(grad(f), n - 1)

    return nth(lambda t: t**5, 3)(x)


@program(lambda: (rand(3),))
def captured_written(x):
    y = np.zeros(3)
    y[0] = x[0] ** 2
    y[1:] = x[1:]
    g = grad(lambda z: np.sum(z * y**2))(x)
    y[2] = 5.0
    return np.sum(g) + y[2] * x[0]


@program(lambda: (rand(3),))
def arg_written(x):
    def f(z):
        z[0] = z[1] * z[2]
        return np.sum(z**2)

    g = grad(f)(x)
    return np.sum(g * x)


@program(lambda: (2.0,))
def intarg(x):
    return grad(lambda y: y**2 * x)(3)


@program(lambda: (rand(2, 3),))
def slope_of_logdet(A):
    g = grad(lambda B: np.linalg.slogdet(B @ B.T)[1])(A)
    return np.sum(g**2)


@program(lambda: (rand(3),))
def function_chosen(x):
    f = (lambda t: np.sum(t**3)) if x[0] > 0.1 else (lambda t: np.sum(t**2))
    return np.sum(grad(f)(x))


@program(lambda: (rand(3),))
def aux_of_inner(x):
    def f(z):
        h = np.tanh(z)
        return np.sum(h**2), {"h": h, "n": 3}

    g, a = grad(f, has_aux=True)(x)
    return np.sum(g * a["h"]) * a["n"]


@program(lambda: (rand(3),))
def nonlocal_read_late(x):
    k = 1.0
    f = lambda z: np.sum(z**2) * k
    k = x[0]
    g1 = grad(f)(x)
    k = x[1] ** 2
    return np.sum(g1 + grad(f)(x))


@program(lambda: (rand(3),))
def grad_passed_as_argument(x):
    def sgd(df, w, n):
        for _ in range(n):
            w = w - 0.1 * df(w)
        return w

    return np.sum(sgd(grad(lambda v: np.sum(v**4)), x, 3))


@program(lambda: (rand(3).astype(np.float32),))
def slope_in_single(x):
    return np.sum(grad(lambda z: np.sum(z**3))(x) * x)


@program(lambda: (rand(3),))
def try_inside(x):
    try:
        g = grad(lambda z: np.sum(z**3))(x)
    except ValueError:
        g = x
    return np.sum(g)
