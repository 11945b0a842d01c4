"""The largest and the smallest so far."""

import numpy as np

from . import program, rand


@program(lambda: (rand(7),), tags=("running maximum",))
def drawdowns(returns):
    wealth = np.cumprod(1.0 + 0.3 * (returns - 0.7))
    peaks = np.maximum.accumulate(wealth)
    return np.max(1.0 - wealth / peaks) + np.sum(peaks**2)


@program(lambda: (rand(3, 4),), tags=("running maximum", "out="))
def envelopes(x):
    upper = np.maximum.accumulate(x, axis=-1)
    lower = np.minimum.accumulate(x)
    np.minimum.accumulate(upper, 1, out=upper)
    return np.sum(upper * x) - np.sum(lower**3) + np.sum(np.minimum.accumulate(x[1, ::-1]) * x[0])
