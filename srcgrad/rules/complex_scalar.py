"""Rules of the `cmath` module, and of `complex(...)`: those of `elementwise`."""

from __future__ import annotations

import cmath

import numpy as np

from srcgrad.rules import elementwise
from srcgrad.rules.registry import nondifferentiable, partials, vjp

partials(cmath.exp)(elementwise.exp)
partials(cmath.sqrt)(elementwise.sqrt)
partials(cmath.log10)(elementwise.log10)
partials(cmath.sin)(elementwise.sin)
partials(cmath.cos)(elementwise.cos)
partials(cmath.tan)(elementwise.tan)
partials(cmath.sinh)(elementwise.sinh)
partials(cmath.cosh)(elementwise.cosh)
partials(cmath.tanh)(elementwise.tanh)
partials(cmath.asin)(elementwise.arcsin)
partials(cmath.acos)(elementwise.arccos)
partials(cmath.atan)(elementwise.arctan)
partials(cmath.asinh)(elementwise.arcsinh)
partials(cmath.acosh)(elementwise.arccosh)
partials(cmath.atanh)(elementwise.arctanh)
vjp(cmath.phase)(elementwise.angle)
nondifferentiable(cmath.isfinite, cmath.isinf, cmath.isnan, cmath.isclose)


@vjp(cmath.log)
def log(g, z, x, base=np.e):
    scale = np.log(base + 0j)
    return g / (x * scale), -g * z / (base * scale)


@vjp(cmath.polar)
def polar(g, z, x):
    return g[0] * np.conj(x) / z[0] - 1j * g[1] / x


@vjp(cmath.rect)
def rect(g, z, r, phi):
    return g * cmath.exp(1j * phi), g * 1j * z


@vjp(complex)
def make_complex(g, z, real=0, imag=0):
    return g, 1j * g
