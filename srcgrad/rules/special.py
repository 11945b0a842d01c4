"""Rules of the special functions that NumPy has."""

from __future__ import annotations

import math

import numpy as np

from srcgrad.rules.by_example import pure
from srcgrad.rules.registry import partials


def bessel_i1(x):
    """The modified Bessel function of order one: all terms of its series have one sign, so that none is lost.

    Example:
        >>> round(float(bessel_i1(np.float64(1.0))), 12)
        0.565159103992
    """
    size = np.abs(x)
    near = np.minimum(size, 30.0)
    far = np.maximum(size, 30.0)
    quarter = 0.25 * near * near
    term = 0.5 * near
    series = term
    for k in range(1, 60):
        term = term * quarter / (k * (k + 1))
        series = series + term
    term = 1.0
    tail = 1.0
    for k in range(1, 20):
        term = term * ((2 * k - 1) ** 2 - 4) / (8 * k * far)
        tail = tail + term
    half = np.exp(0.5 * far)
    return np.sign(x) * np.where(size < 30.0, series, half * (half * tail / np.sqrt(2 * math.pi * far)))


pure(bessel_i1)


@partials(bessel_i1)
def bessel_i1_slope(x, y):
    near = np.abs(x) < 1.0
    quarter = np.where(near, 0.25 * x * x, 0.0)
    ratio = 0.5
    for k in range(12, 0, -1):
        ratio = 0.5 + ratio * quarter / (k * (k + 1))
    return np.i0(x) - np.where(near, ratio, y / np.where(near, 1.0, x))


@partials(np.i0)
def i0(x, y):
    return bessel_i1(x)
