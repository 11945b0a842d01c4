"""Rules of the `math` module: those of `elementwise`, in terms of `math`, and without its errors.

A derivative may be infinite where the function is finite (`sqrt` at 0); Python's division would raise there, so
such rules divide with `np.divide`. Those of `math.gamma` and `math.lgamma` are in `gamma_functions`.
"""

from __future__ import annotations

import math

import numpy as np

from srcgrad.rules.elementwise import power
from srcgrad.rules.registry import jvp, linear, nondifferentiable, partials, steps, vjp
from srcgrad.rules.tangents import less

partials(math.pow)(power)


@partials(math.fabs)
def fabs(x, y):
    return math.copysign(x != 0, x)


@partials(math.copysign)
def copysign(x, y, z):
    return math.copysign(1, x) * math.copysign(1, y), None


@partials(math.fmod, math.remainder)
def remainder(x, y, z):
    return 1, -np.rint((x - z) / y)


@vjp(math.modf)
def modf(g, z, x):
    return g[0]


@jvp(math.modf)
def modf_jvp(x_dot, z, x):
    return x_dot, None


steps(1, math.modf)


@vjp(math.frexp)
def frexp(g, z, x):
    return math.ldexp(g[0], -z[1])


@jvp(math.frexp)
def frexp_jvp(x_dot, z, x):
    return math.ldexp(x_dot, -z[1]), None


@partials(math.ldexp)
def ldexp(x, exponent, z):
    return np.ldexp(1.0, exponent), None


@partials(math.sqrt)
def sqrt(x, y):
    return np.divide(0.5, y)


@partials(math.cbrt)
def cbrt(x, y):
    return np.divide(1, 3 * y * y)


@partials(math.exp)
def exp(x, y):
    return y


@partials(math.exp2)
def exp2(x, y):
    return y * math.log(2)


@partials(math.expm1)
def expm1(x, y):
    return y + 1


@partials(math.log)
def log(x, y):
    return 1 / x


@partials(math.log2)
def log2(x, y):
    return 1 / (x * math.log(2))


@partials(math.log10)
def log10(x, y):
    return 1 / (x * math.log(10))


@partials(math.log1p)
def log1p(x, y):
    return 1 / (1 + x)


@partials(math.sin)
def sin(x, y):
    return math.cos(x)


@partials(math.cos)
def cos(x, y):
    return -math.sin(x)


@partials(math.tan)
def tan(x, y):
    return 1 + y * y


@partials(math.asin)
def asin(x, y):
    return np.divide(1, math.sqrt((1 - x) * (1 + x)))


@partials(math.acos)
def acos(x, y):
    return np.divide(-1, math.sqrt((1 - x) * (1 + x)))


@partials(math.atan)
def atan(x, y):
    return 1 / (1 + x * x)


@partials(math.atan2)
def atan2(y, x, angle):
    h = math.hypot(x, y)
    r = h + (h == 0)
    return x / r / r, -y / r / r


@partials(math.sinh)
def sinh(x, y):
    return math.cosh(x)


@partials(math.cosh)
def cosh(x, y):
    return math.sinh(x)


@partials(math.tanh)
def tanh(x, y):
    return 1 - y * y


@partials(math.asinh)
def asinh(x, y):
    return 1 / math.hypot(1, x)


@partials(math.acosh)
def acosh(x, y):
    return np.divide(1, math.sqrt(x - 1) * math.sqrt(x + 1))


@partials(math.atanh)
def atanh(x, y):
    return 1 / ((1 - x) * (1 + x))


@partials(math.radians)
def radians(x, y):
    return math.pi / 180


@partials(math.degrees)
def degrees(x, y):
    return 180 / math.pi


@partials(math.erf)
def erf(x, y):
    return 2 / math.sqrt(math.pi) * math.exp(-x * x)


@partials(math.erfc)
def erfc(x, y):
    return -2 / math.sqrt(math.pi) * math.exp(-x * x)


# ---- several numbers ----


@vjp(math.hypot)
def hypot(g, z, *coordinates):
    r = z + (z == 0)
    return tuple([g * (x / r) for x in coordinates])


@jvp(math.hypot)
def hypot_jvp(coordinates_dot, z, *coordinates):
    r = z + (z == 0)
    moved = [k for k in range(len(coordinates)) if coordinates_dot[k] is not None]
    return sum([coordinates_dot[k] * (coordinates[k] / r) for k in moved])


@vjp(math.dist)
def dist(g, z, p, q):
    r = z + (z == 0)
    p_bar = [g * ((p[k] - q[k]) / r) for k in range(len(p))]
    return p_bar, [-c for c in p_bar]


@jvp(math.dist)
def dist_jvp(p_dot, q_dot, z, p, q):
    r = z + (z == 0)
    ways = [less(_item(p_dot, k), _item(q_dot, k)) for k in range(len(p))]
    return sum([ways[k] * ((p[k] - q[k]) / r) for k in range(len(p)) if ways[k] is not None])


def _item(x_dot, k):
    return None if x_dot is None else x_dot[k]


@linear(math.fsum)
def fsum(g, z, seq):
    return [g for _ in seq]


@vjp(math.prod)
def prod(g, z, iterable, *, start=1):
    factors = list(iterable)
    n = len(factors)
    return [g * start * math.prod(factors[:k]) * math.prod(factors[k + 1 :]) for k in range(n)]


@jvp(math.prod)
def prod_jvp(iterable_dot, z, iterable, *, start=1):
    factors = list(iterable)
    moved = [k for k in range(len(factors)) if iterable_dot[k] is not None]
    return sum([iterable_dot[k] * start * math.prod(factors[:k]) * math.prod(factors[k + 1 :]) for k in moved])


nondifferentiable(math.floor, math.ceil, math.trunc, math.ulp)
nondifferentiable(math.isnan, math.isinf, math.isfinite, math.isclose, reason="yields truth values")
nondifferentiable(math.gcd, math.lcm, math.isqrt, math.comb, math.perm, math.factorial, reason="acts on integers")
