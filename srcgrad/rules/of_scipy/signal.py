"""Rules of `scipy.signal`: products of convolution over any number of axes, and filters."""

from __future__ import annotations

import numpy as np
from scipy import signal

from srcgrad.rules.by_example import pure
from srcgrad.rules.registry import jvp, linear_in_each, vjp

pure(signal.convolve, signal.fftconvolve, signal.correlate, signal.lfilter)


def _whole(g, a, v, mode):
    """The cotangent of the whole convolution, of which a part was kept."""
    n, m = np.shape(a), np.shape(v)
    if mode == "full":
        return g
    if mode == "same":
        before = [(m[k] - 1) // 2 for k in range(len(n))]
    else:
        before = [min(n[k], m[k]) - 1 for k in range(len(n))]
    rest = [n[k] + m[k] - 1 - before[k] - np.shape(g)[k] for k in range(len(n))]
    return np.pad(g, [(before[k], rest[k]) for k in range(len(n))])


@vjp(signal.convolve)
def convolve(g, z, in1, in2, mode="full", method="auto"):
    if np.ndim(in1) == 0:
        return g * in2, g * in1
    g = _whole(g, in1, in2, mode)
    return signal.convolve(g, np.flip(in2), "valid", method), signal.convolve(g, np.flip(in1), "valid", method)


@vjp(signal.fftconvolve)
def fftconvolve(g, z, in1, in2, mode="full"):
    if np.ndim(in1) == 0:
        return g * in2, g * in1
    g = _whole(g, in1, in2, mode)
    return signal.fftconvolve(g, np.flip(in2), "valid"), signal.fftconvolve(g, np.flip(in1), "valid")


@vjp(signal.correlate)
def correlate(g, z, in1, in2, mode="full", method="auto"):
    if np.iscomplexobj(in2):
        raise NotImplementedError("scipy.signal.correlate with a complex second argument")
    if np.ndim(in1) == 0:
        return g * in2, g * in1
    g = _whole(g, in1, in2, mode)
    return signal.convolve(g, in2, "valid", method), np.flip(signal.convolve(g, np.flip(in1), "valid", method))


linear_in_each("in1", "in2")(signal.convolve, signal.fftconvolve, signal.correlate)


def _refuse_state(zi):
    if zi is not None:
        raise NotImplementedError("scipy.signal.lfilter with a state")


@vjp(signal.lfilter)
def lfilter(g, z, b, a, x, axis=-1, zi=None):
    _refuse_state(zi)
    return None, None, np.flip(signal.lfilter(b, a, np.flip(g, axis), axis), axis)


@jvp(signal.lfilter)
def lfilter_jvp(x_dot, z, b, a, x, axis=-1, zi=None):
    _refuse_state(zi)
    return signal.lfilter(b, a, x_dot, axis)
