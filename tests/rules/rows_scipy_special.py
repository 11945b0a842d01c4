"""Rows for `srcgrad.rules.of_scipy.special` and `softmax`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from harness import Row
from scipy import special

_rng = np.random.default_rng(37)


def _x(*shape: int, low: float = 0.2, high: float = 0.9) -> np.ndarray:
    return _rng.uniform(low, high, shape)


def _of_one(fn: Callable, *points: float, step: float = 1e-4) -> list[Row]:
    """At all points as a row, as a table, as a number, and at none."""
    x = np.array(points)
    return [
        Row(fn, (x,), step=step),
        Row(fn, (np.stack([x, x[::-1]]),), step=step),
        Row(fn, (float(points[0]),), step=step),
        Row(fn, (np.zeros(0),)),
        Row(fn, (np.array(points[-1]),), step=step),
    ]


ROWS: list[Row] = []
for _fn in (special.erf, special.erfc, special.ndtr, special.expit, special.log_expit, special.cosm1, special.exprel):
    ROWS += _of_one(_fn, 0.4, -1.3, 2.1, 0.0)
ROWS += [*_of_one(special.erfcx, 0.4, -1.1, 3.0, 0.0), Row(special.erfcx, (np.array([49.0, 51.0, 200.0]),), step=1e-2)]
ROWS += [*_of_one(special.dawsn, 0.4, -1.1, 3.0, 0.0), Row(special.dawsn, (np.array([49.0, 51.0, -60.0]),), step=1e-2)]
ROWS += _of_one(special.log_ndtr, 0.4, -1.3, 2.1, -7.0)
ROWS += [Row(special.exprel, (np.array([-0.7, 0.49, 0.51, 3.0, -6.0]),))]
for _fn in (special.erfinv, special.erfcinv, special.ndtri, special.logit):
    ROWS += _of_one(_fn, 0.4, 0.2, 0.85)
ROWS += _of_one(special.ndtri_exp, -0.4, -1.2, -4.0)
for _fn in (special.gamma, special.gammaln, special.loggamma, special.digamma):
    ROWS += _of_one(_fn, 0.7, 1.9, 3.4)
ROWS += [Row(special.gamma, (np.array([-0.6, -1.4]),)), Row(special.gammaln, (np.array([-0.6, -1.4]),))]
for _n in (1, 2):
    ROWS += [Row(special.polygamma, (_n, x), argnums=(1,)) for x in (np.array([0.7, 1.9, 3.4]), 1.3)]
for _n in (1, 3):
    ROWS += [Row(special.multigammaln, (x, _n)) for x in (np.array([2.7, 1.9, 3.4]), 2.3)]
for _fn in (special.beta, special.betaln):
    ROWS += [Row(_fn, (_x(3, low=0.5, high=2.0), _x(2, 3, low=0.5, high=2.0)), argnums=(0, 1))]
    ROWS += [Row(_fn, (0.8, 1.4), argnums=(0, 1)), Row(_fn, (np.zeros(0), 1.4), argnums=(0, 1))]
for _fn in (special.gammainc, special.gammaincc, special.gammaincinv, special.gammainccinv):
    ROWS += [Row(_fn, (a, _x(3)), argnums=(1,)) for a in (0.6, 1.0, 2.5)]
for _fn in (special.betainc, special.betaincinv):
    ROWS += [Row(_fn, (a, b, _x(3)), argnums=(2,)) for a, b in ((0.6, 1.5), (1.0, 1.0), (2.5, 3.0))]
for _fn in (special.j0, special.j1, special.i0, special.i1):
    ROWS += _of_one(_fn, 0.7, -1.9, 3.4, 0.0)
for _fn in (special.y0, special.y1, special.k0, special.k1, special.k0e, special.k1e):
    ROWS += _of_one(_fn, 0.7, 1.9, 3.4)
for _fn in (special.i0e, special.i1e):
    ROWS += _of_one(_fn, 0.7, -1.9, 3.4)
for _fn in (special.jv, special.yv, special.iv, special.ive, special.kv, special.kve):
    ROWS += [Row(_fn, (v, _x(3, low=0.5, high=3.0)), argnums=(1,)) for v in (0, 1, 2.5)]
for _fn in (special.yn, special.kn):
    ROWS += [Row(_fn, (v, _x(3, low=0.5, high=3.0)), argnums=(1,)) for v in (0, 2)]
for _fn in (special.xlogy, special.xlog1py, special.rel_entr, special.kl_div):
    ROWS += [Row(_fn, (_x(3), _x(2, 3)), argnums=(0, 1)), Row(_fn, (0.4, 0.6), argnums=(0, 1))]
ROWS += [Row(fn, (np.zeros(2), np.array([0.3, 0.7])), argnums=(1,)) for fn in (special.xlogy, special.xlog1py)]
ROWS += [Row(special.xlogy, (0.0, 0.0), argnums=(1,), expected=(0.0,))]
ROWS += _of_one(special.entr, 0.4, 0.2, 1.5)
ROWS += [Row(special.huber, (1.0, np.array([0.3, -0.6, 1.7, -2.4])), argnums=(0, 1))]
ROWS += [Row(special.pseudo_huber, (_x(4), np.array([0.3, -0.6, 1.7, -2.4])), argnums=(0, 1))]
for _fn in (special.expm1, special.log1p, special.exp2, special.exp10):
    ROWS += _of_one(_fn, 0.4, -0.3, 1.2)
ROWS += _of_one(special.cbrt, 0.4, -0.3, 1.2)
for _fn in (special.boxcox, special.boxcox1p):
    ROWS += [Row(_fn, (_x(3, low=0.3, high=4.0), np.array([0.7, 0.0, -1.2])), argnums=(0, 1))]
for _fn in (special.inv_boxcox, special.inv_boxcox1p):
    ROWS += [Row(_fn, (_x(3), np.array([0.7, 0.01, -0.4])), argnums=(0, 1))]
for _fn in (special.exp1, special.expi, special.spence):
    ROWS += _of_one(_fn, 0.7, 1.9, 3.4)
ROWS += [Row(special.spence, (np.array([1.0, 0.95, 1.08, 1.12]),))]
ROWS += [Row(special.expn, (n, _x(3)), argnums=(1,)) for n in (0, 1, 3)]
for _fn in (special.ellipk, special.ellipe):
    ROWS += [*_of_one(_fn, 0.7, -1.9, 0.2, -0.01), Row(_fn, (np.array([0.09, -0.09, 0.0, 0.11]),))]
ROWS += [
    Row(special.hyp0f1, (1.5, _x(3)), argnums=(1,)),
    Row(special.hyp1f1, (0.7, 1.5, _x(3)), argnums=(2,)),
    Row(special.hyp2f1, (0.7, 1.2, 2.5, _x(3, high=0.6)), argnums=(3,)),
    Row(special.hyperu, (0.7, 1.2, _x(3)), argnums=(2,)),
    Row(special.lambertw, (_x(3),)),
    Row(special.lambertw, (np.array([-0.2, -0.1]), -1)),
]
for _shape in ((4,), (2, 3), (1,)):
    ROWS += [Row(special.logsumexp, (_x(*_shape),))]
    ROWS += [Row(fn, (_x(*_shape),)) for fn in (special.softmax, special.log_softmax)]
for _axis in (0, 1, -1):
    ROWS += [Row(special.logsumexp, (_x(2, 3, 2), _axis))]
    ROWS += [Row(special.logsumexp, (_x(2, 3, 2),), {"axis": _axis, "keepdims": True})]
    ROWS += [Row(fn, (_x(2, 3, 2),), {"axis": _axis}) for fn in (special.softmax, special.log_softmax)]
ROWS += [
    Row(special.logsumexp, (_x(2, 3), (0, 1))),
    Row(special.logsumexp, (_x(2, 3), 1, _x(2, 3)), argnums=(0, 2)),
    Row(special.logsumexp, (_x(2, 3), 0, _x(2, 1)), argnums=(0, 2)),
    Row(special.logsumexp, (_x(3), None, np.array([0.5, 0.0, 1.5])), argnums=(0, 2)),
]
