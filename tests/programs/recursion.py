"""Functions that call themselves and each other."""

from __future__ import annotations

import functools
import math

import numpy as np

from . import program, rand


def power(x, n):
    if n == 0:
        return 1.0
    return x * power(x, n - 1)


@program(lambda: (1.1, 5), tags=("recursion",))
def power_by_recursion(x, n):
    return power(x, n) + power(2.0 * x, 2)


@program(lambda: (1.1, 5), tags=("recursion", "self"))
def calls_itself(x, n):
    if n == 0:
        return x
    return x * calls_itself(x, n - 1) + n


@program(lambda: (1.1, 11), tags=("recursion", "self"))
def fast_power(x, n):
    if n == 0:
        return 1.0
    half = fast_power(x, n // 2)
    return half * half * x if n % 2 else half * half


@program(lambda: (0.6, 6), tags=("recursion", "twice"))
def fibonacci_like(x, n):
    if n < 2:
        return x if n else 1.0
    return fibonacci_like(x, n - 1) * 0.5 + x * fibonacci_like(x, n - 2)


@program(lambda: (0.8, 7), tags=("recursion", "mutual"))
def mutual_recursion(x, n):
    return even_step(x, n)


def even_step(x, n):
    if n == 0:
        return x
    return np.sin(odd_step(x, n - 1)) + x


def odd_step(x, n):
    if n == 0:
        return 2.0 * x
    return even_step(x, n - 1) * x


@program(lambda: (((0.5, (1.5, 0.7)), (0.3, 0.9)),), tags=("recursion", "tree"))
def sum_over_a_tree(tree):
    return tree_value(tree) ** 2


def tree_value(t):
    if isinstance(t, tuple):
        left, right = t
        return tree_value(left) * tree_value(right) + 1.0
    return t * t


@program(lambda: (rand(7),), tags=("recursion", "divide"))
def divide_and_conquer_sum(x):
    return half_sums(x, 0, len(x))


def half_sums(x, lo, hi):
    if hi - lo == 1:
        return np.sin(x[lo])
    mid = (lo + hi) // 2
    return half_sums(x, lo, mid) * 0.9 + half_sums(x, mid, hi)


@program(lambda: (rand(8),), tags=("recursion", "slices"))
def divide_and_conquer_by_slices(x):
    if len(x) == 1:
        return x[0] ** 2
    n = len(x) // 2
    return divide_and_conquer_by_slices(x[:n]) * divide_and_conquer_by_slices(x[n:]) + x[0]


@program(lambda: (rand(6),), tags=("recursion", "write"))
def recursion_that_writes(x):
    y = x.copy()
    fold(y, 0)
    return np.sum(y * y)


def fold(y, i):
    if i + 1 < len(y):
        y[i + 1] += y[i] * y[i]
        fold(y, i + 1)
        y[i] *= y[i + 1]


@program(lambda: (rand(5),), tags=("recursion", "write"))
def recursion_that_fills(x):
    out = np.zeros(5)
    fill(x, out, 4)
    return out[4] + out[2]


def fill(x, out, i):
    if i == 0:
        out[0] = x[0]
        return
    fill(x, out, i - 1)
    out[i] = out[i - 1] * x[i] + x[0]


@program(lambda: (0.8, 1.4), argnums=(0, 1), tags=("recursion", "adaptive"))
def adaptive_simpson(a, b):
    def f(t):
        return np.exp(-a * t) * t

    def simpson(lo, hi):
        return (hi - lo) / 6.0 * (f(lo) + 4.0 * f(0.5 * (lo + hi)) + f(hi))

    def refine(lo, hi, depth):
        mid = 0.5 * (lo + hi)
        whole, parts = simpson(lo, hi), simpson(lo, mid) + simpson(mid, hi)
        if depth == 0 or abs(parts - whole) < 1e-7:
            return parts
        return refine(lo, mid, depth - 1) + refine(mid, hi, depth - 1)

    return refine(0.0, b, 2)


@program(lambda: (1.2,), tags=("recursion", "romberg"))
def romberg_by_recursion(b):
    def r(n, m):
        if m == 0:
            k = 2**n
            h = b / k
            return h * (0.5 * np.exp(0.0) + 0.5 * np.exp(-b * b) + sum(np.exp(-((i * h) ** 2)) for i in range(1, k)))
        return r(n, m - 1) + (r(n, m - 1) - r(n - 1, m - 1)) / (4**m - 1)

    return r(3, 2)


@program(lambda: (rand(5), 0.4), argnums=(0, 1), tags=("recursion", "horner"))
def horner_by_recursion(c, x):
    def value(i):
        return c[i] if i == len(c) - 1 else c[i] + x * value(i + 1)

    return value(0) ** 2


@program(lambda: (rand(4), 0.3), argnums=(0, 1), tags=("recursion", "bezier"))
def de_casteljau_by_recursion(p, t):
    if len(p) == 1:
        return p[0]
    return de_casteljau_by_recursion((1.0 - t) * p[:-1] + t * p[1:], t)


@program(lambda: (rand(3, 3),), tags=("recursion", "determinant"))
def determinant_by_minors(m):
    n = len(m)
    if n == 1:
        return m[0, 0]
    total = 0.0
    for j in range(n):
        minor = np.concatenate([m[1:, :j], m[1:, j + 1 :]], axis=1)
        total += (-1) ** j * m[0, j] * determinant_by_minors(minor)
    return total


@program(lambda: (0.7,), tags=("recursion", "accumulator"))
def tail_recursion_with_an_accumulator(x):
    def go(k, acc):
        return acc if k == 0 else go(k - 1, acc * x + k)

    return go(5, x)


@program(lambda: (rand(5), rand(5, seed=1)), argnums=(0, 1), tags=("recursion", "memo"))
def recursion_with_a_memo(a, b):
    memo = {}

    def best(i):
        if i <= 0:
            return a[0]
        if i not in memo:
            memo[i] = best(i - 1) * b[i] + best(i - 2) * a[i]
        return memo[i]

    return best(4)


@program(lambda: (rand(4),), tags=("recursion", "list"))
def recursion_over_a_list(x):
    def product(values):
        if not values:
            return 1.0
        head, *tail = values
        return head * product(tail) + 0.5

    return product(list(x))


@program(lambda: (1.5,), tags=("recursion", "branch on value"))
def recursion_ended_by_a_value(x):
    if x < 0.4:
        return x * x
    return x + recursion_ended_by_a_value(x * 0.6)


@program(lambda: (0.4, 2), tags=("recursion", "deep"))
def ackermann_like_nesting(x, n):
    def f(v, depth):
        if depth == 0:
            return np.cos(v)
        return f(f(v, depth - 1) * x, depth - 1)

    return f(x, n)


@program(lambda: (rand(4),), tags=("recursion", "array out"), output="array")
def recursive_transform(x):
    n = len(x)
    if n == 1:
        return x * 1.0
    even, odd = recursive_transform(x[::2]), recursive_transform(x[1::2])
    return np.concatenate([even + odd * 0.5, even - odd * 0.5])


def depth_sum(tree, scale):
    if isinstance(tree, (list, tuple)):
        return sum(depth_sum(branch, scale * 0.5) for branch in tree)
    return tree * scale


@program(lambda: (rand(4),), tags=("recursion", "nested lists"))
def recursion_over_a_nested_list(x):
    return depth_sum([[x[0], x[1] * 2], [x[2], [x[3], x[0]]]], x[1])


@program(lambda: (rand(3), 4), tags=("recursion", "set"))
def recursion_with_sets(x, n):
    skipped = {1, 3}

    def power(k, halved):
        if k == 0:
            return x[0]
        return power(k - 1, halved) * (0.5 if k in halved else x[1]) + (x[2] if k in skipped else 0.0)

    return power(n, {2, 4})


def _repeated(f, n, x):
    return x if n <= 0 else _repeated(f, n - 1, f(x))


def _affine(slope, x, offset=1.0):
    return slope * x + offset


class _Affine:
    def __init__(self, slope, calls=0.0):
        self.slope, self.calls = slope, calls

    def apply(self, x):
        self.calls += 0.1 * x
        return self.slope * x + 1.0


@program(lambda: (1.3, 0.7, 3), argnums=(0, 1), tags=("recursion", "functions as values"))
def defaults_of_functions_given_to_a_recursion(s, t, n):
    def scaled(v, *, by=t):
        return v * by + s

    return _repeated(lambda v, k=s: v * k + 1, n, 2.0) * _repeated(scaled, n, t)


@program(lambda: (1.3, 0.7, 3), argnums=(0, 1), tags=("recursion", "partial"))
def partial_given_to_a_recursion(s, t, n):
    first, named = functools.partial(_affine, s), functools.partial(_affine, x=s)
    nested = functools.partial(functools.partial(_affine, s), offset=t)
    return _repeated(first, n, t) * _repeated(nested, n, 2.0) + named(2.0) * _repeated(lambda v: nested(v), n, s)


@program(lambda: (1.3, 0.7, 3), argnums=(0, 1), tags=("recursion", "methods"))
def bound_method_given_to_a_recursion(s, t, n):
    affine = _Affine(s)
    apply = affine.apply
    value = _repeated(apply, n, t)
    return value * affine.calls + apply(t)


@program(lambda: (1.3, 0.7, 3), argnums=(0, 1), tags=("recursion", "closures"))
def partials_that_a_recursive_closure_finds_outside(s, t, n):
    table = [functools.partial(_affine, s), lambda v, k=t: v * k]
    method = _Affine(t).apply

    def go(k, x):
        return method(x) if k <= 0 else go(k - 1, table[k % 2](x))

    return go(n, 2.0)


@program(lambda: (rand(3), 0.7, 3), argnums=(0, 1), tags=("recursion", "partial", "in-place"))
def array_that_a_partial_writes_in_a_recursion(x, t, n):
    def spread(y, v):
        y[1:] += v * y[:-1]
        return v * y[0]

    y = x * 2.0
    value = _repeated(functools.partial(spread, y), n, t)
    return value + np.sum(y * y)


@program(lambda: (1.3, 0.7), argnums=(0, 1), tags=("closures", "partial"))
def composed_of_a_partial_and_closures(s, t):
    def compose(f, g):
        return lambda v: f(g(v))

    return compose(compose(math.sin, functools.partial(pow, s)), lambda v: v * s)(t)


def _parts_beside_names(f, f_0, n):
    return f[0] * f_0 if n <= 0 else _parts_beside_names((f[1], f[0] * 2.0), f_0 * f[1], n - 1)


@program(lambda: (1.3, 3), tags=("recursion", "names"))
def parts_of_a_parameter_that_are_named_as_another(s, n):
    return _parts_beside_names((s, s + 1.0), s * 2.0, n)


def _counted(f, factor):
    @functools.wraps(f)
    def wrapper(x, n):
        return x if n == 0 else factor * f(x, n - 1)

    return wrapper


_square = _counted(lambda x, n: x * x, 2.0)
_twice_counted = _counted(_square, 3.0)


@program(lambda: (0.7, 3), tags=("recursion", "decorators"))
def functions_of_one_decorator_that_call_each_other(x, n):
    return _twice_counted(x, n) + _square(x, n) + _twice_counted(x, 1)


def _composed(f, g):
    return lambda x: f(g(x))


_of_sines = _composed(_composed(np.sin, np.exp), _composed(np.cos, np.sin))


@program(lambda: (rand(3),), tags=("recursion", "decorators"))
def functions_of_one_lambda_that_call_each_other(x):
    return np.sum(_of_sines(x) * x)


def _checked(f):
    @functools.wraps(f)
    def wrapper(x, n):
        if n < 0:
            raise ValueError("n is negative")
        return f(x, n)

    return wrapper


@_checked
def _downward(x, n):
    return x if n == 0 else np.sin(_downward(x, n - 1)) * _upward(x, n - 1)


@_checked
def _upward(x, n):
    return 2.0 * x if n == 0 else _downward(x, n - 1) + x * n


@program(lambda: (0.7, 4), tags=("recursion", "mutual", "decorators"))
def decorated_functions_with_a_recursion(x, n):
    return _upward(x, n) + _downward(x, 2)


def _items_of(f):
    def items(x, n):
        for k in range(n):
            yield x * k
            yield from f(x, n - 1)

    return items


_few = _items_of(lambda x, n: [x, x * x])
_more = _items_of(_few)


@program(lambda: (0.7, 3), tags=("recursion", "decorators", "generators"))
def generators_of_one_decorator_that_call_each_other(x, n):
    return sum(v * v for v in _more(x, n))


@program(lambda: (rand(3),), tags=("recursion", "write"))
def elements_around_a_recursive_write(x):
    def scale(a, n):
        if n > 0:
            a[0] = a[0] * 1.5
            scale(a, n - 1)

    y = x * 1.0
    total = 0.0
    for k in range(3):
        total += y[0] * x[1]
        scale(y, k)
        total += y[0] * y[0] * x[2]
    return total
