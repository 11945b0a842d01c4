"""Rules of `math.gamma` and `math.lgamma`, whose derivatives are polygamma functions, which NumPy lacks."""

from __future__ import annotations

import math

from srcgrad.rules.by_example import pure
from srcgrad.rules.registry import partials

_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
"""Those of the orders 2, 4, 6 ..."""
_FAR = 14.0


def polygamma(n, x):
    """The derivative of order `n + 1` of the logarithm of the gamma function at a real number.

    By the recurrence (Abramowitz and Stegun, Handbook of Mathematical Functions, 6.4.6) from where the asymptotic
    series (6.3.18 and 6.4.11) is accurate.

    Args:
        n: the order, a whole number from 0 on.
        x: the number; NaN comes back for the poles 0, -1, -2 ...

    Example:
        >>> round(polygamma(0, 1.0), 14), round(polygamma(1, 0.5), 14)
        (-0.57721566490153, 4.93480220054468)
    """
    return by_series(n, x)


def by_series(n, x):
    """What `polygamma` does, for compiled code that takes it apart."""
    x = float(x)
    if math.isnan(x) or x == -math.inf or (x <= 0 and x == math.floor(x)):
        return math.nan
    near = 0.0
    while x < _FAR + n:
        near += x ** -(n + 1)
        x += 1.0
    if x == math.inf:
        return x if n == 0 else 0.0
    if n == 0:
        series = math.log(x) - 0.5 / x
        power = 1.0
        for k in range(len(_BERNOULLI)):
            power = power / (x * x)
            series -= _BERNOULLI[k] / (2 * k + 2) * power
        return series - near
    factor = math.gamma(n + 1.0)
    series = 1 / (n * x**n) + 0.5 / x ** (n + 1)
    rising = 1.0 / n
    power = x ** -float(n)
    for k in range(len(_BERNOULLI)):
        # (2 k + 1 + n)! / ((2 k + 2)! n!), a factor at a time
        rising *= (2 * k + n) * (2 * k + 1 + n) / ((2 * k + 1) * (2 * k + 2))
        power = power / (x * x)
        series += _BERNOULLI[k] * rising * power
    return (-1.0) ** (n + 1) * factor * (series + near)


pure(polygamma)


@partials(polygamma)
def polygamma_slope(n, x, y):
    return ..., polygamma(n + 1, x)


@partials(math.lgamma)
def lgamma(x, y):
    return polygamma(0, x)


@partials(math.gamma)
def gamma(x, y):
    return y * polygamma(0, x)
