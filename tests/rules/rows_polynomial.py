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


def _c(*shape: int) -> np.ndarray:
    return _x(*shape) + 1j * _x(*shape)


def _divisor(n: int) -> np.ndarray:
    """The first coefficients of a remainder are exactly 0, and cut off, also in single precision."""
    return np.append(0.5, _x(n - 1))


_SIZES = ((3, 3), (4, 2), (1, 3), (2, 5), (1, 1))
_polyval = np.polynomial.polynomial.polyval
ROWS += [
    *[Row(fn, (_x(n), _x(m)), argnums=(0, 1)) for n, m in _SIZES for fn in (np.polyadd, np.polysub, np.polymul)],
    *[Row(fn, (_x(3), 0.7), argnums=(0, 1)) for fn in (np.polyadd, np.polysub, np.polymul)],
    *[Row(fn, (0.4, _x(3)), argnums=(0, 1)) for fn in (np.polyadd, np.polysub, np.polymul)],
    *[Row(fn, (_c(3), _x(2)), argnums=(0, 1)) for fn in (np.polyadd, np.polysub, np.polymul)],
    *[Row(np.polydiv, (_x(n), _divisor(m)), argnums=(0, 1)) for n, m in (*_SIZES, (7, 3), (6, 1), (5, 5))],
    Row(np.polydiv, (_c(3), _divisor(2)), argnums=(0, 1)),
    *[Row(np.polyder, (_x(n),)) for n in (0, 1, 2, 5)],
    *[Row(np.polyder, (_x(n), m)) for n in (1, 3, 5) for m in (0, 1, 2, 4)],
    *[Row(np.polyint, (_x(n),)) for n in (0, 1, 4)],
    *[Row(np.polyint, (_x(3), m)) for m in (0, 1, 3)],
    Row(np.polyint, (_x(3), 2), {"k": [0.5, 2.0]}),
    Row(np.polyint, (_c(3), 2)),
    *[Row(np.poly, (_x(n),)) for n in (1, 2, 5)],
    Row(np.poly, (np.array([0.0, 1.5, 0.0]),)),
    Row(np.poly, (_c(3),)),
    Row(np.roots, (np.poly([1.0, 2.0, 4.0]),)),
    Row(np.roots, (np.array([1.0, 0.3, 2.0, 0.4]),)),
    Row(np.roots, (np.array([2.0, 3.0]),)),
    Row(np.roots, (np.array([2.0]),)),
    Row(np.roots, (_c(4),)),
    *[Row(_polyval, (_x(*shape), _x(n)), argnums=(0, 1)) for n in (1, 2, 4) for shape in ((), (3,), (2, 3), (0,))],
    *[Row(_polyval, (x, _x(3, *shape)), argnums=(0, 1)) for x in (0.7, _x(2)) for shape in ((), (4,), (2, 2))],
]
