"""Rules of functions that copy arrays and create them."""

from __future__ import annotations

import numpy as np

from srcgrad.rules.registry import jvp, linear, linear_in, nondifferentiable, vjp
from srcgrad.rules.tangents import filled, times, total


@linear(np.array, np.asarray, np.asanyarray)
def array(g, z, object, dtype=None, order=None, *, copy=None, subok=False, ndmin=0, device=None, like=None):
    return np.reshape(g, np.shape(object)) if ndmin > 0 else g


@linear(np.ascontiguousarray, np.asfortranarray)
def ascontiguousarray(g, z, a, dtype=None, *, like=None):
    return g


@linear(np.copy)
def copy(g, z, a, order="K", subok=False):
    return g


@linear(np.ndarray.copy)
def copy_method(g, z, a, order="C"):
    return g


@linear(np.ndarray.astype)
def astype(g, z, a, dtype, order="K", casting="unsafe", subok=True, copy=True):
    return g


@vjp(np.full)
def full(g, z, shape, fill_value, dtype=None, order="C"):
    return None, g


@vjp(np.full_like)
def full_like(g, z, a, fill_value, dtype=None, order="K", subok=True, shape=None):
    return None, g


linear_in("fill_value")(np.full, np.full_like)


@vjp(np.arange)
def arange(g, z, start, stop=None, step=1, *, dtype=None, device=None, like=None):
    return None if stop is None else g, None, g * np.arange(np.size(z))


@jvp(np.arange)
def arange_jvp(start_dot, step_dot, z, start, stop=None, step=1, *, dtype=None, device=None, like=None):
    numbers = np.arange(np.size(z))
    begun = None if start_dot is None or stop is None else np.full(np.shape(z), start_dot)
    return total(begun, times(step_dot, numbers))


def _weighted(t, g, axis):
    """The sum along an axis of what is as long there as its weights."""
    return t @ g if np.ndim(g) == 1 else np.tensordot(t, g, (0, axis))


@vjp(np.linspace)
def linspace(g, z, start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    if retstep:
        raise NotImplementedError("the derivative of np.linspace with retstep")
    t = np.linspace(0.0, 1.0, num, endpoint)
    return _weighted(1.0 - t, g, axis), _weighted(t, g, axis)


linear_in("start", "stop")(np.linspace)


@vjp(np.logspace)
def logspace(g, z, start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    t = np.linspace(0.0, 1.0, num, endpoint)
    slope = g * z * np.log(base)
    return _weighted(1.0 - t, slope, axis), _weighted(t, slope, axis)


@jvp(np.logspace)
def logspace_jvp(start_dot, stop_dot, z, start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    exponents_dot = np.linspace(filled(start_dot, start), filled(stop_dot, stop), num, endpoint, axis=axis)
    return exponents_dot * z * np.log(base)


@vjp(np.geomspace)
def geomspace(g, z, start, stop, num=50, endpoint=True, dtype=None, axis=0):
    t = np.linspace(0.0, 1.0, num, endpoint)
    return _weighted(1.0 - t, g * z, axis) / start, _weighted(t, g * z, axis) / stop


@jvp(np.geomspace)
def geomspace_jvp(start_dot, stop_dot, z, start, stop, num=50, endpoint=True, dtype=None, axis=0):
    first, last = filled(start_dot, start) / start, filled(stop_dot, stop) / stop
    return np.linspace(first, last, num, endpoint, axis=axis) * z


@vjp(np.meshgrid)
def meshgrid(g, z, *xi, copy=True, sparse=False, indexing="xy"):
    n = len(xi)
    axes = _axes_of_grid(n, indexing)
    # Nothing comes back for an argument whose grid nobody uses.
    parts = [None if g[k] is None else _off_axis_sum(g[k], axes[k], np.shape(xi[k])) for k in range(n)]
    return tuple([np.zeros_like(x) if part is None else part for x, part in zip(xi, parts, strict=True)])


def _axes_of_grid(n, indexing):
    """The axis along which each argument varies: with xy indexing the first two are swapped."""
    return (1, 0, *range(2, n)) if indexing == "xy" and n > 1 else tuple(range(n))


@jvp(np.meshgrid)
def meshgrid_jvp(xi_dot, z, *xi, copy=True, sparse=False, indexing="xy"):
    n = len(xi)
    axes = _axes_of_grid(n, indexing)
    return tuple([None if xi_dot[k] is None else _along_axis(xi_dot[k], axes[k], z[k]) for k in range(n)])


def _along_axis(x_dot, axis, z):
    lengths = [-1 if k == axis else 1 for k in range(np.ndim(z))]
    return np.broadcast_to(np.reshape(x_dot, tuple(lengths)), np.shape(z))


def _off_axis_sum(g, axis, shape):
    return np.reshape(np.sum(g, tuple([k for k in range(np.ndim(g)) if k != axis])), shape)


nondifferentiable(
    *(np.zeros, np.ones, np.empty, np.zeros_like, np.ones_like, np.empty_like, np.eye, np.identity, np.tri),
)
