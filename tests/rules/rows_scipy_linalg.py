"""Rows for `srcgrad.rules.of_scipy.linalg`."""

from __future__ import annotations

import numpy as np
from harness import Row
from scipy import linalg

_rng = np.random.default_rng(41)


def _x(*shape: int) -> np.ndarray:
    return _rng.uniform(-2.0, 2.0, shape)


def _regular(n: int) -> np.ndarray:
    """A matrix far from singular, of any symmetry."""
    return _rng.uniform(-0.5, 0.5, (n, n)) + 2.0 * np.eye(n)


def _definite(n: int) -> np.ndarray:
    """A matrix whose symmetric part, and each of whose halves, is positive definite."""
    return 0.3 * _regular(n) + np.diag(np.arange(1.0, n + 1))


ROWS: list[Row] = []
for _n in (1, 3):
    for _b in (_x(_n), _x(_n, 2)):
        ROWS += [
            Row(linalg.solve, (_regular(_n), _b), argnums=(0, 1)),
            Row(linalg.solve, (_regular(_n), _b), {"transposed": True}, argnums=(0, 1)),
            Row(linalg.solve_triangular, (_regular(_n), _b), argnums=(0, 1)),
        ]
        for _lower in (False, True):
            ROWS += [
                Row(linalg.solve, (_definite(_n), _b), {"assume_a": kind, "lower": _lower}, argnums=(0, 1))
                for kind in ("pos", "sym", "gen")
            ]
            ROWS += [
                Row(linalg.solve_triangular, (_regular(_n), _b), kwargs | {"lower": _lower}, argnums=(0, 1))
                for kwargs in ({"trans": 0}, {"trans": 1}, {"trans": "T"}, {"unit_diagonal": True})
            ]
            ROWS += [Row(linalg.cho_solve, ((_regular(_n), _lower), _b), argnums=(0, 1))]
    for _lower in (False, True):
        ROWS += [Row(fn, (_definite(_n),), {"lower": _lower}) for fn in (linalg.cholesky, linalg.cho_factor)]
    ROWS += [Row(fn, (_regular(_n),)) for fn in (linalg.inv, linalg.det, linalg.expm, linalg.sqrtm)]
    ROWS += [
        Row(linalg.solve_sylvester, (_regular(_n), _regular(2), _x(_n, 2)), argnums=(0, 1, 2)),
        Row(linalg.solve_continuous_lyapunov, (_regular(_n), _x(_n, _n)), argnums=(0, 1)),
    ]
ROWS += [
    Row(linalg.cholesky, (_definite(3),)),
    Row(linalg.expm, (np.array([[0.0, 3.0], [-3.0, 0.0]]),)),
    Row(linalg.circulant, (_x(4),)),
    Row(linalg.circulant, (_x(1),)),
    Row(linalg.block_diag, (_x(2, 3), _x(2), _x(1, 1)), argnums=(0, 1, 2)),
    Row(linalg.block_diag, (_x(2, 2),)),
]

_spread = np.diag(np.arange(1.0, 4.0)) + 0.2 * _x(3, 3)
ROWS += [
    *[Row(linalg.norm, (_x(4), ord)) for ord in (None, 1, 2, 3)],
    *[Row(linalg.norm, (_x(3, 2), ord)) for ord in (None, "fro")],
    Row(linalg.norm, (_x(3, 2),), {"axis": 1, "keepdims": True}),
    *[Row(fn, (_spread,)) for fn in (linalg.svd, linalg.svdvals, linalg.qr, linalg.eigvalsh)],
    *[Row(fn, (_spread,), {"lower": False}) for fn in (linalg.eigh, linalg.eigvalsh)],
    *[Row(linalg.svd, (_x(*shape),), {"full_matrices": False}) for shape in ((4, 2), (2, 4))],
    Row(linalg.svdvals, (_x(3, 2),)),
    # Its vectors have signs that jump at most other points.
    Row(linalg.eigh, (np.transpose(_spread),)),
    *[Row(linalg.qr, (_x(*shape),), {"mode": "economic"}) for shape in ((4, 2), (2, 4))],
]
