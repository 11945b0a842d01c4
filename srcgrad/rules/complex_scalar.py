"""Rules of the `cmath` module, and of `complex(...)`: those of `elementwise`, and a few of their own."""

from __future__ import annotations

import cmath

import numpy as np

from srcgrad.rules import elementwise
from srcgrad.rules.registry import jvp, linear_in, nondifferentiable, partials, vjp
from srcgrad.rules.tangents import less, total

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
jvp(cmath.phase)(elementwise.angle_jvp)
nondifferentiable(cmath.isfinite, cmath.isinf, cmath.isnan, cmath.isclose)


@vjp(cmath.log)
def log(g, z, x, base=np.e):
    scale = np.log(base + 0j)
    return g / (x * scale), -g * z / (base * scale)


@jvp(cmath.log)
def log_jvp(x_dot, base_dot, z, x, base=np.e):
    scale = np.log(base + 0j)
    moved = None if base_dot is None else z * base_dot / (base * scale)
    return less(None if x_dot is None else x_dot / (x * scale), moved)


@vjp(cmath.polar)
def polar(g, z, x):
    return g[0] * np.conj(x) / z[0] - 1j * g[1] / x


@jvp(cmath.polar)
def polar_jvp(x_dot, z, x):
    return np.real(np.conj(x) * x_dot) / z[0], np.imag(x_dot / x)


@vjp(cmath.rect)
def rect(g, z, r, phi):
    return g * cmath.exp(1j * phi), g * 1j * z


@jvp(cmath.rect)
def rect_jvp(r_dot, phi_dot, z, r, phi):
    turned = None if r_dot is None else r_dot * cmath.exp(1j * phi)
    return total(turned, None if phi_dot is None else 1j * z * phi_dot)


@vjp(complex)
def make_complex(g, z, real=0, imag=0):
    return g, 1j * g


linear_in("real", "imag")(complex)
