"""Rules of sums and products that go along an axis, by their names in the array API, and of sums over parts of it."""

from __future__ import annotations

import numpy as np

from srcgrad.rules.index import scatter
from srcgrad.rules.reduce import cumprod, cumprod_jvp
from srcgrad.rules.registry import jvp, linear, vjp


def _without_initial(g, axis, include_initial):
    """What belongs to the elements, of results that begin with the one before the first element."""
    if not include_initial:
        return g
    return g[(*(slice(None),) * (axis % np.ndim(g)), slice(1, None))]


def cumulative_sum(g, z, x, *, axis=None, dtype=None, out=None, include_initial=False):
    along = 0 if axis is None else axis
    bar = _without_initial(g, along, include_initial)
    return np.reshape(np.flip(np.cumsum(np.flip(bar, along), axis=along), along), np.shape(x))


def cumulative_prod(g, z, x, *, axis=None, dtype=None, out=None, include_initial=False):
    along = 0 if axis is None else axis
    factors = np.reshape(x, (np.size(x),)) if axis is None else x
    return np.reshape(cumprod(_without_initial(g, along, include_initial), z, factors, along), np.shape(x))


def cumulative_prod_jvp(x_dot, z, x, *, axis=None, dtype=None, out=None, include_initial=False):
    along = 0 if axis is None else axis
    factors = np.reshape(x, (np.size(x),)) if axis is None else x
    factors_dot = np.reshape(x_dot, (np.size(x),)) if axis is None else x_dot
    z_dot = cumprod_jvp(factors_dot, z, factors, along)
    if not include_initial:
        return z_dot
    before = (slice(None),) * (along % np.ndim(z))
    return np.concatenate([np.zeros_like(z[(*before, slice(None, 1))]), z_dot], along)


if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    linear(np.cumulative_sum)(cumulative_sum)
    vjp(np.cumulative_prod)(cumulative_prod)
    jvp(np.cumulative_prod)(cumulative_prod_jvp)


@linear(np.add.reduceat)
def add_reduceat(g, z, array, indices, axis=0, dtype=None, out=None):
    """A part goes from its index to the next one, and has the one element there if that does not come behind."""
    first = np.asarray(indices)
    n = np.shape(array)[axis]
    counts = np.maximum(np.append(first[1:], n) - first, 1)
    owners = np.repeat(np.arange(np.size(first)), counts)
    places = np.arange(np.size(owners)) + np.repeat(first - np.cumsum(counts) + counts, counts)
    before = (slice(None),) * (axis % np.ndim(array))
    return scatter(np.take(g, owners, axis), (*before, places), np.shape(array))
