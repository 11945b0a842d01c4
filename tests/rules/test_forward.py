"""Forward rules where the tangent of what was not chosen is infinite or NaN, and rules that refuse complex numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from harness import Row, check_forwards, leaves, map_leaves, random_like, seed_like

from srcgrad import runtime
from srcgrad.rules.registry import JVP, LINEAR, VJP

INF, NAN = np.inf, np.nan


def _x(*items: float) -> np.ndarray:
    return np.array(items)


# function, arguments, keywords, tangents of the first arguments, tangent of the result
UNSELECTED = [
    (np.maximum, (_x(0.0, 1.0), 0.5), {}, (_x(INF, 2.0), None), _x(0.0, 2.0)),
    (np.maximum, (_x(0.0, 1.0), 0.5), {}, (_x(NAN, 2.0), 3.0), _x(3.0, 2.0)),
    (np.minimum, (_x(0.0, 1.0), _x(0.0, 0.5)), {}, (_x(1.0, INF), _x(3.0, 2.0)), _x(2.0, 2.0)),
    (np.fmax, (_x(NAN, 1.0), _x(0.5, NAN)), {}, (_x(NAN, 2.0), _x(3.0, NAN)), _x(3.0, 2.0)),
    (np.fmin, (_x(NAN, 1.0), 0.5), {}, (_x(NAN, INF), 3.0), _x(3.0, 3.0)),
    (np.clip, (_x(0.0, 1.0, 9.0), 0.5, 2.0), {}, (_x(INF, 2.0, NAN), None, None), _x(0.0, 2.0, 0.0)),
    (np.clip, (_x(0.0, 1.0, 9.0), 0.5, 2.0), {}, (_x(INF, 2.0, NAN), 3.0, 4.0), _x(3.0, 2.0, 4.0)),
    (np.clip, (_x(0.0, 1.0), 0.5, None), {}, (_x(INF, 2.0), None, None), _x(0.0, 2.0)),
    (np.clip, (_x(1.0, 3.0), None, 2.0), {}, (_x(2.0, -INF), None, None), _x(2.0, 0.0)),
    (np.nan_to_num, (_x(NAN, 1.0, INF),), {}, (_x(NAN, 2.0, INF),), _x(0.0, 2.0, 0.0)),
    (np.max, (_x(0.0, 1.0),), {}, (_x(INF, 2.0),), 2.0),
    (np.min, (_x(0.0, 1.0),), {}, (_x(2.0, NAN),), 2.0),
    (np.max, (_x(0.0, 1.0),), {"initial": 5.0}, (_x(INF, 2.0),), 0.0),
    (np.max, (np.eye(2),), {"axis": 1, "keepdims": True}, (np.array([[1.0, INF], [NAN, 2.0]]),), [[1.0], [2.0]]),
    (np.maximum.reduce, (_x(0.0, 1.0),), {}, (_x(INF, 2.0),), 2.0),
    (np.ptp, (_x(0.0, 0.5, 1.0),), {}, (_x(1.0, INF, 3.0),), 2.0),
    (np.nanmax, (_x(NAN, 1.0),), {}, (_x(NAN, 2.0),), 2.0),
    (np.nansum, (_x(NAN, 1.0),), {}, (_x(NAN, 2.0),), 2.0),
    (np.nanmean, (_x(NAN, 1.0),), {}, (_x(NAN, 2.0),), 2.0),
    (np.nanprod, (_x(NAN, 3.0),), {}, (_x(NAN, 2.0),), 2.0),
    (np.nancumsum, (_x(NAN, 3.0),), {}, (_x(NAN, 2.0),), _x(0.0, 2.0)),
    (np.nancumprod, (_x(NAN, 3.0),), {}, (_x(NAN, 2.0),), _x(0.0, 2.0)),
    (np.nanvar, (_x(NAN, 1.0, 3.0),), {}, (_x(NAN, 2.0, 3.0),), 1.0),
    (np.nanstd, (_x(NAN, 1.0, 3.0),), {}, (_x(NAN, 2.0, 3.0),), 0.5),
    (np.nanmedian, (_x(NAN, 1.0, 3.0),), {}, (_x(NAN, 2.0, 3.0),), 2.5),
    (np.median, (_x(0.0, 1.0, 3.0),), {}, (_x(INF, 2.0, NAN),), 2.0),
    (np.quantile, (_x(0.0, 1.0, 3.0), 0.75), {}, (_x(INF, 2.0, 4.0),), 3.0),
    (np.sum, (_x(0.0, 1.0),), {"where": _x(0, 1) > 0}, (_x(INF, 2.0),), 2.0),
    (np.var, (_x(9.0, 1.0, 3.0),), {"where": _x(0, 1, 1) > 0}, (_x(NAN, 2.0, 3.0),), 1.0),
    (np.prod, (_x(9.0, 5.0),), {"where": _x(0, 1) > 0}, (_x(NAN, 2.0),), 2.0),
    (np.unique, (_x(2.0, 1.0, 2.0),), {}, (_x(1.0, 3.0, INF),), _x(3.0, 1.0)),
    (runtime.masked_product, (_x(0.0, 2.0), _x(INF, 3.0)), {}, (_x(0.0, 5.0), _x(NAN, 7.0)), _x(0.0, 29.0)),
]
"""What was not selected, a NaN left out among it, may have any tangent."""


@pytest.mark.parametrize("fn, args, kwargs, dots, expected", UNSELECTED, ids=lambda x: getattr(x, "__name__", ""))
def test_unselected_tangents_do_not_matter(fn: Callable, args: tuple, kwargs: dict, dots: tuple, expected: Any) -> None:
    with np.errstate(all="ignore"):
        found = JVP[fn].body(*dots, fn(*args, **kwargs), *args, **kwargs)
    np.testing.assert_allclose(found, expected, rtol=1e-14)


TIED = _x(2.0, 1.0, 2.0, 1.0, 2.0)
TABLE = np.array([[1.0, 2.0, 2.0], [2.0, 2.0, 0.0], [1.0, 1.0, 1.0]])
SINGULAR = [[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [0.0, 0.0, 3.0]]
ONCE_AGAIN = np.diag([2.0, 2.0, 1.0])
KNOTS = _x(0.0, 1.0, 1.0, 3.0)
SPECIAL = [
    *(Row(fn, (TIED,)) for fn in (np.sort, np.unique, np.median, np.ptp, np.max, np.min, np.nanmax, np.maximum.reduce)),
    *(Row(fn, (TABLE,), {"axis": axis}) for fn in (np.sort, np.median, np.ptp, np.max, np.nanmin) for axis in (0, 1)),
    *(Row(np.partition, (TABLE, 1), {"axis": axis}) for axis in (0, 1)),
    Row(np.partition, (TIED, 3, None)),
    Row(np.sort, (TABLE, None)),
    Row(np.max, (TABLE,), {"axis": 1, "where": TABLE < 2.0, "initial": 1.0}),
    *(Row(np.quantile, (TIED, q)) for q in (0.0, 0.4, _x(0.1, 1.0))),
    Row(np.quantile, (TABLE, _x(0.3, 0.5)), {"axis": 0}),
    *(Row(fn, (TABLE, 2.0), argnums=(0, 1)) for fn in (np.maximum, np.minimum, np.fmax, np.fmin)),
    *(Row(fn, (_x(NAN, 1.0), _x(NAN, NAN)), argnums=(0, 1)) for fn in (np.fmax, np.fmin)),
    Row(np.clip, (TABLE, 1.0, 2.0), argnums=(0, 1, 2)),
    Row(np.clip, (TABLE, 2.0, 2.0), argnums=(0, 1, 2)),
    Row(np.clip, (TABLE, 2.0, 1.0), argnums=(0, 1, 2)),
    Row(np.interp, (_x(-1.0, 0.0, 1.0, 2.0, 3.0, 4.0), KNOTS, _x(1.0, 4.0, 2.0, 0.5)), argnums=(0, 1, 2)),
    *(Row(np.interp, (KNOTS, KNOTS, KNOTS, 9.0, 8.0), argnums=argnums) for argnums in ((0, 1, 2, 3, 4), (3,), (2, 4))),
    *(Row(fn, (TABLE * (TABLE > 1),), {"axis": axis}) for fn in (np.prod, np.cumprod, np.nanprod) for axis in (0, 1)),
    *(Row(np.linalg.norm, (np.zeros((2, 3)), order)) for order in (None, "fro", 1, np.inf, 2, "nuc")),
    *(Row(np.linalg.norm, (_x(1.0, -1.0, 0.0), order)) for order in (np.inf, -np.inf, 1, 3, 0)),
    *(Row(fn, (np.full(4, 0.3),), {"ddof": 1}) for fn in (np.std, np.var, np.nanstd)),
    *(Row(fn, (np.array(SINGULAR),)) for fn in (np.linalg.det, np.linalg.pinv, np.linalg.slogdet)),
    Row(np.linalg.det, (np.zeros((3, 3)),)),
    *(Row(fn, (ONCE_AGAIN,)) for fn in (np.linalg.eigh, np.linalg.svd, np.linalg.svdvals, np.linalg.eigvalsh)),
    Row(np.linalg.lstsq, (np.array(SINGULAR), _x(1.0, 2.0, 0.5)), argnums=(0, 1)),
    Row(np.linalg.lstsq, (np.array(SINGULAR)[:2], TABLE[:2]), argnums=(0, 1)),
    Row(np.hypot, (0.0, 0.0), argnums=(0, 1)),
    Row(np.angle, (1.0 - 2.0j,), {"deg": True}),
]
"""Kinks, ties, zeros and matrices without full rank, where both halves have to make the same choice."""


@pytest.mark.parametrize("row", SPECIAL, ids=lambda row: row.id)
def test_both_halves_choose_alike(row: Row) -> None:
    rng = np.random.default_rng(5)
    with np.errstate(all="ignore"):
        z = row.fn(*row.args, **row.kwargs)
        directions = {k: map_leaves(lambda x: random_like(rng, x), row.args[k]) for k in row.argnums}
        check_forwards(row, seed_like(rng, z), z, directions)


def test_the_tangent_of_what_is_protected_can_be_written() -> None:
    x_dot = np.broadcast_to(1.0, (2, 3))
    copy = JVP[runtime.protected].body(x_dot, np.ones((2, 3)), np.ones((2, 3)))
    copy += 1.0
    np.testing.assert_array_equal(copy, np.full((2, 3), 2.0))


@pytest.mark.parametrize("order", ["A", "K", "C", "F"])
def test_flattening_follows_the_layout_of_the_primal(order: str) -> None:
    x, x_dot = np.asfortranarray([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 2.0], [3.0, 4.0]])
    z = x.flatten(order)
    np.testing.assert_array_equal(JVP[np.ndarray.flatten].body(x_dot, z, x, order), z)


def test_a_variadic_parameter_takes_all_from_its_place_on() -> None:
    rule = VJP[np.gradient]
    assert [rule.parameter(k) for k in range(4)] == ["f", "varargs", "varargs", "varargs"]
    assert [VJP[np.atleast_1d].parameter(k) for k in range(2)] == ["arys", "arys"]
    assert LINEAR[np.atleast_1d].arguments == ("arys",)
    assert [VJP[np.where].parameter(k) for k in range(4)] == ["condition", "x", "y", None]


Z = np.array([[1.0 + 1j, 2.0, -1j], [0.5, 1j, 3.0]])


@pytest.mark.parametrize(
    "fn, args", [(np.cov, (Z,)), (np.corrcoef, (Z,)), (np.polyfit, (Z[0], Z[1], 1))], ids=lambda x: str(x)[:20]
)
def test_what_is_not_holomorphic_is_refused(fn: Callable, args: tuple) -> None:
    z = fn(*args)
    with pytest.raises(NotImplementedError):
        VJP[fn].body(np.ones_like(z), z, *args)
    with pytest.raises(NotImplementedError):
        dots = (np.ones_like(args[0]), *[None for _ in JVP[fn].tangents[1:]])
        JVP[fn].body(*dots, z, *args)


@pytest.mark.parametrize(
    "fn, args",
    [
        (np.polymul, (_x(0.0, 2.0), _x(1.0, 3.0))),
        (np.roots, (_x(0.0, 1.0, -3.0, 2.0),)),
        (np.polydiv, (np.polymul([1.0, 2.0, 4.0], [1.0, 3.0, 1.0]), _x(1.0, 3.0, 1.0))),
        (np.polydiv, (_x(0.0, 2.0), _x(1.0, 3.0, 1.0))),
        (np.poly, (_x(0.0, 2.0) * np.eye(2),)),
        (np.linalg.eigvals, (np.diag([1.0, 1.0, 2.0])[[2, 0, 1]][:, [2, 0, 1]],)),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_jumps_are_refused(fn: Callable, args: tuple) -> None:
    """Where coefficients that are 0 are cut off, or what belongs together can't be told, there is no derivative."""
    z = fn(*args)
    if fn is np.linalg.eigvals:
        z = z[::-1] + _x(0.0, 0.0, 1e-3)
    with pytest.raises(NotImplementedError):
        VJP[fn].body(map_leaves(np.ones_like, z), z, *args)
    with pytest.raises(NotImplementedError):
        dots = (np.ones_like(args[0]), *[None for _ in JVP[fn].tangents[1:]])
        JVP[fn].body(*dots, z, *args)


def test_repeated_eigenvalues_have_a_trace() -> None:
    for a in (np.eye(3), np.diag([2.0, 1.0, 2.0])):
        z = np.linalg.eigvals(a)
        np.testing.assert_allclose(VJP[np.linalg.eigvals].body(np.ones(3), z, a), np.eye(3))


def test_eigenvalues_are_matched_in_any_order() -> None:
    a = np.array([[1.0, 0.2, 0.1], [0.4, 3.0, 0.3], [0.2, 0.1, 6.0]])
    z = np.linalg.eigvals(a)
    order = np.array([2, 0, 1])
    g = _x(1.0, 2.0, 4.0)
    found = VJP[np.linalg.eigvals].body(g[order], z[order], a)
    np.testing.assert_allclose(found, VJP[np.linalg.eigvals].body(g, z, a), rtol=1e-12)
    a_dot = np.arange(9.0).reshape(3, 3)
    turned = JVP[np.linalg.eigvals].body(a_dot, z[order], a)
    np.testing.assert_allclose(turned, JVP[np.linalg.eigvals].body(a_dot, z, a)[order], rtol=1e-12)


def test_a_grid_step_is_differentiated_without_a_start() -> None:
    z = np.arange(2.0, step=0.5)
    assert VJP[np.arange].body(np.ones(4), z, 2.0, step=0.5)[2].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert JVP[np.arange].body(None, 2.0, z, 2.0, step=0.5).tolist() == [0.0, 2.0, 4.0, 6.0]


def test_the_sign_of_a_complex_determinant_has_a_tangent() -> None:
    a = np.array([[1.0 + 1j, 0.3], [0.2j, 2.0 - 0.5j]])
    a_dot = np.array([[0.4, 0.1j], [0.7, -0.3 + 0.2j]])
    found = JVP[np.linalg.slogdet].body(a_dot, np.linalg.slogdet(a), a)
    after, before = (np.linalg.slogdet(a + h * a_dot) for h in (1e-6, -1e-6))
    for dot, p, q in zip(leaves(found), after, before, strict=True):
        np.testing.assert_allclose(dot, (p - q) / 2e-6, rtol=1e-8)
