"""Rows for `srcgrad.rules.special`."""

from __future__ import annotations

import numpy as np
from harness import Row

from srcgrad.rules.gamma_functions import polygamma
from srcgrad.rules.special import bessel_i1

_POINTS = np.array([-3.2, -0.7, -1e-3, 0.0, 0.4, 2.5, 4.0])
ROWS = [
    row
    for fn in (np.i0, bessel_i1)
    for row in (
        *(Row(fn, (x,)) for x in (_POINTS, np.reshape(_POINTS[:6], (2, 3)), np.zeros(0), np.array(0.7))),
        Row(fn, (0.3,)),
    )
]
ROWS += [Row(polygamma, (n, x), argnums=(1,)) for n, x in ((0, 0.7), (0, -1.4), (1, 2.5), (3, 20.0), (2, -0.6))]
