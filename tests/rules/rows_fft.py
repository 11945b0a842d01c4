"""Rows for `srcgrad.rules.fft`."""

from __future__ import annotations

import numpy as np
from harness import Row

_rng = np.random.default_rng(19)


def _x(*shape: int) -> np.ndarray:
    return _rng.uniform(-2.0, 2.0, shape)


def _c(*shape: int) -> np.ndarray:
    return _x(*shape) + 1j * _x(*shape)


def _one_axis() -> list[Row]:
    rows = []
    for n in (1, 5, 6):
        rows += [Row(fn, (_c(n),)) for fn in (np.fft.fft, np.fft.ifft)]
        rows += [Row(fn, (_x(n),)) for fn in (np.fft.fft, np.fft.ifft, np.fft.rfft)]
    for fn in (np.fft.fft, np.fft.ifft, np.fft.rfft):
        rows += [Row(fn, (_x(6),), {"norm": norm}) for norm in ("backward", "ortho", "forward")]
        rows += [Row(fn, (_x(6),), {"n": n}) for n in (4, 9)]
        rows += [Row(fn, (_x(3, 4, 2),), {"axis": axis}) for axis in (0, 1, -1)]
    for n in (1, 4, 5):
        rows += [Row(np.fft.irfft, (_c(n),)) for _ in range(n > 1)]
        rows += [Row(np.fft.irfft, (_c(n),), {"n": 2 * n - 1}), Row(np.fft.irfft, (_c(n),), {"n": n + 2})]
    rows += [Row(np.fft.irfft, (_c(4),), {"norm": norm}) for norm in ("backward", "ortho", "forward")]
    rows += [Row(np.fft.irfft, (_c(3, 4, 2),), {"axis": axis, "n": 5}) for axis in (0, 1, -1)]
    return rows


def _several_axes() -> list[Row]:
    rows = []
    for fn in (np.fft.fft2, np.fft.ifft2, np.fft.fftn, np.fft.ifftn):
        rows += [Row(fn, (_x(3, 4),)), Row(fn, (_c(2, 3, 4),)), Row(fn, (_c(3, 4),), {"norm": "ortho"})]
        rows += [Row(fn, (_x(2, 3, 4),), {"axes": (0, 2)})]
        rows += [Row(fn, (_x(3, 4),), {"s": s, "axes": (0, 1)}) for s in ((2, 6), (5, 4), (4, 2))]
        rows += [Row(fn, (_c(2, 3, 4),), {"s": (5, 2), "axes": (-1, 0)})]
    return rows


def _real_sides() -> list[Row]:
    rows = []
    for fn in (np.fft.rfft2, np.fft.rfftn):
        rows += [Row(fn, (_x(*shape),)) for shape in ((3, 4), (3, 5), (1, 1), (2, 3, 4))]
        rows += [Row(fn, (_x(3, 4),), {"norm": norm}) for norm in ("backward", "ortho", "forward")]
        rows += [Row(fn, (_x(3, 4, 5),), {"axes": axes}) for axes in ((0, 2), (2, 0), (-1, 1))]
        rows += [Row(fn, (_x(3, 4),), {"s": s, "axes": (0, 1)}) for s in ((2, 6), (5, 3), (3, 4))]
    for fn in (np.fft.irfft2, np.fft.irfftn):
        rows += [Row(fn, (_c(*shape),)) for shape in ((3, 4), (3, 5), (2, 3, 4))]
        rows += [Row(fn, (_c(3, 4),), {"norm": norm}) for norm in ("backward", "ortho", "forward")]
        rows += [Row(fn, (_c(3, 4, 5),), {"axes": axes}) for axes in ((0, 2), (2, 0), (-1, 1))]
        rows += [Row(fn, (_c(3, 4),), {"s": s, "axes": (0, 1)}) for s in ((3, 7), (2, 5), (5, 9), (3, 6))]
    rows += [Row(np.fft.rfftn, (_x(5),)), Row(np.fft.irfftn, (_c(4),))]
    for norm in ("backward", "ortho", "forward"):
        rows += [Row(np.fft.hfft, (_c(4),), {"norm": norm}), Row(np.fft.ihfft, (_x(6),), {"norm": norm})]
    rows += [Row(np.fft.hfft, (_c(4),), {"n": n}) for n in (4, 7, 9)]
    rows += [Row(np.fft.ihfft, (_x(6),), {"n": n}) for n in (1, 5, 9)]
    rows += [Row(np.fft.hfft, (_c(3, 4),), {"axis": 0}), Row(np.fft.ihfft, (_x(3, 4),), {"axis": 0})]
    return rows


ROWS = [
    *_one_axis(),
    *_real_sides(),
    *_several_axes(),
    *[Row(fn, (_x(5),)) for fn in (np.fft.fftshift, np.fft.ifftshift)],
    *[Row(fn, (_c(4, 3),), {"axes": axes}) for fn in (np.fft.fftshift, np.fft.ifftshift) for axes in (0, (0, 1))],
]
