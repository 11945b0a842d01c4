"""Derivative rules, by mathematical family."""

from srcgrad.rules import elementwise, helpers, index, linalg, reduce, scalar, shape
from srcgrad.rules.registry import accumulate, jvp, linear, nondifferentiable, partials, views, vjp

__all__ = [
    "accumulate",
    "elementwise",
    "helpers",
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
