# ruff: noqa: B007, B023, B905, E731, E741, RUF059, SIM108 (written as users write, not as linters like it)
"""Products with Jacobians inside of differentiated functions, and slopes in loops, branches, objects: the traps."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np

from programs import program, rand
from srcgrad import elementwise_grad, grad, hessian, hvp, jacfwd, jacobian, jacrev, jvp, linearize, vjp


# vjp semantics
@program(lambda: (rand(3),))
def vjp_out_written(x):
    out, pull = vjp(lambda z: np.exp(z), x)
    out[0] = 7.0 * x[1]
    (g,) = pull(x)
    return np.sum(g * out)


@program(lambda: (rand(3),))
def vjp_arg_written_later(x):
    y = x * 1.0
    out, pull = vjp(lambda z: z**3, y)
    y[0] = 9.0
    return np.sum(pull(out)[0] * y)


@program(lambda: (rand(3),))
def vjp_identity(x):
    y = x * 1.0
    out, pull = vjp(lambda z: z, y)
    out[0] = 5.0 * x[1]
    (g,) = pull(x)
    g2 = g.copy()
    g[1] = 3.0
    return np.sum(g * y) + np.sum(out) + np.sum(g2 * x)


@program(lambda: (rand(3),))
def vjp_in_loop(x):
    s = 0.0
    for k in range(1, 4):
        out, pull = vjp(lambda z: np.sin(z * k), x)
        x = pull(out + k)[0]
        s += np.sum(x)
    return s


@program(lambda: (rand(3),))
def pulls_in_list(x):
    pulls = []
    for f in (np.sin, np.cos, lambda z: z**2):
        out, pull = vjp(lambda z: f(z), x)
        pulls.append((out, pull))
    return sum([np.sum(p(o)[0]) for o, p in pulls])


@program(lambda: (rand(3),))
def chain_backprop(x):
    # backprop by hand through layers
    ws = [np.outer(x, x), np.eye(3) * x[0]]
    layer = lambda w, h: np.tanh(w @ h)
    h, pulls = x, []
    for w in ws:
        h, pull = vjp(layer, w, h)
        pulls.append(pull)
    bar = 2.0 * h
    gws = []
    for pull in reversed(pulls):
        gw, bar = pull(bar)
        gws.append(gw)
    return np.sum(gws[0] ** 2) + np.sum(gws[1] * ws[0]) + np.sum(bar)


@program(lambda: (rand(3),))
def vjp_scalar(x):
    v, pull = vjp(lambda z: np.sum(z**3), x)
    return np.sum(pull(1.0)[0]) * np.sum(pull(v)[0])


@program(lambda: (rand(3),))
def vjp_int_cot(x):
    v, pull = vjp(lambda z: np.sum(z**3), x)
    return np.sum(pull(2)[0])


@program(lambda: (rand(3),))
def vjp_aux(x):
    out, pull, aux = vjp(lambda z: (z**3, {"s": np.sum(z)}), x, has_aux=True)
    return np.sum(pull(x)[0]) * aux["s"]


@program(lambda: (rand(3),))
def vjp_passive(x):
    out, pull = vjp(lambda z, n, s: z**n, x, 3, "name")
    a, b, c = pull(x)
    assert b is None and c is None
    return np.sum(a)


@program(lambda: (rand(3),))
def vjp_nothing(x):
    out, pull = vjp(lambda n: n + 1, 3)
    assert pull(None) == (None,)
    return np.sum(x) * out


@program(lambda: (rand(3),))
def vjp_tree(x):
    def f(p):
        return [p["a"] * p["b"][0], (p["b"][1] ** 2, None)]

    out, pull = vjp(f, {"a": x, "b": (x[0], x[::-1])})
    (g,) = pull([x, (x, None)])
    (h,) = pull([None, (x, None)])
    return np.sum(g["a"] * h["b"][1]) + g["b"][0] + np.sum(h["a"])


@program(lambda: (rand(3),))
def jvp_tree(x):
    def f(p):
        return {"o": p["a"] * p["b"][0], "q": p["b"][1] ** 2}

    out, dot = jvp(f, ({"a": x, "b": (x[0], x[::-1])},), ({"a": x**2, "b": (None, x)},))
    return np.sum(out["o"] * dot["o"]) + np.sum(dot["q"])


@program(lambda: (rand(3),))
def jvp_aux(x):
    o, d, a = jvp(lambda z: (z**2, np.sum(z)), (x,), (x,), has_aux=True)
    return np.sum(o * d) * a


@program(lambda: (rand(3),))
def jvp_none(x):
    o, d = jvp(lambda z, w: z**2 * w, (x, x), (None, x))
    return np.sum(o * d)


@program(lambda: (rand(3),))
def jvp_int(x):
    o, d = jvp(lambda z, w: np.sum(z) ** 2 * w, (x, 3), (x, 1))
    return o * d


@program(lambda: (rand(3),))
def jvp_dup(x):
    o, d = jvp(lambda a, b: a * b, (x, x), (x, 2 * x))
    return np.sum(d)


@program(lambda: (rand(3),))
def linearize_closure(x):
    k = 2.0
    out, push = linearize(lambda z, s: z**3 * s * k, x, x[0])
    k = 3.0
    return np.sum(push(x, 1.0)) + np.sum(push(None, x[1]))


@program(lambda: (rand(3),))
def jacobian_by_hand(x):
    f = lambda z: np.array([z[0] * z[1], np.sin(z[2]) * z[0], z[1] ** 3])
    J = np.array([jvp(f, (x,), (e,))[1] for e in np.eye(3)]).T
    return np.linalg.det(J)


@program(lambda: (rand(3),))
def jacobian_rows(x):
    f = lambda z: np.array([z[0] * z[1], np.sin(z[2]) * z[0], z[1] ** 3])
    J = np.zeros((3, 3))
    for i in range(3):
        J[i] = grad(lambda z: f(z)[i])(x)
    return np.sum(np.linalg.inv(J) @ x)


# same array captured and given
@program(lambda: (rand(3),))
def arg_and_captured(x):
    return np.sum(grad(lambda z: np.sum(z**2 * x))(x) * x)


@program(lambda: ({"w": rand(3)},))
def dict_arg_and_captured(p):
    g = grad(lambda q: np.sum(q["w"] ** 2 * p["w"]))(p)
    return np.sum(g["w"] * p["w"])


@program(lambda: (rand(3),))
def same_twice(x):
    return np.sum(grad(lambda a, b: np.sum(a**2 * b), 0)(x, x))


@program(lambda: (rand(3),))
def pops_from_argument(x):
    def f(items):
        a = items.pop()
        return np.sum(a * items[0])

    l = [x, x**2]
    g = grad(f)(l)
    assert len(l) == 2
    return np.sum(g[0] * g[1])


@program(lambda: (rand(3),))
def dict_changed_inside(x):
    def f(d):
        d["a"] = d["a"] * 2
        return np.sum(d["a"] ** 2)

    d = {"a": x}
    g = grad(f)(d)
    return np.sum(g["a"] * d["a"])


# lists of grads, tapes
@program(
    lambda: (
        rand(4),
        3,
    )
)
def tape_inside(x, n):
    def f(z):
        for k in range(n):
            z = np.sin(z) * z[k]
        return np.sum(z)

    for _ in range(n):
        x = x - 0.1 * grad(f)(x)
    return np.sum(x**2)


@program(
    lambda: (
        rand(4),
        3,
    )
)
def writes_and_loop(x, n):
    def f(z):
        y = np.zeros(4)
        y[0] = z[0]
        for k in range(1, 4):
            y[k] = y[k - 1] * z[k] + np.exp(-y[k - 1])
        return y[3]

    t = 0.0
    while t < 0.5:
        x = x + 0.2 * grad(f)(x)
        t += 0.1
    return f(x)


@program(lambda: (rand(3),))
def list_of_layers(x):
    layers = [(np.outer(x, x), x), (np.eye(3), x**2)]

    def net(ls, h):
        for W, b in ls:
            h = np.tanh(W @ h + b)
        return np.sum(h)

    gs = grad(net)(layers, x)
    new = [(W - 0.1 * dW, b - 0.1 * db) for (W, b), (dW, db) in zip(layers, gs)]
    return net(new, x)


@program(lambda: (rand(3),))
def adam_inside(x):
    loss = lambda w: np.sum((w - 1.0) ** 2 * w)
    m, v = np.zeros(3), np.zeros(3)
    for t in range(1, 5):
        g = grad(loss)(x)
        m = 0.9 * m + 0.1 * g
        v = 0.99 * v + 0.01 * g**2
        x = x - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-3)
    return loss(x)


@program(lambda: (rand(3),))
def line_search(x):
    f = lambda w: np.sum((w - 2.0) ** 4)
    g = grad(f)(x)
    t = 1.0
    while f(x - t * g) > f(x) - 0.3 * t * np.sum(g**2):
        t *= 0.5
    return f(x - t * g)


@program(lambda: (rand(3),))
def conj_grad_newton(x):
    f = lambda w: np.sum(w**4) + np.sum(w) ** 2
    for _ in range(2):
        g = grad(f)(x)
        hv = lambda v: jvp(grad(f), (x,), (v,))[1]
        p = r = -g
        s = np.zeros(3)
        for i in range(3):
            Ap = hv(p)
            a = r @ r / (p @ Ap)
            s = s + a * p
            rn = r - a * Ap
            p = rn + (rn @ rn) / (r @ r) * p
            r = rn
        x = x + s
    return np.sum(x**2) + f(x)


@program(lambda: (rand(3),))
def hessian_by_loops(x):
    f = lambda w: np.sum(w**3) * w[0]
    H = np.array([jvp(grad(f), (x,), (e,))[1] for e in np.eye(3)])
    return np.linalg.slogdet(H + 3 * np.eye(3))[1]


@program(lambda: (rand(3),))
def laplacian(x):
    f = lambda w: np.prod(w) * np.sum(w**2)
    total = 0.0
    for i in range(3):
        e = np.zeros(3)
        e[i] = 1.0
        total += jvp(grad(f), (x,), (e,))[1][i]
    return total


@program(
    lambda: (
        0.7,
        0.4,
    ),
    argnums=(0, 1),
)
def wave_residual(x, t):
    uf = lambda x, t: np.sin(x * 3) * np.cos(t * x)
    utt = grad(grad(uf, 1), 1)(x, t)
    uxx = grad(grad(uf, 0), 0)(x, t)
    uxt = grad(grad(uf, 0), 1)(x, t)
    return (utt - uxx) ** 2 + uxt


@program(
    lambda: (
        0.7,
        0.4,
    ),
    argnums=(0, 1),
)
def euler_lagrange(q, v):
    L = lambda q, v: 0.5 * v**2 * (1 + q**2) - np.cos(q)
    Lvv = grad(grad(L, 1), 1)
    Lvq = grad(grad(L, 1), 0)
    for _ in range(3):
        a = (grad(L, 0)(q, v) - Lvq(q, v) * v) / Lvv(q, v)
        v = v + 0.1 * a
        q = q + 0.1 * v
    return q * v


@program(lambda: (rand(2),))
def metric_christoffel(x):
    g = lambda x: np.array([[1.0 + x[1] ** 2, x[0] * x[1]], [x[0] * x[1], 2.0 + x[0] ** 2]])
    dg = np.stack([jvp(g, (x,), (e,))[1] for e in np.eye(2)], axis=-1)
    ginv = np.linalg.inv(g(x))
    gamma = 0.5 * np.einsum("im,mkl->ikl", ginv, dg + np.swapaxes(dg, 1, 2) - np.transpose(dg, (2, 0, 1)))
    return np.sum(gamma**2)


@program(lambda: (1.3,))
def deep4(x):
    f = lambda y: np.sin(y * x)
    return grad(grad(grad(grad(f))))(x)


@program(lambda: (1.3,))
def forwards_over_reverse(x):
    return jvp(lambda y: grad(lambda z: z**3 * y)(x) * y, (x,), (1.0,))[1]


@program(lambda: (1.3,))
def reverse_over_forwards(x):
    return grad(lambda y: jvp(lambda z: z**3 * y, (x,), (y,))[1] * y)(x)


@program(lambda: (1.3,))
def forwards_over_forwards(x):
    return jvp(lambda y: jvp(lambda z: z**3 * y, (x,), (y,))[1] * y, (x,), (x,))[1]


@program(lambda: (1.3,))
def reverse_over_reverse(x):
    return grad(lambda y: grad(lambda z: z**3 * y)(x) * y)(x)


@program(lambda: (1.3,))
def iterate_derivatives(x):
    f = lambda y: np.exp(y) * y
    total, d = 0.0, f
    for k in range(4):
        total += d(x) / math.factorial(k)
        d = grad(d)
    return total


@program(lambda: (1.3,))
def taylor_recursive(x):
    def taylor(f, n):
        return f(0.3) + (taylor(grad(f), n - 1) * x / n if n > 0 else 0.0)

    return taylor(lambda y: np.sin(y * x), 3)


class Layer:
    def __init__(self, w):
        self.w = w

    def __call__(self, h):
        return np.tanh(self.w * h)


@program(lambda: (rand(3),))
def object_that_is_called(x):
    l = Layer(x)
    return np.sum(grad(lambda z: np.sum(l(z)))(x**2)) + np.sum(grad(lambda w: np.sum(Layer(w)(x)))(x))


@program(lambda: (rand(3),))
def grad_of_callable_object(x):
    class_ = Sq(x)
    return np.sum(grad(class_)(x))


class Sq:
    def __init__(self, k):
        self.k = k

    def __call__(self, z):
        return np.sum(z**2 * self.k)


@dataclasses.dataclass
class Opt:
    lr: float
    fun: object = None

    def run(self, w, n):
        for _ in range(n):
            w = w - self.lr * grad(self.fun)(w)
        return w


@program(
    lambda: (
        rand(3),
        0.1,
    )
)
def optimiser_object(x, lr):
    o = Opt(lr, lambda w: np.sum(w**4 * x))
    return np.sum(o.run(x, 3))


@program(lambda: (rand(3),))
def stored_grad_on_object(x):
    o = Opt(0.1, grad(lambda w: np.sum(w**4)))
    return np.sum(o.fun(x))


@program(lambda: (rand(3),))
def map_grads(x):
    return sum(map(grad(lambda t: t**3), x))


@program(lambda: (rand(3),))
def vectorised_by_comprehension(x):
    return np.sum(np.array([grad(lambda t: t**3 * x[0])(t) for t in x]) ** 2)


@program(lambda: (rand(3),))
def walrus_and_star(x):
    fs = {"f": lambda a, b: np.sum(a * b**2)}
    args = (x, x**2)
    g = grad(fs["f"], argnums=(0, 1))(*args)
    return np.sum(g[0] * g[1])


@program(lambda: (rand(3),))
def kwargs_spread(x):
    f = lambda w, *, s, t=1.0: np.sum(w**2) * s * t
    opts = {"s": 2.0, "t": x[0]}
    return np.sum(grad(f)(x, **opts))


@program(lambda: (rand(3),))
def starargs_fn(x):
    f = lambda *ws: sum(np.sum(w**k) for k, w in enumerate(ws, 1))
    a, b = grad(f, argnums=(0, 1))(x, x**2)
    return np.sum(a * b)


@program(lambda: (rand(3),))
def generator_inside(x):
    def gen(z):
        for k in range(3):
            yield z[k] ** k

    return np.sum(grad(lambda z: sum(gen(z)))(x) * x)


@program(lambda: (rand(3),))
def if_expr(x):
    g = grad(lambda z: np.sum(z**2))(x) if x[0] > 0 else x
    return np.sum(g)


@program(
    lambda: (
        rand(3),
        None,
    )
)
def function_or_none(x, f):
    if f is None:
        f = lambda z: np.sum(z**2)
    return np.sum(grad(f)(x))


@program(lambda: (rand(3),))
def global_list(x):
    return np.sum(grad(lambda z: np.sum(z * CONST[0] + CONST[1]))(x) * x)


CONST = [np.array([1.0, 2.0, 3.0]), 2.0]


@program(lambda: (rand(3),))
def raises_inside(x):
    def f(z):
        if np.sum(z) > 100:
            raise ValueError("big")
        return np.sum(z**3)

    try:
        g = grad(f)(x * 1000)
    except ValueError:
        g = grad(f)(x)
    return np.sum(g)


@program(lambda: (rand(3),))
def complex_inside(x):
    g = grad(lambda z: np.sum(np.abs(z * np.exp(1j * z)) ** 2))(x)
    return np.sum(g * x)


@program(lambda: (rand(5),))
def fft_inside(x):
    g = grad(lambda z: np.sum(np.abs(np.fft.fft(z)) ** 4))(x)
    return np.sum(g)


@program(lambda: (np.array(0.5),))
def slope_of_zero_d(x):
    return grad(lambda z: z**3 * x)(x)


@program(lambda: (rand(0), 0.4), argnums=(0, 1))
def slope_of_empty(x, s):
    return np.sum(grad(lambda z: np.sum(z**3))(x)) + s * s


@program(lambda: (rand(1),))
def length_one(x):
    return np.sum(grad(lambda z: np.sum(z**3) * z[0])(x))


@program(lambda: (rand(3),))
def max_inside(x):
    return np.sum(grad(lambda z: np.max(z) * np.min(z))(x) * x)


@program(
    lambda: (
        rand(3),
        1.0,
    )
)
def bool_flag(x, s):
    f = lambda z, square=True: np.sum(z**2) if square else np.sum(z)
    return np.sum(grad(f)(x)) + np.sum(grad(f)(x, square=False)) * s


@program(
    lambda: (
        rand(3),
        3,
    )
)
def pull_after_loop(x, n):
    f = lambda z: np.sin(z) * x
    out, pull = vjp(f, x)
    for i in range(n):
        out, pull = vjp(f, out + i)
    return np.sum(pull(out)[0])


@program(
    lambda: (
        rand(3),
        3,
    )
)
def partial_after_loop(x, n):
    m = lambda a, b: a * b
    f = functools.partial(m, x)
    for i in range(n):
        f = functools.partial(m, x * i)
    return np.sum(f(x))


@program(lambda: (rand(3),))
def pull_after_branch(x):
    if x[0] > 0.1:
        out, pull = vjp(lambda z: z**2, x * 2)
    else:
        out, pull = vjp(lambda z: np.sin(z), x)
    return np.sum(pull(out)[0])


@program(lambda: (rand(3),))
def pull_after_branch_same(x):
    f = lambda z: z**3
    if x[0] > 0.1:
        out, pull = vjp(f, x * 2)
    else:
        out, pull = vjp(f, x)
    return np.sum(pull(out)[0])


@program(
    lambda: (
        rand(3),
        3,
    )
)
def carried_pull(x, n):
    sq = lambda z: z**2
    out, pull = vjp(sq, x)
    for i in range(n):
        (g,) = pull(out)
        out, pull = vjp(sq, g)
    return np.sum(pull(out)[0])


@program(
    lambda: (
        rand(3),
        3,
    )
)
def grad_reassigned(x, n):
    for i in range(n):
        g = grad(lambda z: np.sum(z**3))
        x = x - 0.1 * g(x)
    return np.sum(g(x))


@program(
    lambda: (
        rand(3),
        3,
    )
)
def grad_by_branch(x, n):
    for i in range(n):
        if i % 2:
            g = grad(lambda z: np.sum(z**3))
        else:
            g = grad(lambda z: np.sum(z**2) * x[0])
        x = x - 0.1 * g(x)
    return np.sum(x)


@program(lambda: (rand(3),))
def while_switch(x):
    g = grad(lambda z: np.sum(z**2))
    while np.sum(x) > 0.5:
        x = x - 0.2 * g(x)
    return np.sum(x**2)


@program(lambda: (rand(3),))
def method_bound_in_loop(x):
    acc = []
    for k in range(3):
        add = acc.append
        add(x[k])
    add(x[0] ** 2)
    return sum(acc)


# Jacobians


@program(lambda: (rand(3),))
def newton_system(x):
    r = lambda z: np.array([z[0] * z[1] - x[0], z[1] ** 2 - z[2], np.sin(z[2]) - 0.1])
    z = np.array([0.5, 0.6, 0.2])
    for _ in range(4):
        z = z - np.linalg.solve(jacobian(r)(z), r(z))
    return np.sum(z**2)


@program(lambda: (rand(3),))
def jac_forward(x):
    return np.sum(jacfwd(lambda z: z**2 * np.sum(z))(x) ** 2)


@program(lambda: (rand(3),))
def newton_hessian(x):
    f = lambda w: np.sum(w**4) + np.sum(w * x) ** 2
    w = x
    for _ in range(3):
        w = w - np.linalg.solve(hessian(f)(w), grad(f)(w))
    return np.sum(w)


@program(lambda: (rand(3),))
def evidence_by_laplace(x):
    return np.linalg.slogdet(hessian(lambda w: np.sum(w**4) + np.prod(w))(x))[1]


@program(lambda: (rand(3),))
def hessian_product(x):
    return np.sum(hvp(lambda w: np.sum(w**4) * w[0])(x, x**2) ** 2)


PRODUCT = hvp(lambda w, k: np.sum(w**4) * w[0] * k)


@program(lambda: (rand(3),))
def hv_object(x):
    return np.sum(PRODUCT(x, x[0], x**2) ** 2)


HESSIAN = hessian(lambda w: np.sum(w**4) * w[0])


@program(lambda: (rand(3),))
def hess_object(x):
    return np.sum(HESSIAN(x) ** 2)


@program(lambda: (rand(3),))
def elementwise_slopes(x):
    return np.sum(elementwise_grad(lambda t: np.tanh(t) * x)(x) ** 2)


@program(
    lambda: (
        rand(3),
        rand(2),
    )
)
def jac_argnums(x, y):
    a, b = jacrev(lambda p, q: np.outer(p, q) * q[0], argnums=(0, 1))(x, y)
    return np.sum(a**2) + np.sum(b**3)


@program(lambda: (rand(3),))
def jac_dict(x):
    J = jacobian(lambda d: {"o": d["a"] ** 2 * d["b"]})({"a": x, "b": x[0]})
    return np.sum(J["o"]["a"] ** 2) + np.sum(J["o"]["b"])


@program(
    lambda: (
        rand(3),
        rand(2),
    )
)
def hv_tuple(x, y):
    a, b = hvp(lambda p, q: np.sum(p) ** 2 * np.sum(q**3), argnums=(0, 1))(x, y, (x, y))
    return np.sum(a) * np.sum(b)


@program(lambda: (rand(3),))
def hess_aux(x):
    h, a = hessian(lambda w: (np.sum(w**4), w[0]), has_aux=True)(x)
    return np.sum(h**2) * a


@program(lambda: (rand(3),))
def loop_jac(x):
    t = 0.0
    while t < 0.3:
        x = x - 0.1 * jacobian(lambda z: z**3 * x)(x) @ x
        t += 0.1
    return np.sum(x)


@program(lambda: (rand(2),))
def linearised_before_a_name_is_assigned(x: np.ndarray) -> float:
    w = x * 1.0
    out, push = linearize(lambda y: np.sum(y * y * w), x)
    w = w * 5.0
    return push(x) * w[0] + out


@program(lambda: (rand(2),))
def linearised_before_an_array_is_written(x: np.ndarray) -> float:
    w = x * 1.0

    def inner(y):
        return np.sum(scaled(y) * y)

    def scaled(y):
        return w * y

    out, push = linearize(inner, x)
    w[0] = 7.0 * x[1]
    return push(x) * w[0] + out


@program(lambda: (rand(2),))
def linearised_before_containers_change(x: np.ndarray) -> float:
    weights = [1.0, x[1]]
    table = {"a": x[0] * 2.0, "b": weights}
    _, push = linearize(lambda y: np.sum(y * y * table["a"]) + y[0] * table["b"][1], x)
    before = push(x)
    weights[1] = x[0] ** 3
    table["a"] = 3.0
    return before * push(x) + table["b"][1]


@program(lambda: (rand(2),))
def linearised_in_a_loop(x: np.ndarray) -> float:
    total, pushes = 0.0, []
    for k in range(3):
        _, push = linearize(lambda y: np.sum(y**2 * (k + 1.0) * total) + np.sum(y), x)
        pushes.append(push(x))
        total = total + push(x) * 0.1
    return total + sum(pushes)
