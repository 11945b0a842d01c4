"""Rules of the run-time helpers, so that generated code can be differentiated in turn."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from srcgrad import checks, runtime, schedule
from srcgrad.ir.types import INT, UNKNOWN, Type, number_of
from srcgrad.rules.operands import Site, Tree, analytic, type_of
from srcgrad.rules.registry import jvp, linear, linear_in, nondifferentiable, partials, views, vjp
from srcgrad.rules.tangents import times, total


@vjp(runtime.unbroadcast)
def unbroadcast(g, z, c, x):
    # It sums over some axes and spreads over others; so does its transpose, the other way round.
    return runtime.unbroadcast(g, c), None


@vjp(runtime.expanded)
def expanded(g, z, c, x):
    return runtime.unbroadcast(g, c), None


@vjp(runtime.like)
def like(g, z, c, x):
    return runtime.unbroadcast(g, c), None


@vjp(runtime.real_like)
def real_like(g, z, c, x):
    return runtime.real_like(g, z), None


linear_in("c")(runtime.unbroadcast, runtime.expanded, runtime.like, runtime.real_like)


nondifferentiable(runtime.first_largest, runtime.first_smallest)


@analytic(runtime.first_largest, runtime.first_smallest)
def _whole_number(site: Site, fn: Any, x: Tree) -> Type:
    return INT


views(runtime.viewed_alike)


@linear(runtime.viewed_alike)
def viewed_alike(g, z, z_dot, x_dot, primal_of_z, x):
    return g


@linear(runtime.laid_out_as)
def laid_out_as(g, z, x, like):
    return g


@linear(runtime.copied, runtime.protected)
def copied(g, z, x):
    return g


@jvp(runtime.protected)
def protected_jvp(x_dot, z, x):
    # The tangent of what is written is written too, whether or not the array that came in as a tangent may be.
    return runtime.copied(x_dot)


nondifferentiable(checks.check_apart, reason="it only looks at where arrays stand")
nondifferentiable(runtime.shadow_of, runtime.cotangent_of, reason="which shadow it finds depends on no number")
nondifferentiable(runtime.zeros_like, runtime.check_nan, reason="zeros, whatever its argument holds")


nondifferentiable(runtime.order_of)


@analytic(runtime.unbroadcast, runtime.expanded, runtime.like, runtime.shadow_of, runtime.cotangent_of)
def _type_of_second(site: Site, fn: Any, c: Tree, x: Tree) -> Type:
    found = number_of(type_of(x))
    # Nothing generated asks for the cotangent of an integer; a user may, and gets what there is.
    return UNKNOWN if found is None or not found.differentiable else found


@analytic(runtime.viewed_alike)
def _type_of_first(site: Site, fn: Any, z_dot: Tree, x_dot: Tree, z: Tree, x: Tree) -> Type:
    found = type_of(z_dot)
    return UNKNOWN if found is None else found


@analytic(runtime.real_like, runtime.laid_out_as)
def _type_of_first_of_two(site: Site, fn: Any, c: Tree, x: Tree) -> Type:
    found = type_of(c)
    return UNKNOWN if found is None else found


@analytic(runtime.copied, runtime.protected, runtime.zeros_like, schedule.copied_generator)
def _same_type(site: Site, fn: Any, x: Tree) -> Type:
    found = type_of(x)
    return UNKNOWN if found is None else found


@partials(runtime.masked_product)
def masked_product(g, partial, z):
    return _finite_where_zero(g, partial), g


def _finite_where_zero(g, partial):
    # A cotangent that happens to be 0 still has a slope; only what is not finite there is left out.
    return np.where(np.logical_or(np.isfinite(partial), np.not_equal(g, 0)), partial, 0.0)


@jvp(runtime.masked_product)
def masked_product_jvp(g_dot, partial_dot, z, g, partial):
    through_partial = None if partial_dot is None else runtime.masked_product(g, partial_dot)
    return total(times(g_dot, _finite_where_zero(g, partial)), through_partial)


@partials(runtime.plain_sum)
def plain_sum(p, q, z):
    return 1, 1


@analytic(runtime.plain_sum)
def _type_of_sum(site: Site, fn: Any, p: Tree, q: Tree) -> Type:
    from srcgrad.rules.result_types import apply

    return apply(site, operator.add, (p, q), {})


@analytic(runtime.masked_product)
def _type_of_product(site: Site, fn: Any, g: Tree, partial: Tree) -> Type:
    from srcgrad.rules.result_types import apply

    return apply(site, operator.mul, (g, partial), {})
