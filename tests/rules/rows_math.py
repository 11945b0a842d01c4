"""Rows for the rules in `srcgrad.rules.scalar`."""

from __future__ import annotations

import cmath
import math

import numpy as np
from harness import Row

POINTS = {
    math.fabs: (-1.2, 0.7),
    math.modf: (2.3, -1.4),
    math.frexp: (3.3, -0.2),
    math.sqrt: (0.4, 3.0),
    math.cbrt: (0.4, -2.0),
    math.exp: (0.4, -2.0),
    math.exp2: (0.4, -2.0),
    math.expm1: (0.4, -2.0),
    math.log: (0.4, 2.0),
    math.log2: (0.4, 2.0),
    math.log10: (0.4, 2.0),
    math.log1p: (0.4, -0.5),
    math.sin: (0.4, -2.0),
    math.cos: (0.4, -2.0),
    math.tan: (0.4, -2.0),
    math.asin: (0.4, -0.7),
    math.acos: (0.4, -0.7),
    math.atan: (0.4, -2.0),
    math.sinh: (0.4, -2.0),
    math.cosh: (0.4, -2.0),
    math.tanh: (0.4, -2.0),
    math.asinh: (0.4, -2.0),
    math.acosh: (1.4, 3.0),
    math.atanh: (0.4, -0.7),
    math.radians: (40.0, -100.0),
    math.degrees: (0.4, -2.0),
    math.erf: (0.4, -1.1),
    math.erfc: (0.4, -1.1),
    math.gamma: (0.4, 3.3, -1.4),
    math.lgamma: (0.4, 7.3, 40.0, -1.4),
}
ROWS = [Row(fn, (x,)) for fn, points in POINTS.items() for x in points]
ROWS += [Row(fn, (np.float64(points[0]),), name="numpy") for fn, points in POINTS.items()]
ROWS += [
    Row(getattr(cmath, name), (z,))
    for name in (
        *("exp", "sqrt", "log", "log10", "sin", "cos", "tan", "sinh", "cosh", "tanh"),
        *("asin", "acos", "atan", "asinh", "acosh", "atanh", "phase", "polar"),
    )
    for z in (0.4 + 0.3j, -0.7 - 1.2j)
]
ROWS += [
    Row(cmath.log, (0.4 + 0.3j, 2.5), argnums=(0, 1)),
    Row(cmath.rect, (0.4, 0.7), argnums=(0, 1)),
    Row(complex, (0.4, 0.7), argnums=(0, 1)),
    Row(complex, (0.4,)),
    Row(math.pow, (1.4, 2.3), argnums=(0, 1)),
    Row(math.pow, (-1.4, 3)),
    Row(math.pow, (0.0, 2)),
    Row(math.pow, (0.0, 0)),
    Row(math.pow, (0.0, 1.5), argnums=(1,)),
    Row(math.pow, (0.0, 0.5), expected=(math.inf,)),
    Row(math.copysign, (1.4, -2.0)),
    Row(math.copysign, (-1.4, -2.0)),
    Row(math.fmod, (7.3, 2.1), argnums=(0, 1)),
    Row(math.fmod, (-7.3, 2.1), argnums=(0, 1)),
    Row(math.remainder, (7.3, 2.1), argnums=(0, 1)),
    Row(math.remainder, (-7.9, 2.1), argnums=(0, 1)),
    Row(math.ldexp, (0.7, 4)),
    Row(math.atan2, (0.7, -0.4), argnums=(0, 1)),
    Row(math.atan2, (-0.7, 0.4), argnums=(0, 1)),
    Row(complex, (0.7, -0.4), argnums=(0, 1)),
    Row(math.hypot, (0.7, -0.4), argnums=(0, 1)),
    Row(math.hypot, (0.7,)),
    Row(math.hypot, (0.7, -0.4, 1.3), argnums=(0, 1, 2)),
    Row(math.dist, ([0.7, -0.4], [1.3, 0.2]), argnums=(0, 1)),
    Row(math.dist, ((0.7, -0.4, 0.1), (1.3, 0.2, 0.5)), argnums=(0, 1)),
    Row(math.fsum, ([0.7, -0.4, 0.1],)),
    Row(math.fsum, ([],)),
    Row(math.prod, ([0.7, -0.4, 1.1],)),
    Row(math.prod, ([0.7, 0.0, 1.1],), name="zero"),
    Row(math.prod, ([0.0, 0.7, 0.0],), name="zeros"),
    Row(math.prod, ([0.7, -0.4],), {"start": 3.0}),
    # where Python's own operators would raise
    Row(math.fabs, (0.0,), expected=(0.0,)),
    Row(math.sqrt, (0.0,), expected=(math.inf,)),
    Row(math.cbrt, (0.0,), expected=(math.inf,)),
    Row(math.asin, (1.0,), expected=(math.inf,)),
    Row(math.acos, (-1.0,), expected=(-math.inf,)),
    Row(math.acosh, (1.0,), expected=(math.inf,)),
    Row(math.acosh, (1e200,), expected=(1e-200,)),
    Row(math.atan2, (0.0, 0.0), argnums=(0, 1), expected=(0.0, 0.0)),
    Row(math.hypot, (0.0, 0.0), argnums=(0, 1), expected=(0.0, 0.0)),
    Row(math.dist, ([1.0], [1.0]), argnums=(0, 1), expected=([0.0], [0.0])),
]
