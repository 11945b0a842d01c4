"""Result types of random draws: numbers, and arrays of the shape that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

import numpy as np

from srcgrad.ir.nodes import Tree
from srcgrad.ir.types import FLOAT, INT, Array, NpScalar, Opaque, PyScalar, Type
from srcgrad.rules.operands import Site, Unsure, analytic, is_none, length, shape_argument, type_of

_F8, _I8 = np.dtype(np.float64), np.dtype(np.int64)
_DRAWS: dict[str, tuple[tuple[str, ...], np.dtype]] = {
    "random": ((), _F8),
    "random_sample": ((), _F8),
    "standard_normal": ((), _F8),
    "standard_exponential": ((), _F8),
    "exponential": (("scale",), _F8),
    "standard_gamma": (("shape",), _F8),
    "uniform": (("low", "high"), _F8),
    "normal": (("loc", "scale"), _F8),
    "laplace": (("loc", "scale"), _F8),
    "lognormal": (("mean", "sigma"), _F8),
    "gamma": (("shape", "scale"), _F8),
    "beta": (("a", "b"), _F8),
    "poisson": (("lam",), _I8),
    "binomial": (("n", "p"), _I8),
    "integers": (("low", "high"), _I8),
    "randint": (("low", "high"), _I8),
}
"""Draws -> their parameters before `size`, and what they draw."""


@analytic(np.random.default_rng)
def generator(site: Site, fn: Any, seed: Tree = None) -> Type:
    return Opaque(np.random.Generator)


@analytic(np.random.RandomState)
def random_state(site: Site, fn: Any, seed: Tree = None) -> Type:
    return Opaque(np.random.RandomState)


def _draw(names: tuple[str, ...], dtype: np.dtype, of_object: bool) -> Callable[..., Type]:
    """The rule of one draw; that of a method takes the generator first."""
    every = (*(("self",) if of_object else ()), *names, "size")

    def rule(site: Site, fn: Any, *args: Tree, **kwargs: Tree) -> Type:
        given = dict(zip(every, args, strict=False)) | kwargs
        size = given.get("size")
        if not is_none(size):
            return Array(dtype, shape_argument(site, size))
        scalars = all(isinstance(type_of(given[name]), (PyScalar, NpScalar)) for name in names if name in given)
        if not scalars or (dtype != _F8 and names != ("low", "high")):
            raise Unsure
        if dtype == _F8:
            return FLOAT
        return NpScalar(_I8) if getattr(fn, "__name__", "") == "integers" else INT

    parameters = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=None) for name in ("site", "fn", *every)]
    rule.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return rule


@analytic(np.random.rand, np.random.randn)
def of_lengths(site: Site, fn: Any, *lengths: Tree) -> Type:
    return Array(_F8, tuple([length(site, n) for n in lengths])) if lengths else FLOAT


@analytic(np.random.RandomState.rand, np.random.RandomState.randn)
def of_lengths_by_object(site: Site, fn: Any, state: Tree, *lengths: Tree) -> Type:
    return of_lengths(site, fn, *lengths)


@analytic(np.random.Generator.permutation, np.random.RandomState.permutation)
def permutation(site: Site, fn: Any, state: Tree, x: Tree) -> Type:
    t = type_of(x)
    if isinstance(t, PyScalar):
        return Array(_I8, (length(site, x),))
    if isinstance(t, Array):
        return t
    raise Unsure


for _name, (_names, _dtype) in _DRAWS.items():
    for _cls in (np.random.Generator, np.random.RandomState):
        if hasattr(_cls, _name):
            analytic(getattr(_cls, _name))(_draw(_names, _dtype, True))
    if hasattr(np.random, _name):
        analytic(getattr(np.random, _name))(_draw(_names, _dtype, False))
