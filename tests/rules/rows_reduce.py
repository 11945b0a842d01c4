"""Rows for the rules in `srcgrad.rules.reduce`."""

from __future__ import annotations

import math

import numpy as np
from harness import Row

rng = np.random.default_rng(11)


def spaced(*shape: int) -> np.ndarray:
    """Numbers of both signs, none of them near 0 or near another."""
    n = math.prod(shape)
    return rng.permutation(np.where(np.arange(n) % 2, 1.0, -1.0) * np.linspace(0.3, 1.4, n) ** 2).reshape(shape)


def with_nan(*shape: int) -> np.ndarray:
    a = spaced(*shape)
    a.flat[::3] = np.nan
    return a


A = spaced(2, 3, 4)
MASK = rng.random((2, 3, 4)) < 0.6
MASK[..., 0] = True
WIDE = MASK.copy()
WIDE[:, :2] = True
ARGUMENTS = [
    ((A,), {}),
    ((A,), {"keepdims": True}),
    ((A, 0), {}),
    ((A,), {"axis": -1}),
    ((A,), {"axis": 1, "keepdims": True}),
    ((A,), {"axis": (0, 2)}),
    ((A,), {"axis": (-1, 0), "keepdims": True}),
    ((A,), {"axis": (2, 0, 1)}),
    ((spaced(5),), {"axis": 0}),
    ((spaced(3, 1),), {"axis": 0}),
    ((np.array(1.3),), {}),
]
SELECTED = [
    ((A,), {"where": MASK}),
    ((A,), {"axis": -1, "where": MASK}),
    ((A,), {"axis": (1, 2), "where": MASK, "keepdims": True}),
    ((A,), {"axis": 2, "where": MASK[0]}),
]
EMPTY = [((np.empty(0),), {}), ((np.empty((0, 3)),), {"axis": 0}), ((np.empty((0, 3)),), {"axis": 1})]
LENGTH_ONE = [((spaced(3, 1),), {"axis": 1}), ((spaced(1, 3),), {"axis": 0, "keepdims": True})]
NUMBER = [((1.5,), {})]

SPREAD = [np.var, np.std, np.nanvar, np.nanstd]
CHOICE = [np.max, np.min, np.amax, np.amin, np.nanmax, np.nanmin]
TOTAL = [np.sum, np.prod, np.nansum, np.nanprod]
MEAN = [np.mean, np.nanmean]

ROWS = [Row(fn, *case) for fn in TOTAL for case in ARGUMENTS + SELECTED + EMPTY + LENGTH_ONE + NUMBER]
ROWS += [Row(fn, *case) for fn in MEAN for case in ARGUMENTS + SELECTED + EMPTY[2:] + LENGTH_ONE + NUMBER]
ROWS += [Row(fn, *case) for fn in CHOICE for case in ARGUMENTS + EMPTY[2:] + LENGTH_ONE + NUMBER]
ROWS += [Row(fn, args, {**kw, "initial": 0.0}) for fn in (np.max, np.min) for args, kw in SELECTED]
ROWS += [Row(fn, *case) for fn in SPREAD for case in ARGUMENTS[:-1] + SELECTED]
ROWS += [Row(fn, (A,), {"axis": axis, "ddof": 1}) for fn in SPREAD for axis in (None, 1, (0, 2))]
ROWS += [Row(fn, (A,), {"axis": 1, "ddof": 1, "where": WIDE}) for fn in (np.var, np.std)]
ROWS += [Row(np.ptp, *case) for case in ARGUMENTS[:9]]
ROWS += [Row(fn, *case) for fn in (np.median, np.nanmedian) for case in ARGUMENTS + LENGTH_ONE]

# initial values, complex numbers, NaN and zeros among the data
ROWS += [
    Row(np.sum, (A,), {"initial": 2.0}),
    Row(np.sum, (A,), {"axis": 1, "initial": 2.0, "where": MASK}),
    Row(np.prod, (A,), {"axis": 1, "initial": 2.0}),
    Row(np.prod, (A,), {"axis": -1, "initial": -0.5, "where": MASK}),
    Row(np.max, (A,), {"axis": 1, "initial": 0.45}, name="some below"),
    Row(np.min, (A,), {"axis": 1, "initial": -3.0}, name="all above"),
    Row(np.sum, (A,), {"axis": ()}, name="no axis"),
    Row(np.sum, (A + 1j,), {"axis": 1}, name="complex"),
    Row(np.mean, (A + 1j,), {"axis": 1}, name="complex"),
    Row(np.prod, (A + 1j,), {"axis": 1}, name="complex"),
    Row(np.var, (A + 1j * spaced(2, 3, 4),), {"axis": 1}, name="complex"),
    Row(np.std, (A + 1j * spaced(2, 3, 4),), name="complex"),
    Row(np.cumsum, (A + 1j,), {"axis": 1}, name="complex"),
    Row(np.cumprod, (A + 1j,), {"axis": 1}, name="complex"),
]
ROWS += [
    Row(fn, (with_nan(3, 5),), {"axis": axis, "keepdims": keep})
    for fn in (np.nansum, np.nanprod, np.nanmean, np.nanvar, np.nanstd, np.nanmax, np.nanmin, np.nanmedian)
    for axis in (None, 0, -1, (1, 0))
    for keep in (False, True)
]
ZEROS = np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 1.5], [-0.7, 1.2, 0.4], [0.0, 0.0, 0.0]])
ROWS += [Row(np.prod, (ZEROS,), {"axis": axis}, name="zeros") for axis in (None, 0, 1, (1, 0))]
ROWS += [Row(np.cumprod, (ZEROS,), {"axis": axis}, name="zeros") for axis in (None, 0, 1)]
ROWS += [Row(np.nancumprod, (ZEROS,), {"axis": axis}, name="zeros") for axis in (None, 0, 1)]

# ---- cumulative ----

ROWS += [
    Row(fn, *case)
    for fn in (np.cumsum, np.cumprod, np.nancumsum, np.nancumprod)
    for case in [
        ((A,), {}),
        ((A, 0), {}),
        ((A,), {"axis": 1}),
        ((A,), {"axis": -1}),
        ((spaced(9),), {}),
        ((spaced(8),), {"axis": 0}),
        ((spaced(3, 1),), {"axis": 1}),
        ((np.empty(0),), {}),
        ((np.empty((2, 0)),), {"axis": 1}),
        ((np.array(1.5),), {}),
        ((1.5,), {}),
    ]
]
ROWS += [Row(fn, (with_nan(3, 5),), {"axis": ax}) for fn in (np.nancumsum, np.nancumprod) for ax in (None, 0, -1)]

# ---- weighted ----

W = rng.uniform(0.2, 1.0, (2, 3, 4))
ROWS += [
    Row(np.average, (A,)),
    Row(np.average, (A, 1)),
    Row(np.average, (A,), {"axis": (0, -1), "keepdims": True}),
    Row(np.average, (A,), {"axis": 1, "returned": True}),
    Row(np.average, (A, None, W), argnums=(0, 2)),
    Row(np.average, (A, -1, W), argnums=(0, 2)),
    Row(np.average, (A, (0, 2), W), {"keepdims": True}, argnums=(0, 2)),
    Row(np.average, (A, 1, W), {"returned": True}, argnums=(0, 2)),
    Row(np.average, (A, 1, W[0, :, 0]), argnums=(0, 2)),
    Row(np.average, (A, -3, W[:, 0, 0]), {"keepdims": True}, argnums=(0, 2)),
    Row(np.average, (A, 2, W[0, 0]), {"returned": True}, argnums=(0, 2)),
    Row(np.trapezoid, (A,)),
    Row(np.trapezoid, (A,), {"dx": 0.3, "axis": 0}),
    Row(np.trapezoid, (spaced(5), np.sort(spaced(5))), argnums=(0, 1)),
    Row(np.trapezoid, (A, np.sort(spaced(4))), argnums=(0, 1)),
    Row(np.trapezoid, (A, np.sort(spaced(3))), {"axis": 1}, argnums=(0, 1)),
    Row(np.trapezoid, (A, spaced(2, 3, 4)), argnums=(0, 1)),
    Row(np.trapezoid, (A, spaced(2, 3, 4)), {"axis": -2}, argnums=(0, 1)),
    Row(np.trapezoid, (spaced(1),)),
    Row(np.quantile, (A, 0.3)),
    Row(np.quantile, (A, 0.3), {"axis": 1}),
    Row(np.quantile, (A, 0.8), {"axis": (0, -1), "keepdims": True}),
    Row(np.quantile, (A, np.array([0.1, 0.45, 1.0])), {"axis": -1}),
    Row(np.quantile, (A, np.array([[0.1, 0.4], [0.7, 0.0]])), {"axis": (0, 1), "keepdims": True}),
    Row(np.percentile, (A, 30), {"axis": 0}),
    Row(np.percentile, (A, [10, 65.0])),
    Row(np.nanquantile, (with_nan(3, 5), 0.4)),
    Row(np.nanquantile, (with_nan(3, 5), [0.3, 0.8]), {"axis": 1, "keepdims": True}),
    Row(np.nanpercentile, (with_nan(3, 5), 30), {"axis": 0}),
    Row(np.nanpercentile, (with_nan(3, 5), np.array([[30], [70]])), {"axis": (0, 1)}),
    Row(sum, ([1.5, -0.4, 2.0],)),
    Row(sum, ([spaced(3), 1.5, spaced(2, 1)], 2.0), argnums=(0, 1)),
    Row(sum, (A,)),
    Row(sum, (spaced(4), 0.5), argnums=(0, 1)),
]

# ---- methods of ufuncs ----

ROWS += [
    Row(fn, args, kwargs)
    for fn in (np.add.reduce, np.multiply.reduce, np.maximum.reduce, np.minimum.reduce, np.logaddexp.reduce)
    for args, kwargs in [
        ((A,), {}),
        ((A, 1), {"keepdims": True}),
        ((A,), {"axis": -1}),
        ((spaced(6),), {}),
    ]
]
ROWS += [
    Row(fn.accumulate, args)
    for fn in (np.add, np.multiply, np.maximum, np.minimum)
    for args in [(A,), (A, -1), (spaced(7),)]
]
ROWS += [
    Row(fn, args, argnums=(0, 1))
    for fn in (np.add.outer, np.subtract.outer, np.multiply.outer)
    for args in [(spaced(3), spaced(4)), (spaced(2, 1), spaced(3, 2)), (1.5, spaced(2)), (spaced(2, 0), spaced(3))]
]
ROWS += [
    Row(np.add.reduce, (A,), {"axis": 2, "where": MASK, "initial": 1.0}),
    Row(np.multiply.reduce, (A,), {"axis": 2, "where": MASK, "initial": 2.0}),
    Row(np.maximum.reduce, (A,), {"axis": (0, 2), "where": MASK, "initial": -9.0}),
    Row(np.logaddexp.reduce, (np.array([-np.inf, 1.0]),), expected=((0.0, 1.0),)),
    Row(np.logaddexp.reduce, (np.array([-np.inf, -np.inf]),), expected=((0.0, 0.0),)),
]

# ---- norms ----

M = spaced(3, 4)
ORDERS = [None, 1, 2, 3, 2.5, 0.5, -1, np.inf, -np.inf]
MATRIX_ORDERS = [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]
ROWS += [Row(np.linalg.norm, (spaced(5), p)) for p in [*ORDERS, 0]]
ROWS += [Row(np.linalg.norm, (A, p), {"axis": -2}) for p in ORDERS]
ROWS += [Row(np.linalg.norm, (A, p), {"axis": 1, "keepdims": True}) for p in ORDERS]
ROWS += [Row(np.linalg.norm, (M, p)) for p in MATRIX_ORDERS]
ROWS += [Row(np.linalg.norm, (A, p), {"axis": (0, 2)}) for p in MATRIX_ORDERS]
ROWS += [Row(np.linalg.norm, (A, p), {"axis": (-1, 1), "keepdims": True}) for p in MATRIX_ORDERS]
ROWS += [Row(np.linalg.norm, (M + 1j * spaced(3, 4), p), name="complex") for p in MATRIX_ORDERS]
ROWS += [Row(np.linalg.norm, (spaced(5) + 1j * spaced(5), p), name="complex") for p in ORDERS]
ROWS += [Row(np.linalg.vector_norm, (A,), {"ord": p, "axis": (0, 2)}) for p in ORDERS[1:]]
ROWS += [Row(np.linalg.vector_norm, (A,), {"ord": p, "keepdims": True}) for p in ORDERS[1:]]
ROWS += [Row(np.linalg.matrix_norm, (A,), {"ord": p}) for p in MATRIX_ORDERS[1:]]
ROWS += [
    Row(np.linalg.norm, (A,), name="flattened"),
    Row(np.linalg.norm, (A,), {"keepdims": True}),
    Row(np.linalg.norm, (M, 1), {"keepdims": True}),
    Row(np.linalg.norm, (A,), {"axis": (1,)}),
    Row(np.linalg.norm, (np.empty(0),)),
    Row(np.linalg.norm, (np.empty((0, 2)),), {"axis": 1}),
]

# ---- covariances ----


def _observations(*shape: int) -> np.ndarray:
    return np.random.default_rng(29).uniform(-2.0, 2.0, shape)


for _fn in (np.cov, np.corrcoef):
    ROWS += [Row(_fn, (_observations(*shape),)) for shape in ((3, 5), (1, 4), (2, 2))]
    ROWS += [
        Row(_fn, (_observations(5, 3),), {"rowvar": False}),
        Row(_fn, (_observations(5),)),
        Row(_fn, (_observations(5), _observations(2, 5)[1]), argnums=(0, 1)),
        Row(_fn, (_observations(2, 5), _observations(4, 5)[2:]), argnums=(0, 1)),
        Row(_fn, (_observations(5, 2), _observations(10)[5:]), {"rowvar": False}, argnums=(0, 1)),
    ]
ROWS += [Row(np.cov, (_observations(3, 5),), kwargs) for kwargs in ({"bias": True}, {"ddof": 0}, {"ddof": 2})]

# ---- kinks and poles ----

ROWS += [
    Row(np.max, (np.array([1.0, 3.0, 3.0, 3.0]),), expected=((0, 1 / 3, 1 / 3, 1 / 3),)),
    Row(np.min, (np.array([[1.0, 1.0], [0.5, 2.0]]),), {"axis": 1}, expected=(((0.5, 0.5), (1.0, 0.0)),)),
    Row(np.max, (np.array([1.0, 2.0]),), {"initial": 5.0}, expected=((0.0, 0.0),)),
    Row(np.std, (np.full(4, 0.3),), expected=(np.zeros(4),)),
    Row(np.std, (np.array(2.0),), expected=(0.0,)),
    Row(np.var, (np.array(2.0),), expected=(0.0,)),
    Row(np.linalg.norm, (np.zeros(3),), expected=(np.zeros(3),)),
    Row(np.linalg.norm, (np.zeros((2, 3)),), {"axis": 1}, expected=(np.zeros((2, 3)),)),
    Row(np.linalg.norm, (np.zeros((2, 3)),), {"ord": "fro"}, expected=(np.zeros((2, 3)),)),
    Row(np.linalg.norm, (np.zeros(3), 3), expected=(np.zeros(3),)),
    Row(np.linalg.norm, (np.zeros(3), 1), expected=(np.zeros(3),)),
    Row(np.linalg.norm, (np.array([0.0, 2.0]), 3), expected=((0.0, 1.0),)),
    Row(np.linalg.norm, (np.zeros(3) * 1j, 1), expected=(np.zeros(3),)),
    Row(np.linalg.norm, (np.array([0.0, 4.0]), 0.5), expected=((0.0, 1.0),)),
    Row(np.linalg.norm, (np.array([1.0, -1.0, 0.5]), np.inf), expected=((0.5, -0.5, 0.0),)),
    Row(np.linalg.norm, (np.array([1.0, -0.5, 0.5]), -np.inf), expected=((0.0, -0.5, 0.5),)),
    Row(np.linalg.norm, (np.array([[1.0, 2.0], [3.0, 2.0]]), 1), expected=(np.full((2, 2), 0.5),)),
    Row(np.nansum, (np.array([np.nan, 1.0]),), expected=((0.0, 1.0),)),
    Row(np.nanprod, (np.array([np.nan, 2.0]),), expected=((0.0, 1.0),)),
    Row(np.nanmean, (np.array([np.nan, 1.0]),), expected=((0.0, 1.0),)),
    Row(np.nanmax, (np.array([np.nan, 1.0]),), expected=((0.0, 1.0),)),
    Row(np.nanmedian, (np.array([np.nan, 1.0, 3.0]),), expected=((0.0, 0.5, 0.5),)),
    Row(np.nancumsum, (np.array([np.nan, 1.0]),), expected=((0.0, 1.0),)),
    Row(np.nancumprod, (np.array([2.0, np.nan, 1.0]),), expected=((3.0, 0.0, 2.0),)),
    Row(np.prod, (np.array([1e-200, 1e-200, 1e200]),), expected=((1.0, 1.0, 0.0),)),
]
