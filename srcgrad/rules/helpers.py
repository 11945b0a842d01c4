"""Rules of the run-time helpers, so that generated code can be differentiated in turn."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from srcgrad import runtime
from srcgrad.ir.types import UNKNOWN, Type
from srcgrad.rules.operands import Site, Tree, analytic, type_of
from srcgrad.rules.registry import linear, nondifferentiable, partials, vjp


@vjp(runtime.unbroadcast)
def unbroadcast(g, z, c, x):
    return runtime.expanded(g, c)


@vjp(runtime.expanded)
def expanded(g, z, c, x):
    return runtime.unbroadcast(g, c)


@linear(runtime.copied, runtime.protected)
def copied(g, z, x):
    return g


nondifferentiable(runtime.zeros_like, runtime.check_nan)


@analytic(runtime.unbroadcast, runtime.expanded, runtime.shadow_of)
def _type_of_second(site: Site, fn: Any, c: Tree, x: Tree) -> Type:
    found = type_of(x)
    return UNKNOWN if found is None else found


@analytic(runtime.copied, runtime.protected, runtime.zeros_like)
def _same_type(site: Site, fn: Any, x: Tree) -> Type:
    found = type_of(x)
    return UNKNOWN if found is None else found


@partials(runtime.masked_product)
def masked_product(g, partial, z):
    return np.where(np.equal(g, 0), 0.0, partial), g


@analytic(runtime.masked_product)
def _type_of_product(site: Site, fn: Any, g: Tree, partial: Tree) -> Type:
    from srcgrad.rules.result_types import apply

    return apply(site, operator.mul, (g, partial), {})
