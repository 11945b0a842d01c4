"""Rules of elementwise functions: operators and NumPy's ufuncs. Those of `math` are in `scalar`.

At kinks they follow JAX: the derivative of `abs` at 0 is 0, and equal arguments of `maximum` share alike. Conditions
enter as terms (`x + (x == 0)` is x, but 1 at 0), which cost little and fold away where an argument is a constant.
"""

from __future__ import annotations

import math
import operator

import numpy as np

from srcgrad.rules.registry import jvp, linear, methods, nondifferentiable, partials, steps, views, vjp
from srcgrad.rules.tangents import chosen, times, total

# ---- arithmetic ----


@partials(operator.pos, np.positive, float, np.float64, np.float32, np.float16, np.complex128, np.complex64)
def identity(x, y):
    return 1


@partials(operator.neg, np.negative)
def negative(x, y):
    return -1


@partials(operator.add, np.add)
def add(x, y, z):
    return 1, 1


@partials(operator.sub, np.subtract)
def subtract(x, y, z):
    return 1, -1


@partials(operator.mul, np.multiply)
def multiply(x, y, z):
    return y, x


@partials(operator.truediv, np.divide)
def divide(x, y, z):
    return 1 / y, -z / y


@partials(operator.mod, np.mod)
def mod(x, y, z):
    return 1, -(x // y)


@partials(np.fmod)
def fmod(x, y, z):
    return 1, -np.rint((x - z) / y)


@vjp(divmod, np.divmod)
def divmod_vjp(g, z, x, y):
    return g[1], -g[1] * z[0]


@jvp(divmod, np.divmod)
def divmod_jvp(x_dot, y_dot, z, x, y):
    return None, total(x_dot, times(y_dot, -z[0]))


steps(0, divmod, np.divmod)


@partials(np.reciprocal)
def reciprocal(x, y):
    return -y * y


@partials(np.square)
def square(x, y):
    return 2 * x


def power_slope(x, y, z):
    """The derivative of `x ** y` in x, without the errors of Python's floats where the power itself is finite."""
    if isinstance(x, float) and isinstance(y, (int, float)):
        if y < 0:
            return y * z / x
        if isinstance(y, float) and y < 1:
            return y * np.power(x, y - 1 + (y == 0))
    return y * x ** (y - 1 + (y == 0))


@partials(operator.pow, pow, np.power, np.float_power)
def power(x, y, z):
    return power_slope(x, y, z), z * np.log(x + (x == 0))


@partials(np.sqrt)
def sqrt(x, y):
    return 0.5 / y


@partials(np.cbrt)
def cbrt(x, y):
    return 1 / (3 * y * y)


# ---- exponentials and logarithms ----


@partials(np.exp)
def exp(x, y):
    return y


@partials(np.exp2)
def exp2(x, y):
    return y * math.log(2)


@partials(np.expm1)
def expm1(x, y):
    return y + 1


@partials(np.log)
def log(x, y):
    return 1 / x


@partials(np.log2)
def log2(x, y):
    return 1 / (x * math.log(2))


@partials(np.log10)
def log10(x, y):
    return 1 / (x * math.log(10))


@partials(np.log1p)
def log1p(x, y):
    return 1 / (1 + x)


@partials(np.logaddexp)
def logaddexp(x, y, z):
    top = np.where(z == -math.inf, 0, z)
    return np.exp(x - top), np.exp(y - top)


@partials(np.logaddexp2)
def logaddexp2(x, y, z):
    top = np.where(z == -math.inf, 0, z)
    return np.exp2(x - top), np.exp2(y - top)


@partials(np.ldexp)
def ldexp(x, exponent, z):
    return np.ldexp(1.0, exponent), None


@vjp(np.frexp)
def frexp(g, z, x):
    return np.ldexp(g[0], -z[1])


@jvp(np.frexp)
def frexp_jvp(x_dot, z, x):
    return np.ldexp(x_dot, -z[1]), None


@vjp(np.modf)
def modf(g, z, x):
    return g[0]


@jvp(np.modf)
def modf_jvp(x_dot, z, x):
    return x_dot, None


steps(1, np.modf)


# ---- trigonometry ----


@partials(np.sin)
def sin(x, y):
    return np.cos(x)


@partials(np.cos)
def cos(x, y):
    return -np.sin(x)


@partials(np.tan)
def tan(x, y):
    return 1 + y * y


@partials(np.arcsin)
def arcsin(x, y):
    return 1 / np.sqrt((1 - x) * (1 + x))


@partials(np.arccos)
def arccos(x, y):
    return -1 / np.sqrt((1 - x) * (1 + x))


@partials(np.arctan)
def arctan(x, y):
    return 1 / (1 + x * x)


@partials(np.arctan2)
def arctan2(y, x, angle):
    h = np.hypot(x, y)
    r = h + (h == 0)
    return x / r / r, -y / r / r


@partials(np.hypot)
def hypot(x, y, z):
    r = z + (z == 0)
    return x / r, y / r


@partials(np.sinh)
def sinh(x, y):
    return np.cosh(x)


@partials(np.cosh)
def cosh(x, y):
    return np.sinh(x)


@partials(np.tanh)
def tanh(x, y):
    return 1 - y * y


@partials(np.arcsinh)
def arcsinh(x, y):
    if np.iscomplexobj(x):
        return 1 / np.sqrt(1 + x * x)
    return 1 / np.hypot(1, x)


@partials(np.arccosh)
def arccosh(x, y):
    return 1 / (np.sqrt(x - 1) * np.sqrt(x + 1))


@partials(np.arctanh)
def arctanh(x, y):
    return 1 / ((1 - x) * (1 + x))


@partials(np.deg2rad, np.radians)
def radians(x, y):
    return math.pi / 180


@partials(np.rad2deg, np.degrees)
def degrees(x, y):
    return 180 / math.pi


@partials(np.sinc)
def sinc(x, y):
    t = math.pi * x
    near = np.abs(t) < 0.1
    s = np.where(near, t * t, 0)
    series = t * (s * (1 / 30 - s * (1 / 840 - s / 45360)) - 1 / 3)
    return math.pi * np.where(near, series, (np.cos(t) - y) / np.where(near, 1, t))


# ---- signs, choices, limits ----


@partials(operator.abs, abs, np.abs, np.fabs)
def absolute(x, y):
    if np.iscomplexobj(x):
        return np.conj(x) / (y + (y == 0))
    return np.sign(x)


@partials(np.copysign)
def copysign(x, y, z):
    return np.copysign(1, x) * np.copysign(1, y), None


@partials(np.heaviside)
def heaviside(x, at_zero, z):
    return None, x == 0


@partials(np.maximum, np.minimum, np.fmax, np.fmin)
def extremum(x, y, z):
    return np.where(x == y, 0.5, x == z), np.where(x == y, 0.5, y == z)


@jvp(np.maximum, np.minimum, np.fmax, np.fmin)
def extremum_jvp(x_dot, y_dot, z, x, y):
    return total(chosen(x_dot, x == y, x == z), chosen(y_dot, x == y, y == z))


@vjp(np.where)
def where(g, z, condition, x, y):
    return None, np.where(condition, g, 0), np.where(condition, 0, g)


@jvp(np.where)
def where_jvp(x_dot, y_dot, z, condition, x, y):
    return np.where(condition, 0.0 if x_dot is None else x_dot, 0.0 if y_dot is None else y_dot)


@vjp(np.clip)
def clip(g, z, a, a_min=None, a_max=None, out=None, *, min=None, max=None):
    low = min if a_min is None else a_min
    high = max if a_max is None else a_max
    if low is None and high is None:
        return g, 0.0, 0.0
    if high is None:
        return g * np.where(a == low, 0.5, a > low), g * np.where(a == low, 0.5, a < low), 0.0
    if low is None:
        return g * np.where(a == high, 0.5, a < high), 0.0, g * np.where(a == high, 0.5, a > high)
    raised_a = np.maximum(a, low)
    inner = g * np.where(raised_a == high, 0.5, raised_a < high)
    from_a = inner * np.where(a == low, 0.5, a > low)
    from_low = inner * np.where(a == low, 0.5, a < low)
    return from_a, from_low, g * np.where(raised_a == high, 0.5, raised_a > high)


@jvp(np.clip)
def clip_jvp(a_dot, a_min_dot, a_max_dot, z, a, a_min=None, a_max=None, out=None, *, min=None, max=None):
    low = min if a_min is None else a_min
    high = max if a_max is None else a_max
    if low is None and high is None:
        return a_dot
    if low is None:
        return _lowered(a_dot, a_max_dot, a, high)
    raised_dot = total(chosen(a_dot, a == low, a > low), chosen(a_min_dot, a == low, a < low))
    return raised_dot if high is None else _lowered(raised_dot, a_max_dot, np.maximum(a, low), high)


def _lowered(a_dot, high_dot, a, high):
    return total(chosen(a_dot, a == high, a < high), chosen(high_dot, a == high, a > high))


@vjp(np.nan_to_num)
def nan_to_num(g, z, x, copy=True, nan=0.0, posinf=None, neginf=None):
    return np.where(np.isfinite(x), g, 0)


@jvp(np.nan_to_num)
def nan_to_num_jvp(x_dot, z, x, copy=True, nan=0.0, posinf=None, neginf=None):
    return np.where(np.isfinite(x), x_dot, 0)


# ---- complex numbers ----


@partials(np.real)
def real(x, y):
    return 1


@partials(np.imag)
def imag(x, y):
    return -1j if np.iscomplexobj(x) else 0


@linear(np.conj)
def conj(g, z, x):
    return np.conj(g)


@vjp(np.angle)
def angle(g, y, z, deg=False):
    if not np.iscomplexobj(z):
        return 0 * g
    radians_bar = g * (180 / math.pi) if deg else g
    return -1j * radians_bar / z


@jvp(np.angle)
def angle_jvp(z_dot, y, z, deg=False):
    if not np.iscomplexobj(z):
        return 0 * z_dot
    return -1j * (180 / math.pi) * z_dot / z if deg else -1j * z_dot / z


# ---- without a derivative ----

nondifferentiable(
    np.sign,
    np.signbit,
    np.floor,
    np.ceil,
    np.trunc,
    np.fix,
    np.rint,
    np.round,
    np.around,
    np.spacing,
    np.floor_divide,
    operator.floordiv,
    round,
    int,
    bool,
)
nondifferentiable(
    np.isnan,
    np.isinf,
    np.isfinite,
    np.isneginf,
    np.isposinf,
    np.isreal,
    np.iscomplex,
    np.isrealobj,
    np.iscomplexobj,
    np.isclose,
    np.allclose,
    np.array_equal,
    np.array_equiv,
    np.logical_and,
    np.logical_or,
    np.logical_not,
    np.logical_xor,
    np.equal,
    np.not_equal,
    np.less,
    np.less_equal,
    np.greater,
    np.greater_equal,
    operator.eq,
    operator.ne,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.not_,
    operator.truth,
    operator.is_,
    operator.is_not,
    reason="yields truth values",
)
nondifferentiable(
    np.bitwise_and,
    np.bitwise_or,
    np.bitwise_xor,
    np.invert,
    np.left_shift,
    np.right_shift,
    np.gcd,
    np.lcm,
    operator.and_,
    operator.or_,
    operator.xor,
    operator.invert,
    operator.lshift,
    operator.rshift,
    operator.index,
    reason="acts on integers",
)
nondifferentiable(
    np.isscalar,
    np.iterable,
    np.result_type,
    np.promote_types,
    np.can_cast,
    np.issubdtype,
    reason="tells the type only",
)

views(np.real, np.imag)
methods(
    real=np.real,
    imag=np.imag,
    conj=np.ndarray.conj,
    conjugate=np.ndarray.conjugate,
    clip=np.ndarray.clip,
    round=np.round,
)
