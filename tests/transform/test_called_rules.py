"""Rules that read what may change: they are called at run time, and what they read counts when they run."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcgrad import grad, jacfwd, jvp, rules

SLOPES = {"first": 2.0, "second": 5.0}


def two_slopes(a: Any, b: Any) -> Any:
    return a * 2.0 + b * 5.0


@rules.partials(two_slopes)
def _slopes(a: Any, b: Any, z: Any) -> tuple[Any, Any]:
    return SLOPES["first"], SLOPES["second"]


def one_slope(a: Any) -> Any:
    return a * 3.0


@rules.jvp(one_slope)
def _push(a_dot: Any, z: Any, a: Any) -> Any:
    return a_dot * SLOPES["first"]


def of_both(x: Any) -> Any:
    return two_slopes(x[0], x[1] * x[1]) + two_slopes(x[1], 1.0)


def of_one(x: Any) -> Any:
    return one_slope(x * x)


def test_partials_that_read_globals() -> None:
    x = np.array([0.5, 0.75])
    of = grad(of_both)
    for first, second in ((2.0, 5.0), (7.0, -1.0)):
        SLOPES.update(first=first, second=second)
        expected = np.array([first, second * 2.0 * x[1] + first])
        np.testing.assert_allclose(of(x), expected, rtol=1e-14)
        np.testing.assert_allclose(jvp(of_both, (x,), (x,))[1], expected @ x, rtol=1e-14)


def test_tangents_that_read_globals() -> None:
    x = np.array([0.5, 0.75])
    of = jacfwd(of_one)
    for slope in (2.0, 7.0):
        SLOPES.update(first=slope)
        np.testing.assert_allclose(jvp(of_one, (x,), (x,))[1], slope * 2.0 * x * x, rtol=1e-14)
        np.testing.assert_allclose(of(x), np.diag(slope * 2.0 * x), rtol=1e-14)
