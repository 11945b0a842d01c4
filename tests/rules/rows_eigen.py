"""Rows for `srcgrad.rules.eigen`."""

from __future__ import annotations

import numpy as np
from harness import Row

_rng = np.random.default_rng(31)


def _x(*shape: int) -> np.ndarray:
    return _rng.uniform(-1.0, 1.0, shape)


def _real_spectrum(*shape: int) -> np.ndarray:
    """Matrices whose eigenvalues are real and far from each other."""
    return np.diag(np.arange(1.0, 3 * shape[-1], 3.0)) + 0.3 * _x(*shape)


_TURNING = np.array([[0.2, -1.0, 0.3], [1.4, 0.5, 0.1], [0.2, 0.4, 3.0]])
_CIRCLE = np.array([[0.0, -1.0], [1.0, 0.0]])
MATRICES = (
    *(_real_spectrum(n, n) for n in (1, 2, 4)),
    *(_real_spectrum(2, 3, 3), _real_spectrum(0, 3, 3), np.zeros((0, 0))),
    *(_TURNING, np.stack([_TURNING, _TURNING.T])),
    *(_real_spectrum(3, 3) + 0.5j * _x(3, 3), _real_spectrum(2, 2, 2) + 0.5j * _x(2, 2, 2)),
)
ROWS = [
    *[Row(fn, (a,)) for fn in (np.linalg.eig, np.linalg.eigvals) for a in MATRICES],
    Row(np.linalg.eigvals, (_CIRCLE,)),
]
