"""Programs with derivatives of the user's own: `custom_vjp`, `custom_jvp`, rules, and solutions of equations."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
from collections import namedtuple
from dataclasses import dataclass

import numpy as np

from programs import program, rand, signed
from srcgrad import custom_jvp, custom_vjp, implicit, rules
from srcgrad.tree import register

REVERSE = "reverse mode alone"


@custom_vjp
def square(x):
    return x * x


def square_fwd(x):
    return square(x), x


def square_bwd(x, g):
    g *= 2.0
    g *= x
    return (g,)


square.defvjp(square_fwd, square_bwd)


@program(lambda: (signed(4), 3), tags=(REVERSE,))
def custom_argument_is_overwritten_in_a_loop(x, n):
    z = x.copy()
    total = 0.0
    for k in range(n):
        y = square(z)
        z[0] = 0.5 * y[1]
        total = total + np.sum(y * y) * (k + 1)
        z += 0.1
    return total


@program(lambda: (signed(4),), tags=(REVERSE,))
def custom_result_is_overwritten(x):
    y = square(x)
    first = y[0]
    y[1:] *= y[:-1]
    y += square(y)
    return np.sum(y) * first


@program(lambda: (signed(2, 3),), tags=(REVERSE,))
def custom_views_and_their_base(x):
    z = 2.0 * x
    row = z[1]
    y = square(row)
    row[:] = y[::-1]
    return np.sum(square(z) * z) + np.sum(square(z.T)[0])


@program(lambda: (0.7, 5), tags=(REVERSE,))
def custom_numbers_until_they_settle(s, n):
    value, turns = s, 0
    while turns < n:
        value = 0.5 * square(value) + s
        if value > 2.0:
            break
        turns += 1
    return value


@program(lambda: (signed(3), 4), tags=(REVERSE,))
def custom_in_recursion(x, n):
    def down(v, depth):
        if depth == 0:
            return v * x
        return square(down(0.9 * v, depth - 1)) + v

    return np.sum(down(x, n))


@program(lambda: (signed(4),), tags=(REVERSE,))
def custom_in_comprehensions(x):
    parts = [square(v) for v in x]
    rows = [square(x[k:]) for k in range(3)]
    apply = lambda f, v: f(f(v))  # noqa: E731
    return sum(parts) + sum(np.sum(row) for row in rows) + apply(square, x[0])


@program(lambda: (np.array(0.6), np.zeros((0, 3)), signed(1, 4)), argnums=(0, 2), tags=(REVERSE,))
def custom_of_strange_shapes(s, empty, row):
    return square(s) * (1.0 + np.sum(square(empty))) + np.sum(square(row + np.ones((3, 1))) * row)


@program(lambda: (signed(3).astype(np.float32), 2.0), argnums=(0, 1), tags=(REVERSE,))
def custom_of_single_precision(x, s):
    return np.sum(square(x)) * square(s)


@custom_vjp
def scaled(params, x, power=2, label="plain"):
    if label == "plain":
        return {"y": params["w"] * x[0] ** power, "parts": (x[1] * params["b"][0], label, power)}
    return {"y": params["w"], "parts": (x[1], label, power)}


def scaled_fwd(params, x, power, label):
    return scaled(params, x, power, label), (params, x, power, label)


def scaled_bwd(kept, g):
    params, (u, v), power, label = kept
    y, (part, none, also_none) = g["y"], g["parts"]
    assert none is None and also_none is None
    if label != "plain":
        return {"w": y, "b": None}, (None, part), None, None
    w = np.sum(y * u**power) if np.ndim(params["w"]) == 0 else y * u**power
    return {"w": w, "b": [part * v]}, (power * y * params["w"] * u ** (power - 1), part * params["b"][0]), None, None


scaled.defvjp(scaled_fwd, scaled_bwd)


@program(lambda: ({"w": rand(3), "b": [0.4]}, rand(3, seed=1), 0.3), argnums=(0, 1, 2), tags=(REVERSE,))
def custom_trees(params, u, v):
    out = scaled(params, (u, v), power=3)
    part, label, power = out["parts"]
    other = scaled(label="other", x=(u, part), params=params)
    return np.sum(out["y"] * other["y"]) * part + power * other["parts"][0] + len(label)


@dataclass
class State:
    position: np.ndarray
    speed: float


Forces = namedtuple("Forces", "pull drag")


@custom_vjp
def moved(state, forces):
    return State(state.position + state.speed * forces.pull, state.speed * forces.drag)


def moved_bwd(kept, g):
    state, forces = kept
    speed = np.sum(g.position * forces.pull) + g.speed * forces.drag
    return State(g.position, speed), Forces(g.position * state.speed, g.speed * state.speed)


moved.defvjp(lambda state, forces: (moved(state, forces), (state, forces)), moved_bwd)


@program(lambda: (State(rand(3), 0.5), rand(3, seed=1), 0.9, 3), argnums=(0, 1, 2), tags=(REVERSE,))
def custom_of_objects(state, pull, drag, n):
    for _ in range(n):
        state = moved(state, Forces(pull, drag))
    return np.sum(state.position**2) * state.speed


@register
class Layer:
    def __init__(self):
        self.gain = 0.8
        self.calls = 0

    @functools.partial(custom_vjp, nondiff_argnums=(2,))
    def apply(self, x, power):
        return self.gain * x**power

    apply.defvjp(
        lambda self, x, power: (self.gain * x**power, (self, x)),
        lambda power, kept, g: (None, g * kept[0].gain * power * kept[1] ** (power - 1)),
    )


LAYER = Layer()


@program(lambda: (rand(3),), tags=(REVERSE,))
def custom_method(x):
    return np.sum(LAYER.apply(LAYER.apply(x, 2), power=3))


def polynomial_of(coefficients):
    @custom_vjp
    def value(x):
        return sum(c * x**k for k, c in enumerate(coefficients))

    value.defvjp(
        lambda x: (value(x), x),
        lambda x, g: (g * sum(k * c * x ** (k - 1) for k, c in enumerate(coefficients) if k > 0),),
    )
    return value


CUBIC = polynomial_of((1.0, -2.0, 0.5, 0.25))


@program(lambda: (rand(3),), tags=(REVERSE,))
def custom_closure(x):
    first = CUBIC
    return np.sum(first(x) * CUBIC(first(x[0])))


libm = ctypes.CDLL(ctypes.util.find_library("m"))
libm.cosh.restype, libm.cosh.argtypes = ctypes.c_double, [ctypes.c_double]
cosh = custom_vjp(libm.cosh)
cosh.defvjp(lambda x: (libm.cosh(x), x), lambda x, g: (g * np.sinh(x),))


@program(lambda: (0.7, signed(3)), argnums=(0, 1), tags=(REVERSE))
def custom_function_of_c(s, x):
    total = cosh(s) * x
    for v in x:
        total[0] = total[0] * 0.5 + cosh(v * s)
    return np.sum(total**2)


def sort_of(values):
    return np.asarray(sorted(values.tolist(), key=lambda v: -v))


unread = custom_vjp(sort_of)
unread.defvjp(
    lambda values: (sort_of(values), np.argsort(-values)),
    lambda order, g: (g[np.argsort(order)],),
)


@program(lambda: (signed(5), signed(5, seed=1)), argnums=(0, 1), tags=(REVERSE,))
def custom_function_of_unknown_kind(x, w):
    y = unread(x * w)
    z = y * y
    z[0] = 3.0 * y[1]
    return np.sum(z[1:] * y[:-1]) + y[2]


@program(lambda: (rand(4),), tags=(REVERSE,))
def custom_may_raise(x):
    y = x.copy()
    try:
        y[0] = square(y[1]) * 2.0
        y = y + guarded(y - 10.0)
    except ValueError:
        y[2] = square(y[0])
    return np.sum(y) + guarded(np.sum(y))


@custom_vjp
def guarded(x):
    if np.any(x < 0.0):
        raise ValueError("negative")
    return np.sqrt(x)


guarded.defvjp(lambda x: (y := guarded(x), y), lambda y, g: (0.5 * g / y,))


@custom_vjp
def rotated(z):
    return z * z


rotated.defvjp(lambda z: (z * z, z), lambda z, g: (2.0 * z * g,))


@program(lambda: (rand(3), 0.4), argnums=(0, 1), tags=(REVERSE,))
def custom_complex_numbers(x, s):
    z = rotated(x * np.exp(1j * s))
    return np.sum(z.real * z.imag) + abs(rotated(1j * s + x[0])) ** 2


@custom_vjp
def total_of_squares(values):
    return sum([v * v for v in values])


total_of_squares.defvjp(
    lambda values: (total_of_squares(values), values), lambda values, g: ([2 * v * g for v in values],)
)


@program(lambda: (rand(3, 2), 1.3, 3), argnums=(0, 1), tags=(REVERSE,))
def custom_lists_of_any_length(m, s, n):
    rows, powers = [row * row for row in m], []
    for k in range(n):
        powers.append(s**k)
    first = total_of_squares(rows)
    rows[0][0] = 5.0 * s
    powers[1] = total_of_squares(powers)
    powers.append(s)
    return np.sum(first * rows[0]) + total_of_squares(powers)


# Both modes


@custom_jvp
def log1pexp(x):
    return np.logaddexp(0.0, x)


@log1pexp.defjvp
def log1pexp_jvp(primals, tangents):
    (x,), (x_dot,) = primals, tangents
    return log1pexp(x), x_dot / (1.0 + np.exp(-x))


@program(lambda: (signed(4), 0.3), argnums=(0, 1))
def jvp_of_a_stable_function(x, s):
    return np.sum(log1pexp(s * x) ** 2) + log1pexp(s)


@custom_jvp
def solved(a, b):
    return np.linalg.solve(a, b), b


def solved_jvp(primals, tangents):
    a, b = primals
    a_dot, b_dot = tangents
    x, same = solved(a, b)
    return (x, same), (np.linalg.solve(a, b_dot - a_dot @ x), b_dot)


solved.defjvp(solved_jvp)


@program(lambda: (rand(3, 3) + 2.0 * np.eye(3), rand(3), 3), argnums=(0, 1))
def jvp_of_a_solver_in_a_loop(a, b, n):
    x = b.copy()
    for _ in range(n):
        x, kept = solved(a, x)
        a = a + 0.1
        x[0] *= kept[1]
    return np.sum(x**2)


@custom_jvp
def blended(x, y, w=0.5):
    return w * np.sin(x) + (1.0 - w) * y


blended.defjvps(
    lambda dot, out, x, y, w: w * np.cos(x) * dot,
    lambda dot, out, x, y, w: (1.0 - w) * dot,
    lambda dot, out, x, y, w: (np.sin(x) - y) * dot,
)


@program(lambda: (rand(3), 0.6, 0.3), argnums=(0, 1, 2))
def jvp_one_argument_at_a_time(x, s, w):
    y = blended(x, x * x)
    return np.sum(blended(y, y, w=w)) * s


@functools.partial(custom_jvp, nondiff_argnums=(0, 2))
def iterated(f, x, n):
    for _ in range(n):
        x = f(x)
    return x


@iterated.defjvp
def iterated_jvp(f, n, primals, tangents):
    (x,), (x_dot,) = primals, tangents
    for _ in range(n):
        x, x_dot = f(x), np.cos(x) * x_dot
    return x, x_dot


@program(lambda: (rand(3),))
def jvp_with_a_function_and_a_count(x):
    return np.sum(iterated(np.sin, x, 3) * iterated(np.sin, x[0], n=2))


@program(lambda: (rand(3), 4))
def jvp_in_recursion_and_branches(x, n):
    def go(v, k):
        if k == 0:
            return log1pexp(v)
        return go(v * 0.5, k - 1) * log1pexp(v) if k % 2 else go(v + 0.1, k - 1)

    return np.sum(go(x, n))


# Solutions of equations


def root_by_bisection(a, low=0.0, high=10.0):
    while high - low > 1e-15 * high:
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        low, high = (middle, high) if middle + np.tanh(middle) < a else (low, middle)
    return 0.5 * (low + high)


bisected = implicit(root_by_bisection, lambda x, a: x + np.tanh(x) - a, initial=(1, 2))


@program(lambda: (1.3, rand(3)), argnums=(0, 1))
def root_of_a_number(a, x):
    return bisected(a) ** 2 * np.sum(x) + bisected(a * x[0], high=20.0)


@program(lambda: (1.1, 3))
def root_in_a_loop_starts_where_the_last_one_is(a, n):
    x, total = 0.0, 0.0
    for k in range(n):
        x = bisected(a + 0.2 * k, 0.0, x + 5.0)
        total = total + x * a
    return total


def equilibrium_by_newton(w, b, params):
    x = np.zeros(len(b))
    for _ in range(60):
        t = np.tanh(w @ x)
        jacobian = np.eye(len(b)) * params["k"] - (1.0 - t**2)[:, None] * w
        x = x - np.linalg.solve(jacobian, params["k"] * x - t - b)
    return x


equilibrium = implicit(equilibrium_by_newton, lambda x, w, b, params: params["k"] * x - np.tanh(w @ x) - b)


@program(lambda: (0.3 * signed(3, 3), rand(3), 1.5), argnums=(0, 1, 2))
def equilibrium_of_a_network(w, b, k):
    x = equilibrium(w, b, {"k": k, "name": "network", "none": None})
    x[0] = x[0] * x[1]
    return np.sum(x**2)


settled = implicit(
    lambda start, a: functools.reduce(lambda x, _: (np.cos(a * x[1]), 0.5 * np.sin(x[0])), range(200), start),
    fixed_point=lambda x, a: (np.cos(a * x[1]), 0.5 * np.sin(x[0])),
    initial=0,
)


@program(lambda: (0.7,))
def fixed_point_of_a_pair(a):
    u, v = settled((a, 0.1), a)
    return u * v + u


def ridge_objective(w, x, y, penalty):
    return np.sum((x @ w - y) ** 2) + penalty * np.sum(w**2)


ridge = implicit(
    lambda x, y, penalty: np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ y), objective=ridge_objective
)


@program(lambda: (signed(5, 2), rand(5), 0.3, signed(2, 2)), argnums=(0, 1, 2))
def minimiser_of_an_objective(x, y, penalty, held_out):
    return np.sum((held_out @ ridge(x, y, penalty) - 1.0) ** 2)


# Rules


def smooth(x, width=1.0, *, power=2):
    return np.sum(np.abs(x / width) ** power)


@rules.vjp(smooth)
def smooth_vjp(g, z, x, width=1.0, power=2):
    return g * power * x / width**2 * np.abs(x / width) ** (power - 2), -g * power * z / width, None


@rules.jvp(smooth)
def smooth_jvp(x_dot, width_dot, z, x, width=1.0, power=2):
    slope = power * x / width**2 * np.abs(x / width) ** (power - 2)
    total = 0.0
    if x_dot is not None:
        total = total + np.sum(slope * x_dot)
    return total if width_dot is None else total - power * z / width * width_dot


@program(lambda: (signed(4), 0.8), argnums=(0, 1))
def rule_with_keywords(x, s):
    return smooth(x) * smooth(s * x, s, power=4) + smooth(x, width=s)


WEIGHTS = np.array([0.5, 1.5, -1.0])
SCALE = 2.0


def weighted(params):
    return SCALE * np.sum(WEIGHTS * params["x"] * params["more"][0])


@rules.vjp(weighted)
def weighted_vjp(g, z, params):
    s_bar = np.sum(g * SCALE * WEIGHTS * params["x"])
    return {"x": g * SCALE * WEIGHTS * params["more"][0], "more": [s_bar], "name": None}


@rules.jvp(weighted)
def weighted_jvp(params_dot, z, params):
    x_dot, s_dot = params_dot["x"], params_dot["more"][0]
    total = 0.0 if x_dot is None else SCALE * np.sum(WEIGHTS * x_dot * params["more"][0])
    return total if s_dot is None else total + SCALE * np.sum(WEIGHTS * params["x"]) * s_dot


@program(lambda: (rand(3), 0.8), argnums=(0, 1))
def rule_that_reads_globals(x, s):
    return weighted({"x": x * x, "more": [s], "name": "weights"}) ** 2


def mixed(x, m):
    return m @ x, np.sum(x)


@rules.vjp(mixed)
def mixed_vjp(g, z, x, m):
    first = 0.0 if g[0] is None else m.T @ g[0]
    second = 0.0 if g[1] is None else g[1] * np.ones_like(x)
    return first + second, np.outer(g[0], x)


@rules.jvp(mixed)
def mixed_jvp(x_dot, m_dot, z, x, m):
    if m_dot is None:
        return m @ x_dot, np.sum(x_dot)
    if x_dot is None:
        return m_dot @ x, 0.0
    return m @ x_dot + m_dot @ x, np.sum(x_dot)


@program(lambda: (rand(3), rand(2, 3)), argnums=(0, 1))
def rule_for_several_results(x, m):
    y, s = mixed(x, m)
    return np.sum(y * y) * s


def reversed_twice(x):
    return 2.0 * x[::-1]


@rules.linear(reversed_twice)
def reversed_twice_vjp(g, z, x):
    return 2.0 * g[::-1]


@program(lambda: (rand(4),))
def rule_of_a_linear_function(x):
    y = reversed_twice(x * x)
    y[0] *= 3.0
    return np.sum(y * reversed_twice(x))


def less_twice(x, counts):
    return -(x * (2.0 * counts))


@rules.vjp(less_twice)
def less_twice_vjp(g, z, x, counts):
    return -(g * (2 * counts)), None


@rules.jvp(less_twice)
def less_twice_jvp(x_dot, z, x, counts):
    return -(x_dot * (2 * counts))


@program(lambda: (rand(3), np.array([1, 2, 3], dtype=np.uint8)), tags=("rule", "unsigned"))
def rule_that_counts_with_unsigned_numbers(x, counts):
    return np.sum(less_twice(x, counts) * x)
