"""Functions of `math` and `bisect` that Numba lacks, like `definitions`. What needs more than 64 bits raises."""

from __future__ import annotations

import bisect
import math

import numpy as np

from srcgrad.frontend import library_stand_ins
from srcgrad.jit.defining import Definitions
from srcgrad.rules.gamma_functions import by_series, polygamma

DEFINITIONS = Definitions()
_defines = DEFINITIONS.of
_LARGEST = 2**63 - 1


# Whole numbers


def _product(a, b):
    if b != 0 and a > _LARGEST // b:
        raise OverflowError("the result does not fit into 64 bits")
    return a * b


@_defines(math.factorial)
def factorial(n):
    if n < 0:
        raise ValueError("factorial() not defined for negative values")
    product = 1
    for k in range(2, n + 1):
        product = _product(product, k)
    return product


@_defines(math.comb)
def comb(n, k):
    if n < 0 or k < 0:
        raise ValueError("comb() takes no negative numbers")
    if k > n:
        return 0
    chosen = 1
    for i in range(min(k, n - k)):
        chosen = _product(chosen, n - i) // (i + 1)
    return chosen


@_defines(math.perm)
def perm(n, k):
    if n < 0 or k < 0:
        raise ValueError("perm() takes no negative numbers")
    product = 1
    for i in range(k):
        product = _product(product, max(n - i, 0))
    return product


@_defines(math.isqrt)
def isqrt(n):
    if n < 0:
        raise ValueError("isqrt() argument must be nonnegative")
    root = min(int(math.sqrt(n)), 3037000499)
    while root * root > n:
        root -= 1
    while root < 3037000499 and (root + 1) * (root + 1) <= n:
        root += 1
    return root


@_defines(math.lcm)
def lcm(a, b):
    if a == 0 or b == 0:
        return 0
    return _product(abs(a) // math.gcd(a, b), abs(b))


# Numbers


@_defines(math.cbrt)
def cbrt(x):
    return float(np.cbrt(x))


@_defines(math.fmod)
def fmod(x, y):
    if (y == 0 or math.isinf(x)) and not math.isnan(x) and not math.isnan(y):
        raise ValueError("math domain error")
    return float(np.fmod(float(x), float(y)))


@_defines(math.remainder)
def remainder(x, y):
    if (y == 0 or math.isinf(x)) and not math.isnan(x) and not math.isnan(y):
        raise ValueError("math domain error")
    if math.isinf(y):
        return float(x)
    size, step = abs(float(x)), abs(float(y))
    below = float(np.fmod(size, step))
    above = step - below
    if below > above:
        below = -above
    elif below == above:
        below = below - 2.0 * float(np.fmod(0.5 * (size - below), step))
    return math.copysign(1.0, x) * below


@_defines(math.isclose)
def isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0):
    if rel_tol < 0.0 or abs_tol < 0.0:
        raise ValueError("tolerances must be non-negative")
    if a == b:
        return True
    if math.isinf(a) or math.isinf(b):
        return False
    apart = abs(b - a)
    return apart <= abs(rel_tol * b) or apart <= abs(rel_tol * a) or apart <= abs_tol


@_defines(math.modf)
def modf(x):
    whole = float(np.trunc(float(x)))
    return math.copysign(0.0 if math.isinf(x) else x - whole, x), whole


def _length(parts):
    """The length of a vector, computed in units of its largest part, so that no square overflows."""
    unit = 0.0
    for part in parts:
        if math.isinf(part):
            return math.inf
        unit = max(unit, abs(part))
    if unit == 0.0:
        return 0.0
    total = 0.0
    for part in parts:
        total += (part / unit) ** 2
    return unit * math.sqrt(total)


@_defines(math.hypot, when=lambda op: len(op.args) != 2)
def hypot(*parts):
    return _length([float(part) for part in parts])


@_defines(math.dist)
def dist(p, q):
    return _length([float(a) - float(b) for a, b in zip(p, q, strict=True)])


@_defines(polygamma)
def polygamma_of_a_number(n, x):
    return float(by_series(n, x))


# Sequences


@_defines(math.fsum)
def fsum(seq):
    """The exact sum, rounded: Shewchuk, Adaptive Precision Floating-Point Arithmetic (1997)."""
    parts, count = np.zeros(64), 0
    outside, is_finite = 0.0, True
    for value in seq:
        x = float(value)
        if not math.isfinite(x):
            outside, is_finite = outside + x, False
            continue
        kept = 0
        for j in range(count):
            y = parts[j]
            if abs(x) < abs(y):
                x, y = y, x
            high = x + y
            low = y - (high - x)
            if low != 0.0:
                parts[kept] = low
                kept += 1
            x = high
        parts[kept] = x
        count = kept + 1
        if not math.isfinite(x):
            raise OverflowError("intermediate overflow in fsum")
    if not is_finite:
        return float(outside)
    return float(_rounded(parts, count))


def _rounded(parts, count):
    """The sum of parts that do not overlap, the largest one last, rounded to even."""
    high, low = 0.0, 0.0
    while count > 0 and low == 0.0:
        count -= 1
        x, y = high, parts[count]
        high = x + y
        low = y - (high - x)
    if count > 0 and low * parts[count - 1] > 0.0:
        twice = 2.0 * low
        x = high + twice
        if twice == x - high:
            high = x
    return high


@_defines(bisect.bisect_left)
def bisect_left(a, x, lo=0, hi=None):
    if lo < 0:
        raise ValueError("lo must be non-negative")
    return library_stand_ins.place_left(a, x, lo, len(a) if hi is None else hi)


@_defines(bisect.bisect_right, bisect.bisect)
def bisect_right(a, x, lo=0, hi=None):
    if lo < 0:
        raise ValueError("lo must be non-negative")
    return library_stand_ins.place_right(a, x, lo, len(a) if hi is None else hi)
