"""Constant factors that meet: not beyond what a precision holds."""

from __future__ import annotations

import numpy as np

import srcgrad


def twice_three_hundred(a):
    return 0.0625 * np.sum(300.0 * (300.0 * (a * a)))


def test_no_factor_overflows_in_half_precision() -> None:
    a = np.array([1.0, 2.0, 4.0], np.float16) / np.float16(512)
    gradient = srcgrad.grad(twice_three_hundred)(a)
    assert gradient.dtype == np.float16
    np.testing.assert_allclose(gradient, 0.0625 * 90000.0 * 2.0 * a.astype(float), rtol=5e-3)


def scaled_and_back(a):
    return np.sum(np.sin(4.0 * np.expand_dims(0.25 * np.sin(a), 0)))


def test_factors_meet_across_views() -> None:
    a = np.array([0.5, -0.3])
    gradient = srcgrad.grad(scaled_and_back)
    np.testing.assert_allclose(gradient(a), np.cos(np.sin(a)) * np.cos(a))
    plain = "".join(line.partition("#")[0] for line in gradient.source_for(a).splitlines())
    assert plain.count("4.0") == plain.count("0.25") == 1
