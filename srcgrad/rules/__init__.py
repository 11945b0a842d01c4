"""Derivative rules, by mathematical family."""

from srcgrad.rules import complex_scalar, elementwise, fft, helpers, index, linalg, polynomial, reduce, scalar, shape
from srcgrad.rules.registry import accumulate, jvp, linear, nondifferentiable, partials, views, vjp

__all__ = [
    "accumulate",
    "complex_scalar",
    "elementwise",
    "fft",
    "helpers",
    "index",
    "jvp",
    "linalg",
    "linear",
    "nondifferentiable",
    "partials",
    "polynomial",
    "reduce",
    "scalar",
    "shape",
    "views",
    "vjp",
]
