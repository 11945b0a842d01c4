"""Rules of `scipy.fft`: those of `np.fft`, and of the cosine transforms."""

from __future__ import annotations

import numpy as np
from scipy import fft

from srcgrad.rules import fft as of_numpy
from srcgrad.rules.by_example import pure
from srcgrad.rules.registry import linear, nondifferentiable

_SHARED = (
    *("fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "ifft2", "rfft2", "irfft2"),
    *("fftn", "ifftn", "rfftn", "irfftn", "fftshift", "ifftshift"),
)
for _name in _SHARED:
    linear(getattr(fft, _name))(getattr(of_numpy, _name))
    pure(getattr(fft, _name))
pure(fft.dct, fft.idct)


def _refuse(type, n, norm):
    if n is not None or (norm != "ortho" and (type not in (2, 3) or norm not in (None, "backward"))):
        raise NotImplementedError(
            "cosine transforms that are not of type 2 or 3, nor orthogonal, or not of the whole axis"
        )


def _first_times(x, axis, factor):
    """The first elements along an axis, times a factor."""
    along = axis % np.ndim(x)
    weights = np.where(np.arange(np.shape(x)[along]) == 0, factor, 1.0)
    return x * np.reshape(weights, (-1,) + (1,) * (np.ndim(x) - 1 - along))


def _turned(g, type, axis):
    """The transpose of the transform of type 2 or 3."""
    if type == 2:
        return fft.dct(_first_times(g, axis, 2.0), 3, axis=axis)
    return _first_times(fft.dct(g, 2, axis=axis), axis, 0.5)


@linear(fft.dct)
def dct(g, z, x, type=2, n=None, axis=-1, norm=None):
    _refuse(type, n, norm)
    return fft.idct(g, type, axis=axis, norm=norm) if norm == "ortho" else _turned(g, type, axis)


@linear(fft.idct)
def idct(g, z, x, type=2, n=None, axis=-1, norm=None):
    _refuse(type, n, norm)
    if norm == "ortho":
        return fft.dct(g, type, axis=axis, norm=norm)
    return _turned(g, 3 if type == 2 else 2, axis) / (2 * np.shape(x)[axis])


nondifferentiable(fft.fftfreq, fft.rfftfreq, fft.next_fast_len)
