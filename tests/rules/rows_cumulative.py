"""Rows for `srcgrad.rules.cumulative`."""

from __future__ import annotations

import numpy as np
from harness import Row

_rng = np.random.default_rng(29)


def _x(*shape: int) -> np.ndarray:
    return _rng.uniform(0.3, 2.0, shape)


def _zeros_among(x: np.ndarray, *places: int) -> np.ndarray:
    x.flat[list(places)] = 0.0
    return x


ROWS: list[Row] = []
if hasattr(np, "cumulative_sum"):
    for _fn in (np.cumulative_sum, np.cumulative_prod):
        for _initial in (False, True):
            ROWS += [Row(_fn, (_x(*shape),), {"include_initial": _initial}) for shape in ((4,), (1,), (0,), ())]
            ROWS += [Row(_fn, (_x(2, 3, 4),), {"axis": axis, "include_initial": _initial}) for axis in (0, 1, -1, -2)]
    ROWS += [Row(np.cumulative_prod, (_zeros_among(_x(5), *places),)) for places in ((1,), (0, 3), (4,))]

INDICES = ([0, 2, 4], [1, 1, 3], [3, 1, 4, 0], [4], [0, 4, 2, 2, 2], [])
ROWS += [Row(np.add.reduceat, (_x(5), np.array(indices, int))) for indices in INDICES]
ROWS += [Row(np.add.reduceat, (_x(5), [0, 3]))]
ROWS += [Row(np.add.reduceat, (_x(3, 4, 3), np.array([0, 2, 1])), {"axis": axis}) for axis in (0, 1, -1)]
