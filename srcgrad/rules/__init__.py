"""Derivative rules, by mathematical family."""

from srcgrad.rules import (
    elementwise,
    factorisations,
    fft,
    helpers,
    index,
    linalg,
    polynomial,
    reduce,
    scalar,
    shape,
    statistics,
)
from srcgrad.rules.registry import (
    accumulate,
    jvp,
    linear,
    linear_in,
    linear_in_each,
    nondifferentiable,
    partials,
    views,
    vjp,
)

__all__ = [
    "accumulate",
    "elementwise",
    "factorisations",
    "fft",
    "helpers",
    "index",
    "jvp",
    "linalg",
    "linear",
    "linear_in",
    "linear_in_each",
    "nondifferentiable",
    "partials",
    "polynomial",
    "reduce",
    "scalar",
    "shape",
    "statistics",
    "views",
    "vjp",
]
