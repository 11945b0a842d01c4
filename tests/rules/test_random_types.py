"""The types that are claimed of random draws, against draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from srcgrad.ir.nodes import Const, Value
from srcgrad.ir.types import FLOAT, INT, Array, NpScalar, Opaque, Type
from srcgrad.rules.result_types import result_type

DRAWS = [
    ("random", (), {}),
    ("random", ((2, 3),), {}),
    ("standard_normal", (), {}),
    ("standard_normal", (4,), {}),
    ("normal", (0.0, 2.0), {}),
    ("normal", (), {"size": (2, 3)}),
    ("uniform", (0.0, 1.0, 5), {}),
    ("exponential", (2.0,), {"size": 3}),
    ("poisson", (2.0, 4), {}),
    ("permutation", (4,), {}),
    ("permutation", (np.ones((3, 2)),), {}),
]


def judge(claim: Type, real: Any) -> None:
    if isinstance(claim, Array):
        assert type(real) is np.ndarray and real.dtype == claim.dtype and claim.shape is not None
        assert len(claim.shape) == real.ndim
        assert all(n == k for n, k in zip(claim.shape, real.shape, strict=True) if isinstance(n, int))
    elif isinstance(claim, NpScalar):
        assert isinstance(real, np.generic) and real.dtype == claim.dtype
    else:
        assert claim in (FLOAT, INT) and type(real) is (float if claim == FLOAT else int)


def tree(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        return Value(Array(x.dtype, x.shape))
    return tuple(map(tree, x)) if isinstance(x, tuple) else Const(x)


def claimed(fn: Any, args: tuple, kwargs: dict, first: tuple = ()) -> Type:
    return result_type(fn, (*first, *map(tree, args)), {name: tree(x) for name, x in kwargs.items()}, "n")


@pytest.mark.parametrize("cls", [np.random.Generator, np.random.RandomState])
@pytest.mark.parametrize(("name", "args", "kwargs"), DRAWS)
def test_methods(cls: type, name: str, args: tuple, kwargs: dict) -> None:
    state = np.random.default_rng(0) if cls is np.random.Generator else np.random.RandomState(0)
    fn = getattr(cls, name)
    judge(claimed(fn, args, kwargs, (Value(Opaque(cls)),)), fn(state, *args, **kwargs))


@pytest.mark.parametrize(("name", "args", "kwargs"), [d for d in DRAWS if d[0] != "permutation"])
def test_functions_of_the_module(name: str, args: tuple, kwargs: dict) -> None:
    fn = getattr(np.random, name)
    judge(claimed(fn, args, kwargs), fn(*args, **kwargs))


def test_lengths_and_integers() -> None:
    judge(claimed(np.random.rand, (2, 3), {}), np.random.rand(2, 3))
    judge(claimed(np.random.randn, (), {}), np.random.randn())
    judge(claimed(np.random.randint, (0, 4), {}), np.random.randint(0, 4))
    rng = np.random.default_rng(0)
    fn = np.random.Generator.integers
    judge(result_type(fn, (Value(Opaque(np.random.Generator)), Const(0), Const(4)), {}, "n"), fn(rng, 0, 4))
