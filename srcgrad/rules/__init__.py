"""Derivative rules, by mathematical family."""

from srcgrad.rules import elementwise, index, linalg, reduce, scalar, shape
from srcgrad.rules.registry import accumulate, jvp, linear, nondifferentiable, partials, views, vjp

__all__ = [
    "accumulate",
    "elementwise",
    "index",
    "jvp",
    "linalg",
    "linear",
    "nondifferentiable",
    "partials",
    "reduce",
    "scalar",
    "shape",
    "views",
    "vjp",
]
