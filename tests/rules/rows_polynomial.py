"""Rows for `srcgrad.rules.polynomial`."""

from __future__ import annotations

import numpy as np
from harness import Row

_rng = np.random.default_rng(23)


def _x(*shape: int) -> np.ndarray:
    return _rng.uniform(0.3, 2.0, shape)


ROWS = [
    *[Row(np.vander, (_x(4), *rest)) for rest in ((), (1,), (3,), (6,))],
    Row(np.vander, (_x(4), 3), {"increasing": True}),
    Row(np.vander, (_x(0), 3)),
    *[Row(np.polyval, (_x(n), _x(*shape)), argnums=(0, 1)) for n in (1, 2, 4) for shape in ((), (3,), (2, 3), (0,))],
    Row(np.polyval, (_x(3), 0.7), argnums=(0, 1)),
    *[Row(np.polyfit, (np.arange(1.0, 7.0) + _x(6) / 9, _x(6), deg), argnums=(0, 1)) for deg in (0, 1, 3)],
    Row(np.polyfit, (np.arange(1.0, 7.0), _x(6, 2), 2), argnums=(0, 1)),
]
