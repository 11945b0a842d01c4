"""`np.gradient` at coordinates: what NumPy gives, for all shapes, and the errors that it raises."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import srcgrad


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
@pytest.mark.parametrize("shape", [(2,), (5,), (3, 4), (3, 3, 4)])
def test_gives_what_numpy_gives(shape: tuple[int, ...], dtype: type) -> None:
    rng = np.random.default_rng(0)
    f = (5.0 * rng.normal(size=shape)).astype(dtype)
    coordinates = [np.cumsum(rng.uniform(0.3, 2.0, n)) for n in shape]
    orders = (1, 2) if min(shape) > 2 else (1,)
    for order, axis in itertools.product(orders, (None, -1, 0)):
        given = coordinates if axis is None else [coordinates[axis]]

        def slopes(s: float, given: list = given, axis: Any = axis, order: int = order) -> Any:
            return np.gradient(f, *[c * s for c in given], axis=axis, edge_order=order)

        value, expected = srcgrad.vjp(slopes, 1.0)[0], slopes(1.0)
        assert type(value) is type(expected)
        for got, want in zip(np.atleast_1d(value), np.atleast_1d(expected), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-5 if dtype is np.float32 else 1e-12, atol=1e-12)
            assert got.dtype == want.dtype


@pytest.mark.parametrize(
    ("coordinates", "order"), [(np.arange(3.0), 1), (np.arange(4.0), 3), (np.array([[0.0, 1.0, 2.0, 3.0]]), 1)]
)
def test_raises_what_numpy_raises(coordinates: np.ndarray, order: int) -> None:
    def slopes(x: Any) -> Any:
        return np.sum(np.gradient(x, coordinates, edge_order=order))

    with pytest.raises(ValueError):
        slopes(np.ones(4))
    with pytest.raises((ValueError, srcgrad.errors.SrcgradError)):
        srcgrad.grad(slopes)(np.ones(4))
