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


def _halved(g, axis, norm):
    """The cotangent of the first half of the frequencies of what is real."""
    length = np.shape(g)[axis]
    k = np.arange(length // 2 + 1)
    # All frequencies but the first, and the last of an even number, stand for two.
    weights = 2.0 - (k % (length / 2) == 0)
    after = np.ndim(g) - 1 - axis % np.ndim(g)
    if after > 0:
        weights = np.reshape(weights, (-1,) + (1,) * after)
    return weights * np.conj(np.fft.rfft(g, axis=axis, norm=_turned(norm)))


@linear(np.fft.irfft)
def irfft(g, z, a, n=None, axis=-1, norm=None, out=None):
    return _resized(_halved(g, axis, norm), a, None if n is None else np.shape(g)[axis] // 2 + 1, axis)


def _fitted(x, length, axis):
    """Cut off or padded with zeros to a length along an axis."""
    n = np.shape(x)[axis]
    if n == length:
        return x
    along = axis % np.ndim(x)
    if n > length:
        return x[(*(slice(None),) * along, slice(None, length))]
    rest = [length - n if k == along else np.shape(x)[k] for k in range(np.ndim(x))]
    return np.concatenate([x, np.zeros(tuple(rest))], along)


def _axes(a, s, axes):
    """The axes of a transform: if not named, the last ones for which there are lengths."""
    if axes is not None:
        return axes
    return tuple(range(np.ndim(a))) if s is None else tuple(range(-len(s), 0))


def _all_fitted(x, a, s, axes):
    """Cut off or padded along the axes of a transform to the lengths of its argument."""
    if s is None:
        return x
    for axis in _axes(a, s, axes):
        x = _fitted(x, np.shape(a)[axis], axis)
    return x


@linear(np.fft.fft2)
def fft2(g, z, a, s=None, axes=(-2, -1), norm=None, out=None):
    return _all_fitted(np.fft.fft2(g, axes=axes, norm=norm), a, s, axes)


@linear(np.fft.ifft2)
def ifft2(g, z, a, s=None, axes=(-2, -1), norm=None, out=None):
    return _all_fitted(np.fft.ifft2(g, axes=axes, norm=norm), a, s, axes)


@linear(np.fft.fftn)
def fftn(g, z, a, s=None, axes=None, norm=None, out=None):
    along = axes if s is None else _axes(a, s, axes)
    return _all_fitted(np.fft.fftn(g, axes=along, norm=norm), a, s, axes)


@linear(np.fft.ifftn)
def ifftn(g, z, a, s=None, axes=None, norm=None, out=None):
    along = axes if s is None else _axes(a, s, axes)
    return _all_fitted(np.fft.ifftn(g, axes=along, norm=norm), a, s, axes)


def _real_length(a, s, axes):
    """The length of the real side of a transform, before the second half of its frequencies was left out."""
    return np.shape(a)[axes[-1]] if s is None or s[-1] == -1 else s[-1]


@linear(np.fft.rfftn)
def rfftn(g, z, a, s=None, axes=None, norm=None, out=None):
    along = _axes(a, s, axes)
    whole = _fitted(g, _real_length(a, s, along), along[-1])
    return _all_fitted(np.fft.fftn(whole, axes=along, norm=norm), a, s, axes)


@linear(np.fft.rfft2)
def rfft2(g, z, a, s=None, axes=(-2, -1), norm=None, out=None):
    return rfftn(g, z, a, s, axes, norm)


@linear(np.fft.irfftn)
def irfftn(g, z, a, s=None, axes=None, norm=None, out=None):
    along = _axes(a, s, axes)
    half = _halved(g, along[-1], norm)
    if len(along) > 1:
        half = np.fft.ifftn(half, axes=along[:-1], norm=norm)
    return _all_fitted(half, a, s, axes)


@linear(np.fft.irfft2)
def irfft2(g, z, a, s=None, axes=(-2, -1), norm=None, out=None):
    return irfftn(g, z, a, s, axes, norm)


@linear(np.fft.hfft)
def hfft(g, z, a, n=None, axis=-1, norm=None, out=None):
    return np.conj(irfft(g, z, a, n, axis, _turned(norm)))


@linear(np.fft.ihfft)
def ihfft(g, z, a, n=None, axis=-1, norm=None, out=None):
    return rfft(np.conj(g), z, a, n, axis, _turned(norm))


@linear(np.fft.fftshift)
def fftshift(g, z, x, axes=None):
    return np.fft.ifftshift(g, axes)


@linear(np.fft.ifftshift)
def ifftshift(g, z, x, axes=None):
    return np.fft.fftshift(g, axes)
