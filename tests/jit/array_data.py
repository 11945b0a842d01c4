"""What the programs on arrays are called with."""

from __future__ import annotations

import numpy as np

_RANDOM = np.random.default_rng(0)


def normal(*shape: int) -> np.ndarray:
    """Random numbers."""
    return _RANDOM.standard_normal(shape)


LABELS = _RANDOM.integers(0, 3, 20)
SEGMENTS = _RANDOM.integers(0, 5, 20)
FIRST = np.array([1, 2, 1, 0])
SECOND = np.array([3, 0, 1, 1])
CORNERS = np.array([[0, 1], [4, 4]])
NEGATIVE = np.array([0, -1, 2, 0])
PICKED = np.array([0, 0, 2])
