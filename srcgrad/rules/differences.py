"""Rules of differences between neighbours, and of integrals over samples."""

from __future__ import annotations

import math

import numpy as np

from srcgrad.rules.registry import jvp, linear_in, vjp
from srcgrad.rules.tangents import total


def _undiff(g, axis):
    """The transpose of the difference of neighbours along an axis."""
    edge = [(0, 0)] * (axis % np.ndim(g)) + [(1, 1)] + [(0, 0)] * (np.ndim(g) - 1 - axis % np.ndim(g))
    return -np.diff(np.pad(g, edge), axis=axis)


@vjp(np.diff)
def diff(g, z, a, n=1, axis=-1, prepend=np._NoValue, append=np._NoValue):
    if prepend is np._NoValue and append is np._NoValue:
        return _undiff_times(g, np.shape(a), n, axis)
    length = np.shape(a)[axis]
    first = 0 if prepend is np._NoValue else (1 if np.ndim(prepend) == 0 else np.shape(prepend)[axis])
    last = 0 if append is np._NoValue else (1 if np.ndim(append) == 0 else np.shape(append)[axis])
    before = (slice(None),) * (axis % np.ndim(a))
    after = np.shape(a)[axis % np.ndim(a) + 1 :]
    shape = (*np.shape(a)[: axis % np.ndim(a)], first + length + last, *after)
    joined_bar = _undiff_times(g, shape, n, axis)
    a_bar = joined_bar[(*before, slice(first, first + length))]
    prepend_bar = None if prepend is np._NoValue else joined_bar[(*before, slice(None, first))]
    append_bar = None if append is np._NoValue else joined_bar[(*before, slice(first + length, None))]
    return a_bar, None, None, prepend_bar, append_bar


linear_in("a", "prepend", "append")(np.diff)


def _undiff_times(g, shape, n, axis):
    if shape[axis] <= n:
        return g if n == 0 else np.zeros(shape)
    for _ in range(n):
        g = _undiff(g, axis)
    return g


@vjp(np.ediff1d)
def ediff1d(g, z, ary, to_end=None, to_begin=None):
    first = 0 if to_begin is None else np.size(to_begin)
    stop = first + max(np.size(ary) - 1, 0)
    ary_bar = np.reshape(_undiff(g[first:stop], 0), np.shape(ary)) if np.size(ary) > 0 else np.zeros(np.shape(ary))
    end_bar = None if to_end is None else np.reshape(g[stop:], np.shape(to_end))
    begin_bar = None if to_begin is None else np.reshape(g[:first], np.shape(to_begin))
    return ary_bar, end_bar, begin_bar


linear_in("ary", "to_end", "to_begin")(np.ediff1d)


@vjp(np.gradient)
def gradient(g, z, f, *varargs, axis=None, edge_order=1):
    """Uniform spacing only."""
    axes = _differentiated(f, axis)
    steps = varargs * len(axes) if len(varargs) == 1 else (varargs if varargs else (1.0,) * len(axes))
    slopes_bar, slopes = (g, z) if len(axes) > 1 else ((g,), (z,))
    f_bar = 0.0
    steps_bar = []
    for k, own, slope, step in zip(axes, slopes_bar, slopes, steps, strict=True):
        if np.ndim(step) > 0:
            raise NotImplementedError("the derivative of np.gradient with coordinates instead of a spacing")
        if own is not None:
            turned = _ungradient(own if k == 0 else np.moveaxis(own, k, 0), step, edge_order)
            f_bar = f_bar + (turned if k == 0 else np.moveaxis(turned, 0, k))
            steps_bar.append(np.sum(-own * slope / step))
        else:
            steps_bar.append(0.0)
    if len(varargs) == 1:
        return f_bar, sum(steps_bar)
    return (f_bar, *steps_bar) if varargs else f_bar


def _differentiated(f, axis):
    """The axes along which `np.gradient` goes."""
    n = np.ndim(f)
    chosen = axis if isinstance(axis, tuple) else (axis,)
    return tuple(range(n)) if axis is None else tuple([k % n for k in chosen])


@jvp(np.gradient)
def gradient_jvp(f_dot, varargs_dot, z, f, *varargs, axis=None, edge_order=1):
    n = len(_differentiated(f, axis))
    steps, steps_dot = _repeated(varargs, n), _repeated(varargs_dot, n)
    through_steps = [_of_spacing(steps_dot[k], steps[k], z[k] if n > 1 else z) for k in range(n)]
    if f_dot is None:
        return tuple(through_steps) if n > 1 else through_steps[0]
    through_f = np.gradient(f_dot, *varargs, axis=axis, edge_order=edge_order)
    if n == 1:
        return total(through_f, through_steps[0])
    return tuple([total(through_f[k], through_steps[k]) for k in range(n)])


def _of_spacing(step_dot, step, slope):
    """What the tangent of a spacing adds to that of a slope."""
    if step_dot is None:
        return None
    if np.ndim(step) > 0:
        raise NotImplementedError("the derivative of np.gradient with coordinates instead of a spacing")
    return -slope * (step_dot / step)


def _repeated(varargs, n):
    """What is given for each of `n` axes, or for all of them at once; None if nothing is."""
    if varargs is None or len(varargs) == 0:
        return (None,) * n
    return tuple(varargs) * n if len(varargs) == 1 else tuple(varargs)


def _ungradient(g, h, edge_order):
    """The transpose of the central differences along axis 0, one-sided at the ends."""
    n = np.shape(g)[0]
    inner, first, last = g[1:-1] / (2 * h), g[:1] / h, g[-1:] / h
    two, rest = np.zeros((2, *np.shape(g)[1:])), np.zeros((n - 2, *np.shape(g)[1:]))
    g_bar = np.concatenate([two, inner]) - np.concatenate([inner, two])
    if edge_order == 1:
        return g_bar + np.concatenate([-first, first, rest]) + np.concatenate([rest, -last, last])
    begin = np.concatenate([-1.5 * first, 2.0 * first, -0.5 * first, rest[1:]])
    return g_bar + begin + np.concatenate([rest[1:], 0.5 * last, -2.0 * last, 1.5 * last])


# What `unwrap` adds are multiples of the period, which do not change but in jumps.
@vjp(np.unwrap)
def unwrap(g, z, p, discont=None, axis=-1, *, period=2 * math.pi):
    return g


@jvp(np.unwrap)
def unwrap_jvp(p_dot, z, p, discont=None, axis=-1, *, period=2 * math.pi):
    return p_dot


@vjp(np.trapezoid)
def trapezoid(g, z, y, x=None, dx=1.0, axis=-1):
    n = np.ndim(y)
    before = (slice(None),) * (axis % n)
    means = 0.5 * (y[(*before, slice(1, None))] + y[(*before, slice(None, -1))])
    if x is None:
        widths = dx
    elif np.ndim(x) == 1:
        widths = np.reshape(np.diff(x), (1,) * (axis % n) + (-1,) + (1,) * (n - 1 - axis % n))
    else:
        widths = np.diff(x, axis=axis)
    g = np.expand_dims(g, axis)
    halves = np.broadcast_to(0.5 * g * widths, np.shape(means))
    edge = np.zeros((*np.shape(y)[: axis % n], 1, *np.shape(y)[axis % n + 1 :]))
    y_bar = np.concatenate([halves, edge], axis) + np.concatenate([edge, halves], axis)
    widths_bar = g * means
    if x is None:
        return y_bar, None, widths_bar
    if np.ndim(x) == 1:
        return y_bar, _undiff(np.sum(widths_bar, tuple([k for k in range(n) if k != axis % n])), 0)
    return y_bar, _undiff(widths_bar, axis)


@jvp(np.trapezoid)
def trapezoid_jvp(y_dot, x_dot, dx_dot, z, y, x=None, dx=1.0, axis=-1):
    through_y = None if y_dot is None else np.trapezoid(y_dot, x=x, dx=dx, axis=axis)
    if x is None:
        return total(through_y, None if dx_dot is None else np.trapezoid(y, dx=dx_dot, axis=axis))
    return total(through_y, None if x_dot is None else np.trapezoid(y, x=x_dot, axis=axis))
