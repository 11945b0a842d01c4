"""Exceptions that carry numbers, and functions that are chosen while the program runs."""

from __future__ import annotations

import contextlib
import enum
import functools
import io
import logging
import operator

import numpy as np

from . import program, rand

logger = logging.getLogger("programs")


class Stop(Exception):
    pass


class Converged(Exception):
    def __init__(self, value, steps):
        super().__init__("converged")
        self.value = value
        self.steps = steps


def check(x):
    if x > 0.1:
        raise Stop(x * 2)
    return x


@program(lambda: (0.7,), tags=("raise",))
def number_in_the_arguments_of_an_exception(x):
    try:
        return check(x)
    except Stop as e:
        return e.args[0] ** 2


@program(lambda: (0.7,), tags=("raise",))
def attribute_of_an_exception_raised_in_a_loop(x):
    try:
        for k in range(20):
            x = x * 0.8
            if x < 0.3:
                raise Converged(x, k)
    except Converged as e:
        return e.value * e.steps
    return x


def newton(x):
    u = 1.0
    for k in range(20):
        du = (u * u - x) / (2 * u)
        u = u - du
        if abs(du) < 1e-6:
            raise Converged(u, k)
    return u


@program(lambda: (0.7,), tags=("raise",))
def attribute_of_an_exception_raised_by_a_helper(x):
    try:
        r = newton(x)
    except Converged as e:
        r = e.value
    return r * x


@program(lambda: (0.7,), tags=("raise",))
def arguments_of_an_exception_unpacked(x):
    try:
        raise Stop(x, 2 * x)
    except Stop as e:
        a, b = e.args
        return a * b


@program(lambda: (rand(3),), tags=("raise",))
def logs_arrays(x):
    logger.info("x = %s", x)
    logger.debug("sum %f", np.sum(x))
    return np.sum(x**2)


@program(lambda: (rand(3),), tags=("raise",))
def prints_to_a_buffer(x):
    buf = io.StringIO()
    print("hello", x[0], file=buf)
    return np.sum(x**2)


@program(lambda: (rand(3),), tags=("raise",))
def redirects_what_it_prints(x):
    buf = io.StringIO()
    with contextlib.redirect_stdout(buf):
        print(x)
    return np.sum(x**2)


class Found(Exception):
    def __init__(self, value, where, *rest):
        super().__init__("found", value)
        self.value = value
        self.where = where
        self.rest = rest


@program(lambda: (rand(4),), tags=("raise",))
def exception_out_of_nested_loops(x):
    try:
        for i in range(4):
            for j in range(4):
                if x[i] * x[j] > 0.3:
                    raise Found(x[i] * x[j], i)
    except Found as f:
        return f.value * x[f.where]
    return x[0]


@program(lambda: (rand(4),), tags=("raise",))
def exception_raised_from_another(x):
    try:
        try:
            raise Stop(x[0])
        except Stop as e:
            raise Found(e.args[0] * 2, 0) from e
    except Found as f:
        return f.value * f.args[1]


@program(lambda: (rand(4),), tags=("raise",))
def exception_of_a_closure_in_a_loop(x):
    def f(v):
        if v > 0.5:
            raise Stop(v * v)
        return v

    out = 0.0
    for v in x:
        try:
            out += f(v)
        except Stop as e:
            out += e.args[0] * 10
    return out


@program(lambda: (rand(4),), tags=("raise",))
def exception_raised_again(x):
    try:
        try:
            raise Stop(x[0] * 3)
        except Stop:
            raise
    except Stop as e:
        return e.args[0] ** 2


@program(lambda: (rand(4),), tags=("raise",))
def exception_kept_in_a_name(x):
    try:
        e = Stop(x[0], x[1])
        raise e
    except Stop as err:
        a, b = err.args
        return a * b


@program(lambda: (rand(4),), tags=("raise",))
def exception_that_carries_containers(x):
    try:
        with np.errstate(all="ignore"):
            raise Stop({"a": x[0]}, [x[1], x[2]])
    except Stop as err:
        d, items = err.args
        return d["a"] * items[1]


class Kind(enum.Enum):
    A = 1
    B = 2


@program(lambda: (rand(3), 1), tags=("functions",))
def match_on_an_enum_chosen_at_run_time(x, n):
    k = Kind.A if n == 1 else Kind.B
    match k:
        case Kind.A:
            return x[0] ** 2
        case Kind.B:
            return x[1]


@program(lambda: (rand(5),), tags=("functions",))
def cached_closure(x):
    @functools.cache
    def best(i):
        if i >= len(x):
            return 0.0
        return max(x[i] + best(i + 2), best(i + 1))

    return best(0)


@program(lambda: (rand(5),), tags=("functions",))
def cached_closure_of_two_numbers(x):
    @functools.cache
    def f(i, j):
        if i == 0 or j == 0:
            return 1.0
        return f(i - 1, j) * x[i] + f(i, j - 1) * x[j]

    return f(3, 3)


def lin(v):
    return 2.0 * v


def quad(v):
    return v * v


def sine(v):
    return np.sin(v)


@program(lambda: (rand(3), 1), tags=("functions",))
def function_by_an_index(x, n):
    fs = [lin, quad, sine]
    return fs[n](x[0])


@program(lambda: (rand(6), 4), tags=("functions",))
def functions_by_turns(x, n):
    fs = (lin, quad, sine)
    s = 0.0
    for i in range(n):
        s += fs[i % 3](x[i])
    return s


@program(lambda: (rand(6), 4), tags=("functions",))
def closures_by_turns(x, n):
    fs = [lambda v, k=k: v * k * x[k] for k in range(3)]
    s = 0.0
    for i in range(n):
        f = fs[i % 3]
        s += f(x[i])
    return s


def scaled(k):
    def deco(fn):
        @functools.wraps(fn)
        def inner(*args, **kwargs):
            return k * fn(*args, **kwargs)

        return inner

    return deco


@scaled(3.0)
def cube(v):
    return v**3


@program(lambda: (rand(3),), tags=("functions",))
def decorators_with_arguments(x):
    @scaled(x[1])
    def sq(v):
        return v * v

    return cube(x[0]) + sq(x[2])


@program(lambda: (rand(4), 3), tags=("functions",))
def operators_by_turns(x, n):
    class_ops = [operator.add, operator.mul, operator.sub]
    v = x[0]
    for i in range(n):
        v = class_ops[i](v, x[i])
    return v
