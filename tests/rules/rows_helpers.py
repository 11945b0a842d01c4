"""Rows for the run-time helpers that generated code calls, and for built-ins that share a rule with an operator."""

from __future__ import annotations

import numpy as np
from harness import Row

from srcgrad import runtime
from srcgrad.rules.custom import fitting

X = np.array([[0.5, -1.5, 2.0], [1.0, 0.25, -0.75]])

ROWS = [
    Row(abs, (-1.25,)),
    Row(abs, (X,)),
    Row(runtime.unbroadcast, (X, np.ones(3)), name="drops an axis"),
    Row(runtime.unbroadcast, (X, np.ones((2, 1))), name="keeps an axis of length 1"),
    Row(runtime.unbroadcast, (X, 2.0), name="to a number"),
    Row(runtime.unbroadcast, (X, X), name="nothing to sum"),
    Row(runtime.expanded, (np.array([1.0, -2.0, 0.5]), X), name="to rows"),
    Row(runtime.expanded, (1.5, X), name="a number"),
    Row(runtime.expanded, (X, X), name="nothing to expand"),
    Row(runtime.like, (X, X), name="as it is"),
    Row(runtime.like, (1.5, X), name="a number for each element"),
    Row(runtime.viewed_alike, (np.array([0.5, -1.0]), np.array([[0.5], [-1.0]]), np.ones(2), np.ones((2, 1)))),
    Row(runtime.real_like, (X, np.ones(3))),
    Row(runtime.real_like, (X * (1.0 + 0.5j), np.ones(3) * 1j)),
    Row(fitting, (X, X, "fun")),
    Row(fitting, (X, np.ones(3), "fun"), name="to be summed"),
    Row(runtime.copied, (X,)),
    Row(runtime.diagonal_view, (X,)),
    Row(runtime.diagonal_view, (X, 1)),
    Row(runtime.diagonal_view, (X[None] * np.ones((2, 1, 1)), -1, 2, 1)),
    Row(runtime.laid_out_as, (X, np.asfortranarray(X))),
    Row(runtime.laid_out_as, (X, X[:, ::-1])),
    Row(runtime.plain_sum, (X, 2.0), argnums=(0, 1)),
    Row(runtime.protected, (X,)),
    Row(runtime.masked_product, (X, X + 3.0), argnums=(0, 1)),
]
