"""How programs and their arguments are made."""

from __future__ import annotations

import numpy as np

from benchmarks import peers
from benchmarks.problem import Problem, Size


def normal(*shape, seed=0):
    """Normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape)


def positive(n):
    """A symmetric matrix with eigenvalues from 1 on."""
    a = normal(n, n)
    return a @ a.T / n + np.eye(n)


def by_loop(name, fun, make, large, small, tiny, peer, argnums=0, best=None):
    """A program by loops: a size for compiled code, one for plain Python."""
    sizes = (
        Size(f"n = {large}", lambda: make(large)),
        Size(f"n = {small}", lambda: make(small), plain=("loop",), jit=False),
    )
    title = name.replace("_", " ")
    best = {} if best is None else {"no tape": best}
    return Problem(name, title, {"loop": fun}, sizes, lambda: make(tiny), argnums, best=best, peers={"jax": peer})


def by_arrays(name, fun, label, make, tiny, argnums=0, by_hand=None):
    """A program with arrays, which JAX takes as it is."""
    sizes, title = (Size(label, make, plain=("array",)),), name.replace("_", " ")
    peer = {"jax": peers.array_form_by_jax(fun, argnums)}
    return Problem(name, title, {"array": fun}, sizes, tiny, argnums, numpy_adjoint=by_hand, peers=peer)
