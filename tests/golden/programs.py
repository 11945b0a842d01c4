"""Programs that cover the language, written as users write them; beside this file is the code generated for each.

Every program is smooth at its point, twice, as the code generated for it is differentiated once more.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from srcgrad import checkpoint, checkpointed


@dataclass(frozen=True, eq=False, slots=True)
class Golden:
    """One program and the gradient that is asked of it.

    Attributes:
        fun: the function.
        args: makes its arguments, afresh at every call.
        mode: `grad`, `value_and_grad` or `vjp`.
        options: keyword arguments of `grad` or `value_and_grad`.
        generic: whether the code for arguments of any kind is kept, too.
    """

    fun: Callable[..., Any]
    args: Callable[[], tuple]
    mode: str = "grad"
    options: dict[str, Any] = field(default_factory=dict)
    generic: bool = False

    @property
    def name(self) -> str:
        return self.fun.__name__

    @property
    def wanted(self) -> tuple[int, ...]:
        """The positions of the arguments that gradients are wanted for."""
        if self.mode == "vjp":
            return tuple(range(len(self.args())))
        argnums = self.options.get("argnums", 0)
        return (argnums,) if isinstance(argnums, int) else argnums


GOLDEN: dict[str, Golden] = {}


def golden(
    args: Callable[[], tuple], mode: str = "grad", generic: bool = False, **options: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Collects the decorated function, which stays what it is."""

    def collect(fun: Callable[..., Any]) -> Callable[..., Any]:
        assert fun.__name__ not in GOLDEN, f"two programs are named {fun.__name__}"
        GOLDEN[fun.__name__] = Golden(fun, args, mode, options, generic)
        return fun

    return collect


def rand(*shape: int, seed: int = 0) -> np.ndarray:
    """Positive numbers away from zero, the same at every call."""
    return np.random.default_rng(seed).uniform(0.2, 1.2, shape)


def signed(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers of both signs away from zero, the same at every call."""
    return rand(*shape, seed=seed) * np.random.default_rng(seed + 1).choice([-1.0, 1.0], shape)


# ---------------------------------------------------------------------------------------------- straight lines


@golden(lambda: (0.5, rand(5), rand(5, seed=1)), generic=True)
def loss(w, x, y):
    err = w * x - y
    return np.mean(err**2)


@golden(lambda: (rand(4, 3), rand(3, seed=1), rand(3, seed=2)), argnums=(0, 1, 2), generic=True)
def broadcasting(x, center, scale):
    z = (x - center) / scale
    norms = np.sqrt(np.sum(z**2, axis=1, keepdims=True))
    return np.sum(z / (1 + norms))


@golden(lambda: (rand(6).astype(np.float32), rand(6, seed=1).astype(np.float32)), argnums=(0, 1))
def single_precision(x, w):
    y = np.tanh(2.0 * x) * w
    return np.sum(y * y) / 6


# ---------------------------------------------------------------------------------------------- branches


@golden(lambda: (1.3, 0.2, 0.5), argnums=(0, 1), generic=True)
def branches(x, y, delta):
    r = x * x - y
    if abs(r) <= delta:
        cost = 0.5 * r**2
    elif r > 0:
        cost = delta * (r - 0.5 * delta) + np.log(r)
    else:
        cost = -delta * r
    return cost * y


@golden(lambda: (0.7, 1.4), argnums=(0, 1), generic=True)
def early_returns(x, rate):
    if x < 0:
        return 0.0
    scaled = x * rate
    if scaled > 3:
        return 3 + np.log(scaled - 2)
    return scaled**2 / (1 + x)


# ---------------------------------------------------------------------------------------------- loops


@golden(lambda: (rand(6), 0.6, 4, 1e-3), argnums=(0, 1))
def relax(x, w, n_sweeps, tol):
    y = x.copy()
    n = len(y)
    for k in range(n_sweeps):
        r = 0.0
        for i in range(1, n - 1):
            old = y[i]
            y[i] = w * (y[i - 1] + y[i + 1]) + 0.1 * np.sin(old)
            r += (y[i] - old) ** 2
        if r < tol:
            break
    return np.sum(y**2)


@golden(lambda: (np.array([0.5, -0.3, 0.8, 0.9, 0.4]), 1.1), argnums=(0, 1))
def loops_with_exits(x, a):
    total = 0.0
    for v in x:
        if v < 0:
            continue
        total += np.sin(a * v) * total + v
        if total > 50:
            break
    else:
        total *= a
    while total < 10:
        total = total * (1 + a)
    return total


@golden(lambda: (0.4, rand(8)), argnums=(0, 1))
def return_in_loop(threshold, rates):
    level = 1.0
    for k, rate in enumerate(rates):
        level *= np.exp(-rate)
        if level < threshold:
            return k + level / threshold
    return level


@golden(lambda: (0.8,))
def newton(a):
    x = 1.0
    for _ in range(50):
        step = (x**3 - a - x * a) / (3 * x**2 - a)
        x -= step
        if abs(step) < 1e-14:
            break
    return x


@golden(lambda: (np.array([1.0, 0.5]), np.array([0.3, 1.2]), 0.1, 4), argnums=(0, 1), generic=True)
def rk4(state, params, dt, n_steps):
    def slope(s):
        x, v = s
        return np.array([v, params[0] * (1 - x * x) * v - params[1] * x])

    for _ in range(n_steps):
        k1 = slope(state)
        k2 = slope(state + 0.5 * dt * k1)
        k3 = slope(state + 0.5 * dt * k2)
        k4 = slope(state + dt * k3)
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state[0] ** 2 + state[1]


# ---------------------------------------------------------------------------------------------- writes


@golden(lambda: (rand(5), 0.7), argnums=(0, 1), generic=True)
def element_writes(x, decay):
    out = np.zeros(len(x))
    out[0] = x[0] ** 2
    for i in range(1, len(x)):
        out[i] = decay * out[i - 1] + x[i] ** 2
        x[i] *= out[i]
    return np.sum(out * x)


@golden(lambda: (rand(8), 0.2, 3), argnums=(0, 1))
def stencil(u, c, n_steps):
    for _ in range(n_steps):
        u[1:-1] = u[1:-1] + c * (u[2:] - 2 * u[1:-1] + u[:-2]) * u[1:-1]
        u[0] = u[-1] = 0.0
    return np.sum(u**2)


@golden(lambda: (signed(7), 0.3), argnums=(0, 1))
def mask_writes(x, slope):
    y = x**3
    negative = y < 0
    y[negative] *= slope
    y[~negative] = np.sqrt(y[~negative])
    return np.sum(y * x)


@golden(lambda: (rand(3, 4), rand(4, seed=1)), argnums=(0, 1))
def aliases_and_views(a, b):
    m = a * 2
    same = m
    row = m[1]
    row *= b
    column = m[:, 0]
    column += same[:, 1] ** 2
    flat = m.reshape(-1)
    flat[5] = flat[4] * b[2]
    return np.sum(same * m)


@golden(lambda: (rand(6), 0.3, 3), argnums=(0, 1))
def swap(u, c, n_steps):
    old, new = u.copy(), u.copy()
    for _ in range(n_steps):
        for i in range(1, len(u) - 1):
            new[i] = old[i] + c * old[i] * (old[i - 1] - 2 * old[i] + old[i + 1])
        old, new = new, old
    return np.sum(old**2)


@golden(lambda: (rand(3, 3) + 2 * np.eye(3), rand(3, seed=1)), argnums=(0, 1))
def cholesky(a, b):
    n = len(b)
    for j in range(n):
        a[j, j] = np.sqrt(a[j, j] - np.sum(a[j, :j] ** 2))
        for i in range(j + 1, n):
            a[i, j] = (a[i, j] - a[i, :j] @ a[j, :j]) / a[j, j]
    for i in range(n):
        b[i] = (b[i] - a[i, :i] @ b[:i]) / a[i, i]
    return np.sum(b**2) + 2 * np.sum(np.log(np.diag(a)))


# ---------------------------------------------------------------------------------------------- containers


@golden(lambda: (rand(3), rand(3, 3, seed=1), 3), argnums=(0, 1))
def list_then_stack(x, w, n_steps):
    states = [x]
    for _ in range(n_steps):
        states.append(np.tanh(w @ states[-1]))
    path = np.stack(states)
    return np.sum(path[1:] * path[:-1])


@golden(lambda: (rand(4), 3), generic=True)
def comprehension(x, degree):
    powers = [x**k for k in range(1, degree + 1)]
    return sum(np.sum(p) / (k + 1) for k, p in enumerate(powers))


@golden(
    lambda: (
        {"w1": signed(3, 4), "b1": rand(4, seed=2), "w2": signed(4, seed=3), "b2": 0.1, "name": "mlp"},
        rand(5, 3, seed=4),
        rand(5, seed=5),
    ),
    generic=True,
)
def mlp(params, x, y):
    h = np.tanh(x @ params["w1"] + params["b1"])
    out = h @ params["w2"] + params["b2"]
    return np.mean((out - y) ** 2)


Spring = namedtuple("Spring", "stiffness length")


@golden(lambda: (Spring(rand(3), 0.5), rand(3, 2, seed=1)), argnums=(0, 1))
def spring_energy(spring, points):
    apart = points - np.roll(points, 1, axis=0)
    stretch = np.sqrt(np.sum(apart**2, axis=1)) - spring.length
    return 0.5 * np.sum(spring.stiffness * stretch**2)


@dataclass
class Cell:
    w: np.ndarray
    u: np.ndarray
    b: np.ndarray
    hidden: int


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@golden(lambda: (Cell(signed(8, 3), signed(8, 2, seed=3), rand(8, seed=2), 2), rand(4, 3, seed=5)), argnums=(0, 1))
def lstm(cell, xs):
    n = cell.hidden
    h = np.zeros(n)
    c = np.zeros(n)
    for x in xs:
        z = cell.w @ x + cell.u @ h + cell.b
        i, f, o = sigmoid(z[:n]), sigmoid(z[n : 2 * n]), sigmoid(z[2 * n : 3 * n])
        c = f * c + i * np.tanh(z[3 * n :])
        h = o * np.tanh(c)
    return np.sum(h**2)


# ---------------------------------------------------------------------------------------------- functions


@golden(lambda: (1.3, 0.4), argnums=(0, 1))
def closures(x, a):
    scale = a
    terms = []
    for k in range(3):
        terms.append(lambda v: scale * v**k)
    scale = a * x
    return sum(term(x) for term in terms) * scale


@golden(lambda: (0.7, 1.2), argnums=(0, 1), generic=True)
def lambdas(x, y):
    f, g = lambda u: u * np.sin(u), lambda u, p=2: u**p + y
    return f(g(x)) + g(f(y), 3)


@golden(lambda: (rand(5),))
def counter(x):
    total, energy = 0.0, 1.0

    def add(v):
        nonlocal total, energy
        total += v * energy
        energy *= 1 + v * v

    for v in x:
        add(v)
    return total * energy


def bernstein(coefficients, t):
    if len(coefficients) == 1:
        return coefficients[0]
    return (1 - t) * bernstein(coefficients[:-1], t) + t * bernstein(coefficients[1:], t)


@golden(lambda: (rand(4), 0.3), argnums=(0, 1))
def recursion(coefficients, t):
    return bernstein(coefficients, t) ** 2


def transform(x, twist):
    n = len(x)
    if n == 1:
        return
    half = n // 2
    transform(x[:half], twist)
    transform(x[half:], twist)
    for k in range(half):
        even, odd = x[k], twist * x[half + k]
        x[k] = even + odd
        x[half + k] = even * odd


@golden(lambda: (rand(4), 0.8), argnums=(0, 1))
def recursive_writes(x, twist):
    y = x.copy()
    transform(y, twist)
    return np.sum(y**2)


def force(x, k):
    return -k * x + 0.1 * x**3


def kick(x, v, k, dt, out):
    out[:] = v + dt * force(x, k)


@golden(lambda: (rand(3), 1.5, 3), argnums=(0, 1))
def helpers(x, k, n_steps):
    v = np.zeros_like(x)
    for _ in range(n_steps):
        kick(x, v, k, 0.1, v)
        x = x + 0.1 * v
    return np.sum(v**2) + k * np.sum(x**2)


# ---------------------------------------------------------------------------------------------- models


@golden(lambda: ({"w": rand(3), "b": 0.2}, 0.3, rand(4, 3, seed=1)), argnums=(0, 1))
def descent(params, rate, x):
    params = dict(params)
    for _ in range(3):
        err = np.tanh(x @ params["w"] + params["b"]) - 0.5
        delta = err * (1 - (err + 0.5) ** 2)
        params["w"] = params["w"] - rate * (delta @ x)
        params["b"] -= rate * np.sum(delta)
    return sum(np.sum(p**2) for p in params.values())


@golden(lambda: (signed(3, 4), signed(5, 4, seed=2), signed(5, 2, seed=4)), argnums=(0, 1, 2))
def attention(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[-1])
    weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    weights = weights / np.sum(weights, axis=-1, keepdims=True)
    return np.sum((weights @ v) ** 2)


@golden(
    lambda: (signed(3), 0.2, rand(6, 3, seed=2), np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0])),
    mode="value_and_grad",
    argnums=(0, 1),
    has_aux=True,
)
def logistic_regression(w, b, x, y):
    p = 1.0 / (1.0 + np.exp(-(x @ w + b)))
    nll = -np.mean(y * np.log(p) + (1.0 - y) * np.log(1.0 - p))
    return nll + 0.01 * np.sum(w**2), {"accuracy": np.mean((p > 0.5) == (y > 0.5))}


@golden(lambda: (rand(4), 0.3, 0.5), argnums=(0, 1, 2))
def kalman(zs, q, r):
    f = np.array([[1.0, 1.0], [0.0, 1.0]])
    h = np.array([[1.0, 0.0]])
    m, p, nll = np.zeros(2), np.eye(2), 0.0
    for z in zs:
        m = f @ m
        p = f @ p @ f.T + q * np.eye(2)
        s = (h @ p @ h.T)[0, 0] + r
        e = z - (h @ m)[0]
        gain = (p @ h.T)[:, 0] / s
        m = m + gain * e
        p = p - np.outer(gain, h @ p)
        nll += 0.5 * (np.log(s) + e**2 / s)
    return nll


@golden(lambda: (rand(3), signed(3, 3, seed=1)), mode="vjp")
def settle(x, w):
    y = x.copy()
    for i in range(len(y)):
        y[i] = np.tanh(w[i] @ y)
    return y * x


@golden(lambda: (rand(6), 0.1, 3), argnums=(0, 1))
def diffusion(u, rate, n_steps):
    for _ in range(n_steps):
        k = 1.0 + u * u
        flux = 0.5 * (k[1:] + k[:-1]) * (u[1:] - u[:-1])
        u[1:-1] += rate * (flux[1:] - flux[:-1])
    return np.sum(u**2)


def descended(w, x, y, rate):
    while True:
        err = x @ w - y
        yield np.mean(err**2), w
        w = w - rate * (err @ x)


@golden(lambda: (rand(2), rand(4, 2, seed=1), rand(4, seed=2), 0.1, 1e-3), argnums=(0, 3))
def generator(w, x, y, rate, tol):
    for k, (loss, fitted) in enumerate(descended(w, x, y, rate)):
        if loss < tol or k == 5:
            break
    return loss + 0.01 * np.sum(fitted**2)
@golden(lambda: (np.eye(3) + 0.1 * rand(3, 3), rand(3)), argnums=(0, 1))
def fallback(a, b):
    try:
        x = np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        x = b / np.trace(a)
    return np.sum(x**2)


@checkpoint
def mismatch(u, target):
    return np.mean(np.cosh(u - target))


@golden(lambda: (rand(6), 0.1, 5, rand(6, seed=1)), argnums=(0, 1))
def snapshots(u0, kappa, n, target):
    u = u0.copy()
    for _ in checkpointed(range(n), slots=2):
        u[1:-1] += kappa * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return mismatch(u, target)


@golden(lambda: (rand(4), 0.9, 3), argnums=(0, 1))
def checked_steps(x, rate, n):
    if n < 0:
        raise ValueError("n is negative")
    for _ in range(n):
        with np.errstate(over="ignore"):
            step = rate * x**3
        try:
            if np.max(step) > 1.0:
                raise OverflowError("the step is too large")
            x = x - step
        except OverflowError:
            rate = rate / 2.0
    return np.sum(x**2)
