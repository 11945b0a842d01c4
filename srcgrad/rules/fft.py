"""Rules of the discrete Fourier transforms.

They are linear, and the matrix of a complex one is its own transpose. What is cut off or padded on the way in is padded
or cut off on the way back; that the cotangent of a real argument is real is the walker's business.
"""

from __future__ import annotations

import numpy as np

from srcgrad.rules.registry import linear


def _resized(x, a, n, axis):
    """The cotangent of what was cut off or padded to the length `n` along an axis; None leaves it alone."""
    if n is None:
        return x
    before = (slice(None),) * (axis % np.ndim(a))
    length = np.shape(a)[axis]
    if n >= length:
        return x[(*before, slice(None, length))]
    return np.concatenate([x, np.zeros_like(a[(*before, slice(n, None))])], axis)


@linear(np.fft.fft)
def fft(g, z, a, n=None, axis=-1, norm=None, out=None):
    return _resized(np.fft.fft(g, axis=axis, norm=norm), a, n, axis)


@linear(np.fft.ifft)
def ifft(g, z, a, n=None, axis=-1, norm=None, out=None):
    return _resized(np.fft.ifft(g, axis=axis, norm=norm), a, n, axis)


@linear(np.fft.rfft)
def rfft(g, z, a, n=None, axis=-1, norm=None, out=None):
    return _resized(np.fft.fft(g, np.shape(a)[axis] if n is None else n, axis=axis, norm=norm), a, n, axis)


def _turned(norm):
    """The normalisation of the inverse of a transform: what the one divides by, the other does not."""
    if norm is None or norm == "backward":
        return "forward"
    return "backward" if norm == "forward" else norm


@linear(np.fft.irfft)
def irfft(g, z, a, n=None, axis=-1, norm=None, out=None):
    length = np.shape(g)[axis]
    k = np.arange(length // 2 + 1)
    # All frequencies but the first, and the last of an even number, stand for two.
    weights = 2.0 - (k % (length / 2) == 0)
    after = np.ndim(a) - 1 - axis % np.ndim(a)
    if after > 0:
        weights = np.reshape(weights, (-1,) + (1,) * after)
    half = np.conj(np.fft.rfft(g, axis=axis, norm=_turned(norm)))
    return _resized(weights * half, a, None if n is None else length // 2 + 1, axis)


def _refuse_lengths(s):
    if s is not None:
        raise NotImplementedError("the derivative of a transform of several axes with lengths of its own")


@linear(np.fft.fft2)
def fft2(g, z, a, s=None, axes=(-2, -1), norm=None, out=None):
    _refuse_lengths(s)
    return np.fft.fft2(g, axes=axes, norm=norm)


@linear(np.fft.ifft2)
def ifft2(g, z, a, s=None, axes=(-2, -1), norm=None, out=None):
    _refuse_lengths(s)
    return np.fft.ifft2(g, axes=axes, norm=norm)


@linear(np.fft.fftn)
def fftn(g, z, a, s=None, axes=None, norm=None, out=None):
    _refuse_lengths(s)
    return np.fft.fftn(g, axes=axes, norm=norm)


@linear(np.fft.ifftn)
def ifftn(g, z, a, s=None, axes=None, norm=None, out=None):
    _refuse_lengths(s)
    return np.fft.ifftn(g, axes=axes, norm=norm)


@linear(np.fft.fftshift)
def fftshift(g, z, x, axes=None):
    return np.fft.ifftshift(g, axes)


@linear(np.fft.ifftshift)
def ifftshift(g, z, x, axes=None):
    return np.fft.fftshift(g, axes)
