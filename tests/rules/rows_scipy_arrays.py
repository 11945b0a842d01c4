"""Rows for `srcgrad.rules.of_scipy`: `signal`, `fft`, `integrate` and `distance`."""

from __future__ import annotations

import numpy as np
from harness import Row
from scipy import fft, integrate, signal
from scipy.spatial import distance

_rng = np.random.default_rng(43)


def _x(*shape: int) -> np.ndarray:
    return _rng.uniform(-2.0, 2.0, shape)


def _c(*shape: int) -> np.ndarray:
    return _x(*shape) + 1j * _x(*shape)


_SHAPES = [
    *(((5,), (3,)), ((6,), (4,)), ((3,), (5,)), ((2,), (4,)), ((4, 5), (2, 3)), ((4,), (4,))),
    ((1,), (1,)),
]
ROWS: list[Row] = []
for _fn in (signal.convolve, signal.fftconvolve, signal.correlate):
    for _mode in ("full", "same", "valid"):
        for _shapes in (
            ((5,), (3,)),
            ((6,), (4,)),
            ((3,), (5,)),
            ((2,), (4,)),
            ((4, 5), (2, 3)),
            ((4,), (4,)),
            ((1,), (1,)),
        ):
            ROWS += [Row(_fn, tuple(_x(*shape) for shape in _shapes), {"mode": _mode}, argnums=(0, 1))]
    ROWS += [Row(_fn, (_c(5), _x(3)), argnums=(0, 1))]
ROWS += [Row(signal.convolve, (_x(5), _c(3)), argnums=(0, 1))]
ROWS += [Row(signal.lfilter, (np.array([0.5, 0.2]), np.array([1.0, -0.3, 0.1]), _x(6)), argnums=(2,))]
ROWS += [Row(signal.lfilter, ([0.5, 0.2], [2.0, -0.3], _x(3, 4), axis), argnums=(2,)) for axis in (0, 1, -1)]

for _fn in (fft.fft, fft.ifft, fft.rfft, fft.ihfft):
    ROWS += [Row(_fn, (_x(6),)), Row(_fn, (_x(6), 4)), Row(_fn, (_x(3, 4),), {"axis": 0, "norm": "ortho"})]
ROWS += [Row(_fn, (_c(4),), {"n": n}) for _fn in (fft.irfft, fft.hfft) for n in (6, 7)]
for _fn in (fft.fft2, fft.ifft2, fft.rfft2, fft.fftn, fft.ifftn, fft.rfftn):
    ROWS += [Row(_fn, (_x(3, 4),)), Row(_fn, (_x(3, 4),), {"s": (2, 6), "axes": (0, 1)})]
ROWS += [Row(_fn, (_c(3, 4),), {"s": (3, 7), "axes": (0, 1)}) for _fn in (fft.irfft2, fft.irfftn)]
ROWS += [Row(_fn, (_x(5),)) for _fn in (fft.fftshift, fft.ifftshift)]
for _fn in (fft.dct, fft.idct):
    ROWS += [Row(_fn, (_x(n),)) for n in (1, 2, 5)]
    ROWS += [Row(_fn, (_x(3, 4),), {"type": kind, "axis": axis}) for kind in (2, 3) for axis in (0, -1)]
    ROWS += [Row(_fn, (_x(5),), {"type": kind, "norm": "ortho"}) for kind in (1, 2, 3, 4)]

_places = np.array([0.0, 0.4, 1.5, 1.9])
for _fn in (integrate.trapezoid, integrate.cumulative_trapezoid):
    ROWS += [
        Row(_fn, (_x(4),)),
        Row(_fn, (_x(4), _places), argnums=(0, 1)),
        Row(_fn, (_x(4), None, 0.3), argnums=(0, 2)),
        Row(_fn, (_x(3, 4), _places), argnums=(0, 1)),
        Row(_fn, (_x(4, 3), _places), {"axis": 0}, argnums=(0, 1)),
        Row(_fn, (_x(2),)),
    ]
ROWS += [Row(integrate.cumulative_trapezoid, (_x(4), _places), {"initial": 0}, argnums=(0, 1))]
ROWS += [Row(integrate.cumulative_trapezoid, (_x(4, 2),), {"initial": 0, "axis": 0})]
for _metric in ("euclidean", "sqeuclidean"):
    ROWS += [Row(distance.cdist, (_x(3, 2), _x(4, 2), _metric), argnums=(0, 1))]
ROWS += [Row(distance.cdist, (_x(1, 3), _x(1, 3)), argnums=(0, 1))]
