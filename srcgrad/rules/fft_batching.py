"""Batch rules of the discrete Fourier transforms."""

from __future__ import annotations

import numpy as np

from srcgrad.rules.batching import behind
from srcgrad.rules.registry import batch


@batch("a", np.fft.fft)
def batched_fft(a, n=None, axis=-1, norm=None):
    return np.fft.fft(a, n, behind(axis), norm)


@batch("a", np.fft.ifft)
def batched_ifft(a, n=None, axis=-1, norm=None):
    return np.fft.ifft(a, n, behind(axis), norm)


@batch("a", np.fft.rfft)
def batched_rfft(a, n=None, axis=-1, norm=None):
    return np.fft.rfft(a, n, behind(axis), norm)


@batch("a", np.fft.irfft)
def batched_irfft(a, n=None, axis=-1, norm=None):
    return np.fft.irfft(a, n, behind(axis), norm)


@batch("a", np.fft.hfft)
def batched_hfft(a, n=None, axis=-1, norm=None):
    return np.fft.hfft(a, n, behind(axis), norm)


@batch("a", np.fft.ihfft)
def batched_ihfft(a, n=None, axis=-1, norm=None):
    return np.fft.ihfft(a, n, behind(axis), norm)


def _over_axes(transform, a, s, axes, norm):
    """A transform of several axes: all that stand behind the leading one, unless told."""
    if axes is not None:
        return transform(a, s, behind(axes), norm)
    return transform(a, s, tuple(range(1, np.ndim(a))) if s is None else tuple(range(-len(s), 0)), norm)


@batch("a", np.fft.fft2)
def batched_fft2(a, s=None, axes=(-2, -1), norm=None):
    return np.fft.fft2(a, s, behind(axes), norm)


@batch("a", np.fft.ifft2)
def batched_ifft2(a, s=None, axes=(-2, -1), norm=None):
    return np.fft.ifft2(a, s, behind(axes), norm)


@batch("a", np.fft.rfft2)
def batched_rfft2(a, s=None, axes=(-2, -1), norm=None):
    return np.fft.rfft2(a, s, behind(axes), norm)


@batch("a", np.fft.irfft2)
def batched_irfft2(a, s=None, axes=(-2, -1), norm=None):
    return np.fft.irfft2(a, s, behind(axes), norm)


@batch("a", np.fft.fftn)
def batched_fftn(a, s=None, axes=None, norm=None):
    return _over_axes(np.fft.fftn, a, s, axes, norm)


@batch("a", np.fft.ifftn)
def batched_ifftn(a, s=None, axes=None, norm=None):
    return _over_axes(np.fft.ifftn, a, s, axes, norm)


@batch("a", np.fft.rfftn)
def batched_rfftn(a, s=None, axes=None, norm=None):
    return _over_axes(np.fft.rfftn, a, s, axes, norm)


@batch("a", np.fft.irfftn)
def batched_irfftn(a, s=None, axes=None, norm=None):
    return _over_axes(np.fft.irfftn, a, s, axes, norm)
