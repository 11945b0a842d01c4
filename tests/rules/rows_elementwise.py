"""Rows for the rules in `srcgrad.rules.elementwise`."""

from __future__ import annotations

import operator

import numpy as np
from harness import Row

rng = np.random.default_rng(7)


def away_from_zero(*shape: int) -> np.ndarray:
    return rng.uniform(0.3, 1.7, shape) * rng.choice([-1.0, 1.0], shape)


def between(low: float, high: float, *shape: int) -> np.ndarray:
    return rng.uniform(low, high, shape)


REAL_LINE = (-1.3, 1.6)
UNARY = {
    np.positive: REAL_LINE,
    np.negative: REAL_LINE,
    np.square: REAL_LINE,
    np.reciprocal: (0.4, 1.9),
    np.sqrt: (0.4, 1.9),
    np.cbrt: (0.4, 1.9),
    np.exp: REAL_LINE,
    np.exp2: REAL_LINE,
    np.expm1: REAL_LINE,
    np.log: (0.4, 1.9),
    np.log2: (0.4, 1.9),
    np.log10: (0.4, 1.9),
    np.log1p: (-0.4, 1.9),
    np.sin: REAL_LINE,
    np.cos: REAL_LINE,
    np.tan: (-1.0, 1.0),
    np.arcsin: (-0.8, 0.8),
    np.arccos: (-0.8, 0.8),
    np.arctan: (-3.0, 3.0),
    np.sinh: REAL_LINE,
    np.cosh: REAL_LINE,
    np.tanh: REAL_LINE,
    np.arcsinh: (-3.0, 3.0),
    np.arccosh: (1.4, 3.0),
    np.arctanh: (-0.7, 0.7),
    np.deg2rad: (-90.0, 90.0),
    np.radians: (-90.0, 90.0),
    np.rad2deg: REAL_LINE,
    np.degrees: REAL_LINE,
    np.sinc: (-2.2, 2.2),
    np.abs: (0.2, 2.0),
    np.fabs: (0.2, 2.0),
    np.real: REAL_LINE,
    np.imag: REAL_LINE,
    np.conj: REAL_LINE,
    np.angle: (0.3, 2.0),
    np.nan_to_num: REAL_LINE,
    np.modf: (0.2, 0.8),
    np.frexp: (0.55, 0.95),
    operator.pos: REAL_LINE,
    operator.neg: REAL_LINE,
    operator.abs: (0.2, 2.0),
}
HOLOMORPHIC = [
    np.positive,
    np.negative,
    np.square,
    np.reciprocal,
    np.sqrt,
    np.exp,
    np.exp2,
    np.expm1,
    np.log,
    np.log2,
    np.log10,
    np.log1p,
    np.sin,
    np.cos,
    np.tan,
    np.arcsin,
    np.arccos,
    np.arctan,
    np.sinh,
    np.cosh,
    np.tanh,
    np.arcsinh,
    np.arccosh,
    np.arctanh,
]
COMPLEX = [*HOLOMORPHIC, np.abs, np.real, np.imag, np.conj, np.angle, operator.abs, operator.neg]

# function -> the ranges of its two arguments
BINARY = {
    operator.add: (REAL_LINE, REAL_LINE),
    operator.sub: (REAL_LINE, REAL_LINE),
    operator.mul: (REAL_LINE, REAL_LINE),
    operator.truediv: (REAL_LINE, (0.5, 2.0)),
    operator.mod: ((4.2, 4.7), (0.95, 1.0)),
    operator.pow: ((0.4, 2.0), REAL_LINE),
    pow: ((0.4, 2.0), REAL_LINE),
    np.add: (REAL_LINE, REAL_LINE),
    np.subtract: (REAL_LINE, REAL_LINE),
    np.multiply: (REAL_LINE, REAL_LINE),
    np.divide: (REAL_LINE, (0.5, 2.0)),
    np.mod: ((4.2, 4.7), (0.95, 1.0)),
    np.fmod: ((-4.7, -4.2), (0.95, 1.0)),
    divmod: ((4.2, 4.7), (0.95, 1.0)),
    np.divmod: ((-4.7, -4.2), (0.95, 1.0)),
    np.power: ((0.4, 2.0), REAL_LINE),
    np.float_power: ((0.4, 2.0), REAL_LINE),
    np.hypot: (REAL_LINE, (0.3, 2.0)),
    np.arctan2: (REAL_LINE, (0.3, 2.0)),
    np.logaddexp: ((-3.0, 3.0), (-3.0, 3.0)),
    np.logaddexp2: ((-3.0, 3.0), (-3.0, 3.0)),
    np.maximum: ((-1.0, 0.2), (0.5, 1.0)),
    np.minimum: ((-1.0, 0.2), (0.5, 1.0)),
    np.fmax: ((0.5, 1.0), (-1.0, 0.2)),
    np.fmin: ((0.5, 1.0), (-1.0, 0.2)),
}
PAIRS = [((), ()), ((3,), (3,)), ((2, 3), (3,)), ((3, 1), (1, 4)), ((0,), (1,)), ((), (2, 2)), ((1,), (3,))]

ROWS = [Row(fn, (between(*span, *shape),)) for fn, span in UNARY.items() for shape in ((), (4,), (2, 1, 3), (0,))]
ROWS += [Row(fn, (float(between(*span)),), name="number") for fn, span in UNARY.items()]
ROWS += [Row(fn, (between(0.2, 0.8, 3) + 1j * between(0.3, 0.9, 3),), name="complex") for fn in COMPLEX]
ROWS += [
    Row(fn, (between(*p, *a), between(*q, *b)), argnums=(0, 1))
    for fn, (p, q) in BINARY.items()
    for a, b in (PAIRS if fn is not divmod else PAIRS[1:])
]
ROWS += [
    Row(fn, (float(between(*p)), float(between(*q))), argnums=(0, 1), name="numbers") for fn, (p, q) in BINARY.items()
]
ROWS += [
    Row(
        fn, (between(0.5, 1.5, 3) + 1j * between(0.3, 0.9, 3), between(0.5, 1.5, 2, 1) - 0.5j), argnums=(0, 1), name="z"
    )
    for fn in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, np.multiply, np.power)
]
ROWS += [
    Row(operator.mul, (between(0.5, 1.5, 3), between(0.5, 1.5, 3) + 1j), argnums=(0, 1), name="real times complex"),
    Row(operator.truediv, (2.0 + 1j, 1.5), argnums=(0, 1), name="complex by real number"),
    Row(float, (1.5,)),
    Row(np.float64, (1.5,)),
    Row(np.float32, (1.5,), expected=(1.0,)),
    Row(np.float16, (1.5,), expected=(1.0,)),
    Row(np.complex128, (1.5 - 0.5j,), name="complex"),
    Row(np.complex128, (1.5,), name="real"),
    Row(np.complex64, (1.5,), expected=(1.0,)),
    Row(np.abs, (np.array([-0.7, 0.4]),), name="signs"),
    Row(np.fabs, (np.array([-0.7, 0.4]),), name="signs"),
    Row(np.cbrt, (np.array([-0.7, 0.4]),), name="signs"),
    Row(np.reciprocal, (np.array([-0.7, 0.4]),), name="signs"),
    Row(np.sinc, (np.array([0.0, 1e-9, 1e-4, 0.02, 0.0318, 0.0319, 0.05, -0.01]),), name="near 0"),
    Row(np.sinc, (0.0,), name="number 0"),
    *(
        Row(np.sinc, (x,), expected=((np.cos(np.pi * x) - np.sinc(x)) / x,), name="exact")
        for x in (0.025, 0.031, 0.033, 0.2, -0.3)
    ),
    Row(np.angle, (np.array([0.5 + 1j, -1.0 + 2j]),), {"deg": True}),
    Row(np.angle, (np.array([0.5, 1.0]),), {"deg": True}, name="real"),
    Row(np.mod, (np.array([7.3, -7.3]), np.array([2.1, -2.1])), argnums=(0, 1), name="signs"),
    Row(np.fmod, (np.array([7.3, -7.3]), np.array([2.1, 2.1])), argnums=(0, 1), name="signs"),
    Row(np.arctan2, (away_from_zero(5), away_from_zero(5)), argnums=(0, 1), name="quadrants"),
    Row(np.hypot, (away_from_zero(5), away_from_zero(5)), argnums=(0, 1), name="quadrants"),
    Row(np.copysign, (away_from_zero(5), away_from_zero(5))),
    Row(np.copysign, (1.5, -2.0), name="numbers"),
    Row(np.heaviside, (away_from_zero(4), between(0, 1, 4)), argnums=(1,)),
    Row(np.heaviside, (np.array([0.0, 0.0, 1.0]), between(0, 1, 3)), argnums=(1,), name="at 0"),
    Row(np.ldexp, (between(0, 1, 3), np.array([-2, 0, 5]))),
    Row(np.ldexp, (0.5, 3), name="number"),
    Row(np.frexp, (np.array([3.3, -0.2, 70.0]),), name="exponents"),
    Row(np.modf, (np.array([-2.5, 3.3]),), name="signs"),
    Row(np.maximum, (np.array([1.0, 5.0]), np.array([1.0, 2.0])), argnums=(0, 1), expected=((0.5, 1.0), (0.5, 0.0))),
    Row(np.minimum, (np.array([1.0, 5.0]), np.array([1.0, 2.0])), argnums=(0, 1), expected=((0.5, 0.0), (0.5, 1.0))),
    Row(np.fmax, (np.array([np.nan, 5.0]), np.array([1.0, np.nan])), argnums=(0, 1), expected=((0, 1), (1, 0))),
    Row(np.fmin, (np.array([np.nan, 5.0]), np.array([1.0, np.nan])), argnums=(0, 1), expected=((0, 1), (1, 0))),
    Row(np.maximum, (np.array([-0.5, 1.5]), 0.0), name="relu"),
    Row(np.abs, (np.array([0.0, -0.0]),), expected=((0.0, 0.0),)),
    Row(np.abs, (np.array([0j]),), name="complex", expected=((0.0,),)),
    Row(np.sqrt, (np.array([0.0, 4.0]),), expected=((np.inf, 0.25),)),
    Row(np.hypot, (0.0, 0.0), argnums=(0, 1), expected=(0.0, 0.0)),
    Row(np.hypot, (1e200, 1e200), argnums=(0, 1), expected=(0.5**0.5, 0.5**0.5)),
    Row(np.arctan2, (0.0, 0.0), argnums=(0, 1), expected=(0.0, 0.0)),
    Row(np.arctan2, (1e200, 1e200), argnums=(0, 1), expected=(0.5e-200, -0.5e-200)),
    Row(np.arccosh, (1e200,), expected=(1e-200,)),
    Row(np.arcsinh, (1e200,), expected=(1e-200,)),
    Row(np.tanh, (1e3,), expected=(0.0,)),
    Row(np.logaddexp, (1e4, -1e4), argnums=(0, 1), expected=(1.0, 0.0)),
    Row(np.logaddexp, (-np.inf, 0.5), argnums=(0, 1), expected=(0.0, 1.0)),
    Row(np.logaddexp, (-np.inf, -np.inf), argnums=(0, 1), expected=(0.0, 0.0)),
    Row(np.logaddexp2, (-np.inf, -np.inf), argnums=(0, 1), expected=(0.0, 0.0)),
]

# powers: constants, integers, and the places where a factor is infinite or the logarithm undefined
ROWS += [
    Row(fn, (x, n), name="passive exponent")
    for fn in (operator.pow, np.power, np.float_power)
    for x in (away_from_zero(4), np.array(-1.3), -0.7)
    for n in (0, 1, 2, 3, -1, -2, 2.0)
]
ROWS += [
    Row(operator.pow, (np.zeros(3), 2), name="zero"),
    Row(operator.pow, (np.array([0.0, 2.0, -1.0]), np.array([2, 0, 1])), name="integer exponents"),
    Row(operator.pow, (0.0, 1), name="zero"),
    Row(operator.pow, (0.0, 0), name="zero"),
    Row(operator.pow, (0.0, 0.0), argnums=(0,), name="zero"),
    Row(operator.pow, (0.0, 2.5), argnums=(1,), name="zero"),
    Row(np.power, (np.array([0.0, 0.0]), np.array([3.0, 2.0])), argnums=(0, 1), name="zero"),
    Row(operator.pow, (3, between(-1, 1, 3)), argnums=(1,), name="integer base"),
    Row(operator.pow, (2, 0.7), argnums=(1,), name="integer base"),
    Row(operator.pow, (0.0, 0.5), expected=(np.inf,), name="infinite"),
    Row(operator.pow, (1.7, -2.5), argnums=(0, 1), name="negative exponent"),
    Row(operator.pow, (1.7, 0.5), argnums=(0, 1), name="root"),
    Row(operator.pow, (1.7, np.array([-1.5, 0.5, 2.0])), argnums=(0, 1), name="exponents"),
    Row(operator.pow, (1e-120, -2), expected=(-np.inf,), name="infinite"),
    Row(operator.pow, (1e-200, -1.0), expected=(-np.inf,), name="infinite"),
    Row(np.power, (0.0, 0.5), expected=(np.inf,), name="infinite"),
]

# choices
mask = np.array([[True, False, True], [False, False, True]])
ROWS += [
    Row(np.where, (mask, between(0, 1, 2, 3), between(0, 1, 2, 3)), argnums=(1, 2)),
    Row(np.where, (mask, between(0, 1, 3), between(0, 1, 2, 1)), argnums=(1, 2)),
    Row(np.where, (mask, 1.5, between(0, 1)), argnums=(1, 2)),
    Row(np.where, (mask[0], between(0, 1, 2, 3), 0.0), argnums=(1, 2)),
    Row(np.where, (True, 2.0, 3.0), argnums=(1, 2)),
    Row(np.where, (mask[:0], between(0, 1, 0, 3), between(0, 1, 1, 3)), argnums=(1, 2), name="empty"),
    Row(np.where, (mask, between(0, 1, 3) + 1j, between(0, 1, 2, 1)), argnums=(1, 2), name="complex and real"),
]
CLIPPED = np.array([[-2.0, -0.5, 0.4], [1.6, 0.9, 3.0]])
ROWS += [
    Row(np.clip, (CLIPPED, -1.0, 1.2), argnums=(0, 1, 2)),
    Row(np.clip, (CLIPPED, np.array([-1.0, 0.0, 1.0]), np.array([[0.7], [1.2]])), argnums=(0, 1, 2)),
    Row(np.clip, (CLIPPED, -1.0, None), argnums=(0, 1)),
    Row(np.clip, (CLIPPED, None, 1.2), argnums=(0, 2)),
    Row(np.clip, (CLIPPED, 2.0, 1.0), argnums=(0, 1, 2), name="crossed"),
    Row(np.clip, (CLIPPED,), {"min": -1.0, "max": 1.2}),
    Row(np.clip, (CLIPPED,), {"min": 0.0}),
    Row(np.clip, (CLIPPED,), {"max": 0.0}),
    Row(np.clip, (CLIPPED,)),
    Row(np.clip, (1.5, 0.0, 1.0), argnums=(0, 1, 2), name="number"),
    Row(np.clip, (np.empty((0, 2)), 0.0, 1.0), name="empty"),
    Row(np.clip, (np.array([0.0, 1.0]), 0.0, 1.0), expected=((0.5, 0.5),), name="ties"),
    Row(np.clip, (0.0, 0.0, None), argnums=(0, 1), expected=(0.5, 0.5), name="tie"),
    Row(np.clip, (1.0, None, 1.0), argnums=(0, 2), expected=(0.5, 0.5), name="tie"),
    Row(np.clip, (0.0, 0.0, 1.0), argnums=(0, 1, 2), expected=(0.5, 0.5, 0.0), name="tie"),
    Row(np.clip, (1.0, 0.0, 1.0), argnums=(0, 1, 2), expected=(0.5, 0.0, 0.5), name="tie"),
    Row(np.nan_to_num, (np.array([1.0, np.nan, np.inf, -np.inf]),), expected=((1.0, 0.0, 0.0, 0.0),)),
]
