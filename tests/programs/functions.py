# ruff: noqa: B023 (written as users write, not as linters like it)
"""Calls, arguments of all kinds, closures, lambdas, and functions as values."""

from __future__ import annotations

import functools
import math

import numpy as np

from . import program, rand


def affine(x, scale, shift=0.5, *, power=1):
    return (scale * x + shift) ** power


def total_of(*terms, start=0.0):
    for t in terms:
        start = start + t
    return start


def weighted(x, **weights):
    return weights["a"] * x + weights.get("b", 2.0) * x * x


@program(lambda: (0.7, 1.3), argnums=(0, 1), tags=("call",))
def calls_a_helper(x, y):
    return affine(x, y) * affine(y, x)


@program(lambda: (0.7, 1.3), argnums=(0, 1), tags=("call", "keyword"))
def calls_with_keywords(x, y):
    a = affine(x, scale=y)
    b = affine(scale=x, x=a, power=2)
    return affine(b, 2.0, shift=y, power=3) + affine(x, y, x)


@program(lambda: (0.7, 1.3), argnums=(0, 1), tags=("call", "star"))
def calls_with_stars(x, y):
    pair = (x, y)
    options = {"shift": x * y, "power": 2}
    return affine(*pair, **options) + total_of(x, *pair, start=y) + total_of()


@program(lambda: (0.7, 1.3), argnums=(0, 1), tags=("call", "kwargs"))
def calls_with_keyword_dict(x, y):
    return weighted(x, a=y) * weighted(y, a=x, b=x * y)


@program(lambda: (0.7, 0.2, 0.4), argnums=(0, 1, 2), tags=("star",))
def takes_any_number_of_arguments(*args):
    product = 1.0
    for a in args:
        product *= a + len(args)
    return product + args[0]


@program(lambda: (0.7,), tags=("default",))
def default_arguments_of_the_program(x, scale=2.0, *, shift=1.0):
    return math.sin(scale * x) + shift * x


@program(lambda: (0.7,), tags=("nested",))
def nested_function(x):
    def square(v):
        return v * v

    return square(x) + square(square(x) + 1.0)


@program(lambda: (0.7, 1.3), argnums=(0, 1), tags=("closure",))
def closure_over_a_parameter(x, y):
    def scaled(v):
        return x * v + y

    return scaled(scaled(y)) * scaled(2.0)


@program(lambda: (0.7,), tags=("closure", "late"))
def closure_sees_the_last_value(x):
    k = x

    def power():
        return k * x

    first = power()
    k = x * x * 3.0
    return first + power() ** 2


@program(lambda: (0.7,), tags=("lambda", "late"))
def lambdas_made_in_a_loop(x):
    fs = []
    for i in range(3):
        fs.append(lambda v: v * (i + 1) + x)
    return fs[0](x) * fs[1](2.0) + fs[2](1.0)


@program(lambda: (0.7,), tags=("lambda", "default"))
def lambdas_bound_by_a_default(x):
    fs = [lambda v, i=i: v ** (i + 1) for i in range(3)]
    return sum(f(x) for f in fs) * fs[2](x)


@program(lambda: (0.7, 1.3), argnums=(0, 1), tags=("lambda",))
def several_lambdas_on_one_line(x, y):
    f, g, h = lambda v: v * y, lambda v: v + y, lambda v: np.sin(v) * x  # fmt: skip
    return f(g(h(x))) - h(f(y)) * g(1.0)


@program(lambda: (0.7,), tags=("lambda",))
def lambda_called_at_once(x):
    return (lambda a, b=2.0: a * b + x)(x * x)


@program(lambda: (0.7, 1.3), argnums=(0, 1), tags=("nonlocal",))
def nonlocal_accumulator(x, y):
    total = 0.0

    def add(v):
        nonlocal total
        total = total + v * v
        return total

    add(x)
    z = add(y * x)
    return z * total


@program(lambda: (0.7,), tags=("nonlocal", "passive"))
def nonlocal_counter(x):
    calls = 0

    def f(v):
        nonlocal calls
        calls += 1
        return v * x

    y = f(f(f(1.0)))
    return y * calls


@program(lambda: (0.7,), tags=("nonlocal", "closure"))
def counter_made_by_a_function(x):
    def make(start):
        state = start

        def step(by):
            nonlocal state
            state = state * by
            return state

        return step

    a, b = make(x), make(2.0)
    a(x)
    b(x)
    return a(3.0) * b(x)


@program(lambda: (0.7, 1.3), argnums=(0, 1), tags=("function returned",))
def adders_are_returned(x, y):
    add_x, add_y = make_adder(x), make_adder(y)
    return add_x(add_y(2.0)) * add_x(1.0)


def make_adder(n):
    def add(v):
        return v * n + v

    return add


@program(lambda: (0.7,), tags=("function argument",))
def functions_passed_as_arguments(x):
    def cube(v):
        return v**3

    return apply_twice(cube, x) + apply_twice(math.sin, x) + apply_twice(lambda v: v * x, 2.0)


def apply_twice(f, v):
    return f(f(v))


@program(lambda: (0.7, 1.3), argnums=(0, 1), tags=("function argument", "closure"))
def function_argument_with_a_closure(x, y):
    def integrand(t):
        return x * np.exp(-y * t)

    return trapezoid(integrand, 0.0, y, 8)


def trapezoid(f, a, b, n):
    h = (b - a) / n
    total = 0.5 * (f(a) + f(b))
    for i in range(1, n):
        total += f(a + i * h)
    return total * h


@program(lambda: (0.7,), tags=("function returned", "compose"))
def composition_of_functions(x):
    def compose(f, g):
        return lambda v: f(g(v))

    h = compose(np.sin, compose(lambda v: v * x, np.exp))
    return h(x) * h(0.1)


@program(lambda: (0.7, 1), tags=("function chosen",))
def function_chosen_by_an_argument(x, which):
    f = np.sin if which == 0 else np.cos
    g = [np.exp, np.tanh][which]
    return f(x) * g(2.0 * x)


@program(lambda: (0.7,), tags=("function chosen",))
def function_chosen_by_a_value(x):
    def up(v):
        return v * 2.0

    def down(v):
        return v * x

    y = x
    for _ in range(5):
        f = up if y < 1.0 else down
        y = f(y)
    return y


@program(lambda: (0.7,), tags=("dict", "function chosen"))
def dispatch_table(x):
    ops = {"double": lambda v: 2.0 * v, "sine": np.sin, "square": lambda v: v * v + x}
    for name in ("square", "double", "sine"):
        x = ops[name](x)
    return x


@program(lambda: (0.7, 1.3), argnums=(0, 1), tags=("partial",))
def partial_application(x, y):
    f = functools.partial(affine, scale=y, power=2)
    return f(x) + f(y, shift=x)


@program(lambda: (rand(3),), tags=("call", "tuple out"))
def helper_with_several_results(x):
    mean, spread = moments(x)
    _, again = moments(x * mean)
    return mean * spread + again


def moments(v):
    m = np.mean(v)
    return m, np.mean((v - m) ** 2)


@program(lambda: (0.7, -0.4), argnums=(0, 1), tags=("call", "return"))
def helper_with_early_returns(x, y):
    return soft_sign(x) * soft_sign(y) + soft_sign(0.0 * x)


def soft_sign(v):
    if v > 0:
        return v / (1.0 + v)
    if v < 0:
        return v / (1.0 - v)
    return 0.0


@program(lambda: (rand(4),), tags=("call", "in a loop"))
def helper_called_in_a_loop(x):
    y = 0.0
    for v in x:
        y = blend(y, v)
    return y


def blend(a, b):
    if a > 0.5:
        return a * 0.9 + b * a
    return a + b * b


@program(lambda: (rand(3), 2.0), argnums=(0, 1), tags=("call", "polymorphic"))
def one_helper_for_numbers_and_arrays(x, s):
    return np.sum(squash(x)) * squash(s) + squash(x[0])


def squash(v):
    return v / (1.0 + v * v)


@program(lambda: (0.7,), tags=("call", "unused"))
def results_that_are_not_used(x):
    squash(x)
    y, _ = x * x, squash(x)
    moments(np.array([x, y]))
    return y


@program(lambda: (0.7, 1.3), argnums=(0, 1), tags=("call", "None"))
def helper_that_returns_none(x, y):
    log = []
    record(log, x * y)
    record(log, y)
    return log[0] * log[1]


def record(log, value):
    log.append(value * value)


@program(lambda: (0.7,), tags=("decorator",))
def helper_with_a_decorator(x):
    return doubled_sine(x) * x


def doubled(f):
    @functools.wraps(f)
    def inner(*args):
        return 2.0 * f(*args)

    return inner


@doubled
def doubled_sine(v):
    return np.sin(v)


@program(lambda: (0.7,), tags=("closure", "write"))
def closure_writes_an_array(x):
    buffer = np.zeros(3)

    def put(i, v):
        buffer[i] = v * x
        buffer[0] += v

    put(1, x)
    put(2, buffer[1])
    put(0, 3.0)
    return np.sum(buffer * buffer)


@program(lambda: (0.7,), tags=("closure", "list"))
def closure_appends_to_a_list(x):
    seen = []

    def visit(v):
        seen.append(v)
        return v * x

    visit(visit(visit(x)))
    return seen[0] * seen[2] + sum(seen)


@program(lambda: (0.7,), tags=("nested", "three levels"))
def three_levels_of_nesting(x):
    def outer(a):
        b = a * x

        def middle(c):
            d = b + c

            def innermost(e):
                return a * b * c * d * e * x

            return innermost(d)

        return middle(a) + middle(2.0)

    return outer(x)


cube_of = lambda v: v * v * v  # noqa: E731


@program(lambda: (0.7,), tags=("lambda", "global"))
def lambda_at_module_level(x):
    return cube_of(x) + cube_of(2.0 * x)


@program(lambda: (0.7, 1.3), argnums=(1,), tags=("argnums",))
def gradient_of_the_second_argument(x, y):
    return x * y**3 + np.exp(x)


@program(lambda: (0.7, 1.3, 0.4), argnums=(2, 0), tags=("argnums",))
def gradients_in_another_order(x, y, z):
    return x * y * np.sin(z) + z**2 / x


@program(lambda: (rand(4), 0.7), (0, 1), tags=("lambda", "comprehension", "closure"))
def lambdas_of_a_comprehension(x, s):
    late = [lambda q: q * x[k] + k for k in range(3)]
    early = [lambda q, k=k: q * x[k] + k for k in range(3)]
    return sum(term(s) for term in late) * early[0](s) + late[0](1.0)
