"""Rules of `scipy.integrate`: sums over samples."""

from __future__ import annotations

import numpy as np
from scipy import integrate

from srcgrad.rules import differences
from srcgrad.rules.by_example import pure
from srcgrad.rules.registry import jvp, vjp
from srcgrad.rules.tangents import total

pure(integrate.trapezoid, integrate.cumulative_trapezoid)
vjp(integrate.trapezoid)(differences.trapezoid)
jvp(integrate.trapezoid)(differences.trapezoid_jvp)


def _refuse_tables(x):
    if x is not None and np.ndim(x) > 1:
        raise NotImplementedError("scipy.integrate.cumulative_trapezoid with places of several axes")


@vjp(integrate.cumulative_trapezoid)
def cumulative_trapezoid(g, z, y, x=None, dx=1.0, axis=-1, initial=None):
    _refuse_tables(x)
    n, along = np.ndim(y), axis % np.ndim(y)
    before = (slice(None),) * along
    if initial is not None:
        g = g[(*before, slice(1, None))]
    behind = np.flip(np.cumsum(np.flip(g, along), axis=along), along)
    means = 0.5 * (y[(*before, slice(1, None))] + y[(*before, slice(None, -1))])
    widths = dx if x is None else np.reshape(np.diff(x), (-1,) + (1,) * (n - 1 - along))
    halves = 0.5 * behind * widths
    edge = np.zeros((*np.shape(y)[:along], 1, *np.shape(y)[along + 1 :]))
    y_bar = np.concatenate([halves, edge], along) + np.concatenate([edge, halves], along)
    if x is None:
        return y_bar, None, behind * means
    widths_bar = np.sum(behind * means, tuple([k for k in range(n) if k != along]))
    return y_bar, -np.diff(np.pad(widths_bar, 1))


@jvp(integrate.cumulative_trapezoid)
def cumulative_trapezoid_jvp(y_dot, x_dot, dx_dot, z, y, x=None, dx=1.0, axis=-1, initial=None):
    _refuse_tables(x)
    # Older versions begin with any number that is given.
    initial = None if initial is None else 0
    through_y = None if y_dot is None else integrate.cumulative_trapezoid(y_dot, x, dx, axis, initial)
    if x is None:
        moved = None if dx_dot is None else integrate.cumulative_trapezoid(y, None, dx_dot, axis, initial)
    else:
        moved = None if x_dot is None else integrate.cumulative_trapezoid(y, x_dot, 1.0, axis, initial)
    return total(through_y, moved)
